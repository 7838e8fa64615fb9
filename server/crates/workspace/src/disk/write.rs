//! Writing a file, whole or not at all.
//!
//! A file is replaced by a new one of its name, in one step that cannot be seen half done. Where
//! that would lose something (other names of the file, its owner, its attributes) or the folder
//! takes no new file, it is written in place: first the old bytes are put aside and made safe on
//! disk, then the new ones are written over them, and if that fails, the old ones again. If the
//! process is killed in between, the copy stays.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Seek, Write},
    path::Path,
};

use engine::DocumentError;
use protocol::AbsPath;
use tempfile::NamedTempFile;

use super::{FileText, Reading, attributes, open_seen, read_from, refused};
use crate::{
    encoding::{self, Form},
    hash::{self, Hash},
};

/// What a file must be for a write to go ahead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// There is no file.
    Missing,
    /// There is one, and its text has this hash.
    Text(Hash),
}

/// Writes a text to a file, if the file is as expected and `allow` has no objection at the last
/// moment. Keeps its encoding, permissions, owner, attributes and further names. Gives the hash
/// of what is to be read there now: a mark at the start of `text` becomes the file's.
pub(crate) fn write(
    path: &AbsPath,
    expected: &Expected,
    text: &str,
    reading: Reading,
    allow: impl FnOnce() -> Result<(), DocumentError>,
) -> Result<(Hash, Form), DocumentError> {
    // Cheap to find out now, before anything has been made; asked again below.
    let original = check(path, expected, reading)?;
    let form = original.as_ref().map_or(Form::NEW, |original| original.before.form);
    let (form, text) = form.take_mark(text);
    let bytes = form.encode(text).map_err(|character| DocumentError::NotEncodable {
        path: path.clone(),
        encoding: form.name(),
        character,
    })?;
    let again = encoding::decode(bytes.to_vec(), Some(form));
    if again.is_none_or(|(again, _)| again != text) {
        let source = io::Error::new(
            io::ErrorKind::InvalidData,
            format!("in {} the new text would be read as another one", form.name()),
        );
        return Err(DocumentError::Io { path: path.clone(), source });
    }
    let attempt = Attempt { path, expected, reading, bytes: &bytes };
    match original {
        None => attempt.create(allow)?,
        Some(original) => match attempt.replacement(&original)? {
            Some(new) => attempt.replace(new, allow)?,
            None => attempt.in_place(allow)?,
        },
    }
    Ok((hash::of_str(text), form))
}

/// A file that is as expected.
struct Original {
    file: File,
    before: FileText,
}

/// The file as it is, if it is as expected and may be written; none if it is not there and is
/// not expected to be.
fn check(
    path: &AbsPath,
    expected: &Expected,
    reading: Reading,
) -> Result<Option<Original>, DocumentError> {
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
            if !metadata.is_file() {
                return Err(DocumentError::NotAFile(path.clone()));
            }
            // A rename needs no right to write the file, so that has to be asked for.
            if metadata.permissions().readonly() {
                let error = io::Error::new(io::ErrorKind::PermissionDenied, "it is read-only");
                return Err(refused(path, error));
            }
            let file = open_seen(path, OpenOptions::new().read(true).write(true))?;
            let before = read_from(path, &file, reading)?;
            if before.hash != *hash {
                return Err(DocumentError::Stale(path.clone()));
            }
            Ok(Some(Original { file, before }))
        }
    }
}

/// New bytes on their way into a file.
struct Attempt<'a> {
    path: &'a AbsPath,
    expected: &'a Expected,
    reading: Reading,
    bytes: &'a [u8],
}

type Allowed = Result<(), DocumentError>;

