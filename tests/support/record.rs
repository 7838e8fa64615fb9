//! What a front end was told, folded.

use anyhow::{Context, Result, ensure};
use protocol::{
    HunkState, Item, ItemBody, SessionId, SessionState, SessionUpdate, Status, TurnId, Update,
};

/// The updates of one session, taken in as they come.
#[derive(Default)]
pub struct Record {
    /// The session.
    pub session: Option<SessionId>,
    /// What they add up to.
    pub state: SessionState,
    /// How each turn ended, in that order.
    pub ends: Vec<(TurnId, Status)>,
    /// The number of the last update; to be forgotten when another process numbers them.
    pub last_seq: Option<u64>,
    /// Whether a prompt has left the queue whose turn has not been told of.
    starting: bool,
}

impl Record {
    /// Takes one update in.
    ///
    /// # Errors
    /// Its number does not rise.
    pub fn take(&mut self, update: &SessionUpdate) -> Result<()> {
        let (before, now) = (self.last_seq.replace(update.seq), update.seq);
        ensure!(before.is_none_or(|before| before < now), "update {now} came after {before:?}");
        self.session = Some(update.session_id.clone());
        let waited = self.is_idle_but_for_the_queue();
        self.state.apply(&update.update);
        match &update.update {
            Update::Queue { .. } if waited => self.starting = self.state.queue.is_empty(),
            Update::Status(_) => self.starting = false,
            _ => {}
        }
        if let Update::Status(status @ Status::Idle { turn_id: Some(turn), .. }) = &update.update
            && self.ends.iter().all(|(ended, _)| ended != turn)
        {
            self.ends.push((turn.clone(), status.clone()));
        }
        Ok(())
    }

    /// The record of these updates.
    pub fn of(updates: &[SessionUpdate]) -> Result<Self> {
        let mut record = Self::default();
        updates.iter().try_for_each(|update| record.take(update))?;
        Ok(record)
    }

    /// Whether no turn runs and no prompt waits.
    pub fn is_idle(&self) -> bool {
        let idle = matches!(self.state.status, Status::Idle { .. });
        idle && self.state.queue.is_empty() && !self.starting
    }

    fn is_idle_but_for_the_queue(&self) -> bool {
        matches!(self.state.status, Status::Idle { .. }) && !self.state.queue.is_empty()
    }
}

/// Fails unless everything that `told` holds is contained in `kept`: whole items as they were,
/// and of items that were still open at least the text that was told.
pub fn ensure_kept(told: &SessionState, kept: &SessionState) -> Result<()> {
    for item in &told.items {
        let now = kept.item(&item.id).with_context(|| format!("an item was lost: {item:#?}"))?;
        if told.open.contains(&item.id) {
            let (before, after) = (text(item), text(now));
            ensure!(after.starts_with(before), "told was {before:?}, kept is {after:?}");
        } else {
            let same = undecided(item) == undecided(now);
            ensure!(same, "what had ended has changed from {item:#?} to {now:#?}");
        }
    }
    Ok(())
}

/// An item without where its hunks stand: that goes on after its end, with what the editor has.
fn undecided(item: &Item) -> Item {
    let mut item = item.clone();
    if let ItemBody::ChangeSet(set) = &mut item.body {
        for hunk in set.files.iter_mut().flat_map(|file| &mut file.hunks) {
            (hunk.state, hunk.believed) = (HunkState::Pending, None);
        }
    }
    item
}

/// The text that deltas bring.
fn text(item: &Item) -> &str {
    match &item.body {
        ItemBody::AgentMessage { text } | ItemBody::Reasoning { text, .. } => text,
        ItemBody::ToolCall(call) => call.output.as_ref().map_or("", |output| &output.text),
        _ => "",
    }
}
