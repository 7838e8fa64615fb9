//! The `coworker/…` methods: from the shapes of the wire to the engine and back.

use std::sync::Arc;

use engine::{Attached, Documents, NewSession, Origin, Seen, Snapshot, Started};
use protocol::{
    AbsPath, Answer, ContextPart, ContextReport, ErrorCode, ErrorInfo, Mode, SessionId,
    SessionState, UserMessage,
    wire::{
        ApprovalRespondParams, AttachParams, AttachResult, CancelResult, ChatContext, ChatParams,
        ChatResult, ConfigChoice, ConfigOption, ConfigOptionsParams, ConfigOptionsResult,
        ConfigSetParams, ContextParams, DocumentParams, DocumentResult, Empty, ForkParams,
        ForkResult, ListSessionsParams, ListSessionsResult, NewSessionParams, QueueParams,
        ResendParams, SessionParams,
    },
};
use tower_lsp_server::jsonrpc::Result;

use super::{
    Server,
    checked::Checked,
    connection::{Connection, detached, invalid, refused},
    convert,
    pointed::{self, Pointed},
};

impl Server {
    pub(super) async fn session_new(
        &self,
        Checked(params): Checked<NewSessionParams>,
    ) -> Result<AttachResult> {
        let NewSessionParams { root, folders, mode, model } = params;
        self.0.speaks();
        let root = root.as_deref().map(folder).transpose().map_err(refused)?;
        let folders: Vec<AbsPath> = folders
            .iter()
            .map(|name| folder(name))
            .collect::<std::result::Result<_, _>>()
            .map_err(refused)?;
        let mut own = self.0.own().await;
        self.0.settle(None).await;
        let mut new = match root {
            Some(root) => NewSession { root, folders: Vec::new(), mode, model },
            None => NewSession { mode, model, ..self.0.new_session() },
        };
        if !folders.is_empty() {
            new.folders = folders;
        }
        for folder in std::iter::once(&new.root).chain(&new.folders) {
            if !tokio::fs::metadata(folder.as_std_path()).await.is_ok_and(|found| found.is_dir()) {
                return Err(refused(invalid(format!("`{folder}` is not a folder"))));
            }
        }
        let connection = self.0.clone();
        let begun = detached(async move { connection.begin(&mut own, new).await });
        begun.await.map(attach_result).map_err(refused)
    }

    pub(super) async fn session_list(
        &self,
        Checked(params): Checked<ListSessionsParams>,
    ) -> Result<ListSessionsResult> {
        let root = params.root.as_deref().map(folder).transpose().map_err(refused)?;
        let root = match root {
            Some(root) => Some(resolved(&self.0, root).await.map_err(refused)?),
            None => None,
        };
        let sessions = self.0.sessions.list(root.as_ref()).await.map_err(refused)?;
        Ok(ListSessionsResult { sessions })
    }

    pub(super) async fn session_attach(
        &self,
        Checked(params): Checked<AttachParams>,
    ) -> Result<AttachResult> {
        let AttachParams { session_id, epoch, after_seq } = params;
        self.0.speaks();
        let seen = epoch.zip(after_seq).map(|(epoch, seq)| Seen { epoch, seq });
        let mut own = self.0.own().await;
        let connection = self.0.clone();
        let attached =
            detached(async move { connection.come_back(&mut own, &session_id, seen).await });
        attached.await.map(attach_result).map_err(refused)
    }

    pub(super) async fn session_fork(
        &self,
        Checked(params): Checked<ForkParams>,
    ) -> Result<ForkResult> {
        let ForkParams { session_id, before } = params;
        let connection = self.0.clone();
        let forked = detached(async move {
            let session = connection.sessions.fork(&session_id, before.as_ref()).await?;
            Ok(ForkResult { session })
        });
        forked.await.map_err(refused)
    }

    pub(super) async fn session_resend(
        &self,
        Checked(params): Checked<ResendParams>,
    ) -> Result<ChatResult> {
        let ResendParams { session_id, item_id, text, files } = params;
        // In one line with the prompts.
        let own = self.0.own().await;
        let connection = self.0.clone();
        let started = detached(async move {
            let started = connection.sessions.resend(&session_id, &item_id, text, files).await;
            drop(own);
            let Started { turn_id, queued } = started?;
            Ok(ChatResult { session_id, turn_id, queued })
        });
        started.await.map_err(refused)
    }

