//! OpenAI's Chat Completions, as OpenAI, OpenRouter, Groq, DeepSeek, LM Studio, llama.cpp, vLLM,
//! LiteLLM and many others speak it: <https://platform.openai.com/docs/api-reference/chat>.
//!
//! They differ in small things, so little is sent and much is understood: reasoning comes as
//! `reasoning_content` or `reasoning`, OpenRouter's signed one as `reasoning_details`, Mistral's
//! in a list with the text, usage in the last frame or behind it, and `[DONE]` may be missing.

use std::collections::BTreeMap;

use engine::{AssistantPart, Message, ModelEvent, Picture, StopCause, ToolResult, ToolSpec};
use protocol::Usage;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::{Map, Value, json};

use super::{
    Call, Fault, Reader, WholeCall, arguments_object, arguments_text, calls, data_url, or_default,
    parse, status_in,
};

/// Where the text of reasoning stands: it goes back under the name it came with.
const REASONING: [&str; 2] = ["reasoning_content", "reasoning"];

/// The body of a request.
pub(super) fn body(call: Call<'_>) -> Value {
    let Call { model, request, known, .. } = call;
    let system = (!request.system.is_empty())
        .then(|| json!({ "role": "system", "content": request.system }));
    let messages = request.messages.iter().flat_map(message);
    let mut body = json!({ "model": model, "stream": true });
    // Mistral tells what was used without being asked, and refuses to be.
    if known != Some("mistral") {
        body["stream_options"] = json!({ "include_usage": true });
    }
    // Other servers may refuse what they do not know.
    if known == Some("openai") && !request.session.is_empty() {
        body["prompt_cache_key"] = json!(request.session);
    }
    body["messages"] = system.into_iter().chain(messages).collect();
    if !request.tools.is_empty() {
        body["tools"] = request.tools.iter().map(tool).collect();
    }
    body[limit_field(model)] = json!(request.max_output_tokens);
    body
}

/// OpenAI's own models want the newer name, others know only the older.
fn limit_field(model: &str) -> &'static str {
    let is_newer = ["gpt-", "o1", "o3", "o4"].iter().any(|name| model.starts_with(name));
    if is_newer { "max_completion_tokens" } else { "max_tokens" }
}

fn tool(ToolSpec { name, description, schema }: &ToolSpec) -> Value {
    let function = json!({ "name": name, "description": description, "parameters": schema });
    json!({ "type": "function", "function": function })
}

fn message(message: &Message) -> Vec<Value> {
    match message {
        Message::User { text, images } if images.is_empty() => {
            vec![json!({ "role": "user", "content": text })]
        }
        Message::User { text, images } => vec![with_images(text, images)],
        Message::Assistant { parts } => assistant(parts).into_iter().collect(),
        Message::Tool { results } => tool_results(results),
    }
}

fn with_images(text: &str, images: &[Picture]) -> Value {
    let words = (!text.is_empty()).then(|| json!({ "type": "text", "text": text }));
    let image = |picture| json!({ "type": "image_url", "image_url": { "url": data_url(picture) } });
    let content: Value = words.into_iter().chain(images.iter().map(image)).collect();
    json!({ "role": "user", "content": content })
}

/// The message; none if nothing is left of it that a server would take.
fn assistant(parts: &[AssistantPart]) -> Option<Value> {
    let mut message = Map::from_iter([("role".to_owned(), json!("assistant"))]);
    let (mut text, mut calls) = (String::new(), Vec::new());
    for part in parts {
        match part {
            AssistantPart::Text { text: more } => text.push_str(more),
            AssistantPart::Reasoning { provider_data, .. } => {
                let fields = provider_data.as_ref().and_then(Value::as_object);
                for (name, more) in fields.into_iter().flatten() {
                    join(message.entry(name.clone()).or_insert(Value::Null), more);
                }
            }
            AssistantPart::ToolCall { call_id, name, arguments, .. } => {
                let arguments = arguments_object(arguments).to_string();
                let function = json!({ "name": name, "arguments": arguments });
                calls.push(json!({ "id": call_id, "type": "function", "function": function }));
            }
        }
    }
    if text.is_empty() && calls.is_empty() {
        return None;
    }
    let content = if text.is_empty() { Value::Null } else { json!(text) };
    message.insert("content".to_owned(), content);
    if !calls.is_empty() {
        message.insert("tool_calls".to_owned(), json!(calls));
    }
    Some(Value::Object(message))
}

/// Adds what a model thought later to what it thought before.
fn join(all: &mut Value, more: &Value) {
    match (all, more) {
        (Value::String(all), Value::String(more)) => all.push_str(more),
        (Value::Array(all), Value::Array(more)) => all.extend(more.iter().cloned()),
        (all, more) => *all = more.clone(),
    }
}

/// The results; a picture cannot stand in one, so all pictures follow in a message of the user.
fn tool_results(results: &[ToolResult]) -> Vec<Value> {
    let mut pictures = Vec::new();
    let mut messages = Vec::new();
    for ToolResult { call_id, text, images, .. } in results {
        messages.push(json!({ "role": "tool", "tool_call_id": call_id, "content": text }));
        pictures.extend(images.iter().cloned());
    }
    if !pictures.is_empty() {
        messages.push(with_images("The pictures of these results:", &pictures));
    }
    messages
}

