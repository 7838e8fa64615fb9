//! What stays in memory: with one session, and after fifty turns in it.

use std::{thread, time::Duration};

use anyhow::Result;

use crate::{
    editor::Editor,
    process::{self, Memory},
    stage::{Peer, Stage},
    table::{Figure, Row, Table, middle},
};

const RUNS: usize = 3;
const TURNS: usize = 50;
/// Until a process has come to rest.
const REST: Duration = Duration::from_millis(1500);

pub fn measure(table: &mut Table) -> Result<()> {
    let stage = Stage::new()?;
    let peer = Peer::find();
    let [mut idle, mut used, mut theirs] = <[Vec<Memory>; 3]>::default();
    for _ in 0..RUNS {
        let script = "turn\nstream 200\n".repeat(TURNS);
        let mut editor = Editor::ready(&mut stage.scripted(&stage.home()?, &script)?, &stage.root)?;
        thread::sleep(REST);
        idle.extend(process::memory(editor.process_id()));
        for _ in 0..TURNS {
            editor.turn()?;
        }
        thread::sleep(REST);
        used.extend(process::memory(editor.process_id()));

        if let Some(peer) = &peer {
            let mut editor = Editor::spawn(&mut peer.command(&stage))?;
            editor.initialize(&stage.root)?;
            thread::sleep(REST);
            theirs.extend(process::memory(editor.process_id()));
        }
    }
    let all = |samples: &[Memory]| figure(samples, |memory| memory.all);
    let own = |samples: &[Memory]| figure(samples, |memory| memory.own);
    let name = peer.map_or_else(|| "a language server".to_owned(), |peer| peer.name());
    let initialized = format!("{name}, initialized");
    let what = "memory (PSS) with one session";
    table.add(Row::new(what, all(&idle)).budget(10.0).against(&initialized, all(&theirs)));
    let part = "of that its own, without pages of the program file";
    table.add(Row::new(part, own(&idle)).against(&initialized, own(&theirs)));
    let what = "memory (PSS) after 50 turns of 200 tokens";
    table.add(Row::new(what, all(&used)).budget(12.0));
    table.add(Row::new(part, own(&used)));
    Ok(())
}

fn figure(samples: &[Memory], part: impl Fn(&Memory) -> u64) -> Option<Figure> {
    middle(samples.iter().map(part).collect()).map(Figure::megabytes)
}
