//! OpenAI's Responses: <https://platform.openai.com/docs/api-reference/responses>.
//!
//! Nothing is kept at the provider: each request has the whole conversation, and reasoning goes
//! back as the items it came in, encrypted.

use std::collections::BTreeMap;

use engine::{AssistantPart, Message, ModelEvent, Picture, StopCause, ToolResult, ToolSpec};
use protocol::Usage;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Call, Fault, Reader, WholeCall, arguments_object, calls, data_url, or_default, parse};

/// The body of a request.
pub(super) fn body(call: Call<'_>) -> Value {
    let Call { model, card, request, .. } = call;
    let mut body = json!({
        "model": model,
        "stream": true,
        "store": false,
        "max_output_tokens": request.max_output_tokens,
    });
    if card.reasoning.unwrap_or_else(|| reasons(model)) {
        body["reasoning"] = json!({ "effort": "medium", "summary": "auto" });
        body["include"] = json!(["reasoning.encrypted_content"]);
    }
    if !request.session.is_empty() {
        // What requests of one session have in common is looked for where they went before.
        body["prompt_cache_key"] = json!(request.session);
    }
    if !request.system.is_empty() {
        body["instructions"] = json!(request.system);
    }
    if !request.tools.is_empty() {
        body["tools"] = request.tools.iter().map(tool).collect();
    }
    body["input"] = request.messages.iter().flat_map(items).collect();
    body
}

/// Whether a model reasons, by its name: the `o` series, and `gpt` from 5 on.
fn reasons(model: &str) -> bool {
    let number = |rest: &str| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    };
    let is_newer = model.strip_prefix("gpt-").and_then(number).is_some_and(|major| major >= 5);
    is_newer || model.strip_prefix('o').and_then(number).is_some()
}

fn tool(ToolSpec { name, description, schema }: &ToolSpec) -> Value {
    json!({
        "type": "function",
        "name": name,
        "description": description,
        "parameters": schema,
        "strict": false,
    })
}

fn items(message: &Message) -> Vec<Value> {
    match message {
        Message::User { text, images } => {
            vec![json!({ "role": "user", "content": content(text, images) })]
        }
        Message::Assistant { parts } => {
            let mut items: Vec<_> = parts.iter().filter_map(assistant_part).collect();
            // Reasoning without what it led to would be refused.
            while items.last().is_some_and(|item| item["type"] == "reasoning") {
                items.pop();
            }
            items
        }
        Message::Tool { results } => results.iter().map(result).collect(),
    }
}

fn content(text: &str, images: &[Picture]) -> Value {
    let words = (!text.is_empty()).then(|| json!({ "type": "input_text", "text": text }));
    let image = |picture| json!({ "type": "input_image", "image_url": data_url(picture) });
    words.into_iter().chain(images.iter().map(image)).collect()
}

/// The part, if the provider can be sent it.
fn assistant_part(part: &AssistantPart) -> Option<Value> {
    match part {
        AssistantPart::Text { text } => {
            let content = json!([{ "type": "output_text", "text": text }]);
            let message = json!({ "type": "message", "role": "assistant", "content": content });
            (!text.is_empty()).then_some(message)
        }
        AssistantPart::Reasoning { provider_data, .. } => {
            provider_data.as_ref().filter(|item| item["encrypted_content"].is_string()).cloned()
        }
        AssistantPart::ToolCall { call_id, name, arguments, .. } => Some(json!({
            "type": "function_call",
            "call_id": call_id,
            "name": name,
            "arguments": arguments_object(arguments).to_string(),
        })),
    }
}

fn result(ToolResult { call_id, text, images, .. }: &ToolResult) -> Value {
    let output = if images.is_empty() { json!(text) } else { content(text, images) };
    json!({ "type": "function_call_output", "call_id": call_id, "output": output })
}

