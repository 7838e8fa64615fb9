//! A text woven of what everybody wrote in it.
//!
//! One document with all that the agent proposed for it, applied to it or took back, as pieces in
//! their order. What a hunk removed stays as a hidden piece, and so does what it has not put in
//! yet; showing or hiding a hunk is then the same small step, in any order, for the proposal, its
//! application, undo and redo. What the user types goes in between and belongs to nobody's hunk.
//!
//! A weave knows lengths, and only the texts of hidden pieces and of what somebody typed over: the
//! document itself stays where it is. It knows no session, no state but *shown*, and decides
//! nothing; [`Weave::plan`] says what can be done and why the rest cannot.
//!
//! Start with [`Weave::typed`], what the user does, and [`Weave::propose`], what the agent does.

mod alignment;
mod behind;
mod certain;
mod following;
mod fragment;
mod lines;
mod moving;
mod reading;
mod recognizing;
mod remembering;
mod switching;

use std::collections::BTreeSet;
use std::ops::Range;

use protocol::Replacement;
use serde::{Deserialize, Serialize};

use crate::replacement::{ChangeError, check_order};
pub use following::Followed;
use fragment::Fragment;
pub use reading::Reading;
use remembering::Memory;
pub use switching::{Obstacle, Plan};

/// A document as the pieces it was woven of. Hunks are numbers, counted from 0 as proposed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Weave {
    fragments: Vec<Fragment>,
    hunks: Vec<Hunk>,
    /// What places were before somebody typed in them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    memories: Vec<Memory>,
}

/// What the weave knows of a hunk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Hunk {
    /// Whether the document has it.
    shown: bool,
    /// Whether it can no longer be switched, for good: while it is hidden, somebody changed text
    /// that it would take away; or it is not certain any longer where its place is. What can be
    /// taken back is noted in the memories.
    touched: bool,
    /// Whether it puts text in.
    writes: bool,
    /// Whether it is one replacement, so that all between what it takes away is inside of it.
    #[serde(default)]
    is_one: bool,
    /// Earlier hunks whose text it changes.
    needs: Vec<usize>,
    /// Whether it can no longer be shown or hidden.
    forgotten: bool,
}

impl Weave {
    /// A document of so many bytes in which nobody but the user wrote.
    pub fn new(bytes: usize) -> Self {
        let fragments = if bytes > 0 { vec![Fragment::plain(bytes)] } else { Vec::new() };
        Self { fragments, hunks: Vec::new(), memories: Vec::new() }
    }

    /// How many bytes the document has.
    pub fn len(&self) -> usize {
        self.fragments.iter().map(|fragment| self.visible(fragment)).sum()
    }

    /// Whether the document has no text.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many hunks were proposed.
    pub fn hunks(&self) -> usize {
        self.hunks.len()
    }

    /// Whether the document has the hunk's text.
    pub fn is_shown(&self, hunk: usize) -> bool {
        self.hunks.get(hunk).is_some_and(|hunk| hunk.shown)
    }

    /// Whether the hunk can no longer be shown or hidden, because of what others did to its text.
    pub fn is_touched(&self, hunk: usize) -> bool {
        self.hunks.get(hunk).is_some_and(|hunk| hunk.touched)
            || self.memories.iter().any(|memory| memory.touches(hunk))
    }

    /// Takes in what the user, or anybody but the agent, changed in the document. All of it counts
    /// offsets in the text before.
    ///
    /// # Errors
    /// The replacements overlap or leave the text; the weave is as before.
    pub fn edit(&mut self, replacements: &[Replacement]) -> Result<(), ChangeError> {
        self.check(replacements)?;
        // From the last to the first, so that no offset moves before it is used.
        for replacement in replacements.iter().rev() {
            let touched = self.edit_one(replacement, None)?;
            self.touch(touched);
            self.move_memories(replacement);
        }
        Ok(())
    }

