//! [`Workspace`]: buffers over disk behind one cheap handle, and the seam [`Documents`].
//!
//! What an editor has open is the text, whatever the disk says; otherwise the file is. Buffer
//! calls never wait, except that opening follows the links of the path once. Everything else
//! that touches the disk runs where blocking is allowed.
//!
//! `files` is what is done with files and what is known of them, `outside` what others did,
//! `folders` how whole folders are put back.

use std::{
    collections::HashMap,
    error::Error,
    ops::Range,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use changes::Counting;
use engine::{
    CommittedText, ConnectionId, DocumentError, Documents, Entry, Excerpt, FileBytes, FolderChange,
    FoundSymbol, FreeToRead, KeptFolder, NotKept, Part, Snapshot,
};
use protocol::{AbsPath, Replacement, Stamp, SyntaxError};
use ropey::Rope;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use self::sources::Source;
use self::{files::OnDisk, sources::Sources, writing::Writing};
use crate::{
    ChangeRefused, GlobError, GlobQuery, GlobResult, GrepError, GrepQuery, GrepResult, TextChange,
    buffers::{Buffers, View},
    git, glob,
    listing::Listings,
    paths, resolve, search, structure, symbols,
    watching::Watching,
};

mod files;
mod folders;
mod outside;
mod sources;
mod writing;

/// How many threads read, where many documents are wanted.
const READERS: usize = 16;

/// What the workspace reads at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes a file may have to be read as a document.
    pub max_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_bytes: 10 * 1024 * 1024 }
    }
}

/// The documents of this process: what editors have open over what is on disk.
///
/// A cheap handle; all clones are the same workspace. The calls for buffers do not wait and are
/// to be made in the order of the wire. Their paths are what the editor calls the documents;
/// links are followed inside.
#[derive(Clone)]
pub struct Workspace {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    limits: Limits,
    buffers: Mutex<Buffers>,
    files: Mutex<HashMap<AbsPath, OnDisk>>,
    listings: Listings,
    watching: Watching,
    writing: Writing,
    sources: Sources,
    committed: git::Committed,
    folders: git::Folders,
    ticks: watch::Sender<u64>,
}

impl Workspace {
    /// A workspace where nothing is open, which has no place to keep folders in.
    pub fn new(limits: Limits) -> Self {
        Self::with(limits, None)
    }

    /// A workspace where nothing is open. It keeps folders as they were below `place`, which is
    /// made when it is first needed.
    pub fn keeping(limits: Limits, place: AbsPath) -> Self {
        Self::with(limits, Some(place))
    }

    fn with(limits: Limits, place: Option<AbsPath>) -> Self {
        let shared = Shared {
            limits,
            buffers: Mutex::default(),
            files: Mutex::default(),
            listings: Listings::default(),
            watching: Watching::default(),
            writing: Writing::default(),
            sources: Sources::default(),
            committed: git::Committed::default(),
            folders: git::Folders::new(place),
            ticks: watch::Sender::new(0),
        };
        Self { shared: Arc::new(shared) }
    }

    /// An editor opened a document. If it had it open already, the new text replaces the old.
    /// Gives the path it is read by: links are followed now and not again until it is closed.
    pub fn open(
        &self,
        connection: ConnectionId,
        path: &AbsPath,
        version: i32,
        text: &str,
    ) -> AbsPath {
        // A path that cannot be followed is still a name for what the editor shows.
        let resolved = resolve::resolve(path).unwrap_or_else(|_| path.clone());
        self.buffers().open(connection, path, resolved.clone(), version, text);
        self.shared.tick();
        resolved
    }

    /// An editor's document changed, by changes that are applied one after the other. Positions
    /// beyond a line or the text stand for its end.
    ///
    /// # Errors
    /// The connection has not opened the document.
    pub fn change(
        &self,
        connection: ConnectionId,
        path: &AbsPath,
        version: i32,
        changes: Vec<TextChange>,
        counting: impl Into<Counting>,
    ) -> Result<(), ChangeRefused> {
        self.buffers().change(connection, path, version, changes, counting)?;
        self.shared.tick();
        Ok(())
    }

