//! All SQL there is, but for what `texts` does with big ones.

use std::{
    collections::HashSet,
    fs, io,
    panic::resume_unwind,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use engine::{Batch, Draft, Keep, Record, StoredSession, UseOfDay};
use protocol::{AbsPath, ItemId, Rule, SessionId, SessionInfo, Usage};
use rusqlite::{
    Connection, OpenFlags, OptionalExtension, Row, Transaction, TransactionBehavior, named_params,
    params,
};
use rusqlite_migration::{M, Migrations};

use super::{
    Description,
    fault::Fault,
    private,
    texts::{self, Texts},
};
use crate::{drafts, misuse::Misuse};

/// The file's name in its folder.
pub(super) const FILE: &str = "coworker.db";

/// How long opening waits before it tries again.
const PAUSE: Duration = Duration::from_millis(2);

const STEPS: &[M<'_>] = &[
    M::up(include_str!("../../migrations/0001-sessions.sql")),
    M::up(include_str!("../../migrations/0002-folders-and-blobs.sql")),
    M::up(include_str!("../../migrations/0003-weaves.sql")),
    M::up(include_str!("../../migrations/0004-differences.sql")),
    M::up(include_str!("../../migrations/0005-use.sql")),
    M::up(include_str!("../../migrations/0006-grants.sql")),
];
const MIGRATIONS: Migrations<'_> = Migrations::from_slice(STEPS);

/// An open database with the newest schema.
pub(super) struct Database {
    connection: Connection,
    texts: Texts,
}

impl Database {
    /// Opens the database in `folder`; makes both if they are missing.
    pub(super) fn open(folder: &AbsPath, busy_timeout: Duration) -> Result<Self, Fault> {
        private::create_folder(folder.as_std_path())?;
        let path = folder.as_std_path().join(FILE);
        create_file(&path)?;
        let deadline = Instant::now() + busy_timeout;
        loop {
            match Self::connect(&path, busy_timeout) {
                // Of several processes that turn a new database to WAL at once, SQLite lets some
                // fail without waiting.
                Err(fault) if fault.is_lock() && Instant::now() < deadline => thread::sleep(PAUSE),
                result => return result,
            }
        }
    }

    fn connect(path: &Path, busy_timeout: Duration) -> Result<Self, Fault> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let mut connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(busy_timeout)?;
        // A write that began as a read could not wait for its lock.
        connection.set_transaction_behavior(TransactionBehavior::Immediate);
        // Only a new database can be told to give back the space of what is swept.
        if fs::metadata(path)?.len() == 0 {
            connection.pragma_update(None, "auto_vacuum", "incremental")?;
        }
        connection.pragma_update(None, "journal_mode", "wal")?;
        connection.pragma_update(None, "synchronous", "normal")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        // In KiB; journals are read once and front to back, so a cache gains nothing.
        connection.pragma_update(None, "cache_size", -256)?;
        migrate(&mut connection)?;
        Ok(Self { connection, texts: Texts::default() })
    }

    /// What there is to say of the database in `folder`.
    pub(super) fn describe(&self, folder: &AbsPath) -> Result<Description, Fault> {
        let schema = self.connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let file = AbsPath::new(format!("{folder}/{FILE}"))?;
        let size = |file: String| fs::metadata(file).map_or(0, |found| found.len());
        let bytes = size(file.to_string()) + size(format!("{file}-wal"));
        Ok(Description { file, schema, bytes })
    }

    /// Fails if there is no such session.
    pub(super) fn find(&self, id: &SessionId) -> Result<(), Fault> {
        let mut select = self.connection.prepare_cached("SELECT 1 FROM sessions WHERE id = ?1")?;
        if select.exists([id.as_str()])? { Ok(()) } else { Err(Fault::NotFound(id.clone())) }
    }

    /// Adds a session that begins with this batch.
    pub(super) fn create(&mut self, info: &SessionInfo, first: &Batch) -> Result<(), Fault> {
        let transaction = self.connection.transaction()?;
        let added = transaction.execute(
            "INSERT INTO sessions (id, root, title, created_at, updated_at, folders)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO NOTHING",
            params![
                info.id.as_str(),
                info.root.as_str(),
                info.title,
                info.created_at,
                info.updated_at,
                serde_json::to_string(&info.folders)?
            ],
        )?;
        if added == 0 {
            return Err(Misuse::Exists(info.id.clone()).into());
        }
        add_batch(&transaction, &info.id, first)?;
        Ok(transaction.commit()?)
    }

    /// Reads a whole session.
    pub(super) fn load(&mut self, id: &SessionId) -> Result<StoredSession, Fault> {
        let transaction =
            self.connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
        let info = transaction
            .query_row(
                "SELECT id, root, title, created_at, updated_at, folders FROM sessions
                 WHERE id = ?1",
                [id.as_str()],
                |row| Ok(info(row)),
            )
            .optional()?
            .ok_or_else(|| Fault::NotFound(id.clone()))??;
        let records = records(&transaction, id)?;
        let drafts = drafts(&transaction, id)?;
        Ok(StoredSession { info, records, drafts })
    }

    /// Adds the whole batch or nothing.
    pub(super) fn append(&mut self, id: &SessionId, batch: &Batch) -> Result<(), Fault> {
        let transaction = self.connection.transaction()?;
        add_batch(&transaction, id, batch)?;
        Ok(transaction.commit()?)
    }

    /// The sessions, the last used first.
    pub(super) fn list(&self, root: Option<&AbsPath>) -> Result<Vec<SessionInfo>, Fault> {
        let mut select = self.connection.prepare(
            "SELECT id, root, title, created_at, updated_at, folders FROM sessions
             WHERE :root IS NULL OR root = :root
             ORDER BY updated_at DESC, created_at DESC, id DESC",
        )?;
        let mut rows = select.query(named_params! { ":root": root.map(AbsPath::as_str) })?;
        let mut sessions = Vec::new();
        while let Some(row) = rows.next()? {
            match info(row) {
                Ok(info) => sessions.push(info),
                Err(error) => tracing::warn!(%error, "a session that cannot be read is not listed"),
            }
        }
        Ok(sessions)
    }

    /// Removes a session with all that belongs to it.
    pub(super) fn delete(&mut self, id: &SessionId) -> Result<(), Fault> {
        match self.connection.execute("DELETE FROM sessions WHERE id = ?1", [id.as_str()])? {
            0 => Err(Fault::NotFound(id.clone())),
            _ => Ok(()),
        }
    }

    /// Keeps bytes under their hash, unless they are there.
    pub(super) fn put_blob(
        &mut self,
        id: &SessionId,
        hash: &str,
        bytes: &[u8],
    ) -> Result<(), Fault> {
        self.connection.execute(
            "INSERT INTO blobs (session, hash, bytes) VALUES (?1, ?2, ?3)
             ON CONFLICT (session, hash) DO NOTHING",
            params![id.as_str(), hash, bytes],
        )?;
        Ok(())
    }

    /// Keeps all of this or nothing.
    pub(super) fn keep(&mut self, id: &SessionId, kept: &[Keep]) -> Result<(), Fault> {
        let transaction = self.connection.transaction()?;
        for keep in kept {
            match keep {
                Keep::Text { path, hash, text } => {
                    self.texts.keep(&transaction, id, path, hash, text)?;
                }
                Keep::Weave { path, weave, texts } => {
                    keep_weave(&transaction, id, path, weave, texts)?;
                }
            }
        }
        Ok(transaction.commit()?)
    }

    /// The session is closed: nothing more of it will be kept.
    pub(super) fn forget(&mut self, id: &SessionId) {
        self.texts.forget(id);
    }

    /// The bytes that were kept under a hash.
    pub(super) fn blob(&self, id: &SessionId, hash: &str) -> Result<Option<Vec<u8>>, Fault> {
        texts::bytes(&self.connection, id, hash)
    }

    /// Takes away the bytes whose hash is not among these and that no weave is of; gives how many
    /// that was.
    pub(super) fn sweep_blobs(&mut self, id: &SessionId, named: &[String]) -> Result<u64, Fault> {
        let transaction = self.connection.transaction()?;
        let woven = transaction
            .prepare("SELECT value FROM weaves, json_each(texts) WHERE session = ?1")?
            .query_map([id.as_str()], |row| row.get(0))?
            .collect::<Result<Vec<String>, _>>()?;
        let named: HashSet<&str> = named.iter().chain(&woven).map(String::as_str).collect();
        let kept = transaction
            .prepare("SELECT hash, length(bytes), base FROM blobs WHERE session = ?1")?
            .query_map([id.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<Result<Vec<(String, u64, Option<String>)>, _>>()?;
        let is_named = |hash: &str| named.contains(hash);
        let bases = kept.iter().filter(|(hash, ..)| is_named(hash));
        let bases: HashSet<&str> = bases.filter_map(|(.., base)| base.as_deref()).collect();
        let mut freed = 0;
        for (hash, bytes, _) in &kept {
            if !is_named(hash) && !bases.contains(hash.as_str()) {
                transaction
                    .prepare_cached("DELETE FROM blobs WHERE session = ?1 AND hash = ?2")?
                    .execute([id.as_str(), hash])?;
                freed += bytes;
            }
        }
        transaction.commit()?;
        if freed > 0 {
            let mut free = self.connection.prepare("PRAGMA incremental_vacuum")?;
            let mut pages = free.query([])?;
            while pages.next()?.is_some() {}
        }
        Ok(freed)
    }

    /// The weaves of a session, by path.
    pub(super) fn weaves(&self, id: &SessionId) -> Result<Vec<(AbsPath, Vec<u8>)>, Fault> {
        let mut select = self
            .connection
            .prepare("SELECT path, weave FROM weaves WHERE session = ?1 ORDER BY path")?;
        let mut rows = select.query([id.as_str()])?;
        let mut weaves = Vec::new();
        while let Some(row) = rows.next()? {
            weaves.push((AbsPath::new(row.get::<_, String>(0)?)?, row.get(1)?));
        }
        Ok(weaves)
    }

    /// The rules of a folder. One that a newer version wrote is left out: then it is asked again.
    pub(super) fn rules(&self, root: &AbsPath) -> Result<Vec<Rule>, Fault> {
        let mut select =
            self.connection.prepare("SELECT rule FROM rules WHERE root = ?1 ORDER BY position")?;
        let mut rows = select.query([root.as_str()])?;
        let mut rules = Vec::new();
        while let Some(row) = rows.next()? {
            match serde_json::from_str(row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?) {
                Ok(rule) => rules.push(rule),
                Err(error) => tracing::warn!(%root, %error, "a rule cannot be read"),
            }
        }
        Ok(rules)
    }

    /// Adds to what was used on a day.
    pub(super) fn add_use(&mut self, day: u64, usage: &Usage) -> Result<(), Fault> {
        let Usage { input_tokens, output_tokens, cached_tokens, cache_written_tokens, cost } =
            *usage;
        self.connection
            .prepare_cached(
                "INSERT INTO use_of_day (day, input, output, cached, cache_written, cost) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (day) DO UPDATE SET \
                 input = input + excluded.input, output = output + excluded.output, \
                 cached = cached + excluded.cached, \
                 cache_written = cache_written + excluded.cache_written, \
                 cost = cost + excluded.cost",
            )?
            .execute(params![
                day,
                input_tokens,
                output_tokens,
                cached_tokens,
                cache_written_tokens,
                cost
            ])?;
        Ok(())
    }

    /// Counts that the user granted the budget of a day so many times more.
    pub(super) fn grant(&mut self, day: u64, more: u64) -> Result<(), Fault> {
        self.connection.execute(
            "INSERT INTO use_of_day (day, input, output, cached, cache_written, cost, granted) \
             VALUES (?1, 0, 0, 0, 0, 0, ?2) ON CONFLICT (day) DO UPDATE SET \
             granted = granted + excluded.granted",
            [day, more],
        )?;
        Ok(())
    }

    /// What was used on a day.
    pub(super) fn used_on(&self, day: u64) -> Result<UseOfDay, Fault> {
        let used = self
            .connection
            .prepare_cached(
                "SELECT input, output, cached, cache_written, cost, granted FROM use_of_day \
                 WHERE day = ?1",
            )?
            .query_row([day], |row| {
                let usage = Usage {
                    input_tokens: row.get(0)?,
                    output_tokens: row.get(1)?,
                    cached_tokens: row.get(2)?,
                    cache_written_tokens: row.get(3)?,
                    cost: row.get(4)?,
                };
                Ok(UseOfDay { usage, grants: row.get(5)? })
            })
            .optional()?;
        Ok(used.unwrap_or_default())
    }

    /// Adds a rule, unless it is there.
    pub(super) fn add_rule(&mut self, root: &AbsPath, rule: &Rule) -> Result<(), Fault> {
        self.connection.execute(
            "INSERT INTO rules (root, rule) VALUES (?1, ?2) ON CONFLICT (root, rule) DO NOTHING",
            params![root.as_str(), serde_json::to_string(rule)?],
        )?;
        Ok(())
    }
}

/// Keeps the weave of a document in place of the one before; an empty one is none.
fn keep_weave(
    transaction: &Transaction<'_>,
    id: &SessionId,
    path: &AbsPath,
    weave: &[u8],
    texts: &[String],
) -> Result<(), Fault> {
    let (session, path) = (id.as_str(), path.as_str());
    if weave.is_empty() {
        transaction
            .prepare_cached("DELETE FROM weaves WHERE session = ?1 AND path = ?2")?
            .execute([session, path])?;
    } else {
        transaction
            .prepare_cached(
                "INSERT INTO weaves (session, path, weave, texts) VALUES (?1, ?2, ?3, ?4)
                 ON CONFLICT (session, path)
                 DO UPDATE SET weave = excluded.weave, texts = excluded.texts",
            )?
            .execute(params![session, path, weave, serde_json::to_string(texts)?])?;
    }
    Ok(())
}

/// Makes an empty file before SQLite does, because of its permissions; SQLite gives those to the
/// files beside it.
///
/// An existing file is not opened: to close it would drop the locks of other connections of this
/// process.
fn create_file(path: &Path) -> io::Result<()> {
    match private::file_options().create_new(true).open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

fn migrate(connection: &mut Connection) -> Result<(), Fault> {
    let Err(error) = MIGRATIONS.to_latest(connection) else { return Ok(()) };
    // Another process that started at the same time may have been faster.
    if MIGRATIONS.pending_migrations(connection) == Ok(0) { Ok(()) } else { Err(error.into()) }
}

/// Columns as in `SELECT id, root, title, created_at, updated_at, folders`.
fn info(row: &Row<'_>) -> Result<SessionInfo, Fault> {
    Ok(SessionInfo {
        id: SessionId(row.get(0)?),
        root: AbsPath::new(row.get::<_, String>(1)?)?,
        title: row.get(2)?,
        created_at: row.get(3)?,
        updated_at: row.get(4)?,
        folders: serde_json::from_str(&row.get::<_, String>(5)?)?,
    })
}

/// The journal. A record that a newer version wrote is left out and stays where it is.
fn records(transaction: &Transaction<'_>, id: &SessionId) -> Result<Vec<Record>, Fault> {
    let mut lines = transaction
        .prepare_cached("SELECT position, seq, record FROM records WHERE session = ?1")?
        .query_map([id.as_str()], |row| {
            Ok(Line { position: row.get(0)?, seq: row.get(1)?, json: row.get(2)? })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    // Not by SQLite, which would put whole records into a temporary file for it.
    lines.sort_unstable_by_key(|line| line.position);
    // Of the time that a long session takes to open, most goes into this.
    let (first, second) = lines.split_at(lines.len() / 2);
    Ok(thread::scope(|scope| {
        let second = scope.spawn(|| decode(second, id));
        let mut records = decode(first, id);
        records.extend(second.join().unwrap_or_else(|panic| resume_unwind(panic)));
        records
    }))
}

/// A record as it is kept.
struct Line {
    position: i64,
    seq: u64,
    json: String,
}

fn decode(lines: &[Line], id: &SessionId) -> Vec<Record> {
    let decoded = lines.iter().filter_map(|Line { seq, json, .. }| {
        let update = serde_json::from_str(json);
        update
            .inspect_err(|error| tracing::warn!(session = %id, seq, %error, "unreadable record"))
            .map(|update| Record { seq: *seq, update })
            .ok()
    });
    decoded.collect()
}

fn drafts(transaction: &Transaction<'_>, id: &SessionId) -> Result<Vec<Draft>, Fault> {
    let mut select = transaction.prepare_cached(
        "SELECT item, start, text FROM drafts WHERE session = ?1 ORDER BY item, start",
    )?;
    let pieces = select
        .query_map([id.as_str()], |row| {
            let item_id = ItemId(row.get(0)?);
            Ok(Draft { item_id, offset: row.get(1)?, text: row.get(2)? })
        })?
        .collect::<Result<Vec<_>, _>>()?;
    Ok(drafts::join(pieces))
}

fn add_batch(transaction: &Transaction<'_>, id: &SessionId, batch: &Batch) -> Result<(), Fault> {
    for record in &batch.records {
        add_record(transaction, id, record)?;
    }
    for draft in &batch.drafts {
        add_draft(transaction, id, draft)?;
    }
    if let Some(info) = &batch.info {
        transaction
            .prepare_cached(
                "UPDATE sessions SET root = ?2, title = ?3, created_at = ?4, updated_at = ?5,
                    folders = ?6
                 WHERE id = ?1",
            )?
            .execute(params![
                id.as_str(),
                info.root.as_str(),
                info.title,
                info.created_at,
                info.updated_at,
                serde_json::to_string(&info.folders)?
            ])?;
    }
    Ok(())
}

/// Adds a record, in the place of the one before if it is about the same item.
fn add_record(transaction: &Transaction<'_>, id: &SessionId, record: &Record) -> Result<(), Fault> {
    let json = serde_json::to_string(&record.update)?;
    let item = drafts::superseded(&record.update).map(ItemId::as_str);
    let line = params![id.as_str(), item, record.seq, json];
    let mut replaced = 0;
    if let Some(item) = item {
        replaced = transaction
            .prepare_cached(
                "UPDATE records SET seq = ?3, record = ?4 WHERE session = ?1 AND item = ?2",
            )?
            .execute(line)?;
        transaction
            .prepare_cached("DELETE FROM drafts WHERE session = ?1 AND item = ?2")?
            .execute([id.as_str(), item])?;
    }
    if replaced == 0 {
        transaction
            .prepare_cached(
                "INSERT INTO records (session, item, seq, record) VALUES (?1, ?2, ?3, ?4)",
            )?
            .execute(line)?;
    }
    Ok(())
}

/// Puts text in at its offset; what was there from that offset on is gone.
fn add_draft(transaction: &Transaction<'_>, id: &SessionId, draft: &Draft) -> Result<(), Fault> {
    let (session, item) = (id.as_str(), draft.item_id.as_str());
    transaction
        .prepare_cached("DELETE FROM drafts WHERE session = ?1 AND item = ?2 AND start >= ?3")?
        .execute(params![session, item, draft.offset])?;
    let last = transaction
        .prepare_cached(
            "SELECT start, text FROM drafts WHERE session = ?1 AND item = ?2
             ORDER BY start DESC LIMIT 1",
        )?
        .query_row([session, item], |row| {
            let item_id = draft.item_id.clone();
            Ok(Draft { item_id, offset: row.get(0)?, text: row.get(1)? })
        })
        .optional()?;
    if let Some(last) = last
        && drafts::kept(&last, draft.offset) != last.text
    {
        transaction
            .prepare_cached(
                "UPDATE drafts SET text = ?4 WHERE session = ?1 AND item = ?2 AND start = ?3",
            )?
            .execute(params![session, item, last.offset, drafts::kept(&last, draft.offset)])?;
    }
    transaction
        .prepare_cached("INSERT INTO drafts (session, item, start, text) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![session, item, draft.offset, draft.text])?;
    Ok(())
}