    fn check(&self, replacements: &[Replacement]) -> Result<(), ChangeError> {
        check_order(replacements)?;
        match replacements.last() {
            Some(Replacement { end, .. }) if *end > self.len() => {
                Err(ChangeError::BeyondEnd { end: *end, length: self.len() })
            }
            _ => Ok(()),
        }
    }

    /// Gives the hidden hunks in whose text that was. The new text is part of the hunk `by`, or the
    /// user's.
    fn edit_one(
        &mut self,
        replacement: &Replacement,
        by: Option<usize>,
    ) -> Result<BTreeSet<usize>, ChangeError> {
        let shown = |hunks: &[Hunk], hunk: usize| hunks[hunk].shown;
        let start = self.split(replacement.start, &shown)?;
        let end = self.split(replacement.end, &shown)?;
        let mut touched = BTreeSet::new();
        if replacement.start < replacement.end {
            touched.extend(self.remove(start, end));
        }
        if !replacement.text.is_empty() {
            let at = self.place_between(start);
            // Typed inside of what hidden hunks would take away.
            touched.extend(self.hunks_around(&(at..at)));
            let mut piece = Fragment::plain(replacement.text.len());
            piece.inserted = by;
            self.fragments.insert(at, piece);
        }
        touched.retain(|hunk| !self.hunks[*hunk].shown);
        self.join();
        Ok(touched)
    }

    /// Takes in a hunk, hidden, and gives its number. It is made for the text that the document
    /// would have with the hunks `with`, too; `hunk.start` and the rest count offsets there.
    ///
    /// # Errors
    /// The replacements overlap, leave the text or cut a character; the weave is as before.
    pub fn propose(
        &mut self,
        replacements: &[Replacement],
        with: &[usize],
    ) -> Result<usize, ChangeError> {
        check_order(replacements)?;
        let number = self.hunks.len();
        let mut with_it: Vec<bool> = self.hunks.iter().map(|hunk| hunk.shown).collect();
        with.iter().filter(|hunk| **hunk < number).for_each(|hunk| with_it[*hunk] = true);
        let shown = |_: &[Hunk], hunk: usize| with_it[hunk];
        let length = self.length(&shown);
        if let Some(Replacement { end, .. }) = replacements.last()
            && *end > length
        {
            return Err(ChangeError::BeyondEnd { end: *end, length });
        }
        self.check_borders(replacements, &shown)?;
        let needs = self.needs(replacements, &shown);
        let writes = replacements.iter().any(|replacement| !replacement.text.is_empty());
        self.weave_in(number, replacements, &shown)?;
        let (is_one, shown) = (replacements.len() == 1, false);
        self.hunks.push(Hunk { shown, touched: false, writes, is_one, needs, forgotten: false });
        self.join();
        Ok(number)
    }

    /// Whether replacements cut no character of a piece that is hidden now: of others nothing is
    /// known, and the document was asked.
    fn check_borders(
        &self,
        replacements: &[Replacement],
        shown: &impl Fn(&[Hunk], usize) -> bool,
    ) -> Result<(), ChangeError> {
        let mut start = 0;
        for fragment in &self.fragments {
            if !fragment.is_visible(|hunk| shown(&self.hunks, hunk)) {
                continue;
            }
            let place = start..start + fragment.bytes;
            let mut offsets = replacements.iter().flat_map(|one| [one.start, one.end]);
            let cut = offsets.find(|at| place.contains(at) && fragment.is_cut(at - start));
            if let Some(offset) = cut {
                return Err(ChangeError::InsideCharacter { offset });
            }
            start = place.end;
        }
        Ok(())
    }

    /// Puts the pieces of a hunk in, hidden.
    fn weave_in(
        &mut self,
        number: usize,
        replacements: &[Replacement],
        shown: &impl Fn(&[Hunk], usize) -> bool,
    ) -> Result<(), ChangeError> {
        for Replacement { start, end, text } in replacements.iter().rev() {
            let first = self.split(*start, shown)?;
            let last = self.split(*end, shown)?.max(first);
            let hunks = &self.hunks;
            for fragment in &mut self.fragments[first..last] {
                if fragment.is_visible(|hunk| shown(hunks, hunk)) {
                    fragment.deleted.push(number);
                }
            }
            if !text.is_empty() {
                self.fragments.insert(last, Fragment::proposed(number, text.clone()));
            }
        }
        Ok(())
    }

