//! Carrying out a plan in one document: from the hunks that are wished for to a text that has
//! them, with what somebody types meanwhile.

use std::collections::BTreeMap;

use changes::Plan;
use futures::{StreamExt, future::join_all, stream::FuturesOrdered};
use protocol::{AbsPath, ErrorCode, ErrorInfo, HunkId, Stamp};
use ropey::Rope;
use tokio_util::sync::CancellationToken;

use super::{Book, tracked::Tracked};
use crate::{
    DocumentError, Keep, Origin, Snapshot, ToolError,
    apply::{self, Place, Target},
    checkpoints, prompts,
};

/// How often an edit is tried while somebody types.
const TRIES: usize = 3;

/// How many documents are kept before, and noted after, with one write each.
const TOGETHER: usize = 256;

/// How many of those are changed at the same time: more are no quicker on a disk, and an editor
/// would take too long to answer.
const AT_ONCE: usize = 16;

/// What becomes of the file beside its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It has the new text; it is made if it does not exist.
    Stays,
    /// It goes if the text is empty then.
    Goes,
    /// It goes, or stays as it is: with text that nobody proposed to delete it does not go.
    GoesWhole,
    /// It goes to another place, as it is.
    Moves { to: AbsPath },
}

/// What is wished of one document.
pub(super) struct Wish {
    pub(super) path: AbsPath,
    pub(super) hunks: Vec<(HunkId, bool)>,
    pub(super) fate: Fate,
}

/// What was carried out, and what could not be.
#[derive(Debug)]
pub(super) struct Carried {
    pub(super) place: Place,
    pub(super) switched: Vec<HunkId>,
    pub(super) refused: Vec<(HunkId, String)>,
}

/// Where a text went, what the document says then, and its stamp, if it exists.
type Written = (Place, Rope, Option<Stamp>);

/// What a wish comes to: an error if nothing was changed, or if it was not seen that it was.
pub(super) type Outcome = Result<Carried, ToolError>;

/// A wish with what it takes.
struct Ready {
    plan: Plan,
    goal: Rope,
    switched: Vec<HunkId>,
    refused: Vec<(HunkId, String)>,
}

impl Book {
    /// Has hunks of one document shown or hidden, as far as that is possible.
    ///
    /// # Errors
    /// As for [`Outcome`].
    pub(super) async fn carry_out(&mut self, wish: Wish, cancel: &CancellationToken) -> Outcome {
        let mut outcomes = self.carry_out_together(&[wish], cancel).await;
        outcomes.pop().unwrap_or_else(|| Err(apply::not_begun()))
    }

    /// Has hunks of several documents shown or hidden, as far as that is possible.
    pub(super) async fn carry_out_all(
        &mut self,
        wishes: &[Wish],
        cancel: &CancellationToken,
    ) -> Vec<Outcome> {
        // Where a file goes, another may have to be out of the way.
        let has_moves = wishes.iter().any(|wish| matches!(wish.fate, Fate::Moves { .. }));
        let mut outcomes = Vec::new();
        for wishes in wishes.chunks(if has_moves { 1 } else { TOGETHER }) {
            outcomes.extend(self.carry_out_together(wishes, cancel).await);
        }
        outcomes
    }

