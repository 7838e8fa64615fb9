//! What others do to documents: hunks stay where they are, or it is noted what became of them.
//!
//! The user types, presses undo, deletes and moves files; git checks out and commits. Nothing here
//! changes a document. What an exact edit or a text means for hunks, `tracked` says.
//!
//! Start with [`Book::sync_these`], and [`Book::note`] for what comes of it.

use std::collections::{HashMap, HashSet};

use protocol::{
    AbsPath, FileChangeKind, Hunk, HunkId, HunkState, ItemId, Replacement, SessionState, Stamp,
};
use ropey::Rope;

use super::{
    Book, hunks, own_set,
    tracked::{News, Standing, Tracked, back},
    views::Files,
};
use crate::{DocumentError, Documents, Snapshot, prompts};

/// So many documents are read at once: their texts are held until all of these were read.
const READ_AT_ONCE: usize = 128;

/// A move of a file that the agent proposed.
struct Move {
    hunk: HunkId,
    from: AbsPath,
    to: AbsPath,
}

impl Book {
    /// Brings what is known of a document to its text of now.
    pub(super) async fn sync(&mut self, path: &AbsPath) {
        self.sync_these(std::slice::from_ref(path)).await;
    }

    /// Brings what is known of documents to their texts of now.
    pub(super) async fn sync_these(&mut self, paths: &[AbsPath]) {
        let documents = self.shared.parts.documents.clone();
        let known = paths.iter().filter(|path| self.files.contains_key(*path));
        let known: Vec<AbsPath> = known.cloned().collect();
        let (mut all, mut changed) = (News::new(), Vec::new());
        for known in known.chunks(READ_AT_ONCE) {
            for (path, text) in known.iter().zip(documents.snapshots(known).await) {
                let Some(tracked) = self.files.get_mut(path) else { continue };
                let news = bring(tracked, path, text, documents.as_ref());
                if !news.is_empty() {
                    changed.push(path.clone());
                    all.extend(news);
                }
            }
        }
        self.note(all).await;
        self.note_obstacles(paths).await;
        // After a restart, the weaves have to say the same as the journal.
        self.keep_these(&changed).await;
    }

    /// Copies of what is known of documents, brought to their texts of now.
    pub(super) async fn as_now(&self, paths: &[AbsPath]) -> Files {
        let documents = self.shared.parts.documents.as_ref();
        let mut files = Files::new();
        for paths in paths.chunks(READ_AT_ONCE) {
            for (path, text) in paths.iter().zip(documents.snapshots(paths).await) {
                let Some(mut tracked) = self.files.get(path).cloned() else { continue };
                bring(&mut tracked, path, text, documents);
                files.insert(path.clone(), tracked);
            }
        }
        files
    }

    /// Keeps what is known of a document that somebody has typed in since that was kept last.
    pub(crate) async fn keep_typed(&mut self, path: &AbsPath) {
        // What has not been read yet is as it was kept.
        if self.is_loaded {
            self.sync(path).await;
            self.keep_unkept(std::slice::from_ref(path)).await;
        }
    }

    /// Looks at all documents before the model is asked: what was typed in them is kept, and what
    /// was committed counts as kept by the user.
    pub(crate) async fn take_stock(&mut self) {
        if !self.is_loaded && self.hunks_that(is_applied).is_empty() {
            return;
        }
        // What is loaded now is brought to the texts of now with that.
        if self.is_loaded {
            self.sync_all().await;
        } else {
            self.load().await;
        }
        let paths: Vec<AbsPath> = self.files.keys().cloned().collect();
        self.keep_unkept(&paths).await;
        self.keep_committed(None).await;
    }

    async fn keep_unkept(&mut self, paths: &[AbsPath]) {
        let is_unkept = |path: &&AbsPath| self.files.get(*path).is_some_and(|it| !it.is_kept());
        let paths: Vec<AbsPath> = paths.iter().filter(is_unkept).cloned().collect();
        self.keep_these(&paths).await;
    }

