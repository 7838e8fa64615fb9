//! The journal of an open session: appends first, tells afterwards.
//!
//! It numbers updates, keeps the folded state, and knows who is attached. Text that streams is
//! kept as drafts beside the journal, so that even half a message outlives the process; the
//! drafts go when their item ends.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, RwLock},
};

use protocol::{
    ErrorInfo, Item, ItemBody, ItemId, SessionId, SessionInfo, SessionState, SessionUpdate, Update,
};

use crate::{
    Batch, ConnectionId, Draft, Editor, Record, Store, StoredSession,
    sessions::{Attached, Seen},
};

/// Something to journal, in order.
pub(super) enum Entry {
    Update(Update),
    Text { item: ItemId, text: String },
}

pub(super) struct Journal {
    id: SessionId,
    store: Arc<dyn Store>,
    info: Arc<RwLock<SessionInfo>>,
    state: Arc<RwLock<SessionState>>,
    epoch: String,
    seq: u64,
    // When each item last changed, for clients that come back.
    item_seqs: HashMap<ItemId, u64>,
    // Open items that lost text to a failing store: no more text until their end brings all.
    lossy: HashSet<ItemId>,
    attached: Vec<(ConnectionId, Arc<dyn Editor>)>,
}

impl Journal {
    pub(super) fn new(store: Arc<dyn Store>, stored: StoredSession, epoch: String) -> Self {
        let seq = stored.records.iter().map(|record| record.seq).max().unwrap_or(0);
        let mut state = SessionState::default();
        for record in stored.records {
            state.take(record.update);
        }
        for Draft { item_id, offset, text } in stored.drafts {
            state.apply(&Update::Delta { item_id, offset, text });
        }
        Self {
            id: stored.info.id.clone(),
            store,
            info: Arc::new(RwLock::new(stored.info)),
            state: Arc::new(RwLock::new(state)),
            epoch,
            seq,
            item_seqs: HashMap::new(),
            lossy: HashSet::new(),
            attached: Vec::new(),
        }
    }

    pub(super) fn shared(&self) -> (Arc<RwLock<SessionState>>, Arc<RwLock<SessionInfo>>) {
        (self.state.clone(), self.info.clone())
    }

    pub(super) fn look<T>(&self, look: impl FnOnce(&SessionState) -> T) -> T {
        look(&self.state.read().unwrap_or_else(|poisoned| poisoned.into_inner()))
    }

    pub(super) fn info(&self) -> SessionInfo {
        self.info.read().unwrap_or_else(|poisoned| poisoned.into_inner()).clone()
    }

    pub(super) fn attached(&self) -> &[(ConnectionId, Arc<dyn Editor>)] {
        &self.attached
    }

    /// Makes the session in the store with its first updates, all at once. Nobody is attached yet.
    ///
    /// # Errors
    /// The store failed. Then there is no such session.
    pub(super) async fn create(&mut self, first: Vec<Update>) -> Result<(), ErrorInfo> {
        let (updates, batch) = self.number(first.into_iter().map(Entry::Update).collect(), None);
        self.store.create(&self.info(), batch).await?;
        for (seq, update) in updates {
            self.take_in(seq, &update);
        }
        Ok(())
    }

    /// Appends the entries as one batch, then takes them into the state and tells everyone.
    ///
    /// # Errors
    /// The store failed. Then nothing was told and the state is as before.
    pub(super) async fn write(
        &mut self,
        entries: Vec<Entry>,
        info: Option<SessionInfo>,
    ) -> Result<(), ErrorInfo> {
        let (updates, batch) = self.number(entries, info.clone());
        if updates.is_empty() && info.is_none() {
            return Ok(());
        }
        if let Err(error) = self.store.append(&self.id, batch).await {
            tracing::warn!(session = %self.id, %error, "the journal could not be written");
            self.lossy.extend(updates.iter().filter_map(|(_, update)| match update {
                Update::Delta { item_id, .. } => Some(item_id.clone()),
                _ => None,
            }));
            return Err(error.into());
        }
        if let Some(info) = info {
            *self.info.write().unwrap_or_else(|poisoned| poisoned.into_inner()) = info;
        }
        for (seq, update) in updates {
            self.take_in(seq, &update);
            self.tell(seq, update);
        }
        Ok(())
    }

    /// Tells everyone something that the journal cannot hold because it is the journal that
    /// failed. The state does not change.
    pub(super) fn tell_unjournaled(&mut self, update: Update) {
        self.seq += 1;
        self.tell(self.seq, update);
    }

    /// Attaches a client that is not attached: it gets what it missed, then whatever comes.
    pub(super) fn attach(
        &mut self,
        connection: ConnectionId,
        editor: Arc<dyn Editor>,
        seen: Option<Seen>,
    ) -> Attached {
        let after = seen.filter(|seen| seen.epoch == self.epoch).map(|seen| seen.seq);
        let session_id = self.id.clone();
        for missed in self.missed(after.unwrap_or(0)) {
            let Some(update) = self.look(|state| missed.update(state)) else { continue };
            // Replay takes fresh numbers, so that every client sees them rise, and one that is
            // cut off in the middle of it can go on from there.
            self.seq += 1;
            if let Some(item) = item_of(&update) {
                self.item_seqs.insert(item.clone(), self.seq);
            }
            editor.notify(&SessionUpdate { session_id: session_id.clone(), seq: self.seq, update });
        }
        self.attached.push((connection, editor));
        Attached {
            info: self.info(),
            epoch: self.epoch.clone(),
            seq: self.seq,
            from_start: after.is_none(),
        }
    }

