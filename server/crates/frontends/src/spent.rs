//! What a session has used, in a few words: `12k tokens · $0.30`.

use protocol::{Usage, dollars};

/// The words; none before the first answer. The sum is left out where no price is known.
pub(crate) fn spent(usage: &Usage) -> Option<String> {
    let tokens = usage.input_tokens + usage.output_tokens;
    let sum = match usage.cost {
        0 => String::new(),
        cost => format!(" · {}", dollars(cost)),
    };
    (tokens > 0).then(|| format!("{} tokens{sum}", short(tokens)))
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
    fn numbers_are_short() {
        let numbers = [7, 999, 1000, 3350, 12_345, 999_999, 1_250_000].map(short);
        assert_eq!(numbers, ["7", "999", "1.0k", "3.3k", "12k", "999k", "1.2M"]);
    }
}
