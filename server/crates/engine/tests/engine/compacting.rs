//! A conversation that grows beyond what the model can read.

use engine::{Budget, ModelEvent};
use protocol::{Decision, ErrorCode, ItemBody, SessionState};
use serde_json::json;

use crate::{
    script::{prompt, results},
    stage::Stage,
};

/// A file that weighs about 1,400 tokens.
fn long_file() -> String {
    (0..500).map(|number| format!("line {number}\n")).collect()
}

/// A stage whose model reads so many tokens beyond what every request has.
async fn stage(beyond: u64) -> (Stage, protocol::SessionId) {
    let stage = Stage::new();
    stage.write("long.txt", &long_file());
    let id = stage.session().await;
    stage.complete(&id, "hello").await;
    let request = serde_json::to_string(&stage.model.requests()[0]).unwrap();
    stage.model.reads_at_most(request.len() as u64 / 3 + 1000 + beyond);
    (stage, id)
}

/// A turn in which the file is read so many times; then `Done.`
fn reads(stage: &Stage, times: usize) {
    for first in 1..=times {
        // The same call again and again would be asked about.
        let call = json!({"path": "long.txt", "offset": first});
        stage.model.answer("go").calls("read", &call).ends();
    }
}

fn compactions(state: &SessionState) -> Vec<(bool, bool)> {
    let compactions = state.told().filter_map(|item| match &item.body {
        ItemBody::Compaction(it) => Some((it.trimmed.is_some(), it.summary.is_some())),
        _ => None,
    });
    compactions.collect()
}

#[tokio::test]
async fn earlier_results_are_left_out_first() {
    let (stage, id) = stage(25_000).await;
    reads(&stage, 14);
    let state = stage.complete(&id, "go").await;
    assert_eq!(compactions(&state)[0], (true, false));
    let last = stage.model.requests().pop().unwrap();
    let sent = results(&last);
    assert!(sent.contains("This result of `read` was long and is left out now."), "{sent}");
    assert!(sent.contains("line 499"), "the last ones are whole");
    // Nothing is lost: what was read is in the session.
    let whole = state.items.iter().filter(|item| match &item.body {
        ItemBody::ToolCall(call) => call.output.as_ref().unwrap().text.contains("line 499"),
        _ => false,
    });
    assert_eq!(whole.count(), 14);
}

#[tokio::test]
async fn what_does_not_fit_is_summed_up_by_the_fast_model_and_the_work_goes_on() {
    let (stage, id) = stage(9000).await;
    let todos = json!({"todos": [
        {"content": "Count", "activeForm": "Counting", "status": "in_progress"}
    ]});
    stage.model.answer("begin").calls("todoWrite", &todos).ends();
    stage.complete(&id, "begin").await;
    let words = "word ".repeat(8000);
    stage.model.answer("say much").says(&words).ends();
    stage.complete(&id, "say much").await;
    // The transcript ends with what the agent said.
    stage.model.answer("word \n\n").says("The user wants words.").ends();
    let state = stage.complete(&id, "and now").await;
    assert_eq!(compactions(&state), [(true, true)]);
    let requests = stage.model.requests();
    let [.., summing, last] = requests.as_slice() else { panic!("{requests:?}") };
    assert_eq!(summing.model, "script/fast");
    assert!(summing.tools.is_empty());
    assert!(requests.iter().all(|request| request.session == id.to_string()), "{requests:?}");
    let sent = prompt(last);
    assert!(sent.contains("<summary>\nThe user wants words.\n</summary>"), "{sent}");
    assert!(sent.ends_with("and now"), "{sent}");
    assert!(!sent.contains("word word"));
    assert_eq!(state.todos()[0].content, "Count");

    // Going back to a point before it brings the conversation back.
    let mut prompts = state.items.iter().filter(|it| matches!(it.body, ItemBody::UserMessage(_)));
    let last = prompts.next_back().unwrap().id.clone();
    stage.sessions.rewind(&id, &last).await.unwrap();
    stage.model.reads_at_most(1_000_000);
    stage.complete(&id, "once more").await;
    let sent = stage.model.requests().pop().unwrap();
    let said = serde_json::to_string(&sent.messages).unwrap();
    assert!(said.contains("word word") && !said.contains("<summary>"));
}

#[tokio::test]
async fn a_provider_that_counts_otherwise_is_believed() {
    let (stage, id) = stage(100_000).await;
    reads(&stage, 4);
    stage.model.answer("go").fails(ErrorCode::ContextTooLong);
    let state = stage.complete(&id, "go").await;
    // It counts far more than we do, so to leave results out would not be enough.
    assert_eq!(compactions(&state), [(true, true)]);
    let sent = stage.model.requests();
    let lengths: Vec<_> =
        sent.iter().map(|it| serde_json::to_string(&it.messages).unwrap().len()).collect();
    let [.., refused, _, last] = lengths.as_slice() else { panic!("{lengths:?}") };
    assert!(*last < refused * 2 / 3, "{lengths:?}");
}

#[tokio::test]
async fn a_summary_is_paid_from_the_budget_too() {
    let stage = Stage::set_up(|settings| {
        settings.budgets.session = Budget { tokens: 20_000, cost: 0 };
    });
    let id = stage.session().await;
    let client = stage.client_that_says(Decision::Reject);
    client.attach(&id).await;
    let words = "word ".repeat(8000);
    stage.model.answer("say much").says(&words).used(19_000).ends();
    stage.complete(&id, "say much").await;
    let asked = stage.model.requests().len();
    stage.model.reads_at_most(12_000);
    let turn = stage.chat(&id, "and now").await.turn_id;
    assert_eq!(client.end(&turn).await.1, Some(ErrorCode::BudgetReached));
    // Neither the summary nor what it was for was asked for.
    assert_eq!(stage.model.requests().len(), asked);
}

#[tokio::test]
async fn what_a_summary_waits_for_is_told() {
    let (stage, id) = stage(9000).await;
    let words = "word ".repeat(8000);
    stage.model.answer("say much").says(&words).ends();
    stage.complete(&id, "say much").await;
    let voice = stage.model.answer("word \n\n");
    voice.event(ModelEvent::Waiting { why: "It is busy.".to_owned() });
    voice.says("The user wants words.").ends();
    let state = stage.complete(&id, "and now").await;
    let is_told = |item: &protocol::Item| match &item.body {
        ItemBody::Notice(notice) => notice.text == "It is busy.",
        _ => false,
    };
    assert!(state.items.iter().any(is_told));
}

#[tokio::test]
async fn a_summary_that_breaks_off_is_none() {
    let (stage, id) = stage(9000).await;
    let words = "word ".repeat(8000);
    stage.model.answer("say much").says(&words).ends();
    stage.complete(&id, "say much").await;
    // The session's own model is asked after the fast one.
    stage.model.answer("word \n\n").says("The user");
    stage.model.answer("word \n\n").says("The user wants words.").ends();
    stage.complete(&id, "and now").await;
    let sent = prompt(&stage.model.requests().pop().unwrap());
    assert!(sent.contains("<summary>\nThe user wants words.\n</summary>"), "{sent}");
}
