//! Commands in the background: they outlive the call that started them and the turn, and end
//! with their session.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use engine::SessionHandle;
use protocol::SessionId;
use tokio::sync::{broadcast, watch};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::ending;
use super::following::{End, Listener, follow};
use super::group::Group;
use super::transcript::Transcript;
use super::{LEFT_BEHIND, MOST_OUTPUT};

/// How many may run at the same time in one session.
pub(super) const MOST_RUNNING: usize = 8;
/// How many that have ended are kept of one session.
const MOST_ENDED: usize = 16;
/// How many pieces of output may wait for somebody who watches; more are not shown as they come.
const WATCHED: usize = 64;

/// The jobs of all sessions of this process.
#[derive(Default)]
pub(super) struct Jobs {
    sessions: Mutex<HashMap<Option<SessionId>, Arc<OfSession>>>,
}

/// Whose jobs are meant.
pub(super) struct Owner {
    /// The session; none outside of one.
    id: Option<SessionId>,
    /// Set when it is closed.
    ended: CancellationToken,
}

impl Owner {
    pub(super) fn of(session: &SessionHandle) -> Self {
        Self { id: session.id().cloned(), ended: session.ended() }
    }
}

struct OfSession {
    // Set when the session is closed; opened again, it is another one here.
    ended: CancellationToken,
    list: Mutex<List>,
}

#[derive(Default)]
struct List {
    started: u32,
    jobs: Vec<Arc<Job>>,
}

impl Jobs {
    /// Starts a job; none if too many of this owner run.
    ///
    /// # Errors
    /// The command cannot be started.
    pub(super) fn start(
        self: &Arc<Self>,
        owner: &Owner,
        command: &str,
        start: impl FnOnce() -> io::Result<Group>,
    ) -> io::Result<Option<Arc<Job>>> {
        let of_session = self.of(owner);
        let mut list = lock(&of_session.list);
        if list.jobs.iter().filter(|job| !job.is_over()).count() >= MOST_RUNNING {
            return Ok(None);
        }
        let group = start()?;
        list.started += 1;
        let stop = of_session.ended.child_token();
        let job = Arc::new(Job::new(format!("bash_{}", list.started), command, stop));
        list.jobs.push(job.clone());
        list.forget_old();
        tokio::spawn(job.clone().run(group));
        Ok(Some(job))
    }

    /// The job of this name.
    pub(super) fn find(&self, owner: &Owner, name: &str) -> Option<Arc<Job>> {
        self.all(owner).into_iter().find(|job| job.name == name)
    }

    /// The jobs that are known, the first started first.
    pub(super) fn all(&self, owner: &Owner) -> Vec<Arc<Job>> {
        let of_session = lock(&self.sessions).get(&owner.id).cloned();
        of_session.map_or_else(Vec::new, |of_session| lock(&of_session.list).jobs.clone())
    }

    /// What the model has not been told: the jobs that have ended by themselves, a line each.
    pub(super) fn news(&self, owner: &Owner) -> String {
        let lines = self.all(owner).into_iter().filter_map(|job| {
            let ended = job.untold_end()?;
            Some(format!(
                "({} has ended meanwhile: {ended}; `bashOutput` has its output)\n",
                job.name
            ))
        });
        lines.collect()
    }

    fn of(self: &Arc<Self>, Owner { id, ended }: &Owner) -> Arc<OfSession> {
        let mut sessions = lock(&self.sessions);
        if let Some(known) = sessions.get(id).filter(|known| !known.ended.is_cancelled()) {
            return known.clone();
        }
        let new = Arc::new(OfSession { ended: ended.clone(), list: Mutex::default() });
        sessions.insert(id.clone(), new.clone());
        let (jobs, id, of_session) = (self.clone(), id.clone(), new.clone());
        tokio::spawn(async move {
            of_session.ended.cancelled().await;
            let mut sessions = lock(&jobs.sessions);
            if sessions.get(&id).is_some_and(|known| Arc::ptr_eq(known, &of_session)) {
                sessions.remove(&id);
            }
        });
        new
    }
}

impl List {
    /// Forgets jobs that have ended, those first whose end is known to the model.
    fn forget_old(&mut self) {
        let ended = |job: &&Arc<Job>| job.is_over();
        let mut over = self.jobs.iter().filter(ended).count();
        for known in [true, false] {
            self.jobs.retain(|job| {
                let goes = over > MOST_ENDED && job.is_over() && job.is_read() == known;
                over -= usize::from(goes);
                !goes
            });
        }
    }
}

/// A command in the background.
pub(super) struct Job {
    /// What the model calls it.
    pub(super) name: String,
    /// The command line.
    pub(super) command: String,
    begun: Instant,
    stop: CancellationToken,
    phase: watch::Sender<Phase>,
    live: broadcast::Sender<String>,
    said: Mutex<Said>,
}

