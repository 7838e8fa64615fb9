//! What is searched, what is left out, and that the answer is always the same.

use std::{collections::BTreeMap, fs, sync::Arc};

use engine::FreeToRead;
use protocol::AbsPath;
use ropey::Rope;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{GrepError, GrepQuery, GrepResult, GrepShow, grep};

struct Folder {
    _guard: TempDir,
    root: AbsPath,
    open: BTreeMap<AbsPath, Rope>,
}

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let guard = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(guard.path()).unwrap();
        let root = AbsPath::new(root.to_str().unwrap()).unwrap();
        let folder = Self { _guard: guard, root, open: BTreeMap::new() };
        for (name, text) in files {
            folder.put(name, text.as_bytes());
        }
        folder
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let path = self.root.join(name).unwrap();
        fs::create_dir_all(path.parent().unwrap().as_std_path()).unwrap();
        fs::write(path.as_std_path(), bytes).unwrap();
    }

    fn open(mut self, name: &str, text: &str) -> Self {
        self.open.insert(self.root.join(name).unwrap(), Rope::from_str(text));
        self
    }

    fn query(&self, pattern: &str) -> GrepQuery {
        GrepQuery::new(pattern, self.root.clone())
    }

    fn run(&self, query: &GrepQuery) -> Result<GrepResult, GrepError> {
        grep(query, &query.root, &self.open, &everything(), &CancellationToken::new())
    }

    /// The matches as `path:line:text`, one a line.
    fn found(&self, query: &GrepQuery) -> String {
        let result = self.run(query).unwrap();
        let lines = result.lines.iter().map(|found| {
            let mark = if found.is_match { ':' } else { '-' };
            format!("{}:{}{mark}{}\n", found.path.relative_to(&self.root), found.line, found.text)
        });
        lines.collect()
    }
}

fn everything() -> FreeToRead {
    Arc::new(|_| true)
}

#[test]
fn matching_lines_come_by_path_and_line() {
    let folder = Folder::new(&[
        ("b.txt", "one\ntwo one\n"),
        ("a/z.txt", "nothing\none\r\n"),
        ("a.txt", "no match\n"),
    ]);
    let query = folder.query("one$");
    assert_eq!(folder.found(&query), "a/z.txt:2:one\nb.txt:1:one\nb.txt:2:two one\n");
    assert_eq!(folder.found(&folder.query("^one")), "a/z.txt:2:one\nb.txt:1:one\n");
    let result = folder.run(&query).unwrap();
    assert_eq!((result.files_searched, result.truncated), (3, false));
}

#[test]
fn case_and_expressions() {
    let folder = Folder::new(&[("f", "Größe 12\ngrösse 7\n")]);
    assert_eq!(folder.found(&folder.query("gr..e")), "");
    let query = GrepQuery { case_insensitive: true, ..folder.query("gr..e \\d+") };
    assert_eq!(folder.found(&query), "f:1:Größe 12\n");
    let broken = folder.run(&folder.query("(unclosed"));
    assert!(matches!(broken, Err(GrepError::Pattern(_))));
    let broken = folder.run(&GrepQuery { globs: Some("{a".into()), ..folder.query("x") });
    assert!(matches!(broken, Err(GrepError::Glob(_))));
}

#[test]
fn ignored_hidden_and_binary_files_are_left_out() {
    let folder = Folder::new(&[
        (".gitignore", "ignored/\n*.log\n"),
        ("ignored/f", "x\n"),
        ("a.log", "x\n"),
        (".hidden", "x\n"),
        (".git/config", "x\n"),
        ("sub/.ignore", "also.txt\n"),
        ("sub/also.txt", "x\n"),
        ("sub/seen.txt", "x\n"),
    ]);
    folder.put("binary", b"x\0x\n");
    assert_eq!(folder.found(&folder.query("x")), "sub/seen.txt:1:x\n");
    // A glob does not bring back what is ignored.
    let query = GrepQuery { globs: Some("*.log .hidden".into()), ..folder.query("x") };
    assert_eq!(folder.found(&query), "");
    let result = folder.run(&folder.query("x")).unwrap();
    assert_eq!((result.left_out.binary_files, result.files_searched), (1, 1));
}

#[test]
fn files_that_are_not_free_to_read_are_left_out_unless_named() {
    let folder = Folder::new(&[("a.txt", "x"), ("server.key", "x")]).open("new.key", "x");
    let free: FreeToRead = Arc::new(|path| !path.as_str().ends_with(".key"));
    let run = |root: &AbsPath| {
        let query = GrepQuery { root: root.clone(), ..folder.query("x") };
        grep(&query, root, &folder.open, &free, &CancellationToken::new()).unwrap()
    };
    let result = run(&folder.root);
    let found: Vec<_> = result.lines.iter().map(|it| it.path.file_name().unwrap()).collect();
    assert_eq!((found, result.left_out.guarded), (vec!["a.txt"], 2));
    assert_eq!(run(&folder.root.join("server.key").unwrap()).lines.len(), 1);
}

