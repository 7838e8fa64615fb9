//! A change of the document that does what switching hunks would do: most often the editor's own
//! undo of what the agent wrote, or its redo.
//!
//! It only recognizes. Whoever is told switches the hunks ([`Weave::switch`]) instead of taking the
//! change for typing ([`Weave::edit`]), after which nothing of the agent's would be left to switch.

use std::{collections::BTreeMap, ops::Range};

use ropey::Rope;

use super::Weave;
use crate::Plan;

impl Weave {
    /// The hunks whose switching makes `after` of `before`, the text as it is: all those at `place`,
    /// or else one of them. `place` is the stretch of `before` that changed. Of hidden hunks only
    /// those that `may_show` are thought of: others can have been typed by chance.
    pub fn switched_by(
        &self,
        place: &Range<usize>,
        before: &Rope,
        after: &Rope,
        may_show: impl Fn(usize) -> bool,
    ) -> Option<Plan> {
        let now = self.reading();
        let meets = |it: Range<usize>| it.start <= place.end && place.start <= it.end;
        let may_switch = |hunk: &usize| self.is_shown(*hunk) || may_show(*hunk);
        let known = (0..self.hunks.len()).filter(may_switch);
        let at_place = known.filter(|hunk| now.place(*hunk).is_some_and(meets));
        let (shown, hidden): (Vec<usize>, Vec<usize>) =
            at_place.partition(|hunk| self.is_shown(*hunk));
        let grown = after.len_bytes().cast_signed() - before.len_bytes().cast_signed();
        let fits = |wishes: BTreeMap<usize, bool>| {
            // Nearly all typing is told apart by its length, without a look at the text.
            if wishes.is_empty() || now.growth(&wishes) != grown {
                return None;
            }
            let plan = self.plan(&wishes);
            let is_whole = plan.hunks == wishes;
            (is_whole && leads_to(&plan, before, after)).then_some(plan)
        };
        [(shown, false), (hidden, true)].into_iter().find_map(|(hunks, to)| {
            let all = fits(hunks.iter().map(|hunk| (*hunk, to)).collect());
            let one = || hunks.iter().rev().find_map(|hunk| fits(BTreeMap::from([(*hunk, to)])));
            all.or_else(|| if hunks.len() > 1 { one() } else { None })
        })
    }
}

fn leads_to(plan: &Plan, before: &Rope, after: &Rope) -> bool {
    crate::apply_to(before, &plan.replacements).is_ok_and(|text| text == *after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::weave::tests::replace;

    /// A document with a hunk that makes `good day` of `hello`, and one that adds a line.
    fn greeting() -> (Weave, Rope) {
        let before = Rope::from_str("say hello\nend\n");
        let mut weave = Weave::new(before.len_bytes());
        weave.propose(&[replace(4, 9, "good day")], &[]).unwrap();
        weave.propose(&[replace(10, 10, "more\n")], &[]).unwrap();
        let plan = weave.plan(&BTreeMap::from([(0, true), (1, true)]));
        let after = crate::apply_to(&before, &plan.replacements).unwrap();
        weave.switch(&plan, &before);
        (weave, after)
    }

    fn recognized(weave: &Weave, before: &Rope, place: Range<usize>, after: &str) -> Vec<usize> {
        let plan = weave.switched_by(&place, before, &Rope::from_str(after), |_| true);
        plan.map(|plan| plan.hunks.into_keys().collect()).unwrap_or_default()
    }

    #[test]
    fn undo_of_one_hunk_or_of_all_is_recognized() {
        let (weave, text) = greeting();
        assert_eq!(recognized(&weave, &text, 4..12, "say hello\nmore\nend\n"), [0]);
        assert_eq!(recognized(&weave, &text, 13..18, "say good day\nend\n"), [1]);
        assert_eq!(recognized(&weave, &text, 4..18, "say hello\nend\n"), [0, 1]);
    }

    #[test]
    fn only_what_is_at_the_place_is_thought_of() {
        let before = Rope::from_str("say hello\nend\nfar\n");
        let mut weave = Weave::new(before.len_bytes());
        weave.propose(&[replace(4, 9, "good day")], &[]).unwrap();
        weave.propose(&[replace(10, 10, "more\n")], &[]).unwrap();
        weave.propose(&[replace(14, 17, "near")], &[]).unwrap();
        let plan = weave.plan(&(0..3).map(|hunk| (hunk, true)).collect());
        let text = crate::apply_to(&before, &plan.replacements).unwrap();
        weave.switch(&plan, &before);
        assert_eq!(text, "say good day\nmore\nend\nnear\n");
        assert_eq!(recognized(&weave, &text, 4..18, "say hello\nend\nnear\n"), [0, 1]);
        // Of two at the place one is enough.
        assert_eq!(recognized(&weave, &text, 4..18, "say good day\nend\nnear\n"), [1]);
        assert_eq!(recognized(&weave, &text, 4..18, "say hello\nmore\nend\nnear\n"), [0]);
        assert_eq!(recognized(&weave, &text, 4..6, "say good day\nmore\nend\nfar\n"), [0; 0]);
    }

    #[test]
    fn what_only_looks_like_it_is_typing() {
        let (weave, text) = greeting();
        assert_eq!(recognized(&weave, &text, 4..12, "say hallo\nmore\nend\n"), [0; 0]);
        assert_eq!(recognized(&weave, &text, 4..12, "say \nmore\nend\n"), [0; 0]);
    }

    #[test]
    fn redo_is_recognized_only_of_what_may_be_shown() {
        let (mut weave, text) = greeting();
        let plan = weave.plan(&BTreeMap::from([(1, false)]));
        let hidden = crate::apply_to(&text, &plan.replacements).unwrap();
        weave.switch(&plan, &text);
        let redone = |may: bool| weave.switched_by(&(13..13), &hidden, &text, |_| may);
        assert_eq!(redone(true).unwrap().hunks, BTreeMap::from([(1, true)]));
        assert_eq!(redone(false), None);
    }
}
