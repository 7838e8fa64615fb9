//! The wires against recorded streams, served over a real connection, and whole requests against
//! committed ones.
//!
//! What holds for every wire is tested for all of them: in `all` what comes, in `requests` what is
//! sent, in `faults` and `refusals` what goes wrong, in `patience` what takes long. A file for each wire has its events and what
//! is its own. Recordings and requests are in `tests/wire/WIRE/`.

mod all;
mod anthropic;
mod chat;
mod faults;
mod gemini;
mod local;
mod ollama;
mod patience;
mod refusals;
mod requests;
mod responses;
mod server;

use std::path::PathBuf;
use std::time::Duration;

use engine::{
    AssistantPart, Message, Model, ModelError, ModelEvent, ModelRequest, Picture, StopCause,
    ToolResult, ToolSpec,
};
use futures::StreamExt;
use protocol::{ErrorCode, Usage};
use serde_json::{Value, json};

use crate::wire::Wire;
use crate::{Key, ModelSettings, Models, ProviderSettings, preset};
use server::{Reply, Server};

type Event = Result<ModelEvent, ModelError>;

/// A key that must be seen nowhere but in its header.
const KEY: &str = "sk-canary-7d41";

/// A wire under test.
#[derive(Clone, Copy, Debug)]
struct Tested {
    wire: Wire,
    /// The folder of its recordings.
    folder: &'static str,
    /// The provider and the model that are asked.
    model: &'static str,
    /// Where the request goes.
    path: &'static str,
}

impl Tested {
    fn file(self, name: &str) -> PathBuf {
        let wires = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../tests/wire");
        wires.join(self.folder).join(name)
    }

    /// A recorded answer.
    fn recorded(self, name: &str) -> Vec<u8> {
        let ending = if self.wire == Wire::Ollama { "ndjson" } else { "sse" };
        let file = self.file(&format!("{name}.{ending}"));
        std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
    }

    /// How its provider is reached at a server of ours.
    fn settings(self, url: &str) -> ProviderSettings {
        let (provider, _) = self.model.split_once('/').unwrap();
        let preset = preset(provider).unwrap();
        let version = match self.wire {
            Wire::Anthropic | Wire::Ollama => "",
            Wire::Responses | Wire::Chat => "/v1",
            Wire::Gemini => "/v1beta",
        };
        ProviderSettings {
            wire: self.wire,
            base_url: format!("{url}{version}"),
            url_source: "TEST_URL".to_owned(),
            key: Key::new(KEY),
            is_set_up: true,
            ..ProviderSettings::of(preset)
        }
    }

    fn models(self, url: &str) -> Models {
        self.patient_models(url, 0)
    }

    /// Models that ask so often again, without a wait.
    fn patient_models(self, url: &str, retries: u32) -> Models {
        let providers = vec![self.settings(url)];
        let first_wait = Duration::ZERO;
        Models::new(ModelSettings { providers, retries, first_wait, ..ModelSettings::default() })
    }

    fn request(self, messages: Vec<Message>) -> ModelRequest {
        ModelRequest {
            model: self.model.to_owned(),
            system: "You are Coworker.".to_owned(),
            tools: ["read", "todoRead"].map(tool).to_vec(),
            messages,
            max_output_tokens: 16_000,
            session: "session-1".to_owned(),
        }
    }

    /// What came for a prompt; an error at the opening stands alone.
    async fn ask(self, models: &Models, messages: Vec<Message>) -> Vec<Event> {
        match models.stream(self.request(messages)).await {
            Ok(stream) => stream.collect().await,
            Err(error) => vec![Err(error)],
        }
    }

    /// What comes for a prompt that is replied to like this.
    async fn answer(self, reply: Reply) -> Vec<Event> {
        let server = Server::start();
        server.reply(reply);
        self.ask(&self.models(&server.url), vec![user("hi")]).await
    }

    /// The data that goes back unchanged, as the engine is given it.
    fn stamped(self, data: Value) -> Value {
        json!({ "model": self.model, "data": data })
    }

    /// Compares with the committed body; `UPDATE=1` writes it.
    fn assert_body(self, name: &str, body: &str) {
        let body: Value = serde_json::from_str(body).unwrap();
        let body = format!("{}\n", serde_json::to_string_pretty(&body).unwrap());
        let file = self.file(name);
        if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
            std::fs::write(&file, &body).unwrap();
        }
        let expected = std::fs::read_to_string(&file).unwrap_or_default();
        assert_eq!(body, expected, "{name}: run the test with UPDATE=1 and read the difference");
    }
}

