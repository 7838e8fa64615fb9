//! What somebody typed behind lines, found in the text that came of it: comments, most often.
//!
//! A line that says all that one said before, and then more, is that line if each is there once. So
//! its own words have not changed, and what is behind them was typed there.

use std::collections::HashMap;

use protocol::Replacement;

/// A text, and the one that it would be if nothing had been typed behind its lines.
pub(super) struct Behind {
    pub(super) without: String,
    /// What was typed, in the text without it.
    pub(super) typed: Vec<Replacement>,
}

impl Behind {
    /// What `hunks` would make of lines, nobody typed.
    pub(super) fn new(before: &str, after: &str, hunks: &str) -> Self {
        let (old, new, hunks) = (count(before), count(after), count(hunks));
        let mut claims: HashMap<&str, usize> = HashMap::new();
        let mut known = |line| {
            let known = known(line, &old, &new).filter(|_| !hunks.contains_key(line))?;
            *claims.entry(known).or_default() += 1;
            Some(known)
        };
        let lines: Vec<(&str, Option<&str>)> =
            after.split_inclusive('\n').map(|line| (line, known(says(line)))).collect();
        let (mut without, mut typed) = (String::with_capacity(after.len()), Vec::new());
        for (line, known) in lines {
            let Some(known) = known.filter(|known| claims.get(known) == Some(&1)) else {
                without.push_str(line);
                continue;
            };
            without.push_str(known);
            let (at, end) = (without.len(), says(line).len());
            let text = line[known.len()..end].to_owned();
            typed.push(Replacement { start: at, end: at, text });
            without.push_str(&line[end..]);
        }
        Self { without, typed }
    }
}

/// A line without its end.
fn says(line: &str) -> &str {
    let line = line.strip_suffix('\n').unwrap_or(line);
    line.strip_suffix('\r').unwrap_or(line)
}

/// How often each line is there.
fn count(text: &str) -> HashMap<&str, usize> {
    let mut count = HashMap::new();
    for line in text.split_inclusive('\n') {
        *count.entry(says(line)).or_default() += 1;
    }
    count
}

/// The line that became this one, if something was typed behind it after a space.
fn known<'a>(
    line: &'a str,
    old: &HashMap<&str, usize>,
    new: &HashMap<&str, usize>,
) -> Option<&'a str> {
    if old.contains_key(line) {
        return None;
    }
    let spaces = line.char_indices().rev().filter(|(_, char)| char.is_whitespace());
    let mut starts = spaces.map(|(at, _)| line.split_at(at));
    let is_it = |start: &str| {
        start.contains(char::is_alphanumeric)
            && old.get(start) == Some(&1)
            && !new.contains_key(start)
    };
    let (start, typed) = starts.find(|(start, _)| is_it(start))?;
    (!typed.trim().is_empty()).then_some(start)
}
