//! One attached editor: what every part of this front end shares.
//!
//! A connection has sessions it is attached to and one that is its own: the last one it made or
//! attached, and what prompts without a session go to. Requests that choose or use it wait in one
//! fair line, so prompts are sent in the order they came.

use std::{
    marker::PhantomData,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};

use engine::{Attached, ConnectionId, NewSession, Seen, Sessions};
use protocol::{
    AbsPath, ErrorCode, ErrorInfo, ItemBody, Mode, SessionId, SessionInfo, SessionUpdate, Update,
    UserMessage, methods::Method,
};
use serde::Serialize;
use tokio_util::sync::CancellationToken;
use tower_lsp_server::{
    Client,
    gen_lsp_types::{self as lsp, LspRequestMethod, MessageDirection},
    jsonrpc,
};
use workspace::Workspace;

use super::{
    LspOptions, chat_document::ChatDocument, convert, editor::LspEditor, folders::Folders,
    lenses::Lenses, lifecycle::Profile, progress::Progress, review_document::ReviewDocument,
    sync::OpenDocuments, trace::Trace, view::View,
};
pub(super) use crate::requests::{detached, invalid, lock};
use crate::{choices::Choices, requests, wire::outbox::Outbox};

/// One attached editor.
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) sessions: Sessions,
    pub(super) workspace: Workspace,
    pub(super) outbox: Outbox,
    pub(super) client: Client,
    /// Cancelled when the connection has ended; what was spawned ends with it.
    pub(super) stop: CancellationToken,
    /// Cancelled to end the connection.
    pub(super) leave: CancellationToken,
    pub(super) documents: OpenDocuments,
    pub(super) view: View,
    pub(super) progress: Progress,
    pub(super) chat: ChatDocument,
    pub(super) review: ReviewDocument,
    pub(super) lenses: Lenses,
    pub(super) folders: Folders,
    pub(super) trace: Trace,
    options: LspOptions,
    profile: OnceLock<Profile>,
    // It has used the agent protocol, so it wants updates, whatever it announced.
    speaks: AtomicBool,
    own: Arc<tokio::sync::Mutex<Option<SessionId>>>,
}

/// A turn in the line, with the connection's own session.
pub(super) type Own = tokio::sync::OwnedMutexGuard<Option<SessionId>>;

/// A request of the agent protocol as the library's client sends it.
struct Ask<M>(PhantomData<M>);

impl<M> lsp::Request for Ask<M>
where
    M: Method + 'static,
    M::Params: Send + Sync + 'static,
    M::Result: Send + Sync + 'static,
{
    type Params = M::Params;
    type Result = M::Result;
    const METHOD: LspRequestMethod<'static> = LspRequestMethod::Custom(M::NAME);
    const MESSAGE_DIRECTION: MessageDirection = MessageDirection::ServerToClient;
}

impl Connection {
    /// Connects an editor that has not said anything yet.
    pub(super) fn new(
        sessions: Sessions,
        workspace: Workspace,
        outbox: Outbox,
        client: Client,
        options: LspOptions,
        leave: CancellationToken,
    ) -> Arc<Self> {
        Arc::new_cyclic(|connection| Self {
            id: sessions.connect(Arc::new(LspEditor::new(connection.clone()))),
            sessions,
            workspace,
            trace: Trace::new(outbox.clone()),
            outbox,
            client,
            stop: CancellationToken::new(),
            leave,
            documents: OpenDocuments::default(),
            view: View::default(),
            progress: Progress::default(),
            chat: ChatDocument::default(),
            review: ReviewDocument::default(),
            lenses: Lenses::default(),
            folders: Folders::default(),
            options,
            profile: OnceLock::new(),
            speaks: AtomicBool::new(false),
            own: Arc::default(),
        })
    }

    /// What the client said of itself.
    pub(super) fn profile(&self) -> &Profile {
        self.profile.get_or_init(|| Profile::unknown(self.options.folder.clone()))
    }

