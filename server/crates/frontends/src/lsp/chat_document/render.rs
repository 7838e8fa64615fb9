//! How things read in the chat document. Pure: what is there and what comes, to what is added.
//!
//! The document is a row of sections, `## You` and `## Coworker`. Text of a model cannot begin a
//! section, or it could put words into the user's mouth. What the user is still writing stays the
//! last section: what comes meanwhile goes before it.

use std::{collections::HashMap, fmt::Write, ops::Range};

use protocol::{
    AbsPath, Approval, ApprovalSubject, ContextPart, Decision, Effect, Item, ItemBody, ItemId,
    Mode, NoticeLevel, Plan, Question, QuestionAnswer, Replacement, TodoStatus, ToolCall,
    ToolCallStatus,
};

use crate::lsp::question::{is_hidden, printable};

const INTRODUCTION: &str = "# Coworker\n\nWrite below the last `## You`, then choose the code \
                            action **Send to Coworker** here.\n\n";
const USER: &str = "## You";
const AGENT: &str = "## Coworker";

/// How many lines of a command's output are shown, its last.
const OUTPUT_LINES: usize = 8;

/// What the line in the head begins with that says the mode.
const MODE: &str = "Mode: ";

/// Something to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Block {
    /// What the user asked elsewhere.
    Prompt(String),
    /// What the user asked in the document: from here on it is answered.
    Taken(String),
    /// What the user will ask about.
    Quote(String),
    /// What Coworker says and does.
    Said(String),
    /// It is the user's turn.
    Ready,
    /// The head is to be looked at: the mode may be another.
    Head,
}

/// What is added to a document for these blocks, in ascending order: the line of the mode, as far
/// as it says another one, and insertions in the document's own line ends, because editors turn
/// all others into them.
pub(super) fn render(document: &str, blocks: &[Block], mode: Mode) -> Vec<Replacement> {
    let mut page = Page::new(document, mode);
    for block in blocks {
        page.add(block);
    }
    let insertions = page.finish(blocks);
    in_head(document, mode).into_iter().chain(insertions).collect()
}

/// The line that says the mode.
fn mode_line(mode: Mode) -> String {
    format!("{MODE}{} – {}.", mode.as_str(), mode.description())
}

/// What makes the head say the mode. A head without that line is how the user wants it.
fn in_head(document: &str, mode: Mode) -> Option<Replacement> {
    let mut start = 0;
    for line in document.split_inclusive('\n') {
        if heading(line).is_some() {
            return None;
        }
        let text = mode_line(mode);
        let end = start + line.trim_end_matches(['\r', '\n']).len();
        if line.starts_with(MODE) {
            return (document[start..end] != text).then_some(Replacement { start, end, text });
        }
        start += line.len();
    }
    None
}

/// What stands below the last `## You`, if nothing of ours follows it.
pub(super) fn prompt(document: &str) -> &str {
    writing(document).map_or("", |writing| document[writing].trim())
}

/// Where prompts are written: below the last `## You`, if nothing of ours follows it.
pub(super) fn writing(document: &str) -> Option<Range<usize>> {
    let last = sections(document).last.filter(|last| last.heading == USER)?;
    Some(last.body..document.len())
}

/// Whether something of ours is in the document.
pub(super) fn has_answers(document: &str) -> bool {
    document.lines().any(|line| heading(line) == Some(AGENT))
}

/// What follows a prompt that has been sent in the words of the user, if they begin with it.
pub(super) fn after<'a>(words: &'a str, sent: &str) -> Option<&'a str> {
    let rest = words.strip_prefix(sent)?.trim_start_matches([' ', '\t']);
    (rest.is_empty() || rest.starts_with(['\n', '\r'])).then_some(rest)
}

/// A document while it is added to.
struct Page<'a> {
    document: &'a str,
    // The document up to `at`, with everything that is added to it.
    text: String,
    at: usize,
    // Where in `text` the insertion at `at` begins.
    start: usize,
    insertions: Vec<Replacement>,
    // What is left of the user's words after `at` has no heading any more.
    headless: bool,
}

impl<'a> Page<'a> {
    fn new(document: &'a str, mode: Mode) -> Self {
        let draft = match sections(document).last {
            Some(Section { heading: USER, at, body }) if !document[body..].trim().is_empty() => at,
            _ => document.len(),
        };
        let mut text = document[..draft].to_owned();
        if document.trim().is_empty() {
            text.push_str(INTRODUCTION);
            let _ = write!(text, "{}\n\n", mode_line(mode));
        }
        Self { document, text, at: draft, start: draft, insertions: Vec::new(), headless: false }
    }

