//! What tells one last commit of a repository from another, read from its files.
//!
//! It knows no objects and believes nothing that it reads: the same bytes are the same commit, and
//! anything it does not understand is unclear, so that git is asked.

use std::{
    fs::{self, File},
    io::Read,
    path::{Path, PathBuf},
};

use protocol::AbsPath;

use crate::disk::{self, State};

/// The most bytes of a file that names something. Those of git have less than a line.
const LIMIT: u64 = 64 * 1024;

/// The last commit of the repository that a folder is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// The folder is in no repository.
    None,
    /// There is no telling.
    Unclear,
    Is {
        repository: PathBuf,
        head: String,
        tip: Tip,
    },
}

/// What the branch of a head points to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tip {
    /// The head is a commit itself.
    Detached,
    /// What its file says, or the list of tables.
    Says(String),
    /// The file of all branches that have none of their own, as it is now.
    Packed(State),
    /// It has no commit yet.
    Unborn,
}

impl Head {
    pub(super) fn of(folder: &AbsPath) -> Self {
        let folders = folder.as_std_path().ancestors();
        let mut found = folders.map(|folder| folder.join(".git"));
        let Some(dot) = found.find(|dot| dot.symlink_metadata().is_ok()) else { return Self::None };
        Self::in_repository(dot).unwrap_or(Self::Unclear)
    }

    fn in_repository(dot: PathBuf) -> Option<Self> {
        let repository = match dot.is_dir() {
            true => dot,
            // Of a further work tree, and of a submodule.
            false => dot.parent()?.join(read(&dot)?.strip_prefix("gitdir:")?.trim()),
        };
        let common = match read(&repository.join("commondir")) {
            Some(common) => repository.join(common.trim()),
            None => repository.clone(),
        };
        let head = read(&repository.join("HEAD"))?;
        let tip = match head.strip_prefix("ref:").map(str::trim) {
            Some(branch) => tip(&common, branch)?,
            None => Tip::Detached,
        };
        Some(Self::Is { repository, head, tip })
    }
}

fn tip(common: &Path, branch: &str) -> Option<Tip> {
    let tables = common.join("reftable/tables.list");
    if tables.exists() {
        return read(&tables).map(Tip::Says);
    }
    if !branch.starts_with("refs/heads/") || branch.split('/').any(|part| part == "..") {
        return None;
    }
    let own = common.join(branch);
    if own.is_file() {
        // One that names another branch is not followed.
        return read(&own).filter(|tip| !tip.starts_with("ref:")).map(Tip::Says);
    }
    let packed = common.join("packed-refs");
    if packed.symlink_metadata().is_err() {
        return Some(Tip::Unborn);
    }
    disk::state(&AbsPath::new(packed.to_str()?).ok()?).map(Tip::Packed)
}

/// The text of a small file.
fn read(path: &Path) -> Option<String> {
    if !fs::metadata(path).ok()?.is_file() {
        return None;
    }
    let mut text = String::new();
    File::open(path).ok()?.take(LIMIT).read_to_string(&mut text).ok()?;
    ((text.len() as u64) < LIMIT).then_some(text)
}
