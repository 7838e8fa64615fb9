//! The workspace as others use it: buffers over files, stamps, writing, searching.

use std::{fs, sync::Arc};

use changes::Encoding;
use engine::{ConnectionId, DocumentError, Documents, Origin};
use protocol::AbsPath;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{Limits, Workspace};
use crate::{ChangeRefused, GrepQuery, TextChange};

const VIM: ConnectionId = ConnectionId(1);
const CODE: ConnectionId = ConnectionId(2);

fn workspace() -> (TempDir, AbsPath, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    let root = fs::canonicalize(folder.path()).unwrap();
    let root = AbsPath::new(root.to_str().unwrap()).unwrap();
    (folder, root, Workspace::new(Limits::default()))
}

fn file(root: &AbsPath, name: &str, text: &str) -> AbsPath {
    let path = root.join(name).unwrap();
    fs::write(path.as_std_path(), text).unwrap();
    path
}

fn whole(text: &str) -> Vec<TextChange> {
    vec![TextChange { range: None, text: text.into() }]
}

async fn text(workspace: &Workspace, path: &AbsPath) -> String {
    workspace.snapshot(path).await.unwrap().text.to_string()
}

#[tokio::test]
async fn an_open_buffer_stands_before_the_file() {
    let (_guard, root, workspace) = workspace();
    let path = file(&root, "a.rs", "disk");
    let on_disk = workspace.snapshot(&path).await.unwrap();
    assert_eq!((on_disk.text.to_string().as_str(), on_disk.origin), ("disk", Origin::Disk));
    workspace.open(VIM, &path, 3, "unsaved");
    let open = workspace.snapshot(&path).await.unwrap();
    assert_eq!(open.text.to_string(), "unsaved");
    assert_eq!(open.origin, Origin::Buffer { connection: VIM, version: 3 });
    assert!(open.stamp.revision > on_disk.stamp.revision);
    assert_ne!(open.stamp.hash, on_disk.stamp.hash);
    workspace.close(VIM, &path);
    let closed = workspace.snapshot(&path).await.unwrap();
    assert_eq!(closed.stamp.hash, on_disk.stamp.hash);
    assert!(closed.stamp.revision > open.stamp.revision);
}

#[tokio::test]
async fn a_stamp_stays_until_the_text_changes() {
    let (_guard, root, workspace) = workspace();
    let path = file(&root, "a.rs", "one");
    let first = workspace.snapshot(&path).await.unwrap().stamp;
    assert_eq!(workspace.snapshot(&path).await.unwrap().stamp, first);
    fs::write(path.as_std_path(), "two").unwrap();
    let second = workspace.snapshot(&path).await.unwrap().stamp;
    assert!(second.revision > first.revision && second.hash != first.hash);
    workspace.open(VIM, &path, 1, "two");
    let open = workspace.snapshot(&path).await.unwrap().stamp;
    assert_eq!(open.hash, second.hash);
    assert_eq!(workspace.buffer(VIM, &path).unwrap().stamp, open);
}

#[tokio::test]
async fn big_buffers_have_the_right_hash_too() {
    let (_guard, root, workspace) = workspace();
    let long = "größer\n".repeat(100_000);
    let path = file(&root, "big.txt", &long);
    let on_disk = workspace.snapshot(&path).await.unwrap().stamp.hash;
    workspace.open(VIM, &path, 1, &long);
    assert_eq!(workspace.snapshot(&path).await.unwrap().stamp.hash, on_disk);
}

#[tokio::test]
async fn each_connection_has_its_own_text_and_the_last_used_counts() {
    let (_guard, root, workspace) = workspace();
    let path = file(&root, "a.rs", "disk");
    workspace.open(VIM, &path, 1, "vim");
    workspace.open(CODE, &path, 1, "code");
    assert_eq!(text(&workspace, &path).await, "code");
    workspace.focus(VIM, &path);
    assert_eq!(text(&workspace, &path).await, "vim");
    assert_eq!(workspace.buffer(CODE, &path).unwrap().text.to_string(), "code");
    workspace.disconnect(VIM);
    assert_eq!(text(&workspace, &path).await, "code");
    assert!(workspace.buffer(VIM, &path).is_none());
    let refused = workspace.change(VIM, &path, 2, whole("late"), Encoding::Utf16);
    assert_eq!(refused, Err(ChangeRefused::NotOpen(path.clone())));
    workspace.disconnect(CODE);
    assert_eq!(text(&workspace, &path).await, "disk");
}

#[tokio::test]
async fn a_new_file_can_be_open_before_it_exists() {
    let (_guard, root, workspace) = workspace();
    let path = root.join("not/yet.rs").unwrap();
    assert!(matches!(workspace.snapshot(&path).await, Err(DocumentError::NotFound(_))));
    workspace.open(VIM, &path, 0, "soon");
    assert_eq!(text(&workspace, &path).await, "soon");
}

