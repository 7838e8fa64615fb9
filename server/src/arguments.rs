//! What can be typed on the command line, and the help that is shown for it.

use clap::{Args, Parser, Subcommand, ValueEnum};

/// An AI colleague that lives beside your editor like a language server.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "First steps:\n  \
        coworker demo                       see the main job, with no key and no set-up\n  \
        coworker doctor                     see whether everything is in place\n  \
        coworker run \"explain src/main.rs\"  one prompt in this folder\n\n\
        Editors start `coworker lsp` by themselves; editors/ in the sources has a plugin for \
        Neovim, and any other LSP editor works without one.\n\n\
        Environment:\n  \
        ANTHROPIC_API_KEY   your key; it goes to the provider and nowhere else\n  \
        ANTHROPIC_BASE_URL  another address that speaks the same protocol\n  \
        COWORKER_MODEL      as --model\n  \
        COWORKER_HOME       one folder for settings, sessions and log\n  \
        COWORKER_LOG        what to log, such as `debug`; goes to coworker.log beside the sessions"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Global {
    /// The model of new sessions, as `anthropic/NAME`; `script:FILE` plays a script instead of
    /// asking a model. Also: COWORKER_MODEL, or `model` in config.toml
    #[arg(long, global = true, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// How freely the agent may act in new sessions
    #[arg(long, global = true, value_name = "MODE")]
    pub(crate) mode: Option<Mode>,
}

/// A mode as it is typed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Mode {
    /// Reading in the folder is free; every edit and command is asked for
    Ask,
    /// Read-only until you approve a plan
    Plan,
}

impl From<Mode> for protocol::Mode {
    fn from(mode: Mode) -> Self {
        match mode {
            Mode::Ask => Self::Ask,
            Mode::Plan => Self::Plan,
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve an editor over standard input and output (editors call this, not you)
    Lsp,
    /// Watch the main job in the terminal: real server, real tools, real edits, a scripted model
    Demo(DemoOptions),
    /// Send one prompt from the command line and see it through
    #[command(
        after_help = "Ctrl-C stops the turn. Without a terminal to ask on, every question is \
        answered with no, unless --yes is given.\n\n\
        Exit codes: 0 done, 1 failed, 2 wrong usage, 3 stopped.\n\n\
        With --json, no terminal is needed: standard output has one JSON line for each update, \
        and a question is answered by a line on standard input:\n  \
        {\"approvalId\": \"…\", \"answer\": {\"decision\": \"once\"}}\n\
        docs/protocol.md describes both."
    )]
    Run(RunOptions),
    /// List the sessions, the last used first
    Sessions(SessionsOptions),
    /// Check that everything is in place; makes no network call
    Doctor,
}

/// Options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct DemoOptions {
    /// Answer every question with yes instead of asking
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Options of `run`.
#[derive(Debug, Args)]
pub(crate) struct RunOptions {
    /// What to ask
    #[arg(value_parser = not_blank)]
    pub(crate) prompt: String,
    /// Write updates as JSON lines; read answers as JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Allow everything that would be asked about. What policy denies stays denied
    #[arg(long)]
    pub(crate) yes: bool,
    /// Go on with this session instead of a new one
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// The folder to work in; the current one if left out
    #[arg(long, value_name = "FOLDER", value_parser = existing_folder)]
    pub(crate) root: Option<String>,
}

/// Options of `sessions`.
#[derive(Debug, Args)]
pub(crate) struct SessionsOptions {
    /// Write JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Only sessions of this folder
    #[arg(long, value_name = "FOLDER", value_parser = existing_folder)]
    pub(crate) root: Option<String>,
}

fn not_blank(typed: &str) -> Result<String, &'static str> {
    if typed.trim().is_empty() { Err("there is nothing to ask") } else { Ok(typed.to_owned()) }
}

fn existing_folder(typed: &str) -> Result<String, &'static str> {
    if std::path::Path::new(typed).is_dir() { Ok(typed.to_owned()) } else { Err("not a folder") }
}

impl From<DemoOptions> for crate::demo::DemoOptions {
    fn from(options: DemoOptions) -> Self {
        use std::io::IsTerminal;
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { yes: options.yes, colour }
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::Arguments;

    #[test]
    fn the_table_of_arguments_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn a_prompt_that_asks_nothing_is_wrong_usage() {
        for blank in ["", " \n"] {
            let refused = Arguments::try_parse_from(["coworker", "run", blank]).unwrap_err();
            assert_eq!(refused.exit_code(), 2, "{refused}");
        }
    }
}