    fn add(&mut self, block: &Block) {
        match block {
            // The user's words are below a heading already.
            Block::Ready if self.at < self.document.len() => {}
            Block::Ready => begin(&mut self.text, USER),
            Block::Said(said) => {
                self.continue_with(AGENT);
                paragraph(&mut self.text, said);
            }
            Block::Prompt(words) => self.prompt(words),
            Block::Taken(sent) => self.taken(sent),
            // It belongs to what the user writes, so it comes last.
            Block::Quote(_) | Block::Head => {}
        }
    }

    fn finish(mut self, blocks: &[Block]) -> Vec<Replacement> {
        let is_quote = |block: &&Block| matches!(block, Block::Quote(_));
        self.restore_heading();
        if blocks.iter().any(|block| is_quote(&block)) {
            self.move_to(self.document.len());
        }
        for block in blocks.iter().filter(is_quote) {
            if let Block::Quote(quote) = block {
                self.continue_with(USER);
                paragraph(&mut self.text, quote);
            }
        }
        self.move_to(self.document.len());
        self.insertions
    }

    fn prompt(&mut self, words: &str) {
        begin(&mut self.text, USER);
        paragraph(&mut self.text, words);
        // Else it would look like something that the user is still writing.
        begin(&mut self.text, AGENT);
    }

    /// What was sent from here stays where it is, and the answer follows it. Words that the user
    /// has added since are the next prompt.
    fn taken(&mut self, sent: &str) {
        let draft = &self.document[self.at..];
        let heading = if self.headless { 0 } else { draft.find('\n').map_or(0, |end| end + 1) };
        match after(draft[heading..].trim_start(), sent) {
            Some(rest) => {
                self.restore_heading();
                self.headless = !rest.trim().is_empty();
                let rest = if self.headless { rest.len() } else { 0 };
                self.move_to(self.document.len() - rest);
                begin(&mut self.text, AGENT);
            }
            None => self.prompt(sent),
        }
    }

    fn restore_heading(&mut self) {
        if self.headless {
            begin(&mut self.text, USER);
            self.headless = false;
        }
    }

    fn continue_with(&mut self, heading: &'static str) {
        if sections(&self.text).last.map(|section| section.heading) != Some(heading) {
            begin(&mut self.text, heading);
        }
    }

    /// Leaves everything up to there as it is.
    fn move_to(&mut self, to: usize) {
        if self.text.len() > self.start {
            let added = &self.text[self.start..];
            let crlf = self.document.contains("\r\n");
            let text = if crlf { added.replace('\n', "\r\n") } else { added.to_owned() };
            self.insertions.push(Replacement { start: self.at, end: self.at, text });
        }
        self.text.push_str(&self.document[self.at..to]);
        self.at = to;
        self.start = self.text.len();
    }
}

/// One part of the document.
struct Section {
    heading: &'static str,
    // Where its heading begins, and where what stands below it does.
    at: usize,
    body: usize,
}

/// The last section of a text, and the fence that is open at its end.
struct Sections {
    last: Option<Section>,
    open: Option<String>,
}

/// What looks like a heading in a fenced block of code is none.
fn sections(document: &str) -> Sections {
    let (mut last, mut open, mut at) = (None, None, 0);
    for line in document.split_inclusive('\n') {
        let body = at + line.len();
        if let Some(heading) = heading(line).filter(|_| open.is_none()) {
            last = Some(Section { heading, at, body });
        }
        follow(&mut open, line);
        at = body;
    }
    Sections { last, open }
}

fn heading(line: &str) -> Option<&'static str> {
    [USER, AGENT].into_iter().find(|heading| line.trim_end() == *heading)
}

/// Opens or closes a block of code, as CommonMark has it.
fn follow(open: &mut Option<String>, line: &str) {
    let inner = line.trim_start_matches(' ');
    let Some(mark) = inner.chars().next().filter(|c| matches!(c, '`' | '~')) else { return };
    let rest = inner.trim_start_matches(mark);
    let length = inner.len() - rest.len();
    if line.len() - inner.len() > 3 || length < 3 {
        return;
    }
    match open {
        Some(fence)
            if fence.starts_with(mark) && fence.len() <= length && rest.trim().is_empty() =>
        {
            *open = None;
        }
        None if mark == '~' || !rest.contains('`') => *open = Some(inner[..length].to_owned()),
        _ => {}
    }
}

