//! Reading and writing on a real file system: what is refused, and what stays as it was.

use std::fs;

use engine::DocumentError;
use protocol::AbsPath;
use tempfile::TempDir;

use super::{Expected, read, write};
use crate::hash;

const LIMIT: u64 = 100;

fn folder() -> (TempDir, AbsPath) {
    let folder = tempfile::tempdir().unwrap();
    let path = fs::canonicalize(folder.path()).unwrap();
    let path = AbsPath::new(path.to_str().unwrap()).unwrap();
    (folder, path)
}

fn file(root: &AbsPath, name: &str, bytes: impl AsRef<[u8]>) -> AbsPath {
    let path = root.join(name).unwrap();
    fs::write(path.as_std_path(), bytes).unwrap();
    path
}

fn text_of(path: &AbsPath) -> String {
    fs::read_to_string(path.as_std_path()).unwrap()
}

fn replace(path: &AbsPath, old: &str, new: &str) -> Result<(), DocumentError> {
    write(path, &Expected::Text(hash::of_str(old)), new, LIMIT, || Ok(()))
}

fn create(path: &AbsPath, text: &str) -> Result<(), DocumentError> {
    write(path, &Expected::Missing, text, LIMIT, || Ok(()))
}

/// Nothing but what the test put there: no temporary file was left.
fn names(root: &AbsPath) -> Vec<String> {
    let entries = fs::read_dir(root.as_std_path()).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_text_is_read_byte_for_byte() {
    let (_guard, root) = folder();
    let text = "\u{feff}größe\r\nno break at the end";
    assert_eq!(read(&file(&root, "f", text), LIMIT).unwrap(), text);
    assert_eq!(read(&file(&root, "empty", ""), LIMIT).unwrap(), "");
}

#[test]
fn what_is_no_readable_text_is_refused() {
    let (_guard, root) = folder();
    let missing = root.join("missing").unwrap();
    assert!(matches!(read(&missing, LIMIT), Err(DocumentError::NotFound(_))));
    assert!(matches!(read(&root, LIMIT), Err(DocumentError::NotAFile(_))));
    let latin = file(&root, "latin", b"gr\xf6\xdfe");
    assert!(matches!(read(&latin, LIMIT), Err(DocumentError::NotUtf8(_))));
    let just = file(&root, "just", "x".repeat(100));
    assert!(read(&just, LIMIT).is_ok());
    let big = file(&root, "big", "x".repeat(101));
    let error = read(&big, LIMIT).unwrap_err();
    assert!(matches!(error, DocumentError::TooBig { bytes: 101, limit: LIMIT, .. }));
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_lies_about_its_size_is_capped_all_the_same() {
    let path = AbsPath::new("/proc/self/maps").unwrap();
    assert!(matches!(read(&path, LIMIT), Err(DocumentError::TooBig { .. })));
}

#[cfg(unix)]
#[test]
fn pipes_devices_and_links_are_not_opened() {
    let (_guard, root) = folder();
    let pipe = root.join("pipe").unwrap();
    let made = std::process::Command::new("mkfifo").arg(pipe.as_str()).status().unwrap();
    assert!(made.success());
    let device = AbsPath::new("/dev/zero").unwrap();
    let link = root.join("link").unwrap();
    let target = file(&root, "target", "secret");
    std::os::unix::fs::symlink(target.as_std_path(), link.as_std_path()).unwrap();
    for path in [pipe, device, link] {
        assert!(matches!(read(&path, LIMIT), Err(DocumentError::NotAFile(_))), "{path}");
        assert!(replace(&path, "secret", "new").is_err());
        assert!(create(&path, "new").is_err());
    }
    assert_eq!(text_of(&target), "secret");
}

#[test]
fn a_file_is_replaced_if_it_is_as_expected() {
    let (_guard, root) = folder();
    let path = file(&root, "f", "old");
    replace(&path, "old", "new").unwrap();
    assert_eq!(text_of(&path), "new");
    assert!(matches!(replace(&path, "old", "newer"), Err(DocumentError::Stale(_))));
    assert_eq!(text_of(&path), "new");
    assert_eq!(names(&root), ["f"]);
}

#[test]
fn a_file_is_created_if_it_is_not_there() {
    let (_guard, root) = folder();
    let path = root.join("new/deeper/f").unwrap();
    create(&path, "text").unwrap();
    assert_eq!(text_of(&path), "text");
    assert!(matches!(create(&path, "other"), Err(DocumentError::Stale(_))));
    assert_eq!(text_of(&path), "text");
    assert!(matches!(create(&root, "a folder"), Err(DocumentError::NotAFile(_))));
}

#[test]
fn a_file_that_is_gone_is_not_brought_back() {
    let (_guard, root) = folder();
    let path = root.join("gone").unwrap();
    assert!(matches!(replace(&path, "old", "new"), Err(DocumentError::Stale(_))));
    assert!(names(&root).is_empty());
}

#[test]
fn what_changes_in_the_last_moment_is_not_written_over() {
    let (_guard, root) = folder();
    let path = root.join("f").unwrap();
    let meanwhile = || {
        fs::write(path.as_std_path(), "somebody else's").unwrap();
        Ok(())
    };
    let result = write(&path, &Expected::Missing, "ours", LIMIT, meanwhile);
    assert!(matches!(result, Err(DocumentError::Stale(_))));
    assert_eq!(text_of(&path), "somebody else's");
    let refuse = || Err(DocumentError::Stale(path.clone()));
    let expected = Expected::Text(hash::of_str("somebody else's"));
    assert!(write(&path, &expected, "ours", LIMIT, refuse).is_err());
    assert_eq!(text_of(&path), "somebody else's");
    assert_eq!(names(&root), ["f"]);
}

#[cfg(unix)]
#[test]
fn permissions_are_kept_and_respected() {
    use std::os::unix::fs::PermissionsExt;
    let (_guard, root) = folder();
    let path = file(&root, "script", "old");
    let mode = || fs::metadata(path.as_std_path()).unwrap().permissions().mode() & 0o7777;
    let set = |mode| fs::set_permissions(path.as_std_path(), fs::Permissions::from_mode(mode));
    for bits in [0o755, 0o600, 0o4711] {
        set(bits).unwrap();
        replace(&path, &text_of(&path), &format!("{bits:o}")).unwrap();
        assert_eq!((mode(), text_of(&path)), (bits, format!("{bits:o}")));
    }
    set(0o444).unwrap();
    let error = replace(&path, &text_of(&path), "new").unwrap_err();
    assert!(matches!(error, DocumentError::Io { .. }) && error.to_string().contains("read-only"));
    // A new file has the permissions that any new file of the user has.
    let created = root.join("created").unwrap();
    create(&created, "").unwrap();
    let plain = file(&root, "plain", "");
    let of = |path: &AbsPath| fs::metadata(path.as_std_path()).unwrap().permissions().mode();
    assert_eq!(of(&created), of(&plain));
}
