//! Items: the durable things a session is made of.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    AbsPath, Approval, ChangeSet, Checkpoint, Effect, ErrorCode, ItemId, ReviewedHunk, TurnId,
};

/// One durable thing in the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// Names the item; stable and never reused.
    pub id: ItemId,
    /// The turn it belongs to.
    pub turn_id: TurnId,
    /// When it began, in milliseconds since 1970 in UTC.
    pub at: u64,
    /// Whether it is set aside: the conversation goes on as if it had not been. It is kept, the
    /// model does not read it, and clients do not draw it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub aside: bool,
    /// What it is.
    #[serde(flatten)]
    pub body: ItemBody,
}

/// What an item is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum ItemBody {
    /// What the user asked.
    UserMessage(UserMessage),
    /// What the model said.
    AgentMessage {
        /// The text, in Markdown.
        text: String,
    },
    /// What the model thought, as far as its provider tells.
    Reasoning {
        /// The text; may be empty where the provider hides it.
        text: String,
        /// What the provider wants back unchanged in the next request.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        provider_data: Option<serde_json::Value>,
    },
    /// A tool that the model called.
    ToolCall(ToolCall),
    /// A plan that the model submitted.
    Plan(Plan),
    /// A question to the user.
    Approval(Approval),
    /// Proposed edits.
    ChangeSet(ChangeSet),
    /// The whole todo list as it is from here on.
    Todos {
        /// The list.
        todos: Vec<Todo>,
    },
    /// Something the user should know.
    Notice(Notice),
    /// Files as they were before the session changed them. Nothing to be drawn.
    Checkpoint(Checkpoint),
    /// From here on the model is sent a shorter conversation than there was.
    Compaction(Compaction),
    /// What became of hunks after the model had been told of them; it is told from here on.
    Reviewed {
        /// The hunks.
        hunks: Vec<ReviewedHunk>,
    },
}

impl Item {
    /// The pictures that belong to it, whose bytes are kept beside the journal.
    pub fn images(&self) -> Vec<&Image> {
        match &self.body {
            ItemBody::ToolCall(call) => call.output.iter().flat_map(|it| &it.images).collect(),
            ItemBody::UserMessage(message) => {
                let images = message.context.iter().filter_map(|part| match part {
                    ContextPart::Image { image, .. } => Some(image),
                    _ => None,
                });
                images.collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What the model is no longer sent. The items themselves stay.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Compaction {
    /// The results of tool calls before this item are left out, if they are long.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trimmed: Option<ItemId>,
    /// What stands in place of the conversation before an item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<Summary>,
    /// What a request had before, in tokens, estimated.
    pub tokens_before: u64,
    /// What it has now.
    pub tokens_after: u64,
}

impl Compaction {
    /// What was done, in a sentence for the user.
    pub fn sentence(&self) -> String {
        let what = match self.summary {
            Some(_) => "The conversation before this was summed up for the model",
            None => "Earlier results of tools are no longer sent to the model",
        };
        let (before, after) = (self.tokens_before, self.tokens_after);
        format!(
            "{what}: about {before} tokens became {after}. Going back to a point before it undoes that."
        )
    }
}

/// What stands in place of the beginning of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The item with which the conversation goes on.
    pub before: ItemId,
    /// The summary, as a model wrote it.
    pub text: String,
    /// The prompt that is worked on, if it is among what was summed up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompt: Option<String>,
}

/// Items in a row, both ends included.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Stretch {
    /// The first.
    pub first: ItemId,
    /// The last; it may be the first as well.
    pub last: ItemId,
}

/// What the user asked, with what they pointed at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserMessage {
    /// The prompt, as typed.
    pub text: String,
    /// What the user pointed at, as it was then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub context: Vec<ContextPart>,
}

/// Something the user pointed at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum ContextPart {
    /// A file the user has in front of them.
    File {
        /// The file.
        path: AbsPath,
        /// The line of the cursor, counted from 1, where it is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        line: Option<u32>,
    },
    /// The other documents that are open in the user's editor, the last used first.
    OpenDocuments {
        /// The documents.
        paths: Vec<AbsPath>,
    },
    /// A file or a part of one that the prompt mentions, as it was then.
    Text {
        /// How it was mentioned: `@src/main.rs:3-9`.
        mention: String,
        /// The file.
        path: AbsPath,
        /// The first line of `text`, counted from 1.
        first_line: u32,
        /// How many lines the file has.
        lines: u32,
        /// The text, unsaved changes included; cut where it was too long.
        text: String,
        /// The symbol that was mentioned, if it was one: `impl Stack > fn pop`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        symbol: Option<String>,
        /// What the whole file defines, if `text` is only its beginning, a line each: `12-40 fn
        /// pop`; what is in something else is indented.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        outline: Vec<String>,
    },
    /// A folder that the prompt mentions.
    Folder {
        /// How it was mentioned.
        mention: String,
        /// The folder.
        path: AbsPath,
        /// What is in it, a name to a line, folders with a slash; cut where it was too long.
        entries: Vec<String>,
    },
    /// A picture that the prompt mentions or brings along.
    Image {
        /// How it was mentioned.
        mention: String,
        /// The picture.
        image: Image,
    },
    /// The changes since the last commit, unsaved ones included, that the prompt mentions.
    Diff {
        /// A unified diff; cut where it was too long.
        text: String,
    },
    /// What a slash command stands for.
    Command {
        /// Its name, without the slash.
        name: String,
        /// What the model reads in place of the prompt.
        text: String,
    },
    /// A mention that could not be followed.
    Unresolved {
        /// How it was written.
        mention: String,
        /// Why, in a sentence.
        reason: String,
    },
    /// A stretch of text the user selected.
    Selection {
        /// The file it is in.
        path: AbsPath,
        /// The first line, counted from 1.
        first_line: u32,
        /// The last line, counted from 1.
        last_line: u32,
        /// The selected text, unsaved changes included.
        text: String,
        /// The function, type or section around it, outermost first: `impl Stack > fn pop`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        symbol: Option<String>,
    },
    /// Problems the editor shows.
    Problems {
        /// The file they are in.
        path: AbsPath,
        /// One line each: `12:5 error: expected ;`.
        lines: Vec<String>,
    },
}

