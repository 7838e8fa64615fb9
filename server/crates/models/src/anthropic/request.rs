//! Our request in genai's words, so that Anthropic gets the conversation back exactly.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use engine::{AssistantPart, Message, ModelRequest, Picture, ToolResult, ToolSpec};
use genai::chat::{
    CacheControl, ChatMessage, ChatOptions, ChatRequest, ContentPart, ReasoningEffort, Tool,
    ToolCall, ToolResponse,
};
use serde_json::{Value, json};

use crate::http::IDLE_TIMEOUT;

/// The fewest tokens of thinking that the provider accepts.
const LEAST_THINKING: u32 = 1024;
/// What a model that wants a budget may think, if the answer leaves room for it.
const MOST_THINKING: u32 = 8000;

/// The conversation. The system prompt (and with it the tools before it) and the last message
/// are cache breakpoints: the next request finds everything up to there in the cache.
pub(super) fn chat(request: &ModelRequest) -> ChatRequest {
    let mut messages = Vec::new();
    if !request.system.is_empty() {
        messages.push(
            ChatMessage::system(request.system.as_str()).with_options(CacheControl::Ephemeral),
        );
    }
    for message in &request.messages {
        match message {
            Message::User { text } => messages.push(ChatMessage::user(text.as_str())),
            Message::Assistant { parts } => messages.extend(assistant(parts)),
            Message::Tool { results } => {
                messages.push(ChatMessage::tool(results.iter().map(result).collect::<Vec<_>>()));
            }
        }
    }
    if let Some(last) = messages.pop() {
        messages.push(last.with_options(CacheControl::Ephemeral));
    }
    let chat = ChatRequest::from_messages(messages);
    match request.tools.as_slice() {
        [] => chat,
        tools => chat.with_tools(tools.iter().map(tool)),
    }
}

/// How it is to be answered by the model `name`.
pub(super) fn options(name: &str, request: &ModelRequest) -> ChatOptions {
    ChatOptions::default()
        .with_max_tokens(request.max_output_tokens)
        .with_reasoning_effort(thinking(name, request.max_output_tokens))
        // Without this the thinking of newer models comes signed, but without its text.
        .with_capture_reasoning_content(true)
        .with_capture_usage(true)
        .with_stream_header_timeout(IDLE_TIMEOUT)
        .with_stream_read_timeout(IDLE_TIMEOUT)
}

fn tool(spec: &ToolSpec) -> Tool {
    Tool::new(spec.name.as_str())
        .with_description(spec.description.as_str())
        .with_schema(spec.schema.clone())
}

/// One answer of the model. genai moves thinking to the front of a message, and the provider
/// refuses thinking that stands elsewhere than where it wrote it; so a message is split where
/// thinking follows something else. The provider joins what comes in a row from one side.
fn assistant(parts: &[AssistantPart]) -> Vec<ChatMessage> {
    let mut messages: Vec<Vec<ContentPart>> = Vec::new();
    let mut thinking = true;
    for part in parts {
        let Some(content) = assistant_part(part) else { continue };
        let thinks = matches!(part, AssistantPart::Reasoning { .. });
        match messages.last_mut() {
            Some(message) if thinking || !thinks => message.push(content),
            _ => messages.push(vec![content]),
        }
        thinking = thinks;
    }
    messages.into_iter().map(ChatMessage::assistant).collect()
}

/// The part, if the provider can be sent it.
fn assistant_part(part: &AssistantPart) -> Option<ContentPart> {
    match part {
        // The provider refuses a text of white space only.
        AssistantPart::Text { text } => {
            (!text.trim().is_empty()).then(|| ContentPart::Text(text.clone()))
        }
        // Unsigned thinking, or that of another provider, would be refused.
        AssistantPart::Reasoning { provider_data, .. } => provider_data
            .as_ref()
            .filter(|block| is_thinking(block))
            .map(|block| ContentPart::from_custom(block.clone(), None)),
        AssistantPart::ToolCall { call_id, name, arguments } => {
            Some(ContentPart::ToolCall(ToolCall {
                call_id: call_id.clone(),
                fn_name: name.clone(),
                fn_arguments: arguments_object(arguments),
                thought_signatures: None,
            }))
        }
    }
}

