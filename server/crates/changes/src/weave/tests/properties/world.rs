//! A document in which the user types, the agent writes, and other programs change what they like.
//!
//! Every character but line breaks is there once, so a text tells by itself who wrote what. The
//! user's typing goes through the positions of an editor, in all three encodings.
//!
//! Start with [`World::does`].

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use proptest::prelude::*;
use protocol::Replacement;
use ropey::Rope;

use crate::weave::tests::replace;
use crate::weave::{Obstacle, Weave};
use crate::{Encoding, Followed, apply};

/// A step of the world. Numbers are taken modulo what there is.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Types {
        places: Vec<(usize, usize, usize)>,
        encoding: Encoding,
    },
    Proposes {
        places: Vec<(usize, usize, usize)>,
        on_pending: bool,
    },
    Switches {
        hunks: u16,
        shown: bool,
    },
    Forgets {
        hunks: u16,
    },
    /// Another program writes something else, and does not say how.
    Follows(Others),
}

/// What another program makes of a text.
#[derive(Clone, Debug)]
pub(super) struct Others {
    start: Start,
    /// What is done to its lines: the kind, at which line, and how much.
    lines: Vec<(u8, usize, usize)>,
}

/// The text that another program begins with.
#[derive(Clone, Debug)]
enum Start {
    Now,
    /// As it was some steps ago: a checkout.
    Former(usize),
    /// Some hunks are shown that were hidden, or the other way round: the undo of somebody else.
    Switched {
        hunks: u16,
        shown: bool,
    },
}

pub(super) fn others() -> impl Strategy<Value = Others> {
    let start = prop_oneof![
        4 => Just(Start::Now),
        1 => (0..5_usize).prop_map(Start::Former),
        1 => (any::<u16>(), any::<bool>())
            .prop_map(|(hunks, shown)| Start::Switched { hunks, shown }),
    ];
    let lines = prop::collection::vec((0..10_u8, 0..40_usize, 0..12_usize), 0..4);
    (start, lines).prop_map(|(start, lines)| Others { start, lines })
}

pub(super) fn places() -> impl Strategy<Value = Vec<(usize, usize, usize)>> {
    prop::collection::vec((0..200_usize, 0..9_usize, 0..5_usize), 1..4)
}

pub(super) fn step() -> impl Strategy<Value = Step> {
    let encoding = prop::sample::select(vec![Encoding::Utf8, Encoding::Utf16, Encoding::Utf32]);
    prop_oneof![
        4 => (places(), encoding).prop_map(|(places, encoding)| Step::Types { places, encoding }),
        3 => (places(), any::<bool>())
            .prop_map(|(places, on_pending)| Step::Proposes { places, on_pending }),
        3 => (any::<u16>(), any::<bool>()).prop_map(|(hunks, shown)| Step::Switches { hunks, shown }),
        1 => any::<u16>().prop_map(|hunks| Step::Forgets { hunks }),
        2 => others().prop_map(Step::Follows),
    ]
}

/// New characters, each of them once: of one to four bytes, combining ones among them.
#[derive(Debug)]
pub(super) struct Letters {
    count: u32,
    /// Whether some of them are line breaks, which nobody can tell apart.
    pub(super) breaks: bool,
    /// One of so many is a line break.
    line: u32,
}

impl Letters {
    pub(super) fn text(&mut self, length: usize) -> String {
        (0..length).map(|_| self.next()).collect()
    }

    fn next(&mut self) -> String {
        self.count += 1;
        let number = self.count;
        let breaks = ["\n", "\r\n"];
        let start = match number % 8 {
            _ if self.breaks && number.is_multiple_of(self.line) => {
                return breaks[(number / self.line) as usize % breaks.len()].to_owned();
            }
            1 if number < 700 => 0x300 - number + number / 8,
            2 | 3 => 0x1_f300,
            4 if number < 380 => 0x80 + 0x100,
            _ => 0x4e00,
        };
        char::from_u32(start + number).map(String::from).unwrap_or_default()
    }
}

pub(super) fn is_break(char: char) -> bool {
    char == '\n' || char == '\r'
}

/// The characters of a text but for line breaks.
fn letters_of(text: &str) -> BTreeSet<char> {
    text.chars().filter(|char| !is_break(*char)).collect()
}

