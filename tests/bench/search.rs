//! The `grep` tool beside `rg`, over the same files.

use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use serde_json::Value;

use crate::{
    editor::Editor,
    stage::{Stage, installed},
    table::{Row, Samples, Table},
};

const RUNS: usize = 15;
const FOLDERS: usize = 40;
const FILES: usize = 100;
/// How many lines hold what is searched for, one in a file.
const HITS: usize = 50;

pub fn measure(table: &mut Table) -> Result<()> {
    let stage = Stage::new()?;
    let megabytes = plant(&stage.root)?;
    for (name, pattern) in [("a word", "needle"), ("an expression", r"fn \w+_needle\(\w*\)")] {
        let script = serde_json::json!({"pattern": pattern}).to_string();
        let script = format!("turn\ncall grep {script}\n---\nsay \"ok\"\n").repeat(RUNS + 1);
        let mut editor = Editor::ready(&mut stage.scripted(&stage.home()?, &script)?, &stage.root)?;
        let [mut ours, mut theirs] = <[Samples; 2]>::default();
        searched(&mut editor)?;
        for _ in 0..RUNS {
            ours.add(searched(&mut editor)?);
            if installed("rg") {
                theirs.add(ripgrep(pattern, &stage.root)?);
            }
        }
        let what = format!("search for {name} in {} files, {megabytes} MB", FOLDERS * FILES);
        let row = Row::new(what, ours.median()).budget_ratio(1.2);
        table.add(row.against("`rg`", theirs.median()));
    }
    Ok(())
}

/// Writes files with something like code in them; how many million bytes that is.
fn plant(root: &Path) -> Result<usize> {
    let mut seed = 1_u64;
    let mut word = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        format!("w{:05x}", seed >> 44)
    };
    let mut bytes = 0;
    for number in 0..FOLDERS * FILES {
        let folder = root.join(format!("folder{:02}", number / FILES));
        fs::create_dir_all(&folder)?;
        let mut text = String::new();
        for _ in 0..300 {
            text += &format!("    let {} = {}({}, {});\n", word(), word(), word(), word());
        }
        if number % (FOLDERS * FILES / HITS) == 0 {
            text += &format!("fn {}_needle({}) {{\n", word(), word());
        }
        bytes += text.len();
        fs::write(folder.join(format!("file{:02}.rs", number % FILES)), text)?;
    }
    Ok(bytes / 1_000_000)
}

/// A turn with one search in it; the time from the call to its result.
fn searched(editor: &mut Editor) -> Result<Duration> {
    let call = |kind: &'static str| {
        move |update: &Value| {
            let found = update["kind"] == kind && update["item"]["kind"] == "toolCall";
            found.then(|| update["item"]["output"]["text"].as_str().unwrap_or_default().to_owned())
        }
    };
    editor.chat()?;
    let (_, began) = editor.until_update(call("itemStarted"))?;
    let (found, ended) = editor.until_update(call("itemEnded"))?;
    editor.turn_ends("completed")?;
    ensure!(found.lines().count() == HITS, "something else was found: {found}");
    Ok(ended - began)
}

/// The same by ripgrep, from the start of its process to its end.
fn ripgrep(pattern: &str, root: &Path) -> Result<Duration> {
    let started = Instant::now();
    let options = ["--no-config", "--line-number", "--no-heading", "--color", "never"];
    let output =
        Command::new("rg").args(options).args([pattern, "."]).current_dir(root).output()?;
    let time = started.elapsed();
    let lines = output.stdout.iter().filter(|&&byte| byte == b'\n').count();
    ensure!(lines == HITS, "ripgrep found {lines} lines");
    Ok(time)
}
