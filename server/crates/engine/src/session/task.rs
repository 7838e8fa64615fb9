//! The loop that owns a session: prompts and their queue, the running turn, open questions.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use futures::FutureExt;
use protocol::{
    Answer, Approval, Decision, ErrorCode, ErrorInfo, Item, ItemBody, ItemId, Notice, QueuedPrompt,
    Status, StopReason, TurnId, Update, UserMessage,
};
use tokio::{sync::mpsc, task::AbortHandle};
use tokio_util::sync::CancellationToken;

use super::{
    COMMANDS, Command, Reply, Session, item_of,
    journal::{Entry, Journal},
    withdrawn,
};
use crate::{
    ConnectionId, Editor, StoredSession, recovery,
    sessions::{Shared, Started},
    turn::{self, Turn, TurnEnd},
};

/// How many commands are taken at once; what they journal is appended together.
const BATCH: usize = 128;
/// How long a title may be, in characters.
const TITLE: usize = 80;

/// Brings a stored session to life. What a process left open is ended as interrupted first.
pub(crate) async fn spawn(
    shared: Arc<Shared>,
    stored: StoredSession,
    first: Vec<Update>,
) -> Result<Session, ErrorInfo> {
    let journal = Journal::new(shared.parts.store.clone(), stored, shared.epoch.clone());
    let (state, info) = journal.shared();
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let session = Session { id: journal.info().id, commands, state, info };
    let mut task = Task {
        shared,
        journal,
        session: session.clone(),
        inbox,
        backlog: VecDeque::new(),
        turn: None,
        queue: VecDeque::new(),
        questions: HashMap::new(),
        closing: None,
    };
    task.write(first).await?;
    task.end_what_is_open(StopReason::Interrupted, None).await?;
    tokio::spawn(task.run());
    Ok(session)
}

struct Task {
    shared: Arc<Shared>,
    journal: Journal,
    // Given to turns. The loop ends by `Close`, not by its senders.
    session: Session,
    inbox: mpsc::Receiver<Command>,
    backlog: VecDeque<Command>,
    turn: Option<RunningTurn>,
    queue: VecDeque<QueuedPrompt>,
    questions: HashMap<ItemId, Question>,
    closing: Option<Reply<bool>>,
}

struct RunningTurn {
    id: TurnId,
    cancel: CancellationToken,
}

/// A question that waits for an answer.
struct Question {
    item: Item,
    approval: Approval,
    reply: Reply<Answer>,
    asking: Vec<(ConnectionId, AbortHandle)>,
}

impl Task {
    async fn run(mut self) {
        while let Some(command) = self.next().await {
            match command {
                Command::Record { .. } | Command::Text { .. } => self.record(command).await,
                Command::Close { only_if_idle, reply } => {
                    let in_use = self.turn.is_some() || !self.journal.attached().is_empty();
                    if only_if_idle && in_use {
                        let _ = reply.send(Ok(false));
                        continue;
                    }
                    self.closing = Some(reply);
                    if self.turn.is_none() {
                        break;
                    }
                    self.cancel().await;
                }
                Command::TurnEnded { end } => {
                    self.turn_ended(end).await;
                    if self.closing.is_some() {
                        break;
                    }
                }
                command => self.handle(command).await,
            }
        }
        let id = self.journal.info().id;
        let closed = self.shared.parts.store.close(&id).await;
        // Whoever still sends learns that nobody listens, and opens the session again.
        self.inbox.close();
        if let Some(reply) = self.closing {
            let _ = reply.send(closed.map(|()| true).map_err(ErrorInfo::from));
        }
    }

    async fn next(&mut self) -> Option<Command> {
        match self.backlog.pop_front() {
            Some(command) => Some(command),
            None => self.inbox.recv().await,
        }
    }

