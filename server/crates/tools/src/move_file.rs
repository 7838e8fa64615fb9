//! `move`: proposes that a file get another name or place. The engine has it reviewed and does
//! it.

use engine::{Prepared, ProposedEdit, ToolContext, ToolError, Work};
use protocol::{AbsPath, Effect, ErrorCode, FileChangeKind};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::folder;
use crate::proposal::nothing_to_propose;
use crate::typed::{TypedTool, bad_arguments, names_a_file, one_line};
use crate::whole_file::{self, WholeFile};

/// What does the same in a shell.
const COMMAND: &str = "mv";

/// The tool.
pub(crate) struct Move;

/// What goes where.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The file, relative to the root of the workspace or absolute.
    from: String,
    /// Its new path with its name, where nothing is yet.
    to: String,
    /// Why, in one short sentence, for the user who reviews it.
    #[serde(default)]
    #[schemars(required)]
    reason: Option<String>,
}

impl TypedTool for Move {
    const NAME: &'static str = "move";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/move.md");
    type Input = Input;

    async fn prepare(&self, input: Input, context: &ToolContext) -> Result<Prepared, ToolError> {
        names_a_file("to", &input.to)?;
        let from = whole_file::resolve(context, &input.from, COMMAND).await?;
        let to = whole_file::resolve(context, &input.to, COMMAND).await?;
        if from == to {
            return Err(bad_arguments("`from` and `to` are the same: nothing would change"));
        }
        let [old, new] = [&from, &to].map(|path| one_line(path.relative_to(&context.root)));
        let title = format!("Move {old} to {new}");
        let file = match WholeFile::at(context, &from, COMMAND).await {
            Ok(file) => file,
            Err(error) => return Ok(nothing_to_propose(title, from, Err(error))),
        };
        if let Err(error) = is_free(context, &to).await {
            return Ok(nothing_to_propose(title, to, Err(error)));
        }
        let edit = ProposedEdit {
            path: file.path,
            kind: FileChangeKind::Move,
            to: Some(to.clone()),
            base: file.text.base,
            replacements: Vec::new(),
            note: None,
            reason: None,
        };
        let effects = vec![Effect::Move { from, to }];
        let work = Work::Propose(vec![edit]);
        Ok(Prepared { title, effects, work }.because(input.reason.as_deref()))
    }
}

/// Whether there is nothing yet, neither on disk nor in an editor nor among the edits of the same
/// response.
async fn is_free(context: &ToolContext, to: &AbsPath) -> Result<(), ToolError> {
    let shown = to.relative_to(&context.root);
    let exists = |message| Err(ToolError::new(ErrorCode::AlreadyExists, message));
    if folder::is_one(to).await {
        return exists(format!("`{shown}` is a folder; give the new path with the file's name"));
    }
    match context.editable(to).await {
        Err(error) if error.code == ErrorCode::DocumentNotFound => Ok(()),
        _ => exists(format!(
            "there is something at `{shown}` already, and nothing is overwritten; choose another \
             name, or `delete` it in an answer before this one"
        )),
    }
}

#[cfg(test)]
mod tests;
