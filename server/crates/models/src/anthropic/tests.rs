//! The wire against recorded streams, served over a real connection.

mod server;

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use engine::{AssistantPart, Message, Model, ModelEvent, Picture, StopCause, ToolResult, ToolSpec};
use futures::StreamExt;
use protocol::Usage;
use serde_json::{Value, json};
use server::{Reply, Server};

use super::*;
use crate::{ModelSettings, Models};

type Event = Result<ModelEvent, ModelError>;

const KEY: &str = "sk-ant-canary";

fn wire(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../tests/wire/anthropic").join(file)
}

fn recorded(file: &str) -> Vec<u8> {
    std::fs::read(wire(file)).unwrap()
}

/// The beginning of `text.sse`, with the first of its text.
fn first_word() -> Vec<u8> {
    let text = String::from_utf8(recorded("text.sse")).unwrap();
    let word = text.find("It is ").unwrap();
    let end = word + text[word..].find("\n\n").unwrap() + 2;
    text[..end].into()
}

fn models(base_url: &str) -> Models {
    let anthropic = AnthropicSettings { key: Key::new(KEY), base_url: Some(base_url.to_owned()) };
    Models::new(ModelSettings { model: None, anthropic })
}

fn request(messages: Vec<Message>) -> ModelRequest {
    ModelRequest {
        model: "anthropic/claude-sonnet-5".to_owned(),
        system: "You are Coworker.".to_owned(),
        tools: ["read", "todoRead"].map(tool).to_vec(),
        messages,
        max_output_tokens: 16_000,
    }
}

fn tool(name: &str) -> ToolSpec {
    ToolSpec {
        name: name.to_owned(),
        description: format!("What {name} does."),
        schema: json!({ "type": "object", "properties": { "path": { "type": "string" } } }),
    }
}

fn user(text: &str) -> Message {
    Message::User { text: text.to_owned() }
}

/// What came for a prompt; an error at the opening stands alone.
async fn ask(models: &Models, messages: Vec<Message>) -> Vec<Event> {
    match models.stream(request(messages)).await {
        Ok(stream) => stream.collect().await,
        Err(error) => vec![Err(error)],
    }
}

async fn answer(reply: Reply) -> Vec<Event> {
    let server = Server::start();
    server.reply(reply);
    ask(&models(&server.url), vec![user("hi")]).await
}

fn text(text: &str) -> Event {
    Ok(ModelEvent::Text(text.to_owned()))
}

fn reasoning(text: &str) -> Event {
    Ok(ModelEvent::Reasoning(text.to_owned()))
}

fn reasoned(provider_data: Value) -> Event {
    Ok(ModelEvent::ReasoningEnd { provider_data: Some(provider_data) })
}

fn call(call_id: &str, name: &str, arguments: &str) -> Event {
    let [call_id, name, arguments] = [call_id, name, arguments].map(str::to_owned);
    Ok(ModelEvent::ToolCall { call_id, name, arguments })
}

fn usage(input_tokens: u64, output_tokens: u64, cached_tokens: u64) -> Event {
    Ok(ModelEvent::Usage(Usage { input_tokens, output_tokens, cached_tokens }))
}

fn end(cause: StopCause) -> Event {
    Ok(ModelEvent::End(cause))
}

fn text_events() -> Vec<Event> {
    vec![
        text("It is "),
        text("größer 🦀"),
        text("\nthan before."),
        usage(25, 15, 0),
        end(StopCause::EndOfAnswer),
    ]
}

/// The answer with everything: thinking of both kinds, text, and calls side by side.
fn tools_events() -> Vec<Event> {
    let thinking = |text: &str, signature: &str| {
        reasoned(json!({ "type": "thinking", "thinking": text, "signature": signature }))
    };
    let redacted = "EmwKAhgBEgy3va3pzix/LafPsn4aDFIT2Xlxh0L5L8rLVyIwxtE3rAFBa8cr3qpPkNRj2YfWXGmKDx\
                    H4mPnZ5sQ7vB5NqSbZ";
    vec![
        reasoning("The function is "),
        reasoning("too long."),
        thinking("The function is too long.", "EqQBCgIYAhIM1gbcDa9GJwZA2b3h"),
        reasoned(json!({ "type": "redacted_thinking", "data": redacted })),
        reasoning("Both files matter."),
        thinking("Both files matter.", "EuYBCkQYAiJAgCs1"),
        text("I read "),
        text("both."),
        call("toolu_01T1x1fJ34qAmk2tNTrN7Up6", "read", "{\"path\": \"src/größe.rs\"}"),
        call("toolu_018nWVkXyQ1tHJkNcrDw4Kpv", "todoRead", "{}"),
        usage(2312, 89, 2000),
        end(StopCause::ToolCalls),
    ]
}

