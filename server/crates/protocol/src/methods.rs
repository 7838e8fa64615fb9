//! The method table: every method of the `coworker/` namespace, once.
//!
//! The language server registers from it, the generated files are made from it, and a test holds
//! the plugins against it.

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Answer, ContextReport, SessionUpdate, wire};

/// Who sends a message to whom, and whether it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A request of the client.
    ClientRequest,
    /// A request of the server.
    ServerRequest,
    /// A notification of the server.
    ServerNotification,
}

/// One method: its name on the wire and its types.
pub trait Method {
    /// The name on the wire.
    const NAME: &'static str;
    /// Who sends it.
    const DIRECTION: Direction;
    /// What it is for.
    const DOC: &'static str;
    /// What is sent.
    type Params: Serialize + DeserializeOwned + JsonSchema;
    /// What comes back; [`wire::Empty`] for notifications.
    type Result: Serialize + DeserializeOwned + JsonSchema;
}

/// A row of the table.
#[derive(Clone, Copy)]
pub struct MethodInfo {
    /// The name on the wire.
    pub name: &'static str,
    /// Who sends it.
    pub direction: Direction,
    /// What it is for, in Markdown.
    pub doc: &'static str,
    /// The schema of what is sent.
    pub params: fn(&mut SchemaGenerator) -> Schema,
    /// The schema of what comes back.
    pub result: fn(&mut SchemaGenerator) -> Schema,
}

macro_rules! methods {
    ($($direction:ident $type:ident = $name:literal ($params:ty) -> $result:ty, $doc:literal;)*) => {
        $(
            #[doc = concat!("`", $name, "`: ", $doc)]
            #[derive(Clone, Copy, Debug)]
            pub enum $type {}

            impl Method for $type {
                const NAME: &'static str = $name;
                const DIRECTION: Direction = Direction::$direction;
                const DOC: &'static str = $doc;
                type Params = $params;
                type Result = $result;
            }
        )*

        /// Every method, in the order of the documentation.
        pub const METHODS: &[MethodInfo] = &[$(MethodInfo {
            name: $name,
            direction: Direction::$direction,
            doc: $doc,
            params: |generator| generator.subschema_for::<$params>(),
            result: |generator| generator.subschema_for::<$result>(),
        }),*];
    };
}

