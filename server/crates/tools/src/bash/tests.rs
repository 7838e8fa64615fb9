//! Commands on real processes.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::process::{Command, Stdio};

use engine::Work;
use protocol::{Effect, ErrorCode};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::watchdog::Watchdog;
use crate::tests::Folder;

async fn bash(folder: &Folder, command: &str) -> String {
    folder.run("bash", json!({"command": command})).await.unwrap()
}

#[tokio::test]
async fn both_streams_come_in_order_with_the_exit_code() {
    let folder = Folder::new(&[]);
    assert_eq!(
        bash(&folder, "echo one; echo two >&2; echo three; exit 3").await,
        "one\ntwo\nthree\nexit code 3"
    );
    assert_eq!(bash(&folder, "true").await, "(no output)\nexit code 0");
    assert_eq!(bash(&folder, "printf x; kill -9 $$").await, "x\nended by SIGKILL (signal 9)");
}

#[tokio::test]
async fn the_whole_command_is_shown_and_runs_in_the_root() {
    let folder = Folder::new(&[]);
    let input = json!({"command": "pwd -P\necho \u{1b}[2K", "description": "look"});
    let call = folder.prepare("bash", input).await.unwrap();
    assert_eq!(call.title, "Run `pwd -P⏎echo \u{1b}[2K` (look)");
    let command = "pwd -P\necho \u{1b}[2K".to_owned();
    assert_eq!(call.effects, [Effect::Run { command, folder: folder.root.clone() }]);
    let Work::Run(work) = call.work else { panic!() };
    assert!(work.await.unwrap().text.starts_with(&format!("{}\n", folder.root)));
}

#[tokio::test]
async fn a_command_starts_in_the_folder_it_names() {
    let folder = Folder::new(&[("sub/deeper/file", "")]);
    let input = json!({"command": "pwd -P", "folder": "sub/deeper"});
    let call = folder.prepare("bash", input).await.unwrap();
    assert_eq!(call.title, "Run `pwd -P` in sub/deeper");
    let started = folder.path("sub/deeper");
    assert_eq!(call.effects, [Effect::Run { command: "pwd -P".into(), folder: started.clone() }]);
    let Work::Run(work) = call.work else { panic!() };
    assert_eq!(work.await.unwrap().text, format!("{started}\nexit code 0"));
}

#[tokio::test]
async fn people_see_an_ending_that_is_not_as_expected() {
    let folder = Folder::new(&[]);
    for (command, ending) in [
        ("true", None),
        ("exit 2", Some("exit code 2")),
        ("kill $$", Some("ended by SIGTERM (signal 15)")),
    ] {
        let call = folder.prepare("bash", json!({"command": command})).await.unwrap();
        let Work::Run(work) = call.work else { panic!() };
        assert_eq!(work.await.unwrap().ending.as_deref(), ending);
    }
}

#[tokio::test]
async fn nothing_runs_until_it_is_polled() {
    let folder = Folder::new(&[]);
    drop(folder.prepare("bash", json!({"command": "touch made"})).await.unwrap());
    assert!(!folder.on_disk("made").exists());
}

#[tokio::test]
async fn only_what_is_allowed_is_in_the_environment() {
    let folder = Folder::new(&[]);
    let text = bash(&folder, "env").await;
    let names: Vec<&str> =
        text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    assert!(names.contains(&"PATH") && text.contains("TERM=dumb\n"), "{text}");
    // The shell adds its own.
    let expected = ["PATH", "TERM", "PWD", "OLDPWD", "SHLVL", "_"];
    assert!(names.iter().all(|name| expected.contains(name)), "{text}");
}

#[tokio::test]
async fn nothing_can_be_typed_into_it() {
    let folder = Folder::new(&[]);
    let text = bash(&folder, "read -r line || echo no input; : < /dev/tty").await;
    assert!(text.starts_with("no input\n") && text.ends_with("exit code 1"), "{text}");
}

#[tokio::test]
async fn a_long_output_keeps_head_and_tail() {
    let folder = Folder::new(&[]);
    let text = bash(&folder, "echo first; head -c 100000 /dev/zero | tr '\\0' x; echo last").await;
    assert!(text.starts_with("first\nxxx"), "{text}");
    assert!(text.contains("\n… 70011 characters left out …\n"), "{text}");
    assert!(text.ends_with("xxlast\nexit code 0"), "{text}");
}

#[tokio::test]
async fn bad_bytes_and_terminal_codes_do_no_harm() {
    let folder = Folder::new(&[]);
    let text = bash(&folder, r"printf '\033[31mred\033[0m \377 end\n'").await;
    assert_eq!(text, "red \u{fffd} end\nexit code 0");
}

#[tokio::test]
async fn a_command_that_takes_too_long_is_stopped_with_its_output() {
    let folder = Folder::new(&[]);
    let input = json!({"command": "echo begun; trap 'echo tidied; exit' TERM; sleep 600 & wait", "timeout": 0.3});
    let (code, message) = folder.refusal("bash", input).await;
    assert_eq!(code, ErrorCode::CommandTimedOut);
    assert!(message.starts_with("begun\ntidied\nstopped after 0.3 s"), "{message}");
}

#[tokio::test]
async fn a_command_that_does_not_listen_is_killed() {
    let folder = Folder::new(&[]);
    let lifeline = Lifeline::new(&folder);
    let command = format!("{HOLD} trap '' TERM; while :; do sleep 600; done");
    let (code, _) = folder.refusal("bash", json!({"command": command, "timeout": 0.3})).await;
    assert_eq!(code, ErrorCode::CommandTimedOut);
    lifeline.ended.await.unwrap();
}

