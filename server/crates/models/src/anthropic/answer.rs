//! The streamed answer: genai's events become ours.
//!
//! genai says what was written, but not where one block of the answer ends and the next begins,
//! and it gives redacted thinking only at the very end. Both matter: a call may only be made if
//! it is whole, and thinking has to go back as it came. So the frames are watched beside the
//! events, for the blocks' beginnings and ends alone ([`Boundaries`]).

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use engine::{ModelError, ModelEvent, ModelStream, StopCause};
use futures::StreamExt;
use futures::stream::{self, BoxStream};
use genai::chat::{
    ChatFrameSink, ChatStreamEvent, FrameCtx, RawFrameRef, StopReason, StreamEnd, ToolCall,
};
use protocol::Usage;
use serde_json::{Value, json};
use tracing::instrument::WithSubscriber;
use tracing::subscriber::NoSubscriber;

use super::failure::Failures;

/// Where a block of the answer begins or ends.
#[derive(Debug)]
enum Boundary {
    Thinking,
    Redacted(Value),
    Other,
    End,
}

/// The boundaries seen in the frames and not yet come to.
#[derive(Clone, Debug, Default)]
pub(super) struct Boundaries(Arc<Mutex<VecDeque<Boundary>>>);

impl Boundaries {
    fn next(&self) -> Option<Boundary> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl ChatFrameSink for Boundaries {
    fn on_frame(&self, _: &FrameCtx, frame: RawFrameRef<'_>) {
        let boundary = match frame.event {
            Some("content_block_start") => {
                let Some(mut data) = frame.json() else { return };
                match data["content_block"]["type"].as_str() {
                    Some("thinking") => Boundary::Thinking,
                    Some("redacted_thinking") => Boundary::Redacted(data["content_block"].take()),
                    _ => Boundary::Other,
                }
            }
            // Half a frame, cut off by the end of the connection, ends no block.
            Some("content_block_stop") if frame.json().is_some() => Boundary::End,
            _ => return,
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(boundary);
    }
}

/// An answer while it comes.
pub(super) struct Answer {
    events: BoxStream<'static, genai::Result<ChatStreamEvent>>,
    boundaries: Boundaries,
    failures: Failures,
    block: Block,
    /// The whole calls; they are given out with the end of the answer.
    calls: Vec<ToolCall>,
    /// What has not been asked for yet.
    ready: VecDeque<Result<ModelEvent, ModelError>>,
    over: bool,
}

/// The block that is being written.
enum Block {
    Thinking { text: String, signature: String },
    Call(ToolCall),
    Other,
}

impl Answer {
    pub(super) fn new(
        events: impl futures::Stream<Item = genai::Result<ChatStreamEvent>> + Send + 'static,
        boundaries: Boundaries,
        failures: Failures,
    ) -> Self {
        Self {
            events: events.boxed(),
            boundaries,
            failures,
            block: Block::Other,
            calls: Vec::new(),
            ready: VecDeque::new(),
            over: false,
        }
    }

    /// Waits for the first event and gives the stream, or what came instead.
    pub(super) async fn open(mut self) -> Result<ModelStream, ModelError> {
        match self.next().await {
            Some(Err(error)) => Err(error),
            first => Ok(stream::iter(first)
                .chain(stream::unfold(self, async |mut answer| {
                    answer.next().await.map(|event| (event, answer))
                }))
                .boxed()),
        }
    }

    async fn next(&mut self) -> Option<Result<ModelEvent, ModelError>> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.over {
                return None;
            }
            // genai logs what it receives, in which a server may have echoed the key.
            let event = self.events.next().with_subscriber(NoSubscriber::default()).await;
            // All of them stand before the event on the wire, or are its own.
            while let Some(boundary) = self.boundaries.next() {
                self.boundary(boundary);
            }
            match event {
                Some(Ok(event)) => self.event(event),
                Some(Err(error)) => self.end_with(Err(self.failures.explain(&error))),
                None => self.end_with(Err(self.failures.broke_off("the connection was closed"))),
            }
        }
    }

    fn boundary(&mut self, boundary: Boundary) {
        match boundary {
            Boundary::Thinking => {
                self.block = Block::Thinking { text: String::new(), signature: String::new() };
            }
            Boundary::Redacted(block) => {
                self.block = Block::Other;
                self.say(ModelEvent::ReasoningEnd { provider_data: Some(block) });
            }
            Boundary::Other => self.block = Block::Other,
            Boundary::End => match std::mem::replace(&mut self.block, Block::Other) {
                Block::Thinking { text, signature } => {
                    let block =
                        json!({ "type": "thinking", "thinking": text, "signature": signature });
                    // Unsigned thinking cannot be given back.
                    let provider_data = (!signature.is_empty()).then_some(block);
                    self.say(ModelEvent::ReasoningEnd { provider_data });
                }
                Block::Call(call) => self.calls.push(call),
                Block::Other => {}
            },
        }
    }

    fn event(&mut self, event: ChatStreamEvent) {
        match event {
            ChatStreamEvent::Start | ChatStreamEvent::Heartbeat => {}
            ChatStreamEvent::Chunk(chunk) => {
                if !chunk.content.is_empty() {
                    self.say(ModelEvent::Text(chunk.content));
                }
            }
            ChatStreamEvent::ReasoningChunk(chunk) => {
                if let Block::Thinking { text, .. } = &mut self.block {
                    text.push_str(&chunk.content);
                }
                if !chunk.content.is_empty() {
                    self.say(ModelEvent::Reasoning(chunk.content));
                }
            }
            ChatStreamEvent::ThoughtSignatureChunk(chunk) => {
                if let Block::Thinking { signature, .. } = &mut self.block {
                    signature.push_str(&chunk.content);
                }
            }
            // Each chunk carries all that came of the arguments so far.
            ChatStreamEvent::ToolCallChunk(chunk) => self.block = Block::Call(chunk.tool_call),
            ChatStreamEvent::End(end) => self.end(end),
        }
    }

    fn end(&mut self, end: StreamEnd) {
        let called = !self.calls.is_empty();
        for call in std::mem::take(&mut self.calls) {
            self.say(ModelEvent::ToolCall {
                call_id: call.call_id,
                name: call.fn_name,
                arguments: arguments(call.fn_arguments),
            });
        }
        if let Some(used) = end.captured_usage {
            self.say(ModelEvent::Usage(usage(&used)));
        }
        let cause = match end.captured_stop_reason {
            Some(StopReason::MaxTokens(_)) => StopCause::OutputLimit,
            Some(StopReason::ContentFilter(_)) => StopCause::Refusal,
            _ if called => StopCause::ToolCalls,
            _ => StopCause::EndOfAnswer,
        };
        self.end_with(Ok(ModelEvent::End(cause)));
    }

    fn say(&mut self, event: ModelEvent) {
        self.ready.push_back(Ok(event));
    }

    fn end_with(&mut self, last: Result<ModelEvent, ModelError>) {
        self.ready.push_back(last);
        self.over = true;
    }
}

/// The arguments as the model wrote them; for a tool that takes none it writes nothing.
fn arguments(arguments: Value) -> String {
    match arguments {
        Value::String(text) if text.trim().is_empty() => "{}".to_owned(),
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn usage(used: &genai::chat::Usage) -> Usage {
    let tokens = |count: Option<i32>| count.and_then(|count| count.try_into().ok()).unwrap_or(0);
    let cached = used.prompt_tokens_details.as_ref().and_then(|details| details.cached_tokens);
    Usage {
        input_tokens: tokens(used.prompt_tokens),
        output_tokens: tokens(used.completion_tokens),
        cached_tokens: tokens(cached),
    }
}
