//! What only a disk can do to sessions: processes that die, locks, refusals, torn files.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Write},
    path::PathBuf,
    process::{Command, Stdio},
    time::Duration,
};

use engine::{Batch, Keep, Store, StoreError};
use futures::future::join_all;
use protocol::{AbsPath, SessionInfo};
use ropey::Rope;
use rusqlite::Connection;

use super::{SqliteStore, database::FILE};
use crate::tests::{
    keep_weave,
    words::{Folder, Place, draft, info, path, records, run_rule},
};

/// Names the folder of a test to the process that the test starts.
const CHILD: &str = "COWORKER_STORE_TEST_FOLDER";

impl Folder {
    fn database(&self) -> PathBuf {
        self.path.as_std_path().join(FILE)
    }

    fn connection(&self) -> Connection {
        Connection::open(self.database()).unwrap()
    }

    fn schema(&self) -> u32 {
        let read = |row: &rusqlite::Row<'_>| row.get(0);
        self.connection().pragma_query_value(None, "user_version", read).unwrap()
    }

    fn impatient(&self) -> SqliteStore {
        self.patient(Duration::from_millis(1))
    }

    /// With a session `s1` that has the records 1 to 3, and nobody who holds it.
    async fn with_a_session() -> Self {
        let folder = Self::new();
        let store = folder.store();
        store.create(&info("s1", 1), Batch::default()).await.unwrap();
        store.append(&"s1".into(), records(1..=3)).await.unwrap();
        folder
    }

    async fn seqs(&self) -> Vec<u64> {
        let stored = self.store().open(&"s1".into()).await.unwrap();
        stored.records.iter().map(|record| record.seq).collect()
    }
}

#[tokio::test]
async fn nothing_is_touched_before_the_first_call() {
    let folder = Folder::new();
    let store = folder.store();
    assert!(!folder.path.as_std_path().exists());
    assert_eq!(store.list(None).await.unwrap(), []);
    assert!(folder.database().exists());
}

#[tokio::test]
async fn a_database_is_described_by_its_file() {
    let folder = Folder::with_a_session().await;
    let description = folder.patient(SqliteStore::BUSY_TIMEOUT).describe().await.unwrap();
    assert_eq!(description.file.as_std_path(), folder.database());
    assert_eq!(description.schema, folder.schema());
    assert!(description.bytes >= fs::metadata(folder.database()).unwrap().len());
}

