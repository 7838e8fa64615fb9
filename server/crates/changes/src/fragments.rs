//! A text as the pieces that a chain of edits made of it, those that went away included.
//!
//! Because nothing is ever dropped, each edit can still be told apart after all of them, and
//! left out. It knows offsets, not the base text; what an edit id is, [`crate::chain`] knows.

use std::{collections::HashMap, ops::Range};

use protocol::Replacement;

use crate::replacement::{ChangeError, check_order};

/// One replacement of one edit, each counted from 0 in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Cause {
    pub(crate) edit: usize,
    replacement: usize,
}

#[derive(Clone, Debug)]
enum Content {
    /// A stretch of the base text. The last one is taken to be endless.
    Base(Range<usize>),
    New(String),
}

#[derive(Clone, Debug)]
struct Fragment {
    content: Content,
    inserted: Option<Cause>,
    deleted: Option<Cause>,
}

impl Fragment {
    /// Bytes of it that are in the text after all edits.
    fn visible(&self) -> usize {
        match (&self.deleted, &self.content) {
            (Some(_), _) => 0,
            (None, Content::Base(range)) => range.end - range.start,
            (None, Content::New(text)) => text.len(),
        }
    }
}

/// The pieces in the order of the text.
pub(crate) struct Fragments(Vec<Fragment>);

impl Fragments {
    /// A base text that no edit has touched.
    pub(crate) fn new() -> Self {
        let content = Content::Base(0..usize::MAX);
        Self(vec![Fragment { content, inserted: None, deleted: None }])
    }

    /// Takes in an edit that is made against the text as it is after those before.
    pub(crate) fn apply(
        &mut self,
        edit: usize,
        replacements: &[Replacement],
    ) -> Result<(), ChangeError> {
        check_order(replacements)?;
        // From the last to the first, so that no offset moves before its turn.
        for (index, replacement) in replacements.iter().enumerate().rev() {
            let cause = Cause { edit, replacement: index };
            let start = self.split(replacement.start)?;
            let end = self.split(replacement.end)?.max(start);
            for fragment in &mut self.0[start..end] {
                fragment.deleted.get_or_insert(cause);
            }
            if !replacement.text.is_empty() {
                let content = Content::New(replacement.text.clone());
                self.0.insert(end, Fragment { content, inserted: Some(cause), deleted: None });
            }
        }
        Ok(())
    }

    /// Where the new text of each replacement stands now; for one that only deletes, the point.
    pub(crate) fn places(&self) -> HashMap<Cause, Range<usize>> {
        let mut inserted = HashMap::new();
        let mut deleted = HashMap::new();
        let mut start = 0_usize;
        for fragment in &self.0 {
            let end = start.saturating_add(fragment.visible());
            if let Some(cause) = fragment.inserted {
                inserted.entry(cause).or_insert(start..end).end = end;
            }
            if let Some(cause) = fragment.deleted {
                deleted.entry(cause).or_insert(start..start).end = start;
            }
            start = end;
        }
        deleted.extend(inserted);
        deleted
    }

    /// What the chosen edits alone make of the base text.
    pub(crate) fn replacements(&self, keep: impl Fn(usize) -> bool) -> Vec<Replacement> {
        let kept = |cause: Option<Cause>| cause.is_some_and(|cause| keep(cause.edit));
        let mut replacements: Vec<Replacement> = Vec::new();
        let mut at = 0;
        let mut open: Option<Replacement> = None;
        for fragment in &self.0 {
            let deleted = kept(fragment.deleted);
            match &fragment.content {
                Content::Base(range) if deleted => {
                    open.get_or_insert_with(|| empty(at)).end = range.end;
                    at = range.end;
                }
                Content::Base(range) => {
                    replacements.extend(open.take());
                    at = range.end;
                }
                Content::New(text) if kept(fragment.inserted) && !deleted => {
                    open.get_or_insert_with(|| empty(at)).text.push_str(text);
                }
                Content::New(_) => {}
            }
        }
        replacements.extend(open);
        replacements
    }

    /// Makes `offset` a border between pieces, and says which piece is the first behind it,
    /// pieces without visible text included.
    fn split(&mut self, offset: usize) -> Result<usize, ChangeError> {
        let mut start = 0_usize;
        for index in 0..self.0.len() {
            if start == offset {
                return Ok(index);
            }
            let end = start.saturating_add(self.0[index].visible());
            if offset < end {
                let rest = self.0[index].clone();
                let (left, right) = cut(&rest.content, offset - start)
                    .ok_or(ChangeError::InsideCharacter { offset })?;
                self.0[index].content = left;
                self.0.insert(index + 1, Fragment { content: right, ..rest });
                return Ok(index + 1);
            }
            start = end;
        }
        Ok(self.0.len())
    }
}

fn empty(at: usize) -> Replacement {
    Replacement { start: at, end: at, text: String::new() }
}

fn cut(content: &Content, at: usize) -> Option<(Content, Content)> {
    match content {
        Content::Base(range) => {
            let middle = range.start + at;
            Some((Content::Base(range.start..middle), Content::Base(middle..range.end)))
        }
        Content::New(text) => {
            let (left, right) = text.split_at_checked(at)?;
            Some((Content::New(left.to_owned()), Content::New(right.to_owned())))
        }
    }
}
