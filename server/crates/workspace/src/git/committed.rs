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

/// The most bytes of text that are kept. Of more files, those that were asked for last.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// The most files of which something is kept.
const MOST_FILES: usize = 10_000;

/// Texts that were asked for, each as its last commit has it.
#[derive(Default)]
pub(crate) struct Committed {
    known: Mutex<Cache>,
}

/// What is known of some files, each with when it was asked for.
#[derive(Default)]
struct Cache {
    files: HashMap<AbsPath, (u64, Known)>,
    asked: u64,
    bytes: usize,
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
        let known = self.known().get(path);
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
        self.known().put(path, now);
        Ok(id.zip(text).map(|(id, text)| CommittedText { id, text }))
    }

    fn known(&self) -> MutexGuard<'_, Cache> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Cache {
    fn get(&mut self, path: &AbsPath) -> Option<Known> {
        self.asked += 1;
        let (asked, known) = self.files.get_mut(path)?;
        *asked = self.asked;
        Some(known.clone())
    }

    fn put(&mut self, path: &AbsPath, known: Known) {
        self.asked += 1;
        self.bytes += known.bytes();
        if let Some((_, old)) = self.files.insert(path.clone(), (self.asked, known)) {
            self.bytes -= old.bytes();
        }
        while self.bytes > MOST_BYTES || self.files.len() > MOST_FILES {
            let oldest = self.files.iter().min_by_key(|(_, (asked, _))| asked);
            let Some(path) = oldest.map(|(path, _)| path.clone()) else { break };
            if let Some((_, known)) = self.files.remove(&path) {
                self.bytes -= known.bytes();
            }
        }
    }
}

impl Known {
    fn bytes(&self) -> usize {
        self.text.as_ref().map_or(0, Rope::len_bytes)
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
