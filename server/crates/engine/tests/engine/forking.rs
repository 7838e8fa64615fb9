//! A session is forked, and an earlier prompt is sent again.

use engine::Message;
use protocol::{
    ContextPart, Decision, ErrorCode, HunkState, ItemBody, ItemId, Mode, SessionState, UndoScope,
    UserMessage,
};
use serde_json::json;

use crate::stage::{Stage, notices, prompt, sent, within};

#[tokio::test]
async fn a_fork_and_what_it_was_forked_from_go_on_by_themselves() {
    let stage = Stage::new();
    let id = stage.session_in(Mode::Plan).await;
    for text in ["one", "two"] {
        stage.complete(&id, text).await;
    }
    let two = prompt(&stage.state(&id).await, "two");
    let fork = within(stage.sessions.fork(&id, Some(&two))).await.unwrap();
    assert_eq!(fork.title, "one (fork)");
    assert_eq!(stage.state(&fork.id).await.mode, Mode::Plan);
    stage.complete(&fork.id, "three").await;
    let told = sent(&stage);
    assert!(told.contains("one") && told.contains("three") && !told.contains("two"), "{told}");
    stage.complete(&id, "four").await;
    let told = sent(&stage);
    assert!(told.contains("two") && told.contains("four") && !told.contains("three"), "{told}");

    let state = stage.die(&fork.id).await.state(&fork.id).await;
    assert_eq!(state, stage.state(&fork.id).await);
    let unknown = within(stage.sessions.fork(&id, Some(&"nobody".into()))).await.unwrap_err();
    assert_eq!(unknown.code, ErrorCode::ItemNotFound);
}

#[tokio::test]
async fn the_turn_that_runs_and_what_is_set_aside_are_not_taken_along() {
    let stage = Stage::new();
    let id = stage.session().await;
    for text in ["one", "two"] {
        stage.complete(&id, text).await;
    }
    let two = prompt(&stage.state(&id).await, "two");
    within(stage.sessions.rewind(&id, &two)).await.unwrap();
    let _open = stage.model.answer("three");
    stage.chat(&id, "three").await;
    let fork = within(stage.sessions.fork(&id, None)).await.unwrap();
    let told = format!("{:?}", stage.state(&fork.id).await.items);
    assert!(told.contains("one") && !told.contains("two") && !told.contains("three"), "{told}");
    stage.complete(&fork.id, "four").await;
}

#[tokio::test]
async fn what_was_written_stays_the_text_of_the_session_that_wrote_it() {
    let stage = Stage::new();
    let id = stage.session().await;
    let client = stage.client_that_says(Decision::Session);
    client.attach(&id).await;
    stage.write("a.txt", "before\n");
    let edit = json!({"path": "a.txt", "edits": [{"old_text": "before", "new_text": "after"}]});
    stage.model.answer("go").calls("edit", &edit).ends();
    let state = stage.complete(&id, "go").await;
    let found = state.items.iter().find_map(|item| match &item.body {
        ItemBody::ChangeSet(set) => Some((item.id.clone(), set.files[0].hunks[0].id.clone())),
        _ => None,
    });
    let (set, hunk) = found.unwrap();

    let fork = within(stage.sessions.fork(&id, None)).await.unwrap().id;
    let said = notices(&stage.state(&fork).await);
    assert!(said.iter().any(|(_, text)| text.contains(id.as_str())), "{said:?}");
    assert_eq!(within(stage.sessions.hunks(&fork, None)).await.unwrap(), []);
    let scope = UndoScope::Hunk { hunk_id: hunk.clone() };
    let switched = within(stage.sessions.undo(&fork, scope.clone(), false)).await.unwrap();
    assert_eq!(switched.hunks, []);
    assert!(switched.refused[0].reason.as_ref().unwrap().contains(id.as_str()), "{switched:?}");
    let refused = within(stage.sessions.proposal(&fork, &set)).await.unwrap_err();
    assert!(refused.message.contains(id.as_str()), "{refused}");
    let all = within(stage.sessions.undo(&fork, UndoScope::Session, false)).await.unwrap();
    assert_eq!((all.hunks.len(), all.refused.len()), (0, 0));
    assert_eq!(stage.read("a.txt"), "after\n");

    let switched = within(stage.sessions.undo(&id, scope, false)).await.unwrap();
    assert_eq!(switched.hunks, [hunk]);
    assert_eq!(stage.read("a.txt"), "before\n");
}

#[tokio::test]
async fn what_was_allowed_in_a_session_is_asked_again_in_its_fork() {
    let stage = Stage::new();
    let id = stage.session().await;
    let client = stage.client_that_says(Decision::Session);
    client.attach(&id).await;
    let call = json!({"command": "true"});
    stage.model.answer("run it").calls("bash", &call).ends();
    stage.complete(&id, "run it").await;
    let fork = within(stage.sessions.fork(&id, None)).await.unwrap().id;
    client.leave().await;
    let other = stage.client("the one who is asked");
    other.attach(&fork).await;
    stage.model.answer("again").calls("bash", &call).ends();
    stage.chat(&fork, "again").await;
    other.question().await.answer(Decision::Reject);
}

#[tokio::test]
async fn that_nothing_is_asked_was_chosen_for_one_session() {
    let stage = Stage::new();
    let id = stage.session_in(Mode::Auto).await;
    stage.complete(&id, "one").await;
    let fork = within(stage.sessions.fork(&id, None)).await.unwrap().id;
    assert_eq!(stage.state(&fork).await.mode, Mode::Ask);
}

