---@meta
-- Made from server/crates/protocol by `UPDATE=1 cargo test --test generated`.

---An absolute path in UTF-8 without `.` and `..` parts.
---
---It says nothing about the disk: the file may be missing, or be a link to somewhere else.
---Resolving links is the job of the room that reads the disk.
---@alias coworker.AbsPath string

---The answer to an approval.
---@class coworker.Answer
---@field decision coworker.Decision The decision.
---@field reason? string|nil What the user said about it; the model is told.
---@field hunks? coworker.HunkDecision[] Decisions on single hunks that differ from `decision`; only for change sets.
---@field answers? coworker.QuestionAnswer[] The answers to the agent's questions, one for each; only for questions.
---@field by? string Who answered: a client's name, or how it was answered otherwise.

---A question to the user, and its answer once there is one.
---@class coworker.Approval
---@field title string One line that says what would happen.
---@field subject coworker.ApprovalSubject What is asked about.
---@field why string Why it is asked, in one sentence.
---@field options coworker.ApprovalOption[] The answers there are, the safe one first.
---@field answer? coworker.Answer|nil The answer, when it has been given.

---One possible answer.
---@class coworker.ApprovalOption
---@field decision coworker.Decision What choosing it means.
---@field label string What to show, ready for a button.
---@field rules? coworker.Rule[] The exact rules it would add, for `session` and `always`.

---Parameters of `coworker/approval/request`, from the server to the client. The result is an
---[`Answer`] or null, and null is no answer. The question is also open to
---`coworker/approval/respond`; the first answer wins and ends the approval's item.
---@class coworker.ApprovalRequestParams
---@field sessionId coworker.SessionId The session.
---@field approvalId coworker.ItemId The approval's item.
---@field approval coworker.Approval The question.

---Parameters of `coworker/approval/respond`.
---@class coworker.ApprovalRespondParams
---@field sessionId coworker.SessionId The session.
---@field approvalId coworker.ItemId The approval's item.
---@field answer coworker.Answer The answer.

---A tool call and all it would do.
---@class coworker.ApprovalSubject.toolCall
---@field kind "toolCall"
---@field itemId coworker.ItemId The tool call's item.
---@field effects coworker.Effect[] What it would do.
---@field unsaved? coworker.AbsPath[] Documents that the agent edited and that are not saved: a command would not see the edits. Where an editor can save them, `saveAndRun` is among the options.

---The edits of one model response. Their review is their approval.
---@class coworker.ApprovalSubject.changes
---@field kind "changes"
---@field itemId coworker.ItemId The change set's item; `coworker/changes/get` has its texts.

---A plan.
---@class coworker.ApprovalSubject.plan
---@field kind "plan"
---@field itemId coworker.ItemId The plan's item.

---Questions of the agent. The answer has one [`QuestionAnswer`] for each, in their order.
---@class coworker.ApprovalSubject.questions
---@field kind "questions"
---@field itemId coworker.ItemId The tool call's item.
---@field questions coworker.Question[] The questions.

---More tokens or money than a budget has. A yes grants so many more of them.
---@class coworker.ApprovalSubject.budget
---@field kind "budget"
---@field scope coworker.BudgetScope Whose budget it is.
---@field more? integer How many budgets a yes grants: as many as are used up already, or would be.

---What an approval is about.
---@alias coworker.ApprovalSubject coworker.ApprovalSubject.toolCall|coworker.ApprovalSubject.changes|coworker.ApprovalSubject.plan|coworker.ApprovalSubject.questions|coworker.ApprovalSubject.budget

---Parameters of `coworker/session/attach`.
---@class coworker.AttachParams
---@field sessionId coworker.SessionId The session.
---@field epoch? string|nil The epoch of an earlier attachment.
---@field afterSeq? integer|nil The last update seen in that epoch; only newer ones are sent.

---Result of `coworker/session/attach` and `coworker/session/new`. The updates missed are sent
---before this result, then the live ones.
---@class coworker.AttachResult
---@field session coworker.SessionInfo The session.
---@field epoch string Changes when the process that numbers the updates does.
---@field seq integer Every update up to this number was sent before this result.
---@field fromStart boolean Whether the updates sent begin at the session's beginning: forget what was known.

---What a budget is for.
---@alias coworker.BudgetScope "turn"|"session"|"day"

---Result of `coworker/chat/cancel`.
---@class coworker.CancelResult
---@field cancelled boolean Whether a turn was running.

---All edits of one model response, in hunks.
---@class coworker.ChangeSet
---@field files coworker.FileChange[] The files it touches, each once.
---@field model? string The model that made it, as `provider/name`.
---@field sessionId? coworker.SessionId|nil The session that its text belongs to, if this one was forked from it: there it is decided and taken back, here it is only told.

---Parameters of `coworker/changes/get`.
---@class coworker.ChangesGetParams
---@field sessionId coworker.SessionId The session.
---@field changeSetId coworker.ItemId The change set's item.

---Result of `coworker/changes/get`: a change set ready to draw.
---@class coworker.ChangesGetResult
---@field files coworker.ProposedFile[] The files, each once.

---Parameters of `coworker/changes/list`.
---@class coworker.ChangesListParams
---@field sessionId coworker.SessionId The session.
---@field uri? string|nil Only those in this document.

---Result of `coworker/changes/list`.
---@class coworker.ChangesListResult
---@field hunks coworker.PlacedHunk[] The hunks, by change set and document.

---Parameters of `coworker/changes/resolve`.
---@class coworker.ChangesResolveParams
---@field sessionId coworker.SessionId The session.
---@field changeSetId coworker.ItemId The change set's item.
---@field accept? boolean|nil The decision on every hunk that waits and is not named in `hunks`; without it those stay as they are.
---@field uri? string|nil Only hunks of this document are meant by `accept`.
---@field reason? string|nil What the user said about it; the model is told.
---@field hunks? coworker.HunkDecision[] Decisions on single hunks.

---Result of `coworker/changes/resolve`.
---@class coworker.ChangesResolveResult
---@field hunks coworker.DecidedHunk[] The hunks that were decided about, and those that fell with them.

