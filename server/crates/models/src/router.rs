//! The router: finds the provider that a model's name names.
//!
//! A name is `provider/name`, or `script:FILE`. The first part chooses the provider, the rest is
//! its name for the model, and may have slashes of its own.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use engine::{
    Model, ModelChoice, ModelError, ModelFacts, ModelRequest, ModelStream, estimate,
    leave_out_pictures,
};
use protocol::{ErrorCode, Usage};
use serde_json::{Map, Value};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::answer::Answer;
use crate::attempts::Attempts;
use crate::catalogue;
use crate::connection::Connection;
use crate::failure::{Failure, Failures};
use crate::provider::{Preset, ProviderSettings, preset};
use crate::script::Scripts;
use crate::stamp::of_model;
use crate::wire::Call;

/// How long a server on this machine may take to say that it is there.
const LOCAL_PATIENCE: Duration = Duration::from_millis(500);
/// For how long a model that failed is asked after those that did not.
const GRUDGE: Duration = Duration::from_secs(60);

/// How the models are reached. Plain values: who reads files and the environment fills them in.
#[derive(Clone, Debug)]
pub struct ModelSettings {
    /// The model the user has named, so that it is offered although no list here knows it.
    pub model: Option<String>,
    /// The providers, the one that is taken first before the others.
    pub providers: Vec<ProviderSettings>,
    /// The models to go on with when another does not answer, in their order.
    pub fallbacks: Vec<String>,
    /// How often a request is repeated after what may pass.
    pub retries: u32,
    /// The model for small work, if the user has named one.
    pub fast: Option<String>,
    /// The wait before the first repetition; it doubles with each further one.
    pub first_wait: Duration,
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            model: None,
            providers: Vec::new(),
            fallbacks: Vec::new(),
            retries: 0,
            fast: None,
            first_wait: Duration::from_secs(1),
        }
    }
}

/// Every model there is, behind one [`Model`]. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Models(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    named: Option<String>,
    providers: Vec<Provider>,
    fallbacks: Vec<String>,
    retries: u32,
    fast: Option<String>,
    first_wait: Duration,
    scripts: Scripts,
    /// When another model last took over from one, by its name.
    failed: Mutex<HashMap<String, Instant>>,
}

#[derive(Debug)]
struct Provider {
    settings: ProviderSettings,
    connection: OnceCell<Connection>,
}

impl Models {
    /// The models that these settings reach. Opens no file and no connection.
    pub fn new(settings: ModelSettings) -> Self {
        let provider = |settings| Provider { settings, connection: OnceCell::new() };
        Self(Arc::new(Inner {
            named: settings.model,
            providers: settings.providers.into_iter().map(provider).collect(),
            fallbacks: settings.fallbacks,
            retries: settings.retries,
            fast: settings.fast,
            first_wait: settings.first_wait,
            scripts: Scripts::default(),
            failed: Mutex::default(),
        }))
    }

    /// The model to use when the user has named none; none if no provider is set up.
    pub fn default_model(&self) -> Option<String> {
        let settings = self.0.providers.iter().map(|it| &it.settings);
        settings.filter(|settings| settings.is_offered()).find_map(ProviderSettings::default_model)
    }

    pub(crate) fn retries(&self) -> u32 {
        self.0.retries
    }

    pub(crate) fn first_wait(&self) -> Duration {
        self.0.first_wait
    }

    /// Remembers that another model takes over from this one.
    pub(crate) fn has_failed(&self, name: &str) {
        let mut failed = self.0.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.insert(name.to_owned(), Instant::now());
    }

    /// The models in the order to ask them: those that failed a moment ago come last, so that
    /// not every step of a turn waits for them and tells of it.
    fn in_order(&self, mut chain: Vec<String>) -> Vec<String> {
        let failed = self.0.failed.lock().unwrap_or_else(PoisonError::into_inner);
        chain.sort_by_key(|name| failed.get(name).is_some_and(|at| at.elapsed() < GRUDGE));
        chain
    }