    /// The same for documents that are changed at the same time.
    async fn carry_out_together(
        &mut self,
        wishes: &[Wish],
        cancel: &CancellationToken,
    ) -> Vec<Outcome> {
        let mut outcomes: Vec<Option<Outcome>> = wishes.iter().map(|_| None).collect();
        // What was kept for this, and nothing has changed since but typing.
        let mut own = Vec::new();
        for tries in 1..=TRIES {
            let left: Vec<usize> = (0..wishes.len()).filter(|at| outcomes[*at].is_none()).collect();
            if left.is_empty() || cancel.is_cancelled() {
                break;
            }
            if tries > 1 && !self.until_nobody_types(cancel).await {
                break;
            }
            let left: Vec<(usize, &Wish)> = left.into_iter().map(|at| (at, &wishes[at])).collect();
            let mut ready = Vec::new();
            for ((at, wish), prepared) in left.iter().zip(self.prepare(&left, tries).await) {
                match prepared {
                    Ok(it) if it.switched.is_empty() => {
                        let Ready { switched, refused, .. } = it;
                        outcomes[*at] = Some(Ok(Carried { place: Place::Disk, switched, refused }));
                    }
                    Ok(it) => ready.push((*at, *wish, it)),
                    Err(error) => outcomes[*at] = Some(Err(error)),
                }
            }
            let unkept = self.keep_before(&ready, &mut own).await;
            for (at, error) in unkept {
                ready.retain(|(it, ..)| *it != at);
                outcomes[at] = Some(Err(error));
            }
            let written = self.serving(self.write_all(&ready, cancel)).await;
            let (mut done, mut failed) = (Vec::new(), Vec::new());
            for ((at, wish, ready), written) in ready.into_iter().zip(written) {
                // Not begun, if it was stopped before.
                let Some(written) = written else { continue };
                match written {
                    Ok(written) => {
                        let (switched, refused) = (ready.switched.clone(), ready.refused.clone());
                        outcomes[at] = Some(Ok(Carried { place: written.0, switched, refused }));
                        done.push((wish, ready, written));
                    }
                    Err(error) => failed.push((at, wish, error)),
                }
            }
            self.carried(done).await;
            if tries < TRIES {
                failed = self.unmoved(failed, cancel).await;
            }
            for (at, wish, error) in failed {
                self.failed(wish, &error);
                outcomes[at] = Some(Err(error));
            }
        }
        let told = outcomes.into_iter();
        told.map(|outcome| outcome.unwrap_or_else(|| Err(apply::not_begun()))).collect()
    }

    /// Waits for a pause in the typing; false if it was stopped meanwhile.
    async fn until_nobody_types(&self, cancel: &CancellationToken) -> bool {
        let pause = self.shared.parts.settings.typing_pause;
        let documents = self.shared.parts.documents.as_ref();
        self.serving(apply::pause(documents, pause, cancel)).await;
        !cancel.is_cancelled()
    }

    /// Notes that a wish was not seen carried out.
    fn failed(&mut self, wish: &Wish, error: &ToolError) {
        let is_unseen = matches!(error.code, ErrorCode::Cancelled | ErrorCode::EditUnconfirmed);
        if let Some(tracked) = self.files.get_mut(&wish.path).filter(|_| is_unseen) {
            tracked.may_come(&wish.hunks);
        }
    }

    /// What each of these wishes takes, with the documents as they are now. The first of several
    /// `tries` takes a file for what it was when it was last seen: whoever writes it looks at it.
    async fn prepare(
        &mut self,
        wishes: &[(usize, &Wish)],
        tries: usize,
    ) -> Vec<Result<Ready, ToolError>> {
        let paths = wishes.iter().map(|(_, wish)| wish.path.clone());
        let paths = paths.filter(|path| tries > 1 || self.is_other(path));
        self.sync_these(&paths.collect::<Vec<AbsPath>>()).await;
        let ready = wishes.iter().map(|(_, wish)| {
            let tracked = self.files.get(&wish.path);
            let tracked = tracked.ok_or_else(|| DocumentError::NotFound(wish.path.clone()))?;
            tracked.ready(&wish.hunks)
        });
        ready.collect()
    }

    /// Keeps documents before they are changed. `own` are those that were kept for this before;
    /// gives those that cannot be.
    async fn keep_before(
        &mut self,
        ready: &[(usize, &Wish, Ready)],
        own: &mut Vec<AbsPath>,
    ) -> Vec<(usize, ToolError)> {
        let touched = |wish: &Wish| match &wish.fate {
            Fate::Moves { to } => vec![wish.path.clone(), to.clone()],
            _ => vec![wish.path.clone()],
        };
        let paths: Vec<AbsPath> = ready.iter().flat_map(|(_, wish, _)| touched(wish)).collect();
        let failed = match self.keep_as_it_is(&paths, own).await {
            Ok(failed) => failed,
            Err(error) => paths.into_iter().map(|path| (path, error.clone())).collect(),
        };
        let errors = ready.iter().filter_map(|(at, wish, _)| {
            let paths = touched(wish);
            let (_, error) = failed.iter().find(|(path, _)| paths.contains(path))?;
            Some((*at, not_kept(error.clone())))
        });
        errors.collect()
    }