/// Begins a section, unless an empty one of this kind stands there already.
fn begin(text: &mut String, heading: &str) {
    let stands = |last: Section| last.heading == heading && text[last.body..].trim().is_empty();
    if sections(text).last.is_some_and(stands) {
        return;
    }
    settle(text);
    let _ = write!(text, "{heading}\n\n");
}

fn paragraph(text: &mut String, words: &str) {
    settle(text);
    let words = words.replace("\r\n", "\n").replace('\r', "\n");
    let mut open = None;
    for line in words.trim_end().lines() {
        if open.is_none() && heading(line).is_some() {
            text.push('\\');
        }
        follow(&mut open, line);
        text.push_str(line);
        text.push('\n');
    }
    if let Some(fence) = open {
        let _ = writeln!(text, "{fence}");
    }
    text.push('\n');
}

/// Ends what stands at the end: a block of code that is still open, and the paragraph.
fn settle(text: &mut String) {
    if let Some(fence) = sections(text).open {
        let gap = if text.ends_with('\n') { "" } else { "\n" };
        let _ = writeln!(text, "{gap}{fence}");
    }
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
        ContextPart::File { path, .. } => Some(code(path.relative_to(root))),
        ContextPart::Selection { path, first_line, last_line, symbol, .. } => {
            let path = path.relative_to(root);
            let lines = match (first_line, last_line) {
                (first, last) if first == last => format!("{path}:{first}"),
                (first, last) => format!("{path}:{first}-{last}"),
            };
            let symbol = symbol.as_ref().map(|symbol| format!(" in {}", code(symbol)));
            Some(code(&lines) + symbol.as_deref().unwrap_or_default())
        }
        ContextPart::Unresolved { mention, reason } => {
            Some(format!("{}: {}", code(mention), printable(reason)))
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
        ApprovalSubject::ToolCall { effects, unsaved, .. } => {
            blocks.extend(effects.iter().filter_map(|it| effect(it, root)).map(Block::Said));
            let names = unsaved.iter().map(|path| code(path.relative_to(root)));
            let names: Vec<String> = names.collect();
            if !names.is_empty() {
                let names = names.join(", ");
                let said = format!("Not saved, so a command does not see its edits: {names}.");
                blocks.push(Block::Said(said));
            }
        }
        ApprovalSubject::Questions { questions, .. } => {
            blocks.push(Block::Said(of_agent(questions)));
            blocks.push(Block::Ready);
            return blocks;
        }
        ApprovalSubject::Changes { item_id } | ApprovalSubject::Plan { item_id } => {
            blocks.extend(proposals.get(item_id).cloned());
        }
        ApprovalSubject::Budget { .. } => {}
    }
    let yes = approval.label(Decision::Once).unwrap_or("Allow");
    blocks.push(Block::Said(format!("{yes} or reject it with a code action.")));
    blocks
}

/// The agent's questions with the numbers that answer them.
fn of_agent(questions: &[Question]) -> String {
    let mut text = String::new();
    for (number, question) in (1..).zip(questions) {
        let indent = if let [_] = questions {
            let _ = writeln!(text, "{}\n", printable(&question.text));
            ""
        } else {
            let _ = writeln!(text, "{number}. {}", printable(&question.text));
            "   "
        };
        for (number, choice) in (1..).zip(&question.choices) {
            let label = printable(&choice.label);
            let meaning = match choice.description.as_str() {
                "" => String::new(),
                meaning => format!(": {}", printable(meaning)),
            };
            let _ = writeln!(text, "{indent}{number}. {label}{meaning}");
        }
        if question.multiple {
            let _ = writeln!(text, "{indent}\n{indent}Several can be chosen: `1, 2`.");
        }
    }
    let how = match questions {
        [_] => "Write a number or your own words below, then send it.",
        _ => "Write a line for each below, such as `1: 2` or `2: in your own words`, then send it.",
    };
    format!("{}\n\n{how}", text.trim_end())
}

