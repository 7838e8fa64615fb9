//! How long a stopped turn goes on.

use anyhow::Result;
use serde_json::json;

use crate::{
    editor::Editor,
    stage::Stage,
    table::{Row, Samples, Table},
};

const RUNS: usize = 20;

pub fn measure(table: &mut Table) -> Result<()> {
    let stage = Stage::new()?;
    let words = "word ".repeat(2000);
    let script = format!("turn\npause 1\nsay \"{words}\"\n").repeat(RUNS);
    let mut editor = Editor::ready(&mut stage.scripted(&stage.home()?, &script)?, &stage.root)?;
    let mut times = Samples::default();
    for _ in 0..RUNS {
        editor.chat()?;
        for _ in 0..20 {
            editor.until_update(|update| (update["kind"] == "delta").then_some(()))?;
        }
        let session = json!({"sessionId": editor.session()});
        let (_, sent) = editor.ask("coworker/chat/cancel", &session)?;
        times.add(editor.turn_ends("cancelled")? - sent);
    }
    table.add(Row::new("cancel in mid-stream to the end of the turn", times.median()).budget(2.0));
    Ok(())
}
