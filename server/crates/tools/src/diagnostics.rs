//! `diagnostics`: what the language servers of the user's editor say now.

use std::fmt::Write as _;

use engine::{Diagnostics as Said, Prepared, ToolContext, ToolError, Work, diagnostic_line};
use protocol::{AbsPath, Diagnostic, Effect, ErrorCode, Severity};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::folder;
use crate::typed::{TypedTool, one_line};

/// The most problems that are listed.
const MOST: usize = 100;
/// The most bytes they take up.
const MOST_BYTES: usize = 30 * 1024;

/// The tool.
pub(crate) struct Diagnostics;

/// About what.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The file, relative to the root of the workspace or absolute. Default: all files that the
    /// editor knows problems of.
    path: Option<String>,
}

impl TypedTool for Diagnostics {
    const NAME: &'static str = "diagnostics";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/diagnostics.md");
    type Input = Input;

    async fn prepare(&self, input: Input, context: &ToolContext) -> Result<Prepared, ToolError> {
        let path = match &input.path {
            Some(path) => Some(context.resolve(path).await?),
            None => None,
        };
        let about = path.as_ref().unwrap_or(&context.root).clone();
        let title = match &path {
            Some(path) => format!("Problems in {}", one_line(path.relative_to(&context.root))),
            None => "Problems in all files".to_owned(),
        };
        let context = context.clone();
        let work = Work::run(async move { look(&context, path.as_ref()).await });
        Ok(Prepared { title, effects: vec![Effect::Read { path: about }], work })
    }
}

async fn look(context: &ToolContext, path: Option<&AbsPath>) -> Result<String, ToolError> {
    if let Some(path) = path {
        // A name that is wrong must not look like a file without problems.
        if let Err(error) = context.documents.snapshot(path).await.map_err(ToolError::from) {
            return Err(match error.code {
                ErrorCode::DocumentNotFound => folder::with_near_names(context, path, error).await,
                _ => error,
            });
        }
    }
    let shown = path.map(|path| path.relative_to(&context.root));
    let Some(mut said) = context.session.diagnostics(path).await else {
        return Err(nobody(shown));
    };
    if path.is_none() {
        // What a message quotes is in the file.
        let free = context.free_to_read();
        said.items.retain(|item| free(&item.path));
    }
    Ok(report(said, shown, &context.root))
}

fn nobody(shown: Option<&str>) -> ToolError {
    let what = match shown {
        Some(path) => format!(
            "no editor can tell about `{path}`: it is not open in one, or no language server \
             looks at it"
        ),
        None => "no attached editor can tell".to_owned(),
    };
    ToolError::new(
        ErrorCode::NoEditor,
        format!("{what}. Run the project's compiler, type checker or linter with `bash` instead"),
    )
}

/// The problems one a line, the worst first.
fn report(mut said: Said, shown: Option<&str>, root: &AbsPath) -> String {
    let place = |it: &Diagnostic| (it.severity, it.path.clone(), it.line, it.column);
    said.items.sort_by_cached_key(place);
    let mut text = String::new();
    if !said.fresh {
        text.push_str(
            "(the language servers had not finished when the time ran out; this is what they \
             said so far)\n",
        );
    }
    let mut listed = 0;
    for item in said.items.iter().take(MOST) {
        let line = format!("{}:{}\n", item.path.relative_to(root), diagnostic_line(item));
        if text.len() + line.len() > MOST_BYTES {
            break;
        }
        text.push_str(&line);
        listed += 1;
    }
    match said.items.get(listed..) {
        Some(rest @ [_, ..]) => {
            let errors = rest.iter().filter(|it| it.severity == Severity::Error).count();
            let more = rest.len();
            let _ = writeln!(text, "({more} more left out, {errors} of them errors)");
        }
        _ if listed == 0 => {
            let place =
                shown.map_or("any file the editor looks at".to_owned(), |path| format!("`{path}`"));
            let _ = writeln!(text, "No problems in {place}{}.", by(&said.servers));
        }
        _ => {}
    }
    text
}

fn by(servers: &[String]) -> String {
    match servers {
        [] => String::new(),
        servers => format!(", says {}", servers.join(", ")),
    }
}

#[cfg(test)]
mod tests;
