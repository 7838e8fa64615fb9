//! The engine's view of a connected editor: it is told, asked, and given edits to apply.

use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use engine::{ApplyRefused, BufferEdit, Diagnostics, DiagnosticsQuery, Editor, Origin, Snapshot};
use protocol::{
    AbsPath, Answer, Approval, ApprovalSubject, Decision, ItemId, Question, QuestionAnswer,
    SessionId, SessionUpdate, methods::ApprovalRequest, wire::ApprovalRequestParams,
};
use tokio::sync::Mutex;
use tower_lsp_server::gen_lsp_types as lsp;

use super::{connection::Connection, convert, host, question, sync::Opened};

/// How long the user must not have typed anywhere before a message may appear: some editors send
/// the next keys to it.
const PAUSE_BEFORE_MESSAGE: Duration = Duration::from_millis(1000);

/// How long a document must not have changed before it is edited: some editors keep what was just
/// typed to themselves for a while, and then write over it.
const PAUSE_BEFORE_EDIT: Duration = Duration::from_millis(300);

/// The other end of a connection, as sessions hold it.
pub(super) struct LspEditor {
    // Sessions must not keep a connection alive.
    connection: Weak<Connection>,
    // Held while a message is on the screen: one at a time.
    asking: Mutex<()>,
    asked: AtomicU64,
}

impl LspEditor {
    pub(super) fn new(connection: Weak<Connection>) -> Self {
        Self { connection, asking: Mutex::default(), asked: AtomicU64::new(1) }
    }

    /// Asks for a decision: by the review document, where it is about changes and the client can
    /// open it, else by a message with buttons. Null, an error and silence are no answer.
    async fn ask_plainly(
        &self,
        connection: &Arc<Connection>,
        session: &SessionId,
        approval: &Approval,
    ) -> Option<Decision> {
        let _alone = self.asking.lock().await;
        let set = match &approval.subject {
            ApprovalSubject::Changes { item_id } if !connection.profile().ui.hunks => Some(item_id),
            _ => None,
        };
        if let Some(set) = set.filter(|_| connection.profile().shows_beside) {
            pause(connection).await;
            // It takes no key away from the user, as a message may.
            let (session, set) = (session.clone(), set.clone());
            if connection.review.open(connection, session, set, false).await {
                return None;
            }
        }
        let message = question::message(approval, self.number());
        let decision = put(connection, message).await?;
        match (decision, set) {
            (None, Some(set)) => {
                connection.review.open(connection, session.clone(), set.clone(), true).await;
            }
            (None, None) => connection.chat.show(connection, true).await,
            _ => {}
        }
        decision
    }

    /// Asks the agent's questions, one message for each. Without an answer to one of them there
    /// is none at all, and they stay open in the chat document.
    async fn ask_questions(
        &self,
        connection: &Arc<Connection>,
        questions: &[Question],
    ) -> Option<Vec<QuestionAnswer>> {
        let _alone = self.asking.lock().await;
        let mut answers = Vec::with_capacity(questions.len());
        for question in questions {
            let message = question::of_agent(question, self.number());
            let Some(choice) = put(connection, message).await? else {
                if !connection.draws_chat() {
                    connection.chat.show(connection, true).await;
                }
                return None;
            };
            answers.push(QuestionAnswer { chosen: vec![choice], text: None });
        }
        Some(answers)
    }

    fn number(&self) -> u64 {
        self.asked.fetch_add(1, Ordering::Relaxed)
    }
}

/// Waits until the user does not type.
async fn pause(connection: &Connection) {
    while let Some(rest) = connection.documents.rest_of(PAUSE_BEFORE_MESSAGE) {
        tokio::time::sleep(rest).await;
    }
}

/// Puts a message on the screen once the user has paused, and waits for one of its buttons.
async fn put<T>(connection: &Connection, message: question::Message<T>) -> Option<T> {
    pause(connection).await;
    let question::Message { text, buttons } = message;
    let action =
        |title: &str| lsp::MessageActionItem { title: title.to_owned(), ..Default::default() };
    let params = lsp::ShowMessageRequestParams {
        kind: lsp::MessageType::Info,
        message: text,
        actions: Some(buttons.iter().map(|(title, _)| action(title)).collect()),
    };
    let chosen = connection.client.send_request::<lsp::ShowMessageRequest>(params).await;
    let chosen = chosen.ok()??.title;
    buttons.into_iter().find(|(title, _)| *title == chosen).map(|(_, meaning)| meaning)
}

#[async_trait]
impl Editor for LspEditor {
    fn name(&self) -> String {
        let connection = self.connection.upgrade();
        connection.map_or_else(String::new, |connection| connection.profile().name.clone())
    }

    fn notify(&self, update: &SessionUpdate) {
        if let Some(connection) = self.connection.upgrade() {
            connection.notified(update);
        }
    }

