//! What the user points at, taken at the moment they point: the text of a selection and what
//! encloses it.

use engine::Documents;
use protocol::{AbsPath, ContextPart, ErrorInfo, wire};
use ropey::Rope;
use workspace::Workspace;

use super::{
    connection::{Connection, invalid},
    convert,
};

/// Texts larger than this many bytes are not searched for what encloses a selection.
const STRUCTURE_LIMIT: usize = 1 << 20;

/// A document or a stretch of it.
#[derive(Clone, Debug)]
pub(super) struct Pointed {
    path: AbsPath,
    // The editor's text; none if the file is not open there.
    text: Option<Rope>,
    range: Option<wire::Range>,
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
        let path = convert::path(uri)
            .ok_or_else(|| invalid(format!("`{uri}` is not a file; save the document first")))?;
        // Of a document that is open in several editors, the one that is pointed at counts.
        connection.workspace.focus(connection.id, &path);
        let (path, text) = match connection.workspace.text(connection.id, &path) {
            Some((path, text)) => (path, Some(text)),
            None => (path, None),
        };
        Ok(Self { path, text, range })
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
            return Ok(ContextPart::File { path, line: None });
        };
        let bytes = convert::bytes(&text, range, connection.profile().encoding);
        let bytes = convert::selected(&text, bytes);
        let symbol = symbol(path.clone(), text.clone(), bytes.clone()).await;
        Ok(convert::selection(path, &text, bytes, symbol))
    }

    /// What encloses the selection, outermost first.
    pub(super) async fn symbol(self, connection: &Connection) -> Option<String> {
        let (text, range) = (self.text?, self.range?);
        let bytes = convert::bytes(&text, range, connection.profile().encoding);
        let bytes = convert::selected(&text, bytes);
        symbol(self.path, text, bytes).await
    }
}

/// Parsing takes milliseconds and more: not on a thread that carries messages.
async fn symbol(path: AbsPath, text: Rope, bytes: std::ops::Range<usize>) -> Option<String> {
    if text.len_bytes() > STRUCTURE_LIMIT {
        return None;
    }
    let find = move || Workspace::symbol_path(&path, &text, bytes);
    tokio::task::spawn_blocking(find).await.ok().flatten()
}
