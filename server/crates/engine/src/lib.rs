//! Sessions, turns, policy, context and prompts: the room that decides.
//!
//! The engine knows no editor, no network and no disk. What it needs from outside it asks of
//! five traits: [`Model`], [`Tool`], [`Documents`], [`Editor`] and [`Store`]; what it tells it
//! says in the words of `protocol`. Time and ids are values given at construction, so a session
//! can be replayed to the letter.
//!
//! A front end holds one thing: [`Sessions`].

mod documents;
mod editor;
mod model;
mod session;
mod store;
mod tool;

pub use documents::{ConnectionId, DocumentError, Documents, Origin, Snapshot};
pub use editor::{ApplyRefused, BufferEdit, Editor};
pub use model::{
    AssistantPart, Message, Model, ModelChoice, ModelError, ModelEvent, ModelRequest, ModelStream,
    StopCause, ToolResult,
};
pub use store::{Batch, Draft, Record, Store, StoreError, StoredSession};
pub use session::SessionHandle;
pub use tool::{Editable, Prepared, ProposedEdit, Tool, ToolContext, ToolError, ToolSpec, Work};
