//! How what is added gets into the chat document: through the editor that has it open, else on
//! disk. What is added is decided in `chat_document/render.rs`, when in `chat_document.rs`.

use std::time::Duration;

use engine::{BufferEdit, DocumentError, Documents, Origin, Snapshot};
use protocol::AbsPath;
use tokio::time::{sleep, timeout};

use super::{
    ChatDocument, OPEN_TIMEOUT, REPLY_TIMEOUT, path,
    render::{self, Block},
};
use crate::lsp::{
    connection::{Connection, lock},
    editor::{self, shown},
};

/// How long after its answer an editor may take to show what was added.
const SHOW_TIMEOUT: Duration = Duration::from_secs(1);

/// How long to wait before a file is written again that was just opened or saved.
const PAUSE: Duration = Duration::from_millis(300);

/// What became of blocks.
pub(super) enum Written {
    /// They are in the document.
    Whole,
    /// The editor does not show them, or not yet.
    Not {
        /// The version that they were made for.
        version: i32,
        before: String,
        after: String,
        /// It did not say that it took them on.
        refused: bool,
    },
}

impl ChatDocument {
    /// Adds blocks: through the editor if it has the document open, else on disk.
    pub(super) async fn append(
        &self,
        connection: &Connection,
        blocks: &[Block],
    ) -> Result<Written, DocumentError> {
        let Some(path) = path(connection) else { return Ok(Written::Whole) };
        loop {
            if let Some(document) = shown(connection, &path) {
                let missing = self.missing(connection, &path, &document);
                let written = through_editor(connection, &path, document, &missing, blocks).await?;
                if matches!(written, Written::Whole) {
                    lock(&self.pending).on_disk = None;
                }
                return Ok(written);
            }
            match on_disk(connection, &path, blocks).await {
                Ok(text) => {
                    lock(&self.pending).on_disk = Some(text);
                    return Ok(Written::Whole);
                }
                // It was opened or saved in this moment.
                Err(DocumentError::Stale(_) | DocumentError::OpenInEditor(_)) => {
                    sleep(PAUSE).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Waits for an editor to have the document open, and adds what came between its reading and
    /// this.
    pub(super) async fn opened(&self, connection: &Connection, path: &AbsPath) {
        let mut changes = connection.workspace.changes();
        let open =
            async { while shown(connection, path).is_none() && changes.changed().await.is_ok() {} };
        let _ = timeout(OPEN_TIMEOUT, open).await;
        if shown(connection, path).is_some_and(|it| !self.missing(connection, path, &it).is_empty())
            && let Err(error) = self.append(connection, &[]).await
        {
            tracing::warn!(%error, "the chat document was not written");
        }
    }

    /// What was written on disk after the editor had read it. Once the user has typed, what is
    /// not there may be what they took out.
    fn missing(&self, connection: &Connection, path: &AbsPath, document: &Snapshot) -> String {
        let opened = connection.documents.get(path);
        if opened.is_none_or(|opened| opened.was_changed()) {
            return String::new();
        }
        let written = lock(&self.pending).on_disk.clone().unwrap_or_default();
        let text = document.text.to_string();
        written.strip_prefix(&text).map(str::to_owned).unwrap_or_default()
    }
}

/// Whether the document has this version.
pub(super) fn is(document: &Snapshot, asked: i32) -> bool {
    matches!(document.origin, Origin::Buffer { version, .. } if version == asked)
}

/// Whether an edit is in a text. Line ends are the editor's own affair.
pub(super) fn shows(before: &str, after: &str, now: &str) -> bool {
    let plain = |text: &str| text.replace("\r\n", "\n").replace('\r', "\n");
    changes::shows(&plain(before), &plain(after), &plain(now))
}

fn rendered(
    connection: &Connection,
    path: &AbsPath,
    document: &str,
    blocks: &[Block],
) -> Result<String, DocumentError> {
    let mode = connection.chat.mode(connection);
    // What is in ascending order always fits.
    changes::apply(document, &render::render(document, blocks, mode))
        .map_err(|_| DocumentError::Stale(path.clone()))
}

/// Gives blocks to the editor and looks whether it shows them; its answer alone proves nothing.
async fn through_editor(
    connection: &Connection,
    path: &AbsPath,
    document: Snapshot,
    missing: &str,
    blocks: &[Block],
) -> Result<Written, DocumentError> {
    let Origin::Buffer { version, .. } = document.origin else { return Ok(Written::Whole) };
    let before = document.text.to_string();
    let after = rendered(connection, path, &format!("{before}{missing}"), blocks)?;
    let edit = BufferEdit {
        path: path.clone(),
        version,
        replacements: changes::diff(&before, &after),
        before: document.text,
        label: "Coworker: chat".to_owned(),
    };
    // Subscribed before the edit is sent, so that no change is missed.
    let mut changes = connection.workspace.changes();
    let reply = timeout(REPLY_TIMEOUT, editor::apply(connection, edit)).await;
    let refused = !matches!(reply, Ok(Ok(())));
    let seen = async {
        loop {
            changes.mark_unchanged();
            match shown(connection, path) {
                Some(now) if shows(&before, &after, &now.text.to_string()) => return true,
                Some(_) => {}
                None => return false,
            }
            if changes.changed().await.is_err() {
                return false;
            }
        }
    };
    if timeout(SHOW_TIMEOUT, seen).await.unwrap_or(false) {
        return Ok(Written::Whole);
    }
    Ok(Written::Not { version, before, after, refused })
}

/// Writes the file, and says what is in it now.
pub(super) async fn on_disk(
    connection: &Connection,
    path: &AbsPath,
    blocks: &[Block],
) -> Result<String, DocumentError> {
    let workspace = &connection.workspace;
    let (before, hash) = match workspace.snapshot(path).await {
        Ok(now) => (now.text.to_string(), Some(now.stamp.hash)),
        Err(DocumentError::NotFound(_)) => {
            make_folder(path).await?;
            (String::new(), None)
        }
        Err(error) => return Err(error),
    };
    let after = rendered(connection, path, &before, blocks)?;
    workspace.write(path, hash.as_deref(), &after).await?;
    Ok(after)
}

/// Makes the folder of our documents, which no version control should keep.
pub(in crate::lsp) async fn make_folder(path: &AbsPath) -> Result<(), DocumentError> {
    let Some(folder) = path.parent() else { return Ok(()) };
    let failed = |source| DocumentError::Io { path: folder.clone(), source };
    tokio::fs::create_dir_all(folder.as_std_path()).await.map_err(failed)?;
    let ignored = folder.as_std_path().join(".gitignore");
    let made = tokio::fs::OpenOptions::new().write(true).create_new(true).open(ignored).await;
    match made {
        Ok(mut file) => {
            use tokio::io::AsyncWriteExt;
            file.write_all(b"chat.md\nreview.diff\n").await.map_err(failed)?;
            file.flush().await.map_err(failed)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error)),
    }
}
