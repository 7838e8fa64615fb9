//! Language models behind `engine::Model`: one router, the providers' wires, and the script.
//!
//! This room maps requests and streamed answers between the engine's words and a provider's. It
//! knows no session, no tool and no journal, reads no environment variable, and makes no network
//! call before the first prompt, but to servers on this machine when somebody looks what there is
//! to choose from. Nothing of a provider's own shapes leaves it, but what the
//! engine carries unread as `provider_data`.
//!
//! Start at [`Models`]: it finds the provider of a model's name. `attempts` asks it, and asks
//! again after what passes; `connection` sends the request; `frames` cuts what comes back into
//! frames; a file of `wire` reads them; `answer` holds these together; `stamp` marks what goes back
//! to its own model alone; `failure` says in a
//! sentence what went wrong; `catalogue` knows sizes and prices. `script` is the model that is
//! none.

mod answer;
mod attempts;
pub mod catalogue;
mod connection;
mod failure;
mod frames;
mod key;
mod provider;
mod router;
mod script;
mod stamp;
mod wire;

pub use key::Key;
pub use provider::{PRESETS, Preset, ProviderSettings, preset};
pub use router::{ModelSettings, Models};
pub use wire::Wire;
