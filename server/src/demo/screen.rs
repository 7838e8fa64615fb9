//! What the demo writes: paced for a person, plain and at once for anybody else.

use std::{
    io::{self, Write},
    ops::Range,
    time::Duration,
};

use frontends::cli::style::Style;

use super::stage::TYPED;

/// How long a typed letter takes, in milliseconds.
const KEYSTROKE: u64 = 40;
/// How long one looks at something new, in milliseconds.
const GLANCE: u64 = 1400;

/// Where the demo is told.
pub(super) struct Screen<W> {
    out: W,
    pub(super) style: Style,
    /// Whether somebody watches, so that things take their time.
    watched: bool,
}

impl<W: Write> Screen<W> {
    pub(super) fn new(out: W, style: Style, watched: bool) -> Self {
        Self { out, style, watched }
    }

    /// Writes as is, at once.
    pub(super) fn write(&mut self, text: &str) -> io::Result<()> {
        self.out.write_all(text.as_bytes())?;
        self.out.flush()
    }

    /// Lets somebody who watches read.
    pub(super) async fn pause(&self, milliseconds: u64) {
        if self.watched {
            tokio::time::sleep(Duration::from_millis(milliseconds)).await;
        }
    }

    /// What this is, and what in it is not real.
    pub(super) fn title(&self) -> String {
        let style = self.style;
        format!(
            "{}\n\n{}\n{}\n",
            style.bold("Coworker: the main job"),
            style.yellow("The answers come from a script, not from a model."),
            "Everything else is real: the language server, its tools, the edit, the command.",
        )
    }

    /// The next step of the story.
    pub(super) async fn step(&mut self, number: u32, text: &str) -> io::Result<()> {
        let style = self.style;
        self.write(&format!("\n{} {}\n", style.cyan(&number.to_string()), style.bold(text)))?;
        self.pause(GLANCE / 2).await;
        Ok(())
    }

    /// A sentence of its own.
    pub(super) async fn say(&mut self, text: &str) -> io::Result<()> {
        self.write(&format!("\n{text}\n"))?;
        self.pause(GLANCE).await;
        Ok(())
    }

    /// The lines of a document that this stretch of it is in. What the user typed stands out.
    pub(super) async fn code(&mut self, text: &str, range: Range<usize>) -> io::Result<()> {
        let line_of = |offset: usize| text[..offset].matches('\n').count();
        let (first, last) = (line_of(range.start), line_of(range.end.saturating_sub(1)));
        self.write("\n")?;
        for (number, line) in text.lines().enumerate().take(last + 1).skip(first) {
            let margin = self.style.dim(&format!("{:>5} │ ", number + 1));
            let line = if line == TYPED.trim_end() {
                self.style.green(line) + &self.style.dim("  ← not saved")
            } else {
                line.to_owned()
            };
            self.write(&format!("{margin}{line}\n"))?;
        }
        self.pause(GLANCE).await;
        Ok(())
    }

    /// What the user asks, letter by letter behind the sign. The line stays open.
    pub(super) async fn prompt(&mut self, sign: &str, text: &str) -> io::Result<()> {
        self.write(sign)?;
        for letter in text.chars() {
            self.write(&self.style.bold(&letter.to_string()))?;
            self.pause(KEYSTROKE).await;
        }
        self.pause(GLANCE / 2).await;
        Ok(())
    }

    /// The last words when everything was as it should be.
    pub(super) fn ending(&mut self) -> io::Result<()> {
        let style = self.style;
        let done = |text: &str| format!("  {} {text}\n", style.green("✓"));
        let next = |command: &str, text: &str| {
            let space = " ".repeat(38_usize.saturating_sub(command.chars().count()));
            format!("  {}{space} {text}\n", style.cyan(command))
        };
        let text = [
            format!("\n{}\n", style.bold("What happened, and was looked at:")),
            done("the agent read what you had not saved"),
            done("nothing was written before you saw it and said yes"),
            done("the edit went into the buffer, beside what you typed; the disk was untouched"),
            done("the command ran only after it was allowed, and its check passed"),
            format!("\n{}\n", style.bold("Next:")),
            next("coworker doctor", "see what is set up"),
            next("export ANTHROPIC_API_KEY=…", "give it a model"),
            next("coworker run \"what is in this folder?\"", "one prompt in the terminal"),
            next("editors/neovim", "the plugin; other LSP editors start `coworker lsp`"),
        ];
        self.write(&text.concat())
    }

    /// The last words when something was not.
    pub(super) fn faults(&mut self, faults: &[String]) -> io::Result<()> {
        self.write(&format!("\n{}\n", self.style.red("This was not as it should have been:")))?;
        for fault in faults {
            self.write(&format!("  {} {fault}\n", self.style.red("✗")))?;
        }
        Ok(())
    }
}
