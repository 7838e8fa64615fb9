//! Whether it is certain what switching a hunk does in a document that others changed.
//!
//! It is, if every way in which the document may have come about says the same, and none of them
//! says that the lines of the hunk became others. It only judges; it changes no weave.
//!
//! Start with [`Judge::is_clear`].

use std::collections::BTreeMap;
use std::ops::Range;

use protocol::Replacement;

use super::alignment::{Alignment, Change, Lines, Texts};
use super::following::Before;
use super::{Reading, Weave};
use crate::locate;

/// Fewer lines between a hunk and another change do not tell that somebody made or took back the
/// hunk, and not something that looks like it.
const NEAR: usize = 2;
/// A merge looks at so many lines on either side, as far as text that was read is carried along.
const AROUND: usize = 50;
/// Runs of more lines are not merged: to compare their words line by line would take too long.
const MOST_MERGED: usize = 1_000;

/// One way in which a document may have become what it is.
pub(super) struct Way {
    pub(super) alignment: Alignment,
    pub(super) weave: Weave,
}

pub(super) struct Judge<'a> {
    before: &'a Before,
    after: &'a str,
    texts: &'a Texts<'a>,
    /// Where the pieces were.
    old: Reading<'a>,
    /// The ways, with where the pieces are then.
    ways: Vec<(&'a Way, Reading<'a>)>,
}

/// What is asked about: the switching of a hunk.
struct Question {
    wishes: BTreeMap<usize, bool>,
    /// What it would have done to the text before.
    replacements: Vec<Replacement>,
    spots: Vec<Spot>,
    /// Whether nothing may have changed near it either.
    is_exact: bool,
    is_hidden: bool,
}

/// How near somebody else's change comes to a hunk; the last is the worst.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Meeting {
    Apart,
    /// It changed the same lines, each of them into one, and each has words to merge by.
    InLines,
    Unclear,
}

impl<'a> Judge<'a> {
    pub(super) fn new(
        before: &'a Before,
        after: &'a str,
        texts: &'a Texts<'a>,
        ways: &'a [Way],
    ) -> Self {
        let ways = ways.iter().map(|way| (way, way.weave.reading())).collect();
        Self { before, after, texts, old: before.weave.reading(), ways }
    }

    /// Whether it is certain what switching a hunk does in the text of now. If it has to be `exact`,
    /// nothing may have changed near it either.
    pub(super) fn is_clear(&self, hunk: usize, is_exact: bool) -> bool {
        let wishes = self.before.with_others(hunk);
        let replacements = self.old.replacements(&wishes);
        let spots = replacements.iter().map(|one| Spot::new(one, &self.texts.old)).collect();
        let is_hidden = !self.before.weave.is_shown(hunk);
        let question = Question { wishes, replacements, spots, is_exact, is_hidden };
        let met = self
            .ways
            .iter()
            .map(|(way, _)| question.meeting(&way.alignment, &self.texts.old))
            .max();
        let merges = match met {
            None | Some(Meeting::Unclear) => return false,
            Some(met) => met == Meeting::InLines,
        };
        let mut results = self.ways.iter().map(|(way, now)| question.result(way, now));
        let Some(Some(first)) = results.next() else { return false };
        let is_same = |other: &[Replacement]| leads_to_same(self.after, &first, other);
        results.all(|result| result.is_some_and(|other| is_same(&other)))
            && (!merges || self.merged(&question).is_some_and(|merged| is_same(&merged)))
    }

    /// The change as a merge of branches would make it, where others changed the same lines
    /// elsewhere in them.
    fn merged(&self, question: &Question) -> Option<Vec<Replacement>> {
        let lines = question.lines();
        let lines = lines.start.saturating_sub(AROUND)..lines.end + AROUND;
        let window = self.ways.first()?.0.alignment.window(lines, self.texts);
        if window.old.len() > MOST_MERGED || window.new.len() > MOST_MERGED {
            return None;
        }
        let (old, new) = (self.texts.old.bytes(&window.old), self.texts.new.bytes(&window.new));
        let before_it = shifted(&question.replacements, old.start, 0);
        let (before, now) = (&self.before.text[old], &self.after[new.clone()]);
        Some(shifted(&locate::carried(before, now, &before_it)?, 0, new.start))
    }
}

