//! What a client can ask: from the shapes of ACP to the engine and back.

use std::{path::Path, sync::Arc};

use agent_client_protocol_schema::v1 as acp;
use engine::{Attached, Documents, NewSession, Started};
use futures::{FutureExt, future::BoxFuture};
use protocol::{AbsPath, ErrorCode, ErrorInfo, Mode, SessionId, SessionInfo};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use tower_lsp_server::jsonrpc::{Error, Id};

use super::{
    buffers, config,
    connection::{Connection, detached, invalid, refused},
    initialize::{self, Profile},
    prompt,
};
use crate::{timestamp, wire::params};

/// How many sessions a page of a list has.
const PAGE: usize = 100;

/// What becomes of a request.
pub(super) enum Answer {
    Now(Value),
    /// What is done after it has been answered.
    NowAndThen(Value, Box<dyn FnOnce() + Send>),
    /// Somebody else answers it.
    Later,
}

type Answering = BoxFuture<'static, Result<Answer, Error>>;

/// Answers a request.
pub(super) fn asked(
    connection: &Arc<Connection>,
    method: &str,
    id: Id,
    params: Value,
) -> Answering {
    let connection = connection.clone();
    match method {
        "initialize" => handle(params, |params| initialize(connection, params)),
        "authenticate" => handle(params, authenticate),
        "session/new" => handle(params, |params| new(connection, params)),
        "session/load" => handle(params, |params| load(connection, params)),
        "session/resume" => handle(params, |params| resume(connection, params)),
        "session/list" => handle(params, |params| list(connection, params)),
        "session/close" => handle(params, |params| close(connection, params)),
        "session/delete" => handle(params, |params| delete(connection, params)),
        "session/prompt" => handle(params, |params| prompt(connection, id, params)),
        "session/set_mode" => handle(params, |params| set_mode(connection, params)),
        "session/set_config_option" => handle(params, |params| set_option(connection, params)),
        _ => async { Err(Error::method_not_found()) }.boxed(),
    }
}

/// Takes a notification. What is not known is passed over.
pub(super) fn notified(
    connection: &Arc<Connection>,
    method: &str,
    params: Value,
) -> BoxFuture<'static, ()> {
    let connection = connection.clone();
    match method {
        "session/cancel" => match params::read::<acp::CancelNotification>(params) {
            Ok(params) => cancel(connection, session_id(&params.session_id)).boxed(),
            Err(error) => {
                tracing::warn!(error, "a `session/cancel` that cannot be read");
                async {}.boxed()
            }
        },
        // A prompt is stopped as `session/cancel` does; all else ends by itself.
        "$/cancel_request" => {
            let id = match params.get("requestId") {
                Some(Value::String(id)) => Id::String(id.clone()),
                Some(Value::Number(id)) => Id::Number(id.as_i64().unwrap_or_default()),
                _ => Id::Null,
            };
            match connection.turns.session_of(&id) {
                Some(session) => cancel(connection, session).boxed(),
                None => async {}.boxed(),
            }
        }
        _ => {
            tracing::debug!(method, "a notification that is not known");
            async {}.boxed()
        }
    }
}

/// Reads the parameters, and has the request handled.
fn handle<P, F>(params: Value, handler: impl FnOnce(P) -> F) -> Answering
where
    P: DeserializeOwned,
    F: Future<Output = Result<Answer, ErrorInfo>> + Send + 'static,
{
    match params::read(params) {
        Ok(params) => handler(params).map(|answer| answer.map_err(refused)).boxed(),
        Err(error) => async { Err(refused(invalid(error))) }.boxed(),
    }
}

fn now(answer: impl Serialize) -> Result<Answer, ErrorInfo> {
    encoded(answer).map(Answer::Now)
}

fn encoded(answer: impl Serialize) -> Result<Value, ErrorInfo> {
    let failed = |error: serde_json::Error| ErrorInfo::new(ErrorCode::Internal, error.to_string());
    serde_json::to_value(answer).map_err(failed)
}

