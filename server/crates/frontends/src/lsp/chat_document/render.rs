//! How things read in the chat document. Pure: what is there and what comes, to what is added.
//!
//! The document is a row of sections, `## You` and `## Coworker`. Text of a model cannot begin a
//! section, or it could put words into the user's mouth.

use std::{collections::HashMap, fmt::Write};

use protocol::{
    AbsPath, Approval, ApprovalSubject, ContextPart, Decision, Effect, Item, ItemBody, ItemId,
    NoticeLevel, Plan, TodoStatus, ToolCall, ToolCallStatus,
};

use crate::lsp::question::{is_hidden, printable};

const INTRODUCTION: &str = "# Coworker\n\nWrite below the last `## You`, then choose the code \
                            action **Send to Coworker** here.\n\n";
const USER: &str = "## You";
const AGENT: &str = "## Coworker";

/// Something to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// What the user asked elsewhere.
    Prompt(String),
    /// What the user will ask about.
    Quote(String),
    /// What Coworker says and does.
    Said(String),
    /// It is the user's turn.
    Ready,
}

/// What is added to the end of a document for these blocks.
pub(super) fn render(document: &str, blocks: &[Block]) -> String {
    let mut text = document.to_owned();
    if text.trim().is_empty() {
        text.push_str(INTRODUCTION);
    }
    for block in blocks {
        match block {
            Block::Ready => begin(&mut text, USER),
            Block::Said(said) => {
                if section(&text).map(|(heading, _)| heading) != Some(AGENT) {
                    begin(&mut text, AGENT);
                }
                paragraph(&mut text, said);
            }
            Block::Prompt(words) => {
                begin(&mut text, USER);
                paragraph(&mut text, words);
            }
            Block::Quote(quote) => {
                if section(&text).map(|(heading, _)| heading) != Some(USER) {
                    begin(&mut text, USER);
                }
                paragraph(&mut text, quote);
            }
        }
    }
    text.split_off(document.len())
}

/// What stands below the last `## You`, if nothing of ours follows it.
pub(super) fn prompt(document: &str) -> &str {
    match section(document) {
        Some((USER, text)) => text.trim(),
        _ => "",
    }
}

/// The last section: its heading and its text.
fn section(document: &str) -> Option<(&'static str, &str)> {
    let mut last = None;
    let mut start = 0;
    for line in document.split_inclusive('\n') {
        start += line.len();
        if let Some(heading) = heading(line) {
            last = Some((heading, start));
        }
    }
    last.map(|(heading, start)| (heading, &document[start..]))
}

fn heading(line: &str) -> Option<&'static str> {
    [USER, AGENT].into_iter().find(|heading| line.trim_end() == *heading)
}

/// Begins a section, unless an empty one of this kind stands there already.
fn begin(text: &mut String, heading: &str) {
    if section(text).is_some_and(|(last, rest)| last == heading && rest.trim().is_empty()) {
        return;
    }
    blank_line(text);
    let _ = write!(text, "{heading}\n\n");
}

