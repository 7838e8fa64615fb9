//! What the user decides about hunks, before they are applied and after.

use std::collections::{BTreeMap, HashMap, HashSet};

use protocol::{
    AbsPath, ChangeSet, Effect, ErrorCode, ErrorInfo, FileChange, FileChangeKind, Hunk,
    HunkDecision, HunkId, HunkState, ItemId, SessionInfo, Update,
};
use tokio_util::sync::CancellationToken;

use super::{
    Book, HunkNow,
    carrying::{Fate, Wish},
    tracked::Tracked,
};
use crate::{
    apply::Place,
    policy::{self, Situation, Verdict},
    prompts,
};

/// What became of a change set's files by a decision: where their text went, or why not.
#[derive(Debug)]
pub(crate) struct Decided {
    pub(crate) set: ChangeSet,
    pub(crate) files: HashMap<AbsPath, Result<Place, ErrorCode>>,
    /// What could not be done, and is no conflict.
    pub(crate) refused: Vec<(HunkId, String)>,
}

/// What a client decides about a change set.
#[derive(Clone, Debug, Default)]
pub struct Resolution {
    /// The decision on every hunk that waits and is not named; none to leave those.
    pub accept: Option<bool>,
    /// Only hunks of this document are meant by `accept`; resolved.
    pub path: Option<AbsPath>,
    /// What the user said about those.
    pub reason: Option<String>,
    /// Decisions on single hunks.
    pub hunks: Vec<HunkDecision>,
    /// Who decided.
    pub by: String,
}

/// What came of applying hunks.
#[derive(Default)]
struct Applied {
    /// Where they stand.
    states: HashMap<HunkId, HunkState>,
    /// Where the texts of their files went.
    files: HashMap<AbsPath, Result<Place, ErrorCode>>,
    /// Those that wait again, and why.
    refused: Vec<(HunkId, String)>,
}

/// What was decided about hunks, by what is to be done.
#[derive(Default)]
struct Sorted {
    accepted: HashSet<HunkId>,
    rejected: Vec<HunkId>,
    taken_back: Vec<HunkId>,
    /// Of which that cannot be wished any more, and why.
    refused: Vec<(HunkId, String)>,
    /// The documents with reworded hunks, as they were before.
    before: BTreeMap<AbsPath, Tracked>,
}

/// What becomes of a hunk that cannot be applied for the moment: its editor refuses, somebody types.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Otherwise {
    /// It waits, and can be decided about once more.
    Waits,
    /// Nobody is asked any more.
    IsConflict,
}

impl Book {
    /// Decides as a client wishes. Gives where the hunks stand then: those that were decided
    /// about, and those that fell with them.
    pub(crate) async fn resolve(
        &mut self,
        id: &ItemId,
        wanted: Resolution,
        cancel: &CancellationToken,
    ) -> Result<Vec<HunkNow>, ErrorInfo> {
        self.load().await;
        let Some((_, set)) = self.change_set(id) else { return Err(unknown_set()) };
        let mut decisions = wanted.hunks;
        let is_meant = |file: &&FileChange| match &wanted.path {
            Some(path) => *path == self.at(&file.path, &file.hunks),
            None => true,
        };
        let files = set.files.iter().filter(is_meant);
        let waits = |hunk: &Hunk| match hunk.state {
            HunkState::Pending => true,
            // It would wait again when what is in its way is gone.
            HunkState::Conflicted { .. } => {
                wanted.accept == Some(false) && !self.is_in_text(&hunk.id)
            }
            _ => false,
        };
        let waiting = files.flat_map(|file| &file.hunks).filter(|hunk| {
            waits(hunk) && decisions.iter().all(|decision| decision.hunk_id != hunk.id)
        });
        let waiting: Vec<HunkId> = waiting.map(|hunk| hunk.id.clone()).collect();
        if let Some(accept) = wanted.accept {
            decisions.extend(waiting.into_iter().map(|hunk_id| HunkDecision {
                hunk_id,
                accept,
                text: None,
                before: None,
                reason: wanted.reason.clone(),
            }));
        }
        let before: HashMap<&HunkId, &HunkState> =
            hunks_of(&set).map(|it| (&it.id, &it.state)).collect();
        let decided = self.decide_all(id, &decisions, Otherwise::Waits, cancel).await?;
        self.close_question(id, Some(&wanted.by)).await;
        let is_meant = |hunk: &Hunk| {
            decisions.iter().any(|decision| decision.hunk_id == hunk.id)
                || before.get(&hunk.id).is_some_and(|before| **before != hunk.state)
        };
        Ok(self.standing(is_meant, &decided.refused))
    }

