//! A session as Markdown: what was asked, said, done and decided, in order.
//!
//! It is for reading, so control characters are written out and long outputs are cut; the JSON
//! lines of the journal have everything.

use protocol::{
    Approval, ChangeSet, ContextPart, Hunk, HunkState, Item, ItemBody, ItemId, Plan, SessionInfo,
    SessionState, Todo, TodoStatus, ToolCall, ToolCallStatus, TurnId, UserMessage, dollars,
};

use super::{
    style::printable,
    view::{one_line, reasons, said},
};

/// How many lines of a tool's output are written, its last.
const OUTPUT_LINES: usize = 40;

/// The whole session.
pub(super) fn markdown(info: &SessionInfo, state: &SessionState) -> String {
    let title = if info.title.is_empty() { "Nothing asked yet" } else { &info.title };
    let mut text = format!("# {}\n\n", one_line(title));
    let mut facts = vec![
        format!("Session `{}`", info.id),
        format!("Folder `{}`", one_line(info.root.as_str())),
        format!("Begun {}, last used {}", time(info.created_at), time(info.updated_at)),
        format!("Mode {}, model `{}`", state.mode.as_str(), one_line(&state.model)),
    ];
    let usage = state.usage;
    if usage.input_tokens + usage.output_tokens > 0 {
        facts.push(format!(
            "Tokens: {} sent, {} of them cached; {} received",
            usage.input_tokens, usage.cached_tokens, usage.output_tokens
        ));
        if usage.cost > 0 {
            facts.push(format!("Cost: {}, by the prices that are known", dollars(usage.cost)));
        }
    }
    facts.extend(info.folders.iter().map(|it| format!("Also `{}`", one_line(it.as_str()))));
    text += &facts.iter().map(|fact| format!("- {fact}\n")).collect::<String>();
    let mut speaker: Option<(bool, &TurnId)> = None;
    // What is kept of files is in the JSON lines.
    let is_read = |item: &&Item| !matches!(item.body, ItemBody::Checkpoint(_));
    for item in state.told().filter(is_read) {
        let user = matches!(item.body, ItemBody::UserMessage(_));
        if speaker != Some((user, &item.turn_id)) {
            let name = if user { "You" } else { "Coworker" };
            text += &format!("\n## {name}, {}\n", time(item.at));
            speaker = Some((user, &item.turn_id));
        }
        let part = part(state, item);
        if !part.is_empty() {
            text += &format!("\n{}\n", part.trim_end());
        }
    }
    text
}

fn part(state: &SessionState, item: &Item) -> String {
    match &item.body {
        ItemBody::UserMessage(message) => prompt(message),
        ItemBody::AgentMessage { text } => printable(text),
        ItemBody::Reasoning { text, .. } => quoted(text),
        ItemBody::ToolCall(call) => tool_call(call, is_partly_done(state, &item.id)),
        ItemBody::Plan(plan) => self::plan(plan),
        ItemBody::Approval(approval) => answer(approval),
        ItemBody::ChangeSet(set) => change_set(set),
        ItemBody::Todos { todos } => todos.iter().map(todo).collect(),
        ItemBody::Notice(notice) => quoted(&notice.text),
        ItemBody::Compaction(compaction) => {
            let summary = compaction.summary.as_ref().map(|summary| summary.text.as_str());
            quoted(&format!("{}\n\n{}", compaction.sentence(), summary.unwrap_or_default()))
        }
        // What a newer version adds is in the JSON lines.
        _ => String::new(),
    }
}

fn prompt(message: &UserMessage) -> String {
    let mut text = printable(&message.text);
    for part in &message.context {
        text += "\n\n";
        text += &pointed(part);
    }
    text
}

