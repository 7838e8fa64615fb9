//! Rules files: what projects and users tell every agent.
//!
//! They are sent from far to near: the user's own, then those of each folder from the session's
//! down to the one with what the user looks at. Of the names in use one per folder is read,
//! because projects keep the same text under several for several programs.

use std::collections::HashSet;

use globset::{GlobBuilder, GlobMatcher};
use protocol::AbsPath;

use super::{
    frontmatter::Frontmatter,
    place::{Owner, Place, Read},
};
use crate::prompts::Instructions;

/// The names of rules files; the first that a folder has is read. `AGENTS.md` is the name that
/// the programs have agreed on (<https://agents.md>); then those that are written for one program
/// but in the same manner, the more common first; last those that their programs have replaced.
const NAMES: &[&str] =
    &["AGENTS.md", "CLAUDE.md", "GEMINI.md", ".cursorrules", ".windsurfrules", ".clinerules"];
/// The names in the user's own folders.
const USER_NAMES: &[&str] = &["AGENTS.md", "CLAUDE.md"];
/// Read at the top of a project beside those above.
const COPILOT: &str = ".github/copilot-instructions.md";
/// Rules that say themselves what they are for, each in a file.
const CURSOR: &str = ".cursor/rules";

/// How much of one file is sent, in bytes.
const MOST_OF_ONE: usize = 32 * 1024;
/// How much of all of them is sent, in bytes.
const MOST_OF_ALL: usize = 64 * 1024;
/// How many files of [`CURSOR`] are looked at.
const MOST_CURSOR_RULES: usize = 50;

/// The rules that hold for what the user looks at, the nearest last.
pub(super) async fn gather(place: &Place, looked_at: Option<&AbsPath>) -> Vec<Instructions> {
    let mut found = Found { place, files: Vec::new(), known: HashSet::new() };
    let nearest = looked_at.and_then(AbsPath::parent);
    // The outermost, if one folder of the work lies in another.
    let around = nearest.as_ref().and_then(|folder| {
        let around = place.roots().filter(|root| folder.starts_with(root));
        around.min_by_key(|root| root.as_str().len())
    });
    let main = around.unwrap_or(&place.root);
    let nearest = nearest.filter(|folder| folder.starts_with(main)).unwrap_or(main.clone());
    found.chain(main, nearest, looked_at).await;
    for other in place.roots().filter(|root| *root != main) {
        found.first_of(Owner::Project, other, NAMES, 1, Some(other)).await;
    }
    // The last of the user's folders counts least.
    for folder in place.user_folders.iter().rev() {
        found.first_of(Owner::User, folder, USER_NAMES, 0, None).await;
    }
    let mut files = found.files;
    files.sort_by_key(|file| file.rank);
    measured(place, files)
}

/// A rules file before it is decided how much of it is sent.
struct File {
    /// How near it is to the work: 0 is the user's own, 1 another folder's.
    rank: usize,
    path: AbsPath,
    /// The other folder that it is for.
    below: Option<AbsPath>,
    text: String,
}

struct Found<'a> {
    place: &'a Place,
    files: Vec<File>,
    /// Where those really are: links give a file several names.
    known: HashSet<AbsPath>,
}

