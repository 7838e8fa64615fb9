//! Anthropic's Messages.

use super::*;

pub(super) const WIRE: Tested = Tested {
    wire: Wire::Anthropic,
    folder: "anthropic",
    model: "anthropic/claude-sonnet-5",
    path: "/v1/messages",
};

/// The answer with everything: thinking of both kinds, text, and calls side by side.
pub(super) fn tools_events() -> Vec<Event> {
    let thinking = |text: &str, signature: &str| {
        let block = json!({ "type": "thinking", "thinking": text, "signature": signature });
        reasoned(Some(WIRE.stamped(block)))
    };
    let redacted = "EmwKAhgBEgy3va3pzix/LafPsn4aDFIT2Xlxh0L5L8rLVyIwxtE3rAFBa8cr3qpPkNRj2YfWXGmKDx\
                    H4mPnZ5sQ7vB5NqSbZ";
    vec![
        reasoning("The function is "),
        reasoning("too long."),
        thinking("The function is too long.", "EqQBCgIYAhIM1gbcDa9GJwZA2b3h"),
        reasoned(Some(WIRE.stamped(json!({ "type": "redacted_thinking", "data": redacted })))),
        reasoning("Both files matter."),
        thinking("Both files matter.", "EuYBCkQYAiJAgCs1"),
        text("I read "),
        text("both."),
        call("toolu_01T1x1fJ34qAmk2tNTrN7Up6", "read", "{\"path\": \"src/größe.rs\"}"),
        call("toolu_018nWVkXyQ1tHJkNcrDw4Kpv", "todoRead", "{}"),
        Ok(ModelEvent::Usage(Usage {
            input_tokens: 2312,
            output_tokens: 89,
            cached_tokens: 2000,
            cache_written_tokens: 300,
            cost: 0,
        })),
        end(StopCause::ToolCalls),
    ]
}

#[tokio::test]
async fn of_a_call_that_ran_into_the_limit_nothing_is_told() {
    let expected = [
        text("I write it."),
        call("toolu_01A", "read", "{\"path\": \"a.rs\"}"),
        usage(25, 1000, 0),
        end(StopCause::OutputLimit),
    ];
    assert_eq!(plain(WIRE.answer(Reply::events(&WIRE.recorded("limit"))).await), expected);
}

#[tokio::test]
async fn a_refusal_is_told_as_one() {
    let expected = [text("I will"), usage(25, 3, 0), end(StopCause::Refusal)];
    assert_eq!(plain(WIRE.answer(Reply::events(&WIRE.recorded("refusal"))).await), expected);
}

#[tokio::test]
async fn what_it_has_read_is_told_at_once_and_what_is_missing_at_the_end() {
    let used = |input_tokens, output_tokens, cached_tokens, cache_written_tokens| Usage {
        input_tokens,
        output_tokens,
        cached_tokens,
        cache_written_tokens,
        cost: 0,
    };
    let parts = |events: Vec<Event>| -> Vec<Usage> {
        let usage = |event| match event {
            Ok(ModelEvent::Usage(usage)) => Some(Usage { cost: 0, ..usage }),
            _ => None,
        };
        events.into_iter().filter_map(usage).collect()
    };
    let events = WIRE.answer(Reply::events(&WIRE.recorded("tools"))).await;
    assert!(matches!(events[0], Ok(ModelEvent::Usage(_))), "{events:?}");
    assert_eq!(parts(events), [used(2312, 0, 2000, 300), used(0, 89, 0, 0)]);
    let events = WIRE.answer(Reply::events(&WIRE.recorded("error"))).await;
    assert_eq!(parts(events), [used(25, 0, 0, 0)], "an answer that breaks off");

    // Compatible servers tell all of it at the end, or correct themselves.
    for (start, expected) in [
        (json!({ "input_tokens": 0 }), vec![used(30, 5, 20, 0)]),
        (json!({ "input_tokens": 7 }), vec![used(7, 0, 0, 0), used(23, 5, 20, 0)]),
    ] {
        let frames = [
            json!({ "type": "message_start", "message": { "usage": start } }),
            json!({ "type": "message_delta", "delta": {}, "usage": {
                "input_tokens": 10, "cache_read_input_tokens": 20, "output_tokens": 5,
            } }),
            json!({ "type": "message_stop" }),
        ];
        let stream: String = frames.iter().map(|frame| format!("data: {frame}\n\n")).collect();
        assert_eq!(parts(WIRE.answer(Reply::events(stream.as_bytes())).await), expected);
    }
}

#[tokio::test]
async fn an_error_in_the_stream_ends_it() {
    let events = plain(WIRE.answer(Reply::events(&WIRE.recorded("error"))).await);
    assert_eq!(events[0], text("I read"));
    let error = events[1].clone().unwrap_err();
    assert_eq!(error.code, ErrorCode::ModelBrokeOff);
    assert!(error.message.contains("Internal server error"), "{}", error.message);
    assert_eq!(events.len(), 2);

    let events = plain(WIRE.answer(Reply::events(&WIRE.recorded("overloaded"))).await);
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].clone().unwrap_err().code, ErrorCode::ModelOverloaded);
}

