// Made from server/crates/protocol by `UPDATE=1 cargo test --test generated`.

/** An absolute path in UTF-8 without `.` and `..` parts.
 *
 * It says nothing about the disk: the file may be missing, or be a link to somewhere else.
 * Resolving links is the job of the room that reads the disk. */
export type AbsPath = string;

/** The answer to an approval. */
export type Answer = {
  /** The decision. */
  decision: Decision;
  /** What the user said about it; the model is told. */
  reason?: string | null;
  /** Decisions on single edits that differ from `decision`; only for change sets. */
  edits?: Array<EditDecision>;
  /** Who answered: a client's name, or how it was answered otherwise. */
  by?: string;
};

/** A question to the user, and its answer once there is one. */
export type Approval = {
  /** One line that says what would happen. */
  title: string;
  /** What is asked about. */
  subject: ApprovalSubject;
  /** Why it is asked, in one sentence. */
  why: string;
  /** The answers there are, the safe one first. */
  options: Array<ApprovalOption>;
  /** The answer, when it has been given. */
  answer?: Answer | null;
};

/** One possible answer. */
export type ApprovalOption = {
  /** What choosing it means. */
  decision: Decision;
  /** What to show, ready for a button. */
  label: string;
  /** The exact rules it would add, for `session` and `always`. */
  rules?: Array<Rule>;
};

/** Parameters of `coworker/approval/request`, from the server to the client. The result is an
 * [`Answer`] or null, and null is no answer. The question is also open to
 * `coworker/approval/respond`; the first answer wins and ends the approval's item. */
export type ApprovalRequestParams = {
  /** The session. */
  sessionId: SessionId;
  /** The approval's item. */
  approvalId: ItemId;
  /** The question. */
  approval: Approval;
};

/** Parameters of `coworker/approval/respond`. */
export type ApprovalRespondParams = {
  /** The session. */
  sessionId: SessionId;
  /** The approval's item. */
  approvalId: ItemId;
  /** The answer. */
  answer: Answer;
};

/** What an approval is about. */
export type ApprovalSubject = 
/** A tool call and all it would do. */
| {
  kind: "toolCall";
  /** The tool call's item. */
  itemId: ItemId;
  /** What it would do. */
  effects: Array<Effect>;
}
/** The edits of one model response. Their review is their approval. */
| {
  kind: "changes";
  /** The change set's item; `coworker/changes/get` has its texts. */
  itemId: ItemId;
}
/** A plan. */
| {
  kind: "plan";
  /** The plan's item. */
  itemId: ItemId;
};

/** Parameters of `coworker/session/attach`. */
export type AttachParams = {
  /** The session. */
  sessionId: SessionId;
  /** The epoch of an earlier attachment. */
  epoch?: string | null;
  /** The last update seen in that epoch; only newer ones are sent. */
  afterSeq?: number | null;
};

/** Result of `coworker/session/attach` and `coworker/session/new`. The updates missed are sent
 * before this result, then the live ones. */
export type AttachResult = {
  /** The session. */
  session: SessionInfo;
  /** Changes when the process that numbers the updates does. */
  epoch: string;
  /** Every update up to this number was sent before this result. */
  seq: number;
  /** Whether the updates sent begin at the session's beginning: forget what was known. */
  fromStart: boolean;
};

/** Result of `coworker/chat/cancel`. */
export type CancelResult = {
  /** Whether a turn was running. */
  cancelled: boolean;
};

/** All edits of one model response. */
export type ChangeSet = {
  /** The files it touches, each once. */
  files: Array<FileChange>;
};

/** Parameters of `coworker/changes/get`. */
export type ChangesGetParams = {
  /** The session. */
  sessionId: SessionId;
  /** The change set's item. */
  changeSetId: ItemId;
};

/** Result of `coworker/changes/get`: a change set ready to draw. */
export type ChangesGetResult = {
  /** The files, each once. */
  files: Array<ProposedFile>;
};

