//! Who writes which file: two writers of ours must not both find a file as they expect it, and
//! different files do not wait for each other, since each waits for the disk.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash, Hasher},
    sync::{Mutex, MutexGuard, PoisonError},
};

use protocol::AbsPath;

/// How many files can be written at the same time at most.
const LOCKS: usize = 64;

/// A lock for each file; a few files share one.
pub(super) struct Writing([Mutex<()>; LOCKS]);

impl Default for Writing {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Writing {
    /// Waits until nobody writes these files. To be held while they are looked at and replaced.
    pub(super) fn lock(&self, paths: &[&AbsPath]) -> Vec<MutexGuard<'_, ()>> {
        let place = |path: &&AbsPath| {
            let mut hasher = DefaultHasher::new();
            path.as_str().hash(&mut hasher);
            (hasher.finish() % LOCKS as u64) as usize
        };
        // In one order, so that no two wait for each other, and each once.
        let places: BTreeSet<usize> = paths.iter().map(place).collect();
        let lock = |place: usize| self.0[place].lock().unwrap_or_else(PoisonError::into_inner);
        places.into_iter().map(lock).collect()
    }
}
