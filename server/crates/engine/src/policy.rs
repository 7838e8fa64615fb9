//! Policy: may this be done? One pure function over effects, used by everything that acts.
//!
//! It knows paths and commands as they were resolved, and reads nothing. Deny wins over ask, ask
//! over allow. What a user allowed once for the session or for always is an exact rule: the same
//! command in the same folder, the same path; never a family of them.

use camino::Utf8PathBuf;
use protocol::{AbsPath, Effect, Mode, Rule};

use crate::UNTITLED;

/// What a decision depends on beside the effects.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    /// How freely the agent may act.
    pub mode: Mode,
    /// The folder the session works in, resolved.
    pub root: &'a AbsPath,
    /// Further folders of the same work, resolved.
    pub folders: &'a [AbsPath],
    /// Folders no tool may touch, resolved.
    pub forbidden: &'a [AbsPath],
    /// Folders among those that may be read nevertheless, resolved: those of the user's skills.
    pub skills: &'a [AbsPath],
    /// What the user has allowed.
    pub rules: &'a [Rule],
}

/// A decision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It may be done.
    Allow,
    /// The user decides.
    Ask {
        /// Why, in a sentence.
        why: String,
        /// Whether the answer may be remembered.
        rememberable: bool,
    },
    /// It may not be done, whoever says so.
    Deny {
        /// Why, in a sentence the model can act on.
        why: String,
    },
}

/// Decides over all effects of one tool call: the strictest verdict on any of them.
pub fn decide(situation: &Situation<'_>, effects: &[Effect]) -> Verdict {
    effects.iter().fold(Verdict::Allow, |before, effect| before.and(judge(situation, effect)))
}

impl Verdict {
    /// The stricter of two verdicts.
    pub(crate) fn and(self, other: Self) -> Self {
        match (self, other) {
            // Where both ask, one that must not be remembered keeps the other from it.
            (Self::Ask { why, rememberable }, Self::Ask { rememberable: other, .. }) => {
                Self::Ask { why, rememberable: rememberable && other }
            }
            (one, other) => one.max(other),
        }
    }
}

fn judge(situation: &Situation<'_>, effect: &Effect) -> Verdict {
    let remembered = situation.rules.iter().any(|rule| rule.allow == *effect);
    let auto = situation.mode == Mode::Auto;
    match effect {
        Effect::Read { path } if is_of_a_skill(situation, path) && !looks_secret(path) => {
            Verdict::Allow
        }
        Effect::Read { path } | Effect::Write { path } | Effect::Delete { path }
            if is_forbidden(situation, path) =>
        {
            deny(format!("`{path}` belongs to Coworker itself; no tool may touch it."))
        }
        Effect::Move { from, to } => match judge_move(situation, from, to) {
            Verdict::Ask { rememberable: true, .. } if remembered => Verdict::Allow,
            verdict => verdict,
        },
        Effect::Read { path } if is_of_the_system(path) => Verdict::Ask {
            why: format!("`{path}` is no file of a project: it shows or changes running programs."),
            rememberable: false,
        },
        Effect::Read { path } if remembered || is_free_to_read(situation, path) => Verdict::Allow,
        Effect::Read { path } if looks_secret(path) => {
            ask(format!("`{path}` looks like it holds secrets."))
        }
        Effect::Read { .. } => ask("It lies outside of the folder of this session."),
        Effect::Write { .. } | Effect::Delete { .. } | Effect::Run { .. }
            if situation.mode == Mode::Plan =>
        {
            deny(
                "The session is in plan mode, which is read-only. Submit a plan with the tool \
                 `plan`; when the user approves it, writing and running become possible.",
            )
        }
        Effect::Write { .. } | Effect::Delete { .. } | Effect::Run { .. } | Effect::SubmitPlan
            if situation.mode == Mode::Fast =>
        {
            deny(
                "The session is in fast mode, which only reads. Say in your answer what is to be \
                 changed or run, and that the user can choose the mode `ask` to have it done.",
            )
        }
        Effect::Write { path } | Effect::Delete { path } if !auto && is_protected(path) => {
            Verdict::Ask {
                why: format!("`{path}` can make programs run; it is asked for every time."),
                rememberable: false,
            }
        }
        Effect::Write { .. } | Effect::Delete { .. } | Effect::Run { .. } if remembered => {
            Verdict::Allow
        }
        Effect::Write { path } | Effect::Delete { path } if !is_inside(situation, path) => {
            ask("It lies outside of the folder of this session.")
        }
        Effect::Write { .. } | Effect::Delete { .. } | Effect::Run { .. } if auto => Verdict::Allow,
        Effect::Write { .. } if situation.mode == Mode::Edit => Verdict::Allow,
        Effect::Write { .. } => ask("In this mode every change is asked for."),
        Effect::Delete { .. } => ask("In this mode every deletion is asked for."),
        Effect::Run { .. } => ask("In this mode every command is asked for."),
        Effect::SubmitPlan => {
            Verdict::Ask { why: "A plan is yours to approve.".to_owned(), rememberable: false }
        }
        // An effect this function does not know is not one it can allow.
        _ => deny("Policy does not know this kind of effect."),
    }
}

