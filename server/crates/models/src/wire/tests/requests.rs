//! Whole requests of every wire against committed ones.

use super::all::{Recording, recordings};
use super::*;
use crate::catalogue::Card;

#[tokio::test]
async fn the_conversation_goes_back_as_it_came() {
    for Recording { tested, .. } in recordings() {
        let server = Server::start();
        let models = tested.models(&server.url);
        let mut messages = vec![user("Make it shorter.")];
        server.reply(Reply::events(&tested.recorded("tools")));
        let answer = remembered(tested.ask(&models, messages.clone()).await);
        let first = server.request();
        let line = format!("POST {} HTTP/1.1\r\n", tested.path);
        assert!(first.head.starts_with(&line), "{}", first.head);
        assert!(first.head.contains("content-type: application/json\r\n"), "{}", first.head);
        tested.assert_body("request.json", &first.body);

        let [read, todo] = call_ids(&answer).try_into().unwrap();
        let results = vec![
            result(&read, "read", "fn main() {}", false),
            result(&todo, "todoRead", "There is no such tool.", true),
        ];
        messages.extend([answer, Message::Tool { results }]);
        server.reply(Reply::events(&tested.recorded("text")));
        tested.ask(&models, messages).await;
        tested.assert_body("request-with-results.json", &server.request().body);
    }
}

fn call_ids(answer: &Message) -> Vec<String> {
    let Message::Assistant { parts } = answer else { panic!("{answer:?}") };
    let id = |part: &AssistantPart| match part {
        AssistantPart::ToolCall { call_id, .. } => Some(call_id.clone()),
        _ => None,
    };
    parts.iter().filter_map(id).collect()
}

/// What its provider wants back with reasoning.
fn signed(wire: Wire) -> Value {
    match wire {
        Wire::Anthropic => json!({ "type": "thinking", "thinking": "later", "signature": "c2ln" }),
        Wire::Responses => json!({
            "type": "reasoning", "id": "rs_1", "encrypted_content": "gAAAAABp", "summary": [],
        }),
        Wire::Chat => json!({ "reasoning_content": "later" }),
        Wire::Gemini => json!({ "thoughtSignature": "c2ln" }),
        Wire::Ollama => json!({}),
    }
}

#[tokio::test]
async fn what_the_provider_would_refuse_is_not_sent() {
    for Recording { tested, .. } in recordings() {
        let reasoning = |text: &str, provider_data| AssistantPart::Reasoning {
            text: text.to_owned(),
            provider_data,
        };
        let text = |text: &str| AssistantPart::Text { text: text.to_owned() };
        let own = || Some(tested.stamped(signed(tested.wire)));
        let others = || Some(json!({ "model": "other/model", "data": signed(tested.wire) }));
        let parts = vec![
            reasoning("unsigned", None),
            reasoning("of another model", others()),
            text("I think"),
            text("\n\n"),
            reasoning("later", own()),
            AssistantPart::ToolCall {
                call_id: "call_1".to_owned(),
                name: "read".to_owned(),
                arguments: json!("{\"path\": "),
                provider_data: others(),
            },
        ];
        let results = vec![result("call_1", "read", "The arguments are no JSON.", true)];
        let cut_off = vec![text("So it is."), reasoning("later", own())];
        let messages = vec![
            user("hi"),
            Message::Assistant { parts: vec![reasoning("of another model", others())] },
            user("Are you there?"),
            Message::Assistant { parts },
            Message::Tool { results },
            Message::Assistant { parts: cut_off },
            user("Go on."),
        ];
        let server = Server::start();
        server.reply(Reply::events(&tested.recorded("text")));
        tested.ask(&tested.models(&server.url), messages).await;
        tested.assert_body("request-mended.json", &server.request().body);
    }
}

#[tokio::test]
async fn pictures_stand_in_what_they_belong_to() {
    for Recording { tested, .. } in recordings() {
        let ids = ["call_1", "call_2", "call_3", "call_4"];
        let call = |call_id: &str| AssistantPart::ToolCall {
            call_id: call_id.to_owned(),
            name: "read".to_owned(),
            arguments: json!({ "path": "a.png" }),
            provider_data: None,
        };
        let png = picture("image/png", b"\x89PNG\r\n");
        let two = vec![png.clone(), picture("image/jpeg", b"\xff\xd8\xff")];
        let one = vec![picture("image/webp", b"RIFF")];
        let results = vec![
            ToolResult { images: two, ..result(ids[0], "read", "a.png and b.jpg", false) },
            ToolResult { images: one.clone(), ..result(ids[1], "read", "", false) },
            ToolResult { images: one, ..result(ids[2], "read", "It broke.", true) },
            result(ids[3], "read", "words alone", false),
        ];
        let messages = vec![
            Message::User { text: "Look.".to_owned(), images: vec![png.clone()] },
            Message::Assistant { parts: ids.map(call).to_vec() },
            Message::Tool { results },
            Message::User { text: String::new(), images: vec![png] },
        ];
        let server = Server::start();
        server.reply(Reply::events(&tested.recorded("text")));
        let sees = Card { images: Some(true), ..Card::default() };
        let name = tested.model.split_once('/').unwrap().1.to_owned();
        let settings = tested.settings(&server.url);
        let settings = ProviderSettings { models: [(name, sees)].into(), ..settings };
        let providers = vec![settings];
        let models = Models::new(ModelSettings { providers, ..ModelSettings::default() });
        tested.ask(&models, messages).await;
        tested.assert_body("request-with-pictures.json", &server.request().body);
    }
}

#[tokio::test]
async fn what_the_user_puts_into_a_body_counts_most() {
    let wire = chat::WIRE;
    let server = Server::start();
    let more = json!({ "max_tokens": 5, "stream_options": { "more": true }, "seed": 7 });
    let settings = ProviderSettings {
        extra_body: more.as_object().unwrap().clone(),
        headers: [("x-title".to_owned(), Key::new("Coworker").unwrap())].into(),
        ..wire.settings(&server.url)
    };
    let providers = vec![settings];
    let models = Models::new(ModelSettings { providers, ..ModelSettings::default() });
    server.reply(Reply::events(&wire.recorded("text")));
    wire.ask(&models, vec![user("hi")]).await;
    let request = server.request();
    assert!(request.head.contains("x-title: Coworker\r\n"), "{}", request.head);
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body["max_tokens"], 5);
    assert_eq!(body["seed"], 7);
    assert_eq!(body["stream_options"], json!({ "include_usage": true, "more": true }));
}
