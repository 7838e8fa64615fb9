//! Slash commands: prompts under a name, written as Markdown files by projects and users.
//!
//! `review/api.md` in a folder of commands is `/review:api`. A project's commands count only
//! where the user trusts its folder. Nothing in a command is run: `` !`git status` `` stays text.

use protocol::{AbsPath, ContextPart, ErrorCode, ErrorInfo};

use super::{
    frontmatter::Frontmatter,
    place::{Owner, Place},
};

/// Where a project keeps its commands; the first counts most.
const PROJECT: &[&str] = &[".coworker/commands", ".claude/commands"];
/// Where a user's folder has them.
const USER: &str = "commands";
/// How deep groups may be nested.
const DEPTH: usize = 3;
/// How many files of one folder are looked at.
const MOST: usize = 200;
/// How long a command may be, in bytes.
const MOST_BYTES: usize = 64 * 1024;

const BUILT_IN: &[(&str, &str)] = &[
    ("commit", include_str!("../../../../../prompts/commands/commit.md")),
    ("init", include_str!("../../../../../prompts/commands/init.md")),
    ("review", include_str!("../../../../../prompts/commands/review.md")),
];

/// A command that there is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Listed {
    pub(super) name: String,
    source: Source,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Source {
    File { owner: Whose, path: AbsPath },
    BuiltIn(&'static str),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Project,
    /// A project whose folder is not trusted: the command is there and cannot be used.
    Untrusted,
    User,
}

/// A command to choose from.
pub(super) struct Described {
    pub(super) name: String,
    /// What it does and takes, in a line.
    pub(super) detail: String,
}

/// What the slash command at the beginning of a prompt stands for; none if there is none.
///
/// # Errors
/// There is no such command.
pub(super) async fn expand(place: &Place, prompt: &str) -> Result<Option<ContextPart>, ErrorInfo> {
    let Some((name, arguments)) = typed(prompt) else { return Ok(None) };
    let listed = list(place).await;
    let Some(command) = listed.iter().find(|command| command.name == name && command.is_usable())
    else {
        return Err(unknown(name, &listed));
    };
    let Some(text) = read(place, command).await else {
        return Err(ErrorInfo::new(
            ErrorCode::UnknownCommand,
            format!("The file of the command `/{name}` cannot be read."),
        ));
    };
    let text = filled(Frontmatter::parse(&text).body.trim(), arguments);
    Ok(Some(ContextPart::Command { name: name.to_owned(), text }))
}

/// The command that a prompt begins with, and what follows. `/etc/hosts` is none.
fn typed(prompt: &str) -> Option<(&str, &str)> {
    let rest = prompt.trim_start().strip_prefix('/')?;
    let (name, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    is_name(name).then(|| (name, arguments.trim()))
}

fn is_name(name: &str) -> bool {
    let is_part = |char: char| {
        char.is_ascii_lowercase() || char.is_ascii_digit() || matches!(char, ':' | '_' | '-')
    };
    name.starts_with(|char: char| char.is_ascii_lowercase()) && name.chars().all(is_part)
}

fn unknown(name: &str, listed: &[Listed]) -> ErrorInfo {
    let error = |message| ErrorInfo::new(ErrorCode::UnknownCommand, message);
    if listed.iter().any(|command| command.name == name) {
        return error(format!(
            "`/{name}` is a command of this project, and its folder is not trusted yet. If you \
             trust what is in it, say so with `coworker trust`."
        ));
    }
    let usable: Vec<&str> =
        listed.iter().filter(|it| it.is_usable()).map(|it| it.name.as_str()).collect();
    let near = usable
        .iter()
        .map(|known| (strsim::jaro_winkler(known, name), *known))
        .filter(|(near, _)| *near > 0.75)
        .max_by(|(a, _), (b, _)| a.total_cmp(b));
    let near = near.map_or(String::new(), |(_, near)| format!(" Did you mean `/{near}`?"));
    error(format!(
        "There is no command `/{name}`.{near} There are: /{}. To send this as text, begin with \
         another word.",
        usable.join(", /")
    ))
}

impl Listed {
    fn is_usable(&self) -> bool {
        !matches!(self.source, Source::File { owner: Whose::Untrusted, .. })
    }
}

/// The commands there are, by name: a project's count before the user's, these before the built-in
/// ones. Of those that cannot be used only those that nothing else is called like.
async fn list(place: &Place) -> Vec<Listed> {
    let mut listed = Vec::new();
    let mut untrusted = Vec::new();
    for root in place.roots() {
        let (owner, into) = if place.is_trusted(root) {
            (Whose::Project, &mut listed)
        } else {
            (Whose::Untrusted, &mut untrusted)
        };
        for folder in PROJECT.iter().filter_map(|folder| root.join(folder).ok()) {
            files(place, owner, folder, into).await;
        }
    }
    for folder in place.user_folders.iter().filter_map(|folder| folder.join(USER).ok()) {
        files(place, Whose::User, folder, &mut listed).await;
    }
    let built_in = BUILT_IN.iter();
    listed.extend(
        built_in
            .map(|(name, text)| Listed { name: (*name).to_owned(), source: Source::BuiltIn(text) }),
    );
    listed.extend(untrusted);
    // Stable, so the first of a name is the one that counts.
    listed.sort_by(|a, b| a.name.cmp(&b.name));
    listed.dedup_by(|later, first| later.name == first.name);
    listed
}

/// Adds the commands of a folder and its groups.
async fn files(place: &Place, owner: Whose, folder: AbsPath, into: &mut Vec<Listed>) {
    let reader = reader(owner);
    let mut left = MOST;
    let mut folders = vec![(String::new(), folder, 0)];
    while let Some((group, folder, depth)) = folders.pop() {
        for entry in place.list(reader, &folder).await {
            let Some(name) = entry.path.file_name() else { continue };
            let Some(rest) = left.checked_sub(1) else {
                tracing::warn!(%folder, MOST, "more commands than are looked at");
                return;
            };
            left = rest;
            if entry.is_folder {
                let nested = folder.join(name).ok().filter(|_| depth < DEPTH);
                folders.extend(nested.map(|path| (format!("{group}{name}:"), path, depth + 1)));
                continue;
            }
            let Some(name) = name.strip_suffix(".md") else { continue };
            let name = format!("{group}{name}");
            if is_name(&name) {
                into.push(Listed { name, source: Source::File { owner, path: entry.path } });
            } else {
                tracing::info!(path = %entry.path, "no name for a command: a-z, 0-9, `-` and `_`");
            }
        }
    }
}

fn reader(owner: Whose) -> Owner {
    match owner {
        Whose::Project | Whose::Untrusted => Owner::Project,
        Whose::User => Owner::User,
    }
}

async fn read(place: &Place, command: &Listed) -> Option<String> {
    match &command.source {
        Source::BuiltIn(text) => Some((*text).to_owned()),
        Source::File { owner, path } => {
            let text = place.read(reader(*owner), path).await?.text;
            (text.len() <= MOST_BYTES).then_some(text)
        }
    }
}

/// The commands that can be used and whose names begin like this, with what they are for.
pub(super) async fn described(place: &Place, begin: &str, most: usize) -> Vec<Described> {
    let listed = list(place).await.into_iter();
    let fit = listed.filter(|command| command.is_usable() && command.name.starts_with(begin));
    let mut described = Vec::new();
    for command in fit.take(most) {
        let text = read(place, &command).await.unwrap_or_default();
        let head = Frontmatter::parse(&text);
        let first = head.body.trim().lines().next().unwrap_or_default();
        let about = head.get("description").unwrap_or(first.trim_start_matches(['#', ' ']));
        let detail = match head.get("argument-hint") {
            Some(hint) => format!("{hint}: {about}"),
            None => about.to_owned(),
        };
        let detail = detail.split_whitespace().collect::<Vec<_>>().join(" ");
        described.push(Described { name: command.name, detail });
    }
    described
}

/// A command's text with what was typed behind its name: as a whole for `$ARGUMENTS`, word by
/// word for `$1` to `$9`. A text without either has it at its end.
fn filled(text: &str, arguments: &str) -> String {
    let words = words(arguments);
    let mut filled = String::with_capacity(text.len() + arguments.len());
    let (mut rest, mut used) = (text, false);
    while let Some(at) = rest.find('$') {
        filled.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        if let Some(after) = rest.strip_prefix("ARGUMENTS") {
            filled.push_str(arguments);
            (rest, used) = (after, true);
        } else if let (1, Ok(number @ 1..)) = (digits, rest[..digits].parse::<usize>()) {
            filled.push_str(words.get(number - 1).map_or("", String::as_str));
            (rest, used) = (&rest[1..], true);
        } else {
            filled.push('$');
        }
    }
    filled.push_str(rest);
    if !used && !arguments.is_empty() {
        filled.push_str("\n\n");
        filled.push_str(arguments);
    }
    filled
}

/// The words of a text; what stands between quotes is one.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for char in text.chars() {
        match quote {
            Some(open) if char == open => quote = None,
            None if char.is_whitespace() => words.extend(word.take()),
            // An apostrophe in a word quotes nothing.
            None if char == '"' || (char == '\'' && word.is_none()) => {
                quote = Some(char);
                word.get_or_insert_default();
            }
            _ => word.get_or_insert_default().push(char),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_word_after_a_slash_is_a_command() {
        assert_eq!(typed("/review"), Some(("review", "")));
        assert_eq!(typed(" /a:b-c_2  src  now "), Some(("a:b-c_2", "src  now")));
        for text in
            ["/etc/hosts is odd", "/ review", "//", "/Review", "/2", "a /review", "/a.b", ""]
        {
            assert_eq!(typed(text), None, "{text}");
        }
    }

    #[test]
    fn arguments_go_where_the_text_says() {
        assert_eq!(filled("Fix $ARGUMENTS now", "a b"), "Fix a b now");
        assert_eq!(filled("$2 before $1, $3.", "one 'and two'"), "and two before one, .");
        assert_eq!(filled("It costs $10, $0 or $X; $ARGUMENTS", ""), "It costs $10, $0 or $X; ");
        assert_eq!(filled("Do it.", "to \"that\""), "Do it.\n\nto \"that\"");
        assert_eq!(filled("Do it.", ""), "Do it.");
        assert_eq!(filled("a $1", "$1 \"open"), "a $1");
        assert_eq!(words("don't say 'a b' \"\""), ["don't", "say", "a b", ""]);
    }

    #[test]
    fn every_built_in_command_says_what_it_is_for() {
        for (name, text) in BUILT_IN {
            let head = Frontmatter::parse(text);
            assert!(is_name(name) && head.get("description").is_some(), "{name}");
            assert!(!head.body.trim().is_empty());
        }
    }

    #[test]
    fn an_unknown_command_is_told_the_way_out() {
        let listed = |name: &str, source| Listed { name: name.to_owned(), source };
        let path = AbsPath::new("/p/deploy.md").unwrap();
        let theirs = Source::File { owner: Whose::Untrusted, path };
        let known = [listed("review", Source::BuiltIn("")), listed("deploy", theirs)];
        let message = |name| unknown(name, &known).message;
        assert!(message("reveiw").contains("Did you mean `/review`?"));
        assert!(!message("zzz").contains("Did you mean") && message("zzz").contains("/review"));
        assert!(message("deploy").contains("coworker trust"));
        assert!(!message("deplo").contains("/deploy"));
    }
}
