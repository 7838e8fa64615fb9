//! What the user decides about hunks, before they are applied and after; undo and redo.

use std::collections::{BTreeMap, HashMap, HashSet};

use protocol::{
    AbsPath, ChangeSet, Effect, ErrorCode, ErrorInfo, FileChange, FileChangeKind, Hunk,
    HunkDecision, HunkId, HunkState, Item, ItemId, SessionInfo, TurnId, UndoScope, Update,
};
use tokio_util::sync::CancellationToken;

use super::{
    Book, HunkNow,
    carrying::{Fate, Wish},
    own_set,
    tracked::{Standing, Tracked},
};
use crate::{
    DocumentError,
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

/// What was undone or redone, and what could not be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turned {
    /// The hunks that were.
    pub hunks: Vec<HunkId>,
    /// The documents that they are in, each once.
    pub files: Vec<AbsPath>,
    /// Those that were not, each with why.
    pub refused: Vec<HunkNow>,
}

/// The hunks that were shown or hidden as it was wished, and those that were not, and why.
#[derive(Default)]
struct Shown {
    hunks: Vec<HunkId>,
    refused: Vec<(HunkId, String)>,
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

/// A hunk with what it is part of.
struct Chosen {
    kind: FileChangeKind,
    from: AbsPath,
    to: Option<AbsPath>,
    id: HunkId,
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
        let waiting = files.flat_map(|file| &file.hunks).filter(|hunk| {
            hunk.state == HunkState::Pending
                && decisions.iter().all(|decision| decision.hunk_id != hunk.id)
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
        let Sorted { accepted, rejected, taken_back, mut refused, before } = sorted;
        self.fell_with_rejected(&mut set);
        // Journaled before anything is applied: if the process dies meanwhile, the hunks may be
        // in their documents, and must not be taken for rejected.
        if let Err(error) = self.tell(item, set.clone()).await {
            self.files.extend(before);
            return Err(error);
        }
        for decision in decisions {
            if let Some(tracked) = self.tracked(&decision.hunk_id) {
                tracked.settle(&decision.hunk_id);
            }
        }
        for hunk in rejected {
            // If somebody writes the same some day, it is theirs.
            if let Some(tracked) = self.tracked(&hunk) {
                tracked.forget(&hunk);
            }
        }
        let Applied { states, mut files, refused: passing } =
            self.apply_accepted(&set, &accepted, otherwise, cancel).await;
        refused.extend(passing);
        self.set_states(&states).await?;
        for (path, place) in self.places(&set) {
            files.entry(path).or_insert(Ok(place));
        }
        if !taken_back.is_empty() {
            let chosen = self.chosen(|_, hunk| taken_back.contains(&hunk.id));
            refused.extend(self.turn(chosen, false, cancel).await?.refused);
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
            (HunkState::Pending | HunkState::Accepted, false) => {
                sorted.rejected.push(hunk.id.clone());
                self.becomes(hunk, HunkState::Rejected);
            }
            (_, false) => {}
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

    /// What builds on a rejected hunk falls with it.
    fn fell_with_rejected(&self, set: &mut ChangeSet) {
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
                }
            }
        }
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
                    Ok(carried) if carried.turned.contains(&hunk) => HunkState::Applied,
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
                Ok(carried) if carried.turned.is_empty() => Err(ErrorCode::EditStale),
                Ok(carried) => Ok(carried.place),
                Err(error) => Err(error.code),
            };
            files.insert(file.path.clone(), place);
        }
        Applied { states, files, refused }
    }

    /// Takes back, or does again, what a scope names.
    pub(crate) async fn undo(
        &mut self,
        scope: &UndoScope,
        redo: bool,
        cancel: &CancellationToken,
    ) -> Result<Turned, ErrorInfo> {
        self.load().await;
        self.sync_all().await;
        let can = |hunk: &Hunk| match hunk.state {
            HunkState::Applied | HunkState::Kept => !redo,
            // It may be there, and why it stays is said.
            HunkState::Conflicted { .. } => !redo && self.is_in_text(&hunk.id),
            HunkState::Undone => redo,
            _ => false,
        };
        let Some(scope) = self.named(scope, redo, can) else { return Ok(Turned::default()) };
        let chosen = self.chosen(|item, hunk| is_in(&scope, item, hunk) && can(hunk));
        let Shown { hunks, refused } = self.turn(chosen, redo, cancel).await?;
        let mut files: Vec<AbsPath> = Vec::new();
        for HunkNow { path, .. } in self.standing(|hunk| hunks.contains(&hunk.id), &[]) {
            if !files.contains(&path) {
                files.push(path);
            }
        }
        let is_refused = |hunk: &Hunk| refused.iter().any(|(id, _)| *id == hunk.id);
        Ok(Turned { hunks, files, refused: self.standing(is_refused, &refused) })
    }

    /// The hunks that are wanted, each with what it is part of, in order.
    fn chosen(&self, is_wanted: impl Fn(&Item, &Hunk) -> bool) -> Vec<Chosen> {
        self.session.look(|state| {
            let mut chosen = Vec::new();
            for item in &state.items {
                for file in own_set(&item.body).into_iter().flat_map(|set| &set.files) {
                    let hunks = file.hunks.iter().filter(|hunk| is_wanted(item, hunk));
                    chosen.extend(hunks.map(|hunk| Chosen {
                        kind: file.kind,
                        from: file.path.clone(),
                        to: file.to.clone(),
                        id: hunk.id.clone(),
                    }));
                }
            }
            chosen
        })
    }

    /// Shows or hides hunks of any change sets, document by document.
    async fn turn(
        &mut self,
        chosen: Vec<Chosen>,
        shown: bool,
        cancel: &CancellationToken,
    ) -> Result<Shown, ErrorInfo> {
        let mut turned = Shown::default();
        let (moves, texts): (Vec<_>, Vec<_>) =
            chosen.iter().partition(|chosen| chosen.kind == FileChangeKind::Move);
        // A document is changed under the name that it had when its text was proposed.
        if shown {
            self.turn_texts(&texts, shown, cancel, &mut turned).await;
            for moved in moves {
                self.turn_move(moved, shown, cancel, &mut turned).await;
            }
        } else {
            for moved in moves.into_iter().rev() {
                self.turn_move(moved, shown, cancel, &mut turned).await;
            }
            self.turn_texts(&texts, shown, cancel, &mut turned).await;
        }
        self.account_for(&chosen, shown, &mut turned);
        let state = if shown { HunkState::Applied } else { HunkState::Undone };
        let states = turned.hunks.iter().map(|hunk| (hunk.clone(), state.clone()));
        self.set_states(&states.collect()).await?;
        self.remember(&turned.hunks, shown);
        Ok(turned)
    }

    /// What was neither turned nor refused is as it was wished, or nobody knows of it any more.
    fn account_for(&self, chosen: &[Chosen], shown: bool, turned: &mut Shown) {
        let refused = turned.refused.iter().map(|(hunk, _)| hunk);
        let told: HashSet<HunkId> = turned.hunks.iter().chain(refused).cloned().collect();
        let wished = if shown { Standing::Shown } else { Standing::Hidden };
        for Chosen { id, .. } in chosen.iter().filter(|chosen| !told.contains(&chosen.id)) {
            let mut files = self.files.iter();
            let reason = match files.find(|(_, tracked)| tracked.number(id).is_some()) {
                Some((_, tracked)) if tracked.standing(id) == Some(wished) => {
                    turned.hunks.push(id.clone());
                    continue;
                }
                Some((path, tracked)) if tracked.is_missing() => {
                    DocumentError::NotFound(path.clone()).to_string()
                }
                Some((_, tracked)) if tracked.standing(id) == Some(Standing::Hidden) => {
                    prompts::obstacle("gone")
                }
                Some(_) => prompts::obstacle("unclear"),
                None => self.why_unknown(id),
            };
            turned.refused.push((id.clone(), reason));
        }
    }

    /// Whether a document has a hunk, or had it when nobody could tell any longer where it is.
    fn is_in_text(&self, hunk: &HunkId) -> bool {
        matches!(self.standing_of(hunk), Some(Standing::Shown | Standing::Unclear))
    }

    fn standing_of(&self, hunk: &HunkId) -> Option<Standing> {
        self.files.values().find_map(|tracked| tracked.standing(hunk))
    }

    /// Where a hunk stands that had not to be shown.
    fn state_of(&self, hunk: &HunkId) -> HunkState {
        let reason = match self.standing_of(hunk) {
            Some(Standing::Shown) => return HunkState::Applied,
            Some(_) => "unclear",
            None => "unknown",
        };
        HunkState::Conflicted { reason: prompts::obstacle(reason) }
    }

    async fn turn_texts(
        &mut self,
        chosen: &[&Chosen],
        shown: bool,
        cancel: &CancellationToken,
        turned: &mut Shown,
    ) {
        let known = self.files.iter().flat_map(|(path, it)| it.ids().map(move |id| (id, path)));
        let known: HashMap<&HunkId, &AbsPath> = known.collect();
        let mut by_path: BTreeMap<&AbsPath, Vec<&Chosen>> = BTreeMap::new();
        for chosen in chosen {
            if let Some(path) = known.get(&chosen.id) {
                by_path.entry(path).or_default().push(chosen);
            }
        }
        // What the agent created, or deletes again, goes with its last text.
        let goes = if shown { FileChangeKind::Delete } else { FileChangeKind::Create };
        let wish = |(path, here): (&AbsPath, Vec<&Chosen>)| Wish {
            path: path.clone(),
            hunks: here.iter().map(|chosen| (chosen.id.clone(), shown)).collect(),
            fate: match here.iter().any(|chosen| chosen.kind == goes) {
                true => Fate::Goes,
                false => Fate::Stays,
            },
        };
        let wishes: Vec<Wish> = by_path.into_iter().map(wish).collect();
        let outcomes = self.carry_out_all(&wishes, cancel).await;
        for (wish, outcome) in wishes.into_iter().zip(outcomes) {
            match outcome {
                Ok(carried) => {
                    turned.hunks.extend(carried.turned);
                    turned.refused.extend(carried.refused);
                }
                Err(error) => {
                    let ids = wish.hunks.into_iter().map(|(id, _)| (id, error.message.clone()));
                    turned.refused.extend(ids);
                }
            }
        }
    }

    /// Why no document has a hunk.
    fn why_unknown(&self, hunk: &HunkId) -> String {
        let is_under = self.files.values().any(|tracked| {
            let under = std::iter::successors(tracked.under.as_deref(), |it| it.under.as_deref());
            under.into_iter().any(|under| under.number(hunk).is_some())
        });
        prompts::obstacle(if is_under { "displaced" } else { "unknown" })
    }

    async fn turn_move(
        &mut self,
        chosen: &Chosen,
        shown: bool,
        cancel: &CancellationToken,
        turned: &mut Shown,
    ) {
        let Some(to) = &chosen.to else { return };
        let (from, to) = if shown { (&chosen.from, to) } else { (to, &chosen.from) };
        let wish = Wish {
            path: from.clone(),
            hunks: vec![(chosen.id.clone(), shown)],
            fate: Fate::Moves { to: to.clone() },
        };
        match self.carry_out(wish, cancel).await {
            Ok(carried) => {
                turned.hunks.extend(carried.turned);
                turned.refused.extend(carried.refused);
            }
            Err(error) => turned.refused.push((chosen.id.clone(), error.message)),
        }
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

/// Whether a hunk of a change set is in a scope.
pub(crate) fn is_in(scope: &UndoScope, item: &Item, hunk: &Hunk) -> bool {
    match scope {
        UndoScope::Hunk { hunk_id } => hunk.id == *hunk_id,
        UndoScope::Hunks { hunk_ids } => hunk_ids.contains(&hunk.id),
        UndoScope::Call { item_id } => hunk.item_id == *item_id,
        UndoScope::Turn { turn_id } => item.turn_id == TurnId::clone(turn_id),
        UndoScope::Session => true,
        _ => false,
    }
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
