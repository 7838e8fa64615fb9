//! The difference by real git, in repositories as they are and as somebody evil would make them.

use std::{collections::BTreeMap, fs, path::PathBuf, process::Command};

use protocol::AbsPath;
use ropey::Rope;
use tempfile::TempDir;

use super::diff;

pub(super) struct Repository {
    pub(super) guard: TempDir,
    pub(super) root: AbsPath,
}

impl Repository {
    /// A repository of which these files are in the first commit.
    pub(super) fn new(files: &[(&str, &str)]) -> Self {
        let guard = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(guard.path()).unwrap().join("project");
        fs::create_dir(&root).unwrap();
        let root = AbsPath::new(root.to_str().unwrap()).unwrap();
        let repository = Self { guard, root };
        repository.git(&["init", "--quiet"]);
        for (name, text) in files {
            repository.write(name, text);
        }
        if !files.is_empty() {
            repository.git(&["add", "."]);
            repository.commit();
        }
        repository
    }

    pub(super) fn commit(&self) {
        let who = ["-c", "user.name=Ann", "-c", "user.email=ann@example.org"];
        self.git(&[&who[..], &["commit", "--quiet", "--message=one"]].concat());
    }

    /// Every file of git with its bytes.
    pub(super) fn everything(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let files = ignore::WalkBuilder::new(self.root.join(".git").unwrap().as_std_path())
            .standard_filters(false)
            .build();
        let files = files.map(Result::unwrap).filter(|entry| entry.path().is_file());
        files.map(|entry| (entry.path().to_owned(), fs::read(entry.path()).unwrap())).collect()
    }

    pub(super) fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        let done = git.args(arguments).current_dir(self.root.as_std_path()).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    pub(super) fn write(&self, name: &str, text: &str) {
        let path = self.root.join(name).unwrap();
        fs::create_dir_all(path.parent().unwrap().as_std_path()).unwrap();
        fs::write(path.as_std_path(), text).unwrap();
    }

    async fn diff(&self, unsaved: &[(&str, &str)]) -> String {
        self.diff_below("", unsaved).await.unwrap()
    }

    async fn diff_below(&self, folder: &str, unsaved: &[(&str, &str)]) -> Option<String> {
        let unsaved: Vec<_> = unsaved
            .iter()
            .map(|(name, text)| (self.root.join(name).unwrap(), Rope::from_str(text)))
            .collect();
        diff(&self.root.join(folder).unwrap(), &unsaved).await.unwrap()
    }
}

#[tokio::test]
async fn changes_are_shown_and_new_files_named() {
    let repository = Repository::new(&[
        ("a.txt", "one\ntwo\n"),
        ("sub/b.txt", "b\n"),
        (".gitignore", "*.log\n"),
    ]);
    assert_eq!(repository.diff(&[]).await, "");
    repository.write("a.txt", "one\nzwei\n");
    repository.write("new.txt", "new\n");
    repository.write("new.log", "new\n");
    let diff = repository.diff(&[]).await;
    assert!(
        diff.contains("--- a/a.txt\n+++ b/a.txt\n@@ -1,2 +1,2 @@\n one\n-two\n+zwei\n"),
        "{diff}"
    );
    assert!(diff.ends_with("\n?? new.txt\n") && !diff.contains("log"), "{diff}");
    repository.git(&["add", "."]);
    let staged = repository.diff(&[]).await;
    assert!(staged.contains("+zwei") && staged.contains("+++ b/new.txt"), "{staged}");
    repository.write("sub/b.txt", "c\n");
    let below = repository.diff_below("sub", &[]).await.unwrap();
    assert!(below.contains("+++ b/b.txt") && !below.contains("zwei"), "{below}");
}

#[tokio::test]
async fn unsaved_text_stands_in_place_of_what_is_on_disk() {
    let repository = Repository::new(&[("a.txt", "one\n"), ("[b].txt", "b\n"), ("b.txt", "b\n")]);
    repository.write("a.txt", "on disk\n");
    repository.write("b.txt", "on disk\n");
    let unsaved = [("a.txt", "unsaved\n"), ("[b].txt", "unsaved, too\n"), ("new.txt", "new\n")];
    let diff = repository.diff(&unsaved).await;
    assert!(diff.contains("-one\n+unsaved\n") && diff.contains("-b\n+unsaved, too\n"), "{diff}");
    assert_eq!(diff.matches("on disk").count(), 1, "{diff}");
    assert!(diff.contains("+++ b/b.txt") && diff.ends_with("?? new.txt\n"), "{diff}");
}

#[tokio::test]
async fn without_a_commit_or_a_repository() {
    let repository = Repository::new(&[]);
    repository.write("a.txt", "a\n");
    assert_eq!(repository.diff(&[]).await, "?? a.txt\n");
    repository.git(&["add", "."]);
    assert!(repository.diff(&[]).await.contains("+a\n"));
    let outside =
        AbsPath::new(fs::canonicalize(repository.guard.path()).unwrap().to_str().unwrap());
    assert_eq!(diff(&outside.unwrap(), &[]).await.unwrap(), None);
    let missing = diff(&repository.root.join("missing").unwrap(), &[]).await;
    assert!(missing.is_err());
}

#[cfg(unix)]
#[tokio::test]
async fn no_program_that_the_repository_names_is_run() {
    let repository = Repository::new(&[("a.txt", "a\n"), ("b.txt", "b\n"), ("c.txt", "c\n")]);
    let trap = repository.guard.path().join("trap");
    let command = format!("touch {} && cat #", trap.display());
    for (key, value) in [
        ("core.fsmonitor", command.as_str()),
        ("core.pager", &command),
        ("diff.external", &command),
        ("diff.evil.command", &command),
        ("diff.evil.textconv", &command),
        ("filter.evil.clean", &command),
        ("filter.e.v=il.process", &command),
        ("filter.evil.required", "true"),
    ] {
        repository.git(&["config", key, value]);
    }
    fs::create_dir_all(repository.root.join(".git/info").unwrap().as_std_path()).unwrap();
    repository.write(".gitattributes", "a.txt diff=evil\nb.txt filter=evil\n");
    repository.write(".git/info/attributes", "c.txt filter=e.v=il\n");
    for name in ["a.txt", "b.txt", "c.txt"] {
        repository.write(name, "changed\n");
    }
    let diff = repository.diff(&[("a.txt", "unsaved\n")]).await;
    assert_eq!(diff.matches("+changed\n").count(), 2, "{diff}");
    assert!(!trap.exists());
    // The trap is one: git falls into it.
    let _ = Command::new("git").arg("diff").current_dir(repository.root.as_std_path()).output();
    assert!(trap.exists());
}

#[tokio::test]
async fn a_repository_that_points_elsewhere_shows_nothing() {
    let repository = Repository::new(&[("key", "public\n")]);
    let home = repository.guard.path().join("home");
    fs::create_dir(&home).unwrap();
    fs::write(home.join("key"), "secret\n").unwrap();
    repository.git(&["config", "core.worktree", home.to_str().unwrap()]);
    assert_eq!(repository.diff_below("", &[]).await, None);
}

#[tokio::test]
async fn a_huge_difference_is_cut() {
    let repository = Repository::new(&[("a.txt", "")]);
    repository.write("a.txt", &"a line\n".repeat(500_000));
    let diff = repository.diff(&[]).await;
    assert!(diff.len() > 500_000 && diff.len() as u64 <= super::MAX_BYTES);
}
