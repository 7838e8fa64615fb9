//! Both directions against an oracle that walks the text character by character.

use proptest::prelude::*;
use ropey::Rope;

use super::{Breaks, Counting, Encoding};

const ENCODINGS: [Encoding; 3] = [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32];

fn width(encoding: Encoding, char: char) -> usize {
    match encoding {
        Encoding::Utf8 => char.len_utf8(),
        Encoding::Utf16 => char.len_utf16(),
        Encoding::Utf32 => 1,
    }
}

/// Where each line begins, and its text without the break.
fn lines(text: &str) -> Vec<(usize, &str)> {
    let mut lines = Vec::new();
    let mut start = 0;
    while let Some(length) = text[start..].find(['\n', '\r']) {
        let end = start + length;
        lines.push((start, &text[start..end]));
        start = end + if text[end..].starts_with("\r\n") { 2 } else { 1 };
    }
    lines.push((start, &text[start..]));
    lines
}

/// The same for clients whose lines end at LF only.
fn lf_lines(text: &str) -> Vec<(usize, &str)> {
    let lines = text.split('\n');
    lines.map(|line| (line.as_ptr() as usize - text.as_ptr() as usize, line)).collect()
}

fn naive_offset(encoding: Encoding, text: &str, line: usize, character: usize) -> usize {
    offset_in(&lines(text), encoding, text, line, character)
}

fn offset_in(
    lines: &[(usize, &str)],
    encoding: Encoding,
    text: &str,
    line: usize,
    character: usize,
) -> usize {
    let Some(&(start, content)) = lines.get(line) else { return text.len() };
    let mut units = 0;
    for (at, char) in content.char_indices() {
        units += width(encoding, char);
        if units > character {
            return start + at;
        }
    }
    start + content.len()
}

fn naive_position(encoding: Encoding, text: &str, offset: usize) -> (u32, u32) {
    position_in(&lines(text), encoding, offset)
}

fn position_in(lines: &[(usize, &str)], encoding: Encoding, offset: usize) -> (u32, u32) {
    let line = lines.iter().rposition(|&(start, _)| start <= offset).unwrap();
    let (start, content) = lines[line];
    let before = content.char_indices().filter(|(at, c)| start + at + c.len_utf8() <= offset);
    let units: usize = before.map(|(_, char)| width(encoding, char)).sum();
    (line as u32, units as u32)
}

fn text() -> impl Strategy<Value = String> {
    // All that breaks lines, some that does not although Unicode says so, and characters of
    // every width, combining ones included.
    let pieces =
        ["\n", "\r\n", "\r", "\u{b}", "\u{85}", "\u{2028}", "a", "é", "e\u{301}", "日", "😀"];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..40).prop_map(|p| p.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn where_lines_end_at_lf_only_a_cr_is_a_character(
        text in text(), line in 0..20_u32, character in 0..20_u32, at in any::<prop::sample::Index>(),
    ) {
        let rope = Rope::from_str(&text);
        let offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let at = offsets[at.index(offsets.len())];
        for encoding in ENCODINGS {
            let counting = Counting { encoding, breaks: Breaks::Lf };
            let naive = offset_in(&lf_lines(&text), encoding, &text, line as usize, character as usize);
            prop_assert_eq!(counting.offset(&rope, line, character), naive);
            prop_assert_eq!(counting.position(&rope, at), position_in(&lf_lines(&text), encoding, at));
        }
    }

    #[test]
    fn offsets_are_those_of_the_oracle(text in text(), line in 0..12_usize, character in 0..30_usize) {
        let rope = Rope::from_str(&text);
        for encoding in ENCODINGS {
            prop_assert_eq!(
                encoding.offset(&rope, line as u32, character as u32),
                naive_offset(encoding, &text, line, character)
            );
        }
    }

    #[test]
    fn positions_are_those_of_the_oracle_and_lead_back(text in text(), offset in 0..100_usize) {
        let rope = Rope::from_str(&text);
        for encoding in ENCODINGS {
            let position = encoding.position(&rope, offset);
            let clamped = text.floor_char_boundary(offset);
            prop_assert_eq!(position, naive_position(encoding, &text, clamped));
            let inside_crlf = clamped > 0 && text.as_bytes()[clamped - 1..].starts_with(b"\r\n");
            let back = encoding.offset(&rope, position.0, position.1);
            prop_assert_eq!(back, if inside_crlf { clamped - 1 } else { clamped });
        }
    }
}

#[test]
fn long_texts_are_counted_across_the_pieces_of_a_rope() {
    let text = "😀é\r\n".repeat(5000);
    let rope = Rope::from_str(&text);
    assert_eq!(Encoding::Utf16.offset(&rope, 4000, 2), 4000 * 8 + 4);
    assert_eq!(Encoding::Utf16.position(&rope, 4000 * 8 + 4), (4000, 2));
    assert_eq!(Encoding::Utf8.offset(&rope, u32::MAX, u32::MAX), text.len());
    assert_eq!(Encoding::Utf32.position(&rope, usize::MAX), (5000, 0));
}

#[test]
fn long_texts_with_a_cr_are_counted_across_the_pieces_of_a_rope() {
    let text = "😀é\r\n".repeat(5000) + &"x".repeat(5000);
    let rope = Rope::from_str(&text);
    let counting = Counting { encoding: Encoding::Utf16, breaks: Breaks::Lf };
    for (offset, position) in [(4000 * 8 + 7, (4000, 4)), (text.len() - 1, (5000, 4999))] {
        assert_eq!(counting.position(&rope, offset), position);
        assert_eq!(counting.offset(&rope, position.0, position.1), offset);
    }
}

#[test]
fn where_lines_end_at_all_breaks_a_cr_is_one() {
    let rope = Rope::from_str("a\rb\nc");
    let counting = Counting::from(Encoding::Utf16);
    assert_eq!(counting.offset(&rope, 1, 1), 3);
    assert_eq!(counting.position(&rope, 3), (1, 1));
}
