//! What front ends draw: a change set's texts, and each hunk with the lines it is about, in the
//! documents as they are now.

use std::{
    cell::OnceCell,
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use changes::Reading;
use protocol::{
    AbsPath, FileChangeKind, Hunk, HunkId, HunkState, Item, ItemId, Replacement, SyntaxError,
    TurnId,
};
use ropey::Rope;

use super::{Book, own_set, tracked::Tracked};

/// What is known of documents.
pub(super) type Files = BTreeMap<AbsPath, Tracked>;

/// One file of a change set, for a preview.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The file, where it is now.
    pub path: AbsPath,
    /// What happens to the file as a whole.
    pub kind: FileChangeKind,
    /// Where it goes, if it is moved.
    pub to: Option<AbsPath>,
    /// Faults in the syntax of the text after it that the text before does not have.
    pub syntax_errors: Vec<SyntaxError>,
    /// The text now, and with every hunk that is still to be decided; none when that cannot be
    /// told any more.
    pub texts: Option<(Rope, Rope)>,
    /// The text now, but without any of these hunks; none likewise.
    pub without: Option<Rope>,
    /// The proposal as a unified diff, as it was made.
    pub diff: String,
    /// The hunks.
    pub hunks: Vec<HunkView>,
}

/// A hunk as it stands in its document.
#[derive(Clone, Debug, PartialEq)]
pub struct HunkView {
    /// The change set.
    pub change_set_id: ItemId,
    /// The turn it was made in.
    pub turn_id: TurnId,
    /// The document.
    pub path: AbsPath,
    /// What happens to that as a whole.
    pub kind: FileChangeKind,
    /// The text of the document.
    pub text: Rope,
    /// The hunk.
    pub hunk: Hunk,
    /// The lines of the document that it is about, in bytes: those it would change, or those it
    /// changed. None where it has no place any more.
    pub lines: Option<Range<usize>>,
    /// Those lines without the hunk.
    pub before: String,
    /// Those lines with the hunk.
    pub after: String,
}

impl HunkView {
    /// Whether it can be accepted with other lines: a file that is deleted or moved gets none.
    pub fn can_be_reworded(&self) -> bool {
        let has_lines = matches!(self.kind, FileChangeKind::Edit | FileChangeKind::Create);
        has_lines && self.lines.is_some() && self.hunk.state == HunkState::Pending
    }
}

impl Book {
    /// A change set in its documents of now.
    pub(super) async fn proposal(&mut self, id: &ItemId) -> Option<Vec<Proposal>> {
        self.load().await;
        self.sync_these(&self.paths_of(id)).await;
        self.proposal_in(&self.files, id)
    }

    /// The hunks of the session that stand in a document, wait for a decision or can be done
    /// again; all documents if none is named.
    pub(super) async fn hunks(&mut self, path: Option<&AbsPath>) -> Vec<HunkView> {
        self.load().await;
        match path {
            Some(path) => self.sync(path).await,
            None => self.sync_all().await,
        }
        self.keep_committed(path).await;
        self.hunks_in(&self.files, path)
    }

    /// The documents of a change set.
    pub(super) fn paths_of(&self, id: &ItemId) -> Vec<AbsPath> {
        self.session.look(|state| {
            let set = state.item(id).and_then(|item| own_set(&item.body));
            let files = set.into_iter().flat_map(|set| &set.files);
            files.map(|file| self.at(&file.path, &file.hunks)).collect()
        })
    }

