//! Review: the edits of one model response, put before the user as one change set, then applied.
//!
//! An edit is asked for once: its review is its approval. What was shown is what is applied, and
//! only to the document it was made for.

use std::collections::{HashMap, HashSet};

use protocol::{
    AbsPath, Answer, Approval, ApprovalSubject, ChangeSet, Decision, Effect, ErrorCode, FileChange,
    FileChangeKind, Hunk, HunkDecision, HunkId, HunkState, Item, ItemBody, ItemId, ToolCallStatus,
    Update,
};
use ropey::Rope;

use crate::{
    DocumentError, Editable, Output, ProposedEdit, ToolError,
    apply::Place,
    approvals,
    calls::{self, Proposals, Proposed},
    diagnostics::Baseline,
    ledger::{Decided, summary},
    policy::Verdict,
    prompts, session,
    sessions::lock,
    turn::{Halt, RequestedCall, Turn},
};

/// The change set of one response while it is being made and decided.
pub(crate) struct Review<'a> {
    turn: &'a Turn,
    proposals: Proposals,
    calls: Vec<RequestedCall>,
    /// What the calls' edits say of themselves.
    notes: Vec<(ItemId, AbsPath, String)>,
    files: Vec<ReviewedFile>,
}

/// A file of the change set with its texts.
#[derive(Clone)]
struct ReviewedFile {
    change: FileChange,
    before: String,
    after: String,
    /// Where the accepted hunks went, or why they did not.
    applied: Option<Result<Place, ErrorCode>>,
}

impl<'a> Review<'a> {
    pub(crate) fn new(turn: &'a Turn, proposals: Proposals) -> Self {
        let (calls, notes, files) = Default::default();
        Self { turn, proposals, calls, notes, files }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.calls.is_empty()
    }

    /// Takes a call's edits in, unless policy forbids them.
    pub(crate) async fn add(
        &mut self,
        mut call: RequestedCall,
        edits: Vec<ProposedEdit>,
    ) -> Result<(), Halt> {
        // What a call writes is what it proposes to write, whatever it said of itself.
        let effect = |edit: &ProposedEdit| effect_of(edit.kind, &edit.path, edit.to.as_ref());
        for effect in edits.iter().map(effect) {
            if !call.call.effects.contains(&effect) {
                call.call.effects.push(effect);
            }
        }
        if let Verdict::Deny { why } = calls::decide(self.turn, &call.call.effects).await? {
            let denied = ToolError::new(ErrorCode::Denied, prompts::denied(&why));
            return calls::finish(self.turn, call, Err(denied)).await;
        }
        let before = self.files.clone();
        let mut notes = Vec::new();
        for edit in edits {
            let note = edit.note.clone();
            notes.extend(note.map(|note| (call.item.id.clone(), edit.path.clone(), note)));
            if let Err(error) = self.take(&call.item, edit).await {
                // A call is taken in whole or not at all.
                self.files = before;
                return calls::finish(self.turn, call, Err(error)).await;
            }
        }
        for file in &self.files {
            let FileChange { path, kind, to, base, .. } = &file.change;
            let proposed = match is_whole(*kind) {
                true => Proposed::Fate,
                false => {
                    let (text, base) = (file.after.clone(), base.clone());
                    Proposed::Text(Editable { text, base })
                }
            };
            let mut proposals = lock(&self.proposals);
            proposals.extend(to.clone().map(|to| (to, Proposed::Fate)));
            proposals.insert(path.clone(), proposed);
        }
        self.notes.extend(notes);
        self.calls.push(call);
        Ok(())
    }

