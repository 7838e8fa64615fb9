//! A conversation goes back to an earlier point, and forth again.

use changes::Encoding;
use engine::{Resolution, Seen};
use protocol::{Decision, ErrorCode, HunkState, ItemBody, SessionState};
use serde_json::json;
use workspace::TextChange;

use crate::{
    client::shown,
    script::results,
    stage::{Stage, prompt, sent, within},
};

#[tokio::test]
async fn the_model_reads_what_was_set_aside_no_more_until_it_is_taken_up() {
    let stage = Stage::new();
    let id = stage.session().await;
    for text in ["one", "two", "three"] {
        stage.complete(&id, text).await;
    }
    let two = prompt(&stage.state(&id).await, "two");
    let aside = within(stage.sessions.rewind(&id, &two)).await.unwrap();
    stage.complete(&id, "four").await;
    let told = sent(&stage);
    assert!(told.contains("one") && told.contains("four"), "{told}");
    assert!(!told.contains("two") && !told.contains("three"), "{told}");

    // A process that starts anew sends the same.
    let restarted = stage.die(&id).await;
    restarted.complete(&id, "five").await;
    let told = sent(&restarted);
    assert!(told.contains("four") && !told.contains("two"), "{told}");

    within(restarted.sessions.unwind(&id, aside)).await.unwrap();
    restarted.complete(&id, "six").await;
    let told = sent(&restarted);
    for text in ["one", "two", "three", "four", "five", "six"] {
        assert!(told.contains(text), "{text} in {told}");
    }
}

#[tokio::test]
async fn to_take_up_what_was_set_aside_last_leaves_what_was_set_aside_before() {
    let stage = Stage::new();
    let id = stage.session().await;
    for text in ["one", "two"] {
        stage.complete(&id, text).await;
    }
    let two = prompt(&stage.state(&id).await, "two");
    within(stage.sessions.rewind(&id, &two)).await.unwrap();
    stage.complete(&id, "three").await;
    let before = stage.state(&id).await;
    let one = prompt(&before, "one");
    let aside = within(stage.sessions.rewind(&id, &one)).await.unwrap();
    assert_eq!(said(&stage.state(&id).await), 0);
    within(stage.sessions.unwind(&id, aside)).await.unwrap();
    assert_eq!(stage.state(&id).await, before);
}

#[tokio::test]
async fn while_a_turn_runs_nothing_is_set_aside() {
    let stage = Stage::new();
    let id = stage.session().await;
    let answer = stage.model.answer("one");
    let turn = stage.chat(&id, "one").await.turn_id;
    let one = prompt(&stage.state(&id).await, "one");
    let refused = within(stage.sessions.rewind(&id, &one)).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::SessionBusy);
    assert!(refused.message.contains("stop it"), "{refused}");
    answer.ends();
    let (_, state) = stage.end(&id, &turn).await;
    assert!(state.items.iter().all(|item| !item.aside));
    let unknown = within(stage.sessions.rewind(&id, &"nobody".into())).await.unwrap_err();
    assert_eq!(unknown.code, ErrorCode::ItemNotFound);
}

#[tokio::test]
async fn a_change_set_that_is_set_aside_waits_no_more_and_what_it_did_can_be_taken_back() {
    let stage = Stage::new();
    let id = stage.session().await;
    let client = stage.client_that_says(Decision::Once);
    client.attach(&id).await;
    stage.write("a.txt", "before\n");
    let edit = |from: &str, to: &str| json!({"path": "a.txt", "edits": [{"old_text": from, "new_text": to}]});
    stage.model.answer("go").calls("edit", &edit("before", "after")).ends();
    stage.complete(&id, "go").await;
    assert_eq!(stage.read("a.txt"), "after\n");
    client.leave().await;

    // A turn that was stopped leaves its proposal behind.
    let client = stage.client("the one who is asked");
    client.attach(&id).await;
    stage.model.answer("on").calls("edit", &edit("after", "later")).ends();
    let turn = stage.chat(&id, "on").await.turn_id;
    let _open = client.question().await;
    stage.cancel(&id).await;
    stage.end(&id, &turn).await;

    let go = prompt(&stage.state(&id).await, "go");
    within(stage.sessions.rewind(&id, &go)).await.unwrap();
    assert_eq!(hunks(&stage.state(&id).await), [HunkState::Applied, HunkState::Rejected]);
    assert_eq!(stage.read("a.txt"), "after\n");
    let undone = stage.sessions.undo(&id, protocol::UndoScope::Session, false);
    within(undone).await.unwrap();
    assert_eq!(stage.read("a.txt"), "before\n");
    // It stays set aside, whoever changes it.
    assert_eq!(said(&stage.state(&id).await), 0);
    assert_eq!(said(&stage.die(&id).await.state(&id).await), 0);
}

/// How much of the conversation is told; what was kept of files is no part of it.
fn said(state: &SessionState) -> usize {
    state.told().filter(|item| !matches!(item.body, ItemBody::Checkpoint(_))).count()
}