    /// Earlier hunks that this one needs: those whose text it changes, adds to at either end, or
    /// writes into the gap of.
    pub fn needs_of(&self, hunk: usize) -> &[usize] {
        self.hunks.get(hunk).map_or(&[], |hunk| &hunk.needs)
    }

    /// Where a hunk stands in the document: from the first to the last byte that it wrote or, if
    /// it is hidden, would take away. Empty where it only took away, or would only put in.
    pub fn place(&self, hunk: usize) -> Option<Range<usize>> {
        self.reading().place(hunk)
    }

    /// Hunks that are shown, and of whose text nothing is left.
    pub fn gone(&self) -> Vec<usize> {
        let mut is_there = vec![false; self.hunks.len()];
        for hunk in self.fragments.iter().filter_map(|fragment| fragment.inserted) {
            is_there[hunk] = true;
        }
        let known = self.hunks.iter().zip(is_there).enumerate();
        let gone = known.filter(|(_, (hunk, is_there))| hunk.shown && hunk.writes && !is_there);
        gone.filter(|(_, (hunk, _))| !hunk.forgotten).map(|(number, _)| number).collect()
    }

    /// How much others have done to hunks: those that can no longer be switched, those of whose
    /// text nothing is left, and hidden pieces beside which nothing is left.
    pub fn harm(&self) -> usize {
        let touched = (0..self.hunks.len()).filter(|hunk| self.is_touched(*hunk));
        let lost = self.fragments.iter().filter(|fragment| fragment.is_lost());
        touched.count() + self.gone().len() + lost.count()
    }

    /// Forgets hunks whose text is nobody's business any longer: it stays, as the user's. Numbers
    /// of hunks stay what they are.
    pub fn forget(&mut self, is_forgotten: impl Fn(usize) -> bool) {
        let hunks = &self.hunks;
        self.fragments.retain_mut(|fragment| {
            let was_visible = fragment.is_visible(|hunk| hunks[hunk].shown);
            fragment.deleted.retain(|hunk| !is_forgotten(*hunk));
            if let Some(hunk) = fragment.inserted.filter(|hunk| is_forgotten(*hunk)) {
                fragment.inserted = None;
                if !hunks[hunk].shown {
                    return false;
                }
            }
            // What only forgotten hunks took away, nobody can bring back any longer.
            was_visible || !fragment.is_visible(|hunk| hunks[hunk].shown)
        });
        let is_gone =
            |it: &Fragment| it.deleted.iter().chain(&it.inserted).any(|it| is_forgotten(*it));
        self.give_up(|memory| memory.mentions(is_gone));
        for (_, hunk) in self.hunks.iter_mut().enumerate().filter(|(hunk, _)| is_forgotten(*hunk)) {
            hunk.forgotten = true;
        }
        self.join();
    }

    fn visible(&self, fragment: &Fragment) -> usize {
        if fragment.is_visible(|hunk| self.hunks[hunk].shown) { fragment.bytes } else { 0 }
    }

    fn length(&self, shown: &impl Fn(&[Hunk], usize) -> bool) -> usize {
        let is_visible =
            |fragment: &&Fragment| fragment.is_visible(|hunk| shown(&self.hunks, hunk));
        self.fragments.iter().filter(is_visible).map(|fragment| fragment.bytes).sum()
    }