    /// Where to work if the client names no folder.
    pub(super) fn folder(&self) -> &AbsPath {
        &self.options.folder
    }

    /// Tells the user what is wrong before anything else.
    pub(super) fn complain(&self) {
        for complaint in &self.options.complaints {
            self.say(lsp::MessageType::Error, complaint);
        }
    }

    /// What the project in a folder chooses for its sessions.
    pub(super) async fn choices(&self, root: &AbsPath) -> Choices {
        let (choices, root) = (self.options.choices.clone(), root.clone());
        tokio::task::spawn_blocking(move || choices(&root)).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the choices of a project cannot be told");
            Choices::default()
        })
    }

    /// Keeps what the client says of itself, the first time it does.
    pub(super) fn introduce(&self, profile: Profile) {
        if profile.reads_answers_alone {
            self.outbox.pace();
        }
        // The library refuses a second `initialize`.
        let _ = self.profile.set(profile);
    }

    /// What the client calls a document.
    pub(super) fn uri(&self, path: &AbsPath) -> String {
        self.documents.get(path).map_or_else(|| convert::uri(path), |opened| opened.uri)
    }

    /// Runs work that waits for the client or the user, for as long as the connection lasts.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        tokio::spawn(async move { stop.run_until_cancelled(work).await });
    }

    /// Sends the client a request of the agent protocol.
    pub(super) async fn ask<M>(&self, params: M::Params) -> jsonrpc::Result<M::Result>
    where
        M: Method + 'static,
        M::Params: Send + Sync + 'static,
        M::Result: Send + Sync + 'static,
    {
        self.client.send_request::<Ask<M>>(params).await
    }

    /// Sends the client a notification of the Language Server Protocol.
    pub(super) fn notify<N: lsp::Notification>(&self, params: impl Serialize) {
        self.outbox.notify(N::METHOD.as_str(), params);
    }

    /// Says something to the user.
    pub(super) fn say(&self, kind: lsp::MessageType, message: impl Into<String>) {
        let params = lsp::ShowMessageParams { kind, message: message.into() };
        self.notify::<lsp::ShowMessageNotification>(params);
    }

    /// Takes part in everything that happens in a session.
    pub(super) fn notified(self: &Arc<Self>, update: &SessionUpdate) {
        let replayed = self.outbox.is_replaying(&update.session_id);
        let before = self.view.mode(&update.session_id);
        self.view.take(update);
        if is_about_changes(update) {
            self.lenses.changed(self);
            self.review.changed(update);
        }
        if !replayed {
            self.trace.step(update);
        }
        let now = self.view.mode(&update.session_id);
        if !replayed && now == Some(Mode::Auto) && before != now {
            self.warn_of_auto();
        }
        if self.draws_chat() {
            self.outbox.update(update);
        } else if !replayed {
            self.chat.take(self, update);
        }
        if !replayed {
            self.progress.take(self, update);
        }
    }

    /// Waits for a turn in the line of those who use the own session. The place in it is taken
    /// when this is first polled.
    pub(super) async fn own(&self) -> Own {
        self.own.clone().lock_owned().await
    }

    /// Starts a session, attaches to it and makes it the own one.
    pub(super) async fn begin(
        self: &Arc<Self>,
        own: &mut Own,
        mut new: NewSession,
    ) -> Result<Attached, ErrorInfo> {
        let (profile, choices) = (self.profile(), self.choices(&new.root).await);
        new.mode = new.mode.or(profile.mode).or(choices.mode);
        new.model = new.model.or_else(|| profile.model.clone()).or(choices.model);
        let SessionInfo { id, .. } = self.sessions.create(new).await?;
        let attached = self.attach(own, &id, None).await?;
        if self.view.mode(&id) == Some(Mode::Auto) {
            self.warn_of_auto();
        }
        Ok(attached)
    }

    /// Says that nothing is asked any more, where no chat is drawn that says so.
    fn warn_of_auto(&self) {
        if !self.draws_chat() {
            let text = format!("Coworker is in auto mode. {}.", Mode::Auto.description());
            self.say(lsp::MessageType::Warning, text);
        }
    }

    /// Attaches to a session and makes it the own one.
    pub(super) async fn attach(
        self: &Arc<Self>,
        own: &mut Own,
        session: &SessionId,
        seen: Option<Seen>,
    ) -> Result<Attached, ErrorInfo> {
        let replay = self.outbox.replay(session);
        let attached = self.sessions.attach(self.id, session, seen).await;
        drop(replay);
        let attached = attached?;
        **own = Some(session.clone());
        if let Some(mode) = self.view.mode(session) {
            self.chat.in_mode(self, mode);
        }
        let watching = self.clone();
        let folders = std::iter::once(&attached.info.root).chain(&attached.info.folders);
        let folders = folders.cloned().collect();
        self.spawn(async move { watching.watch(folders).await });
        // What was replayed was not shown step by step.
        if self.view.is_running(session) {
            self.progress.begin(self, session);
        } else {
            self.progress.end(session);
        }
        Ok(attached)
    }

    /// Whether the client gets updates and draws them; if not, there is the chat document.
    pub(super) fn draws_chat(&self) -> bool {
        self.profile().ui.chat || self.speaks.load(Ordering::Relaxed)
    }

    /// The client uses the agent protocol.
    pub(super) fn speaks(&self) {
        self.speaks.store(true, Ordering::Relaxed);
    }

    /// The session is gone.
    pub(super) fn forget(&self, own: &mut Own, session: &SessionId) {
        if own.as_ref() == Some(session) {
            **own = None;
        }
        self.view.forget(session);
        self.progress.end(session);
    }

    /// The own session, if there is one and nobody is just changing it.
    pub(super) fn known_session(&self) -> Option<SessionId> {
        self.own.try_lock().ok()?.clone()
    }

    /// The own session, made if there is none.
    pub(super) async fn own_session(
        self: &Arc<Self>,
        own: &mut Own,
    ) -> Result<SessionId, ErrorInfo> {
        if let Some(session) = own.as_ref() {
            return Ok(session.clone());
        }
        let new = self.new_session();
        Ok(self.begin(own, new).await?.info.id)
    }

    /// Attaches to a session that an earlier run of the client may have made: if it works in the
    /// client's folder, it works in the others too.
    pub(super) async fn come_back(
        self: &Arc<Self>,
        own: &mut Own,
        session: &SessionId,
        seen: Option<Seen>,
    ) -> Result<Attached, ErrorInfo> {
        let mut attached = self.attach(own, session, seen).await?;
        if attached.info.root == *self.root() && !self.further_folders().is_empty() {
            self.give_folders(session).await;
            attached.info = self.sessions.info(session).await?;
        }
        Ok(attached)
    }

    /// Sends a prompt to the own session.
    pub(super) async fn prompt(
        self: &Arc<Self>,
        own: &mut Own,
        message: UserMessage,
    ) -> Result<(), ErrorInfo> {
        let session = self.own_session(own).await?;
        self.sessions.chat(&session, message).await.map(drop)
    }
}

/// Whether an update says that hunks are not as they were.
fn is_about_changes(update: &SessionUpdate) -> bool {
    match &update.update {
        Update::ItemStarted { item }
        | Update::ItemChanged { item }
        | Update::ItemEnded { item } => {
            matches!(item.body, ItemBody::ChangeSet(_))
        }
        _ => false,
    }
}

/// An error as JSON-RPC carries it.
pub(super) fn refused(error: ErrorInfo) -> jsonrpc::Error {
    let code = match error.code {
        ErrorCode::InvalidParams => jsonrpc::ErrorCode::InvalidParams,
        ErrorCode::Internal => jsonrpc::ErrorCode::InternalError,
        // `RequestFailed` of the Language Server Protocol.
        _ => jsonrpc::ErrorCode::ServerError(-32803),
    };
    requests::numbered(error, code)
}
