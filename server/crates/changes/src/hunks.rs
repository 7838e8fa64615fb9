//! Hunks: what people decide on, made of what an edit replaces.
//!
//! Replacements in the same lines, or in lines without one between them that stays, are one hunk.
//! It knows a text and what is replaced in it, and no change set.

use protocol::Replacement;
use ropey::Rope;

use crate::replacement::{ChangeError, check_order};

/// An edit of `text` as hunks, in order. Each is made for the text that those before it left, so
/// that any number of them from the first on can be applied one after the other.
///
/// # Errors
/// The replacements overlap or leave the text.
pub fn hunks(
    text: &Rope,
    replacements: &[Replacement],
) -> Result<Vec<Vec<Replacement>>, ChangeError> {
    check_order(replacements)?;
    let length = text.len_bytes();
    let mut hunks: Vec<Vec<Replacement>> = Vec::new();
    let mut last_line = 0;
    // How much longer the hunks before make the text, and how much shorter.
    let (mut longer, mut shorter) = (0, 0);
    let (mut adds, mut removes) = (0, 0);
    for Replacement { start, end, text: new } in replacements {
        if *end > length {
            return Err(ChangeError::BeyondEnd { end: *end, length });
        }
        let line = text.byte_to_line(*start);
        if hunks.is_empty() || line > last_line + 1 {
            hunks.push(Vec::new());
            longer += std::mem::take(&mut adds);
            shorter += std::mem::take(&mut removes);
        }
        let moved = |offset: usize| offset + longer - shorter;
        let one = Replacement { start: moved(*start), end: moved(*end), text: new.clone() };
        hunks.last_mut().into_iter().for_each(|hunk| hunk.push(one.clone()));
        adds += new.len();
        removes += end - start;
        last_line = last_line_of(text, *start, *end);
    }
    Ok(hunks)
}

/// The last line that a stretch touches; the break at its end belongs to the line before.
fn last_line_of(text: &Rope, start: usize, end: usize) -> usize {
    let line = text.byte_to_line(end);
    if end > start && text.line_to_byte(line) == end { line.saturating_sub(1) } else { line }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{apply, diff};

    fn split(before: &str, after: &str) -> Vec<Vec<Replacement>> {
        hunks(&Rope::from_str(before), &diff(before, after)).unwrap()
    }

    #[test]
    fn what_has_a_line_between_that_stays_is_apart() {
        let before = "a\nb\nc\nd\ne\n";
        assert_eq!(split(before, "A\nb\nC\nd\ne\n").len(), 2);
        assert_eq!(split(before, "A\nB\nc\nd\nE\n").len(), 2);
        assert_eq!(split(before, "a\nc\nd\nE\n").len(), 2);
        assert_eq!(split(before, "new\na\nb\nc\nd\ne\nnew\n").len(), 2);
    }

    #[test]
    fn what_is_in_one_line_or_the_next_is_one() {
        let text = Rope::from_str("one two three\nfour\nfive\n");
        let replace = |start, end| Replacement { start, end, text: "x".into() };
        assert_eq!(hunks(&text, &[replace(0, 3), replace(8, 13)]).unwrap().len(), 1);
        assert_eq!(hunks(&text, &[replace(0, 3), replace(14, 15)]).unwrap().len(), 1);
        assert_eq!(hunks(&text, &[replace(0, 14), replace(19, 20)]).unwrap().len(), 2);
        assert!(hunks(&text, &[replace(0, 99)]).is_err());
    }

    #[test]
    fn what_is_in_one_line_or_the_next_is_one_far_down_as_well() {
        let text = Rope::from_str("a\nb\nc\nd\nline five\nline six\nline seven\n");
        let replace = |start, end| Replacement { start, end, text: "x".into() };
        let count = |first, second| hunks(&text, &[first, second]).unwrap().len();
        // Within line five, put in at its start, and with its break.
        for first in [replace(8, 12), replace(8, 8), replace(8, 18)] {
            assert_eq!(count(first, replace(18, 19)), 1);
        }
        assert_eq!(count(replace(8, 12), replace(27, 28)), 2);
    }

    proptest! {
        #[test]
        fn one_after_the_other_they_make_the_edit(before in "[ab\n]{0,30}", after in "[ab\n]{0,30}") {
            let mut text = before.clone();
            for hunk in split(&before, &after) {
                text = apply(&text, &hunk).unwrap();
            }
            prop_assert_eq!(text, after);
        }
    }
}
