//! What a turn, a session and a day may use, and the question before it becomes more.

use engine::{Budget, Budgets, ModelEvent};
use protocol::{ApprovalSubject, BudgetScope, Decision, ErrorCode, ItemBody, SessionState};
use serde_json::json;

use crate::{client::Client, stage::Stage};

fn stage(set: impl FnOnce(&mut Budgets)) -> Stage {
    let stage = Stage::set_up(|settings| set(&mut settings.budgets));
    stage.write("a.txt", "one\n");
    stage
}

fn tokens(tokens: u64) -> Budget {
    Budget { tokens, cost: 0 }
}

/// An answer that used so many tokens and wants to go on.
fn works(stage: &Stage, used: u64) {
    stage.model.answer("go").used(used).calls("read", &json!({"path": "a.txt"})).ends();
}

fn asked(state: &SessionState) -> Vec<(BudgetScope, String)> {
    let asked = state.items.iter().filter_map(|item| match &item.body {
        ItemBody::Approval(approval) => match approval.subject {
            ApprovalSubject::Budget { scope, .. } => Some((scope, approval.title.clone())),
            _ => None,
        },
        _ => None,
    });
    asked.collect()
}

async fn end(stage: &Stage, client: &Client, id: &protocol::SessionId) -> Option<ErrorCode> {
    let turn = stage.chat(id, "go").await.turn_id;
    client.end(&turn).await.1
}

#[tokio::test]
async fn a_turn_that_would_go_over_its_budget_asks_and_a_no_stops_it() {
    let stage = stage(|budgets| budgets.turn = tokens(50_000));
    let id = stage.session().await;
    let client = stage.client_that_says(Decision::Reject);
    client.attach(&id).await;
    works(&stage, 30_000);
    works(&stage, 20_000);
    assert_eq!(end(&stage, &client, &id).await, Some(ErrorCode::BudgetReached));
    assert_eq!(stage.model.requests().len(), 2);
    let title = "This turn has used 50000 tokens of 50000 tokens".to_owned();
    assert_eq!(asked(&stage.state(&id).await), [(BudgetScope::Turn, title)]);
    // The next turn begins at nothing.
    stage.complete(&id, "and now").await;
}

#[tokio::test]
async fn each_yes_grants_as_much_again() {
    let stage = stage(|budgets| budgets.session = tokens(50_000));
    let id = stage.session().await;
    let client = stage.client_that_says(Decision::Once);
    client.attach(&id).await;
    for _ in 0..5 {
        works(&stage, 25_000);
    }
    assert_eq!(end(&stage, &client, &id).await, None);
    // 125,000 were used: it was asked at 50,000 and at 100,000.
    let asked = asked(&stage.state(&id).await);
    assert_eq!(asked.len(), 2, "{asked:?}");
    assert_eq!(asked[1].1, "This session has used 100000 tokens of 100000 tokens");
}

#[tokio::test]
async fn money_counts_like_tokens() {
    let stage = stage(|budgets| budgets.turn = Budget { tokens: 0, cost: 15_000_000_000 });
    let id = stage.session().await;
    let client = stage.client_that_says(Decision::Reject);
    client.attach(&id).await;
    works(&stage, 12_000);
    assert_eq!(end(&stage, &client, &id).await, Some(ErrorCode::BudgetReached));
    assert_eq!(asked(&stage.state(&id).await)[0].1, "This turn has used $12.00 of $15.00");
}

#[tokio::test]
async fn the_budget_of_a_day_is_that_of_all_sessions() {
    let stage = stage(|budgets| budgets.day = tokens(50_000));
    let first = stage.session().await;
    stage.model.answer("go").used(49_000).ends();
    stage.complete(&first, "go").await;
    let second = stage.session().await;
    let client = stage.client_that_says(Decision::Reject);
    client.attach(&second).await;
    assert_eq!(end(&stage, &client, &second).await, Some(ErrorCode::BudgetReached));
    assert_eq!(asked(&stage.state(&second).await)[0].0, BudgetScope::Day);
}

