//! `viewImage`: shows the model a picture.

use engine::{Prepared, ToolContext, ToolError, Work};
use protocol::{Effect, ErrorCode};
use schemars::JsonSchema;
use serde::Deserialize;
use workspace::Workspace;

use crate::typed::{TypedTool, one_line};
use crate::{folder, picture};

/// The tool.
pub(crate) struct ViewImage {
    workspace: Workspace,
}

/// Which picture.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The file, relative to the root of the workspace or absolute.
    path: String,
}

impl ViewImage {
    /// A tool that reads through this workspace.
    pub(crate) fn new(workspace: Workspace) -> Self {
        Self { workspace }
    }
}

impl TypedTool for ViewImage {
    const NAME: &'static str = "viewImage";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/viewImage.md");
    type Input = Input;

    async fn prepare(&self, input: Input, context: &ToolContext) -> Result<Prepared, ToolError> {
        let path = context.resolve(&input.path).await?;
        let title = format!("Look at {}", one_line(path.relative_to(&context.root)));
        let effects = vec![Effect::Read { path: path.clone() }];
        let (workspace, context) = (self.workspace.clone(), context.clone());
        let work = Work::run(async move {
            match picture::load(&workspace, &context, &path).await {
                Ok(Some(output)) => Ok(output),
                Ok(None) => Err(ToolError::new(
                    ErrorCode::NotAFile,
                    format!(
                        "`{}` is no PNG, JPEG, GIF or WebP picture. Text, SVG too, is for `read`; \
                         other pictures can be converted with `bash`",
                        path.relative_to(&context.root)
                    ),
                )),
                Err(error) if error.code == ErrorCode::DocumentNotFound => {
                    Err(folder::with_near_names(&context, &path, error).await)
                }
                Err(error) if error.code == ErrorCode::NotAFile => {
                    let shown = path.relative_to(&context.root);
                    let message = format!("`{shown}` is not a file; `read` lists a folder");
                    Err(ToolError::new(ErrorCode::NotAFile, message))
                }
                Err(error) => Err(error),
            }
        });
        Ok(Prepared { title, effects, work })
    }
}

#[cfg(test)]
mod tests;
