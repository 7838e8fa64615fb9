//! The house is in order: who may know whom, and the small rules that no compiler checks.

#![expect(clippy::unwrap_used, reason = "a test that cannot look fails")]

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use protocol::methods::{Direction, METHODS};
use serde_json::Value;

/// Who may know whom. Arrows point down only, and siblings do not know each other, except that
/// tools and front ends may use workspace.
const ARROWS: &[(&str, &[&str])] = &[
    ("protocol", &[]),
    ("changes", &["protocol"]),
    ("engine", &["changes", "protocol"]),
    ("workspace", &["engine", "changes", "protocol"]),
    ("store", &["engine", "changes", "protocol"]),
    ("models", &["engine", "changes", "protocol"]),
    ("tools", &["workspace", "engine", "changes", "protocol"]),
    ("frontends", &["workspace", "engine", "changes", "protocol"]),
];

/// Which rooms alone may use a library, because its words must not leave them.
const WALLS: &[(&str, &[&str])] = &[
    ("tower-lsp-server", &["frontends"]),
    ("agent-client-protocol-schema", &["frontends"]),
    ("genai", &["models"]),
    ("reqwest", &["models"]),
    ("rusqlite", &["store"]),
    ("process-wrap", &["tools"]),
    ("tree-sitter", &["workspace"]),
    ("similar", &["changes", "tools"]),
    ("clap", &["coworker"]),
];

/// More lines than this are a smell: split by meaning.
const FILE_LINES: usize = 800;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().unwrap()
}

/// The dependencies of each package of the workspace that are part of the program.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let used = package["dependencies"].as_array().unwrap().iter();
            let names = used
                .filter(|dependency| dependency["kind"].is_null())
                .map(|dependency| short(&dependency["name"]))
                .collect();
            (short(&package["name"]), names)
        })
        .collect()
}

fn short(name: &Value) -> String {
    let name = name.as_str().unwrap();
    name.strip_prefix("coworker-").unwrap_or(name).to_owned()
}

/// Files of the tree that git does not ignore, with their texts.
fn files(endings: &[&str]) -> Vec<(String, String)> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .unwrap();
    let list = String::from_utf8(output.stdout).unwrap();
    list.lines()
        .filter(|file| endings.iter().any(|ending| file.ends_with(ending)))
        .filter_map(|file| Some((file.to_owned(), fs::read_to_string(root().join(file)).ok()?)))
        .collect()
}

#[test]
fn arrows_point_down_only() {
    let dependencies = dependencies();
    let rooms: BTreeSet<&str> = ARROWS.iter().map(|(room, _)| *room).collect();
    for (room, allowed) in ARROWS {
        for known in dependencies[*room].iter().filter(|known| rooms.contains(known.as_str())) {
            assert!(allowed.contains(&known.as_str()), "{room} must not know {known}");
        }
    }
    let packages: BTreeSet<&str> = dependencies.keys().map(String::as_str).collect();
    let unlisted: Vec<&&str> =
        packages.iter().filter(|it| **it != "coworker" && !rooms.contains(**it)).collect();
    assert!(unlisted.is_empty(), "give these rooms their place in ARROWS: {unlisted:?}");
}

#[test]
fn foreign_words_stay_in_their_rooms() {
    for (room, known) in dependencies() {
        for (library, rooms) in WALLS {
            assert!(
                !known.contains(*library) || rooms.contains(&room.as_str()),
                "{room} must not use {library}"
            );
        }
    }
}

#[test]
fn the_engine_touches_nothing_outside() {
    let forbidden =
        ["std::fs", "std::env", "std::net", "std::process", "Instant::now", "SystemTime"];
    for (file, text) in files(&[".rs"]) {
        if file.starts_with("server/crates/engine/src") || file.starts_with("server/crates/changes")
        {
            for word in forbidden {
                assert!(!text.contains(word), "{file} uses {word}");
            }
        }
    }
}

#[test]
fn every_rust_file_says_what_it_is_for() {
    for (file, text) in files(&[".rs"]) {
        assert!(text.starts_with("//!"), "{file} begins without a `//!` paragraph");
        let lines = text.lines().count();
        assert!(lines <= FILE_LINES, "{file} has {lines} lines: split it by meaning");
        let name = file.rsplit('/').next().unwrap().trim_end_matches(".rs");
        let vague = ["util", "utils", "common", "manager", "helper", "helpers", "misc", "mod"];
        assert!(!vague.contains(&name), "{file}: that name says nothing");
    }
}

#[test]
fn every_tool_has_its_prompt_and_every_prompt_its_place() {
    let sources: String = files(&[".rs"]).into_iter().map(|(_, text)| text).collect();
    for (file, text) in files(&[".md"]).iter().filter(|(file, _)| file.starts_with("prompts/")) {
        let name = file.trim_start_matches("prompts/");
        let named = sources.contains(&format!("prompts/{name}\""))
            || sources.contains(&format!("\"{name}\""))
            || name
                .strip_prefix("tools/")
                .is_some_and(|tool| sources.contains(&format!("\"{tool}\"")));
        assert!(named, "nothing uses {file}");
        assert!(!text.trim().is_empty(), "{file} is empty");
    }
}

#[test]
fn the_plugin_answers_everything_the_server_sends() {
    let plugin: String = files(&[".lua"])
        .into_iter()
        .filter(|(file, _)| {
            file.starts_with("editors/neovim/lua") && !file.ends_with("protocol.lua")
        })
        .map(|(_, text)| text)
        .collect();
    for method in METHODS.iter().filter(|it| it.direction != Direction::ClientRequest) {
        assert!(plugin.contains(method.name), "the Neovim plugin does not know {}", method.name);
    }
}

#[test]
fn every_link_in_the_documentation_leads_somewhere() {
    for (file, text) in files(&[".md"]) {
        if file.starts_with("tests/") || file.starts_with("prompts/") {
            continue;
        }
        let folder = root().join(&file).parent().unwrap().to_owned();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.starts_with("http") && !link.starts_with('#')) {
            let target = link.split('#').next().unwrap();
            assert!(folder.join(target).exists(), "{file} links to {target}, which is not there");
        }
    }
}
