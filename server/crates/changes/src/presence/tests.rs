//! What counts as being there: examples for each reason, and typing at random places.

use proptest::prelude::*;

use super::shows;

const BEFORE: &str = "fn one() {}\n\nfn two() {\n    1 + 1;\n}\n\nfn three() {}\n";
const PROPOSED: &str = "fn one() {}\n\nfn two() {\n    2\n}\n\nfn three() {}\n";

#[test]
fn the_proposal_itself_shows_and_the_text_before_does_not() {
    assert!(shows(BEFORE, PROPOSED, PROPOSED));
    assert!(!shows(BEFORE, PROPOSED, BEFORE));
    assert!(!shows(BEFORE, PROPOSED, ""));
    assert!(shows(BEFORE, BEFORE, "anything: nothing was proposed"));
}

#[test]
fn typing_elsewhere_does_not_matter() {
    for (from, to) in [
        ("one", "first"),
        ("fn one() {}\n", ""),
        ("three() {}\n", "three() {}\n\nfn four() {}\n"),
        ("two()", "two() -> u8"),
        ("    2\n", "    2\n    // more\n"),
        ("    2\n", "    // more\n    2\n"),
        ("    2\n", "    2 // more\n"),
    ] {
        let typed = PROPOSED.replacen(from, to, 1);
        assert!(shows(BEFORE, PROPOSED, &typed), "{typed}");
    }
    let missing = BEFORE.replacen("one", "first", 1).replacen("three", "third", 1);
    assert!(!shows(BEFORE, PROPOSED, &missing));
}

#[test]
fn an_altered_edit_does_not_show() {
    let proposed = BEFORE.replacen("1 + 1;", "compute(&everything)", 1);
    assert!(!shows(BEFORE, &proposed, &proposed.replacen("every", "any", 1)));
    assert!(!shows(BEFORE, &proposed, &proposed.replacen("compute", "com pute", 1)));
    assert!(!shows(BEFORE, &proposed, &proposed.replacen("compute(&everything)", "", 1)));
}

#[test]
fn half_an_edit_does_not_show() {
    let both = BEFORE.replacen("one", "first", 1).replacen("three", "third", 1);
    assert!(!shows(BEFORE, &both, &BEFORE.replacen("one", "first", 1)));
    assert!(!shows(BEFORE, &both, &BEFORE.replacen("three", "third", 1)));
    assert!(shows(BEFORE, &both, &both.replacen("two", "second", 1)));
}

#[test]
fn a_deletion_shows_by_what_is_not_there() {
    let (before, proposed) = ("foo\nbar\nbaz\n", "foo\nbaz\n");
    assert!(!shows(before, proposed, before));
    assert!(!shows(before, proposed, "foo\nbar\nbaz\nmore\n"));
    assert!(shows(before, proposed, "fooX\nbaz\n"));
    assert!(shows(before, proposed, "foo\n// new\nbaz\n"));
    assert!(shows(before, proposed, "foo\nXbaz\n"));
    // Of two equal things it cannot be said which one is gone, only that one is.
    assert!(!shows("a b b c", "a b c", "a b b c!"));
    assert!(shows("a b b c", "a b c", "a b c!"));
    assert!(!shows("x\nx\n", "x\n", "x\nx\n"));
    assert!(!shows("x\nx\nx\n", "x\nx\n", "new\nx\nx\nx\n"));
}

#[test]
fn an_insertion_beside_its_equal_shows_only_if_both_are_there() {
    let (before, proposed) = ("a\nx\nb\n", "a\nx\nx\nb\n");
    assert!(shows(before, proposed, "A\nx\nx\nb\n"));
    assert!(!shows(before, proposed, "A\nx\nb\n"));
    assert!(shows(before, proposed, "a\nx\nx\ntyped\nb\n"));
}

