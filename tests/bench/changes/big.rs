//! What one edit of a document of 10 MB allocates: typed, and made by the agent.
//!
//! Counted in this process, by an allocator that keeps count for all threads, while nothing else
//! runs.

use std::{alloc::System, sync::Arc};

use anyhow::{Result, ensure};
use async_trait::async_trait;
use engine::{ApplyRefused, BufferEdit, ConnectionId, Editor, Resolution};
use protocol::{AbsPath, Answer, Approval, ItemId, SessionId, SessionUpdate, UndoScope};
use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::runtime::Runtime;
use workspace::{TextChange, Workspace};

use super::inside::Engine;
use crate::{
    stage::Stage,
    table::{Figure, Row, Table, Unit},
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const LINE: &str = "a line of a big document that says nothing but its own length, which is 100 with the break at end\n";
const LINES: usize = 100_000;
/// Kilobytes.
const BUDGET: f64 = 1000.0;

pub(super) fn measure(table: &mut Table) -> Result<()> {
    let stage = Stage::new()?;
    let text = format!("the first\n{}the last\n", LINE.repeat(LINES));
    std::fs::write(stage.root.join("big.txt"), &text)?;
    let home = stage.home()?;
    let edit = json!({"path": "big.txt", "old_text": "the last", "new_text": "the very last"});
    let script = format!("turn\ncall edit {edit}\n---\nsay \"ok\"\n");
    Runtime::new()?.block_on(async {
        let engine = Engine::start(&stage.root, &home, &script).await?;
        let path = AbsPath::new(stage.root.join("big.txt").to_str().unwrap_or_default())?;
        edits(table, &engine, &path, &text).await?;
        engine.sessions.shutdown().await;
        Ok(())
    })
}

async fn edits(table: &mut Table, engine: &Engine, path: &AbsPath, text: &str) -> Result<()> {
    let Engine { sessions, workspace, session } = engine;
    let desk = Desk { workspace: workspace.clone(), path: path.clone() };
    let connection = sessions.connect(Arc::new(desk));
    ensure!(connection == CONNECTION, "another connection");
    workspace.open(connection, path, 1, text);
    sessions.attach(connection, session, None).await?;
    let set = engine.proposed().await?;
    let mut row = |what: &str, region: &Region<'_, System>| {
        let allocated = region.change().bytes_allocated as f64 / 1e3;
        let figure = Figure::new(allocated, Unit::Kilobytes);
        table.add(Row::new(what, Some(figure)).budget(BUDGET));
    };

    let region = Region::new(ALLOCATOR);
    typed(workspace, path)?;
    row("allocated for a keystroke in a document of 10 MB", &region);
    let hunks = sessions.hunks(session, Some(path.clone())).await?;
    ensure!(hunks.len() == 1 && hunks[0].lines.is_some(), "not carried: {hunks:?}");
    row("and its pending hunk carried over it", &region);

    let (_, document) =
        workspace.text(connection, path).ok_or_else(|| anyhow::anyhow!("closed"))?;
    let region = Region::new(ALLOCATOR);
    let one = protocol::Replacement { start: 0, end: 3, text: "The".to_owned() };
    let after = changes::apply_to(&document, &[one])?;
    row("allocated for a hunk applied to its text", &region);
    drop(after);

    let region = Region::new(ALLOCATOR);
    let accept = Resolution { accept: Some(true), ..Resolution::default() };
    sessions.resolve(session, &set, accept).await?;
    row("the first hunk applied to it after typing, both texts kept for a restore", &region);
    for (redo, what) in [(false, "its undo"), (true, "its redo")] {
        let region = Region::new(ALLOCATOR);
        let turned = sessions.undo(session, UndoScope::Session, redo).await?;
        ensure!(turned.hunks.len() == 1, "not turned: {turned:?}");
        row(what, &region);
    }
    Ok(())
}

const CONNECTION: ConnectionId = ConnectionId(1);

fn typed(workspace: &Workspace, path: &AbsPath) -> Result<()> {
    let change = TextChange { range: Some(((50_000, 10), (50_000, 10))), text: "x".to_owned() };
    Ok(workspace.change(CONNECTION, path, 2, vec![change], changes::Encoding::Utf8)?)
}

/// An editor in this process that does what it is told to.
struct Desk {
    workspace: Workspace,
    path: AbsPath,
}

#[async_trait]
impl Editor for Desk {
    fn name(&self) -> String {
        "the benchmark".to_owned()
    }

    fn notify(&self, _: &SessionUpdate) {}

    async fn ask(&self, _: &SessionId, _: &ItemId, _: &Approval) -> Option<Answer> {
        std::future::pending().await
    }

    async fn apply(&self, edit: BufferEdit) -> Result<(), ApplyRefused> {
        let place = |offset: usize| {
            let line = edit.before.byte_to_line(offset);
            (line as u32, (offset - edit.before.line_to_byte(line)) as u32)
        };
        let changes = edit.replacements.iter().rev().map(|one| TextChange {
            range: Some((place(one.start), place(one.end))),
            text: one.text.clone(),
        });
        let (path, version) = (&self.path, edit.version + 1);
        let encoding = changes::Encoding::Utf8;
        let changed = self.workspace.change(CONNECTION, path, version, changes.collect(), encoding);
        changed.map_err(|error| ApplyRefused { reason: Some(error.to_string()) })
    }
}
