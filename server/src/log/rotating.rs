//! A file that is set aside when it is full, written by several processes at once.
//!
//! A line is one `write` at the end of the file, so lines are not torn. Who finds the file full
//! takes a lock and renames; whoever still has the old file open writes its next line there,
//! finds it full too, and sees that the name leads to a new one. So nothing is lost, and nobody
//! waits for a process that sleeps with the lock.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::private;

/// How many bytes a file may have before it is set aside.
const MAX_BYTES: u64 = 5 << 20;

/// How many files there are, the one that is written among them.
const FILES: usize = 3;

/// The file, opened with its first line.
pub(super) struct Rotating {
    path: PathBuf,
    max_bytes: u64,
    file: Option<File>,
}

impl Rotating {
    /// The log at `path`. Touches nothing.
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, max_bytes: MAX_BYTES, file: None }
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        let file = match self.file.take() {
            Some(file) if file.metadata()?.len() < self.max_bytes => file,
            full => {
                if full.is_some() || self.is_full() {
                    // If there is no making room, a log that is too long is better than none.
                    let _ = self.set_aside();
                }
                open(&self.path)?
            }
        };
        self.file.insert(file).write_all(line)
    }

    /// Makes room at the name, unless somebody is doing that or has done it.
    fn set_aside(&self) -> io::Result<()> {
        let lock =
            private::file_options().write(true).truncate(false).open(self.numbered("lock"))?;
        if lock.try_lock().is_err() {
            return Ok(());
        }
        if self.is_full() {
            for number in (1..FILES).rev() {
                let from = match number {
                    1 => self.path.clone(),
                    _ => self.numbered(&(number - 1).to_string()),
                };
                match fs::rename(from, self.numbered(&number.to_string())) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
            }
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|found| found.len() >= self.max_bytes)
    }

    /// The name of the log with this at its end.
    fn numbered(&self, end: &str) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(".");
        name.push(end);
        name.into()
    }
}

/// A line that cannot be logged is left out: there is nobody to tell it to.
impl Write for Rotating {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let _ = self.line(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn open(path: &Path) -> io::Result<File> {
    let open = || private::file_options().append(true).open(path);
    match (open(), path.parent()) {
        (Err(error), Some(folder)) if error.kind() == io::ErrorKind::NotFound => {
            private::create_folder(folder)?;
            open()
        }
        (opened, _) => opened,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn log(folder: &Path, max_bytes: u64) -> Rotating {
        Rotating { max_bytes, ..Rotating::new(folder.join("new/it.log")) }
    }

    fn text(log: &Rotating, end: Option<&str>) -> String {
        let path = end.map_or(log.path.clone(), |end| log.numbered(end));
        fs::read_to_string(path).unwrap_or_default()
    }

    #[test]
    fn nothing_is_made_before_the_first_line() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = log(folder.path(), 100);
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
        log.write_all(b"one\n").unwrap();
        assert_eq!(text(&log, None), "one\n");
    }

    #[test]
    fn a_full_file_is_set_aside_and_the_oldest_goes() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = log(folder.path(), 4);
        for line in ["one\n", "two\n", "three\n", "four\n"] {
            log.write_all(line.as_bytes()).unwrap();
        }
        assert_eq!(text(&log, None), "four\n");
        assert_eq!(text(&log, Some("1")), "three\n");
        assert_eq!(text(&log, Some("2")), "two\n");
        assert!(!log.numbered("3").exists());
        // A process that starts goes on behind what is there.
        let mut later = Rotating { max_bytes: 100, ..Rotating::new(log.path.clone()) };
        later.write_all(b"five\n").unwrap();
        assert_eq!(text(&log, None), "four\nfive\n");
    }

    #[test]
    fn lines_of_several_writers_stay_whole_and_none_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        // Together they fill the file once and not twice.
        let line = |writer, number| format!("{writer} {number} {}\n", "x".repeat(100));
        std::thread::scope(|scope| {
            for writer in 0..4 {
                let mut log = log(folder.path(), 50_000);
                scope.spawn(move || {
                    for number in 0..200 {
                        log.write_all(line(writer, number).as_bytes()).unwrap();
                    }
                });
            }
        });
        let log = log(folder.path(), 50_000);
        let all = text(&log, Some("2")) + &text(&log, Some("1")) + &text(&log, None);
        let found: BTreeSet<&str> = all.split_inclusive('\n').collect();
        let written: Vec<String> =
            (0..4).flat_map(|writer| (0..200).map(move |it| line(writer, it))).collect();
        assert_eq!(found, written.iter().map(String::as_str).collect());
        assert!(log.numbered("1").exists());
    }
}
