//! Proposed text: the edits of one model response over any number of files.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AbsPath, HunkId, ItemId, SessionId, TurnId};

/// The state of a document that an edit was made for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stamp {
    /// Counts the changes of the document in this process; our own, not an editor's version.
    pub revision: u64,
    /// SHA-256 of the text in UTF-8, in hexadecimal.
    pub hash: String,
}

/// All edits of one model response, in hunks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeSet {
    /// The files it touches, each once.
    pub files: Vec<FileChange>,
    /// The model that made it, as `provider/name`.
    #[serde(default)]
    pub model: String,
    /// The session that its text belongs to, if this one was forked from it: there it is decided
    /// and taken back, here it is only told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<SessionId>,
}

/// The edits of a change set in one file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileChange {
    /// The file, resolved.
    pub path: AbsPath,
    /// What happens to the file as a whole.
    pub kind: FileChangeKind,
    /// Where the file goes, resolved; only if it is moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<AbsPath>,
    /// The document the edits were made for; none when the file is created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Stamp>,
    /// What is decided one by one, in the order the model made it, each against the text that the
    /// one before it left.
    #[serde(alias = "edits")]
    pub hunks: Vec<Hunk>,
    /// The whole proposal as a unified diff, for people.
    pub diff: String,
    /// Faults in the syntax of the proposed text that the text before did not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub syntax_errors: Vec<SyntaxError>,
}

/// What happens to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum FileChangeKind {
    /// Text of an existing file changes.
    Edit,
    /// The file is created.
    Create,
    /// The file is deleted. Its one hunk takes all of its text away.
    Delete,
    /// The file is moved as it is. Its one hunk replaces nothing.
    Move,
}

/// A new fault in the syntax of a text, found before anyone is asked about the edit that makes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SyntaxError {
    /// The line in the text with the edit, counted from 1.
    pub line: u32,
    /// The character in the line, counted from 1.
    pub column: u32,
    /// What is wrong, in one line.
    pub message: String,
}

/// A part of what one tool call changes in one file: neighbouring lines, decided at once.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hunk {
    /// Names the hunk; stable for as long as the session exists.
    pub id: HunkId,
    /// The tool call that made it.
    pub item_id: ItemId,
    /// What is replaced, in ascending order, without overlap.
    pub replacements: Vec<Replacement>,
    /// Earlier hunks of this file whose new text this one touches: rejecting one rejects this.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<HunkId>,
    /// Why, in the model's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the user put other words in place of the proposal.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub edited: bool,
    /// What the user said about it; the model is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    /// Where it stands.
    pub state: HunkState,
    /// Where the model believes it to stand, if that is elsewhere; it is told with the next
    /// request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub believed: Option<HunkState>,
}

/// A hunk of which the model is told something new.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewedHunk {
    /// The hunk.
    pub hunk_id: HunkId,
    /// The file.
    pub path: AbsPath,
    /// The beginning of what it says.
    pub summary: String,
    /// Where it stands now.
    pub state: HunkState,
    /// What the user said about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Which hunks are taken back, or done again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum UndoScope {
    /// One.
    Hunk {
        /// The hunk.
        hunk_id: HunkId,
    },
    /// Several, at once.
    Hunks {
        /// The hunks.
        hunk_ids: Vec<HunkId>,
    },
    /// Those of a tool call.
    Call {
        /// The tool call.
        item_id: ItemId,
    },
    /// Those of a turn.
    Turn {
        /// The turn.
        turn_id: TurnId,
    },
    /// All of the session.
    Session,
    /// The last that can be taken back or done again.
    Last {
        /// How much of it. Without it a redo means all that was taken back at once, and an undo
        /// the turn.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        of: Option<UndoPart>,
    },
}

/// What is taken back, or done again, with the last hunk that can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum UndoPart {
    /// Nothing else.
    Hunk,
    /// Its tool call.
    Call,
    /// Its turn.
    Turn,
}

/// A stretch of text and what comes in its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Replacement {
    /// First byte that is replaced.
    pub start: usize,
    /// First byte after it.
    pub end: usize,
    /// The new text.
    pub text: String,
}

/// Where a hunk stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum HunkState {
    /// Waits for a decision.
    Pending,
    /// The user said yes; it is on its way into the document.
    Accepted,
    /// The user said no.
    Rejected,
    /// It is in the document, and can be kept or undone.
    Applied,
    /// It is in the document, and the user has looked at it, or the last commit has all of it.
    Kept,
    /// It was in the document and is no more: taken back, or written over by the user.
    Undone,
    /// It can be neither applied nor taken back as it is, or was not seen in the document; nothing
    /// the user typed was touched. When its text is as it was before, it is what it was before.
    Conflicted {
        /// Why.
        reason: String,
    },
}

impl HunkState {
    /// Whether its document has it.
    pub fn is_in_document(&self) -> bool {
        matches!(self, Self::Applied | Self::Kept)
    }

    /// Whether it is in its document, or was.
    pub fn was_applied(&self) -> bool {
        matches!(self, Self::Applied | Self::Kept | Self::Undone)
    }
}