/// A move takes away at one place and writes at the other, and under the new name the text may
/// be free to be read.
fn judge_move(situation: &Situation<'_>, from: &AbsPath, to: &AbsPath) -> Verdict {
    let read = Effect::Read { path: from.clone() };
    let [from, to] = [from, to].map(|path| Effect::Write { path: path.clone() });
    decide(situation, &[from, to, read])
}

fn ask(why: impl Into<String>) -> Verdict {
    Verdict::Ask { why: why.into(), rememberable: true }
}

fn deny(why: impl Into<String>) -> Verdict {
    Verdict::Deny { why: why.into() }
}

/// In any letter case: on some disks two spellings are one file.
fn is_forbidden(situation: &Situation<'_>, path: &AbsPath) -> bool {
    let path = Utf8PathBuf::from(path.as_str().to_lowercase());
    situation.forbidden.iter().any(|folder| path.starts_with(folder.as_str().to_lowercase()))
}

fn is_of_a_skill(situation: &Situation<'_>, path: &AbsPath) -> bool {
    situation.skills.iter().any(|folder| path.starts_with(folder))
}

/// Whether the agent may read a file of this path without asking. What searches many files asks
/// this of each.
pub fn is_free_to_read(situation: &Situation<'_>, path: &AbsPath) -> bool {
    let is_open = is_inside(situation, path) && !is_forbidden(situation, path);
    (is_open || is_of_a_skill(situation, path)) && !is_of_the_system(path) && !looks_secret(path)
}

/// Documents without a file are in an editor that works in the session's folder.
fn is_inside(situation: &Situation<'_>, path: &AbsPath) -> bool {
    path.starts_with(situation.root)
        || path.as_str().strip_prefix(UNTITLED).is_some_and(|rest| rest.starts_with('/'))
        || situation.folders.iter().any(|folder| path.starts_with(folder))
}

/// Where the system shows its processes and devices as files.
fn is_of_the_system(path: &AbsPath) -> bool {
    ["proc", "sys", "dev"].iter().any(|top| path.as_str().split('/').nth(1) == Some(top))
}

/// Names that hold keys by custom, in any letter case.
fn looks_secret(path: &AbsPath) -> bool {
    let lower = path.as_str().to_lowercase();
    let name = lower.rsplit('/').next().unwrap_or_default();
    let ssh_key = ["id_rsa", "id_dsa", "id_ed25519", "id_ecdsa"];
    lower.split('/').any(|part| KEY_FOLDERS.contains(&part))
        || KEY_FILES.contains(&name)
        || (name.starts_with(".env.") && !name.ends_with("example"))
        || ssh_key.iter().any(|begin| name.starts_with(begin))
        || KEY_ENDINGS.iter().any(|end| name.ends_with(end))
        || lower.ends_with("/.docker/config.json")
}

const KEY_FOLDERS: &[&str] = &[".ssh", ".gnupg", ".aws", ".kube"];

#[rustfmt::skip]
const KEY_FILES: &[&str] = &[
    ".env", ".envrc", ".netrc", "_netrc", ".npmrc", ".pypirc", ".pgpass", ".dockercfg", ".htpasswd",
    ".git-credentials", "credentials",
];

const KEY_ENDINGS: &[&str] = &[".pem", ".key", ".p12", ".pfx", ".keystore"];

/// Places whose content other programs run or obey, in any letter case, existing or not.
fn is_protected(path: &AbsPath) -> bool {
    let lower = path.as_str().to_lowercase();
    let name = lower.rsplit('/').next().unwrap_or_default();
    lower.split('/').any(|part| PROTECTED_FOLDERS.contains(&part))
        || PROTECTED_FILES.contains(&name)
        || lower.contains("/.config/fish/")
}

#[rustfmt::skip]
const PROTECTED_FOLDERS: &[&str] = &[
    ".git", ".vscode", ".idea", ".zed", ".coworker", ".agents", ".claude", ".cursor", ".husky",
    ".github", ".circleci", ".devcontainer", ".cargo", ".ssh",
];