#[tokio::test]
async fn what_waits_in_a_session_does_not_wait_in_its_fork() {
    let stage = Stage::new();
    let id = stage.session().await;
    let client = stage.client("the one who is asked");
    client.attach(&id).await;
    stage.write("a.txt", "before\n");
    let edit = json!({"path": "a.txt", "edits": [{"old_text": "before", "new_text": "after"}]});
    stage.model.answer("go").calls("edit", &edit).ends();
    let turn = stage.chat(&id, "go").await.turn_id;
    let _open = client.question().await;
    stage.cancel(&id).await;
    stage.end(&id, &turn).await;
    let fork = within(stage.sessions.fork(&id, None)).await.unwrap().id;
    let state = |state: SessionState| {
        let set = state.items.into_iter().find_map(|item| match item.body {
            ItemBody::ChangeSet(set) => Some(set),
            _ => None,
        });
        set.unwrap().files[0].hunks[0].state.clone()
    };
    assert_eq!(state(stage.state(&id).await), HunkState::Pending);
    assert!(matches!(state(stage.state(&fork).await), HunkState::Conflicted { .. }));
}

#[tokio::test]
async fn pictures_go_along() {
    let stage = Stage::new();
    let id = stage.session().await;
    let picture = include_bytes!("../../../../../docs/images/neovim.png");
    std::fs::write(stage.on_disk("a.png"), picture).unwrap();
    stage.model.answer("look").calls("viewImage", &json!({"path": "a.png"})).ends();
    stage.complete(&id, "look").await;
    let fork = within(stage.sessions.fork(&id, None)).await.unwrap().id;
    within(stage.sessions.delete(&id)).await.unwrap();
    stage.complete(&fork, "and now?").await;
    let request = stage.model.requests().pop().unwrap();
    let images = request.messages.iter().filter_map(|message| match message {
        Message::Tool { results } => Some(results.iter().map(|it| it.images.len()).sum::<usize>()),
        _ => None,
    });
    assert_eq!(images.sum::<usize>(), 1);
}

#[tokio::test]
async fn an_earlier_prompt_is_sent_again_with_what_it_pointed_at() {
    let stage = Stage::new();
    let id = stage.session().await;
    stage.write("a.txt", "the text\n");
    let pointed = ContextPart::File { path: stage.path("seen.txt"), line: Some(7) };
    let message = UserMessage { text: "one".to_owned(), context: vec![pointed] };
    let turn = within(stage.sessions.chat(&id, message)).await.unwrap().turn_id;
    let (_, state) = stage.end(&id, &turn).await;
    stage.complete(&id, "two").await;
    let one = prompt(&state, "one");
    let again = stage.sessions.resend(&id, &one, "look at @a.txt".to_owned(), false);
    let turn = within(again).await.unwrap().turn_id;
    let (_, state) = stage.end(&id, &turn).await;
    let told = sent(&stage);
    assert!(told.contains("seen.txt") && told.contains("the text"), "{told}");
    assert!(!told.contains("two"), "{told}");

    // What was set aside by it is no prompt of the conversation any more.
    let again =
        within(stage.sessions.resend(&id, &one, "three".to_owned(), false)).await.unwrap_err();
    assert_eq!(again.code, ErrorCode::ItemNotFound);
    assert_eq!(stage.state(&id).await, state);
}

#[tokio::test]
async fn a_prompt_that_cannot_be_sent_again_leaves_the_conversation_as_it_is() {
    let stage = Stage::new();
    let id = stage.session().await;
    let before = stage.complete(&id, "one").await;
    let one = prompt(&before, "one");
    for (text, code) in [("  ", ErrorCode::InvalidParams), ("/nosuch", ErrorCode::UnknownCommand)] {
        let refused =
            within(stage.sessions.resend(&id, &one, text.to_owned(), false)).await.unwrap_err();
        assert_eq!(refused.code, code);
        assert_eq!(stage.state(&id).await, before);
    }
}

#[tokio::test]
async fn with_the_files_they_are_put_back_before_the_prompt_is_sent_again() {
    let stage = Stage::new();
    let id = stage.session_in(Mode::Edit).await;
    stage.write("a.txt", "before\n");
    let edit = json!({"path": "a.txt", "edits": [{"old_text": "before", "new_text": "after"}]});
    stage.model.answer("go").calls("edit", &edit).ends();
    let state = stage.complete(&id, "go").await;
    assert_eq!(stage.read("a.txt"), "after\n");
    let go = prompt(&state, "go");
    let again = stage.sessions.resend(&id, &go, "look at @a.txt".to_owned(), true);
    let turn = within(again).await.unwrap().turn_id;
    stage.end(&id, &turn).await;
    assert_eq!(stage.read("a.txt"), "before\n");
    let told = sent(&stage);
    assert!(told.contains("before") && !told.contains("after"), "{told}");
}

#[tokio::test]
async fn a_prompt_that_cannot_be_sent_again_leaves_the_files_as_they_are() {
    let stage = Stage::new();
    let id = stage.session_in(Mode::Edit).await;
    stage.write("a.txt", "before\n");
    let edit = json!({"path": "a.txt", "edits": [{"old_text": "before", "new_text": "after"}]});
    stage.model.answer("go").calls("edit", &edit).ends();
    let state = stage.complete(&id, "go").await;
    let go = prompt(&state, "go");
    let again = stage.sessions.resend(&id, &go, "/nosuch".to_owned(), true);
    assert_eq!(within(again).await.unwrap_err().code, ErrorCode::UnknownCommand);
    assert_eq!(stage.read("a.txt"), "after\n");
    let told: Vec<ItemId> = stage.state(&id).await.told().map(|item| item.id.clone()).collect();
    assert!(state.items.iter().all(|item| told.contains(&item.id)), "{told:?}");
}
