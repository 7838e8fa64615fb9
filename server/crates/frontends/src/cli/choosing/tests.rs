//! What letters do, and what they leave to do.

use protocol::{Hunk, ItemId, Replacement, TurnId};
use ropey::Rope;

use super::*;

const TEXT: &str = "one\ntwo\nthree\n";

fn root() -> AbsPath {
    AbsPath::new("/w").unwrap()
}

/// A hunk on the second line.
fn hunk(id: &str, on: &[&str], after: &str) -> HunkView {
    let replacement = Replacement { start: 4, end: 8, text: after.to_owned() };
    let hunk = serde_json::json!({
        "id": id, "itemId": "call", "replacements": [replacement], "dependsOn": on,
        "reason": format!("{id} is\u{202e} better"), "state": {"kind": "pending"},
    });
    let hunk: Hunk = serde_json::from_value(hunk).unwrap();
    HunkView {
        change_set_id: ItemId::from("set"),
        turn_id: TurnId::from("turn"),
        path: root(),
        kind: FileChangeKind::Edit,
        text: Rope::from_str(TEXT),
        hunk,
        lines: Some(4..8),
        before: "two\n".to_owned(),
        after: after.to_owned(),
    }
}

fn file(name: &str, kind: FileChangeKind, mut hunks: Vec<HunkView>) -> Proposal {
    let path = root().join(name).unwrap();
    hunks.iter_mut().for_each(|view| (view.path, view.kind) = (path.clone(), kind));
    Proposal {
        path,
        kind,
        to: None,
        syntax_errors: Vec::new(),
        texts: None,
        without: None,
        diff: String::new(),
        hunks,
    }
}

/// Two files: in the first the second hunk builds on the first, and a third one stands alone.
fn choosing() -> Choosing {
    let first = vec![hunk("a", &[], "2\n"), hunk("b", &["a"], "II\n"), hunk("c", &[], "zwei\n")];
    let files = vec![
        file("a.txt", FileChangeKind::Edit, first),
        file("gone.txt", FileChangeKind::Delete, vec![hunk("d", &[], "")]),
    ];
    Choosing::new(files, &root()).unwrap()
}

/// Types lines, and gives what the last one came to.
fn typed(choosing: &mut Choosing, lines: &[&str]) -> Step {
    let (last, before) = lines.split_last().unwrap();
    for line in before {
        choosing.hear(Style::default(), line);
    }
    choosing.hear(Style::default(), last)
}

/// The hunks with whether they are accepted, of what is decided.
fn decided(choosing: &Choosing) -> Vec<(String, bool)> {
    let decisions = choosing.decisions(false, None).into_iter();
    let chosen = choosing.parts.iter().map(|part| part.chosen.is_some());
    let decided = decisions.zip(chosen).filter(|(_, chosen)| *chosen);
    decided.map(|(decision, _)| (decision.hunk_id.0, decision.accept)).collect()
}

fn pairs(pairs: &[(&str, bool)]) -> Vec<(String, bool)> {
    pairs.iter().map(|(id, accept)| ((*id).to_owned(), *accept)).collect()
}

#[test]
fn a_hunk_is_shown_with_all_there_is_to_know() {
    let mut choosing = choosing();
    let Step::Ask(shown) = typed(&mut choosing, &["y"]) else { panic!() };
    assert_eq!(
        shown,
        "\nHunk 2 of 4: a.txt:2\nWhy: b is\\u{202e} better\nIt builds on hunk 1.\n\
         @@ -1,3 +1,3 @@\n one\n-two\n+II\n three\nAccept this hunk [y,n,e,c,a,d,q,?]? "
    );
    let Step::Ask(shown) = typed(&mut choosing, &["y", "y"]) else { panic!() };
    assert!(shown.contains("Hunk 4 of 4: gone.txt, which is deleted\n"), "{shown}");
}

#[test]
fn what_builds_on_a_rejected_hunk_goes_with_it() {
    let mut choosing = choosing();
    let Step::Ask(shown) = typed(&mut choosing, &["n too short"]) else { panic!() };
    assert!(shown.starts_with("  Hunk 2 goes with hunk 1, on whose text it builds.\n"), "{shown}");
    assert!(shown.contains("Hunk 3 of 4"), "{shown}");
    assert_eq!(decided(&choosing), pairs(&[("a", false), ("b", false)]));
    let reasons = choosing.decisions(true, Some(&"all fine".to_owned()));
    let reasons: Vec<_> = reasons.iter().map(|it| it.reason.as_deref()).collect();
    assert_eq!(reasons, [Some("too short"), None, Some("all fine"), Some("all fine")]);
}

#[test]
fn the_rest_of_a_file_is_decided_by_one_letter() {
    for (letter, accept) in [("a", true), ("d", false)] {
        let mut choosing = choosing();
        let Step::Ask(shown) = typed(&mut choosing, &["y", letter]) else { panic!() };
        assert!(shown.contains("Hunk 4 of 4"), "{shown}");
        assert_eq!(decided(&choosing), pairs(&[("a", true), ("b", accept), ("c", accept)]));
        assert_eq!(typed(&mut choosing, &["y"]), Step::Over(String::new()));
    }
}

#[test]
fn what_is_unclear_decides_nothing() {
    let mut choosing = choosing();
    for line in ["", "yep", "y if it is safe", "a b", "yn", "q now"] {
        let Step::Ask(shown) = typed(&mut choosing, &[line]) else { panic!("{line}") };
        assert!(shown.starts_with("  Please type one of these: "), "{line}: {shown}");
    }
    assert_eq!(choosing.progress(), (0, 4));
    assert_eq!(typed(&mut choosing, &["q"]), Step::Over(String::new()));
    assert!(!choosing.is_open());
    assert!(choosing.resume(Style::default()).contains("Hunk 1 of 4") && choosing.is_open());
}

#[test]
fn lines_are_accepted_as_edited_and_end_as_the_proposed_ones() {
    let mut choosing = choosing();
    let lines = Lines { file: "a.txt".into(), text: "2\n".into() };
    assert_eq!(typed(&mut choosing, &["e"]), Step::Edit(lines));
    choosing.edited(Style::default(), Ok("zwo".to_owned()));
    choosing.edited(Style::default(), Ok("II\n".to_owned()));
    let decisions = choosing.decisions(false, None);
    assert_eq!(decisions[0].text.as_deref(), Some("zwo\n"));
    assert!(decisions[1].accept && decisions[1].text.is_none());
    choosing.edited(Style::default(), Err("It is gone.".to_owned()));
    assert_eq!(choosing.progress(), (2, 4));
    // A file that goes has no lines to edit.
    let Step::Ask(shown) = typed(&mut choosing, &["y", "e"]) else { panic!() };
    assert!(shown.contains("no lines to edit"), "{shown}");

    assert_eq!(ended_like("a\r\n".into(), "b"), "a");
    assert_eq!(ended_like("a".into(), "b\r\n"), "a\r\n");
    assert_eq!(ended_like(String::new(), "b\n"), "");
}

#[test]
fn a_comment_goes_with_the_decision() {
    let mut choosing = choosing();
    let Step::Ask(shown) = typed(&mut choosing, &["c"]) else { panic!() };
    assert!(shown.contains("Comment"), "{shown}");
    let Step::Ask(shown) = typed(&mut choosing, &["y, but test it"]) else { panic!() };
    assert!(shown.starts_with("  You say: y, but test it\n"), "{shown}");
    typed(&mut choosing, &["y"]);
    let decision = choosing.decisions(false, None).swap_remove(0);
    assert_eq!((decision.accept, decision.reason.as_deref()), (true, Some("y, but test it")));
}