#[cfg(unix)]
#[tokio::test]
async fn only_the_owner_may_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::with_a_session().await;
    let store = folder.store();
    store.open(&"s1".into()).await.unwrap();
    let mode = |path: PathBuf| (fs::metadata(&path).unwrap().permissions().mode() & 0o777, path);
    let here = folder.path.as_std_path();
    for private in [here.to_owned(), here.parent().unwrap().to_owned(), here.join("locks")] {
        let (mode, private) = mode(private);
        assert_eq!(mode, 0o700, "{}", private.display());
    }
    let names = [FILE, "coworker.db-wal", "coworker.db-shm", "locks/s1.lock"];
    for (mode, private) in names.map(|name| mode(here.join(name))) {
        assert_eq!(mode, 0o600, "{}", private.display());
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_closed_session_leaves_no_lock_file() {
    let folder = Folder::with_a_session().await;
    let store = folder.store();
    store.open(&"s1".into()).await.unwrap();
    assert!(store.open(&"nobody".into()).await.is_err());
    let locks = || fs::read_dir(folder.path.as_std_path().join("locks")).unwrap().count();
    assert_eq!(locks(), 1);
    store.close(&"s1".into()).await.unwrap();
    assert_eq!(locks(), 0);
    store.delete(&"s1".into()).await.unwrap();
    assert_eq!(locks(), 0);
}

#[tokio::test]
async fn of_many_who_open_one_gets_the_session() {
    let folder = Folder::with_a_session().await;
    let stores: Vec<_> = (0..6).map(|_| folder.store()).collect();
    let id = "s1".into();
    for _ in 0..20 {
        let opened = join_all(stores.iter().map(|store| store.open(&id))).await;
        assert_eq!(opened.iter().filter(|result| result.is_ok()).count(), 1);
        join_all(stores.iter().map(|store| store.close(&id))).await;
    }
}

#[tokio::test]
async fn many_may_make_the_database_at_once() {
    for _ in 0..10 {
        let folder = Folder::new();
        let stores: Vec<_> = (0..6).map(|_| folder.store()).collect();
        for listed in join_all(stores.iter().map(|store| store.list(None))).await {
            assert_eq!(listed.unwrap(), []);
        }
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9() {
    for acknowledged in [1, 8, 40] {
        let folder = Folder::new();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "sqlite::tests::appends_until_it_is_killed", "--nocapture"])
            .env(CHILD, folder.path.as_str())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut seqs =
            lines.filter_map(|line| line.unwrap().strip_prefix("seq ")?.parse::<u64>().ok());
        let last = seqs.by_ref().take(acknowledged).last().unwrap();
        let in_use = folder.store().open(&"s1".into()).await;
        child.kill().unwrap();
        child.wait().unwrap();

        assert!(matches!(in_use, Err(StoreError::InUse(_))), "{in_use:?}");
        let stored = folder.store().open(&"s1".into()).await.unwrap();
        let kept = stored.records.len() as u64;
        assert!(kept >= last, "{kept} of {last}");
        assert_eq!(stored.records, records(1..=kept).records);
        assert_eq!(stored.drafts, [draft("open", 0, &"x".repeat(stored.records.len()))]);
        assert_eq!(stored.info.updated_at, kept);
    }
}

/// Not a test by itself: the process that the test above kills.
#[tokio::test]
async fn appends_until_it_is_killed() {
    let Ok(folder) = std::env::var(CHILD) else { return };
    let store = SqliteStore::open(&path(&folder), SqliteStore::BUSY_TIMEOUT).unwrap();
    store.create(&info("s1", 0), Batch::default()).await.unwrap();
    for seq in 1..=1_000_000 {
        let batch = Batch {
            drafts: vec![draft("open", seq as usize - 1, "x")],
            info: Some(info("s1", seq)),
            ..records([seq])
        };
        store.append(&"s1".into(), batch).await.unwrap();
        writeln!(std::io::stdout(), "seq {seq}").unwrap();
    }
}

#[tokio::test]
async fn a_locked_database_is_an_error_that_passes() {
    let folder = Folder::with_a_session().await;
    let store = folder.impatient();
    store.open(&"s1".into()).await.unwrap();
    let other = folder.connection();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();

    let id = "s1".into();
    assert!(matches!(store.append(&id, records([4])).await, Err(StoreError::Locked)));
    assert!(matches!(
        store.create(&info("s2", 1), Batch::default()).await,
        Err(StoreError::Locked)
    ));
    assert!(matches!(store.delete(&id).await, Err(StoreError::Locked)));
    let rule = run_rule("ls");
    assert!(matches!(store.add_rule(&path("/project"), &rule).await, Err(StoreError::Locked)));
    // Reading goes on meanwhile, and the claim is kept.
    assert_eq!(store.list(None).await.unwrap(), [info("s1", 1)]);
    assert!(matches!(folder.impatient().open(&id).await, Err(StoreError::InUse(_))));

    other.execute_batch("ROLLBACK").unwrap();
    store.append(&id, records([4])).await.unwrap();
    store.create(&info("s2", 1), Batch::default()).await.unwrap();
    drop(store);
    assert_eq!(folder.seqs().await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_database_locked_from_the_start_is_an_error_that_passes() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path.as_std_path()).unwrap();
    let other = folder.connection();
    other.execute_batch("BEGIN EXCLUSIVE; CREATE TABLE theirs (x)").unwrap();
    let store = folder.impatient();
    assert!(matches!(store.list(None).await, Err(StoreError::Locked)));
    assert!(matches!(
        store.create(&info("s1", 1), Batch::default()).await,
        Err(StoreError::Locked)
    ));
    other.execute_batch("ROLLBACK").unwrap();
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
}

#[tokio::test]
async fn a_read_only_database_is_an_error_that_passes() {
    let folder = Folder::with_a_session().await;
    // A write version that SQLite does not know makes it take the file as read-only, whoever
    // asks: permissions would not stop a test that runs as root.
    let write_version = |version: u8| {
        let mut bytes = fs::read(folder.database()).unwrap();
        bytes[18] = version;
        fs::write(folder.database(), bytes).unwrap();
    };
    let store = folder.store();
    let id = "s1".into();
    write_version(3);
    assert_eq!(store.open(&id).await.unwrap().records, records(1..=3).records);
    for _ in 0..2 {
        let error = store.append(&id, records([4])).await.unwrap_err();
        assert!(matches!(&error, StoreError::ReadOnly(path) if *path == folder.path), "{error:?}");
    }
    write_version(2);
    store.append(&id, records([4])).await.unwrap();
    drop(store);
    assert_eq!(folder.seqs().await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn what_stands_in_the_way_is_an_error_that_passes() {
    let is_refused = |result: Result<(), StoreError>, folder: &Folder| {
        assert!(
            matches!(&result, Err(StoreError::ReadOnly(path)) if *path == folder.path),
            "{result:?}"
        );
    };
    // A file where the folder above should be.
    let folder = Folder::new();
    let above = folder.path.parent().unwrap();
    fs::write(above.as_std_path(), "a file").unwrap();
    let store = folder.store();
    is_refused(store.create(&info("s1", 1), Batch::default()).await, &folder);
    fs::remove_file(above.as_std_path()).unwrap();
    store.create(&info("s1", 1), Batch::default()).await.unwrap();

    // A folder where the database, its index or the lock should be.
    for name in [FILE, "coworker.db-shm", "locks/s1.lock"] {
        let folder = Folder::new();
        let obstacle = folder.path.join(name).unwrap();
        fs::create_dir_all(obstacle.as_std_path()).unwrap();
        let store = folder.store();
        is_refused(store.create(&info("s1", 1), Batch::default()).await, &folder);
        fs::remove_dir(obstacle.as_std_path()).unwrap();
        store.create(&info("s1", 1), Batch::default()).await.unwrap();
    }
}

#[tokio::test]
async fn a_file_that_is_no_database_is_named_and_left_alone() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path.as_std_path()).unwrap();
    let text = "not a database, but a text of some length ".repeat(100);
    fs::write(folder.database(), &text).unwrap();
    let store = folder.store();
    let error = store.list(None).await.unwrap_err();
    assert!(matches!(error, StoreError::Failed(_)));
    assert!(error.to_string().contains(folder.database().to_str().unwrap()), "{error}");
    assert_eq!(fs::read_to_string(folder.database()).unwrap(), text);
    fs::remove_file(folder.database()).unwrap();
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
}

#[tokio::test]
async fn a_newer_schema_is_refused_and_left_alone() {
    let folder = Folder::with_a_session().await;
    let store = folder.store();
    let schema = folder.schema();
    folder.connection().pragma_update(None, "user_version", 99).unwrap();
    let error = store.open(&"s1".into()).await.unwrap_err();
    assert!(error.to_string().contains("written by a newer Coworker"), "{error}");
    folder.connection().pragma_update(None, "user_version", schema).unwrap();
    store.open(&"s1".into()).await.unwrap();
}

#[tokio::test]
async fn a_database_of_the_first_schema_is_carried_over() {
    let folder = Folder::new();
    fs::create_dir_all(folder.path.as_std_path()).unwrap();
    let old = folder.connection();
    old.execute_batch(include_str!("../../migrations/0001-sessions.sql")).unwrap();
    let update = serde_json::to_string(&records([1]).records[0].update).unwrap();
    old.execute("INSERT INTO sessions VALUES ('s1', '/project', 'about s1', 1, 7)", []).unwrap();
    let insert = "INSERT INTO records (session, item, seq, record) VALUES ('s1', 'i1', 1, ?1)";
    old.execute(insert, [update]).unwrap();
    old.execute("INSERT INTO drafts VALUES ('s1', 'i2', 0, 'half')", []).unwrap();
    let rule = serde_json::to_string(&run_rule("cargo test")).unwrap();
    old.execute("INSERT INTO rules (root, rule) VALUES ('/project', ?1)", [rule]).unwrap();
    old.pragma_update(None, "user_version", 1).unwrap();
    drop(old);

    let (store, id) = (folder.store(), "s1".into());
    let stored = store.open(&id).await.unwrap();
    assert_eq!(stored.info, SessionInfo { folders: Vec::new(), ..info("s1", 7) });
    assert_eq!(
        (stored.records, stored.drafts),
        (records([1]).records, vec![draft("i2", 0, "half")])
    );
    assert_eq!(store.rules(&path("/project")).await.unwrap(), [run_rule("cargo test")]);
    // It can be written as any other.
    store.append(&id, Batch { info: Some(info("s1", 8)), ..records([2]) }).await.unwrap();
    let hash = store.put_blob(&id, b"x").await.unwrap();
    keep_weave(&store, &id, &path("/a"), b"x").await.unwrap();
    drop(store);
    let store = folder.store();
    assert_eq!(store.list(None).await.unwrap(), [info("s1", 8)]);
    assert_eq!(store.blob(&id, &hash).await.unwrap(), Some(b"x".to_vec()));
}

#[tokio::test]
async fn a_session_that_cannot_be_begun_whole_is_not_begun() {
    let (folder, id) = (Folder::new(), "s1".into());
    let (store, other) = (folder.store(), folder.store());
    let failed = store.create(&info("s1", 1), records([1, u64::MAX])).await;
    assert!(matches!(failed, Err(StoreError::Failed(_))));
    assert_eq!(store.list(None).await.unwrap(), []);
    other.create(&info("s1", 1), records([1])).await.unwrap();
    assert_eq!(other.open(&id).await.unwrap().records, records([1]).records);
}

#[tokio::test]
async fn what_a_newer_version_wrote_is_left_out_and_kept() {
    let folder = Folder::with_a_session().await;
    let newer = r#"{"kind":"dream","of":"sheep"}"#;
    let insert = "INSERT INTO records (session, seq, record) VALUES ('s1', 4, ?1)";
    folder.connection().execute(insert, [newer]).unwrap();
    let rule = "INSERT INTO rules (root, rule) VALUES ('/project', ?1)";
    folder.connection().execute(rule, [newer]).unwrap();

    // Whoever could not read record 4 takes its number again; that must not end the session.
    let store = folder.store();
    let stored = store.open(&"s1".into()).await.unwrap();
    assert_eq!(stored.records, records(1..=3).records);
    store.append(&"s1".into(), records([4, 5])).await.unwrap();
    assert_eq!(store.rules(&path("/project")).await.unwrap(), []);
    drop(store);
    assert_eq!(folder.seqs().await, [1, 2, 3, 4, 5]);

    let kept = "SELECT record FROM records WHERE session = 's1' ORDER BY position LIMIT 1 OFFSET 3";
    let kept: String = folder.connection().query_row(kept, [], |row| row.get(0)).unwrap();
    assert_eq!(kept, newer);
}

#[tokio::test]
async fn a_number_that_does_not_fit_fails_the_whole_batch() {
    let folder = Folder::with_a_session().await;
    let store = folder.store();
    store.open(&"s1".into()).await.unwrap();
    let error = store.append(&"s1".into(), records([4, u64::MAX])).await.unwrap_err();
    assert!(matches!(error, StoreError::Failed(_)));
    store.append(&"s1".into(), records([4])).await.unwrap();
    drop(store);
    assert_eq!(folder.seqs().await, [1, 2, 3, 4]);
}

#[tokio::test]
async fn a_torn_file_gives_the_beginning_of_the_journal() {
    const BATCHES: u64 = 12;
    let folder = Folder::new();
    let store = folder.store();
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    drop(store); // The session is now in the database itself, and only the batches are beside it.
    let store = folder.store();
    store.open(&"s1".into()).await.unwrap();
    for batch in 0..BATCHES {
        store.append(&"s1".into(), records([batch * 2 + 1, batch * 2 + 2])).await.unwrap();
    }
    let whole = fs::read(wal(&folder.path)).unwrap();
    let database = fs::read(folder.database()).unwrap();
    drop(store);

    // Around the file's header, around frames, and anywhere.
    let frame = 24 + 4096;
    let starts = (32..whole.len()).step_by(frame);
    let cuts = starts.flat_map(|start| [start - 1, start, start + 1, start + 24, start + 2000]);
    let mut seen = BTreeSet::new();
    for cut in [0, 1, 31].into_iter().chain(cuts).chain([whole.len()]) {
        let torn = Folder::new();
        fs::create_dir_all(torn.path.as_std_path()).unwrap();
        fs::write(torn.database(), &database).unwrap();
        fs::write(wal(&torn.path), &whole[..cut.min(whole.len())]).unwrap();

        let store = torn.store();
        let stored = store.open(&"s1".into()).await.unwrap();
        let kept = stored.records.len() as u64;
        assert_eq!(stored.records, records(1..=kept).records, "cut at {cut}");
        assert_eq!(kept % 2, 0, "half a batch after a cut at {cut}");
        seen.insert(kept);
        store.append(&"s1".into(), records([kept + 1])).await.unwrap();
        drop(store);
        assert_eq!(torn.seqs().await.len() as u64, kept + 1);
    }
    assert_eq!(seen, (0..=BATCHES).map(|batches| batches * 2).collect());
}

fn wal(folder: &AbsPath) -> PathBuf {
    folder.as_std_path().join(format!("{FILE}-wal"))
}

#[tokio::test]
async fn a_claim_for_a_caller_that_went_away_is_given_back() {
    let folder = Folder::with_a_session().await;
    let store = folder.patient(SqliteStore::BUSY_TIMEOUT);
    let id = "s1".into();
    let (go_on, wait) = std::sync::mpsc::channel();
    store.send(Box::new(move |_| wait.recv().unwrap())).await.unwrap();
    let mut open = store.open(&id);
    assert!(futures::poll!(&mut open).is_pending());
    drop(open);
    go_on.send(()).unwrap();
    store.list(None).await.unwrap(); // Comes after whatever the thread did for `open`.
    folder.store().open(&id).await.unwrap();
}

#[tokio::test]
async fn an_edit_of_a_big_text_is_kept_as_an_edit() {
    let (folder, id) = (Folder::new(), "s1".into());
    let store = folder.store();
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    let mut text = Rope::from_str(&"größer als ein Stück\n".repeat(10_000));
    let mut kept = Vec::new();
    for at in (5000..6000).step_by(50) {
        text.insert(at, "typed ");
        let hash = crate::blob::hash(text.to_string().as_bytes());
        let keep = Keep::Text { path: path("/a"), hash: hash.clone(), text: text.clone() };
        store.keep(&id, vec![keep.clone(), keep]).await.unwrap();
        kept.push((hash, text.to_string().into_bytes()));
    }
    let bytes: u64 = folder
        .connection()
        .query_row("SELECT sum(length(bytes)) FROM blobs", [], |row| row.get(0))
        .unwrap();
    assert!(bytes < 2 * kept[0].1.len() as u64, "{bytes}");
    // The first is needed by those that name it only.
    for named in [&kept[..], &kept[1..3], &kept[2..3], &[]] {
        let names: Vec<String> = named.iter().map(|(hash, _)| hash.clone()).collect();
        store.sweep_blobs(&id, &names).await.unwrap();
        for (hash, bytes) in named {
            assert!(store.blob(&id, hash).await.unwrap().as_ref() == Some(bytes));
        }
    }
    let left: u64 =
        folder.connection().query_row("SELECT count(*) FROM blobs", [], |row| row.get(0)).unwrap();
    assert_eq!(left, 0);
    // What one was kept as a difference from is gone: it is kept whole.
    let (hash, bytes) = &kept[3];
    let text = Rope::from_str(std::str::from_utf8(bytes).unwrap());
    let keep = Keep::Text { path: path("/a"), hash: hash.clone(), text };
    store.keep(&id, vec![keep]).await.unwrap();
    assert!(store.blob(&id, hash).await.unwrap().as_ref() == Some(bytes));
}

#[tokio::test]
async fn what_is_swept_gives_its_space_back() {
    let (folder, id) = (Folder::new(), "s1".into());
    let store = folder.store();
    store.create(&info("s1", 1), Batch::default()).await.unwrap();
    store.put_blob(&id, &vec![1; 1 << 20]).await.unwrap();
    let pages = || -> u64 {
        folder.connection().query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap()
    };
    let before = pages();
    assert_eq!(store.sweep_blobs(&id, &[]).await.unwrap(), 1 << 20);
    assert!(pages() < before - 200, "{} of {before}", pages());
}
