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
use super::alignment::{Change, Texts};
use super::behind::Behind;
use super::certain::{Judge, Way};
use super::moving::Moving;
use super::switching::Plan;
use crate::diff::{self, Stretch};
use crate::replacement::ChangeError;
/// So often it is tried which hunks were switched by somebody else. Each time the whole texts are
/// compared, and what is not found out by then is a mixture that nobody can tell apart.
const MOST_ROUNDS: usize = 5;

/// What somebody else did to hunks, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Followed {
    /// Hunks whose text came into the document exactly as proposed. They are shown now.
    pub made: Vec<usize>,
    /// Hunks that were taken back exactly. They are hidden now.
    pub taken_back: Vec<usize>,
    /// Hunks that are shown or hidden as before, but can no longer be switched.
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
        let mut lines = self.clone();
        let followed = lines.follow_lines(before, after)?;
        if followed.lost.is_empty() {
            *self = lines;
            return Ok(followed);
        }
        match self.behind(before, after, &followed)? {
            Some((weave, less)) => {
                *self = weave;
                Ok(less)
            }
            None => {
                *self = lines;
                Ok(followed)
            }
        }
    }

    /// The same with what was typed behind lines taken for typed, if that loses fewer hunks and
    /// nothing else is otherwise.
    fn behind(
        &self,
        before: &str,
        after: &str,
        followed: &Followed,
    ) -> Result<Option<(Self, Followed)>, ChangeError> {
        let Behind { without, typed } = Behind::new(before, after, &self.switched_lines(before)?);
        if typed.is_empty() {
            return Ok(None);
        }
        let mut weave = self.clone();
        let mut less = weave.follow_lines(before, &without)?;
        let touched = |weave: &Self| -> BTreeSet<usize> {
            (0..weave.hunks.len()).filter(|hunk| weave.is_touched(*hunk)).collect()
        };
        let was_touched = touched(&weave);
        weave.typed(&typed, &Rope::from_str(&without), &Rope::from_str(after))?;
        less.lost.extend(&touched(&weave) - &was_touched);
        let is_less = less.lost.len() < followed.lost.len()
            && less.lost.iter().all(|hunk| followed.lost.contains(hunk))
            && (&less.made, &less.taken_back) == (&followed.made, &followed.taken_back);
        Ok(is_less.then_some((weave, less)))
    }

    /// The text as hunks would make it that are shown or hidden.
    fn switched_lines(&self, text: &str) -> Result<String, ChangeError> {
        let hunks = |shown: bool| {
            let hunks = (0..self.hunks.len()).filter(|hunk| self.is_shown(*hunk) != shown);
            self.replacements(&hunks.map(|hunk| (hunk, shown)).collect())
        };
        Ok(crate::apply(text, &hunks(true))? + "\n" + &crate::apply(text, &hunks(false))?)
    }

    /// The same where nothing was typed behind lines.
    fn follow_lines(&mut self, before: &str, after: &str) -> Result<Followed, ChangeError> {
        if before == after {
            return Ok(Followed::default());
        }
        let mut weave = self.clone();
        weave.give_up(|_| true);
        let before = Before::new(weave, before.to_owned());
        let Switched { start, hunks: switched, mut step } = Switched::new(&before, after)?;
        let moves = Moving { before: &start, after, found: &step.found }.moves(&step.unclear);
        *self = step.weave;
        for (hunk, replacements) in moves {
            if self.weave_again(hunk, &replacements).is_some() {
                step.unclear.remove(&hunk);
            }
        }
        for &hunk in &step.unclear {
            self.hunks[hunk].touched = true;
        }
        let (taken_back, made) = switched.iter().partition(|hunk| before.weave.is_shown(**hunk));
        Ok(Followed { made, taken_back, lost: step.unclear.into_iter().collect() })
    }

    /// Where in the document there is a piece that is not only the user's, hidden ones included.
    fn busy(&self) -> Vec<Range<usize>> {
        let mut start = 0;
        let places = self.fragments.iter().map(|fragment| {
            let place = start..start + self.visible(fragment);
            start = place.end;
            (fragment, place)
        });
        let places = places.filter(|(fragment, _)| !fragment.is_plain());
        places.map(|(_, place)| place).collect()
    }
}