    /// Decides about the last hunks of a change set that wait, and ends it.
    pub(crate) async fn finish(
        &mut self,
        id: &ItemId,
        decisions: &[HunkDecision],
        cancel: &CancellationToken,
    ) -> Result<Decided, ErrorInfo> {
        let decided = self.decide(id, decisions, cancel).await;
        // Whoever decides next finds it as it stands now.
        if let Some((item, _)) = self.change_set(id) {
            self.session.record(vec![Update::ItemEnded { item }]).await?;
        }
        decided
    }

    /// Decides about hunks of one change set for a turn, which asks nobody once more.
    pub(crate) async fn decide(
        &mut self,
        id: &ItemId,
        decisions: &[HunkDecision],
        cancel: &CancellationToken,
    ) -> Result<Decided, ErrorInfo> {
        self.decide_all(id, decisions, Otherwise::IsConflict, cancel).await
    }

    /// Decides about hunks of one change set. What is accepted is applied; of what is applied
    /// already, a yes keeps it and a no takes it back.
    async fn decide_all(
        &mut self,
        id: &ItemId,
        decisions: &[HunkDecision],
        otherwise: Otherwise,
        cancel: &CancellationToken,
    ) -> Result<Decided, ErrorInfo> {
        self.load().await;
        let Some((item, mut set)) = self.change_set(id) else { return Err(unknown_set()) };
        let is_unknown =
            |decision: &&HunkDecision| hunks_of(&set).all(|hunk| hunk.id != decision.hunk_id);
        if let Some(unknown) = decisions.iter().find(is_unknown) {
            return Err(unknown_hunk(&unknown.hunk_id));
        }
        let mut sorted = Sorted::default();
        for decision in decisions {
            let mut hunks = set.files.iter_mut().flat_map(|file| &mut file.hunks);
            if let Some(hunk) = hunks.find(|hunk| hunk.id == decision.hunk_id) {
                self.mark(hunk, decision, &mut sorted);
            }
        }
        let Sorted { accepted, mut rejected, taken_back, mut refused, before } = sorted;
        rejected.extend(self.fell_with_rejected(&mut set));
        // Journaled before anything is applied: if the process dies meanwhile, the hunks may be
        // in their documents, and must not be taken for rejected.
        if let Err(error) = self.tell(item, set.clone()).await {
            self.files.extend(before);
            return Err(error);
        }
        self.settle(decisions, &rejected).await;
        let Applied { states, mut files, refused: passing } =
            self.apply_accepted(&set, &accepted, otherwise, cancel).await;
        refused.extend(passing);
        self.set_states(&states).await?;
        for (path, place) in self.places(&set) {
            files.entry(path).or_insert(Ok(place));
        }
        if !taken_back.is_empty() {
            let chosen = self.chosen(|_, hunk| taken_back.contains(&hunk.id));
            refused.extend(self.switch(chosen, false, cancel).await?.refused);
        }
        let set = self.change_set(id).map(|(_, set)| set).ok_or_else(unknown_set)?;
        Ok(Decided { set, files, refused })
    }

    /// Marks a hunk with what is decided about it. Only what has to be known for that is done
    /// already: the user's lines are put in place of the hunk's.
    fn mark(&mut self, hunk: &mut Hunk, decision: &HunkDecision, sorted: &mut Sorted) {
        hunk.comment = decision.reason.clone().or(hunk.comment.take());
        match (&hunk.state, decision.accept) {
            (HunkState::Applied | HunkState::Kept, false) => {
                sorted.taken_back.push(hunk.id.clone());
            }
            (HunkState::Applied | HunkState::Kept, true) => self.becomes(hunk, HunkState::Kept),
            // What may be in the document stays as it is; it cannot come once more.
            (HunkState::Conflicted { .. }, true) if self.is_in_text(&hunk.id) => {
                self.becomes(hunk, HunkState::Kept);
            }
            (HunkState::Rejected, true) => {
                sorted.refused.push((hunk.id.clone(), prompts::obstacle("rejected")));
            }
            (_, true) => match self.reword(decision, &mut sorted.before) {
                Ok(()) => {
                    hunk.edited |= decision.text.is_some();
                    sorted.accepted.insert(hunk.id.clone());
                    self.becomes(hunk, HunkState::Accepted);
                }
                Err(reason) => self.becomes(hunk, HunkState::Conflicted { reason }),
            },
            (HunkState::Conflicted { .. }, false) if self.is_in_text(&hunk.id) => {}
            (_, false) if matches!(hunk.state, HunkState::Rejected | HunkState::Undone) => {}
            (_, false) => {
                sorted.rejected.push(hunk.id.clone());
                self.becomes(hunk, HunkState::Rejected);
            }
        }
    }

