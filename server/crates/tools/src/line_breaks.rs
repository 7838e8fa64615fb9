//! Line breaks: models write LF, files may have CRLF, and neither may be spoiled.
//!
//! Texts are compared and changed in a form that has LF only; [`Normal`] knows the way back to
//! the file's own bytes, so that nothing but what changes is touched. A lone CR of the file is
//! text and stays; one that a model would add becomes a line break, because editors make it one,
//! and then their text would not be the one that was approved.

use std::borrow::Cow;
use std::ops::Range;

use protocol::Replacement;

/// A text with LF for every CRLF, and the way back.
pub(crate) struct Normal<'a> {
    /// The text. Lone CRs are ordinary characters.
    pub text: Cow<'a, str>,
    // Where in `text` the LFs stand that were CRLF, in ascending order.
    crlf: Vec<usize>,
}

impl<'a> Normal<'a> {
    /// Takes a text with line breaks of any kind.
    pub(crate) fn new(original: &'a str) -> Self {
        let crlf: Vec<usize> =
            original.match_indices("\r\n").enumerate().map(|(nth, (at, _))| at - nth).collect();
        Self { text: without_crlf(original), crlf }
    }

    /// The same replacements for the original text, written with its line breaks: those of the
    /// stretch that is replaced, else those most of the text has. What would replace a text by
    /// itself is left out.
    pub(crate) fn restore(&self, replacements: Vec<Replacement>) -> Vec<Replacement> {
        let restored = replacements.into_iter().filter_map(|replacement| {
            let range = replacement.start..replacement.end;
            let new = with_lf(&replacement.text);
            (self.text.get(range.clone()) != Some(&*new)).then(|| Replacement {
                text: self.with_breaks_of(&range, new.into_owned()),
                start: self.original(range.start),
                end: self.original(range.end),
            })
        });
        restored.collect()
    }

    fn with_breaks_of(&self, range: &Range<usize>, new: String) -> String {
        let was_crlf = |at: usize| self.crlf.binary_search(&at).is_ok();
        let replaced = self.text.get(range.clone()).unwrap_or_default();
        let crlf = match replaced.find('\n') {
            Some(at) => was_crlf(range.start + at),
            None => self.crlf.len() * 2 > self.text.matches('\n').count(),
        };
        if crlf { new.replace('\n', "\r\n") } else { new }
    }

    /// A break counts as one character, so an offset never falls between CR and LF.
    fn original(&self, offset: usize) -> usize {
        offset + self.crlf.partition_point(|&at| at < offset)
    }
}

/// The text with LF for every CRLF.
pub(crate) fn without_crlf(text: &str) -> Cow<'_, str> {
    if text.contains("\r\n") { text.replace("\r\n", "\n").into() } else { text.into() }
}

/// The text of a new file: with CRLF where it has one, else with LF, and no lone CR.
pub(crate) fn of_one_kind(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return text.into();
    }
    let crlf = text.contains("\r\n");
    let text = with_lf(text);
    if crlf { text.replace('\n', "\r\n").into() } else { text.into_owned().into() }
}

/// The text with LF for every line break, lone CRs among them.
fn with_lf(text: &str) -> Cow<'_, str> {
    if text.contains('\r') { without_crlf(text).replace('\r', "\n").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use protocol::Replacement;

    use super::{Normal, of_one_kind};

    fn restored(text: &str, start: usize, end: usize, new: &str) -> String {
        let replacement = Replacement { start, end, text: new.to_owned() };
        changes::apply(text, &Normal::new(text).restore(vec![replacement])).unwrap()
    }

    #[test]
    fn a_crlf_file_stays_one() {
        assert_eq!(restored("a\r\nb\r\nc", 1, 4, "\nx\ny\n"), "a\r\nx\r\ny\r\nc");
        assert_eq!(restored("a\r\nb\r\n", 3, 3, "!\n"), "a\r\nb!\r\n\r\n");
    }

    #[test]
    fn in_a_mixed_file_the_replaced_lines_tell() {
        assert_eq!(restored("a\r\nb\nc\r\nd", 2, 4, "x\ny\n"), "a\r\nx\ny\nc\r\nd");
    }

    #[test]
    fn lone_carriage_returns_of_the_file_are_text() {
        assert_eq!(restored("a\rb\n", 2, 3, "x\ny"), "a\rx\ny\n");
    }

    #[test]
    fn lone_carriage_returns_of_the_model_are_line_breaks() {
        assert_eq!(restored("a\nb\n", 2, 3, "x\ry"), "a\nx\ny\n");
        assert_eq!(restored("a\r\nb\r\n", 2, 3, "x\ry"), "a\r\nx\r\ny\r\n");
        let same = Replacement { start: 1, end: 2, text: "\r".to_owned() };
        assert_eq!(Normal::new("a\nb").restore(vec![same]), []);
    }

    #[test]
    fn a_new_file_has_line_breaks_of_one_kind() {
        assert_eq!(of_one_kind("a\rb\n"), "a\nb\n");
        assert_eq!(of_one_kind("a\rb\r\nc\n"), "a\r\nb\r\nc\r\n");
    }
}
