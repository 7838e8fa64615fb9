//! Watching folders for what others do there.
//!
//! Nothing is watched before it is needed: the folder of a file that was read, and the folders of
//! a list that is to be kept. A thread of its own starts with the first of them. Watching is a
//! help and no promise: where the system refuses, or too much happens at once, the rest of the
//! room still looks for itself, only later.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    path::PathBuf,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::{Duration, Instant},
};

use notify::{
    ErrorKind, Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher,
    event::{AccessKind, AccessMode, ModifyKind},
};
use protocol::AbsPath;

use crate::{disk, documents::Shared};

/// How many folders are watched at most: the system has so many for all programs of a user.
const MAX_FOLDERS: usize = 10_000;

/// How many messages wait at most. What comes beyond is not looked at one by one.
const MAX_WAITING: usize = 4096;

/// How long events are gathered before they are looked at: whoever writes a file makes several.
const GATHER: Duration = Duration::from_millis(20);

/// What is watched.
#[derive(Default)]
pub(crate) struct Watching {
    state: Arc<State>,
    thread: Mutex<Option<SyncSender<Message>>>,
}

#[derive(Default)]
struct State {
    /// The folders that are, or soon will be, watched; with the time from when on they were.
    folders: Mutex<HashMap<AbsPath, Option<Instant>>>,
    /// Whether something happened that there was no room to tell.
    missed: AtomicBool,
    /// Whether no further folder can be watched.
    full: AtomicBool,
}

enum Message {
    Watch(Vec<AbsPath>),
    Happened(Event),
    Stop,
}

impl Watching {
    /// Begins to watch folders, soon and on another thread.
    pub(crate) fn watch(&self, for_whom: Weak<Shared>, folders: impl IntoIterator<Item = AbsPath>) {
        if self.state.full.load(Ordering::Relaxed) {
            return;
        }
        let mut known = self.state.folders();
        let mut new: Vec<AbsPath> = folders.into_iter().collect();
        new.retain(|folder| !known.contains_key(folder));
        let room = MAX_FOLDERS.saturating_sub(known.len());
        if new.len() > room {
            self.state.is_full("enough are watched already");
            new.truncate(room);
        }
        if new.is_empty() {
            return;
        }
        known.extend(new.iter().map(|folder| (folder.clone(), None)));
        drop(known);
        let mut thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = match &*thread {
            Some(sender) => sender.clone(),
            None => {
                let Some(sender) = start(for_whom, Arc::clone(&self.state)) else { return };
                thread.insert(sender).clone()
            }
        };
        drop(thread);
        let refused = sender.try_send(Message::Watch(new)).err();
        if let Some(
            TrySendError::Full(Message::Watch(new))
            | TrySendError::Disconnected(Message::Watch(new)),
        ) = refused
        {
            // Too much is going on; the next one who needs them asks again.
            self.state.forget(&new);
        }
    }

    /// Whether all these folders have been watched since before a moment.
    pub(crate) fn covers(&self, folders: &[AbsPath], since: Instant) -> bool {
        let known = self.state.folders();
        folders.iter().all(|folder| matches!(known.get(folder), Some(Some(at)) if *at <= since))
    }

    #[cfg(test)]
    pub(crate) fn refuse_more(&self) {
        self.state.full.store(true, Ordering::Relaxed);
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let thread = self.thread.get_mut().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = thread {
            // If it does not arrive, the thread sees with the next event that nobody is left.
            let _ = sender.try_send(Message::Stop);
        }
    }
}

impl State {
    fn folders(&self) -> MutexGuard<'_, HashMap<AbsPath, Option<Instant>>> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn forget(&self, folders: &[AbsPath]) {
        let mut known = self.folders();
        for folder in folders {
            known.remove(folder);
        }
    }

    /// No more folders can be watched. Said once.
    fn is_full(&self, why: impl fmt::Display) {
        if !self.full.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %why,
                "no further folder is watched; changes there are seen when files are read"
            );
        }
    }
}

/// Starts the thread. None if the system does not let us watch anything.
fn start(for_whom: Weak<Shared>, state: Arc<State>) -> Option<SyncSender<Message>> {
    let (sender, messages) = sync_channel(MAX_WAITING);
    let (back, missed) = (sender.clone(), Arc::clone(&state));
    let told = move |event: notify::Result<Event>| match event {
        Ok(mut event) if is_of_interest(&event) => {
            // Of a move into the place of a file, only that place is of interest.
            event.paths.retain(|path| !disk::is_temporary(path));
            if back.try_send(Message::Happened(event)).is_err() {
                missed.missed.store(true, Ordering::Relaxed);
            }
        }
        Ok(_) => {}
        Err(error) => tracing::debug!(%error, "watching failed"),
    };
    let run = move || match notify::recommended_watcher(told) {
        Ok(watcher) => Thread { for_whom, state, watcher }.run(&messages),
        Err(error) => state.is_full(error),
    };
    thread::Builder::new().name("watching".to_owned()).spawn(run).ok()?;
    Some(sender)
}

