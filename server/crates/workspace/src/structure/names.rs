//! What a node is called in its language, if it is one that has a name of its own.
//!
//! [`name`] is asked for every node on the way down a tree, with the nodes around it: going up
//! from a node would be a search of its own. Languages of data and of documents are in `data`.

mod data;

use ropey::Rope;
use tree_sitter::Node;

use super::language::Language;

/// The most characters of a name that are shown.
const MAX_NAME: usize = 80;

/// A node's name.
#[derive(Debug)]
pub(super) struct Named {
    /// The word of the language for such a thing, as `fn`.
    pub kind: &'static str,
    /// The name alone, with what the code itself puts before it: `pop`, `Stack.Pop`, `M.f`.
    pub name: String,
    /// As it is shown in a path: `fn pop`, `impl Display for Stack`.
    pub shown: String,
}

impl Named {
    fn new(kind: &'static str, name: String) -> Self {
        let shown = format!("{kind} {name}");
        Self { kind, name, shown }
    }
}

/// The name of a node; `around` are the nodes that it is in, outermost first.
pub(super) fn name(
    language: Language,
    node: Node<'_>,
    around: &[Node<'_>],
    text: &Rope,
) -> Option<Named> {
    if !node.is_named() {
        return None;
    }
    match language {
        Language::Bash => bash(node, text),
        Language::C => c(node, text),
        Language::Css => data::css(node, text),
        Language::Go => go(node, around, text),
        Language::Html => data::html(node, text),
        Language::Java => java(node, text),
        Language::JavaScript | Language::TypeScript | Language::Tsx => script(node, around, text),
        Language::Json | Language::Yaml => data::key(node, text),
        Language::Lua => lua(node, around, text),
        // Its headings are not nested in its tree: see `markdown`.
        Language::Markdown => None,
        Language::Python => python(node, around, text),
        Language::Rust => rust(node, text),
    }
}

fn rust(node: Node<'_>, text: &Rope) -> Option<Named> {
    match node.kind() {
        "function_item" | "function_signature_item" => named("fn", node, text),
        "impl_item" => {
            let target = node.child_by_field_name("type")?;
            let of = words(target, text);
            let shown = match field(node, "trait", text) {
                Some(name) => format!("impl {name} for {of}"),
                None => format!("impl {of}"),
            };
            let name = field(target, "type", text).unwrap_or(of);
            Some(Named { kind: "impl", name, shown })
        }
        "trait_item" => named("trait", node, text),
        "mod_item" => named("mod", node, text),
        "struct_item" => named("struct", node, text),
        "enum_item" => named("enum", node, text),
        "union_item" => named("union", node, text),
        "type_item" => named("type", node, text),
        "const_item" => named("const", node, text),
        "static_item" => named("static", node, text),
        "macro_definition" => named("macro", node, text),
        _ => None,
    }
}

fn python(node: Node<'_>, around: &[Node<'_>], text: &Rope) -> Option<Named> {
    match node.kind() {
        "function_definition" => named("def", node, text),
        "class_definition" => named("class", node, text),
        "type_alias_statement" => Some(Named::new("type", field(node, "left", text)?)),
        "assignment" if around.len() == 2 => {
            let left = node.child_by_field_name("left")?;
            (left.kind() == "identifier").then(|| Named::new("variable", words(left, text)))
        }
        _ => None,
    }
}

fn script(node: Node<'_>, around: &[Node<'_>], text: &Rope) -> Option<Named> {
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
        "variable_declarator" => given("name", node, text).or_else(|| variable(node, around, text)),
        "public_field_definition" => given("name", node, text),
        "field_definition" => given("property", node, text),
        "pair" => given("key", node, text),
        "assignment_expression" => {
            is_function(node.child_by_field_name("right")?).then_some(())?;
            Some(Named::new("function", field(node, "left", text)?))
        }
        _ => None,
    }
}

fn given(name: &str, node: Node<'_>, text: &Rope) -> Option<Named> {
    is_function(node.child_by_field_name("value")?).then_some(())?;
    Some(Named::new("function", field(node, name, text)?))
}

fn is_function(node: Node<'_>) -> bool {
    matches!(node.kind(), "arrow_function" | "function_expression" | "generator_function")
}

/// A variable of the module. Those inside of functions are nobody's landmarks.
fn variable(node: Node<'_>, around: &[Node<'_>], text: &Rope) -> Option<Named> {
    let outside = match around {
        [.., outside, _] => outside,
        _ => return None,
    };
    let name = node.child_by_field_name("name")?;
    (name.kind() == "identifier" && matches!(outside.kind(), "program" | "export_statement"))
        .then_some(())?;
    let kind = match around.last()?.child(0)?.kind() {
        "const" => "const",
        "let" => "let",
        _ => "var",
    };
    Some(Named::new(kind, words(name, text)))
}

