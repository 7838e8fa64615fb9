//! `bash`: runs a command in a shell, shows its output as it comes, and stops all of it in time;
//! or starts it in the background, where `bashOutput` finds it.
//!
//! Start with [`Bash`]. A command is a [`group`] of processes that [`following`] follows to its
//! end; `jobs` keeps those in the background. Linux and macOS only: process groups, signals and
//! pipes are those of POSIX.

mod ending;
mod following;
mod group;
mod jobs;
mod output;
mod transcript;
mod watchdog;

use std::io;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use engine::{Output, Prepared, SessionHandle, ToolContext, ToolError, Work};
use protocol::{AbsPath, Effect, ErrorCode};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::sleep;

use self::following::{End, Listener, follow};
use self::group::Group;
use self::jobs::{Jobs, MOST_RUNNING, Owner};
pub(crate) use self::output::BashOutput;
use self::transcript::Transcript;
use self::watchdog::Watchdog;
use crate::Environment;
use crate::typed::{TypedTool, bad_arguments, one_line};

/// How long a command may take unless the model says otherwise.
const USUAL_TIMEOUT: Duration = Duration::from_secs(120);
/// How long a command may take, or be waited for, at most, in seconds.
const LONGEST_TIMEOUT: u32 = 600;
/// The most characters of output that the model is given.
const MOST_OUTPUT: usize = 30_000;
/// How long a command in the background may be silent before its start is answered.
const FIRST_WORDS: Duration = Duration::from_secs(1);
/// What the model is told of processes that outlived their shell.
const LEFT_BEHIND: &str = "(what it had left running in the background was stopped)\n";

/// The tool.
pub(crate) struct Bash {
    shell: Arc<Shell>,
}

/// What every command is started with.
struct Shell {
    environment: Environment,
    // Started with the first command: a session that runs none needs none.
    watchdog: OnceLock<Arc<Watchdog>>,
    jobs: Arc<Jobs>,
}

/// A command.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The command line.
    command: String,
    /// The folder it starts in, relative to the root of the workspace or absolute. Default: the
    /// root.
    folder: Option<String>,
    /// After how many seconds it is stopped. Default: 120.
    #[schemars(range(min = 1, max = 600))]
    timeout: Option<f64>,
    /// Starts it and answers at once, with a handle for `bashOutput`.
    #[serde(default)]
    background: bool,
    /// What it is for, in a few words for the user.
    description: Option<String>,
}

/// The tools for commands; they run in `environment`.
pub(crate) fn tools(environment: Environment) -> (Bash, BashOutput) {
    let jobs = Arc::<Jobs>::default();
    let shell = Shell { environment, watchdog: OnceLock::new(), jobs: jobs.clone() };
    (Bash { shell: Arc::new(shell) }, BashOutput { jobs })
}

impl TypedTool for Bash {
    const NAME: &'static str = "bash";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/bash.md");
    type Input = Input;

    async fn prepare(&self, input: Input, context: &ToolContext) -> Result<Prepared, ToolError> {
        let limit = check(&input)?;
        let folder = start_folder(input.folder.as_deref(), context).await?;
        let title = title(&input, &folder, context);
        let command = input.command;
        let effects = vec![Effect::Run { command: command.clone(), folder: folder.clone() }];
        let run = Run { command, folder, shell: self.shell.clone() };
        let session = context.session.clone();
        let work = match limit {
            Some(limit) => Work::run(run.foreground(limit, session)),
            None => Work::run(run.background(session)),
        };
        Ok(Prepared { title, effects, work })
    }
}

/// Says how long the command may take; none if it runs in the background.
fn check(input: &Input) -> Result<Option<Duration>, ToolError> {
    if input.command.trim().is_empty() {
        return Err(bad_arguments("`command` is empty"));
    }
    if input.command.contains('\0') {
        return Err(bad_arguments("`command` has a NUL byte"));
    }
    match input.timeout {
        Some(_) if input.background => Err(bad_arguments(
            "`timeout` is for commands that are waited for; one in the background runs until it \
             ends or `bashOutput` stops it",
        )),
        _ if input.background => Ok(None),
        Some(timeout) => seconds("timeout", timeout).map(Some),
        None => Ok(Some(USUAL_TIMEOUT)),
    }
}

/// A time as the model gave it.
fn seconds(name: &str, seconds: f64) -> Result<Duration, ToolError> {
    if seconds > 0.0 && seconds <= f64::from(LONGEST_TIMEOUT) {
        return Ok(Duration::from_secs_f64(seconds));
    }
    Err(bad_arguments(format!("`{name}` is in seconds, more than 0 and at most {LONGEST_TIMEOUT}")))
}