    /// Makes `offset` a border between pieces and gives the first piece behind it, hidden ones
    /// included.
    fn split(
        &mut self,
        offset: usize,
        shown: &impl Fn(&[Hunk], usize) -> bool,
    ) -> Result<usize, ChangeError> {
        let mut start = 0;
        for index in 0..self.fragments.len() {
            if start == offset {
                return Ok(index);
            }
            let fragment = &self.fragments[index];
            if !fragment.is_visible(|hunk| shown(&self.hunks, hunk)) {
                continue;
            }
            let end = start + fragment.bytes;
            if offset < end {
                let rest = self.fragments[index]
                    .split_off(offset - start)
                    .ok_or(ChangeError::InsideCharacter { offset })?;
                self.fragments.insert(index + 1, rest);
                return Ok(index + 1);
            }
            start = end;
        }
        Ok(self.fragments.len())
    }

    /// Takes the visible pieces from `start` to `end` away for good, and gives the hunks that would
    /// have taken them away.
    fn remove(&mut self, start: usize, end: usize) -> Vec<usize> {
        let is_hidden = |weave: &Self, index: usize| {
            weave.fragments.get(index).is_some_and(|fragment| weave.visible(fragment) == 0)
        };
        let mut first = start;
        while is_hidden(self, first) {
            first += 1;
        }
        // What stood beside the hidden pieces at either end is gone.
        let mut before = first;
        while before > 0 && is_hidden(self, before - 1) {
            before -= 1;
            self.fragments[before].lost.right = true;
        }
        let mut behind = end;
        while is_hidden(self, behind) {
            self.fragments[behind].lost.left = true;
            behind += 1;
        }
        let hunks = &self.hunks;
        let gone = self.fragments.extract_if(first..end.max(first), |fragment| {
            let is_visible = fragment.is_visible(|hunk| hunks[hunk].shown);
            if !is_visible {
                fragment.lost = fragment::Lost { left: true, right: true };
            }
            is_visible
        });
        gone.flat_map(|gone| gone.deleted).collect()
    }

    /// Where in the run of hidden pieces from `start` on a text belongs that is typed there.
    ///
    /// Whole lines stay before it, since what is typed at the start of a line is part of it; so
    /// does what comes in place of the text before.
    fn place_between(&self, start: usize) -> usize {
        let mut at = start;
        while let Some(fragment) = self.fragments.get(at)
            && self.visible(fragment) == 0
        {
            let replaces = fragment.inserted.is_some_and(|hunk| {
                let before = at.checked_sub(1).and_then(|before| self.fragments.get(before));
                before.is_some_and(|before| before.deleted.contains(&hunk))
            });
            if !replaces && !fragment.hidden_text().ends_with('\n') {
                break;
            }
            at += 1;
        }
        at
    }

    /// The hunks that take away what is on both sides of some pieces. One that was typed in
    /// already has no border between its places that could be told any longer.
    fn hunks_around(&self, pieces: &Range<usize>) -> BTreeSet<usize> {
        let (front, back) = (&self.fragments[..pieces.start], &self.fragments[pieces.end..]);
        let before = self.taking_next(front.iter().rev());
        let mut around = &before & &self.taking_next(back.iter());
        let bytes = |pieces: &[Fragment]| pieces.iter().map(|it| self.visible(it)).sum::<usize>();
        let start = bytes(front);
        let end = start + bytes(&self.fragments[pieces.clone()]);
        let is_before = self.taking(front, |place| place.end <= start);
        let is_behind = self.taking(back, |place| end <= place.start);
        let is_around = |&hunk: &usize| {
            let known = &self.hunks[hunk];
            let is_between = is_before[hunk] && is_behind[hunk] && !known.shown;
            is_between && (known.is_one || self.is_touched(hunk))
        };
        around.extend((0..self.hunks.len()).filter(is_around));
        around
    }

    /// For each hunk whether it takes away one of some pieces, or what somebody typed over at
    /// places that are there, too: it may come back.
    fn taking(&self, pieces: &[Fragment], is_there: impl Fn(&Range<usize>) -> bool) -> Vec<bool> {
        let mut is_taking = vec![false; self.hunks.len()];
        let typed_over = self.memories.iter().filter(|memory| is_there(memory.place()));
        let pieces = pieces.iter().chain(typed_over.flat_map(Memory::fragments));
        for hunk in pieces.flat_map(|piece| &piece.deleted) {
            is_taking[*hunk] = true;
        }
        is_taking
    }

