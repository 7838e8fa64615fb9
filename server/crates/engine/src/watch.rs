//! How long a turn has worked: the time it waits for the user does not count.
//!
//! It knows no clock. It sleeps in short naps and counts those that the turn worked through.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use tokio::time;

/// The shortest and the longest nap.
const NAPS: (Duration, Duration) = (Duration::from_millis(10), Duration::from_secs(1));

/// Measures a turn.
#[derive(Default)]
pub(crate) struct Watch {
    /// How many questions wait for the user.
    waits: AtomicUsize,
}

impl Watch {
    /// Stands still until the returned guard is dropped.
    pub(crate) fn pause(&self) -> impl Drop + '_ {
        self.waits.fetch_add(1, Ordering::Relaxed);
        Pause(self)
    }

    /// Returns when the turn has worked for so long, to about a fiftieth of it; never if that is
    /// no time at all.
    pub(crate) async fn runs_out(&self, limit: Duration) {
        if limit.is_zero() {
            return std::future::pending().await;
        }
        let nap = (limit / 50).clamp(NAPS.0, NAPS.1);
        let mut worked = Duration::ZERO;
        while worked < limit {
            time::sleep(nap).await;
            if self.waits.load(Ordering::Relaxed) == 0 {
                worked += nap;
            }
        }
    }
}

struct Pause<'a>(&'a Watch);

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        self.0.waits.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_time_of_questions_does_not_count() {
        let watch = Watch::default();
        let question = async {
            time::sleep(Duration::from_millis(2050)).await;
            let one = watch.pause();
            let other = watch.pause();
            time::sleep(Duration::from_secs(50)).await;
            drop(one);
            time::sleep(Duration::from_secs(50)).await;
            drop(other);
            // Nobody waits from here on, and eight of ten seconds are left.
            let left = Duration::from_millis(7900);
            time::timeout(left, std::future::pending::<()>()).await.unwrap_err();
            "still at work"
        };
        let out = async {
            watch.runs_out(Duration::from_secs(10)).await;
            "out of time"
        };
        tokio::pin!(out);
        let first = tokio::select! { first = question => first, first = &mut out => first };
        assert_eq!(first, "still at work");
        assert_eq!(out.await, "out of time");
    }
}
