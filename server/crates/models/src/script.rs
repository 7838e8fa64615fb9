//! The scripted model: a tool for tests and the demo, and no model at all.
//!
//! It answers from a Markdown file: every block fenced as `script` belongs to the script, the
//! rest of the file is not its business. One statement stands on a line; `#` begins a comment.
//! Texts are JSON strings.
//!
//! ```text
//! turn "make this shorter"            the answers to the next prompt begin, which holds this text
//! sees "fn main"                      what was sent since the last answer holds this text,
//! sees "[image image/png 68 bytes]"    (this stands for a picture),
//! sees not "secret"                   or does not,
//! sees system "plan mode"             or the system prompt does
//! reason "Let me look."               reasoning, word by word
//! say "I will read the file."         text, word by word
//! call read {"path": "a.rs"}          a tool call; its JSON may go on over indented lines
//! call read raw "not json"            one whose arguments are no JSON
//! usage 100 20                        tokens sent and received
//! pause 30                            milliseconds between words from here to the answer's end
//! stream 2000                         so many words of text, as fast as they are taken
//! waits "Busy; again in 2 seconds."   says that the answer comes later,
//! restarts "It broke off."            or that it begins anew, as after a fault that passes
//! wait                                goes on never
//! break                               the connection breaks off here,
//! break call read {"path": "a         or in the middle of a tool call
//! refuse "no"                         the request is refused before anything is answered,
//! fail modelOverloaded "busy"         or fails with this error code
//! ---                                 the next answer of the same turn begins
//! ```
//!
//! Which answer comes next is read off the conversation in the request, never remembered: a
//! session that is resumed elsewhere goes on at the right place. A prompt that got no answer
//! reaches the model as one message with the next prompt, so the turn after one that leaves
//! nothing behind (`refuse`, or `wait` without a word) needs its text. A script that does not
//! fit what it is sent fails loudly and says what it expected.

mod parse;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use engine::{
    Message, ModelChoice, ModelError, ModelEvent, ModelFacts, ModelRequest, ModelStream, Picture,
    StopCause,
};
use futures::{StreamExt, future, stream};
use protocol::ErrorCode;

use parse::{Answer, Script, Turn, Verb};

/// How much of what came instead a failed expectation shows, in characters.
const MOST_SHOWN: usize = 2000;

/// The scripts read so far, by file. A file is read and parsed once.
#[derive(Debug, Default)]
pub(crate) struct Scripts(Mutex<HashMap<PathBuf, Arc<Script>>>);

/// A file that is no script.
#[derive(Debug, thiserror::Error)]
enum ScriptError {
    #[error("The script {} cannot be read: {source}.", file.display())]
    Unreadable { file: PathBuf, source: io::Error },
    #[error("The script {} cannot be played: line {}: {}.", file.display(), source.line, source)]
    Malformed { file: PathBuf, source: parse::Problem },
}

impl From<ScriptError> for ModelError {
    fn from(error: ScriptError) -> Self {
        Self::new(ErrorCode::ModelUnavailable, error.to_string())
    }
}

impl Scripts {
    /// A script reads whatever it is sent.
    pub(crate) const FACTS: ModelFacts = ModelFacts {
        context_tokens: 1_000_000,
        output_tokens: 16_000,
        images: true,
        is_metered: false,
    };

    /// The script in `file` among the models to choose from.
    pub(crate) fn choice(file: &str) -> ModelChoice {
        ModelChoice {
            name: format!("script:{file}"),
            description: format!("A script, not a model: the answers stand in {file}"),
            unavailable: None,
        }
    }

    /// The answer that the script in `file` has for this request.
    ///
    /// # Errors
    /// The file is no script, or the script expected something else, or wants to fail.
    pub(crate) async fn stream(
        &self,
        file: &str,
        request: &ModelRequest,
    ) -> Result<ModelStream, ModelError> {
        let script = self.read(PathBuf::from(file)).await?;
        let steps = play(file, &script, request)?;
        Ok(stream::iter(steps).filter_map(Step::take).boxed())
    }