/** Parameters of `coworker/changes/resolve`: answers the approval of a change set. */
export type ChangesResolveParams = {
  /** The session. */
  sessionId: SessionId;
  /** The change set's item. */
  changeSetId: ItemId;
  /** Whether the edits not named in `edits` may be applied. */
  accept: boolean;
  /** What the user said about it; the model is told. */
  reason?: string | null;
  /** Decisions on single edits. */
  edits?: Array<EditDecision>;
};

/** Something the user points at. */
export type ChatContext = {
  /** The document. */
  uri: string;
  /** The selection in it; without it the document as a whole is meant. */
  range?: Range | null;
};

/** Parameters of `coworker/chat`. */
export type ChatParams = {
  /** The session; without it the connection's own, which is made when there is none. */
  sessionId?: SessionId | null;
  /** The prompt. */
  text: string;
  /** What the user points at. */
  context?: Array<ChatContext>;
};

/** Result of `coworker/chat`. The answer comes as updates; its end is a `status` update. */
export type ChatResult = {
  /** The session. */
  sessionId: SessionId;
  /** The turn that this prompt is. */
  turnId: TurnId;
  /** Whether it waits for a turn that runs. If that turn does not complete, the prompt is not
   * sent, and a notice of this turn says so. */
  queued: boolean;
};

/** What the client can do, in `capabilities.experimental.coworker` or
 * `initializationOptions.coworker`. With none of it, plain LSP is used. */
export type ClientCapabilities = {
  /** The protocol version the client was written for. */
  version?: number;
  /** What the client draws. */
  ui?: ClientUi;
};

/** What the client draws by itself. */
export type ClientUi = {
  /** A chat pane: it gets `coworker/session/update`, and no chat document is opened. */
  chat?: boolean;
  /** Questions: it answers `coworker/approval/request`, and no messages are shown. */
  approvals?: boolean;
  /** A prompt for what to ask: the server asks for `coworker/prompt` where it needs words. */
  prompt?: boolean;
};

/** One value to choose. */
export type ConfigChoice = {
  /** The value. */
  value: string;
  /** What it means, in one line. */
  description: string;
};

/** One thing to choose. */
export type ConfigOption = {
  /** `mode` or `model`. */
  id: string;
  /** The value now. */
  current: string;
  /** The values there are. */
  choices: Array<ConfigChoice>;
};

/** Parameters of `coworker/config/options`. */
export type ConfigOptionsParams = {
  /** The session whose choices are asked for; without it those of a new one. */
  sessionId?: SessionId | null;
};

/** Result of `coworker/config/options` and `coworker/config/set`. */
export type ConfigOptionsResult = {
  /** What can be chosen. */
  options: Array<ConfigOption>;
};

/** Parameters of `coworker/config/set`. */
export type ConfigSetParams = {
  /** The session. */
  sessionId: SessionId;
  /** The mode to take on. */
  mode?: Mode | null;
  /** The model to use from the next request on, as `provider/name`. */
  model?: string | null;
};

/** Something the user pointed at. */
export type ContextPart = 
/** A file the user has in front of them. */
| {
  kind: "file";
  /** The file. */
  path: AbsPath;
}
/** A stretch of text the user selected. */
| {
  kind: "selection";
  /** The file it is in. */
  path: AbsPath;
  /** The first line, counted from 1. */
  firstLine: number;
  /** The last line, counted from 1. */
  lastLine: number;
  /** The selected text, unsaved changes included. */
  text: string;
  /** The function, type or section around it, outermost first: `impl Stack > fn pop`. */
  symbol?: string | null;
}
/** Problems the editor shows. */
| {
  kind: "problems";
  /** The file they are in. */
  path: AbsPath;
  /** One line each: `12:5 error: expected ;`. */
  lines: Array<string>;
};

/** How an approval was decided. */
export type Decision = "reject" | "once" | "session" | "always" | "withdrawn";

/** Parameters of `coworker/documents/get`. */
export type DocumentParams = {
  /** The document. */
  uri: string;
};

