//! What whoever decided is told: where each hunk stands now, and in words for people why it does
//! not stand where they wished.

use std::collections::{HashMap, HashSet};

use protocol::{AbsPath, FileChange, Hunk, HunkId, HunkState};

use super::{Book, own_set, tracked::Standing};
use crate::prompts;

/// A hunk after somebody decided about it, took it back or did it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HunkNow {
    /// The hunk.
    pub id: HunkId,
    /// Its document, where that is now.
    pub path: AbsPath,
    /// Its first line there, counted from 1; none where it has no place any more.
    pub line: Option<usize>,
    /// Where it stands.
    pub state: HunkState,
    /// Why it does not stand where they wished; none if it does. Begins with a small letter and
    /// names no place.
    pub reason: Option<String>,
}

impl HunkNow {
    /// What a person is told if it does not stand where they wished: where, why, and what can be
    /// done.
    pub fn sentence(&self, root: &AbsPath) -> Option<String> {
        let file = self.path.relative_to(root);
        let place =
            self.line.map_or_else(|| file.to_owned(), |line| format!("{file}, line {line}"));
        let reason = self.reason.as_ref()?.trim_end_matches('.');
        let is_for = |obstacle| reason == prompts::obstacle(obstacle);
        let way_out = match self.state {
            HunkState::Pending => "It still waits: decide once more.",
            HunkState::Conflicted { .. } => "Write it by hand, or ask for it again.",
            HunkState::Applied | HunkState::Kept if is_for("neededBy") => {
                "Take that one back first."
            }
            HunkState::Applied | HunkState::Kept => {
                "It stays: change it by hand, or restore a checkpoint."
            }
            _ if is_for("needs") => "Do that one again first.",
            _ => "Nothing was changed.",
        };
        // The file is named already.
        let reason = match reason.strip_prefix(&format!("`{}`", self.path)) {
            Some(rest) => format!("it{rest}"),
            None => reason.replace(&format!("{root}/"), ""),
        };
        Some(format!("{place}: {reason}. {way_out}"))
    }
}

impl Book {
    /// The documents that have text of the agent's, where they are now.
    pub(crate) async fn edited(&mut self) -> Vec<AbsPath> {
        self.load().await;
        self.files_of(|hunk| hunk.state.is_in_document())
    }

    /// The documents that such hunks are in now, in the order of the change sets, each once.
    pub(super) fn files_of(&self, is_meant: impl Fn(&Hunk) -> bool) -> Vec<AbsPath> {
        let found: Vec<(AbsPath, Hunk)> = self.session.look(|state| {
            let files = state.items.iter().filter_map(|item| own_set(&item.body));
            let files = files.flat_map(|set| &set.files);
            // Those of one file are in one document.
            let first = |file: &FileChange| {
                let hunk = file.hunks.iter().find(|hunk| is_meant(hunk))?;
                Some((file.path.clone(), hunk.clone()))
            };
            files.filter_map(first).collect()
        });
        let mut seen = HashSet::new();
        let at = found.iter().map(|(path, hunk)| self.at(path, std::slice::from_ref(hunk)));
        at.filter(|path| seen.insert(path.clone())).collect()
    }

    /// Where hunks stand that somebody wished something of; `refused` are those that could not be
    /// had, and why.
    pub(super) fn standing(
        &self,
        is_meant: impl Fn(&Hunk) -> bool,
        refused: &[(HunkId, String)],
    ) -> Vec<HunkNow> {
        let found: Vec<(AbsPath, Hunk)> = self.session.look(|state| {
            let files = state.items.iter().filter_map(|item| own_set(&item.body));
            let files = files.flat_map(|set| &set.files);
            let hunks = files.flat_map(|file| file.hunks.iter().map(move |hunk| (file, hunk)));
            let meant = hunks.filter(|(_, hunk)| is_meant(hunk));
            meant.map(|(file, hunk)| (file.path.clone(), hunk.clone())).collect()
        });
        let reasons: HashMap<&HunkId, &String> =
            refused.iter().map(|(id, why)| (id, why)).collect();
        let standing = found.into_iter().map(|(path, hunk)| {
            let path = self.at(&path, std::slice::from_ref(&hunk));
            let line = self.files.get(&path).and_then(|tracked| tracked.line(&hunk.id));
            let reason = match (&hunk.state, reasons.get(&hunk.id)) {
                (_, Some(reason)) => Some((*reason).clone()),
                (HunkState::Conflicted { reason }, None) => Some(reason.clone()),
                _ => None,
            };
            HunkNow { id: hunk.id, path, line, state: hunk.state, reason }
        });
        standing.collect()
    }

    /// Whether a document has a hunk, or had it when nobody could tell any longer where it is.
    pub(super) fn is_in_text(&self, hunk: &HunkId) -> bool {
        matches!(self.standing_of(hunk), Some(Standing::Shown | Standing::Unclear))
    }

    fn standing_of(&self, hunk: &HunkId) -> Option<Standing> {
        self.files.values().find_map(|tracked| tracked.standing(hunk))
    }

    /// Where a hunk stands that had not to be shown.
    pub(super) fn state_of(&self, hunk: &HunkId) -> HunkState {
        let reason = match self.standing_of(hunk) {
            Some(Standing::Shown) => return HunkState::Applied,
            Some(_) => "unclear",
            None => "unknown",
        };
        HunkState::Conflicted { reason: prompts::obstacle(reason) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_names_its_file_once_and_what_can_be_done() {
        let root = AbsPath::new("/project").unwrap();
        let sentence = |reason: &str, state| {
            let (id, path) = (HunkId::from("h1"), root.join("src/a.rs").unwrap());
            let reason = Some(reason.to_owned());
            HunkNow { id, path, line: Some(3), state, reason }.sentence(&root).unwrap()
        };
        let stale = "`/project/src/a.rs` has changed since it was read";
        let conflict = || HunkState::Conflicted { reason: stale.to_owned() };
        let said = "src/a.rs, line 3: it has changed since it was read. Write it by hand, or ask \
                    for it again.";
        assert_eq!(sentence(stale, conflict()), said);
        let gone = sentence("there is no file `/project/src/a.rs`", HunkState::Undone);
        assert!(gone.ends_with(": there is no file `src/a.rs`. Nothing was changed."));
        let needed = sentence(&prompts::obstacle("neededBy"), HunkState::Applied);
        assert!(needed.ends_with("a later hunk builds on it. Take that one back first."));
        let needs = sentence(&prompts::obstacle("needs"), HunkState::Undone);
        assert!(needs.ends_with("is not in the file. Do that one again first."), "{needs}");
        let other = sentence(&prompts::obstacle("unclear"), HunkState::Applied);
        assert!(other.ends_with("change it by hand, or restore a checkpoint."), "{other}");
    }
}