async fn initialize(
    connection: Arc<Connection>,
    params: acp::InitializeRequest,
) -> Result<Answer, ErrorInfo> {
    let profile = Profile::new(&params);
    tracing::info!(client = profile.name, "a client is here");
    if !connection.introduce(profile) {
        return Err(invalid("`initialize` comes once"));
    }
    buffers::ask(&connection);
    now(initialize::announcement())
}

async fn authenticate(params: acp::AuthenticateRequest) -> Result<Answer, ErrorInfo> {
    // None is announced, so none of them can be right.
    let id = params.method_id;
    Err(invalid(format!(
        "there is no authentication method `{id}`; keys are kept with `coworker auth set PROVIDER`"
    )))
}

async fn new(
    connection: Arc<Connection>,
    params: acp::NewSessionRequest,
) -> Result<Answer, ErrorInfo> {
    let acp::NewSessionRequest { cwd, additional_directories, mcp_servers, .. } = params;
    let (root, folders) = (existing(&cwd).await?, existing_all(&additional_directories).await?);
    let choices = connection.choices(&root).await;
    let new = NewSession { root, folders, mode: choices.mode, model: choices.model };
    let session = connection.sessions.create(new).await?.id;
    connection.views.begin(&session, true);
    if let Err(error) = connection.attach(&session, None).await {
        connection.views.end(&session);
        return Err(error);
    }
    let (mode, model) = chosen(&connection, &session)?;
    let answer = acp::NewSessionResponse::new(session.as_str().to_owned())
        .modes(config::modes(mode))
        .config_options(config::options(&connection.sessions, mode, &model));
    let then = opened(connection, session, mcp_servers.len());
    Ok(Answer::NowAndThen(encoded(answer)?, Box::new(then)))
}

async fn load(
    connection: Arc<Connection>,
    params: acp::LoadSessionRequest,
) -> Result<Answer, ErrorInfo> {
    let acp::LoadSessionRequest {
        session_id: id, cwd, additional_directories, mcp_servers, ..
    } = params;
    let session = session_id(&id);
    come_back(&connection, &session, &cwd, &additional_directories, false).await?;
    let (mode, model) = chosen(&connection, &session)?;
    let answer = acp::LoadSessionResponse::new()
        .modes(config::modes(mode))
        .config_options(config::options(&connection.sessions, mode, &model));
    let then = opened(connection, session, mcp_servers.len());
    Ok(Answer::NowAndThen(encoded(answer)?, Box::new(then)))
}

async fn resume(
    connection: Arc<Connection>,
    params: acp::ResumeSessionRequest,
) -> Result<Answer, ErrorInfo> {
    let acp::ResumeSessionRequest { session_id: id, cwd, additional_directories, .. } = params;
    let session = session_id(&id);
    come_back(&connection, &session, &cwd, &additional_directories, true).await?;
    let (mode, model) = chosen(&connection, &session)?;
    let answer = acp::ResumeSessionResponse::new()
        .modes(config::modes(mode))
        .config_options(config::options(&connection.sessions, mode, &model));
    let then = opened(connection, session, params.mcp_servers.len());
    Ok(Answer::NowAndThen(encoded(answer)?, Box::new(then)))
}

/// Attaches to a session of before; `quiet` says that what was is not told.
async fn come_back(
    connection: &Arc<Connection>,
    session: &SessionId,
    cwd: &Path,
    folders: &[std::path::PathBuf],
    quiet: bool,
) -> Result<Attached, ErrorInfo> {
    let (root, folders) = (existing(cwd).await?, existing_all(folders).await?);
    let _line = connection.line(session).await;
    let root = connection.workspace.resolve(&root).await?;
    let info = connection.sessions.info(session).await?;
    if info.root != root {
        let works = info.root;
        return Err(invalid(format!("the session works in `{works}`, not in `{root}`")));
    }
    connection.views.begin(session, quiet);
    let attached = connection.attach(session, None).await;
    if attached.is_err() {
        connection.views.end(session);
    }
    let attached = attached?;
    connection.views.look(session, |view| view.titled = true);
    connection.sessions.set_folders(session, &folders).await?;
    let folders = [root].into_iter().chain(folders).collect();
    connection.views.look(session, |view| view.folders = folders);
    Ok(attached)
}

