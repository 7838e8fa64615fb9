//! Finding where a name is defined, in all files below a folder.
//!
//! There is no index to go stale: files that do not have the name in their text are passed by as
//! quickly as a search does it, and only the others are parsed. It has a limit in time; what was
//! found until then is the answer.

use std::{
    collections::BTreeMap,
    fs::OpenOptions,
    io::Read,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use camino::Utf8Path;
use engine::FoundSymbol;
use grep_matcher::Matcher;
use grep_regex::{RegexMatcher, RegexMatcherBuilder};
use ignore::{DirEntry, WalkState};
use protocol::AbsPath;
use ropey::Rope;
use tokio_util::sync::CancellationToken;

use crate::{disk, encoding, structure, walk::walk};

/// The biggest file that is looked at, in bytes; none bigger has a structure.
const MAX_BYTES: u64 = 1024 * 1024;

/// How many are found before those that come first are chosen.
const MAX_FOUND: usize = 1000;

/// How long it may take.
const MAX_TIME: Duration = Duration::from_secs(3);

/// The symbols of this name below `root`, those spelled just so before the others, by path and
/// line. `open` are the open texts there.
pub(crate) fn find(
    root: &AbsPath,
    name: &str,
    limit: usize,
    open: &BTreeMap<AbsPath, Rope>,
    cancel: &CancellationToken,
) -> Vec<FoundSymbol> {
    let Some(telling) = telling_part(name) else { return Vec::new() };
    let Ok(matcher) =
        RegexMatcherBuilder::new().case_insensitive(true).fixed_strings(true).build(telling)
    else {
        return Vec::new();
    };
    let search = Search { name, open, matcher, found: Mutex::default() };
    let began = Instant::now();
    walk(root, false).build_parallel().run(|| {
        Box::new(|entry| {
            if cancel.is_cancelled() || began.elapsed() > MAX_TIME {
                return WalkState::Quit;
            }
            if let Ok(entry) = entry {
                search.visit(&entry);
            }
            if search.is_full() { WalkState::Quit } else { WalkState::Continue }
        })
    });
    for (path, text) in open {
        // What is on disk was come by already.
        if path.as_std_path().symlink_metadata().is_err() {
            search.text(path, text);
        }
    }
    let mut found = search.found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.sort_by(|one, other| {
        let rank = |it: &Found| (!it.exact, it.symbol.path.clone(), it.symbol.first_line);
        rank(one).cmp(&rank(other))
    });
    found.into_iter().take(limit).map(|found| found.symbol).collect()
}

struct Search<'a> {
    name: &'a str,
    open: &'a BTreeMap<AbsPath, Rope>,
    matcher: RegexMatcher,
    found: Mutex<Vec<Found>>,
}

struct Found {
    /// Whether the name is spelled as it was asked for.
    exact: bool,
    symbol: FoundSymbol,
}

impl Search<'_> {
    fn visit(&self, entry: &DirEntry) {
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            return;
        }
        let path = Utf8Path::from_path(entry.path()).and_then(|path| AbsPath::new(path).ok());
        let Some(path) = path else { return };
        if let Some(text) = self.open.get(&path) {
            return self.text(&path, text);
        }
        if let Some(text) = self.read(&path) {
            self.parse(&path, &Rope::from_str(&text));
        }
    }

    /// The text of a file that may define the name.
    fn read(&self, path: &AbsPath) -> Option<String> {
        let file = disk::open_seen(path, OpenOptions::new().read(true)).ok()?;
        let size = file.metadata().ok()?.len();
        if size > MAX_BYTES {
            return None;
        }
        let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default() + 1);
        file.take(MAX_BYTES).read_to_end(&mut bytes).ok()?;
        // In UTF-16 the name has other bytes; such sources are rare.
        if !self.matcher.is_match(&bytes).unwrap_or(false) {
            return None;
        }
        encoding::decode(bytes, None).map(|(text, _)| text)
    }

    fn text(&self, path: &AbsPath, text: &Rope) {
        let bytes = text.len_bytes() as u64;
        if bytes <= MAX_BYTES && self.matcher.is_match(text.to_string().as_bytes()).unwrap_or(false)
        {
            self.parse(path, text);
        }
    }

    fn parse(&self, path: &AbsPath, text: &Rope) {
        for symbol in structure::find_symbols(path, text, self.name) {
            let found = Found {
                exact: last_part(&symbol.name) == last_part(self.name),
                symbol: FoundSymbol {
                    path: path.clone(),
                    first_line: symbol.lines.start,
                    last_line: symbol.lines.end.saturating_sub(1),
                    text: text.byte_slice(symbol.bytes).to_string(),
                    symbol: symbol.path,
                },
            };
            self.found.lock().unwrap_or_else(PoisonError::into_inner).push(found);
        }
    }

    fn is_full(&self) -> bool {
        self.found.lock().unwrap_or_else(PoisonError::into_inner).len() >= MAX_FOUND
    }
}

/// The longest word of a name: every text that defines it has this in some letter case, as
/// `fooBar` or as `foo_bar`.
fn telling_part(name: &str) -> Option<&str> {
    let words = name.split(|char: char| !char.is_alphanumeric()).flat_map(|word| {
        let mut before = 'A';
        let humps = word.char_indices().filter(move |(_, char)| {
            let is_hump = before.is_lowercase() && char.is_uppercase();
            before = *char;
            is_hump
        });
        let mut starts: Vec<usize> = humps.map(|(at, _)| at).collect();
        starts.insert(0, 0);
        let ends = starts.iter().skip(1).copied().chain([word.len()]).collect::<Vec<_>>();
        starts.into_iter().zip(ends).map(|(start, end)| &word[start..end])
    });
    words.filter(|word| !word.is_empty()).max_by_key(|word| word.len())
}

/// A name without what encloses it.
fn last_part(name: &str) -> &str {
    name.rsplit([':', '.', '#', '>', '/']).next().unwrap_or(name).trim()
}

#[cfg(test)]
mod tests;
