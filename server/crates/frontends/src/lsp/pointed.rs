//! What the user points at, taken at the moment they point: the text of a selection and what
//! encloses it.

use engine::Documents;
use protocol::{AbsPath, ContextPart, ErrorInfo, wire};
use ropey::Rope;
use workspace::Workspace;

use super::{
    chat_document::CHAT_FILE,
    connection::{Connection, invalid},
    convert,
    review_document::REVIEW_FILE,
};
use crate::uri::is_untitled;

/// Texts larger than this many bytes are not searched for what encloses a selection.
const STRUCTURE_LIMIT: usize = 1 << 20;

/// The most open documents that are told of.
const OPEN_LIMIT: usize = 10;

/// A document or a stretch of it.
#[derive(Clone, Debug)]
pub(super) struct Pointed {
    path: AbsPath,
    // The editor's text; none if the file is not open there.
    text: Option<Rope>,
    range: Option<wire::Range>,
    cursor: Option<wire::Position>,
}

impl Pointed {
    /// Takes down what the user points at. Done before anything is waited for.
    ///
    /// # Errors
    /// The URI names no file.
    pub(super) fn new(
        connection: &Connection,
        uri: &str,
        range: Option<wire::Range>,
    ) -> Result<Self, ErrorInfo> {
        let path = convert::path(uri).ok_or_else(|| {
            invalid(format!("`{uri}` is not a document that Coworker sees; save it first"))
        })?;
        // Of a document that is open in several editors, the one that is pointed at counts.
        connection.workspace.focus(connection.id, &path);
        connection.documents.used(&path);
        let (path, text) = match connection.workspace.text(connection.id, &path) {
            Some((path, text)) => (path, Some(text)),
            None => (path, None),
        };
        Ok(Self { path, text, range, cursor: None })
    }

    /// The same with the place of the cursor.
    pub(super) fn at(self, cursor: Option<wire::Position>) -> Self {
        Self { cursor, ..self }
    }

    /// The document.
    pub(super) fn path(&self) -> &AbsPath {
        &self.path
    }

    /// The same as the engine takes it.
    ///
    /// # Errors
    /// A file that is not open cannot be read.
    pub(super) async fn part(self, connection: &Connection) -> Result<ContextPart, ErrorInfo> {
        let (path, text) = match self.text {
            Some(text) => (self.path, Some(text)),
            None => {
                let workspace = &connection.workspace;
                let path = workspace.resolve(&self.path).await?;
                let text = match self.range {
                    Some(_) => Some(workspace.snapshot(&path).await?.text),
                    None => None,
                };
                (path, text)
            }
        };
        let (Some(range), Some(text)) = (self.range, text) else {
            let line = self.cursor.map(|cursor| cursor.line.saturating_add(1));
            return Ok(ContextPart::File { path, line });
        };
        let bytes = convert::bytes(&text, range, connection.profile().counting);
        let bytes = convert::selected(&text, bytes);
        let symbol = symbol(path.clone(), text.clone(), bytes.clone()).await;
        Ok(convert::selection(path, &text, bytes, symbol))
    }

    /// What encloses the selection, outermost first.
    pub(super) async fn symbol(self, connection: &Connection) -> Option<String> {
        let (text, range) = (self.text?, self.range?);
        let bytes = convert::bytes(&text, range, connection.profile().counting);
        let bytes = convert::selected(&text, bytes);
        symbol(self.path, text, bytes).await
    }
}

/// The document that a client names without turning to it.
pub(super) fn path(connection: &Connection, uri: &str) -> Option<AbsPath> {
    let name = convert::path(uri)?;
    let opened = connection.workspace.text(connection.id, &name);
    Some(opened.map_or(name, |(path, _)| path))
}

/// The documents that the client has open in its folders beside those that are pointed at, the
/// last used first; none if there are no others.
pub(super) fn others(connection: &Connection, pointed: &[Pointed]) -> Option<ContextPart> {
    let folders = connection.further_folders();
    let is_ours = |path: &AbsPath| {
        is_untitled(path)
            || path.starts_with(connection.root())
            || folders.iter().any(|folder| path.starts_with(folder))
    };
    let mut paths = connection.documents.last_used();
    paths.retain(|path| {
        let is_made = path.as_str().ends_with(CHAT_FILE) || path.as_str().ends_with(REVIEW_FILE);
        is_ours(path) && !is_made && pointed.iter().all(|it| it.path != *path)
    });
    paths.truncate(OPEN_LIMIT);
    (!paths.is_empty()).then_some(ContextPart::OpenDocuments { paths })
}

/// Parsing takes milliseconds and more: not on a thread that carries messages.
async fn symbol(path: AbsPath, text: Rope, bytes: std::ops::Range<usize>) -> Option<String> {
    if text.len_bytes() > STRUCTURE_LIMIT {
        return None;
    }
    let find = move || Workspace::symbol_path(&path, &text, bytes);
    tokio::task::spawn_blocking(find).await.ok().flatten()
}
