//! The wires: how each kind of server is asked, and how its answer is read.
//!
//! A wire is two things: a body made of our request, and a [`Reader`] that makes our events of
//! the frames that come back. It knows nothing of connections, keys, retries or prices. What a
//! provider wants back unchanged, as signed reasoning, it puts into `provider_data` and finds
//! there again.
//!
//! A further wire is one file beside these and one arm in each `match` here.

mod anthropic;
mod chat;
mod gemini;
mod ollama;
mod responses;
#[cfg(test)]
mod tests;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::{ModelEvent, ModelRequest, Picture};
use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::{Value, json};

use crate::catalogue::Card;

/// What a server speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Wire {
    /// Anthropic's Messages.
    Anthropic,
    /// OpenAI's Responses.
    Responses,
    /// OpenAI's Chat Completions, and all that call themselves compatible.
    Chat,
    /// Google's Gemini.
    Gemini,
    /// Ollama's own.
    Ollama,
}

/// What one request asks of a server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    /// The server's name for the model.
    pub(crate) model: &'a str,
    /// What the model can do.
    pub(crate) card: &'a Card,
    /// What it is sent.
    pub(crate) request: &'a ModelRequest,
    /// Who answers, if it is a known provider at its own address; none of a server that may be
    /// any.
    pub(crate) known: Option<&'a str>,
}

impl Wire {
    /// The names in configuration, in the order of documentation.
    pub const NAMES: [(&'static str, Self); 5] = [
        ("anthropic", Self::Anthropic),
        ("responses", Self::Responses),
        ("chat", Self::Chat),
        ("gemini", Self::Gemini),
        ("ollama", Self::Ollama),
    ];

    /// Where the request goes, behind the server's address.
    pub(crate) fn path(self, model: &str) -> String {
        match self {
            Self::Anthropic => "v1/messages".to_owned(),
            Self::Responses => "responses".to_owned(),
            Self::Chat => "chat/completions".to_owned(),
            Self::Gemini => gemini::path(model),
            Self::Ollama => "api/chat".to_owned(),
        }
    }

    /// The header in which the key goes, and what stands before the key in it.
    pub(crate) fn key_header(self) -> (&'static str, &'static str) {
        match self {
            Self::Anthropic => ("x-api-key", ""),
            Self::Gemini => ("x-goog-api-key", ""),
            Self::Responses | Self::Chat | Self::Ollama => ("authorization", "Bearer "),
        }
    }

    /// What further headers it wants.
    pub(crate) fn headers(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Anthropic => &[("anthropic-version", "2023-06-01")],
            _ => &[],
        }
    }

    /// The body of the request.
    pub(crate) fn body(self, call: Call<'_>) -> Value {
        match self {
            Self::Anthropic => anthropic::body(call),
            Self::Responses => responses::body(call),
            Self::Chat => chat::body(call),
            Self::Gemini => gemini::body(call),
            Self::Ollama => ollama::body(call),
        }
    }

    /// What reads the answer to one request.
    pub(crate) fn reader(self) -> Box<dyn Reader> {
        match self {
            Self::Anthropic => Box::new(anthropic::Answer::default()),
            Self::Responses => Box::new(responses::Answer::default()),
            Self::Chat => Box::new(chat::Answer::default()),
            Self::Gemini => Box::new(gemini::Answer::default()),
            Self::Ollama => Box::new(ollama::Answer::default()),
        }
    }

    /// Whether its frames are lines of JSON instead of events.
    pub(crate) fn is_lines(self) -> bool {
        self == Self::Ollama
    }
}

/// Makes events of the frames of one answer.
pub(crate) trait Reader: Send {
    /// Reads the data of one frame, and adds what it tells to `events`. The last of them is the
    /// end once the answer is known to be whole. The result is whether the frame had something of
    /// the answer: a sign of life has not.
    ///
    /// Tool calls are told only with the end: nobody runs a call of an answer that breaks off.
    ///
    /// # Errors
    /// The server reports a fault, or says what nobody understands.
    fn read(&mut self, data: &str, events: &mut Vec<ModelEvent>) -> Result<bool, Fault>;

    /// The connection was closed. Adds the end if the answer is whole nevertheless.
    fn closed(&mut self, _events: &mut Vec<ModelEvent>) {}
}

/// Why an answer goes on no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// A frame cannot be understood.
    Unreadable,
    /// The server reported a fault: the HTTP status that stands for it, where one is known, and
    /// what it says.
    Reported(Option<u16>, Value),
}

/// Reads the JSON of a frame.
fn parse<T: DeserializeOwned>(data: &str) -> Result<T, Fault> {
    serde_json::from_str(data).map_err(|_| Fault::Unreadable)
}

/// A picture as a `data:` address.
fn data_url(picture: &Picture) -> String {
    format!("data:{};base64,{}", picture.media_type, base64(picture))
}

fn base64(picture: &Picture) -> String {
    STANDARD.encode(&picture.bytes)
}

/// The arguments of a call as an object: providers refuse all else, and the text of what is none
/// has to reach the model nevertheless.
fn arguments_object(arguments: &Value) -> Value {
    match arguments {
        Value::Object(_) => arguments.clone(),
        Value::String(text) => json!({ "INVALID_JSON": text }),
        other => json!({ "INVALID_JSON": other.to_string() }),
    }
}

/// The arguments of a call as text, which is how most send them.
fn arguments_text(arguments: Option<Value>) -> String {
    match arguments {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
    }
}

/// The HTTP status that an error names as its code, by some in words.
fn status_in(error: &Value) -> Option<u16> {
    let code = &error["code"];
    let number = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
    u16::try_from(number).ok()
}

/// A field that some send as `null` instead of leaving it out.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A whole tool call; its id is empty if the provider gave it none.
#[derive(Clone, Debug, Default)]
struct WholeCall {
    id: String,
    name: String,
    arguments: String,
}

/// The event of each call.
fn calls(calls: impl IntoIterator<Item = WholeCall>) -> impl Iterator<Item = ModelEvent> {
    calls.into_iter().map(|WholeCall { id: call_id, name, arguments }| {
        // For a tool that takes nothing some models write nothing.
        let arguments = if arguments.trim().is_empty() { "{}".to_owned() } else { arguments };
        ModelEvent::ToolCall { call_id, name, arguments, provider_data: None }
    })
}
