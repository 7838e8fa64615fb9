//! Standard output, whose reader may go away: `coworker doctor | head -1` is no failure.

use std::io::{self, ErrorKind, Write};

/// Standard output. That nobody reads it any more is an error of its own, unlike any other pipe
/// that breaks.
pub(crate) struct Output;

/// Nobody reads what is written.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
struct NobodyReads;

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        io::stdout().write(bytes).map_err(told_apart)
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stdout().flush().map_err(told_apart)
    }
}

fn told_apart(error: io::Error) -> io::Error {
    match error.kind() {
        ErrorKind::BrokenPipe => io::Error::new(ErrorKind::BrokenPipe, NobodyReads),
        _ => error,
    }
}

/// Whether a command ended because nobody reads its output any more.
pub(crate) fn nobody_reads(error: &anyhow::Error) -> bool {
    let errors = error.chain().filter_map(|cause| cause.downcast_ref::<io::Error>());
    let mut inner = errors.filter_map(io::Error::get_ref);
    inner.any(|inner| inner.is::<NobodyReads>())
}
