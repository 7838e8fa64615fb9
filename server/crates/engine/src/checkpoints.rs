//! Checkpoints as the journal has them: where a point is, and what was kept since.
//!
//! It looks at items and nothing else. What is kept is found out in `ledger/keeping.rs`, and put
//! back in `ledger/restoring.rs`.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
};

use protocol::{
    AbsPath, Checkpoint, CheckpointKind, ErrorCode, ErrorInfo, FileState, HunkId, HunkState,
    ItemBody, ItemId, Kept, KeptFile, KeptFolder, SessionState, Stretch, TurnId,
};

/// A point to which a session can be restored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// By what it goes: the item of the checkpoint, or the prompt of a turn that has none.
    pub id: ItemId,
    /// What it is the point before.
    pub before: CheckpointKind,
    /// The turn it belongs to; empty if it belongs to none.
    pub turn_id: TurnId,
    /// When that began, in milliseconds since 1970 in UTC.
    pub at: u64,
    /// The first line of the prompt; empty where there was none.
    pub title: String,
    /// How many files changed from there to the next point, as far as it is known.
    pub files: usize,
}

/// The points of a session, the newest last. What was set aside has none.
pub(crate) fn points(state: &SessionState) -> Vec<Point> {
    let mut points: Vec<Point> = Vec::new();
    let mut seen: HashMap<&TurnId, usize> = HashMap::new();
    for item in state.told() {
        match &item.body {
            ItemBody::UserMessage(message) if !seen.contains_key(&item.turn_id) => {
                seen.insert(&item.turn_id, points.len());
                let line = message.text.lines().map(str::trim).find(|line| !line.is_empty());
                points.push(Point {
                    id: item.id.clone(),
                    before: CheckpointKind::Turn,
                    turn_id: item.turn_id.clone(),
                    at: item.at,
                    title: line.unwrap_or_default().to_owned(),
                    files: 0,
                });
            }
            ItemBody::Checkpoint(checkpoint) => {
                let files = files(checkpoint);
                match seen.get(&item.turn_id) {
                    Some(at) if checkpoint.before == CheckpointKind::Turn => {
                        points[*at].id = item.id.clone();
                        points[*at].files = files;
                    }
                    _ => points.push(Point {
                        id: item.id.clone(),
                        before: checkpoint.before.clone(),
                        turn_id: item.turn_id.clone(),
                        at: item.at,
                        title: String::new(),
                        files,
                    }),
                }
            }
            _ => {}
        }
    }
    points
}

fn files(checkpoint: &Checkpoint) -> usize {
    let mut files = HashSet::new();
    for kept in &checkpoint.kept {
        match kept {
            Kept::File(file) => drop(files.insert(&file.path)),
            Kept::Folder(folder) => files.extend(folder.changed.iter().flatten()),
            _ => {}
        }
    }
    files.len()
}

/// Where in the items a point is; none if the item is no such point.
pub(crate) fn position(state: &SessionState, id: &ItemId) -> Option<usize> {
    let item = state.item(id)?;
    let is_of_turn = match &item.body {
        ItemBody::UserMessage(_) => true,
        ItemBody::Checkpoint(checkpoint) => checkpoint.before == CheckpointKind::Turn,
        _ => return None,
    };
    state.items.iter().position(|other| match is_of_turn {
        true => other.turn_id == item.turn_id,
        false => other.id == *id,
    })
}

/// What a restore does to the conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Turning {
    pub(crate) aside: Vec<Stretch>,
    pub(crate) taken_up: Vec<Stretch>,
}

/// What a restore did to the conversation, if the point is one.
pub(crate) fn turning(state: &SessionState, id: &ItemId) -> Turning {
    match state.item(id).map(|item| &item.body) {
        Some(ItemBody::Checkpoint(Checkpoint {
            before: CheckpointKind::Restore { aside, taken_up, .. },
            ..
        })) => Turning { aside: aside.clone(), taken_up: taken_up.clone() },
        _ => Turning::default(),
    }
}

/// The session has no such point.
pub(crate) fn unknown() -> ErrorInfo {
    let words = "This session has no such checkpoint; `coworker checkpoints` lists those it has.";
    ErrorInfo::new(ErrorCode::ItemNotFound, words)
}

/// The checkpoints from a place among the items on with their own places, those that were set
/// aside too: what they kept changed all the same.
pub(crate) fn since(
    state: &SessionState,
    position: usize,
) -> impl Iterator<Item = (usize, &Checkpoint)> {
    state.items.iter().enumerate().skip(position).filter_map(|(at, item)| match &item.body {
        ItemBody::Checkpoint(checkpoint) => Some((at, checkpoint)),
        _ => None,
    })
}

