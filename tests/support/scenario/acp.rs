//! A client of the Agent Client Protocol: `coworker acp`, with what ACP can say and no more.
//!
//! It knows the session only by what it hears, so what it hears is held against the journal when
//! all is over: each text whole, each call with its end, the plan as it is; once as it was told
//! live, and once as it is told to a client that loads the session.

use std::collections::{HashMap, VecDeque};

use anyhow::{Context, Result, bail, ensure};
use protocol::{
    AbsPath, Answer, Approval, ApprovalSubject, Choice, Decision, ErrorCode, ErrorInfo, Item,
    ItemBody, ItemId, Question, SessionId, SessionUpdate, Status, StopReason, ToolCall,
    ToolCallStatus, ToolOutput, TurnId, Update,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines},
    process::{Child, ChildStdin, ChildStdout},
};

use super::{
    front::{Front, Happening, Reply, Start, path},
    heard::Heard,
    lsp::arguments,
    step::{Prompt, Setting},
};

/// A client and its agent.
pub(super) struct Acp {
    process: Child,
    input: Option<ChildStdin>,
    output: Lines<BufReader<ChildStdout>>,
    /// The number of the last request.
    requests: i64,
    /// The prompt that waits for its answer.
    prompt: Option<i64>,
    session: Option<SessionId>,
    /// The folders of the client's workspace, the first one is worked in.
    folders: Vec<AbsPath>,
    /// The questions that wait, with the ids of the requests that ask them.
    asked: HashMap<ItemId, (Value, ApprovalSubject)>,
    heard: Heard,
    /// What was heard and not handed out.
    happenings: VecDeque<Happening>,
    /// Numbers updates, and turns, which ACP does not.
    count: u64,
    turns: u64,
    questions: u64,
}

impl Front for Acp {
    const ONE_TURN: bool = false;
    const HEARS_PART: bool = true;

    async fn start(start: &Start<'_>) -> Result<Self> {
        let mut folders = vec![start.stage.root.clone()];
        for setting in start.settings {
            if let Setting::Folders(names) = setting {
                let named = names.iter().map(|name| path(start.stage, name));
                folders = named.collect::<Result<_>>()?;
            }
        }
        let mut process = arguments(start).arg("acp").spawn()?;
        let (input, output) = (process.stdin.take(), process.stdout.take().context("no output")?);
        let mut acp = Self {
            process,
            input,
            output: BufReader::new(output).lines(),
            requests: 0,
            prompt: None,
            session: None,
            folders,
            asked: HashMap::new(),
            heard: Heard::default(),
            happenings: VecDeque::new(),
            count: 0,
            turns: 0,
            questions: 0,
        };
        let capabilities = json!({
            "fs": { "readTextFile": true, "writeTextFile": true },
            "elicitation": { "form": {} },
        });
        let client = json!({ "name": "scenario", "version": "1" });
        let params = json!({
            "protocolVersion": 1, "clientCapabilities": capabilities, "clientInfo": client,
        });
        let agent = acp.request("initialize", params).await?;
        ensure!(agent["protocolVersion"] == 1, "it speaks another version: {agent}");
        Ok(acp)
    }

    async fn ask(&mut self, _: &Start<'_>, prompt: &Prompt) -> Result<Reply> {
        ensure!(self.prompt.is_none(), "the prompt before is not answered");
        if self.session.is_none() {
            let session = self.request("session/new", self.place()).await?;
            let id = session["sessionId"].as_str().context("a session without a name")?;
            self.session = Some(SessionId::from(id));
        }
        let blocks = json!([{ "type": "text", "text": prompt.text }]);
        let params = json!({ "sessionId": self.session, "prompt": blocks });
        self.prompt = Some(self.send("session/prompt", params).await?);
        self.turns += 1;
        let turn_id = self.turn_id();
        self.update(Update::Status(Status::Running { turn_id }));
        Ok(Reply::Done)
    }

