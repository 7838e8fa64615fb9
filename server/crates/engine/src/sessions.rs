//! [`Sessions`]: the one handle that front ends hold.

mod forking;
mod models;
mod pictures;
mod restoring;
mod rewinding;

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use protocol::{
    AbsPath, Answer, ContextReport, ErrorCode, ErrorInfo, Item, ItemBody, ItemId, Mode,
    QueueChange, SessionId, SessionInfo, SessionState, TurnId, UndoScope, Update, Usage,
    UserMessage,
};
use tokio::sync::{OnceCell, oneshot};
use tokio_util::sync::CancellationToken;

pub use restoring::Swept;

use crate::{
    Budgets, Completions, ConnectionId, Documents, Editor, Model, Store, StoredSession, Tool,
    budget,
    context::{self, Place},
    ledger::{HunkNow, HunkView, Proposal, Resolution, Switched},
    recovery,
    session::{self, Command, Requeue, Session, Unless},
    titles,
};

/// How often a session that is closed under a request is opened again.
const OPENINGS: usize = 4;

/// Tells the time, in milliseconds since 1970 in UTC.
pub type Clock = Arc<dyn Fn() -> u64 + Send + Sync>;
/// Makes a text that no other call has made or will make.
pub type Ids = Arc<dyn Fn() -> String + Send + Sync>;

/// What an engine is made of.
pub struct Parts {
    /// Where answers come from.
    pub model: Arc<dyn Model>,
    /// What the model can do, in the order it is told.
    pub tools: Vec<Arc<dyn Tool>>,
    /// The texts the agent sees.
    pub documents: Arc<dyn Documents>,
    /// Where sessions are kept.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Clock,
    /// Fresh ids.
    pub ids: Ids,
    /// Which folders the user trusts.
    pub trust: Trust,
    /// What the user chose.
    pub settings: Settings,
}

/// Keeps whether a folder is trusted.
pub type KeepTrust = Arc<dyn Fn(&AbsPath, bool) -> Result<(), ErrorInfo> + Send + Sync>;

/// Which folders the user trusts: the configuration, skills and slash commands of others count
/// for nothing.
#[derive(Clone)]
pub struct Trust {
    /// Whether a resolved folder is trusted.
    pub is_trusted: Arc<dyn Fn(&AbsPath) -> bool + Send + Sync>,
    /// Remembers that a resolved folder is trusted, or no longer.
    pub set: KeepTrust,
}

impl Trust {
    /// No folder is trusted, and none can be.
    pub fn none() -> Self {
        let refuse =
            |_: &AbsPath, _| Err(ErrorInfo::new(ErrorCode::Denied, "Trust is not kept here."));
        Self { is_trusted: Arc::new(|_| false), set: Arc::new(refuse) }
    }
}

/// What the user chose, with the limits of a turn.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The mode of new sessions.
    pub mode: Mode,
    /// The model of new sessions, as `provider/name`; empty when none is set up.
    pub model: String,
    /// The model that is shown pictures where the session's own reads none; empty for none.
    pub vision_model: String,
    /// Whether the fast model gives sessions their titles.
    pub titles: bool,
    /// Folders no tool may touch: Coworker's own state and configuration.
    pub forbidden: Vec<AbsPath>,
    /// Where the user keeps rules, skills and slash commands for every project, the first counts
    /// most: Coworker's configuration folder, then `~/.agents`, `~/.claude`.
    pub user_folders: Vec<AbsPath>,
    /// How long an editor may take to answer that it applies an edit.
    pub apply_timeout: Duration,
    /// How long after that its document may take to show the edit.
    pub confirm_timeout: Duration,
    /// How long nobody must have typed before an edit is tried again.
    pub typing_pause: Duration,
    /// How long an editor's diagnostics must not have changed to count as settled.
    pub diagnostics_settle: Duration,
    /// How long an edit waits at most for what the editor's language servers say about it.
    pub diagnostics_timeout: Duration,
    /// How many model requests one turn may make.
    pub max_requests: u32,
    /// How much a turn, a session and a day may use before the user is asked.
    pub budgets: Budgets,
    /// How long one turn may take, the time it waits for the user not counted; 0 for ever.
    pub max_turn_time: Duration,
    /// How many prompts may wait.
    pub max_queue: usize,
    /// How many tokens one answer may have.
    pub max_output_tokens: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mode: Mode::Ask,
            model: String::new(),
            vision_model: String::new(),
            titles: true,
            forbidden: Vec::new(),
            user_folders: Vec::new(),
            apply_timeout: Duration::from_secs(10),
            confirm_timeout: Duration::from_secs(1),
            typing_pause: Duration::from_millis(300),
            diagnostics_settle: Duration::from_millis(300),
            diagnostics_timeout: Duration::from_secs(5),
            max_requests: 100,
            budgets: Budgets::default(),
            max_turn_time: Duration::ZERO,
            max_queue: 32,
            max_output_tokens: 16_000,
        }
    }
}

