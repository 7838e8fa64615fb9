//! The language server: one editor on one stream, with the agent's methods beside the usual ones.
//!
//! Requests are answered at once; what takes time is told by updates. The engine is reached
//! through [`Sessions`], texts through [`Workspace`]; nothing is decided here about what an agent
//! may do. Start with [`serve`]: `lsp/service.rs` is the loop, `lsp/connection.rs` what the parts
//! share, and each other file is one thing that clients can do.

mod actions;
mod answers;
mod changes;
mod chat_document;
mod checked;
mod checkpoints;
mod commands;
mod completion;
mod connection;
mod convert;
mod editor;
mod folders;
mod host;
mod hover;
mod hunks;
mod lenses;
mod lifecycle;
mod methods;
mod offers;
mod pointed;
mod progress;
mod question;
mod review_document;
mod service;
mod sync;
mod trace;
mod view;

use std::{process::ExitCode, sync::Arc, time::Duration};

use engine::Sessions;
use protocol::{
    AbsPath,
    methods::{self as agent, Method},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use tower_lsp_server::{
    ClientSocket, LanguageServer, LspService,
    gen_lsp_types::{
        InitializeParams, InitializeResult, InitializedParams, ProgressToken, SetTraceParams,
        WorkDoneProgressCancelParams,
    },
    jsonrpc,
};
use workspace::Workspace;

use self::{connection::Connection, lifecycle::Profile};
use crate::{
    choices::{Choices, ProjectChoices},
    signals,
    wire::outbox::Outbox,
};

/// How long turns may take to stop when the connection ends.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take to read what is left for it.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// What the client does not say.
#[derive(Clone)]
pub struct LspOptions {
    /// Where to work if the client names no folder.
    pub folder: AbsPath,
    /// What the user is told first: mistakes in the configuration, a sentence each.
    pub complaints: Vec<String>,
    /// What a project chooses for its sessions, by its folder. May read files.
    pub choices: ProjectChoices,
}

impl LspOptions {
    /// To work in this folder, with nothing to complain of and projects that choose nothing.
    pub fn new(folder: AbsPath) -> Self {
        Self { folder, complaints: Vec::new(), choices: Arc::new(|_| Choices::default()) }
    }
}

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// By `shutdown` and then `exit`.
    AfterShutdown,
    /// In any other way.
    Otherwise,
}

impl From<Ended> for ExitCode {
    fn from(ended: Ended) -> Self {
        match ended {
            Ended::AfterShutdown => Self::SUCCESS,
            Ended::Otherwise => Self::FAILURE,
        }
    }
}

/// Serves one editor until it leaves, its process ends or ours is asked to end. When this
/// returns, the engine is shut down and everything is journaled.
pub async fn serve(
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
    sessions: Sessions,
    workspace: Workspace,
    options: LspOptions,
) -> Ended {
    let (outbox, drain) = Outbox::new();
    let mut writer = tokio::spawn(drain.run(output));
    let stop = CancellationToken::new();
    let signals = tokio::spawn(signals::watch(stop.clone()));
    let (service, socket) = service(&sessions, &workspace, &outbox, options, stop.clone());
    let connection = service.inner().0.clone();
    let trace = connection.trace.clone();
    let ended = service::run(input, (service, socket), outbox.clone(), trace, &stop).await;
    signals.abort();
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, sessions.shutdown()).await.is_err() {
        tracing::warn!("not every turn stopped in time");
    }
    connection.stop.cancel();
    sessions.disconnect(connection.id).await;
    workspace.disconnect(connection.id);
    outbox.close();
    if tokio::time::timeout(DRAIN_TIMEOUT, &mut writer).await.is_err() {
        tracing::debug!("the client did not read everything");
        writer.abort();
    }
    ended
}

/// The library's view of a connection.
struct Server(Arc<Connection>);

