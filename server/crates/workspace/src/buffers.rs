//! The mirror: what editors have open, letter by letter.
//!
//! A document is one resolved path. Every connection that has it open has a replica of it; the
//! one last opened, focused or edited is what everybody reads. All of this is in memory and
//! without waiting, because a keystroke passes here; whoever calls has followed the links.
//!
//! A replica whose file was deleted or moved while it had no change of its own is *abandoned*: the
//! editor still shows it, but what counts is the disk, until the editor changes it.
//!
//! Revisions are counted per document and never fall, whichever replica or file the text comes
//! from. Hashes are made when somebody asks, and kept.

use std::collections::{BTreeMap, HashMap};

use changes::Counting;
use engine::{ConnectionId, Origin, Snapshot};
use protocol::{AbsPath, Replacement, Stamp};
use ropey::Rope;

use self::history::History;
use crate::{
    hash::{self, Hash},
    resolve,
};

mod history;

/// From this size on, in bytes, to make a hash takes a while.
const BIG: usize = 256 * 1024;

/// One change of a buffer, as an editor tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextChange {
    /// First position that is replaced and first after it, each as line and character from 0;
    /// none if the text is all new. Where they come in the wrong order they are exchanged, as
    /// editors do.
    pub range: Option<((u32, u32), (u32, u32))>,
    /// The new text.
    pub text: String,
}

/// Why a change of a buffer makes no sense. The buffer is as it was before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeRefused {
    /// The connection has not opened it.
    #[error("`{0}` is changed but was not opened")]
    NotOpen(AbsPath),
}

/// Everything that is open.
#[derive(Default)]
pub(crate) struct Buffers {
    documents: BTreeMap<AbsPath, Document>,
    /// What each connection's own names for its documents resolve to. Kept from the opening to
    /// the closing, so that no keystroke asks the disk and no document changes its identity.
    names: HashMap<(ConnectionId, AbsPath), AbsPath>,
    revisions: Revisions,
}

/// The revisions of all documents together.
#[derive(Default)]
struct Revisions {
    /// How many there have been.
    count: u64,
    /// The last one of each document, by the how many-th of all it is. This is asked with every
    /// keystroke, so nothing is searched for.
    last: BTreeMap<u64, AbsPath>,
}

impl Revisions {
    /// Counts a new revision of the document of which the `before`-th of all was the last; none
    /// was if that is 0. Gives the how many-th it is.
    fn count(&mut self, path: &AbsPath, before: u64) -> u64 {
        let path = self.last.remove(&before).unwrap_or_else(|| path.clone());
        self.count += 1;
        self.last.insert(self.count, path);
        self.count
    }

    /// The documents of which the last one was counted later than so many.
    fn since(&self, count: u64) -> impl Iterator<Item = &AbsPath> {
        self.last.range(count.saturating_add(1)..).map(|(_, path)| path)
    }
}

/// What is known of one resolved path.
#[derive(Default)]
struct Document {
    revision: u64,
    /// The how many-th revision of all documents that is.
    counted: u64,
    /// How its text became that of this revision.
    history: History,
    /// The hash of the file as it was last seen.
    on_disk: Option<Hash>,
    /// The last one that is not abandoned is authoritative.
    replicas: Vec<Replica>,
}

/// One connection's text. A connection may have a file open under two names; then there are two.
struct Replica {
    connection: ConnectionId,
    name: AbsPath,
    version: i32,
    text: Rope,
    hash: Option<Hash>,
    abandoned: bool,
}

impl Document {
    fn authoritative(&self) -> Option<&Replica> {
        self.counting().next_back()
    }

    fn counting(&self) -> impl DoubleEndedIterator<Item = &Replica> {
        self.replicas.iter().filter(|replica| !replica.abandoned)
    }

    /// The text is another one, or another's.
    fn advance(&mut self, path: &AbsPath, revisions: &mut Revisions) {
        self.count(path, revisions);
        self.history.begin(self.revision);
    }

    /// The text that counts was edited.
    fn advance_by(&mut self, edits: Vec<Replacement>, path: &AbsPath, revisions: &mut Revisions) {
        self.count(path, revisions);
        self.history.add(self.revision, edits);
    }

