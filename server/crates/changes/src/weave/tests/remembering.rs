//! What is remembered of places that somebody typed in, and for how long.

use ropey::Rope;

use super::{Obstacle, Woven, replace};
use crate::apply;

/// A document with a hunk that makes `2` of `two`, typed in and waiting to be free again.
fn typed_in() -> (Woven, usize) {
    let mut it = Woven::new("one two three four\n");
    let hunk = it.propose(4, 7, "2");
    it.types(5, 6, "");
    assert!(it.weave.is_touched(hunk));
    (it, hunk)
}

#[test]
fn a_place_is_known_again_wherever_it_went() {
    let (mut it, hunk) = typed_in();
    it.types(1, 3, "").types(0, 0, "zero, ");
    assert_eq!(it.text, "zero, o to three four\n");
    it.types(9, 9, "w");
    assert_eq!(it.show(hunk), "zero, o 2 three four\n");
    // Behind it nothing moves it.
    let (mut it, hunk) = typed_in();
    it.types(7, 12, "3").types(5, 5, "w");
    assert_eq!(it.show(hunk), "one 2 3 four\n");
}

#[test]
fn what_is_typed_right_beside_a_place_is_in_it() {
    for back in [5, 6] {
        let (mut it, hunk) = typed_in();
        it.types(5, 5, "!").types(back, back, "w");
        assert_eq!(it.switch(&[hunk], true), [(hunk, Obstacle::Touched)], "{}", it.text);
        let at = it.text.find('!').unwrap();
        it.types(at, at + 1, "");
        assert_eq!(it.show(hunk), "one 2 three four\n");
    }
}

#[test]
fn a_place_of_some_kilobytes_is_known_again() {
    let long = "word ".repeat(1_000);
    let mut it = Woven::new(&long);
    let hunk = it.propose(0, long.len(), "short");
    it.types(0, long.len(), "").types(0, 0, &long);
    assert_eq!(it.show(hunk), "short");
    // Of one that nobody types letter by letter, nothing is.
    let long = "word ".repeat(20_000);
    let mut it = Woven::new(&long);
    let hunk = it.propose(0, long.len(), "short");
    it.types(0, long.len(), "").types(0, 0, &long);
    assert_eq!(it.switch(&[hunk], true).len(), 1);
}

#[test]
fn a_forgotten_hunk_does_not_come_back_with_its_place() {
    let mut it = Woven::new("one two three\n");
    let (gone, other) = (it.write(0, 3, "1"), it.propose(2, 5, "2"));
    it.types(0, 1, "").types(2, 3, "");
    it.weave.forget(|hunk| hunk == gone);
    it.types(0, 0, "1");
    assert_eq!(it.written(), []);
    // What is remembered of another place has not changed by it.
    it.types(3, 3, "w");
    assert_eq!(it.text, "1 two three\n");
    assert_eq!(it.show(other), "1 2 three\n");
}

#[test]
fn a_place_in_which_something_was_shown_is_what_it_is() {
    let mut it = Woven::new("one two three\n");
    let (hunk, inside) = (it.propose(0, 7, "X"), it.propose(4, 4, "and "));
    it.types(4, 5, "");
    it.show(inside);
    it.hide(inside);
    it.types(4, 4, "t");
    assert_eq!(it.text, "one two three\n");
    assert_eq!(it.switch(&[hunk], true), [(hunk, Obstacle::Touched)]);
}

#[test]
fn a_change_that_is_not_typed_ends_what_is_remembered() {
    let (mut it, hunk) = typed_in();
    it.weave.edit(&[replace(5, 6, "O")]).unwrap();
    it.text.replace_range(5..6, "O");
    it.types(5, 6, "wo");
    assert_eq!(it.text, "one two three four\n");
    assert_eq!(it.switch(&[hunk], true), [(hunk, Obstacle::Touched)]);
}

#[test]
fn what_is_typed_between_is_in_a_hunk_whose_text_was_typed_over() {
    // One end of the hunk's text is typed over, then something is typed at the other end of what
    // was put inside of it.
    for (start, over, at) in [(4, "two ", 8), (10, "d three", 7)] {
        let mut it = Woven::new("one two three four\n");
        let (hunk, inside) = (it.propose(4, 13, "2"), it.propose(7, 7, " and"));
        assert_eq!(it.show(inside), "one two and three four\n");
        it.types(start, start + over.len(), "X").types(at, at, "!");
        let typed = it.text.find('X').unwrap();
        it.types(typed, typed + 1, over);
        assert_eq!(it.switch(&[hunk], true), [(hunk, Obstacle::Touched)], "{}", it.text);
        let typed = it.text.find('!').unwrap();
        it.types(typed, typed + 1, "");
        assert_eq!(it.show(hunk), "one  and2 four\n");
    }
}

#[test]
fn what_is_typed_again_before_a_hunk_leaves_its_line_break_to_it() {
    // Typed anew, its last line would be one by the hunk's break alone.
    for (agents, (start, end), over) in [
        ("\n", (4, 7), ""),
        ("\n", (2, 7), ""),
        ("\n", (2, 7), "X"),
        ("\nmore", (0, 7), "X"),
        ("\r\nmore\n", (3, 7), "X\n"),
        ("added\n", (0, 7), ""),
    ] {
        let text = "one\ntwo, end\n";
        let mut it = Woven::new(text);
        let hunk = it.write(7, 7, agents);
        let written = it.text.clone();
        it.types(start, end, over).types(start, start + over.len(), "");
        for (at, letter) in (start..).zip(text[start..end].chars()) {
            it.types(at, at, &letter.to_string());
        }
        assert_eq!(it.text, written);
        assert_eq!(it.hide(hunk), text, "{agents:?} {start} {end} {over:?}");
    }
}

#[test]
fn a_line_that_is_typed_again_before_one_of_a_hunk_leaves_its_line_break_to_it() {
    let mut it = Woven::new("one\nend\n");
    let hunk = it.write(4, 4, "added\n");
    it.types(0, 4, "");
    for (at, letter) in "one\n".chars().enumerate() {
        it.types(at, at, &letter.to_string());
    }
    assert_eq!(it.hide(hunk), "one\nend\n");
}

#[test]
fn what_is_typed_behind_at_the_same_time_is_no_other_text() {
    let mut it = Woven::new("aaend\n");
    let hunk = it.write(2, 2, " more words\n");
    let typed = [replace(0, 2, ""), replace(8, 13, "")];
    let before = Rope::from_str(&it.text);
    it.text = apply(&it.text, &typed).unwrap();
    it.weave.typed(&typed, &before, &Rope::from_str(&it.text)).unwrap();
    it.types(0, 0, "aa").types(8, 8, "words");
    assert_eq!(it.text, "aa more words\nend\n");
    assert_eq!(it.hide(hunk), "aaend\n");
}
