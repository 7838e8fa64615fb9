//! Approvals in words: how a question reads in a menu, in a message and in the chat document.
//!
//! What is shown is what happens: text of others is shown with every character visible, and a
//! question that does not fit somewhere is not answered with yes there.

use std::collections::HashSet;

use protocol::{Approval, ApprovalSubject, Decision, Effect, Question};

pub(super) use crate::visible::is_hidden;

/// The longest text of a message that every editor shows whole, in characters.
const MESSAGE_LIMIT: usize = 300;

/// The most choices that stand beside each other in a message.
const BUTTON_LIMIT: usize = 6;

/// The longest title of a code action, in characters.
const TITLE_LIMIT: usize = 150;

/// A question as a message with buttons.
#[derive(Debug, PartialEq)]
pub(super) struct Message<T> {
    pub(super) text: String,
    /// The buttons with what they mean, the safe one first.
    pub(super) buttons: Vec<(String, T)>,
}

/// A question as a message; no decision means to show it whole. `number` makes its text unlike
/// every other, because some editors answer one of two equal messages by themselves.
pub(super) fn message(approval: &Approval, number: u64) -> Message<Option<Decision>> {
    let title = printable(&approval.title);
    let number = format!("[Coworker {number}]");
    let unsaved = match unsaved(approval) {
        names if names.is_empty() => String::new(),
        names => format!("; not saved: {}", names.join(", ")),
    };
    let text = format!("{title} ({}{unsaved}) {number}", printable(&approval.why));
    let fits = text.chars().count() <= MESSAGE_LIMIT;
    let whole = fits && is_told_by_title(approval);
    let text = if fits {
        text
    } else {
        format!("{} {number}", shortened(&title, MESSAGE_LIMIT - number.len() - 1))
    };
    let offered = |decision: Decision| whole || !decision.allows();
    let offered = approval.options.iter().filter(|option| offered(option.decision));
    let mut buttons: Vec<_> =
        offered.map(|option| (printable(&option.label), Some(option.decision))).collect();
    buttons.sort_by_key(|(_, decision)| decision.is_some_and(Decision::allows));
    if !whole {
        let is_changes = matches!(approval.subject, ApprovalSubject::Changes { .. });
        buttons.push((if is_changes { "Review" } else { "Show" }.to_owned(), None));
    }
    Message { text, buttons }
}

/// Whether the title says everything. The text of changes and the steps of a plan do not fit.
fn is_told_by_title(approval: &Approval) -> bool {
    match &approval.subject {
        ApprovalSubject::ToolCall { effects, .. } => effects.iter().all(|effect| match effect {
            Effect::Run { command, .. } => approval.title.contains(command.as_str()),
            _ => true,
        }),
        ApprovalSubject::Budget { .. } => true,
        ApprovalSubject::Changes { .. }
        | ApprovalSubject::Plan { .. }
        | ApprovalSubject::Questions { .. } => false,
    }
}

/// The names of the documents that a command would not see as the agent left them.
fn unsaved(approval: &Approval) -> Vec<String> {
    match &approval.subject {
        ApprovalSubject::ToolCall { unsaved, .. } => {
            let names = unsaved.iter().filter_map(|path| path.file_name());
            names.map(printable).collect()
        }
        _ => Vec::new(),
    }
}

/// A question of the agent as a message: no choice means to answer it in the chat document. The
/// choices are only there if all of it can be read.
pub(super) fn of_agent(question: &Question, number: u64) -> Message<Option<String>> {
    let number = format!("[Coworker {number}]");
    let asked = printable(&question.text);
    let text = format!("{asked} {number}");
    let mut buttons = vec![("Answer in the chat".to_owned(), None)];
    let choices = question.choices.iter().map(|choice| (printable(&choice.label), choice));
    let choices: Vec<_> = choices.collect();
    let distinct: HashSet<&str> = choices.iter().map(|(label, _)| label.as_str()).collect();
    let fits = text.chars().count() <= MESSAGE_LIMIT;
    if !fits || distinct.len() < choices.len() || choices.len() > BUTTON_LIMIT {
        let short = shortened(&asked, MESSAGE_LIMIT - number.len() - 1);
        return Message { text: format!("{short} {number}"), buttons };
    }
    buttons.extend(choices.into_iter().map(|(label, choice)| (label, Some(choice.label.clone()))));
    Message { text, buttons }
}

/// A question as a line of a menu, which says so where it does not show everything.
pub(super) fn title(approval: &Approval) -> String {
    let title = printable(&approval.title);
    let is_call = matches!(approval.subject, ApprovalSubject::ToolCall { .. });
    if title.chars().count() <= TITLE_LIMIT && (!is_call || is_told_by_title(approval)) {
        return title;
    }
    format!("{} (shown whole in the chat)", shortened(&title, TITLE_LIMIT))
}

