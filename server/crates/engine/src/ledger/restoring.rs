//! Files as they were at a point, put back; and what that would change.
//!
//! Only files that the session changed since are touched. A document that is open goes through
//! its editor, as any edit; all else is done on disk. What is about to be overwritten is kept
//! before, so that a restore can itself be undone.

use std::collections::{BTreeMap, BTreeSet};

use protocol::{
    AbsPath, Checkpoint, CheckpointKind, ErrorCode, ErrorInfo, FileChangeKind, FileState, Hunk,
    HunkId, HunkState, ItemBody, ItemId, Kept, KeptFile, KeptFolder, Update,
};
use ropey::Rope;
use tokio_util::sync::CancellationToken;

use super::{
    Book,
    carrying::{Fate, Wish},
    own_set,
    tracked::Tracked,
};
use crate::{
    DocumentError, FileBytes, Snapshot, ToolError,
    apply::{self, Target},
    checkpoints::{self, Turning, Was},
};

/// What a restore would do to one file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The file.
    pub path: AbsPath,
    /// Whether it would be edited, made again, or deleted.
    pub kind: FileChangeKind,
    /// A unified diff from the text of now to that of then; empty if one of them is not text.
    pub diff: String,
    /// Whether somebody else changed it since, or may have: that would go, too.
    pub typed: bool,
}

/// What a restore would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// The files that it would change.
    pub files: Vec<Difference>,
    /// What it could not put back, and why: files, and folders in which nothing was kept.
    pub refused: Vec<(AbsPath, String)>,
}

/// What a restore did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Restoration {
    /// The checkpoint of the restore: to restore to it undoes this one. None if there was nothing
    /// to do.
    pub undo: Option<ItemId>,
    /// The files that are as they were then.
    pub restored: Vec<AbsPath>,
    /// Those of them that somebody else had changed since, or may have.
    pub typed: Vec<AbsPath>,
    /// What was not put back, and why: files, and folders in which nothing was kept.
    pub refused: Vec<(AbsPath, String)>,
}

/// A restore that is journaled, and of which nothing is done yet.
pub(crate) struct Begun {
    plan: Plan,
    /// What it is about to overwrite.
    kept: Vec<Kept>,
    /// The checkpoint; none if there is nothing to do.
    undo: Option<ItemId>,
}

/// What is to be done to get back to a point.
#[derive(Default)]
struct Plan {
    /// How each file was, of those that are not so now.
    files: BTreeMap<AbsPath, Was>,
    /// What each of them would become, and its typed text lose.
    differences: Vec<Difference>,
    refused: Vec<(AbsPath, String)>,
}

impl Book {
    /// What a restore to a point would do.
    pub(crate) async fn differences(&mut self, point: &ItemId) -> Result<Differences, ErrorInfo> {
        self.load().await;
        let Plan { differences, refused, .. } = self.plan_restore(point).await?;
        Ok(Differences { files: differences, refused })
    }

    /// Finds out how to put every file that the session changed since a point back as it was
    /// there, if `files` are wanted, and journals the checkpoint to which that can be undone.
    /// `turning` is what will be done to the conversation.
    pub(crate) async fn begin_restore(
        &mut self,
        point: &ItemId,
        files: bool,
        turning: Turning,
    ) -> Result<Begun, ErrorInfo> {
        self.load().await;
        let mut plan = match files {
            true => self.plan_restore(point).await?,
            false => Plan::default(),
        };
        let kept = self.keep_for_undo(&mut plan).await?;
        if kept.is_empty() && turning == Turning::default() {
            return Ok(Begun { plan, kept, undo: None });
        }
        let Turning { aside, taken_up } = turning;
        let before = CheckpointKind::Restore { to: point.clone(), aside, taken_up };
        let body = ItemBody::Checkpoint(Checkpoint { before, kept: kept.clone() });
        let item = self.new_item(None, body);
        self.session.record(vec![Update::ItemEnded { item: item.clone() }]).await?;
        Ok(Begun { plan, kept, undo: Some(item.id) })
    }

