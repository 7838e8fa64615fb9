//! What is below a folder, kept from one question to the next.
//!
//! People type names letter by letter, and each letter asks again. A list is kept for as long as
//! all its folders are watched and nothing was told of them; without watching, for two seconds.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use camino::Utf8Path;
use ignore::WalkState;
use protocol::AbsPath;

use crate::walk::walk;

/// The most paths in a list; what a walk comes by later is left out.
const MAX_PATHS: usize = 200_000;

/// How many lists are kept.
const MAX_LISTS: usize = 8;

/// How long a list is kept that nobody watches over.
const UNWATCHED: Duration = Duration::from_secs(2);

/// What is below a folder; what ignore files leave out is left out.
pub(crate) struct Listing {
    /// The paths below the folder; those of folders end with a slash.
    pub(crate) paths: Vec<Box<str>>,
    /// All folders that were looked into.
    pub(crate) folders: Vec<AbsPath>,
    began: Instant,
    generation: u64,
    watched: bool,
}

impl Listing {
    /// Whether every folder was watched from before it was looked into.
    pub(crate) fn is_watched(&self) -> bool {
        self.watched
    }
}

/// The lists that are kept.
#[derive(Default)]
pub(crate) struct Listings {
    /// Rises whenever there may be other files than before.
    generation: AtomicU64,
    by_root: Mutex<HashMap<AbsPath, Arc<Listing>>>,
}

impl Listings {
    /// There may be other files than before.
    pub(crate) fn expire(&self) {
        self.generation.fetch_add(1, Ordering::SeqCst);
    }

    /// What is below `root`. `covers` tells whether folders have been watched since some time.
    pub(crate) fn get(
        &self,
        root: &AbsPath,
        covers: impl FnOnce(&[AbsPath], Instant) -> bool,
    ) -> Arc<Listing> {
        let generation = self.generation.load(Ordering::SeqCst);
        let kept = self.by_root().get(root).cloned();
        if let Some(kept) = kept
            && kept.generation == generation
            && (kept.watched || kept.began.elapsed() < UNWATCHED)
        {
            return kept;
        }
        let began = Instant::now();
        let (folders, paths) = look(root);
        let watched = covers(&folders, began);
        let listing = Arc::new(Listing { paths, folders, began, generation, watched });
        let mut by_root = self.by_root();
        if by_root.len() >= MAX_LISTS {
            by_root.clear();
        }
        by_root.insert(root.clone(), Arc::clone(&listing));
        listing
    }

    fn by_root(&self) -> MutexGuard<'_, HashMap<AbsPath, Arc<Listing>>> {
        self.by_root.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn look(root: &AbsPath) -> (Vec<AbsPath>, Vec<Box<str>>) {
    let found = Mutex::new((Vec::new(), Vec::new()));
    walk(root, false).build_parallel().run(|| {
        Box::new(|entry| {
            let Ok(entry) = entry else { return WalkState::Continue };
            let path = Utf8Path::from_path(entry.path()).and_then(|path| AbsPath::new(path).ok());
            let Some(path) = path else { return WalkState::Continue };
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
            let (folders, paths): &mut (Vec<AbsPath>, Vec<Box<str>>) = &mut found;
            if entry.depth() > 0 {
                let below = path.relative_to(root);
                paths.push(if is_folder { format!("{below}/").into() } else { below.into() });
            }
            if is_folder {
                folders.push(path);
            }
            if paths.len() < MAX_PATHS { WalkState::Continue } else { WalkState::Quit }
        })
    });
    found.into_inner().unwrap_or_else(PoisonError::into_inner)
}
