//! One document that the agent proposed something for, as its session knows it.
//!
//! It holds the text that its weave describes, and the names of the hunks. It reads no document:
//! what the text is now, the ledger says.

use std::{collections::BTreeMap, ops::Range};

use changes::{Followed, Obstacle, Plan, Weave};
use protocol::{FileChange, HunkId, Replacement, Stamp};
use ropey::Rope;
use serde::{Deserialize, Serialize};

use crate::{apply::Place, prompts};

/// A document with what is known of who wrote what in it.
#[derive(Clone)]
pub(super) struct Tracked {
    pub(super) weave: Weave,
    /// The text that the weave describes.
    pub(super) text: Rope,
    /// Which state of the document that is; none if the file does not exist.
    pub(super) stamp: Option<Stamp>,
    /// Where hunks went that this process applied last.
    pub(super) place: Option<Place>,
    /// The hunks by their numbers in the weave.
    hunks: Vec<Known>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Known {
    id: HunkId,
    /// Whether nothing has been decided about it, nor happened to it.
    is_pending: bool,
    /// Whether it was the user who took it back, with the means of the editor.
    #[serde(default)]
    is_taken_back: bool,
    /// Whether it is in the document, and everything it wrote was written over.
    #[serde(default)]
    is_gone: bool,
}

impl Known {
    fn pending(id: HunkId) -> Self {
        Self { id, is_pending: true, is_taken_back: false, is_gone: false }
    }
}

impl Default for Tracked {
    fn default() -> Self {
        Self {
            weave: Weave::new(0),
            text: Rope::new(),
            stamp: None,
            place: None,
            hunks: Vec::new(),
        }
    }
}

impl Tracked {
    /// Goes on to a text that it may not have been told of.
    pub(super) fn advance(&mut self, text: &Rope, stamp: Option<&Stamp>) -> Vec<(HunkId, bool)> {
        match stamp {
            Some(stamp) => self.take_in(None, text, stamp),
            None => {
                let turned = self.follow(text);
                self.stamp = None;
                turned
            }
        }
    }

    /// Goes on to the text of now, by the steps that led there if they are known. Gives the hunks
    /// that somebody else put in or took back, with whether they show now.
    pub(super) fn take_in(
        &mut self,
        edits: Option<Vec<Vec<Replacement>>>,
        text: &Rope,
        stamp: &Stamp,
    ) -> Vec<(HunkId, bool)> {
        let is_same = self.stamp.as_ref().is_some_and(|known| known.hash == stamp.hash);
        let mut turned = match edits {
            _ if is_same => Vec::new(),
            Some(steps) => self.step(&steps, text).unwrap_or_else(|| self.follow(text)),
            None => self.follow(text),
        };
        turned.extend(self.written_over());
        self.text = text.clone();
        self.stamp = Some(stamp.clone());
        turned
    }

    /// Hunks of which nothing is left, each told once.
    fn written_over(&mut self) -> Vec<(HunkId, bool)> {
        let gone = self.weave.gone().into_iter();
        let new: Vec<usize> = gone
            .filter(|number| !std::mem::replace(&mut self.hunks[*number].is_gone, true))
            .collect();
        self.named(new.into_iter().map(|number| (number, false)))
    }

    /// Goes on by steps; none, and nothing has changed, if they do not lead to the text.
    fn step(&mut self, steps: &[Vec<Replacement>], text: &Rope) -> Option<Vec<(HunkId, bool)>> {
        // One undo of an editor may come as several changes.
        if steps.len() > 1
            && let Some(turned) = self.turned_by(&place_of(steps, self.text.len_bytes())?, text)
        {
            return Some(turned);
        }
        let mut stepped = self.clone();
        let mut all = Vec::new();
        for step in steps {
            let after = changes::apply_to(&stepped.text, step).ok()?;
            let place = place_of(std::slice::from_ref(step), stepped.text.len_bytes())?;
            match stepped.turned_by(&place, &after) {
                Some(turned) => all.extend(turned),
                None => stepped.weave.edit(&refined(step, &stepped.text)).ok()?,
            }
            stepped.text = after;
        }
        // Texts of one length were not compared: the steps are the mirror's own.
        let fits = stepped.weave.len() == text.len_bytes();
        fits.then(|| {
            *self = stepped;
            all
        })
    }

