//! The loop with small services: order, cancelling, panics, the life of a connection.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncWriteExt, DuplexStream, duplex},
    sync::Notify,
    task::JoinHandle,
};
use tower_lsp_server::{
    Client,
    gen_lsp_types::{InitializeParams, InitializeResult, WorkspaceFoldersRequest},
    jsonrpc::Result,
};

use super::*;

/// A server with one handler for each thing that can go wrong.
struct Trial {
    client: Client,
    version: AtomicU64,
    free: Arc<Notify>,
}

impl LanguageServer for Trial {
    async fn initialize(&self, _: InitializeParams) -> Result<InitializeResult> {
        Ok(InitializeResult::default())
    }

    async fn shutdown(&self) -> Result<()> {
        Ok(())
    }
}

impl Trial {
    async fn change(&self, (version,): (u64,)) {
        self.version.store(version, Ordering::Relaxed);
    }

    /// What the version was when the request came.
    async fn read(&self) -> Result<u64> {
        let version = self.version.load(Ordering::Relaxed);
        tokio::task::yield_now().await;
        Ok(version)
    }

    async fn wait(&self) -> Result<()> {
        self.free.notified().await;
        Ok(())
    }

    async fn panic(&self) -> Result<()> {
        panic!("on purpose");
    }

    async fn panic_later(&self) -> Result<()> {
        tokio::task::yield_now().await;
        panic!("on purpose");
    }

    async fn ask_client(&self) -> Result<bool> {
        Ok(self.client.send_request::<WorkspaceFoldersRequest>(()).await?.is_some())
    }
}

/// The client's side of a connection.
struct Peer {
    input: DuplexStream,
    output: Frames<DuplexStream>,
    running: JoinHandle<Ended>,
    free: Arc<Notify>,
}

impl Peer {
    fn new() -> Self {
        let (input, theirs) = duplex(1 << 20);
        let (output, ours) = duplex(1 << 20);
        let (outbox, drain) = Outbox::new();
        tokio::spawn(drain.run(ours));
        let free = Arc::new(Notify::new());
        let waiting = free.clone();
        let parts = LspService::build_with_lifecycle_methods(|client| Trial {
            client,
            version: AtomicU64::new(0),
            free: waiting,
        })
        .custom_method("change", Trial::change)
        .custom_method("read", Trial::read)
        .custom_method("wait", Trial::wait)
        .custom_method("panic", Trial::panic)
        .custom_method("panicLater", Trial::panic_later)
        .custom_method("askClient", Trial::ask_client)
        .finish();
        let running = tokio::spawn(async move {
            let trace = Trace::new(outbox.clone());
            run(theirs, parts, outbox, trace, &CancellationToken::new()).await
        });
        Self { input, output: Frames::new(output), running, free }
    }

    async fn ready() -> Self {
        let mut peer = Self::new();
        peer.request(0, "initialize", json!({"capabilities": {}})).await;
        assert!(peer.next().await["result"].is_object());
        peer
    }

    async fn raw(&mut self, bytes: &[u8]) {
        self.input.write_all(bytes).await.unwrap();
    }

    async fn send(&mut self, message: Value) {
        let body = message.to_string();
        self.raw(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await;
    }

    async fn request(&mut self, id: u64, method: &str, params: Value) {
        self.send(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params})).await;
    }

    async fn call(&mut self, id: u64, method: &str) {
        self.send(json!({"jsonrpc": "2.0", "id": id, "method": method})).await;
    }

    async fn notify(&mut self, method: &str, params: Value) {
        self.send(json!({"jsonrpc": "2.0", "method": method, "params": params})).await;
    }

    async fn next(&mut self) -> Value {
        let frame = tokio::time::timeout(Duration::from_secs(10), self.output.next()).await;
        serde_json::from_slice(&frame.unwrap().unwrap().unwrap()).unwrap()
    }

    async fn code(&mut self) -> (Value, i64) {
        let answer = self.next().await;
        (answer["id"].clone(), answer["error"]["code"].as_i64().unwrap())
    }

    async fn end(self) -> Ended {
        drop(self.input);
        self.running.await.unwrap()
    }
}

// With several threads, what is not done in the loop is done in any order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn requests_see_the_notifications_before_them_and_none_after() {
    let mut peer = Peer::ready().await;
    peer.call(1000, "wait").await;
    for version in 1..=100 {
        peer.notify("change", json!([version])).await;
        peer.call(version, "read").await;
    }
    for _ in 1..=100 {
        let answer = peer.next().await;
        assert_eq!(answer["id"], answer["result"]);
    }
    peer.free.notify_one();
    assert_eq!(peer.next().await["id"], 1000);
}

#[tokio::test]
async fn a_request_that_waits_can_be_cancelled() {
    let mut peer = Peer::ready().await;
    peer.call(1, "wait").await;
    peer.notify("$/cancelRequest", json!({"id": 1})).await;
    assert_eq!(peer.code().await, (json!(1), -32800));
}

