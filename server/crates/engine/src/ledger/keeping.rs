//! Files as they are, kept before the session changes them.
//!
//! A document is kept right before it is edited, a folder right before a command runs in it; what
//! is kept is journaled before anything changes. It all goes into the checkpoint of the turn, or
//! of what the user decides while none runs.

use futures::future::join_all;

use super::{Book, text_of};
use crate::{
    Became, DocumentError, FileBytes, FolderChange, Keep, NotKept, Origin, checkpoints,
    session::item_of,
};
use protocol::{
    AbsPath, Checkpoint, CheckpointKind, ErrorInfo, FileState, Item, ItemBody, ItemId, Kept,
    KeptFile, KeptFolder, Notice, NoticeLevel, SessionInfo, Status, TurnId, Update,
};
use ropey::Rope;

/// The most files that one command may have changed for them to be named.
const MOST_CHANGED: usize = 5_000;

/// The folders of a session before a command.
pub(crate) struct Watched {
    checkpoint: ItemId,
    /// By what the folders are found again.
    folders: Vec<String>,
    /// What editors had not saved then.
    unsaved: Vec<AbsPath>,
}

impl Book {
    /// Keeps documents as they are, if they have not been kept since the checkpoint began. `own`
    /// are those that were kept a moment ago and have not been changed since, but by typing: they
    /// are kept again, and all that had not been kept before are put to them. Gives those that
    /// cannot be kept, and why.
    ///
    /// # Errors
    /// It cannot be journaled. Then nothing was kept.
    pub(super) async fn keep_as_it_is(
        &mut self,
        paths: &[AbsPath],
        own: &mut Vec<AbsPath>,
    ) -> Result<Vec<(AbsPath, ErrorInfo)>, ErrorInfo> {
        // A restore has kept everything that it changes.
        if self.is_restoring {
            return Ok(Vec::new());
        }
        let (item, mut checkpoint) = self.checkpoint();
        let again: Vec<AbsPath> = own.iter().filter(|it| paths.contains(it)).cloned().collect();
        let is_again = |kept: &Kept| matches!(kept, Kept::File(file) if again.contains(&file.path));
        checkpoint.kept.retain(|kept| !is_again(kept));
        let mut missing: Vec<&AbsPath> = paths.iter().collect();
        missing.retain(|path| !checkpoints::has(&checkpoint, path));
        let found = join_all(missing.iter().map(|path| self.found(path))).await;
        let (mut new, mut texts, mut failed) = (Vec::new(), Vec::new(), Vec::new());
        for (path, found) in missing.into_iter().zip(found) {
            match found {
                Ok((kept, text)) => {
                    new.push(kept);
                    texts.extend(text);
                }
                Err(error) => failed.push((path.clone(), error)),
            }
        }
        if new.is_empty() {
            return Ok(failed);
        }
        self.shared.parts.store.keep(&self.session.id, texts).await?;
        own.extend(new.iter().map(|file| file.path.clone()).filter(|path| !again.contains(path)));
        checkpoint.kept.extend(new.into_iter().map(Kept::File));
        self.tell_checkpoint(item, checkpoint).await?;
        Ok(failed)
    }

    /// Keeps a document as it is now.
    pub(super) async fn kept_file(&self, path: &AbsPath) -> Result<KeptFile, ErrorInfo> {
        let (kept, text) = self.found(path).await?;
        self.shared.parts.store.keep(&self.session.id, text.into_iter().collect()).await?;
        Ok(kept)
    }