#[tokio::test]
async fn text_streams() {
    assert_eq!(answer(Reply::events(&recorded("text.sse"))).await, text_events());
}

#[tokio::test]
async fn thinking_calls_and_cached_tokens_stream() {
    assert_eq!(answer(Reply::events(&recorded("tools.sse"))).await, tools_events());
}

#[tokio::test]
async fn of_a_call_that_ran_into_the_limit_nothing_is_told() {
    let expected = [
        text("I write it."),
        call("toolu_01A", "read", "{\"path\": \"a.rs\"}"),
        usage(25, 1000, 0),
        end(StopCause::OutputLimit),
    ];
    assert_eq!(answer(Reply::events(&recorded("limit.sse"))).await, expected);
}

#[tokio::test]
async fn a_refusal_is_told_as_one() {
    let expected = [text("I will"), usage(25, 3, 0), end(StopCause::Refusal)];
    assert_eq!(answer(Reply::events(&recorded("refusal.sse"))).await, expected);
}

#[tokio::test]
async fn an_error_in_the_stream_ends_it() {
    let events = answer(Reply::events(&recorded("error.sse"))).await;
    assert_eq!(events[0], text("I read"));
    let error = events[1].clone().unwrap_err();
    assert_eq!(error.code, ErrorCode::ModelBrokeOff);
    assert!(error.message.contains("Internal server error"), "{}", error.message);
    assert_eq!(events.len(), 2);

    let events = answer(Reply::events(&recorded("overloaded.sse"))).await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].clone().unwrap_err().code, ErrorCode::ModelOverloaded);
}

#[tokio::test]
async fn a_stream_may_come_in_two_chunks_at_any_byte() {
    let server = Server::start();
    let models = models(&server.url);
    let bytes = recorded("text.sse");
    for at in 1..bytes.len() {
        server.reply(Reply::chunks([&bytes[..at], &bytes[at..]], true));
        assert_eq!(ask(&models, vec![user("hi")]).await, text_events(), "at {at}");
    }
}

