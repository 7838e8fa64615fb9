//! Which hunks are meant by the last ones, when something is taken back or done again.

use std::collections::HashSet;

use protocol::{Hunk, HunkId, Item, UndoPart, UndoScope};

use super::{Book, own_hunks};
use crate::checkpoints;

impl Book {
    /// Notes what was taken back at once, or with `shown` done again. Not beyond the end of the
    /// process: then only the order of the hunks is known.
    pub(super) fn remember(&mut self, hunks: &[HunkId], shown: bool) {
        if shown {
            let shown: HashSet<&HunkId> = hunks.iter().collect();
            self.taken_back.iter_mut().for_each(|all| all.retain(|hunk| !shown.contains(hunk)));
            self.taken_back.retain(|all| !all.is_empty());
        } else if !hunks.is_empty() {
            self.taken_back.push(hunks.to_vec());
        }
    }

    /// A scope that says what it means, if there is something that it can mean.
    pub(super) fn named(
        &self,
        scope: &UndoScope,
        redo: bool,
        can: impl Fn(&Hunk) -> bool,
    ) -> Option<UndoScope> {
        let UndoScope::Last { of } = scope else { return Some(scope.clone()) };
        self.session.look(|state| {
            // A restore is undone by a restore.
            let away =
                if redo { checkpoints::taken_away(state, state.items.len()) } else { Vec::new() };
            let items = state.items.iter().enumerate();
            let items = items.filter(|(at, _)| !away.iter().any(|away| away.contains(at)));
            let items: Vec<&Item> = items.map(|(_, item)| item).collect();
            let hunks = |item| own_hunks(item).filter(|hunk| can(hunk));
            let found = |all: &&Vec<HunkId>| {
                let mut hunks = items.iter().copied().flat_map(hunks);
                hunks.any(|hunk| all.contains(&hunk.id))
            };
            let at_once = self.taken_back.iter().rev().filter(|_| redo && of.is_none()).find(found);
            if let Some(all) = at_once {
                return Some(UndoScope::Hunks { hunk_ids: all.clone() });
            }
            let last = |item| Some((item, hunks(item).last()?));
            let (item, hunk) = items.iter().rev().copied().find_map(last)?;
            let part = of.unwrap_or(if redo { UndoPart::Hunk } else { UndoPart::Turn });
            Some(match part {
                UndoPart::Hunk => UndoScope::Hunk { hunk_id: hunk.id.clone() },
                UndoPart::Call => UndoScope::Call { item_id: hunk.item_id.clone() },
                UndoPart::Turn => UndoScope::Turn { turn_id: item.turn_id.clone() },
            })
        })
    }
}
