//! The ledger of a session: which text of which document is the agent's.
//!
//! One loop per session owns a weave ([`changes::Weave`]) for each document that the agent
//! proposed something for. To decide, to apply and to take back are orders to that loop, so there
//! is one after the other and no lock; an order that was begun is carried out, whoever stopped
//! waiting for it. Text of other sessions counts as the user's.
//!
//! Start with [`Ledger::ask`]; what can be ordered is in the files below. The journal keeps what
//! was decided, the store the weaves.

mod answering;
mod carrying;
mod deciding;
mod following;
mod keeping;
mod latest;
mod restoring;
mod rewording;
mod telling;
mod tracked;
mod views;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use futures::future::BoxFuture;
use protocol::{
    AbsPath, ChangeSet, ErrorInfo, Hunk, HunkId, HunkState, Item, ItemBody, ItemId, Stamp, Update,
};
use ropey::Rope;
use tokio::sync::{mpsc, oneshot};

use crate::{NotKept, StoreError, prompts, session::Session, sessions::Shared};
pub use answering::HunkNow;
pub(crate) use deciding::{Decided, is_in};
pub use deciding::{Resolution, Turned};
pub(crate) use keeping::Watched;
pub use restoring::{Difference, Differences, Restoration};
pub(crate) use telling::summary;
use tracked::Tracked;
pub use views::{HunkView, Proposal};

/// How many orders may wait before their senders do.
const ORDERS: usize = 64;

type Order = Box<dyn for<'a> FnOnce(&'a mut Book) -> BoxFuture<'a, ()> + Send>;

/// The way to a session's ledger. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Ledger {
    orders: mpsc::Sender<Order>,
}

/// Orders that nobody carries out yet.
pub(crate) struct Orders(mpsc::Receiver<Order>);

/// What the loop owns.
pub(crate) struct Book {
    shared: Arc<Shared>,
    session: Session,
    files: BTreeMap<AbsPath, Tracked>,
    is_loaded: bool,
    /// Whether the folders have been looked through.
    has_looked: bool,
    /// Folders that cannot be kept, and why.
    hopeless: BTreeMap<AbsPath, NotKept>,
    /// What commands that go on in the background were begun on.
    going_on: Vec<Watched>,
    /// Whether a restore puts files back: it has kept all that it changes.
    is_restoring: bool,
    /// What was taken back at once each time, the last time last.
    taken_back: Vec<Vec<HunkId>>,
}

impl Ledger {
    pub(crate) fn new() -> (Self, Orders) {
        let (orders, waiting) = mpsc::channel(ORDERS);
        (Self { orders }, Orders(waiting))
    }

    /// Has something done after all that was ordered before. For those who may not wait.
    pub(crate) fn post(
        &self,
        order: impl for<'a> FnOnce(&'a mut Book) -> BoxFuture<'a, ()> + Send + 'static,
    ) {
        if self.orders.try_send(Box::new(order)).is_err() {
            tracing::warn!("a ledger has too much to do, or was closed; an order was left out");
        }
    }

    /// Has something done and waits for what it came to; none if the session was closed before.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        order: impl for<'a> FnOnce(&'a mut Book) -> BoxFuture<'a, T> + Send + 'static,
    ) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        let order: Order = Box::new(move |book| {
            Box::pin(async move {
                let done = order(book).await;
                // Whoever asked may have gone; what was ordered is done all the same.
                let _ = reply.send(done);
            })
        });
        self.orders.send(order).await.ok()?;
        answer.await.ok()
    }

    /// Has something done without waiting for it: what is asked for later is done after it.
    pub(crate) async fn tell(
        &self,
        order: impl for<'a> FnOnce(&'a mut Book) -> BoxFuture<'a, ()> + Send + 'static,
    ) {
        // A session that was closed has nothing left to be done.
        let _ = self.orders.send(Box::new(order)).await;
    }
}

/// The hashes of the texts that a kept weave is of.
pub(crate) fn texts_of(weave: &[u8]) -> Vec<String> {
    let kept = tracked::Kept::read(weave);
    kept.iter().flat_map(tracked::Kept::all).filter_map(|kept| kept.text.clone()).collect()
}

