//! What the tests of the tools share: a real folder, the real workspace over it, and all tools.

use std::path::Path;
use std::sync::Arc;

use engine::{ConnectionId, Output, Prepared, ProposedEdit, Tool, ToolContext, ToolError, Work};
use protocol::{AbsPath, ErrorCode};
use serde_json::{Value, json};
use tempfile::TempDir;
use workspace::{Limits, Workspace};

use crate::{Environment, built_in};

/// A folder on disk with the tools at work in it.
pub(crate) struct Folder {
    disk: TempDir,
    pub(crate) root: AbsPath,
    pub(crate) workspace: Workspace,
    pub(crate) context: ToolContext,
    tools: Vec<Arc<dyn Tool>>,
}

impl Folder {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let disk = TempDir::new().unwrap();
        let resolved = disk.path().canonicalize().unwrap();
        let root = AbsPath::new(resolved.to_str().unwrap()).unwrap();
        let workspace = Workspace::new(Limits::default());
        let context = ToolContext::detached(root.clone(), Arc::new(workspace.clone()));
        let path = std::env::var_os("PATH").unwrap_or_default();
        let environment = Environment::allowed_of([
            ("PATH".into(), path),
            ("CANARY_API_KEY".into(), "sk-secret".into()),
        ]);
        let tools = built_in(workspace.clone(), environment);
        let folder = Self { disk, root, workspace, context, tools };
        for (path, text) in files {
            let path = folder.on_disk(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        folder
    }

    pub(crate) fn on_disk(&self, path: &str) -> std::path::PathBuf {
        Path::new(self.disk.path()).join(path)
    }

    pub(crate) fn path(&self, path: &str) -> AbsPath {
        self.root.join(path).unwrap()
    }

    /// Opens a file in an editor with this text.
    pub(crate) fn open(&self, path: &str, text: &str) {
        self.workspace.open(ConnectionId(1), &self.path(path), 1, text);
    }

    pub(crate) async fn prepare(&self, tool: &str, input: Value) -> Result<Prepared, ToolError> {
        let tool = self.tools.iter().find(|known| known.spec().name == tool).unwrap();
        tool.prepare(input, &self.context).await
    }

    /// Prepares the call and, as if it were allowed, runs it.
    pub(crate) async fn run(&self, tool: &str, input: Value) -> Result<String, ToolError> {
        self.output(tool, input).await.map(|output| output.text)
    }

    /// The same with the pictures.
    pub(crate) async fn output(&self, tool: &str, input: Value) -> Result<Output, ToolError> {
        match self.prepare(tool, input).await?.work {
            Work::Run(work) => work.await,
            _ => panic!("the call proposes something"),
        }
    }

    pub(crate) async fn refusal(&self, tool: &str, input: Value) -> (ErrorCode, String) {
        let error = self.run(tool, input).await.unwrap_err();
        (error.code, error.message)
    }

    pub(crate) async fn proposal(&self, tool: &str, input: Value) -> ProposedEdit {
        match self.prepare(tool, input).await.unwrap().work {
            Work::Propose(mut edits) => edits.remove(0),
            Work::Run(work) => panic!("nothing is proposed: {:?}", work.await),
            Work::SubmitPlan { .. } | Work::Ask(_) => panic!("a question"),
        }
    }

    /// The text of a file as it would be with what the call proposes.
    pub(crate) async fn after(&self, tool: &str, input: Value) -> String {
        let edit = self.proposal(tool, input).await;
        let before = self.context.editable(&edit.path).await.map(|editable| editable.text);
        changes::apply(&before.unwrap_or_default(), &edit.replacements).unwrap()
    }
}

#[test]
fn models_are_told_of_the_tools_in_a_fixed_order_and_few_words() {
    let tools = Folder::new(&[]).tools;
    let specs: Vec<_> = tools.iter().map(|tool| tool.spec()).collect();
    let names: Vec<&str> = specs.iter().map(|spec| spec.name.as_str()).collect();
    #[rustfmt::skip]
    assert_eq!(names, [
        "read", "edit", "write", "delete", "move", "glob", "grep", "viewImage", "diagnostics",
        "bash", "bashOutput", "todoWrite", "plan", "ask", "skill",
    ]);
    // What every request begins with has to stay small.
    let bytes: usize = specs.iter().map(|spec| serde_json::to_string(spec).unwrap().len()).sum();
    assert!(bytes + engine::SYSTEM_PROMPT_BYTES < 24 * 1024, "{bytes} bytes");
}

#[test]
fn a_schema_says_what_each_argument_is_and_nothing_else() {
    let tools = Folder::new(&[]).tools;
    assert_eq!(
        tools[0].spec().schema,
        json!({
            "type": "object",
            "properties": {
                "path": {
                    "description": "File or folder, relative to the root of the workspace or absolute.",
                    "type": "string"
                },
                "offset": {
                    "description": "First line, counted from 1. Default: 1.",
                    "type": "integer",
                    "minimum": 1
                },
                "limit": {
                    "description": "How many lines. Default and most: 2000.",
                    "type": "integer",
                    "minimum": 1
                }
            },
            "required": ["path"],
            "additionalProperties": false
        })
    );
}

#[tokio::test]
async fn arguments_that_do_not_fit_are_named() {
    let folder = Folder::new(&[]);
    let cases = [
        ("read", json!({}), "missing field `path`"),
        ("read", json!({"path": 5}), "`path`"),
        ("read", json!({"path": "a", "offset": 0}), "`offset`"),
        ("read", json!({"path": "a", "from": 1}), "unknown field `from`"),
        ("read", json!("{\"path\":"), "one JSON object"),
        (
            "todoWrite",
            json!({"todos": [{"content": "a", "activeForm": "b", "status": "done"}]}),
            "`todos[0].status`",
        ),
    ];
    for (tool, input, named) in cases {
        let (code, message) = folder.refusal(tool, input).await;
        assert_eq!(code, ErrorCode::BadToolArguments);
        assert!(message.contains(named) && message.contains(tool), "{message}");
    }
}
