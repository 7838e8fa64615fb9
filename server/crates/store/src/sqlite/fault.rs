//! What can go wrong on disk, and which [`StoreError`] it is to callers.

use std::io;

use engine::StoreError;
use protocol::{AbsPath, PathError, SessionId};
use rusqlite::ErrorCode;
use rusqlite_migration::MigrationDefinitionError;

use super::database::FILE;
use crate::misuse::Misuse;

/// Anything that stops a call.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("there is no session `{0}`")]
    NotFound(SessionId),
    #[error("session `{0}` is claimed by another process")]
    InUse(SessionId),
    #[error(transparent)]
    Misuse(#[from] Misuse),
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    #[error("it was written by a newer Coworker; update this one")]
    Newer,
    #[error(transparent)]
    Migration(rusqlite_migration::Error),
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Path(#[from] PathError),
}

/// A fault with the place of the database it befell.
#[derive(Debug, thiserror::Error)]
#[error("{fault} (`{folder}/{FILE}`)")]
struct Failure {
    folder: AbsPath,
    #[source]
    fault: Fault,
}

impl From<rusqlite_migration::Error> for Fault {
    fn from(error: rusqlite_migration::Error) -> Self {
        use rusqlite_migration::Error;
        match error {
            Error::RusqliteError { err, .. } => Self::Sqlite(err),
            Error::MigrationDefinition(MigrationDefinitionError::DatabaseTooFarAhead) => {
                Self::Newer
            }
            other => Self::Migration(other),
        }
    }
}

impl Fault {
    /// Another process holds a lock, and nothing else is wrong.
    pub(super) fn is_lock(&self) -> bool {
        matches!(self.sqlite_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
    }

    /// Whether the connection may be at fault, so that it is better made anew.
    pub(super) fn distrusts_connection(&self) -> bool {
        matches!(self, Self::Sqlite(_)) && !self.is_lock()
    }

    /// The same for callers, about the database in `folder`.
    pub(super) fn told(self, folder: &AbsPath) -> StoreError {
        match self {
            Self::NotFound(id) => StoreError::NotFound(id),
            Self::InUse(id) => StoreError::InUse(id),
            Self::Misuse(misuse) => misuse.into(),
            fault if fault.is_lock() => StoreError::Locked,
            fault if fault.is_read_only() => StoreError::ReadOnly(folder.clone()),
            fault => StoreError::Failed(Box::new(Failure { folder: folder.clone(), fault })),
        }
    }

    fn is_read_only(&self) -> bool {
        use io::ErrorKind;
        match self {
            Self::Io(error) => matches!(
                error.kind(),
                ErrorKind::PermissionDenied
                    | ErrorKind::ReadOnlyFilesystem
                    // A file stands where a folder should, or the other way round.
                    | ErrorKind::NotADirectory
                    | ErrorKind::IsADirectory
                    | ErrorKind::AlreadyExists
            ),
            fault => matches!(
                fault.sqlite_code(),
                Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied)
            ),
        }
    }

    fn sqlite_code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            _ => None,
        }
    }
}