/// A request to a model whose thinking has a budget, where this model gave the first answer of a
/// turn and went on after the results.
async fn gone_on_after(first: &str) -> Value {
    let wire = Tested { model: "anthropic/claude-sonnet-4-5", ..WIRE };
    let data = json!({ "type": "thinking", "thinking": "Well.", "signature": "c2ln" });
    let thought = AssistantPart::Reasoning {
        text: "Well.".to_owned(),
        provider_data: Some(json!({ "model": first, "data": data })),
    };
    let called = |call_id: &str| AssistantPart::ToolCall {
        call_id: call_id.to_owned(),
        name: "read".to_owned(),
        arguments: json!({}),
        provider_data: None,
    };
    let messages = vec![
        user("hi"),
        Message::Assistant { parts: vec![thought, called("call_1")] },
        Message::Tool { results: vec![result("call_1", "read", "", false)] },
        // Without a further thought, as these models go on.
        Message::Assistant { parts: vec![called("call_2")] },
        Message::Tool { results: vec![result("call_2", "read", "", false)] },
    ];
    let server = Server::start();
    let models = wire.models(&server.url);
    server.reply(Reply::events(&WIRE.recorded("text")));
    wire.ask(&models, messages.clone()).await;
    let body = serde_json::from_str(&server.request().body).unwrap();

    // The next prompt begins anew.
    let said = vec![AssistantPart::Text { text: "So it is.".to_owned() }];
    let messages = messages.into_iter().chain([Message::Assistant { parts: said }, user("Why?")]);
    server.reply(Reply::events(&WIRE.recorded("text")));
    wire.ask(&models, messages.collect()).await;
    let next: Value = serde_json::from_str(&server.request().body).unwrap();
    assert_eq!(next["thinking"]["type"], "enabled");
    body
}

#[tokio::test]
async fn no_thinking_in_the_middle_of_an_answer_that_another_model_began() {
    let body = gone_on_after("openai/gpt-5.1").await;
    assert_eq!(body.get("thinking"), None);
    assert_eq!(body["messages"][1]["content"][0]["type"], "tool_use");
    let body = gone_on_after("anthropic/claude-sonnet-4-5").await;
    assert_eq!(body["thinking"]["type"], "enabled");
    assert_eq!(body["messages"][1]["content"][0]["type"], "thinking");
}

/// Where the messages of a body have marks: the number of the message and of the block.
fn marks(body: &str) -> Vec<(usize, usize)> {
    let body: Value = serde_json::from_str(body).unwrap();
    let messages = body["messages"].as_array().unwrap().iter().enumerate();
    let blocks = messages.flat_map(|(at, message)| {
        let blocks = message["content"].as_array().unwrap().iter().enumerate();
        blocks.map(move |(number, block)| ((at, number), block))
    });
    let marked = blocks.filter(|(_, block)| block.get("cache_control").is_some());
    marked.map(|(at, _)| at).collect()
}

#[tokio::test]
async fn what_the_request_before_has_cached_is_found_after_many_calls() {
    let ids: Vec<_> = (0..30).map(|number| format!("call_{number}")).collect();
    let call = |call_id: &String| AssistantPart::ToolCall {
        call_id: call_id.clone(),
        name: "read".to_owned(),
        arguments: json!({}),
        provider_data: None,
    };
    let results = ids.iter().map(|id| result(id, "read", "", false)).collect();
    let mut messages = vec![user("hi")];
    let server = Server::start();
    let models = WIRE.models(&server.url);
    let mut asked = Vec::new();
    for more in [
        vec![],
        vec![
            Message::Assistant { parts: ids.iter().map(call).collect() },
            Message::Tool { results },
            user("Quick!"),
        ],
    ] {
        messages.extend(more);
        server.reply(Reply::events(&WIRE.recorded("text")));
        WIRE.ask(&models, messages.clone()).await;
        asked.push(marks(&server.request().body));
    }
    assert_eq!(asked[0], [(0, 0)]);
    assert_eq!(asked[1], [(0, 0), (2, 30)]);
}

#[tokio::test]
async fn the_version_is_told_and_the_address_may_have_one() {
    let server = Server::start();
    let models = WIRE.models(&format!("{}/v1", server.url));
    server.reply(Reply::events(&WIRE.recorded("text")));
    WIRE.ask(&models, vec![user("hi")]).await;
    let request = server.request();
    assert!(request.head.starts_with("POST /v1/messages HTTP/1.1\r\n"), "{}", request.head);
    assert!(request.head.contains("anthropic-version: 2023-06-01\r\n"), "{}", request.head);
}
