//! Providers: who is asked, where, with which key, and what is known of each by name.
//!
//! Plain values. Who reads files and the environment fills them in; nothing here does.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use reqwest::Url;
use serde_json::{Map, Value};

use crate::Key;
use crate::catalogue::Card;
use crate::connection::is_loopback;
use crate::wire::Wire;

/// The address in `OLLAMA_HOST` where it has no scheme. The server reads the same variable as the
/// place to listen at, so it may be a port alone, or every address that the machine has.
fn of_ollama(host: &str) -> String {
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) if port.chars().all(|char| char.is_ascii_digit()) => (host, port),
        _ => (host, "11434"),
    };
    let host = if matches!(host, "" | "0.0.0.0" | "[::]") { "127.0.0.1" } else { host };
    format!("http://{host}:{port}/")
}

/// How much a model of Ollama is given room for, in tokens, if nothing else is known.
const OLLAMA_CONTEXT: u64 = 32_768;

/// A provider that is known by name: an address and a variable for the key are all it needs.
#[derive(Clone, Copy, Debug)]
pub struct Preset {
    /// The first part of its models' names: `anthropic` in `anthropic/claude-sonnet-5`.
    pub name: &'static str,
    /// For people.
    pub label: &'static str,
    /// What it speaks.
    pub wire: Wire,
    /// Its address.
    pub base_url: &'static str,
    /// The variables in which people keep its key, the first is the one that is told; empty for a
    /// server of one's own.
    pub key_variables: &'static [&'static str],
    /// The variable in which people keep another address.
    pub url_variable: &'static str,
    /// The model to take when the user has named none; empty where a server says itself what it
    /// has. It is here and not in the catalogue so that nothing has to be read at the start.
    pub default_model: &'static str,
    /// Where a key is got.
    pub key_page: &'static str,
    /// Where it tells its models, behind its address, if it is a server of one's own.
    pub models_path: &'static str,
}

impl Preset {
    /// Whether it runs on the user's machine and needs no key.
    #[must_use]
    pub const fn is_local(&self) -> bool {
        self.key_variables.is_empty()
    }
}

const fn hosted(
    name: &'static str,
    label: &'static str,
    wire: Wire,
    base_url: &'static str,
    variables: (&'static [&'static str], &'static str),
    default_model: &'static str,
    key_page: &'static str,
) -> Preset {
    let (key_variables, url_variable) = variables;
    Preset {
        name,
        label,
        wire,
        base_url,
        key_variables,
        url_variable,
        default_model,
        key_page,
        models_path: "",
    }
}

const fn local(
    name: &'static str,
    label: &'static str,
    wire: Wire,
    base_url: &'static str,
    url_variable: &'static str,
    models_path: &'static str,
) -> Preset {
    Preset {
        name,
        label,
        wire,
        base_url,
        key_variables: &[],
        url_variable,
        default_model: "",
        key_page: "",
        models_path,
    }
}

