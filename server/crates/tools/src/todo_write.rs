//! `todoWrite`: replaces the session's todo list.

use engine::{Prepared, ToolContext, ToolError, Work};
use protocol::{Todo, TodoStatus};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::typed::{TypedTool, bad_arguments};

/// The tool.
pub(crate) struct TodoWrite;

/// The list as the model writes it.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Input {
    /// The whole list as it shall be from now on.
    todos: Vec<TodoInput>,
}

// Not `protocol::Todo`: what the model is told may change without changing the protocol.
/// One todo.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct TodoInput {
    /// What to do, as an order: `Run the tests`.
    content: String,
    /// The same while it is being done: `Running the tests`.
    active_form: String,
    /// Where it stands.
    status: StatusInput,
}

#[derive(Clone, Copy, PartialEq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum StatusInput {
    Pending,
    InProgress,
    Completed,
}

impl TypedTool for TodoWrite {
    const NAME: &'static str = "todoWrite";
    const DESCRIPTION: &'static str = include_str!("../../../../prompts/tools/todoWrite.md");
    type Input = Input;

    async fn prepare(&self, input: Input, context: &ToolContext) -> Result<Prepared, ToolError> {
        let todos = checked(input.todos)?;
        let done = count(&todos, TodoStatus::Completed);
        let told = match todos.iter().find(|todo| todo.status == TodoStatus::InProgress) {
            Some(todo) => format!("{done} of {} done; now: {}", todos.len(), todo.active_form),
            None => format!("{done} of {} done", todos.len()),
        };
        let session = context.session.clone();
        Ok(Prepared {
            title: format!("Todos: {done} of {} done", todos.len()),
            effects: Vec::new(),
            work: Work::run(async move {
                session.set_todos(todos).await?;
                Ok(told)
            }),
        })
    }
}

fn checked(inputs: Vec<TodoInput>) -> Result<Vec<Todo>, ToolError> {
    let mut todos = Vec::with_capacity(inputs.len());
    for (at, input) in inputs.into_iter().enumerate() {
        for (name, text) in [("content", &input.content), ("activeForm", &input.active_form)] {
            if text.trim().is_empty() {
                return Err(bad_arguments(format!("`todos[{at}].{name}` is empty")));
            }
        }
        let status = match input.status {
            StatusInput::Pending => TodoStatus::Pending,
            StatusInput::InProgress => TodoStatus::InProgress,
            StatusInput::Completed => TodoStatus::Completed,
        };
        todos.push(Todo { content: input.content, active_form: input.active_form, status });
    }
    match count(&todos, TodoStatus::InProgress) {
        0 | 1 => Ok(todos),
        several => Err(bad_arguments(format!(
            "{several} todos are `in_progress`: at most one may be; set the others to `pending`"
        ))),
    }
}

fn count(todos: &[Todo], status: TodoStatus) -> usize {
    todos.iter().filter(|todo| todo.status == status).count()
}

#[cfg(test)]
mod tests;
