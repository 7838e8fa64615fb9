//! The protocol's types as LuaCATS annotations.

use crate::shape::{Definition, Field, Object, Shape};

pub fn page(definitions: &[Definition]) -> String {
    let mut page = String::from(
        "---@meta\n-- Made from server/crates/protocol by `UPDATE=1 cargo test --test generated`.\n",
    );
    for definition in definitions {
        page.push('\n');
        page.push_str(&write_definition(definition));
    }
    page
}

fn write_definition(Definition { name, doc, shape }: &Definition) -> String {
    let name = format!("coworker.{name}");
    match shape {
        Shape::Object(object) if !object.variants.is_empty() => tagged(&name, doc, object),
        Shape::Object(object) => class(&name, doc, object, &[]),
        shape => format!("{}---@alias {name} {}\n", comment(doc), write(shape)),
    }
}

/// A class for each variant, and one alias for all of them.
fn tagged(name: &str, doc: &str, object: &Object) -> String {
    let mut text = String::new();
    let mut names = Vec::new();
    for variant in &object.variants {
        let variant_name = format!("{name}.{}", variant.tag().unwrap_or("other"));
        text.push_str(&class(&variant_name, &variant.doc, variant, &object.fields));
        text.push('\n');
        names.push(variant_name);
    }
    text.push_str(&format!("{}---@alias {name} {}\n", comment(doc), names.join("|")));
    text
}

fn class(name: &str, doc: &str, object: &Object, common: &[Field]) -> String {
    let parents: Vec<String> =
        object.includes.iter().map(|parent| format!("coworker.{parent}")).collect();
    let parents = match parents.as_slice() {
        [] => String::new(),
        parents => format!(": {}", parents.join(", ")),
    };
    let fields: String = common.iter().chain(&object.fields).map(field).collect();
    format!("{}---@class {name}{parents}\n{fields}", comment(doc))
}

fn field(Field { name, doc, required, shape }: &Field) -> String {
    let mark = if *required { "" } else { "?" };
    let doc = doc.replace('\n', " ");
    format!("---@field {name}{mark} {} {doc}", write(shape)).trim_end().to_owned() + "\n"
}

fn write(shape: &Shape) -> String {
    match shape {
        Shape::Text => "string".into(),
        Shape::Number => "integer".into(),
        Shape::Boolean => "boolean".into(),
        Shape::Any => "any".into(),
        Shape::Null => "nil".into(),
        Shape::Literal { value, .. } => format!("\"{value}\""),
        Shape::Named(name) => format!("coworker.{name}"),
        Shape::List(of) => match **of {
            Shape::OneOf(_) => format!("({})[]", write(of)),
            _ => format!("{}[]", write(of)),
        },
        Shape::OneOf(shapes) => shapes.iter().map(write).collect::<Vec<_>>().join("|"),
        Shape::Object(_) => "table".into(),
    }
}

fn comment(doc: &str) -> String {
    doc.lines().map(|line| format!("---{line}\n")).collect()
}
