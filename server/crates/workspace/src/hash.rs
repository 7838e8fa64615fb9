//! SHA-256 of texts: what two states of a document are compared by.

use ropey::Rope;
use sha2::{Digest, Sha256};

/// A hash in lower-case hexadecimal, as it stands in [`protocol::Stamp`].
pub(crate) type Hash = String;

pub(crate) fn of_str(text: &str) -> Hash {
    format!("{:x}", Sha256::digest(text))
}

pub(crate) fn of_rope(text: &Rope) -> Hash {
    let mut hash = Hashing::default();
    text.chunks().for_each(|chunk| hash.add(chunk.as_bytes()));
    hash.end()
}

/// The hash of a text that comes piece by piece.
#[derive(Default)]
pub(crate) struct Hashing(Sha256);

impl Hashing {
    pub(crate) fn add(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    pub(crate) fn end(self) -> Hash {
        format!("{:x}", self.0.finalize())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rope_has_the_hash_of_its_text() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(of_str(""), empty);
        assert_eq!(of_rope(&Rope::new()), empty);
        let long = "größer als ein Stück\r\n".repeat(1000);
        assert_eq!(of_rope(&Rope::from_str(&long)), of_str(&long));
    }
}
