//! The one queue by which everything leaves, so that what was said first arrives first.
//!
//! Putting something in never blocks. Session updates are what comes in masses: pieces of one
//! text are joined while they wait, and a client that does not keep up is told so once
//! ([`Update::Resync`]) instead of being flooded when it comes back. Whoever reads requests waits
//! for [`Outbox::room`] first, so a client that reads no answers is not read either.
//!
//! A client that reads updates as they are gets them as they are. For one that speaks of sessions
//! in other words a [`Teller`] finds those when the update is about to leave: what it was told is
//! then what it was told, whatever was left out before.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    io::Write,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use protocol::{
    SessionId, SessionUpdate, Update,
    methods::{Method, SessionUpdated},
};
use serde::Serialize;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::Notify,
};

/// How many bytes may wait before no more requests are read.
const MAX_QUEUED: usize = 64 << 20;

/// How many bytes of live updates may wait before they are left out.
const MAX_LIVE: usize = 4 << 20;

/// The bytes that a message is expected to fit into.
const USUAL_MESSAGE: usize = 2 << 10;

/// How many bytes are written at once, give or take one message.
const BATCH: usize = 64 << 10;

/// How long nothing follows an answer, for clients that need that.
const BREATH: Duration = Duration::from_millis(30);

/// The end that things are put into. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Outbox(Arc<Shared>);

/// The end that is written to the client.
pub(crate) struct Drain(Arc<Shared>);

/// How messages are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// By a header with their length.
    Headers,
    /// Each is a line.
    Lines,
}

/// Says what happens in sessions in the words of a client.
pub(crate) trait Teller: Send {
    /// Adds the messages that tell of an update; none if the client has no words for it.
    /// `replayed` says that the client asked for what was.
    fn tell(&mut self, update: SessionUpdate, replayed: bool, messages: &mut Messages);
}

/// Messages that leave together.
#[derive(Default)]
pub(crate) struct Messages(Vec<Vec<u8>>);

impl Messages {
    /// Adds one.
    pub(crate) fn add(&mut self, message: &impl Serialize) {
        match encode(message) {
            Ok(json) => self.0.push(json),
            Err(error) => tracing::error!(%error, "a message could not be encoded"),
        }
    }

    /// Adds a notification.
    pub(crate) fn notify(&mut self, method: &str, params: impl Serialize) {
        self.add(&Notification { jsonrpc: "2.0", method, params });
    }
}

/// Tells updates as they are.
struct AsTheyAre;

impl Teller for AsTheyAre {
    fn tell(&mut self, update: SessionUpdate, _: bool, messages: &mut Messages) {
        messages.notify(SessionUpdated::NAME, update);
    }
}

/// While it lives, the updates of a session count as asked for: they are never left out.
pub(crate) struct Replay {
    outbox: Outbox,
    session: SessionId,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    // Each has one waiter: the drain, and whoever reads.
    filled: Notify,
    emptied: Notify,
}

#[derive(Default)]
struct Queue {
    entries: VecDeque<Entry>,
    bytes: usize,
    live_bytes: usize,
    // Answers go alone.
    paced: bool,
    // Updates are put into words when they leave.
    retold: bool,
    // Nothing is taken any more; what is in it still leaves.
    closed: bool,
    // Sessions whose updates are left out until the client attaches again.
    lagging: HashSet<SessionId>,
    // Sessions being replayed, and how often.
    replaying: HashMap<SessionId, usize>,
}

struct Entry {
    content: Content,
    // For live updates: the session and the first number in it.
    live: Option<(SessionId, u64)>,
    is_answer: bool,
}

enum Content {
    Json(Vec<u8>),
    // Kept open: more of the same text may come, or its words are found when it leaves. With
    // roughly the bytes it takes.
    Update(SessionUpdate, usize),
}

#[derive(Serialize)]
struct Notification<'a, P> {
    jsonrpc: &'a str,
    method: &'a str,
    params: P,
}

impl Outbox {
    /// An empty queue and its other end.
    pub(crate) fn new() -> (Self, Drain) {
        let shared = Arc::new(Shared::default());
        (Self(shared.clone()), Drain(shared))
    }

    /// The same for a client that is told of updates in other words: [`Drain::run_retold`].
    pub(crate) fn retold() -> (Self, Drain) {
        let (outbox, drain) = Self::new();
        outbox.0.queue().retold = true;
        (outbox, drain)
    }

    /// Sends a whole message.
    pub(crate) fn send(&self, message: &impl Serialize) {
        self.put(message, false);
    }

    /// Sends the answer to a request.
    pub(crate) fn answer(&self, answer: &impl Serialize) {
        self.put(answer, true);
    }

    fn put(&self, message: &impl Serialize, is_answer: bool) {
        match encode(message) {
            Ok(json) => self.push(Entry { content: Content::Json(json), live: None, is_answer }),
            Err(error) => tracing::error!(%error, "a message could not be encoded"),
        }
    }

