//! The mirror against a plain `String`, and whose text counts.

use changes::Encoding;
use engine::{ConnectionId, Origin};
use protocol::AbsPath;

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

mod mirror;
