//! A prompt with all it refers to, looked up before it is journaled: what its slash command
//! stands for, what it mentions, and of what the client tells only what is new.

use protocol::{AbsPath, ContextPart, ErrorInfo, ItemBody, SessionState, UserMessage};

use super::{
    commands,
    mentions::{Lookup, NamedBy},
    place::Place,
};
use crate::{session::Session, sessions::Shared};

/// The prompt as it is journaled. Its own text stays as it was typed.
///
/// # Errors
/// It begins with a slash command that there is not.
pub(crate) async fn resolve(
    place: &Place,
    session: Option<(&Shared, &Session)>,
    message: UserMessage,
) -> Result<UserMessage, ErrorInfo> {
    let UserMessage { text, context: mut pointed } = message;
    let referred = referred(place, session, &text, &pointed).await?;
    if let Some((_, session)) = session {
        session.look(|state| leave_out_what_was_said(&mut pointed, state));
    }
    pointed.extend(referred);
    Ok(UserMessage { text, context: pointed })
}

/// What a prompt refers to: its command, and what it and that mention. `pointed` is what the
/// client says the user points at.
///
/// # Errors
/// It begins with a slash command that there is not.
pub(crate) async fn referred(
    place: &Place,
    session: Option<(&Shared, &Session)>,
    text: &str,
    pointed: &[ContextPart],
) -> Result<Vec<ContextPart>, ErrorInfo> {
    let mut parts = Vec::from_iter(commands::expand(place, text).await?);
    let mut lookup = Lookup::new(place, session, pointed);
    lookup.all(text, NamedBy::User).await;
    if let Some(ContextPart::Command { text, .. }) = parts.first() {
        lookup.all(text, NamedBy::Command).await;
    }
    parts.extend(lookup.parts);
    Ok(parts)
}

/// A client tells with every prompt where the cursor stands and which documents are open. The
/// model is told the one when it changes, the other when there is one it has not heard of.
fn leave_out_what_was_said(pointed: &mut Vec<ContextPart>, state: &SessionState) {
    let messages = state.told().rev().filter_map(|item| match &item.body {
        ItemBody::UserMessage(message) => Some(message.context.iter().rev()),
        _ => None,
    });
    let said: Vec<&ContextPart> = messages.flatten().collect();
    let looked_at = said.iter().find(|part| looks_at(part).is_some());
    let is_known = |path: &AbsPath| {
        said.iter().any(|part| match part {
            ContextPart::OpenDocuments { paths } => paths.contains(path),
            part => looks_at(part) == Some(path),
        })
    };
    pointed.retain(|part| match part {
        ContextPart::OpenDocuments { paths } => !paths.iter().all(is_known),
        ContextPart::File { .. } => looked_at != Some(&part),
        _ => true,
    });
}

fn looks_at(part: &ContextPart) -> Option<&AbsPath> {
    match part {
        ContextPart::File { path, .. } | ContextPart::Selection { path, .. } => Some(path),
        _ => None,
    }
}
