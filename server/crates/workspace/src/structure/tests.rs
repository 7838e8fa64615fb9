//! One example for every kind of thing with a name, in every language.

use protocol::AbsPath;
use ropey::Rope;

use super::{parse::MAX_BYTES, symbol_path};

mod outlines;

/// What encloses the text between two `‸` (or at a single one).
fn around(name: &str, marked: &str) -> Option<String> {
    let start = marked.find('‸').unwrap();
    let text = marked.replacen('‸', "", 1);
    let end = text.find('‸').unwrap_or(start);
    let text = Rope::from_str(&text.replace('‸', ""));
    symbol_path(&AbsPath::new(format!("/{name}")).unwrap(), &text, start..end)
}

#[track_caller]
fn check(name: &str, marked: &str, expected: &str) {
    assert_eq!(around(name, marked).as_deref(), Some(expected));
}

#[test]
fn rust() {
    check("a.rs", "impl<T> Stack<T> {\n fn pop(&mut self) { ‸x‸ }\n}", "impl Stack<T> > fn pop");
    check(
        "a.rs",
        "mod m { impl fmt::Display\n for S { fn f() {‸} } }",
        "mod m > impl fmt::Display for S > fn f",
    );
    check("a.rs", "trait T { fn f(‸); }", "trait T > fn f");
    check("a.rs", "struct S { a: ‸u8 }", "struct S");
    check("a.rs", "enum E { ‸A }", "enum E");
    check("a.rs", "union U { ‸a: u8 }", "union U");
    check("a.rs", "const A: [u8; 1] = [‸1];", "const A");
    check("a.rs", "macro_rules! m { () => { ‸ } }", "macro m");
}

#[test]
fn python() {
    check("a.py", "class A(B):\n    async def f(self):\n        ‸return 1\n", "class A > def f");
    check("a.pyi", "def f(‸x: int) -> int: ...\n", "def f");
}

#[test]
fn javascript() {
    check("a.js", "class A { m() { ‸ } }", "class A > method m");
    check(
        "a.mjs",
        "export function f() { const g = async () => { ‸1 } }",
        "function f > function g",
    );
    check("a.cjs", "module.exports.f = function () { ‸1 }", "function module.exports.f");
    check("a.jsx", "const o = { key: () => <b>‸x</b> }", "const o > function key");
    check("a.js", "class A { field = () => { ‸1 } }", "class A > function field");
    check("a.js", "function* g() { ‸yield 1 }", "function g");
}

#[test]
fn typescript() {
    check("a.ts", "namespace N { interface I { ‸a: string } }", "namespace N > interface I");
    check(
        "a.ts",
        "abstract class A { private f = (): void => { ‸ } }",
        "abstract class A > function f",
    );
    check("a.mts", "enum E { ‸A }", "enum E");
    check("a.cts", "type T = { ‸a: 1 }", "type T");
    check("a.ts", "declare module 'x' { function f(): ‸void }", "module 'x' > function f");
    check("a.tsx", "const C: FC = () => <div>‸{x}</div>;", "function C");
}

#[test]
fn go() {
    check("a.go", "package a\nfunc F() { ‸x() }\n", "func F");
    check("a.go", "package a\nfunc (s *Stack) Pop() int { ‸return 1 }\n", "func (s *Stack) Pop");
    check("a.go", "package a\ntype T struct { ‸a int }\n", "type T");
}

#[test]
fn lua() {
    check("a.lua", "function M.f() ‸x() end", "function M.f");
    check("a.lua", "local function f() ‸x() end", "function f");
    check("a.lua", "function M:f() ‸x() end", "function M:f");
    check("a.lua", "M.f = function() ‸x() end", "function M.f");
    check("a.lua", "local f = function() ‸x() end", "function f");
    check("a.lua", "return { f = function() ‸x() end }", "function f");
}

#[test]
fn java() {
    check("A.java", "class A { void f() { Runnable r = () -> { ‸g(); }; } }", "class A > method f");
    check("A.java", "record R(int a) { R { ‸b(); } }", "record R > constructor R");
    check("A.java", "interface I { enum E { ‸X } }", "interface I > enum E");
    check("A.java", "@interface An { int ‸v(); }", "@interface An");
    check("A.java", "class A { A() { ‸} static int n = 1; }", "class A > constructor A");
    check("A.java", "class A { static final int N = ‸1; }", "class A > field N");
}

#[test]
fn c() {
    check("a.c", "#ifdef A\nstatic int *f(int a) { ‸return 0; }\n#endif\n", "function f");
    check("a.c", "int (*f(void))(int) { ‸return g; }", "function f");
    check("a.h", "int f(‸void);", "function f");
    check("a.c", "typedef struct S { int ‸a; } T;", "typedef T > struct S");
    check("a.c", "union U { int ‸a; };\nenum E { A };", "union U");
    check("a.c", "#define MAX(a, b) ‸a\n", "#define MAX");
    assert_eq!(around("a.c", "struct S *‸s;"), None);
}

