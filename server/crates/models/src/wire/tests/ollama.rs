//! Ollama's own wire.

use super::*;

pub(super) const WIRE: Tested =
    Tested { wire: Wire::Ollama, folder: "ollama", model: "ollama/qwen3", path: "/api/chat" };

/// The answer with everything; nothing is told of a cache.
pub(super) fn tools_events() -> Vec<Event> {
    vec![
        reasoning("The function is "),
        reasoning("too long."),
        reasoned(Some(WIRE.stamped(json!({})))),
        text("I read "),
        text("both."),
        call("call_k2m4p8qx", "read", "{\"path\":\"src/größe.rs\"}"),
        call("call_w9d3v7rt", "todoRead", "{}"),
        usage(2312, 89, 0),
        end(StopCause::ToolCalls),
    ]
}

#[tokio::test]
async fn the_limit_is_told_as_one() {
    let expected = [
        text("I write it."),
        call("call_a1b2c3d4", "read", "{\"path\":\"a.rs\"}"),
        usage(25, 1000, 0),
        end(StopCause::OutputLimit),
    ];
    assert_eq!(plain(WIRE.answer(Reply::events(&WIRE.recorded("limit"))).await), expected);
}

#[tokio::test]
async fn an_error_in_the_stream_ends_it() {
    let events = WIRE.answer(Reply::events(&WIRE.recorded("error"))).await;
    assert_eq!(events[0], text("I read"));
    let error = events[1].clone().unwrap_err();
    assert_eq!(error.code, ErrorCode::ModelBrokeOff);
    assert!(error.message.contains("unexpected EOF"), "{}", error.message);
    assert_eq!(events.len(), 2);
}

#[tokio::test]
async fn calls_of_older_servers_get_ids_of_their_own() {
    let events = WIRE.answer(Reply::events(&WIRE.recorded("old"))).await;
    let id = |event: &Event| match event {
        Ok(ModelEvent::ToolCall { call_id, .. }) => Some(call_id.clone()),
        _ => None,
    };
    let ids: Vec<_> = events.iter().filter_map(id).collect();
    assert_eq!(ids.len(), 2);
    assert_ne!(ids[0], ids[1]);
    let call = || call("made", "read", "{\"path\":\"a.rs\"}");
    let expected = [call(), call(), usage(25, 15, 0), end(StopCause::ToolCalls)];
    assert_eq!(plain(events), expected);
}

#[tokio::test]
async fn the_size_of_the_window_is_what_the_user_says() {
    let server = Server::start();
    let card = crate::catalogue::Card { context: Some(65_536), ..Default::default() };
    let settings = ProviderSettings {
        models: [("qwen".to_owned(), card)].into(),
        ..WIRE.settings(&server.url)
    };
    let providers = vec![settings];
    let models = Models::new(ModelSettings { providers, ..ModelSettings::default() });
    server.reply(Reply::events(&WIRE.recorded("text")));
    WIRE.ask(&models, vec![user("hi")]).await;
    let body: Value = serde_json::from_str(&server.request().body).unwrap();
    assert_eq!(body["options"]["num_ctx"], 65_536);
}
