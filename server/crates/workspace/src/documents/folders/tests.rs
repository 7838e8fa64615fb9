//! Folders that a command has changed, put back.

use std::fs;

use engine::{ConnectionId, DocumentError, Documents, NotKept};
use protocol::AbsPath;
use tempfile::TempDir;

use crate::{Limits, Workspace};

const VIM: ConnectionId = ConnectionId(1);

struct Stage {
    _guard: TempDir,
    root: AbsPath,
    workspace: Workspace,
}

impl Stage {
    fn new() -> Self {
        let guard = tempfile::tempdir().unwrap();
        let top = AbsPath::new(guard.path().canonicalize().unwrap().to_str().unwrap()).unwrap();
        let root = top.join("project").unwrap();
        fs::create_dir(root.as_std_path()).unwrap();
        let workspace = Workspace::keeping(Limits::default(), top.join("kept").unwrap());
        Self { _guard: guard, root, workspace }
    }

    fn path(&self, name: &str) -> AbsPath {
        self.root.join(name).unwrap()
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> AbsPath {
        let path = self.path(name);
        fs::write(path.as_std_path(), bytes).unwrap();
        path
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name).as_std_path()).unwrap()
    }

    async fn keep(&self) -> String {
        self.workspace.keep_folder(&self.root).await.unwrap().id
    }

    /// Puts back all that is told to have changed. Gives what it was before that.
    async fn restore(&self, id: &str) -> (String, Vec<DocumentError>) {
        let changes = self.workspace.folder_changes(&self.root, id).await.unwrap();
        let paths: Vec<AbsPath> = changes.into_iter().map(|change| change.path).collect();
        let before = self.keep().await;
        let restored = self.workspace.restore_folder(&self.root, id, &before, &paths).await;
        (before, restored.unwrap().into_iter().map(|(_, error)| error).collect())
    }
}

#[tokio::test]
async fn a_folder_is_put_back_and_that_can_be_undone() {
    let stage = Stage::new();
    stage.write("binary", b"\0\xff\xfe");
    stage.write("gone", "gone");
    stage.write("same", "same");
    let id = stage.keep().await;
    stage.write("binary", "text now");
    fs::remove_file(stage.path("gone").as_std_path()).unwrap();
    stage.write("new", "new");
    let (before, refused) = stage.restore(&id).await;
    assert!(refused.is_empty(), "{refused:?}");
    assert_eq!(stage.bytes("binary"), b"\0\xff\xfe");
    assert_eq!(stage.bytes("gone"), b"gone");
    assert!(!stage.path("new").as_std_path().exists());
    assert_eq!(stage.workspace.folder_changes(&stage.root, &id).await.unwrap(), []);

    stage.restore(&before).await;
    assert_eq!((stage.bytes("binary"), stage.bytes("new")), (b"text now".into(), b"new".into()));
    assert!(!stage.path("gone").as_std_path().exists());
}

#[tokio::test]
async fn only_what_is_asked_for_and_has_changed_is_put_back() {
    let stage = Stage::new();
    let (a, b) = (stage.write("a", "a"), stage.write("b", "b"));
    stage.write(".gitignore", "ignored\n");
    let ignored = stage.write("ignored", "x");
    let id = stage.keep().await;
    stage.write("a", "A");
    stage.write("b", "B");
    let asked = [a, ignored, stage.path("../kept"), stage.path("missing")];
    let found = stage.keep().await;
    let refused = stage.workspace.restore_folder(&stage.root, &id, &found, &asked).await.unwrap();
    assert!(refused.is_empty());
    assert_eq!(
        (stage.bytes("a"), stage.bytes("b"), stage.bytes("ignored")),
        (b"a".into(), b"B".into(), b"x".into())
    );
    assert_eq!(stage.workspace.snapshot(&b).await.unwrap().text.to_string(), "B");
}

#[tokio::test]
async fn what_was_written_since_it_was_looked_at_is_never_overwritten() {
    let stage = Stage::new();
    let paths = [stage.write("changed", "one"), stage.write("removed", "one"), stage.path("made")];
    let id = stage.keep().await;
    fs::remove_file(stage.path("removed").as_std_path()).unwrap();
    stage.write("changed", "by a command");
    stage.write("made", "by a command");
    let found = stage.keep().await;
    for name in ["changed", "removed", "made"] {
        stage.write(name, "by the user");
    }
    let refused = stage.workspace.restore_folder(&stage.root, &id, &found, &paths).await.unwrap();
    assert_eq!(refused.len(), 3, "{refused:?}");
    assert!(refused.iter().all(|(_, error)| matches!(error, DocumentError::Stale(_))));
    for name in ["changed", "removed", "made"] {
        assert_eq!(stage.bytes(name), b"by the user");
    }
}

