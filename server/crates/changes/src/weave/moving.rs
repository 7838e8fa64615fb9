//! Hunks that go with a block of lines which somebody moved as it was.
//!
//! A block counts as moved if it stands once in the text before and once in the text now, and
//! nothing came in its place.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use protocol::Replacement;

use super::alignment::{Change, Texts};
use super::certain::{Spot, shifted};
use super::following::Before;
use super::fragment::Fragment;
use super::{Hunk, Weave};

/// Lines on either side of a change that have to move with it.
const AROUND: usize = 3;
/// So many lines of a block have to say something.
const TELLING_LINES: usize = 3;

impl Weave {
    /// Puts a hunk that no other builds on, and that is nowhere now, in another place of the
    /// document, by what switches it there; none, and nothing has changed, if it does not fit.
    pub(super) fn weave_again(&mut self, hunk: usize, replacements: &[Replacement]) -> Option<()> {
        let mut woven = self.clone();
        let hunks = &self.hunks;
        let mut is_somewhere = false;
        woven.fragments.retain_mut(|fragment| {
            let was_visible = fragment.is_visible(|hunk| hunks[hunk].shown);
            fragment.deleted.retain(|other| *other != hunk);
            is_somewhere |= was_visible && fragment.inserted == Some(hunk);
            // What it took away is at the other place, too.
            let comes_back = !was_visible && fragment.is_visible(|hunk| hunks[hunk].shown);
            fragment.inserted != Some(hunk) && !comes_back
        });
        if is_somewhere {
            return None;
        }
        match self.is_shown(hunk) {
            true => woven.weave_in_shown(hunk, replacements)?,
            false => {
                woven.weave_in(hunk, replacements, &|hunks, hunk| hunks[hunk].shown).ok()?;
            }
        }
        woven.hunks[hunk].touched = false;
        woven.hunks[hunk].is_one = replacements.len() == 1;
        *self = woven;
        Some(())
    }

    /// Takes text of the document for what a hunk wrote, by what would hide the hunk.
    fn weave_in_shown(&mut self, hunk: usize, replacements: &[Replacement]) -> Option<()> {
        let shown = |hunks: &[Hunk], hunk: usize| hunks[hunk].shown;
        for Replacement { start, end, text } in replacements.iter().rev() {
            let first = self.split(*start, &shown).ok()?;
            let last = self.split(*end, &shown).ok()?.max(first);
            let written = &mut self.fragments[first..last];
            if !written.iter().all(Fragment::is_plain) {
                return None;
            }
            written.iter_mut().for_each(|fragment| fragment.inserted = Some(hunk));
            if !text.is_empty() {
                let mut gone = Fragment::plain(text.len());
                gone.deleted.push(hunk);
                gone.hide(text.clone());
                self.fragments.insert(first, gone);
            }
        }
        Some(())
    }
}

/// A document that others changed.
pub(super) struct Moving<'a> {
    pub(super) before: &'a Before,
    pub(super) after: &'a str,
    /// The ways in which it may have become what it is.
    pub(super) found: &'a [Vec<Change>],
}

impl Moving<'_> {
    /// Where hunks that have lost their place went with the lines around them: what switches them in
    /// the text now.
    pub(super) fn moves(&self, lost: &BTreeSet<usize>) -> Vec<(usize, Vec<Replacement>)> {
        let weave = &self.before.weave;
        let needed: BTreeSet<usize> =
            weave.hunks.iter().flat_map(|hunk| &hunk.needs).copied().collect();
        let is_alone =
            |hunk: &&usize| weave.hunks[**hunk].needs.is_empty() && !needed.contains(*hunk);
        let mut alone = lost.iter().filter(is_alone).peekable();
        if alone.peek().is_none() {
            return Vec::new();
        }
        let texts = Texts::new(&self.before.text, self.after);
        let before = weave.reading();
        let moved = alone.filter_map(|&hunk| {
            let switched = BTreeMap::from([(hunk, !weave.is_shown(hunk))]);
            let replacements = before.replacements(&switched);
            Some((hunk, moved(&texts, self.found, &replacements)?))
        });
        moved.collect()
    }
}

/// A change of the old text in the new one, if its block was moved.
fn moved(
    texts: &Texts,
    ways: &[Vec<Change>],
    replacements: &[Replacement],
) -> Option<Vec<Replacement>> {
    let Texts { old, new } = texts;
    let block = block(texts, replacements)?;
    if block.clone().filter(|line| old.says(*line)).count() < TELLING_LINES {
        return None;
    }
    let goes = |change: &Change| {
        change.new.is_empty() && change.old.start <= block.start && block.end <= change.old.end
    };
    if !ways.iter().all(|found| found.iter().any(goes)) {
        return None;
    }
    let lines = old.numbers(&block);
    let (_, now) = (old.only_place(lines)?, new.only_place(lines)?);
    Some(shifted(replacements, old.bytes(&block).start, new.bytes(&(now..now)).start))
}

/// The lines that have to stay together.
fn block(texts: &Texts, replacements: &[Replacement]) -> Option<Range<usize>> {
    let old = &texts.old;
    let spots = replacements.iter().map(|one| Spot::new(one, old).lines);
    let lines = spots.reduce(|one, other| one.start.min(other.start)..one.end.max(other.end))?;
    let end = Some(lines.end + AROUND).filter(|end| *end <= old.len())?;
    Some(lines.start.checked_sub(AROUND)?..end)
}
