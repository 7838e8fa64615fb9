//! Editors that know nothing of Coworker: the chat document.

use ::changes::{Breaks, Counting, Encoding};
use ropey::Rope;

use super::*;
use crate::lsp::convert;

impl Trial {
    fn chat(&self) -> AbsPath {
        self.path(".coworker/chat.md")
    }

    /// Opens a chat document with this in it.
    async fn open_chat(&self, text: &str) {
        let chat = self.chat();
        std::fs::create_dir_all(chat.parent().unwrap().as_std_path()).unwrap();
        std::fs::write(chat.as_std_path(), text).unwrap();
        self.client.open(&chat, text).await;
    }

    async fn chat_actions(&self) -> Vec<Value> {
        self.actions(&self.chat(), json!({"diagnostics": []})).await
    }

    async fn send(&self) -> Result<Value, crate::client::ResponseError> {
        let command = json!({"command": "coworker.send"});
        self.client.request("workspace/executeCommand", command).await
    }

    async fn command(
        &self,
        name: &str,
        argument: Value,
    ) -> Result<Value, crate::client::ResponseError> {
        let params = json!({"command": name, "arguments": [argument]});
        self.client.request("workspace/executeCommand", params).await
    }

    /// The next edit of the chat document that the client is asked to make: what is behind its
    /// text after it.
    async fn edit(&mut self) -> (Value, String) {
        let chat = self.chat();
        self.until(|trial, event| match event {
            Event::ServerRequest { id, method, params } if method == "workspace/applyEdit" => {
                let edits = params["edit"]["documentChanges"][0]["edits"].as_array().unwrap();
                let [edit] = edits.as_slice() else { panic!("one edit: {edits:?}") };
                let before = trial.client.text(&chat).unwrap();
                let counting = Counting { encoding: Encoding::Utf16, breaks: Breaks::All };
                let range = serde_json::from_value(edit["range"].clone()).unwrap();
                let range = convert::bytes(&Rope::from_str(&before), range, counting);
                let mut after = before.clone();
                after.replace_range(range, edit["newText"].as_str().unwrap());
                let added = after.strip_prefix(before.as_str()).expect("it only adds");
                Some((id.clone(), added.to_owned()))
            }
            _ => None,
        })
        .await
    }

    /// Waits until the chat document of the editor is like this.
    async fn until_chat(&mut self, like: impl Fn(&str) -> bool) -> String {
        let chat = self.chat();
        let now = self.client.text(&chat).filter(|text| like(text));
        match now {
            Some(now) => now,
            None => self.until(|trial, _| trial.client.text(&chat).filter(|text| like(text))).await,
        }
    }
}

#[tokio::test]
async fn line_ends_are_the_editors_and_nothing_is_added_twice() {
    let mut trial = Trial::start(ClientUi::default()).await;
    let chat = trial.chat();
    trial.open_chat("## You\r\n\r\na\rb\r\n").await;
    trial.client.hold("workspace/applyEdit");
    trial.send().await.unwrap();
    let mut edits = 0;
    while !trial.client.text(&chat).unwrap().ends_with("## You\r\n\r\n") {
        let (id, added) = trial.edit().await;
        assert!(!added.replace("\r\n", "").contains(['\r', '\n']), "{added:?}");
        trial.client.answer(id, json!({"applied": true})).await;
        // A lone `\r` becomes an end of line in editors.
        let end = trial.client.text(&chat).unwrap().len();
        trial.client.replace(&chat, end..end, &added).await;
        edits += 1;
    }
    let text = trial.client.text(&chat).unwrap();
    assert_eq!(text.matches("You said").count(), 1, "{edits} edits: {text}");
}