#[tokio::test]
async fn waiting_for_the_client_blocks_nothing() {
    let mut peer = Peer::ready().await;
    for id in 1..=8 {
        peer.call(id, "askClient").await;
    }
    let mut asked = Vec::new();
    for _ in 1..=8 {
        asked.push(peer.next().await["id"].clone());
    }
    for version in 1..=400 {
        peer.notify("change", json!([version])).await;
    }
    peer.call(9, "read").await;
    assert_eq!(peer.next().await["result"], 400);
    for id in asked {
        peer.send(json!({"jsonrpc": "2.0", "id": id, "result": []})).await;
    }
    let mut answered = Vec::new();
    for _ in 1..=8 {
        answered.push(peer.next().await["id"].as_u64().unwrap());
    }
    answered.sort_unstable();
    assert_eq!(answered, (1..=8).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_panic_is_answered_and_ends_nothing() {
    let mut peer = Peer::ready().await;
    peer.call(1, "panic").await;
    assert_eq!(peer.code().await, (json!(1), -32603));
    peer.call(2, "panicLater").await;
    assert_eq!(peer.code().await, (json!(2), -32603));
    peer.call(3, "read").await;
    assert_eq!(peer.next().await["result"], 0);
}

#[tokio::test]
async fn bad_messages_are_answered_and_the_next_one_is_read() {
    let mut peer = Peer::ready().await;
    for (bytes, code) in [
        (&b"Content-Length: 1\r\n\r\n{"[..], -32700),
        (b"Content-Length: 3\r\n\r\n\"\xff\"", -32700),
        (b"Content-Length: 2\r\n\r\n{}", -32600),
        (b"Content-Length: nine\r\n\r\n", -32700),
        (b"Content-Length: 99999999999\r\n\r\n", -32600),
        (b"Content-Length: 900\r\n\r\n{\"jsonrpc\":", -32700),
        (b"Content-Length: 3\r\n\r\n{}", -32700),
    ] {
        peer.raw(bytes).await;
        peer.call(7, "read").await;
        assert_eq!(peer.code().await, (Value::Null, code), "{}", String::from_utf8_lossy(bytes));
        assert_eq!(peer.next().await["result"], 0);
    }
}

#[tokio::test]
async fn unknown_requests_are_answered_and_unknown_notifications_are_not() {
    let mut peer = Peer::ready().await;
    peer.notify("unknown", json!({})).await;
    peer.notify("$/unknown", json!({})).await;
    peer.call(1, "unknown").await;
    assert_eq!(peer.code().await, (json!(1), -32601));
    peer.call(2, "$/unknown").await;
    assert_eq!(peer.code().await, (json!(2), -32601));
    peer.request(3, "read", json!({"no": "parameters"})).await;
    let answer = peer.next().await;
    assert_eq!(answer["error"]["code"], -32602);
    assert_eq!(answer["error"]["data"], json!({"code": "invalidParams", "source": "coworker"}));
}

#[tokio::test]
async fn nothing_is_done_before_initialize_and_after_shutdown() {
    let mut peer = Peer::new();
    for method in ["read", "unknown", "shutdown"] {
        peer.call(1, method).await;
        assert_eq!(peer.code().await, (json!(1), -32002), "{method}");
    }
    peer.notify("change", json!([1])).await;
    peer.request(2, "initialize", json!({"capabilities": {}})).await;
    assert!(peer.next().await["result"].is_object());
    peer.call(3, "read").await;
    assert_eq!(peer.next().await["result"], 0);
    peer.request(4, "initialize", json!({"capabilities": {}})).await;
    assert_eq!(peer.code().await, (json!(4), -32600));
    peer.request(5, "shutdown", json!({})).await;
    assert_eq!(peer.next().await["result"], Value::Null);
    for method in ["read", "unknown", "shutdown", "initialize"] {
        peer.call(6, method).await;
        assert_eq!(peer.code().await, (json!(6), -32600), "{method}");
    }
}

#[tokio::test]
async fn only_shutdown_and_then_exit_is_a_good_end() {
    let mut peer = Peer::ready().await;
    peer.call(1, "shutdown").await;
    peer.notify("exit", Value::Null).await;
    assert_eq!(peer.end().await, Ended::AfterShutdown);

    let mut peer = Peer::ready().await;
    peer.notify("exit", Value::Null).await;
    assert_eq!(peer.end().await, Ended::Otherwise);

    let mut peer = Peer::ready().await;
    peer.raw(b"Content-Length: 100\r\n\r\n{").await;
    assert_eq!(peer.end().await, Ended::Otherwise);

    let mut peer = Peer::new();
    peer.raw(b"").await;
    assert_eq!(peer.end().await, Ended::Otherwise);
}

#[tokio::test]
async fn ten_thousand_messages_at_once_are_all_answered() {
    let mut peer = Peer::ready().await;
    let (mut input, mut output) = (Vec::new(), 0);
    for id in 0..10_000 {
        let body = json!({"jsonrpc": "2.0", "id": id, "method": "read"}).to_string();
        input.extend_from_slice(format!("Content-Length: {}\r\n\r\n{body}", body.len()).as_bytes());
    }
    // All is written before anything is read.
    peer.raw(&input).await;
    while output < 10_000 {
        assert_eq!(peer.next().await["result"], 0);
        output += 1;
    }
}
