//! What holds however the user types while the agent proposes, applies and takes back, and while
//! other programs change the document without saying how.

mod world;

use std::collections::BTreeMap;

use proptest::prelude::*;
use protocol::Replacement;
use ropey::Rope;

use super::replace;
use crate::{Encoding, apply};
use world::{Step, World, is_break, others, places, step};

const CASES: u32 = 10_000;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn no_character_of_the_user_is_lost_or_moved(
        length in 0..120_usize,
        line in 2..9_u32,
        steps in prop::collection::vec(step(), 1..16),
    ) {
        let mut world = World::with_lines(length, line);
        for step in &steps {
            world.does(step);
        }
    }

    #[test]
    fn accepting_all_in_an_untouched_file_gives_the_proposal(
        length in 0..60_usize,
        proposals in prop::collection::vec(places(), 1..6),
    ) {
        let mut world = World::new(length);
        for places in &proposals {
            world.proposes(places, &world.pending());
        }
        let proposal = world.with(&world.pending());
        prop_assert!(world.switches(0..proposals.len(), true));
        prop_assert_eq!(world.text, proposal);
    }

    #[test]
    fn what_comes_in_one_batch_may_come_in_parts(
        length in 1..60_usize,
        before in prop::collection::vec(step(), 1..8),
        places in places(),
    ) {
        let mut world = World::new(length);
        before.iter().for_each(|step| world.does(step));
        let batch = world.at(&world.text.clone(), &places);
        world.weave.give_up(|_| true);
        let mut whole = world.weave.clone();
        whole.edit(&batch).unwrap();
        for part in batch.iter().rev() {
            let Replacement { start, end, text } = part;
            world.weave.edit(&[replace(*start, *end, "")]).unwrap();
            let mut at = *start;
            for char in text.chars() {
                world.weave.edit(&[replace(at, at, &char.to_string())]).unwrap();
                at += char.len_utf8();
            }
        }
        prop_assert_eq!(whole, world.weave);
    }

    #[test]
    fn what_was_typed_and_taken_back_was_never_there(
        length in 1..60_usize,
        before in prop::collection::vec(step(), 1..8),
        typed in places(),
    ) {
        let mut world = World::new(length);
        before.iter().for_each(|step| world.does(step));
        // Of what was typed over one after the other in a place, only the first is remembered.
        world.weave.give_up(|_| true);
        let (text, weave) = (world.text.clone(), world.weave.clone());
        let typed = world.at(&text, &typed[..1]).remove(0);
        let gone = replace(typed.start, typed.start + typed.text.len(), &text[typed.start..typed.end]);
        world.types(&[typed], Encoding::Utf8);
        // It comes again letter by letter.
        let letters = gone.text.char_indices().map(|(at, char)| {
            replace(gone.start + at, gone.start + at, &char.to_string())
        });
        for one in [replace(gone.start, gone.end, "")].into_iter().chain(letters) {
            let before = Rope::from_str(&world.text);
            world.text = apply(&world.text, std::slice::from_ref(&one)).unwrap();
            world.weave.typed(&[one], &before, &Rope::from_str(&world.text)).unwrap();
        }
        prop_assert_eq!(&world.text, &text);
        for hunk in 0..weave.hunks() {
            let switched = BTreeMap::from([(hunk, !weave.is_shown(hunk))]);
            let (was, is) = (weave.plan(&switched), world.weave.plan(&switched));
            prop_assert!(was.refused.is_empty() == is.refused.is_empty(), "{:?}", is.refused);
            if was.refused.is_empty() {
                let made = |plan: &crate::Plan| apply(&text, &plan.replacements).unwrap();
                prop_assert_eq!(made(&was), made(&is));
            }
        }
    }

    #[test]
    fn what_is_taken_back_in_any_order_frees_only_whole_hunks(
        length in 6..20_usize,
        proposals in prop::collection::vec((0..20_usize, 3..12_usize, 0..3_usize), 1..4),
        steps in prop::collection::vec((0..10_u8, (0..40_usize, 0..8_usize, 0..3_usize)), 3..15),
        others in prop::option::of((0..15_usize, others())),
    ) {
        let mut world = World::new(length);
        world.letters.breaks = false;
        for place in &proposals {
            world.proposes(&[*place], &[]);
        }
        world.remembers();
        let mut typed: Vec<(String, String)> = Vec::new();
        for (at, (kind, place)) in steps.iter().enumerate() {
            if let Some((_, others)) = others.as_ref().filter(|(when, _)| *when == at) {
                world.does(&Step::Follows(others.clone()));
                world.only_whole_hunks_can_be_shown();
            }
            match kind {
                0..=4 => {
                    let one = world.at(&world.text.clone(), &[*place]).remove(0);
                    let gone = world.text[one.start..one.end].to_owned();
                    world.types(std::slice::from_ref(&one), Encoding::Utf8);
                    if !one.text.is_empty() {
                        typed.push((gone, one.text));
                    }
                }
                5..=7 if !typed.is_empty() => {
                    let (gone, back) = typed.remove(place.0 % typed.len());
                    world.takes_back(&gone, &back);
                }
                // Of a text that has what is shown.
                8 if place.1 > 4 => world.proposes(&[(place.0, place.1, place.2)], &[]),
                _ => {
                    let hunk = place.0 % world.weave.hunks();
                    world.switches([hunk].into_iter(), place.1 % 2 == 0);
                }
            }
            world.only_whole_hunks_can_be_shown();
            world.remembers();
        }
    }

    #[test]
    fn where_nobody_writes_in_its_text_the_agent_leaves_nothing(
        length in 1..100_usize,
        steps in prop::collection::vec((0..5_u8, places(), any::<u16>()), 1..12),
    ) {
        let mut world = World::new(length);
        // The text with what the user and other programs wrote alone.
        let mut own = world.text.clone();
        for (kind, places, hunks) in &steps {
            world.letters.breaks = *kind > 1;
            match kind {
                0 | 1 => {
                    world.proposes(places, &[]);
                    world.switches((0..world.weave.hunks()).filter(|hunk| hunks & (1 << hunk) != 0), true);
                }
                2 | 3 => {
                    for one in world.at(&world.text.clone(), places).into_iter().rev() {
                        let Some(place) = own_place(&world.text, &own, &one) else { continue };
                        own = apply(&own, &[replace(place.0, place.1, &one.text)]).unwrap();
                        world.types(&[one], Encoding::Utf16);
                    }
                }
                _ => {
                    let mut after = world.text.clone();
                    for mut one in world.at(&world.text.clone(), places).into_iter().rev() {
                        let is_lines = hunks % 2 == 0;
                        if is_lines {
                            one = whole_lines(&world.text, one);
                        }
                        let Some(place) = own_place(&world.text, &own, &one) else { continue };
                        own = apply(&own, &[replace(place.0, place.1, &one.text)]).unwrap();
                        after = apply(&after, &[one]).unwrap();
                    }
                    let switched = world.follows(&after);
                    // It did just what a hunk does that only takes something away.
                    if !switched.is_empty() {
                        prop_assert!(switched.iter().all(|hunk| world.writes_nothing(*hunk)));
                        return Ok(());
                    }
                }
            }
        }
        let all = world.switches(0..world.weave.hunks(), false);
        let only_typed = steps.iter().all(|(kind, ..)| *kind < 4);
        prop_assert!(all || !only_typed, "{:?}", world.weave);
        prop_assert!(!all || world.text == own, "{:?}\n{:?}", world.text, own);
    }
}

/// What is replaced as whole lines.
fn whole_lines(text: &str, one: Replacement) -> Replacement {
    let start = text[..one.start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[one.start..one.end].rfind('\n').map_or(start, |at| one.start + at + 1);
    let new = if one.text.is_empty() { String::new() } else { one.text + "\n" };
    replace(start, end, &new)
}

/// Where typing stands in the text without the agent, if the agent wrote and took away nothing
/// next to it.
fn own_place(text: &str, own: &str, typed: &Replacement) -> Option<(usize, usize)> {
    let place = |at: usize| {
        let (front, back) = text.split_at(at);
        let before = front.trim_end_matches(is_break);
        let behind = back.trim_start_matches(is_break);
        let (last, first) = (before.chars().next_back(), behind.chars().next());
        let start = match last {
            Some(last) => own.find(last)? + last.len_utf8(),
            None => 0,
        };
        let end = match first {
            Some(first) => own.find(first)?,
            None => own.len(),
        };
        let between = &text[before.len()..text.len() - behind.len()];
        (own.get(start..end)? == between).then_some(start + front.len() - before.len())
    };
    let (start, end) = (place(typed.start)?, place(typed.end)?);
    (own.get(start..end)? == &text[typed.start..typed.end]).then_some((start, end))
}
