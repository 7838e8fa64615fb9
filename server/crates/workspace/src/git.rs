//! What changed since the last commit, with unsaved text in place of what is on disk.
//!
//! `committed` has a file as it is in the last commit; `folders` keeps folders as they are,
//! in repositories of our own; `running` is one run of git.
//!
//! Git is run, not rebuilt; but what a repository says is not to be believed: its configuration
//! names programs that git runs by itself (monitors, filters, drivers, hooks), and may point to a
//! folder somewhere else. All of that is switched off or refused, the environment is clean, no
//! lock is taken, nothing is fetched, and a limit in time and size ends what does not end.

use std::{io, time::Duration};

use protocol::AbsPath;
use ropey::Rope;
use tokio::process::Command;

use self::running::{Limits, Output};
use crate::encoding;

mod committed;
mod folders;
mod running;

pub(crate) use committed::Committed;
pub(crate) use folders::{Change, Folders, Mode, Was};

/// How long one run of git may take.
const MAX_TIME: Duration = Duration::from_secs(10);

/// The most bytes that are taken from one run.
const MAX_BYTES: u64 = 1024 * 1024;

/// The differences below the resolved folder `root` as a unified diff, and after them a line
/// `?? path` for each file that git does not know. `unsaved` are texts there that take the place
/// of what is on disk. None if it is in no repository.
pub(crate) async fn diff(
    root: &AbsPath,
    unsaved: &[(AbsPath, Rope)],
) -> io::Result<Option<String>> {
    let Some(git) = Git::new(root).await? else { return Ok(None) };
    let base = git.base().await?;
    let mut text = git.changes(&base, unsaved).await?;
    let mut unknown = git.unknown().await?;
    for (path, shown) in unsaved {
        let name = path.relative_to(root);
        match git.committed(&base, name).await? {
            Some(before) => {
                // As git begins what it says of a file: that is how its readers tell files apart.
                text += &format!("diff --git a/{name} b/{name}\n");
                text += &changes::unified(name, Some(&before), &shown.to_string());
            }
            None => unknown.push(name.to_owned()),
        }
    }
    unknown.sort_unstable();
    unknown.dedup();
    for name in unknown {
        text += &format!("?? {name}\n");
    }
    Ok(Some(text))
}

/// Git in one folder of one repository.
struct Git<'a> {
    root: &'a AbsPath,
    /// Names of filters that the repository has, each of which may name programs.
    filters: Vec<String>,
}

impl<'a> Git<'a> {
    /// None if the folder is in no repository, or in one of another folder.
    async fn new(root: &'a AbsPath) -> io::Result<Option<Self>> {
        let mut git = Self { root, filters: Vec::new() };
        let Ok(top) = git.run(&["rev-parse", "--show-toplevel"]).await? else { return Ok(None) };
        // A repository can name any folder as its own, and its diff would show what is there.
        let top = AbsPath::new(top.trim_end_matches('\n'));
        if !top.is_ok_and(|top| root.starts_with(&top)) {
            return Ok(None);
        }
        let names = ["config", "--name-only", "-z", "--get-regexp", r"^filter\..*\."];
        if let Ok(names) = git.run(&names).await? {
            git.filters = names.split('\0').filter(|name| !name.is_empty()).map(filter).collect();
            git.filters.dedup();
        }
        Ok(Some(git))
    }

    /// What is compared with: the last commit, or nothing where there is none.
    async fn base(&self) -> io::Result<String> {
        if self.run(&["rev-parse", "--verify", "--quiet", "HEAD"]).await?.is_ok() {
            return Ok("HEAD".to_owned());
        }
        let empty = self.run(&["hash-object", "-t", "tree", "--stdin"]).await?;
        empty.map(|id| id.trim().to_owned()).map_err(io::Error::other)
    }

    async fn changes(&self, base: &str, unsaved: &[(AbsPath, Rope)]) -> io::Result<String> {
        let mut arguments: Vec<String> = [
            "diff",
            "--relative",
            "--no-ext-diff",
            "--no-textconv",
            "--no-color",
            "--find-renames",
            // Those of a submodule would be found out by running git in there.
            "--ignore-submodules=dirty",
            "--submodule=short",
            "--src-prefix=a/",
            "--dst-prefix=b/",
            "--unified=3",
            base,
            "--",
            ".",
        ]
        .map(str::to_owned)
        .into();
        for (path, _) in unsaved {
            arguments.push(format!(":(exclude,literal){}", path.relative_to(self.root)));
        }
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        self.run(&arguments).await?.map_err(io::Error::other)
    }

    /// The files that are in no commit and not ignored.
    async fn unknown(&self) -> io::Result<Vec<String>> {
        let names = self.run(&["ls-files", "--others", "--exclude-standard", "-z"]).await?;
        let names = names.map_err(io::Error::other)?;
        Ok(names.split('\0').filter(|name| !name.is_empty()).map(str::to_owned).collect())
    }

    /// The text of a file in the last commit.
    async fn committed(&self, base: &str, name: &str) -> io::Result<Option<String>> {
        let blob = format!("{base}:./{name}");
        let bytes = self.bytes(&["cat-file", "blob", &blob]).await?;
        Ok(bytes.ok().and_then(|bytes| encoding::decode(bytes, None)).map(|(text, _)| text))
    }

    /// What git says, or why it says nothing.
    async fn run(&self, arguments: &[&str]) -> io::Result<Result<String, String>> {
        let bytes = self.bytes(arguments).await?;
        Ok(bytes.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
    }

    async fn bytes(&self, arguments: &[&str]) -> io::Result<Result<Vec<u8>, String>> {
        let mut command = self.command();
        command.args(arguments);
        let limits = Limits { time: MAX_TIME, bytes: MAX_BYTES };
        let Output { out, err, success, is_cut } = running::run(command, &[], limits).await?;
        Ok(if success || is_cut { Ok(out) } else { Err(err) })
    }

    fn command(&self) -> Command {
        let filters = self.filters.iter().flat_map(|name| {
            [("clean", ""), ("process", ""), ("required", "false")]
                .map(|(key, value)| (format!("filter.{name}.{key}"), value.to_owned()))
        });
        let mut command = running::git(self.root.as_std_path(), filters);
        // Where the user's own configuration is, which is to be believed.
        let kept = ["HOME", "XDG_CONFIG_HOME"].into_iter();
        command.envs(kept.filter_map(|name| Some((name, std::env::var_os(name)?))));
        command
    }
}

/// The name in `filter.<name>.clean`; it may have dots of its own.
fn filter(key: &str) -> String {
    let name = key.strip_prefix("filter.").unwrap_or(key);
    name.rsplit_once('.').map_or(name, |(name, _)| name).to_owned()
}

#[cfg(test)]
mod tests;