    async fn next(&mut self) -> Result<Happening> {
        loop {
            if let Some(happening) = self.happenings.pop_front() {
                return Ok(happening);
            }
            match self.read().await? {
                Some(message) => self.take(message).await?,
                None => return Ok(Happening::Closed),
            }
        }
    }

    async fn answer(&mut self, approval: &ItemId, answer: &Answer) -> Result<bool> {
        ensure!(answer.reason.is_none(), "a client of ACP gives no reasons");
        ensure!(answer.hunks.is_empty(), "a client of ACP decides about all hunks at once");
        let (request, subject) = self.asked.remove(approval).context("it was not asked")?;
        let result = match subject {
            ApprovalSubject::Questions { questions, .. } => filled_in(&questions, answer),
            _ => {
                let option = serde_json::to_value(answer.decision)?;
                json!({ "outcome": { "outcome": "selected", "optionId": option } })
            }
        };
        self.write(&json!({ "jsonrpc": "2.0", "id": request, "result": result })).await?;
        Ok(true)
    }

    async fn cancel(&mut self) -> Result<()> {
        let params = json!({ "sessionId": self.session });
        let note = json!({ "jsonrpc": "2.0", "method": "session/cancel", "params": params });
        self.write(&note).await?;
        // That is what the protocol has a client do.
        for (id, (request, subject)) in std::mem::take(&mut self.asked) {
            self.closed(id, subject.clone());
            let result = match subject {
                ApprovalSubject::Questions { .. } => json!({ "action": "cancel" }),
                _ => json!({ "outcome": { "outcome": "cancelled" } }),
            };
            self.write(&json!({ "jsonrpc": "2.0", "id": request, "result": result })).await?;
        }
        Ok(())
    }

    async fn restart(&mut self, start: &Start<'_>) -> Result<Option<Vec<SessionUpdate>>> {
        self.process.kill().await?;
        let mut again = Self::start(start).await?;
        (again.count, again.turns) = (self.count, self.turns);
        again.questions = self.questions;
        again.session = self.session.take();
        again.load().await?;
        let was_running = self.prompt.is_some();
        *self = again;
        if was_running {
            let stop_reason = Some(StopReason::Interrupted);
            let turn_id = Some(self.turn_id());
            self.update(Update::Status(Status::Idle { turn_id, stop_reason, error: None }));
        }
        Ok(None)
    }

    async fn settle(&mut self) -> Result<()> {
        Ok(())
    }

    async fn finish(mut self) -> Result<Option<Vec<SessionUpdate>>> {
        drop(self.input.take());
        while self.output.next_line().await?.is_some() {}
        let status = self.process.wait().await?;
        ensure!(status.success(), "it ended with {status}");
        Ok(None)
    }

    async fn heard(&mut self) -> Result<Vec<Heard>> {
        let live = std::mem::take(&mut self.heard);
        self.load().await?;
        Ok(vec![live, std::mem::take(&mut self.heard)])
    }
}

impl Acp {
    /// Where a session works.
    fn place(&self) -> Value {
        json!({
            "cwd": self.folders[0],
            "additionalDirectories": self.folders[1..],
            "mcpServers": [],
        })
    }

    fn turn_id(&self) -> TurnId {
        TurnId(format!("turn {}", self.turns))
    }

    /// Has the session told from its beginning.
    async fn load(&mut self) -> Result<()> {
        let Some(session) = self.session.clone() else { return Ok(()) };
        self.heard = Heard::default();
        let mut params = self.place();
        params["sessionId"] = json!(session);
        self.request("session/load", params).await?;
        self.happenings.clear();
        Ok(())
    }

    async fn write(&mut self, message: &Value) -> Result<()> {
        let input = self.input.as_mut().context("its input is closed")?;
        input.write_all(format!("{message}\n").as_bytes()).await?;
        Ok(input.flush().await?)
    }

    async fn send(&mut self, method: &str, params: Value) -> Result<i64> {
        self.requests += 1;
        let id = self.requests;
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        self.write(&request).await?;
        Ok(id)
    }