/// What is done once the client knows of a session.
fn opened(connection: Arc<Connection>, session: SessionId, mcp_servers: usize) -> impl FnOnce() {
    move || {
        connection.views.open(&session);
        for complaint in connection.complaints() {
            connection.tell_notice(&session, acp::NoticeSeverity::Error, complaint);
        }
        if mcp_servers > 0 {
            let words = "Coworker does not use MCP servers yet; those of this editor are left out.";
            connection.tell_notice(&session, acp::NoticeSeverity::Warning, words);
        }
        if connection.views.look(&session, |view| view.mode) == Some(Mode::Auto) {
            let words = format!("Auto mode: {}.", Mode::Auto.description());
            connection.tell_notice(&session, acp::NoticeSeverity::Warning, &words);
        }
        let telling = connection.clone();
        connection.spawn(async move { tell_commands(&telling, &session).await });
    }
}

/// Tells which slash commands there are.
async fn tell_commands(connection: &Connection, session: &SessionId) {
    let Ok(found) = connection.sessions.complete(session, "/").await else { return };
    let commands = found.items.into_iter().map(|command| {
        let name = command.text.trim_start_matches('/').to_owned();
        let input = acp::UnstructuredCommandInput::new("what it is about");
        acp::AvailableCommand::new(name, command.detail)
            .input(acp::AvailableCommandInput::Unstructured(input))
    });
    let update = acp::AvailableCommandsUpdate::new(commands.collect());
    connection.tell(session, acp::SessionUpdate::AvailableCommandsUpdate(update));
}

async fn list(
    connection: Arc<Connection>,
    params: acp::ListSessionsRequest,
) -> Result<Answer, ErrorInfo> {
    let root = match &params.cwd {
        Some(cwd) => Some(connection.workspace.resolve(&absolute(cwd)?).await?),
        None => None,
    };
    let from = match &params.cursor {
        Some(cursor) => cursor.parse().map_err(|_| invalid("`cursor` is none of ours"))?,
        None => 0,
    };
    let sessions = connection.sessions.list(root.as_ref()).await?;
    let more = sessions.len() > from + PAGE;
    let page = sessions.into_iter().skip(from).take(PAGE).map(|session| {
        let SessionInfo { id, root, folders, title, updated_at, .. } = session;
        let folders = folders.iter().map(|folder| folder.as_std_path().to_owned()).collect();
        acp::SessionInfo::new(id.0, root.as_std_path())
            .additional_directories(folders)
            .title(Some(title).filter(|title| !title.is_empty()))
            .updated_at(timestamp::iso(updated_at))
    });
    let answer = acp::ListSessionsResponse::new(page.collect());
    now(answer.next_cursor(more.then(|| (from + PAGE).to_string())))
}

async fn close(
    connection: Arc<Connection>,
    params: acp::CloseSessionRequest,
) -> Result<Answer, ErrorInfo> {
    let session = session_id(&params.session_id);
    known(&connection, &session)?;
    let _line = connection.line(&session).await;
    connection.leave(&session).await?;
    now(acp::CloseSessionResponse::new())
}

async fn delete(
    connection: Arc<Connection>,
    params: acp::DeleteSessionRequest,
) -> Result<Answer, ErrorInfo> {
    let session = session_id(&params.session_id);
    let _line = connection.line(&session).await;
    connection.leave(&session).await?;
    connection.sessions.delete(&session).await?;
    now(acp::DeleteSessionResponse::new())
}

async fn prompt(
    connection: Arc<Connection>,
    id: Id,
    params: acp::PromptRequest,
) -> Result<Answer, ErrorInfo> {
    let session = session_id(&params.session_id);
    known(&connection, &session)?;
    connection.turns.starting();
    let line = connection.line(&session).await;
    let (sending, of) = (connection.clone(), session.clone());
    // It is journaled although the client is gone.
    let sent = detached(async move {
        let message = prompt::message(&sending, &of, params.prompt).await?;
        sending.sessions.chat(&of, message).await
    });
    let sent = sent.await;
    drop(line);
    let turn = sent.as_ref().ok().map(|Started { turn_id, .. }| (turn_id.clone(), id));
    if let Some(answer) = connection.turns.started(&session, turn) {
        connection.outbox.answer(&answer);
    }
    sent.map(|_| Answer::Later)
}

