//! What the model reads of a search.

use std::fmt::Write as _;

use protocol::AbsPath;
use workspace::{GrepFile, GrepLine, GrepQuery, GrepResult, GrepShow};

use crate::folder::{files, guarded, leads_out, more_files};

/// The most bytes that a list takes up; the rest counts as left out.
const MOST_BYTES: usize = 50 * 1024;

/// The list, and what is not in it.
pub(super) fn report(result: &GrepResult, query: &GrepQuery, root: &AbsPath) -> String {
    let mut text = String::new();
    match query.show {
        GrepShow::Lines { before, after } => {
            let cut = lines(&mut text, &result.lines, before + after > 0, root);
            let more = result.left_out.matches + cut;
            if more > 0 {
                let lines = if more == 1 { "line is" } else { "lines are" };
                let _ =
                    writeln!(text, "({more} more matching {lines} left out; narrow the search)");
            }
        }
        GrepShow::Files | GrepShow::Counts => {
            let with_counts = query.show == GrepShow::Counts;
            let cut = paths(&mut text, &result.files, with_counts, root);
            let more = result.left_out.files + cut;
            if more > 0 {
                let more = more_files(more);
                let _ = writeln!(text, "({more} with matches left out; narrow the search)");
            }
        }
    }
    if result.lines.is_empty() && result.files.is_empty() {
        text.insert_str(0, &format!("No matches in {}.\n", files(result.files_searched as u64)));
        let globs = query.globs.iter().flat_map(|globs| globs.split_whitespace());
        text.extend(leads_out(globs, &query.root));
    }
    if result.left_out.unreadable > 0 {
        let _ = writeln!(text, "({} could not be read)", files(result.left_out.unreadable));
    }
    text.extend(guarded(result.left_out.guarded));
    text
}

/// Writes lines down; `--` parts those that do not follow each other, if there is context. How
/// many hits found no room.
fn lines(text: &mut String, lines: &[GrepLine], with_context: bool, root: &AbsPath) -> u64 {
    let mut last: Option<&GrepLine> = None;
    for (at, line) in lines.iter().enumerate() {
        let follows = last.is_some_and(|it| it.path == line.path && it.line + 1 == line.line);
        let gap = if with_context && last.is_some() && !follows { "--\n" } else { "" };
        let mark = if line.is_match { ':' } else { '-' };
        let path = line.path.relative_to(root);
        let line_text = &line.text;
        let written = format!("{gap}{path}{mark}{}{mark} {line_text}\n", line.line);
        if text.len() + written.len() > MOST_BYTES {
            return lines[at..].iter().filter(|line| line.is_match).count() as u64;
        }
        text.push_str(&written);
        last = Some(line);
    }
    0
}

/// Writes paths down; how many found no room.
fn paths(text: &mut String, found: &[GrepFile], with_counts: bool, root: &AbsPath) -> u64 {
    for (at, file) in found.iter().enumerate() {
        let path = file.path.relative_to(root);
        let written =
            if with_counts { format!("{path}: {}\n", file.matches) } else { format!("{path}\n") };
        if text.len() + written.len() > MOST_BYTES {
            return (found.len() - at) as u64;
        }
        text.push_str(&written);
    }
    0
}
