//! The review document, for editors that draw no hunks: a change set as a unified diff, whose
//! hunks are decided by code actions and lenses on their lines.
//!
//! It is the file `.coworker/review.diff`, which is written anew when a hunk is decided or its
//! document changes: through the editor while it is open there, else on disk. A client that reads
//! `workspace/textDocumentContent` gets the same text without a file. A line means a hunk only as
//! long as the client shows exactly a text that was made here, so nobody decides about something
//! else than they see. What it looks like is decided in `review_document/render.rs`.

mod drafts;
mod render;
mod writing;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use engine::Documents;
use protocol::{
    AbsPath, ErrorInfo, HunkId, HunkState, Item, ItemBody, ItemId, SessionId, SessionUpdate,
    Update, wire,
};
use tokio::{sync::Notify, time::timeout};
use tower_lsp_server::{gen_lsp_types as lsp, jsonrpc};

use self::{drafts::Drafts, render::Page};
use super::{
    Server,
    connection::{Connection, invalid, lock},
    convert,
    editor::shown,
    hunks::{Chosen, Written},
    offers::Scope,
};

/// Where the document is in the folder that is worked in.
pub(super) const REVIEW_FILE: &str = ".coworker/review.diff";

/// The scheme of documents that are no files.
pub(super) const SCHEME: &str = "coworker";

/// What the document is called where it is no file.
const CONTENT_URI: &str = "coworker:/review.diff";

/// How long changes gather before the document is written anew.
const GATHER: Duration = Duration::from_millis(300);

/// How long an editor may take to answer.
const REPLY_TIMEOUT: Duration = Duration::from_secs(10);

/// How many texts are remembered: the editor may not show the last one yet.
const PAGES: usize = 4;

/// The review document of a connection.
#[derive(Default)]
pub(super) struct ReviewDocument {
    state: Mutex<State>,
    // Held while the document is written.
    writing: tokio::sync::Mutex<()>,
    wake: Notify,
}

#[derive(Default)]
struct State {
    subject: Option<Subject>,
    // The newest comes last.
    pages: VecDeque<(Subject, Page)>,
    // What the client showed last that is something that was made here.
    written: Option<Shown>,
    // Somebody keeps the document up with what happens, and is to look once more.
    following: bool,
    again: bool,
    // The version of the document that the editor did not want to be written to.
    refused: Option<i32>,
}

/// The change set that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Subject {
    session: SessionId,
    set: ItemId,
}

impl ReviewDocument {
    /// The hunks on some lines of the document; none if this is another document.
    pub(super) fn pointed(
        &self,
        connection: &Connection,
        uri: &str,
        range: wire::Range,
    ) -> Option<(Chosen, Scope)> {
        let Shown { subject, page, .. } = self.page(connection, uri)?;
        let (ids, scope) = page.hunks(convert::lines(range));
        Some((subject.chosen(connection, &ids), scope))
    }

    /// The sections of the document with the lines they begin in; none if this is another one.
    pub(super) fn sections(
        &self,
        connection: &Connection,
        uri: &str,
    ) -> Option<Vec<(u32, Chosen, Scope)>> {
        let Shown { subject, page, .. } = self.page(connection, uri)?;
        let sections = page.sections.iter();
        let sections =
            sections.map(|it| (it.line, subject.chosen(connection, &it.hunks), it.scope));
        Some(sections.collect())
    }

    /// What the client shows, if it is something that was made here; an empty page if not.
    fn page(&self, connection: &Connection, uri: &str) -> Option<Shown> {
        if is_content(connection, uri) {
            let (subject, page) = lock(&self.state).pages.back().cloned()?;
            return Some(Shown { subject, page, drafts: Drafts::new() });
        }
        let path = path(connection)?;
        let opened = connection.documents.get(&path)?;
        if convert::path(uri)? != opened.name {
            return None;
        }
        let text = shown(connection, &path)?.text.to_string();
        let state = lock(&self.state);
        let subject = state.subject.clone()?;
        let nothing = Shown { subject, page: Page::default(), drafts: Drafts::new() };
        Some(state.read(&text).unwrap_or(nothing))
    }

