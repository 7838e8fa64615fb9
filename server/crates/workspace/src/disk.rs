//! Files: what they are, and reading them with a cap. The one place that opens files.
//!
//! Only regular files are touched: opening a pipe can hang and opening a device can act. Paths
//! are resolved before they come here, and a link found in the last place is refused, not
//! followed. It knows nothing of buffers.
//!
//! `write` replaces a file, whole or not at all; `moves` takes files away and elsewhere;
//! `putting_back` gives a file the bytes it had.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, Read},
    time::{Duration, SystemTime},
};

use engine::{DocumentError, Entry, FileBytes};
use protocol::AbsPath;

use crate::{
    encoding::{self, Form},
    hash::{self, Hash},
};

mod attributes;
mod moves;
mod putting_back;
mod write;

pub(crate) use moves::{remove, rename};
pub(crate) use putting_back::{put_back, says};
pub(crate) use write::{Expected, is_temporary, write};

/// How old a change must be for the time of a file to tell it from the next one: clocks of file
/// systems are coarse.
const SETTLED: Duration = Duration::from_secs(2);

/// How many bytes of a file are looked at at once, if it is not read whole.
const PIECE: usize = 64 * 1024;

/// How files are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// The most bytes.
    pub(crate) limit: u64,
    /// The form that the file was found in before.
    pub(crate) known: Option<Form>,
}

/// The text of a file.
#[derive(Debug)]
pub(crate) struct FileText {
    pub(crate) text: String,
    pub(crate) hash: Hash,
    pub(crate) form: Form,
    /// What tells this state of the file from others; none if it changed just now.
    pub(crate) state: Option<State>,
}

/// A state of a file, without what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct State {
    bytes: u64,
    changed: SystemTime,
    /// The file itself and when anything of it changed, where the system knows.
    node: (u64, u64, i64, i64),
}

impl State {
    /// None if the file changed so lately that a second change could look the same.
    fn of(metadata: &Metadata) -> Option<Self> {
        let changed = metadata.modified().ok()?;
        let age = SystemTime::now().duration_since(changed).ok()?;
        let state = Self { bytes: metadata.len(), changed, node: node(metadata) };
        (age > SETTLED).then_some(state)
    }
}

#[cfg(unix)]
fn node(metadata: &Metadata) -> (u64, u64, i64, i64) {
    use std::os::unix::fs::MetadataExt;
    (metadata.dev(), metadata.ino(), metadata.ctime(), metadata.ctime_nsec())
}

#[cfg(not(unix))]
fn node(_: &Metadata) -> (u64, u64, i64, i64) {
    (0, 0, 0, 0)
}

/// The state of a file as it is now; none if it is not there, or changed just now.
pub(crate) fn state(path: &AbsPath) -> Option<State> {
    State::of(&path.as_std_path().symlink_metadata().ok()?)
}

/// Reads the text of a regular file.
pub(crate) fn read(path: &AbsPath, reading: Reading) -> Result<FileText, DocumentError> {
    read_from(path, &open(path, OpenOptions::new().read(true))?, reading)
}

/// Opens a regular file, and nothing else, without ever waiting for anybody.
pub(crate) fn open(path: &AbsPath, options: &mut OpenOptions) -> Result<File, DocumentError> {
    let metadata = path.as_std_path().symlink_metadata().map_err(|error| refused(path, error))?;
    if !metadata.is_file() {
        return Err(DocumentError::NotAFile(path.clone()));
    }
    open_seen(path, options)
}

/// Opens what was just seen to be a regular file. It may have become something else meanwhile.
pub(crate) fn open_seen(path: &AbsPath, options: &mut OpenOptions) -> Result<File, DocumentError> {
    never_wait(options);
    let file = options.open(path.as_std_path()).map_err(|error| refused(path, error))?;
    let metadata = file.metadata().map_err(|error| refused(path, error))?;
    if metadata.is_file() { Ok(file) } else { Err(DocumentError::NotAFile(path.clone())) }
}

#[cfg(unix)]
fn never_wait(options: &mut OpenOptions) {
    use std::os::unix::fs::OpenOptionsExt;
    options.custom_flags(libc::O_NONBLOCK | libc::O_NOFOLLOW);
}

#[cfg(not(unix))]
fn never_wait(_: &mut OpenOptions) {}

