//! `kill -9` at every point of a turn. Nothing that a client was told is lost, nothing runs again
//! by itself, and the next prompt works.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "this is all test")]

#[path = "support/environment.rs"]
mod environment;
#[path = "support/record.rs"]
mod record;
#[path = "support/server.rs"]
mod server;
#[path = "support/stage.rs"]
mod stage;

use std::fs;

use anyhow::{Context, Result, ensure};
use frontends::client::{ApplyBehaviour, Event};
use protocol::{
    AbsPath, Answer, Decision, ItemBody, SessionId, Status, StopReason, ToolCallStatus,
    methods::{Chat, SessionNew},
    wire::{ChatParams, NewSessionParams},
};
use record::{Record, ensure_kept};
use serde_json::json;
use server::Server;
use stage::Stage;

/// A turn with everything in it, and one after it.
const WORK: &str = r#"
turn "work"
reason "Where do I begin?"
say "I will count, and then write it down."
call todoWrite {"todos": [
    {"content": "Count", "activeForm": "Counting", "status": "in_progress"}
]}
call bash {"command": "echo counted >> count.txt; echo one; echo two; echo three"}
---
say "It is counted."
call edit {"path": "open.txt", "old_text": "nothing", "new_text": "three"}
call write {"path": "closed.txt", "content": "three\n"}
---
stream 50
turn
say "Going on."
"#;

/// Folders, a script, and an editor in which `open.txt` has unsaved text.
struct Desk {
    stage: Stage,
    script: AbsPath,
    open: AbsPath,
    apply: ApplyBehaviour,
}

impl Desk {
    fn new(script: &str) -> Result<Self> {
        let stage = Stage::new()?;
        stage.write("open.txt", b"nothing\n")?;
        let script = format!("```script\n{script}\n```\n");
        stage.write("script.md", script.as_bytes())?;
        let file = stage.root.join("script.md")?;
        let open = stage.root.join("open.txt")?;
        Ok(Self { stage, script: file, open, apply: ApplyBehaviour::Apply })
    }

    async fn server(&self) -> Result<Server> {
        let mut options = Server::full_editor(&self.stage.root);
        options.apply = self.apply.clone();
        let mut command = self.stage.coworker(self.script.as_std_path());
        command.arg("lsp");
        let server = Server::start(command, options).await?;
        server.client.open(&self.open, "nothing\nunsaved\n").await;
        Ok(server)
    }

    /// How often the command of the turn has run.
    fn counted(&self) -> Result<usize> {
        let file = self.stage.root.join("count.txt")?;
        Ok(fs::read_to_string(file.as_std_path()).unwrap_or_default().lines().count())
    }
}

/// A session with its server, and what was told of it.
struct Sitting<'a> {
    desk: &'a Desk,
    server: Server,
    session: SessionId,
    told: Record,
}

impl<'a> Sitting<'a> {
    /// A new session with this prompt.
    async fn begin(desk: &'a Desk, prompt: &str) -> Result<Self> {
        let server = desk.server().await?;
        let session = server.client.call::<SessionNew>(NewSessionParams::default()).await?;
        let session = session.session.id;
        let sitting = Self { desk, server, session, told: Record::default() };
        sitting.ask(prompt).await?;
        Ok(sitting)
    }

    async fn ask(&self, prompt: &str) -> Result<()> {
        let session_id = Some(self.session.clone());
        let params =
            ChatParams { session_id, text: prompt.to_owned(), context: Vec::new(), steer: false };
        self.server.client.call::<Chat>(params).await?;
        Ok(())
    }

