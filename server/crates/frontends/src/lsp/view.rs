//! What this front end knows of its sessions without asking: what runs, in which mode, which
//! questions wait, and which hunks there are in which documents.
//! Code actions are asked for with every move of the cursor, so the answer has to be at hand.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
};

use protocol::{
    AbsPath, Approval, ChangeSet, Hunk, HunkId, HunkState, Item, ItemBody, ItemId, Mode, SessionId,
    SessionUpdate, Status, TurnId, Update,
};

use super::connection::lock;

/// How much of a prompt is kept, in characters.
const PROMPT_LIMIT: usize = 200;

/// The sessions a connection is attached to.
#[derive(Default)]
pub(super) struct View(Mutex<BTreeMap<SessionId, Known>>);

#[derive(Default)]
struct Known {
    running: bool,
    mode: Option<Mode>,
    questions: Vec<(ItemId, Approval)>,
    // In the order they were made.
    sets: Vec<KnownSet>,
    // The first lines of what was asked.
    prompts: HashMap<TurnId, String>,
    // What the user moved, from where to where, in order.
    moved: Vec<(AbsPath, AbsPath)>,
}

/// A change set without its text.
struct KnownSet {
    id: ItemId,
    origin: Origin,
    files: Vec<KnownFile>,
}

struct KnownFile {
    path: AbsPath,
    to: Option<AbsPath>,
    hunks: Vec<KnownHunk>,
}

struct KnownHunk {
    id: HunkId,
    reason: Option<String>,
    state: HunkState,
}

/// What a change set came of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) turn: Option<TurnId>,
    /// The beginning of what was asked.
    pub(super) prompt: String,
    /// The model, as `provider/name`.
    pub(super) model: String,
    /// When, in milliseconds since 1970 in UTC.
    pub(super) at: u64,
}

/// A hunk, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) set: ItemId,
    /// The file as it was called when the hunk was made.
    pub(super) path: AbsPath,
    pub(super) id: HunkId,
    /// Why, in the model's words.
    pub(super) reason: Option<String>,
    pub(super) state: HunkState,
}

/// An approval that waits for an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    pub(super) session: SessionId,
    pub(super) id: ItemId,
    pub(super) approval: Approval,
}

impl View {
    /// Takes an update in.
    pub(super) fn take(&self, update: &SessionUpdate) {
        let mut sessions = lock(&self.0);
        let known = sessions.entry(update.session_id.clone()).or_default();
        match &update.update {
            Update::Status(status) => known.running = matches!(status, Status::Running { .. }),
            Update::Config { mode, .. } => known.mode = Some(*mode),
            Update::ItemStarted { item } | Update::ItemChanged { item } => known.put(item, true),
            Update::ItemEnded { item } => known.put(item, false),
            _ => {}
        }
    }

    /// The user moved files or folders.
    pub(super) fn moved(&self, moved: &[(AbsPath, AbsPath)]) {
        for known in lock(&self.0).values_mut().filter(|known| !known.sets.is_empty()) {
            known.moved.extend_from_slice(moved);
        }
    }

    /// The sessions.
    pub(super) fn sessions(&self) -> Vec<SessionId> {
        lock(&self.0).keys().cloned().collect()
    }

    /// The mode of the session, once it has been told.
    pub(super) fn mode(&self, session: &SessionId) -> Option<Mode> {
        lock(&self.0).get(session)?.mode
    }

    /// Whether a turn of the session runs.
    pub(super) fn is_running(&self, session: &SessionId) -> bool {
        lock(&self.0).get(session).is_some_and(|known| known.running)
    }

    /// The sessions of which a turn runs.
    pub(super) fn running(&self) -> Vec<SessionId> {
        let sessions = lock(&self.0);
        sessions.iter().filter(|(_, known)| known.running).map(|(id, _)| id.clone()).collect()
    }

    /// The questions that wait, those of one session in their order.
    pub(super) fn questions(&self) -> Vec<Question> {
        let sessions = lock(&self.0);
        let of = |(session, known): (&SessionId, &Known)| {
            let session = session.clone();
            let question = move |(id, approval): &(ItemId, Approval)| Question {
                session: session.clone(),
                id: id.clone(),
                approval: approval.clone(),
            };
            known.questions.iter().map(question).collect::<Vec<_>>()
        };
        sessions.iter().flat_map(of).collect()
    }

