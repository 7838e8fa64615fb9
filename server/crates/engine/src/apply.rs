//! Applying a decided edit to the document it was made for, and seeing that it got there.
//!
//! A document that is open in an editor is changed by that editor; its reply proves nothing, so
//! the edit counts only when the mirror shows it. A file that is open nowhere is written on disk.

use std::time::Duration;

use protocol::{AbsPath, ErrorCode, FileChange, FileChangeKind, Replacement};
use ropey::Rope;
use tokio::{sync::watch, time};

use crate::{
    ApplyRefused, BufferEdit, ConnectionId, DocumentError, Documents, Origin, Snapshot, ToolError,
    calls, prompts, turn::Turn,
};

/// Where an edit was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Buffer,
    Disk,
}

impl Place {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Buffer => "buffer",
            Self::Disk => "disk",
        }
    }
}

/// Applies what was accepted of one file.
///
/// # Errors
/// The document is not the one the edit was made for, or the edit was not seen in it.
pub(crate) async fn apply(
    turn: &Turn,
    change: &FileChange,
    before: &str,
    replacements: Vec<Replacement>,
) -> Result<Place, ToolError> {
    let path = &change.path;
    let documents = turn.shared.parts.documents.as_ref();
    if calls::moved(turn, &[protocol::Effect::Write { path: path.clone() }]).await.is_some() {
        return Err(ToolError::new(ErrorCode::BadPath, prompts::moved(path.as_str())));
    }
    let after = changes::apply(before, &replacements)
        .map_err(|error| ToolError::new(ErrorCode::Internal, error.to_string()))?;
    let now = match documents.snapshot(path).await {
        Ok(now) => now,
        Err(DocumentError::NotFound(_)) if change.kind == FileChangeKind::Create => {
            documents.write(path, None, &after).await?;
            return Ok(Place::Disk);
        }
        Err(error) => return Err(error.into()),
    };
    let base = change.base.as_ref().filter(|base| base.hash == now.stamp.hash);
    let Some(base) = base else { return Err(DocumentError::Stale(path.clone()).into()) };
    match (change.kind, &change.to) {
        (FileChangeKind::Delete, _) => {
            documents.remove(path, &base.hash).await?;
            return Ok(Place::Disk);
        }
        (FileChangeKind::Move, Some(to)) => {
            if calls::moved(turn, &[protocol::Effect::Write { path: to.clone() }]).await.is_some() {
                return Err(ToolError::new(ErrorCode::BadPath, prompts::moved(to.as_str())));
            }
            documents.rename(path, to, &base.hash).await?;
            return Ok(Place::Disk);
        }
        _ => {}
    }
    match now.origin {
        Origin::Disk => {
            documents.write(path, Some(&base.hash), &after).await?;
            Ok(Place::Disk)
        }
        Origin::Buffer { connection, version } => {
            let edit = BufferEdit {
                path: path.clone(),
                version,
                before: now.text.clone(),
                replacements,
                label: label(turn, path),
            };
            let goal = Goal { before, after: &after };
            through_editor(turn, connection, edit, &goal).await?;
            Ok(Place::Buffer)
        }
    }
}

fn label(turn: &Turn, path: &AbsPath) -> String {
    format!("Coworker: edit {}", path.relative_to(&turn.session.info().root))
}

/// What the document must come to show.
struct Goal<'a> {
    before: &'a str,
    after: &'a str,
}

async fn through_editor(
    turn: &Turn,
    connection: ConnectionId,
    edit: BufferEdit,
    goal: &Goal<'_>,
) -> Result<(), ToolError> {
    let Some(editor) = turn.shared.editor(connection) else {
        return Err(DocumentError::Stale(edit.path).into());
    };
    let (path, settings) = (edit.path.clone(), &turn.shared.parts.settings);
    let documents = turn.shared.parts.documents.as_ref();
    // Subscribed before the edit is sent, so that no change is missed.
    let mut changes = documents.changes();
    let reply = tokio::select! {
        reply = time::timeout(settings.apply_timeout, editor.apply(edit)) => reply,
        () = shows(documents, &path, goal, &mut changes) => return Ok(()),
        () = turn.cancel.cancelled() => return Err(stopped()),
    };
    match reply {
        Ok(Err(refused)) => {
            // An editor may say no although it did; only the text counts.
            if shown(documents, &path, goal).await { Ok(()) } else { Err(said_no(&refused)) }
        }
        Ok(Ok(())) => {
            let wait = settings.confirm_timeout;
            tokio::select! {
                () = shows(documents, &path, goal, &mut changes) => Ok(()),
                () = time::sleep(wait) => {
                    Err(unconfirmed("the editor said that it did, but", wait))
                }
                () = turn.cancel.cancelled() => Err(stopped()),
            }
        }
        Err(_) => Err(unconfirmed("the editor did not answer, and", settings.apply_timeout)),
    }
}

/// Waits until the document shows the edit; for ever if it never does.
async fn shows(
    documents: &dyn Documents,
    path: &AbsPath,
    goal: &Goal<'_>,
    changes: &mut watch::Receiver<u64>,
) {
    let mut looked_at = None;
    loop {
        changes.mark_unchanged();
        if let Ok(Snapshot { text, stamp, .. }) = documents.snapshot(path).await {
            // Most ticks are about other documents.
            let new = looked_at.replace(stamp.revision) != Some(stamp.revision);
            if new && is_at_goal(&text, goal) {
                return;
            }
        }
        if changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

async fn shown(documents: &dyn Documents, path: &AbsPath, goal: &Goal<'_>) -> bool {
    let Ok(Snapshot { text, .. }) = documents.snapshot(path).await else { return false };
    is_at_goal(&text, goal)
}

fn is_at_goal(text: &Rope, goal: &Goal<'_>) -> bool {
    *text == *goal.after || changes::shows(goal.before, goal.after, &text.to_string())
}

/// The user stopped the turn, and nobody knows yet whether the editor did it.
fn stopped() -> ToolError {
    ToolError::new(
        ErrorCode::Cancelled,
        "the turn was stopped before the edit was seen in the document; it may still come. Read \
         the file again before you go on.",
    )
}

/// The user stopped the turn before this edit was begun.
pub(crate) fn not_begun() -> ToolError {
    ToolError::new(
        ErrorCode::Cancelled,
        "the turn was stopped before it was begun; the file is as it was.",
    )
}

fn said_no(refused: &ApplyRefused) -> ToolError {
    ToolError::new(
        ErrorCode::EditRefused,
        format!("the editor refused it ({refused}). Read the file again before you retry."),
    )
}

fn unconfirmed(what: &str, waited: Duration) -> ToolError {
    ToolError::new(
        ErrorCode::EditUnconfirmed,
        format!(
            "{what} the document did not show the edit within {waited:?}. It may still \
             come; read the file again before you go on."
        ),
    )
}
