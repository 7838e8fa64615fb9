//! What can be typed on the command line, and the help that is shown for it.

use std::path::PathBuf;

use clap::{
    Args, Parser, Subcommand, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use clap_complete::Shell;
use frontends::cli::{Ending, style::Colour};
use protocol::Mode;

/// An AI colleague that lives beside your editor like a language server.
#[derive(Debug, Parser)]
#[command(
    version,
    max_term_width = 100,
    after_help = "First steps:\n  \
        coworker demo                       see the main job, with no key and no set-up\n  \
        coworker doctor                     see whether everything is in place\n  \
        coworker run \"explain src/main.rs\"  one prompt in this folder\n\n\
        Editors start `coworker lsp` by themselves; editors/ in the sources has plugins, and any \
        other LSP editor works without one. Zed and other ACP clients start `coworker acp`.\n\n\
        Environment:\n  \
        ANTHROPIC_API_KEY   your key; it goes to the provider and nowhere else. Likewise\n  \
        \x20                   OPENAI_API_KEY, GEMINI_API_KEY and others (docs/models.md)\n  \
        ANTHROPIC_BASE_URL  another address that speaks the same protocol; likewise the others\n  \
        COWORKER_HOME       one folder for settings, sessions and log\n  \
        COWORKER_KEY        any key of the configuration in capitals, such as COWORKER_MODEL\n  \
        VISUAL, EDITOR      your editor, for lines that you change before you accept them\n  \
        NO_COLOR            no colours; CLICOLOR_FORCE=1 has them in pipes too"
)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command understands.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// The model to use, as `PROVIDER/NAME`; `script:FILE` plays a script instead of asking a
    /// model
    #[arg(long, global = true, value_name = "MODEL")]
    pub(crate) model: Option<String>,
    /// How freely the agent may act
    #[arg(long, global = true, value_name = "MODE", value_parser = modes())]
    pub(crate) mode: Option<Mode>,
    /// When to use colours; `auto` is on a terminal
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: When,
    /// What to log, such as `debug` or `warn,engine=trace`
    #[arg(long, global = true, value_name = "LEVELS")]
    pub(crate) log: Option<String>,
    /// The file to log to
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) log_file: Option<String>,
}

/// When to use colours, as it is typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum When {
    // Without documentation of their own they take one line in the help, and explain themselves.
    #[default]
    Auto,
    Always,
    Never,
}

impl From<When> for Colour {
    fn from(when: When) -> Self {
        match when {
            When::Auto => Self::Auto,
            When::Always => Self::Always,
            When::Never => Self::Never,
        }
    }
}