#[tokio::test]
async fn an_editor_that_says_no_is_asked_again_when_the_user_goes_on() {
    let refuse = ApplyBehaviour::Refuse(None);
    let mut trial = Trial::with(ClientUi::default(), refuse).await;
    trial.open_chat("## You\n\nhello\n").await;
    trial.send().await.unwrap();
    trial.edit().await;
    let error = trial.send().await.unwrap_err();
    assert!(error.message.contains("has been sent"), "{error}");
    let asked = tokio::time::timeout(Duration::from_secs(3), trial.edit()).await;
    assert!(asked.is_err(), "asked again for nothing");
    let chat = trial.chat();
    trial.client.replace(&chat, 0..0, "x\n").await;
    let (_, all) = trial.edit().await;
    assert!(all.contains("## Coworker\n\nYou said: hello"), "{all}");
    assert!(all.ends_with("## You\n\n"), "the whole turn is one edit: {all}");
}

#[tokio::test]
async fn a_prompt_is_sent_once_and_not_offered_again() {
    let mut trial = Trial::start(ClientUi::default()).await;
    trial.open_chat("## You\n\nhello\n").await;
    assert_eq!(titles(&trial.chat_actions().await)[0], "Send to Coworker");
    let (first, second) = futures::future::join(trial.send(), trial.send()).await;
    assert!(first.is_ok() && second.is_err(), "{first:?} {second:?}");
    let text = trial.until_chat(|text| text.ends_with("## You\n\n")).await;
    assert_eq!(text.matches("You said").count(), 1, "{text}");
    assert!(trial.send().await.unwrap_err().message.contains("nothing to send"));
}

#[tokio::test]
async fn asking_leads_to_a_line_that_the_editor_has() {
    let mut trial = Trial::start(ClientUi::default()).await;
    let file = trial.path("x.rs");
    trial.client.open(&file, CODE).await;
    trial.open_chat("## You\n\n").await;
    let actions = trial.actions(&file, json!({"diagnostics": []})).await;
    let ask = actions.iter().find(|it| it["title"].as_str().unwrap().starts_with("Ask Coworker"));
    trial.run(ask.unwrap()).await;
    let line = trial.until(|_, event| match event {
        Event::ServerRequest { method, params, .. } if method == "window/showDocument" => {
            params["selection"]["start"]["line"].as_u64()
        }
        _ => None,
    });
    let line = line.await;
    let text = trial.client.text(&trial.chat()).unwrap();
    let last = text.lines().count() - 1;
    assert_eq!(line, last as u64, "{text}");
}

#[tokio::test]
async fn a_draft_stays_last_while_something_else_is_asked() {
    let mut trial = Trial::start(ClientUi::default()).await;
    let file = trial.path("x.rs");
    trial.client.open(&file, CODE).await;
    let draft = "## You\n\nhalf a thought";
    trial.open_chat(draft).await;
    let explain = trial.actions(&file, json!({"diagnostics": []})).await.pop().unwrap();
    trial.run(&explain).await;
    let text = trial.until_chat(|text| text.contains("You said")).await;
    assert!(text.starts_with("## You\n\nExplain") && text.ends_with(draft), "{text}");
    trial.send().await.unwrap();
    let text = trial.until_chat(|text| text.matches("You said").count() == 2).await;
    assert!(text.contains(&format!("{draft}\n\n## Coworker\n\nYou said: ")), "{text}");
}

#[tokio::test]
async fn what_came_while_the_editor_opened_the_document_is_not_lost() {
    let mut trial = Trial::start(ClientUi::default()).await;
    let (file, chat) = (trial.path("x.rs"), trial.chat());
    trial.client.open(&file, CODE).await;
    let explain = trial.actions(&file, json!({"diagnostics": []})).await.pop().unwrap();
    trial.run(&explain).await;
    let whole = written(&chat, "You said: ").await;
    // The editor read the file before the answer was in it.
    let (read, _) = whole.split_once("You said").unwrap();
    trial.client.open(&chat, read).await;
    trial.run(&explain).await;
    let text = trial.until_chat(|text| text.matches("You said").count() == 2).await;
    assert!(text.starts_with(&whole), "{text}");
}