impl Found<'_> {
    /// The rules from a folder down to another.
    async fn chain(&mut self, top: &AbsPath, nearest: AbsPath, looked_at: Option<&AbsPath>) {
        let mut folders = vec![nearest];
        while let Some(parent) =
            folders.last().filter(|last| *last != top).and_then(AbsPath::parent)
        {
            folders.push(parent);
        }
        for (depth, folder) in folders.iter().rev().enumerate() {
            self.first_of(Owner::Project, folder, NAMES, 2 + depth, None).await;
            if depth == 0 {
                self.first_of(Owner::Project, folder, &[COPILOT], 2, None).await;
                self.cursor(folder, looked_at).await;
            }
        }
    }

    async fn first_of(
        &mut self,
        owner: Owner,
        folder: &AbsPath,
        names: &[&str],
        rank: usize,
        below: Option<&AbsPath>,
    ) {
        for name in names {
            let Ok(path) = folder.join(name) else { continue };
            if let Some(read) = self.place.read(owner, &path).await {
                let text = read.text.trim().to_owned();
                self.add(File { rank, path, below: below.cloned(), text }, &read.path);
                return;
            }
        }
    }

    async fn cursor(&mut self, root: &AbsPath, looked_at: Option<&AbsPath>) {
        let Ok(folder) = root.join(CURSOR) else { return };
        let entries = self.place.list(Owner::Project, &folder).await;
        let named = |name: &str| name.ends_with(".mdc") || name.ends_with(".md");
        let rules = entries
            .into_iter()
            .filter(|entry| !entry.is_folder && entry.path.file_name().is_some_and(named))
            .take(MOST_CURSOR_RULES);
        for entry in rules {
            // Under the name it has in the project, not the one that a link leads to.
            let name = entry.path.file_name().and_then(|name| folder.join(name).ok());
            let path = name.unwrap_or(entry.path);
            let Some(read) = self.place.read(Owner::Project, &path).await else { continue };
            let Read { path: resolved, text } = &read;
            let rule = Frontmatter::parse(text);
            let always = rule.get("alwaysApply").is_some_and(|it| it.eq_ignore_ascii_case("true"));
            if always || looked_at.is_some_and(|at| matches(&rule.all("globs"), root, at)) {
                let text = rule.body.trim().to_owned();
                self.add(File { rank: 2, path, below: None, text }, resolved);
            }
        }
    }

    /// Adds a file, unless the same is said already.
    fn add(&mut self, file: File, resolved: &AbsPath) {
        let is_new = self.known.insert(resolved.clone());
        let is_said = self.files.iter().any(|other| other.text == file.text);
        if is_new && !is_said && !file.text.is_empty() {
            self.files.push(file);
        }
    }
}

/// Whether one of the patterns fits a file. One without a slash fits names in every folder.
fn matches(globs: &[String], root: &AbsPath, path: &AbsPath) -> bool {
    let (whole, name) = (path.relative_to(root), path.file_name().unwrap_or_default());
    globs.iter().any(|glob| {
        let text = if glob.contains('/') { whole } else { name };
        matcher(glob).is_some_and(|matcher| matcher.is_match(text))
    })
}

fn matcher(glob: &str) -> Option<GlobMatcher> {
    let glob = glob.trim_start_matches("./").trim_start_matches('/');
    let glob = GlobBuilder::new(glob).literal_separator(true).build().ok()?;
    Some(glob.compile_matcher())
}

/// Cuts what is too long. The nearest get their share first: they count most.
fn measured(place: &Place, files: Vec<File>) -> Vec<Instructions> {
    let mut left = MOST_OF_ALL;
    let mut measured = Vec::new();
    for (at, file) in files.iter().enumerate().rev() {
        let text = beginning(&file.text, MOST_OF_ONE.min(left));
        left -= text.len();
        if text.is_empty() {
            continue;
        }
        let before = at.checked_sub(1).and_then(|at| files.get(at));
        measured.push(Instructions {
            path: file.path.relative_to(&place.root).to_owned(),
            text: text.to_owned(),
            cut: (text.len() < file.text.len()).then_some(file.text.len()),
            of_user: file.rank == 0,
            // Another folder's rules do not compete with those above.
            nearer: file.below.is_none() && before.is_some_and(|it| it.rank < file.rank),
            below: file.below.as_ref().map(|folder| folder.as_str().to_owned()),
        });
    }
    measured.reverse();
    measured
}

/// As many whole lines as fit; if not even one does, what fits of it.
pub(super) fn beginning(text: &str, bytes: usize) -> &str {
    if text.len() <= bytes {
        return text;
    }
    let fits = &text[..text.floor_char_boundary(bytes)];
    fits.rfind('\n').map_or(fits, |end| &fits[..end])
}
