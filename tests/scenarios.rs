//! Every Markdown file in `tests/scenarios/` is a test of its name: what the person, the model
//! and the editor do, and what comes of it. `UPDATE=1` writes the transcripts anew.
//!
//! `cargo test --test scenarios plan` plays those with `plan` in their name.

#[path = "support/compare.rs"]
mod compare;
#[path = "support/environment.rs"]
mod environment;
#[path = "support/record.rs"]
mod record;
#[path = "support/scenario/run.rs"]
mod scenario;
#[path = "support/server.rs"]
mod server;
#[path = "support/stage.rs"]
mod stage;

use std::{error::Error, fs, path::Path, process::ExitCode};

use libtest_mimic::{Arguments, Trial};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let update = std::env::var_os("UPDATE").is_some_and(|value| value == "1");
    let mut trials = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/scenarios").canonicalize()?;
    for entry in fs::read_dir(folder)? {
        let file = entry?.path();
        let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if file.extension().is_some_and(|end| end == "md") && name != "README" {
            trials.push(Trial::test(name, move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                let played = runtime.block_on(scenario::run(&file, update));
                played.map_err(|error| {
                    let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
                    format!("{}\n{}", file.display(), causes.join("\n")).into()
                })
            }));
        }
    }
    trials.sort_by(|one, other| one.name().cmp(other.name()));
    Ok(libtest_mimic::run(&Arguments::from_args(), trials).exit_code())
}
