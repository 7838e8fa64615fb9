//! `edit`: replaces a stretch of text in a file. It finds the place and proposes; the engine has
//! the proposal reviewed and applies it.

mod nearest;

use std::ops::Range;

use changes::Located;
use engine::{Editable, Prepared, ToolContext, ToolError};
use protocol::{AbsPath, ErrorCode, Replacement};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::folder;
use crate::line_breaks::{Normal, without_crlf};
use crate::proposal::{compute, nothing_to_propose, proposed};
use crate::typed::{TypedTool, bad_arguments, one_line};

/// The tool.
pub(crate) struct Edit;

/// What to replace by what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The file, relative to the root of the workspace or absolute.
    path: String,
    /// The text to replace, exactly as it stands in the file, without line numbers.
    old_text: String,
    /// What comes in its place.
    new_text: String,
    /// Replace every occurrence. Default: false, and then there must be exactly one.
    #[serde(default)]
    replace_all: bool,
}

impl TypedTool for Edit {
    const NAME: &'static str = "edit";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/edit.md");
    type Input = Input;

    async fn prepare(&self, input: Input, context: &ToolContext) -> Result<Prepared, ToolError> {
        if input.old_text.is_empty() {
            return Err(bad_arguments(
                "`old_text` is empty: give the text to replace, or use `write` for a whole file",
            ));
        }
        if without_crlf(&input.old_text) == without_crlf(&input.new_text) {
            return Err(nothing_changes());
        }
        let path = context.resolve(&input.path).await?;
        let title = format!("Edit {}", one_line(path.relative_to(&context.root)));
        Ok(match find(input, context, &path).await {
            Ok((editable, replacements)) => proposed(title, path, Some(editable), replacements),
            Err(error) => nothing_to_propose(title, path, Err(error)),
        })
    }
}

async fn find(
    input: Input,
    context: &ToolContext,
    path: &AbsPath,
) -> Result<(Editable, Vec<Replacement>), ToolError> {
    let editable = match context.editable(path).await {
        Err(error) if error.code == ErrorCode::DocumentNotFound => {
            return Err(folder::with_near_names(context, path, error).await);
        }
        editable => editable?,
    };
    let shown = path.relative_to(&context.root).to_owned();
    compute(move || {
        let replacements = replacements(&editable.text, &input, &shown)?;
        Ok((editable, replacements))
    })
    .await
}

fn replacements(text: &str, input: &Input, shown: &str) -> Result<Vec<Replacement>, ToolError> {
    let normal = Normal::new(text);
    let (old, new) = (without_crlf(&input.old_text), without_crlf(&input.new_text));
    let places = places(&normal.text, &old, input.replace_all, shown)?;
    if places.is_empty() {
        return Err(not_there(&normal.text, &old, &new, shown));
    }
    let (before, after) = in_common(&old, &new);
    let changed = &new[before..new.len() - after];
    let replacements = places.into_iter().map(|place| Replacement {
        start: place.start + before,
        end: place.end - after,
        text: changed.to_owned(),
    });
    let replacements = normal.restore(replacements.collect());
    if replacements.is_empty() { Err(nothing_changes()) } else { Ok(replacements) }
}

fn nothing_changes() -> ToolError {
    bad_arguments("`old_text` and `new_text` are the same: nothing would change")
}

/// Where `old` stands: nowhere, in one place, or with `all` in any number of places.
fn places(text: &str, old: &str, all: bool, shown: &str) -> Result<Vec<Range<usize>>, ToolError> {
    if all {
        return Ok(text.match_indices(old).map(|(at, _)| at..at + old.len()).collect());
    }
    match changes::locate(text, old) {
        Located::Nowhere => Ok(Vec::new()),
        Located::At(place) => Ok(vec![place]),
        Located::Several(lines) => Err(ToolError::new(
            ErrorCode::EditAmbiguous,
            format!(
                "`old_text` is in `{shown}` more than once, at lines {}; give more of the lines \
                 around it so that it is there once, or set `replace_all`",
                line_list(&lines)
            ),
        )),
    }
}

fn line_list(lines: &[u32]) -> String {
    const MOST: usize = 20;
    let mut list: Vec<String> = lines.iter().take(MOST).map(u32::to_string).collect();
    if lines.len() > MOST {
        list.push("and more".to_owned());
    }
    list.join(", ")
}

fn not_there(text: &str, old: &str, new: &str, shown: &str) -> ToolError {
    let new_says_something = !new.trim().is_empty() && !old.contains(new);
    let message = match text.find(new) {
        Some(at) if new_says_something => {
            let line = text[..at].matches('\n').count() + 1;
            format!(
                "`old_text` is not in `{shown}`, but `new_text` is, at line {line}: the change \
                 seems to be made already"
            )
        }
        _ => format!("`old_text` is not in `{shown}`. {}", nearest::report(text, old)),
    };
    ToolError::new(ErrorCode::EditNotFound, message)
}

/// How many bytes two different texts have in common at their beginning and at their end.
fn in_common(old: &str, new: &str) -> (usize, usize) {
    let same = |(a, b): &(char, char)| a == b;
    let bytes = |(c, _): (char, char)| c.len_utf8();
    let before: usize = old.chars().zip(new.chars()).take_while(same).map(bytes).sum();
    let (old, new) = (&old[before..], &new[before..]);
    let after = old.chars().rev().zip(new.chars().rev()).take_while(same).map(bytes).sum();
    (before, after)
}

#[cfg(test)]
mod tests;
