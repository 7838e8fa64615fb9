//! What happens to a weave when a document was changed by something that does not tell how: a
//! checkout, a formatter, another program.

use super::Weave;
use crate::{diff, replacement::ChangeError};

impl Weave {
    /// Takes in that the document had one text and has another now.
    ///
    /// # Errors
    /// `before` is not the text of the weave; it is as before.
    pub fn follow(&mut self, before: &str, after: &str) -> Result<(), ChangeError> {
        if before.len() != self.len() {
            return Err(ChangeError::BeyondEnd { end: self.len(), length: before.len() });
        }
        self.edit(&diff::fine(before, after))
    }
}
