//! What happens to a weave when a document was changed by something that does not tell how: a
//! checkout, a formatter, another program.
//!
//! Two texts do not say which change led from one to the other. Hunks stay where their place is
//! the same in every [alignment](super::alignment); of the others nobody knows, and they can be
//! neither shown nor hidden. What the other program itself did or took back is noticed.
//!
//! Start with [`Weave::follow`].

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use protocol::Replacement;
use ropey::Rope;

use super::Weave;
use super::alignment::{Alignment, Change, Lines, Texts};
use super::moving::Move;
use super::turning::Plan;
use crate::{diff, locate, replacement::ChangeError};

/// Fewer lines between a hunk and another change do not tell that somebody made or took back the
/// hunk, and not something that looks like it.
const NEAR: usize = 2;

/// What somebody else did to hunks, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Hunks whose text came into the document exactly as proposed. They are shown now.
    pub made: Vec<usize>,
    /// Hunks that were taken back exactly. They are hidden now.
    pub taken_back: Vec<usize>,
    /// Hunks that are shown or hidden as before, but can no longer be turned.
    pub lost: Vec<usize>,
}

impl Weave {
    /// Takes in that the document had one text and has another now. Hunks whose place is not
    /// certain can neither be shown nor hidden from now on.
    ///
    /// # Errors
    /// `before` is not the text of the weave; it is as before.
    pub fn follow(&mut self, before: &str, after: &str) -> Result<Followed, ChangeError> {
        if before.len() != self.len() {
            return Err(ChangeError::BeyondEnd { end: self.len(), length: before.len() });
        }
        if before == after {
            return Ok(Followed::default());
        }
        let before = Before { weave: self.clone(), text: before.to_owned() };
        let mut step = Step::new(&before, after, &BTreeSet::new())?;
        let mut turned = before.closed(step.unclear.clone());
        let mut start = before.clone();
        // Those that are in place if they are turned were turned by what changed the document.
        while !turned.is_empty() {
            start = before.turned(&turned)?;
            let next = Step::new(&start, after, &turned)?;
            let sure = before.closed(&turned - &next.unclear);
            if sure == turned {
                step = next;
                break;
            }
            turned = sure;
            if turned.is_empty() {
                start = before.clone();
            }
        }
        let moves = start.moves(after, &step);
        *self = step.weave;
        for (hunk, replacements) in moves {
            if self.weave_again(hunk, &replacements).is_ok() {
                step.unclear.remove(&hunk);
            }
        }
        for &hunk in &step.unclear {
            self.hunks[hunk].touched = true;
        }
        let (taken_back, made) = turned.iter().partition(|hunk| before.weave.is_shown(**hunk));
        Ok(Followed { made, taken_back, lost: step.unclear.into_iter().collect() })
    }
}

/// A document as it was.
#[derive(Clone)]
pub(super) struct Before {
    pub(super) weave: Weave,
    pub(super) text: String,
}

/// A document after its change, and what of it is not certain.
pub(super) struct Step {
    weave: Weave,
    /// Hunks that may be anywhere.
    pub(super) unclear: BTreeSet<usize>,
}

impl Step {
    /// Hunks that were `turned` to see whether that fits have to fit exactly.
    fn new(before: &Before, after: &str, turned: &BTreeSet<usize>) -> Result<Self, ChangeError> {
        let texts = Texts::new(&before.text, after);
        let ways = texts.alignments().into_iter().map(|alignment| {
            let mut weave = before.weave.clone();
            let stretches: Vec<_> =
                alignment.found.iter().map(|change| texts.stretch(change)).collect();
            weave.edit(&diff::fine_of(&stretches, &before.text, after))?;
            Ok(Way { alignment, weave })
        });
        let ways = ways.collect::<Result<Vec<Way>, ChangeError>>()?;
        let judge = Judge { before, after, texts: &texts, ways: &ways };
        let unclear = before.open();
        let unclear =
            unclear.filter(|hunk| !judge.is_clear(*hunk, turned.contains(hunk))).collect();
        let weave = ways.into_iter().next().map_or_else(|| before.weave.clone(), |way| way.weave);
        Ok(Self { weave, unclear })
    }
}

