//! Python's rules of indentation, which its grammar does not hold.
//!
//! In a tree without errors, the statements of a block that begin a line must be indented alike,
//! and a block must have a statement.

use tree_sitter::{Node, Tree};

use super::{super::walk::Walk, failures::Failure};

/// What a failure is called where a statement is indented unlike its block.
pub(super) const UNLIKE: &str = "_unlike";
/// What a failure is called where an indented block should begin.
pub(super) const NO_BLOCK: &str = "_no_block";

/// Where the indentation of a Python text is wrong, in its order.
pub(super) fn failures(tree: &Tree, text: &str) -> Vec<Failure> {
    let blocks = Walk::new(tree).filter(|node| matches!(node.kind(), "module" | "block"));
    let mut found: Vec<Failure> = blocks.filter_map(|block| failure(block, text)).collect();
    found.sort_by_key(|failure| failure.token);
    found
}

/// The first wrong statement of a block.
fn failure(block: Node<'_>, text: &str) -> Option<Failure> {
    let is_module = block.kind() == "module";
    let mut expected = is_module.then_some("");
    let mut is_empty = !is_module;
    let mut cursor = block.walk();
    for statement in block.named_children(&mut cursor).filter(|node| !node.is_extra()) {
        is_empty = false;
        let Some(found) = indentation(text, statement.start_byte()) else { continue };
        match expected {
            Some(known) if known == found => {}
            // How wide a tab is, is for Python to say.
            Some(known) if known.contains('\t') != found.contains('\t') => {}
            Some(_) => return Some(at(text, statement.start_byte(), UNLIKE)),
            None => expected = Some(found),
        }
    }
    is_empty.then(|| at(text, block.start_byte(), NO_BLOCK))
}

/// The white space before a statement that begins a line.
fn indentation(text: &str, start: usize) -> Option<&str> {
    let line = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let space = &text[line..start];
    let continues = text[..line].trim_end_matches(['\r', '\n']).ends_with('\\');
    // After a form feed the columns begin anew.
    (space.chars().all(|char| char == ' ' || char == '\t') && !continues).then_some(space)
}

fn at(text: &str, byte: usize, what: &str) -> Failure {
    let token = byte + (text[byte..].len() - text[byte..].trim_start().len());
    Failure { after: text[..token].trim_end().len(), token, lookahead: what.to_owned() }
}
