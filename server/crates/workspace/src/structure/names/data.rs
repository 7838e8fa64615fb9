//! Names in data and documents: keys, selectors, elements.

use ropey::Rope;
use tree_sitter::Node;

use super::{Named, one_line, words};

/// A pair of JSON or YAML.
pub(super) fn key(node: Node<'_>, text: &Rope) -> Option<Named> {
    matches!(node.kind(), "pair" | "block_mapping_pair" | "flow_pair").then_some(())?;
    let key = words(node.child_by_field_name("key")?, text);
    let quoted = ['"', '\'']
        .iter()
        .find_map(|quote| key.strip_prefix(*quote).and_then(|key| key.strip_suffix(*quote)));
    let name = quoted.unwrap_or(&key).to_owned();
    Some(Named { kind: "key", shown: name.clone(), name })
}

/// A rule by its selectors, an at-rule with a block by what stands before it.
pub(super) fn css(node: Node<'_>, text: &Rope) -> Option<Named> {
    let kind = match node.kind() {
        "rule_set" => "rule",
        "at_rule" | "media_statement" | "supports_statement" | "keyframes_statement" => "at-rule",
        _ => return None,
    };
    let mut cursor = node.walk();
    let block = node
        .named_children(&mut cursor)
        .find(|child| matches!(child.kind(), "block" | "keyframe_block_list"))?;
    let head = text.get_byte_slice(node.start_byte()..block.start_byte())?;
    let name = one_line(head.chars());
    (!name.is_empty()).then(|| Named { kind, shown: name.clone(), name })
}

/// Elements that one finds one's way by: those with an id, the parts of a page, headings with
/// their text, and components.
pub(super) fn html(node: Node<'_>, text: &Rope) -> Option<Named> {
    matches!(node.kind(), "element" | "script_element" | "style_element").then_some(())?;
    let start = node.named_child(0).filter(|tag| tag.kind().ends_with("_tag"))?;
    let tag = words(start.named_child(0)?, text);
    if let [b'h' | b'H', b'1'..=b'6'] = tag.as_bytes() {
        let end = node.named_child(node.named_child_count().checked_sub(1)? as u32)?;
        let inner = text.get_byte_slice(start.end_byte()..end.start_byte())?;
        let name = one_line(without_tags(inner.chars()));
        let shown = format!("{tag} {name}");
        return (!name.is_empty()).then_some(Named { kind: "heading", name, shown });
    }
    let name = match id(start, text) {
        Some(id) => format!("{tag}#{id}"),
        None if is_landmark(&tag) => tag,
        None => return None,
    };
    Some(Named { kind: "element", shown: name.clone(), name })
}

fn is_landmark(tag: &str) -> bool {
    tag.contains('-')
        || matches!(
            tag,
            "html"
                | "head"
                | "body"
                | "header"
                | "footer"
                | "main"
                | "nav"
                | "section"
                | "article"
                | "aside"
                | "form"
                | "table"
                | "dialog"
                | "template"
                | "script"
                | "style"
        )
}

fn id(tag: Node<'_>, text: &Rope) -> Option<String> {
    let mut cursor = tag.walk();
    let value = tag
        .named_children(&mut cursor)
        .filter(|child| child.kind() == "attribute")
        .find(|attribute| attribute.named_child(0).is_some_and(|name| words(name, text) == "id"))?
        .named_child(1)?;
    let value = words(value, text);
    let value = value.trim_matches(['"', '\'']);
    (!value.is_empty()).then(|| value.to_owned())
}

fn without_tags(text: impl Iterator<Item = char>) -> impl Iterator<Item = char> {
    let mut inside = false;
    text.filter(move |char| {
        let was_inside = inside;
        inside = match char {
            '<' => true,
            '>' => false,
            _ => inside,
        };
        !was_inside && !inside
    })
}
