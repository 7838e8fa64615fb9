//! `bash`: runs a command in a shell, shows its output as it comes, and stops all of it in time.
//!
//! Linux and macOS only: process groups, signals and pipes are those of POSIX.

mod group;
mod transcript;
mod watchdog;

use std::io;
use std::num::NonZeroU64;
use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use engine::{Prepared, SessionHandle, ToolContext, ToolError, Work};
use protocol::{AbsPath, Effect, ErrorCode};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::timeout;

use self::group::{Event, GRACE, Group};
use self::transcript::Transcript;
use self::watchdog::Watchdog;
use crate::Environment;
use crate::typed::{TypedTool, bad_arguments, one_line};

/// How long a command may take unless the model says otherwise, in milliseconds.
const USUAL_TIMEOUT: u64 = 120_000;
/// How long a command may take at most, in milliseconds.
const LONGEST_TIMEOUT: u64 = 600_000;
/// The most characters of output that the model is given.
const MOST_OUTPUT: usize = 30_000;
/// How long what the shell has left behind may go on writing.
const AFTERMATH: Duration = Duration::from_millis(100);

/// The tool.
pub(crate) struct Bash {
    environment: Arc<Environment>,
    // Started with the first command: a session that runs none needs none.
    watchdog: Arc<OnceLock<Arc<Watchdog>>>,
}

/// A command.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The command line. It starts in the root of the workspace.
    command: String,
    /// How long it may take, in milliseconds. Default: 120000.
    #[schemars(range(max = 600000))]
    timeout_ms: Option<NonZeroU64>,
    /// What it is for, in a few words for the user.
    description: Option<String>,
}

impl Bash {
    /// A tool whose commands run in `environment`.
    pub(crate) fn new(environment: Environment) -> Self {
        Self { environment: Arc::new(environment), watchdog: Arc::default() }
    }
}

impl TypedTool for Bash {
    const NAME: &'static str = "bash";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/bash.md");
    type Input = Input;

    async fn prepare(&self, input: Input, context: &ToolContext) -> Result<Prepared, ToolError> {
        let command = input.command;
        if command.trim().is_empty() {
            return Err(bad_arguments("`command` is empty"));
        }
        if command.contains('\0') {
            return Err(bad_arguments("`command` has a NUL byte"));
        }
        let limit = input.timeout_ms.map_or(USUAL_TIMEOUT, NonZeroU64::get);
        if limit > LONGEST_TIMEOUT {
            return Err(bad_arguments(format!("`timeout_ms` is at most {LONGEST_TIMEOUT}")));
        }
        let folder = context.documents.resolve(&context.root).await?;
        let mut title = format!("Run `{}`", one_line(&command));
        if let Some(description) = input.description {
            title.push_str(&format!(" ({})", one_line(&description)));
        }
        let effects = vec![Effect::Run { command: command.clone(), folder: folder.clone() }];
        let run = Run {
            command,
            folder,
            limit: Duration::from_millis(limit),
            environment: self.environment.clone(),
            watchdog: self.watchdog.clone(),
        };
        let session = context.session.clone();
        Ok(Prepared { title, effects, work: Work::run(run.run(session)) })
    }
}

/// A command that may run now.
struct Run {
    command: String,
    folder: AbsPath,
    limit: Duration,
    environment: Arc<Environment>,
    watchdog: Arc<OnceLock<Arc<Watchdog>>>,
}

impl Run {
    async fn run(self, session: SessionHandle) -> Result<String, ToolError> {
        let mut group = self.start().map_err(|error| {
            ToolError::new(ErrorCode::ToolFailed, format!("the command did not start: {error}"))
        })?;
        let transcript = Transcript::new(MOST_OUTPUT);
        let mut output = Output { transcript, session };
        let exit = timeout(self.limit, output.follow(&mut group)).await;
        if exit.is_err() {
            group.stop();
            // It is stopped either way; what it says while it tidies up is worth having.
            let _ = timeout(GRACE * 2, output.follow(&mut group)).await;
        }
        let left_behind = output.rest(&mut group).await;
        let text = output.transcript.text();
        match exit {
            Ok(Ok(status)) => Ok(report(text, status, left_behind)),
            Ok(Err(error)) => Err(ToolError::new(
                ErrorCode::ToolFailed,
                format!("{}the command was lost sight of: {error}", ended_line(text)),
            )),
            Err(_) => Err(ToolError::new(
                ErrorCode::CommandTimedOut,
                format!(
                    "{}stopped after {} s: it took too long; run less, or give a longer \
                     `timeout_ms` (at most {LONGEST_TIMEOUT})",
                    ended_line(text),
                    self.limit.as_secs_f64()
                ),
            )),
        }
    }

    fn start(&self) -> io::Result<Group> {
        let watchdog = match self.watchdog.get() {
            Some(watchdog) => watchdog,
            None => {
                let watchdog = Arc::new(Watchdog::start()?);
                self.watchdog.get_or_init(|| watchdog)
            }
        };
        Group::start(&self.command, &self.folder, &self.environment, watchdog.clone())
    }
}

/// The output of a command on its way to those who watch and to the model.
struct Output {
    transcript: Transcript,
    session: SessionHandle,
}

impl Output {
    async fn take(&mut self, bytes: &[u8]) {
        let new = self.transcript.push(bytes);
        if !new.is_empty() {
            self.session.output(&new).await;
        }
    }

    /// Takes what comes until the shell ends.
    async fn follow(&mut self, group: &mut Group) -> io::Result<ExitStatus> {
        loop {
            match group.next().await? {
                Event::Output(bytes) => self.take(&bytes).await,
                Event::Exit(status) => return Ok(status),
            }
        }
    }

    /// Takes what is left to read after the end of the shell. Whether something that the shell
    /// has left running keeps the output open is the answer; it ends with the group.
    async fn rest(&mut self, group: &mut Group) -> bool {
        timeout(AFTERMATH, self.drain(group)).await.is_err()
    }

    async fn drain(&mut self, group: &mut Group) {
        loop {
            match group.rest().await {
                Ok(bytes) if !bytes.is_empty() => self.take(&bytes).await,
                // Without more output there is nothing to do about an error either.
                _ => return,
            }
        }
    }
}

fn report(text: String, status: ExitStatus, left_behind: bool) -> String {
    let mut report = if text.is_empty() { "(no output)\n".to_owned() } else { ended_line(text) };
    if left_behind {
        report.push_str("(what it had left running in the background was stopped)\n");
    }
    report.push_str(&match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => format!("ended by signal {signal}"),
        (None, None) => "ended".to_owned(),
    });
    report
}

fn ended_line(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