---Parameters of `coworker/changes/undo` and `coworker/changes/redo`.
---@class coworker.ChangesUndoParams
---@field sessionId coworker.SessionId The session.
---@field scope coworker.UndoScope Which hunks.

---Result of `coworker/changes/undo` and `coworker/changes/redo`.
---@class coworker.ChangesUndoResult
---@field hunks coworker.HunkId[] The hunks that were taken back, or done again.
---@field files string[] The documents that they are in, each once.
---@field refused coworker.RefusedHunk[] Those that could not be, and stand as they were.

---Something the user points at.
---@class coworker.ChatContext
---@field uri string The document.
---@field range? coworker.Range|nil The selection in it; without it the document as a whole is meant.
---@field cursor? coworker.Position|nil Where the cursor stands in it; told to the model where nothing is selected.

---Parameters of `coworker/chat`.
---@class coworker.ChatParams
---@field sessionId? coworker.SessionId|nil The session; without it the connection's own, which is made when there is none.
---@field text string The prompt.
---@field context? coworker.ChatContext[] What the user points at.
---@field steer? boolean If a turn runs, put this to the model with its next request instead of after the turn.

---Result of `coworker/chat`. The answer comes as updates; its end is a `status` update.
---@class coworker.ChatResult
---@field sessionId coworker.SessionId The session.
---@field turnId coworker.TurnId The turn that this prompt is.
---@field queued boolean Whether it waits for a turn that runs. If that turn does not complete, the prompt is not sent, and a notice of this turn says so.

---A point to which files can be restored. It begins right before the first change that it is
---about, and grows until that is done.
---@class coworker.Checkpoint
---@field before coworker.CheckpointKind What it is the point before.
---@field kept? coworker.Kept[] What is kept, in the order in which it was about to change. Of a file that is there twice the first counts.

---Parameters of `coworker/checkpoint/diff`.
---@class coworker.CheckpointDiffParams
---@field sessionId coworker.SessionId The session.
---@field checkpointId coworker.ItemId The point.

---Result of `coworker/checkpoint/diff`.
---@class coworker.CheckpointDiffResult
---@field files coworker.CheckpointFile[] The files that a restore would change.
---@field refused coworker.RefusedFile[] What it could not put back.

---What a restore would do to one file.
---@class coworker.CheckpointFile
---@field uri string The file.
---@field kind coworker.FileChangeKind Whether it would be edited, made again, or deleted.
---@field diff string A unified diff from the text of now to that of then; empty if one of them is not text.
---@field typed boolean Whether somebody else changed it since, or may have: that would go, too.

---A point to which a session can be restored.
---@class coworker.CheckpointInfo
---@field id coworker.ItemId By what it goes: an item of the session.
---@field before coworker.CheckpointKind What it is the point before.
---@field turnId coworker.TurnId The turn it belongs to; empty if it belongs to none.
---@field at integer When that began, in milliseconds since 1970 in UTC.
---@field title string The first line of the prompt; empty where there was none.
---@field files integer How many files changed from there to the next point, as far as it is known.

---The turn that its item belongs to.
---@class coworker.CheckpointKind.turn
---@field kind "turn"

---What the user decided about the agent's text, or took back, while no turn ran.
---@class coworker.CheckpointKind.decision
---@field kind "decision"

---A restore: to restore to this undoes it.
---@class coworker.CheckpointKind.restore
---@field kind "restore"
---@field to coworker.ItemId The point that was restored to.
---@field aside? coworker.Stretch[] What was set aside of the conversation for it.
---@field takenUp? coworker.Stretch[] What was taken up again, because it undid a restore.

---What a checkpoint is the point before.
---@alias coworker.CheckpointKind coworker.CheckpointKind.turn|coworker.CheckpointKind.decision|coworker.CheckpointKind.restore

---Result of `coworker/checkpoint/list`.
---@class coworker.CheckpointListResult
---@field checkpoints coworker.CheckpointInfo[] The points, the newest last.

---Parameters of `coworker/checkpoint/restore`.
---@class coworker.CheckpointRestoreParams
---@field sessionId coworker.SessionId The session.
---@field checkpointId coworker.ItemId The point.
---@field files? boolean Whether the files are put back that the session changed since.
---@field conversation? boolean Whether the conversation goes on as if it had ended there.

---Result of `coworker/checkpoint/restore`.
---@class coworker.CheckpointRestoreResult
---@field undo? coworker.ItemId|nil To restore to this point undoes it; none if there was nothing to do.
---@field restored string[] The files that are now as they were. Those that are open are so in their editors, and not saved.
---@field typed string[] Those of them that somebody else had changed since, or may have.
---@field refused coworker.RefusedFile[] What was not put back.

---An answer to choose.
---@class coworker.Choice
---@field label string What is shown and what the agent reads.
---@field description? string What choosing it means; may be empty.

---What the client can do, in `capabilities.experimental.coworker` or
---`initializationOptions.coworker`. With none of it, plain LSP is used.
---@class coworker.ClientCapabilities
---@field version? integer The protocol version the client was written for.
---@field ui? coworker.ClientUi What the client draws.
---@field host? coworker.ClientHost What the client does for the server.

---What the client does for the server beside drawing.
---@class coworker.ClientHost
---@field save? boolean It answers `coworker/documents/save`.
---@field diagnostics? boolean It answers `coworker/editor/diagnostics`.

---What the client draws by itself.
---@class coworker.ClientUi
---@field chat? boolean A chat pane: it gets `coworker/session/update`, and no chat document is opened.
---@field approvals? boolean Questions: it answers `coworker/approval/request`, and no messages are shown.
---@field prompt? boolean A prompt for what to ask: the server asks for `coworker/prompt` where it needs words.
---@field questions? boolean Questions of the agent: it draws approvals whose subject is `questions`, with choices and words of the user's own. Without it such a question is a message with its first choices.
---@field hunks? boolean Hunks: it marks them in their documents and has its own ways to decide about them. Without it there are code lenses, code actions and a review document for them.

---What the model is no longer sent. The items themselves stay.
---@class coworker.Compaction
---@field trimmed? coworker.ItemId|nil The results of tool calls before this item are left out, if they are long.
---@field summary? coworker.Summary|nil What stands in place of the conversation before an item.
---@field tokensBefore integer What a request had before, in tokens, estimated.
---@field tokensAfter integer What it has now.

