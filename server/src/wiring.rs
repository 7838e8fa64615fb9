//! Wiring: which rooms are put together for which command.

use std::{
    process::ExitCode,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::Context;
use engine::{Documents, Parts, Sessions};
use frontends::{
    cli,
    lsp::{self, LspOptions},
};
use models::Models;
use protocol::{AbsPath, SessionId};
use store::SqliteStore;
use workspace::Workspace;

use crate::{
    arguments::{RunOptions, SessionsOptions},
    configuration::Configuration,
};

/// Serves an editor over standard input and output.
pub(crate) async fn serve_editor(configuration: &Configuration) -> anyhow::Result<ExitCode> {
    let (sessions, workspace) = rooms(configuration).await?;
    let here = folder(&workspace, None).await?;
    // Where editors that were not started from a shell begin; the whole disk is no project.
    let options = match here.parent() {
        Some(_) => LspOptions { folder: here },
        None => LspOptions { folder: folder(&workspace, home().as_deref()).await? },
    };
    let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
    Ok(lsp::serve(input, output, sessions, workspace, options).await.into())
}

/// Sends one prompt and sees it through.
pub(crate) async fn run(
    configuration: &Configuration,
    options: RunOptions,
) -> anyhow::Result<ExitCode> {
    let (sessions, workspace) = rooms(configuration).await?;
    let request = cli::RunRequest {
        root: folder(&workspace, options.root.as_deref()).await?,
        session: options.session.map(SessionId),
        prompt: options.prompt,
        json: options.json,
        yes: options.yes,
    };
    let code = cli::run(&sessions, request).await;
    sessions.shutdown().await;
    Ok(code)
}

/// Lists sessions.
pub(crate) async fn sessions(
    configuration: &Configuration,
    options: SessionsOptions,
) -> anyhow::Result<ExitCode> {
    let (sessions, workspace) = rooms(configuration).await?;
    let root = match &options.root {
        Some(root) => Some(folder(&workspace, Some(root)).await?),
        None => None,
    };
    Ok(cli::sessions(&sessions, root.as_ref(), options.json).await)
}

/// Puts the engine together. Opens no file and no connection.
pub(crate) async fn rooms(configuration: &Configuration) -> anyhow::Result<(Sessions, Workspace)> {
    let workspace = Workspace::new(workspace::Limits::default());
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
        settings,
    });
    Ok((sessions, workspace))
}

fn home() -> Option<String> {
    etcetera::home_dir().ok()?.into_os_string().into_string().ok()
}

/// A folder as it was typed, resolved; the current one if none was.
async fn folder(workspace: &Workspace, typed: Option<&str>) -> anyhow::Result<AbsPath> {
    let here = std::env::current_dir().context("there is no current folder")?;
    let folder = here.join(typed.unwrap_or("."));
    let folder = folder.to_str().context("the folder's path is not UTF-8")?;
    Ok(workspace.resolve(&AbsPath::new(folder)?).await?)
}

/// Milliseconds since 1970 in UTC.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
