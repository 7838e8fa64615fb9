//! Searches in real files through the real workspace.

use protocol::{Effect, ErrorCode};
use serde_json::json;

use crate::tests::Folder;

#[tokio::test]
async fn hits_come_with_path_and_line() {
    let folder = Folder::new(&[("src/a.rs", "fn a() {}\n"), ("src/b.rs", "\n\nfn b() {}\n")]);
    let input = json!({"pattern": r"fn \w\("});
    let call = folder.prepare("grep", input.clone()).await.unwrap();
    assert_eq!(call.title, r"Search for `fn \w\(`");
    assert_eq!(call.effects, [Effect::Read { path: folder.root.clone() }]);
    let text = folder.run("grep", input).await.unwrap();
    assert_eq!(text, "src/a.rs:1: fn a() {}\nsrc/b.rs:3: fn b() {}\n");
}

#[tokio::test]
async fn the_search_can_be_narrowed() {
    let folder = Folder::new(&[("src/a.rs", "Word\n"), ("src/a.md", "word\n"), ("b.rs", "word\n")]);
    let run = |input| folder.run("grep", input);
    let glob = run(json!({"pattern": "word", "glob": "*.rs", "ignore_case": true})).await.unwrap();
    assert_eq!(glob, "b.rs:1: word\nsrc/a.rs:1: Word\n");
    let path = run(json!({"pattern": "word", "path": "src"})).await.unwrap();
    assert_eq!(path, "src/a.md:1: word\n");
}

#[tokio::test]
async fn what_may_hold_secrets_is_left_out_unless_it_is_named() {
    let folder = Folder::new(&[("a.txt", "hunter\n"), ("server.key", "hunter\n")]);
    let all = folder.run("grep", json!({"pattern": "hunter"})).await.unwrap();
    let note = "(1 file left out because it may hold secrets; `read` asks the user for one)\n";
    assert_eq!(all, format!("a.txt:1: hunter\n{note}"));
    let named = json!({"pattern": "hunter", "path": "server.key"});
    let call = folder.prepare("grep", named.clone()).await.unwrap();
    let path = folder.root.join("server.key").unwrap();
    assert_eq!(call.effects, [Effect::Read { path }]);
    assert_eq!(folder.run("grep", named).await.unwrap(), "server.key:1: hunter\n");
}

#[tokio::test]
async fn of_a_folder_of_secrets_that_was_allowed_it_is_said_how_many_are_left_out() {
    let folder = Folder::new(&[(".aws/config", "hunter\n"), (".aws/credentials", "hunter\n")]);
    let note = "(2 files left out because they may hold secrets; `read` asks the user for one)\n";
    let all = json!({"pattern": "hunter", "path": ".aws"});
    let found = folder.run("grep", all).await.unwrap();
    assert_eq!(found, format!("No matches in 0 files.\n{note}"));
    let files = folder.run("glob", json!({"pattern": "*", "path": ".aws"})).await.unwrap();
    assert_eq!(files, format!("No files found.\n{note}"));
}

#[tokio::test]
async fn a_folder_elsewhere_is_searched_once_it_is_allowed_but_not_its_secrets() {
    let folder = Folder::new(&[]);
    let other = Folder::new(&[("sub/a.txt", "hit\n"), ("server.key", "hit\n")]);
    let path = other.root.as_str();
    let call = json!({"pattern": "hit", "path": path});
    let effects = folder.prepare("grep", call.clone()).await.unwrap().effects;
    assert_eq!(effects, [Effect::Read { path: other.root.clone() }]);
    let found = folder.run("grep", call).await.unwrap();
    assert!(found.starts_with(&format!("{path}/sub/a.txt:1: hit\n(1 file")), "{found}");
    let files = folder.run("glob", json!({"pattern": "*", "path": path})).await.unwrap();
    assert!(files.starts_with(&format!("{path}/sub/a.txt\n(1 file")), "{files}");
}

#[tokio::test]
async fn unsaved_text_is_what_is_searched() {
    let folder = Folder::new(&[("a.txt", "saved\n")]);
    folder.open("a.txt", "typed\n");
    assert_eq!(folder.run("grep", json!({"pattern": "typed"})).await.unwrap(), "a.txt:1: typed\n");
    let saved = folder.run("grep", json!({"pattern": "saved"})).await.unwrap();
    assert_eq!(saved, "No matches in 1 file.\n");
}

#[tokio::test]
async fn what_is_left_out_is_counted() {
    let folder = Folder::new(&[("a.txt", &"hit\n".repeat(150))]);
    let text = folder.run("grep", json!({"pattern": "hit"})).await.unwrap();
    assert!(
        text.ends_with(
            "a.txt:100: hit\n(50 more matching lines are left out; narrow the search)\n"
        )
    );
    let text = folder.run("grep", json!({"pattern": "hit", "limit": 1})).await.unwrap();
    assert!(text.starts_with("a.txt:1: hit\n(149 more"), "{text}");
}

