//! The chat for editors that draw none: a Markdown file, `.coworker/chat.md`, to which what
//! happens is added at the end and in which the user writes the next prompt.
//!
//! It belongs to the user like any other file. While it is open it is changed through the
//! editor, else on disk; nothing in it is ever replaced. What text looks like is decided in
//! `chat_document/render.rs`.

mod render;
mod writing;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use engine::{DocumentError, Documents};
use protocol::{
    AbsPath, ContextPart, ErrorCode, ErrorInfo, Item, ItemBody, ItemId, Mode, SessionInfo,
    SessionUpdate, Status, Update, wire,
};
use tokio::{
    sync::{Notify, oneshot},
    time::timeout,
};
use tower_lsp_server::gen_lsp_types as lsp;

pub(super) use self::writing::make_folder;
use self::{
    render::Block,
    writing::{Written, on_disk},
};
use super::{
    completion::Typed,
    connection::{Connection, Own, lock},
    convert,
    editor::shown,
};

/// Where the document is in the folder that is worked in.
pub(super) const CHAT_FILE: &str = ".coworker/chat.md";

/// How long an editor may take to answer.
const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long an editor that was asked to open the document may take to say that it has.
const OPEN_TIMEOUT: Duration = Duration::from_secs(1);

/// Above the first prompt of a session of which the document already shows another.
const BEGINS: &str = "_A new conversation begins here._";
/// What the document says when a part of the conversation is set aside, and taken up again.
const SET_ASIDE: &str = "*The last part of this conversation is set aside: it goes on as if that \
                         had not been said.*";
const TAKEN_UP: &str = "*What was set aside is part of the conversation again.*";

/// How many sessions are looked at for the one that the document shows.
const LOOKED_AT: usize = 50;

/// How often what an editor took on but does not show is given to it.
const TRIES: u32 = 3;

/// The chat document of a connection.
#[derive(Default)]
pub(super) struct ChatDocument {
    pending: Mutex<Pending>,
    // Held while something is written, so that it is written in order.
    writing: tokio::sync::Mutex<()>,
    // The user wants something of the document: an editor that refused may be asked again.
    again: Notify,
    refused: AtomicBool,
    named: AtomicBool,
}

#[derive(Default)]
struct Pending {
    // Taken out when they are written.
    blocks: Vec<Block>,
    // Somebody writes them.
    busy: bool,
    // There is something that cannot wait for the end of the turn.
    urgent: bool,
    // What was last written on disk.
    on_disk: Option<String>,
    // Prompts that stand in the document already.
    sending: Vec<String>,
    // The mode of the session, once there is one.
    mode: Option<Mode>,
    // What open change sets and plans say, for the question about them.
    proposals: HashMap<ItemId, Block>,
    // The calls of which some text was applied in the turn that runs.
    applied: HashSet<ItemId>,
}

impl ChatDocument {
    /// Whether this is the URI of the chat document, which the client has open.
    pub(super) fn is_shown_as(&self, connection: &Connection, uri: &str) -> bool {
        let opened = path(connection).and_then(|path| connection.documents.get(&path));
        opened.is_some_and(|opened| convert::path(uri).is_some_and(|name| name == opened.name))
    }

    /// What the user has typed before a place of the chat document, if prompts are written there.
    pub(super) fn typed(
        &self,
        connection: &Connection,
        uri: &str,
        at: wire::Position,
    ) -> Option<Typed> {
        if !self.is_shown_as(connection, uri) {
            return None;
        }
        let text = shown(connection, &path(connection)?)?.text;
        let document = text.to_string();
        let cursor = connection.profile().counting.offset(&text, at.line, at.character);
        Typed::new(text, render::writing(&document)?, cursor)
    }

    /// The prompt that the user has written.
    ///
    /// # Errors
    /// There is none, or it has been sent already.
    pub(super) fn written(&self, connection: &Connection) -> Result<String, ErrorInfo> {
        lock(&self.pending).written(connection)
    }

    /// Takes the prompt that the user has written, to send it. It is not added again.
    ///
    /// # Errors
    /// As for [`Self::written`].
    pub(super) fn send(&self, connection: &Arc<Connection>) -> Result<Sending, ErrorInfo> {
        self.again.notify_waiters();
        let mut pending = lock(&self.pending);
        let text = pending.written(connection)?;
        pending.sending.push(text.clone());
        Ok(Sending { connection: connection.clone(), text, taken: false })
    }

    /// The mode that the head of the document says.
    pub(super) fn mode(&self, connection: &Connection) -> Mode {
        let chosen = lock(&self.pending).mode.or(connection.profile().mode);
        chosen.unwrap_or(connection.sessions.settings().mode)
    }

