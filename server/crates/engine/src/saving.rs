//! Save and run: a command sees the disk, so what the agent edited and nobody saved is named
//! before it runs, saved if the user says so, and named again in the result where it lags.

use std::time::Duration;

use protocol::{AbsPath, Effect, Mode};
use tokio::time;

use crate::{Origin, prompts, turn::Turn};

/// Documents that the agent edited in this session and that the disk does not have as they are.
#[derive(Debug, Default)]
pub(crate) struct Unsaved {
    pub(crate) paths: Vec<AbsPath>,
    /// Whether the editors they are open in can save all of them.
    pub(crate) can_be_saved: bool,
}

/// What a command would not see of the agent's edits.
pub(crate) async fn before(turn: &Turn, effects: &[Effect]) -> Unsaved {
    if !effects.iter().any(|effect| matches!(effect, Effect::Run { .. })) {
        return Unsaved::default();
    }
    let edited = turn.session.ledger.ask(|book| Box::pin(book.edited())).await;
    let edited = edited.unwrap_or_default();
    if edited.is_empty() {
        return Unsaved::default();
    }
    let mut paths = turn.shared.parts.documents.unsaved().await;
    paths.retain(|path| edited.contains(path));
    paths.sort();
    let mut can_be_saved = !paths.is_empty();
    for path in &paths {
        can_be_saved &= match turn.shared.parts.documents.snapshot(path).await {
            Ok(snapshot) => match snapshot.origin {
                Origin::Buffer { connection, .. } => {
                    turn.shared.editor(connection).is_some_and(|editor| editor.can_save())
                }
                Origin::Disk => true,
            },
            Err(_) => false,
        };
    }
    Unsaved { paths, can_be_saved }
}

impl Unsaved {
    /// Whether it is saved without a question: in the mode that asks nothing.
    pub(crate) fn saves_itself(&self, turn: &Turn) -> bool {
        self.can_be_saved && turn.mode() == Mode::Auto
    }

    /// Has the editors save the documents, and waits until the disk shows it or it takes too
    /// long: an editor may refuse, or ask its user something.
    pub(crate) async fn save(&self, turn: &Turn) {
        for path in &self.paths {
            let Ok(snapshot) = turn.shared.parts.documents.snapshot(path).await else { continue };
            let Origin::Buffer { connection, .. } = snapshot.origin else { continue };
            let Some(editor) = turn.shared.editor(connection) else { continue };
            let limit = turn.shared.parts.settings.apply_timeout;
            let _ = time::timeout(limit, editor.save(std::slice::from_ref(path))).await;
        }
        self.settle(turn, turn.shared.parts.settings.confirm_timeout).await;
    }

    /// Waits until nothing of it is unsaved any more.
    async fn settle(&self, turn: &Turn, limit: Duration) {
        let mut changes = turn.shared.parts.documents.changes();
        let saved = async {
            loop {
                changes.mark_unchanged();
                if self.lagging(turn).await.is_empty() || changes.changed().await.is_err() {
                    return;
                }
            }
        };
        let _ = time::timeout(limit, saved).await;
    }

    async fn lagging(&self, turn: &Turn) -> Vec<AbsPath> {
        if self.paths.is_empty() {
            return Vec::new();
        }
        let mut unsaved = turn.shared.parts.documents.unsaved().await;
        unsaved.retain(|path| self.paths.contains(path));
        unsaved
    }

    /// What the command did not see, to stand before its output.
    pub(crate) async fn note(&self, turn: &Turn) -> Option<String> {
        let root = turn.session.info().root;
        let lagging = self.lagging(turn).await;
        let names: Vec<&str> = lagging.iter().map(|path| path.relative_to(&root)).collect();
        (!names.is_empty()).then(|| prompts::lagging(&names))
    }
}
