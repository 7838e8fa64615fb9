//! Prompts: what is taken on, in what order, and under what title.

use protocol::{ErrorCode, StopReason};

use crate::{
    moody::begins,
    stage::{Stage, is_shown_as_unsent, rounds},
};

#[tokio::test]
async fn an_empty_prompt_is_refused_and_begins_nothing() {
    let stage = Stage::new();
    let id = stage.session().await;
    for empty in ["", " ", "\n\t\r\n "] {
        let refused = stage.try_chat(&id, empty).await.unwrap_err();
        assert_eq!(refused.code, ErrorCode::InvalidParams, "{refused:?}");
    }
    rounds(20).await;
    assert!(stage.state(&id).await.items.is_empty());
    assert!(stage.model.requests().is_empty());
}

#[tokio::test]
async fn an_empty_prompt_does_not_wait_either() {
    let stage = Stage::new();
    let id = stage.session().await;
    let _unfinished = stage.model.answer("one");
    stage.chat(&id, "one").await;
    assert!(stage.try_chat(&id, " \n").await.is_err());
    assert!(stage.state(&id).await.queue.is_empty());
}

#[tokio::test]
async fn the_title_is_the_first_line_with_words() {
    let stage = Stage::new();
    let id = stage.session().await;
    stage.complete(&id, "\n  \n\tMake it shorter.\nAnd faster.").await;
    stage.complete(&id, "Another prompt").await;
    let listed = stage.sessions.list(None).await.unwrap();
    assert_eq!(listed[0].title.trim(), "Make it shorter.");
}

#[tokio::test]
async fn prompts_that_wait_are_answered_in_their_order() {
    let stage = Stage::new();
    let id = stage.session().await;
    let answer = stage.model.answer("one");
    stage.chat(&id, "one").await;
    stage.chat(&id, "two").await;
    let last = stage.chat(&id, "three").await;
    answer.says("One.").ends();
    assert_eq!(stage.end(&id, &last.turn_id).await.0, StopReason::Completed);
    assert_eq!(stage.model.prompts(), ["one", "two", "three"]);
    assert!(stage.state(&id).await.queue.is_empty());
}

#[tokio::test]
async fn a_prompt_that_could_not_be_started_is_neither_lost_nor_overtaken() {
    let stage = Stage::new();
    let id = stage.session().await;
    let answer = stage.model.answer("one");
    stage.chat(&id, "one").await;
    let waiting = [stage.chat(&id, "two").await, stage.chat(&id, "three").await];
    stage.store.fail_at(begins("two"));
    answer.says("One.").ends();
    stage.store.failed().await;
    rounds(20).await;
    stage.store.work_again();

    let last = stage.chat(&id, "four").await;
    let (reason, state) = stage.end(&id, &last.turn_id).await;
    assert_eq!(reason, StopReason::Completed);
    assert!(state.queue.is_empty());
    let prompts = stage.model.prompts();
    let sent = |text: &str| prompts.iter().position(|prompt| prompt.ends_with(text));
    for (started, text) in waiting.iter().zip(["two", "three"]) {
        let unsent = is_shown_as_unsent(&state, &started.turn_id, text);
        assert!(unsent != sent(text).is_some(), "{text}: {prompts:?}");
        assert!(sent(text) < sent("four"), "{prompts:?}");
    }
    assert!(sent("two") <= sent("three") || sent("three").is_none(), "{prompts:?}");
}

#[tokio::test]
async fn a_prompt_sent_while_another_client_leaves_is_answered() {
    let stage = Stage::new();
    let id = stage.session().await;
    let leaving = stage.client("the one who leaves");
    leaving.attach(&id).await;
    stage.store.halt_at_close();
    let send = async {
        stage.store.halted().await;
        tokio::join!(stage.chat(&id, "one"), async {
            rounds(20).await;
            stage.store.go_on();
        })
        .0
    };
    let (_, started) = crate::stage::within(async { tokio::join!(leaving.leave(), send) }).await;
    assert_eq!(stage.end(&id, &started.turn_id).await.0, StopReason::Completed);
    assert_eq!(stage.model.prompts(), ["one"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_prompt_sent_while_another_client_leaves_is_answered_whoever_is_faster() {
    let stage = Stage::new();
    let id = stage.session().await;
    for _ in 0..100 {
        let leaving = stage.client("the one who leaves");
        leaving.attach(&id).await;
        let (_, started) = tokio::join!(leaving.leave(), stage.chat(&id, "one"));
        assert_eq!(stage.end(&id, &started.turn_id).await.0, StopReason::Completed);
    }
}
