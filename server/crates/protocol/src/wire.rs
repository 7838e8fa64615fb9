//! Shapes that only exist between processes: URIs, and positions in the encoding that the
//! client and the server agreed on. A front end turns them into the words of the inside at once.

mod checkpoints;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    Answer, Approval, Completion, FileChangeKind, HunkDecision, HunkId, HunkState, ItemId, Mode,
    QueueChange, SessionId, SessionInfo, Severity, Stamp, SyntaxError, TurnId, UndoScope,
};

pub use checkpoints::{
    CheckpointDiffParams, CheckpointDiffResult, CheckpointFile, CheckpointInfo,
    CheckpointListResult, CheckpointRestoreParams, CheckpointRestoreResult, RefusedFile,
};

/// A place in a document. Same meaning as in LSP 3.17, `Position`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Position {
    /// Line, counted from 0.
    pub line: u32,
    /// Code units of the agreed position encoding before it in its line.
    pub character: u32,
}

/// A stretch of a document; the end is outside. Same meaning as in LSP 3.17, `Range`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Range {
    /// First position in it.
    pub start: Position,
    /// First position after it.
    pub end: Position,
}

/// What the client can do, in `capabilities.experimental.coworker` or
/// `initializationOptions.coworker`. With none of it, plain LSP is used.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientCapabilities {
    /// The protocol version the client was written for.
    pub version: u32,
    /// What the client draws.
    pub ui: ClientUi,
    /// What the client does for the server.
    pub host: ClientHost,
}

/// What the client draws by itself.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientUi {
    /// A chat pane: it gets `coworker/session/update`, and no chat document is opened.
    pub chat: bool,
    /// Questions: it answers `coworker/approval/request`, and no messages are shown.
    pub approvals: bool,
    /// A prompt for what to ask: the server asks for `coworker/prompt` where it needs words.
    pub prompt: bool,
    /// Questions of the agent: it draws approvals whose subject is `questions`, with choices and
    /// words of the user's own. Without it such a question is a message with its first choices.
    pub questions: bool,
    /// Hunks: it marks them in their documents and has its own ways to decide about them. Without
    /// it there are code lenses, code actions and a review document for them.
    pub hunks: bool,
}

/// What the client does for the server beside drawing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ClientHost {
    /// It answers `coworker/documents/save`.
    pub save: bool,
    /// It answers `coworker/editor/diagnostics`.
    pub diagnostics: bool,
}

/// What the server can do, in the result's `capabilities.experimental.coworker`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerCapabilities {
    /// [`crate::PROTOCOL_VERSION`].
    pub protocol_version: u32,
    /// The methods of the `coworker/` namespace that it answers.
    pub methods: Vec<String>,
}

/// Parameters of `coworker/chat`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatParams {
    /// The session; without it the connection's own, which is made when there is none.
    #[serde(default)]
    pub session_id: Option<SessionId>,
    /// The prompt.
    pub text: String,
    /// What the user points at.
    #[serde(default)]
    pub context: Vec<ChatContext>,
    /// If a turn runs, put this to the model with its next request instead of after the turn.
    #[serde(default)]
    pub steer: bool,
}

/// Something the user points at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatContext {
    /// The document.
    pub uri: String,
    /// The selection in it; without it the document as a whole is meant.
    #[serde(default)]
    pub range: Option<Range>,
    /// Where the cursor stands in it; told to the model where nothing is selected.
    #[serde(default)]
    pub cursor: Option<Position>,
}

/// Result of `coworker/chat`. The answer comes as updates; its end is a `status` update.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatResult {
    /// The session.
    pub session_id: SessionId,
    /// The turn that this prompt is.
    pub turn_id: TurnId,
    /// Whether it waits for a turn that runs. If that turn does not complete, the prompt is not
    /// sent, and a notice of this turn says so.
    pub queued: bool,
}

/// Parameters of `coworker/chat/queue`: changes a prompt that waits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueParams {
    /// The session.
    pub session_id: SessionId,
    /// The turn that the prompt will be.
    pub turn_id: TurnId,
    /// What to do with it.
    pub change: QueueChange,
}

