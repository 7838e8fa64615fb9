//! One document, followed through what its user, its editor and other programs do.

mod properties;
mod returning;

use protocol::{FileChangeKind, Hunk, HunkState, ItemId};

use super::*;
use crate::CommittedText;

fn replace(start: usize, end: usize, text: &str) -> Replacement {
    Replacement { start, end, text: text.to_owned() }
}

/// A text is its own hash here.
fn stamp(revision: u64, text: &str) -> Stamp {
    Stamp { revision, hash: text.to_owned() }
}

/// A file of a change set with these hunks.
fn proposal(ids: &[&str], hunks: Vec<Vec<Replacement>>) -> FileChange {
    let hunks = ids.iter().zip(hunks).map(|(id, replacements)| Hunk {
        id: HunkId((*id).to_owned()),
        item_id: ItemId::from("call"),
        replacements,
        depends_on: Vec::new(),
        reason: None,
        edited: false,
        comment: None,
        state: HunkState::Pending,
        believed: None,
    });
    FileChange {
        path: protocol::AbsPath::new("/a").unwrap(),
        kind: FileChangeKind::Edit,
        to: None,
        base: None,
        hunks: hunks.collect(),
        diff: String::new(),
        syntax_errors: Vec::new(),
    }
}

/// What leads from one text to another, as an editor tells it after an undo of its own.
fn one_edit(before: &str, after: &str) -> Replacement {
    let common = |(one, other): &(char, char)| one == other;
    let same = before.chars().zip(after.chars()).take_while(common);
    let start: usize = same.map(|(char, _)| char.len_utf8()).sum();
    let ends = before[start..].chars().rev().zip(after[start..].chars().rev());
    let end: usize = ends.take_while(common).map(|(char, _)| char.len_utf8()).sum();
    replace(start, before.len() - end, &after[start..after.len() - end])
}

fn id(name: &str) -> HunkId {
    HunkId(name.to_owned())
}

/// A document in an editor.
struct Desk {
    tracked: Tracked,
    text: String,
    revision: u64,
}

impl Desk {
    fn new(text: &str) -> Self {
        let mut desk = Self { tracked: Tracked::default(), text: text.to_owned(), revision: 1 };
        desk.look(None);
        desk
    }

    fn look(&mut self, steps: Option<Vec<Vec<Replacement>>>) -> News {
        self.revision += 1;
        let text = Rope::from_str(&self.text);
        self.tracked.take_in(steps, &text, &stamp(self.revision, &self.text))
    }

    /// The user, or the editor for them, replaces the first place with a text.
    fn types(&mut self, old: &str, new: &str) -> News {
        let start = self.text.find(old).unwrap();
        let step = vec![replace(start, start + old.len(), new)];
        self.text = changes::apply(&self.text, &step).unwrap();
        self.look(Some(vec![step]))
    }

    /// The editor goes back or forward to another text.
    fn goes_to(&mut self, text: &str) -> News {
        let step = one_edit(&self.text, text);
        self.text = text.to_owned();
        self.look(Some(vec![vec![step]]))
    }

    fn proposes(&mut self, name: &str, old: &str, new: &str) {
        let start = self.text.find(old).unwrap();
        let hunk = vec![replace(start, start + old.len(), new)];
        self.tracked.propose(&mut proposal(&[name], vec![hunk]));
    }

    /// The editor does what shows or hides hunks; gives those that were.
    fn switches(&mut self, names: &[&str], shown: bool) -> Vec<HunkId> {
        let wishes: Vec<_> = names.iter().map(|name| (id(name), shown)).collect();
        let plan = self.tracked.plan(&wishes);
        let text = Rope::from_str(&self.text);
        let goal = changes::apply_to(&text, &plan.replacements).unwrap();
        self.text = goal.to_string();
        self.revision += 1;
        let now = stamp(self.revision, &self.text);
        let news = self.tracked.carried_out(&plan, goal.clone(), (&goal, Some(now)), None);
        assert_eq!(news, []);
        plan.hunks.keys().map(|number| self.tracked.id(*number).unwrap().clone()).collect()
    }

    fn standing(&self, name: &str) -> Standing {
        self.tracked.standing(&id(name)).unwrap()
    }
}

/// The agent made `2` of `two` and `6` of `six`, and both are in the text.
fn numbers() -> Desk {
    let mut desk = Desk::new("one\ntwo\nthree\nfour\nfive\nsix\nseven\n");
    desk.proposes("a", "two", "2");
    desk.proposes("b", "six", "6");
    assert_eq!(desk.switches(&["a", "b"], true), [id("a"), id("b")]);
    assert_eq!(desk.text, "one\n2\nthree\nfour\nfive\n6\nseven\n");
    desk
}

