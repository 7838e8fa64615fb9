//! What a text is made of, by its language's grammar: what encloses a place, what the text
//! defines, and which syntax errors an edit brings.
//!
//! Everything here works on a text and the path that tells its language; it knows no disk and no
//! buffer. It takes milliseconds and more, so it belongs on a thread for such work, and it has a
//! limit: a text that is too big, or takes too long, has no structure. A text with errors in it
//! is understood as far as it goes. Nothing is made before it is needed, and nothing is kept.
//!
//! Start with `language` for what is known; `names` says what has a name in which language.

use std::ops::Range;

use protocol::AbsPath;
use ropey::Rope;

mod errors;
mod language;
mod markdown;
mod names;
mod outline;
mod parse;
mod walk;

use language::Language;
use parse::parse;

pub use errors::{SyntaxError, SyntaxErrors, new_syntax_errors};
pub use outline::{Symbol, find_symbols, outline};

/// The names of what encloses a range of bytes, outermost first, as `impl Stack > fn pop`. White
/// space at the ends of the range does not count. None where nothing is known.
pub fn symbol_path(path: &AbsPath, text: &Rope, range: Range<usize>) -> Option<String> {
    let language = Language::of(path, &start_of(text))?;
    let tree = parse(language, text)?;
    let range = without_white_space(text, range);
    if language == Language::Markdown {
        let sections = markdown::outline(&tree, text).into_iter();
        let around = sections
            .rev()
            .find(|section| section.bytes.start <= range.start && range.end <= section.bytes.end);
        return around.map(|section| section.path);
    }
    let mut cursor = tree.walk();
    let (mut around, mut labels) = (Vec::new(), Vec::new());
    loop {
        let node = cursor.node();
        labels.extend(names::name(language, node, &around, text).map(|name| name.shown));
        around.push(node);
        if cursor.goto_first_child_for_byte(range.start).is_none() {
            break;
        }
        let inner = cursor.node();
        if range.start < inner.start_byte() || inner.end_byte() < range.end {
            break;
        }
    }
    labels.truncate(outline::MAX_DEPTH);
    if labels.is_empty() { None } else { Some(labels.join(" > ")) }
}

/// As much of the text as its language may be told by.
fn start_of(text: &Rope) -> String {
    text.chars().take(100).collect()
}

/// The range without white space at its ends; its start alone if there is nothing else in it.
fn without_white_space(text: &Rope, range: Range<usize>) -> Range<usize> {
    let end = text.byte_to_char(range.end.min(text.len_bytes()));
    let start = text.byte_to_char(range.start.min(text.len_bytes())).min(end);
    let selected = text.slice(start..end);
    let leading = selected.chars().take_while(|char| char.is_whitespace()).count();
    if leading == selected.len_chars() {
        return text.char_to_byte(start)..text.char_to_byte(start);
    }
    let backwards = selected.chars_at(selected.len_chars()).reversed();
    let trailing = backwards.take_while(|char| char.is_whitespace()).count();
    text.char_to_byte(start + leading)..text.char_to_byte(end - trailing)
}

#[cfg(test)]
mod tests;
