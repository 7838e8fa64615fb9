//! The streams of the command line: written in order, read line by line, stopped by Ctrl-C, with
//! one line on a terminal that is written over while there is something to wait for.

use std::{
    io::{self, IsTerminal},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader, Split},
    sync::mpsc,
    time::{Instant, Interval, MissedTickBehavior},
};

use super::{
    choosing::Lines,
    editing,
    progress::{self, Progress},
    style::{Colour, Style},
};

/// What the model is told when there was never anybody to ask.
const NOBODY_TO_ASK: &str = include_str!("../../../../../prompts/answers/nobody_to_ask.md");

/// The same, of a question that only words can answer.
const NOBODY_TO_ANSWER: &str = include_str!("../../../../../prompts/answers/nobody_to_answer.md");

/// What the model is told when the person has closed the input.
const INPUT_CLOSED: &str = include_str!("../../../../../prompts/answers/input_closed.md");

/// Goes back to the beginning of the line and clears it.
const CLEAR: &str = "\r\x1b[2K";

type Input = Box<dyn AsyncRead + Send + Unpin>;

/// Where to write and what to read.
pub(super) struct Terminal {
    pub(super) style: Style,
    /// The style of standard error.
    pub(super) complaints: Style,
    /// Whether somebody may answer.
    pub(super) listens: bool,
    /// Whether it is a person who may answer.
    person: bool,
    out: Box<dyn AsyncWrite + Send + Unpin>,
    err: Box<dyn AsyncWrite + Send + Unpin>,
    input: Split<BufReader<Input>>,
    interrupts: mpsc::Receiver<()>,
    /// Whether the terminal is another program's, and Ctrl-C with it.
    is_lent: Arc<AtomicBool>,
    status: Option<StatusLine>,
}

/// The line that is written over.
struct StatusLine {
    ticks: Interval,
    since: Instant,
    /// Whether it stands on the screen.
    shown: bool,
    /// Whether standard output goes to the same screen.
    beside_output: bool,
}

/// What the caller knows of the standard streams.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Streams {
    /// Whether a program reads the output and gives answers.
    pub(super) json: bool,
    /// When there are colours.
    pub(super) colour: Colour,
    /// Whether standard input has been read to its end, so that a person answers elsewhere.
    pub(super) input_read: bool,
}

impl Terminal {
    /// The standard streams. A program may answer over any of them, a person only at a terminal.
    pub(super) fn standard(streams: Streams) -> Self {
        let (json, seen) = (streams.json, io::stdout().is_terminal());
        let (input, person) = match streams.input_read && seen && !json {
            true => controlling_terminal(),
            false => {
                let person = io::stdin().is_terminal() && seen && !json;
                (Box::new(tokio::io::stdin()) as Input, person)
            }
        };
        let is_lent = Arc::new(AtomicBool::new(false));
        let style = |is_terminal| Style::of(streams.colour, is_terminal, |it| std::env::var_os(it));
        Self {
            style: style(seen),
            complaints: style(io::stderr().is_terminal()),
            listens: json || person,
            person,
            out: Box::new(tokio::io::stdout()),
            err: Box::new(tokio::io::stderr()),
            input: BufReader::new(input).split(b'\n'),
            interrupts: interrupts(is_lent.clone()),
            is_lent,
            status: (!json && draws()).then(|| StatusLine::new(seen)),
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
        self.clear().await;
        self.out.write_all(text.as_bytes()).await?;
        self.out.flush().await
    }

    /// Writes to standard error. That it cannot be written is something nobody could be told.
    pub(super) async fn complain(&mut self, text: &str) {
        if !text.is_empty() {
            self.clear().await;
            self.put(text).await;
        }
    }

    /// Draws the status line. `mid_line` says that standard output stands in the middle of a
    /// line, which is not to be written over.
    pub(super) async fn draw(&mut self, progress: &mut Progress, mid_line: bool) {
        let style = self.complaints;
        let Some(status) = &mut self.status else { return };
        if mid_line && status.beside_output {
            return;
        }
        status.shown = true;
        let line = progress.draw(style, status.since.elapsed(), width());
        self.put(&format!("{CLEAR}{line}")).await;
    }

    /// Takes the status line away.
    pub(super) async fn clear(&mut self) {
        if self.status.as_mut().is_some_and(|status| std::mem::take(&mut status.shown)) {
            self.put(CLEAR).await;
        }
    }

    async fn put(&mut self, text: &str) {
        if self.err.write_all(text.as_bytes()).await.is_ok() {
            let _ = self.err.flush().await;
        }
    }

    /// Has lines changed in the user's editor, which has the terminal meanwhile.
    ///
    /// # Errors
    /// Why there are none, in a sentence for the user.
    pub(super) async fn edit(&mut self, lines: &Lines) -> Result<String, String> {
        self.clear().await;
        self.is_lent.store(true, Ordering::Relaxed);
        let edited = editing::edit(lines).await;
        self.is_lent.store(false, Ordering::Relaxed);
        edited
    }

    /// What to tell the model when nobody listens; `in_words` is about a question that no `--yes`
    /// can answer.
    pub(super) fn why_nobody(&self, in_words: bool) -> &'static str {
        let why = match (self.person, in_words) {
            (true, _) => INPUT_CLOSED,
            (false, true) => NOBODY_TO_ANSWER,
            (false, false) => NOBODY_TO_ASK,
        };
        why.trim_end()
    }

