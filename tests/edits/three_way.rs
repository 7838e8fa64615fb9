//! Runs `Weave::follow` over the cases of `three_way.py`, and prints what came of them as a table.
//!
//! A hunk is pending or applied, the file moves on by something that does not tell how, and the
//! hunk is accepted or undone; bytes are compared. It ends with 1 if too few hunks with one right
//! place land there, or any lands elsewhere. What is right, the cases say.

use std::collections::{BTreeMap, HashMap};
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use changes::{Weave, apply, diff};
use protocol::Replacement;
use ropey::Rope;
use serde::Deserialize;
use serde_json::json;

/// Of the hunks with one right place, so many must land there.
const ENOUGH: f64 = 0.95;

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Deserialize)]
struct Case {
    way: String,
    name: String,
    /// The file when the hunk was proposed, and with the hunk.
    old: Text,
    with: Text,
    /// The lines of the old text that the hunk replaces, and with what.
    hunk: [usize; 2],
    new: String,
    /// The file as it is then.
    now: Text,
    /// The file with the hunk turned: what may come out, none if nobody can know what is right.
    truths: Vec<Text>,
    /// Whether the hunk was applied, and is to be undone.
    undo: bool,
    /// Whether there is one right place.
    clear: bool,
}

/// A version and runs of its lines that are others: from, to, and what stands there.
#[derive(Deserialize)]
struct Text(String, Vec<(usize, usize, String)>);

impl Text {
    fn read(&self, versions: &mut Versions) -> Result<String, Failure> {
        let Self(version, patches) = self;
        let version = versions.get(version)?;
        let lines: Vec<&str> = version.split_inclusive('\n').collect();
        let mut text = String::new();
        let mut from = 0;
        for (start, end, new) in patches {
            text.push_str(&lines[from..*start].concat());
            text.push_str(new);
            from = *end;
        }
        Ok(text + &lines[from..].concat())
    }
}

impl Case {
    /// What the hunk replaces in the old text: whole lines, but for what is the same at the ends.
    fn hunk(&self, old: &str) -> Vec<Replacement> {
        let [start, end] = self.hunk;
        let lines: Vec<&str> = old.split_inclusive('\n').collect();
        let before = lines[..start].concat().len();
        let found = diff(&lines[start..end].concat(), &self.new).into_iter();
        let shifted = found.map(|one| Replacement {
            start: one.start + before,
            end: one.end + before,
            text: one.text,
        });
        shifted.collect()
    }
}

struct Versions {
    folder: PathBuf,
    read: HashMap<String, String>,
}

impl Versions {
    fn get(&mut self, name: &str) -> Result<&str, Failure> {
        if !self.read.contains_key(name) {
            let text = std::fs::read_to_string(self.folder.join(name))?;
            self.read.insert(name.to_owned(), text);
        }
        Ok(&self.read[name])
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Right,
    Refused,
    Wrong,
}

#[derive(Default)]
struct Count {
    clear: [usize; 3],
    unclear: [usize; 3],
}

fn main() -> Result<ExitCode, Failure> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let folder = arguments.next().ok_or("usage: three_way FOLDER [REPORT]")?;
    let mut report = arguments.next().map(appended).transpose()?;
    let mut versions = Versions { folder: folder.join("versions"), read: HashMap::new() };
    let mut counts: BTreeMap<String, Count> = BTreeMap::new();
    let cases = std::fs::File::open(folder.join("three_way.jsonl"))?;
    for line in std::io::BufReader::new(cases).lines() {
        let case: Case = serde_json::from_str(&line?)?;
        let truths = case.truths.iter().map(|truth| truth.read(&mut versions));
        let truths = truths.collect::<Result<Vec<String>, Failure>>()?;
        let result = followed(&case, &mut versions)?;
        let outcome = match &result {
            Some(text) if truths.contains(text) => Outcome::Right,
            Some(_) => Outcome::Wrong,
            None => Outcome::Refused,
        };
        let count = counts.entry(case.way.clone()).or_default();
        let of = if case.clear { &mut count.clear } else { &mut count.unclear };
        of[outcome as usize] += 1;
        if let Some(report) = report.as_mut().filter(|_| outcome != Outcome::Right) {
            let story = json!({
                "way": case.way, "name": case.name, "clear": case.clear,
                "old": case.old.read(&mut versions)?, "with": case.with.read(&mut versions)?,
                "now": case.now.read(&mut versions)?, "truths": truths, "result": result,
            });
            writeln!(report, "{story}")?;
        }
    }
    let (table, is_enough) = table(&counts);
    std::io::stdout().lock().write_all(table.as_bytes())?;
    Ok(if is_enough { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn appended(path: impl AsRef<Path>) -> std::io::Result<std::fs::File> {
    std::fs::File::options().create(true).append(true).open(path)
}

/// The text after the hunk was turned; none if that was refused.
fn followed(case: &Case, versions: &mut Versions) -> Result<Option<String>, Failure> {
    let (old, with) = (case.old.read(versions)?, case.with.read(versions)?);
    let now = case.now.read(versions)?;
    let mut weave = Weave::new(old.len());
    let hunk = weave.propose(&case.hunk(&old), &[])?;
    let mut before = old;
    if case.undo {
        let plan = weave.plan(&BTreeMap::from([(hunk, true)]));
        weave.switch(&plan, &Rope::from_str(&before));
        before = with;
    }
    weave.follow(&before, &now)?;
    let plan = weave.plan(&BTreeMap::from([(hunk, !case.undo)]));
    if !plan.refused.is_empty() {
        return Ok(None);
    }
    Ok(Some(apply(&now, &plan.replacements)?))
}

fn table(counts: &BTreeMap<String, Count>) -> (String, bool) {
    let mut rows = vec![
        "| way | one right place: right | refused | wrong | else: right | refused | wrong |".into(),
        "| --- | --: | --: | --: | --: | --: | --: |".to_owned(),
    ];
    let mut all = Count::default();
    for (way, count) in counts {
        let figures = count.clear.iter().chain(&count.unclear).map(|count| format!(" {count} |"));
        rows.push(format!("| {way} |{}", figures.collect::<String>()));
        for at in 0..3 {
            all.clear[at] += count.clear[at];
            all.unclear[at] += count.unclear[at];
        }
    }
    let number = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    let clear: usize = all.clear.iter().sum();
    let share = number(all.clear[0]) / number(clear).max(1.0);
    let wrong = all.clear[2] + all.unclear[2];
    rows.push(format!(
        "\n{} of {clear} with one right place landed there ({:.2} %); of {} others {} landed where \
         they belong; {wrong} landed elsewhere.\n",
        all.clear[0],
        share * 100.0,
        all.unclear.iter().sum::<usize>(),
        all.unclear[0],
    ));
    (rows.join("\n"), wrong == 0 && share >= ENOUGH)
}
