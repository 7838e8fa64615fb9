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

/// `text` as one short line for people: control and invisible characters are shown, not obeyed.
pub(crate) fn one_line(text: &str) -> String {
    const LONGEST: usize = 100;
    let mut line = String::new();
    let mut chars = text.trim().chars();
    for c in chars.by_ref().take(LONGEST) {
        if c.is_control() || is_invisible(c) {
            line.extend(c.escape_default());
        } else {
            line.push(c);
        }
    }
    if chars.next().is_some() {
        line.push('…');
    }
    line
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
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
    fn a_title_shows_what_a_terminal_would_obey() {
        assert_eq!(one_line("echo \u{1b}[2K\nrm x"), "echo \\u{1b}[2K\\nrm x");
        assert_eq!(one_line("a\u{202e}b"), "a\\u{202e}b");
        assert!(one_line(&"x".repeat(500)).ends_with("x…"));
    }
}
