//! Claims: a session is written by one process at a time.
//!
//! A claim is a lock on a file of its own. The system gives it back when the process ends,
//! however it ends, so a file that is left over claims nothing.

use std::{
    collections::HashMap,
    fs::{self, File, TryLockError},
    io,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use protocol::{AbsPath, SessionId};

use super::{fault::Fault, private};

/// How long a claim of a process that was killed can outlive it: what it was just starting has
/// its open files for a moment.
const LINGERING: Duration = Duration::from_millis(250);

/// How long to wait before the next look.
const NAP: Duration = Duration::from_millis(10);

/// The claims of this process in one folder.
#[derive(Debug)]
pub(super) struct Claims {
    folder: PathBuf,
    held: HashMap<SessionId, Claim>,
}

#[derive(Debug)]
struct Claim {
    path: PathBuf,
    // Closing it unlocks it.
    _file: File,
}

impl Claims {
    /// No claims yet; their files will be in `<home>/locks`.
    pub(super) fn new(home: &AbsPath) -> Self {
        Self { folder: home.as_std_path().join("locks"), held: HashMap::new() }
    }

    /// Whether this process has claimed the session.
    pub(super) fn has(&self, id: &SessionId) -> bool {
        self.held.contains_key(id)
    }

    /// Claims the session. To claim what is claimed here already changes nothing.
    ///
    /// # Errors
    /// Another process has claimed it, or the file system refuses.
    pub(super) fn take(&mut self, id: &SessionId) -> Result<(), Fault> {
        if self.has(id) {
            return Ok(());
        }
        private::create_folder(&self.folder)?;
        let path = self.folder.join(file_name(id));
        let asked = Instant::now();
        let file = loop {
            let file = private::file_options().create(true).truncate(false).open(&path)?;
            match file.try_lock() {
                Ok(()) => {}
                Err(TryLockError::WouldBlock) if asked.elapsed() < LINGERING => {
                    thread::sleep(NAP);
                    continue;
                }
                Err(TryLockError::WouldBlock) => return Err(Fault::InUse(id.clone())),
                Err(TryLockError::Error(error)) => return Err(error.into()),
            }
            // Whoever had the claim may have removed the file between our opening and locking
            // it. Then our lock keeps nobody out.
            if is_at(&file, &path)? {
                break file;
            }
        };
        self.held.insert(id.clone(), Claim { path, _file: file });
        Ok(())
    }

    /// Gives a claim back, if there is one.
    pub(super) fn release(&mut self, id: &SessionId) {
        self.held.remove(id);
    }
}

impl Drop for Claim {
    /// The file goes while it is still locked: then nobody else can have claimed by it.
    fn drop(&mut self) {
        if cfg!(unix)
            && let Err(error) = fs::remove_file(&self.path)
        {
            tracing::debug!(path = %self.path.display(), %error, "a lock file stays behind");
        }
    }
}

/// A file name for any id: ids come from clients, and some file systems fold letters.
fn file_name(id: &SessionId) -> String {
    let mut name = String::new();
    for byte in id.as_str().bytes() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            other => name.push_str(&format!("%{other:02x}")),
        }
    }
    name + ".lock"
}

/// Whether `path` leads to the open file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let here = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((here.dev(), here.ino()) == (there.dev(), there.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Where files cannot be told apart, they are never removed.
#[cfg(not(unix))]
fn is_at(_: &File, _: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        sync::atomic::{AtomicBool, Ordering},
        thread,
    };

    use super::{Claims, file_name};
    use crate::{sqlite::fault::Fault, tests::words::Folder};

    #[test]
    fn a_claim_is_held_once_however_many_come_and_go() {
        let folder = Folder::new();
        let held = AtomicBool::new(false);
        let come_and_go = || {
            let mut claims = Claims::new(&folder.path);
            let id = "s1".into();
            for _ in 0..500 {
                match claims.take(&id) {
                    Ok(()) => {
                        assert!(!held.swap(true, Ordering::SeqCst), "held twice");
                        thread::yield_now();
                        held.store(false, Ordering::SeqCst);
                        claims.release(&id);
                    }
                    Err(Fault::InUse(_)) => {}
                    Err(fault) => panic!("{fault}"),
                }
            }
        };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(come_and_go);
            }
        });
    }

    #[test]
    fn lock_files_stay_in_their_folder_and_apart() {
        let ids = ["../../x", "/etc/passwd", "..", "", "a", "A", "%41", "a.lock", "ä\n", "c:\\x"];
        let names: BTreeSet<_> = ids.map(|id| file_name(&id.into()).to_lowercase()).into();
        assert_eq!(names.len(), ids.len());
        for name in names {
            let stem = name.strip_suffix(".lock").unwrap();
            assert!(
                stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'%'),
                "{name}"
            );
        }
    }
}
