//! What others do to files is seen, on a real file system. Where a test waits, it fails only when
//! nothing comes.

use std::{
    fs,
    time::{Duration, Instant},
};

use changes::Encoding;
use engine::{ConnectionId, DocumentError, Documents};
use protocol::AbsPath;
use tempfile::TempDir;
use tokio::sync::watch;

use crate::{Limits, TextChange, Workspace};

const VIM: ConnectionId = ConnectionId(1);
const DEADLINE: Duration = Duration::from_secs(10);

struct Project {
    _guard: TempDir,
    root: AbsPath,
    workspace: Workspace,
    changes: watch::Receiver<u64>,
}

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let guard = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(guard.path()).unwrap();
        let root = AbsPath::new(root.to_str().unwrap()).unwrap();
        let workspace = Workspace::new(Limits::default());
        let changes = workspace.changes();
        let project = Self { _guard: guard, root, workspace, changes };
        for (name, text) in files {
            project.write(name, text);
        }
        project
    }

    fn at(&self, name: &str) -> AbsPath {
        self.root.join(name).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap().as_std_path()).unwrap();
        fs::write(path.as_std_path(), text).unwrap();
    }

    fn delete(&self, name: &str) {
        fs::remove_file(self.at(name).as_std_path()).unwrap();
    }

    fn open(&self, name: &str, text: &str) {
        self.workspace.open(VIM, &self.at(name), 1, text);
    }

    fn edit(&self, name: &str, text: &str) {
        let change = TextChange { range: None, text: text.into() };
        self.workspace.change(VIM, &self.at(name), 2, vec![change], Encoding::Utf8).unwrap();
    }

    async fn text(&self, name: &str) -> Option<String> {
        match self.workspace.snapshot(&self.at(name)).await {
            Ok(snapshot) => Some(snapshot.text.to_string()),
            Err(DocumentError::NotFound(_)) => None,
            Err(error) => panic!("{error}"),
        }
    }

    /// Waits until these folders are watched.
    async fn watched(&mut self, names: &[&str]) {
        let folders: Vec<AbsPath> = names.iter().map(|name| self.at(name)).collect();
        let watching = &self.workspace.shared.watching;
        let wait = async {
            while !watching.covers(&folders, Instant::now()) {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(DEADLINE, wait).await.unwrap();
        self.changes.mark_unchanged();
    }

    /// Waits until something is so, looking again whenever anything changed.
    async fn until(&mut self, what: &str, is_so: impl AsyncFn(&Workspace) -> bool) {
        let wait = async {
            while !is_so(&self.workspace).await {
                self.changes.changed().await.unwrap();
            }
        };
        assert!(tokio::time::timeout(DEADLINE, wait).await.is_ok(), "{what}");
    }

    async fn ticked(&mut self) {
        tokio::time::timeout(DEADLINE, self.changes.changed()).await.unwrap().unwrap();
    }
}

async fn paths(workspace: &Workspace, root: &AbsPath, typed: &str) -> Vec<String> {
    let found = workspace.find_paths(root, typed, 9).await;
    found.iter().map(|it| it.path.relative_to(root).to_owned()).collect()
}

#[tokio::test]
async fn others_writing_a_file_that_was_read_is_told() {
    let mut project = Project::new(&[("a.rs", "one")]);
    let before = project.workspace.snapshot(&project.at("a.rs")).await.unwrap().stamp;
    project.watched(&[""]).await;
    project.write("a.rs", "two");
    let path = project.at("a.rs");
    let has_two = async |it: &Workspace| it.snapshot(&path).await.unwrap().text == "two";
    project.ticked().await;
    project.until("the new text", has_two).await;
    let after = project.workspace.snapshot(&path).await.unwrap().stamp;
    assert!(after.revision > before.revision);
    project.changes.mark_unchanged();
    project.delete("a.rs");
    project.ticked().await;
    assert_eq!(project.text("a.rs").await, None);
}

#[tokio::test]
async fn a_list_of_files_is_kept_until_something_changes() {
    let mut project = Project::new(&[("src/a.rs", ""), (".gitignore", "*.log\n")]);
    let root = project.root.clone();
    assert_eq!(paths(&project.workspace, &root, "a.rs").await, ["src/a.rs"]);
    project.watched(&["", "src"]).await;
    // The first list was made before anybody watched.
    project.workspace.shared.expire_listings();
    paths(&project.workspace, &root, "").await;
    let shared = &project.workspace.shared;
    let one = shared.listing(&root);
    assert!(one.is_watched() && std::sync::Arc::ptr_eq(&one, &shared.listing(&root)));
    project.write("src/deep/er/b.rs", "");
    let found = async |it: &Workspace| paths(it, &root, "b.rs").await == ["src/deep/er/b.rs"];
    project.until("a file in a new folder", found).await;
    project.write(".gitignore", "*.log\na.rs\n");
    let gone = async |it: &Workspace| paths(it, &root, "a.rs").await.is_empty();
    project.until("a file that is ignored from now on", gone).await;
}

#[tokio::test]
async fn what_an_editor_tells_counts_without_any_watching() {
    let mut project = Project::new(&[("src/a.rs", "one")]);
    let before = project.workspace.snapshot(&project.at("src/a.rs")).await.unwrap().stamp;
    project.changes.mark_unchanged();
    project.write("src/a.rs", "two");
    // A client may name the folder alone.
    project.workspace.changed_on_disk(vec![project.at("src")]);
    project.ticked().await;
    let revision = project.workspace.shared.buffers().read_below(&project.root);
    assert_eq!(revision[0].1, crate::hash::of_str("two"));
    assert!(
        project.workspace.snapshot(&project.at("src/a.rs")).await.unwrap().stamp.revision
            > before.revision
    );
    fs::rename(project.at("src").as_std_path(), project.at("new").as_std_path()).unwrap();
    project.changes.mark_unchanged();
    project.workspace.renamed_on_disk(vec![(project.at("src"), project.at("new"))]);
    project.ticked().await;
    assert_eq!(project.text("src/a.rs").await, None);
    assert_eq!(project.text("new/a.rs").await.as_deref(), Some("two"));
}

#[tokio::test]
async fn a_buffer_whose_file_was_taken_away_counts_only_if_it_has_something_of_its_own() {
    let mut project = Project::new(&[("clean", "text"), ("dirty", "text")]);
    project.open("clean", "text");
    project.open("dirty", "typed");
    // Before commands are run, what is unsaved is looked for.
    assert_eq!(project.workspace.unsaved().await, [project.at("dirty")]);
    project.delete("clean");
    project.delete("dirty");
    project.changes.mark_unchanged();
    project.workspace.changed_on_disk(vec![project.at("clean"), project.at("dirty")]);
    project.ticked().await;
    assert_eq!(project.text("clean").await, None);
    assert_eq!(project.text("dirty").await.as_deref(), Some("typed"));
    assert_eq!(project.workspace.unsaved().await, [project.at("dirty")]);
    // Back on disk, the disk counts; when the user types, the buffer does.
    project.write("clean", "again");
    assert_eq!(project.text("clean").await.as_deref(), Some("again"));
    project.edit("clean", "typed");
    assert_eq!(project.text("clean").await.as_deref(), Some("typed"));
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_that_leads_elsewhere_is_followed_by_those_who_open_it_later() {
    let project = Project::new(&[("one", "one"), ("two", "two")]);
    let link = project.at("link");
    std::os::unix::fs::symlink("one", link.as_std_path()).unwrap();
    project.open("link", "typed");
    project.delete("link");
    std::os::unix::fs::symlink("two", link.as_std_path()).unwrap();
    assert_eq!(project.workspace.buffer(VIM, &link).unwrap().path, project.at("one"));
    assert_eq!(project.text("one").await.as_deref(), Some("typed"));
    project.edit("link", "typed again");
    assert_eq!(project.text("one").await.as_deref(), Some("typed again"));
    assert_eq!(project.text("two").await.as_deref(), Some("two"));
    project.workspace.close(VIM, &link);
    project.open("link", "later");
    assert_eq!(project.text("one").await.as_deref(), Some("one"));
    assert_eq!(project.text("two").await.as_deref(), Some("later"));
}

#[tokio::test]
async fn folders_beyond_the_most_are_not_watched_and_lists_go_stale_by_themselves() {
    let project = Project::new(&[("a.rs", "")]);
    let shared = &project.workspace.shared;
    shared.watching.refuse_more();
    let first = shared.listing(&project.root);
    assert!(!first.is_watched());
    assert!(project.text("a.rs").await.is_some());
    assert!(!shared.watching.covers(std::slice::from_ref(&project.root), Instant::now()));
}
