//! What the agent wrote in a session: listed hunk by hunk, taken back and done again.
//!
//! Hunks are counted over the session, turns by their prompts, both from 1. What was typed since
//! stays; going back exactly is what [`checkpoints`](super::checkpoints) are for.

use std::{
    collections::{BTreeSet, HashMap},
    io,
};

use engine::{HunkNow, HunkView, Sessions, Switched};
use protocol::{
    AbsPath, ErrorCode, ErrorInfo, FileChangeKind, Hunk, HunkId, HunkState, ItemBody, ItemId,
    SessionInfo, SessionState, TurnId, UndoScope,
};
use serde::Serialize;

use super::{
    CliError, Ending,
    checkpoints::count,
    choosing::diff,
    sessions::{confirm, find, must_be_asked, style, write},
    style::{Colour, Style, exposed},
    transcript::state,
    view::{one_line, why},
};
use crate::excerpt::Excerpt;

/// What is taken back, or done again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// The last turn of which something can be.
    LastTurn,
    /// The last hunk that can be.
    LastHunk,
    /// A turn, by its number.
    Turn(usize),
    /// Hunks, by their numbers.
    Hunks(Vec<usize>),
    /// All.
    Session,
}

/// The hunks of a session, in order, and its prompts.
struct Changes {
    prompts: Vec<(TurnId, String)>,
    hunks: Vec<Change>,
}

/// A hunk of the session.
#[derive(Clone)]
struct Change {
    number: usize,
    /// The number of its turn, if that began with a prompt.
    turn: Option<usize>,
    turn_id: TurnId,
    change_set_id: ItemId,
    /// The document, where it is now.
    path: AbsPath,
    /// Where it was when the hunk was proposed.
    from: AbsPath,
    kind: FileChangeKind,
    to: Option<AbsPath>,
    hunk: Hunk,
    /// How it stands in its document, if it has a place there.
    excerpt: Option<Excerpt>,
    /// Whether its text belongs to the session that this one was forked from.
    is_foreign: bool,
}

/// A hunk, as programs are told of it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    number: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    turn: Option<usize>,
    turn_id: &'a TurnId,
    change_set_id: &'a ItemId,
    hunk_id: &'a HunkId,
    path: &'a AbsPath,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    kind: FileChangeKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a AbsPath>,
    state: &'a HunkState,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    comment: Option<&'a str>,
    edited: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    depends_on: Vec<usize>,
}

/// Lists the hunks of a session with where they stand now; as another process told last, if that
/// has it open. With `json` each is one line, as docs/command-line.md describes it.
///
/// # Errors
/// There is no such session, or the output cannot be written.
pub async fn list(
    sessions: &Sessions,
    beginning: &str,
    json: bool,
    colour: Colour,
) -> Result<Ending, CliError> {
    let info = find(sessions, beginning).await?;
    let (changes, is_elsewhere) = match Changes::of(sessions, &info).await {
        Ok(changes) => (changes, false),
        Err(error) if error.code == ErrorCode::SessionInUse => {
            let state = sessions.look(&info.id).await?.state();
            (Changes::new(&state, &HashMap::new()), true)
        }
        Err(error) => return Err(error.into()),
    };
    let mut text = String::new();
    if json {
        for change in &changes.hunks {
            let line = serde_json::to_string(&changes.line(change)).map_err(io::Error::from)?;
            text += &(line + "\n");
        }
    } else {
        text = changes.shown(style(colour), &info.root);
        if is_elsewhere {
            text +=
                "It is open in another Coworker: this is how hunks stood when that told last.\n";
        }
    }
    write(&text)?;
    Ok(Ending::Done)
}

/// Takes back what the agent wrote, or with `redo` does it again. What that changes is shown
/// first, and asked for on a terminal; else it takes `yes`.
///
/// # Errors
/// There is no such session, turn or hunk, another process has the session open, or there is
/// nobody to ask.
pub async fn turn(
    sessions: &Sessions,
    beginning: &str,
    which: &Which,
    redo: bool,
    yes: bool,
    colour: Colour,
) -> Result<Ending, CliError> {
    let info = find(sessions, beginning).await?;
    let changes = Changes::of(sessions, &info).await?;
    let (style, root) = (style(colour), &info.root);
    let chosen = changes.chosen(which, redo)?;
    if chosen.is_empty() {
        write(&changes.nothing(which, redo))?;
        return Ok(changes.ending(which, redo));
    }
    let own: Vec<&Change> = chosen.iter().copied().filter(|it| !it.is_foreign).collect();
    write(&own.iter().map(|change| change.turning(style, root, redo)).collect::<String>())?;
    // Of what belongs to another session it is only said why it stays.
    if !own.is_empty() && !yes {
        must_be_asked(if redo { "does it again" } else { "takes it back" })?;
        let files: BTreeSet<&AbsPath> = own.iter().map(|change| &change.path).collect();
        let what = format!("{} in {}", hunks(own.len()), count(files.len()));
        let (verb, rest) = if redo { ("Put", " in again?") } else { ("Take", " back?") };
        if !confirm(&format!("{verb} {}{rest}", style.bold(&what)))? {
            return Ok(Ending::Stopped);
        }
    }
    let hunk_ids = chosen.iter().map(|change| change.hunk.id.clone()).collect();
    let switched = sessions.undo(&info.id, UndoScope::Hunks { hunk_ids }, redo).await?;
    write(&changes.told(&switched, redo, root))?;
    Ok(if switched.refused.is_empty() { Ending::Done } else { Ending::Failed })
}

