//! Deciding about a change set hunk by hunk, as `git add -p` does it: each is shown as a small
//! diff, and a letter decides.
//!
//! It reads nothing and sends nothing: lines in, text out. Nothing counts before it is all sent
//! as one answer, which is [`question`](super::question)'s part.

use std::collections::HashMap;

use engine::{HunkView, Proposal};
use protocol::{AbsPath, FileChangeKind, HunkDecision, HunkId, HunkState};

use super::{
    style::{Style, exposed},
    view::{one_line, why},
};
use crate::excerpt::Excerpt;

/// What can be typed, in the order of the help.
const KEYS: &str = "y,n,e,c,a,d,q,?";

const HELP: &str = "  \
    y  accept this hunk\n  \
    n  reject it; a reason for the model may follow\n  \
    e  change the proposed lines in your editor, and accept them so\n  \
    c  say something about it to the model, and be asked again\n  \
    a  accept this hunk and the rest of its file\n  \
    d  reject this hunk and the rest of its file\n  \
    q  stop here; the hunks that are left are asked about as a whole\n";

/// The hunks of a change set, some of them decided.
#[derive(Clone, Debug)]
pub(super) struct Choosing {
    parts: Vec<Part>,
    /// How many hunks the change set has.
    total: usize,
    /// The one that stands on the screen.
    at: usize,
    stage: Stage,
}

/// What the next line is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Deciding,
    Commenting,
    Left,
}

/// A hunk that waits for a decision.
#[derive(Clone, Debug)]
struct Part {
    /// Counted over the change set from 1.
    number: usize,
    view: HunkView,
    /// The file, as it is shown.
    name: String,
    kind: FileChangeKind,
    /// Where the file goes, if it is moved.
    to: Option<String>,
    /// The numbers of the hunks that it builds on.
    builds_on: Vec<usize>,
    chosen: Option<Chosen>,
    comment: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Chosen {
    /// With these lines, if they are not the proposed ones.
    Accept(Option<String>),
    Reject,
}

/// What a typed line comes to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// This is shown, and the next line counts.
    Ask(String),
    /// These lines are to be changed in an editor.
    Edit(Lines),
    /// Every hunk is decided, or the user has left; this is shown.
    Over(String),
}

/// Lines to change in an editor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    /// The name of the file they are from, without folders.
    pub(super) file: String,
    /// The lines.
    pub(super) text: String,
}

impl Choosing {
    /// Begins with the hunks that wait; none if there are none.
    pub(super) fn new(files: Vec<Proposal>, root: &AbsPath) -> Option<Self> {
        let hunks = files.iter().flat_map(|file| &file.hunks).map(|view| view.hunk.id.clone());
        let numbers: HashMap<HunkId, usize> = hunks.zip(1..).collect();
        let shown = |path: &AbsPath| exposed(path.relative_to(root));
        let mut parts = Vec::new();
        for Proposal { path, kind, to, hunks, .. } in files {
            for view in hunks.into_iter().filter(|it| it.hunk.state == HunkState::Pending) {
                let number = |id: &HunkId| numbers.get(id).copied();
                parts.push(Part {
                    number: number(&view.hunk.id)?,
                    builds_on: view.hunk.depends_on.iter().filter_map(number).collect(),
                    view,
                    name: shown(&path),
                    kind,
                    to: to.as_ref().map(shown),
                    chosen: None,
                    comment: None,
                });
            }
        }
        let total = numbers.len();
        (!parts.is_empty()).then_some(Self { parts, total, at: 0, stage: Stage::Deciding })
    }

    /// Whether lines are for it.
    pub(super) fn is_open(&self) -> bool {
        self.stage != Stage::Left
    }

    /// Goes on with the hunks that are left, and asks.
    pub(super) fn resume(&mut self, style: Style) -> String {
        self.stage = Stage::Deciding;
        self.at = self.parts.iter().position(|part| part.chosen.is_none()).unwrap_or_default();
        self.show(style)
    }

    /// How many are decided, and of how many.
    pub(super) fn progress(&self) -> (usize, usize) {
        let decided = self.parts.iter().filter(|part| part.chosen.is_some()).count();
        (decided, self.parts.len())
    }

    /// A decision on every hunk; `rest` is the one on those that are left, with its reason.
    pub(super) fn decisions(&self, rest: bool, reason: Option<&String>) -> Vec<HunkDecision> {
        let decision = |part: &Part| {
            let (accept, text) = match &part.chosen {
                Some(Chosen::Accept(text)) => (true, text.clone()),
                Some(Chosen::Reject) => (false, None),
                None => (rest, None),
            };
            let reason = reason.filter(|_| part.chosen.is_none());
            let reason = part.comment.as_ref().or(reason).cloned();
            let before = text.is_some().then(|| part.view.before.clone());
            HunkDecision { hunk_id: part.view.hunk.id.clone(), accept, text, before, reason }
        };
        self.parts.iter().map(decision).collect()
    }