    /// Of failed attempts those that did not fail because somebody changed the document.
    async fn unmoved<'a>(
        &self,
        failed: Vec<(usize, &'a Wish, ToolError)>,
        cancel: &CancellationToken,
    ) -> Vec<(usize, &'a Wish, ToolError)> {
        let moved = failed.iter().map(|(_, wish, error)| self.has_moved(error, &wish.path, cancel));
        let moved = self.serving(join_all(moved)).await;
        let unmoved = failed.into_iter().zip(moved).filter(|(_, moved)| !moved);
        unmoved.map(|(failed, _)| failed).collect()
    }

    /// Whether an attempt failed because somebody changed the document.
    async fn has_moved(
        &self,
        error: &ToolError,
        path: &AbsPath,
        cancel: &CancellationToken,
    ) -> bool {
        match error.code {
            ErrorCode::EditStale => true,
            ErrorCode::EditRefused => {
                // Emacs tells what was typed half a second later, and refuses meanwhile.
                let wait = self.shared.parts.settings.confirm_timeout;
                tokio::select! {
                    moved = tokio::time::timeout(wait, self.moves(path)) => moved.unwrap_or(false),
                    () = cancel.cancelled() => false,
                }
            }
            _ => false,
        }
    }

    /// Waits until a document is not what is known of it; false if nobody can tell any more.
    async fn moves(&self, path: &AbsPath) -> bool {
        let known = self.files.get(path).and_then(|tracked| tracked.stamp.as_ref());
        let then = known.map(|stamp| stamp.revision);
        let documents = &self.shared.parts.documents;
        let mut changes = documents.changes();
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
    }

    /// A path must still lead where it led when it was decided about.
    pub(super) async fn resolves(&self, path: &AbsPath) -> Result<(), ToolError> {
        let resolved = self.shared.parts.documents.resolve(path).await?;
        if resolved == *path {
            return Ok(());
        }
        Err(ToolError::new(ErrorCode::BadPath, prompts::moved(path.as_str())))
    }

    /// Writes each once; those that a stop came before are none.
    async fn write_all(
        &self,
        ready: &[(usize, &Wish, Ready)],
        cancel: &CancellationToken,
    ) -> Vec<Option<Result<Written, ToolError>>> {
        let mut written = Vec::new();
        let mut writes = FuturesOrdered::new();
        for (_, wish, ready) in ready {
            if writes.len() == AT_ONCE {
                written.extend(writes.next().await);
            }
            writes.push_back(self.write_unless(wish, ready, cancel));
        }
        written.extend(writes.collect::<Vec<_>>().await);
        written
    }

    async fn write_unless(
        &self,
        wish: &Wish,
        ready: &Ready,
        cancel: &CancellationToken,
    ) -> Option<Result<Written, ToolError>> {
        match cancel.is_cancelled() {
            true => None,
            false => Some(self.write(wish, ready, cancel).await),
        }
    }

    /// Writes once, and gives the text that the document has then; its stamp, if it exists.
    async fn write(
        &self,
        Wish { path, fate, .. }: &Wish,
        Ready { plan, goal, .. }: &Ready,
        cancel: &CancellationToken,
    ) -> Result<Written, ToolError> {
        let documents = self.shared.parts.documents.as_ref();
        let stamp = self.files.get(path).and_then(|tracked| tracked.stamp.clone());
        match (fate, stamp) {
            (Fate::Goes | Fate::GoesWhole, Some(stamp)) if goal.len_bytes() == 0 => {
                match (documents.remove(path, &stamp.hash).await, fate) {
                    (Ok(()), _) => {}
                    (Err(DocumentError::Unsaved(_)), Fate::Goes) => {
                        return self.empty_and_remove(path, plan, goal, cancel).await;
                    }
                    (Err(error), _) => return Err(error.into()),
                }
                Ok((Place::Disk, goal.clone(), None))
            }
            (Fate::Goes | Fate::GoesWhole, None) if goal.len_bytes() == 0 => {
                Ok((Place::Disk, goal.clone(), None))
            }
            (Fate::GoesWhole, _) => {
                Err(ToolError::new(ErrorCode::EditStale, prompts::obstacle("written")))
            }
            (Fate::Moves { to }, Some(stamp)) => {
                self.resolves(to).await?;
                documents.rename(path, to, &stamp.hash).await?;
                let now = documents.snapshot(to).await?;
                Ok((Place::Disk, now.text, Some(now.stamp)))
            }
            (Fate::Moves { .. }, None) => Err(DocumentError::NotFound(path.clone()).into()),
            (_, None) => {
                let stamp = self.make(path, goal).await?;
                Ok((Place::Disk, goal.clone(), Some(stamp)))
            }
            (_, Some(_)) => self.edit(path, plan, goal, cancel).await,
        }
    }

