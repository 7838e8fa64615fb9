//! What holds for every wire.

use std::io::Write;
use std::sync::{Arc, Mutex};

use bytes::Bytes;

use super::*;
use crate::answer::Answer;
use crate::catalogue::Card;
use crate::failure::{Failure, Failures};
use crate::frames::Frames;

/// A wire with the events of its recording `tools`.
pub(super) struct Recording {
    pub(super) tested: Tested,
    pub(super) tools: Vec<Event>,
}

pub(super) fn recordings() -> Vec<Recording> {
    let recording = |tested, tools| Recording { tested, tools };
    vec![
        recording(anthropic::WIRE, anthropic::tools_events()),
        recording(responses::WIRE, responses::tools_events()),
        recording(chat::WIRE, chat::tools_events()),
        recording(gemini::WIRE, gemini::tools_events()),
        recording(ollama::WIRE, ollama::tools_events()),
    ]
}

/// The recordings that are cut everywhere.
fn cut_everywhere(wire: Wire) -> &'static [&'static str] {
    match wire {
        Wire::Chat => &["text", "tools", "mistral", "alike"],
        _ => &["text", "tools"],
    }
}

/// How many bytes of an answer have to come for it to be whole.
fn needed(wire: Wire, bytes: &[u8]) -> usize {
    match wire {
        // Not every server tells what was used, or says `[DONE]`: why the model stopped counts.
        Wire::Chat => {
            let text = std::str::from_utf8(bytes).unwrap();
            let reason = ["stop", "tool_calls"].map(|why| format!("\"finish_reason\":\"{why}\""));
            let reason = reason.iter().find_map(|reason| text.find(reason)).unwrap();
            reason + text[reason..].find("\n\n").unwrap() + 2
        }
        // The end of the last line may be missing.
        Wire::Ollama => bytes.len() - 1,
        _ => bytes.len(),
    }
}

#[tokio::test]
async fn every_recording_gives_its_events() {
    for Recording { tested, tools } in recordings() {
        for (name, expected) in [("text", text_events()), ("tools", tools)] {
            let events = tested.answer(Reply::events(&tested.recorded(name))).await;
            assert_eq!(plain(events), expected, "{tested:?} {name}");
        }
    }
}

/// The recording `text` with what this makes of every count of tokens in it.
fn recounted(tested: Tested, told: fn(&Value) -> Option<Value>) -> Vec<u8> {
    fn recount(value: &mut Value, told: fn(&Value) -> Option<Value>) {
        let Value::Object(fields) = value else { return };
        for name in ["usage", "usageMetadata", "prompt_eval_count", "eval_count"] {
            if let Some(value) = fields.remove(name).as_ref().and_then(told) {
                fields.insert(name.to_owned(), value);
            }
        }
        for name in ["message", "response"] {
            fields.get_mut(name).into_iter().for_each(|inner| recount(inner, told));
        }
    }
    let text = String::from_utf8(tested.recorded("text")).unwrap();
    let line = |line: &str| {
        let at = line.find('{').filter(|_| !line.starts_with("event")).unwrap_or(line.len());
        let (before, data) = line.split_at(at);
        let Ok(mut data) = serde_json::from_str(data) else { return format!("{line}\n") };
        recount(&mut data, told);
        format!("{before}{data}\n")
    };
    text.lines().map(line).collect::<String>().into_bytes()
}

#[tokio::test]
async fn only_what_a_server_tells_was_used() {
    let is_usage = |event: &Event| matches!(event, Ok(ModelEvent::Usage(_)));
    for Recording { tested, .. } in recordings() {
        let mut expected = text_events();
        let bytes = recounted(tested, |told| match told {
            Value::Object(_) => Some(json!({})),
            Value::Number(_) => Some(json!(0)),
            other => Some(other.clone()),
        });
        let events = tested.answer(Reply::events(&bytes)).await;
        *expected.iter_mut().find(|event| is_usage(event)).unwrap() = usage(0, 0, 0);
        assert_eq!(plain(events), expected, "{tested:?} tells that it was nothing");

        let events = tested.answer(Reply::events(&recounted(tested, |_| None))).await;
        expected.retain(|event| !is_usage(event));
        assert_eq!(plain(events), expected, "{tested:?} tells nothing");
    }
}

/// What is read when these bytes come, one piece after the other. Without a connection: there are
/// thousands of places to cut at.
async fn read(tested: Tested, pieces: &[&[u8]]) -> Vec<Result<ModelEvent, Failure>> {
    let pieces: Vec<_> = pieces.iter().map(|it| Ok(Bytes::copy_from_slice(it))).collect();
    let frames = Frames::new(futures::stream::iter(pieces), tested.wire.is_lines());
    let failures = Failures::new(&tested.settings("http://[::1]:1"), "model");
    let reader = tested.wire.reader();
    let patience = Duration::from_secs(1);
    let mut answer = Answer::new(frames, reader, Card::default(), patience, failures);
    let mut events = Vec::new();
    while let Some(event) = answer.next().await {
        events.push(event);
    }
    events
}

