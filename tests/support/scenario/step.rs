//! The `editor` block: what the person and the editor do, one step a line.

use anyhow::{Context, Result, bail, ensure};
use changes::Encoding;
use frontends::client::{ApplyBehaviour, SaveBehaviour};
use protocol::{Decision, QueueChange, Severity, UndoPart};
use serde_json::{Deserializer, Value};

use super::parse::Fronts;

/// A line.
pub(super) enum Line {
    Empty,
    Front(Fronts),
    Setting(Setting),
    Step(Step),
}

/// Something that is so before the scenario begins.
#[derive(Clone, Debug)]
pub(super) enum Setting {
    /// What the editor counts positions in.
    Encoding(Encoding),
    /// `--mode`.
    Mode(String),
    /// A line of `config.toml`.
    Config(String),
    /// What the editor does with edits of the server.
    Edits(ApplyBehaviour),
    /// What the editor does when it is asked to save; none if it cannot be asked.
    Saves(Option<SaveBehaviour>),
    /// What the editor's language server finds wrong.
    Problem(Problem),
    /// The folders of the editor's workspace.
    Folders(Vec<String>),
    /// The editor has no plugin: it says of itself what is in this file.
    Editor(String),
    /// The user trusts the project.
    Trusted,
}

/// What a language server finds wrong.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    /// The text that is wrong, wherever it stands.
    pub(super) text: String,
    pub(super) severity: Severity,
    pub(super) message: String,
}

/// Something that is done.
#[derive(Debug)]
pub(super) struct Step {
    /// Its line in the file, counted from 1.
    pub(super) line: usize,
    /// What it waits for; none if it is done at once.
    pub(super) when: Option<Moment>,
    pub(super) action: Action,
}

/// What is done.
#[derive(Debug)]
pub(super) enum Action {
    /// Opens a document: with this text, if it is not a file yet.
    Open {
        path: String,
        text: Option<String>,
    },
    Close {
        path: String,
    },
    Type {
        path: String,
        before: bool,
        anchor: String,
        text: String,
    },
    Replace {
        path: String,
        old: String,
        new: String,
    },
    /// A decision about one hunk; they are counted over the session, from 1.
    Hunk {
        number: usize,
        accept: bool,
        text: Option<String>,
        reason: Option<String>,
    },
    /// What an editor without a plugin does at a place.
    At {
        what: At,
        text: String,
        place: Place,
    },
    /// A text is there: in the editor, or on disk if the document is not open.
    Expect {
        path: String,
        text: String,
    },
    /// A hunk, counted over the session, is in this state.
    ExpectHunk {
        number: usize,
        state: String,
    },
    /// The fast model has called the session this.
    ExpectTitle {
        title: String,
    },
    /// Undo, or redo.
    Turn {
        scope: Scope,
        redo: bool,
    },
    Save {
        path: String,
    },
    Rename {
        from: String,
        to: String,
    },
    Delete {
        path: String,
    },
    /// Another program changes a file.
    Outside {
        path: String,
        change: Outside,
    },
    Folder {
        add: bool,
        path: String,
    },
    Ask(Prompt),
    Queue {
        number: usize,
        change: QueueChange,
    },
    /// The session is forked, before a prompt or as it is, and the fork is gone on with. Prompts
    /// are counted over the session, from 1.
    Fork {
        before: Option<usize>,
    },
    /// An earlier prompt is sent again, with the files as they were then if so wished.
    Resend {
        number: usize,
        text: String,
        files: bool,
    },
    /// The session goes back to the point before a prompt, or to that before the last restore.
    Restore {
        before: Option<usize>,
        files: bool,
        conversation: bool,
    },
    Reply {
        answers: Vec<Value>,
    },
    Answer {
        decision: Decision,
        except: Option<usize>,
        reason: Option<String>,
    },
    Cancel,
    Request {
        method: String,
        params: Value,
    },
    Restart,
    Database(Database),
}

/// What is taken back, or done again.
#[derive(Clone, Copy, Debug)]
pub(super) enum Scope {
    /// One hunk, counted over the session from 1.
    Hunk(usize),
    /// The last turn.
    Turn,
    Session,
    /// The last that can be, or with it what it is part of.
    Last(Option<UndoPart>),
}

/// What is asked.
#[derive(Clone, Debug)]
pub(super) struct Prompt {
    pub(super) text: String,
    pub(super) on: Option<Pointed>,
    /// Whether it is put to the turn that runs.
    pub(super) steers: bool,
}

