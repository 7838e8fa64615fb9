//! Real repositories, and files that are or are not what was committed.

use std::fs;

use engine::{ConnectionId, Documents};

use crate::{Limits, Workspace, git::tests::Repository};

#[tokio::test]
async fn a_file_is_committed_if_the_last_commit_has_its_bytes() {
    let repository = Repository::new(&[("sub/a.txt", "one\n")]);
    let workspace = Workspace::new(Limits::default());
    let a = repository.root.join("sub/a.txt").unwrap();
    let is_committed = async || workspace.is_committed(&a).await;
    assert!(is_committed().await);
    repository.write("sub/a.txt", "two\n");
    assert!(!is_committed().await);
    repository.git(&["add", "."]);
    assert!(!is_committed().await, "staged is not committed");
    repository.commit();
    assert!(is_committed().await);
    repository.write("sub/a.txt", "two\r\n");
    assert!(!is_committed().await);
    repository.write("sub/a.txt", "one\n");
    assert!(!is_committed().await, "an older commit is not the last");
    fs::remove_file(a.as_std_path()).unwrap();
    assert!(!is_committed().await);
}

#[tokio::test]
async fn what_an_editor_has_not_saved_is_not_committed() {
    let repository = Repository::new(&[("a.txt", "one\n")]);
    let workspace = Workspace::new(Limits::default());
    let a = repository.root.join("a.txt").unwrap();
    workspace.open(ConnectionId(1), &a, 1, "two\n");
    assert!(!workspace.is_committed(&a).await);
    workspace.open(ConnectionId(1), &a, 2, "one\n");
    assert!(workspace.is_committed(&a).await);
}

#[tokio::test]
async fn without_a_commit_nothing_is_committed() {
    let repository = Repository::new(&[]);
    let workspace = Workspace::new(Limits::default());
    repository.write("a.txt", "one\n");
    assert!(!workspace.is_committed(&repository.root.join("a.txt").unwrap()).await);
    let outside = repository.guard.path().canonicalize().unwrap().join("b.txt");
    fs::write(&outside, "b").unwrap();
    let outside = protocol::AbsPath::new(outside.to_str().unwrap()).unwrap();
    assert!(!workspace.is_committed(&outside).await);
}

#[tokio::test]
async fn to_ask_leaves_the_repository_as_it_is() {
    let repository = Repository::new(&[("a.txt", "one\n")]);
    let workspace = Workspace::new(Limits::default());
    let a = repository.root.join("a.txt").unwrap();
    let before = repository.everything();
    for text in ["one\n", "two\n"] {
        repository.write("a.txt", text);
        workspace.is_committed(&a).await;
        assert_eq!(repository.everything(), before);
    }
}
