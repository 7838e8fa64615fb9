//! The language server with a real engine and a real client, over a pipe in memory. The model
//! repeats what it is asked.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use engine::{
    Batch, Keep, Message, Model, ModelChoice, ModelError, ModelEvent, ModelRequest, ModelStream,
    Parts, Prepared, Settings, StopCause, Store, StoreError, StoredSession, Tool, ToolContext,
    ToolError, ToolSpec, Trust, UseOfDay, Work,
};
use futures::{StreamExt, stream};
use protocol::{
    Rule, SessionId, SessionInfo, Usage,
    methods::{Direction, METHODS},
    wire::{ClientCapabilities, ClientUi},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{duplex, split},
    task::JoinHandle,
};

mod plain;

use super::*;
use crate::client::{ApplyBehaviour, Client, ClientOptions, Event, uri};

/// A model that says what it was asked, and asks back if it is told to.
struct Echo;

/// Asks which store to take, and what to call it if there is more to ask.
struct AskBack;

#[async_trait]
impl Tool for AskBack {
    fn spec(&self) -> ToolSpec {
        ToolSpec { name: "ask".into(), description: "Asks.".into(), schema: json!({}) }
    }

    async fn prepare(&self, input: Value, _: &ToolContext) -> Result<Prepared, ToolError> {
        let questions = serde_json::from_value(input).unwrap();
        let work = Work::Ask(questions);
        Ok(Prepared { title: "Ask".into(), effects: Vec::new(), work })
    }
}

#[async_trait]
impl Model for Echo {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let text = match request.messages.last() {
            Some(Message::User { text, .. }) => match text.split_once("ask back ") {
                Some((_, questions)) => {
                    let (call_id, name) = ("1".to_owned(), "ask".to_owned());
                    let (arguments, provider_data) = (questions.to_owned(), None);
                    let call = ModelEvent::ToolCall { call_id, name, arguments, provider_data };
                    let events = [call, ModelEvent::End(StopCause::ToolCalls)];
                    return Ok(stream::iter(events.map(Ok)).boxed());
                }
                None => format!("You said: {text}"),
            },
            Some(Message::Tool { results }) => format!("You answered: {}", results[0].text),
            _ => String::new(),
        };
        let events = [ModelEvent::Text(text), ModelEvent::End(StopCause::EndOfAnswer)];
        Ok(stream::iter(events.map(Ok)).boxed())
    }

    fn choices(&self) -> Vec<ModelChoice> {
        Vec::new()
    }
}

/// A store that forgets with the process.
#[derive(Default)]
struct Kept(Mutex<HashMap<SessionId, StoredSession>>);

#[async_trait]
impl Store for Kept {
    async fn create(&self, info: &SessionInfo, first: Batch) -> Result<(), StoreError> {
        let info = info.clone();
        let id = info.id.clone();
        let session = StoredSession { info, records: first.records, drafts: Vec::new() };
        self.0.lock().unwrap().insert(id, session);
        Ok(())
    }

    async fn open(&self, id: &SessionId) -> Result<StoredSession, StoreError> {
        let sessions = self.0.lock().unwrap();
        sessions.get(id).cloned().ok_or_else(|| StoreError::NotFound(id.clone()))
    }

    async fn read(&self, id: &SessionId) -> Result<StoredSession, StoreError> {
        self.open(id).await
    }

    async fn append(&self, id: &SessionId, batch: Batch) -> Result<(), StoreError> {
        if let Some(session) = self.0.lock().unwrap().get_mut(id) {
            session.records.extend(batch.records);
            session.info = batch.info.unwrap_or_else(|| session.info.clone());
        }
        Ok(())
    }

