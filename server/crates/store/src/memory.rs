//! Sessions in memory: nothing outlives the process.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use engine::{Batch, Draft, Keep, Record, Store, StoreError, StoredSession, UseOfDay};
use protocol::{AbsPath, ItemId, Rule, SessionId, SessionInfo, Usage};

use crate::{blob, drafts, misuse::Misuse};

/// Keeps sessions in memory.
///
/// [`MemoryStore::beside`] gives another store on the same sessions, as a second process or the
/// same process after a restart would have. A dropped store gives its claims back.
#[derive(Debug, Default)]
pub struct MemoryStore {
    shelf: Arc<Mutex<Shelf>>,
    // Its address tells this store's claims from those of the stores beside it.
    identity: Arc<()>,
}

#[derive(Debug, Default)]
struct Shelf {
    sessions: BTreeMap<SessionId, Kept>,
    rules: Vec<(AbsPath, Rule)>,
    used: BTreeMap<u64, UseOfDay>,
}

#[derive(Debug)]
struct Kept {
    info: SessionInfo,
    records: Vec<Record>,
    drafts: BTreeMap<ItemId, Vec<Draft>>,
    blobs: BTreeMap<String, Vec<u8>>,
    weaves: BTreeMap<AbsPath, (Vec<u8>, Vec<String>)>,
    claimed_by: Option<Arc<()>>,
}

impl Kept {
    /// Whether `store` may write, or may claim.
    fn belongs_to(&self, store: &Arc<()>) -> bool {
        self.claimed_by.as_ref().is_some_and(|owner| Arc::ptr_eq(owner, store))
    }

    fn stored(&self) -> StoredSession {
        StoredSession {
            info: self.info.clone(),
            records: self.records.clone(),
            drafts: drafts::join(self.drafts.values().flatten().cloned()),
        }
    }

    fn append(&mut self, batch: Batch) {
        for record in batch.records {
            self.add(record);
        }
        for draft in batch.drafts {
            let pieces = self.drafts.entry(draft.item_id.clone()).or_default();
            pieces.retain(|piece| piece.offset < draft.offset);
            if let Some(last) = pieces.last_mut() {
                last.text.truncate(drafts::kept(last, draft.offset).len());
            }
            pieces.push(draft);
        }
        if let Some(info) = batch.info {
            self.info = SessionInfo { id: self.info.id.clone(), ..info };
        }
    }

    /// Adds a record, in the place of the one before if it is about the same item.
    fn add(&mut self, record: Record) {
        let item = drafts::superseded(&record.update);
        if let Some(item) = item {
            self.drafts.remove(item);
        }
        let about =
            |known: &&mut Record| item.is_some() && drafts::superseded(&known.update) == item;
        match self.records.iter_mut().rev().find(about) {
            Some(known) => *known = record,
            None => self.records.push(record),
        }
    }
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another store on the same sessions, with claims of its own.
    pub fn beside(&self) -> Self {
        Self { shelf: self.shelf.clone(), identity: Arc::default() }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The session, if nobody else has claimed it.
    fn free<'a>(&self, shelf: &'a mut Shelf, id: &SessionId) -> Result<&'a mut Kept, StoreError> {
        let kept = shelf.sessions.get_mut(id).ok_or_else(|| StoreError::NotFound(id.clone()))?;
        if kept.claimed_by.is_some() && !kept.belongs_to(&self.identity) {
            return Err(StoreError::InUse(id.clone()));
        }
        Ok(kept)
    }

    /// The session, if this store has claimed it.
    fn claimed<'a>(
        &self,
        shelf: &'a mut Shelf,
        id: &SessionId,
    ) -> Result<&'a mut Kept, StoreError> {
        match shelf.sessions.get_mut(id) {
            Some(kept) if kept.belongs_to(&self.identity) => Ok(kept),
            _ => Err(Misuse::Unclaimed(id.clone()).into()),
        }
    }
}

