//! An answer that begins anew after a fault that passed.

use engine::ModelEvent;
use protocol::{ItemBody, SessionState};

use crate::stage::Stage;

fn said(state: &SessionState, aside: bool) -> Vec<String> {
    let items = state.items.iter().filter(|item| item.aside == aside);
    let said = items.filter_map(|item| match &item.body {
        ItemBody::AgentMessage { text } => Some(text.clone()),
        ItemBody::Notice(notice) => Some(format!("notice: {}", notice.text)),
        _ => None,
    });
    said.collect()
}

#[tokio::test]
async fn what_came_before_stays_to_be_read_and_counts_for_nothing() {
    let stage = Stage::new();
    let id = stage.session().await;
    let answer = stage.model.answer("go");
    answer.thinks("Hm. ").says("The first");
    answer.event(ModelEvent::Restarted { why: "It broke off.".to_owned() });
    answer.says("The second.").ends();
    let state = stage.complete(&id, "go").await;
    assert_eq!(said(&state, true), ["The first"]);
    assert_eq!(said(&state, false), ["notice: It broke off.", "The second."]);
    stage.complete(&id, "and now").await;
    let sent = serde_json::to_string(&stage.model.requests().pop().unwrap().messages).unwrap();
    assert!(sent.contains("The second.") && !sent.contains("The first"), "{sent}");
}

#[tokio::test]
async fn a_wait_is_told() {
    let stage = Stage::new();
    let id = stage.session().await;
    let answer = stage.model.answer("go");
    answer.event(ModelEvent::Waiting { why: "Busy; again in 2 seconds.".to_owned() });
    answer.says("Here.").ends();
    let state = stage.complete(&id, "go").await;
    assert_eq!(said(&state, false), ["notice: Busy; again in 2 seconds.", "Here."]);
}
