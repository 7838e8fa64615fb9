//! The thread's side: brings claims and the database together, one call after the other.

use std::time::Duration;

use engine::{Batch, Keep, StoreError, StoredSession, UseOfDay};
use protocol::{AbsPath, Rule, SessionId, SessionInfo, Usage};

use super::{Description, claims::Claims, database::Database, fault::Fault};
use crate::misuse::Misuse;

/// All that the thread owns.
pub(super) struct Writer {
    folder: AbsPath,
    busy_timeout: Duration,
    // None until it is needed, and again after trouble.
    database: Option<Database>,
    claims: Claims,
}

impl Writer {
    pub(super) fn new(folder: AbsPath, busy_timeout: Duration) -> Self {
        let claims = Claims::new(&folder);
        Self { folder, busy_timeout, database: None, claims }
    }

    pub(super) fn create(&mut self, info: &SessionInfo, first: &Batch) -> Result<(), StoreError> {
        self.claimed(&info.id, |database| database.create(info, first))
    }

    pub(super) fn open(&mut self, id: &SessionId) -> Result<StoredSession, StoreError> {
        self.with(|database| database.find(id))?;
        self.claimed(id, |database| database.load(id))
    }

    pub(super) fn read(&mut self, id: &SessionId) -> Result<StoredSession, StoreError> {
        self.with(|database| database.load(id))
    }

    pub(super) fn append(&mut self, id: &SessionId, batch: &Batch) -> Result<(), StoreError> {
        self.require(id)?;
        self.with(|database| database.append(id, batch))
    }

    pub(super) fn put_blob(
        &mut self,
        id: &SessionId,
        hash: &str,
        bytes: &[u8],
    ) -> Result<(), StoreError> {
        self.require(id)?;
        self.with(|database| database.put_blob(id, hash, bytes))
    }

    pub(super) fn keep(&mut self, id: &SessionId, kept: &[Keep]) -> Result<(), StoreError> {
        self.require(id)?;
        self.with(|database| database.keep(id, kept))
    }

    pub(super) fn blob(
        &mut self,
        id: &SessionId,
        hash: &str,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.with(|database| database.blob(id, hash))
    }

    pub(super) fn sweep_blobs(
        &mut self,
        id: &SessionId,
        named: &[String],
    ) -> Result<u64, StoreError> {
        self.claimed(id, |database| database.sweep_blobs(id, named))
    }

    pub(super) fn weaves(&mut self, id: &SessionId) -> Result<Vec<(AbsPath, Vec<u8>)>, StoreError> {
        self.require(id)?;
        self.with(|database| database.weaves(id))
    }

    pub(super) fn close(&mut self, id: &SessionId) {
        if let Some(database) = &mut self.database {
            database.forget(id);
        }
        self.claims.release(id);
    }

    pub(super) fn has_claimed(&self, id: &SessionId) -> bool {
        self.claims.has(id)
    }

    pub(super) fn list(&mut self, root: Option<&AbsPath>) -> Result<Vec<SessionInfo>, StoreError> {
        self.with(|database| database.list(root))
    }

    pub(super) fn delete(&mut self, id: &SessionId) -> Result<(), StoreError> {
        self.with(|database| database.find(id))?;
        self.claimed(id, |database| database.delete(id))?;
        self.claims.release(id);
        Ok(())
    }

    pub(super) fn describe(&mut self) -> Result<Description, StoreError> {
        let folder = self.folder.clone();
        self.with(|database| database.describe(&folder))
    }

    pub(super) fn add_use(&mut self, day: u64, usage: Usage) -> Result<(), StoreError> {
        self.with(|database| database.add_use(day, &usage))
    }

    pub(super) fn grant(&mut self, day: u64, more: u64) -> Result<(), StoreError> {
        self.with(|database| database.grant(day, more))
    }

    pub(super) fn used_on(&mut self, day: u64) -> Result<UseOfDay, StoreError> {
        self.with(|database| database.used_on(day))
    }

    pub(super) fn rules(&mut self, root: &AbsPath) -> Result<Vec<Rule>, StoreError> {
        self.with(|database| database.rules(root))
    }

    pub(super) fn add_rule(&mut self, root: &AbsPath, rule: &Rule) -> Result<(), StoreError> {
        self.with(|database| database.add_rule(root, rule))
    }

    /// Fails if the session is not claimed.
    fn require(&self, id: &SessionId) -> Result<(), StoreError> {
        if self.claims.has(id) { Ok(()) } else { Err(Misuse::Unclaimed(id.clone()).into()) }
    }

    /// Claims the session and does `work`; if that fails, the claim is as it was before.
    fn claimed<T>(
        &mut self,
        id: &SessionId,
        work: impl FnOnce(&mut Database) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let had = self.claims.has(id);
        self.claims.take(id).map_err(|fault| self.told(fault))?;
        let result = self.with(work);
        if result.is_err() && !had {
            self.claims.release(id);
        }
        result
    }

    /// Does `work` on the database, which is opened if it is not open.
    fn with<T>(
        &mut self,
        work: impl FnOnce(&mut Database) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let result = match &mut self.database {
            Some(database) => work(database),
            None => Database::open(&self.folder, self.busy_timeout)
                .and_then(|database| work(self.database.insert(database))),
        };
        if result.as_ref().is_err_and(Fault::distrusts_connection) {
            self.database = None;
        }
        result.map_err(|fault| self.told(fault))
    }

    fn told(&self, fault: Fault) -> StoreError {
        fault.told(&self.folder)
    }
}