/** Result of `coworker/documents/get`: the document as the agent sees it. */
export type DocumentResult = {
  /** The text. */
  text: string;
  /** The client's version of it; none for a document that is open in no editor. */
  version?: number | null;
  /** Counts the changes of the document in this process; our own, not an editor's version. */
  revision: number;
  /** SHA-256 of the text in UTF-8, in hexadecimal. */
  hash: string;
};

/** What one tool call changes in one file. */
export type Edit = {
  /** Names the edit; stable for as long as the change set exists. */
  id: EditId;
  /** The tool call that made it. */
  itemId: ItemId;
  /** What is replaced, in ascending order, without overlap. */
  replacements: Array<Replacement>;
  /** Earlier edits of this file whose new text this one touches: rejecting one rejects this. */
  dependsOn?: Array<EditId>;
  /** Where it stands. */
  state: EditState;
};

/** The decision on one edit of a change set. */
export type EditDecision = {
  /** The edit. */
  editId: EditId;
  /** Whether it may be applied. */
  accept: boolean;
  /** What the user said about it; the model is told. */
  reason?: string | null;
};

/** Names one edit inside a change set. */
export type EditId = string;

/** Where an edit stands. */
export type EditState = 
/** Waits for a decision. */
| {
  kind: "pending";
}
/** The user said yes; it is on its way into the document. */
| {
  kind: "accepted";
}
/** The user said no. */
| {
  kind: "rejected";
  /** What the user said about it. */
  reason?: string | null;
}
/** It is in the document. */
| {
  kind: "applied";
}
/** It was not applied, or was not seen in the document; nothing the user typed was touched. */
| {
  kind: "conflicted";
  /** Why. */
  reason: string;
};

/** What a prepared tool call would do. Paths are resolved: links are followed. */
export type Effect = 
/** Reads a file or folder. */
| {
  kind: "read";
  /** What is read. */
  path: AbsPath;
}
/** Creates or changes a file. */
| {
  kind: "write";
  /** What is written. */
  path: AbsPath;
}
/** Runs a command in a shell. */
| {
  kind: "run";
  /** The whole command line. */
  command: string;
  /** The folder it runs in. */
  folder: AbsPath;
}
/** Asks for a plan to be approved, which ends the read-only mode. */
| {
  kind: "submitPlan";
};

/** A result with nothing in it. */
export type Empty = {
};

/** What went wrong, as a stable string; in JSON-RPC it travels as `data.code`. */
export type ErrorCode = "invalidParams" | "sessionNotFound" | "sessionInUse" | "sessionBusy" | "queueFull" | "approvalNotFound" | "changeSetNotFound" | "documentNotFound" | "notAFile" | "notUtf8" | "documentTooBig" | "fileSystem" | "badPath" | "editNotFound" | "editAmbiguous" | "editStale" | "editRefused" | "editUnconfirmed" | "unknownTool" | "badToolArguments" | "toolFailed" | "commandTimedOut" | "denied" | "rejected" | "cancelled" | "interrupted" | "modelUnavailable" | "modelUnauthorized" | "modelOverloaded" | "modelRefused" | "modelBrokeOff" | "turnTooLong" | "storeLocked" | "storeReadOnly" | "storeFailed" | "internal";

/** An error in words and code; in JSON-RPC it travels as `message` and `data`. */
export type ErrorInfo = {
  /** What went wrong, for programs. */
  code: ErrorCode;
  /** What went wrong and the way out, for people. */
  message: string;
};

/** The edits of a change set in one file. */
export type FileChange = {
  /** The file, resolved. */
  path: AbsPath;
  /** Whether the file comes into being. */
  kind: FileChangeKind;
  /** The document the edits were made for; none when the file is created. */
  base?: Stamp | null;
  /** The edits in the order the model made them, each against the text the one before it left. */
  edits: Array<Edit>;
  /** The whole proposal as a unified diff, for people. */
  diff: string;
};

/** What happens to a file. */
export type FileChangeKind = "edit" | "create";