---Parameters of `coworker/complete`: what can be typed at a place of a prompt.
---@class coworker.CompleteParams
---@field sessionId? coworker.SessionId|nil The session; without it the connection's own.
---@field text string The prompt up to the cursor.

---Result of `coworker/complete`.
---@class coworker.CompleteResult
---@field start integer Where in `text` the completed word begins, in UTF-8 bytes.
---@field items coworker.Completion[] What can stand there, the likeliest first.

---Something that can be typed.
---@class coworker.Completion
---@field text string The whole word, with its `@` or `/`.
---@field detail string What it is, in a few words; may be empty.

---One value to choose.
---@class coworker.ConfigChoice
---@field value string The value.
---@field description string What it means, in one line.
---@field unavailable? string|nil Why it cannot be chosen now, and what helps; none if it can.

---One thing to choose.
---@class coworker.ConfigOption
---@field id string `mode`, `model` or `trust`.
---@field current string The value now.
---@field choices coworker.ConfigChoice[] The values there are.

---Parameters of `coworker/config/options`.
---@class coworker.ConfigOptionsParams
---@field sessionId? coworker.SessionId|nil The session whose choices are asked for; without it those of a new one.

---Result of `coworker/config/options` and `coworker/config/set`.
---@class coworker.ConfigOptionsResult
---@field options coworker.ConfigOption[] What can be chosen.

---Parameters of `coworker/config/set`.
---@class coworker.ConfigSetParams
---@field sessionId coworker.SessionId The session.
---@field mode? coworker.Mode|nil The mode to take on.
---@field model? string|nil The model to use from the next request on, as `provider/name`.
---@field trust? boolean|nil Whether the session's folder is trusted: its configuration, skills and slash commands count only then. Remembered for the folder.

---Parameters of `coworker/context/get`.
---@class coworker.ContextParams
---@field sessionId coworker.SessionId The session.
---@field text? string A prompt that is not sent yet; its mentions are counted.

---A file the user has in front of them.
---@class coworker.ContextPart.file
---@field kind "file"
---@field path coworker.AbsPath The file.
---@field line? integer|nil The line of the cursor, counted from 1, where it is known.

---The other documents that are open in the user's editor, the last used first.
---@class coworker.ContextPart.openDocuments
---@field kind "openDocuments"
---@field paths coworker.AbsPath[] The documents.

---A file or a part of one that the prompt mentions, as it was then.
---@class coworker.ContextPart.text
---@field kind "text"
---@field mention string How it was mentioned: `@src/main.rs:3-9`.
---@field path coworker.AbsPath The file.
---@field firstLine integer The first line of `text`, counted from 1.
---@field lines integer How many lines the file has.
---@field text string The text, unsaved changes included; cut where it was too long.
---@field symbol? string|nil The symbol that was mentioned, if it was one: `impl Stack > fn pop`.
---@field outline? string[] What the whole file defines, if `text` is only its beginning, a line each: `12-40 fn pop`; what is in something else is indented.

---A folder that the prompt mentions.
---@class coworker.ContextPart.folder
---@field kind "folder"
---@field mention string How it was mentioned.
---@field path coworker.AbsPath The folder.
---@field entries string[] What is in it, a name to a line, folders with a slash; cut where it was too long.

---A picture that the prompt mentions or brings along.
---@class coworker.ContextPart.image
---@field kind "image"
---@field mention string How it was mentioned.
---@field image coworker.Image The picture.

---The changes since the last commit, unsaved ones included, that the prompt mentions.
---@class coworker.ContextPart.diff
---@field kind "diff"
---@field text string A unified diff; cut where it was too long.

---What a slash command stands for.
---@class coworker.ContextPart.command
---@field kind "command"
---@field name string Its name, without the slash.
---@field text string What the model reads in place of the prompt.

---A mention that could not be followed.
---@class coworker.ContextPart.unresolved
---@field kind "unresolved"
---@field mention string How it was written.
---@field reason string Why, in a sentence.

---A stretch of text the user selected.
---@class coworker.ContextPart.selection
---@field kind "selection"
---@field path coworker.AbsPath The file it is in.
---@field firstLine integer The first line, counted from 1.
---@field lastLine integer The last line, counted from 1.
---@field text string The selected text, unsaved changes included.
---@field symbol? string|nil The function, type or section around it, outermost first: `impl Stack > fn pop`.

---Problems the editor shows.
---@class coworker.ContextPart.problems
---@field kind "problems"
---@field path coworker.AbsPath The file they are in.
---@field lines string[] One line each: `12:5 error: expected ;`.

---Something the user pointed at.
---@alias coworker.ContextPart coworker.ContextPart.file|coworker.ContextPart.openDocuments|coworker.ContextPart.text|coworker.ContextPart.folder|coworker.ContextPart.image|coworker.ContextPart.diff|coworker.ContextPart.command|coworker.ContextPart.unresolved|coworker.ContextPart.selection|coworker.ContextPart.problems

---What the next request would be made of.
---@class coworker.ContextReport
---@field parts coworker.ContextShare[] The parts, in the order they are sent.
---@field tokens integer The sum of the estimates.

---One part of a request and what it weighs.
---@class coworker.ContextShare
---@field kind string What kind of part it is: `instructions`, `rules`, `skills`, `tool`, `conversation`, `mention`.
---@field name string Which one: a path, the name of a tool.
---@field bytes integer Its size in UTF-8 bytes.
---@field tokens integer An estimate of its tokens: no model counts exactly like another.

---What became of a hunk by a decision.
---@class coworker.DecidedHunk
---@field hunkId coworker.HunkId The hunk.
---@field uri string The document.
---@field line? integer|nil Its first line there, counted from 1; none where it has no place any more.
---@field state coworker.HunkState Where it stands now: `pending` if it could not be applied for the moment, so that it can be decided once more.
---@field reason? string|nil Why it is not what was decided, in whole sentences for people: with the file, the line and what can be done. None if it is.

---How an approval was decided.
---@alias coworker.Decision "reject"|"once"|"saveAndRun"|"session"|"always"|"withdrawn"

