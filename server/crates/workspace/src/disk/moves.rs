//! Taking files away and giving them another name, without writing over anything.

use std::{fs, io};

use engine::DocumentError;
use protocol::AbsPath;

use super::{Reading, read, refused};
use crate::hash::Hash;

/// Deletes a file if its text has this hash and `allow` has no objection at the last moment.
pub(crate) fn remove(
    path: &AbsPath,
    expected: &Hash,
    reading: Reading,
    allow: impl FnOnce() -> Result<(), DocumentError>,
) -> Result<(), DocumentError> {
    check(path, expected, reading)?;
    allow()?;
    fs::remove_file(path.as_std_path()).map_err(|error| refused(path, error))
}

/// Moves a file, under the same conditions, to where nothing is; the folders on the way are made.
pub(crate) fn rename(
    from: &AbsPath,
    to: &AbsPath,
    expected: &Hash,
    reading: Reading,
    allow: impl FnOnce() -> Result<(), DocumentError>,
) -> Result<(), DocumentError> {
    check(from, expected, reading)?;
    if to.as_std_path().symlink_metadata().is_ok() {
        return Err(DocumentError::Exists(to.clone()));
    }
    let missing = missing_folders(to);
    let moved = make(missing.first(), to).and_then(|()| allow()).and_then(|()| {
        without_overwriting(from, to).map_err(|error| match error.kind() {
            io::ErrorKind::AlreadyExists => DocumentError::Exists(to.clone()),
            _ => refused(from, error),
        })
    });
    if moved.is_err() {
        for folder in &missing {
            // What is not empty by now is somebody else's, and stays.
            let _ = fs::remove_dir(folder.as_std_path());
        }
    }
    moved
}

/// The folders on the way to a path that do not exist, the innermost first.
fn missing_folders(to: &AbsPath) -> Vec<AbsPath> {
    let folders = std::iter::successors(to.parent(), AbsPath::parent);
    folders.take_while(|folder| folder.as_std_path().symlink_metadata().is_err()).collect()
}

fn make(folder: Option<&AbsPath>, to: &AbsPath) -> Result<(), DocumentError> {
    let made = folder.map_or(Ok(()), |folder| fs::create_dir_all(folder.as_std_path()));
    made.map_err(|error| refused(to, error))
}

fn check(path: &AbsPath, expected: &Hash, reading: Reading) -> Result<(), DocumentError> {
    if read(path, reading)?.hash == *expected {
        Ok(())
    } else {
        Err(DocumentError::Stale(path.clone()))
    }
}

fn without_overwriting(from: &AbsPath, to: &AbsPath) -> io::Result<()> {
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        use rustix::{
            fs::{CWD, RenameFlags, renameat_with},
            io::Errno,
        };
        let (old, new) = (from.as_std_path(), to.as_std_path());
        match renameat_with(CWD, old, CWD, new, RenameFlags::NOREPLACE) {
            // The file system cannot do that in one step.
            Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {}
            done => return Ok(done?),
        }
    }
    by_link(from, to)
}

/// A second name, which fails if there is something of that name, and then the first taken away.
fn by_link(from: &AbsPath, to: &AbsPath) -> io::Result<()> {
    fs::hard_link(from.as_std_path(), to.as_std_path())?;
    fs::remove_file(from.as_std_path())
}

#[cfg(test)]
mod tests {
    use protocol::AbsPath;

    use super::{by_link, without_overwriting};

    #[test]
    fn both_ways_to_move_leave_what_is_there_alone() {
        for way in [by_link, without_overwriting] {
            let folder = tempfile::tempdir().unwrap();
            let at = |name: &str| AbsPath::new(folder.path().join(name).to_str().unwrap()).unwrap();
            let [from, to, taken] = ["from", "to", "taken"].map(at);
            std::fs::write(from.as_std_path(), "text").unwrap();
            std::fs::write(taken.as_std_path(), "other").unwrap();
            assert_eq!(way(&from, &taken).unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
            way(&from, &to).unwrap();
            let text = |path: &AbsPath| std::fs::read_to_string(path.as_std_path()).ok();
            assert_eq!(
                [&from, &to, &taken].map(text),
                [None, Some("text".into()), Some("other".into())]
            );
        }
    }
}