    async fn take(&mut self, item: &Item, edit: ProposedEdit) -> Result<(), ToolError> {
        let at = match self.files.iter().position(|file| file.change.path == edit.path) {
            Some(at) if is_whole(edit.kind) || is_whole(self.files[at].change.kind) => {
                let shown = edit.path.relative_to(&self.turn.session.info().root).to_owned();
                return Err(ToolError::new(ErrorCode::EditStale, prompts::one_fate(&shown)));
            }
            Some(at) => at,
            None => {
                self.files.push(self.begin(&edit).await?);
                self.files.len() - 1
            }
        };
        let hunks = self.files.iter().flat_map(|file| &file.change.hunks);
        let count = hunks.filter(|hunk| hunk.item_id == item.id).count();
        let file = &mut self.files[at];
        let wrong =
            |error: changes::ChangeError| ToolError::new(ErrorCode::Internal, error.to_string());
        let text = Rope::from_str(&file.after);
        let mut hunks = changes::hunks(&text, &edit.replacements).map_err(wrong)?;
        if hunks.is_empty() {
            // What happens to the file as a whole is decided, too.
            hunks.push(Vec::new());
        }
        file.after = changes::apply(&file.after, &edit.replacements).map_err(wrong)?;
        for (index, replacements) in hunks.into_iter().enumerate() {
            file.change.hunks.push(Hunk {
                id: HunkId(format!("{}.{}", item.id, count + index + 1)),
                item_id: item.id.clone(),
                replacements,
                depends_on: Vec::new(),
                reason: edit.reason.clone(),
                edited: false,
                comment: None,
                state: HunkState::Pending,
                believed: None,
            });
        }
        Ok(())
    }

    /// The file as it is, if it is what the edit was made for.
    async fn begin(&self, edit: &ProposedEdit) -> Result<ReviewedFile, ToolError> {
        let before = match self.turn.shared.parts.documents.snapshot(&edit.path).await {
            Ok(now) if edit.base.as_ref().is_some_and(|base| base.hash == now.stamp.hash) => {
                now.text.to_string()
            }
            Err(DocumentError::NotFound(_)) if edit.base.is_none() => String::new(),
            Ok(_) => return Err(DocumentError::Stale(edit.path.clone()).into()),
            Err(error) => return Err(error.into()),
        };
        let change = FileChange {
            path: edit.path.clone(),
            kind: edit.kind,
            to: edit.to.clone(),
            base: edit.base.clone(),
            hunks: Vec::new(),
            diff: String::new(),
            syntax_errors: Vec::new(),
        };
        Ok(ReviewedFile { change, after: before.clone(), before, applied: None })
    }

    /// Has the change set decided, applies what was accepted, and tells the model.
    pub(crate) async fn finish(mut self) -> Result<(), Halt> {
        self.refuse_faulty().await?;
        if self.calls.is_empty() {
            return Ok(());
        }
        let root = self.turn.session.info().root;
        for file in &mut self.files {
            let label = file.change.path.relative_to(&root);
            let before = file.change.base.as_ref().map(|_| file.before.as_str());
            file.change.diff = match &file.change.to {
                Some(to) => format!("rename from {label}\nrename to {}\n", to.relative_to(&root)),
                None => changes::unified(label, before, &file.after),
            };
        }
        let mut item = self.turn.item(ItemBody::ChangeSet(self.change_set()));
        let before = self.files.iter().map(|file| Rope::from_str(&file.before)).collect();
        let set = self.proposed(self.change_set(), before).await?;
        item.body = ItemBody::ChangeSet(set);
        let shown = self.calls.iter_mut().map(|call| {
            call.item.body = ItemBody::ToolCall(call.call.clone());
            Update::ItemChanged { item: call.item.clone() }
        });
        let mut updates: Vec<Update> = shown.collect();
        updates.push(Update::ItemStarted { item: item.clone() });
        self.turn.session.record(updates).await?;

        let paths: Vec<AbsPath> = self.files.iter().map(|file| file.change.path.clone()).collect();
        let free = self.free().await?;
        // Hunks may be applied one by one while the question is open.
        let (early, answer) = if free.is_empty() {
            tokio::join!(Baseline::of(self.turn, &paths), self.decided(&item, &free))
        } else {
            let early = Baseline::of(self.turn, &paths).await;
            self.apply_free(&item, &free).await?;
            (early, self.decided(&item, &free).await)
        };
        let answer = answer?;
        let decisions = self.decisions(&item, answer.as_ref());
        let running = self.begin_calls(&decisions);
        self.turn.session.record(running).await?;
        // A stop in here must not take from the model what became of its edits.
        // While it was asked, the user may have gone on.
        let baseline = match answer.is_some() && self.is_untouched(&item) {
            true => self.turn.unless_cancelled(Baseline::of(self.turn, &paths)).await,
            false => Ok(early),
        };
        self.decide(&item, decisions).await?;
        let (turn, applied) = (self.turn, self.applied());
        let difference = baseline.unwrap_or_default().difference(turn, &applied);
        let said = turn.unless_cancelled(difference).await;
        self.tell(said.unwrap_or_default()).await
    }