---Parameters of `coworker/editor/diagnostics`, from the server to the client.
---@class coworker.DiagnosticsParams
---@field uri? string|nil The document; without it every document the client has diagnostics of.
---@field minVersion? integer|nil Wait until the document has reached this version and its language servers have spoken about it; without it the answer is what is known now.
---@field settleMs integer How long the diagnostics must not have changed to count as settled, in milliseconds.
---@field timeoutMs integer How long to wait at most, in milliseconds.

---Result of `coworker/editor/diagnostics`.
---@class coworker.DiagnosticsResult
---@field items coworker.WireDiagnostic[] The problems.
---@field version? integer|nil The version of the document they are for, where the client knows it.
---@field fresh boolean Whether the language servers have spoken about this version, or the time ran out.
---@field servers? string[] The language servers that look at the document; with none of them, no problem means nothing.

---Parameters of `coworker/documents/get`.
---@class coworker.DocumentParams
---@field uri string The document.

---Result of `coworker/documents/get`: the document as the agent sees it.
---@class coworker.DocumentResult
---@field text string The text.
---@field version? integer|nil The client's version of it; none for a document that is open in no editor.
---@field revision integer Counts the changes of the document in this process; our own, not an editor's version.
---@field hash string SHA-256 of the text in UTF-8, in hexadecimal.

---Reads a file or folder.
---@class coworker.Effect.read
---@field kind "read"
---@field path coworker.AbsPath What is read.

---Creates or changes a file.
---@class coworker.Effect.write
---@field kind "write"
---@field path coworker.AbsPath What is written.

---Deletes a file.
---@class coworker.Effect.delete
---@field kind "delete"
---@field path coworker.AbsPath What is deleted.

---Moves a file.
---@class coworker.Effect.move
---@field kind "move"
---@field from coworker.AbsPath Where it is.
---@field to coworker.AbsPath Where it goes.

---Runs a command in a shell.
---@class coworker.Effect.run
---@field kind "run"
---@field command string The whole command line.
---@field folder coworker.AbsPath The folder it runs in.

---Asks for a plan to be approved, which ends the read-only mode.
---@class coworker.Effect.submitPlan
---@field kind "submitPlan"

---What a prepared tool call would do. Paths are resolved: links are followed.
---@alias coworker.Effect coworker.Effect.read|coworker.Effect.write|coworker.Effect.delete|coworker.Effect.move|coworker.Effect.run|coworker.Effect.submitPlan

---A result with nothing in it.
---@class coworker.Empty

---What went wrong, as a stable string; in JSON-RPC it travels as `data.code`.
---@alias coworker.ErrorCode "invalidParams"|"sessionNotFound"|"sessionInUse"|"sessionBusy"|"queueFull"|"itemNotFound"|"approvalNotFound"|"changeSetNotFound"|"documentNotFound"|"notAFile"|"notUtf8"|"notEncodable"|"alreadyExists"|"unsaved"|"documentTooBig"|"fileSystem"|"badPath"|"editNotFound"|"editAmbiguous"|"editContradicts"|"editBreaksSyntax"|"editAlreadyApplied"|"editStale"|"editUnread"|"editRefused"|"editUnconfirmed"|"unknownTool"|"badToolArguments"|"toolFailed"|"commandTimedOut"|"denied"|"rejected"|"cancelled"|"interrupted"|"modelUnavailable"|"modelNotFound"|"modelUnauthorized"|"modelOverloaded"|"quotaExceeded"|"contextTooLong"|"modelRefused"|"modelBrokeOff"|"turnTooLong"|"budgetReached"|"unknownCommand"|"skillNotFound"|"promptNotQueued"|"noEditor"|"storeLocked"|"storeReadOnly"|"storeFailed"|"internal"

---An error in words and code; in JSON-RPC it travels as `message` and `data`.
---@class coworker.ErrorInfo
---@field code coworker.ErrorCode What went wrong, for programs.
---@field message string What went wrong and the way out, for people.

---The edits of a change set in one file.
---@class coworker.FileChange
---@field path coworker.AbsPath The file, resolved.
---@field kind coworker.FileChangeKind What happens to the file as a whole.
---@field to? coworker.AbsPath|nil Where the file goes, resolved; only if it is moved.
---@field base? coworker.Stamp|nil The document the edits were made for; none when the file is created.
---@field hunks coworker.Hunk[] What is decided one by one, in the order the model made it, each against the text that the one before it left.
---@field diff string The whole proposal as a unified diff, for people.
---@field syntaxErrors? coworker.SyntaxError[] Faults in the syntax of the proposed text that the text before did not have.

---What happens to a file.
---@alias coworker.FileChangeKind "edit"|"create"|"delete"|"move"

---A file on disk as it was.
---@class coworker.FileState
---@field hash string SHA-256 of its bytes, in hexadecimal: the name they are kept by.
---@field permissions? integer|nil Who might read, write and run it, as the bits of Unix; none where a system has none.

---Parameters of `coworker/session/fork`.
---@class coworker.ForkParams
---@field sessionId coworker.SessionId The session.
---@field before? coworker.ItemId|nil The first item that is left out; without it all are taken along.

---Result of `coworker/session/fork`.
---@class coworker.ForkResult
---@field session coworker.SessionInfo The new session.

---A part of what one tool call changes in one file: neighbouring lines, decided at once.
---@class coworker.Hunk
---@field id coworker.HunkId Names the hunk; stable for as long as the session exists.
---@field itemId coworker.ItemId The tool call that made it.
---@field replacements coworker.Replacement[] What is replaced, in ascending order, without overlap.
---@field dependsOn? coworker.HunkId[] Earlier hunks of this file whose new text this one touches: rejecting one rejects this.
---@field reason? string|nil Why, in the model's words.
---@field edited? boolean Whether the user put other words in place of the proposal.
---@field comment? string|nil What the user said about it; the model is told.
---@field state coworker.HunkState Where it stands.
---@field believed? coworker.HunkState|nil Where the model believes it to stand, if that is elsewhere; it is told with the next request.

