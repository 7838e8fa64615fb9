//! Commands in the background, on real processes.

use std::sync::Arc;

use engine::{Output, ToolError, Work};
use protocol::ErrorCode;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::super::tests::{HOLD, Lifeline};
use super::super::watchdog::Watchdog;
use super::*;
use crate::Environment;
use crate::tests::Folder;

async fn call(folder: &Folder, tool: &str, input: Value) -> Result<Output, ToolError> {
    match folder.prepare(tool, input).await?.work {
        Work::Run(work) => work.await,
        _ => panic!("the call proposes something"),
    }
}

async fn start(folder: &Folder, command: &str) -> String {
    let input = json!({"command": command, "background": true});
    call(folder, "bash", input).await.unwrap().text
}

async fn output(folder: &Folder, input: Value) -> String {
    call(folder, "bashOutput", input).await.unwrap().text
}

/// Goes on when the command has written a line into the file.
const AWAIT: &str = "mkfifo go; echo begun; read -r _ < go; ";

fn go_on(folder: &Folder) {
    std::fs::write(folder.on_disk("go"), "\n").unwrap();
}

#[tokio::test]
async fn a_command_in_the_background_is_answered_at_once_and_read_later() {
    let folder = Folder::new(&[]);
    let started = start(&folder, &format!("{AWAIT} echo more; exit 3")).await;
    assert_eq!(started, "begun\nbash_1 runs in the background");
    let looked = output(&folder, json!({"job": "bash_1"})).await;
    assert!(looked.starts_with("(no new output)\nbash_1 is still running, for "), "{looked}");

    go_on(&folder);
    let waited = call(&folder, "bashOutput", json!({"job": "bash_1", "wait": 600})).await.unwrap();
    assert_eq!(waited.text, "more\nbash_1 has ended: exit code 3");
    assert_eq!(waited.ending.as_deref(), Some("exit code 3"));
    let again = output(&folder, json!({"job": "bash_1", "wait": 600})).await;
    assert_eq!(again, "(no new output)\nbash_1 has ended: exit code 3");
}

#[tokio::test]
async fn the_titles_say_what_is_done_to_which_command() {
    let folder = Folder::new(&[]);
    let input = json!({"command": "sleep 600", "background": true});
    let call = folder.prepare("bash", input).await.unwrap();
    assert_eq!(call.title, "Run `sleep 600` in the background");
    start(&folder, "echo; sleep 600").await;
    for (input, title) in [
        (json!({"job": "bash_1"}), "Look at bash_1 (`echo; sleep 600`)"),
        (json!({"job": "bash_1", "wait": 5}), "Wait for bash_1 (`echo; sleep 600`)"),
        (json!({"job": "bash_1", "stop": true}), "Stop bash_1 (`echo; sleep 600`)"),
    ] {
        let call = folder.prepare("bashOutput", input).await.unwrap();
        assert_eq!((call.title.as_str(), call.effects.as_slice()), (title, [].as_slice()));
    }
}

#[tokio::test]
async fn what_ends_at_once_is_told_at_once() {
    let folder = Folder::new(&[]);
    assert_eq!(start(&folder, "echo no; exit 1").await, "no\nbash_1 has ended: exit code 1");
    let left = "(what it had left running in the background was stopped)";
    let started = start(&folder, "sleep 600 & echo off").await;
    let rest = output(&folder, json!({"job": "bash_2", "wait": 600})).await;
    // Which of the two says so depends on how soon it was seen.
    assert!(format!("{started}{rest}").contains(left), "{started}\n{rest}");
    assert!(rest.ends_with("bash_2 has ended: exit code 0"), "{rest}");
}

#[tokio::test]
async fn to_stop_is_to_stop_all_of_it_and_read_the_rest() {
    let folder = Folder::new(&[]);
    let lifeline = Lifeline::new(&folder);
    let command = format!("{HOLD} trap 'echo tidied; exit' TERM; echo begun; sleep 600 & wait");
    start(&folder, &command).await;
    let stopped =
        call(&folder, "bashOutput", json!({"job": "bash_1", "stop": true})).await.unwrap();
    assert_eq!(stopped.text, "tidied\nbash_1 has ended: stopped");
    assert_eq!(stopped.ending, None);
    lifeline.ended.await.unwrap();
}

