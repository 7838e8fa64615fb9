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

use crate::{
    diff::{Stretch, changed_lines, common_lines, distance, fine},
    locate::places,
};

/// The most explanations of where a part stands that are looked at, and the most bytes that are
/// compared for all of them.
const MAX_EXPLANATIONS: usize = 200;
const MAX_COMPARED: usize = 2_000_000;

/// Whether `actual` holds the edit that turned `before` into `proposed`, possibly next to text
/// typed elsewhere.
pub fn shows(before: &str, proposed: &str, actual: &str) -> bool {
    if actual == proposed {
        return true;
    }
    let typed = changed_lines(proposed, actual);
    parts(before, proposed).iter().all(|part| {
        let Some(window) = Window::around(part, proposed, actual, &typed) else { return true };
        window.has_it_whole() && !window.is_better_without()
    })
}

/// One part of the edit: a stretch where the proposal differs from the text before.
struct Part<'a> {
    /// Where its new text stands in the proposal.
    place: Range<usize>,
    /// The text before that it took away.
    old: &'a str,
    /// Where in the proposal it could have stood just as well: a line that was added after an
    /// equal one may have been added before it.
    reach: Range<usize>,
}

fn parts<'a>(before: &'a str, proposed: &'a str) -> Vec<Part<'a>> {
    let changes = fine(before, proposed);
    let (mut added, mut removed, mut last) = (0, 0, 0);
    let parts = changes.iter().enumerate().map(|(index, change)| {
        let start = change.start + added - removed;
        let place = start..start + change.text.len();
        let gone = change.start..change.end;
        added += place.len();
        removed += gone.len();
        // It can be moved over text that stayed, not over another part.
        let next = changes.get(index + 1).map_or(before.len(), |next| next.start);
        let space = (gone.start - last, next - gone.end);
        last = gone.end;
        let (left, right) = match (gone.is_empty(), place.is_empty()) {
            (true, false) => slack(proposed, &place, space),
            (false, true) => slack(before, &gone, space),
            _ => (0, 0),
        };
        let reach = place.start - left..place.end + right;
        Part { place, old: &before[gone], reach }
    });
    parts.collect()
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

/// A part with the lines around it that somebody has typed in.
struct Window<'a> {
    /// The lines in the proposal.
    with: &'a str,
    /// The same without the part.
    without: String,
    /// Where in `with` the part's new text can be said to stand.
    reach: Range<usize>,
    /// How long that text is.
    length: usize,
    /// What stands there now.
    now: &'a str,
}

impl<'a> Window<'a> {
    /// None if nothing was typed where the part is.
    fn around(
        part: &Part<'a>,
        proposed: &'a str,
        actual: &'a str,
        typed: &[Stretch],
    ) -> Option<Self> {
        let mut window = part.reach.clone();
        let mut met = false;
        let (mut moved, mut grown) = (0_isize, 0_isize);
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
        met.then_some(())?;
        // Bytes can be moved over in the middle of a character, text cannot be cut there.
        let start = proposed.floor_char_boundary(window.start);
        let end = proposed.ceil_char_boundary(window.end);
        let now = start.checked_add_signed(moved)?..end.checked_add_signed(moved + grown)?;
        let (front, back) = (&proposed[start..part.place.start], &proposed[part.place.end..end]);
        Some(Self {
            with: &proposed[start..end],
            without: [front, part.old, back].concat(),
            reach: part.reach.start - start..part.reach.end - start,
            length: part.place.len(),
            now: &actual[now],
        })
    }

    /// Whether the new text is there in one piece, in a place that explains what was typed with
    /// nothing to spare.
    fn has_it_whole(&self) -> bool {
        if self.length == 0 {
            return true;
        }
        let least = distance(self.with, self.now);
        let size = (self.with.len() + self.now.len()).max(1);
        let most = (MAX_COMPARED / size).clamp(1, MAX_EXPLANATIONS);
        let stands = self.reach.start..=self.reach.end - self.length;
        let explanations = stands.take(most).flat_map(|start| {
            let new = self.with.get(start..start + self.length).unwrap_or_default();
            places(self.now, new).map(move |place| (start, place))
        });
        explanations.take(most).any(|(start, place)| {
            let (front, back) = (&self.now[..place], &self.now[place + self.length..]);
            let (first, last) = (&self.with[..start], &self.with[start + self.length..]);
            distance(first, front) + distance(last, back) <= least
        })
    }

    /// Whether the text would be nearer to the proposal, or as near, if the part were not in it.
    /// Equal lines tell more than equal characters, which are found between any two texts.
    fn is_better_without(&self) -> bool {
        let (with, without) = (self.with, &self.without);
        distance(without, self.now) <= distance(with, self.now)
            || common_lines(without, self.now) > common_lines(with, self.now)
    }
}

#[cfg(test)]
mod tests;