#[tokio::test]
async fn a_stream_may_come_in_two_chunks_at_any_byte() {
    for Recording { tested, .. } in recordings() {
        for name in cut_everywhere(tested.wire) {
            let bytes = tested.recorded(name);
            let expected = read(tested, &[&bytes]).await;
            for at in 1..bytes.len() {
                let events = read(tested, &[&bytes[..at], &bytes[at..]]).await;
                assert_eq!(events, expected, "{tested:?} {name} at {at}");
            }
        }
    }
}

#[tokio::test]
async fn a_stream_may_come_in_chunks_of_any_size_and_with_any_line_breaks() {
    for Recording { tested, tools } in recordings() {
        let server = Server::start();
        let models = tested.models(&server.url);
        let bytes = tested.recorded("tools");
        let windows = String::from_utf8(bytes.clone()).unwrap().replace('\n', "\r\n");
        for size in (1..20).chain((20..400).step_by(37)) {
            for bytes in [&bytes, windows.as_bytes()] {
                server.reply(Reply::chunks(bytes.chunks(size), true));
                let events = tested.ask(&models, vec![user("hi")]).await;
                assert_eq!(plain(events), tools, "{tested:?} in chunks of {size} bytes");
            }
        }
    }
}

#[tokio::test]
async fn a_stream_that_is_cut_off_is_never_taken_for_a_whole_one() {
    for Recording { tested, .. } in recordings() {
        for name in cut_everywhere(tested.wire) {
            let bytes = tested.recorded(name);
            let expected = read(tested, &[&bytes]).await;
            let needed = needed(tested.wire, &bytes);
            for at in 0..needed {
                let mut events = read(tested, &[&bytes[..at]]).await;
                let last = events.pop().unwrap().unwrap_err();
                assert_eq!(last.code, ErrorCode::ModelBrokeOff, "{tested:?} {name} cut at {at}");
                assert!(expected.starts_with(&events), "{tested:?} {name} at {at}: {events:?}");
                let whole = |event: &Result<ModelEvent, Failure>| match event {
                    Ok(ModelEvent::Usage(usage)) => usage.output_tokens > 0,
                    other => matches!(other, Ok(ModelEvent::ToolCall { .. })),
                };
                assert!(!events.iter().any(whole), "{tested:?} {name} cut at {at}: {events:?}");
            }
            let events = read(tested, &[&bytes[..needed]]).await;
            assert_eq!(events.last(), expected.last(), "{tested:?} {name}");
        }
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_never_taken_for_a_whole_answer() {
    for Recording { tested, tools } in recordings() {
        let server = Server::start();
        let models = tested.models(&server.url);
        let bytes = tested.recorded("tools");
        let needed = needed(tested.wire, &bytes);
        for at in (0..needed).step_by(61) {
            // Closed as one that has no length, and in the middle of chunks.
            for reply in [Reply::events(&bytes[..at]), Reply::chunks([&bytes[..at]], false)] {
                server.reply(reply);
                let mut events = tested.ask(&models, vec![user("hi")]).await;
                let last = events.pop().unwrap().unwrap_err();
                assert_eq!(last.code, ErrorCode::ModelBrokeOff, "{tested:?} cut at {at}");
                assert!(tools.starts_with(&plain(events)), "{tested:?} cut at {at}");
            }
        }
    }
}

#[tokio::test]
async fn dropping_the_stream_closes_the_connection() {
    let server = Server::start();
    let (reply, closed) = Reply::events(&first_word()).hanging();
    server.reply(reply);
    let wire = anthropic::WIRE;
    let request = wire.request(vec![user("hi")]);
    let mut stream = wire.models(&server.url).stream(request).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(ModelEvent::Usage(_)))));
    assert_eq!(stream.next().await, Some(text("It is ")));
    drop(stream);
    let gone = tokio::task::spawn_blocking(move || closed.recv()).await.unwrap();
    assert_eq!(gone, Ok(()));
}

/// The beginning of Anthropic's recording `text`, with the first of its text.
fn first_word() -> Vec<u8> {
    let text = String::from_utf8(anthropic::WIRE.recorded("text")).unwrap();
    let word = text.find("It is ").unwrap();
    let end = word + text[word..].find("\n\n").unwrap() + 2;
    text[..end].into()
}