    /// Changes the text of a document that exists.
    async fn edit(
        &self,
        path: &AbsPath,
        plan: &Plan,
        goal: &Rope,
        cancel: &CancellationToken,
    ) -> Result<Written, ToolError> {
        let stale = || DocumentError::Stale(path.clone());
        let tracked = self.files.get(path).ok_or_else(stale)?;
        let stamp = tracked.stamp.as_ref().ok_or_else(stale)?;
        if tracked.is_missing() {
            return Err(DocumentError::NotFound(path.clone()).into());
        }
        let now = match self.shared.parts.documents.buffer(path).await {
            Some(now) if now.stamp.hash != stamp.hash => return Err(stale().into()),
            Some(now) => {
                self.resolves(path).await?;
                now
            }
            // Whoever writes the file looks at it, and at where its path leads.
            None => {
                let (text, stamp) = (tracked.text.clone(), stamp.clone());
                Snapshot { path: path.clone(), text, stamp, origin: Origin::Disk }
            }
        };
        let label = format!("Coworker: edit {}", self.shown(path));
        let target = Target { shared: &self.shared, now: &now, goal, label, cancel };
        let (place, seen) = apply::apply(target, plan.replacements.clone()).await?;
        Ok((place, seen.text, Some(seen.stamp)))
    }

    /// Takes a file away whose editor has unsaved text, all of it the agent's: first the text, and
    /// then the file, if that has nothing else either.
    async fn empty_and_remove(
        &self,
        path: &AbsPath,
        plan: &Plan,
        goal: &Rope,
        cancel: &CancellationToken,
    ) -> Result<Written, ToolError> {
        let documents = self.shared.parts.documents.as_ref();
        let saved = documents.file(path).await?.and_then(|file| String::from_utf8(file.bytes).ok());
        let tracked = self.files.get(path);
        let said = tracked.zip(saved).filter(|(tracked, saved)| tracked.said(saved));
        let Some((_, saved)) = said else {
            return Err(DocumentError::Unsaved(path.clone()).into());
        };
        let saved = self.keep_bytes(saved.as_bytes()).await;
        let saved = saved.map_err(|error| ToolError::new(error.code, error.message))?;
        let (place, text, stamp) = self.edit(path, plan, goal, cancel).await?;
        if text.len_bytes() > 0 {
            // Somebody typed meanwhile.
            return Ok((place, text, stamp));
        }
        documents.remove(path, &saved).await?;
        Ok((place, text, None))
    }

    /// Makes a file that does not exist. If there was one before in this session, it gets that
    /// one's permissions and encoding; and its very bytes, if it says the same.
    async fn make(&self, path: &AbsPath, goal: &Rope) -> Result<Stamp, ToolError> {
        let documents = self.shared.parts.documents.as_ref();
        let text = goal.to_string();
        let before = self.session.look(|state| checkpoints::last_file(state, path));
        let bytes = match &before {
            Some(file) if documents.file(path).await?.is_none() => {
                // Without them it is made as a new one.
                self.bytes(Some(file)).await.ok().flatten()
            }
            _ => None,
        };
        if bytes.is_none() {
            return Ok(documents.write(path, None, &text).await?);
        }
        documents.put_back(path, bytes).await?;
        let now = documents.snapshot(path).await;
        match now {
            Ok(now) if now.text == text.as_str() => Ok(now.stamp),
            Ok(now) => match documents.write(path, Some(&now.stamp.hash), &text).await {
                Ok(stamp) => Ok(stamp),
                Err(error) => {
                    documents.remove(path, &now.stamp.hash).await?;
                    Err(error.into())
                }
            },
            // It was no text then.
            Err(_) => {
                documents.put_back(path, None).await?;
                Ok(documents.write(path, None, &text).await?)
            }
        }
    }

