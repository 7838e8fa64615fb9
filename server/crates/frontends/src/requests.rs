//! What the handlers of every protocol need for a client's request: work that ends although nobody
//! waits for it, and an error as JSON-RPC carries it. Which number an error has, the protocol says.

use std::sync::{Mutex, MutexGuard, PoisonError};

use protocol::{ErrorCode, ErrorInfo};
use tower_lsp_server::jsonrpc;

/// Runs work to its end even if the client cancels the request that it is for.
pub(crate) async fn detached<T: Send + 'static>(
    work: impl Future<Output = Result<T, ErrorInfo>> + Send + 'static,
) -> Result<T, ErrorInfo> {
    tokio::spawn(work).await.unwrap_or_else(|error| {
        tracing::error!(%error, "a request failed");
        let reason = "a fault in Coworker; the log has the details";
        Err(ErrorInfo::new(ErrorCode::Internal, reason))
    })
}

/// An error with the number that its protocol has for it.
pub(crate) fn numbered(error: ErrorInfo, code: jsonrpc::ErrorCode) -> jsonrpc::Error {
    let data = serde_json::json!({ "code": error.code, "source": "coworker" });
    jsonrpc::Error { code, message: error.message.into(), data: Some(data) }
}

/// What does not fit, for parameters that no type could refuse.
pub(crate) fn invalid(message: impl Into<String>) -> ErrorInfo {
    ErrorInfo::new(ErrorCode::InvalidParams, message)
}

/// Locks what a panic elsewhere has left whole.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
