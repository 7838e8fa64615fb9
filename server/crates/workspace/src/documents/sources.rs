//! Clients that have documents open and do not tell of them: they are asked, whenever somebody
//! wants to read or write.
//!
//! What such a client shows otherwise than the disk has it is mirrored like the buffer of any
//! other editor, under a version that we count, so everything that knows buffers knows it. What it
//! shows as the disk has it is the file. Where line breaks differ and nothing else does, nothing
//! differs: there are clients that know only one kind.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI32, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use engine::{ConnectionId, DocumentError, Documents, Origin};
use protocol::{AbsPath, Stamp};

use super::{Workspace, blocking};
use crate::{disk::Expected, encoding::Form, hash};

/// How long a client may take to say what it shows.
const PATIENCE: Duration = Duration::from_secs(5);

/// A client that is asked what it shows.
#[async_trait]
pub trait Source: Send + Sync {
    /// Whether it is asked about this document.
    fn covers(&self, path: &AbsPath) -> bool;

    /// The whole text that it shows, or that it reads from disk; none if it cannot tell.
    async fn read(&self, path: &AbsPath) -> Option<String>;

    /// Whether it writes documents.
    fn can_write(&self) -> bool;

    /// Has it write a document, whole. Whether it did is to be seen.
    ///
    /// # Errors
    /// It said that it did not.
    async fn write(&self, path: &AbsPath, text: &str) -> Result<(), String>;
}

/// The clients that are asked.
#[derive(Default)]
pub(super) struct Sources {
    clients: Mutex<Vec<(ConnectionId, Arc<dyn Source>)>>,
    versions: AtomicI32,
}

impl Sources {
    fn of(&self, path: &AbsPath) -> Option<(ConnectionId, Arc<dyn Source>)> {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.iter().find(|(_, source)| source.covers(path)).cloned()
    }

