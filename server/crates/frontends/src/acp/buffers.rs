//! The client's documents: read and written by `fs/*`, where it offers that.
//!
//! ACP's files have no versions. So a document is read again right before it is written, and again
//! after: what counts is what is seen then.

use std::sync::{Arc, Weak};

use agent_client_protocol_schema::v1::{
    ReadTextFileRequest, ReadTextFileResponse, WriteTextFileRequest,
};
use async_trait::async_trait;
use engine::{ApplyRefused, BufferEdit};
use protocol::{AbsPath, SessionId};
use serde_json::Value;
use workspace::Source;

use super::connection::Connection;

const READ: &str = "fs/read_text_file";
const WRITE: &str = "fs/write_text_file";

/// What the client shows.
struct Files(Weak<Connection>);

/// Has the client asked what it shows, if it offers to be.
pub(super) fn ask(connection: &Arc<Connection>) {
    if connection.profile().reads {
        let files = Arc::new(Files(Arc::downgrade(connection)));
        connection.workspace.ask_source(connection.id, files);
    }
}

#[async_trait]
impl Source for Files {
    fn covers(&self, path: &AbsPath) -> bool {
        self.0.upgrade().is_some_and(|connection| connection.views.working_in(path).is_some())
    }

    async fn read(&self, path: &AbsPath) -> Option<String> {
        let connection = self.0.upgrade()?;
        let session = connection.views.working_in(path)?;
        let request = ReadTextFileRequest::new(session.0, path.as_std_path());
        match connection.client.ask::<ReadTextFileResponse>(READ, request).await {
            Ok(answer) => Some(answer.content),
            Err(error) => {
                tracing::debug!(%path, %error, "the client does not read it");
                None
            }
        }
    }

    fn can_write(&self) -> bool {
        self.0.upgrade().is_some_and(|connection| connection.profile().writes)
    }

    async fn write(&self, path: &AbsPath, text: &str) -> Result<(), String> {
        let connection = self.0.upgrade().ok_or("the client is gone")?;
        let session = connection.views.working_in(path).ok_or("no session works there")?;
        write(&connection, session, path, text).await
    }
}

async fn write(
    connection: &Connection,
    session: SessionId,
    path: &AbsPath,
    text: &str,
) -> Result<(), String> {
    let request = WriteTextFileRequest::new(session.0, path.as_std_path(), text);
    // Some clients answer with nothing.
    let answer = connection.client.ask::<Value>(WRITE, request).await;
    answer.map(drop).map_err(|error| error.message.into_owned())
}

/// Changes a document of which the client shows text that is not saved.
pub(super) async fn apply(connection: &Connection, edit: BufferEdit) -> Result<(), ApplyRefused> {
    let BufferEdit { path, version, before, replacements, .. } = edit;
    if !connection.profile().writes {
        return Err(no("it has unsaved changes in an editor that writes no files for us"));
    }
    let session = connection.views.working_in(&path).ok_or_else(|| no("the session is closed"))?;
    connection.workspace.look_again(&path).await.map_err(|error| no(error.to_string()))?;
    let shown = connection.workspace.buffer(connection.id, &path);
    let is_same = shown.is_some_and(|shown| {
        shown.text == before
            && matches!(shown.origin, engine::Origin::Buffer { version: now, .. } if now == version)
    });
    if !is_same {
        return Err(no("the document has changed meanwhile"));
    }
    let after = changes::apply_to(&before, &replacements).map_err(|error| no(error.to_string()))?;
    let written = write(connection, session, &path, &after.to_string()).await;
    // Whatever was answered, what is shown now is what came of it.
    connection.workspace.look_again(&path).await.map_err(|error| no(error.to_string()))?;
    written.map_err(no)
}

fn no(reason: impl Into<String>) -> ApplyRefused {
    ApplyRefused { reason: Some(reason.into()) }
}
