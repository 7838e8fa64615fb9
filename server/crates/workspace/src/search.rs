//! Searching the lines of files, as ripgrep does and with its libraries.
//!
//! Ignore files are respected, hidden and binary files skipped, links not followed. Where a
//! document is open in an editor, its unsaved text is searched in place of the file; that holds
//! for files that are not on disk yet, too. The result is the same however many threads searched:
//! the first matches by path and line are kept, the others counted. It blocks, and knows nothing
//! of who asks.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, Read},
    path::Path,
    sync::{Mutex, PoisonError},
};

use camino::Utf8Path;
use engine::{DocumentError, FreeToRead};
use grep_matcher::LineTerminator;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use grep_searcher::{BinaryDetection, Searcher, SearcherBuilder};
use ignore::{DirEntry, WalkBuilder, WalkState};
use protocol::AbsPath;
use ropey::Rope;
use tokio_util::sync::CancellationToken;

use self::{globs::Globs, lines::Lines};
use crate::disk;

mod globs;
mod lines;

pub use self::lines::MAX_LINE_CHARS;

/// The longest line that is searched, in bytes. A file with a longer one counts as unreadable.
const MAX_LINE_BYTES: usize = 64 * 1024 * 1024;

/// What to search for, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrepQuery {
    /// A regular expression in the syntax of Rust's `regex`; it matches inside of one line.
    pub pattern: String,
    /// A file, or a folder that is searched with all below it.
    pub root: AbsPath,
    /// Which files: globs parted by white space, matched against the path below `root`, or
    /// against the name if they have no slash. Those that begin with `!` leave files out.
    pub globs: Option<String>,
    /// Whether upper and lower case are the same.
    pub case_insensitive: bool,
    /// The most matches that are listed.
    pub max_matches: usize,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrepResult {
    /// The first matching lines, by path and line.
    pub matches: Vec<GrepMatch>,
    /// How many files were searched to their end; binary ones do not count.
    pub files_searched: usize,
    /// Whether there are more matching lines than are listed.
    pub truncated: bool,
    /// What is not in the list, counted.
    pub left_out: LeftOut,
}

/// One matching line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrepMatch {
    /// The file, resolved.
    pub path: AbsPath,
    /// The line, from 1.
    pub line: u64,
    /// Its text without the line break. Of a line with more than [`MAX_LINE_CHARS`] characters
    /// it is the part around the match, with `…` where something is cut.
    pub text: String,
}

/// What a search did not list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Matching lines beyond the most that are listed.
    pub matches: u64,
    /// Files that are not text.
    pub binary_files: u64,
    /// Files and folders that could not be read.
    pub unreadable: u64,
    /// Files that are not free to be read without asking.
    pub guarded: u64,
}

