//! Hunks where the user is: which stand in a document, and what is done with those that are named
//! or pointed at. For editors that draw no hunks themselves.
//!
//! What this connection knows without asking is looked at first, so documents without hunks cost
//! nothing. How it is offered is in `offers.rs`.

use std::{
    collections::{BTreeSet, HashMap},
    ops::RangeInclusive,
    sync::Arc,
};

use engine::{HunkNow, HunkView, Resolution, Switched};
use protocol::{
    AbsPath, ErrorInfo, HunkDecision, HunkId, HunkState, ItemId, SessionId, UndoScope, wire,
};
use serde::Deserialize;
use tower_lsp_server::gen_lsp_types::MessageType;

use super::{
    connection::{Connection, invalid},
    convert,
    pointed::Pointed,
    view::Named,
};

/// Said where no hunk fits.
const NOTHING: &str = "There is no change here for that; it may have been decided already.";

/// A hunk that has a place in a document.
pub(super) struct Here {
    pub(super) session: SessionId,
    pub(super) hunk: HunkView,
    /// Its lines, counted from 0. Of text that was taken out, those that are neighbours now.
    pub(super) lines: RangeInclusive<u32>,
}

/// What is done with hunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verb {
    /// What waits is applied.
    Accept,
    /// What waits is not.
    Reject,
    /// What was applied stays, and was looked at.
    Keep,
    /// What was applied is taken back.
    Undo,
    /// What was taken back is applied again.
    Redo,
}

impl Verb {
    /// Whether it makes sense for a hunk in this state.
    pub(super) fn fits(self, state: &HunkState) -> bool {
        match self {
            Self::Accept | Self::Reject => *state == HunkState::Pending,
            Self::Keep => *state == HunkState::Applied,
            Self::Undo => state.is_in_document(),
            Self::Redo => *state == HunkState::Undone,
        }
    }
}

/// Which hunks a command is about.
#[derive(Deserialize)]
#[serde(
    untagged,
    rename_all_fields = "camelCase",
    expecting = "name the changes by `sessionId` and `hunkIds`, a place by `uri` and `range`, or \
                 to undo and redo a `scope`"
)]
pub(super) enum Target {
    /// Those that are named.
    Named {
        session_id: SessionId,
        hunk_ids: Vec<HunkId>,
        /// They are decided as they stand in the review document, with what is written there.
        #[serde(default)]
        from_review: bool,
    },
    /// Those at a place.
    Place { uri: String, range: wire::Range },
    /// For undo and redo: those of a scope, in a session or in the one that changed something last.
    Scope {
        #[serde(default)]
        session_id: Option<SessionId>,
        scope: UndoScope,
    },
}

/// Hunks of one session, by name.
pub(super) struct Chosen {
    pub(super) session: SessionId,
    pub(super) hunks: Vec<Named>,
    /// What the user has written about some of them.
    pub(super) written: HashMap<HunkId, Written>,
}

/// What the user has written about a hunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Written {
    /// Its lines of the document, and what they are to be.
    pub(super) lines: Option<(String, String)>,
    /// What is said about it.
    pub(super) comment: Option<String>,
}

/// The hunks that have a place in a document: those that wait, those that are applied, and those
/// that were taken back.
pub(super) async fn in_document(connection: &Connection, path: &AbsPath) -> Vec<Here> {
    let mut found = Vec::new();
    for session in connection.view.touching(path) {
        let known = connection.view.hunks(&session, Some(path));
        let mut views = Vec::new();
        if known.iter().any(|hunk| !matches!(hunk.state, HunkState::Rejected | HunkState::Undone)) {
            let drawn = connection.sessions.hunks(&session, Some(path.clone())).await;
            views.extend(drawn.unwrap_or_default());
        }
        let undone = known.iter().filter(|hunk| hunk.state == HunkState::Undone);
        let sets: BTreeSet<&ItemId> = undone.map(|hunk| &hunk.set).collect();
        for set in sets {
            let files = connection.sessions.proposal(&session, set).await.unwrap_or_default();
            let hunks = files.into_iter().flat_map(|file| file.hunks);
            views.extend(hunks.filter(|it| it.path == *path && it.hunk.state == HunkState::Undone));
        }
        let here = views.into_iter().filter_map(|hunk| {
            let lines = lines(&hunk)?;
            Some(Here { session: session.clone(), hunk, lines })
        });
        found.extend(here);
    }
    found
}

/// The lines of a document that a hunk is about.
fn lines(hunk: &HunkView) -> Option<RangeInclusive<u32>> {
    let bytes = hunk.lines.clone()?;
    let line = |at: usize| {
        let at = at.min(hunk.text.len_bytes());
        u32::try_from(hunk.text.byte_to_line(at)).unwrap_or(u32::MAX)
    };
    let first = line(bytes.start);
    if bytes.is_empty() {
        return Some(first.saturating_sub(1)..=first);
    }
    Some(first..=line(bytes.end - 1))
}

impl Here {
    /// Whether its lines and these have one in common.
    pub(super) fn touches(&self, range: wire::Range) -> bool {
        let lines = convert::lines(range);
        self.lines.start() <= lines.end() && lines.start() <= self.lines.end()
    }

    /// The hunk by name.
    pub(super) fn named(&self) -> Named {
        Named {
            set: self.hunk.change_set_id.clone(),
            path: self.hunk.path.clone(),
            id: self.hunk.hunk.id.clone(),
            reason: self.hunk.hunk.reason.clone(),
            state: self.hunk.hunk.state.clone(),
        }
    }
}

