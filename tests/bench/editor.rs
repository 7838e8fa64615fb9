//! The smallest editor there can be: writes requests, stamps what comes back, answers questions.
//!
//! It measures, so it does less than `frontends::client`: one thread reads and notes the time
//! before anything is decoded, and nothing else runs in this process meanwhile.

use std::{
    io::{Read, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    sync::mpsc::{Receiver, Sender, channel},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};
use url::Url;

/// How long an answer may take before the measurement fails.
const PATIENCE: Duration = Duration::from_secs(60);

/// One message, and when its last byte was there.
struct Message {
    at: Instant,
    body: Vec<u8>,
}

impl Message {
    /// Whether it answers a request, told without decoding a long update.
    fn is_answer(&self) -> bool {
        let start = &self.body[..self.body.len().min(64)];
        !start.windows(9).any(|window| window == b"\"method\":")
    }
}

/// An editor and the server it started, which ends with it.
pub struct Editor {
    child: Child,
    input: ChildStdin,
    arrived: Receiver<Message>,
    next_id: i64,
    started: Instant,
    session: Value,
}

impl Editor {
    /// Starts a process; the clock of `initialize` begins here.
    pub fn spawn(command: &mut Command) -> Result<Self> {
        let started = Instant::now();
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .with_context(|| format!("cannot start {command:?}"))?;
        let input = child.stdin.take().context("no standard input")?;
        let output = child.stdout.take().context("no standard output")?;
        let (sender, arrived) = channel();
        thread::spawn(move || read(output, &sender));
        Ok(Self { child, input, arrived, next_id: 1, started, session: Value::Null })
    }

    /// Says hello. The time is from the start of the process to its answer.
    pub fn initialize(&mut self, root: &Path) -> Result<Duration> {
        let uri = uri(root)?;
        let params = json!({
            "processId": std::process::id(),
            "clientInfo": {"name": "bench"},
            "rootUri": uri,
            "workspaceFolders": [{"uri": uri, "name": "bench"}],
            "capabilities": {
                "general": {"positionEncodings": ["utf-8", "utf-16"]},
                "workspace": {"applyEdit": true, "workspaceEdit": {"documentChanges": true}},
                "experimental": {"coworker": {
                    "version": 1,
                    "ui": {"chat": true, "approvals": true, "prompt": true},
                }},
            },
        });
        let (id, _) = self.ask("initialize", &params)?;
        let (_, at) = self.until(|message| (message["id"] == id).then_some(()))?;
        Ok(at - self.started)
    }

    /// Starts, says hello and makes a session: ready for prompts.
    pub fn ready(command: &mut Command, root: &Path) -> Result<Self> {
        let mut editor = Self::spawn(command)?;
        editor.initialize(root)?;
        editor.tell("initialized", &json!({}))?;
        editor.new_session()?;
        Ok(editor)
    }

    /// Makes a session, which prompts go to from now on.
    pub fn new_session(&mut self) -> Result<Duration> {
        let (result, time) = self.request("coworker/session/new", &json!({}))?;
        self.session = result["session"]["id"].clone();
        Ok(time)
    }

    /// Sends prompts to this session from now on.
    pub fn enter(&mut self, session: Value) {
        self.session = session;
    }

    /// The session that prompts go to.
    pub fn session(&self) -> Value {
        self.session.clone()
    }

    pub fn process_id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a notification.
    pub fn tell(&mut self, method: &str, params: &Value) -> Result<()> {
        self.write(&[frame(&json!({"jsonrpc": "2.0", "method": method, "params": params}))])
    }

    /// Sends a request; its id and when it went out.
    pub fn ask(&mut self, method: &str, params: &Value) -> Result<(i64, Instant)> {
        self.ask_after(&[], method, params)
    }

    /// Sends notifications and a request at once.
    pub fn ask_after(
        &mut self,
        before: &[(&str, Value)],
        method: &str,
        params: &Value,
    ) -> Result<(i64, Instant)> {
        let id = self.next_id;
        self.next_id += 1;
        let told = before
            .iter()
            .map(|(method, params)| json!({"jsonrpc": "2.0", "method": method, "params": params}));
        let asked = json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
        let frames: Vec<Vec<u8>> = told.chain([asked]).map(|message| frame(&message)).collect();
        let sent = Instant::now();
        self.write(&frames)?;
        Ok((id, sent))
    }

    /// Answers a question of the server, after notifications.
    pub fn reply(&mut self, told: &[(&str, Value)], id: &Value, result: &Value) -> Result<()> {
        let told = told
            .iter()
            .map(|(method, params)| json!({"jsonrpc": "2.0", "method": method, "params": params}));
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": result});
        let frames: Vec<Vec<u8>> = told.chain([answer]).map(|message| frame(&message)).collect();
        self.write(&frames)
    }

    /// Sends a request and waits for its result.
    pub fn request(&mut self, method: &str, params: &Value) -> Result<(Value, Duration)> {
        let (id, sent) = self.ask(method, params)?;
        let (result, at) = self.answer(id)?;
        Ok((result, at - sent))
    }

    /// Waits for the result of a request; what comes before it is dropped.
    pub fn answer(&mut self, id: i64) -> Result<(Value, Instant)> {
        loop {
            let message = self.next()?;
            if message.is_answer() {
                let body: Value = serde_json::from_slice(&message.body)?;
                if body["id"] == id {
                    ensure!(body.get("error").is_none(), "refused: {}", body["error"]);
                    return Ok((body["result"].clone(), message.at));
                }
            }
        }
    }

    /// Waits for a message; questions that come before it are answered with yes.
    pub fn until<T>(&mut self, wanted: impl Fn(&Value) -> Option<T>) -> Result<(T, Instant)> {
        loop {
            let message = self.next()?;
            let body: Value = serde_json::from_slice(&message.body)?;
            if let Some(found) = wanted(&body) {
                return Ok((found, message.at));
            }
            if body.get("id").is_some() && body.get("method").is_some() {
                let result = match body["method"].as_str() {
                    Some("coworker/approval/request") => json!({"decision": "once", "by": "bench"}),
                    _ => Value::Null,
                };
                let id = &body["id"];
                self.write(&[frame(&json!({"jsonrpc": "2.0", "id": id, "result": result}))])?;
            }
        }
    }

    /// Waits for an update of a session.
    pub fn until_update<T>(
        &mut self,
        wanted: impl Fn(&Value) -> Option<T>,
    ) -> Result<(T, Instant)> {
        self.until(|message| wanted(message.get("params")?.get("update")?))
    }

    /// Sends a prompt, and does not wait for anything.
    pub fn chat(&mut self) -> Result<Instant> {
        let params = json!({"sessionId": self.session, "text": "go on"});
        Ok(self.ask("coworker/chat", &params)?.1)
    }

    /// Waits for the end of the turn.
    pub fn turn_ends(&mut self, reason: &str) -> Result<Instant> {
        let (end, at) = self.until_update(|update| {
            let ended = update["state"] == "idle" && update["turnId"].is_string();
            ended.then(|| update.clone())
        })?;
        ensure!(end["stopReason"] == reason, "the turn ended otherwise: {end}");
        Ok(at)
    }

    /// A whole turn, from the prompt to the end.
    pub fn turn(&mut self) -> Result<Duration> {
        let sent = self.chat()?;
        Ok(self.turn_ends("completed")? - sent)
    }

    /// Ends the server as an editor does.
    pub fn quit(mut self) -> Result<()> {
        self.request("shutdown", &Value::Null)?;
        self.tell("exit", &Value::Null)?;
        self.child.wait()?;
        Ok(())
    }

    fn next(&self) -> Result<Message> {
        match self.arrived.recv_timeout(PATIENCE) {
            Ok(message) => Ok(message),
            Err(error) => bail!("the server said nothing more: {error}"),
        }
    }

    fn write(&mut self, frames: &[Vec<u8>]) -> Result<()> {
        self.input.write_all(&frames.concat()).context("the server reads no more")
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A path as editors send it.
pub fn uri(path: &Path) -> Result<String> {
    Url::from_file_path(path).map(String::from).ok().context("the path is not absolute")
}

fn frame(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

fn read(mut output: ChildStdout, arrived: &Sender<Message>) {
    let mut chunk = vec![0; 1 << 20];
    let mut buffer: Vec<u8> = Vec::new();
    while let Ok(count @ 1..) = output.read(&mut chunk) {
        let at = Instant::now();
        buffer.extend_from_slice(&chunk[..count]);
        let mut used = 0;
        while let Some((body, length)) = first_frame(&buffer[used..]) {
            used += length;
            if arrived.send(Message { at, body: body.to_vec() }).is_err() {
                return;
            }
        }
        buffer.drain(..used);
    }
}

/// The body of the first message, and how many bytes it takes with its header.
fn first_frame(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let header = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let fields = std::str::from_utf8(&bytes[..header]).ok()?;
    let length = fields.split("\r\n").find_map(|it| it.strip_prefix("Content-Length: "))?;
    let end = header + 4 + length.trim().parse::<usize>().ok()?;
    Some((bytes.get(header + 4..end)?, end))
}