#[rustfmt::skip]
const PROTECTED_FILES: &[&str] = &[
    // Instructions that agents obey.
    "agents.md", "claude.md", "gemini.md", ".cursorrules", ".windsurfrules", ".clinerules", ".mcp.json",
    // Read by editors and tools when a folder is opened.
    ".envrc", ".nvim.lua", ".nvimrc", ".exrc", ".dir-locals.el", ".gdbinit", ".npmrc",
    // Read by git, and by what runs on a push.
    ".gitmodules", ".gitconfig", ".gitattributes", ".gitlab-ci.yml", ".pre-commit-config.yaml",
    "jenkinsfile",
    // Read by shells when they start.
    ".bashrc", ".bash_profile", ".bash_login", ".profile", ".zshrc", ".zshenv", ".zprofile",
    ".zlogin",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> AbsPath {
        AbsPath::new(text).unwrap()
    }

    fn read(at: &str) -> Effect {
        Effect::Read { path: path(at) }
    }

    fn write(at: &str) -> Effect {
        Effect::Write { path: path(at) }
    }

    fn delete(at: &str) -> Effect {
        Effect::Delete { path: path(at) }
    }

    fn go(from: &str, to: &str) -> Effect {
        Effect::Move { from: path(from), to: path(to) }
    }

    fn run(command: &str) -> Effect {
        Effect::Run { command: command.into(), folder: path("/w") }
    }

    fn verdict(mode: Mode, rules: &[Effect], effects: &[Effect]) -> Verdict {
        let rules: Vec<Rule> = rules.iter().map(|allow| Rule { allow: allow.clone() }).collect();
        let (root, forbidden) = (path("/w"), [path("/state")]);
        let (folders, rules) = ([path("/second")], &rules);
        let (forbidden, skills) = (&forbidden, &[path("/state/skills/pdf")]);
        let (root, folders) = (&root, &folders);
        decide(&Situation { mode, root, folders, forbidden, skills, rules }, effects)
    }

    fn word(verdict: Verdict) -> &'static str {
        match verdict {
            Verdict::Allow => "allow",
            Verdict::Ask { rememberable: true, .. } => "ask",
            Verdict::Ask { rememberable: false, .. } => "ask every time",
            Verdict::Deny { .. } => "deny",
        }
    }

    #[test]
    fn each_effect_in_each_mode() {
        let every = "ask every time";
        // The effect, and what is said to it in the modes ask, plan, fast, edit and auto.
        let table = [
            (read("/w/src/a.rs"), ["allow", "allow", "allow", "allow", "allow"]),
            (read("/w"), ["allow", "allow", "allow", "allow", "allow"]),
            (read("/untitled:/Untitled-1"), ["allow", "allow", "allow", "allow", "allow"]),
            (write("/untitled:/Untitled-1"), ["ask", "deny", "deny", "allow", "allow"]),
            (read("/second/a.rs"), ["allow", "allow", "allow", "allow", "allow"]),
            (read("/wider/a.rs"), ["ask", "ask", "ask", "ask", "ask"]),
            (read("/etc/hosts"), ["ask", "ask", "ask", "ask", "ask"]),
            (read("/w/.env"), ["ask", "ask", "ask", "ask", "ask"]),
            (read("/w/.ENV.production"), ["ask", "ask", "ask", "ask", "ask"]),
            (read("/w/.env.example"), ["allow", "allow", "allow", "allow", "allow"]),
            (read("/w/.ssh/config"), ["ask", "ask", "ask", "ask", "ask"]),
            (read("/w/certs/server.PEM"), ["ask", "ask", "ask", "ask", "ask"]),
            (read("/w/.envrc"), ["ask", "ask", "ask", "ask", "ask"]),
            (read("/proc/self/environ"), [every, every, every, every, every]),
            (read("/state/coworker.db"), ["deny", "deny", "deny", "deny", "deny"]),
            (read("/STATE/coworker.db"), ["deny", "deny", "deny", "deny", "deny"]),
            (read("/state/skills/pdf/forms.md"), ["allow", "allow", "allow", "allow", "allow"]),
            (read("/state/skills/pdf/.env"), ["deny", "deny", "deny", "deny", "deny"]),
            (read("/state/skills/other/a.md"), ["deny", "deny", "deny", "deny", "deny"]),
            (write("/state/skills/pdf/forms.md"), ["deny", "deny", "deny", "deny", "deny"]),
            (delete("/state/skills/pdf/forms.md"), ["deny", "deny", "deny", "deny", "deny"]),
            (go("/state/skills/pdf/forms.md", "/w/a.md"), ["deny", "deny", "deny", "deny", "deny"]),
            (write("/w/src/a.rs"), ["ask", "deny", "deny", "allow", "allow"]),
            (write("/second/a.rs"), ["ask", "deny", "deny", "allow", "allow"]),
            (write("/elsewhere/a.rs"), ["ask", "deny", "deny", "ask", "ask"]),
            (write("/state/coworker.db"), ["deny", "deny", "deny", "deny", "deny"]),
            (write("/w/.git/config"), [every, "deny", "deny", every, "allow"]),
            (write("/w/.GIT/hooks/pre-commit"), [every, "deny", "deny", every, "allow"]),
            (write("/w/sub/.vscode/tasks.json"), [every, "deny", "deny", every, "allow"]),
            (write("/w/.envrc"), [every, "deny", "deny", every, "allow"]),
            (write("/w/src/AGENTS.md"), [every, "deny", "deny", every, "allow"]),
            (write("/w/.cargo/config.toml"), [every, "deny", "deny", every, "allow"]),
            (write("/elsewhere/.git/config"), [every, "deny", "deny", every, "ask"]),
            (delete("/w/src/a.rs"), ["ask", "deny", "deny", "ask", "allow"]),
            (delete("/w/.git/config"), [every, "deny", "deny", every, "allow"]),
            (delete("/elsewhere/a.rs"), ["ask", "deny", "deny", "ask", "ask"]),
            (delete("/state/coworker.db"), ["deny", "deny", "deny", "deny", "deny"]),
            (go("/w/a.rs", "/w/b.rs"), ["ask", "deny", "deny", "allow", "allow"]),
            (go("/w/a.rs", "/elsewhere/b.rs"), ["ask", "deny", "deny", "ask", "ask"]),
            (go("/elsewhere/a.rs", "/w/b.rs"), ["ask", "deny", "deny", "ask", "ask"]),
            (go("/w/hook", "/w/.git/hooks/x"), [every, "deny", "deny", every, "allow"]),
            (go("/w/.env", "/w/env.txt"), ["ask", "deny", "deny", "ask", "ask"]),
            (go("/w/a", "/state/x"), ["deny", "deny", "deny", "deny", "deny"]),
            (go("/state/x", "/w/a"), ["deny", "deny", "deny", "deny", "deny"]),
            (run("ls"), ["ask", "deny", "deny", "ask", "allow"]),
            (Effect::SubmitPlan, [every, every, "deny", every, every]),
        ];
        for (effect, expected) in table {
            let effects = [effect];
            for (mode, expected) in Mode::ALL.into_iter().zip(expected) {
                let said = word(verdict(mode, &[], &effects));
                assert_eq!(said, expected, "{effects:?} in mode {}", mode.as_str());
            }
        }
    }

    #[test]
    fn why_a_read_is_asked_for_is_said_of_what_is_read() {
        let why = |at: &str| match verdict(Mode::Ask, &[], &[read(at)]) {
            Verdict::Ask { why, .. } => why,
            _ => panic!("{at} is not asked for"),
        };
        assert!(why("/w/.env").contains("holds secrets"));
        assert!(why("/elsewhere/a.rs").contains("outside of the folder"));
    }

    #[test]
    fn names_that_hold_keys_or_make_programs_run_are_known_in_any_case() {
        let secret = [
            "id_rsa",
            "id_ed25519.old",
            ".netrc",
            ".pgpass",
            ".dockercfg",
            ".pypirc",
            ".npmrc",
            ".git-credentials",
            "credentials",
            "a.key",
            "b.p12",
            "c.PFX",
            "d.keystore",
            ".env.local",
            ".htpasswd",
            ".docker/config.json",
            ".aws/config",
            ".gnupg/x",
            ".kube/config",
            "id_dsa",
            "id_ecdsa",
        ];
        for name in secret {
            assert!(looks_secret(&path(&format!("/w/{name}"))), "{name}");
            assert!(looks_secret(&path(&format!("/w/{}", name.to_uppercase()))), "{name}");
        }
        for name in ["environment.rs", "keys.rs", ".environment", "my.env", "docker/config.json"] {
            assert!(!looks_secret(&path(&format!("/w/{name}"))), "{name}");
        }
        let protected = [
            ".idea/x",
            ".zed/x",
            ".coworker/x",
            ".agents/skills/x/SKILL.md",
            ".claude/x",
            ".cursor/x",
            ".husky/x",
            ".github/workflows/x",
            ".circleci/x",
            ".devcontainer/x",
            ".ssh/x",
            "CLAUDE.md",
            "GEMINI.md",
            ".cursorrules",
            ".windsurfrules",
            ".clinerules",
            ".mcp.json",
            ".nvim.lua",
            ".nvimrc",
            ".exrc",
            ".dir-locals.el",
            ".gdbinit",
            ".npmrc",
            ".gitmodules",
            ".gitconfig",
            ".gitattributes",
            ".gitlab-ci.yml",
            "Jenkinsfile",
            ".pre-commit-config.yaml",
            ".bashrc",
            ".bash_profile",
            ".bash_login",
            ".profile",
            ".zshrc",
            ".zshenv",
            ".zprofile",
            ".zlogin",
            ".config/fish/config.fish",
        ];
        for name in protected {
            assert!(is_protected(&path(&format!("/w/{name}"))), "{name}");
            assert!(is_protected(&path(&format!("/w/{}", name.to_uppercase()))), "{name}");
        }
        for name in ["github/x", "src/git/mod.rs", "profile", "bashrc.md", "fish/config.fish"] {
            assert!(!is_protected(&path(&format!("/w/{name}"))), "{name}");
        }
    }

    #[test]
    fn a_rule_covers_exactly_its_effect() {
        let rules = [run("cargo test"), write("/w/a.rs"), read("/etc/hosts")];
        let allowed = |effect| verdict(Mode::Ask, &rules, &[effect]) == Verdict::Allow;
        assert!(allowed(run("cargo test")));
        assert!(allowed(write("/w/a.rs")));
        assert!(allowed(read("/etc/hosts")));
        assert!(!allowed(run("cargo test --all")));
        assert!(!allowed(Effect::Run { command: "cargo test".into(), folder: path("/w/sub") }));
        assert!(!allowed(write("/w/b.rs")));
        assert!(!allowed(write("/etc/hosts")));
        assert!(!allowed(delete("/w/a.rs")));
        assert!(!allowed(go("/w/a.rs", "/w/b.rs")));
    }

    #[test]
    fn a_move_is_remembered_as_a_move() {
        let rules = [go("/w/a.rs", "/w/b.rs"), go("/w/x", "/w/.git/x"), delete("/w/a.rs")];
        let said = |effect| word(verdict(Mode::Ask, &rules, &[effect]));
        assert_eq!(said(go("/w/a.rs", "/w/b.rs")), "allow");
        assert_eq!(said(go("/w/b.rs", "/w/a.rs")), "ask");
        assert_eq!(said(go("/w/x", "/w/.git/x")), "ask every time");
        assert_eq!(said(delete("/w/a.rs")), "allow");
        assert_eq!(said(write("/w/a.rs")), "ask");
    }

    #[test]
    fn where_both_ask_the_one_that_is_not_remembered_wins() {
        let ask = |rememberable| Verdict::Ask { why: "why".into(), rememberable };
        assert_eq!(ask(true).and(ask(false)), ask(false));
        assert_eq!(ask(false).and(ask(true)), ask(false));
        assert_eq!(ask(true).and(ask(true)), ask(true));
        assert_eq!(Verdict::Allow.and(ask(true)), ask(true));
    }

    #[test]
    fn no_rule_lifts_a_denial_or_a_protected_place() {
        let rules = [write("/w/.git/config"), write("/state/x"), run("ls"), Effect::SubmitPlan];
        assert_eq!(word(verdict(Mode::Ask, &rules, &[write("/w/.git/config")])), "ask every time");
        assert_eq!(word(verdict(Mode::Ask, &rules, &[write("/state/x")])), "deny");
        assert_eq!(word(verdict(Mode::Plan, &rules, &[run("ls")])), "deny");
        assert_eq!(word(verdict(Mode::Ask, &rules, &[Effect::SubmitPlan])), "ask every time");
    }

    #[test]
    fn the_strictest_effect_decides_in_any_order() {
        let mixed = [read("/w/a"), write("/w/b"), write("/w/.git/config")];
        for turn in 0..mixed.len() {
            let mut effects = mixed.to_vec();
            effects.rotate_left(turn);
            assert_eq!(word(verdict(Mode::Ask, &[], &effects)), "ask every time");
            effects.push(read("/state/x"));
            assert_eq!(word(verdict(Mode::Ask, &[], &effects)), "deny");
        }
        assert_eq!(verdict(Mode::Ask, &[], &[]), Verdict::Allow);
    }
}