    /// Brings what is known of all documents to their texts of now.
    pub(super) async fn sync_all(&mut self) {
        let paths: Vec<AbsPath> = self.files.keys().cloned().collect();
        self.sync_these(&paths).await;
    }

    /// How a document came from what is known of it to the text that something was made for, which
    /// may be older.
    pub(super) fn way_to(
        &self,
        path: &AbsPath,
        text: &Rope,
        stamp: &Stamp,
    ) -> Option<Vec<Vec<Replacement>>> {
        let documents = &self.shared.parts.documents;
        let (from, to) = (self.files.get(path)?.revision(), stamp.revision);
        match from <= to {
            true => documents.edits_between(path, from, to),
            false => back(text, &documents.edits_between(path, to, from)?),
        }
    }

    /// Looks whether somebody has changed the text of pending hunks meanwhile. This follows every
    /// keystroke, so of the documents with such hunks only those are asked for that have changed or
    /// are not there, and only those read that are not what they were.
    pub(super) async fn look_again(&mut self) {
        let documents = self.shared.parts.documents.clone();
        let (seen, changed) = documents.changed_since(self.seen);
        self.seen = seen;
        for path in &changed {
            if let Some(tracked) = self.files.get_mut(path) {
                tracked.has_changed();
            }
        }
        let other = self.files.iter_mut().filter_map(|(path, tracked)| {
            tracked.is_other(|| documents.revision(path)).then(|| path.clone())
        });
        let paths: Vec<AbsPath> = other.collect();
        self.sync_these(&paths).await;
    }

    /// Marks the pending hunks of documents that something stands in the way of, as these are
    /// known.
    pub(super) async fn note_obstacles(&mut self, paths: &[AbsPath]) {
        let mut obstacles: HashMap<HunkId, String> = HashMap::new();
        for path in paths {
            let Some(tracked) = self.files.get_mut(path) else { continue };
            obstacles.extend(tracked.new_obstacles());
        }
        if obstacles.is_empty() {
            return;
        }
        let conflict = |hunk: &Hunk| match hunk.state {
            HunkState::Pending => {
                let reason = obstacles.get(&hunk.id)?.clone();
                Some(HunkState::Conflicted { reason })
            }
            _ => None,
        };
        let states = self.session.look(|state| states(state, conflict));
        self.became(states).await;
    }

    /// Whether a document is not what is known of it, as far as that was seen: nothing is read.
    pub(super) fn is_other(&self, path: &AbsPath) -> bool {
        let known = self.files.get(path).and_then(|tracked| tracked.stamp.as_ref());
        let known = known.map(|stamp| stamp.revision);
        known.is_none() || self.shared.parts.documents.revision(path) != known
    }

    /// Notes what somebody else did to hunks: with the editor's own undo, by a checkout.
    pub(super) async fn note(&mut self, news: News) {
        if news.is_empty() {
            return;
        }
        // Of several the last counts.
        let news: HashMap<HunkId, Standing> = news.into_iter().collect();
        let after = |hunk: &Hunk| {
            let after = state_after(&hunk.state, *news.get(&hunk.id)?)?;
            Some((hunk.id.clone(), hunk.state.clone(), after))
        };
        let changes: Vec<_> = self.session.look(|state| hunks(state).filter_map(after).collect());
        let mut states = HashMap::new();
        for (hunk, before, mut after) in changes {
            if let Some(tracked) = self.tracked(&hunk) {
                match after {
                    HunkState::Undone => tracked.was_kept(&hunk, before == HunkState::Kept),
                    HunkState::Applied if tracked.is_kept_again(&hunk) => after = HunkState::Kept,
                    _ => {}
                }
            }
            states.insert(hunk, after);
        }
        self.became(states).await;
    }

