//! Positions as clients count them, and byte offsets: the conversion, in both directions.
//!
//! It knows nothing of any protocol's types: a position is a line and a character, both from 0.
//! Lines end at LF, CRLF or a lone CR, as the Language Server Protocol has it, and no position
//! lies between the CR and the LF of one line break; but there are clients whose lines end at LF
//! only, and to whom a CR is a character like any other ([`Breaks`]).

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

/// Where a client's lines end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Breaks {
    /// At LF, CRLF and a lone CR.
    #[default]
    All,
    /// At LF only; a CR before it, or anywhere else, is a character of the line.
    Lf,
}

/// How a client counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Counting {
    /// What it counts characters in.
    pub encoding: Encoding,
    /// Where its lines end.
    pub breaks: Breaks,
}

impl From<Encoding> for Counting {
    fn from(encoding: Encoding) -> Self {
        Self { encoding, breaks: Breaks::All }
    }
}

impl Counting {
    /// The byte offset of a position, as [`Encoding::offset`] has it.
    pub fn offset(self, text: &Rope, line: u32, character: u32) -> usize {
        if self.breaks == Breaks::All || !has_cr(text) {
            return self.encoding.offset(text, line, character);
        }
        let Some(start) = line_start(text, line as usize) else { return text.len_bytes() };
        let content = line_from(text, start);
        start + content.char_to_byte(self.encoding.chars(content, character as usize))
    }

    /// The position of a byte offset, as [`Encoding::position`] has it.
    pub fn position(self, text: &Rope, offset: usize) -> (u32, u32) {
        if self.breaks == Breaks::All || !has_cr(text) {
            return self.encoding.position(text, offset);
        }
        let offset = offset.min(text.len_bytes());
        let (mut line, mut start, mut at) = (0, 0, 0);
        for chunk in text.byte_slice(..text.char_to_byte(text.byte_to_char(offset))).chunks() {
            for (index, _) in chunk.match_indices('\n') {
                (line, start) = (line + 1, at + index + 1);
            }
            at += chunk.len();
        }
        let content = line_from(text, start);
        (counted(line), counted(self.encoding.character(content, offset - start)))
    }
}

fn has_cr(text: &Rope) -> bool {
    text.chunks().any(|chunk| chunk.as_bytes().contains(&b'\r'))
}

/// Where a line begins if lines end at LF only; none behind the last one.
fn line_start(text: &Rope, line: usize) -> Option<usize> {
    let (mut left, mut at) = (line, 0);
    if left == 0 {
        return Some(0);
    }
    for chunk in text.chunks() {
        for (index, _) in chunk.match_indices('\n') {
            left -= 1;
            if left == 0 {
                return Some(at + index + 1);
            }
        }
        at += chunk.len();
    }
    None
}

/// The line that begins there, without its LF.
fn line_from(text: &Rope, start: usize) -> RopeSlice<'_> {
    let rest = text.byte_slice(start..);
    let mut length = 0;
    for chunk in rest.chunks() {
        if let Some(end) = chunk.find('\n') {
            return rest.byte_slice(..length + end);
        }
        length += chunk.len();
    }
    rest
}

impl Encoding {
    /// How many code points of a line are before a character as the client counts them.
    fn chars(self, content: RopeSlice<'_>, character: usize) -> usize {
        match self {
            Self::Utf8 => content.byte_to_char(character.min(content.len_bytes())),
            Self::Utf16 => content.utf16_cu_to_char(character.min(content.len_utf16_cu())),
            Self::Utf32 => character.min(content.len_chars()),
        }
    }

    /// The character, as the client counts them, of a byte of a line.
    fn character(self, content: RopeSlice<'_>, byte: usize) -> usize {
        let chars = content.byte_to_char(byte.min(content.len_bytes()));
        match self {
            Self::Utf8 => content.char_to_byte(chars),
            Self::Utf16 => content.char_to_utf16_cu(chars),
            Self::Utf32 => chars,
        }
    }

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
        text.line_to_byte(line) + content.char_to_byte(self.chars(content, character))
    }

    /// The position, as line and character, of a byte offset.
    ///
    /// An offset beyond the text stands for its end, one inside a code point for its start, and
    /// one inside a CRLF for the end of the line before it.
    pub fn position(self, text: &Rope, offset: usize) -> (u32, u32) {
        let offset = offset.min(text.len_bytes());
        let line = text.byte_to_line(offset);
        let content = without_break(text.line(line));
        let character = self.character(content, offset - text.line_to_byte(line));
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
