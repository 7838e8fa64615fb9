//! The environment of the processes that tests start: nothing of the user's own counts in it.

use std::process::Command;

/// What begins or ends the name of a variable that would make a difference.
const BEGINNINGS: [&str; 3] = ["COWORKER_", "NO_COLOR", "CLICOLOR"];
const ENDINGS: [&str; 3] = ["_API_KEY", "_BASE_URL", "_PROXY"];

/// Where no server listens, in place of those that may run on this machine.
const NOWHERE: &str = "http://127.0.0.1:9/v1";

/// Takes out of the environment of a process what the user has set up for Coworker.
pub fn clear(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let upper = name.to_string_lossy().to_uppercase();
        let begins = BEGINNINGS.iter().any(|it| upper.starts_with(it));
        if begins || ENDINGS.iter().any(|it| upper.ends_with(it)) {
            command.env_remove(name);
        }
    }
    for name in ["OLLAMA_HOST", "LMSTUDIO_BASE_URL", "LLAMACPP_BASE_URL"] {
        command.env(name, NOWHERE);
    }
}
