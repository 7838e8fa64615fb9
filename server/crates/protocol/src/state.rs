//! The fold: a session's state from its updates, the same for live view and replay.

use std::{
    collections::{BTreeSet, HashMap},
    ops::RangeInclusive,
};

use crate::{
    Item, ItemBody, ItemId, Mode, QueuedPrompt, Status, Stretch, Todo, ToolOutput, Update, Usage,
};

/// What the updates of a session add up to.
///
/// Equal states mean equal sessions: two front ends that saw the same items, in whatever pieces
/// the text came, compare equal.
#[derive(Clone, Debug, PartialEq)]
pub struct SessionState {
    /// The items in the order they began.
    pub items: Vec<Item>,
    /// The items that may still change.
    pub open: BTreeSet<ItemId>,
    /// Whether a turn runs.
    pub status: Status,
    /// How freely the agent may act.
    pub mode: Mode,
    /// The model in use, as `provider/name`.
    pub model: String,
    /// The tokens used.
    pub usage: Usage,
    /// The title that the fast model gave it; empty as long as it has none.
    pub title: String,
    /// The prompts that wait.
    pub queue: Vec<QueuedPrompt>,
    // Where each item stands in `items`; derived, so that a long session folds in linear time.
    index: HashMap<ItemId, usize>,
}

impl Default for SessionState {
    fn default() -> Self {
        Self {
            items: Vec::new(),
            open: BTreeSet::new(),
            status: Status::Idle { turn_id: None, stop_reason: None, error: None },
            mode: Mode::default(),
            model: String::new(),
            usage: Usage::default(),
            title: String::new(),
            queue: Vec::new(),
            index: HashMap::new(),
        }
    }
}

