//! Chains of edits: which needs which, and what the wanted ones come to.
//!
//! The edits of one file in one change set form a chain, each against the text that the one
//! before left. The user may want some and not others. It knows no base text and no decision:
//! which edits are kept, the caller says.

use std::{collections::BTreeSet, ops::Range};

use protocol::{Edit, EditId, Replacement};

use crate::{fragments::Fragments, replacement::ChangeError};

/// The earlier edits without which `replacements` make no sense: those whose new text they
/// overlap, those whose new text they add to at either end, and those that deleted text where
/// they touch. Text that is replaced beside new text is free.
///
/// If the chain itself makes no sense, every earlier edit is needed.
pub fn depends_on(earlier: &[Edit], replacements: &[Replacement]) -> Vec<EditId> {
    let mut fragments = Fragments::new();
    for (index, edit) in earlier.iter().enumerate() {
        if fragments.apply(index, &edit.replacements).is_err() {
            return earlier.iter().map(|edit| edit.id.clone()).collect();
        }
    }
    needs(&fragments, replacements).into_iter().map(|index| earlier[index].id.clone()).collect()
}

/// The kept edits of a chain as one list of replacements against the base text.
///
/// # Errors
/// A kept edit needs one that is not kept, or an edit makes no sense.
pub fn compose(
    edits: &[Edit],
    keep: impl Fn(&Edit) -> bool,
) -> Result<Vec<Replacement>, ChangeError> {
    let kept: Vec<bool> = edits.iter().map(keep).collect();
    let mut fragments = Fragments::new();
    for (index, edit) in edits.iter().enumerate() {
        if kept[index]
            && let Some(other) =
                needs(&fragments, &edit.replacements).into_iter().find(|&other| !kept[other])
        {
            let (edit, needs) = (edit.id.clone(), edits[other].id.clone());
            return Err(ChangeError::Dependent { edit, needs });
        }
        fragments.apply(index, &edit.replacements)?;
    }
    Ok(fragments.replacements(|edit| kept[edit]))
}

/// The edits, by their number in the chain, that the replacements need.
fn needs(fragments: &Fragments, replacements: &[Replacement]) -> BTreeSet<usize> {
    fragments
        .places()
        .into_iter()
        .filter(|(_, place)| replacements.iter().any(|replacement| touches(place, replacement)))
        .map(|(cause, _)| cause.edit)
        .collect()
}

fn touches(place: &Range<usize>, replacement: &Replacement) -> bool {
    let &Replacement { start, end, .. } = replacement;
    if place.is_empty() || start == end {
        start <= place.end && place.start <= end
    } else {
        start < place.end && place.start < end
    }
}

#[cfg(test)]
mod tests;
