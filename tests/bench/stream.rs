//! How fast text comes through, from a script and over HTTP, and what the model is sent.

use std::{
    io::{Read, Write},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{
    editor::Editor,
    provider::Provider,
    stage::Stage,
    table::{Figure, Row, Samples, Table, Unit},
};

const RUNS: usize = 30;
const TOKENS: usize = 2000;
/// How long the provider waits behind the first token, so that no other helps it along.
const PAUSE: Duration = Duration::from_millis(20);

pub fn measure(table: &mut Table) -> Result<()> {
    let stage = Stage::new()?;
    let provider = Provider::start(2, PAUSE)?;
    let mut editor =
        Editor::ready(&mut stage.provided(&stage.home()?, provider.address()), &stage.root)?;
    let mut first = Samples::default();
    first.add(editor.turn()?);
    let request = provider.answered()?;
    let mut text = Samples::default();
    for _ in 0..RUNS {
        editor.chat()?;
        let (_, at) = editor.until_update(first_text)?;
        editor.turn_ends("completed")?;
        text.add(at - provider.answered()?.first_token);
    }
    let whole = first.percentile(50);
    table.add(Row::new("the first turn over HTTP, with a pause of 25 ms in it", whole));
    let told = "model's first token on its wire to the first update with text";
    table.add(
        Row::new(told, text.median())
            .budget(0.2)
            .against("a word through `cat` and back", there_and_back()?.median()),
    );

    let over_http = tokens_over_http(&stage)?.median();
    table.add(Row::new("2,000 tokens over HTTP, one event each", over_http).budget(25.0));
    let scripted = tokens_of_a_script(&stage)?.median();
    table.add(Row::new("2,000 tokens of a script, one event each", scripted).budget(25.0));

    let bytes = Figure::new(request.bytes as f64, Unit::Bytes);
    table.add(Row::new("the first model request: prompt and tools", Some(bytes)).budget(24576.0));
    Ok(())
}

/// What the system takes to hand a word from one idle process to another, twice.
fn there_and_back() -> Result<Samples> {
    let mut command = Command::new("cat");
    let mut cat = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let mut input = cat.stdin.take().context("no standard input")?;
    let mut output = cat.stdout.take().context("no standard output")?;
    let mut times = Samples::default();
    for _ in 0..RUNS {
        thread::sleep(PAUSE);
        let sent = Instant::now();
        input.write_all(b"word")?;
        output.read_exact(&mut [0; 4])?;
        times.add(sent.elapsed());
    }
    drop(input);
    cat.wait()?;
    Ok(times)
}

/// From the first token to the end of the turn.
fn tokens_over_http(stage: &Stage) -> Result<Samples> {
    let provider = Provider::start(TOKENS, Duration::ZERO)?;
    let mut editor =
        Editor::ready(&mut stage.provided(&stage.home()?, provider.address()), &stage.root)?;
    editor.turn()?;
    provider.answered()?;
    let mut times = Samples::default();
    for _ in 0..RUNS {
        editor.chat()?;
        let end = editor.turn_ends("completed")?;
        times.add(end - provider.answered()?.first_token);
    }
    Ok(times)
}

/// From the first update with text to the end of the turn.
fn tokens_of_a_script(stage: &Stage) -> Result<Samples> {
    let script = format!("turn\nstream {TOKENS}\n").repeat(RUNS + 1);
    let mut editor = Editor::ready(&mut stage.scripted(&stage.home()?, &script)?, &stage.root)?;
    editor.turn()?;
    let mut times = Samples::default();
    for _ in 0..RUNS {
        editor.chat()?;
        let (_, first): ((), Instant) = editor.until_update(first_text)?;
        let end = editor.turn_ends("completed")?;
        times.add(end.checked_duration_since(first).context("ended before it began")?);
    }
    Ok(times)
}

fn first_text(update: &Value) -> Option<()> {
    (update["kind"] == "delta").then_some(())
}
