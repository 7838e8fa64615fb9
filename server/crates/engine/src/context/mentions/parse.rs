//! Where a prompt mentions something, by its text alone.
//!
//! A mention begins with `@` at the beginning of a word. Between backticks nothing is one: that
//! is how people write decorators and addresses. Whether `@param` or `@scope/package` is one is
//! for the caller to find out: it is, if there is something of that name.

use std::ops::Range;

/// A mention as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    /// With the `@`.
    pub(crate) text: String,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// `@selection`
    Selection,
    /// `@problems`
    Problems,
    /// `@diff`
    Diff,
    /// `@sym:Stack.pop`
    Symbol(String),
    /// A path or a symbol.
    Name {
        name: String,
        /// The lines that are meant, counted from 1, the last one included.
        lines: Option<(u32, u32)>,
        /// Whether it can be nothing but a path: if there is none, that is worth a word.
        is_path: bool,
    },
}

/// The words that stand for something by themselves, and what that is.
pub(crate) const WORDS: &[(&str, &str)] = &[
    ("selection", "What is selected in the editor"),
    ("problems", "What the editor's language servers complain about"),
    ("diff", "The changes since the last commit"),
];

/// What says that a name is a symbol.
pub(crate) const SYMBOL: &str = "sym:";

/// Endings by which a name without a folder is known as a file's. Others may be a method's:
/// `@Stack.pop`.
#[rustfmt::skip]
const ENDINGS: &[&str] = &[
    "bash", "bat", "c", "cc", "cfg", "cjs", "conf", "cpp", "cs", "css", "csv", "cxx", "dart", "diff",
    "ex", "exs", "go", "gradle", "graphql", "h", "hpp", "hs", "htm", "html", "ini", "ipynb", "java",
    "jpeg", "jpg", "js", "json", "jsonc", "jsx", "kt", "less", "lock", "log", "lua", "m", "md",
    "mdx", "mjs", "ml", "mts", "nix", "patch", "pdf", "php", "pl", "png", "proto", "ps1", "py",
    "pyi", "r", "rb", "rs", "rst", "scala", "scss", "sh", "sql", "svelte", "svg", "swift", "tf",
    "toml", "ts", "tsv", "tsx", "txt", "vim", "vue", "xml", "yaml", "yml", "zig", "zsh",
];

/// What a text mentions, in its order, each thing once.
pub(crate) fn mentions(text: &str) -> Vec<Mention> {
    let mut found: Vec<Mention> = Vec::new();
    let code = code(text);
    let mut from = 0;
    while let Some(at) = text[from..].find('@').map(|at| from + at) {
        from = at + 1;
        if code.iter().any(|code| code.contains(&at)) || !begins_word(&text[..at]) {
            continue;
        }
        if let Some((end, mention)) = mention(&text[at..]) {
            from = at + end;
            if !found.contains(&mention) {
                found.push(mention);
            }
        }
    }
    found
}

/// Whether a word can begin after this text: not in the middle of `ann@example.org`.
pub(crate) fn begins_word(before: &str) -> bool {
    let last = before.chars().next_back();
    last.is_none_or(|char| char.is_whitespace() || "([{<\"'“‘«,;:*".contains(char))
}

/// The mention at the beginning of a text, and where it ends.
fn mention(text: &str) -> Option<(usize, Mention)> {
    let rest = &text[1..];
    if let Some(quoted) = rest.strip_prefix('"') {
        let end = quoted.find(['"', '\n']).filter(|end| quoted[*end..].starts_with('"'))?;
        let (lines, length) = range_at(&quoted[end + 1..]);
        let name = quoted[..end].to_owned();
        let end = 1 + 1 + end + 1 + length;
        let what = What::Name { name, lines, is_path: true };
        return (end > 3).then(|| (end, Mention { text: text[..end].to_owned(), what }));
    }
    let is_end = |char: char| char.is_whitespace() || "\"'`<>,;|@“”’".contains(char);
    let word = &rest[..rest.find(is_end).unwrap_or(rest.len())];
    let word = trimmed(word);
    if word.is_empty() {
        return None;
    }
    let end = 1 + word.len();
    Some((end, Mention { text: text[..end].to_owned(), what: what(word) }))
}

