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

use crate::diff::{Stretch, changed_lines, distance, fine};

/// Whether `actual` holds the edit that turned `before` into `proposed`, possibly next to text
/// typed elsewhere.
pub fn shows(before: &str, proposed: &str, actual: &str) -> bool {
    if actual == proposed {
        return true;
    }
    let (typed, typed_lines) = (typed(proposed, actual), changed_lines(proposed, actual));
    parts(before, proposed).iter().all(|part| {
        let whole = !typed.iter().any(|typed| damages(typed, part));
        whole && !better_without(part, proposed, actual, &typed_lines)
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
fn parts<'a>(before: &'a str, proposed: &'a str) -> Vec<Difference<'a>> {
    let parts = alignments(before, proposed).into_iter().map(|part| {
        let Alignment { gone, come, left, right } = part;
        Difference { place: come, other: &before[gone], left, right }
    });
    parts.collect()
}

/// What was typed into the proposal: `other` is what stands there now.
fn typed<'a>(proposed: &'a str, actual: &'a str) -> Vec<Difference<'a>> {
    let typed = alignments(proposed, actual).into_iter().map(|typed| {
        let Alignment { gone, come, left, right } = typed;
        Difference { place: gone, other: &actual[come], left, right }
    });
    typed.collect()
}

/// A stretch that differs, seen in both texts.
struct Alignment {
    gone: Range<usize>,
    come: Range<usize>,
    left: usize,
    right: usize,
}

fn alignments(before: &str, after: &str) -> Vec<Alignment> {
    let changes = fine(before, after);
    let (mut added, mut removed, mut last) = (0, 0, 0);
    let alignments = changes.iter().enumerate().map(|(index, change)| {
        let gone = change.start..change.end;
        let start = change.start + added - removed;
        let come = start..start + change.text.len();
        added += come.len();
        removed += gone.len();
        // It can be moved over text that is equal, not over another difference.
        let next = changes.get(index + 1).map_or(before.len(), |next| next.start);
        let space = (gone.start - last, next - gone.end);
        last = gone.end;
        let (left, right) = match (gone.is_empty(), come.is_empty()) {
            (true, false) => slack(after, &come, space),
            (false, true) => slack(before, &gone, space),
            _ => (0, 0),
        };
        Alignment { gone, come, left, right }
    });
    alignments.collect()
}

/// How far a stretch could be moved to the left and to the right, in bytes, and the text without
/// it stay the same.
fn slack(text: &str, place: &Range<usize>, (before, after): (usize, usize)) -> (usize, usize) {
    let text = text.as_bytes();
    let left =
        (1..=before).take_while(|step| text[place.start - step] == text[place.end - step]).count();
    let right =
        (0..after).take_while(|step| text[place.start + step] == text[place.end + step]).count();
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

/// Whether the lines around the part are at least as near to the proposal without it.
fn better_without(part: &Difference<'_>, proposed: &str, actual: &str, typed: &[Stretch]) -> bool {
    let mut window = part.reach();
    let mut met = false;
    let (mut moved, mut grown) = (0_isize, 0_isize);
    // What meets the window makes it wider. In order, so that one after the other is met.
    for stretch in typed {
        let longer = stretch.new.len().cast_signed() - stretch.old.len().cast_signed();
        if stretch.old.end < window.start {
            moved += longer;
        } else if stretch.old.start <= window.end {
            window = window.start.min(stretch.old.start)..window.end.max(stretch.old.end);
            grown += longer;
            met = true;
        }
    }
    if !met {
        return false;
    }
    // Bytes can be moved over in the middle of a character, text cannot be cut there.
    window = proposed.floor_char_boundary(window.start)..proposed.ceil_char_boundary(window.end);
    let start = window.start.saturating_add_signed(moved);
    let end = window.end.saturating_add_signed(moved + grown);
    let with = distance(&proposed[window.clone()], &actual[start..end]);
    let without = [
        &proposed[window.start..part.place.start],
        part.other,
        &proposed[part.place.end..window.end],
    ];
    let without = distance(&without.concat(), &actual[start..end]);
    // Equal lines tell more than equal characters, which are found between any two texts.
    without.bytes <= with.bytes || without.lines < with.lines
}

#[cfg(test)]
mod tests;
