//! `coworker demo`: the main job from beginning to end, in a terminal, with nothing set up.
//!
//! It makes a sample project, starts the real language server on it, and plays the editor and
//! its user with [`frontends::client`]. Only the model is not real: its answers stand in
//! `demo/script.md`, and the demo says so. What it claims it also looks at, and it fails if it
//! was not so.
//!
//! [`run`] tells the story; `demo/stage.rs` is the project, `demo/screen.rs` what is written.

mod screen;
mod stage;

use std::{
    io::{self, IsTerminal, Write},
    process::ExitCode,
    time::Duration,
};

use anyhow::{Context, bail};
use frontends::{
    cli::{question, style::Style, view::View},
    client::{Client, ClientOptions, Event, uri},
};
use protocol::{
    Answer, Approval, ApprovalSubject, Decision, ItemBody, SessionId, Status, StopReason, ToolCall,
    ToolCallStatus, Update,
    methods::Chat,
    wire::{ApprovalRequestParams, ChatContext, ChatParams, ClientCapabilities, ClientUi, Range},
};

use screen::Screen;
use stage::Stage;

/// How long the server may be silent. It is far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// How to play.
#[derive(Clone, Copy, Debug)]
pub(crate) struct DemoOptions {
    /// Whether the demo answers the questions by itself.
    pub(crate) yes: bool,
    /// Whether there are colours.
    pub(crate) colour: bool,
}

/// Plays the demo. The exit code is 0 only if everything was seen to be as it was told.
///
/// # Errors
/// The sample project cannot be made, the server cannot be started, or it goes away.
pub(crate) async fn run(options: DemoOptions, out: impl Write) -> anyhow::Result<ExitCode> {
    let watched = io::stdout().is_terminal();
    let person = watched && io::stdin().is_terminal();
    let answers = match (options.yes, person) {
        (true, _) => Answers::Automatic("--yes"),
        (false, false) => Answers::Automatic("no terminal"),
        (false, true) => Answers::Typed,
    };
    let screen = Screen::new(out, Style { colour: options.colour }, watched);
    let stage = Stage::new(watched)?;
    tokio::select! {
        code = play(stage, screen, answers) => code,
        // Leaving this way takes the server and the sample project along.
        _ = tokio::signal::ctrl_c() => Ok(ExitCode::from(130)),
    }
}

/// Who answers the questions.
#[derive(Clone, Copy)]
enum Answers {
    Typed,
    /// The demo itself, for this reason.
    Automatic(&'static str),
}

async fn play(
    stage: Stage,
    screen: Screen<impl Write>,
    answers: Answers,
) -> anyhow::Result<ExitCode> {
    let mut options = ClientOptions::new(stage.root.clone());
    options.name = match answers {
        Answers::Typed => "you".to_owned(),
        Answers::Automatic(_) => "the demo".to_owned(),
    };
    let ui = ClientUi { chat: true, approvals: true, prompt: false, questions: true, hunks: true };
    options.capabilities =
        ClientCapabilities { version: protocol::PROTOCOL_VERSION, ui, ..Default::default() };
    let client = Client::start(stage.server()?, options).await;
    let client = client.context("the language server did not start")?;
    let view = View::new(screen.style);
    let (session, faults) = (None, Vec::new());
    let mut demo = Demo { stage, screen, client, view, answers, session, faults };
    demo.story().await?;
    let Demo { client, mut screen, faults, stage, .. } = demo;
    let gone = client.shutdown().await.context("the language server did not end well")?;
    anyhow::ensure!(gone.success(), "the language server ended with {gone}");
    drop(stage);
    if faults.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    screen.faults(&faults)?;
    Ok(ExitCode::FAILURE)
}

struct Demo<W> {
    stage: Stage,
    screen: Screen<W>,
    client: Client,
    view: View,
    answers: Answers,
    session: Option<SessionId>,
    /// What was not as it was told.
    faults: Vec<String>,
}

/// What a turn came to.
#[derive(Default)]
struct Turn {
    rejected: bool,
    calls: Vec<ToolCall>,
}

impl<W: Write> Demo<W> {
    async fn story(&mut self) -> anyhow::Result<()> {
        let title = self.view.aside(&self.screen.title());
        self.screen.write(&title)?;
        self.screen.pause(2500).await;
        self.type_unsaved().await?;

        let before = self.buffer();
        let selection = stage::function(&before).context("the sample project is not whole")?;
        self.screen.step(2, "You select the function busiest and ask:").await?;
        self.screen.code(&before, selection.clone()).await?;
        let position = |offset| self.client.position(&self.stage.file, offset);
        let range = position(selection.start).zip(position(selection.end));
        let range = range.map(|(start, end)| Range { start, end });
        let context = vec![ChatContext { uri: uri(&self.stage.file), range, cursor: None }];
        let turn = self.ask("make this shorter", context).await?;
        if turn.rejected {
            return self.nothing_changed(&before).await;
        }
        self.applied().await?;
        self.saved().await?;
        let turn = self.ask("run the check", Vec::new()).await?;
        self.checked(&turn);
        if !turn.rejected && self.faults.is_empty() {
            self.screen.ending()?;
        }
        Ok(())
    }

