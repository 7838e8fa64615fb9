//! Todo lists, good and bad.

use protocol::ErrorCode;
use serde_json::{Value, json};

use crate::tests::Folder;

fn todo(content: &str, status: &str) -> Value {
    json!({"content": content, "activeForm": format!("{content}ing"), "status": status})
}

#[tokio::test]
async fn the_list_is_confirmed_in_one_line_and_needs_no_permission() {
    let folder = Folder::new(&[]);
    let todos = [todo("read", "completed"), todo("test", "in_progress"), todo("ship", "pending")];
    let input = json!({"todos": todos});
    let call = folder.prepare("todoWrite", input.clone()).await.unwrap();
    assert_eq!((call.title.as_str(), call.effects), ("Todos: 1 of 3 done", Vec::new()));
    assert_eq!(folder.run("todoWrite", input).await.unwrap(), "1 of 3 done; now: testing");
    let cleared = folder.run("todoWrite", json!({"todos": []})).await.unwrap();
    assert_eq!(cleared, "0 of 0 done");
}

#[tokio::test]
async fn one_thing_at_a_time() {
    let folder = Folder::new(&[]);
    let input = json!({"todos": [todo("a", "in_progress"), todo("b", "in_progress")]});
    let (code, message) = folder.refusal("todoWrite", input).await;
    assert_eq!(code, ErrorCode::BadToolArguments);
    assert!(message.starts_with("2 todos are `in_progress`"), "{message}");
}

#[tokio::test]
async fn an_empty_todo_is_named() {
    let folder = Folder::new(&[]);
    let (_, message) = folder
        .refusal("todoWrite", json!({"todos": [todo("a", "pending"), todo("", "pending")]}))
        .await;
    assert_eq!(message, "`todos[1].content` is empty");
}
