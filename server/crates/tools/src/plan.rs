//! `plan`: puts a plan before the user.

use engine::{Prepared, ToolContext, ToolError, Work};
use protocol::Effect;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::typed::{TypedTool, bad_arguments, one_line};

/// The tool.
pub(crate) struct Plan;

/// A plan as the model writes it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// What the plan achieves and how, in one to three sentences.
    summary: String,
    /// The steps in order; each names the files or commands it is about.
    steps: Vec<String>,
}

impl TypedTool for Plan {
    const NAME: &'static str = "plan";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/plan.md");
    type Input = Input;

    async fn prepare(&self, input: Input, _: &ToolContext) -> Result<Prepared, ToolError> {
        let summary = input.summary.trim().to_owned();
        if summary.is_empty() {
            return Err(bad_arguments("`summary` is empty: say what the plan achieves"));
        }
        if input.steps.is_empty() {
            return Err(bad_arguments("`steps` is empty: a plan has at least one step"));
        }
        if let Some(at) = input.steps.iter().position(|step| step.trim().is_empty()) {
            return Err(bad_arguments(format!("`steps[{at}]` is empty")));
        }
        Ok(Prepared {
            title: format!("Plan: {}", one_line(&summary)),
            effects: vec![Effect::SubmitPlan],
            work: Work::SubmitPlan { summary, steps: input.steps },
        })
    }
}

#[cfg(test)]
mod tests;
