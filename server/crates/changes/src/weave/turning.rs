//! Showing and hiding hunks: what can be done, what it does to the document, and having it done.
//!
//! A plan is made without touching anything, so that it can be shown, and sent to an editor that
//! may refuse. [`Weave::turn`] is told afterwards.

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
    /// The hunks that can be turned, with whether they are shown then.
    pub hunks: BTreeMap<usize, bool>,
    /// Those that cannot, and why.
    pub refused: BTreeMap<usize, Obstacle>,
    /// What that does to the document.
    pub replacements: Vec<Replacement>,
}

impl Weave {
    /// What it would take to have each of these hunks shown or hidden. One that already is as
    /// wished is no part of the plan. `holds` says whether a hunk that is not among them keeps the
    /// text it builds on: an edit of somebody else's session does not, as little as typing does.
    pub fn plan(&self, wishes: &BTreeMap<usize, bool>, holds: impl Fn(usize) -> bool) -> Plan {
        let is_new = |hunk: usize, shown: bool| {
            self.hunks.get(hunk).is_some_and(|known| known.shown != shown && !known.forgotten)
        };
        let mut hunks = wishes.clone();
        hunks.retain(|&hunk, &mut shown| is_new(hunk, shown));
        let mut refused = BTreeMap::new();
        // One that falls out may take others with it.
        loop {
            let obstacle = hunks.iter().find_map(|(&hunk, &shown)| {
                let obstacle = self.obstacle(hunk, shown, &hunks, &holds)?;
                Some((hunk, obstacle))
            });
            let Some((hunk, obstacle)) = obstacle else { break };
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
    pub fn turn(&mut self, plan: &Plan, before: &Rope) {
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
        }
        for one in plan.replacements.iter().rev() {
            self.move_memories(one);
        }
    }

    fn obstacle(
        &self,
        hunk: usize,
        shown: bool,
        turned: &BTreeMap<usize, bool>,
        holds: &impl Fn(usize) -> bool,
    ) -> Option<Obstacle> {
        let is_shown = |hunk: usize| is_shown(turned, hunk, self.hunks[hunk].shown);
        let known = &self.hunks[hunk];
        if shown {
            if known.touched {
                return Some(Obstacle::Touched);
            }
            if let Some(&missing) = known.needs.iter().find(|needed| !is_shown(**needed)) {
                return Some(Obstacle::Needs(missing));
            }
        } else {
            let mut others = 0..self.hunks.len();
            let builds = |other: &usize| {
                let known = &self.hunks[*other];
                known.needs.contains(&hunk) && !known.forgotten && is_shown(*other) && holds(*other)
            };
            if let Some(other) = others.find(builds) {
                return Some(Obstacle::NeededBy(other));
            }
            let wrote = |fragment: &super::Fragment| fragment.inserted == Some(hunk);
            if known.writes && !self.fragments.iter().any(wrote) {
                return Some(Obstacle::Gone);
            }
            if known.touched {
                return Some(Obstacle::Touched);
            }
        }
        let comes = self.fragments.iter().filter(|fragment| {
            (fragment.inserted == Some(hunk) || fragment.deleted.contains(&hunk))
                && self.visible(fragment) == 0
                && fragment.is_visible(is_shown)
        });
        comes.into_iter().any(super::Fragment::is_lost).then_some(Obstacle::Surroundings)
    }

    /// What turning these hunks does to the document, whatever stands in the way.
    pub fn replacements(&self, turned: &BTreeMap<usize, bool>) -> Vec<Replacement> {
        let mut replacements: Vec<Replacement> = Vec::new();
        let mut start = 0;
        for fragment in &self.fragments {
            let end = start + self.visible(fragment);
            let is = fragment.is_visible(|hunk| is_shown(turned, hunk, self.hunks[hunk].shown));
            if (start < end) != is {
                let one = fragment.turned(start, is);
                match replacements.last_mut() {
                    Some(last) if last.end == one.start => {
                        last.end = one.end;
                        last.text.push_str(&one.text);
                    }
                    _ => replacements.push(one),
                }
            }
            start = end;
        }
        replacements
    }
}

fn is_shown(turned: &BTreeMap<usize, bool>, hunk: usize, now: bool) -> bool {
    turned.get(&hunk).copied().unwrap_or(now)
}
