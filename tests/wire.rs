//! The wire of the real language server: order, stopping, no deadlock, and bytes nobody should
//! send. No input ends, hangs or bloats the process, and none makes it lose a keystroke.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "this is all test")]

#[path = "support/environment.rs"]
mod environment;
#[path = "wire/methods.rs"]
mod methods;
#[path = "support/pipes.rs"]
mod pipes;
#[path = "support/stage.rs"]
mod stage;

use std::fs;

use pipes::{Pipes, frame, framed, hello, notification, request};
use protocol::AbsPath;
use serde_json::{Value, json};
use stage::Stage;

/// A server in a project of its own, with this script as its model.
struct Desk {
    stage: Stage,
    script: AbsPath,
}

impl Desk {
    fn new(script: &str) -> Self {
        let stage = Stage::new().unwrap();
        let script = format!("```script\n{script}\n```\n");
        stage.write("script.md", script.as_bytes()).unwrap();
        let file = stage.root.join("script.md").unwrap();
        Self { stage, script: file }
    }

    fn server(&self) -> Pipes {
        let mut command = self.stage.coworker(self.script.as_std_path());
        command.arg("lsp");
        Pipes::start(command)
    }

    /// A server that has been greeted by an editor that draws everything.
    fn greeted(&self) -> Pipes {
        let mut server = self.server();
        let ui = json!({"version": 1, "ui": {"chat": true, "approvals": true}});
        server.greet(self.stage.root.as_str(), ui);
        server
    }

    fn uri(&self, name: &str) -> String {
        format!("file://{}/{name}", self.stage.root)
    }

    fn did_open(&self, name: &str, text: &str) -> Value {
        let document = json!({
            "uri": self.uri(name), "languageId": "plaintext", "version": 0, "text": text,
        });
        notification("textDocument/didOpen", json!({"textDocument": document}))
    }

    fn did_change(&self, name: &str, version: i32, changes: Value) -> Value {
        let document = json!({"uri": self.uri(name), "version": version});
        let params = json!({"textDocument": document, "contentChanges": changes});
        notification("textDocument/didChange", params)
    }

    fn get(&self, id: impl Into<Value>, name: &str) -> Value {
        request(id, "coworker/documents/get", json!({"uri": self.uri(name)}))
    }

    /// Locks the database of sessions for as long as the result lives.
    fn lock(&self) -> rusqlite::Connection {
        let file = self.stage.home.join("coworker.db").unwrap();
        let lock = rusqlite::Connection::open(file.as_std_path()).unwrap();
        lock.execute_batch("BEGIN IMMEDIATE").unwrap();
        lock
    }

    fn configure(&self, line: &str) {
        let file = self.stage.home.join("config.toml").unwrap();
        fs::write(file.as_std_path(), line).unwrap();
    }
}

/// A new session; its id.
fn new_session(server: &mut Pipes, id: &str) -> String {
    server.request(id, "coworker/session/new", json!({}));
    server.answer(id)["result"]["session"]["id"].as_str().unwrap().to_owned()
}

/// Begins a turn.
fn chat(server: &mut Pipes, id: &str, session: &str, text: &str) {
    server.request(id, "coworker/chat", json!({"sessionId": session, "text": text}));
    assert!(server.answer(id)["result"]["turnId"].is_string());
}

/// Whether the message says that a turn has completed.
fn is_completed(message: &Value) -> bool {
    message["params"]["update"]["stopReason"] == "completed"
}

/// Fails unless the server still does its work.
fn ensure_alive(server: &mut Pipes, desk: &Desk, id: &str) {
    server.write(&frame(&desk.get(id, "alive.txt")));
    assert_eq!(server.answer(id)["result"]["text"], "yes");
}

// Order ------------------------------------------------------------------------------------------

