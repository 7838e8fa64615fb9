//! From our updates to those of ACP: the one place where what happens is put into its words.
//!
//! This runs when an update is about to leave, so what is noted here as told has been told. A
//! client that is behind gets one longer piece of text instead of many; one that was left behind
//! is told what it missed from where it stopped ([`Update::Resync`]).

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Weak},
};

use agent_client_protocol_schema::v1::{
    self as acp, ContentChunk, PlanEntry, PlanEntryPriority, PlanEntryStatus, SessionNotification,
    StopReason,
};
use protocol::{
    Compaction, Item, ItemBody, ItemId, Mode, Notice, NoticeLevel, SessionId, SessionUpdate,
    Status, StopReason as Reason, Todo, TodoStatus, ToolCall, TurnId, Update, Usage,
};

use super::{
    config,
    connection::{Connection, UPDATE},
    tool_call,
    turns::Outcome,
};
use crate::wire::outbox::{Messages, Teller};

/// Puts updates into ACP's words.
pub(super) struct Telling {
    connection: Weak<Connection>,
    sessions: HashMap<SessionId, Told>,
}

/// What the client was told of a session.
#[derive(Default)]
struct Told {
    /// In which opening of it.
    number: u64,
    /// The texts that are not ended.
    texts: HashMap<ItemId, ToldText>,
    calls: HashMap<ItemId, ToldCall>,
    chosen: Option<(Mode, String)>,
    usage: Usage,
    running: Option<TurnId>,
    /// The turns that began before the client's eyes: it knows what it has sent.
    seen: HashSet<TurnId>,
}

/// A text that is not ended, as the client knows it.
struct ToldText {
    make: Make,
    /// How much of it was told, in bytes.
    told: usize,
}

/// Makes an update of a piece of text.
type Make = fn(ContentChunk) -> acp::SessionUpdate;

/// A call that is not ended, as the client knows it.
struct ToldCall {
    call: ToolCall,
    /// The end of what it has put out.
    output: String,
}

/// Where messages go that tell of one session.
struct Voice<'a> {
    connection: &'a Arc<Connection>,
    session: &'a SessionId,
    messages: &'a mut Messages,
    replayed: bool,
}

impl Voice<'_> {
    fn say(&mut self, update: acp::SessionUpdate) {
        let told = SessionNotification::new(self.session.as_str().to_owned(), update);
        self.messages.notify(UPDATE, told);
    }

    fn chunk(&mut self, make: Make, message: &ItemId, text: &str) {
        if !text.is_empty() {
            let id = acp::MessageId::new(message.as_str());
            self.say(make(ContentChunk::new(text.into()).message_id(id)));
        }
    }
}

impl Telling {
    pub(super) fn new(connection: &Arc<Connection>) -> Self {
        Self { connection: Arc::downgrade(connection), sessions: HashMap::new() }
    }
}

impl Teller for Telling {
    fn tell(&mut self, update: SessionUpdate, replayed: bool, messages: &mut Messages) {
        let Some(connection) = self.connection.upgrade() else { return };
        let SessionUpdate { session_id: session, update, .. } = update;
        let Some(number) = connection.views.look(&session, |view| view.number) else {
            // The client has closed it.
            self.sessions.remove(&session);
            return;
        };
        let told = self.sessions.entry(session.clone()).or_default();
        if told.number != number {
            *told = Told { number, ..Told::default() };
        }
        let (connection, session) = (&connection, &session);
        told.take(update, &mut Voice { connection, session, messages, replayed });
    }
}

impl Told {
    fn take(&mut self, update: Update, voice: &mut Voice<'_>) {
        match update {
            Update::ItemStarted { item } | Update::ItemChanged { item } => {
                self.item(item, false, voice);
            }
            Update::ItemEnded { item } => self.item(item, true, voice),
            Update::Delta { item_id, offset, text } => self.delta(&item_id, offset, &text, voice),
            Update::Status(status) => self.status(status, voice),
            Update::Usage(usage) => self.usage(usage, voice),
            Update::Config { mode, model } => self.config(mode, model, voice),
            // What a list of sessions says stands there when one is loaded.
            Update::Title { title } if !voice.replayed => {
                let update = acp::SessionInfoUpdate::new().title(title);
                voice.say(acp::SessionUpdate::SessionInfoUpdate(update));
            }
            Update::Resync { from_seq } => {
                voice.connection.catch_up(voice.session.clone(), from_seq);
            }
            // What waits, the client has sent itself; what is set aside cannot be unsaid.
            _ => {}
        }
    }

