//! One document that the agent proposed something for, as its session knows it.
//!
//! It holds the text that its weave describes, and the names of the hunks. It reads no document:
//! what the text is now, the ledger says.

mod committed;
mod kept;
mod returning;
mod steps;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    ops::Range,
    sync::Arc,
};

use changes::{Followed, Obstacle, Plan, Weave};
use protocol::{FileChange, HunkId, Replacement, Stamp};
use ropey::Rope;
use serde::{Deserialize, Serialize};

use crate::{apply::Place, prompts};
use committed::Committed;
pub(super) use kept::Kept;
use returning::{Former, Half};
pub(super) use steps::back;
use steps::{place_of, refined};

/// No document has it: revisions are counted from 1.
const NO_REVISION: u64 = 0;

/// So many sets of hunks that were switched together are remembered.
const MOST_SWITCHED: usize = 20;

/// So many edits may have come before the one that carried out a plan.
const MOST_TYPED: usize = 20;

/// What became of a hunk by what somebody else did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The document has it.
    Shown,
    /// The document has it no longer.
    Hidden,
    /// The document had it, and nobody can tell where it is now.
    Unclear,
    /// What was typed in its way was taken back.
    Free,
}

/// Hunks that stand elsewhere by what somebody else did.
pub(super) type News = Vec<(HunkId, Standing)>;

/// A document with what is known of who wrote what in it.
#[derive(Clone)]
pub(super) struct Tracked {
    pub(super) weave: Weave,
    /// The text that the weave describes.
    pub(super) text: Rope,
    /// Which state of the document that is; none if the file does not exist.
    pub(super) stamp: Option<Stamp>,
    /// The revision at which it was looked for what stands in the way of pending hunks.
    looked_at: Option<u64>,
    /// Whether its document may have changed since it was last found to be what is known of it.
    may_be_other: bool,
    /// Where hunks went that this process applied last.
    pub(super) place: Option<Place>,
    /// The document that had its name before it was moved there.
    pub(super) under: Option<Box<Tracked>>,
    /// The hunks by their numbers in the weave.
    hunks: Vec<Known>,
    /// Whether somebody took the file away: all else is as it was then, and it may come back.
    is_missing: bool,
    /// What the last commit that was looked at has of the hunks.
    committed: Option<Committed>,
    /// Hunks that were shown or hidden together, the newest last: the editor's undo turns all of
    /// them at once.
    switched: VecDeque<BTreeMap<usize, bool>>,
    /// What the document was before somebody else changed it, the newest last.
    former: VecDeque<Arc<Former>>,
    /// Whether the text is as the agent's last change left it: what is remembered first.
    is_own: bool,
    /// The last step, if the next one may be part of it.
    half: Option<Half>,
    /// The hash of the text that was kept last for the next process.
    kept: Option<String>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Known {
    id: HunkId,
    /// Whether nothing has been decided about it, nor happened to it.
    is_pending: bool,
    /// Whether it was in the document, or is on its way there: if exactly it comes, it is it.
    #[serde(default)]
    may_come: bool,
    /// Whether it is in the document, and everything it wrote was written over.
    #[serde(default)]
    is_gone: bool,
    /// The lines that it was proposed for, until it is shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    made_for: Option<String>,
    /// Whether something came in its way while it was pending.
    #[serde(default)]
    is_blocked: bool,
    /// Whether the user had kept it when somebody else took it away.
    #[serde(default)]
    was_kept: bool,
}

impl Known {
    fn pending(id: HunkId) -> Self {
        Self {
            id,
            is_pending: true,
            may_come: false,
            is_gone: false,
            made_for: None,
            is_blocked: false,
            was_kept: false,
        }
    }
}

impl Default for Tracked {
    fn default() -> Self {
        Self {
            weave: Weave::new(0),
            text: Rope::new(),
            stamp: None,
            looked_at: None,
            may_be_other: true,
            place: None,
            under: None,
            hunks: Vec::new(),
            is_missing: false,
            committed: None,
            switched: VecDeque::new(),
            former: VecDeque::new(),
            is_own: true,
            half: None,
            kept: None,
        }
    }
}

impl Tracked {
    /// The revision of the document that is known; none has it if the text is an older process's.
    pub(super) fn revision(&self) -> u64 {
        self.stamp.as_ref().map_or(NO_REVISION, |stamp| stamp.revision)
    }

