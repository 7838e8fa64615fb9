//! Work-done progress: one line in the status bar for every turn, where the client has one.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use protocol::{ItemBody, SessionId, SessionUpdate, Status, TodoStatus, Update};
use serde::Serialize;
use tokio::sync::watch;
use tower_lsp_server::gen_lsp_types as lsp;

use super::{
    connection::{Connection, lock},
    question::printable,
};
use crate::spent::spent;

/// How long a client may take to make room for a progress.
const CREATE_TIMEOUT: Duration = Duration::from_secs(10);

/// The turns that are shown.
#[derive(Default)]
pub(super) struct Progress {
    turns: Mutex<HashMap<SessionId, Shown>>,
    count: AtomicU64,
}

struct Shown {
    token: String,
    // Dropped when the turn ends, and the progress with it.
    doing: watch::Sender<Doing>,
}

/// What a turn does, and what its session has used.
#[derive(Clone, Default)]
struct Doing {
    step: String,
    spent: Option<String>,
}

impl Doing {
    fn message(&self) -> String {
        let step = Some(self.step.clone()).filter(|step| !step.is_empty());
        step.into_iter().chain(self.spent.clone()).collect::<Vec<_>>().join(" · ")
    }
}

impl Progress {
    /// Takes an update in.
    pub(super) fn take(&self, connection: &Arc<Connection>, update: &SessionUpdate) {
        let session = &update.session_id;
        match &update.update {
            Update::Status(Status::Running { .. }) => self.begin(connection, session),
            Update::Status(Status::Idle { .. }) => self.end(session),
            Update::ItemStarted { item } | Update::ItemEnded { item } => {
                let doing = match &item.body {
                    ItemBody::ToolCall(call) if !call.title.is_empty() => Some(&call.title),
                    ItemBody::Todos { todos } => todos
                        .iter()
                        .find(|todo| todo.status == TodoStatus::InProgress)
                        .map(|todo| &todo.active_form),
                    _ => None,
                };
                if let (Some(doing), Some(shown)) = (doing, lock(&self.turns).get(session)) {
                    shown.doing.send_modify(|now| now.step = printable(doing));
                }
            }
            Update::Usage(usage) => {
                if let Some(shown) = lock(&self.turns).get(session) {
                    shown.doing.send_modify(|now| now.spent = spent(usage, None));
                }
            }
            _ => {}
        }
    }

    /// Shows a turn that runs, unless it is shown already.
    pub(super) fn begin(&self, connection: &Arc<Connection>, session: &SessionId) {
        if !connection.profile().progress || lock(&self.turns).contains_key(session) {
            return;
        }
        let token = format!("coworker/{}", self.count.fetch_add(1, Ordering::Relaxed));
        let (doing, steps) = watch::channel(Doing::default());
        lock(&self.turns).insert(session.clone(), Shown { token: token.clone(), doing });
        let shown = connection.clone();
        connection.spawn(async move { show(&shown, token, steps).await });
    }

    /// Shows a turn no longer.
    pub(super) fn end(&self, session: &SessionId) {
        lock(&self.turns).remove(session);
    }

    /// The session whose turn goes by this token.
    pub(super) fn session(&self, token: &str) -> Option<SessionId> {
        let turns = lock(&self.turns);
        turns.iter().find(|(_, shown)| shown.token == token).map(|(session, _)| session.clone())
    }
}

async fn show(connection: &Connection, token: String, mut steps: watch::Receiver<Doing>) {
    let token = lsp::ProgressToken::String(token);
    let params = lsp::WorkDoneProgressCreateParams { token: token.clone() };
    let create = connection.client.send_request::<lsp::WorkDoneProgressCreateRequest>(params);
    if !matches!(tokio::time::timeout(CREATE_TIMEOUT, create).await, Ok(Ok(()))) {
        return;
    }
    let report = |step: Step| {
        let params = Report { token: &token, value: step };
        connection.notify::<lsp::ProgressNotification>(params);
    };
    let message = steps.borrow_and_update().message();
    report(Step::Begin { title: "Coworker", cancellable: true, message });
    while steps.changed().await.is_ok() {
        let message = steps.borrow_and_update().message();
        report(Step::Report { message });
    }
    report(Step::End {});
}

#[derive(Serialize)]
struct Report<'a> {
    token: &'a lsp::ProgressToken,
    value: Step,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
enum Step {
    Begin {
        title: &'static str,
        cancellable: bool,
        #[serde(skip_serializing_if = "String::is_empty")]
        message: String,
    },
    Report {
        message: String,
    },
    End {},
}
