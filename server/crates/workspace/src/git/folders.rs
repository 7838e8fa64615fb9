//! Folders as they were, each in a repository of our own beside the state of Coworker.
//!
//! What the user's repository has already is not kept twice: its objects are looked up where they
//! are, and nothing is ever written there. The user's configuration is not read, and attributes
//! change no byte. A file that has not been touched since the last time is not read again.
//!
//! A file that is too big to be kept leaves a mark of its size and time, in the form that git has
//! for a commit of another repository.
//!
//! `listing` finds the files; `seen` knows whether something has happened; `objects` is git in the
//! repository of our own.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    io,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use engine::{Became, KeptFolder, NotKept};
use protocol::AbsPath;
use tokio::sync::Mutex;

use self::{
    objects::{LINK, MARK, Objects},
    seen::{Index, Seen},
};
use super::running::{self, Limits};

mod listing;
mod objects;
mod seen;

/// The most files of a folder that is kept.
const MAX_FILES: usize = 50_000;

/// The most bytes that its files may have together.
const MAX_BYTES: u64 = 1024 * 1024 * 1024;

/// From this size on, in bytes, a file is left out.
const BIG: u64 = 10 * 1024 * 1024;

/// How coarse the clocks of file systems in use are.
const TICK: Duration = Duration::from_secs(2);

/// How long one run of git may take, and how much it may say: the names of all files, or one of
/// them.
const LIMITS: Limits = Limits { time: Duration::from_secs(30), bytes: 64 * 1024 * 1024 };

/// Keeps folders.
pub(crate) struct Folders {
    /// Where; none to keep nothing.
    place: Option<AbsPath>,
    /// What was seen of each. One at a time: they take the disk's whole attention anyway.
    seen: Mutex<HashMap<AbsPath, Seen>>,
    /// How coarse the clock of its file system may be.
    tick: Duration,
}

/// How a file differs from what was kept.
pub(crate) struct Change {
    pub(crate) path: AbsPath,
    pub(crate) became: Became,
    pub(crate) restorable: bool,
    mode: String,
    object: String,
}

/// What was at a path.
pub(crate) enum Was {
    Nothing,
    File { bytes: Vec<u8>, mode: Mode },
    Link { to: String },
}

/// What is known of who might read, write and run a file.
#[derive(Clone, Copy)]
pub(crate) enum Mode {
    /// The permission bits of Unix.
    Bits(u32),
    /// Only whether it could be run: git keeps no more.
    Runs(bool),
}

/// A folder as it was: git's name for it, and when that was.
struct Kept {
    tree: String,
    at: SystemTime,
}

impl Kept {
    fn id(&self) -> String {
        let at = self.at.duration_since(UNIX_EPOCH).unwrap_or_default();
        format!("{}.{}", self.tree, at.as_nanos())
    }

    fn parse(id: &str) -> Option<Self> {
        let (tree, at) = id.split_once('.')?;
        let at = UNIX_EPOCH + Duration::from_nanos(at.parse().ok()?);
        let is_name = tree.len() >= 40 && tree.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_name.then(|| Self { tree: tree.to_owned(), at })
    }
}

impl Folders {
    /// Keeps folders below `place`, or none.
    pub(crate) fn new(place: Option<AbsPath>) -> Self {
        Self { place, seen: Mutex::default(), tick: TICK }
    }

    /// Keeps a resolved folder as it is.
    pub(crate) async fn keep(&self, root: &AbsPath) -> Result<KeptFolder, NotKept> {
        let place = self.place.as_ref().ok_or(NotKept::NoPlace)?;
        let mut seen = self.seen.lock().await;
        let at = SystemTime::now();
        let index = Index::of(root);
        let last = seen.remove(root).filter(|last| last.counts(index, at));
        let known = last.as_ref().map(|last| last.only_tracked.clone()).unwrap_or_default();
        let (folder, kept_in) = (root.clone(), place.clone());
        let list = move || {
            let mut listing = listing::list(&folder, &kept_in)?;
            let known = listing::add(&mut listing, &folder, &known)?;
            Ok((listing, known))
        };
        let (mut listing, mut only_tracked) =
            tokio::task::spawn_blocking(list).await.map_err(failed)??;
        if let Some(last) = last.filter(|last| last.is_same(&listing)) {
            let id = Kept { tree: last.tree.clone(), at }.id();
            seen.insert(root.clone(), last);
            return Ok(KeptFolder { id, left_out: listing.left_out() });
        }
        let objects = Objects::of(root, place).await?;
        let (tracked, before) = tokio::join!(tracked(root), objects.indexed());
        let (folder, tracked) = (root.clone(), tracked?);
        let add = move || {
            only_tracked.extend(listing::add(&mut listing, &folder, &tracked)?);
            Ok((listing, only_tracked))
        };
        let (listing, only_tracked) = tokio::task::spawn_blocking(add).await.map_err(failed)??;
        let tree = match before {
            Ok(before) => objects.tree_of(&listing, &before).await,
            Err(error) => Err(error),
        };
        let tree = match tree {
            // Something that the user's repository had is gone: all is read anew.
            Err(NotKept::Failed(_)) => {
                objects.forget();
                objects.tree_of(&listing, &[]).await?
            }
            tree => tree?,
        };
        if let Err(error) = objects.sweep().await {
            tracing::warn!(%root, %error, "what was kept of a folder long ago stays");
        }
        let kept = Kept { tree, at };
        let before = at - self.tick;
        let now = Seen::new(kept.tree.clone(), &listing, only_tracked, index, before);
        seen.extend(now.map(|now| (root.clone(), now)));
        Ok(KeptFolder { id: kept.id(), left_out: listing.left_out() })
    }

