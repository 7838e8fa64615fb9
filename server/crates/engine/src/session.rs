//! One open session: a loop that owns it, and the handle through which all others speak to it.
//!
//! Everything that changes a session is a [`Command`] to its loop (`session/task.rs`), so there
//! is one order of events and no lock around it. The loop writes through the journal
//! (`session/journal.rs`), which appends before it tells anyone. Others may look at the state,
//! never change it.

mod journal;
mod memory;
mod questions;
mod task;

use std::{
    ops::Range,
    sync::{Arc, RwLock},
};

use protocol::{
    AbsPath, Answer, Approval, ErrorCode, ErrorInfo, Item, ItemBody, ItemId, Mode, SessionId,
    SessionInfo, SessionState, Stretch, Todo, TurnId, Update, Usage, UserMessage,
};
use ropey::Rope;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use memory::Memory;
pub(crate) use task::{create, has_words, open};

use crate::{
    ConnectionId, Diagnostics, Parts, SeenText, StoreError, ToolError, budget,
    context::Place,
    diagnostics,
    ledger::Ledger,
    sessions::{Attached, Seen, Shared, Started},
    turn::TurnEnd,
};

/// How many commands may wait before their senders do.
const COMMANDS: usize = 512;

type Reply<T> = oneshot::Sender<Result<T, ErrorInfo>>;

/// What can be asked of a session's loop.
pub(crate) enum Command {
    Chat {
        message: UserMessage,
        /// The files in it, which the model has seen once it is sent.
        shown: Arc<Memory>,
        steer: bool,
        reply: Reply<Started>,
    },
    Queue {
        turn_id: TurnId,
        change: Requeue,
        reply: Reply<()>,
    },
    /// From a turn before it asks the model again, or would end: what steers it goes into the
    /// journal now. The reply says whether there was anything.
    Steer {
        reply: Reply<bool>,
    },
    /// The folders of the client's workspace are now these.
    Folders {
        folders: Vec<AbsPath>,
        reply: Reply<()>,
    },
    /// Set aside every item from this one on. The reply says which those are.
    Rewind {
        before: ItemId,
        reply: Reply<Vec<Stretch>>,
    },
    /// Set these aside. Like a rewind, but nothing is looked for.
    SetAside {
        stretches: Vec<Stretch>,
        reply: Reply<()>,
    },
    /// No turn may begin for as long as what the reply gives is held.
    Hold {
        reply: Reply<Arc<()>>,
    },
    /// Take up again what was set aside.
    Unwind {
        stretches: Vec<Stretch>,
        reply: Reply<()>,
    },
    /// From a turn: who is attached.
    Attached {
        reply: Reply<Vec<ConnectionId>>,
    },
    Cancel {
        reply: Reply<bool>,
    },
    Respond {
        approval: ItemId,
        answer: Answer,
        reply: Reply<()>,
    },
    /// Nothing is left to decide about what was asked.
    Withdraw {
        approval: ItemId,
    },
    Configure {
        mode: Option<Mode>,
        model: Option<String>,
        reply: Reply<()>,
    },
    /// The model of a session that has none.
    DefaultModel {
        model: String,
        reply: Reply<()>,
    },
    Attach {
        connection: ConnectionId,
        seen: Option<Seen>,
        reply: Reply<Attached>,
    },
    Detach {
        connection: ConnectionId,
    },
    /// From an editor that was asked.
    Answered {
        approval: ItemId,
        connection: ConnectionId,
        answer: Answer,
    },
    /// From a turn: journal these; the reply comes when they are safe.
    Record {
        updates: Vec<Update>,
        reply: Option<Reply<()>>,
    },
    /// From a turn: more text of an open item.
    Text {
        item: ItemId,
        text: String,
    },
    /// From a turn: put a question to everyone attached.
    Ask {
        item: Item,
        approval: Approval,
        reply: Reply<Answer>,
    },
    /// A request used so much. The loop adds it up, because a title is made beside the turns.
    Use {
        more: Usage,
        reply: Reply<()>,
    },
    /// What the fast model calls the session; none if it found no title.
    Title {
        title: Option<String>,
    },
    /// From a turn, as its last word.
    TurnEnded {
        end: TurnEnd,
    },
    /// Stop the turn if one runs, give the claim back, end the loop. The reply is false if the
    /// session stays open.
    Close {
        unless: Unless,
        reply: Reply<bool>,
    },
}