/// The providers that are known by name, in the order in which the default is looked for.
pub const PRESETS: [Preset; 12] = [
    hosted(
        "anthropic",
        "Anthropic",
        Wire::Anthropic,
        "https://api.anthropic.com",
        (&["ANTHROPIC_API_KEY"], "ANTHROPIC_BASE_URL"),
        "claude-sonnet-5-5",
        "https://console.anthropic.com/settings/keys",
    ),
    hosted(
        "openai",
        "OpenAI",
        Wire::Responses,
        "https://api.openai.com/v1",
        (&["OPENAI_API_KEY"], "OPENAI_BASE_URL"),
        "gpt-6.1-sol",
        "https://platform.openai.com/api-keys",
    ),
    hosted(
        "gemini",
        "Google Gemini",
        Wire::Gemini,
        "https://generativelanguage.googleapis.com/v1beta",
        (&["GEMINI_API_KEY", "GOOGLE_API_KEY"], "GEMINI_BASE_URL"),
        "gemini-3.8-flash",
        "https://aistudio.google.com/apikey",
    ),
    hosted(
        "openrouter",
        "OpenRouter",
        Wire::Chat,
        "https://openrouter.ai/api/v1",
        (&["OPENROUTER_API_KEY"], "OPENROUTER_BASE_URL"),
        "anthropic/claude-sonnet-5.5",
        "https://openrouter.ai/keys",
    ),
    hosted(
        "deepseek",
        "DeepSeek",
        Wire::Chat,
        "https://api.deepseek.com/v1",
        (&["DEEPSEEK_API_KEY"], "DEEPSEEK_BASE_URL"),
        "deepseek-flash",
        "https://platform.deepseek.com/api_keys",
    ),
    hosted(
        "groq",
        "Groq",
        Wire::Chat,
        "https://api.groq.com/openai/v1",
        (&["GROQ_API_KEY"], "GROQ_BASE_URL"),
        "openai/gpt-oss-120b",
        "https://console.groq.com/keys",
    ),
    hosted(
        "mistral",
        "Mistral",
        Wire::Chat,
        "https://api.mistral.ai/v1",
        (&["MISTRAL_API_KEY"], "MISTRAL_BASE_URL"),
        "mistral-medium-latest",
        "https://console.mistral.ai/api-keys",
    ),
    hosted(
        "xai",
        "xAI",
        Wire::Chat,
        "https://api.x.ai/v1",
        (&["XAI_API_KEY"], "XAI_BASE_URL"),
        "grok-4.7",
        "https://console.x.ai",
    ),
    hosted(
        "litellm",
        "LiteLLM",
        Wire::Chat,
        "http://localhost:4000/v1",
        (&["LITELLM_API_KEY"], "LITELLM_BASE_URL"),
        "",
        "",
    ),
    local("ollama", "Ollama", Wire::Ollama, "http://localhost:11434", "OLLAMA_HOST", "api/tags"),
    local(
        "lmstudio",
        "LM Studio",
        Wire::Chat,
        "http://localhost:1234/v1",
        "LMSTUDIO_BASE_URL",
        "models",
    ),
    local(
        "llamacpp",
        "llama.cpp",
        Wire::Chat,
        "http://localhost:8080/v1",
        "LLAMACPP_BASE_URL",
        "models",
    ),
];

/// The provider of this name, if it is known by name.
#[must_use]
pub fn preset(name: &str) -> Option<&'static Preset> {
    PRESETS.iter().find(|preset| preset.name == name)
}

/// How a provider is reached. `Debug` does not show what may be secret in it: addresses may have
/// passwords, and a body whatever the user put there.
#[derive(Clone)]
pub struct ProviderSettings {
    /// The first part of its models' names.
    pub name: String,
    /// What it speaks.
    pub wire: Wire,
    /// Its address.
    pub base_url: String,
    /// Where another address than the usual one comes from, for people; empty if it is that.
    pub url_source: String,
    /// The key.
    pub key: Option<Key>,
    /// Where the key comes from, or could, for people: `ANTHROPIC_API_KEY`.
    pub key_source: String,
    /// Further headers of each request. Their values may be as secret as a key.
    pub headers: BTreeMap<String, Key>,
    /// What is put into the body of each request; it counts more than what stands there.
    pub extra_body: Map<String, Value>,
    /// The proxy to reach it by; without one, that of the system.
    pub proxy: Option<String>,
    /// A file of certificates (PEM) to trust beside the system's.
    pub ca_file: Option<PathBuf>,
    /// What the user knows of its models, by the beginning of their names.
    pub models: BTreeMap<String, Card>,
    /// Whether the user has set it up, be it only by a key.
    pub is_set_up: bool,
}

impl fmt::Debug for ProviderSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ProviderSettings");
        shown.field("name", &self.name).field("wire", &self.wire).field("place", &self.place());
        shown.field("key", &self.key).finish_non_exhaustive()
    }
}

impl ProviderSettings {
    /// A provider known by name, as it is without any settings.
    #[must_use]
    pub fn of(preset: &Preset) -> Self {
        let key_variable = preset.key_variables.first().copied().unwrap_or_default();
        Self {
            wire: preset.wire,
            base_url: preset.base_url.to_owned(),
            key_source: key_variable.to_owned(),
            ..Self::unknown(preset.name)
        }
    }

