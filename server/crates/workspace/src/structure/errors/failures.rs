//! Where the parser could not go on.
//!
//! A tree with errors says what was skipped to make sense of the rest, which may begin long
//! before the word that does not fit. That word is known only to the parser while it works, so it
//! is listened to: `process …, row:2, col:7` names the place that a step starts from, `detect_error
//! lookahead:}` ends an attempt, and `resume version` means that no attempt is left.

use std::sync::mpsc;

use ropey::Rope;
use tree_sitter::LogType;

use super::super::{
    language::Language,
    parse::{Listener, parse_heard},
};

/// The most failures of a text that are looked at.
const MAX_FAILURES: usize = 200;

/// A place where no rule of the grammar allowed the next word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// The byte up to which the text was understood.
    pub after: usize,
    /// The byte where the word begins that does not fit.
    pub token: usize,
    /// What the grammar calls that word; `end` at the end of the text.
    pub lookahead: String,
}

impl Failure {
    /// The line of the word, without white space around it.
    pub fn line<'text>(&self, text: &'text str) -> &'text str {
        let start = text[..self.token].rfind('\n').map_or(0, |newline| newline + 1);
        let end = text[self.token..].find('\n').map_or(text.len(), |newline| self.token + newline);
        text[start..end].trim()
    }
}

/// The failures of a text in the order of the parser, which is that of the text. If the parser
/// takes too long, those until then.
pub(super) fn failures(language: Language, text: &str, rope: &Rope) -> Vec<Failure> {
    let (heard, failed) = mpsc::channel();
    // The tree is already known; dropping the parser ends the channel.
    drop(parse_heard(language, rope, Some(listener(heard))));
    let starts: Vec<usize> =
        std::iter::once(0).chain(text.match_indices('\n').map(|(byte, _)| byte + 1)).collect();
    let place = |heard: Heard| {
        let after = text.floor_char_boundary(starts.get(heard.row)? + heard.column);
        let rest = &text[after..];
        let token = after + (rest.len() - rest.trim_start().len());
        Some(Failure { after, token, lookahead: heard.lookahead })
    };
    failed.into_iter().take(MAX_FAILURES).filter_map(place).collect()
}

/// A failure as the parser tells it.
struct Heard {
    row: usize,
    column: usize,
    lookahead: String,
}

fn listener(failed: mpsc::Sender<Heard>) -> Listener {
    let (mut row, mut column) = (0, 0);
    let mut furthest: Option<Heard> = None;
    Box::new(move |kind, line| {
        if kind != LogType::Parse {
            return;
        }
        if let Some(step) = line.strip_prefix("process ") {
            row = number(step, "row:");
            column = number(step, "col:");
        } else if let Some(lookahead) = line.strip_prefix("detect_error lookahead:") {
            if furthest.as_ref().is_none_or(|it| (it.row, it.column) <= (row, column)) {
                furthest = Some(Heard { row, column, lookahead: lookahead.to_owned() });
            }
        } else if line.starts_with("resume version")
            && let Some(failure) = furthest.take()
        {
            // Nobody hears it if enough is known: that is no error.
            let _ = failed.send(failure);
        }
    })
}

fn number(step: &str, name: &str) -> usize {
    let digits = step.split(name).nth(1).unwrap_or_default();
    digits.split(',').next().and_then(|digits| digits.parse().ok()).unwrap_or_default()
}