/// The answer, as far as it has come.
#[derive(Default)]
pub(super) struct Answer {
    /// The calls by their numbers; some number all calls of an answer alike.
    calls: BTreeMap<u32, Vec<WholeCall>>,
    /// What goes back with the reasoning: its text by the name of its field, or its details.
    reasoning: Map<String, Value>,
    /// Whether reasoning was told that has not ended, and of which nothing goes back.
    thinks: bool,
    /// What was used, if the server has told.
    usage: Option<Usage>,
    cause: Option<String>,
    /// Whether the model said that it will not.
    declined: bool,
    over: bool,
}

#[derive(Deserialize)]
struct Frame {
    #[serde(default, deserialize_with = "or_default")]
    choices: Vec<Choice>,
    usage: Option<Tokens>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    #[serde(default, deserialize_with = "or_default")]
    delta: Delta,
    finish_reason: Option<String>,
    error: Option<Value>,
}

#[derive(Default, Deserialize)]
struct Delta {
    content: Option<Content>,
    refusal: Option<String>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    reasoning_details: Option<Vec<Value>>,
    tool_calls: Option<Vec<CallDelta>>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    /// By models of Mistral that reason.
    Chunks(Vec<Chunk>),
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Chunk {
    Text {
        text: String,
    },
    Thinking {
        thinking: Vec<Chunk>,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct CallDelta {
    index: Option<u32>,
    id: Option<String>,
    #[serde(default, deserialize_with = "or_default")]
    function: FunctionDelta,
}

#[derive(Default, Deserialize)]
struct FunctionDelta {
    name: Option<String>,
    arguments: Option<Value>,
}

#[derive(Default, Deserialize)]
struct Tokens {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
    prompt_tokens_details: Option<CachedTokens>,
    /// DeepSeek's name for the same.
    prompt_cache_hit_tokens: Option<u64>,
}

#[derive(Default, Deserialize)]
struct CachedTokens {
    cached_tokens: Option<u64>,
}

impl Reader for Answer {
    fn read(&mut self, data: &str, events: &mut Vec<ModelEvent>) -> Result<bool, Fault> {
        if data == "[DONE]" {
            self.end(events);
            return Ok(true);
        }
        let frame: Frame = parse(data)?;
        if let Some(error) = frame.error.filter(|error| !error.is_null()) {
            return Err(Fault::Reported(status_in(&error), error));
        }
        if let Some(tokens) = frame.usage {
            self.count(&tokens);
        }
        let mut has_words = false;
        for choice in frame.choices {
            has_words |= self.delta(choice.delta, events);
            // Some send an empty one until there is one.
            let reason = choice.finish_reason.filter(|reason| !reason.is_empty());
            if let Some(fault) = reason.as_deref().and_then(|it| broken(it, choice.error)) {
                return Err(fault);
            }
            self.cause = reason.or(self.cause.take());
        }
        Ok(has_words)
    }

    fn closed(&mut self, events: &mut Vec<ModelEvent>) {
        self.end(events);
    }
}

impl Answer {
    /// Whether there was something in it.
    fn delta(&mut self, delta: Delta, events: &mut Vec<ModelEvent>) -> bool {
        let calls = delta.tool_calls.unwrap_or_default();
        let details = delta.reasoning_details.unwrap_or_default();
        let has_more = !calls.is_empty() || !details.is_empty();
        for (name, text) in REASONING.into_iter().zip([delta.reasoning_content, delta.reasoning]) {
            let Some(text) = text.filter(|text| !text.is_empty()) else { continue };
            match self.reasoning.entry(name).or_insert_with(|| json!("")) {
                Value::String(whole) => whole.push_str(&text),
                other => *other = json!(text),
            }
            events.push(ModelEvent::Reasoning(text));
            // Some send the same text under both names.
            break;
        }
        for detail in details {
            self.detail(detail);
        }
        match delta.content {
            Some(Content::Text(text)) => self.text(text, events),
            Some(Content::Chunks(chunks)) => {
                chunks.into_iter().for_each(|chunk| self.chunk(chunk, events));
            }
            None => {}
        }
        let refusal = delta.refusal.unwrap_or_default();
        self.declined |= !refusal.is_empty();
        self.text(refusal, events);
        for call in calls {
            self.end_reasoning(events);
            self.call(call);
        }
        has_more || !events.is_empty()
    }

    fn text(&mut self, text: String, events: &mut Vec<ModelEvent>) {
        if !text.is_empty() {
            self.end_reasoning(events);
            events.push(ModelEvent::Text(text));
        }
    }

    fn chunk(&mut self, chunk: Chunk, events: &mut Vec<ModelEvent>) {
        match chunk {
            Chunk::Text { text } => self.text(text, events),
            Chunk::Thinking { thinking } => {
                for chunk in thinking {
                    if let Chunk::Text { text } = chunk
                        && !text.is_empty()
                    {
                        self.thinks = true;
                        events.push(ModelEvent::Reasoning(text));
                    }
                }
            }
            Chunk::Other => {}
        }
    }

    /// OpenRouter's details come in pieces: those of one number are one.
    fn detail(&mut self, piece: Value) {
        let details = self.reasoning.entry("reasoning_details").or_insert_with(|| json!([]));
        let Value::Array(details) = details else { return };
        let same = details
            .last_mut()
            .filter(|last| last["type"] == piece["type"] && last["index"] == piece["index"]);
        let (Some(Value::Object(last)), Value::Object(piece)) = (same, &piece) else {
            details.push(piece);
            return;
        };
        for (name, value) in piece {
            match (last.get_mut(name), value) {
                (Some(Value::String(text)), Value::String(more))
                    if matches!(name.as_str(), "text" | "summary" | "data") =>
                {
                    text.push_str(more);
                }
                (_, Value::Null) => {}
                _ => {
                    last.insert(name.clone(), value.clone());
                }
            }
        }
    }

    fn end_reasoning(&mut self, events: &mut Vec<ModelEvent>) {
        let fields = std::mem::take(&mut self.reasoning);
        if std::mem::take(&mut self.thinks) || !fields.is_empty() {
            let provider_data = (!fields.is_empty()).then_some(Value::Object(fields));
            events.push(ModelEvent::ReasoningEnd { provider_data });
        }
    }

    fn call(&mut self, CallDelta { index, id, function }: CallDelta) {
        let id = id.unwrap_or_default();
        let name = function.name.unwrap_or_default();
        let piece = arguments_text(function.arguments);
        let is_numbered = index.is_some();
        let last = self.calls.last_key_value().map(|(index, _)| *index);
        // Without numbers, what comes is of the last call.
        let index = index.or(last).unwrap_or(0);
        let known = self.calls.get_mut(&index).and_then(|calls| calls.last_mut());
        let Some(call) = known.filter(|call| !is_another(call, is_numbered, &id, &name)) else {
            let is_next = !is_numbered && last.is_some();
            let index = index.saturating_add(u32::from(is_next));
            let call = WholeCall { id, name, arguments: piece };
            self.calls.entry(index).or_default().push(call);
            return;
        };
        if call.id.is_empty() {
            call.id = id;
        }
        // The name comes whole, by some with every piece.
        if call.name.is_empty() {
            call.name = name;
        }
        // By some the arguments come once more when they are whole.
        if call.arguments != piece || !is_whole(&piece) {
            call.arguments.push_str(&piece);
        }
    }

    fn count(&mut self, tokens: &Tokens) {
        let details = tokens.prompt_tokens_details.as_ref();
        let cached = details.and_then(|it| it.cached_tokens).or(tokens.prompt_cache_hit_tokens);
        self.usage = Some(Usage {
            input_tokens: tokens.prompt_tokens.unwrap_or(0),
            output_tokens: tokens.completion_tokens.unwrap_or(0),
            cached_tokens: cached.unwrap_or(0),
            ..Usage::default()
        });
    }

    /// Ends the answer, if the model has said that it is whole.
    fn end(&mut self, events: &mut Vec<ModelEvent>) {
        let Some(cause) = self.cause.take().filter(|_| !self.over) else { return };
        self.over = true;
        self.end_reasoning(events);
        let mut whole: Vec<_> = std::mem::take(&mut self.calls).into_values().flatten().collect();
        let called = !whole.is_empty();
        let cause = match cause.as_str() {
            "length" | "model_length" | "model_context_window_exceeded" => {
                // The last call ran into the limit with the answer.
                whole.pop();
                StopCause::OutputLimit
            }
            "content_filter" | "sensitive" => StopCause::Refusal,
            _ if called => StopCause::ToolCalls,
            _ if self.declined => StopCause::Refusal,
            _ => StopCause::EndOfAnswer,
        };
        events.extend(calls(whole));
        events.extend(self.usage.map(ModelEvent::Usage));
        events.push(ModelEvent::End(cause));
    }
}

/// The fault for which an answer stopped, if it did for one.
fn broken(reason: &str, error: Option<Value>) -> Option<Fault> {
    let status = match reason {
        "insufficient_system_resource" => Some(503),
        "error" | "abort" | "network_error" => error.as_ref().and_then(status_in),
        _ => return None,
    };
    Some(Fault::Reported(status, error.unwrap_or_default()))
}

/// Whether what comes under the number of a call, or without any, begins another.
fn is_another(call: &WholeCall, is_numbered: bool, id: &str, name: &str) -> bool {
    let has_other_id = !id.is_empty() && !call.id.is_empty() && id != call.id;
    has_other_id && (!is_numbered || !name.is_empty())
}

/// Whether it is all of an object, and not the beginning of one.
fn is_whole(arguments: &str) -> bool {
    arguments.starts_with('{') && serde_json::from_str::<IgnoredAny>(arguments).is_ok()
}
