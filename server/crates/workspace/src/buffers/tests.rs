//! The mirror against a plain `String`, and whose text counts.

use changes::Encoding;
use engine::{ConnectionId, Origin};
use protocol::{AbsPath, Replacement};

use super::{Buffers, ChangeRefused, TextChange};

const VIM: ConnectionId = ConnectionId(1);
const CODE: ConnectionId = ConnectionId(2);

fn path(path: &str) -> AbsPath {
    AbsPath::new(path).unwrap()
}

fn opened(text: &str) -> (Buffers, AbsPath) {
    let mut buffers = Buffers::default();
    let name = path("/a.rs");
    buffers.open(VIM, &name, name.clone(), 1, text);
    (buffers, name)
}

fn text(buffers: &Buffers, path: &AbsPath) -> String {
    buffers.authoritative(path).unwrap().text.to_string()
}

fn revision(buffers: &Buffers, path: &AbsPath) -> u64 {
    buffers.authoritative(path).unwrap().into_snapshot().stamp.revision
}

fn whole(text: &str) -> Vec<TextChange> {
    vec![TextChange { range: None, text: text.into() }]
}

fn ranged(start: (u32, u32), end: (u32, u32), text: &str) -> TextChange {
    TextChange { range: Some((start, end)), text: text.into() }
}

#[test]
fn changes_of_one_notification_apply_one_after_the_other() {
    let (mut buffers, name) = opened("one\ntwo\n");
    let changes = vec![ranged((0, 0), (0, 0), "zero\n"), ranged((1, 0), (2, 3), "1\n2")];
    buffers.change(VIM, &name, 5, changes, Encoding::Utf16).unwrap();
    assert_eq!(text(&buffers, &name), "zero\n1\n2\n");
    let origin = buffers.authoritative(&name).unwrap().into_snapshot().origin;
    assert_eq!(origin, Origin::Buffer { connection: VIM, version: 5 });
}

#[test]
fn what_changed_since_is_told_of_all_documents() {
    let (mut buffers, name) = opened("a");
    let (other, closed, file) = (path("/b.rs"), path("/c.rs"), path("/d.rs"));
    buffers.open(CODE, &other, other.clone(), 1, "b");
    let (before, all) = buffers.changed_since(0);
    assert_eq!(all, [name.clone(), other.clone()]);
    assert_eq!(buffers.changed_since(before), (before, vec![]));
    for version in 2..4 {
        buffers.change(VIM, &name, version, whole("other"), Encoding::Utf16).unwrap();
    }
    assert_eq!(buffers.changed_since(0).1, [other.clone(), name.clone()]);
    assert_eq!(buffers.changed_since(before).1, [name], "once, however often it changed");
    let (before, _) = buffers.changed_since(before);
    buffers.open(CODE, &closed, closed.clone(), 1, "c");
    buffers.disconnect(CODE);
    buffers.stamp_of_file(&file, "1".into());
    buffers.stamp_of_file(&file, "1".into());
    let (before, mut changed) = buffers.changed_since(before);
    // Which one a connection that ends closes first is left open.
    changed.sort();
    assert_eq!(changed, [other, closed, file.clone()]);
    buffers.file_is_gone(&file);
    assert_eq!(buffers.changed_since(before).1, [file]);
}

#[test]
fn lines_at_the_end_come_and_go_with_their_own_breaks() {
    for last in ["\n", "\r\n"] {
        let (mut buffers, name) = opened(&format!("one{last}"));
        let first = revision(&buffers, &name);
        let steps = [ranged((0, 3), (0, 3), &format!("{last}two")), ranged((0, 3), (1, 3), "")];
        for (version, step) in (2..).zip(steps) {
            buffers.change(VIM, &name, version, vec![step], Encoding::Utf16).unwrap();
        }
        assert_eq!(text(&buffers, &name), format!("one{last}"));
        let (end, two) = (3 + last.len(), format!("two{last}"));
        let edits = buffers.edits_between(&name, first, revision(&buffers, &name)).unwrap();
        let came = Replacement { start: end, end, text: two.clone() };
        let went = Replacement { start: end, end: end + two.len(), text: String::new() };
        assert_eq!(edits, [[came], [went]]);
    }
}