    /// Takes in what comes, answers every question with `answer`, until `is_enough` or the turn
    /// has ended. Whether it was enough comes back.
    async fn follow(
        &mut self,
        answer: Option<Decision>,
        mut is_enough: impl FnMut(&Record, &Event) -> bool,
    ) -> Result<bool> {
        let ended = self.told.ends.len();
        while self.told.ends.len() == ended {
            let event = self.server.client.next().await;
            match &event {
                Event::Update(update) => self.told.take(update)?,
                Event::Approval { id, .. } => {
                    if let Some(decision) = answer {
                        let answer = json!(Answer::new(decision, ""));
                        self.server.client.answer(id.clone(), answer).await;
                    }
                }
                Event::Closed => anyhow::bail!("the server ended by itself"),
                _ => {}
            }
            if is_enough(&self.told, &event) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// `kill -9`; then a new process, attached to the session. All that was told must be there.
    async fn kill_and_resume(mut self) -> Result<Self> {
        self.server.kill().await?;
        let mut server = self.desk.server().await?;
        let replayed = Record::of(&server.replay(&self.session).await?)?;
        ensure_kept(&self.told.state, &replayed.state)?;
        ensure!(replayed.is_idle(), "something runs: {:?}", replayed.state.status);
        ensure!(replayed.state.open.is_empty(), "something is open: {:?}", replayed.state.open);
        Ok(Self { server, told: replayed, ..self })
    }

    /// The next prompt works, changes nothing that was there, and nothing else has run.
    async fn go_on(mut self) -> Result<()> {
        let before = self.told.state.clone();
        let ended = self.told.ends.len();
        self.ask("go on").await?;
        self.follow(Some(Decision::Once), |_, _| false).await?;
        let (_, end) = self.told.ends.get(ended).context("the turn did not end")?;
        let completed = Some(StopReason::Completed);
        let well = matches!(end, Status::Idle { stop_reason, .. } if *stop_reason == completed);
        ensure!(well, "the next turn ended otherwise: {end:?}");
        ensure_kept(&before, &self.told.state)?;
        self.server.finish().await
    }
}

/// How many commands were begun, as far as the session knows.
fn commands_begun(told: &Record) -> usize {
    let begun = told.state.items.iter().filter(|item| match &item.body {
        ItemBody::ToolCall(call) if call.name == "bash" => {
            let told = call.output.as_ref().map_or("", |output| &output.text);
            call.status == ToolCallStatus::Completed || told.contains("had begun")
        }
        _ => false,
    });
    begun.count()
}

#[tokio::test]
async fn killed_at_every_update_of_a_turn() -> Result<()> {
    let mut points = 0;
    for point in 1.. {
        let desk = Desk::new(WORK)?;
        let mut sitting = Sitting::begin(&desk, "work").await?;
        let mut updates = 0;
        let reached = sitting
            .follow(Some(Decision::Once), |_, event| {
                updates += usize::from(matches!(event, Event::Update(_)));
                updates == point
            })
            .await?;
        let at = || format!("killed at update {point}");
        let sitting = sitting.kill_and_resume().await.with_context(at)?;
        let (begun, ran) = (commands_begun(&sitting.told), desk.counted()?);
        ensure!(ran <= begun, "{}: it ran {ran} times and was begun {begun} times", at());
        sitting.go_on().await.with_context(at)?;
        points = point;
        if !reached {
            break;
        }
    }
    ensure!(points > 25, "there were only {points} updates to be killed at");
    Ok(())
}

#[tokio::test]
async fn killed_in_the_middle_of_a_command() -> Result<()> {
    let desk = Desk::new(
        r#"
turn "work"
call bash {"command": "echo counted >> count.txt; echo begun; tail -f /dev/null"}
turn "go on"
sees "may have done part of its work"
say "I will look first."
"#,
    )?;
    let mut sitting = Sitting::begin(&desk, "work").await?;
    let begun = |told: &Record| {
        told.state.items.iter().any(|item| match &item.body {
            ItemBody::ToolCall(call) => {
                call.output.as_ref().is_some_and(|output| output.text.contains("begun"))
            }
            _ => false,
        })
    };
    assert!(sitting.follow(Some(Decision::Once), |told, _| begun(told)).await?);
    let sitting = sitting.kill_and_resume().await?;
    assert!(begun(&sitting.told), "what the command had put out is lost");
    sitting.go_on().await?;
    assert_eq!(desk.counted()?, 1);
    Ok(())
}

#[tokio::test]
async fn killed_with_a_question_open() -> Result<()> {
    let desk = Desk::new(WORK)?;
    let mut sitting = Sitting::begin(&desk, "work").await?;
    let asked = |_: &Record, event: &Event| matches!(event, Event::Approval { .. });
    assert!(sitting.follow(None, asked).await?);
    let sitting = sitting.kill_and_resume().await?;
    let withdrawn = sitting.told.state.items.iter().any(|item| match &item.body {
        ItemBody::Approval(approval) => {
            approval.answer.as_ref().is_some_and(|it| it.decision == Decision::Withdrawn)
        }
        _ => false,
    });
    assert!(withdrawn, "a question that nobody answered counts as no");
    assert_eq!(desk.counted()?, 0);
    sitting.go_on().await
}

#[tokio::test]
async fn killed_while_an_edit_is_on_its_way() -> Result<()> {
    let mut desk = Desk::new(WORK)?;
    desk.apply = ApplyBehaviour::Ignore;
    let mut sitting = Sitting::begin(&desk, "work").await?;
    let applying = |_: &Record, event: &Event| matches!(event, Event::ServerRequest { method, .. } if method == "workspace/applyEdit");
    assert!(sitting.follow(Some(Decision::Once), applying).await?);
    let sitting = sitting.kill_and_resume().await?;
    assert_eq!(fs::read_to_string(desk.open.as_std_path())?, "nothing\n");
    assert_eq!(sitting.server.client.text(&desk.open).as_deref(), Some("nothing\nunsaved\n"));
    sitting.go_on().await
}

#[tokio::test]
async fn what_is_always_allowed_outlives_the_session_and_the_process() -> Result<()> {
    let desk = Desk::new("turn\ncall bash {\"command\": \"echo counted >> count.txt\"}")?;
    let mut sitting = Sitting::begin(&desk, "count").await?;
    sitting.follow(Some(Decision::Always), |_, _| false).await?;
    sitting.server.kill().await?;

    let mut another = Sitting::begin(&desk, "count").await?;
    let asked = |_: &Record, event: &Event| matches!(event, Event::Approval { .. });
    assert!(!another.follow(None, asked).await?, "it was asked again");
    assert_eq!(desk.counted()?, 2);
    another.server.finish().await
}