/** One durable thing in the journal. */
export type Item = {
  /** Names the item; stable and never reused. */
  id: ItemId;
  /** The turn it belongs to. */
  turnId: TurnId;
  /** When it began, in milliseconds since 1970 in UTC. */
  at: number;
} & (
/** What the user asked. */
| UserMessage & {
  kind: "userMessage";
}
/** What the model said. */
| {
  kind: "agentMessage";
  /** The text, in Markdown. */
  text: string;
}
/** What the model thought, as far as its provider tells. */
| {
  kind: "reasoning";
  /** The text; may be empty where the provider hides it. */
  text: string;
  /** What the provider wants back unchanged in the next request. */
  providerData?: unknown;
}
/** A tool that the model called. */
| ToolCall & {
  kind: "toolCall";
}
/** A plan that the model submitted. */
| Plan & {
  kind: "plan";
}
/** A question to the user. */
| Approval & {
  kind: "approval";
}
/** Proposed edits. */
| ChangeSet & {
  kind: "changeSet";
}
/** The whole todo list as it is from here on. */
| {
  kind: "todos";
  /** The list. */
  todos: Array<Todo>;
}
/** Something the user should know. */
| Notice & {
  kind: "notice";
}
);

/** Names an item. Approvals, change sets, plans and tool calls are items and go by this id. */
export type ItemId = string;

/** Parameters of `coworker/session/list`. */
export type ListSessionsParams = {
  /** Only sessions of this folder, a `file:` URI or an absolute path. */
  root?: string | null;
};

/** Result of `coworker/session/list`. */
export type ListSessionsResult = {
  /** The sessions, the last used first. */
  sessions: Array<SessionInfo>;
};

/** How freely the agent may act. */
export type Mode = "ask" | "plan";

/** Parameters of `coworker/session/new`. */
export type NewSessionParams = {
  /** The folder to work in, as a `file:` URI or an absolute path; without it the client's
   * first workspace folder. */
  root?: string | null;
  /** The mode; without it the configured one. */
  mode?: Mode | null;
  /** The model as `provider/name`; without it the configured one. */
  model?: string | null;
};

/** Something the user should know. */
export type Notice = {
  /** How much it matters. */
  level: NoticeLevel;
  /** What it is about, for programs. */
  code?: ErrorCode | null;
  /** The sentence. */
  text: string;
};

/** How much a notice matters. */
export type NoticeLevel = "info" | "warning" | "error";

/** A plan that the model submitted. */
export type Plan = {
  /** What it is about, in a sentence or two. */
  summary: string;
  /** What will be done, in order. */
  steps: Array<string>;
  /** Where it stands. */
  status: PlanStatus;
};

/** Where a plan stands. */
export type PlanStatus = "proposed" | "approved" | "rejected";

/** A place in a document. Same meaning as in LSP 3.17, `Position`. */
export type Position = {
  /** Line, counted from 0. */
  line: number;
  /** Code units of the agreed position encoding before it in its line. */
  character: number;
};

/** Parameters of `coworker/prompt`, from the server to the client. */
export type PromptParams = {
  /** What is asked for, such as `Ask Coworker about fn main`. */
  title: string;
  /** What to put in as a start; may be empty. */
  text: string;
};

/** One file of a change set, before and after. */
export type ProposedFile = {
  /** The document. */
  uri: string;
  /** Whether it comes into being. */
  kind: FileChangeKind;
  /** The text before and after; none when the document is no longer the one the edits were
   * made for. */
  texts?: ProposedTexts | null;
  /** The proposal as a unified diff. */
  diff: string;
};

/** A document without and with what is proposed. */
export type ProposedTexts = {
  /** The text now; empty when the file would be created. */
  before: string;
  /** The text with every edit in it. */
  after: string;
};

/** A prompt that waits for the turn before it. */
export type QueuedPrompt = {
  /** The turn it will be. */
  turnId: TurnId;
  /** What will be asked. */
  message: UserMessage;
};

/** A stretch of a document; the end is outside. Same meaning as in LSP 3.17, `Range`. */
export type Range = {
  /** First position in it. */
  start: Position;
  /** First position after it. */
  end: Position;
};

/** A stretch of text and what comes in its place. */
export type Replacement = {
  /** First byte that is replaced. */
  start: number;
  /** First byte after it. */
  end: number;
  /** The new text. */
  text: string;
};

