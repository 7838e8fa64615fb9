//! Showing and hiding hunks: what can be done, what it does to the document, and having it done.
//!
//! A plan is made without touching anything, so that it can be shown, and sent to an editor that
//! may refuse. [`Weave::switch`] is told afterwards.

use std::collections::BTreeMap;

use protocol::Replacement;
use ropey::Rope;

use super::Weave;

/// Why a hunk cannot be shown or hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Obstacle {
    /// Somebody changed the text that it would take away, or changed the document so that it is
    /// not certain where its place is.
    Touched,
    /// The text around the place where it would put something in is gone.
    Surroundings,
    /// Nothing is left of what it wrote.
    Gone,
    /// It changes the text of this hunk, which is not shown.
    Needs(usize),
    /// This hunk, which stays, changes its text.
    NeededBy(usize),
}

/// What showing and hiding hunks comes to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The hunks that can be switched, with whether they are shown then.
    pub hunks: BTreeMap<usize, bool>,
    /// Those that cannot, and why.
    pub refused: BTreeMap<usize, Obstacle>,
    /// What that does to the document.
    pub replacements: Vec<Replacement>,
}

impl Weave {
    /// What it would take to have each of these hunks shown or hidden. One that already is as
    /// wished is no part of the plan.
    pub fn plan(&self, wishes: &BTreeMap<usize, bool>) -> Plan {
        let is_new = |hunk: usize, shown: bool| {
            self.hunks.get(hunk).is_some_and(|known| known.shown != shown && !known.forgotten)
        };
        let mut hunks = wishes.clone();
        hunks.retain(|&hunk, &mut shown| is_new(hunk, shown));
        let mut refused = BTreeMap::new();
        // One that falls out may take others with it.
        loop {
            let look = Look::new(self, &hunks);
            let mut obstacles =
                hunks.iter().map(|(&hunk, &shown)| Some((hunk, look.obstacle(hunk, shown)?)));
            let Some((hunk, obstacle)) = obstacles.find_map(|it| it) else { break };
            hunks.remove(&hunk);
            refused.insert(hunk, obstacle);
        }
        let replacements = self.replacements(&hunks);
        Plan { hunks, refused, replacements }
    }

    /// What showing every hunk would do to the document, whatever stands in the way.
    pub(crate) fn all(&self) -> Vec<Replacement> {
        self.replacements(&(0..self.hunks.len()).map(|hunk| (hunk, true)).collect())
    }

    /// Takes in that a plan was carried out. `before` is the document as it was.
    pub fn switch(&mut self, plan: &Plan, before: &Rope) {
        let mut start = 0;
        let hunks = &mut self.hunks;
        for fragment in &mut self.fragments {
            let was = fragment.is_visible(|hunk| hunks[hunk].shown);
            let is = fragment.is_visible(|hunk| is_shown(&plan.hunks, hunk, hunks[hunk].shown));
            let end = start + if was { fragment.bytes } else { 0 };
            match (was, is) {
                (true, false) => {
                    let text = before.get_byte_slice(start..end).map(String::from);
                    fragment.hide(text.unwrap_or_default());
                }
                (false, true) => fragment.show(),
                _ => {}
            }
            start = end;
        }
        for (&hunk, &shown) in &plan.hunks {
            hunks[hunk].shown = shown;
            hunks[hunk].touched = false;
            self.memories.iter_mut().for_each(|memory| memory.frees(hunk));
        }
        // What is gone does not come back without what it was built on.
        let mut alone = self.gone();
        alone.retain(|hunk| self.hunks[*hunk].needs.iter().any(|needed| !self.is_shown(*needed)));
        self.give_up(|memory| {
            memory.mentions(|piece| piece.inserted.is_some_and(|hunk| alone.contains(&hunk)))
        });
        for one in plan.replacements.iter().rev() {
            self.move_memories(one);
        }
    }

    /// What switching these hunks does to the document, whatever stands in the way.
    pub fn replacements(&self, switched: &BTreeMap<usize, bool>) -> Vec<Replacement> {
        self.reading().replacements(switched)
    }