    /// Its document has another revision than it had.
    pub(super) fn has_changed(&mut self) {
        self.may_be_other = true;
    }

    /// Whether hunks are pending in a document that is not what is known of it. Its revision of now
    /// is only asked for if that can be.
    pub(super) fn is_other(&mut self, now: impl FnOnce() -> Option<u64>) -> bool {
        let known = self.revision();
        self.may_be_other |= known == NO_REVISION;
        if !self.may_be_other || !self.has_pending() {
            return false;
        }
        self.may_be_other = now() != Some(known);
        self.may_be_other
    }

    /// Each name of a document counts its own revisions.
    pub(super) fn is_renamed(&mut self) {
        self.has_to_be_looked_at();
        if let Some(stamp) = &mut self.stamp {
            stamp.revision = NO_REVISION;
        }
    }

    /// Goes on to a file that does not exist, and is about to be made.
    pub(super) fn begins(&mut self) -> News {
        let mut news = self.goes_missing();
        self.is_missing = false;
        let followed = self.follow(&Rope::new());
        // Of the text that went with the file, nothing is left to be unclear about.
        news.extend(followed.into_iter().filter(|(_, standing)| *standing != Standing::Unclear));
        self.stamp = None;
        news
    }

    /// Somebody took the file away. What was in it is in no document; if it comes back, it is
    /// where it was.
    pub(super) fn goes_missing(&mut self) -> News {
        if self.is_missing || self.stamp.is_none() {
            return News::new();
        }
        let shown: BTreeMap<usize, bool> = self.in_text().map(|number| (number, false)).collect();
        let plan = self.weave.plan(&shown);
        // What nobody but the agent wrote in can be made again.
        let is_all = plan.refused.is_empty()
            && changes::apply_to(&self.text, &plan.replacements).is_ok_and(|it| it == "");
        if is_all {
            self.note_switch(&plan);
            (self.text, self.stamp) = (Rope::new(), None);
        } else {
            self.is_missing = true;
        }
        self.named(shown.into_keys(), Standing::Hidden)
    }

    /// Whether somebody took the file away.
    pub(super) fn is_missing(&self) -> bool {
        self.is_missing
    }

    /// The hunks of which the text has something.
    fn in_text(&self) -> impl Iterator<Item = usize> {
        let known = (0..self.hunks.len()).filter(|number| self.weave.is_shown(*number));
        known.filter(|number| !self.is_gone(*number))
    }

    /// Goes on to the text of now, by the steps that led there if they are known. Gives what
    /// somebody else did to hunks.
    pub(super) fn take_in(
        &mut self,
        edits: Option<Vec<Vec<Replacement>>>,
        text: &Rope,
        stamp: &Stamp,
    ) -> News {
        let is_same = self.stamp.as_ref().is_some_and(|known| known.hash == stamp.hash);
        let mut news = match std::mem::take(&mut self.is_missing) {
            true => {
                let in_text: Vec<HunkId> =
                    self.in_text().filter_map(|number| self.id(number).cloned()).collect();
                let known = in_text.into_iter();
                known.filter_map(|id| Some((id.clone(), self.standing(&id)?))).collect()
            }
            false => News::new(),
        };
        if !is_same {
            news.extend(match (self.returns_to(text), edits) {
                (Some(returned), _) => returned,
                (None, Some(steps)) => self.step(&steps, text).unwrap_or_else(|| self.follow(text)),
                (None, None) => self.follow(text),
            });
        }
        news.extend(self.written_over());
        self.text = text.clone();
        self.stamp = Some(stamp.clone());
        news
    }

    /// Hunks of which nothing is left, and those that are there again, each told once.
    fn written_over(&mut self) -> News {
        let gone: BTreeSet<usize> = self.weave.gone().into_iter().collect();
        let were_gone = (0..self.hunks.len()).filter(|number| self.hunks[*number].is_gone);
        let is_back =
            |number: &usize| !gone.contains(number) && self.weave.place(*number).is_some();
        let back: Vec<usize> =
            were_gone.filter(|it| self.weave.is_shown(*it)).filter(is_back).collect();
        for number in &back {
            self.hunks[*number].is_gone = false;
        }
        let new: Vec<usize> = gone
            .into_iter()
            .filter(|number| !std::mem::replace(&mut self.hunks[*number].is_gone, true))
            .collect();
        let mut news = self.named(new, Standing::Hidden);
        let (unclear, sure): (Vec<_>, Vec<_>) =
            back.into_iter().partition(|number| self.weave.is_touched(*number));
        news.extend(self.named(sure, Standing::Shown));
        news.extend(self.named(unclear, Standing::Unclear));
        news
    }