/** A remembered permission. It covers exactly this effect and nothing like it. */
export type Rule = {
  /** What is allowed without asking. */
  allow: Effect;
};

/** What the server can do, in the result's `capabilities.experimental.coworker`. */
export type ServerCapabilities = {
  /** [`crate::PROTOCOL_VERSION`]. */
  protocolVersion: number;
  /** The methods of the `coworker/` namespace that it answers. */
  methods: Array<string>;
};

/** Names a session: one conversation with its journal. */
export type SessionId = string;

/** A session in a list. */
export type SessionInfo = {
  /** Names the session. */
  id: SessionId;
  /** The folder it works in. */
  root: AbsPath;
  /** The first line of its first prompt; empty before it. */
  title: string;
  /** When it began, in milliseconds since 1970 in UTC. */
  createdAt: number;
  /** When something last happened in it, likewise. */
  updatedAt: number;
};

/** Names a session. */
export type SessionParams = {
  /** The session. */
  sessionId: SessionId;
};

/** One update of one session, as it travels to front ends. */
export type SessionUpdate = {
  /** The session. */
  sessionId: SessionId;
  /** Rises with every update of the session. Gaps are normal: merged deltas leave them. */
  seq: number;
  /** What happened. */
  update: Update;
};

/** The state of a document that an edit was made for. */
export type Stamp = {
  /** Counts the changes of the document in this process; our own, not an editor's version. */
  revision: number;
  /** SHA-256 of the text in UTF-8, in hexadecimal. */
  hash: string;
};

/** Whether a turn runs. */
export type Status = 
/** A turn runs. */
| {
  state: "running";
  /** The turn. */
  turnId: TurnId;
}
/** No turn runs. */
| {
  state: "idle";
  /** The turn that ended; none before the first. */
  turnId?: TurnId | null;
  /** Why it ended; none before the first. */
  stopReason?: StopReason | null;
  /** What went wrong, when `stopReason` is `error`. */
  error?: ErrorInfo | null;
};

/** Why a turn ended. */
export type StopReason = "completed" | "cancelled" | "interrupted" | "error";

/** One thing to do. */
export type Todo = {
  /** What to do, as an order: `Run the tests`. */
  content: string;
  /** The same while it is being done: `Running the tests`. */
  activeForm: string;
  /** Where it stands. */
  status: TodoStatus;
};

/** Where a todo stands. */
export type TodoStatus = "pending" | "in_progress" | "completed";

/** A tool that the model called. */
export type ToolCall = {
  /** The name the provider gave the call. */
  callId: string;
  /** Which model response of the turn made it, counted from 1. */
  step: number;
  /** The tool. */
  name: string;
  /** One line for people, such as `Read src/main.rs`. */
  title: string;
  /** The arguments as the model wrote them; the raw text as a string when they are not JSON. */
  input: unknown;
  /** Where it stands. */
  status: ToolCallStatus;
  /** What it would do or did. */
  effects?: Array<Effect>;
  /** What came of it, as the model is told. While the call runs, deltas add to its text. */
  output?: ToolOutput | null;
};

/** Where a tool call stands. */
export type ToolCallStatus = "pending" | "running" | "completed" | "failed" | "rejected" | "cancelled" | "interrupted";

/** What a tool call came to. */
export type ToolOutput = {
  /** The text the model reads. */
  text: string;
  /** The error, when it is one. */
  error?: ErrorCode | null;
};

/** Names a turn: from one prompt to the end of its answer. */
export type TurnId = string;