impl Attempt<'_> {
    fn create(&self, allow: impl FnOnce() -> Allowed) -> Result<(), DocumentError> {
        let folder = self.folder()?;
        fs::create_dir_all(folder).map_err(|error| self.refused(error))?;
        let file = temporary(folder, self.bytes, ANYBODY).map_err(|error| self.refused(error))?;
        check(self.path, self.expected, self.reading)?;
        allow()?;
        match file.persist_noclobber(self.path.as_std_path()) {
            Ok(_) => Ok(()),
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                Err(DocumentError::Stale(self.path.clone()))
            }
            Err(error) => Err(self.refused(error.error)),
        }
    }

    /// A new file to take the place of the old one; none if something would be lost, or the
    /// folder takes no file.
    fn replacement(&self, original: &Original) -> Result<Option<NamedTempFile>, DocumentError> {
        let fail = |error| self.refused(error);
        if attributes::links(&original.file).map_err(fail)? > 1 {
            return Ok(None);
        }
        let new = match temporary(self.folder()?, self.bytes, ANYBODY) {
            Ok(new) => new,
            Err(error) if is_closed(&error) => return Ok(None),
            Err(error) => return Err(fail(error)),
        };
        let same = attributes::take_after(&original.file, new.as_file()).map_err(fail)?;
        Ok(same.then_some(new))
    }

    fn replace(
        &self,
        new: NamedTempFile,
        allow: impl FnOnce() -> Allowed,
    ) -> Result<(), DocumentError> {
        check(self.path, self.expected, self.reading)?;
        allow()?;
        match new.persist(self.path.as_std_path()) {
            Ok(_) => Ok(()),
            Err(error) => Err(self.refused(error.error)),
        }
    }

    fn in_place(&self, allow: impl FnOnce() -> Allowed) -> Result<(), DocumentError> {
        let fail = |error| self.refused(error);
        let Some(original) = check(self.path, self.expected, self.reading)? else {
            return Err(DocumentError::Stale(self.path.clone()));
        };
        // What was read as text is exactly what this gives.
        let old = original.before.form.encode(&original.before.text);
        let old = old.map_err(|_| DocumentError::NotUtf8(self.path.clone()))?;
        let copy = match temporary(self.folder()?, &old, NOBODY_ELSE) {
            Ok(copy) => copy,
            Err(_) => temporary(&std::env::temp_dir(), &old, NOBODY_ELSE).map_err(fail)?,
        };
        allow()?;
        let Err(error) = overwrite(&original.file, self.bytes) else { return Ok(()) };
        if overwrite(&original.file, &old).is_err()
            && let Ok((_, kept)) = copy.keep()
        {
            let kept = format!("{error}; what it had is in {}", kept.display());
            return Err(fail(io::Error::new(error.kind(), kept)));
        }
        Err(fail(error))
    }

    fn folder(&self) -> Result<&Path, DocumentError> {
        let folder = self.path.as_std_path().parent();
        folder.ok_or_else(|| DocumentError::NotAFile(self.path.clone()))
    }

    fn refused(&self, error: io::Error) -> DocumentError {
        refused(self.path, error)
    }
}

fn is_closed(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem)
}

fn overwrite(mut file: &File, bytes: &[u8]) -> io::Result<()> {
    file.rewind()?;
    // Longer first: a full disk is found out before anything of the old bytes is gone.
    let length = file.metadata()?.len();
    if bytes.len() as u64 > length {
        let (start, end) = bytes.split_at(usize::try_from(length).unwrap_or(usize::MAX));
        file.seek(io::SeekFrom::End(0))?;
        file.write_all(end)?;
        file.rewind()?;
        file.write_all(start)?;
    } else {
        file.write_all(bytes)?;
        file.set_len(bytes.len() as u64)?;
    }
    file.sync_data()
}

/// The permissions of any new file, less what the user's mask takes.
pub(super) const ANYBODY: u32 = 0o666;
/// Those of a copy that others have no business with.
pub(super) const NOBODY_ELSE: u32 = 0o600;

/// How the names of files begin and end that are about to take another's place, and how many
/// letters and digits come between. There are more than a user's own name is likely to have.
const PREFIX: &str = ".coworker-";
const RANDOM: usize = 12;
const SUFFIX: &str = ".tmp";

/// Makes what is about to take another's place, under a name that is free.
pub(super) fn under_free_name() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).rand_bytes(RANDOM).suffix(SUFFIX);
    builder
}

/// Whether a file has a name such as [`under_free_name`] gives.
pub(crate) fn is_temporary(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    let random = name.and_then(|name| name.strip_prefix(PREFIX)?.strip_suffix(SUFFIX));
    random.is_some_and(|random| {
        random.len() == RANDOM && random.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

/// A file in this folder with these bytes, safe on disk; removed again unless kept.
pub(super) fn temporary(folder: &Path, bytes: &[u8], mode: u32) -> io::Result<NamedTempFile> {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only the mode changes it"))]
    let mut builder = under_free_name();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(fs::Permissions::from_mode(mode));
    }
    #[cfg(not(unix))]
    let _ = mode;
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_data()?;
    Ok(file)
}
