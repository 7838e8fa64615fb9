//! The protocol's documentation.

use protocol::{
    PROTOCOL_VERSION,
    methods::{Direction, METHODS, MethodInfo},
};

use crate::shape::{self, Definition, Field, Object, Shape};

const HEAD: &str = "\
<!-- Made from server/crates/protocol by `UPDATE=1 cargo test --test generated`. -->

# The Coworker protocol

Coworker speaks the Language Server Protocol 3.17 over standard input and output, and beside it \
the methods of this page. A client that knows none of them still works: everything can be done \
with code actions, commands and the chat document.

The server announces them in `capabilities.experimental.coworker` of its answer to `initialize` \
(`ServerCapabilities`). The client may announce what it draws in \
`capabilities.experimental.coworker` or `initializationOptions.coworker` (`ClientCapabilities`); \
beside that, `initializationOptions.coworker` may have `model` and `mode` for new sessions.

Rules:

- No request stays open for a turn. `coworker/chat` is answered at once; all that happens comes \
as `coworker/session/update`, live and in replay alike, and the end of a turn is a `status` update.
- `seq` rises within a session. When `attach` gives back another `epoch` than before, or \
`fromStart`, forget what you knew of the session.
- Ignore kinds and fields you do not know.
- Positions count code units of the encoding agreed upon in `initialize`; offsets in updates count \
UTF-8 bytes. Paths in updates are absolute; where a client has to open something, it is a URI.
- An error has a JSON-RPC code and `data: {code, source: \"coworker\"}` with a stable `code` \
(`ErrorCode`). What is no JSON or no method has the JSON-RPC code only.
- `coworker run --json` writes each `SessionUpdate` as one line, and reads answers as lines \
`{\"approvalId\": …, \"answer\": Answer}`.
";

pub fn page(definitions: &[Definition]) -> String {
    let mut page = HEAD.replace(
        "# The Coworker protocol",
        &format!("# The Coworker protocol, version {PROTOCOL_VERSION}"),
    );
    for (title, direction) in [
        ("Requests of the client", Direction::ClientRequest),
        ("Requests of the server", Direction::ServerRequest),
        ("Notifications of the server", Direction::ServerNotification),
    ] {
        page.push_str(&format!("\n## {title}\n"));
        METHODS
            .iter()
            .filter(|method| method.direction == direction)
            .for_each(|method| page.push_str(&write_method(method)));
    }
    page.push_str("\n## Types\n");
    definitions.iter().for_each(|definition| page.push_str(&write_definition(definition)));
    page
}

fn write_method(method: &MethodInfo) -> String {
    let params = write(&shape::of_method(method.params));
    let result = write(&shape::of_method(method.result));
    let result = match method.direction {
        Direction::ServerNotification => String::new(),
        _ => format!(" → {result}"),
    };
    format!("\n### `{}`\n\n{params}{result}\n\n{}\n", method.name, method.doc)
}

fn write_definition(Definition { name, doc, shape }: &Definition) -> String {
    let mut text = format!("\n### {name}\n\n{doc}\n");
    match shape {
        Shape::Object(object) => text.push_str(&write_object(object)),
        Shape::OneOf(choices) => {
            text.push('\n');
            for choice in choices {
                match choice {
                    Shape::Literal { value, doc } if !doc.is_empty() => {
                        text.push_str(&format!("- `\"{value}\"`: {}\n", line(doc)));
                    }
                    choice => text.push_str(&format!("- {}\n", write(choice))),
                }
            }
        }
        Shape::Text => {}
        shape => text.push_str(&format!("\n{}\n", write(shape))),
    }
    text
}

fn write_object(object: &Object) -> String {
    let mut text = table(&object.fields);
    for variant in &object.variants {
        let tag = variant.tag().unwrap_or_default();
        let name = variant.fields.iter().find(|it| matches!(it.shape, Shape::Literal { .. }));
        let name = name.map_or("kind", |field| field.name.as_str());
        text.push_str(&format!("\n**`{name}: \"{tag}\"`** {}", line(&variant.doc)));
        for include in &variant.includes {
            text.push_str(&format!(" Has the fields of {}.", link(include)));
        }
        text.push('\n');
        let fields: Vec<Field> = variant
            .fields
            .iter()
            .filter(|field| !matches!(field.shape, Shape::Literal { .. }))
            .cloned()
            .collect();
        text.push_str(&table(&fields));
    }
    text
}

fn table(fields: &[Field]) -> String {
    if fields.is_empty() {
        return String::new();
    }
    let mut text = String::from("\n| field | type | |\n| --- | --- | --- |\n");
    for Field { name, doc, required, shape } in fields {
        let mark = if *required { "" } else { "?" };
        let shape = write(shape).replace('|', "\\|");
        text.push_str(&format!("| `{name}{mark}` | {shape} | {} |\n", line(doc)));
    }
    text
}

fn write(shape: &Shape) -> String {
    match shape {
        Shape::Text => "string".into(),
        Shape::Number => "number".into(),
        Shape::Boolean => "boolean".into(),
        Shape::Any => "any".into(),
        Shape::Null => "null".into(),
        Shape::Literal { value, .. } => format!("`\"{value}\"`"),
        Shape::Named(name) => link(name),
        Shape::List(of) => format!("list of {}", write(of)),
        Shape::OneOf(shapes) => shapes.iter().map(write).collect::<Vec<_>>().join(" or "),
        Shape::Object(_) => "object".into(),
    }
}

fn link(name: &str) -> String {
    format!("[{name}](#{})", name.to_lowercase())
}

fn line(doc: &str) -> String {
    doc.replace('\n', " ")
}
