//! Typing that is taken back: when the same text is there again, byte for byte, where somebody
//! typed it over, its hunks are there again, too.
//!
//! A weave knows no text that is shown, so whoever has the text tells it ([`Weave::typed`]). It
//! remembers the pieces that typing broke, with their text, until something else happens there.
//!
//! Start with [`Weave::typed`].

use std::collections::BTreeSet;
use std::ops::Range;

use protocol::Replacement;
use ropey::Rope;
use serde::{Deserialize, Serialize};

use super::Weave;
use super::fragment::Fragment;
use crate::replacement::ChangeError;

/// So many places are remembered; of more, those that were typed in last.
const MOST: usize = 32;
/// A longer text, in bytes, is not remembered: nobody types over so much letter by letter.
const LONGEST: usize = 64 * 1024;

/// A place that somebody typed in, and what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Memory {
    /// Where it is in the document now; hidden pieces at both ends belong to it.
    place: Range<usize>,
    text: String,
    fragments: Vec<Fragment>,
    /// Hunks that typing there touched, whether or not something else did, too.
    touched: BTreeSet<usize>,
    /// How many hunks there were: newer ones are made for what was typed.
    hunks: usize,
}

impl Memory {
    /// Where it is in the document now.
    pub(super) fn place(&self) -> &Range<usize> {
        &self.place
    }

    /// What it was.
    pub(super) fn fragments(&self) -> &[Fragment] {
        &self.fragments
    }

    pub(super) fn mentions(&self, is_it: impl Fn(&Fragment) -> bool) -> bool {
        self.fragments.iter().any(is_it)
    }

    pub(super) fn touches(&self, hunk: usize) -> bool {
        self.touched.contains(&hunk)
    }

    pub(super) fn frees(&mut self, hunk: usize) {
        self.touched.remove(&hunk);
    }
}

impl Weave {
    /// The hunks that typing touched which is remembered.
    pub(super) fn touched_by_typing(&self) -> impl Iterator<Item = usize> {
        self.memories.iter().flat_map(|memory| &memory.touched).copied()
    }

    /// Takes in what somebody typed, as [`Weave::edit`] does, in a document that was `before` and
    /// is `after`. Gives the hunks that it had touched, and that are as they were by it.
    ///
    /// # Errors
    /// The replacements overlap, leave the text or cut a character; the weave is as before.
    pub fn typed(
        &mut self,
        replacements: &[Replacement],
        before: &Rope,
        after: &Rope,
    ) -> Result<Vec<usize>, ChangeError> {
        self.check(replacements)?;
        crate::apply_to(before, replacements)?;
        // The weave has the later ones already, and so has the text that goes with it.
        let mut text = before.clone();
        for one in replacements.iter().rev() {
            let hunk = self.indented(one, &text);
            let line_break = self.needed_break(one, &text).filter(|_| hunk.is_none());
            let end = line_break.as_ref().map_or(one.end, |line_break| line_break.end);
            let mut memory = self.recall(&Replacement { end, ..one.clone() }, &text)?;
            let touched = self.edit_one(one, hunk)?;
            text = crate::apply_to(&text, std::slice::from_ref(one))?;
            self.move_memories(one);
            if let Some(Range { start, end }) = line_break {
                let moved = |at: usize| at + one.text.len() - (one.end - one.start);
                self.keep_break(moved(start)..moved(end));
            }
            match &mut memory {
                Some(memory) => {
                    memory.place.end = memory.place.end + one.text.len() - (one.end - one.start);
                    memory.touched.extend(touched);
                }
                None => self.touch(touched),
            }
            self.memories.extend(memory);
        }
        let many = self.memories.len().saturating_sub(MOST);
        let oldest: Vec<Memory> = self.memories.drain(..many).collect();
        oldest.into_iter().for_each(|memory| self.touch(memory.touched));
        self.restore(after)
    }

    /// Forgets what some places were. What typing touched there stays touched for good.
    pub(super) fn give_up(&mut self, is_given_up: impl Fn(&Memory) -> bool) {
        let given_up = self.memories.extract_if(.., |memory| is_given_up(memory));
        for hunk in given_up.flat_map(|memory| memory.touched) {
            self.hunks[hunk].touched = true;
        }
    }

    /// Moves what is remembered behind a replacement along with it, and forgets where it is in.
    pub(super) fn move_memories(&mut self, one: &Replacement) {
        self.give_up(|Memory { place, .. }| place.start <= one.end && one.start <= place.end);
        let places = self.memories.iter_mut().map(|memory| &mut memory.place);
        for place in places.filter(|place| one.end < place.start) {
            place.start = place.start + one.text.len() - (one.end - one.start);
            place.end = place.end + one.text.len() - (one.end - one.start);
        }
    }

