//! The wire of the real ACP agent: order, no deadlock, clients that do not read, and bytes nobody
//! should send. No input ends, hangs or bloats the process.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "this is all test")]

#[path = "support/environment.rs"]
mod environment;
#[path = "support/stage.rs"]
mod stage;

use std::{collections::HashMap, time::Duration};

use serde_json::{Value, json};
use stage::Stage;
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
    time::timeout,
};

/// Far longer than anything takes, so that a test which hangs says where instead.
const PATIENCE: Duration = Duration::from_secs(60);

/// An agent in a project of its own, with this script as its model.
struct Agent {
    _stage: Stage,
    root: String,
    process: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    /// What came while something else was waited for.
    heard: Vec<Value>,
    count: i64,
}

impl Agent {
    fn new(script: &str) -> Self {
        Self::on(Stage::new().unwrap(), script)
    }

    fn on(stage: Stage, script: &str) -> Self {
        stage.write("a.txt", b"one\n").unwrap();
        let file = stage.home.join("script.md").unwrap();
        std::fs::write(file.as_std_path(), format!("```script\n{script}\n```\n")).unwrap();
        let mut process = stage.coworker(file.as_std_path()).arg("acp").spawn().unwrap();
        let (input, output) = (process.stdin.take(), process.stdout.take().unwrap());
        let output = BufReader::new(output).lines();
        let root = stage.root.to_string();
        Self { _stage: stage, root, process, input, output, heard: Vec::new(), count: 0 }
    }

    async fn greeted(script: &str, capabilities: Value) -> Self {
        let mut agent = Self::new(script);
        agent.greet(capabilities).await;
        agent
    }

    async fn greet(&mut self, capabilities: Value) {
        let params = json!({ "protocolVersion": 1, "clientCapabilities": capabilities });
        self.ask("initialize", params).await.unwrap();
    }

    async fn send_bytes(&mut self, bytes: &[u8]) {
        let input = self.input.as_mut().unwrap();
        timeout(PATIENCE, input.write_all(bytes)).await.expect("nobody reads").unwrap();
        input.flush().await.unwrap();
    }

    async fn send(&mut self, message: Value) {
        self.send_bytes(format!("{message}\n").as_bytes()).await;
    }

    async fn begin(&mut self, method: &str, params: Value) -> i64 {
        self.count += 1;
        let (id, method) = (self.count, method.to_owned());
        self.send(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })).await;
        id
    }

    async fn next(&mut self) -> Value {
        let line = timeout(PATIENCE, self.output.next_line()).await.expect("nothing more came");
        let line = line.unwrap().expect("it has ended");
        serde_json::from_str(&line).unwrap()
    }

    /// The first message that this holds of; the others are kept.
    async fn until(&mut self, holds: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.heard.iter().position(&holds) {
            return self.heard.remove(at);
        }
        loop {
            let message = self.next().await;
            if holds(&message) {
                return message;
            }
            self.heard.push(message);
        }
    }

    async fn answer(&mut self, id: i64) -> Result<Value, Value> {
        let message = self.until(|it| it["method"].is_null() && it["id"] == id).await;
        match message["error"].is_null() {
            true => Ok(message["result"].clone()),
            false => Err(message["error"].clone()),
        }
    }

    async fn ask(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        let id = self.begin(method, params).await;
        self.answer(id).await
    }

    async fn session(&mut self) -> String {
        let params = json!({ "cwd": self.root, "mcpServers": [] });
        let session = self.ask("session/new", params).await.unwrap();
        session["sessionId"].as_str().unwrap().to_owned()
    }

    async fn prompt(&mut self, session: &str, text: &str) -> i64 {
        let prompt = json!([{ "type": "text", "text": text }]);
        self.begin("session/prompt", json!({ "sessionId": session, "prompt": prompt })).await
    }

    /// Waits for the end of the process after its input is closed.
    async fn end(mut self) {
        drop(self.input.take());
        let rest = async { while let Ok(Some(_)) = self.output.next_line().await {} };
        timeout(PATIENCE, rest).await.expect("it goes on without a client");
        let status = timeout(PATIENCE, self.process.wait()).await.expect("it lives on").unwrap();
        assert!(status.success(), "{status}");
    }
}

