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
  /** Decisions on single hunks that differ from `decision`; only for change sets. */
  hunks?: Array<HunkDecision>;
  /** The answers to the agent's questions, one for each; only for questions. */
  answers?: Array<QuestionAnswer>;
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
  /** Documents that the agent edited and that are not saved: a command would not see the
   * edits. Where an editor can save them, `saveAndRun` is among the options. */
  unsaved?: Array<AbsPath>;
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
}
/** Questions of the agent. The answer has one [`QuestionAnswer`] for each, in their order. */
| {
  kind: "questions";
  /** The tool call's item. */
  itemId: ItemId;
  /** The questions. */
  questions: Array<Question>;
}
/** More tokens or money than a budget has. A yes grants so many more of them. */
| {
  kind: "budget";
  /** Whose budget it is. */
  scope: BudgetScope;
  /** How many budgets a yes grants: as many as are used up already, or would be. */
  more?: number;
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

/** What a budget is for. */
export type BudgetScope = "turn" | "session" | "day";

/** Result of `coworker/chat/cancel`. */
export type CancelResult = {
  /** Whether a turn was running. */
  cancelled: boolean;
};

/** All edits of one model response, in hunks. */
export type ChangeSet = {
  /** The files it touches, each once. */
  files: Array<FileChange>;
  /** The model that made it, as `provider/name`. */
  model?: string;
  /** The session that its text belongs to, if this one was forked from it: there it is decided
   * and taken back, here it is only told. */
  sessionId?: SessionId | null;
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

/** Parameters of `coworker/changes/list`. */
export type ChangesListParams = {
  /** The session. */
  sessionId: SessionId;
  /** Only those in this document. */
  uri?: string | null;
};

/** Result of `coworker/changes/list`. */
export type ChangesListResult = {
  /** The hunks, by change set and document. */
  hunks: Array<PlacedHunk>;
};

/** Parameters of `coworker/changes/resolve`. */
export type ChangesResolveParams = {
  /** The session. */
  sessionId: SessionId;
  /** The change set's item. */
  changeSetId: ItemId;
  /** The decision on every hunk that waits and is not named in `hunks`; without it those stay
   * as they are. */
  accept?: boolean | null;
  /** Only hunks of this document are meant by `accept`. */
  uri?: string | null;
  /** What the user said about it; the model is told. */
  reason?: string | null;
  /** Decisions on single hunks. */
  hunks?: Array<HunkDecision>;
};

/** Result of `coworker/changes/resolve`. */
export type ChangesResolveResult = {
  /** The hunks that were decided about, and those that fell with them. */
  hunks: Array<DecidedHunk>;
};

/** Parameters of `coworker/changes/undo` and `coworker/changes/redo`. */
export type ChangesUndoParams = {
  /** The session. */
  sessionId: SessionId;
  /** Which hunks. */
  scope: UndoScope;
};

/** Result of `coworker/changes/undo` and `coworker/changes/redo`. */
export type ChangesUndoResult = {
  /** The hunks that were taken back, or done again. */
  hunks: Array<HunkId>;
  /** The documents that they are in, each once. */
  files: Array<string>;
  /** Those that could not be, and stand as they were. */
  refused: Array<RefusedHunk>;
};

/** Something the user points at. */
export type ChatContext = {
  /** The document. */
  uri: string;
  /** The selection in it; without it the document as a whole is meant. */
  range?: Range | null;
  /** Where the cursor stands in it; told to the model where nothing is selected. */
  cursor?: Position | null;
};

/** Parameters of `coworker/chat`. */
export type ChatParams = {
  /** The session; without it the connection's own, which is made when there is none. */
  sessionId?: SessionId | null;
  /** The prompt. */
  text: string;
  /** What the user points at. */
  context?: Array<ChatContext>;
  /** If a turn runs, put this to the model with its next request instead of after the turn. */
  steer?: boolean;
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

/** A point to which files can be restored. It begins right before the first change that it is
 * about, and grows until that is done. */
export type Checkpoint = {
  /** What it is the point before. */
  before: CheckpointKind;
  /** What is kept, in the order in which it was about to change. Of a file that is there twice
   * the first counts. */
  kept?: Array<Kept>;
};

/** Parameters of `coworker/checkpoint/diff`. */
export type CheckpointDiffParams = {
  /** The session. */
  sessionId: SessionId;
  /** The point. */
  checkpointId: ItemId;
};

/** Result of `coworker/checkpoint/diff`. */
export type CheckpointDiffResult = {
  /** The files that a restore would change. */
  files: Array<CheckpointFile>;
  /** What it could not put back. */
  refused: Array<RefusedFile>;
};

/** What a restore would do to one file. */
export type CheckpointFile = {
  /** The file. */
  uri: string;
  /** Whether it would be edited, made again, or deleted. */
  kind: FileChangeKind;
  /** A unified diff from the text of now to that of then; empty if one of them is not text. */
  diff: string;
  /** Whether somebody else changed it since, or may have: that would go, too. */
  typed: boolean;
};

/** A point to which a session can be restored. */
export type CheckpointInfo = {
  /** By what it goes: an item of the session. */
  id: ItemId;
  /** What it is the point before. */
  before: CheckpointKind;
  /** The turn it belongs to; empty if it belongs to none. */
  turnId: TurnId;
  /** When that began, in milliseconds since 1970 in UTC. */
  at: number;
  /** The first line of the prompt; empty where there was none. */
  title: string;
  /** How many files changed from there to the next point, as far as it is known. */
  files: number;
};

/** What a checkpoint is the point before. */
export type CheckpointKind = 
/** The turn that its item belongs to. */
| {
  kind: "turn";
}
/** What the user decided about the agent's text, or took back, while no turn ran. */
| {
  kind: "decision";
}
/** A restore: to restore to this undoes it. */
| {
  kind: "restore";
  /** The point that was restored to. */
  to: ItemId;
  /** What was set aside of the conversation for it. */
  aside?: Array<Stretch>;
  /** What was taken up again, because it undid a restore. */
  takenUp?: Array<Stretch>;
};

/** Result of `coworker/checkpoint/list`. */
export type CheckpointListResult = {
  /** The points, the newest last. */
  checkpoints: Array<CheckpointInfo>;
};

/** Parameters of `coworker/checkpoint/restore`. */
export type CheckpointRestoreParams = {
  /** The session. */
  sessionId: SessionId;
  /** The point. */
  checkpointId: ItemId;
  /** Whether the files are put back that the session changed since. */
  files?: boolean;
  /** Whether the conversation goes on as if it had ended there. */
  conversation?: boolean;
};

/** Result of `coworker/checkpoint/restore`. */
export type CheckpointRestoreResult = {
  /** To restore to this point undoes it; none if there was nothing to do. */
  undo?: ItemId | null;
  /** The files that are now as they were. Those that are open are so in their editors, and not
   * saved. */
  restored: Array<string>;
  /** Those of them that somebody else had changed since, or may have. */
  typed: Array<string>;
  /** What was not put back. */
  refused: Array<RefusedFile>;
};

/** An answer to choose. */
export type Choice = {
  /** What is shown and what the agent reads. */
  label: string;
  /** What choosing it means; may be empty. */
  description?: string;
};

/** What the client can do, in `capabilities.experimental.coworker` or
 * `initializationOptions.coworker`. With none of it, plain LSP is used. */
export type ClientCapabilities = {
  /** The protocol version the client was written for. */
  version?: number;
  /** What the client draws. */
  ui?: ClientUi;
  /** What the client does for the server. */
  host?: ClientHost;
};

/** What the client does for the server beside drawing. */
export type ClientHost = {
  /** It answers `coworker/documents/save`. */
  save?: boolean;
  /** It answers `coworker/editor/diagnostics`. */
  diagnostics?: boolean;
};

/** What the client draws by itself. */
export type ClientUi = {
  /** A chat pane: it gets `coworker/session/update`, and no chat document is opened. */
  chat?: boolean;
  /** Questions: it answers `coworker/approval/request`, and no messages are shown. */
  approvals?: boolean;
  /** A prompt for what to ask: the server asks for `coworker/prompt` where it needs words. */
  prompt?: boolean;
  /** Questions of the agent: it draws approvals whose subject is `questions`, with choices and
   * words of the user's own. Without it such a question is a message with its first choices. */
  questions?: boolean;
  /** Hunks: it marks them in their documents and has its own ways to decide about them. Without
   * it there are code lenses, code actions and a review document for them. */
  hunks?: boolean;
};

/** What the model is no longer sent. The items themselves stay. */
export type Compaction = {
  /** The results of tool calls before this item are left out, if they are long. */
  trimmed?: ItemId | null;
  /** What stands in place of the conversation before an item. */
  summary?: Summary | null;
  /** What a request had before, in tokens, estimated. */
  tokensBefore: number;
  /** What it has now. */
  tokensAfter: number;
};

/** Parameters of `coworker/complete`: what can be typed at a place of a prompt. */
export type CompleteParams = {
  /** The session; without it the connection's own. */
  sessionId?: SessionId | null;
  /** The prompt up to the cursor. */
  text: string;
};

/** Result of `coworker/complete`. */
export type CompleteResult = {
  /** Where in `text` the completed word begins, in UTF-8 bytes. */
  start: number;
  /** What can stand there, the likeliest first. */
  items: Array<Completion>;
};

/** Something that can be typed. */
export type Completion = {
  /** The whole word, with its `@` or `/`. */
  text: string;
  /** What it is, in a few words; may be empty. */
  detail: string;
};

/** One value to choose. */
export type ConfigChoice = {
  /** The value. */
  value: string;
  /** What it means, in one line. */
  description: string;
  /** Why it cannot be chosen now, and what helps; none if it can. */
  unavailable?: string | null;
};

/** One thing to choose. */
export type ConfigOption = {
  /** `mode`, `model` or `trust`. */
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
  /** Whether the session's folder is trusted: its configuration, skills and slash commands
   * count only then. Remembered for the folder. */
  trust?: boolean | null;
};

/** Parameters of `coworker/context/get`. */
export type ContextParams = {
  /** The session. */
  sessionId: SessionId;
  /** A prompt that is not sent yet; its mentions are counted. */
  text?: string;
};

/** Something the user pointed at. */
export type ContextPart = 
/** A file the user has in front of them. */
| {
  kind: "file";
  /** The file. */
  path: AbsPath;
  /** The line of the cursor, counted from 1, where it is known. */
  line?: number | null;
}
/** The other documents that are open in the user's editor, the last used first. */
| {
  kind: "openDocuments";
  /** The documents. */
  paths: Array<AbsPath>;
}
/** A file or a part of one that the prompt mentions, as it was then. */
| {
  kind: "text";
  /** How it was mentioned: `@src/main.rs:3-9`. */
  mention: string;
  /** The file. */
  path: AbsPath;
  /** The first line of `text`, counted from 1. */
  firstLine: number;
  /** How many lines the file has. */
  lines: number;
  /** The text, unsaved changes included; cut where it was too long. */
  text: string;
  /** The symbol that was mentioned, if it was one: `impl Stack > fn pop`. */
  symbol?: string | null;
  /** What the whole file defines, if `text` is only its beginning, a line each: `12-40 fn
   * pop`; what is in something else is indented. */
  outline?: Array<string>;
}
/** A folder that the prompt mentions. */
| {
  kind: "folder";
  /** How it was mentioned. */
  mention: string;
  /** The folder. */
  path: AbsPath;
  /** What is in it, a name to a line, folders with a slash; cut where it was too long. */
  entries: Array<string>;
}
/** A picture that the prompt mentions or brings along. */
| {
  kind: "image";
  /** How it was mentioned. */
  mention: string;
  /** The picture. */
  image: Image;
}
/** The changes since the last commit, unsaved ones included, that the prompt mentions. */
| {
  kind: "diff";
  /** A unified diff; cut where it was too long. */
  text: string;
}
/** What a slash command stands for. */
| {
  kind: "command";
  /** Its name, without the slash. */
  name: string;
  /** What the model reads in place of the prompt. */
  text: string;
}
/** A mention that could not be followed. */
| {
  kind: "unresolved";
  /** How it was written. */
  mention: string;
  /** Why, in a sentence. */
  reason: string;
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

/** What the next request would be made of. */
export type ContextReport = {
  /** The parts, in the order they are sent. */
  parts: Array<ContextShare>;
  /** The sum of the estimates. */
  tokens: number;
};

/** One part of a request and what it weighs. */
export type ContextShare = {
  /** What kind of part it is: `instructions`, `rules`, `skills`, `tool`, `conversation`,
   * `mention`. */
  kind: string;
  /** Which one: a path, the name of a tool. */
  name: string;
  /** Its size in UTF-8 bytes. */
  bytes: number;
  /** An estimate of its tokens: no model counts exactly like another. */
  tokens: number;
};

/** What became of a hunk by a decision. */
export type DecidedHunk = {
  /** The hunk. */
  hunkId: HunkId;
  /** The document. */
  uri: string;
  /** Its first line there, counted from 1; none where it has no place any more. */
  line?: number | null;
  /** Where it stands now: `pending` if it could not be applied for the moment, so that it can be
   * decided once more. */
  state: HunkState;
  /** Why it is not what was decided, in whole sentences for people: with the file, the line and
   * what can be done. None if it is. */
  reason?: string | null;
};

/** How an approval was decided. */
export type Decision = "reject" | "once" | "saveAndRun" | "session" | "always" | "withdrawn";

/** Parameters of `coworker/editor/diagnostics`, from the server to the client. */
export type DiagnosticsParams = {
  /** The document; without it every document the client has diagnostics of. */
  uri?: string | null;
  /** Wait until the document has reached this version and its language servers have spoken
   * about it; without it the answer is what is known now. */
  minVersion?: number | null;
  /** How long the diagnostics must not have changed to count as settled, in milliseconds. */
  settleMs: number;
  /** How long to wait at most, in milliseconds. */
  timeoutMs: number;
};

/** Result of `coworker/editor/diagnostics`. */
export type DiagnosticsResult = {
  /** The problems. */
  items: Array<WireDiagnostic>;
  /** The version of the document they are for, where the client knows it. */
  version?: number | null;
  /** Whether the language servers have spoken about this version, or the time ran out. */
  fresh: boolean;
  /** The language servers that look at the document; with none of them, no problem means
   * nothing. */
  servers?: Array<string>;
};

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
/** Deletes a file. */
| {
  kind: "delete";
  /** What is deleted. */
  path: AbsPath;
}
/** Moves a file. */
| {
  kind: "move";
  /** Where it is. */
  from: AbsPath;
  /** Where it goes. */
  to: AbsPath;
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
export type ErrorCode = "invalidParams" | "sessionNotFound" | "sessionInUse" | "sessionBusy" | "queueFull" | "itemNotFound" | "approvalNotFound" | "changeSetNotFound" | "documentNotFound" | "notAFile" | "notUtf8" | "notEncodable" | "alreadyExists" | "unsaved" | "documentTooBig" | "fileSystem" | "badPath" | "editNotFound" | "editAmbiguous" | "editContradicts" | "editBreaksSyntax" | "editAlreadyApplied" | "editStale" | "editUnread" | "editRefused" | "editUnconfirmed" | "unknownTool" | "badToolArguments" | "toolFailed" | "commandTimedOut" | "denied" | "rejected" | "cancelled" | "interrupted" | "modelUnavailable" | "modelNotFound" | "modelUnauthorized" | "modelOverloaded" | "quotaExceeded" | "contextTooLong" | "modelRefused" | "modelBrokeOff" | "turnTooLong" | "budgetReached" | "unknownCommand" | "skillNotFound" | "promptNotQueued" | "noEditor" | "storeLocked" | "storeReadOnly" | "storeFailed" | "internal";

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
  /** What happens to the file as a whole. */
  kind: FileChangeKind;
  /** Where the file goes, resolved; only if it is moved. */
  to?: AbsPath | null;
  /** The document the edits were made for; none when the file is created. */
  base?: Stamp | null;
  /** What is decided one by one, in the order the model made it, each against the text that the
   * one before it left. */
  hunks: Array<Hunk>;
  /** The whole proposal as a unified diff, for people. */
  diff: string;
  /** Faults in the syntax of the proposed text that the text before did not have. */
  syntaxErrors?: Array<SyntaxError>;
};

/** What happens to a file. */
export type FileChangeKind = "edit" | "create" | "delete" | "move";

/** A file on disk as it was. */
export type FileState = {
  /** SHA-256 of its bytes, in hexadecimal: the name they are kept by. */
  hash: string;
  /** Who might read, write and run it, as the bits of Unix; none where a system has none. */
  permissions?: number | null;
};

/** Parameters of `coworker/session/fork`. */
export type ForkParams = {
  /** The session. */
  sessionId: SessionId;
  /** The first item that is left out; without it all are taken along. */
  before?: ItemId | null;
};

/** Result of `coworker/session/fork`. */
export type ForkResult = {
  /** The new session. */
  session: SessionInfo;
};

/** A part of what one tool call changes in one file: neighbouring lines, decided at once. */
export type Hunk = {
  /** Names the hunk; stable for as long as the session exists. */
  id: HunkId;
  /** The tool call that made it. */
  itemId: ItemId;
  /** What is replaced, in ascending order, without overlap. */
  replacements: Array<Replacement>;
  /** Earlier hunks of this file whose new text this one touches: rejecting one rejects this. */
  dependsOn?: Array<HunkId>;
  /** Why, in the model's words. */
  reason?: string | null;
  /** Whether the user put other words in place of the proposal. */
  edited?: boolean;
  /** What the user said about it; the model is told. */
  comment?: string | null;
  /** Where it stands. */
  state: HunkState;
  /** Where the model believes it to stand, if that is elsewhere; it is told with the next
   * request. */
  believed?: HunkState | null;
};

/** The decision on one hunk of a change set. */
export type HunkDecision = {
  /** The hunk. */
  hunkId: HunkId;
  /** Whether it may be applied. */
  accept: boolean;
  /** The lines that the user wants in place of those proposed; only for one that is accepted. */
  text?: string | null;
  /** The lines that `text` was made for: the hunk's `before`. If they say something else now,
   * both changes are merged, or the hunk becomes a conflict. Without it, they are those that
   * the hunk was proposed for. */
  before?: string | null;
  /** What the user said about it; the model is told. */
  reason?: string | null;
};

/** Names one edit inside a change set. */
export type HunkId = string;

/** Where a hunk stands. */
export type HunkState = 
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
}
/** It is in the document, and can be kept or undone. */
| {
  kind: "applied";
}
/** It is in the document, and the user has looked at it, or the last commit has all of it. */
| {
  kind: "kept";
}
/** It was in the document and is no more: taken back, or written over by the user. */
| {
  kind: "undone";
}
/** It can be neither applied nor taken back as it is, or was not seen in the document; nothing
 * the user typed was touched. When its text is as it was before, it is what it was before. */
| {
  kind: "conflicted";
  /** Why. */
  reason: string;
};

/** A picture; its bytes are kept beside the journal. */
export type Image = {
  /** What it was read from. */
  path: AbsPath;
  /** The media type: `image/png`. */
  mediaType: string;
  /** SHA-256 of its bytes, in hexadecimal: the name it is kept by. */
  hash: string;
  /** How many bytes it has. */
  bytes: number;
};

/** One durable thing in the journal. */
export type Item = {
  /** Names the item; stable and never reused. */
  id: ItemId;
  /** The turn it belongs to. */
  turnId: TurnId;
  /** When it began, in milliseconds since 1970 in UTC. */
  at: number;
  /** Whether it is set aside: the conversation goes on as if it had not been. It is kept, the
   * model does not read it, and clients do not draw it. */
  aside?: boolean;
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
/** Files as they were before the session changed them. Nothing to be drawn. */
| Checkpoint & {
  kind: "checkpoint";
}
/** From here on the model is sent a shorter conversation than there was. */
| Compaction & {
  kind: "compaction";
}
/** What became of hunks after the model had been told of them; it is told from here on. */
| {
  kind: "reviewed";
  /** The hunks. */
  hunks: Array<ReviewedHunk>;
}
);

/** Names an item. Approvals, change sets, plans and tool calls are items and go by this id. */
export type ItemId = string;

/** Something as it was. */
export type Kept = 
/** A document that was about to be edited, made, moved or deleted. */
| KeptFile & {
  kind: "file";
}
/** A folder of the session in which a command was about to run. */
| KeptFolder & {
  kind: "folder";
};

/** A document as it was. Its bytes are kept beside the journal. */
export type KeptFile = {
  /** The document, resolved. */
  path: AbsPath;
  /** SHA-256 of its text in UTF-8, in hexadecimal: the name it is kept by. None if there was no
   * such document. */
  text?: string | null;
  /** The file that had this text; none if only an editor had it. */
  file?: FileState | null;
  /** SHA-256 of the text that a restore put there, likewise; only in the checkpoint of one that
   * put any. */
  left?: string | null;
};

/** A folder as it was before a command. */
export type KeptFolder = {
  /** The folder, resolved. */
  path: AbsPath;
  /** By what the folder as it was is found again; none if it is not kept. */
  id?: string | null;
  /** The files that changed while the command ran, links among them not followed. None while
   * that is not known: it still runs, or the process died before. */
  changed?: Array<AbsPath> | null;
  /** How many files are not kept, because they are too big or may not be read. */
  leftOut?: number;
  /** Why nothing is kept, or what changed cannot be told, in words for people. */
  reason?: string | null;
};

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
export type Mode = "ask" | "plan" | "fast" | "edit" | "auto";

/** Parameters of `coworker/session/new`. */
export type NewSessionParams = {
  /** The folder to work in, as a `file:` URI or an absolute path; without it the client's
   * first workspace folder. */
  root?: string | null;
  /** Further folders of the same work, likewise; without `root` the client's other workspace
   * folders. */
  folders?: Array<string>;
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

/** A hunk where it stands in its document now. */
export type PlacedHunk = {
  /** The hunk. */
  hunkId: HunkId;
  /** The change set it is part of. */
  changeSetId: ItemId;
  /** The tool call that made it. */
  itemId: ItemId;
  /** The turn it was made in. */
  turnId: TurnId;
  /** The document. */
  uri: string;
  /** Where it stands. */
  state: HunkState;
  /** The whole lines that it would change, or that it changed; none where it has no place any
   * more. */
  range?: Range | null;
  /** Those lines without it. */
  before: string;
  /** Those lines with it. */
  after: string;
  /** Whether it can be accepted with other lines: `text` of a decision. */
  canBeReworded?: boolean;
  /** Hunks that it builds on. */
  dependsOn?: Array<HunkId>;
  /** Why, in the model's words. */
  reason?: string | null;
  /** Whether the user put other words in place of the proposal. */
  edited?: boolean;
  /** What the user said about it. */
  comment?: string | null;
};

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
  /** What happens to the file as a whole. */
  kind: FileChangeKind;
  /** Where the file goes; only if it is moved. */
  to?: string | null;
  /** Faults in the syntax of the proposed text that the text before did not have. */
  syntaxErrors?: Array<SyntaxError>;
  /** The text before and after; none when the document is no longer the one the edits were
   * made for. */
  texts?: ProposedTexts | null;
  /** The proposal as a unified diff, as it was made. */
  diff: string;
  /** What is decided one by one. */
  hunks: Array<PlacedHunk>;
};

/** A document without and with what is proposed. */
export type ProposedTexts = {
  /** The text now; empty when the file would be created. */
  before: string;
  /** The text with every edit in it. */
  after: string;
};

/** A question of the agent, with answers to choose from; words of the user's own always do. */
export type Question = {
  /** The question. */
  text: string;
  /** A word or two for a tab or a heading; may be empty. */
  heading?: string;
  /** The answers to choose from; none if only words can answer it. */
  choices?: Array<Choice>;
  /** Whether several may be chosen. */
  multiple?: boolean;
};

/** What the user answered to one question. */
export type QuestionAnswer = {
  /** The labels that were chosen. */
  chosen?: Array<string>;
  /** The user's own words. */
  text?: string | null;
};

/** What is done with a prompt that waits. */
export type QueueChange = 
/** Its text is replaced. What it mentions is looked up again; what it points at stays. */
| {
  op: "edit";
  /** The new text. */
  text: string;
}
/** It is not sent. */
| {
  op: "remove";
}
/** It is put to the model with the next request of the turn that runs. */
| {
  op: "steer";
};

/** Parameters of `coworker/chat/queue`: changes a prompt that waits. */
export type QueueParams = {
  /** The session. */
  sessionId: SessionId;
  /** The turn that the prompt will be. */
  turnId: TurnId;
  /** What to do with it. */
  change: QueueChange;
};

/** A prompt that waits for the turn before it. */
export type QueuedPrompt = {
  /** The turn it will be. */
  turnId: TurnId;
  /** What will be asked. */
  message: UserMessage;
  /** Whether it goes to the model with the next request of the turn that runs. If that turn
   * makes none, it becomes a turn of its own like the others. */
  steer?: boolean;
};

/** A stretch of a document; the end is outside. Same meaning as in LSP 3.17, `Range`. */
export type Range = {
  /** First position in it. */
  start: Position;
  /** First position after it. */
  end: Position;
};

/** A file that was not put back, or a folder in which nothing is kept. */
export type RefusedFile = {
  /** The file or folder. */
  uri: string;
  /** Why, in words for people. */
  reason: string;
};

/** A hunk that cannot be taken back or done again. */
export type RefusedHunk = {
  /** The hunk. */
  hunkId: HunkId;
  /** The document. */
  uri: string;
  /** Its first line there, counted from 1; none where it has no place any more. */
  line?: number | null;
  /** Why, in whole sentences for people: with the file, the line and what can be done. */
  reason: string;
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

/** Parameters of `coworker/session/resend`. */
export type ResendParams = {
  /** The session. */
  sessionId: SessionId;
  /** The prompt that is sent again. */
  itemId: ItemId;
  /** What it says now. What it pointed at stays, what it mentions is looked up again. */
  text: string;
  /** Whether the files that the session changed since are put back first, as a restore of the
   * checkpoint does. Text that was typed into them since goes with it. */
  files?: boolean;
};

/** A hunk of which the model is told something new. */
export type ReviewedHunk = {
  /** The hunk. */
  hunkId: HunkId;
  /** The file. */
  path: AbsPath;
  /** The beginning of what it says. */
  summary: string;
  /** Where it stands now. */
  state: HunkState;
  /** What the user said about it. */
  comment?: string | null;
};

/** A remembered permission. It covers exactly this effect and nothing like it. */
export type Rule = {
  /** What is allowed without asking. */
  allow: Effect;
};

/** Parameters of `coworker/documents/save`, from the server to the client. */
export type SaveParams = {
  /** The documents to save. */
  uris: Array<string>;
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
  /** Further folders that belong to the same work: the other roots of a workspace with several. */
  folders?: Array<AbsPath>;
  /** The first line of its first prompt, or what the fast model calls it; empty before it. */
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

/** How bad a problem is. Same meaning as in LSP 3.17, `DiagnosticSeverity`; the worst first. */
export type Severity = "error" | "warning" | "information" | "hint";

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

/** Items in a row, both ends included. */
export type Stretch = {
  /** The first. */
  first: ItemId;
  /** The last; it may be the first as well. */
  last: ItemId;
};

/** What stands in place of the beginning of a conversation. */
export type Summary = {
  /** The item with which the conversation goes on. */
  before: ItemId;
  /** The summary, as a model wrote it. */
  text: string;
  /** The prompt that is worked on, if it is among what was summed up. */
  prompt?: string | null;
};

/** A new fault in the syntax of a text, found before anyone is asked about the edit that makes it. */
export type SyntaxError = {
  /** The line in the text with the edit, counted from 1. */
  line: number;
  /** The character in the line, counted from 1. */
  column: number;
  /** What is wrong, in one line. */
  message: string;
};

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
  /** What the provider wants back unchanged in the next request. */
  providerData?: unknown;
};

/** Where a tool call stands. */
export type ToolCallStatus = "pending" | "running" | "completed" | "failed" | "rejected" | "cancelled" | "interrupted";

/** What a tool call came to. */
export type ToolOutput = {
  /** The text the model reads. */
  text: string;
  /** Pictures that the model is shown with it. */
  images?: Array<Image>;
  /** The error, when it is one. */
  error?: ErrorCode | null;
};

/** Names a turn: from one prompt to the end of its answer. */
export type TurnId = string;

/** What is taken back, or done again, with the last hunk that can be. */
export type UndoPart = "hunk" | "call" | "turn";

/** Which hunks are taken back, or done again. */
export type UndoScope = 
/** One. */
| {
  kind: "hunk";
  /** The hunk. */
  hunkId: HunkId;
}
/** Several, at once. */
| {
  kind: "hunks";
  /** The hunks. */
  hunkIds: Array<HunkId>;
}
/** Those of a tool call. */
| {
  kind: "call";
  /** The tool call. */
  itemId: ItemId;
}
/** Those of a turn. */
| {
  kind: "turn";
  /** The turn. */
  turnId: TurnId;
}
/** All of the session. */
| {
  kind: "session";
}
/** The last that can be taken back or done again. */
| {
  kind: "last";
  /** How much of it. Without it a redo means all that was taken back at once, and an undo
   * the turn. */
  of?: UndoPart | null;
};

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
/** The fast model has given the session a title, in place of the first line of its first
 * prompt. */
| {
  kind: "title";
  /** In one line. */
  title: string;
}
/** The prompts that wait, all of them. */
| {
  kind: "queue";
  /** In the order they will be sent. */
  prompts: Array<QueuedPrompt>;
}
/** Items were set aside, or taken up again: [`Item::aside`] of each of them is this now. */
| {
  kind: "setAside";
  /** The items. */
  stretch: Stretch;
  /** Whether they are set aside. */
  aside: boolean;
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
  /** Tokens sent that the provider wrote to its cache, for a price of their own. */
  cacheWrittenTokens?: number;
  /** What it cost, in billionths of a US dollar; requests to a model without a known price add
   * nothing. */
  cost?: number;
};

/** What the user asked, with what they pointed at. */
export type UserMessage = {
  /** The prompt, as typed. */
  text: string;
  /** What the user pointed at, as it was then. */
  context?: Array<ContextPart>;
};

/** One problem, in the client's positions. */
export type WireDiagnostic = {
  /** The document. */
  uri: string;
  /** Where. */
  range: Range;
  /** How bad it is. */
  severity: Severity;
  /** What is wrong. */
  message: string;
  /** Who says so. */
  source?: string;
  /** Its code there. */
  code?: string;
};

/** What the client may ask, by method. */
export interface ClientRequests {
  /** Starts a session and attaches the client to it. */
  "coworker/session/new": { params: NewSessionParams; result: AttachResult };
  /** Lists the sessions, the last used first. */
  "coworker/session/list": { params: ListSessionsParams; result: ListSessionsResult };
  /** Sends the updates that were missed and then the live ones. A session that a process left in the middle of a turn is shown as interrupted; nothing in it runs again by itself. */
  "coworker/session/attach": { params: AttachParams; result: AttachResult };
  /** Makes a new session with the conversation of another up to an item. The text that the agent wrote there stays that session's. The client is not attached to the new one. */
  "coworker/session/fork": { params: ForkParams; result: ForkResult };
  /** Sets the conversation aside from an earlier prompt on and sends that prompt again, changed. Refused while a turn runs, and if files are to be put back and one of them cannot: then all is as it was. */
  "coworker/session/resend": { params: ResendParams; result: ChatResult };
  /** Deletes a session and its journal for good. Refused while a turn runs. */
  "coworker/session/delete": { params: SessionParams; result: Empty };
  /** Sends a prompt. Answered at once; what happens comes as updates, and the end of the turn is a `status` update. While a turn runs the prompt waits in the queue, or steers that turn. */
  "coworker/chat": { params: ChatParams; result: ChatResult };
  /** Edits or removes a prompt that waits, or steers the running turn with it. The queue comes back as a `queue` update. */
  "coworker/chat/queue": { params: QueueParams; result: Empty };
  /** Stops the running turn. The end comes as a `status` update with `stopReason: cancelled`. */
  "coworker/chat/cancel": { params: SessionParams; result: CancelResult };
  /** Answers an approval that is open, late or from a second client. The first answer wins. */
  "coworker/approval/respond": { params: ApprovalRespondParams; result: Empty };
  /** A change set in its documents of now: the texts without and with it, and its hunks. */
  "coworker/changes/get": { params: ChangesGetParams; result: ChangesGetResult };
  /** The hunks of a session that stand in a document, wait for a decision or can be done again. */
  "coworker/changes/list": { params: ChangesListParams; result: ChangesListResult };
  /** Decides hunks of a change set. Of those that wait, a yes applies and a no rejects; of those that are applied, a yes keeps and a no takes back. When none waits any more, the turn goes on. Answers what became of each. */
  "coworker/changes/resolve": { params: ChangesResolveParams; result: ChangesResolveResult };
  /** Takes back what the agent wrote: a hunk, a tool call, a turn or the session. What somebody typed since stays, and so does the text of other sessions. */
  "coworker/changes/undo": { params: ChangesUndoParams; result: ChangesUndoResult };
  /** Does again what was taken back. */
  "coworker/changes/redo": { params: ChangesUndoParams; result: ChangesUndoResult };
  /** The points to which a session can be restored: before each turn, before what was decided between turns, and before each restore. */
  "coworker/checkpoint/list": { params: SessionParams; result: CheckpointListResult };
  /** What a restore of the files to a point would change: those that the session changed since, and that are not as they were then. */
  "coworker/checkpoint/diff": { params: CheckpointDiffParams; result: CheckpointDiffResult };
  /** Goes back to a point: with files, conversation, or both. Files become exactly what they were, typed text included. Refused while a turn runs. It can be undone. */
  "coworker/checkpoint/restore": { params: CheckpointRestoreParams; result: CheckpointRestoreResult };
  /** What can be chosen for a session, and what is chosen now. */
  "coworker/config/options": { params: ConfigOptionsParams; result: ConfigOptionsResult };
  /** Chooses the mode or the model of a session. */
  "coworker/config/set": { params: ConfigSetParams; result: ConfigOptionsResult };
  /** A document as the agent sees it: the editor's text where it is open, else the file's. */
  "coworker/documents/get": { params: DocumentParams; result: DocumentResult };
  /** What can be typed at a place of a prompt: slash commands, mentions of files, folders and symbols. */
  "coworker/complete": { params: CompleteParams; result: CompleteResult };
  /** What the next request to the model would be made of, with an estimate of the tokens of each part. */
  "coworker/context/get": { params: ContextParams; result: ContextReport };
}

/** What the server may ask, by method. */
export interface ServerRequests {
  /** Asks the user. Sent to clients that announce `ui.approvals`. Null is no answer: the question stays open for `coworker/approval/respond`. */
  "coworker/approval/request": { params: ApprovalRequestParams; result: Answer | null };
  /** Asks the user for words, such as what to ask about a selection. Sent to clients that announce `ui.prompt`. Null means that the user thought better of it. */
  "coworker/prompt": { params: PromptParams; result: string | null };
  /** Saves documents, because the user chose *save and run*. Sent to clients that announce `host.save`. The server looks at the files afterwards, whatever the answer. */
  "coworker/documents/save": { params: SaveParams; result: Empty | null };
  /** What the editor's language servers say about a document. Sent to clients that announce `host.diagnostics`. Null when nothing is known of the document. */
  "coworker/editor/diagnostics": { params: DiagnosticsParams; result: DiagnosticsResult | null };
}

/** What the server tells, by method. */
export interface ServerNotifications {
  /** Something happened in a session that the client is attached to. */
  "coworker/session/update": { params: SessionUpdate; result: Empty };
}
