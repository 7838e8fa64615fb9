//! What the client has open, told to the workspace. Every handler is done before it could wait,
//! so the mirror follows the wire.
//!
//! Documents that are no files are not ours: they are left out without a word.

use std::{collections::HashMap, sync::Mutex, time::Duration};

use protocol::{AbsPath, wire};
use serde::Deserialize;
use serde_json::Value;
use tokio::time::Instant;
use workspace::TextChange;

use super::{
    Server,
    connection::{Connection, lock},
    convert,
};

/// The documents a connection has open.
#[derive(Default)]
pub(super) struct OpenDocuments(Mutex<State>);

#[derive(Default)]
struct State {
    // By resolved path, because that is how edits name them.
    open: HashMap<AbsPath, Opened>,
    changed: Option<Instant>,
}

/// What the client calls a document.
#[derive(Clone)]
pub(super) struct Opened {
    /// The path in its URI.
    pub(super) name: AbsPath,
    /// The URI, to the letter.
    pub(super) uri: String,
    changed: Option<Instant>,
}

impl Opened {
    /// What is left of a pause of this length since the document last changed.
    pub(super) fn rest_of(&self, pause: Duration) -> Option<Duration> {
        pause.checked_sub(self.changed?.elapsed())
    }
}

impl OpenDocuments {
    /// What the client calls the document of this resolved path, if it has it open.
    pub(super) fn get(&self, path: &AbsPath) -> Option<Opened> {
        lock(&self.0).open.get(path).cloned()
    }

    /// What is left of a pause of this length since any document last changed.
    pub(super) fn rest_of(&self, pause: Duration) -> Option<Duration> {
        pause.checked_sub(lock(&self.0).changed?.elapsed())
    }

    fn changed(&self, name: &AbsPath) {
        let mut state = lock(&self.0);
        let now = Some(Instant::now());
        state.changed = now;
        if let Some(opened) = state.open.values_mut().find(|opened| opened.name == *name) {
            opened.changed = now;
        }
    }
}

// Parameters are read here and not by the library, which drops notifications that do not fit
// without a word; and its change event would take one with a bad range for a whole new text.

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DidOpen {
    text_document: OpenedDocument,
}

#[derive(Deserialize)]
struct OpenedDocument {
    uri: String,
    version: i32,
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DidChange {
    text_document: ChangedDocument,
    content_changes: Vec<Change>,
}

#[derive(Deserialize)]
struct ChangedDocument {
    uri: String,
    version: i32,
}

#[derive(Deserialize)]
struct Change {
    #[serde(default)]
    range: Option<wire::Range>,
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DidClose {
    text_document: ClosedDocument,
}

#[derive(Deserialize)]
struct ClosedDocument {
    uri: String,
}

impl Server {
    pub(super) async fn did_open(&self, params: Value) {
        let Some(DidOpen { text_document: document }) = fit("didOpen", params) else { return };
        let Some(name) = convert::path(&document.uri) else { return };
        let Connection { workspace, documents, id, .. } = &*self.0;
        let path = workspace.open(*id, &name, document.version, &document.text);
        let mut documents = lock(&documents.0);
        documents.open.retain(|_, opened| opened.name != name);
        documents.open.insert(path, Opened { name, uri: document.uri, changed: None });
    }

    pub(super) async fn did_change(&self, params: Value) {
        let Some(DidChange { text_document, content_changes }) = fit("didChange", params) else {
            return;
        };
        let Some(name) = convert::path(&text_document.uri) else { return };
        let Connection { workspace, documents, id, .. } = &*self.0;
        let position = |at: wire::Position| (at.line, at.character);
        let changes = content_changes
            .into_iter()
            .map(|change| TextChange {
                range: change.range.map(|range| (position(range.start), position(range.end))),
                text: change.text,
            })
            .collect();
        let encoding = self.0.profile().encoding;
        match workspace.change(*id, &name, text_document.version, changes, encoding) {
            Ok(()) => documents.changed(&name),
            Err(error) => tracing::warn!(%error, "a change of a document was left out"),
        }
    }

    pub(super) async fn did_close(&self, params: Value) {
        let Some(DidClose { text_document }) = fit("didClose", params) else { return };
        let Some(name) = convert::path(&text_document.uri) else { return };
        let Connection { workspace, documents, id, .. } = &*self.0;
        workspace.close(*id, &name);
        lock(&documents.0).open.retain(|_, opened| opened.name != name);
    }
}

fn fit<T: for<'de> Deserialize<'de>>(what: &str, params: Value) -> Option<T> {
    T::deserialize(params)
        .inspect_err(|error| tracing::warn!(%error, "the parameters of `{what}` do not fit"))
        .ok()
}
