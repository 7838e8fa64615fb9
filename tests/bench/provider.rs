//! A provider on the loopback that speaks Anthropic's stream of events and notes when it does.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};
use serde_json::{Value, json};

/// How long after the beginning of an answer its first token comes.
const THOUGHT: Duration = Duration::from_millis(5);

/// One answer, seen from here.
pub struct Answered {
    /// The bytes of the request's body.
    pub bytes: usize,
    /// When the first token was about to be written.
    pub first_token: Instant,
}

/// The provider. Its threads end with this process.
pub struct Provider {
    address: String,
    answers: Receiver<Answered>,
}

impl Provider {
    /// One that answers everything with so many tokens, each an event of its own, all at once
    /// but for a pause behind the first.
    pub fn start(tokens: usize, pause: Duration) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = format!("http://{}", listener.local_addr()?);
        let (answered, answers) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let answered = answered.clone();
                // A connection ends in an error when the program it belongs to does.
                thread::spawn(move || serve(stream, tokens, pause, &answered));
            }
        });
        Ok(Self { address, answers })
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    /// The next answer that was given.
    pub fn answered(&self) -> Result<Answered> {
        self.answers.recv_timeout(Duration::from_secs(10)).context("no request came")
    }
}

fn serve(
    mut stream: TcpStream,
    tokens: usize,
    pause: Duration,
    answered: &Sender<Answered>,
) -> Result<()> {
    stream.set_nodelay(true)?;
    loop {
        let bytes = take_request(&mut stream)?;
        stream.write_all(
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\
              transfer-encoding: chunked\r\n\r\n",
        )?;
        stream.write_all(&chunk(&beginning()))?;
        thread::sleep(THOUGHT);
        let first = chunk(&token(0));
        let rest = chunk(&(1..tokens).map(token).collect::<String>());
        let end = [chunk(&ending(tokens)), b"0\r\n\r\n".to_vec()].concat();
        let first_token = Instant::now();
        if pause.is_zero() {
            stream.write_all(&[first, rest].concat())?;
        } else {
            stream.write_all(&first)?;
            thread::sleep(pause);
            stream.write_all(&rest)?;
        }
        stream.write_all(&end)?;
        answered.send(Answered { bytes, first_token })?;
    }
}

/// Reads one request; the length of its body.
fn take_request(stream: &mut TcpStream) -> Result<usize> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0].to_ascii_lowercase());
    }
    let head = String::from_utf8(head)?;
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
    let length = length.context("a request without a length")?.trim().parse()?;
    stream.read_exact(&mut vec![0; length])?;
    Ok(length)
}

fn beginning() -> String {
    let message = json!({
        "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-sonnet-5",
        "content": [], "stop_reason": null, "stop_sequence": null,
        "usage": {"input_tokens": 25, "output_tokens": 1},
    });
    let text = json!({"type": "text", "text": ""});
    event(&json!({"type": "message_start", "message": message}))
        + &event(&json!({"type": "content_block_start", "index": 0, "content_block": text}))
}

fn token(number: usize) -> String {
    let delta = json!({"type": "text_delta", "text": format!("t{number:05} ")});
    event(&json!({"type": "content_block_delta", "index": 0, "delta": delta}))
}

fn ending(tokens: usize) -> String {
    let delta = json!({"stop_reason": "end_turn", "stop_sequence": null});
    let usage = json!({"output_tokens": tokens});
    event(&json!({"type": "content_block_stop", "index": 0}))
        + &event(&json!({"type": "message_delta", "delta": delta, "usage": usage}))
        + &event(&json!({"type": "message_stop"}))
}

fn event(data: &Value) -> String {
    let kind = data["type"].as_str().unwrap_or_default();
    format!("event: {kind}\ndata: {data}\n\n")
}

fn chunk(text: &str) -> Vec<u8> {
    format!("{:x}\r\n{text}\r\n", text.len()).into_bytes()
}