#[test]
fn ranges_beyond_the_text_stand_for_its_end() {
    let (mut buffers, name) = opened("ab");
    let changes = vec![ranged((0, 9), (0, 9), "c"), ranged((7, 0), (9, 9), "\nd")];
    buffers.change(VIM, &name, 2, changes, Encoding::Utf16).unwrap();
    assert_eq!(text(&buffers, &name), "abc\nd");
}

#[test]
fn half_a_surrogate_pair_is_a_whole_character() {
    let (mut buffers, name) = opened("a😀b");
    buffers.change(VIM, &name, 2, vec![ranged((0, 2), (0, 3), "")], Encoding::Utf16).unwrap();
    assert_eq!(text(&buffers, &name), "ab");
}

#[test]
fn a_reversed_range_is_turned_round() {
    let (mut buffers, name) = opened("text");
    let changes = vec![ranged((0, 3), (0, 1), "Y")];
    buffers.change(VIM, &name, 2, changes, Encoding::Utf8).unwrap();
    assert_eq!(text(&buffers, &name), "tYt");
}

#[test]
fn a_refused_change_leaves_everything_as_it_was() {
    let (mut buffers, name) = opened("text");
    let refused = buffers.change(CODE, &name, 2, whole("mine"), Encoding::Utf8);
    assert_eq!(refused, Err(ChangeRefused::NotOpen(name.clone())));
    assert_eq!(text(&buffers, &name), "text");
}

#[test]
fn the_text_last_opened_edited_or_focused_counts() {
    let (mut buffers, name) = opened("vim");
    buffers.open(CODE, &name, name.clone(), 1, "code");
    assert_eq!(text(&buffers, &name), "code");
    buffers.change(VIM, &name, 2, whole("vim 2"), Encoding::Utf8).unwrap();
    assert_eq!(text(&buffers, &name), "vim 2");
    assert!(buffers.focus(CODE, &name));
    assert_eq!(text(&buffers, &name), "code");
    assert_eq!(buffers.replica(VIM, &name).unwrap().text.to_string(), "vim 2");
    buffers.close(CODE, &name);
    assert_eq!(text(&buffers, &name), "vim 2");
}

#[test]
fn closing_and_disconnecting_forget_the_text() {
    let (mut buffers, name) = opened("text");
    let other = path("/b.rs");
    buffers.open(VIM, &other, other.clone(), 1, "");
    assert!(buffers.close(VIM, &name) && !buffers.close(VIM, &name));
    assert!(!buffers.is_open(&name) && buffers.is_open(&other));
    buffers.open(CODE, &name, name.clone(), 1, "code");
    assert!(buffers.disconnect(VIM) && !buffers.disconnect(VIM));
    assert!(!buffers.is_open(&other) && buffers.is_open(&name));
}

#[test]
fn a_second_opening_replaces_the_first() {
    let (mut buffers, name) = opened("old");
    buffers.open(VIM, &name, name.clone(), 1, "new");
    buffers.change(VIM, &name, 2, vec![ranged((0, 3), (0, 3), "er")], Encoding::Utf8).unwrap();
    assert_eq!(text(&buffers, &name), "newer");
    buffers.close(VIM, &name);
    assert!(!buffers.is_open(&name));
}

#[test]
fn two_names_of_one_file_are_one_document() {
    let (mut buffers, real) = opened("real");
    let link = path("/link.rs");
    buffers.open(VIM, &link, real.clone(), 1, "through the link");
    assert_eq!(text(&buffers, &real), "through the link");
    assert!(buffers.authoritative(&link).is_none());
    buffers.change(VIM, &link, 2, whole("changed"), Encoding::Utf8).unwrap();
    assert_eq!(text(&buffers, &real), "changed");
    assert_eq!(buffers.replica(VIM, &real).unwrap().text.to_string(), "real");
    buffers.close(VIM, &link);
    assert_eq!(text(&buffers, &real), "real");
}

