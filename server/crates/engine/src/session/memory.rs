//! What a running session remembers beside its journal: the texts that the model was shown.
//!
//! It is lost with the process. Then an inexact edit is placed by the text alone, and a file has to
//! be read again before it is written over.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
};

use protocol::{AbsPath, Replacement};
use ropey::Rope;

use crate::SeenText;

/// How many documents are remembered; the one shown longest ago goes first.
const DOCUMENTS: usize = 64;

#[derive(Default)]
pub(crate) struct Memory {
    seen: Mutex<Texts>,
}

#[derive(Default)]
struct Texts {
    by_path: HashMap<AbsPath, (u64, SeenText)>,
    /// Counts what was shown, to tell what is oldest.
    count: u64,
}

impl Memory {
    /// The model was shown these lines of this text. What it saw of an earlier state of the
    /// document is forgotten: it describes a text that is no more.
    pub(crate) fn saw(&self, path: &AbsPath, text: &Rope, lines: Range<u32>) {
        let mut texts = self.texts();
        texts.count += 1;
        let now = texts.count;
        let (at, seen) = texts
            .by_path
            .entry(path.clone())
            .or_insert_with(|| (now, SeenText { text: text.clone(), lines: Vec::new() }));
        if !seen.text.is_instance(text) {
            // Kept even if it says the same: the next to compare with it is likely this very one,
            // and that costs nothing.
            let before = std::mem::replace(&mut seen.text, text.clone());
            if before != *text {
                seen.lines.clear();
            }
        }
        *at = now;
        add(&mut seen.lines, lines);
        if texts.by_path.len() > DOCUMENTS {
            let oldest = texts.by_path.iter().min_by_key(|(_, (at, _))| *at);
            if let Some(oldest) = oldest.map(|(path, _)| path.clone()) {
                texts.by_path.remove(&oldest);
            }
        }
    }

    /// An edit of the model's turned one text into another: it knows what it wrote, and what it
    /// had been shown has moved with it.
    pub(crate) fn edited(&self, path: &AbsPath, before: &Rope, replacements: &[Replacement]) {
        let shown = self.seen(path).filter(|seen| seen.text == *before);
        let mut lines = shown.map(|seen| seen.lines).unwrap_or_default();
        let mut after = before.clone();
        // From the last to the first, so that the offsets of those before still hold.
        for Replacement { start, end, text } in replacements.iter().rev() {
            let (Ok(from), Ok(to)) = (after.try_byte_to_char(*start), after.try_byte_to_char(*end))
            else {
                return;
            };
            let (first, last) = (after.char_to_line(from), after.char_to_line(to));
            after.remove(from..to);
            after.insert(from, text);
            let end = from + text.chars().count();
            let new_last = after.char_to_line(end);
            // A line that only begins behind the edit was not written by it.
            let known = if after.line_to_char(new_last) == end { new_last } else { new_last + 1 };
            shift(&mut lines, line(first)..line(last), line(new_last), line(known));
        }
        let mut texts = self.texts();
        texts.by_path.remove(path);
        drop(texts);
        for range in lines {
            self.saw(path, &after, range);
        }
    }

    /// What was looked up aside has been shown now.
    pub(crate) fn take_in(&self, aside: &Self) {
        let shown = std::mem::take(&mut aside.texts().by_path);
        for (path, (_, SeenText { text, lines })) in shown {
            lines.into_iter().for_each(|lines| self.saw(&path, &text, lines));
        }
    }

    /// The model has seen nothing.
    pub(crate) fn forget(&self) {
        self.texts().by_path.clear();
    }

    /// A document has another name now.
    pub(crate) fn moved(&self, from: &AbsPath, to: &AbsPath) {
        let mut texts = self.texts();
        if let Some(known) = texts.by_path.remove(from) {
            texts.by_path.insert(to.clone(), known);
        }
    }

    pub(crate) fn seen(&self, path: &AbsPath) -> Option<SeenText> {
        self.texts().by_path.get(path).map(|(_, seen)| seen.clone())
    }

