//! What is told of each kind of slip, and the legal code that must not alarm.

use protocol::AbsPath;

use super::{SyntaxErrors, new_syntax_errors};

fn errors(name: &str, before: Option<&str>, after: &str) -> SyntaxErrors {
    new_syntax_errors(&AbsPath::new(format!("/project/{name}")).unwrap(), before, after)
}

/// Checks the errors of a new text, as `line:column: message`.
#[track_caller]
fn told(name: &str, text: &str, expected: &[&str]) {
    let found = errors(name, None, text);
    let lines: Vec<String> =
        found.first.iter().map(|it| format!("{}:{}: {}", it.line, it.column, it.message)).collect();
    assert_eq!(lines, expected);
}

#[test]
fn the_word_that_does_not_fit_is_named() {
    told("a.rs", "fn f() {\n    let x = 1\n    g();\n}\n", &["3:5: unexpected `g` after `let x = 1`"]);
    told("a.py", "def f():\n    return g(1, 2\nx = 1\n", &[
        "3:3: unexpected `=` after `x`; the `(` in line 2 (`return g(1, 2`) seems not to be closed",
    ]);
    told("a.py", "class A\n    x = 1\n", &["2:5: unexpected indentation after `class A`"]);
    told("a.js", "const a = [1, 2;\n", &[
        "1:16: unexpected `;` after `const a = [1, 2`; the `[` in line 1 (`const a = [1, 2;`) seems not to be closed",
    ]);
    told("a.ts", "function f(a: number b: string) {}\n", &["1:22: unexpected `b` after `function f(a: number`"]);
    told("a.tsx", "const A = () => <b>x</i>;\n", &["1:23: unexpected `i` after `const A = () => <b>x</`"]);
    told("a.go", "package a\n\nfunc f() {\n\tx := g(1\n}\n", &[
        "4:10: unexpected end of the line after `x := g(1`; the `(` in line 4 (`x := g(1`) seems not to be closed",
    ]);
    told("a.java", "class A { int f( { return 1; } }\n", &[""]);
    told("a.lua", "local function f(\n  return 1\nend\n", &[""]);
    told("a.json", "{\n  \"a\": 1,\n}\n", &["3:1: unexpected `}` after `\"a\": 1,`"]);
    told("a.yaml", "a: [1, 2\nb: 3\n", &[""]);
}
