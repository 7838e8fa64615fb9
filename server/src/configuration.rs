//! Configuration: built-in < user file < project file < environment < command line, as one value.
//!
//! Settings are read from files and the environment here and nowhere else. [`keys`] has every key
//! with its documentation; [`layer`] reads one source and says what is wrong with it;
//! [`providers`] are the tables of the providers of models, [`secrets`] their kept keys; [`trust`]
//! keeps the folders whose project file counts; [`show`] prints what came of it.
//!
//! Start with [`Configuration::load`].

mod keychain;
pub(crate) mod keys;
pub(crate) mod layer;
pub(crate) mod providers;
pub(crate) mod secrets;
pub(crate) mod show;
pub(crate) mod trust;

use std::{
    env,
    ffi::OsString,
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context, bail};
use engine::{Budget, Budgets};
use etcetera::BaseStrategy;
use models::ModelSettings;
use protocol::{AbsPath, Mode};
use serde_json::{Map, Value};

use crate::arguments::Global;
use keys::{Keys, Titles};
use layer::{Entry, Layer, Origin, Problem};
use secrets::Secrets;
use trust::Trust;

/// The name of the file, in the user's folder and in that of a project.
const FILE: &str = "config.toml";

/// What the user chose, from wherever they chose it.
#[derive(Debug)]
pub(crate) struct Configuration {
    /// The folder of the user's file.
    pub(crate) config_folder: AbsPath,
    /// The folder of sessions and logs.
    pub(crate) state_folder: AbsPath,
    /// Every value, with where it came from.
    pub(crate) values: Vec<Entry>,
    /// The file of the project, if it has one.
    pub(crate) project: Option<Project>,
    /// What is wrong. The values that are wrong do not count.
    pub(crate) problems: Vec<Problem>,
    /// What was left out although nothing is wrong with it.
    pub(crate) remarks: Vec<String>,
    pub(crate) keys: Keys,
    pub(crate) settings: engine::Settings,
    pub(crate) models: ModelSettings,
    /// How long to wait for a database that another process writes.
    pub(crate) busy_timeout: Duration,
}

/// The configuration of a project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Project {
    /// The folder of the project, resolved.
    pub(crate) root: AbsPath,
    pub(crate) file: PathBuf,
    /// Whether it counts.
    pub(crate) trusted: bool,
}

/// The configuration has mistakes.
#[derive(Debug, thiserror::Error)]
pub(crate) struct Mistakes(pub(crate) Vec<Problem>);

impl fmt::Display for Mistakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_slice() {
            [problem] => write!(f, "the configuration has a mistake. {problem}"),
            problems => {
                write!(f, "the configuration has {} mistakes:", problems.len())?;
                problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}

impl Configuration {
    /// Reads every layer. `root` is the folder that is worked in, where it is known; its project
    /// file counts if the folder is trusted.
    ///
    /// # Errors
    /// A folder is not an absolute path in UTF-8. Mistakes in a layer are among the
    /// [`Configuration::problems`].
    pub(crate) fn load(typed: &Global, root: Option<&Path>) -> anyhow::Result<Self> {
        let (config_folder, state_folder) = folders()?;
        let user = Layer::file(&config_folder.as_std_path().join(FILE), Origin::User);
        let mut layers = vec![user];
        let mut remarks = Vec::new();
        let project = root.and_then(|root| project(root, &state_folder, &mut remarks));
        if let Some(project) = project.as_ref().filter(|project| project.trusted) {
            let mut layer = Layer::file(&project.file, Origin::Project);
            narrow(&mut layer, &layers, &mut remarks);
            locate(&mut layer, project.root.as_std_path());
            layers.push(layer);
        }
        layers.push(Layer::environment(|name| env::var_os(name)));
        layers.push(flags(typed));
        let problems = layers.iter_mut().flat_map(|layer| layer.problems.drain(..)).collect();
        let values = merged(layers);
        let keys = as_keys(&values)?;
        let mut configuration = Self {
            settings: settings(&keys, &config_folder, &state_folder),
            models: model_settings(&keys, &Secrets::new(&config_folder)),
            busy_timeout: Duration::from_millis(keys.store_busy_timeout_ms),
            config_folder,
            state_folder,
            values,
            project,
            problems,
            remarks,
            keys,
        };
        if let Some(project) = configuration.project.as_ref().filter(|project| !project.trusted) {
            let remark = format!(
                "{} counts for nothing until you trust the folder: `coworker trust {}`",
                project.file.display(),
                project.root
            );
            configuration.remarks.push(remark);
        }
        Ok(configuration)
    }

