//! A store that fails, or comes to a halt, when a test tells it to.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, Ordering},
};

use async_trait::async_trait;
use engine::{Batch, Keep, Store, StoreError, StoredSession, UseOfDay};
use protocol::{AbsPath, ItemBody, Rule, SessionId, SessionInfo, Update, Usage};
use tokio::sync::watch;

use crate::stage::within;

type Condition = Box<dyn Fn(&Batch) -> bool + Send>;

/// Hands everything to the store within, but for what it was told to fail at.
pub struct Moody {
    inner: Arc<dyn Store>,
    fails: Mutex<Option<Condition>>,
    has_failed: watch::Sender<bool>,
    halts: Mutex<Option<Condition>>,
    halts_at_close: watch::Sender<bool>,
    is_halted: watch::Sender<bool>,
    panics: AtomicBool,
}

impl Moody {
    pub fn new(inner: Arc<dyn Store>) -> Self {
        Self {
            inner,
            fails: Mutex::default(),
            has_failed: watch::Sender::new(false),
            halts: Mutex::default(),
            halts_at_close: watch::Sender::new(false),
            is_halted: watch::Sender::new(false),
            panics: AtomicBool::new(false),
        }
    }

    /// From now on a batch is refused if it is like that.
    pub fn fail_at(&self, condition: impl Fn(&Batch) -> bool + Send + 'static) {
        *self.fails.lock().unwrap() = Some(Box::new(condition));
    }

    fn refuse(&self, batch: &Batch) -> Result<(), StoreError> {
        if self.fails.lock().unwrap().as_ref().is_some_and(|fails| fails(batch)) {
            self.has_failed.send_replace(true);
            return Err(StoreError::Locked);
        }
        Ok(())
    }

    /// Waits until it has failed.
    pub async fn failed(&self) {
        within(self.has_failed.subscribe().wait_for(|failed| *failed)).await.unwrap();
    }

    pub fn work_again(&self) {
        *self.fails.lock().unwrap() = None;
    }

    /// A batch like that is never written, as if the process died just before.
    pub fn halt_at(&self, condition: impl Fn(&Batch) -> bool + Send + 'static) {
        *self.halts.lock().unwrap() = Some(Box::new(condition));
    }

    /// A session is not closed before [`Moody::go_on`].
    pub fn halt_at_close(&self) {
        self.halts_at_close.send_replace(true);
    }

    pub fn go_on(&self) {
        self.halts_at_close.send_replace(false);
    }

    /// The next weave that is to be kept makes it panic.
    pub fn panic_at_weave(&self) {
        self.panics.store(true, Ordering::SeqCst);
    }

    /// Waits until it has come to a halt.
    pub async fn halted(&self) {
        within(self.is_halted.subscribe().wait_for(|halted| *halted)).await.unwrap();
    }

    /// What a process would find that starts now.
    pub async fn found(&self, id: &SessionId) -> StoredSession {
        self.inner.open(id).await.unwrap()
    }
}

/// Whether the batch begins the turn of this prompt.
pub fn begins(prompt: &'static str) -> impl Fn(&Batch) -> bool + Send {
    move |batch| {
        batch.records.iter().any(|record| match &record.update {
            Update::ItemEnded { item } => {
                matches!(&item.body, ItemBody::UserMessage(message) if message.text == prompt)
            }
            _ => false,
        })
    }
}

/// Whether the batch holds an answer to a question.
pub fn holds_an_answer(batch: &Batch) -> bool {
    batch.records.iter().any(|record| match &record.update {
        Update::ItemEnded { item } => matches!(item.body, ItemBody::Approval(_)),
        _ => false,
    })
}

#[async_trait]
impl Store for Moody {
    async fn create(&self, info: &SessionInfo, first: Batch) -> Result<(), StoreError> {
        self.refuse(&first)?;
        self.inner.create(info, first).await
    }

    async fn open(&self, id: &SessionId) -> Result<StoredSession, StoreError> {
        self.inner.open(id).await
    }

    async fn read(&self, id: &SessionId) -> Result<StoredSession, StoreError> {
        self.inner.read(id).await
    }

    async fn append(&self, id: &SessionId, batch: Batch) -> Result<(), StoreError> {
        self.refuse(&batch)?;
        if self.halts.lock().unwrap().as_ref().is_some_and(|halts| halts(&batch)) {
            self.is_halted.send_replace(true);
            std::future::pending::<()>().await;
        }
        self.inner.append(id, batch).await
    }

    async fn keep(&self, id: &SessionId, kept: Vec<Keep>) -> Result<(), StoreError> {
        let has_weave = kept.iter().any(|kept| matches!(kept, Keep::Weave { .. }));
        let panics = has_weave && self.panics.swap(false, Ordering::SeqCst);
        assert!(!panics, "as it was told to");
        self.inner.keep(id, kept).await
    }

    async fn weaves(&self, id: &SessionId) -> Result<Vec<(AbsPath, Vec<u8>)>, StoreError> {
        self.inner.weaves(id).await
    }

    async fn put_blob(&self, id: &SessionId, bytes: &[u8]) -> Result<String, StoreError> {
        self.inner.put_blob(id, bytes).await
    }

    async fn sweep_blobs(&self, id: &SessionId, named: &[String]) -> Result<u64, StoreError> {
        self.inner.sweep_blobs(id, named).await
    }

    async fn blob(&self, id: &SessionId, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.inner.blob(id, hash).await
    }

    async fn close(&self, id: &SessionId) -> Result<(), StoreError> {
        let mut halts = self.halts_at_close.subscribe();
        if *halts.borrow() {
            self.is_halted.send_replace(true);
        }
        halts.wait_for(|halts| !halts).await.unwrap();
        self.inner.close(id).await
    }

    async fn list(&self, root: Option<&AbsPath>) -> Result<Vec<SessionInfo>, StoreError> {
        self.inner.list(root).await
    }

    async fn delete(&self, id: &SessionId) -> Result<(), StoreError> {
        self.inner.delete(id).await
    }

    async fn add_use(&self, day: u64, usage: Usage) -> Result<(), StoreError> {
        self.inner.add_use(day, usage).await
    }

    async fn grant(&self, day: u64, more: u64) -> Result<(), StoreError> {
        self.inner.grant(day, more).await
    }

    async fn used_on(&self, day: u64) -> Result<UseOfDay, StoreError> {
        self.inner.used_on(day).await
    }

    async fn rules(&self, root: &AbsPath) -> Result<Vec<Rule>, StoreError> {
        self.inner.rules(root).await
    }

    async fn add_rule(&self, root: &AbsPath, rule: &Rule) -> Result<(), StoreError> {
        self.inner.add_rule(root, rule).await
    }
}
