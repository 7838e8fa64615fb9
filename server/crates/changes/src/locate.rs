//! Finding the place that an edit means, and making the edit fit there.
//!
//! A text is quoted by a model and changed by a person at the same time, so what is quoted is
//! often not quite what stands there. An exact place is taken; else one where only white space,
//! typography or artefacts differ; else the nearest, if it is clear. Each looser way counts only
//! if exactly one place fits, and none is tried where a stricter one found several. The change is
//! then made in the text's own lines ([`fit`]): nobody's newer line is written over.
//!
//! It knows texts and nothing of who wrote them. Start with [`place`]; `search` has the order in
//! which places are looked for.

mod approximate;
mod artefacts;
mod carry;
mod exact;
mod fit;
mod indentation;
mod lines;
mod merge;
mod search;

use std::collections::BTreeSet;
use std::ops::Range;

use protocol::Replacement;

use carry::Carry;
pub(crate) use exact::places;
use search::{Miss, Search};

use crate::line_breaks::{Normal, with_lf};
use crate::weave::Weave;
use lines::Lines;

/// The most lines that [`Refusal::Ambiguous`] lists.
pub const MAX_LINES: usize = 50;

/// A text that is to become another. Line breaks may be of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Substitution {
    /// The text as it is quoted.
    pub old: String,
    /// What comes in its place.
    pub new: String,
    /// Whether every occurrence is meant. Then only exact ones count, if there are any.
    pub replace_all: bool,
}

/// What the one who quotes has read of the text.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// The whole text as it was then.
    pub text: &'a str,
    /// The lines of it that were shown, counted from 0.
    pub lines: &'a [Range<u32>],
}

/// Substitutions that have found their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placed {
    /// What is replaced in the text, in ascending order; nothing if all of it was made already.
    pub replacements: Vec<Replacement>,
    /// For each substitution where it went.
    pub placements: Vec<Placement>,
}

/// Where a substitution went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The line of the change in the text before all of them, from 1.
    pub line: u32,
    /// In how many places; 0 if it stands there already.
    pub places: usize,
    /// In what the place is other than what was quoted.
    pub tolerated: BTreeSet<Tolerance>,
}

/// A difference between a quoted text and its place that did not keep it from being found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tolerance {
    /// White space within or behind lines.
    Spaces,
    /// Blank lines.
    BlankLines,
    /// How lines are indented; new lines are indented as the text is.
    Indentation,
    /// Typographic quotes, dashes and spaces.
    Typography,
    /// Escapes or entities that were written out.
    Escapes,
    /// Line numbers before the lines.
    LineNumbers,
    /// Lines around the change that read otherwise, or are not there. They stay as they are.
    StaleLines,
    /// A line that somebody else had changed in another place. Both changes are in it now.
    Merged,
}

/// Why a list of substitutions was refused as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("substitution {} cannot be placed: {why}", index + 1)]
pub struct Refused {
    /// Which one of the list, from 0.
    pub index: usize,
    /// What is wrong with it.
    pub why: Refusal,
}

/// Why a substitution has no place. Lines are those of the text before all of them, from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The old text is empty.
    #[error("the old text is empty")]
    Empty,
    /// Old and new text are the same.
    #[error("the old and the new text are the same")]
    NothingChanges,
    /// Nothing in the text is clearly what was quoted.
    #[error("the old text is not there")]
    NotFound,
    /// The old text is there once, but the change touches a word at one of its ends that is longer
    /// in the text: somebody may have gone on writing, or it is a part of another word by accident.
    #[error("the old text begins or ends in the middle of a word at line {0}")]
    CutsWord(
        /// The line where it begins.
        u32,
    ),
    /// Several places are.
    #[error("the old text is there more than once, at lines {0:?}")]
    Ambiguous(
        /// The first [`MAX_LINES`] of the lines where they begin, one entry for each.
        Vec<u32>,
    ),
    /// The place is clear, but what has to change there was changed by somebody else.
    #[error("line {line} contradicts: {stands}")]
    Contradicts {
        /// The line.
        line: u32,
        /// What stands there.
        stands: String,
    },
}

/// A line of a text, from 0, where somebody else made a change that does not go with the edit.
#[derive(Debug, PartialEq)]
struct Contradiction {
    line: usize,
    stands: String,
}

