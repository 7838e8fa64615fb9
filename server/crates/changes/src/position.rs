//! Positions as clients count them, and byte offsets: the conversion, in both directions.
//!
//! It knows nothing of any protocol's types: a position is a line and a character, both from 0.
//! Lines end at LF, CRLF or a lone CR, as the Language Server Protocol has it. No position lies
//! between the CR and the LF of one line break.

use ropey::{Rope, RopeSlice};

/// What a client counts the characters of a line in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Bytes of UTF-8.
    Utf8,
    /// Code units of UTF-16; what a client means that says nothing.
    Utf16,
    /// Code points.
    Utf32,
}

impl Encoding {
    /// The byte offset of a position.
    ///
    /// Every position has one: beyond the end of its line it is that end, before the line break;
    /// beyond the last line it is the end of the text; inside a code point it is its start.
    pub fn offset(self, text: &Rope, line: u32, character: u32) -> usize {
        let (line, character) = (line as usize, character as usize);
        if line >= text.len_lines() {
            return text.len_bytes();
        }
        let content = without_break(text.line(line));
        let chars = match self {
            Self::Utf8 => content.byte_to_char(character.min(content.len_bytes())),
            Self::Utf16 => content.utf16_cu_to_char(character.min(content.len_utf16_cu())),
            Self::Utf32 => character.min(content.len_chars()),
        };
        text.line_to_byte(line) + content.char_to_byte(chars)
    }

    /// The position, as line and character, of a byte offset.
    ///
    /// An offset beyond the text stands for its end, one inside a code point for its start, and
    /// one inside a CRLF for the end of the line before it.
    pub fn position(self, text: &Rope, offset: usize) -> (u32, u32) {
        let offset = offset.min(text.len_bytes());
        let line = text.byte_to_line(offset);
        let content = without_break(text.line(line));
        let byte = (offset - text.line_to_byte(line)).min(content.len_bytes());
        let chars = content.byte_to_char(byte);
        let character = match self {
            Self::Utf8 => content.char_to_byte(chars),
            Self::Utf16 => content.char_to_utf16_cu(chars),
            Self::Utf32 => chars,
        };
        (counted(line), counted(character))
    }
}

/// The line without the LF, CRLF or CR that ends it.
fn without_break(line: RopeSlice<'_>) -> RopeSlice<'_> {
    let mut chars = line.chars_at(line.len_chars());
    let length = match (chars.prev(), chars.prev()) {
        (Some('\n'), Some('\r')) => 2,
        (Some('\n' | '\r'), _) => 1,
        _ => 0,
    };
    line.slice(..line.len_chars() - length)
}

// Clients count in 32 bits; a text that goes beyond has no better position than the last.
fn counted(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
