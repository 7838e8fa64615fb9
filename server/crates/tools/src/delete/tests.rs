//! What may be deleted, and what not.

use protocol::{Effect, ErrorCode, FileChangeKind};
use serde_json::json;

use crate::tests::Folder;

#[tokio::test]
async fn a_deletion_is_proposed_not_done() {
    let folder = Folder::new(&[("src/old.rs", "fn old() {}\n")]);
    let input = json!({"path": "src/old.rs"});
    let call = folder.prepare("delete", input.clone()).await.unwrap();
    assert_eq!(call.title, "Delete src/old.rs");
    assert_eq!(call.effects, [Effect::Delete { path: folder.path("src/old.rs") }]);
    let edit = folder.proposal("delete", input.clone()).await;
    assert_eq!((edit.kind, edit.base.is_some()), (FileChangeKind::Delete, true));
    assert_eq!(folder.after("delete", input).await, "");
    assert!(folder.on_disk("src/old.rs").exists());
}

#[tokio::test]
async fn folders_binary_files_and_missing_ones_are_refused_with_a_way_out() {
    let folder = Folder::new(&[("src/stack.rs", "")]);
    std::fs::write(folder.on_disk("binary"), b"\xff\xfe\x00").unwrap();
    for (path, code, way_out) in [
        ("src", ErrorCode::NotAFile, "use `bash` with `rm -r`"),
        ("binary", ErrorCode::NotUtf8, "use `bash` with `rm`"),
        ("src/stock.rs", ErrorCode::DocumentNotFound, "did you mean `src/stack.rs`"),
    ] {
        let (refused, message) = folder.refusal("delete", json!({"path": path})).await;
        assert_eq!(refused, code);
        assert!(message.contains(way_out), "{message}");
    }
}

#[tokio::test]
async fn a_link_is_not_taken_for_what_it_leads_to() {
    let folder = Folder::new(&[("real.txt", "text\n")]);
    std::os::unix::fs::symlink("real.txt", folder.on_disk("link.txt")).unwrap();
    let (code, message) = folder.refusal("delete", json!({"path": "link.txt"})).await;
    assert_eq!(code, ErrorCode::NotAFile);
    assert!(message.contains("`link.txt` is a link to `real.txt`"), "{message}");
}

#[tokio::test]
async fn unsaved_text_is_not_lost() {
    let folder = Folder::new(&[("a.txt", "saved\n")]);
    folder.open("a.txt", "saved\n");
    assert_eq!(folder.after("delete", json!({"path": "a.txt"})).await, "");
    folder.open("a.txt", "typed\n");
    let (code, message) = folder.refusal("delete", json!({"path": "a.txt"})).await;
    assert_eq!(code, ErrorCode::Unsaved);
    assert!(message.contains("save or close it"), "{message}");
}
