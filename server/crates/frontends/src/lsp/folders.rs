//! Where to work: the client's workspace folders, and a guess where it names none.

use std::{
    path::Path,
    sync::{Arc, Mutex, OnceLock},
};

use engine::{Documents, NewSession};
use protocol::{AbsPath, SessionId};
use serde::Deserialize;
use serde_json::{Value, json};
use tower_lsp_server::gen_lsp_types as lsp;

use super::{
    Server,
    chat_document::CHAT_FILE,
    connection::{Connection, lock},
    convert,
    sync::fit,
};

/// What lies in the topmost folder of a project.
const MARKS: [&str; 16] = [
    ".git",
    ".hg",
    ".jj",
    ".svn",
    "Cargo.toml",
    "package.json",
    "pyproject.toml",
    "setup.py",
    "go.mod",
    "pom.xml",
    "build.gradle",
    "build.gradle.kts",
    "CMakeLists.txt",
    "Makefile",
    "composer.json",
    "Gemfile",
];

const WATCHED: &str = "workspace/didChangeWatchedFiles";

/// The folders of a connection.
#[derive(Default)]
pub(super) struct Folders {
    // The client's, resolved, the first one first; none if it named none.
    open: Mutex<Vec<AbsPath>>,
    // Where to work if the client names no folder: found when it is first needed.
    guessed: OnceLock<AbsPath>,
    // The folders of which the client tells what changes on disk.
    watched: Mutex<Vec<AbsPath>>,
}

#[derive(Deserialize)]
struct DidChangeFolders {
    event: FoldersEvent,
}

#[derive(Deserialize)]
struct FoldersEvent {
    added: Vec<Named>,
    removed: Vec<Named>,
}

#[derive(Deserialize)]
struct Named {
    uri: String,
}

impl Folders {
    /// Keeps what the client has open, resolved.
    pub(super) fn set(&self, folders: Vec<AbsPath>) {
        *lock(&self.open) = folders;
    }
}

impl Connection {
    /// The folder to work in.
    pub(super) fn root(&self) -> &AbsPath {
        self.folders.guessed.get().unwrap_or(&self.profile().root)
    }

    /// The client's other workspace folders.
    pub(super) fn further_folders(&self) -> Vec<AbsPath> {
        let root = self.root();
        lock(&self.folders.open).iter().filter(|folder| *folder != root).cloned().collect()
    }

    /// A session in the client's workspace.
    pub(super) fn new_session(&self) -> NewSession {
        let (root, folders) = (self.root().clone(), self.further_folders());
        NewSession { root, folders, mode: None, model: None }
    }

    /// Decides where to work, if the client has named no folder: in the project of the document
    /// that is asked about, else of the one last used.
    pub(super) async fn settle(&self, document: Option<&AbsPath>) {
        if self.profile().named || self.folders.guessed.get().is_some() {
            return;
        }
        let is_file = |path: &&AbsPath| !crate::uri::is_untitled(path);
        let last_used = self.documents.last_used();
        let document = document.into_iter().chain(&last_used).find(is_file).cloned();
        let Some(document) = document else { return };
        let found = tokio::task::spawn_blocking(move || project_of(&document)).await;
        if let Ok(Some(folder)) = found {
            tracing::info!(%folder, "works here, because the client named no folder");
            // Whoever was faster has decided.
            let _ = self.folders.guessed.set(folder);
        }
    }

    /// The chat document that an earlier run of the editor left open shows where it worked.
    pub(super) fn settle_by_chat(&self, path: &AbsPath) {
        let in_chat = path.as_str().strip_suffix(CHAT_FILE).and_then(|it| it.strip_suffix('/'));
        if let Some(folder) = in_chat.and_then(|folder| AbsPath::new(folder).ok())
            && !self.profile().named
        {
            let _ = self.folders.guessed.set(folder);
        }
    }

    /// The sessions of this connection that work in these folders and no others get those that
    /// the client has open now.
    async fn follow_folders(&self, before: &[AbsPath]) {
        for session in self.view.sessions() {
            let Ok(info) = self.sessions.info(&session).await else { continue };
            let work = std::iter::once(&info.root).chain(&info.folders);
            if before.contains(&info.root) && work.count() == before.len() {
                self.give_folders(&session).await;
            }
        }
    }

    /// Gives a session the client's folders.
    pub(super) async fn give_folders(&self, session: &SessionId) {
        let folders = lock(&self.folders.open).clone();
        if let Err(error) = self.sessions.set_folders(session, &folders).await {
            tracing::warn!(%session, %error, "it keeps its folders");
        }
    }