    /// The user types something that the agent must see and must not lose.
    async fn type_unsaved(&mut self) -> anyhow::Result<()> {
        let text = stage::REPORT;
        self.client.open(&self.stage.file, text).await;
        let at = text.find(stage::TYPED_ABOVE).context("the sample project is not whole")?;
        self.screen.step(1, "You have report.sh open and type a comment. You do not save.").await?;
        self.client.replace(&self.stage.file, at..at, stage::TYPED).await;
        let typed = self.buffer();
        let lines = at..at + stage::TYPED.len() + stage::TYPED_ABOVE.len();
        self.screen.code(&typed, lines).await?;
        self.expect(typed != self.stage.on_disk()?, "the comment was saved unasked");
        Ok(())
    }

    /// Sends a prompt and shows what happens until its turn is over.
    async fn ask(&mut self, prompt: &str, context: Vec<ChatContext>) -> anyhow::Result<Turn> {
        let sign = self.view.aside(&(self.screen.style.cyan(">") + " "));
        self.screen.prompt(&sign, prompt).await?;
        let (session_id, text) = (self.session.clone(), prompt.to_owned());
        let started = self
            .client
            .call::<Chat>(ChatParams { session_id, text, context, steer: false })
            .await?;
        self.session = Some(started.session_id.clone());
        let mut turn = Turn::default();
        loop {
            let event = tokio::time::timeout(PATIENCE, self.client.next()).await;
            match event.context("the language server has fallen silent")? {
                Event::Update(update) => {
                    if !turn.rejected {
                        let shown = self.view.take(&update.update);
                        self.screen.write(&(shown.out + &shown.err))?;
                    }
                    match update.update {
                        Update::ItemEnded { item } => {
                            if let ItemBody::ToolCall(call) = item.body {
                                turn.calls.push(call);
                            }
                        }
                        Update::Status(Status::Idle { turn_id, stop_reason, .. })
                            if turn_id.as_ref() == Some(&started.turn_id) =>
                        {
                            let completed = stop_reason == Some(StopReason::Completed);
                            if !completed && !turn.rejected {
                                bail!("the turn did not come to its end; why is told above");
                            }
                            return Ok(turn);
                        }
                        _ => {}
                    }
                }
                Event::Approval { id, params } => {
                    let answer = self.decide(&params).await?;
                    turn.rejected |= !answer.decision.allows();
                    self.client.answer(id, serde_json::to_value(answer)?).await;
                }
                Event::Closed => bail!("the language server went away"),
                _ => {}
            }
        }
    }

