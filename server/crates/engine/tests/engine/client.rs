//! An editor with somebody in front of it: it records what it is told, and a test answers what
//! it is asked. To an edit it never says a word.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use engine::{ApplyRefused, Attached, BufferEdit, ConnectionId, Editor, Seen, Sessions};
use protocol::{
    Answer, Approval, Decision, ErrorCode, ErrorInfo, ItemId, SessionId, SessionState,
    SessionUpdate, Status, StopReason, TurnId, Update,
};
use tokio::sync::{Mutex as AsyncMutex, mpsc, oneshot};

use crate::stage::within;

/// A client of the sessions, attached or not.
pub struct Client {
    sessions: Sessions,
    screen: Arc<Screen>,
    pub connection: ConnectionId,
    questions: AsyncMutex<mpsc::UnboundedReceiver<Question>>,
    edits: AsyncMutex<mpsc::UnboundedReceiver<BufferEdit>>,
}

/// The half that the engine knows.
struct Screen {
    name: &'static str,
    /// What is answered without a look, if anything.
    habit: Option<Decision>,
    told: Mutex<Vec<SessionUpdate>>,
    open_questions: AtomicUsize,
    questions: mpsc::UnboundedSender<Question>,
    edits: mpsc::UnboundedSender<BufferEdit>,
}

/// A question on the screen.
pub struct Question {
    pub id: ItemId,
    pub approval: Approval,
    reply: oneshot::Sender<Answer>,
}

impl Question {
    pub fn answer(self, decision: Decision) {
        let _ = self.reply.send(Answer::new(decision, "overwritten by the engine"));
    }

    /// Waits until the question is taken off the screen.
    pub async fn withdrawn(mut self) {
        within(self.reply.closed()).await;
    }
}

impl Client {
    pub fn connect(sessions: &Sessions, name: &'static str, habit: Option<Decision>) -> Self {
        let (ask, questions) = mpsc::unbounded_channel();
        let (apply, edits) = mpsc::unbounded_channel();
        let screen = Arc::new(Screen {
            name,
            habit,
            told: Mutex::default(),
            open_questions: AtomicUsize::new(0),
            questions: ask,
            edits: apply,
        });
        Self {
            sessions: sessions.clone(),
            connection: sessions.connect(screen.clone()),
            screen,
            questions: AsyncMutex::new(questions),
            edits: AsyncMutex::new(edits),
        }
    }

    pub async fn attach(&self, id: &SessionId) -> Attached {
        self.attach_from(id, None).await.unwrap()
    }

    pub async fn attach_from(
        &self,
        id: &SessionId,
        seen: Option<Seen>,
    ) -> Result<Attached, ErrorInfo> {
        within(self.sessions.attach(self.connection, id, seen)).await
    }

    pub async fn leave(&self) {
        within(self.sessions.disconnect(self.connection)).await;
    }

    pub fn told(&self) -> Vec<SessionUpdate> {
        self.screen.told.lock().unwrap().clone()
    }

    /// The session as this client shows it.
    pub fn state(&self) -> SessionState {
        shown(&self.told())
    }

    /// Whether a turn runs, as the client was last told.
    fn status(&self) -> Option<Status> {
        let told = self.screen.told.lock().unwrap();
        told.iter().rev().find_map(|told| match &told.update {
            Update::Status(status) => Some(status.clone()),
            _ => None,
        })
    }

    /// The next question that comes up.
    pub async fn question(&self) -> Question {
        within(async { self.questions.lock().await.recv().await }).await.unwrap()
    }

    /// How many questions are on the screen.
    pub fn open_questions(&self) -> usize {
        self.screen.open_questions.load(Ordering::SeqCst)
    }

    /// Waits until this client is told that the turn has ended: why, and with what error.
    pub async fn end(&self, turn: &TurnId) -> (Option<StopReason>, Option<ErrorCode>) {
        within(async {
            loop {
                match self.status() {
                    Some(Status::Idle { turn_id: Some(id), stop_reason, error }) if id == *turn => {
                        return (stop_reason, error.map(|error| error.code));
                    }
                    _ => tokio::task::yield_now().await,
                }
            }
        })
        .await
    }

    /// The next edit that the editor is to make.
    pub async fn edit(&self) -> BufferEdit {
        within(async { self.edits.lock().await.recv().await }).await.unwrap()
    }
}

/// Counts a question for as long as it is on the screen.
struct Open<'a>(&'a AtomicUsize);

impl<'a> Open<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// What a client shows that was told this.
pub fn shown(told: &[SessionUpdate]) -> SessionState {
    SessionState::fold(told.iter().map(|told| &told.update))
}

#[async_trait]
impl Editor for Screen {
    fn name(&self) -> String {
        self.name.to_owned()
    }

    fn notify(&self, update: &SessionUpdate) {
        self.told.lock().unwrap().push(update.clone());
    }

    async fn ask(&self, _: &SessionId, id: &ItemId, approval: &Approval) -> Option<Answer> {
        let _open = Open::new(&self.open_questions);
        if let Some(habit) = self.habit {
            return Some(Answer::new(habit, "overwritten by the engine"));
        }
        let (reply, answer) = oneshot::channel();
        let question = Question { id: id.clone(), approval: approval.clone(), reply };
        self.questions.send(question).ok()?;
        answer.await.ok()
    }

    async fn apply(&self, edit: BufferEdit) -> Result<(), ApplyRefused> {
        let _ = self.edits.send(edit);
        std::future::pending().await
    }
}
