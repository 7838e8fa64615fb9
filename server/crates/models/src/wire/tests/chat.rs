//! Chat Completions, by many servers.

use super::*;

pub(super) const WIRE: Tested = Tested {
    wire: Wire::Chat,
    folder: "chat",
    model: "deepseek/deepseek-reasoner",
    path: "/v1/chat/completions",
};

/// The answer with everything: the pieces of its two calls come by turns.
pub(super) fn tools_events() -> Vec<Event> {
    let thought = json!({ "reasoning_content": "The function is too long." });
    vec![
        reasoning("The function is "),
        reasoning("too long."),
        reasoned(Some(WIRE.stamped(thought))),
        text("I read "),
        text("both."),
        call("call_00_bQ2nTk5WmZ", "read", "{\"path\": \"src/größe.rs\"}"),
        call("call_01_x7LrP0aYdE", "todoRead", "{}"),
        usage(2312, 89, 2000),
        end(StopCause::ToolCalls),
    ]
}

#[tokio::test]
async fn of_a_call_that_ran_into_the_limit_nothing_is_told() {
    let expected = [
        text("I write it."),
        call("call_00_A", "read", "{\"path\": \"a.rs\"}"),
        usage(25, 1000, 0),
        end(StopCause::OutputLimit),
    ];
    assert_eq!(plain(WIRE.answer(Reply::events(&WIRE.recorded("limit"))).await), expected);
}

#[tokio::test]
async fn a_refusal_is_told_as_one() {
    let expected = [text("I will"), usage(25, 3, 0), end(StopCause::Refusal)];
    assert_eq!(plain(WIRE.answer(Reply::events(&WIRE.recorded("refusal"))).await), expected);
    let expected = [text("I cannot help with that."), usage(25, 6, 0), end(StopCause::Refusal)];
    assert_eq!(plain(WIRE.answer(Reply::events(&WIRE.recorded("declined"))).await), expected);
}

#[tokio::test]
async fn an_error_in_the_stream_ends_it() {
    for (name, code, part) in [
        ("error", ErrorCode::ModelBrokeOff, "The server had an error while processing"),
        ("openrouter-error", ErrorCode::ModelUnavailable, "502: Provider disconnected"),
        ("litellm-error", ErrorCode::ModelOverloaded, "RateLimitError"),
    ] {
        let events = WIRE.answer(Reply::events(&WIRE.recorded(name))).await;
        assert_eq!(events[0], text("I read"), "{name}");
        let error = events[1].clone().unwrap_err();
        assert_eq!(error.code, code, "{name}");
        assert!(error.message.contains(part), "{}", error.message);
        assert_eq!(events.len(), 2, "{name}");
    }
    // Some say only that they stopped for one.
    for (reason, code) in [
        ("error", ErrorCode::ModelBrokeOff),
        ("abort", ErrorCode::ModelBrokeOff),
        ("network_error", ErrorCode::ModelBrokeOff),
        ("insufficient_system_resource", ErrorCode::ModelOverloaded),
    ] {
        let events = WIRE.answer(Reply::events(stopped_for(reason).as_bytes())).await;
        assert_eq!(events[0], text("I"), "{reason}");
        assert_eq!(events[1].clone().unwrap_err().code, code, "{reason}");
    }
}

/// An answer of one word that stops for this reason.
fn stopped_for(reason: &str) -> String {
    let frame = json!({ "choices": [{ "delta": { "content": "I" }, "finish_reason": reason }] });
    format!("data: {frame}\n\ndata: [DONE]\n\n")
}

#[tokio::test]
async fn the_reasons_of_other_makers_are_known() {
    for (reason, cause) in [
        ("model_length", StopCause::OutputLimit),
        ("model_context_window_exceeded", StopCause::OutputLimit),
        ("sensitive", StopCause::Refusal),
        ("eos", StopCause::EndOfAnswer),
    ] {
        let events = WIRE.answer(Reply::events(stopped_for(reason).as_bytes())).await;
        assert_eq!(events.last(), Some(&end(cause)), "{reason}");
    }
}