#[tokio::test]
async fn waiting_has_an_end() {
    let folder = Folder::new(&[]);
    start(&folder, "echo begun; sleep 600").await;
    let waited = output(&folder, json!({"job": "bash_1", "wait": 0.01})).await;
    assert!(waited.contains("bash_1 is still running"), "{waited}");
}

#[tokio::test]
async fn an_end_that_nobody_saw_is_told_with_the_next_result() {
    let folder = Folder::new(&[]);
    start(&folder, &format!("{AWAIT} exit 7")).await;
    start(&folder, "echo; sleep 600").await;
    go_on(&folder);
    // It is over when nobody reads from the pipe any more; soon after, that is known here.
    let told = loop {
        let text = call(&folder, "bash", json!({"command": "true"})).await.unwrap().text;
        if text != "(no output)\nexit code 0" {
            break text;
        }
    };
    let news = "(bash_1 has ended meanwhile: exit code 7; `bashOutput` has its output)\n";
    assert_eq!(told, format!("(no output)\n{news}exit code 0"));
    let next = output(&folder, json!({"job": "bash_2"})).await;
    assert!(!next.contains("bash_1"), "{next}");
}

#[tokio::test]
async fn a_long_output_nobody_reads_keeps_head_and_tail() {
    let folder = Folder::new(&[]);
    start(&folder, &format!("{AWAIT} head -c 1000000 /dev/zero | tr '\\0' x; echo; echo last"))
        .await;
    go_on(&folder);
    let text = output(&folder, json!({"job": "bash_1", "wait": 600})).await;
    assert!(text.len() < 31_000, "{}", text.len());
    assert!(text.contains(" characters left out …\n"), "{text}");
    assert!(text.ends_with("x\nlast\nbash_1 has ended: exit code 0"), "{text}");
}

#[tokio::test]
async fn only_so_many_run_at_a_time() {
    let folder = Folder::new(&[]);
    for _ in 0..MOST_RUNNING {
        start(&folder, "echo; sleep 600").await;
    }
    let one_more = json!({"command": "touch ran; echo", "background": true});
    let (code, message) = folder.refusal("bash", one_more.clone()).await;
    assert_eq!(code, ErrorCode::ToolFailed);
    assert!(message.contains("8 commands run in the background already"), "{message}");
    assert!(!folder.on_disk("ran").exists());
    output(&folder, json!({"job": "bash_3", "stop": true})).await;
    let started = call(&folder, "bash", one_more).await.unwrap().text;
    assert!(started.contains("bash_9 "), "{started}");
}

#[tokio::test]
async fn what_ended_long_ago_is_forgotten() {
    let folder = Folder::new(&[]);
    for _ in 0..=MOST_ENDED + 1 {
        start(&folder, "true").await;
    }
    let (code, message) = folder.refusal("bashOutput", json!({"job": "bash_1"})).await;
    assert_eq!(code, ErrorCode::BadToolArguments);
    assert!(message.contains("there are `bash_2`, `bash_3`"), "{message}");
    let (_, message) = Folder::new(&[]).refusal("bashOutput", json!({"job": "bash_1"})).await;
    assert!(message.contains("none is known"), "{message}");
}

#[tokio::test]
async fn a_session_ends_with_its_jobs_and_has_no_others() {
    let folder = Folder::new(&[]);
    let lifeline = Lifeline::new(&folder);
    let (jobs, watchdog) = (Arc::<Jobs>::default(), Arc::new(Watchdog::start().unwrap()));
    let path = std::env::var_os("PATH").unwrap_or_default();
    let environment = Environment::allowed_of([("PATH".into(), path)]);
    let start = |owner: &Owner, command: &str| {
        let group = || Group::start(command, &folder.root, &environment, watchdog.clone());
        jobs.start(owner, command, group).unwrap().unwrap()
    };
    let owner = |id: &str| Owner { id: Some(id.into()), ended: CancellationToken::new() };
    let (one, other) = (owner("one"), owner("other"));
    assert_eq!(start(&one, &format!("{HOLD} sleep 600")).name, "bash_1");
    let kept = start(&other, "sleep 600");
    assert_eq!(kept.name, "bash_1");
    lifeline.begun.await.unwrap();

    one.ended.cancel();
    lifeline.ended.await.unwrap();
    // Opened again, it begins anew.
    assert_eq!(start(&owner("one"), "sleep 600").name, "bash_1");
    assert_eq!(jobs.all(&other).len(), 1);
    assert!(!kept.is_over());
}