    /// The session has this mode now. The head of a document that there is says so.
    pub(super) fn in_mode(&self, connection: &Arc<Connection>, mode: Mode) {
        let before = self.mode(connection);
        lock(&self.pending).mode = Some(mode);
        let shown = path(connection).is_some_and(|path| connection.documents.get(&path).is_some());
        if before != mode && shown && !connection.draws_chat() {
            self.add(connection, [Block::Head]);
        }
    }

    /// Adds what an update says.
    pub(super) fn take(&self, connection: &Arc<Connection>, update: &SessionUpdate) {
        if let Update::Config { mode, .. } = update.update {
            self.in_mode(connection, mode);
        }
        lock(&self.pending).take(&update.update, connection.root());
        drop(self.start_writing(connection));
    }

    /// Words of the user in the document were an answer: they are no prompt any more.
    pub(super) fn used(&self, connection: &Arc<Connection>, words: String) {
        self.add(connection, [Block::Taken(words)]);
    }

    /// Says that another session begins.
    pub(super) fn begin(&self, connection: &Arc<Connection>) {
        self.add(connection, [Block::Said(BEGINS.to_owned()), Block::Ready]);
    }

    /// Goes on with the session that the document shows: the last one of this folder whose first
    /// prompt stands there. If it cannot be had, the document says that another one begins.
    pub(super) async fn resume(&self, connection: &Arc<Connection>, own: &mut Own) {
        if own.is_some() || connection.draws_chat() {
            return;
        }
        let Some(path) = path(connection) else { return };
        let text = match connection.workspace.snapshot(&path).await {
            Ok(document) => document.text.to_string(),
            Err(_) => return,
        };
        if !render::has_answers(&text) {
            return;
        }
        let conversation = text.rsplit(BEGINS).next().unwrap_or(&text);
        let root = connection.root();
        // The last used first. Their titles say other things than the document does.
        let sessions = connection.sessions.list(Some(root)).await.unwrap_or_default();
        for SessionInfo { id, .. } in sessions.into_iter().take(LOOKED_AT) {
            let line = connection.sessions.first_line(&id).await.unwrap_or_default();
            if line.is_empty() || !conversation.contains(&line) {
                continue;
            }
            match connection.come_back(own, &id, None).await {
                Ok(_) => return,
                Err(error) => tracing::info!(session = %id, %error, "not gone on with"),
            }
            break;
        }
        lock(&self.pending).blocks.push(Block::Said(BEGINS.to_owned()));
    }

    fn add(&self, connection: &Arc<Connection>, blocks: impl IntoIterator<Item = Block>) {
        {
            let mut pending = lock(&self.pending);
            pending.blocks.extend(blocks);
            pending.urgent = true;
        }
        self.again.notify_waiters();
        drop(self.start_writing(connection));
    }

    /// Adds a selection for the user to write about, and opens the document there.
    pub(super) async fn quote(&self, connection: &Arc<Connection>, part: ContextPart) {
        let quote = render::quote(&part, connection.root());
        {
            let mut pending = lock(&self.pending);
            pending.blocks.push(quote);
            pending.urgent = true;
        }
        self.again.notify_waiters();
        let written = self.start_writing(connection);
        // The editor may not want to be written to; the user can look all the same.
        let _ = timeout(OPEN_TIMEOUT, written).await;
        self.show(connection, true).await;
    }

    /// Opens the document. Without `focus` the user goes on where they are.
    pub(super) async fn show(&self, connection: &Arc<Connection>, focus: bool) {
        let Some(path) = path(connection) else { return };
        let opened = connection.documents.get(&path);
        if opened.is_some() && !focus {
            return;
        }
        let (reads, go) = match &opened {
            Some(_) => (false, "go there"),
            None => (true, "open it"),
        };
        let uri = opened.map_or_else(|| convert::uri(&path), |opened| opened.uri);
        if reads && let Err(error) = self.create(connection, &path).await {
            connection.say(lsp::MessageType::Error, error.to_string());
            return;
        }
        let profile = connection.profile();
        if profile.shows_beside || focus && profile.shows_documents {
            let end = end(connection, &path).await;
            let params = lsp::ShowDocumentParams {
                uri: uri.into(),
                external: Some(false),
                take_focus: Some(focus),
                selection: focus.then_some(end).flatten(),
            };
            // Nothing is written while the editor reads the file.
            let reading = if reads { Some(self.writing.lock().await) } else { None };
            let show = connection.client.send_request::<lsp::ShowDocumentRequest>(params);
            if matches!(timeout(REPLY_TIMEOUT, show).await, Ok(Ok(result)) if result.success) {
                if reads {
                    self.opened(connection, &path).await;
                }
                return;
            }
            drop(reading);
        }
        if focus || !self.named.swap(true, Ordering::Relaxed) {
            let text = format!("Coworker writes to {path}; {go} to read and to answer.");
            connection.say(lsp::MessageType::Info, text);
        }
    }

