//! `coworker/checkpoint/…`: the points to which a session can be restored.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{CheckpointKind, FileChangeKind, ItemId, SessionId, TurnId};

/// Result of `coworker/checkpoint/list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckpointListResult {
    /// The points, the newest last.
    pub checkpoints: Vec<CheckpointInfo>,
}

/// A point to which a session can be restored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckpointInfo {
    /// By what it goes: an item of the session.
    pub id: ItemId,
    /// What it is the point before.
    pub before: CheckpointKind,
    /// The turn it belongs to; empty if it belongs to none.
    pub turn_id: TurnId,
    /// When that began, in milliseconds since 1970 in UTC.
    pub at: u64,
    /// The first line of the prompt; empty where there was none.
    pub title: String,
    /// How many files changed from there to the next point, as far as it is known.
    pub files: usize,
}

/// Parameters of `coworker/checkpoint/diff`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckpointDiffParams {
    /// The session.
    pub session_id: SessionId,
    /// The point.
    pub checkpoint_id: ItemId,
}

/// Result of `coworker/checkpoint/diff`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckpointDiffResult {
    /// The files that a restore would change.
    pub files: Vec<CheckpointFile>,
    /// What it could not put back.
    pub refused: Vec<RefusedFile>,
}

/// What a restore would do to one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckpointFile {
    /// The file.
    pub uri: String,
    /// Whether it would be edited, made again, or deleted.
    pub kind: FileChangeKind,
    /// A unified diff from the text of now to that of then; empty if one of them is not text.
    pub diff: String,
    /// Whether somebody else changed it since, or may have: that would go, too.
    pub typed: bool,
}

/// A file that was not put back, or a folder in which nothing is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefusedFile {
    /// The file or folder.
    pub uri: String,
    /// Why, in words for people.
    pub reason: String,
}

/// Parameters of `coworker/checkpoint/restore`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckpointRestoreParams {
    /// The session.
    pub session_id: SessionId,
    /// The point.
    pub checkpoint_id: ItemId,
    /// Whether the files are put back that the session changed since.
    #[serde(default)]
    pub files: bool,
    /// Whether the conversation goes on as if it had ended there.
    #[serde(default)]
    pub conversation: bool,
}

/// Result of `coworker/checkpoint/restore`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CheckpointRestoreResult {
    /// To restore to this point undoes it; none if there was nothing to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<ItemId>,
    /// The files that are now as they were. Those that are open are so in their editors, and not
    /// saved.
    pub restored: Vec<String>,
    /// Those of them that somebody else had changed since, or may have.
    pub typed: Vec<String>,
    /// What was not put back.
    pub refused: Vec<RefusedFile>,
}
