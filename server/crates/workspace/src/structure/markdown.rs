//! The headings of a Markdown text, each with the section below it.
//!
//! The grammar nests sections under `#` headings only; headings underlined with `===` or `---`
//! count as well, so the nesting is made here, by level.

use ropey::Rope;
use tree_sitter::{Node, Tree};

use super::{
    names::one_line,
    outline::{MAX_SYMBOLS, Symbol, lines},
    walk::Walk,
};

/// The headings in their order.
pub(super) fn outline(tree: &Tree, text: &Rope) -> Vec<Symbol> {
    let mut headings = Vec::new();
    for node in Walk::new(tree) {
        headings.extend(heading(node, text).map(|(level, name)| (level, name, node.start_byte())));
        if headings.len() == MAX_SYMBOLS {
            break;
        }
    }
    let mut symbols: Vec<Symbol> = Vec::with_capacity(headings.len());
    let mut open: Vec<(usize, String)> = Vec::new();
    for (index, (level, name, start)) in headings.iter().enumerate() {
        while open.last().is_some_and(|(outer, _)| outer >= level) {
            open.pop();
        }
        let below = headings[index + 1..].iter().find(|(next, ..)| next <= level);
        let bytes = *start..below.map_or(text.len_bytes(), |(_, _, start)| *start);
        let shown = format!("{} {name}", "#".repeat(*level));
        let path = match open.last() {
            Some((_, outer)) => format!("{outer} > {shown}"),
            None => shown,
        };
        symbols.push(Symbol {
            kind: "heading",
            name: name.clone(),
            path: path.clone(),
            lines: lines(text, &bytes),
            bytes,
            depth: u16::try_from(open.len()).unwrap_or(u16::MAX),
        });
        open.push((*level, path));
    }
    symbols
}

/// The level, 1 to 6, and the text of a heading.
fn heading(node: Node<'_>, text: &Rope) -> Option<(usize, String)> {
    let level = match node.kind() {
        "atx_heading" => node.child(0)?.kind().strip_prefix("atx_h")?.get(..1)?.parse().ok()?,
        "setext_heading" if node.child(1)?.kind() == "setext_h1_underline" => 1,
        "setext_heading" => 2,
        _ => return None,
    };
    let content = node.child_by_field_name("heading_content")?;
    let content = one_line(text.get_byte_slice(content.byte_range())?.chars());
    // `## Title ##`
    let name = match content.trim_end_matches('#') {
        open if open.ends_with(' ') => open.trim_end(),
        _ => &content,
    };
    Some((level, name.to_owned()))
}
