//! JSON-RPC messages out of bodies: decoded, and checked to be what they claim.

use serde_json::{Map, Value};
use tower_lsp_server::jsonrpc::{Error, ErrorCode, Id, Request, Response};

use super::frames::find_header;

/// A message that makes sense.
#[derive(Debug, PartialEq)]
pub(crate) enum Incoming {
    /// A request, or a notification if it has no id.
    Request(Request),
    /// The answer to a request of ours.
    Response(Response),
}

/// A body that is no message.
#[derive(Debug, PartialEq)]
pub(crate) struct Refused {
    /// What to answer.
    pub(crate) answer: Response,
    /// Where in the body bytes begin that do not belong to it, if it seems too long.
    pub(crate) rest: Option<usize>,
}

/// Decodes one body.
///
/// # Errors
/// The body is not JSON in UTF-8, is nested too deeply, or is no JSON-RPC message.
pub(crate) fn decode(body: &[u8]) -> Result<Incoming, Refused> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => {
            message(fields).map_err(|answer| Refused { answer, rest: None })
        }
        Ok(Value::Array(_)) => Err(Refused {
            answer: invalid(Id::Null, "batches are not part of this protocol"),
            rest: None,
        }),
        Ok(_) => Err(Refused { answer: invalid(Id::Null, "a message is an object"), rest: None }),
        Err(error) => {
            Err(Refused { answer: undecodable(error.to_string()), rest: foreign_end(body) })
        }
    }
}

/// The answer to bytes that cannot be decoded.
pub(crate) fn undecodable(reason: String) -> Response {
    let error = Error { message: reason.into(), ..Error::parse_error() };
    Response::from_error(Id::Null, error)
}

fn invalid(id: Id, reason: &'static str) -> Response {
    let error = Error { code: ErrorCode::InvalidRequest, message: reason.into(), data: None };
    Response::from_error(id, error)
}

fn message(mut fields: Map<String, Value>) -> Result<Incoming, Response> {
    let id = match fields.remove("id") {
        None => None,
        Some(Value::String(id)) => Some(Id::String(id)),
        Some(Value::Number(id)) if id.is_i64() => id.as_i64().map(Id::Number),
        Some(_) => return Err(invalid(Id::Null, "`id` must be a string or an integer")),
    };
    let refuse = |reason| Err(invalid(id.clone().unwrap_or_default(), reason));
    if fields.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return refuse("`jsonrpc` must be \"2.0\"");
    }
    match (fields.remove("method"), &id) {
        (Some(Value::String(method)), _) => {
            let mut request = Request::build(method);
            if let Some(id) = id {
                request = request.id(id);
            }
            if let Some(params) = fields.remove("params") {
                request = request.params(params);
            }
            Ok(Incoming::Request(request.finish()))
        }
        (Some(_), _) => refuse("`method` must be a string"),
        (None, Some(id)) => match (fields.remove("error"), fields.remove("result")) {
            (Some(Value::Object(error)), _) => {
                Ok(Incoming::Response(Response::from_error(id.clone(), refusal(error))))
            }
            (_, Some(result)) => Ok(Incoming::Response(Response::from_ok(id.clone(), result))),
            _ => refuse("expected a method, a result or an error"),
        },
        (None, None) => refuse("expected a method"),
    }
}

/// A client's error; what is missing or of a wrong type is made up for.
fn refusal(mut error: Map<String, Value>) -> Error {
    let code =
        error.get("code").and_then(Value::as_i64).map_or(ErrorCode::InternalError, Into::into);
    let message = match error.remove("message") {
        Some(Value::String(text)) => text.into(),
        _ => code.description().into(),
    };
    Error { code, message, data: error.remove("data") }
}

/// Where the bytes begin that a wrong length has put into this body.
fn foreign_end(body: &[u8]) -> Option<usize> {
    let mut values = serde_json::Deserializer::from_slice(body).into_iter::<Value>();
    match values.next() {
        Some(Ok(Value::Object(_))) => Some(values.byte_offset()),
        _ => find_header(body),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn code(body: &str) -> (i64, Id) {
        let answer = decode(body.as_bytes()).unwrap_err().answer;
        (answer.error().unwrap().code.code(), answer.id().clone())
    }

    #[test]
    fn requests_notifications_and_answers_are_told_apart() {
        let request = Request::build("a/b").params(json!({"x": 1})).id("7").finish();
        let body = r#"{"jsonrpc":"2.0","id":"7","method":"a/b","params":{"x":1}}"#;
        assert_eq!(decode(body.as_bytes()), Ok(Incoming::Request(request)));

        let note = Request::build("exit").finish();
        let body = br#"{"jsonrpc":"2.0","method":"exit"}"#;
        assert_eq!(decode(body), Ok(Incoming::Request(note)));

        let answer = Response::from_ok(3.into(), Value::Null);
        let body = br#"{"jsonrpc":"2.0","id":3,"result":null}"#;
        assert_eq!(decode(body), Ok(Incoming::Response(answer)));
    }

    #[test]
    fn errors_of_clients_are_read_whatever_else_they_carry() {
        let body = r#"{"jsonrpc":"2.0","id":3,"result":null,"error":{"code":-1,"stack":"x"}}"#;
        let Ok(Incoming::Response(answer)) = decode(body.as_bytes()) else { panic!("{body}") };
        assert_eq!(answer.error().unwrap().code.code(), -1);
    }

    #[test]
    fn what_is_no_json_is_a_parse_error() {
        let deep = "[".repeat(1_000_000);
        let bodies = ["", "{", "nul", "\u{feff}{}", r#""\ud800""#, &deep];
        for body in bodies {
            assert_eq!(code(body), (-32700, Id::Null), "{body:.20}");
        }
        assert_eq!(decode(b"\"\xff\"").unwrap_err().answer.error().unwrap().code.code(), -32700);
    }

    #[test]
    fn what_is_no_message_is_an_invalid_request() {
        let bodies = [
            "1",
            "[]",
            "{}",
            r#"{"jsonrpc":"2.0"}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"a"}"#,
            r#"{"jsonrpc":"2.0","id":1.5,"method":"a"}"#,
            r#"{"jsonrpc":"2.0","id":18446744073709551615,"method":"a"}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"a"}"#,
        ];
        for body in bodies {
            assert_eq!(code(body), (-32600, Id::Null), "{body}");
        }
        let bodies = [
            r#"{"id":4,"method":"a"}"#,
            r#"{"jsonrpc":"1.0","id":4,"method":"a"}"#,
            r#"{"jsonrpc":"2.0","id":4}"#,
            r#"{"jsonrpc":"2.0","id":4,"method":7}"#,
        ];
        for body in bodies {
            assert_eq!(code(body), (-32600, Id::Number(4)), "{body}");
        }
    }

    #[test]
    fn bytes_that_a_wrong_length_caught_are_found() {
        let caught =
            |body: &str| decode(body.as_bytes()).unwrap_err().rest.map(|at| body[at..].to_owned());
        assert_eq!(caught("{\"a\":1}C").as_deref(), Some("C"));
        assert_eq!(
            caught("{\"a\":Content-Length: 2\r\n\r\n{}").as_deref(),
            Some("Content-Length: 2\r\n\r\n{}")
        );
        assert_eq!(caught("{\"a\":"), None);
    }
}
