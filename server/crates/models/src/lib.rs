//! Language models behind `engine::Model`: one router, the providers' wires, and the script.
//!
//! This room maps requests and streamed answers between the engine's words and a provider's. It
//! knows no session, no tool and no journal, reads no environment variable, and makes no network
//! call before the first prompt. Nothing of a provider's own shapes leaves it, but what the
//! engine carries unread as `provider_data`.
//!
//! Start at [`Models`]; `anthropic` is one wire from end to end, `script` the model that is none.

mod anthropic;
mod http;
mod key;
mod router;
mod script;

pub use anthropic::AnthropicSettings;
pub use key::Key;
pub use router::{ModelSettings, Models};