    pub(super) fn disconnect(&self, connection: ConnectionId) {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|(of, _)| *of != connection);
    }

    fn is_empty(&self) -> bool {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Workspace {
    /// From now on this client is asked what it shows.
    pub fn ask_source(&self, connection: ConnectionId, source: Arc<dyn Source>) {
        let mut clients =
            self.shared.sources.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.push((connection, source));
    }

    /// Looks again at what a client shows of a document, where there is one to be asked.
    ///
    /// # Errors
    /// The client does not answer; what it shows is not known then.
    pub async fn look_again(&self, path: &AbsPath) -> Result<(), DocumentError> {
        let Some((connection, source)) = self.shared.sources.of(path) else { return Ok(()) };
        let (asked, shared) = (path.clone(), Arc::clone(&self.shared));
        let saved = blocking(path, move || match shared.read(&asked) {
            Ok(file) => Ok(Some(file.text)),
            Err(DocumentError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        });
        // Of what is no text there is nothing to be shown either, and names of files that may be
        // there are looked up all the time.
        let saved = match saved.await {
            Ok(Some(saved)) => Some(saved),
            Ok(None) if self.text(connection, path).is_some() => None,
            _ => {
                self.close(connection, path);
                return Ok(());
            }
        };
        let Ok(shown) = tokio::time::timeout(PATIENCE, source.read(path)).await else {
            let silent = std::io::Error::other("the editor does not say what it shows of it");
            return Err(DocumentError::Io { path: path.clone(), source: silent });
        };
        let shown = match (shown, &saved) {
            (None, _) => None,
            // There are clients that have an empty text where there is no file.
            (Some(shown), None) => (!shown.is_empty()).then_some(shown),
            (Some(shown), Some(saved)) => {
                let shown = broken_like(shown, saved);
                (shown != *saved).then_some(shown)
            }
        };
        match shown {
            None => self.close(connection, path),
            Some(shown) => {
                let known = self.text(connection, path);
                if known.is_none_or(|(_, known)| known != *shown) {
                    let version = self.shared.sources.versions.fetch_add(1, Ordering::Relaxed) + 1;
                    self.open(connection, path, version, &shown);
                }
            }
        }
        Ok(())
    }

    /// Looks again at all that clients are known to show otherwise than the disk has it.
    pub(super) async fn look_at_all_again(&self) {
        if self.shared.sources.is_empty() {
            return;
        }
        let open = self.open_documents();
        let looks = open.iter().map(|path| self.look_again(path));
        for look in futures::future::join_all(looks).await {
            if let Err(error) = look {
                tracing::warn!(%error, "a buffer may not be what the editor shows");
            }
        }
    }

    /// Writes a file that nobody shows otherwise than the disk has it. Where a client writes files
    /// it is the one that does: it then shows the change to the user.
    pub(super) async fn write_or_have_it_written(
        &self,
        path: &AbsPath,
        expected: Option<&str>,
        text: &str,
    ) -> Result<Stamp, DocumentError> {
        if let Some((_, source)) = self.shared.sources.of(path) {
            let now = match self.snapshot(path).await {
                Ok(now) => Some(now),
                Err(DocumentError::NotFound(_)) => None,
                Err(error) => return Err(error),
            };
            // What is wrong is found, and said, by whoever writes on disk.
            let is_expected = match (&now, expected) {
                (Some(now), Some(hash)) => now.stamp.hash.eq_ignore_ascii_case(hash),
                (now, expected) => now.is_none() && expected.is_none(),
            };
            let is_on_disk = now.as_ref().is_none_or(|now| now.origin == Origin::Disk);
            // Clients write UTF-8, whatever the file is in.
            let is_plain = now.is_none() || self.is_plain(path);
            if source.can_write() && is_expected && is_on_disk && is_plain {
                let before = now.map(|now| now.text.to_string()).unwrap_or_default();
                if self.is_written_by(source.as_ref(), path, text).await {
                    return self.written(path, &before, text).await;
                }
            }
        }
        self.write_on_disk(path, expected, text).await
    }

    /// Has a client write a file; false if it said that it did not.
    async fn is_written_by(&self, source: &dyn Source, path: &AbsPath, text: &str) -> bool {
        if let Some(folder) = path.parent()
            && let Err(error) = tokio::fs::create_dir_all(folder.as_std_path()).await
        {
            tracing::debug!(%path, %error, "its folder is not made");
            return false;
        }
        match tokio::time::timeout(PATIENCE, source.write(path, text)).await {
            Ok(Err(reason)) => {
                tracing::info!(%path, reason, "the editor does not write it");
                false
            }
            // Without an answer, too, what is there now is what came of it.
            _ => true,
        }
    }

    /// Whether a file that was read is in the form that new ones are in.
    fn is_plain(&self, path: &AbsPath) -> bool {
        self.shared.files().get(path).is_some_and(|file| file.form == Form::NEW)
    }

    /// What came of it that a client was to write a file.
    async fn written(
        &self,
        path: &AbsPath,
        before: &str,
        text: &str,
    ) -> Result<Stamp, DocumentError> {
        let now = self.snapshot(path).await?;
        let shown = now.text.to_string();
        // A formatter may have been at it: that is somebody's change of what we wrote.
        if shown != text && !changes::shows(before, text, &shown) {
            return Err(DocumentError::Stale(path.clone()));
        }
        self.shared.expire_listings();
        if shown == text {
            return Ok(now.stamp);
        }
        if now.origin != Origin::Disk {
            return Err(DocumentError::Stale(path.clone()));
        }
        // What is there now is found when it is looked at next.
        Ok(self.buffers().stamp_of_file(path, hash::of_str(text)))
    }

    /// Writes a file that nobody shows otherwise than the disk has it.
    async fn write_on_disk(
        &self,
        path: &AbsPath,
        expected: Option<&str>,
        text: &str,
    ) -> Result<Stamp, DocumentError> {
        let expected =
            expected.map_or(Expected::Missing, |hash| Expected::Text(hash.to_ascii_lowercase()));
        let (asked, text) = (path.clone(), text.to_owned());
        let shared = Arc::clone(&self.shared);
        blocking(path, move || shared.write(&asked, &expected, &text)).await
    }
}

/// A text with the line breaks of the file, where it has lost them.
fn broken_like(shown: String, saved: &str) -> String {
    let plain = |text: &str| text.replace("\r\n", "\n");
    if !saved.contains("\r\n") || shown.contains("\r\n") {
        return shown;
    }
    // A file with both kinds keeps them only where nothing else differs.
    if shown == plain(saved) {
        return saved.to_owned();
    }
    shown.replace('\n', "\r\n")
}

#[cfg(test)]
mod tests;
