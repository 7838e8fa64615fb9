//! A shell and all it starts, as one group of processes that ends as one.
//!
//! The shell leads a session of its own: no terminal, no prompt for a password. The group is
//! stopped when the [`Group`] is dropped, and by the [`Watchdog`] when this process dies in
//! whatever way. On Linux so is what has left the group and not the session, as the jobs of a
//! shell with job control do. What remains is a process that makes a session of its own
//! (`setsid`, a daemon): only a sandbox can hold it.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use process_wrap::tokio::{ChildWrapper, CommandWrap, KillOnDrop, ProcessSession};
use protocol::AbsPath;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe;
use tokio::sync::oneshot;
use tokio::time::timeout;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::watchdog::Watchdog;
use crate::Environment;

/// How long a group that was asked to end has for tidying up, such as removing a lock file.
pub(super) const GRACE: Duration = Duration::from_millis(500);
/// The most bytes read at once.
const CHUNK: usize = 8 * 1024;
/// The number POSIX gives the signal.
const SIGTERM: i32 = 15;

/// A running group. Dropping it stops all of it.
pub(super) struct Group {
    // Both streams of the whole group, in the order they were written.
    output: pipe::Receiver,
    closed: bool,
    exit: oneshot::Receiver<io::Result<ExitStatus>>,
    stop: CancellationToken,
    _stop_on_drop: DropGuard,
}

/// Something that happened in a group.
pub(super) enum Event {
    /// It wrote.
    Output(Vec<u8>),
    /// The shell has ended. This is the last event.
    Exit(ExitStatus),
}

impl Group {
    /// Starts `command` in bash, or in sh where there is no bash.
    ///
    /// # Errors
    /// There is no shell, the folder is gone, or the system refused to start a process.
    pub(super) fn start(
        command: &str,
        folder: &AbsPath,
        environment: &Environment,
        watchdog: Arc<Watchdog>,
    ) -> io::Result<Self> {
        let (leader, output) = match spawn("bash", command, folder, environment) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                spawn("sh", command, folder, environment)?
            }
            spawned => spawned?,
        };
        let id = leader.id().ok_or_else(|| io::Error::other("the shell has no process id"))?;
        watchdog.watch(id);
        let stop = CancellationToken::new();
        let (tell, exit) = oneshot::channel();
        let supervised = supervise(leader, stop.clone(), tell);
        tokio::spawn(async move {
            supervised.await;
            // Looking through all processes takes a moment. When the runtime is going down the
            // watchdog looks.
            let _ = tokio::task::spawn_blocking(move || sweep(id)).await;
            watchdog.release(id);
        });
        Ok(Self { output, closed: false, exit, _stop_on_drop: stop.clone().drop_guard(), stop })
    }

    /// Waits for the next event. Giving up the wait loses nothing.
    ///
    /// # Errors
    /// The output cannot be read, or the shell cannot be waited for.
    pub(super) async fn next(&mut self) -> io::Result<Event> {
        loop {
            let mut bytes = Vec::with_capacity(CHUNK);
            tokio::select! {
                read = self.output.read_buf(&mut bytes), if !self.closed => match read? {
                    0 => self.closed = true,
                    _ => return Ok(Event::Output(bytes)),
                },
                status = &mut self.exit => {
                    return Ok(Event::Exit(status.map_err(io::Error::other)??));
                }
            }
        }
    }

    /// Waits for output that came before the exit and has not been read, or comes from what
    /// the shell has left behind. Empty when none can come any more.
    ///
    /// # Errors
    /// The output cannot be read.
    pub(super) async fn rest(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(CHUNK);
        if !self.closed {
            self.output.read_buf(&mut bytes).await?;
        }
        Ok(bytes)
    }

    /// Asks the group to end; after [`GRACE`] it is made to. Its output can still be read.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }
}

fn spawn(
    shell: &str,
    command: &str,
    folder: &AbsPath,
    environment: &Environment,
) -> io::Result<(Box<dyn ChildWrapper>, pipe::Receiver)> {
    let (output, input) = io::pipe()?;
    let errors = input.try_clone()?;
    let mut shell = CommandWrap::with_new(OsStr::new(shell), |shell| {
        shell
            .args(["-c", "--", command])
            .current_dir(folder.as_std_path())
            .env_clear()
            .envs(environment.variables())
            .stdin(Stdio::null())
            .stdout(input)
            .stderr(errors);
    });
    let leader = shell.wrap(ProcessSession).wrap(KillOnDrop).spawn()?;
    // From here on only the group has the writing end: `shell` is dropped with its copies.
    Ok((leader, pipe::Receiver::from_owned_fd(OwnedFd::from(output))?))
}

/// Owns the group until nothing of it is left.
async fn supervise(
    mut leader: Box<dyn ChildWrapper>,
    stop: CancellationToken,
    exit: oneshot::Sender<io::Result<ExitStatus>>,
) {
    let ended = tokio::select! {
        status = leader.wait() => Some(status),
        () = stop.cancelled() => {
            tell(leader.signal(SIGTERM));
            timeout(GRACE, leader.wait()).await.ok()
        }
    };
    if let Some(status) = ended {
        // Nobody may be waiting any more.
        let _ = exit.send(status);
        stop.cancelled().await;
        tell(leader.start_kill());
    } else {
        tell(leader.start_kill());
        let _ = exit.send(leader.wait().await);
    }
}

/// A signal that finds nobody is the usual case: all have ended by themselves.
fn tell(signalled: io::Result<()>) {
    if let Err(error) = signalled {
        tracing::debug!(%error, "no process to signal");
    }
}

/// Kills what is left of a session of processes.
#[cfg(target_os = "linux")]
fn sweep(session: u32) {
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    let session_of = |pid: &str| -> Option<u32> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name of the program stands in parentheses and may hold any character.
        stat.rsplit_once(')')?.1.split_ascii_whitespace().nth(3)?.parse().ok()
    };
    let kill = |pid: &str| -> Option<()> {
        let process = pidfd_open(Pid::from_raw(pid.parse().ok()?)?, PidfdFlags::empty()).ok()?;
        // The number may have become another's before it was opened, but not after.
        (session_of(pid)? == session).then(|| pidfd_send_signal(process, Signal::KILL).ok())?
    };
    let Ok(entries) = std::fs::read_dir("/proc") else { return };
    for name in entries.flatten().map(|entry| entry.file_name()) {
        let Some(pid) = name.to_str().filter(|name| name.bytes().all(|b| b.is_ascii_digit()))
        else {
            continue;
        };
        if session_of(pid) == Some(session) && kill(pid).is_some() {
            tracing::debug!(pid, session, "killed what had left its group");
        }
    }
}

/// Elsewhere processes cannot be looked through so cheaply.
#[cfg(not(target_os = "linux"))]
fn sweep(_: u32) {}