    /// Where the files' hunks went: some may have been applied before the rest was decided.
    fn places(&self, set: &ChangeSet) -> Vec<(AbsPath, Place)> {
        let place = |file: &FileChange| {
            let tracked = self.files.get(&self.at(&file.path, &file.hunks))?;
            Some((file.path.clone(), tracked.place?))
        };
        set.files.iter().filter_map(place).collect()
    }

    /// Something has been decided about hunks: none of them waits any more.
    async fn settle(&mut self, decisions: &[HunkDecision], rejected: &[HunkId]) {
        let decided = decisions.iter().map(|decision| &decision.hunk_id);
        for hunk in decided.chain(rejected) {
            if let Some(tracked) = self.tracked(hunk) {
                tracked.settle(hunk);
            }
        }
        for hunk in rejected {
            // If somebody writes the same some day, it is theirs.
            if let Some(tracked) = self.tracked(hunk) {
                tracked.forget(hunk);
            }
        }
        let rejected: HashSet<&HunkId> = rejected.iter().collect();
        let has = |tracked: &Tracked| tracked.ids().any(|id| rejected.contains(id));
        let files = self.files.iter().filter(|(_, tracked)| has(tracked));
        let paths: Vec<AbsPath> = files.map(|(path, _)| path.clone()).collect();
        // Also after a restart.
        self.keep_these(&paths).await;
    }

    /// What builds on a rejected hunk falls with it; gives those.
    fn fell_with_rejected(&self, set: &mut ChangeSet) -> Vec<HunkId> {
        let mut all = Vec::new();
        for file in &mut set.files {
            let mut fallen: HashSet<HunkId> = HashSet::new();
            for hunk in &mut file.hunks {
                let is_open = matches!(hunk.state, HunkState::Pending | HunkState::Accepted);
                if hunk.state == HunkState::Rejected {
                    fallen.insert(hunk.id.clone());
                } else if is_open && hunk.depends_on.iter().any(|on| fallen.contains(on)) {
                    let reason = prompts::obstacle("fell");
                    self.becomes(hunk, HunkState::Conflicted { reason });
                    fallen.insert(hunk.id.clone());
                    all.push(hunk.id.clone());
                }
            }
        }
        all
    }

    /// Applies what was accepted just now; gives where each of the hunks stands then, and where the
    /// text of each file went.
    async fn apply_accepted(
        &mut self,
        set: &ChangeSet,
        accepted: &HashSet<HunkId>,
        otherwise: Otherwise,
        cancel: &CancellationToken,
    ) -> Applied {
        let Applied { mut states, mut files, mut refused } = Applied::default();
        for file in &set.files {
            let is_meant =
                |hunk: &&Hunk| hunk.state == HunkState::Accepted && accepted.contains(&hunk.id);
            let accepted = file.hunks.iter().filter(is_meant);
            let hunks: Vec<_> = accepted.map(|hunk| (hunk.id.clone(), true)).collect();
            if hunks.is_empty() {
                continue;
            }
            let accepted: Vec<HunkId> = hunks.iter().map(|(hunk, _)| hunk.clone()).collect();
            let path = self.at(&file.path, &file.hunks);
            if let Some(reason) = self.stays_behind(file, &path) {
                let conflict =
                    |hunk: HunkId| (hunk, HunkState::Conflicted { reason: reason.clone() });
                states.extend(hunks.into_iter().map(|(hunk, _)| conflict(hunk)));
                files.insert(file.path.clone(), Err(ErrorCode::EditStale));
                continue;
            }
            // One after the other: what a stop comes before is not made.
            let fate = fate(file, true);
            let passes = otherwise == Otherwise::Waits && fate != Fate::GoesWhole;
            let carried = self.carry_out(Wish { path, hunks, fate }, cancel).await;
            for hunk in accepted {
                let state = match &carried {
                    Ok(carried) if carried.switched.contains(&hunk) => HunkState::Applied,
                    Ok(carried) => {
                        let refused = carried.refused.iter().find(|(id, _)| *id == hunk);
                        match refused.map(|(_, reason)| reason.clone()) {
                            Some(reason) => HunkState::Conflicted { reason },
                            None => self.state_of(&hunk),
                        }
                    }
                    Err(error) if passes && is_passing(error.code) => {
                        refused.push((hunk.clone(), error.message.clone()));
                        if let Some(tracked) = self.tracked(&hunk) {
                            tracked.wait_again(&hunk);
                        }
                        HunkState::Pending
                    }
                    Err(error) => HunkState::Conflicted { reason: error.message.clone() },
                };
                states.insert(hunk, state);
            }
            let place = match carried {
                Ok(carried) if carried.switched.is_empty() => Err(ErrorCode::EditStale),
                Ok(carried) => Ok(carried.place),
                Err(error) => Err(error.code),
            };
            files.insert(file.path.clone(), place);
        }
        Applied { states, files, refused }
    }

