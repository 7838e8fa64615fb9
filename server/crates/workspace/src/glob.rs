//! Finding files by their names, the ones that changed last before the others.
//!
//! It blocks, and knows nothing of who asks.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap},
    io,
    sync::{Mutex, PoisonError},
    time::SystemTime,
};

use camino::Utf8Path;
use engine::{DocumentError, FreeToRead};
use ignore::{DirEntry, WalkState};
use protocol::AbsPath;
use ropey::Rope;
use tokio_util::sync::CancellationToken;

use crate::{disk, globs::Globs, walk::walk};

/// Which files are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GlobQuery {
    /// The folder to look in, with all below it.
    pub root: AbsPath,
    /// Globs, matched against the path below `root`, or against the name if they have no slash.
    /// Those that begin with `!` leave files out. None: every file.
    pub patterns: Vec<String>,
    /// Whether files and folders with a dot before their names count, too.
    pub hidden: bool,
    /// The most files that are listed.
    pub limit: usize,
}

/// The files that were found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GlobResult {
    /// The files, resolved; the one that changed last is the first. Before them come those that
    /// are open in an editor and not on disk yet.
    pub files: Vec<AbsPath>,
    /// How many more there are.
    pub more: u64,
    /// How many were left out because they are not free to be read without asking.
    pub guarded: u64,
    /// Files and folders that could not be read.
    pub unreadable: u64,
}

/// Why there is no list of files.
#[derive(Debug, thiserror::Error)]
pub enum GlobError {
    /// A glob is not valid.
    #[error("a glob is not valid: {0}")]
    Glob(#[source] globset::Error),
    /// The place to look in is not there, or is no folder.
    #[error(transparent)]
    Root(DocumentError),
    /// Whoever asked did not want to know any more.
    #[error("the search was stopped")]
    Cancelled,
    /// The search itself broke.
    #[error("the search failed: {0}")]
    Failed(#[source] tokio::task::JoinError),
}

/// Looks below `root`, which is the query's root resolved; `open` are the open texts there.
pub(crate) fn glob(
    query: &GlobQuery,
    root: &AbsPath,
    open: &BTreeMap<AbsPath, Rope>,
    free: &FreeToRead,
    cancel: &CancellationToken,
) -> Result<GlobResult, GlobError> {
    let globs = Globs::new(query.patterns.iter().map(String::as_str)).map_err(GlobError::Glob)?;
    let metadata =
        root.as_std_path().symlink_metadata().and_then(|metadata| match metadata.is_dir() {
            true => Ok(()),
            false => Err(io::ErrorKind::NotADirectory.into()),
        });
    metadata.map_err(|error| GlobError::Root(disk::refused(root, error)))?;
    let newest = Newest { limit: query.limit, ..Newest::default() };
    let search = Search { query, root, globs, free, newest: Mutex::new(newest) };
    walk(root, query.hidden).build_parallel().run(|| {
        Box::new(|entry| {
            if cancel.is_cancelled() {
                return WalkState::Quit;
            }
            match entry {
                Ok(entry) => search.visit(&entry),
                Err(_) => search.newest(|newest| newest.result.unreadable += 1),
            }
            WalkState::Continue
        })
    });
    if cancel.is_cancelled() {
        return Err(GlobError::Cancelled);
    }
    search.unsaved(open);
    Ok(search.newest.into_inner().unwrap_or_else(PoisonError::into_inner).finish())
}

struct Search<'a> {
    query: &'a GlobQuery,
    root: &'a AbsPath,
    globs: Globs,
    free: &'a FreeToRead,
    newest: Mutex<Newest>,
}

impl Search<'_> {
    fn visit(&self, entry: &DirEntry) {
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            return;
        }
        let path = Utf8Path::from_path(entry.path()).and_then(|path| AbsPath::new(path).ok());
        let Some(path) = path else {
            return self.newest(|newest| newest.result.unreadable += 1);
        };
        if self.globs.allow(path.relative_to(self.root)) {
            let changed = entry.metadata().ok().and_then(|metadata| metadata.modified().ok());
            self.take(Age::OnDisk(changed.unwrap_or(SystemTime::UNIX_EPOCH)), path);
        }
    }

    /// Texts that have no file yet, if the walk would have come by their place.
    fn unsaved(&self, open: &BTreeMap<AbsPath, Rope>) {
        let mut ignored = walk(self.root, self.query.hidden).build_matchers();
        let Some(ignored) = ignored.first_mut() else { return };
        for path in open.keys() {
            let relative = path.relative_to(self.root);
            let new = path.as_std_path().symlink_metadata().is_err();
            let ignored = ignored.matched(relative, false).is_ignore();
            if new && !ignored && self.globs.allow(relative) {
                self.take(Age::Unsaved, path.clone());
            }
        }
    }

    fn take(&self, age: Age, path: AbsPath) {
        let free = (self.free)(&path);
        self.newest(|newest| match free {
            true => newest.add(age, path),
            false => newest.result.guarded += 1,
        });
    }

    fn newest<T>(&self, with: impl FnOnce(&mut Newest) -> T) -> T {
        with(&mut self.newest.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// When a file changed, the later the greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Age {
    OnDisk(SystemTime),
    Unsaved,
}

/// The newest files up to now, no more than are wanted.
#[derive(Default)]
struct Newest {
    limit: usize,
    /// The greatest is the one to leave out first: the oldest, and of those the last by path.
    files: BinaryHeap<(Reverse<Age>, AbsPath)>,
    result: GlobResult,
}

impl Newest {
    fn add(&mut self, age: Age, path: AbsPath) {
        self.files.push((Reverse(age), path));
        if self.files.len() > self.limit {
            self.files.pop();
            self.result.more += 1;
        }
    }

    fn finish(self) -> GlobResult {
        let files = self.files.into_sorted_vec().into_iter().map(|(_, path)| path).collect();
        GlobResult { files, ..self.result }
    }
}

#[cfg(test)]
mod tests;
