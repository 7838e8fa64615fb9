//! From lines that belong together to the replacements: the change is made in the text's own
//! lines, three ways, as a merge of branches would.
//!
//! It is told which line of the text stands for which line of the model's old text, and trusts
//! that. What the text says otherwise stays; where both say something else, it refuses.

use std::collections::{BTreeSet, HashSet};
use std::ops::Range;

use protocol::Replacement;
use similar::{Algorithm, capture_diff_slices};

use super::indentation::Indentation;
use super::lines::{Lines, is_blank, parts, plain, plain_char, same};
use super::merge::{alike, merged};
use super::{Contradiction, Tolerance};
use crate::diff::changed;

/// A line of the text that stands for one of the old lines.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Pair {
    /// The line of the text.
    pub(super) line: usize,
    /// Whether it says the same. If not, somebody has changed it.
    pub(super) same: bool,
}

/// What the model wants, and where it belongs.
pub(super) struct Fit<'a> {
    pub(super) text: &'a Lines<'a>,
    pub(super) old: &'a Lines<'a>,
    pub(super) new: &'a Lines<'a>,
    /// For each old line its line of the text, in ascending order.
    pub(super) pairs: Vec<Option<Pair>>,
    /// Whether the model knew the lines around: then what stands there already is no sign that
    /// the edit has been made.
    pub(super) known: bool,
}

/// The change, made to fit.
#[derive(Debug)]
pub(super) struct Fitted {
    /// Against the text, in ascending order; none if it says all this already.
    pub(super) replacements: Vec<Replacement>,
    pub(super) tolerated: BTreeSet<Tolerance>,
    /// The first line of the text that the change is about.
    pub(super) line: usize,
}

/// A stretch of the text's lines and what takes its place.
struct Stretch {
    lines: Range<usize>,
    new: Vec<String>,
}

/// Less alike, a line is no new form of another.
const KIN: f32 = 0.4;
/// More comparisons than these are not made to find out which line became which.
const MOST_COMPARED: usize = 10_000;

