//! What the client wants to hear beside the protocol: `$/setTrace` chooses, `$/logTrace` tells.
//!
//! It tells of requests that were handled and of the steps of turns: names, numbers and how they
//! ended. Texts of documents, of prompts and of answers are never among them, and paths, commands
//! and reasons only where `verbose` asks for details. While it is off it costs one look.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    time::Instant,
};

use protocol::{
    ApprovalSubject, ChangeSet, Item, ItemBody, SessionUpdate, Status, ToolCall, Update,
};
use tower_lsp_server::{
    gen_lsp_types::{LogTraceNotification, LogTraceParams, Notification, TraceValue},
    jsonrpc::{Id, Response},
};

use crate::wire::outbox::Outbox;

const OFF: u8 = 0;
const MESSAGES: u8 = 1;
const VERBOSE: u8 = 2;

/// How much one client wants to hear. Cheap to clone.
#[derive(Clone)]
pub(super) struct Trace(Arc<Inner>);

struct Inner {
    level: AtomicU8,
    outbox: Outbox,
}

/// A request that is being handled while the client wants to hear of it.
pub(super) struct Handling {
    trace: Trace,
    method: String,
    id: Id,
    began: Instant,
}

impl Trace {
    /// Nothing is told yet; what will be goes into this queue.
    pub(super) fn new(outbox: Outbox) -> Self {
        Self(Arc::new(Inner { level: AtomicU8::new(OFF), outbox }))
    }

    /// The client chose. What we do not know is as good as nothing.
    pub(super) fn set(&self, value: &TraceValue) {
        let level = match value {
            TraceValue::Messages => MESSAGES,
            TraceValue::Verbose => VERBOSE,
            _ => OFF,
        };
        self.0.level.store(level, Ordering::Relaxed);
    }

    /// A request begins; none where the client does not want to hear of it.
    pub(super) fn begin(&self, method: &str, id: Option<&Id>) -> Option<Handling> {
        if self.level() == OFF {
            return None;
        }
        let (method, id) = (method.to_owned(), id?.clone());
        Some(Handling { trace: self.clone(), method, id, began: Instant::now() })
    }

    /// Tells of a step of a turn.
    pub(super) fn step(&self, update: &SessionUpdate) {
        if self.level() == OFF {
            return;
        }
        if let Some((message, details)) = step(&update.update) {
            let message = format!("session {}: {message}", update.session_id);
            self.tell(message, (!details.is_empty()).then_some(details));
        }
    }

    fn level(&self) -> u8 {
        self.0.level.load(Ordering::Relaxed)
    }

    fn tell(&self, message: String, details: Option<String>) {
        let verbose = details.filter(|_| self.level() == VERBOSE);
        let params = LogTraceParams { message, verbose };
        self.0.outbox.notify(LogTraceNotification::METHOD.as_str(), params);
    }
}

impl Handling {
    /// The request is handled: by this answer, if it was not cancelled.
    pub(super) fn end(self, response: Option<&Response>) {
        let Self { trace, method, id, began } = self;
        let (how, details) = match response.map(Response::error) {
            None => ("not answered".to_owned(), None),
            Some(None) => ("answered".to_owned(), None),
            Some(Some(error)) => {
                (format!("refused with {}", error.code.code()), Some(error.message.to_string()))
            }
        };
        let milliseconds = began.elapsed().as_millis();
        trace.tell(format!("{method} ({id}): {how} in {milliseconds} ms"), details);
    }
}

/// What to say of an update, and the details of it; none where there is nothing to say.
fn step(update: &Update) -> Option<(String, String)> {
    let nothing = String::new;
    Some(match update {
        Update::Status(Status::Running { turn_id }) => (format!("turn {turn_id} began"), nothing()),
        Update::Status(Status::Idle { turn_id: Some(turn), stop_reason, error }) => {
            let how = stop_reason.map_or_else(nothing, |reason| format!(", {reason:?}"));
            let error = error.as_ref();
            let code = error.map_or_else(nothing, |error| format!(" ({})", error.code.as_str()));
            let details = error.map_or_else(nothing, |error| error.message.clone());
            (format!("turn {turn} ended{how}{code}"), details)
        }
        Update::Config { mode, model } => {
            (format!("mode {}", mode.as_str()), format!("model {model}"))
        }
        Update::Usage(usage) => {
            let (sent, received) = (usage.input_tokens, usage.output_tokens);
            (format!("{sent} tokens sent and {received} received so far"), nothing())
        }
        Update::ItemStarted { item } => match &item.body {
            ItemBody::Approval(_) => of_item(item, "asked")?,
            ItemBody::ChangeSet(_) => of_item(item, "proposed")?,
            _ => return None,
        },
        Update::ItemChanged { item } => match &item.body {
            ItemBody::ToolCall(_) => of_item(item, "goes on")?,
            _ => return None,
        },
        Update::ItemEnded { item } => of_item(item, "ended")?,
        _ => return None,
    })
}

