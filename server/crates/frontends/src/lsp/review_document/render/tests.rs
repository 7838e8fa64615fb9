//! The text of the review document, and what its lines mean.

use protocol::{Hunk, ItemId, Replacement, TurnId};
use ropey::Rope;

use super::*;

const TEXT: &str = "one\ntwo\nthree\nfour\nfive\nsix\n";

fn root() -> AbsPath {
    AbsPath::new("/project").unwrap()
}

/// A hunk on the third line.
fn hunk(id: &str, state: HunkState, after: &str) -> HunkView {
    let replacement = Replacement { start: 8, end: 14, text: after.to_owned() };
    let hunk = serde_json::json!({
        "id": id, "itemId": "call", "replacements": [replacement], "state": state,
    });
    let hunk: Hunk = serde_json::from_value(hunk).unwrap();
    HunkView {
        change_set_id: ItemId::from("set"),
        turn_id: TurnId::from("turn"),
        path: root().join("a.txt").unwrap(),
        text: Rope::from_str(TEXT),
        lines: Some(8..14),
        before: "three\n".to_owned(),
        after: after.to_owned(),
        hunk,
    }
}

fn file(kind: FileChangeKind, hunks: Vec<HunkView>) -> Proposal {
    Proposal {
        path: root().join("a.txt").unwrap(),
        kind,
        to: None,
        syntax_errors: Vec::new(),
        texts: None,
        diff: String::new(),
        hunks,
    }
}

fn ids(page: &Page, line: u32) -> Vec<String> {
    page.hunks(line..=line).0.into_iter().map(|id| id.0).collect()
}

#[test]
fn every_line_means_the_hunks_it_is_about() {
    let hunks =
        vec![hunk("h1", HunkState::Applied, "3\n"), hunk("h2", HunkState::Pending, "three\nand\n")];
    let page = page(&[file(FileChangeKind::Edit, hunks)], "make it\u{1b} short", &root());
    let expected = "\
# Coworker: 2 changes in 1 file, 1 waits for you
# Asked: make it\\u{1b} short
# Each change is decided by code actions on its lines, all of them by those on this line.

--- a/a.txt
+++ b/a.txt
@@ -1,6 +1,6 @@ change 1: applied
 one
 two
-three
+3
 four
 five
 six
@@ -1,6 +1,7 @@ change 2: waits for you
 one
 two
 three
+and
 four
 five
 six
";
    assert_eq!(page.text, expected);
    assert_eq!(page.first, 14, "what waits comes first");
    assert_eq!(ids(&page, 0), ["h1", "h2"]);
    assert_eq!(ids(&page, 4), ["h1", "h2"], "the file");
    for line in 6..14 {
        assert_eq!(ids(&page, line), ["h1"], "{line}");
    }
    assert_eq!(ids(&page, 20), ["h2"]);
    let scope = |lines| page.hunks(lines).1;
    assert_eq!((scope(0..=0), scope(4..=4), scope(7..=7)), (Scope::Set, Scope::File, Scope::Here));
    assert_eq!((scope(0..=9), scope(4..=15)), (Scope::Set, Scope::File));
    let selected = page.hunks(13..=14);
    assert_eq!((selected.0.len(), selected.1), (2, Scope::Here), "a selection");
}

#[test]
fn nothing_hides_and_what_has_no_place_is_told() {
    let mut lost =
        hunk("h1", HunkState::Conflicted { reason: "it is gone".into() }, "a\u{202e}b\n");
    lost.lines = None;
    let page = page(&[file(FileChangeKind::Create, vec![lost])], "", &root());
    let body = "--- /dev/null\n+++ b/a.txt\n@@ -0,0 +0,0 @@ change 1: conflict: it is gone\n+a\\u{202e}b\n";
    assert!(page.text.ends_with(body), "{}", page.text);
    assert_eq!(ids(&page, 99), ["h1"]);
}