/** What happened in a session. */
export type Update = 
/** An item began. */
| {
  kind: "itemStarted";
  /** The item as it is now. */
  item: Item;
}
/** An open item changed: a tool call began to run, an edit was decided. */
| {
  kind: "itemChanged";
  /** The whole item as it is now. */
  item: Item;
}
/** An item will not change any more. */
| {
  kind: "itemEnded";
  /** The whole item. What deltas brought before is contained in it. */
  item: Item;
}
/** More text of an open item: a message, reasoning, or the output of a tool call. */
| {
  kind: "delta";
  /** The item. */
  itemId: ItemId;
  /** Where in the item's text it goes, in UTF-8 bytes. */
  offset: number;
  /** The text. */
  text: string;
}
/** A turn began or ended. */
| Status & {
  kind: "status";
}
/** What the session has used up to now. */
| Usage & {
  kind: "usage";
}
/** The mode or the model changed. */
| {
  kind: "config";
  /** The mode. */
  mode: Mode;
  /** The model, as `provider/name`. */
  model: string;
}
/** The prompts that wait, all of them. */
| {
  kind: "queue";
  /** In the order they will be sent. */
  prompts: Array<QueuedPrompt>;
}
/** Updates were left out for a client that did not keep up: attach again after this number.
 * The update's own `seq` is the same number. */
| {
  kind: "resync";
  /** The last number the client can have seen. */
  fromSeq: number;
};

/** Tokens, as the provider counts them. */
export type Usage = {
  /** Tokens sent, those from the cache included. */
  inputTokens: number;
  /** Tokens received. */
  outputTokens: number;
  /** Tokens sent that the provider had in its cache. */
  cachedTokens: number;
};

/** What the user asked, with what they pointed at. */
export type UserMessage = {
  /** The prompt, as typed. */
  text: string;
  /** What the user pointed at, as it was then. */
  context?: Array<ContextPart>;
};

/** What the client may ask, by method. */
export interface ClientRequests {
  /** Starts a session and attaches the client to it. */
  "coworker/session/new": { params: NewSessionParams; result: AttachResult };
  /** Lists the sessions, the last used first. */
  "coworker/session/list": { params: ListSessionsParams; result: ListSessionsResult };
  /** Sends the updates that were missed and then the live ones. A session that a process left in the middle of a turn is shown as interrupted; nothing in it runs again by itself. */
  "coworker/session/attach": { params: AttachParams; result: AttachResult };
  /** Deletes a session and its journal for good. Refused while a turn runs. */
  "coworker/session/delete": { params: SessionParams; result: Empty };
  /** Sends a prompt. Answered at once; what happens comes as updates, and the end of the turn is a `status` update. While a turn runs the prompt waits in the queue. */
  "coworker/chat": { params: ChatParams; result: ChatResult };
  /** Stops the running turn. The end comes as a `status` update with `stopReason: cancelled`. */
  "coworker/chat/cancel": { params: SessionParams; result: CancelResult };
  /** Answers an approval that is open, late or from a second client. The first answer wins. */
  "coworker/approval/respond": { params: ApprovalRespondParams; result: Empty };
  /** The texts of a change set before and after, for a preview. */
  "coworker/changes/get": { params: ChangesGetParams; result: ChangesGetResult };
  /** Decides a change set that waits: as a whole, or edit by edit. */
  "coworker/changes/resolve": { params: ChangesResolveParams; result: Empty };
  /** What can be chosen for a session, and what is chosen now. */
  "coworker/config/options": { params: ConfigOptionsParams; result: ConfigOptionsResult };
  /** Chooses the mode or the model of a session. */
  "coworker/config/set": { params: ConfigSetParams; result: ConfigOptionsResult };
  /** A document as the agent sees it: the editor's text where it is open, else the file's. */
  "coworker/documents/get": { params: DocumentParams; result: DocumentResult };
}

/** What the server may ask, by method. */
export interface ServerRequests {
  /** Asks the user. Sent to clients that announce `ui.approvals`. Null is no answer: the question stays open for `coworker/approval/respond`. */
  "coworker/approval/request": { params: ApprovalRequestParams; result: Answer | null };
  /** Asks the user for words, such as what to ask about a selection. Sent to clients that announce `ui.prompt`. Null means that the user thought better of it. */
  "coworker/prompt": { params: PromptParams; result: string | null };
}

/** What the server tells, by method. */
export interface ServerNotifications {
  /** Something happened in a session that the client is attached to. */
  "coworker/session/update": { params: SessionUpdate; result: Empty };
}
