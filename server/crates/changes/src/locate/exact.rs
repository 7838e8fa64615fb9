//! Letter by letter: where a text stands as it is.
//!
//! Several places are several; it never looks for a better one. A place may begin and end within
//! lines; where the change touches a word that goes on beyond it, it is not what was meant.

use std::ops::Range;

use protocol::Replacement;

use super::lines::is_blank;

/// Every offset where `old` begins, overlapping ones included; none if it is empty.
pub(crate) fn places<'a>(text: &'a str, old: &'a str) -> impl Iterator<Item = usize> + 'a {
    Places { text, old, from: 0 }
}

struct Places<'a> {
    text: &'a str,
    old: &'a str,
    from: usize,
}

impl Iterator for Places<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let first = self.old.chars().next()?;
        let place = self.from + self.text.get(self.from..)?.find(self.old)?;
        self.from = place + first.len_utf8();
        Some(place)
    }
}

/// An exact place of a text that is to become another.
pub(super) struct Exact<'a> {
    pub(super) text: &'a str,
    pub(super) old: &'a str,
    pub(super) new: &'a str,
    pub(super) start: usize,
}

impl Exact<'_> {
    pub(super) fn range(&self) -> Range<usize> {
        self.start..self.start + self.old.len()
    }

    /// Whether the place begins and ends with its lines, white space aside.
    pub(super) fn is_whole_lines(&self) -> bool {
        !is_blank(self.old) && is_blank(self.front()) && is_blank(self.back())
    }

    pub(super) fn is_at_line_start(&self) -> bool {
        self.front().is_empty()
    }

    /// What stands before the place in its first line.
    fn front(&self) -> &str {
        let text = &self.text[..self.start];
        &text[text.rfind('\n').map_or(0, |at| at + 1)..]
    }

    /// What stands behind the place in its last line.
    fn back(&self) -> &str {
        let end = self.range().end;
        if self.old.ends_with('\n') {
            return "";
        }
        let text = &self.text[end..];
        &text[..text.find('\n').unwrap_or(text.len())]
    }

    /// Whether the change touches an end of the quoted text where a word goes on. Somebody may
    /// have gone on writing there.
    pub(super) fn cuts_word(&self) -> bool {
        let (front, back) = in_common(self.old, self.new);
        let is_word = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let joins = |one: Option<char>, other: Option<char>| is_word(one) && is_word(other);
        front == 0 && joins(self.front().chars().next_back(), self.old.chars().next())
            || back == 0 && joins(self.old.chars().next_back(), self.back().chars().next())
    }

    /// Whether the new text stands here already, around the old one, and says more than it.
    pub(super) fn is_made(&self) -> bool {
        const MOST_TRIED: usize = 50;
        self.new.match_indices(self.old).take(MOST_TRIED).any(|(at, _)| {
            let added = [&self.new[..at], &self.new[at + self.old.len()..]].concat();
            let there = self.start.checked_sub(at).and_then(|start| self.text.get(start..));
            added.contains(char::is_alphanumeric)
                && there.is_some_and(|there| there.starts_with(self.new))
        })
    }

    /// The change, letter by letter.
    pub(super) fn replacements(&self) -> Vec<Replacement> {
        let minimal = crate::diff::diff(self.old, self.new).into_iter();
        let shifted = minimal.map(|found| Replacement {
            start: self.start + found.start,
            end: self.start + found.end,
            text: found.text,
        });
        shifted.collect()
    }
}

/// How many bytes two texts have in common at their beginning, and of the rest at their end.
fn in_common(one: &str, other: &str) -> (usize, usize) {
    let same = |(a, b): &(char, char)| a == b;
    let bytes = |(c, _): (char, char)| c.len_utf8();
    let front = one.chars().zip(other.chars()).take_while(same).map(bytes).sum();
    let (one, other) = (&one[front..], &other[front..]);
    let back = one.chars().rev().zip(other.chars().rev()).take_while(same).map(bytes).sum();
    (front, back)
}
