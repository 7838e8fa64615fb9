//! A session written down as people would read it.

use std::fmt::Write;

use protocol::{
    AbsPath, Answer, Approval, ApprovalSubject, ChangeSet, ContextPart, Decision, ErrorCode,
    FileChangeKind, HunkState, Item, ItemBody, Plan, QuestionAnswer, Status, SyntaxError, Todo,
    TodoStatus, ToolCall, TurnId, UserMessage,
};
use serde::Serialize;

use crate::record::Record;

/// Something that is not in the session: what a request was answered.
pub(super) struct Note {
    /// How many turns had ended.
    pub(super) after_turns: usize,
    pub(super) text: String,
}

/// The session, item by item.
pub(super) fn write(record: &Record, notes: &[Note]) -> String {
    let mut page = Page(String::new());
    let mut ended = 0;
    let mut turn = None;
    tell(&mut page, notes, ended);
    for item in &record.state.items {
        // What is kept of files is nothing to read.
        if matches!(item.body, ItemBody::Checkpoint(_)) {
            continue;
        }
        if turn != Some(&item.turn_id) {
            end(&mut page, record, notes, turn, &mut ended);
            page.gap();
            turn = Some(&item.turn_id);
        }
        match &item.body {
            ItemBody::UserMessage(message) if item.aside => {
                page.line(&format!("set aside: {}", message.text));
            }
            _ if item.aside => {}
            _ => write_item(&mut page, item),
        }
    }
    end(&mut page, record, notes, turn, &mut ended);
    let usage = record.state.usage;
    if usage != protocol::Usage::default() {
        page.gap();
        page.line(&format!("used: {} in, {} out", usage.input_tokens, usage.output_tokens));
    }
    if !record.state.title.is_empty() {
        page.gap();
        page.line(&format!("title: {}", record.state.title));
    }
    if record.state.mode != protocol::Mode::Ask {
        page.gap();
        page.line(&format!("mode: {}", record.state.mode.as_str()));
    }
    page.0
}

/// How a turn ended, and what was noted then. What belongs to no turn of the user has no end.
fn end(page: &mut Page, record: &Record, notes: &[Note], turn: Option<&TurnId>, ended: &mut usize) {
    let status = record.ends.iter().find(|(id, _)| Some(id) == turn).map(|(_, status)| status);
    let Some(Status::Idle { stop_reason, error, .. }) = status else { return };
    let code = error.as_ref().map(|error| format!(", {}", error.code.as_str()));
    page.line(&format!("end: {}{}", word(stop_reason), code.unwrap_or_default()));
    *ended += 1;
    tell(page, notes, *ended);
}

fn tell(page: &mut Page, notes: &[Note], ended: usize) {
    for note in notes.iter().filter(|note| note.after_turns == ended) {
        page.gap();
        page.lines("", &note.text);
    }
}

fn write_item(page: &mut Page, item: &Item) {
    match &item.body {
        ItemBody::UserMessage(message) => user(page, message),
        ItemBody::AgentMessage { text } => page.lines("agent: ", text),
        ItemBody::Reasoning { text, .. } => page.lines("thinks: ", text),
        ItemBody::ToolCall(call) => tool_call(page, call),
        ItemBody::Plan(plan) => write_plan(page, plan),
        ItemBody::Approval(approval) => write_approval(page, approval),
        ItemBody::ChangeSet(set) => change_set(page, set),
        ItemBody::Todos { todos } => write_todos(page, todos),
        ItemBody::Reviewed { hunks } => {
            page.line("reviewed:");
            for hunk in hunks {
                let state = stands(&hunk.state, hunk.comment.as_ref());
                page.below(&format!("{}, {}: {state}", hunk.path, hunk.summary));
            }
        }
        ItemBody::Notice(notice) => {
            let head = format!("notice, {}{}: ", word(&notice.level), code(notice.code));
            page.lines(&head, &notice.text);
        }
        ItemBody::Compaction(compaction) => {
            page.line(match compaction.summary {
                Some(_) => "compaction: summed up",
                None => "compaction: results left out",
            });
            if let Some(summary) = &compaction.summary {
                page.below(&summary.text);
            }
        }
        other => page.lines("unknown: ", &word(other)),
    }
}

fn user(page: &mut Page, message: &UserMessage) {
    page.lines("user: ", &message.text);
    for part in &message.context {
        match part {
            ContextPart::File { path, line: None } => page.below(&format!("looking at {path}")),
            ContextPart::File { path, line: Some(line) } => {
                page.below(&format!("looking at {path} line {line}"));
            }
            ContextPart::OpenDocuments { paths } => {
                let paths: Vec<&str> = paths.iter().map(AbsPath::as_str).collect();
                page.below(&format!("also open: {}", paths.join(" ")));
            }
            ContextPart::Text { mention, path, first_line, lines, text, symbol, outline } => {
                let inside = symbol.as_ref().map(|symbol| format!(" in {symbol}"));
                let inside = inside.unwrap_or_default();
                page.below(&format!("{mention}: {path} from line {first_line} of {lines}{inside}"));
                page.below(text);
                page.below(&outline.join("\n"));
            }
            ContextPart::Image { mention, image } => {
                page.below(&format!("{mention}: [{} {}]", image.media_type, image.path));
            }
            ContextPart::Folder { mention, path, entries } => {
                page.below(&format!("{mention}: {path}"));
                page.below(&entries.join("\n"));
            }
            ContextPart::Diff { text } => {
                page.below("the changes since the last commit");
                page.below(text);
            }
            ContextPart::Command { name, text } => {
                page.below(&format!("/{name}:"));
                page.below(text);
            }
            ContextPart::Unresolved { mention, reason } => {
                page.below(&format!("{mention}: {reason}"));
            }
            ContextPart::Selection { path, first_line, last_line, symbol, text } => {
                let inside = symbol.as_ref().map(|symbol| format!(" in {symbol}"));
                let inside = inside.unwrap_or_default();
                page.below(&format!("selected {path} lines {first_line} to {last_line}{inside}"));
                page.below(text);
            }
            ContextPart::Problems { path, lines } => {
                page.below(&format!("problems in {path}"));
                page.below(&lines.join("\n"));
            }
            other => page.below(&word(other)),
        }
    }
}

