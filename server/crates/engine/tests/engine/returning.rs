//! Clients that attach late, leave, come back: everyone ends up with the same session.

use std::sync::Arc;

use engine::{Attached, Seen};
use protocol::{Decision, SessionId, SessionState, SessionUpdate};
use serde_json::json;

use crate::{
    client::{Client, shown},
    script::Script,
    stage::{Stage, rounds},
};

fn rises(told: &[SessionUpdate]) -> bool {
    told.windows(2).all(|two| two[0].seq < two[1].seq)
}

/// What a client shows that saw `before`, attached with its last number and was told `now`.
fn put_together(before: &[SessionUpdate], at: &Attached, now: &[SessionUpdate]) -> SessionState {
    if at.from_start {
        return shown(now);
    }
    let all = [before, now].concat();
    assert!(rises(&all), "the numbers do not rise within an epoch");
    shown(&all)
}

#[tokio::test]
async fn after_the_session_was_closed_and_opened_again_nothing_is_missing() {
    let stage = Stage::new();
    let id = stage.session().await;
    let early = stage.client("early");
    let at = early.attach(&id).await;
    let answer = stage.model.answer("one");
    let turn = stage.chat(&id, "one").await.turn_id;
    for piece in 0..20 {
        answer.says(&format!("{piece} "));
        rounds(5).await;
    }
    stage.until(&id, |state| format!("{:?}", state.items).contains("19")).await;
    let before = early.told();
    early.leave().await;
    answer.says("the end").ends();
    stage.end(&id, &turn).await;
    // Somebody who was never there leaves: a session that nobody watches is closed.
    stage.client("passes by").leave().await;

    let back = stage.client("early");
    let seen = Seen { epoch: at.epoch, seq: before.last().unwrap().seq };
    let at = back.attach_from(&id, Some(seen)).await.unwrap();
    let state = stage.state(&id).await;
    assert_eq!(put_together(&before, &at, &back.told()), state);
    assert_eq!(at.seq, back.told().last().unwrap().seq);
    assert!(format!("{:?}", state.items).contains("the end"));

    // And so it goes on, however often.
    let (mut told, mut at) = (back.told(), at);
    for _ in 0..3 {
        back.leave().await;
        stage.complete(&id, "more").await;
        stage.client("passes by").leave().await;
        let again = stage.client("early");
        let seen = Seen { epoch: at.epoch.clone(), seq: at.seq };
        at = again.attach_from(&id, Some(seen)).await.unwrap();
        let all = if at.from_start { again.told() } else { [told, again.told()].concat() };
        assert!(rises(&all));
        assert_eq!(shown(&all), stage.state(&id).await);
        told = all;
        again.leave().await;
    }
}

#[tokio::test]
async fn a_replay_that_was_cut_short_is_completed() {
    let stage = Stage::new();
    let id = stage.session().await;
    for prompt in ["one", "two", "three"] {
        stage.complete(&id, prompt).await;
    }
    let state = stage.state(&id).await;
    let whole = stage.client("whole");
    let at = whole.attach(&id).await;
    assert_eq!(whole.state(), state);
    for cut in 1..whole.told().len() {
        let before = &whole.told()[..cut];
        let back = stage.client("back");
        let seen = Seen { epoch: at.epoch.clone(), seq: before.last().unwrap().seq };
        let at = back.attach_from(&id, Some(seen)).await.unwrap();
        assert_eq!(put_together(before, &at, &back.told()), state, "cut after {cut}");
    }
}

#[tokio::test]
async fn a_client_that_has_seen_all_is_not_told_it_again() {
    let stage = Stage::new();
    let id = stage.session().await;
    let client = stage.client("there");
    let at = client.attach(&id).await;
    stage.complete(&id, "one").await;
    let before = client.told();
    let seen = Seen { epoch: at.epoch, seq: before.last().unwrap().seq };
    let at = client.attach_from(&id, Some(seen)).await.unwrap();
    assert!(!at.from_start);
    assert!(rises(&client.told()));
    let words = format!("{:?}", &client.told()[before.len()..]);
    assert!(!words.contains("UserMessage"), "{words}");
    assert_eq!(client.state(), stage.state(&id).await);
}