    /// The user turned to this document in this editor: its text is the one that counts, if the
    /// document is open in several.
    pub fn focus(&self, connection: ConnectionId, path: &AbsPath) {
        let changed = self.buffers().focus(connection, path);
        if changed {
            self.shared.tick();
        }
    }

    /// An editor closed a document.
    pub fn close(&self, connection: ConnectionId, path: &AbsPath) {
        let changed = self.buffers().close(connection, path);
        if changed {
            self.shared.tick();
        }
    }

    /// A connection ended: nothing of it is open any more.
    pub fn disconnect(&self, connection: ConnectionId) {
        self.shared.sources.disconnect(connection);
        let changed = self.buffers().disconnect(connection);
        if changed {
            self.shared.tick();
        }
    }

    /// What this connection itself shows of a document, even where another one counts. The first
    /// time after a change it makes the hash, which takes a while if the text is very big.
    pub fn buffer(&self, connection: ConnectionId, path: &AbsPath) -> Option<Snapshot> {
        let view = self.buffers().replica(connection, path)?;
        Some(self.shared.seal(view))
    }

    /// The text of a connection's own document with the path it is read by: what
    /// [`Workspace::buffer`] has without its stamp, which takes reading the whole text.
    pub fn text(&self, connection: ConnectionId, path: &AbsPath) -> Option<(AbsPath, Rope)> {
        self.buffers().text(connection, path)
    }

    /// The documents that editors have open now, by path; those that have no file yet are below
    /// [`UNTITLED`](crate::UNTITLED).
    pub fn open_documents(&self) -> Vec<AbsPath> {
        self.buffers().open_paths()
    }

    /// Files or folders were made, changed or taken away by others, as an editor tells it. For
    /// files the agent has read that means a new revision if their text changed.
    ///
    /// Is to be called within a runtime; the files are looked at on another thread.
    pub fn changed_on_disk(&self, paths: Vec<AbsPath>) {
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || {
            shared.expire_listings();
            shared.outside(&paths);
            shared.tick();
        });
    }

    /// Files or folders were moved, as an editor tells it. What it had open there it closes and
    /// opens by itself. The same rules as for [`Workspace::changed_on_disk`].
    pub fn renamed_on_disk(&self, moved: Vec<(AbsPath, AbsPath)>) {
        self.changed_on_disk(moved.into_iter().flat_map(|(from, to)| [from, to]).collect());
    }

    /// Searches files for lines that match, with unsaved text in place of what is on disk. Files
    /// that are not `free` to be read are left out, unless the query's root is the file.
    ///
    /// # Errors
    /// The pattern or a glob is not valid, the root cannot be searched, or it was cancelled.
    pub async fn grep(
        &self,
        query: GrepQuery,
        free: FreeToRead,
        cancel: CancellationToken,
    ) -> Result<GrepResult, GrepError> {
        self.look_at_all_again().await;
        // If the caller goes away, so does the search.
        let cancel = cancel.child_token();
        let _guard = cancel.clone().drop_guard();
        let shared = Arc::clone(&self.shared);
        let search = move || {
            let root = resolve::resolve(&query.root).map_err(GrepError::Root)?;
            let open = shared.buffers().below(&root);
            search::grep(&query, &root, &open, &free, &cancel)
        };
        tokio::task::spawn_blocking(search)
            .await
            .unwrap_or_else(|error| Err(GrepError::Failed(error)))
    }

    /// Finds files by their names, the ones that changed last first; those that an editor has
    /// open before they are on disk are among them. Files that are not `free` to be read are left
    /// out.
    ///
    /// # Errors
    /// A glob is not valid, the root is no folder, or it was cancelled.
    pub async fn glob(
        &self,
        query: GlobQuery,
        free: FreeToRead,
        cancel: CancellationToken,
    ) -> Result<GlobResult, GlobError> {
        let cancel = cancel.child_token();
        let _guard = cancel.clone().drop_guard();
        let shared = Arc::clone(&self.shared);
        let search = move || {
            let root = resolve::resolve(&query.root).map_err(GlobError::Root)?;
            let open = shared.buffers().below(&root);
            glob::glob(&query, &root, &open, &free, &cancel)
        };
        tokio::task::spawn_blocking(search)
            .await
            .unwrap_or_else(|error| Err(GlobError::Failed(error)))
    }

    /// The names of what encloses a range of bytes, outermost first, as `impl Stack > fn pop`.
    /// White space at the ends of the range does not count. None where nothing is known.
    pub fn symbol_path(path: &AbsPath, text: &Rope, range: Range<usize>) -> Option<String> {
        structure::symbol_path(path, text, range)
    }

    /// Takes away what was kept of folders longer ago than it has to be; gives how many bytes that
    /// was.
    ///
    /// # Errors
    /// The file system refused, or git failed.
    pub async fn sweep_folders(&self) -> std::io::Result<u64> {
        self.shared.folders.sweep().await
    }

    /// Reads files that are open nowhere, and makes the hashes of big buffers. Most are done sooner
    /// than a thread is woken, so each thread has several.
    async fn read_all(
        &self,
        wanted: &[(AbsPath, Option<View>)],
    ) -> Vec<Result<Snapshot, DocumentError>> {
        let read = |wanted: &[(AbsPath, Option<View>)]| {
            let (wanted, shared) = (wanted.to_vec(), Arc::clone(&self.shared));
            let read = move |(path, open): (AbsPath, Option<View>)| match open {
                Some(view) => Ok(shared.seal(view)),
                None => shared.watched_snapshot(&path),
            };
            tokio::task::spawn_blocking(|| wanted.into_iter().map(read).collect())
        };
        let share = wanted.len().div_ceil(READERS).max(1);
        let readers: Vec<_> = wanted.chunks(share).map(|wanted| (wanted, read(wanted))).collect();
        let mut all = Vec::new();
        for (wanted, reader) in readers {
            let read: Vec<_> = reader.await.unwrap_or_else(|error| {
                let why = error.to_string();
                wanted.iter().map(|(path, _)| Err(failed(path, why.clone()))).collect()
            });
            all.extend(read);
        }
        all
    }

    fn buffers(&self) -> MutexGuard<'_, Buffers> {
        self.shared.buffers()
    }
}

