//! Files are kept before the session changes them, and put back as they were.

use std::{collections::BTreeMap, fs, sync::Arc};

use engine::{Restoration, Store};
use protocol::{
    CheckpointKind, Decision, ErrorCode, FileChangeKind, ItemBody, ItemId, Mode, SessionId,
    UndoPart, UndoScope, Update,
};
use serde_json::{Value, json};

use crate::{
    desk::Desk,
    stage::{PATIENCE, Stage, notices, rounds, within},
};

fn edit(path: &str, from: &str, to: &str) -> Value {
    json!({"path": path, "edits": [{"old_text": from, "new_text": to}]})
}

fn run(command: &str) -> Value {
    json!({"command": command})
}

/// A turn that makes these calls.
async fn turn(stage: &Stage, id: &SessionId, prompt: &str, calls: &[(&str, Value)]) {
    let answer = stage.model.answer(prompt);
    for (tool, input) in calls {
        answer.calls(tool, input);
    }
    answer.ends();
    stage.complete(id, prompt).await;
}

/// The files of the project and what is in them.
fn files(stage: &Stage) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(stage.root.as_std_path()).unwrap().map(Result::unwrap);
    let files = entries.filter(|entry| entry.path().is_file());
    files
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect()
}

/// The point before the turn of a prompt.
async fn before(stage: &Stage, id: &SessionId, prompt: &str) -> ItemId {
    let points = stage.sessions.checkpoints(id).await.unwrap();
    points.into_iter().find(|point| point.title == prompt).unwrap().id
}

async fn restore(stage: &Stage, id: &SessionId, point: &ItemId) -> Restoration {
    within(stage.sessions.restore(id, point, true, false)).await.unwrap()
}

#[tokio::test]
async fn all_that_a_turn_did_to_files_is_put_back_and_that_can_be_undone() {
    let stage = Stage::new();
    for name in ["edited", "deleted", "moved", "other"] {
        stage.write(name, &format!("{name}\n"));
    }
    let id = stage.session_in(Mode::Auto).await;
    let as_it_was = files(&stage);
    let calls = [
        ("edit", edit("edited", "edited", "changed")),
        ("write", json!({"path": "created", "content": "new\n"})),
        ("delete", json!({"path": "deleted"})),
        ("move", json!({"from": "moved", "to": "elsewhere"})),
    ];
    turn(&stage, &id, "go", &calls).await;
    let run_over = [("bash", run("printf x > by_command; printf '\\0\\1' > edited; rm elsewhere"))];
    turn(&stage, &id, "on", &run_over).await;
    stage.write("other", "the user's\n");
    let after = files(&stage);

    let done = restore(&stage, &id, &before(&stage, &id, "go").await).await;
    assert_eq!(done.refused, []);
    let mut expected = as_it_was.clone();
    expected.insert("other".into(), b"the user's\n".to_vec());
    assert_eq!(files(&stage), expected);

    let done = restore(&stage, &id, &done.undo.unwrap()).await;
    assert_eq!((done.refused, files(&stage)), (Vec::new(), after));
}

#[tokio::test]
async fn after_twenty_turns_any_of_them_can_be_gone_back_to() {
    let stage = Stage::new();
    stage.write("a.txt", "0\n");
    stage.write("b.txt", "first\n");
    let id = stage.session_in(Mode::Edit).await;
    for number in 0..20 {
        let (from, to) = (format!("{number}\n"), format!("{}\n", number + 1));
        let mut calls = vec![("edit", edit("a.txt", &from, &to))];
        if number == 2 {
            calls.push(("edit", edit("b.txt", "first", "second")));
        }
        turn(&stage, &id, &format!("turn {number}"), &calls).await;
    }
    let point = before(&stage, &id, "turn 5").await;
    let back = restore(&stage, &id, &point).await;
    assert_eq!((stage.read("a.txt"), stage.read("b.txt")), ("5\n".into(), "second\n".into()));
    let further = restore(&stage, &id, &before(&stage, &id, "turn 1").await).await;
    assert_eq!((stage.read("a.txt"), stage.read("b.txt")), ("1\n".into(), "first\n".into()));
    // Later points are there as before, and so is what the restores overwrote.
    restore(&stage, &id, &before(&stage, &id, "turn 19").await).await;
    assert_eq!((stage.read("a.txt"), stage.read("b.txt")), ("19\n".into(), "second\n".into()));
    restore(&stage, &id, &further.undo.unwrap()).await;
    assert_eq!((stage.read("a.txt"), stage.read("b.txt")), ("5\n".into(), "second\n".into()));
    let last = restore(&stage, &id, &back.undo.unwrap()).await;
    assert_eq!((stage.read("a.txt"), stage.read("b.txt")), ("20\n".into(), "second\n".into()));
    assert_eq!(last.typed, []);
}

