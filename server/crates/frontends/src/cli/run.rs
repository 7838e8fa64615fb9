//! `coworker run`: a prompt is sent and its turn is seen through.

use std::{io, sync::Arc};

use engine::{Attached, ConnectionId, NewSession, Sessions};
use protocol::{
    AbsPath, Answer, Approval, Decision, ErrorCode, ErrorInfo, Item, ItemBody, ItemId, Mode,
    SessionId, SessionState, SessionUpdate, Status, TurnId, Update, UserMessage,
};
use serde::Deserialize;

use super::{
    CliError, Ending,
    progress::Progress,
    question::{self, Asked, Reply},
    sessions,
    style::{Colour, exposed},
    terminal::{Heard, Streams, Terminal},
    updates::Updates,
    view::View,
};

/// One prompt.
#[derive(Clone, Debug)]
pub struct RunRequest {
    /// The folder to work in, resolved. A session that is gone on with keeps its own.
    pub root: AbsPath,
    /// The session it goes to.
    pub session: Which,
    /// What to ask.
    pub prompt: String,
    /// The mode that a session that is gone on with changes to; new ones have that of the engine.
    pub mode: Option<Mode>,
    /// The model, likewise.
    pub model: Option<String>,
    /// Whether a program reads the output.
    pub json: bool,
    /// Whether everything that is asked about is allowed, once.
    pub yes: bool,
    /// When there are colours.
    pub colour: Colour,
    /// Whether standard input has been read to its end.
    pub input_read: bool,
}

/// The session a prompt goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// One that is made for it.
    New,
    /// The one of the folder that was used last.
    Last,
    /// The one whose id begins so.
    Named(String),
}

/// Sends a prompt and sees its turn through on the standard streams.
///
/// # Errors
/// The prompt was refused, or the output cannot be written; that nobody reads it any more only
/// stops the turn.
pub async fn run(sessions: &Sessions, request: RunRequest) -> Result<Ending, CliError> {
    let RunRequest { json, colour, input_read, .. } = request;
    let mut terminal = Terminal::standard(Streams { json, colour, input_read });
    let updates = Updates::default();
    let connection = sessions.connect(Arc::new(updates.clone()));
    let done = converse(sessions, connection, &updates, &request, &mut terminal).await;
    terminal.clear().await;
    sessions.disconnect(connection).await;
    match done {
        Err(error) if error.nobody_reads() => Ok(Ending::Stopped),
        done => done,
    }
}