impl Question {
    /// From its first line to its last.
    fn lines(&self) -> Range<usize> {
        let start = self.spots.iter().map(|spot| spot.lines.start).min();
        let end = self.spots.iter().map(|spot| spot.lines.end).max();
        start.unwrap_or_default()..end.unwrap_or_default()
    }

    fn meeting(&self, alignment: &Alignment, old: &Lines) -> Meeting {
        let Range { start, end } = self.lines();
        let doubtful = &alignment.doubtful;
        // A weak stretch reaches no further than to the next change.
        let first = doubtful.partition_point(|change| change.old.end + NEAR < start);
        let last = doubtful.partition_point(|change| change.old.start <= end + NEAR);
        let is_in_lines = |change: &Change| {
            change.old.len() == change.new.len()
                && alignment.found.contains(change)
                && change.old.clone().all(|line| old.says(line))
        };
        let near = first.saturating_sub(1)..(last + 1).min(doubtful.len());
        let meetings = near.map(|at| match self.meets(&doubtful[at], &alignment.weak[at]) {
            Meeting::InLines if !is_in_lines(&doubtful[at]) => Meeting::Unclear,
            meeting => meeting,
        });
        meetings.max().unwrap_or(Meeting::Apart)
    }

    fn meets(&self, change: &Change, weak: &Range<usize>) -> Meeting {
        let is_weak = |spot: &Spot| spot.is_in(weak) && !spot.meets(change);
        let is_near = |spot: &Spot| self.is_exact && (spot.is_near(change) || spot.touches(weak));
        if self.spots.iter().any(|spot| is_weak(spot) || is_near(spot)) {
            return Meeting::Unclear;
        }
        let mut met = self.spots.iter().filter(|spot| spot.meets(change)).peekable();
        if met.peek().is_none() {
            return Meeting::Apart;
        }
        // Lines that somebody put into what the hunk wrote, or took out of it, hide nothing of it.
        if !self.is_hidden && met.clone().all(|spot| spot.has_within(change)) {
            return Meeting::Apart;
        }
        match met.all(|spot| !spot.is_gap) {
            true => Meeting::InLines,
            false => Meeting::Unclear,
        }
    }

    /// What switching the hunk does now; none if its text was changed.
    fn result(&self, way: &Way, now: &Reading) -> Option<Vec<Replacement>> {
        let is_touched = self.wishes.keys().any(|hunk| way.weave.hunks[*hunk].touched);
        (!is_touched).then(|| now.replacements(&self.wishes))
    }
}

/// Whether two changes of a text come to the same, however they are cut.
fn leads_to_same(text: &str, one: &[Replacement], other: &[Replacement]) -> bool {
    let both = || one.iter().chain(other);
    let start = both().map(|replacement| replacement.start).min().unwrap_or_default();
    let end = both().map(|replacement| replacement.end).max().unwrap_or_default();
    let Some(text) = text.get(start..end) else { return false };
    let result = |replacements| crate::apply(text, &shifted(replacements, start, 0)).ok();
    one == other || result(one).is_some_and(|one| Some(one) == result(other))
}

/// Replacements of a text as those of another in which what is at `from` stands at `to`.
pub(super) fn shifted(replacements: &[Replacement], from: usize, to: usize) -> Vec<Replacement> {
    let shifted = replacements.iter().map(|one| Replacement {
        start: one.start - from + to,
        end: one.end - from + to,
        text: one.text.clone(),
    });
    shifted.collect()
}

/// What of a text a replacement is about: lines, or the gap before a line.
pub(super) struct Spot {
    pub(super) lines: Range<usize>,
    pub(super) is_gap: bool,
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
        // The line behind stays as it is if it still begins a line.
        let is_apart = new.ends_with('\n') || new.is_empty() && text.is_start(start);
        let end = if start < end && text.is_start(end) && is_apart { last } else { last + 1 };
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

    /// Whether some lines reach to it.
    fn touches(&self, lines: &Range<usize>) -> bool {
        lines.start <= self.lines.end && self.lines.start <= lines.end
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
