//! Scenarios: one Markdown file is one test. See `tests/scenarios/README.md` for the language.
//!
//! [`run`] plays a file through every front end it is for, holds the sessions against each other
//! and against their replay, and compares with what the file says. `parse.rs` reads the file,
//! `step.rs` its `editor` block; `play.rs` performs the steps on a `Front`, which is the language
//! server (`lsp.rs`), an agent of ACP (`acp.rs`) or the command line (`cli.rs`); `transcript.rs` writes down what happened.

mod acp;
mod aftermath;
mod cli;
mod front;
mod heard;
mod lsp;
mod markdown;
mod parse;
mod play;
mod step;
mod transcript;

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};

use crate::compare::ensure_same;
use parse::Scenario;
use play::Outcome;

/// Plays the scenario in `file`. With `update`, what came of it is written into the file.
pub async fn run(file: &Path, update: bool) -> Result<()> {
    let text = fs::read_to_string(file)?;
    let scenario = Scenario::parse(&text).context("the scenario cannot be read")?;
    let mut outcomes: Vec<(&str, Outcome)> = Vec::new();
    if scenario.fronts.lsp {
        let outcome = play::play::<lsp::Lsp>(&scenario, file).await;
        outcomes.push(("lsp", outcome.context("through `coworker lsp`")?));
    }
    if scenario.fronts.acp {
        let outcome = play::play::<acp::Acp>(&scenario, file).await;
        outcomes.push(("acp", outcome.context("through `coworker acp`")?));
    }
    if scenario.fronts.cli {
        let outcome = play::play::<cli::Cli>(&scenario, file).await;
        outcomes.push(("cli", outcome.context("through `coworker run`")?));
    }
    for pair in outcomes.windows(2) {
        let [(one, first), (other, second)] = pair else { continue };
        let what = format!("the sessions of {one} and {other} differ");
        ensure_same(&what, &first.view, &second.view)?;
        let what = format!("the transcripts of {one} and {other} differ");
        ensure_same(&what, &first.transcript, &second.transcript)?;
    }
    let (_, outcome) = outcomes.first().context("the scenario is for no front end")?;
    if update {
        let text = markdown::with_block(&text, "Transcript", "transcript", &outcome.transcript);
        fs::write(file, text)?;
    } else {
        let expected = scenario.transcript.as_deref().unwrap_or_default();
        ensure_same("not the transcript in the file", expected, &outcome.transcript)
            .context("UPDATE=1 writes the transcript of this run into the file")?;
    }
    for (front, outcome) in &outcomes {
        ensure!(outcome.faults.is_empty(), "through {front}: {}", outcome.faults.join("\n"));
    }
    Ok(())
}
