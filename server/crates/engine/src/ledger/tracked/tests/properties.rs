//! What holds however typing, proposals, undo by us and by the editor, and other programs follow
//! each other.
//!
//! Every character but line breaks is there once, so a text tells by itself who wrote what. The
//! states of hunks are kept as the ledger keeps them: by what it did, and by what it is told.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;

const CASES: u32 = 10_000;

/// A step of the world. Numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Step {
    /// The user types, in several places before anybody looks.
    Types(Vec<Spot>),
    /// The agent proposes, for the text before something was typed.
    Proposes { spots: Vec<Spot>, typed: Option<Spot> },
    /// We show or hide hunks; something may be typed before or after the editor does it.
    Switches { hunks: u16, shown: bool, before: Option<Spot>, after: Option<Spot> },
    /// The editor takes the last change back, and perhaps does it again.
    Undoes { again: bool },
    /// Another program writes lines of now, of a former text, and of its own.
    Writes { lines: Vec<(u8, u8)> },
    /// The same, and then all is written back.
    WritesAndBack { lines: Vec<(u8, u8)> },
    /// A filter puts such lines behind the old ones, and takes those away; perhaps somebody looks
    /// between.
    Filters { lines: Vec<(u8, u8)>, looks: bool },
    /// The file goes away, and comes back.
    GoesAndComes,
    /// The server starts again.
    Restarts,
}

/// A place, how many characters go there and how many come.
type Spot = (usize, usize, usize);

fn spot() -> impl Strategy<Value = Spot> {
    (0..200_usize, 0..5_usize, 0..4_usize)
}

fn spots() -> impl Strategy<Value = Vec<Spot>> {
    prop::collection::vec(spot(), 1..4)
}

fn written() -> impl Strategy<Value = Vec<(u8, u8)>> {
    prop::collection::vec(any::<(u8, u8)>(), 0..12)
}

fn step() -> impl Strategy<Value = Step> {
    let maybe = || prop::option::weighted(0.3, spot());
    prop_oneof![
        4 => spots().prop_map(Step::Types),
        3 => (spots(), maybe()).prop_map(|(spots, typed)| Step::Proposes { spots, typed }),
        4 => (any::<u16>(), any::<bool>(), maybe(), maybe()).prop_map(
            |(hunks, shown, before, after)| Step::Switches { hunks, shown, before, after }
        ),
        3 => any::<bool>().prop_map(|again| Step::Undoes { again }),
        1 => written().prop_map(|lines| Step::Writes { lines }),
        1 => written().prop_map(|lines| Step::WritesAndBack { lines }),
        1 => (written(), any::<bool>()).prop_map(|(lines, looks)| Step::Filters { lines, looks }),
        1 => Just(Step::GoesAndComes),
        1 => Just(Step::Restarts),
    ]
}

struct World {
    tracked: Tracked,
    text: String,
    revision: u64,
    letters: u32,
    /// What is the user's and in the text, or was when a hunk took it away.
    own: BTreeSet<char>,
    /// The hunks in order, with what each writes and takes away.
    hunks: Vec<(HunkId, BTreeSet<char>, BTreeSet<char>)>,
    standing: BTreeMap<HunkId, Standing>,
    /// The texts that the editor can go back to.
    former: Vec<String>,
    /// How the hunks stood before the last change, if that was one of ours.
    ours: Option<BTreeMap<HunkId, Standing>>,
}

fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|char| *char != '\n')
}

impl World {
    fn new() -> Self {
        let mut world = Self {
            tracked: Tracked::default(),
            text: String::new(),
            revision: 0,
            letters: 0,
            own: BTreeSet::new(),
            hunks: Vec::new(),
            standing: BTreeMap::new(),
            former: Vec::new(),
            ours: None,
        };
        world.text = (0..8).map(|line| world.new_text(line % 3 + 2) + "\n").collect();
        world.own = letters(&world.text).collect();
        world.look(None);
        world
    }

    /// Characters that nobody has written, of two to four bytes.
    fn new_text(&mut self, length: usize) -> String {
        let next = |_| {
            self.letters += 1;
            let start = [0x100, 0x4e00, 0x1_f300][self.letters as usize % 3];
            char::from_u32(start + self.letters).unwrap()
        };
        (0..length).map(next).collect()
    }

