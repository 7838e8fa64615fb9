//! Google's Gemini: <https://ai.google.dev/api/generate-content>.
//!
//! Signatures of thoughts stand on the parts of an answer, mostly on the first call, and have to
//! go back on the same parts.

use std::collections::HashMap;

use engine::{AssistantPart, Message, ModelEvent, Picture, StopCause, ToolResult, ToolSpec};
use protocol::Usage;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Call, Fault, Reader, WholeCall, arguments_object, arguments_text, base64, parse, status_in,
};

/// Where the request goes.
pub(super) fn path(model: &str) -> String {
    format!("models/{model}:streamGenerateContent?alt=sse")
}

/// The body of a request.
pub(super) fn body(call: Call<'_>) -> Value {
    let Call { model, card, request, .. } = call;
    let mut body = json!({});
    if !request.system.is_empty() {
        body["systemInstruction"] = json!({ "parts": [{ "text": request.system }] });
    }
    if !request.tools.is_empty() {
        let declared: Value = request.tools.iter().map(tool).collect();
        body["tools"] = json!([{ "functionDeclarations": declared }]);
    }
    let ids = provider_ids(&request.messages);
    let contents = request.messages.iter().filter_map(|message| content(message, &ids));
    body["contents"] = contents.collect();
    if version(model).is_some_and(|version| version >= 3.0) {
        sign_first_calls(&mut body["contents"]);
    }
    body["generationConfig"] = json!({ "maxOutputTokens": request.max_output_tokens });
    if card.reasoning.unwrap_or_else(|| thinks(model)) {
        body["generationConfig"]["thinkingConfig"] = json!({ "includeThoughts": true });
    }
    body
}

/// Whether a model thinks, by its name: `gemini` from 2.5 on.
fn thinks(model: &str) -> bool {
    version(model).is_some_and(|version| version >= 2.5)
}

fn version(model: &str) -> Option<f64> {
    model.strip_prefix("gemini-")?.split('-').next()?.parse().ok()
}

/// The provider's ids of the calls, by ours.
fn provider_ids(messages: &[Message]) -> HashMap<&str, &Value> {
    let parts = messages.iter().filter_map(|message| match message {
        Message::Assistant { parts } => Some(parts),
        _ => None,
    });
    let id = |part| match part {
        &AssistantPart::ToolCall { ref call_id, provider_data: Some(ref data), .. } => {
            data.get("id").map(|id| (call_id.as_str(), id))
        }
        _ => None,
    };
    parts.flatten().filter_map(id).collect()
}

/// Signs the first call of each message that comes from another model. From version 3 on the
/// provider refuses it unsigned, and tells to sign it with this instead.
fn sign_first_calls(contents: &mut Value) {
    for content in contents.as_array_mut().into_iter().flatten() {
        let parts = content["parts"].as_array_mut().into_iter().flatten();
        let first = parts.into_iter().find(|part| part.get("functionCall").is_some());
        if let Some(call) = first.filter(|call| call.get("thoughtSignature").is_none()) {
            call["thoughtSignature"] = json!("skip_thought_signature_validator");
        }
    }
}

fn tool(ToolSpec { name, description, schema }: &ToolSpec) -> Value {
    json!({ "name": name, "description": description, "parametersJsonSchema": schema })
}

fn content(message: &Message, ids: &HashMap<&str, &Value>) -> Option<Value> {
    let (role, parts) = match message {
        Message::User { text, images } => {
            let words = (!text.is_empty()).then(|| json!({ "text": text }));
            ("user", words.into_iter().chain(images.iter().map(image)).collect::<Vec<_>>())
        }
        Message::Assistant { parts } => ("model", parts.iter().filter_map(model_part).collect()),
        Message::Tool { results } => {
            ("user", results.iter().flat_map(|it| result(it, ids)).collect())
        }
    };
    (!parts.is_empty()).then(|| json!({ "role": role, "parts": parts }))
}

fn image(picture: &Picture) -> Value {
    json!({ "inlineData": { "mimeType": picture.media_type, "data": base64(picture) } })
}

/// The part, if the provider can be sent it.
fn model_part(part: &AssistantPart) -> Option<Value> {
    match part {
        AssistantPart::Text { text } => (!text.is_empty()).then(|| json!({ "text": text })),
        AssistantPart::Reasoning { provider_data, .. } => {
            let signature = provider_data.as_ref().and_then(signature)?;
            Some(json!({ "text": "", "thoughtSignature": signature }))
        }
        AssistantPart::ToolCall { name, arguments, provider_data, .. } => {
            let arguments = arguments_object(arguments);
            let mut part = json!({ "functionCall": { "name": name, "args": arguments } });
            if let Some(data) = provider_data {
                if let Some(signature) = signature(data) {
                    part["thoughtSignature"] = json!(signature);
                }
                if data["id"].is_string() {
                    part["functionCall"]["id"] = data["id"].clone();
                }
            }
            Some(part)
        }
    }
}

fn signature(data: &Value) -> Option<&str> {
    data["thoughtSignature"].as_str()
}

fn result(result: &ToolResult, ids: &HashMap<&str, &Value>) -> Vec<Value> {
    let ToolResult { call_id, name, text, images, is_error } = result;
    let field = if *is_error { "error" } else { "output" };
    let mut response = json!({ "functionResponse": { "name": name, "response": { field: text } } });
    if let Some(id) = ids.get(call_id.as_str()) {
        response["functionResponse"]["id"] = (*id).clone();
    }
    std::iter::once(response).chain(images.iter().map(image)).collect()
}