    /// Blocked hunks of which nothing is in the way any longer.
    fn freed(&mut self) -> News {
        let obstacles = self.weave.obstacles();
        let numbers = self.numbers();
        let is_free = |known: &Known| {
            let number = numbers.get(&known.id);
            known.is_blocked && number.is_some_and(|number| !obstacles.contains_key(number))
        };
        let free: Vec<usize> =
            (0..self.hunks.len()).filter(|number| is_free(&self.hunks[*number])).collect();
        for number in &free {
            (self.hunks[*number].is_blocked, self.hunks[*number].is_pending) = (false, true);
        }
        self.named(free, Standing::Free)
    }

    /// Goes on by steps; none, and nothing has changed, if they do not lead to the text.
    fn step(&mut self, steps: &[Vec<Replacement>], text: &Rope) -> Option<News> {
        // One undo of an editor may come as several changes.
        if steps.len() > 1
            && let Some(news) = self.switched_by(&place_of(steps, self.text.len_bytes())?, text)
        {
            self.text = text.clone();
            return Some(news);
        }
        let mut stepped = self.clone();
        let mut news = stepped.walk(steps, false)?;
        if stepped.weave.harm() > self.weave.harm() {
            stepped = self.clone();
            news = stepped.walk(steps, true)?;
        }
        // Texts of one length were not compared: the steps are the mirror's own.
        let fits = stepped.weave.len() == text.len_bytes();
        fits.then(|| {
            *self = stepped;
            news
        })
    }

    /// Takes one step after the other. What the document was before one that harms hunks is
    /// remembered if it `is_known` that there is such a step.
    fn walk(&mut self, steps: &[Vec<Replacement>], is_known: bool) -> Option<News> {
        let mut all = News::new();
        for step in steps {
            let after = changes::apply_to(&self.text, step).ok()?;
            let place = place_of(std::slice::from_ref(step), self.text.len_bytes())?;
            let half = self.half.take();
            if let Some(switched) = self.switched_by(&place, &after) {
                all.extend(switched);
                self.text = after;
                continue;
            }
            let typed = refined(step, &self.text);
            let is_half = Half::is_of(&typed, &self.text);
            let before = (is_known || is_half || self.is_own).then(|| self.as_it_is());
            let half = half.filter(|_| is_half).map(|half| (half, self.standings()));
            if !self.weave.typed(&typed, &self.text, &after).ok()?.is_empty() {
                all.extend(self.freed());
            }
            self.text = after;
            let Some(before) = before else { continue };
            let joined = half.as_ref().and_then(|(half, told)| self.joins(half, &typed, told));
            let is_harmed = self.weave.harm() > before.harm();
            if std::mem::take(&mut self.is_own) || is_harmed || joined.is_some() {
                let known = half.map(|(half, _)| half.before);
                known.into_iter().chain([before.clone()]).for_each(|it| self.remember(it));
            }
            match joined {
                Some(news) => all.extend(news),
                None => self.half = is_half.then_some(Half { before, step: typed }),
            }
        }
        Some(all)
    }

    /// Takes a change for what it is if it turns hunks exactly. Only what was in the document may
    /// come again: everything else that says the same is typed.
    fn switched_by(&mut self, place: &Range<usize>, text: &Rope) -> Option<News> {
        let may_show = |number: usize| self.hunks[number].may_come;
        let plan = self.weave.switched_by(place, &self.text, text, may_show);
        let plan = plan.or_else(|| self.switched_back(text))?;
        self.note_switch(&plan);
        let (shown, hidden): (Vec<_>, Vec<_>) = plan.hunks.into_iter().partition(|(_, is)| *is);
        let mut news = self.named(shown.into_iter().map(|(hunk, _)| hunk), Standing::Shown);
        news.extend(self.named(hidden.into_iter().map(|(hunk, _)| hunk), Standing::Hidden));
        Some(news)
    }

