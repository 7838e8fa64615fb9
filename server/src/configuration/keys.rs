//! The keys of the configuration: one struct, whose documentation is the user's.
//!
//! A field is a key of `config.toml`, a variable `COWORKER_KEY` of the environment and a property
//! of the schema; its default is what is built in. What a value must fulfil beyond its type
//! stands in [`objection`].

use std::{collections::BTreeMap, time::Duration};

use protocol::Mode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::SqliteStore;

use super::providers::{self, ProviderKeys};

/// The configuration of Coworker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
#[schemars(title = "Configuration of Coworker")]
pub(crate) struct Keys {
    /// The model of new sessions, as `provider/name`; `script:FILE` plays a script instead of
    /// asking a model. Empty: the first model there is a key for, else one of a server that runs on
    /// this machine (Ollama, LM Studio, llama.cpp).
    pub(crate) model: String,
    /// The model for titles, summaries and other small work. Empty: the quick one of the provider
    /// that answers.
    pub(crate) fast_model: String,
    /// What sessions are called in lists.
    pub(crate) titles: Titles,
    /// The model that is shown pictures when the one of the session cannot read any. Empty: none.
    pub(crate) vision_model: String,
    /// The models to go on with, in this order, when one does not answer.
    pub(crate) fallback_models: Vec<String>,
    /// How often a request to a model is repeated after what may pass: overload, a broken
    /// connection, a fault of the server.
    pub(crate) max_retries: u32,
    /// The mode of new sessions: how freely the agent may act. `auto` cannot stand here; it is
    /// chosen for one session, with `--mode auto` or in the editor. A project can only choose a
    /// mode that is stricter than yours.
    pub(crate) mode: Mode,
    /// How many requests to a model one turn may make before it stops.
    #[schemars(range(min = 1))]
    pub(crate) max_requests: u32,
    /// How many tokens one turn may send and receive before you are asked; 0 for any
    /// number.
    pub(crate) max_turn_tokens: u64,
    /// How many US dollars one turn may cost before you are asked, by the prices of the catalogue or
    /// your own; 0 for any sum.
    pub(crate) max_turn_cost: f64,
    /// How many tokens one session may send and receive before you are asked; 0 for any number.
    pub(crate) max_session_tokens: u64,
    /// How many US dollars one session may cost before you are asked; 0 for any sum.
    pub(crate) max_session_cost: f64,
    /// How many tokens all sessions of a day (UTC) may send and receive before you are asked; 0 for
    /// any number.
    pub(crate) max_day_tokens: u64,
    /// How many US dollars all sessions of a day (UTC) may cost before you are asked; 0 for any
    /// sum.
    pub(crate) max_day_cost: f64,
    /// How many minutes one turn may take before it stops, the time it waits for you not counted;
    /// 0 for ever.
    pub(crate) max_turn_minutes: u64,
    /// How many milliseconds the diagnostics of an editor must stay as they are after an edit to
    /// count as settled.
    pub(crate) diagnostics_settle_ms: u64,
    /// How many milliseconds to wait at most for the diagnostics of an editor after an edit.
    pub(crate) diagnostics_timeout_ms: u64,
    /// How many milliseconds an editor may take to answer that it applies an edit.
    pub(crate) apply_timeout_ms: u64,
    /// How many milliseconds after that answer the document may take to show the edit.
    pub(crate) confirm_timeout_ms: u64,
    /// How many milliseconds to wait for a session database that another process writes.
    pub(crate) store_busy_timeout_ms: u64,
    /// What to log: `off`, `error`, `warn`, `info`, `debug` or `trace`, for all or for a part
    /// only, such as `warn,engine=debug`.
    pub(crate) log: String,
    /// The file to log to. Empty: `coworker.log` in the state folder. It is rotated at 5 MB, and
    /// two older files are kept.
    pub(crate) log_file: String,
    /// The providers of models, each as a table `[providers.NAME]`: only what differs from what is
    /// known of them by name, and servers of your own.
    pub(crate) providers: BTreeMap<String, ProviderKeys>,
}

/// What a session is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Titles {
    /// What the fast model finds after the first turn, with one small request, if it is another than
    /// the model of the session.
    Model,
    /// The first line of the first prompt.
    FirstLine,
}

