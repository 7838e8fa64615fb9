//! Configuration: built-in < user file < environment < command line, as one value.
//!
//! Settings are read from the environment and the configuration file here and nowhere else. Every key
//! of the file is a field of [`File`]; an unknown key is an error that names it.

use std::{env, time::Duration};

use anyhow::{Context, bail};
use etcetera::BaseStrategy;
use models::{AnthropicSettings, Key, ModelSettings};
use protocol::{AbsPath, Mode};
use serde::Deserialize;

use crate::arguments::Global;

/// What the user chose, from wherever they chose it.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// The folder of the configuration file.
    pub(crate) config_folder: AbsPath,
    /// The folder of sessions and logs.
    pub(crate) state_folder: AbsPath,
    /// What to log, as `tracing` has it.
    pub(crate) log: String,
    pub(crate) settings: engine::Settings,
    pub(crate) models: ModelSettings,
    /// How long to wait for a database that another process writes.
    pub(crate) busy_timeout: Duration,
}

/// `config.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    /// The model of new sessions, as `provider/name`.
    model: Option<String>,
    /// The mode of new sessions: `ask` or `plan`.
    mode: Option<Mode>,
    /// How long an editor may take to answer that it applies an edit.
    apply_timeout_ms: Option<u64>,
    /// How long after that its document may take to show the edit.
    confirm_timeout_ms: Option<u64>,
    /// How long to wait for a session database that another process writes.
    store_busy_timeout_ms: Option<u64>,
}

impl Configuration {
    /// Reads the file and the environment, and puts what was typed on top.
    ///
    /// # Errors
    /// The file cannot be read or has a mistake; a folder is not an absolute path in UTF-8.
    pub(crate) fn load(typed: &Global) -> anyhow::Result<Self> {
        let (config_folder, state_folder) = folders()?;
        let file = File::read(&config_folder)?;
        let key = env::var("ANTHROPIC_API_KEY").ok().and_then(Key::new);
        let base_url = env::var("ANTHROPIC_BASE_URL").ok().filter(|url| !url.is_empty());
        let chosen = typed
            .model
            .clone()
            .or_else(|| env::var("COWORKER_MODEL").ok().filter(|model| !model.is_empty()))
            .or(file.model)
            .map(|model| located(&model));
        let models =
            ModelSettings { model: chosen.clone(), anthropic: AnthropicSettings { key, base_url } };
        let built_in = engine::Settings::default();
        let settings = engine::Settings {
            mode: typed.mode.map(Mode::from).or(file.mode).unwrap_or(built_in.mode),
            model: chosen.unwrap_or_default(),
            forbidden: vec![config_folder.clone(), state_folder.clone()],
            apply_timeout: milliseconds(file.apply_timeout_ms, built_in.apply_timeout),
            confirm_timeout: milliseconds(file.confirm_timeout_ms, built_in.confirm_timeout),
            ..built_in
        };
        Ok(Self {
            config_folder,
            state_folder,
            log: env::var("COWORKER_LOG").unwrap_or_else(|_| "warn".to_owned()),
            settings,
            models,
            busy_timeout: milliseconds(file.store_busy_timeout_ms, Duration::from_secs(2)),
        })
    }

    /// The configuration file, whether it exists or not.
    pub(crate) fn file(&self) -> String {
        format!("{}/config.toml", self.config_folder)
    }
}

impl File {
    fn read(folder: &AbsPath) -> anyhow::Result<Self> {
        let path = folder.as_std_path().join("config.toml");
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Ok(Self::default());
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        toml::from_str(&text).with_context(|| format!("{} has a mistake", path.display()))
    }
}

/// The folders of configuration and of state: both `COWORKER_HOME` where it is set, else where
/// the platform keeps such things.
fn folders() -> anyhow::Result<(AbsPath, AbsPath)> {
    if let Some(home) = env::var_os("COWORKER_HOME").filter(|home| !home.is_empty()) {
        let home = std::path::absolute(&home).context("COWORKER_HOME is not a path")?;
        let home = absolute(home)?;
        return Ok((home.clone(), home));
    }
    let platform =
        etcetera::choose_base_strategy().context("there is no home folder; set COWORKER_HOME")?;
    let config = absolute(platform.config_dir().join("coworker"))?;
    let state = absolute(platform.data_dir().join("coworker"))?;
    Ok((config, state))
}

fn absolute(path: std::path::PathBuf) -> anyhow::Result<AbsPath> {
    let Some(text) = path.to_str() else {
        bail!("the path {} is not UTF-8", path.display());
    };
    Ok(AbsPath::new(text)?)
}

/// A script is named by its whole path, so that a session finds it again from another folder.
fn located(model: &str) -> String {
    let script = model.strip_prefix("script:").and_then(|file| std::path::absolute(file).ok());
    match script.as_deref().and_then(std::path::Path::to_str) {
        Some(file) => format!("script:{file}"),
        None => model.to_owned(),
    }
}

fn milliseconds(chosen: Option<u64>, built_in: Duration) -> Duration {
    chosen.map_or(built_in, Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::File;

    #[test]
    fn an_unknown_key_is_named() {
        let error = toml::from_str::<File>("modle = \"x\"").unwrap_err().to_string();
        assert!(error.contains("modle") && error.contains("model"), "{error}");
    }

    #[test]
    fn every_key_is_read() {
        let text = "model = 'a/b'\nmode = 'plan'\napply_timeout_ms = 1\nconfirm_timeout_ms = 2\n\
                    store_busy_timeout_ms = 3";
        let file: File = toml::from_str(text).unwrap();
        assert_eq!(file.model.as_deref(), Some("a/b"));
        assert_eq!(file.mode, Some(protocol::Mode::Plan));
        assert_eq!((file.apply_timeout_ms, file.confirm_timeout_ms), (Some(1), Some(2)));
        assert_eq!(file.store_busy_timeout_ms, Some(3));
    }
}
