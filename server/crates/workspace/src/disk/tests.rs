//! Reading and writing on a real file system: what is refused, and what stays as it was.

use std::fs;

use engine::DocumentError;
use protocol::AbsPath;
use tempfile::TempDir;

use super::{Expected, Reading, is_temporary, list, read, remove, rename, write};
use crate::hash;

const LIMIT: u64 = 100;
const READING: Reading = Reading { limit: LIMIT, known: None };

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
    write(path, &Expected::Text(hash::of_str(old)), new, READING, || Ok(())).map(drop)
}

fn create(path: &AbsPath, text: &str) -> Result<(), DocumentError> {
    write(path, &Expected::Missing, text, READING, || Ok(())).map(drop)
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
fn a_users_own_file_is_not_taken_for_a_temporary_one() {
    let (_guard, root) = folder();
    let made = super::write::temporary(root.as_std_path(), b"new", 0o600).unwrap();
    assert!(is_temporary(made.path()), "{made:?}");
    for own in [".coworker-notes.tmp", ".coworker-.tmp", ".coworker-a-draft-of-it.tmp", "a.tmp"] {
        assert!(!is_temporary(root.join(own).unwrap().as_std_path()), "{own}");
    }
    let with_dashes = ".coworker-my-own-notes.tmp";
    assert_eq!(with_dashes.len(), made.path().file_name().unwrap().len());
    assert!(!is_temporary(root.join(with_dashes).unwrap().as_std_path()));
}

#[test]
fn a_text_is_read_byte_for_byte() {
    let (_guard, root) = folder();
    let text = "größe\r\na\rb\nno break at the end";
    assert_eq!(read(&file(&root, "f", text), READING).unwrap().text, text);
    assert_eq!(read(&file(&root, "empty", ""), READING).unwrap().text, "");
    let marked = file(&root, "marked", format!("\u{feff}{text}"));
    assert_eq!(read(&marked, READING).unwrap().text, text);
}

#[test]
fn what_is_no_readable_text_is_refused() {
    let (_guard, root) = folder();
    let missing = root.join("missing").unwrap();
    assert!(matches!(read(&missing, READING), Err(DocumentError::NotFound(_))));
    assert!(matches!(read(&root, READING), Err(DocumentError::NotAFile(_))));
    let binary = file(&root, "binary", b"\x7fELF\x02\0\xf6\xdf");
    assert!(matches!(read(&binary, READING), Err(DocumentError::NotUtf8(_))));
    let just = file(&root, "just", "x".repeat(100));
    assert!(read(&just, READING).is_ok());
    let big = file(&root, "big", "x".repeat(101));
    let error = read(&big, READING).unwrap_err();
    assert!(matches!(error, DocumentError::TooBig { bytes: 101, limit: LIMIT, .. }));
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_lies_about_its_size_is_capped_all_the_same() {
    let path = AbsPath::new("/proc/self/maps").unwrap();
    assert!(matches!(read(&path, READING), Err(DocumentError::TooBig { .. })));
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
        assert!(matches!(read(&path, READING), Err(DocumentError::NotAFile(_))), "{path}");
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
    let result = write(&path, &Expected::Missing, "ours", READING, meanwhile);
    assert!(matches!(result, Err(DocumentError::Stale(_))));
    assert_eq!(text_of(&path), "somebody else's");
    let refuse = || Err(DocumentError::Stale(path.clone()));
    let expected = Expected::Text(hash::of_str("somebody else's"));
    assert!(write(&path, &expected, "ours", READING, refuse).is_err());
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

/// German in an old encoding.
const LATIN: &[u8] = b"Die Gr\xf6\xdfe der \xdcbung.\r\nNoch eine Zeile mit \xc4rger.\n";

#[test]
fn a_file_keeps_its_encoding_and_its_mark() {
    let (_guard, root) = folder();
    let wide = |text: &str| {
        format!("\u{feff}{text}").encode_utf16().flat_map(u16::to_be_bytes).collect::<Vec<u8>>()
    };
    for (before, after) in [
        (
            LATIN.to_vec(),
            b"Die Gr\xf6\xdfe der L\xe4nge.\r\nNoch eine Zeile mit \xc4rger.\n".to_vec(),
        ),
        ("\u{feff}Die Übung\r\n".into(), "\u{feff}Die Länge\r\n".into()),
        (wide("Die Übung 😀\n"), wide("Die Länge 😀\n")),
    ] {
        let path = file(&root, "f", before);
        let text = read(&path, READING).unwrap().text;
        replace(&path, &text, &text.replace("Übung", "Länge")).unwrap();
        assert_eq!(fs::read(path.as_std_path()).unwrap(), after);
    }
}

#[test]
fn what_an_encoding_lacks_is_not_written() {
    let (_guard, root) = folder();
    let path = file(&root, "f", LATIN);
    let text = read(&path, READING).unwrap().text;
    let error = replace(&path, &text, &format!("{text}a → b\n")).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!("`{path}` is windows-1252, which has no `→`; write it another way")
    );
    assert_eq!(fs::read(path.as_std_path()).unwrap(), LATIN);
    // What could not be read again is not written either.
    assert!(create(&root.join("new").unwrap(), "a\0b").is_err());
    assert_eq!(names(&root), ["f"]);
}

#[test]
fn a_mark_in_a_new_text_becomes_the_mark_of_the_file() {
    let (_guard, root) = folder();
    let path = root.join("f").unwrap();
    let text = "\u{feff}text";
    let (hash, _) = write(&path, &Expected::Missing, text, READING, || Ok(())).unwrap();
    assert_eq!(read(&path, READING).unwrap().hash, hash);
    replace(&path, "text", "\u{feff}other").unwrap();
    assert_eq!(text_of(&path), "\u{feff}other");
}

#[cfg(unix)]
#[test]
fn all_names_of_a_file_stay_names_of_it() {
    use std::os::unix::fs::MetadataExt;
    let (_guard, root) = folder();
    let path = file(&root, "f", "old text");
    let other = root.join("other").unwrap();
    fs::hard_link(path.as_std_path(), other.as_std_path()).unwrap();
    let node = || fs::metadata(path.as_std_path()).unwrap().ino();
    let before = node();
    for (old, new) in [("old text", "new, longer text"), ("new, longer text", "short")] {
        replace(&path, old, new).unwrap();
        assert_eq!((text_of(&path), text_of(&other)), (new.into(), new.into()));
    }
    assert_eq!(node(), before);
    assert!(matches!(replace(&path, "old text", "x"), Err(DocumentError::Stale(_))));
    assert_eq!(names(&root), ["f", "other"]);
}

#[cfg(target_os = "linux")]
#[test]
fn attributes_of_a_file_are_kept() {
    use rustix::fs::{XattrFlags, getxattr, setxattr};
    let (_guard, root) = folder();
    let path = file(&root, "f", "old");
    let name = "user.coworker";
    if setxattr(path.as_std_path(), name, b"kept", XattrFlags::empty()).is_err() {
        // A file system without attributes has none to lose.
        return;
    }
    replace(&path, "old", "new").unwrap();
    let mut value = [0; 16];
    let length = getxattr(path.as_std_path(), name, value.as_mut_slice()).unwrap();
    assert_eq!((&value[..length], text_of(&path).as_str()), (b"kept".as_slice(), "new"));
}

#[test]
fn a_file_is_deleted_or_moved_only_as_expected_and_never_over_another() {
    let (_guard, root) = folder();
    let path = file(&root, "f", "text");
    let taken = file(&root, "taken", "other");
    let (right, wrong) = (hash::of_str("text"), hash::of_str("wrong"));
    let to = root.join("new/folder/g").unwrap();
    let refuse = || Err(DocumentError::Unsaved(path.clone()));
    assert!(matches!(remove(&path, &wrong, READING, || Ok(())), Err(DocumentError::Stale(_))));
    assert!(matches!(remove(&path, &right, READING, refuse), Err(DocumentError::Unsaved(_))));
    let moved = |to: &AbsPath, hash| rename(&path, to, hash, READING, || Ok(()));
    assert!(matches!(moved(&to, &wrong), Err(DocumentError::Stale(_))));
    assert!(matches!(moved(&taken, &right), Err(DocumentError::Exists(it)) if it == taken));
    assert_eq!(names(&root), ["f", "taken"]);
    assert_eq!((text_of(&path), text_of(&taken)), ("text".into(), "other".into()));
    moved(&to, &right).unwrap();
    assert!(matches!(moved(&to, &right), Err(DocumentError::NotFound(_))));
    assert_eq!(text_of(&to), "text");
    remove(&to, &right, READING, || Ok(())).unwrap();
    assert!(!to.as_std_path().exists());
}

#[test]
fn what_comes_in_the_last_moment_is_not_moved_over() {
    let (_guard, root) = folder();
    let (from, to) = (file(&root, "from", "ours"), root.join("to").unwrap());
    let meanwhile = || {
        fs::write(to.as_std_path(), "theirs").unwrap();
        Ok(())
    };
    let result = rename(&from, &to, &hash::of_str("ours"), READING, meanwhile);
    assert!(matches!(result, Err(DocumentError::Exists(_))));
    assert_eq!((text_of(&from), text_of(&to)), ("ours".into(), "theirs".into()));
}

#[test]
fn a_move_that_fails_leaves_no_new_folders_but_those_with_something_in_them() {
    let (_guard, root) = folder();
    let (from, to) = (file(&root, "from", "text"), root.join("new/deep/to").unwrap());
    let hash = hash::of_str("text");
    let refuse = || Err(DocumentError::Unsaved(from.clone()));
    assert!(rename(&from, &to, &hash, READING, refuse).is_err());
    assert_eq!(names(&root), ["from"]);
    let theirs = || {
        file(&root, "new/theirs", "x");
        Err(DocumentError::Unsaved(from.clone()))
    };
    assert!(rename(&from, &to, &hash, READING, theirs).is_err());
    assert_eq!(
        (names(&root), names(&root.join("new").unwrap())),
        (vec!["from".to_owned(), "new".to_owned()], vec!["theirs".to_owned()],)
    );
}

#[test]
fn a_folder_is_listed_with_what_links_lead_to() {
    let (_guard, root) = folder();
    file(&root, "a", "12345");
    fs::create_dir(root.join("b").unwrap().as_std_path()).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink("b", root.join("c").unwrap().as_std_path()).unwrap();
    let mut entries: Vec<_> = list(&root)
        .unwrap()
        .into_iter()
        .map(|it| (it.path.file_name().unwrap().to_owned(), it.is_folder, it.bytes))
        .collect();
    entries.sort();
    let expected = [("a", false, 5), ("b", true, 0), ("c", true, 0)];
    assert_eq!(entries, expected.map(|(name, folder, bytes)| (name.to_owned(), folder, bytes)));
    assert!(matches!(list(&root.join("no").unwrap()), Err(DocumentError::NotFound(_))));
    assert!(list(&root.join("a").unwrap()).is_err());
}

#[test]
fn the_hash_of_a_file_is_that_of_its_text() {
    let (_guard, root) = folder();
    let reading = Reading { limit: 1 << 20, known: None };
    for before in 0..4 {
        let text = format!("{}{}", "x".repeat(before), "größer 👩‍👧\r\n".repeat(10_000));
        let path = file(&root, "a", &text);
        let (hash, _) = super::hash(&path, reading.limit).unwrap().unwrap();
        assert_eq!(hash, read(&path, reading).unwrap().hash);
        assert!(matches!(super::hash(&path, 1000), Err(DocumentError::TooBig { .. })));
    }
    let empty = file(&root, "empty", "");
    assert_eq!(super::hash(&empty, LIMIT).unwrap().unwrap().0, hash::of_str(""));
    for bytes in [&b"\xef\xbb\xbfmarked"[..], b"gr\xf6\xdfer", b"cut \xc3", b"\xff\xfea\0", b"a\0b"]
    {
        let path = file(&root, "other", bytes);
        assert_eq!(super::hash(&path, LIMIT).unwrap(), None);
    }
    let gone = root.join("gone").unwrap();
    assert!(matches!(super::hash(&gone, LIMIT), Err(DocumentError::NotFound(_))));
}
