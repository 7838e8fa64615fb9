//! What the fast model calls a session, beside its turns.

use engine::{Budget, ModelEvent, Settings, Store};
use protocol::{AbsPath, SessionId, SessionState};

use crate::{
    script::{Voice, prompt},
    stage::{Stage, rounds},
};

fn stage(set: impl FnOnce(&mut Settings)) -> Stage {
    Stage::set_up(|settings| {
        settings.titles = true;
        set(settings);
    })
}

/// The answer to the request for a title, after a turn that ended with `Done.`
fn title(stage: &Stage) -> Voice {
    stage.model.answer("## Agent\n\nDone.")
}

fn requests(stage: &Stage) -> Vec<engine::ModelRequest> {
    let requests = stage.model.requests().into_iter();
    requests.filter(|request| request.model == "script/fast").collect()
}

async fn named(stage: &Stage, id: &SessionId) -> SessionState {
    stage.until(id, |state| !state.title.is_empty()).await
}

/// Waits until nothing is left to do. What is done beside the session waits for nothing here.
async fn settled(stage: &Stage, id: &SessionId) {
    stage.cancel(id).await;
    rounds(100).await;
}

async fn listed(stage: &Stage, root: &AbsPath) -> Vec<String> {
    let sessions = stage.sessions.list(Some(root)).await.unwrap();
    sessions.into_iter().map(|info| info.title).collect()
}

#[tokio::test]
async fn the_first_turn_gives_a_session_its_title_and_later_ones_do_not() {
    let stage = stage(|_| ());
    let id = stage.session().await;
    stage.model.answer("make it shorter").says("Done.").used(5).ends();
    title(&stage).says("\"Make it").says(" short.\"").used(30).ends();
    stage.complete(&id, "Please,\nmake it shorter").await;
    let state = named(&stage, &id).await;
    assert_eq!((state.title.as_str(), state.usage.input_tokens), ("Make it short", 35));
    assert_eq!(stage.store.used_on(0).await.unwrap().usage.input_tokens, 35);
    assert_eq!(listed(&stage, &stage.root).await, ["Make it short"]);
    let asked = requests(&stage);
    assert_eq!(prompt(&asked[0]), "## User\n\nPlease,\nmake it shorter\n\n## Agent\n\nDone.");
    assert!(asked[0].tools.is_empty());

    stage.complete(&id, "and now").await;
    settled(&stage, &id).await;
    assert_eq!(requests(&stage).len(), 1);

    // It outlives the process, and a fork is told by it.
    let fork = stage.sessions.fork(&id, None).await.unwrap();
    assert_eq!(fork.title, "Make it short (fork)");
    assert_eq!(stage.state(&fork.id).await.title, fork.title);
    let after = stage.die(&id).await;
    assert_eq!(after.state(&id).await, stage.state(&id).await);
    assert_eq!(listed(&after, &stage.root).await, ["Make it short"]);
}

#[tokio::test]
async fn the_next_prompt_does_not_wait_for_it_and_it_is_tried_again() {
    let stage = stage(|_| ());
    let id = stage.session().await;
    let first = title(&stage);
    stage.complete(&id, "hello").await;
    stage.asked("Done.", 1).await;
    let second = title(&stage);
    stage.complete(&id, "and now").await;
    // Nobody listens any more.
    first.says("Too late").ends();
    second.says("In time").ends();
    assert_eq!(named(&stage, &id).await.title, "In time");
}

#[tokio::test]
async fn trouble_is_silent_and_the_first_line_stays() {
    for trouble in 0..4 {
        let stage = stage(|_| ());
        let id = stage.session().await;
        let voice = title(&stage);
        match trouble {
            0 => voice.fails(protocol::ErrorCode::ModelOverloaded),
            1 => {
                voice.says("Half a");
            }
            2 => voice.says(" \n").ends(),
            _ => {
                voice.event(ModelEvent::Waiting { why: "Busy.".into() }).says("Late").ends();
            }
        }
        drop(voice);
        stage.complete(&id, "hello").await;
        stage.asked("Done.", 1).await;
        settled(&stage, &id).await;
        let state = stage.complete(&id, "and now").await;
        settled(&stage, &id).await;
        assert_eq!((state.title.as_str(), requests(&stage).len()), ("", 1), "{trouble}");
        assert_eq!(listed(&stage, &stage.root).await, ["hello"]);
        assert!(crate::stage::notices(&state).is_empty());
    }
}

#[tokio::test]
async fn it_is_not_asked_for_where_a_budget_is_nearly_used_up() {
    let tokens = |tokens| Budget { tokens, cost: 0 };
    // A title may take about 1,100 tokens.
    for (used, asks) in [(100, 1), (9500, 0)] {
        for day in [false, true] {
            let stage = stage(|settings| match day {
                true => settings.budgets.day = tokens(10_000),
                false => settings.budgets.session = tokens(10_000),
            });
            let id = stage.session().await;
            stage.model.answer("hello").says("Done.").used(used).ends();
            stage.complete(&id, "hello").await;
            settled(&stage, &id).await;
            assert_eq!(requests(&stage).len(), asks, "{used} {day}");
        }
    }
}

#[tokio::test]
async fn the_model_of_the_session_itself_is_not_asked() {
    let stage = stage(|settings| settings.model = "script/fast".to_owned());
    let id = stage.session().await;
    stage.complete(&id, "hello").await;
    settled(&stage, &id).await;
    assert_eq!(stage.model.requests().len(), 1);
}

#[tokio::test]
async fn it_is_given_up_when_the_session_is_closed() {
    let stage = stage(|_| ());
    let id = stage.session().await;
    let voice = title(&stage);
    stage.complete(&id, "hello").await;
    stage.asked("Done.", 1).await;
    stage.sessions.shutdown().await;
    voice.says("Too late").ends();
    settled(&stage, &id).await;
    assert_eq!(stage.state(&id).await.title, "");
}
