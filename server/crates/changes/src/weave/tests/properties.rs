//! What holds however the user types while the agent proposes, applies and takes back.
//!
//! Every character but line breaks is there once, so a text tells by itself who wrote what. The
//! user's typing goes through the positions of an editor, in all three encodings.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use protocol::Replacement;
use ropey::Rope;

use super::{Obstacle, Weave, replace};
use crate::{Encoding, apply};

const CASES: u32 = 10_000;

/// A step of the world. Numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Step {
    Types { places: Vec<(usize, usize, usize)>, encoding: Encoding },
    Proposes { places: Vec<(usize, usize, usize)>, on_pending: bool },
    Turns { hunks: u16, shown: bool },
    Forgets { hunks: u16 },
}

fn places() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    prop::collection::vec((0..200_usize, 0..9_usize, 0..5_usize), 1..4)
}

fn step() -> impl Strategy<Value = Step> {
    let encoding = prop::sample::select(vec![Encoding::Utf8, Encoding::Utf16, Encoding::Utf32]);
    prop_oneof![
        4 => (places(), encoding).prop_map(|(places, encoding)| Step::Types { places, encoding }),
        3 => (places(), any::<bool>())
            .prop_map(|(places, on_pending)| Step::Proposes { places, on_pending }),
        3 => (any::<u16>(), any::<bool>()).prop_map(|(hunks, shown)| Step::Turns { hunks, shown }),
        1 => any::<u16>().prop_map(|hunks| Step::Forgets { hunks }),
    ]
}

/// New characters, each of them once: of one to four bytes, combining ones among them.
#[derive(Debug)]
struct Letters {
    count: u32,
    /// Whether some of them are line breaks, which nobody can tell apart.
    breaks: bool,
}

impl Letters {
    fn text(&mut self, length: usize) -> String {
        (0..length).map(|_| self.next()).collect()
    }

    fn next(&mut self) -> String {
        self.count += 1;
        let number = self.count;
        let breaks = ["\n", "\r\n"];
        let start = match number % 8 {
            0 if self.breaks => return breaks[number as usize / 8 % breaks.len()].to_owned(),
            1 if number < 700 => 0x300 - number + number / 8,
            2 | 3 => 0x1_f300,
            4 if number < 400 => 0x80 + 0x100,
            _ => 0x4e00,
        };
        char::from_u32(start + number).map(String::from).unwrap_or_default()
    }
}

fn is_break(char: char) -> bool {
    char == '\n' || char == '\r'
}

/// A document, and what is known of who wrote its characters.
#[derive(Debug)]
struct World {
    text: String,
    weave: Weave,
    letters: Letters,
    /// What the user wrote, or what was there before.
    own: BTreeSet<char>,
    /// What each hunk takes away.
    taken: Vec<BTreeSet<char>>,
    /// What the user typed while each hunk was hidden.
    beside: Vec<BTreeSet<char>>,
}

impl World {
    fn new(length: usize) -> Self {
        let mut letters = Letters { count: 0, breaks: true };
        let text = letters.text(length);
        let own = text.chars().collect();
        let (taken, beside) = (Vec::new(), Vec::new());
        Self { weave: Weave::new(text.len()), text, letters, own, taken, beside }
    }

    /// Replacements in order at places of a text where a client has positions.
    fn at(&mut self, text: &str, places: &[(usize, usize, usize)]) -> Vec<Replacement> {
        let is_place =
            |at: usize| at > 0 && at < text.len() && &text.as_bytes()[at - 1..=at] == b"\r\n";
        let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
        let ends: Vec<usize> = ends.filter(|at| !is_place(*at)).collect();
        let mut sorted = places.to_vec();
        sorted.sort_unstable_by_key(|(start, ..)| start % ends.len());
        let mut last = 0;
        let mut replacements = Vec::new();
        for (start, gone, new) in sorted {
            let start = (start % ends.len()).max(last);
            last = (start + gone.saturating_sub(3)).min(ends.len() - 1);
            let text = self.letters.text(new);
            replacements.push(replace(ends[start], ends[last], &text));
        }
        replacements
    }