    async fn read(&mut self) -> Result<Option<Value>> {
        let Some(line) = self.output.next_line().await? else { return Ok(None) };
        let message = serde_json::from_str(&line);
        Ok(Some(message.with_context(|| format!("this line is no message: {line}"))?))
    }

    /// Sends a request that is answered before anything is asked of the person.
    async fn request(&mut self, method: &str, params: Value) -> Result<Value> {
        let id = self.send(method, params).await?;
        loop {
            let message = self.read().await?.with_context(|| format!("it ended in {method}"))?;
            if message["method"].is_null() && message["id"] == id {
                ensure!(message["error"].is_null(), "{method}: {}", message["error"]);
                return Ok(message["result"].clone());
            }
            self.take(message).await?;
        }
    }

    fn update(&mut self, update: Update) {
        self.count += 1;
        let session_id = self.session.clone().unwrap_or_else(|| SessionId::from(""));
        let update = SessionUpdate { session_id, seq: self.count, update };
        self.happenings.push_back(Happening::Update(update));
    }

    fn item(&mut self, id: ItemId, body: ItemBody) {
        let item = Item { id, turn_id: TurnId::from(""), at: 0, aside: false, body };
        self.update(Update::ItemChanged { item });
    }

    async fn take(&mut self, message: Value) -> Result<()> {
        let params = &message["params"];
        match message["method"].as_str() {
            Some("session/update") => self.told(params),
            Some("session/request_permission") => {
                self.heard.asked(&params["toolCall"])?;
                let effects = Vec::new();
                let subject = ApprovalSubject::ToolCall {
                    item_id: ItemId::from(""),
                    effects,
                    unsaved: Vec::new(),
                };
                self.question(message["id"].clone(), subject);
                Ok(())
            }
            Some("elicitation/create") => {
                let questions = questions(&params["requestedSchema"]["properties"]);
                let subject = ApprovalSubject::Questions { item_id: ItemId::from(""), questions };
                self.question(message["id"].clone(), subject);
                Ok(())
            }
            Some("fs/read_text_file") => {
                let read = std::fs::read_to_string(params["path"].as_str().unwrap_or_default());
                let answer = match read {
                    Ok(text) => json!({ "result": { "content": text } }),
                    Err(error) => refusal(&error),
                };
                self.reply(&message["id"], answer).await
            }
            Some("fs/write_text_file") => {
                let text = params["content"].as_str().unwrap_or_default();
                let answer = match std::fs::write(params["path"].as_str().unwrap_or_default(), text)
                {
                    Ok(()) => json!({ "result": {} }),
                    Err(error) => refusal(&error),
                };
                self.reply(&message["id"], answer).await
            }
            // Somebody else has answered, or nobody has to any more.
            Some("$/cancel_request") => {
                let is_this = |_: &ItemId, it: &mut (Value, _)| it.0 == params["requestId"];
                let over: Vec<_> = self.asked.extract_if(is_this).collect();
                for (id, (_, subject)) in over {
                    self.closed(id, subject);
                }
                Ok(())
            }
            Some(method) => bail!("it asks for {method}"),
            None if self.prompt.map(|id| json!(id)).as_ref() == Some(&message["id"]) => {
                self.prompt = None;
                self.heard.turn_ended()?;
                for (id, (_, subject)) in std::mem::take(&mut self.asked) {
                    self.closed(id, subject);
                }
                let end = end(self.turn_id(), &message)?;
                self.update(Update::Status(end));
                Ok(())
            }
            None => bail!("nobody asked for this: {message}"),
        }
    }

    async fn reply(&mut self, id: &Value, mut answer: Value) -> Result<()> {
        (answer["jsonrpc"], answer["id"]) = (json!("2.0"), id.clone());
        self.write(&answer).await
    }

    fn question(&mut self, request: Value, subject: ApprovalSubject) {
        self.questions += 1;
        let id = ItemId(format!("question {}", self.questions));
        self.asked.insert(id.clone(), (request, subject.clone()));
        self.item(id, approval(subject));
        self.happenings.push_back(Happening::Asked);
    }

