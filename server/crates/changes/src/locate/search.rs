//! The order in which places are looked for, and how many are enough.
//!
//! Letter by letter; then line by line with white space and typography aside; then without
//! artefacts; then the nearest. What was read comes before what merely is there: a place in the
//! text that was read is carried to the text of now. It knows how places are found, not how the
//! change is made there.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use protocol::Replacement;
use similar::{Algorithm, capture_diff_slices};

use super::approximate::{self, Approximate};
use super::artefacts::cleaned;
use super::carry::Carry;
use super::exact::{Exact, places};
use super::fit::{Fit, Fitted, Pair};
use super::lines::{Lines, Sameness, is_blank, numbered, parts, plain_char, runs};
use super::merge::{alike, merged};
use super::{Contradiction, MAX_LINES, Tolerance};
use crate::diff::changed;

/// What was read, with LF only.
pub(super) struct Seen {
    pub(super) text: String,
    /// The lines that were shown, from 0.
    pub(super) shown: Vec<Range<usize>>,
}

impl Seen {
    /// Takes in a change that the reader made themselves, and so knows.
    pub(super) fn change(&mut self, replacements: &[Replacement]) {
        let Ok(text) = crate::apply(&self.text, replacements) else { return };
        let lines = Lines::new(&self.text);
        let breaks = |text: &str| text.matches('\n').count();
        for change in replacements.iter().rev() {
            let (first, last) = (lines.at(change.start), lines.at(change.end));
            let (gone, come) = (last - first, breaks(&change.text));
            let moved = |line: usize| {
                if line > first { (line + come).saturating_sub(gone).max(first) } else { line }
            };
            for shown in &mut self.shown {
                *shown = moved(shown.start)..moved(shown.end);
            }
        }
        self.text = text;
    }
}

/// Where a text was found, and what becomes of it.
pub(super) struct Found {
    pub(super) replacements: Vec<Replacement>,
    /// The first line it is about, from 0.
    pub(super) line: usize,
    pub(super) places: usize,
    pub(super) tolerated: BTreeSet<Tolerance>,
    /// The same change of the text that was read, if it was found there.
    pub(super) seen: Option<Vec<Replacement>>,
}

/// Why no place was found. Lines count from 0.
#[derive(Debug, PartialEq)]
pub(super) enum Miss {
    Nothing,
    Several(Vec<usize>),
    Contradicts(Contradiction),
}

impl From<Contradiction> for Miss {
    fn from(contradiction: Contradiction) -> Self {
        Self::Contradicts(contradiction)
    }
}

/// A place in one text.
struct Place {
    replacements: Vec<Replacement>,
    /// The lines of the text that were quoted.
    lines: Range<usize>,
    /// The first line that changes.
    line: usize,
    tolerated: BTreeSet<Tolerance>,
}

impl Place {
    fn found(self, seen: Option<Vec<Replacement>>) -> Found {
        let Self { replacements, line, tolerated, .. } = self;
        let places = usize::from(!replacements.is_empty());
        Found { replacements, line, places, tolerated, seen }
    }
}

/// Which lines of a text count, and whether the one who quotes knows them.
#[derive(Clone, Copy)]
struct Scope<'a> {
    lines: &'a Lines<'a>,
    shown: Option<&'a [Range<usize>]>,
}

impl Scope<'_> {
    fn has(&self, lines: &Range<usize>) -> bool {
        self.shown.is_none_or(|shown| {
            shown.iter().any(|shown| shown.start <= lines.start && lines.end <= shown.end)
        })
    }

    fn is_known(&self) -> bool {
        self.shown.is_some()
    }

    /// What some lines say, white space and typography aside.
    fn said(&self, lines: &Range<usize>) -> Vec<Cow<'_, str>> {
        let said = lines.clone().map(|line| Sameness::Typography.form(self.lines.get(line)));
        said.filter(|line| !line.is_empty()).collect()
    }

    /// The lines in which some bytes are.
    fn lines_of(&self, bytes: &Range<usize>) -> Range<usize> {
        self.lines.at(bytes.start)..self.lines.at(bytes.end.saturating_sub(1).max(bytes.start)) + 1
    }
}