    async fn ask(&self, session: &SessionId, id: &ItemId, approval: &Approval) -> Option<Answer> {
        let connection = self.connection.upgrade()?;
        let by = connection.profile().name.clone();
        let ui = &connection.profile().ui;
        if let ApprovalSubject::Questions { questions, .. } = &approval.subject
            && !(ui.approvals && ui.questions)
        {
            let answers = self.ask_questions(&connection, questions).await?;
            return Some(Answer { answers, ..Answer::new(Decision::Once, by) });
        }
        if !ui.approvals {
            let decision = self.ask_plainly(&connection, session, approval).await?;
            return Some(Answer::new(decision, by));
        }
        let params = ApprovalRequestParams {
            session_id: session.clone(),
            approval_id: id.clone(),
            approval: approval.clone(),
        };
        let answer = connection.ask::<ApprovalRequest>(params).await.ok()??;
        Some(Answer { by, ..answer })
    }

    async fn apply(&self, edit: BufferEdit) -> Result<(), ApplyRefused> {
        let connection = self.connection.upgrade().ok_or_else(|| no("the editor is gone"))?;
        if connection.profile().breaks_at_cr && loses_cr(&edit) {
            return Err(no("the file mixes line breaks, and the editor would change them"));
        }
        apply(&connection, edit).await
    }

    fn can_save(&self) -> bool {
        self.connection.upgrade().is_some_and(|connection| connection.profile().host.save)
    }

    async fn save(&self, paths: &[AbsPath]) {
        if let Some(connection) = self.connection.upgrade() {
            host::save(&connection, paths).await;
        }
    }

    async fn diagnostics(&self, query: DiagnosticsQuery) -> Option<Diagnostics> {
        let connection = self.connection.upgrade()?;
        if !connection.profile().host.diagnostics {
            return None;
        }
        host::diagnostics(&connection, query).await
    }
}

/// Asks the client to change one document that it has open.
pub(super) async fn apply(connection: &Connection, edit: BufferEdit) -> Result<(), ApplyRefused> {
    let Opened { uri, name, .. } = loop {
        let opened = current(connection, &edit);
        let opened = opened.ok_or_else(|| no("the document has changed meanwhile"))?;
        match opened.rest_of(PAUSE_BEFORE_EDIT) {
            Some(rest) => tokio::time::sleep(rest).await,
            None => break opened,
        }
    };
    let taken: usize = edit.replacements.iter().map(|one| one.end - one.start).sum();
    let put: usize = edit.replacements.iter().map(|one| one.text.len()).sum();
    connection.documents.expect(&name, edit.version + 1, edit.before.len_bytes() - taken + put);
    let counting = connection.profile().counting;
    let text_edit = |replacement: protocol::Replacement| {
        let replacement = convert::before_last_break(&edit.before, replacement);
        let bytes = replacement.start..replacement.end;
        let range = convert::range(&edit.before, bytes, counting);
        lsp::Edit::TextEdit(lsp::TextEdit { range, new_text: replacement.text })
    };
    let document = lsp::TextDocumentEdit {
        text_document: lsp::OptionalVersionedTextDocumentIdentifier {
            version: Some(edit.version),
            text_document_identifier: lsp::TextDocumentIdentifier { uri: uri.into() },
        },
        edits: edit.replacements.into_iter().map(text_edit).collect(),
    };
    let params = lsp::ApplyWorkspaceEditParams {
        label: Some(edit.label),
        edit: lsp::WorkspaceEdit {
            document_changes: Some(vec![lsp::DocumentChange::TextDocumentEdit(document)]),
            ..Default::default()
        },
        metadata: None,
    };
    match connection.client.send_request::<lsp::ApplyWorkspaceEditRequest>(params).await {
        Ok(lsp::ApplyWorkspaceEditResult { applied: true, .. }) => Ok(()),
        Ok(result) => Err(ApplyRefused { reason: result.failure_reason }),
        Err(error) => Err(no(error.message)),
    }
}

/// The client's URI of the document, if it shows exactly the text the edit is made for. Not every
/// client checks the version, and none checks the first one it gives.
fn current(connection: &Connection, edit: &BufferEdit) -> Option<Opened> {
    let opened = connection.documents.get(&edit.path)?;
    let shown = connection.workspace.buffer(connection.id, &opened.name)?;
    let Snapshot { origin: Origin::Buffer { version, .. }, text, .. } = shown else { return None };
    (version == edit.version && text == edit.before).then_some(opened)
}

/// Whether an edit has line breaks that an editor would change which ends lines at each CR: it
/// knows only files with a CR before every LF.
fn loses_cr(edit: &BufferEdit) -> bool {
    let has_cr = edit.replacements.iter().any(|one| one.text.contains('\r'));
    has_cr
        && edit.before.lines().any(|line| {
            let mut end = line.chars_at(line.len_chars()).reversed();
            end.next() == Some('\n') && end.next() != Some('\r')
        })
}

/// The text of a document that this client has open, by its resolved path.
pub(super) fn shown(connection: &Connection, path: &AbsPath) -> Option<Snapshot> {
    let opened = connection.documents.get(path)?;
    connection.workspace.buffer(connection.id, &opened.name)
}

fn no(reason: impl Into<String>) -> ApplyRefused {
    ApplyRefused { reason: Some(reason.into()) }
}