/// What an editor without a plugin does at a place.
#[derive(Clone, Copy, Debug)]
pub(super) enum At {
    /// It runs the code action of this title.
    Act,
    /// It runs the code lens of this title.
    Lens,
    /// It shows this on hover; with an empty text nothing.
    Hover,
}

/// A place in an open document: the first one with a text.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) path: String,
    pub(super) anchor: String,
}

/// What another program does with a file.
#[derive(Clone, Debug)]
pub(super) enum Outside {
    Write(String),
    Delete,
    Move(String),
}

/// What is pointed at.
#[derive(Clone, Debug)]
pub(super) struct Pointed {
    pub(super) path: String,
    /// First and last line, counted from 1.
    pub(super) lines: Option<(u32, u32)>,
    /// The line of the cursor, counted from 1.
    pub(super) cursor: Option<u32>,
}

/// What befalls the database.
#[derive(Clone, Copy, Debug)]
pub(super) enum Database {
    Locked,
    Unlocked,
    ReadOnly,
    Writable,
}

/// A moment in the stream of updates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// No turn runs and no prompt waits.
    Idle,
    /// A question is open that has not been answered here.
    Asked,
    /// The editor has been asked to apply an edit.
    Applying,
    /// This text has been said, thought or put out.
    Text(String),
}

impl Step {
    /// Whether the command line cannot do it.
    pub(super) fn needs_editor(&self) -> bool {
        let action = match &self.action {
            Action::Open { .. }
            | Action::Type { .. }
            | Action::Replace { .. }
            | Action::Hunk { .. }
            | Action::Turn { .. }
            | Action::Save { .. }
            | Action::Close { .. }
            | Action::Rename { .. }
            | Action::Delete { .. }
            | Action::Folder { .. }
            | Action::Queue { .. }
            | Action::Fork { .. }
            | Action::Resend { .. }
            | Action::Restore { .. }
            | Action::At { .. }
            | Action::Expect { .. }
            | Action::ExpectHunk { .. }
            | Action::ExpectTitle { .. }
            | Action::Request { .. }
            | Action::Database(_) => true,
            Action::Ask(prompt) => prompt.on.is_some() || self.when != Some(Moment::Idle),
            Action::Outside { .. }
            | Action::Reply { .. }
            | Action::Answer { .. }
            | Action::Cancel
            | Action::Restart => false,
        };
        action || self.when == Some(Moment::Applying)
    }
}

/// Reads a line.
pub(super) fn parse(number: usize, line: &str) -> Result<Line> {
    let mut words = Words(line.trim());
    let Some(verb) = words.word().filter(|word| !word.starts_with('#')) else {
        return Ok(Line::Empty);
    };
    if verb == "front" {
        return Ok(Line::Front(front(words.0)?));
    }
    if let Some(setting) = setting(verb, &mut words)? {
        return Ok(Line::Setting(setting));
    }
    let (usual, action) = match on_documents(verb, &mut words)? {
        Some(found) => found,
        None => on_session(verb, &mut words)?,
    };
    let when = if words.skip("when") { Some(moment(&mut words)?) } else { usual };
    ensure!(words.0.trim().is_empty(), "`{}` is too much", words.0.trim());
    let needs_moment = matches!(&action, Action::Cancel | Action::Ask(Prompt { steers: true, .. }));
    ensure!(!needs_moment || when.is_some(), "say when");
    Ok(Line::Step(Step { line: number, when, action }))
}

/// What is so before the scenario begins; none if the line says something else.
fn setting(verb: &str, words: &mut Words<'_>) -> Result<Option<Setting>> {
    Ok(Some(match verb {
        "encoding" => Setting::Encoding(encoding(words.0)?),
        "mode" => Setting::Mode(words.0.trim().to_owned()),
        "config" => Setting::Config(words.0.trim().to_owned()),
        "edits" => Setting::Edits(edits(words)?),
        "saves" => Setting::Saves(saves(words)?),
        "problem" => Setting::Problem(problem(words)?),
        "folders" => {
            let folders = words.0.split_whitespace().map(str::to_owned).collect();
            Setting::Folders(folders)
        }
        "editor" => Setting::Editor(words.0.trim().to_owned()),
        "trusted" => Setting::Trusted,
        _ => return Ok(None),
    }))
}

