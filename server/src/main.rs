//! The binary: what was typed, what is configured, which rooms are put together, and off it goes.
//!
//! Nothing is decided here that a front end or the engine could decide.

mod arguments;
mod configuration;
mod demo;
mod doctor;
mod log;
mod output;
mod wiring;

use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use arguments::{Arguments, Command};
use configuration::Configuration;
use output::Output;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match start(arguments) {
        Ok(code) => code,
        Err(error) if output::nobody_reads(&error) => ExitCode::SUCCESS,
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "the last words go where the user looks")]
            {
                eprintln!("coworker: {error:#}");
            }
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let code = runtime.block_on(dispatch(arguments));
    // A read of standard input cannot be interrupted; the process ends all the same.
    runtime.shutdown_background();
    code
}

async fn dispatch(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let configuration = Configuration::load(&arguments.global)?;
    log::start(&configuration);
    match arguments.command {
        Command::Lsp => wiring::serve_editor(&configuration).await,
        Command::Demo(options) => demo::run(options.into(), Output).await,
        Command::Run(options) => wiring::run(&configuration, options).await,
        Command::Sessions(options) => wiring::sessions(&configuration, options).await,
        Command::Doctor => doctor::run(&configuration, Output).await,
    }
}
