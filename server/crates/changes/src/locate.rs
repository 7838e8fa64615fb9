//! Finding the text that an edit wants to replace.
//!
//! Only an exact and single occurrence is a place. It knows nothing of who asks, nor of what to
//! say when there is no such place.

use std::ops::Range;

/// The most lines that [`Located::Several`] lists.
pub const MAX_LINES: usize = 50;

/// Where a text stands in another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Located {
    /// It is not there, or it is empty and so has no place of its own.
    Nowhere,
    /// Exactly here, in bytes.
    At(Range<usize>),
    /// In more than one place: the lines, from 1, where the first [`MAX_LINES`] of them begin,
    /// one entry for each. Places may overlap.
    Several(Vec<u32>),
}

/// Where `old` stands in `text`, letter by letter.
pub fn locate(text: &str, old: &str) -> Located {
    let mut places = places(text, old);
    let Some(first) = places.next() else { return Located::Nowhere };
    let Some(second) = places.next() else { return Located::At(first..first + old.len()) };
    let mut line = 1;
    let mut counted = 0;
    let lines = [first, second].into_iter().chain(places).take(MAX_LINES).map(|place| {
        line += line_breaks(text, counted..place);
        counted = place;
        line
    });
    Located::Several(lines.collect())
}

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

/// How many lines begin in the range: after LF, CRLF, or a CR that stands alone.
fn line_breaks(text: &str, range: Range<usize>) -> u32 {
    let bytes = text.as_bytes();
    let breaks = range.filter(|&at| match bytes[at] {
        b'\n' => true,
        b'\r' => bytes.get(at + 1) != Some(&b'\n'),
        _ => false,
    });
    u32::try_from(breaks.count()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_place_is_found_in_bytes() {
        assert_eq!(locate("größe = 1\n", "= 1"), Located::At(8..11));
        assert_eq!(locate("a\r\nb\r\n", "a\r\nb"), Located::At(0..4));
    }

    #[test]
    fn what_is_not_there_is_nowhere() {
        assert_eq!(locate("text", "Text"), Located::Nowhere);
        assert_eq!(locate("text", ""), Located::Nowhere);
        assert_eq!(locate("", "text"), Located::Nowhere);
        assert_eq!(locate("a\nb", "a\r\nb"), Located::Nowhere);
    }

    #[test]
    fn several_places_are_told_by_their_lines() {
        assert_eq!(locate("x\ny\r\nx x\rx", "x"), Located::Several(vec![1, 3, 3, 4]));
        assert_eq!(locate("äää", "ää"), Located::Several(vec![1, 1]));
    }

    #[test]
    fn a_text_that_is_everywhere_gives_a_short_list() {
        let Located::Several(lines) = locate(&"a\n".repeat(100_000), "a") else { panic!() };
        assert_eq!(lines.len(), MAX_LINES);
    }
}
