//! Tool calls as ACP draws them: kinds, places, contents.

use agent_client_protocol_schema::v1::{
    self as acp, Content, Diff, ResourceLink, ToolCallContent, ToolCallLocation, ToolCallStatus,
    ToolCallUpdate, ToolCallUpdateFields, ToolKind,
};
use engine::Proposal;
use protocol::{
    AbsPath, ChangeSet, Effect, FileChangeKind, ItemId, ToolCall, ToolCallStatus as Status,
    ToolOutput,
};
use serde_json::{Value, json};

use crate::uri;

/// How much of what a call has put out is shown while it runs, in bytes.
pub(super) const SHOWN_WHILE_RUNNING: usize = 4 << 10;

/// A call as it is announced.
pub(super) fn announced(id: &ItemId, call: &ToolCall) -> acp::ToolCall {
    acp::ToolCall::new(id.as_str().to_owned(), title(call))
        .name(call.name.clone())
        .kind(kind(&call.name))
        .status(status(call.status))
        .locations(locations(call))
        .content(call.output.as_ref().map(|output| content(call, output)).unwrap_or_default())
        .raw_input(call.input.clone())
        .raw_output(raw_output(call))
}

/// What is new in a call since the client was told of it.
pub(super) fn changed(
    id: &ItemId,
    before: &ToolCall,
    now: &ToolCall,
    is_final: bool,
) -> Option<ToolCallUpdate> {
    let mut fields = ToolCallUpdateFields::new();
    if title(before) != title(now) {
        fields = fields.title(title(now));
    }
    if status(before.status) != status(now.status) {
        fields = fields.status(status(now.status));
    }
    if before.effects != now.effects {
        fields = fields.locations(locations(now));
    }
    if before.input != now.input {
        fields = fields.raw_input(now.input.clone());
    }
    if is_final && let Some(output) = &now.output {
        fields = fields.raw_output(raw_output(now));
        // Of an edit the client has the difference.
        if !shows_difference(&now.name) || now.status != Status::Completed {
            fields = fields.content(content(now, output));
        }
    }
    let is_news = fields != ToolCallUpdateFields::new();
    is_news.then(|| ToolCallUpdate::new(id.as_str().to_owned(), fields))
}

/// What a call has put out up to now.
pub(super) fn running(id: &ItemId, text: &str) -> ToolCallUpdate {
    let fields = ToolCallUpdateFields::new().content(vec![fenced("", text)]);
    ToolCallUpdate::new(id.as_str().to_owned(), fields)
}

/// The differences that a call makes, of those that its change set makes.
pub(super) fn differences(call: Option<&ItemId>, proposals: &[Proposal]) -> Vec<ToolCallContent> {
    let is_of = |proposal: &&Proposal| {
        call.is_none_or(|call| proposal.hunks.iter().any(|view| view.hunk.item_id == *call))
    };
    proposals.iter().filter(is_of).map(difference).collect()
}

fn difference(proposal: &Proposal) -> ToolCallContent {
    if let (FileChangeKind::Move, Some(to)) = (proposal.kind, &proposal.to) {
        return text(format!("`{}` → `{to}`", proposal.path));
    }
    let (Some(before), Some((_, after))) = (&proposal.without, &proposal.texts) else {
        return fenced("diff", &proposal.diff);
    };
    let before = (proposal.kind != FileChangeKind::Create).then(|| before.to_string());
    let after = match proposal.kind {
        FileChangeKind::Delete => String::new(),
        _ => after.to_string(),
    };
    Diff::new(proposal.path.as_std_path(), after).old_text(before).into()
}

/// What a change set made, for a client that sees it later: what its documents were is not
/// looked up.
pub(super) fn past_differences(set: &ChangeSet) -> Vec<(ItemId, Vec<ToolCallContent>)> {
    let mut calls: Vec<(ItemId, Vec<ToolCallContent>)> = Vec::new();
    for file in &set.files {
        for hunk in &file.hunks {
            let at = calls.iter().position(|(id, _)| *id == hunk.item_id).unwrap_or_else(|| {
                calls.push((hunk.item_id.clone(), Vec::new()));
                calls.len() - 1
            });
            let shown = fenced("diff", &file.diff);
            if !calls[at].1.contains(&shown) {
                calls[at].1.push(shown);
            }
        }
    }
    calls
}

