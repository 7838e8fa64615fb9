//! The log: a file in the state folder, never standard output, which belongs to the protocol.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::PathBuf,
    sync::Mutex,
};

use tracing_subscriber::EnvFilter;

use crate::configuration::Configuration;

/// Logs from here on. What to log is `COWORKER_LOG`, for example `debug` or `engine=trace`.
pub(crate) fn start(configuration: &Configuration) {
    let path = configuration.state_folder.as_std_path().join("coworker.log");
    let log = Mutex::new(Log { path, file: None });
    tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::new(&configuration.log))
        .with_ansi(false)
        .with_writer(log)
        .init();
}

/// A file that comes into being with its first line: most runs have nothing to log.
struct Log {
    path: PathBuf,
    file: Option<File>,
}

impl Write for Log {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let file = match &mut self.file {
            Some(file) => file,
            None => self.file.insert(open(&self.path)?),
        };
        file.write(line)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), File::flush)
    }
}

fn open(path: &PathBuf) -> io::Result<File> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options.open(path)
}
