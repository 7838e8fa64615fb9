//! Ends running commands when this process dies without a chance to do so itself.
//!
//! The watchdog is a shell that reads from a pipe which groups of processes are running. When
//! this process dies, even by `kill -9`, the system closes the pipe, and the watchdog kills
//! those groups. It is started with the first command. (`PR_SET_PDEATHSIG` would reach only the
//! shell and not its children, and needs unsafe code.)

use std::io::{self, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{ChildStdin, Command, Stdio};
use std::sync::{Mutex, PoisonError};

/// Lines are `+ 123` and `- 123`; the groups are kept between spaces. The number of a group is
/// also that of its session: on Linux what has left the group is found by it.
const SCRIPT: &str = r#"
groups=" "
while read -r what group; do
    case $what in
    +) groups="$groups$group " ;;
    -) groups="${groups%%" $group "*} ${groups#*" $group "}" ;;
    esac
done
for group in $groups; do kill -s KILL -- "-$group"; done
for stat in /proc/[0-9]*/stat; do
    read -r line <"$stat" || continue
    set -- ${line##*) }
    case $groups in
    *" $4 "*) pid=${stat#/proc/}; kill -s KILL "${pid%/stat}" ;;
    esac
done
"#;

/// The way to the watchdog. Dropping it has the effect of dying.
pub(super) struct Watchdog {
    lines: Mutex<ChildStdin>,
}

impl Watchdog {
    /// Starts it.
    ///
    /// # Errors
    /// There is no `/bin/sh`, or the system refused to start a process.
    pub(super) fn start() -> io::Result<Self> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", SCRIPT, "coworker-watchdog"])
            .env_clear()
            .current_dir("/")
            // A signal to the group of this process, such as from Ctrl-C, must not end it first.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let lines = child.stdin.take().ok_or(io::ErrorKind::BrokenPipe)?;
        Ok(Self { lines: Mutex::new(lines) })
    }

    /// Has the group killed when this process dies.
    pub(super) fn watch(&self, group: u32) {
        self.tell('+', group);
    }

    /// The group has ended.
    pub(super) fn release(&self, group: u32) {
        self.tell('-', group);
    }

    fn tell(&self, what: char, group: u32) {
        let mut lines = self.lines.lock().unwrap_or_else(PoisonError::into_inner);
        // One write, so that a line is there whole or not at all.
        if let Err(error) = lines.write_all(format!("{what} {group}\n").as_bytes()) {
            tracing::warn!(%error, "the watchdog is gone; commands may outlive a crash");
        }
    }
}
