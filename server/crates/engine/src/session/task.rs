//! The loop that owns a session: prompts and their queue, the running turn, the way it ends.
//!
//! Every command is handled to its end before the next one is taken. What is asked of the user
//! meanwhile is in `questions.rs`.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Weak},
};

use futures::FutureExt;
use protocol::{
    AbsPath, ErrorCode, ErrorInfo, Item, ItemBody, ItemId, Mode, Notice, QueuedPrompt, SessionInfo,
    SessionState, Status, StopReason, Stretch, TurnId, Update, UserMessage,
};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{
    COMMANDS, Command, Reply, Requeue, Session, Unless, item_of,
    journal::{Entry, Journal},
    memory::Memory,
    questions::Questions,
    withdrawn,
};
use crate::{
    ConnectionId, StoredSession, checkpoints, context,
    ledger::{self, Ledger, Orders},
    recovery, rewinding,
    sessions::{Attached, Seen, Shared, Started},
    titles,
    turn::{self, Turn, TurnEnd},
};

/// How many commands are taken at once; what they journal is appended together.
const BATCH: usize = 128;

/// Makes a session that begins with `first`. If the store fails, there is none.
pub(crate) async fn create(
    shared: Arc<Shared>,
    info: SessionInfo,
    first: Vec<Update>,
) -> Result<Session, ErrorInfo> {
    let mut task =
        Task::new(shared, StoredSession { info, records: Vec::new(), drafts: Vec::new() });
    task.journal.create(first).await?;
    Ok(task.spawn())
}

/// Brings a stored session to life. What a process left open is ended as interrupted first.
pub(crate) async fn open(shared: Arc<Shared>, stored: StoredSession) -> Result<Session, ErrorInfo> {
    let mut task = Task::new(shared, stored);
    task.make_whole(StopReason::Interrupted).await?;
    Ok(task.spawn())
}

pub(super) struct Task {
    shared: Arc<Shared>,
    pub(super) journal: Journal,
    pub(super) questions: Questions,
    // Given to turns. The loop ends by `Close`, not by its senders.
    session: Session,
    /// Until the loop runs.
    orders: Option<Orders>,
    inbox: mpsc::Receiver<Command>,
    backlog: VecDeque<Command>,
    turn: Option<RunningTurn>,
    /// Lives for as long as no turn may begin.
    held: Weak<()>,
    queue: VecDeque<QueuedPrompt>,
    /// The files in prompts that the model has not been sent.
    unshown: HashMap<TurnId, Arc<Memory>>,
    naming: Naming,
    /// Who waits for the session to be closed; the loop ends when no turn runs any more.
    closing: Vec<Reply<bool>>,
}

/// Whether the session gets a title by the fast model.
enum Naming {
    /// Perhaps, after the next turn that completes.
    Open,
    /// It is being made, until this is dropped.
    Runs { _stop: DropGuard },
    /// It was, or could not be.
    Done,
}

struct RunningTurn {
    id: TurnId,
    cancel: CancellationToken,
    /// How many prompts waited when it was stopped: they are not sent.
    stopped_with: Option<usize>,
}

impl Task {
    fn new(shared: Arc<Shared>, stored: StoredSession) -> Self {
        let epoch = (shared.parts.ids)();
        let journal = Journal::new(shared.parts.store.clone(), stored, epoch);
        let (state, info) = journal.shared();
        let (commands, inbox) = mpsc::channel(COMMANDS);
        let (ledger, orders) = Ledger::new();
        let session = Session {
            id: journal.info().id,
            commands,
            state,
            info,
            memory: Arc::default(),
            ledger,
            ended: CancellationToken::new(),
        };
        Self {
            shared,
            journal,
            questions: Questions::new(session.clone()),
            session,
            orders: Some(orders),
            inbox,
            backlog: VecDeque::new(),
            turn: None,
            held: Weak::new(),
            queue: VecDeque::new(),
            unshown: HashMap::new(),
            naming: Naming::Open,
            closing: Vec::new(),
        }
    }

    fn spawn(mut self) -> Session {
        let session = self.session.clone();
        if let Some(orders) = self.orders.take() {
            ledger::spawn(self.shared.clone(), session.clone(), orders);
        }
        tokio::spawn(self.run());
        session
    }