impl Changes {
    async fn of(sessions: &Sessions, info: &SessionInfo) -> Result<Self, ErrorInfo> {
        let views = sessions.hunks(&info.id, None).await?;
        let views = views.into_iter().map(|view| (view.hunk.id.clone(), view)).collect();
        // Looked at after the hunks, which notices what became of them meanwhile.
        Ok(Self::new(&sessions.state(&info.id).await?, &views))
    }

    fn new(session: &SessionState, views: &HashMap<HunkId, HunkView>) -> Self {
        let mut prompts: Vec<(TurnId, String)> = Vec::new();
        let mut hunks = Vec::new();
        for item in &session.items {
            let prompt = prompts.iter().position(|(turn, _)| *turn == item.turn_id);
            let set = match &item.body {
                ItemBody::UserMessage(message) if prompt.is_none() => {
                    prompts.push((item.turn_id.clone(), one_line(&message.text)));
                    continue;
                }
                ItemBody::ChangeSet(set) => set,
                _ => continue,
            };
            for file in &set.files {
                for hunk in &file.hunks {
                    let view = views.get(&hunk.id);
                    hunks.push(Change {
                        number: hunks.len() + 1,
                        turn: prompt.map(|at| at + 1),
                        turn_id: item.turn_id.clone(),
                        change_set_id: item.id.clone(),
                        path: view.map_or(&file.path, |view| &view.path).clone(),
                        from: file.path.clone(),
                        kind: file.kind,
                        to: file.to.clone(),
                        hunk: hunk.clone(),
                        excerpt: view.and_then(Excerpt::of),
                        is_foreign: set.session_id.is_some(),
                    });
                }
            }
        }
        Self { prompts, hunks }
    }

    fn number(&self, id: &HunkId) -> Option<usize> {
        self.hunks.iter().find(|change| change.hunk.id == *id).map(|change| change.number)
    }