    /// Takes a change for what it is if it turns hunks exactly. Only what the user took back may
    /// come again: everything else that says the same is typed.
    fn turned_by(&mut self, place: &Range<usize>, text: &Rope) -> Option<Vec<(HunkId, bool)>> {
        let may_show = |number: usize| self.hunks[number].is_taken_back;
        let plan = self.weave.turned_by(place, &self.text, text, may_show)?;
        self.weave.turn(&plan, &self.text);
        for (number, shown) in &plan.hunks {
            self.hunks[*number].is_taken_back = !shown;
        }
        Some(self.named(plan.hunks))
    }

    fn follow(&mut self, text: &Rope) -> Vec<(HunkId, bool)> {
        let followed = match self.hunks.is_empty() {
            true => Ok(Followed::default()),
            false => self.weave.follow(&self.text.to_string(), &text.to_string()),
        };
        let followed = followed.unwrap_or_else(|error| {
            tracing::error!(%error, "a weave did not fit its text");
            self.hunks.clear();
            Followed::default()
        });
        if self.hunks.is_empty() {
            self.weave = Weave::new(text.len_bytes());
        }
        self.text = text.clone();
        let made = followed.made.into_iter().map(|number| (number, true));
        self.named(made.chain(followed.taken_back.into_iter().map(|number| (number, false))))
    }

    fn named(&self, hunks: impl IntoIterator<Item = (usize, bool)>) -> Vec<(HunkId, bool)> {
        let named = hunks.into_iter().filter_map(|(hunk, is)| Some((self.id(hunk)?.clone(), is)));
        named.collect()
    }

    /// Takes in the hunks of a change set, which are made for the text as it is here.
    pub(super) fn propose(&mut self, file: &mut FileChange) {
        let mut with = Vec::new();
        for hunk in &mut file.hunks {
            // What makes no sense was refused when it was prepared.
            let Ok(number) = self.weave.propose(&hunk.replacements, &with) else { continue };
            let needs = self.weave.needs_of(number).iter().filter(|needed| with.contains(needed));
            hunk.depends_on =
                needs.filter_map(|needed| Some(self.hunks.get(*needed)?.id.clone())).collect();
            self.hunks.push(Known::pending(hunk.id.clone()));
            with.push(number);
        }
    }

    /// The number of a hunk in the weave: of an edited one that of its last wording.
    pub(super) fn number(&self, hunk: &HunkId) -> Option<usize> {
        self.hunks.iter().rposition(|known| known.id == *hunk)
    }

    /// The hunks that it knows; one that was reworded comes twice.
    pub(super) fn ids(&self) -> impl Iterator<Item = &HunkId> {
        self.hunks.iter().map(|known| &known.id)
    }

    pub(super) fn id(&self, number: usize) -> Option<&HunkId> {
        self.hunks.get(number).map(|known| &known.id)
    }

    /// Whether it is in the document, and everything it wrote was written over.
    pub(super) fn is_gone(&self, number: usize) -> bool {
        self.hunks.get(number).is_some_and(|known| known.is_gone)
    }

    pub(super) fn has_pending(&self) -> bool {
        self.hunks.iter().any(|known| known.is_pending)
    }

    /// Something has been decided about a hunk, or has happened to it.
    pub(super) fn settle(&mut self, hunk: &HunkId) {
        for known in self.hunks.iter_mut().filter(|known| known.id == *hunk) {
            known.is_pending = false;
        }
    }

    /// The pending hunks that something stands in the way of, and what.
    pub(super) fn obstacles(&self) -> Vec<(HunkId, String)> {
        let pending = self.hunks.iter().filter(|known| known.is_pending);
        pending.filter_map(|known| Some((known.id.clone(), self.obstacle(&known.id)?))).collect()
    }

    /// A hunk is nothing that could come into the document any more.
    pub(super) fn forget(&mut self, hunk: &HunkId) {
        if let Some(forgotten) = self.number(hunk) {
            self.weave.forget(|number| number == forgotten);
        }
    }

    /// Hunks that are shown may still come, from an editor that takes its time.
    pub(super) fn may_come(&mut self, hunks: &[(HunkId, bool)]) {
        for (hunk, _) in hunks.iter().filter(|(_, shown)| *shown) {
            if let Some(number) = self.number(hunk) {
                self.hunks[number].is_taken_back = true;
            }
        }
    }

