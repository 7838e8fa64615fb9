//! One layer of the configuration: what a file, the environment or the command line sets, each
//! value with its place, and what is wrong with it.

use std::{
    ffi::OsString,
    fmt,
    io::{self, ErrorKind},
    path::Path,
};

use serde_json::{Map, Value};
use toml::de::DeTable;

use super::keys::{Keys, Place, objection};
use super::show::shown;

/// The largest file that is read as configuration, in bytes.
const MAX_FILE: u64 = 1 << 20;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody set it.
    BuiltIn,
    /// The user's file, and the line in it.
    User(String, usize),
    /// The project's file, and the line in it.
    Project(String, usize),
    /// A variable of the environment.
    Environment(String),
    /// An option on the command line.
    Flag(&'static str),
}

impl Origin {
    /// The kind, for programs.
    pub(crate) fn layer(&self) -> &'static str {
        match self {
            Self::BuiltIn => "builtIn",
            Self::User(..) => "user",
            Self::Project(..) => "project",
            Self::Environment(_) => "environment",
            Self::Flag(_) => "flag",
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn => f.write_str("built in"),
            Self::User(file, line) | Self::Project(file, line) => write!(f, "{file}:{line}"),
            Self::Environment(name) => f.write_str(name),
            Self::Flag(name) => f.write_str(name),
        }
    }
}

/// A value that was set. `Debug` does not show what may be secret in it.
#[derive(Clone, PartialEq)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} = {} ({})", self.key, shown(&self.value), self.origin)
    }
}

/// Something that is wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    /// `FILE:LINE`, a variable or an option.
    pub(crate) place: String,
    pub(crate) message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.message)
    }
}

/// What one layer sets. What has a problem is left out of the entries.
#[derive(Debug, Default)]
pub(crate) struct Layer {
    pub(crate) entries: Vec<Entry>,
    pub(crate) problems: Vec<Problem>,
}

impl Layer {
    /// Reads a file; one that is not there sets nothing.
    pub(crate) fn file(path: &Path, origin: fn(String, usize) -> Origin) -> Self {
        let name = path.display().to_string();
        match text(path) {
            Ok(Some(text)) => Self::text(&name, &text, origin),
            Ok(None) => Self::default(),
            Err(error) => {
                let message = format!("it cannot be read: {error}");
                Self { problems: vec![Problem { place: name, message }], ..Self::default() }
            }
        }
    }

    /// Reads the text of a file of this name.
    pub(crate) fn text(name: &str, text: &str, origin: fn(String, usize) -> Origin) -> Self {
        let mut layer = Self::default();
        let place = |at: usize| (name.to_owned(), line(text, at));
        let (table, errors) = DeTable::parse_recoverable(text);
        let values = toml::from_str::<Map<String, Value>>(text);
        let (Ok(values), true) = (values, errors.is_empty()) else {
            layer.problems.extend(errors.iter().map(|error| {
                let (name, line) = place(error.span().map_or(0, |span| span.start));
                Problem { place: format!("{name}:{line}"), message: error.message().to_owned() }
            }));
            return layer;
        };
        for key in table.get_ref().keys() {
            let (file, line) = place(key.span().start);
            let origin = origin(file, line);
            let value = values.get(key.get_ref().as_ref()).cloned().unwrap_or_default();
            layer.add(key.get_ref(), value, origin);
        }
        // The parser sorts keys by name; people read from the top.
        layer.problems.sort_by_key(|problem| {
            problem.place.rsplit(':').next().and_then(|line| line.parse::<usize>().ok())
        });
        layer
    }

    /// Reads variables: `COWORKER_` and a key in capitals. An empty one is as good as none.
    pub(crate) fn environment(variable: impl Fn(&str) -> Option<OsString>) -> Self {
        let mut layer = Self::default();
        for (key, built_in) in Keys::built_in() {
            let name = format!("COWORKER_{}", key.to_uppercase());
            let Some(value) = variable(&name).filter(|value| !value.is_empty()) else { continue };
            let Some(text) = value.to_str() else {
                layer.problems.push(Problem { place: name, message: "it is not UTF-8".into() });
                continue;
            };
            let value = match &built_in {
                Value::Number(_) => text.trim().parse().ok().map(Value::Number),
                Value::Array(_) => Some(text.split(',').map(str::trim).collect()),
                _ => None,
            };
            let value = value.unwrap_or_else(|| Value::String(text.to_owned()));
            layer.add(&key, value, Origin::Environment(name));
        }
        layer
    }

    /// Adds a value, or what is wrong with it.
    pub(crate) fn add(&mut self, key: &str, value: Value, origin: Origin) {
        let place = match &origin {
            Origin::Project(..) => Place::Project,
            Origin::Flag(_) => Place::Call,
            _ => Place::User,
        };
        let message = match Keys::built_in().contains_key(key) {
            false => Some(unknown(key)),
            true => objection(key, &value, place).map(|words| format!("`{key}` {words}")),
        };
        match message {
            Some(message) => {
                self.problems.push(Problem { place: origin.to_string(), message });
            }
            None => self.entries.push(Entry { key: key.to_owned(), value, origin }),
        }
    }
}

