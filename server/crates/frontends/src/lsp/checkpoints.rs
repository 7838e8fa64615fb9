//! `coworker/checkpoint/…`: the points to which a session can be restored.

use engine::{Difference, Differences, Point, Restoration};
use protocol::{
    AbsPath,
    wire::{
        CheckpointDiffParams, CheckpointDiffResult, CheckpointFile, CheckpointInfo,
        CheckpointListResult, CheckpointRestoreParams, CheckpointRestoreResult, RefusedFile,
        SessionParams,
    },
};
use tower_lsp_server::jsonrpc::Result;

use super::{
    Server,
    checked::Checked,
    connection::{detached, invalid, refused},
};

impl Server {
    pub(super) async fn checkpoint_list(
        &self,
        Checked(params): Checked<SessionParams>,
    ) -> Result<CheckpointListResult> {
        let points = self.0.sessions.checkpoints(&params.session_id).await.map_err(refused)?;
        let info = |point: Point| {
            let Point { id, before, turn_id, at, title, files } = point;
            CheckpointInfo { id, before, turn_id, at, title, files }
        };
        Ok(CheckpointListResult { checkpoints: points.into_iter().map(info).collect() })
    }

    pub(super) async fn checkpoint_diff(
        &self,
        Checked(params): Checked<CheckpointDiffParams>,
    ) -> Result<CheckpointDiffResult> {
        let CheckpointDiffParams { session_id, checkpoint_id } = params;
        let differences = self.0.sessions.checkpoint_diff(&session_id, &checkpoint_id).await;
        let Differences { files, refused: left } = differences.map_err(refused)?;
        let file = |difference: Difference| {
            let Difference { path, kind, diff, typed } = difference;
            CheckpointFile { uri: self.0.uri(&path), kind, diff, typed }
        };
        let files = files.into_iter().map(file).collect();
        Ok(CheckpointDiffResult { files, refused: self.not_restored(left) })
    }

    pub(super) async fn checkpoint_restore(
        &self,
        Checked(params): Checked<CheckpointRestoreParams>,
    ) -> Result<CheckpointRestoreResult> {
        let CheckpointRestoreParams { session_id, checkpoint_id, files, conversation } = params;
        if !files && !conversation {
            let words = "nothing is to be restored: neither `files` nor `conversation`";
            return Err(refused(invalid(words)));
        }
        // In one line with the prompts: one that is sent after it is sent to what it left.
        let own = self.0.own().await;
        let connection = self.0.clone();
        let restored = detached(async move {
            let sessions = &connection.sessions;
            let restored = sessions.restore(&session_id, &checkpoint_id, files, conversation).await;
            drop(own);
            restored
        });
        let Restoration { undo, restored, typed, refused: left } =
            restored.await.map_err(refused)?;
        Ok(CheckpointRestoreResult {
            undo,
            restored: self.uris(&restored),
            typed: self.uris(&typed),
            refused: self.not_restored(left),
        })
    }

    fn uris(&self, paths: &[AbsPath]) -> Vec<String> {
        paths.iter().map(|path| self.0.uri(path)).collect()
    }

    fn not_restored(&self, left: Vec<(AbsPath, String)>) -> Vec<RefusedFile> {
        let refused = |(path, reason)| RefusedFile { uri: self.0.uri(&path), reason };
        left.into_iter().map(refused).collect()
    }
}
