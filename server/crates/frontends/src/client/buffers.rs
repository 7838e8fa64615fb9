//! The documents of the client: their texts and versions, and edits that must fit both.

use std::{collections::BTreeMap, ops::Range};

use changes::{ChangeError, Encoding};
use protocol::{
    AbsPath, Replacement,
    wire::{self, Position},
};
use ropey::Rope;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::uri::{path, uri};

/// The open documents.
pub(super) struct Buffers {
    pub(super) encoding: Encoding,
    open: BTreeMap<AbsPath, Buffer>,
}

struct Buffer {
    text: Rope,
    version: i32,
}

/// Why an edit of the server is not applied.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refused {
    #[error("this editor only takes `documentChanges` with edits of text: {0}")]
    Shape(String),
    #[error("{0} is not open")]
    NotOpen(String),
    #[error("the edit is for version {wanted:?}, but the document has version {actual}")]
    Version { wanted: Option<i32>, actual: i32 },
    #[error(transparent)]
    Change(#[from] ChangeError),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WorkspaceEdit {
    document_changes: Vec<DocumentEdit>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DocumentEdit {
    text_document: Versioned,
    edits: Vec<TextEdit>,
}

#[derive(Deserialize)]
struct Versioned {
    uri: String,
    version: Option<i32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TextEdit {
    range: wire::Range,
    new_text: String,
}

impl Default for Buffers {
    fn default() -> Self {
        Self { encoding: Encoding::Utf16, open: BTreeMap::new() }
    }
}

impl Buffers {
    /// Opens a document; what comes back are the parameters of `didOpen`.
    pub(super) fn open(&mut self, path: &AbsPath, text: &str) -> Value {
        let version = 1;
        self.open.insert(path.clone(), Buffer { text: Rope::from_str(text), version });
        // The server goes by the file's name.
        json!({"textDocument": {
            "uri": uri(path), "languageId": "plaintext", "version": version, "text": text,
        }})
    }

    /// Types; what comes back are the parameters of `didChange`, none if it is not open.
    pub(super) fn replace(
        &mut self,
        path: &AbsPath,
        range: Range<usize>,
        text: &str,
    ) -> Option<Value> {
        let encoding = self.encoding;
        let buffer = self.open.get_mut(path)?;
        // What has no position cannot be said: the ends are taken where they have one.
        let exact = |offset| {
            let (line, character) = encoding.position(&buffer.text, offset);
            encoding.offset(&buffer.text, line, character)
        };
        let (start, end) = (exact(range.start), exact(range.end.max(range.start)));
        let replacement = Replacement { start, end, text: text.to_owned() };
        let content = vec![change(encoding, &buffer.text, &replacement)];
        let chars = buffer.text.byte_to_char(start)..buffer.text.byte_to_char(end);
        buffer.text.remove(chars.clone());
        buffer.text.insert(chars.start, text);
        buffer.version += 1;
        Some(did_change(path, buffer.version, content))
    }

    /// Closes a document; what comes back are the parameters of `didClose`.
    pub(super) fn close(&mut self, path: &AbsPath) -> Option<Value> {
        self.open.remove(path)?;
        Some(json!({"textDocument": {"uri": uri(path)}}))
    }

    /// The documents, in alphabetical order.
    pub(super) fn paths(&self) -> impl Iterator<Item = &AbsPath> {
        self.open.keys()
    }

    pub(super) fn text(&self, path: &AbsPath) -> Option<String> {
        self.open.get(path).map(|buffer| buffer.text.to_string())
    }

    pub(super) fn version(&self, path: &AbsPath) -> Option<i32> {
        self.open.get(path).map(|buffer| buffer.version)
    }

    pub(super) fn position(&self, path: &AbsPath, offset: usize) -> Option<Position> {
        self.open.get(path).map(|buffer| position(self.encoding, &buffer.text, offset))
    }

    /// Applies a workspace edit, all of it or nothing; what comes back are the parameters of a
    /// `didChange` for each document.
    ///
    /// # Errors
    /// It is for another version, for a document that is not open, or makes no sense.
    pub(super) fn apply(&mut self, edit: &Value) -> Result<Vec<Value>, Refused> {
        let edit =
            WorkspaceEdit::deserialize(edit).map_err(|error| Refused::Shape(error.to_string()))?;
        let mut planned: Vec<(AbsPath, Rope, Vec<Value>)> = Vec::new();
        for document in &edit.document_changes {
            let (path, buffer) = self.find(&document.text_document)?;
            if planned.iter().any(|(other, ..)| *other == path) {
                return Err(Refused::Shape("the same document twice".to_owned()));
            }
            let replacements = replacements(self.encoding, &buffer.text, &document.edits);
            let text = changes::apply(&buffer.text.to_string(), &replacements)?;
            // From the bottom up, so that each is said in places of the text it meets.
            let content = replacements.iter().rev();
            let content = content.map(|it| change(self.encoding, &buffer.text, it)).collect();
            planned.push((path, Rope::from_str(&text), content));
        }
        let mut told = Vec::new();
        for (path, text, content) in planned {
            let Some(buffer) = self.open.get_mut(&path) else { continue };
            buffer.text = text;
            buffer.version += 1;
            told.push(did_change(&path, buffer.version, content));
        }
        Ok(told)
    }

    fn find(&self, document: &Versioned) -> Result<(AbsPath, &Buffer), Refused> {
        let path = path(&document.uri);
        let found = path.and_then(|path| self.open.get(&path).map(|buffer| (path, buffer)));
        let (path, buffer) = found.ok_or_else(|| Refused::NotOpen(document.uri.clone()))?;
        if document.version != Some(buffer.version) {
            let (wanted, actual) = (document.version, buffer.version);
            return Err(Refused::Version { wanted, actual });
        }
        Ok((path, buffer))
    }
}

/// The edits in ascending order; insertions at one place stay in list order.
fn replacements(encoding: Encoding, text: &Rope, edits: &[TextEdit]) -> Vec<Replacement> {
    let offset = |at: Position| encoding.offset(text, at.line, at.character);
    let mut replacements: Vec<Replacement> = edits
        .iter()
        .map(|edit| Replacement {
            start: offset(edit.range.start),
            end: offset(edit.range.end),
            text: edit.new_text.clone(),
        })
        .collect();
    replacements.sort_by_key(|replacement| (replacement.start, replacement.end));
    replacements
}

fn change(encoding: Encoding, text: &Rope, replacement: &Replacement) -> Value {
    let range = wire::Range {
        start: position(encoding, text, replacement.start),
        end: position(encoding, text, replacement.end),
    };
    json!({"range": range, "text": replacement.text})
}

fn did_change(path: &AbsPath, version: i32, content: Vec<Value>) -> Value {
    json!({
        "textDocument": {"uri": uri(path), "version": version},
        "contentChanges": content,
    })
}

fn position(encoding: Encoding, text: &Rope, offset: usize) -> Position {
    let (line, character) = encoding.position(text, offset);
    Position { line, character }
}
