//! Taking back what a scope names, and doing it again: hunks of any change sets, document by
//! document.

use std::collections::{BTreeMap, HashMap, HashSet};

use protocol::{
    AbsPath, ErrorInfo, FileChangeKind, Hunk, HunkId, HunkState, Item, TurnId, UndoScope,
};
use tokio_util::sync::CancellationToken;

use super::{
    Book, HunkNow,
    carrying::{Fate, Wish},
    own_set,
    tracked::Standing,
};
use crate::{DocumentError, prompts};

/// What was undone or redone, and what could not be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Switched {
    /// The hunks that were.
    pub hunks: Vec<HunkId>,
    /// The documents that they are in, each once.
    pub files: Vec<AbsPath>,
    /// Those that were not, each with why.
    pub refused: Vec<HunkNow>,
}

/// The hunks that were shown or hidden as it was wished, and those that were not, and why.
#[derive(Default)]
pub(super) struct Tally {
    hunks: Vec<HunkId>,
    pub(super) refused: Vec<(HunkId, String)>,
}

/// A hunk with what it is part of.
pub(super) struct Chosen {
    kind: FileChangeKind,
    from: AbsPath,
    to: Option<AbsPath>,
    id: HunkId,
}

impl Book {
    /// Takes back, or does again, what a scope names.
    pub(crate) async fn undo(
        &mut self,
        scope: &UndoScope,
        redo: bool,
        cancel: &CancellationToken,
    ) -> Result<Switched, ErrorInfo> {
        self.load().await;
        self.sync_all().await;
        let can = |hunk: &Hunk| match hunk.state {
            HunkState::Applied | HunkState::Kept => !redo,
            // It may be there, and why it stays is said.
            HunkState::Conflicted { .. } => !redo && self.is_in_text(&hunk.id),
            HunkState::Undone => redo,
            _ => false,
        };
        let Some(scope) = self.named(scope, redo, can) else { return Ok(Switched::default()) };
        let chosen = self.chosen(|item, hunk| is_in(&scope, item, hunk) && can(hunk));
        let Tally { hunks, refused } = self.switch(chosen, redo, cancel).await?;
        let switched: HashSet<&HunkId> = hunks.iter().collect();
        let files = self.files_of(|hunk| switched.contains(&hunk.id));
        let left: HashSet<&HunkId> = refused.iter().map(|(id, _)| id).collect();
        let refused = self.standing(|hunk| left.contains(&hunk.id), &refused);
        Ok(Switched { hunks, files, refused })
    }

    /// The hunks that are wanted, each with what it is part of, in order.
    pub(super) fn chosen(&self, is_wanted: impl Fn(&Item, &Hunk) -> bool) -> Vec<Chosen> {
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
    pub(super) async fn switch(
        &mut self,
        chosen: Vec<Chosen>,
        shown: bool,
        cancel: &CancellationToken,
    ) -> Result<Tally, ErrorInfo> {
        let mut tally = Tally::default();
        let (moves, texts): (Vec<_>, Vec<_>) =
            chosen.iter().partition(|chosen| chosen.kind == FileChangeKind::Move);
        // A document is changed under the name that it had when its text was proposed.
        if shown {
            self.switch_texts(&texts, shown, cancel, &mut tally).await;
            for moved in moves {
                self.switch_move(moved, shown, cancel, &mut tally).await;
            }
        } else {
            for moved in moves.into_iter().rev() {
                self.switch_move(moved, shown, cancel, &mut tally).await;
            }
            self.switch_texts(&texts, shown, cancel, &mut tally).await;
        }
        self.account_for(&chosen, shown, &mut tally);
        let state = if shown { HunkState::Applied } else { HunkState::Undone };
        let states = tally.hunks.iter().map(|hunk| (hunk.clone(), state.clone()));
        self.set_states(&states.collect()).await?;
        self.remember(&tally.hunks, shown);
        Ok(tally)
    }

    /// What was neither switched nor refused is as it was wished, or nobody knows of it any more.
    fn account_for(&self, chosen: &[Chosen], shown: bool, tally: &mut Tally) {
        let refused = tally.refused.iter().map(|(hunk, _)| hunk);
        let told: HashSet<HunkId> = tally.hunks.iter().chain(refused).cloned().collect();
        let wished = if shown { Standing::Shown } else { Standing::Hidden };
        for Chosen { id, .. } in chosen.iter().filter(|chosen| !told.contains(&chosen.id)) {
            let mut files = self.files.iter();
            let reason = match files.find(|(_, tracked)| tracked.number(id).is_some()) {
                Some((_, tracked)) if tracked.standing(id) == Some(wished) => {
                    tally.hunks.push(id.clone());
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
            tally.refused.push((id.clone(), reason));
        }
    }

    async fn switch_texts(
        &mut self,
        chosen: &[&Chosen],
        shown: bool,
        cancel: &CancellationToken,
        tally: &mut Tally,
    ) {
        let known = self.files.iter().flat_map(|(path, it)| it.ids().map(move |id| (id, path)));
        let known: HashMap<&HunkId, &AbsPath> = known.collect();
        let mut by_path: BTreeMap<&AbsPath, Vec<&Chosen>> = BTreeMap::new();
        for chosen in chosen {
            if let Some(path) = known.get(&chosen.id) {
                by_path.entry(path).or_default().push(chosen);
            }
        }
        // What the agent created goes with its last text; what it deletes again, only as it was.
        let (goes, fate) = match shown {
            true => (FileChangeKind::Delete, Fate::GoesWhole),
            false => (FileChangeKind::Create, Fate::Goes),
        };
        let wish = |(path, here): (&AbsPath, Vec<&Chosen>)| Wish {
            path: path.clone(),
            hunks: here.iter().map(|chosen| (chosen.id.clone(), shown)).collect(),
            fate: match here.iter().any(|chosen| chosen.kind == goes) {
                true => fate.clone(),
                false => Fate::Stays,
            },
        };
        let wishes: Vec<Wish> = by_path.into_iter().map(wish).collect();
        let outcomes = self.carry_out_all(&wishes, cancel).await;
        for (wish, outcome) in wishes.into_iter().zip(outcomes) {
            match outcome {
                Ok(carried) => {
                    tally.hunks.extend(carried.switched);
                    tally.refused.extend(carried.refused);
                }
                Err(error) => {
                    let ids = wish.hunks.into_iter().map(|(id, _)| (id, error.message.clone()));
                    tally.refused.extend(ids);
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

    async fn switch_move(
        &mut self,
        chosen: &Chosen,
        shown: bool,
        cancel: &CancellationToken,
        tally: &mut Tally,
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
                tally.hunks.extend(carried.switched);
                tally.refused.extend(carried.refused);
            }
            Err(error) => tally.refused.push((chosen.id.clone(), error.message)),
        }
    }
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
