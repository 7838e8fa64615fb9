//! The words of Coworker as data, and the table of its methods.
//!
//! Everything that is journaled, told to a front end or sent over a wire is one of these types,
//! and there is no second set: live view, replay and every front end share them.
//! This crate holds data and the pure [`SessionState`] fold over it. It knows no editor, no
//! model, no file and no runtime; it does no input or output.
//!
//! Start with [`Item`] (what a session is made of), then [`Update`] (how front ends learn of it)
//! and [`methods`] (what can be asked). [`wire`] has the few shapes that carry URIs and encoded
//! positions; everywhere else paths are absolute ([`AbsPath`]) and offsets count UTF-8 bytes.

mod approval;
mod change;
mod checkpoint;
mod context;
mod diagnostic;
mod error;
mod ids;
mod item;
pub mod methods;
mod path;
mod session;
mod state;
mod update;
pub mod wire;

pub use approval::{
    Answer, Approval, ApprovalOption, ApprovalSubject, BudgetScope, Choice, Decision, Effect,
    HunkDecision, Question, QuestionAnswer, Rule,
};
pub use change::{
    ChangeSet, FileChange, FileChangeKind, Hunk, HunkState, Replacement, ReviewedHunk, Stamp,
    SyntaxError, UndoPart, UndoScope,
};
pub use checkpoint::{Checkpoint, CheckpointKind, FileState, Kept, KeptFile, KeptFolder};
pub use context::{Completion, ContextReport, ContextShare};
pub use diagnostic::{Diagnostic, Severity};
pub use error::{ErrorCode, ErrorInfo};
pub use ids::{HunkId, ItemId, SessionId, TurnId};
pub use item::{
    Compaction, ContextPart, Image, Item, ItemBody, Notice, NoticeLevel, Plan, PlanStatus, Stretch,
    Summary, Todo, TodoStatus, ToolCall, ToolCallStatus, ToolOutput, UserMessage,
};
pub use path::{AbsPath, PathError};
pub use session::{Mode, QueueChange, QueuedPrompt, SessionInfo};
pub use state::SessionState;
pub use update::{SessionUpdate, Status, StopReason, Update, Usage, dollars};

/// The version of the `coworker/` methods, raised when a client must change to keep working.
pub const PROTOCOL_VERSION: u32 = 1;
