//! The tool calls of one model response: prepare, decide, run.
//!
//! Calls are taken in their order; those in a row that only read run at the same time. The edits
//! among them form one change set that is reviewed as a whole (`review.rs`), at the place of the
//! first of them; the calls after it wait for that, so a test runs on what it is meant to test.
//! What is asked of the user is in `approvals.rs`.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
};

use futures::{FutureExt, StreamExt, future::BoxFuture, stream};
use protocol::{
    AbsPath, Effect, ErrorCode, Image, ItemBody, Rule, SessionInfo, ToolCallStatus, ToolOutput,
    Update,
};

use crate::{
    Editable, NamedPicture, Output, Prepared, Tool, ToolContext, ToolError, Work, approvals,
    context::{self, Place},
    ledger::Watched,
    policy::{self, Situation, Verdict},
    prompts,
    review::Review,
    saving,
    sessions::lock,
    turn::{Halt, RequestedCall, Turn},
};

/// How many calls that only read run at the same time.
const AT_ONCE: usize = 8;

/// What earlier edits of the same response make of the files.
pub(crate) type Proposals = Arc<Mutex<HashMap<AbsPath, Proposed>>>;

/// What becomes of one file.
#[derive(Clone)]
pub(crate) enum Proposed {
    /// It gets this text.
    Text(Editable),
    /// It is deleted or moved, or something is moved there.
    Fate,
}

type Running = BoxFuture<'static, Result<Output, ToolError>>;

/// Does what the calls of one response ask for, or has it refused.
pub(crate) async fn run(turn: &Turn, calls: Vec<RequestedCall>) -> Result<(), Halt> {
    let proposals = Proposals::default();
    let mut review = Review::new(turn, proposals.clone());
    let mut performer = Performer { turn, reading: Vec::new() };
    let mut later = Vec::new();
    for mut call in calls {
        // First, so that a question about the call shows what it would do.
        let prepared = match prepare(turn, &mut call, &proposals).await? {
            Ok(Prepared { work, .. })
                if !review.is_empty() && !matches!(work, Work::Propose(_)) =>
            {
                later.push((call, work));
                continue;
            }
            prepared => prepared,
        };
        let Some(call) = performer.unless_stopped(call).await? else { continue };
        match prepared {
            Ok(Prepared { work: Work::Propose(edits), .. }) => review.add(call, edits).await?,
            Ok(Prepared { work, .. }) => performer.perform(call, work).await?,
            Err(error) => finish(turn, call, Err(error)).await?,
        }
    }
    performer.read().await?;
    review.finish().await?;
    for (call, work) in later {
        if let Some(call) = performer.unless_stopped(call).await? {
            performer.perform(call, work).await?;
        }
    }
    performer.read().await
}

/// Asks the user whether a call may be made once more that came to the same twice.
async fn goes_on(turn: &Turn, call: &mut RequestedCall) -> Result<bool, Halt> {
    let why = "The agent has made exactly this call twice in this turn, with the same result.";
    let unsaved = saving::Unsaved::default();
    let answer = approvals::ask_for_call(turn, call, why.to_owned(), false, &unsaved).await?;
    Ok(answer.decision.allows())
}

async fn prepare(
    turn: &Turn,
    call: &mut RequestedCall,
    proposals: &Proposals,
) -> Result<Result<Prepared, ToolError>, Halt> {
    let input = match &call.input {
        Ok(input) => input.clone(),
        Err(error) => {
            let words = prompts::not_json(error);
            return Ok(Err(ToolError::new(ErrorCode::BadToolArguments, words)));
        }
    };
    let Some(tool) = find(&turn.shared.parts.tools, &call.call.name) else {
        let names: Vec<String> =
            turn.shared.parts.tools.iter().map(|tool| tool.spec().name).collect();
        let words = prompts::unknown_tool(&call.call.name, &names);
        return Ok(Err(ToolError::new(ErrorCode::UnknownTool, words)));
    };
    let proposed = proposals.clone();
    let SessionInfo { root, folders, .. } = turn.session.info();
    let context = ToolContext {
        root,
        folders,
        documents: turn.shared.parts.documents.clone(),
        session: turn.handle(&call.item.id),
        item_id: call.item.id.clone(),
        cancel: turn.cancel.child_token(),
        proposals: Arc::new(move |path| lock(&proposed).get(path).cloned()),
        forbidden: turn.shared.parts.settings.forbidden.clone(),
    };
    let prepared = turn.unless_cancelled(guarded(tool.prepare(input, &context))).await?;
    Ok(prepared.inspect(|prepared| {
        call.call.title.clone_from(&prepared.title);
        call.call.effects.clone_from(&prepared.effects);
    }))
}