/// A session to be made. What is left out comes from the settings.
#[derive(Clone, Debug)]
pub struct NewSession {
    /// The folder to work in.
    pub root: AbsPath,
    /// Further folders of the same work.
    pub folders: Vec<AbsPath>,
    /// The mode.
    pub mode: Option<Mode>,
    /// The model, as `provider/name`.
    pub model: Option<String>,
}

/// A prompt that was taken on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Started {
    /// The turn it is or will be.
    pub turn_id: TurnId,
    /// Whether it waits for another.
    pub queued: bool,
}

/// What a client that comes back has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The epoch it was attached in.
    pub epoch: String,
    /// The last update it saw.
    pub seq: u64,
}

/// How a client stands after attaching.
#[derive(Clone, Debug, PartialEq)]
pub struct Attached {
    /// The session.
    pub info: SessionInfo,
    /// Who numbers its updates.
    pub epoch: String,
    /// The last update it was given.
    pub seq: u64,
    /// Whether it was given everything.
    pub from_start: bool,
}

/// What every session of this process shares.
pub(crate) struct Shared {
    pub(crate) parts: Parts,
    editors: Mutex<HashMap<ConnectionId, Arc<dyn Editor>>>,
    next_connection: AtomicU64,
    open: Mutex<HashMap<SessionId, Arc<OnceCell<Session>>>>,
}

impl Shared {
    /// The editor at the other end of a connection, while there is one.
    pub(crate) fn editor(&self, connection: ConnectionId) -> Option<Arc<dyn Editor>> {
        lock(&self.editors).get(&connection).cloned()
    }
}

/// All sessions of this process. Cheap to clone.
#[derive(Clone)]
pub struct Sessions {
    shared: Arc<Shared>,
}

impl Sessions {
    /// An engine made of these parts. It does nothing until it is asked.
    pub fn new(parts: Parts) -> Self {
        let shared = Shared {
            parts,
            editors: Mutex::default(),
            next_connection: AtomicU64::new(1),
            open: Mutex::default(),
        };
        Self { shared: Arc::new(shared) }
    }

    /// Adds a client. Buffers it opens go by the returned name.
    pub fn connect(&self, editor: Arc<dyn Editor>) -> ConnectionId {
        let connection = ConnectionId(self.shared.next_connection.fetch_add(1, Ordering::Relaxed));
        lock(&self.shared.editors).insert(connection, editor);
        connection
    }

    /// Removes a client. Sessions that nobody is attached to and that do nothing are closed.
    pub async fn disconnect(&self, connection: ConnectionId) {
        lock(&self.shared.editors).remove(&connection);
        for session in self.open_sessions() {
            leave(&session, connection).await;
        }
    }

    /// Makes a session.
    ///
    /// # Errors
    /// The folder cannot be resolved, or the store failed.
    pub async fn create(&self, new: NewSession) -> Result<SessionInfo, ErrorInfo> {
        let Parts { settings, ids, clock, documents, .. } = &self.shared.parts;
        // Policy compares resolved paths with this one.
        let root = documents.resolve(&new.root).await.map_err(|error| {
            ErrorInfo::new(error.code(), format!("The session cannot work there: {error}."))
        })?;
        let folders = self.resolved_folders(&root, &new.folders).await;
        let now = clock();
        let info = SessionInfo {
            id: SessionId(ids()),
            root,
            folders,
            title: String::new(),
            created_at: now,
            updated_at: now,
        };
        let mode = new.mode.unwrap_or(settings.mode);
        let model = new.model.unwrap_or_else(|| settings.model.clone());
        let mut first = vec![Update::Config { mode, model }];
        if mode == Mode::Auto {
            let body = ItemBody::Notice(recovery::auto_mode());
            let item = session::item_of(&TurnId::from(""), ids(), now, body);
            first.push(Update::ItemEnded { item });
        }
        let session = session::create(self.shared.clone(), info.clone(), first).await?;
        let cell = Arc::new(OnceCell::new_with(Some(session)));
        lock(&self.shared.open).insert(info.id.clone(), cell);
        Ok(info)
    }

