//! A text as lines, and the forms of a line in which two count as the same.
//!
//! It knows texts with LF only. A form is chosen by [`Sameness`]; what is made of lines that are
//! the same is not its business.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

/// A text with LF only, cut into lines.
pub(super) struct Lines<'a> {
    pub(super) text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        if starts.last() == Some(&text.len()) {
            starts.pop();
        }
        Self { text, starts }
    }

    pub(super) fn len(&self) -> usize {
        self.starts.len()
    }

    /// The line without its break; empty beyond the last one.
    pub(super) fn get(&self, line: usize) -> &'a str {
        let range = self.range(line..line + 1);
        let text = &self.text[range];
        text.strip_suffix('\n').unwrap_or(text)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &'a str> + '_ {
        (0..self.len()).map(|line| self.get(line))
    }

    /// The bytes of some lines, breaks included.
    pub(super) fn range(&self, lines: Range<usize>) -> Range<usize> {
        self.start(lines.start)..self.start(lines.end)
    }

    fn start(&self, line: usize) -> usize {
        self.starts.get(line).copied().unwrap_or(self.text.len())
    }

    /// The line in which an offset is, counted from 0.
    pub(super) fn at(&self, offset: usize) -> usize {
        self.starts.partition_point(|&start| start <= offset).saturating_sub(1)
    }

    /// The lines that are not blank.
    pub(super) fn filled(&self) -> Vec<usize> {
        (0..self.len()).filter(|&line| !is_blank(self.get(line))).collect()
    }

    /// How many blank lines follow each other from `line` on.
    pub(super) fn blanks_from(&self, line: usize) -> usize {
        (line..self.len()).take_while(|&line| is_blank(self.get(line))).count()
    }

    /// How many blank lines stand right before `line`.
    pub(super) fn blanks_before(&self, line: usize) -> usize {
        (0..line).rev().take_while(|&line| is_blank(self.get(line))).count()
    }
}

pub(super) fn is_blank(line: &str) -> bool {
    line.trim().is_empty()
}

/// The white space a line begins with, what it says, and the white space it ends with.
pub(super) fn parts(line: &str) -> (&str, &str, &str) {
    let body = line.trim();
    let indent = line.len() - line.trim_start().len();
    if body.is_empty() {
        return (line, "", "");
    }
    (&line[..indent], body, &line[indent + body.len()..])
}

/// What may differ in two lines that count as the same; each allows what those before it do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sameness {
    /// Nothing.
    None,
    /// White space at the end.
    Trailing,
    /// White space at the beginning.
    Indentation,
    /// How much white space there is between words, and typographic forms of quotes, dashes and
    /// spaces.
    Typography,
}

impl Sameness {
    /// What a quoted text may be tried with, the strictest first.
    pub(super) const LOOSE: [Self; 3] = [Self::Trailing, Self::Indentation, Self::Typography];

    /// Two lines with the same form are the same.
    pub(super) fn form(self, line: &str) -> Cow<'_, str> {
        match self {
            Self::None => line.into(),
            Self::Trailing => line.trim_end().into(),
            Self::Indentation => line.trim().into(),
            Self::Typography => plain(line),
        }
    }
}

pub(super) fn same(one: &str, other: &str) -> bool {
    plain(one) == plain(other)
}

/// The line as a typewriter would have it, with single spaces.
pub(super) fn plain(line: &str) -> Cow<'_, str> {
    let line = line.trim();
    let mut space = false;
    let is_plain = |c: char| {
        let doubled = space && c == ' ';
        space = c == ' ';
        !doubled && c == plain_char(c) && (c == ' ' || !c.is_whitespace())
    };
    if line.chars().all(is_plain) {
        return line.into();
    }
    let mut plain = String::with_capacity(line.len());
    for word in line.split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.extend(word.chars().map(plain_char));
    }
    plain.into()
}

/// The character of a typewriter for a typographic one.
pub(super) fn plain_char(c: char) -> char {
    match c {
        '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}' | '\u{2032}' => '\'',
        '\u{201c}' | '\u{201d}' | '\u{201e}' | '\u{201f}' | '\u{2033}' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{a0}' | '\u{2000}'..='\u{200a}' | '\u{202f}' | '\u{205f}' | '\u{3000}' => ' ',
        c => c,
    }
}

/// Numbers for lines, the same for lines with the same form. A line of the text that is in no
/// line of the pattern gets [`UNKNOWN`].
pub(super) struct Numbered {
    pub(super) pattern: Vec<u32>,
    pub(super) text: Vec<u32>,
}

pub(super) const UNKNOWN: u32 = 0;

pub(super) fn numbered<'a>(
    pattern: impl Iterator<Item = &'a str>,
    text: impl Iterator<Item = &'a str>,
    sameness: Sameness,
) -> Numbered {
    let mut numbers: HashMap<Cow<'a, str>, u32> = HashMap::new();
    let pattern = pattern
        .map(|line| {
            let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX - 1) + 1;
            *numbers.entry(sameness.form(line)).or_insert(next)
        })
        .collect();
    let text = text.map(|line| numbers.get(&sameness.form(line)).copied().unwrap_or(UNKNOWN));
    Numbered { pattern, text: text.collect() }
}

/// Where `pattern` begins in `text`, places that overlap included, at most `most` of them
/// (Knuth, Morris and Pratt: no text makes it slow).
pub(super) fn runs(pattern: &[u32], text: &[u32], most: usize) -> Vec<usize> {
    let mut places = Vec::new();
    if pattern.is_empty() {
        return places;
    }
    let mut fallback = vec![0; pattern.len()];
    let mut matched = 0;
    for at in 1..pattern.len() {
        while matched > 0 && pattern[at] != pattern[matched] {
            matched = fallback[matched - 1];
        }
        matched += usize::from(pattern[at] == pattern[matched]);
        fallback[at] = matched;
    }
    matched = 0;
    for (at, number) in text.iter().enumerate() {
        while matched > 0 && *number != pattern[matched] {
            matched = fallback[matched - 1];
        }
        matched += usize::from(*number == pattern[matched]);
        if matched == pattern.len() {
            places.push(at + 1 - matched);
            matched = fallback[matched - 1];
            if places.len() == most {
                break;
            }
        }
    }
    places
}
