//! The seam to tools: prepare, decide, run.
//!
//! A tool says what a call *would* do before anything is done; the engine decides; only then the
//! work is polled. Text changes are not the tool's to make: it proposes them, and the engine has
//! them reviewed, applies them and tells the model what became of them.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use futures::future::BoxFuture;
use protocol::{
    AbsPath, Effect, ErrorCode, FileChangeKind, ItemId, Mode, Question, Replacement, Stamp,
};
use ropey::Rope;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::{
    DocumentError, Documents, Picture,
    calls::Proposed,
    policy::{self, Situation},
    prompts,
    session::SessionHandle,
};

/// Something the model can do.
#[async_trait]
pub trait Tool: Send + Sync {
    /// Its name, description and arguments. Always the same.
    fn spec(&self) -> ToolSpec;

    /// Checks the arguments and says what the call would do. May read, never writes.
    ///
    /// # Errors
    /// The arguments do not fit, or what they name is not there.
    async fn prepare(&self, input: Value, context: &ToolContext) -> Result<Prepared, ToolError>;
}

/// What the model is told of a tool.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// What the model calls it.
    pub name: String,
    /// What it does, when to use it, when not, its limits. From `prompts/tools/`.
    pub description: String,
    /// The JSON Schema of its arguments.
    pub schema: Value,
}

/// A call that has been checked and not been done.
pub struct Prepared {
    /// One line for people, such as `Read src/main.rs`.
    pub title: String,
    /// Everything it would do, with resolved paths.
    pub effects: Vec<Effect>,
    /// How it would be done.
    pub work: Work,
}

/// How a call is done once it is allowed.
pub enum Work {
    /// By the tool. The future is lazy: nothing happens until the engine polls it, and before
    /// that the engine looks again whether the paths lead where they led when they were shown.
    /// Dropping the future stops the work.
    Run(BoxFuture<'static, Result<Output, ToolError>>),
    /// By the engine: the edits become part of the response's change set.
    Propose(Vec<ProposedEdit>),
    /// By the engine: the plan is put before the user.
    SubmitPlan {
        /// What it is about.
        summary: String,
        /// What will be done, in order.
        steps: Vec<String>,
    },
    /// By the engine: the questions are put before the user, and the answers are the result.
    Ask(Vec<Question>),
}

impl Work {
    /// Work of the tool that comes to words, or to words and pictures.
    pub fn run<T: Into<Output>>(
        work: impl Future<Output = Result<T, ToolError>> + Send + 'static,
    ) -> Self {
        Self::Run(Box::pin(async move { work.await.map(Into::into) }))
    }
}

/// What a call came to: what the model reads, and what it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Output {
    /// The words.
    pub text: String,
    /// Pictures.
    pub pictures: Vec<NamedPicture>,
    /// Whether something that it began still runs, and may go on to change files.
    pub goes_on: bool,
    /// How it ended if not as people would expect, to stand behind the title: `exit code 2`. For
    /// the model it is a result like any other, and stands in the words.
    pub ending: Option<String>,
}

/// A picture and where it is from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPicture {
    /// The file it was read from, resolved.
    pub path: AbsPath,
    /// The picture.
    pub picture: Picture,
}

impl From<String> for Output {
    fn from(text: String) -> Self {
        Self { text, ..Self::default() }
    }
}

/// Changes to one file that a call proposes.
#[derive(Clone, Debug, PartialEq)]
pub struct ProposedEdit {
    /// The file, resolved.
    pub path: AbsPath,
    /// What happens to the file as a whole.
    pub kind: FileChangeKind,
    /// Where the file goes, resolved; only if it is moved.
    pub to: Option<AbsPath>,
    /// The document it is made for, as [`ToolContext::editable`] gave it.
    pub base: Option<Stamp>,
    /// What is replaced in the text that [`ToolContext::editable`] gave, in ascending order.
    pub replacements: Vec<Replacement>,
    /// What the model is told besides if it is applied, such as how it was made to fit.
    pub note: Option<String>,
    /// Why, in the model's words, for whoever reviews it.
    pub reason: Option<String>,
}

impl Prepared {
    /// Says why, in the model's words, at every edit that it proposes.
    #[must_use]
    pub fn because(mut self, reason: Option<&str>) -> Self {
        let line = reason.map(|reason| reason.split_whitespace().collect::<Vec<_>>().join(" "));
        let line = line.map(|line| line.chars().take(MAX_REASON).collect::<String>());
        if let (Work::Propose(edits), Some(line)) = (&mut self.work, line)
            && !line.is_empty()
        {
            edits.iter_mut().for_each(|edit| edit.reason = Some(line.clone()));
        }
        self
    }
}

/// More characters of a reason are not kept.
const MAX_REASON: usize = 300;

