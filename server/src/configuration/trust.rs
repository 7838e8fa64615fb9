//! The folders whose projects the user trusts. Until a folder is trusted, its own configuration
//! counts for nothing.
//!
//! The list is a file in the state folder that only the user can read; a folder stands in it by
//! its resolved path, so neither a link nor another project can take its place. A list that
//! cannot be read trusts nothing.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use protocol::AbsPath;

use crate::private;

/// The list.
#[derive(Clone, Debug)]
pub(crate) struct Trust {
    folder: PathBuf,
}

impl Trust {
    /// The list in this state folder. Opens nothing.
    pub(crate) fn new(state_folder: &AbsPath) -> Self {
        Self { folder: state_folder.as_std_path().to_owned() }
    }

    /// Whether the folder, or one above it, is on the list.
    ///
    /// # Errors
    /// The list cannot be read.
    pub(crate) fn covers(&self, folder: &AbsPath) -> anyhow::Result<bool> {
        let trusted = self.list()?;
        Ok(trusted.iter().any(|it| folder.as_std_path().starts_with(it.as_std_path())))
    }

    /// The trusted folders.
    ///
    /// # Errors
    /// The list cannot be read.
    pub(crate) fn list(&self) -> anyhow::Result<Vec<AbsPath>> {
        let path = self.path();
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        serde_json::from_str(&text).with_context(|| {
            format!("{} is damaged; remove it and trust your folders again", path.display())
        })
    }

    /// Puts a resolved folder on the list; says whether it was not there.
    ///
    /// # Errors
    /// The list cannot be read or written.
    pub(crate) fn add(&self, folder: &AbsPath) -> anyhow::Result<bool> {
        if folder.parent().is_none() {
            bail!("the root of the disk cannot be trusted: every folder is below it");
        }
        self.change(|list| {
            let new = !list.contains(folder);
            if new {
                list.push(folder.clone());
            }
            new
        })
    }

    /// Takes a resolved folder off the list; says whether it was there.
    ///
    /// # Errors
    /// The list cannot be read or written.
    pub(crate) fn remove(&self, folder: &AbsPath) -> anyhow::Result<bool> {
        self.change(|list| {
            let before = list.len();
            list.retain(|it| it != folder);
            list.len() < before
        })
    }

    /// Changes the list while no other process does; `change` says whether there is a difference.
    fn change(&self, change: impl FnOnce(&mut Vec<AbsPath>) -> bool) -> anyhow::Result<bool> {
        private::create_folder(&self.folder)
            .with_context(|| format!("cannot make {}", self.folder.display()))?;
        let _lock = self.lock().context("cannot lock the list of trusted folders")?;
        let mut list = self.list()?;
        if !change(&mut list) {
            return Ok(false);
        }
        let path = self.path();
        let write = || -> io::Result<()> {
            let next = path.with_extension("json.new");
            let mut file = private::file_options().write(true).truncate(true).open(&next)?;
            file.write_all(serde_json::to_string_pretty(&list)?.as_bytes())?;
            file.sync_all()?;
            std::fs::rename(&next, &path)
        };
        write().with_context(|| format!("cannot write {}", path.display()))?;
        Ok(true)
    }

    fn lock(&self) -> io::Result<File> {
        let path = self.folder.join("trusted.lock");
        let file = private::file_options().write(true).truncate(false).open(path)?;
        file.lock()?;
        Ok(file)
    }

    fn path(&self) -> PathBuf {
        self.folder.join("trusted.json")
    }
}

/// A folder as it is kept: absolute, with links followed.
///
/// # Errors
/// There is no such folder, or its path is not UTF-8.
pub(crate) fn resolved(folder: &Path) -> anyhow::Result<AbsPath> {
    let path = folder
        .canonicalize()
        .with_context(|| format!("cannot find the folder {}", folder.display()))?;
    let text = path.to_str().with_context(|| format!("{} is not UTF-8", path.display()))?;
    Ok(AbsPath::new(text)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> AbsPath {
        AbsPath::new(text).unwrap()
    }

    fn list() -> (tempfile::TempDir, Trust) {
        let folder = tempfile::tempdir().unwrap();
        let state = path(folder.path().join("state").to_str().unwrap());
        (folder, Trust::new(&state))
    }

    #[test]
    fn a_folder_covers_what_is_below_it_and_nothing_beside_it() {
        let (_folder, trust) = list();
        assert!(!trust.covers(&path("/w/a")).unwrap());
        assert!(trust.add(&path("/w/a")).unwrap());
        assert!(!trust.add(&path("/w/a")).unwrap());
        for (folder, covered) in [("/w/a", true), ("/w/a/b", true), ("/w/ab", false), ("/w", false)]
        {
            assert_eq!(trust.covers(&path(folder)).unwrap(), covered, "{folder}");
        }
        assert!(trust.remove(&path("/w/a")).unwrap());
        assert!(!trust.remove(&path("/w/a")).unwrap());
        assert!(!trust.covers(&path("/w/a")).unwrap());
    }

    #[test]
    fn nobody_trusts_everything() {
        let (_folder, trust) = list();
        assert!(trust.add(&path("/")).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn only_its_owner_reads_the_list_and_a_damaged_one_trusts_nothing() {
        use std::os::unix::fs::PermissionsExt;
        let (_folder, trust) = list();
        trust.add(&path("/w/a")).unwrap();
        let mode = trust.path().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(trust.path(), "[").unwrap();
        assert!(trust.covers(&path("/w/a")).unwrap_err().to_string().contains("damaged"));
    }

    #[test]
    fn nothing_is_lost_when_several_trust_at_once() {
        let (_folder, trust) = list();
        std::thread::scope(|scope| {
            for number in 0..8 {
                let trust = trust.clone();
                scope.spawn(move || trust.add(&path(&format!("/w/{number}"))).unwrap());
            }
        });
        assert_eq!(trust.list().unwrap().len(), 8);
    }
}
