//! What is kept of a document between two processes.

use changes::Weave;
use protocol::Stamp;
use ropey::Rope;
use serde::{Deserialize, Serialize};

use super::{Known, NO_REVISION, Tracked};

/// What is kept of a document; its text is a blob.
#[derive(Serialize, Deserialize)]
pub(in crate::ledger) struct Kept {
    weave: Weave,
    hunks: Vec<Known>,
    /// The hash of the text; none if the file did not exist.
    pub(in crate::ledger) text: Option<String>,
    /// Whether somebody took the file away.
    #[serde(default)]
    is_missing: bool,
    /// The document that had its name before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::ledger) under: Option<Box<Kept>>,
}

impl Kept {
    pub(in crate::ledger) fn read(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }

    /// The document as it was kept, without those that had its name before; none if that is not
    /// its text.
    pub(in crate::ledger) fn tracked(self, text: &str) -> Option<Tracked> {
        let text = Rope::from_str(text);
        let Self { weave, hunks, text: hash, is_missing, .. } = self;
        // Revisions are counted anew in each process.
        let stamp = hash.map(|hash| Stamp { revision: NO_REVISION, hash });
        let fits = weave.len() == text.len_bytes();
        fits.then(|| Tracked { weave, text, stamp, hunks, is_missing, ..Tracked::default() })
    }
}

impl Tracked {
    /// Whether what is kept of it is about this text.
    pub(in crate::ledger) fn is_kept(&self) -> bool {
        self.kept.as_ref() == self.stamp.as_ref().map(|stamp| &stamp.hash)
    }

    /// What is kept of it is about this text now.
    pub(in crate::ledger) fn note_kept(&mut self) {
        self.kept = self.stamp.as_ref().map(|stamp| stamp.hash.clone());
    }

    /// What is kept of it.
    pub(in crate::ledger) fn kept(&self) -> Vec<u8> {
        serde_json::to_vec(&self.as_kept()).unwrap_or_default()
    }

    fn as_kept(&self) -> Kept {
        Kept {
            weave: self.weave.clone(),
            hunks: self.hunks.clone(),
            text: self.stamp.as_ref().map(|stamp| stamp.hash.clone()),
            is_missing: self.is_missing,
            under: self.under.as_ref().map(|under| Box::new(under.as_kept())),
        }
    }
}
