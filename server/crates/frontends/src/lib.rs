//! Ways in: what turns the engine's words into those of a client, and back.
//!
//! A front end holds [`engine::Sessions`] and implements [`engine::Editor`]; it knows no model,
//! no tool and no store. URIs, encoded positions and the types of foreign protocols live here
//! and nowhere else.
//!
//! Start with [`lsp::serve`] or [`acp::serve`]. [`wire`] carries the bytes: framing, limits and the one queue that
//! everything leaves by.

pub mod acp;
mod age;
mod choices;
pub mod cli;
pub mod client;
mod excerpt;
pub mod lsp;
mod requests;
mod signals;
mod spent;
mod timestamp;
mod uri;
mod visible;
mod wire;

pub use choices::{Choices, ProjectChoices};