    /// The sessions there are, the last used first; only those of `root` if given.
    ///
    /// # Errors
    /// The store failed.
    pub async fn list(&self, root: Option<&AbsPath>) -> Result<Vec<SessionInfo>, ErrorInfo> {
        Ok(self.shared.parts.store.list(root).await?)
    }

    /// Attaches a client: [`Editor::notify`] gets what it missed before this returns, then
    /// whatever comes.
    ///
    /// # Errors
    /// There is no such session, or another process has it.
    pub async fn attach(
        &self,
        connection: ConnectionId,
        session: &SessionId,
        seen: Option<Seen>,
    ) -> Result<Attached, ErrorInfo> {
        let attach = |reply| Command::Attach { connection, seen: seen.clone(), reply };
        self.request(session, attach).await
    }

    /// A client leaves a session. If it was the last and no turn runs, the session is closed.
    pub async fn detach(&self, connection: ConnectionId, id: &SessionId) {
        let open = self.open_sessions().into_iter().find(|session| session.id == *id);
        if let Some(session) = open {
            leave(&session, connection).await;
        }
    }

    /// The whole session as it was kept last, whoever has it open. It is not opened here.
    ///
    /// # Errors
    /// There is no such session, or the store failed.
    pub async fn look(&self, id: &SessionId) -> Result<StoredSession, ErrorInfo> {
        Ok(self.shared.parts.store.read(id).await?)
    }

    /// The first line of the first prompt of a session, whatever its title is by now; empty where
    /// nothing was asked yet.
    ///
    /// # Errors
    /// As for [`Sessions::look`].
    pub async fn first_line(&self, id: &SessionId) -> Result<String, ErrorInfo> {
        let records = self.look(id).await?.records.into_iter();
        let mut prompts = records.filter_map(|record| match record.update {
            Update::ItemEnded { item: Item { body: ItemBody::UserMessage(it), .. } } => Some(it),
            _ => None,
        });
        Ok(prompts.next().map(|prompt| titles::first_line(&prompt.text)).unwrap_or_default())
    }

    /// Removes a session for good.
    ///
    /// # Errors
    /// There is no such session, another process has it, or a turn of it runs.
    pub async fn delete(&self, id: &SessionId) -> Result<(), ErrorInfo> {
        let open = self.open_sessions().into_iter().find(|session| session.id == *id);
        if let Some(session) = open {
            let close = |reply| Command::Close { unless: Unless::TurnRuns, reply };
            if !session.request(close).await? {
                return Err(ErrorInfo::new(
                    ErrorCode::SessionBusy,
                    "A turn of this session runs; stop it first.",
                ));
            }
        }
        self.shared.parts.store.delete(id).await?;
        lock(&self.shared.open).remove(id);
        Ok(())
    }

    /// Sends a prompt. It becomes a turn at once, or waits for the one that runs.
    ///
    /// # Errors
    /// The prompt could not be journaled, or too many wait. Then nothing has begun.
    pub async fn chat(&self, id: &SessionId, message: UserMessage) -> Result<Started, ErrorInfo> {
        self.send(id, message, false).await
    }

    /// Sends a prompt that goes to the model with the next request of the turn that runs. If none
    /// runs, or it makes no further request, it becomes a turn like any other.
    ///
    /// # Errors
    /// As for [`Sessions::chat`].
    pub async fn steer(&self, id: &SessionId, message: UserMessage) -> Result<Started, ErrorInfo> {
        self.send(id, message, true).await
    }

    async fn send(
        &self,
        id: &SessionId,
        message: UserMessage,
        steer: bool,
    ) -> Result<Started, ErrorInfo> {
        let session = self.session(id).await?.aside();
        let live = Some((&*self.shared, &session));
        let message = context::resolve(&self.place(&session), live, message).await?;
        let chat = |reply| {
            let (message, shown) = (message.clone(), session.memory.clone());
            Command::Chat { message, shown, steer, reply }
        };
        self.request(id, chat).await
    }

