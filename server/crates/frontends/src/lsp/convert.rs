//! Between the client's words for places and ours: URIs and absolute paths, encoded positions and
//! byte offsets.

use std::ops;

use changes::Counting;
use protocol::{AbsPath, ContextPart, Replacement, wire};
use ropey::Rope;
use tower_lsp_server::gen_lsp_types as lsp;

pub(super) use crate::uri::{path, uri};

/// A folder as clients name it: a `file:` URI or an absolute path.
pub(super) fn folder(name: &str) -> Option<AbsPath> {
    path(name).or_else(|| AbsPath::new(name).ok())
}

/// The bytes of a range; one whose ends are swapped means the same.
pub(super) fn bytes(text: &Rope, range: wire::Range, counting: Counting) -> ops::Range<usize> {
    let offset = |at: wire::Position| counting.offset(text, at.line, at.character);
    let (start, end) = (offset(range.start), offset(range.end));
    start.min(end)..start.max(end)
}

/// The range of some bytes.
pub(super) fn range(text: &Rope, bytes: ops::Range<usize>, counting: Counting) -> lsp::Range {
    let position = |offset| {
        let (line, character) = counting.position(text, offset);
        lsp::Position { line, character }
    };
    lsp::Range { start: position(bytes.start), end: position(bytes.end) }
}

/// The range of some bytes, in our own words for it.
pub(super) fn wire_range(text: &Rope, bytes: ops::Range<usize>, counting: Counting) -> wire::Range {
    let position = |offset| {
        let (line, character) = counting.position(text, offset);
        wire::Position { line, character }
    };
    wire::Range { start: position(bytes.start), end: position(bytes.end) }
}

/// The end of the last line. For some editors there is none behind the last line break.
pub(super) fn end(text: &Rope, counting: Counting) -> lsp::Position {
    let breaks = text.chars_at(text.len_chars()).reversed().take(2);
    let breaks = breaks.take_while(|c| matches!(c, '\r' | '\n')).collect::<Vec<_>>();
    let length = match breaks.as_slice() {
        [] => 0,
        ['\n', '\r'] => 2,
        _ => 1,
    };
    let end = text.len_bytes() - length;
    range(text, end..end, counting).end
}

/// The lines that a selection touches. One of whole lines ends where the next line begins, and
/// does not touch it.
pub(super) fn lines(range: wire::Range) -> ops::RangeInclusive<u32> {
    let wire::Range { start: one, end: other } = range;
    let key = |at: &wire::Position| (at.line, at.character);
    let (start, end) = if key(&one) <= key(&other) { (one, other) } else { (other, one) };
    let is_whole = end.line > start.line && end.character == 0;
    start.line..=if is_whole { end.line - 1 } else { end.line }
}

/// What a selection means: its text, or the whole line where nothing is selected.
pub(super) fn selected(text: &Rope, bytes: ops::Range<usize>) -> ops::Range<usize> {
    if !bytes.is_empty() {
        return bytes;
    }
    let line = text.byte_to_line(bytes.start);
    let start = text.line_to_byte(line);
    let breaks = |c: &char| matches!(c, '\r' | '\n');
    let length =
        text.line(line).chars().take_while(|c| !breaks(c)).map(char::len_utf8).sum::<usize>();
    start..start + length
}

/// A selection as the engine takes it.
pub(super) fn selection(
    path: AbsPath,
    text: &Rope,
    bytes: ops::Range<usize>,
    symbol: Option<String>,
) -> ContextPart {
    let line = |offset| u32::try_from(text.byte_to_line(offset)).unwrap_or(u32::MAX);
    let first_line = line(bytes.start) + 1;
    // A selection of whole lines ends where the next line begins, and does not touch it.
    let last_line = line(bytes.end.saturating_sub(1).max(bytes.start)) + 1;
    let text = text.byte_slice(bytes).to_string();
    ContextPart::Selection { path, first_line, last_line, text, symbol }
}