    /// What was switched together, if to switch it back, or once more, leads to this text.
    fn switched_back(&self, text: &Rope) -> Option<Plan> {
        let other = |hunks: &BTreeMap<usize, bool>| {
            hunks.iter().map(|(hunk, shown)| (*hunk, !shown)).collect()
        };
        if self.switched.is_empty() {
            return None;
        }
        let mut wishes = self.switched.iter().rev().flat_map(|hunks| [other(hunks), hunks.clone()]);
        let now = self.weave.reading();
        let grown = text.len_bytes().cast_signed() - self.text.len_bytes().cast_signed();
        let plan = |wishes: BTreeMap<usize, bool>| {
            // Nearly all typing is told apart by its length.
            if now.growth(&wishes) != grown {
                return None;
            }
            let plan = self.weave.plan(&wishes);
            let is_whole = plan.hunks == wishes;
            let after = changes::apply_to(&self.text, &plan.replacements);
            (is_whole && after.is_ok_and(|after| after == *text)).then_some(plan)
        };
        wishes.find_map(plan)
    }

    /// Shows or hides hunks as planned; the text stays to be changed.
    fn note_switch(&mut self, plan: &Plan) {
        self.weave.switch(plan, &self.text);
        (self.is_own, self.half) = (true, None);
        for number in plan.hunks.keys() {
            self.hunks[*number].may_come = true;
            self.hunks[*number].made_for = None;
        }
        // One alone is found without this.
        if plan.hunks.len() > 1 && self.switched.back() != Some(&plan.hunks) {
            if self.switched.len() == MOST_SWITCHED {
                self.switched.pop_front();
            }
            self.switched.push_back(plan.hunks.clone());
        }
    }

    fn follow(&mut self, text: &Rope) -> News {
        if !self.hunks.is_empty() {
            self.remember(self.as_it_is());
        }
        (self.is_own, self.half) = (false, None);
        let followed = match self.hunks.is_empty() {
            true => Ok(Followed::default()),
            false => self.weave.follow(&self.text.to_string(), &text.to_string()),
        };
        let news = match followed {
            Ok(Followed { made, taken_back, mut lost }) => {
                for number in made.iter().chain(&taken_back) {
                    self.hunks[*number].may_come = true;
                }
                lost.retain(|number| self.weave.is_shown(*number) && !self.is_gone(*number));
                let mut news = self.named(made, Standing::Shown);
                news.extend(self.named(taken_back, Standing::Hidden));
                news.extend(self.named(lost, Standing::Unclear));
                news
            }
            Err(error) => {
                tracing::error!(%error, "a weave did not fit its text");
                let lost = self.named(self.in_text().collect::<Vec<_>>(), Standing::Unclear);
                self.hunks.clear();
                lost
            }
        };
        if self.hunks.is_empty() {
            self.weave = Weave::new(text.len_bytes());
        }
        self.text = text.clone();
        news
    }

    fn named(&self, hunks: impl IntoIterator<Item = usize>, standing: Standing) -> News {
        let ids = hunks.into_iter().filter_map(|number| self.id(number).cloned());
        ids.map(|id| (id, standing)).collect()
    }

    /// Takes in the hunks of a change set, which are made for the text as it is here.
    pub(super) fn propose(&mut self, file: &mut FileChange) {
        self.forget_former();
        let mut with = Vec::new();
        for hunk in &mut file.hunks {
            // What makes no sense was refused when it was prepared.
            let Ok(number) = self.weave.propose(&hunk.replacements, &with) else { continue };
            let needs = self.weave.needs_of(number).iter().filter(|needed| with.contains(needed));
            hunk.depends_on =
                needs.filter_map(|needed| Some(self.hunks.get(*needed)?.id.clone())).collect();
            self.hunks.push(Known::pending(hunk.id.clone()));
            self.hunks[number].made_for = self.lines(&hunk.id).map(|(_, before, _)| before);
            with.push(number);
        }
    }

    /// The lines that a hunk was proposed for; none once it was shown.
    pub(super) fn made_for(&self, number: usize) -> Option<&str> {
        self.hunks.get(number)?.made_for.as_deref()
    }

    /// The number of a hunk in the weave: of an edited one that of its last wording.
    pub(super) fn number(&self, hunk: &HunkId) -> Option<usize> {
        self.hunks.iter().rposition(|known| known.id == *hunk)
    }

    /// The numbers of all hunks.
    pub(super) fn numbers(&self) -> HashMap<&HunkId, usize> {
        // Of an edited one the last is left.
        self.hunks.iter().enumerate().map(|(number, known)| (&known.id, number)).collect()
    }