---The decision on one hunk of a change set.
---@class coworker.HunkDecision
---@field hunkId coworker.HunkId The hunk.
---@field accept boolean Whether it may be applied.
---@field text? string|nil The lines that the user wants in place of those proposed; only for one that is accepted.
---@field before? string|nil The lines that `text` was made for: the hunk's `before`. If they say something else now, both changes are merged, or the hunk becomes a conflict. Without it, they are those that the hunk was proposed for.
---@field reason? string|nil What the user said about it; the model is told.

---Names one edit inside a change set.
---@alias coworker.HunkId string

---Waits for a decision.
---@class coworker.HunkState.pending
---@field kind "pending"

---The user said yes; it is on its way into the document.
---@class coworker.HunkState.accepted
---@field kind "accepted"

---The user said no.
---@class coworker.HunkState.rejected
---@field kind "rejected"

---It is in the document, and can be kept or undone.
---@class coworker.HunkState.applied
---@field kind "applied"

---It is in the document, and the user has looked at it, or the last commit has all of it.
---@class coworker.HunkState.kept
---@field kind "kept"

---It was in the document and is no more: taken back, or written over by the user.
---@class coworker.HunkState.undone
---@field kind "undone"

---It can be neither applied nor taken back as it is, or was not seen in the document; nothing
---the user typed was touched. When its text is as it was before, it is what it was before.
---@class coworker.HunkState.conflicted
---@field kind "conflicted"
---@field reason string Why.

---Where a hunk stands.
---@alias coworker.HunkState coworker.HunkState.pending|coworker.HunkState.accepted|coworker.HunkState.rejected|coworker.HunkState.applied|coworker.HunkState.kept|coworker.HunkState.undone|coworker.HunkState.conflicted

---A picture; its bytes are kept beside the journal.
---@class coworker.Image
---@field path coworker.AbsPath What it was read from.
---@field mediaType string The media type: `image/png`.
---@field hash string SHA-256 of its bytes, in hexadecimal: the name it is kept by.
---@field bytes integer How many bytes it has.

---What the user asked.
---@class coworker.Item.userMessage: coworker.UserMessage
---@field id coworker.ItemId Names the item; stable and never reused.
---@field turnId coworker.TurnId The turn it belongs to.
---@field at integer When it began, in milliseconds since 1970 in UTC.
---@field aside? boolean Whether it is set aside: the conversation goes on as if it had not been. It is kept, the model does not read it, and clients do not draw it.
---@field kind "userMessage"

---What the model said.
---@class coworker.Item.agentMessage
---@field id coworker.ItemId Names the item; stable and never reused.
---@field turnId coworker.TurnId The turn it belongs to.
---@field at integer When it began, in milliseconds since 1970 in UTC.
---@field aside? boolean Whether it is set aside: the conversation goes on as if it had not been. It is kept, the model does not read it, and clients do not draw it.
---@field kind "agentMessage"
---@field text string The text, in Markdown.

---What the model thought, as far as its provider tells.
---@class coworker.Item.reasoning
---@field id coworker.ItemId Names the item; stable and never reused.
---@field turnId coworker.TurnId The turn it belongs to.
---@field at integer When it began, in milliseconds since 1970 in UTC.
---@field aside? boolean Whether it is set aside: the conversation goes on as if it had not been. It is kept, the model does not read it, and clients do not draw it.
---@field kind "reasoning"
---@field text string The text; may be empty where the provider hides it.
---@field providerData? any What the provider wants back unchanged in the next request.

---A tool that the model called.
---@class coworker.Item.toolCall: coworker.ToolCall
---@field id coworker.ItemId Names the item; stable and never reused.
---@field turnId coworker.TurnId The turn it belongs to.
---@field at integer When it began, in milliseconds since 1970 in UTC.
---@field aside? boolean Whether it is set aside: the conversation goes on as if it had not been. It is kept, the model does not read it, and clients do not draw it.
---@field kind "toolCall"

---A plan that the model submitted.
---@class coworker.Item.plan: coworker.Plan
---@field id coworker.ItemId Names the item; stable and never reused.
---@field turnId coworker.TurnId The turn it belongs to.
---@field at integer When it began, in milliseconds since 1970 in UTC.
---@field aside? boolean Whether it is set aside: the conversation goes on as if it had not been. It is kept, the model does not read it, and clients do not draw it.
---@field kind "plan"

---A question to the user.
---@class coworker.Item.approval: coworker.Approval
---@field id coworker.ItemId Names the item; stable and never reused.
---@field turnId coworker.TurnId The turn it belongs to.
---@field at integer When it began, in milliseconds since 1970 in UTC.
---@field aside? boolean Whether it is set aside: the conversation goes on as if it had not been. It is kept, the model does not read it, and clients do not draw it.
---@field kind "approval"

---Proposed edits.
---@class coworker.Item.changeSet: coworker.ChangeSet
---@field id coworker.ItemId Names the item; stable and never reused.
---@field turnId coworker.TurnId The turn it belongs to.
---@field at integer When it began, in milliseconds since 1970 in UTC.
---@field aside? boolean Whether it is set aside: the conversation goes on as if it had not been. It is kept, the model does not read it, and clients do not draw it.
---@field kind "changeSet"

---The whole todo list as it is from here on.
---@class coworker.Item.todos
---@field id coworker.ItemId Names the item; stable and never reused.
---@field turnId coworker.TurnId The turn it belongs to.
---@field at integer When it began, in milliseconds since 1970 in UTC.
---@field aside? boolean Whether it is set aside: the conversation goes on as if it had not been. It is kept, the model does not read it, and clients do not draw it.
---@field kind "todos"
---@field todos coworker.Todo[] The list.

---Something the user should know.
---@class coworker.Item.notice: coworker.Notice
---@field id coworker.ItemId Names the item; stable and never reused.
---@field turnId coworker.TurnId The turn it belongs to.
---@field at integer When it began, in milliseconds since 1970 in UTC.
---@field aside? boolean Whether it is set aside: the conversation goes on as if it had not been. It is kept, the model does not read it, and clients do not draw it.
---@field kind "notice"

---Files as they were before the session changed them. Nothing to be drawn.
---@class coworker.Item.checkpoint: coworker.Checkpoint
---@field id coworker.ItemId Names the item; stable and never reused.
---@field turnId coworker.TurnId The turn it belongs to.
---@field at integer When it began, in milliseconds since 1970 in UTC.
---@field aside? boolean Whether it is set aside: the conversation goes on as if it had not been. It is kept, the model does not read it, and clients do not draw it.
---@field kind "checkpoint"

