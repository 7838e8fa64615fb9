//! The router: finds the model that a request names.
//!
//! A name is `provider/name`, or `script:FILE`. The first part chooses the wire, the rest is the
//! wire's business. A further provider is one field in [`ModelSettings`], one in [`Models`] and
//! one arm in `stream`.

use async_trait::async_trait;
use engine::{Model, ModelChoice, ModelError, ModelRequest, ModelStream};
use protocol::ErrorCode;

use crate::anthropic::{Anthropic, AnthropicSettings};
use crate::script::Scripts;

/// How the models are reached. Plain values: who reads files and the environment fills them in.
#[derive(Clone, Debug, Default)]
pub struct ModelSettings {
    /// The model the user has named, so that it is offered although no list here knows it.
    pub model: Option<String>,
    /// How Anthropic is reached.
    pub anthropic: AnthropicSettings,
}

/// Every model there is, behind one [`Model`].
#[derive(Debug)]
pub struct Models {
    named: Option<String>,
    anthropic: Anthropic,
    scripts: Scripts,
}

impl Models {
    /// The models that these settings reach. Opens no file and no connection.
    pub fn new(settings: ModelSettings) -> Self {
        Self {
            named: settings.model,
            anthropic: Anthropic::new(settings.anthropic),
            scripts: Scripts::default(),
        }
    }

    /// The model to use when the user has named none; none if no provider has a key.
    pub fn default_model(&self) -> Option<String> {
        self.anthropic.choices().first().map(|choice| choice.name.clone())
    }
}

#[async_trait]
impl Model for Models {
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError> {
        match Name::parse(&request.model) {
            Some(Name::Script(file)) => self.scripts.stream(file, &request).await,
            Some(Name::Anthropic(name)) => self.anthropic.stream(name, &request).await,
            None => Err(unknown(&request.model)),
        }
    }

    fn choices(&self) -> Vec<ModelChoice> {
        let mut choices = self.anthropic.choices();
        if let Some(named) = &self.named
            && choices.iter().all(|choice| choice.name != *named)
        {
            choices.splice(0..0, self.choice(named));
        }
        choices
    }

    fn choice(&self, name: &str) -> Option<ModelChoice> {
        match Name::parse(name)? {
            Name::Script(file) => Some(Scripts::choice(file)),
            Name::Anthropic(model) => self.anthropic.choice(model),
        }
    }
}

/// A model's name, taken apart.
enum Name<'a> {
    Script(&'a str),
    Anthropic(&'a str),
}

impl<'a> Name<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        if let Some(file) = name.strip_prefix("script:") {
            return Some(Self::Script(file));
        }
        match name.split_once('/')? {
            ("anthropic", model) if !model.is_empty() => Some(Self::Anthropic(model)),
            _ => None,
        }
    }
}

/// The ways to a model that works, for the end of an error.
pub(crate) const WAYS_OUT: &str = "Set ANTHROPIC_API_KEY to use Anthropic's models as \
     `anthropic/NAME`, play a script with `--model script:FILE`, or try `coworker demo`, which \
     needs no key.";

fn unknown(name: &str) -> ModelError {
    let what = match name {
        "" => "No model is set up.".to_owned(),
        name if name.starts_with("claude") => {
            format!("There is no model `{name}`. Did you mean `anthropic/{name}`?")
        }
        name => format!("There is no model `{name}`."),
    };
    ModelError::new(ErrorCode::ModelUnavailable, format!("{what} {WAYS_OUT}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    fn models(model: Option<&str>, key: Option<&str>) -> Models {
        Models::new(ModelSettings {
            model: model.map(str::to_owned),
            anthropic: AnthropicSettings { key: key.and_then(Key::new), base_url: None },
        })
    }

    async fn error(models: &Models, model: &str) -> ModelError {
        let request = ModelRequest {
            model: model.to_owned(),
            system: String::new(),
            tools: Vec::new(),
            messages: Vec::new(),
            max_output_tokens: 1000,
        };
        models.stream(request).await.err().unwrap()
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
            for way in [name, "ANTHROPIC_API_KEY", "--model script:FILE", "coworker demo"] {
                assert!(error.message.contains(way), "{}", error.message);
            }
        }
        let error = error(&models, "claude-sonnet-5").await;
        assert!(error.message.contains("Did you mean `anthropic/claude-sonnet-5`?"));
    }

    #[tokio::test]
    async fn without_a_key_there_is_no_provider() {
        let models = models(None, None);
        assert_eq!(models.default_model(), None);
        assert_eq!(names(&models), [""; 0]);
        let error = error(&models, "anthropic/claude-sonnet-5").await;
        assert_eq!(error.code, ErrorCode::ModelUnavailable);
        assert!(error.message.contains("ANTHROPIC_API_KEY"), "{}", error.message);
        assert!(error.message.contains("coworker demo"), "{}", error.message);
    }

    #[test]
    fn with_a_key_there_is_a_default_that_can_be_chosen() {
        let models = models(None, Some("sk-1"));
        let default = models.default_model().unwrap();
        assert!(default.starts_with("anthropic/claude-"), "{default}");
        assert!(names(&models).contains(&default));
    }

    #[test]
    fn the_named_model_is_offered_first_and_once() {
        let named = models(Some("anthropic/claude-next"), Some("sk-1"));
        assert_eq!(names(&named)[0], "anthropic/claude-next");
        let known = models(Some("anthropic/claude-opus-5"), Some("sk-1"));
        assert_eq!(names(&known).iter().filter(|name| name.contains("opus")).count(), 1);
        let unreachable = models(Some("anthropic/claude-next"), None);
        assert_eq!(names(&unreachable), [""; 0]);
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
