//! A session as it scrolls by: updates in, text for the terminal out.
//!
//! It writes nothing itself and decides nothing; given the same updates it says the same words.
//! Text streams; everything else is shown once, when it is whole.

use std::collections::HashMap;

use protocol::{
    Approval, ChangeSet, Effect, ErrorCode, FileChange, HunkDecision, Item, ItemBody, ItemId,
    Notice, NoticeLevel, Plan, QuestionAnswer, SyntaxError, Todo, TodoStatus, ToolCall,
    ToolCallStatus, Update,
};

use super::{
    question::NAME,
    style::{Style, exposed, printable},
};

/// How many lines of a command's output are shown, its last.
const OUTPUT_LINES: usize = 8;

/// What to write where.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// For standard output.
    pub out: String,
    /// For standard error: what the user should know even if the output goes elsewhere.
    pub err: String,
}

/// What has been shown of a session.
pub struct View {
    style: Style,
    /// The style of what goes to standard error.
    errors: Style,
    /// How much of each open text has been shown, in bytes.
    texts: HashMap<ItemId, (Kind, usize)>,
    /// The text that goes on if more of it comes.
    streaming: Option<ItemId>,
    last: Option<Kind>,
    mid_line: bool,
    todos: Vec<Todo>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Message,
    Reasoning,
    Call,
    Other,
}

impl View {
    /// Nothing shown yet.
    pub fn new(style: Style) -> Self {
        Self {
            style,
            errors: style,
            texts: HashMap::new(),
            streaming: None,
            last: None,
            mid_line: false,
            todos: Vec::new(),
        }
    }

    /// The same with another style for standard error.
    pub(super) fn with_errors(self, errors: Style) -> Self {
        Self { errors, ..self }
    }

    /// Whether the output stands in the middle of a line.
    pub(super) fn is_mid_line(&self) -> bool {
        self.mid_line
    }

    /// What this update is to be shown as.
    pub fn take(&mut self, update: &Update) -> Shown {
        let mut err = String::new();
        let out = match update {
            Update::ItemStarted { item } | Update::ItemEnded { item } if item.aside => {
                String::new()
            }
            Update::ItemStarted { item } => self.started(item),
            Update::ItemEnded { item } => match &item.body {
                ItemBody::Notice(notice) => {
                    err = self.notice(notice);
                    self.close_line()
                }
                ItemBody::Compaction(compaction) => {
                    let (level, text) = (NoticeLevel::Info, compaction.sentence());
                    err = self.notice(&Notice { level, code: None, text });
                    self.close_line()
                }
                _ => self.ended(item),
            },
            Update::Delta { item_id, offset, text } => self.text(item_id, *offset, text),
            _ => String::new(),
        };
        Shown { out, err }
    }

    /// Something of one's own between the items, a question for instance.
    pub fn aside(&mut self, text: &str) -> String {
        self.block(Kind::Other, text.to_owned())
    }

    fn started(&mut self, item: &Item) -> String {
        match &item.body {
            ItemBody::AgentMessage { text } => self.text_started(item, Kind::Message, text),
            ItemBody::Reasoning { text, .. } => self.text_started(item, Kind::Reasoning, text),
            ItemBody::ChangeSet(set) => self.change_set(set),
            ItemBody::Plan(plan) => self.plan(plan),
            _ => String::new(),
        }
    }

    fn ended(&mut self, item: &Item) -> String {
        match &item.body {
            ItemBody::AgentMessage { text } => self.text_ended(item, Kind::Message, text),
            ItemBody::Reasoning { text, .. } => self.text_ended(item, Kind::Reasoning, text),
            ItemBody::ToolCall(call) => self.call(call),
            ItemBody::Todos { todos } => self.todos(todos),
            ItemBody::Approval(approval) => self.answer(approval),
            _ => String::new(),
        }
    }

