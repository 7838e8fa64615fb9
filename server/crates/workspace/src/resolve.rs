//! The one meaning of a path: every link on the way followed, whether or not the file exists.
//!
//! Rules, approvals and writes all go by the path that comes out here, so there is no second
//! resolver. It knows nothing of buffers and of what a path is wanted for.

use std::{
    collections::VecDeque,
    io,
    path::{Component, Path, PathBuf},
};

use camino::Utf8PathBuf;
use engine::{DocumentError, UNTITLED};
use protocol::AbsPath;

/// The most links that are followed for one path; the same as in Linux.
const MAX_LINKS: usize = 40;

/// Whether a path is that of a document without a file.
pub(crate) fn is_untitled(path: &AbsPath) -> bool {
    path.as_utf8_path().starts_with(UNTITLED)
}

/// Follows every link on the way to `path`. From the first part that does not exist on, the rest
/// stays as it is; a link that points to nothing stands for what it points to.
///
/// # Errors
/// A loop of links, a part that is no folder, a name too long, a folder that may not be read.
pub(crate) fn resolve(path: &AbsPath) -> Result<AbsPath, DocumentError> {
    if is_untitled(path) {
        return Ok(path.clone());
    }
    follow(path.as_std_path())
        .and_then(utf8)
        .map_err(|source| DocumentError::Unresolvable { path: path.clone(), source })
}

/// Makes sure that a path is resolved, and still is: a link may have come into its way since.
///
/// # Errors
/// It cannot be followed, leads to another path, or has no place on disk.
pub(crate) fn require(path: &AbsPath) -> Result<(), DocumentError> {
    if is_untitled(path) {
        return Err(DocumentError::Untitled(path.clone()));
    }
    let now = resolve(path)?;
    if now == *path {
        return Ok(());
    }
    let source = io::Error::other(format!("it leads through a link to `{now}`"));
    Err(DocumentError::Unresolvable { path: path.clone(), source })
}

fn follow(path: &Path) -> io::Result<PathBuf> {
    let mut resolved = PathBuf::new();
    let mut rest: VecDeque<PathBuf> = parts(path);
    let mut links = 0;
    while let Some(part) = rest.pop_front() {
        match part.components().next() {
            Some(Component::ParentDir) => {
                resolved.pop();
                continue;
            }
            Some(Component::CurDir) | None => continue,
            // The root of an absolute link throws away what came before.
            Some(_) => resolved.push(&part),
        }
        match resolved.symlink_metadata() {
            Ok(metadata) if metadata.is_symlink() => {
                links += 1;
                if links > MAX_LINKS {
                    return Err(io::Error::other("too many links, or links in a circle"));
                }
                let target = resolved.read_link()?;
                resolved.pop();
                for part in parts(&target).into_iter().rev() {
                    rest.push_front(part);
                }
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(resolved)
}

fn parts(path: &Path) -> VecDeque<PathBuf> {
    path.components().map(|part| PathBuf::from(part.as_os_str())).collect()
}

fn utf8(path: PathBuf) -> io::Result<AbsPath> {
    let invalid = |message: String| io::Error::new(io::ErrorKind::InvalidData, message);
    let path = Utf8PathBuf::from_path_buf(path)
        .map_err(|path| invalid(format!("it leads to {}, which is not UTF-8", path.display())))?;
    AbsPath::new(path).map_err(|error| invalid(error.to_string()))
}

#[cfg(test)]
mod tests;