    /// What stands in the way of a pending hunk, if everything it builds on were applied.
    fn obstacle(&self, hunk: &HunkId) -> Option<String> {
        let number = self.number(hunk)?;
        let mut wishes = BTreeMap::from([(number, true)]);
        let mut needed = self.weave.needs_of(number).to_vec();
        while let Some(next) = needed.pop() {
            if wishes.insert(next, true).is_none() {
                needed.extend(self.weave.needs_of(next));
            }
        }
        let plan = self.weave.plan(&wishes, |_| true);
        plan.refused.get(&number).map(|obstacle| Self::words(*obstacle))
    }

    /// Why a hunk cannot be shown or hidden, in words for people and for the model.
    pub(super) fn words(obstacle: Obstacle) -> String {
        prompts::obstacle(match obstacle {
            Obstacle::Touched => "touched",
            Obstacle::Surroundings => "surroundings",
            Obstacle::Gone => "gone",
            Obstacle::Needs(_) => "needs",
            Obstacle::NeededBy(_) => "neededBy",
        })
    }

    /// Puts the user's wording in place of a hunk's.
    pub(super) fn reword(&mut self, hunk: &HunkId, replacements: &[Replacement]) {
        let Some(old) = self.number(hunk) else { return };
        if self.weave.propose(replacements, &[]).is_ok() {
            self.weave.forget(|number| number == old);
            self.hunks.push(Known::pending(hunk.clone()));
        }
    }

    /// Takes in that a plan was carried out, and what the document says after it. Gives what
    /// somebody else turned meanwhile.
    pub(super) fn turned(
        &mut self,
        plan: &Plan,
        goal: Rope,
        now: &Rope,
        stamp: Option<Stamp>,
    ) -> Vec<(HunkId, bool)> {
        self.weave.turn(plan, &self.text);
        for number in plan.hunks.keys() {
            self.hunks[*number].is_taken_back = false;
        }
        self.text = goal;
        // Somebody may have typed while it was applied.
        let turned = if self.text == *now { Vec::new() } else { self.follow(now) };
        self.stamp = stamp;
        turned
    }

    /// What is kept of it.
    pub(super) fn kept(&self) -> Vec<u8> {
        let kept = Kept {
            weave: self.weave.clone(),
            hunks: self.hunks.clone(),
            text: self.stamp.as_ref().map(|stamp| stamp.hash.clone()),
        };
        serde_json::to_vec(&kept).unwrap_or_default()
    }
}

/// A step as what it really changes: not all that an editor sends again was written again.
fn refined(step: &[Replacement], text: &Rope) -> Vec<Replacement> {
    let parts = step.iter().flat_map(|one| {
        let old = text.get_byte_slice(one.start..one.end).map(String::from).unwrap_or_default();
        match old.is_empty() || one.text.is_empty() {
            true => vec![one.clone()],
            false => changes::refined(&old, &one.text, one.start),
        }
    });
    parts.collect()
}

/// The stretch of a text of so many bytes that steps change; none if there are no steps.
fn place_of(steps: &[Vec<Replacement>], bytes: usize) -> Option<Range<usize>> {
    let (mut start, mut behind, mut length) = (usize::MAX, usize::MAX, bytes);
    for step in steps {
        let (first, last) = (step.first()?, step.last()?);
        start = start.min(first.start);
        behind = behind.min(length.checked_sub(last.end)?);
        let taken: usize = step.iter().map(|one| one.end - one.start).sum();
        let put: usize = step.iter().map(|one| one.text.len()).sum();
        length = length.checked_sub(taken)? + put;
    }
    (!steps.is_empty()).then(|| start.min(bytes)..bytes.saturating_sub(behind).max(start))
}

/// What is kept of a document between two processes; its text is a blob.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    weave: Weave,
    hunks: Vec<Known>,
    /// The hash of the text; none if the file did not exist.
    pub(super) text: Option<String>,
}

impl Kept {
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The document as it was kept; none if that is not its text.
    pub(super) fn tracked(self, text: &str) -> Option<Tracked> {
        let text = Rope::from_str(text);
        let Self { weave, hunks, text: hash } = self;
        // Revisions are counted anew in each process.
        let stamp = hash.map(|hash| Stamp { revision: 0, hash });
        (weave.len() == text.len_bytes()).then_some(Tracked {
            weave,
            text,
            stamp,
            place: None,
            hunks,
        })
    }
}
