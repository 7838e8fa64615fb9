//! What others did to files: the user, a build, git. Editors tell of it, and so does the watcher.

use protocol::AbsPath;

use super::Shared;
use crate::resolve;

impl Shared {
    /// Files or folders at these paths are not what they were. Whether that concerns a document
    /// that somebody has seen. It blocks.
    pub(crate) fn outside(&self, paths: &[AbsPath]) -> bool {
        let mut concerns = false;
        for path in paths {
            let path = resolve::resolve(path).unwrap_or_else(|_| path.clone());
            concerns |= self.reread(&path);
            concerns |= self.abandon_vanished(&path);
        }
        concerns
    }

    /// Something may have happened that nobody told of.
    pub(crate) fn anything_outside(&self) {
        self.expire_listings();
        if let Ok(root) = AbsPath::new("/") {
            self.outside(&[root]);
        }
    }

    /// Gives files that somebody has read, and that are open nowhere, a new revision if their text
    /// changed.
    fn reread(&self, path: &AbsPath) -> bool {
        let mut changed = false;
        let read = self.buffers().read_below(path);
        for (file, before) in read {
            let now = self.hash_now(&file);
            if now.as_ref() == Some(&before) {
                continue;
            }
            changed = true;
            let mut buffers = self.buffers();
            match now {
                // Whoever opened it meanwhile has advanced it already.
                _ if buffers.is_open(&file) => {}
                Some(hash) => drop(buffers.stamp_of_file(&file, hash)),
                None => buffers.file_is_gone(&file),
            }
        }
        changed
    }

    /// An editor that shows a file which is gone, and nothing of its own, shows nothing that
    /// counts: the user took the file away.
    fn abandon_vanished(&self, path: &AbsPath) -> bool {
        let mut vanished = false;
        let open = self.buffers().below(path);
        for file in open.into_keys() {
            let missing = file
                .as_std_path()
                .symlink_metadata()
                .is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
            let saved = self.files().get(&file).map(|known| known.hash.clone());
            let Some(saved) = saved.filter(|_| missing) else { continue };
            // The same for all connections, or the buffer holds what is nowhere else.
            if self.shown(&file).hashes.iter().all(|hash| *hash == saved) {
                self.buffers().abandon(&file, &[saved]);
                vanished = true;
            }
        }
        vanished
    }

    /// Files came or went: no list of files is to be kept.
    pub(crate) fn expire_listings(&self) {
        self.listings.expire();
    }

    pub(crate) fn tick(&self) {
        self.ticks.send_modify(|count| *count += 1);
    }
}

#[cfg(test)]
mod tests;
