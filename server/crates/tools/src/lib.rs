//! The built-in tools: what the model can do, one file each.
//!
//! A tool checks its arguments, says what a call would do, and hands back the work undone; the
//! engine decides. No tool knows a front end, a model or the policy, and none writes a file:
//! text is proposed. What the model is told of a tool is in `prompts/tools/` and in the doc
//! comments of its `Input`.
//!
//! Start with [`built_in`]. To add a tool: a file here that implements `typed::TypedTool`, its
//! text in `prompts/tools/`, and a line in that list.

mod ask;
mod bash;
mod delete;
mod diagnostics;
mod edit;
mod environment;
mod folder;
mod glob;
mod grep;
mod line_breaks;
mod move_file;
mod picture;
mod plan;
mod proposal;
mod read;
mod skill;
mod todo_write;
mod typed;
mod view_image;
mod whole_file;
mod write;

use std::sync::Arc;

use engine::Tool;
pub use environment::Environment;
use workspace::Workspace;

/// All tools, in the order in which models are told of them; a fixed order keeps prompt caches.
///
/// `workspace` is searched; `environment` is what commands are given of ours.
pub fn built_in(workspace: Workspace, environment: Environment) -> Vec<Arc<dyn Tool>> {
    let (bash, bash_output) = bash::tools(environment);
    vec![
        typed::erase(read::Read::new(workspace.clone())),
        typed::erase(edit::Edit),
        typed::erase(write::Write),
        typed::erase(delete::Delete),
        typed::erase(move_file::Move),
        typed::erase(glob::Glob::new(workspace.clone())),
        typed::erase(grep::Grep::new(workspace.clone())),
        typed::erase(view_image::ViewImage::new(workspace)),
        typed::erase(diagnostics::Diagnostics),
        typed::erase(bash),
        typed::erase(bash_output),
        typed::erase(todo_write::TodoWrite),
        typed::erase(plan::Plan),
        typed::erase(ask::Ask),
        typed::erase(skill::Skill),
    ]
}

#[cfg(test)]
mod tests;
