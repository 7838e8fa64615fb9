//! The little Markdown that scenarios are made of: headings, and fenced blocks below them.

use anyhow::{Result, bail};

/// A fenced block.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// The heading of the second level it stands under; empty before the first.
    pub(super) section: &'a str,
    /// The first word after the fence.
    pub(super) language: &'a str,
    /// The words after it.
    pub(super) info: Vec<&'a str>,
    /// What it holds, with its last line break.
    pub(super) body: String,
    /// The line its body begins in, counted from 1.
    pub(super) line: usize,
}

/// The fenced blocks of a text.
pub(super) fn blocks(text: &str) -> Result<Vec<Block<'_>>> {
    let mut blocks = Vec::new();
    let mut section = "";
    let mut open: Option<(&str, Block<'_>)> = None;
    for (number, line) in (1..).zip(text.lines()) {
        match (&mut open, fence(line)) {
            (None, Some((marks, info))) => {
                let mut info = info.split_whitespace();
                let language = info.next().unwrap_or_default();
                let (info, body) = (info.collect(), String::new());
                open = Some((marks, Block { section, language, info, body, line: number + 1 }));
            }
            (None, None) => {
                if let Some(heading) = line.strip_prefix("## ") {
                    section = heading.trim();
                }
            }
            (Some((marks, _)), Some((closing, ""))) if closing.starts_with(*marks) => {
                blocks.extend(open.take().map(|(_, block)| block));
            }
            (Some((_, block)), _) => {
                block.body.push_str(line);
                block.body.push('\n');
            }
        }
    }
    match open {
        Some((_, block)) => bail!("the block that begins in line {} is not closed", block.line),
        None => Ok(blocks),
    }
}

/// The marks of a fence and the words behind them.
fn fence(line: &str) -> Option<(&str, &str)> {
    let info = line.trim_start_matches('`');
    let marks = &line[..line.len() - info.len()];
    (marks.len() >= 3).then_some((marks, info.trim()))
}

/// The text with this body in the first block of that section and language; the section comes
/// after `Editor` if there is none yet.
pub(super) fn with_block(text: &str, section: &str, language: &str, body: &str) -> String {
    let found = blocks(text).unwrap_or_default();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    if let Some(old) = found.iter().find(|it| it.section == section && it.language == language) {
        let first = old.line - 1;
        let after = first + old.body.lines().count();
        return [&lines[..first].concat(), body, &lines[after..].concat()].concat();
    }
    let last = found.iter().rfind(|it| it.section == "Editor");
    let at = last.map_or(lines.len(), |it| it.line + it.body.lines().count());
    let block = format!("\n## {section}\n\n```{language}\n{body}```\n");
    [lines[..at].concat(), block, lines[at..].concat()].concat()
}
