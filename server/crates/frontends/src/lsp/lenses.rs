//! Code lenses: what can be done about a hunk, above its first line. Every one of them is a code
//! action as well, because few editors have lenses.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tower_lsp_server::{
    gen_lsp_types::{CodeLens, CodeLensParams, Position, Range},
    jsonrpc,
};

use super::{Server, connection::Connection, hunks, offers, offers::Offer, pointed};

/// How long changes of hunks gather before the client is told that its lenses are old.
const GATHER: Duration = Duration::from_millis(50);

/// Whether the client is about to be told that its lenses are old.
#[derive(Default)]
pub(super) struct Lenses(AtomicBool);

impl Lenses {
    /// Hunks are not as they were.
    pub(super) fn changed(&self, connection: &Arc<Connection>) {
        if !connection.profile().refreshes_lenses || self.0.swap(true, Ordering::Relaxed) {
            return;
        }
        let told = connection.clone();
        connection.spawn(async move {
            tokio::time::sleep(GATHER).await;
            told.lenses.0.store(false, Ordering::Relaxed);
            if let Err(error) = told.client.code_lens_refresh().await {
                tracing::debug!(%error, "the lenses were not refreshed");
            }
        });
    }
}

impl Server {
    pub(super) async fn code_lens(&self, params: CodeLensParams) -> jsonrpc::Result<Vec<CodeLens>> {
        let connection = &self.0;
        if connection.profile().ui.hunks {
            return Ok(Vec::new());
        }
        let uri = params.text_document.uri.as_ref();
        if let Some(sections) = connection.review.sections(connection, uri) {
            let offers = sections.into_iter().flat_map(|(line, chosen, scope)| {
                let offers = offers::review_lenses(&chosen.session, &chosen.hunks, scope);
                offers.into_iter().map(move |offer| (line, offer))
            });
            return Ok(lenses(offers));
        }
        let Some(path) = pointed::path(connection, uri) else { return Ok(Vec::new()) };
        let here = hunks::in_document(connection, &path).await;
        let offers = here.iter().flat_map(|here| {
            let line = *here.lines.start();
            offers::lenses(here).into_iter().map(move |offer| (line, offer))
        });
        Ok(lenses(offers))
    }
}

/// Offers as lenses on their lines. Some editors sort those of a line by where they are.
fn lenses(offers: impl Iterator<Item = (u32, Offer)>) -> Vec<CodeLens> {
    let mut in_line: HashMap<u32, u32> = HashMap::new();
    let lens = |(line, offer): (u32, Offer)| {
        let next = in_line.entry(line).or_default();
        let at = Position { line, character: *next };
        *next += 1;
        CodeLens { range: Range { start: at, end: at }, command: Some(offer.command()), data: None }
    };
    offers.map(lens).collect()
}
