//! What this front end knows of its sessions without asking.

use std::{
    collections::HashMap,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
};

use protocol::{
    AbsPath, Item, ItemBody, ItemId, Mode, SessionId, SessionUpdate, Status, ToolCall, TurnId,
    Update,
};

use super::connection::lock;

/// The sessions that the client has open.
#[derive(Default)]
pub(super) struct Views {
    open: Mutex<HashMap<SessionId, View>>,
    opened: AtomicU64,
}

/// One of them.
#[derive(Default)]
pub(super) struct View {
    /// Which opening this is: what was told in an earlier one is told again.
    pub(super) number: u64,
    /// The mode and the model that stand in the answer which opened it.
    pub(super) announced: (Mode, String),
    pub(super) mode: Mode,
    pub(super) model: String,
    /// The folders it works in.
    pub(super) folders: Vec<AbsPath>,
    /// Who numbers the updates.
    pub(super) epoch: String,
    /// Nothing of it is told: the client does not know it yet.
    pub(super) quiet: bool,
    /// Whether the client knows what it is called.
    pub(super) titled: bool,
    pub(super) running: Option<TurnId>,
    /// The calls that have not ended, in their order.
    pub(super) calls: Vec<(ItemId, ToolCall)>,
    /// The calls that a change set is of.
    pub(super) edits: HashMap<ItemId, Vec<ItemId>>,
}

impl Views {
    /// Begins to know a session of which nothing is told yet; `quiet` says that what is told of
    /// it up to [`Views::open`] stays here.
    pub(super) fn begin(&self, session: &SessionId, quiet: bool) {
        let number = self.opened.fetch_add(1, Ordering::Relaxed) + 1;
        lock(&self.open).insert(session.clone(), View { number, quiet, ..View::default() });
    }

    /// From here on the client is told.
    pub(super) fn open(&self, session: &SessionId) {
        if let Some(view) = lock(&self.open).get_mut(session) {
            view.quiet = false;
            view.announced = (view.mode, view.model.clone());
        }
    }

    /// The session is the client's no more.
    pub(super) fn end(&self, session: &SessionId) -> bool {
        lock(&self.open).remove(session).is_some()
    }

    /// Looks at what is known; none if the client has no such session open.
    pub(super) fn look<T>(
        &self,
        session: &SessionId,
        look: impl FnOnce(&mut View) -> T,
    ) -> Option<T> {
        lock(&self.open).get_mut(session).map(look)
    }

    /// A session that works in a folder which this lies in.
    pub(super) fn working_in(&self, path: &AbsPath) -> Option<SessionId> {
        let is_in = |folder: &AbsPath| path.as_utf8_path().starts_with(folder.as_utf8_path());
        let open = lock(&self.open);
        let found = open.iter().find(|(_, view)| view.folders.iter().any(is_in));
        found.map(|(id, _)| id.clone())
    }

    /// Takes an update in; says whether the client is told.
    pub(super) fn take(&self, update: &SessionUpdate) -> bool {
        let mut views: MutexGuard<'_, _> = lock(&self.open);
        let Some(view) = views.get_mut(&update.session_id) else { return false };
        view.take(&update.update);
        !view.quiet
    }
}

impl View {
    fn take(&mut self, update: &Update) {
        match update {
            Update::ItemStarted { item } | Update::ItemChanged { item } => self.put(item),
            Update::ItemEnded { item } => {
                self.calls.retain(|(id, _)| *id != item.id);
                self.edits.remove(&item.id);
            }
            Update::Config { mode, model } => {
                (self.mode, self.model) = (*mode, model.clone());
            }
            Update::Status(Status::Running { turn_id }) => self.running = Some(turn_id.clone()),
            Update::Status(Status::Idle { .. }) => self.running = None,
            _ => {}
        }
    }

    fn put(&mut self, item: &Item) {
        match &item.body {
            ItemBody::ToolCall(call) => {
                match self.calls.iter_mut().find(|(id, _)| *id == item.id) {
                    Some((_, known)) => *known = call.clone(),
                    None => self.calls.push((item.id.clone(), call.clone())),
                }
            }
            ItemBody::ChangeSet(set) => {
                let hunks = set.files.iter().flat_map(|file| &file.hunks);
                let mut calls: Vec<ItemId> = hunks.map(|hunk| hunk.item_id.clone()).collect();
                calls.dedup();
                self.edits.insert(item.id.clone(), calls);
            }
            _ => {}
        }
    }

    /// A call that has not ended.
    pub(super) fn call(&self, id: &ItemId) -> Option<&ToolCall> {
        self.calls.iter().find(|(of, _)| of == id).map(|(_, call)| call)
    }
}
