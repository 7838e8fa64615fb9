//! Syntax errors that an edit brings.
//!
//! An alarm that is false costs more than one that is missed: the model would "mend" what is
//! right. So a language is checked only where its grammar is known to be dependable, constructs
//! that a grammar is known not to know silence it (`gaps`), and errors that the text had before
//! are not told again. docs/structure.md has the figures.
//!
//! Start with [`new_syntax_errors`]; `failures` says where the parser could not go on.

use std::collections::{HashMap, HashSet};

use protocol::AbsPath;
use ropey::Rope;
use tree_sitter::Tree;

use super::{language::Language, parse::parse, walk::Walk};
use brackets::Unmatched;
use failures::Failure;

mod brackets;
mod failures;
mod gaps;
mod indentation;
mod message;

/// The most errors that are told one by one.
const MAX_ERRORS: usize = 5;

/// A place where a text breaks the grammar of its language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxError {
    /// The line, counted from 1.
    pub line: u32,
    /// The column in characters, counted from 1.
    pub column: u32,
    /// What is wrong, for a model: one line, with the text that is there.
    pub message: String,
}

/// The syntax errors of a text, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SyntaxErrors {
    /// The first five.
    pub first: Vec<SyntaxError>,
    /// How many more there are.
    pub more: usize,
}

impl SyntaxErrors {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }
}

/// How far a language can be checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Check {
    /// By its grammar.
    Grammar,
    /// Its grammar takes too much that is right for wrong, but finds strings and comments: braces
    /// that matched before must match.
    Braces,
    /// Not at all.
    Nothing,
}

impl Check {
    fn of(language: Language, path: &AbsPath, text: &str) -> Self {
        match language {
            Language::Go | Language::Java | Language::Lua | Language::Python | Language::Rust => {
                Self::Grammar
            }
            Language::JavaScript if text.contains("@flow") => Self::Nothing,
            Language::TypeScript if is_declarations(path) => Self::Nothing,
            Language::JavaScript | Language::TypeScript | Language::Tsx => Self::Grammar,
            Language::Json if gaps::is_lenient_json(path) || text.contains("{{") => Self::Nothing,
            Language::Yaml if text.contains("{{") || text.contains("{%") => Self::Nothing,
            Language::Json | Language::Yaml => Self::Grammar,
            // A header may be C++ or Objective-C.
            Language::C if path.as_str().ends_with(".h") => Self::Nothing,
            Language::C | Language::Css => Self::Braces,
            Language::Bash | Language::Html | Language::Markdown => Self::Nothing,
        }
    }
}

/// Whether a file only declares what is elsewhere, with constructs of its own: `index.d.ts`.
fn is_declarations(path: &AbsPath) -> bool {
    path.file_name().is_some_and(|name| name.contains(".d."))
}

/// The syntax errors of the text `after` that it did not have `before`; without a text before,
/// all of them. Errors are the same if they are the same words in the same line of text, wherever
/// that line is now. Nothing is found in a text that is over 1 MiB, takes too long, or is in a
/// language that is not checked.
pub fn new_syntax_errors(path: &AbsPath, before: Option<&str>, after: &str) -> SyntaxErrors {
    find(path, before, after).unwrap_or_default()
}

fn find(path: &AbsPath, before: Option<&str>, after: &str) -> Option<SyntaxErrors> {
    let language = Language::of(path, after)?;
    let check = Check::of(language, path, after);
    if check == Check::Nothing || before == Some(after) {
        return None;
    }
    let rope = Rope::from_str(after);
    let tree = parse(language, &rope)?;
    match check {
        Check::Grammar => by_grammar(language, before, after, &rope, &tree),
        Check::Braces => by_braces(language, before, after, &tree),
        Check::Nothing => None,
    }
}