/// Names a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionParams {
    /// The session.
    pub session_id: SessionId,
}

/// Parameters of `coworker/session/fork`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForkParams {
    /// The session.
    pub session_id: SessionId,
    /// The first item that is left out; without it all are taken along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<ItemId>,
}

/// Result of `coworker/session/fork`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ForkResult {
    /// The new session.
    pub session: SessionInfo,
}

/// Parameters of `coworker/session/resend`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResendParams {
    /// The session.
    pub session_id: SessionId,
    /// The prompt that is sent again.
    pub item_id: ItemId,
    /// What it says now. What it pointed at stays, what it mentions is looked up again.
    pub text: String,
    /// Whether the files that the session changed since are put back first, as a restore of the
    /// checkpoint does. Text that was typed into them since goes with it.
    #[serde(default)]
    pub files: bool,
}

/// Result of `coworker/chat/cancel`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CancelResult {
    /// Whether a turn was running.
    pub cancelled: bool,
}

/// Parameters of `coworker/session/new`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct NewSessionParams {
    /// The folder to work in, as a `file:` URI or an absolute path; without it the client's
    /// first workspace folder.
    pub root: Option<String>,
    /// Further folders of the same work, likewise; without `root` the client's other workspace
    /// folders.
    pub folders: Vec<String>,
    /// The mode; without it the configured one.
    pub mode: Option<Mode>,
    /// The model as `provider/name`; without it the configured one.
    pub model: Option<String>,
}

/// Parameters of `coworker/session/list`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ListSessionsParams {
    /// Only sessions of this folder, a `file:` URI or an absolute path.
    pub root: Option<String>,
}

/// Result of `coworker/session/list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListSessionsResult {
    /// The sessions, the last used first.
    pub sessions: Vec<SessionInfo>,
}

/// Parameters of `coworker/session/attach`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttachParams {
    /// The session.
    pub session_id: SessionId,
    /// The epoch of an earlier attachment.
    #[serde(default)]
    pub epoch: Option<String>,
    /// The last update seen in that epoch; only newer ones are sent.
    #[serde(default)]
    pub after_seq: Option<u64>,
}

/// Result of `coworker/session/attach` and `coworker/session/new`. The updates missed are sent
/// before this result, then the live ones.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AttachResult {
    /// The session.
    pub session: SessionInfo,
    /// Changes when the process that numbers the updates does.
    pub epoch: String,
    /// Every update up to this number was sent before this result.
    pub seq: u64,
    /// Whether the updates sent begin at the session's beginning: forget what was known.
    pub from_start: bool,
}

/// Parameters of `coworker/approval/request`, from the server to the client. The result is an
/// [`Answer`] or null, and null is no answer. The question is also open to
/// `coworker/approval/respond`; the first answer wins and ends the approval's item.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalRequestParams {
    /// The session.
    pub session_id: SessionId,
    /// The approval's item.
    pub approval_id: ItemId,
    /// The question.
    pub approval: Approval,
}

/// Parameters of `coworker/approval/respond`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalRespondParams {
    /// The session.
    pub session_id: SessionId,
    /// The approval's item.
    pub approval_id: ItemId,
    /// The answer.
    pub answer: Answer,
}

/// Parameters of `coworker/changes/get`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangesGetParams {
    /// The session.
    pub session_id: SessionId,
    /// The change set's item.
    pub change_set_id: ItemId,
}

/// Result of `coworker/changes/get`: a change set ready to draw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangesGetResult {
    /// The files, each once.
    pub files: Vec<ProposedFile>,
}

/// One file of a change set, before and after.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProposedFile {
    /// The document.
    pub uri: String,
    /// What happens to the file as a whole.
    pub kind: FileChangeKind,
    /// Where the file goes; only if it is moved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Faults in the syntax of the proposed text that the text before did not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub syntax_errors: Vec<SyntaxError>,
    /// The text before and after; none when the document is no longer the one the edits were
    /// made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub texts: Option<ProposedTexts>,
    /// The proposal as a unified diff, as it was made.
    pub diff: String,
    /// What is decided one by one.
    pub hunks: Vec<PlacedHunk>,
}