async fn converse(
    sessions: &Sessions,
    connection: ConnectionId,
    updates: &Updates,
    request: &RunRequest,
    terminal: &mut Terminal,
) -> Result<Ending, CliError> {
    let session = session(sessions, request).await?;
    let begun = begin(sessions, connection, &session, request, terminal).await;
    let (attached, turn) = match begun {
        Ok(begun) => begun,
        Err(error) => {
            if request.session == Which::New {
                forget(sessions, &session).await;
            }
            return Err(error.into());
        }
    };
    let mut run = Run {
        view: View::new(terminal.style).with_errors(terminal.complaints),
        progress: Progress::default(),
        sessions,
        request,
        terminal,
        attached,
        turn,
        question: None,
        unanswered: false,
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

/// The session to send to, in the mode and with the model that were asked for.
async fn session(sessions: &Sessions, request: &RunRequest) -> Result<SessionId, CliError> {
    let RunRequest { root, mode, model, .. } = request;
    let id = match &request.session {
        Which::New => {
            let new = NewSession {
                root: root.clone(),
                folders: Vec::new(),
                mode: *mode,
                model: model.clone(),
            };
            return Ok(sessions.create(new).await?.id);
        }
        Which::Named(beginning) => sessions::find(sessions, beginning).await?.id,
        Which::Last => match sessions.list(Some(root)).await?.into_iter().next() {
            Some(last) => last.id,
            None => {
                let why =
                    format!("there is no session of {root} to go on with; leave out --continue");
                return Err(CliError::Usage(why));
            }
        },
    };
    if mode.is_some() || model.is_some() {
        sessions.configure(&id, *mode, model.clone()).await?;
    }
    Ok(id)
}

async fn begin(
    sessions: &Sessions,
    connection: ConnectionId,
    session: &SessionId,
    request: &RunRequest,
    terminal: &mut Terminal,
) -> Result<(Attached, TurnId), ErrorInfo> {
    let attached = sessions.attach(connection, session, None).await?;
    introduce(terminal, &sessions.state(session).await?, request.json).await;
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
    progress: Progress,
    /// The question that is open. There is one at most: a turn waits for its answer.
    question: Option<Asked>,
    /// Whether something was refused because there was nobody to ask.
    unanswered: bool,
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
    async fn see_through(&mut self, updates: &Updates) -> Result<Ending, CliError> {
        loop {
            // A program may answer at any time; a person only what stands on the screen.
            let listens = self.terminal.listens && (self.request.json || self.question.is_some());
            let waits = self.question.is_none();
            tokio::select! {
                biased;
                update = updates.next() => {
                    if let Some(end) = self.take(&update).await? {
                        return Ok(end);
                    }
                }
                heard = self.terminal.heard(listens, waits) => match heard {
                    Heard::Line(line) if self.request.json => self.answer_line(&line).await,
                    Heard::Line(line) => self.typed(&line).await?,
                    Heard::End => self.deaf().await?,
                    Heard::Interrupt => self.stop().await?,
                    Heard::Tick => {
                        self.terminal.draw(&mut self.progress, self.view.is_mid_line()).await;
                    }
                },
            }
        }
    }

    /// Shows an update, and says how the turn ended if it did.
    async fn take(&mut self, update: &SessionUpdate) -> Result<Option<Ending>, CliError> {
        if self.request.json {
            let line = serde_json::to_string(update).map_err(io::Error::from)?;
            self.terminal.write(&(line + "\n")).await?;
        } else if update.seq > self.attached.seq {
            let shown = self.view.take(&update.update);
            self.terminal.write(&shown.out).await?;
            self.complain(shown.err).await;
        }
        self.progress.take(&update.update);
        self.answered |= is_answer(&update.update);
        match &update.update {
            Update::ItemStarted { item: Item { id, body: ItemBody::Approval(approval), .. } } => {
                self.asked(id, approval).await?;
            }
            Update::ItemEnded { item: Item { id, .. } }
                if self.question.as_ref().is_some_and(|open| open.id == *id) =>
            {
                self.question = None;
            }
            Update::Status(Status::Idle { turn_id: Some(turn), stop_reason, error })
                if *turn == self.turn =>
            {
                let unavailable =
                    error.as_ref().is_some_and(|it| it.code == ErrorCode::ModelUnavailable);
                self.in_vain = unavailable && !self.answered && self.request.session == Which::New;
                self.goodbye(error.as_ref()).await;
                return Ok(Some(match Ending::of(*stop_reason, error.as_ref()) {
                    Ending::Done if self.unanswered => Ending::Unanswered,
                    ending => ending,
                }));
            }
            _ => {}
        }
        Ok(None)
    }

    async fn asked(&mut self, id: &ItemId, approval: &Approval) -> Result<(), CliError> {
        let style = self.terminal.style;
        if !self.request.json {
            let question = question::show(style, approval, &self.attached.info.root);
            let question = self.view.aside(&question);
            self.terminal.write(&question).await?;
        }
        if self.request.yes && !question::is_for_a_person(approval) {
            self.respond(id, Answer::new(Decision::Once, "--yes")).await;
        } else if !self.terminal.listens {
            self.nobody_answers(id, approval).await;
        } else {
            let asked = Asked::new(id.clone(), approval.clone());
            if !self.request.json {
                question::forget_typed();
                self.terminal.write(&asked.prompt(style)).await?;
            }
            self.question = Some(asked);
        }
        Ok(())
    }

    async fn typed(&mut self, line: &str) -> Result<(), CliError> {
        let style = self.terminal.style;
        let Some(asked) = &mut self.question else { return Ok(()) };
        let id = asked.id.clone();
        let session = &self.attached.info;
        let mut reply = asked.hear(style, line);
        loop {
            reply = match reply {
                Reply::Answer(said, answer) => {
                    self.terminal.write(&said).await?;
                    self.respond(&id, answer).await;
                    return Ok(());
                }
                Reply::Ask(again) => return Ok(self.terminal.write(&again).await?),
                Reply::Choose(set) => match self.sessions.proposal(&session.id, &set).await {
                    Ok(files) => asked.choose(style, files, &session.root),
                    Err(error) => Reply::Ask(format!("  {error} > ")),
                },
                Reply::Edit(lines) => {
                    let lines = self.terminal.edit(&lines).await;
                    asked.edited(style, lines)
                }
            };
        }
    }

    async fn answer_line(&mut self, line: &str) {
        match serde_json::from_str::<AnswerLine>(line) {
            Ok(AnswerLine { approval_id, mut answer }) => {
                question::NAME.clone_into(&mut answer.by);
                self.respond(&approval_id, answer).await;
            }
            Err(_) if line.trim().is_empty() => {}
            Err(error) => {
                let line = exposed(line);
                self.complain(format!("coworker: this line is no answer ({error}): {line}\n"))
                    .await;
            }
        }
    }

    /// There will be no more answers.
    async fn deaf(&mut self) -> Result<(), CliError> {
        if let Some(Asked { id, approval, .. }) = self.question.take() {
            if !self.request.json {
                // The cursor still stands behind the question.
                self.terminal.write("\n").await?;
            }
            self.nobody_answers(&id, &approval).await;
        }
        Ok(())
    }

    async fn nobody_answers(&mut self, id: &ItemId, approval: &Approval) {
        self.unanswered = true;
        let why = self.terminal.why_nobody(question::wants_words(approval));
        let answer = Answer::new(Decision::Reject, question::NAME);
        self.respond(id, answer.because(why)).await;
    }

    async fn respond(&mut self, id: &ItemId, answer: Answer) {
        let session = &self.attached.info.id;
        if let Err(error) = self.sessions.respond(session, id, answer).await {
            self.complain(format!("coworker: {error}\n")).await;
        }
    }

    async fn stop(&mut self) -> Result<(), CliError> {
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
        let said = format!(
            "Session {}: go on with `--continue`, or later with `--session`.\n",
            self.attached.info.id
        );
        self.complain(self.terminal.complaints.dim(&said)).await;
    }

    async fn complain(&mut self, text: String) {
        self.terminal.complain(&text).await;
        if !text.is_empty() {
            self.complaint = text;
        }
    }
}

/// Says before anything else what is not as usual: that no model will answer, or that nothing will
/// be asked.
async fn introduce(terminal: &mut Terminal, state: &SessionState, json: bool) {
    let mut said = String::new();
    if let Some(script) = state.model.strip_prefix("script:").filter(|_| !json) {
        said += &format!("The answers come from a script, not from a model: {script}\n");
    }
    if state.mode.as_str() == "auto" {
        said += &format!("Mode auto: {}\n", state.mode.description());
    }
    if !said.is_empty() {
        let said = terminal.complaints.yellow(&exposed(&said)) + "\n";
        terminal.complain(&said).await;
    }
}

/// Whether this is something of the model's.
fn is_answer(update: &Update) -> bool {
    let (Update::ItemStarted { item } | Update::ItemEnded { item }) = update else { return false };
    !matches!(item.body, ItemBody::UserMessage(_) | ItemBody::Notice(_))
}
