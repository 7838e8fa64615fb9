//! A question on the terminal: everything it is about, and what can be typed.

use protocol::{AbsPath, Answer, Approval, ApprovalSubject, Decision, Effect};

use super::style::{Style, exposed};

/// Who answers here, for the journal.
pub const NAME: &str = "the command line";

/// The question in full. A change set or a plan was shown before it.
pub fn show(style: Style, approval: &Approval, root: &AbsPath) -> String {
    let mut text = format!("{} {}\n", style.yellow("?"), style.bold(&exposed(&approval.title)));
    text += &style.dim(&format!("  {}\n", exposed(&approval.why)));
    if let ApprovalSubject::ToolCall { effects, .. } = &approval.subject {
        for effect in effects {
            text += &show_effect(style, effect, root);
        }
    }
    text
}

fn show_effect(style: Style, effect: &Effect, root: &AbsPath) -> String {
    match effect {
        Effect::Run { command, folder } => {
            let mut text = String::new();
            for (number, line) in exposed(command).lines().enumerate() {
                let sign = if number == 0 { "$" } else { "·" };
                text += &format!("    {} {}\n", style.dim(sign), style.cyan(line));
            }
            if folder != root {
                text += &style.dim(&format!("    in {}\n", exposed(folder.as_str())));
            }
            text
        }
        Effect::Read { path } => format!("    reads {}\n", exposed(path.as_str())),
        Effect::Write { path } => format!("    writes {}\n", exposed(path.as_str())),
        Effect::SubmitPlan => String::new(),
        other => format!("    {}\n", exposed(&format!("{other:?}"))),
    }
}

/// The line that says what can be typed; the cursor stays behind it.
pub fn choices(style: Style, approval: &Approval) -> String {
    let mut text = String::new();
    for option in &approval.options {
        if let Some(key) = key(option.decision) {
            let key = style.bold(&format!("[{key}]"));
            text += &format!("  {key} {}\n", exposed(&option.label));
        }
    }
    text + &style.dim("  A reason for the model may follow the n.") + " > "
}

/// Throws away what was typed before the question stood on the screen: it is no answer to it.
pub fn forget_typed() {
    #[cfg(unix)]
    {
        use rustix::termios::{QueueSelector, tcflush};
        // Where there is no terminal there is nothing to forget.
        let _ = tcflush(std::io::stdin(), QueueSelector::IFlush);
    }
}

/// What a typed line means; none if it is no answer to this question. An empty line never is.
pub fn read(line: &str, approval: &Approval) -> Option<Answer> {
    let line = line.trim();
    let (word, reason) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let word = word.to_lowercase();
    let decision = match word.as_str() {
        "no" => Decision::Reject,
        "yes" => Decision::Once,
        word => {
            let mut decisions = approval.options.iter().map(|option| option.decision);
            decisions.find(|it| key(*it).is_some_and(|key| word == String::from(key)))?
        }
    };
    let reason = reason.trim();
    let answer = Answer::new(decision, NAME);
    match (decision, reason) {
        (_, "") => Some(answer),
        (Decision::Reject, reason) => Some(answer.because(reason)),
        // Words after a yes may be a condition, and a condition is no yes.
        _ => None,
    }
}

/// What to say to a line that is no answer.
pub fn again(approval: &Approval) -> String {
    let keys = approval.options.iter().filter_map(|option| key(option.decision));
    let keys: Vec<String> = keys.map(String::from).collect();
    format!("  Please type one of these: {}. > ", keys.join(", "))
}

fn key(decision: Decision) -> Option<char> {
    match decision {
        Decision::Reject => Some('n'),
        Decision::Once => Some('y'),
        Decision::Session => Some('s'),
        Decision::Always => Some('a'),
        Decision::Withdrawn => None,
    }
}

#[cfg(test)]
mod tests {
    use protocol::{ApprovalOption, ItemId};

    use super::*;

    fn approval(command: &str, decisions: &[Decision]) -> Approval {
        let folder = AbsPath::new("/w").unwrap();
        let effects = vec![Effect::Run { command: command.into(), folder }];
        let option = |decision: &Decision| ApprovalOption {
            decision: *decision,
            label: format!("{decision:?}"),
            rules: Vec::new(),
        };
        Approval {
            title: "Run it".into(),
            subject: ApprovalSubject::ToolCall { item_id: ItemId::from("i"), effects },
            why: "It is asked for.".into(),
            options: decisions.iter().map(option).collect(),
            answer: None,
        }
    }

    #[test]
    fn the_whole_command_is_shown_and_nothing_in_it_hides() {
        let command = format!("echo {}\nrm -rf /\x1b[1A\x1b[2K", "x".repeat(5000));
        let question = approval(&command, &[Decision::Reject, Decision::Once]);
        let shown = show(Style::default(), &question, &AbsPath::new("/").unwrap());
        assert!(shown.contains(&format!("    $ echo {}\n", "x".repeat(5000))), "{shown}");
        assert!(shown.contains("    · rm -rf /\\u{1b}[1A\\u{1b}[2K\n"), "{shown}");
        assert!(shown.contains("in /w"), "{shown}");
    }

    #[test]
    fn what_is_typed_is_an_answer_only_if_it_is_clear() {
        let question = approval("ls", &[Decision::Reject, Decision::Once, Decision::Always]);
        let said = |line| read(line, &question).map(|it| (it.decision, it.reason));
        assert_eq!(said(" Y "), Some((Decision::Once, None)));
        assert_eq!(said("n"), Some((Decision::Reject, None)));
        assert_eq!(
            said("no  not that file "),
            Some((Decision::Reject, Some("not that file".into())))
        );
        assert_eq!(said("a"), Some((Decision::Always, None)));
        for unclear in ["", " ", "s", "w", "yep", "y if it is safe", "ny"] {
            assert_eq!(said(unclear), None, "{unclear:?}");
        }
    }
}