    /// What the user has written about each hunk into the document that the client shows.
    ///
    /// # Errors
    /// It was changed where nothing can be written.
    pub(super) fn written(
        &self,
        connection: &Connection,
    ) -> Result<HashMap<HunkId, Written>, ErrorInfo> {
        let document = path(connection).and_then(|path| shown(connection, &path));
        let document = document.filter(|_| !connection.profile().reads_content);
        let Some(document) = document else { return Ok(HashMap::new()) };
        let Some(shown) = lock(&self.state).read(&document.text.to_string()) else {
            return Err(invalid(
                "The review document was changed where nothing can be written: only lines with + \
                 can be others, and lines with # may be added below them. Undo that, or run \
                 *Review* again.",
            ));
        };
        Ok(shown.written())
    }

    /// Takes an update in that says something about a change set.
    pub(super) fn changed(&self, update: &SessionUpdate) {
        let (Update::ItemStarted { item }
        | Update::ItemChanged { item }
        | Update::ItemEnded { item }) = &update.update
        else {
            return;
        };
        let Item { id, body: ItemBody::ChangeSet(_), .. } = item else { return };
        let is_shown = lock(&self.state)
            .subject
            .as_ref()
            .is_some_and(|it| it.session == update.session_id && it.set == *id);
        if is_shown {
            self.wake.notify_one();
        }
    }

    /// The client has opened a document.
    pub(super) fn opened(&self, connection: &Arc<Connection>, opened: &AbsPath) {
        if path(connection).as_ref() != Some(opened) {
            return;
        }
        let shows_something = {
            let mut state = lock(&self.state);
            // Its versions are counted anew.
            state.refused = None;
            state.subject.is_some()
        };
        if shows_something {
            self.follow(connection);
        }
    }

    /// Writes the document about a change set and opens it; says whether the user can see it.
    /// Without `focus` the user goes on where they are.
    pub(super) async fn open(
        &self,
        connection: &Arc<Connection>,
        session: SessionId,
        set: ItemId,
        focus: bool,
    ) -> bool {
        let Some(path) = path(connection) else { return false };
        {
            let mut state = lock(&self.state);
            state.subject = Some(Subject { session, set });
            state.refused = None;
        }
        if let Err(error) = self.update(connection, focus).await {
            connection.say(lsp::MessageType::Error, error.message);
            return false;
        }
        self.follow(connection);
        let opened = connection.documents.get(&path);
        if opened.is_some() && !focus {
            return true;
        }
        let is_open = opened.is_some();
        let uri = match (opened, connection.profile().reads_content) {
            (_, true) => CONTENT_URI.to_owned(),
            (Some(opened), false) => opened.uri,
            (None, false) => convert::uri(&path),
        };
        if connection.profile().shows_documents && self.show(connection, uri, focus).await {
            return true;
        }
        if focus {
            let go = if is_open { "go there" } else { "open it" };
            let text = format!("The changes are in {path}; {go} to decide about each.");
            connection.say(lsp::MessageType::Info, text);
        }
        false
    }

    async fn show(&self, connection: &Connection, uri: String, focus: bool) -> bool {
        let first = lock(&self.state).pages.back().map_or(0, |(_, page)| page.first);
        // Some editors take no line that they do not have, and this one may show an older text.
        let document = path(connection).and_then(|path| shown(connection, &path));
        let counting = connection.profile().counting;
        let last = document.map_or(u32::MAX, |it| convert::end(&it.text, counting).line);
        let line = first.min(last);
        let at = lsp::Position { line, character: 0 };
        let params = lsp::ShowDocumentParams {
            uri: uri.into(),
            external: Some(false),
            take_focus: Some(focus),
            selection: focus.then_some(lsp::Range { start: at, end: at }),
        };
        let show = connection.client.send_request::<lsp::ShowDocumentRequest>(params);
        matches!(timeout(REPLY_TIMEOUT, show).await, Ok(Ok(result)) if result.success)
    }