/// Why a search gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum GrepError {
    /// The regular expression is not valid.
    #[error("the pattern is not a valid regular expression: {0}")]
    Pattern(#[source] grep_regex::Error),
    /// A glob is not valid.
    #[error("a glob is not valid: {0}")]
    Glob(#[source] globset::Error),
    /// The place to search is not there, or is neither a file nor a folder.
    #[error(transparent)]
    Root(DocumentError),
    /// Whoever asked did not want to know any more.
    #[error("the search was stopped")]
    Cancelled,
    /// The search itself broke.
    #[error("the search failed: {0}")]
    Failed(#[source] tokio::task::JoinError),
}

/// Searches below `root`, which is the query's root resolved; `open` are the open texts there.
/// Files that are not `free` to be read are left out, but for the root itself.
pub(crate) fn grep(
    query: &GrepQuery,
    root: &AbsPath,
    open: &BTreeMap<AbsPath, Rope>,
    free: &FreeToRead,
    cancel: &CancellationToken,
) -> Result<GrepResult, GrepError> {
    let matcher = RegexMatcherBuilder::new()
        .case_insensitive(query.case_insensitive)
        // `^` and `$` are the ends of a line, whatever it ends with.
        .multi_line(true)
        .crlf(true)
        .build(&query.pattern)
        .map_err(GrepError::Pattern)?;
    let globs = Globs::new(query.globs.as_deref().unwrap_or_default()).map_err(GrepError::Glob)?;
    let found = Mutex::new(Found::new(query.max_matches));
    let search = Search { root, globs, open, free, matcher, found, cancel };
    if !search.root_is_only_open()? {
        search.disk();
    }
    search.unsaved();
    if cancel.is_cancelled() {
        return Err(GrepError::Cancelled);
    }
    Ok(search.found.into_inner().unwrap_or_else(PoisonError::into_inner).finish())
}

struct Search<'a> {
    root: &'a AbsPath,
    globs: Globs,
    open: &'a BTreeMap<AbsPath, Rope>,
    free: &'a FreeToRead,
    matcher: RegexMatcher,
    found: Mutex<Found>,
    cancel: &'a CancellationToken,
}

impl Search<'_> {
    /// Whether the root is in an editor only. An error if it is nowhere, or cannot be searched.
    fn root_is_only_open(&self) -> Result<bool, GrepError> {
        match self.root.as_std_path().symlink_metadata() {
            Ok(metadata) if metadata.is_dir() || metadata.is_file() => Ok(false),
            Ok(_) => Err(GrepError::Root(DocumentError::NotAFile(self.root.clone()))),
            Err(_) if !self.open.is_empty() => Ok(true),
            Err(error) => Err(GrepError::Root(disk::refused(self.root, error))),
        }
    }

    /// Searches what a walk over the disk comes by, with open texts in place of files.
    fn disk(&self) {
        self.walk().build_parallel().run(|| {
            let mut searcher = searcher();
            Box::new(move |entry| {
                if self.cancel.is_cancelled() {
                    return WalkState::Quit;
                }
                match entry {
                    Ok(entry) => self.visit(&mut searcher, &entry),
                    Err(_) => self.found(|found| found.left_out.unreadable += 1),
                }
                WalkState::Continue
            })
        });
    }

    /// Searches open texts that have no file yet, if a walk would come by their place.
    fn unsaved(&self) {
        let mut ignored = self.walk().build_matchers();
        let Some(ignored) = ignored.first_mut() else { return };
        let mut searcher = searcher();
        for (path, text) in self.open {
            let relative = path.as_std_path().strip_prefix(self.root.as_std_path());
            let relative = relative.unwrap_or(Path::new(""));
            let new = path.as_std_path().symlink_metadata().is_err();
            if new
                && self.globs.allow(self.label(path))
                && !ignored.matched(relative, false).is_ignore()
                && self.is_free(path)
            {
                self.text(&mut searcher, path, text);
            }
        }
    }

    fn walk(&self) -> WalkBuilder {
        let mut walk = WalkBuilder::new(self.root.as_std_path());
        // Ignore files mean what they say outside of git repositories, too.
        walk.require_git(false);
        walk
    }

    fn visit(&self, searcher: &mut Searcher, entry: &DirEntry) {
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            return;
        }
        let path = Utf8Path::from_path(entry.path()).and_then(|path| AbsPath::new(path).ok());
        let Some(path) = path else {
            return self.found(|found| found.left_out.unreadable += 1);
        };
        if !self.globs.allow(self.label(&path)) || !self.is_free(&path) {
            return;
        }
        match self.open.get(&path) {
            Some(text) => self.text(searcher, &path, text),
            None => self.file(searcher, &path),
        }
    }

    /// Whether a file may be searched; one that is asked for by its name may.
    fn is_free(&self, path: &AbsPath) -> bool {
        let free = path == self.root || (self.free)(path);
        if !free {
            self.found(|found| found.left_out.guarded += 1);
        }
        free
    }

    /// The path as globs see it.
    fn label<'p>(&self, path: &'p AbsPath) -> &'p str {
        if path == self.root {
            path.file_name().unwrap_or_default()
        } else {
            path.relative_to(self.root)
        }
    }

    fn text(&self, searcher: &mut Searcher, path: &AbsPath, text: &Rope) {
        let mut lines = self.lines();
        let searched =
            searcher.search_slice(&self.matcher, text.to_string().as_bytes(), &mut lines);
        self.take(path, searched, lines);
    }

    fn file(&self, searcher: &mut Searcher, path: &AbsPath) {
        match disk::open_seen(path, OpenOptions::new().read(true)) {
            Ok(file) => {
                let file = Cancellable { file, cancel: self.cancel };
                let mut lines = self.lines();
                let searched = searcher.search_reader(&self.matcher, file, &mut lines);
                self.take(path, searched, lines);
            }
            // Gone since the walk came by: as if it had never been there.
            Err(DocumentError::NotFound(_)) => {}
            Err(_) => self.found(|found| found.left_out.unreadable += 1),
        }
    }

    fn lines(&self) -> Lines<'_> {
        let most = self.found(|found| found.most);
        Lines::new(&self.matcher, most, self.cancel)
    }

    fn take(&self, path: &AbsPath, searched: io::Result<()>, lines: Lines<'_>) {
        self.found(|found| match searched {
            Err(_) => found.left_out.unreadable += 1,
            Ok(()) if lines.binary => found.left_out.binary_files += 1,
            Ok(()) => found.add(path, lines),
        });
    }

    fn found<T>(&self, with: impl FnOnce(&mut Found) -> T) -> T {
        with(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn searcher() -> Searcher {
    SearcherBuilder::new()
        // As the matcher has it, or it would refuse.
        .line_terminator(LineTerminator::crlf())
        .line_number(true)
        .binary_detection(BinaryDetection::quit(0))
        .heap_limit(Some(MAX_LINE_BYTES))
        .build()
}

/// A file that ends with an error when the search is stopped.
struct Cancellable<'a> {
    file: File,
    cancel: &'a CancellationToken,
}

impl Read for Cancellable<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.cancel.is_cancelled() {
            return Err(io::Error::other("the search was stopped"));
        }
        self.file.read(buffer)
    }
}