    /// Nobody has to answer a question any more.
    fn closed(&mut self, id: ItemId, subject: ApprovalSubject) {
        let (turn_id, body) = (TurnId::from(""), approval(subject));
        let item = Item { id, turn_id, at: 0, aside: false, body };
        self.update(Update::ItemEnded { item });
    }

    /// Hands on what was heard as far as steps wait for it.
    fn told(&mut self, params: &Value) -> Result<()> {
        let session = self.session.as_ref().map(SessionId::as_str);
        ensure!(params["sessionId"].as_str() == session, "of a session that is not ours: {params}");
        let Some(id) = self.heard.take(&params["update"])? else { return Ok(()) };
        let body = match self.heard.text(&id) {
            Some(text) => ItemBody::AgentMessage { text },
            None => ItemBody::ToolCall(ToolCall {
                call_id: String::new(),
                step: 0,
                name: String::new(),
                title: String::new(),
                input: Value::Null,
                status: ToolCallStatus::Running,
                effects: Vec::new(),
                output: self.heard.output(&id).map(ToolOutput::text),
                provider_data: None,
            }),
        };
        self.item(ItemId(id), body);
        Ok(())
    }
}

fn approval(subject: ApprovalSubject) -> ItemBody {
    let (title, why, options, answer) = Default::default();
    ItemBody::Approval(Approval { title, subject, why, options, answer })
}

/// How the answer to a prompt says that its turn ended.
fn end(turn: TurnId, answer: &Value) -> Result<Status> {
    let error = |code: &Value, message: &Value| -> Result<ErrorInfo> {
        let message = message.as_str().unwrap_or_default();
        Ok(ErrorInfo::new(serde_json::from_value(code.clone())?, message))
    };
    let (stop_reason, error) = match answer["result"]["stopReason"].as_str() {
        Some("end_turn") => (StopReason::Completed, None),
        Some("cancelled") => (StopReason::Cancelled, None),
        Some("max_turn_requests") => {
            (StopReason::Error, Some(ErrorInfo::new(ErrorCode::TurnTooLong, "")))
        }
        Some(other) => bail!("a turn that ended for {other}"),
        None => {
            let answer = &answer["error"];
            (StopReason::Error, Some(error(&answer["data"]["code"], &answer["message"])?))
        }
    };
    Ok(Status::Idle { turn_id: Some(turn), stop_reason: Some(stop_reason), error })
}

fn refusal(error: &std::io::Error) -> Value {
    json!({ "error": { "code": -32603, "message": error.to_string() } })
}

/// The questions that a form asks.
fn questions(fields: &Value) -> Vec<Question> {
    let mut questions = Vec::new();
    for number in 1.. {
        let own = &fields[format!("question{number}InOwnWords")];
        if own.is_null() {
            break;
        }
        let chosen = &fields[format!("question{number}")];
        let multiple = chosen["type"] == "array";
        let choices = if multiple { &chosen["items"]["anyOf"] } else { &chosen["oneOf"] };
        let choice = |choice: &Value| Choice {
            label: choice["const"].as_str().unwrap_or_default().to_owned(),
            description: String::new(),
        };
        let choices = choices.as_array().into_iter().flatten().map(choice).collect();
        let (text, heading) = Default::default();
        questions.push(Question { text, heading, choices, multiple });
    }
    questions
}

/// The form, filled in.
fn filled_in(questions: &[Question], answer: &Answer) -> Value {
    if answer.decision == Decision::Reject {
        return json!({ "action": "decline" });
    }
    let mut content = serde_json::Map::new();
    for (number, (question, given)) in (1..).zip(questions.iter().zip(&answer.answers)) {
        match (&*given.chosen, question.multiple) {
            ([], _) => {}
            (chosen, true) => drop(content.insert(format!("question{number}"), json!(chosen))),
            (chosen, false) => {
                content.insert(format!("question{number}"), json!(chosen[0]));
            }
        }
        if let Some(words) = &given.text {
            content.insert(format!("question{number}InOwnWords"), json!(words));
        }
    }
    json!({ "action": "accept", "content": content })
}
