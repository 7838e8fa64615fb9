//! What a difference is made of, and that it is one.

use proptest::prelude::*;
use protocol::Replacement;

use super::{diff, fine, unified};
use crate::apply;

fn replace(start: usize, end: usize, text: &str) -> Replacement {
    Replacement { start, end, text: text.into() }
}

#[test]
fn only_what_differs_inside_of_a_line_is_replaced() {
    assert_eq!(diff("let a = 1;\n", "let a = 22;\n"), [replace(8, 9, "22")]);
    assert_eq!(diff("größe\n", "größer\n"), [replace(7, 7, "r")]);
    assert_eq!(diff("same\n", "same\n"), []);
}

#[test]
fn several_lines_are_replaced_whole_and_what_comes_behind_the_last_is_added() {
    assert_eq!(diff("one\ntwo\n", "on\nto\n"), [replace(0, 8, "on\nto\n")]);
    assert_eq!(diff("one\n", "one 1\nover\n"), [replace(0, 4, "one 1\nover\n")]);
    assert_eq!(diff("one\nover\n", "one 1\n"), [replace(0, 9, "one 1\n")]);
    assert_eq!(diff("one", "one\ntwo"), [replace(3, 3, "\ntwo")]);
}

#[test]
fn a_long_change_is_one_for_everybody() {
    let changes = |length: usize| fine(&"ab".repeat(length), &"ac".repeat(length)).len();
    assert_eq!(changes(1_000), 1_000);
    assert_eq!(changes(6_000), 1);
}

#[test]
fn lines_between_changes_stay_as_they_are() {
    let before = "one\ntwo\nthree\nfour\n";
    let after = "ONE\ntwo\nthree\n4\n";
    assert_eq!(diff(before, after), [replace(0, 3, "ONE"), replace(14, 18, "4")]);
    assert_eq!(diff("a\nb\nc\n", "a\nc\n"), [replace(2, 4, "")]);
    assert_eq!(diff("a\nc\n", "a\nb\nc\n"), [replace(2, 2, "b\n")]);
}

#[test]
fn a_character_is_never_cut() {
    // é and è share their first byte, 😀 and 😁 their first three.
    assert_eq!(diff("é", "è"), [replace(0, 2, "è")]);
    assert_eq!(diff("😀x", "😁x"), [replace(0, 4, "😁")]);
}

#[test]
fn a_crlf_is_replaced_whole() {
    assert_eq!(diff("a\r\nb", "a\nb"), [replace(1, 3, "\n")]);
    assert_eq!(diff("a\r\nb", "a\rb"), [replace(1, 3, "\r")]);
}

#[test]
fn big_texts_without_a_common_line_are_done_in_time() {
    let numbered = |word: &str| (0..20_000).map(|n| format!("{word} {n}\n")).collect::<String>();
    let (before, after) = (numbered("old"), numbered("new"));
    assert_eq!(apply(&before, &diff(&before, &after)).unwrap(), after);
}

#[test]
fn the_unified_diff_has_a_header_hunks_and_context() {
    let before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n";
    let after = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n";
    let expected = "\
--- a/src/n.txt
+++ b/src/n.txt
@@ -2,7 +2,7 @@
 2
 3
 4
-5
+five
 6
 7
 8
";
    assert_eq!(unified("src/n.txt", Some(before), after), expected);
    assert_eq!(unified("src/n.txt", Some(before), before), "");
}

#[test]
fn the_unified_diff_shows_new_files_and_missing_last_line_breaks() {
    let created = "--- /dev/null\n+++ b/new\n@@ -0,0 +1,2 @@\n+a\n+b\n";
    assert_eq!(unified("new", None, "a\nb\n"), created);
    let unended = "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-a\n+b\n\\ No newline at end of file\n";
    assert_eq!(unified("f", Some("a\n"), "b"), unended);
}

fn text() -> impl Strategy<Value = String> {
    let pieces = ["a", "b", "ab\n", "\n", "\r\n", "\r", "é", "è", "e\u{301}", "😀", "😁"];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..25).prop_map(|p| p.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_difference_leads_from_one_text_to_the_other(before in text(), after in text()) {
        let changes = diff(&before, &after);
        prop_assert_eq!(apply(&before, &changes).unwrap(), after.as_str());
        for change in &changes {
            prop_assert!(change.start < change.end || !change.text.is_empty());
            for offset in [change.start, change.end] {
                prop_assert!(offset == 0 || !before.as_bytes()[offset - 1..].starts_with(b"\r\n"));
            }
        }
        prop_assert_eq!(apply(&before, &fine(&before, &after)).unwrap(), after);
    }
}
