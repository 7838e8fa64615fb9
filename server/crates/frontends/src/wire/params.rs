//! Parameters of requests, read so that a mistake names its field.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Reads parameters that were given by name.
///
/// # Errors
/// Says which field does not fit, and why.
pub(crate) fn read<T: DeserializeOwned>(params: Value) -> Result<T, String> {
    let params = match params {
        params @ Value::Object(_) => params,
        // A method all of whose parameters can be left out may be called without any.
        Value::Null => Value::Object(serde_json::Map::new()),
        _ => return Err("the parameters are not an object".to_owned()),
    };
    let read = serde_path_to_error::deserialize(params);
    read.map_err(|error| match error.path().to_string().as_str() {
        "." => error.inner().to_string(),
        field => format!("`{field}`: {}", error.inner()),
    })
}