    /// The sessions that have hunks in a document.
    pub(super) fn touching(&self, path: &AbsPath) -> Vec<SessionId> {
        let sessions = lock(&self.0);
        let touching = sessions.iter().filter(|(_, known)| !known.hunks(Some(path)).is_empty());
        touching.map(|(id, _)| id.clone()).collect()
    }

    /// The hunks of a session in their order; only those of a document if it is named.
    pub(super) fn hunks(&self, session: &SessionId, path: Option<&AbsPath>) -> Vec<Named> {
        lock(&self.0).get(session).map(|known| known.hunks(path)).unwrap_or_default()
    }

    /// What a change set came of.
    pub(super) fn origin(&self, session: &SessionId, set: &ItemId) -> Option<Origin> {
        let sessions = lock(&self.0);
        let known = sessions.get(session)?;
        let mut origin = known.sets.iter().find(|it| it.id == *set)?.origin.clone();
        let prompt = origin.turn.as_ref().and_then(|turn| known.prompts.get(turn));
        origin.prompt = prompt.cloned().unwrap_or_default();
        Some(origin)
    }

    /// The change set to look at: the last in which something waits, or just the last.
    pub(super) fn last_set(&self) -> Option<(SessionId, ItemId)> {
        let sessions = lock(&self.0);
        let all = sessions.iter().flat_map(|(id, known)| known.sets.iter().map(move |it| (id, it)));
        let last = all.max_by_key(|(_, set)| (set.waits(), set.origin.at));
        last.map(|(session, set)| (session.clone(), set.id.clone()))
    }

    /// The session is gone.
    pub(super) fn forget(&self, session: &SessionId) {
        lock(&self.0).remove(session);
    }
}

impl Known {
    fn put(&mut self, item: &Item, open: bool) {
        match &item.body {
            ItemBody::Approval(approval) => {
                self.questions.retain(|(id, _)| *id != item.id);
                if open && approval.answer.is_none() {
                    self.questions.push((item.id.clone(), approval.clone()));
                }
            }
            ItemBody::ChangeSet(set) => self.put_set(item, set),
            ItemBody::UserMessage(message) => {
                // A selection that is quoted is not what was asked about it.
                let is_own = |line: &&str| !line.trim().is_empty() && !line.starts_with('>');
                let mut lines = message.text.lines();
                let line = lines.clone().find(is_own).or_else(|| lines.next());
                let line = line.unwrap_or_default().trim().chars().take(PROMPT_LIMIT).collect();
                // What steers is part of a turn that was begun by another.
                self.prompts.entry(item.turn_id.clone()).or_insert(line);
            }
            _ => {}
        }
    }

    fn put_set(&mut self, item: &Item, set: &ChangeSet) {
        let files = set.files.iter().map(|file| KnownFile {
            path: file.path.clone(),
            to: file.to.clone(),
            hunks: file.hunks.iter().map(KnownHunk::from).collect(),
        });
        let origin = Origin {
            turn: Some(item.turn_id.clone()),
            prompt: String::new(),
            model: set.model.clone(),
            at: item.at,
        };
        let set = KnownSet { id: item.id.clone(), origin, files: files.collect() };
        match self.sets.iter_mut().find(|known| known.id == item.id) {
            Some(known) => *known = set,
            None => self.sets.push(set),
        }
    }

    fn hunks(&self, path: Option<&AbsPath>) -> Vec<Named> {
        let names = path.map(|path| self.names(path));
        let mut hunks = Vec::new();
        for set in &self.sets {
            for KnownFile { path, hunks: known, .. } in &set.files {
                if names.as_ref().is_some_and(|names| !names.contains(path)) {
                    continue;
                }
                hunks.extend(known.iter().map(|KnownHunk { id, reason, state }| Named {
                    set: set.id.clone(),
                    path: path.clone(),
                    id: id.clone(),
                    reason: reason.clone(),
                    state: state.clone(),
                }));
            }
        }
        hunks
    }

