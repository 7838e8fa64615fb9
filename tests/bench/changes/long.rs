//! A document that the agent wrote in for a long session: what a step costs when 2,000 hunks came
//! before it, of which half wait. In the weave alone, and the list of them in an engine.

use std::{collections::BTreeMap, fs, time::Instant};

use anyhow::{Context, Result, ensure};
use changes::Weave;
use engine::ConnectionId;
use protocol::{AbsPath, Replacement};
use ropey::Rope;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use workspace::TextChange;

use super::{before, inside::Engine};
use crate::{
    stage::Stage,
    table::{Row, Samples, Table},
};

const HUNKS: usize = 2_000;
/// The agent writes one of so many lines.
const STEP: usize = 4;
const SAMPLES: usize = 50;
const CONNECTION: ConnectionId = ConnectionId(1);

pub(super) fn measure(table: &mut Table) -> Result<()> {
    let mut document = Document::after_a_long_session()?;
    let (mut keystroke, mut look, mut hunk) =
        (Samples::default(), Samples::default(), Samples::default());
    for sample in 0..SAMPLES {
        let started = Instant::now();
        document.types(sample * STEP + 1)?;
        keystroke.add(started.elapsed());
        let started = Instant::now();
        let obstacles = document.weave.obstacles();
        look.add(started.elapsed());
        ensure!(obstacles.is_empty(), "in the way: {obstacles:?}");
        let started = Instant::now();
        document.writes(sample * STEP + 2, true)?;
        hunk.add(started.elapsed());
    }
    let document = format!("a document with {HUNKS} hunks of a long session");
    table.add(Row::new(format!("{document}: a keystroke, in its weave"), keystroke.median()));
    table.add(Row::new("what stands in the way of those that wait", look.median()));
    table.add(Row::new("one more hunk proposed and applied", hunk.median()));
    table
        .add(Row::new("all that wait listed after a keystroke, in the engine", listed()?.median()));
    Ok(())
}

/// A document with its weave.
struct Document {
    weave: Weave,
    text: Rope,
}

impl Document {
    fn after_a_long_session() -> Result<Self> {
        let text: String = (0..HUNKS * STEP).map(|line| before(0, line) + "\n").collect();
        let mut document = Self { weave: Weave::new(text.len()), text: Rope::from_str(&text) };
        for hunk in 0..HUNKS {
            // Here and there.
            let line = hunk * 7 % HUNKS * STEP;
            document.writes(line, hunk.is_multiple_of(2))?;
            document.types(line + 3)?;
        }
        Ok(document)
    }

    /// Has the agent propose another line, and apply it or not.
    fn writes(&mut self, line: usize, is_applied: bool) -> Result<()> {
        let start = self.text.line_to_byte(line);
        let end = self.text.line_to_byte(line + 1) - 1;
        let one = Replacement { start, end, text: super::after(1, line) };
        let hunk = self.weave.propose(&[one], &[])?;
        if is_applied {
            let plan = self.weave.plan(&BTreeMap::from([(hunk, true)]));
            let after = changes::apply_to(&self.text, &plan.replacements)?;
            self.weave.switch(&plan, &self.text);
            self.text = after;
        }
        Ok(())
    }

    fn types(&mut self, line: usize) -> Result<()> {
        let at = self.text.line_to_byte(line);
        let typed = [Replacement { start: at, end: at, text: "x".to_owned() }];
        let after = changes::apply_to(&self.text, &typed)?;
        self.weave.typed(&typed, &self.text, &after)?;
        self.text = after;
        Ok(())
    }
}

/// How long it takes from a keystroke to the list of the hunks that wait in its document.
fn listed() -> Result<Samples> {
    let stage = Stage::new()?;
    let text: String = (0..HUNKS * STEP).map(|line| before(0, line) + "\n").collect();
    let file = stage.root.join("long.rs");
    fs::write(&file, &text)?;
    let home = stage.home()?;
    let edit =
        |line: usize| json!({"old_text": before(0, line), "new_text": super::after(0, line)});
    let edits: Vec<Value> = (0..HUNKS).map(|hunk| edit(hunk * STEP)).collect();
    let call = json!({"path": "long.rs", "edits": edits});
    let script = format!("turn\ncall edit {call}\n---\nsay \"ok\"\n");
    Runtime::new()?.block_on(async {
        let engine = Engine::start(&stage.root, &home, &script).await?;
        let path = AbsPath::new(file.to_str().context("no name")?)?;
        engine.workspace.open(CONNECTION, &path, 1, &text);
        engine.proposed().await?;
        let mut times = Samples::default();
        for version in 2..2 + SAMPLES {
            let started = Instant::now();
            let change = TextChange { range: Some(((1, 0), (1, 0))), text: "x".to_owned() };
            let encoding = changes::Encoding::Utf8;
            engine.workspace.change(CONNECTION, &path, version as i32, vec![change], encoding)?;
            let hunks = engine.sessions.hunks(&engine.session, Some(path.clone())).await?;
            times.add(started.elapsed());
            ensure!(hunks.len() == HUNKS, "{} hunks", hunks.len());
        }
        engine.sessions.shutdown().await;
        Ok(times)
    })
}