/// Reading is no change, neither is whatever is done to permissions, nor what happens to a file
/// on its way into the place of another.
fn is_of_interest(event: &Event) -> bool {
    let is_on_its_way =
        !event.paths.is_empty() && event.paths.iter().all(|path| disk::is_temporary(path));
    event.need_rescan()
        || !is_on_its_way
            && match event.kind {
                EventKind::Access(kind) => kind == AccessKind::Close(AccessMode::Write),
                EventKind::Modify(ModifyKind::Metadata(_)) => false,
                _ => true,
            }
}

struct Thread {
    for_whom: Weak<Shared>,
    state: Arc<State>,
    watcher: RecommendedWatcher,
}

/// What happened within a short time.
#[derive(Default)]
struct Happened {
    paths: HashSet<PathBuf>,
    /// Whether files came or went, so that others than the known ones may be concerned.
    other_files: bool,
    anything: bool,
}

impl Happened {
    fn add(&mut self, event: Event) {
        let ignoring = |path: &PathBuf| {
            path.file_name().is_some_and(|name| name == ".gitignore" || name == ".ignore")
        };
        self.anything |= event.need_rescan();
        self.other_files |= match event.kind {
            EventKind::Create(_) | EventKind::Remove(_) => true,
            EventKind::Modify(ModifyKind::Name(_)) => true,
            _ => event.paths.iter().any(ignoring),
        };
        self.paths.extend(event.paths);
    }
}

impl Thread {
    fn run(mut self, messages: &Receiver<Message>) {
        while let Ok(message) = messages.recv() {
            let mut happened = Happened::default();
            let mut next = Some(message);
            let until = Instant::now() + GATHER;
            while let Some(message) = next {
                match message {
                    Message::Watch(folders) => self.watch(&folders),
                    Message::Happened(event) => happened.add(event),
                    Message::Stop => return,
                }
                if happened.paths.is_empty() && !happened.anything {
                    break;
                }
                next = match messages.recv_timeout(until.saturating_duration_since(Instant::now()))
                {
                    Ok(message) => Some(message),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => return,
                };
            }
            let Some(shared) = self.for_whom.upgrade() else { return };
            happened.anything |= self.state.missed.swap(false, Ordering::Relaxed);
            self.tell(&shared, &happened);
        }
    }

    fn watch(&mut self, folders: &[AbsPath]) {
        for (index, folder) in folders.iter().enumerate() {
            match self.watcher.watch(folder.as_std_path(), RecursiveMode::NonRecursive) {
                Ok(()) => drop(self.state.folders().insert(folder.clone(), Some(Instant::now()))),
                Err(error) if matches!(error.kind, ErrorKind::MaxFilesWatch) => {
                    self.state.forget(&folders[index..]);
                    return self.state.is_full(error);
                }
                // Gone already, or not to be read: whoever lists its files finds that out.
                Err(_) => self.state.forget(std::slice::from_ref(folder)),
            }
        }
    }

    fn tell(&mut self, shared: &Shared, happened: &Happened) {
        if happened.anything {
            // Folders may have been made anew: all are to be asked for again.
            self.state.folders().clear();
            shared.anything_outside();
            return shared.tick();
        }
        let paths: Vec<AbsPath> =
            happened.paths.iter().filter_map(|path| AbsPath::new(path.to_str()?).ok()).collect();
        if paths.is_empty() {
            return;
        }
        if happened.other_files {
            // A folder that is gone is not watched any more; one of its name is another one.
            self.unwatch(|folder| {
                paths.iter().any(|path| folder.starts_with(path))
                    && folder.as_std_path().symlink_metadata().is_err()
            });
            shared.expire_listings();
        }
        if shared.outside(&paths) || happened.other_files {
            shared.tick();
        }
    }

    fn unwatch(&mut self, which: impl Fn(&AbsPath) -> bool) {
        let mut folders = self.state.folders();
        let gone: Vec<AbsPath> = folders.keys().filter(|folder| which(folder)).cloned().collect();
        for folder in &gone {
            folders.remove(folder);
        }
        drop(folders);
        for folder in &gone {
            // The system has done so already where the folder is gone.
            let _ = self.watcher.unwatch(folder.as_std_path());
        }
    }
}
