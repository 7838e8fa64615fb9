//! Follows a command to its end, whether it comes by itself or is brought about.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use tokio::time::timeout;

use super::group::{Event, GRACE, Group};

/// How long what the shell has left behind may be silent before it counts as left running.
const AFTERMATH: Duration = Duration::from_millis(100);
/// How long what the shell has left behind is listened to at most.
const LONGEST_AFTERMATH: Duration = Duration::from_secs(1);

/// Who is told what a command puts out.
pub(super) trait Listener: Send {
    /// Takes more of it. Nothing is read while this waits.
    fn hear(&mut self, bytes: &[u8]) -> impl Future<Output = ()> + Send;
}

/// How a command came to its end.
pub(super) struct End {
    /// What the shell ended with.
    pub(super) status: io::Result<ExitStatus>,
    /// Whether it was stopped.
    pub(super) cut_short: bool,
    /// Whether something the shell had started still held its output open. It ends with the
    /// group.
    pub(super) left_behind: bool,
}

/// Follows the group until its shell has ended; it is stopped when `cut` is done before that.
pub(super) async fn follow(
    group: &mut Group,
    cut: impl Future<Output = ()> + Send,
    listener: &mut impl Listener,
) -> End {
    let ended = tokio::select! {
        status = listen(group, listener) => Some(status),
        () = cut => None,
    };
    let cut_short = ended.is_none();
    let status = match ended {
        Some(status) => status,
        None => {
            group.stop();
            // It is stopped either way; what it says while it tidies up is worth having.
            let told = timeout(GRACE * 2, listen(group, listener)).await;
            told.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        }
    };
    let rest = timeout(LONGEST_AFTERMATH, drain(group, listener)).await;
    End { status, cut_short, left_behind: rest.unwrap_or(true) }
}

/// Listens until the shell ends.
async fn listen(group: &mut Group, listener: &mut impl Listener) -> io::Result<ExitStatus> {
    loop {
        match group.next().await? {
            Event::Output(bytes) => listener.hear(&bytes).await,
            Event::Exit(status) => return Ok(status),
        }
    }
}

/// Listens to what was written before the shell ended, and a little longer. Whether there may
/// be more to come is the answer.
async fn drain(group: &mut Group, listener: &mut impl Listener) -> bool {
    loop {
        match timeout(AFTERMATH, group.rest()).await {
            Ok(Ok(bytes)) if !bytes.is_empty() => listener.hear(&bytes).await,
            // Without more output there is nothing to do about an error either.
            Ok(_) => return false,
            Err(_) => return true,
        }
    }
}