#[test]
fn every_read_sees_exactly_the_changes_sent_before_it() {
    let desk = Desk::new("turn\nsay \"busy\"\nwait");
    desk.configure("store_busy_timeout_ms = 60000");
    let mut server = desk.greeted();
    // Four turns stream and never end, and four requests wait for a database that is locked.
    for number in 0..4 {
        let session = new_session(&mut server, &format!("s{number}"));
        chat(&mut server, &format!("c{number}"), &session, "go");
    }
    let lock = desk.lock();
    for number in 0..4 {
        server.request(format!("p{number}"), "coworker/session/new", json!({}));
    }
    let mut bytes = frame(&desk.did_open("a.txt", ""));
    for version in 1..=400 {
        let end = json!({"line": 0, "character": version - 1});
        let change = json!([{"range": {"start": end, "end": end}, "text": "x"}]);
        bytes.extend(frame(&desk.did_change("a.txt", version, change)));
        bytes.extend(frame(&desk.get(version, "a.txt")));
    }
    server.write(&bytes);
    for version in 1..=400 {
        let document = server.answer(version)["result"].take();
        assert_eq!(document["version"], version);
        assert_eq!(document["text"].as_str().map(str::len), usize::try_from(version).ok());
    }
    drop(lock);
    for number in 0..4 {
        assert!(server.answer(format!("p{number}"))["result"]["epoch"].is_string());
    }
}

#[test]
fn what_is_told_before_an_answer_arrives_before_it() {
    let desk = Desk::new("turn\nsay \"one two three\"");
    let mut server = desk.greeted();
    let session = new_session(&mut server, "s");
    chat(&mut server, "c", &session, "go");
    server.find("the end of the turn", is_completed);
    for number in 0..200 {
        let id = format!("a{number}");
        server.aside.clear();
        server.request(id.as_str(), "coworker/session/attach", json!({"sessionId": session}));
        let mut last = Value::Null;
        let result = loop {
            let mut message = server.next().unwrap();
            match message["method"].as_str() {
                Some("coworker/session/update") => last = message["params"]["seq"].take(),
                _ => break message["result"].take(),
            }
        };
        assert_eq!(last, result["seq"], "attached for the {number}th time");
    }
}

// Stopping ---------------------------------------------------------------------------------------

#[test]
fn a_request_can_be_cancelled_while_it_waits() {
    let desk = Desk::new("turn\nsay \"hello\"");
    desk.configure("store_busy_timeout_ms = 60000");
    let mut server = desk.greeted();
    new_session(&mut server, "s");
    let lock = desk.lock();
    server.request(7, "coworker/session/new", json!({}));
    server.notify("$/cancelRequest", json!({"id": 7}));
    assert_eq!(server.answer(7)["error"]["code"], -32800);
    drop(lock);
    new_session(&mut server, "another");
}

#[test]
fn cancelling_what_is_unknown_or_done_does_nothing() {
    let desk = Desk::new("turn");
    let mut server = desk.greeted();
    server.write(&frame(&desk.did_open("alive.txt", "yes")));
    ensure_alive(&mut server, &desk, "1");
    for id in [json!("1"), json!("never"), json!(99), json!(null), json!({})] {
        server.notify("$/cancelRequest", json!({"id": id}));
    }
    ensure_alive(&mut server, &desk, "2");
}

// No deadlock ------------------------------------------------------------------------------------

#[test]
fn questions_nobody_answers_hold_nothing_up() {
    let desk = Desk::new("turn\ncall bash {\"command\": \"echo hello\"}\n---\nsay \"done\"");
    let mut server = desk.greeted();
    let mut questions = Vec::new();
    for number in 0..6 {
        let session = new_session(&mut server, &format!("s{number}"));
        chat(&mut server, &format!("c{number}"), &session, "go");
        let asked = |it: &Value| it["method"] == "coworker/approval/request";
        questions.push(server.find("a question", asked)["id"].take());
    }
    let mut bytes = frame(&desk.did_open("a.txt", ""));
    for version in 1..=400 {
        let change = json!([{"text": version.to_string()}]);
        bytes.extend(frame(&desk.did_change("a.txt", version, change)));
    }
    bytes.extend(frame(&desk.get("read", "a.txt")));
    server.write(&bytes);
    assert_eq!(server.answer("read")["result"]["text"], "400");

    for id in questions {
        let answer = json!({"jsonrpc": "2.0", "id": id, "result": {"decision": "once"}});
        server.write(&frame(&answer));
        server.find("the end of a turn", |it| it["params"]["update"]["stopReason"] == "completed");
    }
}

