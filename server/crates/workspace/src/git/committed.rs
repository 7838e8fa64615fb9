//! The text of a file in the last commit.
//!
//! Every list of hunks asks for it, so git is run only if the last commit may be another one, which
//! `head` tells without git.

use std::{
    collections::HashMap,
    io,
    sync::{Mutex, MutexGuard, PoisonError},
};

use engine::CommittedText;
use protocol::AbsPath;
use ropey::Rope;

use self::head::Head;
use super::{
    Git, MAX_TIME,
    running::{self, Limits, Output},
};
use crate::encoding;

mod head;

/// The most bytes of a committed file that are looked at.
const MAX_BYTES: u64 = 16 * 1024 * 1024;

/// Texts that were asked for, each as its last commit has it.
#[derive(Default)]
pub(crate) struct Committed {
    known: Mutex<HashMap<AbsPath, Known>>,
}

#[derive(Clone)]
struct Known {
    head: Head,
    /// None if it has no such file.
    id: Option<String>,
    /// None if it is no text.
    text: Option<Rope>,
}

impl Committed {
    /// The text that the last commit has at this resolved path. Where git writes a file out
    /// otherwise than it keeps it (line breaks, filters), it is not the text of the file.
    pub(crate) async fn text(&self, path: &AbsPath) -> io::Result<Option<CommittedText>> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
            return Ok(None);
        };
        let below = folder.clone();
        let head = tokio::task::spawn_blocking(move || Head::of(&below)).await?;
        if head == Head::None {
            return Ok(None);
        }
        let known = self.known().get(path).cloned();
        if let Some(Known { id, text, .. }) =
            known.clone().filter(|known| known.head == head && head != Head::Unclear)
        {
            return Ok(id.zip(text).map(|(id, text)| CommittedText { id, text }));
        }
        let git = Git { root: &folder, filters: Vec::new() };
        let id = object(&git, &folder, name).await?;
        let text = match (known, &id) {
            (Some(known), id) if known.id == *id => known.text,
            (_, Some(id)) => blob(&git, id).await?,
            (_, None) => None,
        };
        let now = Known { head, id: id.clone(), text: text.clone() };
        self.known().insert(path.clone(), now);
        Ok(id.zip(text).map(|(id, text)| CommittedText { id, text }))
    }

    fn known(&self) -> MutexGuard<'_, HashMap<AbsPath, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The name of what the last commit has in a folder under a name.
async fn object(git: &Git<'_>, folder: &AbsPath, name: &str) -> io::Result<Option<String>> {
    let object = format!("HEAD:./{name}");
    let asked = ["rev-parse", "--show-toplevel", &object];
    let Ok(said) = git.run(&asked).await? else { return Ok(None) };
    let mut lines = said.lines();
    let top = AbsPath::new(lines.next().unwrap_or_default());
    let id = lines.last().map(str::to_owned);
    // A repository can name any folder as its own.
    Ok(id.filter(|_| top.is_ok_and(|top| folder.starts_with(&top))))
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
