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
    /// Further folders that belong to the same work: the other roots of a workspace with several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<AbsPath>,
    /// The first line of its first prompt, or what the fast model calls it; empty before it.
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
    /// The fast model answers; it reads, and changes nothing.
    Fast,
    /// Edits in the session's folders are applied at once and stay reviewable; commands ask.
    Edit,
    /// Edits are applied and commands run without asking. Only by an explicit choice, only for
    /// the session it was chosen in. Secrets and places outside of the session's folders still
    /// ask.
    Auto,
}

impl Mode {
    /// Every mode there is.
    pub const ALL: [Self; 5] = [Self::Ask, Self::Plan, Self::Fast, Self::Edit, Self::Auto];

    /// The name, as it stands in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ask => "ask",
            Self::Plan => "plan",
            Self::Fast => "fast",
            Self::Edit => "edit",
            Self::Auto => "auto",
        }
    }

    /// What it means, in one line for a menu.
    pub fn description(self) -> &'static str {
        match self {
            Self::Ask => "Reading is free; every edit and command is asked for",
            Self::Plan => "Read-only until you approve a plan",
            Self::Fast => "Quick answers by a fast model; it reads, and changes nothing",
            Self::Edit => "Edits in the folder are applied at once; commands are asked for",
            Self::Auto => {
                "Edits are applied, saved and commands run without asking, in this session"
            }
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
    /// Whether it goes to the model with the next request of the turn that runs. If that turn
    /// makes none, it becomes a turn of its own like the others.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub steer: bool,
}

/// What is done with a prompt that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "op", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum QueueChange {
    /// Its text is replaced. What it mentions is looked up again; what it points at stays.
    Edit {
        /// The new text.
        text: String,
    },
    /// It is not sent.
    Remove,
    /// It is put to the model with the next request of the turn that runs.
    Steer,
}