fn pointed(part: &ContextPart) -> String {
    match part {
        ContextPart::File { path, line } => {
            let line = line.map(|line| format!(", line {line}")).unwrap_or_default();
            format!("In view: `{}`{line}", one_line(path.as_str()))
        }
        ContextPart::Selection { path, first_line, last_line, text, symbol } => {
            let symbol = symbol.as_ref().map(|it| format!(", in `{}`", one_line(it)));
            let path = one_line(path.as_str());
            let place = format!("Selected: `{path}`, lines {first_line} to {last_line}");
            format!("{place}{}\n\n{}", symbol.unwrap_or_default(), fenced("", text))
        }
        ContextPart::Problems { path, lines } => {
            let lines = lines.join("\n");
            format!("Problems of `{}`\n\n{}", one_line(path.as_str()), fenced("", &lines))
        }
        ContextPart::OpenDocuments { paths } => {
            let paths = paths.iter().map(|path| format!("`{}`", one_line(path.as_str())));
            format!("Open: {}", paths.collect::<Vec<_>>().join(", "))
        }
        ContextPart::Text { mention, text, .. } => {
            format!("`{}`\n\n{}", one_line(mention), fenced("", text))
        }
        ContextPart::Image { mention, image } => {
            format!("{mention}: {}, {} bytes", image.media_type, image.bytes)
        }
        ContextPart::Folder { mention, entries, .. } => {
            format!("`{}`\n\n{}", one_line(mention), fenced("", &entries.join("\n")))
        }
        ContextPart::Diff { text } => fenced("diff", text),
        ContextPart::Command { name, text } => {
            format!("`/{}` stands for\n\n{}", one_line(name), fenced("", text))
        }
        ContextPart::Unresolved { mention, reason } => {
            format!("`{}`: {}", one_line(mention), one_line(reason))
        }
        _ => String::new(),
    }
}

/// Whether some hunks of a call are applied.
fn is_partly_done(state: &SessionState, call: &ItemId) -> bool {
    let sets = state.items.iter().filter_map(|item| match &item.body {
        ItemBody::ChangeSet(set) => Some(set),
        _ => None,
    });
    let mut hunks = sets.flat_map(|set| &set.files).flat_map(|file| &file.hunks);
    hunks.any(|hunk| hunk.item_id == *call && hunk.state.was_applied())
}

fn tool_call(call: &ToolCall, is_partly_done: bool) -> String {
    let (sign, shown) = match call.status {
        ToolCallStatus::Completed => ("✓", true),
        ToolCallStatus::Pending | ToolCallStatus::Running => ("…", true),
        ToolCallStatus::Rejected | ToolCallStatus::Failed if is_partly_done => {
            ("◐ done in part:", false)
        }
        ToolCallStatus::Rejected => ("⊘ not allowed:", false),
        ToolCallStatus::Cancelled => ("■ stopped:", true),
        ToolCallStatus::Interrupted => ("■ interrupted:", true),
        ToolCallStatus::Failed => ("✗ failed:", true),
    };
    let mut text = format!("{sign} {}", one_line(&call.title));
    let runs = call.effects.iter().any(|it| matches!(it, protocol::Effect::Run { .. }));
    // What was read stands in the project; what a command said stands nowhere else.
    let done = call.status == ToolCallStatus::Completed;
    if let Some(output) = call.output.as_ref().filter(|_| shown && (runs || !done))
        && !output.text.trim().is_empty()
    {
        text += &format!("\n\n{}", fenced("", &tail(&output.text)));
    }
    text
}

/// The last lines, with a word on those before.
fn tail(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    let hidden = lines.len().saturating_sub(OUTPUT_LINES);
    let kept = lines[hidden..].join("\n");
    if hidden == 0 { kept } else { format!("… {hidden} lines before these\n{kept}") }
}

fn plan(plan: &Plan) -> String {
    let mut text = format!("**Plan:** {}\n\n", printable(&plan.summary));
    for (number, step) in (1..).zip(&plan.steps) {
        text += &format!("{number}. {}\n", printable(step));
    }
    text
}