#[test]
fn what_could_stand_elsewhere_shows_if_it_is_whole_in_one_of_the_places() {
    assert!(!shows(" ", "ba ", "b a "));
    assert!(shows("\né", "\néx\né", "\néax\né"));
    assert!(shows(" aba\nbb", "abba\nbb", "abbab"));
    assert!(!shows("x\n\na", "x\naba", "x\n ba"));
    assert!(!shows("\nab", " b", "b"));
}

#[test]
fn a_new_file_shows_with_text_typed_after_it() {
    assert!(shows("", "new\n", "new\ntyped\n"));
    assert!(!shows("", "new\n", ""));
    assert!(!shows("", "new\n", "typed\n"));
}

#[test]
fn line_breaks_and_characters_of_all_widths_are_text() {
    assert!(shows("a\r\n", "a\r\nb\r\n", "a\r\nb\r\n😀\r\n"));
    assert!(!shows("a\r\n", "a\r\nb\r\nc\r\n", "a\r\nb\nc\r\n"));
    assert!(!shows("é", "è", "éè"));
    assert!(shows("😀 old", "😁 old", "😁 older"));
    // Bytes that characters of two lines have in common are no place to cut.
    assert!(shows("a\nè\n", "a\né\nè\n", "b\né\nè\n"));
    assert!(shows("é\nz\n", "é\nxĩ\nz\n", "é\nxĩ\nq\n"));
}

/// What is done to a line; each line is like no other.
#[derive(Clone, Copy, Debug)]
enum Change {
    Replace,
    Delete,
    InsertBefore,
    Append,
}

fn line(index: usize, change: Option<Change>, who: &str) -> String {
    let before = format!("line {index}: {}\n", "abc".repeat(index + 1));
    match change {
        None => before,
        Some(Change::Replace) => format!("{who} has rewritten {index}\n"),
        Some(Change::Delete) => String::new(),
        Some(Change::InsertBefore) => format!("{who} was here, {index}\n{before}"),
        Some(Change::Append) => format!("{} // {who}\n", before.trim_end()),
    }
}

fn change() -> impl Strategy<Value = Change> {
    prop::sample::select(vec![
        Change::Replace,
        Change::Delete,
        Change::InsertBefore,
        Change::Append,
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn an_edit_shows_through_typing_in_other_lines(
        edit in (0..8_usize, change()),
        typing in prop::collection::vec((0..8_usize, change()), 0..4),
    ) {
        let text = |edited: bool, typed: bool| {
            (0..8).map(|index| {
                let typing = typing.iter().find(|(at, _)| typed && *at == index);
                if index == edit.0 {
                    line(index, edited.then_some(edit.1), "coworker")
                } else {
                    line(index, typing.map(|(_, change)| *change), "somebody")
                }
            }).collect::<String>()
        };
        let (before, proposed) = (text(false, false), text(true, false));
        prop_assert!(shows(&before, &proposed, &text(true, true)));
        prop_assert!(!shows(&before, &proposed, &text(false, true)));
    }

    // Little is unlike anything else here, so it has to be seen that what was typed beside the
    // new text may look like a part of it.
    #[test]
    fn an_insertion_shows_with_anything_typed_beside_it(
        line in "[ab]{0,4}",
        at in 0..5_usize,
        new in "[ab]{1,4}",
        [start, left, right, end] in prop::array::uniform4("[ab]{0,2}"),
    ) {
        let (front, back) = line.split_at(at.min(line.len()));
        let proposed = format!("{front}{new}{back}");
        let actual = format!("{start}{front}{left}{new}{right}{back}{end}");
        prop_assert!(shows(&line, &proposed, &actual), "{line} {proposed} {actual}");
    }

    #[test]
    fn any_texts_at_all_have_an_answer(texts in prop::array::uniform3("[a\n\réè😀😁]{0,12}")) {
        let [before, proposed, actual] = texts;
        let shown = shows(&before, &proposed, &actual);
        prop_assert!(shown || actual != proposed);
        prop_assert!(!shown || actual != before || before == proposed);
    }
}
