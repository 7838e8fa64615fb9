//! JSON-RPC messages out of bodies: decoded, and checked to be what they claim.

use serde_json::{Map, Value};
use tower_lsp_server::jsonrpc::{Error, ErrorCode, Id, Request, Response};

use super::frames::find_header;

/// What a body turned out to be.
#[derive(Debug, PartialEq)]
pub(crate) enum Incoming {
    /// A request, or a notification if it has no id.
    Request(Request),
    /// The answer to a request of ours.
    Response(Response),
    /// No JSON-RPC message.
    Refused {
        /// What to answer.
        answer: Response,
        /// Where in the body bytes begin that do not belong to it, if it seems too long.
        rest: Option<usize>,
    },
}

/// Decodes one body. What is not JSON in UTF-8, is nested too deeply or is no JSON-RPC message
/// is refused.
pub(crate) fn decode(body: &[u8]) -> Incoming {
    match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => message(fields),
        Ok(Value::Array(_)) => refused(Id::Null, "batches are not part of this protocol"),
        Ok(_) => refused(Id::Null, "a message is an object"),
        Err(error) => {
            Incoming::Refused { answer: undecodable(error.to_string()), rest: foreign_end(body) }
        }
    }
}

/// The answer to bytes that cannot be decoded.
pub(crate) fn undecodable(reason: String) -> Response {
    let error = Error { message: reason.into(), ..Error::parse_error() };
    Response::from_error(Id::Null, error)
}

fn refused(id: Id, reason: &'static str) -> Incoming {
    let error = Error { message: reason.into(), ..Error::invalid_request() };
    Incoming::Refused { answer: Response::from_error(id, error), rest: None }
}

fn message(mut fields: Map<String, Value>) -> Incoming {
    let id = match fields.remove("id") {
        None => None,
        Some(Value::String(id)) => Some(Id::String(id)),
        Some(Value::Number(id)) if id.is_i64() => id.as_i64().map(Id::Number),
        Some(_) => return refused(Id::Null, "`id` must be a string or an integer"),
    };
    if fields.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
        return refused(id.unwrap_or_default(), "`jsonrpc` must be \"2.0\"");
    }
    match (fields.remove("method"), id) {
        (Some(Value::String(method)), id) => {
            let mut request = Request::build(method);
            if let Some(id) = id {
                request = request.id(id);
            }
            if let Some(params) = fields.remove("params") {
                request = request.params(params);
            }
            Incoming::Request(request.finish())
        }
        (Some(_), id) => refused(id.unwrap_or_default(), "`method` must be a string"),
        (None, None) => refused(Id::Null, "expected a method"),
        (None, Some(id)) => match (fields.remove("error"), fields.remove("result")) {
            (Some(Value::Object(error)), _) => {
                Incoming::Response(Response::from_error(id, client_error(error)))
            }
            (_, Some(result)) => Incoming::Response(Response::from_ok(id, result)),
            _ => refused(id, "expected a method, a result or an error"),
        },
    }
}

/// A client's error; what is missing or of a wrong type is made up for.
fn client_error(mut error: Map<String, Value>) -> Error {
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

    fn code(body: impl AsRef<[u8]>) -> (i64, Id) {
        let Incoming::Refused { answer, .. } = decode(body.as_ref()) else { panic!("accepted") };
        (answer.error().unwrap().code.code(), answer.id().clone())
    }

    #[test]
    fn requests_notifications_and_answers_are_told_apart() {
        let request = Request::build("a/b").params(json!({"x": 1})).id("7").finish();
        let body = r#"{"jsonrpc":"2.0","id":"7","method":"a/b","params":{"x":1}}"#;
        assert_eq!(decode(body.as_bytes()), Incoming::Request(request));

        let note = Request::build("exit").finish();
        let body = br#"{"jsonrpc":"2.0","method":"exit"}"#;
        assert_eq!(decode(body), Incoming::Request(note));

        let answer = Response::from_ok(3.into(), Value::Null);
        let body = br#"{"jsonrpc":"2.0","id":3,"result":null}"#;
        assert_eq!(decode(body), Incoming::Response(answer));
    }

    #[test]
    fn errors_of_clients_are_read_whatever_else_they_carry() {
        let body = r#"{"jsonrpc":"2.0","id":3,"result":null,"error":{"code":-1,"stack":"x"}}"#;
        let Incoming::Response(answer) = decode(body.as_bytes()) else { panic!("{body}") };
        assert_eq!(answer.error().unwrap().code.code(), -1);
    }

    #[test]
    fn what_is_no_json_is_a_parse_error() {
        let deep = "[".repeat(1_000_000);
        let bodies = ["", "{", "nul", "\u{feff}{}", r#""\ud800""#, &deep];
        for body in bodies {
            assert_eq!(code(body), (-32700, Id::Null), "{body:.20}");
        }
        assert_eq!(code(b"\"\xff\""), (-32700, Id::Null));
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
        let caught = |body: &'static str| match decode(body.as_bytes()) {
            Incoming::Refused { rest, .. } => rest.map(|at| &body[at..]),
            other => panic!("{other:?}"),
        };
        assert_eq!(caught("{\"a\":1}C"), Some("C"));
        assert_eq!(
            caught("{\"a\":Content-Length: 2\r\n\r\n{}"),
            Some("Content-Length: 2\r\n\r\n{}")
        );
        assert_eq!(caught("{\"a\":"), None);
    }
}
