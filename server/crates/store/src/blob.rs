//! The name that bytes beside a journal are kept by.

use sha2::{Digest, Sha256};

/// SHA-256 in hexadecimal.
pub(crate) fn hash(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}
