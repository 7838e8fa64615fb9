//! Google's Gemini.

use super::*;

pub(super) const WIRE: Tested = Tested {
    wire: Wire::Gemini,
    folder: "gemini",
    model: "gemini/gemini-3-pro-preview",
    path: "/v1beta/models/gemini-3-pro-preview:streamGenerateContent?alt=sse",
};

/// The answer with everything: both calls come in one event, without ids, the first is signed.
pub(super) fn tools_events() -> Vec<Event> {
    let signature = json!({ "thoughtSignature": "EqYECqMEAXLI2nyYc7Dk0t9w" });
    vec![
        reasoning("The function is "),
        reasoning("too long."),
        reasoned(None),
        text("I read "),
        text("both."),
        signed("read", "{\"path\":\"src/größe.rs\"}", signature),
        call("made", "todoRead", "{}"),
        usage(2312, 89, 2000),
        end(StopCause::ToolCalls),
    ]
}

/// A call with what goes back with it.
fn signed(name: &str, arguments: &str, data: Value) -> Event {
    Ok(ModelEvent::ToolCall {
        call_id: data["id"].as_str().unwrap_or("made").to_owned(),
        name: name.to_owned(),
        arguments: arguments.to_owned(),
        provider_data: Some(WIRE.stamped(data)),
    })
}

#[tokio::test]
async fn the_limit_is_told_as_one() {
    let expected = [
        text("I write it."),
        call("made", "read", "{\"path\":\"a.rs\"}"),
        usage(25, 1000, 0),
        end(StopCause::OutputLimit),
    ];
    assert_eq!(plain(WIRE.answer(Reply::events(&WIRE.recorded("limit"))).await), expected);
}

#[tokio::test]
async fn a_refusal_is_told_as_one() {
    let expected = [text("I will"), usage(25, 3, 0), end(StopCause::Refusal)];
    assert_eq!(plain(WIRE.answer(Reply::events(&WIRE.recorded("refusal"))).await), expected);
    let expected = [usage(25, 0, 0), end(StopCause::Refusal)];
    assert_eq!(plain(WIRE.answer(Reply::events(&WIRE.recorded("blocked"))).await), expected);
}

#[tokio::test]
async fn an_answer_of_nothing_is_asked_for_again() {
    let server = Server::start();
    server.reply(Reply::events(&WIRE.recorded("empty")));
    server.reply(Reply::events(&WIRE.recorded("text")));
    let events = WIRE.ask(&WIRE.patient_models(&server.url, 1), vec![user("hi")]).await;
    let Ok(ModelEvent::Waiting { why }) = &events[0] else { panic!("{events:?}") };
    assert!(why.contains("the answer is empty"), "{why}");
    assert_eq!(plain(events)[1..], text_events());
}

#[tokio::test]
async fn an_error_in_the_stream_ends_it() {
    for (name, code, part) in [
        ("error", ErrorCode::ModelOverloaded, "The model is overloaded"),
        ("malformed", ErrorCode::ModelBrokeOff, "Malformed function call: call:read{path"),
    ] {
        let events = WIRE.answer(Reply::events(&WIRE.recorded(name))).await;
        assert_eq!(events[0], text("I read"), "{name}");
        let error = events[1].clone().unwrap_err();
        assert_eq!(error.code, code, "{name}");
        assert!(error.message.contains(part), "{}", error.message);
        assert_eq!(events.len(), 2, "{name}");
    }
}

#[tokio::test]
async fn ids_and_signatures_go_back_where_they_stood() {
    let server = Server::start();
    let models = WIRE.models(&server.url);
    server.reply(Reply::events(&WIRE.recorded("signed")));
    let events = WIRE.ask(&models, vec![user("hi")]).await;
    server.request();
    let data = json!({ "thoughtSignature": "EqYECqMEAXLI", "id": "k3f9a0z1" });
    let expected = [
        reasoning("Hm."),
        reasoned(None),
        text("It is so."),
        reasoned(Some(WIRE.stamped(json!({ "thoughtSignature": "EoQBCoEBAXLI" })))),
        signed("read", "{\"path\":\"a.rs\"}", data),
        usage(25, 15, 0),
        end(StopCause::ToolCalls),
    ];
    assert_eq!(plain(events.clone()), expected);

    let answer = remembered(events);
    let Message::Assistant { parts } = &answer else { panic!("{answer:?}") };
    let Some(AssistantPart::ToolCall { call_id, .. }) = parts.last() else { panic!("{parts:?}") };
    let results = vec![result(call_id, "read", "fn main() {}", false)];
    server.reply(Reply::events(&WIRE.recorded("text")));
    WIRE.ask(&models, vec![user("hi"), answer, Message::Tool { results }]).await;
    let body: Value = serde_json::from_str(&server.request().body).unwrap();
    let call = json!({ "name": "read", "args": { "path": "a.rs" }, "id": "k3f9a0z1" });
    let expected = json!([
        { "text": "It is so." },
        { "text": "", "thoughtSignature": "EoQBCoEBAXLI" },
        { "functionCall": call, "thoughtSignature": "EqYECqMEAXLI" },
    ]);
    assert_eq!(body["contents"][1]["parts"], expected);
    let response = json!({
        "name": "read", "response": { "output": "fn main() {}" }, "id": "k3f9a0z1",
    });
    assert_eq!(body["contents"][2]["parts"], json!([{ "functionResponse": response }]));
}

#[tokio::test]
async fn calls_of_another_model_are_signed_for_those_who_want_it() {
    for (model, expected) in [
        ("gemini/gemini-3-pro-preview", json!("skip_thought_signature_validator")),
        ("gemini/gemini-2.5-flash", Value::Null),
    ] {
        let server = Server::start();
        let wire = Tested { model, ..WIRE };
        let call = |id: &str| AssistantPart::ToolCall {
            call_id: id.to_owned(),
            name: "read".to_owned(),
            arguments: json!({}),
            provider_data: None,
        };
        let parts = vec![call("1"), call("2")];
        let results = ["1", "2"].map(|id| result(id, "read", "", false)).to_vec();
        let messages = vec![user("hi"), Message::Assistant { parts }, Message::Tool { results }];
        server.reply(Reply::events(&WIRE.recorded("text")));
        wire.ask(&wire.models(&server.url), messages).await;
        let body: Value = serde_json::from_str(&server.request().body).unwrap();
        let parts = &body["contents"][1]["parts"];
        assert_eq!(parts[0]["thoughtSignature"], expected, "{model}");
        assert_eq!(parts[1].get("thoughtSignature"), None, "{model}");
    }
}
