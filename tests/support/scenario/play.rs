//! Plays a scenario on a front end, and looks at what is left when it is over.

use std::{
    collections::HashSet,
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use anyhow::{Context, Result, anyhow, bail, ensure};
use frontends::client::path_of;
use protocol::{
    AbsPath, Answer, ApprovalSubject, CheckpointKind, Decision, Hunk, HunkDecision, HunkState,
    Item, ItemBody, ItemId, Question, QuestionAnswer, QueueChange, SessionId, SessionState, Status,
    TurnId, UndoScope, Update,
};
use serde_json::Value;

use super::{
    aftermath,
    front::{FileEvent, Front, Happening, Reply, Start, path},
    lsp::Lsp,
    parse::Scenario,
    step::{Action, Database, Moment, Outside, Scope, Setting, Step},
    transcript::{self, Note},
};
use crate::{
    compare::{Mask, ensure_same, view},
    record::{Record, ensure_kept},
    stage::Stage,
};

/// How long a moment may be in coming: far longer than it takes, so that a test which hangs
/// says where instead.
const PATIENCE: Duration = Duration::from_secs(20);

/// What came of a scenario on one front end.
pub(super) struct Outcome {
    /// The whole session, without what differs between runs.
    pub(super) view: String,
    /// The session as people would read it.
    pub(super) transcript: String,
    /// What is wrong although the transcript may be right.
    pub(super) faults: Vec<String>,
}

/// Plays it.
pub(super) async fn play<F: Front>(scenario: &Scenario, script: &Path) -> Result<Outcome> {
    let stage = Stage::new()?;
    for (age, (path, bytes)) in scenario.files.iter().rev().enumerate() {
        stage.write(path, bytes)?;
        // What is written at once may bear one time or two.
        let file = fs::File::open(stage.root.join(path)?.as_std_path())?;
        file.set_modified(SystemTime::now() - Duration::from_secs(age as u64))?;
    }
    let config = scenario.settings.iter().filter_map(|setting| match setting {
        Setting::Config(line) => Some(line.clone() + "\n"),
        _ => None,
    });
    fs::write(stage.home.join("config.toml")?.as_std_path(), config.collect::<String>())?;
    if scenario.settings.iter().any(|setting| matches!(setting, Setting::Trusted)) {
        let status = stage.coworker(script).args(["trust", stage.root.as_str()]).status().await?;
        ensure!(status.success(), "`coworker trust` failed");
    }
    let start = Start { stage: &stage, script, settings: &scenario.settings };
    let mut play = Play {
        front: F::start(&start).await?,
        start,
        record: Record::default(),
        answered: HashSet::new(),
        applying: false,
        closed: false,
        forked_from: Vec::new(),
        lock: None,
        notes: Vec::new(),
    };
    for step in &scenario.steps {
        let done = play.perform(step).await;
        done.with_context(|| format!("line {}\n{}", step.line, play.so_far()))?;
    }
    let ended = play.until(&Moment::Idle).await;
    ended.with_context(|| format!("after the last step\n{}", play.so_far()))?;
    play.outcome(scenario).await
}

struct Play<'a, F> {
    start: Start<'a>,
    front: F,
    record: Record,
    /// The questions that were answered here.
    answered: HashSet<ItemId>,
    /// Whether the editor has been asked to apply an edit since the last prompt.
    applying: bool,
    /// Whether the process has closed its output.
    closed: bool,
    /// The sessions that were forked and are not looked at any more.
    forked_from: Vec<SessionId>,
    /// Holds the lock on the database while it is locked.
    lock: Option<rusqlite::Connection>,
    notes: Vec<Note>,
}