    fn count(&mut self, path: &AbsPath, revisions: &mut Revisions) {
        self.revision += 1;
        self.counted = revisions.count(path, self.counted);
    }

    fn position(&self, connection: ConnectionId, name: &AbsPath) -> Option<usize> {
        self.replicas.iter().position(|replica| replica.is(connection, name))
    }

    /// Makes a replica the authoritative one.
    fn prefer(&mut self, index: usize) -> &mut Replica {
        let replica = self.replicas.remove(index);
        self.replicas.push_mut(replica)
    }
}

impl Replica {
    fn is(&self, connection: ConnectionId, name: &AbsPath) -> bool {
        self.connection == connection && self.name == *name
    }

    fn view(&self, path: &AbsPath, revision: u64) -> View {
        View {
            path: path.clone(),
            text: self.text.clone(),
            revision,
            hash: self.hash.clone(),
            origin: Origin::Buffer { connection: self.connection, version: self.version },
        }
    }
}

/// A text of which the hash may not be known yet.
#[derive(Clone)]
pub(crate) struct View {
    path: AbsPath,
    pub(crate) text: Rope,
    revision: u64,
    pub(crate) hash: Option<Hash>,
    origin: Origin,
}

impl View {
    /// Whether its hash is known or soon made. Elsewhere it is made where blocking is allowed.
    pub(crate) fn is_quick(&self) -> bool {
        self.hash.is_some() || self.text.len_bytes() < BIG
    }

    /// The same with its hash. Slow on big texts, if the hash is not known.
    pub(crate) fn into_snapshot(self) -> Snapshot {
        let hash = self.hash.unwrap_or_else(|| hash::of_rope(&self.text));
        let stamp = Stamp { revision: self.revision, hash };
        Snapshot { path: self.path, text: self.text, stamp, origin: self.origin }
    }
}

impl Buffers {
    /// A connection opened a document; again is as good as for the first time.
    pub(crate) fn open(
        &mut self,
        connection: ConnectionId,
        name: &AbsPath,
        path: AbsPath,
        version: i32,
        text: &str,
    ) {
        self.close(connection, name);
        let document = self.documents.entry(path.clone()).or_default();
        document.advance(&path, &mut self.revisions);
        let text = Rope::from_str(text);
        document.replicas.push(Replica {
            connection,
            name: name.clone(),
            version,
            text,
            hash: None,
            abandoned: false,
        });
        self.names.insert((connection, name.clone()), path);
    }

    /// A connection's document changed, one change after the other.
    pub(crate) fn change(
        &mut self,
        connection: ConnectionId,
        name: &AbsPath,
        version: i32,
        changes: Vec<TextChange>,
        counting: impl Into<Counting>,
    ) -> Result<(), ChangeRefused> {
        let counting = counting.into();
        let not_open = || ChangeRefused::NotOpen(name.clone());
        let path = self.names.get(&(connection, name.clone())).ok_or_else(not_open)?;
        let document = self.documents.get_mut(path).ok_or_else(not_open)?;
        let index = document.position(connection, name).ok_or_else(not_open)?;
        let counted = document.authoritative().is_some_and(|it| it.is(connection, name));
        let replica = document.prefer(index);
        let apply = |change| apply(&mut replica.text, change, counting);
        let edits: Vec<Option<Replacement>> = changes.into_iter().map(apply).collect();
        replica.version = version;
        replica.hash = None;
        replica.abandoned = false;
        match edits.into_iter().collect() {
            Some(edits) if counted => document.advance_by(edits, path, &mut self.revisions),
            _ => document.advance(path, &mut self.revisions),
        }
        Ok(())
    }

    /// The user looks at a connection's document now. Whether that made a difference.
    pub(crate) fn focus(&mut self, connection: ConnectionId, name: &AbsPath) -> bool {
        let Some(path) = self.names.get(&(connection, name.clone())) else { return false };
        let Some(document) = self.documents.get_mut(path) else { return false };
        match document.position(connection, name) {
            Some(index) if index + 1 < document.replicas.len() => {
                document.prefer(index);
                document.advance(path, &mut self.revisions);
                true
            }
            _ => false,
        }
    }