fn answer(approval: &Approval) -> String {
    let question = format!("**Asked:** {}", one_line(&approval.title));
    let Some(answer) = &approval.answer else { return question + " (no answer yet)" };
    let decided = approval.label(answer.decision).unwrap_or("nobody answered");
    let mut text = format!("{question}  \n**Answered:** {}", one_line(decided));
    if let Some(reason) = &answer.reason {
        text += &format!(": {}", printable(reason));
    }
    if !answer.by.is_empty() {
        text += &format!(" ({})", one_line(&answer.by));
    }
    for answer in &answer.answers {
        text += &format!("\n- {}", said(answer));
    }
    text
}

fn change_set(set: &ChangeSet) -> String {
    let mut text = String::new();
    for file in &set.files {
        let path = one_line(file.path.as_str());
        let to = file.to.as_ref().map(|to| format!(" → `{}`", one_line(to.as_str())));
        let hunks = file.hunks.iter().map(state).collect::<Vec<_>>();
        let states = match hunks.as_slice() {
            [first, rest @ ..] if rest.iter().all(|it| it == first) => first.clone(),
            hunks => hunks.join("; "),
        };
        text += &format!("Change of `{path}`{}: {states}\n\n", to.unwrap_or_default());
        for reason in reasons(file) {
            text += &format!("Why: {}\n\n", one_line(reason));
        }
        if !file.diff.is_empty() {
            text += &format!("{}\n\n", fenced("diff", &file.diff));
        }
    }
    text
}

/// Where a hunk stands, in words.
pub(super) fn state(hunk: &Hunk) -> String {
    let because = |what: &str, reason: Option<&str>| match reason {
        Some(reason) => format!("{what}: {}", one_line(reason)),
        None => what.to_owned(),
    };
    let said = hunk.comment.as_deref();
    match &hunk.state {
        HunkState::Pending => "undecided".to_owned(),
        HunkState::Accepted => "accepted".to_owned(),
        HunkState::Rejected => because("rejected", said),
        HunkState::Applied => because("applied", said),
        HunkState::Kept => because("applied and kept", said),
        HunkState::Undone => "undone".to_owned(),
        HunkState::Conflicted { reason } => because("not applied", Some(reason)),
        _ => "changed".to_owned(),
    }
}

fn todo(todo: &Todo) -> String {
    let sign = match todo.status {
        TodoStatus::Completed => "[x]",
        TodoStatus::InProgress => "[-]",
        TodoStatus::Pending => "[ ]",
    };
    format!("- {sign} {}\n", one_line(&todo.content))
}

fn quoted(text: &str) -> String {
    printable(text.trim_end()).lines().map(|line| format!("> {line}\n")).collect()
}

/// A block of code that nothing in it can end.
fn fenced(language: &str, code: &str) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    format!("{fence}{language}\n{}\n{fence}", printable(code).trim_end_matches('\n'))
}

/// Milliseconds since 1970 as a date and a time of day in UTC.
fn time(milliseconds: u64) -> String {
    let minutes = milliseconds / 60_000;
    let (year, month, day) = date(minutes / 1440);
    let (hour, minute) = (minutes / 60 % 24, minutes % 60);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02} UTC")
}

