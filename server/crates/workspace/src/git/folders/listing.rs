//! Which files a folder has that are to be kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::Metadata,
    hash::{DefaultHasher, Hash, Hasher},
    time::SystemTime,
};

use engine::NotKept;
use protocol::AbsPath;

use super::{BIG, MAX_BYTES, MAX_FILES, Marks, failed};
use crate::{hash, resolve, walk::walk};

/// What is to be kept of a folder. Names are relative to it.
#[derive(Default)]
pub(super) struct Listing {
    /// The files and links to keep.
    pub(super) kept: BTreeSet<String>,
    /// Marks of what is not.
    pub(super) marks: Marks,
    bytes: u64,
    /// Tells it from what it is after any change; the sum over all files, in whatever order.
    state: u64,
    /// When something of it was touched last; none if that is not known of all.
    touched: Option<SystemTime>,
}

impl Listing {
    pub(super) fn left_out(&self) -> usize {
        self.marks.len()
    }

    pub(super) fn state(&self) -> u64 {
        self.state
    }

    pub(super) fn touched(&self) -> Option<SystemTime> {
        self.touched
    }

    fn has(&self, name: &str) -> bool {
        self.kept.contains(name) || self.marks.contains_key(name)
    }

    fn see(&mut self, name: &str, metadata: &Metadata) {
        let touched = touched(metadata);
        let mut hash = DefaultHasher::new();
        (name, metadata.len(), metadata.modified().ok(), touched).hash(&mut hash);
        self.state = self.state.wrapping_add(hash.finish());
        self.touched = self.touched.zip(touched).map(|(last, touched)| last.max(touched));
    }

    fn add(&mut self, name: &str, path: &AbsPath, metadata: &Metadata) -> Result<(), NotKept> {
        self.see(name, metadata);
        if metadata.is_file() && (metadata.len() > BIG || !is_readable(path)) {
            self.marks.insert(name.to_owned(), mark(metadata));
        } else if metadata.is_file() || metadata.is_symlink() {
            self.kept.insert(name.to_owned());
            self.bytes += metadata.len();
        }
        if self.kept.len() > MAX_FILES {
            return Err(NotKept::TooManyFiles(MAX_FILES));
        }
        if self.bytes > MAX_BYTES {
            return Err(NotKept::TooBig(MAX_BYTES));
        }
        Ok(())
    }
}

/// Looks through a folder; `place`, should it be in there, is left out.
pub(super) fn list(root: &AbsPath, place: &AbsPath) -> Result<Listing, NotKept> {
    let touched = Some(SystemTime::UNIX_EPOCH);
    let mut listing = Listing { touched, ..Listing::default() };
    for entry in walk(root, true).build() {
        // What cannot be looked into cannot be kept.
        let Ok(entry) = entry else { continue };
        let Some(path) = entry.path().to_str().and_then(|path| AbsPath::new(path).ok()) else {
            continue;
        };
        if path == *root || path.starts_with(place) {
            continue;
        }
        let Ok(metadata) = entry.metadata() else { continue };
        listing.add(path.relative_to(root), &path, &metadata)?;
    }
    Ok(listing)
}

/// Adds files that belong to a folder whatever ignore files say; gives those that were not listed.
pub(super) fn add(
    listing: &mut Listing,
    root: &AbsPath,
    tracked: &[String],
) -> Result<Vec<String>, NotKept> {
    let mut folders = BTreeMap::new();
    let mut added = Vec::new();
    for name in tracked.iter().filter(|name| !listing.has(name)).collect::<Vec<_>>() {
        let path = root.join(name).map_err(failed)?;
        let Some(folder) = path.parent().filter(|folder| folder.starts_with(root)) else {
            continue;
        };
        // A link may lead elsewhere now.
        let is_there = *folders
            .entry(folder)
            .or_insert_with_key(|folder| resolve::resolve(folder).is_ok_and(|it| it == *folder));
        if is_there && let Ok(metadata) = path.as_std_path().symlink_metadata() {
            listing.add(name, &path, &metadata)?;
            added.push(name.clone());
        }
    }
    Ok(added)
}

/// What tells a file that is not kept from what it becomes later, in the form of git's names.
fn mark(metadata: &Metadata) -> String {
    let state = format!("{} {:?}", metadata.len(), metadata.modified().ok());
    hash::of_str(&state).chars().take(40).collect()
}

/// When a file or anything about it was changed last, if the system tells.
#[cfg(unix)]
pub(super) fn touched(metadata: &Metadata) -> Option<SystemTime> {
    use std::{os::unix::fs::MetadataExt, time::Duration};
    let (seconds, more) = (metadata.ctime(), metadata.ctime_nsec());
    let since = Duration::new(u64::try_from(seconds).ok()?, u32::try_from(more).ok()?);
    Some(SystemTime::UNIX_EPOCH + since)
}

#[cfg(not(unix))]
pub(super) fn touched(_: &Metadata) -> Option<SystemTime> {
    None
}

#[cfg(unix)]
fn is_readable(path: &AbsPath) -> bool {
    rustix::fs::access(path.as_std_path(), rustix::fs::Access::READ_OK).is_ok()
}

#[cfg(not(unix))]
fn is_readable(path: &AbsPath) -> bool {
    std::fs::File::open(path.as_std_path()).is_ok()
}
