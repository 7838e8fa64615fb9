//! What a client shows that has to be asked.

use std::{collections::HashMap, fs, sync::Mutex};

use tempfile::TempDir;

use super::*;
use crate::Limits;

const CLIENT: ConnectionId = ConnectionId(7);

/// A client with buffers over the disk. It saves what it writes, as editors do here.
#[derive(Default)]
struct Client {
    shown: Mutex<HashMap<AbsPath, String>>,
    /// What it makes of a text when it saves it.
    formats: Option<fn(&str) -> String>,
    refuses: bool,
}

#[async_trait]
impl Source for Client {
    fn covers(&self, _: &AbsPath) -> bool {
        true
    }

    async fn read(&self, path: &AbsPath) -> Option<String> {
        let shown = self.shown.lock().unwrap().get(path).cloned();
        shown.or_else(|| fs::read_to_string(path.as_std_path()).ok())
    }

    fn can_write(&self) -> bool {
        true
    }

    async fn write(&self, path: &AbsPath, text: &str) -> Result<(), String> {
        if self.refuses {
            return Err("read-only".to_owned());
        }
        self.shown.lock().unwrap().remove(path);
        let text = self.formats.map_or(text.to_owned(), |format| format(text));
        fs::write(path.as_std_path(), text).map_err(|error| error.to_string())
    }
}

/// A file, a workspace, and the client that is asked about it.
struct Desk {
    _folder: TempDir,
    file: AbsPath,
    workspace: Workspace,
    client: Arc<Client>,
}

impl Desk {
    fn new(saved: &[u8], client: Client) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let file = AbsPath::new(root.join("a.txt").to_str().unwrap()).unwrap();
        fs::write(file.as_std_path(), saved).unwrap();
        let (workspace, client) = (Workspace::new(Limits::default()), Arc::new(client));
        workspace.ask_source(CLIENT, client.clone());
        Self { _folder: folder, file, workspace, client }
    }

    fn shows(&self, text: &str) {
        self.client.shown.lock().unwrap().insert(self.file.clone(), text.to_owned());
    }

    async fn text(&self) -> (String, Origin) {
        let now = self.workspace.snapshot(&self.file).await.unwrap();
        (now.text.to_string(), now.origin)
    }

    fn saved(&self) -> Vec<u8> {
        fs::read(self.file.as_std_path()).unwrap()
    }

    async fn write(&self, text: &str) -> Result<Stamp, DocumentError> {
        let now = self.workspace.snapshot(&self.file).await.unwrap().stamp.hash;
        self.workspace.write(&self.file, Some(&now), text).await
    }
}

#[tokio::test]
async fn what_is_not_saved_is_seen_each_time_anew() {
    let desk = Desk::new(b"saved\n", Client::default());
    assert_eq!(desk.text().await, ("saved\n".into(), Origin::Disk));
    desk.shows("typed\n");
    let (text, origin) = desk.text().await;
    assert!(text == "typed\n" && matches!(origin, Origin::Buffer { connection: CLIENT, .. }));
    assert_eq!(desk.workspace.unsaved().await, std::slice::from_ref(&desk.file));
    desk.shows("typed more\n");
    assert_eq!(desk.text().await.0, "typed more\n");
    desk.shows("saved\n");
    assert_eq!(desk.text().await, ("saved\n".into(), Origin::Disk));
    desk.shows("typed\n");
    desk.text().await;
    desk.workspace.disconnect(CLIENT);
    assert_eq!(desk.text().await, ("saved\n".into(), Origin::Disk));
}

#[tokio::test]
async fn a_client_that_knows_one_kind_of_line_break_shows_no_change() {
    let desk = Desk::new(b"one\r\ntwo\n", Client::default());
    desk.shows("one\ntwo\n");
    assert_eq!(desk.text().await, ("one\r\ntwo\n".into(), Origin::Disk));
    let desk = Desk::new(b"one\r\ntwo\r\n", Client::default());
    desk.shows("one\nTWO\n");
    assert_eq!(desk.text().await.0, "one\r\nTWO\r\n");
}

#[tokio::test]
async fn the_client_writes_what_it_can() {
    let desk = Desk::new(b"one\n", Client::default());
    let stamp = desk.write("two\n").await.unwrap();
    assert_eq!(desk.saved(), b"two\n");
    assert_eq!(desk.workspace.snapshot(&desk.file).await.unwrap().stamp, stamp);
    // What it refuses is written on disk, with the same care.
    let desk = Desk::new(b"one\n", Client { refuses: true, ..Client::default() });
    desk.write("two\n").await.unwrap();
    assert_eq!(desk.saved(), b"two\n");
    // It would write another encoding.
    let desk = Desk::new(b"caf\xe9 one\n", Client::default());
    desk.write("caf\u{e9} two\n").await.unwrap();
    assert_eq!(desk.saved(), b"caf\xe9 two\n");
}

#[tokio::test]
async fn what_was_typed_before_the_write_is_not_written_over() {
    let desk = Desk::new(b"one\n", Client::default());
    let now = desk.workspace.snapshot(&desk.file).await.unwrap().stamp.hash;
    desk.shows("typed\n");
    let refused = desk.workspace.write(&desk.file, Some(&now), "two\n").await;
    assert!(matches!(refused, Err(DocumentError::OpenInEditor(_))), "{refused:?}");
    assert_eq!(desk.saved(), b"one\n");
    assert_eq!(desk.text().await.0, "typed\n");
}

#[tokio::test]
async fn what_a_formatter_makes_of_it_is_a_change_that_comes_after() {
    let format = |text: &str| format!("{text}// end\n");
    let client = Client { formats: Some(format), ..Client::default() };
    let desk = Desk::new(b"one\n", client);
    let stamp = desk.write("one\ntwo\n").await.unwrap();
    assert_eq!(stamp.hash, hash::of_str("one\ntwo\n"));
    let now = desk.workspace.snapshot(&desk.file).await.unwrap();
    assert_eq!(now.text.to_string(), "one\ntwo\n// end\n");
    assert!(now.stamp.revision > stamp.revision);
}

#[tokio::test]
async fn a_write_that_came_to_something_else_is_none() {
    let client = Client { formats: Some(|_| "else\n".to_owned()), ..Client::default() };
    let desk = Desk::new(b"one\n", client);
    let refused = desk.write("two\n").await;
    assert!(matches!(refused, Err(DocumentError::Stale(_))), "{refused:?}");
}
