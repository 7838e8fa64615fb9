//! `read`: a file as the agent sees it, a picture, or the entries of a folder.

use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::ops::Range;

use engine::{
    DocumentError, Excerpt, Origin, Output, Part, Prepared, ToolContext, ToolError, Work,
};
use protocol::{AbsPath, Effect, ErrorCode};
use ropey::{Rope, RopeSlice};
use schemars::JsonSchema;
use serde::Deserialize;
use workspace::Workspace;

use crate::typed::{TypedTool, bad_arguments, one_line};
use crate::{folder, picture};

/// The most lines one call gives.
const MOST_LINES: usize = 2_000;
/// The most bytes one call gives.
const MOST_BYTES: usize = 50 * 1024;
/// The most bytes that are looked at for them: of long lines only the beginning is given.
const MOST_BYTES_READ: usize = 4 * MOST_BYTES;
/// The most characters of one line that are given.
const LONGEST_LINE: usize = 2_000;
/// The most entries of a folder that are given.
const MOST_ENTRIES: usize = 500;

/// The tool.
pub(crate) struct Read {
    workspace: Workspace,
}

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

impl Read {
    /// A tool that reads pictures through this workspace.
    pub(crate) fn new(workspace: Workspace) -> Self {
        Self { workspace }
    }
}

impl TypedTool for Read {
    const NAME: &'static str = "read";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/read.md");
    type Input = Input;

    async fn prepare(&self, input: Input, context: &ToolContext) -> Result<Prepared, ToolError> {
        let path = context.resolve(&input.path).await?;
        let first = input.offset.map_or(1, NonZeroUsize::get);
        let part = Part {
            first_line: first as u64,
            lines: input.limit.map_or(MOST_LINES, NonZeroUsize::get).min(MOST_LINES),
            bytes: MOST_BYTES_READ,
        };
        let mut title = format!("Read {}", one_line(path.relative_to(&context.root)));
        if first > 1 {
            let _ = write!(title, " from line {first}");
        }
        let effects = vec![Effect::Read { path: path.clone() }];
        let (workspace, context) = (self.workspace.clone(), context.clone());
        let work = Work::run(async move { read(&workspace, &context, &path, part).await });
        Ok(Prepared { title, effects, work })
    }
}

