//! Skills: instructions for a kind of work, in folders with a `SKILL.md` by the rules of
//! <https://agentskills.io>.
//!
//! They are disclosed in three steps: their names and descriptions stand in the system prompt,
//! the tool `skill` gives the text of one, and that may name further files in its folder. A
//! project's skills count only where the user trusts its folder.

use protocol::AbsPath;

use super::{
    frontmatter::Frontmatter,
    place::{Owner, Place},
};
use crate::{ToolContext, prompts::SkillLine};

/// Where a project keeps its skills; the first counts most.
const PROJECT: &[&str] = &[".agents/skills", ".coworker/skills", ".claude/skills"];
/// Where a user's folder has them.
const USER: &str = "skills";
const FILE: &str = "SKILL.md";
/// How many folders of skills are looked at in one place.
const MOST: usize = 100;
/// How long a skill's text may be, in bytes.
const MOST_BYTES: usize = 128 * 1024;
/// How much of a description stands in the system prompt, in bytes.
const MOST_OF_ONE: usize = 400;
/// How much all names and descriptions may have there, in bytes.
const MOST_OF_ALL: usize = 6 * 1024;

const BUILT_IN: &[(&str, &str)] = &[
    ("code-review", include_str!("../../../../../skills/code-review/SKILL.md")),
    ("commit", include_str!("../../../../../skills/commit/SKILL.md")),
];

/// A skill that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skill {
    /// What it is called: small letters, digits and hyphens.
    pub name: String,
    /// What it does and when to use it.
    pub description: String,
    /// Whose it is.
    pub source: SkillSource,
    /// Its folder, resolved, with whatever further files its text names; none for a built-in one.
    pub folder: Option<AbsPath>,
    /// The instructions, in Markdown.
    pub text: String,
}

/// Whose a skill is. Of two with one name the project's counts before the user's, and that before
/// the built-in one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SkillSource {
    /// The project's, whose folder is trusted.
    Project,
    /// The user's own.
    User,
    /// Part of Coworker.
    BuiltIn,
}

impl ToolContext {
    /// The skills that can be used now, by name.
    pub async fn skills(&self) -> Vec<Skill> {
        let place = self.session.place();
        let documents = || self.documents.clone();
        let place = place.unwrap_or_else(|| Place::detached(self.root.clone(), documents()));
        find(&place).await.skills
    }
}

/// What was found where skills are kept.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Those that can be used, by name.
    pub(super) skills: Vec<Skill>,
    /// Those that break the rules, with the reason.
    pub(super) left_out: Vec<(AbsPath, String)>,
}

/// Looks for skills in all their places.
pub(super) async fn find(place: &Place) -> Found {
    let mut found = Found::default();
    for root in place.roots().filter(|root| place.is_trusted(root)) {
        for folder in PROJECT.iter().filter_map(|folder| root.join(folder).ok()) {
            found.look_into(place, SkillSource::Project, &folder).await;
        }
    }
    for folder in place.user_folders.iter().filter_map(|folder| folder.join(USER).ok()) {
        found.look_into(place, SkillSource::User, &folder).await;
    }
    for (name, text) in BUILT_IN {
        match skill(name, text, SkillSource::BuiltIn, None) {
            Ok(skill) => found.skills.push(skill),
            Err(reason) => tracing::error!(name, reason, "a built-in skill is broken"),
        }
    }
    // Stable, so the first of a name is the one that counts.
    found.skills.sort_by(|a, b| a.name.cmp(&b.name));
    found.skills.dedup_by(|later, first| later.name == first.name);
    found
}

/// The folders of the user's skills that lie where no tool may look, resolved.
pub(crate) async fn forbidden_folders(place: &Place) -> Vec<AbsPath> {
    let skills = find(place).await.skills.into_iter();
    let folders = skills.filter(|it| it.source == SkillSource::User).filter_map(|it| it.folder);
    let is_below = |folder: &AbsPath| {
        place.forbidden.iter().any(|it| folder.starts_with(it)) && !place.forbidden.contains(folder)
    };
    folders.filter(is_below).collect()
}

impl Found {
    async fn look_into(&mut self, place: &Place, source: SkillSource, folder: &AbsPath) {
        let owner = match source {
            SkillSource::User => Owner::User,
            _ => Owner::Project,
        };
        let entries = place.list(owner, folder).await;
        for entry in entries.iter().filter(|entry| entry.is_folder).take(MOST) {
            let Some(name) = entry.path.file_name() else { continue };
            let Ok(file) = entry.path.join(FILE) else { continue };
            // A folder without such a file is no skill; one whose file may not be read is none
            // that could be used.
            let Some(read) = place.read(owner, &file).await else { continue };
            let folder = read.path.parent();
            match skill(name, &read.text, source, folder) {
                Ok(skill) => self.skills.push(skill),
                Err(reason) => {
                    tracing::warn!(%file, reason, "a skill is left out");
                    self.left_out.push((file, reason));
                }
            }
        }
    }
}