    /// A connection closed a document. Whether it had it open.
    pub(crate) fn close(&mut self, connection: ConnectionId, name: &AbsPath) -> bool {
        let Some(path) = self.names.remove(&(connection, name.clone())) else { return false };
        if let Some(document) = self.documents.get_mut(&path) {
            document.replicas.retain(|replica| !replica.is(connection, name));
            document.advance(&path, &mut self.revisions);
        }
        true
    }

    /// A connection is gone, and all it had open. Whether it had anything open.
    pub(crate) fn disconnect(&mut self, connection: ConnectionId) -> bool {
        let names = self.names.keys().filter(|(other, _)| *other == connection);
        let names: Vec<AbsPath> = names.map(|(_, name)| name.clone()).collect();
        for name in &names {
            self.close(connection, name);
        }
        !names.is_empty()
    }

    /// A connection's own text of a document.
    pub(crate) fn replica(&self, connection: ConnectionId, name: &AbsPath) -> Option<View> {
        let path = self.names.get(&(connection, name.clone()))?;
        let document = self.documents.get(path)?;
        let replica = &document.replicas[document.position(connection, name)?];
        Some(replica.view(path, document.revision))
    }

    /// A connection's text of a document, with the path it is read by.
    pub(crate) fn text(&self, connection: ConnectionId, name: &AbsPath) -> Option<(AbsPath, Rope)> {
        let path = self.names.get(&(connection, name.clone()))?;
        let document = self.documents.get(path)?;
        let replica = &document.replicas[document.position(connection, name)?];
        Some((path.clone(), replica.text.clone()))
    }

    /// The text of a resolved path that counts, if it is open anywhere.
    pub(crate) fn authoritative(&self, path: &AbsPath) -> Option<View> {
        let document = self.documents.get(path)?;
        Some(document.authoritative()?.view(path, document.revision))
    }

    /// The revision of a resolved path as it was last seen.
    pub(crate) fn revision(&self, path: &AbsPath) -> Option<u64> {
        Some(self.documents.get(path)?.revision)
    }

    /// The resolved paths that have a new revision since so many were counted of all together, and
    /// how many that are now.
    pub(crate) fn changed_since(&self, count: u64) -> (u64, Vec<AbsPath>) {
        (self.revisions.count, self.revisions.since(count).cloned().collect())
    }

    /// How a document came from one revision to another, if that is known.
    pub(crate) fn edits_between(
        &self,
        path: &AbsPath,
        from: u64,
        to: u64,
    ) -> Option<Vec<Vec<Replacement>>> {
        let document = self.documents.get(path).filter(|document| to <= document.revision)?;
        document.history.between(from, to)
    }

    /// What every connection shows of a resolved path, but for the abandoned.
    pub(crate) fn all(&self, path: &AbsPath) -> Vec<View> {
        let Some(document) = self.documents.get(path) else { return Vec::new() };
        document.counting().map(|replica| replica.view(path, document.revision)).collect()
    }

    /// Whether a resolved path is open anywhere.
    pub(crate) fn is_open(&self, path: &AbsPath) -> bool {
        self.documents.get(path).is_some_and(|document| document.authoritative().is_some())
    }

    /// The resolved paths that are open anywhere.
    pub(crate) fn open_paths(&self) -> Vec<AbsPath> {
        let open = self.documents.iter().filter(|(_, document)| document.authoritative().is_some());
        open.map(|(path, _)| path.clone()).collect()
    }

    /// What is open of a resolved path and has one of these hashes, known to it already, does
    /// not count any more until it changes.
    pub(crate) fn abandon(&mut self, path: &AbsPath, shown: &[Hash]) {
        let Some(document) = self.documents.get_mut(path) else { return };
        for replica in &mut document.replicas {
            replica.abandoned |= replica.hash.as_ref().is_some_and(|hash| shown.contains(hash));
        }
        document.advance(path, &mut self.revisions);
    }

