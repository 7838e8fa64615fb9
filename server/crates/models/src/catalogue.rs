//! The catalogue: what is known of models, from one data file with a date.
//!
//! A model that is not in it works with safe assumptions, and what the user says of one counts
//! more. Nothing is ever downloaded.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use engine::ModelFacts;
use protocol::Usage;
use serde::Deserialize;

use crate::provider::preset;

/// The file.
const FILE: &str = include_str!("../catalogue.toml");

static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| {
    // A test reads the file; one that cannot be read knows nothing.
    toml::from_str(FILE).unwrap_or_default()
});

/// What is known of one model. Counts are of tokens, prices in US dollars for a million of them.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Card {
    /// How much a request and its answer may have together.
    pub context: Option<u64>,
    /// How much an answer may have.
    pub output: Option<u32>,
    /// The price of what is sent.
    pub input_price: Option<f64>,
    /// The price of what the answer has, reasoning included.
    pub output_price: Option<f64>,
    /// The price of what is read from the cache; without one, that of what is sent.
    pub cached_price: Option<f64>,
    /// The price of what is written to the cache; without one, that of what is sent.
    pub cache_write_price: Option<f64>,
    /// Whether it reads pictures.
    pub images: Option<bool>,
    /// Whether it reasons before it answers, where it has to be asked to.
    pub reasoning: Option<bool>,
    /// What it is, in a line.
    pub description: Option<String>,
    /// Whether it is the quick and cheap one of its provider.
    pub fast: bool,
    /// Whether it is offered without being asked for.
    pub offered: bool,
}

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Catalogue {
    /// The day the prices were looked up.
    date: String,
    /// By provider, then by the beginning of the model's name.
    models: BTreeMap<String, BTreeMap<String, Card>>,
}

/// The day the catalogue is of, as `2026-11-22`.
#[must_use]
pub fn date() -> &'static str {
    &CATALOGUE.date
}

/// The card of a model: the one with the longest name that begins its name.
pub(crate) fn card(provider: &str, model: &str) -> Option<&'static Card> {
    let known = CATALOGUE.models.get(provider)?.iter();
    let fitting = known.filter(|(name, _)| model.starts_with(name.as_str()));
    fitting.max_by_key(|(name, _)| name.len()).map(|(_, card)| card)
}

/// The models of a provider that are offered without being asked for, the default first.
pub(crate) fn offered(provider: &str) -> Vec<(&'static str, &'static Card)> {
    let known = CATALOGUE.models.get(provider).into_iter().flatten();
    let mut offered: Vec<_> =
        known.map(|(name, card)| (name.as_str(), card)).filter(|(_, card)| card.offered).collect();
    let default = preset(provider).map_or("", |preset| preset.default_model);
    offered.sort_by_key(|(name, card)| (*name != default, card.fast));
    offered
}

/// The quick and cheap model of a provider.
pub(crate) fn fast(provider: &str) -> Option<&'static str> {
    let known = CATALOGUE.models.get(provider)?.iter();
    known.filter(|(_, card)| card.fast).map(|(name, _)| name.as_str()).next()
}

impl Card {
    /// This card, with what another says where that says something.
    pub(crate) fn with(&self, other: &Self) -> Self {
        Self {
            context: other.context.or(self.context),
            output: other.output.or(self.output),
            input_price: other.input_price.or(self.input_price),
            output_price: other.output_price.or(self.output_price),
            cached_price: other.cached_price.or(self.cached_price),
            cache_write_price: other.cache_write_price.or(self.cache_write_price),
            images: other.images.or(self.images),
            reasoning: other.reasoning.or(self.reasoning),
            description: other.description.clone().or_else(|| self.description.clone()),
            fast: other.fast || self.fast,
            offered: other.offered || self.offered,
        }
    }

    /// What the engine has to know; what is not known is assumed to be little.
    pub(crate) fn facts(&self) -> ModelFacts {
        let assumed = ModelFacts::default();
        ModelFacts {
            context_tokens: self.context.unwrap_or(assumed.context_tokens),
            output_tokens: self.output.unwrap_or(assumed.output_tokens),
            images: self.images.unwrap_or(assumed.images),
            ..assumed
        }
    }

    /// What this use costs, in billionths of a US dollar; 0 where no price is known.
    pub(crate) fn cost(&self, usage: &Usage) -> u64 {
        let input = self.input_price.unwrap_or(0.0);
        let fresh = usage
            .input_tokens
            .saturating_sub(usage.cached_tokens)
            .saturating_sub(usage.cache_written_tokens);
        let dollars_of_millions = [
            (fresh, input),
            (usage.cached_tokens, self.cached_price.unwrap_or(input)),
            (usage.cache_written_tokens, self.cache_write_price.unwrap_or(input)),
            (usage.output_tokens, self.output_price.unwrap_or(0.0)),
        ];
        let cost =
            dollars_of_millions.iter().map(|(count, price)| *count as f64 * price).sum::<f64>();
        (cost * 1000.0).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_can_be_read_and_is_of_a_day() {
        let catalogue: Catalogue = toml::from_str(FILE).unwrap();
        let digits = catalogue.date.split('-').map(str::len).collect::<Vec<_>>();
        assert_eq!(digits, [4, 2, 2], "{}", date());
        for (provider, models) in &catalogue.models {
            let default = crate::preset(provider).unwrap().default_model;
            let card = models.get(default);
            assert!(default.is_empty() || card.is_some_and(|card| card.offered), "{provider}");
            let fast = models.values().filter(|card| card.fast).count();
            assert!(fast <= 1, "{provider} has {fast} quick ones");
        }
    }

    #[test]
    fn the_default_is_offered_first() {
        let (name, first) = offered("anthropic")[0];
        assert_eq!(name, crate::preset("anthropic").unwrap().default_model);
        assert!(!first.fast);
        assert!(offered("nobody").is_empty());
    }

    #[test]
    fn a_model_is_known_by_the_beginning_of_its_name() {
        assert!(card("anthropic", "claude-sonnet-5-20260901").is_some());
        assert!(card("anthropic", "claude").is_none());
        assert!(card("nobody", "claude-sonnet-5").is_none());
    }

    #[test]
    fn a_use_costs_what_each_of_its_parts_costs() {
        let usage = Usage {
            input_tokens: 1_000_000,
            cached_tokens: 600_000,
            cache_written_tokens: 300_000,
            output_tokens: 10_000,
            cost: 0,
        };
        let card = Card {
            input_price: Some(3.0),
            output_price: Some(15.0),
            cached_price: Some(0.3),
            cache_write_price: Some(3.75),
            ..Card::default()
        };
        // In dollars: 0.30 + 0.18 + 1.125 + 0.15.
        assert_eq!(card.cost(&usage), 1_755_000_000);
        let plain = Card { cached_price: None, cache_write_price: None, ..card };
        // In dollars: 3.00 + 0.15.
        assert_eq!(plain.cost(&usage), 3_150_000_000);
        assert_eq!(Card::default().cost(&usage), 0);
    }

    #[test]
    fn what_the_user_says_counts_more() {
        let known =
            Card { context: Some(1), output: Some(2), images: Some(true), ..Card::default() };
        let said = Card { context: Some(9), images: Some(false), ..Card::default() };
        let facts = known.with(&said).facts();
        assert_eq!((facts.context_tokens, facts.output_tokens, facts.images), (9, 2, false));
    }
}