/// What is done with documents and files, and when if nothing is said; none if it is something
/// else.
fn on_documents(verb: &str, words: &mut Words<'_>) -> Result<Option<(Option<Moment>, Action)>> {
    Ok(Some(match verb {
        "act" => (None, at(At::Act, words)?),
        "lens" => (None, at(At::Lens, words)?),
        "hover" => (None, at(At::Hover, words)?),
        "expect" if words.skip("hunk") => {
            let number = words.needed("its number")?.parse()?;
            (None, Action::ExpectHunk { number, state: words.needed("its state")? })
        }
        "expect" if words.skip("title") => {
            (None, Action::ExpectTitle { title: words.text()?.context("which title?")? })
        }
        "expect" => {
            let path = words.needed("a path")?;
            (None, Action::Expect { path, text: words.text()?.context("which text?")? })
        }
        "open" => (None, Action::Open { path: words.needed("a path")?, text: words.text()? }),
        "close" => (None, Action::Close { path: words.needed("a path")? }),
        "rename" => {
            let (from, to) = (words.needed("a path")?, words.needed("a path")?);
            (Some(Moment::Idle), Action::Rename { from, to })
        }
        "delete" => (Some(Moment::Idle), Action::Delete { path: words.needed("a path")? }),
        "outside" => (None, outside(words)?),
        "folder" => (Some(Moment::Idle), folder(words)?),
        "type" => (None, typed(words)?),
        "replace" => {
            let path = words.needed("a path")?;
            let old = words.text()?.context("what is replaced?")?;
            let new = words.text()?.context("what comes in its place?")?;
            (None, Action::Replace { path, old, new })
        }
        "save" => (None, Action::Save { path: words.needed("a path")? }),
        _ => return Ok(None),
    }))
}

/// What is done with the session, and when if nothing is said.
fn on_session(verb: &str, words: &mut Words<'_>) -> Result<(Option<Moment>, Action)> {
    Ok(match verb {
        "steer" => (None, Action::Ask(Prompt { steers: true, ..prompt(words)? })),
        "queue" => (None, queue(words)?),
        "fork" => {
            let before = words.skip("before").then(|| words.needed("a prompt's number"));
            let before = before.transpose()?.map(|number| number.parse()).transpose()?;
            (Some(Moment::Idle), Action::Fork { before })
        }
        "resend" => {
            let number = words.needed("a prompt's number")?.parse()?;
            let text = words.text()?.context("what is sent?")?;
            let files = words.skip("with") && words.skip("files");
            (Some(Moment::Idle), Action::Resend { number, text, files })
        }
        "restore" => (Some(Moment::Idle), restore(words)?),
        "answer" => (Some(Moment::Asked), reply(words)?),
        "hunk" => (None, hunk(words)?),
        "undo" | "redo" => {
            (Some(Moment::Idle), Action::Turn { scope: scope(words)?, redo: verb == "redo" })
        }
        "ask" => (Some(Moment::Idle), Action::Ask(prompt(words)?)),
        "approve" => (Some(Moment::Asked), approve(words)?),
        "reject" => {
            let (decision, reason) = (Decision::Reject, words.text()?);
            (Some(Moment::Asked), Action::Answer { decision, except: None, reason })
        }
        "cancel" => (None, Action::Cancel),
        "request" => {
            let method = words.needed("a method")?;
            let params = words.json()?.unwrap_or_default();
            (Some(Moment::Idle), Action::Request { method, params })
        }
        "restart" => (Some(Moment::Idle), Action::Restart),
        "database" => (Some(Moment::Idle), Action::Database(database(words)?)),
        _ => bail!("no step begins with `{verb}`"),
    })
}

fn restore(words: &mut Words<'_>) -> Result<Action> {
    let before = match words.skip("undone") {
        true => None,
        false => Some(words.needed("a prompt's number")?.parse()?),
    };
    let (files, conversation) = (words.skip("files"), words.skip("conversation"));
    let both = files == conversation;
    Ok(Action::Restore { before, files: files || both, conversation: conversation || both })
}

fn at(what: At, words: &mut Words<'_>) -> Result<Action> {
    let text = words.text()?.context("a text is missing")?;
    ensure!(words.skip("in"), "say `in` which document");
    let path = words.needed("a path")?;
    ensure!(words.skip("at"), "say `at` which text");
    let anchor = words.text()?.context("which text does it stand at?")?;
    Ok(Action::At { what, text, place: Place { path, anchor } })
}

