//! One answer while it comes: the frames of a connection become the events of a wire.

use std::collections::VecDeque;

use engine::ModelEvent;
use tokio::time::timeout;

use crate::catalogue::Card;
use crate::connection::IDLE_TIMEOUT;
use crate::failure::{Failure, Failures};
use crate::frames::{Frames, Incoming};
use crate::wire::Reader;

/// An answer while it comes.
pub(crate) struct Answer {
    frames: Frames,
    reader: Box<dyn Reader>,
    failures: Failures,
    /// What its use costs.
    card: Card,
    /// What has not been asked for yet.
    ready: VecDeque<Result<ModelEvent, Failure>>,
    over: bool,
}

impl Answer {
    pub(crate) fn new(
        frames: Frames,
        reader: Box<dyn Reader>,
        card: Card,
        failures: Failures,
    ) -> Self {
        Self { frames, reader, failures, card, ready: VecDeque::new(), over: false }
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
            let incoming = timeout(IDLE_TIMEOUT, self.frames.next()).await;
            let mut events = Vec::new();
            let read = match incoming {
                Err(_) => Err(self.failures.fell_silent()),
                Ok(Some(Ok(Incoming::Nothing))) => Ok(()),
                Ok(Some(Ok(Incoming::Frame(data)))) => {
                    let read = self.reader.read(&data, &mut events);
                    read.map_err(|fault| self.failures.of(&fault))
                }
                Ok(Some(Err(cut))) => Err(self.failures.cut(&cut)),
                Ok(None) => {
                    self.reader.closed(&mut events);
                    let whole = matches!(events.last(), Some(ModelEvent::End(_)));
                    let closed = || self.failures.broke_off("the connection was closed");
                    if whole { Ok(()) } else { Err(closed()) }
                }
            };
            self.over = read.is_err() || matches!(events.last(), Some(ModelEvent::End(_)));
            for event in events {
                self.ready.push_back(Ok(self.priced(event)));
            }
            self.ready.extend(read.err().map(Err));
        }
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
