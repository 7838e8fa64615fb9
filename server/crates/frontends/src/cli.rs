//! The command line: one prompt, seen through in a terminal or by a program.
//!
//! It is a client like an editor, but has no open documents: edits go to files. It asks on the
//! terminal where there is one and otherwise says no, unless `--yes` was given. With `--json` it
//! writes what every front end is told, line by line. It knows no model and no tool; what an
//! approval, a diff or a tool call looks like is in [`view`], [`question`] and [`style`], and the
//! demo uses the same.
//!
//! Start with [`run`].

mod list;
pub mod question;
pub mod style;
mod terminal;
mod updates;
pub mod view;

use std::{io, process::ExitCode, sync::Arc};

use engine::{Attached, ConnectionId, NewSession, Sessions};
use protocol::{
    AbsPath, Answer, Approval, Decision, ErrorCode, ErrorInfo, Item, ItemBody, ItemId, SessionId,
    SessionUpdate, Status, StopReason, TurnId, Update, UserMessage,
};
use serde::Deserialize;

pub use list::sessions;

use terminal::{Heard, Terminal};
use updates::Updates;
use view::View;

/// The exit code of a turn that was stopped.
const STOPPED: u8 = 3;

/// One prompt.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The folder to work in, resolved. A session that is gone on with keeps its own.
    pub root: AbsPath,
    /// The session to go on with; none for a new one.
    pub session: Option<SessionId>,
    /// What to ask.
    pub prompt: String,
    /// Whether a program reads the output.
    pub json: bool,
    /// Whether everything that is asked about is allowed, once.
    pub yes: bool,
}

/// Why it could not be seen through.
#[derive(Debug, thiserror::Error)]
enum RunError {
    #[error(transparent)]
    Refused(#[from] ErrorInfo),
    #[error("The output cannot be written: {0}.")]
    Output(#[from] io::Error),
}

/// Sends a prompt and sees its turn through on the standard streams. The exit code is 0 when the
/// turn completed, 1 when it failed, 3 when it was stopped.
pub async fn run(sessions: &Sessions, request: RunRequest) -> ExitCode {
    let mut terminal = Terminal::standard(request.json);
    let updates = Updates::default();
    let connection = sessions.connect(Arc::new(updates.clone()));
    let done = converse(sessions, connection, &updates, &request, &mut terminal).await;
    sessions.disconnect(connection).await;
    match done {
        Ok(StopReason::Completed) => ExitCode::SUCCESS,
        Ok(StopReason::Cancelled) => ExitCode::from(STOPPED),
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            terminal.complain(&format!("coworker: {error}\n")).await;
            ExitCode::FAILURE
        }
    }
}

async fn converse(
    sessions: &Sessions,
    connection: ConnectionId,
    updates: &Updates,
    request: &RunRequest,
    terminal: &mut Terminal,
) -> Result<StopReason, RunError> {
    let session = match &request.session {
        Some(session) => session.clone(),
        None => {
            let new = NewSession { root: request.root.clone(), mode: None, model: None };
            sessions.create(new).await?.id
        }
    };
    let begun = begin(sessions, connection, &session, request).await;
    let (attached, turn) = match begun {
        Ok(begun) => begun,
        Err(error) => {
            if request.session.is_none() {
                forget(sessions, &session).await;
            }
            return Err(error.into());
        }
    };
    let mut run = Run {
        view: View::new(terminal.style),
        sessions,
        request,
        terminal,
        attached,
        turn,
        question: None,
        answered: false,
        in_vain: false,
        complaint: String::new(),
    };
    let done = run.see_through(updates).await;
    if run.in_vain {
        forget(sessions, &session).await;
    }
    if done.is_err() {
        // Nobody sees any more what the turn does.
        sessions.cancel(&session).await?;
    }
    done
}

async fn begin(
    sessions: &Sessions,
    connection: ConnectionId,
    session: &SessionId,
    request: &RunRequest,
) -> Result<(Attached, TurnId), ErrorInfo> {
    let attached = sessions.attach(connection, session, None).await?;
    let message = UserMessage { text: request.prompt.clone(), context: Vec::new() };
    let turn = sessions.chat(session, message).await?.turn_id;
    Ok((attached, turn))
}

/// Deletes a session that nothing came of. If it cannot be deleted it is only one more in the
/// list, and why nothing came of it is what the user should read.
async fn forget(sessions: &Sessions, session: &SessionId) {
    if let Err(error) = sessions.delete(session).await {
        tracing::warn!(%error, "an empty session stays");
    }
}

/// A turn that is seen through.
struct Run<'a> {
    sessions: &'a Sessions,
    request: &'a RunRequest,
    terminal: &'a mut Terminal,
    attached: Attached,
    turn: TurnId,
    view: View,
    /// The question that is open. There is one at most: a turn waits for its answer.
    question: Option<(ItemId, Approval)>,
    /// Whether the model has said or done anything.
    answered: bool,
    /// Whether this run made a session that no model ever answered in.
    in_vain: bool,
    /// What was said last on standard error.
    complaint: String,
}

/// A line of standard input with `--json`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerLine {
    approval_id: ItemId,
    answer: Answer,
}

