//! Which files are found, and in which order.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    sync::Arc,
    time::{Duration, SystemTime},
};

use engine::FreeToRead;
use protocol::AbsPath;
use ropey::Rope;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{GlobError, GlobQuery, GlobResult, glob};

struct Folder {
    _guard: TempDir,
    root: AbsPath,
    open: BTreeMap<AbsPath, Rope>,
}

impl Folder {
    /// Files of which each is newer than the one before it.
    fn new(names: &[&str]) -> Self {
        let guard = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(guard.path()).unwrap();
        let root = AbsPath::new(root.to_str().unwrap()).unwrap();
        for (age, name) in names.iter().enumerate() {
            let path = root.join(name).unwrap();
            fs::create_dir_all(path.parent().unwrap().as_std_path()).unwrap();
            let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000 + age as u64);
            File::create(path.as_std_path()).unwrap().set_modified(time).unwrap();
        }
        Self { _guard: guard, root, open: BTreeMap::new() }
    }

    fn query(&self, patterns: &[&str]) -> GlobQuery {
        let patterns = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
        GlobQuery { root: self.root.clone(), patterns, hidden: false, limit: 100 }
    }

    fn run(&self, query: &GlobQuery) -> Result<GlobResult, GlobError> {
        let free: FreeToRead = Arc::new(|path| !path.as_str().ends_with(".key"));
        glob(query, &query.root, &self.open, &free, &CancellationToken::new())
    }

    fn found(&self, patterns: &[&str]) -> Vec<String> {
        let result = self.run(&self.query(patterns)).unwrap();
        result.files.iter().map(|path| path.relative_to(&self.root).to_owned()).collect()
    }
}

#[test]
fn the_file_that_changed_last_comes_first() {
    let folder = Folder::new(&["old.rs", "src/b.rs", "src/a.py", "new name.rs"]);
    assert_eq!(folder.found(&["*.rs"]), ["new name.rs", "src/b.rs", "old.rs"]);
    assert_eq!(folder.found(&["src/*"]), ["src/a.py", "src/b.rs"]);
    assert_eq!(folder.found(&["**/*.py", "*name.rs"]), ["new name.rs", "src/a.py"]);
    assert_eq!(folder.found(&["new name.*"]), ["new name.rs"]);
    assert_eq!(folder.found(&["!src/"]), ["new name.rs", "old.rs"]);
    assert_eq!(folder.found(&[]).len(), 4);
}

#[test]
fn files_of_one_age_are_in_the_order_of_their_paths() {
    let folder = Folder::new(&["b", "a", "c/d"]);
    for name in ["a", "b", "c/d"] {
        let file = File::options().write(true).open(folder.root.join(name).unwrap().as_std_path());
        file.unwrap().set_modified(SystemTime::UNIX_EPOCH).unwrap();
    }
    assert_eq!(folder.found(&[]), ["a", "b", "c/d"]);
}

#[test]
fn ignored_hidden_and_secret_files_are_left_out() {
    let names = [".gitignore", "target/out.rs", ".hidden/a.rs", ".git/b.rs", "a.rs", "my.key"];
    let folder = Folder::new(&names);
    fs::write(folder.root.join(".gitignore").unwrap().as_std_path(), "target/\n").unwrap();
    assert_eq!(folder.found(&["*.rs"]), ["a.rs"]);
    let hidden = GlobQuery { hidden: true, ..folder.query(&["*.rs"]) };
    assert_eq!(folder.run(&hidden).unwrap().files.len(), 2);
    assert_eq!(folder.run(&folder.query(&["*.key"])).unwrap().guarded, 1);
}

#[test]
fn what_is_only_in_an_editor_is_the_newest() {
    let mut folder = Folder::new(&[".gitignore", "a.rs"]);
    fs::write(folder.root.join(".gitignore").unwrap().as_std_path(), "*.tmp\n").unwrap();
    for name in ["a.rs", "src/new.rs", "new.tmp", "new.py"] {
        folder.open.insert(folder.root.join(name).unwrap(), Rope::new());
    }
    assert_eq!(folder.found(&["*.rs", "*.tmp"]), ["src/new.rs", "a.rs"]);
}

#[test]
fn the_newest_are_kept_and_the_others_counted() {
    let names: Vec<String> = (0..200).map(|n| format!("{}/{n}", n % 7)).collect();
    let folder = Folder::new(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for limit in [0, 1, 3, 200, 300] {
        let result = folder.run(&GlobQuery { limit, ..folder.query(&[]) }).unwrap();
        let newest: Vec<_> = names.iter().rev().take(limit).cloned().collect();
        let files = result.files.iter().map(|path| path.relative_to(&folder.root).to_owned());
        assert_eq!(files.collect::<Vec<_>>(), newest);
        assert_eq!(result.more as usize, 200 - newest.len());
    }
}

#[test]
fn a_place_or_a_glob_that_makes_no_sense_is_an_error() {
    let folder = Folder::new(&["file"]);
    assert!(matches!(folder.run(&folder.query(&["{a"])), Err(GlobError::Glob(_))));
    for root in ["missing", "file"] {
        let root = folder.root.join(root).unwrap();
        let query = GlobQuery { root, ..folder.query(&[]) };
        assert!(matches!(folder.run(&query), Err(GlobError::Root(_))));
    }
    let stopped = CancellationToken::new();
    stopped.cancel();
    let free: FreeToRead = Arc::new(|_| true);
    let query = folder.query(&[]);
    let result = glob(&query, &folder.root, &folder.open, &free, &stopped);
    assert!(matches!(result, Err(GlobError::Cancelled)));
}
