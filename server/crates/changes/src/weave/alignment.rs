//! The ways in which the lines of one text may have become those of another.
//!
//! A difference is a guess: an added line can be any of several equal ones, and a lone brace that
//! stayed may be another brace. So there is more than one alignment, each as good as the next, and
//! of each it is known what in it may be chance. It knows two texts and nothing of hunks.
//!
//! Start with [`Texts::alignments`].

use std::collections::HashMap;
use std::ops::Range;

use similar::{Algorithm, capture_diff_slices};

use crate::diff::{Stretch, changed};

/// Equal lines that stand once in both texts say that they are the same if they are this long
/// together, in bytes without the white space around them.
const TELLING: usize = 10;
/// Equal lines that do not stand once each do so together, if there are so many with a word.
const TELLING_LINES: usize = 3;
/// If more lines differ than this, everything between the first and the last counts as changed.
const MOST_DIFFERENT: usize = 20_000;
/// So it does if more lines than this are not the only ones that say what they say.
const MOST_REPEATED: usize = 100_000;
/// A line that is there more often is no landmark; and to look at each would take too long.
const MOST_PLACES: usize = 100;

/// Two texts as lines.
pub(super) struct Texts<'a> {
    pub(super) old: Lines<'a>,
    pub(super) new: Lines<'a>,
}

/// A text with the same number for the same line.
pub(super) struct Lines<'a> {
    text: &'a str,
    /// Where each line begins, and where the last one ends.
    starts: Vec<usize>,
    numbers: Vec<u32>,
    /// Where the line with each number stands, in lines.
    places: Vec<Vec<usize>>,
}

/// Runs of lines that differ, in order.
pub(super) struct Alignment {
    /// As they were compared.
    pub(super) found: Vec<Change>,
    /// With the equal lines between two of them that may be equal by chance.
    pub(super) doubtful: Vec<Change>,
    /// Each of these with the lines beside it that alone say nothing of where they are.
    pub(super) weak: Vec<Range<usize>>,
    /// Whether what came or went together is together, if it can be.
    pub(super) is_whole: bool,
}

/// A run of lines that became others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) old: Range<usize>,
    pub(super) new: Range<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str, known: &mut HashMap<&'a str, u32>) -> Self {
        let mut starts = vec![0];
        let mut numbers = Vec::new();
        for line in text.split_inclusive('\n') {
            let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
            numbers.push(*known.entry(line).or_insert(next));
            starts.push(starts.last().map_or(0, |start| start + line.len()));
        }
        Self { text, starts, numbers, places: Vec::new() }
    }

    fn find_places(&mut self, known: usize) {
        self.places = vec![Vec::new(); known];
        for (line, number) in self.numbers.iter().enumerate() {
            self.places[*number as usize].push(line);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.numbers.len()
    }

    /// The line of an offset; behind the last break that of a line that is not there.
    pub(super) fn at(&self, offset: usize) -> usize {
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        if offset == self.text.len() && self.is_start(offset) { self.len() } else { line }
    }

    /// Whether a line begins here, or would.
    pub(super) fn is_start(&self, offset: usize) -> bool {
        offset == 0 || self.text.as_bytes().get(offset - 1) == Some(&b'\n')
    }

    pub(super) fn bytes(&self, lines: &Range<usize>) -> Range<usize> {
        self.starts[lines.start]..self.starts[lines.end]
    }

    pub(super) fn text(&self, lines: &Range<usize>) -> &'a str {
        &self.text[self.bytes(lines)]
    }

    /// Whether there is a word in a line: others look like each other.
    pub(super) fn says(&self, line: usize) -> bool {
        self.text(&(line..line + 1)).contains(char::is_alphanumeric)
    }

    /// The line at which some lines stand, if that is one place only.
    pub(super) fn only_place(&self, wanted: &[u32]) -> Option<usize> {
        let places = wanted.iter().map(|number| &self.places[*number as usize]);
        let (before, places) = places.enumerate().min_by_key(|(_, places)| places.len())?;
        let starts = places.iter().filter_map(|line| line.checked_sub(before));
        let is_there =
            |start: &usize| self.numbers.get(*start..*start + wanted.len()) == Some(wanted);
        let mut found = starts.filter(is_there).take(2);
        let first = found.next().filter(|_| places.len() <= MOST_PLACES)?;
        found.next().is_none().then_some(first)
    }

    pub(super) fn numbers(&self, lines: &Range<usize>) -> &[u32] {
        &self.numbers[lines.clone()]
    }
}

impl Change {
    /// Whether it only puts lines in, or only takes lines away.
    pub(super) fn is_one_sided(&self) -> bool {
        self.old.is_empty() != self.new.is_empty()
    }
}

