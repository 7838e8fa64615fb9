//! What the user writes into the review document: other lines in the place of those that a hunk
//! puts in, and lines with `#`, which are said to the model about it. Pure.
//!
//! A text counts as the document with something written into it only if all else is as it was
//! made, so nobody decides about something else than they see.

use std::collections::HashMap;

use engine::HunkView;
use protocol::HunkId;

use super::render::Page;
use crate::excerpt::Excerpt;

/// The lines of a hunk that others can be written for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Lines {
    /// Those of the document.
    before: String,
    /// Those that the hunk makes of them.
    after: String,
    /// How many of them are the same in both, above those that are shown with `+`.
    above: usize,
    /// How many are shown with `+`.
    come: usize,
}

/// What is written about one hunk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Draft {
    /// The lines with `+`, if they are others than the hunk's.
    plus: Option<Vec<String>>,
    /// The other lines that were put in, each with the number of lines of the hunk before it.
    others: Vec<(usize, String)>,
}

/// What is written about each hunk.
pub(super) type Drafts = HashMap<HunkId, Draft>;

/// A line of a page that has to stay as it is.
struct Fixed<'a> {
    text: &'a str,
    /// Its number in the page.
    line: u32,
    section: usize,
}

impl Lines {
    /// The lines of a hunk that waits, if it has any. `shown` has all its characters visible.
    pub(super) fn of(view: &HunkView, shown: impl Fn(&str) -> bool) -> Option<Self> {
        if !view.can_be_reworded() || !shown(&view.after) {
            return None;
        }
        let excerpt = Excerpt::of(view)?;
        let HunkView { before, after, .. } = view.clone();
        Some(Self { before, after, above: excerpt.above_it, come: excerpt.counts().0 })
    }

    /// The hunk's lines of the document, and what becomes of them with these instead of those
    /// that are shown.
    fn with(&self, plus: &[String]) -> (String, String) {
        let after: Vec<&str> = self.after.split_inclusive('\n').collect();
        let (above, rest) = after.split_at(self.above.min(after.len()));
        let (come, below) = rest.split_at(self.come.min(rest.len()));
        let sample = if self.after.is_empty() { &self.before } else { &self.after };
        let ending = if sample.contains("\r\n") { "\r\n" } else { "\n" };
        let bare = |line: &str| line.trim_end_matches(['\r', '\n']).to_owned();
        let mut text = above.concat();
        let end = |text: &mut String| {
            if !text.is_empty() && !text.ends_with('\n') {
                text.push_str(ending);
            }
        };
        for line in plus {
            end(&mut text);
            let trimmed = |old: &&&str| !line.is_empty() && is_kept(&bare(old), line);
            match come.iter().find(|old| bare(old) == *line).or_else(|| come.iter().find(trimmed)) {
                Some(old) => text.push_str(old),
                None => text.push_str(line),
            }
        }
        if !below.is_empty() || sample.ends_with('\n') {
            end(&mut text);
        }
        text.push_str(&below.concat());
        if !sample.ends_with('\n') {
            text.truncate(text.trim_end_matches(['\r', '\n']).len());
        }
        (self.before.clone(), text)
    }
}

impl Draft {
    /// What the hunk's lines are, and what they are to be.
    pub(super) fn text(&self, lines: &Lines) -> Option<(String, String)> {
        self.plus.as_ref().map(|plus| lines.with(plus))
    }

    /// What is said about the hunk.
    pub(super) fn comment(&self) -> Option<String> {
        let lines = self.others.iter().filter_map(|(_, line)| line.trim().strip_prefix('#'));
        let text = lines.map(str::trim).collect::<Vec<_>>().join("\n");
        Some(text.trim().to_owned()).filter(|text| !text.is_empty())
    }
}

