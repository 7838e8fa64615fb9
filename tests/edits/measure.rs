//! Runs the tool `edit` over the cases of `corpus.py`, and prints what came of them as a table.
//!
//! It calls the real tool over real files, with and without what was read, and compares bytes.
//! It ends with 1 if too few edits with one right place land there, or any lands elsewhere or
//! damages other bytes. What is right, the cases say; this file knows no more of places than they.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

use engine::{Documents as _, Tool, ToolContext, Work};
use protocol::{AbsPath, ErrorCode};
use serde::Deserialize;
use serde_json::{Value, json};
use tools::{Environment, built_in};
use workspace::{Limits, Workspace};

/// Of the edits with one right place, so many must land there.
const ENOUGH: f64 = 0.95;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Deserialize)]
struct Case {
    way: String,
    name: String,
    base: String,
    now: Difference,
    seen: Difference,
    shown: (u32, u32),
    edits: Vec<Value>,
    /// Bytes at the beginning and at the end that may not change.
    keep: (usize, usize),
    accept: Vec<String>,
    accept_unread: Vec<String>,
    loosely: String,
}

/// Bytes at the beginning and at the end as in the base, and what stands between.
#[derive(Deserialize)]
struct Difference(usize, usize, String);

impl Difference {
    fn of(&self, base: &str) -> String {
        let Self(front, back, between) = self;
        [&base[..*front], between, &base[base.len() - back..]].concat()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Right,
    Refused,
    Wrong,
    Damaged,
}

#[derive(Default)]
struct Count {
    /// Cases with one right place, and how many of them were placed there.
    with_place: usize,
    placed: usize,
    /// Cases without one, and how many of them were refused.
    without_place: usize,
    left: usize,
    wrong: usize,
    damaged: usize,
}

impl Count {
    fn add(&mut self, has_place: bool, outcome: Outcome) {
        let (cases, right) = if has_place {
            (&mut self.with_place, &mut self.placed)
        } else {
            (&mut self.without_place, &mut self.left)
        };
        *cases += 1;
        *right += usize::from(outcome == Outcome::Right);
        self.wrong += usize::from(outcome == Outcome::Wrong);
        self.damaged += usize::from(outcome == Outcome::Damaged);
    }

    fn refused(&self) -> usize {
        self.with_place + self.without_place - self.placed - self.left - self.wrong - self.damaged
    }
}

fn main() -> Result<ExitCode, Failure> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().ok_or("usage: measure FOLDER [REPORT]")?;
    let mut report = arguments.next().map(std::fs::File::create).transpose()?;
    let threads = std::thread::available_parallelism()?.get();
    let (send, results) = sync_channel(64);
    let mut counts: BTreeMap<String, [Count; 2]> = BTreeMap::new();
    std::thread::scope(|scope| -> Result<(), Failure> {
        for nth in 0..threads {
            let (send, folder) = (send.clone(), &folder);
            scope.spawn(move || {
                if let Err(error) = run(folder, nth, threads, &|result| {
                    let _ = send.send(Ok(result));
                }) {
                    let _ = send.send(Err(error));
                }
            });
        }
        drop(send);
        for result in results {
            let Told { way, read, has_place, outcome, story } = result?;
            counts.entry(way).or_default()[usize::from(!read)].add(has_place, outcome);
            if let Some(report) = &mut report
                && outcome != Outcome::Right
            {
                writeln!(report, "{story}")?;
            }
        }
        Ok(())
    })?;
    let mut out = std::io::stdout().lock();
    out.write_all(table(&counts).as_bytes())?;
    Ok(if is_enough(&counts) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

struct Told {
    way: String,
    read: bool,
    has_place: bool,
    outcome: Outcome,
    /// The case and what came of it, for people who look into one.
    story: String,
}

fn run(folder: &Path, nth: usize, of: usize, tell: &dyn Fn(Told)) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let stage = Stage::new()?;
    let cases = std::io::BufReader::new(std::fs::File::open(folder.join("cases.jsonl"))?).lines();
    for line in cases.skip(nth).step_by(of) {
        let case: Case = serde_json::from_str(&line?)?;
        let base = std::fs::read_to_string(folder.join("texts").join(&case.base))?;
        let (now, seen) = (case.now.of(&base), case.seen.of(&base));
        for read in [true, false] {
            let shown = read.then_some((seen.as_str(), case.shown));
            let after = runtime.block_on(stage.edited(&now, shown, &case.edits))?;
            let accept = if read { &case.accept } else { &case.accept_unread };
            let outcome = outcome(&case, &now, accept, after.as_deref().ok());
            let story = json!({
                "way": case.way, "name": case.name, "read": read, "now": now, "edits": case.edits,
                "accept": accept, "after": after.as_ref().ok(), "refusal": after.as_ref().err(),
            });
            let has_place = !accept.is_empty();
            tell(Told {
                way: case.way.clone(),
                read,
                has_place,
                outcome,
                story: story.to_string(),
            });
        }
    }
    Ok(())
}

/// A folder with one file, and the tool.
struct Stage {
    _disk: tempfile::TempDir,
    root: AbsPath,
    workspace: Workspace,
    tool: Arc<dyn Tool>,
}

impl Stage {
    fn new() -> Result<Self, Failure> {
        let disk = tempfile::tempdir()?;
        let root = AbsPath::new(disk.path().canonicalize()?.to_str().ok_or("not UTF-8")?)?;
        let workspace = Workspace::new(Limits::default());
        let environment = Environment::allowed_of(Vec::new());
        let mut tools = built_in(workspace.clone(), environment).into_iter();
        let tool = tools.find(|tool| tool.spec().name == "edit").ok_or("there is no `edit`")?;
        Ok(Self { _disk: disk, root, workspace, tool })
    }

