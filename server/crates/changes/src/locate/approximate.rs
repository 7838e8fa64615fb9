//! The place that is nearest, where the text around the change, or the changed line itself, is no
//! longer what the model quotes.
//!
//! Lines that say the same are the anchors. From each the old text is laid along the text, and
//! what comes out is weighed: one place has to fit well, and no other nearly as well. All work is
//! bounded; a text that asks for more has no such place.

use std::collections::HashMap;

use super::fit::{Pair, best_pairs};
use super::lines::{Lines, Sameness, UNKNOWN, numbered, plain};
use super::merge::alike;

/// A longer old text is found exactly or not at all.
const MOST_LINES: usize = 200;
/// A line that is in the text more often says nothing of the place.
const MOST_TIMES: usize = 64;
/// Comparisons of line numbers for all anchors together.
const MOST_STEPS: usize = 4_000_000;
/// Places that are looked at closely.
const MOST_PLACES: usize = 12;
/// How many lines may have come or gone in between.
const SLACK: usize = 4;
/// How many lines may have come between a line that is to change and the one beside it.
const FEW: usize = 2;
/// What must fit at least, of 1.
const ENOUGH: f32 = 0.5;
/// What must be there unchanged at least, of 1.
const UNCHANGED: f32 = 0.3;
/// How much better than all others the place must be.
const CLEARLY: f32 = 0.2;
/// How alike a line must be to the one that is to be changed.
const SAME_LINE: f32 = 0.6;

/// The old lines with what stands for them in a text.
type Pairs = Vec<Option<Pair>>;

/// Where an old text may belong.
pub(super) struct Approximate<'a> {
    pub(super) text: &'a Lines<'a>,
    pub(super) old: &'a Lines<'a>,
    /// The old lines that are to change.
    pub(super) changed: Vec<usize>,
    /// The old lines beside which new ones come.
    pub(super) beside: Vec<usize>,
}

/// What was found.
pub(super) enum Found {
    Nothing,
    One(Pairs),
    /// The first lines of places that fit about as well.
    Several(Vec<usize>),
}

struct Candidate {
    pairs: Pairs,
    /// How much of the old text is there, of 1; changed lines count for less.
    score: f32,
    /// How much of it is there unchanged.
    unchanged: f32,
    /// How much of the lines around the change is there unchanged.
    around: f32,
}