    async fn run(mut self) {
        while self.closing.is_empty() || self.turn.is_some() {
            let Some(command) = self.next().await else { break };
            self.handle(command).await;
        }
        self.session.ended.cancel();
        self.sweep().await;
        let closed = self.shared.parts.store.close(&self.session.id).await;
        let closed = closed.map(|()| true).map_err(ErrorInfo::from);
        // Whoever still sends learns that nobody listens, and opens the session again. Those who
        // were let in before this are heard out; their replies fall away unanswered.
        self.inbox.close();
        while self.inbox.recv().await.is_some() {}
        for reply in self.closing {
            let _ = reply.send(closed.clone());
        }
    }

    /// Frees what was kept of documents and is not needed any more. No turn runs now, so nothing is
    /// kept that the journal does not name yet.
    async fn sweep(&self) {
        let has_changes = |state: &SessionState| {
            state.items.iter().any(|item| matches!(item.body, ItemBody::ChangeSet(_)))
        };
        if !self.journal.look(has_changes) {
            return;
        }
        let named = self.journal.look(checkpoints::named);
        if let Err(error) = self.shared.parts.store.sweep_blobs(&self.session.id, &named).await {
            tracing::warn!(session = %self.session.id, %error, "nothing was freed");
        }
    }

    async fn next(&mut self) -> Option<Command> {
        match self.backlog.pop_front() {
            Some(command) => Some(command),
            None => self.inbox.recv().await,
        }
    }

