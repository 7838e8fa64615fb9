//! The keys of providers that `coworker auth` keeps, in a file that only its owner may read.
//!
//! No key is ever shown again, and none reaches a log.

use std::{
    collections::BTreeMap,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use anyhow::Context;
use models::Key;
use protocol::AbsPath;

use crate::private;

/// The name of the file in the user's folder.
const FILE: &str = "keys.toml";

/// Where keys are kept.
#[derive(Clone, Debug)]
pub(crate) struct Secrets {
    file: PathBuf,
}

impl Secrets {
    /// Those in the folder of the user's configuration.
    pub(crate) fn new(config_folder: &AbsPath) -> Self {
        Self { file: config_folder.as_std_path().join(FILE) }
    }

    /// The file, whether it exists or not.
    pub(crate) fn file(&self) -> &Path {
        &self.file
    }

    /// The key of a provider, and where it is kept.
    pub(crate) fn key(&self, provider: &str) -> Option<(String, Key)> {
        let kept = match self.read() {
            Ok(kept) => kept,
            Err(error) => {
                tracing::warn!(%error, "kept keys are not read");
                return None;
            }
        };
        let key = kept.get(provider).and_then(Key::new)?;
        Some((self.file.display().to_string(), key))
    }

    /// Keeps a key.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub(crate) fn set(&self, provider: &str, key: &str) -> anyhow::Result<()> {
        let mut kept = self.read()?;
        kept.insert(provider.to_owned(), key.to_owned());
        self.write(&kept)
    }

    /// Forgets a key; whether there was one.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub(crate) fn remove(&self, provider: &str) -> anyhow::Result<bool> {
        let mut kept = self.read()?;
        let was_there = kept.remove(provider).is_some();
        if was_there {
            self.write(&kept)?;
        }
        Ok(was_there)
    }

    /// Whether others than its owner may read the file.
    pub(crate) fn is_open_to_others(&self) -> bool {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let found = std::fs::metadata(&self.file);
            found.is_ok_and(|found| found.permissions().mode() & 0o077 != 0)
        }
        #[cfg(not(unix))]
        false
    }

    fn read(&self) -> anyhow::Result<BTreeMap<String, String>> {
        let text = match std::fs::read_to_string(&self.file) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(BTreeMap::new()),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", self.file.display()));
            }
        };
        // What is wrong in it is not told: a key may stand there.
        toml::from_str(&text)
            .ok()
            .with_context(|| format!("{} is not `provider = \"key\"` in TOML", self.file.display()))
    }

    /// Writes all of them, whole or not at all.
    fn write(&self, kept: &BTreeMap<String, String>) -> anyhow::Result<()> {
        let mut text = "# Keys of providers, kept by `coworker auth set`.\n".to_owned();
        for (provider, key) in kept {
            text += &format!("{provider} = {}\n", serde_json::Value::from(key.as_str()));
        }
        let written = || -> io::Result<()> {
            let folder = self.file.parent().unwrap_or(Path::new("."));
            private::create_folder(folder)?;
            // Made with 0600 before anything stands in it.
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(text.as_bytes())?;
            file.as_file().sync_all()?;
            file.persist(&self.file)?;
            Ok(())
        };
        written().with_context(|| format!("cannot write {}", self.file.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> (tempfile::TempDir, Secrets) {
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets { file: folder.path().join("config").join(FILE) };
        (folder, secrets)
    }

    #[test]
    fn a_key_is_kept_for_its_owner_alone_and_forgotten_when_told() {
        let (_folder, secrets) = secrets();
        assert!(secrets.key("openai").is_none());
        secrets.set("openai", "sk-\"1\"").unwrap();
        secrets.set("work", "sk-2").unwrap();
        assert!(!secrets.is_open_to_others());
        let (source, key) = secrets.key("openai").unwrap();
        assert!(source.ends_with("keys.toml"), "{source}");
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert!(secrets.remove("openai").unwrap());
        assert!(!secrets.remove("openai").unwrap());
        assert!(secrets.key("openai").is_none());
        assert!(secrets.key("work").is_some());
    }

    #[test]
    fn a_broken_file_is_told_without_what_stands_in_it() {
        let (_folder, secrets) = secrets();
        secrets.set("a", "b").unwrap();
        std::fs::write(secrets.file(), "openai = sk-secret").unwrap();
        let error = format!("{:#}", secrets.set("c", "d").unwrap_err());
        assert!(!error.contains("sk-secret"), "{error}");
        assert_eq!(std::fs::read_to_string(secrets.file()).unwrap(), "openai = sk-secret");
    }
}
