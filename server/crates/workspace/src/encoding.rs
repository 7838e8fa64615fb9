//! Bytes of a file and its text: which encoding it is in, and the way back to the very same bytes.
//!
//! A file is text only if encoding its text again gives every byte back. The mark that tells a
//! Unicode encoding at the start of a file belongs to the file, not to its text. It knows no
//! disk, and nothing of why a text is wanted.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Decoder, Encoding, UTF_8, UTF_16BE, UTF_16LE};

/// How many bytes are looked at for a NUL, which no text has; as git does it.
const NUL_WITHIN: usize = 8000;

/// How much of a file that is read in part is looked at to tell its encoding.
pub(crate) const SAMPLE: usize = 64 * 1024;

/// How a text is written down in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Form {
    encoding: &'static Encoding,
    mark: bool,
}

impl Form {
    /// What new files are in.
    pub(crate) const NEW: Self = Self { encoding: UTF_8, mark: false };

    /// The name of the encoding: `UTF-8`, `UTF-16LE`, `windows-1252`.
    pub(crate) fn name(self) -> &'static str {
        self.encoding.name()
    }

    /// Whether it can hold every text.
    pub(crate) fn is_unicode(self) -> bool {
        [UTF_8, UTF_16LE, UTF_16BE].contains(&self.encoding)
    }

    /// The form that `bytes` begin to tell by a mark.
    fn of_mark(bytes: &[u8]) -> Option<Self> {
        let (encoding, _) = Encoding::for_bom(bytes)?;
        Some(Self { encoding, mark: true })
    }

    fn mark(self) -> &'static [u8] {
        match self.mark {
            false => b"",
            true if self.encoding == UTF_16LE => b"\xff\xfe",
            true if self.encoding == UTF_16BE => b"\xfe\xff",
            true => b"\xef\xbb\xbf",
        }
    }

    /// A text that begins with a mark without it, in the form that then has it: a mark is never
    /// a letter of the text.
    pub(crate) fn take_mark(self, text: &str) -> (Self, &str) {
        match text.strip_prefix('\u{feff}') {
            Some(text) if self.is_unicode() => (Self { mark: true, ..self }, text),
            _ => (self, text),
        }
    }

    /// The bytes of a text; the first character that the encoding does not have, if there is one.
    pub(crate) fn encode(self, text: &str) -> Result<Cow<'_, [u8]>, char> {
        if self == Self::NEW {
            return Ok(Cow::Borrowed(text.as_bytes()));
        }
        let mut bytes = self.mark().to_vec();
        if self.encoding == UTF_16LE {
            bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
        } else if self.encoding == UTF_16BE {
            bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
        } else {
            let (encoded, _, lossy) = self.encoding.encode(text);
            if lossy {
                return Err(self.first_foreign(text));
            }
            bytes.extend_from_slice(&encoded);
        }
        Ok(Cow::Owned(bytes))
    }

    fn first_foreign(self, text: &str) -> char {
        let foreign = |char: &char| self.encoding.encode(char.encode_utf8(&mut [0; 4])).2;
        text.chars().find(foreign).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    /// The text of bytes in this form, if encoding it gives them back.
    fn decode(self, bytes: &[u8]) -> Option<String> {
        let body = bytes.strip_prefix(self.mark())?;
        let units = |of: fn([u8; 2]) -> u16| {
            let (pairs, []) = body.as_chunks::<2>() else { return None };
            char::decode_utf16(pairs.iter().map(|&pair| of(pair)))
                .collect::<Result<String, _>>()
                .ok()
        };
        if self.encoding == UTF_16LE {
            return units(u16::from_le_bytes);
        }
        if self.encoding == UTF_16BE {
            return units(u16::from_be_bytes);
        }
        let text = self.encoding.decode_without_bom_handling_and_without_replacement(body)?;
        let (again, _, lossy) = self.encoding.encode(&text);
        (!lossy && *again == *body).then(|| text.into_owned())
    }

    /// Reads bytes in this form piece by piece, with U+FFFD for what is not in it.
    pub(crate) fn decoder(self) -> Decoder {
        self.encoding.new_decoder_with_bom_removal()
    }
}

