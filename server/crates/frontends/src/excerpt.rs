//! A hunk as a small diff: the lines it takes away and puts in, with some around them, in the
//! document as it is now.
//!
//! Pure. How lines are marked, coloured and made visible is for those who show them.

use std::ops::Range;

use engine::HunkView;
use ropey::Rope;

/// How many lines around a change are shown.
const CONTEXT: usize = 3;

/// The lines of one hunk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Excerpt {
    /// The number of the first line shown, counted from 1.
    first: usize,
    /// The number of the first line that is another, counted from 1.
    pub(crate) line: usize,
    /// How many of the hunk's own lines above that one are the same before and after.
    pub(crate) above_it: usize,
    above: Vec<String>,
    gone: Vec<String>,
    come: Vec<String>,
    below: Vec<String>,
    /// Whether only the end of the last line is another.
    is_ending: bool,
}

impl Excerpt {
    /// What a hunk does; none where it has no place any more.
    pub(crate) fn of(view: &HunkView) -> Option<Self> {
        let lines = view.lines.as_ref()?;
        let (old, new): (Vec<&str>, Vec<&str>) =
            (view.before.lines().collect(), view.after.lines().collect());
        let same = |(old, new): &(&&str, &&str)| old == new;
        let front = old.iter().zip(&new).take_while(same).count();
        let back =
            old[front..].iter().rev().zip(new[front..].iter().rev()).take_while(same).count();
        let owned = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect();
        let (mut above, after) = around(&view.text, lines);
        above.extend(old[..front].iter().map(|line| (*line).to_owned()));
        above.drain(..above.len().saturating_sub(CONTEXT));
        let mut below: Vec<String> = owned(&old[old.len() - back..]);
        below.extend(after);
        below.truncate(CONTEXT);
        let (gone, come) = (&old[front..old.len() - back], &new[front..new.len() - back]);
        let line = view.text.byte_to_line(lines.start.min(view.text.len_bytes())) + 1 + front;
        Some(Self {
            first: line - above.len(),
            line,
            above_it: front,
            above,
            gone: owned(gone),
            come: owned(come),
            below,
            is_ending: gone == come && view.before != view.after,
        })
    }

    /// The same of taking the hunk back.
    pub(crate) fn reversed(self) -> Self {
        Self { gone: self.come, come: self.gone, ..self }
    }

    /// How many lines come and how many go.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.come.len(), self.gone.len())
    }

    /// The line that says which lines these are.
    pub(crate) fn heading(&self) -> String {
        let context = self.above.len() + self.below.len();
        let span = |count: usize| match count {
            0 => "0,0".to_owned(),
            _ => format!("{},{count}", self.first),
        };
        let (was, is) = (span(context + self.gone.len()), span(context + self.come.len()));
        format!("@@ -{was} +{is} @@")
    }

    /// The lines below the heading, each with the sign of what happens to it.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (char, &str)> {
        let note = self.is_ending.then_some(('\\', " Only the end of the last line is another"));
        let above = marked(' ', &self.above).chain(marked('-', &self.gone));
        above.chain(marked('+', &self.come)).chain(marked(' ', &self.below)).chain(note)
    }
}

fn marked(sign: char, lines: &[String]) -> impl Iterator<Item = (char, &str)> {
    lines.iter().map(move |line| (sign, line.as_str()))
}

/// The lines before and after some lines of a document.
fn around(text: &Rope, lines: &Range<usize>) -> (Vec<String>, Vec<String>) {
    let length = text.len_bytes();
    let first = text.byte_to_line(lines.start.min(length));
    let last = text.byte_to_line(lines.end.min(length));
    let line = |at: usize| text.line(at).to_string().trim_end_matches(['\r', '\n']).to_owned();
    let count = text.len_lines();
    // Behind the last line break there is no line.
    let count = if text.line(count - 1).len_bytes() == 0 { count - 1 } else { count };
    let before = (first.saturating_sub(CONTEXT)..first).map(line).collect();
    let is_cut = text.line_to_byte(last) < lines.end;
    let next = if is_cut { last + 1 } else { last };
    (before, (next..count.min(next + CONTEXT)).map(line).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_a_line_break_at_its_end_has_no_line_more() {
        let (before, after) = around(&Rope::from_str("a\nb"), &(0..2));
        assert_eq!((before, after), (vec![], vec!["b".to_owned()]));
        let (before, after) = around(&Rope::from_str("a\nb\n"), &(2..4));
        assert_eq!((before, after), (vec!["a".to_owned()], vec![]));
        assert_eq!(around(&Rope::from_str(""), &(0..0)), (vec![], vec![]));
    }
}
