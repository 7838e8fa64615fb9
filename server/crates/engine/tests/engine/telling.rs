//! What the model is told of its edits beside that they are applied: faults in the syntax before
//! anyone is asked, and what the editor's language servers say afterwards.

use protocol::{Decision, ErrorCode, ItemBody, Mode, ToolCallStatus};
use serde_json::{Value, json};

use crate::{
    desk::Desk,
    script,
    stage::{Stage, calls, outputs},
};

fn edit(old: &str, new: &str) -> Value {
    json!({"path": "a.rs", "edits": [{"old_text": old, "new_text": new}]})
}

#[tokio::test]
async fn a_new_syntax_error_goes_back_to_the_model_and_not_to_the_user() {
    let stage = Stage::new();
    stage.write("a.rs", "fn one() {}\n");
    let id = stage.session().await;
    let client = stage.client("the user");
    client.attach(&id).await;
    stage.model.answer("go").calls("edit", &edit("fn one() {}", "fn two() {")).ends();
    let turn = stage.chat(&id, "go").await.turn_id;
    let (_, state) = stage.end(&id, &turn).await;
    let call = &calls(&state)[0];
    assert_eq!(call.output.as_ref().unwrap().error, Some(ErrorCode::EditBreaksSyntax));
    assert!(outputs(&state).contains("a.rs:1:"), "{}", outputs(&state));
    assert!(!state.items.iter().any(|item| matches!(item.body, ItemBody::Approval(_))));
    assert_eq!(stage.read("a.rs"), "fn one() {}\n");
}

#[tokio::test]
async fn an_edit_the_model_insists_on_goes_to_the_user_with_its_faults() {
    let stage = Stage::new();
    stage.write("a.rs", "fn one() {}\n");
    let id = stage.session().await;
    let client = stage.client("the user");
    client.attach(&id).await;
    for _ in 0..2 {
        stage.model.answer("go").calls("edit", &edit("fn one() {}", "fn two() {")).ends();
    }
    let turn = stage.chat(&id, "go").await.turn_id;
    let question = client.question().await;
    let state = stage.state(&id).await;
    let faults = state.items.iter().find_map(|item| match &item.body {
        ItemBody::ChangeSet(set) => Some(set.files[0].syntax_errors.len()),
        _ => None,
    });
    assert!(faults.unwrap() > 0);
    question.answer(Decision::Once);
    stage.end(&id, &turn).await;
    assert_eq!(stage.read("a.rs"), "fn two() {\n");
}

#[tokio::test]
async fn a_file_that_was_broken_before_may_be_edited() {
    let stage = Stage::new();
    stage.write("a.rs", "fn one( {\n\nfn two() { 1 }\n");
    let id = stage.session_in(Mode::Edit).await;
    stage.model.answer("go").calls("edit", &edit("{ 1 }", "{ 2 }")).ends();
    stage.complete(&id, "go").await;
    assert!(stage.read("a.rs").contains("{ 2 }"));
}

#[tokio::test]
async fn other_files_of_the_response_are_not_held_back() {
    let stage = Stage::new();
    stage.write("a.rs", "fn one() {}\n");
    let id = stage.session_in(Mode::Edit).await;
    let answer = stage.model.answer("go");
    answer.calls("edit", &edit("fn one() {}", "fn two() {"));
    answer.calls("write", &json!({"path": "b.rs", "content": "fn b() {}\n"})).ends();
    let state = stage.complete(&id, "go").await;
    let statuses: Vec<_> = calls(&state).iter().map(|call| call.status).collect();
    assert_eq!(statuses, [ToolCallStatus::Failed, ToolCallStatus::Completed]);
    assert_eq!(
        (stage.read("a.rs").as_str(), stage.read("b.rs").as_str()),
        ("fn one() {}\n", "fn b() {}\n")
    );
}

#[tokio::test]
async fn what_was_given_back_is_neither_asked_about_nor_remembered() {
    let stage = Stage::new();
    stage.write("a.rs", "fn one() {}\n");
    let id = stage.session().await;
    let client = stage.client("the user");
    client.attach(&id).await;
    let answer = stage.model.answer("go");
    answer.calls("edit", &edit("fn one() {}", "fn two() {"));
    answer.calls("write", &json!({"path": "b.rs", "content": "fn b() {}\n"})).ends();
    stage.chat(&id, "go").await;
    let question = client.question().await;
    let rules = question.approval.options.iter().flat_map(|option| option.rules.clone());
    let path = stage.path("b.rs");
    let expected = protocol::Rule { allow: protocol::Effect::Write { path } };
    assert_eq!(rules.collect::<Vec<_>>(), [expected.clone(), expected]);
    question.answer(Decision::Once);
}

#[tokio::test]
async fn the_model_reads_what_the_edit_changed_in_the_problems() {
    let stage = Stage::new();
    let before = "wrong one\nwrong two\nfine\n";
    stage.write("a.txt", before);
    let id = stage.session_in(Mode::Edit).await;
    let desk = Desk::at(&stage, &id, None, true).await;
    desk.open(&stage.path("a.txt"), before);
    let edits = json!([
        {"old_text": "wrong one", "new_text": "new line\nright"},
        {"old_text": "fine", "new_text": "wrong three"},
    ]);
    stage.model.answer("go").calls("edit", &json!({"path": "a.txt", "edits": edits})).ends();
    stage.complete(&id, "go").await;
    let told = script::results(stage.model.requests().last().unwrap());
    assert!(told.contains("a.txt:4:1 error: `wrong three` is wrong (checker)"), "{told}");
    assert!(
        !told.contains("wrong two") && told.contains("1 problem that was there before is gone")
    );
}