#[test]
fn revisions_rise_with_every_change_and_stay_without() {
    let (mut buffers, name) = opened("a");
    let mut last = revision(&buffers, &name);
    assert_eq!(revision(&buffers, &name), last);
    let mut rises = |buffers: &Buffers| {
        let now = revision(buffers, &name);
        let rose = now > last;
        last = now;
        rose
    };
    buffers.change(VIM, &path("/a.rs"), 2, whole("b"), Encoding::Utf8).unwrap();
    assert!(rises(&buffers));
    buffers.open(CODE, &path("/a.rs"), path("/a.rs"), 1, "c");
    assert!(rises(&buffers));
    buffers.focus(VIM, &path("/a.rs"));
    assert!(rises(&buffers));
    buffers.focus(VIM, &path("/a.rs"));
    assert!(!rises(&buffers));
    buffers.close(VIM, &path("/a.rs"));
    assert!(rises(&buffers));
    buffers.close(CODE, &path("/a.rs"));
    let on_disk = buffers.stamp_of_file(&path("/a.rs"), "1".into()).revision;
    assert!(on_disk > last);
    assert_eq!(buffers.stamp_of_file(&path("/a.rs"), "1".into()).revision, on_disk);
    assert!(buffers.stamp_of_file(&path("/a.rs"), "2".into()).revision > on_disk);
}

#[test]
fn a_hash_is_kept_for_its_text_and_no_other() {
    let (mut buffers, name) = opened("a");
    let snapshot = buffers.authoritative(&name).unwrap().into_snapshot();
    buffers.remember(&snapshot);
    assert_eq!(buffers.authoritative(&name).unwrap().hash, Some(snapshot.stamp.hash.clone()));
    buffers.change(VIM, &name, 2, whole("b"), Encoding::Utf8).unwrap();
    buffers.remember(&snapshot);
    assert_eq!(buffers.authoritative(&name).unwrap().hash, None);
}

#[test]
fn the_editor_that_counts_tells_how_its_text_came_about() {
    let (mut buffers, name) = opened("one\ntwo\n");
    let first = revision(&buffers, &name);
    let changes = vec![ranged((0, 0), (0, 3), "é\n"), ranged((1, 0), (2, 0), "")];
    buffers.change(VIM, &name, 2, changes, Encoding::Utf16).unwrap();
    let second = revision(&buffers, &name);
    buffers.change(VIM, &name, 3, vec![ranged((0, 1), (0, 1), "!")], Encoding::Utf16).unwrap();
    let third = revision(&buffers, &name);
    let step = |start, end, text: &str| vec![Replacement { start, end, text: text.into() }];
    let steps = [step(0, 3, "é\n"), step(3, 4, ""), step(2, 2, "!")];
    assert_eq!(buffers.edits_between(&name, first, third).unwrap(), steps);
    assert_eq!(buffers.edits_between(&name, first, second).unwrap(), steps[..2]);
    assert_eq!(buffers.edits_between(&name, second, third).unwrap(), steps[2..]);
    assert_eq!(buffers.edits_between(&name, third, third).unwrap(), [[]; 0]);
    for (from, to) in [(first - 1, third), (third, first), (first, third + 1)] {
        assert_eq!(buffers.edits_between(&name, from, to), None);
    }
    assert_eq!(buffers.edits_between(&path("/b.rs"), 0, 0), None);
}

type Happening<'a> = &'a dyn Fn(&mut Buffers, &AbsPath);