impl Approximate<'_> {
    /// The one place that fits. `is_allowed` says which lines of the text count.
    pub(super) fn found(&self, is_allowed: impl Fn(usize) -> bool) -> Found {
        let old = self.old.filled();
        if old.is_empty() || old.len() > MOST_LINES {
            return Found::Nothing;
        }
        let text = self.text.filled();
        let mut candidates: Vec<Candidate> = self
            .laid_along(&old, &text)
            .into_iter()
            .map(|pairs| self.weighed(pairs, &old, &text))
            .filter(|candidate| self.counts(&candidate.pairs, &is_allowed))
            .collect();
        candidates.sort_by(|one, other| other.score.total_cmp(&one.score));
        let mut places: Vec<&Candidate> = Vec::new();
        for candidate in &candidates {
            if places.iter().all(|place| self.place(&place.pairs) != self.place(&candidate.pairs)) {
                places.push(candidate);
            }
        }
        let Some(best) = places.first() else { return Found::Nothing };
        if best.score < ENOUGH
            || best.unchanged < UNCHANGED
            || !self.is_recognised(&best.pairs, &old, &text)
        {
            return Found::Nothing;
        }
        let mut as_good: Vec<usize> = places
            .iter()
            // Where the lines around are better, the change itself may be gone.
            .filter(|place| {
                let is_better_around = place.around > best.around && place.around >= ENOUGH;
                place.score > best.score - CLEARLY || is_better_around
            })
            .filter_map(|place| self.place(&place.pairs).into_iter().flatten().next())
            .collect();
        if as_good.len() > 1 {
            as_good.sort_unstable();
            as_good.dedup();
            return Found::Several(as_good);
        }
        Found::One(best.pairs.clone())
    }

    /// Where the lines that matter are; for one that is not there, where it would be.
    fn place(&self, pairs: &Pairs) -> Vec<Option<usize>> {
        let at = |line: usize| {
            let before = pairs[..=line].iter().rev().flatten().next();
            before.or_else(|| pairs[line..].iter().flatten().next()).map(|pair| pair.line)
        };
        self.changed.iter().chain(&self.beside).map(|&line| at(line)).collect()
    }

    fn counts(&self, pairs: &Pairs, is_allowed: impl Fn(usize) -> bool) -> bool {
        self.place(pairs).into_iter().flatten().all(is_allowed)
    }

    /// Whether the lines that are to change are the same lines still: like them, and right beside
    /// those beside which they were.
    fn is_recognised(&self, pairs: &Pairs, old: &[usize], text: &[usize]) -> bool {
        let place = |at: usize| pairs[old[at]].and_then(|pair| text.binary_search(&pair.line).ok());
        let is_changed = |at: &usize| self.changed.binary_search(&old[*at]).is_ok();
        let mut at = 0;
        while at < old.len() {
            let run: Vec<usize> = (at..old.len()).take_while(is_changed).collect();
            let (Some(&first), Some(&last)) = (run.first(), run.last()) else {
                at += 1;
                continue;
            };
            at = last + 1;
            let (Some(start), Some(end)) = (place(first), place(last)) else { continue };
            // The nearest lines that are there, and how many lines came in between.
            let before = (0..first).rev().find_map(|at| Some((at, start - place(at)? - 1)));
            let behind = (last + 1..old.len()).find_map(|at| Some((at, place(at)? - end - 1)));
            let was_changed = run.iter().any(|&at| pairs[old[at]].is_some_and(|pair| !pair.same));
            let is_beside = |at: usize, neighbour: Option<(usize, usize)>| {
                neighbour.is_some_and(|neighbour| neighbour == (at, 0))
            };
            // A bracket alone is near many lines.
            let is_near = |neighbour: Option<(usize, usize)>| {
                neighbour.is_some_and(|(at, between)| {
                    between <= FEW && says_something(self.old.get(old[at]))
                })
            };
            let is_between = (first == 0 || is_beside(first - 1, before))
                && (last + 1 == old.len() || is_beside(last + 1, behind));
            let is_there = is_between || !was_changed && (is_near(before) || is_near(behind));
            let mut others = run.iter().filter_map(|&at| Some((old[at], pairs[old[at]]?.line)));
            let is_like =
                |(line, place)| alike(self.old.get(line), self.text.get(place)) >= SAME_LINE;
            if !is_there || !others.all(is_like) {
                return false;
            }
        }
        true
    }

    /// The old lines laid along the text from each anchor, best first.
    fn laid_along(&self, old: &[usize], text: &[usize]) -> Vec<Pairs> {
        let numbers = numbered(
            old.iter().map(|&line| self.old.get(line)),
            text.iter().map(|&line| self.text.get(line)),
            Sameness::Typography,
        );
        let steps = old.len() * (old.len() + SLACK);
        let mut laid: Vec<(f32, Vec<Option<usize>>)> = Vec::new();
        let weights: Vec<f32> = old.iter().map(|&line| weight(self.old.get(line))).collect();
        for (at, place) in
            anchors(&numbers.pattern, &numbers.text, &weights).into_iter().take(MOST_STEPS / steps)
        {
            let run = Run { old: &numbers.pattern, text: &numbers.text, weights: &weights };
            let (score, pairs) = run.through(at, place);
            if laid.iter().all(|(_, known)| *known != pairs) {
                laid.push((score, pairs));
            }
        }
        laid.sort_by(|one, other| other.0.total_cmp(&one.0));
        laid.truncate(MOST_PLACES);
        let full = |pairs: Vec<Option<usize>>| self.with_changed_lines(old, text, &pairs);
        laid.into_iter().map(|(_, pairs)| full(pairs)).collect()
    }

    /// The pairs with lines that have been changed, where they stand between known ones.
    fn with_changed_lines(&self, old: &[usize], text: &[usize], known: &[Option<usize>]) -> Pairs {
        let mut pairs: Pairs = vec![None; self.old.len()];
        let mut fixed: Vec<(usize, usize)> = Vec::new();
        for (at, place) in known.iter().enumerate() {
            if let Some(place) = *place {
                pairs[old[at]] = Some(Pair { line: text[place], same: true });
                fixed.push((at, place));
            }
        }
        let (Some(&first), Some(&last)) = (fixed.first(), fixed.last()) else { return pairs };
        let mut gaps = vec![(0..first.0, first.1.saturating_sub(first.0 + SLACK)..first.1)];
        gaps.extend(
            fixed.windows(2).map(|pair| (pair[0].0 + 1..pair[1].0, pair[0].1 + 1..pair[1].1)),
        );
        let end = text.len().min(last.1 + old.len() - last.0 + SLACK);
        gaps.push((last.0 + 1..old.len(), last.1 + 1..end));
        for (olds, texts) in gaps {
            let alike = |at: usize, place: usize| {
                alike(self.old.get(old[olds.start + at]), self.text.get(text[texts.start + place]))
            };
            for (at, place) in best_pairs(olds.len(), texts.len(), alike) {
                let line = text[texts.start + place];
                pairs[old[olds.start + at]] = Some(Pair { line, same: false });
            }
        }
        pairs
    }

    fn weighed(&self, pairs: Pairs, old: &[usize], text: &[usize]) -> Candidate {
        const CHANGED: f32 = 0.7;
        const BETWEEN: f32 = 0.05;
        let (mut all, mut score, mut unchanged) = (0.0, 0.0, 0.0);
        let (mut all_around, mut around) = (0.0, 0.0);
        for &line in old {
            let weight = weight(self.old.get(line));
            let is_around = self.changed.binary_search(&line).is_err();
            all += weight;
            if is_around {
                all_around += weight;
            }
            match pairs[line] {
                Some(pair) if pair.same => {
                    score += weight;
                    unchanged += weight;
                    if is_around {
                        around += weight;
                    }
                }
                Some(pair) => {
                    score += weight * CHANGED * alike(self.old.get(line), self.text.get(pair.line));
                }
                None => {}
            }
        }
        let lines: Vec<usize> = pairs.iter().flatten().map(|pair| pair.line).collect();
        if let (Some(first), Some(last)) = (lines.first(), lines.last()) {
            let spanned = text.partition_point(|line| line <= last)
                - text.partition_point(|line| line < first);
            score -= count(spanned.saturating_sub(lines.len())) * BETWEEN;
        }
        let around = if all_around > 0.0 { around / all_around } else { 0.0 };
        Candidate { pairs, score: score / all, unchanged: unchanged / all, around }
    }
}

