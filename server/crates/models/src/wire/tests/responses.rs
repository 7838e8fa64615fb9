//! OpenAI's Responses.

use super::*;

pub(super) const WIRE: Tested = Tested {
    wire: Wire::Responses,
    folder: "responses",
    model: "openai/gpt-5.1",
    path: "/v1/responses",
};

/// The answer with everything: reasoning in two parts, text, and calls side by side.
pub(super) fn tools_events() -> Vec<Event> {
    let summary = |text: &str| json!({ "type": "summary_text", "text": text });
    let item = json!({
        "id": "rs_68f1c20",
        "type": "reasoning",
        "encrypted_content": "gAAAAABpIbYx3vQ7KkJt0xw=",
        "summary": [summary("The function is too long."), summary("Both files matter.")],
    });
    vec![
        reasoning("The function is "),
        reasoning("too long."),
        reasoning("\n\n"),
        reasoning("Both files matter."),
        reasoned(Some(WIRE.stamped(item))),
        text("I read "),
        text("both."),
        call("call_Zp7mJ2cVb0sQ4dXkT9hRwE1n", "read", "{\"path\":\"src/größe.rs\"}"),
        call("call_8Lw3NfYt6uKa1oGiB5vCzM2x", "todoRead", "{}"),
        usage(2312, 89, 2000),
        end(StopCause::ToolCalls),
    ]
}

#[tokio::test]
async fn of_a_call_that_ran_into_the_limit_nothing_is_told() {
    let expected = [
        text("I write it."),
        call("call_A", "read", "{\"path\":\"a.rs\"}"),
        usage(25, 1000, 0),
        end(StopCause::OutputLimit),
    ];
    assert_eq!(plain(WIRE.answer(Reply::events(&WIRE.recorded("limit"))).await), expected);
}

#[tokio::test]
async fn a_refusal_is_told_as_one() {
    let expected =
        [text("I cannot "), text("help with that."), usage(25, 6, 0), end(StopCause::Refusal)];
    assert_eq!(plain(WIRE.answer(Reply::events(&WIRE.recorded("refusal"))).await), expected);
    let expected = [text("I will"), usage(25, 3, 0), end(StopCause::Refusal)];
    assert_eq!(plain(WIRE.answer(Reply::events(&WIRE.recorded("filtered"))).await), expected);
}

#[tokio::test]
async fn an_error_in_the_stream_ends_it() {
    let events = WIRE.answer(Reply::events(&WIRE.recorded("error"))).await;
    assert_eq!(events[0], text("I read"));
    let error = events[1].clone().unwrap_err();
    assert_eq!(error.code, ErrorCode::ModelBrokeOff);
    assert!(error.message.contains("while processing your request"), "{}", error.message);
    assert_eq!(events.len(), 2);

    let events = WIRE.answer(Reply::events(&WIRE.recorded("overloaded"))).await;
    assert_eq!(events.len(), 1);
    let error = events[0].clone().unwrap_err();
    assert_eq!(error.code, ErrorCode::ModelOverloaded);
    assert!(error.message.contains("Rate limit reached for gpt-5.1"), "{}", error.message);
}

#[tokio::test]
async fn a_server_may_tell_its_calls_with_the_end_alone() {
    let item = json!({
        "type": "function_call", "call_id": "call_1", "name": "read", "arguments": "{}",
    });
    let response = json!({ "status": "completed", "output": [item] });
    let frame = json!({ "type": "response.completed", "response": response });
    let stream = format!("data: {frame}\n\ndata: [DONE]\n\n");
    let expected = [call("call_1", "read", "{}"), end(StopCause::ToolCalls)];
    assert_eq!(plain(WIRE.answer(Reply::events(stream.as_bytes())).await), expected);
}

#[tokio::test]
async fn a_model_that_does_not_reason_is_not_asked_to() {
    let server = Server::start();
    let wire = Tested { model: "openai/gpt-4.1", ..WIRE };
    server.reply(Reply::events(&WIRE.recorded("text")));
    wire.ask(&wire.models(&server.url), vec![user("hi")]).await;
    let body: Value = serde_json::from_str(&server.request().body).unwrap();
    assert_eq!(body.get("reasoning"), None);
    assert_eq!(body.get("include"), None);
}
