//! How long a turn has worked: the time it waits for the user does not count.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::{self, Instant};

/// Measures a turn.
pub(crate) struct Watch {
    state: Mutex<State>,
}

struct State {
    began: Instant,
    paused: Duration,
    /// How many waits are on, and since when at least one is.
    waits: usize,
    since: Instant,
}

impl Watch {
    pub(crate) fn start() -> Self {
        let now = Instant::now();
        let state = State { began: now, paused: Duration::ZERO, waits: 0, since: now };
        Self { state: Mutex::new(state) }
    }

    /// Stands still until the returned guard is dropped.
    pub(crate) fn pause(&self) -> impl Drop + '_ {
        let mut state = self.state();
        if state.waits == 0 {
            state.since = Instant::now();
        }
        state.waits += 1;
        Pause(self)
    }

    /// Returns when the turn has worked for so long; never if that is no time at all.
    pub(crate) async fn runs_out(&self, limit: Duration) {
        if limit.is_zero() {
            return std::future::pending().await;
        }
        loop {
            let worked = self.state().worked();
            let Some(left) = limit.checked_sub(worked).filter(|left| !left.is_zero()) else {
                return;
            };
            // While it is paused nothing is used up; the sleep is then simply repeated.
            time::sleep(left.max(Duration::from_millis(100))).await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn worked(&self) -> Duration {
        let waiting = if self.waits > 0 { self.since.elapsed() } else { Duration::ZERO };
        self.began.elapsed().saturating_sub(self.paused + waiting)
    }
}

struct Pause<'a>(&'a Watch);

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.waits -= 1;
        if state.waits == 0 {
            let waited = state.since.elapsed();
            state.paused += waited;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_time_of_questions_does_not_count() {
        let (watch, began) = (Watch::start(), Instant::now());
        let question = async {
            time::sleep(Duration::from_secs(2)).await;
            let one = watch.pause();
            let other = watch.pause();
            time::sleep(Duration::from_secs(50)).await;
            drop(one);
            time::sleep(Duration::from_secs(50)).await;
            drop(other);
        };
        tokio::join!(watch.runs_out(Duration::from_secs(10)), question);
        assert_eq!(began.elapsed().as_secs(), 110);
    }
}
