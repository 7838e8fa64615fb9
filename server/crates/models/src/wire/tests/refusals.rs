//! Every refusal has its code and its way out, whoever it comes from.

use ErrorCode::{
    ContextTooLong, ModelNotFound, ModelOverloaded, ModelRefused, ModelUnauthorized,
    ModelUnavailable, QuotaExceeded,
};

use super::*;

/// A status line, the body that comes with it, what is made of them, and what is said.
type Refusal = (&'static str, Value, ErrorCode, [&'static str; 2]);

async fn told(wire: Tested, refusals: impl IntoIterator<Item = Refusal>) {
    for (status, body, code, parts) in refusals {
        let events = wire.answer(Reply::new(status, "", body.to_string().into_bytes())).await;
        let [Err(error)] = events.as_slice() else { panic!("{status}: {events:?}") };
        assert_eq!(error.code, code, "{status}: {}", error.message);
        for part in parts {
            assert!(error.message.contains(part), "{part:?} in {:?}", error.message);
        }
        let first = error.message.chars().next().unwrap();
        assert!(first.is_uppercase() && error.message.ends_with('.'), "{}", error.message);
    }
}

#[tokio::test]
async fn of_any_server_by_the_status_alone() {
    let page = || json!("<html>");
    told(
        anthropic::WIRE,
        [
            (
                "413 Payload Too Large",
                page(),
                ContextTooLong,
                ["too long for `claude-sonnet-5`", "Start a new session"],
            ),
            (
                "502 Bad Gateway",
                page(),
                ModelUnavailable,
                ["failed with status 502", "again in a while"],
            ),
            (
                "307 Temporary Redirect",
                Value::Null,
                ModelUnavailable,
                ["The server at 127.0.0.1", "answered with status 307. Look whether"],
            ),
            (
                "418 I'm a Teapot",
                Value::Null,
                ModelRefused,
                ["refused the request with status 418.", "Choose another model"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn of_anthropic() {
    let body = |kind: &str, message: &str| json!({ "type": "error", "error": { "type": kind, "message": message } });
    let credit = "Your credit balance is too low to access the Anthropic API.";
    told(
        anthropic::WIRE,
        [
            (
                "401 Unauthorized",
                body("authentication_error", "invalid x-api-key"),
                ModelUnauthorized,
                ["refused the key: invalid x-api-key.", "Check ANTHROPIC_API_KEY."],
            ),
            (
                "403 Forbidden",
                body("permission_error", "not yours"),
                ModelUnauthorized,
                ["to use `claude-sonnet-5`: not yours.", "choose another model"],
            ),
            (
                "404 Not Found",
                body("not_found_error", "model: claude-sonnet-5"),
                ModelNotFound,
                ["has no model `claude-sonnet-5`", "--model anthropic/NAME"],
            ),
            (
                "429 Too Many Requests",
                body("rate_limit_error", "Too many\r\ntokens."),
                ModelOverloaded,
                ["for now: Too many  tokens.", "again in a while"],
            ),
            (
                "529 Overloaded",
                body("overloaded_error", "Overloaded"),
                ModelOverloaded,
                ["is overloaded: Overloaded.", "again in a while"],
            ),
            (
                "400 Bad Request",
                body("invalid_request_error", "prompt is too long: 210000 tokens > 200000"),
                ContextTooLong,
                ["too long for `claude-sonnet-5`: prompt is too long", "a larger window"],
            ),
            (
                "400 Bad Request",
                body("invalid_request_error", credit),
                QuotaExceeded,
                ["has nothing left", "Add credit there, or choose another model."],
            ),
            (
                "400 Bad Request",
                body("invalid_request_error", "messages.0: text is required"),
                ModelRefused,
                ["status 400: messages.0: text is required.", "start a new session"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn of_openai() {
    let body = |kind: &str, code: &str, message: &str| json!({ "error": { "message": message, "type": kind, "param": null, "code": code } });
    let long = "Your input exceeds the context window of this model.";
    told(
        responses::WIRE,
        [
            (
                "401 Unauthorized",
                body("invalid_request_error", "invalid_api_key", "Incorrect API key provided."),
                ModelUnauthorized,
                ["refused the key: Incorrect API key provided.", "Check OPENAI_API_KEY."],
            ),
            (
                "404 Not Found",
                body("invalid_request_error", "model_not_found", "It does not exist."),
                ModelNotFound,
                ["has no model `gpt-5.1`: It does not exist.", "--model openai/NAME"],
            ),
            (
                "400 Bad Request",
                body("invalid_request_error", "model_not_found", "It does not exist."),
                ModelNotFound,
                ["has no model `gpt-5.1`", "--model openai/NAME"],
            ),
            (
                "429 Too Many Requests",
                body("insufficient_quota", "insufficient_quota", "You exceeded your quota."),
                QuotaExceeded,
                ["has nothing left", "Add credit there"],
            ),
            (
                "429 Too Many Requests",
                body("tokens", "rate_limit_exceeded", "Rate limit reached for gpt-5.1."),
                ModelOverloaded,
                ["for now: Rate limit reached for gpt-5.1.", "again in a while"],
            ),
            (
                "400 Bad Request",
                body("invalid_request_error", "context_length_exceeded", long),
                ContextTooLong,
                ["too long for `gpt-5.1`", "Start a new session"],
            ),
            (
                "400 Bad Request",
                body("invalid_request_error", "", "Unknown parameter: 'seed'."),
                ModelRefused,
                ["Unknown parameter: 'seed'.", "start a new session"],
            ),
            (
                "500 Internal Server Error",
                body("server_error", "", "The server had an error."),
                ModelUnavailable,
                ["status 500: The server had an error.", "again in a while"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn of_google() {
    let body = |code: u16, status: &str, message: &str| json!({ "error": { "code": code, "message": message, "status": status } });
    let long = "The input token count (1200000) exceeds the maximum number of tokens allowed.";
    let key = "API key not valid. Please pass a valid API key.";
    told(
        gemini::WIRE,
        [
            (
                "400 Bad Request",
                body(400, "INVALID_ARGUMENT", key),
                ModelUnauthorized,
                ["refused the key: API key not valid", "Check GEMINI_API_KEY."],
            ),
            (
                "400 Bad Request",
                json!([body(400, "INVALID_ARGUMENT", long)]),
                ContextTooLong,
                ["too long for `gemini-3-pro-preview`", "a larger window"],
            ),
            (
                "404 Not Found",
                body(404, "NOT_FOUND", "models/gemini-9 is not found for API version v1beta"),
                ModelNotFound,
                ["models/gemini-9 is not found", "--model gemini/NAME"],
            ),
            (
                "429 Too Many Requests",
                body(429, "RESOURCE_EXHAUSTED", "You exceeded your current quota."),
                ModelOverloaded,
                ["for now: You exceeded your current quota.", "again in a while"],
            ),
            (
                "503 Service Unavailable",
                body(503, "UNAVAILABLE", "The model is overloaded."),
                ModelOverloaded,
                ["is overloaded: The model is overloaded.", "again in a while"],
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn of_openrouter_and_xai() {
    let body = |code: u16, message: &str, metadata: Value| json!({ "error": { "code": code, "message": message, "metadata": metadata } });
    let flagged = json!({ "reasons": ["violence"], "flagged_input": "…" });
    let endpoint = "This endpoint's maximum context length is 131072 tokens.";
    told(
        Tested { model: "openrouter/moonshotai/kimi-k2", ..chat::WIRE },
        [
            (
                "402 Payment Required",
                body(402, "Insufficient credits.", Value::Null),
                QuotaExceeded,
                ["has nothing left", "Add credit there"],
            ),
            (
                "403 Forbidden",
                body(403, "Your input was flagged.", flagged),
                ModelRefused,
                ["refused the request: Your input was flagged.", "start a new session"],
            ),
            (
                "400 Bad Request",
                body(400, endpoint, Value::Null),
                ContextTooLong,
                ["too long for `moonshotai/kimi-k2`", "a larger window"],
            ),
            (
                "404 Not Found",
                body(404, "No endpoints found that support tool use.", Value::Null),
                ModelNotFound,
                ["No endpoints found that support tool use.", "--model openrouter/NAME"],
            ),
        ],
    )
    .await;
    // Here the error is only a text.
    let key = json!({ "code": "invalid", "error": "Incorrect API key provided: xa***ry." });
    let refusal =
        ("400 Bad Request", key, ModelUnauthorized, ["refused the key", "Check XAI_API_KEY."]);
    told(Tested { model: "xai/grok-4", ..chat::WIRE }, [refusal]).await;
}

#[tokio::test]
async fn of_mistral_and_others_that_name_the_field() {
    let extra = json!([{
        "type": "extra_forbidden",
        "loc": ["body", "messages", 0, "name"],
        "msg": "Extra inputs are not permitted",
    }]);
    let part = "status 422: body.messages.0.name: Extra inputs are not permitted.";
    for body in
        [json!({ "object": "error", "message": { "detail": extra } }), json!({ "detail": extra })]
    {
        let refusal =
            ("422 Unprocessable Entity", body, ModelRefused, [part, "Choose another model"]);
        told(Tested { model: "mistral/mistral-medium-latest", ..chat::WIRE }, [refusal]).await;
    }
    let plain = json!({ "detail": "Unauthorized" });
    let refusal =
        ("401 No", plain, ModelUnauthorized, ["refused the key: Unauthorized.", "Check "]);
    told(Tested { model: "mistral/mistral-medium-latest", ..chat::WIRE }, [refusal]).await;
}

#[tokio::test]
async fn of_servers_of_ones_own() {
    let pull = "model \"qwen3\" not found, try pulling it first";
    let tools = "registry.ollama.ai/library/gemma3:4b does not support tools";
    told(
        ollama::WIRE,
        [
            (
                "404 Not Found",
                json!({ "error": pull }),
                ModelNotFound,
                ["try pulling it first.", "--model ollama/NAME"],
            ),
            (
                "400 Bad Request",
                json!({ "error": tools }),
                ModelRefused,
                ["does not support tools.", "Choose another model"],
            ),
            (
                "500 Internal Server Error",
                json!({ "error": "model requires more system memory" }),
                ModelUnavailable,
                ["model requires more system memory.", "again in a while"],
            ),
        ],
    )
    .await;
    let long = json!({ "error": {
        "code": 400,
        "message": "the request exceeds the available context size, try increasing it",
        "type": "exceed_context_size_error",
    } });
    let refusal =
        ("400 Bad Request", long, ContextTooLong, ["too long for `qwen3`", "a larger window"]);
    told(Tested { model: "llamacpp/qwen3", ..chat::WIRE }, [refusal]).await;
}

#[tokio::test]
async fn in_an_event() {
    let body =
        b"data: {\"error\": {\"message\": \"No stream\", \"code\": \"500\"}}\n\ndata: [DONE]\n\n";
    let reply = Reply::new("500 Internal Server Error", "", body.to_vec());
    let events = responses::WIRE.answer(reply).await;
    let [Err(error)] = events.as_slice() else { panic!("{events:?}") };
    assert!(error.message.contains("failed with status 500: No stream."), "{}", error.message);
}

#[tokio::test]
async fn a_long_explanation_is_cut() {
    let long = json!({ "error": { "message": "ä".repeat(10_000) } }).to_string();
    let reply = Reply::new("400 Bad Request", "", long.into_bytes());
    let events = anthropic::WIRE.answer(reply).await;
    let [Err(error)] = events.as_slice() else { panic!("{events:?}") };
    assert!(error.message.contains(&format!("{}…", "ä".repeat(400))), "{}", error.message);
    assert!(!error.message.contains(&"ä".repeat(401)), "{}", error.message);
}
