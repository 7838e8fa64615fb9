//! Where a measurement takes place: a project, homes for Coworker, scripts for its model, and the
//! commands that start what is measured. Nothing of the machine's own configuration gets in.

use std::{
    cell::Cell,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// How many files the project has.
const FILES: usize = 20;

/// Folders that are gone when the measurement is over.
pub struct Stage {
    folder: TempDir,
    /// The project.
    pub root: PathBuf,
    homes: Cell<usize>,
}

impl Stage {
    pub fn new() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let root = folder.path().canonicalize()?.join("project");
        fs::create_dir(&root)?;
        for number in 0..FILES {
            let line = "pub fn answer() -> u32 { 42 } // one of many lines\n";
            fs::write(root.join(format!("file{number:02}.rs")), line.repeat(200))?;
        }
        Ok(Self { folder, root, homes: Cell::new(0) })
    }

    /// A home that nobody has used.
    pub fn home(&self) -> Result<PathBuf> {
        self.homes.set(self.homes.get() + 1);
        let home = self.folder.path().join(format!("home{}", self.homes.get()));
        fs::create_dir(&home)?;
        Ok(home)
    }

    /// `coworker lsp` with a model that plays these statements.
    pub fn scripted(&self, home: &Path, script: &str) -> Result<Command> {
        let file = home.join("script.md");
        fs::write(&file, format!("```script\n{script}\n```\n"))?;
        let file = file.to_str().context("the temporary folder is not UTF-8")?;
        let mut command = self.coworker(home);
        command.args(["--model", &format!("script:{file}")]);
        Ok(command)
    }

    /// `coworker lsp` with a provider at this address.
    pub fn provided(&self, home: &Path, address: &str) -> Command {
        let mut command = self.coworker(home);
        command.args(["--model", "anthropic/claude-sonnet-5"]);
        command.env("ANTHROPIC_API_KEY", "mock").env("ANTHROPIC_BASE_URL", address);
        // Its request would stand beside those that are measured.
        command.env("COWORKER_TITLES", "first-line");
        command
    }

    fn coworker(&self, home: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_coworker"));
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("COWORKER_") || text.starts_with("ANTHROPIC_") {
                command.env_remove(&name);
            }
        }
        command.arg("lsp").current_dir(&self.root).env("COWORKER_HOME", home);
        command
    }
}

/// A language server of others.
pub struct Peer {
    words: Vec<String>,
}

impl Peer {
    /// The one that `COWORKER_BENCH_PEER` names, else `ruff server`; none if it is not installed.
    pub fn find() -> Option<Self> {
        let named = std::env::var("COWORKER_BENCH_PEER");
        let line = named.unwrap_or_else(|_| "ruff server".to_owned());
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        installed(words.first()?).then_some(Self { words })
    }

    pub fn name(&self) -> String {
        self.words.join(" ")
    }

    pub fn command(&self, stage: &Stage) -> Command {
        let mut command = Command::new(&self.words[0]);
        command.args(&self.words[1..]).current_dir(&stage.root);
        command
    }
}

/// Whether a program can be started by this name.
pub fn installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    program.contains('/') && Path::new(program).is_file()
        || std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}
