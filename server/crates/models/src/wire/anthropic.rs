//! Anthropic's Messages: <https://platform.claude.com/docs/en/api/messages>.

use std::collections::BTreeMap;

use engine::{AssistantPart, Message, ModelEvent, Picture, StopCause, ToolResult, ToolSpec};
use protocol::Usage;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Call, Fault, Reader, WholeCall, arguments_object, base64, calls, parse};

/// The fewest tokens of thinking that the provider accepts.
const LEAST_THINKING: u32 = 1024;
/// What a model that wants a budget may think, if the answer leaves room for it.
const MOST_THINKING: u32 = 8000;

/// The body of a request. The system prompt (and with it the tools before it) and the last
/// message are cache breakpoints: the next request finds everything up to there in the cache. It
/// looks back over some 20 blocks only, which one answer with its results may have, so the place
/// where the request before ended is a breakpoint, too.
pub(super) fn body(call: Call<'_>) -> Value {
    let Call { model, request, .. } = call;
    let mut body = json!({
        "model": model,
        "max_tokens": request.max_output_tokens,
        "stream": true,
    });
    if !request.system.is_empty() {
        body["system"] = json!([cached(text(&request.system))]);
    }
    if !request.tools.is_empty() {
        body["tools"] = request.tools.iter().map(tool).collect();
    }
    let mut messages = messages(&request.messages);
    match thinking(model, request.max_output_tokens) {
        Thinking::None => {}
        Thinking::Budget(_) if began_without_thinking(&messages) => {}
        Thinking::Budget(tokens) => {
            body["thinking"] = json!({ "type": "enabled", "budget_tokens": tokens });
        }
        Thinking::Adaptive => {
            // Without `summarized` the thinking of newer models comes signed, but without text.
            body["thinking"] = json!({ "type": "adaptive", "display": "summarized" });
            body["output_config"] = json!({ "effort": "medium" });
        }
    }
    let answer = messages.iter().rposition(|(role, _)| *role == "assistant");
    let before = answer.and_then(|answer| answer.checked_sub(1));
    for at in before.into_iter().chain(messages.len().checked_sub(1)) {
        if let Some(block) = messages[at].1.last_mut() {
            *block = cached(std::mem::take(block));
        }
    }
    let message = |(role, content)| json!({ "role": role, "content": content });
    body["messages"] = messages.into_iter().map(message).collect();
    body
}