    fn texts(&self) -> MutexGuard<'_, Texts> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn line(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Moves ranges along with an edit that turned the lines `from` (with the last) into others that
/// end with the line `to`; those before `known` are known now.
fn shift(ranges: &mut Vec<Range<u32>>, from: Range<u32>, to: u32, known: u32) {
    let mut moved = Vec::new();
    for range in ranges.drain(..) {
        add(&mut moved, range.start..range.end.min(from.start));
        // The line behind the edit begins with what was there before, if the edit ends a line.
        let behind = if known == to { from.end } else { from.end + 1 };
        let after = range.start.max(behind)..range.end;
        if !after.is_empty() {
            let by = |at: u32| (at + to).saturating_sub(from.end);
            add(&mut moved, by(after.start)..by(after.end));
        }
    }
    add(&mut moved, from.start..known);
    *ranges = moved;
}

/// Adds a range to others that are in order and do not touch, so that they stay so.
fn add(ranges: &mut Vec<Range<u32>>, mut new: Range<u32>) {
    if new.is_empty() {
        return;
    }
    ranges.retain(|old| {
        let apart = old.end < new.start || new.end < old.start;
        if !apart {
            new = old.start.min(new.start)..old.end.max(new.end);
        }
        apart
    });
    let at = ranges.partition_point(|old| old.end < new.start);
    ranges.insert(at, new);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(name: &str) -> AbsPath {
        AbsPath::new(format!("/p/{name}")).unwrap()
    }

    #[test]
    fn what_was_shown_of_one_text_adds_up() {
        let (memory, text) = (Memory::default(), Rope::from_str("a\n"));
        for lines in [10..20, 30..40, 5..8, 20..25, 38..50, 7..7] {
            memory.saw(&path("a"), &text, lines);
        }
        assert_eq!(memory.seen(&path("a")).unwrap().lines, [5..8, 10..25, 30..50]);
    }

    #[test]
    fn what_was_shown_moves_with_an_edit_and_the_edit_is_known() {
        let memory = Memory::default();
        let before = Rope::from_str("0\n1\n2\n3\n4\n5\n6\n7\n");
        memory.saw(&path("a"), &before, 1..2);
        memory.saw(&path("a"), &before, 3..6);
        // Line 4 becomes three, and line 0 goes.
        let replacements = [
            Replacement { start: 0, end: 2, text: String::new() },
            Replacement { start: 8, end: 9, text: "a\nb\nc".into() },
        ];
        memory.edited(&path("a"), &before, &replacements);
        let seen = memory.seen(&path("a")).unwrap();
        assert_eq!(seen.text.to_string(), "1\n2\n3\na\nb\nc\n5\n6\n7\n");
        assert_eq!(seen.lines, [0..1, 2..7]);
    }

    #[test]
    fn of_a_text_that_was_not_shown_only_the_edit_is_known() {
        let memory = Memory::default();
        memory.saw(&path("a"), &Rope::from_str("old"), 0..1);
        let replacement = Replacement { start: 2, end: 2, text: "b\n".into() };
        memory.edited(&path("a"), &Rope::from_str("a\nc\n"), &[replacement]);
        let seen = memory.seen(&path("a")).unwrap();
        assert_eq!((seen.text.to_string().as_str(), seen.lines.len()), ("a\nb\nc\n", 1));
        assert_eq!(seen.lines[0], 1..2);
    }

    #[test]
    fn a_new_text_begins_anew() {
        let memory = Memory::default();
        memory.saw(&path("a"), &Rope::from_str("old"), 0..1);
        memory.saw(&path("a"), &Rope::from_str("new"), 4..6);
        let seen = memory.seen(&path("a")).unwrap();
        assert_eq!((seen.text.to_string().as_str(), seen.lines.len()), ("new", 1));
        assert_eq!(seen.lines[0], 4..6);
    }

    #[test]
    fn what_was_shown_longest_ago_is_forgotten_first() {
        let (memory, text) = (Memory::default(), Rope::from_str("a"));
        memory.saw(&path("first"), &text, 0..1);
        memory.saw(&path("second"), &text, 0..1);
        memory.saw(&path("first"), &text, 1..2);
        (1..DOCUMENTS).for_each(|at| memory.saw(&path(&at.to_string()), &text, 0..1));
        assert!(memory.seen(&path("first")).is_some());
        assert!(memory.seen(&path("second")).is_none());
    }
}
