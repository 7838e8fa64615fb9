//! What a client of ACP hears of a session, folded by the rules of ACP, and held against the
//! session itself.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use protocol::{ItemBody, SessionState, TodoStatus, ToolCallStatus};
use serde_json::Value;

/// A session as a client of ACP knows it.
#[derive(Default)]
pub(super) struct Heard {
    /// What the agent said and thought, each under the name of its message.
    texts: BTreeMap<String, String>,
    calls: BTreeMap<String, Value>,
    plan: Value,
}

impl Heard {
    /// Takes an update in; gives the name of what it is about, if that is a text or a call.
    ///
    /// # Errors
    /// It breaks a rule of ACP.
    pub(super) fn take(&mut self, update: &Value) -> Result<Option<String>> {
        let name = |field: &str| {
            let name = update[field].as_str().map(str::to_owned);
            name.with_context(|| format!("without {field}: {update}"))
        };
        match update["sessionUpdate"].as_str().unwrap_or_default() {
            "agent_message_chunk" | "agent_thought_chunk" => {
                let text = update["content"]["text"].as_str().context("a chunk without text")?;
                ensure!(!text.is_empty(), "a chunk of nothing");
                let id = match &update["messageId"] {
                    // What is said beside the session belongs to no message.
                    Value::Null => return Ok(None),
                    _ => name("messageId")?,
                };
                self.texts.entry(id.clone()).or_default().push_str(text);
                Ok(Some(id))
            }
            "tool_call" => {
                let id = name("toolCallId")?;
                name("title")?;
                let known = self.calls.insert(id.clone(), update.clone());
                ensure!(known.is_none(), "announced twice: {update}");
                Ok(Some(id))
            }
            "tool_call_update" => {
                let id = name("toolCallId")?;
                let call = self.calls.get_mut(&id);
                let call = call.with_context(|| format!("not announced: {update}"))?;
                ensure!(
                    !has_ended(call) || update["status"].is_null(),
                    "it had ended already: {update}"
                );
                for (field, value) in update.as_object().into_iter().flatten() {
                    call[field] = value.clone();
                }
                Ok(Some(id))
            }
            "plan" => {
                self.plan = update["entries"].clone();
                Ok(None)
            }
            "user_message_chunk"
            | "available_commands_update"
            | "current_mode_update"
            | "config_option_update"
            | "session_info_update"
            | "usage_update" => Ok(None),
            other => bail!("an update that was not offered: {other}"),
        }
    }

    /// A question about a call.
    ///
    /// # Errors
    /// It was not announced, or has ended.
    pub(super) fn asked(&self, call: &Value) -> Result<()> {
        let id = call["toolCallId"].as_str().unwrap_or_default();
        let known = self.calls.get(id).with_context(|| format!("not announced: {call}"))?;
        ensure!(!has_ended(known), "it had ended already: {call}");
        if call["kind"] == "edit" {
            let mut contents = call["content"].as_array().into_iter().flatten();
            ensure!(contents.any(|it| it["type"] == "diff"), "an edit without a diff: {call}");
        }
        Ok(())
    }

    /// A turn has ended.
    ///
    /// # Errors
    /// A call of it has not.
    pub(super) fn turn_ended(&self) -> Result<()> {
        let open = self.calls.values().find(|call| !has_ended(call));
        ensure!(open.is_none(), "the turn ended before {open:?}");
        Ok(())
    }

    /// What was said in a message, as far as it is known.
    pub(super) fn text(&self, id: &str) -> Option<String> {
        self.texts.get(id).cloned()
    }

    /// What a call has put out, as far as it is known.
    pub(super) fn output(&self, id: &str) -> Option<String> {
        let contents = self.calls.get(id)?["content"].as_array()?;
        let texts = contents.iter().filter_map(|it| it["content"]["text"].as_str());
        Some(texts.collect())
    }

    /// Holds what was heard against the session.
    ///
    /// # Errors
    /// Something is missing or other.
    pub(super) fn is_all_of(&self, state: &SessionState) -> Result<()> {
        for item in state.told() {
            match &item.body {
                ItemBody::AgentMessage { text } | ItemBody::Reasoning { text, .. } => {
                    let heard = self.texts.get(item.id.as_str()).map_or("", String::as_str);
                    ensure!(heard == text, "said was {text:?}, heard {heard:?}");
                }
                ItemBody::ToolCall(call) => {
                    let heard = self.calls.get(item.id.as_str());
                    let heard = heard.with_context(|| format!("not heard of: {call:?}"))?;
                    let status = match call.status {
                        ToolCallStatus::Pending => "pending",
                        ToolCallStatus::Running => "in_progress",
                        ToolCallStatus::Completed => "completed",
                        _ => "failed",
                    };
                    ensure!(heard["status"] == status, "{status} is {call:?}, heard {heard}");
                    ensure!(heard["title"] == call.title, "{:?}, heard {heard}", call.title);
                    ensure!(heard["rawInput"] == call.input, "{:?}, heard {heard}", call.input);
                }
                _ => {}
            }
        }
        let todos = state.todos().iter().map(|todo| {
            let status = match todo.status {
                TodoStatus::Pending => "pending",
                TodoStatus::InProgress => "in_progress",
                TodoStatus::Completed => "completed",
            };
            serde_json::json!({
                "content": todo.content, "priority": "medium", "status": status,
            })
        });
        let (todos, plan) = (todos.collect::<Vec<Value>>(), self.plan.as_array());
        ensure!(plan.cloned().unwrap_or_default() == todos, "{todos:?}, heard {}", self.plan);
        Ok(())
    }
}

fn has_ended(call: &Value) -> bool {
    call["status"] == "completed" || call["status"] == "failed"
}