    /// A change set in these documents.
    pub(super) fn proposal_in(&self, files: &Files, id: &ItemId) -> Option<Vec<Proposal>> {
        let drawings = drawings(files);
        self.session.look(|state| {
            let item = state.item(id)?;
            let set = own_set(&item.body)?;
            let proposals = set.files.iter().map(|file| {
                let at = self.at(&file.path, &file.hunks);
                let drawing = drawings.get(&at).filter(|drawing| !drawing.tracked.is_missing());
                let views = file.hunks.iter().map(|hunk| {
                    let ids = (item.id.clone(), item.turn_id.clone());
                    view(drawing, &at, file.kind, ids, hunk.clone())
                });
                let texts = drawing.map(|drawing| {
                    let open = file.hunks.iter().filter(|hunk| is_open(hunk));
                    let shown = open.filter_map(|hunk| Some((drawing.number(&hunk.id)?, true)));
                    let replacements = drawing.look().now.replacements(&shown.collect());
                    let text = &drawing.tracked.text;
                    Some((text.clone(), changes::apply_to(text, &replacements).ok()?))
                });
                let without = drawing.and_then(|drawing| {
                    let there = file.hunks.iter().filter(|hunk| hunk.state.is_in_document());
                    let hidden = there.filter_map(|hunk| Some((drawing.number(&hunk.id)?, false)));
                    let replacements = drawing.look().now.replacements(&hidden.collect());
                    changes::apply_to(&drawing.tracked.text, &replacements).ok()
                });
                // What is done to a file as a whole is done to the one of that name.
                let is_whole = matches!(file.kind, FileChangeKind::Delete | FileChangeKind::Move);
                Proposal {
                    path: if is_whole { file.path.clone() } else { at.clone() },
                    kind: file.kind,
                    to: file.to.clone(),
                    syntax_errors: file.syntax_errors.clone(),
                    texts: texts.flatten(),
                    without,
                    diff: file.diff.clone(),
                    hunks: views.collect(),
                }
            });
            Some(proposals.collect())
        })
    }

    /// What there is to draw in these documents.
    pub(super) fn hunks_in(&self, files: &Files, path: Option<&AbsPath>) -> Vec<HunkView> {
        let is_drawn = |hunk: &Hunk| {
            let is_switched =
                matches!(hunk.state, HunkState::Applied | HunkState::Kept | HunkState::Undone);
            is_open(hunk) || is_switched
        };
        let drawings = drawings(files);
        self.session.look(|state| {
            let mut views = Vec::new();
            for Item { id, turn_id, body, .. } in &state.items {
                for file in own_set(body).into_iter().flat_map(|set| &set.files) {
                    // Most are where they were made, which is quick to tell.
                    let are_in = |path: &AbsPath| {
                        drawings.get(path).is_some_and(|drawing| drawing.has(&file.hunks))
                    };
                    let is_elsewhere = |path: &AbsPath| {
                        *path != file.path && (are_in(&file.path) || !are_in(path))
                    };
                    if path.is_some_and(is_elsewhere) {
                        continue;
                    }
                    let at = self.at(&file.path, &file.hunks);
                    if path.is_some_and(|path| *path != at) {
                        continue;
                    }
                    let drawing = drawings.get(&at).filter(|drawing| !drawing.tracked.is_missing());
                    let drawn = file.hunks.iter().filter(|hunk| is_drawn(hunk));
                    views.extend(drawn.map(|hunk| {
                        view(drawing, &at, file.kind, (id.clone(), turn_id.clone()), hunk.clone())
                    }));
                }
            }
            views
        })
    }

    /// Where the document of some hunks is now: it may have been moved.
    pub(super) fn at(&self, path: &AbsPath, hunks: &[Hunk]) -> AbsPath {
        let has = |tracked: &Tracked| hunks.iter().any(|hunk| tracked.number(&hunk.id).is_some());
        // Few documents are moved, so the one of this name is looked at first.
        if self.files.get(path).is_some_and(has) {
            return path.clone();
        }
        let found = self.files.iter().find(|(_, tracked)| has(tracked));
        found.map_or_else(|| path.clone(), |(at, _)| at.clone())
    }
}

/// A document whose hunks are drawn: it is looked through once for all of them, and only then.
struct Drawing<'a> {
    tracked: &'a Tracked,
    look: OnceCell<Look<'a>>,
}

struct Look<'a> {
    numbers: HashMap<&'a HunkId, usize>,
    now: Reading<'a>,
}

impl<'a> Drawing<'a> {
    fn look(&self) -> &Look<'a> {
        let Self { tracked, look } = self;
        look.get_or_init(|| Look { numbers: tracked.numbers(), now: tracked.weave.reading() })
    }

    fn number(&self, hunk: &HunkId) -> Option<usize> {
        self.look().numbers.get(hunk).copied()
    }

    /// Whether one of these hunks is in it.
    fn has(&self, hunks: &[Hunk]) -> bool {
        let is_known = |hunk: &HunkId| match self.look.get() {
            Some(look) => look.numbers.contains_key(hunk),
            None => self.tracked.number(hunk).is_some(),
        };
        hunks.iter().any(|hunk| is_known(&hunk.id))
    }
}