    /// Puts the files back.
    pub(crate) async fn restore(
        &mut self,
        begun: Begun,
        cancel: &CancellationToken,
    ) -> Restoration {
        let Begun { plan, kept, undo } = begun;
        let mut done = Restoration { undo, refused: plan.refused, ..Restoration::default() };
        let found: BTreeMap<AbsPath, Option<String>> = texts(&kept).collect();
        let mut folders: BTreeMap<(AbsPath, String), Vec<AbsPath>> = BTreeMap::new();
        self.is_restoring = true;
        for (path, was) in plan.files {
            match was {
                Was::Folder { root, id } => folders.entry((root, id)).or_default().push(path),
                Was::File { kept, at } => {
                    let found = found.get(&path).cloned().flatten();
                    match self.put_back(&kept, found, at, cancel).await {
                        Ok(()) => done.restored.push(path),
                        Err(error) => done.refused.push((path, error.message)),
                    }
                }
            }
        }
        self.is_restoring = false;
        for ((root, id), paths) in folders {
            let found = folder_of(&kept, &root);
            self.put_back_folder(&root, (&id, &found), paths, &mut done).await;
        }
        self.moved_with(&done.restored).await;
        self.sync_these(&done.restored).await;
        let typed = plan.differences.into_iter().filter(|it| it.typed).map(|it| it.path);
        done.typed = typed.filter(|path| done.restored.contains(path)).collect();
        done
    }

    /// Finds out what differs from a point.
    async fn plan_restore(&mut self, point: &ItemId) -> Result<Plan, ErrorInfo> {
        let found = self.session.look(|state| {
            let position = checkpoints::position(state, point)?;
            let since = checkpoints::since(state, position).map(|(at, it)| (at, it.clone()));
            Some((position, since.collect::<Vec<(usize, Checkpoint)>>()))
        });
        let Some((position, since)) = found else { return Err(checkpoints::unknown()) };
        let mut plan = Plan::default();
        let mut first: BTreeMap<AbsPath, Was> = BTreeMap::new();
        for (at, checkpoint) in &since {
            for kept in &checkpoint.kept {
                match kept {
                    Kept::File(file) => {
                        let was = || Was::File { kept: file.clone(), at: *at };
                        first.entry(file.path.clone()).or_insert_with(was);
                    }
                    Kept::Folder(folder) => {
                        for path in self.changed_in(folder, &mut plan).await {
                            let root = folder.path.clone();
                            let id = folder.id.clone().unwrap_or_default();
                            first.entry(path).or_insert(Was::Folder { root, id });
                        }
                    }
                    _ => {}
                }
            }
        }
        let mut folders: BTreeMap<(AbsPath, String), Vec<AbsPath>> = BTreeMap::new();
        for (path, was) in first {
            self.sync(&path).await;
            match was {
                Was::Folder { root, id } => folders.entry((root, id)).or_default().push(path),
                Was::File { kept, at } => {
                    self.plan_file(position, kept, at, &mut plan).await?;
                }
            }
        }
        for ((root, id), paths) in folders {
            self.plan_folder(&root, &id, &paths, &mut plan).await;
        }
        plan.differences.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(plan)
    }

    /// The files that a command changed in a folder; if that was not found out, all that changed
    /// there since.
    async fn changed_in(&self, folder: &KeptFolder, plan: &mut Plan) -> Vec<AbsPath> {
        let KeptFolder { path, id, changed, reason, .. } = folder;
        let mut refuse = |reason: String| {
            let refused = (path.clone(), reason);
            if !plan.refused.contains(&refused) {
                plan.refused.push(refused);
            }
            Vec::new()
        };
        match (id, changed) {
            (None, _) => refuse(reason.clone().unwrap_or_default()),
            (Some(_), Some(changed)) => changed.clone(),
            (Some(id), None) => match self.shared.parts.documents.folder_changes(path, id).await {
                Ok(changes) => changes.into_iter().map(|change| change.path).collect(),
                Err(error) => refuse(error.to_string()),
            },
        }
    }

