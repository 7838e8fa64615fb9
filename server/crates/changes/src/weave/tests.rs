//! What a weave does in single cases; what holds in all of them is in `properties`.

use std::collections::BTreeMap;
use std::ops::Range;

use protocol::Replacement;
use ropey::Rope;

use super::{Obstacle, Weave};
use crate::apply;

mod chains;
mod following;
mod lines;
mod properties;
mod remembering;

/// A document with its weave.
#[derive(Clone, Debug)]
struct Woven {
    text: String,
    weave: Weave,
}

pub(super) fn replace(start: usize, end: usize, text: &str) -> Replacement {
    Replacement { start, end, text: text.into() }
}

impl Woven {
    fn new(text: &str) -> Self {
        Self { text: text.into(), weave: Weave::new(text.len()) }
    }

    fn types(&mut self, start: usize, end: usize, text: &str) -> &mut Self {
        let typed = [replace(start, end, text)];
        let before = Rope::from_str(&self.text);
        self.text = apply(&self.text, &typed).unwrap();
        self.weave.typed(&typed, &before, &Rope::from_str(&self.text)).unwrap();
        self
    }

    fn propose(&mut self, start: usize, end: usize, text: &str) -> usize {
        self.weave.propose(&[replace(start, end, text)], &[]).unwrap()
    }

    /// Proposes and applies.
    fn write(&mut self, start: usize, end: usize, text: &str) -> usize {
        let hunk = self.propose(start, end, text);
        assert_eq!(self.switch(&[hunk], true), []);
        hunk
    }

    /// Shows or hides, and gives what stood in the way.
    fn switch(&mut self, hunks: &[usize], shown: bool) -> Vec<(usize, Obstacle)> {
        let wishes: BTreeMap<usize, bool> = hunks.iter().map(|hunk| (*hunk, shown)).collect();
        let plan = self.weave.plan(&wishes);
        let before = Rope::from_str(&self.text);
        self.text = apply(&self.text, &plan.replacements).unwrap();
        self.weave.switch(&plan, &before);
        plan.refused.into_iter().collect()
    }

    /// The stretches of the document that hunks wrote, in order, with the hunk.
    fn written(&self) -> Vec<(usize, Range<usize>)> {
        let mut written: Vec<(usize, Range<usize>)> = Vec::new();
        let mut start = 0;
        for fragment in &self.weave.fragments {
            let end = start + self.weave.visible(fragment);
            if let Some(hunk) = fragment.inserted.filter(|_| start < end) {
                match written.last_mut() {
                    Some((last, range)) if *last == hunk && range.end == start => range.end = end,
                    _ => written.push((hunk, start..end)),
                }
            }
            start = end;
        }
        written
    }

    fn show(&mut self, hunk: usize) -> &str {
        assert_eq!(self.switch(&[hunk], true), []);
        &self.text
    }

    fn hide(&mut self, hunk: usize) -> &str {
        assert_eq!(self.switch(&[hunk], false), []);
        &self.text
    }
}

#[test]
fn a_proposal_is_carried_through_typing_around_it() {
    let mut it = Woven::new("one two three");
    let hunk = it.propose(4, 7, "2");
    it.types(0, 0, "zero ").types(12, 12, ",").types(19, 19, "!");
    assert_eq!((it.text.as_str(), it.weave.place(hunk)), ("zero one two, three!", Some(9..12)));
    assert_eq!(it.show(hunk), "zero one 2, three!");
    assert_eq!(it.weave.place(hunk), Some(9..10));
}

#[test]
fn typing_in_what_a_proposal_replaces_is_in_its_way() {
    for (start, end, text) in [(5, 5, "x"), (5, 6, ""), (3, 5, ""), (6, 8, ""), (0, 13, "new")] {
        let mut it = Woven::new("one two three");
        let hunk = it.propose(4, 7, "2");
        it.types(start, end, text);
        let typed = it.text.clone();
        assert_eq!(it.switch(&[hunk], true), [(hunk, Obstacle::Touched)], "{start} {end} {text}");
        assert_eq!(it.text, typed);
    }
}

