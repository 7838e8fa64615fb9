//! The user's words in place of a proposal's: they were written for some lines, and somebody may
//! have changed those since.

use changes::{Seen, Substitution};
use protocol::{HunkId, Replacement};

use super::tracked::Tracked;
use crate::prompts;

impl Tracked {
    /// Has a hunk say what the user wants in place of its lines. `made_for` are the lines that the
    /// text was written for; without them, those that the hunk was proposed for. What was typed in
    /// them since is merged with it.
    ///
    /// # Errors
    /// Says what stands in the way; nothing has changed then.
    pub(super) fn reword(
        &mut self,
        hunk: &HunkId,
        text: &str,
        made_for: Option<&str>,
    ) -> Result<(), String> {
        let touched = || prompts::obstacle("touched");
        let number = self.number(hunk).ok_or_else(touched)?;
        let (lines, now, _) = self.lines(hunk).ok_or_else(touched)?;
        let made_for = made_for.or(self.made_for(number)).unwrap_or(&now);
        let replacements = merged(made_for, &now, text).ok_or_else(touched)?;
        // Those lines are seen with all that the hunk builds on.
        let needs = self.weave.needs_of(number).iter();
        let with: Vec<usize> = needs.filter(|on| !self.weave.is_shown(**on)).copied().collect();
        let base = self.weave.replacements(&with.iter().map(|on| (*on, true)).collect());
        let above = base.iter().filter(|one| one.end <= lines.start && one.start < lines.start);
        let start = above.fold(lines.start, |at, one| at + one.text.len() + one.start - one.end);
        let replacements = replacements.into_iter().map(|one| Replacement {
            start: one.start + start,
            end: one.end + start,
            ..one
        });
        let replacements: Vec<Replacement> = replacements.collect();
        if self.put_for(number, &replacements, &with) { Ok(()) } else { Err(touched()) }
    }
}

/// What makes of the lines of now what the user wants, if they wrote it for other ones; none if
/// both changed the same words.
fn merged(made_for: &str, now: &str, text: &str) -> Option<Vec<Replacement>> {
    if made_for == now {
        return Some(changes::diff(now, text));
    }
    if made_for == text {
        return Some(Vec::new());
    }
    let wanted =
        Substitution { old: made_for.to_owned(), new: text.to_owned(), replace_all: false };
    let all = 0..u32::try_from(made_for.lines().count()).ok()?;
    let seen = Seen { text: made_for, lines: std::slice::from_ref(&all) };
    Some(changes::place(now, &[wanted], Some(&seen)).ok()?.replacements)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn says(made_for: &str, now: &str, text: &str) -> Option<String> {
        merged(made_for, now, text).map(|made| changes::apply(now, &made).unwrap())
    }

    #[test]
    fn what_was_typed_meanwhile_is_merged_or_stands_in_the_way() {
        let other = says("let a = 1;\n", "let a = 1; // typed\n", "let a = 3;\n");
        assert_eq!(other.as_deref(), Some("let a = 3; // typed\n"));
        assert_eq!(says("let a = 1;\n", "let a = 15;\n", "let a = 3;\n"), None);
        let above = says("two\n", "one\ntwo\n", "2\n");
        assert_eq!(above.as_deref(), Some("one\n2\n"));
        // A hunk that only adds has no lines of its own.
        assert_eq!(says("", "", "new\n").as_deref(), Some("new\n"));
        assert_eq!(says("", "typed\n", "new\n"), None);
    }
}