    /// Notes what was carried out.
    async fn carried(&mut self, done: Vec<(&Wish, Ready, Written)>) {
        let (mut paths, mut all) = (Vec::new(), Vec::new());
        for (Wish { path, fate, .. }, Ready { plan, goal, .. }, (place, text, stamp)) in done {
            let Some(tracked) = self.files.get_mut(path) else { continue };
            tracked.place = Some(place);
            let before = tracked.text.clone();
            // Somebody may have typed while it was applied.
            let to = stamp.as_ref().filter(|_| place == Place::Buffer);
            let steps = to.and_then(|to| {
                self.shared.parts.documents.edits_between(path, tracked.revision(), to.revision)
            });
            all.extend(tracked.carried_out(&plan, goal, (&text, stamp), steps.as_deref()));
            let memory = &self.session.memory;
            if let Fate::Moves { to } = fate {
                memory.moved(path, to);
                if let Some(tracked) = self.files.remove(path) {
                    self.takes_name(path, to, tracked).await;
                }
                paths.push(to.clone());
            } else {
                memory.edited(path, &before, &plan.replacements);
                paths.push(path.clone());
            }
        }
        self.keep_these(&paths).await;
        self.note(all).await;
        self.note_obstacles(&paths).await;
    }

    /// A document has another name from now on. What had that name before has it again when this
    /// one is moved away.
    pub(super) async fn takes_name(&mut self, from: &AbsPath, to: &AbsPath, mut tracked: Tracked) {
        match tracked.under.take() {
            Some(mut under) => {
                // What happened to the name meanwhile was not noted of it.
                under.has_changed();
                self.files.insert(from.clone(), *under);
                self.keep(from).await;
            }
            None => self.forget(from).await,
        }
        if let Some(displaced) = self.files.remove(to) {
            tracked.under = Some(Box::new(displaced));
        }
        self.files.insert(to.clone(), tracked);
    }

    /// Nothing is kept of a document that has another name now.
    async fn forget(&self, path: &AbsPath) {
        let none = Keep::Weave { path: path.clone(), weave: Vec::new(), texts: Vec::new() };
        let forgotten = self.shared.parts.store.keep(&self.session.id, vec![none]).await;
        if let Err(error) = forgotten {
            tracing::warn!(%path, %error, "not forgotten");
        }
    }

    /// A path as the user reads it.
    pub(super) fn shown(&self, path: &AbsPath) -> String {
        path.relative_to(&self.session.info().root).to_owned()
    }
}

fn not_kept(error: ErrorInfo) -> ToolError {
    ToolError::new(error.code, format!("{}: {}", prompts::obstacle("unkept"), error.message))
}

impl Tracked {
    /// What it takes to have these hunks shown or hidden. Of those that show, what is unknown is
    /// no part of it.
    pub(super) fn plan(&self, wishes: &[(HunkId, bool)]) -> Plan {
        let known = wishes.iter().filter_map(|(id, shown)| Some((self.number(id)?, *shown)));
        self.weave.plan(&known.collect::<BTreeMap<usize, bool>>())
    }

    /// The same with the text that comes of it, and the hunks by their names.
    fn ready(&self, wishes: &[(HunkId, bool)]) -> Result<Ready, ToolError> {
        let plan = self.plan(wishes);
        let refused = plan.refused.iter().filter_map(|(number, obstacle)| {
            Some((self.id(*number)?.clone(), self.words(*number, *obstacle)))
        });
        let refused = refused.collect();
        let switched = plan.hunks.keys().filter_map(|number| self.id(*number).cloned()).collect();
        let goal = changes::apply_to(&self.text, &plan.replacements)
            .map_err(|error| ToolError::new(ErrorCode::Internal, error.to_string()))?;
        Ok(Ready { plan, goal, switched, refused })
    }
}
