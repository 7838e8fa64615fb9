//! Chains against an oracle that keeps one record per character.

use proptest::prelude::*;
use protocol::Replacement;

use super::{Obstacle, Weave, replace};
use crate::{ChangeError, apply, diff};

type Edit = Vec<Replacement>;

/// The chain as a weave, each edit made for the text that all before it left.
fn woven(bytes: usize, edits: &[Edit]) -> Result<Weave, ChangeError> {
    let mut weave = Weave::new(bytes);
    for (number, edit) in edits.iter().enumerate() {
        let with: Vec<usize> = (0..number).collect();
        weave.propose(edit, &with)?;
    }
    Ok(weave)
}

/// The edits that the last one needs.
fn needed(earlier: &[&[Replacement]], replacements: &[Replacement]) -> Vec<usize> {
    let edits: Vec<Edit> =
        earlier.iter().chain([&replacements]).map(|edit| edit.to_vec()).collect();
    woven(20, &edits).unwrap().needs_of(earlier.len()).to_vec()
}

/// What the kept edits come to, if each can do without those that are not.
fn compose(bytes: usize, edits: &[Edit], keep: impl Fn(usize) -> bool) -> Result<Edit, Obstacle> {
    let weave = woven(bytes, edits).unwrap();
    let kept = (0..edits.len()).filter(|edit| keep(*edit)).map(|edit| (edit, true)).collect();
    let plan = weave.plan(&kept);
    plan.refused.into_values().next().map_or(Ok(plan.replacements), Err)
}

#[test]
fn an_edit_needs_those_whose_text_it_changes() {
    let first = [replace(2, 4, "XYZ")]; // ab[XYZ]ef
    assert_eq!(needed(&[&first], &[replace(4, 5, "")]), [0]);
    assert_eq!(needed(&[&first], &[replace(0, 9, "")]), [0]);
    assert_eq!(needed(&[&first], &[replace(3, 3, "in it")]), [0]);
    assert_eq!(needed(&[&first], &[replace(0, 2, ""), replace(5, 6, "")]), [0; 0]);
    // "cake" that becomes "cake, large" is not free of what became "cake".
    assert_eq!(needed(&[&first], &[replace(5, 5, ", large")]), [0]);
    assert_eq!(needed(&[&first], &[replace(2, 2, "large ")]), [0]);
    assert_eq!(needed(&[&first], &[replace(1, 1, "x"), replace(6, 6, "y")]), [0; 0]);
}

#[test]
fn an_edit_needs_those_that_deleted_where_it_touches() {
    let first = [replace(2, 4, "")]; // ab|ef
    assert_eq!(needed(&[&first], &[replace(2, 2, "new")]), [0]);
    assert_eq!(needed(&[&first], &[replace(1, 2, "")]), [0]);
    assert_eq!(needed(&[&first], &[replace(0, 1, "")]), [0; 0]);
}

#[test]
fn needs_are_seen_through_the_edits_between() {
    let first = [replace(10, 10, "long")];
    let second = [replace(0, 5, "")];
    assert_eq!(needed(&[&first, &second], &[replace(6, 7, "")]), [0]);
    assert_eq!(needed(&[&first, &second], &[replace(11, 12, "")]), [0; 0]);
    // Inside of the first one's text, at the border of what the second one put there.
    let within = [replace(12, 12, "X")];
    assert_eq!(needed(&[&first, &within], &[replace(11, 12, "")]), [0]);
}

#[test]
fn text_beside_a_rejected_replacement_stays_on_its_side() {
    let first = vec![replace(2, 4, "XY")];
    for (start, end, expected) in [(1, 2, "a!cdef"), (4, 5, "abcd!f")] {
        let edits = [first.clone(), vec![replace(start, end, "!")]];
        let kept = compose(6, &edits, |edit| edit == 1).unwrap();
        assert_eq!(apply("abcdef", &kept).unwrap(), expected);
    }
}

#[test]
fn an_edit_that_makes_no_sense_is_an_error() {
    let cut = [vec![replace(0, 0, "é")], vec![replace(1, 1, "x")]];
    assert_eq!(woven(0, &cut).unwrap_err(), ChangeError::InsideCharacter { offset: 1 });
    assert!(woven(9, &[vec![replace(4, 2, "")]]).is_err());
    assert!(woven(9, &[vec![replace(usize::MAX, usize::MAX, "x")]]).is_err());
}

/// One character that was ever there, and the edits that brought it and took it away.
#[derive(Clone)]
struct Atom {
    char: char,
    inserted: Option<usize>,
    deleted: Option<usize>,
}

