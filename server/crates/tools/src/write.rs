//! `write`: creates a file, or replaces the whole text of one. It proposes the difference, so
//! that what stays the same stays untouched.

use changes::{Normal, with_lf};
use engine::{Prepared, ToolContext, ToolError};
use protocol::{ErrorCode, Replacement};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::line_breaks::of_one_kind;
use crate::proposal::{compute, nothing_to_propose, proposed};
use crate::typed::{TypedTool, one_line};

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
}

impl TypedTool for Write {
    const NAME: &'static str = "write";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/write.md");
    type Input = Input;

    async fn prepare(&self, input: Input, context: &ToolContext) -> Result<Prepared, ToolError> {
        let path = context.resolve(&input.path).await?;
        let shown = path.relative_to(&context.root).to_owned();
        let content = input.content;
        let (title, editable) = match context.editable(&path).await {
            Ok(editable) => (format!("Rewrite {}", one_line(&shown)), editable),
            Err(error) if error.code == ErrorCode::DocumentNotFound => {
                let all =
                    Replacement { start: 0, end: 0, text: of_one_kind(&content).into_owned() };
                return Ok(proposed(format!("Create {}", one_line(&shown)), path, None, vec![all]));
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
        Ok(proposed(title, path, Some(editable), replacements))
    }
}

/// What turns `text` into `content`, but for its line breaks and its byte-order mark: a model
/// sees neither, so it cannot mean to change them.
fn difference(text: &str, content: &str) -> Vec<Replacement> {
    const BYTE_ORDER_MARK: char = '\u{feff}';
    let normal = Normal::new(text);
    let mut content = with_lf(content);
    if text.starts_with(BYTE_ORDER_MARK) && !content.starts_with(BYTE_ORDER_MARK) {
        content.to_mut().insert(0, BYTE_ORDER_MARK);
    }
    normal.restore(changes::diff(&normal.text, &content))
}

#[cfg(test)]
mod tests;