/// A session of three turns, each of which changed the first line of `a.txt` to the next number.
async fn counted() -> (Stage, SessionId) {
    let stage = Stage::new();
    stage.write("a.txt", "0\nmine\n");
    let id = stage.session_in(Mode::Edit).await;
    for number in 0..3 {
        let (from, to) = (format!("{number}\n"), format!("{}\n", number + 1));
        turn(&stage, &id, &format!("turn {number}"), &[("edit", edit("a.txt", &from, &to))]).await;
    }
    (stage, id)
}

#[tokio::test]
async fn after_a_restore_it_is_still_known_whose_text_it_is() {
    let (stage, id) = counted().await;
    let undo = async || {
        within(stage.sessions.undo(&id, UndoScope::Session, false)).await.unwrap();
        stage.read("a.txt")
    };
    let back = restore(&stage, &id, &before(&stage, &id, "turn 1").await).await;
    assert_eq!(stage.read("a.txt"), "1\nmine\n");
    restore(&stage, &id, &back.undo.unwrap()).await;
    assert_eq!(stage.read("a.txt"), "3\nmine\n");
    let points = stage.sessions.checkpoints(&id).await.unwrap();
    let restores = points.iter().filter(|it| it.before != CheckpointKind::Turn);
    assert_eq!(restores.count(), 2);
    restore(&stage, &id, &before(&stage, &id, "turn 1").await).await;
    assert_eq!(undo().await, "0\nmine\n");
}

#[tokio::test]
async fn what_a_restore_took_away_is_not_what_was_taken_back_last() {
    let (stage, id) = counted().await;
    let switch = async |redo| {
        let last = UndoScope::Last { of: Some(UndoPart::Hunk) };
        within(stage.sessions.undo(&id, last, redo)).await.unwrap();
        stage.read("a.txt")
    };
    let back = restore(&stage, &id, &before(&stage, &id, "turn 1").await).await;
    assert_eq!(switch(true).await, "1\nmine\n");
    let further = restore(&stage, &id, &before(&stage, &id, "turn 0").await).await;
    restore(&stage, &id, &further.undo.unwrap()).await;
    assert_eq!(switch(true).await, "1\nmine\n");
    restore(&stage, &id, &back.undo.unwrap()).await;
    assert_eq!(switch(false).await, "2\nmine\n");
    assert_eq!(switch(true).await, "3\nmine\n");
    restore(&stage, &id, &before(&stage, &id, "turn 1").await).await;
    assert_eq!(switch(false).await, "0\nmine\n");
    assert_eq!(switch(true).await, "1\nmine\n");
    assert_eq!(switch(true).await, "1\nmine\n");
}