---From here on the model is sent a shorter conversation than there was.
---@class coworker.Item.compaction: coworker.Compaction
---@field id coworker.ItemId Names the item; stable and never reused.
---@field turnId coworker.TurnId The turn it belongs to.
---@field at integer When it began, in milliseconds since 1970 in UTC.
---@field aside? boolean Whether it is set aside: the conversation goes on as if it had not been. It is kept, the model does not read it, and clients do not draw it.
---@field kind "compaction"

---What became of hunks after the model had been told of them; it is told from here on.
---@class coworker.Item.reviewed
---@field id coworker.ItemId Names the item; stable and never reused.
---@field turnId coworker.TurnId The turn it belongs to.
---@field at integer When it began, in milliseconds since 1970 in UTC.
---@field aside? boolean Whether it is set aside: the conversation goes on as if it had not been. It is kept, the model does not read it, and clients do not draw it.
---@field kind "reviewed"
---@field hunks coworker.ReviewedHunk[] The hunks.

---One durable thing in the journal.
---@alias coworker.Item coworker.Item.userMessage|coworker.Item.agentMessage|coworker.Item.reasoning|coworker.Item.toolCall|coworker.Item.plan|coworker.Item.approval|coworker.Item.changeSet|coworker.Item.todos|coworker.Item.notice|coworker.Item.checkpoint|coworker.Item.compaction|coworker.Item.reviewed

---Names an item. Approvals, change sets, plans and tool calls are items and go by this id.
---@alias coworker.ItemId string

---A document that was about to be edited, made, moved or deleted.
---@class coworker.Kept.file: coworker.KeptFile
---@field kind "file"

---A folder of the session in which a command was about to run.
---@class coworker.Kept.folder: coworker.KeptFolder
---@field kind "folder"

---Something as it was.
---@alias coworker.Kept coworker.Kept.file|coworker.Kept.folder

---A document as it was. Its bytes are kept beside the journal.
---@class coworker.KeptFile
---@field path coworker.AbsPath The document, resolved.
---@field text? string|nil SHA-256 of its text in UTF-8, in hexadecimal: the name it is kept by. None if there was no such document.
---@field file? coworker.FileState|nil The file that had this text; none if only an editor had it.
---@field left? string|nil SHA-256 of the text that a restore put there, likewise; only in the checkpoint of one that put any.

---A folder as it was before a command.
---@class coworker.KeptFolder
---@field path coworker.AbsPath The folder, resolved.
---@field id? string|nil By what the folder as it was is found again; none if it is not kept.
---@field changed? coworker.AbsPath[]|nil The files that changed while the command ran, links among them not followed. None while that is not known: it still runs, or the process died before.
---@field leftOut? integer How many files are not kept, because they are too big or may not be read.
---@field reason? string|nil Why nothing is kept, or what changed cannot be told, in words for people.

---Parameters of `coworker/session/list`.
---@class coworker.ListSessionsParams
---@field root? string|nil Only sessions of this folder, a `file:` URI or an absolute path.

---Result of `coworker/session/list`.
---@class coworker.ListSessionsResult
---@field sessions coworker.SessionInfo[] The sessions, the last used first.

---How freely the agent may act.
---@alias coworker.Mode "ask"|"plan"|"fast"|"edit"|"auto"

---Parameters of `coworker/session/new`.
---@class coworker.NewSessionParams
---@field root? string|nil The folder to work in, as a `file:` URI or an absolute path; without it the client's first workspace folder.
---@field folders? string[] Further folders of the same work, likewise; without `root` the client's other workspace folders.
---@field mode? coworker.Mode|nil The mode; without it the configured one.
---@field model? string|nil The model as `provider/name`; without it the configured one.

---Something the user should know.
---@class coworker.Notice
---@field level coworker.NoticeLevel How much it matters.
---@field code? coworker.ErrorCode|nil What it is about, for programs.
---@field text string The sentence.

---How much a notice matters.
---@alias coworker.NoticeLevel "info"|"warning"|"error"

---A hunk where it stands in its document now.
---@class coworker.PlacedHunk
---@field hunkId coworker.HunkId The hunk.
---@field changeSetId coworker.ItemId The change set it is part of.
---@field itemId coworker.ItemId The tool call that made it.
---@field turnId coworker.TurnId The turn it was made in.
---@field uri string The document.
---@field state coworker.HunkState Where it stands.
---@field range? coworker.Range|nil The whole lines that it would change, or that it changed; none where it has no place any more.
---@field before string Those lines without it.
---@field after string Those lines with it.
---@field canBeReworded? boolean Whether it can be accepted with other lines: `text` of a decision.
---@field dependsOn? coworker.HunkId[] Hunks that it builds on.
---@field reason? string|nil Why, in the model's words.
---@field edited? boolean Whether the user put other words in place of the proposal.
---@field comment? string|nil What the user said about it.

---A plan that the model submitted.
---@class coworker.Plan
---@field summary string What it is about, in a sentence or two.
---@field steps string[] What will be done, in order.
---@field status coworker.PlanStatus Where it stands.

---Where a plan stands.
---@alias coworker.PlanStatus "proposed"|"approved"|"rejected"

---A place in a document. Same meaning as in LSP 3.17, `Position`.
---@class coworker.Position
---@field line integer Line, counted from 0.
---@field character integer Code units of the agreed position encoding before it in its line.

---Parameters of `coworker/prompt`, from the server to the client.
---@class coworker.PromptParams
---@field title string What is asked for, such as `Ask Coworker about fn main`.
---@field text string What to put in as a start; may be empty.

---One file of a change set, before and after.
---@class coworker.ProposedFile
---@field uri string The document.
---@field kind coworker.FileChangeKind What happens to the file as a whole.
---@field to? string|nil Where the file goes; only if it is moved.
---@field syntaxErrors? coworker.SyntaxError[] Faults in the syntax of the proposed text that the text before did not have.
---@field texts? coworker.ProposedTexts|nil The text before and after; none when the document is no longer the one the edits were made for.
---@field diff string The proposal as a unified diff, as it was made.
---@field hunks coworker.PlacedHunk[] What is decided one by one.

