//! `coworker/changes/…`: hunks as clients are told of them, and what clients decide about them.

use engine::{Documents, HunkNow, HunkView, Proposal, Resolution, Switched};
use protocol::{
    AbsPath, ErrorInfo, Hunk,
    wire::{
        ChangesGetParams, ChangesGetResult, ChangesListParams, ChangesListResult,
        ChangesResolveParams, ChangesResolveResult, ChangesUndoParams, ChangesUndoResult,
        DecidedHunk, PlacedHunk, ProposedFile, ProposedTexts, RefusedHunk,
    },
};
use tower_lsp_server::jsonrpc::Result;

use super::{
    Server,
    checked::Checked,
    connection::{Connection, detached, invalid, refused},
    convert,
};

impl Server {
    pub(super) async fn changes_get(
        &self,
        Checked(params): Checked<ChangesGetParams>,
    ) -> Result<ChangesGetResult> {
        let ChangesGetParams { session_id, change_set_id } = params;
        let proposals = self.0.sessions.proposal(&session_id, &change_set_id).await;
        let file = |proposal: Proposal| {
            let Proposal { path, kind, to, texts, diff, syntax_errors, hunks, .. } = proposal;
            let texts = texts.map(|(before, after)| ProposedTexts {
                before: before.to_string(),
                after: after.to_string(),
            });
            let (uri, to) = (self.0.uri(&path), to.as_ref().map(convert::uri));
            let hunks = hunks.into_iter().map(|hunk| self.placed(hunk)).collect();
            ProposedFile { uri, kind, to, syntax_errors, texts, diff, hunks }
        };
        let files = proposals.map_err(refused)?.into_iter().map(file).collect();
        Ok(ChangesGetResult { files })
    }

    pub(super) async fn changes_list(
        &self,
        Checked(params): Checked<ChangesListParams>,
    ) -> Result<ChangesListResult> {
        let path = match &params.uri {
            Some(uri) => Some(document(&self.0, uri).await.map_err(refused)?),
            None => None,
        };
        let hunks = self.0.sessions.hunks(&params.session_id, path).await.map_err(refused)?;
        let hunks = hunks.into_iter().map(|hunk| self.placed(hunk)).collect();
        Ok(ChangesListResult { hunks })
    }

    /// A hunk as this client is told of it.
    fn placed(&self, view: HunkView) -> PlacedHunk {
        let can_be_reworded = view.can_be_reworded();
        let HunkView { change_set_id, turn_id, path, text, hunk, lines, before, after, .. } = view;
        let Hunk { id, item_id, depends_on, reason, edited, comment, state, .. } = hunk;
        let range = lines.map(|lines| convert::wire_range(&text, lines, self.0.profile().counting));
        PlacedHunk {
            hunk_id: id,
            change_set_id,
            item_id,
            turn_id,
            uri: self.0.uri(&path),
            state,
            range,
            before,
            after,
            can_be_reworded,
            depends_on,
            reason,
            edited,
            comment,
        }
    }

    pub(super) async fn changes_resolve(
        &self,
        Checked(params): Checked<ChangesResolveParams>,
    ) -> Result<ChangesResolveResult> {
        let ChangesResolveParams { session_id, change_set_id, accept, uri, reason, hunks } = params;
        let path = match &uri {
            Some(uri) => Some(document(&self.0, uri).await.map_err(refused)?),
            None => None,
        };
        let wanted = Resolution { accept, path, reason, hunks, by: self.0.profile().name.clone() };
        let connection = self.0.clone();
        let resolved = detached(async move {
            connection.sessions.resolve(&session_id, &change_set_id, wanted).await
        });
        let decided = |hunk: HunkNow| {
            let (reason, uri) = (hunk.sentence(self.0.root()), self.0.uri(&hunk.path));
            let HunkNow { id: hunk_id, line, state, .. } = hunk;
            DecidedHunk { hunk_id, uri, line, state, reason }
        };
        let hunks = resolved.await.map_err(refused)?.into_iter().map(decided).collect();
        Ok(ChangesResolveResult { hunks })
    }

    pub(super) async fn changes_undo(
        &self,
        Checked(params): Checked<ChangesUndoParams>,
    ) -> Result<ChangesUndoResult> {
        self.switched(params, false).await
    }

    pub(super) async fn changes_redo(
        &self,
        Checked(params): Checked<ChangesUndoParams>,
    ) -> Result<ChangesUndoResult> {
        self.switched(params, true).await
    }

    async fn switched(&self, params: ChangesUndoParams, redo: bool) -> Result<ChangesUndoResult> {
        let ChangesUndoParams { session_id, scope } = params;
        let connection = self.0.clone();
        let undone =
            detached(async move { connection.sessions.undo(&session_id, scope, redo).await });
        let Switched { hunks, files, refused: left } = undone.await.map_err(refused)?;
        let left = left.into_iter().map(|hunk| {
            let reason = hunk.sentence(self.0.root()).unwrap_or_default();
            let HunkNow { id: hunk_id, path, line, .. } = hunk;
            RefusedHunk { hunk_id, uri: self.0.uri(&path), line, reason }
        });
        let files = files.iter().map(|path| self.0.uri(path)).collect();
        Ok(ChangesUndoResult { hunks, files, refused: left.collect() })
    }
}

/// The document that a client names, resolved.
async fn document(connection: &Connection, uri: &str) -> std::result::Result<AbsPath, ErrorInfo> {
    let path = convert::path(uri)
        .ok_or_else(|| invalid(format!("`{uri}` is not a document that Coworker sees")))?;
    Ok(connection.workspace.resolve(&path).await?)
}