impl SessionState {
    /// The state that these updates add up to.
    pub fn fold<'a>(updates: impl IntoIterator<Item = &'a Update>) -> Self {
        let mut state = Self::default();
        for update in updates {
            state.apply(update);
        }
        state
    }

    /// Takes one update in, leaving it to the caller.
    pub fn apply(&mut self, update: &Update) {
        match update {
            // The commonest kind by far, and all of it would be copied for nothing.
            Update::Delta { item_id, offset, text } => self.extend(item_id, *offset, text),
            update => self.take(update.clone()),
        }
    }

    /// Takes one update in. What does not fit (text for an unknown item) is left out.
    pub fn take(&mut self, update: Update) {
        match update {
            Update::ItemStarted { item } | Update::ItemChanged { item } => {
                self.open.insert(item.id.clone());
                self.put(item);
            }
            Update::ItemEnded { item } => {
                self.open.remove(&item.id);
                self.put(item);
            }
            Update::Delta { item_id, offset, text } => self.extend(&item_id, offset, &text),
            Update::Status(status) => self.status = status,
            Update::Usage(usage) => self.usage = usage,
            Update::Config { mode, model } => {
                self.mode = mode;
                self.model = model;
            }
            Update::Title { title } => self.title = title,
            Update::Queue { prompts } => self.queue = prompts,
            Update::SetAside { stretch, aside } => {
                for item in self.stretch_mut(&stretch) {
                    item.aside = aside;
                }
            }
            Update::Resync { .. } => {}
        }
    }

    /// The item of this id.
    pub fn item(&self, id: &ItemId) -> Option<&Item> {
        self.index.get(id).and_then(|&at| self.items.get(at))
    }

    /// The items of a stretch, in order; none if it names one that there is not.
    pub fn stretch(&self, stretch: &Stretch) -> &[Item] {
        self.range(stretch).and_then(|range| self.items.get(range)).unwrap_or_default()
    }

    fn stretch_mut(&mut self, stretch: &Stretch) -> &mut [Item] {
        self.range(stretch).and_then(|range| self.items.get_mut(range)).unwrap_or_default()
    }

    fn range(&self, stretch: &Stretch) -> Option<RangeInclusive<usize>> {
        Some(*self.index.get(&stretch.first)?..=*self.index.get(&stretch.last)?)
    }

    /// The items that are not set aside, in order.
    pub fn told(&self) -> impl DoubleEndedIterator<Item = &Item> {
        self.items.iter().filter(|item| !item.aside)
    }

    /// The todo list as it is now.
    pub fn todos(&self) -> &[Todo] {
        self.told()
            .rev()
            .find_map(|item| match &item.body {
                ItemBody::Todos { todos } => Some(todos.as_slice()),
                _ => None,
            })
            .unwrap_or_default()
    }

    fn put(&mut self, item: Item) {
        match self.index.get(&item.id) {
            Some(&at) => self.items[at] = item,
            None => {
                self.index.insert(item.id.clone(), self.items.len());
                self.items.push(item);
            }
        }
    }

    fn extend(&mut self, id: &ItemId, offset: usize, more: &str) {
        let Some(&at) = self.index.get(id) else { return };
        let text = match &mut self.items[at].body {
            ItemBody::AgentMessage { text } | ItemBody::Reasoning { text, .. } => text,
            ItemBody::ToolCall(call) => {
                let empty = || ToolOutput::text(String::new());
                &mut call.output.get_or_insert_with(empty).text
            }
            _ => return,
        };
        // A client that attached late may see the overlap of replay and stream: take it once.
        let seen = text.len().saturating_sub(offset);
        if offset <= text.len()
            && let Some(new) = more.get(seen..)
        {
            text.push_str(new);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::TurnId;

    fn message(text: &str) -> Item {
        said("i1", text)
    }

    fn said(id: &str, text: &str) -> Item {
        Item {
            id: ItemId::from(id),
            turn_id: TurnId::from("t1"),
            at: 0,
            aside: false,
            body: ItemBody::AgentMessage { text: text.into() },
        }
    }

    #[test]
    fn text_in_pieces_and_text_at_once_fold_to_the_same() {
        let delta = |offset, text: &str| Update::Delta {
            item_id: ItemId::from("i1"),
            offset,
            text: text.into(),
        };
        let end = Update::ItemEnded { item: message("hello wörld") };
        let live = [
            Update::ItemStarted { item: message("") },
            delta(0, "hello "),
            delta(6, "wör"),
            delta(6, "wör"), // seen twice
            delta(10, "ld"),
            end.clone(),
        ];
        let mut streaming = SessionState::fold(&live[..5]);
        assert_eq!(streaming.items, [message("hello wörld")]);
        streaming.apply(&end);
        assert_eq!(streaming, SessionState::fold([&live[0], &end]));
    }

    #[test]
    fn text_after_a_gap_is_left_out() {
        let delta = Update::Delta { item_id: ItemId::from("i1"), offset: 9, text: "x".into() };
        let state = SessionState::fold(&[Update::ItemStarted { item: message("a") }, delta]);
        assert_eq!(state.items, [message("a")]);
    }

    fn set_aside(first: &str, last: &str, aside: bool) -> Update {
        let stretch = Stretch { first: ItemId::from(first), last: ItemId::from(last) };
        Update::SetAside { stretch, aside }
    }

    fn ended(id: &str) -> Update {
        Update::ItemEnded { item: said(id, "words") }
    }

    fn told(updates: &[Update]) -> String {
        let state = SessionState::fold(updates);
        state.told().map(|item| item.id.as_str()).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_set_aside_is_there_but_not_told_until_it_is_taken_up() {
        let mut updates = vec![ended("a"), ended("b"), ended("c"), set_aside("b", "c", true)];
        updates.push(ended("d"));
        assert_eq!(told(&updates), "a d");
        assert_eq!(SessionState::fold(&updates).items.len(), 4);
        updates.push(set_aside("b", "b", false));
        assert_eq!(told(&updates), "a b d");
    }

    #[test]
    fn a_stretch_of_items_that_there_are_not_or_backwards_is_left_out() {
        let known = [ended("a"), ended("b")];
        for stretch in [("x", "b"), ("a", "x"), ("b", "a")] {
            let mut updates = known.to_vec();
            updates.push(set_aside(stretch.0, stretch.1, true));
            assert_eq!(told(&updates), "a b", "{stretch:?}");
        }
    }

    #[test]
    fn a_todo_list_that_was_set_aside_is_not_the_one_of_now() {
        let list = |id: &str, content: &str| {
            let (content, active_form) = (content.to_owned(), String::new());
            let todo = Todo { content, active_form, status: crate::TodoStatus::Pending };
            let body = ItemBody::Todos { todos: vec![todo] };
            Update::ItemEnded { item: Item { body, ..said(id, "") } }
        };
        let updates = [list("a", "first"), list("b", "second"), set_aside("b", "b", true)];
        assert_eq!(SessionState::fold(&updates).todos()[0].content, "first");
    }
}
