//! The seam to language models: one request in, a stream of events out.
//!
//! The shapes here are those that every provider can be mapped to. Nothing in them names a
//! provider; what a provider wants back unchanged travels as `provider_data`.

use std::sync::Arc;

use async_trait::async_trait;
use futures::stream::BoxStream;
use protocol::{ErrorCode, ErrorInfo, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ToolSpec;

/// A source of answers.
#[async_trait]
pub trait Model: Send + Sync {
    /// Opens the answer to a request. Dropping the stream ends the work behind it.
    ///
    /// # Errors
    /// The model is unknown, or the provider refused before the first event.
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError>;

    /// The models that can be chosen, with one line on each.
    fn choices(&self) -> Vec<ModelChoice>;

    /// The model of this name, whether the list has it or not; none if it cannot be reached.
    fn choice(&self, name: &str) -> Option<ModelChoice> {
        self.choices().into_iter().find(|choice| choice.name == name)
    }

    /// All that could be chosen: also what only lacks a key, and what a server on this machine
    /// has. That is asked, if the user has set it up or there is nothing else.
    async fn offers(&self) -> Vec<ModelChoice> {
        self.choices()
    }

    /// What is known of the model of this name; little is assumed of one that is not known.
    fn facts(&self, _name: &str) -> ModelFacts {
        ModelFacts::default()
    }

    /// What this use of the model of this name costs, in billionths of a US dollar; 0 where no
    /// price is known.
    fn cost(&self, _name: &str, _usage: &Usage) -> u64 {
        0
    }

    /// The quick and cheap model to take for small work beside the model of this name; that
    /// itself if there is no other.
    fn fast(&self, name: &str) -> String {
        name.to_owned()
    }

    /// The model to take where the user has named none. May look whether a server runs on this
    /// machine, so it is asked only when a prompt needs a model.
    async fn find_default(&self) -> Option<String> {
        self.choices().into_iter().next().map(|choice| choice.name)
    }
}

/// What is known of a model. Counts are of tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ModelFacts {
    /// How much a request and its answer may have together.
    pub context_tokens: u64,
    /// How much an answer may have.
    pub output_tokens: u32,
    /// Whether it reads pictures.
    pub images: bool,
    /// Whether its tokens count: those of a script do not, unless it says so.
    pub is_metered: bool,
}

impl Default for ModelFacts {
    /// What is safe to assume of a model nobody knows.
    fn default() -> Self {
        Self { context_tokens: 64_000, output_tokens: 8_000, images: true, is_metered: true }
    }
}

/// The events of one answer. It is whole only if the last event is [`ModelEvent::End`].
pub type ModelStream = BoxStream<'static, Result<ModelEvent, ModelError>>;

/// A model that can be chosen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelChoice {
    /// As `provider/name`.
    pub name: String,
    /// What it is, in one line.
    pub description: String,
    /// Why it cannot be used now, and what helps; none if it can.
    pub unavailable: Option<String>,
}

/// Everything a model is sent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ModelRequest {
    /// As `provider/name`.
    pub model: String,
    /// The standing instructions.
    pub system: String,
    /// The tools it may call, in a fixed order.
    pub tools: Vec<ToolSpec>,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// The most tokens the answer may have.
    pub max_output_tokens: u32,
    /// The session it is of: a name that tells nothing. Providers find with it what they have
    /// read of the session before. Empty where it is of none.
    pub session: String,
}

/// One message of the conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "role", rename_all = "camelCase")]
pub enum Message {
    /// From the user.
    User {
        /// The text, context included.
        text: String,
        /// Pictures that belong to it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        images: Vec<Picture>,
    },
    /// From the model.
    Assistant {
        /// Its parts in the order they came.
        parts: Vec<AssistantPart>,
    },
    /// What the tool calls of the message before came to: all of them, in their order.
    Tool {
        /// The results.
        results: Vec<ToolResult>,
    },
}

/// A part of a model's message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum AssistantPart {
    /// Text for the user.
    Text {
        /// The text.
        text: String,
    },
    /// Reasoning.
    Reasoning {
        /// The text.
        text: String,
        /// What the provider wants back unchanged.
        provider_data: Option<Value>,
    },
    /// A call of a tool.
    ToolCall {
        /// The provider's name of the call.
        call_id: String,
        /// The tool.
        name: String,
        /// The arguments; a string when the model did not write JSON.
        arguments: Value,
        /// What the provider wants back unchanged.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_data: Option<Value>,
    },
}

/// What a tool call came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The provider's name of the call.
    pub call_id: String,
    /// The tool.
    pub name: String,
    /// The text.
    pub text: String,
    /// Pictures that belong to it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Picture>,
    /// Whether it failed.
    pub is_error: bool,
}

/// A picture as a model is sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Picture {
    /// The media type: `image/png`.
    pub media_type: String,
    /// Its bytes. Shared, so that a conversation is cheap to copy; in JSON only their number
    /// stands.
    #[serde(serialize_with = "how_many", deserialize_with = "none_of_them")]
    pub bytes: Arc<[u8]>,
}

fn how_many<S: serde::Serializer>(bytes: &Arc<[u8]>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(bytes.len() as u64)
}

fn none_of_them<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Arc<[u8]>, D::Error> {
    u64::deserialize(deserializer).map(|_| Arc::from([]))
}

/// One event of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelEvent {
    /// More text for the user.
    Text(String),
    /// More reasoning.
    Reasoning(String),
    /// The reasoning so far is one whole; this is what the provider wants back unchanged.
    ReasoningEnd {
        /// Opaque.
        provider_data: Option<Value>,
    },
    /// A whole tool call. Half calls never come.
    ToolCall {
        /// The provider's name of the call.
        call_id: String,
        /// The tool.
        name: String,
        /// The arguments as the model wrote them.
        arguments: String,
        /// What the provider wants back unchanged.
        provider_data: Option<Value>,
    },
    /// The next attempt begins in a while; nothing of this answer came yet.
    Waiting {
        /// Why, and what comes, in a sentence for the user.
        why: String,
    },
    /// What came of this answer so far counts for nothing: it begins anew.
    Restarted {
        /// Why, in a sentence for the user.
        why: String,
    },
    /// What this answer used.
    Usage(Usage),
    /// The answer is whole.
    End(StopCause),
}

/// Why a model stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// It had said what it had to say.
    EndOfAnswer,
    /// It waits for the results of its tool calls.
    ToolCalls,
    /// It ran into the limit of output tokens.
    OutputLimit,
    /// It or its provider declined.
    Refusal,
}

/// Why there is no answer, or no more of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ModelError {
    /// What went wrong, for programs.
    pub code: ErrorCode,
    /// What went wrong and the way out, for the user.
    pub message: String,
}

impl ModelError {
    /// An error of this code that says `message`.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<ModelError> for ErrorInfo {
    fn from(error: ModelError) -> Self {
        Self::new(error.code, error.message)
    }
}
