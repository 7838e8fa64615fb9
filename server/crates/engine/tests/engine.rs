//! The engine from outside: what someone at a front end notices, through [`engine::Sessions`].
//!
//! Workspace, tools and stores are the real ones; only the model's answers, the editor's user and
//! the failures of the store are made up (`engine/stage.rs` and
//! its neighbours). Nothing here waits for a length of
//! time: a test waits for what it needs to see, and gives up after [`stage::PATIENCE`].

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails")]

#[path = "engine/client.rs"]
mod client;
#[path = "engine/desk.rs"]
mod desk;
#[path = "engine/moody.rs"]
mod moody;
#[path = "engine/script.rs"]
mod script;
#[path = "engine/stage.rs"]
mod stage;

#[path = "engine/asking.rs"]
mod asking;
#[path = "engine/beginning_anew.rs"]
mod beginning_anew;
#[path = "engine/budgets.rs"]
mod budgets;
#[path = "engine/compacting.rs"]
mod compacting;
#[path = "engine/context_prompt.rs"]
mod context_prompt;
#[path = "engine/context_standing.rs"]
mod context_standing;
#[path = "engine/context_weight.rs"]
mod context_weight;
#[path = "engine/failing.rs"]
mod failing;
#[path = "engine/forking.rs"]
mod forking;
#[path = "engine/limits.rs"]
mod limits;
#[path = "engine/modes.rs"]
mod modes;
#[path = "engine/naming.rs"]
mod naming;
#[path = "engine/prompting.rs"]
mod prompting;
#[path = "engine/restarting.rs"]
mod restarting;
#[path = "engine/restoring.rs"]
mod restoring;
#[path = "engine/returning.rs"]
mod returning;
#[path = "engine/rewinding.rs"]
mod rewinding;
#[path = "engine/sending.rs"]
mod sending;
#[path = "engine/steering.rs"]
mod steering;
#[path = "engine/stopping.rs"]
mod stopping;
#[path = "engine/telling.rs"]
mod telling;
#[path = "engine/undoing.rs"]
mod undoing;
#[path = "engine/waiting.rs"]
mod waiting;