/// Carries out orders until the session has ended.
pub(crate) fn spawn(shared: Arc<Shared>, session: Session, orders: Orders) {
    let Orders(mut orders) = orders;
    let ended = session.ended.clone();
    let mut book = Book::new(shared, session);
    tokio::spawn(async move {
        let mut changes = book.shared.parts.documents.changes();
        loop {
            tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => order(&mut book).await,
                    None => return,
                },
                () = ended.cancelled() => return,
                // What is proposed is looked at again when its document changes.
                tick = changes.changed(), if book.has_pending() => match tick {
                    Ok(()) => book.look_again().await,
                    Err(_) => return,
                },
            }
        }
    });
}

impl Book {
    fn new(shared: Arc<Shared>, session: Session) -> Self {
        Self {
            shared,
            session,
            files: BTreeMap::new(),
            is_loaded: false,
            has_looked: false,
            hopeless: BTreeMap::new(),
            going_on: Vec::new(),
            is_restoring: false,
            taken_back: Vec::new(),
        }
    }

    /// Takes in the hunks of a change set that is about to be shown. `before` has the text that
    /// each file's hunks were made for.
    pub(crate) async fn propose(&mut self, set: &mut ChangeSet, before: &[Rope]) {
        self.load().await;
        for (file, before) in set.files.iter_mut().zip(before) {
            let path = file.path.clone();
            self.files.entry(path.clone()).or_default();
            let base = file.base.as_ref();
            let edits = base.and_then(|base| self.way_to(&path, before, base));
            let Some(tracked) = self.files.get_mut(&path) else { continue };
            let news = match base {
                Some(base) => tracked.take_in(edits, before, base),
                None => tracked.begins(),
            };
            tracked.propose(file);
            self.note(news).await;
            self.sync(&path).await;
            self.keep(&path).await;
        }
    }

    /// The document that a hunk is in.
    fn tracked(&mut self, hunk: &HunkId) -> Option<&mut Tracked> {
        self.files.values_mut().find(|tracked| tracked.number(hunk).is_some())
    }

    /// Journals where some hunks stand now, in all the change sets that they are in.
    async fn set_states(&self, states: &HashMap<HunkId, HunkState>) -> Result<(), ErrorInfo> {
        if states.is_empty() {
            return Ok(());
        }
        let changes = |hunk: &Hunk| states.get(&hunk.id).is_some_and(|state| *state != hunk.state);
        for id in self.change_sets_with(changes) {
            let Some((item, mut set)) = self.change_set(&id) else { continue };
            let hunks = set.files.iter_mut().flat_map(|file| &mut file.hunks);
            for hunk in hunks.filter(|hunk| changes(hunk)) {
                if let Some(state) = states.get(&hunk.id) {
                    self.becomes(hunk, state.clone());
                }
            }
            self.tell(item, set).await?;
        }
        Ok(())
    }

    /// Whether anything waits for a decision.
    fn has_pending(&self) -> bool {
        self.files.values().any(Tracked::has_pending)
    }

    /// The change sets of the session, in order.
    fn change_sets(&self) -> Vec<Item> {
        let is_set = |item: &&Item| own_set(&item.body).is_some();
        self.session.look(|state| state.items.iter().filter(is_set).cloned().collect())
    }

    /// The change sets that have such a hunk, in order.
    fn change_sets_with(&self, is_wanted: impl Fn(&Hunk) -> bool) -> Vec<ItemId> {
        self.session.look(|state| {
            let has = |item: &&Item| match own_set(&item.body) {
                Some(set) => set.files.iter().flat_map(|file| &file.hunks).any(&is_wanted),
                None => false,
            };
            state.items.iter().filter(has).map(|item| item.id.clone()).collect()
        })
    }

    fn change_set(&self, id: &ItemId) -> Option<(Item, ChangeSet)> {
        let item = self.session.look(|state| state.item(id).cloned())?;
        match &item.body {
            ItemBody::ChangeSet(set) => Some((item.clone(), set.clone())),
            _ => None,
        }
    }

