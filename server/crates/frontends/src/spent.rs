//! What a turn and its session have used, in a few words: `3.2k of 12k tokens · $0.02 of $0.30`.

use protocol::{Usage, dollars};

/// The words; none before the first answer. `before` is what the session had used when the turn
/// began, if that is known. The sum is left out where no price is known.
pub(crate) fn spent(usage: &Usage, before: Option<&Usage>) -> Option<String> {
    let tokens = |usage: &Usage| usage.input_tokens + usage.output_tokens;
    let before = before.filter(|before| tokens(before) > 0);
    let of_turn = |now: u64, then: fn(&Usage) -> u64, shown: fn(u64) -> String| {
        let turn = before.map(|before| shown(now.saturating_sub(then(before))) + " of ");
        turn.unwrap_or_default() + &shown(now)
    };
    let sum = match usage.cost {
        0 => String::new(),
        cost => " · ".to_owned() + &of_turn(cost, |it| it.cost, dollars),
    };
    (tokens(usage) > 0).then(|| format!("{} tokens{sum}", of_turn(tokens(usage), tokens, short)))
}

/// A number in few characters.
pub(crate) fn short(number: u64) -> String {
    let tenths = |unit: u64| format!("{}.{}", number / unit, number % unit * 10 / unit);
    match number {
        0..1000 => number.to_string(),
        1000..10_000 => tenths(1000) + "k",
        10_000..1_000_000 => format!("{}k", number / 1000),
        _ => tenths(1_000_000) + "M",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_turn_is_told_with_its_session() {
        let used = |input_tokens, cost| Usage { input_tokens, cost, ..Usage::default() };
        let told = |usage: &Usage, before| spent(usage, before).unwrap();
        let (now, nothing) = (used(12_345, 300_000_000), Usage::default());
        assert_eq!(told(&now, None), "12k tokens · $0.30");
        assert_eq!(told(&now, Some(&nothing)), "12k tokens · $0.30");
        let before = used(9000, 250_000_000);
        assert_eq!(told(&now, Some(&before)), "3.3k of 12k tokens · $0.05 of $0.30");
        assert_eq!(told(&used(9000, 0), Some(&used(9000, 0))), "0 of 9.0k tokens");
        assert_eq!(spent(&nothing, None), None);
    }

    #[test]
    fn numbers_are_short() {
        let numbers = [7, 999, 1000, 3350, 12_345, 999_999, 1_250_000].map(short);
        assert_eq!(numbers, ["7", "999", "1.0k", "3.3k", "12k", "999k", "1.2M"]);
    }
}