#[test]
fn typing_that_is_taken_back_was_never_there() {
    for (start, end, text) in [(5, 5, "x"), (5, 6, ""), (3, 5, ""), (6, 8, ""), (0, 13, "new")] {
        let mut it = Woven::new("one two three");
        let hunk = it.propose(4, 7, "2");
        let weave = it.weave.clone();
        let gone = it.text[start..end].to_owned();
        it.types(start, end, text).types(start, start + text.len(), &gone);
        assert_eq!(it.weave, weave, "{start} {end} {text}");
        assert_eq!(it.show(hunk), "one 2 three");
    }
}

#[test]
fn typing_that_is_taken_back_letter_by_letter_was_never_there() {
    let mut it = Woven::new("one two three");
    let (first, hunk) = (it.write(0, 3, "1"), it.propose(2, 5, "2"));
    let weave = it.weave.clone();
    for at in [4, 3, 2, 1, 0] {
        it.types(at, at + 1, "");
    }
    it.types(0, 0, "other").types(6, 6, "mine ").types(0, 5, "").types(1, 6, "");
    for (at, char) in ["1", " ", "t", "w", "o"].into_iter().enumerate() {
        assert_ne!(it.weave, weave);
        it.types(at, at, char);
    }
    assert_eq!(it.weave, weave);
    assert_eq!(it.show(hunk), "1 2 three");
    assert_eq!(it.hide(first), "one 2 three");
}

#[test]
fn a_hunk_waits_again_only_when_all_typing_in_its_text_is_taken_back() {
    let typed = |it: &mut Woven| {
        it.types(0, 1, "Q").types(8, 9, "Z");
    };
    let text = "aaa bbb ccc ddd eee";
    for first in [0, 8] {
        let mut it = Woven::new(text);
        let hunk = it.propose(0, 19, "X");
        typed(&mut it);
        it.types(first, first + 1, &text[first..=first]);
        assert_eq!(it.switch(&[hunk], true), [(hunk, Obstacle::Touched)]);
        let second = 8 - first;
        it.types(second, second + 1, &text[second..=second]);
        assert_eq!(it.show(hunk), "X");
    }
    // What was typed first can no longer be known again, because another hunk is there now.
    let mut it = Woven::new(text);
    let hunk = it.propose(0, 19, "X");
    typed(&mut it);
    let other = it.propose(0, 1, "q");
    it.show(other);
    it.hide(other);
    it.types(0, 1, "a").types(8, 9, "c");
    assert_eq!(it.text, text);
    assert_eq!(it.switch(&[hunk], true), [(hunk, Obstacle::Touched)]);
}

#[test]
fn typing_in_what_another_hunk_wrote_is_in_the_way_of_the_one_around_it() {
    let mut it = Woven::new("one two three");
    let hunk = it.propose(4, 13, "X");
    let inside = it.write(8, 8, "and ");
    it.types(11, 12, "!");
    assert_eq!(it.text, "one two and!three");
    assert_eq!(it.switch(&[hunk], true), [(hunk, Obstacle::Touched)]);
    it.types(11, 12, " ").hide(inside);
    assert_eq!(it.show(hunk), "one X");
}

#[test]
fn what_happened_to_a_place_meanwhile_stays() {
    // Another hunk was put in there.
    let mut it = Woven::new("one two three");
    let (hunk, other) = (it.propose(4, 7, "2"), it.propose(5, 5, "!"));
    it.types(5, 6, "").show(other);
    it.types(6, 6, "w");
    assert_eq!(it.text, "one t!wo three");
    assert_eq!(it.switch(&[hunk], true), [(hunk, Obstacle::Touched)]);
    // A new one was made for what was typed.
    let mut it = Woven::new("one two three");
    let hunk = it.propose(4, 7, "2");
    it.types(5, 6, "");
    let newer = it.propose(4, 6, "TWO");
    it.types(5, 5, "w");
    assert_eq!(it.switch(&[hunk, newer], true).len(), 2);
    it.types(5, 6, "");
    assert_eq!(it.switch(&[hunk], true), [(hunk, Obstacle::Touched)]);
    assert_eq!(it.show(newer), "one TWO three");
}