    /// From now on nothing follows an answer at once: some clients that wait for one leave what
    /// they read together with it lying until more comes.
    pub(crate) fn pace(&self) {
        self.0.queue().paced = true;
    }

    /// Sends a notification.
    pub(crate) fn notify(&self, method: &str, params: impl Serialize) {
        self.send(&Notification { jsonrpc: "2.0", method, params });
    }

    /// Tells what happened in a session, joined with what waits already where that is possible.
    pub(crate) fn update(&self, update: &SessionUpdate) {
        let mut queue = self.0.queue();
        let live = !queue.replaying.contains_key(&update.session_id);
        if queue.closed || live && queue.lagging.contains(&update.session_id) {
            return;
        }
        if !queue.join(update) {
            let entry = Entry::of(update, live, queue.retold);
            queue.push(entry);
        }
        if live && queue.live_bytes > MAX_LIVE {
            queue.leave_out(&update.session_id);
        }
        drop(queue);
        self.0.filled.notify_one();
    }

    /// From here until the result is dropped, every update of the session is sent.
    pub(crate) fn replay(&self, session: &SessionId) -> Replay {
        let mut queue = self.0.queue();
        queue.lagging.remove(session);
        *queue.replaying.entry(session.clone()).or_default() += 1;
        Replay { outbox: self.clone(), session: session.clone() }
    }

    /// Whether updates of the session may be old ones.
    pub(crate) fn is_replaying(&self, session: &SessionId) -> bool {
        self.0.queue().replaying.contains_key(session)
    }

    /// Whether updates of the session are left out until it is replayed.
    pub(crate) fn is_lagging(&self, session: &SessionId) -> bool {
        self.0.queue().lagging.contains(session)
    }

    /// Waits until not too much waits.
    pub(crate) async fn room(&self) {
        while self.0.queue().bytes > MAX_QUEUED {
            self.0.emptied.notified().await;
        }
    }

    /// Takes nothing more. What waits still leaves, and then [`Drain::run`] returns.
    pub(crate) fn close(&self) {
        self.0.queue().closed = true;
        self.0.filled.notify_one();
    }

    fn push(&self, entry: Entry) {
        self.0.queue().push(entry);
        self.0.filled.notify_one();
    }
}

impl Drop for Replay {
    fn drop(&mut self) {
        let mut queue = self.outbox.0.queue();
        if let Some(times) = queue.replaying.get_mut(&self.session) {
            *times -= 1;
            if *times == 0 {
                queue.replaying.remove(&self.session);
            }
        }
    }
}

impl Drain {
    /// Writes what comes until the outbox is closed or nobody reads any more, with headers and
    /// updates as they are.
    pub(crate) async fn run(self, output: impl AsyncWrite + Unpin) {
        self.run_as(Framing::Headers, &mut AsTheyAre, output).await;
    }

    /// The same in lines, with what happens in sessions put into other words.
    pub(crate) async fn run_retold(self, teller: &mut dyn Teller, output: impl AsyncWrite + Unpin) {
        self.run_as(Framing::Lines, teller, output).await;
    }

    async fn run_as(
        self,
        framing: Framing,
        teller: &mut dyn Teller,
        mut output: impl AsyncWrite + Unpin,
    ) {
        while let Some((entries, breath)) = self.next().await {
            let bytes = framed(entries, framing, teller);
            let written = async {
                output.write_all(&bytes).await?;
                output.flush().await
            };
            if let Err(error) = written.await {
                tracing::debug!(%error, "the client reads no more");
                break;
            }
            if breath {
                tokio::time::sleep(BREATH).await;
            }
        }
        self.0.queue().give_up();
        self.0.emptied.notify_one();
    }

