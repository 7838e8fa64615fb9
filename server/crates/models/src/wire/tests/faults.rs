//! What goes wrong at a server and passes, or does not: another attempt, another model, or an
//! error.

use super::all::{Recording, recordings};
use super::*;
use crate::catalogue::Card;

const WIRE: Tested = anthropic::WIRE;

/// A refusal without a word.
fn status(status: &str, headers: &str) -> Reply {
    Reply::new(status, headers, Vec::new())
}

fn whole() -> Reply {
    Reply::events(&WIRE.recorded("text"))
}

/// Anthropic's recording `text` up to the first of these words, without the end of their event.
fn cut_before(words: &str) -> Vec<u8> {
    let text = String::from_utf8(WIRE.recorded("text")).unwrap();
    let at = text.find(words).unwrap();
    text[..at].into()
}

/// Asks with so many retries, and these replies ready.
async fn asked(retries: u32, replies: impl IntoIterator<Item = Reply>) -> Vec<Event> {
    let server = Server::start();
    for reply in replies {
        server.reply(reply);
    }
    plain(WIRE.ask(&WIRE.patient_models(&server.url, retries), vec![user("hi")]).await)
}

fn waiting(event: &Event) -> &str {
    let Ok(ModelEvent::Waiting { why }) = event else { panic!("{event:?}") };
    why
}

fn restarted(event: &Event) -> &str {
    let Ok(ModelEvent::Restarted { why }) = event else { panic!("{event:?}") };
    why
}

fn error(events: &[Event]) -> &ModelError {
    let Some(Err(error)) = events.last() else { panic!("{events:?}") };
    error
}

#[tokio::test]
async fn what_passes_is_tried_again_and_told() {
    for (line, headers, part) in [
        ("429 Too Many Requests", "", "lets this key do no more for now"),
        ("429 Too Many Requests", "retry-after: 0\r\n", "lets this key do no more for now"),
        ("503 Service Unavailable", "", "is overloaded"),
        ("529 Overloaded", "", "is overloaded"),
        ("408 Request Timeout", "", "failed with status 408"),
        ("500 Internal Server Error", "", "failed with status 500"),
        ("502 Bad Gateway", "", "failed with status 502"),
        ("504 Gateway Timeout", "", "failed with status 504"),
    ] {
        let events = asked(1, [status(line, headers), whole()]).await;
        let why = waiting(&events[0]);
        assert!(why.contains(part), "{why}");
        assert!(why.ends_with(". It is tried again at once (1 of 1)."), "{why}");
        assert_eq!(events[1..], text_events(), "{line}");
    }
}