    /// A replacement in a text.
    fn at(&mut self, text: &str, (start, gone, new): Spot) -> Replacement {
        let ends: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let start = start % ends.len();
        let end = (start + gone).min(ends.len() - 1);
        let mut new_text = self.new_text(new.saturating_sub(1));
        if new == 3 {
            new_text.push('\n');
        }
        replace(ends[start], ends[end], &new_text)
    }

    fn is_written(&self, char: char) -> bool {
        self.hunks.iter().any(|(_, written, _)| written.contains(&char))
    }

    /// Somebody but the agent made this text.
    fn becomes(&mut self, text: String) {
        let before: BTreeSet<char> = letters(&self.text).collect();
        let after: BTreeSet<char> = letters(&text).collect();
        self.own.retain(|char| after.contains(char) || !before.contains(char));
        let new = after.into_iter().filter(|char| !self.is_written(*char));
        let new: Vec<char> = new.collect();
        self.own.extend(new);
        self.former.push(std::mem::replace(&mut self.text, text));
        self.ours = None;
    }

    fn note(&mut self, news: News) {
        for (hunk, standing) in news {
            self.standing.insert(hunk, standing);
        }
    }

    fn look(&mut self, steps: Option<Vec<Vec<Replacement>>>) {
        self.revision += 1;
        let text = Rope::from_str(&self.text);
        let news = self.tracked.take_in(steps, &text, &stamp(self.revision, &self.text));
        self.note(news);
    }

    fn goes_to(&mut self, text: &str) {
        let step = one_edit(&self.text, text);
        self.text = text.to_owned();
        self.look(Some(vec![vec![step]]));
    }

    fn types(&mut self, spot: Spot) -> Vec<Replacement> {
        let one = self.at(&self.text.clone(), spot);
        let step = vec![one];
        self.becomes(changes::apply(&self.text, &step).unwrap());
        step
    }