---A document without and with what is proposed.
---@class coworker.ProposedTexts
---@field before string The text now; empty when the file would be created.
---@field after string The text with every edit in it.

---A question of the agent, with answers to choose from; words of the user's own always do.
---@class coworker.Question
---@field text string The question.
---@field heading? string A word or two for a tab or a heading; may be empty.
---@field choices? coworker.Choice[] The answers to choose from; none if only words can answer it.
---@field multiple? boolean Whether several may be chosen.

---What the user answered to one question.
---@class coworker.QuestionAnswer
---@field chosen? string[] The labels that were chosen.
---@field text? string|nil The user's own words.

---Its text is replaced. What it mentions is looked up again; what it points at stays.
---@class coworker.QueueChange.edit
---@field op "edit"
---@field text string The new text.

---It is not sent.
---@class coworker.QueueChange.remove
---@field op "remove"

---It is put to the model with the next request of the turn that runs.
---@class coworker.QueueChange.steer
---@field op "steer"

---What is done with a prompt that waits.
---@alias coworker.QueueChange coworker.QueueChange.edit|coworker.QueueChange.remove|coworker.QueueChange.steer

---Parameters of `coworker/chat/queue`: changes a prompt that waits.
---@class coworker.QueueParams
---@field sessionId coworker.SessionId The session.
---@field turnId coworker.TurnId The turn that the prompt will be.
---@field change coworker.QueueChange What to do with it.

---A prompt that waits for the turn before it.
---@class coworker.QueuedPrompt
---@field turnId coworker.TurnId The turn it will be.
---@field message coworker.UserMessage What will be asked.
---@field steer? boolean Whether it goes to the model with the next request of the turn that runs. If that turn makes none, it becomes a turn of its own like the others.

---A stretch of a document; the end is outside. Same meaning as in LSP 3.17, `Range`.
---@class coworker.Range
---@field start coworker.Position First position in it.
---@field end coworker.Position First position after it.

---A file that was not put back, or a folder in which nothing is kept.
---@class coworker.RefusedFile
---@field uri string The file or folder.
---@field reason string Why, in words for people.

---A hunk that cannot be taken back or done again.
---@class coworker.RefusedHunk
---@field hunkId coworker.HunkId The hunk.
---@field uri string The document.
---@field line? integer|nil Its first line there, counted from 1; none where it has no place any more.
---@field reason string Why, in whole sentences for people: with the file, the line and what can be done.

---A stretch of text and what comes in its place.
---@class coworker.Replacement
---@field start integer First byte that is replaced.
---@field end integer First byte after it.
---@field text string The new text.

---Parameters of `coworker/session/resend`.
---@class coworker.ResendParams
---@field sessionId coworker.SessionId The session.
---@field itemId coworker.ItemId The prompt that is sent again.
---@field text string What it says now. What it pointed at stays, what it mentions is looked up again.
---@field files? boolean Whether the files that the session changed since are put back first, as a restore of the checkpoint does. Text that was typed into them since goes with it.

---A hunk of which the model is told something new.
---@class coworker.ReviewedHunk
---@field hunkId coworker.HunkId The hunk.
---@field path coworker.AbsPath The file.
---@field summary string The beginning of what it says.
---@field state coworker.HunkState Where it stands now.
---@field comment? string|nil What the user said about it.

---A remembered permission. It covers exactly this effect and nothing like it.
---@class coworker.Rule
---@field allow coworker.Effect What is allowed without asking.

---Parameters of `coworker/documents/save`, from the server to the client.
---@class coworker.SaveParams
---@field uris string[] The documents to save.

---What the server can do, in the result's `capabilities.experimental.coworker`.
---@class coworker.ServerCapabilities
---@field protocolVersion integer [`crate::PROTOCOL_VERSION`].
---@field methods string[] The methods of the `coworker/` namespace that it answers.

---Names a session: one conversation with its journal.
---@alias coworker.SessionId string

---A session in a list.
---@class coworker.SessionInfo
---@field id coworker.SessionId Names the session.
---@field root coworker.AbsPath The folder it works in.
---@field folders? coworker.AbsPath[] Further folders that belong to the same work: the other roots of a workspace with several.
---@field title string The first line of its first prompt, or what the fast model calls it; empty before it.
---@field createdAt integer When it began, in milliseconds since 1970 in UTC.
---@field updatedAt integer When something last happened in it, likewise.

---Names a session.
---@class coworker.SessionParams
---@field sessionId coworker.SessionId The session.

---One update of one session, as it travels to front ends.
---@class coworker.SessionUpdate
---@field sessionId coworker.SessionId The session.
---@field seq integer Rises with every update of the session. Gaps are normal: merged deltas leave them.
---@field update coworker.Update What happened.

---How bad a problem is. Same meaning as in LSP 3.17, `DiagnosticSeverity`; the worst first.
---@alias coworker.Severity "error"|"warning"|"information"|"hint"

---The state of a document that an edit was made for.
---@class coworker.Stamp
---@field revision integer Counts the changes of the document in this process; our own, not an editor's version.
---@field hash string SHA-256 of the text in UTF-8, in hexadecimal.

---A turn runs.
---@class coworker.Status.running
---@field state "running"
---@field turnId coworker.TurnId The turn.

---No turn runs.
---@class coworker.Status.idle
---@field state "idle"
---@field turnId? coworker.TurnId|nil The turn that ended; none before the first.
---@field stopReason? coworker.StopReason|nil Why it ended; none before the first.
---@field error? coworker.ErrorInfo|nil What went wrong, when `stopReason` is `error`.

---Whether a turn runs.
---@alias coworker.Status coworker.Status.running|coworker.Status.idle

---Why a turn ended.
---@alias coworker.StopReason "completed"|"cancelled"|"interrupted"|"error"

---Items in a row, both ends included.
---@class coworker.Stretch
---@field first coworker.ItemId The first.
---@field last coworker.ItemId The last; it may be the first as well.

