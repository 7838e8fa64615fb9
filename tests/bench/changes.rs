//! A change set of 1,000 hunks in 200 files: its preview, typing beside it, taking it back. Over
//! the wire here, in the engine alone in `inside`, and what one edit of a big document costs in
//! memory in `big`; one document of a long session in `long`.

mod big;
mod desk;
mod inside;
mod long;

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};

use desk::Desk;

use crate::{
    editor::uri,
    process,
    stage::Stage,
    table::{Figure, Row, Samples, Table, Unit},
};

const FILES: usize = 200;
const LINES: usize = 100;
/// The agent changes the first of so many lines.
const STEP: usize = 20;
const HUNKS: usize = FILES * LINES / STEP;
const PREVIEWS: usize = 20;
/// How often everything is taken back and done again.
const ROUNDS: usize = 7;
const KEYSTROKES: usize = 200;
/// How many files the server writes at a time.
const AT_ONCE: usize = 16;
/// Between two keystrokes: until all that the last one led to is done.
const PAUSE: Duration = Duration::from_millis(10);

pub fn measure(table: &mut Table) -> Result<()> {
    let mut waiting = Waiting::start(false)?;
    waiting.preview(table, inside::preview()?)?;
    waiting.typing(table)?;
    inside::carrying(table)?;
    let floor = files_written(&waiting.root)?;
    let name = format!("{FILES} files written and synchronized, {AT_ONCE} at a time");
    let closed = waiting.take_back()?;
    table.add(
        Row::new("undo of the turn, files that are open nowhere", closed.undo.median())
            .budget(50.0)
            .against(name, floor.median()),
    );
    table.add(Row::new("redo of it", closed.redo.median()));
    let open = Waiting::start(true)?.take_back()?;
    table.add(
        Row::new("undo of the turn, all files open in the editor", open.undo.median())
            .budget(50.0)
            .against("of that the editor's part", open.editors.median()),
    );
    inside::planning(table)?;
    long::measure(table)?;
    big::measure(table)
}

/// A server with a change set that waits for a decision.
struct Waiting {
    _stage: Stage,
    root: PathBuf,
    desk: Desk,
    session: Value,
    set: Value,
    turn: Value,
    /// What a keystroke cost the server when nothing waited.
    before: Option<Duration>,
}

impl Waiting {
    /// Has the agent propose everything, in files that are open in the editor or nowhere.
    fn start(open: bool) -> Result<Self> {
        let stage = Stage::new()?;
        let root = stage.root.clone();
        lay_out(&root)?;
        let home = stage.home()?;
        let mut desk = Desk::ready(&mut stage.scripted(&home, &script())?, &root)?;
        for file in 0..if open { FILES } else { 0 } {
            desk.open(&root.join(name(file)), &text(file, false))?;
        }
        let before = if open { None } else { typed_blindly(&mut desk, &root)? };
        let session = desk.editor.session();
        desk.editor.chat()?;
        let (item, _) = desk.editor.until_update(|update| {
            let item = &update["item"];
            (item["kind"] == "changeSet" && update["kind"] == "itemStarted").then(|| item.clone())
        })?;
        let hunks = item["files"].as_array().into_iter().flatten();
        let hunks = hunks.filter_map(|file| file["hunks"].as_array()).map(Vec::len).sum::<usize>();
        ensure!(hunks == HUNKS, "the change set has {hunks} hunks");
        let (set, turn) = (item["id"].clone(), item["turnId"].clone());
        Ok(Self { _stage: stage, root, desk, session, set, turn, before })
    }

    fn preview(&mut self, table: &mut Table, inside: Samples) -> Result<()> {
        let params = json!({"sessionId": self.session, "changeSetId": self.set});
        let mut times = Samples::default();
        for _ in 0..PREVIEWS {
            let (result, time) = self.desk.editor.request("coworker/changes/get", &params)?;
            times.add(time);
            for (file, proposed) in result["files"].as_array().into_iter().flatten().enumerate() {
                let after = proposed["texts"]["after"].as_str();
                ensure!(after == Some(&text(file, true)), "another preview: {proposed}");
            }
        }
        let what = format!("preview of {HUNKS} hunks in {FILES} files");
        let row = Row::new(what, times.median()).budget(50.0);
        table.add(row.against("in the engine, without the wire", inside.median()));
        Ok(())
    }

    /// Types lines in at the start of one of the files.
    fn typing(&mut self, table: &mut Table) -> Result<()> {
        let path = self.root.join(name(0));
        let after = typed_blindly(&mut self.desk, &self.root)?;
        self.desk.open(&path, &text(0, false))?;
        let uri = uri(&path)?;
        let list = json!({"sessionId": self.session, "uri": uri});
        let mut times = Samples::default();
        for key in 1..=KEYSTROKES {
            let change = keystroke(&uri, key);
            let told = [("textDocument/didChange", change)];
            let (id, sent) = self.desk.editor.ask_after(&told, "coworker/changes/list", &list)?;
            let (result, at) = self.desk.editor.answer(id)?;
            times.add(at - sent);
            let hunks = result["hunks"].as_array().context("no list")?;
            let lines = hunks.iter().map(|hunk| hunk["range"]["start"]["line"].as_u64());
            let is_carried =
                |(at, line): (usize, Option<u64>)| line == Some((at * STEP + key) as u64);
            ensure!(lines.enumerate().all(is_carried), "carried elsewhere: {result}");
            thread::sleep(PAUSE);
        }
        self.desk.close(&path)?;
        let what = format!("keystroke to its file's hunks carried over it, while {HUNKS} wait");
        table.add(Row::new(what, times.median()).budget(1.0));
        let milliseconds =
            |time: Duration| Figure::new(time.as_secs_f64() * 1e3, Unit::Milliseconds);
        table.add(
            Row::new("processor time of a keystroke meanwhile", after.map(milliseconds))
                .against("while none waits", self.before.map(milliseconds)),
        );
        Ok(())
    }