    async fn handle(&mut self, command: Command) {
        match command {
            Command::Chat { message, reply } => {
                let _ = reply.send(self.chat(message).await);
            }
            Command::Cancel { reply } => {
                let _ = reply.send(Ok(self.cancel().await));
            }
            Command::Respond { approval, answer, reply } => {
                let result = match answer.decision {
                    // Only the end of a turn withdraws a question.
                    Decision::Withdrawn => Err(not_an_answer()),
                    _ => self.respond(&approval, answer).await,
                };
                if let Some(reply) = reply {
                    let _ = reply.send(result);
                }
            }
            Command::Configure { mode, model, reply } => {
                let config = self.journal.look(|state| Update::Config {
                    mode: mode.unwrap_or(state.mode),
                    model: model.unwrap_or_else(|| state.model.clone()),
                });
                let _ = reply.send(self.write(vec![config]).await);
            }
            Command::Attach { connection, editor, seen, reply } => {
                let attached = self.journal.attach(connection, editor.clone(), seen);
                for question in self.questions.values_mut() {
                    put(&self.session, question, connection, editor.clone());
                }
                let _ = reply.send(Ok(attached));
            }
            Command::Detach { connection } => self.detach(connection),
            Command::Ask { item, approval, reply } => self.ask(item, approval, reply).await,
            Command::Record { .. }
            | Command::Text { .. }
            | Command::TurnEnded { .. }
            | Command::Close { .. } => {}
        }
    }

    /// Journals this and whatever of its kind waits behind it, in one batch.
    async fn record(&mut self, first: Command) {
        let mut entries = Vec::new();
        let mut replies: Vec<Reply<()>> = Vec::new();
        let mut next = Some(first);
        while let Some(command) = next.take() {
            match command {
                Command::Record { updates, reply } => {
                    entries.extend(updates.into_iter().map(Entry::Update));
                    replies.extend(reply);
                }
                Command::Text { item, text } => entries.push(Entry::Text { item, text }),
                other => {
                    self.backlog.push_back(other);
                    break;
                }
            }
            if entries.len() < BATCH && self.backlog.is_empty() {
                next = self.inbox.try_recv().ok();
            }
        }
        let result = self.journal.write(entries, None).await;
        for reply in replies {
            let _ = reply.send(result.clone());
        }
    }

    async fn write(&mut self, updates: Vec<Update>) -> Result<(), ErrorInfo> {
        self.journal.write(updates.into_iter().map(Entry::Update).collect(), None).await
    }

    async fn chat(&mut self, message: UserMessage) -> Result<Started, ErrorInfo> {
        let turn_id = TurnId((self.shared.parts.ids)());
        let prompt = QueuedPrompt { turn_id: turn_id.clone(), message };
        if self.turn.is_none() {
            // A store that failed may have left items open that nobody works on any more.
            self.end_what_is_open(StopReason::Error, None).await?;
            self.start(prompt).await?;
            return Ok(Started { turn_id, queued: false });
        }
        if self.queue.len() >= self.shared.parts.settings.max_queue {
            return Err(ErrorInfo::new(
                ErrorCode::QueueFull,
                "Too many prompts wait already; stop the turn or let it finish first.",
            ));
        }
        self.queue.push_back(prompt);
        let told = self.write(vec![self.queue_update()]).await;
        if told.is_err() {
            self.queue.pop_back();
        }
        told.map(|()| Started { turn_id, queued: true })
    }

    fn queue_update(&self) -> Update {
        Update::Queue { prompts: self.queue.iter().cloned().collect() }
    }

