//! What is kept of a folder, by real git.

use std::{
    collections::BTreeMap,
    fs,
    time::{Duration, SystemTime},
};

use engine::{Became, NotKept};
use protocol::AbsPath;
use tempfile::TempDir;

use super::{BIG, Folders, Was};
use crate::git::tests::Repository;

struct Place {
    _guard: TempDir,
    place: AbsPath,
    folders: Folders,
}

fn place() -> Place {
    let guard = tempfile::tempdir().unwrap();
    let place = guard.path().canonicalize().unwrap().join("kept");
    let place = AbsPath::new(place.to_str().unwrap()).unwrap();
    Place { _guard: guard, place: place.clone(), folders: Folders::new(Some(place)) }
}

impl Place {
    async fn keep(&self, root: &AbsPath) -> String {
        self.folders.keep(root).await.unwrap().id
    }

    async fn changes(&self, root: &AbsPath, id: &str) -> BTreeMap<String, (Became, bool)> {
        let (_, changes) = self.folders.changes(root, id).await.unwrap();
        let told = changes
            .iter()
            .map(|it| (it.path.relative_to(root).to_owned(), (it.became, it.restorable)));
        told.collect()
    }

    /// The bytes of the only changed file before.
    async fn before(&self, root: &AbsPath, id: &str) -> Vec<u8> {
        let (_, changes) = self.folders.changes(root, id).await.unwrap();
        let [change] = changes.as_slice() else { panic!("{} changes", changes.len()) };
        match self.folders.before(root, change).await.unwrap() {
            Was::File { bytes, .. } => bytes,
            Was::Nothing | Was::Link { .. } => panic!("no file"),
        }
    }
}

fn wanted<const N: usize>(changes: [(&str, Became, bool); N]) -> BTreeMap<String, (Became, bool)> {
    changes.map(|(name, became, restorable)| (name.to_owned(), (became, restorable))).into()
}

#[tokio::test]
async fn what_became_of_files_is_told() {
    let (place, repository) = (place(), Repository::new(&[("a", "a"), ("b", "b"), ("c", "c")]));
    repository.write("new ä\n", "not committed");
    let root = &repository.root;
    let id = place.keep(root).await;
    assert_eq!(place.changes(root, &id).await, wanted([]));
    repository.write("a", "changed");
    fs::remove_file(root.join("b").unwrap().as_std_path()).unwrap();
    repository.write("new ä\n", "other");
    repository.write("made/d", "d");
    let changes = wanted([
        ("a", Became::Changed, true),
        ("b", Became::Removed, true),
        ("made/d", Became::Created, true),
        ("new ä\n", Became::Changed, true),
    ]);
    assert_eq!(place.changes(root, &id).await, changes);
    // To look once more is to see the same, for another process, too.
    let later = Place { folders: Folders::new(Some(place.place.clone())), ..place };
    assert_eq!(later.changes(root, &id).await, changes);
}

#[tokio::test]
async fn bytes_are_kept_as_they_are_whatever_the_repository_says() {
    let (place, repository) = (place(), Repository::new(&[]));
    repository.write(".gitattributes", "* text=auto ident filter=evil\n");
    repository.git(&["config", "filter.evil.clean", "touch evil; cat"]);
    repository.git(&["config", "core.autocrlf", "true"]);
    let bytes = "$Id$ \r\n \0 \n";
    repository.write("a", bytes);
    let id = place.keep(&repository.root).await;
    repository.write("a", "other");
    assert_eq!(place.before(&repository.root, &id).await, bytes.as_bytes());
    assert!(!repository.root.join("evil").unwrap().as_std_path().exists());
}

#[tokio::test]
async fn the_users_repository_is_not_written_and_not_copied() {
    let (place, repository) = (place(), Repository::new(&[("a", "committed")]));
    repository.write("b", "not committed");
    let before = repository.everything();
    let id = place.keep(&repository.root).await;
    repository.write("a", "changed");
    assert_eq!(place.before(&repository.root, &id).await, b"committed");
    assert_eq!(repository.everything(), before);
    let kept: Vec<_> = ignore::WalkBuilder::new(place.place.as_std_path()).build().collect();
    let objects = kept.iter().flatten().filter(|entry| {
        let is_object = |folder: &str| folder.len() == 2;
        let parent = entry.path().parent().and_then(|it| it.file_name()).and_then(|it| it.to_str());
        entry.path().is_file() && parent.is_some_and(is_object)
    });
    // Of `b` and of `a` afterwards, and a tree each.
    assert_eq!(objects.count(), 4);
}

#[tokio::test]
async fn a_folder_without_git_is_kept_too() {
    let place = place();
    let guard = tempfile::tempdir().unwrap();
    let root = AbsPath::new(guard.path().canonicalize().unwrap().to_str().unwrap()).unwrap();
    fs::write(guard.path().join("a"), "one").unwrap();
    let id = place.keep(&root).await;
    fs::write(guard.path().join("a"), "two").unwrap();
    assert_eq!(place.before(&root, &id).await, b"one");
    assert!(!guard.path().join(".git").exists());
}

