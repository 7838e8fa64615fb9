//! A server on this machine is found when nothing is set up.

use super::*;

/// Only what runs on this machine, at these addresses; nothing is set up.
fn local(ollama: &str, lm_studio: &str) -> Models {
    let at = |name: &str, base_url: String| ProviderSettings {
        base_url,
        ..ProviderSettings::of(preset(name).unwrap())
    };
    let providers = vec![
        ProviderSettings::of(preset("anthropic").unwrap()),
        at("ollama", ollama.to_owned()),
        at("lmstudio", format!("{lm_studio}/v1")),
    ];
    Models::new(ModelSettings { providers, ..ModelSettings::default() })
}

/// An address at which nobody listens.
fn nowhere() -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    format!("http://{}", listener.local_addr().unwrap())
}

fn list(list: &Value) -> Reply {
    let headers = "content-type: application/json\r\n";
    Reply::new("200 OK", headers, list.to_string().into_bytes())
}

#[tokio::test]
async fn ollama_is_found_by_its_list_and_answers() {
    let server = Server::start();
    let models = local(&server.url, &nowhere());
    let named = json!({ "name": "qwen3:8b", "model": "qwen3:8b", "size": 5_225_388_164_u64 });
    server.reply(list(&json!({ "models": [named, { "name": "gemma3:4b" }] })));
    let found = models.find_default().await;
    assert_eq!(found.as_deref(), Some("ollama/qwen3:8b"));
    let request = server.request();
    assert!(request.head.starts_with("GET /api/tags HTTP/1.1\r\n"), "{}", request.head);

    assert!(models.choice("ollama/qwen3:8b").is_some());
    let wire = Tested { model: "ollama/qwen3:8b", ..ollama::WIRE };
    server.reply(Reply::events(&wire.recorded("text")));
    assert_eq!(plain(wire.ask(&models, vec![user("hi")]).await), text_events());
}

#[tokio::test]
async fn a_server_that_lists_as_openai_does_is_found() {
    let server = Server::start();
    let models = local(&nowhere(), &server.url);
    let named = json!({ "id": "qwen3-coder-30b", "object": "model" });
    server.reply(list(&json!({ "object": "list", "data": [named] })));
    assert_eq!(models.find_default().await.as_deref(), Some("lmstudio/qwen3-coder-30b"));
    let request = server.request();
    assert!(request.head.starts_with("GET /v1/models HTTP/1.1\r\n"), "{}", request.head);
}

#[tokio::test]
async fn one_that_has_no_model_is_none() {
    let (first, second) = (Server::start(), Server::start());
    let models = local(&first.url, &second.url);
    first.reply(list(&json!({ "models": [] })));
    second.reply(Reply::new("404 Not Found", "", Vec::new()));
    assert_eq!(models.find_default().await, None);
    assert_eq!(local(&nowhere(), &nowhere()).find_default().await, None);
}

#[tokio::test]
async fn none_is_looked_for_when_something_is_set_up() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let at = |name: &str| ProviderSettings {
        base_url: url.clone(),
        ..ProviderSettings::of(preset(name).unwrap())
    };
    let with_key = ProviderSettings { key: Key::new(KEY), ..at("anthropic") };
    let providers = vec![at("ollama"), with_key];
    let models = Models::new(ModelSettings { providers, ..ModelSettings::default() });
    let found = models.find_default().await;
    assert!(found.as_ref().is_some_and(|name| name.starts_with("anthropic/")), "{found:?}");
    assert_eq!(models.choices().iter().filter(|it| it.name.starts_with("ollama")).count(), 0);
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}
