//! The process dies, and another one opens what it left.

use std::sync::Arc;

use protocol::{Decision, HunkState, ItemBody, SessionState, StopReason};
use serde_json::json;

use crate::{
    moody::begins,
    stage::{Stage, calls, is_shown_as_unsent, outputs},
};

fn hunks(state: &SessionState) -> Vec<HunkState> {
    let sets = state.items.iter().filter_map(|item| match &item.body {
        ItemBody::ChangeSet(set) => Some(set),
        _ => None,
    });
    let hunks = sets.flat_map(|set| &set.files).flat_map(|file| &file.hunks);
    hunks.map(|hunk| hunk.state.clone()).collect()
}

#[tokio::test]
async fn an_edit_that_was_being_made_is_not_called_rejected_or_never_begun() {
    let stage = Stage::new();
    for name in ["a.txt", "b.txt"] {
        stage.write(name, "before\n");
    }
    let id = stage.session().await;
    let client = stage.client_that_says(Decision::Once);
    stage.workspace.open(client.connection, &stage.path("b.txt"), 1, "before\n");
    client.attach(&id).await;
    let answer = stage.model.answer("go");
    for name in ["a.txt", "b.txt"] {
        let change = json!([{"old_text": "before", "new_text": "after"}]);
        answer.calls("edit", &json!({"path": name, "edits": change}));
    }
    answer.ends();
    stage.chat(&id, "go").await;
    let _on_its_way = client.edit().await;
    assert_eq!(stage.read("a.txt"), "after\n");

    let restarted = stage.die(&id).await;
    let state = restarted.state(&id).await;
    let hunks = hunks(&state);
    assert_eq!(hunks.len(), 2);
    assert!(!hunks.contains(&HunkState::Rejected), "{hunks:?}");
    let told = outputs(&state);
    assert!(!told.contains("not begun") && !told.contains("nothing was done"), "{told}");
    // The model hears of it with the next prompt.
    restarted.complete(&id, "and now?").await;
    let told = crate::script::results(&restarted.model.requests()[0]);
    assert!(told.contains("may have"), "{told}");
}

#[tokio::test]
async fn a_call_that_nobody_had_answered_for_was_not_begun() {
    let stage = Stage::new();
    stage.write("a.txt", "before\n");
    let id = stage.session().await;
    let client = stage.client("the only one");
    client.attach(&id).await;
    let change = json!([{"old_text": "before", "new_text": "after"}]);
    stage.model.answer("go").calls("edit", &json!({"path": "a.txt", "edits": change})).ends();
    stage.chat(&id, "go").await;
    let _open = client.question().await;
    let state = stage.die(&id).await.state(&id).await;
    assert!(outputs(&state).contains("nothing was done"), "{}", outputs(&state));
    assert_eq!(hunks(&state), [HunkState::Pending]);
    assert!(state.open.is_empty());
}

#[tokio::test]
async fn prompts_left_in_the_queue_between_two_turns_are_shown_as_not_sent() {
    let stage = Stage::new();
    let id = stage.session().await;
    let answer = stage.model.answer("one");
    stage.chat(&id, "one").await;
    let waiting = [stage.chat(&id, "two").await, stage.chat(&id, "three").await];
    stage.store.halt_at(begins("two"));
    answer.says("One.").ends();
    stage.store.halted().await;

    let restarted = stage.die(&id).await;
    let state = restarted.state(&id).await;
    for (started, text) in waiting.iter().zip(["two", "three"]) {
        assert!(is_shown_as_unsent(&state, &started.turn_id, text), "{:#?}", state.items);
    }
    assert!(state.queue.is_empty());
    let state = restarted.complete(&id, "four").await;
    assert!(state.queue.is_empty());
    assert_eq!(restarted.model.prompts().len(), 1);
}

#[tokio::test]
async fn half_an_answer_outlives_the_process() {
    let stage = Stage::new();
    let id = stage.session().await;
    let answer = stage.model.answer("one");
    let turn = stage.chat(&id, "one").await.turn_id;
    let said = |words: &'static str| {
        let half = ItemBody::AgentMessage { text: words.to_owned() };
        move |state: &SessionState| state.items.iter().any(|item| item.body == half)
    };
    answer.says("The fïrst ");
    stage.until(&id, said("The fïrst ")).await;
    answer.says("hälf");
    stage.until(&id, said("The fïrst hälf")).await;
    let restarted = stage.die(&id).await;
    let (reason, state) = restarted.end(&id, &turn).await;
    assert_eq!(reason, StopReason::Interrupted);
    assert!(said("The fïrst hälf")(&state) && state.open.is_empty());
}

#[tokio::test]
async fn arguments_nested_beyond_measure_are_kept_as_they_were_shown() {
    // Around the depth at which readers of JSON give up, with and without what stands around it.
    for depth in [100, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128, 400] {
        let home = tempfile::TempDir::new().unwrap();
        let home = protocol::AbsPath::new(home.path().to_str().unwrap()).unwrap();
        let patience = crate::stage::PATIENCE;
        let open = || Arc::new(store::SqliteStore::open(&home, patience).unwrap());
        let stage = Stage::with(open(), Vec::new());
        let id = stage.session().await;
        let arguments = format!("{{\"x\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        stage.model.answer("go").calls_with("read", &arguments).ends();
        let live = stage.complete(&id, "go").await;
        assert_eq!(calls(&live).len(), 1);
        stage.sessions.shutdown().await;
        let replayed = stage.beside(open()).state(&id).await;
        assert_eq!(replayed, live, "{depth} deep");
    }
}
