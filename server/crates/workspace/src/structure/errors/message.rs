//! What is told about a syntax error.

use tree_sitter::Tree;

use super::{SyntaxError, brackets::Unmatched, failures::Failure, indentation};
use crate::structure::walk::Walk;

/// The most characters of a text that are quoted.
const MAX_QUOTE: usize = 40;

/// A failure as a model is told it; `bracket` is the one that seems to lack its partner.
pub(super) fn describe(
    failure: &Failure,
    text: &str,
    tree: &Tree,
    bracket: Option<Unmatched>,
) -> SyntaxError {
    let known = &text[..failure.after];
    let string = open_string(known, &text[failure.token..]);
    let mut message = match string {
        Some(string) => {
            format!("the string that begins with `{}` is not closed", start_of(string))
        }
        None => unexpected(failure, text),
    };
    let last_line = known.trim_end().rsplit('\n').next().unwrap_or_default();
    if string.is_none() && !last_line.trim().is_empty() {
        message += &format!(" after `{}`", end_of(last_line.trim()));
    }
    if let Some(Unmatched::Open(byte)) = bracket
        && byte < failure.token
    {
        message += &format!("; {}", not_closed(text, byte, "seems not to be closed"));
    } else if let Some(word) = missing(failure, tree) {
        message += &format!("; `{word}` may be missing");
    }
    // What is missing at the end of a text is missing behind its last word.
    let byte = if failure.token == text.len() { known.trim_end().len() } else { failure.token };
    let (line, column) = position(text, byte);
    SyntaxError { line, column, message }
}

fn unexpected(failure: &Failure, text: &str) -> String {
    let rest = &text[failure.token..];
    match failure.lookahead.as_str() {
        indentation::NO_BLOCK => "an indented block is missing".to_owned(),
        _ if rest.is_empty() => "the text ends too early".to_owned(),
        indentation::UNLIKE => {
            format!("`{}` is not indented like its block", first_word(rest))
        }
        "_indent" => "unexpected indentation".to_owned(),
        "_dedent" => "unexpected end of the indented block".to_owned(),
        "_newline" => "unexpected end of the line".to_owned(),
        _ => format!("unexpected `{}`", first_word(rest)),
    }
}

/// The line from the quote on that opens a string and does not close it, if the text that was
/// understood ends in one.
fn open_string<'text>(known: &'text str, rest: &'text str) -> Option<&'text str> {
    let start = known.rfind('\n').map_or(0, |newline| newline + 1);
    if known[start..].contains("\"\"\"") {
        return None;
    }
    let (mut open, mut escaped) = (None, false);
    for (index, char) in known[start..].char_indices() {
        match char {
            '"' if !escaped && open.is_none() => open = Some(start + index),
            '"' if !escaped => open = None,
            _ => {}
        }
        escaped = char == '\\' && !escaped;
    }
    let open = open?;
    let is_last = known.len() == open + 1;
    match (is_last, rest.lines().next()) {
        // Nothing of it was understood; what it begins with is the rest of the line.
        (true, Some(line)) if !line.contains('"') => Some(line),
        (true, _) => None,
        (false, _) => Some(known[open..].trim_end()),
    }
}

/// The brace at a byte, which is never closed.
pub(super) fn never_closed(text: &str, byte: usize) -> String {
    not_closed(text, byte, "is never closed")
}

fn not_closed(text: &str, byte: usize, how: &str) -> String {
    let (line, _) = position(text, byte);
    let start = text[..byte].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[byte..].find('\n').map_or(text.len(), |newline| byte + newline);
    let bracket = &text[byte..].chars().next().unwrap_or('{');
    format!("the `{bracket}` in line {line} (`{}`) {how}", start_of(text[start..end].trim()))
}

/// The brace at a byte, which closes nothing.
pub(super) fn closes_nothing(text: &str, byte: usize) -> String {
    let bracket = &text[byte..].chars().next().unwrap_or('}');
    format!("the `{bracket}` closes nothing: there is one too many, or its partner is gone")
}

/// The word that the parser put in to go on.
fn missing<'tree>(failure: &Failure, tree: &'tree Tree) -> Option<&'tree str> {
    Walk::new(tree)
        .take_while(|node| node.start_byte() <= failure.token)
        .find(|node| node.is_missing() && !node.is_named() && node.start_byte() >= failure.after)
        .map(|node| node.kind())
        .filter(|kind| !kind.trim().is_empty())
}

/// The line and the column of a byte, as in [`SyntaxError`].
pub(super) fn position(text: &str, byte: usize) -> (u32, u32) {
    let before = &text[..byte];
    let start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let number = |count: usize| u32::try_from(count + 1).unwrap_or(u32::MAX);
    (number(before.matches('\n').count()), number(before[start..].chars().count()))
}

/// A name or a number as a whole, else what stands together.
fn first_word(text: &str) -> String {
    let is_word = |char: char| char.is_alphanumeric() || char == '_';
    let mut chars = text.chars();
    let first = chars.next().unwrap_or(' ');
    let rest = chars.take_while(|char| match is_word(first) {
        true => is_word(*char),
        false => char.is_ascii_punctuation() && !"()[]{},;'\"`".contains(*char),
    });
    let alone = "()[]{},;'\"`".contains(first);
    let rest = if alone { String::new() } else { rest.take(MAX_QUOTE).collect() };
    format!("{first}{rest}")
}

fn start_of(line: &str) -> String {
    match line.char_indices().nth(MAX_QUOTE) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line.to_owned(),
    }
}

fn end_of(line: &str) -> String {
    match line.char_indices().rev().nth(MAX_QUOTE) {
        Some((cut, char)) => format!("…{}", &line[cut + char.len_utf8()..]),
        None => line.to_owned(),
    }
}