    fn text_started(&mut self, item: &Item, kind: Kind, text: &str) -> String {
        self.texts.insert(item.id.clone(), (kind, 0));
        self.text(&item.id, 0, text)
    }

    /// Text that was left out on the way comes with the end of its item.
    fn text_ended(&mut self, item: &Item, kind: Kind, text: &str) -> String {
        self.texts.entry(item.id.clone()).or_insert((kind, 0));
        let rest = self.text(&item.id, 0, text);
        self.texts.remove(&item.id);
        rest + &self.close_line()
    }

    fn text(&mut self, id: &ItemId, offset: usize, text: &str) -> String {
        let Some((kind, shown)) = self.texts.get_mut(id) else { return String::new() };
        let new = shown.checked_sub(offset).and_then(|seen| text.get(seen..)).unwrap_or_default();
        if new.is_empty() {
            return String::new();
        }
        *shown += new.len();
        let kind = *kind;
        let text = match kind {
            Kind::Reasoning => self.style.dim(&printable(new)),
            _ => printable(new),
        };
        let goes_on = self.streaming.as_ref() == Some(id);
        let gap = if goes_on { String::new() } else { self.gap(kind) };
        self.streaming = Some(id.clone());
        self.mid_line = !new.ends_with('\n');
        gap + &text
    }

    fn call(&mut self, call: &ToolCall) -> String {
        let (sign, done) = match call.status {
            ToolCallStatus::Completed => (self.style.green("✓"), true),
            ToolCallStatus::Rejected => (self.style.yellow("⊘"), false),
            ToolCallStatus::Cancelled | ToolCallStatus::Interrupted => {
                (self.style.yellow("■"), false)
            }
            _ => (self.style.red("✗"), false),
        };
        // What has no effect outside of the session is shown by what it did in it.
        let internal = matches!(call.effects.as_slice(), [] | [Effect::SubmitPlan]);
        if done && internal {
            return String::new();
        }
        let mut line = format!("{sign} {}", one_line(&call.title));
        let runs = call.effects.iter().any(|effect| matches!(effect, Effect::Run { .. }));
        let (output, error) = match &call.output {
            Some(output) => (output.text.as_str(), output.error),
            None => ("", None),
        };
        // That the user said no stands above, in the answer.
        let refused = error == Some(ErrorCode::Rejected);
        if !done && !refused && (!runs || error == Some(ErrorCode::Denied)) {
            line += &self.style.dim(&format!(": {}", one_line(output)));
        }
        line.push('\n');
        if runs && call.status != ToolCallStatus::Rejected {
            line += &self.tail(output);
        }
        self.block(Kind::Call, line)
    }

    fn tail(&self, output: &str) -> String {
        let output = printable(output);
        let lines: Vec<&str> = output.lines().collect();
        let hidden = lines.len().saturating_sub(OUTPUT_LINES);
        let mut text = String::new();
        if hidden > 0 {
            let lines = if hidden == 1 { "line" } else { "lines" };
            text += &format!("    … {hidden} {lines} before these\n");
        }
        for line in &lines[hidden..] {
            text += &format!("    {line}\n");
        }
        self.style.dim(&text)
    }

    fn todos(&mut self, todos: &[Todo]) -> String {
        if todos == self.todos {
            return String::new();
        }
        self.todos = todos.to_vec();
        let mut text = String::new();
        for todo in todos {
            let line = match todo.status {
                TodoStatus::Completed => {
                    format!(
                        "{} {}",
                        self.style.green("✓"),
                        self.style.dim(&one_line(&todo.content))
                    )
                }
                TodoStatus::InProgress => {
                    format!(
                        "{} {}",
                        self.style.cyan("▸"),
                        self.style.bold(&one_line(&todo.active_form))
                    )
                }
                TodoStatus::Pending => format!("○ {}", one_line(&todo.content)),
            };
            text += &format!("  {line}\n");
        }
        self.block(Kind::Other, text)
    }

