//! What a turn is doing right now, in one line that is written over and over: on a terminal only,
//! and only while nothing else stands in that line.

use std::time::Duration;

use protocol::{ItemBody, ItemId, Status, ToolCallStatus, Update, Usage};

use super::style::{Style, exposed};
use crate::spent::spent;

/// The pictures of the sign that turns.
const FRAMES: [&str; 10] = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"];

/// How often the line is drawn.
pub(super) const PERIOD: Duration = Duration::from_millis(100);

/// What a turn is doing.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// The calls that run, with their titles.
    running: Vec<(ItemId, String)>,
    usage: Usage,
    /// What the session had used when the turn began.
    before: Usage,
    frame: usize,
}

impl Progress {
    /// Takes an update in.
    pub(super) fn take(&mut self, update: &Update) {
        match update {
            Update::ItemStarted { item } | Update::ItemChanged { item } => {
                let ItemBody::ToolCall(call) = &item.body else { return };
                self.running.retain(|(id, _)| *id != item.id);
                if call.status == ToolCallStatus::Running {
                    self.running.push((item.id.clone(), call.title.clone()));
                }
            }
            Update::ItemEnded { item } => self.running.retain(|(id, _)| *id != item.id),
            Update::Status(Status::Running { .. }) => self.before = self.usage,
            Update::Usage(usage) => self.usage = *usage,
            _ => {}
        }
    }

    /// The next picture of the line, which fits into `width` columns.
    pub(super) fn draw(&mut self, style: Style, elapsed: Duration, width: usize) -> String {
        self.frame = (self.frame + 1) % FRAMES.len();
        let doing = match self.running.as_slice() {
            [] => "Thinking".to_owned(),
            [(_, title)] => exposed(title.lines().next().unwrap_or_default()),
            [(_, title), more @ ..] => {
                let title = exposed(title.lines().next().unwrap_or_default());
                format!("{title}, and {} more", more.len())
            }
        };
        let mut rest = format!(" · {}", time(elapsed));
        rest.extend(spent(&self.usage, Some(&self.before)).map(|spent| format!(" · {spent}")));
        rest += " · Ctrl-C stops";
        // The sign and its blank; one column stays free, where some terminals break the line.
        let room = width.saturating_sub(3);
        let rest = cut(&rest, room);
        let doing = cut(&doing, room - columns(&rest));
        format!("{} {doing}{}", style.cyan(FRAMES[self.frame]), style.dim(&rest))
    }
}

/// As much of a text as fits, with a sign where it was cut.
fn cut(text: &str, room: usize) -> String {
    if columns(text) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if columns(&kept) + width(c) + 1 > room {
            break;
        }
        kept.push(c);
    }
    if room > 0 { kept + "…" } else { kept }
}

/// The columns of a text, rather too many than too few: a line that breaks cannot be written over.
fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(c: char) -> usize {
    if c.is_ascii() || matches!(c, '·' | '…') { 1 } else { 2 }
}

fn time(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    match seconds / 60 {
        0 => format!("{seconds} s"),
        minutes => format!("{minutes} min {} s", seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use protocol::{Item, ToolCall, TurnId};

    use super::*;

    fn call(id: &str, title: &str, status: ToolCallStatus) -> Update {
        let call = ToolCall {
            call_id: id.into(),
            step: 1,
            name: "bash".into(),
            title: title.into(),
            input: serde_json::Value::Null,
            status,
            effects: Vec::new(),
            provider_data: None,
            output: None,
        };
        let body = ItemBody::ToolCall(call);
        let item =
            Item { id: ItemId::from(id), turn_id: TurnId::from("t"), at: 0, aside: false, body };
        Update::ItemChanged { item }
    }

    fn line(progress: &mut Progress, seconds: u64, width: usize) -> String {
        let line = progress.draw(Style::default(), Duration::from_secs(seconds), width);
        line.chars().skip(2).collect()
    }

    #[test]
    fn it_says_what_runs_how_long_and_what_it_took() {
        let mut progress = Progress::default();
        assert_eq!(line(&mut progress, 3, 80), "Thinking · 3 s · Ctrl-C stops");
        progress.take(&call("a", "Run cargo\x1b test\nmore", ToolCallStatus::Running));
        assert_eq!(
            line(&mut progress, 75, 80),
            "Run cargo\\u{1b} test · 1 min 15 s · Ctrl-C stops"
        );
        progress.take(&call("b", "Read x", ToolCallStatus::Running));
        progress.take(&Update::Usage(Usage { input_tokens: 3300, ..Usage::default() }));
        let both = line(&mut progress, 1, 80);
        assert_eq!(both, "Run cargo\\u{1b} test, and 1 more · 1 s · 3.3k tokens · Ctrl-C stops");
        progress.take(&Update::Status(Status::Running { turn_id: TurnId::from("u") }));
        progress.take(&Update::Usage(Usage { input_tokens: 4400, ..Usage::default() }));
        assert!(line(&mut progress, 1, 80).contains(" · 1.1k of 4.4k tokens · "));
        progress.take(&call("a", "", ToolCallStatus::Completed));
        progress.take(&call("b", "", ToolCallStatus::Cancelled));
        assert!(line(&mut progress, 1, 80).starts_with("Thinking"));
    }

    #[test]
    fn it_never_breaks_the_line() {
        let mut progress = Progress::default();
        progress.take(&call("a", &"語 long ".repeat(40), ToolCallStatus::Running));
        for width in [0, 1, 3, 10, 40, 80] {
            let line = line(&mut progress, 3, width);
            assert!(columns(&line) <= width.saturating_sub(3), "{width}: {line}");
        }
        assert!(line(&mut progress, 3, 60).contains("… · 3 s · Ctrl-C stops"));
    }
}