#[test]
fn bash() {
    check("a.sh", "f() {\n  ‸echo\n}\n", "function f");
    check(".bashrc", "function g { ( ‸echo ) }\n", "function g");
}

#[test]
fn json() {
    check("a.json", "{\"a\": {\"b c\": [1, {\"d\": ‸2}]}}", "a > b c > d");
    check("a.jsonc", "{ // Why.\n \"a\": ‸true, }", "a");
}

#[test]
fn yaml() {
    check("a.yml", "a:\n  'b':\n  - {c: ‸1}\n", "a > b > c");
    check("a.yaml", "a: 1\n---\nb: |\n  ‸text\n", "b");
}

#[test]
fn css() {
    check(
        "a.css",
        "@media (width > 1px) { .a,\n#b > c { ‸d: e } }",
        "@media (width > 1px) > .a, #b > c",
    );
    check("a.css", "@keyframes spin { 50% { ‸top: 0 } }", "@keyframes spin");
    check("a.css", ".a { .b { ‸c: d } }", ".a > .b");
    check("a.css", "@layer base { a { ‸b: c } }", "@layer base > a");
}

#[test]
fn html() {
    check(
        "a.html",
        "<html><body><div class=x><p id='a'>‸b</p></div></body></html>",
        "html > body > p#a",
    );
    check("a.html", "<main><h1>A <b>big</b> one‸</h1></main>", "main > h1 A big one");
    check("a.html", "<my-tag><script>‸let a</script></my-tag>", "my-tag > script");
}

#[test]
fn markdown() {
    let text = "---\na: b\n---\n# One `c` #\n\nTwo\n---\n‸x\n\n```\n# not\n```\n# Three\n";
    check("a.md", text, "# One `c` > ## Two");
    check("a.md", "# A\n### B\n## C\n‸d\n", "# A > ## C");
    assert_eq!(around("a.md", "‸a\n\n# B\n"), None);
}

#[test]
fn a_file_without_an_ending_is_known_by_its_first_line() {
    check("a", "#!/usr/bin/env -S python3.12 -u\ndef f():\n    ‸pass\n", "def f");
    check("a", "#!/bin/sh -e\nf() { ‸a; }\n", "function f");
    check("a", "#! /usr/bin/node\nfunction f() { ‸}\n", "function f");
    assert_eq!(around("a.txt", "#!/bin/sh\nf() { ‸a; }\n"), None);
}

#[test]
fn a_selection_of_whole_lines_is_what_stands_in_them() {
    let text = "impl S {\n‸    fn f() {\n        1\n    }\n‸\n    fn g() {}\n}\n";
    check("a.rs", text, "impl S > fn f");
    check("a.rs", "impl S {\n‸    fn f() {}\n\n    fn g() {}\n‸}\n", "impl S");
    check("a.rs", "fn f() {\n‸\n\n‸}\n", "fn f");
}

#[test]
fn a_text_with_errors_is_understood_as_far_as_it_goes() {
    check("a.rs", "fn whole() {}\nfn broken() { let x = ‸;\n}\nfn more( {", "fn broken");
}

#[test]
fn where_nothing_is_known_nothing_is_said() {
    assert_eq!(around("a.rs", "use std::‸fs;\nfn f() {}\n"), None);
    assert_eq!(around("a.txt", "fn f() { ‸ }"), None);
    assert_eq!(around("Makefile", "fn f() { ‸ }"), None);
    assert_eq!(around("a.rs", "‸"), None);
    let big = format!("fn f() {{ ‸ }}\n//{}", "x".repeat(MAX_BYTES));
    assert_eq!(around("a.rs", &big), None);
}

#[test]
fn ranges_that_are_not_in_the_text_do_no_harm() {
    let path = AbsPath::new("/a.rs").unwrap();
    let text = Rope::from_str("fn größe() {}");
    let (inside, reversed) = (6..7, std::ops::Range { start: 9, end: 3 });
    assert_eq!(symbol_path(&path, &text, 100..200), None);
    for range in [inside, reversed, 0..usize::MAX] {
        assert_eq!(symbol_path(&path, &text, range).as_deref(), Some("fn größe"));
    }
}

#[test]
fn long_names_are_cut() {
    let name = "n".repeat(200);
    let path = around("a.rs", &format!("fn {name}() {{ ‸ }}")).unwrap();
    assert_eq!(path, format!("fn {}…", "n".repeat(80)));
}
