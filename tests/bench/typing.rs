//! Keystrokes while an answer streams: how long until one is part of the document, and whether
//! any is lost.

use std::{thread, time::Duration};

use anyhow::Result;
use serde_json::{Value, json};

use crate::{
    editor::{Editor, uri},
    stage::Stage,
    table::{Figure, Row, Samples, Table, Unit},
};

const KEYSTROKES: usize = 2000;
/// Between two keystrokes: much faster than anyone types.
const PAUSE: Duration = Duration::from_millis(1);

pub fn measure(table: &mut Table) -> Result<()> {
    let stage = Stage::new()?;
    let words = "word ".repeat(100_000);
    let paced = typed(&stage, &format!("turn\npause 1\nsay \"{words}\"\nwait"))?;
    let flood = typed(&stage, "turn\nstream 1000000\nwait")?;
    let what = "keystroke to the document that has it, while an answer streams";
    table.add(Row::new(format!("{what}: median"), paced.times.percentile(50)));
    table.add(Row::new(format!("{what}: 99 %"), paced.times.percentile(99)).budget(1.0));
    table.add(Row::new(
        "the same while an answer comes as fast as it can: 99 %",
        flood.times.percentile(99),
    ));
    let lost = Figure::new((paced.lost + flood.lost) as f64, Unit::Count);
    table.add(Row::new("keystrokes lost, of 4,000", Some(lost)).budget(0.0));
    Ok(())
}

struct Typed {
    times: Samples,
    lost: usize,
}

fn typed(stage: &Stage, script: &str) -> Result<Typed> {
    let mut editor = Editor::ready(&mut stage.scripted(&stage.home()?, script)?, &stage.root)?;
    let uri = uri(&stage.root.join("file01.rs"))?;
    let mut expected = "fn before() {}\n\n".repeat(100);
    let document = json!({"uri": uri, "languageId": "rust", "version": 0, "text": expected});
    editor.tell("textDocument/didOpen", &json!({"textDocument": document}))?;
    editor.chat()?;
    editor.until_update(|update| (update["kind"] == "delta").then_some(()))?;

    let mut typed = Typed { times: Samples::default(), lost: 0 };
    // Line 100 is empty, and 50 pairs of lines stand before it.
    let line_start = expected.len() / 2;
    for key in 0..KEYSTROKES {
        let place = json!({"line": 100, "character": key});
        let change = json!({"range": {"start": place, "end": place}, "text": "x"});
        let document = json!({"uri": uri, "version": key + 1});
        let change = json!({"textDocument": document, "contentChanges": [change]});
        expected.insert(line_start + key, 'x');
        let (id, sent) = editor.ask_after(
            &[("textDocument/didChange", change)],
            "coworker/documents/get",
            &json!({"uri": uri}),
        )?;
        let (seen, at): (Value, _) = editor.answer(id)?;
        typed.times.add(at - sent);
        if seen["text"] != expected.as_str() || seen["version"] != key + 1 {
            typed.lost += 1;
        }
        thread::sleep(PAUSE);
    }
    Ok(typed)
}