/// A quoted text, with LF only and not empty, and what is to become of it.
#[derive(Clone, Copy)]
pub(super) struct Search<'a> {
    pub(super) old: &'a str,
    pub(super) new: &'a str,
    pub(super) all: bool,
}

impl Search<'_> {
    pub(super) fn found(&self, text: &str, seen: Option<&Seen>) -> Result<Found, Miss> {
        let lines = Lines::new(text);
        if self.all
            && let Some(found) = self.everywhere(&lines)
        {
            return Ok(found);
        }
        let now = Scope { lines: &lines, shown: None };
        match seen {
            Some(seen) => self.found_as_read(now, seen),
            None => match self.strict(now) {
                Err(Miss::Nothing) => self.nearest(now),
                strict => strict,
            }
            .map(|place| place.found(None)),
        }
    }

    /// The line of the one exact place, if the change is not made there for a word that goes on.
    pub(super) fn cut_word(&self, text: &str) -> Option<usize> {
        let mut starts = places(text, self.old);
        let (start, None) = (starts.next()?, starts.next()) else { return None };
        let exact = Exact { text, old: self.old, new: self.new, start };
        exact.cuts_word().then(|| Lines::new(text).at(start))
    }

    /// Every exact occurrence. What is part of the new text already stays as it is.
    fn everywhere(&self, lines: &Lines) -> Option<Found> {
        let mut made = 0;
        let mut all = Vec::new();
        for (start, _) in lines.text.match_indices(self.old) {
            let exact = Exact { text: lines.text, old: self.old, new: self.new, start };
            if exact.is_made() {
                made += 1;
            } else {
                all.push(exact.replacements());
            }
        }
        let places = all.len();
        let first = all.first().and_then(|first| first.first()).map(|first| first.start);
        let first = first.or_else(|| lines.text.find(self.old))?;
        (places + made > 0).then(|| Found {
            replacements: all.concat(),
            line: lines.at(first),
            places,
            tolerated: BTreeSet::new(),
            seen: None,
        })
    }

    fn found_as_read(&self, now: Scope, seen: &Seen) -> Result<Found, Miss> {
        let seen_lines = Lines::new(&seen.text);
        let read = Scope { lines: &seen_lines, shown: Some(&seen.shown) };
        let as_read = self.strict(read);
        let unclear = match as_read {
            Ok(place) => return self.carried(place, read, now),
            Err(Miss::Several(_)) => true,
            Err(_) => false,
        };
        match self.strict(now) {
            Err(Miss::Nothing) if unclear => return Err(Miss::Nothing),
            Err(Miss::Nothing) => {}
            strict => return strict.map(|place| place.found(None)),
        }
        match self.nearest(read) {
            Ok(place) => self.carried(place, read, now),
            Err(_) => self.nearest(now).map(|place| place.found(None)),
        }
    }

    /// A place of the text that was read, in the text of now.
    fn carried(&self, place: Place, read: Scope, now: Scope) -> Result<Found, Miss> {
        if read.lines.text == now.lines.text {
            let seen = place.replacements.clone();
            return Ok(place.found(Some(seen)));
        }
        let carry = Carry::new(read.lines, now.lines);
        let carried = carry.carried(&place.lines, &place.replacements);
        if let Ok(Fitted { replacements, tolerated, line }) = &carried
            && !replacements.is_empty()
        {
            let tolerated = tolerated.union(&place.tolerated).copied().collect();
            let (replacements, line) = (replacements.clone(), *line);
            let carried = Place { replacements, lines: place.lines, line, tolerated };
            return Ok(carried.found(Some(place.replacements)));
        }
        // It may have been moved as it was: it was there once then, and is now, in new lines.
        // Where its lines go on now, somebody has gone on writing in them.
        let whole = Scope { lines: read.lines, shown: None };
        if let (Ok(_), Ok(moved)) = (self.strict(whole), self.strict(now))
            && carry.is_new(&moved.lines)
            && read.said(&place.lines) == now.said(&moved.lines)
            && !moved.replacements.is_empty()
        {
            return Ok(moved.found(None));
        }
        let Fitted { replacements, tolerated, line } = carried?;
        let made = Place { replacements, lines: place.lines, line, tolerated };
        Ok(made.found(Some(place.replacements)))
    }

    /// The one place that reads as quoted but for white space, typography and artefacts.
    fn strict(&self, scope: Scope) -> Result<Place, Miss> {
        match self.as_quoted(scope) {
            Err(Miss::Nothing) => {}
            quoted => return quoted,
        }
        for clean in cleaned(self.old, self.new) {
            if clean.old.is_empty() {
                continue;
            }
            let search = Search { old: &clean.old, new: &clean.new, all: false };
            match search.as_quoted(scope) {
                Err(Miss::Nothing) => {}
                quoted => {
                    return quoted.map(|mut place| {
                        place.tolerated.insert(clean.what);
                        place
                    });
                }
            }
        }
        if scope.is_known() {
            return Err(Miss::Nothing);
        }
        self.made(scope).ok_or(Miss::Nothing)
    }

    fn as_quoted(&self, scope: Scope) -> Result<Place, Miss> {
        match self.exact(scope) {
            Err(Miss::Nothing) => {}
            exact => return exact,
        }
        match self.by_lines(scope) {
            Err(Miss::Nothing) => self.within_lines(scope),
            by_lines => by_lines,
        }
    }

    fn exact(&self, scope: Scope) -> Result<Place, Miss> {
        let text = scope.lines.text;
        let mut starts = places(text, self.old).filter(|&start| {
            !scope.is_known() || scope.has(&scope.lines_of(&(start..start + self.old.len())))
        });
        let start = starts.next().ok_or(Miss::Nothing)?;
        let others: Vec<usize> = starts.take(MAX_LINES - 1).collect();
        if !others.is_empty() {
            let lines = [start].into_iter().chain(others).map(|start| scope.lines.at(start));
            return Err(Miss::Several(lines.collect()));
        }
        let exact = Exact { text, old: self.old, new: self.new, start };
        if exact.cuts_word() {
            return Err(Miss::Nothing);
        }
        let lines = scope.lines_of(&exact.range());
        if exact.is_whole_lines() {
            if exact.wants_lines() {
                let pairs = lines.clone().map(|line| Some(Pair { line, same: true })).collect();
                return self.fitted(scope, pairs, lines);
            }
        } else if exact.quotes_lines() {
            // It may be the beginning of a longer line by accident.
            let mut others = self.places_by_lines(scope);
            others.retain(|line| !lines.contains(line));
            if !others.is_empty() {
                others.push(lines.start);
                others.sort_unstable();
                return Err(Miss::Several(others));
            }
        }
        let made = !scope.is_known() && exact.is_made();
        let replacements = if made { Vec::new() } else { exact.replacements() };
        let line = replacements.first().map_or(lines.start, |first| scope.lines.at(first.start));
        Ok(Place { replacements, lines, line, tolerated: BTreeSet::new() })
    }

    /// The first lines where all lines that are not blank are the same, in the strictest sense
    /// in which there are any.
    fn places_by_lines(&self, scope: Scope) -> Vec<usize> {
        let old = Lines::new(self.old);
        let filled = scope.lines.filled();
        let mut starts =
            Sameness::LOOSE.into_iter().map(|it| self.starts(&old, scope, &filled, it));
        let starts = starts.find(|starts| !starts.is_empty()).unwrap_or_default();
        starts.into_iter().map(|at| filled[at]).collect()
    }

    /// Where the quoted lines begin, as indices into the filled lines of the text.
    fn starts(
        &self,
        old: &Lines,
        scope: Scope,
        filled: &[usize],
        sameness: Sameness,
    ) -> Vec<usize> {
        let quoted = old.filled();
        let numbers = numbered(
            quoted.iter().map(|&line| old.get(line)),
            filled.iter().map(|&line| scope.lines.get(line)),
            sameness,
        );
        let mut starts = runs(&numbers.pattern, &numbers.text, MAX_LINES);
        starts.retain(|&at| scope.has(&(filled[at]..filled[at + quoted.len() - 1] + 1)));
        starts
    }

    fn by_lines(&self, scope: Scope) -> Result<Place, Miss> {
        let old = Lines::new(self.old);
        if !self.old.contains(char::is_alphanumeric) {
            return Err(Miss::Nothing);
        }
        let (quoted, filled) = (old.filled(), scope.lines.filled());
        for sameness in Sameness::LOOSE {
            let starts = self.starts(&old, scope, &filled, sameness);
            let Some(&start) = starts.first() else { continue };
            if starts.len() > 1 {
                return Err(Miss::Several(starts.into_iter().map(|at| filled[at]).collect()));
            }
            let mut pairs = vec![None; old.len()];
            for (at, &line) in quoted.iter().enumerate() {
                pairs[line] = Some(Pair { line: filled[start + at], same: true });
            }
            let lines = filled[start]..filled[start + quoted.len() - 1] + 1;
            return self.fitted(scope, pairs, lines);
        }
        Err(Miss::Nothing)
    }

    /// A part of a line, typography aside.
    fn within_lines(&self, scope: Scope) -> Result<Place, Miss> {
        let text = scope.lines.text;
        let is_plain = |text: &str| text.chars().all(|c| c == plain_char(c));
        if is_plain(self.old) && is_plain(text) || is_blank(self.old) {
            return Err(Miss::Nothing);
        }
        let plain = |text: &str| -> String { text.chars().map(plain_char).collect() };
        let (plain_text, plain_old) = (plain(text), plain(self.old));
        // Each character is one character in the plain form, of another length in bytes.
        let mut offsets = text.char_indices().zip(plain_text.char_indices());
        let mut original = |plain: usize| {
            offsets.find(|(_, (at, _))| *at == plain).map_or(text.len(), |((at, _), _)| at)
        };
        let ranges: Vec<Range<usize>> = plain_text
            .match_indices(&plain_old)
            .take(MAX_LINES)
            .map(|(at, _)| original(at)..original(at + plain_old.len() - 1))
            .map(|range| range.start..text.ceil_char_boundary(range.end + 1))
            .filter(|range| scope.has(&scope.lines_of(range)))
            .collect();
        let [range] = ranges.as_slice() else {
            let lines: Vec<usize> =
                ranges.iter().map(|range| scope.lines.at(range.start)).collect();
            return Err(if lines.is_empty() { Miss::Nothing } else { Miss::Several(lines) });
        };
        let stands = &text[range.clone()];
        let (old, new) = if is_plain(stands) {
            (plain_old, plain(self.new))
        } else {
            (self.old.to_owned(), self.new.to_owned())
        };
        let cut = Exact {
            text: &plain_text,
            old: &plain(self.old),
            new: &plain(self.new),
            start: plain(&text[..range.start]).len(),
        }
        .cuts_word();
        let Some(result) = merged(&old, &new, stands).filter(|_| !cut) else {
            return Err(Miss::Nothing);
        };
        let exact = Exact { text, old: stands, new: &result, start: range.start };
        let lines = scope.lines_of(range);
        let tolerated = BTreeSet::from([Tolerance::Typography]);
        Ok(Place { replacements: exact.replacements(), line: lines.start, lines, tolerated })
    }

    /// The place where the new text stands already, if it is clear that it is this change.
    fn made(&self, scope: Scope) -> Option<Place> {
        let new = Lines::new(self.new);
        let filled = new.filled();
        let is_clear = match filled.as_slice() {
            [] => false,
            [line] => Lines::new(self.old).iter().any(|old| alike(old, new.get(*line)) >= 0.4),
            _ => true,
        };
        if !is_clear || self.old.contains(self.new) || !self.new.contains(char::is_alphanumeric) {
            return None;
        }
        let there = Search { old: self.new, new: "", all: false };
        let mut starts = places(scope.lines.text, self.new);
        let lines = match (starts.next(), starts.next()) {
            (None, _) => there.by_lines(scope).ok()?.lines,
            (Some(start), None) => {
                let exact = Exact { text: scope.lines.text, old: self.new, new: "", start };
                (!exact.cuts_word()).then(|| scope.lines_of(&exact.range()))?
            }
            (Some(_), Some(_)) => return None,
        };
        Some(Place {
            replacements: Vec::new(),
            line: lines.start,
            lines,
            tolerated: BTreeSet::new(),
        })
    }

    /// The place that is nearest, if it is clear.
    fn nearest(&self, scope: Scope) -> Result<Place, Miss> {
        let (old, new) = (Lines::new(self.old), Lines::new(self.new));
        let (changed, beside) = critical(&old, &new);
        let approximate = Approximate { text: scope.lines, old: &old, changed, beside };
        match approximate.found(|line| scope.has(&(line..line + 1))) {
            approximate::Found::Nothing => Err(Miss::Nothing),
            approximate::Found::Several(lines) => Err(Miss::Several(lines)),
            approximate::Found::One(pairs) => {
                let lines: Vec<usize> = pairs.iter().flatten().map(|pair| pair.line).collect();
                let (Some(first), Some(last)) = (lines.first(), lines.last()) else {
                    return Err(Miss::Nothing);
                };
                self.fitted(scope, pairs, *first..last + 1)
            }
        }
    }

    fn fitted(
        &self,
        scope: Scope,
        pairs: Vec<Option<Pair>>,
        lines: Range<usize>,
    ) -> Result<Place, Miss> {
        let (old, new) = (Lines::new(self.old), Lines::new(self.new));
        let known = scope.is_known();
        let fit = Fit { text: scope.lines, old: &old, new: &new, pairs, known };
        let Fitted { replacements, tolerated, line } = fit.fitted()?;
        Ok(Place { replacements, lines, line, tolerated })
    }
}

