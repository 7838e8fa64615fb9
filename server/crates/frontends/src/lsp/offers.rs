//! What is offered for hunks: the titles of code actions and lenses, with the commands they run.

use std::collections::BTreeSet;

use protocol::{HunkState, SessionId};
use serde_json::{Value, json};
use tower_lsp_server::gen_lsp_types::Command;

use super::{
    commands,
    hunks::{Here, Verb},
    view::Named,
};
use crate::excerpt::Excerpt;

/// A command with its title.
pub(super) struct Offer {
    pub(super) title: String,
    pub(super) command: &'static str,
    pub(super) arguments: Value,
}

impl Offer {
    /// The same for what stands in the review document.
    pub(super) fn in_review(mut self) -> Self {
        self.arguments["fromReview"] = true.into();
        self
    }

    /// The offer as clients run it.
    pub(super) fn command(&self) -> Command {
        Command {
            title: self.title.clone(),
            command: self.command.to_owned(),
            arguments: Some(vec![self.arguments.clone()]),
            ..Default::default()
        }
    }
}

/// Hunks as the user sees them: how one and how several of them are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// Those at the cursor.
    Here,
    /// All of a document.
    File,
    /// All of a change set.
    Set,
}

impl Scope {
    /// So many hunks in so many files.
    fn words(self, count: usize, files: usize) -> String {
        match (self, count) {
            (Self::Here, 1) => "this change".to_owned(),
            (Self::Here, _) => format!("these {count} changes"),
            (Self::File, 1) => "the one change in this file".to_owned(),
            (Self::File, _) => format!("all {count} changes in this file"),
            (Self::Set, 1) => "the one change of this answer".to_owned(),
            (Self::Set, _) if files == 1 => format!("all {count} changes of this answer"),
            (Self::Set, _) => format!("all {count} changes in {files} files"),
        }
    }

    /// What is done with them, for a lens on their lines.
    fn short(self, verb: Verb) -> String {
        match self {
            Self::Here => verb.word().to_owned(),
            Self::File => format!("{} all in this file", verb.word()),
            Self::Set => format!("{} all", verb.word()),
        }
    }
}

/// What can be decided about some hunks: a pair of offers for each state that one of them has.
pub(super) fn decisions(session: &SessionId, hunks: &[Named], scope: Scope) -> Vec<Offer> {
    let offer = |verb: Verb| {
        let fitting = fitting(hunks, verb)?;
        let files = fitting.iter().map(|hunk| &hunk.path).collect::<BTreeSet<_>>().len();
        let title = format!("Coworker: {} {}", verb.word(), scope.words(fitting.len(), files));
        Some(Offer { title, command: verb.command(), arguments: named(session, &fitting) })
    };
    Verb::ALL.into_iter().filter_map(offer).collect()
}

/// The hunks that something can be done with.
fn fitting(hunks: &[Named], verb: Verb) -> Option<Vec<&Named>> {
    let fitting: Vec<&Named> = hunks.iter().filter(|hunk| verb.fits(&hunk.state)).collect();
    (!fitting.is_empty()).then_some(fitting)
}

/// Tells why hunks are there.
pub(super) fn why(session: &SessionId, hunks: &[Named]) -> Option<Offer> {
    let told = hunks.iter().find(|hunk| is_drawn(&hunk.state))?;
    let title = match told.state {
        HunkState::Pending => "Coworker: Why this change?",
        _ => "Coworker: Why is this here?",
    };
    let arguments = named(session, &[told]);
    Some(Offer { title: title.to_owned(), command: commands::EXPLAIN_HUNKS, arguments })
}

/// Shows the change set of some hunks.
pub(super) fn review(session: &SessionId, hunk: &Named) -> Offer {
    Offer {
        title: "Coworker: Review all changes".to_owned(),
        command: commands::REVIEW,
        arguments: json!({ "sessionId": session, "changeSetId": hunk.set }),
    }
}