    /// The hunks that it knows; one that was reworded comes twice.
    pub(super) fn ids(&self) -> impl Iterator<Item = &HunkId> {
        self.hunks.iter().map(|known| &known.id)
    }

    pub(super) fn id(&self, number: usize) -> Option<&HunkId> {
        self.hunks.get(number).map(|known| &known.id)
    }

    /// Whether it is in the document, and everything it wrote was written over.
    pub(super) fn is_gone(&self, number: usize) -> bool {
        self.hunks.get(number).is_some_and(|known| known.is_gone)
    }

    /// Whether a hunk waits for a decision, or would if nothing were in its way.
    pub(super) fn has_pending(&self) -> bool {
        self.hunks.iter().any(|known| known.is_pending || known.is_blocked)
    }

    /// Somebody took away a hunk; if the user had kept it, it is kept when it comes again.
    pub(super) fn was_kept(&mut self, hunk: &HunkId, was_kept: bool) {
        if let Some(number) = self.number(hunk) {
            self.hunks[number].was_kept = was_kept;
        }
    }

    /// Whether a hunk that came again was kept before it went; that is asked once.
    pub(super) fn is_kept_again(&mut self, hunk: &HunkId) -> bool {
        let known = self.number(hunk).and_then(|number| self.hunks.get_mut(number));
        known.is_some_and(|known| std::mem::take(&mut known.was_kept))
    }

    /// Something is in the way of a hunk. It waits again when that is taken back.
    pub(super) fn block(&mut self, hunk: &HunkId) {
        for known in self.hunks.iter_mut().filter(|known| known.id == *hunk) {
            known.is_blocked |= std::mem::take(&mut known.is_pending);
        }
    }

    /// Something has been decided about a hunk, or has happened to it.
    pub(super) fn settle(&mut self, hunk: &HunkId) {
        for known in self.hunks.iter_mut().filter(|known| known.id == *hunk) {
            (known.is_pending, known.is_blocked) = (false, false);
        }
    }

    /// A hunk that could not be applied for the moment waits once more.
    pub(super) fn wait_again(&mut self, hunk: &HunkId) {
        if let Some(number) = self.number(hunk) {
            self.hunks[number].is_pending = true;
        }
    }

    /// What stands in the way of pending hunks is no longer known.
    pub(super) fn has_to_be_looked_at(&mut self) {
        self.looked_at = None;
    }

    /// The same as [`Self::obstacles`], but none if the document is as it was at the last look.
    pub(super) fn new_obstacles(&mut self) -> Vec<(HunkId, String)> {
        let now = Some(self.revision());
        match std::mem::replace(&mut self.looked_at, now) == now {
            true => Vec::new(),
            false => self.obstacles(),
        }
    }

    /// The pending hunks that something stands in the way of, and what.
    pub(super) fn obstacles(&self) -> Vec<(HunkId, String)> {
        // Whether its file comes back, nobody knows.
        if self.is_missing {
            return Vec::new();
        }
        let obstacles = self.weave.obstacles().into_iter();
        let pending = obstacles.filter_map(|(number, obstacle)| {
            let known = self.hunks.get(number).filter(|known| known.is_pending)?;
            Some((known.id.clone(), self.words(number, obstacle)))
        });
        pending.collect()
    }

    /// A hunk is nothing that could come into the document any more.
    pub(super) fn forget(&mut self, hunk: &HunkId) {
        if let Some(forgotten) = self.number(hunk) {
            self.weave.forget(|number| number == forgotten);
            self.forget_in_former(forgotten);
        }
    }

    /// Hunks that are shown may still come, from an editor that takes its time.
    pub(super) fn may_come(&mut self, hunks: &[(HunkId, bool)]) {
        for (hunk, _) in hunks.iter().filter(|(_, shown)| *shown) {
            if let Some(number) = self.number(hunk) {
                self.hunks[number].may_come = true;
            }
        }
    }

    /// Whether a hunk is shown, if its file is there.
    pub(super) fn is_shown(&self, hunk: &HunkId) -> bool {
        self.number(hunk).is_some_and(|number| self.weave.is_shown(number))
    }

    /// How a hunk stands in the document; none if nothing is known of it.
    pub(super) fn standing(&self, hunk: &HunkId) -> Option<Standing> {
        self.number(hunk).map(|number| self.standing_of(number))
    }

