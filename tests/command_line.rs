//! The command line as people and scripts use it: what it says, how it ends and what it leaves
//! behind. Each test starts the real binary in a folder of its own.
#![allow(clippy::unwrap_used, clippy::panic, reason = "this is all test")]

#[path = "support/environment.rs"]
mod environment;

#[path = "command_line/around.rs"]
mod around;
#[path = "command_line/auth.rs"]
mod auth;
#[path = "command_line/checkpoints.rs"]
mod checkpoints;
#[path = "command_line/configuration.rs"]
mod configuration;
#[path = "command_line/editor.rs"]
mod editor;
#[cfg(unix)]
#[path = "command_line/hunks.rs"]
mod hunks;
#[path = "command_line/run.rs"]
mod run;
#[path = "command_line/sessions.rs"]
mod sessions;
#[cfg(unix)]
#[path = "command_line/terminal.rs"]
mod terminal;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

/// Done, failed, used wrongly, and so on: the exit codes that the help promises.
const DONE: Option<i32> = Some(0);
const FAILED: Option<i32> = Some(1);
const USAGE: Option<i32> = Some(2);
const UNANSWERED: Option<i32> = Some(4);
const NO_MODEL: Option<i32> = Some(5);

/// A folder with a project and, apart from it, what Coworker keeps.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir(place.project()).unwrap();
        place
    }

    fn project(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap().join("project")
    }

    fn home(&self) -> PathBuf {
        self.0.path().join("home")
    }

    /// Writes a file, with the folders above it.
    fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// The name of a model that plays this script.
    fn script(&self, script: &str) -> String {
        let text = format!("```script\n{script}\n```\n");
        format!("script:{}", self.write("script.md", &text).display())
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coworker"));
        command.args(arguments).current_dir(self.project()).stdin(Stdio::null());
        environment::clear(&mut command);
        command.env("COWORKER_HOME", self.home());
        command
    }

    /// Runs it and gives how it ended, what it said on standard output and on standard error.
    fn said(&self, arguments: &[&str]) -> Said {
        said(&mut self.command(arguments))
    }

    /// Asks a scripted model, in a session that must come to its end.
    fn ask(&self, model: &str, prompt: &str) -> String {
        let (code, out, told) = self.said(&["--model", model, "run", prompt]);
        assert_eq!(code, DONE, "{told}");
        out
    }

    /// The sessions there are, the last used first.
    fn sessions(&self) -> Vec<Value> {
        json_lines(&self.said(&["sessions", "--json"]).1)
    }
}

type Said = (Option<i32>, String, String);

fn said(command: &mut Command) -> Said {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn json_lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Standard input with this text, and then its end.
fn typed(place: &Place, text: impl AsRef<[u8]>) -> File {
    let path = place.0.path().join("typed");
    fs::write(&path, text).unwrap();
    File::open(path).unwrap()
}

/// A script whose model says one thing.
fn says(text: &str) -> String {
    format!("turn\nsay \"{text}\"")
}

/// A script whose model changes `a.txt`, which has to be allowed.
const EDITS: &str = "turn\n\
    call edit {\"path\": \"a.txt\", \"old_text\": \"old\", \"new_text\": \"new\"}\n---\nsay \"done\"";

/// A place with one session, in which the model has changed `a.txt`, and the id of it.
fn with_a_session() -> (Place, String) {
    let place = Place::new();
    place.write("project/a.txt", "old\n");
    let model = place.script(EDITS);
    assert_eq!(place.said(&["--model", &model, "run", "--yes", "make it new"]).0, DONE);
    let id = place.sessions()[0]["id"].as_str().unwrap().to_owned();
    (place, id)
}

#[test]
fn who_stops_reading_is_told_nothing() {
    let place = Place::new();
    for arguments in [&["doctor"][..], &["demo", "--yes"], &["sessions"], &["config"], &["man"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (code, _, told) = said(place.command(arguments).stdout(writer));
        assert_eq!((code, told.as_str()), (DONE, ""), "{arguments:?}");
    }
}

#[test]
fn every_error_says_the_way_out() {
    let place = Place::new();
    place.write("home/config.toml", "modle = 'x'\n");
    let broken = Place::new();
    broken.write("home", "a file where a folder should be");
    let trials: [(&Place, &[&str], Option<i32>, &str); 7] = [
        (
            &place,
            &["run", "hi"],
            USAGE,
            "config.toml:1: there is no key `modle`; did you mean `model`?",
        ),
        (&Place::new(), &["run", "hi"], NO_MODEL, "ANTHROPIC_API_KEY"),
        (&Place::new(), &["run", "--continue", "hi"], USAGE, "leave out --continue"),
        (&Place::new(), &["run", "--session", "x", "hi"], FAILED, "`coworker sessions` lists"),
        (&Place::new(), &["sessions", "show", "x"], FAILED, "`coworker sessions` lists"),
        (&Place::new(), &["trust", "nowhere"], USAGE, "not a folder"),
        (&broken, &["sessions"], FAILED, "set COWORKER_HOME"),
    ];
    for (place, arguments, expected, way_out) in trials {
        let (code, out, told) = place.said(arguments);
        assert_eq!((code, out.as_str()), (expected, ""), "{arguments:?}: {told}");
        assert!(told.contains(way_out), "{arguments:?}: {told}");
    }
}
