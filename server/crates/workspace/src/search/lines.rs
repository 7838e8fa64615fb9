//! The matching lines of one file, as the searcher finds them.

use std::io;

use grep_matcher::Matcher;
use grep_regex::RegexMatcher;
use grep_searcher::{Searcher, Sink, SinkContext, SinkContextKind, SinkMatch};
use tokio_util::sync::CancellationToken;

/// The most characters of a line that are listed.
pub const MAX_LINE_CHARS: usize = 400;

/// How many of them come before the match, at most.
const CHARS_BEFORE: usize = 100;

/// Takes lines in, keeps the first of them and counts the others.
pub(super) struct Lines<'a> {
    matcher: &'a RegexMatcher,
    wanted: Wanted,
    cancel: &'a CancellationToken,
    pub(super) kept: Vec<Line>,
    /// How many matching lines are among those kept.
    pub(super) matches: u64,
    pub(super) more: u64,
    pub(super) binary: bool,
}

/// What is wanted of the lines of one file.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// The most matching lines that are kept.
    pub(super) most: usize,
    /// How many lines after a matching one are kept with it.
    pub(super) after: usize,
    /// Whether it is enough to know that there is one.
    pub(super) first_only: bool,
}

/// One line that is kept.
pub(super) struct Line {
    pub(super) number: u64,
    pub(super) text: String,
    pub(super) is_match: bool,
}

impl<'a> Lines<'a> {
    pub(super) fn new(
        matcher: &'a RegexMatcher,
        wanted: Wanted,
        cancel: &'a CancellationToken,
    ) -> Self {
        let (kept, matches, more, binary) = (Vec::new(), 0, 0, false);
        Self { matcher, wanted, cancel, kept, matches, more, binary }
    }

    /// How many matching lines there are, kept or not.
    pub(super) fn total(&self) -> u64 {
        self.matches + self.more
    }

    fn is_full(&self) -> bool {
        self.matches >= self.wanted.most as u64
    }

    fn keep(&mut self, number: u64, line: &[u8], is_match: bool) {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // Cannot fail: this matcher has no errors of its own.
        let place = if is_match { self.matcher.find(line).ok().flatten() } else { None };
        let text = shortened(line, place.map_or(0, |place| place.start()));
        self.kept.push(Line { number, text, is_match });
    }
}

impl Sink for Lines<'_> {
    type Error = io::Error;

    fn matched(&mut self, _: &Searcher, found: &SinkMatch<'_>) -> Result<bool, io::Error> {
        let first = found.line_number().unwrap_or_default();
        // Several lines where the pattern may match across them.
        for (line, number) in found.lines().zip(first..) {
            if self.is_full() {
                self.more += 1;
            } else {
                self.keep(number, line, true);
                self.matches += 1;
            }
        }
        Ok(!self.wanted.first_only && !self.cancel.is_cancelled())
    }

    fn context(&mut self, _: &Searcher, context: &SinkContext<'_>) -> Result<bool, io::Error> {
        let number = context.line_number().unwrap_or_default();
        let belongs = match context.kind() {
            SinkContextKind::After => self.is_near(number),
            // To the next match, if that will be kept, and else perhaps to the last.
            _ => !self.is_full() || self.is_near(number),
        };
        if belongs {
            self.keep(number, context.bytes(), false);
        }
        Ok(!self.cancel.is_cancelled())
    }

    fn binary_data(&mut self, _: &Searcher, _: u64) -> Result<bool, io::Error> {
        self.binary = true;
        Ok(false)
    }
}

impl Lines<'_> {
    /// Whether a line is close enough behind the last match that is kept.
    fn is_near(&self, number: u64) -> bool {
        let last = self.kept.iter().rev().find(|line| line.is_match);
        last.is_some_and(|last| number <= last.number + self.wanted.after as u64)
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
