//! What is told of each kind of slip, and the legal code that must not alarm.

use protocol::AbsPath;

use super::{super::parse::MAX_BYTES, SyntaxErrors, new_syntax_errors};

fn errors(name: &str, before: Option<&str>, after: &str) -> SyntaxErrors {
    new_syntax_errors(&AbsPath::new(format!("/project/{name}")).unwrap(), before, after)
}

/// The errors of a text, as `line:column: message`.
fn told(name: &str, before: Option<&str>, after: &str) -> Vec<String> {
    let found = errors(name, before, after).first.into_iter();
    found.map(|it| format!("{}:{}: {}", it.line, it.column, it.message)).collect()
}

#[track_caller]
fn wrong(name: &str, text: &str, expected: &str) {
    assert_eq!(told(name, None, text), [expected]);
}

#[track_caller]
fn right(name: &str, text: &str) {
    assert_eq!(told(name, None, text), [""; 0], "{name}:\n{text}");
}

#[test]
fn the_word_that_does_not_fit_is_named() {
    wrong(
        "a.rs",
        "fn f() {\n    let x = 1\n    g();\n}\n",
        "3:5: unexpected `g` after `let x = 1`",
    );
    wrong("a.rs", "fn f() {}\n```\n", "2:1: unexpected ``` after `fn f() {}`");
    wrong("a.rs", "fn a() {}\n}\n", "2:1: unexpected `}` after `fn a() {}`");
    wrong("a.py", "class A\n    x = 1\n", "2:5: unexpected `x` after `class A`");
    wrong("a.py", "print(\"a\" \"b\" c)\n", "1:15: unexpected `c` after `print(\"a\" \"b\"`");
    wrong("a.js", "let a = {b: 1 c: 2};\n", "1:15: unexpected `c` after `let a = {b: 1`");
    wrong(
        "a.ts",
        "function f(a: number b: string) {}\n",
        "1:22: unexpected `b` after `function f(a: number`",
    );
    wrong("a.go", "package a\n\nfunc f() {\n\tx := := 1\n}\n", "4:7: unexpected `:=` after `x :=`");
    wrong(
        "a.java",
        "class A { int f() { return 1 } }\n",
        "1:30: unexpected `}` after `class A { int f() { return 1`; `;` may be missing",
    );
    wrong(
        "a.lua",
        "x = {\n  a = 1\n  b = 2\n}\n",
        "3:3: unexpected `b` after `a = 1`; `;` may be missing",
    );
    wrong("a.json", "{\n  \"a\": 1,\n}\n", "3:1: unexpected `}` after `\"a\": 1,`");
    wrong("a.yaml", "a: 1\n  b: 2\n", "2:4: unexpected `:` after `b`");
}

#[test]
fn a_bracket_without_a_partner_is_named_with_its_line() {
    wrong(
        "a.rs",
        "fn a() {\n    if x {\n        b();\n}\n\nfn c() {}\n",
        "6:10: the text ends too early after `fn c() {}`; the `{` in line 2 (`if x {`) seems not to be closed",
    );
    wrong(
        "a.py",
        "def f():\n    return g(1, 2\nx = 1\n",
        "3:1: unexpected `x` after `return g(1, 2`; the `(` in line 2 (`return g(1, 2`) seems not to be closed",
    );
    wrong(
        "a.tsx",
        "const a = [1, <b>x</b>;\n",
        "1:23: unexpected `;` after `const a = [1, <b>x</b>`; the `[` in line 1 (`const a = [1, <b>x</b>;`) seems not to be closed",
    );
    wrong(
        "a.go",
        "package a\nfunc f() {\n\tif x {\n\t\ty()\n}\n",
        "5:2: the text ends too early after `}`; the `{` in line 3 (`if x {`) seems not to be closed",
    );
}

#[test]
fn a_string_without_an_end_is_named() {
    wrong("a.py", "x = \"abc\ny = 1\n", "1:6: the string that begins with `abc` is not closed");
    wrong(
        "a.js",
        "const x = \"abc\nlet y = 1\n",
        "2:1: the string that begins with `\"abc` is not closed",
    );
}

#[test]
fn python_is_held_to_its_indentation() {
    let text = "def f():\n    a = 1\n      b = 2\n";
    wrong("a.py", text, "3:7: `b` is not indented like its block after `a = 1`");
    let text = "def f():\n    a = 1\n  b = 2\n";
    wrong("a.py", text, "3:3: `b` is not indented like its block after `a = 1`");
    wrong("a.py", "def f():\nreturn 1\n", "2:1: an indented block is missing after `def f():`");
    right("a.py", "if a: b; c\nelse:\n\td\n# e\n\n  # f\nif g: \\\n  h\nx = [\n1,\n  2]\n");
    right("a.py", "class A:\n    '''a\nb'''\n    # c\n  # d\n    @e\n    def f(self): ...\n");
}