    /// Has the ledger take the hunks in; they know then which of them need which.
    async fn proposed(&self, set: ChangeSet, before: Vec<Rope>) -> Result<ChangeSet, Halt> {
        let taken = self.turn.session.ledger.ask(move |book| {
            Box::pin(async move {
                let mut set = set;
                book.propose(&mut set, &before).await;
                set
            })
        });
        Ok(taken.await?)
    }

    /// The change set as it is now: the user may have decided about hunks one by one.
    fn now(&self, item: &Item) -> Option<ChangeSet> {
        self.turn.session.look(|state| match &state.item(&item.id)?.body {
            ItemBody::ChangeSet(set) => Some(set.clone()),
            _ => None,
        })
    }

    /// Whether nothing has been applied yet.
    fn is_untouched(&self, item: &Item) -> bool {
        let is_applied = |hunk: &Hunk| hunk.state != HunkState::Pending;
        self.now(item).is_none_or(|set| !hunks_of(&set).any(is_applied))
    }

    /// Whether any hunk still waits for a decision.
    fn waits(&self, item: &Item) -> bool {
        let is_pending = |hunk: &Hunk| hunk.state == HunkState::Pending;
        self.now(item).is_some_and(|set| hunks_of(&set).any(is_pending))
    }

    /// What an answer means for each hunk that still waits for a decision. A no is also meant for
    /// those that something is in the way of: they would wait again when it is gone.
    fn decisions(&self, item: &Item, answer: Option<&Answer>) -> Vec<HunkDecision> {
        let Some(set) = self.now(item) else { return Vec::new() };
        let is_no = answer.is_some_and(|answer| !answer.decision.allows());
        let waiting = hunks_of(&set).filter(|hunk| match hunk.state {
            HunkState::Pending => true,
            HunkState::Conflicted { .. } => is_no,
            _ => false,
        });
        let decision = |hunk: &Hunk| {
            let own = answer.and_then(|it| it.hunks.iter().find(|own| own.hunk_id == hunk.id));
            own.cloned().unwrap_or_else(|| HunkDecision {
                hunk_id: hunk.id.clone(),
                accept: answer.is_none_or(|answer| answer.decision.allows()),
                text: None,
                before: None,
                reason: answer.and_then(|answer| answer.reason.clone()),
            })
        };
        waiting.map(decision).collect()
    }

    /// Has the decisions carried out, and takes over what became of the hunks.
    async fn decide(&mut self, item: &Item, decisions: Vec<HunkDecision>) -> Result<(), Halt> {
        let (id, cancel) = (item.id.clone(), self.turn.cancel.clone());
        let decided =
            self.turn.session.ledger.ask(move |book| {
                Box::pin(async move { book.finish(&id, &decisions, &cancel).await })
            });
        let Decided { set, files, .. } = decided.await??;
        for (file, change) in self.files.iter_mut().zip(&set.files) {
            file.change = change.clone();
            file.applied = files.get(&change.path).copied();
        }
        Ok(())
    }

    /// Ends the calls; `said` is what the edits changed in what is said of their files.
    async fn tell(&mut self, mut said: HashMap<AbsPath, String>) -> Result<(), Halt> {
        // What is said of a file goes to the last call that edited it: it is about the whole.
        let mut results = Vec::new();
        for call in std::mem::take(&mut self.calls).into_iter().rev() {
            let mut result = self.result(&call);
            if let Ok(Output { text, .. }) = &mut result {
                for file in self.files.iter().filter(|file| file.is_edited_by(&call.item)) {
                    if let Some(words) = said.remove(&file.change.path) {
                        *text = format!("{text}\n{words}");
                    }
                }
            }
            results.push((call, result));
        }
        for (call, result) in results.into_iter().rev() {
            calls::finish(self.turn, call, result).await?;
        }
        Ok(())
    }

