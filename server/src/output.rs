//! Standard output, whose reader may go away (`coworker doctor | head -1` is no failure), and the
//! one place where errors are told.

use std::{
    io::{self, ErrorKind, IsTerminal, Write},
    process::ExitCode,
};

use frontends::cli::{
    CliError, Ending,
    style::{Colour, Style, exposed},
};

use crate::configuration::Mistakes;

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

/// The style of standard output.
pub(crate) fn style(colour: Colour) -> Style {
    Style::of(colour, io::stdout().is_terminal(), |name| std::env::var_os(name))
}

/// Tells an error on standard error, and how the program ends with it. If all that happened is
/// that nobody reads the output any more, there is nothing to tell.
pub(crate) fn complain(error: &anyhow::Error, colour: Colour) -> ExitCode {
    if nobody_reads(error) {
        return ExitCode::SUCCESS;
    }
    let style = Style::of(colour, io::stderr().is_terminal(), |name: &str| std::env::var_os(name));
    let name = style.red("coworker:");
    let text = exposed(&format!("{error:#}"));
    // If it cannot be told, there is nobody to tell that to.
    let _ = writeln!(io::stderr(), "{name} {text}");
    ending(error).into()
}

/// Says on standard error what a person should know who started this by hand.
pub(crate) fn explain(text: &str) {
    // If it cannot be told, there is nobody to tell that to.
    let _ = writeln!(io::stderr(), "coworker: {text}");
}

fn nobody_reads(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        let output = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        output.is_some_and(|inner| inner.is::<NobodyReads>())
            || cause.downcast_ref::<CliError>().is_some_and(CliError::nobody_reads)
    })
}

fn ending(error: &anyhow::Error) -> Ending {
    let known = error.chain().find_map(|cause| {
        let told = cause.downcast_ref::<CliError>().map(CliError::ending);
        told.or_else(|| cause.is::<Mistakes>().then_some(Ending::Usage))
    });
    known.unwrap_or(Ending::Failed)
}

#[cfg(test)]
mod tests {
    use protocol::{ErrorCode, ErrorInfo};

    use super::*;

    #[test]
    fn the_exit_code_says_what_kind_of_trouble_it_was() {
        let told = |error: anyhow::Error| ending(&error.context("while trying"));
        assert_eq!(told(anyhow::anyhow!("no")), Ending::Failed);
        assert_eq!(told(Mistakes(Vec::new()).into()), Ending::Usage);
        assert_eq!(told(CliError::Usage("no".into()).into()), Ending::Usage);
        let info = ErrorInfo::new(ErrorCode::ModelUnavailable, "none");
        assert_eq!(told(CliError::from(info).into()), Ending::NoModel);
    }
}