#[tokio::test]
async fn the_chat_document_offers_a_new_conversation_and_the_modes() {
    let mut trial = Trial::start(ClientUi::default()).await;
    trial.open_chat("## You\n\nhello\n").await;
    trial.send().await.unwrap();
    trial.until_chat(|text| text.ends_with("## You\n\n")).await;
    let actions = trial.chat_actions().await;
    let begins: Vec<&str> =
        titles(&actions).into_iter().map(|title| title.split(" – ").next().unwrap()).collect();
    let modes = ["plan", "fast", "edit", "auto"].map(|mode| format!("Coworker: Mode {mode}"));
    assert_eq!(begins[0], "Coworker: New conversation");
    assert_eq!(begins[1..], modes);
    trial.run(&actions[0]).await;
    let text = trial.until_chat(|text| text.contains("A new conversation begins here")).await;
    assert!(text.contains("You said: hello"), "{text}");
    let sessions = trial.client.request("coworker/session/list", json!({})).await.unwrap();
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 2, "{sessions}");
}

#[tokio::test]
async fn fix_this_is_offered_on_a_selection_without_problems() {
    let trial = Trial::start(ClientUi::default()).await;
    let file = trial.path("x.rs");
    trial.client.open(&file, CODE).await;
    let params = json!({
        "textDocument": {"uri": uri(&file)},
        "range": {"start": {"line": 1, "character": 0}, "end": {"line": 1, "character": 9}},
        "context": {"diagnostics": []},
    });
    let actions = trial.client.request("textDocument/codeAction", params).await.unwrap();
    let actions = actions.as_array().unwrap();
    assert!(titles(actions).contains(&"Coworker: Fix this"), "{actions:?}");
}

#[tokio::test]
async fn a_restarted_editor_goes_on_with_the_conversation_it_shows() {
    let mut trial = Trial::start(ClientUi::default()).await;
    trial.open_chat("## You\n\nhello\n").await;
    trial.send().await.unwrap();
    let text = trial.until_chat(|text| text.ends_with("## You\n\n")).await;
    let mut trial = trial.again().await;
    for session in trial.store.0.lock().unwrap().values_mut() {
        // The fast model has found a title that stands nowhere in the document.
        session.info.title = "Greetings".to_owned();
    }
    trial.open_chat(&format!("{text}and now?")).await;
    trial.send().await.unwrap();
    let ended = |text: &str| text.contains("You said: and now?") && text.ends_with("## You\n\n");
    let text = trial.until_chat(ended).await;
    assert_eq!(trial.store.0.lock().unwrap().len(), 1, "{text}");
    assert_eq!(text.matches("You said").count(), 2, "nothing is shown again: {text}");

    let mut trial = trial.again().await;
    trial.store.0.lock().unwrap().clear();
    trial.open_chat(&format!("{text}who am I?")).await;
    trial.send().await.unwrap();
    let text = trial.until_chat(|text| text.contains("You said: who am I?")).await;
    let begins = text.find("A new conversation begins here").unwrap();
    assert!(begins < text.find("who am I?").unwrap(), "{text}");
}

const ALL_HEADED: &str = "# Coworker\n\nMode: ask – as it was.\n\n## You\n\nhello\n";

#[tokio::test]
async fn the_head_of_the_chat_document_says_the_mode_and_auto_is_said_aloud() {
    let mut trial = Trial::start(ClientUi::default()).await;
    trial.open_chat(ALL_HEADED).await;
    trial.command("coworker.mode", json!("plan")).await.unwrap();
    let text = trial.until_chat(|text| text.contains("\nMode: plan – ")).await;
    assert!(text.ends_with("## You\n\nhello\n"), "only the head is another: {text}");
    trial.command("coworker.mode", json!("auto")).await.unwrap();
    let said = trial.until(|_, event| message(event)).await;
    assert!(said.contains("auto mode"), "{said}");
    trial.until_chat(|text| text.contains("\nMode: auto – ")).await;
    let titles: Vec<String> =
        trial.chat_actions().await.iter().map(|it| it["title"].to_string()).collect();
    assert!(titles.iter().any(|it| it.contains("Mode ask")), "{titles:?}");
    assert!(!titles.iter().any(|it| it.contains("Mode auto")), "{titles:?}");
    let error = trial.command("coworker.mode", json!("yolo")).await.unwrap_err();
    assert!(error.message.contains("yolo"), "{error}");
}

