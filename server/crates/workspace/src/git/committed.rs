//! Whether a file is, byte for byte, as the last commit has it.

use std::{
    collections::HashMap,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use protocol::AbsPath;

use super::Git;
use crate::hash::Hash;

/// Answers that were given, each for a text and what the last commit had there.
#[derive(Default)]
pub(crate) struct Committed {
    known: Mutex<HashMap<AbsPath, Answer>>,
}

struct Answer {
    in_commit: String,
    text: Hash,
    is_same: bool,
}

impl Committed {
    /// Whether the last commit has the file at this resolved path, of which the text has this
    /// hash. A file that git writes out otherwise than it keeps it (line breaks, filters) is not
    /// what the commit has.
    pub(crate) async fn has(&self, path: &AbsPath, text: &Hash) -> io::Result<bool> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(false);
        };
        let git = Git { root: &folder, filters: Vec::new() };
        let object = format!("HEAD:./{name}");
        let asked = ["rev-parse", "--show-toplevel", &object];
        let Ok(said) = git.run(&asked).await? else { return Ok(false) };
        let mut lines = said.lines();
        let top = AbsPath::new(lines.next().unwrap_or_default());
        let in_commit = lines.last().unwrap_or_default();
        // A repository can name any folder as its own.
        if !top.is_ok_and(|top| folder.starts_with(&top)) {
            return Ok(false);
        }
        if let Some(answer) = self.known().get(path)
            && answer.in_commit == in_commit
            && answer.text == *text
        {
            return Ok(answer.is_same);
        }
        let on_disk = git.run(&["hash-object", "--no-filters", "--", name]).await?;
        let is_same = on_disk.is_ok_and(|id| id.trim_end() == in_commit);
        let answer = Answer { in_commit: in_commit.to_owned(), text: text.clone(), is_same };
        self.known().insert(path.clone(), answer);
        Ok(is_same)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<AbsPath, Answer>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
