//! A provider's key: it goes into a request's header and nowhere else.

use std::fmt;

/// A secret that lets us use a provider. `Debug` does not show it, and nothing prints it.
#[derive(Clone)]
pub struct Key(String);

impl Key {
    /// The key in `text`, without the white space around it; none if nothing is left.
    pub fn new(text: impl AsRef<str>) -> Option<Self> {
        let text = text.as_ref().trim();
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }

    /// Whether it can stand in a header at all.
    #[must_use]
    pub fn is_sendable(&self) -> bool {
        self.header().is_some()
    }

    /// The text of the key, if it can stand in a header at all.
    pub(crate) fn header(&self) -> Option<&str> {
        self.0.bytes().all(|byte| byte.is_ascii_graphic()).then_some(self.0.as_str())
    }

    /// The value of a header other than the usual ones, which may have blanks.
    pub(crate) fn value(&self) -> &str {
        &self.0
    }

    /// `text` without this key, should someone have echoed it.
    pub(crate) fn redact(&self, text: &str) -> String {
        text.replace(&self.0, "[key]")
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_trimmed_and_never_empty() {
        assert_eq!(Key::new(" sk-1\n").unwrap().header(), Some("sk-1"));
        assert!(Key::new(" \n").is_none());
    }

    #[test]
    fn a_key_is_not_shown() {
        let key = Key::new("sk-secret").unwrap();
        assert_eq!(format!("{key:?}"), "Key(…)");
        assert_eq!(key.redact("bad key sk-secret!"), "bad key [key]!");
    }

    #[test]
    fn a_key_that_would_break_the_header_is_not_sent() {
        assert_eq!(Key::new("sk\n-1").unwrap().header(), None);
        assert_eq!(Key::new("schlüssel").unwrap().header(), None);
    }
}