#[cfg(unix)]
#[tokio::test]
async fn a_buffer_opened_through_a_link_is_the_text_of_the_file() {
    let (_guard, root, workspace) = workspace();
    let path = file(&root, "real.rs", "disk");
    let link = root.join("link.rs").unwrap();
    std::os::unix::fs::symlink("real.rs", link.as_std_path()).unwrap();
    assert_eq!(workspace.open(VIM, &link, 1, "unsaved"), path);
    assert_eq!(workspace.resolve(&link).await.unwrap(), path);
    assert_eq!(text(&workspace, &path).await, "unsaved");
    assert_eq!(workspace.buffer(VIM, &link).unwrap().path, path);
    // A path that was resolved and has become a link since is not what was agreed on.
    workspace.close(VIM, &link);
    let error = workspace.snapshot(&link).await.unwrap_err();
    assert!(matches!(error, DocumentError::Unresolvable { .. }));
    let error = workspace.write(&link, None, "text").await.unwrap_err();
    assert!(matches!(error, DocumentError::Unresolvable { .. }));
    assert_eq!(fs::read_to_string(path.as_std_path()).unwrap(), "disk");
}

#[tokio::test]
async fn writing_gives_the_stamp_of_what_was_written() {
    let (_guard, root, workspace) = workspace();
    let path = file(&root, "a.rs", "one");
    let before = workspace.snapshot(&path).await.unwrap().stamp;
    let written = workspace.write(&path, Some(&before.hash), "two").await.unwrap();
    assert!(written.revision > before.revision);
    let after = workspace.snapshot(&path).await.unwrap();
    assert_eq!((after.stamp, after.text.to_string().as_str()), (written, "two"));
    let stale = workspace.write(&path, Some(&before.hash), "three").await;
    assert!(matches!(stale, Err(DocumentError::Stale(_))));
    let created = root.join("new/b.rs").unwrap();
    workspace.write(&created, None, "new").await.unwrap();
    assert_eq!(text(&workspace, &created).await, "new");
}

#[tokio::test]
async fn nothing_is_written_under_an_open_buffer() {
    let (_guard, root, workspace) = workspace();
    let path = file(&root, "a.rs", "disk");
    let hash = workspace.snapshot(&path).await.unwrap().stamp.hash;
    workspace.open(VIM, &path, 1, "unsaved");
    let refused = workspace.write(&path, Some(&hash), "ours").await;
    assert!(matches!(refused, Err(DocumentError::OpenInEditor(_))));
    let new = root.join("new/new.rs").unwrap();
    workspace.open(VIM, &new, 1, "");
    assert!(workspace.write(&new, None, "ours").await.is_err());
    assert_eq!(fs::read_to_string(path.as_std_path()).unwrap(), "disk");
    assert!(!new.parent().unwrap().as_std_path().exists());
}

#[tokio::test]
async fn of_many_writers_one_wins_and_the_others_learn_of_it() {
    let (_guard, root, workspace) = workspace();
    let path = file(&root, "a.rs", "");
    for round in 0..20 {
        let hash = workspace.snapshot(&path).await.unwrap().stamp.hash;
        let writers: Vec<_> = (0..8)
            .map(|writer| {
                let (workspace, path, hash) = (workspace.clone(), path.clone(), hash.clone());
                let text = format!("{round} {writer}");
                tokio::spawn(async move {
                    workspace.write(&path, Some(&hash), &text).await.ok().map(|_| text)
                })
            })
            .collect();
        let mut winners = Vec::new();
        for writer in writers {
            winners.extend(writer.await.unwrap());
        }
        assert_eq!(winners, [fs::read_to_string(path.as_std_path()).unwrap()]);
    }
}

#[tokio::test]
async fn every_change_ticks_and_nothing_else_does() {
    let (_guard, root, workspace) = workspace();
    let path = file(&root, "a.rs", "disk");
    let mut changes = workspace.changes();
    let ticked = |changes: &mut tokio::sync::watch::Receiver<u64>| {
        let ticked = changes.has_changed().unwrap();
        changes.mark_unchanged();
        ticked
    };
    let hash = workspace.snapshot(&path).await.unwrap().stamp.hash;
    assert!(!ticked(&mut changes));
    workspace.write(&path, Some(&hash), "written").await.unwrap();
    assert!(ticked(&mut changes));
    workspace.open(VIM, &path, 1, "open");
    assert!(ticked(&mut changes));
    workspace.change(VIM, &path, 2, whole("changed"), Encoding::Utf16).unwrap();
    assert!(ticked(&mut changes));
    assert!(workspace.change(CODE, &path, 2, whole("no"), Encoding::Utf16).is_err());
    workspace.focus(VIM, &path);
    assert!(!ticked(&mut changes));
    workspace.close(VIM, &path);
    assert!(ticked(&mut changes));
    workspace.close(VIM, &path);
    workspace.disconnect(VIM);
    assert!(!ticked(&mut changes));
}

#[tokio::test]
async fn searching_sees_unsaved_text_and_can_be_stopped() {
    let (_guard, root, workspace) = workspace();
    let path = file(&root, "a.rs", "saved needle\n");
    workspace.open(VIM, &path, 1, "first\nunsaved needle\n");
    let query = GrepQuery::new("needle", root);
    let result =
        workspace.grep(query.clone(), Arc::new(|_| true), CancellationToken::new()).await.unwrap();
    let found: Vec<_> = result.lines.iter().map(|m| (m.line, m.text.as_str())).collect();
    assert_eq!(found, [(2, "unsaved needle")]);
    let stopped = CancellationToken::new();
    stopped.cancel();
    assert!(workspace.grep(query, Arc::new(|_| true), stopped).await.is_err());
}
