//! Within a line: how alike two are, and what two changes of one line come to together.
//!
//! It knows words and signs, not languages. Two changes that touch the same word contradict each
//! other; nobody's word is dropped to make them fit.

use std::ops::Range;

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::lines::plain_char;

/// Longer lines are compared at their ends only.
const LONGEST: usize = 1_000;

/// How alike two lines are, from 0 to 1, but for white space.
pub(super) fn alike(one: &str, other: &str) -> f32 {
    let (one, other) = (one.trim(), other.trim());
    if one == other {
        return 1.0;
    }
    let (length, most) = (one.len() + other.len(), one.len().min(other.len()) * 2);
    if one.len().max(other.len()) > LONGEST {
        return ratio(ends_in_common(one, other).min(most), length);
    }
    let (one, other) = (tokens(one), tokens(other));
    let (ones, others) = (forms(&one), forms(&other));
    let ops = capture_diff_slices(Algorithm::Myers, &ones, &others);
    let weight = |form: &str| if form == " " { 0 } else { form.len() };
    let equal = ops.iter().filter(|op| matches!(op, DiffOp::Equal { .. }));
    let common: usize = equal.flat_map(|op| &ones[op.old_range()]).map(|form| weight(form)).sum();
    let all: usize = ones.iter().chain(&others).map(|form| weight(form)).sum();
    ratio(common * 2, all)
}

#[expect(clippy::cast_precision_loss, reason = "a rough figure is wanted")]
fn ratio(part: usize, all: usize) -> f32 {
    if all == 0 { 0.0 } else { part as f32 / all as f32 }
}

fn ends_in_common(one: &str, other: &str) -> usize {
    let equal = |(a, b): &(u8, u8)| a == b;
    let front = one.bytes().zip(other.bytes()).take_while(equal).count();
    front * 2 + one.bytes().rev().zip(other.bytes().rev()).take_while(equal).count() * 2
}

/// What a line becomes when `theirs` and `ours` are both made of `base`; none if they contradict
/// each other. What stays is written as in `ours`.
pub(super) fn merged(base: &str, theirs: &str, ours: &str) -> Option<String> {
    if theirs == ours {
        return Some(ours.to_owned());
    }
    let (base, theirs, ours) = (tokens(base), tokens(theirs), tokens(ours));
    let wanted = changes(&base, &theirs, false);
    let made = changes(&base, &ours, true);
    if wanted.iter().any(|want| made.iter().any(|own| contradict(want, own, &base, &theirs, &ours)))
    {
        return None;
    }
    // What stays is copied from ours; `shift` tells where a token of the base stands there.
    let mut result = String::new();
    let mut at = 0;
    let mut shift = Shift::default();
    let mut made = made.iter().peekable();
    for want in &wanted {
        while let Some(own) = made.next_if(|own| is_before(own, want)) {
            shift.pass(own);
        }
        result.push_str(&ours[at..shift.of(want.0.start)].concat());
        result.push_str(&theirs[want.1.clone()].concat());
        at = shift.of(want.0.end);
        if let Some(own) = made.next_if(|own| is_same(own, want, &theirs, &ours)) {
            shift.pass(own);
            at = shift.of(want.0.end);
        }
    }
    result.push_str(&ours[at..].concat());
    Some(result)
}

/// Tokens of the base, and the tokens that take their place.
type Change = (Range<usize>, Range<usize>);

#[derive(Default)]
struct Shift {
    base: usize,
    ours: usize,
}

impl Shift {
    fn pass(&mut self, own: &Change) {
        (self.base, self.ours) = (own.0.end, own.1.end);
    }

    fn of(&self, base: usize) -> usize {
        self.ours + base - self.base
    }
}

/// An insertion of ours at the beginning of what is wanted comes before it, one at the end after.
fn is_before(own: &Change, want: &Change) -> bool {
    own.0.end <= want.0.start && !(own.0.is_empty() && want.0.is_empty() && own.0 == want.0)
}

fn is_same(own: &Change, want: &Change, theirs: &[&str], ours: &[&str]) -> bool {
    own.0 == want.0 && theirs[want.1.clone()] == ours[own.1.clone()]
}

fn contradict(want: &Change, own: &Change, base: &[&str], theirs: &[&str], ours: &[&str]) -> bool {
    if is_same(own, want, theirs, ours) {
        return false;
    }
    let between = if own.0.end <= want.0.start {
        own.0.end..want.0.start
    } else if want.0.end <= own.0.start {
        want.0.end..own.0.start
    } else {
        return true;
    };
    if base[between.clone()].iter().any(|token| !is_space(token)) {
        return false;
    }
    // Words beside each other: free only if ours merely comes to it, with space between.
    let parted = |token: Option<&&str>| token.is_some_and(|token| is_space(token));
    let new = &ours[own.1.clone()];
    let beside = if own.0.end <= want.0.start { new.last() } else { new.first() };
    let apart = parted(beside) || !between.is_empty();
    !(own.0.is_empty() && !want.0.is_empty() && apart)
}

