//! Folders as tools see them: their entries, and names that look like one that is missing.

use engine::{DocumentError, Entry, ToolContext, ToolError};
use protocol::AbsPath;

/// The names in a folder in alphabetical order; folders end with `/`.
///
/// # Errors
/// There is no such folder, or it may not be read.
pub(crate) async fn entries(
    context: &ToolContext,
    folder: &AbsPath,
) -> Result<Vec<String>, DocumentError> {
    let entries = context.documents.list(folder).await?;
    let names = entries.into_iter().map(|Entry { path, is_folder, .. }| {
        let name = path.file_name().unwrap_or_default();
        if is_folder { format!("{name}/") } else { name.to_owned() }
    });
    Ok(names.collect())
}

/// Whether there is a folder at a resolved path.
pub(crate) async fn is_one(path: &AbsPath) -> bool {
    tokio::fs::metadata(path.as_std_path()).await.is_ok_and(|metadata| metadata.is_dir())
}

/// The error for a file that is not there, with the names in its folder that look like it.
pub(crate) async fn with_near_names(
    context: &ToolContext,
    missing: &AbsPath,
    mut error: ToolError,
) -> ToolError {
    let near: Vec<String> = near(context, missing)
        .await
        .iter()
        .map(|path| format!("`{}`", path.relative_to(&context.root)))
        .collect();
    error.message.push_str(&match near.as_slice() {
        [] => "; look for it with `glob`, or `read` its folder".to_owned(),
        near => format!("; did you mean {}?", near.join(" or ")),
    });
    error
}

/// Up to three files in the same folder that are called nearly like `missing`, nearest first.
async fn near(context: &ToolContext, missing: &AbsPath) -> Vec<AbsPath> {
    const ALIKE: f32 = 0.6;
    let (Some(folder), Some(name)) = (missing.parent(), missing.file_name()) else {
        return Vec::new();
    };
    let Ok(names) = entries(context, &folder).await else { return Vec::new() };
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

/// So many files, in words.
pub(crate) fn files(count: u64) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

/// So many files besides, in words.
pub(crate) fn more_files(count: u64) -> String {
    if count == 1 { "1 more file".to_owned() } else { format!("{count} more files") }
}

/// What is said of files that a search left out because they are not free to be read.
pub(crate) fn guarded(count: u64) -> Option<String> {
    let they = if count == 1 { "it" } else { "they" };
    let words = "may hold secrets; `read` asks the user for one";
    (count > 0).then(|| format!("({} left out because {they} {words})\n", files(count)))
}

/// What is said of patterns that lead out of the folder that is searched, where nothing was found.
pub(crate) fn leads_out<'p>(
    mut patterns: impl Iterator<Item = &'p str>,
    searched: &AbsPath,
) -> Option<String> {
    let leads_out = |pattern: &str| {
        pattern.starts_with(['/', '~']) || pattern.split('/').any(|part| part == "..")
    };
    let pattern = patterns.find(|pattern| leads_out(pattern.trim_start_matches('!')))?;
    Some(format!(
        "(`{pattern}`: patterns are relative to the folder that is searched, here `{searched}`; \
         name another one as `path`)\n"
    ))
}
