//! Compaction: what is done when a conversation no longer fits into the model's window.
//!
//! First the results of earlier tool calls are left out, which the model can have again; then
//! all that lies before the last steps is summed up by the fast model. Nothing is lost: both are
//! an item of the journal, by which `context::conversation` knows what to leave out, and a
//! session that goes back to a point before it has its whole conversation again.
//!
//! Start with [`is_needed`] and [`compact`].

use futures::StreamExt;
use protocol::{Compaction, ErrorCode, ErrorInfo, Item, ItemBody, ItemId, Summary, Update};

use crate::{
    Message, ModelError, ModelEvent, ModelRequest,
    budget::{self, Meter},
    context::{self, Pictures, estimate},
    prompts,
    turn::{Halt, Turn},
};

/// How full the window may become, in hundredths of what is left beside the answer.
const FULL: u64 = 85;
/// How full it may be when results alone were left out, for that to be enough.
const ROOMY: u64 = 60;
/// How much stays word for word when the rest is summed up.
const TAIL: u64 = 25;
/// How many of the last responses keep the results of their calls.
const KEPT_STEPS: usize = 3;
/// How much of a tool's result the summing model reads, in characters.
const MOST_OF_A_RESULT: usize = 2000;
/// How much of a prompt stays word for word beside a summary, in characters.
const MOST_OF_A_PROMPT: usize = 8000;
/// How many tokens a summary may have.
const MOST_OF_A_SUMMARY: u32 = 4000;

/// The tokens that a request may have beside its answer.
fn room(turn: &Turn, request: &ModelRequest) -> u64 {
    let window = turn.shared.parts.model.facts(&request.model).context_tokens;
    window.saturating_sub(request.max_output_tokens.into())
}

/// Whether the request is too full to be sent.
pub(crate) fn is_needed(turn: &Turn, request: &ModelRequest) -> bool {
    estimate(request) > room(turn, request) * FULL / 100
}

/// Makes the conversation shorter than it is in `request`, and journals how. `refused` says that
/// the provider found it too long, whatever is known of its window.
///
/// # Errors
/// It cannot be made any shorter, or the user stopped the turn.
pub(crate) async fn compact(
    turn: &Turn,
    request: &ModelRequest,
    pictures: &Pictures,
    refused: bool,
) -> Result<(), Halt> {
    let last = turn.session.look(|state| context::compaction(&state.items).cloned());
    let last = last.unwrap_or_default();
    let conversation = Conversation::of(turn, request, pictures, refused);
    let trimmed = conversation.steps.iter().rev().nth(KEPT_STEPS - 1).cloned();
    let trims = Compaction { trimmed: trimmed.clone(), ..last.clone() };
    if trims.trimmed != last.trimmed && conversation.with(&trims) <= conversation.room * ROOMY / 100
    {
        return conversation.journal(trims).await;
    }
    let boundary = conversation.tail(trimmed.as_ref());
    let summed_up = last.summary.as_ref().map(|summary| &summary.before);
    let Some(boundary) = boundary.filter(|boundary| Some(boundary) != summed_up) else {
        return Err(Halt::Failed(ErrorInfo::new(
            ErrorCode::ContextTooLong,
            format!(
                "The conversation is too long for `{}`, and cannot be made any shorter. Start a \
                 new session, or choose a model with a larger window.",
                request.model
            ),
        )));
    };
    let summary = conversation.sum_up(boundary).await?;
    conversation.journal(Compaction { trimmed, summary: Some(summary), ..last }).await
}

/// The conversation of a turn, and what it weighs.
struct Conversation<'a> {
    turn: &'a Turn,
    request: &'a ModelRequest,
    pictures: &'a Pictures,
    room: u64,
    /// What each prompt and each response of the model begins with, in order.
    steps: Vec<ItemId>,
}

impl<'a> Conversation<'a> {
    fn of(
        turn: &'a Turn,
        request: &'a ModelRequest,
        pictures: &'a Pictures,
        refused: bool,
    ) -> Self {
        let steps = turn.session.look(|state| steps(state.told()));
        let room = match room(turn, request) {
            // The window is smaller than we thought, or its tokens are.
            room if refused => room.min(estimate(request) * 2 / 3),
            room => room,
        };
        Self { turn, request, pictures, room, steps }
    }