    /// One of which only the name is known: most servers call themselves compatible with OpenAI.
    #[must_use]
    pub fn unknown(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            wire: Wire::Chat,
            base_url: String::new(),
            url_source: String::new(),
            key: None,
            key_source: String::new(),
            headers: BTreeMap::new(),
            extra_body: Map::new(),
            proxy: None,
            ca_file: None,
            models: BTreeMap::new(),
            is_set_up: false,
        }
    }

    /// Whether a request can be made: there is a key, or none is needed.
    #[must_use]
    pub fn is_usable(&self) -> bool {
        self.key.is_some() || !self.needs_key()
    }

    /// Whether its models are offered without being named: the user has set it up.
    pub(crate) fn is_offered(&self) -> bool {
        self.is_usable() && (self.is_set_up || self.key.is_some())
    }

    /// The model to take when the user has named none.
    pub(crate) fn default_model(&self) -> Option<String> {
        let of_preset = preset(&self.name).map(|preset| preset.default_model);
        let model = self.models.keys().next().map(String::as_str).or(of_preset);
        model.filter(|model| !model.is_empty()).map(|model| format!("{}/{model}", self.name))
    }

    /// Whether it is a hosted one that answers nobody without a key.
    pub(crate) fn needs_key(&self) -> bool {
        let hosted = preset(&self.name).is_some_and(|preset| !preset.is_local());
        hosted && self.url_source.is_empty() && self.headers.is_empty()
    }

    /// Whether it is a server of the user's own: it thinks with the user's machine, and sends no
    /// signs of life while it does.
    pub(crate) fn is_own(&self) -> bool {
        preset(&self.name).is_some_and(Preset::is_local)
            || self.address().is_ok_and(|url| is_loopback(&url))
    }

    /// Its name, if it is a known provider at its own address.
    pub(crate) fn known(&self) -> Option<&str> {
        let is_known = self.url_source.is_empty() && preset(&self.name).is_some();
        is_known.then_some(self.name.as_str())
    }

    pub(crate) fn label(&self) -> &str {
        preset(&self.name).map_or(self.name.as_str(), |preset| preset.label)
    }

    pub(crate) fn key_page(&self) -> Option<&'static str> {
        preset(&self.name).map(|preset| preset.key_page).filter(|page| !page.is_empty())
    }

    /// Who answers, for people.
    pub(crate) fn place(&self) -> String {
        if self.url_source.is_empty() {
            return self.label().to_owned();
        }
        let url = self.address().ok();
        let host = url.as_ref().and_then(|url| {
            let host = url.host_str()?;
            Some(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
        });
        match host {
            Some(host) => format!("the server at {host} ({})", self.url_source),
            None => self.label().to_owned(),
        }
    }

    /// The address, with a slash at its end.
    ///
    /// # Errors
    /// It is none; in a sentence.
    pub(crate) fn address(&self) -> Result<Url, String> {
        let trimmed = self.base_url.trim().trim_end_matches('/');
        // Both spellings are in use.
        let root = match self.wire {
            Wire::Anthropic => trimmed.strip_suffix("/v1").unwrap_or(trimmed),
            Wire::Ollama => trimmed.strip_suffix("/api").unwrap_or(trimmed),
            _ => trimmed,
        };
        let text = match self.wire {
            Wire::Ollama if !root.contains("://") => of_ollama(root),
            _ => format!("{root}/"),
        };
        let usual = preset(&self.name).map_or("https://host/v1", |preset| preset.base_url);
        Url::parse(&text)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
            .ok_or_else(|| {
                let source = match self.url_source.as_str() {
                    "" => "The address",
                    source => source,
                };
                format!(
                    "{source} is not an address like {usual}. Correct it, or leave it out to \
                     reach {} itself.",
                    self.label()
                )
            })
    }

    /// What is known of a model: by the catalogue, and more so by the user.
    pub(crate) fn card(&self, model: &str) -> Card {
        let known = crate::catalogue::card(&self.name, model).cloned().unwrap_or_default();
        let known = match self.wire {
            // What is built in there is too small to work with.
            Wire::Ollama => Card { context: Some(OLLAMA_CONTEXT), ..Card::default() }.with(&known),
            _ => known,
        };
        let of_user = self.models.iter().filter(|(name, _)| model.starts_with(name.as_str()));
        match of_user.max_by_key(|(name, _)| name.len()) {
            Some((_, card)) => known.with(card),
            None => known,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provider(name: &str, base_url: &str) -> ProviderSettings {
        let settings = ProviderSettings::of(preset(name).unwrap());
        ProviderSettings { base_url: base_url.to_owned(), ..settings }
    }

    #[test]
    fn an_address_is_understood_in_the_spellings_in_use() {
        for (name, base_url, expected) in [
            ("anthropic", "https://api.anthropic.com", "https://api.anthropic.com/"),
            ("anthropic", " https://proxy:8080/v1/ ", "https://proxy:8080/"),
            ("openai", "https://api.openai.com/v1/", "https://api.openai.com/v1/"),
            ("ollama", "127.0.0.1:11434", "http://127.0.0.1:11434/"),
            ("ollama", "http://box/api", "http://box/"),
            ("ollama", "0.0.0.0", "http://127.0.0.1:11434/"),
            ("ollama", ":11500", "http://127.0.0.1:11500/"),
            ("ollama", "box", "http://box:11434/"),
        ] {
            assert_eq!(provider(name, base_url).address().unwrap().as_str(), expected);
        }
        for base_url in ["", "nowhere", "file:///etc/passwd", "http://"] {
            let why = provider("openai", base_url).address().unwrap_err();
            assert!(why.contains("is not an address like https://api.openai.com/v1."), "{why}");
        }
    }

    #[test]
    fn every_preset_has_a_name_of_its_own_and_an_address() {
        for (index, preset) in PRESETS.iter().enumerate() {
            assert!(PRESETS[..index].iter().all(|other| other.name != preset.name));
            assert!(ProviderSettings::of(preset).address().is_ok(), "{}", preset.name);
            assert_eq!(preset.is_local(), !preset.models_path.is_empty(), "{}", preset.name);
        }
    }

    #[test]
    fn a_key_is_needed_by_hosted_providers_alone() {
        let hosted = || ProviderSettings::of(preset("openai").unwrap());
        assert!(!hosted().is_usable());
        assert!(ProviderSettings { key: Key::new("sk"), ..hosted() }.is_usable());
        // A gateway may know its users otherwise.
        let elsewhere = ProviderSettings { url_source: "OPENAI_BASE_URL".to_owned(), ..hosted() };
        assert!(elsewhere.is_usable());
        let local = || ProviderSettings::of(preset("ollama").unwrap());
        assert!(local().is_usable());
        assert!(!local().is_offered());
        assert!(ProviderSettings { is_set_up: true, ..local() }.is_offered());
    }

    #[test]
    fn a_server_of_ones_own_is_known_by_its_name_or_its_address() {
        for (name, base_url, expected) in [
            ("ollama", "http://box:11434", true),
            ("openai", "http://localhost:8080/v1", true),
            ("openai", "https://api.openai.com/v1", false),
            ("litellm", "http://box:4000/v1", false),
        ] {
            assert_eq!(provider(name, base_url).is_own(), expected, "{name} {base_url}");
        }
    }

    #[test]
    fn who_answers_is_told_by_name_or_by_address() {
        let named = provider("openai", "https://api.openai.com/v1");
        assert_eq!(named.place(), "OpenAI");
        let elsewhere = ProviderSettings {
            url_source: "OPENAI_BASE_URL".to_owned(),
            ..provider("openai", "http://user:secret@box:8080/v1")
        };
        assert_eq!(elsewhere.place(), "the server at box:8080 (OPENAI_BASE_URL)");
    }
}
