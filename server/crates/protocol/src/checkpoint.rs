//! Checkpoints: files as they were before a session changed them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AbsPath, ItemId, Stretch};

/// A point to which files can be restored. It begins right before the first change that it is
/// about, and grows until that is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Checkpoint {
    /// What it is the point before.
    pub before: CheckpointKind,
    /// What is kept, in the order in which it was about to change. Of a file that is there twice
    /// the first counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Kept>,
}

/// What a checkpoint is the point before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum CheckpointKind {
    /// The turn that its item belongs to.
    Turn,
    /// What the user decided about the agent's text, or took back, while no turn ran.
    Decision,
    /// A restore: to restore to this undoes it.
    Restore {
        /// The point that was restored to.
        to: ItemId,
        /// What was set aside of the conversation for it.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        aside: Vec<Stretch>,
        /// What was taken up again, because it undid a restore.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        taken_up: Vec<Stretch>,
    },
}

/// Something as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Kept {
    /// A document that was about to be edited, made, moved or deleted.
    File(KeptFile),
    /// A folder of the session in which a command was about to run.
    Folder(KeptFolder),
}

/// A document as it was. Its bytes are kept beside the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeptFile {
    /// The document, resolved.
    pub path: AbsPath,
    /// SHA-256 of its text in UTF-8, in hexadecimal: the name it is kept by. None if there was no
    /// such document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The file that had this text; none if only an editor had it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<FileState>,
    /// SHA-256 of the text that a restore put there, likewise; only in the checkpoint of one that
    /// put any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left: Option<String>,
}

/// A file on disk as it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileState {
    /// SHA-256 of its bytes, in hexadecimal: the name they are kept by.
    pub hash: String,
    /// Who might read, write and run it, as the bits of Unix; none where a system has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<u32>,
}

/// A folder as it was before a command.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeptFolder {
    /// The folder, resolved.
    pub path: AbsPath,
    /// By what the folder as it was is found again; none if it is not kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// The files that changed while the command ran, links among them not followed. None while
    /// that is not known: it still runs, or the process died before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<Vec<AbsPath>>,
    /// How many files are not kept, because they are too big or may not be read.
    #[serde(default)]
    pub left_out: usize,
    /// Why nothing is kept, or what changed cannot be told, in words for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
