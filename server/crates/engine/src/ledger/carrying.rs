//! Carrying out a plan in one document: from the hunks that are wished for to a text that has
//! them, with what somebody types meanwhile.

use std::collections::BTreeMap;

use changes::Plan;
use protocol::{AbsPath, ErrorCode, ErrorInfo, HunkId, Stamp};
use ropey::Rope;
use tokio_util::sync::CancellationToken;

use super::{Book, tracked::Tracked};
use crate::{
    DocumentError, ToolError,
    apply::{self, Place, Target},
    prompts,
};

/// How often an edit is tried while somebody types.
const TRIES: usize = 3;

/// What becomes of the file beside its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It has the new text; it is made if it does not exist.
    Stays,
    /// It goes if the text is empty then.
    Goes,
    /// It goes to another place, as it is.
    Moves { to: AbsPath },
}

/// What was carried out, and what could not be.
#[derive(Debug)]
pub(super) struct Carried {
    pub(super) place: Place,
    pub(super) turned: Vec<HunkId>,
    pub(super) refused: Vec<(HunkId, String)>,
}

impl Book {
    /// Has hunks of one document shown or hidden, as far as that is possible.
    ///
    /// # Errors
    /// Nothing was changed, or it was not seen that it was.
    pub(super) async fn carry_out(
        &mut self,
        path: &AbsPath,
        wishes: &[(HunkId, bool)],
        fate: &Fate,
        cancel: &CancellationToken,
    ) -> Result<Carried, ToolError> {
        let mut tries = 1;
        // Whether it was kept for this, and nothing has changed it since but typing.
        let mut is_own = false;
        loop {
            if cancel.is_cancelled() {
                return Err(apply::not_begun());
            }
            self.resolves(path).await?;
            self.sync(path).await;
            let Some(tracked) = self.files.get(path) else {
                return Err(DocumentError::NotFound(path.clone()).into());
            };
            let plan = tracked.plan(wishes);
            let refused = plan.refused.iter().filter_map(|(number, obstacle)| {
                Some((tracked.id(*number)?.clone(), Tracked::words(*obstacle)))
            });
            let refused: Vec<_> = refused.collect();
            let turned: Vec<HunkId> =
                plan.hunks.keys().filter_map(|number| tracked.id(*number).cloned()).collect();
            if turned.is_empty() {
                return Ok(Carried { place: Place::Disk, turned, refused });
            }
            let goal = changes::apply_to(&tracked.text, &plan.replacements)
                .map_err(|error| ToolError::new(ErrorCode::Internal, error.to_string()))?;
            let revision = tracked.stamp.as_ref().map(|stamp| stamp.revision);
            let touched: Vec<AbsPath> = match fate {
                Fate::Moves { to } => vec![path.clone(), to.clone()],
                _ => vec![path.clone()],
            };
            is_own = self.keep_as_it_is(&touched, is_own).await.map_err(not_kept)?;
            match self.write(path, &plan, &goal, fate, cancel).await {
                Ok((place, text, stamp)) => {
                    if let Some(tracked) = self.files.get_mut(path) {
                        tracked.place = Some(place);
                    }
                    self.carried(path, &plan, goal, &text, stamp, fate).await;
                    return Ok(Carried { place, turned, refused });
                }
                Err(error) if tries < TRIES && self.has_moved(&error, path, revision).await => {
                    tries += 1;
                    let pause = self.shared.parts.settings.typing_pause;
                    apply::pause(self.shared.parts.documents.as_ref(), pause, cancel).await;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Whether an attempt failed because somebody changed the document.
    async fn has_moved(&mut self, error: &ToolError, path: &AbsPath, then: Option<u64>) -> bool {
        match error.code {
            ErrorCode::EditStale => true,
            ErrorCode::EditRefused => {
                let documents = &self.shared.parts.documents;
                let mut changes = documents.changes();
                let moved = async {
                    loop {
                        changes.mark_unchanged();
                        let now = documents.snapshot(path).await.ok();
                        if now.map(|now| now.stamp.revision) != then {
                            return true;
                        }
                        if changes.changed().await.is_err() {
                            return false;
                        }
                    }
                };
                // Emacs tells what was typed half a second later, and refuses meanwhile.
                let wait = self.shared.parts.settings.confirm_timeout;
                tokio::time::timeout(wait, moved).await.unwrap_or(false)
            }
            _ => false,
        }
    }

    /// A path must still lead where it led when it was decided about.
    pub(super) async fn resolves(&self, path: &AbsPath) -> Result<(), ToolError> {
        let resolved = self.shared.parts.documents.resolve(path).await?;
        if resolved == *path {
            return Ok(());
        }
        Err(ToolError::new(ErrorCode::BadPath, prompts::moved(path.as_str())))
    }

    /// Writes once, and gives the text that the document has then; its stamp, if it exists.
    async fn write(
        &self,
        path: &AbsPath,
        plan: &Plan,
        goal: &Rope,
        fate: &Fate,
        cancel: &CancellationToken,
    ) -> Result<(Place, Rope, Option<Stamp>), ToolError> {
        let documents = self.shared.parts.documents.as_ref();
        let stamp = self.files.get(path).and_then(|tracked| tracked.stamp.clone());
        match (fate, stamp) {
            (Fate::Goes, Some(stamp)) if goal.len_bytes() == 0 => {
                documents.remove(path, &stamp.hash).await?;
                Ok((Place::Disk, goal.clone(), None))
            }
            (Fate::Goes, None) if goal.len_bytes() == 0 => Ok((Place::Disk, goal.clone(), None)),
            (Fate::Moves { to }, Some(stamp)) => {
                self.resolves(to).await?;
                documents.rename(path, to, &stamp.hash).await?;
                let now = documents.snapshot(to).await?;
                Ok((Place::Disk, now.text, Some(now.stamp)))
            }
            (Fate::Moves { .. }, None) => Err(DocumentError::NotFound(path.clone()).into()),
            (_, None) => {
                let stamp = documents.write(path, None, &goal.to_string()).await?;
                Ok((Place::Disk, goal.clone(), Some(stamp)))
            }
            (_, Some(stamp)) => {
                let now = documents.snapshot(path).await?;
                if now.stamp.hash != stamp.hash {
                    return Err(DocumentError::Stale(path.clone()).into());
                }
                let label = format!("Coworker: edit {}", self.shown(path));
                let target = Target { shared: &self.shared, now: &now, goal, label, cancel };
                let (place, seen) = apply::apply(target, plan.replacements.clone()).await?;
                Ok((place, seen.text, Some(seen.stamp)))
            }
        }
    }

    /// Notes what was carried out.
    async fn carried(
        &mut self,
        path: &AbsPath,
        plan: &Plan,
        goal: Rope,
        text: &Rope,
        stamp: Option<Stamp>,
        fate: &Fate,
    ) {
        let Some(tracked) = self.files.get_mut(path) else { return };
        let before = tracked.text.clone();
        let turned = tracked.turned(plan, goal, text, stamp);
        let memory = &self.session.memory;
        let mut path = path.clone();
        if let Fate::Moves { to } = fate {
            memory.moved(&path, to);
            if let Some(tracked) = self.files.remove(&path) {
                self.files.insert(to.clone(), tracked);
            }
            self.forget(&path).await;
            path = to.clone();
        } else {
            memory.edited(&path, &before, &plan.replacements);
        }
        self.keep(&path).await;
        self.note(turned).await;
    }

    /// Nothing is kept of a document that has another name now.
    pub(super) async fn forget(&self, path: &AbsPath) {
        let kept = self.shared.parts.store.keep_weave(&self.session.id, path, &[]).await;
        if let Err(error) = kept {
            tracing::warn!(%path, %error, "not forgotten");
        }
    }

    /// A path as the user reads it.
    pub(super) fn shown(&self, path: &AbsPath) -> String {
        path.relative_to(&self.session.info().root).to_owned()
    }
}

fn not_kept(error: ErrorInfo) -> ToolError {
    ToolError::new(
        error.code,
        format!("it was not begun, because what is there could not be kept: {}", error.message),
    )
}

impl Tracked {
    /// What it takes to have these hunks shown or hidden. Of those that show, what is unknown is
    /// no part of it.
    pub(super) fn plan(&self, wishes: &[(HunkId, bool)]) -> Plan {
        let known = wishes.iter().filter_map(|(id, shown)| Some((self.number(id)?, *shown)));
        let wishes: BTreeMap<usize, bool> = known.collect();
        self.weave.plan(&wishes, |_| true)
    }
}