/// What is done with the sessions there are.
#[derive(Debug, Subcommand)]
pub(crate) enum OfSessions {
    /// List, show, export, fork and delete sessions
    #[command(args_conflicts_with_subcommands = true)]
    Sessions {
        #[command(flatten)]
        list: ListOptions,
        #[command(subcommand)]
        command: Option<SessionsCommand>,
    },
    /// List what the agent changed in a session, hunk by hunk, and where it stands now
    Changes {
        /// The session; the beginning of its id is enough
        session: String,
        /// Write JSON lines
        #[arg(long)]
        json: bool,
    },
    /// Take back what the agent wrote: the last turn of which something stands, or what is named
    #[command(
        after_help = "Shows what goes and asks. What somebody typed since stays; a hunk whose \
        text was changed is left as it is, and why is said."
    )]
    Undo(UndoOptions),
    /// Do again what was taken back
    #[command(
        after_help = "Shows what comes and asks. What was taken back turn by turn is done again \
        in the other order."
    )]
    Redo(UndoOptions),
    /// List the points to which the files and the conversation of a session can be restored
    Checkpoints {
        /// The session; the beginning of its id is enough
        session: String,
        /// Write JSON lines
        #[arg(long)]
        json: bool,
    },
    /// Go back to a checkpoint: with files, conversation, or both
    #[command(
        after_help = "Shows what changes in the files and asks. Only files that the session \
        changed since are touched; they become exactly what they were. It can be undone."
    )]
    Restore(RestoreOptions),
    /// Free the disk of what no session needs any more
    Gc,
    /// Show the tokens and the money that were used on each of the last 30 days
    Usage {
        /// Write JSON lines
        #[arg(long)]
        json: bool,
    },
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve an editor over standard input and output (editors call this, not you)
    Lsp,
    /// Serve a client of the Agent Client Protocol, such as Zed, over standard input and output
    Acp,
    /// Watch the main job in the terminal: real server, real tools, real edits, a scripted model
    Demo(DemoOptions),
    /// Send one prompt from the command line and see it through
    #[command(after_help = run_help())]
    Run(RunOptions),
    // A documentation here would stand in the help as that of the program.
    #[command(flatten)]
    OfSessions(OfSessions),
    /// Show what a model would be sent for a first prompt, and what each part of it weighs
    Context(ContextOptions),
    /// Show the configuration: each key, its value and where it came from
    #[command(
        args_conflicts_with_subcommands = true,
        after_help = "A value comes from the last of these that has it: what is built in, your file \
        (`coworker config path`), .coworker/config.toml of a project whose folder you trust, the \
        environment (COWORKER_ and the key in capitals), the command line."
    )]
    Config {
        #[command(flatten)]
        show: ConfigOptions,
        #[command(subcommand)]
        command: Option<ConfigCommand>,
    },
    /// Trust a folder: the configuration that its project brings along counts from then on
    Trust(TrustOptions),
    /// Keep, list and forget keys of providers
    #[command(
        after_help = "A key in the environment, such as ANTHROPIC_API_KEY, counts more than one \
        that is kept. Kept keys stand in a file that only you may read, or in the keychain of the \
        system."
    )]
    Auth {
        #[command(subcommand)]
        command: AuthCommand,
    },
    /// Check that everything is in place
    Doctor(DoctorOptions),
    /// Write a completion script for a shell
    #[command(after_help = "For example, in ~/.bashrc:\n  source <(coworker completions bash)")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the manual page
    Man {
        /// A folder for all pages, instead of the first one on standard output
        #[arg(long, value_name = "FOLDER")]
        output: Option<PathBuf>,
    },
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
    /// What to ask; `-` stands for standard input, which is also read when nothing is given
    #[arg(value_name = "PROMPT")]
    pub(crate) prompt: Vec<String>,
    /// Write updates as JSON lines; read answers as JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Allow everything that would be asked about, but for going over a budget. What policy denies
    /// stays denied
    #[arg(long)]
    pub(crate) yes: bool,
    /// Go on with the session that was used last in this folder
    #[arg(short = 'c', long = "continue", conflicts_with = "session")]
    pub(crate) go_on: bool,
    /// Go on with this session; the beginning of its id is enough
    #[arg(long, value_name = "ID")]
    pub(crate) session: Option<String>,
    /// The folder to work in; the current one if left out
    #[arg(long, value_name = "FOLDER", value_parser = existing_folder)]
    pub(crate) root: Option<PathBuf>,
}

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionsCommand {
    /// List the sessions, the last used first
    List(ListOptions),
    /// Show a session as it went
    Show {
        /// The session; the beginning of its id is enough
        id: String,
    },
    /// Write a session to standard output or a file
    Export {
        /// The session; the beginning of its id is enough
        id: String,
        /// How to write it
        #[arg(long, value_enum, default_value = "markdown")]
        format: Format,
        /// The file to write, which must not exist yet
        #[arg(long, short, value_name = "FILE")]
        output: Option<PathBuf>,
        /// Write over the file if it exists
        #[arg(long, requires = "output")]
        force: bool,
    },
    /// Begin a session with the conversation of another, and print its id
    Fork {
        /// The session; the beginning of its id is enough
        id: String,
        /// Leave this item of the session out and all that came after it; `sessions export
        /// --format json` has the ids
        #[arg(long, value_name = "ITEM")]
        before: Option<String>,
    },
    /// Delete sessions for good
    Delete {
        /// The sessions; the beginning of an id is enough
        #[arg(required = true)]
        ids: Vec<String>,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
}

/// How a session is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For reading
    Markdown,
    /// One line for each update of the journal, as in docs/protocol.md
    Json,
}

/// Options of `sessions list`.
#[derive(Debug, Args)]
pub(crate) struct ListOptions {
    /// Write JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Only sessions of this folder
    #[arg(long, value_name = "FOLDER", value_parser = existing_folder)]
    pub(crate) root: Option<PathBuf>,
}