    // A reply that nobody waits for any more is not an error.
    async fn handle(&mut self, command: Command) {
        match command {
            command @ (Command::Record { .. } | Command::Text { .. }) => self.record(command).await,
            Command::Chat { message, shown, steer, reply } => {
                let _ = reply.send(self.chat(message, shown, steer).await);
            }
            Command::Queue { turn_id, change, reply } => {
                let _ = reply.send(self.requeue(&turn_id, change).await);
            }
            Command::Steer { reply } => {
                let _ = reply.send(self.steer().await);
            }
            Command::Folders { folders, reply } => {
                let _ = reply.send(self.set_folders(folders).await);
            }
            Command::Rewind { before, reply } => {
                let _ = reply.send(self.rewind(&before).await);
            }
            Command::SetAside { stretches, reply } => {
                let _ = reply.send(self.set_these_aside(&stretches).await);
            }
            Command::Hold { reply } => {
                let _ = reply.send(self.hold().await);
            }
            Command::Unwind { stretches, reply } => {
                let _ = reply.send(self.unwind(stretches).await);
            }
            Command::Attached { reply } => {
                let attached = self.journal.attached().iter().map(|(connection, _)| *connection);
                let _ = reply.send(Ok(attached.collect()));
            }
            Command::Cancel { reply } => {
                let _ = reply.send(self.cancel().await);
            }
            Command::Answered { approval, connection, answer } => {
                self.answered_by(connection, &approval, answer).await;
            }
            Command::Respond { approval, answer, reply } => {
                let _ = reply.send(self.respond(&approval, answer).await);
            }
            Command::Withdraw { approval } => self.withdraw(&approval).await,
            Command::Configure { mode, model, reply } => {
                let _ = reply.send(self.configure(mode, model).await);
            }
            Command::DefaultModel { model, reply } => {
                // Somebody may have chosen one while it was looked for.
                let is_wanted = self.journal.look(|state| state.model.is_empty());
                let set = if is_wanted { self.configure(None, Some(model)).await } else { Ok(()) };
                let _ = reply.send(set);
            }
            Command::Attach { connection, seen, reply } => {
                let _ = reply.send(self.attach(connection, seen).await);
            }
            Command::Detach { connection } => self.detach(connection),
            Command::Ask { item, approval, reply } => {
                let stopped = self.turn.as_ref().is_none_or(|turn| turn.cancel.is_cancelled());
                if stopped {
                    let _ = reply.send(Ok(withdrawn()));
                } else {
                    self.ask(item, approval, reply).await;
                }
            }
            Command::Use { more, reply } => {
                let mut usage = self.journal.look(|state| state.usage);
                usage += more;
                let _ = reply.send(self.write(vec![Update::Usage(usage)]).await);
            }
            Command::Title { title } => self.take_title(title).await,
            Command::TurnEnded { end } => self.turn_ended(end).await,
            Command::Close { unless, reply } => self.close(unless, reply).await,
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

    pub(super) async fn write(&mut self, updates: Vec<Update>) -> Result<(), ErrorInfo> {
        self.journal.write(updates.into_iter().map(Entry::Update).collect(), None).await
    }

    async fn chat(
        &mut self,
        message: UserMessage,
        shown: Arc<Memory>,
        steer: bool,
    ) -> Result<Started, ErrorInfo> {
        has_words(&message.text)?;
        let turn_id = TurnId((self.shared.parts.ids)());
        let prompt = QueuedPrompt { turn_id: turn_id.clone(), message, steer };
        if self.turn.is_none() {
            self.is_free()?;
            self.make_whole(StopReason::Error).await?;
            self.unshown.insert(turn_id.clone(), shown);
            let started = self.start(prompt).await;
            self.forget_gone();
            started?;
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
        } else {
            self.unshown.insert(turn_id.clone(), shown);
        }
        told.map(|()| Started { turn_id, queued: true })
    }

    /// Changes a prompt that waits.
    async fn requeue(&mut self, turn: &TurnId, change: Requeue) -> Result<(), ErrorInfo> {
        let Some(at) = self.queue.iter().position(|prompt| prompt.turn_id == *turn) else {
            return Err(ErrorInfo::new(
                ErrorCode::PromptNotQueued,
                "That prompt does not wait any more; it has been sent or taken away.",
            ));
        };
        let before = self.queue.clone();
        let mut files = None;
        match change {
            Requeue::Replace(mut message, shown) => {
                files = Some(shown);
                has_words(&message.text)?;
                let prompt = &mut self.queue[at];
                // What the user pointed at when they wrote it stays pointed at.
                let pointed = prompt.message.context.drain(..).filter(context::is_pointed_at);
                message.context.splice(0..0, pointed);
                prompt.message = message;
            }
            Requeue::Remove => drop(self.queue.remove(at)),
            Requeue::Steer => self.queue[at].steer = true,
        }
        if let Err(error) = self.write(vec![self.queue_update()]).await {
            self.queue = before;
            return Err(error);
        }
        if self.queue.len() < before.len()
            && let Some(turn) = &mut self.turn
            && let Some(waited) = turn.stopped_with.as_mut().filter(|waited| at < **waited)
        {
            *waited -= 1;
        }
        self.unshown.extend(files.map(|shown| (turn.clone(), shown)));
        self.forget_gone();
        Ok(())
    }

    /// Gives what steers the running turn to it.
    async fn steer(&mut self) -> Result<bool, ErrorInfo> {
        // What waited when the turn was stopped falls with it.
        let Some(turn) = self.turn.as_ref().filter(|turn| !turn.cancel.is_cancelled()) else {
            return Ok(false);
        };
        let turn = turn.id.clone();
        let (steering, rest): (VecDeque<_>, VecDeque<_>) =
            self.queue.iter().cloned().partition(|prompt| prompt.steer);
        if steering.is_empty() {
            return Ok(false);
        }
        let mut updates = vec![Update::Queue { prompts: rest.iter().cloned().collect() }];
        updates.extend(steering.iter().map(|prompt| Update::ItemEnded {
            item: self.item(&turn, ItemBody::UserMessage(prompt.message.clone())),
        }));
        self.write(updates).await?;
        self.queue = rest;
        steering.iter().for_each(|prompt| self.show(&prompt.turn_id));
        Ok(true)
    }

    /// The model is sent a prompt that waited, with the files in it.
    fn show(&mut self, prompt: &TurnId) {
        if let Some(shown) = self.unshown.remove(prompt) {
            self.session.memory.take_in(&shown);
        }
    }

    /// Prompts that do not wait any more and were not sent show nothing.
    fn forget_gone(&mut self) {
        self.unshown.retain(|turn, _| self.queue.iter().any(|prompt| prompt.turn_id == *turn));
    }

    async fn configure(
        &mut self,
        mode: Option<Mode>,
        model: Option<String>,
    ) -> Result<(), ErrorInfo> {
        let before = self.journal.look(|state| (state.mode, state.model.clone()));
        let (mode, model) = (mode.unwrap_or(before.0), model.unwrap_or(before.1));
        let mut updates = vec![Update::Config { mode, model }];
        updates.extend(self.warning(before.0, mode));
        self.write(updates).await
    }

    /// What is said on every screen when nothing will be asked any more.
    fn warning(&self, before: Mode, now: Mode) -> Option<Update> {
        let turn = self.turn.as_ref().map_or_else(|| TurnId::from(""), |turn| turn.id.clone());
        let warns = now == Mode::Auto && before != Mode::Auto;
        warns.then(|| self.notice(&turn, recovery::auto_mode()))
    }

    async fn set_folders(&mut self, folders: Vec<AbsPath>) -> Result<(), ErrorInfo> {
        let mut info = self.journal.info();
        if info.folders == folders {
            return Ok(());
        }
        info.folders = folders;
        self.journal.write(Vec::new(), Some(info)).await
    }

    /// Sets aside every item from one on, except for those that are.
    async fn rewind(&mut self, before: &ItemId) -> Result<Vec<Stretch>, ErrorInfo> {
        self.rest().await?;
        let stretches = self.journal.look(|state| rewinding::from(state, before))?;
        self.set_these_aside(&stretches).await?;
        Ok(stretches)
    }

    async fn set_these_aside(&mut self, stretches: &[Stretch]) -> Result<(), ErrorInfo> {
        self.rest().await?;
        self.set_aside(stretches, true).await?;
        // The model has not seen any more what it was shown there.
        self.session.memory.forget();
        Ok(())
    }

    async fn hold(&mut self) -> Result<Arc<()>, ErrorInfo> {
        self.rest().await?;
        self.is_free()?;
        let hold = Arc::new(());
        self.held = Arc::downgrade(&hold);
        Ok(hold)
    }

    /// Fails while somebody holds the session.
    fn is_free(&self) -> Result<(), ErrorInfo> {
        match self.held.upgrade() {
            None => Ok(()),
            Some(_) => Err(rewinding::held()),
        }
    }

    async fn unwind(&mut self, stretches: Vec<Stretch>) -> Result<(), ErrorInfo> {
        self.rest().await?;
        self.journal.look(|state| rewinding::check(state, &stretches))?;
        self.set_aside(&stretches, false).await
    }

    async fn set_aside(&mut self, stretches: &[Stretch], aside: bool) -> Result<(), ErrorInfo> {
        let update = |stretch: &Stretch| Update::SetAside { stretch: stretch.clone(), aside };
        self.write(stretches.iter().map(update).collect()).await
    }

    /// Makes sure that no turn runs and nothing is open.
    async fn rest(&mut self) -> Result<(), ErrorInfo> {
        if self.turn.is_some() {
            return Err(rewinding::busy());
        }
        self.make_whole(StopReason::Error).await
    }

    fn queue_update(&self) -> Update {
        Update::Queue { prompts: self.queue.iter().cloned().collect() }
    }

    async fn start(&mut self, prompt: QueuedPrompt) -> Result<(), ErrorInfo> {
        let QueuedPrompt { turn_id, message, .. } = prompt;
        let mut info = self.journal.info();
        info.updated_at = (self.shared.parts.clock)();
        if info.title.is_empty() {
            info.title = titles::first_line(&message.text);
        }
        let mut updates = Vec::new();
        if self.journal.look(|state| !state.queue.is_empty()) {
            updates.push(self.queue_update());
        }
        let message = self.item(&turn_id, ItemBody::UserMessage(message));
        updates.push(Update::ItemEnded { item: message });
        updates.push(Update::Status(Status::Running { turn_id: turn_id.clone() }));
        let entries = updates.into_iter().map(Entry::Update).collect();
        self.journal.write(entries, Some(info)).await?;

        if let Naming::Runs { .. } = self.naming {
            self.naming = Naming::Open;
        }
        self.show(&turn_id);
        let cancel = CancellationToken::new();
        let running =
            RunningTurn { id: turn_id.clone(), cancel: cancel.clone(), stopped_with: None };
        self.turn = Some(running);
        let session = self.session.clone();
        let turn = Turn::new(self.shared.clone(), session.clone(), turn_id, cancel.child_token());
        tokio::spawn(async move {
            let run = std::panic::AssertUnwindSafe(turn::run(turn, &cancel));
            let end = run.catch_unwind().await;
            let end = end.unwrap_or_else(|_| TurnEnd::Failed(panicked()));
            session.send(Command::TurnEnded { end }).await;
        });
        Ok(())
    }

    /// Stops the running turn; says whether there is one. Its last word is still to come.
    async fn cancel(&mut self) -> Result<bool, ErrorInfo> {
        let Some(turn) = &mut self.turn else {
            self.make_whole(StopReason::Error).await?;
            return Ok(false);
        };
        turn.cancel.cancel();
        // What comes after the stop is a new wish; what waited before it falls with the turn.
        turn.stopped_with.get_or_insert(self.queue.len());
        self.withdraw_all().await;
        Ok(true)
    }

    async fn attach(
        &mut self,
        connection: ConnectionId,
        seen: Option<Seen>,
    ) -> Result<Attached, ErrorInfo> {
        let editor = self.shared.editor(connection).ok_or_else(|| {
            ErrorInfo::new(ErrorCode::Internal, "This connection has already been closed.")
        })?;
        if self.turn.is_none() {
            // A client that comes now must not be told of a turn that nobody works on. If the
            // store still fails, it is told what the journal has.
            let _ = self.make_whole(StopReason::Error).await;
        }
        self.detach(connection);
        let attached = self.journal.attach(connection, editor.clone(), seen);
        self.questions.put_all(connection, &editor);
        Ok(attached)
    }

    fn detach(&mut self, connection: ConnectionId) {
        self.journal.detach(connection);
        self.questions.leave(connection);
    }

    async fn close(&mut self, unless: Unless, reply: Reply<bool>) {
        let runs = self.turn.is_some();
        let busy = match unless {
            Unless::Never => false,
            Unless::TurnRuns => runs,
            Unless::InUse => runs || !self.journal.attached().is_empty(),
        };
        if busy {
            let _ = reply.send(Ok(false));
            return;
        }
        self.closing.push(reply);
        if runs {
            let _ = self.cancel().await;
        }
    }

    async fn turn_ended(&mut self, end: TurnEnd) {
        let Some(turn) = self.turn.take() else { return };
        let (reason, error) = match end {
            // Who said stop and was told yes must not see the turn go on to its end.
            _ if turn.cancel.is_cancelled() => (StopReason::Cancelled, None),
            TurnEnd::Cancelled => (StopReason::Cancelled, None),
            TurnEnd::Completed => (StopReason::Completed, None),
            TurnEnd::Failed(error) => (StopReason::Error, Some(error)),
        };
        let unsent = match reason {
            _ if !self.closing.is_empty() => self.queue.len(),
            StopReason::Completed => 0,
            StopReason::Cancelled => turn.stopped_with.unwrap_or(self.queue.len()),
            _ => self.queue.len(),
        };
        if let Err(failed) = self.end_turn(turn.id.clone(), reason, error, unsent).await {
            // The next prompt makes the journal whole first.
            self.tell_failure(turn.id, failed);
            return;
        }
        let Some(prompt) = self.queue.pop_front() else {
            if reason == StopReason::Completed && self.closing.is_empty() {
                self.find_title();
            }
            return;
        };
        if let Err(failed) = self.start(prompt.clone()).await {
            let turn = prompt.turn_id.clone();
            self.queue.push_front(prompt);
            self.tell_failure(turn, failed);
        }
    }

    /// Has a title made beside the session, if it is to have one.
    fn find_title(&mut self) {
        if !matches!(self.naming, Naming::Open) {
            return;
        }
        let info = self.journal.info();
        let request = self.journal.look(|state| titles::request(&self.shared.parts, state, &info));
        let Some(request) = request else { return };
        let stop = self.session.ended.child_token();
        self.naming = Naming::Runs { _stop: stop.clone().drop_guard() };
        let (shared, session) = (self.shared.clone(), self.session.clone());
        tokio::spawn(async move { titles::make(&shared, &session, request, &stop).await });
    }

    async fn take_title(&mut self, title: Option<String>) {
        self.naming = Naming::Done;
        let Some(title) = title else { return };
        let info = SessionInfo { title: title.clone(), ..self.journal.info() };
        let update = Entry::Update(Update::Title { title });
        if let Err(error) = self.journal.write(vec![update], Some(info)).await {
            tracing::debug!(session = %self.session.id, error = error.message, "no new title");
        }
    }

    /// The journal itself is what failed. Says so without it, rather than seem to work for ever.
    fn tell_failure(&mut self, turn: TurnId, error: ErrorInfo) {
        self.journal.tell_unjournaled(Update::Status(Status::Idle {
            turn_id: Some(turn),
            stop_reason: Some(StopReason::Error),
            error: Some(error),
        }));
    }

    /// Ends a turn and all that it left open. The first `unsent` prompts of the queue are shown
    /// as not sent: after a turn that did not complete, nothing that waited starts by itself.
    async fn end_turn(
        &mut self,
        turn: TurnId,
        reason: StopReason,
        error: Option<ErrorInfo>,
        unsent: usize,
    ) -> Result<(), ErrorInfo> {
        let mut updates = self.journal.look(|state| recovery::end_open_items(state, reason));
        if reason != StopReason::Completed {
            updates.push(self.notice(&turn, recovery::notice(reason, error.as_ref())));
        }
        updates.extend(self.unsent(unsent));
        let ended = Status::Idle { turn_id: Some(turn), stop_reason: Some(reason), error };
        updates.push(Update::Status(ended));
        let mut info = self.journal.info();
        info.updated_at = (self.shared.parts.clock)();
        let entries = updates.into_iter().map(Entry::Update).collect();
        self.journal.write(entries, Some(info)).await?;
        self.queue.drain(..unsent);
        self.forget_gone();
        Ok(())
    }

    /// The first prompts of the queue as not sent, each under the turn it was to be.
    fn unsent(&self, count: usize) -> Vec<Update> {
        let unsent = self.queue.iter().take(count);
        let mut updates: Vec<Update> = unsent
            .map(|prompt| self.notice(&prompt.turn_id, recovery::unsent(&prompt.message.text)))
            .collect();
        if count > 0 {
            let prompts = self.queue.iter().skip(count).cloned().collect();
            updates.push(Update::Queue { prompts });
        }
        updates
    }

    /// Ends what the journal has as open although nobody works on it: a process died, or a store
    /// failed, before the end was written. To be called when no turn runs.
    async fn make_whole(&mut self, reason: StopReason) -> Result<(), ErrorInfo> {
        let (status, queue) =
            self.journal.look(|state| (state.status.clone(), state.queue.clone()));
        self.queue = queue.into();
        let unsent = self.queue.len();
        if let Status::Running { turn_id } = status {
            return self.end_turn(turn_id, reason, None, unsent).await;
        }
        let updates = self.unsent(unsent);
        self.write(updates).await?;
        self.queue.clear();
        Ok(())
    }

    fn notice(&self, turn: &TurnId, notice: Notice) -> Update {
        Update::ItemEnded { item: self.item(turn, ItemBody::Notice(notice)) }
    }

    fn item(&self, turn: &TurnId, body: ItemBody) -> Item {
        let parts = &self.shared.parts;
        item_of(turn, (parts.ids)(), (parts.clock)(), body)
    }
}

/// A prompt must say something.
pub(crate) fn has_words(text: &str) -> Result<(), ErrorInfo> {
    if text.trim().is_empty() {
        return Err(ErrorInfo::new(ErrorCode::InvalidParams, "There is nothing to ask."));
    }
    Ok(())
}

fn panicked() -> ErrorInfo {
    ErrorInfo::new(
        ErrorCode::Internal,
        "Coworker made a mistake of its own and stopped this turn; the log has the details.",
    )
}