    fn plan(&mut self, plan: &Plan) -> String {
        let mut text = format!("{} {}\n", self.style.bold("Plan:"), exposed(&plan.summary));
        for (number, step) in (1..).zip(&plan.steps) {
            text += &format!("  {number}. {}\n", exposed(step));
        }
        self.block(Kind::Other, text)
    }

    fn change_set(&mut self, set: &ChangeSet) -> String {
        let files: String = set.files.iter().map(|file| self.file_change(file)).collect();
        self.block(Kind::Other, files)
    }

    fn file_change(&self, file: &FileChange) -> String {
        let mut text: String =
            reasons(file).into_iter().map(|reason| why(self.style, Some(reason))).collect();
        text += &self.style.diff(&file.diff);
        if let Some(to) = &file.to {
            let (from, to) = (exposed(file.path.as_str()), exposed(to.as_str()));
            text += &self.style.bold(&format!("{from} → {to}\n"));
        }
        for SyntaxError { line, column, message } in &file.syntax_errors {
            let place = format!("{}:{line}:{column}", exposed(file.path.as_str()));
            let fault = format!("! new syntax error at {place}: {}\n", exposed(message));
            text += &self.style.yellow(&fault);
        }
        text
    }

    fn answer(&mut self, approval: &Approval) -> String {
        let Some(answer) = &approval.answer else { return String::new() };
        let chosen = approval.options.iter().find(|option| option.decision == answer.decision);
        let Some(option) = chosen else { return self.close_line() };
        let label = one_line(&option.label);
        let label = if answer.decision.allows() {
            self.style.green(&label)
        } else {
            self.style.yellow(&label)
        };
        let reason = answer.reason.as_deref().map(|it| format!(": {}", one_line(it)));
        // Who typed it here knows that.
        let by = match answer.by.as_str() {
            NAME => String::new(),
            by => format!(" ({})", one_line(by)),
        };
        let mut line = format!("→ {label}{}{}\n", reason.unwrap_or_default(), self.style.dim(&by));
        if !answer.hunks.is_empty() {
            line = format!("→ {}{}\n", counted(&answer.hunks), self.style.dim(&by));
        }
        if !answer.answers.is_empty() {
            line = answer.answers.iter().map(|it| format!("→ {}\n", said(it))).collect();
        }
        // It belongs to the question above it.
        let closed = self.close_line();
        self.last = Some(Kind::Other);
        closed + &line
    }

    fn notice(&self, notice: &Notice) -> String {
        let text = printable(&notice.text);
        match notice.level {
            NoticeLevel::Info => format!("{text}\n"),
            NoticeLevel::Warning => format!("{}\n", self.errors.yellow(&text)),
            NoticeLevel::Error => format!("{}\n", self.errors.red(&text)),
        }
    }

    /// A block of whole lines. Blocks of different kinds are parted by a blank line.
    fn block(&mut self, kind: Kind, lines: String) -> String {
        if lines.is_empty() {
            return lines;
        }
        let gap = self.gap(kind);
        self.mid_line = !lines.ends_with('\n');
        gap + &lines
    }

    fn gap(&mut self, kind: Kind) -> String {
        let mut gap = self.close_line();
        if self.last.is_some_and(|last| last != kind || kind != Kind::Call) {
            gap.push('\n');
        }
        self.last = Some(kind);
        gap
    }

    fn close_line(&mut self) -> String {
        self.streaming = None;
        if std::mem::take(&mut self.mid_line) { "\n".to_owned() } else { String::new() }
    }
}

