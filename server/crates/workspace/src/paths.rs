//! Finding files and folders by a few letters of their path.

use std::cmp::Reverse;

use engine::Entry;
use nucleo_matcher::{
    Config, Matcher, Utf32Str,
    pattern::{AtomKind, CaseMatching, Normalization, Pattern},
};
use protocol::AbsPath;

use crate::disk;

/// Those of the paths below `root` that match what was typed, the likeliest first. Paths of
/// folders end with a slash.
pub(crate) fn find(root: &AbsPath, paths: &[Box<str>], typed: &str, limit: usize) -> Vec<Entry> {
    let typed = typed.strip_prefix("./").unwrap_or(typed).trim();
    let pattern = Pattern::new(typed, CaseMatching::Smart, Normalization::Smart, AtomKind::Fuzzy);
    let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
    let mut letters = Vec::new();
    let mut found: Vec<_> = paths
        .iter()
        .filter_map(|path| {
            let score = pattern.score(Utf32Str::new(path, &mut letters), &mut matcher)?;
            // Of two that match as well, the one that has less else in it.
            let length = if typed.is_empty() { 0 } else { path.len() };
            Some((Reverse(score), depth(path), length, path))
        })
        .collect();
    found.sort_unstable();
    let found = found.into_iter().take(limit);
    found.filter_map(|(.., path)| Some(disk::entry_of(root.join(path).ok()?))).collect()
}

fn depth(path: &str) -> usize {
    path.trim_end_matches('/').matches('/').count()
}

#[cfg(test)]
mod tests {
    use protocol::AbsPath;

    use super::find;

    fn found(typed: &str) -> Vec<String> {
        let root = AbsPath::new("/nowhere").unwrap();
        let paths = [
            "docs/",
            "docs/plan.md",
            "server/",
            "server/src/",
            "server/src/main.rs",
            "server/src/documents.rs",
            "server/src/Größe.rs",
            "main.rs",
            "a longer name.rs",
        ];
        let paths: Vec<Box<str>> = paths.into_iter().map(Into::into).collect();
        let found = find(&root, &paths, typed, 3);
        found.iter().map(|entry| entry.path.relative_to(&root).to_owned()).collect()
    }

    #[test]
    fn the_likeliest_path_comes_first() {
        assert_eq!(found("main"), ["main.rs", "server/src/main.rs"]);
        assert_eq!(found("srv main"), ["server/src/main.rs"]);
        assert_eq!(found("ssdoc"), ["server/src/documents.rs"]);
        assert_eq!(found("docs/")[0], "docs");
        assert_eq!(found("./docs/p"), ["docs/plan.md"]);
        assert_eq!(found("grösse"), Vec::<String>::new());
        assert_eq!(found("größe"), ["server/src/Größe.rs"]);
        assert_eq!(found("gro"), ["server/src/Größe.rs"]);
        assert_eq!(found("MAIN"), Vec::<String>::new());
    }

    #[test]
    fn with_nothing_typed_what_is_nearest_comes_first_by_its_name() {
        assert_eq!(found(""), ["a longer name.rs", "docs", "main.rs"]);
    }
}
