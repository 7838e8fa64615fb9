//! Sessions, turns, policy, context and prompts: the room that decides.
//!
//! The engine knows no editor, no network and no disk. What it needs from outside it asks of
//! five traits: [`Model`], [`Tool`], [`Documents`], [`Editor`] and [`Store`]; what it tells it
//! says in the words of `protocol`. Time and ids are values given at construction, so a session
//! can be replayed to the letter.
//!
//! A front end holds one thing: [`Sessions`].

mod apply;
mod approvals;
mod budget;
mod calls;
mod checkpoints;
mod compaction;
mod context;
mod diagnostics;
mod documents;
mod editor;
mod ledger;
mod model;
pub mod picture;
pub mod policy;
mod prompts;
mod recovery;
mod review;
mod rewinding;
mod saving;
mod session;
mod sessions;
mod store;
mod titles;
mod tool;
mod turn;
mod watch;

pub use budget::{Budget, Budgets};
pub use checkpoints::Point;
pub use context::{Completions, Skill, SkillSource, estimate, leave_out_pictures};
pub use diagnostics::line as diagnostic_line;
pub use documents::{
    Became, CommittedText, ConnectionId, DocumentError, Documents, Entry, Excerpt, FileBytes,
    FolderChange, FoundSymbol, KeptFolder, NotKept, Origin, Part, Snapshot, UNTITLED,
};
pub use editor::{ApplyRefused, BufferEdit, Diagnostics, DiagnosticsQuery, Editor};
pub use ledger::{
    Difference, Differences, HunkNow, HunkView, Proposal, Resolution, Restoration, Switched,
};
pub use model::{
    AssistantPart, Message, Model, ModelChoice, ModelError, ModelEvent, ModelFacts, ModelRequest,
    ModelStream, Picture, StopCause, ToolResult,
};
pub use prompts::SYSTEM_PROMPT_BYTES;
pub use session::SessionHandle;
pub use sessions::{
    Attached, Clock, Ids, KeepTrust, NewSession, Parts, Seen, Sessions, Settings, Started, Swept,
    Trust,
};
pub use store::{Batch, Draft, Keep, Record, Store, StoreError, StoredSession, UseOfDay};
pub use tool::{
    Editable, FreeToRead, NamedPicture, Output, Prepared, ProposedEdit, SeenText, Tool,
    ToolContext, ToolError, ToolSpec, Work,
};