impl Fit<'_> {
    /// Makes the change.
    pub(super) fn fitted(mut self) -> Result<Fitted, Contradiction> {
        self.pair_blanks();
        let indentation = Indentation::learn(self.indents(), &[self.old, self.new], self.text);
        let mut tolerated = self.tolerated();
        let (old, new): (Vec<&str>, Vec<&str>) =
            (self.old.iter().collect(), self.new.iter().collect());
        let hunks = together(changed(&capture_diff_slices(Algorithm::Myers, &old, &new)), &old);
        if self.is_made(&hunks) {
            return Ok(Fitted { replacements: Vec::new(), tolerated, line: self.line_of(&hunks) });
        }
        let own_signs = self.own_signs();
        let mut stretches: Vec<Stretch> = Vec::new();
        let mut changed_lines = BTreeSet::new();
        let mut line = None;
        for (old, new) in hunks {
            changed_lines.extend(old.clone());
            let hunk = Hunk {
                fit: &self,
                old,
                new,
                indentation: indentation.as_ref(),
                own_signs: own_signs.as_ref(),
            };
            let stretch = hunk.stretch()?;
            line = line.or(Some(stretch.lines.start));
            stretches.push(stretch);
        }
        if changed_lines.iter().any(|&line| self.pairs[line].is_some_and(|pair| !pair.same)) {
            tolerated.insert(Tolerance::Merged);
        }
        if (0..self.old.len()).any(|line| self.is_stale(line) && !changed_lines.contains(&line)) {
            tolerated.insert(Tolerance::StaleLines);
        }
        let line = line.unwrap_or_default();
        Ok(Fitted { replacements: self.replacements(stretches), tolerated, line })
    }

    /// Whether the text has the new lines already, from the first to the last that was quoted,
    /// although it has not all of the old ones. Lines that are there as quoted, and are to change
    /// in white space alone, are no sign of that.
    fn is_made(&self, hunks: &[(Range<usize>, Range<usize>)]) -> bool {
        let (old, new) = (self.old.filled(), self.new.filled());
        let (Some(&first), Some(&last)) = (old.first(), old.last()) else { return false };
        let pair = |line: usize| self.pairs[line].filter(|pair| pair.same).map(|pair| pair.line);
        let (Some(first), Some(last)) = (pair(first), pair(last)) else { return false };
        let is_there = old.iter().all(|&line| pair(line).is_some());
        !self.known
            && !hunks.is_empty()
            && !is_there
            && self.says(&self.filled(first..last + 1), &new)
    }

    /// Where the first change belongs.
    fn line_of(&self, hunks: &[(Range<usize>, Range<usize>)]) -> usize {
        let before = hunks.first().map_or(0, |(old, _)| old.start);
        let pair = self.pairs[..before].iter().rev().flatten().next();
        pair.map_or(0, |pair| pair.line + 1)
    }

    /// The lines of the text that are not blank.
    fn filled(&self, lines: Range<usize>) -> Vec<usize> {
        lines.filter(|&line| !is_blank(self.text.get(line))).collect()
    }

    fn is_stale(&self, line: usize) -> bool {
        self.pairs[line].is_none_or(|pair| !pair.same) && !is_blank(self.old.get(line))
    }

    /// Blank lines belong to those that stand between the same lines, the first to the first.
    fn pair_blanks(&mut self) {
        let blank = |line: usize| Some(Pair { line, same: true });
        let is_blank_pair = |old: usize, text: usize| {
            is_blank(self.old.get(old)) && text < self.text.len() && is_blank(self.text.get(text))
        };
        // Where the next pair behind each line is, and then the last one before it.
        let mut border = vec![usize::MAX; self.old.len() + 1];
        for line in (0..self.old.len()).rev() {
            border[line] = self.pairs[line].map_or(border[line + 1], |pair| pair.line);
        }
        for (line, border) in border.iter().enumerate().take(self.old.len()).skip(1) {
            let Some(before) = self.pairs[line - 1] else { continue };
            let text = before.line + 1;
            if self.pairs[line].is_none() && text < *border && is_blank_pair(line, text) {
                self.pairs[line] = blank(text);
            }
        }
        let mut before: Vec<Option<usize>> = vec![None; self.old.len() + 1];
        for (line, pair) in self.pairs.iter().enumerate() {
            before[line + 1] = pair.map(|pair| pair.line).or(before[line]);
        }
        for line in (0..self.old.len().saturating_sub(1)).rev() {
            let Some(behind) = self.pairs[line + 1] else { continue };
            let Some(text) = behind.line.checked_sub(1) else { continue };
            let is_free = before[line].is_none_or(|before| before < text);
            if self.pairs[line].is_none() && is_free && is_blank_pair(line, text) {
                self.pairs[line] = blank(text);
            }
        }
    }

    /// Old lines with those of the text that say the same.
    fn sames(&self) -> impl Iterator<Item = (usize, &str, &str)> {
        self.pairs.iter().enumerate().filter_map(|(line, pair)| {
            let pair = pair.filter(|pair| pair.same)?;
            let (old, text) = (self.old.get(line), self.text.get(pair.line));
            (!is_blank(old)).then_some((line, old, text))
        })
    }

    fn indents(&self) -> Vec<(usize, &str, &str)> {
        // A changed line is indented as it was, more often than not.
        let lines = self.pairs.iter().enumerate().filter_map(|(line, pair)| {
            let (old, text) = (self.old.get(line), self.text.get((*pair)?.line));
            (!is_blank(old)).then(|| (line, parts(old).0, parts(text).0))
        });
        lines.collect()
    }

    fn tolerated(&self) -> BTreeSet<Tolerance> {
        let mut tolerated = BTreeSet::new();
        for (_, old, text) in self.sames() {
            let (old, text) = (parts(old), parts(text));
            if old.0 != text.0 {
                tolerated.insert(Tolerance::Indentation);
            }
            if old.2 != text.2 {
                tolerated.insert(Tolerance::Spaces);
            }
            if old.1 != text.1 {
                let typography = old.1.chars().chain(text.1.chars()).any(|c| c != plain_char(c));
                tolerated.insert(if typography {
                    Tolerance::Typography
                } else {
                    Tolerance::Spaces
                });
            }
        }
        let inner = self.old.filled();
        let blank = |line: usize| is_blank(self.old.get(line)) && self.pairs[line].is_none();
        if let (Some(&first), Some(&last)) = (inner.first(), inner.last())
            && (first..last).any(blank)
        {
            tolerated.insert(Tolerance::BlankLines);
        }
        tolerated
    }

    /// The signs that the text itself has in the lines that say the same, if the model has
    /// typographic ones there that the text has not.
    fn own_signs(&self) -> Option<HashSet<char>> {
        let odd = |text: &str| -> HashSet<char> {
            text.chars().filter(|&c| c != plain_char(c)).collect()
        };
        let (mut model, mut own) = (HashSet::new(), HashSet::new());
        for (_, old, text) in self.sames() {
            model.extend(odd(old));
            own.extend(odd(text));
        }
        model.difference(&own).next().is_some().then_some(own)
    }

    fn replacements(&self, stretches: Vec<Stretch>) -> Vec<Replacement> {
        let mut replacements: Vec<Replacement> = Vec::new();
        for Stretch { lines, new } in stretches {
            let mut range = self.text.range(lines.clone());
            let mut text = new.iter().map(|line| format!("{line}\n")).collect::<String>();
            // The last line may have no break; then the stretch does not end with one either.
            let open = !self.text.text.ends_with('\n') && lines.end == self.text.len();
            if open && !self.text.text.is_empty() {
                if text.is_empty() && lines.start > 0 && !lines.is_empty() {
                    range.start -= 1;
                } else if lines.is_empty() && !text.is_empty() {
                    text.insert(0, '\n');
                }
                if text.ends_with('\n') {
                    text.pop();
                }
            }
            let minimal = crate::diff::diff(&self.text.text[range.clone()], &text);
            replacements.extend(minimal.into_iter().map(|found| Replacement {
                start: range.start + found.start,
                end: range.start + found.end,
                text: found.text,
            }));
        }
        replacements
    }

    fn contradiction(&self, line: usize) -> Contradiction {
        let line = line.min(self.text.len().saturating_sub(1));
        Contradiction { line, stands: self.text.get(line).to_owned() }
    }

    /// Whether some lines of the text say what some of the new lines say, white space aside.
    fn says(&self, text: &[usize], new: &[usize]) -> bool {
        text.len() == new.len()
            && text
                .iter()
                .zip(new)
                .all(|(&text, &new)| same(self.text.get(text), self.new.get(new)))
    }
}

