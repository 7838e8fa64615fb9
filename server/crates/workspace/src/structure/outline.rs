//! What a text defines: as a list, and by name.

use std::ops::Range;

use protocol::AbsPath;
use ropey::Rope;

use super::{
    language::Language,
    markdown,
    names::{self, Named},
    parse::parse,
    start_of,
    walk::Walk,
};

/// The most symbols that a text has; what comes after them is left out.
pub(super) const MAX_SYMBOLS: usize = 10_000;

/// How deep symbols are nested at most; what is deeper is left out.
pub(super) const MAX_DEPTH: usize = 32;

/// Something that a text defines under a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Symbol {
    /// The word for such a thing in its language: `fn`, `struct`, `class`, `heading`, `key` …
    pub kind: &'static str,
    /// The name, with what the code puts before it: `pop`, `Stack.Pop` (Go), `M.f` (Lua). That
    /// of a Rust `impl` is its type. Long names end with `…`.
    pub name: String,
    /// What it is part of and itself, outermost first: `impl Stack > fn pop`.
    pub path: String,
    /// Its lines: the first, counted from 1, and the one after the last.
    pub lines: Range<u32>,
    /// Its place, with decorators and `export`.
    pub bytes: Range<usize>,
    /// How many symbols it is in.
    pub depth: u16,
}

/// What a text defines, in its order, each before what is in it. None if its language is not
/// known, it is over 1 MiB, or parsing takes too long.
pub fn outline(path: &AbsPath, text: &Rope) -> Option<Vec<Symbol>> {
    let language = Language::of(path, &start_of(text))?;
    let tree = parse(language, text)?;
    if language == Language::Markdown {
        return Some(markdown::outline(&tree, text));
    }
    let mut symbols: Vec<Symbol> = Vec::new();
    // What the walk is in: how deep its node is, and its path.
    let mut open: Vec<(usize, String)> = Vec::new();
    let mut walk = Walk::new(&tree);
    while let Some(node) = walk.next() {
        let around = walk.around();
        while open.last().is_some_and(|(depth, _)| *depth >= around.len()) {
            open.pop();
        }
        if open.len() == MAX_DEPTH {
            continue;
        }
        let Some(Named { kind, name, shown }) = names::name(language, node, around, text) else {
            continue;
        };
        let whole = match around.last() {
            Some(outer) if matches!(outer.kind(), "decorated_definition" | "export_statement") => {
                *outer
            }
            _ => node,
        };
        let path = match open.last() {
            Some((_, outer)) => format!("{outer} > {shown}"),
            None => shown,
        };
        symbols.push(Symbol {
            kind,
            name,
            path: path.clone(),
            lines: lines(text, &whole.byte_range()),
            bytes: whole.byte_range(),
            depth: u16::try_from(open.len()).unwrap_or(u16::MAX),
        });
        if symbols.len() == MAX_SYMBOLS {
            break;
        }
        open.push((around.len(), path));
    }
    Some(symbols)
}

/// The lines of a range, as in [`Symbol`]. A range that ends with a line break ends with the line.
pub(super) fn lines(text: &Rope, bytes: &Range<usize>) -> Range<u32> {
    let line = |byte: usize| text.byte_to_line(byte.min(text.len_bytes()));
    let first = line(bytes.start);
    let last = line(bytes.end.saturating_sub(1)).max(first);
    let number = |line: usize| u32::try_from(line).unwrap_or(u32::MAX);
    number(first + 1)..number(last + 2)
}

/// The symbols that a name given by a person means, in their order: `pop`, `Stack.pop`,
/// `Stack::pop`, `stack > pop`. Names between the given ones may be missing. If none is spelled
/// like that, case and everything that is neither letter nor digit do not count (`install-guide`
/// for a heading *Install guide*). Empty if there is none, or the text has no [`outline`].
pub fn find_symbols(path: &AbsPath, text: &Rope, name: &str) -> Vec<Symbol> {
    let wanted = segments(name);
    if wanted.is_empty() {
        return Vec::new();
    }
    let symbols = outline(path, text).unwrap_or_default();
    let found = matching(&symbols, &wanted, |name, wanted| name == wanted);
    if found.is_empty() {
        return matching(&symbols, &wanted, |name, wanted| plain(name) == plain(wanted));
    }
    found
}

fn matching(symbols: &[Symbol], wanted: &[&str], same: fn(&str, &str) -> bool) -> Vec<Symbol> {
    let mut found = Vec::new();
    // The names around a symbol and its own, and where each symbol's begin.
    let mut chain: Vec<&str> = Vec::new();
    let mut starts: Vec<usize> = Vec::new();
    for symbol in symbols {
        let depth = usize::from(symbol.depth);
        if let Some(start) = starts.get(depth) {
            chain.truncate(*start);
            starts.truncate(depth);
        }
        starts.push(chain.len());
        chain.extend(segments(&symbol.name));
        let mut missing = wanted.iter().rev().peekable();
        for (index, name) in chain.iter().rev().enumerate() {
            match missing.peek() {
                Some(wanted) if same(name, wanted) => drop(missing.next()),
                Some(_) if index > 0 => {}
                _ => break,
            }
        }
        if missing.peek().is_none() {
            found.push(symbol.clone());
        }
    }
    found
}

/// The parts of a name: `Stack::pop`, `Stack.pop`, `M:f`, `div#id`, `a > b`.
fn segments(name: &str) -> Vec<&str> {
    let parts = name.split([':', '.', '#', '>', '/']).map(str::trim);
    parts.filter(|part| !part.is_empty()).collect()
}

fn plain(name: &str) -> String {
    name.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}