    /// The messages that a compaction leaves.
    fn messages(&self, compaction: &Compaction) -> Vec<Message> {
        let shortened = |items: &[Item]| context::shortened(items, Some(compaction), self.pictures);
        self.turn.session.look(|state| shortened(&state.items))
    }

    /// The tokens that a request has with a compaction.
    fn with(&self, compaction: &Compaction) -> u64 {
        let messages = self.messages(compaction);
        estimate(&ModelRequest { messages, ..self.request.clone() })
    }

    /// Where what stays word for word begins: with the first step from which on all is short
    /// enough, or with the last.
    fn tail(&self, trimmed: Option<&ItemId>) -> Option<ItemId> {
        let weight = |before: &ItemId| {
            let (before, text, prompt) = (before.clone(), String::new(), None);
            let summary = Some(Summary { before, text, prompt });
            let kept = Compaction { trimmed: trimmed.cloned(), summary, ..Compaction::default() };
            self.with(&kept)
        };
        let (first, later) = self.steps.split_first()?;
        let rest = weight(later.last()?).saturating_sub(self.room * TAIL / 100);
        let fits = |step: &&ItemId| weight(step) <= self.room * TAIL / 100 + rest;
        let found = later.iter().rev().take_while(fits).last().or(later.last());
        found.filter(|found| *found != first).cloned()
    }

    /// Has all that lies before an item summed up.
    async fn sum_up(&self, before: ItemId) -> Result<Summary, Halt> {
        let (transcript, prompt) = self.turn.session.look(|state| {
            let at = state.items.iter().position(|item| item.id == before);
            let (earlier, later) = state.items.split_at(at.unwrap_or(state.items.len()));
            let is_prompt = |item: &Item| matches!(item.body, ItemBody::UserMessage(_));
            // The prompt that is worked on stays as it is.
            let prompt = match later.first() {
                Some(first) if is_prompt(first) => None,
                _ => earlier.iter().rev().find_map(|item| match &item.body {
                    ItemBody::UserMessage(message) if !item.aside => Some(message.text.clone()),
                    _ => None,
                }),
            };
            let compaction = context::compaction(&state.items);
            let messages = context::shortened(earlier, compaction, &Pictures::default());
            (transcript(&messages), prompt.map(|prompt| cut(&prompt, MOST_OF_A_PROMPT)))
        });
        let text = self.ask(transcript).await?;
        Ok(Summary { before, text, prompt })
    }

    /// Asks the fast model for a summary, and the model of the session if that cannot.
    async fn ask(&self, transcript: String) -> Result<String, Halt> {
        let model = &self.turn.shared.parts.model;
        let own = &self.request.model;
        let fast = model.fast(own);
        let mut failure = None;
        for name in if fast == *own { vec![fast] } else { vec![fast, own.clone()] } {
            let facts = model.facts(&name);
            let room = facts.context_tokens.saturating_sub(2 * u64::from(MOST_OF_A_SUMMARY));
            let request = ModelRequest {
                model: name,
                system: prompts::sum_up(),
                tools: Vec::new(),
                messages: vec![Message::User {
                    // A token has three bytes at least, but for rare scripts.
                    text: middle_cut(&transcript, room as usize * 3),
                    images: Vec::new(),
                }],
                max_output_tokens: MOST_OF_A_SUMMARY.min(facts.output_tokens),
                session: self.request.session.clone(),
            };
            budget::check(self.turn, &request).await?;
            match self.answer(request).await? {
                Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
                Ok(_) => {}
                Err(error) => failure = Some(error),
            }
        }
        let why = failure.map(|error| error.message).unwrap_or_default();
        let sentence = format!("The conversation is too long, and could not be summed up. {why}");
        Err(Halt::Failed(ErrorInfo::new(ErrorCode::ContextTooLong, sentence.trim_end())))
    }

