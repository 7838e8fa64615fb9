//! Going back to an earlier point of a session's conversation, and forth again.
//!
//! Files are not touched here: what the agent wrote stays where it is, and can be taken back.

use protocol::{
    ContextPart, ErrorCode, ErrorInfo, HunkState, ItemBody, ItemId, SessionId, Stretch, UserMessage,
};
use tokio_util::sync::CancellationToken;

use super::{Sessions, Started};
use crate::{
    Restoration, context,
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
        reject_waiting(&session, &stretches).await;
        Ok(stretches)
    }

    /// The same for what was found already.
    pub(super) async fn put_aside(
        &self,
        session: &Session,
        stretches: Vec<Stretch>,
    ) -> Result<(), ErrorInfo> {
        if stretches.is_empty() {
            return Ok(());
        }
        let aside = |reply| Command::SetAside { stretches: stretches.clone(), reply };
        self.request(&session.id, aside).await?;
        reject_waiting(session, &stretches).await;
        Ok(())
    }

    /// Takes up again what [`Sessions::rewind`] set aside. What came after it stays as it is.
    ///
    /// # Errors
    /// There is no such item, a turn runs, or the store failed. Then nothing was taken up.
    pub async fn unwind(&self, id: &SessionId, stretches: Vec<Stretch>) -> Result<(), ErrorInfo> {
        self.request(id, |reply| Command::Unwind { stretches: stretches.clone(), reply }).await
    }

    /// Sets aside the conversation from an earlier prompt on and sends that prompt again with
    /// another text. What it pointed at stays; what it mentions is looked up again. With `files`
    /// those that the session changed since are put back first, as by [`Sessions::restore`].
    ///
    /// # Errors
    /// There is no such prompt, its new text cannot be used, a turn runs, a file cannot be put
    /// back, or the store failed. Then conversation and files are as they were.
    pub async fn resend(
        &self,
        id: &SessionId,
        prompt: &ItemId,
        text: String,
        files: bool,
    ) -> Result<Started, ErrorInfo> {
        let session = self.session(id).await?.aside();
        let mut context =
            session.look(|state| rewinding::prompt(state, prompt).map(|it| it.context.clone()))?;
        context.retain(context::is_pointed_at);
        session::has_words(&text)?;
        let back = match files {
            true => Back::Restored(self.put_back(&session, prompt).await?),
            false => Back::Rewound(self.rewind(id, prompt).await?),
        };
        let sent = self.send_anew(&session, text, context).await;
        if sent.is_err()
            && let Err(error) = self.go_forth(id, back).await
        {
            tracing::warn!(session = %id, %error, "what could not be sent again stays set aside");
        }
        sent
    }

    async fn send_anew(
        &self,
        session: &Session,
        text: String,
        mut context: Vec<ContextPart>,
    ) -> Result<Started, ErrorInfo> {
        let (place, live) = (self.place(session), Some((&*self.shared, session)));
        // Looked up when the files are as they are to be.
        context.extend(context::referred(&place, live, &text, &context).await?);
        let message = UserMessage { text, context };
        let chat = |reply| {
            let (message, shown) = (message.clone(), session.memory.clone());
            Command::Chat { message, shown, steer: false, reply }
        };
        self.request(&session.id, chat).await
    }

    /// Restores files and conversation to before the turn of a prompt. Gives what undoes it.
    async fn put_back(
        &self,
        session: &Session,
        prompt: &ItemId,
    ) -> Result<Option<ItemId>, ErrorInfo> {
        if !session.look(|state| rewinding::begins_turn(state, prompt)) {
            let words = "Files are kept as they were before a turn, and this prompt came in the \
                         middle of one; send it again without the files.";
            return Err(ErrorInfo::new(ErrorCode::ItemNotFound, words));
        }
        let Restoration { undo, refused, .. } =
            self.restore(&session.id, prompt, true, true).await?;
        let Some((path, reason)) = refused.first() else { return Ok(undo) };
        self.go_forth(&session.id, Back::Restored(undo)).await?;
        let words = format!(
            "Not sent, because {path} cannot be put back: {reason}. Everything is as it was; it can \
             be sent again without the files."
        );
        Err(ErrorInfo::new(ErrorCode::FileSystem, words))
    }

    async fn go_forth(&self, id: &SessionId, back: Back) -> Result<(), ErrorInfo> {
        match back {
            Back::Rewound(stretches) => self.unwind(id, stretches).await,
            Back::Restored(Some(undo)) => self.restore(id, &undo, true, true).await.map(drop),
            Back::Restored(None) => Ok(()),
        }
    }
}

/// What undoes it that a session went back.
enum Back {
    Rewound(Vec<Stretch>),
    /// The checkpoint of the restore, if there was anything to do.
    Restored(Option<ItemId>),
}

/// The change sets in these stretches that wait for a decision.
fn waiting(session: &Session, stretches: &[Stretch]) -> Vec<ItemId> {
    let waits = |body: &ItemBody| {
        let ItemBody::ChangeSet(set) = body else { return false };
        let mut hunks = set.files.iter().flat_map(|file| &file.hunks);
        // What something is in the way of waits again when that is gone.
        hunks.any(|it| matches!(it.state, HunkState::Pending | HunkState::Conflicted { .. }))
    };
    session.look(|state| {
        let items = stretches.iter().flat_map(|stretch| state.stretch(stretch));
        items.filter(|item| waits(&item.body)).map(|item| item.id.clone()).collect()
    })
}

/// Rejects what waits for a decision in stretches that were set aside.
async fn reject_waiting(session: &Session, stretches: &[Stretch]) {
    for change_set in waiting(session, stretches) {
        // It is in nobody's way; the worst is that it can still be decided.
        if let Err(error) = withdraw(session, change_set).await {
            let id = &session.id;
            tracing::warn!(session = %id, %error, "a change set that was set aside still waits");
        }
    }
}

async fn withdraw(session: &Session, change_set: ItemId) -> Result<(), ErrorInfo> {
    let no = Resolution { accept: Some(false), ..Resolution::default() };
    let decided = session.ledger.ask(move |book| {
        Box::pin(async move { book.resolve(&change_set, no, &CancellationToken::new()).await })
    });
    decided.await?.map(drop)
}
