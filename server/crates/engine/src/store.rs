//! The seam to what lasts: journals, the list of sessions, remembered permissions.

use async_trait::async_trait;
use protocol::{
    AbsPath, ErrorCode, ItemId, Rule, SessionId, SessionInfo, SessionState, Update, Usage,
};
use ropey::Rope;

/// Something of a document that is kept beside a journal.
#[derive(Clone, Debug)]
pub enum Keep {
    /// A text that it had, for as long as something names it.
    Text {
        /// Its path.
        path: AbsPath,
        /// The SHA-256 of the text in hexadecimal, by which it is found again as bytes.
        hash: String,
        /// The text.
        text: Rope,
    },
    /// Who wrote what in it, in place of what was kept before.
    Weave {
        /// Its path.
        path: AbsPath,
        /// What there is to know; empty if nothing is to be kept any more.
        weave: Vec<u8>,
        /// The hashes of the texts that it is of.
        texts: Vec<String>,
    },
}

/// Where sessions are kept.
#[async_trait]
pub trait Store: Send + Sync {
    /// Makes a session that begins with `first` and claims it for this process: all of that or
    /// nothing of it.
    async fn create(&self, info: &SessionInfo, first: Batch) -> Result<(), StoreError>;

    /// Claims a session for this process and reads all of it. A claim ends with
    /// [`Store::close`] or with the process, however it ends.
    ///
    /// # Errors
    /// There is no such session, or another process has claimed it.
    async fn open(&self, id: &SessionId) -> Result<StoredSession, StoreError>;

    /// Reads all of a session as it is at this moment, without claiming it: another process may
    /// have it open and go on with it.
    ///
    /// # Errors
    /// There is no such session.
    async fn read(&self, id: &SessionId) -> Result<StoredSession, StoreError>;

    /// Adds to the journal of a claimed session: all of the batch or nothing of it. When it
    /// returns, the batch outlives the process, however it ends. Of an item only the last record
    /// has to be kept, in the place of the first: it contains those before.
    async fn append(&self, id: &SessionId, batch: Batch) -> Result<(), StoreError>;

    /// Keeps bytes beside the journal of a claimed session, for as long as the session exists.
    /// Gives their SHA-256 in hexadecimal, by which they are found again; the same bytes are kept
    /// once.
    async fn put_blob(&self, id: &SessionId, bytes: &[u8]) -> Result<String, StoreError>;

    /// Keeps all of this beside the journal of a claimed session, or nothing of it.
    async fn keep(&self, id: &SessionId, kept: Vec<Keep>) -> Result<(), StoreError>;

    /// The bytes that were kept by this hash; none if there are none.
    async fn blob(&self, id: &SessionId, hash: &str) -> Result<Option<Vec<u8>>, StoreError>;

    /// Takes away the bytes beside the journal of a claimed session whose hash is not among these
    /// and that no weave is of; gives how many bytes that was.
    async fn sweep_blobs(&self, id: &SessionId, named: &[String]) -> Result<u64, StoreError>;

    /// The weaves of a claimed session, by path.
    async fn weaves(&self, id: &SessionId) -> Result<Vec<(AbsPath, Vec<u8>)>, StoreError>;

    /// Gives a claim back.
    async fn close(&self, id: &SessionId) -> Result<(), StoreError>;

    /// The sessions, the last used first; only those of `root` if given.
    async fn list(&self, root: Option<&AbsPath>) -> Result<Vec<SessionInfo>, StoreError>;

    /// Removes a session for good.
    ///
    /// # Errors
    /// There is no such session, or another process has claimed it.
    async fn delete(&self, id: &SessionId) -> Result<(), StoreError>;

    /// Counts what a request used on a day, in days since 1970.
    async fn add_use(&self, day: u64, usage: Usage) -> Result<(), StoreError>;

    /// Counts that the user granted the budget of a day so many times more.
    async fn grant(&self, day: u64, more: u64) -> Result<(), StoreError>;

    /// What all sessions used on a day.
    async fn used_on(&self, day: u64) -> Result<UseOfDay, StoreError>;

    /// What the user always allows in a folder.
    async fn rules(&self, root: &AbsPath) -> Result<Vec<Rule>, StoreError>;

    /// Remembers what the user always allows in a folder.
    async fn add_rule(&self, root: &AbsPath, rule: &Rule) -> Result<(), StoreError>;
}

/// What all sessions used on a day.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct UseOfDay {
    /// Tokens and money.
    pub usage: Usage,
    /// How many times more the user granted the budget of the day.
    pub grants: u64,
}

/// A session as it was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredSession {
    /// What the list says of it.
    pub info: SessionInfo,
    /// The journal in order; of each item the last word, in the place of its first.
    pub records: Vec<Record>,
    /// Text of items that were still open, in order; pieces that touch are joined.
    pub drafts: Vec<Draft>,
}

impl StoredSession {
    /// What the session adds up to.
    pub fn state(&self) -> SessionState {
        let mut state = SessionState::default();
        for (_, update) in self.clone().into_updates() {
            state.take(update);
        }
        state
    }

    /// The updates that make the session, with the numbers they were told with; text of items
    /// that are still open comes last.
    pub fn into_updates(self) -> impl Iterator<Item = (u64, Update)> {
        let last = self.records.iter().map(|record| record.seq).max().unwrap_or(0);
        let drafts = self.drafts.into_iter().map(move |Draft { item_id, offset, text }| {
            (last, Update::Delta { item_id, offset, text })
        });
        self.records.into_iter().map(|Record { seq, update }| (seq, update)).chain(drafts)
    }
}

/// One line of a journal.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The number it was told with.
    pub seq: u64,
    /// What happened. Always durable ([`Update::is_durable`]).
    pub update: Update,
}

/// Text of an open item that was told but is in no record yet. It is dropped when a later batch
/// has a record of the item, which carries all of its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The item.
    pub item_id: ItemId,
    /// Where in the item's text it goes, in UTF-8 bytes.
    pub offset: usize,
    /// The text.
    pub text: String,
}

/// What is appended at once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// New lines of the journal, in order.
    pub records: Vec<Record>,
    /// Text of items that stay open after this batch.
    pub drafts: Vec<Draft>,
    /// What the list says of the session from now on; none if unchanged.
    pub info: Option<SessionInfo>,
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No session has this id.
    #[error("there is no session `{0}`; `coworker sessions` lists those there are")]
    NotFound(SessionId),
    /// Another process has it open.
    #[error("session `{0}` is open in another Coworker; close it there or start a new session")]
    InUse(SessionId),
    /// Another process writes and does not let go.
    #[error(
        "the session database is locked by another program; nothing was lost, try again when it \
         is done"
    )]
    Locked,
    /// The database or its folder cannot be written.
    #[error(
        "the session database cannot be written; make `{0}` writable or set COWORKER_HOME to a \
         folder that is"
    )]
    ReadOnly(AbsPath),
    /// Anything else.
    #[error("the session database failed: {0}; `coworker doctor` says where it is and what to do")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl StoreError {
    /// The stable code for it.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound(_) => ErrorCode::SessionNotFound,
            Self::InUse(_) => ErrorCode::SessionInUse,
            Self::Locked => ErrorCode::StoreLocked,
            Self::ReadOnly(_) => ErrorCode::StoreReadOnly,
            Self::Failed(_) => ErrorCode::StoreFailed,
        }
    }
}
