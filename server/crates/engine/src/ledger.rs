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
mod orders;
mod restoring;
mod rewording;
mod telling;
mod tracked;
mod undoing;
mod views;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use protocol::{
    AbsPath, ChangeSet, ErrorInfo, Hunk, HunkId, HunkState, Item, ItemBody, ItemId, SessionState,
    Stamp, Update,
};
use ropey::Rope;

use crate::{Keep, NotKept, prompts, session::Session, sessions::Shared};
pub use answering::HunkNow;
pub(crate) use deciding::Decided;
pub use deciding::Resolution;
pub(crate) use keeping::Watched;
use orders::Looks;
pub(crate) use orders::{Ledger, Orders};
pub use restoring::{Difference, Differences, Restoration};
pub(crate) use telling::summary;
use tracked::Tracked;
pub use undoing::Switched;
pub(crate) use undoing::is_in;
pub use views::{HunkView, Proposal};

/// What the loop owns.
pub(crate) struct Book {
    shared: Arc<Shared>,
    session: Session,
    looks: Looks,
    files: BTreeMap<AbsPath, Tracked>,
    /// How many revisions of documents there had been when it was last asked which changed.
    seen: u64,
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

/// Carries out orders until the session has ended.
pub(crate) fn spawn(shared: Arc<Shared>, session: Session, orders: Orders) {
    let begin = move |looks| Book::new(shared.clone(), session.clone(), looks);
    tokio::spawn(orders.carry_out(begin));
}

impl Book {
    fn new(shared: Arc<Shared>, session: Session, looks: Looks) -> Self {
        Self {
            shared,
            session,
            looks,
            files: BTreeMap::new(),
            seen: 0,
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
        }
        let paths: Vec<AbsPath> = set.files.iter().map(|file| file.path.clone()).collect();
        self.sync_these(&paths).await;
        // The new hunks are not in the journal yet, so what is in their way could not be noted.
        for path in &paths {
            self.files.entry(path.clone()).and_modify(Tracked::has_to_be_looked_at);
        }
        self.keep_these(&paths).await;
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

    /// The hunks of the session that are so, in order.
    fn hunks_that(&self, are_so: impl Fn(&Hunk) -> bool) -> Vec<HunkId> {
        self.session.look(|state| {
            hunks(state).filter(|hunk| are_so(hunk)).map(|hunk| hunk.id.clone()).collect()
        })
    }

    /// The change sets that have such a hunk, in order.
    fn change_sets_with(&self, is_wanted: impl Fn(&Hunk) -> bool) -> Vec<ItemId> {
        self.session.look(|state| {
            let has = |item: &&Item| own_hunks(item).any(&is_wanted);
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
        let rejected = self.hunks_that(|hunk| hunk.state == HunkState::Rejected);
        for (path, bytes) in kept {
            let Some(kept) = tracked::Kept::read(&bytes) else { continue };
            if let Some(mut tracked) = self.loaded(kept).await {
                // That may not have been kept before the process died.
                rejected.iter().for_each(|hunk| tracked.forget(hunk));
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
        let mut read = Vec::new();
        for kept in all {
            let text = match &kept.text {
                Some(hash) => self.kept_text(hash).await.ok().flatten(),
                None => Some(String::new()),
            };
            // What is under a document without text must not be taken for that one.
            let Some(tracked) = text.and_then(|text| kept.tracked(&text)) else { break };
            read.push(tracked);
        }
        let over = |under: Option<Tracked>, mut tracked: Tracked| {
            tracked.under = under.map(Box::new);
            Some(tracked)
        };
        read.into_iter().rev().fold(None, over)
    }

    /// What an earlier process accepted and did not see applied is not applied now.
    async fn end_accepted(&mut self) {
        let mut states = HashMap::new();
        for hunk in self.hunks_that(|hunk| hunk.state == HunkState::Accepted) {
            let reason = prompts::obstacle("unseen");
            if let Some(tracked) = self.tracked(&hunk) {
                tracked.may_come(&[(hunk.clone(), true)]);
            }
            states.insert(hunk, HunkState::Conflicted { reason });
        }
        if let Err(error) = self.set_states(&states).await {
            tracing::warn!(%error, "what was not seen applied was not journaled as a conflict");
        }
    }

    /// Keeps what is known of a document, so that it can be taken back after a restart.
    async fn keep(&mut self, path: &AbsPath) {
        self.keep_these(std::slice::from_ref(path)).await;
    }

    /// The same for several documents, at once.
    async fn keep_these(&mut self, paths: &[AbsPath]) {
        let mut kept = Vec::new();
        for path in paths {
            let Some(tracked) = self.files.get(path) else { continue };
            let mut texts = Vec::new();
            for Tracked { text, stamp, .. } in tracked.all() {
                let Some(stamp) = stamp else { continue };
                kept.push(text_of(path, text, stamp));
                texts.push(stamp.hash.clone());
            }
            kept.push(Keep::Weave { path: path.clone(), weave: tracked.kept(), texts });
        }
        if kept.is_empty() {
            return;
        }
        if let Err(error) = self.shared.parts.store.keep(&self.session.id, kept).await {
            tracing::warn!(?paths, %error, "not kept: after a restart it cannot be taken back");
            return;
        }
        for path in paths {
            if let Some(tracked) = self.files.get_mut(path) {
                tracked.note_kept();
            }
        }
    }
}

/// The text of a document, to be kept.
fn text_of(path: &AbsPath, text: &Rope, stamp: &Stamp) -> Keep {
    Keep::Text { path: path.clone(), hash: stamp.hash.clone(), text: text.clone() }
}

/// The change set that an item is; of a session that this one was forked from there is no text
/// here.
fn own_set(body: &ItemBody) -> Option<&ChangeSet> {
    match body {
        ItemBody::ChangeSet(set) if set.session_id.is_none() => Some(set),
        _ => None,
    }
}

/// The hunks of an item.
fn own_hunks(item: &Item) -> impl Iterator<Item = &Hunk> {
    own_set(&item.body).into_iter().flat_map(|set| &set.files).flat_map(|file| &file.hunks)
}

/// The hunks of a session.
fn hunks(state: &SessionState) -> impl Iterator<Item = &Hunk> {
    state.items.iter().flat_map(own_hunks)
}
