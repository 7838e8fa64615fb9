//! One document that the agent proposed something for, as its session knows it.
//!
//! It holds the text that its weave describes, and the names of the hunks. It reads no document:
//! what the text is now, the ledger says.

use std::collections::BTreeMap;

use changes::{Obstacle, Plan, Weave};
use protocol::{FileChange, HunkId, Replacement, Stamp};
use ropey::Rope;
use serde::{Deserialize, Serialize};

use crate::prompts;

/// A document with what is known of who wrote what in it.
#[derive(Clone)]
pub(super) struct Tracked {
    pub(super) weave: Weave,
    /// The text that the weave describes.
    pub(super) text: Rope,
    /// Which state of the document that is; none if the file does not exist.
    pub(super) stamp: Option<Stamp>,
    /// The hunks by their numbers in the weave.
    hunks: Vec<Known>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Known {
    id: HunkId,
    /// Whether nothing has been decided about it, nor happened to it.
    is_pending: bool,
}

impl Default for Tracked {
    fn default() -> Self {
        Self { weave: Weave::new(0), text: Rope::new(), stamp: None, hunks: Vec::new() }
    }
}

impl Tracked {
    /// Goes on to a text that it may not have been told of.
    pub(super) fn advance(&mut self, text: &Rope, stamp: Option<&Stamp>) {
        match stamp {
            Some(stamp) => self.take_in(None, text, stamp),
            None => {
                self.follow(text);
                self.stamp = None;
            }
        }
    }

    /// Goes on to the text of now, by the steps that led there if they are known.
    pub(super) fn take_in(
        &mut self,
        edits: Option<Vec<Vec<Replacement>>>,
        text: &Rope,
        stamp: &Stamp,
    ) {
        let is_same = self.stamp.as_ref().is_some_and(|known| known.hash == stamp.hash);
        if !is_same {
            let mut weave = self.weave.clone();
            let stepped = edits.is_some_and(|steps| {
                steps.iter().all(|step| weave.edit(step).is_ok()) && weave.len() == text.len_bytes()
            });
            if stepped {
                self.weave = weave;
            } else {
                self.follow(text);
            }
        }
        self.text = text.clone();
        self.stamp = Some(stamp.clone());
    }

    fn follow(&mut self, text: &Rope) {
        if self.hunks.is_empty() {
            self.weave = Weave::new(text.len_bytes());
        } else if let Err(error) = self.weave.follow(&self.text.to_string(), &text.to_string()) {
            tracing::error!(%error, "a weave did not fit its text");
            self.weave = Weave::new(text.len_bytes());
            self.hunks.clear();
        }
        self.text = text.clone();
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
            self.hunks.push(Known { id: hunk.id.clone(), is_pending: true });
            with.push(number);
        }
    }

    /// The number of a hunk in the weave: of an edited one that of its last wording.
    pub(super) fn number(&self, hunk: &HunkId) -> Option<usize> {
        self.hunks.iter().rposition(|known| known.id == *hunk)
    }

    pub(super) fn id(&self, number: usize) -> Option<&HunkId> {
        self.hunks.get(number).map(|known| &known.id)
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

    /// What stands in the way of a pending hunk, if everything it builds on were applied.
    pub(super) fn obstacle(&self, hunk: &HunkId) -> Option<String> {
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
            self.hunks.push(Known { id: hunk.clone(), is_pending: true });
        }
    }

    /// Takes in that a plan was carried out, and what the document says after it.
    pub(super) fn turned(&mut self, plan: &Plan, goal: Rope, now: &Rope, stamp: Option<Stamp>) {
        self.weave.turn(plan, &self.text);
        self.text = goal;
        if self.text != *now {
            // Somebody typed while it was applied.
            self.follow(now);
        }
        self.stamp = stamp;
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
        (weave.len() == text.len_bytes()).then_some(Tracked { weave, text, stamp, hunks })
    }
}