    /// The hunks that take away the first of some pieces that was there when they were made: what
    /// others wrote inside of it is between.
    fn taking_next<'a>(&self, pieces: impl Iterator<Item = &'a Fragment>) -> BTreeSet<usize> {
        let mut taking = BTreeSet::new();
        let mut is_met = vec![false; self.hunks.len()];
        let mut has_written = is_met.clone();
        for piece in pieces {
            // Where a hunk is met first tells it all: a writer that it knows stays one.
            for hunk in piece.deleted.iter().copied() {
                let mut known = self.hunks[hunk].needs.iter().chain([&hunk]);
                if !std::mem::replace(&mut is_met[hunk], true) && !known.any(|it| has_written[*it])
                {
                    taking.insert(hunk);
                }
            }
            match piece.inserted {
                Some(writer) => has_written[writer] = true,
                None => break,
            }
        }
        taking
    }

    fn touch(&mut self, hunks: impl IntoIterator<Item = usize>) {
        for hunk in hunks {
            self.hunks[hunk].touched = true;
        }
    }

    /// Joins neighbours that are of the same hunks, so that typing does not leave a piece for each
    /// letter.
    fn join(&mut self) {
        self.fragments.dedup_by(|next, fragment| fragment.join(next));
    }

    /// The earlier hunks that the replacements of a new one need, in the text with `shown`.
    fn needs(
        &self,
        replacements: &[Replacement],
        shown: &impl Fn(&[Hunk], usize) -> bool,
    ) -> Vec<usize> {
        let mut places: Vec<Option<Range<usize>>> = vec![None; self.hunks.len()];
        let mut needed = vec![false; self.hunks.len()];
        let mut start = 0;
        let mut replaced = self.replaced();
        // Each stretch that a hunk wrote is a place, and each gap where it wrote nothing.
        for fragment in &self.fragments {
            let is_visible = fragment.is_visible(|hunk| shown(&self.hunks, hunk));
            let end = start + if is_visible { fragment.bytes } else { 0 };
            let mut meet = |hunk: usize, place: Range<usize>| {
                needed[hunk] |= shown(&self.hunks, hunk)
                    && replacements.iter().any(|replacement| touches(&place, replacement));
            };
            if let Some(hunk) = fragment.inserted {
                let place = match places[hunk].take() {
                    Some(place) if place.end == start => place.start..end,
                    _ => start..end,
                };
                meet(hunk, place.clone());
                places[hunk] = Some(place);
            }
            for &hunk in &fragment.deleted {
                let is_replaced = replaced.pop().unwrap_or_default();
                if !is_visible && !is_replaced {
                    meet(hunk, start..start);
                }
            }
            start = end;
        }
        (0..needed.len()).filter(|hunk| needed[*hunk]).collect()
    }

    /// For each piece that a hunk takes away, whether that hunk wrote what stands behind the last
    /// of such pieces: from the last to the first.
    fn replaced(&self) -> Vec<bool> {
        let mut is_behind = vec![false; self.hunks.len()];
        let mut replaced = Vec::new();
        let mut next: Option<&Fragment> = None;
        for fragment in self.fragments.iter().rev() {
            for &hunk in fragment.deleted.iter().rev() {
                if !next.is_some_and(|next| next.deleted.contains(&hunk)) {
                    is_behind[hunk] = next.is_some_and(|next| next.inserted == Some(hunk));
                }
                replaced.push(is_behind[hunk]);
            }
            next = Some(fragment);
        }
        replaced
    }
}

fn touches(place: &Range<usize>, replacement: &Replacement) -> bool {
    let &Replacement { start, end, .. } = replacement;
    if place.is_empty() || start == end {
        start <= place.end && place.start <= end
    } else {
        start < place.end && place.start < end
    }
}

#[cfg(test)]
mod tests;
