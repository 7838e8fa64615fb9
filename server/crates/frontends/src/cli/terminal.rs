//! The streams of the command line: written in order, read line by line, stopped by Ctrl-C.

use std::io::{self, IsTerminal};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, Lines},
    sync::mpsc,
};

use super::style::Style;

/// Where to write and what to read.
pub(super) struct Terminal {
    pub(super) style: Style,
    /// Whether somebody may answer.
    pub(super) listens: bool,
    out: Box<dyn AsyncWrite + Send + Unpin>,
    err: Box<dyn AsyncWrite + Send + Unpin>,
    input: Lines<BufReader<Box<dyn AsyncRead + Send + Unpin>>>,
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
            out: Box::new(tokio::io::stdout()),
            err: Box::new(tokio::io::stderr()),
            input: BufReader::new(input).lines(),
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

    /// Waits for a line or for Ctrl-C, whichever is first; both may be given up and waited for
    /// again.
    pub(super) async fn heard(&mut self, listens: bool) -> Heard {
        tokio::select! {
            biased;
            Some(()) = self.interrupts.recv() => Heard::Interrupt,
            line = self.input.next_line(), if listens => match line {
                Ok(Some(line)) => Heard::Line(line),
                _ => Heard::End,
            },
            else => std::future::pending().await,
        }
    }
}

/// What the person or the program at the other end did.
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
