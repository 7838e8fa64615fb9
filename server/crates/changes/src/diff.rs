//! Differences between two texts, as replacements and as a diff for people.
//!
//! It finds a difference; it does not know which text was meant to win. [`diff`] is what edits
//! are made from. `fine` takes the same apart down to characters, for questions about which text
//! came from where.

use std::ops::Range;

use protocol::Replacement;
use similar::{Algorithm, DiffOp, TextDiff, capture_diff_slices};

/// Stretches with more characters than this are not compared character by character: a change
/// of that size is one change for everybody.
const FINE_LIMIT: usize = 20_000;

/// The replacements that turn `before` into `after`: as few lines as possible, and within one line
/// only what differs from the first to the last character. Several lines are whole, so that a
/// line which somebody types between them is one without them, too. None cuts a CRLF of `before`.
pub fn diff(before: &str, after: &str) -> Vec<Replacement> {
    changed_lines(before, after).into_iter().map(|lines| lines.replacement(before, after)).collect()
}

/// The difference as a unified diff with three lines of context; empty if there is none.
///
/// Without `before` the file is shown as new; an empty file that exists is not.
pub fn unified(label: &str, before: Option<&str>, after: &str) -> String {
    let old = if before.is_none() { "/dev/null".to_owned() } else { format!("a/{label}") };
    TextDiff::from_lines(before.unwrap_or_default(), after)
        .unified_diff()
        .context_radius(3)
        .header(&old, &format!("b/{label}"))
        .to_string()
}

/// As [`diff`], but with what is equal between two differences inside of lines left alone.
pub(crate) fn fine(before: &str, after: &str) -> Vec<Replacement> {
    fine_of(&changed_lines(before, after), before, after)
}

/// The same for runs of lines that are known to differ.
pub(crate) fn fine_of(changed: &[Stretch], before: &str, after: &str) -> Vec<Replacement> {
    changed
        .iter()
        .flat_map(|lines| {
            let whole = lines.trimmed(before, after);
            let old = &before[whole.start..whole.end];
            if old.len() + whole.text.len() > FINE_LIMIT || old.is_empty() || whole.text.is_empty()
            {
                return vec![whole];
            }
            changed_chars(old, &whole.text, whole.start)
        })
        .collect()
}

/// How many bytes have to go or come to get from one text to another.
pub(crate) fn distance(from: &str, to: &str) -> usize {
    fine(from, to).iter().map(|change| change.end - change.start + change.text.len()).sum()
}

/// How many lines two texts have in common, in the same order.
pub(crate) fn common_lines(one: &str, other: &str) -> usize {
    let diff = TextDiff::from_lines(one, other);
    let equal = diff.ops().iter().filter(|op| matches!(op, DiffOp::Equal { .. }));
    equal.map(|op| op.old_range().len()).sum()
}

/// A run of lines that differ: where it stands in both texts, in bytes.
pub(crate) struct Stretch {
    pub(crate) old: Range<usize>,
    pub(crate) new: Range<usize>,
}

impl Stretch {
    /// The lines as they are replaced, or what differs within one.
    fn replacement(&self, before: &str, after: &str) -> Replacement {
        let trimmed = self.trimmed(before, after);
        let is_one = |lines: &str| lines.split_inclusive('\n').count() < 2;
        let is_in_line = is_one(&before[self.old.clone()]) && is_one(&after[self.new.clone()]);
        // Behind a last line without a break, lines are added, and it stays.
        let is_at_end = trimmed.start == before.len();
        if is_in_line || is_at_end {
            return trimmed;
        }
        let text = after[self.new.clone()].to_owned();
        Replacement { start: self.old.start, end: self.old.end, text }
    }

    /// The replacement without the characters that are equal at both ends.
    fn trimmed(&self, before: &str, after: &str) -> Replacement {
        let (old, new) = (&before[self.old.clone()], &after[self.new.clone()]);
        let equal = |(a, b): &(char, char)| a == b;
        let front = old.chars().zip(new.chars()).take_while(equal);
        let mut front: usize = front.map(|(char, _)| char.len_utf8()).sum();
        // No client has a position between CR and LF.
        if splits_crlf(before, self.old.start + front) {
            front -= 1;
        }
        let back = old[front..].chars().rev().zip(new[front..].chars().rev()).take_while(equal);
        let mut back: usize = back.map(|(char, _)| char.len_utf8()).sum();
        if splits_crlf(before, self.old.end - back) {
            back -= 1;
        }
        Replacement {
            start: self.old.start + front,
            end: self.old.end - back,
            text: new[front..new.len() - back].to_owned(),
        }
    }
}

fn splits_crlf(text: &str, at: usize) -> bool {
    at > 0 && text.as_bytes().get(at - 1..=at) == Some(b"\r\n".as_slice())
}

/// The runs of lines that differ, in order.
pub(crate) fn changed_lines(before: &str, after: &str) -> Vec<Stretch> {
    let diff = TextDiff::from_lines(before, after);
    let old = offsets(diff.iter_old_slices().map(str::len));
    let new = offsets(diff.iter_new_slices().map(str::len));
    changed(diff.ops())
        .into_iter()
        .map(|(lines, others)| Stretch {
            old: old[lines.start]..old[lines.end],
            new: new[others.start]..new[others.end],
        })
        .collect()
}

fn changed_chars(old: &str, new: &str, base: usize) -> Vec<Replacement> {
    let (old, new): (Vec<char>, Vec<char>) = (old.chars().collect(), new.chars().collect());
    let ops = capture_diff_slices(Algorithm::Myers, &old, &new);
    let bytes = offsets(old.iter().map(|char| char.len_utf8()));
    changed(&ops)
        .into_iter()
        .map(|(gone, come)| Replacement {
            start: base + bytes[gone.start],
            end: base + bytes[gone.end],
            text: new[come].iter().collect(),
        })
        .collect()
}

/// Where each part begins, and where the last one ends.
fn offsets(lengths: impl Iterator<Item = usize>) -> Vec<usize> {
    let mut offsets = vec![0];
    let mut end = 0;
    offsets.extend(lengths.map(|length| {
        end += length;
        end
    }));
    offsets
}

/// The runs of old and new parts between equal ones.
pub(crate) fn changed(ops: &[DiffOp]) -> Vec<(Range<usize>, Range<usize>)> {
    let mut runs: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for op in ops {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        let (old, new) = (op.old_range(), op.new_range());
        match runs.last_mut() {
            Some(last) if last.0.end == old.start && last.1.end == new.start => {
                last.0.end = old.end;
                last.1.end = new.end;
            }
            _ => runs.push((old, new)),
        }
    }
    runs
}

#[cfg(test)]
mod tests;