    /// The documents that now have some of their hunks.
    fn applied(&self) -> HashSet<AbsPath> {
        let is_there = |hunk: &Hunk| hunk.state.is_in_document();
        let applied = self.files.iter().filter(|file| file.change.hunks.iter().any(is_there));
        applied.map(|file| file.change.path.clone()).collect()
    }

    /// Gives edits back to the model whose text would have a fault that it does not have now,
    /// before anyone is asked about them. A text that the model proposes again as it was goes
    /// through: it may know better, and the user sees the faults.
    async fn refuse_faulty(&mut self) -> Result<(), Halt> {
        let documents = self.turn.shared.parts.documents.as_ref();
        let root = self.turn.session.info().root;
        let mut faulty = Vec::new();
        for file in self.files.iter_mut().filter(|file| !is_whole(file.change.kind)) {
            let before = file.change.base.as_ref().map(|_| file.before.as_str());
            let errors = documents.syntax_errors(&file.change.path, before, &file.after).await;
            file.change.syntax_errors = errors;
            if file.change.syntax_errors.is_empty() {
                continue;
            }
            let text = format!("{}\0{}", file.change.path, file.after);
            if lock(&self.turn.warned).insert(text) {
                faulty.push(file.change.path.clone());
            }
        }
        // A call is given back whole, and with it every file that it edits.
        while let Some(path) = faulty.pop() {
            let Some(at) = self.files.iter().position(|file| file.change.path == path) else {
                continue;
            };
            let file = self.files.remove(at);
            let words = prompts::syntax_errors(path.relative_to(&root), &file.change.syntax_errors);
            let (given_back, kept) = std::mem::take(&mut self.calls)
                .into_iter()
                .partition::<Vec<_>, _>(|call| file.is_edited_by(&call.item));
            self.calls = kept;
            for call in given_back {
                let others = self.files.iter().filter(|other| other.is_edited_by(&call.item));
                faulty.extend(others.map(|other| other.change.path.clone()));
                let error = ToolError::new(ErrorCode::EditBreaksSyntax, words.clone());
                calls::finish(self.turn, call, Err(error)).await?;
            }
        }
        Ok(())
    }

    /// The calls that have an accepted hunk as running.
    fn begin_calls(&mut self, decisions: &[HunkDecision]) -> Vec<Update> {
        let hunks = self.files.iter().flat_map(|file| &file.change.hunks);
        let accepted: HashSet<_> = hunks
            .filter(|hunk| decisions.iter().any(|own| own.accept && own.hunk_id == hunk.id))
            .map(|hunk| &hunk.item_id)
            .collect();
        let begun = self.calls.iter_mut().filter(|call| accepted.contains(&call.item.id));
        let running = begun.map(|RequestedCall { item, call, .. }| {
            call.status = ToolCallStatus::Running;
            item.body = ItemBody::ToolCall(call.clone());
            Update::ItemChanged { item: item.clone() }
        });
        running.collect()
    }

    fn change_set(&self) -> ChangeSet {
        ChangeSet {
            session_id: None,
            files: self.files.iter().map(|file| file.change.clone()).collect(),
            model: self.turn.session.look(|state| state.model.clone()),
        }
    }

    /// The files that nobody has to be asked about, although there are others of which somebody
    /// has.
    async fn free(&self) -> Result<HashSet<AbsPath>, Halt> {
        let mut free = HashSet::new();
        for FileChange { path, kind, to, .. } in self.files.iter().map(|file| &file.change) {
            let effect = effect_of(*kind, path, to.as_ref());
            if calls::decide(self.turn, &[effect]).await? == Verdict::Allow {
                free.insert(path.clone());
            }
        }
        if free.len() == self.files.len() {
            free.clear();
        }
        Ok(free)
    }

