//! `write`: creates a file, or replaces the whole text of one. It proposes the difference, so
//! that what stays the same stays untouched; a text that the model has not seen is not replaced.

use changes::{Normal, with_lf};
use engine::{Editable, Prepared, SeenText, ToolContext, ToolError};
use protocol::{AbsPath, ErrorCode, Replacement};
use ropey::Rope;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::line_breaks::of_one_kind;
use crate::proposal::{compute, nothing_to_propose, proposed};
use crate::typed::{TypedTool, names_a_file, one_line};

/// The tool.
pub(crate) struct Write;

/// A file and its text.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The file, relative to the root of the workspace or absolute.
    path: String,
    /// Its whole new text.
    content: String,
    /// Why, in one short sentence, for the user who reviews it.
    #[serde(default)]
    #[schemars(required)]
    reason: Option<String>,
}

impl TypedTool for Write {
    const NAME: &'static str = "write";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/write.md");
    type Input = Input;

    async fn prepare(&self, input: Input, context: &ToolContext) -> Result<Prepared, ToolError> {
        names_a_file("path", &input.path)?;
        let path = context.resolve(&input.path).await?;
        let shown = path.relative_to(&context.root).to_owned();
        let Input { content, reason, .. } = input;
        let reason = reason.as_deref();
        let (title, editable) = match context.editable(&path).await {
            Ok(editable) => (format!("Rewrite {}", one_line(&shown)), editable),
            Err(error) if error.code == ErrorCode::DocumentNotFound => {
                let all =
                    Replacement { start: 0, end: 0, text: of_one_kind(&content).into_owned() };
                let title = format!("Create {}", one_line(&shown));
                return Ok(proposed(title, path, None, vec![all]).because(reason));
            }
            Err(error) => {
                let title = format!("Write {}", one_line(&shown));
                return Ok(nothing_to_propose(title, path, Err(error)));
            }
        };
        let (editable, replacements) = compute(move || {
            let replacements = difference(&editable.text, &content);
            Ok((editable, replacements))
        })
        .await?;
        if replacements.is_empty() {
            let told = format!("`{shown}` has exactly this text already; nothing was changed.");
            return Ok(nothing_to_propose(title, path, Ok(told)));
        }
        if let Err(unseen) = known(context, &path, &editable, &shown).await {
            return Ok(nothing_to_propose(title, path, Err(unseen)));
        }
        Ok(proposed(title, path, Some(editable), replacements).because(reason))
    }
}

/// Whether the model knows what it would replace: it has been shown all of it as it is now, or
/// has written it.
async fn known(
    context: &ToolContext,
    path: &AbsPath,
    editable: &Editable,
    shown: &str,
) -> Result<(), ToolError> {
    if editable.base.is_none() {
        // Created by an earlier call of the same response.
        return Ok(());
    }
    // Without the earlier edits of the same response: those the model has not been shown, but
    // made.
    let now = context.documents.snapshot(path).await?.text;
    let refused = |why: String| Err(ToolError::new(ErrorCode::EditUnread, why));
    match context.seen(path) {
        _ if now.len_bytes() == 0 => Ok(()),
        None => refused(format!(
            "`{shown}` exists, and you have not read it in this session; read it first, or \
             change a part of it with `edit`"
        )),
        Some(seen) if seen.text != now => refused(format!(
            "`{shown}` has changed since you read it; read it again first, or change a part of \
             it with `edit`"
        )),
        Some(seen) => match first_unseen(&seen, &now) {
            None => Ok(()),
            Some(line) => refused(format!(
                "you have not read all of `{shown}`: line {line} is the first that you were not \
                 shown whole. Read the rest first, or change a part of it with `edit`"
            )),
        },
    }
}

/// The first line that the model was not shown whole, counted from 1.
fn first_unseen(seen: &SeenText, now: &Rope) -> Option<u32> {
    let end_is_empty = now.line(now.len_lines() - 1).len_bytes() == 0;
    let lines = u32::try_from(now.len_lines() - usize::from(end_is_empty)).unwrap_or(u32::MAX);
    // The ranges are in order and apart.
    let known = seen.lines.first().filter(|range| range.start == 0).map_or(0, |range| range.end);
    (known < lines).then_some(known + 1)
}

/// What turns `text` into `content`, but for what a model is not shown and so cannot mean to
/// change: the kinds of line breaks, the byte-order mark, and whether the last line has a break.
fn difference(text: &str, content: &str) -> Vec<Replacement> {
    const BYTE_ORDER_MARK: char = '\u{feff}';
    let normal = Normal::new(text);
    let mut content = with_lf(content);
    if !content.is_empty() && !normal.text.is_empty() {
        match (normal.text.ends_with('\n'), content.ends_with('\n')) {
            (true, false) => content.to_mut().push('\n'),
            (false, true) => {
                content.to_mut().pop();
            }
            _ => {}
        }
    }
    if text.starts_with(BYTE_ORDER_MARK) && !content.starts_with(BYTE_ORDER_MARK) {
        content.to_mut().insert(0, BYTE_ORDER_MARK);
    }
    normal.restore(changes::diff(&normal.text, &content))
}

#[cfg(test)]
mod tests;