#[test]
fn what_is_put_in_needs_one_of_its_neighbours() {
    let mut it = Woven::new("abcdef");
    let hunk = it.propose(3, 3, "X");
    it.types(3, 4, "");
    assert_eq!(it.clone().show(hunk), "abcXef");
    it.types(2, 3, "");
    assert_eq!(it.switch(&[hunk], true), [(hunk, Obstacle::Surroundings)]);
    // So does each of several in one place.
    let mut it = Woven::new("abcdef");
    let hunks = [it.propose(3, 3, "X"), it.propose(3, 3, "Y")];
    it.types(3, 4, "").types(2, 3, "");
    assert_eq!(it.switch(&hunks, true), hunks.map(|hunk| (hunk, Obstacle::Surroundings)));
}

#[test]
fn typed_at_the_start_of_a_line_belongs_to_that_line() {
    let mut it = Woven::new("a\nb\n");
    let hunk = it.propose(2, 2, "new\n");
    it.types(2, 2, "x").types(3, 3, "y");
    assert_eq!(it.show(hunk), "a\nnew\nxyb\n");
    let mut it = Woven::new("a\nb\nc\n");
    let hunk = it.write(2, 4, "");
    it.types(2, 2, "x");
    assert_eq!(it.hide(hunk), "a\nb\nxc\n");
}

#[test]
fn typed_behind_a_word_stays_behind_what_replaces_it() {
    let mut it = Woven::new("foo()");
    let hunk = it.propose(0, 3, "bar");
    it.types(3, 3, "_all");
    assert_eq!(it.show(hunk), "bar_all()");
    assert_eq!(it.hide(hunk), "foo_all()");
}

#[test]
fn undo_takes_back_its_own_text_only() {
    let mut it = Woven::new("fn old() {}\n");
    let hunk = it.write(3, 6, "shiny_new");
    it.types(8, 8, "TYPED").types(0, 0, "pub ");
    assert_eq!(it.text, "pub fn shinyTYPED_new() {}\n");
    assert_eq!(it.hide(hunk), "pub fn oldTYPED() {}\n");
    assert_eq!(it.show(hunk), "pub fn shinyTYPED_new() {}\n");
}

#[test]
fn undo_restores_only_where_it_stood() {
    let mut it = Woven::new("one\ntwo\nthree\n");
    let hunk = it.write(4, 8, "");
    it.types(3, 5, "");
    assert_eq!(it.switch(&[hunk], false), [(hunk, Obstacle::Surroundings)]);
    assert_eq!(it.text, "onehree\n");
    let mut it = Woven::new("a b c");
    let hunk = it.write(2, 3, "B");
    it.types(2, 3, "mine");
    assert_eq!(it.switch(&[hunk], false), [(hunk, Obstacle::Gone)]);
    assert_eq!(it.text, "a mine c");
}

#[test]
fn hunks_that_build_on_each_other_are_switched_together_or_in_order() {
    let mut it = Woven::new("start end");
    let first = it.propose(6, 6, "middle ");
    let second = it.weave.propose(&[replace(6, 9, "MID")], &[first]).unwrap();
    assert_eq!(it.weave.needs_of(second), [first]);
    assert_eq!(it.switch(&[second], true), [(second, Obstacle::Needs(first))]);
    assert_eq!(it.switch(&[first, second], true), []);
    assert_eq!(it.text, "start MIDdle end");
    assert_eq!(it.switch(&[first], false), [(first, Obstacle::NeededBy(second))]);
    assert_eq!(it.hide(second), "start middle end");
    assert_eq!(it.hide(first), "start end");
}

