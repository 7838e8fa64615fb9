//! Edits of real files through the real workspace.

use engine::Work;
use protocol::{Effect, ErrorCode, FileChangeKind, Replacement};
use serde_json::json;

use crate::tests::Folder;

const CODE: &str = "fn one() {\n    1\n}\n\nfn two() {\n    2\n}\n";

#[tokio::test]
async fn only_what_differs_is_replaced() {
    let folder = Folder::new(&[("a.rs", CODE)]);
    let input = json!({
        "path": "a.rs",
        "old_text": "fn two() {\n    2\n}",
        "new_text": "fn two() {\n    22\n}",
    });
    let call = folder.prepare("edit", input.clone()).await.unwrap();
    assert_eq!(call.title, "Edit a.rs");
    assert_eq!(call.effects, [Effect::Write { path: folder.path("a.rs") }]);
    let edit = folder.proposal("edit", input).await;
    assert_eq!(edit.kind, FileChangeKind::Edit);
    assert!(edit.base.is_some());
    assert_eq!(edit.replacements, [Replacement { start: 36, end: 36, text: "2".to_owned() }]);
    assert_eq!(std::fs::read_to_string(folder.on_disk("a.rs")).unwrap(), CODE);
}

#[tokio::test]
async fn unsaved_text_is_what_is_edited() {
    let folder = Folder::new(&[("a.rs", CODE)]);
    folder.open("a.rs", "typed\n");
    let input = json!({"path": "a.rs", "old_text": "typed", "new_text": "written"});
    assert_eq!(folder.after("edit", input).await, "written\n");
}

#[tokio::test]
async fn every_occurrence_is_replaced_when_asked_for() {
    let folder = Folder::new(&[("a.rs", CODE)]);
    let input =
        json!({"path": "a.rs", "old_text": "fn", "new_text": "pub fn", "replace_all": true});
    assert_eq!(folder.after("edit", input).await, CODE.replace("fn", "pub fn"));
}

#[tokio::test]
async fn crlf_stays_although_models_write_lf() {
    let folder = Folder::new(&[("a.txt", "one\r\ntwo\r\nthree\r\n")]);
    let input = json!({"path": "a.txt", "old_text": "one\ntwo\n", "new_text": "one\n2\n2b\n"});
    assert_eq!(folder.after("edit", input).await, "one\r\n2\r\n2b\r\nthree\r\n");
    let input = json!({"path": "a.txt", "old_text": "two", "new_text": "two\nand"});
    assert_eq!(folder.after("edit", input).await, "one\r\ntwo\r\nand\r\nthree\r\n");
}

#[tokio::test]
async fn a_lone_carriage_return_becomes_a_line_break_of_the_file() {
    let folder = Folder::new(&[("a.txt", "one\r\ntwo\r\n")]);
    let input = json!({"path": "a.txt", "old_text": "two", "new_text": "2\r2b"});
    assert_eq!(folder.after("edit", input).await, "one\r\n2\r\n2b\r\n");
    let same = json!({"path": "a.txt", "old_text": "one\ntwo", "new_text": "one\rtwo"});
    assert_eq!(folder.refusal("edit", same).await.0, ErrorCode::BadToolArguments);
}

#[tokio::test]
async fn lines_with_other_breaks_count_as_the_same_text() {
    let folder = Folder::new(&[("a.txt", "x\ny\r\nx\r\ny\n")]);
    let (code, _) =
        folder.refusal("edit", json!({"path": "a.txt", "old_text": "x\ny", "new_text": "z"})).await;
    assert_eq!(code, ErrorCode::EditAmbiguous);
}

#[tokio::test]
async fn text_that_is_not_there_is_answered_with_the_nearest_lines() {
    let folder = Folder::new(&[("a.rs", "fn total() {\n    sum(items)\n}\n")]);
    let input = json!({"path": "a.rs", "old_text": "  sum(item)", "new_text": "0"});
    let (code, message) = folder.refusal("edit", input).await;
    assert_eq!(code, ErrorCode::EditNotFound);
    assert!(message.contains("    2\t    sum(items)\n"), "{message}");
}

#[tokio::test]
async fn what_a_file_holds_is_told_only_to_who_may_read_it() {
    let folder = Folder::new(&[("secret.txt", "password = hunter2\n")]);
    let input = json!({"path": "secret.txt", "old_text": "password = ?", "new_text": "x"});
    let call = folder.prepare("edit", input).await.unwrap();
    assert_eq!(call.effects, [Effect::Read { path: folder.path("secret.txt") }]);
    assert!(!call.title.contains("hunter2"));
    let Work::Run(work) = call.work else { panic!() };
    assert!(work.await.unwrap_err().message.contains("hunter2"));
}

#[tokio::test]
async fn text_that_is_there_twice_is_answered_with_its_lines() {
    let folder = Folder::new(&[("a.rs", CODE)]);
    let (code, message) = folder
        .refusal("edit", json!({"path": "a.rs", "old_text": "\n}", "new_text": "\n};"}))
        .await;
    assert_eq!(code, ErrorCode::EditAmbiguous);
    assert!(message.contains("at lines 2, 6;"), "{message}");
}

#[tokio::test]
async fn an_edit_that_is_made_already_is_recognised() {
    let folder = Folder::new(&[("a.rs", CODE)]);
    let input = json!({"path": "a.rs", "old_text": "fn three()", "new_text": "fn two()"});
    let (code, message) = folder.refusal("edit", input).await;
    assert_eq!(code, ErrorCode::EditNotFound);
    assert!(message.contains("`new_text` is, at line 5: the change seems to be made"), "{message}");
    let input = json!({"path": "a.rs", "old_text": "fn two() -> u8", "new_text": "fn two()"});
    let (_, message) = folder.refusal("edit", input).await;
    assert!(message.contains("nearest lines"), "{message}");
}

#[tokio::test]
async fn an_edit_that_says_nothing_is_refused() {
    let folder = Folder::new(&[("a.rs", CODE)]);
    let empty = json!({"path": "a.rs", "old_text": "", "new_text": "x"});
    let (code, message) = folder.refusal("edit", empty).await;
    assert_eq!(code, ErrorCode::BadToolArguments);
    assert!(message.contains("use `write`"), "{message}");
    let same = json!({"path": "a.rs", "old_text": "1", "new_text": "1"});
    assert_eq!(folder.refusal("edit", same).await.0, ErrorCode::BadToolArguments);
}

#[tokio::test]
async fn a_missing_file_is_answered_with_names_near_it() {
    let folder = Folder::new(&[("stack.rs", CODE)]);
    let input = json!({"path": "stock.rs", "old_text": "1", "new_text": "2"});
    let (code, message) = folder.refusal("edit", input).await;
    assert_eq!(code, ErrorCode::DocumentNotFound);
    assert!(message.contains("`stack.rs`"), "{message}");
}

#[tokio::test]
async fn letters_of_several_bytes_are_never_cut() {
    let folder = Folder::new(&[("a.txt", "größe ä\n")]);
    let input = json!({"path": "a.txt", "old_text": "größe ä", "new_text": "größe ö"});
    assert_eq!(folder.after("edit", input).await, "größe ö\n");
}