    async fn start(&mut self, prompt: QueuedPrompt) -> Result<(), ErrorInfo> {
        let QueuedPrompt { turn_id, message } = prompt;
        let mut info = self.journal.info();
        info.updated_at = (self.shared.parts.clock)();
        if info.title.is_empty() {
            info.title = message.text.lines().next().unwrap_or("").chars().take(TITLE).collect();
        }
        let message = self.item(&turn_id, ItemBody::UserMessage(message));
        let mut updates = Vec::new();
        if self.journal.look(|state| !state.queue.is_empty()) {
            updates.push(self.queue_update());
        }
        updates.push(Update::ItemEnded { item: message });
        updates.push(Update::Status(Status::Running { turn_id: turn_id.clone() }));
        let entries = updates.into_iter().map(Entry::Update).collect();
        self.journal.write(entries, Some(info)).await?;

        let cancel = CancellationToken::new();
        self.turn = Some(RunningTurn { id: turn_id.clone(), cancel: cancel.clone() });
        let session = self.session.clone();
        let turn = Turn::new(self.shared.clone(), session.clone(), turn_id, cancel);
        tokio::spawn(async move {
            let end = std::panic::AssertUnwindSafe(turn::run(turn)).catch_unwind().await;
            let end = end.unwrap_or_else(|_| TurnEnd::Failed(panicked()));
            session.send(Command::TurnEnded { end }).await;
        });
        Ok(())
    }

    /// Stops the running turn. Its last word is still to come.
    async fn cancel(&mut self) -> bool {
        let Some(turn) = &self.turn else { return false };
        turn.cancel.cancel();
        let open: Vec<ItemId> = self.questions.keys().cloned().collect();
        for question in open {
            let _ = self.respond(&question, withdrawn()).await;
        }
        true
    }

    async fn turn_ended(&mut self, end: TurnEnd) {
        let Some(turn) = self.turn.take() else { return };
        let (reason, error) = match end {
            TurnEnd::Completed => (StopReason::Completed, None),
            TurnEnd::Cancelled => (StopReason::Cancelled, None),
            TurnEnd::Failed(error) => (StopReason::Error, Some(error)),
        };
        if let Err(failed) = self.end_turn(turn.id.clone(), reason, error).await {
            // The journal itself is what failed. Say so without it, rather than seem to work on
            // for ever; the next prompt makes the journal whole first.
            self.journal.tell_unjournaled(Update::Status(Status::Idle {
                turn_id: Some(turn.id),
                stop_reason: Some(StopReason::Error),
                error: Some(failed),
            }));
            return;
        }
        if reason == StopReason::Completed
            && self.closing.is_none()
            && let Some(prompt) = self.queue.pop_front()
            && let Err(error) = self.start(prompt.clone()).await
        {
            tracing::warn!(%error, "a queued prompt could not be started");
            self.queue.push_front(prompt);
        }
    }

    /// Ends a turn and all that it left open. Unless it completed, nothing starts by itself
    /// after it: the prompts that wait are shown as not sent.
    async fn end_turn(
        &mut self,
        turn: TurnId,
        reason: StopReason,
        error: Option<ErrorInfo>,
    ) -> Result<(), ErrorInfo> {
        let mut updates = self.journal.look(|state| recovery::end_open_items(state, reason));
        if reason != StopReason::Completed {
            updates.push(self.notice(&turn, recovery::notice(reason, error.as_ref())));
            for prompt in &self.queue {
                updates.push(self.notice(&turn, recovery::unsent(&prompt.message.text)));
            }
            if !self.queue.is_empty() {
                updates.push(Update::Queue { prompts: Vec::new() });
            }
        }
        updates.push(Update::Status(Status::Idle {
            turn_id: Some(turn),
            stop_reason: Some(reason),
            error,
        }));
        let mut info = self.journal.info();
        info.updated_at = (self.shared.parts.clock)();
        let entries = updates.into_iter().map(Entry::Update).collect();
        self.journal.write(entries, Some(info)).await?;
        if reason != StopReason::Completed {
            self.queue.clear();
        }
        Ok(())
    }

    /// Ends a turn that the journal knows as running although none does.
    async fn end_what_is_open(
        &mut self,
        reason: StopReason,
        error: Option<ErrorInfo>,
    ) -> Result<(), ErrorInfo> {
        let (status, queue) =
            self.journal.look(|state| (state.status.clone(), state.queue.clone()));
        let Status::Running { turn_id } = status else { return Ok(()) };
        self.queue = queue.into();
        self.end_turn(turn_id, reason, error).await
    }

