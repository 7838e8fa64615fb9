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
use ignore::{
    DirEntry, WalkState,
    types::{Types, TypesBuilder},
};
use protocol::AbsPath;
use ropey::Rope;
use tokio_util::sync::CancellationToken;

use self::{found::Found, lines::Lines};
use crate::{disk, globs::Globs, walk::walk};

mod found;
mod lines;

pub use self::lines::MAX_LINE_CHARS;

/// The longest line that is searched, in bytes; the biggest file where matches go over several.
/// A file with more counts as unreadable.
const MAX_LINE_BYTES: usize = 64 * 1024 * 1024;

/// What to search for, and where. [`GrepQuery::new`] has the usual.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrepQuery {
    /// A regular expression in the syntax of Rust's `regex`.
    pub pattern: String,
    /// A file, or a folder that is searched with all below it.
    pub root: AbsPath,
    /// Which files: globs parted by white space, matched against the path below `root`, or
    /// against the name if they have no slash. Those that begin with `!` leave files out.
    pub globs: Option<String>,
    /// Which files: names of types as ripgrep has them, `rust`, `py`, `ts`. None: of every type.
    pub types: Vec<String>,
    /// Whether upper and lower case are the same.
    pub case_insensitive: bool,
    /// Whether a match may go over several lines. `.` does not match a line break then, either;
    /// `(?s)` in the pattern makes it.
    pub multi_line: bool,
    /// Whether files and folders with a dot before their names count, too.
    pub hidden: bool,
    /// What is listed.
    pub show: GrepShow,
    /// The most matching lines that are listed; of files, where those are listed.
    pub max_matches: usize,
    /// The most matching lines that are listed of one file.
    pub max_per_file: Option<usize>,
}

impl GrepQuery {
    /// A search for matching lines in all files that are neither hidden nor ignored, of which
    /// 100 are listed.
    pub fn new(pattern: impl Into<String>, root: AbsPath) -> Self {
        Self {
            pattern: pattern.into(),
            root,
            globs: None,
            types: Vec::new(),
            case_insensitive: false,
            multi_line: false,
            hidden: false,
            show: GrepShow::Lines { before: 0, after: 0 },
            max_matches: 100,
            max_per_file: None,
        }
    }
}

/// What a search lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GrepShow {
    /// Matching lines, with some lines around each.
    Lines {
        /// How many lines before a match.
        before: usize,
        /// How many lines after it.
        after: usize,
    },
    /// The files that have a matching line. Each is read only as far as its first.
    Files,
    /// The files that have a matching line, with how many there are.
    Counts,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrepResult {
    /// The first matching lines with those around them, by path and line; empty where files are
    /// listed.
    pub lines: Vec<GrepLine>,
    /// The first files that have a matching line, by path; empty where lines are listed.
    pub files: Vec<GrepFile>,
    /// How many files were searched; binary ones do not count.
    pub files_searched: usize,
    /// Whether there is more than is listed.
    pub truncated: bool,
    /// What is not in the list, counted.
    pub left_out: LeftOut,
}

/// A matching line, or one beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrepLine {
    /// The file, resolved.
    pub path: AbsPath,
    /// The line, from 1.
    pub line: u64,
    /// Its text without the line break. Of a line with more than [`MAX_LINE_CHARS`] characters
    /// it is the part around the match, with `…` where something is cut.
    pub text: String,
    /// Whether it matches; false for a line that only stands near one that does.
    pub is_match: bool,
}

/// A file with a matching line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GrepFile {
    /// The file, resolved.
    pub path: AbsPath,
    /// How many lines match; 1 if only the first was looked for.
    pub matches: u64,
}

