//! Steps from one text to the next, as editors tell them: what they really change, where, and the
//! way back. They know no hunks.

use std::ops::Range;

use protocol::Replacement;
use ropey::Rope;

/// A step as what it really changes: not all that an editor sends again was written again.
pub(super) fn refined(step: &[Replacement], text: &Rope) -> Vec<Replacement> {
    // Beside others it stays where it is: it could get past them.
    if let [one] = step
        && one.start == one.end
    {
        return vec![changes::whole_lines(text, one)];
    }
    let parts = step.iter().flat_map(|one| {
        let old = text.get_byte_slice(one.start..one.end).map(String::from).unwrap_or_default();
        if old.is_empty() || one.text.is_empty() {
            return vec![one.clone()];
        }
        // Neovim sends the line break before the lines that it puts in.
        match one.text.strip_prefix(&old) {
            Some(put_in) if step.len() == 1 && matches!(&*old, "\n" | "\r\n") => {
                vec![Replacement { start: one.end, end: one.end, text: put_in.to_owned() }]
            }
            _ => changes::refined(&old, &one.text, one.start),
        }
    });
    parts.collect()
}

/// Steps from a text as those that lead back to it, if they fit.
pub(in crate::ledger) fn back(
    text: &Rope,
    steps: &[Vec<Replacement>],
) -> Option<Vec<Vec<Replacement>>> {
    let mut text = text.clone();
    let mut back = Vec::new();
    for step in steps {
        let (mut put, mut taken) = (0, 0);
        let mut ones = Vec::new();
        for one in step {
            let start = one.start + put - taken;
            let old = text.get_byte_slice(one.start..one.end)?.to_string();
            put += one.text.len();
            taken += old.len();
            ones.push(Replacement { start, end: start + one.text.len(), text: old });
        }
        text = changes::apply_to(&text, step).ok()?;
        back.push(ones);
    }
    back.reverse();
    Some(back)
}

/// The stretch of a text of so many bytes that steps change; none if there are no steps.
pub(super) fn place_of(steps: &[Vec<Replacement>], bytes: usize) -> Option<Range<usize>> {
    let (mut start, mut behind, mut length) = (usize::MAX, usize::MAX, bytes);
    for step in steps {
        let (first, last) = (step.first()?, step.last()?);
        start = start.min(first.start);
        behind = behind.min(length.checked_sub(last.end)?);
        let taken: usize = step.iter().map(|one| one.end - one.start).sum();
        let put: usize = step.iter().map(|one| one.text.len()).sum();
        length = length.checked_sub(taken)? + put;
    }
    (!steps.is_empty()).then(|| start.min(bytes)..bytes.saturating_sub(behind).max(start))
}