impl Shared {
    // No code panics while it holds a lock; were it to, the texts would still be whole.
    fn buffers(&self) -> MutexGuard<'_, Buffers> {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes the hash of a view, outside of the lock, and keeps it.
    fn seal(&self, view: View) -> Snapshot {
        let known = view.hash.is_some();
        let snapshot = view.into_snapshot();
        if !known {
            self.buffers().remember(&snapshot);
        }
        snapshot
    }

    fn files(&self) -> MutexGuard<'_, HashMap<AbsPath, OnDisk>> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Documents for Workspace {
    async fn resolve(&self, path: &AbsPath) -> Result<AbsPath, DocumentError> {
        let asked = path.clone();
        blocking(path, move || resolve::resolve(&asked)).await
    }

    async fn snapshot(&self, path: &AbsPath) -> Result<Snapshot, DocumentError> {
        self.look_again(path).await?;
        if let Some(open) = Documents::buffer(self, path).await {
            return Ok(open);
        }
        let (asked, shared) = (path.clone(), Arc::clone(&self.shared));
        blocking(path, move || shared.watched_snapshot(&asked)).await
    }

    async fn snapshots(&self, paths: &[AbsPath]) -> Vec<Result<Snapshot, DocumentError>> {
        // Whoever does not answer is not believed to show what it showed.
        let looks = futures::future::join_all(paths.iter().map(|path| self.look_again(path))).await;
        let (mut found, mut slow) = (Vec::new(), Vec::new());
        for path in paths {
            let open = self.buffers().authoritative(path);
            match open {
                Some(view) if view.is_quick() => found.push(Some(Ok(self.shared.seal(view)))),
                open => {
                    slow.push((path.clone(), open));
                    found.push(None);
                }
            }
        }
        let mut read = self.read_all(&slow).await.into_iter();
        let found = found.into_iter().filter_map(|quick| quick.or_else(|| read.next()));
        found.zip(looks).map(|(found, look)| look.and(found)).collect()
    }