#[test]
fn a_document_that_has_not_changed_is_not_asked_for_its_revision() {
    let mut tracked = Tracked::default();
    tracked.propose(&mut proposal(&["a"], vec![vec![replace(0, 0, "new\n")]]));
    assert!(tracked.is_other(|| None), "there is no file yet");
    tracked.take_in(None, &"a\n".into(), &stamp(3, "a\n"));
    assert!(tracked.is_other(|| Some(4)), "it changed while it was read");
    assert!(!tracked.is_other(|| Some(3)));
    assert!(!tracked.is_other(|| unreachable!("nothing was told of it")));
    tracked.has_changed();
    assert!(tracked.is_other(|| Some(4)));
    tracked.take_in(None, &"b\n".into(), &stamp(4, "b\n"));
    assert!(!tracked.is_other(|| Some(4)));
    tracked.is_renamed();
    assert!(tracked.is_other(|| Some(4)), "that is another document's revision");
}

#[test]
fn a_document_without_pending_hunks_is_asked_for_its_revision_once_one_is_proposed() {
    let mut desk = Desk::new("one\n");
    desk.proposes("a", "one", "1");
    desk.switches(&["a"], true);
    desk.tracked.settle(&id("a"));
    desk.tracked.has_changed();
    assert!(!desk.tracked.is_other(|| unreachable!("nothing waits in it")));
    desk.proposes("b", "1", "I");
    let now = desk.revision + 1;
    assert!(desk.tracked.is_other(|| Some(now)), "it had changed before");
    assert!(!desk.tracked.is_other(|| Some(now - 1)));
}

#[test]
fn what_we_took_back_comes_again_by_the_editors_undo_and_goes_by_its_redo() {
    let mut desk = numbers();
    desk.switches(&["a"], false);
    assert_eq!(desk.types("two", "2"), [(id("a"), Standing::Shown)]);
    assert_eq!(desk.types("2", "two"), [(id("a"), Standing::Hidden)]);
    desk.switches(&["a"], true);
    assert_eq!(desk.types("2", "two"), [(id("a"), Standing::Hidden)]);
    assert_eq!(desk.types("two", "2"), [(id("a"), Standing::Shown)]);
    assert_eq!(desk.switches(&["a"], false), [id("a")]);
}

#[test]
fn what_was_never_in_the_text_is_typed() {
    let mut desk = Desk::new("one\ntwo\n");
    desk.proposes("a", "two", "2");
    assert_eq!(desk.types("two", "2"), []);
    assert_eq!(desk.standing("a"), Standing::Hidden);
}

#[test]
fn hunks_that_were_switched_together_come_again_together() {
    let mut desk = numbers();
    desk.proposes("c", "four", "4");
    desk.switches(&["c"], true);
    let without = desk.text.clone();
    desk.switches(&["a", "b"], false);
    let with = std::mem::replace(&mut desk.text, without.clone());
    let whole = |old: &str, new: &str| Some(vec![vec![replace(0, old.len(), new)]]);
    let both = |standing| vec![(id("a"), standing), (id("b"), standing)];
    assert_eq!(desk.look(whole(&with, &without)), both(Standing::Shown));
    desk.text = with.clone();
    assert_eq!(desk.look(whole(&without, &with)), both(Standing::Hidden));
    assert_eq!(desk.standing("c"), Standing::Shown);
    assert_eq!(desk.switches(&["a", "b"], true), [id("a"), id("b")]);
    assert_eq!(desk.text, without);
}

#[test]
fn the_editor_goes_all_the_way_back_and_forth_through_two_turns_and_their_undo() {
    let mut desk = Desk::new("one\ntwo\nthree\nfour\nfive\n");
    let mut texts = vec![desk.text.clone()];
    desk.proposes("a", "two", "2");
    desk.switches(&["a"], true);
    texts.push(desk.text.clone());
    desk.proposes("b", "four", "4 and 5");
    desk.switches(&["b"], true);
    texts.push(desk.text.clone());
    let typed = desk.text.replace("and", "mine and");
    assert_eq!(desk.goes_to(&typed), []);
    for shown in [false, true] {
        texts.push(desk.text.clone());
        assert_eq!(desk.switches(&["a", "b"], shown), [id("a"), id("b")]);
    }
    texts.push(desk.text.clone());
    let one = |name: &str, standing| vec![(id(name), standing)];
    let both = |standing| vec![(id("a"), standing), (id("b"), standing)];
    let (shown, hidden) = (Standing::Shown, Standing::Hidden);
    let back = [both(hidden), both(shown), vec![], one("b", hidden), one("a", hidden)];
    let forth = [one("a", shown), one("b", shown), vec![], both(hidden), both(shown)];
    for _ in 0..2 {
        for (text, news) in texts[..5].iter().rev().zip(&back) {
            assert_eq!(desk.goes_to(text), *news, "{text}");
        }
        for (text, news) in texts[1..].iter().zip(&forth) {
            assert_eq!(desk.goes_to(text), *news, "{text}");
        }
    }
    assert_eq!(desk.switches(&["a", "b"], false), [id("a"), id("b")]);
    assert_eq!(desk.text, "one\ntwo\nthree\nfourmine \nfive\n");
}