    async fn read(&self, file: PathBuf) -> Result<Arc<Script>, ScriptError> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&file).cloned();
        if let Some(script) = known {
            return Ok(script);
        }
        let text = match tokio::fs::read_to_string(&file).await {
            Ok(text) => text,
            Err(source) => return Err(ScriptError::Unreadable { file, source }),
        };
        let script = match parse::script(&text) {
            Ok(script) => Arc::new(script),
            Err(source) => return Err(ScriptError::Malformed { file, source }),
        };
        let mut scripts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(scripts.entry(file).or_insert(script)))
    }
}

/// One step of an answer.
#[derive(Debug)]
enum Step {
    Give(Result<ModelEvent, ModelError>),
    Pause(Duration),
    Wait,
}

impl Step {
    async fn take(self) -> Option<Result<ModelEvent, ModelError>> {
        match self {
            Self::Give(event) => return Some(event),
            Self::Pause(time) => tokio::time::sleep(time).await,
            Self::Wait => future::pending().await,
        }
        None
    }
}

/// The steps of the answer to this request.
fn play(file: &str, script: &Script, request: &ModelRequest) -> Result<Vec<Step>, ModelError> {
    let messages = &request.messages;
    let prompt = messages.iter().rposition(is_user);
    let since_prompt = &messages[prompt.map_or(0, |at| at + 1)..];
    let answered = since_prompt.iter().filter(|message| is_assistant(message)).count();
    let index = turn_index(script, messages);

    let turn = index.and_then(|index| script.turns.get(index));
    if let (Some(turn), Some(prompt)) = (turn, prompt) {
        check_prompt(file, turn, &text_of(&messages[prompt..=prompt]))?;
    }
    let (Some(index), Some(answer)) = (index, turn.and_then(|turn| turn.answers.get(answered)))
    else {
        let text = format!("The script {file} has no more answers.");
        let give = |event| Step::Give(Ok(event));
        return Ok(vec![
            give(ModelEvent::Text(text)),
            give(ModelEvent::End(StopCause::EndOfAnswer)),
        ]);
    };
    check_request(file, answer, request)?;
    steps(answer, &format!("call-{}-{}", index + 1, answered + 1))
}

/// The turn that the last prompt belongs to; none before the first prompt.
fn turn_index(script: &Script, messages: &[Message]) -> Option<usize> {
    let mut next = 0;
    for (at, message) in messages.iter().enumerate() {
        let Message::User { text, .. } = message else { continue };
        let answered = messages.get(at + 1).is_some();
        // Prompts that got no answer are part of this message.
        while script.turns.get(next).is_some_and(Turn::leaves_nothing)
            && let Some(after) = script.turns.get(next + 1)
            && (answered || after.text.as_ref().is_some_and(|it| text.contains(it)))
        {
            next += 1;
        }
        next += 1;
    }
    next.checked_sub(1)
}

fn is_user(message: &Message) -> bool {
    matches!(message, Message::User { .. })
}

fn is_assistant(message: &Message) -> bool {
    matches!(message, Message::Assistant { .. })
}

/// What these messages tell the model, one below the other.
fn text_of(messages: &[Message]) -> String {
    let texts = messages.iter().flat_map(|message| match message {
        Message::User { text, images } => told(text, images),
        Message::Tool { results } => {
            results.iter().flat_map(|result| told(&result.text, &result.images)).collect()
        }
        Message::Assistant { .. } => Vec::new(),
    });
    texts.collect::<Vec<_>>().join("\n")
}

/// A text, and a line for each of its pictures.
fn told(text: &str, pictures: &[Picture]) -> Vec<String> {
    let pictures = pictures
        .iter()
        .map(|Picture { media_type, bytes }| format!("[image {media_type} {} bytes]", bytes.len()));
    std::iter::once(text.to_owned()).chain(pictures).collect()
}

fn check_prompt(file: &str, turn: &Turn, prompt: &str) -> Result<(), ModelError> {
    match &turn.text {
        Some(text) if !prompt.contains(text.as_str()) => {
            Err(mismatch(file, turn.line, &format!("a prompt with {text:?}"), prompt))
        }
        _ => Ok(()),
    }
}

