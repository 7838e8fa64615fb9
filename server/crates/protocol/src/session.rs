//! What is known of a session beside its items.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AbsPath, SessionId, TurnId, UserMessage};

/// A session in a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionInfo {
    /// Names the session.
    pub id: SessionId,
    /// The folder it works in.
    pub root: AbsPath,
    /// The first line of its first prompt; empty before it.
    pub title: String,
    /// When it began, in milliseconds since 1970 in UTC.
    pub created_at: u64,
    /// When something last happened in it, likewise.
    pub updated_at: u64,
}

/// How freely the agent may act.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum Mode {
    /// Reading in the folder is free; writing and running ask.
    #[default]
    Ask,
    /// Read-only until the user approves a plan.
    Plan,
}

impl Mode {
    /// Every mode there is.
    pub const ALL: [Self; 2] = [Self::Ask, Self::Plan];

    /// The name, as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Plan => "plan",
        }
    }

    /// What it means, in one line for a menu.
    pub fn description(self) -> &'static str {
        match self {
            Self::Ask => "Reading is free; every edit and command is asked for",
            Self::Plan => "Read-only until you approve a plan",
        }
    }
}

/// A prompt that waits for the turn before it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueuedPrompt {
    /// The turn it will be.
    pub turn_id: TurnId,
    /// What will be asked.
    pub message: UserMessage,
}
