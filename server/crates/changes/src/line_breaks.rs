//! Line breaks: models write LF, texts may have CRLF or CR or all of them, and none may be spoiled.
//!
//! Texts are compared and changed in a form that has LF only; [`Normal`] knows the way back to
//! the text's own bytes, so that nothing but what changes is touched. It knows nothing of where
//! the replacements come from.

use std::borrow::Cow;
use std::ops::Range;

use protocol::Replacement;

/// A text with LF for every line break, and the way back.
pub struct Normal<'a> {
    /// The text with LF only.
    pub text: Cow<'a, str>,
    // Where in `text` the LFs stand that were something else, in ascending order.
    crlf: Vec<usize>,
    cr: Vec<usize>,
    cr_is_usual: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Lf,
    Crlf,
    Cr,
}

impl<'a> Normal<'a> {
    /// Takes a text with line breaks of any kind.
    pub fn new(original: &'a str) -> Self {
        let bytes = original.as_bytes();
        let (mut crlf, mut cr) = (Vec::new(), Vec::new());
        for (at, _) in original.match_indices('\r') {
            let kind = if bytes.get(at + 1) == Some(&b'\n') { &mut crlf } else { &mut cr };
            kind.push(at);
        }
        // Each CRLF before is one byte shorter in the form with LF only.
        let mut before = 0;
        for at in &mut cr {
            before += crlf[before..].partition_point(|other| other < at);
            *at -= before;
        }
        crlf.iter_mut().enumerate().for_each(|(nth, at)| *at -= nth);
        let text = with_lf(original);
        let cr_is_usual = !cr.is_empty() && cr.len() * 2 > text.matches('\n').count();
        Self { text, crlf, cr, cr_is_usual }
    }

    /// The same replacements for the original text, written with its line breaks: those of the
    /// stretch that is replaced, one by one, and beyond it those of the lines around. What would
    /// replace a text by itself is left out.
    pub fn restore(&self, replacements: Vec<Replacement>) -> Vec<Replacement> {
        let restored = replacements.into_iter().filter_map(|replacement| {
            let range = replacement.start..replacement.end;
            let new = with_lf(&replacement.text);
            (self.text.get(range.clone()) != Some(&*new)).then(|| Replacement {
                text: self.with_breaks_of(&range, &new),
                start: self.original(range.start),
                end: self.original(range.end),
            })
        });
        restored.collect()
    }

    fn with_breaks_of(&self, range: &Range<usize>, new: &str) -> String {
        if self.crlf.is_empty() && self.cr.is_empty() {
            return new.to_owned();
        }
        let replaced = self.text.get(range.clone()).unwrap_or_default();
        let mut kinds = replaced.match_indices('\n').map(|(at, _)| self.kind(range.start + at));
        let mut last = None;
        let mut result = String::with_capacity(new.len() + 16);
        for line in new.split_inclusive('\n') {
            let Some(line) = line.strip_suffix('\n') else {
                result.push_str(line);
                break;
            };
            let kind = kinds.next().or(last).unwrap_or_else(|| self.kind_around(range));
            last = Some(kind);
            result.push_str(line);
            result.push_str(match kind {
                Kind::Lf => "\n",
                Kind::Crlf => "\r\n",
                Kind::Cr => "\r",
            });
        }
        result
    }

    fn kind(&self, at: usize) -> Kind {
        if self.crlf.binary_search(&at).is_ok() {
            Kind::Crlf
        } else if self.cr.binary_search(&at).is_ok() {
            Kind::Cr
        } else {
            Kind::Lf
        }
    }

    /// The kind of break for new lines in the place of a range without any: that of the line they
    /// are made of, and of whole lines put in, that of the line above. Where there is none, it is
    /// the next one on the other side. A stray CR is no example to follow.
    fn kind_around(&self, range: &Range<usize>) -> Kind {
        let before = self.text.get(..range.start).and_then(|text| text.rfind('\n'));
        let behind = self.text.get(range.end..).and_then(|text| text.find('\n'));
        let behind = behind.map(|at| range.end + at);
        let begins_line = before.map_or(0, |at| at + 1) == range.start;
        let sides = match range.is_empty() && begins_line {
            true => [before, behind],
            false => [behind, before],
        };
        let kinds = sides.into_iter().flatten().map(|at| self.kind(at));
        let mut kinds = kinds.filter(|&kind| self.cr_is_usual || kind != Kind::Cr);
        kinds.next().unwrap_or(Kind::Lf)
    }

