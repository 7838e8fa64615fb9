//! The fold: a session's state from its updates, the same for live view and replay.

use std::collections::{BTreeSet, HashMap};

use crate::{Item, ItemBody, ItemId, Mode, QueuedPrompt, Status, Todo, ToolOutput, Update, Usage};

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
            Update::Queue { prompts } => self.queue = prompts,
            Update::Resync { .. } => {}
        }
    }

    /// The item of this id.
    pub fn item(&self, id: &ItemId) -> Option<&Item> {
        self.index.get(id).and_then(|&at| self.items.get(at))
    }

    /// The todo list as it is now.
    pub fn todos(&self) -> &[Todo] {
        self.items
            .iter()
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
        Item {
            id: ItemId::from("i1"),
            turn_id: TurnId::from("t1"),
            at: 0,
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
}
