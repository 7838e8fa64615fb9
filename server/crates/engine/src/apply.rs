//! Applying an edit to a document that exists, and seeing that it got there.
//!
//! A document that is open in an editor is changed by that editor; its reply proves nothing, so
//! the edit counts only when the mirror shows it. A file that is open nowhere is written on disk.
//! It knows one document and one text; hunks and what was typed meanwhile are the ledger's.

use std::time::Duration;

use protocol::{ErrorCode, Replacement};
use ropey::Rope;
use tokio::{sync::watch, time};
use tokio_util::sync::CancellationToken;

use crate::{
    ApplyRefused, BufferEdit, ConnectionId, DocumentError, Documents, Origin, Snapshot, ToolError,
    prompts, sessions::Shared,
};

/// How many pauses' worth of typing is waited for at most: a burst of keys, not a whole page.
const PAUSES: u32 = 50;

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

/// A document and what it is to say.
pub(crate) struct Target<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) now: &'a Snapshot,
    pub(crate) goal: &'a Rope,
    /// A few words for the editor's undo list.
    pub(crate) label: String,
    pub(crate) cancel: &'a CancellationToken,
}

/// Applies replacements, and gives the document as it was seen with them.
///
/// # Errors
/// The document is not what it was any more, or the edit was not seen in it.
pub(crate) async fn apply(
    target: Target<'_>,
    replacements: Vec<Replacement>,
) -> Result<(Place, Snapshot), ToolError> {
    let Target { shared, now, goal, label, cancel } = target;
    let documents = shared.parts.documents.as_ref();
    match now.origin {
        Origin::Disk => {
            let stamp =
                documents.write(&now.path, Some(&now.stamp.hash), &goal.to_string()).await?;
            Ok((Place::Disk, Snapshot { text: goal.clone(), stamp, ..now.clone() }))
        }
        Origin::Buffer { connection, version } => {
            let (path, before) = (now.path.clone(), now.text.clone());
            let edit = BufferEdit { path, version, before, replacements, label };
            let goal = Goal { before: &now.text, after: goal };
            let seen = through_editor(shared, connection, edit, &goal, cancel).await?;
            Ok((Place::Buffer, seen))
        }
    }
}

/// Waits until nobody has typed for a while, or for as long as somebody would.
pub(crate) async fn pause(documents: &dyn Documents, quiet: Duration, cancel: &CancellationToken) {
    let mut changes = documents.changes();
    let is_quiet =
        async { while let Ok(Ok(())) = time::timeout(quiet, changes.changed()).await {} };
    tokio::select! {
        _ = time::timeout(quiet * PAUSES, is_quiet) => {}
        () = cancel.cancelled() => {}
    }
}

/// What the document must come to show.
struct Goal<'a> {
    before: &'a Rope,
    after: &'a Rope,
}

async fn through_editor(
    shared: &Shared,
    connection: ConnectionId,
    edit: BufferEdit,
    goal: &Goal<'_>,
    cancel: &CancellationToken,
) -> Result<Snapshot, ToolError> {
    let Some(editor) = shared.editor(connection) else {
        return Err(DocumentError::Stale(edit.path).into());
    };
    let (path, settings) = (edit.path.clone(), &shared.parts.settings);
    let documents = shared.parts.documents.as_ref();
    let look = || async {
        let now = documents.snapshot(&path).await.ok()?;
        is_at_goal(&now.text, goal).then_some(now)
    };
    // Subscribed before the edit is sent, so that no change is missed.
    let mut changes = documents.changes();
    let reply = tokio::select! {
        reply = time::timeout(settings.apply_timeout, editor.apply(edit)) => reply,
        seen = shows(documents, &path, goal, &mut changes) => return Ok(seen),
        () = cancel.cancelled() => return Err(stopped()),
    };
    match reply {
        // An editor may say no although it did; only the text counts.
        Ok(Err(refused)) => look().await.ok_or_else(|| said_no(&refused)),
        Ok(Ok(())) => {
            let wait = settings.confirm_timeout;
            tokio::select! {
                seen = shows(documents, &path, goal, &mut changes) => Ok(seen),
                () = time::sleep(wait) => Err(unconfirmed("not_shown")),
                () = cancel.cancelled() => Err(stopped()),
            }
        }
        Err(_) => Err(unconfirmed("not_answered")),
    }
}

/// Waits until the document shows the edit; for ever if it never does.
async fn shows(
    documents: &dyn Documents,
    path: &protocol::AbsPath,
    goal: &Goal<'_>,
    changes: &mut watch::Receiver<u64>,
) -> Snapshot {
    let mut looked_at = None;
    loop {
        changes.mark_unchanged();
        // Most ticks are about other documents.
        let revision = documents.revision(path);
        let is_new = looked_at.replace(revision) != Some(revision);
        if is_new
            && let Ok(now) = documents.snapshot(path).await
            && is_at_goal(&now.text, goal)
        {
            return now;
        }
        if changes.changed().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

fn is_at_goal(text: &Rope, goal: &Goal<'_>) -> bool {
    // Most often it says exactly that, and a big text is not copied.
    text == goal.after
        || text != goal.before
            && changes::shows(&goal.before.to_string(), &goal.after.to_string(), &text.to_string())
}

/// The user stopped the turn, and nobody knows yet whether the editor did it.
fn stopped() -> ToolError {
    ToolError::new(ErrorCode::Cancelled, prompts::obstacle("stopped"))
}

/// The user stopped the turn before this edit was begun.
pub(crate) fn not_begun() -> ToolError {
    ToolError::new(ErrorCode::Cancelled, prompts::obstacle("not_begun"))
}

fn said_no(refused: &ApplyRefused) -> ToolError {
    let words = format!("{} ({refused})", prompts::obstacle("refused"));
    ToolError::new(ErrorCode::EditRefused, words)
}

/// It was not seen in the document within the time that an editor has.
fn unconfirmed(kind: &str) -> ToolError {
    ToolError::new(ErrorCode::EditUnconfirmed, prompts::obstacle(kind))
}
