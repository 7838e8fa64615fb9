//! The same change set in the engine alone, in this process: with a store, files and a script for
//! a model, and no wire.

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, ensure};
use changes::Weave;
use engine::{NewSession, Parts, Sessions, Settings, Trust};
use models::Models;
use protocol::{AbsPath, ItemBody, ItemId, Mode, Replacement, SessionId, UserMessage};
use ropey::Rope;
use store::SqliteStore;
use tokio::runtime::Runtime;
use workspace::{Limits, Workspace};

use super::{FILES, HUNKS, LINES, PREVIEWS, STEP, after, before, lay_out, script, text};
use crate::{
    stage::Stage,
    table::{Row, Samples, Table},
};

const SAMPLES: usize = 200;

/// An engine with a session.
pub(super) struct Engine {
    pub(super) sessions: Sessions,
    pub(super) workspace: Workspace,
    pub(super) session: SessionId,
}

impl Engine {
    /// One whose model plays a script.
    pub(super) async fn start(root: &Path, home: &Path, script: &str) -> Result<Self> {
        let file = home.join("script.md");
        fs::write(&file, format!("```script\n{script}\n```\n"))?;
        let path = |path: &Path| AbsPath::new(path.to_str().unwrap_or_default());
        let home = path(home)?;
        let workspace = Workspace::keeping(Limits::default(), home.join("folders")?);
        let next = AtomicU64::new(1);
        let sessions = Sessions::new(Parts {
            model: Arc::new(Models::new(models::ModelSettings::default())),
            tools: tools::built_in(workspace.clone(), tools::Environment::allowed_of([])),
            documents: Arc::new(workspace.clone()),
            store: Arc::new(SqliteStore::open(&home, Duration::from_secs(5))?),
            clock: Arc::new(|| 1),
            ids: Arc::new(move || format!("id{}", next.fetch_add(1, Ordering::Relaxed))),
            trust: Trust::none(),
            settings: Settings {
                model: format!("script:{}", file.display()),
                ..Settings::default()
            },
        });
        let mode = Some(Mode::Ask);
        let new = NewSession { root: path(root)?, folders: Vec::new(), mode, model: None };
        let session = sessions.create(new).await?.id;
        Ok(Self { sessions, workspace, session })
    }

    /// Has the agent propose its change set, which waits then.
    pub(super) async fn proposed(&self) -> Result<ItemId> {
        let message = UserMessage { text: "go on".to_owned(), context: Vec::new() };
        self.sessions.chat(&self.session, message).await?;
        for _ in 0..1000 {
            let state = self.sessions.state(&self.session).await?;
            let is_set = |item: &&protocol::Item| matches!(item.body, ItemBody::ChangeSet(_));
            if let Some(item) = state.items.iter().rev().find(is_set) {
                return Ok(item.id.clone());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        anyhow::bail!("nothing was proposed")
    }
}

/// How long the preview takes where nothing has to be encoded.
pub(super) fn preview() -> Result<Samples> {
    let stage = Stage::new()?;
    lay_out(&stage.root)?;
    let home = stage.home()?;
    Runtime::new()?.block_on(async {
        let engine = Engine::start(&stage.root, &home, &script()).await?;
        let set = engine.proposed().await?;
        let mut times = Samples::default();
        for _ in 0..PREVIEWS {
            let started = Instant::now();
            let files = engine.sessions.proposal(&engine.session, &set).await?;
            times.add(started.elapsed());
            ensure!(files.iter().all(|file| file.texts.is_some()), "a text is missing");
            ensure!(files.iter().map(|file| file.hunks.len()).sum::<usize>() == HUNKS);
        }
        engine.sessions.shutdown().await;
        Ok(times)
    })
}

/// What a keystroke is to the weave of its document, and the look at what stands in the way.
pub(super) fn carrying(table: &mut Table) -> Result<()> {
    let mut times = Samples::default();
    let (mut weave, hunks) = woven(0)?;
    for _ in 0..SAMPLES {
        let started = Instant::now();
        weave.edit(&[Replacement { start: 0, end: 0, text: "\n".to_owned() }])?;
        for hunk in &hunks {
            ensure!(weave.plan(&BTreeMap::from([(*hunk, true)])).refused.is_empty());
        }
        times.add(started.elapsed());
        thread::sleep(Duration::from_micros(100));
    }
    table.add(Row::new("of that the weave: the edit, and what stands in the way", times.median()));
    Ok(())
}

/// What taking everything back is to the weaves of all documents.
pub(super) fn planning(table: &mut Table) -> Result<()> {
    let mut times = Samples::default();
    let documents: Vec<Rope> = (0..FILES).map(|file| Rope::from_str(&text(file, true))).collect();
    for _ in 0..PREVIEWS {
        let mut woven: Vec<_> = (0..FILES).map(woven).collect::<Result<_>>()?;
        for (file, (weave, hunks)) in woven.iter_mut().enumerate() {
            let shown = hunks.iter().map(|hunk| (*hunk, true)).collect();
            let plan = weave.plan(&shown);
            weave.switch(&plan, &Rope::from_str(&text(file, false)));
        }
        let started = Instant::now();
        for ((weave, hunks), document) in woven.iter_mut().zip(&documents) {
            let hidden = hunks.iter().map(|hunk| (*hunk, false)).collect();
            let plan = weave.plan(&hidden);
            let goal = changes::apply_to(document, &plan.replacements)?;
            weave.switch(&plan, document);
            ensure!(weave.len() == goal.len_bytes() && plan.refused.is_empty());
        }
        times.add(started.elapsed());
    }
    table.add(Row::new("of that the weaves: planned, applied to the texts, noted", times.median()));
    Ok(())
}

/// The weave of a document with its hunks, hidden.
fn woven(file: usize) -> Result<(Weave, Vec<usize>)> {
    let mut weave = Weave::new(text(file, false).len());
    let mut hunks = Vec::new();
    let mut moved = 0;
    for line in (0..LINES).step_by(STEP) {
        let start: usize =
            (0..line).map(|line| before(file, line).len() + 1).sum::<usize>() + moved;
        let (old, new) = (before(file, line), after(file, line));
        let one = Replacement { start, end: start + old.len(), text: new.clone() };
        hunks.push(weave.propose(&[one], &hunks)?);
        moved += new.len() - old.len();
    }
    Ok((weave, hunks))
}