#[tokio::test]
async fn text_that_the_user_typed_goes_with_a_restore_and_is_named_before() {
    let stage = Stage::new();
    let (typed, untouched) = (stage.path("typed.txt"), stage.path("untouched.txt"));
    stage.write("typed.txt", "one\ntwo\nthree\n");
    stage.write("untouched.txt", "one\n");
    let id = stage.session_in(Mode::Edit).await;
    let desk = Desk::at(&stage, &id, None, false).await;
    desk.open(&typed, "one\ntwo\nthree\n");
    let calls =
        [("edit", edit("typed.txt", "two", "2")), ("edit", edit("untouched.txt", "one", "1"))];
    turn(&stage, &id, "go", &calls).await;
    desk.types(&typed, "one\n2\nthree\nmine\n");

    let point = before(&stage, &id, "go").await;
    let differences = stage.sessions.checkpoint_diff(&id, &point).await.unwrap().files;
    let told: Vec<_> = differences.iter().map(|it| (&it.path, it.kind, it.typed)).collect();
    let edited = FileChangeKind::Edit;
    assert_eq!(told, [(&typed, edited, true), (&untouched, edited, false)]);
    assert!(differences[0].diff.contains("-mine\n"), "{}", differences[0].diff);
    let done = restore(&stage, &id, &point).await;
    assert_eq!(done.typed, std::slice::from_ref(&typed));
    assert_eq!(desk.text(&typed), "one\ntwo\nthree\n");

    let undone = restore(&stage, &id, &done.undo.unwrap()).await;
    assert_eq!(desk.text(&typed), "one\n2\nthree\nmine\n");
    assert_eq!(undone.typed, []);
}

#[tokio::test]
async fn a_file_that_only_the_agent_moved_and_edited_has_no_text_of_others() {
    let stage = Stage::new();
    stage.write("a.txt", "one\ntwo\n");
    let id = stage.session_in(Mode::Auto).await;
    let calls =
        [("move", json!({"from": "a.txt", "to": "b.txt"})), ("edit", edit("b.txt", "two", "2"))];
    turn(&stage, &id, "go", &calls).await;
    let point = before(&stage, &id, "go").await;
    let typed = async || {
        let files = stage.sessions.checkpoint_diff(&id, &point).await.unwrap().files;
        files.iter().map(|file| file.typed).collect::<Vec<_>>()
    };
    assert_eq!(typed().await, [false, false]);
    stage.write("b.txt", "one\n2\nmine\n");
    assert_eq!(typed().await, [false, true]);
}

