//! The points to which a session can be restored: listed, and gone back to.

use std::{
    io,
    time::{SystemTime, UNIX_EPOCH},
};

use engine::{Difference, Differences, Point, Restoration, Sessions, Swept};
use protocol::{
    AbsPath, CheckpointKind, ErrorCode, ErrorInfo, FileChangeKind, ItemId, SessionId, SessionInfo,
    wire::CheckpointInfo,
};

use super::{
    CliError, Ending,
    sessions::{confirm, find, must_be_asked, style, write},
    style::{Colour, Style, exposed},
};
use crate::age::age;

/// What is gone back to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct What {
    /// The files that the session changed since.
    pub files: bool,
    /// The conversation.
    pub conversation: bool,
}

/// Lists the points of a session, the newest last. With `json` each is one line, a
/// `CheckpointInfo` of docs/protocol.md.
///
/// # Errors
/// There is no such session, or the output cannot be written.
pub async fn list(
    sessions: &Sessions,
    beginning: &str,
    json: bool,
    colour: Colour,
) -> Result<Ending, CliError> {
    let SessionInfo { id, .. } = find(sessions, beginning).await?;
    let points = sessions.checkpoints(&id).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let mut text = String::new();
    for (number, point) in (1..).zip(&points) {
        if json {
            let Point { id, before, turn_id, at, title, files } = point.clone();
            let info = CheckpointInfo { id, before, turn_id, at, title, files };
            text += &(serde_json::to_string(&info).map_err(io::Error::from)? + "\n");
        } else {
            text += &line(style(colour), number, point, now);
        }
    }
    if points.is_empty() && !json {
        text = "No checkpoints: they begin with the next prompt.\n".to_owned();
    }
    write(&text)?;
    Ok(Ending::Done)
}

/// Goes back to a point, named by its number in the list or the beginning of its id. What that
/// changes is shown first, and asked for on a terminal; else it takes `yes`.
///
/// # Errors
/// There is no such session or point, another process has it open, or there is nobody to ask.
pub async fn restore(
    sessions: &Sessions,
    beginning: &str,
    point: &str,
    what: What,
    yes: bool,
    colour: Colour,
) -> Result<Ending, CliError> {
    let SessionInfo { id, root, .. } = find(sessions, beginning).await?;
    let points = sessions.checkpoints(&id).await?;
    let point = named(&points, point)?;
    let style = style(colour);
    let mut differences = compared(sessions, &id, &point, what).await?;
    loop {
        if what.files && differences.files.is_empty() && !what.conversation {
            return unchanged(&root, &differences);
        }
        write(&shown(style, &root, &differences))?;
        if yes {
            break;
        }
        must_be_asked("restores")?;
        if !confirmed(style, what, differences.files.len())? {
            return Ok(Ending::Stopped);
        }
        // What was not shown must not go.
        let now = compared(sessions, &id, &point, what).await?;
        if now == differences {
            break;
        }
        differences = now;
        write("The files have changed meanwhile. A restore does this now:\n")?;
    }
    let done = sessions.restore(&id, &point, what.files, what.conversation).await;
    let done = done.map_err(in_editor)?;
    write(&told(&root, what, &id, &done))?;
    Ok(if done.refused.is_empty() { Ending::Done } else { Ending::Failed })
}

/// What a restore would change of the files, if it is to change any.
async fn compared(
    sessions: &Sessions,
    id: &SessionId,
    point: &ItemId,
    what: What,
) -> Result<Differences, ErrorInfo> {
    match what.files {
        true => sessions.checkpoint_diff(id, point).await.map_err(in_editor),
        false => Ok(Differences::default()),
    }
}

/// Says that no file is to be changed. Of what was refused nobody knows how it was.
fn unchanged(root: &AbsPath, differences: &Differences) -> Result<Ending, CliError> {
    write(&not_restored(root, &differences.refused))?;
    if differences.refused.is_empty() {
        write("The files are as they were then.\n")?;
        return Ok(Ending::Done);
    }
    write("Nothing was restored.\n")?;
    Ok(Ending::Failed)
}

/// What was done.
fn told(root: &AbsPath, what: What, id: &SessionId, done: &Restoration) -> String {
    let Restoration { undo, restored, typed, refused } = done;
    let mut text = not_restored(root, refused);
    if what.files {
        text += &format!("{} restored.\n", count(restored.len()));
    }
    if !typed.is_empty() {
        let names: Vec<_> = typed.iter().map(|path| exposed(path.relative_to(root))).collect();
        text += &format!("What somebody else changed since is gone from {}.\n", names.join(", "));
    }
    if let Some(undo) = undo {
        text += &format!("`coworker restore {id} {undo}` undoes it.\n");
    }
    text
}

