//! Why is this line here: what a line that the agent wrote came of. Clients show it beside what
//! their language servers say, so it is short, and there is nothing on any other line.

use std::{
    collections::BTreeSet,
    time::{SystemTime, UNIX_EPOCH},
};

use protocol::{HunkState, SessionId};
use serde::Deserialize;
use tower_lsp_server::{
    gen_lsp_types::{Hover, MarkupContent, MarkupKind, MessageType},
    jsonrpc,
};

use super::{
    Server,
    connection::Connection,
    hunks::{self, Chosen, Here},
    pointed,
    question::printable,
    view::Named,
};
use crate::age::age;

/// The part of `HoverParams` that is of use.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Params {
    text_document: Document,
    position: protocol::wire::Position,
}

#[derive(Deserialize)]
struct Document {
    uri: String,
}

impl Server {
    pub(super) async fn hover(&self, params: Params) -> jsonrpc::Result<Option<Hover>> {
        let connection = &self.0;
        let Some(path) = pointed::path(connection, &params.text_document.uri) else {
            return Ok(None);
        };
        let at = protocol::wire::Range { start: params.position, end: params.position };
        let here = hunks::in_document(connection, &path).await;
        let stands = |here: &&Here| {
            let hunk = &here.hunk;
            let is_there = hunk.hunk.state.is_in_document();
            // Nobody asks about a line why something else is not there.
            let is_text = hunk.lines.as_ref().is_some_and(|lines| !lines.is_empty());
            is_there && is_text && here.touches(at)
        };
        let told: BTreeSet<String> = here
            .iter()
            .filter(stands)
            .map(|here| words(connection, &here.session, &here.named()))
            .collect();
        if told.is_empty() {
            return Ok(None);
        }
        let value = told.into_iter().collect::<Vec<_>>().join("\n\n");
        // Not Markdown: what was asked is not ours to draw.
        let contents = MarkupContent { kind: MarkupKind::PlainText, value }.into();
        Ok(Some(Hover { contents, range: None }))
    }
}

/// Says why hunks are there, in a message.
pub(super) fn say(connection: &Connection, chosen: &[Chosen]) {
    let mut told = BTreeSet::new();
    for Chosen { session, hunks, .. } in chosen {
        for hunk in hunks {
            told.insert(words(connection, session, hunk));
        }
    }
    if told.is_empty() {
        let text = "There is no change of Coworker here.";
        connection.say(MessageType::Info, text);
        return;
    }
    for text in told {
        connection.say(MessageType::Info, text.replace('\n', " "));
    }
}

/// Why a hunk is there, in one to three lines.
fn words(connection: &Connection, session: &SessionId, hunk: &Named) -> String {
    let origin = connection.view.origin(session, &hunk.set).unwrap_or_default();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_millis());
    let when = age(now.saturating_sub(origin.at.into()));
    let model = if origin.model.is_empty() {
        String::new()
    } else {
        format!(" ({})", printable(&origin.model))
    };
    let mut text = format!("Coworker{model}, {when}, {}.", state(&hunk.state));
    if let Some(reason) = &hunk.reason {
        text.push_str(&format!("\n{}", printable(reason)));
    }
    if !origin.prompt.is_empty() {
        text.push_str(&format!("\nAsked: {}", printable(&origin.prompt)));
    }
    text
}

/// Where a hunk stands, in words.
pub(super) fn state(state: &HunkState) -> String {
    match state {
        HunkState::Pending => "waits for you".to_owned(),
        HunkState::Accepted => "accepted".to_owned(),
        HunkState::Rejected => "rejected".to_owned(),
        HunkState::Applied => "applied".to_owned(),
        HunkState::Kept => "kept".to_owned(),
        HunkState::Undone => "undone".to_owned(),
        HunkState::Conflicted { reason } => format!("conflict: {}", printable(reason)),
        _ => "in a state that this version does not know".to_owned(),
    }
}