/// The answer, as far as it has come.
#[derive(Default)]
pub(super) struct Answer {
    calls: BTreeMap<u32, WholeCall>,
    /// Whether reasoning was told that has not ended.
    reasons: bool,
    /// Whether the model said that it will not.
    declined: bool,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Frame {
    #[serde(rename = "response.output_text.delta")]
    Text { delta: String },
    #[serde(rename = "response.refusal.delta")]
    Refusal { delta: String },
    #[serde(
        rename = "response.reasoning_summary_text.delta",
        alias = "response.reasoning_text.delta"
    )]
    Reasoning { delta: String },
    #[serde(rename = "response.reasoning_summary_part.added")]
    SummaryPart {
        #[serde(default)]
        summary_index: u32,
    },
    /// They come whole with their item.
    #[serde(rename = "response.function_call_arguments.delta")]
    Arguments {
        #[serde(default)]
        delta: String,
    },
    #[serde(rename = "response.output_item.done")]
    ItemDone {
        #[serde(default)]
        output_index: u32,
        item: Value,
    },
    #[serde(rename = "response.completed", alias = "response.incomplete")]
    Completed { response: Response },
    #[serde(rename = "response.failed")]
    Failed { response: Response },
    #[serde(rename = "error")]
    Error(Value),
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Response {
    #[serde(default, deserialize_with = "or_default")]
    output: Vec<Value>,
    usage: Option<Tokens>,
    incomplete_details: Option<Incomplete>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Incomplete {
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    input_tokens: u64,
    #[serde(default)]
    output_tokens: u64,
    input_tokens_details: Option<CachedTokens>,
}

#[derive(Default, Deserialize)]
struct CachedTokens {
    #[serde(default)]
    cached_tokens: u64,
}

impl Reader for Answer {
    fn read(&mut self, data: &str, events: &mut Vec<ModelEvent>) -> Result<bool, Fault> {
        // Compatible servers end with it, though the answer's own end came before.
        if data == "[DONE]" {
            return Ok(false);
        }
        match parse(data)? {
            Frame::Text { delta } if delta.is_empty() => {}
            Frame::Text { delta } => events.push(ModelEvent::Text(delta)),
            Frame::Refusal { delta } => {
                self.declined = true;
                events.extend((!delta.is_empty()).then_some(ModelEvent::Text(delta)));
            }
            Frame::Reasoning { delta } if delta.is_empty() => {}
            Frame::Reasoning { delta } => {
                self.reasons = true;
                events.push(ModelEvent::Reasoning(delta));
            }
            Frame::SummaryPart { summary_index } => {
                if summary_index > 0 && self.reasons {
                    events.push(ModelEvent::Reasoning("\n\n".to_owned()));
                }
            }
            Frame::Arguments { delta } => return Ok(!delta.is_empty()),
            Frame::ItemDone { output_index, item } => {
                self.done(output_index, item, events);
                return Ok(true);
            }
            Frame::Completed { response } => self.end(response, events),
            Frame::Failed { response } => {
                return Err(reported(response.error.unwrap_or_default()));
            }
            Frame::Error(error) => {
                let inner = error.get("error").filter(|inner| inner.is_object()).cloned();
                return Err(reported(inner.unwrap_or(error)));
            }
            Frame::Other => {}
        }
        Ok(!events.is_empty())
    }
}

impl Answer {
    fn done(&mut self, index: u32, item: Value, events: &mut Vec<ModelEvent>) {
        match item["type"].as_str() {
            Some("reasoning") => {
                let provider_data = item["encrypted_content"].is_string().then_some(item);
                if std::mem::take(&mut self.reasons) || provider_data.is_some() {
                    events.push(ModelEvent::ReasoningEnd { provider_data });
                }
            }
            // One that ran into the limit is only half of a call.
            Some("function_call") if item["status"] != "incomplete" => {
                let word = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
                let arguments = word("arguments");
                let call = WholeCall { id: word("call_id"), name: word("name"), arguments };
                self.calls.insert(index, call);
            }
            _ => {}
        }
    }

    fn end(&mut self, response: Response, events: &mut Vec<ModelEvent>) {
        if self.calls.is_empty() {
            // Some servers tell the calls at the end alone.
            for (index, item) in (0..).zip(response.output) {
                if item["type"] == "function_call" {
                    self.done(index, item, events);
                }
            }
        }
        let whole = std::mem::take(&mut self.calls);
        let reason = response.incomplete_details.and_then(|details| details.reason);
        let cause = match reason.as_deref() {
            Some("content_filter") => StopCause::Refusal,
            Some(_) => StopCause::OutputLimit,
            None if !whole.is_empty() => StopCause::ToolCalls,
            None if self.declined => StopCause::Refusal,
            None => StopCause::EndOfAnswer,
        };
        let usage = response.usage.map(|tokens| Usage {
            input_tokens: tokens.input_tokens,
            output_tokens: tokens.output_tokens,
            cached_tokens: tokens.input_tokens_details.unwrap_or_default().cached_tokens,
            ..Usage::default()
        });
        events.extend(calls(whole.into_values()));
        events.extend(usage.map(ModelEvent::Usage));
        events.push(ModelEvent::End(cause));
    }
}

/// A fault that comes as an event: the request was accepted before.
fn reported(error: Value) -> Fault {
    let status = match error["code"].as_str() {
        Some("rate_limit_exceeded") => Some(429),
        Some("insufficient_quota") => Some(402),
        Some("context_length_exceeded" | "invalid_prompt") => Some(400),
        Some("server_is_overloaded" | "slow_down") => Some(503),
        _ => None,
    };
    Fault::Reported(status, error)
}

#[cfg(test)]
mod tests {
    use super::reasons;

    #[test]
    fn what_reasons_is_known_by_its_name() {
        for name in ["gpt-5", "gpt-5.1-codex", "gpt-6-mini", "gpt-10", "o3", "o4-mini"] {
            assert!(reasons(name), "{name}");
        }
        for name in ["gpt-4o", "gpt-4.1", "gpt-oss", "omni", "chat"] {
            assert!(!reasons(name), "{name}");
        }
    }
}
