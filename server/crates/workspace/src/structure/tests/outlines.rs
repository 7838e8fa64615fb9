//! Outlines as lists of `depth kind name lines`, and symbols found by what people write.

use protocol::AbsPath;
use ropey::Rope;

use super::super::{Symbol, find_symbols, outline};

fn of(name: &str, text: &str) -> Vec<Symbol> {
    let path = AbsPath::new(format!("/{name}")).unwrap();
    outline(&path, &Rope::from_str(text)).unwrap()
}

#[track_caller]
fn check(name: &str, text: &str, expected: &[&str]) {
    let symbols = of(name, text).into_iter();
    let lines: Vec<String> = symbols
        .map(|it| {
            format!("{} {} {} {}-{}", it.depth, it.kind, it.name, it.lines.start, it.lines.end)
        })
        .collect();
    assert_eq!(lines, expected);
}

/// The paths of what is found, each with its first line.
fn found(name: &str, text: &str, wanted: &str) -> Vec<String> {
    let path = AbsPath::new(format!("/{name}")).unwrap();
    let symbols = find_symbols(&path, &Rope::from_str(text), wanted).into_iter();
    symbols.map(|it| format!("{}: {}", it.lines.start, it.path)).collect()
}

#[test]
fn an_outline_has_what_the_text_defines_in_order() {
    check(
        "a.rs",
        "use a;\nstruct S<T> {\n    t: T,\n}\n\nimpl<T> Display for S<T> {\n    fn fmt(&self) {}\n}\nconst A: u8 = 1;\ntype B = u8;\n",
        &["0 struct S 2-5", "0 impl S 6-9", "1 fn fmt 7-8", "0 const A 9-10", "0 type B 10-11"],
    );
    check(
        "a.py",
        "N = 1\nx, y = 1, 2\n@dec\nclass A:\n    z = 1\n    @property\n    def f(self):\n        g = 1\n\ntype T = int\n",
        &["0 variable N 1-2", "0 class A 3-9", "1 def f 6-9", "0 type T 10-11"],
    );
    check(
        "a.ts",
        "export const a = 1, b = () => {};\nlet { c } = d;\nexport default class E {\n  f = 1;\n  g() { const h = 1; }\n}\n",
        &["0 const a 1-2", "0 function b 1-2", "0 class E 3-7", "1 method g 5-6"],
    );
    check(
        "a.go",
        "package a\n\nvar (\n\tV int\n)\n\nfunc (s *Stack[T]) Pop() {\n\tvar x int\n}\n",
        &["0 var V 4-5", "0 func Stack.Pop 7-10"],
    );
    check("a.lua", "local M = {}\nfunction M.a:b()\nend\n", &["0 function M.a:b 2-4"]);
    check("a.sh", "f() {\n  :\n}\n", &["0 function f 1-4"]);
    check("a.json", "{\n  \"a\": {\n    \"b\": 1\n  }\n}\n", &["0 key a 2-5", "1 key b 3-4"]);
    check("a.css", "a {\n}\n@import \"b\";\n", &["0 rule a 1-3"]);
    check(
        "a.html",
        "<main>\n<h2>A\n<i>b</i></h2>\n</main>\n",
        &["0 element main 1-5", "1 heading A b 2-4"],
    );
    check(
        "a.md",
        "A\n=\nb\n## C\nd\n\n# E\n",
        &["0 heading A 1-7", "1 heading C 4-7", "0 heading E 7-8"],
    );
    check("a.rs", "// Nothing.\n", &[]);
}

#[test]
fn the_bytes_of_a_symbol_are_its_text() {
    let text = "# é\nclass A:\n    @b\n    def c(self): pass\n";
    let symbols = of("a.py", text);
    assert_eq!(&text[symbols[1].bytes.clone()], "@b\n    def c(self): pass");
    assert_eq!(symbols[1].path, "class A > def c");
}

#[test]
fn lines_are_counted_as_in_the_editor() {
    check("a.rs", "// a\r\nfn b() {\r\n}\r\n", &["0 fn b 2-4"]);
    check("a.rs", "// a\u{2028}b\nfn b() {}", &["0 fn b 2-3"]);
}

#[test]
fn a_symbol_is_found_by_what_people_write() {
    let text = "struct Stack;\nimpl Stack {\n    fn pop() {}\n}\nmod m {\n    impl Stack {\n        fn pop() {}\n    }\n}\nfn pop() {}\n";
    let in_stack = ["3: impl Stack > fn pop", "7: mod m > impl Stack > fn pop"];
    for wanted in ["Stack.pop", "Stack::pop", "Stack > pop", "Stack#pop", "stack.POP"] {
        assert_eq!(found("a.rs", text, wanted), in_stack, "{wanted}");
    }
    assert_eq!(found("a.rs", text, "pop").len(), 3);
    assert_eq!(found("a.rs", text, "m::pop"), in_stack[1..]);
    assert_eq!(found("a.rs", text, "Stack").len(), 3);
    assert_eq!(found("a.rs", text, "push"), [""; 0]);
    assert_eq!(found("a.rs", text, " . "), [""; 0]);
}

#[test]
fn names_with_dots_and_headings_are_found_as_well() {
    let go = "package a\nfunc (s *Stack) Pop() {}\n";
    assert_eq!(found("a.go", go, "Stack.Pop"), ["2: func (s *Stack) Pop"]);
    assert_eq!(found("a.lua", "function M.a:b() end\n", "M.b"), ["1: function M.a:b"]);
    assert_eq!(found("a.json", "{\"a.b\": {\"c\": 1}}", "a.b.c"), ["1: a.b > c"]);
    let markdown = "# Install guide\n## Step 2: go!\n";
    assert_eq!(found("a.md", markdown, "install-guide"), ["1: # Install guide"]);
    assert_eq!(found("a.md", markdown, "Step 2: go!"), ["2: # Install guide > ## Step 2: go!"]);
    assert_eq!(found("a.html", "<p id=x>a</p>", "#x"), ["1: p#x"]);
}

#[test]
fn nesting_and_numbers_have_limits() {
    let deep = format!("{}1{}", "{\"a\":".repeat(5_000), "}".repeat(5_000));
    let symbols = of("a.json", &deep);
    assert!(symbols.len() <= 32 && symbols.iter().all(|it| it.path.len() < 200));
    let many = format!("{{{}\"b\": 1}}", "\"a\":1,".repeat(10_001));
    assert_eq!(of("a.json", &many).len(), 10_000);
}
