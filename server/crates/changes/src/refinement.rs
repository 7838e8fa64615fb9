//! A replacement taken apart into what it changes: whoever formats a document, or has an editor
//! that sends whole lines, has not written anew what stays the same.

use protocol::Replacement;
use ropey::Rope;

use crate::diff::changed_lines;

/// What putting `new` in the place of `old` changes. Lines that are equal stay; where only white
/// space differs, everything else stays. `start` is where `old` stands, in bytes.
pub fn refined(old: &str, new: &str, start: usize) -> Vec<Replacement> {
    let changed = changed_lines(old, new);
    let parts = changed.into_iter().flat_map(|lines| {
        let (was, is) = (&old[lines.old.clone()], &new[lines.new.clone()]);
        let ink =
            |text: &str| text.chars().filter(|char| !char.is_whitespace()).collect::<String>();
        let parts = match ink(was) {
            ink_of_was if !ink_of_was.is_empty() && ink_of_was == ink(is) => spaced(was, is),
            _ => vec![Replacement { start: 0, end: was.len(), text: is.to_owned() }],
        };
        let at = start + lines.old.start;
        parts.into_iter().map(move |part| Replacement {
            start: at + part.start,
            end: at + part.end,
            text: part.text,
        })
    });
    parts.collect()
}

/// Lines that are put into a text, as whole lines if that comes to the same. Of lines that begin or
/// end alike, an editor may say that the new one came in their middle; then it would be torn when
/// the text around it goes.
pub fn whole_lines(text: &Rope, put_in: &Replacement) -> Replacement {
    let Replacement { start, end, text: new } = put_in;
    let at = (*start).min(text.len_bytes());
    if start != end || !new.contains('\n') {
        return put_in.clone();
    }
    let line = text.byte_to_line(at);
    let first = text.line_to_byte(line);
    let said = |from: usize, to: usize| text.get_byte_slice(from..to).map(String::from);
    // What stands before it in its line, it ends with.
    if let Some(before) = said(first, at)
        && let Some(rest) = new.strip_suffix(before.as_str())
    {
        return Replacement { start: first, end: first, text: before + rest };
    }
    // What stands behind it in its line, it begins with.
    let next = text.line_to_byte((line + 1).min(text.len_lines()));
    if let Some(behind) = said(at, next).filter(|behind| behind.ends_with('\n'))
        && let Some(rest) = new.strip_prefix(behind.as_str())
    {
        return Replacement { start: next, end: next, text: rest.to_owned() + &behind };
    }
    put_in.clone()
}

/// The differences of two texts that differ in white space only.
fn spaced(old: &str, new: &str) -> Vec<Replacement> {
    let mut changed = Vec::new();
    let (mut at, mut behind) = (0, 0);
    loop {
        let (was, is) = (blank(&old[at..]), blank(&new[behind..]));
        if was != is {
            let equal = was.chars().zip(is.chars()).take_while(|(was, is)| was == is);
            let same: usize = equal.map(|(char, _)| char.len_utf8()).sum();
            let (start, end) = (at + same, at + was.len());
            changed.push(Replacement { start, end, text: is[same..].to_owned() });
        }
        at += was.len();
        behind += is.len();
        let Some(char) = old[at..].chars().next() else { return changed };
        at += char.len_utf8();
        behind += char.len_utf8();
    }
}

/// The white space that a text begins with.
fn blank(text: &str) -> &str {
    &text[..text.len() - text.trim_start().len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::apply;

    fn kept(old: &str, new: &str) -> usize {
        old.len() - refined(old, new, 0).iter().map(|one| one.end - one.start).sum::<usize>()
    }

    #[test]
    fn where_only_white_space_differs_everything_else_stays() {
        assert_eq!(kept("if a {\nb( );\n}\n", "if a {\n    b();\n}\n"), "if a {\nb();\n}\n".len());
        assert_eq!(kept("f(a,b)\n", "f(\n    a,\n    b\n)\n"), "f(a,b)\n".len());
    }

    #[test]
    fn more_indentation_is_put_in_behind_what_was_there() {
        let more = Replacement { start: 6, end: 6, text: "  ".into() };
        assert_eq!(refined("one\n\tb\n", "one\n\t  b\n", 1), [more]);
    }

    #[test]
    fn equal_lines_stay_and_others_go() {
        assert_eq!(kept("one\ntwo\nthree\n", "one\n2\nthree\n"), "one\nthree\n".len());
        assert_eq!(kept("  \n", "\t\n"), 0, "white space alone tells nothing");
    }

    #[test]
    fn a_line_is_put_in_as_one() {
        let text = Rope::from_str("    a\n    b\n");
        let put_in = |at, new: &str| {
            whole_lines(&text, &Replacement { start: at, end: at, text: new.into() })
        };
        let whole = Replacement { start: 6, end: 6, text: "    x\n".into() };
        assert_eq!(put_in(10, "x\n    "), whole, "between two beginnings that are alike");
        assert_eq!(put_in(5, "\n    x"), whole, "at the end of a line");
        assert_eq!(put_in(6, "    x\n"), whole);
        let torn = Replacement { start: 4, end: 4, text: "x\ny".into() };
        assert_eq!(put_in(4, "x\ny"), torn);
        let replaced = Replacement { start: 4, end: 5, text: "x\n    ".into() };
        assert_eq!(whole_lines(&text, &replaced), replaced);
    }

    proptest! {
        #[test]
        fn whole_lines_lead_to_the_same_text(
            text in "[ab \r\n\u{e9}]{0,20}",
            at in 0..20_usize,
            new in "[ab \r\n\u{e9}]{0,8}",
        ) {
            let at = (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap();
            let put_in = Replacement { start: at, end: at, text: new };
            let whole = whole_lines(&Rope::from_str(&text), &put_in);
            prop_assert_eq!(apply(&text, &[whole]).unwrap(), apply(&text, &[put_in]).unwrap());
        }

        #[test]
        fn it_leads_to_the_new_text(
            old in "[ab \\n\u{e9}\u{1f600}]{0,30}",
            new in "[ab \\n\u{e9}\u{1f600}]{0,30}",
        ) {
            prop_assert_eq!(apply(&old, &refined(&old, &new, 0)).unwrap(), new);
        }

        #[test]
        fn of_a_formatted_text_all_ink_stays(words in prop::collection::vec("[a-z\u{1f600}]{1,4}", 1..9)) {
            let (old, new) = (words.join(" "), words.join("\n    "));
            let gone = refined(&old, &new, 0).into_iter();
            for one in gone {
                prop_assert!(old[one.start..one.end].trim().is_empty());
            }
        }
    }
}
