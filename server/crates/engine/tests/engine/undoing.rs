//! Hunks that are decided about, taken back and done again: what becomes of files and of hunks.

use std::{fs, os::unix::fs::PermissionsExt, path::Path, sync::atomic::Ordering};

use engine::{HunkNow, Resolution, Switched};
use protocol::{
    HunkDecision, HunkId, HunkState, ItemBody, ItemId, Mode, SessionId, SessionState, UndoScope,
};
use serde_json::{Value, json};

use crate::{
    desk::Desk,
    stage::{Stage, calls, within},
};

fn edit(path: &str, from: &str, to: &str) -> Value {
    json!({"path": path, "edits": [{"old_text": from, "new_text": to}]})
}

/// A turn that makes these calls, all at once.
async fn turn(stage: &Stage, id: &SessionId, prompt: &str, made: &[(&str, Value)]) -> SessionState {
    let answer = stage.model.answer(prompt);
    for (tool, input) in made {
        answer.calls(tool, input);
    }
    answer.ends();
    stage.complete(id, prompt).await
}

async fn undo(stage: &Stage, id: &SessionId, scope: UndoScope) -> Switched {
    within(stage.sessions.undo(id, scope, false)).await.unwrap()
}

async fn redo(stage: &Stage, id: &SessionId) -> Switched {
    within(stage.sessions.undo(id, UndoScope::Session, true)).await.unwrap()
}