#[test]
fn what_is_no_edit_begins_a_new_history() {
    let add = |buffers: &mut Buffers, connection, name: &AbsPath| {
        let change = vec![ranged((0, 0), (0, 0), "x")];
        buffers.change(connection, name, 2, change, Encoding::Utf8).unwrap();
    };
    let link = path("/link.rs");
    let breaks: [(&str, Happening<'_>); 8] = [
        ("a whole text", &|buffers, name| {
            let changes = vec![whole("new").remove(0), ranged((0, 0), (0, 0), "x")];
            buffers.change(VIM, name, 2, changes, Encoding::Utf8).unwrap();
        }),
        ("another editor's edit", &|buffers, name| {
            buffers.focus(VIM, name);
            let before = revision(buffers, name);
            add(buffers, CODE, &link);
            assert_eq!(buffers.edits_between(name, before, revision(buffers, name)), None);
        }),
        ("a look into another editor", &|buffers, _| assert!(buffers.focus(CODE, &link))),
        ("an opening", &|buffers, name| buffers.open(VIM, name, name.clone(), 1, "text")),
        ("a closing", &|buffers, name| assert!(buffers.close(VIM, name))),
        ("a lost connection", &|buffers, _| assert!(buffers.disconnect(VIM))),
        ("a file taken away", &|buffers, name| buffers.abandon(name, &[])),
        ("a file on disk", &|buffers, name| {
            buffers.disconnect(VIM);
            buffers.disconnect(CODE);
            buffers.stamp_of_file(name, "1".into());
        }),
    ];
    for (what, happens) in breaks {
        let (mut buffers, name) = opened("text");
        buffers.open(CODE, &link, name.clone(), 1, "text");
        buffers.focus(VIM, &name);
        let before = revision(&buffers, &name);
        add(&mut buffers, VIM, &name);
        happens(&mut buffers, &name);
        let after = buffers.documents[&name].revision;
        assert_eq!(buffers.edits_between(&name, before, after), None, "{what}");
        if let Some(view) = buffers.authoritative(&name) {
            let Origin::Buffer { connection, .. } = view.into_snapshot().origin else { panic!() };
            let opened = if connection == VIM { &name } else { &link };
            add(&mut buffers, connection, opened);
            let edits = buffers.edits_between(&name, after, after + 1).unwrap();
            assert_eq!(edits.len(), 1, "after {what}");
        }
    }
}

#[test]
fn the_history_forgets_whole_revisions_beyond_its_limits() {
    let insert = |text: &str| vec![ranged((0, 0), (0, 0), text), ranged((0, 0), (0, 0), "")];
    let known = |buffers: &Buffers, name: &AbsPath| {
        let now = revision(buffers, name);
        let first = (0..=now).find(|from| buffers.edits_between(name, *from, now).is_some());
        let first = first.unwrap();
        (now - first, buffers.edits_between(name, first, now).unwrap().len())
    };
    let (mut buffers, name) = opened("");
    for version in 0..600 {
        buffers.change(VIM, &name, version, insert("x"), Encoding::Utf8).unwrap();
    }
    assert_eq!(known(&buffers, &name), (500, 1000));
    let three = [ranged((0, 0), (0, 0), "x"), ranged((0, 0), (0, 0), "y")];
    let three = three
        .into_iter()
        .chain(whole(""))
        .map(|change| TextChange { range: Some(((0, 0), (0, 0))), ..change });
    buffers.change(VIM, &name, 600, three.collect(), Encoding::Utf8).unwrap();
    assert_eq!(known(&buffers, &name), (499, 999));

    let (mut buffers, name) = opened("");
    for version in 0..3 {
        let much = "x".repeat(400 * 1024);
        buffers.change(VIM, &name, version, insert(&much), Encoding::Utf8).unwrap();
    }
    assert_eq!(known(&buffers, &name), (2, 4));
    let too_much = "x".repeat(2 * 1024 * 1024);
    buffers.change(VIM, &name, 4, insert(&too_much), Encoding::Utf8).unwrap();
    assert_eq!(known(&buffers, &name), (0, 0));
}

mod mirror;