#[test]
fn what_is_typed_before_and_after_the_editor_edits_is_typed() {
    let mut desk = Desk::new("one\ntwo\nthree\n");
    desk.proposes("a", "two", "2 and\n2");
    let plan = desk.tracked.plan(&[(id("a"), true)]);
    let goal = changes::apply_to(&desk.tracked.text, &plan.replacements).unwrap();
    let steps = [
        vec![replace(0, 0, "zero\n")],
        vec![replace(9, 12, "2 and\n2")],
        vec![replace(11, 11, "typed ")],
    ];
    let text = steps.iter().fold(desk.text.clone(), |it, step| changes::apply(&it, step).unwrap());
    assert_eq!(text, "zero\none\n2 typed and\n2\nthree\n");
    let now = (&Rope::from_str(&text), Some(stamp(9, &text)));
    assert_eq!(desk.tracked.carried_out(&plan, goal, now, Some(&steps)), []);
    desk.text = text;
    assert_eq!(desk.switches(&["a"], false), [id("a")]);
    assert_eq!(desk.text, "zero\none\ntwotyped \nthree\n");
}

#[test]
fn a_hunk_that_was_written_over_is_told_once() {
    let mut desk = numbers();
    assert_eq!(desk.types("2", "two or so"), [(id("a"), Standing::Hidden)]);
    assert_eq!(desk.types("or so", "and more"), []);
    assert_eq!(desk.standing("a"), Standing::Hidden);
}

#[test]
fn what_was_written_over_is_there_again_with_its_text() {
    let mut desk = numbers();
    let text = desk.text.clone();
    desk.types("2", "two or so");
    assert_eq!(desk.types("two or so", "2"), [(id("a"), Standing::Shown)]);
    assert_eq!((desk.standing("a"), desk.text == text), (Standing::Shown, true));
}

#[test]
fn a_hunk_waits_again_when_nothing_is_in_its_way_any_longer() {
    let mut desk = Desk::new("one\ntwo\nthree\n");
    desk.proposes("a", "two", "2");
    desk.types("two", "twins");
    assert_eq!(desk.tracked.obstacles().len(), 1);
    desk.tracked.block(&id("a"));
    assert!(desk.tracked.has_pending());
    assert_eq!(desk.types("ins", "in"), []);
    assert_eq!(desk.types("in", "o"), [(id("a"), Standing::Free)]);
    assert_eq!(desk.tracked.obstacles(), []);
    assert_eq!(desk.switches(&["a"], true), [id("a")]);
    assert_eq!(desk.text, "one\n2\nthree\n");
}

#[test]
fn steps_lead_back_to_the_text_that_something_was_made_for() {
    let before = Rope::from_str("one\ntwo\nthree\n");
    let steps = vec![
        vec![replace(0, 3, "1"), replace(4, 4, "und ")],
        vec![replace(2, 2, "ä"), replace(6, 9, "")],
    ];
    let apply = |text: &Rope, steps: &[Vec<Replacement>]| {
        steps.iter().fold(text.clone(), |text, step| changes::apply_to(&text, step).unwrap())
    };
    let after = apply(&before, &steps);
    assert_eq!(apply(&after, &back(&before, &steps).unwrap()), before);
    assert_eq!(back(&Rope::from_str("1"), &steps), None);
}

