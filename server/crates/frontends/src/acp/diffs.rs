//! Edits as the client sees them: whole texts on both sides.
//!
//! What a document says is asked of the engine, which may have to ask the client; so it is told
//! beside the updates, and no turn is told to have ended before it is.

use std::sync::Arc;

use agent_client_protocol_schema::v1::{SessionUpdate, ToolCallUpdate, ToolCallUpdateFields};
use protocol::{ItemId, SessionId};

use super::{connection::Connection, tool_call};

/// Tells the differences that a change set makes, in its calls.
pub(super) fn tell(connection: &Arc<Connection>, session: &SessionId, set: &ItemId) {
    connection.turns.hold(session);
    let calls = connection.views.look(session, |view| view.edits.get(set).cloned());
    let calls = calls.flatten().unwrap_or_default();
    let (telling, session, set) = (connection.clone(), session.clone(), set.clone());
    connection.spawn(async move {
        match telling.sessions.proposal(&session, &set).await {
            Ok(proposals) => {
                telling.is_caught_up(&session).await;
                for call in calls {
                    let content = tool_call::differences(Some(&call), &proposals);
                    let fields = ToolCallUpdateFields::new().content(content);
                    let update = ToolCallUpdate::new(call.0, fields);
                    telling.tell(&session, SessionUpdate::ToolCallUpdate(update));
                }
            }
            Err(error) => tracing::debug!(%session, %error, "a difference is not told"),
        }
        telling.release(&session);
    });
}