    /// The answer to a request for a summary; why there is none, if another model may have one.
    async fn answer(&self, request: ModelRequest) -> Result<Result<String, ModelError>, Halt> {
        let turn = self.turn;
        let mut meter = Meter::of(&turn.session, &request);
        let mut text = String::new();
        let mut stream =
            match turn.unless_cancelled(turn.shared.parts.model.stream(request)).await? {
                Ok(stream) => stream,
                Err(error) => return Ok(Err(error)),
            };
        let ended = loop {
            let event = match turn.unless_cancelled(stream.next()).await {
                Ok(Some(Ok(event))) => event,
                Ok(Some(Err(error))) => break Ok(Err(error)),
                Ok(None) => {
                    let broke_off = "The summary broke off.";
                    break Ok(Err(ModelError::new(ErrorCode::ModelBrokeOff, broke_off)));
                }
                Err(halt) => break Err(halt),
            };
            meter.read(&event);
            match event {
                ModelEvent::Text(more) => text.push_str(&more),
                ModelEvent::Usage(usage) => turn.add_usage(usage).await?,
                ModelEvent::End(_) => break Ok(Ok(())),
                ModelEvent::Waiting { why } => turn.notice(why).await?,
                ModelEvent::Restarted { why } => {
                    text.clear();
                    turn.add_untold(&mut meter).await?;
                    turn.notice(why).await?;
                }
                _ => {}
            }
        };
        turn.add_untold(&mut meter).await?;
        Ok(ended?.map(|()| text))
    }

    async fn journal(&self, compaction: Compaction) -> Result<(), Halt> {
        let (tokens_before, tokens_after) = (estimate(self.request), self.with(&compaction));
        let body = ItemBody::Compaction(Compaction { tokens_before, tokens_after, ..compaction });
        let item = self.turn.item(body);
        Ok(self.turn.session.record(vec![Update::ItemEnded { item }]).await?)
    }
}

/// What each prompt and each response of the model begins with, as the conversation that is sent
/// has them.
fn steps<'a>(items: impl Iterator<Item = &'a Item>) -> Vec<ItemId> {
    let mut steps = Vec::new();
    let (mut begun, mut called) = (false, None);
    for item in items {
        let begins = match &item.body {
            ItemBody::UserMessage(_) => {
                (begun, called) = (false, None);
                true
            }
            ItemBody::AgentMessage { .. } | ItemBody::Reasoning { .. } => {
                let begins = !begun || called.is_some();
                (begun, called) = (true, None);
                begins
            }
            ItemBody::ToolCall(call) => {
                let begins = !begun || called.is_some_and(|step| step != call.step);
                (begun, called) = (true, Some(call.step));
                begins
            }
            _ => false,
        };
        steps.extend(begins.then(|| item.id.clone()));
    }
    steps
}

/// The conversation as one text.
fn transcript(messages: &[Message]) -> String {
    let mut text = String::new();
    for message in messages {
        match message {
            Message::User { text: said, .. } => text += &format!("## User\n\n{said}\n\n"),
            Message::Assistant { parts } => {
                for part in parts {
                    match part {
                        crate::AssistantPart::Text { text: said } => {
                            text += &format!("## Agent\n\n{said}\n\n");
                        }
                        crate::AssistantPart::ToolCall { name, arguments, .. } => {
                            let arguments = cut(&arguments.to_string(), MOST_OF_A_RESULT);
                            text += &format!("## Agent calls {name}\n\n{arguments}\n\n");
                        }
                        crate::AssistantPart::Reasoning { .. } => {}
                    }
                }
            }
            Message::Tool { results } => {
                for result in results {
                    let said = cut(&result.text, MOST_OF_A_RESULT);
                    text += &format!("## Result of {}\n\n{said}\n\n", result.name);
                }
            }
        }
    }
    text
}

/// The beginning of a text.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// A text of so many bytes at most: what is too much is taken from its middle.
fn middle_cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let front = text.floor_char_boundary(most / 3);
    let back = text.ceil_char_boundary(text.len() - most / 3 * 2);
    format!("{}\n\n[…]\n\n{}", &text[..front], &text[back..])
}
