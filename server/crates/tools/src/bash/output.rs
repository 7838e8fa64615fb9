//! `bashOutput`: what a command in the background has put out, its end, and the way to stop it.

use std::sync::Arc;
use std::time::Duration;

use engine::{Output, Prepared, SessionHandle, ToolContext, ToolError, Work};
use protocol::ErrorCode;
use schemars::JsonSchema;
use serde::Deserialize;

use super::jobs::{Jobs, Owner};
use super::{ended_line, seconds};
use crate::typed::{TypedTool, one_line};

/// The tool.
pub(crate) struct BashOutput {
    pub(super) jobs: Arc<Jobs>,
}

/// What is wanted of a job.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The handle that `bash` gave, such as `bash_1`.
    job: String,
    /// For how many seconds its end is waited for. Default: 0.
    #[schemars(range(min = 0, max = 600))]
    wait: Option<f64>,
    /// Stops it, with all it has started.
    #[serde(default)]
    stop: bool,
}

impl TypedTool for BashOutput {
    const NAME: &'static str = "bashOutput";
    const DESCRIPTION: &'static str = include_str!("../../../../../prompts/tools/bashOutput.md");
    type Input = Input;

    async fn prepare(&self, input: Input, context: &ToolContext) -> Result<Prepared, ToolError> {
        let wait = match input.wait {
            Some(wait) if wait > 0.0 => seconds("wait", wait)?,
            _ => Duration::ZERO,
        };
        let done = match (input.stop, wait) {
            (true, _) => "Stop",
            (_, Duration::ZERO) => "Look at",
            _ => "Wait for",
        };
        let mut title = format!("{done} {}", one_line(&input.job));
        if let Some(job) = self.jobs.find(&Owner::of(&context.session), &input.job) {
            title.push_str(&format!(" (`{}`)", one_line(&job.command)));
        }
        let (jobs, session) = (self.jobs.clone(), context.session.clone());
        let work = Work::run(read(jobs, session, input.job, input.stop, wait));
        Ok(Prepared { title, effects: Vec::new(), work })
    }
}

async fn read(
    jobs: Arc<Jobs>,
    session: SessionHandle,
    name: String,
    stop: bool,
    wait: Duration,
) -> Result<Output, ToolError> {
    let owner = Owner::of(&session);
    let job = jobs.find(&owner, &name).ok_or_else(|| unknown(&jobs, &owner, &name))?;
    if stop {
        job.stop().await;
    } else if !wait.is_zero() {
        job.wait(wait, &session).await;
    }
    let age = job.age().as_secs();
    let reading = job.read();
    let mut text = match reading.text.as_str() {
        "" => "(no new output)\n".to_owned(),
        _ => ended_line(reading.text),
    };
    text.push_str(&jobs.news(&owner));
    let ending = match reading.ended {
        Some(ended) => {
            text.push_str(&format!("{name} has ended: {}", ended.words));
            (!ended.well).then_some(ended.words)
        }
        None => {
            text.push_str(&format!("{name} is still running, for {age} s now"));
            None
        }
    };
    Ok(Output { text, ending, ..Output::default() })
}

fn unknown(jobs: &Jobs, owner: &Owner, name: &str) -> ToolError {
    let known: Vec<String> = jobs.all(owner).iter().map(|job| format!("`{}`", job.name)).collect();
    let known = match known.as_slice() {
        [] => "none is known".to_owned(),
        known => format!("there are {}", known.join(", ")),
    };
    ToolError::new(
        ErrorCode::BadToolArguments,
        format!(
            "there is no job `{name}`: {known}. Commands in the background are stopped when \
             Coworker or the session is closed; start it again if it is needed"
        ),
    )
}