fn find(tools: &[Arc<dyn Tool>], name: &str) -> Option<Arc<dyn Tool>> {
    tools.iter().find(|tool| tool.spec().name == name).cloned()
}

/// Does calls that are not edits, one after the other, but what only reads at the same time.
struct Performer<'a> {
    turn: &'a Turn,
    /// Calls in a row that only read and that nobody has to be asked about.
    reading: Vec<(RequestedCall, Running)>,
}

impl Performer<'_> {
    /// The call, unless it came to the same twice before and the user stops it.
    async fn unless_stopped(
        &mut self,
        mut call: RequestedCall,
    ) -> Result<Option<RequestedCall>, Halt> {
        let is_equal = |other: &RequestedCall| {
            (&other.call.name, &other.call.input) == (&call.call.name, &call.call.input)
        };
        // An equal call of the same response counts, with what it comes to.
        if self.reading.iter().any(|(other, _)| is_equal(other)) {
            self.read().await?;
        }
        let turn = self.turn;
        if !turn.repeats(&call) {
            return Ok(Some(call));
        }
        // What was read meanwhile is on the screen before the question is.
        self.read().await?;
        if goes_on(turn, &mut call).await? {
            return Ok(Some(call));
        }
        let words = prompts::repeated(&call.call.name);
        finish(turn, call, Err(ToolError::new(ErrorCode::Rejected, words))).await?;
        Ok(None)
    }

    /// Decides on a call, and does it now or, if it only reads, with those that follow.
    async fn perform(&mut self, mut call: RequestedCall, work: Work) -> Result<(), Halt> {
        // What a call does is what its work is, whatever it said of itself.
        let submits_plan = matches!(work, Work::SubmitPlan { .. });
        if submits_plan && !call.call.effects.contains(&Effect::SubmitPlan) {
            call.call.effects.push(Effect::SubmitPlan);
        }
        let verdict = decide(self.turn, &call.call.effects).await?;
        let work = match work {
            Work::Run(work) if verdict == Verdict::Allow && only_reads(&call) => {
                self.reading.push((call, work));
                return Ok(());
            }
            work => work,
        };
        self.read().await?;
        let turn = self.turn;
        let (why, rememberable) = match verdict {
            Verdict::Deny { why } => {
                let denied = ToolError::new(ErrorCode::Denied, prompts::denied(&why));
                return finish(turn, call, Err(denied)).await;
            }
            Verdict::Ask { why, rememberable } => (Some(why), rememberable),
            Verdict::Allow => (None, false),
        };
        match work {
            Work::SubmitPlan { summary, steps } => {
                let why = why.unwrap_or_default();
                approvals::submit_plan(turn, call, summary, steps, why).await
            }
            Work::Ask(questions) => approvals::ask_questions(turn, call, questions).await,
            Work::Run(work) => act(turn, call, work, why, rememberable).await,
            // Edits are the review's.
            Work::Propose(_) => Ok(()),
        }
    }

    /// Runs the calls that only read, and ends them in their order.
    async fn read(&mut self) -> Result<(), Halt> {
        let turn = self.turn;
        let mut calls = Vec::new();
        let mut works = Vec::new();
        for (mut call, work) in self.reading.drain(..) {
            turn.session.post(begin(&mut call)).await;
            let effects = call.call.effects.clone();
            calls.push(call);
            works.push(async move {
                match moved(turn, &effects).await {
                    Some(path) => {
                        let words = prompts::moved(path.as_str());
                        Err(ToolError::new(ErrorCode::BadPath, words))
                    }
                    None => guarded(work).await,
                }
            });
        }
        let mut results = stream::iter(works).buffered(AT_ONCE);
        for call in calls {
            let Some(result) = turn.unless_cancelled(results.next()).await? else { break };
            finish(turn, call, result).await?;
        }
        Ok(())
    }
}

