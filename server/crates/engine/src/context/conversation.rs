//! The conversation as a model reads it, rebuilt from the session's items for every request: a
//! session that was resumed sends exactly what it would have sent before.

use std::{borrow::Borrow, collections::HashMap};

use protocol::{
    Compaction, Image, Item, ItemBody, ItemId, Notice, SessionState, ToolCall, ToolOutput,
};

use crate::{
    AssistantPart, Message, Picture, ToolResult, prompts,
    turn::{Halt, Turn},
};

/// The shortest result that is left out when results are, in bytes: less than that is not worth a
/// second call.
const LEAST_TRIMMED: usize = 500;

/// How many pictures a request may have: of more than these Anthropic takes only small ones.
const MOST_PICTURES: usize = 20;
/// How many bytes they may have together: in base64 they are 16 MB, and Gemini takes 20 in all.
const MOST_BYTES: u64 = 12_000_000;
/// How many items lose their pictures at once: what has changed has to be read again, so that is
/// not done with each new picture.
const LEFT_OUT_AT_ONCE: usize = 5;

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
    let seen = trimmed.max(pictures.first.as_ref().map_or(0, place));
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
                let images = item.images();
                let images = pictures.of(images, at >= seen, &mut text);
                conversation.user_with(text, images);
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
            ItemBody::ToolCall(call) => conversation.call(call, at < trimmed, at >= seen),
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

/// The pictures of a conversation that are sent, read once in a turn.
#[derive(Default)]
pub(crate) struct Pictures {
    by_hash: HashMap<String, Picture>,
    /// The first item whose pictures are sent: what comes before it would be too much.
    first: Option<ItemId>,
}

impl Pictures {
    /// Those that would be sent, without their bytes.
    pub(crate) fn sketched(state: &SessionState) -> Self {
        let sketch =
            |image: &Image| Picture { media_type: image.media_type.clone(), bytes: [].into() };
        let images = state.told().flat_map(Item::images);
        let by_hash = images.map(|image| (image.hash.clone(), sketch(image))).collect();
        Self { by_hash, first: first_sent(state.told()).cloned() }
    }

