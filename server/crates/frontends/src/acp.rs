//! The Agent Client Protocol: one client on one stream, with any number of sessions.
//!
//! The third front end over the same engine: it holds [`Sessions`], is an [`engine::Editor`], and
//! decides nothing. Start with [`serve`]: `acp/service.rs` is the loop, `acp/methods.rs` what a
//! client can ask, and `acp/telling.rs` the one place where updates become the client's words.
//! `acp/editor.rs` is what the engine asks of the client.

mod buffers;
mod client;
mod config;
mod connection;
mod diffs;
mod editor;
mod initialize;
mod methods;
mod prompt;
mod question;
mod service;
mod telling;
mod tool_call;
mod turns;
mod view;

use std::time::Duration;

use engine::Sessions;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;
use workspace::Workspace;

use self::{connection::Connection, telling::Telling};
use crate::{choices::ProjectChoices, signals, wire::outbox::Outbox};

/// How long turns may take to stop when the connection ends.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a client may take to read what is left for it.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(2);

/// What the client does not say.
#[derive(Clone)]
pub struct AcpOptions {
    /// What the user is told first: mistakes in the configuration, a sentence each.
    pub complaints: Vec<String>,
    /// What a project chooses for its sessions, by its folder. May read files.
    pub choices: ProjectChoices,
}

/// Serves one client until its input ends or ours is asked to end. When this returns, the engine
/// is shut down and everything is journaled.
pub async fn serve(
    input: impl AsyncRead + Unpin,
    output: impl AsyncWrite + Unpin + Send + 'static,
    sessions: Sessions,
    workspace: Workspace,
    options: AcpOptions,
) {
    let (outbox, drain) = Outbox::retold();
    let stop = CancellationToken::new();
    let signals = tokio::spawn(signals::watch(stop.clone()));
    let connection = Connection::new(sessions.clone(), workspace.clone(), outbox.clone(), options);
    let mut telling = Telling::new(&connection);
    let mut writer = tokio::spawn(async move { drain.run_retold(&mut telling, output).await });
    service::run(input, &connection, &stop).await;
    signals.abort();
    // Whoever waits for an answer of the client has waited long enough.
    connection.client.give_up();
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
}