#[test]
fn ten_thousand_messages_at_once_from_a_client_that_reads_none_of_the_answers_yet() {
    let desk = Desk::new("turn");
    let mut server = desk.greeted();
    let mut bytes = frame(&desk.did_open("a.txt", &"long ".repeat(200)));
    for id in 0..10_000 {
        bytes.extend(frame(&desk.get(id, "a.txt")));
    }
    server.write(&bytes);
    for id in 0..10_000 {
        let answer = server.next().unwrap();
        assert_eq!(answer["id"], id);
        assert_eq!(answer["result"]["version"], 0);
    }
}

// Bytes nobody should send -----------------------------------------------------------------------

/// What an input is answered with.
enum Answer {
    /// Nothing at all.
    Silence,
    /// An error for nobody in particular: the request cannot be known.
    Error(i64),
    /// An error for request 7.
    Refused(i64),
    /// A result for request 7.
    Result,
}

use Answer::{Error, Refused, Result as Good, Silence};

const PARSE_ERROR: i64 = -32700;
const INVALID_REQUEST: i64 = -32600;
const METHOD_NOT_FOUND: i64 = -32601;
const INVALID_PARAMS: i64 = -32602;
const NOT_INITIALIZED: i64 = -32002;

/// Sends each input, holds the answer against what is expected, and makes sure that the server
/// goes on behind it.
fn hold(desk: &Desk, inputs: Vec<(&str, Vec<u8>, Answer)>) {
    let mut server = desk.greeted();
    server.write(&frame(&desk.did_open("alive.txt", "yes")));
    ensure_alive(&mut server, desk, "before");
    for (name, bytes, expected) in inputs {
        server.write(&bytes);
        ensure_alive(&mut server, desk, name);
        let expected = match expected {
            Silence => None,
            Error(code) => Some((Value::Null, Some(code))),
            Refused(code) => Some((json!(7), Some(code))),
            Good => Some((json!(7), None)),
        };
        if let Some((id, code)) = expected {
            assert_eq!(server.answer(id)["error"]["code"].as_i64(), code, "{name}");
        }
        assert_eq!(server.aside.pop_front(), None, "{name}: that was enough");
    }
    if let Some(peak) = server.peak_memory() {
        assert!(peak < 256, "{peak} MiB");
    }
    server.request("bye", "shutdown", Value::Null);
    server.answer("bye");
    server.notify("exit", Value::Null);
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn bytes_that_are_no_frame() {
    let desk = Desk::new("turn");
    let good = || frame(&desk.get(7, "alive.txt"));
    let body = desk.get(7, "alive.txt").to_string();
    let headed = |headers: &str| [headers.as_bytes(), body.as_bytes()].concat();
    let length = body.len();
    hold(
        &desk,
        vec![
            ("line breaks between messages", [b"\r\n\n\r\n".to_vec(), good()].concat(), Good),
            (
                "a second header",
                headed(&format!(
                    "Content-Length: {length}\r\nContent-Type: application/vscode-jsonrpc; \
                     charset=utf-8\r\n\r\n"
                )),
                Good,
            ),
            ("small letters", headed(&format!("content-length: {length}\r\n\r\n")), Good),
            ("no space", headed(&format!("Content-Length:{length}\r\n\r\n")), Good),
            ("lone line feeds", headed(&format!("Content-Length: {length}\n\n")), Good),
            ("words", b"hello there\r\n\r\n".to_vec(), Error(PARSE_ERROR)),
            ("a body without a header", body.clone().into_bytes(), Error(PARSE_ERROR)),
            ("a negative length", b"Content-Length: -5\r\n\r\n".to_vec(), Error(PARSE_ERROR)),
            ("no length", b"Content-Length: \r\n\r\n".to_vec(), Error(PARSE_ERROR)),
            ("length in words", b"Content-Length: ten\r\n\r\n".to_vec(), Error(PARSE_ERROR)),
            (
                "bytes at random",
                vec![0xff, 0x00, 0xfe, b'\r', b'\n', b'\r', b'\n'],
                Error(PARSE_ERROR),
            ),
            ("headers without end", vec![b'a'; 100_000], Error(PARSE_ERROR)),
            (
                "a body that is too short",
                b"Content-Length: 500\r\n\r\n{}".to_vec(),
                Error(PARSE_ERROR),
            ),
            ("a length of zero", b"Content-Length: 0\r\n\r\n".to_vec(), Error(PARSE_ERROR)),
            (
                "a length no computer can hold",
                b"Content-Length: 99999999999999999999999\r\n\r\n".to_vec(),
                Error(INVALID_REQUEST),
            ),
            (
                "a body of 80 MiB",
                framed(format!("\"{}\"", "a".repeat(80 << 20)).as_bytes()),
                Error(INVALID_REQUEST),
            ),
            ("and a good message", good(), Good),
        ],
    );
}

#[test]
fn bodies_that_are_no_message() {
    let desk = Desk::new("turn");
    let text = |text: &str| framed(text.as_bytes());
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let nested = r#"{"jsonrpc":"2.0","id":7,"method":"a","params":"#.to_owned() + &deep + "}";
    hold(
        &desk,
        vec![
            ("no JSON", text("hello"), Error(PARSE_ERROR)),
            ("half of an object", text(r#"{"jsonrpc":"2.0","id":7"#), Error(PARSE_ERROR)),
            ("bytes that are not UTF-8", framed(b"{\"a\": \"\xff\xfe\"}"), Error(PARSE_ERROR)),
            ("half a surrogate pair", text(r#"{"a": "\ud83d"}"#), Error(PARSE_ERROR)),
            ("a byte order mark", text("\u{feff}{}"), Error(PARSE_ERROR)),
            ("brackets without end", text(&"[".repeat(1_000_000)), Error(PARSE_ERROR)),
            ("deep nesting in a request", text(&nested), Error(PARSE_ERROR)),
            ("a number", text("42"), Error(INVALID_REQUEST)),
            ("an empty object", text("{}"), Error(INVALID_REQUEST)),
            ("a batch", text(r#"[{"jsonrpc":"2.0","id":7,"method":"a"}]"#), Error(INVALID_REQUEST)),
            (
                "another version",
                text(r#"{"jsonrpc":"1.0","id":7,"method":"a"}"#),
                Refused(INVALID_REQUEST),
            ),
            ("no version", text(r#"{"id":7,"method":"a"}"#), Refused(INVALID_REQUEST)),
            (
                "a method that is a number",
                text(r#"{"jsonrpc":"2.0","id":7,"method":1}"#),
                Refused(INVALID_REQUEST),
            ),
            (
                "an id of null",
                text(r#"{"jsonrpc":"2.0","id":null,"method":"a"}"#),
                Error(INVALID_REQUEST),
            ),
            (
                "half an id",
                text(r#"{"jsonrpc":"2.0","id":1.5,"method":"a"}"#),
                Error(INVALID_REQUEST),
            ),
            (
                "an id that is an object",
                text(r#"{"jsonrpc":"2.0","id":{},"method":"a"}"#),
                Error(INVALID_REQUEST),
            ),
            (
                "an id too large",
                text(r#"{"jsonrpc":"2.0","id":1e99,"method":"a"}"#),
                Error(INVALID_REQUEST),
            ),
            (
                "an answer to nothing",
                text(r#"{"jsonrpc":"2.0","id":12345,"result":null}"#),
                Silence,
            ),
            (
                "an answer with a foreign id",
                text(r#"{"jsonrpc":"2.0","id":"x","error":{"code":1,"message":""}}"#),
                Silence,
            ),
            (
                "an answer that is neither",
                text(r#"{"jsonrpc":"2.0","id":7}"#),
                Refused(INVALID_REQUEST),
            ),
        ],
    );
}

#[test]
fn messages_that_make_no_sense() {
    let desk = Desk::new("turn");
    let ask = |method: &str, params: Value| frame(&request(7, method, params));
    let tell = |method: &str, params: Value| frame(&notification(method, params));
    let uri = desk.uri("alive.txt");
    hold(
        &desk,
        vec![
            ("an unknown method", ask("coworker/nope", json!({})), Refused(METHOD_NOT_FOUND)),
            (
                "an unknown method of LSP",
                ask("textDocument/nope", json!({})),
                Refused(METHOD_NOT_FOUND),
            ),
            ("an unknown `$/` method", ask("$/nope", json!({})), Refused(METHOD_NOT_FOUND)),
            ("an empty method", ask("", json!({})), Refused(METHOD_NOT_FOUND)),
            ("an unknown notification", tell("coworker/nope", json!({})), Silence),
            ("an unknown `$/` notification", tell("$/nope", json!({})), Silence),
            ("a list of parameters", ask("coworker/chat", json!([])), Refused(INVALID_PARAMS)),
            ("no parameters", ask("coworker/chat", Value::Null), Refused(INVALID_PARAMS)),
            (
                "a text that is none",
                ask("coworker/chat", json!({"text": 7})),
                Refused(INVALID_PARAMS),
            ),
            (
                "a second greeting",
                ask("initialize", hello("/", json!({}))),
                Refused(INVALID_REQUEST),
            ),
            (
                "a notification as a request",
                ask("textDocument/didOpen", json!({})),
                Refused(INVALID_REQUEST),
            ),
            (
                "a document without a name",
                tell("textDocument/didOpen", json!({"textDocument": {}})),
                Silence,
            ),
            ("a change without a document", tell("textDocument/didChange", json!({})), Silence),
            (
                "a change of what is not open",
                tell(
                    "textDocument/didChange",
                    json!({
                        "textDocument": {"uri": "file:///nowhere", "version": 1},
                        "contentChanges": [{"text": "x"}],
                    }),
                ),
                Silence,
            ),
            (
                "a change of no file",
                tell(
                    "textDocument/didChange",
                    json!({
                        "textDocument": {"uri": "untitled:1", "version": 1},
                        "contentChanges": [{"text": "x"}],
                    }),
                ),
                Silence,
            ),
            (
                "the end of what is not open",
                tell(
                    "textDocument/didClose",
                    json!({
                        "textDocument": {"uri": "file:///nowhere"},
                    }),
                ),
                Silence,
            ),
            (
                "a URI that is none",
                ask("coworker/documents/get", json!({"uri": "::"})),
                Refused(INVALID_PARAMS),
            ),
            (
                "another machine's file",
                ask("coworker/documents/get", json!({"uri": "file://there/a"})),
                Refused(INVALID_PARAMS),
            ),
            (
                "a NUL in a path",
                ask("coworker/documents/get", json!({"uri": "file:///a%00b"})),
                Refused(INVALID_PARAMS),
            ),
            (
                "a code action nowhere",
                ask(
                    "textDocument/codeAction",
                    json!({
                        "textDocument": {"uri": uri},
                        "range": {
                            "start": {"line": 4_000_000_000_u32, "character": 4_000_000_000_u32},
                            "end": {"line": 0, "character": 0},
                        },
                        "context": {"diagnostics": []},
                    }),
                ),
                Good,
            ),
            (
                "an unknown command",
                ask("workspace/executeCommand", json!({"command": "rm -rf"})),
                Refused(INVALID_PARAMS),
            ),
            (
                "a command without its arguments",
                ask("workspace/executeCommand", json!({"command": "coworker.ask"})),
                Refused(INVALID_PARAMS),
            ),
        ],
    );
}

#[test]
fn ranges_nobody_should_send() {
    let desk = Desk::new("turn");
    let mut server = desk.greeted();
    const TEXT: &str = "a😀b\r\nsecond\nlast";
    let at = |line: u32, character: u32| json!({"line": line, "character": character});
    let (x, far) = ("X", u32::MAX);
    let table = [
        ("in its place", at(0, 1), at(0, 3), "aXb\r\nsecond\nlast"),
        ("behind the end of a line", at(0, 900), at(0, far), "a😀bX\r\nsecond\nlast"),
        ("behind the last line", at(far, 0), at(far, far), "a😀b\r\nsecond\nlastX"),
        ("from nowhere to nowhere", at(0, 0), at(far, far), "X"),
        ("inside of a surrogate pair", at(0, 2), at(0, 3), "aXb\r\nsecond\nlast"),
        ("both inside of one", at(0, 2), at(0, 2), "aX😀b\r\nsecond\nlast"),
        ("backwards", at(1, 3), at(0, 1), "aXond\nlast"),
        ("backwards in a line", at(1, 3), at(1, 1), "a😀b\r\nsXond\nlast"),
    ];
    for (number, (name, start, end, expected)) in table.into_iter().enumerate() {
        let file = format!("{number}.txt");
        server.write(&frame(&desk.did_open(&file, TEXT)));
        let change = json!([{"range": {"start": start, "end": end}, "text": x}]);
        server.write(&frame(&desk.did_change(&file, 1, change)));
        server.write(&frame(&desk.get(name, &file)));
        assert_eq!(server.answer(name)["result"]["text"], expected, "{name}");
    }
    let huge =
        json!([{"range": {"start": {"line": -1, "character": 0}, "end": at(0, 0)}, "text": x}]);
    server.write(&frame(&desk.did_change("0.txt", 2, huge)));
    let change = json!([{"text": "whole"}]);
    server.write(&frame(&desk.did_change("0.txt", 3, change)));
    server.write(&frame(&desk.get("after", "0.txt")));
    assert_eq!(server.answer("after")["result"]["text"], "whole");
}

#[test]
fn a_whole_session_in_a_trickle_of_single_bytes() {
    let desk = Desk::new("turn");
    let mut server = desk.server();
    let greeting = request(1, "initialize", hello(desk.stage.root.as_str(), json!({})));
    let messages = [
        greeting,
        notification("initialized", json!({})),
        desk.did_open("a.txt", "naïve 😀"),
        desk.get(2, "a.txt"),
    ];
    for byte in messages.iter().flat_map(frame) {
        server.write(&[byte]);
    }
    assert_eq!(server.answer(1)["result"]["serverInfo"]["name"], "Coworker");
    assert_eq!(server.answer(2)["result"]["text"], "naïve 😀");
}

// Beginning and end ------------------------------------------------------------------------------

#[test]
fn nothing_is_done_before_the_greeting_and_after_the_farewell() {
    let desk = Desk::new("turn");
    let mut server = desk.server();
    server.write(&frame(&desk.did_open("a.txt", "too early")));
    server.write(&frame(&desk.get("early", "a.txt")));
    server.request("unknown", "coworker/nope", json!({}));
    server.request("over", "shutdown", Value::Null);
    for id in ["early", "unknown", "over"] {
        assert_eq!(server.answer(id)["error"]["code"], NOT_INITIALIZED, "{id}");
    }
    server.greet(desk.stage.root.as_str(), json!({}));
    server.write(&frame(&desk.get("gone", "a.txt")));
    let gone = server.answer("gone");
    assert_eq!(gone["error"]["data"]["code"], "documentNotFound", "{gone}");

    server.request("bye", "shutdown", Value::Null);
    assert_eq!(server.answer("bye")["result"], Value::Null);
    server.write(&frame(&desk.get("late", "a.txt")));
    server.request("again", "initialize", hello("/", json!({})));
    for id in ["late", "again"] {
        assert_eq!(server.answer(id)["error"]["code"], INVALID_REQUEST, "{id}");
    }
    server.notify("exit", Value::Null);
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn the_exit_code_says_whether_it_was_asked_to_end() {
    let desk = Desk::new("turn");
    let bye = frame(&request("bye", "shutdown", Value::Null));
    let exit = frame(&notification("exit", Value::Null));
    let half = framed(b"{\"jsonrpc\": \"2.0\", \"method\": \"exit\"}");
    let half = &half[..half.len() / 2];
    let table: [(&str, Vec<u8>, i32); 6] = [
        ("shutdown and exit", [&bye[..], &exit[..]].concat(), 0),
        ("exit alone", exit.clone(), 1),
        ("the end of the input", Vec::new(), 1),
        ("the end after shutdown", bye.clone(), 1),
        ("the end in the middle of a header", b"Content-Le".to_vec(), 1),
        ("the end in the middle of a message", half.to_vec(), 1),
    ];
    for (name, bytes, code) in table {
        let mut server = desk.greeted();
        server.write(&bytes);
        server.hang_up();
        assert_eq!(server.exit_code(), Some(code), "{name}");
    }
    let mut server = desk.server();
    server.hang_up();
    assert_eq!(server.exit_code(), Some(1), "the end before the greeting");
}

#[test]
fn it_ends_although_turns_run_and_nobody_answers() {
    let desk = Desk::new("turn\ncall bash {\"command\": \"echo hello\"}");
    let mut server = desk.greeted();
    for number in 0..4 {
        let session = new_session(&mut server, &format!("s{number}"));
        chat(&mut server, &format!("c{number}"), &session, "go");
    }
    server.hang_up();
    assert_eq!(server.exit_code(), Some(1));
}