/// The matches up to now. Never many more than are wanted: what can no longer be among the first
/// is only counted.
struct Found {
    most: usize,
    kept: usize,
    by_path: BTreeMap<AbsPath, Vec<(u64, String)>>,
    files_searched: usize,
    left_out: LeftOut,
}

impl Found {
    fn new(most: usize) -> Self {
        let (by_path, left_out) = (BTreeMap::new(), LeftOut::default());
        Self { most, kept: 0, by_path, files_searched: 0, left_out }
    }

    fn add(&mut self, path: &AbsPath, lines: Lines<'_>) {
        self.files_searched += 1;
        self.left_out.matches += lines.more;
        self.kept += lines.kept.len();
        if !lines.kept.is_empty() {
            self.by_path.insert(path.clone(), lines.kept);
        }
        while let Some(last) = self.by_path.last_entry()
            && self.kept - last.get().len() >= self.most
        {
            let lines = last.remove().len();
            self.kept -= lines;
            self.left_out.matches += lines as u64;
        }
    }

    fn finish(mut self) -> GrepResult {
        let mut matches: Vec<GrepMatch> = self
            .by_path
            .into_iter()
            .flat_map(|(path, lines)| {
                let with_path = move |(line, text)| GrepMatch { path: path.clone(), line, text };
                lines.into_iter().map(with_path)
            })
            .collect();
        self.left_out.matches += matches.len().saturating_sub(self.most) as u64;
        matches.truncate(self.most);
        GrepResult {
            matches,
            files_searched: self.files_searched,
            truncated: self.left_out.matches > 0,
            left_out: self.left_out,
        }
    }
}

#[cfg(test)]
mod tests;
