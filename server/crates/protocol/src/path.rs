//! The one kind of path the inside of Coworker knows: absolute, UTF-8, free of `.` and `..`.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    path::is_separator,
};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An absolute path in UTF-8 without `.` and `..` parts.
///
/// It says nothing about the disk: the file may be missing, or be a link to somewhere else.
/// Resolving links is the job of the room that reads the disk.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub struct AbsPath(#[schemars(with = "String")] Utf8PathBuf);

/// Why a text is not an [`AbsPath`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The path does not start at the root.
    #[error("the path `{0}` is not absolute")]
    Relative(String),
    /// The path has a NUL byte, which no file system can hold.
    #[error("the path has a NUL byte")]
    Nul,
}

impl AbsPath {
    /// Takes an absolute path and folds its `.` and `..` parts by text alone.
    ///
    /// # Errors
    /// The path is relative or has a NUL byte.
    pub fn new(path: impl AsRef<Utf8Path>) -> Result<Self, PathError> {
        let path = path.as_ref();
        if path.as_str().contains('\0') {
            return Err(PathError::Nul);
        }
        if !path.is_absolute() {
            return Err(PathError::Relative(path.to_string()));
        }
        let mut folded = Utf8PathBuf::new();
        for part in path.components() {
            match part {
                Utf8Component::CurDir => {}
                Utf8Component::ParentDir => {
                    folded.pop();
                }
                part => folded.push(part.as_str()),
            }
        }
        Ok(Self(folded))
    }

    /// The path below this one that `path` names; an absolute `path` stands for itself.
    ///
    /// # Errors
    /// `path` has a NUL byte.
    pub fn join(&self, path: &str) -> Result<Self, PathError> {
        Self::new(self.0.join(path))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The path as `camino` has it.
    pub fn as_utf8_path(&self) -> &Utf8Path {
        &self.0
    }

    /// The path as the standard library has it.
    pub fn as_std_path(&self) -> &std::path::Path {
        self.0.as_std_path()
    }

    /// The folder that holds this path; none for the root.
    pub fn parent(&self) -> Option<Self> {
        self.0.parent().map(|path| Self(path.to_owned()))
    }

    /// The last part of the path; none for the root.
    pub fn file_name(&self) -> Option<&str> {
        self.0.file_name()
    }

    /// Whether this path is `folder` or lies below it, part by part.
    pub fn starts_with(&self, folder: &AbsPath) -> bool {
        self.below(folder).is_some()
    }

    fn below(&self, folder: &AbsPath) -> Option<&str> {
        let rest = self.as_str().strip_prefix(folder.as_str())?;
        // Only the root ends with a separator itself.
        match rest.strip_prefix(is_separator) {
            Some(below) => Some(below),
            None if rest.is_empty() || folder.as_str().ends_with(is_separator) => Some(rest),
            None => None,
        }
    }

    /// The path as people write it: relative to `folder` when it lies below, else whole.
    pub fn relative_to(&self, folder: &AbsPath) -> &str {
        match self.below(folder) {
            Some("") => ".",
            Some(rest) => rest,
            None => self.as_str(),
        }
    }
}

// Paths are compared all the time, so that is done by their text: each has one spelling only. In
// their order, which is that of their parts, what is below a folder comes right behind it.
impl PartialEq for AbsPath {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for AbsPath {}

impl Hash for AbsPath {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl PartialOrd for AbsPath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// How many bytes of two paths are compared at once.
const CHUNK: usize = 16;

impl Ord for AbsPath {
    fn cmp(&self, other: &Self) -> Ordering {
        let (one, two) = (self.as_str().as_bytes(), other.as_str().as_bytes());
        // Paths of one project begin with the same words, and many are compared.
        let chunks = one.chunks_exact(CHUNK).zip(two.chunks_exact(CHUNK));
        let same = chunks.take_while(|(one, two)| one == two).count() * CHUNK;
        // No path has a NUL, so that is what comes before all else.
        let rank = |byte: u8| if is_separator(char::from(byte)) { 0 } else { byte };
        match one[same..].iter().zip(&two[same..]).find(|(one, two)| one != two) {
            Some((one, two)) => rank(*one).cmp(&rank(*two)),
            None => one.len().cmp(&two.len()),
        }
    }
}

impl fmt::Display for AbsPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for AbsPath {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::new(text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::AbsPath;

    #[test]
    fn folds_dots_and_refuses_relative_paths() {
        assert_eq!(AbsPath::new("/a/./b/../c").unwrap().as_str(), "/a/c");
        assert_eq!(AbsPath::new("/../..").unwrap().as_str(), "/");
        assert!(AbsPath::new("a/b").is_err());
        assert!(AbsPath::new("/a\0b").is_err());
    }

    #[test]
    fn below_a_folder_goes_by_parts_not_by_letters() {
        let folder = AbsPath::new("/home/ann").unwrap();
        assert!(AbsPath::new("/home/ann/x").unwrap().starts_with(&folder));
        assert!(!AbsPath::new("/home/anna/x").unwrap().starts_with(&folder));
        assert_eq!(folder.join("src/x.rs").unwrap().relative_to(&folder), "src/x.rs");
    }

    #[test]
    fn what_is_below_a_folder_comes_right_behind_it() {
        let mut paths = ["/a-b", "/a/b", "/", "/a!", "/b", "/a", "/a/b/c", "/a/b-c", "/ä"]
            .map(|path| AbsPath::new(path).unwrap());
        paths.sort();
        let sorted: Vec<&str> = paths.iter().map(AbsPath::as_str).collect();
        let wanted = ["/", "/a", "/a/b", "/a/b/c", "/a/b-c", "/a!", "/a-b", "/b", "/ä"];
        assert_eq!(sorted, wanted);
        // So it is below a long name, which is compared in parts.
        for length in 14..=34 {
            let long = AbsPath::new(format!("/{}", "l".repeat(length))).unwrap();
            let mut below = paths.clone().map(|path| long.join(&path.as_str()[1..]).unwrap());
            below.reverse();
            below.sort();
            let sorted = below.iter().map(|path| path.relative_to(&long));
            assert!(sorted.skip(1).eq(wanted.iter().skip(1).map(|path| &path[1..])));
        }
        let is_std_order = |pair: &[AbsPath]| pair[0].as_std_path() < pair[1].as_std_path();
        assert!(paths.windows(2).all(is_std_order));
        let root = &paths[0];
        assert!(paths.iter().all(|path| path.starts_with(root)));
        assert_eq!((root.relative_to(root), paths[2].relative_to(root)), (".", "a/b"));
    }
}
