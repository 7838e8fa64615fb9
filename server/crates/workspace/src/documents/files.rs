//! Files under the buffers: reading, writing, deleting, moving, and what is known of their state.
//!
//! All of this blocks. What an editor shows and the disk does not have is never lost here: it is
//! looked for before a file is taken away, and once more at the last moment.

use std::sync::Arc;

use engine::{DocumentError, Entry, Excerpt, FileBytes, Origin, Part, Snapshot};
use protocol::{AbsPath, Stamp};
use ropey::Rope;
use tokio_util::sync::CancellationToken;

use super::Shared;
use crate::{
    buffers::View,
    disk::{self, Expected, FileText, Reading, State},
    encoding::{self, Form},
    excerpt,
    hash::{self, Hash},
    listing::Listing,
    resolve,
};

/// What is known of a file that was read or written.
pub(super) struct OnDisk {
    pub(super) form: Form,
    pub(super) hash: Hash,
    /// The state of the file that has this hash; none if another one could look the same.
    state: Option<State>,
}

/// What editors show of a document.
#[derive(Default)]
pub(super) struct Shown {
    pub(super) hashes: Vec<Hash>,
    /// Whether the disk does not have one of them.
    unsaved: bool,
    /// Whether all of them show nothing.
    is_empty: bool,
}

impl Shared {
    /// The text of a file that is open nowhere, and from now on an eye on its folder.
    pub(super) fn watched_snapshot(
        self: &Arc<Self>,
        path: &AbsPath,
    ) -> Result<Snapshot, DocumentError> {
        let snapshot = self.snapshot_of_file(path)?;
        self.watching.watch(Arc::downgrade(self), path.parent());
        Ok(snapshot)
    }

    fn snapshot_of_file(&self, path: &AbsPath) -> Result<Snapshot, DocumentError> {
        if resolve::is_untitled(path) {
            return Err(DocumentError::NotFound(path.clone()));
        }
        resolve::require(path)?;
        let FileText { text, hash, .. } = self.read(path)?;
        let mut buffers = self.buffers();
        // It may have been opened while it was being read; then the editor has the word.
        if let Some(view) = buffers.authoritative(path) {
            drop(buffers);
            return Ok(self.seal(view));
        }
        let stamp = buffers.stamp_of_file(path, hash);
        let text = Rope::from_str(&text);
        Ok(Snapshot { path: path.clone(), text, stamp, origin: Origin::Disk })
    }

    pub(super) fn read(&self, path: &AbsPath) -> Result<FileText, DocumentError> {
        let file = disk::read(path, self.reading(path))?;
        let known = OnDisk { form: file.form, hash: file.hash.clone(), state: file.state };
        self.files().insert(path.clone(), known);
        Ok(file)
    }

    /// The bytes of a file, if there is one.
    pub(super) fn file(&self, path: &AbsPath) -> Result<Option<FileBytes>, DocumentError> {
        if resolve::is_untitled(path) {
            return Ok(None);
        }
        resolve::require(path)?;
        disk::bytes(path, self.limits.max_bytes)
    }

    fn reading(&self, path: &AbsPath) -> Reading {
        let known = self.files().get(path).map(|file| file.form);
        Reading { limit: self.limits.max_bytes, known }
    }

    pub(super) fn write(
        &self,
        path: &AbsPath,
        expected: &Expected,
        text: &str,
    ) -> Result<Stamp, DocumentError> {
        resolve::require(path)?;
        let closed = || match self.buffers().is_open(path) {
            true => Err(DocumentError::OpenInEditor(path.clone())),
            false => Ok(()),
        };
        closed()?;
        let writing = self.writing.lock(&[path]);
        let (hash, form) = disk::write(path, expected, text, self.reading(path), closed)?;
        drop(writing);
        if *expected == Expected::Missing {
            self.listings.expire();
        }
        self.files().insert(path.clone(), OnDisk { form, hash: hash.clone(), state: None });
        let stamp = self.buffers().stamp_of_file(path, hash);
        self.tick();
        Ok(stamp)
    }

    pub(super) fn remove(&self, path: &AbsPath, expected: &Hash) -> Result<(), DocumentError> {
        resolve::require(path)?;
        let expected = match self.expendable(path)? {
            // Of whoever shows nothing, it is the file that is expected.
            shown if shown.unsaved => expected.clone(),
            _ => self.on_disk(path, expected)?,
        };
        let writing = self.writing.lock(&[path]);
        let mut shown = Vec::new();
        disk::remove(path, &expected, self.reading(path), || {
            shown = self.expendable(path)?.hashes;
            Ok(())
        })?;
        drop(writing);
        self.buffers().file_is_gone(path);
        self.moved(&[(path, shown)]);
        Ok(())
    }