/// The bytes of a file, text or not; none if there is none.
pub(crate) fn bytes(path: &AbsPath, limit: u64) -> Result<Option<FileBytes>, DocumentError> {
    let file = match open(path, OpenOptions::new().read(true)) {
        Err(DocumentError::NotFound(_)) => return Ok(None),
        file => file?,
    };
    let (bytes, metadata) = bytes_of(path, &file, limit)?;
    Ok(Some(FileBytes { bytes, permissions: permissions(&metadata) }))
}

#[cfg(unix)]
fn permissions(metadata: &Metadata) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    Some(metadata.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
fn permissions(_: &Metadata) -> Option<u32> {
    None
}

fn read_from(path: &AbsPath, file: &File, reading: Reading) -> Result<FileText, DocumentError> {
    let (bytes, metadata) = bytes_of(path, file, reading.limit)?;
    let text = encoding::decode(bytes, reading.known);
    let (text, form) = text.ok_or_else(|| DocumentError::NotUtf8(path.clone()))?;
    let hash = hash::of_str(&text);
    Ok(FileText { text, hash, form, state: State::of(&metadata) })
}

/// What is in a file, and what was known of it before it was read.
fn bytes_of(path: &AbsPath, file: &File, limit: u64) -> Result<(Vec<u8>, Metadata), DocumentError> {
    let too_big = |bytes| DocumentError::TooBig { path: path.clone(), bytes, limit };
    let metadata = file.metadata().map_err(|error| refused(path, error))?;
    if metadata.len() > limit {
        return Err(too_big(metadata.len()));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or_default() + 1);
    // The size may be a lie: files in `/proc` have none, and others grow.
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| refused(path, error))?;
    if bytes.len() as u64 > limit {
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        return Err(too_big(size.max(bytes.len() as u64)));
    }
    Ok((bytes, metadata))
}

/// The hash of a file's text and what tells this state of it, without having it in memory; none if
/// the file is not in UTF-8 without a mark, and has to be read.
pub(crate) fn hash(
    path: &AbsPath,
    limit: u64,
) -> Result<Option<(Hash, Option<State>)>, DocumentError> {
    let mut file = open(path, OpenOptions::new().read(true))?;
    let metadata = file.metadata().map_err(|error| refused(path, error))?;
    let mut hash = hash::Hashing::default();
    let mut piece = vec![0; PIECE];
    let (mut read, mut begun) = (0, 0);
    loop {
        let new = file.read(&mut piece[begun..]).map_err(|error| refused(path, error))?;
        let filled = begun + new;
        if read == 0 && !encoding::begins_plainly(&piece[..filled]) {
            return Ok(None);
        }
        read += new as u64;
        if read > limit {
            let bytes = metadata.len().max(read);
            return Err(DocumentError::TooBig { path: path.clone(), bytes, limit });
        }
        let whole = match std::str::from_utf8(&piece[..filled]) {
            Ok(text) => text.len(),
            // The last character goes on in the next piece.
            Err(error) if error.error_len().is_none() && new > 0 => error.valid_up_to(),
            Err(_) => return Ok(None),
        };
        if new == 0 {
            return Ok(Some((hash.end(), State::of(&metadata))));
        }
        hash.add(&piece[..whole]);
        piece.copy_within(whole..filled, 0);
        begun = filled - whole;
    }
}

/// What is in a folder, in no order. Names that are not UTF-8 are left out: no path has them.
pub(crate) fn list(folder: &AbsPath) -> Result<Vec<Entry>, DocumentError> {
    let fail = |error| refused(folder, error);
    let mut entries = Vec::new();
    for entry in fs::read_dir(folder.as_std_path()).map_err(fail)? {
        let name = entry.map_err(fail)?.file_name();
        let path = name.to_str().and_then(|name| folder.join(name).ok());
        entries.extend(path.map(entry_of));
    }
    Ok(entries)
}

/// What is at a path. A link that leads nowhere is an empty file.
pub(crate) fn entry_of(path: AbsPath) -> Entry {
    let metadata = path.as_std_path().metadata();
    let is_folder = metadata.as_ref().is_ok_and(Metadata::is_dir);
    let bytes = metadata.map_or(0, |metadata| if is_folder { 0 } else { metadata.len() });
    Entry { path, is_folder, bytes }
}

/// The system's refusal in the words of [`DocumentError`].
pub(crate) fn refused(path: &AbsPath, source: io::Error) -> DocumentError {
    let path = path.clone();
    match source.kind() {
        io::ErrorKind::NotFound => DocumentError::NotFound(path),
        io::ErrorKind::IsADirectory => DocumentError::NotAFile(path),
        _ => DocumentError::Io { path, source },
    }
}

#[cfg(test)]
mod tests;
