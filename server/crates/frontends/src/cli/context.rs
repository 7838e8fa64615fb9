//! `coworker context`: what a model would be sent first, and what each part of it weighs.

use std::io::{self, IsTerminal, Write};

use engine::{NewSession, Sessions};
use protocol::ContextReport;

use super::{
    CliError, Ending,
    style::{Colour, Style, exposed},
};

/// The columns of the longest bar.
const BAR: u64 = 24;

/// The pictures of an eighth of a column up to a whole one.
const EIGHTHS: [char; 8] = ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'];

/// Writes what the first request of a session would be made of, if this were its prompt; with
/// `json` as one line, a `ContextReport` of docs/protocol.md.
///
/// # Errors
/// The folder cannot be resolved, the prompt is a command that there is not, or the output cannot
/// be written.
pub async fn context(
    sessions: &Sessions,
    new: NewSession,
    prompt: &str,
    json: bool,
    colour: Colour,
) -> Result<Ending, CliError> {
    let report = sessions.context_of(new, prompt).await?;
    let text = if json {
        serde_json::to_string(&report).map_err(io::Error::from)? + "\n"
    } else {
        let seen = io::stdout().is_terminal();
        table(Style::of(colour, seen, |name| std::env::var_os(name)), &report)
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Ending::Done)
}

/// The parts in their order, with a bar for the weight of each.
fn table(style: Style, report: &ContextReport) -> String {
    let heaviest = report.parts.iter().map(|part| part.tokens).max().unwrap_or(0);
    let names: Vec<String> = report.parts.iter().map(|part| exposed(&part.name)).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    let mut kind = "";
    for (part, name) in report.parts.iter().zip(&names) {
        let heading = if part.kind == kind { "" } else { &part.kind };
        kind = &part.kind;
        let gap = " ".repeat(width - name.chars().count());
        let heading = style.bold(&format!("{heading:<13}"));
        let bar = style.cyan(&bar(part.tokens, heaviest));
        text += format!("{heading} {name}{gap} {:>8}  {bar}", part.tokens).trim_end();
        text.push('\n');
    }
    let total = format!("{:<13} {:width$} {:>8}  tokens", "together", "", report.tokens);
    let note = "estimated, for no model counts like another";
    text + &format!("{} {}\n", style.bold(&total), style.dim(&format!("({note})")))
}

/// A bar as long as a part of the heaviest; what weighs anything has one.
fn bar(tokens: u64, heaviest: u64) -> String {
    let eighths = match (tokens * BAR * 8).checked_div(heaviest) {
        Some(0) if tokens > 0 => 1,
        eighths => eighths.unwrap_or(0),
    };
    let whole = usize::try_from(eighths / 8).unwrap_or(0);
    let rest = usize::try_from(eighths % 8).unwrap_or(0);
    let rest = rest.checked_sub(1).map(|rest| EIGHTHS[rest]);
    EIGHTHS[7].to_string().repeat(whole) + &rest.map(String::from).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use protocol::ContextShare;

    use super::*;

    #[test]
    fn parts_are_weighed_against_each_other() {
        let part = |kind: &str, name: &str, tokens| ContextShare {
            kind: kind.into(),
            name: name.into(),
            bytes: tokens * 4,
            tokens,
        };
        let parts = vec![
            part("instructions", "Coworker", 1200),
            part("tool", "read", 600),
            part("tool", "odd\u{1b}", 1),
            part("mention", "", 0),
        ];
        let table = table(Style::default(), &ContextReport { parts, tokens: 1801 });
        let lines: Vec<&str> = table.lines().collect();
        let full = EIGHTHS[7].to_string();
        assert_eq!(lines[0], format!("instructions  Coworker      1200  {}", full.repeat(24)));
        assert_eq!(lines[1], format!("tool          read           600  {}", full.repeat(12)));
        assert_eq!(lines[2], "              odd\\u{1b}        1  ▏");
        assert_eq!(lines[3], "mention                        0");
        assert!(lines[4].starts_with("together                    1801  tokens"), "{table}");
    }
}
