//! What a prompt mentions, looked up: files, folders, symbols, what is selected, problems and
//! changes.
//!
//! Naming a file is consent to read it: whoever types `@../notes.md` or `@.env` has said what
//! they want read, more plainly than by any answer to a question. It is consent for the file at
//! that very path. A link there may have been laid by somebody else, and what a slash command or
//! a search names was not named by the user: for those, policy decides as for the agent itself.
//! Folders that are forbidden stay so.

pub(super) mod parse;

use std::{collections::HashSet, time::Duration};

use protocol::{AbsPath, ContextPart, Image};

use super::{place::Place, rules::beginning};
use crate::{
    DocumentError, Entry, Excerpt, FoundSymbol, Part, diagnostics,
    picture::{self, Measured},
    policy::Verdict,
    session::Session,
    sessions::Shared,
};
use parse::{Mention, What};

/// How much of one thing is sent, in bytes.
const MOST_OF_ONE: usize = 32 * 1024;
/// How many lines of one file.
const MOST_LINES: usize = 1000;
/// How much of everything that one prompt mentions, in bytes.
const MOST_OF_ALL: usize = 128 * 1024;
/// How many lines of one that is sent with its outline.
const BEGINNING: usize = 100;
/// How many lines of an outline.
const MOST_OUTLINE: usize = 300;
/// How many names of a folder.
const MOST_ENTRIES: usize = 200;
/// How many problems.
const MOST_PROBLEMS: usize = 50;
/// How many things one prompt can mention.
const MOST_MENTIONS: usize = 50;
/// How many definitions one name can stand for.
const MOST_SYMBOLS: usize = 3;
/// How long a symbol is searched for. In most prompts a word that is none was meant as text.
const SEARCH: Duration = Duration::from_secs(1);

/// Looks up what texts mention.
pub(super) struct Lookup<'a> {
    place: &'a Place,
    /// The session and what it lives in; none before there is one.
    session: Option<(&'a Shared, &'a Session)>,
    /// What the client says the user points at.
    pointed: &'a [ContextPart],
    /// What was found, and what was not.
    pub(super) parts: Vec<ContextPart>,
    known: HashSet<String>,
    left: usize,
}

