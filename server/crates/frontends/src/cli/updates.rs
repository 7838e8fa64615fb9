//! What the engine tells the command line, waiting to be shown.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use engine::{ApplyRefused, BufferEdit, Editor};
use protocol::{Answer, Approval, ItemId, SessionId, SessionUpdate, Update};
use tokio::sync::Notify;

use super::question::NAME;

/// How much text of deltas may wait, in bytes. More is left out: an item's end brings all of it.
const MAX_TEXT: usize = 4 << 20;

/// The updates that wait. All but deltas are kept: together they are no larger than the session
/// itself, which is in memory anyway.
#[derive(Clone, Default)]
pub(super) struct Updates(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Notify,
}

#[derive(Default)]
struct Queue {
    updates: VecDeque<SessionUpdate>,
    /// Bytes of text in the deltas among them.
    text: usize,
}

impl Updates {
    /// The next one. May be dropped and called again without losing one; one waits at a time.
    pub(super) async fn next(&self) -> SessionUpdate {
        loop {
            if let Some(update) = self.take() {
                return update;
            }
            self.0.filled.notified().await;
        }
    }

    fn take(&self) -> Option<SessionUpdate> {
        let mut queue = self.lock();
        let update = queue.updates.pop_front()?;
        if let Update::Delta { text, .. } = &update.update {
            queue.text -= text.len();
        }
        Some(update)
    }

    fn put(&self, update: &SessionUpdate) {
        let mut queue = self.lock();
        if let Update::Delta { text, .. } = &update.update {
            if queue.text + text.len() > MAX_TEXT {
                return;
            }
            queue.text += text.len();
        }
        if queue.updates.back_mut().is_some_and(|last| join(last, update)) {
            return;
        }
        queue.updates.push_back(update.clone());
        drop(queue);
        self.0.filled.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Adds text to the update before it if it goes on there; says whether it did.
fn join(last: &mut SessionUpdate, more: &SessionUpdate) -> bool {
    let (
        Update::Delta { item_id, offset, text },
        Update::Delta { item_id: item, offset: at, text: new },
    ) = (&mut last.update, &more.update)
    else {
        return false;
    };
    let goes_on = item_id == item && *offset + text.len() == *at;
    if goes_on {
        text.push_str(new);
        last.seq = more.seq;
    }
    goes_on
}

#[async_trait]
impl Editor for Updates {
    fn name(&self) -> String {
        NAME.to_owned()
    }

    fn notify(&self, update: &SessionUpdate) {
        self.put(update);
    }

    // The question comes as an item, in its place among the updates, and is answered from there.
    async fn ask(&self, _: &SessionId, _: &ItemId, _: &Approval) -> Option<Answer> {
        None
    }

    async fn apply(&self, _: BufferEdit) -> Result<(), ApplyRefused> {
        Err(ApplyRefused { reason: Some("the command line has no open documents".to_owned()) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(seq: u64, item: &str, offset: usize, text: String) -> SessionUpdate {
        let update = Update::Delta { item_id: ItemId::from(item), offset, text };
        SessionUpdate { session_id: SessionId::from("s"), seq, update }
    }

    #[test]
    fn text_that_waits_is_joined_and_what_is_too_much_is_left_out() {
        let updates = Updates::default();
        updates.put(&delta(1, "a", 0, "x".into()));
        updates.put(&delta(2, "a", 1, "y".into()));
        updates.put(&delta(3, "b", 0, "z".repeat(MAX_TEXT)));
        updates.put(&delta(4, "b", 0, "z".into()));
        assert_eq!(updates.take(), Some(delta(2, "a", 0, "xy".into())));
        assert_eq!(updates.take(), Some(delta(4, "b", 0, "z".into())));
        assert_eq!(updates.take(), None);
        updates.put(&delta(5, "b", 0, "z".repeat(MAX_TEXT)));
        assert_eq!(updates.take().map(|update| update.seq), Some(5));
    }
}