    /// Asks the client to tell what changes on disk in these folders, if it can.
    pub(super) async fn watch(&self, folders: Vec<AbsPath>) {
        let profile = self.profile();
        // Where nobody named a folder and no document showed one, all of the home may be meant.
        let known = profile.named || self.folders.guessed.get().is_some();
        if !profile.watches || !known || !(profile.watches_folders || profile.named) {
            return;
        }
        let new: Vec<AbsPath> = {
            let mut watched = lock(&self.folders.watched);
            let covered =
                |folder: &AbsPath, by: &[AbsPath]| by.iter().any(|it| folder.starts_with(it));
            let mut new = folders;
            new.retain(|folder| folder.parent().is_some() && !covered(folder, &watched));
            // A client that knows only patterns watches its own folders, all with one of them.
            if !profile.watches_folders {
                new.truncate(usize::from(watched.is_empty()));
            }
            watched.extend(new.iter().cloned());
            new
        };
        for folder in new {
            let pattern = if profile.watches_folders {
                json!({ "baseUri": convert::uri(&folder), "pattern": "**/*" })
            } else {
                json!("**/*")
            };
            let registration = lsp::Registration {
                id: format!("coworker-watch-{folder}"),
                method: WATCHED.to_owned(),
                register_options: Some(json!({ "watchers": [{ "globPattern": pattern }] })),
            };
            let params = lsp::RegistrationParams { registrations: vec![registration] };
            let asked = self.client.send_request::<lsp::RegistrationRequest>(params).await;
            if let Err(error) = asked {
                tracing::info!(%error, "the editor does not tell what changes on disk");
            }
        }
    }
}

impl Server {
    pub(super) async fn did_change_folders(&self, params: Value) {
        let Some(DidChangeFolders { event }) = fit("didChangeWorkspaceFolders", params) else {
            return;
        };
        let paths = |folders: Vec<Named>| -> Vec<AbsPath> {
            folders.into_iter().filter_map(|folder| convert::path(&folder.uri)).collect()
        };
        let (added, removed) = (paths(event.added), paths(event.removed));
        let connection = self.0.clone();
        // Resolving waits; two changes that cross are put in order by the line of the own session.
        let own = connection.own().await;
        let removed = resolved(&connection, removed).await;
        let added = resolved(&connection, added).await;
        let before = {
            let mut open = lock(&connection.folders.open);
            let before = open.clone();
            open.retain(|folder| !removed.contains(folder));
            let new: Vec<AbsPath> = added.into_iter().filter(|it| !open.contains(it)).collect();
            open.extend(new);
            before
        };
        connection.follow_folders(&before).await;
        drop(own);
        let watching: Arc<Connection> = connection.clone();
        let folders = lock(&connection.folders.open).clone();
        connection.spawn(async move { watching.watch(folders).await });
    }
}

/// The folders with every link followed; one that cannot be followed stays as it is, and whoever
/// reads there will say why.
pub(super) async fn resolved(connection: &Connection, folders: Vec<AbsPath>) -> Vec<AbsPath> {
    let mut resolved = Vec::with_capacity(folders.len());
    for folder in folders {
        let folder = connection.workspace.resolve(&folder).await.unwrap_or(folder);
        if !resolved.contains(&folder) {
            resolved.push(folder);
        }
    }
    resolved
}

/// The folder of the project that a file belongs to: the nearest one above it that looks like the
/// top of one, else the file's own. None if that is the root of the disk.
fn project_of(file: &AbsPath) -> Option<AbsPath> {
    let own = file.parent()?;
    let is_top = |folder: &Path| MARKS.iter().any(|mark| folder.join(mark).exists());
    let top = own.as_std_path().ancestors().find(|folder| is_top(folder));
    let top = top.and_then(Path::to_str).and_then(|path| AbsPath::new(path).ok());
    let folder = top.filter(|folder| folder.parent().is_some()).unwrap_or(own);
    folder.parent().is_some().then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_folder_that_looks_like_a_project_is_one() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        let at = |name: &str| AbsPath::new(root.join(name).to_str().unwrap()).unwrap();
        for name in ["repository/.git", "repository/server/src", "repository/notes"] {
            std::fs::create_dir_all(root.join(name)).unwrap();
        }
        std::fs::write(root.join("repository/server/Cargo.toml"), "").unwrap();
        let project = |name: &str| project_of(&at(name)).unwrap();
        assert_eq!(project("repository/server/src/main.rs"), at("repository/server"));
        assert_eq!(project("repository/notes/a.md"), at("repository"));
        assert_eq!(project_of(&AbsPath::new("/x").unwrap()), None);
    }
}
