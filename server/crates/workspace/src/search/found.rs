//! What a search has found up to now, in an order that does not depend on who found it first.

use std::collections::BTreeMap;

use protocol::AbsPath;

use super::{
    GrepFile, GrepLine, GrepQuery, GrepResult, GrepShow, LeftOut,
    lines::{Line, Lines, Wanted},
};

/// The matches up to now. Never many more than are wanted: what can no longer be among the first
/// is only counted.
pub(super) struct Found {
    show: GrepShow,
    most: usize,
    most_per_file: usize,
    /// How much of `most` the files of `by_path` take.
    taken: usize,
    by_path: BTreeMap<AbsPath, OneFile>,
    files_searched: usize,
    pub(super) left_out: LeftOut,
}

struct OneFile {
    lines: Vec<Line>,
    /// Matching lines in `lines`.
    kept: u64,
    /// All matching lines.
    total: u64,
}

impl Found {
    pub(super) fn new(query: &GrepQuery) -> Self {
        Self {
            show: query.show,
            most: query.max_matches,
            most_per_file: query.max_per_file.unwrap_or(usize::MAX),
            taken: 0,
            by_path: BTreeMap::new(),
            files_searched: 0,
            left_out: LeftOut::default(),
        }
    }

    /// What is wanted of the next file.
    pub(super) fn wanted(&self) -> Wanted {
        match self.show {
            GrepShow::Lines { after, .. } => {
                Wanted { most: self.most.min(self.most_per_file), after, first_only: false }
            }
            GrepShow::Files => Wanted { most: 0, after: 0, first_only: true },
            GrepShow::Counts => Wanted { most: 0, after: 0, first_only: false },
        }
    }

    pub(super) fn add(&mut self, path: &AbsPath, lines: Lines<'_>) {
        self.files_searched += 1;
        let total = lines.total();
        if total == 0 {
            return;
        }
        if self.lists_lines() {
            self.left_out.matches += lines.more;
            if lines.matches == 0 {
                return;
            }
        }
        let file = OneFile { kept: lines.matches, total, lines: lines.kept };
        self.taken += self.size(&file);
        self.by_path.insert(path.clone(), file);
        while let Some(last) = self.by_path.last_entry()
            && self.taken - size(self.show, last.get()) >= self.most
        {
            let last = last.remove();
            self.taken -= self.size(&last);
            self.leave_out(&last);
        }
    }

    pub(super) fn finish(mut self) -> GrepResult {
        let (mut lines, mut files) = (Vec::new(), Vec::new());
        let mut room = self.most;
        for (path, file) in std::mem::take(&mut self.by_path) {
            if self.lists_lines() {
                self.left_out.matches += file.kept.saturating_sub(room as u64);
                first(file.lines, &mut room, self.show, |line| {
                    let Line { number, text, is_match } = line;
                    lines.push(GrepLine { path: path.clone(), line: number, text, is_match });
                });
            } else {
                files.push(GrepFile { path, matches: file.total });
            }
        }
        let truncated = self.left_out.matches > 0 || self.left_out.files > 0;
        let (files_searched, left_out) = (self.files_searched, self.left_out);
        GrepResult { lines, files, files_searched, truncated, left_out }
    }

    fn lists_lines(&self) -> bool {
        matches!(self.show, GrepShow::Lines { .. })
    }

    fn size(&self, file: &OneFile) -> usize {
        size(self.show, file)
    }

    fn leave_out(&mut self, file: &OneFile) {
        if self.lists_lines() {
            self.left_out.matches += file.kept;
        } else {
            self.left_out.matches += file.total;
            self.left_out.files += 1;
        }
    }
}

fn size(show: GrepShow, file: &OneFile) -> usize {
    match show {
        GrepShow::Lines { .. } => usize::try_from(file.kept).unwrap_or(usize::MAX),
        GrepShow::Files | GrepShow::Counts => 1,
    }
}

/// Gives away lines until the room for matching ones is used up, and then only what stands close
/// behind the last of them.
fn first(lines: Vec<Line>, room: &mut usize, show: GrepShow, mut take: impl FnMut(Line)) {
    let after = match show {
        GrepShow::Lines { after, .. } => after as u64,
        GrepShow::Files | GrepShow::Counts => 0,
    };
    let mut last = None;
    for line in lines {
        if *room > 0 {
            if line.is_match {
                *room -= 1;
                last = Some(line.number);
            }
        } else if line.is_match || last.is_none_or(|last| line.number > last + after) {
            break;
        }
        take(line);
    }
}