/// Where a session that is open elsewhere is restored: its documents may not be saved there.
fn in_editor(error: ErrorInfo) -> ErrorInfo {
    if error.code != ErrorCode::SessionInUse {
        return error;
    }
    let why = "this session is open in another Coworker, which has its documents: restore it \
               there, in Neovim by `:CoworkerCheckpoints`, or close it there and run this again";
    ErrorInfo::new(error.code, why)
}

/// Says what was freed: beside the journals, and of folders that were kept, in bytes.
///
/// # Errors
/// The output cannot be written.
pub fn freed(swept: &Swept, folders: u64) -> Result<Ending, CliError> {
    let Swept { bytes, in_use } = swept;
    let mut text = format!(
        "Freed {} in the session database, to be used again there, and {} of folders that commands \
         ran in.\n",
        size(*bytes),
        size(folders)
    );
    match in_use {
        0 => {}
        1 => text += "One session is open in another Coworker and was left alone.\n",
        many => {
            text += &format!("{many} sessions are open in another Coworker and were left alone.\n")
        }
    }
    write(&text)?;
    Ok(Ending::Done)
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

/// The point with this number, or the one whose id begins like this.
fn named(points: &[Point], typed: &str) -> Result<ItemId, CliError> {
    let by_number =
        typed.parse::<usize>().ok().and_then(|number| points.get(number.checked_sub(1)?));
    let mut by_id = points.iter().filter(|point| point.id.as_str().starts_with(typed));
    match (by_number, by_id.next(), by_id.next()) {
        (Some(point), ..) | (None, Some(point), None) => Ok(point.id.clone()),
        (None, Some(_), Some(_)) => {
            let why = format!("several checkpoints begin with `{}`; type more", exposed(typed));
            Err(CliError::Usage(why))
        }
        (None, None, _) => {
            let why = format!(
                "there is no checkpoint `{}`; `coworker checkpoints` lists those there are",
                exposed(typed)
            );
            Err(ErrorInfo::new(ErrorCode::ItemNotFound, why).into())
        }
    }
}

fn line(style: Style, number: usize, point: &Point, now: u128) -> String {
    let before = match &point.before {
        CheckpointKind::Turn => format!("before {}", style.bold(&exposed(&point.title))),
        CheckpointKind::Decision => "before you decided about hunks".to_owned(),
        CheckpointKind::Restore { .. } => "before a restore".to_owned(),
        _ => "a checkpoint of a newer version".to_owned(),
    };
    let age = age(now.saturating_sub(point.at.into()));
    format!("{number:>3}  {age:>11}  {:>9}  {before}\n", count(point.files))
}

pub(super) fn count(files: usize) -> String {
    format!("{files} file{}", if files == 1 { "" } else { "s" })
}

/// What a restore of the files would change, for reading.
fn shown(style: Style, root: &AbsPath, differences: &Differences) -> String {
    let mut text = not_restored(root, &differences.refused);
    for Difference { path, kind, diff, typed } in &differences.files {
        let name = exposed(path.relative_to(root));
        let does = match kind {
            FileChangeKind::Delete => "delete",
            FileChangeKind::Create => "make again",
            _ => "put back",
        };
        text += &format!("{}\n", style.bold(&format!("{does} {name}")));
        if *typed {
            let words = "what was changed since by somebody else goes, too";
            text += &format!("{}\n", style.yellow(words));
        }
        text += &style.diff(diff);
    }
    text
}

fn not_restored(root: &AbsPath, refused: &[(AbsPath, String)]) -> String {
    let line = |(path, reason): &(AbsPath, String)| {
        let name = path.relative_to(root);
        let name = if name.is_empty() { root.as_str() } else { name };
        format!("not restored: {}: {}\n", exposed(name), exposed(reason))
    };
    refused.iter().map(line).collect()
}

fn confirmed(style: Style, what: What, files: usize) -> io::Result<bool> {
    let what = match (what.files, what.conversation) {
        (true, true) => format!("{} and the conversation", count(files)),
        (true, false) => count(files),
        _ => "the conversation".to_owned(),
    };
    confirm(&format!("Restore {}?", style.bold(&what)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(id: &str) -> Point {
        Point {
            id: ItemId::from(id),
            before: CheckpointKind::Turn,
            turn_id: "t".into(),
            at: 0,
            title: "make it\u{1b} shorter".into(),
            files: 2,
        }
    }

    #[test]
    fn a_point_is_told_by_its_prompt_and_goes_by_number_or_id() {
        let told = line(Style::default(), 3, &point("a1"), 3 * 3_600_000);
        assert_eq!(told, "  3      3 h ago    2 files  before make it\\u{1b} shorter\n");
        let points = [point("a1"), point("a2"), point("b1")];
        assert_eq!(named(&points, "2").unwrap().as_str(), "a2");
        assert_eq!(named(&points, "b").unwrap().as_str(), "b1");
        assert!(matches!(named(&points, "a"), Err(CliError::Usage(_))));
        for typed in ["0", "4", "c"] {
            assert!(matches!(named(&points, typed), Err(CliError::Refused(_))), "{typed}");
        }
    }
}