#[tokio::test]
async fn a_client_that_is_gone_is_told_nothing_more() {
    let stage = Stage::new();
    let id = stage.session().await;
    for _ in 0..50 {
        let client = stage.client("short of time");
        let attach = client.attach_from(&id, None);
        let (_, ()) = tokio::join!(attach, client.leave());
        let before = client.told().len();
        stage.sessions.configure(&id, None, None).await.unwrap();
        assert_eq!(client.told().len(), before);
    }
}

/// Numbers that look random and are the same every time.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// Puts some answer to `go` into the model's mouth; says whether it calls for another one.
fn improvise(model: &Script, dice: &mut Dice) -> bool {
    let voice = model.answer("go");
    let mut calls = false;
    for _ in 0..=dice.roll(12) {
        let n = dice.roll(1000);
        calls |= n % 8 >= 4;
        match n % 8 {
            0 | 1 => voice.says(&format!("wörds {n}, ")),
            2 => voice.thinks(&format!("hm {n} ")),
            3 => voice.used(n),
            4 => voice.calls("todoWrite", &json!({"todos": [{"content": "Do it", "activeForm": "Doing it", "status": "pending"}]})),
            5 => voice.calls("write", &json!({"path": format!("{}.txt", n % 3), "content": format!("{n}\n")})),
            6 => voice.calls("bash", &json!({"command": format!("echo {n}; echo more")})),
            _ => voice.calls_with("nosuch", "{ not json"),
        };
    }
    if dice.roll(6) == 0 {
        return false; // It breaks off.
    }
    voice.ends();
    calls
}

/// Plays turns that complete, break off or are stopped, with clients that come and go.
async fn play(stage: &Stage, id: &SessionId, dice: &mut Dice) -> (Vec<Client>, SessionState) {
    let watching = stage.client_that_says(Decision::Once);
    watching.attach(id).await;
    let mut clients = vec![watching];
    for _ in 0..10 {
        while improvise(&stage.model, dice) {}
        let turn = stage.chat(id, "go").await.turn_id;
        rounds(dice.roll(60) as usize).await;
        if dice.roll(3) == 0 {
            let late = stage.client("late");
            late.attach(id).await;
            clients.push(late);
        }
        if dice.roll(4) == 0 {
            stage.cancel(id).await;
        }
        clients[0].end(&turn).await;
        stage.model.forget();
        if dice.roll(4) == 0 {
            let items = stage.state(id).await.items;
            let before = &items[dice.roll(items.len() as u64) as usize].id;
            let stretches = stage.sessions.rewind(id, before).await.unwrap();
            if dice.roll(2) == 0 {
                stage.sessions.unwind(id, stretches).await.unwrap();
            }
        }
    }
    (clients, stage.state(id).await)
}

#[tokio::test]
async fn whoever_watches_whenever_sees_the_same_session() {
    for seed in 1..=3 {
        let home = tempfile::TempDir::new().unwrap();
        let home = protocol::AbsPath::new(home.path().to_str().unwrap()).unwrap();
        let open = || Arc::new(store::SqliteStore::open(&home, crate::stage::PATIENCE).unwrap());
        let stage = Stage::with(open(), Vec::new());
        let id = stage.session().await;
        let (clients, state) = play(&stage, &id, &mut Dice(seed)).await;
        assert!(state.items.len() > 50 && state.open.is_empty());
        for client in &clients {
            assert!(rises(&client.told()), "seed {seed}");
            assert_eq!(client.state(), state, "seed {seed}");
        }
        stage.sessions.shutdown().await;
        let again = stage.beside(open());
        assert_eq!(again.state(&id).await, state, "seed {seed}");
        let late = again.client("after the restart");
        late.attach(&id).await;
        assert_eq!(late.state(), state, "seed {seed}");
    }
}
