//! Which language a text is in, and the grammar for it.
//!
//! Told by the name of the file, its ending, or, where it has none, the `#!` line of the text.
//! Without its cargo feature a language is known by name, but has no grammar.

use protocol::AbsPath;

/// A language that can be parsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Language {
    Bash,
    C,
    Css,
    Go,
    Html,
    Java,
    JavaScript,
    Json,
    Lua,
    Markdown,
    Python,
    Rust,
    Tsx,
    TypeScript,
    Yaml,
}

impl Language {
    /// The language of a file whose text begins with `start`, of which one line is enough.
    pub fn of(path: &AbsPath, start: &str) -> Option<Self> {
        let name = path.file_name()?;
        let ending = path.as_utf8_path().extension().unwrap_or_default().to_ascii_lowercase();
        Self::by_ending(&ending)
            .or_else(|| Self::by_name(name))
            .or_else(|| if ending.is_empty() { Self::by_interpreter(start) } else { None })
    }

    fn by_ending(ending: &str) -> Option<Self> {
        Some(match ending {
            "sh" | "bash" | "bats" | "ebuild" => Self::Bash,
            "c" | "h" => Self::C,
            "css" => Self::Css,
            "go" => Self::Go,
            "html" | "htm" | "xhtml" => Self::Html,
            "java" => Self::Java,
            "js" | "mjs" | "cjs" | "jsx" => Self::JavaScript,
            "json" | "jsonc" | "jsonl" | "geojson" | "webmanifest" | "code-workspace" => Self::Json,
            "lua" => Self::Lua,
            "md" | "markdown" => Self::Markdown,
            "py" | "pyi" | "pyw" => Self::Python,
            "rs" => Self::Rust,
            "tsx" => Self::Tsx,
            "ts" | "mts" | "cts" => Self::TypeScript,
            "yaml" | "yml" => Self::Yaml,
            _ => return None,
        })
    }

    fn by_name(name: &str) -> Option<Self> {
        Some(match name {
            ".bashrc" | ".bash_profile" | ".bash_aliases" | ".bash_logout" | ".profile"
            | "PKGBUILD" => Self::Bash,
            ".babelrc" | ".eslintrc" | ".jshintrc" | ".swcrc" => Self::Json,
            _ => return None,
        })
    }

    /// `#!/usr/bin/env -S python3.12 -u`: the program's name without its version.
    fn by_interpreter(start: &str) -> Option<Self> {
        let line = start.lines().next()?.strip_prefix("#!")?;
        let mut words = line.split_whitespace().map(|word| match word.rsplit_once('/') {
            Some((_, name)) => name,
            None => word,
        });
        let program = words.find(|word| *word != "env" && !word.starts_with('-'))?;
        match program.trim_end_matches(|char: char| char.is_ascii_digit() || char == '.') {
            "bash" | "sh" | "dash" => Some(Self::Bash),
            "node" => Some(Self::JavaScript),
            "lua" | "luajit" => Some(Self::Lua),
            "python" | "pypy" => Some(Self::Python),
            "deno" | "bun" | "tsx" | "ts-node" => Some(Self::TypeScript),
            _ => None,
        }
    }

    /// The grammar, if this build has it.
    #[allow(unreachable_patterns, reason = "the last arm is for builds without some language")]
    pub fn grammar(self) -> Option<tree_sitter::Language> {
        match self {
            #[cfg(feature = "lang-bash")]
            Self::Bash => Some(tree_sitter_bash::LANGUAGE.into()),
            #[cfg(feature = "lang-c")]
            Self::C => Some(tree_sitter_c::LANGUAGE.into()),
            #[cfg(feature = "lang-css")]
            Self::Css => Some(tree_sitter_css::LANGUAGE.into()),
            #[cfg(feature = "lang-go")]
            Self::Go => Some(tree_sitter_go::LANGUAGE.into()),
            #[cfg(feature = "lang-html")]
            Self::Html => Some(tree_sitter_html::LANGUAGE.into()),
            #[cfg(feature = "lang-java")]
            Self::Java => Some(tree_sitter_java::LANGUAGE.into()),
            #[cfg(feature = "lang-javascript")]
            Self::JavaScript => Some(tree_sitter_javascript::LANGUAGE.into()),
            #[cfg(feature = "lang-json")]
            Self::Json => Some(tree_sitter_json::LANGUAGE.into()),
            #[cfg(feature = "lang-lua")]
            Self::Lua => Some(tree_sitter_lua::LANGUAGE.into()),
            #[cfg(feature = "lang-markdown")]
            Self::Markdown => Some(tree_sitter_md::LANGUAGE.into()),
            #[cfg(feature = "lang-python")]
            Self::Python => Some(tree_sitter_python::LANGUAGE.into()),
            #[cfg(feature = "lang-rust")]
            Self::Rust => Some(tree_sitter_rust::LANGUAGE.into()),
            #[cfg(feature = "lang-tsx")]
            Self::Tsx => Some(tree_sitter_typescript::LANGUAGE_TSX.into()),
            #[cfg(feature = "lang-typescript")]
            Self::TypeScript => Some(tree_sitter_typescript::LANGUAGE_TYPESCRIPT.into()),
            #[cfg(feature = "lang-yaml")]
            Self::Yaml => Some(tree_sitter_yaml::LANGUAGE.into()),
            _ => None,
        }
    }
}