#[tokio::test]
async fn bytes_and_permissions_of_a_deleted_file_come_back() {
    use std::os::unix::fs::PermissionsExt;
    let stage = Stage::new();
    let latin = b"caf\xe9 au lait, s'il vous pla\xeet\n".to_vec();
    fs::write(stage.on_disk("latin"), &latin).unwrap();
    stage.write("script", "#!/bin/sh\n");
    let script = stage.on_disk("script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).unwrap();
    let id = stage.session_in(Mode::Auto).await;
    let calls = [("delete", json!({"path": "latin"})), ("delete", json!({"path": "script"}))];
    turn(&stage, &id, "go", &calls).await;
    assert!(!stage.on_disk("latin").exists());
    restore(&stage, &id, &before(&stage, &id, "go").await).await;
    assert_eq!(fs::read(stage.on_disk("latin")).unwrap(), latin);
    assert_eq!(fs::metadata(script).unwrap().permissions().mode() & 0o111, 0o111);
}

#[tokio::test]
async fn a_restore_outlives_the_process_that_could_have_done_it() {
    let home = tempfile::TempDir::new().unwrap();
    let home = protocol::AbsPath::new(home.path().to_str().unwrap()).unwrap();
    let open = || Arc::new(store::SqliteStore::open(&home, PATIENCE).unwrap());
    let stage = Stage::with(open(), Vec::new());
    stage.write("a.txt", "before\n");
    let id = stage.session_in(Mode::Auto).await;
    let calls = [("edit", edit("a.txt", "before", "after")), ("bash", run("touch made"))];
    turn(&stage, &id, "go", &calls).await;
    stage.sessions.shutdown().await;

    let stage = stage.beside(open());
    let done = restore(&stage, &id, &before(&stage, &id, "go").await).await;
    assert_eq!(stage.read("a.txt"), "before\n");
    assert!(!stage.on_disk("made").exists());
    assert_eq!(done.refused.len(), 0);
    // Of what a command changed, nobody can tell.
    assert_eq!(done.typed.len(), 1);
    stage.sessions.shutdown().await;

    let stage = stage.beside(open());
    restore(&stage, &id, &done.undo.unwrap()).await;
    assert_eq!(stage.read("a.txt"), "after\n");
    assert!(stage.on_disk("made").exists());
}

#[tokio::test]
async fn nothing_is_changed_that_could_not_be_kept() {
    let stage = Stage::new();
    stage.write("a.txt", "before\n");
    let id = stage.session_in(Mode::Edit).await;
    stage.store.fail_at(|batch| {
        batch.records.iter().any(|record| match &record.update {
            Update::ItemStarted { item } => matches!(item.body, ItemBody::Checkpoint(_)),
            _ => false,
        })
    });
    turn(&stage, &id, "go", &[("edit", edit("a.txt", "before", "after"))]).await;
    assert_eq!(stage.read("a.txt"), "before\n");
    assert!(crate::stage::outputs(&stage.state(&id).await).contains("could not be kept"));
}

#[tokio::test]
async fn a_running_turn_is_stopped_first() {
    let stage = Stage::new();
    stage.write("a.txt", "before\n");
    let id = stage.session_in(Mode::Edit).await;
    turn(&stage, &id, "go", &[("edit", edit("a.txt", "before", "after"))]).await;
    let point = before(&stage, &id, "go").await;
    let _answer = stage.model.answer("on");
    let turn = stage.chat(&id, "on").await.turn_id;
    let refused = within(stage.sessions.restore(&id, &point, true, false)).await.unwrap_err();
    assert_eq!((refused.code, stage.read("a.txt").as_str()), (ErrorCode::SessionBusy, "after\n"));
    stage.cancel(&id).await;
    stage.end(&id, &turn).await;
    restore(&stage, &id, &point).await;
    assert_eq!(stage.read("a.txt"), "before\n");
}

#[tokio::test]
async fn what_the_user_decides_between_two_turns_can_be_gone_back_to() {
    let stage = Stage::new();
    stage.write("a.txt", "before\n");
    let id = stage.session_in(Mode::Edit).await;
    turn(&stage, &id, "go", &[("edit", edit("a.txt", "before", "after"))]).await;
    turn(&stage, &id, "on", &[]).await;
    within(stage.sessions.undo(&id, UndoScope::Session, false)).await.unwrap();
    assert_eq!(stage.read("a.txt"), "before\n");
    restore(&stage, &id, &before(&stage, &id, "on").await).await;
    assert_eq!(stage.read("a.txt"), "after\n");
    let points = stage.sessions.checkpoints(&id).await.unwrap();
    let kinds: Vec<_> = points.iter().map(|point| (&point.before, point.files)).collect();
    let (turn, decision) = (&CheckpointKind::Turn, &CheckpointKind::Decision);
    assert_eq!(kinds[..3], [(turn, 1), (turn, 0), (decision, 1)]);
}

#[tokio::test]
async fn the_conversation_goes_back_with_the_files_or_without_and_forth_again() {
    let stage = Stage::new();
    stage.write("a.txt", "before\n");
    let id = stage.session_in(Mode::Edit).await;
    turn(&stage, &id, "one", &[("edit", edit("a.txt", "before", "after"))]).await;
    turn(&stage, &id, "two", &[]).await;
    let (said, point) = (prompts(&stage, &id).await, before(&stage, &id, "one").await);
    let back = within(stage.sessions.restore(&id, &point, true, true)).await.unwrap();
    assert_eq!((prompts(&stage, &id).await.len(), stage.read("a.txt")), (0, "before\n".into()));
    turn(&stage, &id, "three", &[]).await;
    let forth = back.undo.unwrap();
    let forth = within(stage.sessions.restore(&id, &forth, true, true)).await.unwrap();
    assert_eq!((prompts(&stage, &id).await, stage.read("a.txt")), (said.clone(), "after\n".into()));
    // That, too, can be undone.
    let again = forth.undo.unwrap();
    let again = within(stage.sessions.restore(&id, &again, true, true)).await.unwrap();
    assert_eq!(prompts(&stage, &id).await, ["three"]);
    assert_eq!(stage.read("a.txt"), "before\n");
    within(stage.sessions.restore(&id, &again.undo.unwrap(), false, true)).await.unwrap();
    assert_eq!((prompts(&stage, &id).await, stage.read("a.txt")), (said, "before\n".into()));
}

async fn prompts(stage: &Stage, id: &SessionId) -> Vec<String> {
    let state = stage.state(id).await;
    let prompt = |item: &protocol::Item| match &item.body {
        ItemBody::UserMessage(message) => Some(message.text.clone()),
        _ => None,
    };
    state.told().filter_map(prompt).collect()
}

#[tokio::test]
async fn a_command_that_only_looks_leaves_nothing_and_what_is_saved_meanwhile_is_the_users() {
    let stage = Stage::new();
    let path = stage.path("saved.txt");
    stage.write("saved.txt", "on disk\n");
    stage.write("a.txt", "a\n");
    let id = stage.session().await;
    let desk = Desk::at(&stage, &id, Some(Decision::Once), true).await;
    desk.open(&path, "on disk\n");
    desk.types(&path, "typed\n");
    turn(&stage, &id, "look", &[("bash", run("cat a.txt"))]).await;
    // The user saves while it runs.
    let saves = format!("printf 'typed\\n' > '{path}'; printf b > a.txt");
    turn(&stage, &id, "go", &[("bash", run(&saves))]).await;
    let points = stage.sessions.checkpoints(&id).await.unwrap();
    assert_eq!(points.iter().map(|point| point.files).collect::<Vec<_>>(), [0, 1]);
    restore(&stage, &id, &points[0].id).await;
    assert_eq!((stage.read("a.txt"), stage.read("saved.txt")), ("a\n".into(), "typed\n".into()));
}

#[tokio::test]
async fn what_a_command_changes_in_the_background_belongs_to_its_turn() {
    let stage = Stage::new();
    let id = stage.session_in(Mode::Auto).await;
    let answer = stage.model.answer("go");
    let command = "until [ -e go ]; do sleep 0.01; done; touch made; rm go";
    answer.calls("bash", &json!({"command": command, "background": true})).ends();
    let more = stage.model.answer("go");
    let turn = stage.chat(&id, "go").await.turn_id;
    stage.asked("go", 2).await;
    stage.write("go", "");
    within(async {
        while !stage.on_disk("made").exists() || stage.on_disk("go").exists() {
            rounds(1).await;
        }
    })
    .await;
    more.ends();
    stage.end(&id, &turn).await;
    restore(&stage, &id, &before(&stage, &id, "go").await).await;
    assert!(!stage.on_disk("made").exists());
}

#[tokio::test]
async fn that_a_folder_cannot_be_kept_is_said_once() {
    let stage = Stage::new();
    let id = stage.session_in(Mode::Auto).await;
    stage.write("state/folders", "in the way");
    for prompt in ["one", "two"] {
        turn(&stage, &id, prompt, &[("bash", run("touch made"))]).await;
    }
    let said = notices(&stage.state(&id).await);
    let said: Vec<_> =
        said.iter().filter(|(_, text)| text.contains("cannot be restored")).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    let done = restore(&stage, &id, &before(&stage, &id, "one").await).await;
    assert_eq!(done.refused.len(), 1);
    assert!(stage.on_disk("made").exists());
}

#[tokio::test]
async fn what_no_session_names_is_swept_away_and_checkpoints_are_not() {
    let store = Arc::new(store::MemoryStore::new());
    let stage = Stage::with(store.clone(), Vec::new());
    stage.write("a.txt", "0\n");
    let id = stage.session_in(Mode::Edit).await;
    for number in 0..3 {
        let (from, to) = (format!("{number}\n"), format!("{}\n", number + 1));
        turn(&stage, &id, &format!("turn {number}"), &[("edit", edit("a.txt", &from, &to))]).await;
    }
    let other = stage.beside(Arc::new(store.beside()));
    assert_eq!(within(other.sessions.sweep()).await.unwrap().in_use, 1);
    stage.sessions.shutdown().await;
    store.open(&id).await.unwrap();
    store.put_blob(&id, b"nobody's").await.unwrap();
    store.close(&id).await.unwrap();
    let swept = within(other.sessions.sweep()).await.unwrap();
    assert_eq!((swept.bytes, swept.in_use), (8, 0));
    restore(&other, &id, &before(&other, &id, "turn 1").await).await;
    assert_eq!(other.read("a.txt"), "1\n");
    within(other.sessions.undo(&id, UndoScope::Session, false)).await.unwrap();
    assert_eq!(other.read("a.txt"), "0\n");
}

#[tokio::test]
async fn what_somebody_writes_while_files_are_put_back_stays_and_no_turn_begins() {
    let stage = Stage::new();
    for name in ["a.txt", "b.txt", "by-command.txt"] {
        stage.write(name, "before\n");
    }
    let id = stage.session_in(Mode::Auto).await;
    let calls = [
        ("edit", edit("a.txt", "before", "after")),
        ("edit", edit("b.txt", "before", "after")),
        ("bash", run("echo after > by-command.txt")),
    ];
    turn(&stage, &id, "go", &calls).await;
    let client = stage.client("the one whose editor takes its time");
    client.attach(&id).await;
    stage.workspace.open(client.connection, &stage.path("a.txt"), 1, "after\n");
    let point = before(&stage, &id, "go").await;
    let (sessions, session) = (stage.sessions.clone(), id.clone());
    let restoring =
        tokio::spawn(async move { sessions.restore(&session, &point, true, true).await });
    let _on_its_way = client.edit().await;
    // The conversation went with a checkpoint that takes it up again.
    let points = stage.sessions.checkpoints(&id).await.unwrap();
    assert!(matches!(points.last().unwrap().before, CheckpointKind::Restore { .. }));
    assert!(!points.iter().any(|point| point.title == "go"));
    let refused = stage.try_chat(&id, "and now?").await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::SessionBusy);
    for name in ["b.txt", "by-command.txt"] {
        stage.write(name, "the user's\n");
    }
    let all = vec![workspace::TextChange { range: None, text: "before\n".to_owned() }];
    let path = stage.path("a.txt");
    let utf8 = changes::Encoding::Utf8;
    stage.workspace.change(client.connection, &path, 2, all, utf8).unwrap();

    let done = within(restoring).await.unwrap().unwrap();
    assert_eq!(done.restored, [path]);
    let refused: Vec<_> = done.refused.iter().map(|(path, _)| path.clone()).collect();
    assert_eq!(refused, [stage.path("b.txt"), stage.path("by-command.txt")]);
    for name in ["b.txt", "by-command.txt"] {
        assert_eq!(stage.read(name), "the user's\n");
    }
    stage.complete(&id, "and now?").await;
}

#[tokio::test]
async fn a_restore_that_cannot_be_journaled_sets_nothing_aside() {
    let stage = Stage::new();
    stage.write("a.txt", "before\n");
    let id = stage.session_in(Mode::Edit).await;
    turn(&stage, &id, "go", &[("edit", edit("a.txt", "before", "after"))]).await;
    let point = before(&stage, &id, "go").await;
    let state = stage.state(&id).await;
    stage.store.fail_at(|batch| {
        batch.records.iter().any(|record| match &record.update {
            Update::ItemEnded { item } => matches!(item.body, ItemBody::Checkpoint(_)),
            _ => false,
        })
    });
    within(stage.sessions.restore(&id, &point, true, true)).await.unwrap_err();
    assert_eq!((stage.state(&id).await, stage.read("a.txt")), (state, "after\n".to_owned()));
}
