//! The queue of a ledger: orders are carried out one after the other, and looks do not wait for
//! an order that waits for somebody else.
//!
//! An order that waits (for an editor, for git) does so within [`Book::serving`], and looks are
//! answered meanwhile.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, resume_unwind},
    pin::pin,
};

use futures::{
    FutureExt, StreamExt,
    future::{BoxFuture, Either, pending},
    stream::FuturesUnordered,
};
use protocol::{AbsPath, ErrorCode, ErrorInfo, ItemId};
use tokio::sync::{Mutex, mpsc, oneshot};

use super::{Book, HunkView, Proposal};
use crate::session::closed;

type Order = Box<dyn for<'a> FnOnce(&'a mut Book) -> BoxFuture<'a, ()> + Send>;

/// The way to a session's ledger. Cheap to clone.
///
/// The queues have no limit: who orders or looks waits for the answer, and what is only posted is
/// what a user moved.
#[derive(Clone)]
pub(crate) struct Ledger {
    orders: mpsc::UnboundedSender<Order>,
    looks: mpsc::UnboundedSender<Look>,
}

/// What is asked of a ledger, while nobody answers yet.
pub(crate) struct Orders {
    orders: mpsc::UnboundedReceiver<Order>,
    looks: Looks,
}

/// Looks that wait. Only the loop takes them, and what it waits in: one task, one place at a time.
/// The lock is held while it waits for the next look, and nobody else wants it then; it is there
/// because an order that is [`Book::serving`] has no exclusive access to the book.
pub(super) type Looks = Mutex<mpsc::UnboundedReceiver<Look>>;

/// What is to be seen, and who wants to see it.
pub(super) enum Look {
    Hunks { path: Option<AbsPath>, reply: oneshot::Sender<Vec<HunkView>> },
    Proposal { set: ItemId, reply: oneshot::Sender<Option<Vec<Proposal>>> },
}

impl Ledger {
    pub(crate) fn new() -> (Self, Orders) {
        let (orders, waiting) = mpsc::unbounded_channel();
        let (looks, watched) = mpsc::unbounded_channel();
        (Self { orders, looks }, Orders { orders: waiting, looks: Mutex::new(watched) })
    }

    /// Has something done after all that was ordered before, without waiting for it.
    pub(crate) fn post(
        &self,
        order: impl for<'a> FnOnce(&'a mut Book) -> BoxFuture<'a, ()> + Send + 'static,
    ) {
        // A session that was closed has nothing left to be done.
        let _ = self.orders.send(Box::new(order));
    }

    /// Has something done and waits for what it came to.
    ///
    /// # Errors
    /// The session was closed before, or it panicked.
    pub(crate) async fn ask<T: Send + 'static>(
        &self,
        order: impl for<'a> FnOnce(&'a mut Book) -> BoxFuture<'a, T> + Send + 'static,
    ) -> Result<T, ErrorInfo> {
        let (reply, answer) = oneshot::channel();
        self.post(move |book| {
            Box::pin(async move {
                // Whoever asked may have gone; what was ordered is done all the same.
                match AssertUnwindSafe(order(book)).catch_unwind().await {
                    Ok(done) => drop(reply.send(Ok(done))),
                    Err(panic) => {
                        drop(reply.send(Err(broken_off())));
                        resume_unwind(panic);
                    }
                }
            })
        });
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// The hunks of a document, or of all; none if the session was closed before.
    pub(crate) async fn hunks(&self, path: Option<AbsPath>) -> Option<Vec<HunkView>> {
        let (reply, answer) = oneshot::channel();
        self.looks.send(Look::Hunks { path, reply }).ok()?;
        answer.await.ok()
    }

    /// A change set in its documents of now, if there is one; none if the session was closed
    /// before.
    pub(crate) async fn proposal(&self, set: ItemId) -> Option<Option<Vec<Proposal>>> {
        let (reply, answer) = oneshot::channel();
        self.looks.send(Look::Proposal { set, reply }).ok()?;
        answer.await.ok()
    }
}

impl Orders {
    /// Carries out orders until the session has ended. `begin` makes a book that has read nothing
    /// yet: at the start, and after a panic, when nobody knows what is left of the old one.
    pub(super) async fn carry_out(self, begin: impl Fn(Looks) -> Book) {
        let Self { mut orders, looks } = self;
        let mut book = begin(looks);
        let ended = book.session.ended.clone();
        let mut changes = book.shared.parts.documents.changes();
        loop {
            let has_pending = book.has_pending();
            let next: BoxFuture<'_, ()> = tokio::select! {
                biased;
                order = orders.recv() => match order {
                    Some(order) => order(&mut book),
                    None => return,
                },
                () = ended.cancelled() => return,
                look = book.next_look() => Box::pin(book.look_at(look)),
                // What is proposed is looked at again when its document changes.
                tick = changes.changed(), if has_pending => match tick {
                    Ok(()) => Box::pin(book.look_again()),
                    Err(_) => return,
                },
            };
            if AssertUnwindSafe(next).catch_unwind().await.is_err() {
                tracing::error!("an order of a ledger panicked; it is read anew from the store");
                book = begin(book.looks);
                // What waits is followed at once, not only from the next order on.
                if AssertUnwindSafe(book.load()).catch_unwind().await.is_err() {
                    tracing::error!("what the store has of a ledger cannot be read");
                    book = begin(book.looks);
                }
            }
        }
    }
}

impl Book {
    async fn next_look(&self) -> Look {
        match self.looks.lock().await.recv().await {
            Some(look) => look,
            None => pending().await,
        }
    }

    /// Brings what is looked at to its text of now, and shows it.
    async fn look_at(&mut self, look: Look) {
        // Whoever asked may have gone.
        match look {
            Look::Hunks { path, reply } => {
                let _ = reply.send(self.hunks(path.as_ref()).await);
            }
            Look::Proposal { set, reply } => {
                let _ = reply.send(self.proposal(&set).await);
            }
        }
    }

    /// Waits for something that others take their time for, and shows meanwhile what is looked at.
    pub(super) async fn serving<T>(&self, work: impl Future<Output = T> + Send) -> T {
        let mut work = pin!(work);
        let mut shown = FuturesUnordered::new();
        let done = loop {
            // What has not been read yet cannot be shown.
            let look = match self.is_loaded {
                true => Either::Left(self.next_look()),
                false => Either::Right(pending()),
            };
            tokio::select! {
                biased;
                done = &mut work => break done,
                Some(()) = shown.next() => {}
                look = look => shown.push(self.show(look)),
            }
        };
        while shown.next().await.is_some() {}
        done
    }

    /// Shows what is looked at in documents as they are now, and takes no note of them.
    async fn show(&self, look: Look) {
        match look {
            Look::Hunks { path, reply } => {
                let paths = path.as_ref().map_or_else(
                    || self.files.keys().cloned().collect(),
                    |path| vec![path.clone()],
                );
                let files = self.as_now(&paths).await;
                let _ = reply.send(self.hunks_in(&files, path.as_ref()));
            }
            Look::Proposal { set, reply } => {
                let files = self.as_now(&self.paths_of(&set)).await;
                let _ = reply.send(self.proposal_in(&files, &set));
            }
        }
    }
}

fn broken_off() -> ErrorInfo {
    let words = "A fault in Coworker broke this off; the log has details. Look at the files \
                 before you try again.";
    ErrorInfo::new(ErrorCode::Internal, words)
}
