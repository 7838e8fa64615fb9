//! The words of the tests: places for stores, and short ways to say what is kept.

use std::time::Duration;

use engine::{Batch, Draft, Record, Store};
use protocol::{AbsPath, Effect, Item, ItemBody, Rule, SessionInfo, Status, Stretch, Update};
use tempfile::TempDir;

use crate::{MemoryStore, SqliteStore};

/// Where several stores, as of several processes, see the same sessions.
pub(crate) trait Place {
    fn store(&self) -> impl Store + 'static;
}

/// A folder that is gone after the test.
pub(crate) struct Folder {
    pub(crate) path: AbsPath,
    _guard: TempDir,
}

impl Folder {
    pub(crate) fn new() -> Self {
        let guard = TempDir::new().unwrap();
        let path = path(guard.path().to_str().unwrap()).join("state/coworker").unwrap();
        Self { path, _guard: guard }
    }

    /// A store that waits this long for a lock.
    pub(crate) fn patient(&self, busy_timeout: Duration) -> SqliteStore {
        SqliteStore::open(&self.path, busy_timeout).unwrap()
    }
}

impl Place for Folder {
    fn store(&self) -> impl Store + 'static {
        self.patient(SqliteStore::BUSY_TIMEOUT)
    }
}

impl Place for MemoryStore {
    fn store(&self) -> impl Store + 'static {
        self.beside()
    }
}

pub(crate) fn path(path: &str) -> AbsPath {
    AbsPath::new(path).unwrap()
}

pub(crate) fn info(id: &str, updated_at: u64) -> SessionInfo {
    SessionInfo {
        id: id.into(),
        root: path("/project"),
        folders: vec![path("/library")],
        title: format!("about {id}"),
        created_at: 1,
        updated_at,
    }
}

pub(crate) fn run_rule(command: &str) -> Rule {
    Rule { allow: Effect::Run { command: command.into(), folder: path("/here") } }
}

pub(crate) fn item(id: &str, text: &str) -> Item {
    let body = ItemBody::AgentMessage { text: text.into() };
    Item { id: id.into(), turn_id: "t1".into(), at: 3, aside: false, body }
}

pub(crate) fn message(id: &str, text: &str) -> Update {
    Update::ItemChanged { item: item(id, text) }
}

pub(crate) fn ended(id: &str, text: &str) -> Update {
    Update::ItemEnded { item: item(id, text) }
}

pub(crate) fn aside(first: &str, last: &str, aside: bool) -> Update {
    let stretch = Stretch { first: first.into(), last: last.into() };
    Update::SetAside { stretch, aside }
}

pub(crate) fn status(turn: &str) -> Update {
    Update::Status(Status::Running { turn_id: turn.into() })
}

pub(crate) fn record(seq: u64, update: Update) -> Record {
    Record { seq, update }
}

/// A batch with a record per number, each different.
pub(crate) fn records(seqs: impl IntoIterator<Item = u64>) -> Batch {
    let records = seqs.into_iter().map(|seq| record(seq, ended(&format!("i{seq}"), "text")));
    Batch { records: records.collect(), ..Batch::default() }
}

pub(crate) fn draft(item: &str, offset: usize, text: &str) -> Draft {
    Draft { item_id: item.into(), offset, text: text.into() }
}

/// What a session has of these drafts, whether they are appended one by one or at once.
pub(crate) async fn stored_texts<const N: usize>(
    place: impl Place,
    drafts: [Draft; N],
) -> Vec<Draft> {
    let mut stored = Vec::new();
    for (id, size) in [("s1", 1), ("s2", N)] {
        let store = place.store();
        store.create(&info(id, 1), Batch::default()).await.unwrap();
        for drafts in drafts.chunks(size) {
            let batch = Batch { drafts: drafts.to_vec(), ..Batch::default() };
            store.append(&id.into(), batch).await.unwrap();
        }
        stored.push(store.open(&id.into()).await.unwrap().drafts);
    }
    assert_eq!(stored[0], stored[1], "one by one and at once");
    stored.remove(0)
}
