//! What can be typed into a prompt: for clients that draw the chat by a method of ours, in the
//! chat document by the usual one.

use std::ops::Range;

use engine::Completions;
use protocol::{
    Completion, ErrorInfo, SessionId,
    wire::{self, CompleteParams, CompleteResult},
};
use serde::Deserialize;
use tower_lsp_server::{gen_lsp_types as lsp, jsonrpc};

use super::{
    Server,
    checked::Checked,
    connection::{Connection, refused},
    convert,
};

/// The part of `CompletionParams` that is of use.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Params {
    text_document: Document,
    position: wire::Position,
}

#[derive(Deserialize)]
struct Document {
    uri: String,
}

impl Server {
    pub(super) async fn complete(
        &self,
        Checked(params): Checked<CompleteParams>,
    ) -> jsonrpc::Result<CompleteResult> {
        let CompleteParams { session_id, text } = params;
        let session = session_id.or_else(|| self.0.known_session());
        let found = completions(&self.0, session, &text).await.map_err(refused)?;
        Ok(CompleteResult { start: found.start, items: found.items })
    }

    /// Answers in the chat document, below the last `## You`; nowhere else there is anything.
    pub(super) async fn completion(&self, params: Params) -> jsonrpc::Result<lsp::CompletionList> {
        let connection = &self.0;
        let nothing = || lsp::CompletionList { is_incomplete: false, ..Default::default() };
        let Some(typed) =
            connection.chat.typed(connection, &params.text_document.uri, params.position)
        else {
            return Ok(nothing());
        };
        let session = connection.known_session();
        let found = completions(connection, session, &typed.prompt).await.map_err(refused)?;
        // The end of the prompt is the cursor, so places in it are counted back from there.
        let start = typed.cursor - (typed.prompt.len() - found.start);
        let counting = connection.profile().counting;
        let range = convert::range(&typed.text, start..typed.cursor, counting);
        let items = found.items.into_iter().enumerate();
        let items = items.map(|(at, it)| item(at, it, range)).collect();
        // The rest of the word brings others, so the client has to ask again.
        Ok(lsp::CompletionList { is_incomplete: true, items, ..Default::default() })
    }
}

async fn completions(
    connection: &Connection,
    session: Option<SessionId>,
    text: &str,
) -> Result<Completions, ErrorInfo> {
    match session {
        Some(session) => connection.sessions.complete(&session, text).await,
        // No session is begun because somebody types.
        None => connection.sessions.complete_of(connection.new_session(), text).await,
    }
}

fn item(at: usize, completion: Completion, range: lsp::Range) -> lsp::CompletionItem {
    let Completion { text, detail } = completion;
    lsp::CompletionItem {
        label: text.clone(),
        detail: (!detail.is_empty()).then_some(detail),
        // In our order, and whatever the client thinks of `@` and `/` in words.
        sort_text: Some(format!("{at:04}")),
        filter_text: Some(text.clone()),
        text_edit: Some(lsp::CompletionItemTextEdit::TextEdit(lsp::TextEdit {
            range,
            new_text: text,
        })),
        ..Default::default()
    }
}

/// What stands before the cursor in the chat document.
pub(super) struct Typed {
    /// The document.
    pub(super) text: ropey::Rope,
    /// The cursor in it, in bytes.
    pub(super) cursor: usize,
    /// The prompt up to the cursor.
    pub(super) prompt: String,
}

impl Typed {
    /// The prompt before the cursor, if it is in `prompt`, the stretch of the document where
    /// prompts are written.
    pub(super) fn new(text: ropey::Rope, prompt: Range<usize>, cursor: usize) -> Option<Self> {
        if !(prompt.start..=prompt.end).contains(&cursor) {
            return None;
        }
        let prompt = text.byte_slice(prompt.start..cursor).to_string();
        Some(Self { text, cursor, prompt })
    }
}