    fn item(&mut self, item: Item, ended: bool, voice: &mut Voice<'_>) {
        let Item { id, turn_id, aside, body, .. } = item;
        if aside && voice.replayed {
            return;
        }
        match body {
            ItemBody::UserMessage(message) => {
                // In the course of a turn the client knows what it has sent.
                if !voice.replayed {
                    self.seen.insert(turn_id);
                } else if !self.seen.contains(&turn_id) {
                    voice.chunk(acp::SessionUpdate::UserMessageChunk, &id, &message.text);
                }
            }
            ItemBody::AgentMessage { text } => {
                self.text(acp::SessionUpdate::AgentMessageChunk, &id, &text, ended, voice);
            }
            ItemBody::Reasoning { text, .. } => {
                self.text(acp::SessionUpdate::AgentThoughtChunk, &id, &text, ended, voice);
            }
            ItemBody::ToolCall(call) => self.call(id, call, ended, voice),
            ItemBody::Todos { todos } => {
                let plan = acp::Plan::new(todos.into_iter().map(entry).collect());
                voice.say(acp::SessionUpdate::Plan(plan));
            }
            ItemBody::ChangeSet(set) if voice.replayed && ended => {
                for (call, content) in tool_call::past_differences(&set) {
                    let fields = acp::ToolCallUpdateFields::new().content(content);
                    let update = acp::ToolCallUpdate::new(call.0, fields);
                    voice.say(acp::SessionUpdate::ToolCallUpdate(update));
                }
            }
            ItemBody::Notice(notice) => self.notice(&id, &turn_id, &notice, voice),
            ItemBody::Compaction(compaction) if ended => compacted(&id, &compaction, voice),
            // Plans and questions are put to the user by requests, and the rest is not drawn.
            _ => {}
        }
    }

    /// Tells what is new of a text.
    fn text(&mut self, make: Make, id: &ItemId, text: &str, ended: bool, voice: &mut Voice<'_>) {
        let told = self.texts.remove(id).map_or(0, |text| text.told);
        voice.chunk(make, id, text.get(told..).unwrap_or_default());
        if !ended {
            self.texts.insert(id.clone(), ToldText { make, told: text.len().max(told) });
        }
    }

    fn delta(&mut self, id: &ItemId, offset: usize, text: &str, voice: &mut Voice<'_>) {
        if let Some(known) = self.texts.get_mut(id) {
            // What was told already is not told again.
            if let Some(new) = known.told.checked_sub(offset).and_then(|from| text.get(from..)) {
                known.told += new.len();
                voice.chunk(known.make, id, new);
            }
        } else if let Some(known) = self.calls.get_mut(id) {
            known.output.push_str(text);
            let excess = known.output.len().saturating_sub(tool_call::SHOWN_WHILE_RUNNING);
            known.output.drain(..known.output.ceil_char_boundary(excess));
            let update = tool_call::running(id, &known.output);
            voice.say(acp::SessionUpdate::ToolCallUpdate(update));
        }
    }

    fn call(&mut self, id: ItemId, call: ToolCall, ended: bool, voice: &mut Voice<'_>) {
        match self.calls.get_mut(&id) {
            None => {
                let told = tool_call::announced(&id, &call);
                voice.say(acp::SessionUpdate::ToolCall(told));
                if !ended {
                    self.calls.insert(id, ToldCall { call, output: String::new() });
                }
            }
            Some(told) => {
                if let Some(update) = tool_call::changed(&id, &told.call, &call, ended) {
                    voice.say(acp::SessionUpdate::ToolCallUpdate(update));
                }
                told.call = call;
                if ended {
                    self.calls.remove(&id);
                }
            }
        }
    }

    fn notice(&mut self, id: &ItemId, turn: &TurnId, notice: &Notice, voice: &mut Voice<'_>) {
        let is_waiting = voice.connection.turns.is_waiting(turn);
        if is_waiting && self.running.as_ref() != Some(turn) {
            // A prompt that waited behind a turn which did not complete: it is not sent.
            self.end(turn, Outcome::Stopped(StopReason::Cancelled), voice);
        } else if is_waiting && notice.code.is_some() && notice.level != NoticeLevel::Warning {
            // How its own turn ended stands in the answer to the prompt.
            return;
        }
        if voice.replayed && notice.level == NoticeLevel::Info {
            return;
        }
        let severity = match notice.level {
            NoticeLevel::Info => acp::NoticeSeverity::Info,
            NoticeLevel::Warning => acp::NoticeSeverity::Warning,
            NoticeLevel::Error => acp::NoticeSeverity::Error,
        };
        voice.say(noticed(voice.connection, severity, &notice.text, Some(id)));
    }

