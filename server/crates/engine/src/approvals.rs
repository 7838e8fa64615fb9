//! What is asked of the user in the course of a turn, and what their answers mean.
//!
//! There is one kind of question, the approval; plans and the agent's own questions are among
//! its subjects. Who is asked, and that the first answer counts, is in `session/questions.rs`.

use protocol::{
    Answer, Approval, ApprovalOption, ApprovalSubject, Decision, Effect, ErrorCode, ItemBody, Mode,
    Plan, PlanStatus, Question, Rule, Update,
};

use crate::{
    Output, ToolError, calls, prompts,
    saving::Unsaved,
    turn::{Halt, RequestedCall, Turn},
};

/// Puts a question to the user and remembers the answer as far as they want it remembered.
pub(crate) async fn ask(turn: &Turn, approval: Approval) -> Result<Answer, Halt> {
    let options = approval.options.clone();
    let item = turn.item(ItemBody::Approval(approval.clone()));
    let waiting = turn.watch.pause();
    let answer = turn.unless_cancelled(turn.session.ask(item, approval)).await??;
    drop(waiting);
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

/// Asks about a tool call and all it would do.
pub(crate) async fn ask_for_call(
    turn: &Turn,
    call: &mut RequestedCall,
    why: String,
    rememberable: bool,
    unsaved: &Unsaved,
) -> Result<Answer, Halt> {
    // The call shows its title and effects while the question about it is open.
    call.item.body = ItemBody::ToolCall(call.call.clone());
    turn.session.record(vec![Update::ItemChanged { item: call.item.clone() }]).await?;
    let effects = call.call.effects.clone();
    let mut options = options("Allow", "Reject", rememberable.then_some(effects.as_slice()));
    if unsaved.can_be_saved {
        let label = "Save and run".to_owned();
        let save = ApprovalOption { decision: Decision::SaveAndRun, label, rules: Vec::new() };
        options.insert(1, save);
    }
    let (item_id, unsaved) = (call.item.id.clone(), unsaved.paths.clone());
    let subject = ApprovalSubject::ToolCall { item_id, effects, unsaved };
    let title = call.call.title.clone();
    ask(turn, Approval { title, subject, why, options, answer: None }).await
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
            [Effect::Delete { .. }] => "deleting exactly this file",
            [Effect::Move { .. }] => "exactly this move",
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

/// Puts a plan before the user; their yes ends plan mode.
pub(crate) async fn submit_plan(
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
        Ok(prompts::plan_approved(turn.mode()).into())
    } else {
        let words = prompts::plan_rejected(answer.reason.as_deref());
        Err(ToolError::new(ErrorCode::Rejected, words))
    };
    calls::finish(turn, call, result).await
}

/// Puts the agent's questions before the user; what they answer is the result of the call.
pub(crate) async fn ask_questions(
    turn: &Turn,
    call: RequestedCall,
    questions: Vec<Question>,
) -> Result<(), Halt> {
    let title = match questions.as_slice() {
        [only] => only.text.clone(),
        more => format!("{} questions", more.len()),
    };
    let item_id = call.item.id.clone();
    let subject = ApprovalSubject::Questions { item_id, questions: questions.clone() };
    let options = options("Answer", "Do not answer", None);
    let why = "The agent needs to know this to go on.".to_owned();
    let answer = ask(turn, Approval { title, subject, why, options, answer: None }).await?;
    let result: Result<Output, ToolError> = if answer.decision.allows() {
        Ok(prompts::answers(&questions, &answer.answers).into())
    } else {
        let words = prompts::not_answered(answer.reason.as_deref());
        Err(ToolError::new(ErrorCode::Rejected, words))
    };
    calls::finish(turn, call, result).await
}