    async fn decide(&mut self, asked: &ApprovalRequestParams) -> anyhow::Result<Answer> {
        let approval = &asked.approval;
        if matches!(approval.subject, ApprovalSubject::Changes { .. }) {
            let proposed = "Proposed, not written: neither your buffer nor the file has changed.";
            let proposed = self.view.aside(&(self.screen.style.dim(proposed) + "\n"));
            self.screen.write(&proposed)?;
            let unchanged = self.buffer() == stage::typed() && self.stage.is_untouched()?;
            self.expect(unchanged, "something was written before it was approved");
        }
        let shown = question::show(self.screen.style, approval, &self.stage.root);
        let shown = self.view.aside(&shown);
        self.screen.write(&shown)?;
        match self.answers {
            Answers::Typed => self.typed(approval).await,
            Answers::Automatic(why) => {
                self.screen.pause(1500).await;
                let said = format!("  The demo says yes by itself ({why}).\n");
                self.screen.write(&self.screen.style.dim(&said))?;
                Ok(Answer::new(Decision::Once, "the demo"))
            }
        }
    }

    async fn typed(&mut self, approval: &Approval) -> anyhow::Result<Answer> {
        question::forget_typed();
        self.screen.write(&question::choices(self.screen.style, approval))?;
        loop {
            let line = tokio::task::spawn_blocking(|| {
                let mut line = String::new();
                io::stdin().read_line(&mut line).map(|read| (read > 0).then_some(line))
            });
            let Some(line) = line.await?? else {
                return Ok(Answer::new(Decision::Reject, question::NAME));
            };
            match question::read(&line, approval) {
                Some(answer) => return Ok(answer),
                None => self.screen.write(&question::again(approval))?,
            }
        }
    }

    async fn applied(&mut self) -> anyhow::Result<()> {
        let buffer = self.buffer();
        self.screen.step(3, "Your buffer holds the change, and what you typed:").await?;
        let whole = stage::function(&buffer).map_or(0, |range| range.start);
        let end = buffer.find("visitors()").unwrap_or(buffer.len());
        self.screen.code(&buffer, whole..end).await?;
        let untouched = self.stage.is_untouched()?;
        if untouched {
            let lines = (stage::REPORT.lines().count(), buffer.lines().count());
            let said = format!(
                "The file on disk still has its {} lines; the buffer has {}. Saving is yours.",
                lines.0, lines.1
            );
            self.screen.say(&said).await?;
        }
        self.expect(buffer == stage::SHORTER, "the buffer does not hold both texts");
        self.expect(untouched, "the file was written although nobody saved it");
        Ok(())
    }

    async fn saved(&mut self) -> anyhow::Result<()> {
        self.screen.step(4, "You save, and ask for the check:").await?;
        self.client.save(&self.stage.file).await.context("report.sh cannot be saved")?;
        let saved = self.stage.on_disk()? == self.buffer();
        self.expect(saved, "the saved file is not what the buffer held");
        Ok(())
    }

    fn checked(&mut self, turn: &Turn) {
        if turn.rejected {
            return;
        }
        let passed = turn.calls.iter().any(|call| {
            let output = call.output.as_ref().map_or("", |output| output.text.as_str());
            call.status == ToolCallStatus::Completed && output.contains("exit code 0")
        });
        self.expect(passed, "the check did not run and pass");
    }

    /// The user said no: that nothing was done is what is to be seen then.
    async fn nothing_changed(&mut self, before: &str) -> anyhow::Result<()> {
        let unchanged = self.buffer() == before && self.stage.is_untouched()?;
        self.expect(unchanged, "something was changed although it was rejected");
        if unchanged {
            let said = "You said no, so nothing has changed: not the buffer, not the file. A \
                        model would be told why; this script has no answer to it. Run the demo \
                        again to see the rest.";
            self.screen.say(said).await?;
        }
        Ok(())
    }

    fn buffer(&self) -> String {
        self.client.text(&self.stage.file).unwrap_or_default()
    }

    fn expect(&mut self, fine: bool, fault: &str) {
        if !fine {
            self.faults.push(fault.to_owned());
        }
    }
}