#[test]
fn unsaved_text_is_what_is_searched() {
    let folder = Folder::new(&[
        (".gitignore", "*.log\n"),
        ("changed.rs", "old\n"),
        ("emptied.rs", "new\n"),
        ("a.log", "old\n"),
    ])
    .open("changed.rs", "\nnew\n")
    .open("emptied.rs", "")
    .open("not/on/disk.rs", "new\n")
    .open("b.log", "new\n")
    .open("a.log", "new\n")
    .open(".hidden.rs", "new\n");
    assert_eq!(folder.found(&folder.query("new")), "changed.rs:2:new\nnot/on/disk.rs:1:new\n");
    assert_eq!(folder.found(&folder.query("old")), "");
    assert_eq!(folder.run(&folder.query("new")).unwrap().files_searched, 3);
    let query = GrepQuery { globs: Some("*.py".into()), ..folder.query("new") };
    assert_eq!(folder.found(&query), "");
}

#[test]
fn the_root_may_be_a_file_even_an_ignored_one_or_one_not_saved_yet() {
    let folder = Folder::new(&[(".gitignore", "a.log\n"), ("a.log", "x\n"), ("b", "x\n")])
        .open("new.rs", "x\n");
    for (name, expected) in [("a.log", "a.log:1:x\n"), ("new.rs", "new.rs:1:x\n")] {
        let root = folder.root.join(name).unwrap();
        let open = folder.open.iter().filter(|(path, _)| path.starts_with(&root));
        let open = open.map(|(path, text)| (path.clone(), text.clone())).collect();
        let query = GrepQuery { root: root.clone(), ..folder.query("x") };
        let result = grep(&query, &root, &open, &everything(), &CancellationToken::new()).unwrap();
        let lines = result.lines.iter();
        let lines =
            lines.map(|m| format!("{}:{}:{}\n", m.path.file_name().unwrap(), m.line, m.text));
        assert_eq!(lines.collect::<String>(), expected);
    }
    let missing = GrepQuery { root: folder.root.join("missing").unwrap(), ..folder.query("x") };
    let error =
        grep(&missing, &missing.root, &BTreeMap::new(), &everything(), &CancellationToken::new());
    assert!(matches!(error, Err(GrepError::Root(_))));
}

#[test]
fn the_first_matches_are_kept_and_the_others_counted() {
    let names: Vec<String> = (0..40).map(|n| format!("{n:02}/f.txt")).collect();
    let files: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "x\nx\nx\n")).collect();
    let folder = Folder::new(&files);
    let query = GrepQuery { max_matches: 5, ..folder.query("x") };
    let expected = "00/f.txt:1:x\n00/f.txt:2:x\n00/f.txt:3:x\n01/f.txt:1:x\n01/f.txt:2:x\n";
    for _ in 0..20 {
        assert_eq!(folder.found(&query), expected);
    }
    let result = folder.run(&query).unwrap();
    assert!(result.truncated);
    assert_eq!((result.left_out.matches, result.files_searched), (115, 40));
    let none = folder.run(&GrepQuery { max_matches: 0, ..folder.query("x") }).unwrap();
    assert_eq!((none.lines.len(), none.left_out.matches), (0, 120));
    let all = folder.run(&GrepQuery { max_matches: 120, ..folder.query("x") }).unwrap();
    assert!(!all.truncated && all.lines.len() == 120);
}

#[cfg(unix)]
#[test]
fn links_and_pipes_are_passed_by() {
    let folder = Folder::new(&[("real/f", "x\n")]);
    let at = |name: &str| folder.root.join(name).unwrap();
    std::os::unix::fs::symlink("real", at("link").as_std_path()).unwrap();
    std::os::unix::fs::symlink("/proc/self/maps", at("out").as_std_path()).unwrap();
    let made = std::process::Command::new("mkfifo").arg(at("pipe").as_str()).status().unwrap();
    assert!(made.success());
    assert_eq!(folder.found(&folder.query("x")), "real/f:1:x\n");
    let query = GrepQuery { root: at("pipe"), ..folder.query("x") };
    assert!(matches!(folder.run(&query), Err(GrepError::Root(_))));
}

#[test]
fn bytes_that_are_not_utf8_do_not_hide_a_line() {
    let folder = Folder::new(&[]);
    folder.put("latin.txt", b"gr\xf6\xdfe needle\n");
    assert_eq!(folder.found(&folder.query("needle")), "latin.txt:1:gr\u{fffd}\u{fffd}e needle\n");
}

#[test]
fn a_stopped_search_says_so() {
    let folder = Folder::new(&[("f", "x\n")]);
    let stopped = CancellationToken::new();
    stopped.cancel();
    let result = grep(&folder.query("x"), &folder.root, &folder.open, &everything(), &stopped);
    assert!(matches!(result, Err(GrepError::Cancelled)));
}