/// One run of lines in which old and new text differ.
struct Hunk<'a> {
    fit: &'a Fit<'a>,
    old: Range<usize>,
    new: Range<usize>,
    indentation: Option<&'a Indentation<'a>>,
    own_signs: Option<&'a HashSet<char>>,
}

impl Hunk<'_> {
    fn stretch(&self) -> Result<Stretch, Contradiction> {
        let filled: Vec<usize> =
            self.old.clone().filter(|&line| !is_blank(self.fit.old.get(line))).collect();
        if filled.is_empty() { self.insertion() } else { self.replacement(&filled) }
    }

    /// The new lines that are not blank.
    fn wanted(&self) -> Vec<usize> {
        self.new.clone().filter(|&line| !is_blank(self.fit.new.get(line))).collect()
    }

    fn replacement(&self, filled: &[usize]) -> Result<Stretch, Contradiction> {
        let fit = self.fit;
        let pairs: Option<Vec<Pair>> = filled.iter().map(|&line| fit.pairs[line]).collect();
        let is_whole = pairs.as_ref().is_some_and(|pairs| pairs.iter().all(|pair| pair.same));
        if let Some(at) = self.stated().filter(|_| !is_whole) {
            return Ok(Stretch { lines: at..at, new: Vec::new() });
        }
        // A line that has to go is gone: somebody else has been here.
        let Some(pairs) = pairs else { return Err(fit.contradiction(self.expected())) };
        let (first, last) = (pairs[0].line, pairs[pairs.len() - 1].line);
        let stands = fit.filled(first..last + 1);
        let wanted = self.wanted();
        if let Some(other) = stands.iter().find(|&&line| pairs.iter().all(|pair| pair.line != line))
        {
            return Err(fit.contradiction(*other));
        }
        let kin = self.kin(filled, &wanted);
        // What somebody changed may only be changed further, not replaced by something else.
        let is_kept = |old: &usize| kin.iter().any(|(kin, _)| kin == old);
        if let Some(at) = (0..filled.len()).find(|&at| !pairs[at].same && !is_kept(&filled[at])) {
            return Err(fit.contradiction(pairs[at].line));
        }
        let mut new = Vec::new();
        for line in self.new.clone() {
            let old = kin.iter().find(|(_, kin)| *kin == line).map(|(old, _)| *old);
            let pair = old.and_then(|old| Some((old, fit.pairs[old]?)));
            new.push(match pair {
                None => self.written(line),
                Some((old, pair)) => self.rewritten(old, line, pair)?,
            });
        }
        let blank_pair = |line: &usize| fit.pairs[*line].map(|pair| pair.line);
        let start = self.old.clone().find_map(|line| blank_pair(&line)).unwrap_or(first);
        let end = self.old.clone().rev().find_map(|line| blank_pair(&line)).unwrap_or(last);
        Ok(Stretch { lines: start.min(first)..end.max(last) + 1, new })
    }

    /// The lines of the text right before and behind the hunk.
    fn around(&self) -> (Option<usize>, Option<usize>) {
        let same = |pair: &&Pair| pair.same;
        let pairs = &self.fit.pairs;
        let before = pairs[..self.old.start].iter().flatten().rev().find(same);
        let behind = pairs[self.old.end..].iter().flatten().find(same);
        (before.map(|pair| pair.line + 1), behind.map(|pair| pair.line))
    }

    /// Where the old lines would be.
    fn expected(&self) -> usize {
        let (before, behind) = self.around();
        before.or(behind).unwrap_or_default()
    }

    /// Where the text says the new lines in place of the old ones already.
    fn stated(&self) -> Option<usize> {
        let fit = self.fit;
        let wanted = self.wanted();
        let reach = wanted.len() * 2 + 8;
        let (stands, at) = match self.around() {
            (Some(before), Some(behind)) => (fit.filled(before..behind), before),
            (Some(before), None) => {
                let mut stands = fit.filled(before..fit.text.len().min(before + reach));
                stands.truncate(wanted.len());
                (stands, before)
            }
            (None, Some(behind)) => {
                let stands = fit.filled(behind.saturating_sub(reach)..behind);
                (stands[stands.len().saturating_sub(wanted.len())..].to_vec(), behind)
            }
            (None, None) => return None,
        };
        let is_between = matches!(self.around(), (Some(_), Some(_)));
        let is_clear = is_between || says_something(fit.new, &wanted);
        (!fit.known && is_clear && fit.says(&stands, &wanted)).then_some(at)
    }

    /// New lines where there were none, or blank ones.
    fn insertion(&self) -> Result<Stretch, Contradiction> {
        let fit = self.fit;
        let blanks: Vec<usize> =
            self.old.clone().filter_map(|line| Some(fit.pairs[line]?.line)).collect();
        let wanted = self.wanted();
        if wanted.is_empty() && blanks.is_empty() && !self.old.is_empty() {
            // Blank lines that are not there cannot go.
            let at = self.point()?;
            return Ok(Stretch { lines: at..at, new: Vec::new() });
        }
        let lines = match (blanks.first(), blanks.last()) {
            (Some(first), Some(last)) => *first..last + 1,
            _ => {
                let at = self.point()?;
                at..at
            }
        };
        if !wanted.is_empty() && !fit.known && self.is_there(lines.clone(), &wanted) {
            return Ok(Stretch { lines: lines.start..lines.start, new: Vec::new() });
        }
        let new = self.new.clone().map(|line| self.written(line)).collect();
        Ok(Stretch { lines, new })
    }

    /// Before which line of the text the new lines come.
    fn point(&self) -> Result<usize, Contradiction> {
        let fit = self.fit;
        let filled = |line: &usize| !is_blank(fit.old.get(*line));
        let before = (0..self.old.start).rev().find(filled);
        let behind = (self.old.end..fit.old.len()).find(filled);
        let blanks_before = self.old.start - before.map_or(0, |line| line + 1);
        let blanks_behind = behind.unwrap_or(fit.old.len()) - self.old.end;
        let pair = |line: Option<usize>| line.and_then(|line| fit.pairs[line]);
        match (pair(before), pair(behind)) {
            (Some(before), Some(behind)) => {
                let first = before.line + 1;
                let wanted = self.wanted();
                let stands = fit.filled(first..behind.line);
                if let Some(other) = stands.first() {
                    let there = !fit.known && fit.says(&stands, &wanted);
                    return if there { Ok(first) } else { Err(fit.contradiction(*other)) };
                }
                let blanks = behind.line - first;
                Ok(if blanks_behind == 0 && blanks_before > 0 {
                    behind.line
                } else {
                    first + blanks_before.min(blanks)
                })
            }
            (Some(before), None) if before.same => {
                let first = before.line + 1;
                Ok(first + blanks_before.min(fit.text.blanks_from(first)))
            }
            (None, Some(behind)) if behind.same => {
                Ok(behind.line - blanks_behind.min(fit.text.blanks_before(behind.line)))
            }
            (one, other) => {
                let near = one.or(other).map_or(0, |pair| pair.line);
                Err(fit.contradiction(near))
            }
        }
    }

    /// Whether the lines around the point say already what is to be inserted, in lines that
    /// stand for none of the old ones.
    fn is_there(&self, at: Range<usize>, wanted: &[usize]) -> bool {
        let fit = self.fit;
        if !says_something(fit.new, wanted) {
            return false;
        }
        let old: HashSet<usize> = fit.pairs.iter().flatten().map(|pair| pair.line).collect();
        let free = |line: &usize| !is_blank(fit.text.get(*line));
        let own = |line: &usize| !old.contains(line);
        let most = wanted.len();
        let reach = most * 2 + 8;
        let behind: Vec<usize> = (at.start..fit.text.len().min(at.end + reach))
            .filter(free)
            .take_while(own)
            .take(most)
            .collect();
        let mut before: Vec<usize> = (at.start.saturating_sub(reach)..at.end)
            .rev()
            .filter(free)
            .take_while(own)
            .take(most)
            .collect();
        before.reverse();
        fit.says(&behind, wanted) || fit.says(&before, wanted)
    }

    /// Which old line became which new one.
    fn kin(&self, old: &[usize], new: &[usize]) -> Vec<(usize, usize)> {
        let alike = |old: usize, new: usize| alike(self.fit.old.get(old), self.fit.new.get(new));
        if old.len() == new.len() {
            let kin: Vec<(usize, usize)> = old.iter().copied().zip(new.iter().copied()).collect();
            if old.len() > MOST_COMPARED || kin.iter().all(|(old, new)| alike(*old, *new) >= KIN) {
                return kin;
            }
        }
        if old.len() * new.len() > MOST_COMPARED {
            return Vec::new();
        }
        best_pairs(old.len(), new.len(), |at, other| alike(old[at], new[other]))
            .into_iter()
            .map(|(at, other)| (old[at], new[other]))
            .collect()
    }

    /// A new line as the text would write it.
    fn written(&self, line: usize) -> String {
        let new = self.fit.new.get(line);
        if is_blank(new) {
            return new.to_owned();
        }
        let (indent, body, trail) = parts(new);
        let indent = match self.indentation {
            Some(indentation) => indentation.of(indent, self.old.start),
            None => indent.to_owned(),
        };
        format!("{indent}{}{trail}", self.in_own_signs(body))
    }

    /// A line of the text with what the model changes in it.
    fn rewritten(&self, old: usize, new: usize, pair: Pair) -> Result<String, Contradiction> {
        let (old_line, new_line) = (self.fit.old.get(old), self.fit.new.get(new));
        let text_line = self.fit.text.get(pair.line);
        if old_line == text_line && self.indentation.is_none() {
            return Ok(self.in_own_signs(new_line));
        }
        let (old_parts, new_parts, text_parts) =
            (parts(old_line), parts(new_line), parts(text_line));
        let indent = match self.indentation {
            _ if old_parts.0 == new_parts.0 => text_parts.0.to_owned(),
            Some(indentation) => indentation.of(new_parts.0, old),
            None => new_parts.0.to_owned(),
        };
        let trail = if old_parts.2 == new_parts.2 { text_parts.2 } else { new_parts.2 };
        let wanted = self.in_own_signs(new_parts.1);
        let base = self.in_own_signs(old_parts.1);
        match merged(&base, &wanted, text_parts.1) {
            Some(body) => Ok(format!("{indent}{body}{trail}")),
            None if pair.same => Ok(format!("{indent}{wanted}{trail}")),
            None => Err(self.fit.contradiction(pair.line)),
        }
    }

    /// Typographic signs that come from the model alone become plain.
    fn in_own_signs(&self, text: &str) -> String {
        match self.own_signs {
            None => text.to_owned(),
            Some(own) => {
                text.chars().map(|c| if own.contains(&c) { c } else { plain_char(c) }).collect()
            }
        }
    }
}

