//! What may go where.

use protocol::{Effect, ErrorCode, FileChangeKind};
use serde_json::json;

use crate::tests::Folder;

#[tokio::test]
async fn a_move_is_proposed_not_done() {
    let folder = Folder::new(&[("a.rs", "fn a() {}\n")]);
    let input = json!({"from": "a.rs", "to": "new/b.rs"});
    let call = folder.prepare("move", input.clone()).await.unwrap();
    assert_eq!(call.title, "Move a.rs to new/b.rs");
    let (from, to) = (folder.path("a.rs"), folder.path("new/b.rs"));
    assert_eq!(call.effects, [Effect::Move { from, to: to.clone() }]);
    let edit = folder.proposal("move", input).await;
    assert_eq!((edit.kind, edit.to), (FileChangeKind::Move, Some(to)));
    assert!(edit.replacements.is_empty() && edit.base.is_some());
    assert!(folder.on_disk("a.rs").exists() && !folder.on_disk("new").exists());
}

#[tokio::test]
async fn nothing_is_overwritten() {
    let folder = Folder::new(&[("a.rs", "a\n"), ("b.rs", "b\n"), ("src/c.rs", "")]);
    std::fs::write(folder.on_disk("binary"), b"\xff\xfe\x00").unwrap();
    folder.open("typed.rs", "in an editor only\n");
    for to in ["b.rs", "src", "binary", "typed.rs"] {
        let input = json!({"from": "a.rs", "to": to});
        let (code, message) = folder.refusal("move", input).await;
        assert_eq!(code, ErrorCode::AlreadyExists, "{message}");
        assert!(message.contains(to), "{message}");
    }
}

#[tokio::test]
async fn what_cannot_be_moved_is_refused_with_a_way_out() {
    let folder = Folder::new(&[("src/stack.rs", ""), ("dirty.rs", "saved\n")]);
    std::fs::write(folder.on_disk("binary"), b"\xff\xfe\x00").unwrap();
    std::os::unix::fs::symlink("binary", folder.on_disk("link")).unwrap();
    folder.open("dirty.rs", "typed\n");
    for (from, code, way_out) in [
        ("src", ErrorCode::NotAFile, "use `bash` with `mv`"),
        ("binary", ErrorCode::NotUtf8, "use `bash` with `mv`"),
        ("src/stock.rs", ErrorCode::DocumentNotFound, "did you mean `src/stack.rs`"),
        ("dirty.rs", ErrorCode::Unsaved, "save or close it"),
    ] {
        let (refused, message) = folder.refusal("move", json!({"from": from, "to": "x"})).await;
        assert_eq!(refused, code);
        assert!(message.contains(way_out), "{message}");
    }
    let link = folder.prepare("move", json!({"from": "link", "to": "x"})).await;
    assert!(link.err().unwrap().message.contains("is a link"));
    let folders = folder.prepare("move", json!({"from": "src/stack.rs", "to": "other/"})).await;
    assert!(folders.err().unwrap().message.contains("ends with `/`"));
    let nowhere = folder.prepare("move", json!({"from": "dirty.rs", "to": "./dirty.rs"})).await;
    assert_eq!(nowhere.err().unwrap().code, ErrorCode::BadToolArguments);
}
