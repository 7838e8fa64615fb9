//! `read`: a file as the agent sees it, or the entries of a folder.

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use engine::{DocumentError, Origin, Prepared, Snapshot, ToolContext, ToolError, Work};
use protocol::{AbsPath, Effect, ErrorCode};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::folder;
use crate::typed::{TypedTool, bad_arguments, one_line};

/// The most lines one call gives.
const MOST_LINES: usize = 2_000;
/// The most bytes one call gives.
const MOST_BYTES: usize = 50 * 1024;
/// The most characters of one line that are given.
const LONGEST_LINE: usize = 2_000;
/// The most entries of a folder that are given.
const MOST_ENTRIES: usize = 500;

/// The tool.
pub(crate) struct Read;

/// What to read.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// File or folder, relative to the root of the workspace or absolute.
    path: String,
    /// First line, counted from 1. Default: 1.
    offset: Option<NonZeroUsize>,
    /// How many lines. Default and most: 2000.
    limit: Option<NonZeroUsize>,
}

impl TypedTool for Read {
    const NAME: &'static str = "read";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/read.md");
    type Input = Input;

    async fn prepare(&self, input: Input, context: &ToolContext) -> Result<Prepared, ToolError> {
        let path = context.resolve(&input.path).await?;
        let first = input.offset.map_or(1, NonZeroUsize::get);
        let most = input.limit.map_or(MOST_LINES, NonZeroUsize::get).min(MOST_LINES);
        let mut title = format!("Read {}", one_line(path.relative_to(&context.root)));
        if first > 1 {
            let _ = write!(title, " from line {first}");
        }
        let effects = vec![Effect::Read { path: path.clone() }];
        let context = context.clone();
        let work = Work::run(async move { read(&context, &path, first, most).await });
        Ok(Prepared { title, effects, work })
    }
}

async fn read(
    context: &ToolContext,
    path: &AbsPath,
    first: usize,
    most: usize,
) -> Result<String, ToolError> {
    match context.documents.snapshot(path).await {
        Ok(snapshot) => lines(&snapshot, path.relative_to(&context.root), first, most),
        Err(DocumentError::NotAFile(_)) if is_folder(path).await => list(context, path).await,
        Err(error @ DocumentError::NotFound(_)) => {
            Err(folder::with_near_names(context, path, error.into()).await)
        }
        Err(error) => Err(error.into()),
    }
}

async fn is_folder(path: &AbsPath) -> bool {
    tokio::fs::metadata(path.as_std_path()).await.is_ok_and(|metadata| metadata.is_dir())
}

async fn list(context: &ToolContext, path: &AbsPath) -> Result<String, ToolError> {
    let shown = path.relative_to(&context.root);
    let names = folder::entries(path).await.map_err(|error| {
        ToolError::new(ErrorCode::FileSystem, format!("cannot list `{shown}`: {error}"))
    })?;
    if names.is_empty() {
        return Ok(format!("The folder `{shown}` is empty."));
    }
    let mut text = format!("The folder `{shown}` has {} entries:\n", names.len());
    for name in names.iter().take(MOST_ENTRIES) {
        text.push_str(name);
        text.push('\n');
    }
    if let Some(more @ 1..) = names.len().checked_sub(MOST_ENTRIES) {
        let _ = writeln!(text, "({more} more are left out; list them with bash)");
    }
    Ok(text)
}

/// The lines from `first` on with their numbers, and how to go on if there are more.
fn lines(snapshot: &Snapshot, shown: &str, first: usize, most: usize) -> Result<String, ToolError> {
    let text = &snapshot.text;
    let open = matches!(snapshot.origin, Origin::Buffer { .. });
    if text.len_bytes() == 0 {
        let open = if open { "; it is open in an editor" } else { "" };
        return Ok(format!("The file `{shown}` is empty{open}."));
    }
    let ends_with_break = text.line(text.len_lines() - 1).len_bytes() == 0;
    let total = text.len_lines() - usize::from(ends_with_break);
    if first > total {
        return Err(bad_arguments(format!("`offset` is {first}, but `{shown}` has {total} lines")));
    }
    let mut result = String::new();
    if open {
        result.push_str("(open in an editor; unsaved changes are included)\n");
    }
    let mut last = first - 1;
    for line in text.lines_at(last).take(most.min(total - last)) {
        let line = numbered(last + 1, line.chars());
        if result.len() + line.len() > MOST_BYTES {
            break;
        }
        result.push_str(&line);
        last += 1;
    }
    if last < total {
        let next = last + 1;
        let _ = writeln!(
            result,
            "(lines {first} to {last} of {total}; to go on, read with offset {next})"
        );
    }
    Ok(result)
}

fn numbered(number: usize, chars: impl Iterator<Item = char>) -> String {
    let mut line = format!("{number:>5}\t");
    let mut chars = chars.filter(|c| !matches!(c, '\n' | '\r' | '\u{feff}'));
    line.extend(chars.by_ref().take(LONGEST_LINE));
    match chars.count() {
        0 => line.push('\n'),
        more => {
            let _ = writeln!(line, "… ({more} more characters in this line)");
        }
    }
    line
}

#[cfg(test)]
mod tests;