    /// Accepts everything, and then takes it back and does it again.
    fn take_back(&mut self) -> Result<TakenBack> {
        let accept = json!({"sessionId": self.session, "changeSetId": self.set, "accept": true});
        self.desk.carried_out("coworker/changes/resolve", &accept)?;
        self.desk.editor.turn_ends("completed")?;
        let scope = json!({"kind": "turn", "turnId": self.turn});
        let params = json!({"sessionId": self.session, "scope": scope});
        let mut taken = TakenBack::default();
        for _ in 0..ROUNDS {
            for (method, is_there) in
                [("coworker/changes/undo", false), ("coworker/changes/redo", true)]
            {
                let (result, time, editors) = self.desk.carried_out(method, &params)?;
                let turned = result["hunks"].as_array().map_or(0, Vec::len);
                ensure!(turned == HUNKS, "{method} of {turned} hunks: {}", result["refused"]);
                self.is_everywhere(is_there)?;
                if is_there {
                    taken.redo.add(time);
                } else {
                    taken.undo.add(time);
                    taken.editors.add(editors);
                }
            }
        }
        Ok(taken)
    }

    fn is_everywhere(&self, is_there: bool) -> Result<()> {
        for file in 0..FILES {
            let path = self.root.join(name(file));
            let now = match self.desk.shown(&path)? {
                Some(shown) => shown.to_owned(),
                None => fs::read_to_string(path)?,
            };
            ensure!(now == text(file, is_there), "{} says something else", name(file));
        }
        Ok(())
    }
}

#[derive(Default)]
struct TakenBack {
    undo: Samples,
    redo: Samples,
    editors: Samples,
}

/// What one keystroke in an open file costs the server in all, with whatever it leads to later.
fn typed_blindly(desk: &mut Desk, root: &Path) -> Result<Option<Duration>> {
    let path = root.join(name(1));
    desk.open(&path, &text(1, false))?;
    thread::sleep(PAUSE * 20);
    let Some(before) = process::processor_time(desk.editor.process_id()) else { return Ok(None) };
    for key in 1..=KEYSTROKES {
        desk.editor.tell("textDocument/didChange", &keystroke(&uri(&path)?, key))?;
        thread::sleep(PAUSE);
    }
    thread::sleep(PAUSE * 20);
    let after = process::processor_time(desk.editor.process_id());
    desk.close(&path)?;
    Ok(after.map(|after| (after - before) / KEYSTROKES as u32))
}

fn keystroke(uri: &str, version: usize) -> Value {
    let start = json!({"line": 0, "character": 0});
    let change = json!({"range": {"start": start, "end": start}, "text": "\n"});
    json!({"textDocument": {"uri": uri, "version": version}, "contentChanges": [change]})
}

/// How long the system takes for the same files: each written beside itself, made safe on disk
/// and put in place.
fn files_written(root: &Path) -> Result<Samples> {
    let folder = root.join("floor");
    fs::create_dir(&folder)?;
    let mut times = Samples::default();
    for round in 0..ROUNDS {
        let texts: Vec<String> = (0..FILES).map(|file| text(file, round % 2 == 0)).collect();
        let next = AtomicUsize::new(0);
        let write = || -> Result<()> {
            while let Some((file, text)) = next_of(&texts, &next) {
                let mut new = tempfile::NamedTempFile::new_in(&folder)?;
                new.write_all(text.as_bytes())?;
                new.as_file().sync_data()?;
                new.persist(folder.join(name(file)))?;
            }
            Ok(())
        };
        let started = Instant::now();
        thread::scope(|scope| {
            let threads: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(write)).collect();
            let ended = threads.into_iter().map(|thread| match thread.join() {
                Ok(written) => written,
                Err(_) => anyhow::bail!("a thread panicked"),
            });
            ended.collect::<Result<()>>()
        })?;
        times.add(started.elapsed());
    }
    Ok(times)
}

fn next_of<'a>(texts: &'a [String], next: &AtomicUsize) -> Option<(usize, &'a String)> {
    let file = next.fetch_add(1, Ordering::Relaxed);
    Some((file, texts.get(file)?))
}

fn lay_out(root: &Path) -> Result<()> {
    for file in 0..FILES {
        fs::write(root.join(name(file)), text(file, false))?;
    }
    Ok(())
}

fn name(file: usize) -> String {
    format!("part{file:03}.rs")
}

fn text(file: usize, is_changed: bool) -> String {
    let line = |at: usize| match is_changed && at.is_multiple_of(STEP) {
        true => after(file, at),
        false => before(file, at),
    };
    (0..LINES).map(|at| line(at) + "\n").collect()
}

fn before(file: usize, line: usize) -> String {
    format!("pub const VALUE_{line:03}: u32 = {file} + {line};")
}

fn after(file: usize, line: usize) -> String {
    format!("pub const VALUE_{line:03}: u64 = {line} * {file}; // as it was agreed on")
}

/// What the model says: all of it in one response.
fn script() -> String {
    let edit = |file: usize, line: usize| json!({"old_text": before(file, line), "new_text": after(file, line)});
    let calls = (0..FILES).map(|file| {
        let edits: Vec<Value> = (0..LINES).step_by(STEP).map(|line| edit(file, line)).collect();
        format!("call edit {}\n", json!({"path": name(file), "edits": edits}))
    });
    format!("turn\n{}---\nsay \"ok\"\n", calls.collect::<String>())
}