fn drawings(files: &Files) -> BTreeMap<&AbsPath, Drawing<'_>> {
    let drawing = |tracked| Drawing { tracked, look: OnceCell::new() };
    files.iter().map(|(path, tracked)| (path, drawing(tracked))).collect()
}

fn is_open(hunk: &Hunk) -> bool {
    matches!(hunk.state, HunkState::Pending | HunkState::Accepted)
}

fn view(
    drawing: Option<&Drawing<'_>>,
    path: &AbsPath,
    kind: FileChangeKind,
    (change_set_id, turn_id): (ItemId, TurnId),
    hunk: Hunk,
) -> HunkView {
    let lines = drawing.and_then(|drawing| {
        drawing.tracked.lines_of(drawing.number(&hunk.id)?, &drawing.look().now)
    });
    let (lines, before, after) = match lines {
        Some((lines, before, after)) => (Some(lines), before, after),
        None => (None, String::new(), String::new()),
    };
    let text = drawing.map(|drawing| drawing.tracked.text.clone()).unwrap_or_default();
    let path = path.clone();
    HunkView { change_set_id, turn_id, path, kind, text, hunk, lines, before, after }
}

impl Tracked {
    /// The lines of the document that a hunk is about, in bytes, and what they say without it and
    /// with it. A pending hunk is seen with what it builds on.
    pub(super) fn lines(&self, id: &HunkId) -> Option<(Range<usize>, String, String)> {
        self.lines_of(self.number(id)?, &self.weave.reading())
    }

    fn lines_of(&self, number: usize, now: &Reading) -> Option<(Range<usize>, String, String)> {
        if self.is_gone(number) || self.is_missing() {
            return None;
        }
        let shown = self.weave.is_shown(number);
        let place = now.place(number)?;
        let on = self.weave.needs_of(number).iter().map(|on| (*on, true));
        let base: BTreeMap<usize, bool> = if shown { BTreeMap::new() } else { on.collect() };
        let mut switched = base.clone();
        switched.insert(number, !shown);
        let (now, other) = (now.replacements(&base), now.replacements(&switched));
        let around = self.whole_lines(place);
        let (now, other) = (self.within(&around, &now), self.within(&around, &other));
        let (before, after) = if shown { (other, now) } else { (now, other) };
        Some((around, before, after))
    }

    /// The first of those lines, counted from 1.
    pub(super) fn line(&self, id: &HunkId) -> Option<usize> {
        let (lines, _, _) = self.lines(id)?;
        Some(self.text.byte_to_line(lines.start.min(self.text.len_bytes())) + 1)
    }

    /// A stretch of bytes extended to whole lines.
    fn whole_lines(&self, place: Range<usize>) -> Range<usize> {
        let text = &self.text;
        let length = text.len_bytes();
        let (start, end) = (place.start.min(length), place.end.min(length));
        let first = text.line_to_byte(text.byte_to_line(start));
        let is_at_start = |at: usize| text.line_to_byte(text.byte_to_line(at)) == at;
        // A stretch that ends with a line does not touch the next one.
        if is_at_start(end) && (end > first || place.is_empty() && is_at_start(start)) {
            return first..end;
        }
        let last = text.byte_to_line(end) + 1;
        first..if last >= text.len_lines() { length } else { text.line_to_byte(last) }
    }

    /// What some lines say after replacements, of which only those within count.
    fn within(&self, around: &Range<usize>, replacements: &[Replacement]) -> String {
        let inside = |one: &&Replacement| around.start <= one.start && one.end <= around.end;
        let shifted = replacements.iter().filter(inside).map(|one| Replacement {
            start: one.start - around.start,
            end: one.end - around.start,
            text: one.text.clone(),
        });
        let text = self.text.byte_slice(around.clone()).to_string();
        changes::apply(&text, &shifted.collect::<Vec<_>>()).unwrap_or(text)
    }
}
