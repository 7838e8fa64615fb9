//! A model that says what a test tells it to, when the test tells it to.

use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use engine::{
    Message, Model, ModelChoice, ModelError, ModelEvent, ModelFacts, ModelRequest, ModelStream,
    StopCause,
};
use futures::StreamExt;
use protocol::{ErrorCode, Usage};
use serde_json::Value;
use tokio::sync::{mpsc, oneshot};

type Event = Result<ModelEvent, ModelError>;

/// Answers a prompt as arranged with [`Script::answer`]; any other with `Done.`
#[derive(Default)]
pub struct Script {
    answers: Mutex<Vec<(String, mpsc::UnboundedReceiver<Event>)>>,
    requests: Mutex<Vec<ModelRequest>>,
    window: Mutex<Option<u64>>,
    found: Mutex<Option<oneshot::Receiver<String>>>,
}

/// One answer while it is being given. Dropped before its end, the answer breaks off.
pub struct Voice(mpsc::UnboundedSender<Event>);

impl Script {
    /// The next answer to a prompt that ends with `prompt`; several are given in their order.
    pub fn answer(&self, prompt: &str) -> Voice {
        let (events, answer) = mpsc::unbounded_channel();
        lock(&self.answers).push((prompt.to_owned(), answer));
        Voice(events)
    }

    /// The model reads no more than so many tokens at once, those of its answer included.
    pub fn reads_at_most(&self, tokens: u64) {
        *lock(&self.window) = Some(tokens);
    }

    /// The model that is found where none is chosen, once it is sent.
    pub fn finds(&self) -> oneshot::Sender<String> {
        let (found, finding) = oneshot::channel();
        *lock(&self.found) = Some(finding);
        found
    }

    /// Whether a model is being looked for.
    pub fn is_looking(&self) -> bool {
        lock(&self.found).is_none()
    }

    /// Drops the answers that nobody asked for.
    pub fn forget(&self) {
        lock(&self.answers).clear();
    }

    /// What the model was sent up to now.
    pub fn requests(&self) -> Vec<ModelRequest> {
        lock(&self.requests).clone()
    }

    /// How often the model was sent this as the last prompt, results of calls included.
    pub fn times_sent(&self, text: &str) -> usize {
        lock(&self.requests).iter().filter(|request| prompt(request).ends_with(text)).count()
    }

    /// The prompts the model was sent, each at the first request with it.
    pub fn prompts(&self) -> Vec<String> {
        let mut prompts: Vec<String> = self.requests().iter().map(prompt).collect();
        prompts.dedup();
        prompts
    }
}

/// The last thing the user said, as the model reads it.
pub fn prompt(request: &ModelRequest) -> String {
    let mut messages = request.messages.iter().rev();
    messages
        .find_map(|message| match message {
            Message::User { text, .. } => Some(text.clone()),
            _ => None,
        })
        .unwrap_or_default()
}

/// All the model reads of the results of its calls.
pub fn results(request: &ModelRequest) -> String {
    let results = request.messages.iter().filter_map(|message| match message {
        Message::Tool { results } => Some(results),
        _ => None,
    });
    results.flatten().map(|result| format!("{}\n", result.text)).collect()
}

impl Voice {
    pub fn event(&self, event: ModelEvent) -> &Self {
        // A turn that was stopped listens no more.
        let _ = self.0.send(Ok(event));
        self
    }

    pub fn says(&self, text: &str) -> &Self {
        self.event(ModelEvent::Text(text.to_owned()))
    }

    pub fn thinks(&self, text: &str) -> &Self {
        self.event(ModelEvent::Reasoning(text.to_owned()))
    }

    pub fn calls(&self, tool: &str, arguments: &Value) -> &Self {
        self.calls_with(tool, &arguments.to_string())
    }

    pub fn calls_with(&self, tool: &str, arguments: &str) -> &Self {
        self.event(ModelEvent::ToolCall {
            call_id: format!("call of {tool}"),
            name: tool.to_owned(),
            arguments: arguments.to_owned(),
            provider_data: None,
        })
    }

    pub fn used(&self, input_tokens: u64) -> &Self {
        let cost = input_tokens * 1_000_000;
        self.event(ModelEvent::Usage(Usage { input_tokens, cost, ..Usage::default() }))
    }

    pub fn fails(&self, code: ErrorCode) {
        let _ = self.0.send(Err(ModelError::new(code, "It failed.")));
    }

    pub fn ends(&self) {
        self.event(ModelEvent::End(StopCause::EndOfAnswer));
    }
}

#[async_trait]
impl Model for Script {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        let prompt = prompt(&request);
        lock(&self.requests).push(request);
        let mut answers = lock(&self.answers);
        match answers.iter().position(|(to, _)| prompt.ends_with(to)) {
            Some(at) => {
                let (_, mut answer) = answers.remove(at);
                Ok(futures::stream::poll_fn(move |context| answer.poll_recv(context)).boxed())
            }
            None => {
                let said = ModelEvent::Text("Done.".to_owned());
                let end = ModelEvent::End(StopCause::EndOfAnswer);
                Ok(futures::stream::iter([Ok(said), Ok(end)]).boxed())
            }
        }
    }

    fn choices(&self) -> Vec<ModelChoice> {
        Vec::new()
    }

    fn facts(&self, _: &str) -> ModelFacts {
        let context_tokens = lock(&self.window).unwrap_or(200_000);
        ModelFacts { context_tokens, output_tokens: 1000, ..ModelFacts::default() }
    }

    /// A token costs a thousandth of a dollar.
    fn cost(&self, _: &str, usage: &Usage) -> u64 {
        (usage.input_tokens - usage.cached_tokens + usage.output_tokens) * 1_000_000
    }

    async fn find_default(&self) -> Option<String> {
        let finding = lock(&self.found).take();
        finding?.await.ok()
    }

    fn fast(&self, _: &str) -> String {
        "script/fast".to_owned()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
