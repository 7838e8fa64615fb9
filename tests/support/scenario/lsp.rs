//! The language server, with the small editor of `frontends::client` before it.

use std::{
    collections::{BTreeSet, HashMap},
    ops,
    path::Path,
};

use anyhow::{Context, Result, ensure};
use frontends::client::{Checker, Event, Finding, ResponseError, path_of, uri};
use protocol::{
    AbsPath, Answer, HunkDecision, ItemId, QueueChange, SessionId, SessionUpdate, TurnId,
    UndoScope,
    methods::{
        ChangesRedo, ChangesResolve, ChangesUndo, Chat, ChatCancel, ChatQueue, CheckpointRestore,
        SessionAttach, SessionFork, SessionNew, SessionResend,
    },
    wire::{
        AttachParams, ChangesResolveParams, ChangesUndoParams, ChangesUndoResult, ChatContext,
        ChatParams, CheckpointRestoreParams, CheckpointRestoreResult, ClientCapabilities,
        ForkParams, NewSessionParams, Position, QueueParams, Range, ResendParams, SessionParams,
    },
};
use serde_json::{Value, json};
use tokio::process::Command;

use super::{
    front::{FileEvent, Front, Happening, Reply, Start, path},
    step::{At, Pointed, Problem, Prompt, Setting},
};
use crate::server::Server;

/// A server and its editor.
pub(super) struct Lsp {
    server: Server,
    session: Option<SessionId>,
    /// The questions the editor was asked, with the requests that ask them.
    asked: HashMap<ItemId, Value>,
    open: BTreeSet<AbsPath>,
    /// What the server last said is in the document that is no file.
    content: Option<String>,
}

/// A document that is no file, as the server calls it.
const CONTENT: &str = "coworker:/review.diff";

impl Front for Lsp {
    const ONE_TURN: bool = false;

    async fn start(start: &Start<'_>) -> Result<Self> {
        let mut command = arguments(start);
        command.arg("lsp");
        let mut options = Server::full_editor(&start.stage.root);
        let mut problems = Vec::new();
        for setting in start.settings {
            match setting {
                Setting::Encoding(encoding) => options.encoding = *encoding,
                Setting::Edits(apply) => options.apply = apply.clone(),
                Setting::Saves(Some(saves)) => options.saves = *saves,
                Setting::Saves(None) => options.capabilities.host.save = false,
                Setting::Problem(problem) => problems.push(problem.clone()),
                Setting::Folders(names) => {
                    let folders = names.iter().map(|name| path(start.stage, name));
                    options.folders = folders.collect::<Result<_>>()?;
                    options.root = options.folders.remove(0);
                }
                Setting::Editor(name) => {
                    options.capabilities = ClientCapabilities::default();
                    options.recorded = Some(recorded(name)?);
                }
                Setting::Mode(_) | Setting::Config(_) | Setting::Trusted => {}
            }
        }
        if !problems.is_empty() {
            options.capabilities.host.diagnostics = true;
            options.checker = Some(checker(problems));
        }
        let server = Server::start(command, options).await?;
        Ok(Self {
            server,
            session: None,
            asked: HashMap::new(),
            open: BTreeSet::new(),
            content: None,
        })
    }

    async fn ask(&mut self, _: &Start<'_>, prompt: &Prompt) -> Result<Reply> {
        let client = &self.server.client;
        if self.session.is_none() {
            match client.call::<SessionNew>(NewSessionParams::default()).await {
                Ok(attached) => self.session = Some(attached.session.id),
                Err(error) => return Ok(refused("coworker/session/new", &error)),
            }
        }
        let context = match &prompt.on {
            Some(pointed) => vec![self.context(pointed)?],
            None => Vec::new(),
        };
        let (session_id, text) = (self.session.clone(), prompt.text.clone());
        let params = ChatParams { session_id, text, context, steer: prompt.steers };
        Ok(match client.call::<Chat>(params).await {
            Ok(started) if started.queued => Reply::Queued,
            Ok(_) => Reply::Done,
            Err(error) => refused("coworker/chat", &error),
        })
    }