/// Finds the places of substitutions, each in the text that those before leave, all or none.
///
/// With `seen`, what was read tells which of several places is meant, and the place is carried
/// from that text to this one.
///
/// # Errors
/// One of them has no place; nothing is to be changed then.
pub fn place(
    text: &str,
    substitutions: &[Substitution],
    seen: Option<&Seen>,
) -> Result<Placed, Refused> {
    let mark = text.len() - without_mark(text).len();
    let normal = Normal::new(&text[mark..]);
    let mut now = normal.text.to_string();
    let mut seen = seen.map(|seen| search::Seen {
        text: with_lf(without_mark(seen.text)).into_owned(),
        shown: seen.lines.iter().map(|lines| lines.start as usize..lines.end as usize).collect(),
    });
    let mut made = Weave::new(normal.text.len());
    let mut placements = Vec::new();
    for (index, wanted) in substitutions.iter().enumerate() {
        let refused = |why: Refusal| Refused { index, why };
        let numbers = || Numbers::new(&normal.text, &now, &made);
        let found = place_one(&now, wanted, seen.as_ref())
            .map_err(|failure| refused(refusal(failure, &numbers())))?;
        placements.push(Placement {
            line: numbers().of(found.line),
            places: found.places,
            tolerated: found.tolerated,
        });
        // They were found in this very text; if they make no sense there, nothing is changed.
        now = crate::apply(&now, &found.replacements).map_err(|_| refused(Refusal::NotFound))?;
        let with: Vec<usize> = (0..index).collect();
        made.propose(&found.replacements, &with).map_err(|_| refused(Refusal::NotFound))?;
        if let (Some(seen), Some(known)) = (&mut seen, found.seen) {
            seen.change(&known);
        }
    }
    let mut replacements = normal.restore(made.all());
    for replacement in &mut replacements {
        replacement.start += mark;
        replacement.end += mark;
    }
    Ok(Placed { replacements, placements })
}

/// A change of a text as a change of what the text has become; none if the two contradict each
/// other, or if the change is made there already. Both have LF only.
pub(crate) fn carried(
    before: &str,
    now: &str,
    replacements: &[Replacement],
) -> Option<Vec<Replacement>> {
    let (Some(first), Some(last)) = (replacements.first(), replacements.last()) else {
        return None;
    };
    if before.contains('\r') || now.contains('\r') {
        return None;
    }
    let (before, now) = (Lines::new(before), Lines::new(now));
    let lines = before.at(first.start)..before.at(last.end) + 1;
    let carried = Carry::new(&before, &now).carried(&lines, replacements).ok()?;
    Some(carried.replacements).filter(|carried| !carried.is_empty())
}

fn place_one(
    text: &str,
    wanted: &Substitution,
    seen: Option<&search::Seen>,
) -> Result<search::Found, Failure> {
    let (old, new) = (with_lf(without_mark(&wanted.old)), with_lf(without_mark(&wanted.new)));
    if old.is_empty() {
        return Err(Failure::Empty);
    }
    if old == new {
        return Err(Failure::NothingChanges);
    }
    let search = Search { old: &old, new: &new, all: wanted.replace_all };
    let mut found = search.found(text, seen).map_err(|miss| match search.cut_word(text) {
        Some(line) if miss == Miss::Nothing => Failure::CutsWord(line),
        _ => Failure::Miss(miss),
    })?;
    if is_as_quoted(text, &old, &found.replacements) {
        // What has changed around it was not quoted.
        found.tolerated.remove(&Tolerance::StaleLines);
    }
    Ok(found)
}

/// Whether what is replaced stands in the text letter by letter as it was quoted.
fn is_as_quoted(text: &str, old: &str, replacements: &[Replacement]) -> bool {
    let (Some(first), Some(last)) = (replacements.first(), replacements.last()) else {
        return false;
    };
    places(text, old).any(|at| at <= first.start && last.end <= at + old.len())
}

enum Failure {
    Empty,
    NothingChanges,
    CutsWord(usize),
    Miss(Miss),
}

fn refusal(failure: Failure, numbers: &Numbers) -> Refusal {
    match failure {
        Failure::Empty => Refusal::Empty,
        Failure::NothingChanges => Refusal::NothingChanges,
        Failure::CutsWord(line) => Refusal::CutsWord(numbers.of(line)),
        Failure::Miss(Miss::Nothing) => Refusal::NotFound,
        Failure::Miss(Miss::Several(lines)) => {
            let lines = lines.into_iter().take(MAX_LINES).map(|line| numbers.of(line));
            Refusal::Ambiguous(lines.collect())
        }
        Failure::Miss(Miss::Contradicts(Contradiction { line, stands })) => {
            Refusal::Contradicts { line: numbers.of(line), stands }
        }
    }
}

/// The numbers that lines had before all changes.
struct Numbers<'a> {
    original: Lines<'a>,
    now: Lines<'a>,
    made: Vec<Replacement>,
}

impl<'a> Numbers<'a> {
    fn new(original: &'a str, now: &'a str, made: &Weave) -> Self {
        let made = made.all();
        Self { original: Lines::new(original), now: Lines::new(now), made }
    }

    /// The number, from 1, of a line of the text of now; of a new one, that of the line it came
    /// to.
    fn of(&self, line: usize) -> u32 {
        let mut offset = self.now.range(line..line).start;
        for change in &self.made {
            if change.start + change.text.len() > offset {
                offset = offset.min(change.start);
                break;
            }
            offset = offset + (change.end - change.start) - change.text.len();
        }
        u32::try_from(self.original.at(offset)).unwrap_or(u32::MAX).saturating_add(1)
    }
}

fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

#[cfg(test)]
mod tests;