methods! {
    ClientRequest SessionNew = "coworker/session/new"
        (wire::NewSessionParams) -> wire::AttachResult,
        "Starts a session and attaches the client to it.";
    ClientRequest SessionList = "coworker/session/list"
        (wire::ListSessionsParams) -> wire::ListSessionsResult,
        "Lists the sessions, the last used first.";
    ClientRequest SessionAttach = "coworker/session/attach"
        (wire::AttachParams) -> wire::AttachResult,
        "Sends the updates that were missed and then the live ones. A session that a process \
         left in the middle of a turn is shown as interrupted; nothing in it runs again by itself.";
    ClientRequest SessionFork = "coworker/session/fork"
        (wire::ForkParams) -> wire::ForkResult,
        "Makes a new session with the conversation of another up to an item. The text that the \
         agent wrote there stays that session's. The client is not attached to the new one.";
    ClientRequest SessionResend = "coworker/session/resend"
        (wire::ResendParams) -> wire::ChatResult,
        "Sets the conversation aside from an earlier prompt on and sends that prompt again, \
         changed. Refused while a turn runs, and if files are to be put back and one of them \
         cannot: then all is as it was.";
    ClientRequest SessionDelete = "coworker/session/delete"
        (wire::SessionParams) -> wire::Empty,
        "Deletes a session and its journal for good. Refused while a turn runs.";
    ClientRequest Chat = "coworker/chat"
        (wire::ChatParams) -> wire::ChatResult,
        "Sends a prompt. Answered at once; what happens comes as updates, and the end of the turn \
         is a `status` update. While a turn runs the prompt waits in the queue, or steers that turn.";
    ClientRequest ChatQueue = "coworker/chat/queue"
        (wire::QueueParams) -> wire::Empty,
        "Edits or removes a prompt that waits, or steers the running turn with it. The queue \
         comes back as a `queue` update.";
    ClientRequest ChatCancel = "coworker/chat/cancel"
        (wire::SessionParams) -> wire::CancelResult,
        "Stops the running turn. The end comes as a `status` update with `stopReason: cancelled`.";
    ClientRequest ApprovalRespond = "coworker/approval/respond"
        (wire::ApprovalRespondParams) -> wire::Empty,
        "Answers an approval that is open, late or from a second client. The first answer wins.";
    ClientRequest ChangesGet = "coworker/changes/get"
        (wire::ChangesGetParams) -> wire::ChangesGetResult,
        "A change set in its documents of now: the texts without and with it, and its hunks.";
    ClientRequest ChangesList = "coworker/changes/list"
        (wire::ChangesListParams) -> wire::ChangesListResult,
        "The hunks of a session that stand in a document, wait for a decision or can be done again.";
    ClientRequest ChangesResolve = "coworker/changes/resolve"
        (wire::ChangesResolveParams) -> wire::ChangesResolveResult,
        "Decides hunks of a change set. Of those that wait, a yes applies and a no rejects; of \
         those that are applied, a yes keeps and a no takes back. When none waits any more, the \
         turn goes on. Answers what became of each.";
    ClientRequest ChangesUndo = "coworker/changes/undo"
        (wire::ChangesUndoParams) -> wire::ChangesUndoResult,
        "Takes back what the agent wrote: a hunk, a tool call, a turn or the session. What \
         somebody typed since stays, and so does the text of other sessions.";
    ClientRequest ChangesRedo = "coworker/changes/redo"
        (wire::ChangesUndoParams) -> wire::ChangesUndoResult,
        "Does again what was taken back.";
    ClientRequest CheckpointList = "coworker/checkpoint/list"
        (wire::SessionParams) -> wire::CheckpointListResult,
        "The points to which a session can be restored: before each turn, before what was decided \
         between turns, and before each restore.";
    ClientRequest CheckpointDiff = "coworker/checkpoint/diff"
        (wire::CheckpointDiffParams) -> wire::CheckpointDiffResult,
        "What a restore of the files to a point would change: those that the session changed \
         since, and that are not as they were then.";
    ClientRequest CheckpointRestore = "coworker/checkpoint/restore"
        (wire::CheckpointRestoreParams) -> wire::CheckpointRestoreResult,
        "Goes back to a point: with files, conversation, or both. Files become exactly what they \
         were, typed text included. Refused while a turn runs. It can be undone.";
    ClientRequest ConfigOptions = "coworker/config/options"
        (wire::ConfigOptionsParams) -> wire::ConfigOptionsResult,
        "What can be chosen for a session, and what is chosen now.";
    ClientRequest ConfigSet = "coworker/config/set"
        (wire::ConfigSetParams) -> wire::ConfigOptionsResult,
        "Chooses the mode or the model of a session.";
    ClientRequest DocumentsGet = "coworker/documents/get"
        (wire::DocumentParams) -> wire::DocumentResult,
        "A document as the agent sees it: the editor's text where it is open, else the file's.";
    ClientRequest Complete = "coworker/complete"
        (wire::CompleteParams) -> wire::CompleteResult,
        "What can be typed at a place of a prompt: slash commands, mentions of files, folders and \
         symbols.";
    ClientRequest ContextGet = "coworker/context/get"
        (wire::ContextParams) -> ContextReport,
        "What the next request to the model would be made of, with an estimate of the tokens of \
         each part.";
    ServerRequest ApprovalRequest = "coworker/approval/request"
        (wire::ApprovalRequestParams) -> Option<Answer>,
        "Asks the user. Sent to clients that announce `ui.approvals`. Null is no answer: the \
         question stays open for `coworker/approval/respond`.";
    ServerRequest Prompt = "coworker/prompt"
        (wire::PromptParams) -> Option<String>,
        "Asks the user for words, such as what to ask about a selection. Sent to clients that \
         announce `ui.prompt`. Null means that the user thought better of it.";
    ServerRequest DocumentsSave = "coworker/documents/save"
        (wire::SaveParams) -> Option<wire::Empty>,
        "Saves documents, because the user chose *save and run*. Sent to clients that announce \
         `host.save`. The server looks at the files afterwards, whatever the answer.";
    ServerRequest EditorDiagnostics = "coworker/editor/diagnostics"
        (wire::DiagnosticsParams) -> Option<wire::DiagnosticsResult>,
        "What the editor's language servers say about a document. Sent to clients that announce \
         `host.diagnostics`. Null when nothing is known of the document.";
    ServerNotification SessionUpdated = "coworker/session/update"
        (SessionUpdate) -> wire::Empty,
        "Something happened in a session that the client is attached to.";
}