    /// A break counts as one character, so an offset never falls between CR and LF.
    fn original(&self, offset: usize) -> usize {
        offset + self.crlf.partition_point(|&at| at < offset)
    }
}

/// The text with LF for every line break.
pub fn with_lf(text: &str) -> Cow<'_, str> {
    if text.contains('\r') {
        text.replace("\r\n", "\n").replace('\r', "\n").into()
    } else {
        text.into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use protocol::Replacement;

    use super::Normal;
    use crate::apply;

    fn restored(text: &str, start: usize, end: usize, new: &str) -> String {
        let replacement = Replacement { start, end, text: new.to_owned() };
        apply(text, &Normal::new(text).restore(vec![replacement])).unwrap()
    }

    #[test]
    fn a_crlf_text_stays_one() {
        assert_eq!(restored("a\r\nb\r\nc", 1, 4, "\nx\ny\n"), "a\r\nx\r\ny\r\nc");
        assert_eq!(restored("a\r\nb\r\n", 3, 3, "!\n"), "a\r\nb!\r\n\r\n");
    }

    #[test]
    fn a_text_with_cr_stays_one() {
        assert_eq!(restored("a\rb\rc", 2, 3, "x\ny"), "a\rx\ry\rc");
    }

    #[test]
    fn in_a_mixed_text_the_replaced_lines_tell_and_then_those_around() {
        assert_eq!(restored("a\r\nb\nc\r\nd", 2, 4, "x\ny\n"), "a\r\nx\ny\nc\r\nd");
        assert_eq!(restored("a\nb\r\nc\n", 0, 6, "A\nB\nC\n"), "A\nB\r\nC\n");
        assert_eq!(restored("a\r\nb\nc\n", 2, 2, "x\n"), "a\r\nx\r\nb\nc\n");
        assert_eq!(restored("a\r\nb", 0, 0, "x\n"), "x\r\na\r\nb");
    }

    #[test]
    fn a_stray_carriage_return_is_no_example() {
        assert_eq!(restored("a\rb\n", 2, 3, "x\ny"), "a\rx\ny\n");
    }

    #[test]
    fn breaks_that_come_are_breaks_of_the_text() {
        assert_eq!(restored("a\nb\n", 2, 3, "x\ry"), "a\nx\ny\n");
        assert_eq!(restored("a\r\nb\r\n", 2, 3, "x\ry"), "a\r\nx\r\ny\r\n");
        let same = Replacement { start: 1, end: 2, text: "\r".to_owned() };
        assert_eq!(Normal::new("a\nb").restore(vec![same]), []);
    }

    #[test]
    fn a_line_of_which_several_are_made_keeps_its_break() {
        assert_eq!(restored("a\nb\r\nc\n", 2, 3, "B\nb2"), "a\nB\r\nb2\r\nc\n");
        assert_eq!(restored("a\r\nb\nc\r\n", 3, 3, "\nb2"), "a\r\nb\nb2\nc\r\n");
        assert_eq!(restored("a\r\nb", 2, 3, "B\nb2"), "a\r\nB\r\nb2");
    }

    proptest! {
        #[test]
        fn what_is_not_replaced_keeps_every_byte(
            before in "[ab\r\n]{0,12}", gone in "[ab\n]{0,4}", after in "[ab\r\n]{0,12}",
        ) {
            // Neither border may fall into a CRLF: no offset of the normal form does.
            prop_assume!(!before.ends_with('\r') && !after.starts_with('\n'));
            let original = format!("{before}{gone}{after}");
            let start = super::with_lf(&before).len();
            let changed = restored(&original, start, start + gone.len(), "<x>");
            prop_assert_eq!(changed, format!("{before}<x>{after}"));
        }
    }
}
