//! Budgets: how many tokens and how much money a turn, a session and a day may take, and the
//! question before it becomes more.
//!
//! What was used is in the journal, and so is each yes: it grants as much again, and a restart
//! changes nothing of it. Prices are the model's business.

use protocol::{
    Approval, ApprovalSubject, BudgetScope, ErrorCode, ErrorInfo, Item, ItemBody, Usage, dollars,
};

use crate::{
    ModelRequest, approvals,
    context::estimate,
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
/// `before` is what the session had used when the turn began.
///
/// # Errors
/// The user says no, or stops the turn.
pub(crate) async fn check(turn: &Turn, before: Usage, request: &ModelRequest) -> Result<(), Halt> {
    let parts = &turn.shared.parts;
    let Budgets { turn: of_turn, session, day } = parts.settings.budgets;
    let expected = expected(turn, request);
    let used = turn.session.look(|state| state.usage);
    let mut checks = vec![
        (BudgetScope::Turn, of_turn, spent(used).without(spent(before))),
        (BudgetScope::Session, session, spent(used)),
    ];
    if day != Budget::default() {
        let today = parts.store.used_on(day_of((parts.clock)())).await;
        let today = today.map_err(|error| Halt::Failed(error.into()))?;
        checks.push((BudgetScope::Day, day, spent(today)));
    }
    for (scope, budget, spent) in checks {
        let granted = 1 + turn.session.look(|state| {
            let items = state.items.iter();
            items.filter(|item| grants(item, scope, turn)).count() as u64
        });
        let limit = Budget {
            tokens: budget.tokens.saturating_mul(granted),
            cost: budget.cost.saturating_mul(granted),
        };
        if is_over(limit, spent, expected) {
            ask(turn, scope, budget, limit, spent).await?;
        }
    }
    Ok(())
}

/// What the request itself will take, its answer not counted: that is known when it is there.
fn expected(turn: &Turn, request: &ModelRequest) -> Budget {
    let tokens = estimate(request);
    // Most of it is read from the provider's cache, so its full price would be far too much.
    let usage = Usage { input_tokens: tokens, cached_tokens: tokens, ..Usage::default() };
    Budget { tokens, cost: turn.shared.parts.model.cost(&request.model, &usage) }
}

fn spent(usage: Usage) -> Budget {
    Budget { tokens: usage.input_tokens + usage.output_tokens, cost: usage.cost }
}

impl Budget {
    fn without(self, other: Self) -> Self {
        let tokens = self.tokens.saturating_sub(other.tokens);
        Self { tokens, cost: self.cost.saturating_sub(other.cost) }
    }
}

fn is_over(limit: Budget, spent: Budget, expected: Budget) -> bool {
    let over = |limit: u64, spent: u64, more: u64| limit > 0 && spent.saturating_add(more) > limit;
    over(limit.tokens, spent.tokens, expected.tokens) || over(limit.cost, spent.cost, expected.cost)
}

/// Whether this is a yes to a question about this budget, for as long as it counts.
fn grants(item: &Item, scope: BudgetScope, turn: &Turn) -> bool {
    let ItemBody::Approval(approval) = &item.body else { return false };
    let is_of_scope =
        matches!(approval.subject, ApprovalSubject::Budget { scope: asked } if asked == scope);
    let counts = match scope {
        BudgetScope::Turn => item.turn_id == turn.id,
        BudgetScope::Session => true,
        BudgetScope::Day => day_of(item.at) == day_of((turn.shared.parts.clock)()),
    };
    let allowed = approval.answer.as_ref().is_some_and(|answer| answer.decision.allows());
    is_of_scope && counts && allowed
}

async fn ask(
    turn: &Turn,
    scope: BudgetScope,
    budget: Budget,
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
    let yes = format!("Go on with {} more", told(budget, limit));
    let options = approvals::options(&yes, "Stop", None);
    let subject = ApprovalSubject::Budget { scope };
    let asked = Approval { title: title.clone(), subject, why, options, answer: None };
    if approvals::ask(turn, asked).await?.decision.allows() {
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
    fn only_what_is_limited_is_told() {
        let numbers = Budget { tokens: 7, cost: 2_000_000_000 };
        assert_eq!(told(numbers, numbers), "7 tokens and $2.00");
        assert_eq!(told(numbers, Budget { tokens: 9, cost: 0 }), "7 tokens");
    }
}