/// The text of a file and its form; none if it is not text. `known` is the form that the file was
/// found in before: to bytes that could be in several, it goes before a guess.
pub(crate) fn decode(bytes: Vec<u8>, known: Option<Form>) -> Option<(String, Form)> {
    if let Some(form) = Form::of_mark(&bytes) {
        let text = form.decode(&bytes)?;
        let in_bytes = if form.encoding == UTF_8 { NUL_WITHIN } else { NUL_WITHIN / 2 };
        return (!text.chars().take(in_bytes).any(|char| char == '\0')).then_some((text, form));
    }
    if has_nul(&bytes) {
        return None;
    }
    let bytes = match String::from_utf8(bytes) {
        Ok(text) => return Some((text, Form::NEW)),
        Err(error) => error.into_bytes(),
    };
    let legacy = |form: Form| Some((form.decode(&bytes).filter(|text| is_readable(text))?, form));
    known.filter(|form| !form.is_unicode()).and_then(legacy).or_else(|| legacy(guess(&bytes)))
}

/// Whether a file that begins so is UTF-8 without a mark, if it is UTF-8 at all.
pub(crate) fn begins_plainly(bytes: &[u8]) -> bool {
    Form::of_mark(bytes).is_none() && !has_nul(bytes)
}

/// What editors may make of a file that is in no Unicode encoding: those that take it for UTF-8,
/// and those that take every such file for the one encoding of the West.
pub(crate) fn other_readings(bytes: &[u8]) -> [Cow<'_, str>; 2] {
    let western = encoding_rs::WINDOWS_1252.decode_without_bom_handling(bytes).0;
    [String::from_utf8_lossy(bytes), western]
}

/// The form of a file that is too big to be read whole, by its start; none if it is not text.
/// Whether the rest is as it promises remains open.
pub(crate) fn of_sample(sample: &[u8]) -> Option<Form> {
    if let Some(form) = Form::of_mark(sample) {
        return Some(form);
    }
    if has_nul(sample) {
        return None;
    }
    match std::str::from_utf8(sample) {
        Ok(_) => Some(Form::NEW),
        // The sample may end within a character.
        Err(error) if error.error_len().is_none() => Some(Form::NEW),
        Err(_) => {
            let form = guess(sample);
            let (text, _) = form.encoding.decode_without_bom_handling(sample);
            is_readable(&text).then_some(form)
        }
    }
}

fn has_nul(bytes: &[u8]) -> bool {
    memchr::memchr(0, &bytes[..bytes.len().min(NUL_WITHIN)]).is_some()
}

fn guess(bytes: &[u8]) -> Form {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    Form { encoding: detector.guess(None, Utf8Detection::Deny), mark: false }
}

