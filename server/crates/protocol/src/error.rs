//! Errors as clients see them: a stable code for programs, a sentence for people.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What went wrong, as a stable string; in JSON-RPC it travels as `data.code`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub enum ErrorCode {
    /// The parameters do not fit the method.
    InvalidParams,
    /// No session has this id.
    SessionNotFound,
    /// Another Coworker process has this session open.
    SessionInUse,
    /// A turn of this session must end first.
    SessionBusy,
    /// Too many prompts wait already.
    QueueFull,
    /// The session has no item with this id, or none that this can be done with.
    ItemNotFound,
    /// No approval with this id waits for an answer.
    ApprovalNotFound,
    /// The session has no change set with this id.
    ChangeSetNotFound,
    /// The file does not exist.
    DocumentNotFound,
    /// The path is a folder, a device or another thing that has no text.
    NotAFile,
    /// The file is not text in an encoding that Coworker can keep byte for byte.
    NotUtf8,
    /// The new text has a character that the file's encoding does not have.
    NotEncodable,
    /// What is asked for exists already.
    AlreadyExists,
    /// The document has changes that are not saved, and they are not to be lost.
    Unsaved,
    /// The file is larger than Coworker reads.
    DocumentTooBig,
    /// The file system refused.
    FileSystem,
    /// The path lies outside of what Coworker may touch, or cannot be resolved.
    BadPath,
    /// The text to replace is not in the document.
    EditNotFound,
    /// The text to replace is in the document more than once.
    EditAmbiguous,
    /// The text to replace was changed by somebody else, in the very place of the edit.
    EditContradicts,
    /// The text with the edit would have a fault in its syntax that it does not have now.
    EditBreaksSyntax,
    /// The edit would change nothing: it seems to be made already.
    EditAlreadyApplied,
    /// The document changed after the edit was made for it.
    EditStale,
    /// The edit would replace a text that the model has not read as it is now.
    EditUnread,
    /// The editor answered that it did not apply the edit.
    EditRefused,
    /// The editor did not show the edit in time.
    EditUnconfirmed,
    /// The model named a tool that does not exist.
    UnknownTool,
    /// The model's arguments for a tool are not JSON or do not fit its schema.
    BadToolArguments,
    /// The tool ran and failed.
    ToolFailed,
    /// The command ran longer than it may and was stopped.
    CommandTimedOut,
    /// Policy forbids it.
    Denied,
    /// The user said no.
    Rejected,
    /// The user stopped it.
    Cancelled,
    /// The process ended in the middle of it.
    Interrupted,
    /// No model is set up, or the provider cannot be reached.
    ModelUnavailable,
    /// The provider has no model of this name.
    ModelNotFound,
    /// The provider refused the key.
    ModelUnauthorized,
    /// The provider is overloaded, or lets this key do no more for the moment.
    ModelOverloaded,
    /// The account of the key has no credit left.
    QuotaExceeded,
    /// The conversation is longer than the model can read.
    ContextTooLong,
    /// The provider refused the request.
    ModelRefused,
    /// The answer broke off.
    ModelBrokeOff,
    /// The turn reached a limit: of model requests or time.
    TurnTooLong,
    /// A budget is used up, and the user wants no more of it spent.
    BudgetReached,
    /// There is no slash command of this name.
    UnknownCommand,
    /// There is no skill of this name.
    SkillNotFound,
    /// The prompt does not wait in the queue.
    PromptNotQueued,
    /// No connected editor can do this.
    NoEditor,
    /// Another process holds the database.
    StoreLocked,
    /// The database cannot be written.
    StoreReadOnly,
    /// The database failed in another way.
    StoreFailed,
    /// A fault of Coworker itself.
    Internal,
}

impl ErrorCode {
    /// The stable string, as it stands in JSON.
    pub fn as_str(self) -> String {
        match serde_json::to_value(self) {
            Ok(serde_json::Value::String(text)) => text,
            _ => String::new(),
        }
    }
}

/// An error in words and code; in JSON-RPC it travels as `message` and `data`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
pub struct ErrorInfo {
    /// What went wrong, for programs.
    pub code: ErrorCode,
    /// What went wrong and the way out, for people.
    pub message: String,
}

impl ErrorInfo {
    /// An error of this code that says `message`.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}
