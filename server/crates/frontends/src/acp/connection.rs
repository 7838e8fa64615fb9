//! One client: what every part of this front end shares.
//!
//! What changes a session waits in one fair line per session, so prompts, cancellations and
//! choices take effect in the order of the wire, whatever each of them takes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock},
};

use agent_client_protocol_schema::v1::{self as acp, SessionNotification};
use engine::{Attached, ConnectionId, Seen, Sessions};
use protocol::{AbsPath, ErrorCode, ErrorInfo, ItemBody, SessionId, SessionUpdate, Status, Update};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tower_lsp_server::jsonrpc;
use workspace::Workspace;

use super::{
    AcpOptions, client::Client, diffs, editor::AcpEditor, initialize::Profile, telling,
    turns::Turns, view::Views,
};
pub(super) use crate::requests::{detached, invalid, lock};
use crate::{choices::Choices, requests, wire::outbox::Outbox};

/// The one notification by which sessions are told of.
pub(super) const UPDATE: &str = "session/update";

/// One attached client.
pub(super) struct Connection {
    pub(super) id: ConnectionId,
    pub(super) sessions: Sessions,
    pub(super) workspace: Workspace,
    pub(super) outbox: Outbox,
    pub(super) client: Client,
    /// Cancelled when the connection has ended; what was spawned ends with it.
    pub(super) stop: CancellationToken,
    pub(super) views: Views,
    pub(super) turns: Turns,
    options: AcpOptions,
    profile: OnceLock<Profile>,
    lines: Mutex<HashMap<SessionId, Line>>,
    // A session that was left behind is told of again.
    caught_up: Notify,
}

type Line = Arc<tokio::sync::Mutex<()>>;

impl Connection {
    /// Connects a client that has not said anything yet.
    pub(super) fn new(
        sessions: Sessions,
        workspace: Workspace,
        outbox: Outbox,
        options: AcpOptions,
    ) -> Arc<Self> {
        Arc::new_cyclic(|connection| Self {
            id: sessions.connect(Arc::new(AcpEditor::new(connection.clone()))),
            sessions,
            workspace,
            client: Client::new(outbox.clone()),
            outbox,
            stop: CancellationToken::new(),
            views: Views::default(),
            turns: Turns::default(),
            options,
            profile: OnceLock::new(),
            lines: Mutex::default(),
            caught_up: Notify::new(),
        })
    }

    /// What the client said of itself.
    pub(super) fn profile(&self) -> &Profile {
        self.profile.get_or_init(Profile::default)
    }

    /// Keeps what the client says of itself; false if it has done so before.
    pub(super) fn introduce(&self, profile: Profile) -> bool {
        self.profile.set(profile).is_ok()
    }

    /// Whether the client has said what it is.
    pub(super) fn is_introduced(&self) -> bool {
        self.profile.get().is_some()
    }

    /// What the user is told when the first session begins.
    pub(super) fn complaints(&self) -> &[String] {
        &self.options.complaints
    }

    /// What the project in a folder chooses for its sessions.
    pub(super) async fn choices(&self, root: &AbsPath) -> Choices {
        let (choices, root) = (self.options.choices.clone(), root.clone());
        tokio::task::spawn_blocking(move || choices(&root)).await.unwrap_or_else(|error| {
            tracing::error!(%error, "the choices of a project cannot be told");
            Choices::default()
        })
    }

