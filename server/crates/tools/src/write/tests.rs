//! Whole files, new and replaced.

use protocol::{Effect, ErrorCode, FileChangeKind};
use serde_json::json;

use crate::tests::Folder;

/// A folder with one file that the model has read.
async fn read(path: &str, text: &str) -> Folder {
    let folder = Folder::new(&[(path, text)]);
    folder.run("read", json!({"path": path})).await.unwrap();
    folder
}

#[tokio::test]
async fn a_new_file_is_proposed_not_made() {
    let folder = Folder::new(&[]);
    let input = json!({"path": "src/new.rs", "content": "fn new() {}\n"});
    let call = folder.prepare("write", input.clone()).await.unwrap();
    assert_eq!(call.title, "Create src/new.rs");
    assert_eq!(call.effects, [Effect::Write { path: folder.path("src/new.rs") }]);
    let edit = folder.proposal("write", input.clone()).await;
    assert_eq!((edit.kind, edit.base), (FileChangeKind::Create, None));
    assert_eq!(folder.after("write", input).await, "fn new() {}\n");
    assert!(!folder.on_disk("src").exists());
}

#[tokio::test]
async fn a_path_written_like_that_of_a_folder_is_refused() {
    let folder = Folder::new(&[]);
    let refused = folder.prepare("write", json!({"path": "new/", "content": "x"})).await;
    assert_eq!(refused.err().unwrap().code, ErrorCode::BadToolArguments);
}

#[tokio::test]
async fn what_stays_the_same_stays_untouched() {
    let before: String = (0..50).map(|n| format!("line {n}\n")).collect();
    let folder = read("a.txt", &before).await;
    let after = before.replace("line 7\n", "line seven\n").replace("line 40\n", "");
    let input = json!({"path": "a.txt", "content": after});
    let edit = folder.proposal("write", input.clone()).await;
    assert_eq!((edit.kind, edit.replacements.len()), (FileChangeKind::Edit, 2));
    assert!(edit.replacements.iter().all(|one| one.end - one.start < 10));
    assert_eq!(folder.after("write", input).await, after);
}

#[tokio::test]
async fn line_breaks_and_byte_order_mark_stay() {
    let folder = Folder::new(&[]);
    folder.open("a.txt", "\u{feff}one\r\ntwo\r\n");
    folder.run("read", json!({"path": "a.txt"})).await.unwrap();
    let input = json!({"path": "a.txt", "content": "one\n2\nthree\n"});
    assert_eq!(folder.after("write", input).await, "\u{feff}one\r\n2\r\nthree\r\n");
}

#[tokio::test]
async fn a_lone_carriage_return_becomes_a_line_break() {
    let folder = read("a.txt", "one\r\n").await;
    let input = json!({"path": "a.txt", "content": "one\rtwo\n"});
    assert_eq!(folder.after("write", input).await, "one\r\ntwo\r\n");
    let input = json!({"path": "new.txt", "content": "one\rtwo\n"});
    assert_eq!(folder.after("write", input).await, "one\ntwo\n");
}

#[tokio::test]
async fn the_same_text_again_changes_nothing() {
    let folder = Folder::new(&[("a.txt", "one\r\n")]);
    let told = folder.run("write", json!({"path": "a.txt", "content": "one\n"})).await.unwrap();
    assert_eq!(told, "`a.txt` has exactly this text already; nothing was changed.");
}

#[tokio::test]
async fn what_is_no_text_is_not_overwritten() {
    let folder = Folder::new(&[("folder/a.txt", "")]);
    std::fs::write(folder.on_disk("binary"), b"\xff\xfe\x00").unwrap();
    let binary = json!({"path": "binary", "content": "text"});
    assert_eq!(folder.refusal("write", binary).await.0, ErrorCode::NotUtf8);
    let onto_folder = json!({"path": "folder", "content": "text"});
    assert_eq!(folder.refusal("write", onto_folder).await.0, ErrorCode::NotAFile);
}

#[tokio::test]
async fn whether_the_last_line_has_a_break_stays() {
    for (before, content, after) in [
        ("one\n", "two", "two\n"),
        ("one", "two\n", "two"),
        ("one\r\n", "two", "two\r\n"),
        ("one\n", "", ""),
    ] {
        let folder = read("a.txt", before).await;
        let input = json!({"path": "a.txt", "content": content});
        assert_eq!(folder.after("write", input).await, after, "{before:?}");
    }
}

#[tokio::test]
async fn what_was_not_read_is_not_replaced() {
    let folder = Folder::new(&[("a.txt", "1\n2\n3\n"), ("empty.txt", "")]);
    let input = json!({"path": "a.txt", "content": "new\n"});
    let call = folder.prepare("write", input.clone()).await.unwrap();
    // Whether it may be told is up to who may read the file.
    assert_eq!(call.effects, [Effect::Read { path: folder.path("a.txt") }]);
    let (code, message) = folder.refusal("write", input.clone()).await;
    assert_eq!(code, ErrorCode::EditUnread);
    assert!(message.contains("read it first"), "{message}");

    folder.run("read", json!({"path": "a.txt", "limit": 2})).await.unwrap();
    let (_, message) = folder.refusal("write", input.clone()).await;
    assert!(message.contains("line 3 is the first"), "{message}");
    folder.run("read", json!({"path": "a.txt", "offset": 3})).await.unwrap();
    assert_eq!(folder.after("write", input).await, "new\n");
    let empty = json!({"path": "empty.txt", "content": "new\n"});
    assert_eq!(folder.after("write", empty).await, "new\n");
}

#[tokio::test]
async fn what_changed_since_it_was_read_is_not_replaced() {
    let folder = read("a.txt", "1\n2\n").await;
    folder.open("a.txt", "1\n2 typed\n");
    let input = json!({"path": "a.txt", "content": "new\n"});
    let (code, message) = folder.refusal("write", input).await;
    assert_eq!(code, ErrorCode::EditUnread);
    assert!(message.contains("has changed since you read it"), "{message}");
}
