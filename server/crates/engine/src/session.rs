//! One session: what tools and front ends may do with it.

use protocol::Todo;

use crate::ToolError;

/// A tool's view of its session.
#[derive(Clone)]
pub struct SessionHandle {}

impl SessionHandle {
    /// Replaces the todo list.
    pub async fn set_todos(&self, todos: Vec<Todo>) -> Result<(), ToolError> {
        drop(todos);
        Ok(())
    }

    /// Shows output of the running call while it runs. What the model reads is what the call
    /// returns in the end.
    pub async fn output(&self, text: &str) {
        let _ = text;
    }
}