#[tokio::test]
async fn signed_reasoning_goes_back_by_openrouter() {
    let server = Server::start();
    let wire = Tested { model: "openrouter/anthropic/claude-sonnet-5", ..WIRE };
    let models = wire.models(&server.url);
    server.reply(Reply::events(&WIRE.recorded("openrouter")));
    let events = wire.ask(&models, vec![user("hi")]).await;
    let details = json!([
        {
            "type": "reasoning.text",
            "text": "The function is too long.",
            "format": "anthropic-claude-v1",
            "index": 0,
            "signature": "EqQBCgIYAhIM1gbcDa9GJwZA2b3h",
        },
        {
            "type": "reasoning.encrypted",
            "data": "EmwKAhgBEgy3va3pzix",
            "format": "anthropic-claude-v1",
            "index": 1,
        },
    ]);
    let whole = "The function is too long.";
    let thought = json!({ "reasoning": whole, "reasoning_details": details });
    let expected = [
        reasoning("The function is "),
        reasoning("too long."),
        reasoned(Some(wire.stamped(thought))),
        text("I read it."),
        call("toolu_01T1x1fJ34qAmk2tNTrN7Up6", "read", "{\"path\": \"a.rs\"}"),
        usage(2312, 89, 2000),
        end(StopCause::ToolCalls),
    ];
    assert_eq!(plain(events.clone()), expected);
    assert_eq!(body_of(&server.request().body)["model"], "anthropic/claude-sonnet-5");

    server.reply(Reply::events(&WIRE.recorded("text")));
    wire.ask(&models, vec![user("hi"), remembered(events)]).await;
    let body = body_of(&server.request().body);
    assert_eq!(body["messages"][2]["reasoning_details"], details);
    assert_eq!(body["messages"][2]["reasoning"], whole);
}

