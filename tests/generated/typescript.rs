//! The protocol's types in TypeScript.

use protocol::methods::{Direction, METHODS};

use crate::shape::{self, Definition, Field, Object, Shape};

pub fn page(definitions: &[Definition]) -> String {
    let mut page = String::from(
        "// Made from server/crates/protocol by `UPDATE=1 cargo test --test generated`.\n",
    );
    for Definition { name, doc, shape } in definitions {
        page.push_str(&format!("\n{}export type {name} = {};\n", comment(doc, ""), write(shape)));
    }
    for (name, direction) in [
        ("ClientRequests", Direction::ClientRequest),
        ("ServerRequests", Direction::ServerRequest),
        ("ServerNotifications", Direction::ServerNotification),
    ] {
        page.push_str(&format!("\n{}export interface {name} {{\n", comment(about(direction), "")));
        for method in METHODS.iter().filter(|method| method.direction == direction) {
            let params = write(&shape::of_method(method.params));
            let result = write(&shape::of_method(method.result));
            let doc = comment(method.doc, "  ");
            page.push_str(&format!(
                "{doc}  \"{}\": {{ params: {params}; result: {result} }};\n",
                method.name
            ));
        }
        page.push_str("}\n");
    }
    page
}

fn about(direction: Direction) -> &'static str {
    match direction {
        Direction::ClientRequest => "What the client may ask, by method.",
        Direction::ServerRequest => "What the server may ask, by method.",
        Direction::ServerNotification => "What the server tells, by method.",
    }
}

fn write(shape: &Shape) -> String {
    match shape {
        Shape::Text => "string".into(),
        Shape::Number => "number".into(),
        Shape::Boolean => "boolean".into(),
        Shape::Any => "unknown".into(),
        Shape::Null => "null".into(),
        Shape::Literal { value, .. } => format!("\"{value}\""),
        Shape::Named(name) => name.clone(),
        Shape::List(of) => format!("Array<{}>", write(of)),
        Shape::OneOf(shapes) => shapes.iter().map(write).collect::<Vec<_>>().join(" | "),
        Shape::Object(object) => write_object(object),
    }
}

fn write_object(object: &Object) -> String {
    let mut parts: Vec<String> = object.includes.clone();
    if !object.fields.is_empty() || (parts.is_empty() && object.variants.is_empty()) {
        let fields: String = object.fields.iter().map(field).collect();
        parts.push(format!("{{\n{fields}}}"));
    }
    if !object.variants.is_empty() {
        let variants: Vec<String> = object
            .variants
            .iter()
            .map(|variant| format!("\n{}| {}", comment(&variant.doc, ""), write_object(variant)))
            .collect();
        let variants = variants.concat();
        parts.push(if parts.is_empty() { variants } else { format!("({variants}\n)") });
    }
    parts.join(" & ")
}

fn field(field: &Field) -> String {
    let mark = if field.required { "" } else { "?" };
    let doc = comment(&field.doc, "  ");
    format!("{doc}  {}{mark}: {};\n", field.name, write(&field.shape))
}

fn comment(doc: &str, indent: &str) -> String {
    match doc {
        "" => String::new(),
        doc => {
            let lines: Vec<String> = doc
                .lines()
                .map(|line| format!("{indent} * {line}").trim_end().to_owned())
                .collect();
            let text = lines.join("\n");
            format!("{indent}/** {} */\n", text.trim_start().trim_start_matches("* "))
        }
    }
}
