//! How the review document gets to the user: through the editor that has it open, as content that
//! is no file, else on disk.

use engine::{BufferEdit, DocumentError, Documents, Origin, Snapshot};
use protocol::{AbsPath, ErrorInfo};
use tokio::time::timeout;
use tower_lsp_server::gen_lsp_types as lsp;

use super::{
    CONTENT_URI, PAGES, REPLY_TIMEOUT, ReviewDocument, Subject, path,
    render::{self, Page, Section},
};
use crate::lsp::{
    chat_document::make_folder,
    connection::{Connection, lock},
    editor::{self, shown},
};

impl ReviewDocument {
    /// Writes the document as it is to be now. Some editors ask their user about every edit:
    /// those that cannot open documents, as far as is known. They are only written to when the
    /// user wishes it (`wished`).
    ///
    /// # Errors
    /// The change set cannot be had, or the file cannot be written.
    pub(super) async fn update(
        &self,
        connection: &Connection,
        wished: bool,
    ) -> Result<(), ErrorInfo> {
        let _alone = self.writing.lock().await;
        let Some(subject) = lock(&self.state).subject.clone() else { return Ok(()) };
        let Subject { session, set } = &subject;
        let files = connection.sessions.proposal(session, set).await?;
        let origin = connection.view.origin(session, set).unwrap_or_default();
        let mut page = render::page(&files, &origin.prompt, connection.root());
        let place = path(connection);
        let document = place.as_ref().and_then(|path| shown(connection, path));
        let text = self.keep_written(&subject, &mut page, document.as_ref());
        let is_new = self.remember(subject, page, document.as_ref());
        if connection.profile().reads_content {
            if is_new {
                refresh(connection).await;
            }
            return Ok(());
        }
        let Some(path) = place else { return Ok(()) };
        let Some(document) = document else { return Ok(on_disk(connection, &path, &text).await?) };
        let Origin::Buffer { version, .. } = document.origin else { return Ok(()) };
        let refused = lock(&self.state).refused == Some(version);
        if wished || connection.profile().shows_documents && !refused {
            self.through_editor(connection, path, (document, version), &text).await;
        }
        Ok(())
    }

    /// The text to be shown: what the user has written into the one that is shown stays.
    fn keep_written(
        &self,
        subject: &Subject,
        page: &mut Page,
        document: Option<&Snapshot>,
    ) -> String {
        let read = {
            let mut state = lock(&self.state);
            let shown = document.map(|document| document.text.to_string());
            // What is typed where nothing can be written does not take the rest with it.
            if let Some(read) = shown.and_then(|text| state.read(&text)) {
                state.written = Some(read);
            }
            state.written.clone().filter(|_| document.is_some())
        };
        let Some(read) = read.filter(|it| it.subject == *subject && !it.drafts.is_empty()) else {
            return page.text.clone();
        };
        // It was written for the lines that were there then.
        for section in page.sections.iter_mut().filter(|section| section.lines.is_some()) {
            let is_it = |old: &&Section| old.lines.is_some() && old.hunks == section.hunks;
            if section.hunks.iter().any(|id| read.drafts.contains_key(id))
                && let Some(old) = read.page.sections.iter().find(is_it)
            {
                section.lines.clone_from(&old.lines);
            }
        }
        // As long as nothing else is to be shown, nothing moves while they write.
        match page.read(&read.page.text) {
            Some((_, drafts)) if drafts == read.drafts => read.page.text.replace("\r\n", "\n"),
            _ => page.with(&read.drafts),
        }
    }

    /// Remembers what was made; says whether it is new. What the client shows is not forgotten.
    fn remember(&self, subject: Subject, page: Page, document: Option<&Snapshot>) -> bool {
        let shown = document.map(|document| document.text.to_string());
        let made = (subject, page);
        let mut state = lock(&self.state);
        if state.pages.back() == Some(&made) {
            return false;
        }
        state.pages.push_back(made);
        if state.pages.len() > PAGES {
            let is_old = |it: &(Subject, Page)| {
                let is_shown = |now: &String| is_same(&it.1.text, now) || it.1.read(now).is_some();
                !shown.as_ref().is_some_and(is_shown)
            };
            let old = state.pages.iter().position(is_old).unwrap_or(0);
            state.pages.remove(old);
        }
        true
    }

    /// Gives the text to the editor. Whether it shows it is seen with its next change.
    async fn through_editor(
        &self,
        connection: &Connection,
        path: AbsPath,
        (document, version): (Snapshot, i32),
        text: &str,
    ) {
        let before = document.text.to_string();
        // What the editor trimmed it would trim again.
        if text.lines().map(str::trim_end).eq(before.lines().map(str::trim_end)) {
            return;
        }
        let after =
            if before.contains("\r\n") { text.replace('\n', "\r\n") } else { text.to_owned() };
        let edit = BufferEdit {
            path,
            version,
            replacements: changes::diff(&before, &after),
            before: document.text,
            label: "Coworker: review".to_owned(),
        };
        let reply = timeout(REPLY_TIMEOUT, editor::apply(connection, edit)).await;
        // Where the text has changed meanwhile, it is not this one that was refused.
        lock(&self.state).refused = (!matches!(reply, Ok(Ok(())))).then_some(version);
    }
}

/// Whether two texts differ only in how their lines end.
pub(super) fn is_same(made: &str, shown: &str) -> bool {
    made == shown || made == shown.replace("\r\n", "\n")
}

async fn refresh(connection: &Connection) {
    let uri = lsp::Uri::from(CONTENT_URI.to_owned());
    if let Err(error) = connection.client.text_document_content_refresh(uri).await {
        tracing::debug!(%error, "the review document was not refreshed");
    }
}

async fn on_disk(connection: &Connection, path: &AbsPath, text: &str) -> Result<(), DocumentError> {
    let workspace = &connection.workspace;
    let hash = match workspace.snapshot(path).await {
        Ok(now) if now.text == *text => return Ok(()),
        Ok(now) => Some(now.stamp.hash),
        Err(DocumentError::NotFound(_)) => {
            make_folder(path).await?;
            None
        }
        Err(error) => return Err(error),
    };
    match workspace.write(path, hash.as_deref(), text).await {
        // It was opened or saved in this moment, and will be looked at again.
        Ok(_) | Err(DocumentError::Stale(_) | DocumentError::OpenInEditor(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
