//! The command line: one `coworker run --json` for each prompt, as a program would use it.

use std::fs::File;

use anyhow::{Context, Result, bail, ensure};
use protocol::{Answer, ErrorCode, ItemId, SessionId, SessionUpdate, Status, StopReason, Update};
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
};

use super::{
    front::{Front, Happening, Reply, Start},
    lsp::arguments,
    step::Prompt,
};

/// The runs of one session.
pub(super) struct Cli {
    session: Option<SessionId>,
    run: Option<Run>,
}

struct Run {
    process: Child,
    answers: ChildStdin,
    updates: Lines<BufReader<ChildStdout>>,
    /// How the turn ended, as it was told last.
    status: Option<Status>,
}

impl Front for Cli {
    const ONE_TURN: bool = true;

    async fn start(_: &Start<'_>) -> Result<Self> {
        Ok(Self { session: None, run: None })
    }

    async fn ask(&mut self, start: &Start<'_>, prompt: &Prompt) -> Result<Reply> {
        ensure!(self.run.is_none(), "the run before has not ended");
        let mut command = arguments(start);
        command.args(["run", "--json"]);
        if let Some(session) = &self.session {
            command.args(["--session", session.as_str()]);
        }
        // What it says to people goes where a failed test shows it.
        let log = start.stage.home.join("run.stderr")?;
        command.arg(&prompt.text).stderr(File::create(log.as_std_path())?);
        let mut process = command.spawn()?;
        let (Some(answers), Some(output)) = (process.stdin.take(), process.stdout.take()) else {
            bail!("the run has no pipes");
        };
        let updates = BufReader::new(output).lines();
        self.run = Some(Run { process, answers, updates, status: None });
        Ok(Reply::Done)
    }

    async fn next(&mut self) -> Result<Happening> {
        let Some(run) = &mut self.run else { return Ok(Happening::Closed) };
        let Some(line) = run.updates.next_line().await? else { return Ok(Happening::Closed) };
        let update: SessionUpdate = serde_json::from_str(&line)
            .with_context(|| format!("this line of standard output is no update: {line}"))?;
        self.session.get_or_insert_with(|| update.session_id.clone());
        if let Update::Status(status) = &update.update {
            run.status = Some(status.clone());
        }
        Ok(Happening::Update(update))
    }

    async fn answer(&mut self, approval: &ItemId, answer: &Answer) -> Result<bool> {
        let run = self.run.as_mut().context("nothing runs")?;
        let line = json!({"approvalId": approval, "answer": answer});
        run.answers.write_all(format!("{line}\n").as_bytes()).await?;
        Ok(true)
    }

    async fn cancel(&mut self) -> Result<()> {
        let run = self.run.as_ref().context("nothing runs")?;
        let id = run.process.id().and_then(|id| i32::try_from(id).ok()).context("it has ended")?;
        let process = rustix::process::Pid::from_raw(id).context("not a process")?;
        Ok(rustix::process::kill_process(process, rustix::process::Signal::INT)?)
    }

    async fn restart(&mut self, _: &Start<'_>) -> Result<Option<Vec<SessionUpdate>>> {
        if let Some(mut run) = self.run.take() {
            run.process.kill().await?;
        }
        Ok(None)
    }

    async fn settle(&mut self) -> Result<()> {
        let Some(mut run) = self.run.take() else { return Ok(()) };
        // With its input closed it cannot go on waiting for an answer.
        drop(run.answers);
        let last = run.updates.next_line().await?;
        ensure!(last.is_none(), "a line after the end of the turn: {last:?}");
        let code = run.process.wait().await?.code();
        let expected = match run.status {
            Some(Status::Idle { stop_reason: Some(StopReason::Completed), .. }) => 0,
            Some(Status::Idle { stop_reason: Some(StopReason::Cancelled), .. }) => 3,
            Some(Status::Idle { error: Some(error), .. }) => match error.code {
                ErrorCode::ModelUnavailable
                | ErrorCode::ModelUnauthorized
                | ErrorCode::ModelOverloaded => 5,
                ErrorCode::TurnTooLong => 6,
                _ => 1,
            },
            _ => 1,
        };
        ensure!(code == Some(expected), "exit code {code:?} instead of {expected}");
        Ok(())
    }

    async fn finish(mut self) -> Result<Option<Vec<SessionUpdate>>> {
        self.settle().await?;
        Ok(None)
    }
}
