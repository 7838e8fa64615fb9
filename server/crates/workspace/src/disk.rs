//! Files: reading with a cap, writing whole or not at all. The one place that opens files.
//!
//! Only regular files are touched: opening a pipe can hang and opening a device can act. Paths
//! are resolved before they come here, and a link found in the last place is refused, not
//! followed. It knows nothing of buffers.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Read, Write},
    path::Path,
};

use engine::DocumentError;
use protocol::AbsPath;
use tempfile::NamedTempFile;

use crate::hash::{self, Hash};

/// Reads a regular file of UTF-8 text with at most `limit` bytes.
pub(crate) fn read(path: &AbsPath, limit: u64) -> Result<String, DocumentError> {
    read_from(path, open(path, OpenOptions::new().read(true))?, limit)
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

fn read_from(path: &AbsPath, file: File, limit: u64) -> Result<String, DocumentError> {
    let too_big = |bytes| DocumentError::TooBig { path: path.clone(), bytes, limit };
    let size = file.metadata().map_err(|error| refused(path, error))?.len();
    if size > limit {
        return Err(too_big(size));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
    // The size may be a lie: files in `/proc` have none, and others grow.
    (&file)
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| refused(path, error))?;
    if bytes.len() as u64 > limit {
        let size = file.metadata().map_or(0, |metadata| metadata.len());
        return Err(too_big(size.max(bytes.len() as u64)));
    }
    String::from_utf8(bytes).map_err(|_| DocumentError::NotUtf8(path.clone()))
}

/// What a file must be for a write to go ahead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// There is no file.
    Missing,
    /// There is one, and its text has this hash.
    Text(Hash),
}

/// Writes a text to a file, whole or not at all, if the file is as expected and `allow` has no
/// objection at the last moment. Keeps the permissions and, where the system lets us, the owner.
pub(crate) fn write(
    path: &AbsPath,
    expected: &Expected,
    text: &str,
    limit: u64,
    allow: impl FnOnce() -> Result<(), DocumentError>,
) -> Result<(), DocumentError> {
    let fail = |error| refused(path, error);
    let target = path.as_std_path();
    // Cheap to find out now, before anything has been made; asked again below.
    check(path, expected, limit)?;
    let folder = target.parent().ok_or_else(|| DocumentError::NotAFile(path.clone()))?;
    if *expected == Expected::Missing {
        fs::create_dir_all(folder).map_err(fail)?;
    }
    let mut file = temporary(folder).map_err(fail)?;
    file.write_all(text.as_bytes()).map_err(fail)?;
    file.as_file().sync_data().map_err(fail)?;
    let original = check(path, expected, limit)?;
    if let Some(original) = &original {
        take_after(original, file.as_file()).map_err(fail)?;
    }
    allow()?;
    let persisted = match original {
        Some(_) => file.persist(target),
        None => file.persist_noclobber(target),
    };
    match persisted {
        Ok(_) => Ok(()),
        Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
            Err(DocumentError::Stale(path.clone()))
        }
        Err(error) => Err(fail(error.error)),
    }
}

/// A file beside the target, so that renaming it is one step; removed again unless kept. The
/// permissions are those of any new file.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".coworker-").suffix(".tmp");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// The file as it is, if it is as expected and may be written; none if it is not there and is
/// not expected to be.
fn check(path: &AbsPath, expected: &Expected, limit: u64) -> Result<Option<File>, DocumentError> {
    let metadata = match path.as_std_path().symlink_metadata() {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(refused(path, error)),
    };
    match (metadata, expected) {
        (None, Expected::Missing) => Ok(None),
        (Some(metadata), _) if metadata.is_dir() => Err(DocumentError::NotAFile(path.clone())),
        (None, Expected::Text(_)) | (Some(_), Expected::Missing) => {
            Err(DocumentError::Stale(path.clone()))
        }
        (Some(metadata), Expected::Text(hash)) => {
            // A rename needs no right to write the file, so that has to be asked for.
            if metadata.permissions().readonly() {
                let error = io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only");
                return Err(refused(path, error));
            }
            let file = open(path, OpenOptions::new().read(true).write(true))?;
            let text = read_from(path, file.try_clone().map_err(|e| refused(path, e))?, limit)?;
            if hash::of_str(&text) != *hash {
                return Err(DocumentError::Stale(path.clone()));
            }
            Ok(Some(file))
        }
    }
}

/// Gives a new file the permissions and the owner of the old one.
fn take_after(original: &File, file: &File) -> io::Result<()> {
    let metadata = original.metadata()?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let new = file.metadata()?;
        if (new.uid(), new.gid()) != (metadata.uid(), metadata.gid()) {
            // Only root may give files away. A file whose group cannot be kept is still the
            // user's file with the user's text, so this is not worth refusing the edit.
            if let Err(error) = fchown(file, Some(metadata.uid()), Some(metadata.gid())) {
                tracing::debug!(%error, "the owner of a rewritten file could not be kept");
            }
        }
    }
    // After the owner: changing that takes bits away.
    file.set_permissions(metadata.permissions())
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
