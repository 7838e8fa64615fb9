//! The streams of the command line: written in order, read line by line, stopped by Ctrl-C.

use std::io::{self, IsTerminal};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, Split},
    sync::mpsc,
};

use super::style::Style;

/// What the model is told when there was never anybody to ask.
const NOBODY_TO_ASK: &str = include_str!("../../../../../prompts/answers/nobody_to_ask.md");

/// What the model is told when the person has closed the input.
const INPUT_CLOSED: &str = include_str!("../../../../../prompts/answers/input_closed.md");

/// Where to write and what to read.
pub(super) struct Terminal {
    pub(super) style: Style,
    /// Whether somebody may answer.
    pub(super) listens: bool,
    /// Whether it is a person who may answer.
    person: bool,
    out: Box<dyn AsyncWrite + Send + Unpin>,
    err: Box<dyn AsyncWrite + Send + Unpin>,
    input: Split<BufReader<Box<dyn AsyncRead + Send + Unpin>>>,
    interrupts: mpsc::Receiver<()>,
}

impl Terminal {
    /// The standard streams. A program may answer over any of them, a person only at a terminal.
    pub(super) fn standard(json: bool) -> Self {
        let person = io::stdin().is_terminal() && io::stdout().is_terminal();
        let colour = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let input: Box<dyn AsyncRead + Send + Unpin> = Box::new(tokio::io::stdin());
        Self {
            style: Style { colour },
            listens: json || person,
            person: person && !json,
            out: Box::new(tokio::io::stdout()),
            err: Box::new(tokio::io::stderr()),
            input: BufReader::new(input).split(b'\n'),
            interrupts: interrupts(),
        }
    }

    /// Writes to standard output.
    ///
    /// # Errors
    /// Nobody reads it any more, or it cannot be written.
    pub(super) async fn write(&mut self, text: &str) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        self.out.write_all(text.as_bytes()).await?;
        self.out.flush().await
    }

    /// Writes to standard error. That it cannot be written is something nobody could be told.
    pub(super) async fn complain(&mut self, text: &str) {
        if !text.is_empty() && self.err.write_all(text.as_bytes()).await.is_ok() {
            let _ = self.err.flush().await;
        }
    }

    /// What to tell the model when nobody listens.
    pub(super) fn why_nobody(&self) -> &'static str {
        if self.person { INPUT_CLOSED.trim_end() } else { NOBODY_TO_ASK.trim_end() }
    }

    /// Waits for a line or for Ctrl-C, whichever is first; both may be given up and waited for
    /// again. Bytes that are not UTF-8 become replacement characters.
    pub(super) async fn heard(&mut self, listens: bool) -> Heard {
        tokio::select! {
            biased;
            Some(()) = self.interrupts.recv() => Heard::Interrupt,
            line = self.input.next_segment(), if listens => match line {
                Ok(Some(line)) => {
                    let line = line.strip_suffix(b"\r").unwrap_or(&line);
                    Heard::Line(String::from_utf8_lossy(line).into_owned())
                }
                _ => {
                    self.listens = false;
                    Heard::End
                }
            },
            else => std::future::pending().await,
        }
    }
}

/// What the person or the program at the other end did.
#[derive(Debug, PartialEq)]
pub(super) enum Heard {
    /// A line of standard input.
    Line(String),
    /// There will be no more lines.
    End,
    /// Ctrl-C.
    Interrupt,
}

/// Ctrl-C: the first is told; whoever presses it again will not wait for the end of the turn.
fn interrupts() -> mpsc::Receiver<()> {
    let (told, interrupts) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut before = false;
        while tokio::signal::ctrl_c().await.is_ok() {
            if before {
                std::process::exit(130);
            }
            before = true;
            let _ = told.send(()).await;
        }
    });
    interrupts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A terminal where this was typed, at whose end the input was closed.
    fn typed(input: &'static [u8], person: bool) -> Terminal {
        let input: Box<dyn AsyncRead + Send + Unpin> = Box::new(input);
        Terminal {
            style: Style::default(),
            listens: true,
            person,
            out: Box::new(tokio::io::sink()),
            err: Box::new(tokio::io::sink()),
            input: BufReader::new(input).split(b'\n'),
            interrupts: mpsc::channel(1).1,
        }
    }

    #[tokio::test]
    async fn a_byte_that_is_no_text_does_not_make_it_deaf() {
        let mut terminal = typed(b"y\xff\r\nn\n", true);
        assert_eq!(terminal.heard(true).await, Heard::Line("y\u{fffd}".into()));
        assert_eq!(terminal.heard(true).await, Heard::Line("n".into()));
        assert!(terminal.listens);
    }

    #[tokio::test]
    async fn the_model_is_told_why_nobody_answers() {
        for (person, why) in [(true, "the user closed the input"), (false, "no terminal")] {
            let mut terminal = typed(b"", person);
            assert_eq!(terminal.heard(true).await, Heard::End);
            assert!(!terminal.listens);
            assert!(terminal.why_nobody().contains(why), "{}", terminal.why_nobody());
        }
    }
}