/// The same of an item with which this happened.
fn of_item(item: &Item, what: &str) -> Option<(String, String)> {
    let Item { id, body, .. } = item;
    let (name, details) = match body {
        ItemBody::UserMessage(message) => {
            (format!("prompt of {} bytes", message.text.len()), String::new())
        }
        ItemBody::AgentMessage { text } => {
            (format!("{} bytes of answer", text.len()), String::new())
        }
        ItemBody::Reasoning { text, .. } => {
            (format!("{} bytes of reasoning", text.len()), String::new())
        }
        ItemBody::ToolCall(call) => tool_call(call),
        ItemBody::Plan(plan) => (format!("plan, {:?}", plan.status), String::new()),
        ItemBody::Approval(approval) => {
            let about = match &approval.subject {
                ApprovalSubject::ToolCall { .. } => "a tool call",
                ApprovalSubject::Changes { .. } => "changes",
                ApprovalSubject::Plan { .. } => "a plan",
                ApprovalSubject::Questions { .. } => "questions of the agent",
                ApprovalSubject::Budget { .. } => "a budget",
            };
            let answer = approval.answer.as_ref();
            let answer = answer.map(|answer| format!(", {:?} by {}", answer.decision, answer.by));
            (
                format!("question about {about}{}", answer.unwrap_or_default()),
                approval.title.clone(),
            )
        }
        ItemBody::ChangeSet(set) => change_set(set),
        ItemBody::Todos { todos } => (format!("{} todos", todos.len()), String::new()),
        ItemBody::Notice(notice) => {
            let code = notice.code.map(|code| format!(" ({})", code.as_str()));
            (format!("notice{}", code.unwrap_or_default()), notice.text.clone())
        }
        ItemBody::Compaction(compaction) => ("compaction".to_owned(), compaction.sentence()),
        _ => return None,
    };
    Some((format!("{name} {what}, item {id}"), details))
}

fn tool_call(call: &ToolCall) -> (String, String) {
    let ToolCall { name, step, status, title, .. } = call;
    let error = call.output.as_ref().and_then(|output| output.error);
    let error = error.map(|code| format!(" ({})", code.as_str())).unwrap_or_default();
    (format!("{name}, step {step}, {status:?}{error}"), title.clone())
}

fn change_set(set: &ChangeSet) -> (String, String) {
    let hunks: usize = set.files.iter().map(|file| file.hunks.len()).sum();
    let paths: Vec<&str> = set.files.iter().map(|file| file.path.as_str()).collect();
    (format!("{hunks} hunks in {} files", paths.len()), paths.join("\n"))
}

#[cfg(test)]
mod tests {
    use protocol::{ErrorCode, ItemId, ToolCallStatus, ToolOutput, TurnId, UserMessage};

    use super::*;

    const SECRET: &str = "sk-secret in the text";

    fn item(body: ItemBody) -> Item {
        Item { id: ItemId::from("i"), turn_id: TurnId::from("t"), at: 0, aside: false, body }
    }

    #[test]
    fn messages_have_no_texts_in_them() {
        let call = ToolCall {
            call_id: "c".into(),
            step: 2,
            name: "bash".into(),
            title: format!("Run `{SECRET}`"),
            input: serde_json::json!({"command": SECRET}),
            status: ToolCallStatus::Failed,
            effects: Vec::new(),
            provider_data: None,
            output: Some(ToolOutput {
                error: Some(ErrorCode::ToolFailed),
                ..ToolOutput::text(SECRET)
            }),
        };
        let bodies = [
            ItemBody::UserMessage(UserMessage { text: SECRET.into(), context: Vec::new() }),
            ItemBody::AgentMessage { text: SECRET.into() },
            ItemBody::Reasoning { text: SECRET.into(), provider_data: Some(SECRET.into()) },
            ItemBody::ToolCall(call),
        ];
        let told = bodies.map(|body| step(&Update::ItemEnded { item: item(body) }).unwrap());
        for (message, _) in &told {
            assert!(!message.contains("secret"), "{message}");
        }
        for (_, details) in &told[..3] {
            assert_eq!(details, "");
        }
        assert_eq!(told[3].0, "bash, step 2, Failed (toolFailed) ended, item i");
    }

    #[test]
    fn text_that_streams_is_not_told_piece_by_piece() {
        let text = "more".to_owned();
        assert_eq!(step(&Update::Delta { item_id: ItemId::from("i"), offset: 0, text }), None);
    }
}
