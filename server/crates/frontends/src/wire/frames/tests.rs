//! Framing over any split of the bytes.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use proptest::prelude::*;
use tokio::io::ReadBuf;

use super::*;

/// Input that arrives in pieces of the given sizes, over and over.
struct Pieces {
    bytes: Vec<u8>,
    sizes: Vec<usize>,
    turn: usize,
}

impl AsyncRead for Pieces {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let size = self.sizes[self.turn % self.sizes.len()];
        self.turn += 1;
        let size = size.min(buffer.remaining()).min(self.bytes.len());
        buffer.put_slice(&self.bytes.drain(..size).collect::<Vec<_>>());
        Poll::Ready(Ok(()))
    }
}

type Read = Result<String, FrameError>;

fn read_in(sizes: &[usize], bytes: &[u8]) -> Vec<Read> {
    let input = Pieces { bytes: bytes.to_vec(), sizes: sizes.to_vec(), turn: 0 };
    let mut frames = Frames::new(input);
    let mut all = Vec::new();
    futures::executor::block_on(async {
        while let Some(frame) = frames.next().await {
            all.push(frame.map(|body| String::from_utf8_lossy(&body).into_owned()));
        }
    });
    all
}

fn read(text: &str) -> Vec<Read> {
    read_in(&[4096], text.as_bytes())
}

fn framed(body: &str) -> String {
    format!("Content-Length: {}\r\n\r\n{body}", body.len())
}

fn ok(body: &str) -> Read {
    Ok(body.to_owned())
}

#[test]
fn headers_are_read_in_any_form_there_is() {
    let types = "Content-Type: application/vscode-jsonrpc; charset=utf-8\r\n";
    assert_eq!(read(&format!("{types}content-length:2\r\n\r\n{{}}")), [ok("{}")]);
    assert_eq!(read(&format!("Content-Length: 2\r\n{types}\r\n{{}}")), [ok("{}")]);
    assert_eq!(read("Content-Length: 2\n\n{}\nContent-Length: 0\n\n"), [ok("{}"), ok("")]);
}

#[test]
fn an_end_in_the_middle_is_an_end() {
    let whole = framed("{}");
    for end in 0..whole.len() {
        assert_eq!(read(&whole[..end]), []);
    }
}

#[test]
fn after_bytes_that_are_no_header_the_next_message_is_read() {
    let junk = [
        "garbage",
        "garbage\r\n\r\n",
        "Content-Length: -5\r\n\r\n{}",
        "Content-Length: 5 5\r\n\r\n{}",
        "Content-Length: two\r\n\r\n{}",
        "Content-Length\r\n\r\n{\"a\":1}",
        "{\"no\":\"header\"}\n",
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        &"x".repeat(100_000),
        &format!("X: {}\r\n\r\n{{}}", "y".repeat(MAX_HEADERS)),
        &format!("Content-Length: 2\r\nX: {}\r\n\r\n{{}}", "y".repeat(MAX_HEADERS)),
    ];
    for junk in junk {
        let read = read(&format!("{}{junk}{}{}", framed("1"), framed("2"), framed("3")));
        assert_eq!(read, [ok("1"), Err(FrameError::NoHeader), ok("2"), ok("3")], "{junk:.40}");
    }
}

#[test]
fn a_body_over_the_limit_is_skipped() {
    for (claimed, sent) in [(MAX_BODY as u64 + 1, 1 << 20), (u64::MAX, 0)] {
        let mut bytes = format!("Content-Length: {claimed}\r\n\r\n").into_bytes();
        bytes.resize(bytes.len() + sent, b'x');
        bytes.extend_from_slice(framed("next").as_bytes());
        assert_eq!(read_in(&[1 << 20], &bytes), [Err(FrameError::TooLong(claimed)), ok("next")]);
    }
    let absurd = format!("Content-Length: {}\r\n\r\n{}", "9".repeat(400), framed("next"));
    assert_eq!(read(&absurd), [Err(FrameError::TooLong(u64::MAX)), ok("next")]);
}

#[test]
fn a_body_cut_short_does_not_swallow_the_next_message() {
    let read = read(&format!("Content-Length: 5000\r\n\r\n{{}}{}", framed("next")));
    assert_eq!(read, [Err(FrameError::CutShort), ok("next")]);
}

#[test]
fn what_is_put_back_is_read_again() {
    let bytes = format!("Content-Length: 3\r\n\r\n{{}}{}", framed("next"));
    let mut frames = Frames::new(bytes.as_bytes());
    futures::executor::block_on(async {
        assert_eq!(frames.next().await.unwrap().unwrap(), "{}C");
        frames.put_back(b"C");
        assert_eq!(frames.next().await.unwrap().unwrap(), "next");
        assert_eq!(frames.next().await, None);
    });
}

proptest! {
    #[test]
    fn messages_are_the_same_however_the_bytes_are_split(
        bodies in prop::collection::vec("\\PC{0,40}", 0..6),
        sizes in prop::collection::vec(1_usize..50, 1..8),
    ) {
        let bytes: String = bodies.iter().map(|body| framed(body)).collect();
        let expected: Vec<Read> = bodies.into_iter().map(Ok).collect();
        prop_assert_eq!(read_in(&sizes, bytes.as_bytes()), expected);
    }

    #[test]
    fn no_bytes_keep_a_good_message_from_being_read(
        junk in prop::collection::vec(any::<u8>(), 0..300),
        sizes in prop::collection::vec(1_usize..50, 1..8),
    ) {
        let bytes = [&junk[..], framed("last").as_bytes()].concat();
        prop_assert_eq!(read_in(&sizes, &bytes).pop(), Some(ok("last")));
    }
}
