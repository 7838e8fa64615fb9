//! `[providers.NAME]`: how the providers of models are reached, from the file, the environment
//! and the kept keys.
//!
//! A provider that is known by name needs nothing here but its key in the environment; any other
//! server is a table with its address.

use std::{collections::BTreeMap, env, fmt, path::PathBuf};

use models::{Key, PRESETS, ProviderSettings, Wire, catalogue::Card, preset};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{secrets::Secrets, show::shown};

/// A provider of models, as `[providers.NAME]` has it. What is left out is what is known of the
/// provider by its name; a name that is not known needs `base_url`.
// `Debug` does not show what may be secret in it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ProviderKeys {
    /// What the server speaks: `anthropic`, `responses`, `chat` (OpenAI's Chat Completions and all
    /// that are compatible), `gemini` or `ollama`. Left out: what is known, else `chat`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) wire: Option<String>,
    /// The address, with the version: `https://llm.example.com/v1`. It counts more than the
    /// provider's variable, such as `OPENAI_BASE_URL`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) base_url: Option<String>,
    /// The variable of the environment that has the key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) key_variable: Option<String>,
    /// Further headers of each request.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) headers: BTreeMap<String, String>,
    /// What is put into the body of each request, such as `{ service_tier = "flex" }`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub(crate) extra_body: Map<String, Value>,
    /// The proxy to reach it by: `http://proxy:8080`. Left out: that of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) proxy: Option<String>,
    /// A file of certificates (PEM) to trust beside those of the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ca_file: Option<PathBuf>,
    /// What you know of its models, by the beginning of their names; it counts more than the
    /// catalogue.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) models: BTreeMap<String, ModelKeys>,
}

impl fmt::Debug for ProviderKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = serde_json::to_value(self).map_err(|_| fmt::Error)?;
        write!(f, "{}", shown(&keys))
    }
}

/// A model of a provider. Sizes are counts of tokens, prices US dollars for a million of them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct ModelKeys {
    /// How much a request and its answer may have together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) context: Option<u64>,
    /// How much an answer may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<u32>,
    /// The price of what is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) input_price: Option<f64>,
    /// The price of what is answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output_price: Option<f64>,
    /// The price of what is read from the provider's cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cached_price: Option<f64>,
    /// The price of what is written to the provider's cache.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cache_write_price: Option<f64>,
    /// Whether it reads pictures.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) images: Option<bool>,
    /// Whether it can be asked to reason before it answers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reasoning: Option<bool>,
}

impl From<&ModelKeys> for Card {
    fn from(keys: &ModelKeys) -> Self {
        Self {
            context: keys.context,
            output: keys.output,
            input_price: keys.input_price,
            output_price: keys.output_price,
            cached_price: keys.cached_price,
            cache_write_price: keys.cache_write_price,
            images: keys.images,
            reasoning: keys.reasoning,
            ..Self::default()
        }
    }
}

/// What is wrong with the tables beyond their types; none if nothing is.
pub(super) fn objection(providers: &BTreeMap<String, ProviderKeys>) -> Option<String> {
    providers.iter().find_map(|(name, keys)| {
        let is_name = |char: char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
        let names = Wire::NAMES.map(|(name, _)| format!("`{name}`")).join(", ");
        if name.is_empty() || !name.chars().all(is_name) {
            return Some(format!("has a name with more than letters, digits, - and _: `{name}`"));
        }
        if keys.wire.as_ref().is_some_and(|wire| named(wire).is_none()) {
            return Some(format!("of `{name}`: `wire` is one of {names}"));
        }
        if preset(name).is_none() && keys.base_url.is_none() {
            let known = PRESETS.map(|preset| preset.name).join(", ");
            return Some(format!(
                "of `{name}` needs a `base_url`; without one these are known: {known}"
            ));
        }
        None
    })
}

fn named(wire: &str) -> Option<Wire> {
    Wire::NAMES.iter().find(|(name, _)| *name == wire).map(|(_, wire)| *wire)
}

/// All providers: those the user describes, and those that are known by name.
pub(super) fn providers(
    described: &BTreeMap<String, ProviderKeys>,
    secrets: &Secrets,
) -> Vec<ProviderSettings> {
    let known = PRESETS.iter().map(|preset| {
        let mut settings = ProviderSettings::of(preset);
        if let Some((name, url)) = variable(preset.url_variable) {
            settings.base_url = url;
            settings.url_source = name;
            settings.is_set_up = true;
        }
        (settings, preset.key_variables)
    });
    let own = described
        .iter()
        .filter(|(name, _)| preset(name).is_none())
        .map(|(name, _)| (ProviderSettings::unknown(name), &[][..]));
    // What the user describes is meant more than a key that lies about.
    let mut all: Vec<_> = own.chain(known).collect();
    all.sort_by_key(|(settings, _)| !described.contains_key(&settings.name));
    all.into_iter()
        .map(|(mut settings, key_variables)| {
            let keys = described.get(&settings.name);
            if let Some(keys) = keys {
                describe(&mut settings, keys);
            }
            let wanted = keys.and_then(|keys| keys.key_variable.as_deref());
            find_key(&mut settings, wanted, key_variables, secrets);
            settings
        })
        .collect()
}

fn describe(settings: &mut ProviderSettings, keys: &ProviderKeys) {
    let keys = keys.clone();
    settings.is_set_up = true;
    if let Some(wire) = keys.wire.as_deref().and_then(named) {
        settings.wire = wire;
    }
    // It counts more than the provider's own variable, which may be there for other programs.
    if let Some(url) = keys.base_url {
        settings.base_url = url;
        settings.url_source = format!("`base_url` of provider `{}`", settings.name);
    }
    let headers = keys.headers.into_iter();
    settings.headers = headers.filter_map(|(name, value)| Some((name, Key::new(value)?))).collect();
    settings.extra_body = keys.extra_body;
    settings.proxy = keys.proxy;
    settings.ca_file = keys.ca_file;
    settings.models = keys.models.iter().map(|(name, keys)| (name.clone(), keys.into())).collect();
}

/// The key: from the environment, else as it is kept.
fn find_key(
    settings: &mut ProviderSettings,
    wanted: Option<&str>,
    known: &[&str],
    secrets: &Secrets,
) {
    let names: Vec<&str> = wanted.map_or_else(|| known.to_vec(), |name| vec![name]);
    let found = names.iter().find_map(|name| variable(name));
    if let Some((name, key)) = found {
        settings.key = Key::new(key);
        settings.key_source = name;
    } else if let Some((source, key)) = secrets.key(&settings.name) {
        settings.key = Some(key);
        settings.key_source = source;
    } else if let Some(name) = names.first() {
        settings.key_source = (*name).to_owned();
    }
    settings.is_set_up |= settings.key.is_some();
}

/// A variable that says something, with its name.
fn variable(name: &str) -> Option<(String, String)> {
    let value = env::var(name).ok().filter(|value| !value.trim().is_empty())?;
    Some((name.to_owned(), value))
}
