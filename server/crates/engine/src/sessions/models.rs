//! What front ends ask about models.

use super::Sessions;
use crate::{Model, ModelChoice};

impl Sessions {
    /// The models that there are to choose from, `current` among them if it can be reached; of
    /// those that cannot, why.
    pub async fn models(&self, current: &str) -> Vec<ModelChoice> {
        let model = self.shared.parts.model.as_ref();
        with(model, model.offers().await, current)
    }

    /// The models that are known without asking anybody, `current` among them if it can be
    /// reached.
    pub fn known_models(&self, current: &str) -> Vec<ModelChoice> {
        let model = self.shared.parts.model.as_ref();
        with(model, model.choices(), current)
    }

    /// How many tokens a request to this model and its answer may have together.
    pub fn context_tokens(&self, model: &str) -> u64 {
        self.shared.parts.model.facts(model).context_tokens
    }
}

fn with(model: &dyn Model, mut choices: Vec<ModelChoice>, current: &str) -> Vec<ModelChoice> {
    if choices.iter().all(|choice| choice.name != current) {
        choices.extend(model.choice(current));
    }
    choices
}
