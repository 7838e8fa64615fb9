//! One piece of a weave: some bytes, who put them in, and who takes them away.
//!
//! It knows nothing of its neighbours, but for whether the user took them away.

use protocol::Replacement;
use serde::{Deserialize, Serialize};

/// A piece. The document shows it if the hunk that put it in is shown, and none that takes it
/// away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fragment {
    /// Never 0.
    pub(super) bytes: usize,
    /// The text while it is hidden; the document has it otherwise.
    text: Option<String>,
    /// The hunk that put it in; none if the user did, or if it was there before.
    pub(super) inserted: Option<usize>,
    /// The hunks that take it away.
    pub(super) deleted: Vec<usize>,
    /// What the user took away beside it while it was hidden.
    pub(super) lost: Lost,
}

/// Which neighbours of a hidden piece the user took away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lost {
    pub(super) left: bool,
    pub(super) right: bool,
}

impl Fragment {
    /// A piece of the document that is nobody's.
    pub(super) fn plain(bytes: usize) -> Self {
        Self { bytes, text: None, inserted: None, deleted: Vec::new(), lost: Lost::default() }
    }

    /// What a hunk would put in.
    pub(super) fn proposed(hunk: usize, text: String) -> Self {
        let plain = Self::plain(text.len());
        Self { text: Some(text), inserted: Some(hunk), ..plain }
    }

    /// The hunks that put it in or take it away.
    pub(super) fn hunks(&self) -> impl Iterator<Item = usize> {
        self.inserted.iter().chain(&self.deleted).copied()
    }

    pub(super) fn is_plain(&self) -> bool {
        self.inserted.is_none() && self.deleted.is_empty()
    }

    pub(super) fn is_visible(&self, is_shown: impl Fn(usize) -> bool) -> bool {
        self.inserted.is_none_or(&is_shown) && !self.deleted.iter().any(|hunk| is_shown(*hunk))
    }

    /// Whether the user took away what stood on both sides of it.
    pub(super) fn is_lost(&self) -> bool {
        self.lost.left && self.lost.right
    }

    /// The text of a hidden piece.
    pub(super) fn hidden_text(&self) -> &str {
        self.text.as_deref().unwrap_or_default()
    }

    /// Whether a hidden piece is another one, whatever stood beside it.
    pub(super) fn is_same_hidden(&self, other: &Self) -> bool {
        let (own, theirs) = (
            (&self.text, self.inserted, &self.deleted),
            (&other.text, other.inserted, &other.deleted),
        );
        own == theirs
    }

    pub(super) fn hide(&mut self, text: String) {
        self.text = Some(text);
        self.lost = Lost::default();
    }

    pub(super) fn show(&mut self) {
        self.text = None;
        self.lost = Lost::default();
    }

    /// Whether to cut it there would cut a character, as far as its text is known.
    pub(super) fn is_cut(&self, at: usize) -> bool {
        self.text.as_ref().is_some_and(|text| !text.is_char_boundary(at))
    }

    /// Cuts it and gives the rest; none if that would cut a character.
    pub(super) fn split_off(&mut self, at: usize) -> Option<Self> {
        let rest = match &mut self.text {
            Some(text) if !text.is_char_boundary(at) => return None,
            Some(text) => Some(text.split_off(at)),
            None => None,
        };
        let bytes = std::mem::replace(&mut self.bytes, at) - at;
        let rest = Self { bytes, text: rest, ..self.clone() };
        // Between the two halves nothing was ever taken away.
        self.lost.right = false;
        Some(Self { lost: Lost { left: false, ..rest.lost }, ..rest })
    }

    /// Takes in the piece behind it, if both are of the same hunks, and nothing was taken away
    /// between them.
    pub(super) fn join(&mut self, next: &Self) -> bool {
        let is_same = self.inserted == next.inserted && self.deleted == next.deleted;
        let joins = is_same
            && self.text.is_some() == next.text.is_some()
            && !self.lost.right
            && !next.lost.left;
        if joins {
            self.bytes += next.bytes;
            self.lost.right = next.lost.right;
            self.text.iter_mut().for_each(|text| text.push_str(next.hidden_text()));
        }
        joins
    }

    /// What makes the document one that has this piece, or has it no longer.
    pub(super) fn switched(&self, at: usize, to_visible: bool) -> Replacement {
        match to_visible {
            true => Replacement { start: at, end: at, text: self.hidden_text().to_owned() },
            false => Replacement { start: at, end: at + self.bytes, text: String::new() },
        }
    }
}
