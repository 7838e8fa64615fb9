//! From the text that was read to the text that is there now: a place is carried along.
//!
//! It compares the two texts line by line. What became of the lines of the place, and whether
//! the change still fits there, [`super::fit`] decides.

use std::ops::Range;

use protocol::Replacement;
use similar::{Algorithm, capture_diff_slices};

use super::Contradiction;
use super::fit::{Fit, Fitted, Pair, best_pairs};
use super::lines::{Lines, Sameness, numbered};
use super::merge::alike;
use crate::diff::changed;

/// How the lines that were read became those that are there now.
pub(super) struct Carry<'a> {
    seen: &'a Lines<'a>,
    text: &'a Lines<'a>,
    /// Runs of lines that differ, in both texts, in order.
    changes: Vec<(Range<usize>, Range<usize>)>,
}

/// Lines around the place that are carried with it, so that it is known what is new there.
const AROUND: usize = 3;
/// More comparisons than these are not made to find out which line became which.
const MOST_COMPARED: usize = 4_000;

impl<'a> Carry<'a> {
    pub(super) fn new(seen: &'a Lines<'a>, text: &'a Lines<'a>) -> Self {
        // Numbers are quicker to compare than lines, and only lines of the text now have one.
        let numbers = numbered_exactly(text, seen);
        Self {
            seen,
            text,
            changes: changed(&capture_diff_slices(Algorithm::Myers, &numbers.0, &numbers.1)),
        }
    }

    /// Whether any of some lines of the text is new since it was read.
    pub(super) fn is_new(&self, lines: &Range<usize>) -> bool {
        self.changes.iter().any(|(_, new)| new.start < lines.end && lines.start < new.end)
    }

    /// The change of some lines of the text that was read, in the text that is there now.
    pub(super) fn carried(
        &self,
        lines: &Range<usize>,
        replacements: &[Replacement],
    ) -> Result<Fitted, Contradiction> {
        let added: usize =
            replacements.iter().map(|change| change.text.matches('\n').count()).sum();
        let around = AROUND.max(added + 2).min(50);
        let window = lines.start.saturating_sub(around)..self.seen.len().min(lines.end + around);
        let bytes = self.seen.range(window.clone());
        let shifted: Vec<Replacement> = replacements
            .iter()
            .map(|change| Replacement {
                start: change.start - bytes.start,
                end: change.end - bytes.start,
                text: change.text.clone(),
            })
            .collect();
        let old = &self.seen.text[bytes];
        // The replacements were made for this very text.
        let new = crate::apply(old, &shifted).unwrap_or_else(|_| old.to_owned());
        let (old, new) = (Lines::new(old), Lines::new(&new));
        let pairs = self.pairs(&window);
        Fit { text: self.text, old: &old, new: &new, pairs, known: false }.fitted()
    }

    /// For each line of the window what it is now.
    fn pairs(&self, window: &Range<usize>) -> Vec<Option<Pair>> {
        let mut pairs = Vec::with_capacity(window.len());
        let (mut old, mut new) = (0, 0);
        for (gone, come) in self.changes.iter().cloned().chain([self.end()]) {
            for line in old.max(window.start)..gone.start.min(window.end) {
                pairs.push(Some(Pair { line: line - old + new, same: true }));
            }
            let within = gone.start.max(window.start)..gone.end.min(window.end);
            if !within.is_empty() {
                let start = pairs.len();
                pairs.resize(start + within.len(), None);
                for (at, line) in self.became(&gone, &come) {
                    if within.contains(&at) {
                        pairs[start + at - within.start] = Some(Pair { line, same: false });
                    }
                }
            }
            (old, new) = (gone.end, come.end);
        }
        pairs
    }

    fn end(&self) -> (Range<usize>, Range<usize>) {
        (self.seen.len()..self.seen.len(), self.text.len()..self.text.len())
    }

    /// Which line of a run that differs became which.
    fn became(&self, gone: &Range<usize>, come: &Range<usize>) -> Vec<(usize, usize)> {
        if gone.len() * come.len() > MOST_COMPARED {
            return Vec::new();
        }
        let alike = |old: usize, new: usize| {
            alike(self.seen.get(gone.start + old), self.text.get(come.start + new))
        };
        let pairs = best_pairs(gone.len(), come.len(), alike).into_iter();
        pairs.map(|(old, new)| (gone.start + old, come.start + new)).collect()
    }
}

fn numbered_exactly(text: &Lines, seen: &Lines) -> (Vec<u32>, Vec<u32>) {
    let numbers = numbered(text.iter(), seen.iter(), Sameness::None);
    (numbers.text, numbers.pattern)
}