    async fn buffer(&self, path: &AbsPath) -> Option<Snapshot> {
        let view = self.buffers().authoritative(path)?;
        if view.is_quick() {
            return Some(self.shared.seal(view));
        }
        let shared = Arc::clone(&self.shared);
        blocking(path, move || Ok(shared.seal(view))).await.ok()
    }

    async fn write(
        &self,
        path: &AbsPath,
        expected: Option<&str>,
        text: &str,
    ) -> Result<Stamp, DocumentError> {
        self.write_or_have_it_written(path, expected, text).await
    }

    async fn remove(&self, path: &AbsPath, expected: &str) -> Result<(), DocumentError> {
        self.look_again(path).await?;
        let (asked, expected) = (path.clone(), expected.to_ascii_lowercase());
        let shared = Arc::clone(&self.shared);
        blocking(path, move || shared.remove(&asked, &expected)).await
    }

    async fn rename(
        &self,
        from: &AbsPath,
        to: &AbsPath,
        expected: &str,
    ) -> Result<(), DocumentError> {
        self.look_again(from).await?;
        let (asked, to, expected) = (from.clone(), to.clone(), expected.to_ascii_lowercase());
        let shared = Arc::clone(&self.shared);
        blocking(from, move || shared.rename(&asked, &to, &expected)).await
    }

    async fn file(&self, path: &AbsPath) -> Result<Option<FileBytes>, DocumentError> {
        let (asked, shared) = (path.clone(), Arc::clone(&self.shared));
        blocking(path, move || shared.file(&asked)).await
    }

    async fn put_back(
        &self,
        path: &AbsPath,
        bytes: Option<FileBytes>,
    ) -> Result<(), DocumentError> {
        let was = bytes.map_or(git::Was::Nothing, |FileBytes { bytes, permissions }| {
            let mode = permissions.map_or(git::Mode::Runs(false), git::Mode::Bits);
            git::Was::File { bytes, mode }
        });
        let (asked, shared) = (path.clone(), Arc::clone(&self.shared));
        blocking(path, move || shared.put_back(&asked, &was, || Ok(()))).await
    }

    async fn list(&self, folder: &AbsPath) -> Result<Vec<Entry>, DocumentError> {
        let (asked, shared) = (folder.clone(), Arc::clone(&self.shared));
        blocking(folder, move || shared.list(&asked)).await
    }

    async fn excerpt(&self, path: &AbsPath, part: Part) -> Result<Excerpt, DocumentError> {
        self.look_again(path).await?;
        let cancel = CancellationToken::new();
        let _guard = cancel.clone().drop_guard();
        let (asked, shared) = (path.clone(), Arc::clone(&self.shared));
        blocking(path, move || shared.excerpt(&asked, part, &cancel)).await
    }

    async fn unsaved(&self) -> Vec<AbsPath> {
        self.look_at_all_again().await;
        let shared = Arc::clone(&self.shared);
        tokio::task::spawn_blocking(move || shared.unsaved()).await.unwrap_or_default()
    }

    async fn is_saved(&self, path: &AbsPath) -> bool {
        if self.look_again(path).await.is_err() {
            return false;
        }
        let (asked, shared) = (path.clone(), Arc::clone(&self.shared));
        blocking(path, move || shared.saved(&asked)).await.is_ok()
    }

    async fn syntax_errors(
        &self,
        path: &AbsPath,
        before: Option<&str>,
        after: &str,
    ) -> Vec<SyntaxError> {
        let (path, before, after) = (path.clone(), before.map(str::to_owned), after.to_owned());
        let find = move || structure::new_syntax_errors(&path, before.as_deref(), &after);
        let errors = tokio::task::spawn_blocking(find).await.unwrap_or_default();
        let errors = errors.first.into_iter();
        errors
            .map(|error| {
                let structure::SyntaxError { line, column, message } = error;
                SyntaxError { line, column, message }
            })
            .collect()
    }

    async fn find_paths(&self, root: &AbsPath, typed: &str, limit: usize) -> Vec<Entry> {
        let (root, typed, shared) = (root.clone(), typed.to_owned(), Arc::clone(&self.shared));
        let find = move || {
            let root = resolve::resolve(&root).unwrap_or(root);
            let listing = shared.listing(&root);
            paths::find(&root, &listing.paths, &typed, limit)
        };
        tokio::task::spawn_blocking(find).await.unwrap_or_default()
    }

