//! Going back to an earlier point of a session's conversation, and forth again.
//!
//! Files are not touched here: what the agent wrote stays where it is, and can be taken back.

use protocol::{ErrorInfo, HunkState, ItemBody, ItemId, SessionId, Stretch, UserMessage};
use tokio_util::sync::CancellationToken;

use super::{Sessions, Started};
use crate::{
    context,
    ledger::Resolution,
    rewinding,
    session::{self, Command, Session},
};

impl Sessions {
    /// Sets aside the conversation from an item on: the session goes on as if it had ended before
    /// it. Of the change sets in it, what waits for a decision is rejected; what is applied stays
    /// and can be taken back. Gives what [`Sessions::unwind`] takes.
    ///
    /// # Errors
    /// There is no such item, a turn runs, or the store failed. Then nothing was set aside.
    pub async fn rewind(&self, id: &SessionId, before: &ItemId) -> Result<Vec<Stretch>, ErrorInfo> {
        let rewind = |reply| Command::Rewind { before: before.clone(), reply };
        let stretches = self.request(id, rewind).await?;
        let session = self.session(id).await?;
        for change_set in waiting(&session, &stretches) {
            // It is in nobody's way; the worst is that it can still be decided.
            if let Err(error) = withdraw(&session, change_set).await {
                tracing::warn!(session = %id, %error, "a change set that was set aside still waits");
            }
        }
        Ok(stretches)
    }

    /// Takes up again what [`Sessions::rewind`] set aside. What came after it stays as it is.
    ///
    /// # Errors
    /// There is no such item, a turn runs, or the store failed. Then nothing was taken up.
    pub async fn unwind(&self, id: &SessionId, stretches: Vec<Stretch>) -> Result<(), ErrorInfo> {
        self.request(id, |reply| Command::Unwind { stretches: stretches.clone(), reply }).await
    }

    /// Sets aside the conversation from an earlier prompt on and sends that prompt again with
    /// another text. What it pointed at stays; what it mentions is looked up again.
    ///
    /// # Errors
    /// There is no such prompt, its new text cannot be used, a turn runs, or the store failed.
    /// Then the conversation is as it was.
    pub async fn resend(
        &self,
        id: &SessionId,
        prompt: &ItemId,
        text: String,
    ) -> Result<Started, ErrorInfo> {
        let session = self.session(id).await?.aside();
        let mut context =
            session.look(|state| rewinding::prompt(state, prompt).map(|it| it.context.clone()))?;
        context.retain(context::is_pointed_at);
        let (place, live) = (self.place(&session), Some((&*self.shared, &session)));
        let referred = context::referred(&place, live, &text, &context).await?;
        context.extend(referred);
        let message = UserMessage { text, context };
        session::has_words(&message)?;
        let stretches = self.rewind(id, prompt).await?;
        let chat = |reply| {
            let (message, shown) = (message.clone(), session.memory.clone());
            Command::Chat { message, shown, steer: false, reply }
        };
        let sent = self.request(id, chat).await;
        if sent.is_err()
            && let Err(error) = self.unwind(id, stretches).await
        {
            tracing::warn!(session = %id, %error, "what could not be sent again stays set aside");
        }
        sent
    }
}

/// The change sets in these stretches that wait for a decision.
fn waiting(session: &Session, stretches: &[Stretch]) -> Vec<ItemId> {
    let waits = |body: &ItemBody| {
        let ItemBody::ChangeSet(set) = body else { return false };
        let mut hunks = set.files.iter().flat_map(|file| &file.hunks);
        hunks.any(|hunk| hunk.state == HunkState::Pending)
    };
    session.look(|state| {
        let items = stretches.iter().flat_map(|stretch| state.stretch(stretch));
        items.filter(|item| waits(&item.body)).map(|item| item.id.clone()).collect()
    })
}

async fn withdraw(session: &Session, change_set: ItemId) -> Result<(), ErrorInfo> {
    let no = Resolution {
        accept: Some(false),
        reason: Some("set aside with its conversation".to_owned()),
        ..Resolution::default()
    };
    let decided = session.ledger.ask(move |book| {
        Box::pin(async move { book.resolve(&change_set, no, &CancellationToken::new()).await })
    });
    decided.await.ok_or_else(session::closed)?.map(drop)
}