impl Target {
    /// The hunks that are meant, session by session.
    ///
    /// # Errors
    /// The place is in no file, or a scope is named where only hunks can be.
    pub(super) async fn chosen(self, connection: &Connection) -> Result<Vec<Chosen>, ErrorInfo> {
        let (uri, range) = match self {
            Self::Named { session_id: session, hunk_ids, from_review } => {
                let mut hunks = connection.view.hunks(&session, None);
                hunks.retain(|hunk| hunk_ids.contains(&hunk.id));
                let written = match from_review {
                    true => connection.review.written(connection)?,
                    false => HashMap::new(),
                };
                return Ok(vec![Chosen { session, hunks, written }]);
            }
            Self::Place { uri, range } => (uri, range),
            Self::Scope { .. } => return Err(invalid("a `scope` can only be undone or redone")),
        };
        if let Some((chosen, _)) = connection.review.pointed(connection, &uri, range) {
            let written = connection.review.written(connection)?;
            return Ok(vec![Chosen { written, ..chosen }]);
        }
        let pointed = Pointed::new(connection, &uri, Some(range))?;
        let mut chosen: Vec<Chosen> = Vec::new();
        for here in in_document(connection, pointed.path()).await {
            if !here.touches(range) {
                continue;
            }
            let named = here.named();
            match chosen.iter_mut().find(|chosen| chosen.session == here.session) {
                Some(chosen) => chosen.hunks.push(named),
                None => chosen.push(Chosen {
                    session: here.session,
                    hunks: vec![named],
                    written: HashMap::new(),
                }),
            }
        }
        Ok(chosen)
    }
}

/// Does what the user wishes with what they named, and says what could not be done.
///
/// # Errors
/// It cannot be told what is meant, or the scope cannot be had.
pub(super) async fn run(
    connection: &Arc<Connection>,
    verb: Verb,
    target: Target,
) -> Result<(), ErrorInfo> {
    let (session, scope) = match target {
        Target::Scope { session_id, scope } if matches!(verb, Verb::Undo | Verb::Redo) => {
            let last = || connection.view.last_set().map(|(session, _)| session);
            let nothing = || invalid("Coworker has not changed anything here yet");
            (session_id.or_else(last).ok_or_else(nothing)?, scope)
        }
        target => {
            carry_out(connection, verb, target.chosen(connection).await?).await;
            return Ok(());
        }
    };
    let Switched { hunks, refused, .. } =
        connection.sessions.undo(&session, scope, verb == Verb::Redo).await?;
    if hunks.is_empty() && refused.is_empty() {
        connection.say(MessageType::Info, NOTHING);
    }
    for reason in not_done(connection, &refused, verb) {
        connection.say(MessageType::Warning, reason);
    }
    Ok(())
}

async fn carry_out(connection: &Arc<Connection>, verb: Verb, chosen: Vec<Chosen>) {
    let mut done = false;
    for Chosen { session, hunks, written } in chosen {
        let fitting: Vec<Named> = hunks.into_iter().filter(|it| verb.fits(&it.state)).collect();
        if fitting.is_empty() {
            continue;
        }
        done = true;
        let failed = match verb {
            Verb::Accept | Verb::Reject | Verb::Keep => {
                decide(connection, &session, &fitting, verb, &written).await
            }
            Verb::Undo | Verb::Redo => take_back(connection, &session, &fitting, verb).await,
        };
        for reason in failed {
            connection.say(MessageType::Warning, reason);
        }
    }
    if !done {
        connection.say(MessageType::Info, NOTHING);
    }
}

/// Decides about hunks; what comes back are the reasons why some could not be applied.
async fn decide(
    connection: &Connection,
    session: &SessionId,
    hunks: &[Named],
    verb: Verb,
    written: &HashMap<HunkId, Written>,
) -> BTreeSet<String> {
    let sets: BTreeSet<&ItemId> = hunks.iter().map(|hunk| &hunk.set).collect();
    let mut failed = BTreeSet::new();
    for set in sets {
        let of_set = hunks.iter().filter(|hunk| hunk.set == *set);
        let decisions = of_set.map(|hunk| {
            let Written { lines, comment } = written.get(&hunk.id).cloned().unwrap_or_default();
            let (before, text) = lines.filter(|_| verb == Verb::Accept).unzip();
            let (hunk_id, accept) = (hunk.id.clone(), verb != Verb::Reject);
            HunkDecision { hunk_id, accept, text, before, reason: comment }
        });
        let by = connection.profile().name.clone();
        let wanted = Resolution { hunks: decisions.collect(), by, ..Resolution::default() };
        match connection.sessions.resolve(session, set, wanted).await {
            Ok(decided) => {
                let root = connection.root();
                failed.extend(decided.iter().filter_map(|hunk| hunk.sentence(root)));
            }
            Err(error) => {
                failed.insert(error.message);
            }
        }
    }
    failed
}

/// Takes hunks back or does them again; what comes back are the reasons why some could not be.
async fn take_back(
    connection: &Connection,
    session: &SessionId,
    hunks: &[Named],
    verb: Verb,
) -> BTreeSet<String> {
    let hunk_ids = hunks.iter().map(|hunk| hunk.id.clone()).collect();
    let scope = UndoScope::Hunks { hunk_ids };
    match connection.sessions.undo(session, scope, verb == Verb::Redo).await {
        Ok(Switched { refused, .. }) => not_done(connection, &refused, verb),
        Err(error) => BTreeSet::from([error.message]),
    }
}

/// Why hunks were not undone or redone.
fn not_done(connection: &Connection, refused: &[HunkNow], verb: Verb) -> BTreeSet<String> {
    let what = if verb == Verb::Redo { "done again" } else { "undone" };
    let sentences = refused.iter().filter_map(|hunk| hunk.sentence(connection.root()));
    sentences.map(|sentence| format!("Not {what}: {sentence}")).collect()
}