async fn cancel(connection: Arc<Connection>, session: SessionId) {
    // In one line with the prompts: a stop that was sent after a prompt stops its turn.
    let line = connection.line(&session).await;
    let cancelled = connection.sessions.cancel(&session).await;
    drop(line);
    if let Err(error) = cancelled {
        tracing::debug!(%session, %error, "not stopped");
    }
}

async fn set_mode(
    connection: Arc<Connection>,
    params: acp::SetSessionModeRequest,
) -> Result<Answer, ErrorInfo> {
    let session = session_id(&params.session_id);
    known(&connection, &session)?;
    configure(&connection, &session, config::MODE, &params.mode_id.0).await?;
    now(acp::SetSessionModeResponse::new())
}

async fn set_option(
    connection: Arc<Connection>,
    params: acp::SetSessionConfigOptionRequest,
) -> Result<Answer, ErrorInfo> {
    let session = session_id(&params.session_id);
    known(&connection, &session)?;
    let value = params.value.as_value_id().ok_or_else(|| invalid("`value` must be a string"))?;
    configure(&connection, &session, &params.config_id.0, &value.0).await?;
    let (mode, model) = chosen(&connection, &session)?;
    let options = config::options(&connection.sessions, mode, &model);
    now(acp::SetSessionConfigOptionResponse::new(options))
}

async fn configure(
    connection: &Connection,
    session: &SessionId,
    option: &str,
    value: &str,
) -> Result<(), ErrorInfo> {
    let (mode, model) = match option {
        config::MODE => {
            let mode = config::mode(value);
            (Some(mode.ok_or_else(|| invalid(format!("there is no mode `{value}`")))?), None)
        }
        config::MODEL => (None, Some(value.to_owned())),
        _ => return Err(invalid(format!("there is no option `{option}`"))),
    };
    let line = connection.line(session).await;
    let configured = connection.sessions.configure(session, mode, model).await;
    drop(line);
    configured
}

/// What is chosen in a session that the client has open.
fn chosen(connection: &Connection, session: &SessionId) -> Result<(Mode, String), ErrorInfo> {
    connection
        .views
        .look(session, |view| (view.mode, view.model.clone()))
        .ok_or_else(|| not_open(session))
}

/// Checks that the client has a session open.
fn known(connection: &Connection, session: &SessionId) -> Result<(), ErrorInfo> {
    connection.views.look(session, |_| ()).ok_or_else(|| not_open(session))
}

fn not_open(session: &SessionId) -> ErrorInfo {
    let words = format!("there is no session `{session}` open here; load it first");
    ErrorInfo::new(ErrorCode::SessionNotFound, words)
}

fn session_id(id: &acp::SessionId) -> SessionId {
    SessionId::from(&*id.0)
}

fn absolute(path: &Path) -> Result<AbsPath, ErrorInfo> {
    let shown = path.display();
    let path = path.to_str().and_then(|path| AbsPath::new(path).ok());
    path.ok_or_else(|| invalid(format!("`{shown}` is not an absolute path")))
}

/// A folder that is there.
async fn existing(folder: &Path) -> Result<AbsPath, ErrorInfo> {
    let path = absolute(folder)?;
    match tokio::fs::metadata(path.as_std_path()).await {
        Ok(found) if found.is_dir() => Ok(path),
        _ => Err(invalid(format!("`{path}` is not a folder"))),
    }
}

async fn existing_all(folders: &[std::path::PathBuf]) -> Result<Vec<AbsPath>, ErrorInfo> {
    let mut found = Vec::new();
    for folder in folders {
        found.push(existing(folder).await?);
    }
    Ok(found)
}
