//! The chat for editors that draw none: a Markdown file, `.coworker/chat.md`, to which what
//! happens is added at the end and in which the user writes the next prompt.
//!
//! It belongs to the user like any other file. While it is open it is changed through the
//! editor, else on disk; nothing in it is ever replaced. What text looks like is decided in
//! `chat_document/render.rs`.

mod render;

use std::{
    collections::HashMap,
    mem,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use engine::{BufferEdit, DocumentError, Documents, Origin, Snapshot};
use protocol::{
    AbsPath, ContextPart, ErrorCode, ErrorInfo, Item, ItemBody, ItemId, Replacement, SessionUpdate,
    Status, Update,
};
use tokio::time::{sleep, timeout};
use tower_lsp_server::gen_lsp_types as lsp;

use self::render::Block;
use super::{
    connection::{Connection, lock},
    convert,
    editor::{self, shown},
};

/// How long an editor may take to answer.
const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// How long after that it may take to show what was added.
const SHOW_TIMEOUT: Duration = Duration::from_secs(1);

/// How long to wait before an editor is asked again, at first and at most.
const PAUSES: (Duration, Duration) = (Duration::from_millis(300), Duration::from_secs(5));

/// The chat document of a connection.
#[derive(Default)]
pub(super) struct ChatDocument {
    pending: Mutex<Pending>,
    // Held while something is written, so that it is written in order.
    writing: tokio::sync::Mutex<()>,
    named: AtomicBool,
}

#[derive(Default)]
struct Pending {
    blocks: Vec<Block>,
    // Prompts that stand in the document already.
    sending: Vec<String>,
    // What open change sets and plans say, for the question about them.
    proposals: HashMap<ItemId, Block>,
}

impl ChatDocument {
    /// Whether this is the URI of the chat document, which the client has open.
    pub(super) fn is_shown_as(&self, connection: &Connection, uri: &str) -> bool {
        let opened = path(connection).and_then(|path| connection.documents.get(&path));
        opened.is_some_and(|opened| convert::path(uri).is_some_and(|name| name == opened.name))
    }

    /// The prompt that the user has written.
    ///
    /// # Errors
    /// There is none.
    pub(super) fn written(&self, connection: &Connection) -> Result<String, ErrorInfo> {
        let document = path(connection).and_then(|path| shown(connection, &path));
        let text = document.map(|document| document.text.to_string()).unwrap_or_default();
        let prompt = render::prompt(&text);
        if prompt.is_empty() {
            let what = "There is nothing to send: write below the last `## You` of \
                        `.coworker/chat.md`.";
            return Err(ErrorInfo::new(ErrorCode::InvalidParams, what));
        }
        Ok(prompt.to_owned())
    }

    /// This prompt comes from the document: it is not added again.
    pub(super) fn sending(&self, text: &str) {
        lock(&self.pending).sending.push(text.to_owned());
    }

    /// The prompt was not taken on.
    pub(super) fn not_sent(&self, text: &str) {
        lock(&self.pending).sent(text);
    }

    /// Adds what an update says.
    pub(super) fn take(&self, connection: &Arc<Connection>, update: &SessionUpdate) {
        let mut pending = lock(&self.pending);
        let idle = pending.blocks.is_empty();
        pending.take(&update.update, &connection.profile().root);
        if idle && !pending.blocks.is_empty() {
            let writer = connection.clone();
            connection.spawn(async move { writer.chat.write(&writer).await });
        }
    }

    /// Adds a selection for the user to write about, and opens the document there.
    pub(super) async fn quote(&self, connection: &Arc<Connection>, part: ContextPart) {
        let quote = render::quote(&part, &connection.profile().root);
        lock(&self.pending).blocks.push(quote);
        self.write(connection).await;
        self.show(connection, true).await;
    }

    /// Opens the document. Without `focus` the user goes on where they are.
    pub(super) async fn show(&self, connection: &Arc<Connection>, focus: bool) {
        let Some(path) = path(connection) else { return };
        let opened = connection.documents.get(&path);
        if opened.is_some() && !focus {
            return;
        }
        let uri = opened.map_or_else(|| convert::uri(&path), |opened| opened.uri);
        if connection.documents.get(&path).is_none()
            && let Err(error) = self.create(connection, &path).await
        {
            connection.say(lsp::MessageType::Error, error.to_string());
            return;
        }
        if connection.profile().shows_documents {
            let end = end(connection, &path).await;
            let params = lsp::ShowDocumentParams {
                uri: uri.into(),
                external: Some(false),
                take_focus: Some(focus),
                selection: focus.then_some(end).flatten(),
            };
            let show = connection.client.send_request::<lsp::ShowDocumentRequest>(params);
            if matches!(timeout(REPLY_TIMEOUT, show).await, Ok(Ok(result)) if result.success) {
                return;
            }
        }
        if focus || !self.named.swap(true, Ordering::Relaxed) {
            let text = format!("Coworker writes to {path}; open it to read and to answer.");
            connection.say(lsp::MessageType::Info, text);
        }
    }

    /// Writes everything that waits.
    async fn write(&self, connection: &Arc<Connection>) {
        let _alone = self.writing.lock().await;
        let Some(path) = path(connection) else { return };
        loop {
            let blocks = mem::take(&mut lock(&self.pending).blocks);
            if blocks.is_empty() {
                return;
            }
            if let Err(error) = append(connection, &path, &blocks).await {
                tracing::warn!(%error, "the chat document was not written");
                if !self.named.swap(true, Ordering::Relaxed) {
                    connection.say(lsp::MessageType::Error, error.to_string());
                }
            }
        }
    }

    /// Makes the document, if there is none.
    async fn create(&self, connection: &Connection, path: &AbsPath) -> Result<(), DocumentError> {
        let _alone = self.writing.lock().await;
        match connection.workspace.snapshot(path).await {
            Err(DocumentError::NotFound(_)) => on_disk(connection, path, &[Block::Ready]).await,
            Err(error) => Err(error),
            Ok(_) => Ok(()),
        }
    }
}

impl Pending {
    fn sent(&mut self, text: &str) -> bool {
        let found = self.sending.iter().position(|sent| sent == text);
        found.map(|at| self.sending.remove(at)).is_some()
    }

    fn take(&mut self, update: &Update, root: &AbsPath) {
        match update {
            Update::ItemStarted { item } | Update::ItemChanged { item } => self.open(item, root),
            Update::ItemEnded { item } => self.end(item, root),
            // What went wrong, if something did, was said in a notice.
            Update::Status(Status::Idle { .. }) => self.blocks.push(Block::Ready),
            _ => {}
        }
    }

    fn open(&mut self, item: &Item, root: &AbsPath) {
        match &item.body {
            ItemBody::ChangeSet(_) | ItemBody::Plan(_) => {
                self.proposals.extend(render::proposal(item));
            }
            ItemBody::Approval(approval) if approval.answer.is_none() => {
                self.blocks.extend(render::question(approval, &self.proposals, root));
            }
            _ => {}
        }
    }

    fn end(&mut self, item: &Item, root: &AbsPath) {
        self.proposals.remove(&item.id);
        match &item.body {
            ItemBody::UserMessage(message) if self.sent(&message.text) => {}
            _ => self.blocks.extend(render::item(item, root)),
        }
    }
}

/// Where the document is. The root is resolved, so this is too unless `.coworker` is a link, and
/// then nothing is written there.
fn path(connection: &Connection) -> Option<AbsPath> {
    connection.profile().root.join(".coworker/chat.md").ok()
}

/// The empty range at the end of the document.
async fn end(connection: &Connection, path: &AbsPath) -> Option<lsp::Range> {
    let text = connection.workspace.snapshot(path).await.ok()?.text;
    let end = text.len_bytes();
    Some(convert::range(&text, end..end, connection.profile().encoding))
}

/// Adds blocks at the end: through the editor for as long as it has the document open, however
/// often it refuses, else on disk.
async fn append(
    connection: &Connection,
    path: &AbsPath,
    blocks: &[Block],
) -> Result<(), DocumentError> {
    let (mut pause, longest) = PAUSES;
    loop {
        if let Some(document) = shown(connection, path) {
            if through_editor(connection, path, document, blocks).await {
                return Ok(());
            }
            sleep(pause).await;
            pause = (pause * 2).min(longest);
            continue;
        }
        match on_disk(connection, path, blocks).await {
            // It was opened or saved in this moment.
            Err(DocumentError::Stale(_)) => sleep(pause).await,
            done => return done,
        }
    }
}

/// Whether the editor shows what was to be added; its answer alone proves nothing.
async fn through_editor(
    connection: &Connection,
    path: &AbsPath,
    document: Snapshot,
    blocks: &[Block],
) -> bool {
    let Origin::Buffer { version, .. } = document.origin else { return false };
    let before = document.text.to_string();
    let added = render::render(&before, blocks);
    let after = format!("{before}{added}");
    let end = before.len();
    let edit = BufferEdit {
        path: path.clone(),
        version,
        before: document.text,
        replacements: vec![Replacement { start: end, end, text: added }],
        label: "Coworker: chat".to_owned(),
    };
    // Subscribed before the edit is sent, so that no change is missed.
    let mut changes = connection.workspace.changes();
    let reply = timeout(REPLY_TIMEOUT, editor::apply(connection, edit)).await;
    let refused = matches!(reply, Ok(Err(_)));
    let seen = async {
        loop {
            changes.mark_unchanged();
            match shown(connection, path) {
                Some(now) if changes::shows(&before, &after, &now.text.to_string()) => return true,
                Some(_) if !refused => {}
                _ => return false,
            }
            if changes.changed().await.is_err() {
                return false;
            }
        }
    };
    timeout(SHOW_TIMEOUT, seen).await.unwrap_or(false)
}

async fn on_disk(
    connection: &Connection,
    path: &AbsPath,
    blocks: &[Block],
) -> Result<(), DocumentError> {
    let workspace = &connection.workspace;
    let (before, hash) = match workspace.snapshot(path).await {
        Ok(now) => (now.text.to_string(), Some(now.stamp.hash)),
        Err(DocumentError::NotFound(_)) => {
            make_folder(path).await?;
            (String::new(), None)
        }
        Err(error) => return Err(error),
    };
    let added = render::render(&before, blocks);
    workspace.write(path, hash.as_deref(), &format!("{before}{added}")).await.map(drop)
}

/// Makes the folder of the document, which no version control should keep.
async fn make_folder(path: &AbsPath) -> Result<(), DocumentError> {
    let Some(folder) = path.parent() else { return Ok(()) };
    let failed = |source| DocumentError::Io { path: folder.clone(), source };
    tokio::fs::create_dir_all(folder.as_std_path()).await.map_err(failed)?;
    let ignored = folder.as_std_path().join(".gitignore");
    let made = tokio::fs::OpenOptions::new().write(true).create_new(true).open(ignored).await;
    match made {
        Ok(mut file) => {
            use tokio::io::AsyncWriteExt;
            file.write_all(b"chat.md\n").await.map_err(failed)?;
            file.flush().await.map_err(failed)
        }
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(failed(error)),
    }
}