#[tokio::test]
async fn a_server_that_is_not_there_is_told() {
    let wire = anthropic::WIRE;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let events = wire.ask(&wire.models(&format!("http://{closed}")), vec![user("hi")]).await;
    let [Err(error)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(error.code, ErrorCode::ModelUnavailable);
    for part in ["cannot be reached: Connection refused", "Check the network"] {
        assert!(error.message.contains(part), "{}", error.message);
    }
    // One that is there, but does not speak what it should.
    let plain = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = plain.local_addr().unwrap();
    std::thread::spawn(move || plain.accept().unwrap().0.write_all(b"HTTP/1.1 400 No\r\n\r\n"));
    let events = wire.ask(&wire.models(&format!("https://{address}")), vec![user("hi")]).await;
    let [Err(error)] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(error.code, ErrorCode::ModelUnavailable);
    assert!(error.message.contains("cannot be reached: "), "{}", error.message);
}

#[tokio::test]
async fn an_address_that_is_none_is_told() {
    for address in ["nowhere", "ftp://127.0.0.1"] {
        let wire = anthropic::WIRE;
        let events = wire.ask(&wire.models(address), vec![user("hi")]).await;
        let [Err(error)] = events.as_slice() else { panic!("{events:?}") };
        assert_eq!(error.code, ErrorCode::ModelUnavailable);
        assert!(error.message.contains("TEST_URL is not"), "{}", error.message);
    }
}

#[tokio::test]
async fn a_key_that_cannot_be_one_is_not_sent() {
    let wire = anthropic::WIRE;
    let settings = ProviderSettings { key: Key::new("sk\nant"), ..wire.settings("http://[::1]:1") };
    let models =
        Models::new(ModelSettings { providers: vec![settings], ..ModelSettings::default() });
    let events = wire.ask(&models, vec![user("hi")]).await;
    let [Err(error)] = events.as_slice() else { panic!("{events:?}") };
    assert!(error.message.contains("holds characters that no key has"), "{}", error.message);
    assert!(!error.message.contains("sk\nant"), "{}", error.message);
}

#[tokio::test]
async fn nothing_is_connected_before_the_first_prompt() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let models = anthropic::WIRE.models(&format!("http://{}", listener.local_addr().unwrap()));
    assert!(models.default_model().is_some());
    assert!(!models.choices().is_empty());
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[tokio::test]
async fn what_may_be_secret_is_in_no_debug_output() {
    let server = Server::start();
    let wire = anthropic::WIRE;
    let with_user = server.url.replace("://", &format!("://me:{KEY}@"));
    let settings = ProviderSettings {
        headers: [("x-more".to_owned(), Key::new(KEY).unwrap())].into(),
        extra_body: json!({ "token": KEY }).as_object().unwrap().clone(),
        proxy: Some(with_user.clone()),
        ..wire.settings(&with_user)
    };
    let failures = Failures::new(&settings, "model");
    let connection = crate::connection::Connection::make(&settings).await.unwrap();
    let settings = ModelSettings { providers: vec![settings], ..ModelSettings::default() };
    let models = Models::new(settings.clone());
    server.reply(Reply::events(&wire.recorded("text")));
    wire.ask(&models, vec![user("hi")]).await;
    assert!(server.request().body.contains(KEY), "the key is in use");
    for shown in [
        format!("{settings:#?}"),
        format!("{models:#?}"),
        format!("{connection:#?}"),
        format!("{failures:#?}"),
    ] {
        assert!(!shown.contains(KEY), "{shown}");
    }
}

#[tokio::test]
async fn the_key_is_in_its_header_and_nowhere_else() {
    for (Recording { tested, .. }, header) in recordings().into_iter().zip([
        "x-api-key: ",
        "authorization: Bearer ",
        "authorization: Bearer ",
        "x-goog-api-key: ",
        "authorization: Bearer ",
    ]) {
        let log = Log::default();
        let writer = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_writer(move || writer.clone())
            .finish();
        let _logged = tracing::subscriber::set_default(subscriber);

        let server = Server::start();
        let models = tested.models(&server.url);
        server.reply(Reply::events(&tested.recorded("tools")));
        tested.ask(&models, vec![user("hi")]).await;
        let echo = json!({ "error": { "message": format!("no such key {KEY}") } }).to_string();
        server.reply(Reply::new("401 Unauthorized", "", echo.into_bytes()));
        let refused = tested.ask(&models, vec![user("hi")]).await;

        let sent = server.request();
        assert!(sent.head.contains(&format!("{header}{KEY}\r\n")), "{}", sent.head);
        assert_eq!(sent.head.matches(KEY).count(), 1, "{}", sent.head);
        assert!(!sent.body.contains(KEY));
        tracing::info!("the log works");
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("the log works"));
        for shown in [log, format!("{models:?}"), format!("{refused:?}")] {
            assert!(!shown.contains(KEY), "{tested:?}: {shown}");
        }
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