#[tokio::test]
async fn unsaved_changes_are_never_overwritten() {
    let stage = Stage::new();
    let path = stage.write("a", "one");
    let id = stage.keep().await;
    stage.write("a", "two");
    stage.workspace.open(VIM, &path, 1, "unsaved");
    let (_, refused) = stage.restore(&id).await;
    assert!(matches!(&refused[..], [DocumentError::Unsaved(it)] if *it == path), "{refused:?}");
    assert_eq!(stage.bytes("a"), b"two");

    // Without a change of its own an editor is no obstacle, and the file is what counts.
    stage.workspace.open(VIM, &path, 2, "two");
    assert!(stage.restore(&id).await.1.is_empty());
    assert_eq!(stage.workspace.snapshot(&path).await.unwrap().text.to_string(), "one");
}

#[cfg(unix)]
#[tokio::test]
async fn links_and_permissions_are_put_back() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let stage = Stage::new();
    let script = stage.write("script", "x");
    let mode = |mode| {
        fs::set_permissions(script.as_std_path(), fs::Permissions::from_mode(mode)).unwrap();
    };
    mode(0o750);
    let link = stage.path("link");
    symlink("../elsewhere", link.as_std_path()).unwrap();
    let id = stage.keep().await;
    mode(0o640);
    fs::remove_file(link.as_std_path()).unwrap();
    stage.write("link", "a file");
    assert!(stage.restore(&id).await.1.is_empty());
    assert_eq!(script.as_std_path().metadata().unwrap().permissions().mode() & 0o777, 0o750);
    assert_eq!(link.as_std_path().read_link().unwrap().to_str(), Some("../elsewhere"));
}

#[tokio::test]
async fn nothing_is_put_back_through_a_link() {
    let stage = Stage::new();
    fs::create_dir(stage.path("sub").as_std_path()).unwrap();
    stage.write("sub/a", "one");
    let id = stage.keep().await;
    fs::remove_dir_all(stage.path("sub").as_std_path()).unwrap();
    let outside = stage.path("../outside");
    fs::create_dir(outside.as_std_path()).unwrap();
    #[cfg(unix)]
    std::os::unix::fs::symlink(outside.as_std_path(), stage.path("sub").as_std_path()).unwrap();
    let paths = [stage.path("sub/a")];
    let found = stage.keep().await;
    let refused = stage.workspace.restore_folder(&stage.root, &id, &found, &paths).await.unwrap();
    assert!(matches!(&refused[..], [(_, DocumentError::Unresolvable { .. })]));
    assert!(!outside.join("a").unwrap().as_std_path().exists());
}

#[tokio::test]
async fn a_file_of_a_folder_can_be_looked_at_as_it_was() {
    let stage = Stage::new();
    let path = stage.write("sub [x].bin", b"\0\xff");
    let id = stage.keep().await;
    stage.write("sub [x].bin", "now");
    let was = |path| stage.workspace.file_of_folder(&stage.root, &id, path);
    assert_eq!(was(&path).await.unwrap().as_deref(), Some(b"\0\xff".as_slice()));
    assert_eq!(was(&stage.path("missing")).await.unwrap(), None);
    let gone = stage.workspace.file_of_folder(&stage.root, "nothing", &path).await;
    assert_eq!(gone, Err(NotKept::Gone));
}

#[tokio::test]
async fn the_bytes_of_a_file_are_put_back_whatever_it_is_now() {
    let stage = Stage::new();
    let path = stage.write("a", b"\0\xff");
    let was = stage.workspace.file(&path).await.unwrap();
    assert_eq!(was.as_ref().unwrap().bytes, b"\0\xff");
    fs::remove_file(path.as_std_path()).unwrap();
    assert_eq!(stage.workspace.file(&path).await.unwrap(), None);
    stage.workspace.put_back(&path, was.clone()).await.unwrap();
    assert_eq!(stage.bytes("a"), b"\0\xff");
    stage.workspace.put_back(&path, None).await.unwrap();
    assert!(!path.as_std_path().exists());

    stage.write("a", "saved");
    stage.workspace.open(VIM, &path, 1, "unsaved");
    let refused = stage.workspace.put_back(&path, was).await;
    assert!(matches!(refused, Err(DocumentError::Unsaved(it)) if it == path));
    assert_eq!(stage.bytes("a"), b"saved");
}

#[tokio::test]
async fn what_was_kept_long_ago_is_swept_away_and_the_rest_stays() {
    let stage = Stage::new();
    stage.write("a", "one");
    let id = stage.keep().await;
    assert_eq!(stage.workspace.sweep_folders().await.unwrap(), 0);
    stage.write("a", "two");
    stage.restore(&id).await;
    assert_eq!(stage.bytes("a"), b"one");

    let kept = fs::read_dir(stage.path("../kept").as_std_path()).unwrap();
    for repository in kept.map(|entry| entry.unwrap().path()) {
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(31 * 86_400);
        fs::File::open(repository.join("index")).unwrap().set_modified(long_ago).unwrap();
    }
    assert!(stage.workspace.sweep_folders().await.unwrap() > 0);
    assert_eq!(fs::read_dir(stage.path("../kept").as_std_path()).unwrap().count(), 0);
    stage.write("a", "three");
    let gone = stage.workspace.folder_changes(&stage.root, &id).await;
    assert_eq!(gone, Err(NotKept::Gone));
}
