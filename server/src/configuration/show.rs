//! `coworker config`: every key, its value and where it came from.

use std::io::{self, Write};

use frontends::cli::style::{Style, exposed};
use serde_json::{Value, json};

use super::{Configuration, layer::Origin};

/// Writes every key as a line of `config.toml`, with its origin as a comment, and below what is
/// wrong or left out.
pub(crate) fn people(
    configuration: &Configuration,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let lines: Vec<(String, &Origin)> = configuration
        .values
        .iter()
        .map(|entry| (format!("{} = {}", entry.key, shown(&entry.value)), &entry.origin))
        .collect();
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
    for (line, origin) in lines {
        let line = exposed(&line);
        let gap = " ".repeat(width.saturating_sub(line.chars().count()));
        let line = if *origin == Origin::BuiltIn { line } else { style.bold(&line) };
        let origin = style.dim(&format!("# {}", exposed(&origin.to_string())));
        writeln!(out, "{line}{gap}  {origin}")?;
    }
    for problem in &configuration.problems {
        writeln!(out, "{} {}", style.red("✗"), exposed(&problem.to_string()))?;
    }
    for remark in &configuration.remarks {
        writeln!(out, "{} {}", style.yellow("!"), exposed(remark))?;
    }
    Ok(())
}

/// A value as it may be shown: headers, bodies and addresses of a provider may hold secrets.
pub(super) fn shown(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| match value {
                Value::Object(headers) if name == "headers" || name == "extra_body" => {
                    let hidden = headers.keys().map(|header| (header.clone(), json!("…")));
                    (name.clone(), Value::Object(hidden.collect()))
                }
                Value::String(url) if name == "proxy" || name == "base_url" => {
                    (name.clone(), json!(without_user(url)))
                }
                value => (name.clone(), shown(value)),
            };
            Value::Object(members.iter().map(member).collect())
        }
        value => value.clone(),
    }
}

/// An address without the user and the password that may stand in it.
fn without_user(url: &str) -> String {
    match url.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?))) {
        Some((scheme, (_, host))) => format!("{scheme}://…@{host}"),
        None => url.to_owned(),
    }
}

/// Writes one JSON object for each key, and one for each problem and remark.
pub(crate) fn programs(configuration: &Configuration, out: &mut impl Write) -> io::Result<()> {
    for entry in &configuration.values {
        let (file, line) = match &entry.origin {
            Origin::User(file, line) | Origin::Project(file, line) => (Some(file), Some(line)),
            _ => (None, None),
        };
        let by = match &entry.origin {
            Origin::Environment(name) => Some(name.as_str()),
            Origin::Flag(name) => Some(*name),
            _ => None,
        };
        let mut origin = json!({ "layer": entry.origin.layer() });
        for (name, value) in [("file", json!(file)), ("line", json!(line)), ("name", json!(by))] {
            if !value.is_null() {
                origin[name] = value;
            }
        }
        writeln!(
            out,
            "{}",
            json!({ "key": entry.key, "value": shown(&entry.value), "origin": origin })
        )?;
    }
    for problem in &configuration.problems {
        writeln!(out, "{}", json!({ "problem": problem.message, "place": problem.place }))?;
    }
    for remark in &configuration.remarks {
        writeln!(out, "{}", json!({ "remark": remark }))?;
    }
    Ok(())
}

/// Where a value came from, for a sentence about it.
pub(crate) fn origin(configuration: &Configuration, key: &str) -> String {
    let entry = configuration.values.iter().find(|entry| entry.key == key);
    entry.map_or(Origin::BuiltIn, |entry| entry.origin.clone()).to_string()
}
