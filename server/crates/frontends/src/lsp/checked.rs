//! Parameters of our own methods, read so that a mistake names its field.

use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error};
use serde_json::Value;

/// Parameters that were given by name.
pub(super) struct Checked<T>(pub(super) T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Checked<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let params = match Value::deserialize(deserializer)? {
            params @ Value::Object(_) => params,
            // A method all of whose parameters can be left out may be called without any.
            Value::Null => Value::Object(serde_json::Map::new()),
            _ => return Err(D::Error::custom("the parameters are not an object")),
        };
        let read = serde_path_to_error::deserialize(params);
        read.map(Self).map_err(|error| match error.path().to_string().as_str() {
            "." => D::Error::custom(error.inner()),
            field => D::Error::custom(format!("`{field}`: {}", error.inner())),
        })
    }
}

#[cfg(test)]
mod tests {
    use protocol::wire::{ChatParams, NewSessionParams};
    use serde_json::json;

    use super::Checked;

    fn error(params: serde_json::Value) -> String {
        serde_json::from_value::<Checked<ChatParams>>(params).err().unwrap().to_string()
    }

    #[test]
    fn a_mistake_names_its_field() {
        assert!(error(json!({ "text": 7 })).starts_with("`text`: invalid type"));
        let context = json!([{ "uri": "file:///a", "range": { "start": 1 } }]);
        let deep = error(json!({ "text": "x", "context": context }));
        assert!(deep.starts_with("`context[0].range.start`: "), "{deep}");
        assert!(error(json!({})).contains("missing field `text`"));
        assert_eq!(error(json!(["x"])), "the parameters are not an object");
    }

    #[test]
    fn nothing_at_all_is_enough_where_all_can_be_left_out() {
        assert!(serde_json::from_value::<Checked<NewSessionParams>>(json!(null)).is_ok());
    }
}
