//! Updates: the one stream by which every front end learns what happens, live and in replay.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ErrorInfo, Item, ItemId, Mode, QueuedPrompt, SessionId, Stretch, TurnId};

/// One update of one session, as it travels to front ends.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionUpdate {
    /// The session.
    pub session_id: SessionId,
    /// Rises with every update of the session. Gaps are normal: merged deltas leave them.
    pub seq: u64,
    /// What happened.
    pub update: Update,
}

/// What happened in a session.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Update {
    /// An item began.
    ItemStarted {
        /// The item as it is now.
        item: Item,
    },
    /// An open item changed: a tool call began to run, an edit was decided.
    ItemChanged {
        /// The whole item as it is now.
        item: Item,
    },
    /// An item will not change any more.
    ItemEnded {
        /// The whole item. What deltas brought before is contained in it.
        item: Item,
    },
    /// More text of an open item: a message, reasoning, or the output of a tool call.
    Delta {
        /// The item.
        item_id: ItemId,
        /// Where in the item's text it goes, in UTF-8 bytes.
        offset: usize,
        /// The text.
        text: String,
    },
    /// A turn began or ended.
    Status(Status),
    /// What the session has used up to now.
    Usage(Usage),
    /// The mode or the model changed.
    Config {
        /// The mode.
        mode: Mode,
        /// The model, as `provider/name`.
        model: String,
    },
    /// The fast model has given the session a title, in place of the first line of its first
    /// prompt.
    Title {
        /// In one line.
        title: String,
    },
    /// The prompts that wait, all of them.
    Queue {
        /// In the order they will be sent.
        prompts: Vec<QueuedPrompt>,
    },
    /// Items were set aside, or taken up again: [`Item::aside`] of each of them is this now.
    SetAside {
        /// The items.
        stretch: Stretch,
        /// Whether they are set aside.
        aside: bool,
    },
    /// Updates were left out for a client that did not keep up: attach again after this number.
    /// The update's own `seq` is the same number.
    Resync {
        /// The last number the client can have seen.
        from_seq: u64,
    },
}

impl Update {
    /// Whether the journal keeps it. Deltas are kept by the item they belong to.
    pub fn is_durable(&self) -> bool {
        !matches!(self, Self::Delta { .. } | Self::Resync { .. })
    }
}

/// Whether a turn runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Status {
    /// A turn runs.
    Running {
        /// The turn.
        turn_id: TurnId,
    },
    /// No turn runs.
    Idle {
        /// The turn that ended; none before the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        turn_id: Option<TurnId>,
        /// Why it ended; none before the first.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        stop_reason: Option<StopReason>,
        /// What went wrong, when `stopReason` is `error`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<ErrorInfo>,
    },
}

/// Why a turn ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum StopReason {
    /// The model had nothing more to do.
    Completed,
    /// The user stopped it.
    Cancelled,
    /// The process ended in the middle of it.
    Interrupted,
    /// Something failed that the model could not mend.
    Error,
}

/// Tokens, as the provider counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// Tokens sent, those from the cache included.
    pub input_tokens: u64,
    /// Tokens received.
    pub output_tokens: u64,
    /// Tokens sent that the provider had in its cache.
    pub cached_tokens: u64,
    /// Tokens sent that the provider wrote to its cache, for a price of their own.
    #[serde(default)]
    pub cache_written_tokens: u64,
    /// What it cost, in billionths of a US dollar; requests to a model without a known price add
    /// nothing.
    #[serde(default)]
    pub cost: u64,
}

/// A sum in billionths of a US dollar, for people: in cents where it is not smaller.
pub fn dollars(cost: u64) -> String {
    let dollars = cost as f64 / 1e9;
    if dollars >= 0.01 || cost == 0 { format!("${dollars:.2}") } else { format!("${dollars:.4}") }
}

impl std::ops::AddAssign for Usage {
    fn add_assign(&mut self, more: Self) {
        self.input_tokens += more.input_tokens;
        self.output_tokens += more.output_tokens;
        self.cached_tokens += more.cached_tokens;
        self.cache_written_tokens += more.cache_written_tokens;
        self.cost += more.cost;
    }
}

#[cfg(test)]
mod tests {
    use super::dollars;

    #[test]
    fn sums_are_told_as_people_tell_them() {
        let told = [0, 1_500_000_000, 9_990_000_000, 1_200_000].map(dollars);
        assert_eq!(told, ["$0.00", "$1.50", "$9.99", "$0.0012"]);
    }
}