    /// What is to be remembered of a place before it is typed in: also what is remembered of it
    /// already, and what it is beside that. None if nobody but the user has a part in it, or in
    /// the line break behind what is gone.
    fn recall(&mut self, one: &Replacement, before: &Rope) -> Result<Option<Memory>, ChangeError> {
        let meets =
            |memory: &Memory| memory.place.start <= one.end && one.start <= memory.place.end;
        let (mut met, rest): (Vec<Memory>, Vec<Memory>) =
            std::mem::take(&mut self.memories).into_iter().partition(meets);
        self.memories = rest;
        met.sort_unstable_by_key(|memory| memory.place.start);
        let (Some(first), Some(last)) = (met.first(), met.last()) else {
            return self.remembered(one, before);
        };
        let whole = one.start.min(first.place.start)..one.end.max(last.place.end);
        let hunks = met.iter().map(|memory| memory.hunks).min().unwrap_or_default();
        if whole.len() > LONGEST || self.is_newer(&whole, hunks)? {
            met.into_iter().for_each(|memory| self.touch(memory.touched));
            return self.remembered(one, before);
        }
        let mut all = Memory {
            place: whole.start..whole.start,
            text: String::new(),
            fragments: Vec::new(),
            touched: BTreeSet::new(),
            hunks,
        };
        for memory in met {
            self.remember_more(&mut all, memory.place.start, before)?;
            all.text.push_str(&memory.text);
            all.fragments.extend(memory.fragments);
            all.touched.extend(memory.touched);
            all.place.end = memory.place.end;
        }
        if all.place.end < whole.end {
            self.remember_more(&mut all, whole.end, before)?;
            let hidden = self.pieces(whole.end, whole.end)?;
            all.fragments.extend_from_slice(&self.fragments[hidden]);
        }
        Ok(Some(all))
    }

    /// Remembers what lies between the end of a place and what else is remembered, as it is.
    fn remember_more(
        &mut self,
        memory: &mut Memory,
        to: usize,
        before: &Rope,
    ) -> Result<(), ChangeError> {
        let from = memory.place.end;
        if from == to {
            return Ok(());
        }
        let hidden = self.pieces(from, from)?;
        // The hidden ones at the end of a place belong to it.
        let first = if memory.place.is_empty() && memory.fragments.is_empty() {
            hidden.start
        } else {
            hidden.end
        };
        let behind = self.split_shown(to)?;
        memory.fragments.extend_from_slice(&self.fragments[first..behind]);
        let text = before.get_byte_slice(from..to).map(String::from);
        memory.text.push_str(&text.unwrap_or_default());
        memory.place.end = to;
        Ok(())
    }

    /// A place as it is before it is typed in.
    fn remembered(
        &mut self,
        one: &Replacement,
        before: &Rope,
    ) -> Result<Option<Memory>, ChangeError> {
        let place = one.start..one.end;
        let pieces = self.pieces(place.start, place.end)?;
        let is_plain = self.fragments[pieces.clone()].iter().all(Fragment::is_plain);
        // Where it is typed again, the line break behind it would become the user's.
        let is_line = || !place.is_empty() && self.agents_break(place.end, before).is_some();
        let is_needed = !is_plain || !self.hunks_around(&pieces).is_empty() || is_line();
        let is_needed = is_needed && place.len() <= LONGEST;
        let text = is_needed.then(|| before.get_byte_slice(place.clone())).flatten();
        Ok(text.map(|text| Memory {
            text: text.into(),
            place,
            fragments: self.fragments[pieces].to_vec(),
            touched: BTreeSet::new(),
            hunks: self.hunks.len(),
        }))
    }

    /// Puts what is remembered back where the text is what it was.
    fn restore(&mut self, now: &Rope) -> Result<Vec<usize>, ChangeError> {
        let mut restored = BTreeSet::new();
        for memory in std::mem::take(&mut self.memories) {
            let is_same = memory.text.len() == memory.place.len()
                && now.get_byte_slice(memory.place.clone()).is_some_and(|it| it == *memory.text);
            if !is_same {
                self.memories.push(memory);
            } else if self.fits(&memory)? {
                let pieces = self.pieces(memory.place.start, memory.place.end)?;
                self.fragments.splice(pieces, memory.fragments);
                restored.extend(memory.touched);
            } else {
                self.touch(memory.touched);
            }
        }
        restored.retain(|hunk| !self.is_touched(*hunk));
        self.join();
        Ok(restored.into_iter().collect())
    }

    /// Whether nothing happened at a place but typing.
    fn fits(&mut self, memory: &Memory) -> Result<bool, ChangeError> {
        if self.is_newer(&memory.place, memory.hunks)? {
            return Ok(false);
        }
        let pieces = self.pieces(memory.place.start, memory.place.end)?;
        let is_hidden = |fragment: &&Fragment| self.visible(fragment) == 0;
        let known = memory.fragments.iter().filter(is_hidden);
        let mut now = self.fragments[pieces].iter().filter(is_hidden);
        let is_known = known.clone().count() == now.clone().count()
            && known.zip(&mut now).all(|(known, now)| known.is_same_hidden(now));
        let length: usize = memory.fragments.iter().map(|fragment| self.visible(fragment)).sum();
        Ok(is_known && length == memory.text.len())
    }

    /// Whether there is a hunk at a place that is newer than so many.
    fn is_newer(&mut self, place: &Range<usize>, hunks: usize) -> Result<bool, ChangeError> {
        let pieces = self.pieces(place.start, place.end)?;
        let is_new = |hunk: &usize| *hunk >= hunks;
        let around = self.hunks_around(&pieces);
        let mut fragments = self.fragments[pieces].iter();
        let has_new = |it: &Fragment| it.deleted.iter().chain(&it.inserted).any(is_new);
        Ok(around.iter().any(is_new) || fragments.any(has_new))
    }

    /// The pieces of a stretch of the document, with the hidden ones at both ends.
    fn pieces(&mut self, start: usize, end: usize) -> Result<Range<usize>, ChangeError> {
        let first = self.split_shown(start)?;
        let last = self.split_shown(end)?;
        let hidden = self.fragments[last..].iter().take_while(|it| self.visible(it) == 0);
        Ok(first..last + hidden.count())
    }

    fn split_shown(&mut self, offset: usize) -> Result<usize, ChangeError> {
        self.split(offset, &|hunks, hunk| hunks[hunk].shown)
    }
}
