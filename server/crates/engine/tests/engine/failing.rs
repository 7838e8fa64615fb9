//! The store fails, or the model does.

use engine::NewSession;
use protocol::{Decision, ErrorCode, ItemBody, SessionId, StopReason, TurnId};
use serde_json::json;

use crate::{
    client::Client,
    moody::holds_an_answer,
    script::{prompt, results},
    stage::{Stage, calls, notices},
};

#[tokio::test]
async fn a_session_that_could_not_be_begun_is_not_listed() {
    let stage = Stage::new();
    stage.store.fail_at(|_| true);
    let new = NewSession { root: stage.root.clone(), folders: Vec::new(), mode: None, model: None };
    let failed = stage.sessions.create(new).await.unwrap_err();
    assert_eq!(failed.code, ErrorCode::StoreLocked);
    assert!(stage.sessions.list(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_yes_that_could_not_be_journaled_leaves_nobody_waiting() {
    let stage = Stage::new();
    let id = stage.session().await;
    let client = stage.client("the only one");
    client.attach(&id).await;
    stage.model.answer("go").calls("bash", &json!({"command": "touch ran"})).ends();
    let turn = stage.chat(&id, "go").await.turn_id;
    let question = client.question().await;
    stage.store.fail_at(holds_an_answer);
    question.answer(Decision::Once);
    // The turn ends with what the store said, or the question is put again.
    tokio::select! {
        end = client.end(&turn) => {
            assert_eq!(end, (Some(StopReason::Error), Some(ErrorCode::StoreLocked)));
            assert!(!stage.on_disk("ran").exists());
            stage.store.work_again();
        }
        question = client.question() => {
            stage.store.work_again();
            question.answer(Decision::Once);
            assert_eq!(client.end(&turn).await.0, Some(StopReason::Completed));
            assert!(stage.on_disk("ran").exists());
        }
    }
    assert!(stage.complete(&id, "and now?").await.open.is_empty());
}

/// A session whose first turn ended while the store failed; the client was there all the time.
async fn ended_in_failure(stage: &Stage) -> (SessionId, TurnId, Client) {
    let id = stage.session().await;
    let client = stage.client("there all the time");
    client.attach(&id).await;
    let answer = stage.model.answer("one");
    let turn = stage.chat(&id, "one").await.turn_id;
    answer.says("One.");
    stage.until(&id, |state| !state.open.is_empty()).await;
    stage.store.fail_at(|_| true);
    answer.ends();
    let failed = (Some(StopReason::Error), Some(ErrorCode::StoreLocked));
    assert_eq!(client.end(&turn).await, failed);
    stage.store.work_again();
    (id, turn, client)
}

#[tokio::test]
async fn after_a_turn_that_a_failure_of_the_store_ended_nobody_is_told_that_it_runs() {
    let stage = Stage::new();
    let (id, turn, _) = ended_in_failure(&stage).await;
    let late = stage.client("late");
    late.attach(&id).await;
    assert_eq!(late.end(&turn).await.0, Some(StopReason::Error));
}

#[tokio::test]
async fn after_a_turn_that_a_failure_of_the_store_ended_the_session_can_be_deleted() {
    let stage = Stage::new();
    let (id, ..) = ended_in_failure(&stage).await;
    stage.sessions.delete(&id).await.unwrap();
    assert!(stage.sessions.list(None).await.unwrap().is_empty());
}

#[tokio::test]
async fn after_a_turn_that_a_failure_of_the_store_ended_the_next_prompt_is_answered() {
    let stage = Stage::new();
    let (id, failed, client) = ended_in_failure(&stage).await;
    let state = stage.complete(&id, "two").await;
    assert!(state.open.is_empty());
    assert!(notices(&state).iter().any(|(turn, _)| *turn == failed), "{:#?}", state.items);
    assert_eq!(client.state(), state);
    assert_eq!(stage.die(&id).await.state(&id).await, state);
}

#[tokio::test]
async fn text_that_streamed_while_the_store_failed_has_no_hole_and_is_whole_in_the_end() {
    let stage = Stage::new();
    let id = stage.session().await;
    let client = stage.client("there all the time");
    client.attach(&id).await;
    let answer = stage.model.answer("one");
    let turn = stage.chat(&id, "one").await.turn_id;
    answer.says("Some words ");
    stage.until(&id, |state| !state.open.is_empty()).await;
    stage.store.fail_at(|batch| !batch.drafts.is_empty());
    answer.says("are lost.");
    stage.store.failed().await;
    stage.store.work_again();
    answer.says(" Really.").used(1);
    stage.until(&id, |state| state.usage.input_tokens == 1).await;
    let text = "Some words are lost. Really.".to_owned();
    match &client.state().items.last().unwrap().body {
        ItemBody::AgentMessage { text: shown } => assert!(text.starts_with(shown), "{shown}"),
        other => panic!("{other:?}"),
    }
    answer.ends();
    let (reason, state) = stage.end(&id, &turn).await;
    assert_eq!(reason, StopReason::Completed);
    assert_eq!(state.items.last().unwrap().body, ItemBody::AgentMessage { text });
    assert_eq!(client.state(), state);
}

#[tokio::test]
async fn a_call_of_an_answer_that_broke_off_is_not_blamed_on_the_end_of_the_process() {
    let stage = Stage::new();
    let id = stage.session().await;
    let answer = stage.model.answer("one");
    answer.calls("read", &json!({"path": "."}));
    drop(answer);
    let turn = stage.chat(&id, "one").await.turn_id;
    let (reason, _) = stage.end(&id, &turn).await;
    assert_eq!(reason, StopReason::Error);
    let state = stage.complete(&id, "two").await;
    assert_eq!(calls(&state).len(), 1);
    let sent = &stage.model.requests()[1];
    let told = format!("{}\n{}\n{:?}", results(sent), prompt(sent), notices(&state));
    assert!(!told.contains("process"), "{told}");
}

#[tokio::test]
async fn what_was_used_adds_up_within_one_answer_and_over_several() {
    let stage = Stage::new();
    let id = stage.session().await;
    for round in 1..=20 {
        stage.model.answer("go").used(1).says("a").used(10).used(100).ends();
        let state = stage.complete(&id, "go").await;
        assert_eq!(state.usage.input_tokens, 111 * round);
    }
}
