//! Modes: what is done at once, what is asked, and what is saved before a command.

use protocol::{ApprovalSubject, Decision, Mode, SessionState, Status, StopReason};
use serde_json::json;

use crate::{
    desk::Desk,
    stage::{Stage, calls, notices, outputs},
};

/// A turn in which the model writes a file and runs a command, and nobody says a word.
async fn write_and_run(mode: Mode) -> (Stage, SessionState) {
    let stage = Stage::new();
    let id = stage.session_in(mode).await;
    stage
        .model
        .answer("go")
        .calls("write", &json!({"path": "made.txt", "content": "made\n"}))
        .calls("bash", &json!({"command": "touch ran"}))
        .ends();
    let turn = stage.chat(&id, "go").await.turn_id;
    let state = stage
        .until(&id, |state| {
            crate::stage::ended(state, &turn).is_some() || !state.open.is_empty() && waits(state)
        })
        .await;
    (stage, state)
}

/// Whether a question is open.
fn waits(state: &SessionState) -> bool {
    state.open.iter().any(|id| {
        matches!(state.item(id).map(|item| &item.body), Some(protocol::ItemBody::Approval(_)))
    })
}

#[tokio::test]
async fn in_edit_mode_edits_are_applied_and_commands_asked_for() {
    let (stage, state) = write_and_run(Mode::Edit).await;
    assert!(waits(&state));
    assert_eq!(stage.read("made.txt"), "made\n");
    assert!(!stage.on_disk("ran").exists());
}

#[tokio::test]
async fn in_auto_mode_nothing_is_asked_and_the_screen_says_so() {
    let (stage, state) = write_and_run(Mode::Auto).await;
    assert!(!waits(&state));
    assert!(stage.on_disk("ran").exists());
    assert!(notices(&state)[0].1.starts_with("Auto mode"));
}

#[tokio::test]
async fn turning_to_auto_mode_is_said_once() {
    let stage = Stage::new();
    let id = stage.session().await;
    for mode in [Mode::Auto, Mode::Auto, Mode::Ask, Mode::Auto] {
        stage.sessions.configure(&id, Some(mode), None).await.unwrap();
    }
    assert_eq!(notices(&stage.state(&id).await).len(), 2);
}

/// A turn that edits an open document and then runs `cat` on it.
async fn edit_and_cat(
    mode: Mode,
    says: Decision,
    saves: bool,
) -> (Stage, std::sync::Arc<Desk>, SessionState) {
    let stage = Stage::new();
    stage.write("a.txt", "one\n");
    let id = stage.session_in(mode).await;
    let desk = Desk::at(&stage, &id, Some(says), saves).await;
    desk.open(&stage.path("a.txt"), "one\n");
    let edit = json!({"path": "a.txt", "edits": [{"old_text": "one", "new_text": "two"}]});
    stage.model.answer("go").calls("edit", &edit).ends();
    stage.model.answer("go").calls("bash", &json!({"command": "cat a.txt"})).ends();
    let turn = stage.chat(&id, "go").await.turn_id;
    let (reason, state) = stage.end(&id, &turn).await;
    assert_eq!(reason, StopReason::Completed);
    assert_eq!(desk.text(&stage.path("a.txt")), "two\n");
    (stage, desk, state)
}

#[tokio::test]
async fn save_and_run_lets_the_command_see_the_edit() {
    let (stage, desk, state) = edit_and_cat(Mode::Edit, Decision::SaveAndRun, true).await;
    assert_eq!(stage.read("a.txt"), "two\n");
    assert!(outputs(&state).contains("two") && !outputs(&state).contains("not saved, and"));
    let asked = desk.asked.lock().unwrap();
    let ApprovalSubject::ToolCall { unsaved, .. } = &asked[0].subject else { panic!() };
    assert_eq!(*unsaved, [stage.path("a.txt")]);
}

#[tokio::test]
async fn a_command_that_does_not_see_an_edit_says_so() {
    let (stage, _, state) = edit_and_cat(Mode::Edit, Decision::Once, true).await;
    assert_eq!(stage.read("a.txt"), "one\n");
    assert!(outputs(&state).contains("did not see them: a.txt"), "{}", outputs(&state));
}

#[tokio::test]
async fn an_editor_that_cannot_save_is_not_asked_to() {
    let (_, desk, state) = edit_and_cat(Mode::Edit, Decision::SaveAndRun, false).await;
    let asked = desk.asked.lock().unwrap();
    assert!(asked[0].options.iter().all(|it| it.decision != Decision::SaveAndRun));
    assert!(outputs(&state).contains("did not see them: a.txt"));
}

#[tokio::test]
async fn in_auto_mode_the_agents_edits_are_saved_before_a_command() {
    let (stage, desk, state) = edit_and_cat(Mode::Auto, Decision::Reject, true).await;
    assert!(desk.asked.lock().unwrap().is_empty());
    assert_eq!(stage.read("a.txt"), "two\n");
    assert_eq!(calls(&state).len(), 2);
}

#[tokio::test]
async fn what_is_chosen_while_a_model_is_looked_for_stays() {
    let stage = Stage::set_up(|settings| settings.model = String::new());
    let id = stage.session().await;
    let found = stage.model.finds();
    stage.chat(&id, "hello").await;
    while !stage.model.is_looking() {
        tokio::task::yield_now().await;
    }
    let chosen = Some("script/mine".to_owned());
    stage.sessions.configure(&id, Some(Mode::Plan), chosen).await.unwrap();
    found.send("script/found".to_owned()).unwrap();
    let state = stage.until(&id, |state| !matches!(state.status, Status::Running { .. })).await;
    assert_eq!((state.mode, state.model.as_str()), (Mode::Plan, "script/mine"));
}

#[tokio::test]
async fn a_model_that_is_found_leaves_the_mode_alone() {
    let stage = Stage::set_up(|settings| settings.model = String::new());
    let id = stage.session().await;
    let found = stage.model.finds();
    stage.chat(&id, "hello").await;
    while !stage.model.is_looking() {
        tokio::task::yield_now().await;
    }
    stage.sessions.configure(&id, Some(Mode::Plan), None).await.unwrap();
    found.send("script/found".to_owned()).unwrap();
    let state = stage.until(&id, |state| !state.model.is_empty()).await;
    assert_eq!((state.mode, state.model.as_str()), (Mode::Plan, "script/found"));
}