    pub(super) async fn session_delete(
        &self,
        Checked(params): Checked<SessionParams>,
    ) -> Result<Empty> {
        let mut own = self.0.own().await;
        let connection = self.0.clone();
        let deleted = detached(async move {
            connection.sessions.delete(&params.session_id).await?;
            connection.forget(&mut own, &params.session_id);
            Ok(Empty {})
        });
        deleted.await.map_err(refused)
    }

    pub(super) async fn chat(&self, Checked(params): Checked<ChatParams>) -> Result<ChatResult> {
        let ChatParams { session_id, text, context, steer } = params;
        self.0.speaks();
        let pointed: Vec<Pointed> = context
            .into_iter()
            .map(|ChatContext { uri, range, cursor }| {
                Ok(Pointed::new(&self.0, &uri, range)?.at(cursor))
            })
            .collect::<std::result::Result<_, _>>()
            .map_err(refused)?;
        let open = pointed::others(&self.0, &pointed);
        let mut own = self.0.own().await;
        let connection = self.0.clone();
        let started = detached(async move {
            connection.settle(pointed.first().map(Pointed::path)).await;
            let mut context = parts(&connection, pointed).await?;
            context.extend(open);
            let message = UserMessage { text, context };
            let session_id = match session_id {
                Some(session) => session,
                None => connection.own_session(&mut own).await?,
            };
            let sessions = &connection.sessions;
            let started = match steer {
                true => sessions.steer(&session_id, message).await?,
                false => sessions.chat(&session_id, message).await?,
            };
            Ok(ChatResult { session_id, turn_id: started.turn_id, queued: started.queued })
        });
        started.await.map_err(refused)
    }

    pub(super) async fn chat_queue(&self, Checked(params): Checked<QueueParams>) -> Result<Empty> {
        let QueueParams { session_id, turn_id, change } = params;
        // In one line with the prompts: what is changed has been sent before.
        let own = self.0.own().await;
        let connection = self.0.clone();
        let changed = detached(async move {
            let changed = connection.sessions.requeue(&session_id, &turn_id, change).await;
            drop(own);
            changed
        });
        changed.await.map(|()| Empty {}).map_err(refused)
    }

    pub(super) async fn chat_cancel(
        &self,
        Checked(params): Checked<SessionParams>,
    ) -> Result<CancelResult> {
        // In one line with the prompts: a stop that was sent after a prompt stops its turn.
        let own = self.0.own().await;
        let connection = self.0.clone();
        let cancelled = detached(async move {
            let cancelled = connection.sessions.cancel(&params.session_id).await;
            drop(own);
            cancelled
        });
        Ok(CancelResult { cancelled: cancelled.await.map_err(refused)? })
    }

    pub(super) async fn approval_respond(
        &self,
        Checked(params): Checked<ApprovalRespondParams>,
    ) -> Result<Empty> {
        let ApprovalRespondParams { session_id, approval_id, answer } = params;
        let answer = Answer { by: self.0.profile().name.clone(), ..answer };
        let connection = self.0.clone();
        let answered = detached(async move {
            connection.sessions.respond(&session_id, &approval_id, answer).await
        });
        answered.await.map(|()| Empty {}).map_err(refused)
    }

    pub(super) async fn config_options(
        &self,
        Checked(params): Checked<ConfigOptionsParams>,
    ) -> Result<ConfigOptionsResult> {
        let chosen = match params.session_id {
            Some(session) => Chosen::of(&self.0, &session).await.map_err(refused)?,
            None => {
                let (profile, settings) = (self.0.profile(), self.0.sessions.settings());
                let choices = self.0.choices(&profile.root).await;
                let model = profile.model.clone().or(choices.model);
                let model = model.unwrap_or_else(|| settings.model.clone());
                let trusted = self.0.sessions.is_trusted(self.0.root());
                Chosen {
                    mode: profile.mode.or(choices.mode).unwrap_or(settings.mode),
                    model,
                    trusted,
                }
            }
        };
        Ok(options(&self.0, chosen).await)
    }

    pub(super) async fn config_set(
        &self,
        Checked(params): Checked<ConfigSetParams>,
    ) -> Result<ConfigOptionsResult> {
        let ConfigSetParams { session_id, mode, model, trust } = params;
        // In one line with the prompts: a prompt that was sent after it has the new mode.
        let own = self.0.own().await;
        let connection = self.0.clone();
        let configured = detached(async move {
            let configured = configure(&connection, &session_id, mode, model, trust).await;
            drop(own);
            configured?;
            let chosen = Chosen::of(&connection, &session_id).await?;
            Ok(options(&connection, chosen).await)
        });
        configured.await.map_err(refused)
    }

