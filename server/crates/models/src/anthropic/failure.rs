//! Everything that can go wrong at the provider, as a code and a sentence with the way out.

use std::error::Error;
use std::fmt;

use engine::ModelError;
use genai::webc::StreamTimeout;
use protocol::ErrorCode;
use reqwest::Url;
use reqwest::header::HeaderMap;
use serde_json::Value;

use crate::Key;
use crate::http::IDLE_TIMEOUT;

/// How much of a provider's explanation is passed on, in characters.
const MOST_DETAIL: usize = 400;

/// Who answers, for people.
#[derive(Clone, Debug, Default)]
pub(super) struct Place(Option<String>);

impl Place {
    /// A server of the user's own choice.
    pub(super) fn at(url: &Url) -> Self {
        Self(url.host_str().map(|host| match url.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }))
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            None => f.write_str("Anthropic"),
            Some(host) => write!(f, "the server at {host} (ANTHROPIC_BASE_URL)"),
        }
    }
}

/// Explains the failures of one request.
#[derive(Debug)]
pub(super) struct Failures {
    place: Place,
    model: String,
    key: Key,
}

impl Failures {
    pub(super) fn new(place: Place, model: &str, key: Key) -> Self {
        Self { place, model: model.to_owned(), key }
    }

    /// The answer ended before it was whole.
    pub(super) fn broke_off(&self, why: &str) -> ModelError {
        self.error(
            ErrorCode::ModelBrokeOff,
            format!(
                "The answer of {} broke off: {why}. Send the prompt again to go on.",
                self.place
            ),
        )
    }

    /// What an error of genai means to the user.
    pub(super) fn explain(&self, error: &genai::Error) -> ModelError {
        match error {
            genai::Error::WebStream { error, .. } => self.transport(error.as_ref()),
            genai::Error::HttpError { status, body, headers, .. } => self.refused(
                status.as_u16(),
                &serde_json::from_str(body).unwrap_or_default(),
                headers,
            ),
            genai::Error::ChatResponse { body, .. } => self.error_event(body),
            genai::Error::StreamParse { .. } | genai::Error::JsonValueExt(_) => {
                self.broke_off("it holds an event that cannot be understood")
            }
            other => self.error(
                ErrorCode::ModelUnavailable,
                format!("The request to {} could not be made: {other}.", self.place),
            ),
        }
    }

    /// What stopped the bytes: genai hides its own errors and those of the client in a box.
    fn transport(&self, error: &(dyn Error + Send + Sync + 'static)) -> ModelError {
        if let Some(error) = error.downcast_ref::<genai::Error>() {
            return self.explain(error);
        }
        if let Some(timeout) = error.downcast_ref::<StreamTimeout>() {
            let silence = format!("nothing came for {} seconds", IDLE_TIMEOUT.as_secs());
            return match timeout {
                StreamTimeout::Headers => self.unreachable(&silence),
                StreamTimeout::Read => self.broke_off(&silence),
            };
        }
        match error.downcast_ref::<reqwest::Error>() {
            Some(error) if error.is_connect() || error.is_request() => {
                self.unreachable(&root_cause(error))
            }
            _ => self.broke_off(&root_cause(error)),
        }
    }

    fn unreachable(&self, why: &str) -> ModelError {
        self.error(
            ErrorCode::ModelUnavailable,
            format!(
                "{} cannot be reached: {why}. Check the network and the proxy, then send the \
                 prompt again.",
                self.place
            ),
        )
    }

    /// An answer that is no success: nothing of the model's answer came.
    fn refused(&self, status: u16, body: &Value, headers: &HeaderMap) -> ModelError {
        let Self { place, model, .. } = self;
        let detail = detail(body);
        let (code, sentence) = match status {
            401 => (
                ErrorCode::ModelUnauthorized,
                format!("{place} refused the key{detail}. Check ANTHROPIC_API_KEY."),
            ),
            403 => (
                ErrorCode::ModelUnauthorized,
                format!(
                    "{place} does not allow this key to use `{model}`{detail}. Use another key \
                     in ANTHROPIC_API_KEY or choose another model."
                ),
            ),
            404 => (
                ErrorCode::ModelUnavailable,
                format!(
                    "{place} has no model `{model}`{detail}. Choose another with \
                     `--model anthropic/NAME`."
                ),
            ),
            413 => (
                ErrorCode::ModelRefused,
                format!("The conversation is too long for {place}{detail}. Start a new session."),
            ),
            429 => (
                ErrorCode::ModelOverloaded,
                format!("{place} lets this key do no more for now{detail}. {}", again(headers)),
            ),
            503 | 529 => (
                ErrorCode::ModelOverloaded,
                format!("{place} is overloaded{detail}. {}", again(headers)),
            ),
            400..500 => (
                ErrorCode::ModelRefused,
                format!(
                    "{place} refused the request with status {status}{detail}. If the \
                     conversation has grown too long for `{model}`, start a new session; else \
                     choose another model."
                ),
            ),
            _ => (
                ErrorCode::ModelUnavailable,
                format!("{place} failed with status {status}{detail}. {}", again(headers)),
            ),
        };
        self.error(code, sentence)
    }

    /// An error that came as an event: the request was accepted before.
    fn error_event(&self, body: &Value) -> ModelError {
        let status = match body["error"]["type"].as_str() {
            Some("overloaded_error") => 529,
            Some("rate_limit_error") => 429,
            Some("authentication_error") => 401,
            Some("permission_error") => 403,
            Some("not_found_error") => 404,
            Some("request_too_large") => 413,
            Some("invalid_request_error" | "billing_error") => 400,
            _ => return self.broke_off(&format!("the provider reported a fault{}", detail(body))),
        };
        self.refused(status, body, &HeaderMap::new())
    }

    fn error(&self, code: ErrorCode, sentence: String) -> ModelError {
        let mut message = self.key.redact(&sentence);
        // A sentence may begin with the place, which is named in the middle of others.
        if let Some(rest) = message.strip_prefix("the ") {
            message = format!("The {rest}");
        }
        ModelError::new(code, message)
    }
}

/// The provider's own explanation, to stand before a full stop; empty if it gave none.
fn detail(body: &Value) -> String {
    let Some(text) = body["error"]["message"].as_str() else { return String::new() };
    let mut plain: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST_DETAIL + 1).collect();
    if plain.chars().count() > MOST_DETAIL {
        plain.pop();
        plain.push('…');
    }
    let plain = plain.trim().trim_end_matches('.');
    if plain.is_empty() { String::new() } else { format!(": {plain}") }
}

/// When to try again, in the provider's words if it said so.
fn again(headers: &HeaderMap) -> String {
    let seconds = headers.get("retry-after").and_then(|value| value.to_str().ok());
    match seconds.and_then(|seconds| seconds.trim().parse::<u64>().ok()) {
        Some(1) => "Send the prompt again in a second.".to_owned(),
        Some(seconds) => format!("Send the prompt again in {seconds} seconds."),
        None => "Send the prompt again in a while.".to_owned(),
    }
}

/// The innermost cause: the outer ones name the address and say little else.
pub(super) fn root_cause(error: &(dyn Error + 'static)) -> String {
    let mut cause = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string().trim_end_matches('.').to_owned()
}
