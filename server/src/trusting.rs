//! `coworker trust`: which folders' projects may bring configuration along.

use std::{io::Write, path::Path, process::ExitCode};

use frontends::cli::style::exposed;

use crate::{
    arguments::{Global, TrustOptions},
    configuration::{
        Configuration,
        trust::{Trust, resolved},
    },
};

/// Trusts a folder, trusts it no more, or lists those that are trusted.
pub(crate) fn run(
    global: &Global,
    options: TrustOptions,
    mut out: impl Write,
) -> anyhow::Result<ExitCode> {
    let configuration = Configuration::load(global, None)?;
    let trust = Trust::new(&configuration.state_folder);
    if options.list {
        for folder in trust.list()? {
            writeln!(out, "{}", exposed(folder.as_str()))?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let folder = options.folder.as_deref().unwrap_or(Path::new("."));
    let folder = resolved(folder)?;
    let name = exposed(folder.as_str());
    if options.remove {
        match trust.remove(&folder)? {
            true => writeln!(out, "{name} is trusted no more.")?,
            false => writeln!(out, "{name} was not on the list.")?,
        }
        if trust.covers(&folder)? {
            writeln!(out, "It still is by a folder above it: see `coworker trust --list`.")?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    match trust.add(&folder)? {
        true => writeln!(out, "{name} is trusted, with all below it.")?,
        false => writeln!(out, "{name} is trusted already.")?,
    }
    let configuration = Configuration::load(global, Some(folder.as_std_path()))?;
    if let Some(project) = configuration.project.as_ref() {
        let file = exposed(&project.file.display().to_string());
        writeln!(out, "{file} counts; `coworker config` shows what comes of it.")?;
    }
    Ok(ExitCode::SUCCESS)
}
