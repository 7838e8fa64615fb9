//! What can be typed at the end of a prompt: commands after `/`, and what can be mentioned after
//! `@`.

use std::time::Duration;

use protocol::Completion;

use super::{
    commands,
    mentions::{
        is_symbol,
        parse::{SYMBOL, WORDS, begins_word, code},
    },
    place::Place,
};

/// The most that is offered.
const MOST: usize = 50;
/// How many of those are symbols.
const MOST_SYMBOLS: usize = 10;
/// From how many letters on symbols are looked for.
const LETTERS: usize = 3;
/// How long is looked for files, and for symbols: somebody is typing.
const PATIENCE: Duration = Duration::from_millis(400);

/// What can be typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completions {
    /// Where in the text the completed word begins, in UTF-8 bytes.
    pub start: usize,
    /// What can stand there, the likeliest first.
    pub items: Vec<Completion>,
}

/// What can be typed in place of the word that ends a text.
pub(crate) async fn complete(place: &Place, text: &str) -> Completions {
    let start = text.len() - text.trim_start().len();
    if let Some(begin) =
        text[start..].strip_prefix('/').filter(|it| !it.contains(char::is_whitespace))
    {
        let commands = commands::described(place, begin, MOST).await.into_iter();
        let items =
            commands.map(|it| Completion { text: format!("/{}", it.name), detail: it.detail });
        return Completions { start, items: items.collect() };
    }
    match mention_at_end(text) {
        Some(start) => Completions { start, items: mentionable(place, &text[start + 1..]).await },
        None => Completions { start: text.len(), items: Vec::new() },
    }
}

/// Where the mention begins that is being typed at the end of a text.
fn mention_at_end(text: &str) -> Option<usize> {
    let start = text.rfind('@')?;
    let typed = &text[start + 1..];
    let is_open = match typed.strip_prefix('"') {
        Some(quoted) => !quoted.contains(['"', '\n']),
        None => !typed.contains(char::is_whitespace),
    };
    let is_code = code(text).iter().any(|range| range.contains(&start));
    (is_open && !is_code && begins_word(&text[..start])).then_some(start)
}

async fn mentionable(place: &Place, typed: &str) -> Vec<Completion> {
    let typed = typed.trim_start_matches('"');
    let (symbol, is_explicit) = match typed.strip_prefix(SYMBOL) {
        Some(symbol) => (symbol, true),
        None => (typed, false),
    };
    let fit = WORDS.iter().filter(|(word, _)| word.starts_with(typed));
    let mut items: Vec<Completion> = fit
        .map(|(word, detail)| Completion { text: format!("@{word}"), detail: (*detail).to_owned() })
        .collect();
    let (files, symbols) = futures::join!(
        async { if is_explicit { Vec::new() } else { files(place, typed).await } },
        symbols(place, symbol, is_explicit),
    );
    let room = MOST.saturating_sub(items.len() + symbols.len());
    items.extend(files.into_iter().take(room));
    items.extend(symbols);
    items
}

async fn files(place: &Place, typed: &str) -> Vec<Completion> {
    let mut items = Vec::new();
    let search = async {
        for (at, root) in place.roots().enumerate() {
            for entry in place.documents.find_paths(root, typed, MOST).await {
                // A further folder's paths are looked up there too, but the session's folder
                // comes first: there only the whole path is sure.
                let shown =
                    if at == 0 { entry.path.relative_to(root) } else { entry.path.as_str() };
                let slash = if entry.is_folder { "/" } else { "" };
                let text = match shown.contains([' ', '\'', '`', ',', ';', '@']) {
                    true => format!("@\"{shown}{slash}\""),
                    false => format!("@{shown}{slash}"),
                };
                let detail = if entry.is_folder { "folder" } else { "file" };
                items.push(Completion { text, detail: detail.to_owned() });
            }
        }
    };
    let _ = tokio::time::timeout(PATIENCE, search).await;
    items
}

async fn symbols(place: &Place, typed: &str, is_explicit: bool) -> Vec<Completion> {
    if typed.chars().filter(|char| char.is_alphanumeric()).count() < LETTERS || !is_symbol(typed) {
        return Vec::new();
    }
    let mut items: Vec<Completion> = Vec::new();
    let search = async {
        for root in place.roots() {
            for found in place.documents.find_symbols(root, typed, MOST_SYMBOLS).await {
                let path = found.path.relative_to(&place.root);
                let prefix = if is_explicit { SYMBOL } else { "" };
                let text = format!("@{prefix}{typed}");
                let detail = format!("{} in {path}:{}", found.symbol, found.first_line);
                items.push(Completion { text, detail });
            }
        }
    };
    let _ = tokio::time::timeout(PATIENCE, search).await;
    items.truncate(MOST_SYMBOLS);
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_completed_only_while_it_is_typed() {
        for (text, start) in [
            ("@", Some(0)),
            ("see @src/ma", Some(4)),
            ("see @\"my fi", Some(4)),
            ("(@a", Some(1)),
            ("see @src/main.rs ", None),
            ("see @\"a b\"", None),
            ("ann@exa", None),
            ("`@app.ro", None),
            ("```\n@app", None),
            ("", None),
        ] {
            assert_eq!(mention_at_end(text), start, "{text}");
        }
    }
}
