//! `delete`: proposes that a file be deleted. The engine has it reviewed and does it.

use engine::{Prepared, ProposedEdit, ToolContext, ToolError, Work};
use protocol::{Effect, FileChangeKind, Replacement};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::proposal::nothing_to_propose;
use crate::typed::{TypedTool, one_line};
use crate::whole_file::{self, WholeFile};

/// What does the same in a shell.
const COMMAND: &str = "rm";

/// The tool.
pub(crate) struct Delete;

/// Which file.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The file, relative to the root of the workspace or absolute.
    path: String,
    /// Why, in one short sentence, for the user who reviews it.
    #[serde(default)]
    #[schemars(required)]
    reason: Option<String>,
}

impl TypedTool for Delete {
    const NAME: &'static str = "delete";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/delete.md");
    type Input = Input;

    async fn prepare(&self, input: Input, context: &ToolContext) -> Result<Prepared, ToolError> {
        let path = whole_file::resolve(context, &input.path, COMMAND).await?;
        let title = format!("Delete {}", one_line(path.relative_to(&context.root)));
        let file = match WholeFile::at(context, &path, COMMAND).await {
            Ok(file) => file,
            Err(error) => return Ok(nothing_to_propose(title, path, Err(error))),
        };
        let all = Replacement { start: 0, end: file.text.text.len(), text: String::new() };
        let edit = ProposedEdit {
            path: file.path,
            kind: FileChangeKind::Delete,
            to: None,
            base: file.text.base,
            replacements: vec![all],
            note: None,
            reason: None,
        };
        let effects = vec![Effect::Delete { path }];
        let work = Work::Propose(vec![edit]);
        Ok(Prepared { title, effects, work }.because(input.reason.as_deref()))
    }
}

#[cfg(test)]
mod tests;