/// Whether it has none of the control characters that give away what is no text: almost every
/// sequence of bytes is a text in some encoding of one byte a character.
fn is_readable(text: &str) -> bool {
    let usual = ['\t', '\n', '\r', '\x08', '\x0b', '\x0c', '\x1a', '\x1b', '\x7f'];
    !text.chars().any(|char| char.is_control() && !usual.contains(&char))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn utf16(text: &str, bytes: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(bytes).collect()
    }

    fn named(bytes: &[u8]) -> Option<(String, &'static str)> {
        decode(bytes.to_vec(), None).map(|(text, form)| (text, form.name()))
    }

    fn some(text: &str, name: &'static str) -> Option<(String, &'static str)> {
        Some((text.to_owned(), name))
    }

    #[test]
    fn a_mark_tells_the_encoding_and_is_no_text() {
        assert_eq!(named("größe".as_bytes()), some("größe", "UTF-8"));
        assert_eq!(named("\u{feff}größe".as_bytes()), some("größe", "UTF-8"));
        let text = "größe 😀\r\n";
        let marked = format!("\u{feff}{text}");
        assert_eq!(named(&utf16(&marked, u16::to_le_bytes)), some(text, "UTF-16LE"));
        assert_eq!(named(&utf16(&marked, u16::to_be_bytes)), some(text, "UTF-16BE"));
        assert_eq!(named(b""), some("", "UTF-8"));
    }

    #[test]
    fn legacy_encodings_are_found_by_what_they_say() {
        let german = "Die Größe der Übung hängt davon ab, wie müde wir sind.\r\n";
        let bytes: Vec<u8> = german.chars().map(|char| char as u8).collect();
        assert_eq!(named(&bytes), some(german, "windows-1252"));
        let japanese = "日本語のテキストはここにあります。\n";
        let (bytes, ..) = encoding_rs::SHIFT_JIS.encode(japanese);
        assert_eq!(named(&bytes), some(japanese, "Shift_JIS"));
        let russian = "Привет, это обычный русский текст в старой кодировке.\n";
        let (bytes, ..) = encoding_rs::WINDOWS_1251.encode(russian);
        assert_eq!(named(&bytes), some(russian, "windows-1251"));
    }

    #[test]
    fn what_is_no_text_is_none() {
        assert_eq!(named(b"\x7fELF\x02\x01\x01\0\0"), None);
        assert_eq!(named(b"text and \0 a zero"), None);
        assert_eq!(named(b"\x89PNG\r\n\x1a\n\x05\x06\xff"), None);
        // An odd byte, half of a pair, a zero.
        assert_eq!(named(b"\xff\xfea\0b"), None);
        assert_eq!(named(b"\xff\xfe\x00\xd8"), None);
        assert_eq!(named(b"\xff\xfe\0\0a\0\0\0"), None);
        assert_eq!(named(b"\xef\xbb\xbf\xff"), None);
        assert_eq!(of_sample(b"\x7fELF\0"), None);
        assert_eq!(of_sample("größe".as_bytes().split_at(3).0), Some(Form::NEW));
    }

    #[test]
    fn what_a_file_was_in_goes_before_a_guess() {
        let (bytes, ..) = encoding_rs::WINDOWS_1250.encode("ľ");
        let known = Form { encoding: encoding_rs::WINDOWS_1250, mark: false };
        let read = |known| decode(bytes.to_vec(), known).map(|(text, _)| text);
        assert_eq!(read(Some(known)).as_deref(), Some("ľ"));
        assert_ne!(read(None).as_deref(), Some("ľ"));
        assert_eq!(decode("ľ".into(), Some(known)), Some(("ľ".into(), Form::NEW)));
    }

    #[test]
    fn a_character_that_an_encoding_lacks_is_named() {
        let form = Form { encoding: encoding_rs::WINDOWS_1252, mark: false };
        assert_eq!(form.encode("größe").as_deref(), Ok(b"gr\xf6\xdfe".as_slice()));
        assert_eq!(form.encode("größe → länge"), Err('→'));
    }

    proptest! {
        #[test]
        fn what_is_read_as_text_has_the_same_bytes_again(
            bytes in prop_oneof![
                prop::collection::vec(any::<u8>(), 0..40),
                prop::collection::vec(prop::sample::select(b"\xef\xbb\xbf\xff\xfe\0\xd8ae\xf6\n\r".to_vec()), 0..12),
            ],
        ) {
            if let Some((text, form)) = decode(bytes.clone(), None) {
                let again = form.encode(&text).map(Cow::into_owned);
                prop_assert_eq!(again.as_ref(), Ok(&bytes));
                prop_assert_eq!(decode(bytes, Some(form)), Some((text, form)));
            }
        }

        #[test]
        fn every_text_comes_back_from_a_unicode_form(text in "[a\u{f6}\u{1f600}\r\n\u{feff}]{0,12}") {
            for encoding in [UTF_8, UTF_16LE, UTF_16BE] {
                let (form, text) = Form { encoding, mark: true }.take_mark(&text);
                let bytes = form.encode(text).unwrap().into_owned();
                prop_assert_eq!(decode(bytes, None), Some((text.to_owned(), form)));
            }
        }
    }
}
