//! `ask`: puts questions before the user. The engine asks; the answers are the result.

use engine::{Prepared, ToolContext, ToolError, Work};
use protocol::{Choice, Question};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::typed::{TypedTool, bad_arguments, one_line};

/// The most questions of one call.
const MOST_QUESTIONS: usize = 4;
/// The most choices of one question.
const MOST_CHOICES: usize = 6;

/// The tool.
pub(crate) struct Ask;

/// What to ask.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The questions.
    #[schemars(length(min = 1, max = 4))]
    questions: Vec<QuestionInput>,
}

// Not `protocol::Question`: what the model is told may change without changing the protocol.
/// A question.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct QuestionInput {
    /// The question, in one or two sentences.
    text: String,
    /// What it is about, in a word or two.
    #[serde(default)]
    heading: String,
    /// Answers to choose from; the one you would take first. None if only words can answer it.
    #[serde(default)]
    #[schemars(length(max = 6))]
    choices: Vec<ChoiceInput>,
    /// Whether several may be chosen. Default: false.
    #[serde(default)]
    multiple: bool,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ChoiceInput {
    /// The answer, in a few words.
    label: String,
    /// What it would mean, in a sentence.
    #[serde(default)]
    description: String,
}

impl TypedTool for Ask {
    const NAME: &'static str = "ask";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/ask.md");
    type Input = Input;

    async fn prepare(&self, input: Input, _: &ToolContext) -> Result<Prepared, ToolError> {
        let questions = checked(input.questions)?;
        let title = match questions.as_slice() {
            [only] => format!("Ask: {}", one_line(&only.text)),
            more => format!("Ask {} questions", more.len()),
        };
        Ok(Prepared { title, effects: Vec::new(), work: Work::Ask(questions) })
    }
}

fn checked(inputs: Vec<QuestionInput>) -> Result<Vec<Question>, ToolError> {
    if inputs.is_empty() || inputs.len() > MOST_QUESTIONS {
        let count = inputs.len();
        return Err(bad_arguments(format!(
            "`questions` has {count} entries; there must be 1 to {MOST_QUESTIONS}"
        )));
    }
    let questions = inputs.into_iter().enumerate().map(|(at, input)| question(at, input));
    questions.collect()
}

fn question(at: usize, input: QuestionInput) -> Result<Question, ToolError> {
    let QuestionInput { text, heading, choices, multiple } = input;
    if text.trim().is_empty() {
        return Err(bad_arguments(format!("`questions[{at}].text` is empty")));
    }
    let count = choices.len();
    if count == 1 || count > MOST_CHOICES {
        return Err(bad_arguments(format!(
            "`questions[{at}].choices` has {count} entries; there must be 2 to {MOST_CHOICES}, or \
             none if only words can answer"
        )));
    }
    let mut labels: Vec<&str> = choices.iter().map(|choice| choice.label.trim()).collect();
    labels.sort_unstable();
    // Answers are told by their labels.
    if labels.iter().any(|label| label.is_empty()) || labels.windows(2).any(|two| two[0] == two[1])
    {
        return Err(bad_arguments(format!(
            "`questions[{at}].choices` needs labels that are not empty and differ"
        )));
    }
    let choice = |ChoiceInput { label, description }| Choice {
        label: label.trim().to_owned(),
        description: description.trim().to_owned(),
    };
    Ok(Question {
        text: text.trim().to_owned(),
        heading: heading.trim().to_owned(),
        choices: choices.into_iter().map(choice).collect(),
        multiple: multiple && count > 0,
    })
}

#[cfg(test)]
mod tests;
