//! The place a test plays in: a project folder, a home of its own for Coworker, and the real
//! binary started in them. Nothing of the machine's own configuration gets in.

use std::{fs, path::Path, process::Stdio};

use crate::environment;
use anyhow::{Context, Result};
use protocol::AbsPath;
use tempfile::TempDir;
use tokio::process::Command;

/// Folders that are gone when the test is over.
pub struct Stage {
    /// The project.
    pub root: AbsPath,
    /// Configuration, sessions and log.
    pub home: AbsPath,
    _folder: TempDir,
}

impl Stage {
    /// An empty project and an empty home.
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let below = |name: &str| -> Result<AbsPath> {
            let path = folder.path().canonicalize()?.join(name);
            fs::create_dir(&path)?;
            Ok(AbsPath::new(path.to_str().context("the temporary folder is not UTF-8")?)?)
        };
        Ok(Self { root: below("project")?, home: below("home")?, _folder: folder })
    }

    /// The binary with `script` as its model, to be started in the project.
    pub fn coworker(&self, script: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coworker"));
        command.arg("--model").arg(format!("script:{}", script.display()));
        command.current_dir(self.root.as_std_path());
        environment::clear(command.as_std_mut());
        command.env("COWORKER_HOME", self.home.as_str());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
        command.kill_on_drop(true);
        command
    }

    /// Writes a file of the project, with the folders above it.
    pub fn write(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let path = self.root.join(path)?;
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder.as_std_path())?;
        }
        fs::write(path.as_std_path(), bytes).with_context(|| format!("cannot write {path}"))
    }
}
