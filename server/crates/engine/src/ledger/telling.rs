//! Who is told what of hunks: the model of what became of them after its turn, and the turn that
//! waits for the user that nothing is left to decide.

use protocol::{
    Answer, ApprovalSubject, Decision, ErrorInfo, Hunk, HunkState, Item, ItemBody, ItemId,
    ReviewedHunk, Update,
};
use tokio::sync::oneshot;

use super::Book;
use crate::session::Command;

/// How many characters of a hunk stand for it.
const SHOWN: usize = 60;

/// The beginning of what a hunk says.
pub(crate) fn summary(hunk: &Hunk) -> String {
    let texts = hunk.replacements.iter().flat_map(|one| one.text.lines());
    let line = texts.map(str::trim).find(|line| !line.is_empty()).unwrap_or("a deletion");
    let mut shown: String = line.chars().take(SHOWN).collect();
    if shown.len() < line.len() {
        shown.push('…');
    }
    format!("`{shown}`")
}

/// Whether two states are one for the model: that the user has looked at a hunk changes nothing.
fn is_same(one: &HunkState, other: &HunkState) -> bool {
    one == other || one.is_in_document() && other.is_in_document()
}

impl Book {
    /// A hunk stands elsewhere from now on. If the model has its result already, that is news.
    pub(super) fn becomes(&self, hunk: &mut Hunk, state: HunkState) {
        let has_result = self.session.look(|now| !now.open.contains(&hunk.item_id));
        let before = std::mem::replace(&mut hunk.state, state);
        if has_result {
            let believed = hunk.believed.take().unwrap_or(before);
            hunk.believed = Some(believed).filter(|believed| !is_same(believed, &hunk.state));
        }
    }

    /// Journals all that the model has not been told of, as an item that it reads. `new_item`
    /// makes it.
    pub(crate) async fn report(
        &mut self,
        new_item: impl FnOnce(ItemBody) -> Item + Send,
    ) -> Result<(), ErrorInfo> {
        let (mut hunks, mut updates) = (Vec::new(), Vec::new());
        for mut item in self.change_sets() {
            let is_told = !item.aside;
            let ItemBody::ChangeSet(set) = &mut item.body else { continue };
            let mut has_news = false;
            for file in &mut set.files {
                for hunk in file.hunks.iter_mut().filter(|hunk| hunk.believed.is_some()) {
                    hunk.believed = None;
                    has_news = true;
                    // Of a conversation that was set aside, the model knows nothing.
                    if !is_told {
                        continue;
                    }
                    hunks.push(ReviewedHunk {
                        hunk_id: hunk.id.clone(),
                        path: file.to.clone().unwrap_or_else(|| file.path.clone()),
                        summary: summary(hunk),
                        state: hunk.state.clone(),
                        comment: hunk.comment.clone(),
                    });
                }
            }
            if has_news {
                updates.push(self.told(item));
            }
        }
        if !hunks.is_empty() {
            updates.push(Update::ItemEnded { item: new_item(ItemBody::Reviewed { hunks }) });
        }
        if updates.is_empty() { Ok(()) } else { self.session.record(updates).await }
    }

    /// Ends the question about a change set if nothing in it waits any longer: answered by whoever
    /// decided last, or withdrawn if nobody did.
    pub(super) async fn close_question(&self, set: &ItemId, by: Option<&str>) {
        let asked = self.session.look(|state| {
            let is_about = |item: &&Item| match &item.body {
                ItemBody::Approval(approval) => match &approval.subject {
                    ApprovalSubject::Changes { item_id } => item_id == set,
                    _ => false,
                },
                _ => false,
            };
            let mut open = state.items.iter().rev().filter(|item| state.open.contains(&item.id));
            open.find(is_about).map(|item| item.id.clone())
        });
        let (Some(approval), Some((_, set))) = (asked, self.change_set(set)) else { return };
        let mut hunks = set.files.iter().flat_map(|file| &file.hunks);
        if hunks.clone().any(|hunk| hunk.state == HunkState::Pending) {
            return;
        }
        let accepts = hunks.any(|hunk| hunk.state != HunkState::Rejected);
        let decision = if accepts { Decision::Once } else { Decision::Reject };
        // Whoever answered meanwhile was first.
        let command = match by {
            Some(by) => {
                let (reply, _) = oneshot::channel();
                Command::Respond { approval, answer: Answer::new(decision, by), reply }
            }
            None => Command::Withdraw { approval },
        };
        self.session.send(command).await;
    }
}
