//! What a tool call would do, the question it raises, and the answer.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{AbsPath, HunkId, ItemId};

/// What a prepared tool call would do. Paths are resolved: links are followed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[non_exhaustive]
pub enum Effect {
    /// Reads a file or folder.
    Read {
        /// What is read.
        path: AbsPath,
    },
    /// Creates or changes a file.
    Write {
        /// What is written.
        path: AbsPath,
    },
    /// Deletes a file.
    Delete {
        /// What is deleted.
        path: AbsPath,
    },
    /// Moves a file.
    Move {
        /// Where it is.
        from: AbsPath,
        /// Where it goes.
        to: AbsPath,
    },
    /// Runs a command in a shell.
    Run {
        /// The whole command line.
        command: String,
        /// The folder it runs in.
        folder: AbsPath,
    },
    /// Asks for a plan to be approved, which ends the read-only mode.
    SubmitPlan,
}

/// A remembered permission. It covers exactly this effect and nothing like it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rule {
    /// What is allowed without asking.
    pub allow: Effect,
}

/// A question to the user, and its answer once there is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// One line that says what would happen.
    pub title: String,
    /// What is asked about.
    pub subject: ApprovalSubject,
    /// Why it is asked, in one sentence.
    pub why: String,
    /// The answers there are, the safe one first.
    pub options: Vec<ApprovalOption>,
    /// The answer, when it has been given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub answer: Option<Answer>,
}

impl Approval {
    /// What an answer is called, if it is offered.
    pub fn label(&self, decision: Decision) -> Option<&str> {
        let option = self.options.iter().find(|option| option.decision == decision);
        option.map(|option| &*option.label)
    }
}

/// What an approval is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum ApprovalSubject {
    /// A tool call and all it would do.
    ToolCall {
        /// The tool call's item.
        item_id: ItemId,
        /// What it would do.
        effects: Vec<Effect>,
        /// Documents that the agent edited and that are not saved: a command would not see the
        /// edits. Where an editor can save them, `saveAndRun` is among the options.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        unsaved: Vec<AbsPath>,
    },
    /// The edits of one model response. Their review is their approval.
    Changes {
        /// The change set's item; `coworker/changes/get` has its texts.
        item_id: ItemId,
    },
    /// A plan.
    Plan {
        /// The plan's item.
        item_id: ItemId,
    },
    /// Questions of the agent. The answer has one [`QuestionAnswer`] for each, in their order.
    Questions {
        /// The tool call's item.
        item_id: ItemId,
        /// The questions.
        questions: Vec<Question>,
    },
    /// More tokens or money than a budget has. A yes grants so many more of them.
    Budget {
        /// Whose budget it is.
        scope: BudgetScope,
        /// How many budgets a yes grants: as many as are used up already, or would be.
        #[serde(default = "one")]
        more: u64,
    },
}

fn one() -> u64 {
    1
}

/// What a budget is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum BudgetScope {
    /// One turn.
    Turn,
    /// One session.
    Session,
    /// All sessions of a day, which begins at midnight in UTC.
    Day,
}

/// A question of the agent, with answers to choose from; words of the user's own always do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    /// The question.
    pub text: String,
    /// A word or two for a tab or a heading; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub heading: String,
    /// The answers to choose from; none if only words can answer it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<Choice>,
    /// Whether several may be chosen.
    #[serde(default)]
    pub multiple: bool,
}

/// An answer to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Choice {
    /// What is shown and what the agent reads.
    pub label: String,
    /// What choosing it means; may be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// What the user answered to one question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct QuestionAnswer {
    /// The labels that were chosen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<String>,
    /// The user's own words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
}

/// One possible answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ApprovalOption {
    /// What choosing it means.
    pub decision: Decision,
    /// What to show, ready for a button.
    pub label: String,
    /// The exact rules it would add, for `session` and `always`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<Rule>,
}

/// How an approval was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Decision {
    /// Not now; the reason is told to the model.
    Reject,
    /// Yes, this time.
    Once,
    /// Yes, this time, and the documents that the approval names are saved first.
    SaveAndRun,
    /// Yes, and the same again in this session without asking.
    Session,
    /// Yes, and the same again in this folder without asking.
    Always,
    /// Nobody decided: the turn was stopped or the process ended first. Counts as no.
    Withdrawn,
}

impl Decision {
    /// Whether the work may go on.
    pub fn allows(self) -> bool {
        matches!(self, Self::Once | Self::SaveAndRun | Self::Session | Self::Always)
    }
}

/// The answer to an approval.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The decision.
    pub decision: Decision,
    /// What the user said about it; the model is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Decisions on single hunks that differ from `decision`; only for change sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hunks: Vec<HunkDecision>,
    /// The answers to the agent's questions, one for each; only for questions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<QuestionAnswer>,
    /// Who answered: a client's name, or how it was answered otherwise.
    #[serde(default)]
    pub by: String,
}

impl Answer {
    /// An answer with nothing to add.
    pub fn new(decision: Decision, by: impl Into<String>) -> Self {
        Self { decision, reason: None, hunks: Vec::new(), answers: Vec::new(), by: by.into() }
    }

    /// The same answer with words for the model.
    pub fn because(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }
}

/// The decision on one hunk of a change set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HunkDecision {
    /// The hunk.
    pub hunk_id: HunkId,
    /// Whether it may be applied.
    pub accept: bool,
    /// The lines that the user wants in place of those proposed; only for one that is accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// The lines that `text` was made for: the hunk's `before`. If they say something else now,
    /// both changes are merged, or the hunk becomes a conflict. Without it, they are those that
    /// the hunk was proposed for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// What the user said about it; the model is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}