/// What is shown to the user.
fn message(event: &Event) -> Option<String> {
    match event {
        Event::Notification { method, params } if method == "window/showMessage" => {
            params["message"].as_str().map(str::to_owned)
        }
        _ => None,
    }
}

#[tokio::test]
async fn mentions_are_completed_where_prompts_are_written_and_nowhere_else() {
    let trial = Trial::start(ClientUi::default()).await;
    let provider = &trial.client.hello()["capabilities"]["completionProvider"];
    assert_eq!(provider["triggerCharacters"], json!(["@", "/"]));
    std::fs::write(trial.path("lantern.rs").as_std_path(), CODE).unwrap();
    trial.open_chat("@lan\n\n## You\n\nwhat is ü @lan").await;
    let complete = |path: AbsPath, line: u32, character: u32| {
        let position = json!({"line": line, "character": character});
        let params = json!({"textDocument": {"uri": uri(&path)}, "position": position});
        trial.client.request("textDocument/completion", params)
    };
    let found = complete(trial.chat(), 4, 14).await.unwrap();
    let item = found["items"].as_array().unwrap().first().unwrap();
    assert_eq!(item["textEdit"]["newText"], "@lantern.rs");
    let range = json!({"start": {"line": 4, "character": 10}, "end": {"line": 4, "character": 14}});
    assert_eq!(item["textEdit"]["range"], range);
    let other = trial.path("x.md");
    trial.client.open(&other, "@lan").await;
    for (path, line) in [(trial.chat(), 0), (other, 0)] {
        assert_eq!(complete(path, line, 4).await.unwrap()["items"], json!([]));
    }
    assert_eq!(trial.store.0.lock().unwrap().len(), 0, "nobody has asked anything");

    let drawing = Trial::start(plugin()).await;
    assert!(drawing.client.hello()["capabilities"].get("completionProvider").is_none());
}

const STORE: &str =
    r#"[{"text": "Which store?", "choices": [{"label": "SQLite"}, {"label": "Memory"}]}]"#;

#[tokio::test]
async fn a_question_of_the_agent_is_a_message_with_its_choices() {
    let mut trial = Trial::start(ClientUi::default()).await;
    trial.client.hold("window/showMessageRequest");
    trial.open_chat(&format!("## You\n\nask back {STORE}")).await;
    trial.send().await.unwrap();
    let (id, params) = trial.until(|_, event| message_request(event)).await;
    assert!(params["message"].as_str().unwrap().starts_with("Which store? "), "{params}");
    let buttons = params["actions"].as_array().unwrap();
    let buttons: Vec<_> = buttons.iter().map(|it| it["title"].as_str().unwrap()).collect();
    assert_eq!(buttons, ["Answer in the chat", "SQLite", "Memory"], "the safe one comes first");
    trial.client.answer(id, json!({"title": "Memory"})).await;
    let text = trial.until_chat(|text| text.contains("You answered: ")).await;
    assert!(text.contains("Which store?\n- Memory"), "{text}");
}

fn message_request(event: &Event) -> Option<(Value, Value)> {
    match event {
        Event::ServerRequest { id, method, params } if method == "window/showMessageRequest" => {
            Some((id.clone(), params.clone()))
        }
        _ => None,
    }
}

