//! The keys of providers that `coworker auth` keeps: in a file that only its owner may read, or in
//! the keychain of the system; then the file only says so.
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
use serde::Deserialize;

use super::keychain;
use crate::private;

/// The name of the file in the user's folder.
const FILE: &str = "keys.toml";

/// Where a key is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Kept {
    /// Here is its text.
    File(String),
    /// There, and nothing of it is here.
    Keychain {
        /// The mark of it.
        keychain: Mark,
    },
}

/// Says that a key is in the keychain. In the file it is `true`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "bool")]
struct Mark;

impl TryFrom<bool> for Mark {
    type Error = &'static str;

    fn try_from(is_there: bool) -> Result<Self, Self::Error> {
        is_there.then_some(Self).ok_or("a key is in the keychain, or its text is here")
    }
}

const IN_KEYCHAIN: Kept = Kept::Keychain { keychain: Mark };

/// Where keys are kept.
#[derive(Clone, Debug)]
pub(crate) struct Secrets {
    file: PathBuf,
}

/// What became of a key that was to be forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Removed {
    /// There was none.
    Nothing,
    /// It is gone.
    Key,
    /// It is not known here any more, but stays in the keychain, which this build does not reach.
    Mark,
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
        match kept.get(provider)? {
            Kept::File(key) => Some((self.file.display().to_string(), Key::new(key)?)),
            Kept::Keychain { .. } => {
                let provider = provider.to_owned();
                let key = Key::found_by(move || keychain::get(&provider));
                Some((keychain::NAME.to_owned(), key))
            }
        }
    }

    /// Keeps a key, in the keychain or in the file; gives where that is, for people.
    ///
    /// # Errors
    /// The file or the keychain cannot be read or written.
    pub(crate) fn set(
        &self,
        provider: &str,
        key: &str,
        in_keychain: bool,
    ) -> anyhow::Result<String> {
        let mut kept = self.read()?;
        if in_keychain {
            keychain::set(provider, key).map_err(anyhow::Error::msg)?;
            kept.insert(provider.to_owned(), IN_KEYCHAIN);
            self.write(&kept)?;
            return Ok(keychain::NAME.to_owned());
        }
        let before = kept.insert(provider.to_owned(), Kept::File(key.to_owned()));
        self.write(&kept)?;
        let file = self.file.display();
        if before == Some(IN_KEYCHAIN) && keychain::IS_HERE {
            // It must not lie about where nobody knows of it any more.
            keychain::remove(provider)
                .map_err(anyhow::Error::msg)
                .with_context(|| format!("the key is kept in {file}; the one before stays"))?;
        }
        Ok(file.to_string())
    }

    /// Whether this is what we call a place where keys are kept.
    pub(crate) fn is_place(&self, source: &str) -> bool {
        source == keychain::NAME || Path::new(source) == self.file
    }

    /// Forgets a key.
    ///
    /// # Errors
    /// The file or the keychain cannot be read or written.
    pub(crate) fn remove(&self, provider: &str) -> anyhow::Result<Removed> {
        let mut kept = self.read()?;
        let Some(was) = kept.remove(provider) else { return Ok(Removed::Nothing) };
        let is_reached = was != IN_KEYCHAIN || keychain::IS_HERE;
        if was == IN_KEYCHAIN && is_reached {
            keychain::remove(provider).map_err(anyhow::Error::msg)?;
        }
        self.write(&kept)?;
        Ok(if is_reached { Removed::Key } else { Removed::Mark })
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

    fn read(&self) -> anyhow::Result<BTreeMap<String, Kept>> {
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
    fn write(&self, kept: &BTreeMap<String, Kept>) -> anyhow::Result<()> {
        let mut text = "# Keys of providers, kept by `coworker auth set`.\n".to_owned();
        for (provider, key) in kept {
            text += &match key {
                Kept::File(key) => {
                    format!("{provider} = {}\n", serde_json::Value::from(key.as_str()))
                }
                Kept::Keychain { .. } => format!("{provider} = {{ keychain = true }}\n"),
            };
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
        secrets.set("openai", "sk-\"1\"", false).unwrap();
        secrets.set("work", "sk-2", false).unwrap();
        assert!(!secrets.is_open_to_others());
        let (source, key) = secrets.key("openai").unwrap();
        assert!(source.ends_with("keys.toml"), "{source}");
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert_eq!(secrets.remove("openai").unwrap(), Removed::Key);
        assert_eq!(secrets.remove("openai").unwrap(), Removed::Nothing);
        assert!(secrets.key("openai").is_none());
        assert!(secrets.key("work").is_some());
    }

    #[test]
    fn a_key_in_the_keychain_is_known_without_asking_it() {
        let (_folder, secrets) = secrets();
        secrets.set("work", "sk-2", false).unwrap();
        std::fs::write(secrets.file(), "openai = { keychain = true }\nwork = \"sk-2\"\n").unwrap();
        let (source, key) = secrets.key("openai").unwrap();
        assert_eq!((source.as_str(), format!("{key:?}").as_str()), ("the keychain", "Key(…)"));
        secrets.set("more", "sk-3", false).unwrap();
        let text = std::fs::read_to_string(secrets.file()).unwrap();
        assert!(text.contains("openai = { keychain = true }\n"), "{text}");
        std::fs::write(secrets.file(), "openai = { keychain = false }\n").unwrap();
        assert!(secrets.key("openai").is_none());
    }

    #[test]
    #[cfg(not(feature = "keychain"))]
    fn a_build_without_a_keychain_says_so_and_keeps_nothing() {
        let (_folder, secrets) = secrets();
        let error = secrets.set("openai", "sk-1", true).unwrap_err().to_string();
        assert!(error.starts_with("This build of Coworker has no keychain"), "{error}");
        assert!(!secrets.file().exists());
    }

    #[test]
    fn a_broken_file_is_told_without_what_stands_in_it() {
        let (_folder, secrets) = secrets();
        secrets.set("a", "b", false).unwrap();
        std::fs::write(secrets.file(), "openai = sk-secret").unwrap();
        let error = format!("{:#}", secrets.set("c", "d", false).unwrap_err());
        assert!(!error.contains("sk-secret"), "{error}");
        assert_eq!(std::fs::read_to_string(secrets.file()).unwrap(), "openai = sk-secret");
    }
}
