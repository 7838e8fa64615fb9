//! `glob`: finds files by the pattern of their path. The workspace does the search.

use std::fmt::Write as _;
use std::io::ErrorKind;
use std::num::NonZeroUsize;

use engine::{DocumentError, Prepared, ToolContext, ToolError, Work};
use protocol::{AbsPath, Effect, ErrorCode};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use workspace::{GlobError, GlobQuery, GlobResult, Workspace};

use crate::folder;
use crate::typed::{TypedTool, bad_arguments, one_line};

/// How many files are listed unless the model says otherwise.
const USUAL_LIMIT: usize = 100;
/// How many files are listed at most.
const MOST_FILES: usize = 1_000;
/// The most bytes that their paths take up; the rest counts as left out.
const MOST_BYTES: usize = 50 * 1024;

/// The tool.
pub(crate) struct Glob {
    workspace: Workspace,
}

/// What to look for, and where.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// `*.rs`, `src/**/*.ts`; several parted by spaces, `!*.md` leaves out.
    pattern: String,
    /// Folder to look in. Default: the root of the workspace.
    path: Option<String>,
    /// Whether files and folders with a dot before their names count. Default: false.
    #[serde(default)]
    hidden: bool,
    /// How many files to list. Default: 100, at most 1000.
    limit: Option<NonZeroUsize>,
}

impl Glob {
    /// A tool that looks through this workspace.
    pub(crate) fn new(workspace: Workspace) -> Self {
        Self { workspace }
    }
}

impl TypedTool for Glob {
    const NAME: &'static str = "glob";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/glob.md");
    type Input = Input;

    async fn prepare(&self, input: Input, context: &ToolContext) -> Result<Prepared, ToolError> {
        if input.pattern.trim().is_empty() {
            return Err(bad_arguments("`pattern` is empty; `*` stands for every file"));
        }
        let path = context.resolve(input.path.as_deref().unwrap_or(".")).await?;
        let mut title = format!("Find `{}`", one_line(&input.pattern));
        if path != context.root {
            let _ = write!(title, " in {}", one_line(path.relative_to(&context.root)));
        }
        let query = GlobQuery {
            root: path.clone(),
            patterns: input.pattern.split_whitespace().map(str::to_owned).collect(),
            hidden: input.hidden,
            limit: input.limit.map_or(USUAL_LIMIT, NonZeroUsize::get).min(MOST_FILES),
        };
        let effects = vec![Effect::Read { path }];
        let work = search(self.workspace.clone(), query, context.clone());
        Ok(Prepared { title, effects, work: Work::run(work) })
    }
}

async fn search(
    workspace: Workspace,
    query: GlobQuery,
    context: ToolContext,
) -> Result<String, ToolError> {
    let root = query.root.clone();
    let asked = query.clone();
    // When this future is dropped the search stops, too.
    let stop: CancellationToken = context.cancel.child_token();
    let _stop_on_drop = stop.clone().drop_guard();
    match workspace.glob(query, context.free_to_read_below(&root), stop).await {
        Ok(result) => Ok(report(&result, &asked, &context.root)),
        Err(error) => Err(explain(error, &root, &context).await),
    }
}

async fn explain(error: GlobError, root: &AbsPath, context: &ToolContext) -> ToolError {
    let code = match error {
        GlobError::Glob(_) => ErrorCode::BadToolArguments,
        GlobError::Root(missing @ DocumentError::NotFound(_)) => {
            return folder::with_near_names(context, root, missing.into()).await;
        }
        GlobError::Root(DocumentError::Io { source, .. })
            if source.kind() == ErrorKind::NotADirectory =>
        {
            let shown = root.relative_to(&context.root);
            return ToolError::new(ErrorCode::NotAFile, format!("`{shown}` is not a folder"));
        }
        GlobError::Root(error) => return error.into(),
        GlobError::Cancelled => ErrorCode::Cancelled,
        GlobError::Failed(_) => ErrorCode::ToolFailed,
    };
    ToolError::new(code, error.to_string())
}

fn report(result: &GlobResult, query: &GlobQuery, root: &AbsPath) -> String {
    let mut text = String::new();
    let mut listed = 0;
    for file in &result.files {
        let path = file.relative_to(root);
        if text.len() + path.len() >= MOST_BYTES {
            break;
        }
        text.push_str(path);
        text.push('\n');
        listed += 1;
    }
    let more = result.more + (result.files.len() - listed) as u64;
    if result.files.is_empty() {
        text.push_str("No files found.\n");
        text.extend(folder::leads_out(query.patterns.iter().map(String::as_str), &query.root));
    }
    if more > 0 {
        let _ = writeln!(text, "({} left out; narrow the pattern)", folder::more_files(more));
    }
    if result.unreadable > 0 {
        let _ = writeln!(text, "({} could not be read)", folder::files(result.unreadable));
    }
    text.extend(folder::guarded(result.guarded));
    text
}

#[cfg(test)]
mod tests;
