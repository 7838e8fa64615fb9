//! Which symbols are found, in which files, and which come first.

use std::{collections::BTreeMap, fs};

use protocol::AbsPath;
use ropey::Rope;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{find, telling_part};

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
        for (name, text) in files {
            let path = root.join(name).unwrap();
            fs::create_dir_all(path.parent().unwrap().as_std_path()).unwrap();
            fs::write(path.as_std_path(), text).unwrap();
        }
        Self { _guard: guard, root, open: BTreeMap::new() }
    }

    fn found(&self, name: &str, limit: usize) -> Vec<String> {
        let found = find(&self.root, name, limit, &self.open, &CancellationToken::new());
        let found = found.iter().map(|it| {
            let path = it.path.relative_to(&self.root);
            format!("{path}:{}-{} {}", it.first_line, it.last_line, it.symbol)
        });
        found.collect()
    }
}

const STACK: &str = "struct Stack;\n\nimpl Stack {\n    fn pop(&mut self) {\n    }\n}\n";

#[test]
fn a_symbol_is_found_wherever_it_is_defined() {
    let folder = Folder::new(&[
        ("src/stack.rs", STACK),
        ("a.py", "class Queue:\n    def pop(self):\n        pass\n"),
        ("uses.rs", "fn main() { pop(); }\n"),
        (".gitignore", "target\n"),
        ("target/out.rs", "fn pop() {}\n"),
    ]);
    let both = ["a.py:2-3 class Queue > def pop", "src/stack.rs:4-5 impl Stack > fn pop"];
    assert_eq!(folder.found("pop", 9), both);
    assert_eq!(folder.found("pop", 1), both[..1]);
    assert_eq!(folder.found("Stack.pop", 9), both[1..]);
    assert_eq!(folder.found("Stack::pop", 9), both[1..]);
    assert!(folder.found("nothing", 9).is_empty() && folder.found("::", 9).is_empty());
    let pop = find(&folder.root, "Stack.pop", 9, &folder.open, &CancellationToken::new());
    assert_eq!(pop[0].text, "fn pop(&mut self) {\n    }");
}

#[test]
fn unsaved_text_is_what_counts() {
    let mut folder = Folder::new(&[("a.rs", "fn old() {}\n"), ("b.rs", "fn kept() {}\n")]);
    for name in ["a.rs", "new.rs"] {
        folder.open.insert(folder.root.join(name).unwrap(), Rope::from_str("\nfn fresh() {}\n"));
    }
    assert_eq!(folder.found("fresh", 9), ["a.rs:2-2 fn fresh", "new.rs:2-2 fn fresh"]);
    assert!(folder.found("old", 9).is_empty());
    assert_eq!(folder.found("kept", 9).len(), 1);
}

#[test]
fn what_is_spelled_as_asked_comes_first() {
    let folder =
        Folder::new(&[("a.py", "def fooBar():\n    pass\n"), ("b.rs", "fn foo_bar() {}\n")]);
    assert_eq!(folder.found("foo_bar", 9), ["b.rs:1-1 fn foo_bar", "a.py:1-2 def fooBar"]);
    assert_eq!(folder.found("fooBar", 1), ["a.py:1-2 def fooBar"]);
}

#[test]
fn a_name_is_told_by_its_longest_word() {
    assert_eq!(telling_part("Stack.pop_front"), Some("front"));
    assert_eq!(telling_part("parseHTTPRequest"), Some("HTTPRequest"));
    assert_eq!(telling_part("größteZahl"), Some("größte"));
    assert_eq!(telling_part("::->"), None);
}