fn go(node: Node<'_>, around: &[Node<'_>], text: &Rope) -> Option<Named> {
    match node.kind() {
        "function_declaration" => named("func", node, text),
        "method_declaration" => {
            let receiver = node.child_by_field_name("receiver")?;
            let name = field(node, "name", text)?;
            let shown = format!("func {} {name}", words(receiver, text));
            let name = match receiver_type(receiver) {
                Some(of) => format!("{}.{name}", words(of, text)),
                None => name,
            };
            Some(Named { kind: "func", name, shown })
        }
        "type_spec" | "type_alias" => named("type", node, text),
        "const_spec" if around.len() == 2 => named("const", node, text),
        "var_spec" if around.len() <= 3 => named("var", node, text),
        _ => None,
    }
}

/// `Stack` in `(s *Stack[T])`.
fn receiver_type(receiver: Node<'_>) -> Option<Node<'_>> {
    let mut of = receiver.named_child(0)?.child_by_field_name("type")?;
    while of.kind() != "type_identifier" {
        of = of.child_by_field_name("type").or_else(|| of.named_child(0))?;
    }
    Some(of)
}

fn lua(node: Node<'_>, around: &[Node<'_>], text: &Rope) -> Option<Named> {
    match node.kind() {
        "function_declaration" => named("function", node, text),
        // `name = function() … end`, as a statement or in a table.
        "function_definition" => {
            let (outside, parent) = match around {
                [.., outside, parent] => (outside, parent),
                _ => return None,
            };
            match parent.kind() {
                "field" => named("function", *parent, text),
                "expression_list" => {
                    let names = outside.named_child(0)?;
                    (names.named_child_count() == 1 && parent.named_child_count() == 1)
                        .then(|| Named::new("function", words(names, text)))
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn java(node: Node<'_>, text: &Rope) -> Option<Named> {
    match node.kind() {
        "class_declaration" => named("class", node, text),
        "interface_declaration" => named("interface", node, text),
        "enum_declaration" => named("enum", node, text),
        "record_declaration" => named("record", node, text),
        "annotation_type_declaration" => named("@interface", node, text),
        "method_declaration" => named("method", node, text),
        "constructor_declaration" | "compact_constructor_declaration" => {
            named("constructor", node, text)
        }
        "field_declaration" => named("field", node.child_by_field_name("declarator")?, text),
        _ => None,
    }
}

fn c(node: Node<'_>, text: &Rope) -> Option<Named> {
    match node.kind() {
        "function_definition" => Some(Named::new("function", words(declared(node)?.0, text))),
        "declaration" => {
            let (name, is_function) = declared(node)?;
            is_function.then(|| Named::new("function", words(name, text)))
        }
        "type_definition" => Some(Named::new("typedef", words(declared(node)?.0, text))),
        "struct_specifier" => with("body", "struct", node, text),
        "union_specifier" => with("body", "union", node, text),
        "enum_specifier" => with("body", "enum", node, text),
        "preproc_function_def" => named("#define", node, text),
        "preproc_def" => with("value", "#define", node, text),
        _ => None,
    }
}

/// A definition, which has a body or a value; a mention has not.
fn with(part: &str, kind: &'static str, node: Node<'_>, text: &Rope) -> Option<Named> {
    node.child_by_field_name(part)?;
    named(kind, node, text)
}

/// The name inside of a C declarator, and whether it is declared as a function.
fn declared(node: Node<'_>) -> Option<(Node<'_>, bool)> {
    let mut outer = node;
    loop {
        let inner = outer.child_by_field_name("declarator").or_else(|| {
            outer.kind().starts_with("parenthesized").then(|| outer.named_child(0)).flatten()
        })?;
        if inner.kind().ends_with("identifier") {
            return Some((inner, outer.kind() == "function_declarator"));
        }
        outer = inner;
    }
}

fn bash(node: Node<'_>, text: &Rope) -> Option<Named> {
    (node.kind() == "function_definition").then(|| named("function", node, text)).flatten()
}

fn named(kind: &'static str, node: Node<'_>, text: &Rope) -> Option<Named> {
    Some(Named::new(kind, field(node, "name", text)?))
}

fn field(node: Node<'_>, name: &str, text: &Rope) -> Option<String> {
    Some(words(node.child_by_field_name(name)?, text))
}

/// The text of a node on one line.
fn words(node: Node<'_>, text: &Rope) -> String {
    match text.get_byte_slice(node.byte_range()) {
        Some(slice) => one_line(slice.chars()),
        None => String::new(),
    }
}

/// A text on one line, cut where it gets long; no more of it is looked at than is needed.
pub(super) fn one_line(text: impl Iterator<Item = char>) -> String {
    let mut line = String::new();
    let mut length = 0;
    let mut gap = false;
    for char in text {
        if char.is_whitespace() {
            gap = length > 0;
            continue;
        }
        let wanted = if gap { 2 } else { 1 };
        if length + wanted > MAX_NAME {
            line.push('…');
            break;
        }
        if gap {
            line.push(' ');
        }
        line.push(char);
        length += wanted;
        gap = false;
    }
    line
}