    /// Changes a prompt that waits.
    ///
    /// # Errors
    /// It does not wait any more, or its new text cannot be used.
    pub async fn requeue(
        &self,
        id: &SessionId,
        turn_id: &TurnId,
        change: QueueChange,
    ) -> Result<(), ErrorInfo> {
        let message = match &change {
            QueueChange::Edit { text } => {
                let session = self.session(id).await?.aside();
                let queued = session.look(|state| {
                    let prompt = state.queue.iter().find(|prompt| prompt.turn_id == *turn_id);
                    prompt.map(|prompt| prompt.message.context.clone()).unwrap_or_default()
                });
                let (place, live) = (self.place(&session), Some((&*self.shared, &session)));
                let context = context::referred(&place, live, text, &queued).await?;
                Some((UserMessage { text: text.clone(), context }, session.memory))
            }
            _ => None,
        };
        let requeue = |reply| {
            let change = match (&change, &message) {
                (QueueChange::Edit { .. }, Some((message, shown))) => {
                    Requeue::Replace(message.clone(), shown.clone())
                }
                (QueueChange::Steer, _) => Requeue::Steer,
                _ => Requeue::Remove,
            };
            Command::Queue { turn_id: turn_id.clone(), change, reply }
        };
        self.request(id, requeue).await
    }

    /// The folders of the client's workspace are now these, beside the session's own.
    ///
    /// # Errors
    /// There is no such session, or the store failed.
    pub async fn set_folders(&self, id: &SessionId, folders: &[AbsPath]) -> Result<(), ErrorInfo> {
        let root = self.session(id).await?.info().root;
        let folders = self.resolved_folders(&root, folders).await;
        self.request(id, |reply| Command::Folders { folders: folders.clone(), reply }).await
    }

    /// Whether the user trusts a folder, resolved.
    pub fn is_trusted(&self, root: &AbsPath) -> bool {
        (self.shared.parts.trust.is_trusted)(root)
    }

    /// Remembers whether the user trusts a folder, resolved.
    ///
    /// # Errors
    /// It cannot be kept.
    pub fn set_trusted(&self, root: &AbsPath, trusted: bool) -> Result<(), ErrorInfo> {
        (self.shared.parts.trust.set)(root, trusted)
    }

    /// What a session is shown as in a list.
    ///
    /// # Errors
    /// There is no such session, or another process has it.
    pub async fn info(&self, id: &SessionId) -> Result<SessionInfo, ErrorInfo> {
        Ok(self.session(id).await?.info())
    }

    async fn resolved_folders(&self, root: &AbsPath, folders: &[AbsPath]) -> Vec<AbsPath> {
        let mut resolved = Vec::new();
        for folder in folders {
            match self.shared.parts.documents.resolve(folder).await {
                Ok(folder) if folder != *root && !resolved.contains(&folder) => {
                    resolved.push(folder);
                }
                Ok(_) => {}
                // One folder that is gone must not keep the others from being worked in.
                Err(error) => tracing::warn!(%folder, %error, "left out"),
            }
        }
        resolved
    }

    fn place(&self, session: &Session) -> Place {
        let mode = session.look(|state| state.mode);
        Place::new(&self.shared.parts, &session.info(), mode)
    }

    /// What the next request of a session would be made of, if this were its prompt; an empty
    /// `text` for none.
    ///
    /// # Errors
    /// There is no such session, another process has it, or the prompt is a command that there
    /// is not.
    pub async fn context(&self, id: &SessionId, text: &str) -> Result<ContextReport, ErrorInfo> {
        let session = self.session(id).await?;
        let place = self.place(&session);
        context::report(&self.shared, &place, Some(&session), text).await
    }

    /// What the first request of a session would be made of that does not exist yet, if this were
    /// its prompt; an empty `text` for none.
    ///
    /// # Errors
    /// The folder cannot be resolved, or the prompt is a command that there is not.
    pub async fn context_of(
        &self,
        new: NewSession,
        text: &str,
    ) -> Result<ContextReport, ErrorInfo> {
        let place = self.place_of(&new).await?;
        context::report(&self.shared, &place, None, text).await
    }

    /// What can be typed at the end of this beginning of a prompt.
    ///
    /// # Errors
    /// There is no such session, or another process has it.
    pub async fn complete(&self, id: &SessionId, text: &str) -> Result<Completions, ErrorInfo> {
        let session = self.session(id).await?;
        Ok(context::complete(&self.place(&session), text).await)
    }

    /// The same for a session that does not exist yet.
    ///
    /// # Errors
    /// The folder cannot be resolved.
    pub async fn complete_of(&self, new: NewSession, text: &str) -> Result<Completions, ErrorInfo> {
        Ok(context::complete(&self.place_of(&new).await?, text).await)
    }