fn body_of(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[tokio::test]
async fn a_server_may_leave_out_numbers_and_the_end() {
    let expected = [
        reasoning("Both "),
        reasoning("files."),
        reasoned(Some(WIRE.stamped(json!({ "reasoning": "Both files." })))),
        call("1", "read", "{\"path\":\"a.rs\"}"),
        call("2", "read", "{\"path\":\"b.rs\"}"),
        call("3", "todoRead", "{}"),
        usage(25, 15, 20),
        end(StopCause::ToolCalls),
    ];
    assert_eq!(plain(WIRE.answer(Reply::events(&WIRE.recorded("bare"))).await), expected);
}

#[tokio::test]
async fn reasoning_that_came_in_two_parts_goes_back_as_one() {
    let server = Server::start();
    let thought = |text: &str| AssistantPart::Reasoning {
        text: text.to_owned(),
        provider_data: Some(WIRE.stamped(json!({
            "reasoning": text, "reasoning_details": [{ "text": text }],
        }))),
    };
    let said = AssistantPart::Text { text: "Well.".to_owned() };
    let parts = vec![thought("One. "), said, thought("Two.")];
    server.reply(Reply::events(&WIRE.recorded("text")));
    let messages = vec![user("hi"), Message::Assistant { parts }, user("Go on.")];
    WIRE.ask(&WIRE.models(&server.url), messages).await;
    let message = &body_of(&server.request().body)["messages"][2];
    assert_eq!(message["reasoning"], "One. Two.");
    assert_eq!(message["reasoning_details"], json!([{ "text": "One. " }, { "text": "Two." }]));
    assert_eq!(message["content"], "Well.");
}

#[tokio::test]
async fn reasoning_in_a_list_is_read_and_goes_back_as_text_alone() {
    let server = Server::start();
    let wire = Tested { model: "mistral/magistral-medium-2509", ..WIRE };
    let models = wire.models(&server.url);
    server.reply(Reply::events(&WIRE.recorded("mistral")));
    let events = wire.ask(&models, vec![user("hi")]).await;
    let expected = [
        reasoning("The function is "),
        reasoning("too long."),
        reasoned(None),
        text("I read "),
        text("both."),
        call("bQ2nTk5Wm", "read", "{\"path\": \"src/größe.rs\"}"),
        call("x7LrP0aYd", "todoRead", "{}"),
        usage(2312, 89, 0),
        end(StopCause::ToolCalls),
    ];
    assert_eq!(plain(events.clone()), expected);
    server.request();

    server.reply(Reply::events(&WIRE.recorded("text")));
    wire.ask(&models, vec![user("hi"), remembered(events)]).await;
    let body = body_of(&server.request().body);
    let mut names: Vec<_> = body["messages"][2].as_object().unwrap().keys().collect();
    names.sort();
    assert_eq!(names, ["content", "role", "tool_calls"]);
    assert_eq!(body["messages"][2]["content"], "I read both.");
}

#[tokio::test]
async fn calls_that_are_numbered_alike_or_come_twice_are_told_apart() {
    let expected = [
        call("call_1", "read", "{\"path\": \"a.rs\"}"),
        call("call_2", "read", "{\"path\": \"b.rs\"}"),
        call("call_3", "todoRead", "{\"all\":true}"),
        usage(25, 15, 0),
        end(StopCause::ToolCalls),
    ];
    assert_eq!(plain(WIRE.answer(Reply::events(&WIRE.recorded("alike"))).await), expected);
}

#[tokio::test]
async fn an_empty_reason_is_none() {
    let events = WIRE.answer(Reply::events(stopped_for("").as_bytes())).await;
    assert_eq!(events[1].clone().unwrap_err().code, ErrorCode::ModelBrokeOff);
}

/// The body that a provider is sent at its own address.
async fn sent_to(model: &'static str) -> Value {
    let server = Server::start();
    let wire = Tested { model, ..WIRE };
    let settings = ProviderSettings { url_source: String::new(), ..wire.settings(&server.url) };
    let providers = vec![settings];
    let models = Models::new(ModelSettings { providers, ..ModelSettings::default() });
    server.reply(Reply::events(&WIRE.recorded("text")));
    wire.ask(&models, vec![user("hi")]).await;
    body_of(&server.request().body)
}

#[tokio::test]
async fn what_only_one_provider_knows_is_sent_to_that_one_alone() {
    assert_eq!(sent_to("openai/gpt-5.1").await["prompt_cache_key"], "session-1");
    for model in ["groq/llama", "mistral/mistral-medium-latest", "openrouter/openai/gpt-5.1"] {
        assert_eq!(sent_to(model).await.get("prompt_cache_key"), None, "{model}");
    }
    assert_eq!(sent_to("groq/llama").await["stream_options"], json!({ "include_usage": true }));
    assert_eq!(sent_to("mistral/mistral-medium-latest").await.get("stream_options"), None);
    // By this name at another address may be anyone.
    let server = Server::start();
    let wire = Tested { model: "openai/gpt-5.1", ..WIRE };
    server.reply(Reply::events(&WIRE.recorded("text")));
    wire.ask(&wire.models(&server.url), vec![user("hi")]).await;
    assert_eq!(body_of(&server.request().body).get("prompt_cache_key"), None);
}

#[tokio::test]
async fn openais_own_models_are_told_the_limit_by_its_newer_name() {
    for (model, name) in [("openai/gpt-5.1", "max_completion_tokens"), (WIRE.model, "max_tokens")] {
        let server = Server::start();
        let wire = Tested { model, ..WIRE };
        server.reply(Reply::events(&WIRE.recorded("text")));
        wire.ask(&wire.models(&server.url), vec![user("hi")]).await;
        assert_eq!(body_of(&server.request().body)[name], 16_000, "{model}");
    }
}
