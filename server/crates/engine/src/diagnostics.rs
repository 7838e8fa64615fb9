//! What the editor's language servers say: now, and as the difference that an edit made.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use futures::future::join_all;
use protocol::{AbsPath, Diagnostic};

use crate::{
    ConnectionId, Diagnostics, DiagnosticsQuery, Origin, prompts,
    session::{Command, Session},
    sessions::Shared,
    turn::Turn,
};

/// The most problems of one file that a model is told of after an edit.
const MOST: usize = 20;

/// What is said about a document as it is now, or about every document.
pub(crate) async fn now(
    shared: &Shared,
    session: &Session,
    path: Option<&AbsPath>,
) -> Option<Diagnostics> {
    let Some(path) = path else {
        let attached = session.request(|reply| Command::Attached { reply }).await.ok()?;
        let query = query(shared, None, None);
        let asked = attached.into_iter().filter_map(|connection| shared.editor(connection));
        let asked = asked.map(|editor| {
            let query = query.clone();
            async move { editor.diagnostics(query).await }
        });
        let answers = join_all(asked).await.into_iter().flatten();
        return answers.reduce(|mut all, more| {
            for item in more.items {
                if !all.items.contains(&item) {
                    all.items.push(item);
                }
            }
            all.servers.extend(more.servers);
            all
        });
    };
    let (connection, version) = open_in(shared, path).await?;
    let editor = shared.editor(connection)?;
    editor.diagnostics(query(shared, Some(path), Some(version))).await
}

/// Where a document is open, and its version there.
async fn open_in(shared: &Shared, path: &AbsPath) -> Option<(ConnectionId, i32)> {
    match shared.parts.documents.snapshot(path).await.ok()?.origin {
        Origin::Buffer { connection, version } => Some((connection, version)),
        Origin::Disk => None,
    }
}

fn query(shared: &Shared, path: Option<&AbsPath>, version: Option<i32>) -> DiagnosticsQuery {
    let settings = &shared.parts.settings;
    DiagnosticsQuery {
        path: path.cloned(),
        version,
        settle: settings.diagnostics_settle,
        timeout: settings.diagnostics_timeout,
    }
}

/// What was said about documents before they were edited.
#[derive(Default)]
pub(crate) struct Baseline {
    before: HashMap<AbsPath, Vec<Diagnostic>>,
}

impl Baseline {
    /// Asks about the documents that are open in an editor which can tell.
    pub(crate) async fn of(turn: &Turn, paths: &[AbsPath]) -> Self {
        let shared = &turn.shared;
        let asked = paths.iter().map(|path| async move {
            let (connection, _) = open_in(shared, path).await?;
            // What is known is enough: nobody waits here for a server to make up its mind.
            let known = DiagnosticsQuery {
                settle: Duration::ZERO,
                timeout: Duration::from_secs(1),
                ..query(shared, Some(path), None)
            };
            let said = shared.editor(connection)?.diagnostics(known).await?;
            Some((path.clone(), said.items))
        });
        Self { before: join_all(asked).await.into_iter().flatten().collect() }
    }

    /// What the edits of these documents changed, in words for the model: by file.
    pub(crate) async fn difference(
        mut self,
        turn: &Turn,
        edited: &HashSet<AbsPath>,
    ) -> HashMap<AbsPath, String> {
        self.before.retain(|path, _| edited.contains(path));
        let root = turn.session.info().root;
        let root = &root;
        let asked = self.before.into_iter().map(|(path, before)| async move {
            let after = now(&turn.shared, &turn.session, Some(&path)).await?;
            let (new, gone) = compare(before, after.items);
            let lines: Vec<String> = new.iter().take(MOST).map(line).collect();
            let more = new.len() - lines.len();
            let shown = path.relative_to(root).to_owned();
            let words = prompts::diagnostics(&shown, &lines, more, gone, after.fresh);
            Some((path, words))
        });
        join_all(asked).await.into_iter().flatten().collect()
    }
}

/// What is new, and how many are gone. Where a problem stands does not count: lines above it may
/// have come or gone.
fn compare(before: Vec<Diagnostic>, after: Vec<Diagnostic>) -> (Vec<Diagnostic>, usize) {
    let mut known: HashMap<_, usize> = HashMap::new();
    let what =
        |it: &Diagnostic| (it.severity, it.message.clone(), it.source.clone(), it.code.clone());
    for diagnostic in &before {
        *known.entry(what(diagnostic)).or_default() += 1;
    }
    let new = after.into_iter().filter(|diagnostic| match known.get_mut(&what(diagnostic)) {
        Some(count) if *count > 0 => {
            *count -= 1;
            false
        }
        _ => true,
    });
    let mut new: Vec<Diagnostic> = new.collect();
    new.sort_by_key(|it| (it.severity, it.line, it.column));
    (new, known.into_values().sum())
}

/// One problem in one line: `12:5 error: message (typescript 2322)`.
pub fn line(diagnostic: &Diagnostic) -> String {
    let Diagnostic { line, column, severity, message, source, code, .. } = diagnostic;
    let message = message.split_whitespace().collect::<Vec<_>>().join(" ");
    let from = format!("{source} {code}");
    let from = match from.trim() {
        "" => String::new(),
        from => format!(" ({from})"),
    };
    format!("{line}:{column} {}: {message}{from}", severity.as_str())
}

#[cfg(test)]
mod tests {
    use protocol::Severity;

    use super::*;

    fn problem(line: u32, message: &str) -> Diagnostic {
        Diagnostic {
            path: AbsPath::new("/p/a.ts").unwrap(),
            line,
            column: 5,
            severity: Severity::Error,
            message: message.into(),
            source: "ts".into(),
            code: "2322".into(),
        }
    }

    #[test]
    fn a_problem_that_only_moved_is_not_new() {
        let before = vec![problem(3, "old"), problem(9, "mended")];
        let after = vec![problem(20, "old"), problem(21, "old"), problem(4, "new")];
        let (new, gone) = compare(before, after);
        assert_eq!(new, [problem(4, "new"), problem(21, "old")]);
        assert_eq!(gone, 1);
    }

    #[test]
    fn a_problem_is_one_line() {
        assert_eq!(line(&problem(1, "not\n  so")), "1:5 error: not so (ts 2322)");
        let bare = Diagnostic { source: String::new(), code: String::new(), ..problem(2, "x") };
        assert_eq!(line(&bare), "2:5 error: x");
    }
}