    /// Looks how a document differs from what it was.
    async fn plan_file(
        &self,
        position: usize,
        kept: KeptFile,
        at: usize,
        plan: &mut Plan,
    ) -> Result<(), ErrorInfo> {
        let path = kept.path.clone();
        let now = match self.shared.parts.documents.snapshot(&path).await {
            Ok(now) => Some(now),
            Err(DocumentError::NotFound(_)) => None,
            // It is not text any more; it can be put back all the same.
            Err(DocumentError::NotUtf8(_)) if kept.text.is_none() || kept.file.is_some() => {
                let kind = kind(true, kept.text.is_some() || kept.file.is_some());
                let (diff, typed) = (String::new(), true);
                plan.differences.push(Difference { path: path.clone(), kind, diff, typed });
                plan.files.insert(path, Was::File { kept, at });
                return Ok(());
            }
            Err(error) => {
                plan.refused.push((path, error.to_string()));
                return Ok(());
            }
        };
        let hash = now.as_ref().map(|now| &now.stamp.hash);
        if hash == kept.text.as_ref() {
            return Ok(());
        }
        let then = match &kept.text {
            Some(text) => match self.kept_text(text).await? {
                Some(text) => Some(text),
                None => {
                    plan.refused.push((path, "its text of then is not kept any more".to_owned()));
                    return Ok(());
                }
            },
            None => None,
        };
        let typed = match &now {
            Some(now) => self.is_typed_in(position, &kept, now, then.as_deref()).await?,
            // Somebody took it away, and nothing is lost.
            None => false,
        };
        let text = now.as_ref().map(|now| now.text.to_string());
        plan.differences.push(Difference {
            kind: kind(text.is_some(), then.is_some()),
            diff: self.diff(&path, text.as_deref(), then.as_deref()),
            typed,
            path: path.clone(),
        });
        plan.files.insert(path, Was::File { kept, at });
        Ok(())
    }

    /// Whether a document has text of somebody else since a place in the journal: whether without
    /// the agent's hunks since then it says something else than then.
    async fn is_typed_in(
        &self,
        position: usize,
        kept: &KeptFile,
        now: &Snapshot,
        then: Option<&str>,
    ) -> Result<bool, ErrorInfo> {
        // A restore left another text than it found.
        let left = match &kept.left {
            Some(hash) if *hash == now.stamp.hash => return Ok(false),
            Some(hash) => self.kept_text(hash).await?,
            None => None,
        };
        let Some(tracked) = self.files.get(&kept.path) else { return Ok(true) };
        if tracked.stamp.as_ref().is_none_or(|stamp| stamp.hash != now.stamp.hash) {
            return Ok(true);
        }
        let hunks = self.session.look(|state| {
            let sets = state.items.iter().skip(position).filter_map(|item| match &item.body {
                ItemBody::ChangeSet(set) => Some(set),
                _ => None,
            });
            let hunks = sets.flat_map(|set| &set.files).flat_map(|file| &file.hunks);
            let there = hunks.filter(|it| it.state.is_in_document());
            there.map(|hunk| hunk.id.clone()).collect::<Vec<_>>()
        });
        let moved = match then {
            Some(_) => None,
            None => self.moved_text(position, &kept.path).await?,
        };
        let base = left.as_deref().or(then).or(moved.as_deref()).unwrap_or_default();
        let without: Vec<_> = hunks.into_iter().map(|hunk| (hunk, false)).collect();
        Ok(!tracked.says_with(&without, base))
    }

    /// What a file that was moved to a path since a place in the journal was there under its old name.
    async fn moved_text(
        &self,
        position: usize,
        path: &AbsPath,
    ) -> Result<Option<String>, ErrorInfo> {
        let text = self.session.look(|state| {
            let items = state.items.iter().skip(position);
            let files = items.filter_map(|item| own_set(&item.body)).flat_map(|set| &set.files);
            let is_there = |it: &Hunk| it.state.is_in_document();
            let mut moved = files.filter(|file| file.kind == FileChangeKind::Move);
            let moved = moved
                .find(|file| file.to.as_ref() == Some(path) && file.hunks.iter().any(is_there))?;
            let mut kept = checkpoints::since(state, position).flat_map(|(_, it)| &it.kept);
            kept.find_map(|kept| match kept {
                Kept::File(file) if file.path == moved.path => file.text.clone(),
                _ => None,
            })
        });
        match text {
            Some(text) => self.kept_text(&text).await,
            None => Ok(None),
        }
    }

