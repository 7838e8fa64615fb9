//! A question on the terminal: everything it is about, and what can be typed.
//!
//! Approvals are answered by one letter. The agent's own questions are answered one after the
//! other, by numbers or words, and a change set may be decided hunk by hunk: [`Asked`] keeps what
//! has been answered until the answer is whole.

use engine::Proposal;
use protocol::{
    AbsPath, Answer, Approval, ApprovalSubject, Decision, Effect, ItemId, Question, QuestionAnswer,
};

use super::{
    choosing::{Choosing, Lines, Step},
    style::{Style, exposed},
};

/// Who answers here, for the journal.
pub const NAME: &str = "the command line";

/// What declines a question of the agent.
const NO_ANSWER: &str = "-";

/// What has a change set decided hunk by hunk.
const BY_HUNK: &str = "h";

/// A question that stands on the screen.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) id: ItemId,
    pub(super) approval: Approval,
    /// The agent's questions that have been answered.
    answers: Vec<QuestionAnswer>,
    /// The hunks, once they are decided one by one.
    choosing: Option<Choosing>,
}

/// What a typed line comes to.
#[derive(Debug, PartialEq)]
pub(super) enum Reply {
    /// The answer is whole; before it is sent this is shown.
    Answer(String, Answer),
    /// It is no answer, or there is another question: this is shown, and the next line counts.
    Ask(String),
    /// The hunks of this change set are to be decided one by one; [`Asked::choose`] takes them.
    Choose(ItemId),
    /// These lines are to be changed in an editor; [`Asked::edited`] takes what came of it.
    Edit(Lines),
}

impl Asked {
    pub(super) fn new(id: ItemId, approval: Approval) -> Self {
        Self { id, approval, answers: Vec::new(), choosing: None }
    }

    /// What can be typed; the cursor stays behind it.
    pub(super) fn prompt(&self, style: Style) -> String {
        match self.next() {
            Some(question) => show_question(style, question, &self.approval.title),
            None => {
                let by_hunk = self.change_set().map(|_| {
                    format!("  {} Decide hunk by hunk\n", style.bold(&format!("[{BY_HUNK}]")))
                });
                let left = match self.choosing.as_ref().map(Choosing::progress) {
                    Some((decided, all)) if decided > 0 => {
                        format!("  {decided} of {all} hunks are decided; this is about the rest.\n")
                    }
                    _ => String::new(),
                };
                left + &with_choices(style, &self.approval, &by_hunk.unwrap_or_default())
            }
        }
    }

    /// The change set that is asked about.
    fn change_set(&self) -> Option<&ItemId> {
        match &self.approval.subject {
            ApprovalSubject::Changes { item_id } => Some(item_id),
            _ => None,
        }
    }

    /// Takes the hunks that [`Reply::Choose`] asked for.
    pub(super) fn choose(&mut self, style: Style, files: Vec<Proposal>, root: &AbsPath) -> Reply {
        self.choosing = Choosing::new(files, root);
        match &self.choosing {
            Some(choosing) => Reply::Ask(choosing.show(style)),
            None => Reply::Ask(self.prompt(style)),
        }
    }

    /// Takes what came of [`Reply::Edit`]: the lines, or why there are none.
    pub(super) fn edited(&mut self, style: Style, lines: Result<String, String>) -> Reply {
        match &mut self.choosing {
            Some(choosing) => {
                let step = choosing.edited(style, lines);
                self.after(style, step)
            }
            None => Reply::Ask(self.prompt(style)),
        }
    }

    fn after(&self, style: Style, step: Step) -> Reply {
        match step {
            Step::Ask(text) => Reply::Ask(text),
            Step::Edit(lines) => Reply::Edit(lines),
            Step::Over(said) => match self.chosen() {
                Some(answer) => Reply::Answer(said, answer),
                None => Reply::Ask(said + &self.prompt(style)),
            },
        }
    }

    /// The answer, if every hunk is decided.
    fn chosen(&self) -> Option<Answer> {
        let choosing = self.choosing.as_ref().filter(|it| it.progress().0 == it.progress().1)?;
        let hunks = choosing.decisions(false, None);
        let any = hunks.iter().any(|decision| decision.accept);
        let decision = if any { Decision::Once } else { Decision::Reject };
        Some(Answer { hunks, ..Answer::new(decision, NAME) })
    }