    async fn ask(&mut self, item: Item, approval: Approval, reply: Reply<Answer>) {
        if self.turn.as_ref().is_none_or(|turn| turn.cancel.is_cancelled()) {
            let _ = reply.send(Ok(withdrawn()));
            return;
        }
        // A question that could not be journaled is not asked.
        if let Err(error) = self.write(vec![Update::ItemStarted { item: item.clone() }]).await {
            let _ = reply.send(Err(error));
            return;
        }
        let id = item.id.clone();
        let mut question = Question { item, approval, reply, asking: Vec::new() };
        for (connection, editor) in self.journal.attached() {
            put(&self.session, &mut question, *connection, editor.clone());
        }
        self.questions.insert(id, question);
    }

    async fn respond(&mut self, id: &ItemId, answer: Answer) -> Result<(), ErrorInfo> {
        let Some(question) = self.questions.get(id) else {
            return Err(ErrorInfo::new(
                ErrorCode::ApprovalNotFound,
                "That question is not open; it may have been answered elsewhere.",
            ));
        };
        let mut item = question.item.clone();
        let mut approval = question.approval.clone();
        let known = answer.decision == Decision::Withdrawn
            || approval.options.iter().any(|option| option.decision == answer.decision);
        if !known {
            return Err(not_an_answer());
        }
        approval.answer = Some(answer.clone());
        item.body = ItemBody::Approval(approval);
        let withdrawn = answer.decision == Decision::Withdrawn;
        // The answer counts once it is journaled; a withdrawal counts at any rate.
        match self.write(vec![Update::ItemEnded { item }]).await {
            Err(error) if !withdrawn => return Err(error),
            _ => {}
        }
        if let Some(question) = self.questions.remove(id) {
            question.asking.iter().for_each(|(_, asking)| asking.abort());
            let _ = question.reply.send(Ok(answer));
        }
        Ok(())
    }

    fn detach(&mut self, connection: ConnectionId) {
        self.journal.detach(connection);
        for question in self.questions.values_mut() {
            question.asking.retain(|(asked, asking)| {
                if *asked == connection {
                    asking.abort();
                }
                *asked != connection
            });
        }
    }

    fn notice(&self, turn: &TurnId, notice: Notice) -> Update {
        Update::ItemEnded { item: self.item(turn, ItemBody::Notice(notice)) }
    }

    fn item(&self, turn: &TurnId, body: ItemBody) -> Item {
        let parts = &self.shared.parts;
        item_of(turn, (parts.ids)(), (parts.clock)(), body)
    }
}

/// Puts an open question to one editor. Its answer, if it has one, comes back as a command.
fn put(
    session: &Session,
    question: &mut Question,
    connection: ConnectionId,
    editor: Arc<dyn Editor>,
) {
    let (session, id) = (session.clone(), question.item.id.clone());
    let approval = question.approval.clone();
    let asking = tokio::spawn(async move {
        if let Some(mut answer) = editor.ask(&session.id, &id, &approval).await {
            answer.by = editor.name();
            let respond = Command::Respond { approval: id, answer, reply: None };
            // Sent from a task of its own: the answer must arrive although it ends this one.
            tokio::spawn(async move { session.send(respond).await });
        }
    });
    question.asking.push((connection, asking.abort_handle()));
}

fn not_an_answer() -> ErrorInfo {
    ErrorInfo::new(
        ErrorCode::InvalidParams,
        "That is not one of the answers to this question; see the approval's `options`.",
    )
}

fn panicked() -> ErrorInfo {
    ErrorInfo::new(
        ErrorCode::Internal,
        "Coworker made a mistake of its own and stopped this turn; the log has the details.",
    )
}
