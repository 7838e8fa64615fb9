//! The `coworker/…` methods: from the shapes of the wire to the engine and back.

use std::sync::Arc;

use engine::{Attached, Documents, NewSession, Origin, Proposal, Seen, Snapshot};
use protocol::{
    AbsPath, Answer, ContextPart, Decision, ErrorInfo, Mode, SessionState, UserMessage,
    wire::{
        ApprovalRespondParams, AttachParams, AttachResult, CancelResult, ChangesGetParams,
        ChangesGetResult, ChangesResolveParams, ChatContext, ChatParams, ChatResult, ConfigChoice,
        ConfigOption, ConfigOptionsParams, ConfigOptionsResult, ConfigSetParams, DocumentParams,
        DocumentResult, Empty, ListSessionsParams, ListSessionsResult, NewSessionParams,
        ProposedFile, ProposedTexts, SessionParams,
    },
};
use tower_lsp_server::jsonrpc::Result;

use super::{
    Server,
    checked::Checked,
    connection::{Connection, detached, invalid, refused},
    convert,
    pointed::Pointed,
};

impl Server {
    pub(super) async fn session_new(
        &self,
        Checked(params): Checked<NewSessionParams>,
    ) -> Result<AttachResult> {
        let NewSessionParams { root, folders: _, mode, model } = params;
        self.0.speaks();
        let root = match root {
            Some(root) => folder(&root).map_err(refused)?,
            None => self.0.profile().root.clone(),
        };
        let mut own = self.0.own().await;
        if !tokio::fs::metadata(root.as_std_path()).await.is_ok_and(|found| found.is_dir()) {
            return Err(refused(invalid(format!("`{root}` is not a folder"))));
        }
        let connection = self.0.clone();
        let begun =
            detached(
                async move { connection.begin(&mut own, NewSession { root, folders: Vec::new(), mode, model }).await },
            );
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
            detached(async move { connection.attach(&mut own, &session_id, seen).await });
        attached.await.map(attach_result).map_err(refused)
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
        let ChatParams { session_id, text, context, steer: _ } = params;
        self.0.speaks();
        let pointed: Vec<Pointed> = context
            .into_iter()
            .map(|ChatContext { uri, range, cursor: _ }| Pointed::new(&self.0, &uri, range))
            .collect::<std::result::Result<_, _>>()
            .map_err(refused)?;
        let mut own = self.0.own().await;
        let connection = self.0.clone();
        let started = detached(async move {
            let message = UserMessage { text, context: parts(&connection, pointed).await? };
            let (session_id, started) = match session_id {
                Some(session) => {
                    let started = connection.sessions.chat(&session, message).await?;
                    (session, started)
                }
                None => connection.prompt(&mut own, message).await?,
            };
            Ok(ChatResult { session_id, turn_id: started.turn_id, queued: started.queued })
        });
        started.await.map_err(refused)
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

    pub(super) async fn changes_get(
        &self,
        Checked(params): Checked<ChangesGetParams>,
    ) -> Result<ChangesGetResult> {
        let ChangesGetParams { session_id, change_set_id } = params;
        let proposals = self.0.sessions.proposal(&session_id, &change_set_id).await;
        let file = |Proposal { path, kind, to, texts, diff, syntax_errors }| {
            let opened = self.0.documents.get(&path);
            let uri = opened.map_or_else(|| convert::uri(&path), |opened| opened.uri);
            let texts = texts.map(|(before, after)| ProposedTexts { before, after });
            let to = to.as_ref().map(convert::uri);
            ProposedFile { uri, kind, to, syntax_errors, texts, diff }
        };
        let files = proposals.map_err(refused)?.into_iter().map(file).collect();
        Ok(ChangesGetResult { files })
    }

    pub(super) async fn changes_resolve(
        &self,
        Checked(params): Checked<ChangesResolveParams>,
    ) -> Result<Empty> {
        let ChangesResolveParams { session_id, change_set_id, accept, reason, edits } = params;
        let decision = if accept { Decision::Once } else { Decision::Reject };
        let by = self.0.profile().name.clone();
        let answer = Answer { decision, reason, edits, by };
        let connection = self.0.clone();
        let resolved = detached(async move {
            connection.sessions.resolve(&session_id, &change_set_id, answer).await
        });
        resolved.await.map(|()| Empty {}).map_err(refused)
    }

    pub(super) async fn config_options(
        &self,
        Checked(params): Checked<ConfigOptionsParams>,
    ) -> Result<ConfigOptionsResult> {
        let (mode, model) = match params.session_id {
            Some(session) => {
                let SessionState { mode, model, .. } =
                    self.0.sessions.state(&session).await.map_err(refused)?;
                (mode, model)
            }
            None => {
                let (profile, settings) = (self.0.profile(), self.0.sessions.settings());
                let model = profile.model.as_ref().unwrap_or(&settings.model).clone();
                (profile.mode.unwrap_or(settings.mode), model)
            }
        };
        Ok(options(&self.0, mode, model))
    }

    pub(super) async fn config_set(
        &self,
        Checked(params): Checked<ConfigSetParams>,
    ) -> Result<ConfigOptionsResult> {
        let ConfigSetParams { session_id, mode, model } = params;
        // In one line with the prompts: a prompt that was sent after it has the new mode.
        let own = self.0.own().await;
        let connection = self.0.clone();
        let configured = detached(async move {
            let configured = connection.sessions.configure(&session_id, mode, model).await;
            drop(own);
            configured?;
            let state = connection.sessions.state(&session_id).await?;
            Ok(options(&connection, state.mode, state.model))
        });
        configured.await.map_err(refused)
    }

    pub(super) async fn documents_get(
        &self,
        Checked(params): Checked<DocumentParams>,
    ) -> Result<DocumentResult> {
        let path = convert::path(&params.uri)
            .ok_or_else(|| refused(invalid(format!("`{}` is not a file", params.uri))))?;
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

fn options(connection: &Connection, mode: Mode, model: String) -> ConfigOptionsResult {
    let modes = Mode::ALL.into_iter().map(|mode| ConfigChoice {
        value: mode.as_str().to_owned(),
        description: mode.description().to_owned(),
    });
    let models = connection
        .sessions
        .models(&model)
        .into_iter()
        .map(|choice| ConfigChoice { value: choice.name, description: choice.description });
    let option =
        |id: &str, current: String, choices| ConfigOption { id: id.to_owned(), current, choices };
    ConfigOptionsResult {
        options: vec![
            option("mode", mode.as_str().to_owned(), modes.collect()),
            option("model", model, models.collect()),
        ],
    }
}