async fn start_folder(folder: Option<&str>, context: &ToolContext) -> Result<AbsPath, ToolError> {
    let Some(folder) = folder else { return Ok(context.documents.resolve(&context.root).await?) };
    let resolved = context.resolve(folder).await?;
    let is_folder = tokio::fs::metadata(resolved.as_std_path()).await.is_ok_and(|it| it.is_dir());
    if is_folder {
        Ok(resolved)
    } else {
        Err(bad_arguments(format!("there is no folder `{folder}`")))
    }
}

fn title(input: &Input, folder: &AbsPath, context: &ToolContext) -> String {
    let mut title = format!("Run `{}`", one_line(&input.command));
    if input.background {
        title.push_str(" in the background");
    }
    if *folder != context.root {
        title.push_str(&format!(" in {}", folder.relative_to(&context.root)));
    }
    if let Some(description) = &input.description {
        title.push_str(&format!(" ({})", one_line(description)));
    }
    title
}

/// A command that may run now.
struct Run {
    command: String,
    folder: AbsPath,
    shell: Arc<Shell>,
}

impl Run {
    async fn foreground(
        self,
        limit: Duration,
        session: SessionHandle,
    ) -> Result<Output, ToolError> {
        let mut group = self.start().map_err(not_started)?;
        let mut watched = Watched { transcript: Transcript::new(MOST_OUTPUT), session };
        let End { status, cut_short, left_behind } =
            follow(&mut group, sleep(limit), &mut watched).await;
        drop(group);
        let mut text = ended_line(watched.transcript.finish());
        if cut_short {
            text.push_str(&format!(
                "stopped after {} s: it took too long; run less, give a longer `timeout` (at most \
                 {LONGEST_TIMEOUT}), or run it with `background`",
                limit.as_secs_f64()
            ));
            return Err(ToolError::new(ErrorCode::CommandTimedOut, text));
        }
        let status = status.map_err(|error| {
            let message = format!("{text}the command was lost sight of: {error}");
            ToolError::new(ErrorCode::ToolFailed, message)
        })?;
        if text.is_empty() {
            text.push_str("(no output)\n");
        }
        if left_behind {
            text.push_str(LEFT_BEHIND);
        }
        text.push_str(&self.shell.jobs.news(&Owner::of(&watched.session)));
        let words = ending::words(status);
        text.push_str(&words);
        Ok(Output { text, ending: (!status.success()).then_some(words), ..Output::default() })
    }

    async fn background(self, session: SessionHandle) -> Result<Output, ToolError> {
        let (jobs, owner) = (&self.shell.jobs, Owner::of(&session));
        let started = jobs.start(&owner, &self.command, || self.start()).map_err(not_started)?;
        let job = started.ok_or_else(|| {
            ToolError::new(
                ErrorCode::ToolFailed,
                format!(
                    "not started: {MOST_RUNNING} commands run in the background already; stop one \
                     with `bashOutput`"
                ),
            )
        })?;
        job.first_words(FIRST_WORDS).await;
        let reading = job.read();
        let mut text = ended_line(reading.text);
        text.push_str(&jobs.news(&owner));
        let Some(ended) = reading.ended else {
            text.push_str(&format!("{} runs in the background", job.name));
            return Ok(Output { text, goes_on: true, ..Output::default() });
        };
        text.push_str(&format!("{} has ended: {}", job.name, ended.words));
        Ok(Output { text, ending: (!ended.well).then_some(ended.words), ..Output::default() })
    }

    fn start(&self) -> io::Result<Group> {
        let Shell { environment, watchdog, .. } = &*self.shell;
        let watchdog = match watchdog.get() {
            Some(running) => running,
            None => {
                let new = Arc::new(Watchdog::start()?);
                watchdog.get_or_init(|| new)
            }
        };
        Group::start(&self.command, &self.folder, environment, watchdog.clone())
    }
}

fn not_started(error: io::Error) -> ToolError {
    ToolError::new(ErrorCode::ToolFailed, format!("the command did not start: {error}"))
}

/// The output of a command on its way to those who watch and to the model.
struct Watched {
    transcript: Transcript,
    session: SessionHandle,
}

impl Listener for Watched {
    async fn hear(&mut self, bytes: &[u8]) {
        let new = self.transcript.push(bytes);
        if !new.is_empty() {
            self.session.output(&new).await;
        }
    }
}

fn ended_line(mut text: String) -> String {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests;