    /// Looks how files of a folder differ from what they were.
    async fn plan_folder(&self, root: &AbsPath, id: &str, paths: &[AbsPath], plan: &mut Plan) {
        let documents = self.shared.parts.documents.as_ref();
        let changes = match documents.folder_changes(root, id).await {
            Ok(changes) => changes,
            Err(error) => {
                let refused = paths.iter().map(|path| (path.clone(), error.to_string()));
                plan.refused.extend(refused);
                return;
            }
        };
        for change in changes.into_iter().filter(|change| paths.contains(&change.path)) {
            let path = change.path;
            if !change.restorable {
                let error = DocumentError::NotKept(path.clone());
                plan.refused.push((path, error.to_string()));
                continue;
            }
            let then = documents.file_of_folder(root, id, &path).await.ok().flatten();
            let now = documents.snapshot(&path).await.ok().map(|now| now.text.to_string());
            let text = then.as_ref().map(|bytes| std::str::from_utf8(bytes));
            let diff = match (&now, text) {
                (now, Some(Ok(then))) => self.diff(&path, now.as_deref(), Some(then)),
                (Some(now), None) => self.diff(&path, Some(now), None),
                _ => String::new(),
            };
            let is_there = change.became != crate::Became::Removed;
            plan.differences.push(Difference {
                kind: kind(is_there, change.became != crate::Became::Created),
                diff,
                // Whether somebody changed it after the command did, nobody can tell.
                typed: true,
                path: path.clone(),
            });
            plan.files.insert(path, Was::Folder { root: root.clone(), id: id.to_owned() });
        }
    }

    fn diff(&self, path: &AbsPath, now: Option<&str>, then: Option<&str>) -> String {
        changes::unified(&self.shown(path), now, then.unwrap_or_default())
    }

    pub(super) async fn kept_text(&self, hash: &str) -> Result<Option<String>, ErrorInfo> {
        let bytes = self.shared.parts.store.blob(&self.session.id, hash).await?;
        Ok(bytes.and_then(|bytes| String::from_utf8(bytes).ok()))
    }

    /// Keeps what a restore is about to overwrite. What cannot be kept is not overwritten.
    async fn keep_for_undo(&self, plan: &mut Plan) -> Result<Vec<Kept>, ErrorInfo> {
        let mut kept = Vec::new();
        let mut folders: BTreeMap<AbsPath, Vec<AbsPath>> = BTreeMap::new();
        for (path, was) in &plan.files {
            match was {
                Was::File { kept: was, .. } => {
                    let now = self.kept_file(path).await?;
                    let left = was.text.clone();
                    kept.push(Kept::File(KeptFile { left, ..now }));
                }
                Was::Folder { root, .. } => {
                    folders.entry(root.clone()).or_default().push(path.clone());
                }
            }
        }
        for (root, paths) in folders {
            match self.shared.parts.documents.keep_folder(&root).await {
                Ok(now) => kept.push(Kept::Folder(KeptFolder {
                    path: root,
                    id: Some(now.id),
                    changed: Some(paths),
                    left_out: now.left_out,
                    reason: None,
                })),
                Err(error) => {
                    let lost: BTreeSet<AbsPath> = paths.into_iter().collect();
                    plan.files.retain(|path, _| !lost.contains(path));
                    let refused = lost.into_iter().map(|path| (path, error.to_string()));
                    plan.refused.extend(refused);
                }
            }
        }
        Ok(kept)
    }

