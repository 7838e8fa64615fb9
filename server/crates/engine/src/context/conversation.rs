//! The conversation as a model reads it, rebuilt from the session's items for every request: a
//! session that was resumed sends exactly what it would have sent before.

use std::{borrow::Borrow, collections::HashMap};

use protocol::{Compaction, Image, Item, ItemBody, ItemId, Notice, ToolCall, ToolOutput};

use crate::{
    AssistantPart, Message, Picture, ToolResult, prompts,
    turn::{Halt, Turn},
};

/// The shortest result that is left out when results are, in bytes: less than that is not worth a
/// second call.
const LEAST_TRIMMED: usize = 500;

/// The conversation as the model reads it.
pub(crate) fn messages(items: &[Item], pictures: &Pictures) -> Vec<Message> {
    shortened(items, compaction(items), pictures)
}

/// The compaction that counts.
pub(crate) fn compaction(items: &[Item]) -> Option<&Compaction> {
    items.iter().rev().filter(|item| !item.aside).find_map(|item| match &item.body {
        ItemBody::Compaction(compaction) => Some(compaction),
        _ => None,
    })
}

/// The conversation as a compaction leaves it.
pub(crate) fn shortened(
    items: &[Item],
    compaction: Option<&Compaction>,
    pictures: &Pictures,
) -> Vec<Message> {
    let place = |id: &ItemId| items.iter().position(|item| item.id == *id).unwrap_or(items.len());
    let summary = compaction.and_then(|it| it.summary.as_ref());
    let first = summary.map_or(0, |summary| place(&summary.before));
    let trimmed = compaction.and_then(|it| it.trimmed.as_ref()).map_or(0, place);
    let mut conversation = Conversation::new(pictures);
    if let Some(summary) = summary {
        conversation.user(prompts::summary(&summary.text, summary.prompt.as_deref()));
    }
    for (at, item) in items.iter().enumerate().skip(first).filter(|(_, item)| !item.aside) {
        match &item.body {
            ItemBody::UserMessage(message) => {
                conversation.finish_answer();
                let notes = std::mem::take(&mut conversation.notes);
                let mut text = prompts::user(&message.text, &message.context, &notes);
                let mut images = item.images();
                if at < trimmed && !images.is_empty() {
                    images.clear();
                    text = format!("{text}\n\n{}", prompts::no_pictures());
                }
                conversation.user_with(text, &images);
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
            ItemBody::ToolCall(call) => conversation.call(call, at < trimmed),
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
            let images = state.told().flat_map(Item::images);
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

/// Whether it is worth to leave a result out.
fn is_long(output: &ToolOutput) -> bool {
    output.text.len() >= LEAST_TRIMMED || !output.images.is_empty()
}

/// Whether there are pictures that the model has not answered yet.
pub(crate) fn has_new_pictures(messages: &[Message]) -> bool {
    let new = messages.iter().rev().take_while(|it| !matches!(it, Message::Assistant { .. }));
    new.into_iter().any(|message| match message {
        Message::User { images, .. } => !images.is_empty(),
        Message::Tool { results } => results.iter().any(|result| !result.images.is_empty()),
        Message::Assistant { .. } => false,
    })
}

/// Takes the pictures out of messages for a model that reads none, and says so in their place.
pub(crate) fn leave_out_pictures(messages: &mut [Message]) {
    let leave_out = |text: &mut String, images: &mut Vec<Picture>| {
        if !images.is_empty() {
            images.clear();
            text.push_str("\n\n");
            text.push_str(&prompts::no_pictures());
        }
    };
    for message in messages {
        match message {
            Message::User { text, images } => leave_out(text, images),
            Message::Tool { results } => {
                results.iter_mut().for_each(|it| leave_out(&mut it.text, &mut it.images));
            }
            Message::Assistant { .. } => {}
        }
    }
}

impl Pictures {
    /// Those that were read of these.
    fn of<'a>(
        &self,
        images: impl IntoIterator<Item = &'a (impl Borrow<Image> + 'a)>,
    ) -> Vec<Picture> {
        let known = images.into_iter().filter_map(|it| self.by_hash.get(&it.borrow().hash));
        known.cloned().collect()
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
        self.user_with(text, &[]);
    }

    fn user_with(&mut self, text: String, images: &[&Image]) {
        let pictures = self.pictures.of(images);
        // A turn that ended before any answer leaves two prompts in a row; providers want one.
        if let Some(Message::User { text: before, images }) = self.messages.last_mut() {
            before.push_str("\n\n");
            before.push_str(&text);
            images.extend(pictures);
        } else {
            self.messages.push(Message::User { text, images: pictures });
        }
    }

    fn part(&mut self, part: AssistantPart) {
        // Text after a call belongs to the answer to the call's result.
        if !self.results.is_empty() {
            self.finish_answer();
        }
        self.parts.push(part);
    }

    fn call(&mut self, call: &ToolCall, trims: bool) {
        if self.step.is_some_and(|step| step != call.step) {
            self.finish_answer();
        }
        self.step = Some(call.step);
        self.parts.push(AssistantPart::ToolCall {
            call_id: call.call_id.clone(),
            name: call.name.clone(),
            arguments: call.input.clone(),
            provider_data: call.provider_data.clone(),
        });
        let output = call.output.as_ref();
        if let Some(output) = output.filter(|output| trims && is_long(output)) {
            self.results.push(ToolResult {
                call_id: call.call_id.clone(),
                name: call.name.clone(),
                text: prompts::trimmed(&call.name),
                images: Vec::new(),
                is_error: output.error.is_some(),
            });
            return;
        }
        self.results.push(ToolResult {
            call_id: call.call_id.clone(),
            name: call.name.clone(),
            text: output.map_or_else(|| prompts::interrupted(false), |it| it.text.clone()),
            images: output.map_or_else(Vec::new, |output| self.pictures.of(&output.images)),
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