/// A tool that the model called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolCall {
    /// The name the provider gave the call.
    pub call_id: String,
    /// Which model response of the turn made it, counted from 1.
    pub step: u32,
    /// The tool.
    pub name: String,
    /// One line for people, such as `Read src/main.rs`.
    pub title: String,
    /// The arguments as the model wrote them; the raw text as a string when they are not JSON.
    pub input: serde_json::Value,
    /// Where it stands.
    pub status: ToolCallStatus,
    /// What it would do or did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
    /// What came of it, as the model is told. While the call runs, deltas add to its text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output: Option<ToolOutput>,
    /// What the provider wants back unchanged in the next request.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_data: Option<serde_json::Value>,
}

/// Where a tool call stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ToolCallStatus {
    /// Made by the model; not prepared, or waiting for its turn or for an answer.
    Pending,
    /// At work.
    Running,
    /// Done.
    Completed,
    /// Tried, or refused before it was tried, and failed.
    Failed,
    /// Forbidden by the user or by policy.
    Rejected,
    /// Stopped by the user.
    Cancelled,
    /// The turn broke off or the process ended while it was open. It is never run again by
    /// itself.
    Interrupted,
}

/// What a tool call came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ToolOutput {
    /// The text the model reads.
    pub text: String,
    /// Pictures that the model is shown with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<Image>,
    /// The error, when it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<ErrorCode>,
}

impl ToolOutput {
    /// An output of words alone.
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: text.into(), images: Vec::new(), error: None }
    }
}

/// A picture; its bytes are kept beside the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Image {
    /// What it was read from.
    pub path: AbsPath,
    /// The media type: `image/png`.
    pub media_type: String,
    /// SHA-256 of its bytes, in hexadecimal: the name it is kept by.
    pub hash: String,
    /// How many bytes it has.
    pub bytes: u64,
}

/// A plan that the model submitted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Plan {
    /// What it is about, in a sentence or two.
    pub summary: String,
    /// What will be done, in order.
    pub steps: Vec<String>,
    /// Where it stands.
    pub status: PlanStatus,
}

/// Where a plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum PlanStatus {
    /// Waits for the user.
    Proposed,
    /// The user said yes.
    Approved,
    /// The user said no.
    Rejected,
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Todo {
    /// What to do, as an order: `Run the tests`.
    pub content: String,
    /// The same while it is being done: `Running the tests`.
    pub active_form: String,
    /// Where it stands.
    pub status: TodoStatus,
}

/// Where a todo stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TodoStatus {
    /// Not begun.
    Pending,
    /// Being done; at most one is.
    InProgress,
    /// Done.
    Completed,
}

/// Something the user should know.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// How much it matters.
    pub level: NoticeLevel,
    /// What it is about, for programs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<ErrorCode>,
    /// The sentence.
    pub text: String,
}

/// How much a notice matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NoticeLevel {
    /// Good to know.
    Info,
    /// Needs a look.
    Warning,
    /// Something failed.
    Error,
}
