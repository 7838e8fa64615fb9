//! Parsing within limits of size and time.

use std::{
    ops::ControlFlow,
    time::{Duration, Instant},
};

use ropey::Rope;
use tree_sitter::{LogType, ParseOptions, ParseState, Parser, Tree};

use super::language::Language;

/// The biggest text that is parsed, in bytes.
pub(super) const MAX_BYTES: usize = 1024 * 1024;

/// How long parsing may take. A test may run on a busy machine, in code that is not optimised.
const MAX_TIME: Duration = Duration::from_millis(if cfg!(test) { 60_000 } else { 500 });

/// Hears what the parser does, a line for each step.
pub(super) type Listener = Box<dyn FnMut(LogType, &str) + Send>;

/// The tree of a text; errors in it are part of the tree. None if the text is too big, it takes
/// too long, or the language has no grammar.
pub(super) fn parse(language: Language, text: &Rope) -> Option<Tree> {
    parse_heard(language, text, None)
}

/// As [`parse`], which is faster without a listener.
pub(super) fn parse_heard(
    language: Language,
    text: &Rope,
    listener: Option<Listener>,
) -> Option<Tree> {
    if text.len_bytes() > MAX_BYTES {
        return None;
    }
    let mut parser = Parser::new();
    parser.set_language(&language.grammar()?).ok()?;
    parser.set_logger(listener);
    let end = Instant::now() + MAX_TIME;
    let mut in_time = |_: &ParseState| {
        if Instant::now() < end { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    };
    let options = ParseOptions::new().progress_callback(&mut in_time);
    let mut chunk_from = |offset: usize, _| -> &[u8] {
        match text.get_chunk_at_byte(offset) {
            Some((chunk, start, ..)) => &chunk.as_bytes()[offset - start..],
            None => &[],
        }
    };
    parser.parse_with_options(&mut chunk_from, None, Some(options))
}
