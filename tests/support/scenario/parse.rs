//! From the text of a scenario to what it asks for.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail, ensure};

use super::{
    markdown::{Block, blocks},
    step::{self, Setting, Step},
};

/// A scenario.
#[derive(Debug)]
pub(super) struct Scenario {
    /// The files of the project, by path.
    pub(super) files: BTreeMap<String, Vec<u8>>,
    /// What is so before it begins.
    pub(super) settings: Vec<Setting>,
    /// What the person and the editor do.
    pub(super) steps: Vec<Step>,
    /// The front ends it is for.
    pub(super) fronts: Fronts,
    /// What happens, once it has been written down.
    pub(super) transcript: Option<String>,
    /// The files that are other than before when it is over.
    pub(super) files_after: BTreeMap<String, Vec<u8>>,
    /// The files that are not there any more.
    pub(super) gone: BTreeSet<String>,
    /// The texts of open documents that are other than their files when it is over.
    pub(super) buffers_after: BTreeMap<String, Vec<u8>>,
}

/// Front ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fronts {
    pub(super) lsp: bool,
    pub(super) acp: bool,
    pub(super) cli: bool,
}

impl Scenario {
    /// Reads a scenario.
    pub(super) fn parse(text: &str) -> Result<Self> {
        ensure!(text.starts_with("# "), "it begins with its title, `# …`");
        let mut scenario = Self {
            files: BTreeMap::new(),
            settings: Vec::new(),
            steps: Vec::new(),
            fronts: Fronts { lsp: true, acp: true, cli: true },
            transcript: None,
            files_after: BTreeMap::new(),
            gone: BTreeSet::new(),
            buffers_after: BTreeMap::new(),
        };
        for block in blocks(text)? {
            let line = block.line;
            scenario.take(block).with_context(|| format!("the block in line {line}"))?;
        }
        ensure!(!scenario.steps.is_empty(), "it has no `## Editor` with steps");
        if let Some(step) = scenario.steps.iter().find(|step| step.needs_editor()) {
            let says_so = !scenario.fronts.cli && !scenario.fronts.acp;
            ensure!(says_so, "line {} needs an editor: say `front lsp`", step.line);
        }
        Ok(scenario)
    }

    fn take(&mut self, block: Block<'_>) -> Result<()> {
        let files = match (block.section, block.language) {
            ("Files", _) => &mut self.files,
            ("Files after", _) if block.info.contains(&"gone") => {
                self.gone.insert(file(&block)?.0);
                return Ok(());
            }
            ("Files after", _) => &mut self.files_after,
            ("Buffers after", _) => &mut self.buffers_after,
            ("Editor", "editor") => return self.editor(&block),
            ("Transcript", "transcript") => {
                self.transcript = Some(block.body);
                return Ok(());
            }
            ("Script", "script") => return Ok(()),
            (section, language) => bail!("`{language}` under `{section}` means nothing"),
        };
        let (path, bytes) = file(&block)?;
        ensure!(files.insert(path, bytes).is_none(), "the file is there twice");
        Ok(())
    }

    fn editor(&mut self, block: &Block<'_>) -> Result<()> {
        for (number, line) in (block.line..).zip(block.body.lines()) {
            let parsed = step::parse(number, line);
            match parsed.with_context(|| format!("line {number}: `{}`", line.trim()))? {
                step::Line::Empty => {}
                step::Line::Front(fronts) => self.fronts = fronts,
                step::Line::Setting(setting) => self.settings.push(setting),
                step::Line::Step(step) => self.steps.push(step),
            }
        }
        Ok(())
    }
}

/// A file: `path=…`, and `latin1` if its letters are bytes, `crlf` for its line breaks, `hex` if
/// the block has its bytes in hexadecimal, `times=…` if it is the block over and over, `gone` if
/// there is none any more.
fn file(block: &Block<'_>) -> Result<(String, Vec<u8>)> {
    let mut path = None;
    let mut bytes = block.body.clone().into_bytes();
    for word in &block.info {
        match (word.split_once('='), *word) {
            (Some(("path", value)), _) => path = Some(value.to_owned()),
            (Some(("times", value)), _) => bytes = bytes.repeat(value.parse()?),
            (None, "latin1") => {
                let latin = block.body.chars().map(|c| u8::try_from(u32::from(c)));
                bytes = latin.collect::<Result<_, _>>().context("not in Latin-1")?;
            }
            (None, "gone") => {}
            (None, "hex") => bytes = hex(&block.body)?,
            (None, "crlf") => bytes = block.body.replace('\n', "\r\n").into_bytes(),
            _ => bail!("`{word}` says nothing about a file"),
        }
    }
    Ok((path.context("a file needs `path=…`")?, bytes))
}

/// The bytes that pairs of digits stand for; white space parts them as it likes.
fn hex(text: &str) -> Result<Vec<u8>> {
    let digits: Vec<u32> = text
        .chars()
        .filter(|char| !char.is_whitespace())
        .map(|char| char.to_digit(16).with_context(|| format!("`{char}` is no digit")))
        .collect::<Result<_>>()?;
    ensure!(digits.len().is_multiple_of(2), "half a byte is left over");
    Ok(digits.chunks(2).map(|pair| (pair[0] * 16 + pair[1]) as u8).collect())
}