fn is_space(token: &str) -> bool {
    token.chars().all(char::is_whitespace)
}

/// The runs of tokens that differ.
fn changes(base: &[&str], other: &[&str], loosely: bool) -> Vec<Change> {
    let ops = if loosely {
        capture_diff_slices(Algorithm::Myers, &forms(base), &forms(other))
    } else {
        capture_diff_slices(Algorithm::Myers, base, other)
    };
    let mut runs: Vec<Change> = Vec::new();
    for op in ops.iter().filter(|op| !matches!(op, DiffOp::Equal { .. })) {
        let (old, new) = (op.old_range(), op.new_range());
        match runs.last_mut() {
            Some(last) if last.0.end == old.start && last.1.end == new.start => {
                last.0.end = old.end;
                last.1.end = new.end;
            }
            _ => runs.push((old, new)),
        }
    }
    runs
}

/// Tokens as they are compared: all white space is the same, and typographic signs are plain.
fn forms(tokens: &[&str]) -> Vec<String> {
    let form = |token: &&str| match token.chars().next() {
        Some(c) if c.is_whitespace() => " ".to_owned(),
        _ => token.chars().map(plain_char).collect(),
    };
    tokens.iter().map(form).collect()
}

/// Words, runs of white space, and single signs.
fn tokens(line: &str) -> Vec<&str> {
    #[derive(PartialEq)]
    enum Kind {
        Word,
        Space,
        Sign,
    }
    let kind = |c: char| match c {
        c if c.is_alphanumeric() || c == '_' => Kind::Word,
        c if c.is_whitespace() => Kind::Space,
        _ => Kind::Sign,
    };
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, c) in line.char_indices() {
        let now = kind(c);
        if last.as_ref().is_some_and(|last| *last != now || now == Kind::Sign) {
            tokens.push(&line[start..at]);
            start = at;
        }
        last = Some(now);
    }
    if start < line.len() {
        tokens.push(&line[start..]);
    }
    tokens
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn changes_of_different_words_come_together() {
        let merged = merged(
            "let total = sum(items);",
            "let mut total = sum(items);",
            "let total = sum(rows);",
        );
        assert_eq!(merged.unwrap(), "let mut total = sum(rows);");
    }

    #[test]
    fn a_remark_behind_the_line_stays() {
        assert_eq!(merged("x = 1", "x = 2", "x = 1  # now").unwrap(), "x = 2  # now");
        assert_eq!(merged("x = 1", "y = 1", "pub x = 1").unwrap(), "pub y = 1");
        assert_eq!(merged("a b", "a b c", "x a b").unwrap(), "x a b c");
    }

    #[test]
    fn changes_of_one_word_contradict_each_other() {
        assert_eq!(merged("x = 1", "x = 2", "x = 3"), None);
        assert_eq!(merged("f(a)", "f(a, b)", "f(a, c)"), None);
        assert_eq!(merged("return x", "yield x", "return y"), None);
        assert_eq!(merged("x = 1", "x = 2", "x = 1.5"), None);
        assert_eq!(merged("a b c", "a c", "a B c"), None);
    }

    #[test]
    fn the_same_change_is_made_once() {
        assert_eq!(merged("x = 1", "x = 2", "x = 2").unwrap(), "x = 2");
        assert_eq!(merged("f(a, x)", "f(b, y)", "f(b, x)").unwrap(), "f(b, y)");
    }

    #[test]
    fn what_stays_is_written_as_it_is() {
        let ours = "say  \u{201c}a\u{201d} to b";
        assert_eq!(
            merged("say \"a\" to b", "say \"a\" to c", ours).unwrap(),
            "say  \u{201c}a\u{201d} to c"
        );
    }

    #[test]
    fn lines_are_more_or_less_alike() {
        assert!(alike("let a = foo(b);", "let a = bar(b);") > 0.6);
        assert!(alike("    return x;", "if (y) {") < 0.3);
        assert!(alike(&"ab ".repeat(600), &"ab ".repeat(601)) > 0.9);
    }

    proptest! {
        #[test]
        fn what_only_one_side_changed_is_taken(base in "[ab ,]{0,12}", other in "[ab ,]{0,12}") {
            prop_assert_eq!(merged(&base, &other, &base), Some(other.clone()));
            prop_assert_eq!(merged(&base, &base, &other), Some(other.clone()));
            prop_assert_eq!(merged(&base, &other, &other), Some(other));
        }
    }
}
