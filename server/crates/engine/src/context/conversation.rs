//! The conversation as a model reads it, rebuilt from the session's items for every request: a
//! session that was resumed sends exactly what it would have sent before.

use std::collections::HashMap;

use protocol::{Image, Item, ItemBody, Notice, ToolCall};

use crate::{
    AssistantPart, Message, Picture, ToolResult, prompts,
    turn::{Halt, Turn},
};

/// The conversation as the model reads it.
pub(crate) fn messages(items: &[Item], pictures: &Pictures) -> Vec<Message> {
    let mut conversation = Conversation::new(pictures);
    for item in items.iter().filter(|item| !item.aside) {
        match &item.body {
            ItemBody::UserMessage(message) => {
                conversation.finish_answer();
                let notes = std::mem::take(&mut conversation.notes);
                conversation.user(prompts::user(&message.text, &message.context, &notes));
            }
            ItemBody::AgentMessage { text } if !text.is_empty() => {
                conversation.part(AssistantPart::Text { text: text.clone() });
            }
            ItemBody::Reasoning { text, provider_data } => {
                conversation.part(AssistantPart::Reasoning {
                    text: text.clone(),
                    provider_data: provider_data.clone(),
                });
            }
            ItemBody::ToolCall(call) => conversation.call(call),
            ItemBody::Reviewed { hunks } => {
                conversation.finish_answer();
                conversation.user(prompts::reviewed(hunks));
            }
            ItemBody::Notice(notice) if ends_turn(notice) => {
                conversation.notes.push(prompts::turn_ended(notice));
            }
            _ => {}
        }
    }
    conversation.finish_answer();
    conversation.messages
}

/// Whether the notice says that a turn did not complete.
fn ends_turn(notice: &Notice) -> bool {
    notice.code.is_some()
}

/// The pictures of a conversation, read once in a turn.
#[derive(Default)]
pub(crate) struct Pictures {
    by_hash: HashMap<String, Picture>,
}

impl Pictures {
    /// Reads those that have come since.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn load(&mut self, turn: &Turn) -> Result<(), Halt> {
        let new: Vec<Image> = turn.session.look(|state| {
            let outputs = state.told().filter_map(|item| match &item.body {
                ItemBody::ToolCall(call) => call.output.as_ref(),
                _ => None,
            });
            let images = outputs.flat_map(|output| &output.images);
            images.filter(|it| !self.by_hash.contains_key(&it.hash)).cloned().collect()
        });
        for Image { hash, media_type, .. } in new {
            let kept = turn.shared.parts.store.blob(&turn.session.id, &hash).await;
            if let Some(bytes) = kept.map_err(|error| Halt::Failed(error.into()))? {
                let picture = Picture { media_type, bytes: bytes.into() };
                self.by_hash.insert(hash, picture);
            }
        }
        Ok(())
    }
}

struct Conversation<'a> {
    pictures: &'a Pictures,
    messages: Vec<Message>,
    parts: Vec<AssistantPart>,
    results: Vec<ToolResult>,
    step: Option<u32>,
    notes: Vec<String>,
}

impl<'a> Conversation<'a> {
    fn new(pictures: &'a Pictures) -> Self {
        let (messages, parts, results, notes) = Default::default();
        Self { pictures, messages, parts, results, step: None, notes }
    }

    fn user(&mut self, text: String) {
        // A turn that ended before any answer leaves two prompts in a row; providers want one.
        if let Some(Message::User { text: before }) = self.messages.last_mut() {
            before.push_str("\n\n");
            before.push_str(&text);
        } else {
            self.messages.push(Message::User { text });
        }
    }

    fn part(&mut self, part: AssistantPart) {
        // Text after a call belongs to the answer to the call's result.
        if !self.results.is_empty() {
            self.finish_answer();
        }
        self.parts.push(part);
    }

    fn call(&mut self, call: &ToolCall) {
        if self.step.is_some_and(|step| step != call.step) {
            self.finish_answer();
        }
        self.step = Some(call.step);
        self.parts.push(AssistantPart::ToolCall {
            call_id: call.call_id.clone(),
            name: call.name.clone(),
            arguments: call.input.clone(),
        });
        let output = call.output.as_ref();
        self.results.push(ToolResult {
            call_id: call.call_id.clone(),
            name: call.name.clone(),
            text: output.map_or_else(|| prompts::interrupted(false), |it| it.text.clone()),
            images: output.map_or_else(Vec::new, |output| {
                let known = &self.pictures.by_hash;
                output.images.iter().filter_map(|it| known.get(&it.hash)).cloned().collect()
            }),
            is_error: output.is_none_or(|it| it.error.is_some()),
        });
    }

    fn finish_answer(&mut self) {
        let parts = std::mem::take(&mut self.parts);
        let results = std::mem::take(&mut self.results);
        self.step = None;
        // Reasoning that led to nothing is not an answer; providers refuse it.
        if parts.iter().any(|part| !matches!(part, AssistantPart::Reasoning { .. })) {
            self.messages.push(Message::Assistant { parts });
        }
        if !results.is_empty() {
            self.messages.push(Message::Tool { results });
        }
    }
}
