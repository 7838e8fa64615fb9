//! Sessions on disk: a SQLite database, and one thread that alone touches it.
//!
//! [`SqliteStore`] sends work to the thread and awaits the answer, so no async task ever waits
//! for a disk. `writer` is the thread's side; `database` has all SQL but that for big texts, which
//! is in `texts`; `claims` keeps two processes off one session; `fault` decides which trouble the
//! user hears of in which words.

mod claims;
mod database;
mod fault;
mod private;
#[cfg(test)]
mod tests;
mod texts;
mod writer;

use std::{
    thread::{self, JoinHandle},
    time::Duration,
};

use async_trait::async_trait;
use engine::{Batch, Keep, Store, StoreError, StoredSession, UseOfDay};
use protocol::{AbsPath, Rule, SessionId, SessionInfo, Usage};
use tokio::sync::{mpsc, oneshot};

use self::writer::Writer;
use crate::blob;

/// How much work may wait for the thread; whoever brings more waits too.
const QUEUE: usize = 64;

/// A database, for people who look whether all is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description {
    /// The path of its file.
    pub file: AbsPath,
    /// The number of its schema, which rises with the versions of Coworker.
    pub schema: u32,
    /// The bytes it takes on disk, its log of writes included.
    pub bytes: u64,
}

type Job = Box<dyn FnOnce(&mut Writer) + Send>;

/// Keeps sessions in `coworker.db` in one folder, which several processes may share.
///
/// Nothing on disk is touched before the first call that needs it. A call that finds the database
/// locked, read-only or damaged fails, and later calls look again. When the store is dropped, work
/// it has accepted is finished first, then its claims are given back.
#[derive(Debug)]
pub struct SqliteStore {
    jobs: mpsc::Sender<Job>,
    // Declared after `jobs`: it is dropped last, and waits for a thread that ends without them.
    _thread: Thread,
}

impl SqliteStore {
    /// How long a call waits for another process that writes, unless there is a reason for
    /// another time.
    pub const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

    /// A store in `folder`, which is made when it is first needed. A call that finds another
    /// process writing waits `busy_timeout` before it fails as locked.
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn open(folder: &AbsPath, busy_timeout: Duration) -> Result<Self, StoreError> {
        let (jobs, mut queue) = mpsc::channel::<Job>(QUEUE);
        let mut writer = Writer::new(folder.clone(), busy_timeout);
        let thread = thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                while let Some(job) = queue.blocking_recv() {
                    job(&mut writer);
                }
            })
            .map_err(|error| StoreError::Failed(Box::new(error)))?;
        Ok(Self { jobs, _thread: Thread(Some(thread)) })
    }

    /// What there is to say of the database itself.
    ///
    /// # Errors
    /// It cannot be opened.
    pub async fn describe(&self) -> Result<Description, StoreError> {
        self.call(Writer::describe).await
    }

    /// Has the thread do `work`.
    async fn call<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        self.send(Box::new(move |writer| {
            // A caller that went away has no use for the answer; the work is done all the same.
            let _ = reply.send(work(writer));
        }))
        .await?;
        answer.await.map_err(stopped)?
    }

    /// Has the thread do `work` that claims the session. A claim that was made for a caller that
    /// went away is given back: nobody would ever close it.
    async fn claim<T: Send + 'static>(
        &self,
        id: &SessionId,
        work: impl FnOnce(&mut Writer) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, answer) = oneshot::channel();
        let id = id.clone();
        self.send(Box::new(move |writer| {
            let had = writer.has_claimed(&id);
            if reply.send(work(writer)).is_err() && !had {
                writer.close(&id);
            }
        }))
        .await?;
        answer.await.map_err(stopped)?
    }

    async fn send(&self, job: Job) -> Result<(), StoreError> {
        self.jobs.send(job).await.map_err(stopped)
    }
}