    /// Asks a model once, and waits for the beginning of its answer.
    pub(crate) async fn open(&self, name: &str, request: &ModelRequest) -> Result<Answer, Failure> {
        let (provider, model) = self.provider(name).ok_or_else(|| self.unknown(name))?;
        let settings = &provider.settings;
        let failures = Failures::new(settings, model);
        if !settings.is_usable() {
            return Err(failures.no_key());
        }
        let made = provider.connection.get_or_try_init(|| Connection::make(settings)).await;
        let connection = made.map_err(|why| failures.unusable(&why))?;
        let card = settings.card(model);
        let mut own = of_model(request, name);
        // One that takes the place of another may have less to say.
        own.max_output_tokens = own.max_output_tokens.min(card.output.unwrap_or(u32::MAX));
        if !card.facts().images {
            leave_out_pictures(&mut own.messages);
        }
        let known = settings.known();
        let mut body = settings.wire.body(Call { model, card: &card, request: &own, known });
        merge(&mut body, &settings.extra_body);
        let (path, is_lines) = (settings.wire.path(model), settings.wire.is_lines());
        let frames = connection.post(&path, &body, is_lines, &failures).await?;
        let reader = settings.wire.reader();
        Ok(Answer::new(frames, reader, card, connection.patience(), failures))
    }

    fn provider<'a>(&self, name: &'a str) -> Option<(&Provider, &'a str)> {
        let (provider, model) = name.split_once('/').filter(|(_, model)| !model.is_empty())?;
        let known = self.0.providers.iter().find(|known| known.settings.name == provider)?;
        Some((known, model))
    }

    fn offered(&self) -> impl Iterator<Item = ModelChoice> {
        let settings = self.0.providers.iter().map(|it| &it.settings);
        settings.filter(|settings| settings.is_offered()).flat_map(offered)
    }

    /// The first model of a server that runs on this machine. Looked for only when a prompt needs
    /// a model and nothing is set up.
    async fn local(&self) -> Option<String> {
        for settings in self.0.providers.iter().map(|provider| &provider.settings) {
            let Some(known) = preset(&settings.name).filter(|known| known.is_local()) else {
                continue;
            };
            if let Ok(names) = names_of_local(settings, known).await
                && let Some(model) = names.first()
            {
                return Some(format!("{}/{model}", settings.name));
            }
        }
        None
    }

    /// What a server on this machine has; what keeps it from telling, if the user has set it up.
    async fn of_local(&self, settings: &ProviderSettings, known: &Preset) -> Vec<ModelChoice> {
        match names_of_local(settings, known).await {
            Ok(names) => names.iter().map(|name| choice(settings, name)).collect(),
            Err(why) if settings.is_set_up => vec![ModelChoice {
                name: format!("{}/", settings.name),
                description: known.label.to_owned(),
                unavailable: Some(format!("{} does not answer: {why}", settings.place())),
            }],
            Err(_) => Vec::new(),
        }
    }

    /// Whether the window of a model is large enough for a request.
    fn can_read(&self, name: &str, request: &ModelRequest) -> bool {
        let ModelFacts { context_tokens, output_tokens, .. } = self.facts(name);
        let answer = request.max_output_tokens.min(output_tokens);
        estimate(request) + u64::from(answer) <= context_tokens
    }

    fn unknown(&self, name: &str) -> Failure {
        let guess = self.0.providers.iter().map(|provider| &provider.settings.name);
        let guess = guess.filter(|provider| catalogue::card(provider, name).is_some()).min();
        let what = match (name, guess) {
            ("", _) => "No model is set up".to_owned(),
            (name, Some(provider)) => {
                format!("There is no model `{name}`. Did you mean `{provider}/{name}`?")
            }
            (name, None) => format!("There is no model `{name}`"),
        };
        Failure::lasting(ErrorCode::ModelUnavailable, what, WAYS_OUT)
    }
}

