//! A session with ten thousand items: how long until an editor has it back after a restart, and
//! what the next turn in it takes.

use anyhow::{Context, Result, ensure};
use serde_json::json;

use crate::{
    editor::Editor,
    process,
    stage::Stage,
    table::{Figure, Row, Samples, Table},
};

const RUNS: usize = 10;
/// Each leaves ten items: a prompt, seven calls, and what was said before and after them.
const TURNS: usize = 1000;
/// For the turns that are measured in the end.
const MORE_TURNS: usize = 20;

pub fn measure(table: &mut Table) -> Result<()> {
    let stage = Stage::new()?;
    let home = stage.home()?;
    let call = "call read {\"path\": \"file03.rs\", \"limit\": 10}\n";
    let turn = format!("turn\nsay \"I will look.\"\n{}---\nsay \"Seen.\"\n", call.repeat(7));
    let script = turn.repeat(TURNS) + &"turn\nsay \"ok\"\n".repeat(MORE_TURNS);
    let mut editor = Editor::ready(&mut stage.scripted(&home, &script)?, &stage.root)?;
    for _ in 0..TURNS {
        editor.turn()?;
    }
    let session = json!({"sessionId": editor.session()});
    editor.quit()?;

    let mut times = Samples::default();
    let mut last = None;
    for _ in 0..RUNS {
        drop(last.take());
        let mut editor = Editor::spawn(&mut stage.scripted(&home, &script)?)?;
        editor.initialize(&stage.root)?;
        editor.tell("initialized", &json!({}))?;
        let (result, time) = editor.request("coworker/session/attach", &session)?;
        ensure!(result["fromStart"] == true, "not replayed: {result}");
        times.add(time);
        editor.enter(result["session"]["id"].clone());
        last = Some(editor);
    }
    let mut editor = last.context("nothing was replayed")?;
    let memory = process::memory(editor.process_id()).map(|it| Figure::megabytes(it.all));
    let mut turns = Samples::default();
    for _ in 0..MORE_TURNS {
        turns.add(editor.turn()?);
    }
    table.add(Row::new("replay of 10,000 items after a restart", times.median()).budget(100.0));
    table.add(Row::new("memory (PSS) after that replay", memory));
    table.add(Row::new("a turn with an instant model in that session", turns.median()));
    Ok(())
}