fn front(words: &str) -> Result<Fronts> {
    let has = |name: &str| words.split_whitespace().any(|word| word == name);
    let fronts = Fronts { lsp: has("lsp"), acp: has("acp"), cli: has("cli") };
    let any = fronts.lsp || fronts.acp || fronts.cli;
    ensure!(any, "the front ends are `lsp`, `acp` and `cli`");
    Ok(fronts)
}

fn encoding(name: &str) -> Result<Encoding> {
    Ok(match name.trim() {
        "utf-8" => Encoding::Utf8,
        "utf-16" => Encoding::Utf16,
        "utf-32" => Encoding::Utf32,
        _ => bail!("the encodings are `utf-8`, `utf-16` and `utf-32`"),
    })
}

fn edits(words: &mut Words<'_>) -> Result<ApplyBehaviour> {
    let fate = words.needed("what becomes of them")?;
    Ok(match fate.as_str() {
        "refused" => ApplyBehaviour::Refuse(words.text()?),
        "skipped" => ApplyBehaviour::Skip,
        "ignored" => ApplyBehaviour::Ignore,
        "saved" => ApplyBehaviour::Save,
        _ => bail!("edits can be `refused`, `skipped`, `ignored` or `saved`"),
    })
}

fn saves(words: &mut Words<'_>) -> Result<Option<SaveBehaviour>> {
    Ok(match words.needed("what becomes of them")?.as_str() {
        "refused" => Some(SaveBehaviour::Refuse),
        "ignored" => Some(SaveBehaviour::Ignore),
        "impossible" => None,
        _ => bail!("saves can be `refused`, `ignored` or `impossible`"),
    })
}

fn problem(words: &mut Words<'_>) -> Result<Problem> {
    let text = words.text()?.context("which text is wrong?")?;
    let severity = match words.needed("how bad it is")?.as_str() {
        "error" => Severity::Error,
        "warning" => Severity::Warning,
        _ => bail!("a problem is an `error` or a `warning`"),
    };
    let message = words.text()?.context("what is wrong?")?;
    ensure!(words.0.trim().is_empty(), "`{}` is too much", words.0.trim());
    Ok(Problem { text, severity, message })
}

fn outside(words: &mut Words<'_>) -> Result<Action> {
    let path = words.needed("a path")?;
    let change = if words.skip("deleted") {
        Outside::Delete
    } else if words.skip("moved") {
        Outside::Move(words.needed("a path")?)
    } else {
        Outside::Write(words.text()?.context("a text, `deleted` or `moved`")?)
    };
    Ok(Action::Outside { path, change })
}

fn folder(words: &mut Words<'_>) -> Result<Action> {
    let add = match words.needed("`add` or `remove`")?.as_str() {
        "add" => true,
        "remove" => false,
        _ => bail!("`add` or `remove` a folder"),
    };
    Ok(Action::Folder { add, path: words.needed("a path")? })
}

fn queue(words: &mut Words<'_>) -> Result<Action> {
    let verb = words.needed("what to do with a prompt that waits")?;
    let number = words.needed("its number")?.parse()?;
    let change = match verb.as_str() {
        "edit" => QueueChange::Edit { text: words.text()?.context("the new text")? },
        "remove" => QueueChange::Remove,
        "steer" => QueueChange::Steer,
        _ => bail!("`edit`, `remove` or `steer` with a prompt that waits"),
    };
    Ok(Action::Queue { number, change })
}

fn reply(words: &mut Words<'_>) -> Result<Action> {
    let mut answers = Vec::new();
    while words.0.trim_start().starts_with(['"', '[']) {
        answers.extend(words.json()?);
    }
    ensure!(!answers.is_empty(), "what is answered?");
    Ok(Action::Reply { answers })
}

fn typed(words: &mut Words<'_>) -> Result<Action> {
    let path = words.needed("a path")?;
    let before = match words.needed("`before` or `after`")?.as_str() {
        "before" => true,
        "after" => false,
        _ => bail!("type `before` or `after` a text"),
    };
    let anchor = words.text()?.context("which text does it stand beside?")?;
    let text = words.text()?.context("what is typed?")?;
    Ok(Action::Type { path, before, anchor, text })
}