/// The lenses of a hunk in its document: short, because they stand beside each other.
pub(super) fn lenses(here: &Here) -> Vec<Offer> {
    let hunk = here.named();
    let (counted, verbs) = match hunk.state {
        HunkState::Pending => {
            let (more, less) = Excerpt::of(&here.hunk).map_or((0, 0), |it| it.counts());
            let title = format!("Coworker +{more} −{less}");
            let show = Offer { title, ..review(&here.session, &hunk) };
            (Some(show), [Verb::Accept, Verb::Reject])
        }
        HunkState::Applied => (None, [Verb::Keep, Verb::Undo]),
        _ => return Vec::new(),
    };
    let argument = named(&here.session, &[&hunk]);
    let lens = |title: &str, command| Offer {
        title: title.to_owned(),
        command,
        arguments: argument.clone(),
    };
    let mut lenses: Vec<Offer> = counted.into_iter().collect();
    lenses.extend(verbs.map(|verb| lens(verb.word(), verb.command())));
    lenses.push(lens("Why", commands::EXPLAIN_HUNKS));
    lenses
}

/// The lenses of some hunks in the review document.
pub(super) fn review_lenses(session: &SessionId, hunks: &[Named], scope: Scope) -> Vec<Offer> {
    let lens = |verb: Verb| {
        let arguments = named(session, &fitting(hunks, verb)?);
        Some(Offer { title: scope.short(verb), command: verb.command(), arguments })
    };
    Verb::ALL.into_iter().filter_map(lens).map(Offer::in_review).collect()
}

/// Whether a hunk stands in its document or waits for a decision.
fn is_drawn(state: &HunkState) -> bool {
    matches!(state, HunkState::Pending | HunkState::Applied | HunkState::Kept)
}

fn named(session: &SessionId, hunks: &[&Named]) -> Value {
    let ids: Vec<_> = hunks.iter().map(|hunk| &hunk.id).collect();
    json!({ "sessionId": session, "hunkIds": ids })
}

impl Verb {
    const ALL: [Self; 5] = [Self::Accept, Self::Reject, Self::Keep, Self::Undo, Self::Redo];

    fn word(self) -> &'static str {
        match self {
            Self::Accept => "Accept",
            Self::Reject => "Reject",
            Self::Keep => "Keep",
            Self::Undo => "Undo",
            Self::Redo => "Redo",
        }
    }

    fn command(self) -> &'static str {
        match self {
            Self::Accept => commands::ACCEPT_HUNKS,
            Self::Reject => commands::REJECT_HUNKS,
            Self::Keep => commands::KEEP_HUNKS,
            Self::Undo => commands::UNDO_HUNKS,
            Self::Redo => commands::REDO_HUNKS,
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::{AbsPath, HunkId, ItemId};

    use super::*;

    #[test]
    fn what_fits_is_counted_not_what_there_is() {
        let hunk = |path: &str, state| Named {
            set: ItemId::from("set"),
            path: AbsPath::new(path).unwrap(),
            id: HunkId::from(path),
            reason: None,
            state,
        };
        let hunks = [
            hunk("/a", HunkState::Applied),
            hunk("/b", HunkState::Pending),
            hunk("/c", HunkState::Pending),
            hunk("/d", HunkState::Rejected),
        ];
        let titles = |offers: Vec<Offer>| offers.into_iter().map(|it| it.title).collect::<Vec<_>>();
        let session = SessionId::from("s");
        let set = [
            "Coworker: Accept all 2 changes in 2 files",
            "Coworker: Reject all 2 changes in 2 files",
            "Coworker: Keep the one change of this answer",
            "Coworker: Undo the one change of this answer",
        ];
        assert_eq!(titles(decisions(&session, &hunks, Scope::Set)), set);
        let lenses = titles(review_lenses(&session, &hunks, Scope::Set));
        assert_eq!(lenses, ["Accept all", "Reject all", "Keep all", "Undo all"]);
        let lenses = titles(review_lenses(&session, &hunks[..2], Scope::File));
        assert_eq!(lenses[0], "Accept all in this file");
    }
}