/// Applies an edit to the atoms; offsets count bytes of those that are not deleted.
fn naive_apply(atoms: &mut Vec<Atom>, edit: usize, replacements: &[Replacement]) {
    for replacement in replacements.iter().rev() {
        let gap = |atoms: &[Atom], offset: usize| {
            let mut seen = 0;
            let reached = |atom: &Atom| {
                seen += if atom.deleted.is_none() { atom.char.len_utf8() } else { 0 };
                seen == offset && atom.deleted.is_none()
            };
            if offset == 0 { 0 } else { atoms.iter().position(reached).unwrap() + 1 }
        };
        let (start, end) = (gap(atoms, replacement.start), gap(atoms, replacement.end));
        for atom in &mut atoms[start..end] {
            atom.deleted.get_or_insert(edit);
        }
        let new = replacement.text.chars();
        let new = new.map(|char| Atom { char, inserted: Some(edit), deleted: None });
        atoms.splice(end..end, new);
    }
}

fn naive_text(atoms: &[Atom], keep: impl Fn(usize) -> bool) -> String {
    let there = |atom: &&Atom| atom.inserted.is_none_or(&keep) && !atom.deleted.is_some_and(&keep);
    atoms.iter().filter(there).map(|atom| atom.char).collect()
}

fn text() -> impl Strategy<Value = String> {
    let pieces = ["a", "b", "\n", "é", "😀", "word "];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..12).prop_map(|p| p.concat())
}

/// A base text and a chain of edits, each between its text and the next.
fn any_chain() -> impl Strategy<Value = (String, Vec<Edit>)> {
    let step = prop::collection::vec((0..100_usize, 0..6_usize, text()), 1..4);
    (text(), prop::collection::vec(step, 0..6)).prop_map(|(base, steps)| {
        let mut current = base.clone();
        let edits = steps.into_iter().map(|step| {
            let mut replacements: Vec<Replacement> = Vec::new();
            let mut from = 0;
            for (skip, length, text) in step {
                let start = (from + skip % 8).min(current.len());
                let start = current.floor_char_boundary(start).max(from);
                let end = current.ceil_char_boundary((start + length).min(current.len()));
                replacements.push(replace(start, end, &text));
                from = end;
            }
            current = apply(&current, &replacements).unwrap();
            replacements
        });
        let edits = edits.collect();
        (base, edits)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn all_edits_together_are_the_edits_in_turn((base, edits) in any_chain()) {
        let in_turn = edits.iter().try_fold(base.clone(), |text, edit| apply(&text, edit));
        let together = compose(base.len(), &edits, |_| true).unwrap();
        prop_assert_eq!(apply(&base, &together), in_turn);
    }

    #[test]
    fn some_edits_are_what_they_must_be((base, edits) in any_chain(), wanted in any::<u8>()) {
        // Rejecting an edit rejects those that need it.
        let weave = woven(base.len(), &edits).unwrap();
        let mut kept: Vec<bool> = Vec::new();
        for index in 0..edits.len() {
            let met = weave.needs_of(index).iter().all(|needed| kept[*needed]);
            kept.push(wanted & (1 << index) != 0 && met);
        }
        let mut atoms: Vec<Atom> = base.chars()
            .map(|char| Atom { char, inserted: None, deleted: None }).collect();
        for (index, edit) in edits.iter().enumerate() {
            naive_apply(&mut atoms, index, edit);
        }
        let composed = apply(&base, &compose(base.len(), &edits, |edit| kept[edit]).unwrap()).unwrap();
        prop_assert_eq!(composed, naive_text(&atoms, |edit| kept[edit]));
    }

    #[test]
    fn the_first_edits_alone_are_a_chain_of_their_own((base, edits) in any_chain(), count in 0..6_usize) {
        let count = count.min(edits.len());
        let first = compose(base.len(), &edits, |edit| edit < count);
        prop_assert_eq!(
            apply(&base, &first.unwrap()).unwrap(),
            apply(&base, &compose(base.len(), &edits[..count], |_| true).unwrap()).unwrap()
        );
    }

    // The oracle here is the document itself: each edit has a line of its own.
    #[test]
    fn edits_in_different_lines_are_free_of_each_other(kept in prop::collection::vec(any::<bool>(), 1..6)) {
        let line = |index: usize, done: bool| match (index % 3, done) {
            (_, false) => format!("line {index} as it was\n"),
            (0, true) => format!("line {index} as it is\nand one more\n"),
            (1, true) => format!("{index}\n"),
            (_, true) => format!("line {index} as it was, with more\n"),
        };
        let text = |done: &dyn Fn(usize) -> bool| {
            (0..kept.len()).map(|index| line(index, done(index))).collect::<String>()
        };
        let base = text(&|_| false);
        let edits: Vec<Edit> = (0..kept.len())
            .map(|id| diff(&text(&|index| index < id), &text(&|index| index <= id)))
            .collect();
        let composed = compose(base.len(), &edits, |edit| kept[edit]).unwrap();
        prop_assert_eq!(apply(&base, &composed).unwrap(), text(&|index| kept[index]));
    }
}