/// A replacement up to the end of a text with a line break there, as one that leaves that break
/// alone. Editors without a line behind it add one to hold what comes there (Neovim, as of 0.11).
pub(super) fn before_last_break(text: &Rope, one: Replacement) -> Replacement {
    let length = text.len_bytes();
    let ends_with = |end: usize, part: &str| {
        let start = end.checked_sub(part.len());
        start.and_then(|start| text.get_byte_slice(start..end)).is_some_and(|it| it == part)
    };
    let Some(last) = ["\r\n", "\n"].into_iter().find(|last| ends_with(length, last)) else {
        return one;
    };
    let Replacement { start, end, text: new } = &one;
    if *end < length {
        return one;
    }
    let end = length - last.len();
    match new.strip_suffix(last) {
        Some(new) if *start <= end => Replacement { start: *start, end, text: new.to_owned() },
        Some(new) if *start == length => {
            Replacement { start: end, end, text: format!("{last}{new}") }
        }
        None if new.is_empty() && ends_with(*start, last) => {
            Replacement { start: start - last.len(), end, text: String::new() }
        }
        _ => one,
    }
}

#[cfg(test)]
mod tests {
    use changes::Encoding;

    use super::*;

    #[test]
    fn what_comes_or_goes_at_the_end_leaves_the_last_break_alone() {
        for last in ["\n", "\r\n"] {
            let before = format!("one{last}two{last}");
            let (length, two) = (before.len(), 3 + last.len());
            let cases = [
                (length, length, format!("three{last}four{last}")),
                (two, length, String::new()),
                (two, length, format!("2{last}")),
                (0, length, String::new()),
                (length, length, "three".to_owned()),
                (two, two + 3, "2".to_owned()),
            ];
            for (start, end, text) in cases {
                let one = Replacement { start, end, text };
                let moved = before_last_break(&Rope::from_str(&before), one.clone());
                let is_at_end = moved.end == length;
                assert_eq!(is_at_end, one.text == "three" || one.start == 0, "{one:?}");
                let goal = changes::apply(&before, &[one]).unwrap();
                assert_eq!(changes::apply(&before, &[moved]).unwrap(), goal);
            }
        }
    }

    #[test]
    fn folders_are_named_by_uris_or_paths() {
        assert_eq!(folder("/plain").unwrap().as_str(), "/plain");
        assert_eq!(folder("file:///a%20b").unwrap().as_str(), "/a b");
        assert_eq!(folder("relative"), None);
    }

    fn at(line: u32, character: u32) -> wire::Position {
        wire::Position { line, character }
    }

    #[test]
    fn a_selection_is_the_same_in_every_encoding() {
        let text = Rope::from_str("fn ü() {\n    \"🦀\"\n}\n");
        for (encoding, end) in [(Encoding::Utf8, 9), (Encoding::Utf16, 7), (Encoding::Utf32, 6)] {
            let range = wire::Range { start: at(1, 5), end: at(1, end) };
            let found = bytes(&text, range, encoding.into());
            assert_eq!(text.byte_slice(found.clone()), "🦀", "{encoding:?}");
            let swapped = wire::Range { start: range.end, end: range.start };
            assert_eq!(bytes(&text, swapped, encoding.into()), found);
            let back = super::range(&text, found, encoding.into());
            assert_eq!((back.start.character, back.end.character), (5, end));
        }
    }

    #[test]
    fn behind_the_last_line_break_there_is_no_line() {
        let end = |text: &str| {
            let lsp::Position { line, character } =
                end(&Rope::from_str(text), Encoding::Utf16.into());
            (line, character)
        };
        assert_eq!((end(""), end("\n"), end("a"), end("a\n")), ((0, 0), (0, 0), (0, 1), (0, 1)));
        assert_eq!((end("a\r\n\r\n"), end("a\n\nbc\n")), ((1, 0), (2, 2)));
    }

    #[test]
    fn without_a_selection_the_line_is_meant() {
        let text = Rope::from_str("one\r\ntwö\n");
        assert_eq!(selected(&text, 6..6), 5..9);
        assert_eq!(selected(&text, 10..10), 10..10);
        assert_eq!(selected(&text, 1..2), 1..2);
    }

    #[test]
    fn whole_lines_do_not_touch_the_next_one() {
        let range = |start, end| wire::Range { start, end };
        assert_eq!(lines(range(at(3, 0), at(5, 0))), 3..=4);
        assert_eq!(lines(range(at(5, 0), at(3, 2))), 3..=4);
        assert_eq!(lines(range(at(3, 0), at(5, 1))), 3..=5);
        assert_eq!(lines(range(at(3, 0), at(3, 0))), 3..=3);
        let path = AbsPath::new("/x").unwrap();
        let text = Rope::from_str("one\ntwo\nthree");
        let ContextPart::Selection { first_line, last_line, text, .. } =
            selection(path, &text, 4..8, None)
        else {
            panic!("not a selection");
        };
        assert_eq!((first_line, last_line, &*text), (2, 2, "two\n"));
    }
}