    fn line<'a>(&self, change: &'a Change) -> Line<'a> {
        let Change { number, turn, turn_id, change_set_id, path, kind, to, hunk, excerpt, .. } =
            change;
        Line {
            number: *number,
            turn: *turn,
            turn_id,
            change_set_id,
            hunk_id: &hunk.id,
            path,
            line: excerpt.as_ref().map(|excerpt| excerpt.line),
            kind: *kind,
            to: to.as_ref(),
            state: &hunk.state,
            reason: hunk.reason.as_deref(),
            comment: hunk.comment.as_deref(),
            edited: hunk.edited,
            depends_on: hunk.depends_on.iter().filter_map(|id| self.number(id)).collect(),
        }
    }

    /// The hunks for reading, turn by turn.
    fn shown(&self, style: Style, root: &AbsPath) -> String {
        if self.hunks.is_empty() {
            return "No changes: the agent has proposed no edit in this session.\n".to_owned();
        }
        let mut text = String::new();
        let mut turn = None;
        for change in &self.hunks {
            if turn != Some(&change.turn_id) {
                turn = Some(&change.turn_id);
                let prompt = change.turn.and_then(|number| self.prompts.get(number - 1));
                if let (Some(number), Some((_, prompt))) = (change.turn, prompt) {
                    text += &format!("Turn {number}: {}\n", style.bold(prompt));
                }
            }
            let mut said = state(&change.hunk);
            if change.hunk.edited {
                said += ", as you edited it";
            }
            if change.is_foreign {
                said += ", in the session that this one was forked from";
            }
            let said = match change.hunk.state {
                HunkState::Applied | HunkState::Kept => style.green(&said),
                HunkState::Conflicted { .. } => style.red(&said),
                HunkState::Pending | HunkState::Accepted => style.yellow(&said),
                _ => style.dim(&said),
            };
            text += &format!("{:>4}  {}  {said}\n", change.number, change.place(root));
            let reason = change.hunk.reason.as_deref();
            text += &reason
                .map(|it| why(style, Some(it)))
                .map_or_else(String::new, |it| format!("      {it}"));
        }
        text
    }

    /// The hunks that are meant and can be switched.
    fn chosen(&self, which: &Which, redo: bool) -> Result<Vec<&Change>, CliError> {
        let can = |change: &&Change| match redo {
            true => change.hunk.state == HunkState::Undone,
            false => change.is_there(),
        };
        let is_own = |change: &&Change| !change.is_foreign && can(change);
        let of_turn = |turn: &TurnId| {
            self.hunks.iter().filter(can).filter(|it| it.turn_id == *turn).collect()
        };
        let found: Vec<&Change> = match which {
            Which::Turn(number) => {
                let turn = number.checked_sub(1).and_then(|at| self.prompts.get(at));
                let (turn, _) = turn.ok_or_else(|| unknown("turn", *number))?;
                of_turn(turn)
            }
            Which::Hunks(numbers) => self.named(numbers)?.into_iter().filter(can).collect(),
            Which::Session => self.hunks.iter().filter(is_own).collect(),
            Which::LastHunk | Which::LastTurn => {
                let last = match redo {
                    // What was undone step by step is done again in the other order: first what
                    // follows what still stands.
                    true => {
                        let stands = self.hunks.iter().rfind(|it| !it.is_foreign && it.is_there());
                        let stands = stands.map_or(0, |it| it.number);
                        let mut undone = self.hunks.iter().filter(is_own);
                        let next = undone.clone().find(|change| change.number > stands);
                        next.or_else(|| undone.next_back())
                    }
                    false => self.hunks.iter().rfind(is_own),
                };
                match (last, which) {
                    (None, _) => Vec::new(),
                    (Some(last), Which::LastHunk) => vec![last],
                    (Some(last), _) => of_turn(&last.turn_id),
                }
            }
        };
        Ok(found)
    }

    fn named(&self, numbers: &[usize]) -> Result<Vec<&Change>, CliError> {
        let numbers: BTreeSet<usize> = numbers.iter().copied().collect();
        let change = |number: usize| {
            let change = number.checked_sub(1).and_then(|at| self.hunks.get(at));
            change.ok_or_else(|| unknown("hunk", number))
        };
        numbers.into_iter().map(change).collect()
    }

    /// Why there is nothing to do.
    fn nothing(&self, which: &Which, redo: bool) -> String {
        let what = if redo { "Nothing to do again" } else { "Nothing to take back" };
        let stands = |change: &Change| {
            format!("{what}: hunk {} is {}.\n", change.number, state(&change.hunk))
        };
        match which {
            Which::Hunks(numbers) => match self.named(numbers) {
                Ok(named) => named.into_iter().map(stands).collect(),
                Err(_) => String::new(),
            },
            Which::Turn(number) => format!("{what} of turn {number}.\n"),
            Which::LastHunk | Which::LastTurn | Which::Session => {
                format!("{what} in this session.\n")
            }
        }
    }

    /// How it ends when there is nothing to do: hunks that cannot be had again were named in vain.
    fn ending(&self, which: &Which, redo: bool) -> Ending {
        match which {
            Which::Hunks(numbers) if redo => match self.named(numbers) {
                Ok(named) if named.iter().all(|change| change.is_there()) => Ending::Done,
                _ => Ending::Failed,
            },
            _ => Ending::Done,
        }
    }

    /// What was switched and what was not, for reading.
    fn told(&self, switched: &Switched, redo: bool, root: &AbsPath) -> String {
        let done = if redo { "done again" } else { "taken back" };
        let mut text = String::new();
        for HunkNow { id, reason, .. } in &switched.refused {
            let reason = reason.as_deref().unwrap_or_default();
            let change = self.hunks.iter().find(|change| change.hunk.id == *id);
            let place = change.map(|it| format!("hunk {} in {}", it.number, it.place(root)));
            let place = place.unwrap_or_else(|| exposed(id.as_str()));
            text += &format!("not {done}: {place}: {}\n", exposed(reason));
        }
        if !switched.hunks.is_empty() || switched.refused.is_empty() {
            text += &format!("{} {done}.\n", hunks(switched.hunks.len()));
        }
        text
    }
}

impl Change {
    /// Whether its text is in its document.
    fn is_there(&self) -> bool {
        self.hunk.state.is_in_document()
    }

    /// Its file and line, and what is done with the file.
    fn place(&self, root: &AbsPath) -> String {
        let shown = |path: &AbsPath| exposed(path.relative_to(root));
        let name = shown(&self.path);
        let line = self.excerpt.as_ref().map(|it| format!(":{}", it.line)).unwrap_or_default();
        match (self.kind, &self.to) {
            (FileChangeKind::Create, _) => format!("{name}{line} (new file)"),
            (FileChangeKind::Delete, _) => format!("{name} (deleted)"),
            (FileChangeKind::Move, Some(to)) => {
                format!("{} → {}", shown(&self.from), shown(to))
            }
            _ => format!("{name}{line}"),
        }
    }

    /// What turning it does, for reading.
    fn turning(&self, style: Style, root: &AbsPath, redo: bool) -> String {
        let does = if redo { "do again" } else { "take back" };
        let heading = format!("{does} hunk {} in {}", self.number, self.place(root));
        let excerpt = self.excerpt.clone().filter(|_| self.kind != FileChangeKind::Move);
        let excerpt = excerpt.map(|it| if redo { it } else { it.reversed() });
        let shown = excerpt.map(|it| diff(style, &it)).unwrap_or_default();
        format!("{}\n{shown}", style.bold(&heading))
    }
}

fn hunks(number: usize) -> String {
    format!("{number} hunk{}", if number == 1 { "" } else { "s" })
}

fn unknown(what: &str, number: usize) -> CliError {
    let why = format!(
        "there is no {what} {number} in this session; `coworker changes` lists those there are"
    );
    ErrorInfo::new(ErrorCode::ItemNotFound, why).into()
}

#[cfg(test)]
mod tests;
