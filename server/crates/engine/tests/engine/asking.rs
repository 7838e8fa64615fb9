//! Questions: who is asked, whose answer counts, and that nothing is done unasked.

use std::sync::Arc;

use async_trait::async_trait;
use engine::{Prepared, ProposedEdit, Tool, ToolContext, ToolError, ToolSpec, Work};
use protocol::{
    Answer, Decision, ErrorCode, FileChangeKind, ItemBody, Mode, Replacement, StopReason,
    ToolCallStatus,
};
use serde_json::{Value, json};

use crate::stage::{Stage, calls, rounds};

/// A stage with a session, a client attached to it, and a model that wants to run `touch ran`.
macro_rules! asked {
    ($stage:ident, $id:ident, $turn:ident, $($client:ident),+) => {
        let $stage = Stage::new();
        let $id = $stage.session().await;
        $(
            let $client = $stage.client(stringify!($client));
            $client.attach(&$id).await;
        )+
        $stage.model.answer("go").calls("bash", &json!({"command": "touch ran"})).ends();
        let $turn = $stage.chat(&$id, "go").await.turn_id;
    };
}

#[tokio::test]
async fn the_first_answer_counts_and_the_other_editor_is_no_longer_asked() {
    asked!(stage, id, turn, one, other);
    let (quick, slow) = (one.question().await, other.question().await);
    quick.answer(Decision::Once);
    slow.withdrawn().await;
    let (reason, state) = stage.end(&id, &turn).await;
    assert_eq!(reason, StopReason::Completed);
    assert!(stage.on_disk("ran").exists());
    let by = state.items.iter().find_map(|item| match &item.body {
        ItemBody::Approval(approval) => approval.answer.as_ref().map(|answer| answer.by.clone()),
        _ => None,
    });
    assert_eq!(by.as_deref(), Some("one"));
}

#[tokio::test]
async fn a_question_outlives_the_editor_that_was_asked() {
    asked!(stage, id, turn, first);
    let lost = first.question().await;
    first.leave().await;
    lost.withdrawn().await;
    let second = stage.client("second");
    second.attach(&id).await;
    second.question().await.answer(Decision::Once);
    assert_eq!(stage.end(&id, &turn).await.0, StopReason::Completed);
    assert!(stage.on_disk("ran").exists());
}

#[tokio::test]
async fn an_editor_that_leaves_takes_no_question_from_the_other() {
    asked!(stage, id, turn, leaves, stays);
    let (lost, open) = (leaves.question().await, stays.question().await);
    leaves.leave().await;
    lost.withdrawn().await;
    open.answer(Decision::Once);
    assert_eq!(stage.end(&id, &turn).await.0, StopReason::Completed);
}

#[tokio::test]
async fn a_connection_that_attaches_twice_is_asked_once() {
    asked!(stage, id, turn, client);
    let question = client.question().await;
    client.attach(&id).await;
    rounds(20).await;
    assert_eq!(client.open_questions(), 1);
    let answer = Answer::new(Decision::Once, "someone");
    stage.sessions.respond(&id, &question.id, answer).await.unwrap();
    assert_eq!(stage.end(&id, &turn).await.0, StopReason::Completed);
    assert_eq!(client.open_questions(), 0);
}

#[tokio::test]
async fn a_connection_that_attached_twice_before_is_asked_once() {
    let stage = Stage::new();
    let id = stage.session().await;
    let client = stage.client("twice");
    client.attach(&id).await;
    client.attach(&id).await;
    stage.model.answer("go").calls("bash", &json!({"command": "true"})).ends();
    stage.chat(&id, "go").await;
    let _open = client.question().await;
    rounds(20).await;
    assert_eq!(client.open_questions(), 1);
}

#[tokio::test]
async fn an_answer_that_is_none_of_the_options_is_refused_and_closes_nothing() {
    asked!(stage, id, turn, client);
    let question = client.question().await;
    let withdrawn = Answer::new(Decision::Withdrawn, "");
    let refused = stage.sessions.respond(&id, &question.id, withdrawn).await.unwrap_err();
    assert_eq!(refused.code, ErrorCode::InvalidParams);
    question.answer(Decision::Once);
    assert_eq!(stage.end(&id, &turn).await.0, StopReason::Completed);
    assert!(stage.on_disk("ran").exists());
}

