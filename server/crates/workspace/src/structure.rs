//! What a piece of text is part of, by its language's grammar.
//!
//! The language is told by the file's extension. A text with errors in it is parsed as well as it
//! goes; one that is too big, or takes too long, has no structure. It knows no disk and no buffer.

use std::{
    ops::{ControlFlow, Range},
    time::{Duration, Instant},
};

use protocol::AbsPath;
use ropey::Rope;
use tree_sitter::{Node, ParseOptions, Parser, Tree};

/// The biggest text that is parsed, in bytes.
const MAX_BYTES: usize = 2 * 1024 * 1024;

/// How long parsing may take.
const MAX_TIME: Duration = Duration::from_millis(500);

/// The most characters of a name that are shown.
const MAX_NAME: usize = 80;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Language {
    Rust,
    Python,
    JavaScript,
    TypeScript,
    Tsx,
    Go,
    Lua,
}

impl Language {
    fn of(path: &AbsPath) -> Option<Self> {
        match path.as_utf8_path().extension()? {
            "rs" => Some(Self::Rust),
            "py" | "pyi" => Some(Self::Python),
            "js" | "mjs" | "cjs" | "jsx" => Some(Self::JavaScript),
            "ts" | "mts" | "cts" => Some(Self::TypeScript),
            "tsx" => Some(Self::Tsx),
            "go" => Some(Self::Go),
            "lua" => Some(Self::Lua),
            _ => None,
        }
    }

    fn grammar(self) -> tree_sitter::Language {
        match self {
            Self::Rust => tree_sitter_rust::LANGUAGE.into(),
            Self::Python => tree_sitter_python::LANGUAGE.into(),
            Self::JavaScript => tree_sitter_javascript::LANGUAGE.into(),
            Self::TypeScript => tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into(),
            Self::Tsx => tree_sitter_typescript::LANGUAGE_TSX.into(),
            Self::Go => tree_sitter_go::LANGUAGE.into(),
            Self::Lua => tree_sitter_lua::LANGUAGE.into(),
        }
    }

    /// What a node is called in the language, if it is one that has a name of its own.
    fn label(self, node: Node<'_>, text: &Rope) -> Option<String> {
        match self {
            Self::Rust => rust(node, text),
            Self::Python => python(node, text),
            Self::JavaScript | Self::TypeScript | Self::Tsx => script(node, text),
            Self::Go => go(node, text),
            Self::Lua => lua(node, text),
        }
    }
}

/// The names of what encloses a range of bytes, outermost first, parted by ` > `.
pub(crate) fn symbol_path(path: &AbsPath, text: &Rope, range: Range<usize>) -> Option<String> {
    let language = Language::of(path)?;
    let tree = parse(language, text)?;
    let range = without_white_space(text, range);
    let mut node = tree.root_node().descendant_for_byte_range(range.start, range.end);
    let mut labels = Vec::new();
    while let Some(inner) = node {
        labels.extend(language.label(inner, text));
        node = inner.parent();
    }
    labels.reverse();
    if labels.is_empty() { None } else { Some(labels.join(" > ")) }
}

fn parse(language: Language, text: &Rope) -> Option<Tree> {
    if text.len_bytes() > MAX_BYTES {
        return None;
    }
    let mut parser = Parser::new();
    parser.set_language(&language.grammar()).ok()?;
    let end = Instant::now() + MAX_TIME;
    let mut in_time = |_: &tree_sitter::ParseState| {
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

fn rust(node: Node<'_>, text: &Rope) -> Option<String> {
    match node.kind() {
        "function_item" | "function_signature_item" => named("fn", node, text),
        "impl_item" => {
            let of = field(node, "type", text)?;
            Some(match field(node, "trait", text) {
                Some(name) => format!("impl {name} for {of}"),
                None => format!("impl {of}"),
            })
        }
        "trait_item" => named("trait", node, text),
        "mod_item" => named("mod", node, text),
        "struct_item" => named("struct", node, text),
        "enum_item" => named("enum", node, text),
        "union_item" => named("union", node, text),
        "macro_definition" => named("macro", node, text),
        _ => None,
    }
}

fn python(node: Node<'_>, text: &Rope) -> Option<String> {
    match node.kind() {
        "function_definition" => named("def", node, text),
        "class_definition" => named("class", node, text),
        _ => None,
    }
}

fn script(node: Node<'_>, text: &Rope) -> Option<String> {
    match node.kind() {
        "function_declaration" | "generator_function_declaration" | "function_signature" => {
            named("function", node, text)
        }
        "class_declaration" => named("class", node, text),
        "abstract_class_declaration" => named("abstract class", node, text),
        "interface_declaration" => named("interface", node, text),
        "enum_declaration" => named("enum", node, text),
        "type_alias_declaration" => named("type", node, text),
        "internal_module" => named("namespace", node, text),
        "module" => named("module", node, text),
        "method_definition" | "method_signature" | "abstract_method_signature" => {
            named("method", node, text)
        }
        // A function without a name goes by the name it is given.
        "variable_declarator" => given("name", node, text),
        "public_field_definition" => given("name", node, text),
        "field_definition" => given("property", node, text),
        "pair" => given("key", node, text),
        "assignment_expression" => {
            is_function(node.child_by_field_name("right")?).then_some(())?;
            Some(format!("function {}", field(node, "left", text)?))
        }
        _ => None,
    }
}

fn given(name: &str, node: Node<'_>, text: &Rope) -> Option<String> {
    is_function(node.child_by_field_name("value")?).then_some(())?;
    Some(format!("function {}", field(node, name, text)?))
}

fn is_function(node: Node<'_>) -> bool {
    matches!(node.kind(), "arrow_function" | "function_expression" | "generator_function")
}

fn go(node: Node<'_>, text: &Rope) -> Option<String> {
    match node.kind() {
        "function_declaration" => named("func", node, text),
        "method_declaration" => {
            let (receiver, name) = (field(node, "receiver", text)?, field(node, "name", text)?);
            Some(format!("func {receiver} {name}"))
        }
        "type_spec" => named("type", node, text),
        _ => None,
    }
}

fn lua(node: Node<'_>, text: &Rope) -> Option<String> {
    match node.kind() {
        "function_declaration" => named("function", node, text),
        // `name = function() … end`, as a statement or in a table.
        "function_definition" => {
            let parent = node.parent()?;
            match parent.kind() {
                "field" => named("function", parent, text),
                "expression_list" => {
                    let names = parent.parent()?.named_child(0)?;
                    (names.named_child_count() == 1 && parent.named_child_count() == 1)
                        .then(|| format!("function {}", words(names, text)))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn named(word: &str, node: Node<'_>, text: &Rope) -> Option<String> {
    Some(format!("{word} {}", field(node, "name", text)?))
}

fn field(node: Node<'_>, name: &str, text: &Rope) -> Option<String> {
    Some(words(node.child_by_field_name(name)?, text))
}

/// The text of a node on one line.
fn words(node: Node<'_>, text: &Rope) -> String {
    let Some(text) = text.get_byte_slice(node.byte_range()) else { return String::new() };
    let text = text.to_string();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MAX_NAME) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests;