/// What is done with a prompt that waits; its new text, if it has one, with all it mentions.
pub(crate) enum Requeue {
    Replace(UserMessage, Arc<Memory>),
    Remove,
    Steer,
}

/// What keeps a session open.
#[derive(Clone, Copy)]
pub(crate) enum Unless {
    Never,
    /// A turn runs.
    TurnRuns,
    /// A turn runs or a client is attached.
    InUse,
}

/// The way to a session's loop, and a look at its state.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) id: SessionId,
    commands: mpsc::Sender<Command>,
    state: Arc<RwLock<SessionState>>,
    info: Arc<RwLock<SessionInfo>>,
    pub(crate) memory: Arc<Memory>,
    /// Which text is the agent's.
    pub(crate) ledger: Ledger,
    /// Set when the loop has ended.
    pub(crate) ended: CancellationToken,
}

impl Session {
    /// The same session for looking things up only: what is found is kept apart, for the model
    /// has not been shown it yet.
    pub(crate) fn aside(&self) -> Self {
        Self { memory: Arc::default(), ..self.clone() }
    }

    /// Reads the state. Only the loop writes it.
    pub(crate) fn look<T>(&self, look: impl FnOnce(&SessionState) -> T) -> T {
        look(&self.state.read().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    pub(crate) fn info(&self) -> SessionInfo {
        self.info.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.commands.is_closed()
    }

    /// Sends a command and waits for its reply; none if the session was closed before it came
    /// to that command.
    pub(crate) async fn try_request<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Option<Result<T, ErrorInfo>> {
        let (reply, answer) = oneshot::channel();
        self.send(command(reply)).await;
        answer.await.ok()
    }

    /// Sends a command and waits for its reply.
    pub(crate) async fn request<T>(
        &self,
        command: impl FnOnce(Reply<T>) -> Command,
    ) -> Result<T, ErrorInfo> {
        self.try_request(command).await.unwrap_or_else(|| Err(closed()))
    }

    /// Sends a command that needs no reply. A closed session has nobody left to tell.
    pub(crate) async fn send(&self, command: Command) {
        let _ = self.commands.send(command).await;
    }

    /// Journals updates and waits until they are safe.
    pub(crate) async fn record(&self, updates: Vec<Update>) -> Result<(), ErrorInfo> {
        self.request(|reply| Command::Record { updates, reply: Some(reply) }).await
    }

    /// Journals an update whose loss a later one makes good: the beginning of an item, say,
    /// whose end carries all of it.
    pub(crate) async fn post(&self, update: Update) {
        self.send(Command::Record { updates: vec![update], reply: None }).await;
    }

    /// Counts what a request used: in the session and on this day.
    ///
    /// # Errors
    /// It could not be journaled.
    pub(crate) async fn add_usage(&self, parts: &Parts, more: Usage) -> Result<(), ErrorInfo> {
        self.request(|reply| Command::Use { more, reply }).await?;
        let today = budget::day_of((parts.clock)());
        if let Err(error) = parts.store.add_use(today, more).await {
            // The session has it; an answer is not thrown away for the count of a day.
            tracing::warn!(%error, "what was used is missing from the count of the day");
        }
        Ok(())
    }

    /// Asks everyone attached and waits for the first answer.
    pub(crate) async fn ask(&self, item: Item, approval: Approval) -> Result<Answer, ErrorInfo> {
        self.request(|reply| Command::Ask { item, approval, reply }).await
    }
}

/// The answer of nobody.
pub(crate) fn withdrawn() -> Answer {
    Answer::new(protocol::Decision::Withdrawn, "nobody")
}

pub(crate) fn closed() -> ErrorInfo {
    ErrorInfo::new(ErrorCode::Interrupted, "The session was closed meanwhile; open it again.")
}

impl From<StoreError> for ErrorInfo {
    fn from(error: StoreError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}

/// What a running tool call may do to its session.
#[derive(Clone)]
pub struct SessionHandle {
    /// None outside of a session.
    call: Option<Call>,
    memory: Arc<Memory>,
}

#[derive(Clone)]
struct Call {
    shared: Arc<Shared>,
    session: Session,
    new_item: Arc<dyn Fn(ItemBody) -> Item + Send + Sync>,
    item: ItemId,
}

impl SessionHandle {
    pub(crate) fn new(
        shared: Arc<Shared>,
        session: Session,
        item: ItemId,
        new_item: Arc<dyn Fn(ItemBody) -> Item + Send + Sync>,
    ) -> Self {
        let memory = session.memory.clone();
        Self { call: Some(Call { shared, session, new_item, item }), memory }
    }

    pub(crate) fn detached() -> Self {
        Self { call: None, memory: Arc::default() }
    }

    /// Replaces the todo list.
    ///
    /// # Errors
    /// The journal could not be written.
    pub async fn set_todos(&self, todos: Vec<Todo>) -> Result<(), ToolError> {
        let Some(call) = &self.call else { return Ok(()) };
        let item = (call.new_item)(ItemBody::Todos { todos });
        let recorded = call.session.record(vec![Update::ItemEnded { item }]).await;
        recorded.map_err(|error| ToolError::new(error.code, error.message))
    }

    /// The session's name; none outside of one.
    pub fn id(&self) -> Option<&SessionId> {
        self.call.as_ref().map(|call| &call.session.id)
    }

    /// Set when the session is closed in this process: what runs for it beside the turns must end
    /// then. Outside of a session it is never set.
    pub fn ended(&self) -> CancellationToken {
        self.call.as_ref().map_or_else(CancellationToken::new, |call| call.session.ended.clone())
    }

    /// Notes that the model is shown these lines of a text, counted from 0, the end outside.
    pub fn saw(&self, path: &AbsPath, text: &Rope, lines: Range<u32>) {
        self.memory.saw(path, text, lines);
    }

    /// What the model was last shown of a document.
    pub(crate) fn seen(&self, path: &AbsPath) -> Option<SeenText> {
        self.memory.seen(path)
    }

    /// Where the session looks context up; none outside of one.
    pub(crate) fn place(&self) -> Option<Place> {
        let Call { shared, session, .. } = self.call.as_ref()?;
        let mode = session.look(|state| state.mode);
        Some(Place::new(&shared.parts, &session.info(), mode))
    }

    /// What the language servers of the attached editors say about a document, or about all they
    /// know of; waits until it is about the text as it is now, or the time is up. None if no
    /// editor can tell.
    pub async fn diagnostics(&self, path: Option<&AbsPath>) -> Option<Diagnostics> {
        let call = self.call.as_ref()?;
        diagnostics::now(&call.shared, &call.session, path).await
    }

    /// Shows output of the call while it runs. What the model reads is what the call returns in
    /// the end.
    pub async fn output(&self, text: &str) {
        if let Some(call) = &self.call {
            let text = text.to_owned();
            call.session.send(Command::Text { item: call.item.clone(), text }).await;
        }
    }
}

/// Makes items of one turn: a fresh id and the time of now.
pub(crate) fn item_of(turn: &TurnId, id: String, at: u64, body: ItemBody) -> Item {
    Item { id: ItemId(id), turn_id: turn.clone(), at, aside: false, body }
}