    /// Puts the user's lines in place of those that a hunk proposes, if they want others.
    /// `kept` gets the document as it was.
    fn reword(
        &mut self,
        decision: &HunkDecision,
        kept: &mut BTreeMap<AbsPath, Tracked>,
    ) -> Result<(), String> {
        let HunkDecision { hunk_id, text: Some(text), before, .. } = decision else {
            return Ok(());
        };
        let mut files = self.files.iter_mut();
        match files.find(|(_, tracked)| tracked.number(hunk_id).is_some()) {
            Some((path, tracked)) => {
                kept.entry(path.clone()).or_insert_with(|| tracked.clone());
                tracked.reword(hunk_id, text, before.as_deref())
            }
            None => Err(prompts::obstacle("unknown")),
        }
    }

    /// Why hunks of a file do not go along with it under another name; none if they do.
    fn stays_behind(&self, file: &FileChange, now: &AbsPath) -> Option<String> {
        if *now == file.path {
            return None;
        }
        let renamed = prompts::obstacle("renamed");
        // The user was asked about the file of that name.
        if matches!(file.kind, FileChangeKind::Delete | FileChangeKind::Move) {
            return Some(renamed);
        }
        let SessionInfo { root, folders, .. } = self.session.info();
        let mode = self.session.look(|state| state.mode);
        let forbidden = &self.shared.parts.settings.forbidden;
        let verdict = |path: &AbsPath| {
            let (root, folders) = (&root, &folders);
            let situation = Situation { mode, root, folders, forbidden, skills: &[], rules: &[] };
            policy::decide(&situation, &[Effect::Write { path: path.clone() }])
        };
        match (verdict(now), verdict(&file.path)) {
            (Verdict::Allow, _) => None,
            (new, old) if new == old && !matches!(new, Verdict::Deny { .. }) => None,
            (Verdict::Ask { why, .. } | Verdict::Deny { why }, _) => {
                Some(format!("{renamed}: {}", why.trim_end_matches('.')))
            }
        }
    }
}

/// Whether the same may go well a moment later; nothing was begun.
fn is_passing(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::EditRefused | ErrorCode::EditStale | ErrorCode::Unsaved)
}

fn hunks_of(set: &ChangeSet) -> impl Iterator<Item = &Hunk> {
    set.files.iter().flat_map(|file| &file.hunks)
}

/// What becomes of a file when its hunks are shown.
fn fate(file: &FileChange, shown: bool) -> Fate {
    match (file.kind, &file.to) {
        (FileChangeKind::Delete, _) if shown => Fate::GoesWhole,
        (FileChangeKind::Move, Some(to)) => Fate::Moves { to: to.clone() },
        _ => Fate::Stays,
    }
}

fn unknown_set() -> ErrorInfo {
    ErrorInfo::new(ErrorCode::ChangeSetNotFound, "This session has no such change set.")
}

fn unknown_hunk(id: &HunkId) -> ErrorInfo {
    let words = format!("This change set has no hunk `{id}`.");
    ErrorInfo::new(ErrorCode::ChangeSetNotFound, words)
}