fn says_something(line: &str) -> bool {
    line.contains(char::is_alphanumeric)
}

/// How much a line says about where it is.
fn weight(line: &str) -> f32 {
    const MOST: usize = 30;
    if !says_something(line) {
        return 0.5;
    }
    1.0 + count(plain(line).len().min(MOST)) / 10.0
}

fn count(number: usize) -> f32 {
    u16::try_from(number).unwrap_or(u16::MAX).into()
}

/// Pairs of a line of the pattern and a place of it in the text, the telling ones first.
fn anchors(old: &[u32], text: &[u32], weights: &[f32]) -> Vec<(usize, usize)> {
    let mut places: HashMap<u32, Vec<usize>> = HashMap::new();
    for (place, &number) in text.iter().enumerate() {
        if number != UNKNOWN {
            places.entry(number).or_default().push(place);
        }
    }
    let mut telling: Vec<(usize, &Vec<usize>)> = old
        .iter()
        .enumerate()
        .filter(|(at, _)| weights[*at] >= 1.0)
        .filter_map(|(at, number)| Some((at, places.get(number)?)))
        .filter(|(_, places)| places.len() <= MOST_TIMES)
        .collect();
    telling.sort_by_key(|(_, places)| places.len());
    telling
        .into_iter()
        .flat_map(|(at, places)| places.iter().map(move |&place| (at, place)))
        .collect()
}

/// The numbers of old lines and text lines.
struct Run<'a> {
    old: &'a [u32],
    text: &'a [u32],
    weights: &'a [f32],
}

impl Run<'_> {
    /// The best way to lay the old lines along the text through one pair, and its weight.
    fn through(&self, at: usize, place: usize) -> (f32, Vec<Option<usize>>) {
        let mut pairs = vec![None; self.old.len()];
        pairs[at] = Some(place);
        let mut score = self.weights[at];
        let reach = self.old.len() - at - 1;
        let behind = self.half(
            reach,
            |step| at + 1 + step,
            |step| Some(place + 1 + step).filter(|place| *place < self.text.len()),
        );
        score += behind.0;
        let before = self.half(at, |step| at - 1 - step, |step| place.checked_sub(step + 1));
        score += before.0;
        for (at, place) in behind.1.into_iter().chain(before.1) {
            pairs[at] = Some(place);
        }
        (score, pairs)
    }

    /// Away from the pair in one direction.
    fn half(
        &self,
        reach: usize,
        old: impl Fn(usize) -> usize,
        text: impl Fn(usize) -> Option<usize>,
    ) -> (f32, Vec<(usize, usize)>) {
        const SKIPPED: f32 = 0.02;
        let far = (0..reach + SLACK).take_while(|&step| text(step).is_some()).count();
        let width = far + 1;
        let mut best = vec![0.0_f32; (reach + 1) * width];
        let matches = |one: usize, other: usize| {
            let place = text(other)?;
            (self.old[old(one)] == self.text[place]).then_some((old(one), place))
        };
        for one in (0..reach).rev() {
            for other in (0..far).rev() {
                let at = one * width + other;
                let skip = best[at + width].max(best[at + 1] - SKIPPED).max(0.0);
                best[at] = match matches(one, other) {
                    Some((line, _)) => skip.max(self.weights[line] + best[at + width + 1]),
                    None => skip,
                };
            }
        }
        let (mut one, mut other, mut pairs) = (0, 0, Vec::new());
        while one < reach && other < far && best[one * width + other] > 0.0 {
            let at = one * width + other;
            match matches(one, other) {
                Some(pair) if best[at] == self.weights[pair.0] + best[at + width + 1] => {
                    pairs.push(pair);
                    (one, other) = (one + 1, other + 1);
                }
                _ if best[at + width] >= best[at + 1] - SKIPPED => one += 1,
                _ => other += 1,
            }
        }
        (best[0], pairs)
    }
}
