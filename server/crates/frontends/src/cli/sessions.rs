//! The sessions there are: listed, shown, written out, deleted.

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use engine::{Sessions, StoredSession};
use protocol::{AbsPath, ErrorCode, ErrorInfo, ItemId, SessionId, SessionInfo, SessionUpdate};

use super::{
    CliError, Ending,
    style::{Colour, Style, exposed},
    transcript,
};
use crate::age::age;

/// How many sessions an error names.
const NAMED: usize = 5;

/// How a session is written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For reading.
    Markdown,
    /// One line for each update of the journal, a `SessionUpdate` of docs/protocol.md.
    Json,
}

/// The session whose id begins like this.
///
/// # Errors
/// There is none, or there are several; the error names them.
pub async fn find(sessions: &Sessions, beginning: &str) -> Result<SessionInfo, CliError> {
    let mut found = sessions.list(None).await?;
    found.retain(|info| info.id.as_str().starts_with(beginning));
    if let Some(exact) = found.iter().position(|info| info.id.as_str() == beginning) {
        return Ok(found.swap_remove(exact));
    }
    match found.len() {
        1 if !beginning.is_empty() => Ok(found.swap_remove(0)),
        0 => {
            let why = format!(
                "there is no session `{}`; `coworker sessions` lists those there are",
                exposed(beginning)
            );
            Err(ErrorInfo::new(ErrorCode::SessionNotFound, why).into())
        }
        number => {
            let named = found.iter().take(NAMED).map(|info| format!("\n  {}", name(info)));
            let more = if number > NAMED { "\n  …" } else { "" };
            Err(CliError::Usage(format!(
                "{number} sessions begin with `{}`; type more of the id:{}{more}",
                exposed(beginning),
                named.collect::<String>()
            )))
        }
    }
}

/// Lists the sessions, the last used first; only those of `root` if given. With `json` each is
/// one line, a `SessionInfo` of docs/protocol.md.
///
/// # Errors
/// The store failed, or the output cannot be written.
pub async fn list(
    sessions: &Sessions,
    root: Option<&AbsPath>,
    json: bool,
    colour: Colour,
) -> Result<Ending, CliError> {
    let listed = sessions.list(root).await?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let text: String = if json {
        let line = |it| serde_json::to_string(it).map(|line| line + "\n").unwrap_or_default();
        listed.iter().map(line).collect()
    } else if listed.is_empty() {
        let of = root.map(|root| format!(" of {}", exposed(root.as_str()))).unwrap_or_default();
        format!("No sessions{of} yet. `coworker run \"…\"` begins one.\n")
    } else {
        let style = style(colour);
        listed.iter().map(|info| line(style, info, now)).collect()
    };
    write(&text)?;
    Ok(Ending::Done)
}

/// Shows a session as Markdown.
///
/// # Errors
/// There is no such session, or the output cannot be written.
pub async fn show(
    sessions: &Sessions,
    beginning: &str,
    colour: Colour,
) -> Result<Ending, CliError> {
    let stored = look(sessions, beginning).await?;
    write(&style(colour).markdown(&transcript::markdown(&stored.info, &stored.state())))?;
    Ok(Ending::Done)
}

/// Writes a session to a file that is not there yet, or to standard output. With `force` the file
/// may be there.
///
/// # Errors
/// There is no such session, the file is there, or it cannot be written.
pub async fn export(
    sessions: &Sessions,
    beginning: &str,
    format: Format,
    file: Option<PathBuf>,
    force: bool,
) -> Result<Ending, CliError> {
    let stored = look(sessions, beginning).await?;
    let text = match format {
        Format::Markdown => transcript::markdown(&stored.info, &stored.state()),
        Format::Json => json_lines(stored)?,
    };
    match file {
        None => write(&text)?,
        Some(file) => write_file(&file, &text, force)?,
    }
    Ok(Ending::Done)
}

/// Makes a session with the conversation of another up to an item, and says its id.
///
/// # Errors
/// There is no such session or item, or the store failed.
pub async fn fork(
    sessions: &Sessions,
    beginning: &str,
    before: Option<&ItemId>,
) -> Result<Ending, CliError> {
    let SessionInfo { id, .. } = find(sessions, beginning).await?;
    let fork = sessions.fork(&id, before).await?;
    write(&format!("{}\n", fork.id))?;
    Ok(Ending::Done)
}