#[test]
fn a_lost_hunk_is_told_if_it_was_shown() {
    let lines = (10..40).map(|line| format!("this is line {line}\n"));
    let mut desk = Desk::new(&lines.collect::<String>());
    desk.proposes("a", "this is line 12", "the twelfth");
    desk.proposes("b", "this is line 30\n", "");
    desk.switches(&["a", "b"], true);
    desk.proposes("c", "this is line 29", "the next to last");
    for line in ["this is line 29", "this is line 31"] {
        desk.text = desk.text.replace(line, &line.to_uppercase());
    }
    assert_eq!(desk.look(None), [(id("b"), Standing::Unclear)]);
    assert_eq!(desk.standing("a"), Standing::Shown);
    assert_eq!(desk.standing("b"), Standing::Unclear);
    let obstacles = desk.tracked.obstacles();
    assert_eq!(obstacles, [(id("c"), prompts::obstacle("touched"))]);
}

#[test]
fn a_lost_hunk_that_is_there_again_is_still_lost() {
    let mut desk = Desk::new("one\ntwo\nthree\n");
    desk.proposes("a", "", "zero\n");
    desk.switches(&["a"], true);
    let both = "zero\nzero\none\ntwo\nthree\n";
    desk.text = both.to_owned();
    assert_eq!(desk.look(None), [(id("a"), Standing::Unclear)]);
    assert_eq!(desk.types("zero\nzero\n", ""), [(id("a"), Standing::Hidden)]);
    assert_eq!(desk.goes_to(both), [(id("a"), Standing::Unclear)]);
    assert_eq!(desk.standing("a"), Standing::Unclear);
}

#[test]
fn hunks_of_a_missing_file_are_in_no_text_until_it_is_there_again() {
    let mut desk = numbers();
    desk.proposes("c", "four", "4");
    let both = |standing| vec![(id("a"), standing), (id("b"), standing)];
    assert_eq!(desk.tracked.goes_missing(), both(Standing::Hidden));
    assert_eq!(desk.tracked.goes_missing(), []);
    assert_eq!(desk.tracked.obstacles(), [], "it may come back");
    let kept = Kept::read(&desk.tracked.kept()).unwrap();
    desk.tracked = kept.tracked(&desk.text).unwrap();
    assert_eq!(desk.standing("a"), Standing::Hidden);
    assert_eq!(desk.look(None), both(Standing::Shown));
    assert_eq!(desk.switches(&["a", "c"], true), [id("c")]);
}

#[test]
fn a_file_that_only_the_agent_wrote_can_be_made_again() {
    let mut desk = Desk { tracked: Tracked::default(), text: String::new(), revision: 0 };
    desk.tracked.propose(&mut proposal(&["a"], vec![vec![replace(0, 0, "new\n")]]));
    desk.switches(&["a"], true);
    assert_eq!(desk.tracked.goes_missing(), [(id("a"), Standing::Hidden)]);
    assert_eq!(desk.tracked.stamp, None);
    desk.text.clear();
    assert_eq!(desk.switches(&["a"], true), [id("a")]);
    assert_eq!(desk.text, "new\n");
}

/// What a commit with this text has of a document.
fn committed(desk: &mut Desk, text: &str) -> Vec<HunkId> {
    let commit = CommittedText { id: text.to_owned(), text: Rope::from_str(text) };
    desk.tracked.committed(&commit, false)
}

#[test]
fn a_commit_has_a_move_if_it_has_the_file_as_it_is() {
    let mut desk = numbers();
    desk.tracked.propose(&mut proposal(&["m"], vec![Vec::new()]));
    desk.tracked.switch(&[(id("m"), true)]);
    let now = desk.text.clone();
    assert_eq!(committed(&mut desk, &now), [id("a"), id("b"), id("m")]);
    let other = now.replace("four", "vier");
    assert_eq!(committed(&mut desk, &other), [id("a"), id("b")], "nothing says that it was moved");
    desk.tracked.switch(&[(id("m"), false)]);
    assert_eq!(committed(&mut desk, &now), [id("a"), id("b")], "it is back");
}

#[test]
fn a_commit_has_a_hunk_with_all_of_its_text_and_without_what_it_took_away() {
    let mut desk = numbers();
    let now = desk.text.clone();
    assert_eq!(committed(&mut desk, &now), [id("a"), id("b")]);
    desk.types("one\n", "zero\none\n");
    assert_eq!(committed(&mut desk, &now), [id("a"), id("b")], "typed since");
    assert_eq!(committed(&mut desk, "one\n2\nthree\nfour\nfive\nsix\nseven\n"), [id("a")]);
    assert_eq!(committed(&mut desk, "one\ntwo\nthree\nfour\nfive\nsix\nseven\n"), []);
    assert_eq!(committed(&mut desk, "something else\n"), []);
    desk.switches(&["a"], false);
    assert_eq!(committed(&mut desk, &now), [id("b")]);
}