    /// A document as it is now, and its text, which is still to be kept.
    async fn found(&self, path: &AbsPath) -> Result<(KeptFile, Option<Keep>), ErrorInfo> {
        let documents = self.shared.parts.documents.as_ref();
        let mut kept = KeptFile { path: path.clone(), text: None, file: None, left: None };
        let now = match documents.snapshot(path).await {
            Ok(now) => Some(now),
            // Without a text, what a file has can be put back.
            Err(DocumentError::NotFound(_) | DocumentError::NotUtf8(_)) => None,
            Err(error) => return Err(error.into()),
        };
        let is_saved = match &now {
            Some(now) => now.origin == Origin::Disk || documents.is_saved(path).await,
            None => true,
        };
        if is_saved && let Some(FileBytes { bytes, permissions }) = documents.file(path).await? {
            // Most files are their text, which is kept once.
            let text = now.as_ref().filter(|now| is_text(&now.text, &bytes));
            let hash = match text {
                Some(now) => now.stamp.hash.clone(),
                None => self.keep_bytes(&bytes).await?,
            };
            kept.file = Some(FileState { hash, permissions });
        }
        kept.text = now.as_ref().map(|now| now.stamp.hash.clone());
        Ok((kept, now.map(|now| text_of(path, &now.text, &now.stamp))))
    }

    pub(super) async fn keep_bytes(&self, bytes: &[u8]) -> Result<String, ErrorInfo> {
        Ok(self.shared.parts.store.put_blob(&self.session.id, bytes).await?)
    }

    /// The checkpoint that what happens now belongs to; a new one if there is none yet.
    fn checkpoint(&self) -> (Item, Checkpoint) {
        let (running, known) = self.session.look(|state| match &state.status {
            Status::Running { turn_id } => {
                let mut of_turn = state.items.iter().rev().filter(|it| it.turn_id == *turn_id);
                let known = of_turn.find_map(|item| checkpoint_of(item, &CheckpointKind::Turn));
                (Some(turn_id.clone()), known)
            }
            // Whatever else happened between two decisions, they are not one any more.
            Status::Idle { .. } => {
                let last = state.items.last().filter(|item| !item.aside);
                (None, last.and_then(|item| checkpoint_of(item, &CheckpointKind::Decision)))
            }
        });
        if let Some(known) = known {
            return known;
        }
        let before = match running {
            Some(_) => CheckpointKind::Turn,
            None => CheckpointKind::Decision,
        };
        let checkpoint = Checkpoint { before, kept: Vec::new() };
        let item = self.new_item(running, ItemBody::Checkpoint(checkpoint.clone()));
        (item, checkpoint)
    }

    /// A new item of a turn, or of none.
    pub(super) fn new_item(&self, turn: Option<TurnId>, body: ItemBody) -> Item {
        let parts = &self.shared.parts;
        item_of(&turn.unwrap_or_else(|| TurnId::from("")), (parts.ids)(), (parts.clock)(), body)
    }

    /// Journals what a checkpoint is now. It ends with its turn.
    async fn tell_checkpoint(&self, item: Item, now: Checkpoint) -> Result<(), ErrorInfo> {
        let (is_known, is_open) = self
            .session
            .look(|state| (state.item(&item.id).is_some(), state.open.contains(&item.id)));
        let is_of_turn = now.before == CheckpointKind::Turn;
        let item = Item { body: ItemBody::Checkpoint(now), ..item };
        let update = match (is_known, is_open) {
            (false, _) if is_of_turn => Update::ItemStarted { item },
            (true, true) => Update::ItemChanged { item },
            // Of an ended item the last word counts.
            _ => Update::ItemEnded { item },
        };
        self.session.record(vec![update]).await
    }