/// What a call may use.
#[derive(Clone)]
pub struct ToolContext {
    /// The folder the session works in; relative paths start here.
    pub root: AbsPath,
    /// Further folders of the same work.
    pub folders: Vec<AbsPath>,
    /// The texts as the agent sees them.
    pub documents: Arc<dyn Documents>,
    /// The session: todos and live output go through it.
    pub session: SessionHandle,
    /// The item of this call.
    pub item_id: ItemId,
    /// Set when the user stops the turn.
    pub cancel: CancellationToken,
    /// What earlier edits of the same response make of the files.
    pub(crate) proposals: ProposedTexts,
    /// Folders no tool may touch, resolved.
    pub(crate) forbidden: Vec<AbsPath>,
}

/// Looks up what earlier edits of the same response make of a file.
pub(crate) type ProposedTexts = Arc<dyn Fn(&AbsPath) -> Option<Proposed> + Send + Sync>;

/// Says whether the agent may read a resolved path without asking.
pub type FreeToRead = Arc<dyn Fn(&AbsPath) -> bool + Send + Sync>;

/// The text an edit is made against.
#[derive(Clone, Debug)]
pub struct Editable {
    /// The text, with the earlier edits of the same response in it.
    pub text: String,
    /// The document below them; none if they create it.
    pub base: Option<Stamp>,
}

impl ToolContext {
    /// A context for a call outside of any session: todos and live output go nowhere. `root` is
    /// resolved.
    pub fn detached(root: AbsPath, documents: Arc<dyn Documents>) -> Self {
        Self {
            root,
            folders: Vec::new(),
            documents,
            session: SessionHandle::detached(),
            item_id: ItemId::from("detached"),
            cancel: CancellationToken::new(),
            proposals: Arc::new(|_| None),
            forbidden: Vec::new(),
        }
    }

    /// Turns a path as the model wrote it into the one resolved path that counts.
    ///
    /// # Errors
    /// The path cannot be followed.
    pub async fn resolve(&self, path: &str) -> Result<AbsPath, ToolError> {
        let path = self
            .root
            .join(path)
            .map_err(|error| ToolError::new(ErrorCode::BadPath, error.to_string()))?;
        Ok(self.documents.resolve(&path).await?)
    }

    /// Whether the agent may read a resolved path without asking. A tool that looks into files
    /// which its call does not name leaves out the others.
    pub fn free_to_read(&self) -> FreeToRead {
        self.free_in(self.folders.clone(), None)
    }

    /// The same for a search below a resolved path that its call names. That it may look there
    /// has been decided; of what is there only secrets are left out.
    pub fn free_to_read_below(&self, named: &AbsPath) -> FreeToRead {
        let is_forbidden = self.forbidden.iter().any(|folder| named.starts_with(folder));
        // Only a skill is allowed there, and then all that is in it.
        let skill = is_forbidden.then(|| named.clone());
        self.free_in(self.folders.iter().chain([named]).cloned().collect(), skill)
    }

    fn free_in(&self, folders: Vec<AbsPath>, skill: Option<AbsPath>) -> FreeToRead {
        let (root, forbidden) = (self.root.clone(), self.forbidden.clone());
        Arc::new(move |path| {
            // Neither the mode nor what the user allowed makes anything free.
            let (mode, rules) = (Mode::default(), &[]);
            let (root, folders, forbidden) = (&root, &folders, &forbidden);
            let skills = skill.as_slice();
            let situation = Situation { mode, root, folders, forbidden, skills, rules };
            policy::is_free_to_read(&situation, path)
        })
    }

    /// What the model was last shown of a document in this session; none if nothing, or if it
    /// is too long ago.
    pub fn seen(&self, path: &AbsPath) -> Option<SeenText> {
        self.session.seen(path)
    }

    /// The text that an edit of this response has to be made against: earlier edits of the same
    /// response are in it, although they are decided later.
    ///
    /// # Errors
    /// There is no such text.
    pub async fn editable(&self, path: &AbsPath) -> Result<Editable, ToolError> {
        match (self.proposals)(path) {
            Some(Proposed::Text(editable)) => return Ok(editable),
            Some(Proposed::Fate) => {
                let words = prompts::one_fate(path.relative_to(&self.root));
                return Err(ToolError::new(ErrorCode::EditStale, words));
            }
            None => {}
        }
        let snapshot = self.documents.snapshot(path).await?;
        Ok(Editable { text: snapshot.text.to_string(), base: Some(snapshot.stamp) })
    }
}

/// What the model was last shown of a document in this session.
#[derive(Clone, Debug)]
pub struct SeenText {
    /// The whole text as it was then.
    pub text: Rope,
    /// The lines that it was shown, counted from 0, the end outside; in ascending order.
    pub lines: Vec<Range<u32>>,
}

/// A failure that the model is told, in words it can act on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ToolError {
    /// What went wrong, for programs.
    pub code: ErrorCode,
    /// What went wrong and what to do instead, for the model.
    pub message: String,
}

impl ToolError {
    /// An error of this code that says `message`.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }
}

impl From<DocumentError> for ToolError {
    fn from(error: DocumentError) -> Self {
        Self::new(error.code(), error.to_string())
    }
}