impl Default for Keys {
    fn default() -> Self {
        let engine = engine::Settings::default();
        Self {
            model: engine.model,
            fast_model: String::new(),
            titles: Titles::Model,
            vision_model: String::new(),
            fallback_models: Vec::new(),
            max_retries: 3,
            mode: engine.mode,
            max_requests: engine.max_requests,
            max_turn_tokens: engine.budgets.turn.tokens,
            max_turn_cost: 0.0,
            max_session_tokens: 0,
            max_session_cost: 0.0,
            max_day_tokens: 0,
            max_day_cost: 0.0,
            max_turn_minutes: engine.max_turn_time.as_secs() / 60,
            diagnostics_settle_ms: milliseconds(engine.diagnostics_settle),
            diagnostics_timeout_ms: milliseconds(engine.diagnostics_timeout),
            apply_timeout_ms: milliseconds(engine.apply_timeout),
            confirm_timeout_ms: milliseconds(engine.confirm_timeout),
            store_busy_timeout_ms: milliseconds(SqliteStore::BUSY_TIMEOUT),
            log: "warn".to_owned(),
            log_file: String::new(),
            providers: BTreeMap::new(),
        }
    }
}

/// The keys that a project may set. The others are the user's alone.
const OF_PROJECTS: [&str; 2] = ["model", "mode"];

/// Where a value was set, as far as it matters for what may be set there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// The user's file or environment.
    User,
    /// The project's file.
    Project,
    /// The command line: for this one call.
    Call,
}

impl Keys {
    /// Every key with what is built in, in the order they are documented.
    pub(crate) fn built_in() -> Map<String, Value> {
        match serde_json::to_value(Self::default()) {
            Ok(Value::Object(keys)) => keys,
            _ => Map::new(),
        }
    }

    /// The JSON schema of `config.toml`.
    pub(crate) fn schema() -> Value {
        let mut schema = schemars::schema_for!(Self).to_value();
        unwrap_lines(&mut schema);
        schema
    }
}

/// What is wrong with a value, in words that go on after the key; none if nothing is.
pub(crate) fn objection(key: &str, value: &Value, place: Place) -> Option<String> {
    if place == Place::Project && !OF_PROJECTS.contains(&key) {
        let may = OF_PROJECTS.map(|key| format!("`{key}`")).join(" and ");
        return Some(format!("is for your own file; a project can only set {may}"));
    }
    let one = Map::from_iter([(key.to_owned(), value.clone())]);
    let keys = match serde_json::from_value::<Keys>(Value::Object(one)) {
        Ok(keys) => keys,
        Err(error) => return Some(misfit(&error.to_string())),
    };
    match key {
        "mode" if keys.mode.as_str() == "auto" && place != Place::Call => Some(
            "cannot be `auto` here: choose it for one session, with `--mode auto` or in the editor"
                .to_owned(),
        ),
        "max_requests" if keys.max_requests == 0 => Some("must be at least 1".to_owned()),
        "log" => crate::log::objection(&keys.log),
        "providers" => providers::objection(&keys.providers),
        "max_turn_cost" | "max_session_cost" | "max_day_cost" => {
            let costs = [keys.max_turn_cost, keys.max_session_cost, keys.max_day_cost];
            let is_sum = |cost: &f64| cost.is_finite() && *cost >= 0.0;
            (!costs.iter().all(is_sum)).then(|| "must be a sum, or 0 for any".to_owned())
        }
        _ => None,
    }
}

/// An error of the types in words for people: whoever writes a file does not think in `u32`.
fn misfit(error: &str) -> String {
    let mut words = error.to_owned();
    // A value may be a secret that was written in the wrong place.
    if let (Some(start), Some(end)) = (words.find("string \""), words.rfind("\", expected")) {
        words.replace_range(start..end + 1, "a text");
    }
    for (type_name, name) in
        [("u32", "a whole number"), ("u64", "a whole number"), ("a string", "a text in quotes")]
    {
        words = words.replace(&format!("expected {type_name}"), &format!("expected {name}"));
    }
    format!("does not fit: {words}")
}

/// Documentation is wrapped in the sources; where it is read, it is not.
fn unwrap_lines(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(text)) = members.get_mut("description") {
                *text = text.replace('\n', " ");
            }
            members.values_mut().for_each(unwrap_lines);
        }
        Value::Array(members) => members.iter_mut().for_each(unwrap_lines),
        _ => {}
    }
}

fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
