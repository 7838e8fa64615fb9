//! What the client does for the server beside editing: it saves documents, and it says what its
//! language servers find. Whoever asks sets a deadline; a silent client holds nobody up.

use std::{collections::HashMap, time::Duration};

use changes::Counting;
use engine::{Diagnostics, DiagnosticsQuery, Documents};
use protocol::{
    AbsPath, Diagnostic,
    methods::{DocumentsSave, EditorDiagnostics},
    wire::{self, DiagnosticsParams, DiagnosticsResult, SaveParams, WireDiagnostic},
};
use ropey::Rope;
use tokio::time::timeout;

use super::{connection::Connection, convert};

/// How much longer than it was told a client may take to answer.
const GRACE: Duration = Duration::from_secs(1);

/// Has the client save documents. Whether it did is to be seen on disk.
pub(super) async fn save(connection: &Connection, paths: &[AbsPath]) {
    let uris = paths.iter().map(|path| connection.uri(path)).collect();
    if let Err(error) = connection.ask::<DocumentsSave>(SaveParams { uris }).await {
        tracing::info!(%error, "the editor did not save");
    }
}

/// What the client's language servers say; none if it does not answer.
pub(super) async fn diagnostics(
    connection: &Connection,
    query: DiagnosticsQuery,
) -> Option<Diagnostics> {
    let milliseconds = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let uri = query.path.as_ref().map(|path| connection.uri(path));
    let params = DiagnosticsParams {
        uri: uri.clone(),
        min_version: query.version,
        settle_ms: milliseconds(query.settle),
        timeout_ms: milliseconds(query.timeout),
    };
    let answer = timeout(query.timeout + GRACE, connection.ask::<EditorDiagnostics>(params)).await;
    let DiagnosticsResult { items, version, fresh, servers } = answer.ok()?.ok()??;
    let mut texts = Texts { connection, known: HashMap::new() };
    let mut found = Vec::with_capacity(items.len());
    for item in items {
        let path = match (&uri, &query.path) {
            (Some(uri), Some(path)) if *uri == item.uri => Some(path.clone()),
            _ => convert::path(&item.uri),
        };
        // A client says more than was asked for if it likes; it is not about this document.
        let Some(path) = path.filter(|it| query.path.as_ref().is_none_or(|asked| asked == it))
        else {
            continue;
        };
        found.push(texts.diagnostic(path, item).await);
    }
    // What is said about an older text does not become newer by being called fresh.
    let old = query.version.zip(version).is_some_and(|(wanted, version)| version < wanted);
    Some(Diagnostics { items: found, fresh: fresh && !old, servers })
}

/// The texts that positions are in, each looked up once.
struct Texts<'a> {
    connection: &'a Connection,
    known: HashMap<AbsPath, (AbsPath, Option<Rope>)>,
}

impl Texts<'_> {
    async fn diagnostic(&mut self, named: AbsPath, item: WireDiagnostic) -> Diagnostic {
        let WireDiagnostic { uri: _, range, severity, message, source, code } = item;
        if !self.known.contains_key(&named) {
            let text = self.text(&named).await;
            self.known.insert(named.clone(), text);
        }
        let (path, text) = self.known.get(&named).cloned().unwrap_or((named, None));
        let counting = self.connection.profile().counting;
        let (line, column) = place(text.as_ref(), range.start, counting);
        Diagnostic { path, line, column, severity, message, source, code }
    }

    /// The document by its resolved path, with its text if that can be had.
    async fn text(&self, named: &AbsPath) -> (AbsPath, Option<Rope>) {
        let Connection { workspace, documents, id, .. } = self.connection;
        let name = documents.get(named).map_or_else(|| named.clone(), |opened| opened.name);
        if let Some((path, text)) = workspace.text(*id, &name) {
            return (path, Some(text));
        }
        let path = workspace.resolve(named).await.unwrap_or_else(|_| named.clone());
        let text = workspace.snapshot(&path).await.ok().map(|snapshot| snapshot.text);
        (path, text)
    }
}

/// Line and character, counted from 1. Without its text the client's own count has to do.
fn place(text: Option<&Rope>, at: wire::Position, counting: Counting) -> (u32, u32) {
    let column = match text {
        Some(text) => {
            let offset = counting.offset(text, at.line, at.character);
            let line = text.byte_to_line(offset);
            let before = text.byte_to_char(offset) - text.line_to_char(line);
            u32::try_from(before).unwrap_or(u32::MAX)
        }
        None => at.character,
    };
    (at.line.saturating_add(1), column.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use changes::Encoding;

    use super::*;

    #[test]
    fn places_are_counted_in_characters_from_one() {
        let text = Rope::from_str("one\n🦀 = x\n");
        for (encoding, character) in
            [(Encoding::Utf8, 7), (Encoding::Utf16, 5), (Encoding::Utf32, 4)]
        {
            let at = wire::Position { line: 1, character };
            assert_eq!(place(Some(&text), at, encoding.into()), (2, 5), "{encoding:?}");
        }
        let at = wire::Position { line: 1, character: 9 };
        assert_eq!(place(None, at, Encoding::Utf16.into()), (2, 10));
    }
}