fn code(answer: Result<Value, Value>) -> i64 {
    answer.expect_err("answered")["code"].as_i64().unwrap()
}

#[tokio::test]
async fn bad_lines_are_answered_and_the_next_one_is_read() {
    let mut agent = Agent::greeted("turn \"x\"\nsay \"y\"", json!({})).await;
    let deep = "[".repeat(1_000_000);
    let long = "x".repeat(70 << 20);
    let lines: [(&[u8], i64); 9] = [
        (b"\xff\xfe", -32700),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", -32700),
        (b"{", -32700),
        (b"[]", -32600),
        (b"1", -32600),
        (b"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"a\"}", -32600),
        (b"{\"jsonrpc\":\"2.0\"}", -32600),
        (deep.as_bytes(), -32700),
        (long.as_bytes(), -32600),
    ];
    for (line, code) in lines {
        agent.send_bytes(&[line, b"\n"].concat()).await;
        let answer = agent.next().await;
        assert_eq!((&answer["id"], answer["error"]["code"].as_i64()), (&Value::Null, Some(code)));
    }
    // What nobody asked for, and what nobody knows.
    agent.send_bytes(b"\n\r\n{\"jsonrpc\":\"2.0\",\"id\":99,\"result\":{}}\n").await;
    agent.send_bytes(b"{\"jsonrpc\":\"2.0\",\"method\":\"_who/knows\"}\n").await;
    agent.send_bytes(b"{\"jsonrpc\":\"2.0\",\"method\":\"session/cancel\"}\n").await;
    assert_eq!(code(agent.ask("no/such", json!({})).await), -32601);
    assert_eq!(code(agent.ask("session/new", json!({ "cwd": 1 })).await), -32602);
    let session = agent.session().await;
    let prompt = agent.prompt(&session, "x").await;
    assert_eq!(agent.answer(prompt).await.unwrap()["stopReason"], "end_turn");
    agent.end().await;
}

#[tokio::test]
async fn nothing_comes_before_initialize_and_that_comes_once() {
    let mut agent = Agent::new("turn \"x\"\nsay \"y\"");
    assert_eq!(code(agent.ask("session/list", json!({})).await), -32600);
    assert_eq!(code(agent.ask("initialize", json!({})).await), -32602);
    // Of a version that is not spoken the client decides.
    let hello = agent.ask("initialize", json!({ "protocolVersion": 7 })).await.unwrap();
    assert_eq!(hello["protocolVersion"], 1);
    assert_eq!(code(agent.ask("initialize", json!({ "protocolVersion": 1 })).await), -32600);
    agent.ask("session/list", json!({})).await.unwrap();
    agent.end().await;
}

#[tokio::test]
async fn a_client_that_answers_nothing_is_served_all_the_same() {
    let script = "turn \"run\"\ncall bash {\"command\": \"true\", \"description\": \"x\"}";
    let fs = json!({ "fs": { "readTextFile": true, "writeTextFile": true } });
    let mut agent = Agent::greeted(script, fs).await;
    let mut prompts = Vec::new();
    for _ in 0..6 {
        let session = agent.session().await;
        prompts.push((agent.prompt(&session, "run @a.txt").await, session));
    }
    for _ in 0..400 {
        agent.send(json!({ "jsonrpc": "2.0", "method": "_note", "params": {} })).await;
    }
    for _ in 0..6 {
        agent.until(|it| it["method"] == "fs/read_text_file").await;
    }
    agent.ask("session/list", json!({})).await.unwrap();
    // It ends although nobody ever answers.
    agent.end().await;
}

#[tokio::test]
async fn a_stop_that_was_sent_after_a_prompt_stops_it() {
    let mut agent = Agent::greeted("turn \"go\"\nsay \"on \"\nwait", json!({})).await;
    for _ in 0..3 {
        let session = agent.session().await;
        let prompt = agent.prompt(&session, "go").await;
        let params = json!({ "sessionId": session });
        agent.send(json!({ "jsonrpc": "2.0", "method": "session/cancel", "params": params })).await;
        assert_eq!(agent.answer(prompt).await.unwrap()["stopReason"], "cancelled");
    }
    // A request that is given up is stopped likewise.
    let session = agent.session().await;
    let prompt = agent.prompt(&session, "go").await;
    agent.until(|it| it["params"]["update"]["sessionUpdate"] == "agent_message_chunk").await;
    let params = json!({ "requestId": prompt });
    agent.send(json!({ "jsonrpc": "2.0", "method": "$/cancel_request", "params": params })).await;
    assert_eq!(agent.answer(prompt).await.unwrap()["stopReason"], "cancelled");
    agent.end().await;
}