/// The messages: of whom each is, and its blocks.
type Written = Vec<(&'static str, Vec<Value>)>;

fn messages(messages: &[Message]) -> Written {
    let mut written: Written = Vec::new();
    for message in messages {
        let (role, blocks) = match message {
            Message::User { text: words, images } => {
                let words = (!words.trim().is_empty()).then(|| text(words));
                ("user", images.iter().map(image).chain(words).collect::<Vec<_>>())
            }
            Message::Assistant { parts } => ("assistant", assistant_blocks(parts)),
            Message::Tool { results } => ("user", results.iter().map(result).collect()),
        };
        match written.last_mut() {
            Some((last, before)) if *last == role => before.extend(blocks),
            _ if blocks.is_empty() => {}
            _ => written.push((role, blocks)),
        }
    }
    written
}

/// Whether the answer is to go on after results of calls, and did not begin with thinking of this
/// model: another one began it. To the provider the answer is one until the next prompt, and one
/// that thinks begins with it.
fn began_without_thinking(messages: &Written) -> bool {
    let is_result = |block: &Value| block["type"] == "tool_result";
    let is_prompt =
        |(role, blocks): &(&str, Vec<Value>)| *role == "user" && !blocks.iter().any(is_result);
    let after = messages.iter().rposition(is_prompt).map_or(0, |prompt| prompt + 1);
    let begun = messages[after..].iter().find(|(role, _)| *role == "assistant");
    begun.is_some_and(|(_, blocks)| !blocks.first().is_some_and(is_thinking))
}

fn text(text: &str) -> Value {
    json!({ "type": "text", "text": text })
}

/// The block, up to which everything is to be kept for the next request.
fn cached(mut block: Value) -> Value {
    block["cache_control"] = json!({ "type": "ephemeral" });
    block
}

fn tool(ToolSpec { name, description, schema }: &ToolSpec) -> Value {
    json!({ "name": name, "description": description, "input_schema": schema })
}

/// The blocks of a message. The provider refuses one that ends with thinking.
fn assistant_blocks(parts: &[AssistantPart]) -> Vec<Value> {
    let mut blocks: Vec<_> = parts.iter().filter_map(assistant_part).collect();
    while blocks.last().is_some_and(is_thinking) {
        blocks.pop();
    }
    blocks
}

/// The part, if the provider can be sent it.
fn assistant_part(part: &AssistantPart) -> Option<Value> {
    match part {
        // The provider refuses a text of white space only.
        AssistantPart::Text { text: words } => (!words.trim().is_empty()).then(|| text(words)),
        // Unsigned thinking would be refused.
        AssistantPart::Reasoning { provider_data, .. } => {
            provider_data.as_ref().filter(|block| is_thinking(block)).cloned()
        }
        AssistantPart::ToolCall { call_id, name, arguments, .. } => Some(json!({
            "type": "tool_use",
            "id": call_id,
            "name": name,
            "input": arguments_object(arguments),
        })),
    }
}

fn is_thinking(block: &Value) -> bool {
    match block["type"].as_str() {
        Some("thinking") => block["signature"].is_string(),
        Some("redacted_thinking") => block["data"].is_string(),
        _ => false,
    }
}

fn result(ToolResult { call_id, text: words, images, is_error, .. }: &ToolResult) -> Value {
    let mut block = json!({ "type": "tool_result", "tool_use_id": call_id });
    if *is_error {
        // Of an error the provider takes nothing but text.
        block["is_error"] = json!(true);
    }
    if *is_error || images.is_empty() {
        block["content"] = json!(words);
    } else {
        let words = (!words.trim().is_empty()).then(|| text(words));
        block["content"] = words.into_iter().chain(images.iter().map(image)).collect();
    }
    block
}

fn image(picture: &Picture) -> Value {
    let (kind, data) = (&picture.media_type, base64(picture));
    json!({ "type": "image", "source": { "type": "base64", "media_type": kind, "data": data } })
}

/// How much a model shall think.
#[derive(Debug, PartialEq, Eq)]
enum Thinking {
    None,
    Budget(u32),
    Adaptive,
}

/// Newer models see to it themselves, those before want a budget below the limit of the answer,
/// the oldest and other makers' do not think.
fn thinking(name: &str, max_output_tokens: u32) -> Thinking {
    let mut words = name.split('-');
    if words.next() != Some("claude") {
        return Thinking::None;
    }
    // `claude-FAMILY-MAJOR[-MINOR][-DATE]`, and `claude-3-7-sonnet` of the older scheme.
    let family = words.next().unwrap_or_default();
    let mut number = || words.next().filter(|word| word.len() <= 2)?.parse::<u32>().ok();
    let version = number().map(|major| (major, number().unwrap_or(0)));
    let has_budget = match (family, version) {
        ("fable" | "mythos", _) => return Thinking::Adaptive,
        ("opus" | "sonnet", Some(version)) if version >= (4, 6) => return Thinking::Adaptive,
        ("haiku", Some(version)) if version >= (5, 0) => return Thinking::Adaptive,
        ("opus" | "sonnet" | "haiku", Some(version)) => version >= (4, 0),
        ("3", Some((7, _))) => true,
        _ => false,
    };
    if has_budget && max_output_tokens / 2 >= LEAST_THINKING {
        Thinking::Budget(MOST_THINKING.min(max_output_tokens / 2))
    } else {
        Thinking::None
    }
}

/// The answer, as far as it has come.
#[derive(Default)]
pub(super) struct Answer {
    /// The blocks that are being written, by their number.
    open: BTreeMap<u32, Block>,
    calls: Vec<WholeCall>,
    /// What was used, if the server has told.
    usage: Option<Usage>,
    /// What of it was told already.
    told: Usage,
    cause: Option<String>,
}

enum Block {
    Thinking { text: String, signature: String },
    Redacted(Value),
    Call(WholeCall),
    Other,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Frame {
    MessageStart {
        message: Started,
    },
    ContentBlockStart {
        index: u32,
        content_block: Value,
    },
    ContentBlockDelta {
        index: u32,
        delta: Delta,
    },
    ContentBlockStop {
        index: u32,
    },
    MessageDelta {
        delta: Stop,
        usage: Option<Tokens>,
    },
    MessageStop,
    Error {
        error: Value,
    },
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Started {
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
#[serde(tag = "type")]
enum Delta {
    #[serde(rename = "text_delta")]
    Text { text: String },
    #[serde(rename = "thinking_delta")]
    Thinking { thinking: String },
    #[serde(rename = "signature_delta")]
    Signature { signature: String },
    #[serde(rename = "input_json_delta")]
    Arguments { partial_json: String },
    #[serde(other)]
    Other,
}

impl Delta {
    fn has_words(&self) -> bool {
        match self {
            Self::Text { text: words }
            | Self::Thinking { thinking: words }
            | Self::Signature { signature: words }
            | Self::Arguments { partial_json: words } => !words.is_empty(),
            Self::Other => false,
        }
    }
}

#[derive(Deserialize)]
struct Stop {
    stop_reason: Option<String>,
}

/// Counts of tokens; each is told only where it changed. What is read from the cache and written
/// to it is not in `input_tokens`.
#[derive(Deserialize)]
struct Tokens {
    input_tokens: Option<u64>,
    output_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
}

impl Reader for Answer {
    fn read(&mut self, data: &str, events: &mut Vec<ModelEvent>) -> Result<bool, Fault> {
        match parse(data)? {
            Frame::MessageStart { message } => {
                self.count(message.usage);
                // What it has read costs also if nobody waits for the rest.
                let input = Usage { output_tokens: 0, ..self.usage.unwrap_or_default() };
                if input != self.told {
                    events.push(ModelEvent::Usage(input));
                    self.told = input;
                }
                return Ok(false);
            }
            Frame::ContentBlockStart { index, content_block } => {
                let block = self.begin(content_block, events);
                self.open.insert(index, block);
            }
            Frame::ContentBlockDelta { index, delta } => {
                let has_words = delta.has_words();
                self.more(index, delta, events);
                return Ok(has_words);
            }
            Frame::ContentBlockStop { index } => {
                if let Some(block) = self.open.remove(&index) {
                    self.end(block, events);
                }
            }
            Frame::MessageDelta { delta, usage } => {
                self.count(usage);
                self.cause = delta.stop_reason.or(self.cause.take());
            }
            Frame::MessageStop => {
                let cause = self.cause();
                if cause == StopCause::OutputLimit {
                    // Some servers end the block that the limit cut.
                    let is_cut = |call: &mut WholeCall| {
                        serde_json::from_str::<Value>(&call.arguments).is_err()
                    };
                    self.calls.pop_if(is_cut);
                }
                events.extend(calls(std::mem::take(&mut self.calls)));
                events.extend(self.untold().map(ModelEvent::Usage));
                events.push(ModelEvent::End(cause));
            }
            Frame::Error { error } => return Err(reported(error)),
            Frame::Other => return Ok(false),
        }
        Ok(true)
    }
}

impl Answer {
    fn begin(&self, block: Value, events: &mut Vec<ModelEvent>) -> Block {
        let word = |name: &str| block[name].as_str().unwrap_or_default().to_owned();
        match block["type"].as_str() {
            Some("thinking") => {
                Block::Thinking { text: word("thinking"), signature: word("signature") }
            }
            Some("redacted_thinking") => Block::Redacted(block),
            Some("tool_use") => Block::Call(WholeCall {
                id: word("id"),
                name: word("name"),
                arguments: String::new(),
            }),
            _ => {
                let text = word("text");
                events.extend((!text.is_empty()).then_some(ModelEvent::Text(text)));
                Block::Other
            }
        }
    }

    fn more(&mut self, index: u32, delta: Delta, events: &mut Vec<ModelEvent>) {
        match (self.open.get_mut(&index), delta) {
            (_, Delta::Text { text }) => {
                events.extend((!text.is_empty()).then_some(ModelEvent::Text(text)));
            }
            (Some(Block::Thinking { text, .. }), Delta::Thinking { thinking }) => {
                text.push_str(&thinking);
                events.extend((!thinking.is_empty()).then_some(ModelEvent::Reasoning(thinking)));
            }
            (Some(Block::Thinking { signature, .. }), Delta::Signature { signature: more }) => {
                signature.push_str(&more);
            }
            (Some(Block::Call(call)), Delta::Arguments { partial_json }) => {
                call.arguments.push_str(&partial_json);
            }
            _ => {}
        }
    }

    fn end(&mut self, block: Block, events: &mut Vec<ModelEvent>) {
        match block {
            Block::Thinking { text, signature } => {
                let block = json!({ "type": "thinking", "thinking": text, "signature": signature });
                // Unsigned thinking cannot be given back.
                let provider_data = (!signature.is_empty()).then_some(block);
                events.push(ModelEvent::ReasoningEnd { provider_data });
            }
            Block::Redacted(block) => {
                events.push(ModelEvent::ReasoningEnd { provider_data: Some(block) });
            }
            Block::Call(call) => self.calls.push(call),
            Block::Other => {}
        }
    }

    fn count(&mut self, tokens: Option<Tokens>) {
        let Some(tokens) = tokens else { return };
        let before = self.usage.unwrap_or_default();
        let kept = before.cached_tokens.saturating_add(before.cache_written_tokens);
        let fresh = tokens.input_tokens.unwrap_or(before.input_tokens.saturating_sub(kept));
        let cached = tokens.cache_read_input_tokens.unwrap_or(before.cached_tokens);
        let written = tokens.cache_creation_input_tokens.unwrap_or(before.cache_written_tokens);
        self.usage = Some(Usage {
            input_tokens: fresh.saturating_add(cached).saturating_add(written),
            output_tokens: tokens.output_tokens.unwrap_or(before.output_tokens),
            cached_tokens: cached,
            cache_written_tokens: written,
            ..before
        });
    }

    fn untold(&self) -> Option<Usage> {
        let Usage { input_tokens, cached_tokens, cache_written_tokens, .. } = self.told;
        self.usage.map(|usage| Usage {
            input_tokens: usage.input_tokens.saturating_sub(input_tokens),
            cached_tokens: usage.cached_tokens.saturating_sub(cached_tokens),
            cache_written_tokens: usage.cache_written_tokens.saturating_sub(cache_written_tokens),
            ..usage
        })
    }

    fn cause(&self) -> StopCause {
        match self.cause.as_deref() {
            Some("tool_use") => StopCause::ToolCalls,
            Some("max_tokens" | "model_context_window_exceeded") => StopCause::OutputLimit,
            Some("refusal") => StopCause::Refusal,
            _ => StopCause::EndOfAnswer,
        }
    }
}

/// A fault that comes as an event: the request was accepted before.
fn reported(error: Value) -> Fault {
    let status = match error["type"].as_str() {
        Some("overloaded_error") => Some(529),
        Some("rate_limit_error") => Some(429),
        Some("authentication_error") => Some(401),
        Some("billing_error") => Some(402),
        Some("permission_error") => Some(403),
        Some("not_found_error") => Some(404),
        Some("request_too_large") => Some(413),
        Some("invalid_request_error") => Some(400),
        _ => None,
    };
    Fault::Reported(status, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_is_asked_to_think_as_it_can() {
        for name in ["claude-sonnet-5", "claude-opus-4-6", "claude-sonnet-5-5", "claude-fable-5"] {
            assert_eq!(thinking(name, 16_000), Thinking::Adaptive, "{name}");
        }
        for name in ["claude-sonnet-4-5-20250929", "claude-opus-4-20250514", "claude-3-7-sonnet"] {
            assert_eq!(thinking(name, 32_000), Thinking::Budget(8000), "{name}");
            assert_eq!(thinking(name, 6_000), Thinking::Budget(3000), "{name}: below the limit");
            assert_eq!(thinking(name, 2_000), Thinking::None, "{name}: no room");
        }
        for name in ["claude-3-5-haiku-20241022", "claude-3-opus-20240229", "kimi-k2-high"] {
            assert_eq!(thinking(name, 16_000), Thinking::None, "{name}");
        }
    }
}
