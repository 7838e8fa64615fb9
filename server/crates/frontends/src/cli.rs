//! The command line: one prompt, seen through in a terminal or by a program, and the sessions
//! there are.
//!
//! It is a client like an editor, but has no open documents: edits go to files. It asks on the
//! terminal where there is one and otherwise says no, unless `--yes` was given. With `--json` it
//! writes what every front end is told, line by line. It knows no model and no tool; what an
//! approval, a diff or a tool call looks like is in [`view`], [`question`] and [`style`], and the
//! demo uses the same.
//!
//! Start with [`run`]; [`sessions`] has what is done with sessions, [`changes`] what the agent
//! wrote and how it is taken back, [`checkpoints`] the way back to a point, [`context`] what a
//! model would be sent, [`usage`] what was used.

pub mod changes;
pub mod checkpoints;
mod choosing;
mod context;
mod editing;
mod ending;
mod progress;
pub mod question;
mod run;
pub mod sessions;
pub mod style;
mod terminal;
mod transcript;
mod updates;
mod usage;
pub mod view;

use std::io;

use protocol::ErrorInfo;

pub use context::context;
pub use ending::Ending;
pub use run::{RunRequest, Which, run};
pub use usage::usage;

/// Why a command could not be done.
#[derive(Debug, thiserror::Error)]
pub enum CliError {
    /// The engine refused.
    #[error(transparent)]
    Refused(#[from] ErrorInfo),
    /// Nothing more can be written.
    #[error("the output cannot be written")]
    Output(#[from] io::Error),
    /// It cannot be called this way; the sentence says how.
    #[error("{0}")]
    Usage(String),
}

impl CliError {
    /// How a command ends with this error.
    pub fn ending(&self) -> Ending {
        match self {
            Self::Usage(_) => Ending::Usage,
            Self::Refused(error) => Ending::of(None, Some(error)),
            Self::Output(_) => Ending::Failed,
        }
    }

    /// Whether it only says that nobody reads the output any more.
    pub fn nobody_reads(&self) -> bool {
        matches!(self, Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