impl Drop for MemoryStore {
    fn drop(&mut self) {
        let mut shelf = self.shelf.lock().unwrap_or_else(PoisonError::into_inner);
        for kept in shelf.sessions.values_mut() {
            if kept.belongs_to(&self.identity) {
                kept.claimed_by = None;
            }
        }
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn create(&self, info: &SessionInfo, first: Batch) -> Result<(), StoreError> {
        let mut shelf = self.shelf();
        match self.free(&mut shelf, &info.id) {
            Err(StoreError::NotFound(_)) => {}
            Ok(_) => return Err(Misuse::Exists(info.id.clone()).into()),
            Err(error) => return Err(error),
        }
        let mut kept = Kept {
            info: info.clone(),
            records: Vec::new(),
            drafts: BTreeMap::new(),
            blobs: BTreeMap::new(),
            weaves: BTreeMap::new(),
            claimed_by: Some(self.identity.clone()),
        };
        kept.append(first);
        shelf.sessions.insert(info.id.clone(), kept);
        Ok(())
    }

    async fn open(&self, id: &SessionId) -> Result<StoredSession, StoreError> {
        let mut shelf = self.shelf();
        let kept = self.free(&mut shelf, id)?;
        kept.claimed_by = Some(self.identity.clone());
        Ok(kept.stored())
    }

    async fn read(&self, id: &SessionId) -> Result<StoredSession, StoreError> {
        let shelf = self.shelf();
        let kept = shelf.sessions.get(id).ok_or_else(|| StoreError::NotFound(id.clone()))?;
        Ok(kept.stored())
    }

    async fn append(&self, id: &SessionId, batch: Batch) -> Result<(), StoreError> {
        self.claimed(&mut self.shelf(), id)?.append(batch);
        Ok(())
    }

    async fn put_blob(&self, id: &SessionId, bytes: &[u8]) -> Result<String, StoreError> {
        let hash = blob::hash(bytes);
        self.claimed(&mut self.shelf(), id)?.blobs.insert(hash.clone(), bytes.to_vec());
        Ok(hash)
    }

    async fn keep(&self, id: &SessionId, kept: Vec<Keep>) -> Result<(), StoreError> {
        let mut shelf = self.shelf();
        let Kept { blobs, weaves, .. } = self.claimed(&mut shelf, id)?;
        for keep in kept {
            match keep {
                Keep::Text { hash, text, .. } => {
                    blobs.insert(hash, text.to_string().into_bytes());
                }
                Keep::Weave { path, weave, .. } if weave.is_empty() => {
                    weaves.remove(&path);
                }
                Keep::Weave { path, weave, texts } => {
                    weaves.insert(path, (weave, texts));
                }
            }
        }
        Ok(())
    }

    async fn blob(&self, id: &SessionId, hash: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let shelf = self.shelf();
        Ok(shelf.sessions.get(id).and_then(|kept| kept.blobs.get(hash).cloned()))
    }

    async fn sweep_blobs(&self, id: &SessionId, named: &[String]) -> Result<u64, StoreError> {
        let mut shelf = self.shelf();
        let mut freed = 0;
        let Kept { blobs, weaves, .. } = self.claimed(&mut shelf, id)?;
        let woven: Vec<&String> = weaves.values().flat_map(|(_, texts)| texts).collect();
        blobs.retain(|hash, bytes| {
            let is_named = named.contains(hash) || woven.contains(&hash);
            freed += if is_named { 0 } else { bytes.len() as u64 };
            is_named
        });
        Ok(freed)
    }

    async fn weaves(&self, id: &SessionId) -> Result<Vec<(AbsPath, Vec<u8>)>, StoreError> {
        let mut shelf = self.shelf();
        let kept = self.claimed(&mut shelf, id)?;
        Ok(kept.weaves.iter().map(|(path, (weave, _))| (path.clone(), weave.clone())).collect())
    }

    async fn close(&self, id: &SessionId) -> Result<(), StoreError> {
        let mut shelf = self.shelf();
        if let Some(kept) = shelf.sessions.get_mut(id)
            && kept.belongs_to(&self.identity)
        {
            kept.claimed_by = None;
        }
        Ok(())
    }

    async fn list(&self, root: Option<&AbsPath>) -> Result<Vec<SessionInfo>, StoreError> {
        let shelf = self.shelf();
        let infos = shelf.sessions.values().map(|kept| &kept.info);
        let mut infos: Vec<_> =
            infos.filter(|info| root.is_none_or(|root| info.root == *root)).cloned().collect();
        infos.sort_by_key(|info| Reverse((info.updated_at, info.created_at, info.id.clone())));
        Ok(infos)
    }

    async fn delete(&self, id: &SessionId) -> Result<(), StoreError> {
        let mut shelf = self.shelf();
        self.free(&mut shelf, id)?;
        shelf.sessions.remove(id);
        Ok(())
    }

    async fn add_use(&self, day: u64, usage: Usage) -> Result<(), StoreError> {
        self.shelf().used.entry(day).or_default().usage += usage;
        Ok(())
    }

    async fn grant(&self, day: u64, more: u64) -> Result<(), StoreError> {
        self.shelf().used.entry(day).or_default().grants += more;
        Ok(())
    }

    async fn used_on(&self, day: u64) -> Result<UseOfDay, StoreError> {
        Ok(self.shelf().used.get(&day).copied().unwrap_or_default())
    }

    async fn rules(&self, root: &AbsPath) -> Result<Vec<Rule>, StoreError> {
        let shelf = self.shelf();
        let rules = shelf.rules.iter().filter(|(folder, _)| folder == root);
        Ok(rules.map(|(_, rule)| rule.clone()).collect())
    }

    async fn add_rule(&self, root: &AbsPath, rule: &Rule) -> Result<(), StoreError> {
        let mut shelf = self.shelf();
        if !shelf.rules.iter().any(|(folder, known)| folder == root && known == rule) {
            shelf.rules.push((root.clone(), rule.clone()));
        }
        Ok(())
    }
}