    /// An answer on the whole, with what was decided about single hunks before.
    fn with_chosen(&self, answer: Answer) -> Answer {
        match self.choosing.as_ref().filter(|choosing| choosing.progress().0 > 0) {
            Some(choosing) => {
                let rest = choosing.decisions(answer.decision.allows(), answer.reason.as_ref());
                Answer { hunks: rest, ..answer }
            }
            None => answer,
        }
    }

    /// Takes a line about a tool call, a change set or a plan.
    fn hear_about(&mut self, style: Style, line: &str) -> Reply {
        if let Some(choosing) = self.choosing.as_mut().filter(|it| it.is_open()) {
            let step = choosing.hear(style, line);
            return self.after(style, step);
        }
        if let Some(id) = self.change_set().filter(|_| line.trim().eq_ignore_ascii_case(BY_HUNK)) {
            return match &self.choosing {
                Some(_) => self.resume(style),
                None => Reply::Choose(id.clone()),
            };
        }
        match read(line, &self.approval) {
            Some(answer) => Reply::Answer(String::new(), self.with_chosen(answer)),
            None => {
                let more = self.change_set().map(|_| BY_HUNK);
                Reply::Ask(again_with(&self.approval, more))
            }
        }
    }

    fn resume(&mut self, style: Style) -> Reply {
        let shown = self.choosing.as_mut().map(|choosing| choosing.resume(style));
        Reply::Ask(shown.unwrap_or_default())
    }

    /// Takes a line.
    pub(super) fn hear(&mut self, style: Style, line: &str) -> Reply {
        let Some(question) = self.next() else { return self.hear_about(style, line) };
        if line.trim() == NO_ANSWER {
            return Reply::Answer(String::new(), Answer::new(Decision::Reject, NAME));
        }
        match read_words(line, question) {
            Ok(answer) => self.answers.push(answer),
            Err(why) => return Reply::Ask(format!("  {why} > ")),
        }
        match self.next() {
            Some(question) => Reply::Ask(show_question(style, question, &self.approval.title)),
            None => {
                let answers = std::mem::take(&mut self.answers);
                let answer = Answer { answers, ..Answer::new(Decision::Once, NAME) };
                Reply::Answer(String::new(), answer)
            }
        }
    }

    /// The next question of the agent.
    fn next(&self) -> Option<&Question> {
        match &self.approval.subject {
            ApprovalSubject::Questions { questions, .. } => questions.get(self.answers.len()),
            _ => None,
        }
    }
}

/// Whether only words can answer it, so that no general permission does.
pub(super) fn wants_words(approval: &Approval) -> bool {
    matches!(approval.subject, ApprovalSubject::Questions { .. })
}

/// Whether nobody can say yes to it beforehand.
pub(super) fn is_for_a_person(approval: &Approval) -> bool {
    wants_words(approval) || matches!(approval.subject, ApprovalSubject::Budget { .. })
}