impl<F: Front> Play<'_, F> {
    async fn perform(&mut self, step: &Step) -> Result<()> {
        if let Some(moment) = &step.when {
            self.until(moment).await?;
        }
        let path = |name: &str| path(self.start.stage, name);
        match &step.action {
            Action::Open { path: file, text } => {
                self.front.open(&path(file)?, text.as_deref()).await
            }
            Action::Close { path: file } => self.front.close(&path(file)?).await,
            Action::Rename { from, to } => self.front.rename(&path(from)?, &path(to)?).await,
            Action::Delete { path: file } => self.front.delete(&path(file)?).await,
            Action::Outside { path: file, change } => self.outside(&path(file)?, change).await,
            Action::Folder { add, path: folder } => self.front.folder(&path(folder)?, *add).await,
            Action::Queue { number, change } => self.requeue(*number, change).await,
            Action::Fork { before } => self.fork(*before).await,
            Action::Restore { before, files, conversation } => {
                self.restore(*before, *files, *conversation).await
            }
            Action::Resend { number, text, files } => {
                let prompt = self.prompt(*number)?;
                match self.front.resend(&prompt, text, *files).await? {
                    Reply::Done => self.begun().await,
                    reply => {
                        self.note(reply);
                        Ok(())
                    }
                }
            }
            Action::Reply { answers } => self.reply(answers).await,
            Action::Type { path: file, before, anchor, text } => {
                let path = path(file)?;
                let now = self.front.text(&path).context("it is not open")?;
                let at = now.find(anchor).with_context(|| format!("{anchor:?} is not in {now}"))?;
                let at = if *before { at } else { at + anchor.len() };
                self.front.replace(&path, at..at, text).await
            }
            Action::Replace { path: file, old, new } => {
                let path = path(file)?;
                let now = self.front.text(&path).context("it is not open")?;
                let at = now.find(old).with_context(|| format!("{old:?} is not in {now}"))?;
                self.front.replace(&path, at..at + old.len(), new).await
            }
            Action::Hunk { number, accept, text, reason } => {
                let (set, hunk) = self.hunk(*number)?;
                let decision = HunkDecision {
                    hunk_id: hunk.id,
                    accept: *accept,
                    text: text.clone(),
                    before: None,
                    reason: reason.clone(),
                };
                self.front.resolve(&set, decision).await?;
                self.until_hunk(*number, |now| *now != hunk.state).await
            }
            Action::Turn { scope, redo } => self.turn(*scope, *redo).await,
            Action::At { what, text, place } => {
                let (path, anchor) = (path(&place.path)?, &place.anchor);
                self.expect_open(&path).await?;
                let now = self.front.text(&path).context("it is not open")?;
                let at = now.find(anchor).with_context(|| format!("{anchor:?} is not in {now}"))?;
                self.front.at(*what, text, &path, at).await
            }
            Action::ExpectHunk { number, state } => {
                let is = |now: &HunkState| {
                    serde_json::to_value(now).is_ok_and(|now| now["kind"] == state.as_str())
                };
                self.until_hunk(*number, is).await
            }
            Action::ExpectTitle { title } => {
                while self.record.state.title != *title {
                    let now = format!("while the title is {:?}", self.record.state.title);
                    self.take_next().await.context(now)?;
                }
                Ok(())
            }
            Action::Expect { path: file, text } => self.expect(&path(file)?, text).await,
            Action::Save { path: file } => self.front.save(&path(file)?).await,
            Action::Ask(prompt) => {
                if F::ONE_TURN {
                    self.record.last_seq = None;
                    self.closed = false;
                }
                self.applying = false;
                match self.front.ask(&self.start, prompt).await? {
                    Reply::Done if prompt.steers => Ok(()),
                    Reply::Done => self.begun().await,
                    reply => {
                        self.note(reply);
                        Ok(())
                    }
                }
            }
            Action::Answer { decision, except, reason } => {
                self.answer(*decision, *except, reason.clone()).await
            }
            Action::Cancel => self.front.cancel().await,
            Action::Request { method, params } => {
                let reply = self.front.request(method, params.clone()).await?;
                self.note(reply);
                Ok(())
            }
            Action::Restart => self.restart().await,
            Action::Database(fate) => self.database(*fate),
        }
    }

    /// Waits for a moment.
    async fn until(&mut self, moment: &Moment) -> Result<()> {
        while !self.is(moment) {
            ensure!(!self.record.is_idle(), "the turn ended before {moment:?}");
            ensure!(!self.closed, "the process ended before {moment:?}");
            self.take_next().await.with_context(|| format!("while waiting for {moment:?}"))?;
        }
        if *moment == Moment::Idle { self.front.settle().await } else { Ok(()) }
    }

    /// Waits until the turn of the prompt that was just sent has been told of.
    async fn begun(&mut self) -> Result<()> {
        while self.record.is_idle() {
            ensure!(!self.closed, "the process ended before the turn began");
            self.take_next().await.context("while waiting for the turn to begin")?;
        }
        Ok(())
    }

    async fn take_next(&mut self) -> Result<()> {
        let next = tokio::time::timeout(PATIENCE, self.front.next()).await;
        match next.map_err(|_| anyhow!("nothing more came"))?? {
            Happening::Update(update) if self.forked_from.contains(&update.session_id) => {}
            Happening::Update(update) => self.record.take(&update)?,
            Happening::Asked | Happening::Other => {}
            Happening::Applying => self.applying = true,
            Happening::Closed => self.closed = true,
        }
        Ok(())
    }

    /// Waits until the editor has a document open.
    async fn expect_open(&mut self, path: &AbsPath) -> Result<()> {
        while self.front.text(path).is_none() {
            self.take_next().await.with_context(|| format!("while waiting for {path}"))?;
        }
        Ok(())
    }

    /// Waits until a text is in a document.
    async fn expect(&mut self, path: &AbsPath, text: &str) -> Result<()> {
        loop {
            let now = match self.front.text(path) {
                Some(now) => now,
                None => fs::read_to_string(path.as_std_path()).unwrap_or_default(),
            };
            if now.contains(text) {
                return Ok(());
            }
            let waited = self.take_next().await;
            waited.with_context(|| format!("while waiting for {text:?} in\n{now}"))?;
        }
    }

    fn is(&self, moment: &Moment) -> bool {
        let mut items = self.record.state.items.iter();
        match moment {
            Moment::Idle => self.record.is_idle(),
            Moment::Asked => self.question().is_some(),
            Moment::Applying => self.applying,
            Moment::Text(text) => items.any(|item| match &item.body {
                ItemBody::AgentMessage { text: said } | ItemBody::Reasoning { text: said, .. } => {
                    said.contains(text)
                }
                ItemBody::ToolCall(call) => {
                    call.output.as_ref().is_some_and(|output| output.text.contains(text))
                }
                _ => false,
            }),
        }
    }

    /// A hunk of the session, counted from 1, with the change set it is in.
    fn hunk(&self, number: usize) -> Result<(ItemId, Hunk)> {
        let sets = self.record.state.items.iter().filter_map(|item| match &item.body {
            ItemBody::ChangeSet(set) => Some((item, set)),
            _ => None,
        });
        let mut hunks = sets.flat_map(|(item, set)| {
            let hunks = set.files.iter().flat_map(|file| &file.hunks);
            hunks.map(|hunk| (item.id.clone(), hunk.clone()))
        });
        let at = number.checked_sub(1).context("hunks are counted from 1")?;
        hunks.nth(at).with_context(|| format!("there is no hunk {number}"))
    }

    /// The item of a prompt of the session, counted from 1.
    fn prompt(&self, number: usize) -> Result<ItemId> {
        let is_prompt = |item: &&Item| matches!(item.body, ItemBody::UserMessage(_));
        let mut prompts = self.record.state.items.iter().filter(is_prompt);
        let at = number.checked_sub(1).context("prompts are counted from 1")?;
        let item = prompts.nth(at).with_context(|| format!("there is no prompt {number}"))?;
        Ok(item.id.clone())
    }

    /// Goes on with a fork; of the session it was forked from nothing more is told.
    async fn fork(&mut self, before: Option<usize>) -> Result<()> {
        let before = before.map(|number| self.prompt(number)).transpose()?;
        let fork = self.front.fork(before).await?;
        let old = std::mem::take(&mut self.record);
        self.forked_from.extend(old.session);
        self.record.session = Some(fork);
        Ok(())
    }

    /// Goes back to the point before a prompt, or to that before the last restore.
    async fn restore(
        &mut self,
        before: Option<usize>,
        files: bool,
        conversation: bool,
    ) -> Result<()> {
        let point = match before {
            Some(number) => self.prompt(number)?,
            None => self.last_restore().context("nothing was restored yet")?,
        };
        let done = self.front.restore(&point, files, conversation).await?;
        while done.undo.is_some() && done.undo != self.last_restore() {
            self.take_next().await.context("while it is restored")?;
        }
        let mut text = format!("restored: {}", self.names(&done.restored));
        if !done.typed.is_empty() {
            text += &format!("\ntyped text went: {}", self.names(&done.typed));
        }
        for left in &done.refused {
            text += &format!("\nnot restored: {}, {}", self.names([&left.uri]), left.reason);
        }
        self.notes.push(Note { after_turns: self.record.ends.len(), text });
        Ok(())
    }

    fn last_restore(&self) -> Option<ItemId> {
        let is_restore = |item: &&Item| match &item.body {
            ItemBody::Checkpoint(it) => matches!(it.before, CheckpointKind::Restore { .. }),
            _ => false,
        };
        self.record.state.items.iter().rev().find(is_restore).map(|item| item.id.clone())
    }

    /// Documents by their names in the project.
    fn names<'u>(&self, uris: impl IntoIterator<Item = &'u String>) -> String {
        let root = &self.start.stage.root;
        let name = |uri: &String| match path_of(uri) {
            Some(path) => path.relative_to(root).to_owned(),
            None => uri.clone(),
        };
        uris.into_iter().map(name).collect::<Vec<_>>().join(" ")
    }

    /// Waits until a hunk stands where it is meant to.
    async fn until_hunk(&mut self, number: usize, is: impl Fn(&HunkState) -> bool) -> Result<()> {
        loop {
            let state = self.hunk(number)?.1.state;
            if state != HunkState::Accepted && is(&state) {
                return Ok(());
            }
            self.take_next().await.with_context(|| format!("while hunk {number} is {state:?}"))?;
        }
    }

    /// Takes back, or does again.
    async fn turn(&mut self, scope: Scope, redo: bool) -> Result<()> {
        let scope = match scope {
            Scope::Hunk(number) => UndoScope::Hunk { hunk_id: self.hunk(number)?.1.id },
            Scope::Turn => {
                let last = self.record.ends.last().context("no turn has ended")?;
                UndoScope::Turn { turn_id: last.0.clone() }
            }
            Scope::Session => UndoScope::Session,
            Scope::Last(of) => UndoScope::Last { of },
        };
        let turned = self.front.turn(scope, redo).await?;
        let mut numbers = Vec::new();
        for number in 1.. {
            let Ok((_, hunk)) = self.hunk(number) else { break };
            if turned.hunks.contains(&hunk.id) {
                let is = if redo { HunkState::Applied } else { HunkState::Undone };
                self.until_hunk(number, |now| *now == is).await?;
                numbers.push(number.to_string());
            }
            if let Some(left) = turned.refused.iter().find(|left| left.hunk_id == hunk.id) {
                let text = format!("left: hunk {number}, {}", left.reason);
                self.notes.push(Note { after_turns: self.record.ends.len(), text });
            }
        }
        let what = if redo { "done again" } else { "taken back" };
        let text = format!("{what}: {}", numbers.join(", "));
        self.notes.push(Note { after_turns: self.record.ends.len(), text });
        Ok(())
    }

    /// Another program changes a file.
    async fn outside(&mut self, file: &AbsPath, change: &Outside) -> Result<()> {
        let changed = match change {
            Outside::Write(text) => {
                let existed = file.as_std_path().exists();
                fs::write(file.as_std_path(), text)?;
                let event = if existed { FileEvent::Changed } else { FileEvent::Created };
                vec![(file.clone(), event)]
            }
            Outside::Delete => {
                fs::remove_file(file.as_std_path())?;
                vec![(file.clone(), FileEvent::Deleted)]
            }
            Outside::Move(to) => {
                let to = path(self.start.stage, to)?;
                fs::rename(file.as_std_path(), to.as_std_path())?;
                vec![(file.clone(), FileEvent::Deleted), (to, FileEvent::Created)]
            }
        };
        self.front.changed_outside(&changed).await
    }

    /// Changes a prompt that waits, counted from 1.
    async fn requeue(&mut self, number: usize, change: &QueueChange) -> Result<()> {
        let at = number.checked_sub(1).context("prompts are counted from 1")?;
        while self.record.state.queue.len() <= at {
            ensure!(!self.record.is_idle(), "the turn ended before {number} prompts waited");
            self.take_next().await.with_context(|| format!("until {number} prompts wait"))?;
        }
        let turn = self.record.state.queue[at].turn_id.clone();
        match self.front.requeue(&turn, change).await? {
            Reply::Done => Ok(()),
            reply => {
                self.note(reply);
                Ok(())
            }
        }
    }

    /// Answers the agent's questions: a label that is offered chooses it, everything else is said
    /// in words.
    async fn reply(&mut self, answers: &[Value]) -> Result<()> {
        let (approval, subject) = self.question().context("there is no question")?;
        let ApprovalSubject::Questions { questions, .. } = subject else {
            bail!("the question is not the agent's");
        };
        ensure!(questions.len() == answers.len(), "there are {} questions", questions.len());
        let answers =
            questions.iter().zip(answers).map(|(question, answer)| given(question, answer));
        let answers = answers.collect::<Result<_>>()?;
        let answer = Answer { answers, ..Answer::new(Decision::Once, "") };
        self.send(approval, answer).await
    }

    /// The question that waits for this person.
    fn question(&self) -> Option<(ItemId, ApprovalSubject)> {
        let state = &self.record.state;
        state.items.iter().find_map(|item| match &item.body {
            ItemBody::Approval(approval)
                if state.open.contains(&item.id) && !self.answered.contains(&item.id) =>
            {
                Some((item.id.clone(), approval.subject.clone()))
            }
            _ => None,
        })
    }

    async fn answer(
        &mut self,
        decision: Decision,
        except: Option<usize>,
        reason: Option<String>,
    ) -> Result<()> {
        let (approval, subject) = self.question().context("there is no question")?;
        let mut answer = Answer { reason, ..Answer::new(decision, "") };
        if let (Some(number), ApprovalSubject::Changes { item_id }) = (except, subject) {
            let reason = answer.reason.take();
            answer.hunks = vec![rejected(&self.record.state, &item_id, number, reason)?];
        }
        self.send(approval, answer).await
    }

    async fn send(&mut self, approval: ItemId, answer: Answer) -> Result<()> {
        while !self.front.answer(&approval, &answer).await? {
            self.take_next().await.context("while waiting to be asked")?;
        }
        self.answered.insert(approval);
        Ok(())
    }

    async fn restart(&mut self) -> Result<()> {
        let told_again = self.front.restart(&self.start).await?;
        (self.closed, self.applying) = (false, false);
        let Some(told_again) = told_again else {
            // Nobody tells of the end of the turn before the next run does.
            let end = Status::Idle { turn_id: None, stop_reason: None, error: None };
            self.record.state.apply(&Update::Status(end));
            return Ok(());
        };
        let mut again = Record::of(&told_again)?;
        ensure_kept(&self.record.state, &again.state).context("after kill -9")?;
        let new = std::mem::take(&mut again.ends).into_iter();
        let known = &self.record.ends;
        let new: Vec<_> = new.filter(|(turn, _)| known.iter().all(|(it, _)| it != turn)).collect();
        again.ends = known.iter().cloned().chain(new).collect();
        self.record = again;
        Ok(())
    }

    fn database(&mut self, fate: Database) -> Result<()> {
        let file = self.start.stage.home.join("coworker.db")?;
        match fate {
            Database::Locked => {
                let lock = rusqlite::Connection::open(file.as_std_path())?;
                lock.execute_batch("BEGIN IMMEDIATE")?;
                self.lock = Some(lock);
                Ok(())
            }
            Database::Unlocked => {
                self.lock = None;
                Ok(())
            }
            Database::ReadOnly => aftermath::set_writable(&file, false),
            Database::Writable => aftermath::set_writable(&file, true),
        }
    }

    fn note(&mut self, reply: Reply) {
        let text = match reply {
            Reply::Done => "answered".to_owned(),
            Reply::Queued => "queued".to_owned(),
            Reply::Refused(text) => format!("refused {text}"),
        };
        self.notes.push(Note { after_turns: self.record.ends.len(), text });
    }

    fn so_far(&self) -> String {
        format!("The session up to here:\n{}", transcript::write(&self.record, &self.notes))
    }

    async fn outcome(mut self, scenario: &Scenario) -> Result<Outcome> {
        let session = self.record.session.clone().context("there was no session")?;
        let buffers = aftermath::of_buffers(scenario, self.start.stage, &self.front)?;
        let heard = self.front.heard().await?;
        let told = self.front.finish().await?;
        let mut elsewhere = Lsp::start(&self.start).await?;
        let replayed = Record::of(&elsewhere.replay(&session).await?)?;
        elsewhere.finish().await?;
        if F::HEARS_PART {
            self.record.state = replayed.state.clone();
            // It knows how turns ended, but not what they are called.
            let mut turns: Vec<TurnId> = Vec::new();
            for item in &replayed.state.items {
                if matches!(item.body, ItemBody::UserMessage(_)) && !turns.contains(&item.turn_id) {
                    turns.push(item.turn_id.clone());
                }
            }
            let ends = turns.into_iter().zip(&self.record.ends);
            self.record.ends = ends.map(|(turn, (_, status))| (turn, status.clone())).collect();
        }
        for (heard, when) in heard.iter().zip(["live", "when it was loaded"]) {
            heard.is_all_of(&self.record.state).context(when)?;
        }
        let mut faults = aftermath::of_script(&self.record);
        faults.extend(aftermath::of_files(scenario, self.start.stage)?);
        faults.extend(buffers);

        let root = self.start.stage.root.as_str();
        let script = self.start.script.display().to_string();
        let mut places = vec![
            (root, "/project"),
            (self.start.stage.home.as_str(), "/home"),
            (&script, "SCENARIO.md"),
        ];
        places.extend(self.forked_from.iter().map(|forked| (forked.as_str(), "SESSION")));
        let mask = Mask::new(&self.record.state, &places);
        let view_of = |state: &SessionState| view(state, &mask);
        let live = view_of(&self.record.state)?;
        if let Some(told) = told {
            let replayed = view_of(&Record::of(&told)?.state)?;
            ensure_same("attached again, the session differs", &live, &replayed)?;
        }
        let replayed = view_of(&replayed.state)?;
        ensure_same("after a restart, the session differs", &live, &replayed)?;
        let transcript = mask.text(&transcript::write(&self.record, &self.notes));
        Ok(Outcome { view: live, transcript, faults })
    }
}

/// An answer to one question, as it stands in a step.
fn given(question: &Question, answer: &Value) -> Result<QuestionAnswer> {
    let words: Vec<String> = match answer {
        Value::String(words) => vec![words.clone()],
        several => serde_json::from_value(several.clone())?,
    };
    let offered = |word: &String| question.choices.iter().any(|choice| choice.label == *word);
    let (chosen, own): (Vec<String>, Vec<String>) = words.into_iter().partition(offered);
    Ok(QuestionAnswer { chosen, text: (!own.is_empty()).then(|| own.join("\n")) })
}

/// The rejection of one hunk of a change set, counted from 1.
fn rejected(
    state: &SessionState,
    change_set: &ItemId,
    number: usize,
    reason: Option<String>,
) -> Result<HunkDecision> {
    let set = match state.item(change_set).map(|item| &item.body) {
        Some(ItemBody::ChangeSet(set)) => Some(set),
        _ => None,
    };
    let mut hunks = set.into_iter().flat_map(|set| &set.files).flat_map(|file| &file.hunks);
    let hunk = hunks.nth(number - 1).with_context(|| format!("there is no hunk {number}"))?;
    Ok(HunkDecision { hunk_id: hunk.id.clone(), accept: false, text: None, before: None, reason })
}
