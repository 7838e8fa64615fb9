//! A small editor: the other end of the language server, for the demo and for tests.
//!
//! It keeps documents, applies what the server asks for with an exact check of the version, and
//! hands everything else that arrives to its owner as [`Event`]s, in the order of the wire. It
//! draws nothing, decides nothing and knows no file but those it is told to open.
//!
//! Start with [`Client::start`]. The documents are in `client/buffers.rs`, what it says of itself
//! in `client/hello.rs`, what it does for the server in `client/duties.rs`.

mod buffers;
mod duties;
mod hello;
#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    process::{ExitStatus, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use changes::Encoding;
use protocol::{
    AbsPath, SessionUpdate,
    methods::{ApprovalRequest, DocumentsSave, EditorDiagnostics, Method, Prompt, SessionUpdated},
    wire::{
        ApprovalRequestParams, ClientCapabilities, DiagnosticsParams, PromptParams, SaveParams,
    },
};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt},
    process::{Child, Command},
    sync::{mpsc, oneshot},
    task::JoinSet,
};

use buffers::Buffers;
pub use duties::{Checker, Finding, SaveBehaviour};

pub use crate::uri::{path as path_of, uri};
use crate::wire::frames::Frames;

/// How many messages may wait to be written before their senders do.
const OUTGOING: usize = 1024;
/// How many events may wait to be looked at before nothing more is read.
const EVENTS: usize = 1 << 16;
/// How long a server may take to go after it was asked to.
const FAREWELL: Duration = Duration::from_secs(10);

/// `Method not found` of JSON-RPC.
const METHOD_NOT_FOUND: i64 = -32601;
/// `Invalid params` of JSON-RPC.
const INVALID_PARAMS: i64 = -32602;
/// `RequestFailed` of the Language Server Protocol.
const REQUEST_FAILED: i64 = -32803;
/// The code of a request whose answer will never come, from the range JSON-RPC leaves to us.
pub const CLOSED: i64 = -32000;

/// What kind of editor to be.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// What it calls itself.
    pub name: String,
    /// The workspace folder.
    pub root: AbsPath,
    /// The other workspace folders.
    pub folders: Vec<AbsPath>,
    /// Whether it has folders open at all; an editor that was started on a file has none.
    pub names_folders: bool,
    /// What it says it can do in `experimental.coworker`; the default is a plain LSP editor.
    pub capabilities: ClientCapabilities,
    /// What it would like to count positions in. The server's choice is what counts.
    pub encoding: Encoding,
    /// What `workspace/applyEdit` meets.
    pub apply: ApplyBehaviour,
    /// What `coworker/documents/save` meets.
    pub saves: SaveBehaviour,
    /// Its language servers; without them it knows of no problem.
    pub checker: Option<Checker>,
    /// Merged into `initializationOptions.coworker`.
    pub initialization: Value,
    /// What it says of itself in place of its own capabilities, as another editor does.
    pub recorded: Option<Value>,
    /// Merged into the LSP capabilities.
    pub lsp_capabilities: Value,
}

impl ClientOptions {
    /// A plain LSP editor that counts in UTF-16 and applies what it is asked to.
    pub fn new(root: AbsPath) -> Self {
        Self {
            name: "Coworker's client".to_owned(),
            root,
            folders: Vec::new(),
            names_folders: true,
            capabilities: ClientCapabilities::default(),
            encoding: Encoding::Utf16,
            apply: ApplyBehaviour::Apply,
            saves: SaveBehaviour::Save,
            checker: None,
            initialization: json!({}),
            recorded: None,
            lsp_capabilities: json!({}),
        }
    }
}

/// What `workspace/applyEdit` meets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ApplyBehaviour {
    /// It is applied if every version is exact; the answer goes out before the `didChange`, as
    /// in VS Code.
    Apply,
    /// It is answered with `applied: false` and this reason.
    Refuse(Option<String>),
    /// It is answered with `applied: true`, and nothing is done.
    Skip,
    /// It is never answered.
    Ignore,
    /// As [`ApplyBehaviour::Apply`]; then the documents are saved, as by an editor that saves by
    /// itself.
    Save,
}