impl Before {
    /// Hunks that can be turned.
    fn open(&self) -> impl Iterator<Item = usize> {
        let hunks = self.weave.hunks.iter().enumerate();
        hunks.filter(|(_, hunk)| !hunk.touched && !hunk.forgotten).map(|(hunk, _)| hunk)
    }

    /// A hunk and what has to be turned with it.
    pub(super) fn with_others(&self, hunk: usize) -> BTreeMap<usize, bool> {
        let hunks = &self.weave.hunks;
        let shown = !hunks[hunk].shown;
        let mut wishes = BTreeMap::from([(hunk, shown)]);
        let mut next = vec![hunk];
        while let Some(hunk) = next.pop() {
            let others: Vec<usize> = if shown {
                hunks[hunk].needs.clone()
            } else {
                (0..hunks.len()).filter(|other| hunks[*other].needs.contains(&hunk)).collect()
            };
            for other in others.into_iter().filter(|other| hunks[*other].shown != shown) {
                if !hunks[other].forgotten && wishes.insert(other, shown).is_none() {
                    next.push(other);
                }
            }
        }
        wishes
    }

    /// Those of some hunks that can be turned with no others but them.
    fn closed(&self, mut hunks: BTreeSet<usize>) -> BTreeSet<usize> {
        loop {
            let is_closed =
                |hunk: &&usize| self.with_others(**hunk).keys().all(|other| hunks.contains(other));
            let closed: BTreeSet<usize> = hunks.iter().filter(is_closed).copied().collect();
            if closed == hunks {
                return closed;
            }
            hunks = closed;
        }
    }

    /// The document as it would have been with some hunks turned.
    fn turned(&self, hunks: &BTreeSet<usize>) -> Result<Self, ChangeError> {
        let hunks = hunks.iter().map(|hunk| (*hunk, !self.weave.is_shown(*hunk))).collect();
        let replacements = self.weave.replacements(&hunks);
        let text = crate::apply(&self.text, &replacements)?;
        let mut weave = self.weave.clone();
        let plan = Plan { hunks, replacements, ..Plan::default() };
        weave.turn(&plan, &Rope::from_str(&self.text));
        Ok(Self { weave, text })
    }

    /// Where hunks that have lost their place went with the lines around them.
    fn moves(&self, after: &str, step: &Step) -> Vec<(usize, Vec<Replacement>)> {
        let texts = Texts::new(&self.text, after);
        let unclear = step.unclear.iter();
        let is_alone = |hunk: &&usize| {
            let hunks = &self.weave.hunks;
            let is_needed = hunks.iter().any(|other| other.needs.contains(*hunk));
            !hunks[**hunk].shown && hunks[**hunk].needs.is_empty() && !is_needed
        };
        let moved = unclear.filter(is_alone).filter_map(|&hunk| {
            let replacements = self.weave.replacements(&BTreeMap::from([(hunk, true)]));
            Some((hunk, Move { texts: &texts, replacements: &replacements }.replacements()?))
        });
        moved.collect()
    }
}

/// One way in which a document may have become what it is.
struct Way {
    alignment: Alignment,
    weave: Weave,
}

struct Judge<'a> {
    before: &'a Before,
    after: &'a str,
    texts: &'a Texts<'a>,
    ways: &'a [Way],
}

/// What of a text a replacement is about: lines, or the gap before a line.
pub(super) struct Spot {
    pub(super) lines: Range<usize>,
    pub(super) is_gap: bool,
}

