//! Which items a session sets aside when its conversation goes back to an earlier point.
//!
//! What is set aside is neither lost nor read: it stays in the journal, and the conversation that
//! the model is sent goes on as if it had not been. The order for it is [`Sessions::rewind`]
//! (`sessions/rewinding.rs`); the session's loop carries it out.
//!
//! [`Sessions::rewind`]: crate::Sessions::rewind

use protocol::{ErrorCode, ErrorInfo, Item, ItemBody, ItemId, SessionState, Stretch, UserMessage};

/// What is to be set aside so that the conversation ends before an item: everything from it on
/// that is not set aside already. To take up just these again gives what was there before.
///
/// # Errors
/// There is no such item.
pub(crate) fn from(state: &SessionState, before: &ItemId) -> Result<Vec<Stretch>, ErrorInfo> {
    let Some(at) = state.items.iter().position(|item| item.id == *before) else {
        return Err(unknown(before));
    };
    let runs = state.items[at..].chunk_by(|one, next| one.aside == next.aside);
    let told = runs.filter(|run| run.iter().all(|item| !item.aside));
    let stretch = |run: &[Item]| {
        let (first, last) = (run.first()?.id.clone(), run.last()?.id.clone());
        Some(Stretch { first, last })
    };
    Ok(told.filter_map(stretch).collect())
}

/// Whether these can be taken up again.
///
/// # Errors
/// One of them is not of this session.
pub(crate) fn check(state: &SessionState, stretches: &[Stretch]) -> Result<(), ErrorInfo> {
    match stretches.iter().find(|stretch| state.stretch(stretch).is_empty()) {
        Some(stretch) => Err(unknown(&stretch.first)),
        None => Ok(()),
    }
}

/// The prompt of an item that can be sent again.
///
/// # Errors
/// There is no such item, it is no prompt, or it is set aside.
pub(crate) fn prompt<'s>(
    state: &'s SessionState,
    id: &ItemId,
) -> Result<&'s UserMessage, ErrorInfo> {
    match state.item(id) {
        Some(Item { aside: false, body: ItemBody::UserMessage(message), .. }) => Ok(message),
        Some(_) => {
            let words = "Only a prompt of the conversation as it is now can be sent again.";
            Err(ErrorInfo::new(ErrorCode::ItemNotFound, words))
        }
        None => Err(unknown(id)),
    }
}

/// Whether an item is the first of its turn.
pub(crate) fn begins_turn(state: &SessionState, id: &ItemId) -> bool {
    let turn = state.item(id).map(|item| &item.turn_id);
    let first = state.items.iter().find(|item| Some(&item.turn_id) == turn);
    first.is_some_and(|first| first.id == *id)
}

/// A turn runs, so what was said cannot be changed.
pub(crate) fn busy() -> ErrorInfo {
    ErrorInfo::new(ErrorCode::SessionBusy, "A turn of this session runs; stop it first.")
}

/// Files and conversation are being put back, so no turn can begin.
pub(crate) fn held() -> ErrorInfo {
    ErrorInfo::new(ErrorCode::SessionBusy, "This session is being restored; try again then.")
}

/// The session has no such item.
pub(crate) fn unknown(id: &ItemId) -> ErrorInfo {
    ErrorInfo::new(ErrorCode::ItemNotFound, format!("This session has no item `{id}`."))
}