fn effect(effect: &Effect, root: &AbsPath) -> Option<String> {
    match effect {
        Effect::Read { path } => Some(format!("Reads {}.", code(path.relative_to(root)))),
        Effect::Write { path } => Some(format!("Writes {}.", code(path.relative_to(root)))),
        Effect::Delete { path } => Some(format!("Deletes {}.", code(path.relative_to(root)))),
        Effect::Move { from, to } => {
            let [from, to] = [from, to].map(|path| code(path.relative_to(root)));
            Some(format!("Moves {from} to {to}."))
        }
        Effect::Run { command, folder } => {
            let folder = code(folder.relative_to(root));
            Some(format!("Runs in {folder}:\n\n{}", fenced("sh", command)))
        }
        _ => None,
    }
}

/// An item that has ended; of a call, whether some of its text was applied.
pub(super) fn item(item: &Item, is_partly_done: bool, root: &AbsPath) -> Option<Block> {
    let said = match &item.body {
        ItemBody::UserMessage(message) => {
            let places = message.context.iter().filter_map(|part| place(part, root));
            let places: String = places.map(|place| format!("\n\n> {place}")).collect();
            return Some(Block::Prompt(format!("{}{places}", message.text.trim_end())));
        }
        ItemBody::AgentMessage { text } if !text.trim().is_empty() => text.clone(),
        ItemBody::ToolCall(call) => tool_call(call, is_partly_done),
        ItemBody::Approval(approval) => {
            let answer = approval.answer.as_ref()?;
            let asks = matches!(approval.subject, ApprovalSubject::Questions { .. });
            let verb = match answer.decision {
                Decision::Withdrawn => "Withdrawn",
                Decision::Reject if asks => "Not answered",
                Decision::Reject => "Rejected",
                _ if asks => "Answered",
                _ => "Approved",
            };
            let by =
                if answer.by.is_empty() { String::new() } else { format!(" by {}", answer.by) };
            let reason = answer.reason.as_ref().map(|reason| format!(": {}", printable(reason)));
            let given: Vec<String> = answer.answers.iter().map(given).collect();
            let given =
                if given.is_empty() { String::new() } else { format!(": {}", given.join("; ")) };
            format!("_{verb}{by}{}_{given}", reason.unwrap_or_default())
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
        ItemBody::Compaction(compaction) => {
            let summary = compaction.summary.iter().flat_map(|summary| summary.text.lines());
            let summary: String = summary.map(|line| format!("\n> {}", printable(line))).collect();
            let gap = if summary.is_empty() { "" } else { "\n>" };
            format!("> **Note:** {}{gap}{summary}", compaction.sentence())
        }
        _ => return None,
    };
    Some(Block::Said(said))
}

/// What was answered to one question.
fn given(answer: &QuestionAnswer) -> String {
    let words = answer.chosen.iter().chain(&answer.text);
    match words.map(|words| printable(words)).collect::<Vec<_>>().join(", ") {
        words if words.is_empty() => "–".to_owned(),
        words => words,
    }
}

fn tool_call(call: &ToolCall, is_partly_done: bool) -> String {
    let title = printable(&call.title);
    let output = call.output.as_ref().map_or("", |output| output.text.as_str());
    let runs = call.effects.iter().any(|effect| matches!(effect, Effect::Run { .. }));
    let failed = call.status == ToolCallStatus::Failed && !is_partly_done;
    let end = match call.status {
        ToolCallStatus::Failed | ToolCallStatus::Rejected if is_partly_done => ": done in part",
        ToolCallStatus::Failed => ": failed",
        ToolCallStatus::Rejected => ": not done",
        ToolCallStatus::Cancelled | ToolCallStatus::Interrupted => ": stopped",
        _ => "",
    };
    let mut text = format!("- {title}{end}");
    let first = output.lines().find(|line| !line.trim().is_empty());
    if runs && call.status != ToolCallStatus::Rejected && !output.trim().is_empty() {
        let _ = write!(text, "\n\n{}", fenced("", &tail(output)));
    } else if let Some(reason) = first.filter(|_| failed) {
        let _ = write!(text, ": {}", code(reason.trim()));
    }
    text
}

/// The last lines of a command's output.
fn tail(output: &str) -> String {
    let lines: Vec<&str> = output.lines().collect();
    let hidden = lines.len().saturating_sub(OUTPUT_LINES);
    let shown = lines[hidden..].join("\n");
    if hidden > 0 { format!("… {hidden} lines before these\n{shown}") } else { shown }
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