    /// Makes a document what it was in the checkpoint at a place. `found` is the hash of the text that
    /// was kept of it for this, and nothing else is overwritten.
    async fn put_back(
        &mut self,
        kept: &KeptFile,
        found: Option<String>,
        at: usize,
        cancel: &CancellationToken,
    ) -> Result<(), ToolError> {
        self.resolves(&kept.path).await?;
        let now = self.shared.parts.documents.snapshot(&kept.path).await.ok();
        if now.as_ref().map(|now| &now.stamp.hash) != found.as_ref() {
            return Err(written_in());
        }
        let before = now.map(|now| now.text);
        let left = self.switch_to(kept, at, cancel).await?.or(before);
        self.put_back_rest(kept, left, cancel).await
    }

    /// Shows and hides the hunks that a document had then: so it stays known whose text it is.
    /// Gives the text that this makes of it, if it can be done.
    async fn switch_to(
        &mut self,
        kept: &KeptFile,
        at: usize,
        cancel: &CancellationToken,
    ) -> Result<Option<Rope>, ToolError> {
        let wishes = self.session.look(|state| checkpoints::switched_since(state, at));
        let now = self.shared.parts.documents.snapshot(&kept.path).await.ok();
        let is_of_now = |tracked: &&Tracked| {
            let stamps = tracked.stamp.as_ref().zip(now.as_ref().map(|now| &now.stamp));
            stamps.is_some_and(|(known, now)| known.hash == now.hash)
        };
        let tracked = self.files.get(&kept.path).filter(is_of_now);
        let (Some(_), Some(tracked)) = (&kept.text, tracked) else { return Ok(None) };
        let here = wishes.into_iter().filter(|(hunk, _)| tracked.number(hunk).is_some());
        let hunks: Vec<(HunkId, bool)> = here.collect();
        let plan = tracked.plan(&hunks);
        if hunks.is_empty() || !plan.refused.is_empty() {
            return Ok(None);
        }
        let Ok(goal) = changes::apply_to(&tracked.text, &plan.replacements) else {
            return Ok(None);
        };
        let wish = Wish { path: kept.path.clone(), hunks: hunks.clone(), fate: Fate::Stays };
        let carried = self.carry_out(wish, cancel).await?;
        let states = hunks.into_iter().filter(|(hunk, _)| carried.switched.contains(hunk));
        let states = states.map(|(hunk, shown)| {
            (hunk, if shown { HunkState::Applied } else { HunkState::Undone })
        });
        self.set_states(&states.collect()).await.map_err(tool_error)?;
        Ok(Some(goal))
    }

    /// Does what is left to do. `left` is what the document says if nobody writes in it meanwhile:
    /// nothing else was kept, and nothing else is overwritten.
    async fn put_back_rest(
        &self,
        kept: &KeptFile,
        left: Option<Rope>,
        cancel: &CancellationToken,
    ) -> Result<(), ToolError> {
        let documents = self.shared.parts.documents.as_ref();
        let path = &kept.path;
        let then = match &kept.text {
            Some(hash) => Some(self.kept_text(hash).await.map_err(tool_error)?.ok_or_else(gone)?),
            None => None,
        };
        match (documents.snapshot(path).await, then) {
            (Ok(now), _) if left.is_none_or(|left| left != now.text) => Err(written_in()),
            (Ok(now), Some(then)) if now.text == then.as_str() => Ok(()),
            (Ok(now), Some(then)) => {
                let replacements = changes::diff(&now.text.to_string(), &then);
                let goal = Rope::from_str(&then);
                let label = format!("Coworker: restore {}", self.shown(path));
                let target = Target { shared: &self.shared, now: &now, goal: &goal, label, cancel };
                self.serving(apply::apply(target, replacements)).await.map(drop)
            }
            (Ok(now), None) if kept.file.is_none() => {
                Ok(documents.remove(path, &now.stamp.hash).await?)
            }
            (Err(DocumentError::NotFound(_)), None) if kept.file.is_none() => Ok(()),
            (Err(DocumentError::NotFound(_)), Some(then)) if kept.file.is_none() => {
                Ok(documents.write(path, None, &then).await.map(drop)?)
            }
            (Err(error), _) if !is_other_bytes(&error) => Err(error.into()),
            _ => Ok(documents.put_back(path, self.bytes(kept.file.as_ref()).await?).await?),
        }
    }