#[test]
fn lines_around_a_match_come_with_it_once() {
    let folder = Folder::new(&[("f", "1\n2\nx 3\n4\nx 5\n6\n7\n8\nx 9\n")]);
    let around =
        |before, after| GrepQuery { show: GrepShow::Lines { before, after }, ..folder.query("x") };
    let all = "f:1-1\nf:2-2\nf:3:x 3\nf:4-4\nf:5:x 5\nf:6-6\nf:7-7\nf:8-8\nf:9:x 9\n";
    assert_eq!(folder.found(&around(2, 2)), all);
    assert_eq!(folder.found(&around(0, 1)), "f:3:x 3\nf:4-4\nf:5:x 5\nf:6-6\nf:9:x 9\n");
    // The lines before a match that is not listed are not, either.
    for (most, expected) in [(1, "f:2-2\nf:3:x 3\nf:4-4\n"), (0, "")] {
        let query = GrepQuery { max_matches: most, ..around(1, 1) };
        assert_eq!(folder.found(&query), expected);
        assert_eq!(folder.run(&query).unwrap().left_out.matches, 3 - most as u64);
    }
}

#[test]
fn of_each_file_only_so_many_are_listed() {
    let folder = Folder::new(&[("a", "x\nx\nx\n"), ("b", "x\n"), ("c", "x\nx\n")]);
    let query = GrepQuery { max_per_file: Some(2), max_matches: 4, ..folder.query("x") };
    assert_eq!(folder.found(&query), "a:1:x\na:2:x\nb:1:x\nc:1:x\n");
    assert_eq!(folder.run(&query).unwrap().left_out.matches, 2);
}

#[test]
fn files_alone_or_with_their_counts() {
    let folder = Folder::new(&[("a", "x\nx\n"), ("b", "no\n"), ("c/d", "x\n"), ("e", "x\n")])
        .open("e", "x\nx\nx\n");
    let run = |show, max_matches| {
        let result = folder.run(&GrepQuery { show, max_matches, ..folder.query("x") }).unwrap();
        let files = result.files.iter();
        let files: Vec<_> =
            files.map(|it| (it.path.relative_to(&folder.root).to_owned(), it.matches)).collect();
        assert!(result.lines.is_empty());
        (files, result.left_out.files)
    };
    let named = |files: &[(&str, u64)]| {
        files.iter().map(|&(name, count)| (name.to_owned(), count)).collect::<Vec<_>>()
    };
    assert_eq!(run(GrepShow::Files, 9), (named(&[("a", 1), ("c/d", 1), ("e", 1)]), 0));
    assert_eq!(run(GrepShow::Counts, 9), (named(&[("a", 2), ("c/d", 1), ("e", 3)]), 0));
    assert_eq!(run(GrepShow::Counts, 2), (named(&[("a", 2), ("c/d", 1)]), 1));
    assert_eq!(run(GrepShow::Files, 0), (Vec::new(), 3));
}

#[test]
fn a_match_may_go_over_several_lines_if_that_is_wanted() {
    let folder = Folder::new(&[("f", "fn a(\n    x: u8,\n) {}\n"), ("g", "fn b(\r\n) {}\r\n")]);
    let query = GrepQuery { multi_line: true, ..folder.query(r"fn \w\([^)]*\) \{\}$") };
    let expected = "f:1:fn a(\nf:2:    x: u8,\nf:3:) {}\ng:1:fn b(\ng:2:) {}\n";
    assert_eq!(folder.found(&query), expected);
    assert_eq!(folder.found(&GrepQuery { multi_line: false, ..query.clone() }), "");
    let dot = GrepQuery { pattern: "fn a.*u8".into(), ..query };
    assert_eq!(folder.found(&dot), "");
    let all = GrepQuery { pattern: "(?s)fn a.*u8".into(), ..dot };
    assert_eq!(folder.found(&all), "f:1:fn a(\nf:2:    x: u8,\n");
}

#[test]
fn types_and_hidden_files() {
    let folder = Folder::new(&[("a.rs", "x\n"), ("b.py", "x\n"), (".c.rs", "x\n")])
        .open("new.py", "x\n")
        .open("new.rs", "x\n");
    let query = GrepQuery { types: vec!["rust".into()], ..folder.query("x") };
    assert_eq!(folder.found(&query), "a.rs:1:x\nnew.rs:1:x\n");
    let hidden = GrepQuery { hidden: true, ..query.clone() };
    assert_eq!(folder.found(&hidden), ".c.rs:1:x\na.rs:1:x\nnew.rs:1:x\n");
    let both = GrepQuery { types: vec!["rust".into(), "py".into()], ..query.clone() };
    assert_eq!(folder.run(&both).unwrap().lines.len(), 4);
    let unknown = folder.run(&GrepQuery { types: vec!["nonsense".into()], ..query });
    assert!(matches!(unknown, Err(GrepError::Type(_))));
}

#[test]
fn a_file_in_utf_16_is_searched_by_its_text() {
    let folder = Folder::new(&[]);
    let bytes: Vec<u8> = "\u{feff}größe\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    folder.put("wide.txt", &bytes);
    assert_eq!(folder.found(&folder.query("größe")), "wide.txt:1:größe\n");
}
