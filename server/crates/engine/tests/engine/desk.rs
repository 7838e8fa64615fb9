//! An editor that does its work: it holds documents, applies edits, saves, and has a language
//! server that finds fault with every line that says `wrong`.

use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use async_trait::async_trait;
use changes::Encoding;
use engine::{
    ApplyRefused, BufferEdit, ConnectionId, Diagnostics, DiagnosticsQuery, Documents, Editor,
};
use protocol::{
    AbsPath, Answer, Approval, Decision, Diagnostic, ItemId, SessionId, SessionUpdate, Severity,
};
use workspace::{TextChange, Workspace};

use crate::stage::Stage;

/// The user sits at it and says the same to everything, or nothing.
pub struct Desk {
    pub workspace: Workspace,
    connection: OnceLock<ConnectionId>,
    says: Option<Decision>,
    pub asked: Mutex<Vec<Approval>>,
    /// Whether it saves what it is asked to.
    pub saves: bool,
    /// Whether its documents cannot be changed for the moment.
    pub refuses: AtomicBool,
    /// How often it refused to change one.
    pub refused: AtomicUsize,
    version: Mutex<i32>,
}

impl Desk {
    pub async fn at(
        stage: &Stage,
        id: &SessionId,
        says: Option<Decision>,
        saves: bool,
    ) -> Arc<Self> {
        let desk = Arc::new(Self {
            workspace: stage.workspace.clone(),
            connection: OnceLock::new(),
            says,
            asked: Mutex::default(),
            saves,
            refuses: AtomicBool::new(false),
            refused: AtomicUsize::new(0),
            version: Mutex::new(1),
        });
        let connection = stage.sessions.connect(desk.clone());
        desk.connection.set(connection).unwrap();
        stage.sessions.attach(connection, id, None).await.unwrap();
        desk
    }

    pub fn open(&self, path: &AbsPath, text: &str) {
        self.workspace.open(self.connection(), path, 1, text);
    }

    /// The user makes the document say this.
    pub fn types(&self, path: &AbsPath, text: &str) {
        let change = TextChange { range: None, text: text.to_owned() };
        let version = self.next_version();
        let changes = vec![change];
        self.workspace.change(self.connection(), path, version, changes, Encoding::Utf8).unwrap();
    }

    fn next_version(&self) -> i32 {
        let mut version = self.version.lock().unwrap();
        *version += 1;
        *version
    }

    pub fn text(&self, path: &AbsPath) -> String {
        self.workspace.text(self.connection(), path).unwrap().1.to_string()
    }

    fn connection(&self) -> ConnectionId {
        *self.connection.get().unwrap()
    }
}

#[async_trait]
impl Editor for Desk {
    fn name(&self) -> String {
        "the desk".to_owned()
    }

    fn notify(&self, _: &SessionUpdate) {}

    async fn ask(&self, _: &SessionId, _: &ItemId, approval: &Approval) -> Option<Answer> {
        self.asked.lock().unwrap().push(approval.clone());
        let says = self.says?;
        let offered = approval.options.iter().any(|option| option.decision == says);
        Some(Answer::new(if offered { says } else { Decision::Once }, ""))
    }

    async fn apply(&self, edit: BufferEdit) -> Result<(), ApplyRefused> {
        if self.refuses.load(Ordering::SeqCst) {
            self.refused.fetch_add(1, Ordering::SeqCst);
            return Err(ApplyRefused { reason: Some("not modifiable".to_owned()) });
        }
        let text = changes::apply(&edit.before.to_string(), &edit.replacements).unwrap();
        let change = TextChange { range: None, text };
        let version = self.next_version();
        let changed = self.workspace.change(
            self.connection(),
            &edit.path,
            version,
            vec![change],
            Encoding::Utf8,
        );
        changed.map_err(|_| ApplyRefused { reason: None })
    }

    fn can_save(&self) -> bool {
        self.saves
    }

    async fn save(&self, paths: &[AbsPath]) {
        for path in paths {
            std::fs::write(path.as_std_path(), self.text(path)).unwrap();
        }
    }

    async fn diagnostics(&self, query: DiagnosticsQuery) -> Option<Diagnostics> {
        let path = query.path?;
        let snapshot = self.workspace.snapshot(&path).await.ok()?;
        let wrong =
            snapshot.text.lines().enumerate().filter(|(_, it)| it.to_string().contains("wrong"));
        let items = wrong.map(|(at, line)| Diagnostic {
            path: path.clone(),
            line: u32::try_from(at).unwrap() + 1,
            column: 1,
            severity: Severity::Error,
            message: format!("`{}` is wrong", line.to_string().trim()),
            source: "checker".to_owned(),
            code: String::new(),
        });
        let servers = vec!["checker".to_owned()];
        Some(Diagnostics { items: items.collect(), fresh: true, servers })
    }
}
