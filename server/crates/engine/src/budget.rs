//! Budgets: how many tokens and how much money a turn, a session and a day may take, and the
//! question before it becomes more.
//!
//! What was used is in the journal, and so is each yes: it grants as much again, and a restart
//! changes nothing of it. Prices are the model's business.

use protocol::{
    Approval, ApprovalSubject, BudgetScope, ErrorCode, ErrorInfo, Item, ItemBody, Usage, dollars,
};

use crate::{
    Model, ModelEvent, ModelRequest, Parts, approvals,
    context::{estimate, tokens},
    session::Session,
    turn::{Halt, Turn},
};

/// A day, in milliseconds.
const DAY: u64 = 24 * 60 * 60 * 1000;

/// The most that something may take; 0 stands for any number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Tokens sent and received.
    pub tokens: u64,
    /// Billionths of a US dollar.
    pub cost: u64,
}

/// The budgets there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budgets {
    /// Of one turn.
    pub turn: Budget,
    /// Of one session.
    pub session: Budget,
    /// Of all sessions of a day, which begins at midnight in UTC.
    pub day: Budget,
}

/// The number of the day of a time: days since 1970.
pub(crate) fn day_of(time: u64) -> u64 {
    time / DAY
}

/// Sees to it that a request fits into the budgets, and asks the user where it does not.
///
/// # Errors
/// The user says no, or stops the turn.
pub(crate) async fn check(turn: &Turn, request: &ModelRequest) -> Result<(), Halt> {
    let parts = &turn.shared.parts;
    let Budgets { turn: of_turn, session, day } = parts.settings.budgets;
    let tokens = estimate(request);
    let used = turn.session.look(|state| state.usage);
    let expected = spent(priced(&*parts.model, &request.model, tokens, 0, is_cached(used)));
    let mut checks = vec![
        (BudgetScope::Turn, of_turn, spent(used).without(spent(turn.before))),
        (BudgetScope::Session, session, spent(used)),
    ];
    let mut grants_of_day = 0;
    if day != Budget::default() {
        let today = parts.store.used_on(day_of((parts.clock)())).await;
        let today = today.map_err(|error| Halt::Failed(error.into()))?;
        grants_of_day = today.grants;
        checks.push((BudgetScope::Day, day, spent(today.usage)));
    }
    for (scope, budget, spent) in checks {
        let grants = match scope {
            // A yes to it counts in all sessions.
            BudgetScope::Day => grants_of_day,
            BudgetScope::Turn | BudgetScope::Session => grants(turn, scope),
        };
        let granted = grants.saturating_add(1);
        let limit = budget.times(granted);
        if is_over(limit, spent, expected) {
            let more = more_of(budget, limit, spent, expected);
            ask(turn, scope, budget.times(more), more, limit, spent).await?;
        }
    }
    Ok(())
}

/// Whether a request that nobody asked for fits into what is left to the session and the day, all
/// of its answer counted. What the user has granted beyond a budget was not for such work.
pub(crate) async fn has_room(parts: &Parts, session: &Session, request: &ModelRequest) -> bool {
    let Budgets { session: of_session, day, .. } = parts.settings.budgets;
    let (input_tokens, output_tokens) = (estimate(request), request.max_output_tokens.into());
    let mut expected = Usage { input_tokens, output_tokens, ..Usage::default() };
    expected.cost = parts.model.cost(&request.model, &expected);
    let fits = |budget, used| !is_over(budget, spent(used), spent(expected));
    if !fits(of_session, session.look(|state| state.usage)) {
        return false;
    }
    let today = parts.store.used_on(day_of((parts.clock)()));
    day == Budget::default() || today.await.is_ok_and(|today| fits(day, today.usage))
}

/// Whether the requests of a session are read from a cache of the provider: their full price would
/// be far too much then.
fn is_cached(used: Usage) -> bool {
    used.cached_tokens > 0
}

/// A use that nobody counted, with what it costs.
fn priced(model: &dyn Model, name: &str, input: u64, output: u64, is_cached: bool) -> Usage {
    let (input_tokens, output_tokens) = (input, output);
    let cached_tokens = if is_cached { input } else { 0 };
    let usage = Usage { input_tokens, output_tokens, cached_tokens, ..Usage::default() };
    Usage { cost: model.cost(name, &usage), ..usage }
}

/// Counts what an answer uses for as long as its provider has not told: it tells at the end,
/// which an answer that breaks off or is stopped does not have.
pub(crate) struct Meter {
    model: String,
    request_tokens: u64,
    is_cached: bool,
    /// How much of the answer came, in bytes.
    heard: usize,
    /// What was told of it.
    told: Usage,
}

impl Meter {
    pub(crate) fn of(session: &Session, request: &ModelRequest) -> Self {
        let (model, request_tokens) = (request.model.clone(), estimate(request));
        let is_cached = is_cached(session.look(|state| state.usage));
        Self { model, request_tokens, is_cached, heard: 0, told: Usage::default() }
    }

    pub(crate) fn read(&mut self, event: &ModelEvent) {
        match event {
            ModelEvent::Text(text) | ModelEvent::Reasoning(text) => self.heard += text.len(),
            ModelEvent::ToolCall { arguments, .. } => self.heard += arguments.len(),
            ModelEvent::Usage(usage) => self.told += *usage,
            // Who tells anything has told all by the end.
            ModelEvent::End(_) if self.told != Usage::default() => self.heard = 0,
            _ => {}
        }
    }