    /// The file after the edits are written, or why they were refused.
    async fn edited(
        &self,
        now: &str,
        seen: Option<(&str, (u32, u32))>,
        edits: &[Value],
    ) -> Result<Result<String, String>, Failure> {
        let path = self.root.join("file")?;
        let context = ToolContext::detached(self.root.clone(), Arc::new(self.workspace.clone()));
        if let Some((seen, (first, last))) = seen {
            std::fs::write(path.as_std_path(), seen)?;
            let snapshot = self.workspace.snapshot(&path).await?;
            context.session.saw(&path, &snapshot.text, first..last);
        }
        std::fs::write(path.as_std_path(), now)?;
        let prepared = self.tool.prepare(json!({"path": "file", "edits": edits}), &context).await;
        let error = match prepared.map(|prepared| prepared.work) {
            Ok(Work::Propose(proposed)) => {
                let edit = proposed.first().ok_or("nothing is proposed")?;
                let text = context.editable(&path).await?.text;
                let after = changes::apply(&text, &edit.replacements)?;
                let expected = edit.base.as_ref().map(|base| base.hash.as_str());
                self.workspace.write(&path, expected, &after).await?;
                return Ok(Ok(std::fs::read_to_string(path.as_std_path())?));
            }
            Ok(Work::Run(work)) => match work.await {
                Ok(output) => return Err(output.text.into()),
                Err(error) => error,
            },
            Ok(_) => return Err("another kind of work".into()),
            Err(error) => error,
        };
        if error.code == ErrorCode::Internal {
            return Err(error.message.into());
        }
        Ok(Err(error.message))
    }
}

fn outcome(case: &Case, now: &str, accept: &[String], after: Option<&str>) -> Outcome {
    let after = match after {
        Some(after) if after != now => after,
        _ if accept.is_empty() => return Outcome::Right,
        _ => return Outcome::Refused,
    };
    let (front, back) = case.keep;
    let (head, tail) = (&now[..front], &now[now.len() - back..]);
    let middle = after.strip_prefix(head).and_then(|rest| rest.strip_suffix(tail));
    let Some(middle) = middle else {
        // Right in its place, and something else as well.
        let there =
            accept.iter().any(|accept| !accept.is_empty() && after.contains(accept.as_str()));
        return if there { Outcome::Damaged } else { Outcome::Wrong };
    };
    let form = |text: &str| loosely(text, &case.loosely);
    let right = accept.iter().any(|accept| form(accept) == form(middle));
    if right { Outcome::Right } else { Outcome::Wrong }
}

fn loosely(text: &str, what: &str) -> String {
    match what {
        "breaks" => text.replace("\r\n", "\n"),
        "trailing" => text.lines().map(|line| format!("{}\n", line.trim_end())).collect(),
        "typography" => text
            .chars()
            .map(|c| match c {
                '\u{2019}' => '\'',
                '\u{201c}' | '\u{201d}' => '"',
                '\u{2013}' => '-',
                c => c,
            })
            .collect(),
        _ => text.to_owned(),
    }
}

fn table(counts: &BTreeMap<String, [Count; 2]>) -> String {
    let mut table = String::from(
        "| way | cases | read: right | refused | wrong | damaged | by the text: right | refused | wrong | damaged |\n\
         | --- | --: | --: | --: | --: | --: | --: | --: | --: | --: |\n",
    );
    for (way, both) in counts {
        let cases = both[0].with_place + both[0].without_place;
        let _ = write!(table, "| {way} | {cases} |");
        for count in both {
            let right = count.placed + count.left;
            let refused = count.refused();
            let _ = write!(table, " {right} | {refused} | {} | {} |", count.wrong, count.damaged);
        }
        table.push('\n');
    }
    for (read, name) in [(0, "With what was read"), (1, "By the text alone")] {
        let sum =
            |of: fn(&Count) -> usize| counts.values().map(|both| of(&both[read])).sum::<usize>();
        let (placed, with) = (sum(|count| count.placed), sum(|count| count.with_place));
        let (left, without) = (sum(|count| count.left), sum(|count| count.without_place));
        let (wrong, damaged) = (sum(|count| count.wrong), sum(|count| count.damaged));
        let _ = writeln!(
            table,
            "\n{name}: {placed} of {with} with one right place landed there ({:.2} %), {left} of \
             {without} without one were left alone, {wrong} landed elsewhere, {damaged} damaged \
             other bytes.",
            share(placed, with) * 100.0
        );
    }
    table
}

fn is_enough(counts: &BTreeMap<String, [Count; 2]>) -> bool {
    let all =
        |of: fn(&Count) -> usize, read: usize| counts.values().map(|both| of(&both[read])).sum();
    !counts.is_empty()
        && (0..2).all(|read| {
            all(|count| count.wrong + count.damaged, read) == 0
                && share(all(|count| count.placed, read), all(|count| count.with_place, read))
                    >= ENOUGH
        })
}

fn share(part: usize, all: usize) -> f64 {
    let number = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    number(part) / number(all).max(1.0)
}
