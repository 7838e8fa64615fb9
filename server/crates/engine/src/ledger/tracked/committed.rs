//! Which hunks of a document a commit has.
//!
//! The way from the text of now to that of the commit is followed as if another program had gone
//! it: what is still there at its end is committed.

use changes::Followed;
use protocol::{HunkId, Stamp};

use super::Tracked;
use crate::CommittedText;

/// What a commit has of the hunks in a text.
#[derive(Clone)]
pub(super) struct Committed {
    /// What the commit says by its name.
    commit: String,
    /// The hash of the text.
    text: String,
    /// The hunks that the text had, by their numbers.
    shown: Vec<usize>,
    hunks: Vec<HunkId>,
}

impl Tracked {
    /// The hunks of the document that a commit has, each with all of its text and without what it
    /// took away. A look at every keystroke is quick: if the commit and the hunks are the same, it
    /// is not looked for anew in what somebody typed.
    pub(in crate::ledger) fn committed(
        &mut self,
        commit: &CommittedText,
        is_quick: bool,
    ) -> Vec<HunkId> {
        let Some(Stamp { hash, .. }) = self.stamp.as_ref().filter(|_| !self.is_missing) else {
            return Vec::new();
        };
        let shown: Vec<usize> = self.in_text().collect();
        if let Some(known) = &self.committed
            && known.commit == commit.id
            && (known.text == *hash || is_quick && known.shown == shown)
        {
            return known.hunks.clone();
        }
        let mut weave = self.weave.clone();
        let followed = match self.text == commit.text {
            true => Ok(Followed::default()),
            false => weave.follow(&self.text.to_string(), &commit.text.to_string()),
        };
        let gone = weave.gone();
        let is_in = |number: &usize| {
            weave.is_shown(*number) && !weave.is_touched(*number) && !gone.contains(number)
        };
        // A move has no text of its own: the file as a whole is committed, or it is not.
        let has_text =
            |number: &usize| self.text == commit.text || self.weave.place(*number).is_some();
        let numbers = shown.iter().copied().filter(|number| followed.is_ok() && is_in(number));
        let numbers = numbers.filter(has_text);
        let hunks: Vec<HunkId> = numbers.filter_map(|number| self.id(number).cloned()).collect();
        let (commit, text) = (commit.id.clone(), hash.clone());
        self.committed = Some(Committed { commit, text, shown, hunks: hunks.clone() });
        hunks
    }
}