    /// Runs work that waits for the client or the user, for as long as the connection lasts.
    pub(super) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let stop = self.stop.clone();
        tokio::spawn(async move { stop.run_until_cancelled(work).await });
    }

    /// Waits for a turn in the line of a session. The place in it is taken when this is first
    /// polled.
    pub(super) async fn line(&self, session: &SessionId) -> tokio::sync::OwnedMutexGuard<()> {
        let line = {
            let mut lines = lock(&self.lines);
            if !lines.contains_key(session) {
                // Lines that nobody stands in are not kept.
                lines.retain(|_, line| Arc::strong_count(line) > 1);
            }
            lines.entry(session.clone()).or_default().clone()
        };
        line.lock_owned().await
    }

    /// Takes part in everything that happens in a session.
    pub(super) fn notified(self: &Arc<Self>, update: &SessionUpdate) {
        if !self.views.take(update) {
            return;
        }
        self.outbox.update(update);
        if self.outbox.is_replaying(&update.session_id) {
            return;
        }
        match &update.update {
            Update::ItemStarted { item } if matches!(item.body, ItemBody::ChangeSet(_)) => {
                diffs::tell(self, &update.session_id, &item.id);
            }
            Update::Status(Status::Running { .. }) => self.tell_title(&update.session_id),
            _ => {}
        }
    }

    /// Tells what a session is called, once it is called anything.
    fn tell_title(self: &Arc<Self>, session: &SessionId) {
        if self.views.look(session, |view| std::mem::replace(&mut view.titled, true)) != Some(false)
        {
            return;
        }
        let (connection, session) = (self.clone(), session.clone());
        self.turns.hold(&session);
        self.spawn(async move {
            if let Ok(info) = connection.sessions.info(&session).await
                && !info.title.is_empty()
            {
                let update = acp::SessionInfoUpdate::new().title(info.title);
                connection.tell(&session, acp::SessionUpdate::SessionInfoUpdate(update));
            }
            connection.release(&session);
        });
    }

    /// Ends what was held back until something was told.
    pub(super) fn release(&self, session: &SessionId) {
        for answer in self.turns.release(session) {
            self.outbox.answer(&answer);
        }
    }

    /// Tells the client something of a session that no update says.
    pub(super) fn tell(&self, session: &SessionId, update: acp::SessionUpdate) {
        self.outbox.notify(UPDATE, SessionNotification::new(session.as_str().to_owned(), update));
    }

    /// Tells the user something, in a session.
    pub(super) fn tell_notice(
        &self,
        session: &SessionId,
        severity: acp::NoticeSeverity,
        text: &str,
    ) {
        self.tell(session, telling::noticed(self, severity, text, None));
    }

    /// Attaches to a session that the client has open; `seen` is the last that it was told.
    pub(super) async fn attach(
        &self,
        session: &SessionId,
        seen: Option<Seen>,
    ) -> Result<Attached, ErrorInfo> {
        let replay = self.outbox.replay(session);
        let attached = self.sessions.attach(self.id, session, seen).await;
        drop(replay);
        let attached = attached?;
        let folders = std::iter::once(&attached.info.root).chain(&attached.info.folders);
        let folders = folders.cloned().collect();
        self.views.look(session, |view| {
            (view.epoch, view.folders) = (attached.epoch.clone(), folders);
        });
        Ok(attached)
    }

    /// Updates were left out because the client did not read: it is told what it missed.
    pub(super) fn catch_up(self: &Arc<Self>, session: SessionId, from_seq: u64) {
        let connection = self.clone();
        self.spawn(async move {
            let epoch = connection.views.look(&session, |view| view.epoch.clone());
            if let Some(epoch) = epoch {
                let seen = Some(Seen { epoch, seq: from_seq });
                if let Err(error) = connection.attach(&session, seen).await {
                    tracing::warn!(%session, %error, "the client is not told what it missed");
                }
            }
            connection.caught_up.notify_waiters();
        });
    }

    /// Waits until nothing of a session is left out.
    pub(super) async fn is_caught_up(&self, session: &SessionId) {
        loop {
            let caught_up = self.caught_up.notified();
            tokio::pin!(caught_up);
            caught_up.as_mut().enable();
            if !self.outbox.is_lagging(session) {
                return;
            }
            caught_up.await;
        }
    }

    /// Leaves a session: what runs in it is stopped first.
    pub(super) async fn leave(&self, session: &SessionId) -> Result<(), ErrorInfo> {
        if self.views.look(session, |_| ()).is_none() {
            return Ok(());
        }
        self.sessions.cancel(session).await?;
        self.turns.none_waits(session).await;
        self.sessions.detach(self.id, session).await;
        self.views.end(session);
        Ok(())
    }
}

/// An error as JSON-RPC carries it.
pub(super) fn refused(error: ErrorInfo) -> jsonrpc::Error {
    let code = match error.code {
        ErrorCode::InvalidParams => jsonrpc::ErrorCode::InvalidParams,
        // `Authentication required` of the Agent Client Protocol.
        ErrorCode::ModelUnauthorized => jsonrpc::ErrorCode::ServerError(-32000),
        // `Resource not found`, likewise.
        ErrorCode::SessionNotFound => jsonrpc::ErrorCode::ServerError(-32002),
        _ => jsonrpc::ErrorCode::InternalError,
    };
    requests::numbered(error, code)
}