/// A document as it would have been with some hunks switched by what changed it, and what it took
/// from there to the text of now.
struct Switched {
    start: Before,
    hunks: BTreeSet<usize>,
    step: Step,
}

impl Switched {
    /// Those hunks were switched that are in place exactly if they are.
    fn new(before: &Before, after: &str) -> Result<Self, ChangeError> {
        let step = Step::new(before, after, &BTreeSet::new())?;
        let unclear = step.unclear.clone();
        let all = before.closed(unclear.clone());
        let as_it_was = Self { start: before.clone(), hunks: BTreeSet::new(), step };
        let found = Self::sure(before, after, all.clone())?.unwrap_or(as_it_was);
        // Not at once with those that were taken back, since these cannot be shown without: what
        // is hidden, and builds on them.
        let taken_back = unclear.into_iter().filter(|hunk| before.weave.is_shown(*hunk));
        let more = before.closed(taken_back.chain(found.hunks.iter().copied()).collect());
        if more.is_subset(&all) {
            return Ok(found);
        }
        let more = Self::sure(before, after, more)?;
        Ok(more.filter(|more| more.hunks.is_superset(&found.hunks)).unwrap_or(found))
    }

    /// Those of some hunks that were switched, if any were.
    fn sure(
        before: &Before,
        after: &str,
        mut hunks: BTreeSet<usize>,
    ) -> Result<Option<Self>, ChangeError> {
        for _ in 0..MOST_ROUNDS {
            if hunks.is_empty() {
                break;
            }
            let start = before.switched(&hunks)?;
            let step = Step::new(&start, after, &hunks)?;
            let sure = before.closed(&hunks - &step.unclear);
            if sure == hunks {
                return Ok(Some(Self { start, hunks, step }));
            }
            hunks = sure;
        }
        Ok(None)
    }
}

/// A document as it was.
#[derive(Clone)]
pub(super) struct Before {
    pub(super) weave: Weave,
    pub(super) text: String,
    /// For each hunk those that have to be hidden if it is: they build on it, or take away the
    /// same. Nothing has to be done with one of which nothing is left.
    hidden_with: Vec<Vec<usize>>,
}

/// A document after its change, and what of it is not certain.
struct Step {
    weave: Weave,
    /// Hunks that may be anywhere.
    unclear: BTreeSet<usize>,
    /// The ways in which the document may have become what it is, with what goes together whole.
    found: Vec<Vec<Change>>,
}

impl Step {
    /// Hunks that were `switched` to see whether that fits have to fit exactly.
    fn new(before: &Before, after: &str, switched: &BTreeSet<usize>) -> Result<Self, ChangeError> {
        let texts = Texts::new(&before.text, after);
        let busy = before.weave.busy();
        let ways = texts.alignments().into_iter().map(|alignment| {
            let mut weave = before.weave.clone();
            weave.edit(&before.replacements(&texts, &alignment.found, after, &busy))?;
            Ok(Way { alignment, weave })
        });
        let ways = ways.collect::<Result<Vec<Way>, ChangeError>>()?;
        let judge = Judge::new(before, after, &texts, &ways);
        let unclear = before.open();
        let unclear =
            unclear.filter(|hunk| !judge.is_clear(*hunk, switched.contains(hunk))).collect();
        let weave = ways.first().map_or_else(|| before.weave.clone(), |way| way.weave.clone());
        let whole = ways.into_iter().filter(|way| way.alignment.is_whole);
        let found = whole.map(|way| way.alignment.found).collect();
        Ok(Self { weave, unclear, found })
    }
}

impl Before {
    fn new(weave: Weave, text: String) -> Self {
        let mut hidden_with = vec![Vec::new(); weave.hunks.len()];
        let gone = weave.gone();
        for (hunk, known) in weave.hunks.iter().enumerate().rev() {
            let is_left = !gone.contains(&hunk);
            let builders = if is_left { vec![hunk] } else { hidden_with[hunk].clone() };
            known.needs.iter().for_each(|needed| hidden_with[*needed].extend(&builders));
        }
        for fragment in &weave.fragments {
            let mut taking = fragment.deleted.iter().filter(|hunk| weave.is_shown(**hunk));
            let Some(mut last) = taking.next() else { continue };
            for hunk in taking {
                hidden_with[*last].push(*hunk);
                hidden_with[*hunk].push(*last);
                last = hunk;
            }
        }
        Self { weave, text, hidden_with }
    }

