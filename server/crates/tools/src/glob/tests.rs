//! Finding real files through the real workspace.

use std::time::{Duration, SystemTime};

use protocol::{Effect, ErrorCode};
use serde_json::json;

use crate::tests::Folder;

/// Says of a file that it was changed so many seconds after the epoch.
fn changed(folder: &Folder, path: &str, seconds: u64) {
    let file = std::fs::File::options().append(true).open(folder.on_disk(path)).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
}

#[tokio::test]
async fn the_file_changed_last_comes_first() {
    let folder = Folder::new(&[("src/a.rs", ""), ("src/b.rs", ""), ("c.rs", ""), ("d.md", "")]);
    for (path, seconds) in [("src/a.rs", 20), ("src/b.rs", 30), ("c.rs", 10)] {
        changed(&folder, path, seconds);
    }
    let input = json!({"pattern": "*.rs"});
    let call = folder.prepare("glob", input.clone()).await.unwrap();
    assert_eq!(call.title, "Find `*.rs`");
    assert_eq!(call.effects, [Effect::Read { path: folder.root.clone() }]);
    assert_eq!(folder.run("glob", input).await.unwrap(), "src/b.rs\nsrc/a.rs\nc.rs\n");
    let below = json!({"pattern": "a.* c.*", "path": "src"});
    assert_eq!(folder.run("glob", below).await.unwrap(), "src/a.rs\n");
}

#[tokio::test]
async fn what_is_left_out_is_said() {
    let folder = Folder::new(&[(".gitignore", "*.log\n"), ("a.log", ""), ("server.key", "")]);
    for n in 0..5 {
        std::fs::write(folder.on_disk(&format!("{n}.txt")), "").unwrap();
        changed(&folder, &format!("{n}.txt"), n);
    }
    let text = folder.run("glob", json!({"pattern": "*", "limit": 2})).await.unwrap();
    assert_eq!(
        text,
        "4.txt\n3.txt\n(3 more files left out; narrow the pattern)\n\
         (1 file left out because it may hold secrets; `read` asks the user for one)\n"
    );
    let hidden = folder.run("glob", json!({"pattern": ".git*", "hidden": true})).await.unwrap();
    assert_eq!(hidden, ".gitignore\n");
    assert_eq!(folder.run("glob", json!({"pattern": "*.log"})).await.unwrap(), "No files found.\n");
}

#[tokio::test]
async fn many_long_paths_are_limited_by_their_size() {
    let folder = Folder::new(&[]);
    for n in 0..400 {
        std::fs::write(folder.on_disk(&format!("{}{n}", "x".repeat(200))), "").unwrap();
    }
    let text = folder.run("glob", json!({"pattern": "x*", "limit": 1000})).await.unwrap();
    assert!(text.len() < 51 * 1024 && text.contains("more files left out"), "{}", text.len());
}

#[tokio::test]
async fn a_bad_pattern_or_place_is_explained() {
    let folder = Folder::new(&[("src/a.rs", "")]);
    for (input, code, named) in [
        (json!({"pattern": "[a"}), ErrorCode::BadToolArguments, "not valid"),
        (json!({"pattern": " "}), ErrorCode::BadToolArguments, "`*` stands for every file"),
        (json!({"pattern": "*", "path": "scr"}), ErrorCode::DocumentNotFound, "mean `src`"),
        (json!({"pattern": "*", "path": "src/a.rs"}), ErrorCode::NotAFile, "not a folder"),
    ] {
        let (refused, message) = folder.refusal("glob", input).await;
        assert_eq!(refused, code, "{message}");
        assert!(message.contains(named), "{message}");
    }
}

#[tokio::test]
async fn a_pattern_that_leads_elsewhere_is_explained_if_nothing_is_found() {
    let folder = Folder::new(&[("src/a.rs", "")]);
    for pattern in ["/etc/*", "*.md ../*", "~/notes/*", "src/../../*"] {
        let text = folder.run("glob", json!({"pattern": pattern})).await.unwrap();
        let expected = "patterns are relative to the folder that is searched";
        assert!(text.starts_with("No files found.\n") && text.contains(expected), "{text}");
        assert!(text.contains("another one as `path`"), "{text}");
    }
    assert_eq!(folder.run("glob", json!({"pattern": "/src/*"})).await.unwrap(), "src/a.rs\n");
}
