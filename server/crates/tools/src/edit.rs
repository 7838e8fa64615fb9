//! `edit`: replaces stretches of text in a file. It has their places found and proposes; the
//! engine has the proposal reviewed and applies it.
//!
//! How a place is found, and what is tolerated, is [`changes::place`]'s business. This file knows
//! what is quoted, what was read, and what becomes of it; [`words`] has what the model is told.

mod nearest;
mod words;

use changes::{Placed, Seen, Substitution};
use engine::{Editable, Prepared, SeenText, ToolContext, ToolError, Work};
use protocol::{AbsPath, ErrorCode};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::folder;
use crate::proposal::{compute, nothing_to_propose, proposed};
use crate::typed::{TypedTool, bad_arguments, one_line};

/// The most edits of one call.
const MOST_EDITS: usize = 100;

/// The tool.
pub(crate) struct Edit;

/// Where to replace what by what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The file, relative to the root of the workspace or absolute.
    path: String,
    /// The edits, made one after the other: all of them or none.
    #[serde(default)]
    #[schemars(required, length(min = 1))]
    edits: Vec<Change>,
    /// Why, in one short sentence, for the user who reviews it.
    #[serde(default)]
    #[schemars(required)]
    reason: Option<String>,
    // Many models write a single edit without the list, whatever the schema says. What they mean
    // is plain.
    #[schemars(skip)]
    old_text: Option<String>,
    #[schemars(skip)]
    new_text: Option<String>,
    #[schemars(skip)]
    #[serde(default)]
    replace_all: bool,
}

/// One edit.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Change {
    /// The text to replace, as it stands in the file, without line numbers.
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
        let (path, reason) = (input.path.clone(), input.reason.clone());
        let wanted = substitutions(input)?;
        let path = context.resolve(&path).await?;
        let title = format!("Edit {}", one_line(path.relative_to(&context.root)));
        let (editable, placed) = match find(wanted, context, &path).await {
            Ok(found) => found,
            Err(error) => return Ok(nothing_to_propose(title, path, Err(error))),
        };
        let note = words::note(&placed.placements);
        let mut prepared = proposed(title, path, Some(editable), placed.replacements);
        if let Work::Propose(edits) = &mut prepared.work {
            edits.iter_mut().for_each(|edit| edit.note.clone_from(&note));
        }
        Ok(prepared.because(reason.as_deref()))
    }
}

fn substitutions(input: Input) -> Result<Vec<Substitution>, ToolError> {
    let Input { mut edits, old_text, new_text, replace_all, .. } = input;
    match (old_text, new_text) {
        (Some(old_text), Some(new_text)) if edits.is_empty() => {
            edits.push(Change { old_text, new_text, replace_all });
        }
        (None, None) if !edits.is_empty() => {}
        _ => {
            return Err(bad_arguments(
                "`edit` needs `edits`, a list of {`old_text`, `new_text`} with at least one entry",
            ));
        }
    }
    if edits.len() > MOST_EDITS {
        return Err(bad_arguments(format!(
            "`edits` has {} entries; at most {MOST_EDITS} are made in one call",
            edits.len()
        )));
    }
    if edits.iter().any(|edit| edit.old_text.is_empty()) {
        return Err(bad_arguments(
            "`old_text` is empty: give the text to replace, or use `write` for a whole file",
        ));
    }
    let substitution = |Change { old_text, new_text, replace_all }| Substitution {
        old: old_text,
        new: new_text,
        replace_all,
    };
    Ok(edits.into_iter().map(substitution).collect())
}

async fn find(
    wanted: Vec<Substitution>,
    context: &ToolContext,
    path: &AbsPath,
) -> Result<(Editable, Placed), ToolError> {
    let editable = match context.editable(path).await {
        Err(error) if error.code == ErrorCode::DocumentNotFound => {
            return Err(folder::with_near_names(context, path, error).await);
        }
        editable => editable?,
    };
    let seen = context.seen(path);
    let shown = path.relative_to(&context.root).to_owned();
    compute(move || {
        let placed = place(&editable.text, &wanted, seen.as_ref(), &shown)?;
        Ok((editable, placed))
    })
    .await
}

fn place(
    text: &str,
    wanted: &[Substitution],
    seen: Option<&SeenText>,
    shown: &str,
) -> Result<Placed, ToolError> {
    let read = seen.map(|seen| (seen.text.to_string(), &seen.lines));
    let seen = read.as_ref().map(|(text, lines)| Seen { text, lines });
    let placed = changes::place(text, wanted, seen.as_ref())
        .map_err(|refused| words::refused(&refused, wanted, text, shown))?;
    if placed.replacements.is_empty() {
        return Err(words::already_made(&placed.placements, shown));
    }
    Ok(placed)
}

#[cfg(test)]
mod tests;