impl Alignment {
    /// Some lines of the old text, and what they are in the new one: a change that it cuts it
    /// takes in as a whole.
    pub(super) fn window(&self, lines: Range<usize>, texts: &Texts) -> Change {
        let (mut old, mut new) = (lines.start..lines.end.min(texts.old.len()), 0..0);
        let above = self.found.partition_point(|change| change.old.start < old.start);
        new.start = match above.checked_sub(1).map(|above| &self.found[above]) {
            Some(above) if above.old.end > old.start => {
                old.start = above.old.start;
                above.new.start
            }
            Some(above) => above.new.end + (old.start - above.old.end),
            None => old.start,
        };
        let below = self.found.partition_point(|change| change.old.end <= old.end);
        new.end = match self.found.get(below) {
            Some(below) if below.old.start < old.end => {
                old.end = below.old.end;
                below.new.end
            }
            Some(below) => below.new.start - (below.old.start - old.end),
            None => texts.new.len() - (texts.old.len() - old.end),
        };
        Change { old, new }
    }
}

impl<'a> Texts<'a> {
    pub(super) fn new(old: &'a str, new: &'a str) -> Self {
        let mut known = HashMap::new();
        let (mut old, mut new) = (Lines::new(old, &mut known), Lines::new(new, &mut known));
        old.find_places(known.len());
        new.find_places(known.len());
        Self { old, new }
    }

    /// Every alignment that there is reason for, each once.
    pub(super) fn alignments(&self) -> Vec<Alignment> {
        let mut all: Vec<(Vec<Change>, bool)> = Vec::new();
        let compared = self.compared();
        let slid = compared.iter().flat_map(|found| [self.slid_up(found), self.slid_down(found)]);
        let stretched = compared.iter().flat_map(|found| self.stretched(found));
        let whole = slid.map(|found| (found, true));
        for (found, is_whole) in whole.chain(stretched.map(|found| (found, false))) {
            if !all.iter().any(|(other, _)| *other == found) {
                all.push((found, is_whole));
            }
        }
        let alignments = all.into_iter().map(|(found, is_whole)| {
            let doubtful = self.with_chance(&found);
            let weak = self.weak(&doubtful);
            Alignment { found, doubtful, weak, is_whole }
        });
        alignments.collect()
    }

    /// A change as bytes.
    pub(super) fn stretch(&self, change: &Change) -> Stretch {
        Stretch { old: self.old.bytes(&change.old), new: self.new.bytes(&change.new) }
    }

    /// What different ways to compare find; from the end on, other lines are taken for equal.
    fn compared(&self) -> Vec<Vec<Change>> {
        let middle = self.middle();
        if self.is_too_much(&middle) {
            return vec![vec![middle]];
        }
        let (old, new) = (&self.old.numbers, &self.new.numbers);
        let compared = |algorithm, old: &[u32], new: &[u32]| -> Vec<Change> {
            let ops = capture_diff_slices(algorithm, old, new);
            let runs = changed(&ops).into_iter();
            runs.map(|(old, new)| Change { old, new }).collect()
        };
        let (mut olds, mut news) = (old.clone(), new.clone());
        olds.reverse();
        news.reverse();
        let mut reversed = compared(Algorithm::Myers, &olds, &news);
        reversed.reverse();
        for Change { old: gone, new: come } in &mut reversed {
            *gone = old.len() - gone.end..old.len() - gone.start;
            *come = new.len() - come.end..new.len() - come.start;
        }
        vec![
            compared(Algorithm::Myers, old, new),
            reversed,
            compared(Algorithm::Patience, old, new),
        ]
    }

    /// All but the lines at both ends that are equal.
    fn middle(&self) -> Change {
        let (old, new) = (&self.old.numbers, &self.new.numbers);
        let front = old.iter().zip(new).take_while(|(old, new)| old == new).count();
        let (old_rest, new_rest) = (&old[front..], &new[front..]);
        let back = old_rest.iter().rev().zip(new_rest.iter().rev());
        let back = back.take_while(|(old, new)| old == new).count();
        Change { old: front..old.len() - back, new: front..new.len() - back }
    }

