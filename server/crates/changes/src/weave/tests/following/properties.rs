//! What holds for whatever a document becomes.

use std::collections::BTreeSet;
use std::ops::Range;

use proptest::prelude::*;

use crate::weave::tests::{Woven, replace};
use crate::{Followed, diff};

/// Lines as code has them: some are there often, the others once.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just("}\n".to_owned()),
        1 => Just("\n".to_owned()),
        1 => Just("    return value;\n".to_owned()),
        1 => Just("    row,\n".to_owned()),
        4 => (0..60_u8).prop_map(|n| format!("    let name_{n} = {n};\n")),
    ]
}

fn lines(most: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::vec(line(), 0..most)
}

/// Runs of lines that others take the place of: how many lines to skip, to replace, and with what.
type Changes = Vec<(usize, usize, Vec<String>)>;

fn changes(most: usize) -> impl Strategy<Value = Changes> {
    prop::collection::vec((0..7_usize, 0..4_usize, lines(4)), 1..most)
}

/// The changes with at least one line between two of them, as lines from, to, and the new ones.
fn apart(length: usize, changes: Changes) -> Changes {
    let mut from = 0;
    let placed = changes.into_iter().map(|(skip, gone, new)| {
        let start = from + skip % 3;
        let end = (start + gone).min(length);
        from = end + 1;
        (start, end, new)
    });
    placed.take_while(|(start, ..)| *start <= length).collect()
}

fn changed(lines: &[String], changes: &[&(usize, usize, Vec<String>)]) -> String {
    let mut text = String::new();
    let mut from = 0;
    for (start, end, new) in changes {
        text.push_str(&(lines[from..*start].concat() + &new.concat()));
        from = *end;
    }
    text + &lines[from..].concat()
}

/// Whether some lines are the same up to the nearest on either side that stands once: others took
/// lines away and put the same in, if anything, and where no text changed nothing has happened.
fn is_same_around(before: &str, now: &str, own: Range<usize>) -> bool {
    let before: Vec<&str> = before.split_inclusive('\n').collect();
    let now: Vec<&str> = now.split_inclusive('\n').collect();
    let place = |line: &&str| {
        let is_once = |all: &[&str]| all.iter().filter(|other| *other == line).count() == 1;
        (is_once(&before) && is_once(&now)).then(|| now.iter().position(|other| other == line))?
    };
    let above = (0..own.start).rev().find_map(|line| Some((line, place(&before[line])?)));
    let below = (own.end..before.len()).find_map(|line| Some((line, place(&before[line])?)));
    let ((start, from), (end, to)) =
        (above.unwrap_or((0, 0)), below.unwrap_or((before.len(), now.len())));
    Some(&before[start..end]) == now.get(from..to)
}

fn mixed() -> impl Strategy<Value = String> {
    let pieces = ["a", "}\n", "\n", "word ", "é", "😀", "e\u{301}", "\r\n", "one more line\n"];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..25).prop_map(|it| it.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn any_text_may_follow_any_other(
        texts in prop::collection::vec(mixed(), 3..6),
        after in mixed(),
        shown in any::<u8>(),
    ) {
        let mut it = Woven::new(&texts[0]);
        for (number, goal) in texts[1..].iter().enumerate() {
            let hunk = it.proposes(goal);
            if shown & (1 << number) != 0 {
                it.switch(&[hunk], true);
            }
        }
        let same = it.weave.clone();
        let nothing = it.becomes(&it.text.clone());
        prop_assert_eq!((&it.weave, nothing), (&same, Followed::default()));
        let said = it.becomes(&after);
        for hunk in said.made.iter().chain(&said.taken_back) {
            prop_assert_ne!(it.weave.is_shown(*hunk), same.is_shown(*hunk));
        }
        for hunk in 0..it.weave.hunks() {
            it.switch(&[hunk], !it.weave.is_shown(hunk));
            prop_assert_eq!(it.weave.len(), it.text.len());
        }
    }

    // It is known what somebody changed, however often a line is there.
    #[test]
    fn no_hunk_is_ever_in_the_wrong_place(
        lines in prop::collection::vec(line(), 3..25),
        all in changes(5),
        which in 0..5_usize,
        shown in any::<bool>(),
    ) {
        let all = apart(lines.len(), all);
        let own = &all[which % all.len()];
        let others: Vec<_> = all.iter().filter(|other| *other != own).collect();
        let (with, without) = (changed(&lines, &all.iter().collect::<Vec<_>>()), changed(&lines, &others));
        if with == without {
            return Ok(());
        }
        let mut it = Woven::new(&lines.concat());
        // The way in which the hunk itself is taken is not a question here.
        let replaced = lines[..own.0].concat().len()..lines[..own.1].concat().len();
        let own_lines = own.0..own.0 + if shown { own.2.len() } else { own.1 - own.0 };
        let own = replace(replaced.start, replaced.end, &own.2.concat());
        let hunk = it.weave.propose(&[own], &[]).unwrap();
        let (now, goal) = if shown { (with, without) } else { (without, with) };
        if shown {
            it.show(hunk);
        }
        if is_same_around(&it.text, &now, own_lines) {
            return Ok(());
        }
        let said = it.becomes(&now);
        let is_switched = said.made.contains(&hunk) || said.taken_back.contains(&hunk);
        if it.switch(&[hunk], !shown).is_empty() && !is_switched {
            prop_assert_eq!(it.text, goal);
        }
    }

    #[test]
    fn a_change_elsewhere_is_in_no_hunks_way(
        length in 12..30_usize,
        own in (0..3_usize, 0..3_usize, lines(4)),
        other in (0..3_usize, 0..3_usize, lines(4)),
        is_first in any::<bool>(),
        shown in any::<bool>(),
    ) {
        let lines: Vec<String> = (0..length).map(|n| format!("the line {n} of it\n")).collect();
        let (first, second) = if is_first { (&own, &other) } else { (&other, &own) };
        let first = (first.0, first.0 + first.1, first.2.clone());
        let start = length - 4 + second.0.min(1);
        let second = (start, (start + second.1).min(length), second.2.clone());
        let (own, other) = if is_first { (&first, &second) } else { (&second, &first) };
        let (before, with) = (lines.concat(), changed(&lines, &[own]));
        let (after, both) = (changed(&lines, &[other]), changed(&lines, &[&first, &second]));
        if before == with {
            return Ok(());
        }
        let mut it = Woven::new(&before);
        let hunk = it.proposes(&with);
        if shown {
            it.show(hunk);
            prop_assert_eq!(it.becomes(&both), Followed::default());
            prop_assert_eq!(it.hide(hunk), after.as_str());
        } else {
            prop_assert_eq!(it.becomes(&after), Followed::default());
            prop_assert_eq!(it.show(hunk), both.as_str());
        }
    }
}