    async fn next(&mut self) -> Result<Happening> {
        loop {
            match self.server.client.next().await {
                Event::Update(update) => return Ok(Happening::Update(update)),
                Event::Approval { id, params } => {
                    self.asked.insert(params.approval_id, id);
                    return Ok(Happening::Asked);
                }
                Event::ServerRequest { method, .. } if method == "workspace/applyEdit" => {
                    return Ok(Happening::Applying);
                }
                Event::ServerRequest { method, params, .. } if method == "window/showDocument" => {
                    self.show(&params).await?;
                    return Ok(Happening::Other);
                }
                Event::ServerRequest { method, params, .. }
                    if method == "workspace/textDocumentContent/refresh" =>
                {
                    self.read(&params["uri"]).await?;
                    return Ok(Happening::Other);
                }
                Event::ServerRequest { .. } | Event::Notification { .. } => {
                    return Ok(Happening::Other);
                }
                Event::Closed => return Ok(Happening::Closed),
                _ => {}
            }
        }
    }

    async fn answer(&mut self, approval: &ItemId, answer: &Answer) -> Result<bool> {
        let Some(request) = self.asked.remove(approval) else { return Ok(false) };
        self.server.client.answer(request, json!(answer)).await;
        Ok(true)
    }

    async fn cancel(&mut self) -> Result<()> {
        let session_id = self.session.clone().context("there is no session yet")?;
        let params = SessionParams { session_id };
        let stopped = self.server.client.call::<ChatCancel>(params).await?;
        ensure!(stopped.cancelled, "there was no turn to cancel");
        Ok(())
    }

    async fn restart(&mut self, start: &Start<'_>) -> Result<Option<Vec<SessionUpdate>>> {
        self.server.kill().await?;
        let mut again = Self::start(start).await?;
        // An editor opens its documents anew in a server that it has started anew.
        for path in &self.open {
            let text = self.text(path).context("it is not open any more")?;
            again.server.client.open(path, &text).await;
            again.open.insert(path.clone());
        }
        let session = self.session.take().context("there is no session yet")?;
        let told = again.replay(&session).await?;
        *self = again;
        Ok(Some(told))
    }

    async fn settle(&mut self) -> Result<()> {
        Ok(())
    }

    async fn open(&mut self, path: &AbsPath, text: Option<&str>) -> Result<()> {
        let text = match text {
            Some(text) => text.to_owned(),
            None => std::fs::read_to_string(path.as_std_path())?,
        };
        self.server.client.open(path, &text).await;
        self.open.insert(path.clone());
        Ok(())
    }

    async fn replace(&mut self, path: &AbsPath, at: ops::Range<usize>, text: &str) -> Result<()> {
        self.server.client.replace(path, at, text).await;
        Ok(())
    }

    async fn resolve(&mut self, change_set_id: &ItemId, decision: HunkDecision) -> Result<()> {
        let params = ChangesResolveParams {
            session_id: self.session.clone().context("there is no session yet")?,
            change_set_id: change_set_id.clone(),
            accept: None,
            uri: None,
            reason: None,
            hunks: vec![decision],
        };
        self.server.client.call::<ChangesResolve>(params).await?;
        Ok(())
    }

    async fn turn(&mut self, scope: UndoScope, redo: bool) -> Result<ChangesUndoResult> {
        let session_id = self.session.clone().context("there is no session yet")?;
        let params = ChangesUndoParams { session_id, scope };
        let client = &self.server.client;
        Ok(match redo {
            true => client.call::<ChangesRedo>(params).await?,
            false => client.call::<ChangesUndo>(params).await?,
        })
    }

    async fn at(&mut self, what: At, text: &str, path: &AbsPath, at: usize) -> Result<()> {
        let client = &self.server.client;
        let (at, document) = match &self.content {
            Some(text) if path.as_str().ends_with(CONTENT) => {
                let line = text[..at].matches('\n').count() as u32;
                (Position { line, character: 0 }, json!({"uri": CONTENT}))
            }
            _ => {
                let at = client.position(path, at).context("it is not open")?;
                (at, json!({"uri": uri(path)}))
            }
        };
        match what {
            At::Act => {
                let params = json!({
                    "textDocument": document,
                    "range": Range { start: at, end: at },
                    "context": {"diagnostics": []},
                });
                let actions = client.request("textDocument/codeAction", params).await?;
                let actions = actions.as_array().context("no list")?;
                ensure!(actions.iter().all(|it| it["edit"].is_null()), "an action has an edit");
                let action = actions.iter().find(|it| it["title"] == text);
                let titles: Vec<_> = actions.iter().map(|it| &it["title"]).collect();
                let action = action.with_context(|| format!("{text:?} is not in {titles:#?}"))?;
                client.request("workspace/executeCommand", action["command"].clone()).await?;
            }
            At::Lens => {
                let params = json!({"textDocument": document});
                let lenses = client.request("textDocument/codeLens", params).await?;
                let lenses = lenses.as_array().context("no list")?;
                let mut places: Vec<String> =
                    lenses.iter().map(|it| it["range"]["start"].to_string()).collect();
                places.sort();
                places.dedup();
                ensure!(places.len() == lenses.len(), "editors may shuffle {lenses:#?}");
                let is_meant = |lens: &&Value| {
                    lens["range"]["start"]["line"] == at.line && lens["command"]["title"] == text
                };
                let lens = lenses.iter().find(is_meant);
                let lens = lens.with_context(|| format!("{text:?} is not in {lenses:#?}"))?;
                client.request("workspace/executeCommand", lens["command"].clone()).await?;
            }
            At::Hover => {
                let params = json!({"textDocument": document, "position": at});
                let hover = client.request("textDocument/hover", params).await?;
                let shown = hover["contents"]["value"].as_str().unwrap_or_default();
                let fits = if text.is_empty() { shown.is_empty() } else { shown.contains(text) };
                ensure!(fits, "{text:?} is not what the hover says: {shown:?}");
            }
        }
        Ok(())
    }

