//! The built-in tools: what the model can do, one file each.
//!
//! A tool checks its arguments, says what a call would do, and hands back the work undone; the
//! engine decides. No tool knows a front end, a model or the policy, and none writes a file:
//! text is proposed. What the model is told of a tool is in `prompts/tools/` and in the doc
//! comments of its `Input`.
//!
//! Start with [`built_in`]. To add a tool: a file here that implements `typed::TypedTool`, its
//! text in `prompts/tools/`, and a line in that list.

mod bash;
mod edit;
mod environment;
mod folder;
mod grep;
mod line_breaks;
mod plan;
mod proposal;
mod read;
mod todo_write;
mod typed;
mod write;

use std::sync::Arc;

use engine::Tool;
pub use environment::Environment;
use workspace::Workspace;

/// All tools, in the order in which models are told of them; a fixed order keeps prompt caches.
///
/// `workspace` is searched; `environment` is what commands are given of ours.
pub fn built_in(workspace: Workspace, environment: Environment) -> Vec<Arc<dyn Tool>> {
    vec![
        typed::erase(read::Read),
        typed::erase(edit::Edit),
        typed::erase(write::Write),
        typed::erase(grep::Grep::new(workspace)),
        typed::erase(bash::Bash::new(environment)),
        typed::erase(todo_write::TodoWrite),
        typed::erase(plan::Plan),
    ]
}

#[cfg(test)]
mod tests;
