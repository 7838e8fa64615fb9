//! Files as bytes, for what is no text: pictures. Editors do not change them, so the disk has
//! the word.

use std::{fs::OpenOptions, io::Read};

use engine::DocumentError;
use protocol::AbsPath;

use crate::{Workspace, disk, resolve};

impl Workspace {
    /// All bytes of a resolved path, as they are on disk.
    ///
    /// # Errors
    /// There is no such file, it has more than `limit` bytes, the path is not resolved, or the
    /// file system refused.
    pub async fn bytes(&self, path: &AbsPath, limit: u64) -> Result<Vec<u8>, DocumentError> {
        let asked = path.clone();
        let work = tokio::task::spawn_blocking(move || read(&asked, limit));
        work.await.unwrap_or_else(|error| {
            Err(DocumentError::Io { path: path.clone(), source: std::io::Error::other(error) })
        })
    }
}

fn read(path: &AbsPath, limit: u64) -> Result<Vec<u8>, DocumentError> {
    resolve::require(path)?;
    let file = disk::open(path, OpenOptions::new().read(true))?;
    let size = file.metadata().map_err(|error| disk::refused(path, error))?.len();
    let mut bytes = Vec::new();
    if size <= limit {
        // It may grow while it is read.
        let read = file.take(limit + 1).read_to_end(&mut bytes);
        read.map_err(|error| disk::refused(path, error))?;
    }
    let size = size.max(bytes.len() as u64);
    if size > limit {
        return Err(DocumentError::TooBig { path: path.clone(), bytes: size, limit });
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use engine::DocumentError;
    use protocol::AbsPath;

    use crate::{Limits, Workspace};

    #[tokio::test]
    async fn a_file_is_read_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let path = AbsPath::new(root.join("a").to_str().unwrap()).unwrap();
        std::fs::write(path.as_std_path(), b"\xff\0\xfe").unwrap();
        let workspace = Workspace::new(Limits::default());
        assert_eq!(workspace.bytes(&path, 3).await.unwrap(), b"\xff\0\xfe");
        let refused = workspace.bytes(&path, 2).await;
        assert!(matches!(refused, Err(DocumentError::TooBig { bytes: 3, limit: 2, .. })));
        let folder = path.parent().unwrap();
        let refused = workspace.bytes(&folder, 2).await;
        assert!(matches!(refused, Err(DocumentError::NotAFile(_))));
    }
}
