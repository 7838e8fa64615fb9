//! Parameters of our own methods, read so that a mistake names its field.

use serde::{Deserialize, Deserializer, de::DeserializeOwned, de::Error};
use serde_json::Value;

use crate::wire::params;

/// Parameters that were given by name.
pub(super) struct Checked<T>(pub(super) T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Checked<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = params::read(Value::deserialize(deserializer)?);
        read.map(Self).map_err(D::Error::custom)
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
