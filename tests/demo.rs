//! The first thing a new user does: `coworker demo`, without a terminal, a key or any set-up.
//!
//! The demo looks at its own buffer and disk and exits with 0 only if all was as it said.

use std::process::{Command, Stdio};

#[test]
fn the_demo_does_the_main_job_and_says_what_is_real() {
    for arguments in [&["demo"][..], &["demo", "--yes"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_coworker"))
            .args(arguments)
            .env_remove("COWORKER_MODEL")
            .env_remove("ANTHROPIC_API_KEY")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
        let told = [
            "The answers come from a script, not from a model.",
            "Proposed, not written",
            "the edit went into the buffer, beside what you typed; the disk was untouched",
            "the command ran only after it was allowed, and its check passed",
        ];
        for words in told {
            assert!(text.contains(words), "{words:?} is not in:\n{text}");
        }
    }
}

#[test]
fn the_doctor_says_what_is_missing_and_the_way_out() {
    let home = tempfile::tempdir().unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_coworker"))
        .arg("doctor")
        .env("COWORKER_HOME", home.path())
        .env_remove("COWORKER_MODEL")
        .env_remove("ANTHROPIC_API_KEY")
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("✗ model") && text.contains("ANTHROPIC_API_KEY"), "{text}");
    assert!(text.contains("✓ sessions  0 in "), "{text}");
}