/// Days since 1970-01-01 as year, month and day, counted in years that begin in March, so that
/// the leap day is the last of them.
pub(super) fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leap_days = day_of_era / 1460 + day_of_era / 146_096;
    let year_of_era = (day_of_era + day_of_era / 36_524 - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use protocol::{AbsPath, SessionId, ToolOutput, Update};

    use super::*;

    fn info() -> SessionInfo {
        SessionInfo {
            id: SessionId::from("s1"),
            root: AbsPath::new("/w").unwrap(),
            folders: Vec::new(),
            title: "make it shorter".into(),
            created_at: 0,
            updated_at: 1_795_257_660_000,
        }
    }

    fn told(bodies: Vec<ItemBody>) -> String {
        let ended = |(number, body): (usize, ItemBody)| {
            let id = ItemId(number.to_string());
            Update::ItemEnded {
                item: Item { id, turn_id: TurnId::from("t"), at: 0, aside: false, body },
            }
        };
        let updates: Vec<Update> = bodies.into_iter().enumerate().map(ended).collect();
        markdown(&info(), &SessionState::fold(&updates))
    }

    fn call(status: ToolCallStatus, output: &str, effects: Vec<protocol::Effect>) -> ItemBody {
        ItemBody::ToolCall(ToolCall {
            call_id: "c".into(),
            step: 1,
            name: "tool".into(),
            title: "Do it".into(),
            input: serde_json::Value::Null,
            status,
            effects,
            provider_data: None,
            output: Some(ToolOutput::text(output)),
        })
    }

    #[test]
    fn a_conversation_reads_from_top_to_bottom() {
        let prompt = UserMessage {
            text: "shorter".into(),
            context: vec![ContextPart::Selection {
                path: AbsPath::new("/w/a.md").unwrap(),
                first_line: 3,
                last_line: 4,
                text: "```\ncode\n```\n".into(),
                symbol: None,
            }],
        };
        let text = told(vec![
            ItemBody::UserMessage(prompt),
            ItemBody::Reasoning { text: "hm\nso".into(), provider_data: None },
            ItemBody::AgentMessage { text: "Done\x1b[2J.".into() },
        ]);
        assert_eq!(
            text,
            "# make it shorter\n\n- Session `s1`\n- Folder `/w`\n\
             - Begun 1970-01-01 00:00 UTC, last used 2026-11-21 10:41 UTC\n\
             - Mode ask, model ``\n\n\
             ## You, 1970-01-01 00:00 UTC\n\nshorter\n\n\
             Selected: `/w/a.md`, lines 3 to 4\n\n````\n```\ncode\n```\n````\n\n\
             ## Coworker, 1970-01-01 00:00 UTC\n\n> hm\n> so\n\nDone\\u{1b}[2J.\n"
        );
    }

    #[test]
    fn a_call_of_which_one_hunk_was_applied_is_not_called_refused() {
        let set = |state: &str| {
            let hunk = |id: &str, state: &str| {
                serde_json::json!({"id": id, "itemId": "0", "replacements": [],
                    "state": {"kind": state}})
            };
            let file = serde_json::json!({"path": "/w/a", "kind": "edit", "diff": "",
                "hunks": [hunk("h1", state), hunk("h2", "rejected")]});
            let set = serde_json::json!({"files": [file], "model": ""});
            ItemBody::ChangeSet(serde_json::from_value(set).unwrap())
        };
        let rejected = || call(ToolCallStatus::Rejected, "no", Vec::new());
        let text = told(vec![rejected(), set("applied")]);
        assert!(text.contains("\n◐ done in part: Do it\n"), "{text}");
        let text = told(vec![rejected(), set("rejected")]);
        assert!(text.contains("\n⊘ not allowed: Do it\n"), "{text}");
    }

    #[test]
    fn what_commands_said_and_why_calls_failed_is_kept_and_what_was_read_is_not() {
        let folder = AbsPath::new("/w").unwrap();
        let run = protocol::Effect::Run { command: "x".into(), folder: folder.clone() };
        let read = protocol::Effect::Read { path: folder };
        let long: String = (1..=50).map(|number| format!("line {number}\n")).collect();
        let text = told(vec![
            call(ToolCallStatus::Completed, &long, vec![run]),
            call(ToolCallStatus::Completed, "contents", vec![read.clone()]),
            call(ToolCallStatus::Failed, "it is missing", vec![read]),
        ]);
        assert!(text.contains("✓ Do it\n\n```\n… 10 lines before these\nline 11\n"), "{text}");
        assert!(text.contains("✗ failed: Do it\n\n```\nit is missing\n```"), "{text}");
        assert!(!text.contains("contents"), "{text}");
    }

    #[test]
    fn days_have_their_dates() {
        let dates = [0, 59, 11_016, 20_513, 47_540].map(date);
        let expected = [(1970, 1, 1), (1970, 3, 1), (2000, 2, 29), (2026, 3, 1), (2100, 2, 28)];
        assert_eq!(dates, expected);
    }
}