#[tokio::test]
async fn the_wait_is_what_the_provider_asks_for() {
    let google = json!({ "error": {
        "code": 429,
        "message": "You exceeded your current quota.",
        "status": "RESOURCE_EXHAUSTED",
        "details": [
            { "@type": "type.googleapis.com/google.rpc.QuotaFailure" },
            { "@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "34.07s" },
        ],
    } });
    for (headers, body, expected) in [
        ("retry-after: 7\r\n", Value::Null, "in 7 seconds (1 of 2)."),
        ("retry-after: 1\r\n", Value::Null, "in 1 second (1 of 2)."),
        ("retry-after-ms: 1500\r\nretry-after: 60\r\n", Value::Null, "in 2 seconds (1 of 2)."),
        ("retry-after: 60\r\n", Value::Null, "in 60 seconds (1 of 2)."),
        // What cannot be understood is not said.
        ("retry-after: Fri, 31 Dec 1999 23:59:59 GMT\r\n", Value::Null, "at once (1 of 2)."),
        ("retry-after: -5\r\n", Value::Null, "at once (1 of 2)."),
        ("retry-after: 1e300\r\n", Value::Null, "at once (1 of 2)."),
        ("", google, "in 35 seconds (1 of 2)."),
    ] {
        let server = Server::start();
        let body = body.to_string().into_bytes();
        server.reply(Reply::new("429 Too Many Requests", headers, body));
        let models = WIRE.patient_models(&server.url, 2);
        let mut stream = models.stream(WIRE.request(vec![user("hi")])).await.unwrap();
        let event = stream.next().await.unwrap();
        let why = waiting(&event);
        assert!(why.ends_with(expected), "{headers:?}: {why}");
    }
}

#[tokio::test]
async fn a_wait_of_more_than_a_minute_is_left_to_the_user() {
    let events = asked(3, [status("429 Too Many Requests", "retry-after: 61\r\n"), whole()]).await;
    assert_eq!(events.len(), 1);
    assert_eq!(error(&events).code, ErrorCode::ModelOverloaded);
    let message = &error(&events).message;
    assert!(message.ends_with("Send the prompt again in 61 seconds."), "{message}");
}

#[tokio::test]
async fn the_attempts_come_to_an_end() {
    let replies = [0, 1, 2, 3].map(|_| status("500 Internal Server Error", ""));
    let events = asked(2, replies).await;
    assert!(waiting(&events[0]).ends_with("(1 of 2)."));
    assert!(waiting(&events[1]).ends_with("(2 of 2)."));
    assert_eq!(events.len(), 3);
    assert_eq!(error(&events).code, ErrorCode::ModelUnavailable);
}

#[tokio::test]
async fn what_does_not_pass_is_not_tried_again() {
    for line in ["400 Bad Request", "401 Unauthorized", "402 Payment Required", "404 Not Found"] {
        let events = asked(3, [status(line, ""), whole()]).await;
        assert_eq!(events.len(), 1, "{line}: {events:?}");
        error(&events);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_before_the_first_word_costs_a_wait() {
    let cut = cut_before("It is ");
    for broken in [Reply::events(&cut), Reply::chunks([cut.as_slice()], false)] {
        let events = asked(1, [broken, whole()]).await;
        let why = waiting(&events[0]);
        assert!(why.contains("broke off: "), "{why}");
        assert_eq!(events[1..], text_events());
    }
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_first_word_begins_the_answer_anew() {
    let cut = cut_before("größer");
    for broken in [Reply::events(&cut), Reply::chunks([cut.as_slice()], false)] {
        let events = asked(1, [broken, whole()]).await;
        assert_eq!(events[0], text("It is "));
        let why = restarted(&events[1]);
        assert!(why.contains("broke off: "), "{why}");
        assert_eq!(events[2..], text_events());
    }
}

#[tokio::test]
async fn an_overload_in_the_stream_passes_too() {
    let events = asked(1, [Reply::events(&WIRE.recorded("overloaded")), whole()]).await;
    assert!(waiting(&events[0]).contains("is overloaded: Overloaded"));
    assert_eq!(events[1..], text_events());
}

#[tokio::test]
async fn half_a_call_never_comes_and_the_whole_one_once() {
    for Recording { tested, tools } in recordings() {
        let bytes = tested.recorded("tools");
        let middle = b"todoRead";
        let at = bytes.windows(middle.len()).position(|it| it == middle).unwrap();
        let server = Server::start();
        server.reply(Reply::events(&bytes[..at]));
        server.reply(Reply::events(&bytes));
        let models = tested.patient_models(&server.url, 1);
        let events = plain(tested.ask(&models, vec![user("hi")]).await);
        let again = events.iter().position(|it| matches!(it, Ok(ModelEvent::Restarted { .. })));
        let (before, after) = events.split_at(again.unwrap());
        let is_call = |event: &Event| matches!(event, Ok(ModelEvent::ToolCall { .. }));
        assert!(!before.iter().any(is_call), "{tested:?}: {before:?}");
        assert_eq!(after[1..], tools, "{tested:?}");

        // The same after a status: every wire finds its way to the attempts.
        server.reply(status("500 Internal Server Error", ""));
        server.reply(Reply::events(&tested.recorded("text")));
        let events = plain(tested.ask(&models, vec![user("hi")]).await);
        waiting(&events[0]);
        assert_eq!(events[1..], text_events(), "{tested:?}");
    }
}

#[tokio::test]
async fn a_stall_begins_the_answer_anew() {
    let server = Server::start();
    let word = cut_before("größer");
    let (reply, _closed) = Reply::events(&word).hanging();
    server.reply(reply);
    // One that is far away: it is reached by a proxy.
    let far = WIRE.settings("http://far.example");
    let models = Models::new(ModelSettings {
        providers: vec![ProviderSettings { proxy: Some(server.url.clone()), ..far }],
        retries: 1,
        first_wait: Duration::ZERO,
        ..ModelSettings::default()
    });
    let mut stream = models.stream(WIRE.request(vec![user("hi")])).await.unwrap();
    assert!(matches!(stream.next().await, Some(Ok(ModelEvent::Usage(_)))));
    assert_eq!(stream.next().await, Some(text("It is ")));
    // From here on the clock runs ahead whenever nothing else is left to do.
    tokio::time::pause();
    let event = stream.next().await.unwrap();
    assert!(restarted(&event).contains("nothing came for 180 seconds"));
    tokio::time::resume();
    server.reply(whole());
    let events: Vec<_> = stream.collect().await;
    assert_eq!(plain(events), text_events());
}

#[tokio::test]
async fn garbage_is_an_answer_that_broke_off() {
    for garbage in [
        b"data: <html>\n\n".as_slice(),
        b"data: {\"type\":\"content_block_delta\"}\n\n",
        b"data: \xff\xfe\n\n",
        b"data: 7\n\n",
        b"<html>Welcome to the hotel.</html>",
        b"",
    ] {
        let shown = String::from_utf8_lossy(garbage);
        let events = asked(1, [Reply::events(garbage), whole()]).await;
        assert!(waiting(&events[0]).contains("broke off: "), "{shown}: {events:?}");
        assert_eq!(events[1..], text_events(), "{shown}");
        let events = asked(0, [Reply::events(garbage)]).await;
        assert_eq!(error(&events).code, ErrorCode::ModelBrokeOff, "{shown}");
    }
}

#[tokio::test]
async fn garbage_is_no_answer_on_any_wire() {
    for Recording { tested, .. } in recordings() {
        for garbage in ["<html>", "{\"a\":", "[]", "null", "\"text\"", "7"] {
            let frame = match tested.wire {
                Wire::Ollama => format!("{garbage}\n"),
                _ => format!("data: {garbage}\n\n"),
            };
            let events = tested.answer(Reply::events(frame.as_bytes())).await;
            assert_eq!(events.len(), 1, "{tested:?} {garbage}: {events:?}");
            assert_eq!(error(&events).code, ErrorCode::ModelBrokeOff, "{tested:?} {garbage}");
        }
    }
}

#[tokio::test]
async fn numbers_nobody_can_count_are_no_crash() {
    let many = u64::MAX;
    let start = json!({ "type": "message_start", "message": { "usage": {
        "input_tokens": many, "cache_read_input_tokens": many,
        "cache_creation_input_tokens": many, "output_tokens": many,
    } } });
    let more = json!({ "type": "message_delta", "delta": {}, "usage": { "output_tokens": 1 } });
    let stop = json!({ "type": "message_stop" });
    let stream = format!("data: {start}\n\ndata: {more}\n\ndata: {stop}\n\n");
    let events = WIRE.answer(Reply::events(stream.as_bytes())).await;
    assert_eq!(events.last(), Some(&end(StopCause::EndOfAnswer)));

    let stream = format!(
        "data: {}\n\n",
        json!({
            "candidates": [{ "content": { "parts": [{ "text": "I" }] }, "finishReason": "STOP" }],
            "usageMetadata": { "candidatesTokenCount": many, "thoughtsTokenCount": many },
        })
    );
    let events = gemini::WIRE.answer(Reply::events(stream.as_bytes())).await;
    assert_eq!(events.last(), Some(&end(StopCause::EndOfAnswer)));
}

/// A whole answer of Chat Completions that says this, a piece in each event.
fn saying(pieces: &[&str]) -> Vec<u8> {
    let frame = |delta: Value, reason: Value| {
        let choice = json!({ "index": 0, "delta": delta, "finish_reason": reason });
        format!("data: {}\n\n", json!({ "choices": [choice] }))
    };
    let said = pieces.iter().map(|piece| frame(json!({ "content": piece }), Value::Null));
    said.chain([frame(json!({}), json!("stop"))]).collect::<String>().into_bytes()
}

#[tokio::test]
async fn an_answer_of_ten_megabytes_comes_whole() {
    let piece = "größer 🦀 ".repeat(64);
    let all = piece.repeat(10_000_000 / piece.len() + 1);
    let pieces = vec![piece.as_str(); all.len() / piece.len()];
    for body in [saying(&[&all]), saying(&pieces)] {
        assert!(body.len() > 10_000_000);
        let events = chat::WIRE.answer(Reply::events(&body)).await;
        assert_eq!(events.last(), Some(&end(StopCause::EndOfAnswer)));
        let texts = events.iter().filter_map(|event| match event {
            Ok(ModelEvent::Text(text)) => Some(text.as_str()),
            _ => None,
        });
        assert!(texts.collect::<String>() == all);
    }
}

/// An answer of Chat Completions with these calls: ids, names and arguments.
fn calling(calls: &[(&str, &str, &str)]) -> Vec<u8> {
    let call = |(index, (id, name, arguments)): (usize, &(&str, &str, &str))| {
        let function = json!({ "name": name, "arguments": arguments });
        json!({ "index": index, "id": id, "type": "function", "function": function })
    };
    let calls: Value = calls.iter().enumerate().map(call).collect();
    let delta = json!({ "tool_calls": calls });
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": "tool_calls" });
    format!("data: {}\n\ndata: [DONE]\n\n", json!({ "choices": [choice] })).into_bytes()
}

#[tokio::test]
async fn two_calls_of_the_same_id_are_two() {
    let body = calling(&[("a", "read", "{}"), ("a", "read", "{}"), ("", "read", "{}")]);
    let events = chat::WIRE.answer(Reply::events(&body)).await;
    let id = |event: &Event| match event {
        Ok(ModelEvent::ToolCall { call_id, .. }) => Some(call_id.clone()),
        _ => None,
    };
    let mut ids: Vec<_> = events.iter().filter_map(id).collect();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 3, "{events:?}");
}

#[tokio::test]
async fn arguments_that_are_no_json_come_as_they_were_written() {
    let body = calling(&[("a", "read", "{\"path\": "), ("b", "read", " "), ("c", "read", "[1]")]);
    let expected = [
        call("a", "read", "{\"path\": "),
        call("b", "read", "{}"),
        call("c", "read", "[1]"),
        end(StopCause::ToolCalls),
    ];
    assert_eq!(plain(chat::WIRE.answer(Reply::events(&body)).await), expected);
}

/// Two providers; the model of the second takes over from that of the first.
struct Chain {
    first: Server,
    second: Server,
    models: Models,
}

impl Chain {
    fn new(retries: u32) -> Self {
        Self::with(retries, Card { output: Some(8000), ..Card::default() })
    }

    /// The second model is like this.
    fn with(retries: u32, card: Card) -> Self {
        let (first, second) = (Server::start(), Server::start());
        let of_second = ProviderSettings {
            models: [("gpt".to_owned(), card)].into(),
            ..responses::WIRE.settings(&second.url)
        };
        let models = Models::new(ModelSettings {
            providers: vec![WIRE.settings(&first.url), of_second],
            fallbacks: vec![WIRE.model.to_owned(), responses::WIRE.model.to_owned()],
            retries,
            first_wait: Duration::ZERO,
            ..ModelSettings::default()
        });
        Self { first, second, models }
    }

    async fn ask(&self) -> Vec<Event> {
        plain(WIRE.ask(&self.models, vec![user("hi")]).await)
    }
}

#[tokio::test]
async fn another_model_goes_on_when_the_attempts_are_used_up() {
    let chain = Chain::new(1);
    chain.first.reply(status("529 Overloaded", ""));
    chain.first.reply(Reply::events(&cut_before("größer")));
    chain.second.reply(Reply::events(&responses::WIRE.recorded("tools")));
    let events = chain.ask().await;
    assert!(waiting(&events[0]).ends_with("tried again at once (1 of 1)."));
    assert_eq!(events[1], text("It is "));
    let why = restarted(&events[2]);
    assert!(why.contains("broke off"), "{why}");
    assert!(why.ends_with("`openai/gpt-5.1` goes on."), "{why}");
    // What goes back to the second is marked as its own.
    assert_eq!(events[3..], responses::tools_events());
    let body: Value = serde_json::from_str(&chain.second.request().body).unwrap();
    assert_eq!(body["model"], "gpt-5.1");
    assert_eq!(body["max_output_tokens"], 8000, "no more than the second can say");
}

#[tokio::test]
async fn another_model_goes_on_at_once_where_waiting_is_of_no_use() {
    for line in ["401 Unauthorized", "402 Payment Required", "404 Not Found"] {
        let chain = Chain::new(3);
        chain.first.reply(status(line, ""));
        chain.second.reply(Reply::events(&responses::WIRE.recorded("text")));
        let events = chain.ask().await;
        assert!(waiting(&events[0]).ends_with("`openai/gpt-5.1` goes on."), "{line}: {events:?}");
        assert_eq!(events[1..], text_events(), "{line}");
    }
}

#[tokio::test]
async fn a_model_that_failed_is_left_alone_for_a_minute() {
    let chain = Chain::new(0);
    let answer = || Reply::events(&responses::WIRE.recorded("text"));
    chain.first.reply(status("401 Unauthorized", ""));
    chain.second.reply(answer());
    assert_eq!(waiting_in(&chain.ask().await), 1);
    chain.first.request();
    chain.second.reply(answer());
    assert_eq!(chain.ask().await, text_events(), "it is neither asked nor told of");

    // If the other one fails, too, it is worth another look.
    chain.second.reply(status("529 Overloaded", ""));
    chain.first.reply(whole());
    let events = chain.ask().await;
    assert!(waiting(&events[0]).ends_with("`anthropic/claude-sonnet-5` goes on."), "{events:?}");
    assert_eq!(events[1..], text_events());
    // Now that both have failed, they are asked as always.
    chain.first.reply(whole());
    assert_eq!(chain.ask().await, text_events());

    let chain = Chain::new(0);
    chain.first.reply(status("401 Unauthorized", ""));
    chain.second.reply(answer());
    chain.ask().await;
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(60)).await;
    tokio::time::resume();
    chain.first.reply(whole());
    assert_eq!(chain.ask().await, text_events());
}

/// How often the user was told that something is tried.
fn waiting_in(events: &[Event]) -> usize {
    events.iter().filter(|event| matches!(event, Ok(ModelEvent::Waiting { .. }))).count()
}

#[tokio::test]
async fn no_other_model_is_asked_what_was_refused_or_can_be_made_shorter() {
    for (line, code) in
        [("400 Bad Request", ErrorCode::ModelRefused), ("413 Too Large", ErrorCode::ContextTooLong)]
    {
        let chain = Chain::new(3);
        chain.first.reply(status(line, ""));
        chain.second.reply(Reply::events(&responses::WIRE.recorded("text")));
        let events = chain.ask().await;
        assert_eq!(events.len(), 1, "{events:?}");
        assert_eq!(error(&events).code, code);
    }
}

#[tokio::test]
async fn the_error_is_that_of_the_last_model() {
    let chain = Chain::new(0);
    chain.first.reply(status("529 Overloaded", ""));
    chain.second.reply(status("401 Unauthorized", ""));
    let events = chain.ask().await;
    assert_eq!(events.len(), 2, "{events:?}");
    waiting(&events[0]);
    assert_eq!(error(&events).code, ErrorCode::ModelUnauthorized);
    assert!(error(&events).message.contains("OPENAI_API_KEY"));
}

#[tokio::test]
async fn a_model_whose_window_is_too_small_does_not_go_on() {
    let chain = Chain::with(0, Card { context: Some(16_100), ..Card::default() });
    chain.first.reply(status("529 Overloaded", ""));
    chain.second.reply(Reply::events(&responses::WIRE.recorded("text")));
    let much = "word ".repeat(1000);
    let events = plain(WIRE.ask(&chain.models, vec![user(&much)]).await);
    assert_eq!(events.len(), 1, "{events:?}");
    assert_eq!(error(&events).code, ErrorCode::ModelOverloaded);
}

#[tokio::test]
async fn a_model_that_reads_no_pictures_goes_on_without_them() {
    let chain = Chain::with(0, Card { images: Some(false), ..Card::default() });
    chain.first.reply(status("529 Overloaded", ""));
    chain.second.reply(Reply::events(&responses::WIRE.recorded("text")));
    let images = vec![picture("image/png", b"\x89PNG\r\n")];
    let prompt = Message::User { text: "Look.".to_owned(), images };
    let events = plain(WIRE.ask(&chain.models, vec![prompt]).await);
    assert_eq!(events[1..], text_events());
    assert!(chain.first.request().body.contains("image/png"));
    let body = chain.second.request().body;
    assert!(!body.contains("image"), "{body}");
    assert!(body.contains("which you cannot see"), "{body}");
}