#[tokio::test]
async fn wide_hits_are_limited_by_their_size() {
    let folder = Folder::new(&[("a.txt", &format!("{}\n", "hit ".repeat(100)).repeat(500))]);
    let text = folder.run("grep", json!({"pattern": "hit", "limit": 500})).await.unwrap();
    assert!(text.len() < 51 * 1024, "{} bytes", text.len());
    assert!(text.contains("more matching lines are left out"), "{text}");
}

#[tokio::test]
async fn a_bad_pattern_or_place_is_explained() {
    let folder = Folder::new(&[("src/a.rs", "")]);
    let (code, message) = folder.refusal("grep", json!({"pattern": "fn ("})).await;
    assert_eq!(code, ErrorCode::BadToolArguments);
    assert!(message.contains("unclosed group"), "{message}");
    assert_eq!(folder.refusal("grep", json!({"pattern": ""})).await.0, code);
    let bad_glob = json!({"pattern": "x", "glob": "[a"});
    assert_eq!(folder.refusal("grep", bad_glob).await.0, code);
    let elsewhere = json!({"pattern": "x", "glob": "../*.rs"});
    let nothing = folder.run("grep", elsewhere).await.unwrap();
    assert!(nothing.contains("`../*.rs`: patterns are relative"), "{nothing}");
    let (code, message) = folder.refusal("grep", json!({"pattern": "x", "path": "scr"})).await;
    assert_eq!(code, ErrorCode::DocumentNotFound);
    assert!(message.contains("did you mean `src`"), "{message}");
}

#[tokio::test]
async fn lines_around_a_hit_are_marked_and_parted() {
    let text = "1\n2\nhit\n4\n5\n6\n7\n8\nhit\n";
    let folder = Folder::new(&[("a.txt", text), ("b.txt", "hit\n")]);
    let found = folder.run("grep", json!({"pattern": "hit", "context": 1})).await.unwrap();
    assert_eq!(
        found,
        "a.txt-2- 2\na.txt:3: hit\na.txt-4- 4\n--\na.txt-8- 8\na.txt:9: hit\n--\nb.txt:1: hit\n"
    );
}

#[tokio::test]
async fn files_can_be_listed_or_counted() {
    let folder = Folder::new(&[("a.rs", "hit\nhit\n"), ("b.py", "hit\n"), ("c.rs", "no\n")]);
    let run = |input| folder.run("grep", input);
    let files = json!({"pattern": "hit", "output": "files"});
    assert_eq!(run(files).await.unwrap(), "a.rs\nb.py\n");
    let counts = json!({"pattern": "hit", "output": "counts"});
    assert_eq!(run(counts).await.unwrap(), "a.rs: 2\nb.py: 1\n");
    let first = json!({"pattern": "hit", "output": "files", "limit": 1});
    let left_out = "(1 more file with matches left out; narrow the search)\n";
    assert_eq!(run(first).await.unwrap(), format!("a.rs\n{left_out}"));
    let none = json!({"pattern": "nothing", "output": "files"});
    assert_eq!(run(none).await.unwrap(), "No matches in 3 files.\n");
    let typed = json!({"pattern": "hit", "output": "files", "type": "py"});
    assert_eq!(run(typed).await.unwrap(), "b.py\n");
}

#[tokio::test]
async fn a_hit_may_go_over_several_lines_if_that_is_asked_for() {
    let folder = Folder::new(&[("a.rs", "fn a(\n    x: u8,\n) {}\n")]);
    let over_lines = json!({"pattern": r"fn a\(\n.*u8", "multiline": true});
    let found = folder.run("grep", over_lines).await.unwrap();
    assert_eq!(found, "a.rs:1: fn a(\na.rs:2:     x: u8,\n");
    let (code, message) = folder.refusal("grep", json!({"pattern": r"a\nb"})).await;
    assert_eq!(code, ErrorCode::BadToolArguments);
    assert!(message.contains("set `multiline`"), "{message}");
}

#[tokio::test]
async fn hidden_files_count_only_if_asked_for_and_unknown_types_are_said() {
    let folder = Folder::new(&[(".github/ci.yml", "hit\n")]);
    let text = folder.run("grep", json!({"pattern": "hit"})).await.unwrap();
    assert_eq!(text, "No matches in 0 files.\n");
    let text = folder.run("grep", json!({"pattern": "hit", "hidden": true})).await.unwrap();
    assert_eq!(text, ".github/ci.yml:1: hit\n");
    let (code, message) = folder.refusal("grep", json!({"pattern": "x", "type": "klingon"})).await;
    assert_eq!(code, ErrorCode::BadToolArguments);
    assert!(message.contains("klingon") && message.contains("use `glob`"), "{message}");
}
