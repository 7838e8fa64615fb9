//! What is around us: folders that must be writable, programs, limits of the system, editors.

use std::{
    env,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use tokio::{process::Command, task::JoinSet};

use super::Check;
use crate::{configuration::Configuration, private};

/// How long a program may take to say its version.
const PATIENCE: Duration = Duration::from_secs(5);

/// Fewer watches than this do not cover a large project.
#[cfg(target_os = "linux")]
const MIN_WATCHES: u64 = 65_536;

/// An editor that Coworker has been tried with.
struct Editor {
    program: &'static str,
    name: &'static str,
    /// The oldest version our plugin works with, where there is a plugin.
    oldest: Option<(u32, u32)>,
}

const EDITORS: [Editor; 5] = [
    Editor { program: "nvim", name: "Neovim", oldest: Some((0, 11)) },
    Editor { program: "code", name: "VS Code", oldest: None },
    Editor { program: "zed", name: "Zed", oldest: None },
    Editor { program: "emacs", name: "Emacs", oldest: None },
    Editor { program: "hx", name: "Helix", oldest: None },
];

/// Whether sessions can be kept.
pub(super) fn state_folder(configuration: &Configuration) -> Check {
    let folder = configuration.state_folder.as_std_path();
    let tried = private::create_folder(folder).and_then(|()| tempfile::tempfile_in(folder));
    match tried {
        Ok(_) => Check::good("state", format!("{} is writable", folder.display())),
        Err(error) => {
            let way_out = "make it writable, or set COWORKER_HOME to a folder that is";
            Check::bad("state", format!("{}: {error}", folder.display()), way_out)
        }
    }
}

/// Where the log is.
pub(super) fn log(configuration: &Configuration) -> Check {
    let file = configuration.log_file();
    let (name, levels) = ("log", &configuration.keys.log);
    match fs::metadata(&file) {
        Ok(found) if found.is_file() => {
            let size = size(found.len());
            Check::good(name, format!("{} ({size}, logging {levels})", file.display()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let found = format!("{} (nothing logged yet, logging {levels})", file.display());
            Check::good(name, found)
        }
        Ok(_) => Check::odd(name, format!("{} is not a file", file.display()), "set `log_file`"),
        Err(error) => Check::odd(name, format!("{}: {error}", file.display()), "set `log_file`"),
    }
}

/// The programs that tools need.
pub(super) async fn programs() -> Vec<Check> {
    let shell = match find("bash").or_else(|| find("sh")) {
        Some(path) => Check::good("shell", path.display().to_string()),
        None => Check::bad(
            "shell",
            "neither bash nor sh is on the PATH",
            "install bash: commands of the agent cannot run without",
        ),
    };
    let git = match find("git") {
        Some(path) => {
            let version = version(&path).await.unwrap_or_default();
            Check::good("git", format!("{} {version}", path.display()).trim_end().to_owned())
        }
        None => {
            let way_out =
                "install it: the agent cannot look at the history of your project without";
            Check::odd("git", "it is not on the PATH", way_out)
        }
    };
    vec![shell, git]
}

/// Whether the system lets a large project be watched.
pub(super) fn watches() -> Option<Check> {
    #[cfg(target_os = "linux")]
    {
        let text = fs::read_to_string("/proc/sys/fs/inotify/max_user_watches").ok()?;
        let watches: u64 = text.trim().parse().ok()?;
        let found = format!("{watches} files may be watched at once");
        Some(if watches < MIN_WATCHES {
            let way_out = "for large projects: sudo sysctl fs.inotify.max_user_watches=524288";
            Check::odd("watching", found, way_out)
        } else {
            Check::good("watching", found)
        })
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// The editors there are.
pub(super) async fn editors() -> Vec<Check> {
    let mut looks = JoinSet::new();
    for (place, editor) in EDITORS.into_iter().enumerate() {
        let Some(path) = find(editor.program) else { continue };
        looks.spawn(async move {
            let version = version(&path).await;
            (place, judged(&editor, &path, version.as_deref()))
        });
    }
    let mut found = looks.join_all().await;
    found.sort_by_key(|(place, _)| *place);
    let checks: Vec<Check> = found.into_iter().map(|(_, check)| check).collect();
    if checks.is_empty() {
        let programs = EDITORS.map(|editor| editor.program).join(", ");
        let way_out = "any LSP editor can start `coworker lsp`; `coworker run` needs none";
        return vec![Check::odd("editor", format!("none of {programs} is on the PATH"), way_out)];
    }
    checks
}

fn judged(editor: &Editor, path: &Path, version: Option<&str>) -> Check {
    let Editor { name, oldest, .. } = editor;
    let told = version.unwrap_or("of an unknown version");
    let found = format!("{name} {told} ({})", path.display());
    match (oldest, version.and_then(numbers)) {
        (Some(oldest), Some(numbers)) if numbers < *oldest => {
            let way_out = format!("the plugin needs {name} {}.{} or newer", oldest.0, oldest.1);
            Check::odd("editor", found, way_out)
        }
        _ => Check::good("editor", found),
    }
}

/// The first version number in what a program says of itself.
async fn version(program: &Path) -> Option<String> {
    let mut command = Command::new(program);
    command.arg("--version").stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut words = text.split_whitespace().map(|word| word.trim_start_matches('v'));
    words.find(|word| numbers(word).is_some()).map(str::to_owned)
}

/// The first two numbers of a version.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split('.');
    let major = parts.next()?.parse().ok()?;
    let minor: String = parts.next()?.chars().take_while(char::is_ascii_digit).collect();
    Some((major, minor.parse().ok()?))
}

/// Where a program is.
fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    found_in(&path, program)
}

fn found_in(path: &OsStr, program: &str) -> Option<PathBuf> {
    env::split_paths(path).map(|folder| folder.join(program)).find(|file| is_program(file))
}

fn is_program(file: &Path) -> bool {
    let Ok(found) = fs::metadata(file) else { return false };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        found.is_file() && found.permissions().mode() & 0o111 != 0
    }
    #[cfg(not(unix))]
    found.is_file()
}

/// A number of bytes for people.
pub(super) fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..1_048_576 => format!("{} KiB", bytes / 1024),
        _ => format!("{} MiB", bytes / 1_048_576),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::doctor::State;

    #[test]
    fn an_editor_that_is_too_old_is_told_so() {
        let state = |version| judged(&EDITORS[0], Path::new("/bin/nvim"), version).state;
        assert_eq!(state(Some("0.11.4")), State::Good);
        assert_eq!(state(Some("1.0.0")), State::Good);
        assert_eq!(state(Some("0.9.5")), State::Odd);
        assert_eq!(state(None), State::Good);
    }

    #[test]
    fn versions_are_read_as_programs_write_them() {
        assert_eq!(numbers("0.11.4"), Some((0, 11)));
        assert_eq!(numbers("30.1"), Some((30, 1)));
        assert_eq!(numbers("1.100-rc"), Some((1, 100)));
        assert_eq!(numbers("version"), None);
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_on_the_path_says_its_version() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (file, path) = (folder.path().join("nvim"), folder.path().as_os_str());
        fs::write(&file, "#!/bin/sh\necho NVIM v0.11.4\n").unwrap();
        assert_eq!(found_in(path, "nvim"), None);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        let found = found_in(path, "nvim").unwrap();
        assert_eq!(version(&found).await.as_deref(), Some("0.11.4"));
    }
}
