//! Stop, and what is sent right after it.

use protocol::{Decision, StopReason};
use serde_json::{Value, json};

use crate::{
    client::Client,
    stage::{Stage, is_shown_as_unsent, rounds, within},
};

/// How often a race is run, each time from another moment on.
const TIMES: usize = 200;

fn edit(path: &str, old: &str, new: &str) -> Value {
    json!({"path": path, "edits": [{"old_text": old, "new_text": new}]})
}

/// Two files, the first of them open in an editor that is asked to make the edit in it. The
/// prompt is `go`.
async fn applying(stage: &Stage) -> (protocol::SessionId, Client) {
    stage.write("a.txt", "a\n");
    stage.write("b.txt", "b\n");
    let id = stage.session().await;
    let client = stage.client_that_says(Decision::Once);
    stage.workspace.open(client.connection, &stage.path("a.txt"), 1, "a\n");
    client.attach(&id).await;
    let answer = stage.model.answer("go");
    answer.calls("edit", &edit("a.txt", "a", "A")).calls("edit", &edit("b.txt", "b", "B")).ends();
    (id, client)
}

#[tokio::test]
async fn a_prompt_sent_right_after_stop_is_answered() {
    for round in 0..TIMES {
        let stage = Stage::new();
        let id = stage.session().await;
        let _unfinished = stage.model.answer("one");
        stage.chat(&id, "one").await;
        rounds(round).await;
        let (stopped, second) = tokio::join!(stage.cancel(&id), stage.chat(&id, "two"));
        assert!(stopped, "round {round}");
        let (reason, state) = stage.end(&id, &second.turn_id).await;
        assert_eq!(reason, StopReason::Completed, "round {round}");
        assert!(!is_shown_as_unsent(&state, &second.turn_id, "two"), "round {round}");
        let prompts = stage.model.prompts();
        assert!(prompts.last().unwrap().ends_with("two"), "round {round}: {prompts:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prompt_sent_right_after_stop_is_answered_whoever_is_faster() {
    let stage = Stage::new();
    for round in 0..TIMES {
        let id = stage.session().await;
        let _unfinished = stage.model.answer("one");
        stage.chat(&id, "one").await;
        stage.asked("one", round + 1).await;
        let (stopped, second) = tokio::join!(stage.cancel(&id), stage.chat(&id, "two"));
        assert!(stopped, "round {round}");
        let (reason, _) = stage.end(&id, &second.turn_id).await;
        assert_eq!(reason, StopReason::Completed, "round {round}");
    }
}

#[tokio::test]
async fn a_prompt_sent_after_stop_is_answered_although_an_editor_stays_silent() {
    let stage = Stage::new();
    let (id, client) = applying(&stage).await;
    stage.chat(&id, "go").await;
    let _silent = client.edit().await;
    assert!(stage.cancel(&id).await);
    let second = stage.chat(&id, "do this instead").await;
    assert_eq!(stage.end(&id, &second.turn_id).await.0, StopReason::Completed);
    assert!(stage.model.prompts().last().unwrap().ends_with("do this instead"));
}

#[tokio::test]
async fn prompts_that_waited_when_it_was_stopped_are_shown_as_not_sent() {
    let stage = Stage::new();
    let id = stage.session().await;
    let _unfinished = stage.model.answer("one");
    stage.chat(&id, "one").await;
    let waiting = [stage.chat(&id, "second").await, stage.chat(&id, "third").await];
    assert!(waiting.iter().all(|started| started.queued));
    assert!(stage.cancel(&id).await);
    let after = stage.chat(&id, "fourth").await;
    let (reason, state) = stage.end(&id, &after.turn_id).await;
    assert_eq!(reason, StopReason::Completed);
    for (started, text) in waiting.iter().zip(["second", "third"]) {
        assert!(is_shown_as_unsent(&state, &started.turn_id, text), "{:#?}", state.items);
    }
    assert!(state.queue.is_empty());
    let sent = stage.model.prompts().join("\n");
    assert!(!sent.contains("second") && !sent.contains("third"), "{sent}");
}

#[tokio::test]
async fn when_stop_says_that_it_stopped_the_turn_it_did_and_nothing_that_waited_runs() {
    let mut stopped = 0;
    // From before the model's last word is heard to long after the turn has ended.
    for round in 0..40 {
        let stage = Stage::new();
        let id = stage.session().await;
        let answer = stage.model.answer("one");
        let first = stage.chat(&id, "one").await;
        let second = stage.chat(&id, "two").await;
        stage.asked("one", 1).await;
        answer.says("Nearly.").ends();
        rounds(round).await;
        if stage.cancel(&id).await {
            stopped += 1;
            // It was the first turn, or, where that had ended, the second that was stopped.
            let state = stage.until(&id, |state| !is_running(state)).await;
            rounds(40).await;
            assert_eq!(stage.state(&id).await, state, "round {round}: something runs");
            let one = crate::stage::ended(&state, &first.turn_id);
            let two = crate::stage::ended(&state, &second.turn_id);
            assert_eq!(one.or(two), Some(StopReason::Cancelled), "round {round}");
            let unsent = is_shown_as_unsent(&state, &second.turn_id, "two");
            assert_eq!(unsent, one.is_some(), "round {round}");
        }
    }
    assert!(stopped > 0, "the model was never stopped in time: this test tests nothing");
}

#[tokio::test]
async fn an_edit_that_stop_came_before_is_not_made() {
    let stage = Stage::new();
    let (id, client) = applying(&stage).await;
    let turn = stage.chat(&id, "go").await.turn_id;
    let _silent = client.edit().await;
    assert!(stage.cancel(&id).await);
    assert_eq!(stage.end(&id, &turn).await.0, StopReason::Cancelled);
    assert_eq!(stage.read("b.txt"), "b\n");
}

#[tokio::test]
async fn stop_takes_a_question_off_the_screen() {
    let stage = Stage::new();
    let id = stage.session().await;
    let client = stage.client("the only one");
    client.attach(&id).await;
    stage.model.answer("go").calls("bash", &json!({"command": "touch ran"})).ends();
    let turn = stage.chat(&id, "go").await.turn_id;
    let question = client.question().await;
    assert!(stage.cancel(&id).await);
    question.withdrawn().await;
    assert_eq!(within(stage.end(&id, &turn)).await.0, StopReason::Cancelled);
    assert!(!stage.on_disk("ran").exists());
}

fn is_running(state: &protocol::SessionState) -> bool {
    matches!(state.status, protocol::Status::Running { .. })
}