impl Page {
    /// The page as the client shows it, and what is written into it; none if it is another text.
    pub(super) fn read(&self, shown: &str) -> Option<(Self, Drafts)> {
        let (fixed, groups) = self.fixed();
        let mut page = Self { text: shown.to_owned(), ..self.clone() };
        let mut written: Vec<Draft> = vec![Draft::default(); self.sections.len()];
        let mut plus: Vec<Vec<String>> = vec![Vec::new(); self.sections.len()];
        let mut next = 0;
        for (number, line) in (0..).zip(shown.lines()) {
            if let Some(it) = fixed.get(next).filter(|it| is_same_line(it.text, line)) {
                if self.sections[it.section].line == it.line {
                    page.sections[it.section].line = number;
                }
                if it.line == self.first {
                    page.first = number;
                }
                next += 1;
                continue;
            }
            let section = fixed.get(next.checked_sub(1)?)?.section;
            let group = groups[section]?;
            if let Some(line) = line.strip_prefix('+') {
                if next != group {
                    return None;
                }
                plus[section].push(line.to_owned());
            } else if line.starts_with('#') || line.trim().is_empty() {
                let begin = fixed.iter().position(|it| it.section == section)?;
                written[section].others.push((next - begin, line.to_owned()));
            } else {
                return None;
            }
        }
        if next < fixed.len() {
            return None;
        }
        let mut drafts = Drafts::new();
        for (at, mut draft) in written.into_iter().enumerate() {
            let Some(id) = self.sections[at].lines.as_ref().and(self.sections[at].hunks.first())
            else {
                continue;
            };
            let own: Vec<&str> = self.plus(at).collect();
            let is_own = own.len() == plus[at].len()
                && own.iter().zip(&plus[at]).all(|(own, line)| is_kept(own, line));
            draft.plus = (!is_own).then(|| std::mem::take(&mut plus[at]));
            if draft != Draft::default() {
                drafts.insert(id.clone(), draft);
            }
        }
        Some((page, drafts))
    }

    /// The text with what is written into it, about hunks that still wait.
    pub(super) fn with(&self, drafts: &Drafts) -> String {
        let mut text = String::new();
        let (fixed, groups) = self.fixed();
        let mut push = |line: &str| {
            text.push_str(line);
            text.push('\n');
        };
        let mut at = 0;
        for (section, it) in self.sections.iter().enumerate() {
            let draft = it.lines.as_ref().and(it.hunks.first()).and_then(|id| drafts.get(id));
            let here = fixed[at..].iter().take_while(|line| line.section == section).count();
            for offset in 0..=here {
                if groups[section] == Some(at + offset) {
                    match draft.and_then(|draft| draft.plus.as_ref()) {
                        Some(plus) => plus.iter().for_each(|line| push(&format!("+{line}"))),
                        None => self.plus(section).for_each(|line| push(&format!("+{line}"))),
                    }
                }
                let others = draft.map(|draft| draft.others.as_slice()).unwrap_or_default();
                let is_last = offset == here;
                for (place, line) in others {
                    if *place == offset || is_last && *place > here {
                        push(line);
                    }
                }
                if let Some(line) = fixed.get(at + offset).filter(|_| !is_last) {
                    push(line.text);
                }
            }
            at += here;
        }
        text
    }

    /// The lines that have to stay as they are, and for each section how many of them there are
    /// before the place of the lines with `+`, if others can be written there.
    fn fixed(&self) -> (Vec<Fixed<'_>>, Vec<Option<usize>>) {
        let mut fixed: Vec<Fixed<'_>> = Vec::new();
        let mut groups = vec![None; self.sections.len()];
        let mut section = 0;
        for (line, text) in (0..).zip(self.text.lines()) {
            while self.sections.get(section + 1).is_some_and(|next| next.line <= line) {
                section += 1;
            }
            let is_open = self.sections.get(section).is_some_and(|it| it.lines.is_some());
            if is_open && text.starts_with('+') {
                groups[section].get_or_insert(fixed.len());
                continue;
            }
            fixed.push(Fixed { text, line, section });
        }
        // What only takes lines away may get some as well.
        for (section, it) in self.sections.iter().enumerate() {
            if it.lines.is_some() && groups[section].is_none() {
                let is_gone = |it: &Fixed<'_>| it.section == section && it.text.starts_with('-');
                groups[section] = fixed.iter().rposition(is_gone).map(|last| last + 1);
            }
        }
        (fixed, groups)
    }

    /// The lines with `+` of a section, without it.
    fn plus(&self, section: usize) -> impl Iterator<Item = &str> {
        let number = |at: usize| self.sections.get(at).map_or(usize::MAX, |it| it.line as usize);
        let (first, next) = (number(section), number(section + 1));
        let lines = self.text.lines().skip(first).take(next - first);
        lines.filter_map(|line| line.strip_prefix('+'))
    }
}

/// Whether a line that was made is still there: editors that save may take the white space away at
/// its end, which is nobody's wish.
fn is_kept(made: &str, shown: &str) -> bool {
    shown == made || shown == made.trim_end()
}

/// Editors take white space away at the ends of lines, and some correct how many lines a hunk has.
fn is_same_line(made: &str, shown: &str) -> bool {
    let about = |line: &str| {
        let rest = line.strip_prefix("@@ ").and_then(|rest| rest.split_once(" @@"));
        rest.map(|(_, rest)| rest.trim_end().to_owned())
    };
    match about(made) {
        Some(made) => about(shown) == Some(made),
        None => made.trim_end() == shown.trim_end(),
    }
}
