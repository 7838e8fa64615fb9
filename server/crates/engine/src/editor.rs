//! The seam to whoever sits at the other end of a connection.

use std::time::Duration;

use async_trait::async_trait;
use protocol::{
    AbsPath, Answer, Approval, Diagnostic, ItemId, Replacement, SessionId, SessionUpdate,
};
use ropey::Rope;

/// The client's half of a conversation. Several may be attached to one session.
#[async_trait]
pub trait Editor: Send + Sync {
    /// Who answers here, for the journal: `Neovim`, `the command line`.
    fn name(&self) -> String;

    /// Tells what happened. Never blocks: what cannot be sent now is queued or left out with a
    /// [`protocol::Update::Resync`].
    fn notify(&self, update: &SessionUpdate);

    /// Asks the user. None is no answer: the question stays open for others and for later.
    /// The future is dropped when somebody else has answered.
    async fn ask(&self, session: &SessionId, id: &ItemId, approval: &Approval) -> Option<Answer>;

    /// Changes a buffer of this editor. A good reply proves nothing, and neither does silence:
    /// the caller looks at the document afterwards. The caller sets the deadline.
    ///
    /// # Errors
    /// The editor said that it did not apply the edit.
    async fn apply(&self, edit: BufferEdit) -> Result<(), ApplyRefused>;

    /// Whether it can save documents when it is asked to.
    fn can_save(&self) -> bool {
        false
    }

    /// Saves documents. Whether it did is to be seen on disk.
    async fn save(&self, _paths: &[AbsPath]) {}

    /// What its language servers say; none if it cannot tell, or if none of them looks at the
    /// document.
    async fn diagnostics(&self, _query: DiagnosticsQuery) -> Option<Diagnostics> {
        None
    }
}

/// Which diagnostics are wanted, and how long to wait for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DiagnosticsQuery {
    /// The document; none for all that the editor has diagnostics of.
    pub path: Option<AbsPath>,
    /// The editor's version of it that they are to be about; none for what is known now.
    pub version: Option<i32>,
    /// How long they must not have changed to count as settled.
    pub settle: Duration,
    /// How long to wait at most.
    pub timeout: Duration,
}

/// What the language servers of an editor say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Diagnostics {
    /// The problems.
    pub items: Vec<Diagnostic>,
    /// Whether the servers have spoken about the version that was asked for; false when the time
    /// ran out before.
    pub fresh: bool,
    /// The servers that look at the document.
    pub servers: Vec<String>,
}

/// A change of one open document.
#[derive(Clone, Debug)]
pub struct BufferEdit {
    /// The document.
    pub path: AbsPath,
    /// The editor's version that the edit is made for.
    pub version: i32,
    /// The text that the edit is made for; offsets are bytes in it.
    pub before: Rope,
    /// What is replaced, in ascending order, without overlap.
    pub replacements: Vec<Replacement>,
    /// A few words for the editor's undo list.
    pub label: String,
}

/// The editor said no.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", reason.as_deref().unwrap_or("the editor gave no reason"))]
pub struct ApplyRefused {
    /// Why, if it said so.
    pub reason: Option<String>,
}