/// The text with everything visible that would not be, in one line.
pub(super) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if is_hidden(c) { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}

fn shortened(text: &str, limit: usize) -> String {
    if text.chars().count() <= limit {
        return text.to_owned();
    }
    text.chars().take(limit - 1).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use protocol::{AbsPath, ApprovalOption, ItemId};

    use super::*;

    fn approval(command: &str, subject: Option<ApprovalSubject>) -> Approval {
        let folder = AbsPath::new("/project").unwrap();
        let effects = vec![Effect::Run { command: command.into(), folder }];
        let item_id = ItemId::from("i");
        let option = |decision, label: &str| ApprovalOption {
            decision,
            label: label.into(),
            rules: Vec::new(),
        };
        Approval {
            title: format!("Run {command}"),
            subject: subject.unwrap_or(ApprovalSubject::ToolCall {
                item_id,
                effects,
                unsaved: Vec::new(),
            }),
            why: "every command is asked for".into(),
            options: vec![option(Decision::Once, "Allow"), option(Decision::Reject, "Reject")],
            answer: None,
        }
    }

    #[test]
    fn a_short_command_is_shown_whole_and_the_safe_answer_comes_first() {
        let message = message(&approval("cargo test\u{7}", None), 3);
        let text = "Run cargo test\\u{7} (every command is asked for) [Coworker 3]";
        assert_eq!(message.text, text);
        let buttons = [
            ("Reject".to_owned(), Some(Decision::Reject)),
            ("Allow".to_owned(), Some(Decision::Once)),
        ];
        assert_eq!(message.buttons, buttons);
    }

    #[test]
    fn what_is_not_saved_is_named_before_a_command() {
        let mut approval = approval("make", None);
        if let ApprovalSubject::ToolCall { unsaved, .. } = &mut approval.subject {
            unsaved.push(AbsPath::new("/project/src/a.rs").unwrap());
        }
        let message = message(&approval, 1);
        assert!(message.text.contains("; not saved: a.rs)"), "{}", message.text);
    }

    #[test]
    fn choices_are_offered_only_with_the_whole_question() {
        let choice =
            |label: &str| protocol::Choice { label: label.into(), description: String::new() };
        let question = |text: String, labels: &[&str]| Question {
            text,
            heading: String::new(),
            choices: labels.iter().map(|label| choice(label)).collect(),
            multiple: false,
        };
        let labels = |question: &Question| {
            let Message { text, buttons } = of_agent(question, 1);
            assert!(text.chars().count() <= MESSAGE_LIMIT, "{text}");
            buttons.into_iter().map(|(label, _)| label).collect::<Vec<_>>()
        };
        let in_chat = "Answer in the chat";
        assert_eq!(labels(&question("Which?".into(), &["A", "B"])), [in_chat, "A", "B"]);
        assert_eq!(labels(&question("x".repeat(400), &["A", "B"])), [in_chat]);
        assert_eq!(labels(&question("Which?".into(), &["A", "A"])), [in_chat]);
    }

    #[test]
    fn a_command_that_is_not_shown_whole_cannot_be_allowed_there() {
        let message = message(&approval(&"x".repeat(400), None), 3);
        assert!(message.text.chars().count() <= MESSAGE_LIMIT, "{}", message.text);
        let decisions: Vec<_> = message.buttons.iter().map(|(_, decision)| *decision).collect();
        assert_eq!(decisions, [Some(Decision::Reject), None]);
    }

    #[test]
    fn changes_cannot_be_approved_where_none_of_them_is_shown() {
        let subject = ApprovalSubject::Changes { item_id: ItemId::from("c") };
        let message = message(&approval("", Some(subject)), 1);
        let decisions: Vec<_> = message.buttons.iter().map(|(_, decision)| *decision).collect();
        assert_eq!(decisions, [Some(Decision::Reject), None]);
    }

    #[test]
    fn a_menu_says_when_it_does_not_show_everything() {
        assert_eq!(title(&approval("cargo test", None)), "Run cargo test");
        let cut = title(&approval(&"x".repeat(400), None));
        assert!(cut.ends_with("x… (shown whole in the chat)"), "{cut}");
    }

    #[test]
    fn nothing_hides_in_a_text() {
        assert_eq!(printable("a\u{202e}b\r\n\u{1b}[2Kü🦀"), "a\\u{202e}b\\r\\n\\u{1b}[2Kü🦀");
        assert_eq!(printable("a\u{2800}b\u{1d173}c"), "a\\u{2800}b\\u{1d173}c");
    }
}
