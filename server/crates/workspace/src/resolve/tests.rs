//! Links of every kind, on a real file system.
#![cfg(unix)]

use std::{fs, os::unix::fs::symlink};

use engine::DocumentError;
use protocol::AbsPath;
use tempfile::TempDir;

use super::{require, resolve};

/// A folder whose own path has no links in it.
fn folder() -> (TempDir, AbsPath) {
    let folder = tempfile::tempdir().unwrap();
    let path = fs::canonicalize(folder.path()).unwrap();
    let path = AbsPath::new(path.to_str().unwrap()).unwrap();
    (folder, path)
}

#[test]
fn plain_paths_are_what_they_are_whether_or_not_they_exist() {
    let (_guard, root) = folder();
    for path in ["", "new", "new/deeper/file.rs"] {
        let path = root.join(path).unwrap();
        assert_eq!(resolve(&path).unwrap(), path);
        require(&path).unwrap();
    }
}

#[test]
fn links_are_followed_anywhere_on_the_way() {
    let (_guard, root) = folder();
    fs::create_dir_all(root.join("real/inner").unwrap().as_std_path()).unwrap();
    symlink("real", root.join("relative").unwrap().as_std_path()).unwrap();
    symlink(
        root.join("relative").unwrap().as_std_path(),
        root.join("twice").unwrap().as_std_path(),
    )
    .unwrap();
    // Up from where the link leads, not from where it stands.
    symlink("real/inner/../up", root.join("up").unwrap().as_std_path()).unwrap();
    for (path, expected) in [
        ("relative", "real"),
        ("twice/inner/f", "real/inner/f"),
        ("twice/new/f", "real/new/f"),
        ("up/f", "real/up/f"),
    ] {
        let resolved = resolve(&root.join(path).unwrap()).unwrap();
        assert_eq!(resolved, root.join(expected).unwrap(), "{path}");
        assert!(require(&root.join(path).unwrap()).is_err());
    }
}

#[test]
fn a_dangling_link_stands_for_what_it_points_to() {
    let (_guard, root) = folder();
    symlink("../outside/nothing", root.join("dangling").unwrap().as_std_path()).unwrap();
    let resolved = resolve(&root.join("dangling").unwrap()).unwrap();
    assert_eq!(resolved, root.parent().unwrap().join("outside/nothing").unwrap());
    symlink("dangling/deeper", root.join("further").unwrap().as_std_path()).unwrap();
    let resolved = resolve(&root.join("further").unwrap()).unwrap();
    assert_eq!(resolved, root.parent().unwrap().join("outside/nothing/deeper").unwrap());
}

#[test]
fn what_cannot_be_followed_is_an_error() {
    let (_guard, root) = folder();
    symlink("b", root.join("a").unwrap().as_std_path()).unwrap();
    symlink("a", root.join("b").unwrap().as_std_path()).unwrap();
    fs::write(root.join("file").unwrap().as_std_path(), "").unwrap();
    for path in ["a", "a/f", "file/below", &"n".repeat(300)] {
        let error = resolve(&root.join(path).unwrap()).unwrap_err();
        assert!(matches!(error, DocumentError::Unresolvable { .. }), "{path}: {error}");
    }
}

#[test]
fn the_error_says_where_a_link_leads() {
    let (_guard, root) = folder();
    symlink("target", root.join("link").unwrap().as_std_path()).unwrap();
    let error = require(&root.join("link").unwrap()).unwrap_err().to_string();
    assert!(error.contains(root.join("target").unwrap().as_str()), "{error}");
}
