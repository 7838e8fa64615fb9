//! The real language server, spoken to in raw bytes over its pipes.

use std::{
    collections::VecDeque,
    io::{BufRead, BufReader, Write as _},
    process::{Child, ChildStdin, ChildStdout},
    sync::mpsc::{Receiver, sync_channel},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// How long an answer may take: far longer than it does, so that a test which hangs says so.
const PATIENCE: Duration = Duration::from_secs(30);

/// A server. It is killed when it is dropped.
pub struct Pipes {
    process: Child,
    input: Option<ChildStdin>,
    output: Option<ChildStdout>,
    messages: Option<Receiver<Value>>,
    /// What came while something else was waited for, oldest first.
    pub aside: VecDeque<Value>,
}

impl Pipes {
    /// Starts `command`, which is to be the language server. Its output is read only as far as
    /// it is asked for.
    pub fn start(command: tokio::process::Command) -> Self {
        let mut process = command.into_std().spawn().expect("the server starts");
        let (input, output) = (process.stdin.take(), process.stdout.take());
        Self { process, input, output, messages: None, aside: VecDeque::new() }
    }

    /// Writes bytes as they are.
    pub fn write(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().expect("the input is open");
        // A server that has ended takes nothing more; its exit code says what happened.
        let _ = input.write_all(bytes).and_then(|()| input.flush());
    }

    /// Sends a request.
    pub fn request(&mut self, id: impl Into<Value>, method: &str, params: Value) {
        self.write(&frame(&request(id, method, params)));
    }

    /// Sends a notification.
    pub fn notify(&mut self, method: &str, params: Value) {
        self.write(&frame(&notification(method, params)));
    }

    /// `initialize` with these experimental capabilities, and `initialized`.
    pub fn greet(&mut self, root: &str, coworker: Value) -> Value {
        self.request("hello", "initialize", hello(root, coworker));
        let answer = self.answer("hello");
        self.notify("initialized", json!({}));
        answer
    }

    /// The next message; none once the output has ended.
    pub fn next(&mut self) -> Option<Value> {
        match self.aside.pop_front() {
            Some(message) => Some(message),
            None => self.receive(),
        }
    }

    /// The answer to a request; other messages are put aside.
    pub fn answer(&mut self, id: impl Into<Value>) -> Value {
        let id = id.into();
        let is_it = |message: &Value| message["id"] == id && message.get("method").is_none();
        self.find(&format!("the answer to {id}"), is_it)
    }

    /// The next message that fits; others are put aside.
    pub fn find(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.aside.iter().position(&fits) {
            return self.aside.remove(at).expect("it is there");
        }
        loop {
            let message = self.receive().unwrap_or_else(|| panic!("it ended before {what}"));
            if fits(&message) {
                return message;
            }
            self.aside.push_back(message);
        }
    }

    /// Closes the input.
    pub fn hang_up(&mut self) {
        self.input = None;
    }

    /// The exit code, once it has ended by itself.
    pub fn exit_code(&mut self) -> Option<i32> {
        while self.receive().is_some() {}
        self.process.wait().expect("it can be waited for").code()
    }

    /// The most memory it has had, in MiB, where the system tells.
    pub fn peak_memory(&self) -> Option<u64> {
        let file = format!("/proc/{}/status", self.process.id());
        let status = std::fs::read_to_string(file).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
        Some(kib / 1024)
    }

    fn receive(&mut self) -> Option<Value> {
        let messages = self.messages.get_or_insert_with(|| {
            let output = self.output.take().expect("the output is read once");
            // Nothing is read ahead of those who ask for it.
            let (send, receive) = sync_channel(0);
            thread::spawn(move || {
                let mut output = BufReader::new(output);
                while let Some(message) = read(&mut output) {
                    if send.send(message).is_err() {
                        return;
                    }
                }
            });
            receive
        });
        let begun = Instant::now();
        let message = messages.recv_timeout(PATIENCE);
        assert!(message.is_ok() || begun.elapsed() < PATIENCE, "the server says nothing");
        message.ok()
    }
}

impl Drop for Pipes {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A request.
pub fn request(id: impl Into<Value>, method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id.into(), "method": method, "params": params})
}

/// A notification.
pub fn notification(method: &str, params: Value) -> Value {
    json!({"jsonrpc": "2.0", "method": method, "params": params})
}

/// A message with its header.
pub fn frame(message: &Value) -> Vec<u8> {
    framed(message.to_string().as_bytes())
}

/// Any bytes with a header that fits.
pub fn framed(body: &[u8]) -> Vec<u8> {
    [format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

/// The parameters of `initialize`.
pub fn hello(root: &str, coworker: Value) -> Value {
    let root = format!("file://{root}");
    json!({
        "processId": null,
        "clientInfo": {"name": "test"},
        "rootUri": root,
        "workspaceFolders": [{"uri": root, "name": "project"}],
        "capabilities": {"experimental": {"coworker": coworker}},
    })
}

/// The next message; none at the end. Anything but well-formed frames is a failure.
fn read(output: &mut impl BufRead) -> Option<Value> {
    let mut length = None;
    loop {
        let mut line = String::new();
        if output.read_line(&mut line).ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(": ") {
            Some(("Content-Length", value)) => length = value.parse().ok(),
            Some(("Content-Type", _)) => {}
            None if line == "\r\n" => break,
            _ => panic!("standard output belongs to the protocol, but has {line:?}"),
        }
    }
    let mut body = vec![0; length.expect("a message has a length")];
    output.read_exact(&mut body).ok()?;
    Some(serde_json::from_slice(&body).expect("a message is JSON"))
}