    /// The next entries to write, and whether nothing may follow them at once; none at the end.
    async fn next(&self) -> Option<(Vec<Entry>, bool)> {
        loop {
            let (entries, breath) = {
                let mut queue = self.0.queue();
                if queue.entries.is_empty() && queue.closed {
                    return None;
                }
                let entries = queue.take();
                let is_answer = entries.last().is_some_and(|last| last.is_answer);
                // Of answers that follow one another the last is enough.
                let is_last = !queue.entries.iter().any(|entry| entry.is_answer);
                (entries, queue.paced && is_answer && is_last)
            };
            if entries.is_empty() {
                self.0.filled.notified().await;
                continue;
            }
            self.0.emptied.notify_one();
            return Some((entries, breath));
        }
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn push(&mut self, entry: Entry) {
        if self.closed {
            return;
        }
        self.count(&entry, usize::wrapping_add);
        self.entries.push_back(entry);
    }

    fn count(&mut self, entry: &Entry, change: fn(usize, usize) -> usize) {
        self.bytes = change(self.bytes, entry.size());
        if entry.live.is_some() {
            self.live_bytes = change(self.live_bytes, entry.size());
        }
    }

    /// Adds a piece of text to the one that waits at the end, if it goes right behind it.
    fn join(&mut self, update: &SessionUpdate) -> bool {
        let Update::Delta { item_id, offset, text } = &update.update else { return false };
        let Some(Entry { content: Content::Update(waiting, size), live, .. }) =
            self.entries.back_mut()
        else {
            return false;
        };
        let Update::Delta { item_id: item, offset: start, text: begun } = &mut waiting.update
        else {
            return false;
        };
        if waiting.session_id != update.session_id
            || item != item_id
            || *start + begun.len() != *offset
        {
            return false;
        }
        begun.push_str(text);
        waiting.seq = update.seq;
        *size += text.len();
        self.bytes += text.len();
        if live.is_some() {
            self.live_bytes += text.len();
        }
        true
    }

    /// Drops the live updates of a session and says so in their place.
    fn leave_out(&mut self, session: &SessionId) {
        let mut first = None;
        for entry in mem::take(&mut self.entries) {
            match &entry.live {
                Some((of, seq)) if of == session => {
                    first.get_or_insert(*seq);
                    self.count(&entry, usize::wrapping_sub);
                }
                _ => self.entries.push_back(entry),
            }
        }
        let Some(first) = first else { return };
        let from_seq = first.saturating_sub(1);
        tracing::warn!(%session, from_seq, "the client does not keep up; updates were left out");
        let update = Update::Resync { from_seq };
        let update = SessionUpdate { session_id: session.clone(), seq: from_seq, update };
        let entry = Entry::of(&update, false, self.retold);
        self.push(entry);
        self.lagging.insert(session.clone());
    }

    fn take(&mut self) -> Vec<Entry> {
        let mut taken = Vec::new();
        let mut size = 0;
        while size < BATCH
            && let Some(entry) = self.entries.pop_front()
        {
            size += entry.size();
            self.count(&entry, usize::wrapping_sub);
            let is_last = self.paced && entry.is_answer;
            taken.push(entry);
            if is_last {
                break;
            }
        }
        taken
    }

    fn give_up(&mut self) {
        *self = Self { closed: true, ..Self::default() };
    }
}

impl Entry {
    fn of(update: &SessionUpdate, live: bool, retold: bool) -> Self {
        let content = match &update.update {
            Update::Delta { text, .. } => {
                Content::Update(update.clone(), size_of::<Self>() + text.len())
            }
            _ if retold => Content::Update(update.clone(), weight(update)),
            _ => Content::Json(notification(update)),
        };
        let live = live.then(|| (update.session_id.clone(), update.seq));
        Self { content, live, is_answer: false }
    }

    /// Roughly the bytes it takes.
    fn size(&self) -> usize {
        match &self.content {
            Content::Json(json) => json.len(),
            Content::Update(_, size) => *size,
        }
    }
}

/// Roughly the bytes that an update takes: those that it has in JSON.
fn weight(update: &SessionUpdate) -> usize {
    struct Counter(usize);
    impl Write for Counter {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut counter = Counter(size_of::<Entry>());
    // To count cannot fail, and what cannot be encoded is never sent.
    let _ = serde_json::to_writer(&mut counter, update);
    counter.0
}

fn notification(update: &SessionUpdate) -> Vec<u8> {
    let message = Notification { jsonrpc: "2.0", method: SessionUpdated::NAME, params: update };
    encode(&message).unwrap_or_else(|error| {
        tracing::error!(%error, "an update could not be encoded");
        Vec::new()
    })
}

/// A message as JSON. A replay waits here as a whole, so none keeps more memory than it needs.
fn encode(message: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut json = Vec::with_capacity(USUAL_MESSAGE);
    serde_json::to_writer(&mut json, message)?;
    json.shrink_to_fit();
    Ok(json)
}

fn framed(entries: Vec<Entry>, framing: Framing, teller: &mut dyn Teller) -> Vec<u8> {
    let mut messages = Messages::default();
    for entry in entries {
        match entry.content {
            Content::Json(json) => messages.0.push(json),
            Content::Update(update, _) => {
                teller.tell(update, entry.live.is_none(), &mut messages);
            }
        }
    }
    let mut bytes = Vec::new();
    for json in messages.0 {
        // Writing to memory cannot fail.
        let _ = match framing {
            Framing::Headers => write!(bytes, "Content-Length: {}\r\n\r\n", json.len()),
            Framing::Lines => Ok(()),
        };
        bytes.extend_from_slice(&json);
        if framing == Framing::Lines {
            bytes.push(b'\n');
        }
    }
    bytes
}

#[cfg(test)]
mod tests;