fn what(word: &str) -> What {
    match word {
        "selection" => return What::Selection,
        "problems" => return What::Problems,
        "diff" => return What::Diff,
        _ => {}
    }
    if let Some(name) = word.strip_prefix(SYMBOL) {
        return What::Symbol(name.to_owned());
    }
    let (name, lines) = match word.find(':').map(|at| (at, range_at(&word[at..]))) {
        Some((at, (Some(lines), length))) if at + length == word.len() => {
            (&word[..at], Some(lines))
        }
        _ => (word, None),
    };
    What::Name { name: name.to_owned(), lines, is_path: lines.is_some() || is_path(name) }
}

/// The word without the punctuation of the sentence around it.
fn trimmed(word: &str) -> &str {
    let mut word = word;
    while let Some(last) = word.chars().next_back() {
        let opening = match last {
            ')' => '(',
            ']' => '[',
            '}' => '{',
            '.' | ':' | '!' | '?' | '*' | '_' | '…' => '\0',
            _ => break,
        };
        let count = |wanted: char| word.chars().filter(|char| *char == wanted).count();
        if opening != '\0' && count(opening) >= count(last) {
            break;
        }
        word = &word[..word.len() - last.len_utf8()];
    }
    word
}

/// `:10`, `:10-20` or `:10:5` at the beginning of a text, and how long that is.
fn range_at(text: &str) -> (Option<(u32, u32)>, usize) {
    let number = |text: &str| {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        text[..digits].parse::<u32>().ok().map(|number| (number.max(1), digits))
    };
    let Some((first, length)) = text.strip_prefix(':').and_then(number) else { return (None, 0) };
    let at = 1 + length;
    match text[at..].strip_prefix('-').and_then(number) {
        Some((last, more)) => (Some((first.min(last), first.max(last))), at + 1 + more),
        None => {
            // An editor's way to name a place has the column behind the line.
            let column = text[at..].strip_prefix(':').and_then(number);
            (Some((first, first)), at + column.map_or(0, |(_, more)| 1 + more))
        }
    }
}

/// Whether a name can be nothing but a path.
fn is_path(name: &str) -> bool {
    let last = name.rsplit('/').next().unwrap_or_default();
    let ending = last.rsplit_once('.').map(|(_, ending)| ending).unwrap_or_default();
    if !name.contains('/') {
        return ENDINGS.contains(&ending.to_lowercase().as_str());
    }
    let begins = ["/", "./", "../", "~/"].iter().any(|begin| name.starts_with(begin));
    let is_ending =
        (1..=8).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_alphanumeric());
    begins || name.ends_with('/') || is_ending
}

/// Where a text has code by the rules of Markdown: between fences and between backticks.
pub(crate) fn code(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // Where prose began, and where an open fence began with its mark.
    let (mut prose, mut fence) = (0, None::<(usize, &str)>);
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        let shown = line.trim_start();
        match fence {
            Some((start, mark)) => {
                let closes = shown.trim_end().trim_start_matches(&mark[..1]).is_empty();
                if closes && shown.starts_with(mark) {
                    found.push(start..end);
                    (prose, fence) = (end, None);
                }
            }
            None if shown.starts_with("```") || shown.starts_with("~~~") => {
                spans(text, prose..at, &mut found);
                fence = Some((at, &shown[..mark_length(shown)]));
            }
            // A span does not reach beyond its paragraph.
            None if shown.is_empty() => {
                spans(text, prose..at, &mut found);
                prose = end;
            }
            None => {}
        }
        at = end;
    }
    match fence {
        Some((start, _)) => found.push(start..text.len()),
        None => spans(text, prose..text.len(), &mut found),
    }
    found
}

fn mark_length(text: &str) -> usize {
    let first = text.chars().next();
    text.chars().take_while(|char| Some(*char) == first).count()
}