#[tokio::test]
async fn what_is_ignored_is_left_alone_unless_git_knows_it() {
    let (place, repository) = (place(), Repository::new(&[("known.log", "known")]));
    let root = &repository.root;
    repository.write(".gitignore", "*.log\n");
    repository.write("ignored.log", "ignored");
    repository.write("moved.log", "will be moved");
    let id = place.keep(root).await;
    repository.write("ignored.log", "changed");
    repository.write("known.log", "changed");
    assert_eq!(place.changes(root, &id).await, wanted([("known.log", Became::Changed, true)]));
    // What comes to light is not new, and would be lost if it were taken away.
    repository.write(".gitignore", "");
    fs::rename(
        root.join("moved.log").unwrap().as_std_path(),
        root.join("moved").unwrap().as_std_path(),
    )
    .unwrap();
    let changes = place.changes(root, &id).await;
    for name in ["ignored.log", "moved"] {
        assert_eq!(changes.get(name), Some(&(Became::Changed, false)), "{name}");
    }
}

#[tokio::test]
async fn a_file_that_only_got_another_name_can_be_put_back() {
    let (place, repository) = (place(), Repository::new(&[("a", "text")]));
    let root = &repository.root;
    let id = place.keep(root).await;
    repository.git(&["mv", "a", "b"]);
    let moved = wanted([("a", Became::Removed, true), ("b", Became::Created, true)]);
    assert_eq!(place.changes(root, &id).await, moved);
}

#[tokio::test]
async fn big_files_are_left_out_and_their_changes_seen() {
    let (place, repository) = (place(), Repository::new(&[("a", "a")]));
    let root = &repository.root;
    let size = |name: &str, size| {
        let file = fs::File::create(root.join(name).unwrap().as_std_path()).unwrap();
        file.set_len(size).unwrap();
    };
    size("big", BIG + 1);
    size("shrinks", BIG + 1);
    size("grows", BIG);
    let kept = place.folders.keep(root).await.unwrap();
    assert_eq!(kept.left_out, 2);
    assert_eq!(place.changes(root, &kept.id).await, wanted([]));
    size("big", BIG + 2);
    size("shrinks", 1);
    size("grows", BIG + 1);
    let changes = wanted([
        ("big", Became::Changed, false),
        ("grows", Became::Changed, true),
        ("shrinks", Became::Changed, false),
    ]);
    assert_eq!(place.changes(root, &kept.id).await, changes);
}

#[tokio::test]
async fn files_take_the_place_of_folders_and_repositories_have_an_inside() {
    let (place, repository) = (place(), Repository::new(&[("a", "a"), ("b/c", "c")]));
    let root = &repository.root;
    repository.git(&["init", "--quiet", "inner"]);
    repository.write("inner/file", "one");
    let id = place.keep(root).await;
    fs::remove_file(root.join("a").unwrap().as_std_path()).unwrap();
    fs::remove_dir_all(root.join("b").unwrap().as_std_path()).unwrap();
    repository.write("a/x", "x");
    repository.write("b", "b");
    repository.write("inner/file", "two");
    let changes = place.changes(root, &id).await;
    for name in ["a", "a/x", "b", "b/c", "inner/file"] {
        assert!(changes.contains_key(name), "{name} in {changes:?}");
    }
}

#[tokio::test]
async fn what_is_not_kept_is_said() {
    let (place, repository) = (place(), Repository::new(&[("a", "a")]));
    let root = &repository.root;
    let nowhere = Folders::new(None);
    assert_eq!(nowhere.keep(root).await, Err(NotKept::NoPlace));
    let unknown = format!("{}.1", "1".repeat(40));
    for id in ["", "x", "--output=x.1", &unknown] {
        let changes = place.folders.changes(root, id).await.map(drop);
        assert_eq!(changes, Err(NotKept::Gone), "{id}");
    }
}

#[tokio::test]
async fn objects_that_are_lost_are_kept_anew() {
    let (place, repository) = (place(), Repository::new(&[("a", "a")]));
    let root = &repository.root;
    place.keep(root).await;
    fs::remove_dir_all(root.join(".git").unwrap().as_std_path()).unwrap();
    repository.write("b", "b");
    let id = place.keep(root).await;
    repository.write("a", "changed");
    assert_eq!(place.before(root, &id).await, b"a");
}
#[tokio::test]
async fn a_change_in_the_same_instant_is_seen() {
    let (place, repository) = (place(), Repository::new(&[("a", "0")]));
    let root = &repository.root;
    for round in 1..20 {
        let id = place.keep(root).await;
        // As long as before, so that only its time tells; and that may be the same.
        repository.write("a", &(round % 10).to_string());
        assert_eq!(place.changes(root, &id).await, wanted([("a", Became::Changed, true)]));
        assert_eq!(place.changes(root, &id).await.len(), 1);
    }
}

