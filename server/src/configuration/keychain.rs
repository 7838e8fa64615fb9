//! The keychain of the system: the Secret Service on Linux, the Keychain on macOS, the Credential
//! Manager on Windows. It is asked when a key is needed, never to learn whether there is one:
//! that stands in the file of keys (`secrets.rs`). It may ask the user to unlock it, so it may
//! block for as long as they think.
//!
//! Only in a build with feature `keychain`; the others say so.

/// Whether this build reaches it.
pub(super) const IS_HERE: bool = cfg!(feature = "keychain");

/// Where a kept key is, for people.
pub(super) const NAME: &str = "the keychain";

#[cfg(feature = "keychain")]
mod of_system {
    use keyring::v1::{Entry, Error};

    /// What our entries are kept under.
    const SERVICE: &str = "coworker";

    /// The key of a provider.
    ///
    /// # Errors
    /// There is none, or the keychain cannot be read; in a sentence.
    pub(in super::super) fn get(provider: &str) -> Result<String, String> {
        let key = entry(provider).and_then(|entry| entry.get_password());
        key.map_err(|error| match error {
            Error::NoEntry => format!(
                "The key of `{provider}` is not in the keychain any more; `coworker auth set \
                 {provider} --keychain` keeps one."
            ),
            error => failed(&error),
        })
    }

    /// Keeps the key of a provider.
    ///
    /// # Errors
    /// The keychain cannot be written; in a sentence.
    pub(in super::super) fn set(provider: &str, key: &str) -> Result<(), String> {
        entry(provider).and_then(|entry| entry.set_password(key)).map_err(|error| failed(&error))
    }

    /// Forgets the key of a provider, if there is one.
    ///
    /// # Errors
    /// The keychain cannot be written; in a sentence.
    pub(in super::super) fn remove(provider: &str) -> Result<(), String> {
        match entry(provider).and_then(|entry| entry.delete_credential()) {
            Ok(()) | Err(Error::NoEntry) => Ok(()),
            Err(error) => Err(failed(&error)),
        }
    }

    fn entry(provider: &str) -> Result<Entry, Error> {
        Entry::new(SERVICE, provider)
    }

    fn failed(error: &Error) -> String {
        let why = match (error, Entry::store_status()) {
            (Error::NoDefaultStore, Err(why)) => why,
            (error, _) => error,
        };
        format!("The keychain cannot be used: {why}. Unlock it, or keep the key without it.")
    }
}

#[cfg(not(feature = "keychain"))]
mod of_system {
    const NONE: &str = "This build of Coworker has no keychain (cargo feature `keychain`).";

    pub(in super::super) fn get(provider: &str) -> Result<String, String> {
        Err(format!("{NONE} `coworker auth set {provider}` keeps the key in a file."))
    }

    pub(in super::super) fn set(_: &str, _: &str) -> Result<(), String> {
        Err(format!("{NONE} Without `--keychain` the key is kept in a file."))
    }

    pub(in super::super) fn remove(_: &str) -> Result<(), String> {
        Err(NONE.to_owned())
    }
}

pub(super) use of_system::{get, remove, set};