    /// Journals what became of hunks without a decision. The questions of which nothing waits any
    /// longer end.
    async fn became(&mut self, states: HashMap<HunkId, HunkState>) {
        for (hunk, state) in &states {
            let files = self.files.values_mut();
            match state {
                HunkState::Pending => {}
                HunkState::Conflicted { .. } => files.for_each(|tracked| tracked.block(hunk)),
                _ => files.for_each(|tracked| tracked.settle(hunk)),
            }
        }
        let decided =
            |hunk: &Hunk| hunk.state == HunkState::Pending && states.contains_key(&hunk.id);
        let asked: Vec<ItemId> = self.change_sets_with(decided);
        if let Err(error) = self.set_states(&states).await {
            tracing::warn!(%error, "what became of a hunk was not journaled");
        }
        for set in asked {
            self.close_question(&set, None).await;
        }
    }

    /// Takes the applied hunks for kept that the last commit has, in documents as they were seen
    /// last; all documents if none is named.
    pub(super) async fn keep_committed(&mut self, path: Option<&AbsPath>) {
        let applied: HashSet<HunkId> = self.hunks_that(is_applied).into_iter().collect();
        let is_meant = |(at, tracked): &(&AbsPath, &Tracked)| {
            path.is_none_or(|path| path == *at) && tracked.ids().any(|id| applied.contains(id))
        };
        let paths = self.files.iter().filter(is_meant).map(|(path, _)| path.clone());
        let paths: Vec<AbsPath> = paths.collect();
        let is_quick = path.is_some();
        let mut kept: HashSet<HunkId> = HashSet::new();
        for path in paths {
            let Some(commit) = self.shared.parts.documents.committed(&path).await else { continue };
            let Some(tracked) = self.files.get_mut(&path) else { continue };
            kept.extend(tracked.committed(&commit, is_quick));
        }
        let keep =
            |hunk: &Hunk| (is_applied(hunk) && kept.contains(&hunk.id)).then_some(HunkState::Kept);
        let states = self.session.look(|state| states(state, keep));
        if let Err(error) = self.set_states(&states).await {
            tracing::warn!(%error, "what was committed was not journaled as kept");
        }
    }

    /// Files or folders were moved by the user: their hunks go with them.
    pub(crate) async fn moved(&mut self, from: &AbsPath, to: &AbsPath) {
        self.load().await;
        let documents = self.shared.parts.documents.clone();
        let (Ok(from), Ok(to)) = (documents.resolve(from).await, documents.resolve(to).await)
        else {
            return;
        };
        let below: Vec<AbsPath> =
            self.files.keys().filter(|path| path.starts_with(&from)).cloned().collect();
        for path in below {
            let rest = path.relative_to(&from);
            let new = if path == from { Ok(to.clone()) } else { to.join(rest) };
            let Ok(new) = new else { continue };
            self.goes_by(&path, &new).await;
            self.sync(&new).await;
            self.keep(&new).await;
        }
    }

    /// A document has another name from now on.
    async fn goes_by(&mut self, old: &AbsPath, new: &AbsPath) {
        let Some(mut tracked) = self.files.remove(old) else { return };
        tracked.is_renamed();
        self.session.memory.moved(old, new);
        self.takes_name(old, new, tracked).await;
    }

    /// Documents are where they were before the agent moved them, or where it moved them, because
    /// the files were put back there. Their hunks go with them.
    pub(super) async fn moved_with(&mut self, restored: &[AbsPath]) {
        let documents = self.shared.parts.documents.clone();
        let mut there = HashMap::new();
        for path in restored {
            there.insert(path, documents.snapshot(path).await.is_ok());
        }
        let is_there = |path: &AbsPath| there.get(path).copied().unwrap_or(false);
        let mut states = HashMap::new();
        for (path, _) in there.iter().filter(|(_, is_there)| !**is_there) {
            let Some(tracked) = self.files.get(*path) else { continue };
            let moves = self.moves_of(tracked);
            let (shown, hidden): (Vec<Move>, Vec<Move>) =
                moves.into_iter().partition(|it| tracked.is_shown(&it.hunk));
            let backward = shown.into_iter().rev().map(|it| (it.hunk, it.to, it.from));
            let forward = hidden.into_iter().map(|it| (it.hunk, it.from, it.to));
            let back = chain(path, backward, is_there).map(|(at, hunks)| (at, hunks, false));
            let again = || chain(path, forward, is_there).map(|(at, hunks)| (at, hunks, true));
            let Some((at, hunks, shown)) = back.or_else(again) else { continue };
            // What is known of a document of that name already stays.
            if self.files.contains_key(&at) {
                continue;
            }
            self.goes_by(path, &at).await;
            let hunks: Vec<_> = hunks.into_iter().map(|hunk| (hunk, shown)).collect();
            if let Some(tracked) = self.files.get_mut(&at) {
                tracked.switch(&hunks);
            }
            let state = if shown { HunkState::Applied } else { HunkState::Undone };
            states.extend(hunks.into_iter().map(|(hunk, _)| (hunk, state.clone())));
            self.sync(&at).await;
            self.keep(&at).await;
        }
        if let Err(error) = self.set_states(&states).await {
            tracing::warn!(%error, "what was moved by a restore was not journaled");
        }
    }

