//! The client against servers that do what a test wants.

use serde_json::{Value, json};
use tokio::io::{AsyncWriteExt, DuplexStream, ReadHalf, WriteHalf, duplex, split};

use super::*;

/// The server's end of the connection, moved by hand.
struct Peer {
    input: Frames<ReadHalf<DuplexStream>>,
    output: WriteHalf<DuplexStream>,
}

impl Peer {
    async fn receive(&mut self) -> Value {
        serde_json::from_slice(&self.input.next().await.unwrap().unwrap()).unwrap()
    }

    async fn send(&mut self, message: Value) {
        self.output.write_all(&frame(&message)).await.unwrap();
    }

    async fn ask(&mut self, method: &str, params: Value) {
        self.send(json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params})).await;
    }
}

async fn connected(options: ClientOptions, encoding: &str) -> (Client, Peer) {
    let (ours, theirs) = duplex(1 << 16);
    let (input, output) = split(theirs);
    let mut peer = Peer { input: Frames::new(input), output };
    let (from, to) = split(ours);
    let (client, ()) = tokio::join!(Client::over(from, to, options), async {
        let hello = peer.receive().await;
        assert_eq!(hello["method"], "initialize");
        let result = json!({"capabilities": {"positionEncoding": encoding}});
        peer.send(json!({"jsonrpc": "2.0", "id": hello["id"], "result": result})).await;
        assert_eq!(peer.receive().await["method"], "initialized");
    });
    (client.unwrap(), peer)
}

fn path(text: &str) -> AbsPath {
    AbsPath::new(text).unwrap()
}

fn edit(file: &str, version: i32, line: u32, text: &str) -> Value {
    let range = json!({
        "start": {"line": line, "character": 0},
        "end": {"line": line, "character": 3},
    });
    json!({
        "textDocument": {"uri": uri(&path(file)), "version": version},
        "edits": [{"range": range, "newText": text}],
    })
}

#[tokio::test]
async fn an_edit_for_the_exact_version_lands_and_is_told_after_its_answer() {
    let (mut client, mut peer) = connected(ClientOptions::new(path("/w")), "utf-16").await;
    client.open(&path("/w/a"), "one\ntwo\n").await;
    assert_eq!(peer.receive().await["params"]["textDocument"]["version"], 1);

    let params = json!({"edit": {"documentChanges": [edit("/w/a", 1, 1, "2")]}});
    peer.ask("workspace/applyEdit", params).await;
    assert_eq!(peer.receive().await["result"], json!({"applied": true}));
    let told = peer.receive().await["params"].take();
    assert_eq!(told["textDocument"]["version"], 2);
    assert_eq!(told["contentChanges"][0]["text"], "2");
    assert_eq!(client.text(&path("/w/a")).unwrap(), "one\n2\n");
    assert!(matches!(client.next().await, Event::ServerRequest { .. }));
}

#[tokio::test]
async fn an_edit_that_does_not_fit_changes_nothing_at_all() {
    let (client, mut peer) = connected(ClientOptions::new(path("/w")), "utf-16").await;
    for file in ["/w/a", "/w/b"] {
        client.open(&path(file), "one\n").await;
        peer.receive().await;
    }
    let bad = [
        json!({"documentChanges": [edit("/w/a", 1, 0, "x"), edit("/w/b", 2, 0, "x")]}),
        json!({"documentChanges": [edit("/w/a", 1, 0, "x"), edit("/w/c", 1, 0, "x")]}),
        json!({"documentChanges": [edit("/w/a", 1, 0, "x"), edit("/w/a", 1, 0, "x")]}),
        json!({"documentChanges": [{"kind": "create", "uri": "file:///w/d"}]}),
        json!({"changes": {"file:///w/a": []}}),
    ];
    for edit in bad {
        peer.ask("workspace/applyEdit", json!({"edit": edit})).await;
        let answer = peer.receive().await["result"].take();
        assert_eq!(answer["applied"], false, "{edit}");
        assert!(answer["failureReason"].is_string(), "{edit}");
        assert_eq!(client.text(&path("/w/a")).unwrap(), "one\n", "{edit}");
    }
}

#[tokio::test]
async fn typing_is_told_in_what_the_server_counts_in() {
    for (encoding, character) in [("utf-8", 5), ("utf-16", 3), ("utf-32", 2)] {
        let (client, mut peer) = connected(ClientOptions::new(path("/w")), encoding).await;
        client.open(&path("/w/a"), "a😀b").await;
        peer.receive().await;
        client.replace(&path("/w/a"), 5..6, "c").await;
        let told = peer.receive().await["params"]["contentChanges"][0].take();
        assert_eq!(told["range"]["start"]["character"], character, "{encoding}");
        assert_eq!(client.text(&path("/w/a")).unwrap(), "a😀c");
    }
}

#[tokio::test]
async fn questions_are_answered_unless_they_are_held() {
    let (client, mut peer) = connected(ClientOptions::new(path("/w")), "utf-16").await;
    peer.ask("window/showMessageRequest", json!({})).await;
    assert_eq!(peer.receive().await, json!({"jsonrpc": "2.0", "id": 7, "result": null}));
    peer.ask("nobody/knows", json!({})).await;
    assert_eq!(peer.receive().await["error"]["code"], METHOD_NOT_FOUND);

    client.hold("window/showMessageRequest");
    peer.ask("window/showMessageRequest", json!({})).await;
    client.answer(json!(7), json!({"title": "Apply"})).await;
    assert_eq!(peer.receive().await["result"]["title"], "Apply");
}

#[tokio::test]
async fn a_server_that_goes_away_leaves_nobody_waiting() {
    let (mut client, mut peer) = connected(ClientOptions::new(path("/w")), "utf-16").await;
    let (answer, ()) = tokio::join!(client.request("a/b", json!({})), async {
        peer.receive().await;
        drop(peer);
    });
    assert_eq!(answer.unwrap_err().code, CLOSED);
    assert_eq!(client.request("a/b", json!({})).await.unwrap_err().code, CLOSED);
    assert_eq!(client.next().await, Event::Closed);
}
