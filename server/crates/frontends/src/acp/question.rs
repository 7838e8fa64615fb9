//! Approvals as ACP asks for them, and its answers as decisions.
//!
//! What is shown is what happens: a question has all that it is about. An error and an answer that
//! was not offered are a no.

use std::collections::BTreeMap;

use agent_client_protocol_schema::v1::{
    self as acp, ElicitationContentValue, ElicitationSchema, EnumOption, MultiSelectPropertySchema,
    PermissionOption, PermissionOptionKind, StringPropertySchema, ToolCallContent,
};
use protocol::{Approval, ApprovalSubject, Decision, Effect, Question, QuestionAnswer};

use super::tool_call;

/// The answers that an approval offers.
pub(super) fn options(approval: &Approval) -> Vec<PermissionOption> {
    let option = |decision: Decision, label: &str| {
        let kind = match decision {
            Decision::Once | Decision::SaveAndRun => PermissionOptionKind::AllowOnce,
            Decision::Session | Decision::Always => PermissionOptionKind::AllowAlways,
            Decision::Reject | Decision::Withdrawn => PermissionOptionKind::RejectOnce,
        };
        PermissionOption::new(name(decision), label, kind)
    };
    approval.options.iter().map(|it| option(it.decision, &it.label)).collect()
}

/// The decision that an answer stands for: a no, if it was not offered.
pub(super) fn decision(approval: &Approval, chosen: &str) -> Decision {
    let mut offered = approval.options.iter().map(|option| option.decision);
    offered.find(|decision| name(*decision) == chosen).unwrap_or(Decision::Reject)
}

/// What a decision is called on the wire.
fn name(decision: Decision) -> &'static str {
    match decision {
        Decision::Reject => "reject",
        Decision::Once => "once",
        Decision::SaveAndRun => "saveAndRun",
        Decision::Session => "session",
        Decision::Always => "always",
        Decision::Withdrawn => "withdrawn",
    }
}

/// What is asked about, where it is not the difference that edits make.
pub(super) fn contents(approval: &Approval) -> Vec<ToolCallContent> {
    let mut contents = Vec::new();
    if let ApprovalSubject::ToolCall { effects, unsaved, .. } = &approval.subject {
        for effect in effects {
            match effect {
                Effect::Run { command, folder } => {
                    contents.push(tool_call::fenced("sh", command));
                    contents.push(tool_call::text(format!("In `{folder}`.")));
                }
                Effect::Move { from, to } => {
                    contents.push(tool_call::text(format!("`{from}` → `{to}`")));
                }
                _ => {}
            }
        }
        if !unsaved.is_empty() {
            let names: Vec<String> = unsaved.iter().map(|path| format!("`{path}`")).collect();
            let names = names.join(", ");
            let words = format!("Not saved, so the command does not see its edits: {names}.");
            contents.push(tool_call::text(words));
        }
    }
    contents.push(tool_call::text(approval.why.clone()));
    contents
}

/// The agent's questions as a form: what is offered to choose from, and words of one's own.
pub(super) fn form(questions: &[Question]) -> ElicitationSchema {
    let mut form = ElicitationSchema::new();
    for (number, question) in questions.iter().enumerate() {
        let title = match &*question.heading {
            "" => question.text.clone(),
            heading => heading.to_owned(),
        };
        let choices = || {
            let choice = |choice: &protocol::Choice| {
                EnumOption::new(choice.label.clone(), choice.label.clone())
                    .description(Some(choice.description.clone()).filter(|it| !it.is_empty()))
            };
            question.choices.iter().map(choice).collect::<Vec<_>>()
        };
        let text = question.text.clone();
        let (chosen, own) = names(number);
        form = match (question.choices.is_empty(), question.multiple) {
            (true, _) => {
                let words = StringPropertySchema::new().title(title).description(text);
                form.property(own.clone(), words, false)
            }
            (false, true) => {
                let several = MultiSelectPropertySchema::titled(choices());
                form.property(chosen, several.title(title).description(text), false)
            }
            (false, false) => {
                let one = StringPropertySchema::new().one_of(choices());
                form.property(chosen, one.title(title).description(text), false)
            }
        };
        if !question.choices.is_empty() {
            let words = StringPropertySchema::new().title("In your own words".to_owned());
            form = form.property(own, words, false);
        }
    }
    form
}

/// What was filled in, one answer for each question; none if nothing was.
pub(super) fn filled_in(
    questions: &[Question],
    content: Option<BTreeMap<String, ElicitationContentValue>>,
) -> Option<Vec<QuestionAnswer>> {
    let mut content = content.unwrap_or_default();
    let answer = |(number, question): (usize, &Question)| {
        let (chosen, own) = names(number);
        let chosen = match content.remove(&chosen) {
            Some(ElicitationContentValue::String(one)) => vec![one],
            Some(ElicitationContentValue::StringArray(several)) => several,
            _ => Vec::new(),
        };
        let offered = |label: &String| question.choices.iter().any(|it| it.label == *label);
        let (chosen, other): (Vec<_>, Vec<_>) = chosen.into_iter().partition(offered);
        let own = match content.remove(&own) {
            Some(ElicitationContentValue::String(words)) if !words.trim().is_empty() => Some(words),
            _ => None,
        };
        let text = own.or_else(|| (!other.is_empty()).then(|| other.join("\n")));
        QuestionAnswer { chosen, text }
    };
    let answers: Vec<_> = questions.iter().enumerate().map(answer).collect();
    let is_empty = |answer: &QuestionAnswer| answer.chosen.is_empty() && answer.text.is_none();
    (!answers.iter().all(is_empty)).then_some(answers)
}

/// What the two fields of a question are called.
fn names(number: usize) -> (String, String) {
    let number = number + 1;
    (format!("question{number}"), format!("question{number}InOwnWords"))
}

/// One question whose answers can be buttons.
pub(super) fn buttons(question: &Question) -> Vec<PermissionOption> {
    let choice = |(number, choice): (usize, &protocol::Choice)| {
        let label = match &*choice.description {
            "" => choice.label.clone(),
            description => format!("{}: {description}", choice.label),
        };
        let id = acp::PermissionOptionId::new(format!("choice{number}"));
        PermissionOption::new(id, label, PermissionOptionKind::AllowOnce)
    };
    let mut options: Vec<_> = question.choices.iter().enumerate().map(choice).collect();
    let kind = PermissionOptionKind::RejectOnce;
    options.push(PermissionOption::new("reject", "Do not answer", kind));
    options
}

/// The answer that a button stands for.
pub(super) fn pressed(question: &Question, chosen: &str) -> Option<QuestionAnswer> {
    let number: usize = chosen.strip_prefix("choice")?.parse().ok()?;
    let choice = question.choices.get(number)?;
    Some(QuestionAnswer { chosen: vec![choice.label.clone()], text: None })
}
