//! The journal on disk, or in memory: two implementations of [`engine::Store`].
//!
//! Start with [`SqliteStore`]. [`MemoryStore`] keeps nothing beyond the process and is for tests
//! and for front ends that must leave no trace; one suite of tests holds both to the same
//! behaviour. This crate knows what a record is and when it is safe; it does not know what a turn
//! is, who is attached, or what the records mean beyond which item they are about.

mod blob;
mod drafts;
mod memory;
mod misuse;
mod sqlite;
#[cfg(test)]
mod tests;

pub use memory::MemoryStore;
pub use sqlite::{Description, SqliteStore};