/// The answer, as far as it has come.
#[derive(Default)]
pub(super) struct Answer {
    calls: Vec<(WholeCall, Option<Value>)>,
    thinks: bool,
    /// Whether anything of it came.
    has_words: bool,
    /// What was used, if the server has told.
    usage: Option<Usage>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Frame {
    #[serde(default)]
    candidates: Vec<Candidate>,
    usage_metadata: Option<Tokens>,
    prompt_feedback: Option<Feedback>,
    error: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Candidate {
    #[serde(default)]
    content: Content,
    finish_reason: Option<String>,
    finish_message: Option<String>,
}

#[derive(Default, Deserialize)]
struct Content {
    #[serde(default)]
    parts: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Part {
    text: Option<String>,
    #[serde(default)]
    thought: bool,
    thought_signature: Option<String>,
    function_call: Option<FunctionCall>,
}

#[derive(Deserialize)]
struct FunctionCall {
    id: Option<String>,
    #[serde(default)]
    name: String,
    args: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Feedback {
    block_reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Tokens {
    #[serde(default)]
    prompt_token_count: u64,
    #[serde(default)]
    cached_content_token_count: u64,
    #[serde(default)]
    candidates_token_count: u64,
    #[serde(default)]
    thoughts_token_count: u64,
}

impl Reader for Answer {
    fn read(&mut self, data: &str, events: &mut Vec<ModelEvent>) -> Result<bool, Fault> {
        let frame: Frame = parse(data)?;
        if let Some(error) = frame.error {
            return Err(Fault::Reported(status_in(&error), error));
        }
        if let Some(tokens) = frame.usage_metadata {
            self.usage = Some(Usage {
                input_tokens: tokens.prompt_token_count,
                output_tokens: tokens
                    .candidates_token_count
                    .saturating_add(tokens.thoughts_token_count),
                cached_tokens: tokens.cached_content_token_count,
                ..Usage::default()
            });
        }
        if frame.prompt_feedback.is_some_and(|feedback| feedback.block_reason.is_some()) {
            self.end(StopCause::Refusal, events);
            return Ok(true);
        }
        let Some(candidate) = frame.candidates.into_iter().next() else { return Ok(false) };
        let known = self.calls.len();
        for part in candidate.content.parts {
            self.part(part, events);
        }
        let has_words = !events.is_empty() || self.calls.len() > known;
        self.has_words |= has_words;
        let Some(reason) = candidate.finish_reason else { return Ok(has_words) };
        let cause = match reason.as_str() {
            // It happens now and then, and another attempt mends it.
            "STOP" if !self.has_words => {
                return Err(Fault::Reported(None, json!({ "message": "the answer is empty" })));
            }
            "STOP" if self.calls.is_empty() => StopCause::EndOfAnswer,
            "STOP" => StopCause::ToolCalls,
            "MAX_TOKENS" => StopCause::OutputLimit,
            "SAFETY" | "RECITATION" | "LANGUAGE" | "BLOCKLIST" | "PROHIBITED_CONTENT" | "SPII" => {
                StopCause::Refusal
            }
            // The model wrote a call that nobody can read, or the like.
            _ => {
                let message = candidate.finish_message.unwrap_or(reason);
                return Err(Fault::Reported(None, json!({ "message": message })));
            }
        };
        self.end(cause, events);
        Ok(true)
    }
}

impl Answer {
    fn part(&mut self, part: Part, events: &mut Vec<ModelEvent>) {
        let Part { text, thought, thought_signature, function_call } = part;
        let data = thought_signature.map(|signature| json!({ "thoughtSignature": signature }));
        if let Some(FunctionCall { id, name, args }) = function_call {
            self.end_thought(None, events);
            let arguments = arguments_text(args);
            let data = match (data, &id) {
                (None, None) => None,
                (data, None) => data,
                (data, Some(id)) => {
                    let mut data = data.unwrap_or_else(|| json!({}));
                    data["id"] = json!(id);
                    Some(data)
                }
            };
            let id = id.unwrap_or_default();
            self.calls.push((WholeCall { id, name, arguments }, data));
            return;
        }
        let text = text.unwrap_or_default();
        if thought {
            if !text.is_empty() {
                self.thinks = true;
                events.push(ModelEvent::Reasoning(text));
            }
            if data.is_some() {
                self.end_thought(data, events);
            }
            return;
        }
        if !text.is_empty() || data.is_some() {
            self.end_thought(data, events);
        }
        events.extend((!text.is_empty()).then_some(ModelEvent::Text(text)));
    }

    fn end_thought(&mut self, provider_data: Option<Value>, events: &mut Vec<ModelEvent>) {
        if std::mem::take(&mut self.thinks) || provider_data.is_some() {
            events.push(ModelEvent::ReasoningEnd { provider_data });
        }
    }

    fn end(&mut self, cause: StopCause, events: &mut Vec<ModelEvent>) {
        self.end_thought(None, events);
        for (call, provider_data) in std::mem::take(&mut self.calls) {
            let WholeCall { id: call_id, name, arguments } = call;
            let arguments = if arguments.is_empty() { "{}".into() } else { arguments };
            events.push(ModelEvent::ToolCall { call_id, name, arguments, provider_data });
        }
        events.extend(self.usage.map(ModelEvent::Usage));
        events.push(ModelEvent::End(cause));
    }
}

#[cfg(test)]
mod tests {
    use super::thinks;

    #[test]
    fn what_thinks_is_known_by_its_name() {
        for name in ["gemini-2.5-flash", "gemini-3-pro-preview", "gemini-3.5-pro"] {
            assert!(thinks(name), "{name}");
        }
        for name in ["gemini-2.0-flash", "gemini-1.5-pro", "gemma-3-27b"] {
            assert!(!thinks(name), "{name}");
        }
    }
}
