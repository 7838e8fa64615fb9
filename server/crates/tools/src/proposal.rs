//! What `edit` and `write` share: a call that proposes text, or one that cannot.

use engine::{Editable, Prepared, ProposedEdit, ToolError, Work};
use protocol::{AbsPath, Effect, ErrorCode, FileChangeKind, Replacement};

/// A call that proposes `replacements` in the text that `editable` has; none creates the file.
pub(crate) fn proposed(
    title: String,
    path: AbsPath,
    editable: Option<Editable>,
    replacements: Vec<Replacement>,
) -> Prepared {
    let base = editable.and_then(|editable| editable.base);
    let kind = if base.is_some() { FileChangeKind::Edit } else { FileChangeKind::Create };
    Prepared {
        title,
        effects: vec![Effect::Write { path: path.clone() }],
        work: Work::Propose(vec![ProposedEdit {
            path,
            kind,
            to: None,
            base,
            replacements,
            note: None,
            reason: None,
        }]),
    }
}

/// A call that comes to nothing but `told`. What is told gives away what the file holds, so the
/// model learns it only if it may read the file.
pub(crate) fn nothing_to_propose(
    title: String,
    path: AbsPath,
    told: Result<String, ToolError>,
) -> Prepared {
    Prepared { title, effects: vec![Effect::Read { path }], work: Work::run(async move { told }) }
}

/// Does work for the processor, such as a search in a large text, off the asynchronous task.
///
/// # Errors
/// What the work says, or that it broke down.
pub(crate) async fn compute<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ToolError> + Send + 'static,
) -> Result<T, ToolError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => {
            tracing::error!(%error, "a tool broke down");
            Err(ToolError::new(ErrorCode::Internal, "the tool broke down; try another way"))
        }
    }
}
