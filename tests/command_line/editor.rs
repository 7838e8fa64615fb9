//! `coworker lsp` where it meets the configuration: what an editor is told, what a project
//! chooses, and what is traced.

use std::{
    io::{BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, ChildStdout},
};

use serde_json::json;

use super::*;

/// An editor that says what it is told to say, and keeps what it hears meanwhile.
struct Editor {
    server: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    heard: Vec<Value>,
}

impl Editor {
    fn start(place: &Place) -> Self {
        let mut command = place.command(&["lsp"]);
        let mut server = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (input, output) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
        let mut editor = Self { server, input, output: BufReader::new(output), heard: Vec::new() };
        let root = format!("file://{}", place.project().display());
        let answer =
            editor.request("initialize", json!({"rootUri": root, "capabilities": {}})).unwrap();
        assert!(answer["capabilities"].is_object());
        editor.notify("initialized", json!({}));
        editor
    }

    fn send(&mut self, message: &Value) {
        let body = message.to_string();
        write!(self.input, "Content-Length: {}\r\n\r\n{body}", body.len()).unwrap();
        self.input.flush().unwrap();
    }

    fn notify(&mut self, method: &str, params: Value) {
        self.send(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Sends a request and waits for its answer, a result or an error.
    fn request(&mut self, method: &str, params: Value) -> Result<Value, Value> {
        self.send(&json!({"jsonrpc": "2.0", "id": method, "method": method, "params": params}));
        loop {
            let mut message = self.read();
            if message["id"] == method && message.get("method").is_none() {
                return match message["error"].take() {
                    Value::Null => Ok(message["result"].take()),
                    error => Err(error),
                };
            }
            self.heard.push(message);
        }
    }

    fn read(&mut self) -> Value {
        let mut length = 0;
        loop {
            let mut line = String::new();
            assert_ne!(self.output.read_line(&mut line).unwrap(), 0, "the server is gone");
            match line.trim_end().split_once(": ") {
                Some(("Content-Length", bytes)) => length = bytes.parse().unwrap(),
                Some(_) => {}
                None => break,
            }
        }
        let mut body = vec![0; length];
        self.output.read_exact(&mut body).unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// The parameters of what was heard by this name since it was asked for last.
    fn heard(&mut self, method: &str) -> Vec<Value> {
        let heard = self.heard.drain(..).filter(|message| message["method"] == method);
        heard.map(|mut message| message["params"].take()).collect()
    }
}

impl Drop for Editor {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

#[test]
fn a_mistake_in_the_configuration_is_told_and_does_not_keep_the_server_from_serving() {
    let place = Place::new();
    let file = place.write("home/config.toml", "mode = \"yolo\"\n");
    let mut editor = Editor::start(&place);
    let told = editor.heard("window/showMessage");
    let message = told[0]["message"].as_str().unwrap();
    assert!(message.contains(&format!("{}:1: `mode`", file.display())), "{message}");
    assert_eq!((told.len(), &told[0]["type"]), (1, &json!(1)));
}

#[test]
fn a_project_chooses_for_its_sessions_once_its_folder_is_trusted() {
    let place = Place::new();
    place.write("project/.coworker/config.toml", "mode = \"plan\"\nmodel = \"script:a.md\"\n");
    let chosen = || {
        let mut editor = Editor::start(&place);
        let session = editor.request("coworker/session/new", json!({})).unwrap();
        let session = json!({"sessionId": session["session"]["id"]});
        let options = editor.request("coworker/config/options", session).unwrap();
        let option = |number: usize| options["options"][number]["current"].clone();
        (option(0), option(1))
    };
    assert_eq!(chosen(), (json!("ask"), json!("")));
    assert_eq!(place.said(&["trust"]).0, DONE);
    let script = format!("script:{}", place.project().join("a.md").display());
    assert_eq!(chosen(), (json!("plan"), json!(script)));
}

#[test]
fn what_is_handled_is_traced_as_much_as_the_editor_wants() {
    let place = Place::new();
    let mut editor = Editor::start(&place);
    let mut traced = |value: Option<&str>| {
        if let Some(value) = value {
            editor.notify("$/setTrace", json!({ "value": value }));
        }
        let refused = editor.request("coworker/session/attach", json!({"sessionId": "nowhere"}));
        assert!(refused.is_err());
        // What is told of an answer comes behind it.
        editor.request("coworker/config/options", json!({})).unwrap();
        editor.heard("$/logTrace")
    };
    assert_eq!(traced(None), [Value::Null; 0]);
    let messages = traced(Some("messages"));
    let message = messages[0]["message"].as_str().unwrap();
    assert!(
        message.starts_with("coworker/session/attach (\"coworker/session/attach\"): refused with "),
        "{message}"
    );
    assert_eq!(messages[0].get("verbose"), None);
    let verbose = traced(Some("verbose"));
    assert!(
        verbose.iter().any(|it| it["verbose"].as_str().is_some_and(|it| it.contains("nowhere")))
    );
    traced(Some("off"));
    assert_eq!(traced(None), [Value::Null; 0]);
}
