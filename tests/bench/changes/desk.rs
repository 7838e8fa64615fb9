//! The smallest editor with documents that are open and can be changed by the server.

use std::{
    collections::HashMap,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use crate::editor::{Editor, uri};

/// An editor with what it shows of its documents. What is typed by hand is not kept here.
pub(super) struct Desk {
    pub(super) editor: Editor,
    shown: HashMap<String, (i64, String)>,
}

enum Event {
    Answered(Value),
    Edit(Value, Value),
}

impl Desk {
    pub(super) fn ready(command: &mut Command, root: &Path) -> Result<Self> {
        Ok(Self { editor: Editor::ready(command, root)?, shown: HashMap::new() })
    }

    pub(super) fn open(&mut self, path: &Path, text: &str) -> Result<()> {
        let uri = uri(path)?;
        let document = json!({"uri": uri, "languageId": "rust", "version": 0, "text": text});
        self.shown.insert(uri, (0, text.to_owned()));
        self.editor.tell("textDocument/didOpen", &json!({"textDocument": document}))
    }

    pub(super) fn close(&mut self, path: &Path) -> Result<()> {
        let uri = uri(path)?;
        self.shown.remove(&uri);
        self.editor.tell("textDocument/didClose", &json!({"textDocument": {"uri": uri}}))
    }

    /// What is shown of a document that is open.
    pub(super) fn shown(&self, path: &Path) -> Result<Option<&str>> {
        Ok(self.shown.get(&uri(path)?).map(|(_, text)| text.as_str()))
    }

    /// Sends a request and makes the edits that are asked for until its answer is there; how long
    /// that took, and of it the time that this editor was at work on edits.
    pub(super) fn carried_out(
        &mut self,
        method: &str,
        params: &Value,
    ) -> Result<(Value, Duration, Duration)> {
        let (id, sent) = self.editor.ask(method, params)?;
        let mut own = Duration::ZERO;
        loop {
            let (event, at) = self.editor.until(|message| {
                let is_edit = message["method"] == "workspace/applyEdit";
                let is_answer = message["id"] == id && message.get("method").is_none();
                match (is_edit, is_answer) {
                    (true, _) => Some(Event::Edit(
                        message["id"].clone(),
                        message["params"]["edit"]["documentChanges"].clone(),
                    )),
                    (_, true) => Some(Event::Answered(message.clone())),
                    _ => None,
                }
            })?;
            match event {
                Event::Answered(answer) => {
                    ensure!(answer.get("error").is_none(), "refused: {}", answer["error"]);
                    return Ok((answer["result"].clone(), at - sent, own));
                }
                Event::Edit(id, changes) => {
                    // Not from its arrival on: several may wait here at the same time.
                    let started = Instant::now();
                    self.edit(&id, &changes)?;
                    own += started.elapsed();
                }
            }
        }
    }

    fn edit(&mut self, id: &Value, changes: &Value) -> Result<()> {
        let mut told = Vec::new();
        for change in changes.as_array().context("an edit without documents")? {
            let uri = change["textDocument"]["uri"].as_str().context("an edit of no document")?;
            let (version, text) =
                self.shown.get_mut(uri).context("an edit of a closed document")?;
            *version += 1;
            // From the last to the first, so that no position moves before its turn.
            let mut edits = change["edits"].as_array().cloned().unwrap_or_default();
            edits.reverse();
            let mut content = Vec::new();
            for edit in &edits {
                let (start, end) =
                    (offset(text, &edit["range"]["start"])?, offset(text, &edit["range"]["end"])?);
                let new = edit["newText"].as_str().context("an edit without text")?;
                text.replace_range(start..end, new);
                content.push(json!({"range": edit["range"], "text": new}));
            }
            let document = json!({"uri": uri, "version": *version});
            let change = json!({"textDocument": document, "contentChanges": content});
            told.push(("textDocument/didChange", change));
        }
        self.editor.reply(&told, id, &json!({"applied": true}))
    }
}

/// Where a position is in a text of ASCII characters.
fn offset(text: &str, position: &Value) -> Result<usize> {
    let line = position["line"].as_u64().context("no line")? as usize;
    let character = position["character"].as_u64().context("no character")? as usize;
    let before: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    Ok(before + character)
}