/// The thread is gone, which only a panic in it can do.
fn stopped<E>(_: E) -> StoreError {
    StoreError::Failed("its thread has stopped; restart Coworker".into())
}

/// A thread that is waited for when it is dropped.
#[derive(Debug)]
struct Thread(Option<JoinHandle<()>>);

impl Drop for Thread {
    fn drop(&mut self) {
        if let Some(thread) = self.0.take()
            && thread.join().is_err()
        {
            tracing::error!("the store's thread panicked");
        }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn create(&self, info: &SessionInfo, first: Batch) -> Result<(), StoreError> {
        let wanted = info.clone();
        self.claim(&info.id, move |writer| writer.create(&wanted, &first)).await
    }

    async fn open(&self, id: &SessionId) -> Result<StoredSession, StoreError> {
        let wanted = id.clone();
        self.claim(id, move |writer| writer.open(&wanted)).await
    }

    async fn read(&self, id: &SessionId) -> Result<StoredSession, StoreError> {
        let id = id.clone();
        self.call(move |writer| writer.read(&id)).await
    }

    async fn append(&self, id: &SessionId, batch: Batch) -> Result<(), StoreError> {
        let id = id.clone();
        self.call(move |writer| writer.append(&id, &batch)).await
    }

    async fn put_blob(&self, id: &SessionId, bytes: &[u8]) -> Result<String, StoreError> {
        let (id, hash, bytes) = (id.clone(), blob::hash(bytes), bytes.to_vec());
        self.call(move |writer| writer.put_blob(&id, &hash, &bytes).map(|()| hash)).await
    }

    async fn keep(&self, id: &SessionId, kept: Vec<Keep>) -> Result<(), StoreError> {
        let id = id.clone();
        self.call(move |writer| writer.keep(&id, &kept)).await
    }

    async fn blob(&self, id: &SessionId, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let (id, hash) = (id.clone(), hash.to_owned());
        self.call(move |writer| writer.blob(&id, &hash)).await
    }

    async fn sweep_blobs(&self, id: &SessionId, named: &[String]) -> Result<u64, StoreError> {
        let (id, named) = (id.clone(), named.to_vec());
        self.call(move |writer| writer.sweep_blobs(&id, &named)).await
    }

    async fn weaves(&self, id: &SessionId) -> Result<Vec<(AbsPath, Vec<u8>)>, StoreError> {
        let id = id.clone();
        self.call(move |writer| writer.weaves(&id)).await
    }

    async fn close(&self, id: &SessionId) -> Result<(), StoreError> {
        let id = id.clone();
        self.call(move |writer| {
            writer.close(&id);
            Ok(())
        })
        .await
    }

    async fn list(&self, root: Option<&AbsPath>) -> Result<Vec<SessionInfo>, StoreError> {
        let root = root.cloned();
        self.call(move |writer| writer.list(root.as_ref())).await
    }

    async fn delete(&self, id: &SessionId) -> Result<(), StoreError> {
        let id = id.clone();
        self.call(move |writer| writer.delete(&id)).await
    }

    async fn add_use(&self, day: u64, usage: Usage) -> Result<(), StoreError> {
        self.call(move |writer| writer.add_use(day, usage)).await
    }

    async fn grant(&self, day: u64, more: u64) -> Result<(), StoreError> {
        self.call(move |writer| writer.grant(day, more)).await
    }

    async fn used_on(&self, day: u64) -> Result<UseOfDay, StoreError> {
        self.call(move |writer| writer.used_on(day)).await
    }

    async fn rules(&self, root: &AbsPath) -> Result<Vec<Rule>, StoreError> {
        let root = root.clone();
        self.call(move |writer| writer.rules(&root)).await
    }

    async fn add_rule(&self, root: &AbsPath, rule: &Rule) -> Result<(), StoreError> {
        let (root, rule) = (root.clone(), rule.clone());
        self.call(move |writer| writer.add_rule(&root, &rule)).await
    }
}
