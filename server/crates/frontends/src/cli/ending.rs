//! How a command ends: the exit codes and what they mean.

use std::process::ExitCode;

use protocol::{ErrorCode, ErrorInfo, StopReason};

/// How a command ended. The numbers are a promise to scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It is done.
    Done,
    /// It failed, and no other code says how.
    Failed,
    /// It was called in a way that it cannot be called, or the configuration has a mistake.
    Usage,
    /// The turn was stopped.
    Stopped,
    /// The turn is done, but something in it was refused because there was nobody to ask.
    Unanswered,
    /// No model answered.
    NoModel,
    /// The turn reached one of its limits.
    Limit,
}

impl Ending {
    /// Every ending, by its code.
    pub const ALL: [Self; 7] = [
        Self::Done,
        Self::Failed,
        Self::Usage,
        Self::Stopped,
        Self::Unanswered,
        Self::NoModel,
        Self::Limit,
    ];

    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Stopped => 3,
            Self::Unanswered => 4,
            Self::NoModel => 5,
            Self::Limit => 6,
        }
    }

    /// What it means, for the help.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Usage => "wrong usage, or a mistake in the configuration",
            Self::Stopped => "stopped by Ctrl-C, or because nobody reads the output any more",
            Self::Unanswered => "done, but something was refused because nobody could be asked",
            Self::NoModel => "no model answered: none is set up, its key is refused, or it is busy",
            Self::Limit => "the turn reached a limit of requests, tokens or time",
        }
    }

    /// How a turn with this stop reason and error ended.
    pub(super) fn of(reason: Option<StopReason>, error: Option<&ErrorInfo>) -> Self {
        match (reason, error.map(|error| error.code)) {
            (Some(StopReason::Completed), _) => Self::Done,
            (Some(StopReason::Cancelled), _) => Self::Stopped,
            (
                _,
                Some(
                    ErrorCode::ModelUnavailable
                    | ErrorCode::ModelUnauthorized
                    | ErrorCode::ModelOverloaded,
                ),
            ) => Self::NoModel,
            (_, Some(ErrorCode::TurnTooLong)) => Self::Limit,
            _ => Self::Failed,
        }
    }
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        ending.code().into()
    }
}