/// Everything a client can ask, by name.
fn service(
    sessions: &Sessions,
    workspace: &Workspace,
    outbox: &Outbox,
    options: LspOptions,
    leave: CancellationToken,
) -> (LspService<Server>, ClientSocket) {
    LspService::build_with_lifecycle_methods(|client| {
        let (sessions, workspace) = (sessions.clone(), workspace.clone());
        Server(Connection::new(sessions, workspace, outbox.clone(), client, options, leave))
    })
    .custom_method("textDocument/didOpen", Server::did_open)
    .custom_method("textDocument/didChange", Server::did_change)
    .custom_method("textDocument/didClose", Server::did_close)
    .custom_method("textDocument/didSave", Server::did_save)
    .custom_method("workspace/didChangeWatchedFiles", Server::did_change_files)
    .custom_method("workspace/didCreateFiles", Server::did_make_or_delete)
    .custom_method("workspace/didDeleteFiles", Server::did_make_or_delete)
    .custom_method("workspace/didRenameFiles", Server::did_rename)
    .custom_method("workspace/didChangeWorkspaceFolders", Server::did_change_folders)
    .custom_method("textDocument/completion", Server::completion)
    .custom_method("textDocument/codeAction", Server::code_action)
    .custom_method("textDocument/codeLens", Server::code_lens)
    .custom_method("textDocument/hover", Server::hover)
    .custom_method("workspace/executeCommand", Server::execute_command)
    .custom_method("workspace/textDocumentContent", Server::content)
    .custom_method("window/workDoneProgress/cancel", Server::progress_cancel)
    .custom_method("$/setTrace", Server::set_trace)
    .custom_method(agent::SessionNew::NAME, Server::session_new)
    .custom_method(agent::SessionList::NAME, Server::session_list)
    .custom_method(agent::SessionAttach::NAME, Server::session_attach)
    .custom_method(agent::SessionFork::NAME, Server::session_fork)
    .custom_method(agent::SessionResend::NAME, Server::session_resend)
    .custom_method(agent::SessionDelete::NAME, Server::session_delete)
    .custom_method(agent::Chat::NAME, Server::chat)
    .custom_method(agent::ChatQueue::NAME, Server::chat_queue)
    .custom_method(agent::ChatCancel::NAME, Server::chat_cancel)
    .custom_method(agent::ApprovalRespond::NAME, Server::approval_respond)
    .custom_method(agent::ChangesGet::NAME, Server::changes_get)
    .custom_method(agent::ChangesList::NAME, Server::changes_list)
    .custom_method(agent::ChangesResolve::NAME, Server::changes_resolve)
    .custom_method(agent::ChangesUndo::NAME, Server::changes_undo)
    .custom_method(agent::ChangesRedo::NAME, Server::changes_redo)
    .custom_method(agent::CheckpointList::NAME, Server::checkpoint_list)
    .custom_method(agent::CheckpointDiff::NAME, Server::checkpoint_diff)
    .custom_method(agent::CheckpointRestore::NAME, Server::checkpoint_restore)
    .custom_method(agent::ConfigOptions::NAME, Server::config_options)
    .custom_method(agent::ConfigSet::NAME, Server::config_set)
    .custom_method(agent::DocumentsGet::NAME, Server::documents_get)
    .custom_method(agent::Complete::NAME, Server::complete)
    .custom_method(agent::ContextGet::NAME, Server::context_get)
    .finish()
}

impl LanguageServer for Server {
    async fn initialize(&self, params: InitializeParams) -> jsonrpc::Result<InitializeResult> {
        let mut profile =
            Profile::new(&params, self.0.folder()).map_err(jsonrpc::Error::invalid_params)?;
        let named = [&[profile.root.clone()], &*profile.folders].concat();
        let folders = folders::resolved(&self.0, named).await;
        if let [root, further @ ..] = folders.as_slice() {
            (profile.root, profile.folders) = (root.clone(), further.to_vec());
        }
        if profile.named {
            self.0.folders.set(folders);
        }
        if let Some(value) = &params.trace {
            self.0.trace.set(value);
        }
        self.0.complain();
        tracing::info!(client = profile.name, root = %profile.root, "a client is here");
        let announcement = lifecycle::announcement(&profile);
        self.0.introduce(profile);
        self.0.spawn(lifecycle::watch_process(params.process_id, self.0.leave.clone()));
        Ok(announcement)
    }

    async fn initialized(&self, _: InitializedParams) {
        if self.0.profile().named {
            let folders = [&[self.0.root().clone()], &*self.0.further_folders()].concat();
            let watching = self.0.clone();
            self.0.spawn(async move { watching.watch(folders).await });
        }
    }

    async fn shutdown(&self) -> jsonrpc::Result<()> {
        self.0.sessions.shutdown().await;
        Ok(())
    }
}

impl Server {
    async fn set_trace(&self, params: SetTraceParams) {
        self.0.trace.set(&params.value);
    }

    async fn progress_cancel(&self, params: WorkDoneProgressCancelParams) {
        let ProgressToken::String(token) = params.token else { return };
        let Some(session) = self.0.progress.session(&token) else { return };
        if let Err(error) = self.0.sessions.cancel(&session).await {
            tracing::debug!(%session, %error, "not stopped");
        }
    }
}

#[cfg(test)]
mod tests;
