//! `grep`: searches the contents of files, unsaved text included. The workspace does the search.

mod report;

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use engine::{DocumentError, Prepared, ToolContext, ToolError, Work};
use protocol::{AbsPath, Effect, ErrorCode};
use schemars::JsonSchema;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;
use workspace::{GrepError, GrepQuery, GrepShow, Workspace};

use crate::folder;
use crate::typed::{TypedTool, bad_arguments, one_line};

/// How many hits are listed unless the model says otherwise.
const USUAL_LIMIT: usize = 100;
/// How many hits are listed at most.
const MOST_HITS: usize = 500;
/// How many lines around a hit are listed at most.
const MOST_CONTEXT: usize = 20;

/// The tool.
pub(crate) struct Grep {
    workspace: Workspace,
}

/// What to search for, and where.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// Regular expression.
    pattern: String,
    /// File or folder to search. Default: the root of the workspace.
    path: Option<String>,
    /// Only files like this: `*.rs`, `src/**/*.ts`; several parted by spaces, `!*.md` leaves out.
    glob: Option<String>,
    /// Only files of this type, in ripgrep's words: `rust`, `py`, `ts`, `js`, `md`.
    #[serde(rename = "type")]
    file_type: Option<String>,
    /// What to list. Default: `lines`.
    #[serde(default)]
    output: Listing,
    /// With `lines`: how many lines before and after each hit, at most 20. Default: 0.
    #[serde(default)]
    context: usize,
    /// Whether upper and lower case are the same. Default: false.
    #[serde(default)]
    ignore_case: bool,
    /// Whether a hit may go over several lines: then `\n` matches, `(?s).` too, and in files with
    /// CRLF a break is `\r\n`. Default: false.
    #[serde(default)]
    multiline: bool,
    /// Whether files and folders with a dot before their names count. Default: false.
    #[serde(default)]
    hidden: bool,
    /// How many hits or files to list. Default: 100, at most 500.
    limit: Option<NonZeroUsize>,
}

/// What is listed.
#[derive(Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
enum Listing {
    #[default]
    Lines,
    Files,
    Counts,
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
        let around = input.context.min(MOST_CONTEXT);
        let query = GrepQuery {
            globs: input.glob,
            types: input.file_type.into_iter().collect(),
            case_insensitive: input.ignore_case,
            multi_line: input.multiline,
            hidden: input.hidden,
            show: match input.output {
                Listing::Lines => GrepShow::Lines { before: around, after: around },
                Listing::Files => GrepShow::Files,
                Listing::Counts => GrepShow::Counts,
            },
            max_matches: input.limit.map_or(USUAL_LIMIT, NonZeroUsize::get).min(MOST_HITS),
            ..GrepQuery::new(input.pattern, path.clone())
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
    let (root, asked) = (query.root.clone(), query.clone());
    // When this future is dropped the search stops, too.
    let stop: CancellationToken = context.cancel.child_token();
    let _stop_on_drop = stop.clone().drop_guard();
    match workspace.grep(query, context.free_to_read_below(&root), stop).await {
        Ok(result) => Ok(report::report(&result, &asked, &context.root)),
        Err(error) => Err(explain(error, &root, &context).await),
    }
}

async fn explain(error: GrepError, root: &AbsPath, context: &ToolContext) -> ToolError {
    let mut message = error.to_string();
    let code = match error {
        GrepError::Pattern(_) => {
            if message.contains("is not allowed") {
                message.push_str("; set `multiline` to match over several lines");
            }
            ErrorCode::BadToolArguments
        }
        GrepError::Type(_) => {
            message.push_str("; use `glob` instead");
            ErrorCode::BadToolArguments
        }
        GrepError::Glob(_) => ErrorCode::BadToolArguments,
        GrepError::Root(missing @ DocumentError::NotFound(_)) => {
            return folder::with_near_names(context, root, missing.into()).await;
        }
        GrepError::Root(error) => return error.into(),
        GrepError::Cancelled => ErrorCode::Cancelled,
        GrepError::Failed(_) => ErrorCode::ToolFailed,
    };
    ToolError::new(code, message)
}

#[cfg(test)]
mod tests;