/// A document, and what is known of who wrote its characters.
#[derive(Debug)]
pub(super) struct World {
    pub(super) text: String,
    pub(super) weave: Weave,
    pub(super) letters: Letters,
    /// What the user or another program wrote, or what was there before.
    own: BTreeSet<char>,
    /// What each hunk takes away.
    taken: Vec<BTreeSet<char>>,
    /// What each hunk puts in.
    written: Vec<BTreeSet<char>>,
    /// What was typed, or came otherwise, while each hunk was hidden.
    beside: Vec<BTreeSet<char>>,
    /// The texts that there were.
    former: Vec<String>,
    /// What another program moved or brought back: it may be there a second time, hidden.
    moved: BTreeSet<char>,
    /// What a hunk took away that was there twice.
    twice: BTreeSet<char>,
}

impl World {
    pub(super) fn new(length: usize) -> Self {
        Self::with_lines(length, 8)
    }

    /// A document with lines of so many characters.
    pub(super) fn with_lines(length: usize, line: u32) -> Self {
        let mut letters = Letters { count: 0, breaks: true, line };
        let text = letters.text(length);
        Self {
            weave: Weave::new(text.len()),
            own: text.chars().collect(),
            text,
            letters,
            taken: Vec::new(),
            written: Vec::new(),
            beside: Vec::new(),
            former: Vec::new(),
            moved: BTreeSet::new(),
            twice: BTreeSet::new(),
        }
    }

