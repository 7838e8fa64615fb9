//! What the client has open, told to the workspace. Every handler is done before it could wait,
//! so the mirror follows the wire.
//!
//! Documents that are neither files nor unsaved new ones are not ours: they are left out without
//! a word.

use std::{sync::Mutex, time::Duration};

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
use crate::uri::is_untitled;

/// The documents a connection has open.
#[derive(Default)]
pub(super) struct OpenDocuments(Mutex<State>);

#[derive(Default)]
struct State {
    // The last used comes last. A file that is open under two URIs is there twice.
    open: Vec<Opened>,
    changed: Option<Instant>,
}

/// What the client calls a document.
#[derive(Clone)]
pub(super) struct Opened {
    /// The resolved path: that is how edits name it.
    pub(super) path: AbsPath,
    /// The path in its URI.
    pub(super) name: AbsPath,
    /// The URI, to the letter.
    pub(super) uri: String,
    changed: Option<Instant>,
    /// What an edit of ours that was sent makes of it: the version, and the length in bytes.
    expected: Option<(i32, usize)>,
    /// Whether its last change was that edit.
    is_ours: bool,
}

impl Opened {
    /// What is left of a pause of this length since somebody last changed the document.
    pub(super) fn rest_of(&self, pause: Duration) -> Option<Duration> {
        let changed = self.changed.filter(|_| !self.is_ours)?;
        pause.checked_sub(changed.elapsed())
    }

    /// Whether it is not as it was opened.
    pub(super) fn was_changed(&self) -> bool {
        self.changed.is_some()
    }
}

impl OpenDocuments {
    /// What the client calls the document of this resolved path, if it has it open: where it has
    /// two names for it, the one last used.
    pub(super) fn get(&self, path: &AbsPath) -> Option<Opened> {
        lock(&self.0).open.iter().rfind(|opened| opened.path == *path).cloned()
    }

    /// The resolved paths of the documents, the last used first, each once.
    pub(super) fn last_used(&self) -> Vec<AbsPath> {
        let mut paths = Vec::new();
        for Opened { path, .. } in lock(&self.0).open.iter().rev() {
            if !paths.contains(path) {
                paths.push(path.clone());
            }
        }
        paths
    }

    /// The user turned to the document that the client calls so.
    pub(super) fn used(&self, name: &AbsPath) {
        lock(&self.0).used(name);
    }

    /// What is left of a pause of this length since any document last changed.
    pub(super) fn rest_of(&self, pause: Duration) -> Option<Duration> {
        pause.checked_sub(lock(&self.0).changed?.elapsed())
    }

    /// An edit of ours is sent, which makes a document this version of so many bytes. Who edits it
    /// next need not wait until nobody has typed for a while.
    pub(super) fn expect(&self, name: &AbsPath, version: i32, bytes: usize) {
        let mut state = lock(&self.0);
        if let Some(opened) = state.open.iter_mut().find(|opened| opened.name == *name) {
            opened.expected = Some((version, bytes));
        }
    }

    fn changed(&self, name: &AbsPath, version: i32, bytes: usize) {
        let mut state = lock(&self.0);
        let now = Some(Instant::now());
        state.changed = now;
        if let Some(opened) = state.used(name) {
            opened.is_ours = opened.expected.take() == Some((version, bytes));
            opened.changed = now;
        }
    }
}

