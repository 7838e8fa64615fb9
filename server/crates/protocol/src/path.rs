//! The one kind of path the inside of Coworker knows: absolute, UTF-8, free of `.` and `..`.

use std::fmt;

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An absolute path in UTF-8 without `.` and `..` parts.
///
/// It says nothing about the disk: the file may be missing, or be a link to somewhere else.
/// Resolving links is the job of the room that reads the disk.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, JsonSchema)]
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
        self.0.starts_with(&folder.0)
    }

    /// The path as people write it: relative to `folder` when it lies below, else whole.
    pub fn relative_to(&self, folder: &AbsPath) -> &str {
        match self.0.strip_prefix(&folder.0) {
            Ok(rest) if rest.as_str().is_empty() => ".",
            Ok(rest) => rest.as_str(),
            Err(_) => self.as_str(),
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
}
