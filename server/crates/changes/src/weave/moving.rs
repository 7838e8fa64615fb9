//! Hunks that go with a block of lines which somebody moved as it was.
//!
//! A block counts as moved if it stands once in the text before and once in the text now, and
//! nothing came in its place.

use std::ops::Range;

use protocol::Replacement;

use super::alignment::Texts;
use super::following::Spot;

/// Lines on either side of a change that have to move with it.
const AROUND: usize = 3;
/// So many lines of a block have to say something.
const TELLING_LINES: usize = 3;

pub(super) struct Move<'a> {
    pub(super) texts: &'a Texts<'a>,
    /// The change in the text before.
    pub(super) replacements: &'a [Replacement],
}

impl Move<'_> {
    /// The change in the text now, if its block was moved.
    pub(super) fn replacements(&self) -> Option<Vec<Replacement>> {
        let Texts { old, new } = self.texts;
        let block = self.block()?;
        let says = |line: &usize| {
            old.text(&(*line..line + 1)).chars().filter(|c| c.is_alphanumeric()).count() >= 3
        };
        if block.clone().filter(says).count() < TELLING_LINES {
            return None;
        }
        let lines = old.numbers(&block);
        let (then, now) = (old.places(lines), new.places(lines));
        let ([_], [now]) = (then.as_slice(), now.as_slice()) else { return None };
        let goes = |change: &super::alignment::Change| {
            change.new.is_empty() && change.old.start <= block.start && block.end <= change.old.end
        };
        let alignments = self.texts.alignments();
        if !alignments.iter().all(|alignment| alignment.found.iter().any(goes)) {
            return None;
        }
        let (from, to) = (old.bytes(&block).start, new.bytes(&(*now..*now)).start);
        let moved = self.replacements.iter().map(|one| Replacement {
            start: one.start - from + to,
            end: one.end - from + to,
            text: one.text.clone(),
        });
        Some(moved.collect())
    }

    fn block(&self) -> Option<Range<usize>> {
        let old = &self.texts.old;
        let spots = self.replacements.iter().map(|one| Spot::new(one, old).lines);
        let lines =
            spots.reduce(|one, other| one.start.min(other.start)..one.end.max(other.end))?;
        Some(
            lines.start.checked_sub(AROUND)?
                ..Some(lines.end + AROUND).filter(|end| *end <= old.len())?,
        )
    }
}