    async fn close(&self, _: &SessionId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn list(&self, _: Option<&AbsPath>) -> Result<Vec<SessionInfo>, StoreError> {
        Ok(self.0.lock().unwrap().values().map(|session| session.info.clone()).collect())
    }

    async fn delete(&self, id: &SessionId) -> Result<(), StoreError> {
        self.0.lock().unwrap().remove(id);
        Ok(())
    }

    async fn add_use(&self, _: u64, _: Usage) -> Result<(), StoreError> {
        Ok(())
    }

    async fn grant(&self, _: u64, _: u64) -> Result<(), StoreError> {
        Ok(())
    }

    async fn used_on(&self, _: u64) -> Result<UseOfDay, StoreError> {
        Ok(UseOfDay::default())
    }

    async fn rules(&self, _: &AbsPath) -> Result<Vec<Rule>, StoreError> {
        Ok(Vec::new())
    }

    async fn add_rule(&self, _: &AbsPath, _: &Rule) -> Result<(), StoreError> {
        Ok(())
    }

    async fn put_blob(&self, _: &SessionId, _: &[u8]) -> Result<String, StoreError> {
        Ok(String::new())
    }

    async fn blob(&self, _: &SessionId, _: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(None)
    }

    async fn sweep_blobs(&self, _: &SessionId, _: &[String]) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn keep(&self, _: &SessionId, _: Vec<Keep>) -> Result<(), StoreError> {
        Ok(())
    }

    async fn weaves(&self, _: &SessionId) -> Result<Vec<(AbsPath, Vec<u8>)>, StoreError> {
        Ok(Vec::new())
    }
}

/// A client with its server and a folder.
struct Trial {
    client: Client,
    server: JoinHandle<Ended>,
    root: AbsPath,
    folder: TempDir,
    store: Arc<Kept>,
}

impl Trial {
    async fn start(ui: ClientUi) -> Self {
        Self::with(ui, ApplyBehaviour::Apply).await
    }

    async fn with(ui: ClientUi, apply: ApplyBehaviour) -> Self {
        Self::on(tempfile::tempdir().unwrap(), Arc::default(), ui, apply).await
    }

    async fn on(folder: TempDir, store: Arc<Kept>, ui: ClientUi, apply: ApplyBehaviour) -> Self {
        Self::with_folders(folder, store, ui, apply, true).await
    }

    async fn with_folders(
        folder: TempDir,
        store: Arc<Kept>,
        ui: ClientUi,
        apply: ApplyBehaviour,
        named: bool,
    ) -> Self {
        let root = folder.path().canonicalize().unwrap();
        let root = AbsPath::new(root.to_str().unwrap()).unwrap();
        let workspace = Workspace::new(workspace::Limits::default());
        // No id is given twice, whoever gives it.
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let sessions = Sessions::new(Parts {
            model: Arc::new(Echo),
            tools: vec![Arc::new(AskBack)],
            documents: Arc::new(workspace.clone()),
            store: store.clone(),
            clock: Arc::new(|| 0),
            ids: Arc::new(|| COUNT.fetch_add(1, Ordering::Relaxed).to_string()),
            trust: Trust::none(),
            settings: Settings { model: "echo/echo".into(), ..Settings::default() },
        });
        let (ours, theirs) = duplex(1 << 16);
        let (input, output) = split(theirs);
        let options = LspOptions::new(root.clone());
        let server = tokio::spawn(serve(input, output, sessions, workspace, options));
        let (input, output) = split(ours);
        let mut options = ClientOptions::new(root.clone());
        options.capabilities = ClientCapabilities { version: 1, ui, ..Default::default() };
        options.apply = apply;
        options.names_folders = named;
        let client = Client::over(input, output, options).await.unwrap();
        Self { client, server, root, folder, store }
    }

    /// The editor is started again.
    async fn again(self) -> Self {
        let Self { client, server, folder, store, .. } = self;
        drop(client);
        server.await.unwrap();
        Self::on(folder, store, ClientUi::default(), ApplyBehaviour::Apply).await
    }

    /// The editor is started again and opens no folder.
    async fn homeless(self) -> Self {
        let Self { client, server, folder, store, .. } = self;
        drop(client);
        server.await.unwrap();
        let (ui, apply) = (ClientUi::default(), ApplyBehaviour::Apply);
        Self::with_folders(folder, store, ui, apply, false).await
    }

    fn path(&self, name: &str) -> AbsPath {
        self.root.join(name).unwrap()
    }

    /// What the agent sees.
    async fn seen(&self, uri: &str) -> Result<(String, Option<i64>), i64> {
        let document = self.client.request("coworker/documents/get", json!({ "uri": uri })).await;
        let document = document.map_err(|error| error.code)?;
        let text = document["text"].as_str().unwrap().to_owned();
        Ok((text, document["version"].as_i64()))
    }

