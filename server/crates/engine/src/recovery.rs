//! What becomes of things that a turn left open, whether it was stopped, failed, or died with
//! its process. Nothing is run again here; everything gets an honest end.

use protocol::{
    Answer, Decision, ErrorCode, ErrorInfo, HunkState, Item, ItemBody, Notice, NoticeLevel,
    PlanStatus, SessionState, StopReason, ToolCall, ToolCallStatus, ToolOutput, Update,
};

use crate::prompts;

/// Ends every open item in the way the turn ended.
pub(crate) fn end_open_items(state: &SessionState, reason: StopReason) -> Vec<Update> {
    let open = state.items.iter().filter(|item| state.open.contains(&item.id));
    open.cloned().map(|item| Update::ItemEnded { item: ended(item, reason) }).collect()
}

fn ended(mut item: Item, reason: StopReason) -> Item {
    match &mut item.body {
        ItemBody::ToolCall(call) => end_call(call, reason),
        ItemBody::Approval(approval) if approval.answer.is_none() => {
            approval.answer = Some(Answer::new(Decision::Withdrawn, "nobody"));
        }
        ItemBody::Plan(plan) if plan.status == PlanStatus::Proposed => {
            plan.status = PlanStatus::Rejected;
        }
        ItemBody::ChangeSet(set) => {
            // What waits for a decision goes on to wait: it can still be accepted.
            let hunks = set.files.iter_mut().flat_map(|file| &mut file.hunks);
            for hunk in hunks.filter(|hunk| hunk.state == HunkState::Accepted) {
                hunk.state = HunkState::Conflicted { reason: prompts::obstacle("unseen") };
            }
        }
        _ => {}
    }
    item
}

fn end_call(call: &mut ToolCall, reason: StopReason) {
    let began = call.status == ToolCallStatus::Running;
    let (status, code, words) = match reason {
        StopReason::Cancelled => {
            (ToolCallStatus::Cancelled, ErrorCode::Cancelled, prompts::cancelled(began))
        }
        _ => (ToolCallStatus::Interrupted, ErrorCode::Interrupted, prompts::interrupted(began)),
    };
    // What it had put out up to then was told and stays.
    let mut text = call.output.take().map(|output| output.text).unwrap_or_default();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&words);
    call.status = status;
    call.output = Some(ToolOutput { error: Some(code), ..ToolOutput::text(text) });
}

/// What every front end shows when a session goes into the mode that does not ask.
pub(crate) fn auto_mode() -> Notice {
    let text = "Auto mode: in this session edits are applied and commands run without asking. Only \
                secrets and other folders are asked for.";
    Notice { level: NoticeLevel::Warning, code: None, text: text.to_owned() }
}

/// What the user is told of a turn that did not complete.
pub(crate) fn notice(reason: StopReason, error: Option<&ErrorInfo>) -> Notice {
    let (level, code, text) = match (reason, error) {
        (_, Some(error)) => (NoticeLevel::Error, error.code, error.message.clone()),
        (StopReason::Cancelled, None) => {
            (NoticeLevel::Info, ErrorCode::Cancelled, "Stopped.".to_owned())
        }
        _ => (
            NoticeLevel::Warning,
            ErrorCode::Interrupted,
            "This turn was interrupted. Nothing of it runs again by itself; send a prompt to go \
             on."
            .to_owned(),
        ),
    };
    Notice { level, code: Some(code), text }
}

/// What the user is told of a prompt that waited behind such a turn.
pub(crate) fn unsent(text: &str) -> Notice {
    let text = format!("Not sent, because the turn before it did not complete: {text}");
    Notice { level: NoticeLevel::Warning, code: None, text }
}