    /// What a document was called before it was moved, and what it is called now.
    fn names(&self, path: &AbsPath) -> Vec<AbsPath> {
        let mut names = vec![path.clone()];
        for (from, to) in self.moved.iter().rev() {
            let inside = names.iter().filter(|name| name.starts_with(to));
            let before = inside.filter_map(|name| match name == to {
                true => Some(from.clone()),
                false => from.join(name.relative_to(to)).ok(),
            });
            let before: Vec<AbsPath> = before.collect();
            names.extend(before);
        }
        for file in self.sets.iter().rev().flat_map(|set| &set.files) {
            if file.to.as_ref().is_some_and(|to| names.contains(to)) {
                names.push(file.path.clone());
            }
        }
        names
    }
}

impl From<&Hunk> for KnownHunk {
    fn from(hunk: &Hunk) -> Self {
        let Hunk { id, reason, state, .. } = hunk.clone();
        Self { id, reason, state }
    }
}

impl KnownSet {
    fn waits(&self) -> bool {
        let mut hunks = self.files.iter().flat_map(|file| &file.hunks);
        hunks.any(|hunk| hunk.state == HunkState::Pending)
    }
}

#[cfg(test)]
mod tests {
    use protocol::{FileChange, FileChangeKind};
    use serde_json::json;

    use super::*;

    fn path(name: &str) -> AbsPath {
        AbsPath::new(name).unwrap()
    }

    /// A change set of one hunk.
    fn set(
        id: &str,
        at: u64,
        kind: &str,
        paths: (&str, Option<&str>),
        state: &str,
    ) -> SessionUpdate {
        let hunk = json!({"id": format!("{id}.1"), "itemId": "call", "replacements": [],
            "state": {"kind": state}});
        let file =
            json!({"path": paths.0, "to": paths.1, "kind": kind, "hunks": [hunk], "diff": ""});
        let file: FileChange = serde_json::from_value(file).unwrap();
        assert!(file.kind == FileChangeKind::Edit || file.to.is_some());
        let item = json!({"id": id, "turnId": "turn", "at": at, "kind": "changeSet",
            "files": [file], "model": "a/b"});
        let item: Item = serde_json::from_value(item).unwrap();
        SessionUpdate {
            session_id: SessionId::from("s"),
            seq: at,
            update: Update::ItemEnded { item },
        }
    }

    #[test]
    fn a_moved_document_still_has_its_hunks() {
        let view = View::default();
        view.take(&set("1", 1, "edit", ("/a", None), "applied"));
        assert!(view.touching(&path("/b")).is_empty());
        view.take(&set("2", 2, "move", ("/a", Some("/b")), "applied"));
        let hunks = view.hunks(&SessionId::from("s"), Some(&path("/b")));
        let ids: Vec<&str> = hunks.iter().map(|hunk| hunk.id.as_str()).collect();
        assert_eq!(ids, ["1.1", "2.1"]);
    }

    #[test]
    fn what_was_asked_is_not_the_selection_it_is_about() {
        let view = View::default();
        view.take(&set("1", 1, "edit", ("/a", None), "pending"));
        let text = "> `a.py:1-2`\n>\n> ```\n> x\n> ```\n\nMake it short.\nPlease.";
        let item = json!({"id": "2", "turnId": "turn", "at": 1, "kind": "userMessage",
            "text": text, "context": []});
        let item: Item = serde_json::from_value(item).unwrap();
        let update = Update::ItemEnded { item };
        view.take(&SessionUpdate { session_id: SessionId::from("s"), seq: 2, update });
        let origin = view.origin(&SessionId::from("s"), &ItemId::from("1")).unwrap();
        assert_eq!(origin.prompt, "Make it short.");
    }

    #[test]
    fn what_waits_is_looked_at_first() {
        let view = View::default();
        view.take(&set("1", 1, "edit", ("/a", None), "pending"));
        view.take(&set("2", 2, "edit", ("/a", None), "applied"));
        assert_eq!(view.last_set().unwrap().1, ItemId::from("1"));
        view.take(&set("1", 1, "edit", ("/a", None), "rejected"));
        assert_eq!(view.last_set().unwrap().1, ItemId::from("2"));
        assert_eq!(view.origin(&SessionId::from("s"), &ItemId::from("1")).unwrap().model, "a/b");
    }
}