    /// Journals what a change set is now, and tells it.
    async fn tell(&self, mut item: Item, set: ChangeSet) -> Result<(), ErrorInfo> {
        item.body = ItemBody::ChangeSet(set);
        self.session.record(vec![self.told(item)]).await
    }

    fn told(&self, item: Item) -> Update {
        match self.session.look(|state| state.open.contains(&item.id)) {
            true => Update::ItemChanged { item },
            // Of an ended item the last word counts.
            false => Update::ItemEnded { item },
        }
    }

    /// Reads what an earlier process kept.
    async fn load(&mut self) {
        if std::mem::replace(&mut self.is_loaded, true) {
            return;
        }
        let store = self.shared.parts.store.clone();
        let kept = store.weaves(&self.session.id).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "nothing can be taken back of what was done before");
            Vec::new()
        });
        for (path, bytes) in kept {
            let Some(kept) = tracked::Kept::read(&bytes) else { continue };
            if let Some(tracked) = self.loaded(kept).await {
                self.files.insert(path.clone(), tracked);
                self.sync(&path).await;
            }
        }
        self.end_accepted().await;
    }

    /// A document as an earlier process kept it, with those that had its name before.
    async fn loaded(&self, kept: tracked::Kept) -> Option<Tracked> {
        let mut all = vec![kept];
        while let Some(under) = all.last_mut().and_then(|kept| kept.under.take()) {
            all.push(*under);
        }
        let mut loaded: Option<Tracked> = None;
        for kept in all.into_iter().rev() {
            let text = match &kept.text {
                Some(hash) => self.kept_text(hash).await.ok().flatten(),
                None => Some(String::new()),
            };
            if let Some(mut tracked) = text.and_then(|text| kept.tracked(&text)) {
                tracked.under = loaded.take().map(Box::new);
                loaded = Some(tracked);
            }
        }
        loaded
    }

    /// What an earlier process accepted and did not see applied is not applied now.
    async fn end_accepted(&mut self) {
        let mut states = HashMap::new();
        for item in self.change_sets() {
            let ItemBody::ChangeSet(set) = item.body else { continue };
            let hunks = set.files.into_iter().flat_map(|file| file.hunks);
            for hunk in hunks.filter(|hunk| hunk.state == HunkState::Accepted) {
                let reason = prompts::obstacle("unseen");
                if let Some(tracked) = self.tracked(&hunk.id) {
                    tracked.may_come(&[(hunk.id.clone(), true)]);
                }
                states.insert(hunk.id, HunkState::Conflicted { reason });
            }
        }
        if let Err(error) = self.set_states(&states).await {
            tracing::warn!(%error, "what was not seen applied was not journaled as a conflict");
        }
    }

    /// Keeps what is known of a document, so that it can be taken back after a restart.
    async fn keep(&self, path: &AbsPath) {
        let Some(tracked) = self.files.get(path) else { return };
        let (store, id) = (&self.shared.parts.store, &self.session.id);
        let kept = async {
            if let Some(stamp) = &tracked.stamp {
                self.keep_text(&tracked.text, stamp).await?;
            }
            store.keep_weave(id, path, &tracked.kept()).await
        };
        if let Err(error) = kept.await {
            tracing::warn!(%path, %error, "not kept: after a restart it cannot be taken back");
        }
    }

    /// Keeps the text of a document, which is not copied if it is kept already. Gives its hash.
    async fn keep_text(&self, text: &Rope, stamp: &Stamp) -> Result<String, StoreError> {
        let (store, id) = (&self.shared.parts.store, &self.session.id);
        match store.has_blob(id, &stamp.hash).await? {
            true => Ok(stamp.hash.clone()),
            false => store.put_blob(id, text.to_string().as_bytes()).await,
        }
    }
}

/// The change set that an item is; of a session that this one was forked from there is no text
/// here.
fn own_set(body: &ItemBody) -> Option<&ChangeSet> {
    match body {
        ItemBody::ChangeSet(set) if set.session_id.is_none() => Some(set),
        _ => None,
    }
}
