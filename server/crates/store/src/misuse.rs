//! What a caller must not ask of any store.

use engine::StoreError;
use protocol::SessionId;

/// A call that breaks the contract of [`engine::Store`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum Misuse {
    /// A second session of one id.
    #[error("there is a session `{0}` already")]
    Exists(SessionId),
    /// Work on a session that this store has not claimed.
    #[error("session `{0}` is not open here")]
    Unclaimed(SessionId),
}

impl From<Misuse> for StoreError {
    fn from(misuse: Misuse) -> Self {
        Self::Failed(Box::new(misuse))
    }
}