    /// Where a session would look that does not exist yet.
    async fn place_of(&self, new: &NewSession) -> Result<Place, ErrorInfo> {
        let Parts { documents, settings, .. } = &self.shared.parts;
        let root = documents.resolve(&new.root).await?;
        let folders = self.resolved_folders(&root, &new.folders).await;
        let info = SessionInfo {
            id: SessionId(String::new()),
            root,
            folders,
            title: String::new(),
            created_at: 0,
            updated_at: 0,
        };
        Ok(Place::new(&self.shared.parts, &info, new.mode.unwrap_or(settings.mode)))
    }

    /// Stops the running turn; says whether there was one.
    ///
    /// # Errors
    /// There is no such session.
    pub async fn cancel(&self, id: &SessionId) -> Result<bool, ErrorInfo> {
        self.request(id, |reply| Command::Cancel { reply }).await
    }

    /// Answers a question.
    ///
    /// # Errors
    /// It is not open.
    pub async fn respond(
        &self,
        id: &SessionId,
        approval: &ItemId,
        answer: Answer,
    ) -> Result<(), ErrorInfo> {
        let respond =
            |reply| Command::Respond { approval: approval.clone(), answer: answer.clone(), reply };
        self.request(id, respond).await
    }

    /// Decides about hunks of a change set, before they are applied or after. When none is left
    /// to decide, the turn that waits for it goes on. Gives what became of them, and of those that
    /// fell with them.
    ///
    /// # Errors
    /// The session has no such change set or hunk, or it could not be journaled.
    pub async fn resolve(
        &self,
        id: &SessionId,
        change_set: &ItemId,
        wanted: Resolution,
    ) -> Result<Vec<HunkNow>, ErrorInfo> {
        let session = self.session(id).await?;
        self.is_own(&session, change_set)?;
        let item = change_set.clone();
        let decided = session.ledger.ask(move |book| {
            Box::pin(async move { book.resolve(&item, wanted, &CancellationToken::new()).await })
        });
        decided.await?
    }

    /// Takes back what the agent wrote, or with `redo` does it again. What somebody typed since
    /// stays.
    ///
    /// # Errors
    /// There is no such session, or it could not be journaled.
    pub async fn undo(
        &self,
        id: &SessionId,
        scope: UndoScope,
        redo: bool,
    ) -> Result<Switched, ErrorInfo> {
        let session = self.session(id).await?;
        let foreign = session.look(|state| forking::foreign(state, &scope));
        let undone = session.ledger.ask(move |book| {
            Box::pin(async move { book.undo(&scope, redo, &CancellationToken::new()).await })
        });
        let mut switched = undone.await??;
        switched.refused.extend(foreign);
        Ok(switched)
    }

    /// A change set in its documents of now, for a preview.
    ///
    /// # Errors
    /// The session has no such change set.
    pub async fn proposal(
        &self,
        id: &SessionId,
        change_set: &ItemId,
    ) -> Result<Vec<Proposal>, ErrorInfo> {
        let session = self.session(id).await?;
        self.is_own(&session, change_set)?;
        let item = change_set.clone();
        let proposal = session.ledger.proposal(item).await;
        proposal.ok_or_else(session::closed)?.ok_or_else(|| {
            let words = "This session has no such change set.";
            ErrorInfo::new(ErrorCode::ChangeSetNotFound, words)
        })
    }

    /// The hunks of a session that stand in a document or wait for a decision; in all documents
    /// if none is named.
    ///
    /// # Errors
    /// There is no such session.
    pub async fn hunks(
        &self,
        id: &SessionId,
        path: Option<AbsPath>,
    ) -> Result<Vec<HunkView>, ErrorInfo> {
        let session = self.session(id).await?;
        session.ledger.hunks(path).await.ok_or_else(session::closed)
    }

    /// Chooses the mode, the model or both for what comes next.
    ///
    /// # Errors
    /// There is no such session, or the store failed.
    pub async fn configure(
        &self,
        id: &SessionId,
        mode: Option<Mode>,
        model: Option<String>,
    ) -> Result<(), ErrorInfo> {
        self.request(id, |reply| Command::Configure { mode, model: model.clone(), reply }).await
    }

    /// The whole session as it is now.
    ///
    /// # Errors
    /// There is no such session, or another process has it.
    pub async fn state(&self, id: &SessionId) -> Result<SessionState, ErrorInfo> {
        Ok(self.session(id).await?.look(SessionState::clone))
    }

