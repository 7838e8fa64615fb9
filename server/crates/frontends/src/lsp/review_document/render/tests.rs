//! The text of the review document, and what its lines mean.

use protocol::{Hunk, ItemId, Replacement, TurnId};
use ropey::Rope;

use super::*;
use crate::lsp::review_document::drafts::Drafts;

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
        kind: FileChangeKind::Edit,
        text: Rope::from_str(TEXT),
        lines: Some(8..14),
        before: "three\n".to_owned(),
        after: after.to_owned(),
        hunk,
    }
}

fn file(kind: FileChangeKind, mut hunks: Vec<HunkView>) -> Proposal {
    hunks.iter_mut().for_each(|view| view.kind = kind);
    Proposal {
        path: root().join("a.txt").unwrap(),
        kind,
        to: None,
        syntax_errors: Vec::new(),
        texts: None,
        without: None,
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
# Lines with + can be changed before that, and a line with # below them is said to the model.

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
    assert_eq!(page.first, 15, "what waits comes first");
    assert_eq!(ids(&page, 0), ["h1", "h2"]);
    assert_eq!(ids(&page, 5), ["h1", "h2"], "the file");
    for line in 7..15 {
        assert_eq!(ids(&page, line), ["h1"], "{line}");
    }
    assert_eq!(ids(&page, 21), ["h2"]);
    let scope = |lines| page.hunks(lines).1;
    assert_eq!((scope(0..=0), scope(5..=5), scope(8..=8)), (Scope::Set, Scope::File, Scope::Here));
    assert_eq!((scope(0..=10), scope(5..=16)), (Scope::Set, Scope::File));
    let selected = page.hunks(14..=15);
    assert_eq!((selected.0.len(), selected.1), (2, Scope::Here), "a selection");
}

/// A page of two hunks, of which the second waits.
fn waiting(after: &str) -> Page {
    let hunks = vec![hunk("h1", HunkState::Applied, "3\n"), hunk("h2", HunkState::Pending, after)];
    page(&[file(FileChangeKind::Edit, hunks)], "", &root())
}

/// What is written about the second hunk: the new lines and the comment.
fn written(page: &Page, text: &str) -> Option<(Option<String>, Option<String>)> {
    let (_, drafts) = page.read(text)?;
    let section = page.sections.iter().find(|it| it.lines.is_some()).unwrap();
    let draft = drafts.get(&section.hunks[0])?;
    let lines = draft.text(section.lines.as_ref().unwrap());
    Some((lines.map(|(_, text)| text), draft.comment()))
}

#[test]
fn lines_can_be_written_otherwise_and_be_commented() {
    let page = waiting("three\nand\n");
    assert_eq!(page.read(&page.text).unwrap().1, Drafts::new());
    let text = page.text.replace("+and", "+und\n+so\n\n# short,\n# please");
    let text = text.replace("@@ -1,6 +1,7 @@", "@@ -1,6 +1,8 @@");
    let found = written(&page, &text).unwrap();
    let words = (Some("three\nund\nso\n".to_owned()), Some("short,\nplease".to_owned()));
    assert_eq!(found, words);
    let (moved, drafts) = page.read(&text).unwrap();
    assert_eq!(page.with(&drafts).replace("1,7", "1,8"), text, "it is shown again as it was");
    let last = u32::try_from(text.lines().count() - 1).unwrap();
    assert_eq!(ids(&moved, last), ["h2"]);
    let without = page.text.replace("+and\n", "");
    assert_eq!(written(&page, &without).unwrap().0.unwrap(), "three\n");
}

#[test]
fn nothing_else_of_the_document_can_be_written_otherwise() {
    let page = waiting("three\nand\n");
    for (from, to) in [
        ("+3", "+4"),
        (" six\n", " sixth\n"),
        ("# Coworker", "# Boss"),
        ("+and", "and"),
        (" one\n two\n three\n+and", " one\n+new\n two\n three\n+and"),
        ("change 2", "change 3"),
    ] {
        let text = page.text.replace(from, to);
        assert_ne!(text, page.text);
        assert_eq!(page.read(&text), None, "{to}");
    }
    for hidden in ["a\u{202e}b\nc\n", "a\rb\nc\n", "a\r\r\nc\n", "a\nc\r"] {
        let page = waiting(hidden);
        let text = page.text.replace("+c", "+d");
        assert_eq!(page.read(&text), None, "{hidden:?} is not shown as it is");
    }
}

#[test]
fn what_an_editor_trims_when_it_saves_is_nobodys_wish() {
    let page = waiting("three  \n    \nand\n");
    let trimmed = page.text.replace("three  \n", "three\n").replace("+    \n", "+\n");
    assert_eq!(page.read(&trimmed).unwrap().1, Drafts::new());
    let found = written(&page, &trimmed.replace("+and", "+und")).unwrap();
    assert!(found.0.as_ref().unwrap().starts_with("three  \n"), "{found:?}");
    let wish = page.text.replace("+and", "+and  ");
    assert_eq!(written(&page, &wish).unwrap().0.unwrap(), "three  \n    \nand  \n");
}

#[test]
fn other_lines_end_as_those_they_stand_for() {
    let mut view = hunk("h", HunkState::Pending, "3\r\n4");
    view.before = "three".to_owned();
    let page = page(&[file(FileChangeKind::Edit, vec![view])], "", &root());
    let found = written(&page, &page.text.replace("+4\n", "+4\n+5\n")).unwrap();
    assert_eq!(found.0.unwrap(), "3\r\n4\r\n5");
    let mut view = hunk("h", HunkState::Pending, "");
    view.hunk.replacements.clear();
    let page = super::page(&[file(FileChangeKind::Edit, vec![view])], "", &root());
    let found = written(&page, &page.text.replace("-three\n", "-three\n+3\n")).unwrap();
    assert_eq!(found.0.unwrap(), "3\n");
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
