//! What a scenario leaves behind: files, buffers, and a database that can be made read-only.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, OpenOptions},
    io::{Seek, SeekFrom, Write},
    path::Path,
};

use anyhow::{Context, Result};
use protocol::{AbsPath, ItemBody, Status};

use super::{
    front::{Front, path},
    parse::Scenario,
    step::Action,
};
use crate::{record::Record, stage::Stage};

/// Where an SQLite file says how it is to be written.
const WRITE_VERSION: u64 = 18;

/// Makes an SQLite file read-only or writable. Permissions would not do: the superuser, whom
/// many test machines run as, is above them. SQLite only reads a file whose write version is
/// newer than it knows.
pub(super) fn set_writable(file: &AbsPath, writable: bool) -> Result<()> {
    if !writable {
        // What stands in the journal of the database counts before what stands in its file.
        let database = rusqlite::Connection::open(file.as_std_path())?;
        database.query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))?;
    }
    let mut file = OpenOptions::new().write(true).open(file.as_std_path())?;
    file.seek(SeekFrom::Start(WRITE_VERSION))?;
    Ok(file.write_all(&[if writable { 2 } else { 3 }])?)
}

/// Whether the script did not fit what the model was sent.
pub(super) fn of_script(record: &Record) -> Vec<String> {
    let ends = record.ends.iter().filter_map(|(_, status)| match status {
        Status::Idle { error: Some(error), .. } => Some(error.message.clone()),
        _ => None,
    });
    let said = record.state.items.iter().filter_map(|item| match &item.body {
        ItemBody::AgentMessage { text } => Some(text.clone()),
        _ => None,
    });
    ends.chain(said).filter(|text| text.starts_with("The script ")).collect()
}

/// Whether a file of the project is other than the scenario says.
pub(super) fn of_files(scenario: &Scenario, stage: &Stage) -> Result<Vec<String>> {
    let mut expected = scenario.files.clone();
    expected.extend(scenario.files_after.clone());
    expected.retain(|name, _| !scenario.gone.contains(name));
    let mut found = BTreeMap::new();
    collect(stage.root.as_std_path(), "", &mut found)?;
    Ok(differences("file", &expected, &found))
}

/// Whether an open document is other than the scenario says.
pub(super) fn of_buffers(
    scenario: &Scenario,
    stage: &Stage,
    front: &impl Front,
) -> Result<Vec<String>> {
    let (mut expected, mut found) = (BTreeMap::new(), BTreeMap::new());
    let mut open = BTreeSet::new();
    for step in &scenario.steps {
        match &step.action {
            Action::Open { path, .. } => _ = open.insert(path),
            Action::Close { path } | Action::Delete { path } => _ = open.remove(path),
            Action::Rename { from, to } if open.remove(from) => _ = open.insert(to),
            _ => {}
        }
    }
    for name in open {
        let path = path(stage, name)?;
        let text = front.text(&path).with_context(|| format!("{name} is not open any more"))?;
        found.insert(name.clone(), text.into_bytes());
        if let Ok(bytes) = fs::read(path.as_std_path()) {
            expected.insert(name.clone(), bytes);
        }
    }
    expected.extend(scenario.buffers_after.clone());
    Ok(differences("buffer", &expected, &found))
}

type Texts = BTreeMap<String, Vec<u8>>;

fn differences(what: &str, expected: &Texts, found: &Texts) -> Vec<String> {
    let mut differences = Vec::new();
    for (name, bytes) in expected {
        match found.get(name) {
            None => differences.push(format!("the {what} {name} is missing")),
            Some(now) if now == bytes => {}
            Some(now) => {
                let [said, now] = [bytes, now].map(|bytes| String::from_utf8_lossy(bytes));
                let diff = changes::unified(name, Some(&said), &now);
                differences.push(format!("the {what} {name} is not as said:\n{diff}"));
            }
        }
    }
    let extra = found.keys().filter(|name| !expected.contains_key(*name));
    differences.extend(extra.map(|name| format!("nothing is said of the {what} {name}")));
    differences
}

fn collect(folder: &Path, prefix: &str, found: &mut Texts) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type()?.is_dir() {
            collect(&entry.path(), &format!("{name}/"), found)?;
        } else {
            found.insert(name, fs::read(entry.path())?);
        }
    }
    Ok(())
}
