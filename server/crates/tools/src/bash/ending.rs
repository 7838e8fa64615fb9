//! How a command ended, in words that serve the model and people.

use std::os::unix::process::ExitStatusExt as _;
use std::process::ExitStatus;

/// The exit code or the signal: `exit code 1`, `ended by SIGKILL (signal 9)`.
pub(super) fn words(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => match code.checked_sub(128).and_then(name) {
            // How shells tell of a program of theirs that a signal ended.
            Some(name) => format!("exit code {code} (as after {name})"),
            None => format!("exit code {code}"),
        },
        (None, Some(signal)) => match name(signal) {
            Some(name) => format!("ended by {name} (signal {signal})"),
            None => format!("ended by signal {signal}"),
        },
        (None, None) => "ended".to_owned(),
    }
}

/// The signals that have one number everywhere.
fn name(signal: i32) -> Option<&'static str> {
    Some(match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        6 => "SIGABRT",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_signals_have_words() {
        let exit = |code: i32| words(ExitStatus::from_raw(code << 8));
        assert_eq!(exit(0), "exit code 0");
        assert_eq!(exit(2), "exit code 2");
        assert_eq!(exit(130), "exit code 130 (as after SIGINT)");
        assert_eq!(exit(255), "exit code 255");
        assert_eq!(words(ExitStatus::from_raw(11)), "ended by SIGSEGV (signal 11)");
        assert_eq!(words(ExitStatus::from_raw(31)), "ended by signal 31");
    }
}
