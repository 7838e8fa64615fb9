//! What a scenario needs of a front end.

use std::{ops::Range, path::Path};

use anyhow::{Result, bail};
use frontends::client::path_of;
use protocol::{
    AbsPath, Answer, HunkDecision, ItemId, QueueChange, SessionId, SessionUpdate, TurnId,
    UndoScope,
    wire::{ChangesUndoResult, CheckpointRestoreResult},
};
use serde_json::Value;

use super::{
    heard::Heard,
    step::{At, Prompt, Setting},
};
use crate::stage::Stage;

/// What a front end is started with.
pub(super) struct Start<'a> {
    pub(super) stage: &'a Stage,
    pub(super) script: &'a Path,
    pub(super) settings: &'a [Setting],
}

/// Where a file of the project is, or `untitled:NAME`, a document that was never saved.
pub(super) fn path(stage: &Stage, name: &str) -> Result<AbsPath> {
    match path_of(name) {
        Some(untitled) => Ok(untitled),
        None => Ok(stage.root.join(name)?),
    }
}

/// Something that happened at the front end.
pub(super) enum Happening {
    Update(SessionUpdate),
    /// A question was put; it is also in the updates.
    Asked,
    /// The editor has been asked to apply an edit.
    Applying,
    /// The editor has been asked for something else.
    Other,
    /// The process has closed its output.
    Closed,
}

/// What became of a file.
#[derive(Clone, Copy)]
pub(super) enum FileEvent {
    Created,
    Changed,
    Deleted,
}

/// What became of a request.
pub(super) enum Reply {
    Done,
    /// A prompt was taken on and waits.
    Queued,
    /// An error, as it is shown.
    Refused(String),
}

/// One way in, with a person at it.
pub(super) trait Front: Sized {
    /// Whether a turn ends with its process.
    const ONE_TURN: bool;

    /// Whether it hears only a part of what happens: the session is then what the journal has.
    const HEARS_PART: bool = false;

    /// Starts it; nothing has been asked yet.
    async fn start(start: &Start<'_>) -> Result<Self>;

    /// Sends a prompt.
    async fn ask(&mut self, start: &Start<'_>, prompt: &Prompt) -> Result<Reply>;

    /// Waits for what happens next. Nothing is lost when the wait is given up.
    async fn next(&mut self) -> Result<Happening>;

    /// Answers a question; false if it has not been put yet.
    async fn answer(&mut self, approval: &ItemId, answer: &Answer) -> Result<bool>;

    /// Stops the turn.
    async fn cancel(&mut self) -> Result<()>;

    /// `kill -9`, and starts again where it was. What comes back is what is told again, if
    /// anything is told before the next prompt.
    async fn restart(&mut self, start: &Start<'_>) -> Result<Option<Vec<SessionUpdate>>>;

    /// Sees to it that a turn which has ended leaves nothing behind.
    async fn settle(&mut self) -> Result<()>;

    /// Opens a document: with this text, if it is not a file yet.
    async fn open(&mut self, _: &AbsPath, _: Option<&str>) -> Result<()> {
        bail!("only an editor opens documents")
    }

    /// Puts text in place of some bytes of an open document.
    async fn replace(&mut self, _: &AbsPath, _: Range<usize>, _: &str) -> Result<()> {
        bail!("only in an editor one types")
    }

    /// Decides about one hunk of a change set.
    async fn resolve(&mut self, _: &ItemId, _: HunkDecision) -> Result<()> {
        bail!("only an editor decides about single hunks")
    }

    /// Takes back, or does again.
    async fn turn(&mut self, _: UndoScope, _redo: bool) -> Result<ChangesUndoResult> {
        bail!("only an editor takes back")
    }

    /// Does what an editor without a plugin does at a byte of an open document: it runs the
    /// action or the lens of a title, or looks at the hover.
    async fn at(&mut self, _: At, _title: &str, _: &AbsPath, _: usize) -> Result<()> {
        bail!("only an editor has a cursor")
    }

    /// Saves a document.
    async fn save(&mut self, _: &AbsPath) -> Result<()> {
        bail!("only an editor saves documents")
    }

    /// Closes a document.
    async fn close(&mut self, _: &AbsPath) -> Result<()> {
        bail!("only an editor closes documents")
    }

    /// Moves a file as one does in an editor.
    async fn rename(&mut self, _: &AbsPath, _: &AbsPath) -> Result<()> {
        bail!("only an editor renames files")
    }

    /// Deletes a file as one does in an editor.
    async fn delete(&mut self, _: &AbsPath) -> Result<()> {
        bail!("only an editor deletes files")
    }

    /// Takes a folder into the workspace or out of it.
    async fn folder(&mut self, _: &AbsPath, _add: bool) -> Result<()> {
        bail!("only an editor has a workspace")
    }

    /// Another program has changed files, each with what became of it.
    async fn changed_outside(&mut self, _: &[(AbsPath, FileEvent)]) -> Result<()> {
        Ok(())
    }

    /// Changes a prompt that waits.
    async fn requeue(&mut self, _: &TurnId, _: &QueueChange) -> Result<Reply> {
        bail!("only an editor has a queue")
    }

    /// Forks the session before an item, or as it is, and goes on with the fork.
    async fn fork(&mut self, _before: Option<ItemId>) -> Result<SessionId> {
        bail!("only an editor forks")
    }

    /// Sends an earlier prompt again.
    async fn resend(&mut self, _: &ItemId, _text: &str, _files: bool) -> Result<Reply> {
        bail!("only an editor sends again")
    }

    /// Goes back to a point.
    async fn restore(
        &mut self,
        _: &ItemId,
        _files: bool,
        _conversation: bool,
    ) -> Result<CheckpointRestoreResult> {
        bail!("only an editor restores")
    }

    /// The text of an open document.
    fn text(&self, _: &AbsPath) -> Option<String> {
        None
    }

    /// Sends any request.
    async fn request(&mut self, _: &str, _: Value) -> Result<Reply> {
        bail!("only an editor sends requests")
    }

    /// What was heard of the session, and what is heard of it when it is told again, by whoever
    /// hears only a part.
    async fn heard(&mut self) -> Result<Vec<Heard>> {
        Ok(Vec::new())
    }

    /// Says goodbye and waits for the process. What comes back is what was told when it was
    /// attached to once more, where that can be done.
    async fn finish(self) -> Result<Option<Vec<SessionUpdate>>>;
}