    /// How a resolved folder differs from how it was, and how it is now.
    pub(crate) async fn changes(
        &self,
        root: &AbsPath,
        kept: &str,
    ) -> Result<(KeptFolder, Vec<Change>), NotKept> {
        let then = Kept::parse(kept).ok_or(NotKept::Gone)?;
        let now = self.keep(root).await?;
        let tree = Kept::parse(&now.id).ok_or(NotKept::Gone)?.tree;
        if tree == then.tree {
            return Ok((now, Vec::new()));
        }
        let place = self.place.as_ref().ok_or(NotKept::NoPlace)?;
        let raw = Objects::of(root, place).await?.differences(&then.tree, &tree).await?;
        let moved: HashSet<&str> =
            raw.iter().filter(|it| it.status == 'D').map(|it| it.before.1.as_str()).collect();
        let look = |it: &objects::Difference| {
            let path = root.join(&it.path).ok().filter(|path| path.starts_with(root))?;
            let is_moved = moved.contains(it.after.1.as_str());
            let (became, restorable) = judge(it, &path, then.at, is_moved)?;
            let (mode, object) = it.before.clone();
            Some(Change { path, became, restorable, mode, object })
        };
        let changes = raw.iter().filter_map(look).collect();
        Ok((now, changes))
    }

    /// Takes away what was kept longer ago than it has to be, of every folder; gives how many bytes
    /// that was.
    pub(crate) async fn sweep(&self) -> io::Result<u64> {
        let Some(place) = &self.place else { return Ok(0) };
        let _seen = self.seen.lock().await;
        objects::sweep_all(place).await
    }

    /// The bytes that a file had, if it was there and is kept.
    pub(crate) async fn file(
        &self,
        root: &AbsPath,
        kept: &str,
        path: &AbsPath,
    ) -> Result<Option<Vec<u8>>, NotKept> {
        let Kept { tree, .. } = Kept::parse(kept).ok_or(NotKept::Gone)?;
        let place = self.place.as_ref().ok_or(NotKept::NoPlace)?;
        let objects = Objects::of(root, place).await?;
        match objects.object_of(&tree, path.relative_to(root)).await? {
            Some(object) => objects.blob(&object).await.map(Some),
            None => Ok(None),
        }
    }

    /// What was there before a change.
    pub(crate) async fn before(&self, root: &AbsPath, change: &Change) -> Result<Was, NotKept> {
        if change.became == Became::Created {
            return Ok(Was::Nothing);
        }
        let place = self.place.as_ref().ok_or(NotKept::NoPlace)?;
        let bytes = Objects::of(root, place).await?.blob(&change.object).await?;
        if change.mode == LINK {
            let to = String::from_utf8(bytes).map_err(failed)?;
            return Ok(Was::Link { to });
        }
        Ok(Was::File { bytes, mode: Mode::Runs(change.mode == "100755") })
    }
}

/// What a difference means, and whether it can be undone; none if there is none. A file that was
/// only not looked at before (it was ignored, say) is not new, and must not be taken away.
fn judge(
    it: &objects::Difference,
    path: &AbsPath,
    then: SystemTime,
    is_moved: bool,
) -> Option<(Became, bool)> {
    let metadata = path.as_std_path().symlink_metadata();
    match it.status {
        'A' if it.after.0 != MARK && is_moved => Some((Became::Created, true)),
        'A' => {
            let metadata = metadata.ok()?;
            if listing::touched(&metadata).is_some_and(|touched| touched < then) {
                return None;
            }
            let is_old = metadata.created().is_ok_and(|created| created < then);
            Some(if is_old { (Became::Changed, false) } else { (Became::Created, true) })
        }
        // It may be there, and only not be looked at any more.
        'D' if metadata.is_ok_and(|metadata| !metadata.is_dir()) => None,
        'D' => Some((Became::Removed, it.before.0 != MARK)),
        _ => Some((Became::Changed, it.before.0 != MARK)),
    }
}

/// The files below a folder that the user's git knows: ignore files do not concern them.
async fn tracked(root: &AbsPath) -> Result<Vec<String>, NotKept> {
    let mut command = running::git(root.as_std_path(), []);
    command.args(["ls-files", "-z", "--cached", "--", "."]);
    let output = running::run(command, &[], LIMITS).await.map_err(told)?;
    // In no repository, there is nothing that git knows.
    Ok(if output.success { names(&output.out) } else { Vec::new() })
}

fn names(out: &[u8]) -> Vec<String> {
    let names = out.split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.filter_map(|name| String::from_utf8(name.to_vec()).ok()).collect()
}

fn told(error: io::Error) -> NotKept {
    match error.kind() {
        io::ErrorKind::NotFound => NotKept::NoGit,
        io::ErrorKind::TimedOut => NotKept::TooSlow(LIMITS.time.as_secs()),
        _ => failed(error),
    }
}

fn failed(error: impl std::fmt::Display) -> NotKept {
    NotKept::Failed(error.to_string())
}

/// Files with the marks of those that are not kept.
type Marks = BTreeMap<String, String>;

#[cfg(test)]
mod tests;
