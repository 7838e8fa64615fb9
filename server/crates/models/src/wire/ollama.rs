//! Ollama's own wire: <https://docs.ollama.com/api/chat>. An answer is lines of JSON.

use engine::{AssistantPart, Message, ModelEvent, Picture, StopCause, ToolSpec};
use protocol::Usage;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Call, Fault, Reader, WholeCall, arguments_object, arguments_text, base64, calls, parse,
};

/// The body of a request. The size of the window is always said: what is built in there is so
/// small that the beginning of a conversation would be cut off, and nobody told.
pub(super) fn body(call: Call<'_>) -> Value {
    let Call { model, card, request, .. } = call;
    let system = (!request.system.is_empty())
        .then(|| json!({ "role": "system", "content": request.system }));
    let messages = system.into_iter().chain(request.messages.iter().flat_map(message));
    let mut body = json!({
        "model": model,
        "stream": true,
        "messages": messages.collect::<Value>(),
        "options": {
            "num_ctx": card.facts().context_tokens,
            "num_predict": request.max_output_tokens,
        },
    });
    if !request.tools.is_empty() {
        body["tools"] = request.tools.iter().map(tool).collect();
    }
    body
}

fn tool(ToolSpec { name, description, schema }: &ToolSpec) -> Value {
    let function = json!({ "name": name, "description": description, "parameters": schema });
    json!({ "type": "function", "function": function })
}

fn message(message: &Message) -> Vec<Value> {
    match message {
        Message::User { text, images } => {
            vec![with_images(json!({ "role": "user", "content": text }), images)]
        }
        Message::Assistant { parts } => assistant(parts).into_iter().collect(),
        Message::Tool { results } => {
            let result = |it: &engine::ToolResult| {
                let (id, name, text) = (&it.call_id, &it.name, &it.text);
                let result = json!({
                    "role": "tool", "tool_name": name, "tool_call_id": id, "content": text,
                });
                with_images(result, &it.images)
            };
            results.iter().map(result).collect()
        }
    }
}

fn with_images(mut message: Value, images: &[Picture]) -> Value {
    if !images.is_empty() {
        message["images"] = images.iter().map(base64).collect();
    }
    message
}

/// The message; none if nothing is left of it.
fn assistant(parts: &[AssistantPart]) -> Option<Value> {
    let (mut text, mut thinking, mut calls) = (String::new(), String::new(), Vec::new());
    for part in parts {
        match part {
            AssistantPart::Text { text: more } => text.push_str(more),
            // What another model thought is not this one's.
            AssistantPart::Reasoning { text: more, provider_data: Some(_) } => {
                thinking.push_str(more);
            }
            AssistantPart::Reasoning { .. } => {}
            AssistantPart::ToolCall { call_id, name, arguments, .. } => {
                let function = json!({ "name": name, "arguments": arguments_object(arguments) });
                calls.push(json!({ "id": call_id, "function": function }));
            }
        }
    }
    if text.is_empty() && calls.is_empty() {
        return None;
    }
    let mut message = json!({ "role": "assistant", "content": text });
    if !thinking.is_empty() {
        message["thinking"] = json!(thinking);
    }
    if !calls.is_empty() {
        message["tool_calls"] = json!(calls);
    }
    Some(message)
}

/// The answer, as far as it has come.
#[derive(Default)]
pub(super) struct Answer {
    calls: Vec<WholeCall>,
    thinks: bool,
}

#[derive(Deserialize)]
struct Frame {
    #[serde(default)]
    message: Said,
    #[serde(default)]
    done: bool,
    done_reason: Option<String>,
    prompt_eval_count: Option<u64>,
    eval_count: Option<u64>,
    error: Option<Value>,
}

#[derive(Default, Deserialize)]
struct Said {
    content: Option<String>,
    thinking: Option<String>,
    tool_calls: Option<Vec<CallMade>>,
}

#[derive(Deserialize)]
struct CallMade {
    id: Option<String>,
    function: Function,
}

#[derive(Deserialize)]
struct Function {
    #[serde(default)]
    name: String,
    arguments: Option<Value>,
}

impl Reader for Answer {
    fn read(&mut self, data: &str, events: &mut Vec<ModelEvent>) -> Result<bool, Fault> {
        let frame: Frame = parse(data)?;
        let mut has_words = false;
        if let Some(error) = frame.error {
            return Err(Fault::Reported(None, error));
        }
        if let Some(thought) = frame.message.thinking.filter(|text| !text.is_empty()) {
            self.thinks = true;
            events.push(ModelEvent::Reasoning(thought));
        }
        if let Some(text) = frame.message.content.filter(|text| !text.is_empty()) {
            self.end_thought(events);
            events.push(ModelEvent::Text(text));
        }
        for CallMade { id, function } in frame.message.tool_calls.into_iter().flatten() {
            self.end_thought(events);
            let (id, arguments) = (id.unwrap_or_default(), arguments_text(function.arguments));
            self.calls.push(WholeCall { id, name: function.name, arguments });
            has_words = true;
        }
        has_words |= frame.done || !events.is_empty();
        if frame.done {
            self.end_thought(events);
            let (read, said) = (frame.prompt_eval_count, frame.eval_count);
            let usage = Usage {
                input_tokens: read.unwrap_or(0),
                output_tokens: said.unwrap_or(0),
                ..Usage::default()
            };
            let cause = match frame.done_reason.as_deref() {
                Some("length") => StopCause::OutputLimit,
                _ if !self.calls.is_empty() => StopCause::ToolCalls,
                _ => StopCause::EndOfAnswer,
            };
            events.extend(calls(std::mem::take(&mut self.calls)));
            events.extend(read.or(said).map(|_| ModelEvent::Usage(usage)));
            events.push(ModelEvent::End(cause));
        }
        Ok(has_words)
    }
}

impl Answer {
    /// The text of a thought goes back to the model it is of.
    fn end_thought(&mut self, events: &mut Vec<ModelEvent>) {
        if std::mem::take(&mut self.thinks) {
            events.push(ModelEvent::ReasoningEnd { provider_data: Some(json!({})) });
        }
    }
}