    async fn save(&mut self, path: &AbsPath) -> Result<()> {
        Ok(self.server.client.save(path).await?)
    }

    async fn close(&mut self, path: &AbsPath) -> Result<()> {
        self.server.client.close(path).await;
        self.open.remove(path);
        Ok(())
    }

    async fn rename(&mut self, from: &AbsPath, to: &AbsPath) -> Result<()> {
        self.server.client.rename(from, to).await?;
        if self.open.remove(from) {
            self.open.insert(to.clone());
        }
        Ok(())
    }

    async fn delete(&mut self, path: &AbsPath) -> Result<()> {
        self.open.remove(path);
        Ok(self.server.client.delete(path).await?)
    }

    async fn folder(&mut self, path: &AbsPath, add: bool) -> Result<()> {
        let (folder, none) = (std::slice::from_ref(path), &[][..]);
        let (added, removed) = if add { (folder, none) } else { (none, folder) };
        self.server.client.change_folders(added, removed).await;
        Ok(())
    }

    async fn changed_outside(&mut self, files: &[(AbsPath, FileEvent)]) -> Result<()> {
        let kind = |event: &FileEvent| match event {
            FileEvent::Created => 1,
            FileEvent::Changed => 2,
            FileEvent::Deleted => 3,
        };
        let files: Vec<_> = files.iter().map(|(path, event)| (path.clone(), kind(event))).collect();
        self.server.client.changed_on_disk(&files).await;
        Ok(())
    }

    async fn requeue(&mut self, turn_id: &TurnId, change: &QueueChange) -> Result<Reply> {
        let session_id = self.session.clone().context("there is no session yet")?;
        let params = QueueParams { session_id, turn_id: turn_id.clone(), change: change.clone() };
        Ok(match self.server.client.call::<ChatQueue>(params).await {
            Ok(_) => Reply::Done,
            Err(error) => refused("coworker/chat/queue", &error),
        })
    }

    async fn fork(&mut self, before: Option<ItemId>) -> Result<SessionId> {
        let session_id = self.session.clone().context("there is no session yet")?;
        let client = &self.server.client;
        let forked = client.call::<SessionFork>(ForkParams { session_id, before }).await?;
        let session_id = forked.session.id;
        self.session = Some(session_id.clone());
        let seen = AttachParams { session_id: session_id.clone(), epoch: None, after_seq: None };
        client.call::<SessionAttach>(seen).await?;
        Ok(session_id)
    }

    async fn resend(&mut self, item_id: &ItemId, text: &str, files: bool) -> Result<Reply> {
        let session_id = self.session.clone().context("there is no session yet")?;
        let (item_id, text) = (item_id.clone(), text.to_owned());
        let params = ResendParams { session_id, item_id, text, files };
        Ok(match self.server.client.call::<SessionResend>(params).await {
            Ok(_) => Reply::Done,
            Err(error) => refused("coworker/session/resend", &error),
        })
    }

    async fn restore(
        &mut self,
        point: &ItemId,
        files: bool,
        conversation: bool,
    ) -> Result<CheckpointRestoreResult> {
        let session_id = self.session.clone().context("there is no session yet")?;
        let checkpoint_id = point.clone();
        let params = CheckpointRestoreParams { session_id, checkpoint_id, files, conversation };
        Ok(self.server.client.call::<CheckpointRestore>(params).await?)
    }

