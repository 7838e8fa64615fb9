//! One run of git in a clean environment, which ends in any case.

use std::{io, path::Path, process::Stdio, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::Command,
};

/// What one run may take.
#[derive(Clone, Copy)]
pub(super) struct Limits {
    /// How long it may take.
    pub(super) time: Duration,
    /// The most bytes it may say; when it has said them, it is ended.
    pub(super) bytes: u64,
}

/// What git said.
pub(super) struct Output {
    pub(super) out: Vec<u8>,
    pub(super) err: String,
    pub(super) success: bool,
    /// Whether it had more to say than the limit allows.
    pub(super) is_cut: bool,
}

/// Git in a folder, with these settings above all others. It asks nobody and fetches nothing.
pub(super) fn git(folder: &Path, settings: impl IntoIterator<Item = (String, String)>) -> Command {
    let mut command = Command::new("git");
    command.current_dir(folder).env_clear();
    let kept = ["PATH", "SYSTEMROOT"].into_iter();
    command.envs(kept.filter_map(|name| Some((name, std::env::var_os(name)?))));
    command.envs([
        ("LC_ALL", "C"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_TERMINAL_PROMPT", "0"),
        // What a partial clone has not fetched stays away.
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_ALLOW_PROTOCOL", ""),
    ]);
    let off =
        [("core.fsmonitor", "false"), ("core.hooksPath", "/dev/null"), ("core.quotePath", "false")];
    let off = off.map(|(key, value)| (key.to_owned(), value.to_owned()));
    let mut count = 0;
    for (key, value) in off.into_iter().chain(settings) {
        command.env(format!("GIT_CONFIG_KEY_{count}"), key);
        command.env(format!("GIT_CONFIG_VALUE_{count}"), value);
        count += 1;
    }
    command.env("GIT_CONFIG_COUNT", count.to_string());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.kill_on_drop(true);
    command
}

/// Runs git to its end, or to a limit. Too long is an error of the kind `TimedOut`.
pub(super) async fn run(mut command: Command, input: &[u8], limits: Limits) -> io::Result<Output> {
    let run = async {
        let mut child = command.spawn()?;
        let stdin = child.stdin.take();
        let write = async {
            if let Some(mut stdin) = stdin {
                // Git that ends early says why; that it did not listen is no news.
                let _ = stdin.write_all(input).await;
            }
            Ok(())
        };
        let out = read(child.stdout.take(), limits.bytes);
        let err = read(child.stderr.take(), limits.bytes);
        let ((), out, err) = tokio::try_join!(write, out, err)?;
        // It may be waiting to write more.
        let is_cut = out.len() as u64 == limits.bytes;
        if is_cut {
            child.start_kill()?;
        }
        let success = child.wait().await?.success();
        let err = format!("git: {}", String::from_utf8_lossy(&err).trim());
        Ok(Output { out, err, success, is_cut })
    };
    tokio::time::timeout(limits.time, run).await?
}

async fn read(pipe: Option<impl AsyncRead + Unpin>, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        pipe.take(limit).read_to_end(&mut bytes).await?;
    }
    Ok(bytes)
}
