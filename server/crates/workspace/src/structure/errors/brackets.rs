//! Which brackets of a text have no partner.
//!
//! The leaves of a tree are taken for it, errors or not: there a bracket in a string or a comment
//! is not one.

use tree_sitter::{Node, Tree};

use super::super::walk::Walk;

/// A bracket without a partner, by its byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unmatched {
    Open(usize),
    Close(usize),
}

struct Bracket {
    open: bool,
    kind: char,
    byte: usize,
}

/// The first brace without a partner, if there is one. None if that cannot be told.
pub(super) fn unmatched_brace(tree: &Tree, text: &str) -> Option<Option<Unmatched>> {
    let mut open = Vec::new();
    for leaf in Walk::new(tree).filter(|node| node.child_count() == 0) {
        if leaf.is_error() && text[leaf.byte_range()].contains(['{', '}']) {
            return None;
        }
        match bracket(leaf) {
            Some(Bracket { open: true, kind: '}', byte }) => open.push(byte),
            Some(Bracket { open: false, kind: '}', byte }) if open.pop().is_none() => {
                return Some(Some(Unmatched::Close(byte)));
            }
            _ => {}
        }
    }
    Some(open.last().map(|byte| Unmatched::Open(*byte)))
}

/// The bracket that most likely lacks its partner, if brackets do not match. Where one is not
/// closed, all around it close too early: the first whose partner is indented otherwise is the one.
pub(super) fn unmatched(tree: &Tree, text: &str) -> Option<Unmatched> {
    let mut open: Vec<Bracket> = Vec::new();
    let mut crooked = None;
    for bracket in Walk::new(tree).filter_map(bracket) {
        if bracket.open {
            open.push(bracket);
            continue;
        }
        match open.last() {
            None => return Some(Unmatched::Close(bracket.byte)),
            Some(partner) if partner.kind != bracket.kind => break,
            Some(partner) if is_crooked(text, partner.byte, bracket.byte) => {
                crooked = crooked.or(Some(partner.byte));
            }
            Some(_) => {}
        }
        open.pop();
    }
    open.last().map(|inner| Unmatched::Open(crooked.unwrap_or(inner.byte)))
}

/// Whether a bracket that begins a line is indented otherwise than the line of its partner.
fn is_crooked(text: &str, open: usize, close: usize) -> bool {
    let start = |byte: usize| text[..byte].rfind('\n').map_or(0, |newline| newline + 1);
    let indentation = &text[start(close)..close];
    let line = &text[start(open)..open];
    start(open) != start(close)
        && indentation.trim().is_empty()
        && line[..line.len() - line.trim_start().len()] != *indentation
        && !line.is_empty()
}

/// The kind of a bracket is the one that closes it.
fn bracket(node: Node<'_>) -> Option<Bracket> {
    if node.child_count() > 0 || node.is_missing() {
        return None;
    }
    let byte = node.start_byte();
    let (open, kind) = match node.kind() {
        "(" => (true, ')'),
        "[" => (true, ']'),
        "{" | "${" | "#{" => (true, '}'),
        ")" => (false, ')'),
        "]" => (false, ']'),
        "}" => (false, '}'),
        _ => return None,
    };
    Some(Bracket { open, kind, byte })
}