#[tokio::test]
async fn a_question_that_is_not_answered_stays_open_and_is_answered_in_the_chat_document() {
    let questions = STORE.replace("}]}]", r#"}]}, {"text": "What is it called?"}]"#);
    let mut trial = Trial::start(ClientUi::default()).await;
    // The client answers messages with null.
    trial.open_chat(&format!("## You\n\nask back {questions}")).await;
    trial.send().await.unwrap();
    let text = trial.until_chat(|text| text.ends_with("then send it.\n\n## You\n\n")).await;
    assert!(text.contains("1. Which store?\n   1. SQLite\n   2. Memory\n2. What"), "{text}");
    let actions = trial.chat_actions().await;
    assert!(titles(&actions).contains(&"Coworker: Do not answer – 2 questions"), "{actions:?}");
    let approve = trial.command("coworker.approve", json!({})).await.unwrap_err();
    assert!(approve.message.contains("coworker.answer"), "{approve}");

    let end = text.len();
    trial.client.replace(&trial.chat(), end..end, "2: Vault\n1: 1").await;
    trial.seen(&uri(&trial.chat())).await.unwrap();
    let actions = trial.chat_actions().await;
    let answer = "Coworker: Answer with what is written here";
    let action = actions.iter().find(|it| it["title"] == answer).unwrap();
    trial.run(action).await;
    let text = trial.until_chat(|text| text.contains("You answered: ")).await;
    assert!(text.contains("- SQLite") && text.contains("words: Vault"), "{text}");
    assert_eq!(text.matches("2: Vault\n1: 1").count(), 1, "it is not asked as well: {text}");
}

#[tokio::test]
async fn a_choice_is_a_code_action_wherever_the_user_is() {
    let mut trial = Trial::start(ClientUi::default()).await;
    trial.open_chat(&format!("## You\n\nask back {STORE}")).await;
    trial.send().await.unwrap();
    trial.until_chat(|text| text.ends_with("then send it.\n\n## You\n\n")).await;
    let file = trial.path("x.rs");
    trial.client.open(&file, CODE).await;
    let actions = trial.actions(&file, json!({"diagnostics": []})).await;
    let choice = "Coworker: Answer SQLite – Which store?";
    let action = actions.iter().find(|it| it["title"] == choice).unwrap();
    trial.run(action).await;
    let text = trial.until_chat(|text| text.contains("You answered: ")).await;
    assert!(text.contains("- SQLite") && text.contains("_Answered by"), "{text}");
}

#[tokio::test]
async fn a_client_that_names_no_folder_works_in_the_project_of_the_document() {
    let trial = Trial::start(ClientUi::default()).await;
    let project = trial.path("project");
    std::fs::create_dir_all(project.join("src").unwrap().as_std_path()).unwrap();
    std::fs::write(project.join("Cargo.toml").unwrap().as_std_path(), "").unwrap();
    let mut trial = trial.homeless().await;
    let file = project.join("src/x.rs").unwrap();
    trial.client.open(&file, CODE).await;
    let actions = trial.actions(&file, json!({"diagnostics": []})).await;
    trial.run(&actions[1]).await;
    let chat = project.join(".coworker/chat.md").unwrap();
    written(&chat, "You said: ").await;
    let sessions = trial.client.request("coworker/session/list", json!({})).await.unwrap();
    assert_eq!(sessions["sessions"][0]["root"], json!(project));
    trial.client.next().await;
}

#[tokio::test]
async fn the_client_is_asked_to_tell_what_changes_on_disk() {
    let mut trial = Trial::start(plugin()).await;
    let watchers = trial
        .until(|_, event| match event {
            Event::ServerRequest { method, params, .. }
                if method == "client/registerCapability" =>
            {
                Some(params["registrations"][0].clone())
            }
            _ => None,
        })
        .await;
    assert_eq!(watchers["method"], "workspace/didChangeWatchedFiles");
    assert_eq!(watchers["registerOptions"]["watchers"], json!([{"globPattern": "**/*"}]));

    let file = trial.path("x.rs");
    std::fs::write(file.as_std_path(), "before").unwrap();
    assert_eq!(trial.seen(&uri(&file)).await, Ok(("before".to_owned(), None)));
    std::fs::write(file.as_std_path(), "after").unwrap();
    trial.client.changed_on_disk(&[(file.clone(), 2)]).await;
    assert_eq!(trial.seen(&uri(&file)).await, Ok(("after".to_owned(), None)));
}
