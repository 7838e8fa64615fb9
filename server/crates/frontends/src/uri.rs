//! Between URIs and paths. URIs are compared decoded, because clients encode them as they like.
//!
//! Documents that were never saved have URIs without a file; inside they have paths below a folder
//! that exists on no disk.

use engine::UNTITLED;
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};
use protocol::AbsPath;
use url::Url;

const UNTITLED_SCHEME: &str = "untitled";

/// What cannot stand in a name as it is.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'%').add(b'?').add(b'#');

/// The path that a `file:` or `untitled:` URI names; none for other schemes and for paths that
/// are not UTF-8.
pub fn path(uri: &str) -> Option<AbsPath> {
    let uri = Url::parse(uri).ok()?;
    match uri.scheme() {
        "file" => {
            let path = AbsPath::new(uri.to_file_path().ok()?.to_str()?).ok()?;
            // A file cannot pretend to be a document that was never saved.
            (!is_untitled(&path)).then_some(path)
        }
        UNTITLED_SCHEME => {
            let name = percent_decode_str(uri.path()).decode_utf8().ok()?;
            let path = AbsPath::new(format!("{UNTITLED}/{name}")).ok()?;
            (is_untitled(&path) && path.as_str() != UNTITLED).then_some(path)
        }
        _ => None,
    }
}

/// The URI of a path.
pub fn uri(path: &AbsPath) -> String {
    let untitled = path.as_str().strip_prefix(UNTITLED).and_then(|rest| rest.strip_prefix('/'));
    match untitled {
        Some(name) => format!("{UNTITLED_SCHEME}:{}", utf8_percent_encode(name, ENCODED)),
        // Only relative paths have no URI.
        None => Url::from_file_path(path.as_std_path()).map(String::from).unwrap_or_default(),
    }
}

/// Whether a path is that of a document which was never saved.
pub(crate) fn is_untitled(path: &AbsPath) -> bool {
    path.as_utf8_path().starts_with(UNTITLED)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_read_however_they_are_encoded() {
        let plain = AbsPath::new("/home/ann/a b/ü?#%.rs").unwrap();
        assert_eq!(path(&uri(&plain)), Some(plain.clone()));
        for same in [
            "file:///home/ann/a%20b/%C3%BC%3F%23%25.rs",
            "file://localhost/home/ann/a b/ü%3f%23%25.rs",
            "FILE:///home/%61nn/x/../a%20b/./%c3%bc%3F%23%25.rs",
        ] {
            assert_eq!(path(same).as_ref(), Some(&plain), "{same}");
        }
    }

    #[test]
    fn documents_that_were_never_saved_have_paths_on_no_disk() {
        for name in ["untitled:Untitled-1", "untitled:a%20b%25.rs", "untitled:Untitled-1.ü"] {
            let path = path(name).unwrap();
            assert!(is_untitled(&path), "{path}");
            assert_eq!(self::path(&uri(&path)), Some(path));
        }
        assert_eq!(uri(&path("untitled:Untitled-1").unwrap()), "untitled:Untitled-1");
        // None of them can be taken for a file, nor a file for one of them.
        for name in ["untitled:../../etc/passwd", "untitled:", "untitled:..", "file:///untitled:/x"]
        {
            assert_eq!(path(name), None, "{name}");
        }
    }

    #[test]
    fn what_is_neither_has_no_path() {
        for uri in ["coworker:/chat.md", "file://elsewhere/x", "/plain", "", "file:///%FF"] {
            assert_eq!(path(uri), None, "{uri}");
        }
    }
}