/// What a search did not list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Matching lines beyond the most that are listed.
    pub matches: u64,
    /// Files with a matching line beyond the most that are listed, where files are.
    pub files: u64,
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
    /// There is no such type of files.
    #[error("a type of files is not known: {0}")]
    Type(#[source] ignore::Error),
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
    let globs = query.globs.as_deref().unwrap_or_default().split_whitespace();
    let search = Search {
        query,
        root,
        globs: Globs::new(globs).map_err(GrepError::Glob)?,
        types: types(&query.types).map_err(GrepError::Type)?,
        open,
        free,
        matcher: matcher(query).map_err(GrepError::Pattern)?,
        found: Mutex::new(Found::new(query)),
        cancel,
    };
    if !search.root_is_only_open()? {
        search.disk();
    }
    search.unsaved();
    if cancel.is_cancelled() {
        return Err(GrepError::Cancelled);
    }
    Ok(search.found.into_inner().unwrap_or_else(PoisonError::into_inner).finish())
}

fn matcher(query: &GrepQuery) -> Result<RegexMatcher, grep_regex::Error> {
    let mut builder = RegexMatcherBuilder::new();
    // `^` and `$` are the ends of a line, whatever it ends with.
    builder.case_insensitive(query.case_insensitive).multi_line(true).crlf(true);
    if query.multi_line {
        builder.line_terminator(None);
    }
    builder.build(&query.pattern)
}

fn types(names: &[String]) -> Result<Types, ignore::Error> {
    let mut builder = TypesBuilder::new();
    if !names.is_empty() {
        builder.add_defaults();
    }
    for name in names {
        builder.select(name);
    }
    builder.build()
}

struct Search<'a> {
    query: &'a GrepQuery,
    root: &'a AbsPath,
    globs: Globs,
    types: Types,
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
        walk(self.root, self.query.hidden).build_parallel().run(|| {
            let mut searcher = self.searcher();
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
        let mut ignored = walk(self.root, self.query.hidden).build_matchers();
        let Some(ignored) = ignored.first_mut() else { return };
        let mut searcher = self.searcher();
        for (path, text) in self.open {
            let relative = path.as_std_path().strip_prefix(self.root.as_std_path());
            let relative = relative.unwrap_or(Path::new(""));
            let new = path.as_std_path().symlink_metadata().is_err();
            if new
                && self.is_wanted(path)
                && !ignored.matched(relative, false).is_ignore()
                && self.is_free(path)
            {
                self.text(&mut searcher, path, text);
            }
        }
    }

    fn visit(&self, searcher: &mut Searcher, entry: &DirEntry) {
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            return;
        }
        let path = Utf8Path::from_path(entry.path()).and_then(|path| AbsPath::new(path).ok());
        let Some(path) = path else {
            return self.found(|found| found.left_out.unreadable += 1);
        };
        if !self.is_wanted(&path) || !self.is_free(&path) {
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

    /// Whether the file is one of those asked for, by its name.
    fn is_wanted(&self, path: &AbsPath) -> bool {
        self.globs.allow(self.label(path)) && !self.types.matched(path.as_str(), false).is_ignore()
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
        let wanted = self.found(|found| found.wanted());
        Lines::new(&self.matcher, wanted, self.cancel)
    }

    fn take(&self, path: &AbsPath, searched: io::Result<()>, lines: Lines<'_>) {
        self.found(|found| match searched {
            Err(_) => found.left_out.unreadable += 1,
            Ok(()) if lines.binary => found.left_out.binary_files += 1,
            Ok(()) => found.add(path, lines),
        });
    }

    fn searcher(&self) -> Searcher {
        let (before, after) = match self.query.show {
            GrepShow::Lines { before, after } => (before, after),
            GrepShow::Files | GrepShow::Counts => (0, 0),
        };
        SearcherBuilder::new()
            // As the matcher has it, or it would refuse.
            .line_terminator(LineTerminator::crlf())
            .line_number(true)
            .multi_line(self.query.multi_line)
            .before_context(before)
            .after_context(after)
            .binary_detection(BinaryDetection::quit(0))
            .heap_limit(Some(MAX_LINE_BYTES))
            .build()
    }

    fn found<T>(&self, with: impl FnOnce(&mut Found) -> T) -> T {
        with(&mut self.found.lock().unwrap_or_else(PoisonError::into_inner))
    }
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

#[cfg(test)]
mod tests;
