//! What is offered for hunks: the titles of code actions and lenses, with the commands they run.

use protocol::{HunkId, HunkState, SessionId};
use serde_json::{Value, json};
use tower_lsp_server::gen_lsp_types::Command;

use super::{
    commands,
    hunks::{Here, Verb},
    view::Named,
};

/// A command with its title.
pub(super) struct Offer {
    pub(super) title: String,
    pub(super) command: &'static str,
    pub(super) arguments: Value,
}

impl Offer {
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
#[derive(Clone, Copy)]
pub(super) enum Scope {
    /// Those at the cursor.
    Here,
    /// All of the document.
    File,
    /// All of the change set, which is in so many files.
    Set(usize),
}

impl Scope {
    fn words(self, count: usize) -> String {
        match (self, count) {
            (Self::Here, 1) => "this change".to_owned(),
            (Self::Here, _) => format!("these {count} changes"),
            (Self::File, 1) => "the one change in this file".to_owned(),
            (Self::File, _) => format!("all {count} changes in this file"),
            (Self::Set(1), 1) => "the one change of this answer".to_owned(),
            (Self::Set(1), _) => format!("all {count} changes of this answer"),
            (Self::Set(files), _) => format!("all {count} changes in {files} files"),
        }
    }
}

/// What can be decided about some hunks: a pair of offers for each state that one of them has.
pub(super) fn decisions(session: &SessionId, hunks: &[Named], scope: Scope) -> Vec<Offer> {
    some(session, hunks, scope, |_| true)
}

/// The same for some verbs only.
pub(super) fn some(
    session: &SessionId,
    hunks: &[Named],
    scope: Scope,
    wanted: impl Fn(Verb) -> bool,
) -> Vec<Offer> {
    let offer = |verb: Verb| {
        let fitting: Vec<&HunkId> =
            hunks.iter().filter(|hunk| verb.fits(&hunk.state)).map(|hunk| &hunk.id).collect();
        if fitting.is_empty() {
            return None;
        }
        let title = format!("Coworker: {} {}", verb.word(), scope.words(fitting.len()));
        Some(Offer { title, command: verb.command(), arguments: named(session, &fitting) })
    };
    [Verb::Accept, Verb::Reject, Verb::Keep, Verb::Undo, Verb::Redo]
        .into_iter()
        .filter(|verb| wanted(*verb))
        .filter_map(offer)
        .collect()
}

/// Tells why hunks are there.
pub(super) fn why(session: &SessionId, hunks: &[Named]) -> Option<Offer> {
    let told = hunks.iter().find(|hunk| is_drawn(&hunk.state))?;
    let title = match told.state {
        HunkState::Pending => "Coworker: Why this change?",
        _ => "Coworker: Why is this here?",
    };
    let arguments = named(session, &[&told.id]);
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
    let argument = named(&here.session, &[&hunk.id]);
    let lens = |title: &str, command| Offer {
        title: title.to_owned(),
        command,
        arguments: argument.clone(),
    };
    let verbs = match hunk.state {
        HunkState::Pending => {
            let (more, less) = counts(&here.hunk.before, &here.hunk.after);
            let title = format!("Coworker +{more} −{less}");
            let show = Offer { title, ..review(&here.session, &hunk) };
            return [
                show,
                lens("Accept", commands::ACCEPT_HUNKS),
                lens("Reject", commands::REJECT_HUNKS),
            ]
            .into_iter()
            .chain([lens("Why", commands::EXPLAIN_HUNKS)])
            .collect();
        }
        HunkState::Applied => [Verb::Keep, Verb::Undo],
        _ => return Vec::new(),
    };
    let verbs = verbs.map(|verb| lens(verb.word(), verb.command()));
    verbs.into_iter().chain([lens("Why", commands::EXPLAIN_HUNKS)]).collect()
}

/// The lenses of some hunks in the review document.
pub(super) fn review_lenses(session: &SessionId, hunks: &[Named]) -> Vec<Offer> {
    let short = |offer: Offer| {
        let title = offer.title.trim_start_matches("Coworker: ");
        let title = title.trim_end_matches(" this change").to_owned();
        Offer { title, ..offer }
    };
    decisions(session, hunks, Scope::Here).into_iter().map(short).collect()
}

/// Whether a hunk stands in its document or waits for a decision.
fn is_drawn(state: &HunkState) -> bool {
    matches!(state, HunkState::Pending | HunkState::Applied | HunkState::Kept)
}

fn named(session: &SessionId, hunks: &[&HunkId]) -> Value {
    json!({ "sessionId": session, "hunkIds": hunks })
}

/// How many lines come and how many go.
fn counts(before: &str, after: &str) -> (usize, usize) {
    let (old, new): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let common = old.iter().zip(&new).take_while(|(old, new)| old == new).count();
    let (old, new) = (&old[common..], &new[common..]);
    let tail = old.iter().rev().zip(new.iter().rev()).take_while(|(old, new)| old == new).count();
    (new.len() - tail, old.len() - tail)
}

impl Verb {
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
    use super::*;

    #[test]
    fn lines_that_stay_are_not_counted() {
        assert_eq!(counts("a\nb\nc\n", "a\nx\ny\nc\n"), (2, 1));
        assert_eq!(counts("a\n", "a\na\n"), (1, 0));
        assert_eq!(counts("a\na\n", "a\n"), (0, 1));
    }
}
