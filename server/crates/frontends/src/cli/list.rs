//! The list of sessions: for people as lines, for programs as JSON.

use std::{
    process::ExitCode,
    time::{SystemTime, UNIX_EPOCH},
};

use engine::Sessions;
use protocol::{AbsPath, SessionInfo};

use super::{
    style::{Style, exposed},
    terminal::Terminal,
};

/// Lists the sessions on standard output, the last used first; only those of `root` if given.
/// With `json` each is one line, a `SessionInfo` of docs/protocol.md.
pub async fn sessions(sessions: &Sessions, root: Option<&AbsPath>, json: bool) -> ExitCode {
    let mut terminal = Terminal::standard(false);
    let listed = match sessions.list(root).await {
        Ok(listed) => listed,
        Err(error) => {
            terminal.complain(&format!("coworker: {error}\n")).await;
            return ExitCode::FAILURE;
        }
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
    let text: String = if json {
        let line = |it| serde_json::to_string(it).map(|line| line + "\n").unwrap_or_default();
        listed.iter().map(line).collect()
    } else if listed.is_empty() {
        "No sessions yet. `coworker run \"…\"` begins one.\n".to_owned()
    } else {
        listed.iter().map(|info| line(terminal.style, info, now)).collect()
    };
    match terminal.write(&text).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn line(style: Style, info: &SessionInfo, now: u128) -> String {
    let title = if info.title.is_empty() { "(nothing asked yet)" } else { &info.title };
    let (id, age) = (&info.id, age(now.saturating_sub(info.updated_at.into())));
    let title = style.bold(&exposed(title));
    format!("{id}  {age:>11}  {title}  {}\n", style.dim(&exposed(info.root.as_str())))
}

/// How long ago, given in milliseconds.
fn age(milliseconds: u128) -> String {
    let minutes = milliseconds / 60_000;
    match minutes {
        0 => "just now".to_owned(),
        1..60 => format!("{minutes} min ago"),
        60..1440 => format!("{} h ago", minutes / 60),
        _ => format!("{} days ago", minutes / 1440),
    }
}

#[cfg(test)]
mod tests {
    use protocol::SessionId;

    use super::*;

    #[test]
    fn a_session_is_told_by_its_title_and_its_age() {
        let mut info = SessionInfo {
            id: SessionId::from("s1"),
            root: AbsPath::new("/w").unwrap(),
            title: "make it\u{1b} shorter".into(),
            created_at: 0,
            updated_at: 1_000_000,
        };
        let told = line(Style::default(), &info, 1_000_000 + 3 * 3_600_000);
        assert_eq!(told, "s1      3 h ago  make it\\u{1b} shorter  /w\n");
        info.title.clear();
        assert!(line(Style::default(), &info, 0).contains("just now  (nothing asked yet)"));
    }
}