/// What a call is called before it is known what it would do: by the tool.
fn title(call: &ToolCall) -> String {
    if call.title.is_empty() { call.name.clone() } else { call.title.clone() }
}

pub(super) fn kind(tool: &str) -> ToolKind {
    match tool {
        "read" | "viewImage" => ToolKind::Read,
        "edit" | "write" => ToolKind::Edit,
        "delete" => ToolKind::Delete,
        "move" => ToolKind::Move,
        "glob" | "grep" => ToolKind::Search,
        "bash" | "bashOutput" => ToolKind::Execute,
        "plan" => ToolKind::SwitchMode,
        "todoWrite" | "ask" | "skill" => ToolKind::Think,
        _ => ToolKind::Other,
    }
}

fn shows_difference(tool: &str) -> bool {
    matches!(kind(tool), ToolKind::Edit | ToolKind::Delete | ToolKind::Move)
}

pub(super) fn status(status: Status) -> ToolCallStatus {
    match status {
        Status::Pending => ToolCallStatus::Pending,
        Status::Running => ToolCallStatus::InProgress,
        Status::Completed => ToolCallStatus::Completed,
        Status::Failed | Status::Rejected | Status::Cancelled | Status::Interrupted => {
            ToolCallStatus::Failed
        }
    }
}

pub(super) fn locations(call: &ToolCall) -> Vec<ToolCallLocation> {
    let first_line = call.input.get("offset").and_then(Value::as_u64);
    let first_line = first_line.and_then(|line| u32::try_from(line).ok());
    let mut paths: Vec<&AbsPath> = Vec::new();
    for effect in &call.effects {
        match effect {
            Effect::Read { path } | Effect::Write { path } | Effect::Delete { path } => {
                paths.push(path);
            }
            Effect::Move { from, to } => paths.extend([from, to]),
            _ => {}
        }
    }
    let place = |path: &AbsPath| ToolCallLocation::new(path.as_std_path()).line(first_line);
    paths.into_iter().map(place).collect()
}

/// What a call came to, for people.
fn content(call: &ToolCall, output: &ToolOutput) -> Vec<ToolCallContent> {
    let mut contents = Vec::new();
    let is_prose = matches!(kind(&call.name), ToolKind::Think | ToolKind::SwitchMode)
        || shows_difference(&call.name)
        || output.error.is_some() && kind(&call.name) != ToolKind::Execute;
    match is_prose {
        _ if output.text.is_empty() => {}
        true => contents.push(text(output.text.clone())),
        false => contents.push(fenced("", &output.text)),
    }
    contents.extend(output.images.iter().map(|image| {
        let name = image.path.file_name().unwrap_or("picture");
        let link = ResourceLink::new(name, uri::uri(&image.path));
        let link = link.mime_type(image.media_type.clone());
        ToolCallContent::Content(Content::new(acp::ContentBlock::ResourceLink(link)))
    }));
    contents
}

/// What a call came to, for programs: its words, where its content does not have them, and the
/// stable name of what went wrong.
fn raw_output(call: &ToolCall) -> Option<Value> {
    let output = call.output.as_ref()?;
    match output.error {
        Some(error) => Some(json!({ "error": error })),
        None if shows_difference(&call.name) => Some(json!({ "text": output.text })),
        None => None,
    }
}

/// Words in Markdown.
pub(super) fn text(words: String) -> ToolCallContent {
    words.into()
}

/// A text that is shown as it is.
pub(super) fn fenced(language: &str, text: &str) -> ToolCallContent {
    let (mut longest, mut run) = (0, 0);
    for char in text.chars() {
        run = if char == '`' { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    let fence = "`".repeat((longest + 1).max(3));
    let end = if text.ends_with('\n') { "" } else { "\n" };
    format!("{fence}{language}\n{text}{end}{fence}").into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_ends_the_fence_around_it() {
        let ToolCallContent::Content(content) = fenced("", "a\n````\nb") else { panic!() };
        let acp::ContentBlock::Text(text) = content.content else { panic!() };
        assert_eq!(text.text, "`````\na\n````\nb\n`````");
    }
}
