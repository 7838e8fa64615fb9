//! What a running session remembers beside its journal: the texts that the model was shown.
//!
//! It is lost with the process, and nothing depends on it but how well an inexact edit is placed.

use std::{
    collections::HashMap,
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
};

use protocol::AbsPath;
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
        if seen.text != *text {
            *seen = SeenText { text: text.clone(), lines: Vec::new() };
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

    pub(crate) fn seen(&self, path: &AbsPath) -> Option<SeenText> {
        self.texts().by_path.get(path).map(|(_, seen)| seen.clone())
    }

    fn texts(&self) -> MutexGuard<'_, Texts> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
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
    fn a_new_text_begins_anew() {
        let memory = Memory::default();
        memory.saw(&path("a"), &Rope::from_str("old"), 0..1);
        memory.saw(&path("a"), &Rope::from_str("new"), 4..6);
        let seen = memory.seen(&path("a")).unwrap();
        assert_eq!((seen.text.to_string().as_str(), seen.lines.as_slice()), ("new", &[4..6][..]));
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