    /// Hunks that can be switched.
    fn open(&self) -> impl Iterator<Item = usize> {
        let hunks = self.weave.hunks.iter().enumerate();
        hunks.filter(|(_, hunk)| !hunk.touched && !hunk.forgotten).map(|(hunk, _)| hunk)
    }

    /// A hunk and what has to be switched with it, so that its text comes or goes: also those that
    /// take away the same.
    pub(super) fn with_others(&self, hunk: usize) -> BTreeMap<usize, bool> {
        let hunks = &self.weave.hunks;
        let shown = !hunks[hunk].shown;
        let mut wishes = BTreeMap::from([(hunk, shown)]);
        let mut next = vec![hunk];
        while let Some(hunk) = next.pop() {
            let others = if shown { &hunks[hunk].needs } else { &self.hidden_with[hunk] };
            for &other in others.iter().filter(|other| hunks[**other].shown != shown) {
                if !hunks[other].forgotten && wishes.insert(other, shown).is_none() {
                    next.push(other);
                }
            }
        }
        wishes
    }

    /// Those of some hunks that can be switched with no others but them. What nobody can switch,
    /// others have not: one whose text is gone was not taken back, since nothing was there to take.
    fn closed(&self, mut hunks: BTreeSet<usize>) -> BTreeSet<usize> {
        loop {
            let wishes = hunks.iter().map(|hunk| (*hunk, !self.weave.is_shown(*hunk))).collect();
            let can = self.weave.plan(&wishes).hunks;
            let is_closed = |hunk: &&usize| {
                self.with_others(**hunk).keys().all(|other| can.contains_key(other))
            };
            let closed: BTreeSet<usize> = can.keys().filter(is_closed).copied().collect();
            if closed == hunks {
                return closed;
            }
            hunks = closed;
        }
    }

    /// The document as it would have been with some hunks switched.
    fn switched(&self, hunks: &BTreeSet<usize>) -> Result<Self, ChangeError> {
        let hunks = hunks.iter().map(|hunk| (*hunk, !self.weave.is_shown(*hunk))).collect();
        let replacements = self.weave.replacements(&hunks);
        let text = crate::apply(&self.text, &replacements)?;
        let mut weave = self.weave.clone();
        let plan = Plan { hunks, ..Plan::default() };
        weave.switch(&plan, &Rope::from_str(&self.text));
        Ok(Self::new(weave, text))
    }

    /// Runs of lines that became others, as replacements. Where no hunk is near, what lies between
    /// two of them does not matter; elsewhere characters are compared.
    fn replacements(
        &self,
        texts: &Texts,
        found: &[Change],
        after: &str,
        busy: &[Range<usize>],
    ) -> Vec<Replacement> {
        let is_busy = |bytes: Range<usize>| {
            let behind = busy.partition_point(|place| place.end < bytes.start);
            busy.get(behind).is_some_and(|place| place.start <= bytes.end)
        };
        let mut runs: Vec<(Stretch, bool)> = Vec::new();
        for Stretch { old, new } in found.iter().map(|change| texts.stretch(change)) {
            match runs.last_mut() {
                Some((last, false)) if !is_busy(last.old.start..old.end) => {
                    (last.old.end, last.new.end) = (old.end, new.end);
                }
                _ => {
                    let is_busy = is_busy(old.clone());
                    runs.push((Stretch { old, new }, is_busy));
                }
            }
        }
        let replacements = runs.into_iter().flat_map(|(run, is_busy)| match is_busy {
            true => diff::fine_of(&[run], &self.text, after),
            false => {
                let text = after[run.new].to_owned();
                vec![Replacement { start: run.old.start, end: run.old.end, text }]
            }
        });
        replacements.collect()
    }
}
