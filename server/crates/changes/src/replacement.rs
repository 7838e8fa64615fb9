//! What a list of replacements means: applying it to a text.
//!
//! It knows nothing of where a list comes from. The order is always ascending and each offset is
//! in the text before; several insertions at one place come out in list order.

use protocol::Replacement;
use ropey::Rope;

/// Why a change makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The stretch ends before it begins.
    #[error("the replaced text ends at byte {end}, before it begins at byte {start}")]
    Reversed {
        /// First byte that is replaced.
        start: usize,
        /// First byte after it.
        end: usize,
    },
    /// The stretch goes beyond the text.
    #[error("the replaced text ends at byte {end}, but the text has only {length} bytes")]
    BeyondEnd {
        /// First byte after the stretch.
        end: usize,
        /// Bytes in the text.
        length: usize,
    },
    /// The stretch begins or ends inside of a character.
    #[error("byte {offset} is in the middle of a character")]
    InsideCharacter {
        /// The offset.
        offset: usize,
    },
    /// The stretch begins before the end of the one before it in the list.
    #[error("the text replaced from byte {start} on overlaps with what is replaced before it")]
    Overlap {
        /// First byte of the later stretch.
        start: usize,
    },
}

/// The text after replacements that are in ascending order and do not overlap.
///
/// # Errors
/// They are not in order, overlap, leave the text, or cut a character.
pub fn apply(text: &str, replacements: &[Replacement]) -> Result<String, ChangeError> {
    check_order(replacements)?;
    let added: usize = replacements.iter().map(|replacement| replacement.text.len()).sum();
    let mut result = String::with_capacity(text.len() + added);
    let mut copied = 0;
    // Each slice looks at the end of the replacement before it and the start of its own.
    for replacement in replacements {
        result.push_str(slice(text, copied, replacement.start)?);
        result.push_str(&replacement.text);
        copied = replacement.end;
    }
    result.push_str(slice(text, copied, text.len())?);
    Ok(result)
}

/// As [`apply`], for a text that is too big to copy: what stays is shared with the text before.
///
/// # Errors
/// As for [`apply`].
pub fn apply_to(text: &Rope, replacements: &[Replacement]) -> Result<Rope, ChangeError> {
    check_order(replacements)?;
    let char_at = |offset: usize| {
        let length = text.len_bytes();
        if offset > length {
            return Err(ChangeError::BeyondEnd { end: offset, length });
        }
        let at = text.byte_to_char(offset);
        if text.char_to_byte(at) == offset {
            Ok(at)
        } else {
            Err(ChangeError::InsideCharacter { offset })
        }
    };
    let mut result = text.clone();
    // From the last to the first, so that the offsets of those before still hold.
    for Replacement { start, end, text: new } in replacements.iter().rev() {
        let (start, end) = (char_at(*start)?, char_at(*end)?);
        result.remove(start..end);
        result.insert(start, new);
    }
    Ok(result)
}

/// Refuses a list that is not in ascending order or overlaps; says nothing of any text.
pub(crate) fn check_order(replacements: &[Replacement]) -> Result<(), ChangeError> {
    let mut last = 0;
    for &Replacement { start, end, .. } in replacements {
        if end < start {
            return Err(ChangeError::Reversed { start, end });
        }
        if start < last {
            return Err(ChangeError::Overlap { start });
        }
        last = end;
    }
    Ok(())
}

fn slice(text: &str, start: usize, end: usize) -> Result<&str, ChangeError> {
    let length = text.len();
    if start.max(end) > length {
        return Err(ChangeError::BeyondEnd { end: start.max(end), length });
    }
    text.get(start..end).ok_or_else(|| ChangeError::InsideCharacter {
        offset: if text.is_char_boundary(start) { end } else { start },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replace(start: usize, end: usize, text: &str) -> Replacement {
        Replacement { start, end, text: text.into() }
    }

    #[test]
    fn replaces_in_order_and_keeps_the_rest() {
        let changes = [replace(0, 1, "J"), replace(5, 5, ","), replace(6, 11, "wörld")];
        assert_eq!(apply("hello world", &changes).unwrap(), "Jello, wörld");
        assert_eq!(apply("", &[replace(0, 0, "new")]).unwrap(), "new");
        assert_eq!(apply("same", &[]).unwrap(), "same");
        let rope = Rope::from_str("hello world");
        assert_eq!(apply_to(&rope, &changes).unwrap(), "Jello, wörld");
    }

    #[test]
    fn insertions_at_one_place_come_out_in_list_order() {
        let changes = [replace(1, 1, "1"), replace(1, 1, "2"), replace(1, 2, "3")];
        assert_eq!(apply("abc", &changes).unwrap(), "a123c");
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let refused = |changes: &[Replacement]| {
            let error = apply("aäb", changes).unwrap_err();
            assert!(apply_to(&Rope::from_str("aäb"), changes).is_err());
            error
        };
        assert_eq!(refused(&[replace(2, 1, "")]), ChangeError::Reversed { start: 2, end: 1 });
        assert_eq!(refused(&[replace(3, 5, "")]), ChangeError::BeyondEnd { end: 5, length: 4 });
        assert_eq!(refused(&[replace(9, 9, "")]), ChangeError::BeyondEnd { end: 9, length: 4 });
        assert_eq!(refused(&[replace(0, 2, "")]), ChangeError::InsideCharacter { offset: 2 });
        assert_eq!(refused(&[replace(2, 3, "")]), ChangeError::InsideCharacter { offset: 2 });
        let overlap = [replace(0, 3, ""), replace(1, 4, "")];
        assert_eq!(refused(&overlap), ChangeError::Overlap { start: 1 });
        let unordered = [replace(3, 4, ""), replace(0, 1, "")];
        assert_eq!(refused(&unordered), ChangeError::Overlap { start: 0 });
    }
}