#[async_trait]
impl Model for Models {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        if let Some(file) = script(&request.model) {
            return self.0.scripts.stream(file, &request).await;
        }
        // One that cannot be asked would hide why the first one did not answer.
        let usable = |name: &&String| {
            **name != request.model && self.choice(name).is_some() && self.can_read(name, &request)
        };
        let others = self.0.fallbacks.iter().filter(usable).cloned();
        let chain = self.in_order(std::iter::once(request.model.clone()).chain(others).collect());
        Ok(Attempts::new(self.clone(), request, chain).stream())
    }

    fn choices(&self) -> Vec<ModelChoice> {
        let mut choices: Vec<_> = self.offered().collect();
        if let Some(named) = &self.0.named
            && choices.iter().all(|choice| choice.name != *named)
        {
            choices.splice(0..0, self.choice(named));
        }
        choices
    }

    fn choice(&self, name: &str) -> Option<ModelChoice> {
        if let Some(file) = script(name) {
            return Some(Scripts::choice(file));
        }
        let (provider, model) = self.provider(name)?;
        provider.settings.is_usable().then(|| choice(&provider.settings, model))
    }

    async fn offers(&self) -> Vec<ModelChoice> {
        let mut offers = self.choices();
        let has_none = offers.is_empty();
        for settings in self.0.providers.iter().map(|provider| &provider.settings) {
            let Some(known) = preset(&settings.name) else { continue };
            if known.is_local() && (settings.is_set_up || has_none) {
                offers.extend(self.of_local(settings, known).await);
            } else if !settings.is_usable() {
                let way_out = format!(
                    "there is no key: set {}, or keep one with `coworker auth set {}`",
                    settings.key_source, settings.name
                );
                let known = offered(settings).into_iter().take(1);
                offers.extend(
                    known.map(|it| ModelChoice { unavailable: Some(way_out.clone()), ..it }),
                );
            }
        }
        offers
    }

    fn facts(&self, name: &str) -> ModelFacts {
        if script(name).is_some() {
            return Scripts::FACTS;
        }
        let found = self.provider(name);
        found.map(|(it, model)| it.settings.card(model).facts()).unwrap_or_default()
    }

    fn cost(&self, name: &str, usage: &Usage) -> u64 {
        self.provider(name).map_or(0, |(it, model)| it.settings.card(model).cost(usage))
    }

    fn fast(&self, name: &str) -> String {
        let chosen = self.0.fast.clone();
        let of_provider = || {
            // At another address nobody knows which models there are.
            let known = self.provider(name)?.0.settings.known()?;
            Some(format!("{known}/{}", catalogue::fast(known)?))
        };
        chosen.or_else(of_provider).unwrap_or_else(|| name.to_owned())
    }

    async fn find_default(&self) -> Option<String> {
        match self.default_model() {
            Some(model) => Some(model),
            None => self.local().await,
        }
    }
}

fn script(name: &str) -> Option<&str> {
    name.strip_prefix("script:")
}

/// The models of a provider that are offered without being asked for.
fn offered(settings: &ProviderSettings) -> Vec<ModelChoice> {
    let of_user = settings.models.keys().map(String::as_str);
    let known = catalogue::offered(&settings.name).into_iter().map(|(name, _)| name);
    let mut names: Vec<&str> = Vec::new();
    for name in of_user.chain(known) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names.into_iter().map(|name| choice(settings, name)).collect()
}

fn choice(settings: &ProviderSettings, model: &str) -> ModelChoice {
    let said = settings.card(model).description;
    let description = match said {
        Some(said) => format!("{} {said}", settings.label()),
        None => format!("{} {model}", settings.label()),
    };
    ModelChoice { name: format!("{}/{model}", settings.name), description, unavailable: None }
}

/// The models that a server on this machine says it has, in Ollama's shape or in OpenAI's.
async fn names_of_local(
    settings: &ProviderSettings,
    known: &Preset,
) -> Result<Vec<String>, String> {
    let connection = Connection::make(settings).await?;
    let list = connection.get(known.models_path, LOCAL_PATIENCE).await?;
    let of_ollama = list["models"].as_array().into_iter().flatten().map(|it| &it["name"]);
    let of_others = list["data"].as_array().into_iter().flatten().map(|it| &it["id"]);
    Ok(of_ollama.chain(of_others).filter_map(|name| name.as_str().map(str::to_owned)).collect())
}

/// Puts what the user wants into a body: objects are merged, all else is replaced.
fn merge(body: &mut Value, extra: &Map<String, Value>) {
    let Value::Object(body) = body else { return };
    for (name, value) in extra {
        match (body.get_mut(name), value) {
            (Some(inner @ Value::Object(_)), Value::Object(more)) => merge(inner, more),
            _ => {
                body.insert(name.clone(), value.clone());
            }
        }
    }
}

/// The ways to a model that works, for the end of an error.
const WAYS_OUT: &str = "Set the key of a provider, such as ANTHROPIC_API_KEY or OPENAI_API_KEY, \
     to use its models as `provider/NAME`; start a local server, such as Ollama; or try \
     `coworker demo`, which needs neither.";

#[cfg(test)]
mod tests {
    use futures::StreamExt;

    use super::*;
    use crate::{Key, attempts};

    fn models(model: Option<&str>, key: Option<&str>) -> Models {
        let settings = ProviderSettings {
            key: key.and_then(Key::new),
            is_set_up: key.is_some(),
            ..ProviderSettings::of(preset("anthropic").unwrap())
        };
        Models::new(ModelSettings {
            model: model.map(str::to_owned),
            providers: vec![settings],
            ..ModelSettings::default()
        })
    }

    async fn error(models: &Models, model: &str) -> ModelError {
        let request = ModelRequest { model: model.to_owned(), ..attempts::tests::request() };
        let mut events: Vec<_> = models.stream(request).await.unwrap().collect().await;
        assert_eq!(events.len(), 1, "{events:?}");
        events.remove(0).unwrap_err()
    }

