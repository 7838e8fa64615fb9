//! Which files a search is for.
//!
//! Unlike ripgrep's `-g`, a glob here never brings back what ignore files leave out.

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};

/// Globs to match paths below the root of a search with.
pub(crate) struct Globs {
    /// None if every file is wanted.
    wanted: Option<GlobSet>,
    unwanted: GlobSet,
}

impl Globs {
    /// Globs; those with `!` before them leave files out.
    pub(crate) fn new<'g>(
        globs: impl IntoIterator<Item = &'g str>,
    ) -> Result<Self, globset::Error> {
        let mut wanted = GlobSetBuilder::new();
        let mut unwanted = GlobSetBuilder::new();
        let mut any_wanted = false;
        for glob in globs {
            let (set, glob) = match glob.strip_prefix('!') {
                Some(glob) => (&mut unwanted, glob),
                None => {
                    any_wanted = true;
                    (&mut wanted, glob)
                }
            };
            // Without a slash it is about names, wherever they are.
            let glob = match glob.strip_prefix("./").or_else(|| glob.strip_prefix('/')) {
                Some(rooted) => rooted.to_owned(),
                None if glob.contains('/') => glob.to_owned(),
                None => format!("**/{glob}"),
            };
            // `src/` is about everything in that folder.
            let glob = if glob.ends_with('/') { format!("{glob}**") } else { glob };
            set.add(GlobBuilder::new(&glob).literal_separator(true).build()?);
        }
        let wanted = if any_wanted { Some(wanted.build()?) } else { None };
        Ok(Self { wanted, unwanted: unwanted.build()? })
    }

    /// Whether the file at this path below the root is to be searched.
    pub(crate) fn allow(&self, path: &str) -> bool {
        self.wanted.as_ref().is_none_or(|globs| globs.is_match(path))
            && !self.unwanted.is_match(path)
    }
}

#[cfg(test)]
mod tests {
    use super::Globs;

    fn allows(globs: &str, path: &str) -> bool {
        Globs::new(globs.split_whitespace()).unwrap().allow(path)
    }

    #[test]
    fn a_glob_without_a_slash_is_about_names() {
        assert!(allows("*.rs", "a/b/c.rs"));
        assert!(!allows("*.rs", "a/b.rs/c.py"));
        assert!(allows("*.{ts,tsx}", "a.tsx"));
        assert!(allows("", "anything"));
    }

    #[test]
    fn a_glob_with_a_slash_is_about_paths_below_the_root() {
        assert!(allows("src/*.rs", "src/a.rs"));
        assert!(!allows("src/*.rs", "src/a/b.rs"));
        assert!(allows("src/**/*.rs", "src/a/b.rs"));
        assert!(!allows("src/*.rs", "other/src/a.rs"));
        assert!(allows("/a.rs", "a.rs"));
        assert!(!allows("/a.rs", "b/a.rs"));
        assert!(allows("src/", "src/a/b.rs"));
    }

    #[test]
    fn an_exclamation_mark_leaves_files_out() {
        assert!(!allows("!*.md", "README.md"));
        assert!(allows("!*.md", "a.rs"));
        assert!(!allows("*.rs !tests/**", "tests/a.rs"));
        assert!(allows("*.rs *.py !tests/**", "src/a.py"));
    }

    #[test]
    fn a_broken_glob_is_an_error() {
        assert!(Globs::new(["a/{b"]).is_err());
    }
}
