//! Review: the edits of one model response, put before the user as one change set, then applied.
//!
//! An edit is asked for once: its review is its approval. What was shown is what is applied, and
//! only to the document it was made for.

use std::collections::{HashMap, HashSet};

use protocol::{
    AbsPath, Answer, Approval, ApprovalSubject, ChangeSet, Decision, Edit, Effect, ErrorCode,
    FileChange, FileChangeKind, HunkId, HunkState, Item, ItemBody, ToolCallStatus, Update,
};
use ropey::Rope;

use crate::{
    DocumentError, Documents, Editable, Output, ProposedEdit, ToolError,
    apply::{self, Place},
    approvals,
    calls::{self, Proposals, Proposed},
    diagnostics::Baseline,
    policy::Verdict,
    prompts,
    sessions::{Proposal, lock},
    turn::{Halt, RequestedCall, Turn},
};

/// The change set of one response while it is being made and decided.
pub(crate) struct Review<'a> {
    turn: &'a Turn,
    proposals: Proposals,
    calls: Vec<RequestedCall>,
    /// What the calls' edits say of themselves.
    notes: Vec<(HunkId, String)>,
    files: Vec<ReviewedFile>,
}

/// A file of the change set with its texts.
#[derive(Clone)]
struct ReviewedFile {
    change: FileChange,
    before: String,
    after: String,
    /// Where the accepted edits went, or why they did not.
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
        for effect in edits.iter().map(effect_of) {
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
        for (index, edit) in edits.into_iter().enumerate() {
            let id = HunkId(format!("{}.{}", call.item.id, index + 1));
            notes.extend(edit.note.clone().map(|note| (id.clone(), note)));
            if let Err(error) = self.take(&call.item, id, edit).await {
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

    async fn take(&mut self, item: &Item, id: HunkId, edit: ProposedEdit) -> Result<(), ToolError> {
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
        let file = &mut self.files[at];
        let after = changes::apply(&file.after, &edit.replacements)
            .map_err(|error| ToolError::new(ErrorCode::Internal, error.to_string()))?;
        file.change.edits.push(Edit {
            id,
            item_id: item.id.clone(),
            depends_on: changes::depends_on(&file.change.edits, &edit.replacements),
            replacements: edit.replacements,
            state: HunkState::Pending,
        });
        file.after = after;
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
            edits: Vec::new(),
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
        let shown = self.calls.iter_mut().map(|call| {
            call.item.body = ItemBody::ToolCall(call.call.clone());
            Update::ItemChanged { item: call.item.clone() }
        });
        let mut updates: Vec<Update> = shown.collect();
        updates.push(Update::ItemStarted { item: item.clone() });
        self.turn.session.record(updates).await?;

        let answer = self.decided(&item).await?;
        self.accept(answer.as_ref());
        // Journaled before anything is applied: if the process dies meanwhile, the edits may be
        // in their documents, and must not be taken for rejected.
        item.body = ItemBody::ChangeSet(self.change_set());
        let mut updates = vec![Update::ItemChanged { item: item.clone() }];
        updates.extend(self.begin_calls());
        self.turn.session.record(updates).await?;
        let paths: Vec<AbsPath> = self.files.iter().map(|file| file.change.path.clone()).collect();
        // A stop in here must not take from the model what became of its edits.
        let baseline = self.turn.unless_cancelled(Baseline::of(self.turn, &paths)).await;
        let baseline = baseline.unwrap_or_default();
        for at in 0..self.files.len() {
            self.apply(at).await;
        }
        item.body = ItemBody::ChangeSet(self.change_set());
        self.turn.session.record(vec![Update::ItemEnded { item }]).await?;
        let turn = self.turn;
        let applied = self.applied();
        let said = turn.unless_cancelled(baseline.difference(turn, &applied)).await;
        self.tell(said.unwrap_or_default()).await
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

    /// The documents that now have their edits.
    fn applied(&self) -> HashSet<AbsPath> {
        let applied = self.files.iter().filter(|file| matches!(file.applied, Some(Ok(_))));
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

    /// The calls that have an accepted edit as running.
    fn begin_calls(&mut self) -> Vec<Update> {
        let edits = self.files.iter().flat_map(|file| &file.change.edits);
        let accepted: HashSet<_> = edits
            .filter(|edit| edit.state == HunkState::Accepted)
            .map(|edit| &edit.item_id)
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
        ChangeSet { files: self.files.iter().map(|file| file.change.clone()).collect() }
    }

    /// The user's answer; none when nothing had to be asked. It is about what is shown: calls
    /// may have been given back, and the user may have chosen another mode meanwhile.
    async fn decided(&self, item: &Item) -> Result<Option<Answer>, Halt> {
        let mut effects: Vec<Effect> = Vec::new();
        for effect in self.calls.iter().flat_map(|call| &call.call.effects) {
            if !effects.contains(effect) {
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
            title: title(self.files.iter().map(|file| &file.change), &root),
            subject: ApprovalSubject::Changes { item_id: item.id.clone() },
            why,
            options: approvals::options(
                "Accept",
                "Reject",
                rememberable.then_some(effects.as_slice()),
            ),
            answer: None,
        };
        approvals::ask(self.turn, approval).await.map(Some)
    }

    /// Marks each edit as accepted or rejected. What builds on a rejected edit falls with it.
    fn accept(&mut self, answer: Option<&Answer>) {
        let mut rejected: HashSet<HunkId> = HashSet::new();
        for file in &mut self.files {
            for edit in &mut file.change.edits {
                let own = answer.and_then(|it| it.edits.iter().find(|own| own.hunk_id == edit.id));
                let accept = own
                    .map_or_else(|| answer.is_none_or(|it| it.decision.allows()), |own| own.accept);
                let reason = own
                    .and_then(|own| own.reason.clone())
                    .or_else(|| answer.and_then(|it| it.reason.clone()));
                let fallen = edit.depends_on.iter().any(|on| rejected.contains(on));
                edit.state = if accept && !fallen {
                    HunkState::Accepted
                } else {
                    rejected.insert(edit.id.clone());
                    let builds = "it builds on an edit that was rejected".to_owned();
                    if accept {
                        HunkState::Conflicted { reason: builds }
                    } else {
                        HunkState::Rejected { reason }
                    }
                };
            }
        }
    }

    async fn apply(&mut self, at: usize) {
        let file = &mut self.files[at];
        let accepted = |edit: &Edit| edit.state == HunkState::Accepted;
        if !file.change.edits.iter().any(accepted) {
            return;
        }
        let applied = match changes::compose(&file.change.edits, accepted) {
            _ if self.turn.cancel.is_cancelled() => Err(apply::not_begun()),
            Ok(replacements) => {
                let applied =
                    apply::apply(self.turn, &file.change, &file.before, replacements.clone()).await;
                let memory = &self.turn.session.memory;
                match &file.change.to {
                    _ if applied.is_err() => {}
                    Some(to) => memory.moved(&file.change.path, to),
                    None => {
                        let before = Rope::from_str(&file.before);
                        memory.edited(&file.change.path, &before, &replacements);
                    }
                }
                applied
            }
            Err(error) => Err(ToolError::new(ErrorCode::Internal, error.to_string())),
        };
        for edit in file.change.edits.iter_mut().filter(|edit| accepted(edit)) {
            edit.state = match &applied {
                Ok(_) => HunkState::Applied,
                Err(error) => HunkState::Conflicted { reason: error.message.clone() },
            };
        }
        file.applied = Some(applied.map_err(|error| error.code));
    }

    /// What the model is told of a call's edits.
    fn result(&self, call: &RequestedCall) -> Result<Output, ToolError> {
        let root = self.turn.session.info().root;
        let mut words = Vec::new();
        let mut failure = None;
        for file in &self.files {
            let path = file.change.path.relative_to(&root);
            for edit in file.change.edits.iter().filter(|edit| edit.item_id == call.item.id) {
                match &edit.state {
                    HunkState::Rejected { reason } => {
                        failure = failure.or(Some(ErrorCode::Rejected));
                        words.push(prompts::edit_rejected(path, reason.as_deref()));
                    }
                    HunkState::Conflicted { reason } => {
                        let code = file.applied.and_then(Result::err);
                        failure = failure.or(code).or(Some(ErrorCode::Rejected));
                        words.push(prompts::edit_conflicted(path, reason));
                    }
                    _ => {
                        let place = file.applied.and_then(Result::ok);
                        let to = file.change.to.as_ref().map(|to| to.relative_to(&root));
                        let how = match (file.change.kind, place) {
                            (FileChangeKind::Delete, _) => "deleted",
                            (FileChangeKind::Move, _) => "moved",
                            (_, place) => place.map_or("disk", Place::as_str),
                        };
                        words.push(prompts::edit_applied(path, how, to));
                        let notes = self.notes.iter().filter(|(id, _)| *id == edit.id);
                        words.extend(notes.map(|(_, note)| note.clone()));
                    }
                }
            }
        }
        let words = words.join("\n");
        match failure {
            None => Ok(words.into()),
            Some(code) => Err(ToolError::new(code, words)),
        }
    }
}

impl ReviewedFile {
    fn is_edited_by(&self, call: &Item) -> bool {
        self.change.edits.iter().any(|edit| edit.item_id == call.id)
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
fn effect_of(edit: &ProposedEdit) -> Effect {
    let path = edit.path.clone();
    match (edit.kind, &edit.to) {
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

/// The texts of a change set as they stand now, for a preview.
pub(crate) async fn proposals(documents: &dyn Documents, set: ChangeSet) -> Vec<Proposal> {
    let mut proposals = Vec::new();
    for file in set.files {
        let before = match documents.snapshot(&file.path).await {
            Ok(now) if file.base.as_ref().is_some_and(|base| base.hash == now.stamp.hash) => {
                Some(now.text.to_string())
            }
            Err(DocumentError::NotFound(_)) if file.kind == FileChangeKind::Create => {
                Some(String::new())
            }
            _ => None,
        };
        let texts = before.and_then(|before| {
            let replacements = changes::compose(&file.edits, |_| true).ok()?;
            let after = changes::apply(&before, &replacements).ok()?;
            Some((before, after))
        });
        let FileChange { path, kind, to, diff, syntax_errors, .. } = file;
        proposals.push(Proposal { path, kind, to, texts, diff, syntax_errors });
    }
    proposals
}