    /// Has everything written that waits, unless somebody is at it. The receiver ends when it is
    /// done.
    fn start_writing(&self, connection: &Arc<Connection>) -> oneshot::Receiver<()> {
        let (done, written) = oneshot::channel();
        let begin = {
            let mut pending = lock(&self.pending);
            let begin = !pending.busy && pending.is_due(self.refused.load(Ordering::Relaxed));
            pending.busy |= begin;
            begin
        };
        if begin {
            let writer = connection.clone();
            connection.spawn(async move {
                writer.chat.write(&writer).await;
                drop(done);
            });
        }
        written
    }

    /// Writes everything that waits.
    async fn write(&self, connection: &Connection) {
        let mut tries = 0;
        while let Some(blocks) = self.due() {
            let written = {
                let _alone = self.writing.lock().await;
                self.append(connection, &blocks).await
            };
            match written {
                Ok(Written::Whole) => {}
                Ok(Written::Not { version, before, after, refused }) => {
                    tries += u32::from(!refused);
                    if self.wait(connection, version, tries).await {
                        let shows = |now: &str| writing::shows(&before, &after, now);
                        let now = path(connection).and_then(|path| shown(connection, &path));
                        if !now.is_some_and(|now| shows(&now.text.to_string())) {
                            continue;
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "the chat document was not written");
                    if !self.named.swap(true, Ordering::Relaxed) {
                        connection.say(lsp::MessageType::Error, error.to_string());
                    }
                }
            }
            tries = 0;
            let mut pending = lock(&self.pending);
            pending.blocks.drain(..blocks.len());
            pending.urgent &= !pending.blocks.is_empty();
        }
    }

    /// What is to be written now. Without it nobody writes any more.
    fn due(&self) -> Option<Vec<Block>> {
        let mut pending = lock(&self.pending);
        let due = pending.is_due(self.refused.load(Ordering::Relaxed));
        pending.busy = due;
        due.then(|| pending.blocks.clone())
    }

    /// Waits until an editor that did not take something may be asked again; false if it is not
    /// worth it. Some editors ask their user each time, so it is not asked for nothing.
    async fn wait(&self, connection: &Connection, version: i32, tries: u32) -> bool {
        let Some(path) = path(connection) else { return false };
        let mut changes = connection.workspace.changes();
        let same = || shown(connection, &path).is_some_and(|now| writing::is(&now, version));
        if !same() {
            // It changed, but into something else: it will not do better.
            return tries < TRIES;
        }
        if !self.refused.swap(true, Ordering::Relaxed) {
            let text = format!("{path} does not show everything; Coworker adds it when you go on.");
            connection.say(lsp::MessageType::Info, text);
        }
        let again = self.again.notified();
        let moved = async { while same() && changes.changed().await.is_ok() {} };
        tokio::select! {
            () = again => {}
            () = moved => {}
        }
        true
    }

    /// Makes the document, if there is none.
    async fn create(&self, connection: &Connection, path: &AbsPath) -> Result<(), DocumentError> {
        let _alone = self.writing.lock().await;
        match connection.workspace.snapshot(path).await {
            Err(DocumentError::NotFound(_)) => {
                let text = on_disk(connection, path, &[Block::Ready]).await?;
                lock(&self.pending).on_disk = Some(text);
                Ok(())
            }
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }
}

/// A prompt on its way from the document to a session.
pub(super) struct Sending {
    connection: Arc<Connection>,
    text: String,
    taken: bool,
}

impl Sending {
    /// The prompt.
    pub(super) fn text(&self) -> String {
        self.text.clone()
    }

    /// The session has it.
    pub(super) fn taken(mut self) {
        self.taken = true;
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        if !self.taken {
            lock(&self.connection.chat.pending).sent(&self.text);
        }
    }
}

impl Pending {
    fn is_due(&self, refused: bool) -> bool {
        !self.blocks.is_empty() && (!refused || self.urgent)
    }

    fn written(&self, connection: &Connection) -> Result<String, ErrorInfo> {
        let document = path(connection).and_then(|path| shown(connection, &path));
        let text = document.map(|document| document.text.to_string()).unwrap_or_default();
        let mut prompt = render::prompt(&text);
        if prompt.is_empty() {
            let what = "There is nothing to send: write below the last `## You` of \
                        `.coworker/chat.md`.";
            return Err(ErrorInfo::new(ErrorCode::InvalidParams, what));
        }
        let taken = self.blocks.iter().filter_map(|block| match block {
            Block::Taken(text) => Some(text),
            _ => None,
        });
        for sent in taken.chain(&self.sending) {
            prompt = render::after(prompt, sent).map_or(prompt, str::trim_start);
        }
        if prompt.is_empty() {
            let what = "This has been sent; the answer will follow it.";
            return Err(ErrorInfo::new(ErrorCode::InvalidParams, what));
        }
        Ok(prompt.to_owned())
    }

    fn sent(&mut self, text: &str) -> bool {
        let found = self.sending.iter().position(|sent| sent == text);
        found.map(|at| self.sending.remove(at)).is_some()
    }

    fn take(&mut self, update: &Update, root: &AbsPath) {
        match update {
            Update::ItemStarted { item }
            | Update::ItemChanged { item }
            | Update::ItemEnded { item }
                if item.aside => {}
            Update::ItemStarted { item } | Update::ItemChanged { item } => self.open(item, root),
            Update::ItemEnded { item } => self.end(item, root),
            // What stands in the document is the user's by now; it is not taken out.
            Update::SetAside { aside, .. } => {
                let said = if *aside { SET_ASIDE } else { TAKEN_UP };
                self.blocks.push(Block::Said(said.to_owned()));
            }
            // What went wrong, if something did, was said in a notice.
            Update::Status(Status::Idle { .. }) => {
                self.blocks.push(Block::Ready);
                self.urgent = true;
            }
            _ => {}
        }
    }

    fn open(&mut self, item: &Item, root: &AbsPath) {
        match &item.body {
            ItemBody::ChangeSet(_) | ItemBody::Plan(_) => {
                self.applied(item);
                self.proposals.extend(render::proposal(item));
            }
            ItemBody::Approval(approval) if approval.answer.is_none() => {
                self.blocks.extend(render::question(approval, &self.proposals, root));
                self.urgent = true;
            }
            _ => {}
        }
    }

    fn applied(&mut self, item: &Item) {
        if let ItemBody::ChangeSet(set) = &item.body {
            let hunks = set.files.iter().flat_map(|file| &file.hunks);
            let applied = hunks.filter(|hunk| hunk.state.was_applied());
            self.applied.extend(applied.map(|hunk| hunk.item_id.clone()));
        }
    }

    fn end(&mut self, item: &Item, root: &AbsPath) {
        self.proposals.remove(&item.id);
        self.applied(item);
        match &item.body {
            ItemBody::UserMessage(message) if self.sent(&message.text) => {
                self.blocks.push(Block::Taken(message.text.clone()));
            }
            _ => {
                let is_partly_done = self.applied.remove(&item.id);
                self.blocks.extend(render::item(item, is_partly_done, root));
            }
        }
    }
}

/// Where the document is. The root is resolved, so this is too unless `.coworker` is a link, and
/// then nothing is written there.
fn path(connection: &Connection) -> Option<AbsPath> {
    connection.root().join(CHAT_FILE).ok()
}

/// The empty range where the user goes on to write.
async fn end(connection: &Connection, path: &AbsPath) -> Option<lsp::Range> {
    let text = connection.workspace.snapshot(path).await.ok()?.text;
    let end = convert::end(&text, connection.profile().counting);
    Some(lsp::Range { start: end, end })
}

#[cfg(test)]
mod tests {
    use protocol::{Stretch, TurnId};

    use super::*;

    #[test]
    fn what_is_set_aside_is_said_and_not_written_again() {
        let root = AbsPath::new("/project").unwrap();
        let mut pending = Pending::default();
        let stretch = Stretch { first: ItemId::from("i1"), last: ItemId::from("i1") };
        pending.take(&Update::SetAside { stretch, aside: true }, &root);
        assert_eq!(pending.blocks, [Block::Said(SET_ASIDE.to_owned())]);
        let item = |aside| {
            let body = ItemBody::AgentMessage { text: "words".to_owned() };
            Item { id: ItemId::from("i1"), turn_id: TurnId::from("t"), at: 0, aside, body }
        };
        pending.take(&Update::ItemEnded { item: item(true) }, &root);
        assert_eq!(pending.blocks.len(), 1);
        pending.take(&Update::ItemEnded { item: item(false) }, &root);
        assert_eq!(pending.blocks.len(), 2);
    }
}
