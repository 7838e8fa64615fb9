//! What this front end knows of its sessions without asking: what runs, in which mode, and which
//! questions wait.
//! Code actions are asked for with every move of the cursor, so the answer has to be at hand.

use std::{collections::BTreeMap, sync::Mutex};

use protocol::{Approval, Item, ItemBody, ItemId, Mode, SessionId, SessionUpdate, Status, Update};

use super::connection::lock;

/// The sessions a connection is attached to.
#[derive(Default)]
pub(super) struct View(Mutex<BTreeMap<SessionId, Known>>);

#[derive(Default)]
struct Known {
    running: bool,
    mode: Option<Mode>,
    questions: Vec<(ItemId, Approval)>,
}

/// An approval that waits for an answer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    pub(super) session: SessionId,
    pub(super) id: ItemId,
    pub(super) approval: Approval,
}

impl View {
    /// Takes an update in.
    pub(super) fn take(&self, update: &SessionUpdate) {
        let mut sessions = lock(&self.0);
        let known = sessions.entry(update.session_id.clone()).or_default();
        match &update.update {
            Update::Status(status) => known.running = matches!(status, Status::Running { .. }),
            Update::Config { mode, .. } => known.mode = Some(*mode),
            Update::ItemStarted { item } | Update::ItemChanged { item } => known.put(item, true),
            Update::ItemEnded { item } => known.put(item, false),
            _ => {}
        }
    }

    /// The sessions.
    pub(super) fn sessions(&self) -> Vec<SessionId> {
        lock(&self.0).keys().cloned().collect()
    }

    /// The mode of the session, once it has been told.
    pub(super) fn mode(&self, session: &SessionId) -> Option<Mode> {
        lock(&self.0).get(session)?.mode
    }

    /// Whether a turn of the session runs.
    pub(super) fn is_running(&self, session: &SessionId) -> bool {
        lock(&self.0).get(session).is_some_and(|known| known.running)
    }

    /// The sessions of which a turn runs.
    pub(super) fn running(&self) -> Vec<SessionId> {
        let sessions = lock(&self.0);
        sessions.iter().filter(|(_, known)| known.running).map(|(id, _)| id.clone()).collect()
    }

    /// The questions that wait, those of one session in their order.
    pub(super) fn questions(&self) -> Vec<Question> {
        let sessions = lock(&self.0);
        let of = |(session, known): (&SessionId, &Known)| {
            let session = session.clone();
            let question = move |(id, approval): &(ItemId, Approval)| Question {
                session: session.clone(),
                id: id.clone(),
                approval: approval.clone(),
            };
            known.questions.iter().map(question).collect::<Vec<_>>()
        };
        sessions.iter().flat_map(of).collect()
    }

    /// The session is gone.
    pub(super) fn forget(&self, session: &SessionId) {
        lock(&self.0).remove(session);
    }
}

impl Known {
    fn put(&mut self, item: &Item, open: bool) {
        let ItemBody::Approval(approval) = &item.body else { return };
        self.questions.retain(|(id, _)| *id != item.id);
        if open && approval.answer.is_none() {
            self.questions.push((item.id.clone(), approval.clone()));
        }
    }
}