/// A hunk where it stands in its document now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlacedHunk {
    /// The hunk.
    pub hunk_id: HunkId,
    /// The change set it is part of.
    pub change_set_id: ItemId,
    /// The tool call that made it.
    pub item_id: ItemId,
    /// The turn it was made in.
    pub turn_id: TurnId,
    /// The document.
    pub uri: String,
    /// Where it stands.
    pub state: HunkState,
    /// The whole lines that it would change, or that it changed; none where it has no place any
    /// more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// Those lines without it.
    pub before: String,
    /// Those lines with it.
    pub after: String,
    /// Whether it can be accepted with other lines: `text` of a decision.
    #[serde(default)]
    pub can_be_reworded: bool,
    /// Hunks that it builds on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<HunkId>,
    /// Why, in the model's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Whether the user put other words in place of the proposal.
    #[serde(default)]
    pub edited: bool,
    /// What the user said about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
}

/// Parameters of `coworker/changes/list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangesListParams {
    /// The session.
    pub session_id: SessionId,
    /// Only those in this document.
    #[serde(default)]
    pub uri: Option<String>,
}

/// Result of `coworker/changes/list`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangesListResult {
    /// The hunks, by change set and document.
    pub hunks: Vec<PlacedHunk>,
}

/// Parameters of `coworker/changes/undo` and `coworker/changes/redo`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangesUndoParams {
    /// The session.
    pub session_id: SessionId,
    /// Which hunks.
    pub scope: UndoScope,
}

/// Result of `coworker/changes/undo` and `coworker/changes/redo`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangesUndoResult {
    /// The hunks that were taken back, or done again.
    pub hunks: Vec<HunkId>,
    /// The documents that they are in, each once.
    pub files: Vec<String>,
    /// Those that could not be, and stand as they were.
    pub refused: Vec<RefusedHunk>,
}

/// A hunk that cannot be taken back or done again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RefusedHunk {
    /// The hunk.
    pub hunk_id: HunkId,
    /// The document.
    pub uri: String,
    /// Its first line there, counted from 1; none where it has no place any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Why, in whole sentences for people: with the file, the line and what can be done.
    pub reason: String,
}

/// A document without and with what is proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProposedTexts {
    /// The text now; empty when the file would be created.
    pub before: String,
    /// The text with every edit in it.
    pub after: String,
}

/// Parameters of `coworker/changes/resolve`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangesResolveParams {
    /// The session.
    pub session_id: SessionId,
    /// The change set's item.
    pub change_set_id: ItemId,
    /// The decision on every hunk that waits and is not named in `hunks`; without it those stay
    /// as they are.
    #[serde(default)]
    pub accept: Option<bool>,
    /// Only hunks of this document are meant by `accept`.
    #[serde(default)]
    pub uri: Option<String>,
    /// What the user said about it; the model is told.
    #[serde(default)]
    pub reason: Option<String>,
    /// Decisions on single hunks.
    #[serde(default)]
    pub hunks: Vec<HunkDecision>,
}

/// Result of `coworker/changes/resolve`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangesResolveResult {
    /// The hunks that were decided about, and those that fell with them.
    pub hunks: Vec<DecidedHunk>,
}

/// What became of a hunk by a decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecidedHunk {
    /// The hunk.
    pub hunk_id: HunkId,
    /// The document.
    pub uri: String,
    /// Its first line there, counted from 1; none where it has no place any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// Where it stands now: `pending` if it could not be applied for the moment, so that it can be
    /// decided once more.
    pub state: HunkState,
    /// Why it is not what was decided, in whole sentences for people: with the file, the line and
    /// what can be done. None if it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Parameters of `coworker/config/options`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigOptionsParams {
    /// The session whose choices are asked for; without it those of a new one.
    pub session_id: Option<SessionId>,
}