    fn types(&mut self, replacements: &[Replacement], encoding: Encoding) {
        let rope = Rope::from_str(&self.text);
        let sent = replacements.iter().map(|one| {
            let at = |offset| {
                let (line, character) = encoding.position(&rope, offset);
                encoding.offset(&rope, line, character)
            };
            replace(at(one.start), at(one.end), &one.text)
        });
        let sent: Vec<Replacement> = sent.collect();
        assert_eq!(sent, replacements);
        let typed: Vec<char> = sent.iter().flat_map(|one| one.text.chars()).collect();
        self.own.extend(&typed);
        for hunk in self.pending() {
            self.beside[hunk].extend(&typed);
        }
        self.text = apply(&self.text, &sent).unwrap();
        self.weave.typed(&sent, &rope, &Rope::from_str(&self.text)).unwrap();
        assert_eq!(self.weave.len(), self.text.len());
    }

    /// The text with these hunks shown, too.
    fn with(&self, hunks: &[usize]) -> String {
        let shown = hunks.iter().map(|hunk| (*hunk, true)).collect();
        apply(&self.text, &self.weave.replacements(&shown)).unwrap()
    }

    fn proposes(&mut self, places: &[(usize, usize, usize)], on: &[usize]) {
        let text = self.with(on);
        let proposal = self.at(&text, places);
        let gone = proposal.iter().flat_map(|one| text[one.start..one.end].chars());
        self.taken.push(gone.collect());
        self.beside.push(BTreeSet::new());
        self.weave.propose(&proposal, on).unwrap();
        assert_eq!(self.with(&[on, &[self.weave.hunks() - 1]].concat()), {
            apply(&text, &proposal).unwrap()
        });
    }

    fn pending(&self) -> Vec<usize> {
        (0..self.weave.hunks()).filter(|hunk| !self.weave.is_shown(*hunk)).collect()
    }

    /// The user's characters but for line breaks, without those that some hunks take away.
    fn own(&self, without: &BTreeSet<char>) -> String {
        let is_own =
            |char: &char| !is_break(*char) && self.own.contains(char) && !without.contains(char);
        self.text.chars().filter(is_own).collect()
    }

    /// Turns hunks as far as possible. The user's text stays in its order, but for what a hunk
    /// that is shown was proposed to take away, or one that is hidden brings back.
    fn switches(&mut self, hunks: impl Iterator<Item = usize>, shown: bool) -> bool {
        let wishes: BTreeMap<usize, bool> = hunks.map(|hunk| (hunk, shown)).collect();
        let plan = self.weave.plan(&wishes);
        let of_plan = plan.hunks.keys().flat_map(|hunk| self.taken[*hunk].iter().copied());
        let taken: BTreeSet<char> = of_plan.collect();
        let (own, before) = (self.own(&taken), self.text.clone());
        self.text = apply(&self.text, &plan.replacements).unwrap();
        self.weave.switch(&plan, &Rope::from_str(&before));
        assert_eq!(self.own(&taken), own);
        assert_eq!(self.weave.len(), self.text.len());
        // Nobody wrote a character twice.
        let chars: Vec<char> = self.text.chars().filter(|char| !is_break(*char)).collect();
        assert_eq!(chars.iter().collect::<BTreeSet<_>>().len(), chars.len());
        // And back again, if nothing happens in between, and what it builds on is there.
        let back = plan.hunks.iter().map(|(hunk, shown)| (*hunk, !shown)).collect();
        let back = self.weave.plan(&back);
        let needs = |obstacle| matches!(obstacle, Obstacle::Needs(_));
        assert!(back.refused.values().copied().all(needs));
        if back.refused.is_empty() {
            assert_eq!(apply(&self.text, &back.replacements).unwrap(), before);
        }
        plan.refused.is_empty()
    }