/// The old lines that change, and those beside which new lines come.
fn critical(old: &Lines, new: &Lines) -> (Vec<usize>, Vec<usize>) {
    let (olds, news): (Vec<&str>, Vec<&str>) = (old.iter().collect(), new.iter().collect());
    let (mut changes, mut beside) = (BTreeSet::new(), BTreeSet::new());
    for (gone, _) in changed(&capture_diff_slices(Algorithm::Myers, &olds, &news)) {
        let filled = |line: &usize| !is_blank(olds[*line]);
        if gone.clone().any(|line| filled(&line)) {
            changes.extend(gone.filter(filled));
        } else {
            beside.extend((0..gone.start).rev().find(filled));
            beside.extend((gone.end..olds.len()).find(filled));
        }
    }
    (changes.into_iter().collect(), beside.into_iter().collect())
}

impl Exact<'_> {
    /// Whether the change is one of whole lines, so that it is made line by line. A change that
    /// only adds or takes away the last line break is meant by the letter; so is one that begins
    /// behind the indentation, unless its other lines show that it left that out.
    fn wants_lines(&self) -> bool {
        let same_end = self.old.ends_with('\n') == self.new.ends_with('\n');
        let last = |text: &str| text.trim_end_matches('\n').rsplit('\n').next().map(str::to_owned);
        if !same_end && !self.new.is_empty() && last(self.old) == last(self.new) {
            return false;
        }
        if self.is_at_line_start() || self.old.starts_with([' ', '\t']) {
            return true;
        }
        let mut others = self.new.lines().skip(1).filter(|line| !is_blank(line)).peekable();
        !self.old.contains('\n')
            && others.peek().is_some()
            && others.all(|line| parts(line).0.is_empty())
    }

    /// Whether the quoted text looks like whole lines.
    fn quotes_lines(&self) -> bool {
        self.old.contains('\n') || self.old.trim() != self.old
    }
}