#[tokio::test]
async fn a_yes_to_the_budget_of_a_day_counts_in_all_sessions() {
    let stage = stage(|budgets| budgets.day = tokens(50_000));
    let first = stage.session().await;
    let client = stage.client_that_says(Decision::Once);
    client.attach(&first).await;
    works(&stage, 49_000);
    assert_eq!(end(&stage, &client, &first).await, None);
    assert_eq!(asked(&stage.state(&first).await).len(), 1);
    let second = stage.session().await;
    stage.complete(&second, "and here").await;
    assert_eq!(asked(&stage.state(&second).await), []);
}

#[tokio::test]
async fn an_answer_that_breaks_off_is_counted_nevertheless() {
    let stage = stage(|_| {});
    let id = stage.session().await;
    let words = "word ".repeat(2000);
    stage.model.answer("go").says(&words);
    stage.chat(&id, "go").await;
    let used = loop {
        let state = stage.state(&id).await;
        if state.usage.output_tokens > 0 {
            break state.usage;
        }
        tokio::task::yield_now().await;
    };
    // An estimate, and of the whole answer: that it broke off does not make it cheaper.
    assert!((2000..4000).contains(&used.output_tokens), "{used:?}");
    assert!(used.input_tokens > 1000, "{used:?}");
    assert!(used.cost >= used.output_tokens * 1_000_000, "{used:?}");
    // What is told counts, and not what is estimated.
    stage.model.answer("again").says(&words).used(7).ends();
    let state = stage.complete(&id, "again").await;
    assert_eq!(state.usage.input_tokens, used.input_tokens + 7);
    assert_eq!(state.usage.output_tokens, used.output_tokens);
}

#[tokio::test]
async fn an_answer_that_begins_anew_is_counted_twice() {
    let stage = stage(|_| {});
    let id = stage.session().await;
    let words = "word ".repeat(2000);
    let voice = stage.model.answer("go");
    voice.says(&words).event(ModelEvent::Restarted { why: "It broke.".to_owned() });
    voice.says(&words).used(7).ends();
    let state = stage.complete(&id, "go").await;
    assert!((2000..4000).contains(&state.usage.output_tokens), "{:?}", state.usage);
}

#[tokio::test]
async fn what_nobody_counts_is_estimated() {
    let stage = stage(|budgets| budgets.session = tokens(20_000));
    let id = stage.session().await;
    let client = stage.client_that_says(Decision::Reject);
    client.attach(&id).await;
    for _ in 0..3 {
        stage.model.answer("go").says(&"word ".repeat(2000)).ends();
    }
    let mut ends = Vec::new();
    for _ in 0..3 {
        ends.push(end(&stage, &client, &id).await);
    }
    assert_eq!(ends, [None, None, Some(ErrorCode::BudgetReached)]);
}

#[tokio::test]
async fn a_yes_after_much_more_was_used_lasts() {
    let stage = stage(|budgets| budgets.session = tokens(50_000));
    let id = stage.session().await;
    let client = stage.client_that_says(Decision::Once);
    client.attach(&id).await;
    works(&stage, 500_000);
    works(&stage, 10_000);
    assert_eq!(end(&stage, &client, &id).await, None);
    assert_eq!(asked(&stage.state(&id).await).len(), 1);
}

#[tokio::test]
async fn a_first_request_has_its_full_price() {
    let stage = stage(|budgets| budgets.turn = Budget { tokens: 0, cost: 1_000_000_000 });
    let id = stage.session().await;
    let client = stage.client_that_says(Decision::Reject);
    client.attach(&id).await;
    assert_eq!(end(&stage, &client, &id).await, Some(ErrorCode::BudgetReached));
    assert_eq!(stage.model.requests().len(), 0);
}