#[tokio::test]
async fn an_edit_that_is_being_made_when_it_is_set_aside_stays_set_aside() {
    let stage = Stage::new();
    let id = stage.session().await;
    let client = stage.client("the one who is slow");
    let path = stage.path("a.txt");
    stage.write("a.txt", "before\n");
    stage.workspace.open(client.connection, &path, 1, "before\n");
    client.attach(&id).await;
    let edit = json!({"path": "a.txt", "edits": [{"old_text": "before", "new_text": "after"}]});
    stage.model.answer("go").calls("edit", &edit).ends();
    let turn = stage.chat(&id, "go").await.turn_id;
    let _open = client.question().await;
    stage.cancel(&id).await;
    let (_, state) = stage.end(&id, &turn).await;

    let is_set = |item: &&protocol::Item| matches!(item.body, ItemBody::ChangeSet(_));
    let set = state.items.iter().find(is_set).unwrap().id.clone();
    let yes = Resolution { accept: Some(true), ..Resolution::default() };
    let (sessions, session) = (stage.sessions.clone(), id.clone());
    let accepting = tokio::spawn(async move { sessions.resolve(&session, &set, yes).await });
    let _on_its_way = client.edit().await;
    within(stage.sessions.rewind(&id, &prompt(&state, "go"))).await.unwrap();
    let all = vec![TextChange { range: None, text: "after\n".to_owned() }];
    stage.workspace.change(client.connection, &path, 2, all, Encoding::Utf8).unwrap();
    within(accepting).await.unwrap().unwrap();

    let state = stage.state(&id).await;
    assert_eq!(hunks(&state), [HunkState::Applied]);
    assert_eq!(state.told().count(), 0);
    assert_eq!(client.state(), state);
    assert_eq!(stage.die(&id).await.state(&id).await, state);
}

#[tokio::test]
async fn what_is_decided_at_the_same_moment_takes_nothing_up_again() {
    let stage = Stage::new();
    let id = stage.session().await;
    let client = stage.client("the one who is asked");
    client.attach(&id).await;
    stage.write("a.txt", "before\n");
    let edit = json!({"path": "a.txt", "edits": [{"old_text": "before", "new_text": "after"}]});
    stage.model.answer("go").calls("edit", &edit).ends();
    let turn = stage.chat(&id, "go").await.turn_id;
    let _open = client.question().await;
    stage.cancel(&id).await;
    let (_, state) = stage.end(&id, &turn).await;
    let is_set = |item: &&protocol::Item| matches!(item.body, ItemBody::ChangeSet(_));
    let set = state.items.iter().find(is_set).unwrap().id.clone();
    let no = Resolution { accept: Some(false), ..Resolution::default() };
    let go = prompt(&state, "go");
    let (decided, rewound) =
        tokio::join!(stage.sessions.resolve(&id, &set, no), stage.sessions.rewind(&id, &go));
    decided.unwrap();
    rewound.unwrap();
    let state = stage.state(&id).await;
    assert_eq!(hunks(&state), [HunkState::Rejected]);
    assert_eq!(state.told().count(), 0);
    assert_eq!(stage.die(&id).await.state(&id).await, state);
}

#[tokio::test]
async fn a_client_that_comes_back_learns_what_was_set_aside() {
    let stage = Stage::new();
    let id = stage.session().await;
    let stays = stage.client("stays");
    stays.attach(&id).await;
    stage.complete(&id, "one").await;
    let leaves = stage.client("leaves");
    let at = leaves.attach(&id).await;
    leaves.leave().await;
    let state = stage.state(&id).await;
    within(stage.sessions.rewind(&id, &prompt(&state, "one"))).await.unwrap();
    let back = stage.client("back");
    let seen = Seen { epoch: at.epoch, seq: at.seq };
    let again = back.attach_from(&id, Some(seen)).await.unwrap();
    assert!(!again.from_start);
    let all = [leaves.told(), back.told()].concat();
    assert_eq!(shown(&all), stage.state(&id).await);
    assert_eq!(shown(&all).told().count(), 0);
}

fn hunks(state: &SessionState) -> Vec<HunkState> {
    let sets = state.items.iter().filter_map(|item| match &item.body {
        ItemBody::ChangeSet(set) => Some(set),
        _ => None,
    });
    let hunks = sets.flat_map(|set| &set.files).flat_map(|file| &file.hunks);
    hunks.map(|hunk| hunk.state.clone()).collect()
}

#[tokio::test]
async fn what_the_model_was_shown_and_reads_no_more_it_must_read_again() {
    let stage = Stage::new();
    let id = stage.session().await;
    let client = stage.client_that_says(Decision::Once);
    client.attach(&id).await;
    stage.write("a.txt", "text\n");
    stage.model.answer("read it").calls("read", &json!({"path": "a.txt"})).ends();
    let state = stage.complete(&id, "read it").await;
    within(stage.sessions.rewind(&id, &prompt(&state, "read it"))).await.unwrap();
    let whole = json!({"path": "a.txt", "content": "other\n"});
    stage.model.answer("write it").calls("write", &whole).ends();
    stage.complete(&id, "write it").await;
    assert_eq!(stage.read("a.txt"), "text\n");
    let told = results(stage.model.requests().last().unwrap());
    assert!(told.contains("read"), "{told}");
}