/// Who named a thing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum NamedBy {
    /// The user, in the text they typed.
    User,
    /// A slash command.
    Command,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(
        place: &'a Place,
        session: Option<(&'a Shared, &'a Session)>,
        pointed: &'a [ContextPart],
    ) -> Self {
        let (parts, known) = Default::default();
        Self { place, session, pointed, parts, known, left: MOST_OF_ALL }
    }

    /// Looks up all that a text mentions.
    pub(super) async fn all(&mut self, text: &str, by: NamedBy) {
        for Mention { text: mention, what } in parse::mentions(text) {
            if !self.known.insert(mention.clone()) {
                continue;
            }
            if self.known.len() > MOST_MENTIONS {
                let reason =
                    format!("At most {MOST_MENTIONS} things are looked up for one prompt.");
                self.parts.push(ContextPart::Unresolved { mention, reason });
                return;
            }
            match self.one(&mention, what, by).await {
                Ok(parts) => self.parts.extend(parts),
                Err(reason) => self.parts.push(ContextPart::Unresolved { mention, reason }),
            }
        }
    }

    /// What one mention stands for, nothing if it is only text; or why it cannot be followed.
    async fn one(
        &mut self,
        mention: &str,
        what: What,
        by: NamedBy,
    ) -> Result<Vec<ContextPart>, String> {
        match what {
            What::Selection => self.selection(),
            What::Problems => self.problems().await,
            What::Diff => self.diff().await,
            What::Symbol(name) => {
                let found = self.symbols(mention, &name).await?;
                if found.is_empty() {
                    return Err(format!("No symbol `{name}` was found in the project."));
                }
                Ok(found)
            }
            What::Name { name, lines, is_path } => {
                if let Some(part) = self.path(mention, &name, lines, by).await? {
                    return Ok(vec![part]);
                }
                if is_path {
                    return self.elsewhere(mention, &name, lines).await.map(|part| vec![part]);
                }
                if is_symbol(&name) { self.symbols(mention, &name).await } else { Ok(Vec::new()) }
            }
        }
    }

    fn selection(&self) -> Result<Vec<ContextPart>, String> {
        let is_selected = |part: &ContextPart| matches!(part, ContextPart::Selection { .. });
        if self.pointed.iter().any(is_selected) {
            // It is part of the message already.
            return Ok(Vec::new());
        }
        Err("Nothing is selected, or this client does not tell.".to_owned())
    }

    /// What the language servers say about the document before the user; without one, about all.
    async fn problems(&self) -> Result<Vec<ContextPart>, String> {
        if self.pointed.iter().any(|part| matches!(part, ContextPart::Problems { .. })) {
            return Ok(Vec::new());
        }
        let nobody = || "No connected editor tells its problems.".to_owned();
        let (shared, session) = self.session.ok_or_else(nobody)?;
        let looked_at = super::pointed_at(self.pointed);
        let mut said = diagnostics::now(shared, session, looked_at).await.ok_or_else(nobody)?.items;
        said.sort_by(|a, b| (&a.path, a.severity, a.line).cmp(&(&b.path, b.severity, b.line)));
        let more = said.len().saturating_sub(MOST_PROBLEMS);
        said.truncate(MOST_PROBLEMS);
        let mut parts: Vec<(AbsPath, Vec<String>)> = Vec::new();
        for problem in said {
            let line = diagnostics::line(&problem);
            match parts.last_mut() {
                Some((path, lines)) if *path == problem.path => lines.push(line),
                _ => parts.push((problem.path, vec![line])),
            }
        }
        match parts.last_mut() {
            Some((_, lines)) if more > 0 => lines.push(format!("… and {more} more")),
            Some(_) => {}
            None => parts.push((looked_at.unwrap_or(&self.place.root).clone(), Vec::new())),
        }
        let part = |(path, lines)| ContextPart::Problems { path, lines };
        Ok(parts.into_iter().map(part).collect())
    }

    /// The changes in every folder of the work. The user asked for the changes, not for the keys
    /// that may be among them: files that the agent would have to ask for are left out.
    async fn diff(&mut self) -> Result<Vec<ContextPart>, String> {
        let place = self.place;
        let mut whole: Option<String> = None;
        for root in place.roots() {
            let diff = place.documents.diff(root).await.map_err(|error| error.to_string())?;
            let Some(diff) = diff else { continue };
            let free = |name: &str| {
                root.join(name).is_ok_and(|path| place.verdict(&path, false) == Verdict::Allow)
            };
            whole.get_or_insert_default().push_str(&without(&diff, free));
        }
        let whole = whole.ok_or("The folder is in no git repository.")?;
        let mut text = beginning(&whole, self.share()?).to_owned();
        self.left -= text.len();
        if text.len() < whole.len() {
            text.push_str("\n… (cut: `git diff` shows all)");
        }
        Ok(vec![ContextPart::Diff { text }])
    }

    /// The file or folder of this name, in the first folder of the work that has it.
    async fn path(
        &mut self,
        mention: &str,
        name: &str,
        lines: Option<(u32, u32)>,
        by: NamedBy,
    ) -> Result<Option<ContextPart>, String> {
        let place = self.place;
        for root in place.roots() {
            let Ok(path) = root.join(name) else { continue };
            let found = self.at(mention, &path, lines, by).await?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }

    /// The file or folder at a path; none if there is none.
    async fn at(
        &mut self,
        mention: &str,
        path: &AbsPath,
        lines: Option<(u32, u32)>,
        by: NamedBy,
    ) -> Result<Option<ContextPart>, String> {
        let documents = &self.place.documents;
        let Ok(resolved) = documents.resolve(path).await else { return Ok(None) };
        let consent = by == NamedBy::User && resolved == *path;
        let verdict = self.place.verdict(&resolved, consent);
        let bytes = self.share()?;
        let part = match lines {
            Some((first, last)) => {
                Part { first_line: first.into(), lines: (last - first) as usize + 1, bytes }
            }
            None => Part { first_line: 1, lines: MOST_LINES, bytes },
        };
        // Whether it is there is only looked at where that may be known.
        if let Some(reason) = refusal(&verdict, path, &resolved) {
            return Err(reason);
        }
        match documents.excerpt(&resolved, part).await {
            Ok(excerpt) => {
                let is_cut = excerpt.total_lines.is_none_or(|total| total > excerpt.lines);
                let outline = match lines {
                    None if is_cut => documents.outline(&resolved).await,
                    _ => Vec::new(),
                };
                Ok(Some(self.text(mention, excerpt, lines, outline)?))
            }
            Err(DocumentError::NotFound(_)) => Ok(None),
            Err(error @ (DocumentError::NotUtf8(_) | DocumentError::TooBig { .. })) => {
                match self.picture(mention, &resolved).await? {
                    Some(part) => Ok(Some(part)),
                    None => Err(sentence(&error)),
                }
            }
            Err(DocumentError::NotAFile(_)) => match documents.list(&resolved).await {
                Ok(entries) => Ok(Some(self.folder(mention, resolved, entries))),
                Err(error) => Err(sentence(&error)),
            },
            Err(error) => Err(sentence(&error)),
        }
    }

    /// The picture in a file; none if it is something else.
    async fn picture(
        &mut self,
        mention: &str,
        path: &AbsPath,
    ) -> Result<Option<ContextPart>, String> {
        let file = self.place.documents.file(path).await.map_err(|error| sentence(&error))?;
        let Some(file) = file else { return Ok(None) };
        let found = picture::recognize(file.bytes).map_err(|why| format!("`{path}` {why}."))?;
        let Some(Measured { picture, .. }) = found else { return Ok(None) };
        let hash = match self.session {
            Some((shared, session)) => {
                let kept = shared.parts.store.put_blob(&session.id, &picture.bytes).await;
                kept.map_err(|error| error.to_string())?
            }
            // What is only weighed is not kept.
            None => String::new(),
        };
        let (media_type, bytes) = (picture.media_type, picture.bytes.len() as u64);
        let image = Image { path: path.clone(), media_type, hash, bytes };
        Ok(Some(ContextPart::Image { mention: mention.to_owned(), image }))
    }

    fn text(
        &mut self,
        mention: &str,
        excerpt: Excerpt,
        lines: Option<(u32, u32)>,
        mut outline: Vec<String>,
    ) -> Result<ContextPart, String> {
        let Excerpt { path, mut text, first_line, lines: mut count, total_lines, document, .. } =
            excerpt;
        if let (Some((first, _)), 0) = (lines, count) {
            let has = total_lines.map_or(String::new(), |total| format!("; the last is {total}"));
            return Err(format!("`{path}` has no line {first}{has}."));
        }
        if !outline.is_empty() {
            // Who knows what there is reads on where it matters.
            text = text.split_inclusive('\n').take(BEGINNING).collect();
            count = count.min(BEGINNING as u64);
            let more = outline.len().saturating_sub(MOST_OUTLINE);
            outline.truncate(MOST_OUTLINE);
            outline.extend((more > 0).then(|| format!("… and {more} more")));
        }
        // The last line may have been cut off; the last character takes up to four bytes.
        let is_cut = text.len() + 4 > self.share()? && !text.ends_with(['\n', '\r']);
        let size = text.len() + outline.iter().map(String::len).sum::<usize>();
        self.left = self.left.saturating_sub(size);
        let number = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
        let first_line = number(first_line);
        if let (Some(document), Some((_, session))) = (document, self.session) {
            let from = first_line.saturating_sub(1);
            let whole = count.saturating_sub(u64::from(is_cut));
            session.memory.saw(&path, &document.text, from..from + number(whole));
        }
        if is_cut {
            text.push('…');
        }
        Ok(ContextPart::Text {
            mention: mention.to_owned(),
            path,
            first_line,
            lines: number(total_lines.unwrap_or(0)),
            text,
            symbol: None,
            outline,
        })
    }

    fn folder(&mut self, mention: &str, path: AbsPath, listed: Vec<Entry>) -> ContextPart {
        let mut entries: Vec<String> = listed
            .iter()
            .filter_map(|entry| {
                let name = entry.path.file_name()?;
                Some(if entry.is_folder { format!("{name}/") } else { name.to_owned() })
            })
            .take(MOST_ENTRIES)
            .collect();
        let more = listed.len().saturating_sub(MOST_ENTRIES);
        if more > 0 {
            entries.push(format!("… and {more} more"));
        }
        self.left = self.left.saturating_sub(entries.iter().map(String::len).sum());
        ContextPart::Folder { mention: mention.to_owned(), path, entries }
    }

    /// A file that is not where its name says, but whose path ends with it: `@main.rs` for
    /// `src/main.rs`, if there is only one.
    async fn elsewhere(
        &mut self,
        mention: &str,
        name: &str,
        lines: Option<(u32, u32)>,
    ) -> Result<ContextPart, String> {
        let place = self.place;
        let tail = format!("/{}", name.trim_start_matches("./").trim_end_matches('/'));
        let mut ends = Vec::new();
        for root in place.roots() {
            let near = place.documents.find_paths(root, name.trim_end_matches('/'), 20).await;
            ends.extend(near.into_iter().filter(|entry| entry.path.as_str().ends_with(&tail)));
        }
        match ends.as_slice() {
            [one] => {
                let found = self.at(mention, &one.path, lines, NamedBy::Command).await?;
                found.ok_or_else(|| "It is gone.".to_owned())
            }
            [] => Err(format!("There is no file or folder `{name}`.")),
            several => {
                let paths = several.iter().take(5).map(|entry| entry.path.relative_to(&place.root));
                let paths = paths.collect::<Vec<_>>().join("`, `");
                Err(format!("Several files are called so; say which: `{paths}`."))
            }
        }
    }

    /// Where a symbol is defined; nothing if nowhere.
    async fn symbols(&mut self, mention: &str, name: &str) -> Result<Vec<ContextPart>, String> {
        let place = self.place;
        let mut found: Vec<FoundSymbol> = Vec::new();
        let search = async {
            for root in place.roots() {
                found.extend(place.documents.find_symbols(root, name, MOST_SYMBOLS + 1).await);
            }
        };
        if tokio::time::timeout(SEARCH, search).await.is_err() && found.is_empty() {
            tracing::info!(name, "not found in time");
        }
        // The search names the files, not the user.
        found.retain(|symbol| place.verdict(&symbol.path, false) == Verdict::Allow);
        if found.len() > MOST_SYMBOLS {
            let place = |it: &FoundSymbol| {
                format!("{}:{}", it.path.relative_to(&place.root), it.first_line)
            };
            let places = found.iter().map(place).collect::<Vec<_>>().join(", ");
            return Err(format!("`{name}` is defined in several places, such as {places}."));
        }
        let mut parts = Vec::new();
        for symbol in found {
            parts.push(self.symbol(mention, symbol).await?);
        }
        Ok(parts)
    }

    /// The lines of a symbol, whole, so that they can be edited as they stand there.
    async fn symbol(&mut self, mention: &str, found: FoundSymbol) -> Result<ContextPart, String> {
        let FoundSymbol { path, symbol, first_line, last_line, .. } = found;
        let lines = last_line.saturating_sub(first_line) as usize + 1;
        let part = Part { first_line: first_line.into(), lines, bytes: self.share()? };
        let excerpt = self.place.documents.excerpt(&path, part).await;
        let excerpt = excerpt.map_err(|error| sentence(&error))?;
        let mut part = self.text(mention, excerpt, None, Vec::new())?;
        if let ContextPart::Text { symbol: of, .. } = &mut part {
            *of = Some(symbol);
        }
        Ok(part)
    }

    /// How many bytes the next thing may have.
    fn share(&self) -> Result<usize, String> {
        match self.left.min(MOST_OF_ONE) {
            0 => Err(format!(
                "What is mentioned before it has {} KB already, and no more is sent with one \
                 prompt. Read it with a tool.",
                MOST_OF_ALL / 1024
            )),
            share => Ok(share),
        }
    }
}