    /// Keeps the folders of the session, because a command is about to run.
    ///
    /// # Errors
    /// It cannot be journaled.
    pub(crate) async fn before_command(&mut self) -> Result<Watched, ErrorInfo> {
        let documents = self.shared.parts.documents.clone();
        let (mut folders, mut notices) = (Vec::new(), Vec::new());
        for path in self.folders() {
            let kept = match self.hopeless.get(&path) {
                Some(error) => Err(error.clone()),
                None => self.serving(documents.keep_folder(&path)).await,
            };
            let mut folder =
                KeptFolder { path, id: None, changed: None, left_out: 0, reason: None };
            match kept {
                Ok(kept) => (folder.id, folder.left_out) = (Some(kept.id), kept.left_out),
                Err(error) => {
                    let reason = error.to_string();
                    if !self.was_said(&folder.path, &reason) {
                        notices.push(not_kept(&folder.path, &reason));
                    }
                    self.give_up(&folder.path, error);
                    folder.changed = Some(Vec::new());
                    folder.reason = Some(reason);
                }
            }
            folders.push(folder);
        }
        let unsaved = documents.unsaved().await;
        let (item, mut checkpoint) = self.checkpoint();
        let ids = folders.iter().filter_map(|folder| folder.id.clone()).collect();
        let watched = Watched { checkpoint: item.id.clone(), folders: ids, unsaved };
        for folder in folders {
            // Why a folder is not kept is noted once.
            let kept = Kept::Folder(folder);
            if !checkpoint.kept.contains(&kept) {
                checkpoint.kept.push(kept);
            }
        }
        let turn = item.turn_id.clone();
        self.tell_checkpoint(item, checkpoint).await?;
        for notice in notices {
            let item = self.new_item(Some(turn.clone()), ItemBody::Notice(notice));
            self.session.record(vec![Update::ItemEnded { item }]).await?;
        }
        Ok(watched)
    }

    /// Looks through the folders once before the first command, so that the next time is quick.
    pub(crate) async fn look_at_folders(&mut self) {
        if std::mem::replace(&mut self.has_looked, true) {
            return;
        }
        for path in self.folders() {
            let documents = self.shared.parts.documents.clone();
            if let Err(error) = self.serving(documents.keep_folder(&path)).await {
                self.give_up(&path, error);
            }
        }
    }

    /// A folder that is too big stays so for a while, and finding that out takes time.
    fn give_up(&mut self, folder: &AbsPath, error: NotKept) {
        if !matches!(error, NotKept::Failed(_) | NotKept::Gone) {
            self.hopeless.insert(folder.clone(), error);
        }
    }

    /// The folders of the session, but for those in another.
    fn folders(&self) -> Vec<AbsPath> {
        let SessionInfo { root, folders, .. } = self.session.info();
        let all: Vec<AbsPath> = std::iter::once(root).chain(folders).collect();
        let is_inside =
            |path: &AbsPath| all.iter().any(|other| other != path && path.starts_with(other));
        all.iter().filter(|path| !is_inside(path)).cloned().collect()
    }

    /// Whether the session was told already that a folder is not kept.
    fn was_said(&self, path: &AbsPath, reason: &str) -> bool {
        self.session.look(|state| {
            checkpoints::since(state, 0).any(|(_, checkpoint)| {
                checkpoint.kept.iter().any(|kept| match kept {
                    Kept::Folder(folder) => {
                        folder.path == *path && folder.reason.as_deref() == Some(reason)
                    }
                    _ => false,
                })
            })
        })
    }

    /// A command goes on in the background: what changes until the turn ends is put to it.
    pub(crate) fn goes_on(&mut self, watched: Watched) {
        self.going_on.push(watched);
    }

    /// The turn ends. What its commands changed is noted, also if it was stopped in the middle.
    pub(crate) async fn after_commands(&mut self, turn: &TurnId) {
        for watched in std::mem::take(&mut self.going_on) {
            self.after_command(watched).await;
        }
        let left = self.session.look(|state| {
            let mut of_turn = state.items.iter().rev().filter(|item| item.turn_id == *turn);
            let found = of_turn.find_map(|item| checkpoint_of(item, &CheckpointKind::Turn));
            let (Item { id: checkpoint, .. }, found) = found?;
            let folders: Vec<String> = unfinished(&found).cloned().collect();
            let unsaved = Vec::new();
            (!folders.is_empty()).then_some(Watched { checkpoint, folders, unsaved })
        });
        if let Some(left) = left {
            self.after_command(left).await;
        }
    }