#[test]
fn what_one_hunk_undone_brought_back_another_may_take_away() {
    let mut it = Woven::new("abc");
    let first = it.write(1, 2, "");
    it.hide(first);
    let second = it.write(1, 2, "X");
    assert_eq!(it.show(first), "aXc");
    assert_eq!(it.hide(second), "ac");
    assert_eq!(it.hide(first), "abc");
}

#[test]
fn forgotten_hunks_leave_their_text() {
    let mut it = Woven::new("one two three");
    let (kept, undone) = (it.write(0, 3, "1"), it.write(2, 5, "2"));
    let pending = it.propose(4, 9, "3");
    it.hide(undone);
    it.weave.forget(|hunk| hunk != pending);
    assert_eq!((it.text.as_str(), it.weave.len()), ("1 two three", 11));
    assert_eq!(it.written(), []);
    assert_eq!(it.show(pending), "1 two 3");
    assert_eq!((it.weave.place(kept), it.written()), (None, vec![(pending, 6..7)]));
}

#[test]
fn what_makes_no_sense_changes_nothing() {
    let mut it = Woven::new("abc");
    let hunk = it.propose(1, 1, "ä");
    let before = it.weave.clone();
    assert!(it.weave.edit(&[replace(0, 4, "")]).is_err());
    assert!(it.weave.propose(&[replace(2, 3, "")], &[hunk]).is_err());
    assert!(it.weave.propose(&[replace(2, 3, ""), replace(0, 1, "")], &[]).is_err());
    // A hunk that is not there is nothing to build on.
    assert!(it.weave.clone().propose(&[replace(3, 3, "!")], &[hunk + 1]).is_ok());
    assert_eq!(it.weave, before);
}

#[test]
fn a_hunk_that_cuts_a_character_of_another_changes_nothing() {
    let mut it = Woven::new("abc");
    let hunk = it.propose(1, 1, "ä");
    let before = it.weave.clone();
    // The last of them would fit.
    let hunks = [replace(2, 2, "x"), replace(4, 5, "y")];
    assert!(it.weave.propose(&hunks, &[hunk]).is_err());
    assert_eq!(it.weave, before);
}

#[test]
fn typing_right_beside_what_a_proposal_takes_away_is_not_in_its_way() {
    for (at, put) in [(4, "2"), (4, ""), (7, "2"), (7, "")] {
        let mut it = Woven::new("one two three");
        let hunk = it.propose(4, 7, put);
        it.types(at, at, "!");
        assert_eq!(it.switch(&[hunk], true), [], "{at} {put}");
    }
}

#[test]
fn typing_between_two_places_of_a_proposal_is_not_in_its_way() {
    let parts = [replace(4, 7, "2"), replace(14, 18, "4")];
    let proposed = || {
        let mut it = Woven::new("one two three four");
        assert_eq!(it.weave.propose(&parts, &[]), Ok(0));
        it
    };
    let mut it = proposed();
    it.types(9, 9, "!");
    assert_eq!(it.show(0), "one 2 t!hree 4");
    for inside in [5, 16] {
        let mut it = proposed();
        it.types(inside, inside, "!");
        assert_eq!(it.switch(&[0], true), [(0, Obstacle::Touched)]);
    }
}

#[test]
fn typing_between_two_places_side_by_side_is_not_in_the_way() {
    let mut it = Woven::new("one two three");
    let hunk = it.weave.propose(&[replace(4, 7, "2"), replace(7, 8, "_")], &[]).unwrap();
    it.types(7, 7, "!");
    assert_eq!(it.show(hunk), "one 2!_three");
}

#[test]
fn typing_in_the_gap_of_another_hunk_is_in_the_way_of_the_one_around_it() {
    let mut it = Woven::new("one two three");
    it.write(4, 8, "");
    let around = it.propose(0, 9, "X");
    it.types(4, 4, "!");
    assert_eq!(it.switch(&[around], true), [(around, Obstacle::Touched)]);
}

