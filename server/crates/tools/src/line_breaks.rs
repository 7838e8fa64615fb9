//! The line breaks of a new file. Those of a file that is there are kept: [`changes::Normal`].

use std::borrow::Cow;

use changes::with_lf;

/// The text of a new file: with CRLF where it has one, else with LF, and no lone CR, because
/// editors make a line break of it, and then their text would not be the one that was approved.
pub(crate) fn of_one_kind(text: &str) -> Cow<'_, str> {
    if !text.contains('\r') {
        return text.into();
    }
    let crlf = text.contains("\r\n");
    let text = with_lf(text);
    if crlf { text.replace('\n', "\r\n").into() } else { text.into_owned().into() }
}

#[cfg(test)]
mod tests {
    use super::of_one_kind;

    #[test]
    fn a_new_file_has_line_breaks_of_one_kind() {
        assert_eq!(of_one_kind("a\rb\n"), "a\nb\n");
        assert_eq!(of_one_kind("a\rb\r\nc\n"), "a\r\nb\r\nc\r\n");
    }
}