/// The hunks that it takes to switch for a document to be as a checkpoint has it, and whether they
/// are shown then: those made since are hidden, and of a restore those that it hid are shown.
pub(crate) fn switched_since(state: &SessionState, position: usize) -> Vec<(HunkId, bool)> {
    let Some(item) = state.items.get(position) else { return Vec::new() };
    let hidden_from = match &item.body {
        ItemBody::Checkpoint(Checkpoint { before: CheckpointKind::Restore { to, .. }, .. }) => {
            self::position(state, to)
        }
        _ => None,
    };
    let start = match &item.body {
        ItemBody::Checkpoint(Checkpoint { before: CheckpointKind::Turn, .. }) => {
            self::position(state, &item.id).unwrap_or(position)
        }
        _ => position,
    };
    // Earlier restores had hidden others.
    let away = taken_away(state, position);
    let sets = state.items.iter().enumerate().skip(hidden_from.unwrap_or(start));
    let hunks = sets.filter_map(|(at, item)| match &item.body {
        ItemBody::ChangeSet(set) => Some((at, set)),
        _ => None,
    });
    let hunks = hunks.flat_map(|(at, set)| {
        let hunks = set.files.iter().flat_map(|file| &file.hunks);
        let was_shown = at < start && !away.iter().any(|away| away.contains(&at));
        hunks.map(move |hunk| (at >= start, was_shown, hunk))
    });
    let switched = hunks.filter_map(|(is_since, was_shown, hunk)| match hunk.state {
        HunkState::Applied | HunkState::Kept if is_since => Some((hunk.id.clone(), false)),
        HunkState::Undone if was_shown => Some((hunk.id.clone(), true)),
        _ => None,
    });
    switched.collect()
}

/// The places of the items whose changes to files were taken away by restores that still count at a
/// place among the items.
pub(crate) fn taken_away(state: &SessionState, place: usize) -> Vec<Range<usize>> {
    let restores = since(state, 0).take_while(|(at, _)| *at < place);
    let restores = restores.filter(|(_, checkpoint)| !checkpoint.kept.is_empty());
    let restores = restores.filter_map(|(at, checkpoint)| match &checkpoint.before {
        CheckpointKind::Restore { to, .. } => Some(position(state, to)?..at),
        _ => None,
    });
    let mut after_each: Vec<Vec<Range<usize>>> = Vec::new();
    for restore in restores {
        // All is as it was at its point, with the restores that counted there.
        let is_before =
            |away: &&Vec<Range<usize>>| away.last().is_some_and(|last| last.end < restore.start);
        let mut away = after_each.iter().rfind(is_before).cloned().unwrap_or_default();
        away.push(restore);
        after_each.push(away);
    }
    after_each.pop().unwrap_or_default()
}

/// A file as it was on disk when it was last kept by itself.
pub(crate) fn last_file(state: &SessionState, path: &AbsPath) -> Option<FileState> {
    let kept = since(state, 0).flat_map(|(_, checkpoint)| &checkpoint.kept);
    let files = kept.filter_map(|kept| match kept {
        Kept::File(file) if file.path == *path => file.file.clone(),
        _ => None,
    });
    files.last()
}

/// The hashes of all that the items of a session name.
pub(crate) fn named(state: &SessionState) -> Vec<String> {
    let mut named = Vec::new();
    for item in &state.items {
        named.extend(item.images().into_iter().map(|image| image.hash.clone()));
        if let ItemBody::Checkpoint(checkpoint) = &item.body {
            let files = checkpoint.kept.iter().filter_map(|kept| match kept {
                Kept::File(file) => Some(file),
                _ => None,
            });
            for KeptFile { text, file, left, .. } in files {
                let file = file.as_ref().map(|file| &file.hash);
                named.extend([text.as_ref(), file, left.as_ref()].into_iter().flatten().cloned());
            }
        }
    }
    named
}

/// How a file was at a point.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Was {
    /// As it was kept by itself, in the checkpoint at this place among the items.
    File { kept: KeptFile, at: usize },
    /// As it was in a folder that was kept.
    Folder { root: AbsPath, id: String },
}

/// Whether a checkpoint has a file as it was.
pub(crate) fn has(checkpoint: &Checkpoint, path: &AbsPath) -> bool {
    checkpoint.kept.iter().any(|kept| match kept {
        Kept::File(file) => file.path == *path,
        Kept::Folder(KeptFolder { changed, .. }) => {
            changed.as_ref().is_some_and(|changed| changed.contains(path))
        }
        _ => false,
    })
}