fn tool(name: &str) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: format!("What {name} does."),
        schema: json!({ "type": "object", "properties": { "path": { "type": "string" } } }),
    }
}

fn user(text: &str) -> Message {
    Message::User { text: text.to_owned(), images: Vec::new() }
}

fn text(text: &str) -> Event {
    Ok(ModelEvent::Text(text.to_owned()))
}

fn reasoning(text: &str) -> Event {
    Ok(ModelEvent::Reasoning(text.to_owned()))
}

fn reasoned(provider_data: Option<Value>) -> Event {
    Ok(ModelEvent::ReasoningEnd { provider_data })
}

fn call(call_id: &str, name: &str, arguments: &str) -> Event {
    let [call_id, name, arguments] = [call_id, name, arguments].map(str::to_owned);
    Ok(ModelEvent::ToolCall { call_id, name, arguments, provider_data: None })
}

fn usage(input_tokens: u64, output_tokens: u64, cached_tokens: u64) -> Event {
    let usage = Usage { input_tokens, output_tokens, cached_tokens, ..Usage::default() };
    Ok(ModelEvent::Usage(usage))
}

fn end(cause: StopCause) -> Event {
    Ok(ModelEvent::End(cause))
}

/// The events of the recording `text`, which says the same on every wire.
fn text_events() -> Vec<Event> {
    vec![
        text("It is "),
        text("größer 🦀"),
        text("\nthan before."),
        usage(25, 15, 0),
        end(StopCause::EndOfAnswer),
    ]
}

fn result(call_id: &str, name: &str, text: &str, is_error: bool) -> ToolResult {
    let [call_id, name, text] = [call_id, name, text].map(str::to_owned);
    ToolResult { call_id, name, text, images: Vec::new(), is_error }
}

fn picture(media_type: &str, bytes: &[u8]) -> Picture {
    Picture { media_type: media_type.to_owned(), bytes: bytes.into() }
}

/// The events with neither prices nor ids that are made here, and what was told of the input
/// before the first word counted with the rest: those are told by their tests.
fn plain(events: Vec<Event>) -> Vec<Event> {
    let (mut plain, mut input) = (Vec::new(), Usage::default());
    let mut events = events.into_iter().peekable();
    while let Some(event) = events.next() {
        match event {
            Ok(ModelEvent::Usage(used)) => {
                input += Usage { cost: 0, ..used };
                if matches!(events.peek(), Some(Ok(ModelEvent::End(_)))) {
                    plain.push(Ok(ModelEvent::Usage(std::mem::take(&mut input))));
                }
                continue;
            }
            Ok(ModelEvent::Waiting { .. } | ModelEvent::Restarted { .. }) => {
                input = Usage::default();
            }
            _ => {}
        }
        plain.push(event.map(without_own_id));
    }
    plain
}

/// The call with the id that its provider gave it: ours is chosen at random.
fn without_own_id(event: ModelEvent) -> ModelEvent {
    match event {
        ModelEvent::ToolCall { name, arguments, provider_data, .. } => {
            let mut stamp = provider_data.unwrap();
            let id = stamp.as_object_mut().unwrap().remove("id");
            let call_id = id.map_or("made".to_owned(), |id| id.as_str().unwrap().to_owned());
            let provider_data = stamp.get("data").is_some().then_some(stamp);
            ModelEvent::ToolCall { call_id, name, arguments, provider_data }
        }
        other => other,
    }
}

/// What the engine makes of an answer.
fn remembered(events: Vec<Event>) -> Message {
    let mut parts = Vec::new();
    let mut thought = String::new();
    for event in events {
        match event.unwrap() {
            ModelEvent::Reasoning(text) => thought.push_str(&text),
            ModelEvent::ReasoningEnd { provider_data } => {
                let text = std::mem::take(&mut thought);
                parts.push(AssistantPart::Reasoning { text, provider_data });
            }
            ModelEvent::Text(more) => match parts.last_mut() {
                Some(AssistantPart::Text { text }) => text.push_str(&more),
                _ => parts.push(AssistantPart::Text { text: more }),
            },
            ModelEvent::ToolCall { call_id, name, arguments, provider_data } => {
                let arguments = serde_json::from_str(&arguments).unwrap();
                parts.push(AssistantPart::ToolCall { call_id, name, arguments, provider_data });
            }
            ModelEvent::Restarted { .. } => parts.clear(),
            ModelEvent::Waiting { .. } | ModelEvent::Usage(_) | ModelEvent::End(_) => {}
        }
    }
    Message::Assistant { parts }
}
