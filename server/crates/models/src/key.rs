//! A provider's key: it goes into a request's header and nowhere else.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

/// A secret that lets us use a provider. `Debug` does not show it, and nothing prints it.
#[derive(Clone)]
pub struct Key(Arc<Secret>);

struct Secret {
    text: OnceLock<String>,
    /// Looks for a text that is not known yet; the error is a sentence for the user.
    find: Box<dyn Fn() -> Result<String, String> + Send + Sync>,
}

impl Key {
    /// The key in `text`, without the white space around it; none if nothing is left.
    pub fn new(text: impl AsRef<str>) -> Option<Self> {
        let text = text.as_ref().trim();
        (!text.is_empty()).then(|| {
            let key = Self::found_by(|| Err(String::new()));
            key.0.text.get_or_init(|| text.to_owned());
            key
        })
    }

    /// A key that is looked for when it is needed first, and again if it was not found then. The
    /// search may block; its error is a sentence for the user.
    pub fn found_by(find: impl Fn() -> Result<String, String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(Secret { text: OnceLock::new(), find: Box::new(find) }))
    }

    /// Looks for the key, if it is not known yet. May block.
    pub(crate) fn find(&self) -> Result<(), String> {
        if self.0.text.get().is_none() {
            let text = (self.0.find)()?;
            self.0.text.get_or_init(|| text.trim().to_owned());
        }
        Ok(())
    }

    /// Its text; empty as long as it is not known.
    fn text(&self) -> &str {
        self.0.text.get().map_or("", String::as_str)
    }

    /// Whether it can stand in a header at all.
    #[must_use]
    pub fn is_sendable(&self) -> bool {
        self.header().is_some()
    }

    /// The text of the key, if it can stand in a header at all.
    pub(crate) fn header(&self) -> Option<&str> {
        let text = self.text();
        let is_sendable = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic());
        is_sendable.then_some(text)
    }

    /// The value of a header other than the usual ones, which may have blanks.
    pub(crate) fn value(&self) -> &str {
        self.text()
    }

    /// `text` without this key, should someone have echoed it.
    pub(crate) fn redact(&self, text: &str) -> String {
        match self.text() {
            "" => text.to_owned(),
            key => text.replace(key, "[key]"),
        }
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
    fn a_key_that_lies_elsewhere_is_looked_for_when_it_is_needed_and_once() {
        let asked = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let key = Key::found_by({
            let asked = asked.clone();
            move || match asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
                0 => Err("It is locked.".to_owned()),
                _ => Ok("sk-1\n".to_owned()),
            }
        });
        let copy = key.clone();
        assert_eq!((key.header(), key.redact("sk-1")), (None, "sk-1".to_owned()));
        assert_eq!(key.find(), Err("It is locked.".to_owned()));
        assert_eq!((key.find(), key.find()), (Ok(()), Ok(())));
        assert_eq!((key.header(), copy.redact("sk-1")), (Some("sk-1"), "[key]".to_owned()));
        assert_eq!(asked.load(std::sync::atomic::Ordering::Relaxed), 2);
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
