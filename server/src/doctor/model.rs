//! The check of the models: whether one is set up, for which providers there is a key and, if
//! that is wanted, whether they answer.

use std::time::Duration;

use engine::{Message, Model, ModelEvent, ModelRequest};
use futures::StreamExt;
use models::{ModelSettings, Models};

use super::Check;
use crate::configuration::{Configuration, secrets::Secrets, show};

/// How long a model may take to say a word.
const PATIENCE: Duration = Duration::from_secs(30);

/// Enough for a word, and for the little that some models think before it.
const MAX_TOKENS: u32 = 512;

/// What a model is asked to see whether it answers.
const PROMPT: &str = include_str!("../../../prompts/doctor.md");

const NAME: &str = "model";

/// Looks whether there is a model, and which providers there is a key for; with `online` the model
/// and one of each provider are asked for a word.
pub(super) async fn check(configuration: &Configuration, online: bool) -> Vec<Check> {
    // What another model or a second attempt would say is not the question here.
    let alone = ModelSettings { fallbacks: Vec::new(), retries: 0, ..configuration.models.clone() };
    let models = Models::new(alone);
    let set = configuration.keys.model.as_str();
    let chosen = match (set, online) {
        ("", false) => models.default_model(),
        // Looks for a server on this machine, too.
        ("", true) => models.find_default().await,
        (set, _) => Some(set.to_owned()),
    };
    let mut checks = vec![of_model(configuration, &models, chosen.clone(), online).await];
    checks.extend(of_keys(configuration));
    let known = format!("sizes and prices of models as of {}", models::catalogue::date());
    checks.push(Check::good("catalogue", known));
    let own = chosen.as_deref().and_then(provider_of);
    for settings in configuration.models.providers.iter().filter(|it| it.key.is_some()) {
        let choices = models.choices().into_iter().map(|choice| choice.name);
        let mut its = choices.filter(|name| provider_of(name) == Some(settings.name.as_str()));
        let name = format!("{}, key from {}", settings.name, settings.key_source);
        // The quick one comes last.
        checks.push(match its.next_back() {
            Some(model) if online && own != Some(settings.name.as_str()) => {
                asked(&models, model.clone(), format!("{name}: {model}")).await
            }
            _ => Check::good("key", name),
        });
    }
    checks
}

fn provider_of(model: &str) -> Option<&str> {
    model.split_once('/').map(|(provider, _)| provider)
}

async fn of_model(
    configuration: &Configuration,
    models: &Models,
    chosen: Option<String>,
    online: bool,
) -> Check {
    let Some(model) = chosen else {
        let way_out = "set a key such as ANTHROPIC_API_KEY, or `model` in the settings; a server \
                       on this machine, such as Ollama, is found when a prompt needs it; \
                       `coworker demo` works without";
        return Check::bad(NAME, "none is set up", way_out);
    };
    let origin = show::origin(configuration, "model");
    let Some(choice) = models.choice(&model) else {
        let way_out = "set the key of its provider, such as ANTHROPIC_API_KEY, or choose another";
        return Check::bad(NAME, format!("{model} ({origin}) cannot be reached"), way_out);
    };
    let found = format!("{model} ({origin}): {}", choice.description);
    if online { asked(models, model, found).await } else { Check::good(NAME, found) }
}

/// The file of keys, if others may read it.
fn of_keys(configuration: &Configuration) -> Option<Check> {
    let secrets = Secrets::new(&configuration.config_folder);
    secrets.is_open_to_others().then(|| {
        let file = secrets.file().display();
        Check::odd("key", format!("others may read {file}"), format!("chmod 600 {file}"))
    })
}

async fn asked(models: &Models, model: String, found: String) -> Check {
    match tokio::time::timeout(PATIENCE, ask(models, model)).await {
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
        messages: vec![Message::User { text: PROMPT.trim_end().to_owned(), images: Vec::new() }],
        max_output_tokens: MAX_TOKENS,
        session: String::new(),
    };
    let mut events = models.stream(request).await.map_err(|error| error.message)?;
    while let Some(event) = events.next().await {
        if let ModelEvent::End(_) = event.map_err(|error| error.message)? {
            return Ok(());
        }
    }
    Err("the answer broke off".to_owned())
}
