//! Limits: calls that go round in circles, and turns that go on for too long.

use std::time::Duration;

use protocol::{Decision, ErrorCode, Mode, StopReason, ToolCallStatus};
use serde_json::json;

use crate::stage::{Stage, calls};

/// The model reads the same file `times` times, one after the other.
fn read_again_and_again(stage: &Stage, times: usize) {
    for _ in 0..times {
        stage.model.answer("go").calls("read", &json!({"path": "a.txt"})).ends();
    }
}

#[tokio::test]
async fn a_third_equal_call_with_the_same_result_is_asked_about() {
    let stage = Stage::new();
    stage.write("a.txt", "one\n");
    let id = stage.session().await;
    let client = stage.client("the user");
    client.attach(&id).await;
    read_again_and_again(&stage, 5);
    let turn = stage.chat(&id, "go").await.turn_id;
    let question = client.question().await;
    assert!(question.approval.why.contains("twice"));
    assert_eq!(calls(&stage.state(&id).await).len(), 3);
    question.answer(Decision::Once);
    let (_, state) = stage.end(&id, &turn).await;
    let completed = |call: &&protocol::ToolCall| call.status == ToolCallStatus::Completed;
    assert_eq!(calls(&state).iter().filter(completed).count(), 5);
}

#[tokio::test]
async fn equal_calls_of_one_response_count_as_well() {
    let stage = Stage::new();
    stage.write("a.txt", "one\n");
    let id = stage.session().await;
    let client = stage.client("the user");
    client.attach(&id).await;
    let call = json!({"path": "a.txt"});
    let answer = stage.model.answer("go");
    answer.calls("read", &call).calls("read", &call).calls("read", &call).ends();
    let turn = stage.chat(&id, "go").await.turn_id;
    client.question().await.answer(Decision::Reject);
    let (_, state) = stage.end(&id, &turn).await;
    let statuses: Vec<_> = calls(&state).iter().map(|call| call.status).collect();
    use ToolCallStatus::{Completed, Rejected};
    assert_eq!(statuses, [Completed, Completed, Rejected]);
}

#[tokio::test]
async fn whoever_says_no_to_it_lets_the_turn_go_on() {
    let stage = Stage::new();
    stage.write("a.txt", "one\n");
    let id = stage.session().await;
    stage.client_that_says(Decision::Reject).attach(&id).await;
    read_again_and_again(&stage, 3);
    let state = stage.complete(&id, "go").await;
    let last = calls(&state).pop().unwrap();
    assert_eq!(last.status, ToolCallStatus::Rejected);
    assert!(last.output.unwrap().text.contains("twice"));
}

#[tokio::test]
async fn the_same_call_with_another_result_is_no_circle() {
    let stage = Stage::new();
    let id = stage.session_in(Mode::Auto).await;
    for _ in 0..5 {
        let command = json!({"command": "echo >> lines; wc -l < lines"});
        stage.model.answer("go").calls("bash", &command).ends();
    }
    // Nobody is attached: a question would stay open for ever.
    assert_eq!(calls(&stage.complete(&id, "go").await).len(), 5);
}

#[tokio::test]
async fn after_an_edit_the_same_call_is_another_question() {
    let stage = Stage::new();
    let id = stage.session_in(Mode::Auto).await;
    for round in 0..4 {
        let edit = json!({"path": format!("{round}.txt"), "content": "x\n"});
        stage.model.answer("go").calls("write", &edit).ends();
        stage.model.answer("go").calls("bash", &json!({"command": "false"})).ends();
    }
    assert_eq!(calls(&stage.complete(&id, "go").await).len(), 8);
}

#[tokio::test]
async fn a_turn_ends_at_its_limit_of_requests() {
    let stage = Stage::set_up(|settings| settings.max_requests = 2);
    stage.write("a.txt", "one\n");
    let id = stage.session().await;
    read_again_and_again(&stage, 3);
    let turn = stage.chat(&id, "go").await.turn_id;
    let client = stage.client("the user");
    client.attach(&id).await;
    let end = client.end(&turn).await;
    assert_eq!(end, (Some(StopReason::Error), Some(ErrorCode::TurnTooLong)));
    assert_eq!(stage.model.requests().len(), 2);
}

#[tokio::test]
async fn a_turn_ends_at_its_limit_of_time_and_leaves_nothing_running() {
    let stage = Stage::set_up(|settings| settings.max_turn_time = Duration::from_millis(100));
    let id = stage.session_in(Mode::Auto).await;
    let client = stage.client("the user");
    client.attach(&id).await;
    let command = json!({"command": "echo $$ > pid; exec sleep 600"});
    stage.model.answer("go").calls("bash", &command).ends();
    let turn = stage.chat(&id, "go").await.turn_id;
    assert_eq!(client.end(&turn).await.1, Some(ErrorCode::TurnTooLong));
    let state = stage.state(&id).await;
    assert!(state.open.is_empty());
    assert_eq!(calls(&state)[0].status, ToolCallStatus::Interrupted);
}

#[tokio::test]
async fn what_was_applied_before_the_time_was_out_is_told() {
    let stage = Stage::set_up(|settings| {
        settings.max_turn_time = Duration::from_millis(100);
        settings.apply_timeout = Duration::from_secs(600);
    });
    stage.write("a.txt", "a\n");
    stage.write("b.txt", "b\n");
    let id = stage.session_in(Mode::Edit).await;
    let client = stage.client("silent");
    stage.workspace.open(client.connection, &stage.path("b.txt"), 1, "b\n");
    client.attach(&id).await;
    let edit = |path, old| json!({"path": path, "old_text": old, "new_text": "new"});
    let answer = stage.model.answer("go");
    answer.calls("edit", &edit("a.txt", "a")).calls("edit", &edit("b.txt", "b")).ends();
    let turn = stage.chat(&id, "go").await.turn_id;
    let _silent = client.edit().await;
    assert_eq!(client.end(&turn).await.1, Some(ErrorCode::TurnTooLong));
    assert_eq!(stage.read("a.txt"), "new\n");
    let state = stage.state(&id).await;
    let told: Vec<_> = calls(&state).into_iter().filter_map(|call| call.output).collect();
    assert!(told[0].text.contains("Applied to a.txt"), "{told:?}");
    assert!(told[1].text.contains("it may still come"), "{told:?}");
}