    /// The moves of a document that the agent proposed, in order.
    fn moves_of(&self, tracked: &Tracked) -> Vec<Move> {
        self.session.look(|state| {
            let sets = state.items.iter().filter_map(|item| own_set(&item.body));
            let files = sets.flat_map(|set| &set.files);
            let moves = files.filter(|file| file.kind == FileChangeKind::Move);
            let moves = moves.filter_map(|file| {
                let hunk = file.hunks.first().map(|hunk| hunk.id.clone())?;
                tracked.number(&hunk)?;
                Some(Move { hunk, from: file.path.clone(), to: file.to.clone()? })
            });
            moves.collect()
        })
    }
}

/// Brings what is known of a document to what was read of it.
fn bring(
    tracked: &mut Tracked,
    path: &AbsPath,
    text: Result<Snapshot, DocumentError>,
    documents: &dyn Documents,
) -> News {
    match text {
        Ok(now) => {
            let (from, to) = (tracked.revision(), now.stamp.revision);
            tracked.take_in(documents.edits_between(path, from, to), &now.text, &now.stamp)
        }
        Err(DocumentError::NotFound(_)) => tracked.goes_missing(),
        // What cannot be read has no text of ours; one day it may have it again.
        Err(error) => {
            tracing::debug!(%path, %error, "no text");
            News::new()
        }
    }
}

/// The first place to which moves lead from a path that `is_there`, with the hunks on the way.
fn chain(
    path: &AbsPath,
    moves: impl Iterator<Item = (HunkId, AbsPath, AbsPath)>,
    is_there: impl Fn(&AbsPath) -> bool,
) -> Option<(AbsPath, Vec<HunkId>)> {
    let (mut at, mut hunks) = (path.clone(), Vec::new());
    for (hunk, from, to) in moves {
        if from == at {
            at = to;
            hunks.push(hunk);
            if is_there(&at) {
                return Some((at, hunks));
            }
        }
    }
    None
}

fn is_applied(hunk: &Hunk) -> bool {
    hunk.state == HunkState::Applied
}

/// The hunks of a session that stand elsewhere from now on.
fn states(
    state: &SessionState,
    after: impl Fn(&Hunk) -> Option<HunkState>,
) -> HashMap<HunkId, HunkState> {
    hunks(state).filter_map(|hunk| Some((hunk.id.clone(), after(hunk)?))).collect()
}

/// The state of a hunk after what somebody else did; none if it stays what it is.
fn state_after(state: &HunkState, standing: Standing) -> Option<HunkState> {
    match (standing, state) {
        // If somebody writes the same, it is theirs.
        (_, HunkState::Rejected) | (Standing::Shown, HunkState::Kept) => None,
        (Standing::Shown, _) => Some(HunkState::Applied),
        (Standing::Hidden, _) => Some(HunkState::Undone),
        (Standing::Unclear, HunkState::Applied | HunkState::Undone) => {
            Some(HunkState::Conflicted { reason: prompts::obstacle("unclear") })
        }
        (Standing::Unclear, _) => None,
        (Standing::Free, HunkState::Conflicted { .. }) => Some(HunkState::Pending),
        (Standing::Free, _) => None,
    }
}
