//! How long a server is waited for, and when it is not asked again. The servers here live in the
//! time of the test, which runs ahead whenever nothing else is left to do.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use futures::stream::{self, BoxStream};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};

use super::*;

/// What is sent, and how long after what was sent before.
type Pieces = BoxStream<'static, (Duration, Vec<u8>)>;

/// A server that answers every request alike, piece by piece.
struct Slow {
    url: String,
    /// How many requests came.
    asked: Arc<AtomicUsize>,
    /// How many pieces were taken.
    taken: Arc<AtomicUsize>,
}

impl Slow {
    async fn start(pieces: impl Fn() -> Pieces + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let [asked, taken] = [(), ()].map(|()| Arc::new(AtomicUsize::new(0)));
        let slow = Self { url, asked: Arc::clone(&asked), taken: Arc::clone(&taken) };
        tokio::spawn(async move {
            loop {
                let mut stream = BufReader::new(listener.accept().await.unwrap().0);
                read(&mut stream).await;
                asked.fetch_add(1, SeqCst);
                let mut pieces = pieces();
                while let Some((wait, bytes)) = pieces.next().await {
                    sleep(wait).await;
                    if stream.write_all(&bytes).await.is_err() {
                        break;
                    }
                    taken.fetch_add(1, SeqCst);
                }
            }
        });
        // From here on the clock runs ahead.
        tokio::time::pause();
        slow
    }

    fn asked(&self) -> usize {
        self.asked.load(SeqCst)
    }
}

async fn read(stream: &mut BufReader<TcpStream>) {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        stream.read_line(&mut head).await.unwrap();
    }
    let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
    stream.read_exact(&mut vec![0; length.unwrap().parse().unwrap()]).await.unwrap();
}

fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(60 * minutes)
}

const AT_ONCE: Duration = Duration::ZERO;
const HEAD: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n";

/// A head at once, then these.
fn headed(pieces: impl futures::Stream<Item = (Duration, Vec<u8>)> + Send + 'static) -> Pieces {
    stream::once(async { (AT_ONCE, HEAD.to_vec()) }).chain(pieces).boxed()
}

/// The models of a wire at a server that is far away: it is reached by a proxy.
fn far(wire: Tested, server: &Slow) -> Models {
    let settings = wire.settings("http://far.example");
    let settings = ProviderSettings { proxy: Some(server.url.clone()), ..settings };
    let (providers, first_wait) = (vec![settings], Duration::ZERO);
    Models::new(ModelSettings { providers, retries: 3, first_wait, ..ModelSettings::default() })
}

fn error(events: &[Event]) -> &ModelError {
    let Some(Err(error)) = events.last() else { panic!("{events:?}") };
    error
}

#[tokio::test]
async fn a_server_of_ones_own_may_be_silent_for_long() {
    let wire = chat::WIRE;
    let recorded = wire.recorded("text");
    let slow = Slow::start(move || {
        let pieces = [(minutes(29), HEAD.to_vec()), (minutes(29), recorded.clone())];
        stream::iter(pieces).boxed()
    });
    let slow = slow.await;
    let events = wire.ask(&wire.patient_models(&slow.url, 3), vec![user("hi")]).await;
    assert_eq!(plain(events), text_events());
    assert_eq!(slow.asked(), 1);
}