    /// Has the document kept up with what happens, for as long as something waits in it or the
    /// client has it open.
    fn follow(&self, connection: &Arc<Connection>) {
        {
            let mut state = lock(&self.state);
            state.again = true;
            if std::mem::replace(&mut state.following, true) {
                self.wake.notify_one();
                return;
            }
        }
        let following = connection.clone();
        connection.spawn(async move { following.review.keep_up(&following).await });
    }

    async fn keep_up(&self, connection: &Connection) {
        let mut changes = connection.workspace.changes();
        loop {
            changes.mark_unchanged();
            if let Err(error) = self.update(connection, false).await {
                tracing::info!(%error, "the review document was not written");
            }
            let live = self.is_live(connection);
            {
                let mut state = lock(&self.state);
                if !std::mem::take(&mut state.again) && !live {
                    state.following = false;
                    return;
                }
            }
            tokio::select! {
                changed = changes.changed() => if changed.is_err() { return },
                () = self.wake.notified() => {}
            }
            tokio::time::sleep(GATHER).await;
        }
    }

    fn is_live(&self, connection: &Connection) -> bool {
        let Some(Subject { session, set }) = lock(&self.state).subject.clone() else {
            return false;
        };
        let hunks = connection.view.hunks(&session, None);
        let waits = hunks.iter().any(|it| it.set == set && it.state == HunkState::Pending);
        waits || path(connection).is_some_and(|path| connection.documents.get(&path).is_some())
    }
}

/// What a client shows.
#[derive(Clone)]
struct Shown {
    subject: Subject,
    page: Page,
    drafts: Drafts,
}

impl Shown {
    fn written(&self) -> HashMap<HunkId, Written> {
        let mut written = HashMap::new();
        for section in &self.page.sections {
            let (Some(lines), [id]) = (&section.lines, section.hunks.as_slice()) else { continue };
            let Some(draft) = self.drafts.get(id) else { continue };
            let words = Written { lines: draft.text(lines), comment: draft.comment() };
            written.insert(id.clone(), words);
        }
        written
    }
}

impl State {
    /// What a text is, if it is one that was made here, with something written into it or not.
    fn read(&self, text: &str) -> Option<Shown> {
        let made = self.pages.iter().rev().find(|(_, page)| writing::is_same(&page.text, text));
        if let Some((subject, page)) = made.cloned() {
            return Some(Shown { subject, page, drafts: Drafts::new() });
        }
        self.pages.iter().rev().find_map(|(subject, page)| {
            let (page, drafts) = page.read(text)?;
            Some(Shown { subject: subject.clone(), page, drafts })
        })
    }
}

impl Subject {
    fn chosen(&self, connection: &Connection, ids: &[protocol::HunkId]) -> Chosen {
        let mut hunks = connection.view.hunks(&self.session, None);
        hunks.retain(|hunk| ids.contains(&hunk.id));
        Chosen { session: self.session.clone(), hunks, written: HashMap::new() }
    }
}

impl Server {
    /// The review document as it is now, for clients that have no file of it.
    pub(super) async fn content(
        &self,
        params: lsp::TextDocumentContentParams,
    ) -> jsonrpc::Result<lsp::TextDocumentContentResult> {
        if !is_content(&self.0, params.uri.as_ref()) {
            return Err(jsonrpc::Error::invalid_params("there is no such document"));
        }
        let pages = lock(&self.0.review.state);
        let text = pages.pages.back().map(|(_, page)| page.text.clone());
        Ok(lsp::TextDocumentContentResult { text: text.unwrap_or_default() })
    }
}

/// Where the document is.
fn path(connection: &Connection) -> Option<AbsPath> {
    connection.root().join(REVIEW_FILE).ok()
}

/// Whether a client that has no file of the document means it.
fn is_content(connection: &Connection, uri: &str) -> bool {
    connection.profile().reads_content && uri == CONTENT_URI
}