#[tokio::test]
async fn what_was_kept_long_ago_is_taken_away_in_time() {
    let (place, repository) = (place(), Repository::new(&[]));
    let root = &repository.root;
    let age = |days: u64| {
        let then = SystemTime::now() - Duration::from_secs(days * 24 * 60 * 60);
        for file in ignore::WalkBuilder::new(place.place.as_std_path()).build().flatten() {
            fs::File::open(file.path()).unwrap().set_modified(then).unwrap();
        }
    };
    repository.write("a", "one");
    repository.write("b", "b");
    let first = place.keep(root).await;
    age(40);
    repository.write("a", "two");
    let second = place.keep(root).await;
    let (_, gone) = (place.changes(root, &second).await, place.folders.changes(root, &first).await);
    assert!(matches!(gone, Err(NotKept::Gone)));
    // Of what is kept, nothing goes, however old a part of it is.
    fs::remove_file(root.join("b").unwrap().as_std_path()).unwrap();
    assert_eq!(place.before(root, &second).await, b"b");
    age(40);
    let again = place.keep(root).await;
    repository.write("a", "three");
    age(2);
    place.keep(root).await;
    assert!(place.changes(root, &again).await.contains_key("a"));
}

/// Waits until a change of what was touched up to now bears another time.
fn let_the_clock_move_on() {
    let probe = tempfile::NamedTempFile::new().unwrap();
    let touch = || {
        fs::write(probe.path(), "x").unwrap();
        super::listing::touched(&probe.path().metadata().unwrap()).unwrap()
    };
    let now = touch();
    while touch() == now {
        std::thread::yield_now();
    }
}

/// A place on a file system with an exact clock.
fn exact_place() -> Place {
    let place = place();
    Place { folders: Folders { tick: Duration::ZERO, ..place.folders }, ..place }
}

impl Place {
    /// The file that every run of git puts anew in its place.
    fn index(&self) -> u64 {
        use std::os::unix::fs::MetadataExt;
        let mut folders = fs::read_dir(self.place.as_std_path()).unwrap();
        let index = folders.next().unwrap().unwrap().path().join("index");
        index.metadata().unwrap().ino()
    }
}

#[tokio::test]
async fn where_nothing_happened_git_has_nothing_to_do() {
    let (place, repository) = (exact_place(), Repository::new(&[("a", "a"), ("b/c", "c")]));
    repository.write("new", "not committed");
    let root = &repository.root;
    let_the_clock_move_on();
    let id = place.keep(root).await;
    let index = place.index();
    assert_eq!(place.changes(root, &id).await, wanted([]));
    assert_eq!(place.keep(root).await.split_once('.').unwrap().0, id.split_once('.').unwrap().0);
    assert_eq!(place.index(), index, "git was at work");
    // Each change is seen, were it ever so small.
    repository.write("a", "A");
    assert_eq!(place.changes(root, &id).await, wanted([("a", Became::Changed, true)]));
    assert_ne!(place.index(), index);
}

#[tokio::test]
async fn what_is_too_young_is_looked_at_again() {
    let (place, repository) = (place(), Repository::new(&[("a", "a")]));
    place.keep(&repository.root).await;
    assert!(place.folders.seen.lock().await.is_empty());
}

#[tokio::test]
async fn what_only_the_repository_has_is_seen_too() {
    let (place, repository) = (exact_place(), Repository::new(&[("a", "a"), ("dist/b", "b")]));
    repository.write(".gitignore", "dist\n");
    repository.write("dist/c", "c");
    let root = &repository.root;
    let_the_clock_move_on();
    let id = place.keep(root).await;
    let_the_clock_move_on();
    repository.write("dist/b", "B");
    repository.write("dist/c", "C");
    let changes = place.changes(root, &id).await;
    assert_eq!(changes, wanted([("dist/b", Became::Changed, true)]));
    // From now on `c` belongs to it, though nothing in the folder has changed.
    let_the_clock_move_on();
    let id = place.keep(root).await;
    repository.git(&["add", "--force", "dist/c"]);
    let_the_clock_move_on();
    let later = place.keep(root).await;
    assert_ne!(later.split_once('.').unwrap().0, id.split_once('.').unwrap().0);
    repository.write("dist/c", "c");
    assert_eq!(place.changes(root, &later).await, wanted([("dist/c", Became::Changed, true)]));
}

#[tokio::test]
async fn a_worktree_is_known_by_its_own_index() {
    let (place, repository) = (exact_place(), Repository::new(&[("a", "a")]));
    let tree = repository.root.parent().unwrap().join("tree").unwrap();
    repository.git(&["worktree", "add", "--quiet", tree.as_str()]);
    let_the_clock_move_on();
    let id = place.keep(&tree).await;
    let index = place.index();
    assert_eq!(place.changes(&tree, &id).await, wanted([]));
    assert_eq!(place.index(), index, "git was at work");
}