    /// Applies the hunks of some files, before the others are asked about.
    async fn apply_free(&mut self, item: &Item, free: &HashSet<AbsPath>) -> Result<(), Halt> {
        let files = self.files.iter().filter(|file| free.contains(&file.change.path));
        let hunks: HashSet<HunkId> =
            files.flat_map(|file| &file.change.hunks).map(|hunk| hunk.id.clone()).collect();
        let mut decisions = self.decisions(item, None);
        decisions.retain(|decision| hunks.contains(&decision.hunk_id));
        let running = self.begin_calls(&decisions);
        self.turn.session.record(running).await?;
        let (id, cancel) = (item.id.clone(), self.turn.cancel.clone());
        let applied =
            self.turn.session.ledger.ask(move |book| {
                Box::pin(async move { book.decide(&id, &decisions, &cancel).await })
            });
        applied.await??;
        Ok(())
    }

    /// The user's answer about all but the free files; none when nothing had to be asked. It is
    /// about what is shown: calls may have been given back, and the user may have chosen another
    /// mode meanwhile.
    async fn decided(&self, item: &Item, free: &HashSet<AbsPath>) -> Result<Option<Answer>, Halt> {
        let (free, asked): (Vec<_>, Vec<_>) = self
            .files
            .iter()
            .map(|file| &file.change)
            .partition(|change| free.contains(&change.path));
        let free = free
            .into_iter()
            .map(|FileChange { path, kind, to, .. }| effect_of(*kind, path, to.as_ref()));
        let free: Vec<Effect> = free.collect();
        let mut effects: Vec<Effect> = Vec::new();
        for effect in self.calls.iter().flat_map(|call| &call.call.effects) {
            if !effects.contains(effect) && !free.contains(effect) {
                effects.push(effect.clone());
            }
        }
        let (why, rememberable) = match calls::decide(self.turn, &effects).await? {
            Verdict::Allow => return Ok(None),
            Verdict::Ask { why, rememberable } => (why, rememberable),
            Verdict::Deny { why } => {
                let rejected = Answer::new(Decision::Reject, "policy");
                return Ok(Some(Answer { reason: Some(why), ..rejected }));
            }
        };
        let root = self.turn.session.info().root;
        let approval = Approval {
            title: title(asked.into_iter(), &root),
            subject: ApprovalSubject::Changes { item_id: item.id.clone() },
            why,
            options: approvals::options(
                "Accept",
                "Reject",
                rememberable.then_some(effects.as_slice()),
            ),
            answer: None,
        };
        loop {
            match approvals::ask(self.turn, approval.clone()).await {
                // It was withdrawn because there was nothing left to ask about. If something waits
                // again by now, because what was typed in its way was taken back, that is asked.
                Err(Halt::Cancelled) if !self.turn.cancel.is_cancelled() => {
                    if !self.waits(item) {
                        return Ok(Some(session::withdrawn()));
                    }
                }
                answer => return answer.map(Some),
            }
        }
    }

    /// What the model is told of a call's edits.
    fn result(&self, call: &RequestedCall) -> Result<Output, ToolError> {
        let mut words = Vec::new();
        let mut failure = None;
        for file in self.files.iter().filter(|file| file.is_edited_by(&call.item)) {
            let hunks = file.change.hunks.iter().filter(|hunk| hunk.item_id == call.item.id);
            let hunks: Vec<&Hunk> = hunks.collect();
            for hunk in &hunks {
                failure = failure.or(match hunk.state {
                    HunkState::Applied | HunkState::Kept => None,
                    HunkState::Conflicted { .. } if file.fell(hunk) => Some(ErrorCode::Rejected),
                    HunkState::Conflicted { .. } => {
                        file.applied.and_then(Result::err).or(Some(ErrorCode::EditStale))
                    }
                    _ => Some(ErrorCode::Rejected),
                });
            }
            words.push(self.became(file, &hunks));
            if hunks.iter().any(|hunk| hunk.state.is_in_document()) {
                let of_file = |(item, path, _): &&(ItemId, AbsPath, String)| {
                    *item == call.item.id && *path == file.change.path
                };
                words.extend(self.notes.iter().filter(of_file).map(|(.., note)| note.clone()));
            }
        }
        let words = words.join("\n");
        match failure {
            None => Ok(words.into()),
            Some(code) => Err(ToolError::new(code, words)),
        }
    }

