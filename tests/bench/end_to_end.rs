//! What the program costs: the real binary over the real wire, measured from outside.
//!
//! Prints one table: our figure, the budget, and where one runs on this machine a peer measured in
//! the same run. It judges nothing: no figure makes it fail, only an answer that is wrong. Start
//! with `measure`; each measurement lives in the file named after what it measures, `editor`
//! speaks the protocol and `provider` is the model at the other end.
//!
//! ```text
//! cargo bench --profile dist --bench end_to_end              everything
//! cargo bench --profile dist --bench end_to_end -- start     only some of `MEASUREMENTS`
//! ```
//!
//! `COWORKER_BENCH_PEER` names the language server to compare with; the default is `ruff server`.

mod binary;
mod cancel;
mod changes;
mod editor;
mod history;
mod machine;
mod memory;
mod process;
mod provider;
mod search;
mod stage;
mod start;
mod stream;
mod table;
mod turns;
mod typing;

use std::io::{self, Write};

use anyhow::{Context, Result};

use table::Table;

type Measurement = fn(&mut Table) -> Result<()>;

/// What can be measured, in the order of the table.
const MEASUREMENTS: &[(&str, Measurement)] = &[
    ("start", start::measure),
    ("memory", memory::measure),
    ("turns", turns::measure),
    ("stream", stream::measure),
    ("cancel", cancel::measure),
    ("typing", typing::measure),
    ("search", search::measure),
    ("history", history::measure),
    ("changes", changes::measure),
    ("binary", binary::measure),
];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // `cargo bench` says so. A run of all tests has no time for this.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let wanted: Vec<String> = arguments.into_iter().filter(|it| !it.starts_with('-')).collect();
    let mut table = Table::default();
    for (name, measure) in MEASUREMENTS {
        if wanted.is_empty() || wanted.iter().any(|it| it == name) {
            writeln!(io::stderr(), "measuring: {name}")?;
            measure(&mut table).with_context(|| format!("`{name}` could not be measured"))?;
        }
    }
    writeln!(io::stdout(), "{}\n\n{table}", machine::description())?;
    Ok(())
}
