//! `coworker doctor`: is everything in place? Looks only at this machine; makes no network call.

use std::{io::Write, process::ExitCode};

use engine::Sessions;

use crate::{configuration::Configuration, wiring};

/// One thing that was looked at.
struct Check {
    name: &'static str,
    /// What is so, or what is wrong and the way out.
    found: Result<String, String>,
}

/// Looks at everything and says what it found. The exit code is 1 if something is missing.
pub(crate) async fn run(
    configuration: &Configuration,
    mut out: impl Write,
) -> anyhow::Result<ExitCode> {
    let (sessions, _) = wiring::rooms(configuration).await?;
    let checks = [
        Check { name: "version", found: Ok(env!("CARGO_PKG_VERSION").to_owned()) },
        file(configuration),
        database(configuration, &sessions).await,
        model(&sessions),
        program("shell", &["bash", "sh"], "commands of the agent cannot run"),
        program("git", &["git"], "the agent cannot look at the history of your project"),
    ];
    for Check { name, found } in &checks {
        let (sign, text) = match found {
            Ok(text) => ("✓", text),
            Err(text) => ("✗", text),
        };
        writeln!(out, "{sign} {name:<9} {text}")?;
    }
    let healthy = checks.iter().all(|check| check.found.is_ok());
    Ok(if healthy { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn file(configuration: &Configuration) -> Check {
    let file = configuration.file();
    let exists = std::path::Path::new(&file).exists();
    let found = if exists { file } else { format!("{file} (not there; it need not be)") };
    Check { name: "settings", found: Ok(found) }
}

async fn database(configuration: &Configuration, sessions: &Sessions) -> Check {
    let found = match sessions.list(None).await {
        Ok(list) => Ok(format!("{} sessions in {}", list.len(), configuration.state_folder)),
        Err(error) => Err(error.message),
    };
    Check { name: "sessions", found }
}

fn model(sessions: &Sessions) -> Check {
    let settings = sessions.settings();
    let found = match settings.model.as_str() {
        "" => Err("none is set up. Set ANTHROPIC_API_KEY, or `model` in the settings; \
             `coworker demo` works without"
            .to_owned()),
        name => sessions
            .models(name)
            .into_iter()
            .find(|choice| choice.name == name)
            .map(|choice| format!("{name}: {}", choice.description))
            .ok_or_else(|| format!("{name} cannot be reached; is its key set?")),
    };
    Check { name: "model", found }
}

/// Whether one of these programs is on the path.
fn program(name: &'static str, programs: &[&str], without: &str) -> Check {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = programs.iter().find_map(|program| {
        std::env::split_paths(&path).map(|folder| folder.join(program)).find(|it| it.is_file())
    });
    let missing = || format!("{} is not on the PATH: {without}", programs.join(" or "));
    Check { name, found: found.map(|it| it.display().to_string()).ok_or_else(missing) }
}
