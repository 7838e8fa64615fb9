//! Which characters are not seen: what a user decides on is shown with these written out.
//!
//! Every front end asks here, so that nothing can hide from one of them only. How a character is
//! written out is theirs.

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory},
};

/// Whether a character is not seen, or changes how others are seen or where they stand.
///
/// Unicode tells: control and format characters, the separators of lines and paragraphs, and
/// what is shown as nothing where it is not supported, such as variation selectors and tags.
pub(crate) fn is_hidden(c: char) -> bool {
    if c.is_ascii() {
        return c.is_control();
    }
    matches!(
        CodePointMapData::<GeneralCategory>::new().get(c),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    ) || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || is_blank(c)
}

/// Characters that Unicode has as visible ones, but whose picture is empty: the Braille pattern
/// without dots, the null notehead and the filler of the Khitan script.
fn is_blank(c: char) -> bool {
    matches!(c, '\u{2800}' | '\u{1d159}' | '\u{16fe4}')
}

#[cfg(test)]
mod tests {
    use super::is_hidden;

    #[test]
    fn what_is_not_seen_is_hidden() {
        let hidden = [
            '\0',
            '\t',
            '\n',
            '\r',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9b}', // control
            '\u{ad}',
            '\u{61c}',
            '\u{6dd}',
            '\u{200b}',
            '\u{200d}',
            '\u{202e}',
            '\u{2066}',
            '\u{feff}',
            '\u{fff9}',
            '\u{13430}',
            '\u{1bca0}',
            '\u{1d173}', // format
            '\u{2028}',
            '\u{2029}', // separators
            '\u{34f}',
            '\u{115f}',
            '\u{17b4}',
            '\u{2065}',
            '\u{3164}',
            '\u{ffa0}',
            '\u{fff0}',
            '\u{e0000}',
            '\u{e0080}',
            '\u{e0fff}', // ignorable
            '\u{180b}',
            '\u{180f}',
            '\u{fe00}',
            '\u{fe0f}',
            '\u{e0100}',
            '\u{e01ef}', // variants
            '\u{e0001}',
            '\u{e0041}',
            '\u{e007f}', // tags
            '\u{2800}',
            '\u{1d159}',
            '\u{16fe4}', // empty pictures
        ];
        for c in hidden {
            assert!(is_hidden(c), "U+{:04X}", u32::from(c));
        }
    }

    #[test]
    fn what_is_seen_is_not_hidden() {
        for c in "aÄß 語ʰ\u{301}\u{a0}\u{3000}⠁🦀👨🏽€\u{e000}".chars() {
            assert!(!is_hidden(c), "U+{:04X}", u32::from(c));
        }
    }
}