/// The reasons that the model gave for its hunks in a file, each once.
pub(super) fn reasons(file: &FileChange) -> Vec<&str> {
    let mut reasons: Vec<&str> = Vec::new();
    for reason in file.hunks.iter().filter_map(|hunk| hunk.reason.as_deref()) {
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons
}

/// The line that says why, above what it is about.
pub(super) fn why(style: Style, reason: Option<&str>) -> String {
    reason.map(|it| style.cyan(&format!("Why: {}\n", one_line(it)))).unwrap_or_default()
}

/// How many hunks were decided in which way.
fn counted(decisions: &[HunkDecision]) -> String {
    let accepted = decisions.iter().filter(|it| it.accept).count();
    let edited = decisions.iter().filter(|it| it.accept && it.text.is_some()).count();
    let edited = if edited == 0 { String::new() } else { format!(" ({edited} of them edited)") };
    let hunks = if decisions.len() == 1 { "hunk" } else { "hunks" };
    match decisions.len() {
        all if all == accepted => format!("{all} {hunks} accepted{edited}"),
        all if accepted == 0 => format!("{all} {hunks} rejected"),
        all => {
            let rejected = all - accepted;
            format!("{accepted} of {all} {hunks} accepted{edited}, {rejected} rejected")
        }
    }
}

/// What the user answered to a question of the agent.
pub(super) fn said(answer: &QuestionAnswer) -> String {
    let chosen = answer.chosen.iter().chain(&answer.text);
    exposed(&chosen.map(String::as_str).collect::<Vec<_>>().join(", "))
}

/// The first line of a text; that there are more is shown.
pub(super) fn one_line(text: &str) -> String {
    let mut lines = text.trim().lines();
    let first = exposed(lines.next().unwrap_or_default());
    if lines.next().is_some() { first + " …" } else { first }
}

#[cfg(test)]
mod tests {
    use protocol::{ToolOutput, TurnId};
    use serde_json::Value;

    use super::*;

    fn item(id: &str, body: ItemBody) -> Item {
        Item { id: ItemId::from(id), turn_id: TurnId::from("t"), at: 0, aside: false, body }
    }

    fn message(text: &str) -> Item {
        item("m", ItemBody::AgentMessage { text: text.into() })
    }

    fn delta(offset: usize, text: &str) -> Update {
        Update::Delta { item_id: ItemId::from("m"), offset, text: text.into() }
    }

    fn call(id: &str, status: ToolCallStatus, effect: Effect, output: &str) -> Update {
        let error = (status == ToolCallStatus::Rejected).then_some(ErrorCode::Rejected);
        let call = ToolCall {
            call_id: id.into(),
            step: 1,
            name: "tool".into(),
            title: format!("Do {id}"),
            input: Value::Null,
            status,
            effects: vec![effect],
            provider_data: None,
            output: Some(ToolOutput { error, ..ToolOutput::text(output) }),
        };
        Update::ItemEnded { item: item(id, ItemBody::ToolCall(call)) }
    }

    fn shown(updates: &[Update]) -> String {
        let mut view = View::new(Style::default());
        updates.iter().map(|update| view.take(update).out).collect()
    }

    #[test]
    fn text_is_shown_once_however_it_comes() {
        let whole = "# One\n\ntwo ü three\n";
        let end = Update::ItemEnded { item: message(whole) };
        let begin = Update::ItemStarted { item: message("") };
        let (first, rest) = whole.split_at(7);
        let ways = [
            vec![begin.clone(), delta(0, whole), end.clone()],
            vec![begin.clone(), delta(0, first), delta(7, rest), end.clone()],
            vec![begin.clone(), delta(0, first), delta(3, &whole[3..]), end.clone()],
            vec![begin.clone(), delta(7, rest), end.clone()],
            vec![begin, end.clone()],
            vec![end],
        ];
        for way in ways {
            assert_eq!(shown(&way), whole);
        }
    }

    #[test]
    fn what_a_model_says_cannot_command_the_terminal() {
        let text = shown(&[Update::ItemEnded { item: message("a\x1b[1A\x1b[2K? Allow\rb") }]);
        assert_eq!(text, "a\\u{1b}[1A\\u{1b}[2K? Allow\\rb\n");
    }

    #[test]
    fn calls_stand_in_one_line_each_and_failures_say_why() {
        let path = protocol::AbsPath::new("/w/a").unwrap();
        let read = Effect::Read { path };
        let text = shown(&[
            call("one", ToolCallStatus::Completed, read.clone(), "text"),
            call("two", ToolCallStatus::Failed, read.clone(), "it is missing\nmore"),
            call("three", ToolCallStatus::Rejected, read, "no"),
        ]);
        assert_eq!(text, "✓ Do one\n✗ Do two: it is missing …\n⊘ Do three\n");
    }

    #[test]
    fn of_a_command_the_last_lines_are_shown() {
        let folder = protocol::AbsPath::new("/w").unwrap();
        let run = Effect::Run { command: "x".into(), folder };
        let output: String = (1..=10).map(|number| format!("{number}\n")).collect();
        let text = shown(&[call("it", ToolCallStatus::Completed, run, &output)]);
        assert!(text.starts_with("✓ Do it\n    … 2 lines before these\n    3\n"), "{text}");
        assert!(text.ends_with("    10\n"), "{text}");
    }

    #[test]
    fn a_todo_list_is_shown_when_it_changes() {
        let todos = |status| {
            let todo = |content: &str, status| Todo {
                content: content.into(),
                active_form: format!("{content}ing"),
                status,
            };
            let todos = vec![todo("Read", TodoStatus::Completed), todo("Test", status)];
            Update::ItemEnded { item: item("t", ItemBody::Todos { todos }) }
        };
        let (doing, done) = (todos(TodoStatus::InProgress), todos(TodoStatus::Completed));
        let text = shown(&[doing.clone(), doing, done]);
        assert_eq!(text, "  ✓ Read\n  ▸ Testing\n\n  ✓ Read\n  ✓ Test\n");
    }

    #[test]
    fn a_change_set_says_why_above_the_diff_and_an_answer_counts_its_hunks() {
        let hunk = |id: &str, reason: Option<&str>| {
            serde_json::json!({
                "id": id, "itemId": "call", "replacements": [], "reason": reason,
                "state": {"kind": "pending"},
            })
        };
        let set = serde_json::json!({"files": [{
            "path": "/w/a.txt", "kind": "edit", "diff": "--- a/a.txt\n+++ b/a.txt\n-old\n+new\n",
            "hunks": [hunk("1", Some("It is\u{202e} new.")), hunk("2", None),
                hunk("3", Some("It is\u{202e} new.")), hunk("4", Some("And more."))],
        }]});
        let set: ChangeSet = serde_json::from_value(set).unwrap();
        let text = shown(&[Update::ItemStarted { item: item("c", ItemBody::ChangeSet(set)) }]);
        let expected = "Why: It is\\u{202e} new.\nWhy: And more.\n--- a/a.txt\n";
        assert!(text.starts_with(expected), "{text}");

        let decision = |accept, text: Option<&str>| HunkDecision {
            hunk_id: "1".into(),
            accept,
            text: text.map(str::to_owned),
            before: None,
            reason: None,
        };
        let decisions = [decision(true, None), decision(true, Some("x")), decision(false, None)];
        let told = "2 of 3 hunks accepted (1 of them edited), 1 rejected";
        assert_eq!(counted(&decisions), told);
        assert_eq!(counted(&decisions[..1]), "1 hunk accepted");
        assert_eq!(counted(&decisions[2..]), "1 hunk rejected");
    }

    #[test]
    fn notices_go_where_they_are_seen() {
        let notice =
            Notice { level: NoticeLevel::Error, code: None, text: "The model is away.".into() };
        let told = Update::ItemEnded { item: item("n", ItemBody::Notice(notice)) };
        let shown = View::new(Style::default()).take(&told);
        let expected = Shown { out: String::new(), err: "The model is away.\n".into() };
        assert_eq!(shown, expected);
    }
}