    async fn actions(&self, path: &AbsPath, context: Value) -> Vec<Value> {
        let at = json!({"line": 1, "character": 0});
        let params = json!({
            "textDocument": {"uri": uri(path)},
            "range": {"start": at, "end": at},
            "context": context,
        });
        let actions = self.client.request("textDocument/codeAction", params).await.unwrap();
        actions.as_array().unwrap().clone()
    }

    async fn run(&self, action: &Value) {
        let command = &action["command"];
        self.client
            .request("workspace/executeCommand", command.clone())
            .await
            .unwrap_or_else(|error| panic!("{error}"));
    }

    /// Waits for what must come.
    async fn until<T>(&mut self, mut found: impl FnMut(&Self, &Event) -> Option<T>) -> T {
        let wait = async {
            loop {
                let event = self.client.next().await;
                assert_ne!(event, Event::Closed);
                if let Some(found) = found(self, &event) {
                    return found;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap()
    }
}

fn titles(actions: &[Value]) -> Vec<&str> {
    actions.iter().map(|action| action["title"].as_str().unwrap()).collect()
}

fn plugin() -> ClientUi {
    ClientUi { chat: true, approvals: true, prompt: true, questions: true, hunks: true }
}

const CODE: &str = "impl Stack {\n    fn pop(&mut self) {}\n}\n";

#[tokio::test]
async fn every_method_and_every_command_there_is_has_a_handler() {
    let trial = Trial::start(plugin()).await;
    for method in METHODS.iter().filter(|method| method.direction == Direction::ClientRequest) {
        let answer = trial.client.request(method.name, json!("nonsense")).await;
        let error = answer.unwrap_err();
        assert_eq!((error.code, &error.data.unwrap()["code"]), (-32602, &json!("invalidParams")));
    }
    let commands = &trial.client.hello()["capabilities"]["executeCommandProvider"]["commands"];
    for command in commands.as_array().unwrap() {
        let params = json!({ "command": command, "arguments": [[]] });
        match trial.client.request("workspace/executeCommand", params).await {
            Ok(_) => {}
            Err(error) => assert!(!error.message.contains("no command"), "{command}: {error}"),
        }
    }
    let unknown = json!({ "command": "coworker.unknown" });
    let error = trial.client.request("workspace/executeCommand", unknown).await.unwrap_err();
    assert!(error.message.contains("no command `coworker.unknown`"), "{error}");
}

#[tokio::test]
async fn the_agent_sees_what_the_editor_shows() {
    let trial = Trial::start(plugin()).await;
    let file = trial.path("a b.rs");
    std::fs::write(file.as_std_path(), "on disk").unwrap();
    let uri = uri(&file);
    assert_eq!(trial.seen(&uri).await, Ok(("on disk".to_owned(), None)));

    trial.client.open(&file, "ä in the editor").await;
    trial.client.replace(&file, 0..2, "🦀").await;
    let shown = Ok(("🦀 in the editor".to_owned(), Some(2)));
    assert_eq!(trial.seen(&uri).await, shown);
    let otherwise = uri.replace("a%20b.rs", "x/../%61 b.rs");
    assert_eq!(trial.seen(&otherwise).await, shown);

    let open = |uri: &str, text: &str| json!({"textDocument": {"uri": uri, "languageId": "rust", "version": 9, "text": text}});
    trial.client.notify("textDocument/didOpen", open(&uri, "reloaded")).await;
    assert_eq!(trial.seen(&uri).await, Ok(("reloaded".to_owned(), Some(9))));
    trial.client.close(&file).await;
    assert_eq!(trial.seen(&uri).await, Ok(("on disk".to_owned(), None)));

    let new = "untitled:Untitled-1";
    assert_eq!(trial.seen(new).await, Err(-32803));
    trial.client.notify("textDocument/didOpen", open(new, "not saved yet")).await;
    assert_eq!(trial.seen(new).await, Ok(("not saved yet".to_owned(), Some(9))));
    let foreign = "coworker:/chat.md";
    trial.client.notify("textDocument/didOpen", open(foreign, "x")).await;
    assert_eq!(trial.seen(foreign).await, Err(-32602));
    assert_eq!(trial.seen(&format!("{uri}.missing")).await, Err(-32803));
}

#[tokio::test]
async fn a_change_that_makes_no_sense_leaves_the_text_alone() {
    let trial = Trial::start(plugin()).await;
    let file = trial.path("x.rs");
    trial.client.open(&file, "as it was\n").await;
    let position = |line: i64, character: i64| json!({"line": line, "character": character});
    for range in [json!({"start": position(-1, 0), "end": position(0, 0)}), json!("everywhere")] {
        let changes = json!([{"range": range, "text": "oops"}]);
        let document = json!({"uri": uri(&file), "version": 2});
        let params = json!({"textDocument": document, "contentChanges": changes});
        trial.client.notify("textDocument/didChange", params).await;
        assert_eq!(
            trial.seen(&uri(&file)).await,
            Ok(("as it was\n".to_owned(), Some(1))),
            "{range}"
        );
    }
}

#[tokio::test]
async fn code_actions_name_the_symbol_and_offer_what_is_possible() {
    let trial = Trial::start(ClientUi::default()).await;
    let file = trial.path("x.rs");
    trial.client.open(&file, CODE).await;
    let ask = "Ask Coworker about `impl Stack > fn pop`…";
    let explain = "Coworker: Explain `impl Stack > fn pop`";
    let actions = trial.actions(&file, json!({"diagnostics": []})).await;
    assert_eq!(titles(&actions), [ask, explain]);
    assert!(actions.iter().all(|action| action.get("edit").is_none()), "{actions:?}");

    let at = json!({"line": 1, "character": 4});
    let problem = json!({"range": {"start": at, "end": at}, "message": "unused"});
    let context = json!({"diagnostics": [problem], "only": ["quickfix"]});
    assert_eq!(titles(&trial.actions(&file, context).await), ["Coworker: Fix this"]);

    let silent = Trial::start(ClientUi { prompt: false, ..plugin() }).await;
    silent.client.open(&file, CODE).await;
    let actions = silent.actions(&file, json!({"diagnostics": []})).await;
    assert_eq!(titles(&actions), [explain], "there is no way to ask for words");
}

#[tokio::test]
async fn hunks_are_drawn_by_the_client_or_by_us() {
    let plain = Trial::start(ClientUi::default()).await;
    let capabilities = &plain.client.hello()["capabilities"];
    assert!(capabilities["codeLensProvider"].is_object() && capabilities["hoverProvider"] == true);
    let nothing =
        plain.client.request("workspace/executeCommand", json!({"command": "coworker.hunks.undo"}));
    assert!(nothing.await.unwrap_err().message.contains("hunkIds"));
    let review =
        plain.client.request("workspace/executeCommand", json!({"command": "coworker.review"}));
    assert!(review.await.unwrap_err().message.contains("has not changed anything"));

    let drawing = Trial::start(plugin()).await;
    let capabilities = &drawing.client.hello()["capabilities"];
    assert!(capabilities.get("codeLensProvider").is_none());
    assert!(capabilities.get("hoverProvider").is_none());
}

#[tokio::test]
async fn a_client_with_a_prompt_is_asked_for_words() {
    let mut trial = Trial::start(plugin()).await;
    let file = trial.path("x.rs");
    trial.client.open(&file, CODE).await;
    let actions = trial.actions(&file, json!({"diagnostics": []})).await;
    trial.run(&actions[0]).await;
    let (id, title) = trial
        .until(|_, event| match event {
            Event::Prompt { id, params } => Some((id.clone(), params.title.clone())),
            _ => None,
        })
        .await;
    assert_eq!(title, "Ask Coworker about impl Stack > fn pop");
    trial.client.answer(id, json!("why empty?")).await;
    let said = trial.until(|_, event| agent_said(event)).await;
    assert!(said.contains("why empty?") && said.contains("fn pop(&mut self)"), "{said}");
}

fn agent_said(event: &Event) -> Option<String> {
    let Event::Update(update) = event else { return None };
    match &update.update {
        protocol::Update::ItemEnded { item } => match &item.body {
            protocol::ItemBody::AgentMessage { text } => Some(text.clone()),
            _ => None,
        },
        _ => None,
    }
}

#[tokio::test]
async fn prompts_are_sent_in_the_order_they_came() {
    let mut trial = Trial::start(plugin()).await;
    let file = trial.path("x.rs");
    std::fs::write(file.as_std_path(), CODE).unwrap();
    // Every other one has to wait for the disk first.
    let at = json!({"line": 1, "character": 4});
    let context = json!([{"uri": uri(&file), "range": {"start": at, "end": at}}]);
    let ask = |n: usize| {
        let context = if n.is_multiple_of(2) { context.clone() } else { json!([]) };
        let params = json!({"text": format!("prompt {n}."), "context": context});
        trial.client.request("coworker/chat", params)
    };
    let answers = futures::future::join_all((0..20).map(ask)).await;
    let sessions: Vec<_> = answers.iter().map(|answer| answer.as_ref().unwrap()).collect();
    assert!(sessions.iter().all(|it| it["sessionId"] == sessions[0]["sessionId"]));
    for n in 0..20 {
        let said = trial.until(|_, event| agent_said(event)).await;
        assert!(said.contains(&format!("prompt {n}.")), "{n}: {said}");
    }
}

#[tokio::test]
async fn without_a_chat_pane_the_conversation_is_a_file() {
    let mut trial = Trial::start(ClientUi::default()).await;
    let (file, chat) = (trial.path("x.rs"), trial.path(".coworker/chat.md"));
    trial.client.open(&file, CODE).await;
    let actions = trial.actions(&file, json!({"diagnostics": []})).await;
    trial.run(&actions[1]).await;
    trial
        .until(|_, event| match event {
            Event::ServerRequest { method, params, .. } if method == "window/showDocument" => {
                assert_eq!(params["uri"], uri(&chat));
                Some(())
            }
            Event::Update(update) => panic!("nobody asked for {update:?}"),
            _ => None,
        })
        .await;
    let written = written(&chat, "You said: ").await;
    assert!(written.contains("## You\n\nExplain this code"), "{written}");
    let ignored = trial.path(".coworker/.gitignore");
    assert_eq!(std::fs::read_to_string(ignored.as_std_path()).unwrap(), "chat.md\nreview.diff\n");

    let on_disk = std::fs::read_to_string(chat.as_std_path()).unwrap();
    trial.client.open(&chat, &on_disk).await;
    let actions = trial.actions(&chat, json!({"diagnostics": []})).await;
    assert!(!titles(&actions).contains(&"Send to Coworker"), "nothing is written yet");
    trial.client.replace(&chat, on_disk.len()..on_disk.len(), "and now?\n").await;
    let actions = trial.actions(&chat, json!({"diagnostics": []})).await;
    assert_eq!(titles(&actions)[0], "Send to Coworker");
    trial.run(&actions[0]).await;
    let text = trial
        .until(|trial, _| {
            trial.client.text(&chat).filter(|text| {
                text.ends_with("## You\n\n") && text.contains("and now?\n\n## Coworker")
            })
        })
        .await;
    assert_eq!(text.matches("## You\n\nand now?").count(), 1, "{text}");
    assert_eq!(std::fs::read_to_string(chat.as_std_path()).unwrap(), on_disk, "not ours to save");
}

/// The file, once it holds this text and the next heading.
async fn written(path: &AbsPath, text: &str) -> String {
    let wait = async {
        loop {
            let now = std::fs::read_to_string(path.as_std_path()).unwrap_or_default();
            if now.contains(text) && now.ends_with("## You\n\n") {
                return now;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait).await.unwrap()
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_server() {
    let trial = Trial::start(plugin()).await;
    trial.client.request("coworker/chat", json!({"text": "hello"})).await.unwrap();
    drop(trial.client);
    assert_eq!(trial.server.await.unwrap(), Ended::Otherwise);

    let trial = Trial::start(plugin()).await;
    trial.client.request("shutdown", Value::Null).await.unwrap();
    trial.client.notify("exit", Value::Null).await;
    assert_eq!(trial.server.await.unwrap(), Ended::AfterShutdown);
}