fn paragraph(text: &mut String, words: &str) {
    blank_line(text);
    for line in words.trim_end().lines() {
        if heading(line).is_some() {
            text.push('\\');
        }
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
}

fn blank_line(text: &mut String) {
    while !text.is_empty() && !text.ends_with("\n\n") && !text.ends_with("\n\r\n") {
        text.push('\n');
    }
}

/// A selection to write about.
pub(super) fn quote(part: &ContextPart, root: &AbsPath) -> Block {
    let mut quote = String::new();
    if let Some(place) = place(part, root) {
        let _ = writeln!(quote, "> {place}");
    }
    if let ContextPart::Selection { text, .. } = part {
        quote.push_str(">\n");
        for line in fenced("", text).lines() {
            let _ = writeln!(quote, "> {line}");
        }
    }
    Block::Quote(quote)
}

/// Where something is, in a few words.
fn place(part: &ContextPart, root: &AbsPath) -> Option<String> {
    match part {
        ContextPart::File { path } => Some(code(path.relative_to(root))),
        ContextPart::Selection { path, first_line, last_line, symbol, .. } => {
            let path = path.relative_to(root);
            let lines = match (first_line, last_line) {
                (first, last) if first == last => format!("{path}:{first}"),
                (first, last) => format!("{path}:{first}-{last}"),
            };
            let symbol = symbol.as_ref().map(|symbol| format!(" in {}", code(symbol)));
            Some(code(&lines) + symbol.as_deref().unwrap_or_default())
        }
        ContextPart::Problems { lines, .. } => {
            Some(lines.iter().map(|line| code(line)).collect::<Vec<_>>().join(", "))
        }
        _ => None,
    }
}

/// What an open change set or plan says.
pub(super) fn proposal(item: &Item) -> Option<(ItemId, Block)> {
    let text = match &item.body {
        ItemBody::ChangeSet(set) => {
            let diffs: String = set.files.iter().map(|file| file.diff.as_str()).collect();
            fenced("diff", &diffs)
        }
        ItemBody::Plan(plan) => steps(plan),
        _ => return None,
    };
    Some((item.id.clone(), Block::Said(text)))
}

/// A question, with everything it is about.
pub(super) fn question(
    approval: &Approval,
    proposals: &HashMap<ItemId, Block>,
    root: &AbsPath,
) -> Vec<Block> {
    let title = printable(&approval.title);
    let mut blocks = vec![Block::Said(format!("**{title}**\n\n{}", printable(&approval.why)))];
    match &approval.subject {
        ApprovalSubject::ToolCall { effects, .. } => {
            blocks.extend(effects.iter().filter_map(|it| effect(it, root)).map(Block::Said));
        }
        ApprovalSubject::Changes { item_id } | ApprovalSubject::Plan { item_id } => {
            blocks.extend(proposals.get(item_id).cloned());
        }
    }
    blocks.push(Block::Said("Approve or reject it with a code action.".to_owned()));
    blocks
}

fn effect(effect: &Effect, root: &AbsPath) -> Option<String> {
    match effect {
        Effect::Read { path } => Some(format!("Reads {}.", code(path.relative_to(root)))),
        Effect::Write { path } => Some(format!("Writes {}.", code(path.relative_to(root)))),
        Effect::Run { command, folder } => {
            let folder = code(folder.relative_to(root));
            Some(format!("Runs in {folder}:\n\n{}", fenced("sh", command)))
        }
        _ => None,
    }
}

/// An item that has ended.
pub(super) fn item(item: &Item, root: &AbsPath) -> Option<Block> {
    let said = match &item.body {
        ItemBody::UserMessage(message) => {
            let places = message.context.iter().filter_map(|part| place(part, root));
            let places: String = places.map(|place| format!("\n\n> {place}")).collect();
            return Some(Block::Prompt(format!("{}{places}", message.text.trim_end())));
        }
        ItemBody::AgentMessage { text } if !text.trim().is_empty() => text.clone(),
        ItemBody::ToolCall(call) => tool_call(call),
        ItemBody::Approval(approval) => {
            let answer = approval.answer.as_ref()?;
            let verb = match answer.decision {
                Decision::Reject => "Rejected",
                Decision::Withdrawn => "Withdrawn",
                _ => "Approved",
            };
            let by =
                if answer.by.is_empty() { String::new() } else { format!(" by {}", answer.by) };
            let reason = answer.reason.as_ref().map(|reason| format!(": {}", printable(reason)));
            format!("_{verb}{by}{}_", reason.unwrap_or_default())
        }
        ItemBody::Todos { todos } => todos.iter().fold(String::new(), |list, todo| {
            let (mark, text) = match todo.status {
                TodoStatus::Completed => ("x", &todo.content),
                TodoStatus::InProgress => (" ", &todo.active_form),
                TodoStatus::Pending => (" ", &todo.content),
            };
            format!("{list}- [{mark}] {}\n", printable(text))
        }),
        ItemBody::Notice(notice) => {
            let level = match notice.level {
                NoticeLevel::Info => "Note",
                NoticeLevel::Warning => "Warning",
                NoticeLevel::Error => "Error",
            };
            format!("> **{level}:** {}", printable(&notice.text))
        }
        _ => return None,
    };
    Some(Block::Said(said))
}

fn tool_call(call: &ToolCall) -> String {
    let title = printable(&call.title);
    let end = match call.status {
        ToolCallStatus::Failed => ": failed",
        ToolCallStatus::Rejected => ": not done",
        ToolCallStatus::Cancelled | ToolCallStatus::Interrupted => ": stopped",
        _ => "",
    };
    format!("- {title}{end}")
}

fn steps(plan: &Plan) -> String {
    let mut text = format!("{}\n\n", plan.summary);
    for (index, step) in plan.steps.iter().enumerate() {
        let _ = writeln!(text, "{}. {}", index + 1, printable(step));
    }
    text
}

/// Text in one line of code, every character visible.
fn code(text: &str) -> String {
    let text = printable(text);
    let fence = "`".repeat(longest_run(&text) + 1);
    if text.starts_with('`') || text.ends_with('`') {
        format!("{fence} {text} {fence}")
    } else {
        format!("{fence}{text}{fence}")
    }
}

/// Text as a block of code that nothing in it can end, every character visible.
fn fenced(language: &str, text: &str) -> String {
    let fence = "`".repeat((longest_run(text) + 1).max(3));
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\t' => shown.push(c),
            c if is_hidden(c) => shown.extend(c.escape_default()),
            c => shown.push(c),
        }
    }
    let end = if shown.ends_with('\n') || shown.is_empty() { "" } else { "\n" };
    format!("{fence}{language}\n{shown}{end}{fence}")
}

/// The most backticks in a row.
fn longest_run(text: &str) -> usize {
    text.split(|c| c != '`').map(str::len).max().unwrap_or(0)
}

#[cfg(test)]
mod tests;