/// The skill in a file; or which rule it breaks.
fn skill(
    folder_name: &str,
    text: &str,
    source: SkillSource,
    folder: Option<AbsPath>,
) -> Result<Skill, String> {
    let head = Frontmatter::parse(text);
    let name = head.get("name").ok_or("it has no `name`")?;
    let description = head.get("description").ok_or("it has no `description`")?;
    let is_fit = |char: char| char.is_ascii_lowercase() || char.is_ascii_digit() || char == '-';
    if !(1..=64).contains(&name.len()) || !name.chars().all(is_fit) {
        return Err("its `name` must be 1 to 64 of a-z, 0-9 and `-`".to_owned());
    }
    if name.starts_with('-') || name.ends_with('-') || name.contains("--") {
        return Err("its `name` must have each `-` between two other characters".to_owned());
    }
    if name != folder_name {
        return Err(format!("its `name` is `{name}` and its folder `{folder_name}`"));
    }
    if description.chars().count() > 1024 {
        return Err("its `description` has more than 1024 characters".to_owned());
    }
    if text.len() > MOST_BYTES {
        return Err(format!("it has more than {} KB", MOST_BYTES / 1024));
    }
    let (name, description) = (name.to_owned(), description.to_owned());
    Ok(Skill { name, description, source, folder, text: head.body.trim().to_owned() })
}

/// What the system prompt says of skills, and how many it leaves out.
pub(super) fn lines(skills: &[Skill]) -> (Vec<SkillLine>, usize) {
    let mut left = MOST_OF_ALL;
    let mut lines = Vec::new();
    // What the user and the project wrote comes first if not all fit.
    let mut by_source: Vec<&Skill> = skills.iter().collect();
    by_source.sort_by_key(|skill| skill.source);
    for skill in by_source {
        let words = skill.description.split_whitespace().collect::<Vec<_>>().join(" ");
        let fits = words.floor_char_boundary(MOST_OF_ONE);
        let description = match &words[..fits] {
            whole if fits == words.len() => whole.to_owned(),
            cut => format!("{}…", cut.trim_end()),
        };
        let size = skill.name.len() + description.len();
        if size > left {
            break;
        }
        left -= size;
        lines.push(SkillLine { name: skill.name.clone(), description });
    }
    let more = skills.len() - lines.len();
    (lines, more)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str, head: &str) -> Result<Skill, String> {
        skill(name, &format!("---\n{head}\n---\nText\n"), SkillSource::Project, None)
    }

    #[test]
    fn a_skill_keeps_the_rules() {
        let good = of("pdf-2", "name: pdf-2\ndescription: Reads PDF files").unwrap();
        assert_eq!((good.description.as_str(), good.text.as_str()), ("Reads PDF files", "Text"));
        for (folder, head) in [
            ("a", "description: x"),
            ("a", "name: a"),
            ("a", "name: a\ndescription:"),
            ("A", "name: A\ndescription: x"),
            ("a_b", "name: a_b\ndescription: x"),
            ("-a", "name: -a\ndescription: x"),
            ("a--b", "name: a--b\ndescription: x"),
            ("b", "name: a\ndescription: x"),
        ] {
            assert!(of(folder, head).is_err(), "{folder}: {head}");
        }
        let long = "é".repeat(1025);
        assert!(of("a", &format!("name: a\ndescription: {long}")).is_err());
        assert!(of("a", &format!("name: a\ndescription: {}", &long[2..])).is_ok());
        let name = "a".repeat(65);
        assert!(of(&name, &format!("name: {name}\ndescription: x")).is_err());
    }

    #[test]
    fn every_built_in_skill_keeps_the_rules() {
        for (name, text) in BUILT_IN {
            let built_in = skill(name, text, SkillSource::BuiltIn, None);
            assert!(built_in.is_ok_and(|skill| !skill.text.is_empty()), "{name}");
        }
    }

    #[test]
    fn the_list_is_short_and_says_what_it_leaves_out() {
        let skill = |number: usize, source| Skill {
            name: format!("s{number:03}"),
            description: "word\n".repeat(100),
            source,
            folder: None,
            text: String::new(),
        };
        let mut skills: Vec<Skill> = (0..50).map(|at| skill(at, SkillSource::BuiltIn)).collect();
        skills.push(skill(99, SkillSource::Project));
        let (lines, more) = lines(&skills);
        assert_eq!(lines.len() + more, 51);
        assert_eq!(lines[0].name, "s099");
        let bytes: usize = lines.iter().map(|it| it.name.len() + it.description.len()).sum();
        assert!(bytes <= MOST_OF_ALL && lines.len() > 10, "{bytes}");
        assert!(
            lines.iter().all(|it| it.description.ends_with('…') && !it.description.contains('\n'))
        );
    }
}
