//! What a turn and a tool call add when the model takes no time.

use std::process::Command;
use std::time::Instant;

use anyhow::{Result, ensure};

use crate::{
    editor::Editor,
    stage::Stage,
    table::{Row, Samples, Table},
};

const TURNS: usize = 50;
const CALLS: usize = 20;
/// How often a turn of [`CALLS`] calls is run.
const ROUNDS: usize = 10;

pub fn measure(table: &mut Table) -> Result<()> {
    let stage = Stage::new()?;
    let mut turns = Samples::default();
    let script = "turn\nsay \"ok\"\n".repeat(TURNS + 1);
    let mut editor = Editor::ready(&mut stage.scripted(&stage.home()?, &script)?, &stage.root)?;
    editor.turn()?;
    for _ in 0..TURNS {
        turns.add(editor.turn()?);
    }
    table.add(Row::new("a turn with an instant model", turns.median()).budget(1.5));

    let read = calls(&stage, r#"call read {"path": "file07.rs"}"#)?;
    let each = read.median_of_each(CALLS);
    table.add(Row::new("per call of `read`, 20 in a turn", each).budget(1.0));

    let echo = calls(&stage, r#"call bash {"command": "echo hello"}"#)?;
    table.add(
        Row::new("per call of `bash`: `echo`, asked for and allowed", echo.median_of_each(CALLS))
            .budget(4.0)
            .against("`bash -c` alone", shells()?.median()),
    );
    Ok(())
}

/// Turns of one call after another, one in each answer of the model.
fn calls(stage: &Stage, call: &str) -> Result<Samples> {
    let turn = format!("turn\n{}say \"ok\"\n", format!("{call}\n---\n").repeat(CALLS));
    let script = turn.repeat(ROUNDS + 1);
    let mut editor = Editor::ready(&mut stage.scripted(&stage.home()?, &script)?, &stage.root)?;
    editor.turn()?;
    let mut turns = Samples::default();
    for _ in 0..ROUNDS {
        turns.add(editor.turn()?);
    }
    Ok(turns)
}

/// What the system takes for a shell that says hello.
fn shells() -> Result<Samples> {
    let mut runs = Samples::default();
    for _ in 0..CALLS * ROUNDS {
        let started = Instant::now();
        let output = Command::new("bash").args(["-c", "echo hello"]).output()?;
        runs.add(started.elapsed());
        ensure!(output.stdout == b"hello\n", "the shell said something else");
    }
    Ok(runs)
}
