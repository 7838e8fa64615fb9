//! `grep`: searches the lines of files, unsaved text included. The workspace does the search.

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use engine::{DocumentError, Prepared, ToolContext, ToolError, Work};
use protocol::{AbsPath, Effect, ErrorCode};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use workspace::{GrepError, GrepQuery, GrepResult, Workspace};

use crate::folder;
use crate::typed::{TypedTool, bad_arguments, one_line};

/// How many hits are listed unless the model says otherwise.
const USUAL_LIMIT: usize = 100;
/// How many hits are listed at most.
const MOST_HITS: usize = 500;
/// The most bytes that hits take up; the rest counts as left out.
const MOST_BYTES: usize = 50 * 1024;

/// The tool.
pub(crate) struct Grep {
    workspace: Workspace,
}

/// What to search for, and where.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Regular expression, matched line by line.
    pattern: String,
    /// File or folder to search. Default: the root of the workspace.
    path: Option<String>,
    /// Only files like this: `*.rs`, `src/**/*.ts`; several parted by spaces, `!*.md` leaves out.
    glob: Option<String>,
    /// Whether upper and lower case are the same. Default: false.
    #[serde(default)]
    ignore_case: bool,
    /// How many hits to list. Default: 100, at most 500.
    limit: Option<NonZeroUsize>,
}

impl Grep {
    /// A tool that searches this workspace.
    pub(crate) fn new(workspace: Workspace) -> Self {
        Self { workspace }
    }
}

impl TypedTool for Grep {
    const NAME: &'static str = "grep";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/grep.md");
    type Input = Input;

    async fn prepare(&self, input: Input, context: &ToolContext) -> Result<Prepared, ToolError> {
        if input.pattern.is_empty() {
            return Err(bad_arguments("`pattern` is empty"));
        }
        let path = context.resolve(input.path.as_deref().unwrap_or(".")).await?;
        let mut title = format!("Search for `{}`", one_line(&input.pattern));
        if path != context.root {
            let _ = write!(title, " in {}", one_line(path.relative_to(&context.root)));
        }
        let query = GrepQuery {
            pattern: input.pattern,
            root: path.clone(),
            globs: input.glob,
            case_insensitive: input.ignore_case,
            max_matches: input.limit.map_or(USUAL_LIMIT, NonZeroUsize::get).min(MOST_HITS),
        };
        let effects = vec![Effect::Read { path }];
        let work = search(self.workspace.clone(), query, context.clone());
        Ok(Prepared { title, effects, work: Work::run(work) })
    }
}

async fn search(
    workspace: Workspace,
    query: GrepQuery,
    context: ToolContext,
) -> Result<String, ToolError> {
    let root = query.root.clone();
    // When this future is dropped the search stops, too.
    let stop: CancellationToken = context.cancel.child_token();
    let _stop_on_drop = stop.clone().drop_guard();
    match workspace.grep(query, context.free_to_read(), stop).await {
        Ok(result) => Ok(report(&result, &context.root)),
        Err(error) => Err(explain(error, &root, &context).await),
    }
}

async fn explain(error: GrepError, root: &AbsPath, context: &ToolContext) -> ToolError {
    let code = match error {
        GrepError::Pattern(_) | GrepError::Glob(_) => ErrorCode::BadToolArguments,
        GrepError::Root(missing @ DocumentError::NotFound(_)) => {
            return folder::with_near_names(context, root, missing.into()).await;
        }
        GrepError::Root(error) => return error.into(),
        GrepError::Cancelled => ErrorCode::Cancelled,
        GrepError::Failed(_) => ErrorCode::ToolFailed,
    };
    ToolError::new(code, error.to_string())
}

fn report(result: &GrepResult, root: &AbsPath) -> String {
    let mut text = String::new();
    let mut listed = 0;
    for hit in &result.matches {
        let line = format!("{}:{}: {}\n", hit.path.relative_to(root), hit.line, hit.text);
        if text.len() + line.len() > MOST_BYTES {
            break;
        }
        text.push_str(&line);
        listed += 1;
    }
    let more = result.left_out.matches + (result.matches.len() - listed) as u64;
    if result.matches.is_empty() {
        let _ = writeln!(text, "No matches in {}.", files(result.files_searched as u64));
    }
    if more > 0 {
        let _ = writeln!(text, "({more} more matching lines are left out; narrow the search)");
    }
    if result.left_out.unreadable > 0 {
        let _ = writeln!(text, "({} could not be read)", files(result.left_out.unreadable));
    }
    if result.left_out.guarded > 0 {
        let guarded = files(result.left_out.guarded);
        let _ = writeln!(text, "({guarded} that may hold secrets left out; name one as `path`)");
    }
    text
}

fn files(count: u64) -> String {
    if count == 1 { "1 file".to_owned() } else { format!("{count} files") }
}

#[cfg(test)]
mod tests;
