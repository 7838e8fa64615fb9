//! The sample project: a small shell program in a temporary folder, and the server that is
//! started in it.

use std::{fs, ops::Range};

use anyhow::Context;
use protocol::AbsPath;
use tempfile::TempDir;
use tokio::process::Command;

/// `report.sh` as it is on disk at first.
pub(super) const REPORT: &str = include_str!("workspace/report.sh");
/// What it is in the end: shorter, with what the user typed.
pub(super) const SHORTER: &str = include_str!("shorter.sh");
/// What the user types,
pub(super) const TYPED: &str = "# TODO: leave out robots\n";
/// and the line above which they type it.
pub(super) const TYPED_ABOVE: &str = "# How many different visitors there were: visitors LOG\n";

const SCRIPT: &str = include_str!("script.md");
const OTHERS: [(&str, &str); 3] = [
    ("AGENTS.md", include_str!("workspace/AGENTS.md")),
    ("check.sh", include_str!("workspace/check.sh")),
    ("visits.log", include_str!("workspace/visits.log")),
];

/// The project on disk. It is gone when this is dropped.
pub(super) struct Stage {
    /// Its folder.
    pub(super) root: AbsPath,
    /// `report.sh` in it.
    pub(super) file: AbsPath,
    folder: TempDir,
}

impl Stage {
    /// Makes it. The script takes its time only if somebody watches.
    pub(super) fn new(watched: bool) -> anyhow::Result<Self> {
        let make = || -> anyhow::Result<Self> {
            let folder = tempfile::Builder::new().prefix("coworker-demo-").tempdir()?;
            let root = folder.path().canonicalize()?.join("visits");
            let root = AbsPath::new(root.to_str().context("its path is not UTF-8")?)?;
            fs::create_dir(root.as_std_path())?;
            for (name, text) in OTHERS {
                fs::write(root.join(name)?.as_std_path(), text)?;
            }
            let file = root.join("report.sh")?;
            fs::write(file.as_std_path(), REPORT)?;
            let script = if watched { SCRIPT.to_owned() } else { SCRIPT.replace("pause 30", "") };
            fs::write(folder.path().join("script.md"), script)?;
            Ok(Self { root, file, folder })
        };
        make().context("the sample project cannot be made in the temporary folder")
    }

    /// The command that starts the server: this program, with a home of its own.
    pub(super) fn server(&self) -> anyhow::Result<Command> {
        let program = std::env::current_exe().context("this program cannot be found")?;
        let script = self.folder.path().join("script.md");
        let script = script.to_str().context("the temporary folder's path is not UTF-8")?;
        let mut command = Command::new(program);
        command.args(["lsp", "--mode", "ask", "--model", &format!("script:{script}")]);
        command.env("COWORKER_HOME", self.folder.path().join("home"));
        command.current_dir(self.root.as_std_path());
        Ok(command)
    }

    /// `report.sh` as it is on disk.
    pub(super) fn on_disk(&self) -> anyhow::Result<String> {
        fs::read_to_string(self.file.as_std_path()).context("report.sh cannot be read")
    }

    /// Whether `report.sh` is on disk what it was at first.
    pub(super) fn is_untouched(&self) -> anyhow::Result<bool> {
        Ok(self.on_disk()? == REPORT)
    }
}

/// `report.sh` as the user sees it after typing.
pub(super) fn typed() -> String {
    REPORT.replace(TYPED_ABOVE, &format!("{TYPED}{TYPED_ABOVE}"))
}

/// Where the function `busiest` stands in a text of `report.sh`.
pub(super) fn function(text: &str) -> Option<Range<usize>> {
    let start = text.find("busiest() {")?;
    let end = start + text[start..].find("\n}\n")? + 2;
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_the_beginning_with_two_changes() {
        let (before, after) = (typed(), SHORTER);
        let (old, new) = (function(&before).unwrap(), function(after).unwrap());
        assert_ne!(before[old.clone()], after[new.clone()]);
        assert_eq!(before[..old.start], after[..new.start]);
        assert_eq!(before[old.end..], after[new.end..]);
        assert!(after.contains(TYPED));
    }
}