    pub(super) async fn context_get(
        &self,
        Checked(params): Checked<ContextParams>,
    ) -> Result<ContextReport> {
        let ContextParams { session_id, text } = params;
        self.0.sessions.context(&session_id, &text).await.map_err(refused)
    }

    pub(super) async fn documents_get(
        &self,
        Checked(params): Checked<DocumentParams>,
    ) -> Result<DocumentResult> {
        let path = convert::path(&params.uri).ok_or_else(|| {
            refused(invalid(format!("`{}` is not a document that Coworker sees", params.uri)))
        })?;
        let snapshot = match self.0.workspace.buffer(self.0.id, &path) {
            Some(snapshot) => snapshot,
            None => snapshot(&self.0, path).await.map_err(refused)?,
        };
        let version = match snapshot.origin {
            Origin::Buffer { version, .. } => Some(version),
            Origin::Disk => None,
        };
        Ok(DocumentResult { text: snapshot.text.to_string(), version, stamp: snapshot.stamp })
    }
}

fn attach_result(attached: Attached) -> AttachResult {
    let Attached { info, epoch, seq, from_start } = attached;
    AttachResult { session: info, epoch, seq, from_start }
}

fn folder(name: &str) -> std::result::Result<AbsPath, ErrorInfo> {
    convert::folder(name)
        .ok_or_else(|| invalid(format!("`{name}` is neither a file URI nor an absolute path")))
}

async fn resolved(
    connection: &Connection,
    path: AbsPath,
) -> std::result::Result<AbsPath, ErrorInfo> {
    Ok(connection.workspace.resolve(&path).await?)
}

async fn snapshot(
    connection: &Connection,
    path: AbsPath,
) -> std::result::Result<Snapshot, ErrorInfo> {
    let path = resolved(connection, path).await?;
    Ok(connection.workspace.snapshot(&path).await?)
}

async fn parts(
    connection: &Arc<Connection>,
    pointed: Vec<Pointed>,
) -> std::result::Result<Vec<ContextPart>, ErrorInfo> {
    let mut parts = Vec::with_capacity(pointed.len());
    for pointed in pointed {
        parts.push(pointed.part(connection).await?);
    }
    Ok(parts)
}

/// What is chosen for a session.
struct Chosen {
    mode: Mode,
    model: String,
    trusted: bool,
}

impl Chosen {
    async fn of(
        connection: &Connection,
        session: &SessionId,
    ) -> std::result::Result<Self, ErrorInfo> {
        let SessionState { mode, model, .. } = connection.sessions.state(session).await?;
        let root = connection.sessions.info(session).await?.root;
        Ok(Self { mode, model, trusted: connection.sessions.is_trusted(&root) })
    }
}

async fn configure(
    connection: &Connection,
    session: &SessionId,
    mode: Option<Mode>,
    model: Option<String>,
    trust: Option<bool>,
) -> std::result::Result<(), ErrorInfo> {
    if let Some(trust) = trust {
        let root = connection.sessions.info(session).await?.root;
        let sessions = connection.sessions.clone();
        // It is kept in a file.
        let set = move || sessions.set_trusted(&root, trust);
        let failed = |_| ErrorInfo::new(ErrorCode::Internal, "a fault in Coworker");
        tokio::task::spawn_blocking(set).await.map_err(failed)??;
    }
    if mode.is_none() && model.is_none() {
        return Ok(());
    }
    connection.sessions.configure(session, mode, model).await
}

async fn options(connection: &Connection, chosen: Chosen) -> ConfigOptionsResult {
    let Chosen { mode, model, trusted } = chosen;
    let modes = Mode::ALL.into_iter().map(|mode| ConfigChoice {
        value: mode.as_str().to_owned(),
        description: mode.description().to_owned(),
        unavailable: None,
    });
    let models = connection.sessions.models(&model).await.into_iter().map(|choice| ConfigChoice {
        value: choice.name,
        description: choice.description,
        unavailable: choice.unavailable,
    });
    let trust = [
        (true, "This folder's own configuration, skills and slash commands count"),
        (false, "What this folder brings along counts for nothing"),
    ]
    .map(|(trust, description)| ConfigChoice {
        value: trust.to_string(),
        description: description.to_owned(),
        unavailable: None,
    });
    let option =
        |id: &str, current: String, choices| ConfigOption { id: id.to_owned(), current, choices };
    ConfigOptionsResult {
        options: vec![
            option("mode", mode.as_str().to_owned(), modes.collect()),
            option("model", model, models.collect()),
            option("trust", trusted.to_string(), trust.into()),
        ],
    }
}