    /// The open texts at and below a resolved path. Those without a place on disk are below none.
    pub(crate) fn below(&self, root: &AbsPath) -> BTreeMap<AbsPath, Rope> {
        let below = self.documents.range(root..).take_while(|(path, _)| path.starts_with(root));
        let below = below.filter(|(path, _)| *path == root || !resolve::is_untitled(path));
        below
            .filter_map(|(path, document)| {
                Some((path.clone(), document.authoritative()?.text.clone()))
            })
            .collect()
    }

    /// Keeps the hash that was made for a snapshot, if the text is still that one.
    pub(crate) fn remember(&mut self, snapshot: &Snapshot) {
        let Origin::Buffer { connection, .. } = snapshot.origin else { return };
        let Some(document) = self.documents.get_mut(&snapshot.path) else { return };
        let same = |replica: &&mut Replica| {
            replica.connection == connection && replica.text.is_instance(&snapshot.text)
        };
        if let Some(replica) = document.replicas.iter_mut().find(same) {
            replica.hash = Some(snapshot.stamp.hash.clone());
        }
    }

    /// The stamp of a file that has this hash now and is open nowhere.
    pub(crate) fn stamp_of_file(&mut self, path: &AbsPath, hash: Hash) -> Stamp {
        let document = self.documents.entry(path.clone()).or_default();
        if document.on_disk.as_ref() != Some(&hash) {
            document.advance(path, &mut self.revisions);
            document.on_disk = Some(hash.clone());
        }
        Stamp { revision: document.revision, hash }
    }

    /// The files at and below a path that somebody has read and that are open nowhere, each with
    /// the hash of its text then.
    pub(crate) fn read_below(&self, path: &AbsPath) -> Vec<(AbsPath, Hash)> {
        let below = self.documents.range(path..).take_while(|(it, _)| it.starts_with(path));
        let closed = below.filter(|(_, document)| document.authoritative().is_none());
        closed.filter_map(|(path, it)| Some((path.clone(), it.on_disk.clone()?))).collect()
    }

    /// A file that is open nowhere has no text any more.
    pub(crate) fn file_is_gone(&mut self, path: &AbsPath) {
        if let Some(document) = self.documents.get_mut(path) {
            document.on_disk = None;
            document.advance(path, &mut self.revisions);
        }
    }
}

/// Changes a text. What was replaced, unless it is all new.
fn apply(text: &mut Rope, change: TextChange, counting: Counting) -> Option<Replacement> {
    let Some((one, other)) = change.range else {
        *text = Rope::from_str(&change.text);
        return None;
    };
    let (first, last) = (one.min(other), one.max(other));
    let start = counting.offset(text, first.0, first.1);
    let end = counting.offset(text, last.0, last.1);
    let edit = behind_last_break(text, Replacement { start, end, text: change.text });
    let first = text.byte_to_char(edit.start);
    text.remove(first..text.byte_to_char(edit.end));
    text.insert(first, &edit.text);
    Some(edit)
}

/// Lines that come or go at the end of a text, with their own line breaks. Editors without a line
/// behind the last break (Vim) tell of the break before each of them; in the middle of a text they
/// tell of the one behind it, and what is told twice must be known for the same.
fn behind_last_break(text: &Rope, edit: Replacement) -> Replacement {
    let length = text.len_bytes();
    let has = |start: usize, part: &str| {
        text.get_byte_slice(start..start + part.len()).is_some_and(|it| it == part)
    };
    let is_last = |last: &&str| length.checked_sub(last.len()).is_some_and(|at| has(at, last));
    let Some(last) = ["\r\n", "\n"].into_iter().find(is_last) else { return edit };
    let Replacement { start, end, text: new } = &edit;
    if end + last.len() != length {
        return edit;
    }
    match new.strip_prefix(last) {
        Some(lines) if start == end => {
            Replacement { start: length, end: length, text: format!("{lines}{last}") }
        }
        None if new.is_empty() && start < end && has(*start, last) => {
            Replacement { start: start + last.len(), end: length, text: String::new() }
        }
        _ => edit,
    }
}

#[cfg(test)]
mod tests;
