//! Lines changed in the editor of the user's choice, as other programs of the command line do.

use std::{
    io::{self, IsTerminal},
    process::Stdio,
};

use tokio::process::Command;

use super::choosing::Lines;

/// Has lines changed in `$VISUAL` or `$EDITOR`, and gives them back.
///
/// # Errors
/// Why there are none, in a sentence for the user: no editor is set, it could not be started, or
/// it said that it failed, which is the way to leave without changing anything.
pub(super) async fn edit(lines: &Lines) -> Result<String, String> {
    let set = ["VISUAL", "EDITOR"].iter().filter_map(std::env::var_os);
    let Some(editor) = set.into_iter().find(|value| !value.is_empty()) else {
        return Err("No editor is set: VISUAL or EDITOR says which one to use.".to_owned());
    };
    // The editor sees the language by the file's name.
    let folder = tempfile::tempdir().map_err(|error| not_kept(&error))?;
    let file = folder.path().join(&lines.file);
    std::fs::write(&file, &lines.text).map_err(|error| not_kept(&error))?;
    let mut command = Command::new("sh");
    // It may have options and quotes in it, so a shell reads it, as it does for git.
    let mut line = editor.clone();
    line.push(" \"$@\"");
    command.arg("-c").arg(line).arg(&editor).arg(&file).kill_on_drop(true);
    if let Some(terminal) = terminal() {
        command.stdin(terminal);
    }
    let shown = editor.to_string_lossy();
    match command.status().await {
        Ok(status) if status.success() => {}
        Ok(status) => return Err(format!("`{shown}` ended with {status}; nothing was changed.")),
        Err(error) => return Err(format!("`{shown}` cannot be started: {error}.")),
    }
    std::fs::read_to_string(&file).map_err(|error| format!("The lines cannot be read: {error}."))
}

fn not_kept(error: &io::Error) -> String {
    format!("The lines cannot be put into a file for the editor: {error}.")
}

/// The terminal, where standard input is something else.
fn terminal() -> Option<Stdio> {
    if io::stdin().is_terminal() {
        return None;
    }
    std::fs::File::open("/dev/tty").ok().map(Stdio::from)
}
