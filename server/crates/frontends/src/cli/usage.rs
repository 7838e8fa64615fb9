//! `coworker usage`: what was used on the last days, over all sessions.

use std::io::{self, IsTerminal, Write};

use engine::Sessions;
use protocol::{Usage, dollars};
use serde_json::json;

use super::{
    CliError, Ending,
    style::{Colour, Style},
    transcript::date,
};

/// How many days are told, today among them.
const DAYS: u64 = 30;

/// Writes what was used today and on each of the 29 days before, as far as something was; with
/// `json` one line for each: `day` and the fields of a `Usage` of docs/protocol.md.
///
/// # Errors
/// The store failed, or the output cannot be written.
pub async fn usage(sessions: &Sessions, json: bool, colour: Colour) -> Result<Ending, CliError> {
    let days = sessions.used_by_day(DAYS).await?;
    let text = if json {
        days.iter().map(|(day, used)| line(*day, used)).collect::<Result<_, _>>()?
    } else {
        let seen = io::stdout().is_terminal();
        table(Style::of(colour, seen, |name| std::env::var_os(name)), &days)
    };
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())?;
    out.flush()?;
    Ok(Ending::Done)
}

fn named(day: u64) -> String {
    let (year, month, day) = date(day);
    format!("{year}-{month:02}-{day:02}")
}

fn line(day: u64, used: &Usage) -> Result<String, io::Error> {
    let mut fields = json!({ "day": named(day) });
    if let (Some(fields), serde_json::Value::Object(used)) =
        (fields.as_object_mut(), serde_json::to_value(used)?)
    {
        fields.extend(used);
    }
    Ok(format!("{fields}\n"))
}

fn table(style: Style, days: &[(u64, Usage)]) -> String {
    let row = |name: &str, used: &Usage| {
        format!(
            "{name:<12} {:>12} {:>12} {:>12} {:>10}",
            used.input_tokens,
            used.cached_tokens,
            used.output_tokens,
            dollars(used.cost)
        )
    };
    let head =
        format!("{:<12} {:>12} {:>12} {:>12} {:>10}", "day", "sent", "cached", "received", "cost");
    let mut text = style.bold(&head) + "\n";
    let mut all = Usage::default();
    for (day, used) in days {
        text += &(row(&named(*day), used) + "\n");
        all += *used;
    }
    let note = "Tokens; of those sent, so many were in the provider's cache. A day begins at \
                midnight in UTC, and only prices that are known add to the cost.";
    text += &format!("{}\n{}\n", style.bold(&row(&format!("{DAYS} days"), &all)), style.dim(note));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_told_one_by_one_and_together() {
        let used = |tokens, cost| Usage {
            input_tokens: tokens,
            cached_tokens: tokens / 2,
            output_tokens: 7,
            cost,
            ..Usage::default()
        };
        let days = [(20_779, used(100, 1_500_000_000)), (20_777, used(900, 0))];
        let table = table(Style::default(), &days);
        let rows: Vec<Vec<&str>> =
            table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[1], ["2026-11-22", "100", "50", "7", "$1.50"]);
        assert_eq!(rows[2], ["2026-11-20", "900", "450", "7", "$0.00"]);
        assert_eq!(rows[3], ["30", "days", "1000", "500", "14", "$1.50"]);
        let line = line(20_779, &days[0].1).unwrap();
        assert!(line.starts_with("{\"day\":\"2026-11-22\",\"inputTokens\":100,"), "{line}");
    }
}