/// Something that arrived.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// `coworker/session/update`.
    Update(SessionUpdate),
    /// `coworker/approval/request`; [`Client::answer`] it.
    Approval {
        /// The request.
        id: Value,
        /// What is asked.
        params: ApprovalRequestParams,
    },
    /// `coworker/prompt`; [`Client::answer`] it.
    Prompt {
        /// The request.
        id: Value,
        /// What is asked for.
        params: PromptParams,
    },
    /// Any other request. It has been answered, unless [`Client::hold`] says otherwise.
    ServerRequest {
        /// The request.
        id: Value,
        /// What is wanted.
        method: String,
        /// The parameters; null if there are none.
        params: Value,
    },
    /// Any other notification.
    Notification {
        /// What it is about.
        method: String,
        /// The parameters; null if there are none.
        params: Value,
    },
    /// Nothing more will come.
    Closed,
}

/// A request was answered with an error.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message} ({code})")]
pub struct ResponseError {
    /// The JSON-RPC code, or [`CLOSED`].
    pub code: i64,
    /// What went wrong.
    pub message: String,
    /// More about it; our server sends `{code, source}`.
    pub data: Option<Value>,
}

/// The server could not be started or stopped.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The program could not be run, or waited for.
    #[error("the server's process failed: {0}")]
    Process(#[from] std::io::Error),
    /// The program has no standard input or output.
    #[error("the server's standard input and output cannot be reached")]
    NoPipes,
    /// It refused to begin or to end.
    #[error("the server refused: {0}")]
    Refused(#[from] ResponseError),
    /// It was asked to end and did not.
    #[error("the server did not end within {} seconds", FAREWELL.as_secs())]
    Lingering,
}

/// An editor with a server.
pub struct Client {
    link: Arc<Link>,
    events: mpsc::Receiver<Event>,
    hello: Value,
    child: Option<Child>,
    // Dropping it ends the reading and the writing.
    _pumps: JoinSet<()>,
}

impl Client {
    /// Starts a server and greets it: `initialize`, then `initialized`. The process dies with
    /// this client.
    ///
    /// # Errors
    /// The program cannot be run, or does not answer `initialize` well.
    pub async fn start(mut command: Command, options: ClientOptions) -> Result<Self, ClientError> {
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let (Some(output), Some(input)) = (child.stdout.take(), child.stdin.take()) else {
            return Err(ClientError::NoPipes);
        };
        let mut client = Self::over(output, input, options).await?;
        client.child = Some(child);
        Ok(client)
    }

    /// The same over a connection that is there already.
    ///
    /// # Errors
    /// The server does not answer `initialize` well.
    pub async fn over(
        from_server: impl AsyncRead + Send + Unpin + 'static,
        to_server: impl AsyncWrite + Send + Unpin + 'static,
        options: ClientOptions,
    ) -> Result<Self, ClientError> {
        let (outgoing, queue) = mpsc::channel(OUTGOING);
        let (arrived, events) = mpsc::channel(EVENTS);
        let link = Arc::new(Link::new(outgoing, &options));
        let mut pumps = JoinSet::new();
        pumps.spawn(write(queue, to_server));
        pumps.spawn(read(link.clone(), from_server, arrived));

        let hello = link.request("initialize", hello::params(&options)).await?;
        lock(&link.buffers).encoding = hello::agreed_encoding(&hello);
        link.notify("initialized", json!({})).await;
        Ok(Self { link, events, hello, child: None, _pumps: pumps })
    }

    /// The result of `initialize`.
    pub fn hello(&self) -> &Value {
        &self.hello
    }

    /// The server's process id, while it runs and this client started it.
    pub fn process_id(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// The answer is an error, or the connection ended before it.
    pub async fn request(&self, method: &str, params: Value) -> Result<Value, ResponseError> {
        self.link.request(method, params).await
    }

    /// Sends one of our own requests and waits for its answer.
    ///
    /// # Errors
    /// As [`Client::request`]; also when the answer does not fit the method.
    pub async fn call<M: Method>(&self, params: M::Params) -> Result<M::Result, ResponseError> {
        let unfit = |error: serde_json::Error| ResponseError {
            code: INVALID_PARAMS,
            message: format!("{} does not fit its types: {error}", M::NAME),
            data: None,
        };
        let params = serde_json::to_value(params).map_err(unfit)?;
        let result = self.request(M::NAME, params).await?;
        serde_json::from_value(result).map_err(unfit)
    }

    /// Sends a notification.
    pub async fn notify(&self, method: &str, params: Value) {
        self.link.notify(method, params).await;
    }

    /// Answers a request of the server.
    pub async fn answer(&self, id: Value, result: Value) {
        self.link.send(|_| vec![json!({"jsonrpc": "2.0", "id": id, "result": result})]).await;
    }

    /// From now on requests of this method are not answered by themselves; [`Client::answer`]
    /// them.
    pub fn hold(&self, method: &str) {
        lock(&self.link.held).insert(method.to_owned());
    }

    /// Opens a document with this text.
    pub async fn open(&self, path: &AbsPath, text: &str) {
        self.link.tell("textDocument/didOpen", |it| Some(it.open(path, text))).await;
    }

    /// Types into an open document: replaces a stretch, in bytes, and tells the server.
    pub async fn replace(&self, path: &AbsPath, range: Range<usize>, text: &str) {
        self.link.tell("textDocument/didChange", |it| it.replace(path, range, text)).await;
    }

    /// Writes an open document to the disk and tells the server.
    ///
    /// # Errors
    /// The file cannot be written, or the document is not open.
    pub async fn save(&self, path: &AbsPath) -> std::io::Result<()> {
        self.link.save(path).await
    }

    /// Tells the server that files changed on disk, if it has asked to be told: their paths with
    /// the kind of `FileChangeType` in the Language Server Protocol.
    pub async fn changed_on_disk(&self, files: &[(AbsPath, u32)]) {
        const METHOD: &str = "workspace/didChangeWatchedFiles";
        if lock(&self.link.registered).contains(METHOD) {
            let change = |(path, kind): &(AbsPath, u32)| json!({"uri": uri(path), "type": kind});
            let changes: Vec<Value> = files.iter().map(change).collect();
            self.notify(METHOD, json!({"changes": changes})).await;
        }
    }

    /// Moves a file as a user does in a file tree: an open document moves with its text.
    ///
    /// # Errors
    /// The file cannot be moved.
    pub async fn rename(&self, from: &AbsPath, to: &AbsPath) -> std::io::Result<()> {
        tokio::fs::rename(from.as_std_path(), to.as_std_path()).await?;
        if let Some(text) = self.text(from) {
            self.close(from).await;
            self.open(to, &text).await;
        }
        let files = json!([{"oldUri": uri(from), "newUri": uri(to)}]);
        self.notify("workspace/didRenameFiles", json!({"files": files})).await;
        Ok(())
    }

    /// Deletes a file as a user does in a file tree.
    ///
    /// # Errors
    /// The file cannot be deleted.
    pub async fn delete(&self, path: &AbsPath) -> std::io::Result<()> {
        tokio::fs::remove_file(path.as_std_path()).await?;
        self.close(path).await;
        let params = json!({"files": [{"uri": uri(path)}]});
        self.notify("workspace/didDeleteFiles", params).await;
        Ok(())
    }

    /// Takes folders into the workspace and out of it.
    pub async fn change_folders(&self, added: &[AbsPath], removed: &[AbsPath]) {
        let folders = |folders: &[AbsPath]| -> Vec<Value> {
            let folder =
                |path: &AbsPath| json!({"uri": uri(path), "name": path.file_name().unwrap_or("/")});
            folders.iter().map(folder).collect()
        };
        let event = json!({"added": folders(added), "removed": folders(removed)});
        self.notify("workspace/didChangeWorkspaceFolders", json!({"event": event})).await;
    }

    /// Closes a document; what was not saved is gone.
    pub async fn close(&self, path: &AbsPath) {
        self.link.tell("textDocument/didClose", |it| it.close(path)).await;
    }

    /// The text of an open document.
    pub fn text(&self, path: &AbsPath) -> Option<String> {
        lock(&self.link.buffers).text(path)
    }

    /// The version of an open document.
    pub fn version(&self, path: &AbsPath) -> Option<i32> {
        lock(&self.link.buffers).version(path)
    }

    /// The place of a byte of an open document, as the server counts.
    pub fn position(&self, path: &AbsPath, offset: usize) -> Option<protocol::wire::Position> {
        lock(&self.link.buffers).position(path, offset)
    }

    /// Waits for the next event. May be dropped and called again without losing one.
    pub async fn next(&mut self) -> Event {
        self.events.recv().await.unwrap_or(Event::Closed)
    }

    /// Says goodbye: `shutdown`, `exit`, and waits for the process.
    ///
    /// # Errors
    /// The server refuses, does not end in time, or was not started by this client.
    pub async fn shutdown(mut self) -> Result<ExitStatus, ClientError> {
        let mut child = self.child.take().ok_or(ClientError::NoPipes)?;
        let goodbye = async {
            self.link.request("shutdown", Value::Null).await?;
            self.link.notify("exit", Value::Null).await;
            // Whatever still arrives is read, or the server could not write its last words.
            while self.events.recv().await.is_some() {}
            Ok(child.wait().await?)
        };
        tokio::time::timeout(FAREWELL, goodbye).await.unwrap_or(Err(ClientError::Lingering))
    }
}

type Answered = oneshot::Sender<Result<Value, ResponseError>>;

/// What the owner and the reader share.
struct Link {
    outgoing: mpsc::Sender<Vec<u8>>,
    // None when the server has gone.
    pending: Mutex<Option<HashMap<i64, Answered>>>,
    next_id: AtomicI64,
    buffers: Mutex<Buffers>,
    apply: ApplyBehaviour,
    saves: SaveBehaviour,
    checker: Option<Checker>,
    held: Mutex<HashSet<String>>,
    // The notifications that the server asked for.
    registered: Mutex<HashSet<String>>,
}

impl Link {
    fn new(outgoing: mpsc::Sender<Vec<u8>>, options: &ClientOptions) -> Self {
        Self {
            outgoing,
            pending: Mutex::new(Some(HashMap::new())),
            next_id: AtomicI64::new(1),
            buffers: Mutex::default(),
            apply: options.apply.clone(),
            saves: options.saves,
            checker: options.checker.clone(),
            held: Mutex::default(),
            registered: Mutex::default(),
        }
    }

    async fn save(&self, path: &AbsPath) -> std::io::Result<()> {
        let text = lock(&self.buffers).text(path).ok_or(std::io::ErrorKind::NotFound)?;
        tokio::fs::write(path.as_std_path(), text).await?;
        let params = json!({"textDocument": {"uri": uri(path)}});
        self.notify("textDocument/didSave", params).await;
        Ok(())
    }

    /// Does what `coworker/documents/save` asks for, as far as this editor does.
    async fn save_all(&self, id: &Value, params: &Value) {
        let params = SaveParams::deserialize(params).unwrap_or(SaveParams { uris: Vec::new() });
        let mut failed = None;
        if self.saves == SaveBehaviour::Save {
            for path in params.uris.iter().filter_map(|uri| crate::uri::path(uri)) {
                failed = self.save(&path).await.err().or(failed);
            }
        }
        let failed = failed.map(|error| error.to_string());
        let answer = match (self.saves, failed) {
            (SaveBehaviour::Ignore, _) => return,
            (SaveBehaviour::Save, None) => json!({"jsonrpc": "2.0", "id": id, "result": {}}),
            (_, failed) => {
                let message = failed.unwrap_or_else(|| "this editor does not save".to_owned());
                let error = json!({"code": REQUEST_FAILED, "message": message});
                json!({"jsonrpc": "2.0", "id": id, "error": error})
            }
        };
        self.send(|_| vec![answer]).await;
    }

    /// Saves the documents that an edit is about.
    async fn save_edited(&self, edit: &Value) {
        for document in edit["documentChanges"].as_array().into_iter().flatten() {
            let uri = document["textDocument"]["uri"].as_str().unwrap_or_default();
            if let Some(path) = crate::uri::path(uri)
                && let Err(error) = self.save(&path).await
            {
                tracing::warn!(%error, %path, "the document was not saved");
            }
        }
    }

    /// Sends what is made of the documents, before anything that is made of them later.
    async fn send(&self, messages: impl FnOnce(&mut Buffers) -> Vec<Value>) {
        let Ok(permit) = self.outgoing.reserve().await else { return };
        let mut buffers = lock(&self.buffers);
        let messages = messages(&mut buffers);
        permit.send(messages.iter().flat_map(frame).collect());
    }

    async fn tell(&self, method: &str, params: impl FnOnce(&mut Buffers) -> Option<Value>) {
        let message = |params| json!({"jsonrpc": "2.0", "method": method, "params": params});
        self.send(|buffers| params(buffers).map(message).into_iter().collect()).await;
    }

    async fn notify(&self, method: &str, params: Value) {
        self.send(|_| vec![call(None, method, params)]).await;
    }

    async fn request(&self, method: &str, params: Value) -> Result<Value, ResponseError> {
        let id = self.next_id.fetch_add(1, Ordering::Relaxed);
        let (answered, answer) = oneshot::channel();
        // Where the server has gone there is no map, and the sender is dropped with this line.
        lock(&self.pending).as_mut().map(|pending| pending.insert(id, answered));
        self.send(|_| vec![call(Some(id), method, params)]).await;
        answer.await.unwrap_or_else(|_| {
            let message = format!("the server went away before it answered `{method}`");
            Err(ResponseError { code: CLOSED, message, data: None })
        })
    }

    /// Deals with one message of the server; what its owner should know becomes an event.
    async fn take(&self, mut message: Value) -> Option<Event> {
        let id = message.get("id").cloned();
        let method = message.get("method").and_then(Value::as_str).map(str::to_owned);
        let params = message.get_mut("params").map(Value::take).unwrap_or_default();
        match (id, method) {
            (Some(id), Some(method)) => Some(self.serve(id, method, params).await),
            (None, Some(method)) => Some(notification(method, params)),
            (Some(id), None) => {
                let answered = lock(&self.pending).as_mut()?.remove(&id.as_i64()?)?;
                // Nobody waits any more: the request was given up.
                let _ = answered.send(outcome(message));
                None
            }
            (None, None) => None,
        }
    }

    async fn serve(&self, id: Value, method: String, params: Value) -> Event {
        if method == ApprovalRequest::NAME
            && let Ok(params) = serde_json::from_value(params.clone())
        {
            return Event::Approval { id, params };
        }
        if method == Prompt::NAME
            && let Ok(params) = serde_json::from_value(params.clone())
        {
            return Event::Prompt { id, params };
        }
        let held = lock(&self.held).contains(&method);
        if !held && method == DocumentsSave::NAME {
            self.save_all(&id, &params).await;
        } else if !held {
            self.send(|buffers| self.response(&id, &method, &params, buffers)).await;
            if method == "workspace/applyEdit" && self.apply == ApplyBehaviour::Save {
                self.save_edited(&params["edit"]).await;
            }
        }
        Event::ServerRequest { id, method, params }
    }

    fn response(
        &self,
        id: &Value,
        method: &str,
        params: &Value,
        buffers: &mut Buffers,
    ) -> Vec<Value> {
        let answer = |result: Value| json!({"jsonrpc": "2.0", "id": id, "result": result});
        let refuse = |reason: Option<String>| match reason {
            Some(reason) => answer(json!({"applied": false, "failureReason": reason})),
            None => answer(json!({"applied": false})),
        };
        match method {
            "workspace/applyEdit" => match &self.apply {
                ApplyBehaviour::Ignore => Vec::new(),
                ApplyBehaviour::Refuse(reason) => vec![refuse(reason.clone())],
                ApplyBehaviour::Skip => vec![answer(json!({"applied": true}))],
                ApplyBehaviour::Apply | ApplyBehaviour::Save => {
                    match buffers.apply(&params["edit"]) {
                        Err(refused) => vec![refuse(Some(refused.to_string()))],
                        Ok(changes) => std::iter::once(answer(json!({"applied": true})))
                            .chain(
                                changes
                                    .into_iter()
                                    .map(|it| call(None, "textDocument/didChange", it)),
                            )
                            .collect(),
                    }
                }
            },
            "window/showDocument" => vec![answer(json!({"success": true}))],
            "workspace/configuration" => {
                let asked = params["items"].as_array().map_or(0, Vec::len);
                vec![answer(vec![Value::Null; asked].into())]
            }
            EditorDiagnostics::NAME => {
                let params = DiagnosticsParams::deserialize(params).ok();
                let said = self.checker.as_ref().zip(params);
                vec![answer(json!(said.and_then(|(it, params)| it.answer(&params, buffers))))]
            }
            "client/registerCapability" => {
                let asked = params["registrations"].as_array().into_iter().flatten();
                let methods = asked.filter_map(|it| it["method"].as_str().map(str::to_owned));
                lock(&self.registered).extend(methods);
                vec![answer(Value::Null)]
            }
            "window/workDoneProgress/create"
            | "window/showMessageRequest"
            | "client/unregisterCapability"
            | "workspace/codeLens/refresh"
            | "workspace/semanticTokens/refresh"
            | "workspace/inlayHint/refresh"
            | "workspace/diagnostic/refresh" => vec![answer(Value::Null)],
            _ => {
                let error = json!({
                    "code": METHOD_NOT_FOUND,
                    "message": format!("this editor does not know `{method}`"),
                });
                vec![json!({"jsonrpc": "2.0", "id": id, "error": error})]
            }
        }
    }
}

fn notification(method: String, params: Value) -> Event {
    if method == SessionUpdated::NAME
        && let Ok(update) = serde_json::from_value(params.clone())
    {
        return Event::Update(update);
    }
    Event::Notification { method, params }
}

/// A request, or without an id a notification; null parameters are left out, as JSON-RPC wants.
fn call(id: Option<i64>, method: &str, params: Value) -> Value {
    let mut message = json!({"jsonrpc": "2.0", "method": method});
    if let Some(id) = id {
        message["id"] = id.into();
    }
    if !params.is_null() {
        message["params"] = params;
    }
    message
}

fn outcome(mut message: Value) -> Result<Value, ResponseError> {
    let Some(error) = message.get_mut("error").map(Value::take).filter(|it| !it.is_null()) else {
        return Ok(message.get_mut("result").map(Value::take).unwrap_or_default());
    };
    Err(ResponseError {
        code: error["code"].as_i64().unwrap_or_default(),
        message: error["message"].as_str().unwrap_or_default().to_owned(),
        data: error.get("data").cloned(),
    })
}

fn frame(message: &Value) -> Vec<u8> {
    let body = message.to_string();
    format!("Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

async fn write(mut queue: mpsc::Receiver<Vec<u8>>, mut output: impl AsyncWrite + Unpin) {
    while let Some(bytes) = queue.recv().await {
        let written = async {
            output.write_all(&bytes).await?;
            output.flush().await
        };
        if let Err(error) = written.await {
            tracing::debug!(%error, "the server takes nothing more");
            return;
        }
    }
}

async fn read(link: Arc<Link>, input: impl AsyncRead + Unpin, events: mpsc::Sender<Event>) {
    let mut frames = Frames::new(input);
    while let Some(frame) = frames.next().await {
        let message = frame.map_err(|error| error.to_string()).and_then(|body| {
            serde_json::from_slice::<Value>(&body).map_err(|error| error.to_string())
        });
        let event = match message {
            Ok(message) => link.take(message).await,
            Err(error) => {
                tracing::warn!(error, "the server sent something that is no message");
                None
            }
        };
        // The owner may have stopped listening; answers to it are still wanted.
        if let Some(event) = event {
            let _ = events.send(event).await;
        }
    }
    // Whoever waits for an answer learns that none will come.
    lock(&link.pending).take();
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
