//! Edits of real files through the real workspace.

use engine::Work;
use protocol::{Effect, ErrorCode, FileChangeKind, Replacement};
use serde_json::{Value, json};

use crate::tests::Folder;

fn one(path: &str, old: &str, new: &str) -> Value {
    json!({"path": path, "edits": [{"old_text": old, "new_text": new}]})
}

const CODE: &str = "fn one() {\n    1\n}\n\nfn two() {\n    2\n}\n";

#[tokio::test]
async fn only_what_differs_is_replaced() {
    let folder = Folder::new(&[("a.rs", CODE)]);
    let input = one("a.rs", "fn two() {\n    2\n}", "fn two() {\n    22\n}");
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
    let input = one("a.rs", "typed", "written");
    assert_eq!(folder.after("edit", input).await, "written\n");
}

#[tokio::test]
async fn every_occurrence_is_replaced_when_asked_for() {
    let folder = Folder::new(&[("a.rs", CODE)]);
    let input = json!({"path": "a.rs", "edits": [{"old_text": "fn", "new_text": "pub fn", "replace_all": true}]});
    assert_eq!(folder.after("edit", input).await, CODE.replace("fn", "pub fn"));
}

#[tokio::test]
async fn crlf_stays_although_models_write_lf() {
    let folder = Folder::new(&[("a.txt", "one\r\ntwo\r\nthree\r\n")]);
    let input = one("a.txt", "one\ntwo\n", "one\n2\n2b\n");
    assert_eq!(folder.after("edit", input).await, "one\r\n2\r\n2b\r\nthree\r\n");
    let input = one("a.txt", "two", "two\nand");
    assert_eq!(folder.after("edit", input).await, "one\r\ntwo\r\nand\r\nthree\r\n");
}

#[tokio::test]
async fn a_lone_carriage_return_becomes_a_line_break_of_the_file() {
    let folder = Folder::new(&[("a.txt", "one\r\ntwo\r\n")]);
    let input = one("a.txt", "two", "2\r2b");
    assert_eq!(folder.after("edit", input).await, "one\r\n2\r\n2b\r\n");
    let same = one("a.txt", "one\ntwo", "one\rtwo");
    assert_eq!(folder.refusal("edit", same).await.0, ErrorCode::BadToolArguments);
}

#[tokio::test]
async fn lines_with_other_breaks_count_as_the_same_text() {
    let folder = Folder::new(&[("a.txt", "x\ny\r\nx\r\ny\n")]);
    let (code, _) = folder.refusal("edit", one("a.txt", "x\ny", "z")).await;
    assert_eq!(code, ErrorCode::EditAmbiguous);
}

#[tokio::test]
async fn text_that_is_not_there_is_answered_with_the_nearest_lines() {
    let folder = Folder::new(&[("a.rs", "fn total() {\n    sum(items)\n}\n")]);
    let input = one("a.rs", "  sum(item)", "0");
    let (code, message) = folder.refusal("edit", input).await;
    assert_eq!(code, ErrorCode::EditNotFound);
    assert!(message.contains("    2\t    sum(items)\n"), "{message}");
}

#[tokio::test]
async fn what_a_file_holds_is_told_only_to_who_may_read_it() {
    let folder = Folder::new(&[("secret.txt", "password = hunter2\n")]);
    let input = one("secret.txt", "password = ?", "x");
    let call = folder.prepare("edit", input).await.unwrap();
    assert_eq!(call.effects, [Effect::Read { path: folder.path("secret.txt") }]);
    assert!(!call.title.contains("hunter2"));
    let Work::Run(work) = call.work else { panic!() };
    assert!(work.await.unwrap_err().message.contains("hunter2"));
}

#[tokio::test]
async fn text_that_is_there_twice_is_answered_with_its_lines() {
    let folder = Folder::new(&[("a.rs", CODE)]);
    let (code, message) = folder.refusal("edit", one("a.rs", "\n}", "\n};")).await;
    assert_eq!(code, ErrorCode::EditAmbiguous);
    assert!(message.contains("at lines 2, 6;"), "{message}");
    let quoted = "    1\tfn one() {\n    2\t    1\n    3\t}\n   ...\n    5\tfn two() {\n";
    assert!(message.contains(quoted), "{message}");
}

#[tokio::test]
async fn an_edit_that_is_made_already_is_recognised() {
    let folder = Folder::new(&[("a.rs", CODE)]);
    let input = one("a.rs", "fn one() {", "fn one() {\n    1");
    let (code, message) = folder.refusal("edit", input).await;
    assert_eq!(code, ErrorCode::EditAlreadyApplied);
    assert!(message.contains("says this already, at line 2"), "{message}");
    let (_, message) = folder.refusal("edit", one("a.rs", "fn two() -> u8", "fn two()")).await;
    assert!(message.contains("nearest lines"), "{message}");
}