    /// An estimate of what was used and not told, at the end of an answer or where it begins
    /// anew; nothing where nothing came.
    pub(crate) fn untold(&mut self, model: &dyn Model) -> Option<Usage> {
        if !model.facts(&self.model).is_metered {
            return None;
        }
        let (heard, told) = (std::mem::take(&mut self.heard), std::mem::take(&mut self.told));
        let input = if told.input_tokens > 0 { 0 } else { self.request_tokens };
        let output = if told.output_tokens > 0 { 0 } else { tokens(heard as u64) };
        let used = || priced(model, &self.model, input, output, self.is_cached);
        (heard > 0 && input + output > 0).then(used)
    }
}

fn spent(usage: Usage) -> Budget {
    Budget { tokens: usage.input_tokens + usage.output_tokens, cost: usage.cost }
}

impl Budget {
    fn times(self, count: u64) -> Self {
        let tokens = self.tokens.saturating_mul(count);
        Self { tokens, cost: self.cost.saturating_mul(count) }
    }

    fn without(self, other: Self) -> Self {
        let tokens = self.tokens.saturating_sub(other.tokens);
        Self { tokens, cost: self.cost.saturating_sub(other.cost) }
    }
}

fn is_over(limit: Budget, spent: Budget, expected: Budget) -> bool {
    let over = |limit: u64, spent: u64, more: u64| limit > 0 && spent.saturating_add(more) > limit;
    over(limit.tokens, spent.tokens, expected.tokens) || over(limit.cost, spent.cost, expected.cost)
}

/// How many budgets more it takes until what is spent and expected is within the limit again.
fn more_of(budget: Budget, limit: Budget, spent: Budget, expected: Budget) -> u64 {
    let more = |budget: u64, limit: u64, spent: u64, expected: u64| match budget {
        0 => 0,
        _ => spent.saturating_add(expected).saturating_sub(limit).div_ceil(budget),
    };
    let tokens = more(budget.tokens, limit.tokens, spent.tokens, expected.tokens);
    tokens.max(more(budget.cost, limit.cost, spent.cost, expected.cost)).max(1)
}

/// How many times more the user granted the budget of this turn, or of the session.
fn grants(turn: &Turn, scope: BudgetScope) -> u64 {
    let granted = |item: &Item| {
        let ItemBody::Approval(Approval { subject, answer, .. }) = &item.body else { return 0 };
        let counts = scope != BudgetScope::Turn || item.turn_id == turn.id;
        let allowed = answer.as_ref().is_some_and(|answer| answer.decision.allows());
        match subject {
            ApprovalSubject::Budget { scope: of, more } if *of == scope && counts && allowed => {
                *more
            }
            _ => 0,
        }
    };
    turn.session.look(|state| state.items.iter().map(granted).fold(0, u64::saturating_add))
}

async fn ask(
    turn: &Turn,
    scope: BudgetScope,
    granted: Budget,
    more: u64,
    limit: Budget,
    spent: Budget,
) -> Result<(), Halt> {
    let what = match scope {
        BudgetScope::Turn => "This turn",
        BudgetScope::Session => "This session",
        BudgetScope::Day => "Today's work",
    };
    let title = format!("{what} has used {} of {}", told(spent, limit), told(limit, limit));
    let why = "The next request to the model would go over your budget.".to_owned();
    let yes = format!("Go on with {} more", told(granted, limit));
    let options = approvals::options(&yes, "Stop", None);
    let subject = ApprovalSubject::Budget { scope, more };
    let asked = Approval { title: title.clone(), subject, why, options, answer: None };
    if approvals::ask(turn, asked).await?.decision.allows() {
        let parts = &turn.shared.parts;
        if scope == BudgetScope::Day
            && let Err(error) = parts.store.grant(day_of((parts.clock)()), more).await
        {
            // The yes is one nevertheless; it is asked again with the next request.
            tracing::warn!(%error, "the yes to the budget of a day was not kept");
        }
        return Ok(());
    }
    let sentence = format!("{title}, so the turn was stopped; send a prompt to be asked again.");
    Err(Halt::Failed(ErrorInfo::new(ErrorCode::BudgetReached, sentence)))
}

/// The numbers of a budget, as far as there is a limit for them.
fn told(numbers: Budget, limit: Budget) -> String {
    let tokens = (limit.tokens > 0).then(|| format!("{} tokens", numbers.tokens));
    let cost = (limit.cost > 0).then(|| dollars(numbers.cost));
    tokens.into_iter().chain(cost).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_of_nothing_is_none() {
        let much = Budget { tokens: u64::MAX, cost: u64::MAX };
        assert!(!is_over(Budget::default(), much, much));
        assert!(is_over(Budget { tokens: 10, cost: 0 }, Budget { tokens: 8, cost: 5 }, much));
        let (limit, spent) = (Budget { tokens: 10, cost: 0 }, Budget { tokens: 8, cost: 5 });
        assert!(!is_over(limit, spent, Budget { tokens: 2, cost: 9 }));
        assert!(is_over(limit, spent, Budget { tokens: 3, cost: 0 }));
    }

    #[test]
    fn a_yes_grants_as_much_as_is_needed() {
        let tokens = |tokens| Budget { tokens, cost: 0 };
        let more = |limit, spent| more_of(tokens(50), tokens(limit), tokens(spent), tokens(10));
        assert_eq!([more(50, 45), more(50, 90), more(50, 91), more(100, 500)], [1, 1, 2, 9]);
        let cost = Budget { tokens: 0, cost: 3 };
        let spent = Budget { tokens: 900, cost: 10 };
        assert_eq!(more_of(cost, cost, spent, Budget::default()), 3);
    }

    #[test]
    fn only_what_is_limited_is_told() {
        let numbers = Budget { tokens: 7, cost: 2_000_000_000 };
        assert_eq!(told(numbers, numbers), "7 tokens and $2.00");
        assert_eq!(told(numbers, Budget { tokens: 9, cost: 0 }), "7 tokens");
    }
}
