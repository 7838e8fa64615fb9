//! Anthropic's wire, spoken by genai.
//!
//! `request` turns our request into genai's, `answer` genai's events into ours, `failure` every
//! way it can go wrong into a sentence. Here is only what holds them together: who may use it,
//! which models are offered, and the client, made when the first prompt needs it.

mod answer;
mod failure;
mod request;
#[cfg(test)]
mod tests;

use engine::{ModelChoice, ModelError, ModelRequest, ModelStream};
use genai::adapter::AdapterKind;
use genai::resolver::{AuthData, Endpoint};
use genai::{ModelIden, ServiceTarget};
use protocol::ErrorCode;
use reqwest::Url;
use tokio::sync::OnceCell;

use crate::Key;
use crate::router::WAYS_OUT;
use answer::{Answer, Boundaries};
use failure::Place;

/// How Anthropic is reached.
#[derive(Clone, Debug, Default)]
pub struct AnthropicSettings {
    /// The key; without one Anthropic's models are not offered.
    pub key: Option<Key>,
    /// The address of a server that speaks the same wire, as other programs understand
    /// `ANTHROPIC_BASE_URL`: without the `/v1` (with it, it means the same).
    pub base_url: Option<String>,
}

/// What is offered without asking the provider; the first is the default. Any other name works
/// too, if the provider knows it.
const MODELS: [(&str, &str); 3] = [
    ("claude-sonnet-5", "Anthropic Claude Sonnet 5: quick and able, for daily work"),
    ("claude-opus-5", "Anthropic Claude Opus 5: for the hard problems; slower and dearer"),
    ("claude-haiku-4-5", "Anthropic Claude Haiku 4.5: the fastest and cheapest"),
];

const BASE_URL: &str = "https://api.anthropic.com";

/// Anthropic's models.
#[derive(Debug)]
pub(crate) struct Anthropic {
    settings: AnthropicSettings,
    server: OnceCell<Server>,
}

/// Where requests go, and by what.
#[derive(Debug)]
struct Server {
    client: genai::Client,
    endpoint: Endpoint,
    place: Place,
}

impl Anthropic {
    pub(crate) fn new(settings: AnthropicSettings) -> Self {
        Self { settings, server: OnceCell::new() }
    }

    pub(crate) fn choices(&self) -> Vec<ModelChoice> {
        MODELS.iter().filter_map(|(name, _)| self.choice(name)).collect()
    }

    /// The choice of this name; none without a key.
    pub(crate) fn choice(&self, name: &str) -> Option<ModelChoice> {
        self.settings.key.as_ref()?;
        let known = MODELS.iter().find(|(known, _)| *known == name);
        let description = known
            .map_or_else(|| format!("Anthropic {name}"), |(_, description)| (*description).into());
        Some(ModelChoice { name: format!("anthropic/{name}"), description })
    }

    /// Opens the answer of the model `name`.
    ///
    /// # Errors
    /// There is no key, or the provider refused before the first event.
    pub(crate) async fn stream(
        &self,
        name: &str,
        request: &ModelRequest,
    ) -> Result<ModelStream, ModelError> {
        let key = self.settings.key.as_ref().ok_or_else(|| {
            ModelError::new(
                ErrorCode::ModelUnavailable,
                format!("There is no key for Anthropic's `{name}`. {WAYS_OUT}"),
            )
        })?;
        let header = key.header().ok_or_else(|| {
            ModelError::new(
                ErrorCode::ModelUnauthorized,
                "The key in ANTHROPIC_API_KEY holds characters that no key has. Copy it again \
                 from https://console.anthropic.com/settings/keys.",
            )
        })?;
        let server = self.server.get_or_try_init(|| connect(&self.settings)).await?;
        let target = ServiceTarget {
            endpoint: server.endpoint.clone(),
            auth: AuthData::from_single(header),
            model: ModelIden::new(AdapterKind::Anthropic, name),
        };
        let boundaries = Boundaries::default();
        let options = request::options(name, request).with_raw_frame_sink(boundaries.clone());
        let failures = failure::Failures::new(server.place.clone(), name, key.clone());
        let opened = server
            .client
            .exec_chat_stream(target, request::chat(request), Some(&options))
            .await
            .map_err(|error| failures.explain(&error))?;
        Answer::new(opened.stream, boundaries, failures).open().await
    }
}

/// Makes the client. No connection is opened yet.
async fn connect(settings: &AnthropicSettings) -> Result<Server, ModelError> {
    let unusable = |why: String| ModelError::new(ErrorCode::ModelUnavailable, why);
    let named = settings.base_url.as_deref().map(str::trim).filter(|url| !url.is_empty());
    let base = named.unwrap_or(BASE_URL).trim_end_matches('/');
    let root = base.strip_suffix("/v1").unwrap_or(base);
    let base = Url::parse(&format!("{root}/v1/"))
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
        .ok_or_else(|| {
            unusable(
                "ANTHROPIC_BASE_URL is not an address like https://api.anthropic.com. Correct \
                 it, or unset it to reach Anthropic itself."
                    .to_owned(),
            )
        })?;
    let place = match named {
        None => Place::default(),
        Some(_) => Place::at(&base),
    };
    let endpoint = Endpoint::from_owned(base.as_str());
    let client = tokio::task::spawn_blocking(move || crate::http::client(&base))
        .await
        .map_err(|error| unusable(format!("The HTTP client could not be made: {error}.")))?
        .map_err(|error| {
            unusable(format!(
                "The HTTP client could not be made: {}. Are the system's certificates installed \
                 (package `ca-certificates`)?",
                failure::root_cause(&error)
            ))
        })?;
    let client = genai::Client::builder().with_reqwest(client).build().map_err(|error| {
        unusable(format!("The HTTP client could not be made: {}.", failure::root_cause(&error)))
    })?;
    Ok(Server { client, endpoint, place })
}