    /// Takes a line.
    pub(super) fn hear(&mut self, style: Style, line: &str) -> Step {
        let line = line.trim();
        let part = &mut self.parts[self.at];
        if self.stage == Stage::Commenting {
            self.stage = Stage::Deciding;
            if !line.is_empty() {
                part.comment = Some(line.to_owned());
            }
            return Step::Ask(self.prompt(style));
        }
        let (word, said) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let said = Some(said.trim()).filter(|said| !said.is_empty()).map(str::to_owned);
        match (&*word.to_lowercase(), said) {
            ("y" | "yes", None) => self.decide(style, true, &Chosen::Accept(None)),
            ("n" | "no", said) => {
                part.comment = said.or(part.comment.take());
                self.decide(style, true, &Chosen::Reject)
            }
            ("e" | "edit", None) => self.edit(style),
            ("c" | "comment", Some(said)) => {
                part.comment = Some(said);
                Step::Ask(self.prompt(style))
            }
            ("c" | "comment", None) => {
                self.stage = Stage::Commenting;
                Step::Ask("  Comment for the model > ".to_owned())
            }
            ("a", None) => self.decide(style, false, &Chosen::Accept(None)),
            ("d", None) => self.decide(style, false, &Chosen::Reject),
            ("q" | "quit", None) => {
                self.stage = Stage::Left;
                Step::Over(String::new())
            }
            ("?" | "h" | "help", _) => {
                Step::Ask(format!("{}{}", style.dim(HELP), self.prompt(style)))
            }
            _ => Step::Ask(format!("  Please type one of these: {KEYS} > ")),
        }
    }

    /// Takes what came of [`Step::Edit`]: the lines, or why there are none.
    pub(super) fn edited(&mut self, style: Style, lines: Result<String, String>) -> Step {
        match lines {
            Ok(text) => {
                let view = &self.parts[self.at].view;
                let text = ended_like(
                    text,
                    if view.after.is_empty() { &view.before } else { &view.after },
                );
                let text = (text != view.after).then_some(text);
                self.decide(style, true, &Chosen::Accept(text))
            }
            Err(why) => {
                let why = style.yellow(&exposed(&why));
                Step::Ask(format!("  {why}\n{}", self.prompt(style)))
            }
        }
    }

    fn edit(&mut self, style: Style) -> Step {
        let Part { view, name, .. } = &self.parts[self.at];
        if !view.can_be_reworded() {
            let text = format!("  There are no lines to edit here.\n{}", self.prompt(style));
            return Step::Ask(text);
        }
        let file = view.path.file_name().unwrap_or(name).to_owned();
        Step::Edit(Lines { file, text: view.after.clone() })
    }

    /// Decides about the hunk on the screen; unless `only` it, about the rest of its file, too.
    fn decide(&mut self, style: Style, only: bool, chosen: &Chosen) -> Step {
        let file = self.parts[self.at].view.path.clone();
        let mut said = String::new();
        for at in self.at..self.parts.len() {
            if self.parts[at].chosen.is_some() {
                continue;
            }
            if let Some(on) = self.fell_with(at) {
                let number = self.parts[at].number;
                said += &format!("  Hunk {number} goes with hunk {on}, on whose text it builds.\n");
                self.parts[at].chosen = Some(Chosen::Reject);
            } else if at == self.at || !only && self.parts[at].view.path == file {
                self.parts[at].chosen = Some(chosen.clone());
            }
        }
        let said = style.dim(&said);
        match self.parts.iter().position(|part| part.chosen.is_none()) {
            Some(next) => {
                self.at = next;
                Step::Ask(said + &self.show(style))
            }
            None => {
                self.stage = Stage::Left;
                Step::Over(said)
            }
        }
    }

    /// The rejected hunk that one builds on.
    fn fell_with(&self, at: usize) -> Option<usize> {
        let rejected = self.parts.iter().filter(|part| part.chosen == Some(Chosen::Reject));
        let mut rejected = rejected.map(|part| part.number);
        rejected.find(|number| self.parts[at].builds_on.contains(number))
    }

    /// The hunk with all that is to know, and what can be typed.
    pub(super) fn show(&self, style: Style) -> String {
        let Part { number, view, name, kind, to, builds_on, .. } = &self.parts[self.at];
        let excerpt = Excerpt::of(view);
        let line = excerpt.as_ref().map(|it| format!(":{}", it.line)).unwrap_or_default();
        let place = match (kind, to) {
            (FileChangeKind::Create, _) => format!("{name}, a new file"),
            (FileChangeKind::Delete, _) => format!("{name}, which is deleted"),
            (_, Some(to)) => format!("{name} → {to}"),
            _ => format!("{name}{line}"),
        };
        let heading = format!("Hunk {number} of {}: {place}", self.total);
        let mut text = format!("\n{}\n", style.bold(&heading));
        text += &why(style, view.hunk.reason.as_deref());
        if !builds_on.is_empty() {
            let on: Vec<String> = builds_on.iter().map(|on| format!("hunk {on}")).collect();
            text += &style.dim(&format!("It builds on {}.\n", on.join(" and ")));
        }
        if let Some(excerpt) = excerpt.filter(|_| *kind != FileChangeKind::Move) {
            text += &diff(style, &excerpt);
        }
        text + &self.prompt(style)
    }

    fn prompt(&self, style: Style) -> String {
        let said = self.parts[self.at].comment.as_deref();
        let said = said.map(|said| style.dim(&format!("  You say: {}\n", one_line(said))));
        let ask = style.bold(&format!("Accept this hunk [{KEYS}]?"));
        format!("{}{ask} ", said.unwrap_or_default())
    }
}

/// A hunk as a small diff.
pub(super) fn diff(style: Style, excerpt: &Excerpt) -> String {
    let lines = excerpt.lines().map(|(sign, line)| format!("{sign}{line}\n"));
    style.diff_part(&format!("{}\n{}", excerpt.heading(), lines.collect::<String>()))
}

/// The text, ending with a line break if that other text does: editors put one at the end.
fn ended_like(mut text: String, other: &str) -> String {
    let ending = if other.ends_with("\r\n") { "\r\n" } else { "\n" };
    if !other.ends_with('\n') {
        let bare = text.strip_suffix('\n').map(|it| it.strip_suffix('\r').unwrap_or(it).len());
        text.truncate(bare.unwrap_or(text.len()));
    } else if !text.is_empty() && !text.ends_with('\n') {
        text += ending;
    }
    text
}

#[cfg(test)]
mod tests;
