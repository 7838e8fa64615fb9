//! The seam to texts: editor buffers over files on disk. Everything that reads, reads here.

use async_trait::async_trait;
use protocol::{AbsPath, ErrorCode, ErrorInfo, Stamp};
use ropey::Rope;
use tokio::sync::watch;

/// Names a client connection in this process. Buffers belong to one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ConnectionId(pub u64);

/// A text at one moment. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The file, resolved.
    pub path: AbsPath,
    /// The text.
    pub text: Rope,
    /// Which state of the document it is.
    pub stamp: Stamp,
    /// Where it came from.
    pub origin: Origin,
}

/// Where a text came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The file on disk; it is open in no editor.
    Disk,
    /// An editor's buffer, unsaved changes included.
    Buffer {
        /// The editor's connection.
        connection: ConnectionId,
        /// The editor's own version of it.
        version: i32,
    },
}

/// The texts the agent sees.
#[async_trait]
pub trait Documents: Send + Sync {
    /// Follows every link on the way to `path`; a part that does not exist yet stays as it is.
    ///
    /// # Errors
    /// The path cannot be followed: a loop, a name too long, a folder that may not be read.
    async fn resolve(&self, path: &AbsPath) -> Result<AbsPath, DocumentError>;

    /// The text of a resolved path as it is now.
    ///
    /// # Errors
    /// There is no such file, it has no text that can be read, or the path is not resolved.
    async fn snapshot(&self, path: &AbsPath) -> Result<Snapshot, DocumentError>;

    /// Writes a file that is open in no editor: whole or not at all, keeping its permissions.
    /// `expected` is the hash the file must still have; none if it must not exist yet.
    ///
    /// # Errors
    /// The file is not as expected, is open in an editor or read-only, the path is not
    /// resolved, or the file system refused.
    async fn write(
        &self,
        path: &AbsPath,
        expected: Option<&str>,
        text: &str,
    ) -> Result<Stamp, DocumentError>;

    /// Ticks whenever any document changed. Subscribe before looking, and no change is missed.
    fn changes(&self) -> watch::Receiver<u64>;
}

/// Why a document cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It does not exist.
    #[error("there is no file `{0}`")]
    NotFound(AbsPath),
    /// It is a folder, a device or a pipe.
    #[error("`{0}` is not a file with text")]
    NotAFile(AbsPath),
    /// It has bytes that are not UTF-8.
    #[error("`{0}` is not UTF-8 text")]
    NotUtf8(AbsPath),
    /// It is larger than Coworker reads.
    #[error("`{path}` has {bytes} bytes; at most {limit} are read")]
    TooBig {
        /// The file.
        path: AbsPath,
        /// Its size.
        bytes: u64,
        /// The most that is read.
        limit: u64,
    },
    /// It is not, or no longer, as the caller expected.
    #[error("`{0}` has changed since it was read")]
    Stale(AbsPath),
    /// It is open in an editor, so only that editor may change it.
    #[error("`{0}` is open in an editor")]
    OpenInEditor(AbsPath),
    /// The path cannot be followed.
    #[error("the path `{path}` cannot be resolved: {source}")]
    Unresolvable {
        /// The path.
        path: AbsPath,
        /// What the system said.
        source: std::io::Error,
    },
    /// The file system refused.
    #[error("cannot access `{path}`: {source}")]
    Io {
        /// The file.
        path: AbsPath,
        /// What the system said.
        source: std::io::Error,
    },
}

impl DocumentError {
    /// The stable code for it.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotFound(_) => ErrorCode::DocumentNotFound,
            Self::NotAFile(_) => ErrorCode::NotAFile,
            Self::NotUtf8(_) => ErrorCode::NotUtf8,
            Self::TooBig { .. } => ErrorCode::DocumentTooBig,
            Self::Stale(_) | Self::OpenInEditor(_) => ErrorCode::EditStale,
            Self::Unresolvable { .. } => ErrorCode::BadPath,
            Self::Io { .. } => ErrorCode::FileSystem,
        }
    }
}

impl From<DocumentError> for ErrorInfo {
    fn from(error: DocumentError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
