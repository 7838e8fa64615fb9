//! Context: what a model is sent beside its tools, and what a prompt refers to.
//!
//! Before a prompt is journaled, [`prompt`] looks up what it mentions and what its slash command
//! stands for, so that the journal has it as it was then. For every request [`conversation`]
//! rebuilds the messages from the items; [`Standing`] is what the system prompt holds of the
//! project and the user: rules files and the list of skills. [`report`] weighs all of it, and
//! [`complete`] says what can be typed.
//!
//! Everything is read through [`Documents`](crate::Documents), and what no user named passes
//! policy first: see [`Place`].

mod commands;
mod complete;
mod conversation;
mod frontmatter;
mod mentions;
mod place;
mod prompt;
mod report;
mod rules;
mod skills;

use protocol::{AbsPath, ContextPart, ItemBody, SessionState};

pub use complete::Completions;
pub(crate) use complete::complete;
pub use conversation::leave_out_pictures;
pub(crate) use conversation::{Pictures, compaction, has_new_pictures, messages, shortened};
pub(crate) use place::Place;
pub(crate) use prompt::{referred, resolve};
pub use report::estimate;
pub(crate) use report::{report, tokens};
pub(crate) use skills::forbidden_folders;
pub use skills::{Skill, SkillSource};

use crate::prompts::{Instructions, SkillLine};

/// What the system prompt holds of the project and the user.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    pub(crate) instructions: Vec<Instructions>,
    pub(crate) skills: Vec<SkillLine>,
    /// How many skills there are beyond those.
    pub(crate) more_skills: usize,
}

impl Standing {
    /// Reads it anew.
    pub(crate) async fn gather(place: &Place, looked_at: Option<&AbsPath>) -> Self {
        let instructions = rules::gather(place, looked_at).await;
        let found = skills::find(place).await;
        let (skills, more_skills) = skills::lines(&found.skills);
        Self { instructions, skills, more_skills }
    }
}

/// What the user last pointed at.
pub(crate) fn looked_at(state: &SessionState) -> Option<AbsPath> {
    state.told().rev().find_map(|item| match &item.body {
        ItemBody::UserMessage(message) => pointed_at(&message.context).cloned(),
        _ => None,
    })
}

/// The document that the user has before them, by what a client says they point at.
fn pointed_at(context: &[ContextPart]) -> Option<&AbsPath> {
    context.iter().find_map(|part| match part {
        ContextPart::File { path, .. }
        | ContextPart::Selection { path, .. }
        | ContextPart::Problems { path, .. } => Some(path),
        _ => None,
    })
}

/// Whether a part was pointed at in the editor, not written into the prompt.
pub(crate) fn is_pointed_at(part: &ContextPart) -> bool {
    matches!(
        part,
        ContextPart::File { .. }
            | ContextPart::OpenDocuments { .. }
            | ContextPart::Selection { .. }
            | ContextPart::Problems { .. }
    )
}
