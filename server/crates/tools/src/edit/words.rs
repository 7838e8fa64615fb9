//! What the model is told of its edits: where they went and how they were made to fit, or why
//! they have no place and what to do now.

use std::fmt::Write as _;

use changes::{Placement, Refusal, Refused, Substitution, Tolerance};
use engine::ToolError;
use protocol::ErrorCode;

use super::nearest;

/// The most places that are quoted.
const MOST_PLACES: usize = 5;
/// The most lines that are named.
const MOST_LINES: usize = 20;

/// The error for a call of which one edit has no place.
pub(super) fn refused(
    refused: &Refused,
    wanted: &[Substitution],
    text: &str,
    shown: &str,
) -> ToolError {
    let Some(edit) = wanted.get(refused.index) else {
        return ToolError::new(ErrorCode::Internal, refused.to_string());
    };
    let (code, message) = match &refused.why {
        Refusal::Empty => (
            ErrorCode::BadToolArguments,
            "`old_text` is empty: give the text to replace".to_owned(),
        ),
        Refusal::NothingChanges => (
            ErrorCode::BadToolArguments,
            "`old_text` and `new_text` are the same: nothing would change".to_owned(),
        ),
        Refusal::NotFound => (
            ErrorCode::EditNotFound,
            format!("`old_text` is not in `{shown}`. {}", nearest::report(text, &edit.old)),
        ),
        Refusal::CutsWord(line) => (
            ErrorCode::EditNotFound,
            format!(
                "`old_text` stands in `{shown}` at line {line}, but it begins or ends in the \
                 middle of a word there, and the edit would change that word. If you mean a part \
                 of the word, quote the whole word:\n{}",
                nearest::at(text, *line, edit.old.lines().count())
            ),
        ),
        Refusal::Ambiguous(lines) => {
            (ErrorCode::EditAmbiguous, ambiguous(lines, edit, text, shown))
        }
        Refusal::Contradicts { line, stands } => (
            ErrorCode::EditContradicts,
            format!(
                "line {line} of `{shown}` is other than you quote it: somebody has changed it, \
                 and the edit would undo that. It reads now:\n{}Read the lines around it again, \
                 and quote what they say now.",
                nearest::numbered(*line as usize, stands)
            ),
        ),
    };
    if wanted.len() == 1 {
        return ToolError::new(code, message);
    }
    let (number, count) = (refused.index + 1, wanted.len());
    let message = message.trim_end();
    ToolError::new(
        code,
        format!("edit {number} of {count}: {message}\nNone of the {count} edits was made."),
    )
}

fn ambiguous(lines: &[u32], edit: &Substitution, text: &str, shown: &str) -> String {
    let list = line_list(lines);
    // Places that only resemble the text are not all meant by anybody.
    let exact = text.contains(&edit.old);
    let all = if exact { ", or set `replace_all`" } else { "" };
    let is = if exact { "is in" } else { "is like several places in" };
    let mut message = format!(
        "`old_text` {is} `{shown}` more than once, at lines {list}; give more of the lines around \
         it so that it is there once{all}."
    );
    message.push_str(" The places, with the lines around them:\n");
    let all: Vec<&str> = text.lines().collect();
    let mut distinct: Vec<usize> = lines.iter().map(|line| *line as usize).collect();
    distinct.dedup();
    let quotes = distinct.iter().take(MOST_PLACES).map(|line| {
        let around = line.saturating_sub(2)..all.len().min(line + 1);
        around.map(|at| nearest::numbered(at + 1, all[at])).collect::<String>()
    });
    message.push_str(&quotes.collect::<Vec<_>>().join("   ...\n"));
    message
}

/// The error for a call of which all edits stand in the file.
pub(super) fn already_made(placements: &[Placement], shown: &str) -> ToolError {
    let lines: Vec<u32> = placements.iter().map(|placement| placement.line).collect();
    let lines = line_list(&lines);
    ToolError::new(
        ErrorCode::EditAlreadyApplied,
        format!(
            "`{shown}` says this already, at line {lines}: the change seems to be made. Nothing \
             was changed. If you mean to add it once more, quote the lines around the new place."
        ),
    )
}

/// What to say of edits that were not placed as they were quoted; none if all were.
pub(super) fn note(placements: &[Placement]) -> Option<String> {
    let mut note = String::new();
    for (index, Placement { line, places, tolerated }) in placements.iter().enumerate() {
        let edit =
            if placements.len() == 1 { String::new() } else { format!("Edit {}: ", index + 1) };
        if *places == 0 {
            let _ = writeln!(note, "{edit}line {line} says this already; it was left as it is.");
            continue;
        }
        let quoted: Vec<&str> = tolerated.iter().filter_map(|it| difference(*it)).collect();
        if !quoted.is_empty() {
            let quoted = quoted.join(", ");
            let _ = writeln!(
                note,
                "{edit}`old_text` was not quite what stands at line {line} ({quoted}); what stands \
                 there was kept."
            );
        }
        if tolerated.contains(&Tolerance::Merged) {
            let _ = writeln!(
                note,
                "{edit}a line at {line} had been changed meanwhile; it has both changes now."
            );
        }
    }
    (!note.is_empty()).then(|| note.trim_end().to_owned())
}

fn difference(tolerance: Tolerance) -> Option<&'static str> {
    Some(match tolerance {
        Tolerance::Spaces => "white space",
        Tolerance::BlankLines => "blank lines",
        Tolerance::Indentation => "indentation",
        Tolerance::Typography => "typographic characters",
        Tolerance::Escapes => "escapes written out",
        Tolerance::LineNumbers => "line numbers",
        Tolerance::StaleLines => "lines around it",
        Tolerance::Merged => return None,
    })
}

fn line_list(lines: &[u32]) -> String {
    let mut list: Vec<String> = lines.iter().take(MOST_LINES).map(u32::to_string).collect();
    if lines.len() > MOST_LINES {
        list.push("and more".to_owned());
    }
    list.join(", ")
}
