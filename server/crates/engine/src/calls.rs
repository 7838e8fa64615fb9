//! The tool calls of one model response: prepare, decide, run.
//!
//! Calls are taken in their order. The edits among them form one change set that is reviewed as
//! a whole (`review.rs`), at the place of the first of them; the calls after it wait for that, so
//! a test runs on what it is meant to test.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::{Arc, Mutex},
};

use futures::FutureExt;
use protocol::{
    AbsPath, Answer, Approval, ApprovalOption, ApprovalSubject, Decision, Effect, ErrorCode,
    ItemBody, Mode, Plan, PlanStatus, Rule, ToolCallStatus, ToolOutput, Update,
};

use crate::{
    Editable, FreeToRead, Prepared, Tool, ToolContext, ToolError, Work,
    policy::{self, Situation, Verdict},
    prompts,
    review::Review,
    sessions::lock,
    turn::{Halt, RequestedCall, Turn},
};

/// What earlier edits of the same response make of the files.
pub(crate) type Proposals = Arc<Mutex<HashMap<AbsPath, Editable>>>;

/// Does what the calls of one response ask for, or has it refused.
pub(crate) async fn run(turn: &Turn, calls: Vec<RequestedCall>) -> Result<(), Halt> {
    let proposals = Proposals::default();
    let mut review = Review::new(turn, proposals.clone());
    let mut later = Vec::new();
    for mut call in calls {
        let prepared = match prepare(turn, &mut call, &proposals).await? {
            Ok(prepared) => prepared,
            Err(error) => {
                finish(turn, call, Err(error)).await?;
                continue;
            }
        };
        match prepared.work {
            Work::Propose(edits) => review.add(call, edits).await?,
            work if review.is_empty() => perform(turn, call, work).await?,
            work => later.push((call, work)),
        }
    }
    review.finish().await?;
    for (call, work) in later {
        perform(turn, call, work).await?;
    }
    Ok(())
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
    let context = ToolContext {
        root: turn.session.info().root,
        documents: turn.shared.parts.documents.clone(),
        session: turn.handle(&call.item.id),
        item_id: call.item.id.clone(),
        cancel: turn.cancel.child_token(),
        proposals: Arc::new(move |path| lock(&proposed).get(path).cloned()),
        free_to_read: free_to_read(turn),
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

/// Decides on a call that is not an edit, and does it.
async fn perform(turn: &Turn, mut call: RequestedCall, work: Work) -> Result<(), Halt> {
    // What a call does is what its work is, whatever it said of itself.
    let submits_plan = matches!(work, Work::SubmitPlan { .. });
    if submits_plan && !call.call.effects.contains(&Effect::SubmitPlan) {
        call.call.effects.push(Effect::SubmitPlan);
    }
    match decide(turn, &call.call.effects).await? {
        Verdict::Deny { why } => {
            let denied = ToolError::new(ErrorCode::Denied, prompts::denied(&why));
            return finish(turn, call, Err(denied)).await;
        }
        Verdict::Ask { why, rememberable } => {
            if let Work::SubmitPlan { summary, steps } = work {
                return submit_plan(turn, call, summary, steps, why).await;
            }
            let answer = ask_for(turn, &mut call, why, rememberable).await?;
            if !answer.decision.allows() {
                let words = prompts::rejected(answer.reason.as_deref());
                return finish(turn, call, Err(ToolError::new(ErrorCode::Rejected, words))).await;
            }
        }
        Verdict::Allow => {}
    }
    let Work::Run(work) = work else { return Ok(()) };
    if let Some(path) = moved(turn, &call.call.effects).await {
        let words = prompts::moved(path.as_str());
        return finish(turn, call, Err(ToolError::new(ErrorCode::BadPath, words))).await;
    }
    call.call.status = ToolCallStatus::Running;
    call.item.body = ItemBody::ToolCall(call.call.clone());
    let begun = Update::ItemChanged { item: call.item.clone() };
    if call.call.effects.iter().all(|effect| matches!(effect, Effect::Read { .. })) {
        turn.session.post(begun).await;
    } else {
        // What changes something is journaled as begun before it is: after a death the session
        // must not say that nothing was done.
        turn.session.record(vec![begun]).await?;
    }
    let result = turn.unless_cancelled(guarded(work)).await?;
    finish(turn, call, result).await
}

fn free_to_read(turn: &Turn) -> FreeToRead {
    let (mode, root) = (turn.mode(), turn.session.info().root);
    let forbidden = turn.shared.parts.settings.forbidden.clone();
    Arc::new(move |path| {
        let situation = Situation { mode, root: &root, forbidden: &forbidden, rules: &[] };
        policy::is_free_to_read(&situation, path)
    })
}

/// What policy says to these effects now.
pub(crate) async fn decide(turn: &Turn, effects: &[Effect]) -> Result<Verdict, Halt> {
    let root = turn.session.info().root;
    let under = |rules: &[Rule]| {
        let forbidden = &turn.shared.parts.settings.forbidden;
        let situation = Situation { mode: turn.mode(), root: &root, forbidden, rules };
        policy::decide(&situation, effects)
    };
    match under(&[]) {
        // Rules only ever spare a question, so they are read only where one would be asked.
        Verdict::Ask { rememberable: true, .. } => Ok(under(&turn.rules().await?)),
        verdict => Ok(verdict),
    }
}

/// The first path among the effects that no longer leads where it led when it was shown.
pub(crate) async fn moved(turn: &Turn, effects: &[Effect]) -> Option<AbsPath> {
    for effect in effects {
        let (Effect::Read { path } | Effect::Write { path } | Effect::Run { folder: path, .. }) =
            effect
        else {
            continue;
        };
        match turn.shared.parts.documents.resolve(path).await {
            Ok(now) if now == *path => {}
            _ => return Some(path.clone()),
        }
    }
    None
}

async fn ask_for(
    turn: &Turn,
    call: &mut RequestedCall,
    why: String,
    rememberable: bool,
) -> Result<Answer, Halt> {
    // The call shows its title and effects while the question about it is open.
    call.item.body = ItemBody::ToolCall(call.call.clone());
    turn.session.record(vec![Update::ItemChanged { item: call.item.clone() }]).await?;
    let effects = call.call.effects.clone();
    let options = options("Allow", "Reject", rememberable.then_some(effects.as_slice()));
    let subject = ApprovalSubject::ToolCall { item_id: call.item.id.clone(), effects };
    let title = call.call.title.clone();
    ask(turn, Approval { title, subject, why, options, answer: None }).await
}

/// Puts a question to the user and remembers the answer as far as they want it remembered.
pub(crate) async fn ask(turn: &Turn, approval: Approval) -> Result<Answer, Halt> {
    let options = approval.options.clone();
    let item = turn.item(ItemBody::Approval(approval.clone()));
    let answer = turn.unless_cancelled(turn.session.ask(item, approval)).await??;
    if answer.decision == Decision::Withdrawn {
        return Err(Halt::Cancelled);
    }
    if answer.decision == Decision::Always {
        let chosen = options.iter().find(|option| option.decision == Decision::Always);
        for rule in chosen.into_iter().flat_map(|option| &option.rules) {
            let root = turn.session.info().root;
            let added = turn.shared.parts.store.add_rule(&root, rule).await;
            added.map_err(|error| Halt::Failed(error.into()))?;
        }
    }
    Ok(answer)
}

/// The answers there are; those that are remembered only where there is something to remember.
pub(crate) fn options(yes: &str, no: &str, remember: Option<&[Effect]>) -> Vec<ApprovalOption> {
    let option = |decision, label: String, rules| ApprovalOption { decision, label, rules };
    let mut options = vec![
        option(Decision::Reject, no.to_owned(), Vec::new()),
        option(Decision::Once, yes.to_owned(), Vec::new()),
    ];
    if let Some(effects) = remember.filter(|effects| !effects.is_empty()) {
        let rules: Vec<Rule> =
            effects.iter().map(|effect| Rule { allow: effect.clone() }).collect();
        let writes = effects.iter().all(|effect| matches!(effect, Effect::Write { .. }));
        let exactly = match effects {
            [Effect::Run { .. }] => "exactly this command",
            [_] if writes => "edits of exactly this file",
            _ if writes => "edits of exactly these files",
            [_] => "exactly this path",
            _ => "exactly these",
        };
        let in_session = format!("{yes} {exactly} in this session");
        let always = format!("Always {} {exactly} in this folder", yes.to_lowercase());
        options.push(option(Decision::Session, in_session, rules.clone()));
        options.push(option(Decision::Always, always, rules));
    }
    options
}

async fn submit_plan(
    turn: &Turn,
    call: RequestedCall,
    summary: String,
    steps: Vec<String>,
    why: String,
) -> Result<(), Halt> {
    let mut plan = Plan { summary: summary.clone(), steps, status: PlanStatus::Proposed };
    let mut item = turn.item(ItemBody::Plan(plan.clone()));
    turn.session.record(vec![Update::ItemStarted { item: item.clone() }]).await?;
    let subject = ApprovalSubject::Plan { item_id: item.id.clone() };
    let options = options("Approve", "Reject", None);
    let title = format!("Plan: {summary}");
    let answer = ask(turn, Approval { title, subject, why, options, answer: None }).await?;
    let approved = answer.decision.allows();
    plan.status = if approved { PlanStatus::Approved } else { PlanStatus::Rejected };
    item.body = ItemBody::Plan(plan);
    let mut updates = vec![Update::ItemEnded { item }];
    if approved && turn.mode() == Mode::Plan {
        let model = turn.session.look(|state| state.model.clone());
        updates.push(Update::Config { mode: Mode::Ask, model });
    }
    turn.session.record(updates).await?;
    let result = if approved {
        Ok(prompts::plan_approved(turn.mode()))
    } else {
        let words = prompts::plan_rejected(answer.reason.as_deref());
        Err(ToolError::new(ErrorCode::Rejected, words))
    };
    finish(turn, call, result).await
}

/// Journals what a call came to.
pub(crate) async fn finish(
    turn: &Turn,
    mut call: RequestedCall,
    result: Result<String, ToolError>,
) -> Result<(), Halt> {
    call.call.status = match &result {
        Ok(_) => ToolCallStatus::Completed,
        Err(error) if matches!(error.code, ErrorCode::Rejected | ErrorCode::Denied) => {
            ToolCallStatus::Rejected
        }
        Err(error) if error.code == ErrorCode::Cancelled => ToolCallStatus::Cancelled,
        Err(_) => ToolCallStatus::Failed,
    };
    call.call.output = Some(match result {
        Ok(text) => ToolOutput { text, error: None },
        Err(error) => ToolOutput { text: error.message, error: Some(error.code) },
    });
    call.item.body = ItemBody::ToolCall(call.call);
    Ok(turn.session.record(vec![Update::ItemEnded { item: call.item }]).await?)
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