    fn text(&self, path: &AbsPath) -> Option<String> {
        match path.as_str().ends_with(CONTENT) {
            true => self.content.clone(),
            false => self.server.client.text(path),
        }
    }

    async fn request(&mut self, method: &str, params: Value) -> Result<Reply> {
        // A scenario cannot know the id of its session.
        let session = self.session.as_ref().map_or("", SessionId::as_str);
        let params = serde_json::from_str(&params.to_string().replace("$session", session))?;
        Ok(match self.server.client.request(method, params).await {
            Ok(_) => Reply::Done,
            Err(error) => refused(method, &error),
        })
    }

    async fn finish(mut self) -> Result<Option<Vec<SessionUpdate>>> {
        let told = match self.session.take() {
            Some(session) => Some(self.replay(&session).await?),
            None => None,
        };
        self.server.finish().await?;
        Ok(told)
    }
}

impl Lsp {
    /// Attaches to a session and takes all that is sent again.
    pub(super) async fn replay(&mut self, session: &SessionId) -> Result<Vec<SessionUpdate>> {
        self.session = Some(session.clone());
        self.server.replay(session).await
    }

    /// Opens a document as an editor does that is asked to.
    async fn show(&mut self, params: &Value) -> Result<()> {
        match params["uri"].as_str().and_then(path_of) {
            Some(path) if self.text(&path).is_none() => Front::open(self, &path, None).await,
            Some(_) => Ok(()),
            None => self.read(&params["uri"]).await,
        }
    }

    /// Reads a document that is no file.
    async fn read(&mut self, uri: &Value) -> Result<()> {
        ensure!(uri == CONTENT, "{uri} is not known");
        let params = json!({ "uri": uri });
        let read = self.server.client.request("workspace/textDocumentContent", params).await?;
        self.content = read["text"].as_str().map(str::to_owned);
        Ok(())
    }

    fn context(&self, pointed: &Pointed) -> Result<ChatContext> {
        let client = &self.server.client;
        let untitled = path_of(&pointed.path);
        let is_meant = |path: &&AbsPath| match &untitled {
            Some(untitled) => *path == untitled,
            None => path.as_str().ends_with(&pointed.path),
        };
        let found = self.open.iter().find(is_meant);
        let path = found.with_context(|| format!("{} is not open", pointed.path))?;
        let text = client.text(path).context("it is not open")?;
        let range = match pointed.lines {
            None => None,
            Some((first, last)) => {
                let end = text.split_inclusive('\n').take(last as usize).map(str::len).sum();
                let end = text[..end].trim_end_matches(['\r', '\n']).len();
                let end = client.position(path, end).context("no such line")?;
                Some(Range { start: Position { line: first - 1, character: 0 }, end })
            }
        };
        let line = pointed.cursor.and_then(|line| line.checked_sub(1));
        let cursor = line.map(|line| Position { line, character: 0 });
        Ok(ChatContext { uri: uri(path), range, cursor })
    }
}

/// What an editor says of itself, as it was recorded.
fn recorded(name: &str) -> Result<Value> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/editors/capabilities");
    let text = std::fs::read_to_string(folder.join(format!("{name}.json")))?;
    let recorded: Value = serde_json::from_str(&text)?;
    Ok(recorded["capabilities"].clone())
}

/// A language server that finds these texts wrong wherever they stand.
fn checker(problems: Vec<Problem>) -> Checker {
    Checker::new(move |_, text| {
        let find = |Problem { text: wrong, severity, message }: &Problem| {
            let places = text.match_indices(wrong.as_str()).map(|(at, _)| at..at + wrong.len());
            let finding = |bytes| Finding { bytes, severity: *severity, message: message.clone() };
            places.map(finding).collect::<Vec<_>>()
        };
        problems.iter().flat_map(find).collect()
    })
}

fn refused(method: &str, error: &ResponseError) -> Reply {
    let data = error.data.as_ref().and_then(|data| data["code"].as_str());
    let code = data.map_or(error.code.to_string(), |code| format!("{} {code}", error.code));
    Reply::Refused(format!("{method}: {code}\n{}", error.message))
}

/// The binary with what the scenario's settings say on its command line.
pub(super) fn arguments(start: &Start<'_>) -> Command {
    let mut command = start.stage.coworker(start.script);
    for setting in start.settings {
        if let Setting::Mode(mode) = setting {
            command.args(["--mode", mode]);
        }
    }
    command
}