impl State {
    fn used(&mut self, name: &AbsPath) -> Option<&mut Opened> {
        let at = self.open.iter().position(|opened| opened.name == *name)?;
        self.open[at..].rotate_left(1);
        self.open.last_mut()
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

#[derive(Deserialize)]
struct DidChangeFiles {
    changes: Vec<NamedFile>,
}

#[derive(Deserialize)]
struct Files {
    files: Vec<NamedFile>,
}

#[derive(Deserialize)]
struct NamedFile {
    uri: String,
}

#[derive(Deserialize)]
struct DidRename {
    files: Vec<MovedFile>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MovedFile {
    old_uri: String,
    new_uri: String,
}

impl Server {
    pub(super) async fn did_open(&self, params: Value) {
        let Some(DidOpen { text_document: document }) = fit("didOpen", params) else { return };
        let Some(name) = convert::path(&document.uri) else { return };
        let Connection { workspace, documents, id, .. } = &*self.0;
        let path = workspace.open(*id, &name, document.version, &document.text);
        self.0.settle_by_chat(&path);
        self.0.review.opened(&self.0, &path);
        let mut documents = lock(&documents.0);
        documents.open.retain(|opened| opened.name != name);
        documents.open.push(Opened {
            path,
            name,
            uri: document.uri,
            changed: None,
            expected: None,
            is_ours: false,
        });
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
        let counting = self.0.profile().counting;
        match workspace.change(*id, &name, text_document.version, changes, counting) {
            Ok(()) => {
                let bytes = workspace.text(*id, &name).map_or(0, |(_, text)| text.len_bytes());
                documents.changed(&name, text_document.version, bytes);
            }
            Err(error) => tracing::warn!(%error, "a change of a document was left out"),
        }
    }

    /// What is on disk now is what the editor shows.
    pub(super) async fn did_save(&self, params: Value) {
        let Some(DidClose { text_document }) = fit("didSave", params) else { return };
        if let Some(name) = file(&text_document.uri) {
            self.0.documents.used(&name);
            self.0.sessions.saved(&name);
            self.0.workspace.changed_on_disk(vec![name]);
        }
    }

    /// Files changed under the documents, by whomever.
    pub(super) async fn did_change_files(&self, params: Value) {
        let Some(DidChangeFiles { changes }) = fit("didChangeWatchedFiles", params) else { return };
        self.changed_on_disk(changes.iter().map(|change| &*change.uri));
    }

    /// Files were made or deleted in the editor.
    pub(super) async fn did_make_or_delete(&self, params: Value) {
        let Some(Files { files }) = fit("didCreateFiles", params) else { return };
        self.changed_on_disk(files.iter().map(|file| &*file.uri));
    }

    fn changed_on_disk<'a>(&self, uris: impl Iterator<Item = &'a str>) {
        let paths: Vec<AbsPath> = uris.filter_map(file).collect();
        if !paths.is_empty() {
            self.0.workspace.changed_on_disk(paths);
        }
    }

    /// Files or folders were moved in the editor. It opens its documents anew by itself.
    pub(super) async fn did_rename(&self, params: Value) {
        let Some(DidRename { files }) = fit("didRenameFiles", params) else { return };
        let paths = files.iter().filter_map(|it| file(&it.old_uri).zip(file(&it.new_uri)));
        let moved: Vec<(AbsPath, AbsPath)> = paths.collect();
        if !moved.is_empty() {
            self.0.sessions.moved(&moved);
            self.0.view.moved(&moved);
            self.0.workspace.renamed_on_disk(moved);
        }
    }

    pub(super) async fn did_close(&self, params: Value) {
        let Some(DidClose { text_document }) = fit("didClose", params) else { return };
        let Some(name) = convert::path(&text_document.uri) else { return };
        let Connection { workspace, documents, id, .. } = &*self.0;
        workspace.close(*id, &name);
        lock(&documents.0).open.retain(|opened| opened.name != name);
    }
}

/// The path of a file on disk.
fn file(uri: &str) -> Option<AbsPath> {
    convert::path(uri).filter(|path| !is_untitled(path))
}

pub(super) fn fit<T: for<'de> Deserialize<'de>>(what: &str, params: Value) -> Option<T> {
    T::deserialize(params)
        .inspect_err(|error| tracing::warn!(%error, "the parameters of `{what}` do not fit"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edit_of_ours_is_no_typing() {
        let path = AbsPath::new("/a").unwrap();
        let (name, uri) = (path.clone(), String::new());
        let documents = OpenDocuments::default();
        let opened =
            Opened { path: path.clone(), name, uri, changed: None, expected: None, is_ours: false };
        lock(&documents.0).open.push(opened);
        let is_typed_in = || documents.get(&path).unwrap().rest_of(Duration::MAX).is_some();
        assert!(!is_typed_in());
        documents.changed(&path, 1, 10);
        assert!(is_typed_in());
        documents.expect(&path, 2, 12);
        documents.changed(&path, 2, 12);
        assert!(!is_typed_in() && documents.get(&path).unwrap().was_changed());
        documents.changed(&path, 3, 12);
        assert!(is_typed_in());
        documents.expect(&path, 4, 14);
        documents.changed(&path, 4, 13);
        assert!(is_typed_in(), "somebody was faster");
    }
}
