//! Checkpoints: which there are, what going back to one would change, and going back.

use protocol::{ErrorInfo, ItemId, SessionId, SessionInfo, SessionState};
use tokio_util::sync::CancellationToken;

use super::Sessions;
use crate::{
    Differences, Point, Restoration, StoreError,
    checkpoints::{self, Turning},
    rewinding,
    session::Command,
};

/// What was freed beside the journals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many bytes.
    pub bytes: u64,
    /// How many sessions were left alone because another process has them open.
    pub in_use: usize,
}

impl Sessions {
    /// The points to which a session can be restored, the newest last, whoever has it open.
    ///
    /// # Errors
    /// There is no such session, or the store failed.
    pub async fn checkpoints(&self, id: &SessionId) -> Result<Vec<Point>, ErrorInfo> {
        match self.open_sessions().into_iter().find(|session| session.id == *id) {
            Some(session) => Ok(session.look(checkpoints::points)),
            None => Ok(checkpoints::points(&self.look(id).await?.state())),
        }
    }

    /// What a restore of the files to a point would change: those that the session changed since,
    /// and that are not as they were then.
    ///
    /// # Errors
    /// There is no such session or point, or the store failed.
    pub async fn checkpoint_diff(
        &self,
        id: &SessionId,
        point: &ItemId,
    ) -> Result<Differences, ErrorInfo> {
        let (session, point) = (self.session(id).await?, point.clone());
        let differences =
            session.ledger.ask(|book| Box::pin(async move { book.differences(&point).await }));
        differences.await?
    }

    /// Goes back to a point, with the files that the session changed since, the conversation, or
    /// both. Restoring to the point that it gives undoes it.
    ///
    /// # Errors
    /// There is no such session or point, a turn runs, or the store failed. A file that cannot be
    /// put back is no error: the answer names it.
    pub async fn restore(
        &self,
        id: &SessionId,
        point: &ItemId,
        files: bool,
        conversation: bool,
    ) -> Result<Restoration, ErrorInfo> {
        let session = self.session(id).await?;
        // Nobody else begins a turn meanwhile.
        let _hold = self.request(id, |reply| Command::Hold { reply }).await?;
        let turning = match conversation {
            true => session.look(|state| turning(state, point))?,
            false => Turning::default(),
        };
        // Journaled before anything is done: a restore that breaks off can be undone as well.
        let (to, will) = (point.clone(), turning.clone());
        let begun = session
            .ledger
            .ask(move |book| Box::pin(async move { book.begin_restore(&to, files, will).await }));
        let begun = begun.await??;
        let Turning { aside, taken_up } = turning;
        self.put_aside(&session, aside.clone()).await?;
        if !taken_up.is_empty()
            && let Err(error) = self.unwind(id, taken_up).await
        {
            self.unwind(id, aside).await?;
            return Err(error);
        }
        let restored = session.ledger.ask(move |book| {
            Box::pin(async move { book.restore(begun, &CancellationToken::new()).await })
        });
        restored.await
    }

    /// Takes away what is kept beside the journals and that no session names any more, such as the
    /// texts between two edits. Sessions that another process has open are left alone.
    ///
    /// # Errors
    /// The store failed.
    pub async fn sweep(&self) -> Result<Swept, ErrorInfo> {
        let store = &self.shared.parts.store;
        let mut swept = Swept::default();
        for SessionInfo { id, .. } in store.list(None).await? {
            let stored = match store.open(&id).await {
                Ok(stored) => stored,
                Err(StoreError::InUse(_)) => {
                    swept.in_use += 1;
                    continue;
                }
                // Deleted meanwhile.
                Err(StoreError::NotFound(_)) => continue,
                Err(error) => return Err(error.into()),
            };
            let freed = store.sweep_blobs(&id, &checkpoints::named(&stored.state())).await;
            store.close(&id).await?;
            swept.bytes += freed?;
        }
        Ok(swept)
    }
}

/// What it takes for the conversation to end before a point. If that is a restore, what it did to
/// the conversation is undone.
fn turning(state: &SessionState, point: &ItemId) -> Result<Turning, ErrorInfo> {
    let position = checkpoints::position(state, point).ok_or_else(checkpoints::unknown)?;
    let undone = checkpoints::turning(state, point);
    // What was taken up again stands before the point.
    let first = undone.taken_up.first().map(|stretch| stretch.first.clone());
    let first = first.or_else(|| state.items.get(position).map(|item| item.id.clone()));
    let aside = rewinding::from(state, &first.ok_or_else(checkpoints::unknown)?)?;
    Ok(Turning { aside, taken_up: undone.aside })
}
