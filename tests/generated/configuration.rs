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
of yours is read. `NO_COLOR`, `CLICOLOR_FORCE` and `TERM` are honoured; keys of providers are read \
from the environment only (`ANTHROPIC_API_KEY`, and `ANTHROPIC_BASE_URL` for another address).

```toml
model = \"anthropic/claude-sonnet-5\"
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
        (None, other) => format!("{}.", other.unwrap_or("Anything")),
    }
}
