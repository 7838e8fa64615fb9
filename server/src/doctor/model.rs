//! The check of the model: whether one is set up and, if that is wanted, whether it answers.

use std::time::Duration;

use engine::{Message, Model, ModelEvent, ModelRequest};
use futures::StreamExt;
use models::Models;

use super::Check;
use crate::configuration::{Configuration, show};

/// How long a model may take to say a word.
const PATIENCE: Duration = Duration::from_secs(30);

/// Enough for a word, and for the little that some models think before it.
const MAX_TOKENS: u32 = 512;

/// What a model is asked to see whether it answers.
const PROMPT: &str = include_str!("../../../prompts/doctor.md");

const NAME: &str = "model";

/// Looks whether there is a model; with `online` it is asked for a word.
pub(super) async fn check(configuration: &Configuration, online: bool) -> Check {
    let models = Models::new(configuration.models.clone());
    let set = configuration.keys.model.as_str();
    let chosen = if set.is_empty() { models.default_model() } else { Some(set.to_owned()) };
    let Some(model) = chosen else {
        let way_out = "set ANTHROPIC_API_KEY, or `model` in the settings; `coworker demo` works \
                       without";
        return Check::bad(NAME, "none is set up", way_out);
    };
    let origin = show::origin(configuration, "model");
    let Some(choice) = models.choice(&model) else {
        let way_out = "set the key of its provider, such as ANTHROPIC_API_KEY, or choose another";
        return Check::bad(NAME, format!("{model} ({origin}) cannot be reached"), way_out);
    };
    let found = format!("{model} ({origin}): {}", choice.description);
    if !online {
        return Check::good(NAME, found);
    }
    match tokio::time::timeout(PATIENCE, ask(&models, model)).await {
        Ok(Ok(())) => Check::good(NAME, format!("{found}; it answers")),
        // Each of these errors says the way out itself.
        Ok(Err(error)) => Check { way_out: None, ..Check::bad(NAME, error, "") },
        Err(_) => {
            let seconds = PATIENCE.as_secs();
            let way_out = "look at the network and at the provider's status page";
            Check::bad(NAME, format!("{found}; no answer in {seconds} s"), way_out)
        }
    }
}

/// Asks for a word and waits for the end of the answer.
async fn ask(models: &Models, model: String) -> Result<(), String> {
    let request = ModelRequest {
        model,
        system: String::new(),
        tools: Vec::new(),
        messages: vec![Message::User { text: PROMPT.trim_end().to_owned() }],
        max_output_tokens: MAX_TOKENS,
    };
    let mut events = models.stream(request).await.map_err(|error| error.message)?;
    while let Some(event) = events.next().await {
        if let ModelEvent::End(_) = event.map_err(|error| error.message)? {
            return Ok(());
        }
    }
    Err("the answer broke off".to_owned())
}
