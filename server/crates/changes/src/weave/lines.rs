//! Typing in the lines of a hunk: what is left of them when the hunk is hidden stays lines.
//!
//! Where a hunk wrote whole lines, the line break behind what somebody typed in one is the hunk's.
//! It becomes theirs, or what they typed would end up before the next line. Blanks between the ink
//! of a hunk, as a formatter puts them there, become the hunk's, or they would end up there.

use std::ops::Range;

use protocol::Replacement;
use ropey::Rope;

use super::Weave;
use super::fragment::Fragment;

impl Weave {
    /// The hunk whose text blanks are part of that are put in: between its ink, or before it at
    /// the beginning of a line.
    pub(super) fn indented(&self, one: &Replacement, before: &Rope) -> Option<usize> {
        let is_blank = one.start == one.end && one.text.chars().all(|it| matches!(it, ' ' | '\t'));
        let next = self.writer(one.start).filter(|_| is_blank)?;
        let is_ink = before.get_byte(one.start).is_some_and(|it| !it.is_ascii_whitespace());
        let last = one.start.checked_sub(1);
        let is_start = last.is_none_or(|last| before.get_byte(last) == Some(b'\n'));
        let is_between = is_start || last.and_then(|last| self.writer(last)) == Some(next);
        (is_ink && is_between).then_some(next)
    }

    /// The line break behind what is typed, if it is a hunk's, and what is typed would end up
    /// before the next line without it.
    pub(super) fn needed_break(&self, one: &Replacement, before: &Rope) -> Option<Range<usize>> {
        if one.text.is_empty() || one.text.ends_with('\n') {
            return None;
        }
        let (hunk, line_break) = self.agents_break(one.end, before)?;
        let (mut start, mut last, mut first) = (0, None, None);
        for fragment in &self.fragments {
            let place = start..start + self.visible(fragment);
            start = place.end;
            if !fragment.is_visible(|it| it != hunk && self.hunks[it].shown) {
                continue;
            }
            if place.end <= one.start {
                last = char_of(fragment, before, &place, true);
            } else if first.is_none() && place.start >= one.end {
                first = char_of(fragment, before, &place, false);
            }
        }
        let is_joined = last.is_none_or(|it| it == b'\n') && first.is_none_or(|it| it != b'\n');
        is_joined.then_some(line_break)
    }

    /// The line break behind a place and the hunk that wrote it, if it wrote all of the line up to
    /// there.
    pub(super) fn agents_break(&self, at: usize, text: &Rope) -> Option<(usize, Range<usize>)> {
        let line = text.byte_to_line(at.min(text.len_bytes()));
        let next = text.try_line_to_byte(line + 1).ok()?;
        let is_last = |byte: u8, back: usize| at + back <= next && text.byte(next - back) == byte;
        if !is_last(b'\n', 1) {
            return None;
        }
        let start = next - if is_last(b'\r', 2) { 2 } else { 1 };
        let hunk = self.writer(next - 1)?;
        let mut from = 0;
        for fragment in &self.fragments {
            let place = from..from + self.visible(fragment);
            from = place.end;
            let is_rest = place.start < next && at < place.end;
            if is_rest && !place.is_empty() && fragment.inserted != Some(hunk) {
                return None;
            }
        }
        Some((hunk, start..next))
    }

    /// Makes a line break the user's.
    pub(super) fn keep_break(&mut self, place: Range<usize>) {
        let shown = |hunks: &[super::Hunk], hunk: usize| hunks[hunk].shown;
        let borders = (self.split(place.start, &shown), self.split(place.end, &shown));
        if let (Ok(first), Ok(behind)) = borders {
            let hunks = &self.hunks;
            let pieces = self.fragments[first..behind].iter_mut();
            let visible = pieces.filter(|it| it.is_visible(|hunk| hunks[hunk].shown));
            visible.for_each(|piece| piece.inserted = None);
        }
    }

    /// The hunk that wrote the byte there.
    fn writer(&self, at: usize) -> Option<usize> {
        let mut start = 0;
        for fragment in &self.fragments {
            start += self.visible(fragment);
            if at < start {
                return fragment.inserted;
            }
        }
        None
    }
}

/// The last byte of a piece, or the first.
fn char_of(piece: &Fragment, text: &Rope, place: &Range<usize>, is_last: bool) -> Option<u8> {
    let hidden = piece.hidden_text().as_bytes();
    match (place.is_empty(), is_last) {
        (true, true) => hidden.last().copied(),
        (true, false) => hidden.first().copied(),
        (false, true) => text.get_byte(place.end - 1),
        (false, false) => text.get_byte(place.start),
    }
}