    fn proposes(&mut self, spots: &[Spot], typed: Option<Spot>) {
        let base = self.text.clone();
        let steps: Vec<_> = typed.into_iter().map(|spot| self.types(spot)).collect();
        self.look(Some(steps.clone()));
        let way = back(&Rope::from_str(&base), &steps).unwrap();
        let news = self.tracked.take_in(Some(way), &Rope::from_str(&base), &stamp(0, &base));
        self.note(news);
        let (mut made_for, mut replacements, mut names) = (base, Vec::new(), Vec::new());
        for (start, gone, new) in spots {
            let mut one = self.at(&made_for, (*start, *gone, new % 3 + 1));
            one.text.push_str(&self.new_text(1));
            let taken: BTreeSet<char> = made_for[one.start..one.end].chars().collect();
            let written = letters(&one.text).collect();
            let name = self.hunks.len().to_string();
            self.standing.insert(id(&name), Standing::Hidden);
            self.hunks.push((id(&name), written, taken));
            made_for = changes::apply(&made_for, std::slice::from_ref(&one)).unwrap();
            replacements.push(vec![one]);
            names.push(name);
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.tracked.propose(&mut proposal(&names, replacements));
        self.look(Some(steps));
    }

    fn switches(&mut self, hunks: u16, shown: bool, before: Option<Spot>, after: Option<Spot>) {
        let wanted = self.hunks.iter().enumerate().filter(|(at, _)| hunks >> (at % 16) & 1 == 1);
        let wishes: Vec<_> = wanted.map(|(_, (id, ..))| (id.clone(), shown)).collect();
        let plan = self.tracked.plan(&wishes);
        if plan.hunks.is_empty() {
            return;
        }
        let goal = changes::apply_to(&self.tracked.text, &plan.replacements).unwrap();
        let stood = self.standing.clone();
        let mut steps: Vec<_> = before.into_iter().map(|spot| self.types(spot)).collect();
        // The editor puts the edit where its text went.
        let mut it = self.tracked.clone();
        let text = Rope::from_str(&self.text);
        it.take_in(Some(steps.clone()), &text, &stamp(0, &self.text));
        let then = it.weave.plan(&plan.hunks);
        if then.hunks != plan.hunks {
            self.look(Some(steps));
            return;
        }
        // The last one first, as editors tell it.
        steps.extend(then.replacements.iter().rev().map(|one| vec![one.clone()]));
        self.former.push(self.text.clone());
        self.text = changes::apply(&self.text, &then.replacements).unwrap();
        let typed: Vec<_> = after.into_iter().map(|spot| self.types(spot)).collect();
        self.ours = (before.is_none() && after.is_none()).then_some(stood);
        steps.extend(typed);
        self.revision += 1;
        let text = Rope::from_str(&self.text);
        let now = (&text, Some(stamp(self.revision, &self.text)));
        let news = self.tracked.carried_out(&plan, goal, now, Some(&steps));
        let standing = if shown { Standing::Shown } else { Standing::Hidden };
        for number in plan.hunks.keys() {
            self.standing.insert(self.tracked.id(*number).unwrap().clone(), standing);
        }
        self.note(news);
    }

    fn undoes(&mut self, again: bool) -> Result<(), TestCaseError> {
        let Some(former) = self.former.pop() else { return Ok(()) };
        let (now, stood, ours) = (self.text.clone(), self.standing.clone(), self.ours.take());
        let is_ours = ours.is_some();
        if !is_ours {
            self.becomes(former.clone());
            self.former.pop();
            self.text = now.clone();
        }
        self.goes_to(&former);
        if let Some(before) = ours {
            for (hunk, standing) in before {
                prop_assert_eq!(self.standing[&hunk], standing, "the editor's undo, {}", hunk);
            }
        }
        if again {
            if !is_ours {
                self.becomes(now.clone());
                self.former.pop();
                self.text = former.clone();
            }
            self.goes_to(&now);
            self.former.push(former);
            if is_ours {
                prop_assert_eq!(&self.standing, &stood, "the editor's redo of ours");
            }
        }
        Ok(())
    }

    fn writes(&mut self, lines: &[(u8, u8)]) {
        let text = self.other_text(lines);
        self.becomes(text);
        self.former.clear();
        self.look(None);
    }

    fn writes_and_back(&mut self, lines: &[(u8, u8)]) -> Result<(), TestCaseError> {
        let (text, stood, open) = (self.text.clone(), self.standing.clone(), self.open());
        self.writes(lines);
        self.check()?;
        self.becomes(text);
        self.former.clear();
        self.look(None);
        prop_assert_eq!(&self.standing, &stood);
        prop_assert_eq!(self.open(), open);
        Ok(())
    }

    /// The hunks that can be switched.
    fn open(&self) -> Vec<HunkId> {
        let wishes = self.hunks.iter().map(|(id, ..)| (id.clone(), !self.tracked.is_shown(id)));
        let plan = self.tracked.plan(&wishes.collect::<Vec<_>>());
        plan.hunks.keys().filter_map(|number| self.tracked.id(*number).cloned()).collect()
    }

    fn filters(&mut self, lines: &[(u8, u8)], looks: bool) {
        let (old, new) = (self.text.clone(), self.other_text(lines));
        let put_in = vec![replace(old.len(), old.len(), &new)];
        let taken = vec![replace(0, old.len(), "")];
        if looks {
            self.text = old.clone() + &new;
            self.look(Some(vec![put_in.clone()]));
            self.text = old;
        }
        self.becomes(new);
        self.former.clear();
        self.look(Some(if looks { vec![taken] } else { vec![put_in, taken] }));
    }

    /// Lines of now, of a former text, and of somebody else.
    fn other_text(&mut self, lines: &[(u8, u8)]) -> String {
        let former = self.former.first().cloned().unwrap_or_default();
        let mut texts: Vec<String> = self.text.split_inclusive('\n').map(str::to_owned).collect();
        let former: Vec<&str> = former.split_inclusive('\n').collect();
        for (kind, at) in lines {
            let at = usize::from(*at) % (texts.len() + 1);
            match kind % 4 {
                0 => texts.insert(at, self.new_text(3) + "\n"),
                1 if at < texts.len() => drop(texts.remove(at)),
                2 if at < texts.len() => texts[at] = self.new_text(2) + &texts[at],
                // A line that is not there now.
                _ => {
                    let known: BTreeSet<char> = texts.iter().flat_map(|it| letters(it)).collect();
                    let gone = former.iter().find(|it| letters(it).all(|it| !known.contains(&it)));
                    texts.insert(at, gone.map_or_else(|| "\n".to_owned(), |it| (*it).to_owned()));
                }
            }
        }
        texts.concat()
    }

    fn goes_and_comes(&mut self) {
        let news = self.tracked.goes_missing();
        self.note(news);
        if self.tracked.is_missing() {
            self.look(None);
        } else {
            // All of it was the agent's.
            self.becomes(String::new());
            self.former.clear();
        }
    }

    fn restarts(&mut self) {
        let kept = Kept::read(&self.tracked.kept()).unwrap();
        self.tracked = kept.tracked(&self.text).unwrap();
        // What was switched together is not known any more.
        self.ours = None;
    }

    fn check(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.tracked.text.to_string(), self.text.clone());
        prop_assert_eq!(self.tracked.weave.len(), self.text.len());
        let ids: Vec<HunkId> = self.tracked.ids().cloned().collect();
        let known: Vec<HunkId> = self.hunks.iter().map(|(id, ..)| id.clone()).collect();
        prop_assert_eq!(ids, known);
        let text: BTreeSet<char> = letters(&self.text).collect();
        for (hunk, written, _) in &self.hunks {
            let (told, is) = (self.standing[hunk], self.tracked.standing(hunk).unwrap());
            prop_assert_eq!(told, is, "{}", hunk);
            let is_there = |char: &char| text.contains(char) || self.is_taken(*char);
            // Of line breaks nobody can tell by the text whose they are.
            let number = self.tracked.number(hunk).unwrap();
            let place = self.tracked.weave.place(number).unwrap_or_default();
            let is_there = written.iter().any(is_there)
                || self.text[place].contains('\n')
                || self.is_break_taken(number);
            prop_assert!(
                is != Standing::Shown || is_there,
                "{hunk} is not in {:?}: {:?}",
                self.text,
                self.tracked.weave
            );
        }
        // Nothing of the user's is lost but what a hunk took away that is there.
        for char in self.own.iter().filter(|char| !text.contains(char)) {
            prop_assert!(self.is_taken(*char), "{char} is lost");
        }
        Ok(())
    }