#[test]
fn braces_of_languages_with_weak_grammars_are_counted() {
    let c = "int f(void)\n{\n    FOREACH(a, b) { g(); }\n}\n";
    let expected = ["2:1: the `{` in line 2 (`{`) is never closed"];
    assert_eq!(told("a.c", Some(c), &c[..c.len() - 2]), expected);
    let css = "a { b: c }\n";
    let expected = ["2:1: the `}` closes nothing: there is one too many, or its partner is gone"];
    assert_eq!(told("a.css", Some(css), "a { b: c }\n}\n"), expected);
    // A C header may be C++; branches of an `#if` may open one block twice.
    assert_eq!(told("a.h", Some(c), &c[..c.len() - 2]), [""; 0]);
    let branches = "#ifdef A\nint f(void) {\n#else\nint f(int a) {\n#endif\n}\n";
    assert_eq!(told("a.c", Some(c), branches), [""; 0]);
    assert_eq!(told("a.c", Some(branches), "int f(void) {"), [""; 0]);
}

#[test]
fn errors_from_before_are_not_told_again() {
    let before = "fn a() {\n    let = 1;\n}\n";
    assert_eq!(told("a.rs", Some(before), "\n\n// Moved.\nfn a() {\n    let = 1;\n}\n"), [""; 0]);
    assert_eq!(told("a.rs", Some(before), before), [""; 0]);
    let more = "fn b() {\n    2 += ;\n}\n\nfn a() {\n    let = 1;\n}\n";
    assert_eq!(told("a.rs", Some(before), more), ["2:10: unexpected `;` after `2 +=`"]);
    let twice = "fn a() {\n    let = 1;\n}\nfn b() {\n    let = 1; let = 2;\n}\n";
    let expected = ["5:9: unexpected `=` after `let`", "5:18: unexpected `=` after `let = 1; let`"];
    assert_eq!(told("a.rs", Some(before), twice), expected);
    assert_eq!(told("a.rs", Some(before), "fn a() {}\n"), [""; 0]);
}

#[test]
fn many_errors_are_counted() {
    let text = "fn f() {\n    let = 1;\n}\n".repeat(8);
    let found = errors("a.rs", None, &text);
    assert_eq!((found.first.len(), found.more), (5, 3));
    assert!(found.first.iter().map(|it| it.line).eq([2, 5, 8, 11, 14]));
}

#[test]
fn columns_are_characters() {
    wrong(
        "a.rs",
        "fn f() { let größe = é é; }\n",
        "1:24: unexpected `é` after `fn f() { let größe = é`",
    );
}

#[test]
fn legal_rust_does_not_alarm() {
    right("a.rs", "macro_rules! m { ($($a:tt)*) => { $($a)* }; ([$] ~ $b:ident) => { $b } }\n");
    right(
        "a.rs",
        "fn f() -> Result<()> { let a = try!(g()); m!(~ => $ , }{ ); Ok(()) }\n"
            .replace("}{ ", "")
            .as_str(),
    );
    right("a.rs", "type Hours = ri8<-25, 25>;\nextern \"C\" { type A; safe fn f(); }\n");
    right(
        "a.rs",
        "fn f() where (): A, for<'a> &'a B: C, { let c = async move || { &raw const d }; }\n",
    );
    right(
        "a.rs",
        "fn f() { let Some(x) = y else { return }; let a = b'\\''; r#\"\"}\"#; 'a: loop { break 'a } }\n",
    );
    right(
        "a.rs",
        "fn f() { if let Some(a) = b && let c = d { #[cfg(e)] g(#[h] i); } }\nconst _: () = { assert!(1 < 2) };\n",
    );
    right(
        "a.rs",
        "#!/usr/bin/env cargo\n//! a\nuse a::{self, b as _};\nimpl<const N: usize> A<{ N + 1 }> for [u8; N] {}\n",
    );
    right(
        "a.rs",
        "fn f() { input.parse::<raw>()?; let a: unsafe fn() = safe; }\nauto trait A {}\n",
    );
}

#[test]
fn legal_python_does_not_alarm() {
    right(
        "a.py",
        "type X[T: int = str, *Ts, **P] = dict[T, X]\ndef f[T](a, /, b: T, *, c=1, **d) -> T: ...\n",
    );
    right(
        "a.py",
        "match a:\n    case [1, *_, {'b': c, **d}] | A(x=1) if e:\n        pass\n    case _: pass\n",
    );
    right(
        "a.py",
        "x = f'{a!r:>{width}} {f\"{f'{b}'}\"} {{}} {c=}' rb'\\x' \"\"\"d\n\"e\"\"\"\"\n"
            .replace("\"e\"\"\"\"", "e\"\"\"")
            .as_str(),
    );
    right(
        "a.py",
        "try:\n    pass\nexcept* (A, B) as e:\n    raise C from e\nwith (open(a) as b, c):\n    print(b := 1, *d)\n",
    );
    right("a.py", "print 'Python 2'\nexec code in scope\nexec 'a %s' % b in c\n");
    right(
        "a.py",
        "async def f():\n    return [x async for x in y if await z], lambda *a, b=1: (yield)\n",
    );
}

