//! Documents as the agent sees them: editor buffers over files on disk, search and structure.
//!
//! This room reads and writes the disk and mirrors what editors have open. It knows no session,
//! no model and no wire: whoever attaches an editor tells [`Workspace`] what the editor said, and
//! everybody else reads through [`engine::Documents`].
//!
//! Start with [`Workspace`]; `buffers` holds the mirror, `resolve` decides what a path means, and
//! `disk` is the one place that opens files.

mod buffers;
mod bytes;
mod disk;
mod documents;
mod encoding;
mod excerpt;
mod git;
mod glob;
mod globs;
mod hash;
mod listing;
mod paths;
mod resolve;
mod search;
pub mod structure;
mod symbols;
mod walk;
mod watching;

pub use buffers::{ChangeRefused, TextChange};
pub use documents::{Limits, Source, Workspace};
pub use engine::UNTITLED;
pub use glob::{GlobError, GlobQuery, GlobResult};
pub use search::{
    GrepError, GrepFile, GrepLine, GrepQuery, GrepResult, GrepShow, LeftOut, MAX_LINE_CHARS,
};
