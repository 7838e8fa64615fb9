//! The binary: what was typed, what is configured, which rooms are put together, and off it goes.
//!
//! Nothing is decided here that a front end or the engine could decide.

mod arguments;
mod auth;
mod configuration;
mod demo;
mod doctor;
mod log;
mod manual;
mod output;
mod private;
mod trusting;
mod wiring;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context;
use clap::Parser;
use frontends::cli::Ending;

use arguments::{Arguments, Command, ConfigCommand, Global, OfSessions};
use configuration::{Configuration, keys::Keys, show};
use output::Output;

fn main() -> ExitCode {
    let Arguments { global, command } = Arguments::parse();
    let colour = global.color.into();
    start(&global, command).unwrap_or_else(|error| output::complain(&error, colour))
}

fn start(global: &Global, command: Command) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let code = runtime.block_on(dispatch(global, command));
    // A read of standard input cannot be interrupted; the process ends all the same.
    runtime.shutdown_background();
    code
}

async fn dispatch(global: &Global, command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Lsp => {
            // An editor starts this, and its user shall hear of a mistake there.
            let configuration = load(global, None)?;
            wiring::serve_editor(&configuration, global.clone()).await
        }
        Command::Acp => {
            let configuration = load(global, None)?;
            wiring::serve_client(&configuration, global.clone()).await
        }
        Command::Run(options) => {
            let mut configuration = load(global, Some(folder(&options.root)?))?.checked()?;
            // The process ends with the turn, before a title could come.
            configuration.settings.titles = false;
            wiring::run(&configuration, options, global).await
        }
        Command::OfSessions(command) => of_sessions(global, command).await,
        Command::Context(options) => {
            let configuration = load(global, Some(folder(&options.root)?))?.checked()?;
            wiring::context(&configuration, options, global.color.into()).await
        }
        Command::Doctor(options) => {
            let configuration = load(global, Some(folder(&None)?))?;
            doctor::run(&configuration, options, output::style(global.color.into()), Output).await
        }
        Command::Config { command: Some(command), .. } => show_about(global, &command),
        Command::Config { show, command: None } => {
            let configuration = Configuration::load(global, Some(&folder(&show.root)?))?;
            match show.json {
                true => show::programs(&configuration, &mut Output)?,
                false => {
                    let style = output::style(global.color.into());
                    show::people(&configuration, style, &mut Output)?;
                }
            }
            let wrong = !configuration.problems.is_empty();
            Ok(if wrong { Ending::Usage } else { Ending::Done }.into())
        }
        Command::Auth { command } => auth::run(global, &command, Output),
        Command::Trust(options) => trusting::run(global, options, Output),
        Command::Demo(options) => {
            let style = output::style(global.color.into());
            demo::run(demo::DemoOptions { yes: options.yes, colour: style.colour }, Output).await
        }
        Command::Completions { shell } => {
            manual::completions(shell, &mut Output)?;
            Ok(ExitCode::SUCCESS)
        }
        Command::Man { output } => {
            match output {
                Some(folder) => manual::pages(&folder, &mut Output)?,
                None => manual::page(&mut Output)?,
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn of_sessions(global: &Global, command: OfSessions) -> anyhow::Result<ExitCode> {
    let configuration = load(global, None)?.checked()?;
    let (configuration, colour) = (&configuration, global.color.into());
    match command {
        OfSessions::Sessions { list, command } => {
            wiring::sessions(configuration, list, command, colour).await
        }
        OfSessions::Changes { session, json } => {
            wiring::changes(configuration, &session, json, colour).await
        }
        OfSessions::Undo(options) => wiring::turn(configuration, options, false, colour).await,
        OfSessions::Redo(options) => wiring::turn(configuration, options, true, colour).await,
        OfSessions::Checkpoints { session, json } => {
            wiring::checkpoints(configuration, &session, json, colour).await
        }
        OfSessions::Restore(options) => wiring::restore(configuration, options, colour).await,
        OfSessions::Gc => wiring::free(configuration).await,
        OfSessions::Usage { json } => wiring::usage(configuration, json, colour).await,
    }
}

/// The configuration, with the log that it asks for.
fn load(global: &Global, root: Option<PathBuf>) -> anyhow::Result<Configuration> {
    let configuration = Configuration::load(global, root.as_deref())?;
    log::start(&configuration);
    Ok(configuration)
}

fn show_about(global: &Global, command: &ConfigCommand) -> anyhow::Result<ExitCode> {
    use std::io::Write;
    match command {
        ConfigCommand::Path => {
            let configuration = Configuration::load(global, None)?;
            writeln!(Output, "{}", configuration.file().display())?;
        }
        ConfigCommand::Schema => {
            writeln!(Output, "{}", serde_json::to_string_pretty(&Keys::schema())?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder that was named, or the current one.
fn folder(named: &Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let here = std::env::current_dir().context("there is no current folder")?;
    Ok(here.join(named.as_deref().unwrap_or(Path::new("."))))
}
