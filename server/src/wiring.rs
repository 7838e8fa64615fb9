//! Wiring: which rooms are put together for which command.

use std::{
    io::{IsTerminal, Read},
    path::Path,
    process::ExitCode,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use engine::{Documents, NewSession, Parts, Sessions};
use frontends::{
    Choices,
    acp::{self, AcpOptions},
    cli::{
        self, CliError, Ending, changes as cli_changes, checkpoints as cli_checkpoints,
        sessions as cli_sessions, style::Colour,
    },
    lsp::{self, LspOptions},
};
use models::Models;
use protocol::{AbsPath, ErrorCode, ErrorInfo, ItemId};
use store::SqliteStore;
use workspace::Workspace;

use crate::{
    arguments::{
        ContextOptions, Format, Global, ListOptions, RestoreOptions, RunOptions, SessionsCommand,
        UndoOptions,
    },
    configuration::{Configuration, keys::Keys, layer::Problem, trust::Trust},
    output,
};

/// The most bytes of a prompt that is read from standard input.
const MAX_PROMPT: u64 = 8 << 20;

/// Serves an editor over standard input and output.
pub(crate) async fn serve_editor(
    configuration: &Configuration,
    global: Global,
) -> anyhow::Result<ExitCode> {
    explain_to_people("the language server protocol");
    let (sessions, workspace) = rooms(configuration).await?;
    let here = folder(&workspace, None).await?;
    // Where editors that were not started from a shell begin; the whole disk is no project.
    let folder = match here.parent() {
        Some(_) => here,
        None => folder(&workspace, home().as_deref().map(Path::new)).await?,
    };
    let options = LspOptions {
        complaints: complaints(configuration),
        choices: Arc::new(move |root| choices(&global, root)),
        ..LspOptions::new(folder)
    };
    let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
    Ok(lsp::serve(input, output, sessions, workspace, options).await.into())
}

/// Serves a client of the Agent Client Protocol over standard input and output.
pub(crate) async fn serve_client(
    configuration: &Configuration,
    global: Global,
) -> anyhow::Result<ExitCode> {
    explain_to_people("the Agent Client Protocol");
    let (sessions, workspace) = rooms(configuration).await?;
    let options = AcpOptions {
        complaints: complaints(configuration),
        choices: Arc::new(move |root| choices(&global, root)),
    };
    let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
    acp::serve(input, output, sessions, workspace, options).await;
    Ok(ExitCode::SUCCESS)
}

/// Says to somebody who started it by hand what is meant to start it.
fn explain_to_people(protocol: &str) {
    if std::io::stdin().is_terminal() {
        output::explain(&format!(
            "this speaks {protocol} over standard input and output, for an editor that starts it; \
             Ctrl-C ends it. `coworker run` is for a terminal."
        ));
    }
}

/// What the user is told of mistakes in the configuration.
fn complaints(configuration: &Configuration) -> Vec<String> {
    let complaint =
        |problem: &Problem| format!("Coworker's configuration has a mistake. {problem}");
    configuration.problems.iter().map(complaint).collect()
}

/// What the project in a folder chooses for its sessions, if the folder is trusted.
fn choices(global: &Global, root: &AbsPath) -> Choices {
    let configuration = match Configuration::load(global, Some(root.as_std_path())) {
        Ok(configuration) => configuration,
        Err(error) => {
            tracing::warn!(%root, %error, "the configuration of a project cannot be read");
            return Choices::default();
        }
    };
    for problem in &configuration.problems {
        tracing::warn!(%root, %problem, "left out");
    }
    let of_project = |key| configuration.is_of_project(key);
    let Keys { mode, model, .. } = &configuration.keys;
    Choices {
        mode: of_project("mode").then_some(*mode),
        model: of_project("model").then(|| model.clone()),
    }
}

/// Sends one prompt and sees it through.
pub(crate) async fn run(
    configuration: &Configuration,
    options: RunOptions,
    global: &Global,
) -> anyhow::Result<ExitCode> {
    let (prompt, input_read) = prompt(&options.prompt)?;
    let (sessions, workspace) = rooms(configuration).await?;
    let session = match (options.session, options.go_on) {
        (Some(beginning), _) => cli::Which::Named(beginning),
        (None, true) => cli::Which::Last,
        (None, false) => cli::Which::New,
    };
    let request = cli::RunRequest {
        root: folder(&workspace, options.root.as_deref()).await?,
        session,
        prompt,
        mode: global.mode,
        model: global.model.as_ref().map(|_| configuration.keys.model.clone()),
        json: options.json,
        yes: options.yes,
        colour: global.color.into(),
        input_read,
    };
    let ending = cli::run(&sessions, request).await;
    sessions.shutdown().await;
    Ok(ending?.into())
}

/// What to ask, and whether standard input was read for it: a `-` stands for it, and so does
/// nothing at all.
fn prompt(words: &[String]) -> Result<(String, bool), CliError> {
    let nothing =
        || CliError::Usage("there is nothing to ask; type a prompt or pipe one in".into());
    let reads = words.is_empty() || words.iter().any(|word| word == "-");
    if words.is_empty() && std::io::stdin().is_terminal() {
        return Err(nothing());
    }
    let mut piped = String::new();
    if reads {
        std::io::stdin().lock().take(MAX_PROMPT + 1).read_to_string(&mut piped).map_err(
            |error| {
                CliError::Usage(format!("the prompt cannot be read from standard input: {error}"))
            },
        )?;
        if piped.len() as u64 > MAX_PROMPT {
            return Err(CliError::Usage("a prompt may have 8 MiB at most".into()));
        }
    }
    let typed = words.split(|word| word == "-").map(|words| words.join(" "));
    let typed: Vec<String> = typed.collect();
    let whole = typed.join(&format!("\n\n{}\n\n", piped.trim_end()));
    let whole = if words.is_empty() { piped } else { whole };
    match whole.trim() {
        "" => Err(nothing()),
        prompt => Ok((prompt.to_owned(), reads)),
    }
}

/// Does something with the sessions there are.
pub(crate) async fn sessions(
    configuration: &Configuration,
    list: ListOptions,
    command: Option<SessionsCommand>,
    colour: Colour,
) -> anyhow::Result<ExitCode> {
    let (sessions, workspace) = rooms(configuration).await?;
    let ending = match command.unwrap_or(SessionsCommand::List(list)) {
        SessionsCommand::List(ListOptions { json, root }) => {
            let root = match &root {
                Some(root) => Some(folder(&workspace, Some(root)).await?),
                None => None,
            };
            cli_sessions::list(&sessions, root.as_ref(), json, colour).await
        }
        SessionsCommand::Show { id } => cli_sessions::show(&sessions, &id, colour).await,
        SessionsCommand::Export { id, format, output, force } => {
            let format = match format {
                Format::Markdown => cli_sessions::Format::Markdown,
                Format::Json => cli_sessions::Format::Json,
            };
            cli_sessions::export(&sessions, &id, format, output, force).await
        }
        SessionsCommand::Fork { id, before } => {
            cli_sessions::fork(&sessions, &id, before.map(ItemId).as_ref()).await
        }
        SessionsCommand::Delete { ids, yes } => {
            cli_sessions::delete(&sessions, &ids, yes, colour).await
        }
    };
    Ok(ending?.into())
}

/// Does something with the sessions there are, and closes those that it opened.
async fn with_sessions(
    configuration: &Configuration,
    work: impl AsyncFnOnce(&Sessions) -> Result<Ending, CliError>,
) -> anyhow::Result<ExitCode> {
    let (sessions, _) = rooms(configuration).await?;
    let ending = work(&sessions).await;
    sessions.shutdown().await;
    Ok(ending?.into())
}

/// Lists the hunks of a session.
pub(crate) async fn changes(
    configuration: &Configuration,
    session: &str,
    json: bool,
    colour: Colour,
) -> anyhow::Result<ExitCode> {
    let list = async |sessions: &Sessions| cli_changes::list(sessions, session, json, colour).await;
    with_sessions(configuration, list).await
}

/// Takes hunks back, or does them again.
pub(crate) async fn turn(
    configuration: &Configuration,
    options: UndoOptions,
    redo: bool,
    colour: Colour,
) -> anyhow::Result<ExitCode> {
    let UndoOptions { session, turn, hunk, last, all, yes } = options;
    let which = match (turn, last) {
        _ if all => cli_changes::Which::Session,
        (Some(number), _) => cli_changes::Which::Turn(number),
        (None, true) => cli_changes::Which::LastHunk,
        (None, false) if hunk.is_empty() => cli_changes::Which::LastTurn,
        (None, false) => cli_changes::Which::Hunks(hunk),
    };
    let turn = async |sessions: &Sessions| {
        cli_changes::turn(sessions, &session, &which, redo, yes, colour).await
    };
    with_sessions(configuration, turn).await
}

/// Lists the checkpoints of a session.
pub(crate) async fn checkpoints(
    configuration: &Configuration,
    session: &str,
    json: bool,
    colour: Colour,
) -> anyhow::Result<ExitCode> {
    let list =
        async |sessions: &Sessions| cli_checkpoints::list(sessions, session, json, colour).await;
    with_sessions(configuration, list).await
}

/// Goes back to a checkpoint.
pub(crate) async fn restore(
    configuration: &Configuration,
    options: RestoreOptions,
    colour: Colour,
) -> anyhow::Result<ExitCode> {
    let RestoreOptions { session, checkpoint, files, conversation, yes } = options;
    // Without a word it is both.
    let what = cli_checkpoints::What { files: files || !conversation, conversation: !files };
    let restore = async |sessions: &Sessions| {
        cli_checkpoints::restore(sessions, &session, &checkpoint, what, yes, colour).await
    };
    with_sessions(configuration, restore).await
}

/// Frees the disk of what is not needed, and says how much that was.
pub(crate) async fn free(configuration: &Configuration) -> anyhow::Result<ExitCode> {
    let (sessions, workspace) = rooms(configuration).await?;
    let swept = sessions.sweep().await?;
    let folders = workspace.sweep_folders().await.context("what was kept of folders stays")?;
    Ok(cli_checkpoints::freed(&swept, folders)?.into())
}

/// Shows what was used on the last days.
pub(crate) async fn usage(
    configuration: &Configuration,
    json: bool,
    colour: Colour,
) -> anyhow::Result<ExitCode> {
    let (sessions, _) = rooms(configuration).await?;
    Ok(cli::usage(&sessions, json, colour).await?.into())
}

/// Shows what a model would be sent.
pub(crate) async fn context(
    configuration: &Configuration,
    options: ContextOptions,
    colour: Colour,
) -> anyhow::Result<ExitCode> {
    let (sessions, workspace) = rooms(configuration).await?;
    let root = folder(&workspace, options.root.as_deref()).await?;
    let new = NewSession { root, folders: Vec::new(), mode: None, model: None };
    let prompt = options.prompt.join(" ");
    let ending = cli::context(&sessions, new, &prompt, options.json, colour).await?;
    Ok(ending.into())
}

/// Puts the engine together. Opens no file and no connection.
pub(crate) async fn rooms(configuration: &Configuration) -> anyhow::Result<(Sessions, Workspace)> {
    let folders = configuration.state_folder.join("folders")?;
    let workspace = Workspace::keeping(workspace::Limits::default(), folders);
    let models = Models::new(configuration.models.clone());
    let environment = tools::Environment::allowed_of(std::env::vars_os());
    let mut settings = configuration.settings.clone();
    if settings.model.is_empty() {
        settings.model = models.default_model().unwrap_or_default();
    }
    // Policy compares resolved paths, so the folders that are off limits are resolved too.
    for folder in &mut settings.forbidden {
        *folder = workspace.resolve(folder).await.context("cannot find the state folder")?;
    }
    let store = SqliteStore::open(&configuration.state_folder, configuration.busy_timeout)?;
    let sessions = Sessions::new(Parts {
        model: Arc::new(models),
        tools: tools::built_in(workspace.clone(), environment),
        documents: Arc::new(workspace.clone()),
        store: Arc::new(store),
        clock: Arc::new(now),
        ids: Arc::new(|| uuid::Uuid::now_v7().to_string()),
        trust: trust(configuration),
        settings,
    });
    Ok((sessions, workspace))
}

/// The list of trusted folders, as the engine asks for it.
fn trust(configuration: &Configuration) -> engine::Trust {
    let list = Trust::new(&configuration.state_folder);
    let changed = list.clone();
    let is_trusted = move |folder: &AbsPath| {
        list.covers(folder).unwrap_or_else(|error| {
            tracing::warn!(%folder, %error, "not trusted");
            false
        })
    };
    let set = move |folder: &AbsPath, trusted| {
        let done = if trusted { changed.add(folder) } else { changed.remove(folder) };
        done.map(drop).map_err(|error| ErrorInfo::new(ErrorCode::FileSystem, format!("{error:#}")))
    };
    engine::Trust { is_trusted: Arc::new(is_trusted), set: Arc::new(set) }
}

fn home() -> Option<String> {
    etcetera::home_dir().ok()?.into_os_string().into_string().ok()
}

/// A folder as it was typed, resolved; the current one if none was.
async fn folder(workspace: &Workspace, typed: Option<&Path>) -> anyhow::Result<AbsPath> {
    let here = std::env::current_dir().context("there is no current folder")?;
    let folder = here.join(typed.unwrap_or(Path::new(".")));
    let folder = folder.to_str().context("the folder's path is not UTF-8")?;
    Ok(workspace.resolve(&AbsPath::new(folder)?).await?)
}

/// Milliseconds since 1970 in UTC.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