    pub(super) fn rename(
        &self,
        from: &AbsPath,
        to: &AbsPath,
        expected: &Hash,
    ) -> Result<(), DocumentError> {
        resolve::require(from)?;
        resolve::require(to)?;
        let expected = self.on_disk(from, expected)?;
        self.saved(to)?;
        let writing = self.writing.lock(&[from, to]);
        let (mut shown_from, mut shown_to) = (Vec::new(), Vec::new());
        disk::rename(from, to, &expected, self.reading(from), || {
            (shown_from, shown_to) = (self.saved(from)?, self.saved(to)?);
            Ok(())
        })?;
        drop(writing);
        self.buffers().file_is_gone(from);
        let known = self.files().remove(from);
        if let Some(known) = known {
            self.files().insert(to.clone(), OnDisk { state: None, ..known });
        }
        self.moved(&[(from, shown_from), (to, shown_to)]);
        Ok(())
    }

    /// Something happened to files by our own hand. What editors still show of them, if it is
    /// what was seen before, does not count any more.
    pub(super) fn moved(&self, files: &[(&AbsPath, Vec<Hash>)]) {
        let mut buffers = self.buffers();
        for (path, shown) in files {
            buffers.abandon(path, shown);
        }
        drop(buffers);
        self.listings.expire();
        self.tick();
    }

    /// The hashes of what editors show of a document; an error if the disk does not have it.
    pub(super) fn saved(&self, path: &AbsPath) -> Result<Vec<Hash>, DocumentError> {
        let shown = self.shown(path);
        if shown.unsaved { Err(DocumentError::Unsaved(path.clone())) } else { Ok(shown.hashes) }
    }

    /// What editors show of a document; an error if that is text which the disk does not have.
    fn expendable(&self, path: &AbsPath) -> Result<Shown, DocumentError> {
        let shown = self.shown(path);
        let is_lost = shown.unsaved && !shown.is_empty;
        if is_lost { Err(DocumentError::Unsaved(path.clone())) } else { Ok(shown) }
    }

    /// The hash that a file must have for a document to be as expected. An editor without
    /// changes of its own may show it in its own way.
    fn on_disk(&self, path: &AbsPath, expected: &Hash) -> Result<Hash, DocumentError> {
        let shown = self.saved(path)?;
        let saved = if shown.contains(expected) { self.hash_now(path) } else { None };
        Ok(saved.unwrap_or_else(|| expected.clone()))
    }

    /// The documents that an editor shows otherwise than the disk has them.
    pub(super) fn unsaved(&self) -> Vec<AbsPath> {
        let mut open = self.buffers().open_paths();
        open.retain(|path| !resolve::is_untitled(path) && self.shown(path).unsaved);
        open
    }

    /// The unsaved documents at and below a resolved path with what they show.
    pub(super) fn unsaved_texts(&self, root: &AbsPath) -> Vec<(AbsPath, Rope)> {
        let open = self.buffers().below(root).into_iter();
        open.filter(|(path, _)| self.shown(path).unsaved).collect()
    }

    /// What editors show of a document, beside what the disk has.
    pub(super) fn shown(&self, path: &AbsPath) -> Shown {
        let views = self.buffers().all(path);
        let Some(longest) = views.iter().map(|view| view.text.len_bytes()).max() else {
            return Shown::default();
        };
        let seal = |view: View| (view.text.clone(), self.seal(view).stamp.hash);
        let texts: Vec<(Rope, Hash)> = views.into_iter().map(seal).collect();
        let unsaved = match self.hash_on_disk(path, longest) {
            Ok(Some(saved)) => {
                // An editor that ends every line shows an empty file as an empty line.
                let nothing = saved == hash::of_str("");
                let other = texts.iter().filter(|(_, shown)| *shown != saved);
                other
                    .filter(|(text, _)| !(nothing && is_empty(text)))
                    .any(|(text, _)| !self.is_misread(path, text))
            }
            // Empty buffers are what editors show of files that are not there.
            Ok(None) => texts.iter().any(|(text, _)| !is_empty(text)),
            Err(DocumentError::TooBig { .. }) => true,
            // A file that is not text. There is no telling, and nothing speaks for it.
            Err(_) => false,
        };
        let is_empty = texts.iter().all(|(text, _)| is_empty(text));
        Shown { is_empty, unsaved, hashes: texts.into_iter().map(|(_, hash)| hash).collect() }
    }

