//! Drafts as pieces: text of an open item goes in where it belongs and comes out joined.
//!
//! An item's text may begin in a record (`ItemChanged` carries the whole item), so the first piece
//! may start anywhere, and pieces need not touch.

use engine::Draft;
use protocol::{ItemId, Update};

/// The item whose drafts are out of date once `update` is in the journal: a record holds the
/// whole item, and text that comes later counts from there.
pub(crate) fn superseded(update: &Update) -> Option<&ItemId> {
    match update {
        Update::ItemStarted { item }
        | Update::ItemChanged { item }
        | Update::ItemEnded { item } => Some(&item.id),
        _ => None,
    }
}

/// What stays of a piece when text comes in at `offset`, which lies behind the piece's start.
pub(crate) fn kept(piece: &Draft, offset: usize) -> &str {
    let length = offset.saturating_sub(piece.offset);
    &piece.text[..piece.text.floor_char_boundary(length)]
}

/// Joins pieces that touch. They come item by item, ascending.
pub(crate) fn join(pieces: impl IntoIterator<Item = Draft>) -> Vec<Draft> {
    let mut joined: Vec<Draft> = Vec::new();
    for piece in pieces {
        match joined.last_mut() {
            Some(last)
                if last.item_id == piece.item_id
                    && last.offset + last.text.len() == piece.offset =>
            {
                last.text.push_str(&piece.text);
            }
            _ => joined.push(piece),
        }
    }
    joined
}
