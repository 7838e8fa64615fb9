//! How a document came to its text: the last edits of the editor whose text counts.
//!
//! Only what an editor told edit by edit is known. Anything else that gives a document a new
//! revision (another editor, an opening, a whole new text, the disk) begins a new history.

use std::collections::VecDeque;

use protocol::Replacement;

/// The most edits that are kept of a document.
const MAX_STEPS: usize = 1000;

/// The most bytes of new text that are kept of a document.
const MAX_BYTES: usize = 1024 * 1024;

/// The edits from one revision on.
#[derive(Default)]
pub(super) struct History {
    /// The revision before the first edit.
    start: u64,
    /// The edits in order, each with the revision that it is part of.
    steps: VecDeque<(u64, Replacement)>,
    /// How much new text they have.
    bytes: usize,
}

impl History {
    /// Nobody can tell how the text of this revision came about.
    pub(super) fn begin(&mut self, revision: u64) {
        *self = Self { start: revision, ..Self::default() };
    }

    /// Edits, each made in the text that the one before left, led to this revision.
    pub(super) fn add(&mut self, revision: u64, edits: Vec<Replacement>) {
        self.bytes += edits.iter().map(|edit| edit.text.len()).sum::<usize>();
        self.steps.extend(edits.into_iter().map(|edit| (revision, edit)));
        while self.steps.len() > MAX_STEPS || self.bytes > MAX_BYTES {
            let Some((revision, edit)) = self.steps.pop_front() else { break };
            self.bytes -= edit.text.len();
            // The others of this revision lead nowhere without it; they are the next to go, or
            // `between` passes over them.
            self.start = revision;
        }
    }

    /// The steps from one revision to another, if they are all known.
    pub(super) fn between(&self, from: u64, to: u64) -> Option<Vec<Vec<Replacement>>> {
        if from < self.start || to < from {
            return None;
        }
        let wanted = self.steps.iter().filter(|(revision, _)| (from + 1..=to).contains(revision));
        Some(wanted.map(|(_, edit)| vec![edit.clone()]).collect())
    }
}