    /// Whether a text is what an editor makes of a file that it takes to be in another encoding.
    fn is_misread(&self, path: &AbsPath, text: &Rope) -> bool {
        let form = self.files().get(path).map(|file| file.form);
        if form.is_none_or(Form::is_unicode) {
            return false;
        }
        let Ok(file) = self.read(path) else { return false };
        let Ok(bytes) = file.form.encode(&file.text) else { return false };
        encoding::other_readings(&bytes).iter().any(|reading| text == reading)
    }

    /// The hash of a file's text; none if there is no file. A file that cannot be what a buffer
    /// of so many bytes shows is too big; any other is read, for the buffer is as big.
    fn hash_on_disk(&self, path: &AbsPath, buffer: usize) -> Result<Option<Hash>, DocumentError> {
        if let Some(hash) = self.hash_of_known(path) {
            return Ok(Some(hash));
        }
        // No encoding takes more than four bytes for what has one in UTF-8.
        let limit = (buffer as u64).saturating_mul(4).max(self.limits.max_bytes);
        let look = || match disk::hash(path, limit)? {
            Some((hash, state)) => Ok(OnDisk { form: Form::NEW, hash, state }),
            None => {
                let file = disk::read(path, Reading { limit, ..self.reading(path) })?;
                Ok(OnDisk { form: file.form, hash: file.hash, state: file.state })
            }
        };
        match look() {
            Ok(known) => {
                let hash = known.hash.clone();
                self.files().insert(path.clone(), known);
                Ok(Some(hash))
            }
            Err(DocumentError::NotFound(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The hash of a file that is as it was when it was last read.
    fn hash_of_known(&self, path: &AbsPath) -> Option<Hash> {
        let now = disk::state(path)?;
        let files = self.files();
        let known = files.get(path).filter(|known| known.state == Some(now))?;
        Some(known.hash.clone())
    }

    /// The hash of the text that is on disk now, if it can be read.
    pub(super) fn hash_now(&self, path: &AbsPath) -> Option<Hash> {
        self.hash_on_disk(path, 0).ok().flatten()
    }

    pub(super) fn list(&self, folder: &AbsPath) -> Result<Vec<Entry>, DocumentError> {
        if resolve::is_untitled(folder) {
            return Err(DocumentError::NotFound(folder.clone()));
        }
        let mut entries = disk::list(folder)?;
        // What is open before it is on disk; a file in a new folder stands for nothing here.
        let open = self.buffers().below(folder);
        for (path, text) in open {
            if path.parent().as_ref() == Some(folder)
                && !entries.iter().any(|entry| entry.path == path)
            {
                entries.push(Entry { path, is_folder: false, bytes: text.len_bytes() as u64 });
            }
        }
        entries.sort_by(|one, other| one.path.cmp(&other.path));
        Ok(entries)
    }

    pub(super) fn excerpt(
        self: &Arc<Self>,
        path: &AbsPath,
        part: Part,
        cancel: &CancellationToken,
    ) -> Result<Excerpt, DocumentError> {
        let view = self.buffers().authoritative(path);
        let document = match view {
            Some(view) => Ok(self.seal(view)),
            None => self.watched_snapshot(path),
        };
        match document {
            Ok(document) => {
                let form = self.files().get(path).map_or(Form::NEW, |file| file.form);
                Ok(excerpt::of_document(document, part, form))
            }
            Err(DocumentError::TooBig { .. }) => excerpt::of_file(path, part, cancel),
            Err(error) => Err(error),
        }
    }

    /// What is below a folder; it is looked through again only if something may have changed.
    pub(super) fn listing(self: &Arc<Self>, root: &AbsPath) -> Arc<Listing> {
        let watching = &self.watching;
        let listing = self.listings.get(root, |folders, since| watching.covers(folders, since));
        if !listing.is_watched() {
            watching.watch(Arc::downgrade(self), listing.folders.iter().cloned());
        }
        listing
    }
}

fn is_empty(text: &Rope) -> bool {
    matches!(text.len_bytes(), 0..=2) && text.chars().all(|char| matches!(char, '\n' | '\r'))
}