fn tool_call(page: &mut Page, call: &ToolCall) {
    let error = code(call.output.as_ref().and_then(|output| output.error));
    page.line(&format!("tool {}: {}: {}{error}", call.name, call.title, word(&call.status)));
    if let Some(output) = &call.output {
        page.below(&output.text);
        for image in &output.images {
            page.below(&format!("[{} {}]", image.media_type, image.path));
        }
    }
}

fn write_plan(page: &mut Page, plan: &Plan) {
    page.line(&format!("plan, {}: {}", word(&plan.status), plan.summary));
    for (number, step) in (1..).zip(&plan.steps) {
        page.below(&format!("{number}. {step}"));
    }
}

fn write_approval(page: &mut Page, approval: &Approval) {
    page.line(&format!("question: {}", approval.title));
    page.below(&approval.why);
    match &approval.subject {
        ApprovalSubject::ToolCall { unsaved, .. } if !unsaved.is_empty() => {
            let paths: Vec<&str> = unsaved.iter().map(AbsPath::as_str).collect();
            page.below(&format!("not saved: {}", paths.join(" ")));
        }
        ApprovalSubject::Questions { questions, .. } => {
            for question in questions {
                let labels: Vec<&str> =
                    question.choices.iter().map(|choice| choice.label.as_str()).collect();
                page.below(&format!("{} [{}]", question.text, labels.join(" | ")));
            }
        }
        _ => {}
    }
    let labels: Vec<&str> = approval.options.iter().map(|option| option.label.as_str()).collect();
    page.below(&format!("offered: {}", labels.join(" | ")));
    match &approval.answer {
        None => page.below("not answered"),
        Some(Answer { decision: Decision::Withdrawn, .. }) => page.below("withdrawn"),
        Some(answer) => {
            let mut text = format!("answered: {}", word(&answer.decision));
            if let Some(reason) = &answer.reason {
                let _ = write!(text, ", {reason:?}");
            }
            page.below(&text);
            for QuestionAnswer { chosen, text } in &answer.answers {
                let own = text.as_ref().map(|text| format!("{text:?}"));
                let given: Vec<String> = chosen.iter().cloned().chain(own).collect();
                page.below(&format!("  {}", given.join(" + ")));
            }
        }
    }
}

fn change_set(page: &mut Page, set: &ChangeSet) {
    page.line("changes:");
    let mut number = 0;
    for file in &set.files {
        page.below(&file.diff);
        if let (FileChangeKind::Delete | FileChangeKind::Move, to) = (file.kind, &file.to) {
            let to = to.as_ref().map(|to| format!(" to {to}")).unwrap_or_default();
            page.below(&format!("{} {}{to}", word(&file.kind), file.path));
        }
        for SyntaxError { line, column, message } in &file.syntax_errors {
            page.below(&format!("syntax error at {line}:{column}: {message}"));
        }
        for hunk in &file.hunks {
            number += 1;
            page.below(&format!("hunk {number}: {}", stands(&hunk.state, hunk.comment.as_ref())));
        }
    }
}

fn stands(state: &HunkState, said: Option<&String>) -> String {
    match (state, said) {
        (HunkState::Conflicted { reason }, _) => format!("conflicted, {reason:?}"),
        (state, Some(said)) => format!("{}, {said:?}", word(state)),
        (state, None) => word(state),
    }
}

fn write_todos(page: &mut Page, todos: &[Todo]) {
    page.line("todos:");
    for todo in todos {
        let (mark, text) = match todo.status {
            TodoStatus::Pending => (' ', &todo.content),
            TodoStatus::InProgress => ('>', &todo.active_form),
            TodoStatus::Completed => ('x', &todo.content),
        };
        page.below(&format!("[{mark}] {text}"));
    }
}

fn code(code: Option<ErrorCode>) -> String {
    code.map(|code| format!(", {}", code.as_str())).unwrap_or_default()
}

/// The word a value has in the protocol.
fn word(value: &impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(serde_json::Value::Null) => "for no reason".to_owned(),
        Ok(value) => value["kind"].as_str().map_or_else(|| value.to_string(), str::to_owned),
        Err(error) => error.to_string(),
    }
}

struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        self.0.push_str(line.trim_end());
        self.0.push('\n');
    }

    /// An empty line, but not at the beginning.
    fn gap(&mut self) {
        if !self.0.is_empty() {
            self.0.push('\n');
        }
    }

    /// Text that belongs to the line above.
    fn below(&mut self, text: &str) {
        for line in text.lines() {
            self.line(&format!("    {line}"));
        }
    }

    /// Text of any length: its first line behind the head, the others below.
    fn lines(&mut self, head: &str, text: &str) {
        let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
        self.line(&format!("{head}{first}"));
        self.below(rest);
    }
}
