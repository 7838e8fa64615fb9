//! Texts that come back, and filters that write a text anew.

use super::*;

fn plain() -> String {
    let text: String = (10..40).map(|line| format!("this is line {line}\n")).collect();
    text.replace("line 25\n", "line 25\n\n")
}

/// Lines that are told apart, with two applied hunks and one that waits.
fn lines() -> Desk {
    let mut desk = Desk::new(&plain());
    desk.proposes("a", "this is line 12\n", "twelve\nand a half\n");
    desk.proposes("b", "this is line 30\n", "");
    desk.switches(&["a", "b"], true);
    desk.proposes("c", "line 20", "the twentieth");
    desk
}

impl Desk {
    fn is_now(&mut self, text: &str) -> News {
        self.text = text.to_owned();
        self.look(None)
    }

    /// A filter in Vim puts its lines behind the old ones, and takes those away.
    fn filters(&mut self, text: &str, looks_between: bool) -> News {
        let (old, length) = (self.text.clone(), self.text.len());
        let steps =
            [vec![replace(length - 1, length, &format!("\n{text}"))], vec![replace(0, length, "")]];
        let mut news = News::new();
        if looks_between {
            self.text = old + text;
            news = self.look(Some(vec![steps[0].clone()]));
        }
        self.text = text.to_owned();
        news.extend(self.look(Some(if looks_between {
            vec![steps[1].clone()]
        } else {
            steps.to_vec()
        })));
        news
    }

    /// What is in the way of waiting hunks is noted, as the ledger does it.
    fn notes_obstacles(&mut self) -> Vec<HunkId> {
        let blocked: Vec<HunkId> = self.tracked.obstacles().into_iter().map(|(id, _)| id).collect();
        blocked.iter().for_each(|id| self.tracked.block(id));
        blocked
    }
}

#[test]
fn after_a_checkout_and_back_everything_is_as_it_was() {
    let mut desk = lines();
    let text = desk.text.clone();
    let other = text.replace("this is", "that was").replace("half", "quarter");
    assert_eq!(desk.is_now(&other), [(id("a"), Standing::Unclear), (id("b"), Standing::Unclear)]);
    assert_eq!(desk.notes_obstacles(), [id("c")]);
    let (shown, free) = (Standing::Shown, Standing::Free);
    assert_eq!(desk.is_now(&text), [(id("a"), shown), (id("b"), shown), (id("c"), free)]);
    assert_eq!(desk.switches(&["a", "b"], false), [id("a"), id("b")]);
    assert_eq!(desk.switches(&["c"], true), [id("c")]);
}

#[test]
fn a_stash_and_another_branch_lose_nothing() {
    let mut desk = lines();
    let text = desk.text.clone();
    let head = plain();
    let branch = head.replace("line 11\n", "line eleven\n").replace("line 31\n", "another line\n");
    for now in [&head, &branch, &head, &text] {
        desk.is_now(now);
        desk.notes_obstacles();
    }
    assert_eq!((desk.standing("a"), desk.standing("b")), (Standing::Shown, Standing::Shown));
    assert_eq!(desk.tracked.obstacles(), []);
    assert_eq!(desk.switches(&["a", "b"], false), [id("a"), id("b")]);
    assert_eq!(desk.text, head);
}

#[test]
fn typing_that_is_taken_back_in_another_order_leaves_nothing_in_the_way() {
    let mut desk = Desk::new("one\ntwo three\nfour\n");
    desk.proposes("a", "three", "3");
    desk.types("two", "twos");
    desk.types("ree", "reee");
    assert_eq!(desk.notes_obstacles(), [id("a")]);
    desk.types("twos", "two");
    assert_eq!(desk.types("reee", "ree"), [(id("a"), Standing::Free)]);
    assert_eq!(desk.switches(&["a"], true), [id("a")]);
}

#[test]
fn a_filter_that_changes_nothing_changes_nothing() {
    for looks_between in [false, true] {
        let mut desk = lines();
        let text = desk.text.clone();
        assert_eq!(desk.filters(&text, looks_between), []);
        assert_eq!(desk.notes_obstacles(), []);
        assert_eq!(desk.switches(&["a", "b"], false), [id("a"), id("b")]);
    }
}

#[test]
fn of_a_filter_only_what_it_changed_matters() {
    for looks_between in [false, true] {
        let mut desk = lines();
        let text = desk.text.clone();
        let new = text.replace("line 20", "line twenty").replace("line 33", "line 3 3");
        assert_eq!(desk.filters(&new, looks_between), []);
        assert_eq!(desk.notes_obstacles(), [id("c")]);
        assert_eq!(desk.filters(&text, looks_between), [(id("c"), Standing::Free)]);
        assert_eq!(desk.switches(&["a", "b"], false), [id("a"), id("b")]);
    }
}

#[test]
fn a_text_may_be_taken_away_before_it_is_written_anew() {
    let mut desk = lines();
    let text = desk.text.clone();
    let all = vec![replace(0, text.len(), "")];
    desk.text.clear();
    desk.look(Some(vec![all]));
    desk.notes_obstacles();
    desk.text = text.replace("line 33", "line 3 3");
    let news = desk.look(Some(vec![vec![replace(0, 0, &desk.text)]]));
    assert_eq!(news, [(id("a"), Standing::Shown), (id("c"), Standing::Free)]);
    assert_eq!(desk.switches(&["a", "b"], false), [id("a"), id("b")]);
}

#[test]
fn a_filter_over_some_lines_leaves_the_hunks_that_it_left() {
    let mut desk = numbers();
    let start = desk.text.find("three").unwrap();
    desk.text.insert_str(start, "ONE\n2\n");
    desk.look(Some(vec![vec![replace(start - 1, start, "\nONE\n2\n")]]));
    desk.text.replace_range(0..start, "");
    assert_eq!(desk.look(Some(vec![vec![replace(0, start, "")]])), []);
    assert_eq!(desk.switches(&["a", "b"], false), [id("a"), id("b")]);
    assert_eq!(desk.text, "ONE\ntwo\nthree\nfour\nfive\nsix\nseven\n");
}

#[test]
fn what_a_filter_replaces_by_something_else_is_gone() {
    for looks_between in [false, true] {
        let mut desk = numbers();
        let both = [(id("a"), Standing::Hidden), (id("b"), Standing::Hidden)];
        assert_eq!(desk.filters("something else\n", looks_between), both);
    }
}

#[test]
fn what_was_decided_meanwhile_stays_decided() {
    let mut desk = lines();
    let text = desk.text.clone();
    desk.is_now(&text.replace("this is", "that was"));
    desk.tracked.settle(&id("c"));
    desk.tracked.forget(&id("c"));
    desk.is_now(&text);
    assert_eq!(desk.switches(&["c"], true), []);
    assert_eq!(desk.switches(&["a", "b"], false), [id("a"), id("b")]);
}

#[test]
fn a_text_from_before_a_proposal_says_nothing_of_it() {
    let mut desk = numbers();
    let text = desk.text.clone();
    desk.is_now(&text.replace("four", "vier"));
    desk.proposes("c", "vier", "4");
    assert_eq!(desk.is_now(&text), []);
    assert_eq!(desk.notes_obstacles(), [id("c")]);
}

#[test]
fn texts_are_remembered_up_to_a_bound() {
    let mut desk = numbers();
    let text = desk.text.clone();
    for other in 0..20 {
        desk.is_now(&format!("{text}{other}\n"));
    }
    assert!(desk.tracked.former.len() < 10);
}
