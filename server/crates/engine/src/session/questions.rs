//! Questions that wait for the user: put to every editor that is attached, ended by the first
//! answer, wherever it comes from.

use std::{collections::HashMap, sync::Arc};

use protocol::{
    Answer, Approval, ApprovalSubject, ErrorCode, ErrorInfo, HunkDecision, Item, ItemBody, ItemId,
    SessionState, Update,
};
use tokio::task::AbortHandle;

use super::{Command, Reply, Session, task::Task, withdrawn};
use crate::{ConnectionId, Editor};

/// The open questions of a session.
pub(super) struct Questions {
    session: Session,
    open: HashMap<ItemId, Question>,
}

struct Question {
    item: Item,
    approval: Approval,
    reply: Reply<Answer>,
    asking: Vec<(ConnectionId, AbortHandle)>,
}

impl Questions {
    pub(super) fn new(session: Session) -> Self {
        Self { session, open: HashMap::new() }
    }

    /// Puts every open question to an editor that has come.
    pub(super) fn put_all(&mut self, connection: ConnectionId, editor: &Arc<dyn Editor>) {
        for question in self.open.values_mut() {
            put(&self.session, question, connection, editor.clone());
        }
    }

    /// Stops asking an editor that is gone.
    pub(super) fn leave(&mut self, connection: ConnectionId) {
        for question in self.open.values_mut() {
            question.asking.retain(|(asked, asking)| {
                if *asked == connection {
                    asking.abort();
                }
                *asked != connection
            });
        }
    }

    /// Ends a question, and the asking of everyone else.
    fn end(&mut self, id: &ItemId, result: Result<Answer, ErrorInfo>) {
        if let Some(question) = self.open.remove(id) {
            question.asking.iter().for_each(|(_, asking)| asking.abort());
            let _ = question.reply.send(result);
        }
    }
}

impl Task {
    pub(super) async fn ask(&mut self, item: Item, approval: Approval, reply: Reply<Answer>) {
        // A question that could not be journaled is not asked.
        if let Err(error) = self.write(vec![Update::ItemStarted { item: item.clone() }]).await {
            let _ = reply.send(Err(error));
            return;
        }
        let id = item.id.clone();
        let mut question = Question { item, approval, reply, asking: Vec::new() };
        for (connection, editor) in self.journal.attached() {
            put(&self.questions.session, &mut question, *connection, editor.clone());
        }
        self.questions.open.insert(id, question);
    }

    /// Takes an answer that the question offers; it counts once it is journaled.
    pub(super) async fn respond(&mut self, id: &ItemId, answer: Answer) -> Result<(), ErrorInfo> {
        let Some(question) = self.questions.open.get(id) else {
            return Err(ErrorInfo::new(
                ErrorCode::ApprovalNotFound,
                "That question is not open; it may have been answered elsewhere.",
            ));
        };
        if !question.approval.options.iter().any(|option| option.decision == answer.decision)
            || !self.journal.look(|state| are_known(&answer.hunks, &question.approval, state))
        {
            return Err(not_an_answer());
        }
        let ended = ended(question, answer.clone());
        self.write(vec![ended]).await?;
        self.questions.end(id, Ok(answer));
        Ok(())
    }

    /// Takes the answer of an editor that was asked, and whose question is closed by that.
    pub(super) async fn answered_by(
        &mut self,
        connection: ConnectionId,
        id: &ItemId,
        answer: Answer,
    ) {
        let Err(error) = self.respond(id, answer).await else { return };
        match error.code {
            // Somebody else was faster.
            ErrorCode::ApprovalNotFound => {}
            // The question stays open for others, and for this one when it attaches again.
            ErrorCode::InvalidParams => {
                tracing::warn!(?connection, %error, "an editor gave an answer that there is not");
            }
            // Nobody would be asked again, so the turn must not wait for it.
            _ => self.questions.end(id, Err(error)),
        }
    }

    /// Ends a question without an answer: nothing is left to decide.
    pub(super) async fn withdraw(&mut self, id: &ItemId) {
        let Some(question) = self.questions.open.get(id) else { return };
        let ended = ended(question, withdrawn());
        if let Err(error) = self.write(vec![ended]).await {
            // The turn must not wait for it.
            self.questions.end(id, Err(error));
            return;
        }
        self.questions.end(id, Ok(withdrawn()));
    }

    /// Ends every question without an answer.
    pub(super) async fn withdraw_all(&mut self) {
        let ended = self.questions.open.values().map(|question| ended(question, withdrawn()));
        let ended = ended.collect();
        if let Err(error) = self.write(ended).await {
            // The end of the turn will journal it.
            tracing::debug!(%error, "withdrawn, not journaled yet");
        }
        let open: Vec<ItemId> = self.questions.open.keys().cloned().collect();
        for id in open {
            self.questions.end(&id, Ok(withdrawn()));
        }
    }
}

/// Whether decisions on single hunks are about hunks that the question is about.
fn are_known(decisions: &[HunkDecision], approval: &Approval, state: &SessionState) -> bool {
    let set = match &approval.subject {
        ApprovalSubject::Changes { item_id } => state.item(item_id).map(|item| &item.body),
        _ => None,
    };
    let is_known = |decision: &HunkDecision| match set {
        Some(ItemBody::ChangeSet(set)) => {
            let mut hunks = set.files.iter().flat_map(|file| &file.hunks);
            hunks.any(|hunk| hunk.id == decision.hunk_id)
        }
        _ => false,
    };
    decisions.iter().all(is_known)
}

fn ended(question: &Question, answer: Answer) -> Update {
    let mut item = question.item.clone();
    let approval = Approval { answer: Some(answer), ..question.approval.clone() };
    item.body = ItemBody::Approval(approval);
    Update::ItemEnded { item }
}

/// Puts an open question to one editor. Its answer, if it has one, comes back as a command.
fn put(
    session: &Session,
    question: &mut Question,
    connection: ConnectionId,
    editor: Arc<dyn Editor>,
) {
    let (session, id) = (session.clone(), question.item.id.clone());
    let approval = question.approval.clone();
    let asking = tokio::spawn(async move {
        if let Some(mut answer) = editor.ask(&session.id, &id, &approval).await {
            answer.by = editor.name();
            let answered = Command::Answered { approval: id, connection, answer };
            // Sent from a task of its own: the answer must arrive although it ends this one.
            tokio::spawn(async move { session.send(answered).await });
        }
    });
    question.asking.push((connection, asking.abort_handle()));
}

fn not_an_answer() -> ErrorInfo {
    ErrorInfo::new(
        ErrorCode::InvalidParams,
        "That is not an answer to this question; see the approval's `options` and its edits.",
    )
}
