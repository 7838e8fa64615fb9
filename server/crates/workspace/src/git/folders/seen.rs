//! What was seen of a folder when it was kept last: where nothing has happened since, git has
//! nothing to do, and a command that changes nothing costs a look at each file.
//!
//! That nothing has happened is known by the times of files, which no program can set back, and
//! only if they are so old that a change in the same instant would have been seen, too.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use protocol::AbsPath;

use super::listing::{Listing, touched};

/// How long it counts: what is kept has to be renewed now and then.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A folder as it was seen when it was kept.
pub(super) struct Seen {
    /// Git's name for it.
    pub(super) tree: String,
    /// What belongs to it only because the user's repository has it.
    pub(super) only_tracked: Vec<String>,
    state: u64,
    index: Index,
    settled: SystemTime,
}

/// The index of the user's repository: what it has, and when that was changed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Index {
    /// There is no repository, or nothing in it.
    None,
    /// So many bytes, last touched at this time.
    Of(u64, SystemTime),
    /// It cannot be told.
    Unknown,
}

impl Seen {
    /// What to remember of a folder that was looked at; nothing if something in it was
    /// not touched before `settled`, so that its next change might not be seen.
    pub(super) fn new(
        tree: String,
        listing: &Listing,
        only_tracked: Vec<String>,
        index: Index,
        settled: SystemTime,
    ) -> Option<Self> {
        let is_settled = |touched: SystemTime| touched < settled;
        let index_is_settled = match index {
            Index::None => true,
            Index::Of(_, touched) => is_settled(touched),
            Index::Unknown => false,
        };
        let all_are = listing.touched().is_some_and(is_settled);
        let state = listing.state();
        (index_is_settled && all_are).then_some(Self { tree, only_tracked, state, index, settled })
    }

    /// Whether it still counts, and the user's repository has the same files.
    pub(super) fn counts(&self, index: Index, now: SystemTime) -> bool {
        self.index == index && now.duration_since(self.settled).is_ok_and(|age| age < DAY)
    }

    /// Whether the folder is as it was.
    pub(super) fn is_same(&self, listing: &Listing) -> bool {
        self.state == listing.state()
    }
}

impl Index {
    /// The index of the repository that a folder is in.
    pub(super) fn of(root: &AbsPath) -> Self {
        let mut folders = root.as_std_path().ancestors().map(|folder| folder.join(".git"));
        let Some(git) = folders.find(|git| git.symlink_metadata().is_ok()) else {
            return Self::None;
        };
        let index = if git.is_dir() { Some(git) } else { elsewhere(&git) };
        match index.map(|git| git.join("index").metadata()) {
            Some(Ok(index)) => {
                touched(&index).map_or(Self::Unknown, |touched| Self::Of(index.len(), touched))
            }
            Some(Err(error)) if error.kind() == std::io::ErrorKind::NotFound => Self::None,
            _ => Self::Unknown,
        }
    }
}

/// Where the repository is that a file `.git` names: that of a worktree or a submodule.
fn elsewhere(file: &Path) -> Option<PathBuf> {
    let named = fs::read_to_string(file).ok()?;
    Some(file.parent()?.join(named.strip_prefix("gitdir:")?.trim()))
}
