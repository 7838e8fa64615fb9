//! The language server as a process of its own, with the small editor of `frontends::client`
//! before it.

use anyhow::{Context, Result, bail, ensure};
use frontends::client::{Client, ClientOptions, Event};
use protocol::{
    AbsPath, SessionId, SessionUpdate,
    methods::SessionAttach,
    wire::{AttachParams, ClientCapabilities, ClientHost, ClientUi},
};
use serde_json::Value;
use tokio::process::{Child, Command};

/// A server and its editor.
pub struct Server {
    process: Child,
    /// The editor.
    pub client: Client,
}

impl Server {
    /// Starts `command`, which is to be the language server, and greets it.
    pub async fn start(mut command: Command, options: ClientOptions) -> Result<Self> {
        let mut process = command.spawn()?;
        let (Some(output), Some(input)) = (process.stdout.take(), process.stdin.take()) else {
            bail!("the server has no pipes");
        };
        let client = Client::over(output, input, options).await?;
        Ok(Self { process, client })
    }

    /// An editor that draws everything itself.
    pub fn full_editor(root: &AbsPath) -> ClientOptions {
        let mut options = ClientOptions::new(root.clone());
        options.capabilities = ClientCapabilities {
            version: protocol::PROTOCOL_VERSION,
            ui: ClientUi {
                chat: true,
                approvals: true,
                prompt: true,
                questions: true,
                hunks: true,
            },
            host: ClientHost { save: true, diagnostics: false },
        };
        options
    }

    /// Attaches to a session and takes all that is sent of it.
    pub async fn replay(&mut self, session: &SessionId) -> Result<Vec<SessionUpdate>> {
        let params = AttachParams { session_id: session.clone(), epoch: None, after_seq: None };
        let attached = self.client.call::<SessionAttach>(params).await?;
        ensure!(attached.from_start, "it was attached to from the middle");
        let mut updates: Vec<SessionUpdate> = Vec::new();
        while updates.last().is_none_or(|last| last.seq < attached.seq) {
            match self.client.next().await {
                Event::Update(update) => updates.push(update),
                Event::Closed => bail!("the server ended in the middle of a replay"),
                _ => {}
            }
        }
        Ok(updates)
    }

    /// `kill -9`, and waits until it is gone. The editor stays, with its documents.
    pub async fn kill(&mut self) -> Result<()> {
        Ok(self.process.kill().await?)
    }

    /// Says goodbye: it has to end well.
    pub async fn finish(mut self) -> Result<()> {
        self.client.request("shutdown", Value::Null).await.context("shutdown")?;
        self.client.notify("exit", Value::Null).await;
        while self.client.next().await != Event::Closed {}
        let status = self.process.wait().await?;
        ensure!(status.success(), "the server ended with {status}");
        Ok(())
    }
}
