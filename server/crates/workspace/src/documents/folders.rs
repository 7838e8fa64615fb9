//! Folders as they were: what became of them, and the way back.

use std::sync::Arc;

use engine::{DocumentError, FolderChange, KeptFolder, NotKept};
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
        found: &str,
        paths: &[AbsPath],
    ) -> Result<Vec<(AbsPath, DocumentError)>, NotKept> {
        let root = resolved(root).await?;
        let (_, changes) = self.folders.changes(&root, kept).await?;
        let mut refused = Vec::new();
        for change in changes.into_iter().filter(|change| paths.contains(&change.path)) {
            let found = self.folders.file(&root, found, &change.path).await?;
            if let Err(error) = self.restore(&root, &change, found).await {
                refused.push((change.path, error));
            }
        }
        Ok(refused)
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
        found: Option<Vec<u8>>,
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
        blocking(&path.clone(), move || {
            let is_found = || match disk::says(&path, found.as_deref())? {
                true => Ok(()),
                false => Err(DocumentError::Stale(path.clone())),
            };
            shared.put_back(&path, &was, is_found)
        })
        .await
    }

    /// Makes a file what it was, unless an editor has unsaved changes of it. `may` has the last
    /// word, right before it is changed.
    pub(super) fn put_back(
        &self,
        path: &AbsPath,
        was: &Was,
        may: impl FnOnce() -> Result<(), DocumentError>,
    ) -> Result<(), DocumentError> {
        // The last part may be a link: that is what is put back then.
        if let Some(folder) = path.parent() {
            resolve::require(&folder)?;
        }
        let writing = self.writing.lock(&[path]);
        let mut shown = self.saved(path)?;
        disk::put_back(path, was, || {
            shown = self.saved(path)?;
            may()
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