/// Runs of lines that differ, those together that only blank lines part: they are one change.
fn together(
    hunks: Vec<(Range<usize>, Range<usize>)>,
    old: &[&str],
) -> Vec<(Range<usize>, Range<usize>)> {
    let mut together: Vec<(Range<usize>, Range<usize>)> = Vec::new();
    for hunk in hunks {
        match together.last_mut() {
            Some(last) if old[last.0.end..hunk.0.start].iter().all(|line| is_blank(line)) => {
                last.0.end = hunk.0.end;
                last.1.end = hunk.1.end;
            }
            _ => together.push(hunk),
        }
    }
    together
}

fn says_something(lines: &Lines, which: &[usize]) -> bool {
    which.iter().any(|&line| plain(lines.get(line)).contains(char::is_alphanumeric))
}

/// Pairs in ascending order, as alike as can be in sum, and none less than [`KIN`].
pub(super) fn best_pairs(
    ones: usize,
    others: usize,
    alike: impl Fn(usize, usize) -> f32,
) -> Vec<(usize, usize)> {
    let width = others + 1;
    let mut best = vec![0.0_f32; (ones + 1) * width];
    let mut taken = vec![false; (ones + 1) * width];
    for one in (0..ones).rev() {
        for other in (0..others).rev() {
            let at = one * width + other;
            let skip = best[at + 1].max(best[at + width]);
            let alike = alike(one, other);
            let pair = alike + best[at + width + 1];
            taken[at] = alike >= KIN && pair >= skip;
            best[at] = if taken[at] { pair } else { skip };
        }
    }
    let (mut one, mut other) = (0, 0);
    let mut pairs = Vec::new();
    while one < ones && other < others {
        let at = one * width + other;
        if taken[at] {
            pairs.push((one, other));
            (one, other) = (one + 1, other + 1);
        } else if best[at + 1] >= best[at + width] {
            other += 1;
        } else {
            one += 1;
        }
    }
    pairs
}