    pub(super) fn detach(&mut self, connection: ConnectionId) {
        self.attached.retain(|(attached, _)| *attached != connection);
    }

    /// Gives every update its number and text its offset. Text in a row becomes one update.
    fn number(
        &mut self,
        entries: Vec<Entry>,
        info: Option<SessionInfo>,
    ) -> (Vec<(u64, Update)>, Batch) {
        let mut updates: Vec<(u64, Update)> = Vec::new();
        let mut lengths: HashMap<ItemId, usize> = HashMap::new();
        for entry in entries {
            match entry {
                Entry::Update(mut update) => {
                    if let Update::ItemStarted { item }
                    | Update::ItemChanged { item }
                    | Update::ItemEnded { item } = &mut update
                    {
                        // Whoever copied the item may not know that it was set aside meanwhile.
                        let aside = |state: &SessionState| state.item(&item.id).map(|it| it.aside);
                        item.aside = self.look(aside).unwrap_or(item.aside);
                        lengths.insert(item.id.clone(), text_length(item));
                        self.lossy.remove(&item.id);
                    }
                    self.seq += 1;
                    updates.push((self.seq, update));
                }
                Entry::Text { item, .. } if self.lossy.contains(&item) => {}
                Entry::Text { item, text } => {
                    let length = lengths.entry(item.clone()).or_insert_with(|| {
                        self.look(|state| state.item(&item).map_or(0, text_length))
                    });
                    let offset = *length;
                    *length += text.len();
                    self.seq += 1;
                    match updates.last_mut() {
                        Some((seq, Update::Delta { item_id, text: before, .. }))
                            if *item_id == item =>
                        {
                            *seq = self.seq;
                            before.push_str(&text);
                        }
                        _ => {
                            updates.push((self.seq, Update::Delta { item_id: item, offset, text }))
                        }
                    }
                }
            }
        }
        let batch = Batch { records: records(&updates), drafts: drafts(&updates), info };
        (updates, batch)
    }

    fn take_in(&mut self, seq: u64, update: &Update) {
        if let Some(item) = item_of(update) {
            self.item_seqs.insert(item.clone(), seq);
        }
        self.state.write().unwrap_or_else(|poisoned| poisoned.into_inner()).apply(update);
        if let Update::SetAside { stretch, .. } = update {
            // Who comes back learns it by the items.
            let items: Vec<ItemId> = self
                .look(|state| state.stretch(stretch).iter().map(|item| item.id.clone()).collect());
            self.item_seqs.extend(items.into_iter().map(|item| (item, seq)));
        }
    }

    fn tell(&self, seq: u64, update: Update) {
        let update = SessionUpdate { session_id: self.id.clone(), seq, update };
        for (_, editor) in &self.attached {
            editor.notify(&update);
        }
    }

    /// What a client that saw everything up to `seq` missed. Only named, not copied: a long
    /// session would be in memory twice.
    fn missed(&self, seq: u64) -> Vec<Missed> {
        let is_new = |id: &ItemId| seq == 0 || self.item_seqs.get(id).is_some_and(|at| *at > seq);
        self.look(|state| {
            let items = state.items.iter().map(|item| &item.id).filter(|id| is_new(id)).cloned();
            let rest = [Missed::Usage, Missed::Title, Missed::Queue, Missed::Status];
            std::iter::once(Missed::Config).chain(items.map(Missed::Item)).chain(rest).collect()
        })
    }
}

/// A part of the state that a client missed.
enum Missed {
    Config,
    Item(ItemId),
    Usage,
    Title,
    Queue,
    Status,
}

impl Missed {
    fn update(&self, state: &SessionState) -> Option<Update> {
        Some(match self {
            Self::Config => Update::Config { mode: state.mode, model: state.model.clone() },
            Self::Item(id) => {
                let item = state.item(id)?.clone();
                if state.open.contains(id) {
                    Update::ItemStarted { item }
                } else {
                    Update::ItemEnded { item }
                }
            }
            Self::Usage => Update::Usage(state.usage),
            Self::Title if state.title.is_empty() => return None,
            Self::Title => Update::Title { title: state.title.clone() },
            Self::Queue => Update::Queue { prompts: state.queue.clone() },
            Self::Status => Update::Status(state.status.clone()),
        })
    }
}

fn records(updates: &[(u64, Update)]) -> Vec<Record> {
    let durable = updates.iter().filter(|(_, update)| update.is_durable());
    durable.map(|(seq, update)| Record { seq: *seq, update: update.clone() }).collect()
}

/// The text that no record of this batch carries: what came after the last record of its item.
fn drafts(updates: &[(u64, Update)]) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for (_, update) in updates {
        match update {
            Update::ItemStarted { item }
            | Update::ItemChanged { item }
            | Update::ItemEnded { item } => drafts.retain(|draft| draft.item_id != item.id),
            Update::Delta { item_id, offset, text } => {
                drafts.push(Draft { item_id: item_id.clone(), offset: *offset, text: text.clone() })
            }
            _ => {}
        }
    }
    drafts
}

/// How much text of the item deltas have brought, in bytes.
fn text_length(item: &Item) -> usize {
    match &item.body {
        ItemBody::AgentMessage { text } | ItemBody::Reasoning { text, .. } => text.len(),
        ItemBody::ToolCall(call) => call.output.as_ref().map_or(0, |output| output.text.len()),
        _ => 0,
    }
}

/// The item an update is about.
fn item_of(update: &Update) -> Option<&ItemId> {
    match update {
        Update::ItemStarted { item }
        | Update::ItemChanged { item }
        | Update::ItemEnded { item } => Some(&item.id),
        Update::Delta { item_id, .. } => Some(item_id),
        _ => None,
    }
}
