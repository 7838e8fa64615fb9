//! One answer while it comes: the frames of a connection become the events of a wire.

use std::collections::VecDeque;
use std::time::Duration;

use engine::ModelEvent;
use tokio::time::{Instant, timeout_at};

use crate::catalogue::Card;
use crate::connection::WORDLESS_TIMEOUT;
use crate::failure::{Failure, Failures};
use crate::frames::{Cut, Frames, Incoming};
use crate::wire::Reader;

/// How much may come for one answer, in bytes. A piece of a word takes some hundreds of them on
/// the wire, and the longest answers have some hundred thousand pieces.
const LONGEST_ANSWER: usize = 256 << 20;

/// An answer while it comes.
pub(crate) struct Answer {
    frames: Frames,
    reader: Box<dyn Reader>,
    failures: Failures,
    /// What its use costs.
    card: Card,
    /// How long the server may be silent.
    patience: Duration,
    /// When the last word of it came.
    heard: Instant,
    /// How much came so far, in bytes.
    length: usize,
    /// What has not been asked for yet.
    ready: VecDeque<Result<ModelEvent, Failure>>,
    over: bool,
}

impl Answer {
    pub(crate) fn new(
        frames: Frames,
        reader: Box<dyn Reader>,
        card: Card,
        patience: Duration,
        failures: Failures,
    ) -> Self {
        let (heard, ready) = (Instant::now(), VecDeque::new());
        Self { frames, reader, failures, card, patience, heard, length: 0, ready, over: false }
    }

    /// The next event; none after the end, or after the failure that took its place.
    pub(crate) async fn next(&mut self) -> Option<Result<ModelEvent, Failure>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            let wordless = self.heard + WORDLESS_TIMEOUT;
            let until = wordless.min(Instant::now() + self.patience);
            let incoming = timeout_at(until, self.frames.next()).await;
            let mut events = Vec::new();
            let read = match incoming {
                Err(_) if until < wordless => Err(self.failures.fell_silent(self.patience)),
                Err(_) => Err(self.failures.wordless()),
                Ok(incoming) => self.read(incoming, &mut events),
            };
            self.over = read.is_err() || matches!(events.last(), Some(ModelEvent::End(_)));
            for event in events {
                self.ready.push_back(Ok(self.priced(event)));
            }
            self.ready.extend(read.err().map(Err));
        }
    }

    /// Reads what came; the end of the connection is nothing at all.
    fn read(
        &mut self,
        incoming: Option<Result<Incoming, Cut>>,
        events: &mut Vec<ModelEvent>,
    ) -> Result<(), Failure> {
        let has_words = match incoming {
            Some(Ok(Incoming::Nothing)) => false,
            Some(Ok(Incoming::Frame(data))) => {
                self.length = self.length.saturating_add(data.len());
                if self.length > LONGEST_ANSWER {
                    return Err(self.failures.endless(LONGEST_ANSWER));
                }
                self.reader.read(&data, events).map_err(|fault| self.failures.of(&fault))?
            }
            Some(Err(cut)) => return Err(self.failures.cut(&cut)),
            None => {
                self.reader.closed(events);
                let is_whole = matches!(events.last(), Some(ModelEvent::End(_)));
                let broke_off = || self.failures.broke_off("the connection was closed");
                return if is_whole { Ok(()) } else { Err(broke_off()) };
            }
        };
        let now = Instant::now();
        if has_words {
            self.heard = now;
        } else if now >= self.heard + WORDLESS_TIMEOUT {
            // Signs of life that never stop are read before any time is up.
            return Err(self.failures.wordless());
        }
        Ok(())
    }

    fn priced(&self, event: ModelEvent) -> ModelEvent {
        match event {
            ModelEvent::Usage(mut usage) => {
                usage.cost = self.card.cost(&usage);
                ModelEvent::Usage(usage)
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::provider::{ProviderSettings, preset};
    use crate::wire::Fault;

    /// Reads everything and understands nothing.
    struct Deaf;

    impl Reader for Deaf {
        fn read(&mut self, _data: &str, _events: &mut Vec<ModelEvent>) -> Result<bool, Fault> {
            Ok(true)
        }
    }

    /// What becomes of so many of these bytes, read after this time.
    async fn failure(bytes: Vec<u8>, times: usize, after: Duration) -> Failure {
        let bytes = Bytes::from(bytes);
        let frames = futures::stream::iter((0..times).map(move |_| Ok(bytes.clone())));
        let failures = Failures::new(&ProviderSettings::of(preset("openai").unwrap()), "model");
        let frames = Frames::new(frames, false);
        let patience = Duration::from_secs(1);
        let mut answer = Answer::new(frames, Box::new(Deaf), Card::default(), patience, failures);
        tokio::time::advance(after).await;
        answer.next().await.unwrap().unwrap_err()
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_without_an_end_is_given_up() {
        let mut event = vec![b'a'; 16 << 20];
        event[..5].copy_from_slice(b"data:");
        event.extend(b"\n\n");
        let failure = failure(event, 17, Duration::ZERO).await;
        assert!(failure.what.ends_with("it has more than 256 MB"), "{}", failure.what);
        assert!(!failure.passes);
    }

    #[tokio::test(start_paused = true)]
    async fn signs_of_life_that_come_at_once_do_not_hide_the_time() {
        let failure = failure(b": here\n".to_vec(), 1000, WORDLESS_TIMEOUT).await;
        assert!(failure.what.starts_with("For 30 minutes no word"), "{}", failure.what);
    }
}