#[tokio::test]
async fn dropping_the_call_stops_all_of_it() {
    let folder = Folder::new(&[]);
    let lifeline = Lifeline::new(&folder);
    let command = format!("{HOLD} sleep 600 & sleep 600; wait");
    let call = folder.prepare("bash", json!({"command": command})).await.unwrap();
    let Work::Run(work) = call.work else { panic!() };
    tokio::select! {
        _ = work => panic!("it ended by itself"),
        begun = lifeline.begun => begun.unwrap(),
    }
    lifeline.ended.await.unwrap();
}

#[tokio::test]
async fn what_is_left_in_the_background_neither_hangs_the_call_nor_lives_on() {
    let folder = Folder::new(&[]);
    let lifeline = Lifeline::new(&folder);
    assert_eq!(
        bash(&folder, &format!("{HOLD} sleep 600 & echo done")).await,
        "done\n(what it had left running in the background was stopped)\nexit code 0"
    );
    lifeline.ended.await.unwrap();
}

#[tokio::test]
async fn what_is_left_in_the_background_may_be_silent() {
    let folder = Folder::new(&[]);
    let lifeline = Lifeline::new(&folder);
    let command = format!("{HOLD} sleep 600 >/dev/null 2>&1 & echo done");
    assert_eq!(bash(&folder, &command).await, "done\nexit code 0");
    lifeline.ended.await.unwrap();
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn what_leaves_the_group_but_not_the_session_is_stopped_too() {
    let folder = Folder::new(&[]);
    let lifeline = Lifeline::new(&folder);
    let command = format!("{HOLD} set -m; sleep 600 >/dev/null 2>&1 & echo done");
    assert_eq!(bash(&folder, &command).await, "done\nexit code 0");
    lifeline.ended.await.unwrap();
}

#[test]
fn the_watchdog_kills_what_it_watches_when_this_process_is_gone() {
    let sleep = || Command::new("sleep").arg("600").process_group(0).spawn().unwrap();
    let (mut released, mut watched) = (sleep(), sleep());
    let watchdog = Watchdog::start().unwrap();
    watchdog.watch(released.id());
    watchdog.watch(watched.id());
    watchdog.release(released.id());
    drop(watchdog);
    assert_eq!(watched.wait().unwrap().signal(), Some(9));
    assert!(released.try_wait().unwrap().is_none());
    released.kill().unwrap();
    released.wait().unwrap();
}

#[cfg(target_os = "linux")]
#[test]
fn the_watchdog_kills_what_has_left_its_group() {
    let mut shell = Command::new("setsid")
        .args(["bash", "-c", "set -m; sleep 600 & echo begun; wait"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(shell.stdout.take().unwrap());
    output.read_line(&mut String::new()).unwrap();
    let watchdog = Watchdog::start().unwrap();
    watchdog.watch(shell.id());
    drop(watchdog);
    // Ends when the last process that could write has ended; if not, the test hangs.
    output.read_to_end(&mut Vec::new()).unwrap();
    shell.wait().unwrap();
}

#[tokio::test]
async fn bad_arguments_are_refused_before_anything_starts() {
    let folder = Folder::new(&[("file", "text")]);
    for (input, named) in [
        (json!({"command": " "}), "`command` is empty"),
        (json!({"command": "echo \u{0}"}), "NUL"),
        (json!({"command": "true", "timeout": 120_000}), "in seconds, more than 0 and at most 600"),
        (json!({"command": "true", "timeout": 0}), "`timeout`"),
        (json!({"command": "true", "timeout": -1}), "`timeout`"),
        (json!({"command": "true", "timeout": 5, "background": true}), "waited for"),
        (json!({"command": "true", "folder": "nowhere"}), "no folder `nowhere`"),
        (json!({"command": "true", "folder": "file"}), "no folder `file`"),
    ] {
        let (code, message) = folder.refusal("bash", input).await;
        assert_eq!(code, ErrorCode::BadToolArguments);
        assert!(message.contains(named), "{message}");
    }
}

#[tokio::test]
async fn a_command_that_cannot_start_is_an_error() {
    let folder = Folder::new(&[]);
    let too_long = "x".repeat(10_000_000);
    let (code, message) = folder.refusal("bash", json!({"command": too_long})).await;
    assert_eq!(code, ErrorCode::ToolFailed);
    assert!(message.starts_with("the command did not start: "), "{message}");
}

/// A pipe that a command holds open for as long as one of its processes lives.
pub(super) struct Lifeline {
    pub(super) begun: oneshot::Receiver<()>,
    pub(super) ended: JoinHandle<()>,
}

/// How a command takes hold of it.
pub(super) const HOLD: &str = "exec 3>pipe; echo begun >&3; ";

impl Lifeline {
    pub(super) fn new(folder: &Folder) -> Self {
        let pipe = folder.on_disk("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let (begin, begun) = oneshot::channel();
        let ended = tokio::task::spawn_blocking(move || {
            let mut pipe = BufReader::new(File::open(pipe).unwrap());
            pipe.read_line(&mut String::new()).unwrap();
            begin.send(()).unwrap();
            // Ends when the last process that holds the pipe has ended; if not, the test hangs.
            pipe.read_to_end(&mut Vec::new()).unwrap();
        });
        Self { begun, ended }
    }
}