/// A line that is nowhere else: each of its characters is there once.
fn own_line(count: &mut u32, length: usize) -> String {
    let chars = (0..length).filter_map(|_| {
        *count += 1;
        char::from_u32(0x4e00 + *count)
    });
    chars.chain(['\n']).collect()
}

/// What somebody does to the lines of a text: at which, how many go, of how many characters the
/// new ones are, and how far lines are moved.
type Steps = Vec<(usize, usize, Vec<usize>, usize)>;

fn steps() -> impl Strategy<Value = Steps> {
    let new = prop::collection::vec(0..6_usize, 0..4);
    prop::collection::vec((0..40_usize, 0..4_usize, new, 0..6_usize), 1..4)
}

fn after_steps(text: &str, steps: &Steps, count: &mut u32) -> String {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(String::from).collect();
    for (at, gone, new, moved) in steps {
        let start = at % (lines.len() + 1);
        let end = (start + gone).min(lines.len());
        let new: Vec<String> = new.iter().map(|length| own_line(count, *length)).collect();
        let taken: Vec<String> = lines.splice(start..end, new).collect();
        if *moved > 3 {
            let to = (start + moved * 3) % (lines.len() + 1);
            lines.splice(to..to, taken);
        }
    }
    lines.concat()
}

fn letters(text: &str) -> BTreeSet<char> {
    text.chars().filter(|char| *char != '\n').collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn switching_what_followed_takes_only_what_is_the_hunks(
        length in 0..25_usize,
        proposals in prop::collection::vec((steps(), any::<bool>()), 1..4),
        others in steps(),
    ) {
        let mut count = 0;
        let text: String = (0..length).map(|at| own_line(&mut count, at % 6)).collect();
        let mut it = Woven::new(&text);
        let (mut writes, mut takes) = (Vec::<BTreeSet<char>>::new(), Vec::<BTreeSet<char>>::new());
        for (steps, shown) in &proposals {
            let goal = after_steps(&it.text, steps, &mut count);
            let changes = diff(&it.text, &goal);
            writes.push(changes.iter().flat_map(|one| letters(&one.text)).collect());
            takes.push(changes.iter().flat_map(|one| letters(&it.text[one.start..one.end])).collect());
            let hunk = it.proposes(&goal);
            if *shown {
                it.switch(&[hunk], true);
            }
        }
        let after = after_steps(&it.text, &others, &mut count);
        let before = it.clone();
        let said = it.becomes(&after);
        // Which hunk is which stays, and to follow again changes nothing.
        prop_assert_eq!(it.weave.hunks(), before.weave.hunks());
        for hunk in 0..it.weave.hunks() {
            prop_assert_eq!(it.weave.needs_of(hunk), before.weave.needs_of(hunk));
            let is_switched = said.made.contains(&hunk) || said.taken_back.contains(&hunk);
            prop_assert_eq!(it.weave.is_shown(hunk) != before.weave.is_shown(hunk), is_switched);
        }
        let mut again = it.clone();
        prop_assert_eq!(again.becomes(&after), Followed::default());
        prop_assert_eq!(&again.weave, &it.weave);
        let mut same = before.clone();
        prop_assert_eq!(same.becomes(&after), said);
        prop_assert_eq!(&same.weave, &it.weave);
        for hunk in 0..it.weave.hunks() {
            let mut it = it.clone();
            let shown = !it.weave.is_shown(hunk);
            let is_free = it.switch(&[hunk], shown).is_empty();
            let (mut comes, mut goes) = (&writes[hunk], &takes[hunk]);
            if !shown {
                std::mem::swap(&mut comes, &mut goes);
            }
            prop_assert!((&letters(&after) - &letters(&it.text)).is_subset(goes));
            prop_assert!((&letters(&it.text) - &letters(&after)).is_subset(comes));
            // What is nobody's but the user's stays in its order.
            let is_own = |char: &char| *char != '\n' && !comes.contains(char) && !goes.contains(char);
            let own = |text: &str| text.chars().filter(is_own).collect::<String>();
            prop_assert_eq!(own(&it.text), own(&after));
            if is_free && it.switch(&[hunk], !shown).is_empty() {
                prop_assert_eq!(&it.text, &after);
            }
        }
    }
}