    /// Whether a hunk that is shown takes a character away.
    fn is_taken(&self, char: char) -> bool {
        let mut shown = self.hunks.iter().filter(|(hunk, ..)| self.tracked.is_shown(hunk));
        shown.any(|(_, _, taken)| taken.contains(&char))
    }

    /// Whether a hunk that is shown, and builds on this one, takes a line break away: it may be
    /// all that is left of it.
    fn is_break_taken(&self, hunk: usize) -> bool {
        let mut shown = self.hunks.iter().filter(|(other, ..)| self.tracked.is_shown(other));
        shown.any(|(other, _, taken)| {
            let number = self.tracked.number(other).unwrap();
            taken.contains(&'\n') && self.tracked.weave.needs_of(number).contains(&hunk)
        })
    }
}

/// Takes the steps one after the other, and looks at what is after each.
fn follows(steps: &[Step]) -> Result<(), TestCaseError> {
    let mut world = World::new();
    for step in steps {
        match step {
            Step::Types(spots) => {
                let steps = spots.iter().map(|spot| world.types(*spot)).collect();
                world.look(Some(steps));
            }
            Step::Proposes { spots, typed } => world.proposes(spots, *typed),
            Step::Switches { hunks, shown, before, after } => {
                world.switches(*hunks, *shown, *before, *after);
            }
            Step::Undoes { again } => world.undoes(*again)?,
            Step::Writes { lines } => world.writes(lines),
            Step::WritesAndBack { lines } => world.writes_and_back(lines)?,
            Step::Filters { lines, looks } => world.filters(lines, *looks),
            Step::GoesAndComes => world.goes_and_comes(),
            Step::Restarts => world.restarts(),
        }
        world.check()?;
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: CASES, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_and_states_are_what_the_text_shows(
        steps in prop::collection::vec(step(), 1..12),
    ) {
        follows(&steps)?;
    }
}

#[test]
fn of_a_hunk_the_line_break_is_left_that_another_took() {
    let shown = |hunks, after| Step::Switches { hunks, shown: true, before: None, after };
    let steps = [
        Step::Proposes { spots: vec![(0, 4, 1), (145, 3, 2), (151, 1, 3)], typed: None },
        shown(22095, Some((87, 4, 0))),
    ];
    follows(&steps).unwrap();
    let steps = [
        Step::Types(vec![(0, 4, 3), (0, 1, 0)]),
        Step::Types(vec![(0, 4, 2), (0, 4, 0)]),
        Step::Proposes { spots: vec![(76, 1, 2), (178, 3, 2), (65, 3, 0)], typed: None },
        shown(11054, Some((108, 1, 0))),
        Step::Types(vec![(79, 3, 0)]),
    ];
    follows(&steps).unwrap();
}