/// Does a call that changes something or that has to be asked about.
async fn act(
    turn: &Turn,
    mut call: RequestedCall,
    work: Running,
    why: Option<String>,
    rememberable: bool,
) -> Result<(), Halt> {
    let unsaved = saving::before(turn, &call.call.effects).await;
    let mut save = unsaved.saves_itself(turn);
    let runs = call.call.effects.iter().any(|effect| matches!(effect, Effect::Run { .. }));
    if let Some(why) = why {
        if runs {
            // While the user thinks: the next time it is quick.
            turn.session.ledger.post(|book| Box::pin(book.look_at_folders()));
        }
        let answer = approvals::ask_for_call(turn, &mut call, why, rememberable, &unsaved).await?;
        if !answer.decision.allows() {
            let words = prompts::rejected(answer.reason.as_deref());
            return finish(turn, call, Err(ToolError::new(ErrorCode::Rejected, words))).await;
        }
        save = answer.decision == protocol::Decision::SaveAndRun;
    }
    if let Some(path) = moved(turn, &call.call.effects).await {
        let words = prompts::moved(path.as_str());
        return finish(turn, call, Err(ToolError::new(ErrorCode::BadPath, words))).await;
    }
    let begun = begin(&mut call);
    if only_reads(&call) {
        turn.session.post(begun).await;
    } else {
        // What changes something is journaled as begun before it is: after a death the
        // session must not say that nothing was done.
        turn.session.record(vec![begun]).await?;
    }
    if save {
        turn.unless_cancelled(unsaved.save(turn)).await?;
    }
    let lagging = unsaved.note(turn).await;
    let watched = if runs { Some(watch(turn).await?) } else { None };
    let result = turn.unless_cancelled(guarded(work)).await;
    if let Some(watched) = watched {
        let goes_on = matches!(&result, Ok(Ok(Output { goes_on: true, .. })));
        unwatch(turn, watched, goes_on);
    }
    let mut result = result?;
    if let (Some(note), Ok(Output { text, .. }) | Err(ToolError { message: text, .. })) =
        (lagging, &mut result)
    {
        *text = format!("{note}\n\n{text}");
    }
    finish(turn, call, result).await
}

/// Has the folders of the session kept as they are, because a command is about to run.
async fn watch(turn: &Turn) -> Result<Watched, Halt> {
    let kept = turn.session.ledger.ask(|book| Box::pin(book.before_command()));
    Ok(turn.unless_cancelled(kept).await???)
}

/// Has it noted what the command changed. Nobody waits for that; what comes next in the ledger does.
fn unwatch(turn: &Turn, watched: Watched, goes_on: bool) {
    let ledger = &turn.session.ledger;
    if goes_on {
        ledger.post(move |book| Box::pin(async move { book.goes_on(watched) }));
    } else {
        ledger.post(move |book| Box::pin(book.after_command(watched)));
    }
}

fn only_reads(call: &RequestedCall) -> bool {
    call.call.effects.iter().all(|effect| matches!(effect, Effect::Read { .. }))
}

/// Marks a call as running.
fn begin(call: &mut RequestedCall) -> Update {
    call.call.status = ToolCallStatus::Running;
    call.item.body = ItemBody::ToolCall(call.call.clone());
    Update::ItemChanged { item: call.item.clone() }
}