---What stands in place of the beginning of a conversation.
---@class coworker.Summary
---@field before coworker.ItemId The item with which the conversation goes on.
---@field text string The summary, as a model wrote it.
---@field prompt? string|nil The prompt that is worked on, if it is among what was summed up.

---A new fault in the syntax of a text, found before anyone is asked about the edit that makes it.
---@class coworker.SyntaxError
---@field line integer The line in the text with the edit, counted from 1.
---@field column integer The character in the line, counted from 1.
---@field message string What is wrong, in one line.

---One thing to do.
---@class coworker.Todo
---@field content string What to do, as an order: `Run the tests`.
---@field activeForm string The same while it is being done: `Running the tests`.
---@field status coworker.TodoStatus Where it stands.

---Where a todo stands.
---@alias coworker.TodoStatus "pending"|"in_progress"|"completed"

---A tool that the model called.
---@class coworker.ToolCall
---@field callId string The name the provider gave the call.
---@field step integer Which model response of the turn made it, counted from 1.
---@field name string The tool.
---@field title string One line for people, such as `Read src/main.rs`.
---@field input any The arguments as the model wrote them; the raw text as a string when they are not JSON.
---@field status coworker.ToolCallStatus Where it stands.
---@field effects? coworker.Effect[] What it would do or did.
---@field output? coworker.ToolOutput|nil What came of it, as the model is told. While the call runs, deltas add to its text.
---@field providerData? any What the provider wants back unchanged in the next request.

---Where a tool call stands.
---@alias coworker.ToolCallStatus "pending"|"running"|"completed"|"failed"|"rejected"|"cancelled"|"interrupted"

---What a tool call came to.
---@class coworker.ToolOutput
---@field text string The text the model reads.
---@field images? coworker.Image[] Pictures that the model is shown with it.
---@field error? coworker.ErrorCode|nil The error, when it is one.

---Names a turn: from one prompt to the end of its answer.
---@alias coworker.TurnId string

---What is taken back, or done again, with the last hunk that can be.
---@alias coworker.UndoPart "hunk"|"call"|"turn"

---One.
---@class coworker.UndoScope.hunk
---@field kind "hunk"
---@field hunkId coworker.HunkId The hunk.

---Several, at once.
---@class coworker.UndoScope.hunks
---@field kind "hunks"
---@field hunkIds coworker.HunkId[] The hunks.

---Those of a tool call.
---@class coworker.UndoScope.call
---@field kind "call"
---@field itemId coworker.ItemId The tool call.

---Those of a turn.
---@class coworker.UndoScope.turn
---@field kind "turn"
---@field turnId coworker.TurnId The turn.

---All of the session.
---@class coworker.UndoScope.session
---@field kind "session"

---The last that can be taken back or done again.
---@class coworker.UndoScope.last
---@field kind "last"
---@field of? coworker.UndoPart|nil How much of it. Without it a redo means all that was taken back at once, and an undo the turn.

---Which hunks are taken back, or done again.
---@alias coworker.UndoScope coworker.UndoScope.hunk|coworker.UndoScope.hunks|coworker.UndoScope.call|coworker.UndoScope.turn|coworker.UndoScope.session|coworker.UndoScope.last

---An item began.
---@class coworker.Update.itemStarted
---@field kind "itemStarted"
---@field item coworker.Item The item as it is now.

---An open item changed: a tool call began to run, an edit was decided.
---@class coworker.Update.itemChanged
---@field kind "itemChanged"
---@field item coworker.Item The whole item as it is now.

---An item will not change any more.
---@class coworker.Update.itemEnded
---@field kind "itemEnded"
---@field item coworker.Item The whole item. What deltas brought before is contained in it.

---More text of an open item: a message, reasoning, or the output of a tool call.
---@class coworker.Update.delta
---@field kind "delta"
---@field itemId coworker.ItemId The item.
---@field offset integer Where in the item's text it goes, in UTF-8 bytes.
---@field text string The text.

---A turn began or ended.
---@class coworker.Update.status: coworker.Status
---@field kind "status"

---What the session has used up to now.
---@class coworker.Update.usage: coworker.Usage
---@field kind "usage"

---The mode or the model changed.
---@class coworker.Update.config
---@field kind "config"
---@field mode coworker.Mode The mode.
---@field model string The model, as `provider/name`.

---The fast model has given the session a title, in place of the first line of its first
---prompt.
---@class coworker.Update.title
---@field kind "title"
---@field title string In one line.

---The prompts that wait, all of them.
---@class coworker.Update.queue
---@field kind "queue"
---@field prompts coworker.QueuedPrompt[] In the order they will be sent.

---Items were set aside, or taken up again: [`Item::aside`] of each of them is this now.
---@class coworker.Update.setAside
---@field kind "setAside"
---@field stretch coworker.Stretch The items.
---@field aside boolean Whether they are set aside.

---Updates were left out for a client that did not keep up: attach again after this number.
---The update's own `seq` is the same number.
---@class coworker.Update.resync
---@field kind "resync"
---@field fromSeq integer The last number the client can have seen.

---What happened in a session.
---@alias coworker.Update coworker.Update.itemStarted|coworker.Update.itemChanged|coworker.Update.itemEnded|coworker.Update.delta|coworker.Update.status|coworker.Update.usage|coworker.Update.config|coworker.Update.title|coworker.Update.queue|coworker.Update.setAside|coworker.Update.resync

---Tokens, as the provider counts them.
---@class coworker.Usage
---@field inputTokens integer Tokens sent, those from the cache included.
---@field outputTokens integer Tokens received.
---@field cachedTokens integer Tokens sent that the provider had in its cache.
---@field cacheWrittenTokens? integer Tokens sent that the provider wrote to its cache, for a price of their own.
---@field cost? integer What it cost, in billionths of a US dollar; requests to a model without a known price add nothing.

---What the user asked, with what they pointed at.
---@class coworker.UserMessage
---@field text string The prompt, as typed.
---@field context? coworker.ContextPart[] What the user pointed at, as it was then.

---One problem, in the client's positions.
---@class coworker.WireDiagnostic
---@field uri string The document.
---@field range coworker.Range Where.
---@field severity coworker.Severity How bad it is.
---@field message string What is wrong.
---@field source? string Who says so.
---@field code? string Its code there.
