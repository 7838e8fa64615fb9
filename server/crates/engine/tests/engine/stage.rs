//! The stage: a folder on disk, the engine over it, and ways to wait for what a test needs to see.

use std::{
    collections::HashSet,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use engine::{Batch, Keep, NewSession, Parts, Sessions, Settings, Started, Store, Tool, Trust};
use protocol::{
    AbsPath, Decision, ErrorInfo, ItemBody, ItemId, Mode, SessionId, SessionState, Status,
    StopReason, ToolCall, TurnId, UserMessage,
};
use tempfile::TempDir;
use workspace::{Limits, Workspace};

use crate::{client::Client, moody::Moody, script::Script};

/// After this long a test gives up; nothing takes so long unless it hangs.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// The outcome of `work`, which must not take for ever.
pub async fn within<T>(work: impl Future<Output = T>) -> T {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(outcome) => outcome,
        Err(_) => panic!("this hangs"),
    }
}

/// Lets everyone else work for so many rounds.
pub async fn rounds(rounds: usize) {
    for _ in 0..rounds {
        tokio::task::yield_now().await;
    }
}

pub struct Stage {
    pub sessions: Sessions,
    pub model: Arc<Script>,
    pub store: Arc<Moody>,
    pub workspace: Workspace,
    pub root: AbsPath,
    folder: Arc<TempDir>,
}

impl Stage {
    /// An engine in an empty folder.
    pub fn new() -> Self {
        Self::with(Arc::new(store::MemoryStore::new()), Vec::new())
    }

    /// An engine in an empty folder with this store, and with tools beside the built-in ones.
    pub fn with(store: Arc<dyn Store>, tools: Vec<Arc<dyn Tool>>) -> Self {
        Self::build(Arc::new(TempDir::new().unwrap()), store, tools, |_| ())
    }

    /// An engine in an empty folder, set up otherwise.
    pub fn set_up(set: impl FnOnce(&mut Settings)) -> Self {
        let store = Arc::new(store::MemoryStore::new());
        Self::build(Arc::new(TempDir::new().unwrap()), store, Vec::new(), set)
    }

    /// Another process in the same folder.
    pub fn beside(&self, store: Arc<dyn Store>) -> Self {
        Self::build(self.folder.clone(), store, Vec::new(), |_| ())
    }

    fn build(
        folder: Arc<TempDir>,
        store: Arc<dyn Store>,
        extra: Vec<Arc<dyn Tool>>,
        set: impl FnOnce(&mut Settings),
    ) -> Self {
        let resolved = folder.path().canonicalize().unwrap();
        let root = AbsPath::new(resolved.to_str().unwrap()).unwrap();
        let kept = root.join("state/folders").unwrap();
        let workspace = Workspace::keeping(Limits::default(), kept);
        let model = Arc::new(Script::default());
        let store = Arc::new(Moody::new(store));
        let environment = tools::Environment::allowed_of(std::env::vars_os());
        let mut tools = tools::built_in(workspace.clone(), environment);
        tools.extend(extra);
        let mut settings = Settings {
            model: "script/test".to_owned(),
            titles: false,
            forbidden: vec![root.join("state").unwrap()],
            user_folders: vec![root.join("state/user").unwrap()],
            // Never reached: a test that waits for it hangs.
            apply_timeout: PATIENCE * 2,
            ..Settings::default()
        };
        set(&mut settings);
        let sessions = Sessions::new(Parts {
            model: model.clone(),
            tools,
            documents: Arc::new(workspace.clone()),
            store: store.clone(),
            clock: Arc::new(|| 1),
            ids: Arc::new(fresh_id),
            trust: trust(),
            settings,
        });
        Self { sessions, model, store, workspace, root, folder }
    }

    /// The process dies here and is started again: what was journaled is all that is left, and
    /// what is known of documents whose text is on disk.
    pub async fn die(&self, id: &SessionId) -> Self {
        let found = self.store.found(id).await;
        let left = store::MemoryStore::new();
        let batch = Batch { records: found.records, drafts: found.drafts, info: None };
        left.create(&found.info, batch).await.unwrap();
        for (path, weave) in self.store.weaves(id).await.unwrap() {
            let weave = Keep::Weave { path: path.clone(), weave, texts: Vec::new() };
            left.keep(id, vec![weave]).await.unwrap();
            if let Ok(text) = std::fs::read(path.as_std_path()) {
                left.put_blob(id, &text).await.unwrap();
            }
        }
        left.close(id).await.unwrap();
        self.beside(Arc::new(left))
    }

    pub fn client(&self, name: &'static str) -> Client {
        Client::connect(&self.sessions, name, None)
    }

    /// A client that answers every question the same.
    pub fn client_that_says(&self, decision: Decision) -> Client {
        Client::connect(&self.sessions, "the one with the habit", Some(decision))
    }

    pub fn path(&self, name: &str) -> AbsPath {
        self.root.join(name).unwrap()
    }