    /// Replacements in order at places of a text where a client has positions.
    pub(super) fn at(&mut self, text: &str, places: &[(usize, usize, usize)]) -> Vec<Replacement> {
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

    pub(super) fn types(&mut self, replacements: &[Replacement], encoding: Encoding) {
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
    pub(super) fn with(&self, hunks: &[usize]) -> String {
        let shown = hunks.iter().map(|hunk| (*hunk, true)).collect();
        apply(&self.text, &self.weave.replacements(&shown)).unwrap()
    }

    pub(super) fn proposes(&mut self, places: &[(usize, usize, usize)], on: &[usize]) {
        let text = self.with(on);
        let proposal = self.at(&text, places);
        let mut taken = BTreeSet::new();
        for char in proposal.iter().flat_map(|one| text[one.start..one.end].chars()) {
            if !taken.insert(char) {
                self.twice.insert(char);
            }
        }
        self.taken.push(taken);
        let written = proposal.iter().flat_map(|one| letters_of(&one.text));
        self.written.push(written.collect());
        self.beside.push(BTreeSet::new());
        self.weave.propose(&proposal, on).unwrap();
        assert_eq!(self.with(&[on, &[self.weave.hunks() - 1]].concat()), {
            apply(&text, &proposal).unwrap()
        });
    }

    pub(super) fn pending(&self) -> Vec<usize> {
        (0..self.weave.hunks()).filter(|hunk| !self.weave.is_shown(*hunk)).collect()
    }

    /// The user's characters but for line breaks, without those that some hunks take away.
    fn own(&self, without: &BTreeSet<char>) -> String {
        let is_own =
            |char: &char| !is_break(*char) && self.own.contains(char) && !without.contains(char);
        self.text.chars().filter(is_own).collect()
    }

    /// Hunks that others have shown without all that they build on.
    fn without_needs(&self) -> BTreeSet<usize> {
        let lacks = |hunk: &usize| {
            let mut needs = self.weave.needs_of(*hunk).iter();
            self.weave.is_shown(*hunk) && !needs.all(|on| self.weave.is_shown(*on))
        };
        (0..self.weave.hunks()).filter(lacks).collect()
    }

    /// Switches hunks as far as possible. The user's text stays in its order, but for what a hunk
    /// that is shown was proposed to take away, or one that is hidden brings back.
    pub(super) fn switches(&mut self, hunks: impl Iterator<Item = usize>, shown: bool) -> bool {
        let wishes: BTreeMap<usize, bool> = hunks.map(|hunk| (hunk, shown)).collect();
        let plan = self.weave.plan(&wishes);
        let of_plan = plan.hunks.keys().flat_map(|hunk| self.taken[*hunk].iter().copied());
        let taken: BTreeSet<char> = of_plan.collect();
        let (own, before) = (self.own(&taken), self.text.clone());
        let alone = self.without_needs();
        self.text = apply(&self.text, &plan.replacements).unwrap();
        self.weave.switch(&plan, &Rope::from_str(&before));
        assert_eq!(self.own(&taken), own);
        assert_eq!(self.weave.len(), self.text.len());
        // Nobody wrote a character twice.
        let is_once = |char: &char| !is_break(*char) && !self.moved.contains(char);
        let chars: Vec<char> = self.text.chars().filter(is_once).collect();
        assert_eq!(chars.iter().collect::<BTreeSet<_>>().len(), chars.len());
        // And back again, if nothing happens in between, and what it builds on is there; and if
        // nobody else has done what builds on it before it was there.
        let back = plan.hunks.iter().map(|(hunk, shown)| (*hunk, !shown)).collect();
        let back = self.weave.plan(&back);
        let needs = |obstacle| match obstacle {
            Obstacle::Needs(_) => true,
            Obstacle::NeededBy(other) => alone.contains(&other),
            _ => false,
        };
        assert!(back.refused.values().copied().all(needs));
        if back.refused.is_empty() {
            assert_eq!(apply(&self.text, &back.replacements).unwrap(), before);
        }
        plan.refused.is_empty()
    }

    /// Puts a text in the place of another, if that is there as it was.
    pub(super) fn takes_back(&mut self, gone: &str, typed: &str) {
        let Some(start) = self.text.find(typed) else { return };
        let back = [replace(start, start + typed.len(), gone)];
        let before = Rope::from_str(&self.text);
        self.text = apply(&self.text, &back).unwrap();
        self.weave.typed(&back, &before, &Rope::from_str(&self.text)).unwrap();
    }

    /// Hunks that can be shown have all that they take away, but for what others that are shown
    /// take away already, and nothing that was typed is inside of it.
    pub(super) fn only_whole_hunks_can_be_shown(&self) {
        for hunk in self.pending() {
            if !self.weave.plan(&BTreeMap::from([(hunk, true)])).refused.is_empty() {
                continue;
            }
            let others = (0..self.weave.hunks()).filter(|other| self.weave.is_shown(*other));
            let hidden: BTreeSet<char> =
                others.flat_map(|other| self.taken[other].iter().copied()).collect();
            let mut taken = &self.taken[hunk] - &hidden;
            taken.retain(|char| !is_break(*char));
            let is_there = |char: &char| self.text.contains(*char);
            assert!(taken.iter().all(is_there), "{hunk} takes away {taken:?} of {:?}", self.text);
            let text = self.text.trim_start_matches(|char| !taken.contains(&char));
            let text = text.trim_end_matches(|char| !taken.contains(&char));
            let is_typed = |char| self.beside[hunk].contains(&char);
            assert!(!text.contains(is_typed), "{hunk} takes away {taken:?} of {:?}", self.text);
        }
    }

    pub(super) fn does(&mut self, step: &Step) {
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
            Step::Switches { hunks, shown } => {
                self.switches((0..self.weave.hunks()).filter(chosen(*hunks)), *shown);
            }
            Step::Forgets { hunks } => {
                let hunks = chosen(*hunks);
                self.weave.forget(|hunk| hunks(&hunk));
                assert_eq!(self.weave.len(), self.text.len());
            }
            Step::Follows(others) => {
                let after = self.made_by(others);
                self.follows(&after);
            }
        }
        self.remembers();
        self.each_piece_is_of_its_hunks();
        self.each_obstacle_is_that_of_a_plan();
    }

    /// The text is one that a checkout may bring back.
    pub(super) fn remembers(&mut self) {
        self.former.push(self.text.clone());
    }

    /// One look at all hunks says of each what a plan for it and what it builds on says.
    fn each_obstacle_is_that_of_a_plan(&self) {
        let obstacles = self.weave.obstacles();
        for hunk in self.pending() {
            let mut wishes = BTreeMap::from([(hunk, true)]);
            let mut next = vec![hunk];
            while let Some(hunk) = next.pop() {
                let needed = self.weave.needs_of(hunk).iter();
                next.extend(needed.filter(|needed| wishes.insert(**needed, true).is_none()));
            }
            let plan = self.weave.plan(&wishes);
            assert_eq!(plan.refused.get(&hunk), obstacles.get(&hunk));
        }
    }

    /// What another program makes of the text.
    fn made_by(&mut self, others: &Others) -> String {
        let text = match &others.start {
            Start::Now => self.text.clone(),
            Start::Former(steps) => {
                let at = self.former.len().saturating_sub(steps + 1);
                self.former.get(at).unwrap_or(&self.text).clone()
            }
            Start::Switched { hunks, shown } => {
                let chosen = (0..self.weave.hunks()).filter(|hunk| hunks >> (hunk % 16) & 1 == 1);
                let plan = self.weave.plan(&chosen.map(|hunk| (hunk, *shown)).collect());
                apply(&self.text, &plan.replacements).unwrap()
            }
        };
        let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
        for (kind, at, length) in &others.lines {
            let at = at % (lines.len() + 1);
            self.changes_line(&mut lines, *kind, at, *length);
        }
        let text = lines.concat();
        self.moved.extend(&letters_of(&text) - &letters_of(&self.text));
        text
    }

    fn changes_line(&mut self, lines: &mut Vec<String>, kind: u8, at: usize, length: usize) {
        let end = (at + length).min(lines.len());
        match kind {
            0 | 1 => {
                let new = self.letters.text(length % 5) + ["\n", "\r\n"][length % 2];
                lines.insert(at, new);
            }
            2 => drop(lines.drain(at..end.min(at + 2))),
            // The last line of the document may have no break.
            3 if at < end => lines[at] += &self.letters.text(length % 4),
            4 if at < end => lines[at] = self.letters.text(length % 4) + &lines[at],
            5 if at < end => {
                let gone = lines[at].chars().nth(length % 4);
                lines[at].retain(|char| is_break(char) || Some(char) != gone);
            }
            6 if at < end => {
                let line = lines[at].trim_end_matches(is_break);
                lines[at] = line.to_owned() + if length.is_multiple_of(2) { "\r\n" } else { "\n" };
            }
            // Some lines change places with others.
            7 if at < end => {
                let last = (end + length).min(lines.len());
                self.moved.extend(lines[at..last].iter().flat_map(|line| letters_of(line)));
                lines[at..last].rotate_left(end - at);
            }
            8 => {
                let moved = self.lines_around_a_hunk(length);
                let moved = moved.start..moved.end.min(lines.len());
                if !moved.is_empty() {
                    self.moved.extend(lines.iter().flat_map(|line| letters_of(line)));
                    let block: Vec<String> = lines.drain(moved).collect();
                    let to = if at.is_multiple_of(2) { 0 } else { lines.len() };
                    lines.splice(to..to, block);
                }
            }
            9 => lines.iter_mut().for_each(|line| *line = line.replace("\r\n", "\n")),
            _ => {}
        }
    }

    /// The lines of a hunk with those that have to go with it if it is moved.
    fn lines_around_a_hunk(&self, hunk: usize) -> Range<usize> {
        let place = self.weave.place(hunk % self.weave.hunks().max(1));
        let line = |at: usize| self.text[..at].matches('\n').count();
        place.map_or(0..0, |place| line(place.start).saturating_sub(3)..line(place.end) + 5)
    }

    /// The document has another text, and nobody says how that came. Gives the hunks that were
    /// switched by it.
    pub(super) fn follows(&mut self, after: &str) -> Vec<usize> {
        let before = self.weave.clone();
        let Followed { made, taken_back, lost } = self.weave.follow(&self.text, after).unwrap();
        let new = &letters_of(after) - &letters_of(&self.text);
        let written: BTreeSet<char> = self.written.iter().flatten().copied().collect();
        self.own.extend(&new - &written);
        for hunk in self.pending() {
            self.beside[hunk].extend(&new - &self.taken[hunk]);
        }
        self.text = after.to_owned();
        assert_eq!(self.weave.len(), self.text.len());
        // Hunks are what they were.
        assert_eq!(self.weave.hunks(), before.hunks());
        for hunk in 0..before.hunks() {
            assert_eq!(self.weave.needs_of(hunk), before.needs_of(hunk));
            let switched = if before.is_shown(hunk) { &taken_back } else { &made };
            let is_switched = self.weave.is_shown(hunk) != before.is_shown(hunk);
            assert_eq!(is_switched, switched.contains(&hunk));
        }
        for hunk in lost {
            let wishes = BTreeMap::from([(hunk, !self.weave.is_shown(hunk))]);
            assert!(self.weave.plan(&wishes).hunks.is_empty());
        }
        [made, taken_back].concat()
    }

    /// Whether a hunk puts in no character that tells whose it is.
    pub(super) fn writes_nothing(&self, hunk: usize) -> bool {
        self.written[hunk].is_empty()
    }

    /// What a hunk would show and hide is its own, and each character of it is there once: nothing
    /// else is counted as its text, wherever it is now.
    fn each_piece_is_of_its_hunks(&self) {
        let mut start = 0;
        let mut seen = BTreeSet::new();
        for fragment in &self.weave.fragments {
            let end = start + self.weave.visible(fragment);
            let is_shown = start < end;
            let text = if is_shown { &self.text[start..end] } else { fragment.hidden_text() };
            assert_eq!(text.len(), fragment.bytes);
            let written = fragment.inserted.iter().map(|hunk| (hunk, &self.written[*hunk], true));
            let taken = fragment.deleted.iter().map(|hunk| (hunk, &self.taken[*hunk], false));
            for (hunk, its, is_written) in written.chain(taken) {
                for char in letters_of(text) {
                    assert!(its.contains(&char), "{text:?} is not of {hunk}");
                    let is_new = seen.insert((hunk, is_written, char));
                    assert!(is_new || self.twice.contains(&char), "{hunk} has {char} twice");
                }
            }
            start = end;
        }
    }
}
