//! `coworker doctor`: is everything in place? Looks only at this machine, unless it is told to ask
//! the model.
//!
//! Each check says what it found and, where something is amiss, the way out. [`checks`] are those
//! of the machine around us.

mod checks;
mod model;

use std::{io::Write, process::ExitCode};

use frontends::cli::{
    Ending,
    style::{Style, exposed},
};
use serde_json::json;
use store::SqliteStore;

use crate::{arguments::DoctorOptions, configuration::Configuration};

/// One thing that was looked at.
#[derive(Debug)]
pub(super) struct Check {
    name: &'static str,
    state: State,
    /// What is so, or what is amiss.
    found: String,
    /// What to do about it.
    way_out: Option<String>,
}

/// How a thing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Good,
    /// It works, but not as well as it could.
    Odd,
    /// It does not work.
    Bad,
}

impl Check {
    fn good(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, state: State::Good, found: found.into(), way_out: None }
    }

    fn odd(name: &'static str, found: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self { state: State::Odd, way_out: Some(way_out.into()), ..Self::good(name, found) }
    }

    fn bad(name: &'static str, found: impl Into<String>, way_out: impl Into<String>) -> Self {
        Self { state: State::Bad, ..Self::odd(name, found, way_out) }
    }
}

/// Looks at everything and says what it found. The exit code is 1 if something does not work.
pub(crate) async fn run(
    configuration: &Configuration,
    options: DoctorOptions,
    style: Style,
    mut out: impl Write,
) -> anyhow::Result<ExitCode> {
    let version = format!(
        "{} on {} {}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    );
    let mut checks = vec![Check::good("version", version)];
    checks.extend(settings(configuration));
    checks.push(checks::state_folder(configuration));
    checks.push(database(configuration).await);
    checks.push(checks::log(configuration));
    checks.extend(model::check(configuration, options.online).await);
    checks.extend(checks::programs().await);
    checks.extend(checks::watches());
    checks.extend(checks::editors().await);
    for check in &checks {
        match options.json {
            true => writeln!(out, "{}", as_json(check))?,
            false => write!(out, "{}", as_text(style, check))?,
        }
    }
    let bad = checks.iter().any(|check| check.state == State::Bad);
    Ok(if bad { Ending::Failed } else { Ending::Done }.into())
}

fn as_text(style: Style, check: &Check) -> String {
    let Check { name, state, found, way_out } = check;
    let sign = match state {
        State::Good => style.green("✓"),
        State::Odd => style.yellow("!"),
        State::Bad => style.red("✗"),
    };
    let mut text = format!("{sign} {name:<9} {}\n", exposed(found));
    if let Some(way_out) = way_out {
        text += &style.dim(&format!("            → {}\n", exposed(way_out)));
    }
    text
}

fn as_json(check: &Check) -> serde_json::Value {
    let state = match check.state {
        State::Good => "good",
        State::Odd => "odd",
        State::Bad => "bad",
    };
    let mut json = json!({ "check": check.name, "state": state, "found": check.found });
    if let Some(way_out) = &check.way_out {
        json["wayOut"] = json!(way_out);
    }
    json
}

/// The configuration, and what is wrong with it.
fn settings(configuration: &Configuration) -> Vec<Check> {
    let file = configuration.file();
    let missing = if file.exists() { "" } else { " (not there; it need not be)" };
    let mut checks = vec![Check::good("settings", format!("{}{missing}", file.display()))];
    checks.extend(configuration.problems.iter().map(|problem| {
        let way_out = "correct it; `coworker config` shows what counts until then";
        Check::bad("settings", problem.to_string(), way_out)
    }));
    checks.extend(
        configuration
            .remarks
            .iter()
            .map(|remark| Check { state: State::Odd, ..Check::good("settings", remark.clone()) }),
    );
    checks
}

async fn database(configuration: &Configuration) -> Check {
    let name = "sessions";
    let look = async {
        let store = SqliteStore::open(&configuration.state_folder, configuration.busy_timeout)?;
        let (list, description) =
            (engine::Store::list(&store, None).await?, store.describe().await?);
        Ok::<_, engine::StoreError>((list.len(), description))
    };
    match look.await {
        Ok((number, store::Description { file, schema, bytes })) => {
            let size = checks::size(bytes);
            Check::good(name, format!("{number} in {file}, {size}, schema {schema}"))
        }
        Err(error @ engine::StoreError::Failed(_)) => {
            let way_out = "move the database away to begin anew, or set COWORKER_HOME to \
                           another folder";
            Check::bad(name, error.to_string(), way_out)
        }
        // Each of the others says the way out itself.
        Err(error) => Check { state: State::Bad, ..Check::good(name, error.to_string()) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_amiss_is_told_with_its_way_out() {
        let check = Check::odd("git", "not\u{1b} there", "install it");
        let text = as_text(Style::default(), &check);
        assert_eq!(text, "! git       not\\u{1b} there\n            → install it\n");
        let json = as_json(&check);
        assert_eq!((&json["state"], &json["wayOut"]), (&json!("odd"), &json!("install it")));
    }
}