    fn status(&mut self, status: Status, voice: &mut Voice<'_>) {
        match status {
            Status::Running { turn_id } => self.running = Some(turn_id),
            Status::Idle { turn_id, stop_reason, error } => {
                self.running = None;
                let outcome = match (stop_reason, error) {
                    (Some(Reason::Completed), _) => Outcome::Stopped(StopReason::EndTurn),
                    (_, Some(error)) => Outcome::Failed(error),
                    _ => Outcome::Stopped(StopReason::Cancelled),
                };
                if let Some(turn) = turn_id {
                    self.end(&turn, outcome, voice);
                }
            }
        }
    }

    /// A turn has ended: its prompt is answered, after all that was told of it.
    fn end(&mut self, turn: &TurnId, outcome: Outcome, voice: &mut Voice<'_>) {
        if let Some(answer) = voice.connection.turns.end(voice.session, turn, outcome) {
            voice.messages.add(&answer);
        }
    }

    /// What the last request took of the window is what it added to the sums.
    fn usage(&mut self, usage: Usage, voice: &mut Voice<'_>) {
        let sum = |usage: &Usage| usage.input_tokens + usage.output_tokens;
        let used = sum(&usage).saturating_sub(sum(&self.usage));
        self.usage = usage;
        if voice.replayed || used == 0 {
            return;
        }
        let model = self.chosen.as_ref().map_or("", |(_, model)| model);
        let size = voice.connection.sessions.context_tokens(model);
        let cost = (usage.cost > 0).then(|| acp::Cost::new(usage.cost as f64 / 1e9, "USD"));
        voice.say(acp::SessionUpdate::UsageUpdate(acp::UsageUpdate::new(used, size).cost(cost)));
    }

    fn config(&mut self, mode: Mode, model: String, voice: &mut Voice<'_>) {
        let now = (mode, model);
        // What was chosen first stands in the answer that opened the session.
        let announced =
            || voice.connection.views.look(voice.session, |view| view.announced.clone());
        let before = self.chosen.replace(now.clone()).or_else(announced);
        if let Some(before) = before.filter(|_| !voice.replayed) {
            let (before, now) = ((before.0, &*before.1), (now.0, &*now.1));
            for update in config::changed(&voice.connection.sessions, before, now) {
                voice.say(update);
            }
        }
    }
}

/// Something the user should know: as a notice, or as a message where there are no notices.
pub(super) fn noticed(
    connection: &Connection,
    severity: acp::NoticeSeverity,
    text: &str,
    item: Option<&ItemId>,
) -> acp::SessionUpdate {
    if connection.profile().notices {
        return acp::SessionUpdate::Notice(acp::Notice::new(severity, text));
    }
    // Clients that know no messages put pieces of text together.
    let chunk = ContentChunk::new(format!("\n\n{text}\n\n").into());
    let id = item.map(|id| acp::MessageId::new(id.as_str()));
    acp::SessionUpdate::AgentMessageChunk(chunk.message_id(id))
}

fn compacted(id: &ItemId, compaction: &Compaction, voice: &mut Voice<'_>) {
    let sentence = compaction.sentence();
    if voice.connection.profile().compaction {
        let update =
            acp::CompactionUpdate::new(id.as_str().to_owned(), acp::CompactionStatus::Completed);
        let summary = compaction.summary.as_ref().map_or(sentence, |summary| summary.text.clone());
        voice.say(acp::SessionUpdate::CompactionUpdate(update.summary(vec![summary.into()])));
    } else {
        let severity = acp::NoticeSeverity::Info;
        voice.say(noticed(voice.connection, severity, &sentence, Some(id)));
    }
}

fn entry(todo: Todo) -> PlanEntry {
    let status = match todo.status {
        TodoStatus::Pending => PlanEntryStatus::Pending,
        TodoStatus::InProgress => PlanEntryStatus::InProgress,
        TodoStatus::Completed => PlanEntryStatus::Completed,
    };
    PlanEntry::new(todo.content, PlanEntryPriority::Medium, status)
}
