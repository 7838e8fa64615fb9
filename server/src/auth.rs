//! `coworker auth`: the keys of providers that are kept.
//!
//! A key is typed unseen or piped in, and never shown again.

use std::{
    io::{self, IsTerminal, Read, Write},
    process::ExitCode,
};

use anyhow::{Context, bail};
use frontends::cli::style::exposed;
use models::{Key, PRESETS, preset};

use crate::{
    arguments::{AuthCommand, Global},
    configuration::{
        Configuration,
        secrets::{Removed, Secrets},
    },
};

/// The longest key that is read, in bytes.
const MAX_KEY: u64 = 16 << 10;

/// Keeps a key, lists or forgets those that are kept.
pub(crate) fn run(
    global: &Global,
    command: &AuthCommand,
    mut out: impl Write,
) -> anyhow::Result<ExitCode> {
    let configuration = Configuration::load(global, None)?;
    let secrets = Secrets::new(&configuration.config_folder);
    match command {
        AuthCommand::Set { provider, keychain } => {
            set(&configuration, &secrets, provider, *keychain, &mut out)?;
        }
        AuthCommand::List => list(&configuration, &mut out)?,
        AuthCommand::Remove { provider } => {
            let name = exposed(provider);
            match secrets.remove(provider)? {
                Removed::Key => writeln!(out, "The key of {name} is forgotten.")?,
                Removed::Nothing => writeln!(out, "No key of {name} was kept.")?,
                Removed::Mark => writeln!(
                    out,
                    "The key of {name} is not used any more. It stays in the keychain of the \
                     system, which this build does not reach."
                )?,
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn set(
    configuration: &Configuration,
    secrets: &Secrets,
    provider: &str,
    in_keychain: bool,
    out: &mut impl Write,
) -> anyhow::Result<()> {
    let described = configuration.keys.providers.contains_key(provider);
    if preset(provider).is_none() && !described {
        let known = PRESETS.map(|preset| preset.name).join(", ");
        bail!(
            "there is no provider `{}`; those that are known: {known}. Another one is described \
             first, as [providers.NAME] in {}",
            exposed(provider),
            configuration.file().display()
        );
    }
    let page = preset(provider).map(|preset| preset.key_page).filter(|page| !page.is_empty());
    let key = read(provider, page)?;
    Key::new(&key).filter(Key::is_sendable).context(
        "that is no key: it is empty, or has characters that cannot be sent. Nothing was kept",
    )?;
    let place = secrets.set(provider, key.trim(), in_keychain)?;
    writeln!(out, "The key of {} is kept in {}.", exposed(provider), exposed(&place))?;
    let of_environment = configuration.models.providers.iter().find(|settings| {
        let is_set = settings.name == provider && settings.key.is_some();
        is_set && !secrets.is_place(&settings.key_source)
    });
    if let Some(settings) = of_environment {
        writeln!(out, "{} is set, too, and counts more.", settings.key_source)?;
    }
    Ok(())
}

/// The key: typed without being shown, or piped in.
fn read(provider: &str, page: Option<&str>) -> anyhow::Result<String> {
    if io::stdin().is_terminal() {
        let from = page.map(|page| format!(" (from {page})")).unwrap_or_default();
        let question = format!("Key of {}{from}, not shown: ", exposed(provider));
        return rpassword::prompt_password(question).context("the key cannot be read");
    }
    let mut key = String::new();
    io::stdin().lock().take(MAX_KEY).read_to_string(&mut key).context("the key cannot be read")?;
    Ok(key)
}

fn list(configuration: &Configuration, out: &mut impl Write) -> anyhow::Result<()> {
    let with_key: Vec<_> =
        configuration.models.providers.iter().filter(|settings| settings.key.is_some()).collect();
    for settings in &with_key {
        writeln!(out, "{:<12} {}", exposed(&settings.name), exposed(&settings.key_source))?;
    }
    if with_key.is_empty() {
        writeln!(out, "There is no key. `coworker auth set anthropic` keeps one.")?;
    }
    Ok(())
}