/// The text of a file; none if there is no file.
fn text(path: &Path) -> io::Result<Option<String>> {
    // Looked at first: a pipe would never end.
    let found = match std::fs::metadata(path) {
        Ok(found) => found,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    if !found.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if found.len() > MAX_FILE {
        return Err(io::Error::other("it is larger than 1 MiB"));
    }
    std::fs::read_to_string(path).map(Some)
}

/// The line of an offset, counted from 1.
fn line(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}

fn unknown(key: &str) -> String {
    let mut known: Vec<(f64, String)> = Keys::built_in()
        .into_iter()
        .map(|(name, _)| (strsim::jaro_winkler(&name, &key.to_lowercase()), name))
        .collect();
    known.sort_by(|one, other| other.0.total_cmp(&one.0));
    match known.first() {
        Some((likeness, name)) if *likeness > 0.7 => {
            format!("there is no key `{key}`; did you mean `{name}`?")
        }
        _ => {
            let names: Vec<String> = known.into_iter().map(|(_, name)| name).collect();
            format!("there is no key `{key}`; those there are: {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn user(text: &str) -> Layer {
        Layer::text("c.toml", text, Origin::User)
    }

    fn told(layer: &Layer) -> Vec<String> {
        layer.problems.iter().map(Problem::to_string).collect()
    }

    #[test]
    fn values_know_their_line() {
        let layer = user("# mine\nmode = 'plan'\n\nmax_requests = 7\n");
        let found: Vec<_> = layer
            .entries
            .iter()
            .map(|it| (it.key.as_str(), it.value.clone(), it.origin.to_string()))
            .collect();
        assert_eq!(
            found,
            [
                ("max_requests", json!(7), "c.toml:4".to_owned()),
                ("mode", json!("plan"), "c.toml:2".to_owned())
            ]
        );
        assert_eq!(told(&layer), [""; 0]);
    }

    #[test]
    fn every_mistake_is_told_with_its_line_and_the_rest_counts() {
        let layer = user("modle = 'a/b'\nmode = 'yolo'\nmax-requests = 3\nlog = 'info'\nx = 1\n");
        let told = told(&layer);
        assert_eq!(told[0], "c.toml:1: there is no key `modle`; did you mean `model`?");
        assert!(told[1].starts_with("c.toml:2: `mode` does not fit: unknown variant `yolo`"));
        assert_eq!(
            told[2],
            "c.toml:3: there is no key `max-requests`; did you mean `max_requests`?"
        );
        assert!(told[3].starts_with("c.toml:5: there is no key `x`; those there are: "));
        assert!(told[3].contains("store_busy_timeout_ms"));
        assert_eq!(layer.entries.len(), 1);
    }

    #[test]
    fn types_are_named_as_people_name_them() {
        let layer = user("max_requests = 'many'\nmodel = 3\napply_timeout_ms = -1\n");
        let told = told(&layer).join("\n");
        for part in ["c.toml:1: `max_requests`", "expected a whole number", "a text in quotes"] {
            assert!(told.contains(part), "{told}");
        }
        assert!(layer.entries.is_empty());
    }

    #[test]
    fn what_is_not_toml_counts_for_nothing() {
        let layer = user("model = 'a/b'\nmode = \n");
        assert!(told(&layer)[0].starts_with("c.toml:2: "), "{:?}", layer.problems);
        assert!(layer.entries.is_empty());
    }

    #[test]
    fn auto_is_chosen_for_a_session_only() {
        assert!(told(&user("mode = 'auto'"))[0].contains("--mode auto"));
        let mut typed = Layer::default();
        typed.add("mode", json!("auto"), Origin::Flag("--mode"));
        assert_eq!(told(&typed), [""; 0]);
    }

    #[test]
    fn a_project_sets_only_what_is_its_business() {
        let layer = Layer::text("p.toml", "model = 'a/b'\nlog = 'trace'", Origin::Project);
        assert_eq!(layer.entries.len(), 1);
        assert!(told(&layer)[0].starts_with("p.toml:2: `log` is for your own file"));
    }

    #[test]
    fn variables_are_read_by_the_type_of_their_key() {
        let layer = Layer::environment(|name| match name {
            "COWORKER_MODEL" => Some("12".into()),
            "COWORKER_MAX_REQUESTS" => Some("12".into()),
            "COWORKER_APPLY_TIMEOUT_MS" => Some("soon".into()),
            "COWORKER_MODE" => Some("".into()),
            _ => None,
        });
        let values: Vec<_> = layer.entries.iter().map(|it| it.value.clone()).collect();
        assert_eq!(values, [json!("12"), json!(12)]);
        assert!(told(&layer)[0].starts_with("COWORKER_APPLY_TIMEOUT_MS: `apply_timeout_ms`"));
    }
}