/// Why a path may not be read; none if it may.
fn refusal(verdict: &Verdict, named: &AbsPath, resolved: &AbsPath) -> Option<String> {
    match verdict {
        Verdict::Allow => None,
        Verdict::Deny { why } => Some(why.clone()),
        Verdict::Ask { why, rememberable: true } if named != resolved => {
            Some(format!("It leads to `{resolved}`. {why} Mention that path if you mean it."))
        }
        Verdict::Ask { why, .. } => Some(why.clone()),
    }
}

fn sentence(error: &DocumentError) -> String {
    let text = error.to_string();
    let mut chars = text.chars();
    let first = chars.next().map(|char| char.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}

/// Whether a name can be a symbol's: `pop`, `Stack.pop`, `Stack::pop`.
pub(super) fn is_symbol(name: &str) -> bool {
    let is_word = |word: &str| {
        let mut chars = word.chars();
        chars.next().is_some_and(|char| char.is_alphabetic() || matches!(char, '_' | '$'))
            && chars.all(|char| char.is_alphanumeric() || matches!(char, '_' | '$'))
    };
    name.replace("::", ".").split('.').all(is_word)
}

/// A unified diff without the files that are not free to be read; their names stay.
fn without(diff: &str, free: impl Fn(&str) -> bool) -> String {
    // No line of a hunk begins so.
    let is_start = |line: &str| line.starts_with("diff --git ") || line.starts_with("?? ");
    let mut kept = String::new();
    let mut section = String::new();
    let mut close = |section: &mut String| {
        // A name in quotes is one that git had to write in another way.
        let hidden = names(section).into_iter().find(|name| name.starts_with('"') || !free(name));
        match hidden {
            Some(name) => kept.push_str(&format!("(left out, it may hold secrets: {name})\n")),
            None => kept.push_str(section),
        }
        section.clear();
    };
    for line in diff.split_inclusive('\n') {
        if is_start(line) {
            close(&mut section);
        }
        section.push_str(line);
    }
    close(&mut section);
    kept
}

/// The files that a section of a diff is about, by its lines before the first hunk.
fn names(section: &str) -> Vec<&str> {
    let head = section.lines().take_while(|line| !line.starts_with("@@"));
    let begins = [("--- ", "a/"), ("+++ ", "b/"), ("rename from ", ""), ("rename to ", "")];
    let name = |line| {
        let name = |(begin, side): &(&str, &str)| {
            let name = str::strip_prefix(line, begin)?.trim_end();
            Some(name.strip_prefix(side).unwrap_or(name))
        };
        begins.iter().find_map(name).filter(|name| *name != "/dev/null")
    };
    head.filter_map(name).collect()
}
