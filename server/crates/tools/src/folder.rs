//! Folders as tools see them: their entries, and names that look like one that is missing.

use std::io;

use engine::{ToolContext, ToolError};
use protocol::AbsPath;

/// The most entries of a folder that are looked at.
const MOST_ENTRIES: usize = 100_000;

/// The names in a folder in alphabetical order; folders end with `/`.
///
/// # Errors
/// The folder cannot be read.
pub(crate) async fn entries(folder: &AbsPath) -> io::Result<Vec<String>> {
    let folder = folder.clone();
    let listing = tokio::task::spawn_blocking(move || {
        let mut names = Vec::new();
        for entry in std::fs::read_dir(folder.as_std_path())?.take(MOST_ENTRIES) {
            let entry = entry?;
            let mut name = entry.file_name().to_string_lossy().into_owned();
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                name.push('/');
            }
            names.push(name);
        }
        names.sort_unstable();
        Ok(names)
    });
    listing.await.map_err(io::Error::other)?
}

/// The error for a file that is not there, with the names in its folder that look like it.
pub(crate) async fn with_near_names(
    context: &ToolContext,
    missing: &AbsPath,
    mut error: ToolError,
) -> ToolError {
    let near: Vec<String> = near(missing)
        .await
        .iter()
        .map(|path| format!("`{}`", path.relative_to(&context.root)))
        .collect();
    error.message.push_str(&match near.as_slice() {
        [] => "; look for it with `grep`, or `read` its folder".to_owned(),
        near => format!("; did you mean {}?", near.join(" or ")),
    });
    error
}

/// Up to three files in the same folder that are called nearly like `missing`, nearest first.
async fn near(missing: &AbsPath) -> Vec<AbsPath> {
    const ALIKE: f32 = 0.6;
    let (Some(folder), Some(name)) = (missing.parent(), missing.file_name()) else {
        return Vec::new();
    };
    let Ok(names) = entries(&folder).await else { return Vec::new() };
    let lowered: Vec<String> =
        names.iter().map(|name| name.trim_end_matches('/').to_lowercase()).collect();
    let candidates: Vec<&str> = lowered.iter().map(String::as_str).collect();
    let near = similar::get_close_matches(name.to_lowercase().as_str(), &candidates, 3, ALIKE);
    let paths = near.into_iter().filter_map(|near| {
        let at = lowered.iter().position(|name| name == near)?;
        folder.join(names.get(at)?).ok()
    });
    paths.collect()
}