    /// What the user chose.
    pub fn settings(&self) -> &Settings {
        &self.shared.parts.settings
    }

    /// What all sessions used on each of so many days, today first, as far as something was used;
    /// days since 1970 in UTC. Today is told in any case.
    ///
    /// # Errors
    /// The store failed.
    pub async fn used_by_day(&self, days: u64) -> Result<Vec<(u64, Usage)>, ErrorInfo> {
        let Parts { store, clock, .. } = &self.shared.parts;
        let today = budget::day_of(clock());
        let mut used = Vec::new();
        for day in (0..days).map_while(|back| today.checked_sub(back)) {
            let of_day = store.used_on(day).await?.usage;
            if day == today || of_day != Usage::default() {
                used.push((day, of_day));
            }
        }
        Ok(used)
    }

    /// Stops every turn, journals its end and gives the claims back.
    pub async fn shutdown(&self) {
        let close = |session: Session| async move {
            let closed =
                session.request(|reply| Command::Close { unless: Unless::Never, reply }).await;
            if let Err(error) = closed {
                tracing::warn!(session = %session.id, %error, "not closed");
            }
        };
        futures::future::join_all(self.open_sessions().into_iter().map(close)).await;
    }

    /// Asks a session, opening it again if it was just being closed.
    async fn request<T>(
        &self,
        id: &SessionId,
        command: impl Fn(oneshot::Sender<Result<T, ErrorInfo>>) -> Command,
    ) -> Result<T, ErrorInfo> {
        for _ in 0..OPENINGS {
            if let Some(result) = self.session(id).await?.try_request(&command).await {
                return result;
            }
        }
        Err(session::closed())
    }

    /// The session of this id, opened if it is not yet.
    async fn session(&self, id: &SessionId) -> Result<Session, ErrorInfo> {
        let cell = {
            let mut open = lock(&self.shared.open);
            if open.get(id).and_then(|cell| cell.get()).is_some_and(Session::is_closed) {
                open.remove(id);
            }
            open.entry(id.clone()).or_default().clone()
        };
        let session = cell.get_or_try_init(|| self.load(id)).await;
        if session.is_err() {
            // Nothing of a session that could not be opened stays behind.
            let mut open = lock(&self.shared.open);
            if open.get(id).is_some_and(|cell| !cell.initialized()) {
                open.remove(id);
            }
        }
        session.cloned()
    }

    async fn load(&self, id: &SessionId) -> Result<Session, ErrorInfo> {
        let store = &self.shared.parts.store;
        let stored = store.open(id).await?;
        let session = session::open(self.shared.clone(), stored).await;
        if session.is_err() {
            // What went wrong first is what counts.
            let _ = store.close(id).await;
        }
        session
    }

    /// The user moved files or folders; what is known of them goes with them. In the order of the
    /// calls, and before whatever is asked later.
    pub fn moved(&self, moved: &[(AbsPath, AbsPath)]) {
        for session in self.open_sessions() {
            if !session.look(|state| state.items.iter().any(is_change_set)) {
                continue;
            }
            let moved = moved.to_vec();
            session.ledger.post(move |book| {
                Box::pin(async move {
                    for (from, to) in &moved {
                        book.moved(from, to).await;
                    }
                })
            });
        }
    }

    /// The user saved a document: what is known of its hunks is kept with what was typed in it, so
    /// that a restart finds them as they are.
    pub fn saved(&self, path: &AbsPath) {
        for session in self.open_sessions() {
            let path = path.clone();
            session.ledger.post(move |book| Box::pin(async move { book.keep_typed(&path).await }));
        }
    }

    fn open_sessions(&self) -> Vec<Session> {
        lock(&self.shared.open)
            .values()
            .filter_map(|cell| cell.get())
            .filter(|session| !session.is_closed())
            .cloned()
            .collect()
    }
}

async fn leave(session: &Session, connection: ConnectionId) {
    session.send(Command::Detach { connection }).await;
    let close = |reply| Command::Close { unless: Unless::InUse, reply };
    if let Err(error) = session.request(close).await {
        tracing::debug!(session = %session.id, %error, "not closed");
    }
}

fn is_change_set(item: &Item) -> bool {
    matches!(item.body, ItemBody::ChangeSet(_))
}

/// Takes a lock; a panic elsewhere does not make its data unusable.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