fn check_request(file: &str, answer: &Answer, request: &ModelRequest) -> Result<(), ModelError> {
    let last = request.messages.iter().rposition(is_assistant);
    let news = text_of(&request.messages[last.map_or(0, |at| at + 1)..]);
    for statement in &answer.0 {
        let Verb::Sees { text, system, absent } = &statement.verb else { continue };
        let (place, came) = match system {
            true => ("a system prompt", request.system.as_str()),
            false => ("a request", news.as_str()),
        };
        if came.contains(text.as_str()) == *absent {
            let with = if *absent { "without" } else { "with" };
            let expected = format!("{place} {with} {text:?}");
            return Err(mismatch(file, statement.line, &expected, came));
        }
    }
    Ok(())
}

fn mismatch(file: &str, line: usize, expected: &str, came: &str) -> ModelError {
    let mut shown: String = came.chars().take(MOST_SHOWN).collect();
    if shown.len() < came.len() {
        shown.push('…');
    }
    ModelError::new(
        ErrorCode::ModelRefused,
        format!("The script {file} expected {expected} (line {line}), but this came:\n{shown}"),
    )
}

/// The answer step by step. `calls` begins the names of its tool calls.
fn steps(answer: &Answer, calls: &str) -> Result<Vec<Step>, ModelError> {
    let mut steps = Steps::default();
    let mut called = 0;
    for statement in &answer.0 {
        match &statement.verb {
            Verb::Sees { .. } => {}
            Verb::Reason(text) => {
                steps.words(text, ModelEvent::Reasoning);
                steps.give(ModelEvent::ReasoningEnd { provider_data: None });
            }
            Verb::Say(text) => steps.words(text, ModelEvent::Text),
            Verb::Stream(count) => {
                for number in 1..=*count {
                    steps.give(ModelEvent::Text(format!("word{number} ")));
                }
            }
            Verb::Call { name, arguments } => {
                called += 1;
                steps.give(ModelEvent::ToolCall {
                    call_id: format!("{calls}-{called}"),
                    name: name.clone(),
                    arguments: arguments.clone(),
                    provider_data: None,
                });
            }
            Verb::Waits(why) => steps.give(ModelEvent::Waiting { why: why.clone() }),
            Verb::Restarts(why) => steps.give(ModelEvent::Restarted { why: why.clone() }),
            Verb::Usage(usage) => steps.give(ModelEvent::Usage(*usage)),
            Verb::Pause(time) => steps.pause = *time,
            Verb::Wait => {
                steps.list.push(Step::Wait);
                return Ok(steps.list);
            }
            Verb::Break => {
                // In the words of a real wire: what a test shows is what users will read.
                let text = "The model's answer broke off; send a prompt to go on.";
                let error = ModelError::new(ErrorCode::ModelBrokeOff, text);
                steps.list.push(Step::Give(Err(error)));
                return Ok(steps.list);
            }
            Verb::Fail { code, text } => return Err(ModelError::new(*code, text.as_str())),
        }
    }
    steps.give(ModelEvent::End(match called {
        0 => StopCause::EndOfAnswer,
        _ => StopCause::ToolCalls,
    }));
    Ok(steps.list)
}

#[derive(Debug, Default)]
struct Steps {
    list: Vec<Step>,
    /// The time between two words.
    pause: Duration,
}

impl Steps {
    fn give(&mut self, event: ModelEvent) {
        self.list.push(Step::Give(Ok(event)));
    }

    fn words(&mut self, text: &str, event: impl Fn(String) -> ModelEvent) {
        for word in words(text) {
            if !self.pause.is_zero() && !self.list.is_empty() {
                self.list.push(Step::Pause(self.pause));
            }
            self.give(event(word.to_owned()));
        }
    }
}

/// The words of a text, each with the white space after it, so that nothing is lost.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let word = rest.find(char::is_whitespace).unwrap_or(rest.len());
        let space = rest[word..].find(|c: char| !c.is_whitespace());
        let (first, others) = rest.split_at(space.map_or(rest.len(), |space| word + space));
        rest = others;
        (!first.is_empty()).then_some(first)
    })
}
