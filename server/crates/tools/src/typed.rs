//! Tools with typed arguments, and how they become [`engine::Tool`]s.
//!
//! A tool implements [`TypedTool`]; [`erase`] makes its schema out of the doc comments of its
//! `Input` and turns arguments that do not fit into an error that names the field. This file
//! knows no single tool.

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use engine::{Prepared, Tool, ToolContext, ToolError, ToolSpec};
use protocol::ErrorCode;
use schemars::generate::SchemaSettings;
use schemars::transform::RecursiveTransform;
use schemars::{JsonSchema, Schema};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A tool whose arguments are a Rust type.
pub(crate) trait TypedTool: Send + Sync + 'static {
    /// What the model calls it.
    const NAME: &'static str;
    /// What the model is told of it, from `prompts/tools/`.
    const DESCRIPTION: &'static str;
    /// Its arguments. The doc comments are what the model is told of each.
    type Input: DeserializeOwned + JsonSchema + Send;

    /// Says what the call would do. May read, never writes.
    fn prepare(
        &self,
        input: Self::Input,
        context: &ToolContext,
    ) -> impl Future<Output = Result<Prepared, ToolError>> + Send;
}

/// The tool as the engine knows tools.
pub(crate) fn erase<T: TypedTool>(tool: T) -> Arc<dyn Tool> {
    let spec = ToolSpec {
        name: T::NAME.to_owned(),
        description: T::DESCRIPTION.trim().to_owned(),
        schema: schema::<T::Input>(),
    };
    Arc::new(Erased { tool, spec })
}

struct Erased<T> {
    tool: T,
    spec: ToolSpec,
}

#[async_trait]
impl<T: TypedTool> Tool for Erased<T> {
    fn spec(&self) -> ToolSpec {
        self.spec.clone()
    }

    async fn prepare(&self, input: Value, context: &ToolContext) -> Result<Prepared, ToolError> {
        let input = parse::<T>(input)?;
        self.tool.prepare(input, context).await
    }
}

fn parse<T: TypedTool>(input: Value) -> Result<T::Input, ToolError> {
    if !input.is_object() {
        return Err(bad_arguments(format!(
            "the arguments of `{}` must be one JSON object",
            T::NAME
        )));
    }
    serde_path_to_error::deserialize(input).map_err(|error| {
        let place = error.path().to_string();
        let reason = error.inner();
        bad_arguments(match place.as_str() {
            "." => format!("bad arguments for `{}`: {reason}", T::NAME),
            field => format!("bad argument `{field}` for `{}`: {reason}", T::NAME),
        })
    })
}

/// The error for arguments that cannot be used; `message` says which and why.
pub(crate) fn bad_arguments(message: impl Into<String>) -> ToolError {
    ToolError::new(ErrorCode::BadToolArguments, message)
}

/// Refuses a path of a new file that is written like a folder's: what would be made there is a
/// file of the folder's name.
pub(crate) fn names_a_file(name: &str, path: &str) -> Result<(), ToolError> {
    if path.ends_with('/') {
        return Err(bad_arguments(format!(
            "`{name}` ends with `/`; give the path with the file's name"
        )));
    }
    Ok(())
}

/// `text` as one short line for people: line breaks are shown as `⏎`, other white space as
/// spaces. What else is not seen, each front end writes out as it needs.
pub(crate) fn one_line(text: &str) -> String {
    const LONGEST: usize = 100;
    let flat = text.trim().replace("\r\n", "\n");
    let mut chars = flat.chars().map(|c| match c {
        '\n' | '\u{b}' | '\u{c}' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}' => '⏎',
        c if c.is_whitespace() => ' ',
        c => c,
    });
    let mut line: String = chars.by_ref().take(LONGEST).collect();
    if chars.next().is_some() {
        line.push('…');
    }
    line
}

/// The JSON Schema of an input, without what only costs the model tokens.
fn schema<Input: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.meta_schema = None;
        settings.inline_subschemas = true;
    });
    let settings = settings.with_transform(RecursiveTransform(drop_noise));
    let mut schema = settings.into_generator().into_root_schema_for::<Input>();
    // What the whole is for stands in the description of the tool.
    schema.remove("description");
    schema.to_value()
}

/// An optional argument is left out, not null; a width in bits says nothing to a model.
fn drop_noise(schema: &mut Schema) {
    for noise in ["title", "format"] {
        // An argument may bear such a name; its schema is an object and stays.
        if schema.get(noise).is_some_and(Value::is_string) {
            schema.remove(noise);
        }
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    if let Some(Value::Array(types)) = schema.get_mut("type") {
        types.retain(|name| name != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".to_owned(), only);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::one_line;

    #[test]
    fn a_title_is_one_short_line() {
        assert_eq!(one_line(" a\r\nb\rc\u{2028}\td "), "a⏎b⏎c⏎ d");
        assert!(one_line(&"x".repeat(500)).ends_with("x…"));
    }

    #[test]
    fn what_is_not_seen_is_left_to_the_front_end() {
        assert_eq!(one_line("a\u{202e}b\u{1b}c"), "a\u{202e}b\u{1b}c");
    }
}