#[tokio::test]
async fn an_editor_that_answers_what_was_not_offered_leaves_the_question_open() {
    let stage = Stage::new();
    let id = stage.session().await;
    let client = stage.client("confused");
    client.attach(&id).await;
    stage.model.answer("go").calls("write", &json!({"path": ".envrc", "content": "x"})).ends();
    let turn = stage.chat(&id, "go").await.turn_id;
    let question = client.question().await;
    let offered = |decision| question.approval.options.iter().any(|it| it.decision == decision);
    assert!(!offered(Decision::Always) && offered(Decision::Once));
    let approval = question.id.clone();
    question.answer(Decision::Always);
    rounds(20).await;
    let answer = Answer::new(Decision::Once, "someone");
    stage.sessions.respond(&id, &approval, answer).await.unwrap();
    assert_eq!(stage.end(&id, &turn).await.0, StopReason::Completed);
    assert_eq!(stage.read(".envrc"), "x");
}

/// A tool that does not say what its calls would do.
struct Undeclared;

#[async_trait]
impl Tool for Undeclared {
    fn spec(&self) -> ToolSpec {
        ToolSpec { name: "undeclared".into(), description: String::new(), schema: json!({}) }
    }

    async fn prepare(&self, input: Value, context: &ToolContext) -> Result<Prepared, ToolError> {
        let work = if input == json!({"what": "plan"}) {
            Work::SubmitPlan { summary: "Tidy up.".into(), steps: vec!["Delete all.".into()] }
        } else {
            let path = context.resolve("new.txt").await?;
            let all = Replacement { start: 0, end: 0, text: "new\n".into() };
            let (kind, base) = (FileChangeKind::Create, None);
            let replacements = vec![all];
            let edit =
                ProposedEdit { path, kind, to: None, base, replacements, note: None, reason: None };
            Work::Propose(vec![edit])
        };
        Ok(Prepared { title: "Nothing much".into(), effects: Vec::new(), work })
    }
}

/// A stage where the model calls that tool.
fn undeclared(what: &str) -> Stage {
    let stage = Stage::with(Arc::new(store::MemoryStore::new()), vec![Arc::new(Undeclared)]);
    stage.model.answer("go").calls("undeclared", &json!({"what": what})).ends();
    stage
}

#[tokio::test]
async fn an_edit_is_asked_for_although_its_tool_did_not_declare_it() {
    let stage = undeclared("edit");
    let id = stage.session().await;
    let client = stage.client("the only one");
    client.attach(&id).await;
    let turn = stage.chat(&id, "go").await.turn_id;
    let question = client.question().await;
    assert!(!stage.on_disk("new.txt").exists());
    question.answer(Decision::Reject);
    stage.end(&id, &turn).await;
    assert!(!stage.on_disk("new.txt").exists());
}

#[tokio::test]
async fn an_edit_that_its_tool_did_not_declare_is_not_made_in_plan_mode() {
    let stage = undeclared("edit");
    let id = stage.session_in(Mode::Plan).await;
    let client = stage.client_that_says(Decision::Once);
    client.attach(&id).await;
    let state = stage.complete(&id, "go").await;
    assert_eq!(calls(&state)[0].status, ToolCallStatus::Rejected);
    assert!(!stage.on_disk("new.txt").exists());
}

#[tokio::test]
async fn a_plan_is_asked_for_although_its_tool_did_not_declare_it() {
    let stage = undeclared("plan");
    let id = stage.session_in(Mode::Plan).await;
    let client = stage.client("the only one");
    client.attach(&id).await;
    let turn = stage.chat(&id, "go").await.turn_id;
    client.question().await.answer(Decision::Once);
    let (reason, state) = stage.end(&id, &turn).await;
    assert_eq!((reason, state.mode), (StopReason::Completed, Mode::Ask));
    assert_eq!(calls(&state)[0].status, ToolCallStatus::Completed);
}
