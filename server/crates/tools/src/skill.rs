//! `skill`: gives the model the instructions of a skill. Which there are, the engine knows.

use engine::{Prepared, Skill as Loaded, ToolContext, ToolError, Work};
use protocol::{AbsPath, ErrorCode};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::typed::{TypedTool, one_line};

/// The tool.
pub(crate) struct Skill;

/// Which skill.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Its name, as the list of skills has it.
    name: String,
}

impl TypedTool for Skill {
    const NAME: &'static str = "skill";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/skill.md");
    type Input = Input;

    async fn prepare(&self, input: Input, context: &ToolContext) -> Result<Prepared, ToolError> {
        let context = context.clone();
        let title = format!("Load skill {}", one_line(&input.name));
        // The engine lists only skills that may be read, so there is nothing to ask.
        let work = Work::run(async move {
            let skills = context.skills().await;
            match skills.iter().find(|skill| skill.name == input.name.trim()) {
                Some(skill) => Ok(text(skill, &context.root)),
                None => Err(unknown(&input.name, &skills)),
            }
        });
        Ok(Prepared { title, effects: Vec::new(), work })
    }
}

fn text(skill: &Loaded, root: &AbsPath) -> String {
    match &skill.folder {
        Some(folder) => {
            format!("(this skill lies in `{}`)\n\n{}\n", folder.relative_to(root), skill.text)
        }
        None => format!("{}\n", skill.text),
    }
}

fn unknown(name: &str, skills: &[Loaded]) -> ToolError {
    let names: Vec<String> = skills.iter().map(|skill| format!("`{}`", skill.name)).collect();
    let names = names.join(", ");
    let message = format!("there is no skill `{}`; there are: {names}", one_line(name));
    ToolError::new(ErrorCode::SkillNotFound, message)
}

#[cfg(test)]
mod tests;
