//! What a session can still do while something of it waits, or has gone wrong.

use std::sync::atomic::Ordering;

use changes::Encoding;
use protocol::{AbsPath, HunkState, Mode, SessionId, StopReason, TurnId, UndoScope};
use serde_json::json;
use workspace::TextChange;

use crate::{
    desk::Desk,
    stage::{Stage, within},
};

/// The agent puts `new` into a file of one line; gives the turn.
async fn edited(stage: &Stage, id: &SessionId, name: &str) -> TurnId {
    stage.write(name, "old\n");
    let edit = json!({"path": name, "edits": [{"old_text": "old", "new_text": "new"}]});
    stage.model.answer(name).calls("edit", &edit).ends();
    let turn = stage.chat(id, name).await.turn_id;
    stage.end(id, &turn).await;
    assert_eq!(stage.read(name), "new\n");
    turn
}

async fn states(stage: &Stage, id: &SessionId, path: &AbsPath) -> Vec<HunkState> {
    let hunks = within(stage.sessions.hunks(id, Some(path.clone()))).await.unwrap();
    hunks.into_iter().map(|hunk| hunk.hunk.state).collect()
}

#[tokio::test]
async fn while_an_editor_does_not_answer_all_hunks_are_shown_and_renames_are_kept() {
    let stage = Stage::new();
    let id = stage.session_in(Mode::Edit).await;
    let turn = edited(&stage, &id, "a.txt").await;
    edited(&stage, &id, "b.txt").await;
    let client = stage.client("the one that takes its time");
    client.attach(&id).await;
    let (a, b, c) = (stage.path("a.txt"), stage.path("b.txt"), stage.path("c.txt"));
    stage.workspace.open(client.connection, &a, 1, "new\n");

    let (sessions, session) = (stage.sessions.clone(), id.clone());
    let scope = UndoScope::Turn { turn_id: turn };
    let undo = tokio::spawn(async move { sessions.undo(&session, scope, false).await });
    client.edit().await;
    assert_eq!(states(&stage, &id, &b).await, [HunkState::Applied]);
    assert_eq!(states(&stage, &id, &a).await, [HunkState::Applied]);
    let typed = TextChange { range: Some(((0, 0), (0, 0))), text: "typed\n".to_owned() };
    let change = |version, change| {
        stage.workspace.change(client.connection, &a, version, vec![change], Encoding::Utf8)
    };
    change(2, typed).unwrap();
    let hunks = within(stage.sessions.hunks(&id, Some(a.clone()))).await.unwrap();
    assert_eq!(hunks[0].text.byte_slice(hunks[0].lines.clone().unwrap()), "new\n");

    let elsewhere = |number| (stage.path(&format!("from{number}")), stage.path("to"));
    (0..100).for_each(|number| stage.sessions.moved(&[elsewhere(number)]));
    std::fs::rename(b.as_std_path(), c.as_std_path()).unwrap();
    stage.sessions.moved(&[(b.clone(), c.clone())]);
    change(3, TextChange { range: None, text: "typed\nold\n".to_owned() }).unwrap();
    assert_eq!(within(undo).await.unwrap().unwrap().hunks.len(), 1);
    let there = within(stage.sessions.hunks(&id, Some(c.clone()))).await.unwrap();
    assert!(there.iter().all(|hunk| hunk.path == c) && there.len() == 1, "{there:?}");
}

#[tokio::test]
async fn after_a_panic_it_goes_on_with_what_the_store_has() {
    let stage = Stage::new();
    let id = stage.session_in(Mode::Edit).await;
    edited(&stage, &id, "a.txt").await;
    stage.store.panic_at_weave();
    let undo = || within(stage.sessions.undo(&id, UndoScope::Session, false));
    let error = undo().await.unwrap_err();
    assert!(error.message.contains("A fault in Coworker"), "{error}");
    let redone = within(stage.sessions.undo(&id, UndoScope::Session, true)).await.unwrap();
    assert_eq!((redone.hunks.len(), stage.read("a.txt").as_str()), (1, "new\n"));
    assert_eq!(undo().await.unwrap().hunks.len(), 1);
    assert_eq!(stage.read("a.txt"), "old\n");
}

#[tokio::test]
async fn what_was_typed_in_the_way_is_noted_although_somebody_looked_first() {
    let stage = Stage::new();
    stage.write("a.txt", "one\nmiddle\nand more\ntwo\n");
    let id = stage.session().await;
    let desk = Desk::at(&stage, &id, None, false).await;
    let path = stage.path("a.txt");
    desk.open(&path, "one\nmiddle\nand more\ntwo\n");
    let edit = json!({"path": "a.txt", "edits": [
        {"old_text": "one", "new_text": "1"},
        {"old_text": "two", "new_text": "2"},
    ]});
    stage.model.answer("go").calls("edit", &edit).ends();
    stage.chat(&id, "go").await;
    within(async {
        while desk.asked.lock().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    desk.types(&path, "oXne\nmiddle\nand more\ntwo\n");
    let drawn = within(stage.sessions.hunks(&id, Some(path))).await.unwrap();
    let drawn: Vec<&str> = drawn.iter().map(|hunk| hunk.after.as_str()).collect();
    assert_eq!(drawn, ["2\n"], "a conflict is not drawn");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_a_refused_document_to_change() {
    // Never reached: a test that waits for it hangs.
    let stage = Stage::set_up(|settings| settings.confirm_timeout = crate::stage::PATIENCE * 2);
    stage.write("a.txt", "old\n");
    let id = stage.session_in(Mode::Edit).await;
    let desk = Desk::at(&stage, &id, None, false).await;
    desk.open(&stage.path("a.txt"), "old\n");
    desk.refuses.store(true, Ordering::SeqCst);
    let edit = json!({"path": "a.txt", "edits": [{"old_text": "old", "new_text": "new"}]});
    stage.model.answer("go").calls("edit", &edit).ends();
    let turn = stage.chat(&id, "go").await.turn_id;
    within(async {
        while desk.refused.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    stage.cancel(&id).await;
    assert_eq!(stage.end(&id, &turn).await.0, StopReason::Cancelled);
}