    /// Puts a text in the place of another, if that is there as it was.
    fn takes_back(&mut self, gone: &str, typed: &str) {
        let Some(start) = self.text.find(typed) else { return };
        let back = [replace(start, start + typed.len(), gone)];
        let before = Rope::from_str(&self.text);
        self.text = apply(&self.text, &back).unwrap();
        self.weave.typed(&back, &before, &Rope::from_str(&self.text)).unwrap();
    }

    /// Hunks that can be shown have all that they take away, but for what others that are shown
    /// take away already, and nothing that was typed is inside of it.
    fn only_whole_hunks_can_be_shown(&self) {
        for hunk in self.pending() {
            if !self.weave.plan(&BTreeMap::from([(hunk, true)])).refused.is_empty() {
                continue;
            }
            let taken = &self.taken[hunk];
            let others = (0..self.weave.hunks()).filter(|other| self.weave.is_shown(*other));
            let hidden: BTreeSet<char> =
                others.flat_map(|other| self.taken[other].iter().copied()).collect();
            let is_there = |char: &char| self.text.contains(*char) || hidden.contains(char);
            assert!(taken.iter().all(is_there), "{hunk} takes away {taken:?} of {:?}", self.text);
            let text = self.text.trim_start_matches(|char| !taken.contains(&char));
            let text = text.trim_end_matches(|char| !taken.contains(&char));
            let is_typed = |char| self.beside[hunk].contains(&char);
            assert!(!text.contains(is_typed), "{hunk} takes away {taken:?} of {:?}", self.text);
        }
    }

    fn does(&mut self, step: &Step) {
        let chosen = |hunks: u16| move |hunk: &usize| hunks & (1 << (hunk % 16)) != 0;
        match step {
            Step::Types { places, encoding } => {
                let typed = self.at(&self.text.clone(), places);
                self.types(&typed, *encoding);
            }
            Step::Proposes { places, on_pending } => {
                let on = if *on_pending { self.pending() } else { Vec::new() };
                self.proposes(places, &on);
            }
            Step::Turns { hunks, shown } => {
                self.switches((0..self.weave.hunks()).filter(chosen(*hunks)), *shown);
            }
            Step::Forgets { hunks } => {
                let hunks = chosen(*hunks);
                self.weave.forget(|hunk| hunks(&hunk));
                assert_eq!(self.weave.len(), self.text.len());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(CASES))]

    #[test]
    fn no_character_of_the_user_is_lost_or_moved(
        length in 0..60_usize,
        steps in prop::collection::vec(step(), 1..16),
    ) {
        let mut world = World::new(length);
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
    ) {
        let mut world = World::new(0);
        world.letters.breaks = false;
        let text = world.letters.text(length);
        world.types(&[replace(0, 0, &text)], Encoding::Utf8);
        for place in &proposals {
            world.proposes(&[*place], &[]);
        }
        let mut typed: Vec<(String, String)> = Vec::new();
        for (kind, place) in &steps {
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
                _ => {
                    let hunk = place.0 % proposals.len();
                    world.switches([hunk].into_iter(), place.1 % 2 == 0);
                }
            }
            world.only_whole_hunks_can_be_shown();
        }
    }

    #[test]
    fn without_typing_in_its_text_the_agent_leaves_nothing(
        length in 1..60_usize,
        steps in prop::collection::vec((any::<bool>(), places(), any::<u16>()), 1..12),
    ) {
        let mut world = World::new(length);
        // The text with the user's typing alone.
        let mut own = world.text.clone();
        for (is_agent, places, hunks) in &steps {
            world.letters.breaks = !is_agent;
            if *is_agent {
                world.proposes(places, &[]);
                world.switches((0..world.weave.hunks()).filter(|hunk| hunks & (1 << hunk) != 0), true);
                continue;
            }
            for one in world.at(&world.text.clone(), places).into_iter().rev() {
                let Some((start, end)) = own_place(&world.text, &own, &one) else { continue };
                own = apply(&own, &[replace(start, end, &one.text)]).unwrap();
                world.types(&[one], Encoding::Utf16);
            }
        }
        let all = world.switches(0..world.weave.hunks(), false);
        prop_assert!(!all || world.text == own, "{:?}\n{:?}", world.text, own);
    }
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
