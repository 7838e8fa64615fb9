//! From nothing to ready: start to `initialize`, the first session, and what it does when idle.

use std::{process::Command, thread, time::Duration};

use anyhow::Result;
use serde_json::json;

use crate::{
    editor::{Editor, uri},
    process,
    stage::{Peer, Stage},
    table::{Figure, Row, Samples, Table, Unit},
};

const RUNS: usize = 30;
const IDLE: Duration = Duration::from_secs(6);

pub fn measure(table: &mut Table) -> Result<()> {
    let stage = Stage::new()?;
    starts(&stage, table)?;
    idle(&stage, table)
}

/// All in turn, so that whatever else the machine does falls on all of them.
fn starts(stage: &Stage, table: &mut Table) -> Result<()> {
    let used = stage.home()?;
    Editor::ready(&mut stage.scripted(&used, SCRIPT)?, &stage.root)?.quit()?;
    let peer = Peer::find();
    let [mut fresh, mut again, mut floor, mut theirs] = <[Samples; 4]>::default();
    let [mut first_new, mut first, mut next] = <[Samples; 3]>::default();
    for _ in 0..RUNS {
        let mut editor = Editor::spawn(&mut stage.scripted(&stage.home()?, SCRIPT)?)?;
        fresh.add(editor.initialize(&stage.root)?);
        editor.tell("initialized", &json!({}))?;
        first_new.add(editor.new_session()?);
        drop(editor);

        let mut editor = Editor::spawn(&mut stage.scripted(&used, SCRIPT)?)?;
        again.add(editor.initialize(&stage.root)?);
        editor.tell("initialized", &json!({}))?;
        first.add(editor.new_session()?);
        next.add(editor.new_session()?);
        // As an editor leaves it: a process that is killed leaves the next one less to do.
        editor.quit()?;

        floor.add(Editor::spawn(&mut Command::new("cat"))?.initialize(&stage.root)?);
        if let Some(peer) = &peer {
            theirs.add(Editor::spawn(&mut peer.command(stage))?.initialize(&stage.root)?);
        }
    }
    let name = peer.map_or_else(|| "a language server".to_owned(), |peer| peer.name());
    let start = "process start to the `initialize` answer";
    table.add(
        Row::new(format!("{start}, fresh home"), fresh.median())
            .budget(4.0)
            .against(&name, theirs.median()),
    );
    table.add(
        Row::new(format!("{start}, used home"), again.median())
            .budget(4.0)
            .against(&name, theirs.median())
            .against("`cat`, the floor", floor.median()),
    );
    let new = "`session/new`";
    table.add(Row::new(format!("{new}, makes the database"), first_new.median()));
    let opens = Row::new(format!("{new}, the first of a process"), first.median());
    table.add(opens.budget(0.5));
    table.add(Row::new(format!("{new}, the next"), next.median()).budget(0.5));
    Ok(())
}

fn idle(stage: &Stage, table: &mut Table) -> Result<()> {
    let mut editor = Editor::ready(&mut stage.scripted(&stage.home()?, SCRIPT)?, &stage.root)?;
    let document = json!({
        "uri": uri(&stage.root.join("file00.rs"))?,
        "languageId": "rust",
        "version": 1,
        "text": "fn main() {}\n",
    });
    editor.tell("textDocument/didOpen", &json!({"textDocument": document}))?;
    thread::sleep(Duration::from_secs(1));
    let id = editor.process_id();
    let before = process::processor_time(id);
    thread::sleep(IDLE);
    let spent = process::processor_time(id).zip(before).map(|(after, before)| after - before);
    let share = spent
        .map(|spent| Figure::new(spent.as_secs_f64() / IDLE.as_secs_f64() * 100.0, Unit::Percent));
    table.add(Row::new("idle processor use, of one core", share).budget(0.0));
    let sockets = process::internet_sockets(id).map(|it| Figure::new(it as f64, Unit::Count));
    table.add(Row::new("internet sockets before the first prompt", sockets).budget(0.0));
    Ok(())
}

const SCRIPT: &str = "turn\nsay \"ok\"";
