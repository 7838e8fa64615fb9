//! A text that is there again: what was known of its hunks then is known again.
//!
//! A checkout and back, a stash, typing that is taken back in any order: how the text came about
//! does not matter, only that it is the same to the byte. What a filter writes anew is compared
//! with what it took away, as if another program had written it.
//!
//! Start with [`Tracked::returns_to`].

use std::sync::Arc;

use changes::Weave;
use protocol::Replacement;
use ropey::Rope;

use super::{News, Standing, Tracked};

/// So many texts are remembered of a document; of more, the last.
const MOST: usize = 8;

/// No more bytes than these are remembered of a document.
const MOST_BYTES: usize = 16 * 1024 * 1024;

/// A document as it was.
pub(super) struct Former {
    weave: Weave,
    text: Rope,
}

impl Former {
    /// How much others have done to its hunks.
    pub(super) fn harm(&self) -> usize {
        self.weave.harm()
    }
}

/// Lines that were put in or taken away. Together with the next step that can be a replacement:
/// a filter in Vim puts all the new lines in, and then takes the old ones away.
#[derive(Clone)]
pub(super) struct Half {
    pub(super) before: Arc<Former>,
    pub(super) step: Vec<Replacement>,
}

impl Half {
    /// Whether a step in a text may be half a replacement.
    pub(super) fn is_of(step: &[Replacement], text: &Rope) -> bool {
        let [one] = step else { return false };
        let taken = text.get_byte_slice(one.start..one.end);
        match one.text.is_empty() {
            true => taken.is_some_and(|taken| taken.len_lines() > 1),
            false => one.start == one.end && one.text.contains('\n'),
        }
    }

    /// The text after both, if another step is the other half.
    fn with(&self, step: &[Replacement]) -> Option<Rope> {
        let ([one], [other]) = (self.step.as_slice(), step) else { return None };
        let is_at = match (one.text.is_empty(), other.text.is_empty()) {
            // Put in, and then taken away right before or behind it.
            (false, true) => other.end == one.start || other.start == one.start + one.text.len(),
            (true, false) => other.start == one.start,
            _ => false,
        };
        let between = is_at.then(|| changes::apply_to(&self.before.text, &self.step));
        changes::apply_to(&between?.ok()?, step).ok()
    }
}

impl Tracked {
    /// The document as it is, to be remembered.
    pub(super) fn as_it_is(&self) -> Arc<Former> {
        Arc::new(Former { weave: self.weave.clone(), text: self.text.clone() })
    }

    /// Remembers what the document was.
    pub(super) fn remember(&mut self, former: Arc<Former>) {
        self.former.retain(|known| known.text != former.text);
        self.former.push_back(former);
        let lengths = self.former.iter().map(|known| known.text.len_bytes());
        let mut bytes: usize = lengths.sum();
        while self.former.len() > MOST || bytes > MOST_BYTES {
            let Some(oldest) = self.former.pop_front() else { break };
            bytes -= oldest.text.len_bytes();
        }
    }

    /// Forgets what the document was: there are hunks now that were not known then.
    pub(super) fn forget_former(&mut self) {
        self.former.clear();
        self.half = None;
    }

    /// A hunk is nothing that could come back with a former text.
    pub(super) fn forget_in_former(&mut self, forgotten: usize) {
        self.half = None;
        for known in &mut self.former {
            let mut weave = known.weave.clone();
            weave.forget(|number| number == forgotten);
            *known = Arc::new(Former { weave, text: known.text.clone() });
        }
    }

    /// Goes on to a text that the document had before, as it was then.
    pub(super) fn returns_to(&mut self, text: &Rope) -> Option<News> {
        let former = self.former.iter().rfind(|former| former.text == *text)?.clone();
        let told = self.standings();
        (self.is_own, self.half) = (false, None);
        Some(self.becomes(former.weave.clone(), &told))
    }

    /// Takes two steps, which the document has gone on by already, for the one replacement that
    /// they are together, if that leaves more of the hunks. `told` is how they stood before.
    pub(super) fn joins(
        &mut self,
        half: &Half,
        step: &[Replacement],
        told: &[Standing],
    ) -> Option<News> {
        if self.weave.harm() <= half.before.harm() {
            return None;
        }
        let together = half.with(step)?;
        let Former { weave, text } = half.before.as_ref();
        let mut weave = weave.clone();
        weave.follow(&text.to_string(), &together.to_string()).ok()?;
        (weave.harm() <= self.weave.harm()).then(|| self.becomes(weave, told))
    }

    /// How the hunks stand, by their numbers.
    pub(super) fn standings(&self) -> Vec<Standing> {
        (0..self.hunks.len()).map(|number| self.standing_of(number)).collect()
    }

    /// The weave is another one; gives what that is for hunks that stood as `told`.
    fn becomes(&mut self, weave: Weave, told: &[Standing]) -> News {
        self.weave = weave;
        for known in &mut self.hunks {
            known.is_gone = false;
        }
        for number in self.weave.gone() {
            self.hunks[number].is_gone = true;
        }
        let mut news = News::new();
        for (number, told) in told.iter().enumerate() {
            let standing = self.standing_of(number);
            self.hunks[number].may_come |= standing == Standing::Shown;
            if standing != *told {
                news.extend(self.named([number], standing));
            }
        }
        news.extend(self.freed());
        news
    }
}
