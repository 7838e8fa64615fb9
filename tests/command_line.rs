//! The command line where it goes wrong: what it says, how it ends and what it leaves behind.
#![allow(clippy::unwrap_used, reason = "this is all test")]

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use tempfile::TempDir;

fn coworker(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coworker"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
    command.env("COWORKER_HOME", folder.join("state"));
    for name in ["COWORKER_MODEL", "COWORKER_LOG", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"] {
        command.env_remove(name);
    }
    command
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// How it ended, what it said on standard output and what on standard error.
fn said(command: &mut Command) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command.output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_prompt_without_a_model_leaves_no_session_behind() {
    let folder = folder();
    for arguments in [&["run", "hi"][..], &["run", "--json", "hi"], &["--model", "x", "run", "hi"]]
    {
        let (code, _, told) = said(&mut coworker(folder.path(), arguments));
        assert_eq!(code, Some(1), "{told}");
        assert!(!told.contains("--session"), "{told}");
        assert!(arguments.contains(&"--json") || told.contains("ANTHROPIC_API_KEY"), "{told}");
    }
    assert_eq!(said(&mut coworker(folder.path(), &["sessions", "--json"])).1, "");
}

#[test]
fn a_session_that_is_gone_on_with_stays_although_there_is_no_model() {
    let folder = folder();
    let script = folder.path().join("script.md");
    std::fs::write(&script, "```script\nturn\nsay \"one\"\n```\n").unwrap();
    let model = format!("script:{}", script.display());
    let (code, _, told) = said(&mut coworker(folder.path(), &["--model", &model, "run", "hi"]));
    assert_eq!(code, Some(0), "{told}");
    let listed = || said(&mut coworker(folder.path(), &["sessions", "--json"])).1;
    let before: serde_json::Value = serde_json::from_str(&listed()).unwrap();
    std::fs::remove_file(&script).unwrap();
    let id = before["id"].as_str().unwrap();
    let (code, _, told) = said(&mut coworker(folder.path(), &["run", "--session", id, "again"]));
    assert_eq!(code, Some(1), "{told}");
    assert!(listed().contains(id));
}

#[test]
fn who_stops_reading_is_told_nothing() {
    let folder = folder();
    for arguments in [&["doctor"][..], &["demo", "--yes"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let (code, _, told) = said(coworker(folder.path(), arguments).stdout(writer));
        assert_eq!((code, told.as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn a_line_that_is_no_answer_is_told_with_everything_in_it_to_be_seen() {
    let folder = folder();
    std::fs::write(folder.path().join("a.txt"), "old\n").unwrap();
    let call = r#"call edit {"path": "a.txt", "old_text": "old", "new_text": "new"}"#;
    let script = folder.path().join("script.md");
    std::fs::write(&script, format!("```script\nturn\n{call}\n---\nsay \"done\"\n```\n")).unwrap();
    let typed = folder.path().join("typed");
    std::fs::write(&typed, b"\x1b[2K\xff\n").unwrap();
    let model = format!("script:{}", script.display());
    let mut command = coworker(folder.path(), &["--model", &model, "run", "--json", "hi"]);
    let (code, updates, told) = said(command.stdin(std::fs::File::open(typed).unwrap()));
    assert_eq!(code, Some(0), "{told}");
    assert!(told.contains("no answer") && told.ends_with(": \\u{1b}[2K\u{fffd}\n"), "{told:?}");
    assert!(updates.contains("Nobody could be asked"), "{updates}");
}
