//! A weave that much is asked of while it stays as it is.
//!
//! Where the pieces of each hunk are is found out once, for all hunks; a look at one of them then
//! takes as long as it has pieces, and not as long as the document has.

use std::collections::BTreeMap;
use std::ops::Range;

use protocol::Replacement;

use super::Weave;

/// A weave with the places of all its pieces.
pub struct Reading<'a> {
    weave: &'a Weave,
    /// Where each piece begins in the document.
    starts: Vec<usize>,
    /// The pieces of each hunk, in order, one hunk after the other.
    pieces: Vec<usize>,
    /// Where in these the pieces of each hunk end.
    ends: Vec<usize>,
}

impl Weave {
    /// Finds out where everything is.
    pub fn reading(&self) -> Reading<'_> {
        let mut ends = vec![0; self.hunks.len() + 1];
        let mut starts = Vec::with_capacity(self.fragments.len());
        let mut start = 0;
        for fragment in &self.fragments {
            starts.push(start);
            start += self.visible(fragment);
            fragment.hunks().for_each(|hunk| ends[hunk + 1] += 1);
        }
        for hunk in 0..self.hunks.len() {
            ends[hunk + 1] += ends[hunk];
        }
        let mut pieces = vec![0; ends.last().copied().unwrap_or_default()];
        // Each end is where the hunk's pieces begin until they are put in.
        for (at, fragment) in self.fragments.iter().enumerate() {
            for hunk in fragment.hunks() {
                pieces[ends[hunk]] = at;
                ends[hunk] += 1;
            }
        }
        Reading { weave: self, starts, pieces, ends }
    }
}

impl Reading<'_> {
    fn pieces(&self, hunk: usize) -> &[usize] {
        let start = hunk.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.pieces[start..self.ends[hunk]]
    }

    /// Where a hunk stands in the document: see [`Weave::place`].
    pub fn place(&self, hunk: usize) -> Option<Range<usize>> {
        (hunk < self.weave.hunks.len()).then_some(())?;
        let pieces = self.pieces(hunk);
        let (&first, &last) = (pieces.first()?, pieces.last()?);
        let end = self.starts[last] + self.weave.visible(&self.weave.fragments[last]);
        Some(self.starts[first]..end)
    }

    /// What switching these hunks does to the document, whatever stands in the way.
    pub fn replacements(&self, switched: &BTreeMap<usize, bool>) -> Vec<Replacement> {
        let mut replacements: Vec<Replacement> = Vec::new();
        for (piece, is) in self.switched(switched) {
            let one = self.weave.fragments[piece].switched(self.starts[piece], is);
            match replacements.last_mut() {
                Some(last) if last.end == one.start => {
                    last.end = one.end;
                    last.text.push_str(&one.text);
                }
                _ => replacements.push(one),
            }
        }
        replacements
    }

    /// By how many bytes switching these hunks makes the document longer.
    pub fn growth(&self, switched: &BTreeMap<usize, bool>) -> isize {
        let bytes = |piece: usize| self.weave.fragments[piece].bytes.cast_signed();
        self.switched(switched)
            .map(|(piece, is)| if is { bytes(piece) } else { -bytes(piece) })
            .sum()
    }

    /// The pieces that come or go if these hunks are switched, and which of it.
    fn switched(&self, switched: &BTreeMap<usize, bool>) -> impl Iterator<Item = (usize, bool)> {
        let hunks = &self.weave.hunks;
        let is_new = |(hunk, shown): &(&usize, &bool)| {
            hunks.get(**hunk).is_some_and(|known| known.shown != **shown)
        };
        let new = switched.iter().filter(is_new);
        let mut pieces: Vec<usize> =
            new.flat_map(|(hunk, _)| self.pieces(*hunk)).copied().collect();
        pieces.sort_unstable();
        pieces.dedup();
        pieces.into_iter().filter_map(move |piece| {
            let fragment = &self.weave.fragments[piece];
            let was = fragment.is_visible(|hunk| hunks[hunk].shown);
            let shown = |hunk: usize| switched.get(&hunk).copied().unwrap_or(hunks[hunk].shown);
            let is = fragment.is_visible(shown);
            (was != is).then_some((piece, is))
        })
    }
}