fn is_thinking(block: &Value) -> bool {
    match block["type"].as_str() {
        Some("thinking") => block["signature"].is_string(),
        Some("redacted_thinking") => block["data"].is_string(),
        _ => false,
    }
}

/// The provider takes objects only; this is its own way to give back what is none.
fn arguments_object(arguments: &Value) -> Value {
    match arguments {
        Value::Object(_) => arguments.clone(),
        Value::String(text) => json!({ "INVALID_JSON": text }),
        other => json!({ "INVALID_JSON": other.to_string() }),
    }
}

/// genai has no word for a result that is an error or has pictures; the provider's own block
/// says it.
fn result(result: &ToolResult) -> ContentPart {
    let ToolResult { call_id, name, text, images, is_error } = result;
    let mut block = json!({ "type": "tool_result", "tool_use_id": call_id });
    if *is_error {
        // Of an error the provider takes nothing but text.
        block["content"] = json!(text);
        block["is_error"] = json!(true);
    } else if images.is_empty() {
        let response = ToolResponse::new(call_id.as_str(), text.as_str());
        return ContentPart::ToolResponse(response.with_fn_name(name.as_str()));
    } else {
        let words = (!text.trim().is_empty()).then(|| json!({ "type": "text", "text": text }));
        block["content"] = words.into_iter().chain(images.iter().map(image)).collect();
    }
    ContentPart::from_custom(block, None)
}

fn image(Picture { media_type, bytes }: &Picture) -> Value {
    let data = STANDARD.encode(bytes);
    json!({
        "type": "image",
        "source": { "type": "base64", "media_type": media_type, "data": data },
    })
}

/// How much the model shall think: newer models see to it themselves, those before want a
/// budget below the limit of the answer, the oldest and other makers' do not think.
fn thinking(name: &str, max_output_tokens: u32) -> ReasoningEffort {
    match generation(name) {
        Generation::Adaptive => ReasoningEffort::Medium,
        Generation::Budgeted if max_output_tokens / 2 >= LEAST_THINKING => {
            ReasoningEffort::Budget(MOST_THINKING.min(max_output_tokens / 2))
        }
        _ => ReasoningEffort::Zero,
    }
}

enum Generation {
    Plain,
    Budgeted,
    Adaptive,
}

/// Reads `claude-FAMILY-MAJOR[-MINOR][-DATE]`, and `claude-3-7-sonnet` of the older scheme.
fn generation(name: &str) -> Generation {
    let mut words = name.split('-');
    if words.next() != Some("claude") {
        return Generation::Plain;
    }
    let family = words.next().unwrap_or_default();
    let mut number = || words.next().filter(|word| word.len() <= 2)?.parse::<u32>().ok();
    let version = number().map(|major| (major, number().unwrap_or(0)));
    match (family, version) {
        ("fable" | "mythos", _) => Generation::Adaptive,
        ("opus" | "sonnet", Some(version)) if version >= (4, 6) => Generation::Adaptive,
        ("haiku", Some(version)) if version >= (5, 0) => Generation::Adaptive,
        ("opus" | "sonnet" | "haiku", Some(version)) if version >= (4, 0) => Generation::Budgeted,
        ("3", Some((7, _))) => Generation::Budgeted,
        _ => Generation::Plain,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_is_asked_to_think_as_it_can() {
        let effort = |name, tokens| thinking(name, tokens).to_string();
        for name in ["claude-sonnet-5", "claude-opus-4-6", "claude-sonnet-5-5", "claude-fable-5"] {
            assert_eq!(effort(name, 16_000), "medium", "{name}");
        }
        for name in ["claude-sonnet-4-5-20250929", "claude-opus-4-20250514", "claude-3-7-sonnet"] {
            assert_eq!(effort(name, 32_000), "8000", "{name}");
            assert_eq!(effort(name, 6_000), "3000", "{name}: below the limit of the answer");
            assert_eq!(effort(name, 2_000), "zero", "{name}: no room");
        }
        for name in ["claude-3-5-haiku-20241022", "claude-3-opus-20240229", "kimi-k2-high"] {
            assert_eq!(effort(name, 16_000), "zero", "{name}");
        }
    }
}