    /// What became of some hunks of a file, in words for the model.
    fn became(&self, file: &ReviewedFile, hunks: &[&Hunk]) -> String {
        let root = self.turn.session.info().root;
        let path = file.change.path.relative_to(&root);
        let mut one: Vec<String> = hunks.iter().map(|hunk| self.became_of(file, hunk)).collect();
        let edited = hunks.iter().any(|hunk| hunk.edited && hunk.state.is_in_document());
        if one.iter().all(|words| *words == one[0]) {
            one.truncate(1);
        } else {
            let lines = hunks.iter().map(|hunk| summary(hunk)).zip(one).collect::<Vec<_>>();
            one = vec![prompts::hunks(path, &lines)];
        }
        one.extend(edited.then(|| prompts::edited(path)));
        one.join("\n")
    }

    fn became_of(&self, file: &ReviewedFile, hunk: &Hunk) -> String {
        let root = self.turn.session.info().root;
        let path = file.change.path.relative_to(&root);
        match &hunk.state {
            HunkState::Applied | HunkState::Kept => {
                let place = file.applied.and_then(Result::ok);
                let to = file.change.to.as_ref().map(|to| to.relative_to(&root));
                let how = match (file.change.kind, place) {
                    (FileChangeKind::Delete, _) => "deleted",
                    (FileChangeKind::Move, _) => "moved",
                    (_, place) => place.map_or("disk", Place::as_str),
                };
                let said = hunk.comment.as_deref();
                prompts::edit_applied(path, how, to, said)
            }
            HunkState::Conflicted { reason } => {
                let is_other = match file.applied {
                    _ if file.fell(hunk) => false,
                    Some(Err(code)) => is_passing(code),
                    _ => true,
                };
                prompts::edit_conflicted(path, reason, is_other)
            }
            _ => prompts::edit_rejected(path, hunk.comment.as_deref()),
        }
    }
}

/// Whether the same edit may go well once the file was read again.
fn is_passing(code: ErrorCode) -> bool {
    matches!(
        code,
        ErrorCode::EditStale
            | ErrorCode::EditRefused
            | ErrorCode::EditUnconfirmed
            | ErrorCode::Cancelled
    )
}

fn hunks_of(set: &ChangeSet) -> impl Iterator<Item = &Hunk> {
    set.files.iter().flat_map(|file| &file.hunks)
}

impl ReviewedFile {
    /// Whether a hunk builds on one that was rejected, or on one that fell.
    fn fell(&self, hunk: &Hunk) -> bool {
        let mut on = self.change.hunks.iter().filter(|other| hunk.depends_on.contains(&other.id));
        on.any(|other| other.state == HunkState::Rejected || self.fell(other))
    }

    fn is_edited_by(&self, call: &Item) -> bool {
        self.change.hunks.iter().any(|hunk| hunk.item_id == call.id)
    }
}

/// What would happen to these files, in one line: what is written first.
fn title<'f>(files: impl Iterator<Item = &'f FileChange>, root: &AbsPath) -> String {
    let (mut created, mut edited, mut parts) = (Vec::new(), Vec::new(), Vec::new());
    for file in files {
        let path = file.path.relative_to(root);
        match (file.kind, &file.to) {
            (FileChangeKind::Delete, _) => parts.push(format!("Delete {path}")),
            (FileChangeKind::Move, Some(to)) => {
                parts.push(format!("Move {path} to {}", to.relative_to(root)));
            }
            (FileChangeKind::Create, _) => created.push(path),
            _ => edited.push(path),
        }
    }
    for (what, paths) in [("Edit", edited), ("Create", created)] {
        if !paths.is_empty() {
            parts.insert(0, format!("{what} {}", paths.join(", ")));
        }
    }
    parts.join("; ")
}

/// What an edit would do.
fn effect_of(kind: FileChangeKind, path: &AbsPath, to: Option<&AbsPath>) -> Effect {
    let path = path.clone();
    match (kind, to) {
        (FileChangeKind::Delete, _) => Effect::Delete { path },
        (FileChangeKind::Move, Some(to)) => Effect::Move { from: path, to: to.clone() },
        _ => Effect::Write { path },
    }
}

/// Whether it is about the file as a whole, so that nothing else can happen to it in one change
/// set.
fn is_whole(kind: FileChangeKind) -> bool {
    matches!(kind, FileChangeKind::Delete | FileChangeKind::Move)
}
