//! What a request to a model is made of, and what can be typed into a prompt.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the next request would be made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContextReport {
    /// The parts, in the order they are sent.
    pub parts: Vec<ContextShare>,
    /// The sum of the estimates.
    pub tokens: u64,
}

/// One part of a request and what it weighs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContextShare {
    /// What kind of part it is: `instructions`, `rules`, `skills`, `tool`, `conversation`,
    /// `mention`.
    pub kind: String,
    /// Which one: a path, the name of a tool.
    pub name: String,
    /// Its size in UTF-8 bytes.
    pub bytes: u64,
    /// An estimate of its tokens: no model counts exactly like another.
    pub tokens: u64,
}

/// Something that can be typed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Completion {
    /// The whole word, with its `@` or `/`.
    pub text: String,
    /// What it is, in a few words; may be empty.
    pub detail: String,
}