#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Phase {
    Silent,
    Speaking,
    Over,
}

struct Said {
    transcript: Transcript,
    ended: Option<Ended>,
    /// Whether the model knows of the end, and whether it has read all of the output.
    told: bool,
    read: bool,
}

/// How a job ended.
#[derive(Clone)]
pub(super) struct Ended {
    /// In words: `exit code 0`, `stopped`.
    pub(super) words: String,
    /// Whether it ended as one would wish.
    pub(super) well: bool,
    left_behind: bool,
}

/// What there is to read of a job.
pub(super) struct Reading {
    /// What it has put out since the last time.
    pub(super) text: String,
    /// How it ended, if it has.
    pub(super) ended: Option<Ended>,
}

impl Job {
    fn new(name: String, command: &str, stop: CancellationToken) -> Self {
        let transcript = Transcript::new(MOST_OUTPUT);
        Self {
            name,
            command: command.to_owned(),
            begun: Instant::now(),
            stop,
            phase: watch::Sender::new(Phase::Silent),
            live: broadcast::Sender::new(WATCHED),
            said: Mutex::new(Said { transcript, ended: None, told: false, read: false }),
        }
    }

    async fn run(self: Arc<Self>, mut group: Group) {
        let end = follow(&mut group, self.stop.cancelled(), &mut &*self).await;
        // What it has left running ends here, before anybody is told that it has ended.
        drop(group);
        lock(&self.said).ended = Some(Ended::from(end));
        self.phase.send_replace(Phase::Over);
    }

    /// Waits until it has put something out or has ended, and a little for more; no longer than
    /// `limit` in all.
    pub(super) async fn first_words(&self, limit: Duration) {
        const MORE: Duration = Duration::from_millis(100);
        let mut phase = self.phase.subscribe();
        let spoken = phase.wait_for(|phase| *phase >= Phase::Speaking);
        if timeout(limit.saturating_sub(MORE), spoken).await.is_ok() {
            let _ = timeout(MORE, self.over()).await;
        }
    }

    /// Waits for its end, no longer than `limit`, and shows meanwhile what it puts out.
    pub(super) async fn wait(&self, limit: Duration, session: &SessionHandle) {
        let mut live = self.live.subscribe();
        let watched = async {
            loop {
                match live.recv().await {
                    Ok(text) => session.output(&text).await,
                    Err(broadcast::error::RecvError::Lagged(_)) => {}
                    Err(broadcast::error::RecvError::Closed) => return,
                }
            }
        };
        let over = async {
            tokio::select! {
                () = self.over() => {}
                () = watched => {}
            }
        };
        let _ = timeout(limit, over).await;
    }

    /// Stops it, with all it has started, and waits until it has ended.
    pub(super) async fn stop(&self) {
        self.stop.cancel();
        self.over().await;
    }

    async fn over(&self) {
        // It is this job that holds the sender, so there always is one.
        let _ = self.phase.subscribe().wait_for(|phase| *phase == Phase::Over).await;
    }

    fn is_over(&self) -> bool {
        *self.phase.borrow() == Phase::Over
    }

    fn is_read(&self) -> bool {
        lock(&self.said).read
    }

    /// How long it has been running.
    pub(super) fn age(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Takes what there is to read.
    pub(super) fn read(&self) -> Reading {
        let mut said = lock(&self.said);
        let ended = said.ended.clone();
        let over = ended.is_some();
        let mut text = if over { said.transcript.finish() } else { said.transcript.take() };
        if ended.as_ref().is_some_and(|ended| ended.left_behind) && !said.read {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push('\n');
            }
            text.push_str(LEFT_BEHIND);
        }
        (said.told, said.read) = (over, over);
        Reading { text, ended }
    }

    /// How it ended, if it has and the model does not know.
    fn untold_end(&self) -> Option<String> {
        let mut said = lock(&self.said);
        let ended = said.ended.as_ref().filter(|_| !said.told)?.words.clone();
        said.told = true;
        Some(ended)
    }
}

impl Listener for &Job {
    async fn hear(&mut self, bytes: &[u8]) {
        let new = lock(&self.said).transcript.push(bytes);
        if !new.is_empty() {
            // Mostly nobody watches.
            let _ = self.live.send(new);
        }
        self.phase.send_if_modified(|phase| {
            let is_first = *phase == Phase::Silent;
            *phase = Phase::Speaking;
            is_first
        });
    }
}

impl From<End> for Ended {
    fn from(End { status, cut_short, left_behind }: End) -> Self {
        let (words, well) = match status {
            _ if cut_short => ("stopped".to_owned(), true),
            Ok(status) => (ending::words(status), status.success()),
            Err(error) => (format!("lost sight of: {error}"), false),
        };
        Self { words, well, left_behind }
    }
}

/// Takes a lock; a panic elsewhere does not make its data unusable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
