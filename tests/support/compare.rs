//! Two sessions held against each other: what differs between any two runs is masked, and all the
//! rest has to be equal.

use anyhow::{Result, ensure};
use protocol::SessionState;
use serde_json::{Map, Value, json};

/// What differs between runs and says nothing: ids, times, counters, folders.
pub struct Mask {
    /// Texts and what to put in their place.
    pub texts: Vec<(String, String)>,
}

impl Mask {
    /// The mask for a session: its ids are numbered in the order they appear.
    pub fn new(state: &SessionState, texts: &[(&str, &str)]) -> Self {
        let mut ids: Vec<(String, String)> = Vec::new();
        for item in &state.items {
            for (name, id) in [("turn", item.turn_id.as_str()), ("item", item.id.as_str())] {
                // What is said between turns belongs to none.
                if !id.is_empty() && ids.iter().all(|(known, _)| known != id) {
                    let number = ids.iter().filter(|(_, it)| it.starts_with(name)).count() + 1;
                    ids.push((id.to_owned(), format!("{name}-{number}")));
                }
            }
        }
        let texts = texts.iter().map(|(what, by)| ((*what).to_owned(), (*by).to_owned()));
        Self { texts: ids.into_iter().chain(texts).collect() }
    }

    /// The text without what differs between runs.
    pub fn text(&self, text: &str) -> String {
        self.texts.iter().fold(text.to_owned(), |text, (what, by)| text.replace(what, by))
    }

    fn value(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(text)),
            Value::Array(values) => values.iter().map(|value| self.value(value)).collect(),
            Value::Object(fields) => {
                let masked = fields.iter().map(|(name, value)| {
                    let value = match (name.as_str(), value) {
                        ("at" | "revision", Value::Number(_)) => json!(0),
                        // A folder that was kept goes by a name with a time in it.
                        ("id", _) if fields.contains_key("leftOut") => json!("kept"),
                        // Who answered is the one thing in which front ends may differ.
                        ("by", Value::String(who)) if who != "nobody" => json!("somebody"),
                        _ => self.value(value),
                    };
                    (name.clone(), value)
                });
                Value::Object(masked.collect::<Map<String, Value>>())
            }
            other => other.clone(),
        }
    }
}

/// The whole state as text, masked: equal texts are equal sessions.
pub fn view(state: &SessionState, mask: &Mask) -> Result<String> {
    let whole = json!({
        "items": state.items,
        "open": state.open,
        "status": state.status,
        "mode": state.mode,
        "model": state.model,
        "usage": state.usage,
        "title": state.title,
        "queue": state.queue,
    });
    Ok(serde_json::to_string_pretty(&mask.value(&whole))? + "\n")
}

/// Fails with the difference between two texts that should be the same.
pub fn ensure_same(what: &str, one: &str, other: &str) -> Result<()> {
    ensure!(one == other, "{what}:\n{}", changes::unified(what, Some(one), other));
    Ok(())
}
