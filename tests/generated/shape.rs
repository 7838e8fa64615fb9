//! The shapes of the protocol's types, read out of their JSON Schemas, ready to be written in
//! another language.

use protocol::{methods::METHODS, wire};
use schemars::SchemaGenerator;
use serde_json::{Map, Value};

/// A named type.
pub struct Definition {
    pub name: String,
    pub doc: String,
    pub shape: Shape,
}

/// What a value looks like.
#[derive(Clone, Debug, PartialEq)]
pub enum Shape {
    Text,
    Number,
    Boolean,
    Any,
    Null,
    Literal { value: String, doc: String },
    Named(String),
    List(Box<Shape>),
    OneOf(Vec<Shape>),
    Object(Object),
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object {
    pub doc: String,
    pub fields: Vec<Field>,
    /// Types whose fields it has as well.
    pub includes: Vec<String>,
    /// Alternatives, one of whose fields it has as well.
    pub variants: Vec<Object>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    pub name: String,
    pub doc: String,
    pub required: bool,
    pub shape: Shape,
}

impl Object {
    /// The literal by which a variant is told from the others, such as `agentMessage`.
    pub fn tag(&self) -> Option<&str> {
        self.fields.iter().find_map(|field| match &field.shape {
            Shape::Literal { value, .. } => Some(value.as_str()),
            _ => None,
        })
    }
}

/// Every type that a method of the table mentions, by name.
pub fn definitions() -> Vec<Definition> {
    let mut generator = SchemaGenerator::default();
    for method in METHODS {
        (method.params)(&mut generator);
        (method.result)(&mut generator);
    }
    // Not in any method: they travel in `initialize`.
    generator.subschema_for::<wire::ClientCapabilities>();
    generator.subschema_for::<wire::ServerCapabilities>();
    let mut definitions: Vec<Definition> = generator
        .take_definitions(true)
        .into_iter()
        .map(|(name, schema)| Definition { name, doc: doc(&schema), shape: shape(&schema) })
        .collect();
    definitions.sort_by(|one, other| one.name.cmp(&other.name));
    definitions
}

/// What a method sends or gives back.
pub fn of_method(schema: fn(&mut SchemaGenerator) -> schemars::Schema) -> Shape {
    shape(&schema(&mut SchemaGenerator::default()).to_value())
}

fn doc(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or_default().to_owned()
}

fn shape(schema: &Value) -> Shape {
    let Some(schema_map) = schema.as_object() else { return Shape::Any };
    if let Some(value) = schema["const"].as_str() {
        return Shape::Literal { value: value.to_owned(), doc: doc(schema) };
    }
    if schema_map.contains_key("properties") || is_object(schema) {
        return Shape::Object(object(schema, schema_map));
    }
    if let Some(name) = reference(schema) {
        return Shape::Named(name);
    }
    for key in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[key].as_array() {
            return choice(choices);
        }
    }
    match &schema["type"] {
        Value::String(kind) => of_kind(kind, schema),
        Value::Array(kinds) => {
            let kinds = kinds.iter().filter_map(Value::as_str);
            Shape::OneOf(kinds.map(|kind| of_kind(kind, schema)).collect())
        }
        _ => Shape::Any,
    }
}

fn is_object(schema: &Value) -> bool {
    schema["type"] == "object"
}

fn reference(schema: &Value) -> Option<String> {
    schema["$ref"].as_str()?.strip_prefix("#/$defs/").map(str::to_owned)
}

fn choice(choices: &[Value]) -> Shape {
    let shapes: Vec<Shape> = choices.iter().map(shape).collect();
    let objects: Option<Vec<Object>> = shapes
        .iter()
        .map(|shape| match shape {
            Shape::Object(object) => Some(object.clone()),
            _ => None,
        })
        .collect();
    match objects {
        Some(variants) => Shape::Object(Object { variants, ..Object::default() }),
        None => Shape::OneOf(shapes),
    }
}

fn of_kind(kind: &str, schema: &Value) -> Shape {
    match kind {
        "string" => match schema["enum"].as_array() {
            Some(values) => Shape::OneOf(values.iter().filter_map(literal).collect()),
            None => Shape::Text,
        },
        "integer" | "number" => Shape::Number,
        "boolean" => Shape::Boolean,
        "null" => Shape::Null,
        "array" => Shape::List(Box::new(shape(&schema["items"]))),
        _ => Shape::Any,
    }
}

fn literal(value: &Value) -> Option<Shape> {
    let value = value.as_str()?.to_owned();
    Some(Shape::Literal { value, doc: String::new() })
}

fn object(schema: &Value, map: &Map<String, Value>) -> Object {
    let required: Vec<&str> = schema["required"]
        .as_array()
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let properties = map.get("properties").and_then(Value::as_object);
    let fields = properties.into_iter().flatten().map(|(name, property)| Field {
        name: name.clone(),
        doc: doc(property),
        required: required.contains(&name.as_str()),
        shape: shape(property),
    });
    let variants = schema["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
    Object {
        doc: doc(schema),
        fields: fields.collect(),
        includes: reference(schema).into_iter().collect(),
        variants: variants
            .iter()
            .filter_map(|variant| match shape(variant) {
                Shape::Object(object) => Some(object),
                _ => None,
            })
            .collect(),
    }
}
