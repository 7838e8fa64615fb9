//! `docs/configuration.md`: every key of the configuration, from its schema.

use std::fmt::Write;

use serde_json::Value;

const INTRODUCTION: &str = "\
<!-- Made from server/src/configuration/keys.rs by `UPDATE=1 cargo test --test generated`. -->

# Configuration

A value comes from the last of these that has it:

1. what is built in,
2. your file, `~/.config/coworker/config.toml` (`coworker config path` says where it is),
3. the project's file, `.coworker/config.toml` in the folder that is worked in, once you trust that \
folder (`coworker trust`); it can only set `model`, and a `mode` that is stricter than yours,
4. the environment: `COWORKER_` and the key in capitals, such as `COWORKER_MAX_REQUESTS`,
5. the command line, where there is an option for it,
6. in an editor, what its own settings say of `mode` and `model`.

`coworker config` shows each value with where it came from. A key that does not exist or a value \
that does not fit is an error that names file and line; in an editor it is told as a message, and \
the value counts for nothing.

`COWORKER_HOME` is no key: it names one folder for configuration and state, and then nothing else \
of yours is read. `NO_COLOR`, `CLICOLOR_FORCE` and `TERM` are honoured; keys of \
providers and their addresses are in the environment, too: [models.md](models.md).

```toml
model = \"anthropic/claude-sonnet-5-5\"
mode = \"ask\"
```

## Keys
";

/// The page.
pub fn page(schema: &Value) -> String {
    let mut page = INTRODUCTION.to_owned();
    for (key, property) in schema["properties"].as_object().unwrap() {
        let words = |name: &str| property[name].as_str().unwrap_or_default();
        // Writing to a string cannot fail.
        writeln!(page, "\n### `{key}`\n\n{}\n", words("description")).unwrap();
        let values = values(schema, property);
        writeln!(page, "{values}\n\nBuilt in: `{}`.", property["default"]).unwrap();
    }
    page
}

/// What stands in a table of which there may be several.
fn tables(schema: &Value, property: &Value) -> String {
    let mut text = "Tables, each with:\n".to_owned();
    for (key, member) in members(schema, property) {
        let words = member["description"].as_str().unwrap_or_default();
        write!(text, "\n- `{key}`: {words}").unwrap();
        for (key, inner) in members(schema, member) {
            let words = inner["description"].as_str().unwrap_or_default();
            write!(text, "\n  - `{key}`: {words}").unwrap();
        }
    }
    text
}

/// The members of the tables that a property has.
fn members<'a>(schema: &'a Value, property: &'a Value) -> Vec<(&'a String, &'a Value)> {
    let name = property["additionalProperties"]["$ref"].as_str().unwrap_or_default();
    let name = name.trim_start_matches("#/$defs/");
    schema["$defs"][name]["properties"].as_object().into_iter().flatten().collect()
}

/// What a value may be.
fn values(schema: &Value, property: &Value) -> String {
    let target = property["$ref"].as_str().and_then(|it| it.strip_prefix("#/$defs/"));
    match (target, property["type"].as_str()) {
        (Some(name), _) => {
            let choices = schema["$defs"][name]["oneOf"].as_array().unwrap();
            let choice = |it: &Value| {
                let meaning = it["description"].as_str().unwrap_or_default();
                format!("- `{}`: {meaning}", it["const"])
            };
            let choices: Vec<String> = choices.iter().map(choice).collect();
            choices.join("\n")
        }
        (None, Some("integer")) => {
            format!("A whole number, {} or more.", property["minimum"])
        }
        (None, Some("string")) => "A text.".to_owned(),
        (None, Some("number")) => "A number.".to_owned(),
        (None, Some("array")) => "A list of texts; in the environment, with commas.".to_owned(),
        (None, Some("object")) => tables(schema, property),
        (None, other) => format!("{}.", other.unwrap_or("Anything")),
    }
}