/// The question in full. A change set or a plan was shown before it.
pub fn show(style: Style, approval: &Approval, root: &AbsPath) -> String {
    let mut text = format!("{} {}\n", style.yellow("?"), style.bold(&exposed(&approval.title)));
    text += &style.dim(&format!("  {}\n", exposed(&approval.why)));
    if let ApprovalSubject::ToolCall { effects, unsaved, .. } = &approval.subject {
        for effect in effects {
            text += &show_effect(style, effect, root);
        }
        for path in unsaved {
            let path = exposed(path.as_str());
            text += &style.yellow(&format!("    does not see the unsaved edits of {path}\n"));
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
        Effect::SubmitPlan => String::new(),
        effect => format!("    {}\n", in_words(effect)),
    }
}

/// An effect in words, all of it.
fn in_words(effect: &Effect) -> String {
    let path = |path: &AbsPath| exposed(path.as_str());
    match effect {
        Effect::Read { path: it } => format!("reads {}", path(it)),
        Effect::Write { path: it } => format!("writes {}", path(it)),
        Effect::Delete { path: it } => format!("deletes {}", path(it)),
        Effect::Move { from, to } => format!("moves {} to {}", path(from), path(to)),
        Effect::Run { command, folder } => {
            format!("runs in {}: {}", path(folder), exposed(command))
        }
        other => exposed(&format!("{other:?}")),
    }
}

/// The line that says what can be typed; the cursor stays behind it.
pub fn choices(style: Style, approval: &Approval) -> String {
    with_choices(style, approval, "")
}

/// The same with more that can be typed, in lines of its own.
fn with_choices(style: Style, approval: &Approval, more: &str) -> String {
    let mut text = String::new();
    for option in &approval.options {
        if let Some(key) = key(option.decision) {
            let key = style.bold(&format!("[{key}]"));
            text += &format!("  {key} {}\n", exposed(&option.label));
        }
    }
    text += more;
    text += &style.dim(&remembered(approval));
    text + &style.dim("  A reason for the model may follow the n.") + " > "
}

/// The exact rules that answers would add, each set of them once.
fn remembered(approval: &Approval) -> String {
    let mut sets: Vec<(String, String)> = Vec::new();
    for option in &approval.options {
        let Some(key) = key(option.decision).filter(|_| !option.rules.is_empty()) else { continue };
        let rule = |rule: &protocol::Rule| in_words(&rule.allow).replace('\n', "\n      · ");
        let rules = option.rules.iter().map(|it| format!("      {}\n", rule(it))).collect();
        match sets.iter_mut().find(|(_, known)| *known == rules) {
            Some((keys, _)) => *keys += &format!(" and {key}"),
            None => sets.push((key.to_string(), rules)),
        }
    }
    let set = |(keys, rules)| format!("  Not asked again after {keys}:\n{rules}");
    sets.into_iter().map(set).collect()
}

/// A question of the agent with its choices. A title that says the same stands above it already.
fn show_question(style: Style, question: &Question, title: &str) -> String {
    let mut text = match question.text == title {
        true => String::new(),
        false => format!("  {}\n", style.bold(&exposed(&question.text))),
    };
    for (number, choice) in (1..).zip(&question.choices) {
        let mut line =
            format!("    {} {}", style.bold(&format!("[{number}]")), exposed(&choice.label));
        if !choice.description.is_empty() {
            line += &style.dim(&format!(": {}", exposed(&choice.description)));
        }
        text += &(line + "\n");
    }
    let way = match (question.choices.is_empty(), question.multiple) {
        (true, _) => "Type an answer",
        (false, false) => "Type a number, or an answer of your own",
        (false, true) => "Type numbers, or an answer of your own",
    };
    text + &style.dim(&format!("  {way}; {NO_ANSWER} for none.")) + " > "
}

/// What a line says to a question of the agent, or why it says nothing.
fn read_words(line: &str, question: &Question) -> Result<QuestionAnswer, String> {
    let line = line.trim();
    if line.is_empty() {
        return Err(format!("Please type an answer, or {NO_ANSWER} for none."));
    }
    let numbers: Option<Vec<usize>> = match question.choices.is_empty() {
        true => None,
        false => line
            .split([',', ' '])
            .filter(|part| !part.is_empty())
            .map(|part| part.parse().ok())
            .collect(),
    };
    let Some(numbers) = numbers else {
        return Ok(QuestionAnswer { chosen: Vec::new(), text: Some(line.to_owned()) });
    };
    if numbers.len() > 1 && !question.multiple {
        return Err("Please choose one.".to_owned());
    }
    let mut chosen: Vec<String> = Vec::new();
    for number in numbers {
        let choice = number.checked_sub(1).and_then(|index| question.choices.get(index));
        let Some(choice) = choice else {
            return Err(format!(
                "There is no {number}; please type 1 to {}.",
                question.choices.len()
            ));
        };
        if !chosen.contains(&choice.label) {
            chosen.push(choice.label.clone());
        }
    }
    Ok(QuestionAnswer { chosen, text: None })
}

/// Throws away what was typed before the question stood on the screen: it is no answer to it.
pub fn forget_typed() {
    #[cfg(unix)]
    {
        use rustix::termios::{QueueSelector, tcflush};
        // Where there is no terminal there is nothing to forget.
        let _ = tcflush(std::io::stdout(), QueueSelector::IFlush);
    }
}

/// What a typed line means; none if it is no answer to this question. An empty line never is.
pub fn read(line: &str, approval: &Approval) -> Option<Answer> {
    let line = line.trim();
    let (word, reason) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let word = word.to_lowercase();
    let mut decisions = approval.options.iter().map(|option| option.decision);
    let decision = decisions.find(|it| {
        key(*it).is_some_and(|key| word == String::from(key)) || in_full(*it) == Some(&*word)
    })?;
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
    again_with(approval, None)
}

fn again_with(approval: &Approval, more: Option<&str>) -> String {
    let keys = approval.options.iter().filter_map(|option| key(option.decision));
    let keys: Vec<String> = keys.map(String::from).chain(more.map(str::to_owned)).collect();
    format!("  Please type one of these: {}. > ", keys.join(", "))
}

/// The word that a key is the first letter of, for those who type it in full.
fn in_full(decision: Decision) -> Option<&'static str> {
    match decision {
        Decision::Reject => Some("no"),
        Decision::Once => Some("yes"),
        Decision::Session => Some("session"),
        Decision::Always => Some("always"),
        Decision::SaveAndRun | Decision::Withdrawn => None,
    }
}