/// Options of `undo` and `redo`.
#[derive(Debug, Args)]
pub(crate) struct UndoOptions {
    /// The session; the beginning of its id is enough
    pub(crate) session: String,
    /// This turn, by its number in `coworker changes`
    #[arg(long, value_name = "NUMBER", group = "which")]
    pub(crate) turn: Option<usize>,
    /// This hunk, by its number in `coworker changes`; several with several of these
    #[arg(long, value_name = "NUMBER", group = "which")]
    pub(crate) hunk: Vec<usize>,
    /// Only the last hunk
    #[arg(long, group = "which")]
    pub(crate) last: bool,
    /// All of the session
    #[arg(long = "session", group = "which")]
    pub(crate) all: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Options of `restore`.
#[derive(Debug, Args)]
pub(crate) struct RestoreOptions {
    /// The session; the beginning of its id is enough
    pub(crate) session: String,
    /// The checkpoint: its number in `coworker checkpoints`, or the beginning of its id
    pub(crate) checkpoint: String,
    /// Only the files
    #[arg(long, conflicts_with = "conversation")]
    pub(crate) files: bool,
    /// Only the conversation
    #[arg(long)]
    pub(crate) conversation: bool,
    /// Do not ask
    #[arg(long)]
    pub(crate) yes: bool,
}

/// Options of `context`.
#[derive(Debug, Args)]
pub(crate) struct ContextOptions {
    /// The prompt, with its mentions and commands; none if left out
    #[arg(value_name = "PROMPT")]
    pub(crate) prompt: Vec<String>,
    /// Write one line of JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// The folder to work in; the current one if left out
    #[arg(long, value_name = "FOLDER", value_parser = existing_folder)]
    pub(crate) root: Option<PathBuf>,
}

/// Options of `config`.
#[derive(Debug, Args)]
pub(crate) struct ConfigOptions {
    /// Write JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    /// The folder whose project counts; the current one if left out
    #[arg(long, value_name = "FOLDER", value_parser = existing_folder)]
    pub(crate) root: Option<PathBuf>,
}

/// What else can be shown of the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Write the path of your configuration file, which need not exist
    Path,
    /// Write the JSON schema of the configuration file
    Schema,
}

/// Options of `trust`.
#[derive(Debug, Args)]
pub(crate) struct TrustOptions {
    /// The folder, with all below it; the current one if left out
    #[arg(value_parser = existing_folder)]
    pub(crate) folder: Option<PathBuf>,
    /// Trust it no more
    #[arg(long)]
    pub(crate) remove: bool,
    /// List the trusted folders
    #[arg(long, conflicts_with_all = ["remove", "folder"])]
    pub(crate) list: bool,
}

/// What to do with keys.
#[derive(Debug, Subcommand)]
pub(crate) enum AuthCommand {
    /// Keep a key, which is asked for and not shown; or read it from standard input
    Set {
        /// The provider, such as `openai`
        provider: String,
        /// Keep it in the keychain of the system instead of a file, if this build has that
        #[arg(long)]
        keychain: bool,
    },
    /// List the providers there is a key for, and where it comes from
    List,
    /// Forget a key that is kept
    Remove {
        /// The provider
        provider: String,
    },
}

/// Options of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorOptions {
    /// Write JSON lines
    #[arg(long)]
    pub(crate) json: bool,
    /// Ask a model of each provider there is a key for, to see that it answers; the providers count
    /// the few tokens
    #[arg(long)]
    pub(crate) online: bool,
}

/// The modes by their names.
fn modes() -> impl TypedValueParser<Value = Mode> {
    let named = |mode: Mode| PossibleValue::new(mode.as_str()).help(mode.description());
    PossibleValuesParser::new(Mode::ALL.map(named)).try_map(|name| {
        let mut modes = Mode::ALL.into_iter();
        modes.find(|mode| mode.as_str() == name).ok_or("no such mode")
    })
}

/// The exit codes and their meanings, a line each.
pub(crate) fn exit_codes() -> String {
    let line = |ending: Ending| format!("  {:>3}  {}\n", ending.code(), ending.meaning());
    Ending::ALL.map(line).concat()
}

fn run_help() -> String {
    format!(
        "Ctrl-C stops the turn; a second one ends at once. Without a terminal to ask on, every \
         question is answered with no, unless --yes is given.\n\n\
         Exit codes:\n{}\n\
         With --json, no terminal is needed: standard output has one JSON line for each update, \
         and a question is answered by a line on standard input:\n  \
         {{\"approvalId\": \"…\", \"answer\": {{\"decision\": \"once\"}}}}\n\
         docs/protocol.md describes both.",
        exit_codes()
    )
}

fn existing_folder(typed: &str) -> Result<PathBuf, &'static str> {
    let folder = PathBuf::from(typed);
    if folder.is_dir() { Ok(folder) } else { Err("not a folder") }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[test]
    fn the_table_of_arguments_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn every_mode_can_be_typed() {
        for mode in Mode::ALL {
            let typed = Arguments::try_parse_from(["coworker", "--mode", mode.as_str(), "doctor"]);
            assert_eq!(typed.unwrap().global.mode, Some(mode));
        }
        assert!(Arguments::try_parse_from(["coworker", "--mode", "yolo", "doctor"]).is_err());
    }

    #[test]
    fn plain_sessions_lists_them() {
        for line in [&["coworker", "sessions", "--json"][..], &["coworker", "sessions", "list"]] {
            let Command::OfSessions(OfSessions::Sessions { list, command }) =
                Arguments::try_parse_from(line).unwrap().command
            else {
                panic!("{line:?}")
            };
            assert_eq!(list.json, command.is_none());
        }
    }
}