impl Judge<'_> {
    /// Whether it is certain what turning a hunk does in the text of now. If it has to be `exact`,
    /// nothing may have changed near it either.
    fn is_clear(&self, hunk: usize, is_exact: bool) -> bool {
        let wishes = self.before.with_others(hunk);
        let replacements = self.before.weave.replacements(&wishes);
        let spots: Vec<Spot> =
            replacements.iter().map(|one| Spot::new(one, &self.texts.old)).collect();
        let is_hidden = !self.before.weave.is_shown(hunk);
        let mut merges = false;
        for way in self.ways {
            let Alignment { doubtful, weak, .. } = &way.alignment;
            for (change, weak) in doubtful.iter().zip(weak) {
                let met: Vec<&Spot> = spots.iter().filter(|spot| spot.meets(change)).collect();
                let is_weak = |spot: &Spot| spot.is_in(weak) && !spot.meets(change);
                let is_near = |spot: &Spot| is_exact && spot.is_near(change);
                if spots.iter().any(|spot| is_weak(spot) || is_near(spot)) {
                    return false;
                }
                if met.is_empty() || !is_hidden && met.iter().all(|spot| spot.has_within(change)) {
                    continue;
                }
                let in_lines = change.old.len() == change.new.len()
                    && way.alignment.found.contains(change)
                    && met.iter().all(|spot| !spot.is_gap);
                if !in_lines {
                    return false;
                }
                merges = true;
            }
        }
        if let [way] = self.ways
            && !merges
        {
            return !wishes.keys().any(|hunk| way.weave.hunks[*hunk].touched);
        }
        let mut results = self.ways.iter().map(|way| self.result(way, &wishes));
        let Some(Some(first)) = results.next() else { return false };
        let is_same = results.all(|result| result.as_ref() == Some(&first));
        is_same && (!merges || self.merged(&replacements).as_ref() == Some(&first))
    }

    /// The text that turning hunks leads to.
    fn result(&self, way: &Way, wishes: &BTreeMap<usize, bool>) -> Option<String> {
        if wishes.keys().any(|hunk| way.weave.hunks[*hunk].touched) {
            return None;
        }
        crate::apply(self.after, &way.weave.replacements(wishes)).ok()
    }

    /// The text that a change of the same lines elsewhere in them leads to.
    fn merged(&self, replacements: &[Replacement]) -> Option<String> {
        let merged = locate::carried(&self.before.text, self.after, replacements)?;
        crate::apply(self.after, &merged).ok()
    }
}

impl Spot {
    pub(super) fn new(replacement: &Replacement, text: &Lines) -> Self {
        let &Replacement { start, end, text: ref new } = replacement;
        let first = text.at(start);
        let is_whole = text.is_start(start) && text.is_start(end);
        if start == end && (is_whole && new.ends_with('\n') || first == text.len()) {
            return Self { lines: first..first, is_gap: true };
        }
        let last = text.at(end);
        let end = if start < end && text.is_start(end) { last } else { last + 1 };
        Self { lines: first..end.min(text.len()), is_gap: false }
    }

    /// Whether a change leaves it unclear where this is.
    fn meets(&self, change: &Change) -> bool {
        let (spot, old) = (&self.lines, &change.old);
        if self.is_gap {
            old.start <= spot.start && spot.start <= old.end
        } else {
            old.start < spot.end && spot.start < old.end
        }
    }

    /// Whether a change is at it or near it.
    fn is_near(&self, change: &Change) -> bool {
        let (spot, old) = (&self.lines, &change.old);
        old.start < spot.end + NEAR && spot.start < old.end + NEAR
    }

    /// Whether nothing of it is outside of some lines.
    fn is_in(&self, lines: &Range<usize>) -> bool {
        let Self { lines: spot, is_gap } = self;
        if *is_gap {
            lines.start < spot.start && spot.start < lines.end
        } else {
            lines.start <= spot.start && spot.end <= lines.end
        }
    }

    /// Whether a change adds or takes away some of the lines inside.
    fn has_within(&self, change: &Change) -> bool {
        let (spot, old) = (&self.lines, &change.old);
        change.is_one_sided() && spot.start < old.start && old.end < spot.end
    }
}
