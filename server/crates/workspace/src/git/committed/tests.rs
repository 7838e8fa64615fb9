//! Real repositories, and what their last commit says of a file.

use std::fs;

use engine::{ConnectionId, Documents};
use protocol::AbsPath;

use ropey::Rope;

use super::{
    Cache, Known, MAX_BYTES, MOST_BYTES,
    head::{Head, Tip},
};
use crate::{Limits, Workspace, git::tests::Repository};

#[tokio::test]
async fn the_last_commit_counts_whatever_the_file_is_now() {
    let repository = Repository::new(&[("sub/a.txt", "one\n")]);
    let workspace = Workspace::new(Limits::default());
    let a = repository.root.join("sub/a.txt").unwrap();
    let committed = async || workspace.committed(&a).await.map(|it| it.text.to_string());
    assert_eq!(committed().await.unwrap(), "one\n");
    repository.write("sub/a.txt", "two\n");
    assert_eq!(committed().await.unwrap(), "one\n");
    repository.git(&["add", "."]);
    assert_eq!(committed().await.unwrap(), "one\n", "staged is not committed");
    repository.commit();
    assert_eq!(committed().await.unwrap(), "two\n");
    workspace.open(ConnectionId(1), &a, 1, "three\n");
    assert_eq!(committed().await.unwrap(), "two\n");
    fs::remove_file(a.as_std_path()).unwrap();
    assert_eq!(committed().await.unwrap(), "two\n");
}

#[tokio::test]
async fn without_a_commit_nothing_is_committed() {
    let repository = Repository::new(&[]);
    let workspace = Workspace::new(Limits::default());
    repository.write("a.txt", "one\n");
    assert!(workspace.committed(&repository.root.join("a.txt").unwrap()).await.is_none());
    let outside = repository.guard.path().canonicalize().unwrap().join("b.txt");
    fs::write(&outside, "b").unwrap();
    let outside = AbsPath::new(outside.to_str().unwrap()).unwrap();
    assert!(workspace.committed(&outside).await.is_none());
}

#[tokio::test]
async fn what_is_no_text_is_not_looked_at() {
    let repository = Repository::new(&[("a.bin", "\0\u{1}\0\u{2}")]);
    let workspace = Workspace::new(Limits::default());
    assert!(workspace.committed(&repository.root.join("a.bin").unwrap()).await.is_none());
}

#[tokio::test]
async fn to_ask_leaves_the_repository_as_it_is() {
    let repository = Repository::new(&[("a.txt", "one\n")]);
    let workspace = Workspace::new(Limits::default());
    let a = repository.root.join("a.txt").unwrap();
    let before = repository.everything();
    for text in ["one\n", "two\n"] {
        repository.write("a.txt", text);
        workspace.committed(&a).await;
        assert_eq!(repository.everything(), before);
    }
}

#[test]
fn of_many_large_texts_those_are_kept_that_were_asked_for_last() {
    let mut cache = Cache::default();
    let text = Rope::from_str(&"a".repeat(usize::try_from(MAX_BYTES).unwrap()));
    let known = Known { head: Head::None, id: None, text: Some(text) };
    let path = |number: usize| AbsPath::new(format!("/{number}")).unwrap();
    for number in 0..20 {
        cache.put(&path(number), known.clone());
        cache.put(&path(number), known.clone());
        assert!(cache.get(&path(0)).is_some());
        assert!(cache.bytes <= MOST_BYTES);
    }
    let kept: Vec<usize> = (0..20).filter(|it| cache.get(&path(*it)).is_some()).collect();
    assert_eq!(kept, [0, 17, 18, 19]);
}

#[test]
fn a_new_commit_is_seen_without_git_and_nothing_else_is() {
    let repository = Repository::new(&[("sub/a.txt", "one\n")]);
    let sub = repository.root.join("sub").unwrap();
    let first = Head::of(&sub);
    assert!(matches!(&first, Head::Is { .. }), "{first:?}");
    repository.write("sub/a.txt", "two\n");
    repository.git(&["add", "."]);
    assert_eq!(Head::of(&sub), first);
    repository.commit();
    let second = Head::of(&sub);
    assert_ne!(second, first);
    repository.git(&["checkout", "--quiet", "--detach", "HEAD^"]);
    let detached = Head::of(&sub);
    assert!(detached != first && detached != second, "{detached:?}");
    let tree = repository.guard.path().canonicalize().unwrap().join("tree");
    repository.git(&["worktree", "add", "--quiet", tree.to_str().unwrap(), "-b", "other"]);
    let tree = AbsPath::new(tree.to_str().unwrap()).unwrap();
    let other = Head::of(&tree);
    assert!(matches!(&other, Head::Is { tip: Tip::Says(_), .. }), "{other:?}");
    repository.git(&["pack-refs", "--all"]);
    let packed = Head::of(&tree);
    assert!(matches!(packed, Head::Unclear | Head::Is { tip: Tip::Packed(_), .. }), "{packed:?}");
}