#[tokio::test]
async fn a_server_of_ones_own_is_not_given_the_same_work_again() {
    let wire = chat::WIRE;
    let early = || stream::once(async { (minutes(31), HEAD.to_vec()) }).boxed();
    let late = || headed(stream::once(async { (minutes(31), b"data: [DONE]\n\n".to_vec()) }));
    for pieces in [early as fn() -> Pieces, late] {
        let slow = Slow::start(pieces).await;
        let events = wire.ask(&wire.patient_models(&slow.url, 3), vec![user("hi")]).await;
        assert_eq!(events.len(), 1, "{events:?}");
        let message = &error(&events).message;
        for part in ["For 30 minutes no word of an answer came", "look whether it is still at work"]
        {
            assert!(message.contains(part), "{message}");
        }
        assert_eq!(slow.asked(), 1);
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_server_that_is_far_away_may_not_and_is_asked_again() {
    let wire = anthropic::WIRE;
    let early = || stream::once(async { (minutes(4), HEAD.to_vec()) }).boxed();
    let late = || headed(stream::once(async { (minutes(4), b"\n".to_vec()) }));
    for (pieces, part) in [
        (early as fn() -> Pieces, "cannot be reached: nothing came for 180 seconds"),
        (late, "broke off: nothing came for 180 seconds"),
    ] {
        let slow = Slow::start(pieces).await;
        let events = wire.ask(&far(wire, &slow), vec![user("hi")]).await;
        assert_eq!(events.len(), 4, "{events:?}");
        assert!(error(&events).message.contains(part), "{events:?}");
        tokio::time::resume();
    }
}

/// What a server sends so that nobody takes it for dead.
fn signs_of_life(wire: Wire) -> &'static [u8] {
    match wire {
        Wire::Anthropic => b": here\n\nevent: ping\ndata: {\"type\":\"ping\"}\n\n",
        Wire::Responses => b"\n\ndata: {\"type\":\"response.in_progress\",\"response\":{}}\n\n",
        Wire::Chat => {
            b": OPENROUTER PROCESSING\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"\"}}]}\n\n"
        }
        Wire::Gemini => b"data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"\"}]}}]}\n\n",
        Wire::Ollama => b"\n{\"message\":{\"content\":\"\"},\"done\":false}\n",
    }
}

#[tokio::test]
async fn signs_of_life_without_a_word_come_to_an_end() {
    for all::Recording { tested, .. } in all::recordings() {
        let sign = signs_of_life(tested.wire).to_vec();
        let signs = move || stream::repeat((Duration::from_secs(15), sign.clone()));
        let slow = Slow::start(move || headed(signs())).await;
        let began = Instant::now();
        let events = tested.ask(&far(tested, &slow), vec![user("hi")]).await;
        assert_eq!(events.len(), 1, "{tested:?}: {events:?}");
        let message = &error(&events).message;
        assert!(message.contains("For 30 minutes no word of an answer came"), "{message}");
        assert_eq!(slow.asked(), 1, "{tested:?}");
        let passed = began.elapsed();
        assert!((minutes(30)..minutes(31)).contains(&passed), "{tested:?}: {passed:?}");
        tokio::time::resume();
    }
}

/// An answer whose only call takes so many events to write, of which nothing is told.
fn long_call(wire: Wire, pieces: usize) -> Vec<Value> {
    let piece = |_| match wire {
        Wire::Anthropic => json!({
            "type": "content_block_delta", "index": 0,
            "delta": { "type": "input_json_delta", "partial_json": " " },
        }),
        Wire::Responses => json!({
            "type": "response.function_call_arguments.delta", "output_index": 0, "delta": " ",
        }),
        _ => {
            let function = json!({ "name": "read", "arguments": " " });
            let call = json!({ "index": 0, "id": "call_1", "function": function });
            json!({ "choices": [{ "delta": { "tool_calls": [call] } }] })
        }
    };
    let (first, last) = match wire {
        Wire::Anthropic => {
            let block = json!({ "type": "tool_use", "id": "call_1", "name": "read" });
            let start =
                json!({ "type": "content_block_start", "index": 0, "content_block": block });
            let stop = json!({ "type": "content_block_stop", "index": 0 });
            let why = json!({ "type": "message_delta", "delta": { "stop_reason": "tool_use" } });
            (vec![start], vec![stop, why, json!({ "type": "message_stop" })])
        }
        Wire::Responses => {
            let kind = "function_call";
            let item =
                json!({ "type": kind, "call_id": "call_1", "name": "read", "arguments": "" });
            let done = json!({ "type": "response.output_item.done", "item": item });
            (vec![], vec![done, json!({ "type": "response.completed", "response": {} })])
        }
        _ => (vec![], vec![json!({ "choices": [{ "delta": {}, "finish_reason": "tool_calls" }] })]),
    };
    first.into_iter().chain((0..pieces).map(piece)).chain(last).collect()
}

#[tokio::test]
async fn a_call_that_is_written_slowly_is_waited_for() {
    for wire in [anthropic::WIRE, responses::WIRE, chat::WIRE] {
        let frames = long_call(wire.wire, 15);
        let slow = Slow::start(move || {
            let frames = frames.clone().into_iter();
            let frames = frames.map(|frame| format!("data: {frame}\n\n").into_bytes());
            headed(stream::iter(frames.map(|frame| (Duration::from_secs(170), frame))))
        });
        let slow = slow.await;
        let events = wire.ask(&far(wire, &slow), vec![user("hi")]).await;
        let expected = [call("call_1", "read", "{}"), end(StopCause::ToolCalls)];
        assert_eq!(plain(events), expected, "{wire:?}");
        tokio::time::resume();
    }
}

#[tokio::test]
async fn a_refusal_may_not_take_for_ever() {
    let head = b"HTTP/1.1 400 No\r\nconnection: close\r\n\r\n{".to_vec();
    let slow = Slow::start(move || {
        let drops = stream::repeat((Duration::from_secs(9), b" ".to_vec()));
        stream::iter([(AT_ONCE, head.clone())]).chain(drops).boxed()
    });
    let slow = slow.await;
    let wire = anthropic::WIRE;
    let events = wire.ask(&far(wire, &slow), vec![user("hi")]).await;
    assert_eq!(error(&events).code, ErrorCode::ModelRefused);
    assert!(slow.taken.load(SeqCst) < 5, "{}", slow.taken.load(SeqCst));
}
