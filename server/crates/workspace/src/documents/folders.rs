//! Folders as they were: what became of them, and the way back.

use std::sync::Arc;

use engine::{DocumentError, FolderChange, KeptFolder, NotKept, Restored};
use protocol::AbsPath;

use super::{Shared, blocking};
use crate::{
    disk,
    git::{Change, Was},
    resolve,
};

impl Shared {
    pub(super) async fn keep_folder(&self, root: &AbsPath) -> Result<KeptFolder, NotKept> {
        self.folders.keep(&resolved(root).await?).await
    }

    pub(super) async fn folder_changes(
        &self,
        root: &AbsPath,
        kept: &str,
    ) -> Result<Vec<FolderChange>, NotKept> {
        let (_, changes) = self.folders.changes(&resolved(root).await?, kept).await?;
        let told =
            |Change { path, became, restorable, .. }| FolderChange { path, became, restorable };
        Ok(changes.into_iter().map(told).collect())
    }

    pub(super) async fn restore_folder(
        self: &Arc<Self>,
        root: &AbsPath,
        kept: &str,
        paths: &[AbsPath],
    ) -> Result<Restored, NotKept> {
        let root = resolved(root).await?;
        let (before, changes) = self.folders.changes(&root, kept).await?;
        let mut refused = Vec::new();
        for change in changes.into_iter().filter(|change| paths.contains(&change.path)) {
            if let Err(error) = self.restore(&root, &change).await {
                refused.push((change.path, error));
            }
        }
        Ok(Restored { before, refused })
    }

    pub(super) async fn file_of_folder(
        &self,
        root: &AbsPath,
        kept: &str,
        path: &AbsPath,
    ) -> Result<Option<Vec<u8>>, NotKept> {
        self.folders.file(&resolved(root).await?, kept, path).await
    }

    async fn restore(
        self: &Arc<Self>,
        root: &AbsPath,
        change: &Change,
    ) -> Result<(), DocumentError> {
        let path = change.path.clone();
        if !change.restorable {
            return Err(DocumentError::NotKept(path));
        }
        let was = self.folders.before(root, change).await;
        let was = was.map_err(|error| {
            let source = std::io::Error::other(error);
            DocumentError::Io { path: path.clone(), source }
        })?;
        let shared = Arc::clone(self);
        blocking(&path.clone(), move || shared.put_back(&path, &was)).await
    }

    /// Makes a file what it was, unless an editor has unsaved changes of it.
    pub(super) fn put_back(&self, path: &AbsPath, was: &Was) -> Result<(), DocumentError> {
        // The last part may be a link: that is what is put back then.
        if let Some(folder) = path.parent() {
            resolve::require(&folder)?;
        }
        let writing = self.writing.lock(&[path]);
        let mut shown = self.saved(path)?;
        disk::put_back(path, was, || {
            shown = self.saved(path)?;
            Ok(())
        })?;
        drop(writing);
        self.moved(&[(path, shown)]);
        self.outside(std::slice::from_ref(path));
        self.tick();
        Ok(())
    }
}

async fn resolved(root: &AbsPath) -> Result<AbsPath, NotKept> {
    let asked = root.clone();
    let resolved = blocking(root, move || resolve::resolve(&asked)).await;
    resolved.map_err(|error| NotKept::Failed(error.to_string()))
}

#[cfg(test)]
mod tests;