async fn read(
    workspace: &Workspace,
    context: &ToolContext,
    path: &AbsPath,
    part: Part,
) -> Result<Output, ToolError> {
    if picture::is_named_so(path) {
        match picture::load(workspace, context, path).await {
            Ok(Some(picture)) => return Ok(picture),
            Ok(None) => {}
            Err(error) if is_no_file(&error) => {}
            Err(error) => return Err(error),
        }
    }
    match context.documents.excerpt(path, part).await {
        Ok(excerpt) => lines(context, &excerpt, part).map(Output::from),
        Err(DocumentError::NotAFile(_)) if folder::is_one(path).await => {
            list(context, path).await.map(Output::from)
        }
        Err(error @ DocumentError::NotFound(_)) => {
            Err(folder::with_near_names(context, path, error.into()).await)
        }
        Err(error @ DocumentError::NotUtf8(_)) => {
            match picture::load(workspace, context, path).await {
                Ok(Some(picture)) => Ok(picture),
                _ => Err(binary(error)),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Whether there is nothing on disk that could be a picture; an editor may have a text there.
fn is_no_file(error: &ToolError) -> bool {
    matches!(error.code, ErrorCode::DocumentNotFound | ErrorCode::NotAFile)
}

fn binary(error: DocumentError) -> ToolError {
    let mut error = ToolError::from(error);
    error.message.push_str("; if you must look into it, use `bash`: `file`, `xxd`, `strings`");
    error
}

async fn list(context: &ToolContext, path: &AbsPath) -> Result<String, ToolError> {
    let shown = path.relative_to(&context.root);
    let names = folder::entries(context, path).await?;
    if names.is_empty() {
        return Ok(format!("The folder `{shown}` is empty."));
    }
    let mut text = format!("The folder `{shown}` has {} entries:\n", names.len());
    for name in names.iter().take(MOST_ENTRIES) {
        text.push_str(name);
        text.push('\n');
    }
    if let Some(more @ 1..) = names.len().checked_sub(MOST_ENTRIES) {
        let _ = writeln!(text, "({more} more are left out; narrow it with `glob`)");
    }
    Ok(text)
}

/// The lines with their numbers, and how to go on if there are more. The session notes which of
/// them the model has seen whole.
fn lines(context: &ToolContext, excerpt: &Excerpt, part: Part) -> Result<String, ToolError> {
    let shown = excerpt.path.relative_to(&context.root);
    let document = excerpt.document.as_ref();
    let open = document.is_some_and(|it| matches!(it.origin, Origin::Buffer { .. }));
    if excerpt.total_bytes == 0 {
        if let Some(document) = document {
            context.session.saw(&excerpt.path, &document.text, 0..1);
        }
        let open = if open { "; it is open in an editor" } else { "" };
        return Ok(format!("The file `{shown}` is empty{open}."));
    }
    let first = part.first_line;
    if excerpt.lines == 0 {
        let has = match excerpt.total_lines {
            Some(1) => "1 line".to_owned(),
            Some(total) => format!("{total} lines"),
            None => "fewer".to_owned(),
        };
        return Err(bad_arguments(format!("`offset` is {first}, but `{shown}` has {has}")));
    }
    let mut result = heading(excerpt, open);
    let Numbered { text, count, whole } = numbered(excerpt, part);
    result.push_str(&text);
    if let Some(document) = document {
        for lines in whole {
            context.session.saw(&excerpt.path, &document.text, lines);
        }
    }
    let last = first - 1 + count;
    let more = match excerpt.total_lines {
        Some(total) => last < total,
        None => count < excerpt.lines || count == part.lines as u64 || is_cut(excerpt, part),
    };
    if more {
        let all = match excerpt.total_lines {
            Some(total) => format!(" of {total}"),
            None => format!(" of a file of {} bytes", excerpt.total_bytes),
        };
        let next = last + 1;
        let _ =
            writeln!(result, "(lines {first} to {last}{all}; to go on, read with offset {next})");
    }
    Ok(result)
}

/// What is out of the ordinary about the file.
fn heading(excerpt: &Excerpt, open: bool) -> String {
    let mut heading = String::new();
    if open {
        heading.push_str("(open in an editor; unsaved changes are included)\n");
    }
    if excerpt.encoding != "UTF-8" {
        let _ =
            writeln!(heading, "(encoded in {}; it stays so when it is edited)", excerpt.encoding);
    }
    heading
}

/// Lines as the model reads them.
struct Numbered {
    text: String,
    /// How many there are.
    count: u64,
    /// Those of which nothing is left out, counted from 0.
    whole: Vec<Range<u32>>,
}

fn numbered(excerpt: &Excerpt, part: Part) -> Numbered {
    let mut numbered = Numbered { text: String::new(), count: 0, whole: Vec::new() };
    let cut = is_cut(excerpt, part);
    let rope = Rope::from_str(&excerpt.text);
    for (number, line) in (excerpt.first_line..).zip(rope.lines()).take(excerpt.lines as usize) {
        let is_last = numbered.count + 1 == excerpt.lines;
        // A line that was cut off comes whole in the next call, unless it is too long for one.
        if is_last && cut && numbered.count > 0 {
            break;
        }
        let (text, whole) = with_number(number, line, is_last && cut);
        if numbered.text.len() + text.len() > MOST_BYTES {
            break;
        }
        numbered.text.push_str(&text);
        numbered.count += 1;
        if whole {
            let at = u32::try_from(number - 1).unwrap_or(u32::MAX);
            numbered.whole.push(at..at.saturating_add(1));
        }
    }
    numbered
}

/// Whether the text may end in the middle of a line because there would be too many bytes.
fn is_cut(excerpt: &Excerpt, part: Part) -> bool {
    // The last character may take up to four bytes.
    excerpt.text.len() + 4 > part.bytes && !excerpt.text.ends_with(['\n', '\r'])
}

/// A line with its number, and whether nothing of it is left out.
fn with_number(number: u64, line: RopeSlice<'_>, cut: bool) -> (String, bool) {
    let mut text = format!("{number:>5}\t");
    let mut chars = line.chars().filter(|c| !matches!(c, '\n' | '\r' | '\u{feff}'));
    text.extend(chars.by_ref().take(LONGEST_LINE));
    let more = chars.count();
    match (more, cut) {
        (0, false) => text.push('\n'),
        (more, false) => {
            let _ = writeln!(text, "… ({more} more characters in this line)");
        }
        (_, true) => text.push_str("… (the line goes on; `bash` can cut out a part of it)\n"),
    }
    (text, more == 0 && !cut)
}

#[cfg(test)]
mod tests;