fn key(decision: Decision) -> Option<char> {
    match decision {
        Decision::Reject => Some('n'),
        Decision::Once => Some('y'),
        Decision::SaveAndRun => Some('w'),
        Decision::Session => Some('s'),
        Decision::Always => Some('a'),
        Decision::Withdrawn => None,
    }
}

#[cfg(test)]
mod tests {
    use protocol::{ApprovalOption, Choice, Rule};

    use super::*;

    fn run(command: &str) -> Effect {
        Effect::Run { command: command.into(), folder: AbsPath::new("/w").unwrap() }
    }

    fn approval(command: &str, decisions: &[Decision]) -> Approval {
        let option = |decision: &Decision| ApprovalOption {
            decision: *decision,
            label: format!("{decision:?}"),
            rules: match decision {
                Decision::Session | Decision::Always => vec![Rule { allow: run(command) }],
                _ => Vec::new(),
            },
        };
        let effects = vec![run(command)];
        Approval {
            title: "Run it".into(),
            subject: ApprovalSubject::ToolCall {
                item_id: ItemId::from("i"),
                effects,
                unsaved: Vec::new(),
            },
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
    fn what_would_be_remembered_is_shown_exactly_and_once() {
        use Decision::{Always, Once, Reject, Session};
        let question = approval("make\u{202e} a\nb", &[Reject, Once, Session, Always]);
        let shown = choices(Style::default(), &question);
        let rule =
            "  Not asked again after s and a:\n      runs in /w: make\\u{202e} a\n      · b\n";
        assert!(shown.contains(rule), "{shown}");
        assert!(!choices(Style::default(), &approval("x", &[Reject, Once])).contains("Not asked"));
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
        assert_eq!(said("always"), Some((Decision::Always, None)));
        for unclear in ["", " ", "s", "session", "w", "yep", "y if it is safe", "ny"] {
            assert_eq!(said(unclear), None, "{unclear:?}");
        }
    }

    #[test]
    fn questions_of_the_agent_are_answered_one_by_one() {
        let choice = |label: &str| Choice { label: label.into(), description: "why".into() };
        let question = |text: &str, labels: &[&str], multiple| Question {
            text: text.into(),
            heading: String::new(),
            choices: labels.iter().map(|label| choice(label)).collect(),
            multiple,
        };
        let questions = vec![
            question("Which store?", &["SQLite", "Postgres"], false),
            question("Which parts?", &["a", "b", "c"], true),
            question("What name?", &[], false),
        ];
        let item_id = ItemId::from("i");
        let subject = ApprovalSubject::Questions { item_id: item_id.clone(), questions };
        let approval = Approval { subject, ..approval("", &[Decision::Reject, Decision::Once]) };
        let mut asked = Asked::new(item_id, approval);
        let style = Style::default();
        assert!(asked.prompt(style).contains("[2] Postgres: why\n"));
        let mut hear = |line| match asked.hear(style, line) {
            Reply::Ask(text) => text,
            Reply::Answer(_, answer) => format!("{:?} {:?}", answer.decision, answer.answers),
            other => format!("{other:?}"),
        };
        assert!(hear("").contains("Please type an answer"));
        assert!(hear("3").contains("There is no 3; please type 1 to 2"));
        assert!(hear("1 2").contains("Please choose one"));
        assert!(hear("2").contains("Which parts?"));
        assert!(hear("1, 3,1").contains("What name?"));
        let answer = hear("no 7");
        assert_eq!(
            answer,
            "Once [QuestionAnswer { chosen: [\"Postgres\"], text: None }, \
             QuestionAnswer { chosen: [\"a\", \"c\"], text: None }, \
             QuestionAnswer { chosen: [], text: Some(\"no 7\") }]"
        );
        assert!(hear(NO_ANSWER).starts_with("Reject"));
    }
}
