//! What `delete` and `move` share: the file as a whole, if it is one that can be given back.
//!
//! Only texts are taken: what becomes of a text is journaled and can be undone. Folders, links
//! and binary files are for commands, which are asked for.

use engine::{Editable, ToolContext, ToolError};
use protocol::{AbsPath, ErrorCode};

use crate::folder;

/// A file to delete or to move.
pub(crate) struct WholeFile {
    pub path: AbsPath,
    pub text: Editable,
}

/// The path of a file that is to be deleted or moved as a whole. Unlike elsewhere a link in the
/// last place is not followed: what it leads to is not what was named.
///
/// # Errors
/// It cannot be followed, or is a link.
pub(crate) async fn resolve(
    context: &ToolContext,
    path: &str,
    command: &str,
) -> Result<AbsPath, ToolError> {
    let resolved = context.resolve(path).await?;
    let named = context.root.join(path);
    let named = named.map_err(|error| ToolError::new(ErrorCode::BadPath, error.to_string()))?;
    let metadata = tokio::fs::symlink_metadata(named.as_std_path()).await;
    if metadata.is_ok_and(|metadata| metadata.is_symlink()) {
        let shown = named.relative_to(&context.root);
        let target = resolved.relative_to(&context.root);
        return Err(ToolError::new(
            ErrorCode::NotAFile,
            format!(
                "`{shown}` is a link to `{target}`; name the file that is meant, or use `bash` \
                 with `{command}` for the link itself"
            ),
        ));
    }
    Ok(resolved)
}

impl WholeFile {
    /// The file at a path of [`resolve`]; `command` is what does the same in a shell.
    ///
    /// # Errors
    /// It is not there, is no text, or an editor has unsaved changes of it.
    pub(crate) async fn at(
        context: &ToolContext,
        path: &AbsPath,
        command: &str,
    ) -> Result<Self, ToolError> {
        let shown = path.relative_to(&context.root);
        let text = match context.editable(path).await {
            Ok(text) => text,
            Err(error) if error.code == ErrorCode::DocumentNotFound => {
                return Err(folder::with_near_names(context, path, error).await);
            }
            Err(mut error) => {
                if error.code == ErrorCode::EditStale {
                    return Err(error);
                }
                let folder = folder::is_one(path).await;
                if folder {
                    error.message = format!("`{shown}` is a folder, and this is for single files");
                }
                let flag = if folder && command == "rm" { " -r" } else { "" };
                error.message.push_str(&format!("; use `bash` with `{command}{flag}`"));
                return Err(error);
            }
        };
        if context.documents.unsaved().await.contains(path) {
            return Err(ToolError::new(
                ErrorCode::Unsaved,
                format!(
                    "`{shown}` has unsaved changes in an editor, which would be lost; ask the \
                     user to save or close it first"
                ),
            ));
        }
        Ok(Self { path: path.clone(), text })
    }
}