    /// Whether to compare a stretch would take too long: it takes the square of the number of
    /// lines that differ, of which this is the least there can be; and of lines that repeat
    /// nobody knows before.
    fn is_too_much(&self, Change { old, new }: &Change) -> bool {
        let (old, new) = (&self.old.numbers[old.clone()], &self.new.numbers[new.clone()]);
        let mut places: HashMap<u32, (usize, usize, usize)> = HashMap::new();
        for number in old {
            places.entry(*number).or_default().0 += 1;
        }
        for (at, number) in new.iter().enumerate() {
            let (_, count, place) = places.entry(*number).or_default();
            (*count, *place) = (*count + 1, at);
        }
        let come_or_gone: usize = places.values().map(|(old, new, _)| old.abs_diff(*new)).sum();
        let repeated: usize =
            places.values().map(|(old, new, _)| old + new).filter(|it| *it > 2).sum();
        let once = old.iter().filter_map(|number| match places[number] {
            (1, 1, place) => Some(place),
            _ => None,
        });
        // The longest row of lines that stayed in their order, by the least end of each length.
        let mut ends: Vec<usize> = Vec::new();
        let mut all = 0;
        for place in once {
            all += 1;
            let length = ends.partition_point(|end| *end < place);
            if length == ends.len() { ends.push(place) } else { ends[length] = place }
        }
        come_or_gone + 2 * (all - ends.len()) > MOST_DIFFERENT || repeated > MOST_REPEATED
    }

    /// The same with each addition and each removal as far up as equal lines allow.
    fn slid_up(&self, found: &[Change]) -> Vec<Change> {
        let mut slid: Vec<Change> = Vec::new();
        for change in found {
            let mut change = change.clone();
            let above = slid.last().map_or(0, |above| above.old.end);
            while change.is_one_sided() && change.old.start > above && self.slides_up(&change) {
                change.old = change.old.start - 1..change.old.end - 1;
                change.new = change.new.start - 1..change.new.end - 1;
            }
            match slid.last_mut() {
                Some(last) if last.old.end == change.old.start => {
                    last.old.end = change.old.end;
                    last.new.end = change.new.end;
                }
                _ => slid.push(change),
            }
        }
        slid
    }

    /// The same as far down.
    fn slid_down(&self, found: &[Change]) -> Vec<Change> {
        let mut slid: Vec<Change> = Vec::new();
        for change in found.iter().rev() {
            let mut change = change.clone();
            let below = slid.last().map_or(self.old.len(), |below| below.old.start);
            while change.is_one_sided() && change.old.end < below && self.slides_down(&change) {
                change.old = change.old.start + 1..change.old.end + 1;
                change.new = change.new.start + 1..change.new.end + 1;
            }
            match slid.last_mut() {
                Some(last) if last.old.start == change.old.end => {
                    last.old.start = change.old.start;
                    last.new.start = change.new.start;
                }
                _ => slid.push(change),
            }
        }
        slid.reverse();
        slid
    }

    /// The same lines as those that stayed, each as far up or down in either text as it may be: an
    /// addition or a removal can be taken apart, and some of its lines be above one that stayed.
    fn stretched(&self, found: &[Change]) -> Vec<Vec<Change>> {
        let (old, new) = (&self.old.numbers, &self.new.numbers);
        let stayed = stayed(found, old.len());
        let stayed: Vec<u32> = stayed.into_iter().map(|line| old[line]).collect();
        let olds = [first_places(&stayed, old), last_places(&stayed, old)];
        let news = [first_places(&stayed, new), last_places(&stayed, new)];
        let both = olds.iter().flat_map(|old| news.iter().map(move |new| (old, new)));
        both.map(|(olds, news)| between(olds, news, old.len(), new.len())).collect()
    }

    /// The lines that come or go, and all lines of their text.
    fn one_side(&self, change: &Change) -> (Range<usize>, &[u32]) {
        if change.old.is_empty() {
            (change.new.clone(), &self.new.numbers)
        } else {
            (change.old.clone(), &self.old.numbers)
        }
    }

    fn slides_up(&self, change: &Change) -> bool {
        let (lines, numbers) = self.one_side(change);
        numbers[lines.start - 1] == numbers[lines.end - 1]
    }

    fn slides_down(&self, change: &Change) -> bool {
        let (lines, numbers) = self.one_side(change);
        numbers[lines.start] == numbers[lines.end]
    }

    /// Whether this is one line of the old and one of the new text.
    fn is_once(&self, number: u32) -> bool {
        [&self.old, &self.new].iter().all(|lines| lines.places[number as usize].len() == 1)
    }

    /// Changes together with what stands between, before and behind them that may be equal by
    /// chance.
    fn with_chance(&self, found: &[Change]) -> Vec<Change> {
        let mut all: Vec<Change> = Vec::new();
        let mut last = Change { old: 0..0, new: 0..0 };
        let end =
            Change { old: self.old.len()..self.old.len(), new: self.new.len()..self.new.len() };
        for change in found.iter().chain([&end]) {
            let equal =
                Change { old: last.old.end..change.old.start, new: last.new.end..change.new.start };
            let is_sure = equal.old.is_empty() || found.is_empty() || self.is_telling(&equal);
            let is_end = change == &end && found.last() != Some(&end);
            match all.last_mut() {
                Some(before) if !is_sure => {
                    before.old.end = change.old.end;
                    before.new.end = change.new.end;
                }
                _ if !is_sure => {
                    all.push(Change { old: 0..change.old.end, new: 0..change.new.end });
                }
                _ if !is_end => all.push(change.clone()),
                _ => {}
            }
            last = change.clone();
        }
        all
    }

