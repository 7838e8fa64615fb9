//! Giving a file the bytes it had, text or not, or none.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io,
};

use engine::DocumentError;
use protocol::AbsPath;

use super::{
    attributes, open, refused,
    write::{ANYBODY, NOBODY_ELSE, temporary, under_free_name},
};
use crate::git::{Mode, Was};

/// Makes a path what it was, in one step, if `allow` has no objection at the last moment. Folders
/// are made where they are missing, and never taken away.
pub(crate) fn put_back(
    path: &AbsPath,
    was: &Was,
    allow: impl FnOnce() -> Result<(), DocumentError>,
) -> Result<(), DocumentError> {
    let now = match path.as_std_path().symlink_metadata() {
        Ok(metadata) => Some(metadata),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(refused(path, error)),
    };
    if now.as_ref().is_some_and(|now| !now.is_file() && !now.is_symlink()) {
        return Err(DocumentError::NotAFile(path.clone()));
    }
    let fail = |error| refused(path, error);
    match was {
        Was::Nothing if now.is_none() => Ok(()),
        Was::Nothing => {
            allow()?;
            fs::remove_file(path.as_std_path()).map_err(fail)
        }
        Was::File { bytes, mode } => write(path, now.as_ref(), bytes, *mode, allow),
        Was::Link { to } => {
            let folder = folder(path)?;
            fs::create_dir_all(folder.as_std_path()).map_err(fail)?;
            let new = under_free_name()
                .make_in(folder.as_std_path(), |free| link(to, free))
                .map_err(fail)?;
            allow()?;
            new.persist(path.as_std_path()).map(drop).map_err(|error| fail(error.error))
        }
    }
}

/// Whether a path holds just these bytes: as a file, or as a link to there. Without bytes: whether
/// nothing is there.
pub(crate) fn says(path: &AbsPath, bytes: Option<&[u8]>) -> Result<bool, DocumentError> {
    let fail = |error| refused(path, error);
    let now = match path.as_std_path().symlink_metadata() {
        Ok(now) => now,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(bytes.is_none()),
        Err(error) => return Err(fail(error)),
    };
    let Some(bytes) = bytes else { return Ok(false) };
    if now.is_symlink() {
        let to = fs::read_link(path.as_std_path()).map_err(fail)?;
        return Ok(to.as_os_str().as_encoded_bytes() == bytes);
    }
    let is_as_long = now.is_file() && u64::try_from(bytes.len()).is_ok_and(|it| it == now.len());
    Ok(is_as_long && fs::read(path.as_std_path()).map_err(fail)? == bytes)
}

fn write(
    path: &AbsPath,
    now: Option<&Metadata>,
    bytes: &[u8],
    mode: Mode,
    allow: impl FnOnce() -> Result<(), DocumentError>,
) -> Result<(), DocumentError> {
    let fail = |error| refused(path, error);
    let folder = folder(path)?;
    fs::create_dir_all(folder.as_std_path()).map_err(fail)?;
    // What others had no business with, they do not get to see while it is written either.
    let first = if let Mode::Bits(_) = mode { NOBODY_ELSE } else { ANYBODY };
    let new = temporary(folder.as_std_path(), bytes, first).map_err(fail)?;
    if now.is_some_and(Metadata::is_file) {
        let old = open(path, OpenOptions::new().read(true))?;
        attributes::take_after(&old, new.as_file()).map_err(fail)?;
    }
    set_mode(new.as_file(), mode).map_err(fail)?;
    allow()?;
    new.persist(path.as_std_path()).map(drop).map_err(|error| fail(error.error))
}

fn folder(path: &AbsPath) -> Result<AbsPath, DocumentError> {
    path.parent().ok_or_else(|| DocumentError::NotAFile(path.clone()))
}

/// If no more is known, whoever may read a file may run it, or nobody.
#[cfg(unix)]
fn set_mode(file: &File, mode: Mode) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    let now = file.metadata()?.permissions().mode();
    let mode = match mode {
        Mode::Bits(bits) => bits & 0o777,
        Mode::Runs(true) => now | (now & 0o444) >> 2,
        Mode::Runs(false) => now & !0o111,
    };
    file.set_permissions(fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_: &File, _: Mode) -> io::Result<()> {
    Ok(())
}

#[cfg(unix)]
fn link(to: &str, path: &std::path::Path) -> io::Result<()> {
    std::os::unix::fs::symlink(to, path)
}

#[cfg(not(unix))]
fn link(_: &str, _: &std::path::Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
