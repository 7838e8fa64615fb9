//! Whether a text holds an edit, although somebody may have typed in it meanwhile.
//!
//! An editor's reply proves nothing, so the text has to. The question is put to the texts alone:
//! this file knows no versions, no ranges and no history.
//!
//! What was typed is the difference between the proposal and the text. The edit is there if each
//! of its parts is whole, and if the text is better explained with that part than without it.
//! Where two explanations are equally good, the answer is no: an edit wrongly held for missing is
//! looked at again, an edit wrongly held for present is never looked at.

use std::ops::Range;

use protocol::Replacement;

use crate::diff::fine;

/// Whether `actual` holds the edit that turned `before` into `proposed`, possibly next to text
/// typed elsewhere.
pub fn shows(before: &str, proposed: &str, actual: &str) -> bool {
    if actual == proposed {
        return true;
    }
    let typed = typed(proposed, actual);
    let mut parts = parts(before, proposed);
    parts.all(|part| {
        let whole = !typed.iter().any(|typed| damages(typed, &part));
        whole && !better_without(&part, proposed, actual, &typed)
    })
}

/// A stretch that differs, seen in the proposal.
struct Difference<'a> {
    /// Where it stands in the proposal.
    place: Range<usize>,
    /// What stands there in the other text.
    other: &'a str,
    /// How far it could be moved to the left and be the same difference: a line that was added
    /// after an equal one may as well have been added before it.
    left: usize,
    /// How far it could be moved to the right.
    right: usize,
}

impl Difference<'_> {
    /// The place with all it could be moved over.
    fn reach(&self) -> Range<usize> {
        self.place.start - self.left..self.place.end + self.right
    }
}

/// What the edit did to the text before: `other` is what it removed.
fn parts<'a>(before: &'a str, proposed: &'a str) -> impl Iterator<Item = Difference<'a>> {
    let mut moved = Moved::default();
    fine(before, proposed).into_iter().map(move |change| {
        let start = moved.forward(change.start);
        let place = start..start + change.text.len();
        moved.past(&change);
        let (left, right) = slack(&change, (before, change.start..change.end), (proposed, &place));
        Difference { place, other: &before[change.start..change.end], left, right }
    })
}

/// What was typed into the proposal: `other` is what stands there now.
fn typed<'a>(proposed: &'a str, actual: &'a str) -> Vec<Difference<'a>> {
    let mut moved = Moved::default();
    let typed = fine(proposed, actual).into_iter().map(|change| {
        let start = moved.forward(change.start);
        let now = start..start + change.text.len();
        moved.past(&change);
        let place = change.start..change.end;
        let (left, right) = slack(&change, (proposed, place.clone()), (actual, &now));
        Difference { place, other: &actual[now], left, right }
    });
    typed.collect()
}

/// How far offsets have moved by the changes so far.
#[derive(Default)]
struct Moved {
    added: usize,
    removed: usize,
}

impl Moved {
    fn forward(&self, offset: usize) -> usize {
        offset + self.added - self.removed
    }

    fn past(&mut self, change: &Replacement) {
        self.added += change.text.len();
        self.removed += change.end - change.start;
    }
}

/// How far a pure insertion or deletion can be moved to the left and to the right, in bytes.
fn slack(
    change: &Replacement,
    (before, gone): (&str, Range<usize>),
    (after, come): (&str, &Range<usize>),
) -> (usize, usize) {
    let (text, place) = match (gone.is_empty(), change.text.is_empty()) {
        (true, false) => (after.as_bytes(), come.clone()),
        (false, true) => (before.as_bytes(), gone),
        _ => return (0, 0),
    };
    let left = (1..=place.start)
        .take_while(|step| text[place.start - step] == text[place.end - step])
        .count();
    let right = (0..text.len() - place.end)
        .take_while(|step| text[place.start + step] == text[place.end + step])
        .count();
    (left, right)
}

/// Whether what was typed is inside of the part's new text, wherever the two are moved.
fn damages(typed: &Difference<'_>, part: &Difference<'_>) -> bool {
    if part.place.is_empty() {
        return false;
    }
    let before = typed.place.end - typed.left <= part.place.start + part.right;
    let after = typed.place.start + typed.right >= part.place.end - part.left;
    !before && !after
}

/// Whether the text around the part is at least as near to the proposal without it.
fn better_without(
    part: &Difference<'_>,
    proposed: &str,
    actual: &str,
    typed: &[Difference<'_>],
) -> bool {
    let window = window(part, proposed, typed);
    let (mut moved, mut added) = (0_isize, 0_isize);
    for typed in typed.iter().filter(|typed| typed.place.start <= window.end) {
        let longer = typed.other.len().cast_signed() - typed.place.len().cast_signed();
        if typed.place.end < window.start {
            moved += longer;
        } else {
            added += longer;
        }
    }
    if added == 0 && !typed.iter().any(|typed| meets(&window, &typed.place)) {
        return false;
    }
    let start = window.start.saturating_add_signed(moved);
    let end = window.end.saturating_add_signed(moved + added);
    let (now, with) = (&actual[start..end], &proposed[window.clone()]);
    let without = [
        &proposed[window.start..part.place.start],
        part.other,
        &proposed[part.place.end..window.end],
    ]
    .concat();
    distance(&without, now) <= distance(with, now)
}

/// The part with all it could be moved over, and everything typed that meets it.
fn window(part: &Difference<'_>, proposed: &str, typed: &[Difference<'_>]) -> Range<usize> {
    let mut window = part.reach();
    loop {
        let mut wider = window.clone();
        for reach in typed.iter().map(Difference::reach).filter(|reach| meets(&window, reach)) {
            wider.start = wider.start.min(reach.start);
            wider.end = wider.end.max(reach.end);
        }
        // Bytes can be moved over in the middle of a character, text cannot be cut there.
        wider = proposed.floor_char_boundary(wider.start)..proposed.ceil_char_boundary(wider.end);
        if wider == window {
            return window;
        }
        window = wider;
    }
}

/// Whether two stretches overlap or touch.
fn meets(one: &Range<usize>, other: &Range<usize>) -> bool {
    one.start <= other.end && other.start <= one.end
}

/// How many bytes have to be typed or removed to get from one text to the other.
fn distance(from: &str, to: &str) -> usize {
    fine(from, to).iter().map(|change| change.end - change.start + change.text.len()).sum()
}

#[cfg(test)]
mod tests;