    fn standing_of(&self, number: usize) -> Standing {
        let is_there = self.weave.is_shown(number) && !self.is_gone(number) && !self.is_missing;
        match (is_there, self.weave.is_touched(number)) {
            (false, _) => Standing::Hidden,
            (true, false) => Standing::Shown,
            (true, true) => Standing::Unclear,
        }
    }

    /// Shows or hides hunks that have no text: where the file is, somebody else has seen to.
    pub(super) fn switch(&mut self, hunks: &[(HunkId, bool)]) {
        let plan = self.plan(hunks);
        if plan.replacements.is_empty() {
            self.note_switch(&plan);
        }
    }

    /// Why a hunk cannot be shown or hidden, in words for people and for the model.
    pub(super) fn words(&self, number: usize, obstacle: Obstacle) -> String {
        prompts::obstacle(match obstacle {
            Obstacle::Touched if self.weave.is_shown(number) => "unclear",
            Obstacle::Touched => "touched",
            Obstacle::Surroundings => "surroundings",
            Obstacle::Gone => "gone",
            Obstacle::Needs(other) if self.is_reworded(other) => "reworded",
            Obstacle::Needs(_) => "needs",
            Obstacle::NeededBy(_) => "neededBy",
        })
    }

    /// Whether the user has put other words in place of a hunk's.
    fn is_reworded(&self, number: usize) -> bool {
        let now = self.id(number).and_then(|id| self.number(id));
        now.is_some_and(|now| now != number)
    }

    /// Puts another wording in place of a hunk's, made for the text with the hunks `with` in it.
    /// Gives whether that could be done.
    pub(super) fn put_for(
        &mut self,
        old: usize,
        replacements: &[Replacement],
        with: &[usize],
    ) -> bool {
        let Some(Known { id, made_for, .. }) = self.hunks.get(old).cloned() else { return false };
        if self.weave.propose(replacements, with).is_err() {
            return false;
        }
        self.weave.forget(|number| number == old);
        self.forget_former();
        self.hunks.push(Known { made_for, ..Known::pending(id) });
        true
    }

    /// Takes in that a plan was carried out, and what the document says after it; `steps` led
    /// there, if they are known. Gives what somebody else did to hunks meanwhile.
    pub(super) fn carried_out(
        &mut self,
        plan: &Plan,
        goal: Rope,
        (now, stamp): (&Rope, Option<Stamp>),
        steps: Option<&[Vec<Replacement>]>,
    ) -> News {
        let typed = match steps {
            Some(steps) if goal != *now => self.carried_out_within(plan, steps, now),
            _ => None,
        };
        let mut news = typed.unwrap_or_else(|| {
            self.note_switch(plan);
            self.text = goal;
            if self.text == *now { News::new() } else { self.follow(now) }
        });
        news.extend(self.written_over());
        self.text = now.clone();
        self.stamp = stamp;
        news
    }

    /// Goes on by steps of which some carried out a plan, and the others were typed before and
    /// after; none, and nothing has changed, if there are no such steps.
    fn carried_out_within(
        &mut self,
        plan: &Plan,
        steps: &[Vec<Replacement>],
        now: &Rope,
    ) -> Option<News> {
        let mut texts = vec![self.text.clone()];
        for step in steps {
            texts.push(changes::apply_to(texts.last()?, step).ok()?);
        }
        for typed in 0..steps.len().min(MOST_TYPED) {
            let mut it = self.clone();
            let Some(mut news) = it.step(&steps[..typed], &texts[typed]) else { continue };
            let then = it.weave.plan(&plan.hunks);
            let Ok(goal) = changes::apply_to(&it.text, &then.replacements) else { continue };
            let done = (typed + 1..texts.len()).find(|at| texts[*at] == goal);
            let Some(done) = done.filter(|_| then.hunks == plan.hunks) else { continue };
            it.note_switch(&then);
            it.text = goal;
            let Some(later) = it.step(&steps[done..], now) else { continue };
            news.extend(later);
            *self = it;
            return Some(news);
        }
        None
    }

    /// It and those that had its name before, the last first.
    pub(super) fn all(&self) -> impl Iterator<Item = &Self> {
        std::iter::successors(Some(self), |tracked| tracked.under.as_deref())
    }
}

#[cfg(test)]
mod tests;