fn by_grammar(
    language: Language,
    before: Option<&str>,
    after: &str,
    rope: &Rope,
    tree: &Tree,
) -> Option<SyntaxErrors> {
    let mut found = failures(language, after, rope, tree);
    if found.is_empty()
        || language == Language::Json && Walk::new(tree).any(|node| node.kind() == "comment")
    {
        return None;
    }
    if let Some(before) = before {
        found = without_old(language, before, after, found)?;
    }
    if found.iter().any(|failure| gaps::is_gap(language, after, failure)) {
        return None;
    }
    let mut found = one_for_each_place(found, tree);
    let bracket = brackets::unmatched(tree, after);
    if bracket.is_some() {
        // What comes after a bracket that is missing or too much mostly follows from it.
        found.truncate(1);
    }
    let describe = |failure| message::describe(failure, after, tree, bracket);
    Some(SyntaxErrors {
        more: found.len().saturating_sub(MAX_ERRORS),
        first: found.iter().take(MAX_ERRORS).map(describe).collect(),
    })
}

/// All failures of a text, in its order.
fn failures(language: Language, text: &str, rope: &Rope, tree: &Tree) -> Vec<Failure> {
    if tree.root_node().has_error() {
        let mut found = failures::failures(language, text, rope);
        found.sort_by_key(|failure| failure.token);
        return found;
    }
    if language == Language::Python { indentation::failures(tree, text) } else { Vec::new() }
}

/// The failures that the text before did not have. After a failure the parser guesses, so of
/// those behind an old one, only those in new lines count. None if the old text is too much.
fn without_old(
    language: Language,
    before: &str,
    after: &str,
    found: Vec<Failure>,
) -> Option<Vec<Failure>> {
    let rope = Rope::from_str(before);
    let tree = parse(language, &rope)?;
    let old_failures = failures(language, before, &rope, &tree);
    let mut old: HashMap<(&str, &str), usize> = HashMap::new();
    for failure in &old_failures {
        *old.entry((failure.line(before), failure.lookahead.as_str())).or_default() += 1;
    }
    let lines: HashSet<&str> = before.lines().map(str::trim).collect();
    let mut guessing = false;
    let new = found.iter().filter(|failure| {
        let line = failure.line(after);
        if let Some(count) = old.get_mut(&(line, failure.lookahead.as_str()))
            && *count > 0
        {
            *count -= 1;
            guessing = true;
            return false;
        }
        !guessing || !lines.contains(line)
    });
    Some(new.cloned().collect())
}

/// Of the failures in one broken piece of the tree, the first: the others follow from it.
fn one_for_each_place(found: Vec<Failure>, tree: &Tree) -> Vec<Failure> {
    let mut places: Vec<(usize, usize)> = Vec::new();
    for node in Walk::new(tree).filter(|node| node.is_error() || node.is_missing()) {
        if places.last().is_none_or(|(_, end)| *end <= node.start_byte()) {
            places.push((node.start_byte(), node.end_byte()));
        }
    }
    let mut taken = HashSet::new();
    let mut kept: Vec<Failure> = Vec::new();
    for failure in found {
        let index = places.partition_point(|(_, end)| *end < failure.after);
        let hit = places.get(index).is_some_and(|(start, _)| *start <= failure.token);
        if kept.is_empty() || (hit && !taken.contains(&index)) {
            kept.push(failure);
        }
        if hit {
            taken.insert(index);
        }
    }
    kept
}

/// Braces that matched before and do not match now.
fn by_braces(
    language: Language,
    before: Option<&str>,
    after: &str,
    tree: &Tree,
) -> Option<SyntaxErrors> {
    let unmatched = brackets::unmatched_brace(tree, after)??;
    let before = before?;
    if language == Language::C && directives(before) != directives(after) {
        // Each branch of an `#if` may open the same block.
        return None;
    }
    let old = parse(language, &Rope::from_str(before))?;
    if brackets::unmatched_brace(&old, before)?.is_some() {
        return None;
    }
    let (Unmatched::Open(byte) | Unmatched::Close(byte)) = unmatched;
    let message = match unmatched {
        Unmatched::Open(_) => message::never_closed(after, byte),
        Unmatched::Close(_) => message::closes_nothing(after, byte),
    };
    let (line, column) = message::position(after, byte);
    Some(SyntaxErrors { first: vec![SyntaxError { line, column, message }], more: 0 })
}

/// How many conditional directives a C text has.
fn directives(text: &str) -> usize {
    let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix('#'));
    lines
        .filter(|line| ["if", "el", "end"].iter().any(|it| line.trim_start().starts_with(it)))
        .count()
}

#[cfg(test)]
mod tests;