/// What policy says to these effects now.
pub(crate) async fn decide(turn: &Turn, effects: &[Effect]) -> Result<Verdict, Halt> {
    let info = &turn.session.info();
    let SessionInfo { root, folders, .. } = info;
    let under = |skills: &[AbsPath], rules: &[Rule]| {
        let forbidden = &turn.shared.parts.settings.forbidden;
        let situation = Situation { mode: turn.mode(), root, folders, forbidden, skills, rules };
        policy::decide(&situation, effects)
    };
    let mut skills = Vec::new();
    if matches!(under(&skills, &[]), Verdict::Deny { .. }) {
        // The files of a skill are the only ones there that may be read.
        let place = Place::new(&turn.shared.parts, info, turn.mode());
        skills = context::forbidden_folders(&place).await;
    }
    match under(&skills, &[]) {
        // Rules only ever spare a question, so they are read only where one would be asked.
        Verdict::Ask { rememberable: true, .. } => Ok(under(&skills, &turn.rules().await?)),
        verdict => Ok(verdict),
    }
}

/// The first path among the effects that no longer leads where it led when it was shown.
pub(crate) async fn moved(turn: &Turn, effects: &[Effect]) -> Option<AbsPath> {
    let paths = effects.iter().flat_map(|effect| match effect {
        Effect::Read { path }
        | Effect::Write { path }
        | Effect::Delete { path }
        | Effect::Run { folder: path, .. } => vec![path],
        Effect::Move { from, to } => vec![from, to],
        _ => Vec::new(),
    });
    for path in paths {
        match turn.shared.parts.documents.resolve(path).await {
            Ok(now) if now == *path => {}
            _ => return Some(path.clone()),
        }
    }
    None
}

/// Journals what a call came to.
pub(crate) async fn finish(
    turn: &Turn,
    mut call: RequestedCall,
    result: Result<Output, ToolError>,
) -> Result<(), Halt> {
    call.call.status = match &result {
        Ok(_) => ToolCallStatus::Completed,
        Err(error) if matches!(error.code, ErrorCode::Rejected | ErrorCode::Denied) => {
            ToolCallStatus::Rejected
        }
        Err(error) if error.code == ErrorCode::Cancelled => ToolCallStatus::Cancelled,
        Err(_) => ToolCallStatus::Failed,
    };
    if let Ok(Output { ending: Some(ending), .. }) = &result {
        call.call.title.push_str(&format!(": {ending}"));
    }
    call.call.output = Some(match result {
        Ok(Output { text, pictures, .. }) => {
            let images = keep(turn, pictures).await?;
            ToolOutput { images, ..ToolOutput::text(text) }
        }
        Err(error) => ToolOutput { error: Some(error.code), ..ToolOutput::text(error.message) },
    });
    call.item.body = ItemBody::ToolCall(call.call);
    Ok(turn.session.record(vec![Update::ItemEnded { item: call.item }]).await?)
}

/// Keeps pictures beside the journal, which only names them.
async fn keep(turn: &Turn, pictures: Vec<NamedPicture>) -> Result<Vec<Image>, Halt> {
    let mut images = Vec::new();
    for NamedPicture { path, picture } in pictures {
        let kept = turn.shared.parts.store.put_blob(&turn.session.id, &picture.bytes).await;
        let hash = kept.map_err(|error| Halt::Failed(error.into()))?;
        let bytes = picture.bytes.len() as u64;
        images.push(Image { path, media_type: picture.media_type, hash, bytes });
    }
    Ok(images)
}

/// Shields the turn from a tool that panics.
async fn guarded<T>(work: impl Future<Output = Result<T, ToolError>>) -> Result<T, ToolError> {
    let caught = AssertUnwindSafe(work).catch_unwind().await;
    caught.unwrap_or_else(|panic| {
        let said = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied())
            .unwrap_or("no message");
        tracing::error!(said, "a tool panicked");
        Err(ToolError::new(ErrorCode::Internal, prompts::panicked(said)))
    })
}