/// Adds what stands between two runs of equally many backticks.
fn spans(text: &str, range: Range<usize>, found: &mut Vec<Range<usize>>) {
    let mut at = range.start;
    while let Some(start) = text[at..range.end].find('`').map(|from| at + from) {
        let length = mark_length(&text[start..range.end]);
        let after = start + length;
        let mut search = after;
        at = after;
        while let Some(next) = text[search..range.end].find('`').map(|from| search + from) {
            let run = mark_length(&text[next..range.end]);
            if run == length {
                found.push(start..next + run);
                at = next + run;
                break;
            }
            search = next + run;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        mentions(text).into_iter().map(|mention| mention.text).collect()
    }

    fn named(text: &str) -> (String, Option<(u32, u32)>, bool) {
        match mentions(text).remove(0).what {
            What::Name { name, lines, is_path } => (name, lines, is_path),
            what => panic!("{what:?}"),
        }
    }

    #[test]
    fn a_mention_ends_where_the_word_does() {
        assert_eq!(
            texts("See @src/a.rs, (@lib/), @b.ts: and @c.md."),
            ["@src/a.rs", "@lib/", "@b.ts", "@c.md"]
        );
        assert_eq!(
            texts("**@a.rs** \"@b.rs\" @c.rs's '@d.rs'"),
            ["@a.rs", "@b.rs", "@c.rs", "@d.rs"]
        );
        assert_eq!(texts("@app/[slug]/(group)/page.tsx?"), ["@app/[slug]/(group)/page.tsx"]);
        assert_eq!(texts("@a.rs and again @a.rs"), ["@a.rs"]);
        assert_eq!(texts("@größe/übung.py"), ["@größe/übung.py"]);
    }

    #[test]
    fn addresses_and_code_mention_nothing() {
        for text in [
            "ann@example.org",
            "git@github.com:a/b.git",
            "a @ b",
            "@",
            "`@app.route`",
            "```py\n@app.route\n```",
            "~~~\n@a.rs\n```\n@b.rs",
            "``a ` @b.rs``",
            "@\"\"",
            "@\"a\nb\"",
        ] {
            assert!(texts(text).is_empty(), "{text}: {:?}", texts(text));
        }
        assert_eq!(texts("a ` b\n\n@c.rs ` d"), ["@c.rs"]);
        assert_eq!(texts("```\n@a\n```\n@b.rs `@c` @d.rs"), ["@b.rs", "@d.rs"]);
    }

    #[test]
    fn lines_are_part_of_a_mention() {
        assert_eq!(named("@a.rs:10"), ("a.rs".into(), Some((10, 10)), true));
        assert_eq!(named("@a.rs:20-10."), ("a.rs".into(), Some((10, 20)), true));
        assert_eq!(named("@a.rs:10:5"), ("a.rs".into(), Some((10, 10)), true));
        assert_eq!(named("@a.rs:0"), ("a.rs".into(), Some((1, 1)), true));
        assert_eq!(named("@\"a b.rs\":3-4 x"), ("a b.rs".into(), Some((3, 4)), true));
        assert_eq!(named("@a.rs:99999999999").1, None);
    }

    #[test]
    fn only_what_can_be_nothing_else_is_a_path() {
        for path in ["@./a", "@../a", "@/etc/hosts", "@src/", "@src/a.rs", "@Main.java", "@.env.md"]
        {
            assert!(named(path).2, "{path}");
        }
        for other in
            ["@param", "@scope/package", "@types/node", "@Stack.pop", "@app.route", "@v1.2"]
        {
            assert!(!named(other).2, "{other}");
        }
    }

    #[test]
    fn some_words_stand_for_themselves() {
        let whats: Vec<What> = mentions("@selection, @problems! @diff @sym:Stack.pop")
            .into_iter()
            .map(|it| it.what)
            .collect();
        let symbol = What::Symbol("Stack.pop".into());
        assert_eq!(whats, [What::Selection, What::Problems, What::Diff, symbol]);
    }
}
