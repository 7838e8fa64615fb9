//! What is right although the grammars say it is wrong.
//!
//! Each line is a construct that was found in valid sources; where the parser fails at one,
//! nothing is told about that text. It costs little: code with a real error seldom fails there.

use protocol::AbsPath;

use super::{super::language::Language, failures::Failure};

/// Whether a grammar fails here because it does not know the construct.
pub(super) fn is_gap(language: Language, text: &str, failure: &Failure) -> bool {
    let known = text[..failure.after].trim_end();
    let next = &text[failure.token..];
    let between = &text[failure.after..failure.token];
    match language {
        Language::Rust => rust(known, next),
        Language::Python => python(known, &failure.lookahead),
        Language::JavaScript => script(known, next),
        Language::TypeScript | Language::Tsx => {
            script(known, next) || typescript(known, between, next)
        }
        Language::Json => json(known, next),
        Language::Java => java(known, next),
        // `var ( a int )` in one line.
        Language::Go => next.starts_with(')') && last_line(known).starts_with("var ("),
        // A directive between documents.
        Language::Yaml => next.starts_with('%'),
        _ => false,
    }
}

fn rust(known: &str, next: &str) -> bool {
    let word = last_word(known);
    let starts = |words: &[&str]| words.iter().any(|word| next.starts_with(word));
    // `try!(…)`, `str![…]`; a macro as a type in a bound.
    !word.is_empty() && starts(&["!(", "![", "!{"])
        // `~` and a lone `$` are tokens for macros only.
        || starts(&["~", "$"])
        || known.ends_with(['$', '~'])
        // `Range<-5, 5>`
        || known.ends_with('<') && next.starts_with('-')
        // `where (): Trait`, `struct A where B: C;`, `type A where B: C = D;`
        || known.ends_with('(') && starts(&["):", ") :"])
        || starts(&[";", "="]) && statement(known).contains("where")
        // An attribute in an expression or a pattern.
        || next.starts_with('#')
        // `where C: ,`
        || known.ends_with(':') && next.starts_with([',', '{'])
        // `extern { type A; }`
        || next.starts_with(';') && last_line(known).contains("type ")
        // `safe fn`, `f::<raw>`, `unsafe static`, `auto trait`, `impl const A`
        || matches!(word, "safe" | "raw" | "gen" | "auto" | "box")
        || starts(&["safe ", "static "])
        || known.ends_with("impl const")
        // `Range::<T> { start, end }` as a pattern, `Tuple { 0: a }`
        || known.ends_with('>') && next.starts_with('{')
        || known.ends_with('{') && next.starts_with(|char: char| char.is_ascii_digit())
        // `\u{4_e}`
        || next.starts_with("\\u{")
}

fn python(known: &str, lookahead: &str) -> bool {
    // `(a.` at the end of a line.
    known.ends_with('.') && matches!(lookahead, "_dedent" | "_indent" | "_newline")
        // `class A[T = int]`
        || lookahead == "=" && matches!(first_word(known), "type" | "class" | "def" | "async")
        // Python 2: `exec code % name in scope`.
        || last_line(known).starts_with("exec ")
}

fn java(known: &str, next: &str) -> bool {
    // Statements before `super(…)`; `import module java.base`
    matches!(last_word(known), "super" | "this") && next.starts_with('(')
        || known.ends_with("import module")
}

fn script(known: &str, next: &str) -> bool {
    let statement = statement(known);
    let is_list = |word: &&str| statement.trim_start().starts_with(*word);
    // `export { a as function }`, `export { function, a }`
    matches!(last_word(known), "as" | "using" | "accessor" | "defer" | "source")
        || ["export", "import", "}", "{"].iter().any(is_list)
            && known.ends_with([',', '{'])
            && next.starts_with(|char: char| char.is_ascii_lowercase())
        // A line that begins with `[...a].forEach(…)`.
        || known.ends_with('[') && next.starts_with("...")
        // A lone `&` in the text of an element.
        || next.starts_with('&')
}

fn typescript(known: &str, between: &str, next: &str) -> bool {
    let word = last_word(known);
    // `<in out T>`, `global {`, `export type * from`
    matches!(word, "in" | "out" | "global")
        || word == "type" && next.starts_with('*')
        // `import("a").B<C>`, `import("a").B[]`
        || statement(known).contains("import(")
        // A call signature that begins a line.
        || between.contains('\n') && next.starts_with(['<', '(', '['])
        || last_line(known).starts_with('<') && next.starts_with('>')
        // `<A>(a: A): void` after such a line, `f: (string) => string`
        || known.ends_with('>') && next.starts_with('(')
        || known.ends_with(')') && next.starts_with("=>")
}

fn json(known: &str, next: &str) -> bool {
    // `1.5e3`; something else under the name of JSON.
    known.ends_with(|char: char| char.is_ascii_digit()) && next.starts_with(['e', 'E'])
        || known.is_empty()
}

/// Whether a `.json` file is read by a program that allows comments and commas at the end.
pub(super) fn is_lenient_json(path: &AbsPath) -> bool {
    let name = path.file_name().unwrap_or_default();
    let lenient_names = [
        "api-extractor",
        "biome",
        "components",
        "deno",
        "jsconfig",
        "keybindings",
        "keymap",
        "language-configuration",
        "launch",
        "nx",
        "oxlintrc",
        "project",
        "pyrightconfig",
        "rush",
        "settings",
        "tasks",
        "tsconfig",
        "tslint",
        "turbo",
        "typedoc",
        "wrangler",
    ];
    let first = name.trim_start_matches('.').split('.').next().unwrap_or_default();
    !name.ends_with(".json") && !name.ends_with(".geojson") && !name.ends_with(".webmanifest")
        || name.starts_with('.')
        || lenient_names.iter().any(|it| first == *it || name.starts_with("tsconfig"))
        || path.as_utf8_path().components().any(|folder| {
            matches!(folder.as_str(), ".vscode" | ".zed" | ".devcontainer" | ".cursor" | ".config")
        })
}

/// The name at the end of a text, or nothing.
fn last_word(text: &str) -> &str {
    let start = text.rfind(|char: char| !char.is_alphanumeric() && char != '_');
    match start.and_then(|start| text[start..].chars().next().map(|it| start + it.len_utf8())) {
        Some(start) => &text[start..],
        None => text,
    }
}

/// The first name in the last line of a text.
fn first_word(text: &str) -> &str {
    last_line(text).split(|char: char| !char.is_alphanumeric()).next().unwrap_or_default()
}

fn last_line(text: &str) -> &str {
    text.rsplit('\n').next().unwrap_or_default().trim_start()
}

/// What stands behind the last `;` or the last brace that ends a line, within reason.
fn statement(known: &str) -> &str {
    let from = known.floor_char_boundary(known.len().saturating_sub(2000));
    let near = &known[from..];
    let ends = [";\n", "}\n", "{\n"];
    let start = ends.iter().filter_map(|end| near.rfind(end)).max().map_or(0, |end| end + 2);
    &near[start..]
}