#[test]
fn legal_scripts_do_not_alarm() {
    right("a.js", "#!/usr/bin/env node\n<!-- a\nlet a = b\n++c\nlabel: for await (const [d, ...e] of f) continue label\n".replace("<!-- a\n", "").as_str());
    right(
        "a.js",
        "export { a as default, b as function } from 'c' with { type: 'json' }\nclass A { static #b = 1; static { } get = 1; async *[c]() { } }\n",
    );
    right("a.jsx", "const a = <A {...b} c:d='e' f={<></>}>g & h {/* i */} &nbsp; <j.k/></A>\n");
    right(
        "a.js",
        "a ??= b?.[c] ?? /[/]}/gv.test(`${`{`}`) ? 1_000n : 0x1F\n// @flow would be another language\nlet x: number = 1\n",
    );
    right(
        "a.ts",
        "const a = { b: 1 } satisfies C as const; let d = <T,>(x: T): x is T => e!; type F = `a${string}`\n",
    );
    right(
        "a.ts",
        "@dec({ a: 1 }) class A<in out T> { @b() accessor c!: string; constructor(private readonly d?: number) { super() } }\n",
    );
    right(
        "a.ts",
        "declare global { interface W { a: import('b').C<D>[]; (e: F): void\n  <G>(h: G): G } }\nasserts: for (;;) break asserts\n",
    );
    right(
        "a.ts",
        "abstract class A { abstract get b(): string; static override async *c<T extends keyof A = 'b'>(this: A) {} }\n",
    );
    right(
        "a.tsx",
        "const a = <T,>(b: T) => <C<T> d={b as any}>{...e}</C>; function f(x: string): asserts x is 'a' {}\n",
    );
    right("a.d.ts", "export = function f(): void;\n");
    right("a.vue", "<template><a :b=\"c\"></template>\n");
}

#[test]
fn other_legal_code_does_not_alarm() {
    right(
        "a.go",
        "package a\n\nfunc F[K comparable, V ~int | ~string](m map[K]V) (r <-chan struct{}) { goto L\nL:\n\tfor i := range 10 { select { case <-r: default: } }\n\treturn }\n",
    );
    right(
        "a.java",
        "record A<T>(int... b) { A { } sealed interface S permits X {} String t = \"\"\"\n a \"b\n \"\"\"; int f(Object o) { return switch (o) { case A(var c) when c > 1 -> 2; case null, default -> { yield 3; } }; } }\n",
    );
    right(
        "a.lua",
        "#!/usr/bin/lua\nlocal a <const>, b <close> = 1, [==[ ]] ]==]\ngoto c\n::c:: a = b // 2 ~ 3 & 4; f{...}'x':m\"y\"\n",
    );
    right("a.json", "{\"a\": [1.5e3, -0, null, \"\\u00e9\"], \"a\": {}}\n");
    right(
        "a.yaml",
        "%YAML 1.2\n---\n&a b: *c\n? [d, e]\n: |2-\n   f: {\n\"g\": !!str h\ni:\n- j\n- - k\n...\n---\nl\n",
    );
    right(
        "a.css",
        "@container (width > 1px) { &:has(> a)::before { --b: ; background: url(./c.svg) } }\n",
    );
    right("a.c", "#if A\nint f() {\n#else\nint g() {\n#endif\n  MACRO(a b) }\n");
    right(
        "a.sh",
        "cat <<'E' | while read -r a; do\n  ( ${b} {\nE\n  for c do case $c in (d) ;; e) ;& esac; done; done\n",
    );
    right("a.html", "<p>a<li>b < c & d<br></ul>\n{{ e }}\n");
    right("a.md", "# a\n```\n{ (\n<b>\n");
}

#[test]
fn json_that_is_not_strict_is_left_alone() {
    let text = "{\n  // Why.\n  \"a\": [1,],\n}\n";
    for name in ["tsconfig.json", "tsconfig.app.json", ".vscode/launch.json", "a.jsonc", "b.json"] {
        right(name, text);
    }
    right(".vscode/settings.json", "{\"a\": 1,}\n");
    right(".eslintrc", "{a: 'b'}\n");
    right("a.json5", "{a: +1,}\n");
    right("template.json", "{\"a\": {{ b }}, {% if c %}}\n");
    right("chart.yaml", "{{- if .Values.a }}\na: {{ b }}\n  {{- end }}\n");
}

#[test]
fn what_is_too_much_is_not_checked() {
    right("a.rs", &format!("fn f( {{\n//{}", "x".repeat(MAX_BYTES)));
    right("a.txt", "fn f( {");
    // Deep nesting takes no stack, and many errors are still few lines.
    let deep = "[".repeat(50_000);
    assert!(errors("a.json", None, &deep).first.len() <= 5);
    assert!(errors("a.rs", None, &"fn ( } let [".repeat(2_000)).first.len() <= 5);
}