    async fn find_symbols(&self, root: &AbsPath, name: &str, limit: usize) -> Vec<FoundSymbol> {
        self.look_at_all_again().await;
        let cancel = CancellationToken::new();
        let _guard = cancel.clone().drop_guard();
        let (root, name, shared) = (root.clone(), name.to_owned(), Arc::clone(&self.shared));
        let find = move || {
            let root = resolve::resolve(&root).unwrap_or(root);
            let open = shared.buffers().below(&root);
            symbols::find(&root, &name, limit, &open, &cancel)
        };
        tokio::task::spawn_blocking(find).await.unwrap_or_default()
    }

    async fn outline(&self, path: &AbsPath) -> Vec<String> {
        let Ok(document) = self.snapshot(path).await else { return Vec::new() };
        let line = |symbol: &structure::Symbol| {
            let (first, last) = (symbol.lines.start, symbol.lines.end.saturating_sub(1));
            let indent = "  ".repeat(symbol.depth.into());
            format!("{indent}{first}-{last} {} {}", symbol.kind, symbol.name)
        };
        let path = path.clone();
        let read = move || {
            let symbols = structure::outline(&path, &document.text).unwrap_or_default();
            symbols.iter().map(line).collect()
        };
        tokio::task::spawn_blocking(read).await.unwrap_or_default()
    }

    async fn diff(&self, root: &AbsPath) -> Result<Option<String>, DocumentError> {
        self.look_at_all_again().await;
        let (asked, shared) = (root.clone(), Arc::clone(&self.shared));
        let look = move || {
            let root = resolve::resolve(&asked)?;
            let unsaved = shared.unsaved_texts(&root);
            Ok((root, unsaved))
        };
        let (root, unsaved) = blocking(root, look).await?;
        git::diff(&root, &unsaved).await.map_err(|source| DocumentError::Io { path: root, source })
    }

    async fn committed(&self, path: &AbsPath) -> Option<CommittedText> {
        let text = self.shared.committed.text(path).await;
        text.inspect_err(|error| tracing::debug!(%path, %error, "git was not asked")).ok()?
    }

    async fn keep_folder(&self, root: &AbsPath) -> Result<KeptFolder, NotKept> {
        self.shared.keep_folder(root).await
    }

    async fn folder_changes(
        &self,
        root: &AbsPath,
        kept: &str,
    ) -> Result<Vec<FolderChange>, NotKept> {
        self.shared.folder_changes(root, kept).await
    }

    async fn restore_folder(
        &self,
        root: &AbsPath,
        kept: &str,
        found: &str,
        paths: &[AbsPath],
    ) -> Result<Vec<(AbsPath, DocumentError)>, NotKept> {
        self.shared.restore_folder(root, kept, found, paths).await
    }

    async fn file_of_folder(
        &self,
        root: &AbsPath,
        kept: &str,
        path: &AbsPath,
    ) -> Result<Option<Vec<u8>>, NotKept> {
        self.shared.file_of_folder(root, kept, path).await
    }

    fn edits_between(&self, path: &AbsPath, from: u64, to: u64) -> Option<Vec<Vec<Replacement>>> {
        self.buffers().edits_between(path, from, to)
    }

    fn revision(&self, path: &AbsPath) -> Option<u64> {
        self.buffers().revision(path)
    }

    fn changed_since(&self, count: u64) -> (u64, Vec<AbsPath>) {
        self.buffers().changed_since(count)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.shared.ticks.subscribe()
    }
}

/// Runs work that touches the disk where it holds nobody up.
async fn blocking<T: Send + 'static>(
    path: &AbsPath,
    work: impl FnOnce() -> Result<T, DocumentError> + Send + 'static,
) -> Result<T, DocumentError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| Err(failed(path, error)))
}

fn failed(path: &AbsPath, error: impl Into<Box<dyn Error + Send + Sync>>) -> DocumentError {
    DocumentError::Io { path: path.clone(), source: std::io::Error::other(error) }
}

#[cfg(test)]
mod tests;
