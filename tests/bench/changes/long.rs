//! A document that the agent wrote in for a long session: what a step costs when 2,000 hunks came
//! before it, of which half wait. In the weave alone.

use std::{collections::BTreeMap, time::Instant};

use anyhow::{Result, ensure};
use changes::Weave;
use protocol::Replacement;
use ropey::Rope;

use super::{after, before};
use crate::table::{Row, Samples, Table};

const HUNKS: usize = 2_000;
/// The agent writes one of so many lines.
const STEP: usize = 4;
const SAMPLES: usize = 50;

pub(super) fn measure(table: &mut Table) -> Result<()> {
    let mut document = Document::after_a_long_session()?;
    let [mut keystroke, mut look, mut list, mut hunk]: [Samples; 4] = Default::default();
    for sample in 0..SAMPLES {
        let started = Instant::now();
        document.types(sample * STEP + 1)?;
        keystroke.add(started.elapsed());
        let started = Instant::now();
        let obstacles = document.weave.obstacles();
        look.add(started.elapsed());
        ensure!(obstacles.is_empty(), "in the way: {obstacles:?}");
        let started = Instant::now();
        let listed = document.listed();
        list.add(started.elapsed());
        ensure!(listed == HUNKS + sample, "{listed} hunks have a place");
        let started = Instant::now();
        document.writes(sample * STEP + 2, true)?;
        hunk.add(started.elapsed());
    }
    let document = format!("a document with {HUNKS} hunks of a long session");
    table.add(Row::new(format!("{document}: a keystroke, in its weave"), keystroke.median()));
    table.add(Row::new("what stands in the way of those that wait", look.median()));
    table.add(Row::new("where each of all hunks is, and what it does", list.median()));
    table.add(Row::new("one more hunk proposed and applied", hunk.median()));
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
        let one = Replacement { start, end, text: after(1, line) };
        let hunk = self.weave.propose(&[one], &[])?;
        if is_applied {
            let plan = self.weave.plan(&BTreeMap::from([(hunk, true)]));
            let after = changes::apply_to(&self.text, &plan.replacements)?;
            self.weave.switch(&plan, &self.text);
            self.text = after;
        }
        Ok(())
    }

    /// Looks at each hunk as a list of them does, and gives how many have a place.
    fn listed(&self) -> usize {
        let now = self.weave.reading();
        let is_there = |hunk: &usize| {
            let switched = BTreeMap::from([(*hunk, !self.weave.is_shown(*hunk))]);
            now.place(*hunk).is_some() && !now.replacements(&switched).is_empty()
        };
        (0..self.weave.hunks()).filter(is_there).count()
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