/// Result of `coworker/config/options` and `coworker/config/set`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigOptionsResult {
    /// What can be chosen.
    pub options: Vec<ConfigOption>,
}

/// One thing to choose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigOption {
    /// `mode`, `model` or `trust`.
    pub id: String,
    /// The value now.
    pub current: String,
    /// The values there are.
    pub choices: Vec<ConfigChoice>,
}

/// One value to choose.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigChoice {
    /// The value.
    pub value: String,
    /// What it means, in one line.
    pub description: String,
    /// Why it cannot be chosen now, and what helps; none if it can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unavailable: Option<String>,
}

/// Parameters of `coworker/config/set`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConfigSetParams {
    /// The session.
    pub session_id: SessionId,
    /// The mode to take on.
    #[serde(default)]
    pub mode: Option<Mode>,
    /// The model to use from the next request on, as `provider/name`.
    #[serde(default)]
    pub model: Option<String>,
    /// Whether the session's folder is trusted: its configuration, skills and slash commands
    /// count only then. Remembered for the folder.
    #[serde(default)]
    pub trust: Option<bool>,
}

/// Parameters of `coworker/documents/get`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentParams {
    /// The document.
    pub uri: String,
}

/// Result of `coworker/documents/get`: the document as the agent sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DocumentResult {
    /// The text.
    pub text: String,
    /// The client's version of it; none for a document that is open in no editor.
    pub version: Option<i32>,
    /// Our own revision and the text's hash.
    #[serde(flatten)]
    pub stamp: Stamp,
}

/// A result with nothing in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Empty {}

/// Parameters of `coworker/prompt`, from the server to the client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromptParams {
    /// What is asked for, such as `Ask Coworker about fn main`.
    pub title: String,
    /// What to put in as a start; may be empty.
    pub text: String,
}

/// Parameters of `coworker/documents/save`, from the server to the client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SaveParams {
    /// The documents to save.
    pub uris: Vec<String>,
}

/// Parameters of `coworker/editor/diagnostics`, from the server to the client.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiagnosticsParams {
    /// The document; without it every document the client has diagnostics of.
    #[serde(default)]
    pub uri: Option<String>,
    /// Wait until the document has reached this version and its language servers have spoken
    /// about it; without it the answer is what is known now.
    #[serde(default)]
    pub min_version: Option<i32>,
    /// How long the diagnostics must not have changed to count as settled, in milliseconds.
    pub settle_ms: u64,
    /// How long to wait at most, in milliseconds.
    pub timeout_ms: u64,
}

/// Result of `coworker/editor/diagnostics`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DiagnosticsResult {
    /// The problems.
    pub items: Vec<WireDiagnostic>,
    /// The version of the document they are for, where the client knows it.
    #[serde(default)]
    pub version: Option<i32>,
    /// Whether the language servers have spoken about this version, or the time ran out.
    pub fresh: bool,
    /// The language servers that look at the document; with none of them, no problem means
    /// nothing.
    #[serde(default)]
    pub servers: Vec<String>,
}

/// One problem, in the client's positions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WireDiagnostic {
    /// The document.
    pub uri: String,
    /// Where.
    pub range: Range,
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Who says so.
    #[serde(default)]
    pub source: String,
    /// Its code there.
    #[serde(default)]
    pub code: String,
}

/// Parameters of `coworker/complete`: what can be typed at a place of a prompt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompleteParams {
    /// The session; without it the connection's own.
    #[serde(default)]
    pub session_id: Option<SessionId>,
    /// The prompt up to the cursor.
    pub text: String,
}

/// Result of `coworker/complete`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CompleteResult {
    /// Where in `text` the completed word begins, in UTF-8 bytes.
    pub start: usize,
    /// What can stand there, the likeliest first.
    pub items: Vec<Completion>,
}

/// Parameters of `coworker/context/get`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ContextParams {
    /// The session.
    pub session_id: SessionId,
    /// A prompt that is not sent yet; its mentions are counted.
    #[serde(default)]
    pub text: String,
}