    /// Waits for a line, for Ctrl-C or, where something is to be waited for, for the time to draw
    /// the status line, whichever is first. It may be given up and waited for again. Bytes that
    /// are not UTF-8 become replacement characters.
    pub(super) async fn heard(&mut self, listens: bool, waits: bool) -> Heard {
        let tick = async {
            match self.status.as_mut().filter(|_| waits) {
                Some(status) => status.ticks.tick().await,
                None => std::future::pending().await,
            }
        };
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
            _ = tick => Heard::Tick,
        }
    }
}

impl StatusLine {
    fn new(beside_output: bool) -> Self {
        let mut ticks = tokio::time::interval(progress::PERIOD);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Self { ticks, since: Instant::now(), shown: false, beside_output }
    }
}

/// The terminal itself, where standard input is something else.
fn controlling_terminal() -> (Input, bool) {
    match std::fs::File::open("/dev/tty") {
        Ok(terminal) => (Box::new(tokio::fs::File::from_std(terminal)), true),
        Err(_) => (Box::new(tokio::io::empty()), false),
    }
}

/// Whether a line can be written over.
fn draws() -> bool {
    io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// The columns of the terminal.
fn width() -> usize {
    #[cfg(unix)]
    if let Ok(size) = rustix::termios::tcgetwinsize(io::stderr())
        && size.ws_col > 0
    {
        return size.ws_col.into();
    }
    80
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
    /// It is time to draw the status line.
    Tick,
}

/// Ctrl-C: the first is told; whoever presses it again will not wait for the end of the turn.
fn interrupts(is_lent: Arc<AtomicBool>) -> mpsc::Receiver<()> {
    let (told, interrupts) = mpsc::channel(1);
    tokio::spawn(async move {
        let mut before = false;
        while tokio::signal::ctrl_c().await.is_ok() {
            if is_lent.load(Ordering::Relaxed) {
                continue;
            }
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
    use std::{
        pin::Pin,
        sync::{Arc, Mutex},
        task::{Context, Poll},
    };

    use super::*;

    /// What is written, by two streams that lead to one screen.
    #[derive(Clone, Default)]
    struct Screen(Arc<Mutex<Vec<u8>>>);

    impl AsyncWrite for Screen {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            bytes: &[u8],
        ) -> Poll<io::Result<usize>> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Poll::Ready(Ok(bytes.len()))
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Ready(Ok(()))
        }
    }

    /// A terminal where this was typed, at whose end the input was closed.
    fn typed(input: &'static [u8], person: bool, screen: &Screen) -> Terminal {
        let input: Input = Box::new(input);
        Terminal {
            style: Style::default(),
            complaints: Style::default(),
            listens: true,
            person,
            out: Box::new(screen.clone()),
            err: Box::new(screen.clone()),
            input: BufReader::new(input).split(b'\n'),
            interrupts: mpsc::channel(1).1,
            is_lent: Arc::default(),
            status: None,
        }
    }

    #[tokio::test]
    async fn a_byte_that_is_no_text_does_not_make_it_deaf() {
        let mut terminal = typed(b"y\xff\r\nn\n", true, &Screen::default());
        assert_eq!(terminal.heard(true, false).await, Heard::Line("y\u{fffd}".into()));
        assert_eq!(terminal.heard(true, false).await, Heard::Line("n".into()));
        assert!(terminal.listens);
    }

    #[tokio::test]
    async fn the_model_is_told_why_nobody_answers() {
        let closed = "the user closed the input";
        for (person, in_words, why) in
            [(true, true, closed), (true, false, closed), (false, false, "without `--yes`")]
        {
            let mut terminal = typed(b"", person, &Screen::default());
            assert_eq!(terminal.heard(true, false).await, Heard::End);
            assert!(!terminal.listens);
            let told = terminal.why_nobody(in_words);
            assert!(told.contains(why), "{told}");
        }
        // With `--yes`, or without: it makes no difference to a question.
        let told = typed(b"", false, &Screen::default()).why_nobody(true);
        assert!(told.contains("no terminal") && !told.contains("--yes"), "{told}");
    }

    #[tokio::test]
    async fn the_status_line_leaves_nothing_behind_and_writes_over_nothing() {
        let screen = Screen::default();
        let mut terminal = typed(b"", true, &screen);
        terminal.status = Some(StatusLine::new(true));
        let mut progress = Progress::default();
        terminal.write("begun").await.unwrap();
        terminal.draw(&mut progress, true).await;
        terminal.write(", done\n").await.unwrap();
        terminal.draw(&mut progress, false).await;
        terminal.complain("odd\n").await;
        terminal.write("end\n").await.unwrap();
        let written = String::from_utf8(screen.0.lock().unwrap().clone()).unwrap();
        let parts: Vec<&str> = written.split(CLEAR).collect();
        assert_eq!((parts[0], parts[2]), ("begun, done\n", "odd\nend\n"), "{written:?}");
        assert!(parts[1].contains("Thinking") && parts.len() == 3, "{written:?}");
    }
}
