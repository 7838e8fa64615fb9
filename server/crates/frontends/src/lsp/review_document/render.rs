//! What the review document says: a unified diff with a section for each hunk, and which lines
//! mean which hunks. Pure.

use std::{fmt::Write, ops::RangeInclusive};

use super::drafts::Lines;
use crate::{
    excerpt::Excerpt,
    lsp::{
        hover::state,
        offers::Scope,
        question::{is_hidden, printable},
    },
};
use engine::{HunkView, Proposal};
use protocol::{AbsPath, FileChangeKind, HunkId, HunkState};

/// A text, and what its lines are about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) text: String,
    /// The line of the first hunk that waits, or of the first one.
    pub(super) first: u32,
    /// In ascending order; each goes to the next one.
    pub(super) sections: Vec<Section>,
}

/// Some lines and the hunks they are about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    /// The first line, counted from 0.
    pub(super) line: u32,
    /// What these lines are about: one hunk, a file or everything.
    pub(super) scope: Scope,
    pub(super) hunks: Vec<HunkId>,
    /// What can be written otherwise.
    pub(super) lines: Option<Lines>,
}

impl Page {
    /// The hunks that some lines are about, and how they are called together.
    pub(super) fn hunks(&self, lines: RangeInclusive<u32>) -> (Vec<HunkId>, Scope) {
        let mut found: Vec<HunkId> = Vec::new();
        let mut scope = None;
        for (at, section) in self.sections.iter().enumerate() {
            let end = self.sections.get(at + 1).map_or(u32::MAX, |next| next.line);
            if section.line <= *lines.end() && *lines.start() < end {
                let new = section.hunks.iter().filter(|id| !found.contains(*id)).cloned();
                let new: Vec<_> = new.collect();
                // What a section is about may have sections of its own.
                scope = match scope {
                    None => Some(section.scope),
                    Some(wider) if new.is_empty() => Some(wider),
                    Some(_) => Some(Scope::Here),
                };
                found.extend(new);
            }
        }
        (found, scope.unwrap_or(Scope::Here))
    }

    fn line(&self) -> u32 {
        u32::try_from(self.text.matches('\n').count()).unwrap_or(u32::MAX)
    }

    fn begin(&mut self, scope: Scope, hunks: Vec<HunkId>) {
        self.sections.push(Section { line: self.line(), scope, hunks, lines: None });
    }
}

/// A change set as a document.
pub(super) fn page(files: &[Proposal], prompt: &str, root: &AbsPath) -> Page {
    let mut page = Page::default();
    page.begin(Scope::Set, files.iter().flat_map(ids).collect());
    head(&mut page.text, files, prompt);
    let (mut number, mut first, mut waiting) = (0, None, None);
    for file in files {
        page.text.push('\n');
        page.begin(Scope::File, ids(file));
        names(&mut page.text, file, root);
        for hunk in &file.hunks {
            number += 1;
            let line = page.line();
            first = first.or(Some(line));
            if hunk.hunk.state == HunkState::Pending {
                waiting = waiting.or(Some(line));
            }
            page.begin(Scope::Here, vec![hunk.hunk.id.clone()]);
            body(&mut page.text, hunk, number);
            if let Some(section) = page.sections.last_mut() {
                section.lines = Lines::of(hunk, is_visible);
            }
        }
    }
    page.first = waiting.or(first).unwrap_or(0);
    page
}

fn ids(file: &Proposal) -> Vec<HunkId> {
    file.hunks.iter().map(|hunk| hunk.hunk.id.clone()).collect()
}

fn head(text: &mut String, files: &[Proposal], prompt: &str) {
    let hunks: Vec<&HunkView> = files.iter().flat_map(|file| &file.hunks).collect();
    let waiting = hunks.iter().filter(|it| it.hunk.state == HunkState::Pending).count();
    let plural = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    };
    let (changes, files) = (plural(hunks.len(), "change"), plural(files.len(), "file"));
    let wait = match waiting {
        0 => "nothing waits for you".to_owned(),
        1 => "1 waits for you".to_owned(),
        _ => format!("{waiting} wait for you"),
    };
    let _ = writeln!(text, "# Coworker: {changes} in {files}, {wait}");
    if !prompt.is_empty() {
        let _ = writeln!(text, "# Asked: {}", printable(prompt));
    }
    let how = "Each change is decided by code actions on its lines, all of them by those on this";
    let _ = writeln!(text, "# {how} line.");
    if waiting > 0 {
        let edit = "Lines with + can be changed before that, and a line with # below them is said";
        let _ = writeln!(text, "# {edit} to the model.");
    }
}

fn names(text: &mut String, file: &Proposal, root: &AbsPath) {
    let name = |path: &AbsPath| printable(path.relative_to(root));
    let label = name(&file.path);
    let (old, new) = match (file.kind, &file.to) {
        (FileChangeKind::Create, _) => ("/dev/null".to_owned(), format!("b/{label}")),
        (FileChangeKind::Delete, _) => (format!("a/{label}"), "/dev/null".to_owned()),
        (_, Some(to)) => (format!("a/{label}"), format!("b/{}", name(to))),
        _ => (format!("a/{label}"), format!("b/{label}")),
    };
    let _ = writeln!(text, "--- {old}\n+++ {new}");
    for error in &file.syntax_errors {
        let _ = writeln!(text, "# Line {}: {}", error.line, printable(&error.message));
    }
}

fn body(text: &mut String, view: &HunkView, number: usize) {
    let said = format!("change {number}: {}", state(&view.hunk.state));
    let Some(excerpt) = Excerpt::of(view) else {
        let _ = writeln!(text, "@@ -0,0 +0,0 @@ {said}");
        for replacement in &view.hunk.replacements {
            marked(text, '+', replacement.text.lines());
        }
        return;
    };
    let _ = writeln!(text, "{} {said}", excerpt.heading());
    for (sign, line) in excerpt.lines() {
        marked(text, sign, std::iter::once(line));
    }
}

/// Whether a text is shown as it is. A CR is no letter only where it ends a line.
fn is_visible(text: &str) -> bool {
    text.replace("\r\n", "\n").chars().all(|c| matches!(c, '\t' | '\n') || !is_hidden(c))
}

fn marked<'a>(text: &mut String, mark: char, lines: impl Iterator<Item = &'a str>) {
    for line in lines {
        text.push(mark);
        for c in line.chars() {
            if c != '\t' && is_hidden(c) { text.extend(c.escape_default()) } else { text.push(c) }
        }
        text.push('\n');
    }
}

#[cfg(test)]
mod tests;