    /// What changed, with equal lines beside it that say nothing of where they are.
    ///
    /// Beside what was rewritten, only a line with a word that stands once says it. Lines that came
    /// or went leave more to go by: there two lines will do that stand once up to the next such line.
    fn weak(&self, doubtful: &[Change]) -> Vec<Range<usize>> {
        let is_strong =
            |line: &usize| self.is_once(self.old.numbers[*line]) && self.old.says(*line);
        let weak = doubtful.iter().enumerate().map(|(at, change)| {
            let above = at.checked_sub(1).map_or(0, |above| doubtful[above].old.end);
            let below = doubtful.get(at + 1).map_or(self.old.len(), |below| below.old.start);
            let start = (above..change.old.start).rev().find(is_strong).map(|line| line + 1);
            let end = (change.old.end..below).find(is_strong);
            let weak = start.unwrap_or(above)..end.unwrap_or(below);
            if change.is_one_sided() { self.unsure(change, weak) } else { weak }
        });
        weak.collect()
    }

    /// What of some lines around a change stands more than once among them, up to the second that
    /// does not.
    fn unsure(&self, change: &Change, around: Range<usize>) -> Range<usize> {
        let (above, below) = (change.old.start - around.start, around.end - change.old.end);
        let new = change.new.start - above..change.new.end + below;
        let mut counts: HashMap<u32, (usize, usize)> = HashMap::new();
        for number in self.old.numbers(&around) {
            counts.entry(*number).or_default().0 += 1;
        }
        for number in self.new.numbers(&new) {
            counts.entry(*number).or_default().1 += 1;
        }
        let is_sure = |line: &usize| counts.get(&self.old.numbers[*line]) == Some(&(1, 1));
        // One alone may have been taken away and put in again.
        let mut above = (around.start..change.old.start).rev().filter(is_sure);
        let mut below = (change.old.end..around.end).filter(is_sure);
        let (start, end) = (above.nth(1).map(|line| line + 1), below.nth(1));
        start.unwrap_or(around.start)..end.unwrap_or(around.end)
    }

    /// Whether a run of equal lines cannot be equal by chance.
    fn is_telling(&self, equal: &Change) -> bool {
        let numbers = self.old.numbers(&equal.old);
        let (mut bytes, mut telling) = (0, 0);
        for (line, number) in equal.old.clone().zip(numbers) {
            if self.old.says(line) {
                let text = self.old.text(&(line..line + 1)).trim();
                telling += 1;
                bytes += if self.is_once(*number) { text.len() } else { 0 };
            }
            if bytes >= TELLING {
                return true;
            }
        }
        telling >= TELLING_LINES
            && self.old.only_place(numbers).is_some()
            && self.new.only_place(numbers).is_some()
    }
}

/// The lines of the old text that no change takes away.
fn stayed(found: &[Change], length: usize) -> Vec<usize> {
    let mut last = 0;
    let ends = found.iter().map(|change| (change.old.start, change.old.end));
    let stayed = ends
        .chain([(length, length)])
        .flat_map(|(start, end)| std::mem::replace(&mut last, end)..start);
    stayed.collect()
}

/// Where these lines stand in others in their order, each as far up as possible.
fn first_places(wanted: &[u32], lines: &[u32]) -> Vec<usize> {
    let mut lines = lines.iter().enumerate();
    let places = wanted.iter().filter_map(|line| lines.find(|(_, other)| *other == line));
    places.map(|(place, _)| place).collect()
}

/// The same as far down.
fn last_places(wanted: &[u32], lines: &[u32]) -> Vec<usize> {
    let mut lines = lines.iter().enumerate().rev();
    let places = wanted.iter().rev().filter_map(|line| lines.find(|(_, other)| *other == line));
    let mut places: Vec<usize> = places.map(|(place, _)| place).collect();
    places.reverse();
    places
}

/// What came and went between lines of two texts that are the same, up to the ends.
fn between(olds: &[usize], news: &[usize], old: usize, new: usize) -> Vec<Change> {
    let mut last = Change { old: 0..0, new: 0..0 };
    let mut changes = Vec::new();
    for (old, new) in olds.iter().copied().zip(news.iter().copied()).chain([(old, new)]) {
        let change = Change { old: last.old.end..old, new: last.new.end..new };
        if !change.old.is_empty() || !change.new.is_empty() {
            changes.push(change);
        }
        last = Change { old: old..old + 1, new: new..new + 1 };
    }
    changes
}