fn hunk(words: &mut Words<'_>) -> Result<Action> {
    let number = words.needed("its number")?.parse()?;
    let accept = match words.needed("`accept` or `reject`")?.as_str() {
        "accept" => true,
        "reject" => false,
        _ => bail!("`accept` or `reject` a hunk"),
    };
    let text = if words.skip("as") { words.text()? } else { None };
    Ok(Action::Hunk { number, accept, text, reason: words.text()? })
}

fn scope(words: &mut Words<'_>) -> Result<Scope> {
    Ok(match words.needed("what to turn")?.as_str() {
        "hunk" => Scope::Hunk(words.needed("its number")?.parse()?),
        "turn" => Scope::Turn,
        "session" => Scope::Session,
        "last" => Scope::Last(part(words)),
        _ => bail!("a `hunk`, the `turn`, the `session` or the `last`"),
    })
}

fn part(words: &mut Words<'_>) -> Option<UndoPart> {
    let parts = [("hunk", UndoPart::Hunk), ("call", UndoPart::Call), ("turn", UndoPart::Turn)];
    parts.into_iter().find(|(word, _)| words.skip(word)).map(|(_, part)| part)
}

fn prompt(words: &mut Words<'_>) -> Result<Prompt> {
    let text = words.text()?.context("what is asked?")?;
    let mut on = None;
    if words.skip("on") {
        let path = words.needed("a path")?;
        let range = words.peek().filter(|word| word.starts_with(|c: char| c.is_ascii_digit()));
        let lines = match range {
            Some(range) => {
                words.word();
                let (first, last) = range.split_once('-').unwrap_or((range, range));
                Some((first.parse()?, last.parse()?))
            }
            None => None,
        };
        on = Some(Pointed { path, lines, cursor: None });
    } else if words.skip("at") {
        let path = words.needed("a path")?;
        let cursor = Some(words.needed("a line")?.parse()?);
        on = Some(Pointed { path, lines: None, cursor });
    }
    Ok(Prompt { text, on, steers: false })
}

fn approve(words: &mut Words<'_>) -> Result<Action> {
    let decision = if words.skip("session") {
        Decision::Session
    } else if words.skip("always") {
        Decision::Always
    } else if words.skip("saving") {
        Decision::SaveAndRun
    } else {
        words.skip("once");
        Decision::Once
    };
    let except = if words.skip("except") { Some(words.needed("an edit")?.parse()?) } else { None };
    Ok(Action::Answer { decision, except, reason: words.text()? })
}

fn database(words: &mut Words<'_>) -> Result<Database> {
    Ok(match words.needed("what becomes of it")?.as_str() {
        "locked" => Database::Locked,
        "unlocked" => Database::Unlocked,
        "readonly" => Database::ReadOnly,
        "writable" => Database::Writable,
        _ => bail!("it can be `locked`, `unlocked`, `readonly` or `writable`"),
    })
}

fn moment(words: &mut Words<'_>) -> Result<Moment> {
    if let Some(text) = words.text()? {
        return Ok(Moment::Text(text));
    }
    Ok(match words.needed("a moment")?.as_str() {
        "asked" => Moment::Asked,
        "applying" => Moment::Applying,
        "idle" => Moment::Idle,
        other => bail!("`{other}` is no moment"),
    })
}

/// What is left of a line.
struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    fn peek(&self) -> Option<&'a str> {
        self.0.split_whitespace().next()
    }

    fn word(&mut self) -> Option<&'a str> {
        let word = self.peek()?;
        self.0 = &self.0.trim_start()[word.len()..];
        Some(word)
    }

    fn needed(&mut self, what: &str) -> Result<String> {
        Ok(self.word().with_context(|| format!("{what} is missing"))?.to_owned())
    }

    fn skip(&mut self, expected: &str) -> bool {
        let found = self.peek() == Some(expected);
        if found {
            self.word();
        }
        found
    }

    /// A text in double quotes, written as in JSON, if one is next.
    fn text(&mut self) -> Result<Option<String>> {
        match self.0.trim_start().starts_with('"') {
            true => Ok(serde_json::from_value(self.json()?.unwrap_or_default())?),
            false => Ok(None),
        }
    }

    fn json(&mut self) -> Result<Option<Value>> {
        let mut values = Deserializer::from_str(self.0).into_iter::<Value>();
        let value = values.next().transpose()?;
        self.0 = &self.0[values.byte_offset()..];
        Ok(value)
    }
}
