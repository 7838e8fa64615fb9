//! Steering: what the user says while a turn runs, and prompts that wait and are changed.

use engine::Started;
use protocol::{
    ErrorCode, ItemBody, Mode, QueueChange, SessionId, SessionState, StopReason, TurnId,
    UserMessage,
};
use serde_json::json;

use crate::{
    script,
    stage::{Stage, calls, rounds, within},
};

async fn steer(stage: &Stage, id: &SessionId, text: &str) -> Started {
    let message = UserMessage { text: text.to_owned(), context: Vec::new() };
    within(stage.sessions.steer(id, message)).await.unwrap()
}

/// The user's messages, each with its turn.
fn said(state: &SessionState) -> Vec<(TurnId, String)> {
    let said = state.items.iter().filter_map(|item| match &item.body {
        ItemBody::UserMessage(message) => Some((item.turn_id.clone(), message.text.clone())),
        _ => None,
    });
    said.collect()
}

#[tokio::test]
async fn what_steers_goes_to_the_model_with_its_next_request() {
    let stage = Stage::new();
    stage.write("a.txt", "one\n");
    let id = stage.session().await;
    let first = stage.model.answer("one");
    let turn = stage.chat(&id, "one").await.turn_id;
    let last = stage.chat(&id, "later").await.turn_id;
    steer(&stage, &id, "not like that").await;
    assert_eq!(stage.state(&id).await.queue.len(), 2);
    first.calls("read", &json!({"path": "a.txt"})).ends();
    let (_, state) = stage.end(&id, &last).await;
    let expected = [(turn.clone(), "one"), (turn, "not like that"), (last, "later")];
    assert_eq!(said(&state), expected.map(|(turn, text)| (turn, text.to_owned())));
    let prompts: Vec<String> = stage.model.requests().iter().map(script::prompt).collect();
    assert_eq!(prompts, ["one", "not like that", "later"]);
}

#[tokio::test]
async fn what_steers_a_turn_that_was_about_to_end_keeps_it_going() {
    let stage = Stage::new();
    let id = stage.session().await;
    let first = stage.model.answer("one");
    let turn = stage.chat(&id, "one").await.turn_id;
    steer(&stage, &id, "and more").await;
    first.says("One.").ends();
    let (_, state) = stage.end(&id, &turn).await;
    assert_eq!(said(&state).len(), 2);
    assert!(state.queue.is_empty());
}

#[tokio::test]
async fn what_steers_no_turn_is_a_prompt() {
    let stage = Stage::new();
    let id = stage.session().await;
    let turn = steer(&stage, &id, "hello").await.turn_id;
    assert_eq!(said(&stage.end(&id, &turn).await.1), [(turn, "hello".to_owned())]);
}

#[tokio::test]
async fn what_steers_a_turn_that_is_stopped_is_shown_as_not_sent() {
    let stage = Stage::new();
    let id = stage.session().await;
    let _unfinished = stage.model.answer("one");
    let turn = stage.chat(&id, "one").await.turn_id;
    let steering = steer(&stage, &id, "faster").await.turn_id;
    stage.cancel(&id).await;
    let (_, state) = stage.end(&id, &turn).await;
    assert!(crate::stage::is_shown_as_unsent(&state, &steering, "faster"));
    assert_eq!(said(&state).len(), 1);
}

#[tokio::test]
async fn a_prompt_that_waits_can_be_changed_taken_away_and_brought_forward() {
    let stage = Stage::new();
    let id = stage.session().await;
    let first = stage.model.answer("one");
    stage.chat(&id, "one").await;
    let [changed, removed, forward] = ["two", "three", "four"];
    let changed = stage.chat(&id, changed).await.turn_id;
    let removed = stage.chat(&id, removed).await.turn_id;
    let forward = stage.chat(&id, forward).await.turn_id;
    let text = "two and a half".to_owned();
    for (turn, change) in [
        (&changed, QueueChange::Edit { text }),
        (&removed, QueueChange::Remove),
        (&forward, QueueChange::Steer),
    ] {
        within(stage.sessions.requeue(&id, turn, change)).await.unwrap();
    }
    first.says("One.").ends();
    let (_, state) = stage.end(&id, &changed).await;
    let texts: Vec<String> = said(&state).into_iter().map(|(_, text)| text).collect();
    assert_eq!(texts, ["one", "four", "two and a half"]);
}

#[tokio::test]
async fn a_prompt_that_does_not_wait_cannot_be_changed() {
    let stage = Stage::new();
    let id = stage.session().await;
    let _unfinished = stage.model.answer("one");
    let running = stage.chat(&id, "one").await.turn_id;
    rounds(5).await;
    for turn in [running, TurnId::from("never heard of")] {
        let refused = stage.sessions.requeue(&id, &turn, QueueChange::Remove).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::PromptNotQueued);
    }
}

#[tokio::test]
async fn a_prompt_taken_away_right_after_the_stop_leaves_the_session_alive() {
    let stage = Stage::new();
    let id = stage.session().await;
    let _unfinished = stage.model.answer("one");
    let turn = stage.chat(&id, "one").await.turn_id;
    let removed = stage.chat(&id, "two").await.turn_id;
    // Both arrive before the turn has heard of its stop.
    let remove = stage.sessions.requeue(&id, &removed, QueueChange::Remove);
    let (stopped, removed) =
        within(async { tokio::join!(stage.sessions.cancel(&id), remove) }).await;
    assert!(stopped.unwrap() && removed.is_ok());
    // A session that died would say that the turn was interrupted.
    let (reason, state) = stage.end(&id, &turn).await;
    assert_eq!(reason, StopReason::Cancelled);
    assert!(state.queue.is_empty());
    assert_eq!(said(&stage.complete(&id, "three").await).len(), 2);
}

#[tokio::test]
async fn a_prompt_that_waits_cannot_become_empty() {
    let stage = Stage::new();
    let id = stage.session().await;
    let _unfinished = stage.model.answer("one");
    stage.chat(&id, "one").await;
    let waits = stage.chat(&id, "two").await.turn_id;
    let change = QueueChange::Edit { text: " \n".to_owned() };
    let refused = stage.sessions.requeue(&id, &waits, change).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidParams);
    assert_eq!(stage.state(&id).await.queue[0].message.text, "two");
}

#[tokio::test]
async fn the_files_of_a_prompt_that_waits_were_not_shown_yet() {
    let stage = Stage::new();
    let write = |path: &str| json!({"path": path, "content": "new\n"});
    for name in ["waits.txt", "gone.txt"] {
        stage.write(name, "old\n");
    }
    let id = stage.session_in(Mode::Edit).await;
    let first = stage.model.answer("one");
    stage.chat(&id, "one").await;
    stage.chat(&id, "see @waits.txt").await;
    let gone = stage.chat(&id, "see @gone.txt").await.turn_id;
    stage.sessions.requeue(&id, &gone, QueueChange::Remove).await.unwrap();
    let last = stage.chat(&id, "go").await.turn_id;
    first.calls("write", &write("waits.txt")).ends();
    let answer = stage.model.answer("go");
    answer.calls("write", &write("waits.txt")).calls("write", &write("gone.txt")).ends();
    let (_, state) = stage.end(&id, &last).await;
    let unread = Some(ErrorCode::EditUnread);
    let refused = calls(&state).into_iter().map(|call| call.output.unwrap().error);
    assert_eq!(refused.collect::<Vec<_>>(), [unread, None, unread]);
}