impl Run<'_> {
    async fn see_through(&mut self, updates: &Updates) -> Result<StopReason, RunError> {
        loop {
            // A program may answer at any time; a person only what stands on the screen.
            let listens = self.terminal.listens && (self.request.json || self.question.is_some());
            tokio::select! {
                biased;
                update = updates.next() => {
                    if let Some(end) = self.take(&update).await? {
                        return Ok(end);
                    }
                }
                heard = self.terminal.heard(listens) => match heard {
                    Heard::Line(line) if self.request.json => self.answer_line(&line).await,
                    Heard::Line(line) => self.typed(&line).await?,
                    Heard::End => self.deaf().await?,
                    Heard::Interrupt => self.stop().await?,
                },
            }
        }
    }

    /// Shows an update, and says how the turn ended if it did.
    async fn take(&mut self, update: &SessionUpdate) -> Result<Option<StopReason>, RunError> {
        if self.request.json {
            let line = serde_json::to_string(update).map_err(io::Error::from)?;
            self.terminal.write(&(line + "\n")).await?;
        } else if update.seq > self.attached.seq {
            let shown = self.view.take(&update.update);
            self.terminal.write(&shown.out).await?;
            self.complain(shown.err).await;
        } else {
            self.introduce(&update.update).await?;
        }
        self.answered |= is_answer(&update.update);
        match &update.update {
            Update::ItemStarted { item: Item { id, body: ItemBody::Approval(approval), .. } } => {
                self.asked(id, approval).await?;
            }
            Update::ItemEnded { item: Item { id, .. } }
                if self.question.as_ref().is_some_and(|(open, _)| open == id) =>
            {
                self.question = None;
            }
            Update::Status(Status::Idle { turn_id: Some(turn), stop_reason, error })
                if *turn == self.turn =>
            {
                let unavailable =
                    error.as_ref().is_some_and(|it| it.code == ErrorCode::ModelUnavailable);
                self.in_vain = unavailable && !self.answered && self.request.session.is_none();
                self.goodbye(error.as_ref()).await;
                return Ok(Some(stop_reason.unwrap_or(StopReason::Error)));
            }
            _ => {}
        }
        Ok(None)
    }

    /// Says before anything else that no model will answer, where that is so.
    async fn introduce(&mut self, update: &Update) -> Result<(), RunError> {
        let Update::Config { model, .. } = update else { return Ok(()) };
        let Some(script) = model.strip_prefix("script:") else { return Ok(()) };
        let said = format!("The answers come from a script, not from a model: {script}\n");
        let said = self.view.aside(&self.terminal.style.yellow(&style::exposed(&said)));
        Ok(self.terminal.write(&said).await?)
    }

    async fn asked(&mut self, id: &ItemId, approval: &Approval) -> Result<(), RunError> {
        let style = self.terminal.style;
        if !self.request.json {
            let question = question::show(style, approval, &self.attached.info.root);
            let question = self.view.aside(&question);
            self.terminal.write(&question).await?;
        }
        if self.request.yes {
            self.respond(id, Answer::new(Decision::Once, "--yes")).await;
        } else if !self.terminal.listens {
            self.nobody_answers(id).await;
        } else {
            self.question = Some((id.clone(), approval.clone()));
            if !self.request.json {
                question::forget_typed();
                self.terminal.write(&question::choices(style, approval)).await?;
            }
        }
        Ok(())
    }

    async fn typed(&mut self, line: &str) -> Result<(), RunError> {
        let Some((id, approval)) = self.question.clone() else { return Ok(()) };
        match question::read(line, &approval) {
            Some(answer) => self.respond(&id, answer).await,
            None => {
                let again = question::again(&approval);
                self.terminal.write(&again).await?;
            }
        }
        Ok(())
    }

    async fn answer_line(&mut self, line: &str) {
        match serde_json::from_str::<AnswerLine>(line) {
            Ok(AnswerLine { approval_id, mut answer }) => {
                question::NAME.clone_into(&mut answer.by);
                self.respond(&approval_id, answer).await;
            }
            Err(_) if line.trim().is_empty() => {}
            Err(error) => {
                let line = style::exposed(line);
                self.complain(format!("coworker: this line is no answer ({error}): {line}\n"))
                    .await;
            }
        }
    }

    /// There will be no more answers.
    async fn deaf(&mut self) -> Result<(), RunError> {
        if let Some((id, _)) = self.question.take() {
            if !self.request.json {
                // The cursor still stands behind the question.
                self.terminal.write("\n").await?;
            }
            self.nobody_answers(&id).await;
        }
        Ok(())
    }

    async fn nobody_answers(&mut self, id: &ItemId) {
        let answer = Answer::new(Decision::Reject, question::NAME);
        self.respond(id, answer.because(self.terminal.why_nobody())).await;
    }

    async fn respond(&mut self, id: &ItemId, answer: Answer) {
        let session = &self.attached.info.id;
        if let Err(error) = self.sessions.respond(session, id, answer).await {
            self.complain(format!("coworker: {error}\n")).await;
        }
    }

    async fn stop(&mut self) -> Result<(), RunError> {
        self.complain("\ncoworker: stopping; Ctrl-C again ends at once\n".to_owned()).await;
        self.sessions.cancel(&self.attached.info.id).await?;
        Ok(())
    }

    async fn goodbye(&mut self, error: Option<&ErrorInfo>) {
        if self.request.json {
            return;
        }
        if let Some(error) = error
            && !self.complaint.contains(&error.message)
        {
            self.complain(format!("coworker: {error}\n")).await;
        }
        if self.in_vain {
            return;
        }
        let said = format!("Session {}: go on with `--session`.\n", self.attached.info.id);
        self.complain(self.terminal.style.dim(&said)).await;
    }

    async fn complain(&mut self, text: String) {
        self.terminal.complain(&text).await;
        if !text.is_empty() {
            self.complaint = text;
        }
    }
}

/// Whether this is something of the model's.
fn is_answer(update: &Update) -> bool {
    let (Update::ItemStarted { item } | Update::ItemEnded { item }) = update else { return false };
    !matches!(item.body, ItemBody::UserMessage(_) | ItemBody::Notice(_))
}