    /// What stands in the way of showing each of the hidden hunks together with all that it builds
    /// on, at one look.
    pub fn obstacles(&self) -> BTreeMap<usize, Obstacle> {
        let mut is_touched: Vec<bool> = self.hunks.iter().map(|hunk| hunk.touched).collect();
        self.touched_by_typing().for_each(|hunk| is_touched[hunk] = true);
        // What of a hunk, or of what it builds on, may come where nothing is left around it.
        let mut may_be_lost = vec![false; self.hunks.len()];
        for fragment in self.fragments.iter().filter(|fragment| fragment.is_lost()) {
            fragment.inserted.into_iter().for_each(|hunk| may_be_lost[hunk] = true);
        }
        let mut obstacles = BTreeMap::new();
        for (hunk, known) in self.hunks.iter().enumerate() {
            if known.shown || known.forgotten {
                continue;
            }
            let hidden = || known.needs.iter().copied().filter(|needed| !self.hunks[*needed].shown);
            may_be_lost[hunk] |= hidden().any(|needed| may_be_lost[needed]);
            let is_missing =
                |needed: &usize| self.hunks[*needed].forgotten || obstacles.contains_key(needed);
            let obstacle = match is_touched[hunk] {
                true => Some(Obstacle::Touched),
                false if may_be_lost[hunk] => self.obstacle(hunk),
                false => hidden().find(is_missing).map(Obstacle::Needs),
            };
            obstacles.extend(obstacle.map(|obstacle| (hunk, obstacle)));
        }
        obstacles
    }

    /// What stands in the way of showing a hunk together with all that it builds on.
    fn obstacle(&self, hunk: usize) -> Option<Obstacle> {
        let mut wishes = BTreeMap::from([(hunk, true)]);
        let mut next = vec![hunk];
        while let Some(hunk) = next.pop() {
            let needed = self.hunks[hunk].needs.iter();
            next.extend(needed.filter(|needed| wishes.insert(**needed, true).is_none()));
        }
        self.plan(&wishes).refused.get(&hunk).copied()
    }
}

/// A document as it would be with some hunks shown or hidden, all looked at at once.
struct Look<'a> {
    weave: &'a Weave,
    switched: &'a BTreeMap<usize, bool>,
    /// For each hunk the first one that is shown then, changes its text, and is not gone itself.
    built_on: Vec<Option<usize>>,
    /// Whether the document has a piece that the hunk wrote.
    wrote: Vec<bool>,
    /// Whether nothing is left around a piece that would come back.
    is_lost: Vec<bool>,
}

impl<'a> Look<'a> {
    fn new(weave: &'a Weave, switched: &'a BTreeMap<usize, bool>) -> Self {
        let count = weave.hunks.len();
        let (wrote, is_lost) = (vec![false; count], vec![false; count]);
        let mut look = Self { weave, switched, built_on: vec![None; count], wrote, is_lost };
        for fragment in &weave.fragments {
            if let Some(hunk) = fragment.inserted {
                look.wrote[hunk] = true;
            }
            let comes = fragment.is_lost()
                && weave.visible(fragment) == 0
                && fragment.is_visible(|hunk| look.is_shown(hunk));
            if comes {
                let hunks = fragment.inserted.iter().chain(&fragment.deleted);
                hunks.for_each(|hunk| look.is_lost[*hunk] = true);
            }
        }
        look.finds_builders();
        look
    }

    /// Nothing is left of what a hunk wrote that builds on another: then only those build on that
    /// one that build on both.
    fn finds_builders(&mut self) {
        for (hunk, known) in self.weave.hunks.iter().enumerate().rev() {
            if known.forgotten || !self.is_shown(hunk) {
                continue;
            }
            let is_left = !known.writes || self.wrote[hunk];
            let Some(builder) = is_left.then_some(hunk).or(self.built_on[hunk]) else { continue };
            for &needed in &known.needs {
                let first = self.built_on[needed].get_or_insert(builder);
                *first = builder.min(*first);
            }
        }
    }

    fn is_shown(&self, hunk: usize) -> bool {
        is_shown(self.switched, hunk, self.weave.hunks[hunk].shown)
    }

    fn obstacle(&self, hunk: usize, shown: bool) -> Option<Obstacle> {
        let known = &self.weave.hunks[hunk];
        let is_touched = self.weave.is_touched(hunk);
        let missing = || {
            let missing = known.needs.iter().find(|needed| !self.is_shown(**needed));
            missing.copied().map(Obstacle::Needs)
        };
        let gone = known.writes && !self.wrote[hunk];
        let first = match shown {
            true => is_touched.then_some(Obstacle::Touched).or_else(missing),
            false => {
                let needed = self.built_on[hunk].map(Obstacle::NeededBy);
                let needed = needed.or(gone.then_some(Obstacle::Gone));
                needed.or(is_touched.then_some(Obstacle::Touched))
            }
        };
        first.or(self.is_lost[hunk].then_some(Obstacle::Surroundings))
    }
}

fn is_shown(switched: &BTreeMap<usize, bool>, hunk: usize, now: bool) -> bool {
    switched.get(&hunk).copied().unwrap_or(now)
}