    /// Notes what changed while a command ran.
    pub(crate) async fn after_command(&mut self, watched: Watched) {
        let Watched { checkpoint: id, folders, unsaved } = watched;
        let found = self.session.look(|state| state.item(&id).cloned());
        let Some(item) = found else { return };
        let ItemBody::Checkpoint(mut checkpoint) = item.body.clone() else { return };
        for kept in &mut checkpoint.kept {
            if let Kept::Folder(folder) = kept
                && folder.changed.is_none()
                && let Some(id) = folder.id.clone().filter(|id| folders.contains(id))
            {
                let documents = self.shared.parts.documents.clone();
                match self.serving(documents.folder_changes(&folder.path, &id)).await {
                    Ok(changes) => self.note_changes(folder, changes, &unsaved).await,
                    // What changed can still be found out when it is wanted.
                    Err(error) => folder.reason = Some(error.to_string()),
                }
            }
        }
        // Of a command that changed nothing, nothing has to be kept.
        let is_idle = |kept: &Kept| match kept {
            Kept::Folder(folder) => {
                folder.reason.is_none() && folder.changed.as_ref().is_some_and(Vec::is_empty)
            }
            _ => false,
        };
        checkpoint.kept.retain(|kept| !is_idle(kept));
        if let Err(error) = self.tell_checkpoint(item, checkpoint).await {
            tracing::warn!(%error, "what a command changed was not journaled");
        }
    }

    async fn note_changes(
        &self,
        folder: &mut KeptFolder,
        changes: Vec<FolderChange>,
        unsaved: &[AbsPath],
    ) {
        if changes.len() > MOST_CHANGED {
            let count = changes.len();
            folder.reason = Some(format!("{count} files changed, which is too many to be noted"));
            folder.id = None;
            folder.changed = Some(Vec::new());
            return;
        }
        let mut changed = Vec::new();
        for FolderChange { path, became, .. } in changes {
            if became == Became::Removed || !self.was_saved(&path, unsaved).await {
                changed.push(path);
            }
        }
        folder.changed = Some(changed);
    }

    /// Whether a file changed because its editor saved what it had not saved before.
    async fn was_saved(&self, path: &AbsPath, unsaved: &[AbsPath]) -> bool {
        if !unsaved.contains(path) {
            return false;
        }
        let documents = self.shared.parts.documents.as_ref();
        let Ok(now) = documents.snapshot(path).await else { return false };
        now.origin != Origin::Disk && !documents.unsaved().await.contains(path)
    }
}

/// Whether these are the bytes of a text.
fn is_text(text: &Rope, mut bytes: &[u8]) -> bool {
    text.len_bytes() == bytes.len()
        && text.chunks().all(|chunk| match bytes.split_at_checked(chunk.len()) {
            Some((here, rest)) => {
                bytes = rest;
                here == chunk.as_bytes()
            }
            None => false,
        })
}

fn checkpoint_of(item: &Item, before: &CheckpointKind) -> Option<(Item, Checkpoint)> {
    match &item.body {
        ItemBody::Checkpoint(checkpoint) if checkpoint.before == *before => {
            Some((item.clone(), checkpoint.clone()))
        }
        _ => None,
    }
}

/// The folders of which it is not known what changed in them.
fn unfinished(checkpoint: &Checkpoint) -> impl Iterator<Item = &String> {
    checkpoint.kept.iter().filter_map(|kept| match kept {
        Kept::Folder(folder) if folder.changed.is_none() => folder.id.as_ref(),
        _ => None,
    })
}

/// What every front end shows once if commands cannot be undone.
fn not_kept(folder: &AbsPath, reason: &str) -> Notice {
    let text = format!(
        "What commands change in {folder} cannot be restored, because {reason}. What the agent edits \
         itself can."
    );
    Notice { level: NoticeLevel::Warning, code: None, text }
}