    /// The same, if it has no mistakes.
    ///
    /// # Errors
    /// [`Mistakes`].
    pub(crate) fn checked(self) -> Result<Self, Mistakes> {
        if self.problems.is_empty() { Ok(self) } else { Err(Mistakes(self.problems)) }
    }

    /// The user's file, whether it exists or not.
    pub(crate) fn file(&self) -> PathBuf {
        self.config_folder.as_std_path().join(FILE)
    }

    /// Whether the project chose the value of a key.
    pub(crate) fn is_of_project(&self, key: &str) -> bool {
        let set = self.values.iter().find(|entry| entry.key == key);
        set.is_some_and(|entry| matches!(entry.origin, Origin::Project(..)))
    }

    /// The file to log to.
    pub(crate) fn log_file(&self) -> PathBuf {
        match self.keys.log_file.as_str() {
            "" => self.state_folder.as_std_path().join("coworker.log"),
            file => file.into(),
        }
    }
}

/// The file of a project, if there is one.
fn project(root: &Path, state: &AbsPath, remarks: &mut Vec<String>) -> Option<Project> {
    let root = trust::resolved(root).ok()?;
    let file = root.as_std_path().join(".coworker").join(FILE);
    if !file.exists() {
        return None;
    }
    let trusted = Trust::new(state).covers(&root).unwrap_or_else(|error| {
        remarks.push(format!("{error:#}"));
        false
    });
    Some(Project { root, file, trusted })
}

/// Leaves out a mode that is freer than the user's own: a project may only be stricter.
fn narrow(project: &mut Layer, below: &[Layer], remarks: &mut Vec<String>) {
    let mut set = below.iter().flat_map(|layer| &layer.entries).filter(|it| it.key == "mode");
    let own = set.next_back().and_then(|entry| serde_json::from_value(entry.value.clone()).ok());
    let own: Mode = own.unwrap_or_default();
    project.entries.retain(|entry| {
        let mode = serde_json::from_value::<Mode>(entry.value.clone());
        let Some(mode) = mode.ok().filter(|_| entry.key == "mode") else { return true };
        let stricter = freedom(mode) <= freedom(own);
        if !stricter {
            remarks.push(format!(
                "{}: `mode` is left out, because `{}` is freer than your `{}`",
                entry.origin,
                mode.as_str(),
                own.as_str()
            ));
        }
        stricter
    });
}

/// How much a mode leaves to the agent.
fn freedom(mode: Mode) -> usize {
    let strictest_first = ["fast", "plan", "ask", "edit"];
    let known = strictest_first.iter().position(|name| *name == mode.as_str());
    known.unwrap_or(strictest_first.len())
}

/// What was typed as options.
fn flags(typed: &Global) -> Layer {
    let Global { model, mode, log, log_file, .. } = typed;
    let mode = mode.map(|mode| mode.as_str().to_owned());
    let mut layer = Layer::default();
    for (key, flag, value) in [
        ("model", "--model", model),
        ("mode", "--mode", &mode),
        ("log", "--log", log),
        ("log_file", "--log-file", log_file),
    ] {
        if let Some(value) = value {
            layer.add(key, Value::String(value.clone()), Origin::Flag(flag));
        }
    }
    layer
}

/// Every key with the value of the last layer that sets it.
fn merged(layers: Vec<Layer>) -> Vec<Entry> {
    let built_in = |(key, value)| Entry { key, value, origin: Origin::BuiltIn };
    let mut values: Vec<Entry> = Keys::built_in().into_iter().map(built_in).collect();
    for entry in layers.into_iter().flat_map(|layer| layer.entries) {
        if let Some(value) = values.iter_mut().find(|value| value.key == entry.key) {
            *value = entry;
        }
    }
    values
}

fn as_keys(values: &[Entry]) -> anyhow::Result<Keys> {
    let values = values.iter().map(|entry| (entry.key.clone(), entry.value.clone()));
    let mut keys: Keys = serde_json::from_value(Value::Object(Map::from_iter(values)))
        .context("the configuration does not fit together")?;
    if let Ok(here) = env::current_dir() {
        for model in [&mut keys.model, &mut keys.fast_model] {
            *model = located(model, &here);
        }
    }
    Ok(keys)
}

fn settings(keys: &Keys, config_folder: &AbsPath, state_folder: &AbsPath) -> engine::Settings {
    // What `COWORKER_HOME` names stands for all that is the user's.
    let home = if apart().is_some() { None } else { etcetera::home_dir().ok() };
    let of_others = home.iter().flat_map(|home| [home.join(".agents"), home.join(".claude")]);
    let of_others = of_others.filter_map(|folder| AbsPath::new(folder.to_str()?).ok());
    engine::Settings {
        mode: keys.mode,
        model: keys.model.clone(),
        vision_model: keys.vision_model.clone(),
        titles: keys.titles == Titles::Model,
        max_requests: keys.max_requests,
        budgets: Budgets {
            turn: budget(keys.max_turn_tokens, keys.max_turn_cost),
            session: budget(keys.max_session_tokens, keys.max_session_cost),
            day: budget(keys.max_day_tokens, keys.max_day_cost),
        },
        max_turn_time: Duration::from_secs(keys.max_turn_minutes.saturating_mul(60)),
        diagnostics_settle: Duration::from_millis(keys.diagnostics_settle_ms),
        diagnostics_timeout: Duration::from_millis(keys.diagnostics_timeout_ms),
        forbidden: vec![config_folder.clone(), state_folder.clone()],
        user_folders: std::iter::once(config_folder.clone()).chain(of_others).collect(),
        apply_timeout: Duration::from_millis(keys.apply_timeout_ms),
        confirm_timeout: Duration::from_millis(keys.confirm_timeout_ms),
        ..engine::Settings::default()
    }
}

fn budget(tokens: u64, dollars: f64) -> Budget {
    Budget { tokens, cost: (dollars * 1e9).round() as u64 }
}

fn model_settings(keys: &Keys, secrets: &Secrets) -> ModelSettings {
    ModelSettings {
        model: Some(keys.model.clone()).filter(|model| !model.is_empty()),
        providers: providers::providers(&keys.providers, secrets),
        fallbacks: keys.fallback_models.clone(),
        retries: keys.max_retries,
        fast: Some(keys.fast_model.clone()).filter(|model| !model.is_empty()),
        ..ModelSettings::default()
    }
}

/// The folder that the user keeps everything in, if they named one.
fn apart() -> Option<OsString> {
    env::var_os("COWORKER_HOME").filter(|home| !home.is_empty())
}

/// The folders of configuration and of state: both `COWORKER_HOME` where it is set, else where
/// the platform keeps such things.
fn folders() -> anyhow::Result<(AbsPath, AbsPath)> {
    if let Some(home) = apart() {
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

fn absolute(path: PathBuf) -> anyhow::Result<AbsPath> {
    let Some(text) = path.to_str() else {
        bail!("the path {} is not UTF-8", path.display());
    };
    Ok(AbsPath::new(text)?)
}

/// Names the scripts of a layer by their whole paths.
fn locate(layer: &mut Layer, folder: &Path) {
    for entry in layer.entries.iter_mut().filter(|entry| entry.key == "model") {
        if let Value::String(model) = &mut entry.value {
            *model = located(model, folder);
        }
    }
}

/// A script is named by its whole path, so that a session finds it again from another folder.
fn located(model: &str, folder: &Path) -> String {
    let script = model.strip_prefix("script:");
    let file = script.and_then(|file| std::path::absolute(folder.join(file)).ok());
    match file.as_deref().and_then(Path::to_str) {
        Some(file) => format!("script:{file}"),
        None => model.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(text: &str, origin: fn(String, usize) -> Origin) -> Layer {
        Layer::text("c.toml", text, origin)
    }

    fn keys(layers: Vec<Layer>) -> Keys {
        as_keys(&merged(layers)).unwrap()
    }

    #[test]
    fn nothing_set_is_what_is_built_in() {
        assert_eq!(keys(Vec::new()), Keys::default());
        assert!(merged(Vec::new()).iter().all(|entry| entry.origin == Origin::BuiltIn));
        assert!(Keys::built_in().len() <= 40, "too many keys to know");
    }

    #[test]
    fn the_last_layer_wins_key_by_key() {
        let user = layer("model = 'a/b'\nmax_requests = 3\nlog = 'info'", Origin::User);
        let variables = Layer::environment(|name| match name {
            "COWORKER_LOG" => Some("debug".into()),
            "COWORKER_MODEL" => Some("c/d".into()),
            _ => None,
        });
        let typed = flags(&Global { model: Some("e/f".into()), ..Global::default() });
        let values = merged(vec![user, variables, typed]);
        let origins: Vec<_> =
            values.iter().map(|it| (it.key.as_str(), it.origin.to_string())).collect();
        for expected in [("model", "--model"), ("log", "COWORKER_LOG"), ("mode", "built in")] {
            assert!(origins.contains(&(expected.0, expected.1.to_owned())), "{origins:?}");
        }
        let keys = as_keys(&values).unwrap();
        assert_eq!((keys.model.as_str(), keys.max_requests), ("e/f", 3));
    }

    #[test]
    fn a_project_may_be_stricter_than_the_user_and_not_freer() {
        for (own, project, kept) in [
            ("", "mode = 'plan'", true),
            ("", "mode = 'ask'", true),
            ("", "mode = 'edit'", false),
            ("", "mode = 'fast'", true),
            ("mode = 'fast'", "mode = 'plan'", false),
            ("mode = 'edit'", "mode = 'edit'", true),
            ("mode = 'plan'", "mode = 'ask'", false),
        ] {
            let below = [layer(own, Origin::User)];
            let mut project = layer(project, Origin::Project);
            assert_eq!(project.entries.len(), 1, "{:?}", project.problems);
            let mut remarks = Vec::new();
            narrow(&mut project, &below, &mut remarks);
            assert_eq!((project.entries.len(), remarks.len()), (kept.into(), (!kept).into()));
        }
    }

    #[test]
    fn what_may_be_secret_is_in_no_debug_output() {
        let canary = "sk-canary-51ab";
        let user = format!(
            "[providers.work]\nbase_url = 'http://me:{canary}@box'\nproxy = 'http://{canary}@p'\n\
             headers = {{ x-key = '{canary}' }}\nextra_body = {{ token = '{canary}' }}\n"
        );
        let user = layer(&user, Origin::User);
        assert_eq!(user.problems, []);
        let layer = format!("{user:#?}");
        let folder = tempfile::tempdir().unwrap();
        let secrets = Secrets::new(&absolute(folder.path().into()).unwrap());
        secrets.set("openai", canary, false).unwrap();
        let values = merged(vec![user]);
        let keys = as_keys(&values).unwrap();
        let models = model_settings(&keys, &secrets);
        assert!(models.providers.iter().any(|it| it.name == "openai" && it.key.is_some()));
        for shown in [
            layer,
            format!("{values:#?}"),
            format!("{keys:#?}"),
            format!("{models:#?}"),
            format!("{secrets:#?}"),
            format!("{:#?}", models::Models::new(models.clone())),
        ] {
            assert!(!shown.contains(canary), "{shown}");
        }
    }

    #[test]
    fn a_script_is_found_from_where_it_was_named() {
        let mut project = layer("model = 'script:a.md'", Origin::Project);
        locate(&mut project, Path::new("/w"));
        assert_eq!(keys(vec![project]).model, "script:/w/a.md");
    }
}
