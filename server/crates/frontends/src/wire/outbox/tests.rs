//! What leaves, in which order, and what happens when it cannot.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, Waker},
};

use protocol::ItemId;
use serde_json::{Value, json};

use super::*;
use crate::wire::frames::Frames;

fn delta(seq: u64, item: &str, offset: usize, text: &str) -> SessionUpdate {
    let update = Update::Delta { item_id: ItemId::from(item), offset, text: text.into() };
    SessionUpdate { session_id: SessionId::from("s"), seq, update }
}

fn usage(seq: u64) -> SessionUpdate {
    let update = Update::Usage(protocol::Usage::default());
    SessionUpdate { session_id: SessionId::from("s"), seq, update }
}

/// Everything that waits, as the client would read it.
fn read(outbox: &Outbox, drain: Drain) -> Vec<Value> {
    outbox.close();
    let mut bytes = Vec::new();
    futures::executor::block_on(async {
        drain.run(&mut bytes).await;
        let mut frames = Frames::new(&bytes[..]);
        let mut messages = Vec::new();
        while let Some(frame) = frames.next().await {
            messages.push(serde_json::from_slice(&frame.unwrap()).unwrap());
        }
        messages
    })
}

fn texts(messages: &[Value]) -> Vec<&str> {
    let text = |message: &Value| message["params"]["update"]["text"].as_str().is_some();
    messages
        .iter()
        .filter(|message| text(message))
        .map(|message| message["params"]["update"]["text"].as_str().unwrap())
        .collect()
}

#[test]
fn pieces_of_one_text_are_joined_while_they_wait() {
    let (outbox, drain) = Outbox::new();
    outbox.update(&delta(1, "a", 0, "one "));
    outbox.update(&delta(2, "a", 4, "two "));
    outbox.update(&delta(3, "b", 0, "other"));
    outbox.update(&delta(4, "a", 8, "three"));
    outbox.notify("window/x", json!({}));
    outbox.update(&delta(5, "a", 13, "!"));
    outbox.update(&delta(6, "a", 99, "after a gap"));
    let messages = read(&outbox, drain);
    assert_eq!(texts(&messages), ["one two ", "other", "three", "!", "after a gap"]);
    let joined = &messages[0]["params"];
    assert_eq!((&joined["seq"], &joined["update"]["offset"]), (&json!(2), &json!(0)));
}

#[test]
fn an_answer_never_overtakes_an_update() {
    let (outbox, drain) = Outbox::new();
    for seq in 0..300 {
        outbox.update(&usage(seq));
        outbox.send(&json!({"id": seq}));
    }
    let order = |message: &Value| message["id"].as_u64().or(message["params"]["seq"].as_u64());
    let order: Vec<_> = read(&outbox, drain).iter().filter_map(order).collect();
    assert_eq!(order, (0..300).flat_map(|seq| [seq, seq]).collect::<Vec<_>>());
}

#[test]
fn a_client_that_does_not_keep_up_is_told_once_and_gets_the_rest_on_attaching() {
    let (outbox, drain) = Outbox::new();
    outbox.send(&json!({"id": 1}));
    outbox.update(&usage(7));
    outbox.update(&delta(8, "a", 0, &"x".repeat(MAX_LIVE)));
    outbox.update(&delta(9, "a", MAX_LIVE, "lost"));
    outbox.update(&usage(10));
    let replay = outbox.replay(&SessionId::from("s"));
    outbox.update(&usage(11));
    drop(replay);
    outbox.update(&usage(12));
    let messages = read(&outbox, drain);
    assert_eq!(messages[0], json!({"id": 1}));
    let resync = json!({"kind": "resync", "fromSeq": 6});
    assert_eq!(messages[1]["params"]["update"], resync);
    let seqs: Vec<_> = messages[2..].iter().map(|message| &message["params"]["seq"]).collect();
    assert_eq!(seqs, [11, 12]);
}

#[test]
fn a_replay_may_be_larger_than_what_may_wait() {
    let (outbox, drain) = Outbox::new();
    let replay = outbox.replay(&SessionId::from("s"));
    let text = "x".repeat(MAX_LIVE);
    for seq in 0..3 {
        outbox.update(&delta(seq, &format!("item {seq}"), 0, &text));
    }
    drop(replay);
    assert_eq!(texts(&read(&outbox, drain)), [&text; 3]);
}

/// A pipe that nobody reads any more.
struct Closed;

impl AsyncWrite for Closed {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[test]
fn a_closed_pipe_ends_the_drain_and_nothing_piles_up_behind_it() {
    let (outbox, drain) = Outbox::new();
    outbox.send(&json!({}));
    futures::executor::block_on(drain.run(Closed));
    outbox.send(&json!("x".repeat(MAX_QUEUED + 1)));
    futures::executor::block_on(outbox.room());
}

#[test]
fn reading_waits_for_a_client_that_reads_nothing() {
    let (outbox, drain) = Outbox::new();
    outbox.send(&json!("x".repeat(MAX_QUEUED + 1)));
    let mut room = Box::pin(outbox.room());
    let mut poll = || room.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    assert!(poll().is_pending());
    outbox.close();
    futures::executor::block_on(drain.run(tokio::io::sink()));
    assert!(poll().is_ready());
}

#[test]
fn nothing_follows_an_answer_at_once_where_the_client_needs_that() {
    let batches = |paced: bool| {
        let (outbox, drain) = Outbox::new();
        if paced {
            outbox.pace();
        }
        outbox.notify("window/one", json!({}));
        outbox.answer(&json!({"id": 1}));
        outbox.answer(&json!({"id": 2}));
        outbox.notify("window/two", json!({}));
        outbox.close();
        futures::executor::block_on(async {
            let mut batches = Vec::new();
            while let Some((bytes, breath)) = drain.next().await {
                let bytes = framed(bytes, Framing::Headers, &mut AsTheyAre);
                let frames = String::from_utf8(bytes).unwrap().matches("Content-Length").count();
                batches.push((frames, breath));
            }
            batches
        })
    };
    assert_eq!(batches(true), [(2, false), (1, true), (1, false)]);
    assert_eq!(batches(false), [(4, false)]);
}