#[tokio::test]
async fn a_stream_may_come_in_chunks_of_any_size() {
    let server = Server::start();
    let models = models(&server.url);
    let bytes = recorded("tools.sse");
    for size in 1..100 {
        server.reply(Reply::chunks(bytes.chunks(size), true));
        assert_eq!(ask(&models, vec![user("hi")]).await, tools_events(), "{size} bytes each");
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_off_is_never_taken_for_a_whole_one() {
    let server = Server::start();
    let models = models(&server.url);
    for (file, expected) in [("text.sse", text_events()), ("tools.sse", tools_events())] {
        let bytes = recorded(file);
        // From here on the answer is whole, and only its full stop is missing.
        let whole = b"\ndata: {\"type\":\"message_stop\"}\n\n".len() - "\ndata: ".len();
        for at in 0..bytes.len() - whole {
            let between_events = bytes[..at].ends_with(b"\n\n");
            let missing_chunk = between_events.then(|| Reply::chunks([&bytes[..at]], false));
            for reply in missing_chunk.into_iter().chain([Reply::events(&bytes[..at])]) {
                server.reply(reply);
                let mut events = ask(&models, vec![user("hi")]).await;
                let last = events.pop().unwrap().unwrap_err();
                assert_eq!(last.code, ErrorCode::ModelBrokeOff, "{file} cut at {at}");
                assert!(expected.starts_with(&events), "{file} cut at {at}: {events:?}");
                let whole = |event: &Event| {
                    matches!(event, Ok(ModelEvent::ToolCall { .. } | ModelEvent::Usage(_)))
                };
                assert!(!events.iter().any(whole), "{file} cut at {at}: {events:?}");
            }
        }
    }
}

#[tokio::test]
async fn a_silent_server_is_given_up() {
    let server = Server::start();
    let (reply, _closed) = Reply::events(&first_word()).hanging();
    server.reply(reply);
    let mut stream = models(&server.url).stream(request(vec![user("hi")])).await.unwrap();
    assert_eq!(stream.next().await, Some(text("It is ")));
    // From here on the clock runs ahead whenever nothing else is left to do.
    tokio::time::pause();
    let last = stream.collect::<Vec<_>>().await.pop().unwrap().unwrap_err();
    assert_eq!(last.code, ErrorCode::ModelBrokeOff);
    assert!(last.message.contains("nothing came for 180 seconds"), "{}", last.message);
}

#[tokio::test]
async fn dropping_the_stream_closes_the_connection() {
    let server = Server::start();
    let (reply, closed) = Reply::events(&first_word()).hanging();
    server.reply(reply);
    let mut stream = models(&server.url).stream(request(vec![user("hi")])).await.unwrap();
    assert_eq!(stream.next().await, Some(text("It is ")));
    drop(stream);
    let gone = tokio::task::spawn_blocking(move || closed.recv()).await.unwrap();
    assert_eq!(gone, Ok(()));
}

#[tokio::test]
async fn every_refusal_has_its_code_and_its_way_out() {
    let body = |kind: &str, message: &str| {
        json!({ "type": "error", "error": { "type": kind, "message": message } }).to_string()
    };
    let wait = "retry-after: 7\r\n";
    use ErrorCode::{ModelOverloaded, ModelRefused, ModelUnauthorized, ModelUnavailable};
    for (status, headers, body, code, parts) in [
        (
            "401 Unauthorized",
            "",
            body("authentication_error", "invalid x-api-key"),
            ModelUnauthorized,
            ["refused the key: invalid x-api-key.", "Check ANTHROPIC_API_KEY"],
        ),
        (
            "403 Forbidden",
            "",
            body("permission_error", "not yours"),
            ModelUnauthorized,
            ["`claude-sonnet-5`: not yours.", "choose another model"],
        ),
        (
            "404 Not Found",
            "",
            body("not_found_error", "model: claude-sonnet-5"),
            ModelUnavailable,
            ["has no model `claude-sonnet-5`", "--model anthropic/NAME"],
        ),
        (
            "429 Too Many Requests",
            wait,
            body("rate_limit_error", "Too many\r\ntokens."),
            ModelOverloaded,
            ["for now: Too many  tokens.", "again in 7 seconds"],
        ),
        (
            "529 Overloaded",
            "",
            body("overloaded_error", "Overloaded"),
            ModelOverloaded,
            ["is overloaded: Overloaded.", "again in a while"],
        ),
        (
            "400 Bad Request",
            "",
            body("invalid_request_error", "prompt is too long: 1 > 0"),
            ModelRefused,
            ["status 400: prompt is too long: 1 > 0.", "start a new session"],
        ),
        (
            "413 Payload Too Large",
            "",
            "<html>".to_owned(),
            ModelRefused,
            ["too long for the server", "Start a new session"],
        ),
        (
            "502 Bad Gateway",
            "",
            "<html>".to_owned(),
            ModelUnavailable,
            ["failed with status 502.", "again in a while"],
        ),
        (
            "307 Temporary Redirect",
            "location: http://127.0.0.1:1/\r\n",
            String::new(),
            ModelUnavailable,
            ["failed with status 307.", "The server at 127.0.0.1"],
        ),
    ] {
        let events = answer(Reply::new(status, headers, body.into_bytes())).await;
        let [Err(error)] = events.as_slice() else { panic!("{status}: {events:?}") };
        assert_eq!(error.code, code, "{status}");
        for part in parts {
            assert!(error.message.contains(part), "{part:?} in {:?}", error.message);
        }
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let events = ask(&models(&format!("http://{closed}")), vec![user("hi")]).await;
    let [Err(error)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(error.code, ErrorCode::ModelUnavailable);
    for part in ["cannot be reached: Connection refused", "Check the network"] {
        assert!(error.message.contains(part), "{}", error.message);
    }
    // One that is there, but does not speak what it should.
    let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = plain.local_addr().unwrap();
    std::thread::spawn(move || plain.accept().unwrap().0.write_all(b"HTTP/1.1 400 No\r\n\r\n"));
    let events = ask(&models(&format!("https://{address}")), vec![user("hi")]).await;
    let [Err(error)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(error.code, ErrorCode::ModelUnavailable);
    assert!(error.message.contains("cannot be reached: "), "{}", error.message);
}

#[tokio::test]
async fn an_address_that_is_none_is_told() {
    for address in ["nowhere", "ftp://127.0.0.1"] {
        let events = ask(&models(address), vec![user("hi")]).await;
        let [Err(error)] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(error.code, ErrorCode::ModelUnavailable);
        assert!(error.message.contains("ANTHROPIC_BASE_URL is not"), "{}", error.message);
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_one_is_not_sent() {
    let anthropic = AnthropicSettings { key: Key::new("sk\nant"), base_url: None };
    let models = Models::new(ModelSettings { model: None, anthropic });
    let events = ask(&models, vec![user("hi")]).await;
    let [Err(error)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(error.code, ErrorCode::ModelUnauthorized);
    assert!(!error.message.contains("sk\nant"), "{}", error.message);
}

#[tokio::test]
async fn nothing_is_connected_before_the_first_prompt() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let models = models(&format!("http://{}", listener.local_addr().unwrap()));
    assert!(models.default_model().is_some());
    assert!(!models.choices().is_empty());
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn the_key_is_in_the_header_and_nowhere_else() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .finish();
    let _logged = tracing::subscriber::set_default(subscriber);

    let server = Server::start();
    let models = models(&server.url);
    server.reply(Reply::events(&recorded("tools.sse")));
    ask(&models, vec![user("hi")]).await;
    let echo = json!({ "error": { "message": format!("no such key {KEY}") } }).to_string();
    server.reply(Reply::new("401 Unauthorized", "", echo.into_bytes()));
    let refused = ask(&models, vec![user("hi")]).await;

    let sent = server.request();
    assert!(sent.head.contains(&format!("x-api-key: {KEY}\r\n")), "{}", sent.head);
    assert!(!sent.body.contains(KEY));
    tracing::info!("the log works");
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("the log works"));
    for shown in [log, format!("{models:?}"), format!("{refused:?}")] {
        assert!(!shown.contains(KEY), "{shown}");
    }
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What the engine makes of an answer.
fn remembered(events: Vec<Event>) -> Message {
    let mut parts = Vec::new();
    let mut thought = String::new();
    for event in events {
        match event.unwrap() {
            ModelEvent::Reasoning(text) => thought.push_str(&text),
            ModelEvent::ReasoningEnd { provider_data } => {
                let text = std::mem::take(&mut thought);
                parts.push(AssistantPart::Reasoning { text, provider_data });
            }
            ModelEvent::Text(more) => match parts.last_mut() {
                Some(AssistantPart::Text { text }) => text.push_str(&more),
                _ => parts.push(AssistantPart::Text { text: more }),
            },
            ModelEvent::ToolCall { call_id, name, arguments } => {
                let arguments = serde_json::from_str(&arguments).unwrap();
                parts.push(AssistantPart::ToolCall { call_id, name, arguments });
            }
            ModelEvent::Usage(_) | ModelEvent::End(_) => {}
        }
    }
    Message::Assistant { parts }
}

fn result(call_id: &str, name: &str, text: &str, is_error: bool) -> ToolResult {
    let [call_id, name, text] = [call_id, name, text].map(str::to_owned);
    ToolResult { call_id, name, text, images: Vec::new(), is_error }
}

/// Compares with the committed body; `UPDATE=1` writes it.
fn assert_body(file: &str, body: &str) {
    let body: Value = serde_json::from_str(body).unwrap();
    let body = format!("{}\n", serde_json::to_string_pretty(&body).unwrap());
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(wire(file), &body).unwrap();
    }
    let expected = std::fs::read_to_string(wire(file)).unwrap_or_default();
    assert_eq!(body, expected, "{file}: run the test with UPDATE=1 and read the difference");
}

#[tokio::test]
async fn the_conversation_goes_back_as_it_came() {
    let server = Server::start();
    let models = models(&format!("{}/", server.url));
    let mut messages = vec![user("Make it shorter.")];
    server.reply(Reply::events(&recorded("tools.sse")));
    let events = ask(&models, messages.clone()).await;
    let first = server.request();
    assert!(first.head.starts_with("POST /v1/messages HTTP/1.1\r\n"), "{}", first.head);
    assert!(first.head.contains("anthropic-version: 2023-06-01\r\n"), "{}", first.head);
    assert_body("request.json", &first.body);

    messages.push(remembered(events));
    messages.push(Message::Tool {
        results: vec![
            result("toolu_01T1x1fJ34qAmk2tNTrN7Up6", "read", "fn main() {}", false),
            result("toolu_018nWVkXyQ1tHJkNcrDw4Kpv", "todoRead", "There is no such tool.", true),
        ],
    });
    server.reply(Reply::events(&recorded("text.sse")));
    ask(&models, messages).await;
    assert_body("request-with-results.json", &server.request().body);
}

#[tokio::test]
async fn what_the_provider_would_refuse_is_not_sent() {
    let server = Server::start();
    let models = models(&format!("{}/v1", server.url));
    let reasoning = |text: &str, provider_data| AssistantPart::Reasoning {
        text: text.to_owned(),
        provider_data,
    };
    let signed = json!({ "type": "thinking", "thinking": "later", "signature": "c2ln" });
    let parts = vec![
        reasoning("unsigned", None),
        reasoning("of another provider", Some(json!({ "encrypted_content": "x" }))),
        AssistantPart::Text { text: "I think".to_owned() },
        AssistantPart::Text { text: "\n\n".to_owned() },
        reasoning("later", Some(signed)),
        AssistantPart::ToolCall {
            call_id: "toolu_1".to_owned(),
            name: "read".to_owned(),
            arguments: json!("{\"path\": "),
        },
    ];
    let results = vec![result("toolu_1", "read", "The arguments are no JSON.", true)];
    server.reply(Reply::events(&recorded("text.sse")));
    let messages = vec![user("hi"), Message::Assistant { parts }, Message::Tool { results }];
    ask(&models, messages).await;
    let request = server.request();
    assert!(request.head.starts_with("POST /v1/messages HTTP/1.1\r\n"), "{}", request.head);
    assert_body("request-mended.json", &request.body);
}

#[tokio::test]
async fn pictures_stand_in_the_result_they_belong_to() {
    let server = Server::start();
    let models = models(&server.url);
    let call = |call_id: &str| AssistantPart::ToolCall {
        call_id: call_id.to_owned(),
        name: "read".to_owned(),
        arguments: json!({ "path": "a.png" }),
    };
    let picture = |media_type: &str, bytes: &[u8]| Picture {
        media_type: media_type.to_owned(),
        bytes: bytes.into(),
    };
    let two = vec![picture("image/png", b"\x89PNG\r\n"), picture("image/jpeg", b"\xff\xd8\xff")];
    let one = vec![picture("image/webp", b"RIFF")];
    let results = vec![
        ToolResult { images: two, ..result("toolu_1", "read", "a.png and b.jpg", false) },
        // The provider refuses a text of nothing, and anything but text of an error.
        ToolResult { images: one.clone(), ..result("toolu_2", "read", "", false) },
        ToolResult { images: one, ..result("toolu_3", "read", "It broke.", true) },
        result("toolu_4", "read", "words alone", false),
    ];
    let parts = ["toolu_1", "toolu_2", "toolu_3", "toolu_4"].map(call).to_vec();
    server.reply(Reply::events(&recorded("text.sse")));
    let messages = vec![user("Look."), Message::Assistant { parts }, Message::Tool { results }];
    ask(&models, messages).await;
    assert_body("request-with-pictures.json", &server.request().body);
}