#[tokio::test]
async fn a_line_that_somebody_changed_is_shown_as_it_is() {
    let folder = Folder::new(&[("a.rs", CODE)]);
    let input =
        one("a.rs", "fn one() {\n    10\n}\n\nfn two() {", "fn one() {\n    11\n}\n\nfn two() {");
    let (code, message) = folder.refusal("edit", input).await;
    assert_eq!(code, ErrorCode::EditContradicts);
    assert!(
        message.contains("line 2 of `a.rs`") && message.contains("    2\t    1\n"),
        "{message}"
    );
}

#[tokio::test]
async fn a_word_that_goes_on_is_shown_whole() {
    let folder = Folder::new(&[("a.rs", "one\nx = total_sum\n")]);
    let (code, message) = folder.refusal("edit", one("a.rs", "x = total", "x = mean")).await;
    assert_eq!(code, ErrorCode::EditNotFound);
    assert!(message.contains("at line 2, but it begins or ends in the middle"), "{message}");
    assert!(message.ends_with("    2\tx = total_sum\n"), "{message}");
}

#[tokio::test]
async fn several_edits_are_made_together_or_not_at_all() {
    let folder = Folder::new(&[("a.rs", CODE)]);
    let edits = |last: &str| {
        json!({"path": "a.rs", "edits": [
            {"old_text": "    1", "new_text": "    10"},
            {"old_text": "10\n}", "new_text": "100\n}"},
            {"old_text": last, "new_text": "fn three()"},
        ]})
    };
    let expected = CODE.replace("    1", "    100").replace("fn two()", "fn three()");
    assert_eq!(folder.after("edit", edits("fn two()")).await, expected);
    let (code, message) = folder.refusal("edit", edits("}")).await;
    assert_eq!(code, ErrorCode::EditAmbiguous);
    assert!(message.starts_with("edit 3 of 3: ") && message.contains("None of the 3"), "{message}");
}

#[tokio::test]
async fn the_model_is_told_how_an_inexact_edit_was_made_to_fit() {
    let folder = Folder::new(&[("a.rs", CODE)]);
    let edit =
        folder.proposal("edit", one("a.rs", "fn two() {\n  2\n}", "fn two() {\n  3\n}")).await;
    let note = edit.note.unwrap();
    assert_eq!(
        note,
        "`old_text` was not quite what stands at line 6 (indentation); what stands there was kept."
    );
    assert_eq!(folder.proposal("edit", one("a.rs", "2", "3")).await.note, None);
}

#[tokio::test]
async fn a_single_edit_needs_no_list() {
    let folder = Folder::new(&[("a.rs", CODE)]);
    let input = json!({"path": "a.rs", "old_text": "2", "new_text": "3"});
    assert_eq!(folder.after("edit", input).await, CODE.replace('2', "3"));
    for bad in [
        json!({"path": "a.rs"}),
        json!({"path": "a.rs", "edits": []}),
        json!({"path": "a.rs", "old_text": "2"}),
        json!({"path": "a.rs", "edits": [{"old_text": "2", "new_text": "3"}], "old_text": "1", "new_text": "4"}),
    ] {
        let (code, message) = folder.refusal("edit", bad).await;
        assert_eq!(code, ErrorCode::BadToolArguments);
        assert!(message.contains("`edits`"), "{message}");
    }
    let many: Vec<Value> = (0..101).map(|_| json!({"old_text": "2", "new_text": "3"})).collect();
    let (_, message) = folder.refusal("edit", json!({"path": "a.rs", "edits": many})).await;
    assert!(message.contains("at most 100"), "{message}");
}

#[tokio::test]
async fn an_edit_that_says_nothing_is_refused() {
    let folder = Folder::new(&[("a.rs", CODE)]);
    let empty = one("a.rs", "", "x");
    let (code, message) = folder.refusal("edit", empty).await;
    assert_eq!(code, ErrorCode::BadToolArguments);
    assert!(message.contains("use `write`"), "{message}");
    let same = one("a.rs", "1", "1");
    assert_eq!(folder.refusal("edit", same).await.0, ErrorCode::BadToolArguments);
}

#[tokio::test]
async fn a_missing_file_is_answered_with_names_near_it() {
    let folder = Folder::new(&[("stack.rs", CODE)]);
    let input = one("stock.rs", "1", "2");
    let (code, message) = folder.refusal("edit", input).await;
    assert_eq!(code, ErrorCode::DocumentNotFound);
    assert!(message.contains("`stack.rs`"), "{message}");
}

#[tokio::test]
async fn letters_of_several_bytes_are_never_cut() {
    let folder = Folder::new(&[("a.txt", "größe ä\n")]);
    let input = one("a.txt", "größe ä", "größe ö");
    assert_eq!(folder.after("edit", input).await, "größe ö\n");
}