#[tokio::test]
async fn a_client_that_cannot_ask_says_no() {
    let script = "turn \"run\"\ncall bash {\"command\": \"touch made\"}\n---\nsees \"rejected\"\n\
                  say \"Well.\"\nturn \"again\"\ncall bash {\"command\": \"touch made\"}";
    let mut agent = Agent::greeted(script, json!({})).await;
    let session = agent.session().await;
    for (answer, end) in [
        (json!({ "error": { "code": -32601, "message": "unknown" } }), "end_turn"),
        (json!({ "result": { "outcome": { "outcome": "cancelled" } } }), "cancelled"),
    ] {
        let text = if end == "end_turn" { "run" } else { "again" };
        let prompt = agent.prompt(&session, text).await;
        let asked = agent.until(|it| it["method"] == "session/request_permission").await;
        let mut answer = answer;
        (answer["jsonrpc"], answer["id"]) = (json!("2.0"), asked["id"].clone());
        agent.send(answer).await;
        assert_eq!(agent.answer(prompt).await.unwrap()["stopReason"], end);
    }
    assert!(!std::path::Path::new(&agent.root).join("made").exists());
    agent.end().await;
}

#[tokio::test]
async fn prompts_that_wait_behind_one_that_is_stopped_are_not_sent() {
    let mut agent = Agent::greeted("turn \"go\"\nsay \"on \"\nwait", json!({})).await;
    let session = agent.session().await;
    let first = agent.prompt(&session, "go").await;
    let second = agent.prompt(&session, "and on").await;
    agent.until(|it| it["params"]["update"]["sessionUpdate"] == "agent_message_chunk").await;
    let params = json!({ "sessionId": session });
    agent.send(json!({ "jsonrpc": "2.0", "method": "session/cancel", "params": params })).await;
    assert_eq!(agent.answer(first).await.unwrap()["stopReason"], "cancelled");
    assert_eq!(agent.answer(second).await.unwrap()["stopReason"], "cancelled");
    agent.end().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_told_everything_when_it_does() {
    const WORDS: usize = 1_000_000;
    let script = format!(
        "turn \"talk\"\nstream {WORDS}\ncall bash {{\"command\": \"touch done\"}}\n---\n\
         say \"That was all.\""
    );
    let mut agent = Agent::greeted(&script, json!({})).await;
    let session = agent.session().await;
    let params = json!({ "sessionId": session, "modeId": "auto" });
    agent.ask("session/set_mode", params).await.unwrap();
    let prompt = agent.prompt(&session, "talk").await;
    // It reads nothing until all of it has been said, which is more than what may wait for it.
    let done = std::path::Path::new(&agent.root).join("done");
    let said = async {
        while !done.exists() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, said).await.expect("it waits for a reader");
    let mut texts: HashMap<String, String> = HashMap::new();
    let stop = loop {
        let message = agent.next().await;
        let update = &message["params"]["update"];
        if update["sessionUpdate"] == "agent_message_chunk" {
            let id = update["messageId"].to_string();
            texts.entry(id).or_default().push_str(update["content"]["text"].as_str().unwrap());
        }
        if message["id"] == prompt {
            break message;
        }
    };
    assert_eq!(stop["result"]["stopReason"], "end_turn", "{stop}");
    let count = |text: &String| text.split_whitespace().count();
    assert_eq!(texts.values().map(count).max(), Some(WORDS));
    assert!(texts.values().any(|text| text == "That was all."));
    agent.end().await;
}

#[tokio::test]
async fn fifty_sessions_come_and_go() {
    let mut agent = Agent::greeted("turn \"x\"\nsay \"y\"", json!({})).await;
    for _ in 0..50 {
        let session = agent.session().await;
        agent.ask("session/close", json!({ "sessionId": session })).await.unwrap();
        let closed = json!({ "sessionId": session, "prompt": [{ "type": "text", "text": "x" }] });
        assert_eq!(code(agent.ask("session/prompt", closed).await), -32002);
    }
    let mut cursor = Value::Null;
    let mut listed = 0;
    loop {
        let page = agent.ask("session/list", json!({ "cursor": cursor })).await.unwrap();
        listed += page["sessions"].as_array().unwrap().len();
        cursor = page["nextCursor"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(listed, 50);
    agent.end().await;
}

#[tokio::test]
async fn a_session_has_a_title_and_then_a_better_one() {
    let stage = Stage::new().unwrap();
    let fast = stage.home.join("fast.md").unwrap();
    let titles = "```script\nturn \"first line\"\nsay \"In few words\"\n```\n";
    std::fs::write(fast.as_std_path(), titles).unwrap();
    let config = stage.home.join("config.toml").unwrap();
    std::fs::write(config.as_std_path(), format!("fast_model = \"script:{fast}\"\n")).unwrap();
    let mut agent = Agent::on(stage, "turn\nsay \"y\"");
    agent.greet(json!({})).await;
    let session = agent.session().await;
    let prompt = agent.prompt(&session, "x is the first line").await;
    agent.answer(prompt).await.unwrap();
    for title in ["x is the first line", "In few words"] {
        let is_told = |it: &Value| it["params"]["update"]["sessionUpdate"] == "session_info_update";
        assert_eq!(agent.until(is_told).await["params"]["update"]["title"], title);
    }
    agent.end().await;
}

/// Reads, asks to write, and says a lot.
const MIXED: &str = "turn \"go\"\ncall read {\"path\": \"a.txt\"}\n---\ncall write {\"path\": \
                     \"b.txt\", \"content\": \"new\\n\"}\n---\nstream 300";

#[tokio::test]
async fn five_sessions_at_once_have_each_its_own() {
    let mut agent = Agent::greeted(MIXED, json!({})).await;
    let mut sessions = Vec::new();
    for number in 0..5 {
        let folder = format!("{}/{number}", agent.root);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(format!("{folder}/a.txt"), format!("secret {number}\n")).unwrap();
        let params = json!({ "cwd": folder, "mcpServers": [] });
        let session = agent.ask("session/new", params).await.unwrap();
        sessions.push((session["sessionId"].as_str().unwrap().to_owned(), folder));
    }
    let mut prompts = Vec::new();
    for (session, _) in &sessions {
        prompts.push(agent.prompt(session, "go").await);
    }
    // Each asks once: three may, one may not, and one is stopped.
    for _ in 0..5 {
        let asked = agent.until(|it| it["method"] == "session/request_permission").await;
        let session = asked["params"]["sessionId"].clone();
        let number = sessions.iter().position(|(id, _)| session == **id).unwrap();
        let outcome = match number {
            3 => json!({ "outcome": "selected", "optionId": option(&asked, "reject_once") }),
            4 => {
                let cancel = json!({ "sessionId": session });
                let method = "session/cancel";
                agent.send(json!({ "jsonrpc": "2.0", "method": method, "params": cancel })).await;
                json!({ "outcome": "cancelled" })
            }
            _ => json!({ "outcome": "selected", "optionId": option(&asked, "allow_once") }),
        };
        let result = json!({ "outcome": outcome });
        agent.send(json!({ "jsonrpc": "2.0", "id": asked["id"], "result": result })).await;
    }
    for (number, prompt) in prompts.into_iter().enumerate() {
        let reason = agent.answer(prompt).await.unwrap()["stopReason"].clone();
        assert_eq!(reason, if number == 4 { "cancelled" } else { "end_turn" }, "{number}");
    }
    for (number, (session, folder)) in sessions.iter().enumerate() {
        let of_it = |it: &&Value| it["params"]["sessionId"] == **session;
        let told: String = agent.heard.iter().filter(of_it).map(Value::to_string).collect();
        for other in 0..5 {
            assert_eq!(told.contains(&format!("secret {other}")), other == number, "{told}");
        }
        let written = std::path::Path::new(folder).join("b.txt").exists();
        assert_eq!(written, number < 3, "{number}");
    }
    agent.end().await;
}

/// The option of this kind in a request for a permission.
fn option(asked: &Value, kind: &str) -> Value {
    let mut options = asked["params"]["options"].as_array().unwrap().iter();
    options.find(|option| option["kind"] == kind).unwrap()["optionId"].clone()
}
