//! A new session that begins with the conversation of another.
//!
//! The text that the agent wrote belongs to the session that wrote it, and so does what the user
//! allowed for that session. The fork tells of both and has neither.

use std::sync::Arc;

use protocol::{
    Approval, ApprovalSubject, ChangeSet, Decision, ErrorCode, ErrorInfo, HunkState, Image, Item,
    ItemBody, ItemId, Mode, Notice, NoticeLevel, SessionId, SessionInfo, SessionState, Status,
    TurnId, UndoScope, Update,
};
use tokio::sync::OnceCell;

use super::{Parts, Sessions, lock};
use crate::{
    ledger::{HunkNow, is_in},
    prompts, recovery, rewinding, session,
};

/// What stands behind the title of a fork.
const MARK: &str = " (fork)";

impl Sessions {
    /// Makes a session with the items of another that come before one, or all of them, except for
    /// the turn that runs. What is set aside is not taken along.
    ///
    /// # Errors
    /// There is no such session or item, or the store failed. Then nothing was made.
    pub async fn fork(
        &self,
        id: &SessionId,
        before: Option<&ItemId>,
    ) -> Result<SessionInfo, ErrorInfo> {
        let (old, state) = match self.session(id).await {
            Ok(session) => (session.info(), session.look(SessionState::clone)),
            // Another process may go on with it.
            Err(error) if error.code == ErrorCode::SessionInUse => {
                let stored = self.look(id).await?;
                (stored.info.clone(), stored.state())
            }
            Err(error) => return Err(error),
        };
        let Parts { ids, clock, .. } = &self.shared.parts;
        let items = taken_along(&state, before)?;
        let images: Vec<Image> = items.iter().flat_map(Item::images).cloned().collect();
        let now = clock();
        let info = SessionInfo {
            id: SessionId(ids()),
            title: title(&old.title),
            created_at: now,
            updated_at: now,
            ..old
        };
        let mut first = vec![self.config(&state)];
        first.extend(items.into_iter().map(|item| Update::ItemEnded { item: told(item, id) }));
        first.push(self.said(forked(id)));
        if matches!(first[0], Update::Config { mode: Mode::Auto, .. }) {
            first.push(self.said(recovery::auto_mode()));
        }
        if !state.title.is_empty() {
            first.push(Update::Title { title: info.title.clone() });
        }
        let session = session::create(self.shared.clone(), info.clone(), first).await?;
        let cell = Arc::new(OnceCell::new_with(Some(session)));
        lock(&self.shared.open).insert(info.id.clone(), cell);
        if let Err(error) = self.copy(id, &info.id, &images).await {
            // Half a fork is of no use; what went wrong first is what counts.
            let _ = self.delete(&info.id).await;
            return Err(error);
        }
        Ok(info)
    }

    /// The mode and the model of a fork. That nothing is asked was chosen for one session.
    fn config(&self, state: &SessionState) -> Update {
        let mode = match state.mode {
            Mode::Auto => self.shared.parts.settings.mode,
            mode => mode,
        };
        Update::Config { mode, model: state.model.clone() }
    }

    fn said(&self, notice: Notice) -> Update {
        let Parts { ids, clock, .. } = &self.shared.parts;
        let item = session::item_of(&TurnId::from(""), ids(), clock(), ItemBody::Notice(notice));
        Update::ItemEnded { item }
    }

    async fn copy(
        &self,
        from: &SessionId,
        to: &SessionId,
        images: &[Image],
    ) -> Result<(), ErrorInfo> {
        let store = &self.shared.parts.store;
        for image in images {
            if let Some(bytes) = store.blob(from, &image.hash).await? {
                store.put_blob(to, &bytes).await?;
            }
        }
        Ok(())
    }

    /// Refuses what is to be done with a change set whose text belongs to another session.
    ///
    /// # Errors
    /// It does.
    pub(super) fn is_own(
        &self,
        session: &session::Session,
        change_set: &ItemId,
    ) -> Result<(), ErrorInfo> {
        let of = session.look(|state| match &state.item(change_set)?.body {
            ItemBody::ChangeSet(ChangeSet { session_id, .. }) => session_id.clone(),
            _ => None,
        });
        match of {
            Some(of) => Err(ErrorInfo::new(ErrorCode::ChangeSetNotFound, elsewhere(&of))),
            None => Ok(()),
        }
    }
}

/// The hunks that a scope names although their text belongs to another session, and why they are
/// not turned. All that a session wrote is only what it wrote itself.
pub(super) fn foreign(state: &SessionState, scope: &UndoScope) -> Vec<HunkNow> {
    let mut refused = Vec::new();
    for item in state.items.iter().filter(|_| *scope != UndoScope::Session) {
        let ItemBody::ChangeSet(ChangeSet { files, session_id: Some(of), .. }) = &item.body else {
            continue;
        };
        for file in files {
            let named = file.hunks.iter().filter(|hunk| is_in(scope, item, hunk));
            refused.extend(named.map(|hunk| HunkNow {
                id: hunk.id.clone(),
                path: file.path.clone(),
                line: None,
                state: hunk.state.clone(),
                reason: Some(elsewhere(of)),
            }));
        }
    }
    refused
}

fn elsewhere(of: &SessionId) -> String {
    format!(
        "it was written by session `{of}`, from which this one was forked; decide about it there"
    )
}

/// The items that a fork begins with.
fn taken_along(state: &SessionState, before: Option<&ItemId>) -> Result<Vec<Item>, ErrorInfo> {
    let until = match before {
        Some(before) => state.items.iter().position(|item| item.id == *before),
        None => Some(state.items.len()),
    };
    let Some(until) = until else {
        return Err(before.map_or_else(session::closed, rewinding::unknown));
    };
    let runs = |item: &Item| match &state.status {
        Status::Running { turn_id } => item.turn_id == *turn_id,
        Status::Idle { .. } => false,
    };
    let items = state.items[..until].iter().filter(|item| !item.aside && !runs(item));
    // Where files could be restored to is the other session's business as well.
    let items = items.filter(|item| !matches!(item.body, ItemBody::Checkpoint(_)));
    Ok(items.cloned().collect())
}

/// An item of `from` as a fork of it tells it.
fn told(mut item: Item, from: &SessionId) -> Item {
    match &mut item.body {
        ItemBody::ChangeSet(set) => {
            set.session_id.get_or_insert_with(|| from.clone());
            let hunks = set.files.iter_mut().flat_map(|file| &mut file.hunks);
            for hunk in hunks.filter(|hunk| hunk.state == HunkState::Pending) {
                hunk.state = HunkState::Conflicted { reason: prompts::obstacle("forked") };
            }
        }
        // What was allowed "in this session" was meant for that one.
        ItemBody::Approval(Approval { options, subject, answer, .. }) => {
            options.iter_mut().for_each(|option| option.rules.clear());
            if let (ApprovalSubject::Budget { .. }, Some(answer)) = (subject, answer) {
                answer.decision = Decision::Withdrawn;
            }
        }
        _ => {}
    }
    item
}

fn title(of: &str) -> String {
    match of {
        "" => String::new(),
        of if of.ends_with(MARK) => of.to_owned(),
        of => format!("{of}{MARK}"),
    }
}

fn forked(from: &SessionId) -> Notice {
    let text = format!(
        "Forked from session `{from}`. What the agent wrote up to here belongs to that session and \
         is taken back there."
    );
    Notice { level: NoticeLevel::Info, code: None, text }
}
