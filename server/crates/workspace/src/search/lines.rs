//! The matching lines of one file, as the searcher finds them.

use std::io;

use grep_matcher::Matcher;
use grep_regex::RegexMatcher;
use grep_searcher::{Searcher, Sink, SinkMatch};
use tokio_util::sync::CancellationToken;

/// The most characters of a line that are listed.
pub const MAX_LINE_CHARS: usize = 400;

/// How many of them come before the match, at most.
const CHARS_BEFORE: usize = 100;

/// Takes lines in, keeps the first of them and counts the others.
pub(super) struct Lines<'a> {
    matcher: &'a RegexMatcher,
    most: usize,
    cancel: &'a CancellationToken,
    pub(super) kept: Vec<(u64, String)>,
    pub(super) more: u64,
    pub(super) binary: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(
        matcher: &'a RegexMatcher,
        most: usize,
        cancel: &'a CancellationToken,
    ) -> Self {
        Self { matcher, most, cancel, kept: Vec::new(), more: 0, binary: false }
    }
}

impl Sink for Lines<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> Result<bool, io::Error> {
        if self.kept.len() < self.most {
            let line = found.bytes();
            let line = line.strip_suffix(b"\n").unwrap_or(line);
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            // Cannot fail: this matcher has no errors of its own.
            let place = self.matcher.find(line).ok().flatten();
            let start = place.map_or(0, |place| place.start());
            self.kept.push((found.line_number().unwrap_or_default(), shortened(line, start)));
        } else {
            self.more += 1;
        }
        Ok(!self.cancel.is_cancelled())
    }

    fn binary_data(&mut self, _: &Searcher, _: u64) -> Result<bool, io::Error> {
        self.binary = true;
        Ok(false)
    }
}

/// The line, or the part of it around the match at byte `start` if it is too long.
fn shortened(line: &[u8], start: usize) -> String {
    let text = String::from_utf8_lossy(line);
    if text.chars().nth(MAX_LINE_CHARS).is_none() {
        return text.into_owned();
    }
    let before = String::from_utf8_lossy(&line[..start]).chars().count();
    let skipped = before.saturating_sub(CHARS_BEFORE);
    let mut shown: String = text.chars().skip(skipped).take(MAX_LINE_CHARS).collect();
    if skipped > 0 {
        shown.insert(0, '…');
    }
    if text.chars().nth(skipped + MAX_LINE_CHARS).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_line_is_whole() {
        assert_eq!(shortened("kürz".as_bytes(), 0), "kürz");
        let just = "x".repeat(MAX_LINE_CHARS);
        assert_eq!(shortened(just.as_bytes(), 0), just);
    }

    #[test]
    fn a_long_line_is_cut_around_the_match() {
        let line = format!("{}needle{}", "ä".repeat(1000), "ö".repeat(1000));
        let shown = shortened(line.as_bytes(), 2000);
        assert_eq!(shown.chars().count(), MAX_LINE_CHARS + 2);
        assert!(shown.starts_with("…ä") && shown.ends_with("ö…"));
        assert_eq!(shown.chars().take_while(|&char| char != 'n').count(), CHARS_BEFORE + 1);
        let at_the_start = shortened(line.as_bytes(), 0);
        assert!(at_the_start.starts_with("ää") && at_the_start.ends_with("ä…"));
    }
}
