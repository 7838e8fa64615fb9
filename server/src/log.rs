//! The log: a file in the state folder, never standard output, which belongs to the protocol.
//!
//! Nothing is opened before the first line: most runs have nothing to log. [`rotating`] is the
//! file, which several processes write at once.

mod rotating;

use std::sync::Mutex;

use tracing_subscriber::{EnvFilter, filter::LevelFilter};

use crate::configuration::Configuration;
use rotating::Rotating;

/// Logs from here on: what the key `log` names, to the file that `log_file` names.
pub(crate) fn start(configuration: &Configuration) {
    let filter = EnvFilter::try_new(&configuration.keys.log);
    // What is no filter is a mistake in the configuration, and told as one.
    let filter = filter.unwrap_or_else(|_| EnvFilter::new("warn"));
    let log = Mutex::new(Rotating::new(configuration.log_file()));
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(log).init();
    tracing::debug!(
        version = env!("CARGO_PKG_VERSION"),
        process = std::process::id(),
        state = %configuration.state_folder,
        "started"
    );
}

/// What is wrong with a text that should say what to log, in words that go on after the key.
pub(crate) fn objection(levels: &str) -> Option<String> {
    // A word by itself would be the name of a part, of which everything is logged: such a part is
    // not there, and nothing would ever be logged.
    let is_level = |part: &&str| part.contains(['=', '[']) || part.parse::<LevelFilter>().is_ok();
    let no_level = levels.split(',').map(str::trim).find(|part| !is_level(part));
    let why = match (EnvFilter::try_new(levels), no_level) {
        (Err(error), _) => error.to_string(),
        (Ok(_), Some(part)) => format!("`{part}` is no level"),
        (Ok(_), None) => return None,
    };
    Some(format!("does not say what to log ({why}); write a level such as `debug`"))
}