    fn names(models: &Models) -> Vec<String> {
        models.choices().into_iter().map(|choice| choice.name).collect()
    }

    #[tokio::test]
    async fn an_unknown_name_is_told_with_the_ways_out() {
        let models = models(None, Some("sk-1"));
        for name in ["", "gpt", "nowhere/gpt", "anthropic/", "claude-sonnet-5"] {
            let error = error(&models, name).await;
            assert_eq!(error.code, ErrorCode::ModelUnavailable, "{name}");
            for way in [name, "ANTHROPIC_API_KEY", "Ollama", "coworker demo"] {
                assert!(error.message.contains(way), "{}", error.message);
            }
        }
        let error = error(&models, "claude-sonnet-5").await;
        let guess =
            "There is no model `claude-sonnet-5`. Did you mean `anthropic/claude-sonnet-5`? Set";
        assert!(error.message.starts_with(guess), "{}", error.message);
    }

    #[tokio::test]
    async fn without_a_key_there_is_no_provider() {
        let models = models(None, None);
        assert_eq!(models.default_model(), None);
        assert_eq!(names(&models), [""; 0]);
        assert_eq!(models.choice("anthropic/claude-sonnet-5"), None);
        assert_eq!(models.find_default().await, None);
        let error = error(&models, "anthropic/claude-sonnet-5").await;
        assert_eq!(error.code, ErrorCode::ModelUnavailable);
        for way in ["ANTHROPIC_API_KEY", "coworker auth set anthropic", "coworker demo"] {
            assert!(error.message.contains(way), "{}", error.message);
        }
    }

    #[tokio::test]
    async fn with_a_key_there_is_a_default_that_can_be_chosen() {
        let models = models(None, Some("sk-1"));
        let default = models.default_model().unwrap();
        assert!(default.starts_with("anthropic/claude-"), "{default}");
        assert!(names(&models).contains(&default));
        assert_eq!(models.find_default().await, Some(default));
    }

    #[test]
    fn small_work_is_given_to_a_model_that_is_there() {
        let fast = |url_source: &str, fast: Option<&str>| {
            let settings = ProviderSettings {
                url_source: url_source.to_owned(),
                ..ProviderSettings::of(preset("anthropic").unwrap())
            };
            let (providers, fast) = (vec![settings], fast.map(str::to_owned));
            let models = Models::new(ModelSettings { providers, fast, ..ModelSettings::default() });
            models.fast("anthropic/claude-sonnet-5")
        };
        let of_catalogue = fast("", None);
        assert!(of_catalogue.starts_with("anthropic/claude-haiku"), "{of_catalogue}");
        assert_eq!(fast("ANTHROPIC_BASE_URL", None), "anthropic/claude-sonnet-5");
        assert_eq!(fast("ANTHROPIC_BASE_URL", Some("anthropic/small")), "anthropic/small");
    }

    #[test]
    fn the_named_model_is_offered_first_and_once() {
        let named = models(Some("anthropic/claude-next"), Some("sk-1"));
        assert_eq!(names(&named)[0], "anthropic/claude-next");
        let known = models(Some("anthropic/claude-sonnet-5"), Some("sk-1"));
        let is_it = |name: &&String| *name == "anthropic/claude-sonnet-5";
        assert_eq!(names(&known).iter().filter(is_it).count(), 1);
        let unreachable = models(Some("anthropic/claude-next"), None);
        assert_eq!(names(&unreachable), [""; 0]);
    }

    #[test]
    fn a_name_may_have_slashes_of_its_own() {
        let settings = ProviderSettings {
            key: Key::new("sk-1"),
            ..ProviderSettings::of(preset("openrouter").unwrap())
        };
        let providers = vec![settings];
        let models = Models::new(ModelSettings { providers, ..ModelSettings::default() });
        let choice = models.choice("openrouter/moonshotai/kimi-k2").unwrap();
        assert_eq!(choice.name, "openrouter/moonshotai/kimi-k2");
    }

    #[test]
    fn a_script_says_that_it_is_none_of_the_models() {
        let models = models(Some("script:demo.md"), None);
        let choice = &models.choices()[0];
        assert_eq!(choice.name, "script:demo.md");
        assert!(choice.description.contains("A script, not a model"), "{}", choice.description);
    }

    #[test]
    fn no_key_in_debug_output() {
        let models = models(None, Some("sk-secret"));
        assert!(!format!("{models:?}").contains("sk-secret"));
    }
}
