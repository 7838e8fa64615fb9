//! The text of a file in the last commit.

use std::{
    collections::HashMap,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use engine::CommittedText;
use protocol::AbsPath;
use ropey::Rope;

use super::{
    Git, MAX_TIME,
    running::{self, Limits, Output},
};
use crate::encoding;

/// The most bytes of a committed file that are looked at.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Texts that were asked for, each as its last commit has it; none if that is no text.
#[derive(Default)]
pub(crate) struct Committed {
    known: Mutex<HashMap<AbsPath, (String, Option<Rope>)>>,
}

impl Committed {
    /// The text that the last commit has at this resolved path. Where git writes a file out
    /// otherwise than it keeps it (line breaks, filters), it is not the text of the file.
    pub(crate) async fn text(&self, path: &AbsPath) -> io::Result<Option<CommittedText>> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(None);
        };
        let git = Git { root: &folder, filters: Vec::new() };
        let object = format!("HEAD:./{name}");
        let asked = ["rev-parse", "--show-toplevel", &object];
        let Ok(said) = git.run(&asked).await? else { return Ok(None) };
        let mut lines = said.lines();
        let top = AbsPath::new(lines.next().unwrap_or_default());
        let id = lines.last().unwrap_or_default().to_owned();
        // A repository can name any folder as its own.
        if !top.is_ok_and(|top| folder.starts_with(&top)) {
            return Ok(None);
        }
        let known = self.known().get(path).filter(|(known, _)| *known == id).cloned();
        let text = match known {
            Some((_, text)) => text,
            None => {
                let text = blob(&git, &id).await?;
                self.known().insert(path.clone(), (id.clone(), text.clone()));
                text
            }
        };
        Ok(text.map(|text| CommittedText { id, text }))
    }

    fn known(&self) -> MutexGuard<'_, HashMap<AbsPath, (String, Option<Rope>)>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The text that an object is, whole.
async fn blob(git: &Git<'_>, id: &str) -> io::Result<Option<Rope>> {
    let mut command = git.command();
    command.args(["cat-file", "blob", id]);
    let limits = Limits { time: MAX_TIME, bytes: MAX_BYTES };
    let Output { out, success, is_cut, .. } = running::run(command, &[], limits).await?;
    let text = encoding::decode(out, None).filter(|_| success && !is_cut);
    Ok(text.map(|(text, _)| Rope::from_str(&text)))
}

#[cfg(test)]
mod tests;
