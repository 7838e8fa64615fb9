//! The generated files are fresh: the protocol's documentation and its types for the plugins, and
//! the documentation of the configuration.
//!
//! They are made from the Rust types in `server/crates/protocol`, and from the keys in
//! `server/src/configuration/keys.rs`. After a change there, run
//! `UPDATE=1 cargo test --test generated` and commit what it writes.

#![expect(clippy::unwrap_used, reason = "a test that cannot look fails")]

#[path = "generated/configuration.rs"]
mod configuration;
#[path = "generated/lua.rs"]
mod lua;
#[path = "generated/markdown.rs"]
mod markdown;
#[path = "generated/shape.rs"]
mod shape;
#[path = "generated/typescript.rs"]
mod typescript;

use std::{fs, path::Path, process::Command};

use shape::Definition;

#[test]
fn the_protocol_documentation_is_fresh() {
    check("docs/protocol.md", &markdown::page(&shape::definitions()));
}

#[test]
fn the_types_for_neovim_are_fresh() {
    check("editors/neovim/lua/coworker/protocol.lua", &lua::page(&shape::definitions()));
}

#[test]
fn the_types_for_vs_code_are_fresh() {
    check("editors/vscode/src/protocol.d.ts", &typescript::page(&shape::definitions()));
}

#[test]
fn the_documentation_of_the_configuration_is_fresh() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coworker"));
    let output = command.args(["config", "schema"]).output().unwrap();
    let schema = serde_json::from_slice(&output.stdout).unwrap();
    check("docs/configuration.md", &configuration::page(&schema));
}

#[test]
fn every_definition_is_documented() {
    let missing = |it: &&Definition| it.doc.is_empty();
    let missing: Vec<String> =
        shape::definitions().iter().filter(missing).map(|it| it.name.clone()).collect();
    assert_eq!(missing, [""; 0]);
}

fn check(file: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(file);
    if std::env::var_os("UPDATE").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{file} is stale: run `UPDATE=1 cargo test --test generated`");
}