/// Deletes sessions for good: asked for on a terminal, else only with `yes`.
///
/// # Errors
/// One of them is not there, is in use, or there is nobody to ask. Those before it are deleted.
pub async fn delete(
    sessions: &Sessions,
    beginnings: &[String],
    yes: bool,
    colour: Colour,
) -> Result<Ending, CliError> {
    let mut found = Vec::new();
    for beginning in beginnings {
        let info = find(sessions, beginning).await?;
        if !found.contains(&info) {
            found.push(info);
        }
    }
    if !yes {
        must_be_asked("deletes")?;
    }
    let mut ending = Ending::Done;
    for info in found {
        if yes || confirmed(style(colour), &info)? {
            sessions.delete(&info.id).await?;
            write(&format!("Deleted {}\n", name(&info)))?;
        } else {
            ending = Ending::Stopped;
        }
    }
    Ok(ending)
}

async fn look(sessions: &Sessions, beginning: &str) -> Result<StoredSession, CliError> {
    let SessionInfo { id, .. } = find(sessions, beginning).await?;
    Ok(sessions.look(&id).await?)
}

/// The journal, each update as it was told.
fn json_lines(stored: StoredSession) -> io::Result<String> {
    let id: SessionId = stored.info.id.clone();
    let mut text = String::new();
    for (seq, update) in stored.into_updates() {
        let line = SessionUpdate { session_id: id.clone(), seq, update };
        text += &serde_json::to_string(&line)?;
        text.push('\n');
    }
    Ok(text)
}

fn write_file(path: &Path, text: &str, force: bool) -> Result<(), CliError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true);
    if force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    // A conversation is nobody else's business.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| {
        let way_out = match error.kind() {
            io::ErrorKind::AlreadyExists => "; --force writes over it",
            _ => "",
        };
        let why = format!("cannot write {}: {error}{way_out}", path.display());
        ErrorInfo::new(ErrorCode::FileSystem, why).into()
    })
}

fn confirmed(style: Style, info: &SessionInfo) -> io::Result<bool> {
    confirm(&format!("Delete {} for good?", style.bold(&name(info))))
}

/// Sees to it that there is a person to ask; `does` is what `--yes` does without.
pub(super) fn must_be_asked(does: &str) -> Result<(), CliError> {
    if io::stdin().is_terminal() && io::stdout().is_terminal() {
        return Ok(());
    }
    let why = format!("there is no terminal to ask on; --yes {does} without asking");
    Err(CliError::Usage(why))
}

/// Asks the person; all but a yes is a no.
pub(super) fn confirm(question: &str) -> io::Result<bool> {
    write(&format!("{question} [y/N] "))?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(matches!(line.trim().to_lowercase().as_str(), "y" | "yes"))
}

/// A session in a sentence.
fn name(info: &SessionInfo) -> String {
    let title = if info.title.is_empty() { "nothing asked yet" } else { &info.title };
    format!("{} ({})", info.id, exposed(title))
}

fn line(style: Style, info: &SessionInfo, now: u128) -> String {
    let title = if info.title.is_empty() { "(nothing asked yet)" } else { &info.title };
    let (id, age) = (&info.id, age(now.saturating_sub(info.updated_at.into())));
    let title = style.bold(&exposed(title));
    format!("{id}  {age:>11}  {title}  {}\n", style.dim(&exposed(info.root.as_str())))
}

pub(super) fn style(colour: Colour) -> Style {
    Style::of(colour, io::stdout().is_terminal(), |name| std::env::var_os(name))
}

pub(super) fn write(text: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_told_by_its_title_and_its_age() {
        let mut info = SessionInfo {
            id: SessionId::from("s1"),
            root: AbsPath::new("/w").unwrap(),
            folders: Vec::new(),
            title: "make it\u{1b} shorter".into(),
            created_at: 0,
            updated_at: 1_000_000,
        };
        let told = line(Style::default(), &info, 1_000_000 + 3 * 3_600_000);
        assert_eq!(told, "s1      3 h ago  make it\\u{1b} shorter  /w\n");
        info.title.clear();
        assert!(line(Style::default(), &info, 1_000_000).contains("just now  (nothing asked yet)"));
    }
}