#[test]
fn a_hunk_needs_those_into_whose_gap_it_writes_and_not_those_beside_it() {
    let needs = |put: &str| {
        let mut it = Woven::new("one two three");
        it.write(4, 7, put);
        let next = it.propose(0, 4, "1 ");
        it.weave.needs_of(next).to_vec()
    };
    assert_eq!(needs(""), [0]);
    assert_eq!(needs("2"), [0; 0]);
}

#[test]
fn a_hunk_does_not_need_one_that_wrote_before_and_behind_it() {
    let mut it = Woven::new("one two three four");
    it.weave.propose(&[replace(0, 3, "1"), replace(8, 13, "3")], &[]).unwrap();
    assert_eq!(it.show(0), "1 two 3 four");
    for (start, end) in [(2, 5), (7, 9)] {
        let next = it.propose(start, end, "");
        assert_eq!(it.weave.needs_of(next), [0; 0], "{start} {end}");
    }
    // Nor one of whose text the last, which it touched, is gone.
    let mut it = Woven::new("one two three");
    let (first, second) = (it.write(4, 7, "second"), it.write(8, 10, ""));
    let third = it.propose(8, 9, "_");
    assert_eq!(it.weave.needs_of(third), [second]);
    assert_eq!(it.weave.needs_of(second), [first]);
}

#[test]
fn what_is_shown_is_kept_by_the_document_alone() {
    let mut it = Woven::new("one two three");
    let hunk = it.propose(4, 7, "second");
    assert!(format!("{:?}", it.weave).contains("second"));
    it.show(hunk);
    assert!(!format!("{:?}", it.weave).contains("second"));
}

#[test]
fn a_hunk_is_switched_by_one_replacement_where_it_is_one() {
    let mut it = Woven::new("one two three");
    let hunk = it.propose(4, 7, "2");
    let plan = it.weave.plan(&BTreeMap::from([(hunk, true)]));
    assert_eq!(plan.replacements, [replace(4, 7, "2")]);
    it.show(hunk);
    let plan = it.weave.plan(&BTreeMap::from([(hunk, false)]));
    assert_eq!(plan.replacements, [replace(4, 5, "two")]);
    // What is as wished, or forgotten, is no part of it.
    assert!(it.weave.plan(&BTreeMap::from([(hunk, true)])).hunks.is_empty());
    it.weave.forget(|_| true);
    assert_eq!(it.weave.plan(&BTreeMap::from([(hunk, false)])), crate::Plan::default());
}

#[test]
fn typing_leaves_no_piece_for_each_letter() {
    let mut it = Woven::new("abc");
    it.propose(3, 3, "later");
    for at in 0..100 {
        it.types(at, at, "x");
    }
    assert_eq!(it.weave.fragments.len(), 2);
}

#[test]
fn what_hunks_wrote_side_by_side_is_told_apart() {
    let mut it = Woven::new("one\nend\n");
    let first = it.write(4, 4, "two\n");
    let second = it.write(8, 8, "three\n");
    assert_eq!(it.written(), [(first, 4..8), (second, 8..14)]);
    it.types(5, 5, "!");
    assert_eq!(it.written(), [(first, 4..5), (first, 6..8), (second, 9..15)]);
    assert!(it.weave.gone().is_empty());
    it.types(4, 9, "");
    assert_eq!(it.weave.gone(), [first]);
}

#[test]
fn what_others_did_to_hunks_is_counted() {
    let mut it = Woven::new("one two three four");
    let hunks = [it.propose(4, 7, "2"), it.write(8, 13, "3"), it.propose(12, 12, "X")];
    assert_eq!((it.weave.hunks(), it.weave.harm()), (hunks.len(), 0));
    // The first is typed in, of the second nothing is left, and around the third neither.
    for (harm, (start, end)) in (1..).zip([(5, 6), (7, 8), (9, 11)]) {
        it.types(start, end, "");
        assert_eq!(it.weave.harm(), harm, "{}", it.text);
    }
}