    /// Reads those that have come since.
    ///
    /// # Errors
    /// The store failed.
    pub(crate) async fn load(&mut self, turn: &Turn) -> Result<(), Halt> {
        let (first, new) = turn.session.look(|state| {
            let first = first_sent(state.told());
            let sent = state.told().skip_while(|item| first.is_some_and(|first| *first != item.id));
            let new = sent.flat_map(Item::images);
            let new = new.filter(|it| !self.by_hash.contains_key(&it.hash));
            (first.cloned(), new.cloned().collect::<Vec<Image>>())
        });
        self.first = first;
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

/// The first item whose pictures are sent; none if all are. Of the last item that has any, as many
/// are as a request may have.
fn first_sent<'a>(items: impl Iterator<Item = &'a Item>) -> Option<&'a ItemId> {
    let heavy = items.map(|item| (&item.id, item.images())).filter(|(_, it)| !it.is_empty());
    let heavy: Vec<_> = heavy
        .map(|(id, images)| (id, images.len(), images.iter().map(|it| it.bytes).sum::<u64>()))
        .collect();
    let mut count: usize = heavy.iter().map(|(_, count, _)| count).sum();
    let mut bytes: u64 = heavy.iter().map(|(_, _, bytes)| bytes).sum();
    let (mut first, mut left_out) = (None, 0);
    for pair in heavy.windows(2) {
        let (_, fewer, lighter) = pair[0];
        let fits = count <= MOST_PICTURES && bytes <= MOST_BYTES;
        if fits && left_out % LEFT_OUT_AT_ONCE == 0 {
            break;
        }
        (count, bytes, left_out) = (count - fewer, bytes - lighter, left_out + 1);
        first = Some(pair[1].0);
    }
    first
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
pub fn leave_out_pictures(messages: &mut [Message]) {
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
    /// Those that are sent of these. Where one is not, the text says so.
    fn of<'a>(
        &self,
        images: impl IntoIterator<Item = &'a (impl Borrow<Image> + 'a)>,
        are_sent: bool,
        text: &mut String,
    ) -> Vec<Picture> {
        let (mut count, mut bytes) = (0, 0);
        let mut sent = |image: &Image| {
            (count, bytes) = (count + 1, bytes + image.bytes);
            let fits = are_sent && count <= MOST_PICTURES && bytes <= MOST_BYTES;
            self.by_hash.get(&image.hash).filter(|_| fits).cloned()
        };
        let pictures: Vec<_> = images.into_iter().map(|it| sent(it.borrow())).collect();
        if pictures.contains(&None) {
            text.push_str("\n\n");
            text.push_str(&prompts::no_pictures());
        }
        pictures.into_iter().flatten().collect()
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
        self.user_with(text, Vec::new());
    }

    fn user_with(&mut self, text: String, pictures: Vec<Picture>) {
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

    fn call(&mut self, call: &ToolCall, trims: bool, sends_pictures: bool) {
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
        let mut text = output.map_or_else(|| prompts::interrupted(false), |it| it.text.clone());
        let images = output.map_or(&[][..], |output| &output.images);
        let images = self.pictures.of(images, sends_pictures, &mut text);
        self.results.push(ToolResult {
            call_id: call.call_id.clone(),
            name: call.name.clone(),
            text,
            images,
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

#[cfg(test)]
mod tests {
    use protocol::{AbsPath, ContextPart, TurnId, UserMessage};

    use super::*;

    /// Prompts with pictures: of each so many, of so many bytes.
    fn prompts_with(pictures: &[(usize, u64)]) -> Vec<Item> {
        let image = |bytes| {
            let path = AbsPath::new("/project/a.png").unwrap();
            let (media_type, hash) = ("image/png".to_owned(), format!("{bytes}"));
            Image { path, media_type, hash, bytes }
        };
        let item = |(at, (count, bytes)): (usize, &(usize, u64))| {
            let part = ContextPart::Image { image: image(*bytes), mention: "@a.png".to_owned() };
            let context = vec![part; *count];
            let message = UserMessage { text: String::new(), context };
            let (turn, id) = (TurnId("t".to_owned()), at.to_string());
            crate::session::item_of(&turn, id, 0, ItemBody::UserMessage(message))
        };
        pictures.iter().enumerate().map(item).collect()
    }

    fn first(pictures: &[(usize, u64)]) -> Option<String> {
        let items = prompts_with(pictures);
        first_sent(items.iter()).map(|id| id.0.clone())
    }

    #[test]
    fn what_fits_is_sent() {
        assert_eq!(first(&[]), None);
        assert_eq!(first(&[(1, 1000); 20]), None);
        assert_eq!(first(&[(3, 4_000_000)]), None);
    }

    #[test]
    fn the_oldest_are_left_out_a_few_at_once() {
        for (prompts, expected) in [(21, "5"), (25, "5"), (26, "10")] {
            assert_eq!(first(&vec![(1, 1000); prompts]).as_deref(), Some(expected), "{prompts}");
        }
        assert_eq!(first(&[(1, 3_000_000); 8]).as_deref(), Some("5"));
    }

    #[test]
    fn where_one_is_left_out_the_model_is_told() {
        let items = prompts_with(&[(1, 1000); 21]);
        let image = Picture { media_type: "image/png".to_owned(), bytes: [].into() };
        let by_hash = [("1000".to_owned(), image)].into();
        let pictures = Pictures { by_hash, first: first_sent(items.iter()).cloned() };
        let messages = messages(&items, &pictures);
        let [Message::User { text, images }] = messages.as_slice() else { panic!("{messages:?}") };
        assert_eq!(images.len(), 16);
        assert_eq!(text.matches(&prompts::no_pictures()).count(), 5);
    }

    #[test]
    fn of_the_last_item_as_many_are_sent_as_fit() {
        assert_eq!(first(&[(1, 1000), (30, 1000)]).as_deref(), Some("1"));
        assert_eq!(first(&[(30, 1000)]), None);
        for (count, bytes, expected) in [(30, 1000, 20), (6, 3_600_000, 3)] {
            let items = prompts_with(&[(count, bytes)]);
            let image = Picture { media_type: "image/png".to_owned(), bytes: [].into() };
            let by_hash = [(bytes.to_string(), image)].into();
            let messages = messages(&items, &Pictures { by_hash, first: None });
            let Message::User { text, images } = &messages[0] else { panic!("{messages:?}") };
            assert_eq!(images.len(), expected);
            assert!(text.contains(&prompts::no_pictures()));
        }
    }
}