    pub(super) async fn bytes(
        &self,
        file: Option<&FileState>,
    ) -> Result<Option<FileBytes>, ToolError> {
        let Some(FileState { hash, permissions }) = file else { return Ok(None) };
        let bytes = self.shared.parts.store.blob(&self.session.id, hash).await;
        let bytes = bytes.map_err(|error| ToolError::new(error.code(), error.to_string()))?;
        let bytes = bytes.ok_or_else(gone)?;
        Ok(Some(FileBytes { bytes, permissions: *permissions }))
    }

    /// Puts files of a folder back. `found` is the folder as it was kept for this: what differs
    /// from it somebody has written meanwhile.
    async fn put_back_folder(
        &self,
        root: &AbsPath,
        (id, found): (&str, &str),
        paths: Vec<AbsPath>,
        done: &mut Restoration,
    ) {
        let words = |error: DocumentError| match error {
            DocumentError::Stale(_) => written_in().message,
            error => error.to_string(),
        };
        let documents = self.shared.parts.documents.clone();
        match self.serving(documents.restore_folder(root, id, found, &paths)).await {
            Ok(refused) => {
                let refused: BTreeMap<AbsPath, String> =
                    refused.into_iter().map(|(path, error)| (path, words(error))).collect();
                done.restored.extend(paths.into_iter().filter(|it| !refused.contains_key(it)));
                done.refused.extend(refused);
            }
            Err(error) => {
                done.refused.extend(paths.into_iter().map(|path| (path, error.to_string())));
            }
        }
    }
}

impl Tracked {
    /// Whether the document said exactly this at some time, with its first hunks only.
    pub(super) fn said(&self, text: &str) -> bool {
        let shown: Vec<HunkId> = self.ids().filter(|id| self.is_shown(id)).cloned().collect();
        (0..=shown.len()).any(|first| {
            let later: Vec<_> = shown[first..].iter().map(|id| (id.clone(), false)).collect();
            self.says_with(&later, text)
        })
    }

    /// Whether the document says exactly this with hunks shown or hidden.
    fn says_with(&self, wishes: &[(HunkId, bool)], text: &str) -> bool {
        let plan = self.plan(wishes);
        let switched = changes::apply_to(&self.text, &plan.replacements);
        plan.refused.is_empty() && switched.is_ok_and(|switched| switched == text)
    }
}

/// The documents among what was kept, with the hashes of their texts.
fn texts(kept: &[Kept]) -> impl Iterator<Item = (AbsPath, Option<String>)> {
    kept.iter().filter_map(|kept| match kept {
        Kept::File(file) => Some((file.path.clone(), file.text.clone())),
        _ => None,
    })
}

/// What a folder was kept as for a restore.
fn folder_of(kept: &[Kept], root: &AbsPath) -> String {
    let mut ids = kept.iter().filter_map(|kept| match kept {
        Kept::Folder(folder) if folder.path == *root => folder.id.clone(),
        _ => None,
    });
    ids.next_back().unwrap_or_default()
}

fn written_in() -> ToolError {
    ToolError::new(ErrorCode::EditStale, "somebody wrote in it meanwhile; restore once more")
}

fn kind(is_there: bool, was_there: bool) -> FileChangeKind {
    match (is_there, was_there) {
        (true, false) => FileChangeKind::Delete,
        (false, _) => FileChangeKind::Create,
        (true, true) => FileChangeKind::Edit,
    }
}

/// Whether something is there that is no text, or nothing.
fn is_other_bytes(error: &DocumentError) -> bool {
    matches!(error, DocumentError::NotFound(_) | DocumentError::NotUtf8(_))
}

fn tool_error(error: ErrorInfo) -> ToolError {
    ToolError::new(error.code, error.message)
}

fn gone() -> ToolError {
    ToolError::new(ErrorCode::DocumentNotFound, "what it was then is not kept any more")
}
