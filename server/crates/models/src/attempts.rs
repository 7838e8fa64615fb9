//! The attempts at one answer: again after what passes, and with another model after that.
//!
//! A request is repeated only for what may pass: overload, a server's fault, a connection that
//! broke. As long as nothing of the answer was given out, nobody notices but by a notice; after
//! that the answer begins anew, and says so. Tool calls come with the end of an answer alone, so
//! none is ever made twice.

use std::time::Duration;

use engine::{ModelError, ModelEvent, ModelRequest};
use futures::StreamExt;

use crate::answer::Answer;
use crate::failure::Failure;
use crate::router::Models;
use crate::stamp::stamped;

/// The longest wait that is chosen.
const LONGEST_WAIT: Duration = Duration::from_secs(30);
/// The longest wait that a provider may ask for; after that it is the user's decision.
const MOST_PATIENCE: Duration = Duration::from_secs(60);

/// The attempts at one answer.
pub(crate) struct Attempts {
    models: Models,
    request: ModelRequest,
    /// The models to ask, the first one now.
    chain: Vec<String>,
    /// How often this model has failed.
    failed: u32,
    /// The answer that comes now.
    answer: Option<Answer>,
    /// Whether something of an answer was given out.
    shown: bool,
    /// What is to be told before the next attempt, and how long to wait for it.
    next: Option<(ModelEvent, Duration)>,
    wait: Duration,
    over: bool,
}

impl Attempts {
    pub(crate) fn new(models: Models, request: ModelRequest, chain: Vec<String>) -> Self {
        Self {
            models,
            request,
            chain,
            failed: 0,
            answer: None,
            shown: false,
            next: None,
            wait: Duration::ZERO,
            over: false,
        }
    }

    /// The events of the answer that comes of it.
    pub(crate) fn stream(self) -> engine::ModelStream {
        futures::stream::unfold(self, async |mut attempts| {
            attempts.next().await.map(|event| (event, attempts))
        })
        .boxed()
    }

    async fn next(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        loop {
            if self.over {
                return None;
            }
            if let Some((event, wait)) = self.next.take() {
                self.wait = wait;
                return Some(Ok(event));
            }
            let event = match &mut self.answer {
                Some(answer) => answer.next().await,
                None => {
                    tokio::time::sleep(std::mem::take(&mut self.wait)).await;
                    match self.models.open(&self.chain[0], &self.request).await {
                        Ok(answer) => {
                            self.answer = Some(answer);
                            continue;
                        }
                        Err(failure) => Some(Err(failure)),
                    }
                }
            };
            match event {
                Some(Ok(event)) => return Some(Ok(self.given(event))),
                Some(Err(failure)) => {
                    self.answer = None;
                    if let Err(error) = self.after(failure) {
                        self.over = true;
                        return Some(Err(error));
                    }
                }
                None => self.over = true,
            }
        }
    }

    fn given(&mut self, event: ModelEvent) -> ModelEvent {
        self.over = matches!(event, ModelEvent::End(_));
        self.shown |= matches!(
            event,
            ModelEvent::Text(_) | ModelEvent::Reasoning(_) | ModelEvent::ReasoningEnd { .. }
        );
        stamped(event, &self.chain[0])
    }

    /// Decides what comes after a failure; an error if nothing does.
    fn after(&mut self, failure: Failure) -> Result<(), ModelError> {
        self.failed += 1;
        let wait = self.wait_after(&failure);
        let what = &failure.what;
        let (why, wait) = if let Some(wait) = wait {
            let when = match wait.as_secs_f64().ceil() as u64 {
                0 => "at once".to_owned(),
                1 => "in 1 second".to_owned(),
                seconds => format!("in {seconds} seconds"),
            };
            let (failed, most) = (self.failed, self.models.retries());
            (format!("{what}. It is tried again {when} ({failed} of {most})."), wait)
        } else if self.chain.len() > 1 && !failure.is_of_request() {
            self.models.has_failed(&self.chain.remove(0));
            self.failed = 0;
            (format!("{what}. `{}` goes on.", self.chain[0]), Duration::ZERO)
        } else {
            return Err(failure.into());
        };
        let restarts = std::mem::take(&mut self.shown);
        let event =
            if restarts { ModelEvent::Restarted { why } } else { ModelEvent::Waiting { why } };
        self.next = Some((event, wait));
        Ok(())
    }

    /// How long to wait before the same model is asked again; none if it is not.
    fn wait_after(&self, failure: &Failure) -> Option<Duration> {
        if !failure.passes || self.failed > self.models.retries() {
            return None;
        }
        match failure.after {
            Some(after) => (after <= MOST_PATIENCE).then_some(after),
            None => {
                let most =
                    self.models.first_wait().saturating_mul(2_u32.saturating_pow(self.failed - 1));
                // Clients that failed together must not come back together.
                Some(most.min(LONGEST_WAIT).mul_f64(0.5 + fastrand::f64() / 2.0))
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use protocol::ErrorCode;

    use super::*;
    use crate::ModelSettings;

    /// A request without a conversation.
    pub(crate) fn request() -> ModelRequest {
        ModelRequest {
            model: "a/b".to_owned(),
            system: String::new(),
            tools: Vec::new(),
            messages: Vec::new(),
            max_output_tokens: 1000,
            session: String::new(),
        }
    }

    fn failed(times: u32, retries: u32) -> Attempts {
        let models = Models::new(ModelSettings { retries, ..ModelSettings::default() });
        Attempts { failed: times, ..Attempts::new(models, request(), vec!["a/b".to_owned()]) }
    }

    fn overload(after: Option<Duration>) -> Failure {
        let lasting = Failure::lasting(ErrorCode::ModelOverloaded, "Busy".to_owned(), "");
        Failure { passes: true, after, ..lasting }
    }

    #[test]
    fn the_wait_doubles_up_to_half_a_minute() {
        for (times, most) in [(1, 1), (2, 2), (3, 4), (5, 16), (6, 30), (40, 30), (u32::MAX, 30)] {
            let wait = failed(times, u32::MAX).wait_after(&overload(None)).unwrap();
            let most = Duration::from_secs(most);
            assert!((most / 2..=most).contains(&wait), "{times}: {wait:?}");
        }
    }

    #[test]
    fn a_provider_may_ask_for_up_to_a_minute() {
        let wait =
            |seconds| failed(1, 3).wait_after(&overload(Some(Duration::from_secs_f64(seconds))));
        assert_eq!(wait(0.25), Some(Duration::from_millis(250)));
        assert_eq!(wait(60.0), Some(Duration::from_secs(60)));
        assert_eq!(wait(60.1), None);
    }

    #[test]
    fn what_lasts_is_not_waited_for() {
        let lasting = Failure { passes: false, ..overload(None) };
        assert_eq!(failed(1, 3).wait_after(&lasting), None);
        assert_eq!(failed(4, 3).wait_after(&overload(None)), None);
    }
}