/// The last change set and the states of its hunks.
fn last_set(state: &SessionState) -> (ItemId, Vec<HunkState>) {
    let mut sets = state.items.iter().filter_map(|item| match &item.body {
        ItemBody::ChangeSet(set) => Some((item.id.clone(), set)),
        _ => None,
    });
    let (id, set) = sets.next_back().unwrap();
    let hunks = set.files.iter().flat_map(|file| &file.hunks);
    (id, hunks.map(|hunk| hunk.state.clone()).collect())
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_deleted_file_comes_back_with_its_bytes_and_permissions() {
    let stage = Stage::new();
    let files: [(&str, &[u8], u32); 4] = [
        ("key.pem", b"mine alone\n", 0o600),
        ("run.sh", b"#!/bin/sh\n", 0o755),
        ("old.txt", b"gr\xfc\xdfe\r\n", 0o644),
        ("wide.txt", b"\xff\xfea\0\n\0", 0o644),
    ];
    for (name, bytes, mode) in files {
        fs::write(stage.on_disk(name), bytes).unwrap();
        fs::set_permissions(stage.on_disk(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    let id = stage.session_in(Mode::Auto).await;
    let deletions = files.map(|(name, ..)| ("delete", json!({"path": name})));
    turn(&stage, &id, "go", &deletions).await;
    for _ in 0..2 {
        assert!(files.iter().all(|(name, ..)| !stage.on_disk(name).exists()));
        assert_eq!(undo(&stage, &id, UndoScope::Session).await.refused, []);
        for (name, bytes, mode) in files {
            let path = stage.on_disk(name);
            assert_eq!(
                (fs::read(&path).unwrap(), mode_of(&path)),
                (bytes.to_vec(), mode),
                "{name}"
            );
        }
        assert_eq!(redo(&stage, &id).await.refused, []);
    }
}

#[tokio::test]
async fn a_file_that_was_edited_and_deleted_comes_back_as_it_was_before_both() {
    let stage = Stage::new();
    fs::write(stage.on_disk("old.txt"), b"gr\xfc\xdfe\n").unwrap();
    let id = stage.session_in(Mode::Auto).await;
    turn(&stage, &id, "edit", &[("edit", edit("old.txt", "grüße", "Grüße"))]).await;
    turn(&stage, &id, "delete", &[("delete", json!({"path": "old.txt"}))]).await;
    assert_eq!(undo(&stage, &id, UndoScope::Session).await.refused, []);
    assert_eq!(fs::read(stage.on_disk("old.txt")).unwrap(), b"gr\xfc\xdfe\n");
}

#[tokio::test]
async fn a_file_whose_name_another_one_took_comes_back_after_it() {
    let stage = Stage::new();
    stage.write("a.txt", "text a\n");
    stage.write("b.txt", "text b\n");
    let id = stage.session_in(Mode::Auto).await;
    let state = turn(&stage, &id, "delete", &[("delete", json!({"path": "b.txt"}))]).await;
    let deletion = hunk_of(&state, &last_set(&state).0);
    let moved = json!({"from": "a.txt", "to": "b.txt"});
    turn(&stage, &id, "move", &[("move", moved)]).await;
    turn(&stage, &id, "edit", &[("edit", edit("b.txt", "text", "words"))]).await;
    // As long as the other file is there, it cannot.
    let alone = undo(&stage, &id, UndoScope::Hunk { hunk_id: deletion }).await;
    let why = alone.refused[0].sentence(&stage.root).unwrap();
    assert!(why.contains("b.txt") && why.contains("another file has its name"), "{why}");

    let stage = stage.die(&id).await;
    assert_eq!(undo(&stage, &id, UndoScope::Session).await.refused, []);
    assert_eq!(stage.read("a.txt"), "text a\n");
    assert_eq!(stage.read("b.txt"), "text b\n");
    assert_eq!(redo(&stage, &id).await.refused, []);
    assert!(!stage.on_disk("a.txt").exists());
    assert_eq!(stage.read("b.txt"), "words a\n");
}

fn hunk_of(state: &SessionState, set: &ItemId) -> HunkId {
    match &state.item(set).unwrap().body {
        ItemBody::ChangeSet(set) => set.files[0].hunks[0].id.clone(),
        _ => panic!("no change set"),
    }
}

#[tokio::test]
async fn the_user_renames_over_a_file_and_is_told_what_cannot_be_taken_back() {
    let stage = Stage::new();
    stage.write("a.txt", "one\n");
    stage.write("b.txt", "two\n");
    let id = stage.session_in(Mode::Edit).await;
    let made = [("edit", edit("a.txt", "one", "1")), ("edit", edit("b.txt", "two", "2"))];
    turn(&stage, &id, "go", &made).await;
    fs::rename(stage.on_disk("a.txt"), stage.on_disk("b.txt")).unwrap();
    stage.sessions.moved(&[(stage.path("a.txt"), stage.path("b.txt"))]);
    let undone = undo(&stage, &id, UndoScope::Session).await;
    assert_eq!((undone.hunks.len(), undone.refused.len()), (1, 1));
    assert_eq!(stage.read("b.txt"), "one\n");
}

#[tokio::test]
async fn one_call_is_taken_back_and_the_others_stay() {
    let stage = Stage::new();
    stage.write("a.txt", "one\ntwo\n");
    stage.write("b.txt", "one\n");
    let id = stage.session_in(Mode::Edit).await;
    let made = [
        ("edit", edit("a.txt", "one", "1")),
        ("edit", edit("a.txt", "two", "2")),
        ("edit", edit("b.txt", "one", "1")),
    ];
    let state = turn(&stage, &id, "go", &made).await;
    let is_call = |item: &&protocol::Item| matches!(item.body, ItemBody::ToolCall(_));
    let call = state.items.iter().filter(is_call).nth(1).unwrap().id.clone();
    assert_eq!(calls(&state).len(), 3);
    let undone = undo(&stage, &id, UndoScope::Call { item_id: call }).await;
    assert_eq!((undone.hunks.len(), undone.files), (1, vec![stage.path("a.txt")]));
    assert_eq!((stage.read("a.txt"), stage.read("b.txt")), ("1\ntwo\n".into(), "1\n".into()));
}

/// A session whose edits of these files wait for a decision.
async fn waiting(stage: &Stage, id: &SessionId, made: &[(&str, Value)]) -> ItemId {
    let answer = stage.model.answer("go");
    for (tool, input) in made {
        answer.calls(tool, input);
    }
    answer.ends();
    let turn = stage.chat(id, "go").await.turn_id;
    let is_asked = |state: &SessionState| {
        state.items.iter().any(|item| matches!(item.body, ItemBody::Approval(_)))
    };
    stage.until(id, is_asked).await;
    stage.cancel(id).await;
    let (_, state) = stage.end(id, &turn).await;
    last_set(&state).0
}

async fn resolve(stage: &Stage, id: &SessionId, set: &ItemId, wanted: Resolution) -> Vec<HunkNow> {
    within(stage.sessions.resolve(id, set, wanted)).await.unwrap()
}

#[tokio::test]
async fn what_an_editor_refuses_for_the_moment_waits_and_can_be_accepted_once_more() {
    let stage = Stage::set_up(|settings| settings.confirm_timeout = std::time::Duration::ZERO);
    stage.write("a.txt", "zero\none\n");
    let id = stage.session().await;
    let desk = Desk::at(&stage, &id, None, false).await;
    desk.open(&stage.path("a.txt"), "zero\none\n");
    let set = waiting(&stage, &id, &[("edit", edit("a.txt", "one", "1"))]).await;
    let yes = || Resolution { accept: Some(true), ..Resolution::default() };
    desk.refuses.store(true, Ordering::SeqCst);
    let now = resolve(&stage, &id, &set, yes()).await;
    assert_eq!((now.len(), &now[0].state, now[0].line), (1, &HunkState::Pending, Some(2)));
    let said = now[0].sentence(&stage.root).unwrap();
    let expected = "a.txt, line 2: the editor refused it (not modifiable). It still waits: decide \
                    once more.";
    assert_eq!(said, expected);
    assert_eq!(last_set(&stage.state(&id).await).1, [HunkState::Pending]);

    desk.refuses.store(false, Ordering::SeqCst);
    let now = resolve(&stage, &id, &set, yes()).await;
    assert_eq!((&now[0].state, &now[0].reason), (&HunkState::Applied, &None));
    assert_eq!(desk.text(&stage.path("a.txt")), "zero\n1\n");
}

#[tokio::test]
async fn what_a_crash_left_accepted_is_not_applied_by_a_decision_about_others() {
    let stage = Stage::new();
    stage.write("a.txt", "one\n");
    stage.write("b.txt", "two\n");
    let id = stage.session().await;
    let client = stage.client("the one who does not answer");
    stage.workspace.open(client.connection, &stage.path("a.txt"), 1, "one\n");
    client.attach(&id).await;
    let made = [("edit", edit("a.txt", "one", "1")), ("edit", edit("b.txt", "two", "2"))];
    let set = waiting(&stage, &id, &made).await;
    let decision = |stage: &SessionState, at: usize, accept| {
        let ItemBody::ChangeSet(set) = &stage.item(&set).unwrap().body else { panic!("no set") };
        let hunk_id = set.files[at].hunks[0].id.clone();
        let hunks = vec![HunkDecision { hunk_id, accept, text: None, before: None, reason: None }];
        Resolution { hunks, ..Resolution::default() }
    };
    let accept = decision(&stage.state(&id).await, 0, true);
    let (sessions, session, of) = (stage.sessions.clone(), id.clone(), set.clone());
    tokio::spawn(async move { sessions.resolve(&session, &of, accept).await });
    let _on_its_way = client.edit().await;
    assert_eq!(last_set(&stage.state(&id).await).1, [HunkState::Accepted, HunkState::Pending]);

    let stage = stage.die(&id).await;
    let reject = decision(&stage.state(&id).await, 1, false);
    resolve(&stage, &id, &set, reject).await;
    let (_, hunks) = last_set(&stage.state(&id).await);
    assert!(matches!(hunks[..], [HunkState::Conflicted { .. }, HunkState::Rejected]), "{hunks:?}");
    assert_eq!((stage.read("a.txt"), stage.read("b.txt")), ("one\n".into(), "two\n".into()));
}

#[tokio::test]
async fn a_file_that_the_agent_made_and_edited_in_an_unsaved_buffer_goes() {
    for (saved, goes) in [("made\n", true), ("somebody else's\n", false)] {
        let stage = Stage::new();
        let path = stage.path("new.txt");
        let id = stage.session_in(Mode::Edit).await;
        let desk = Desk::at(&stage, &id, None, false).await;
        let make = json!({"path": "new.txt", "content": "made\n"});
        turn(&stage, &id, "make", &[("write", make)]).await;
        desk.open(&path, "made\n");
        turn(&stage, &id, "edit", &[("edit", edit("new.txt", "made", "made more"))]).await;
        assert_eq!(
            (desk.text(&path), stage.read("new.txt")),
            ("made more\n".into(), "made\n".into())
        );
        stage.write("new.txt", saved);
        let undone = undo(&stage, &id, UndoScope::Session).await;
        assert_eq!((undone.refused.is_empty(), stage.on_disk("new.txt").exists()), (goes, !goes));
        assert_eq!(desk.text(&path), if goes { "" } else { "made more\n" });
    }
}

fn decision(hunk_id: HunkId, accept: bool) -> HunkDecision {
    HunkDecision { hunk_id, accept, text: None, before: None, reason: None }
}

#[tokio::test]
async fn a_decision_about_hunks_of_which_one_is_unknown_decides_nothing() {
    let stage = Stage::new();
    stage.write("a.txt", "one\n");
    let id = stage.session().await;
    let set = waiting(&stage, &id, &[("edit", edit("a.txt", "one", "1"))]).await;
    let hunk = hunk_of(&stage.state(&id).await, &set);
    let hunks = vec![decision(hunk.clone(), false), decision(HunkId("nosuch".to_owned()), true)];
    let both = Resolution { hunks, ..Resolution::default() };
    let error = within(stage.sessions.resolve(&id, &set, both)).await.unwrap_err();
    assert!(error.message.contains("nosuch"), "{error}");
    assert_eq!(last_set(&stage.state(&id).await).1, [HunkState::Pending]);

    let one = |accept| Resolution {
        hunks: vec![decision(hunk.clone(), accept)],
        ..Resolution::default()
    };
    stage.store.fail_at(|_| true);
    assert!(within(stage.sessions.resolve(&id, &set, one(false))).await.is_err());
    stage.store.work_again();
    let now = resolve(&stage, &id, &set, one(true)).await;
    assert_eq!((&now[0].state, stage.read("a.txt").as_str()), (&HunkState::Applied, "1\n"));
}

#[tokio::test]
async fn what_was_rejected_stays_rejected() {
    let stage = Stage::new();
    stage.write("a.txt", "one\n");
    let id = stage.session().await;
    let set = waiting(&stage, &id, &[("edit", edit("a.txt", "one", "1"))]).await;
    let hunk = hunk_of(&stage.state(&id).await, &set);
    let one = |accept| Resolution {
        hunks: vec![decision(hunk.clone(), accept)],
        ..Resolution::default()
    };
    resolve(&stage, &id, &set, one(false)).await;
    let now = resolve(&stage, &id, &set, one(true)).await;
    assert_eq!(now[0].state, HunkState::Rejected);
    let said = now[0].sentence(&stage.root).unwrap();
    assert!(said.contains("it was rejected already. Nothing was changed."), "{said}");
}
