//! The workspace as others use it: buffers over files, stamps, writing, searching.

use std::{fs, sync::Arc};

use changes::Encoding;
use engine::{ConnectionId, DocumentError, Documents, Origin, Part};
use protocol::AbsPath;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{Limits, Workspace};
use crate::{ChangeRefused, GlobQuery, GrepQuery, TextChange, UNTITLED};

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
async fn many_documents_come_in_the_order_they_were_asked_for() {
    let (_guard, root, workspace) = workspace();
    let mut asked = Vec::new();
    for index in 0..20 {
        let closed = file(&root, &format!("closed{index}"), &format!("closed {index}"));
        let open = file(&root, &format!("open{index}"), "on disk");
        workspace.open(VIM, &open, 1, &format!("open {index}"));
        let big = file(&root, &format!("big{index}"), "on disk");
        let long = format!("big {index}\n").repeat(40_000);
        workspace.open(VIM, &big, 1, &long);
        let missing = root.join(&format!("missing{index}")).unwrap();
        let text = |it: &str| Some(format!("{it} {index}"));
        let four =
            [(closed, text("closed")), (missing, None), (big, Some(long)), (open, text("open"))];
        asked.extend(four);
    }
    let paths: Vec<AbsPath> = asked.iter().map(|(path, _)| path.clone()).collect();
    let found = workspace.snapshots(&paths).await;
    assert_eq!(found.len(), asked.len());
    for ((path, text), found) in asked.into_iter().zip(found) {
        match (text, found) {
            (Some(text), Ok(found)) => {
                assert!(found.path == path && found.text == text.as_str(), "{path}");
                assert_eq!(found.stamp.hash, crate::hash::of_str(&text));
            }
            (None, Err(DocumentError::NotFound(missing))) => assert_eq!(missing, path),
            (wanted, found) => panic!("{path}: {} {found:?}", wanted.is_some()),
        }
    }
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

fn everything() -> engine::FreeToRead {
    Arc::new(|_| true)
}

async fn hash(workspace: &Workspace, path: &AbsPath) -> String {
    workspace.snapshot(path).await.unwrap().stamp.hash
}

#[tokio::test]
async fn unsaved_is_what_the_disk_does_not_have() {
    let (_guard, root, workspace) = workspace();
    let same = file(&root, "same", "text\r\n");
    let latin = root.join("latin").unwrap();
    fs::write(latin.as_std_path(), b"Die Gr\xf6\xdfe der \xdcbung h\xe4ngt davon ab.\n").unwrap();
    let [empty, new, other] = ["empty", "new", "other"].map(|name| root.join(name).unwrap());
    file(&root, "empty", "");
    file(&root, "other", "disk");
    workspace.open(VIM, &same, 1, "text\r\n");
    workspace.open(VIM, &latin, 1, "Die Größe der Übung hängt davon ab.\n");
    // Editors show what is empty, or not there yet, as an empty line.
    workspace.open(VIM, &empty, 1, "\n");
    workspace.open(VIM, &new, 1, "\n");
    workspace.open(VIM, &other, 1, "disk");
    assert!(workspace.unsaved().await.is_empty());
    workspace.open(CODE, &other, 1, "typed in the other editor");
    workspace.focus(VIM, &other);
    workspace.change(VIM, &new, 2, whole("new"), Encoding::Utf8).unwrap();
    workspace.change(VIM, &latin, 2, whole("klein"), Encoding::Utf8).unwrap();
    assert_eq!(workspace.unsaved().await, [latin.clone(), new.clone(), other.clone()]);
    // The editors save.
    for (path, text) in [(&latin, "klein"), (&new, "new"), (&other, "typed in the other editor")] {
        fs::write(path.as_std_path(), text).unwrap();
    }
    workspace.close(VIM, &other);
    assert!(workspace.unsaved().await.is_empty());
}

#[tokio::test]
async fn an_editor_that_takes_a_file_for_another_encoding_has_changed_nothing() {
    let (_guard, root, workspace) = workspace();
    let path = root.join("a").unwrap();
    let (russian, ..) = encoding_rs::WINDOWS_1251.encode("Привет, это обычный русский текст.\n");
    fs::write(path.as_std_path(), &russian).unwrap();
    let as_utf8 = String::from_utf8_lossy(&russian).into_owned();
    let (as_western, ..) = encoding_rs::WINDOWS_1252.decode(&russian);
    for shown in [as_utf8.as_str(), &as_western, "Привет, это обычный русский текст.\n"]
    {
        workspace.open(VIM, &path, 1, shown);
        assert!(workspace.unsaved().await.is_empty(), "{shown}");
    }
    workspace.open(VIM, &path, 1, &as_utf8.replace('\n', "!\n"));
    assert_eq!(workspace.unsaved().await, [path]);
}

#[tokio::test]
async fn an_empty_file_that_is_shown_as_an_empty_line_can_be_deleted() {
    let (_guard, root, workspace) = workspace();
    let path = file(&root, "a", "");
    workspace.open(VIM, &path, 1, "\n");
    let shown = hash(&workspace, &path).await;
    workspace.remove(&path, &shown).await.unwrap();
    assert!(!path.as_std_path().exists());
}

#[tokio::test]
async fn a_buffer_of_what_is_too_big_to_be_a_document_is_compared_all_the_same() {
    let (_guard, root, _) = workspace();
    let workspace = Workspace::new(Limits { max_bytes: 10 });
    let path = file(&root, "big", "more than ten bytes");
    workspace.open(VIM, &path, 1, "more than ten bytes");
    assert!(workspace.unsaved().await.is_empty());
    workspace.change(VIM, &path, 2, whole("no"), Encoding::Utf8).unwrap();
    assert_eq!(workspace.unsaved().await, [path]);
}

#[tokio::test]
async fn a_file_with_unsaved_changes_is_neither_deleted_nor_moved() {
    let (_guard, root, workspace) = workspace();
    let path = file(&root, "a", "disk");
    let to = root.join("b").unwrap();
    let on_disk = hash(&workspace, &path).await;
    workspace.open(VIM, &path, 1, "typed");
    workspace.open(CODE, &path, 1, "disk");
    let refused = workspace.remove(&path, &on_disk).await;
    assert!(matches!(refused, Err(DocumentError::Unsaved(_))));
    let refused = workspace.rename(&path, &to, &on_disk).await;
    assert!(matches!(refused, Err(DocumentError::Unsaved(it)) if it == path));
    workspace.close(VIM, &path);
    workspace.open(VIM, &to, 1, "typed at the other place");
    let refused = workspace.rename(&path, &to, &on_disk).await;
    assert!(matches!(refused, Err(DocumentError::Unsaved(it)) if it == to));
    workspace.close(VIM, &to);
    assert_eq!(text(&workspace, &path).await, "disk");
    workspace.remove(&path, &on_disk).await.unwrap();
}

#[tokio::test]
async fn a_buffer_without_changes_is_no_obstacle_and_no_ghost() {
    let (_guard, root, workspace) = workspace();
    let path = file(&root, "a.rs", "needle");
    let to = root.join("new/b.rs").unwrap();
    let on_disk = hash(&workspace, &path).await;
    workspace.open(VIM, &path, 1, "needle");
    workspace.open(VIM, &to, 1, "");
    workspace.rename(&path, &to, &on_disk).await.unwrap();
    assert!(matches!(workspace.snapshot(&path).await, Err(DocumentError::NotFound(_))));
    assert_eq!(text(&workspace, &to).await, "needle");
    let query = GrepQuery::new("needle", root.clone());
    let found = workspace.grep(query, everything(), CancellationToken::new()).await.unwrap();
    assert_eq!(found.lines.iter().map(|line| &line.path).collect::<Vec<_>>(), [&to]);
    assert_eq!(workspace.buffer(VIM, &path).unwrap().text, "needle");
    // The editor still shows it; what the user types there is the user's.
    workspace.change(VIM, &path, 2, whole("typed"), Encoding::Utf8).unwrap();
    assert_eq!(text(&workspace, &path).await, "typed");
    workspace.remove(&to, &on_disk).await.unwrap();
    assert!(matches!(workspace.snapshot(&to).await, Err(DocumentError::NotFound(_))));
    workspace.write(&to, None, "anew").await.unwrap();
    assert_eq!(text(&workspace, &to).await, "anew");
}

#[tokio::test]
async fn a_moved_file_keeps_its_encoding() {
    let (_guard, root, workspace) = workspace();
    let (path, to) = (root.join("a").unwrap(), root.join("b").unwrap());
    fs::write(path.as_std_path(), b"Die Gr\xf6\xdfe der \xdcbung.\n").unwrap();
    let before = hash(&workspace, &path).await;
    workspace.rename(&path, &to, &before).await.unwrap();
    workspace.write(&to, Some(&before), "Größe").await.unwrap();
    assert_eq!(fs::read(to.as_std_path()).unwrap(), b"Gr\xf6\xdfe");
    assert_eq!(text(&workspace, &to).await, "Größe");
}

#[tokio::test]
async fn a_document_without_a_file_is_a_buffer_and_nothing_else() {
    let (_guard, root, workspace) = workspace();
    let path = AbsPath::new(format!("{UNTITLED}/Untitled-1")).unwrap();
    assert_eq!(workspace.resolve(&path).await.unwrap(), path);
    assert!(matches!(workspace.snapshot(&path).await, Err(DocumentError::NotFound(_))));
    assert_eq!(workspace.open(VIM, &path, 1, "needle\n"), path);
    workspace.open(VIM, &file(&root, "a", "needle\n"), 1, "needle\n");
    assert_eq!(text(&workspace, &path).await, "needle\n");
    let stamp = hash(&workspace, &path).await;
    for refused in [
        workspace.write(&path, None, "text").await.map(drop),
        workspace.remove(&path, &stamp).await,
        workspace.rename(&path, &root.join("b").unwrap(), &stamp).await,
        workspace.rename(&root.join("a").unwrap(), &path, &stamp).await,
    ] {
        assert!(matches!(refused, Err(DocumentError::Untitled(_))), "{refused:?}");
    }
    assert_eq!(workspace.open_documents(), [root.join("a").unwrap(), path.clone()]);
    assert!(workspace.unsaved().await.is_empty());
    let grep = |root: &AbsPath| {
        let query = GrepQuery::new("needle", root.clone());
        workspace.grep(query, everything(), CancellationToken::new())
    };
    assert_eq!(grep(&path).await.unwrap().lines.len(), 1);
    assert!(grep(&root).await.unwrap().lines.iter().all(|line| line.path != path));
    let part = Part { first_line: 1, lines: 9, bytes: 99 };
    assert_eq!(workspace.excerpt(&path, part).await.unwrap().text, "needle\n");
    assert!(workspace.list(&path.parent().unwrap()).await.is_err());
}

#[tokio::test]
async fn what_is_too_big_is_read_in_part() {
    let (_guard, root, _) = workspace();
    let workspace = Workspace::new(Limits { max_bytes: 20 });
    let path = file(&root, "log", "one\ntwo\nthree\nfour\nfive\n");
    let error = workspace.snapshot(&path).await.unwrap_err();
    let message = format!("`{path}` has 24 bytes; beyond 20 it can only be read in part");
    assert_eq!(error.to_string(), message);
    let part = Part { first_line: 3, lines: 1, bytes: 99 };
    let excerpt = workspace.excerpt(&path, part).await.unwrap();
    assert_eq!((excerpt.text.as_str(), excerpt.first_line, excerpt.lines), ("three\n", 3, 1));
    assert!(excerpt.document.is_none());
    workspace.open(VIM, &path, 1, "one\ntwo\nunsaved\n");
    let excerpt = workspace.excerpt(&path, part).await.unwrap();
    assert_eq!(excerpt.text, "unsaved\n");
    assert_eq!(excerpt.document.unwrap().stamp, workspace.snapshot(&path).await.unwrap().stamp);
}

#[tokio::test]
async fn a_folder_is_listed_with_what_is_open_in_it() {
    let (_guard, root, workspace) = workspace();
    fs::create_dir(root.join("b").unwrap().as_std_path()).unwrap();
    file(&root, "c", "12");
    for (name, text) in [("a", "1"), ("c", "other"), ("b/inner", "")] {
        workspace.open(VIM, &root.join(name).unwrap(), 1, text);
    }
    let entries = workspace.list(&root).await.unwrap();
    let entries: Vec<_> =
        entries.iter().map(|it| (it.path.file_name().unwrap(), it.is_folder, it.bytes)).collect();
    assert_eq!(entries, [("a", false, 1), ("b", true, 0), ("c", false, 2)]);
}

#[tokio::test]
async fn names_and_syntax_errors_come_with_unsaved_text() {
    let (_guard, root, workspace) = workspace();
    let path = file(&root, "a.rs", "fn old() {}\n");
    workspace.open(VIM, &path, 1, "fn fresh() {}\n");
    let found = workspace.find_symbols(&root, "fresh", 9).await;
    assert_eq!((found.len(), found[0].text.as_str()), (1, "fn fresh() {}"));
    let errors = workspace.syntax_errors(&path, Some("fn a() {}\n"), "fn a() {\n").await;
    assert_eq!(errors.len(), 1);
    assert!(workspace.syntax_errors(&path, Some("fn a() {\n"), "fn a() {\n").await.is_empty());
    let query = GlobQuery { root, patterns: vec!["*.rs".into()], hidden: false, limit: 9 };
    let result = workspace.glob(query, everything(), CancellationToken::new()).await.unwrap();
    assert_eq!(result.files, [path]);
}

#[tokio::test]
async fn a_difference_has_unsaved_text() {
    let (_guard, root, workspace) = workspace();
    assert_eq!(workspace.diff(&root).await.unwrap(), None);
    let git = |arguments: &[&str]| {
        let mut git = std::process::Command::new("git");
        assert!(git.args(arguments).current_dir(root.as_std_path()).status().unwrap().success());
    };
    let path = file(&root, "a", "one\n");
    git(&["init", "--quiet"]);
    git(&["add", "."]);
    let who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"];
    git(&[&who[..], &["commit", "--quiet", "--message=first"]].concat());
    workspace.open(VIM, &path, 1, "one\n");
    assert_eq!(workspace.diff(&root).await.unwrap().as_deref(), Some(""));
    workspace.change(VIM, &path, 2, whole("two\n"), Encoding::Utf8).unwrap();
    let diff = workspace.diff(&root).await.unwrap().unwrap();
    assert!(diff.contains("-one\n+two\n"), "{diff}");
}

#[tokio::test]
async fn with_two_editors_on_one_file_the_last_that_was_used_counts() {
    let (_guard, root, workspace) = workspace();
    let path = file(&root, "a", "disk");
    workspace.open(VIM, &path, 1, "disk");
    workspace.open(CODE, &path, 1, "disk");
    workspace.change(VIM, &path, 2, whole("vim"), Encoding::Utf8).unwrap();
    workspace.change(CODE, &path, 2, whole("code"), Encoding::Utf8).unwrap();
    assert_eq!(text(&workspace, &path).await, "code");
    let revision = workspace.snapshot(&path).await.unwrap().stamp.revision;
    workspace.change(VIM, &path, 3, whole("vim again"), Encoding::Utf8).unwrap();
    let snapshot = workspace.snapshot(&path).await.unwrap();
    assert_eq!(snapshot.text, "vim again");
    assert_eq!(snapshot.origin, Origin::Buffer { connection: VIM, version: 3 });
    assert!(snapshot.stamp.revision > revision);
    assert_eq!(workspace.buffer(CODE, &path).unwrap().text, "code");
    workspace.disconnect(VIM);
    assert_eq!(text(&workspace, &path).await, "code");
    assert!(workspace.snapshot(&path).await.unwrap().stamp.revision > snapshot.stamp.revision);
    workspace.disconnect(CODE);
    assert_eq!(text(&workspace, &path).await, "disk");
}
