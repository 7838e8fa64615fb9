//! What a project chooses for its sessions.

use std::sync::Arc;

use protocol::{AbsPath, Mode};

/// What a project chooses for its sessions. The client's settings count more.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Choices {
    /// The mode.
    pub mode: Option<Mode>,
    /// The model, as `provider/name`.
    pub model: Option<String>,
}

/// Tells what a project chooses, by its folder. May read files.
pub type ProjectChoices = Arc<dyn Fn(&AbsPath) -> Choices + Send + Sync>;