    pub fn on_disk(&self, name: &str) -> PathBuf {
        self.path(name).as_std_path().to_owned()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.on_disk(name).parent().unwrap()).unwrap();
        std::fs::write(self.on_disk(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.on_disk(name)).unwrap()
    }

    pub async fn session(&self) -> SessionId {
        self.session_in(Mode::Ask).await
    }

    pub async fn session_in(&self, mode: Mode) -> SessionId {
        let new = NewSession {
            root: self.root.clone(),
            folders: Vec::new(),
            mode: Some(mode),
            model: None,
        };
        self.sessions.create(new).await.unwrap().id
    }

    pub async fn chat(&self, id: &SessionId, text: &str) -> Started {
        self.try_chat(id, text).await.unwrap()
    }

    pub async fn try_chat(&self, id: &SessionId, text: &str) -> Result<Started, ErrorInfo> {
        let message = UserMessage { text: text.to_owned(), context: Vec::new() };
        within(self.sessions.chat(id, message)).await
    }

    pub async fn cancel(&self, id: &SessionId) -> bool {
        within(self.sessions.cancel(id)).await.unwrap()
    }

    pub async fn state(&self, id: &SessionId) -> SessionState {
        within(self.sessions.state(id)).await.unwrap()
    }

    /// Waits until the session looks like that, and returns how it looks then.
    pub async fn until(
        &self,
        id: &SessionId,
        like: impl Fn(&SessionState) -> bool,
    ) -> SessionState {
        within(async {
            loop {
                let state = self.sessions.state(id).await.unwrap();
                if like(&state) {
                    return state;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// Waits until the model has been sent this as the last prompt so many times.
    pub async fn asked(&self, prompt: &str, times: usize) {
        within(async {
            while self.model.times_sent(prompt) < times {
                tokio::task::yield_now().await;
            }
        })
        .await
    }

    /// Waits for the end of a turn.
    pub async fn end(&self, id: &SessionId, turn: &TurnId) -> (StopReason, SessionState) {
        let state = self.until(id, |state| ended(state, turn).is_some()).await;
        (ended(&state, turn).unwrap(), state)
    }

    /// Sends a prompt and waits until its turn has completed.
    pub async fn complete(&self, id: &SessionId, text: &str) -> SessionState {
        let turn = self.chat(id, text).await.turn_id;
        let (reason, state) = self.end(id, &turn).await;
        assert_eq!(reason, StopReason::Completed, "{text}");
        state
    }
}

/// Trust that is kept as long as the stage.
fn trust() -> Trust {
    let trusted: Arc<Mutex<HashSet<AbsPath>>> = Arc::default();
    let known = trusted.clone();
    Trust {
        is_trusted: Arc::new(move |folder| known.lock().unwrap().contains(folder)),
        set: Arc::new(move |folder, trust| {
            let mut trusted = trusted.lock().unwrap();
            if trust {
                trusted.insert(folder.clone())
            } else {
                trusted.remove(folder)
            };
            Ok(())
        }),
    }
}

fn fresh_id() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    format!("id{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Why the turn ended, if it is the one that ended last.
pub fn ended(state: &SessionState, turn: &TurnId) -> Option<StopReason> {
    match &state.status {
        Status::Idle { turn_id: Some(id), stop_reason, .. } if id == turn => *stop_reason,
        _ => None,
    }
}

/// The item of a prompt.
pub fn prompt(state: &SessionState, text: &str) -> ItemId {
    let says = |body: &ItemBody| match body {
        ItemBody::UserMessage(message) => message.text == text,
        _ => false,
    };
    state.items.iter().find(|item| says(&item.body)).unwrap().id.clone()
}

/// All that the model was sent with its last request.
pub fn sent(stage: &Stage) -> String {
    format!("{:?}", stage.model.requests().last().unwrap().messages)
}

/// Everything the user is told beside the conversation: the turn it stands in, and the words.
pub fn notices(state: &SessionState) -> Vec<(TurnId, String)> {
    let notice = |item: &protocol::Item| match &item.body {
        ItemBody::Notice(notice) => Some((item.turn_id.clone(), notice.text.clone())),
        _ => None,
    };
    state.items.iter().filter_map(notice).collect()
}

/// Whether the prompt is shown as not sent, where its sender was told to look for it.
pub fn is_shown_as_unsent(state: &SessionState, turn: &TurnId, text: &str) -> bool {
    notices(state).iter().any(|(of, words)| of == turn && words.contains(text))
}

pub fn calls(state: &SessionState) -> Vec<ToolCall> {
    let call = |item: &protocol::Item| match &item.body {
        ItemBody::ToolCall(call) => Some(call.clone()),
        _ => None,
    };
    state.items.iter().filter_map(call).collect()
}

/// What came of the calls, as the model is told.
pub fn outputs(state: &SessionState) -> String {
    let text = |call: ToolCall| call.output.map(|output| format!("{}\n", output.text));
    calls(state).into_iter().filter_map(text).collect()
}
